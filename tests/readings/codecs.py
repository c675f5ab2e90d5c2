"""T42-T47: encodings besides base64 and quoted-printable, and charsets."""

import base64
import gzip
import zlib

from .build import CRLF, WORDS, attached, b64, entity, leaf, multipart, octets, parts, uu
from .payload import HARMLESS, VIRUS
from .registry import VALID, readings

TEXT = "Content-Type: text/plain"


@readings(42, "uuencode")
def uuencode(p):
    text = uu(p.content, p.name)
    for encoding in "uuencode", "x-uuencode", "x-uue", "x-uu", "uue", "uu", "UUENCODE", "X-UUencode", "x-unix-uuencode":
        yield f"{encoding}", attached(p, text, encoding)
        yield f"{encoding} without begin and end", attached(p, uu(p.content, p.name, begin=False, end=False), encoding)
        yield f"{encoding} without begin", attached(p, uu(p.content, p.name, begin=False), encoding)
        yield f"{encoding} without end", attached(p, uu(p.content, p.name, end=False), encoding)
        yield f"{encoding} after text", attached(p, b"Here it is:\r\n\r\n" + text, encoding)
    yield "in plain text", entity([TEXT], b"Here it is:\r\n\r\n" + text + b"\r\nBye\r\n"), VALID
    yield "in plain text without any header", entity(["X-Other: 1"], b"Here it is:\r\n\r\n" + text)
    yield "two files", entity([TEXT], uu(b"first\n", b"first.txt") + b"\r\nand\r\n" + text)
    yield "a file in a file", entity([TEXT], uu(text, "inner.txt"))
    yield "text without end", entity([TEXT], b"Look:\r\n" + uu(p.content, p.name, end=False))
    yield "text without begin", entity([TEXT], b"Look:\r\n" + uu(p.content, p.name, begin=False))
    yield "in HTML", entity(["Content-Type: text/html"], b"<pre>\r\n" + text + b"</pre>\r\n")
    yield "in octets", entity(["Content-Type: application/octet-stream"], text)
    yield "text in base64", entity([TEXT, "Content-Transfer-Encoding: base64"], b64(b"Look:\r\n" + text))
    yield "text in quoted-printable", entity([TEXT, "Content-Transfer-Encoding: quoted-printable"],
                                             text.replace(b"=", b"=3D"))
    yield "in the preamble", multipart("A", WORDS, preamble=text)
    yield "after the final delimiter", multipart("A", WORDS, epilogue=text)
    yield "blanks for backquotes", entity([TEXT], text.replace(b"`", b" "))
    yield "LF", entity([TEXT], text.replace(CRLF, b"\n"))
    for begin in ["begin 644 {}", "begin 0644 {}", "begin 100644 {}", "begin 6 {}", "begin  644  {}", "begin 644\t{}",
                  "begin 644 \"{}\"", "Begin 644 {}", "BEGIN 644 {}",
                  " begin 644 {}", "begin 888 {}", "begin 644 C:\\{}", "begin 644 ../{}", "begin 644 x {}", "begin {}",
                  "begin 644", "begin-base64 644 {}", "> begin 644 {}",
                  "begin 644 {} ", "begin 64 {}", "begin 7777777 {}"]:
        line = begin.format(p.name)
        made = text.replace(b"begin 644 " + p.name.encode(), octets(line))
        if "base64" in begin:
            made = octets(line) + CRLF + b64(p.content) + b"====" + CRLF
        yield f"{begin!r}", entity([TEXT], b"Look:\r\n\r\n" + made)
        yield f"{begin!r} as x-uuencode", attached(p, made, "x-uuencode")
    for name, made in {"trailing character on each line": text.replace(CRLF, b"x\r\n"),
                       "trailing blanks": text.replace(CRLF, b"  \r\n"),
                       "blank lines": text.replace(CRLF, CRLF + CRLF),
                       "quoted": b"".join(b"> " + line + CRLF for line in text.split(CRLF)[:-1]),
                       "END": text.replace(b"end\r\n", b"END\r\n"), "end with blanks": text.replace(b"end\r\n",
        b"end  \r\n"),
                       "no zero line": text.replace(b"`\r\nend", b"end"), "short lines": _short(p),
                       "lower half": _lower(text)}.items():
        yield name, entity([TEXT], b"Look:\r\n\r\n" + made)


def _short(p):
    import binascii
    return b"begin 644 " + p.name.encode() + CRLF + b"".join(binascii.b2a_uu(p.content[i:i + 3]).rstrip(b"\n") + CRLF
                                                             for i in range(0, len(p.content), 3)) + b"`\r\nend\r\n"


