"""T33-T41: base64 and quoted-printable out of shape."""

import base64
import io
import zipfile

from .build import CRLF, attached, b64, octets, qp
from .registry import VALID, readings
from .payload import NOTE

# Junk of every kind: what decoders strip, and what they stop at.
JUNK = [".", "-", "#", ":", "%", "_", " ", "\t", "\v", "\r", "\f", "\0", "!", "*", "~", "@", "\x7f", "\x80", "\xff",
        "\xc3\xa9", "\n", "\\", "\"",
        "(c)", "<>", "&#43;", "=20", ";", ",", "|"]


def coded(p, text):
    return attached(p, text, "base64")


@readings(33, "junk in base64")
def junk(p):
    text = base64.b64encode(p.content)
    lines = b64(p.content).split(CRLF)[:-1]
    yield "none", coded(p, b64(p.content)), VALID
    yield "lines of 64", coded(p, b64(p.content, 64)), VALID
    yield "one line", coded(p, text + CRLF), VALID
    yield "blank lines after", coded(p, b64(p.content) + CRLF * 3), VALID
    for j in JUNK:
        raw = octets(j)
        yield f"{j!r} after each character", coded(p, CRLF.join(raw.join([bytes([c]) for c in text[i:i + 20]])
                                                                for i in range(0, len(text), 20)))
        yield f"{j!r} after each quad", coded(p, raw.join(text[i:i + 4] for i in range(0, len(text), 4)) + CRLF)
        yield f"{j!r} at each line's end", coded(p, b"".join(line + raw + CRLF for line in lines))
        yield f"{j!r} at each line's start", coded(p, b"".join(raw + line + CRLF for line in lines))
        yield f"a line of {j!r} first", coded(p, raw + CRLF + b64(p.content))
        yield f"a line of {j!r} inside", coded(p, text[:20] + CRLF + raw * 4 + CRLF + text[20:] + CRLF)
        yield f"{j!r} once inside", coded(p, text[:30] + raw + text[30:] + CRLF)


@readings(34, "padding in base64")
def padding(p):
    c = p.content
    text = base64.b64encode(c)

    def chunked(size, joint=b""):
        return joint.join(base64.b64encode(c[i:i + size]) for i in range(0, len(c), size))

    for size in 1, 2, 4, 5, 10, 25, 40:
        yield f"restarted each {size} octets", coded(p, chunked(size) + CRLF)
        yield f"restarted each {size} octets, lines", coded(p, chunked(size, CRLF) + CRLF)
        yield f"restarted each {size} octets, blank lines", coded(p, chunked(size, CRLF + CRLF) + CRLF)
    for pad in "=", "==", "===", "====", "==\r\n", "====\r\n", "=\r\n\r\n":
        yield f"{pad!r} first", coded(p, octets(pad) + b64(c))
        for at in 4, 8, 20, 21, 22, 23:
            yield f"{pad!r} at {at}", coded(p, text[:at] + octets(pad) + text[at:] + CRLF)
    for pad in "=", "==":
        yield f"{pad!r} after each quad", coded(p, octets(pad).join(text[i:i + 4] for i in range(0, len(text), 4))
                                                + CRLF)
        yield f"{pad!r} after each line", coded(p, (octets(pad) + CRLF).join(text[i:i + 76] for i in range(0, len(text),
            76)) + CRLF)
    yield "A=BC", coded(p, b"".join(text[i:i + 1] + b"=" + text[i + 1:i + 3] for i in range(0, len(text), 3)) + CRLF)
    for size in range(len(c) - 2, len(c) + 1):
        padded = c if size == len(c) else c + b"\0" * (len(c) - size)
        whole = base64.b64encode(padded)
        yield f"no padding, {(len(c) - size)} more octets", coded(p, whole.rstrip(b"=") + CRLF)
        yield f"one pad, {(len(c) - size)} more octets", coded(p, whole.rstrip(b"=") + b"=" + CRLF)
        yield f"three pads, {(len(c) - size)} more octets", coded(p, whole.rstrip(b"=") + b"===" + CRLF)
        yield f"junk after, {(len(c) - size)} more octets", coded(p, whole.rstrip(b"=") + b"=="
            + b"\r\nhello world\r\n")
    yield "= for A", coded(p, text.rstrip(b"=").replace(b"A", b"=") + CRLF)
    yield "= for the first A", coded(p, text.rstrip(b"=").replace(b"A", b"=", 1) + CRLF)
    yield "padding then another file's", coded(p, base64.b64encode(NOTE[:10]) + text + CRLF)
    yield "padding in its own line", coded(p, text.rstrip(b"=") + CRLF + b"==" + CRLF)
    yield "bits set under the padding", coded(p, base64.b64encode(c + b"\xff")[:-2] + b"==" + CRLF)