def _lower(text):
    """Characters of 64 and more, which decoders take modulo 64."""
    first, rest = text.split(CRLF, 1)
    return first + CRLF + b"".join(bytes([line[0]]) + bytes(c + 64 if 0x20 <= c < 0x40 else c for c in line[1:]) + CRLF
                                   if line != b"end" and line
                                   else line + CRLF for line in rest.split(CRLF)[:-1])


def yenc(content, name, width=128, **more):
    out = b""
    line = b""
    for c in content:
        e = (c + 42) & 255
        line += b"=" + bytes([(e + 64) & 255]) if e in (0, 9, 10, 13, 61) or (not line and e == 46) else bytes([e])
        if len(line) >= width:
            out, line = out + line + CRLF, b""
    part = more.get("part", b"")
    head = b"=ybegin" + (b" part=1" if part else b"") + b" line=%d size=%d name=%s\r\n" % (width, len(content),
        octets(name))
    return head + (b"=ypart begin=1 end=%d\r\n" % len(content) if part else b"") + out + (line + CRLF if line
        else b"") + \
        b"=yend size=%d crc32=%08x\r\n" % (len(content), zlib.crc32(content))


@readings(43, "yEnc")
def y_encoding(p):
    text = yenc(p.content, p.name)
    for kind in "text/plain", "application/octet-stream", "text/x-yenc", "application/x-yencoded":
        for encoding in "8bit", "binary", "7bit", "x-yenc", "yenc", "x-yencode":
            yield f"{kind}, {encoding}", entity([f"Content-Type: {kind}", f"Content-Transfer-Encoding: {encoding}",
                                                 f"Content-Disposition: {p.cd}"], text)
    yield "in a text", entity([TEXT, "Content-Transfer-Encoding: 8bit"], b"Look:\r\n\r\n" + text + b"\r\nBye\r\n")
    yield "in a text without any header", entity(["X-Other: 1"], b"Look:\r\n\r\n" + text)
    yield "as one part", entity([TEXT, "Content-Transfer-Encoding: 8bit"], yenc(p.content, p.name, part=b"1"))
    yield "without its end", entity([TEXT], text[:text.rindex(b"=yend")])
    yield "without a name", entity([TEXT], text.replace(b" name=" + p.name.encode(), b""))
    yield "wrong size and checksum", entity([TEXT], text.replace(b"crc32=", b"crc32=f").replace(b"size=", b"size=1"))
    yield "LF", entity([TEXT], text.replace(CRLF, b"\n"))
    yield "short lines", entity([TEXT], yenc(p.content, p.name, 20))
    yield "text in base64", entity([TEXT, "Content-Transfer-Encoding: base64"], b64(text))
    yield "=YBEGIN", entity([TEXT], text.replace(b"=ybegin", b"=YBEGIN"))
    yield "two files", entity([TEXT], yenc(b"first\n", "first.txt") + text)


def crc16(data):
    crc = 0
    for byte in data + b"\0\0":
        for bit in range(7, -1, -1):
            high = crc & 0x8000
            crc = (crc << 1 | (byte >> bit & 1)) & 0xFFFF
            if high:
                crc ^= 0x1021
    return crc.to_bytes(2, "big")


def binhex(content, name, width=64, intro=b"(This file must be converted with BinHex 4.0)"):
    table = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr"
    head = bytes([len(name)]) + name.encode() + b"\0" + b"????????" + b"\0\0" + len(content).to_bytes(4,
        "big") + b"\0" * 4
    data = head + crc16(head) + content + crc16(content) + b"\0\0"
    data = data.replace(b"\x90", b"\x90\0")
    data += b"\0" * (-len(data) % 3)
    bits = "".join(f"{c:08b}" for c in data)
    text = b":" + bytes(table[int(bits[i:i + 6], 2)] for i in range(0, len(bits), 6)) + b":"
    lines = [text[i:i + width] for i in range(0, len(text), width)]
    return (intro + CRLF + CRLF if intro else b"") + CRLF.join(lines) + CRLF


@readings(44, "BinHex")
def bin_hex(p):
    text = binhex(p.content, p.name)
    for kind in ("application/mac-binhex40", "application/mac-binhex", "application/x-macbinhex40",
                 "application/binhex", "text/plain", "application/octet-stream"):
        yield f"{kind}", entity([f'Content-Type: {kind}; name="{p.name}"', f"Content-Disposition: {p.cd}"], text)
        yield f"{kind}, no introduction", entity([f'Content-Type: {kind}; name="{p.name}"'],
                                                 binhex(p.content, p.name, intro=None))
        yield f"{kind}, 7bit", entity([f'Content-Type: {kind}; name="{p.name}.hqx"', "Content-Transfer-Encoding: 7bit"],
                                      text)
    for encoding in "binhex", "x-binhex", "binhex40", "x-binhex40", "mac-binhex40":
        yield f"encoding {encoding}", attached(p, text, encoding)
    yield "in a text", entity([TEXT], b"Look:\r\n\r\n" + text + b"\r\nBye\r\n")
    yield "in a text without any header", entity(["X-Other: 1"], b"Look:\r\n" + text)
    yield "after another introduction", entity([TEXT], binhex(p.content, p.name,
                                                              intro=b"(This file may be decompressed with BinHex 4.0)"))
    yield "in base64", entity(["Content-Type: application/mac-binhex40", "Content-Transfer-Encoding: base64"],
                              b64(text))
    yield "long lines", entity(["Content-Type: application/mac-binhex40"], binhex(p.content, p.name, 5000))
    yield "short lines", entity(["Content-Type: application/mac-binhex40"], binhex(p.content, p.name, 10))
    yield "a .hqx file", entity(["Content-Type: application/octet-stream; name=a.hqx",
                                 "Content-Transfer-Encoding: base64",
                                 "Content-Disposition: attachment; filename=a.hqx"], b64(text))


@readings(45, "compressed encodings")
def compressed(p):
    raw = gzip.compress(p.content, mtime=0)
    for encoding in ("gzip64", "x-gzip64", "gzip", "x-gzip", "base64, gzip", "gzip, base64", "x-gzip-base64", "deflate",
                     "bzip2", "x-zip64", "GZIP64", "x-bzip2-64"):
        yield f"{encoding}, gzip in base64", attached(p, b64(raw), encoding)
        yield f"{encoding}, gzip as it is", attached(p, raw, encoding)
    for name, packed in {"zlib": zlib.compress(p.content), "deflate": zlib.compress(p.content)[2:-4]}.items():
        yield f"x-gzip64, {name}", attached(p, b64(packed), "x-gzip64")
    yield "base64 and Content-Encoding: gzip", entity([f"Content-Type: {p.ct}", f"Content-Disposition: {p.cd}",
                                                       "Content-Transfer-Encoding: base64",
                                                      "Content-Encoding: gzip"], b64(raw))
    yield "base64 and conversions=gzip", entity([f"Content-Type: {p.ct}; conversions=x-gzip",
                                                 "Content-Transfer-Encoding: base64"], b64(raw))


@readings(46, "unknown encodings")
def unknown(p):
    forms = {"base64": b64(p.content), "hexadecimal": p.content.hex().encode() + CRLF,
             "base32": base64.b32encode(p.content) + CRLF,
             "base85": base64.a85encode(p.content, adobe=True, wrapcol=70).replace(b"\n", CRLF) + CRLF,
             "base16 lines": b" ".join(
                 b"%02x" % c for c in p.content) + CRLF, "as it is": p.content + CRLF,
             "percent": b"".join(b"%%%02X" % c for c in p.content) + CRLF}
    for encoding in ("xxx", "base128", "base32", "base85", "hex", "x-foo", "8bits", "7-bit", "none", "unknown", "ascii",
                     "utf-8", "identity", "rot13", "-", "0", "8 bit", "eightbit"):
        for name, body in forms.items():
            yield f"{encoding}, {name}", attached(p, body, encoding)


# What a browser makes of the bytes is the text that counts here.
HTML = b'<html><body><a download="%s" href="data:application/octet-stream;base64,%s">file</a></body></html>\r\n'