def zipped(name, content):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(zipfile.ZipInfo(name, (2025, 1, 1, 0, 0, 0)), content)
    return out.getvalue()


@readings(35, "a harmless file, then the payload after the padding")
def after_padding(p):
    # One octet more or less, so that the first always ends in padding.
    harmless = {"a zip": zipped("note.txt", NOTE), "a text": NOTE, "one octet": b"x"}
    files = {"the file": p.content, "the file in a zip": zipped(p.name, p.content)}
    for first_name, first in harmless.items():
        first += b"\0" * ((1 - len(first)) % 3)
        for second_name, second in files.items():
            for name, between in {"at once": b"", "next line": CRLF, "blank line": CRLF + CRLF,
                                  "junk": b"\r\n----\r\n"}.items():
                one, two = base64.b64encode(first), base64.b64encode(second)
                yield f"{first_name}, {name}, {second_name}", coded(p, one + between + two + CRLF)
                yield f"{second_name}, {name}, {first_name}", coded(p,
                    base64.b64encode(second + b"\0" * ((1 - len(second)) % 3)) + between + one + CRLF)


@readings(36, "base64 in odd lines")
def line_lengths(p):
    text = base64.b64encode(p.content)

    def lines(size, end=CRLF):
        return end.join(text[i:i + size] for i in range(0, len(text), size)) + end

    yield "lines of 4", coded(p, lines(4)), VALID
    yield "lines of 72", coded(p, lines(72)), VALID
    for size in 1, 2, 3, 5, 6, 7, 61, 75, 77, 100, 998, 1000:
        yield f"lines of {size}", coded(p, lines(size))
        yield f"lines of {size}, blank ones between", coded(p, lines(size, CRLF + CRLF))
        yield f"lines of {size}, CR", coded(p, lines(size, b"\r"))
        yield f"lines of {size}, LF", coded(p, lines(size, b"\n"))
    for extra in b"X", b"XX", b"XXX", b"X===", b"XX==", b"XXX=", b"XX=", b"-", b"=X":
        for size in 4, 60, 76:
            yield f"{extra.decode()} after {size} characters", coded(p, lines(size, extra + CRLF))
    yield "characters split by blank lines", coded(p, lines(1, CRLF * 3))
    yield "growing lines", coded(p, CRLF.join(text[n * (n + 1) // 2:(n + 1) * (n + 2) // 2] for n in range(60)) + CRLF)


@readings(37, "a few characters before the base64")
def offsets(p):
    for extra in ["X", "XX", "XXX", "XXXX", "AAAAA", "a b", "--", "=", "X=", "XX=", "XX==", "begin-base64 644 a.exe",
                  "begin-base64", "begin 644 a.exe",
                  "data:;base64,", "base64:", "Content-Type: x", "http://x", "-----BEGIN CERTIFICATE-----",
                  "this is base64"]:
        for name, between in {"blank line": CRLF + CRLF, "line end": CRLF, "nothing": b""}.items():
            yield f"{extra!r}, {name}", coded(p, octets(extra) + between + b64(p.content))
    yield "begin-base64 in full", coded(p, b"begin-base64 644 " + p.name.encode() + CRLF + b64(p.content) + b"====\r\n")
    yield "armour", coded(p, b"-----BEGIN PGP MESSAGE-----\r\n\r\n" + b64(p.content) + b"-----END PGP MESSAGE-----\r\n")


@readings(38, "base64 cut short, or of another alphabet")
def alphabets(p):
    c = p.content + b"\xff\xfe\xfb\xef\xbe" * 2
    text = base64.b64encode(c)
    for cut in range(1, 6):
        yield f"{cut} characters cut off", coded(p, text[:-cut] + CRLF)
        yield f"{cut} characters cut off, padded", coded(p, text[:-cut].rstrip(b"=") + b"=" * (-cut % 4) + CRLF)
    for name, table in {"URL-safe": b"-_", "IMAP": b"+,", "dot and dash": b".-", "bang": b"!-", "XML": b"._",
                        "minus slash": b"-/",
                        "plus underscore": b"+_", "tilde": b"~-"}.items():
        late = b"\xfb\xff\xbf" * 4
        for where, content in {"after": p.content + b"\0" * (-len(p.content) % 3) + late, "before": late
                               + p.content}.items():
            yield f"{name} alphabet, {where}", coded(p, b64(content).translate(bytes.maketrans(b"+/", table)))
    yield "lower case", coded(p, b64(p.content).lower())
    yield "percent-encoded", coded(p, b64(p.content).replace(b"+", b"%2B").replace(b"/", b"%2F").replace(b"=", b"%3D"))
    yield "entities", coded(p, b64(p.content).replace(b"+", b"&#43;").replace(b"/", b"&#47;"))


@readings(39, "mangled escapes in quoted-printable")
def escapes(p):
    def printable(text):
        return attached(p, text, "quoted-printable")

    yield "upper case", printable(qp(p.content)), VALID
    yield "lower case", printable(qp(p.content, "=%02x"))
    yield "mixed case", printable(b"=\r\n".join(b"".join((b"=%02X" if i % 2 else b"=%02x") % c for c in [b])
                                                for i, b in enumerate(p.content)) + CRLF)
    text = qp(p.content)
    for junk in ["=X", "=0", "==41", "= =41", "=XX", "=XX=41", "=", "==", "===", "=4", "=4G", "=G4", "=\x80", "=\t",
                 "=  ", "=-1", "=+1", "=0x41", "= 41",
                 "=&", "=\0", "=4=", "=4\t1", "=u0041"]:
        for where, made in {"first": octets(junk) + text, "last": text + octets(junk) + CRLF,
                            "inside": text[:30] + octets(junk) + text[30:], "on a line before": octets(junk) + CRLF
                            + text,
                            "at each soft break": text.replace(b"=\r\n", octets(junk) + b"=\r\n")}.items():
            yield f"{junk!r} {where}", printable(made)
    yield "after a doubled =", printable(qp(p.content, "==%02X"))
    yield "blank between", printable(qp(p.content, "= %02X"))
    yield "one digit each", printable(qp(p.content, "=%X"))
    yield "three digits", printable(qp(p.content, "=%03X"))
    yield "raw where it can be", printable(p.content + CRLF)


@readings(40, "soft breaks")
def soft_breaks(p):
    for end in ["=\r\n", "= \r\n", "=\t\r\n", "=  \t \r\n", "=\r", "=\n", "=\r\r\n", "=\r\n\r\n", "=\n\r", "=\r\n ",
                "=\v\r\n", "=\0\r\n", "= \n", "=\r\r\n\n",
                "=\x0c\r\n", "=\xa0\r\n", "=\r \n", "=20=\r\n", "=0D=0A=\r\n", "==\r\n", "=x\r\n"]:
        made = qp(p.content).replace(b"=\r\n", octets(end))
        yield f"{end!r}", attached(p, made, "quoted-printable"), VALID if end in ("=\r\n", "= \r\n") else "odd"
        for name, at in {"after =": 1, "in the digits": 2, "between octets": 3}.items():
            broken = b"".join(b"=%02X" % c for c in p.content)
            pieces = [broken[i:i + 30] for i in range(0, len(broken), 30)]
            joined = b"".join(piece[:at] + octets(end) + piece[at:] for piece in pieces)
            yield f"{end!r} {name}", attached(p, joined + CRLF, "quoted-printable")
    yield "break inside of =4, 1", attached(p, qp(p.content).replace(b"=4", b"=4=\r\n"), "quoted-printable")
    yield "break at the end of all", attached(p, qp(p.content).rstrip(CRLF) + b"=", "quoted-printable")


@readings(41, "raw octets and long lines in quoted-printable")
def raw_octets(p):
    for name, junk in {"8-bit": b"\x80\xe9\xff", "control": b"\x01\x07\x1b", "DEL": b"\x7f", "NUL": b"\0",
                       "UTF-8": "é€".encode(), "VT": b"\v", "bare CR": b"\r",
                       "bare LF": b"\n", "tab": b"\t", "blanks": b"   "}.items():
        text = qp(p.content)
        for where, made in {"before": junk + text, "after": text + junk + CRLF, "line before": junk + CRLF + text,
                            "before each break": text.replace(
                b"=\r\n", junk + b"=\r\n"), "line after": text + junk + CRLF}.items():
            yield f"{name} {where}", attached(p, made, "quoted-printable")
    plain = b"".join(b"=%02X" % c for c in p.content)
    for size in 76, 77, 78, 100, 300, 998, 999, 2000, 5000:
        filler = b"=20" * (size // 3)
        yield f"line of over {size}", attached(p, plain + filler + CRLF, "quoted-printable")
        yield f"line of over {size}, blanks first", attached(p, filler + b"=\r\n" + plain + CRLF, "quoted-printable")
    yield "blanks at the line's end", attached(p, qp(p.content).replace(b"=\r\n", b"=\r\n").rstrip() + b" " * 40 + CRLF,
                                               "quoted-printable")
    yield "8-bit file as it is", attached(p, p.content + CRLF, "quoted-printable")