@readings(47, "charsets that hide a text", banned=(VIRUS,), harmless=HARMLESS[:1])
def charsets(p):
    html = HTML % (p.name.encode(),
                   base64.b64encode(p.content)) if p.banned else b"<html><body><p>The text.</p></body></html>\r\n"
    plain = p.content if p.banned else b"The text."
    text = html.decode()
    words = {"HTML": (text, "text/html"), "plain": (plain.decode(), "text/plain")}

    def made(kind, charset, body, *more):
        return entity([f"Content-Type: {kind}; charset={charset}", "Content-Transfer-Encoding: base64", *more],
                      b64(body))

    for name, (t, kind) in words.items():
        for charset in "utf-7", "utf-16", "utf-16le", "utf-16be", "utf-32", "utf-32le", "utf-32be":
            coded = t.encode(charset)
            valid = VALID if charset in ("utf-16", "utf-16le", "utf-16be") else "odd"
            yield f"{name} in {charset}", made(kind, charset, coded), valid
            yield f"{name} in {charset}, called us-ascii", made(kind, "us-ascii", coded)
            yield f"{name} in {charset}, called utf-8", made(kind, "utf-8", coded)
            yield f"{name} in {charset}, no charset", entity([f"Content-Type: {kind}",
                                                              "Content-Transfer-Encoding: base64"], b64(coded))
            yield f"{name} in {charset}, unknown charset", made(kind, "x-unknown", coded)
            yield f"{name} in ASCII, called {charset}", made(kind, charset, t.encode())
        yield f"{name}, all in UTF-7", made(kind, "utf-7", b"+" + base64.b64encode(t.encode("utf-16-be")).rstrip(b"=")
                                            + b"-")
        for mark_name, mark in {"UTF-8": b"\xef\xbb\xbf", "UTF-16LE": b"\xff\xfe", "UTF-16BE": b"\xfe\xff",
                                "UTF-32LE": b"\xff\xfe\0\0"}.items():
            yield f"{name}, {mark_name}'s mark before ASCII", made(kind, "us-ascii", mark + t.encode())
            yield f"{name}, {mark_name}'s mark, UTF-16LE after, called utf-8", made(kind, "utf-8",
                mark + t.encode("utf-16-le"))
            yield f"{name}, {mark_name}'s mark, UTF-16BE after, called utf-8", made(kind, "utf-8",
                mark + t.encode("utf-16-be"))
        yield f"{name}, ISO-2022-JP escapes", made(kind, "iso-2022-jp", "".join(c + "\x1b(J\x1b(B" for c in t).encode())
        yield f"{name}, ISO-2022-JP's Roman", made(kind, "iso-2022-jp", b"\x1b(J" + t.encode() + b"\x1b(B")
        yield f"{name}, ISO-2022-KR escapes", made(kind, "iso-2022-kr",
                                                   b"\x1b$)C" + "".join(c + "\x0e\x0f" for c in t).encode())
        yield f"{name}, HZ escapes", made(kind, "hz-gb-2312", "".join(c + "~{~}" for c in t.replace("~", "~~")).encode(
            ))
        yield f"{name}, HZ line breaks", made(kind, "hz-gb-2312", "~\n".join(t.replace("~", "~~")).encode())
        yield f"{name}, overlong UTF-8 of two", made(kind, "utf-8",
                                                     b"".join(bytes([0xC0 | ord(c) >> 6, 0x80 | ord(c) & 63])
                                                              for c in t))
        yield f"{name}, overlong UTF-8 of three", made(kind, "utf-8",
                                                       b"".join(bytes([0xE0, 0x80 | ord(c) >> 6, 0x80 | ord(c) & 63])
                                                                for c in t))
        yield f"{name}, EBCDIC", made(kind, "ibm037", t.encode("cp037"))
        yield f"{name}, quoted-printable of UTF-16", entity([f"Content-Type: {kind}; charset=utf-16le",
                                                             "Content-Transfer-Encoding: quoted-printable"],
                                                            b"=\r\n".join(b"".join(b"=%02X" % c
            for c in t.encode("utf-16-le")[i:i + 24])
                                                                          for i in range(0, 2 * len(t), 24)) + CRLF)
        yield f"{name}, UTF-16 as it is", entity([f"Content-Type: {kind}; charset=utf-16le",
                                                  "Content-Transfer-Encoding: binary"], t.encode("utf-16-le"))
    for charset in "utf-7", "utf-16le", "iso-2022-jp", "hz-gb-2312":
        meta = f'<meta charset="{charset}">'
        yield f"meta says {charset}, header utf-8", made("text/html", "utf-8", (meta + text).encode(charset))
        yield f"meta in ASCII says {charset}, header utf-8", made("text/html", "utf-8", meta.encode()
            + text.encode(charset))
        yield f"meta in ASCII says {charset}, no charset", entity(["Content-Type: text/html",
            "Content-Transfer-Encoding: base64"],
                                                                  b64(meta.encode() + text.encode(charset)))
    yield "file beside", entity(["Content-Type: multipart/mixed; boundary=A; charset=utf-16"],
                                parts("A", WORDS, leaf(p)))
