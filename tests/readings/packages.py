"""T60-T66: parts that hold other content, or are not what they say."""

import base64
import functools
import os
import subprocess
import tempfile
import zlib

from .archives import DEFLATE, STORED, Member, deflated, gz, plain_zip, tar_of, zip_of
from .build import ENVELOPE, VERSION, WORDS, b64, entity, leaf, multipart, parts
from .payload import DISGUISED, NAMED, PNG, PROGRAM, TEXT, VIRUS
from .registry import BLOCK, VALID, readings


def attachment(name, content, kind="application/octet-stream"):
    return entity([f'Content-Type: {kind}; name="{name}"', "Content-Transfer-Encoding: base64",
                   f'Content-Disposition: attachment; filename="{name}"'],
                  b64(content))


@readings(60, "messages in pieces", places=("top", "part", "forwarded"))
def partial(p):
    inner = ENVELOPE + VERSION + multipart("inner", WORDS, leaf(p))
    for total in 1, 2, 3:
        size = len(inner) // total + 1
        for n in range(total):
            piece = inner[n * size:(n + 1) * size]
            yield f"{n + 1} of {total}", entity(
                [f'Content-Type: message/partial; id="x@example.org"; number={n + 1}; total={total}'], piece), BLOCK
    piece = inner[:len(inner) // 2]
    for line in ['message/partial; number=1; total=2', 'message/partial', 'MESSAGE/PARTIAL; id=x; number=1',
                 'message/partial; id*=us-ascii\'\'x; number*=\'\'1',
                 'message/partial; id="x"; number="1"; total="2"', 'message/partial; id=x; number=2']:
        yield line, entity([f"Content-Type: {line}"], piece), BLOCK
    yield "in base64", entity(["Content-Type: message/partial; id=x; number=1; total=2",
                               "Content-Transfer-Encoding: base64"], b64(piece)), BLOCK
    yield "beside another type", entity(["Content-Type: text/plain",
                                         "Content-Type: message/partial; id=x; number=1; total=2"], piece), BLOCK


@readings(61, "content that lies elsewhere", banned=(PROGRAM,), harmless=(TEXT,))
def external(p):
    for access in ["URL; URL=\"http://example.org/{}\"", "ANON-FTP; site=ftp.example.org; name=\"{}\"",
                   "FTP; site=ftp.example.org; name=\"{}\"", "TFTP; site=x; name=\"{}\"",
                   "LOCAL-FILE; name=\"/tmp/{}\"", "AFS; name=\"/afs/x/{}\"", "mail-server; server=\"x@example.org\"",
                   "content-id", "x-unknown; name=\"{}\"",
                   "url; url=\"file:///c:/{}\"", "URL; URL*0=\"http://example.org/\"; URL*1=\"{}\""]:
        line = f"Content-Type: message/external-body; access-type={access.format(p.name)}"
        yield access, entity([line], f"Content-Type: {p.ct}\r\nContent-ID: <x@example.org>\r\n\r\nphantom\r\n"), BLOCK
    yield "no access type", entity(["Content-Type: message/external-body"], f"Content-Type: {p.ct}\r\n\r\n"), BLOCK
    yield "in another case", entity(
        ["Content-Type: Message/External-Body; ACCESS-TYPE=URL; URL=\"http://example.org/x\""],
        f"Content-Type: {p.ct}\r\n\r\n"), BLOCK
    yield "holds the file itself", entity(["Content-Type: message/external-body; access-type=x"], leaf(p)), BLOCK


def tnef_attribute(level, tag, kind, data):
    return bytes([level]) + (kind << 16 | tag).to_bytes(4, "little") + len(data).to_bytes(4,
        "little") + data + (sum(data) & 0xFFFF).to_bytes(2, "little")


def tnef(*files, key=1, body=None, long_names=True):
    """files: (name, content)."""
    out = (0x223E9F78).to_bytes(4, "little") + key.to_bytes(2, "little")
    out += tnef_attribute(1, 0x9006, 8, (0x10000).to_bytes(4, "little")) + tnef_attribute(1, 0x9007, 6,
        (1252).to_bytes(8, "little"))
    out += tnef_attribute(1, 0x8008, 7, b"IPM.Microsoft Mail.Note\0")
    if body:
        out += tnef_attribute(1, 0x800C, 2, body)
    for name, content in files:
        out += tnef_attribute(2, 0x9002, 6, b"\x01\0\xff\xff\xff\xff" + b"\0" * 8)
        out += tnef_attribute(2, 0x8010, 1, name.encode() + b"\0")
        out += tnef_attribute(2, 0x800F, 6, content)
        if long_names:
            text = name.encode("utf-16-le") + b"\0\0"
            mapi = (1).to_bytes(4, "little") + (0x3707001F).to_bytes(4, "little") + (1).to_bytes(4,
                "little") + len(text).to_bytes(4, "little") + text + b"\0" * (-len(text) % 4)
            out += tnef_attribute(2, 0x9005, 6, mapi)
    return out


@readings(62, "TNEF", banned=(VIRUS, PROGRAM, DISGUISED, NAMED))
def winmail(p):
    made = tnef((p.name, p.content))
    for name, kind in {"winmail.dat": "application/ms-tnef", "WINMAIL.DAT": "application/vnd.ms-tnef",
                       "x.dat": "application/octet-stream", "win.dat": "text/plain",
                       "picture.png": "image/png", "ATT0001.dat": "application/x-tnef"}.items():
        yield f"{name} as {kind}", attachment(name, made, kind), VALID if "tnef" in kind else "odd"
    yield "no name, no type", entity(["Content-Transfer-Encoding: base64"], b64(made))
    for name, data in {"two files": tnef(("first.txt", b"first"), (p.name, p.content)),
                       "with a text": tnef((p.name, p.content), body=b"Hello\0"), "no long name": tnef(
            (p.name, p.content), long_names=False), "another key": tnef((p.name, p.content), key=0xBEEF),
                       "a zip in it": tnef(("x.zip", plain_zip(p.name, p.content))),
            "TNEF in TNEF": tnef(("winmail.dat", made))}.items():
        yield name, attachment("winmail.dat", data, "application/ms-tnef"), VALID
    for name, data in {"cut short": made[:-20], "cut in the file": made[:made.index(p.content) + len(p.content) // 2
        + 1], "junk after": made + b"junk",
                       "junk between": made.replace(b"\x02\x0f\x80", b"\0\0\x02\x0f\x80"), "checksum wrong": made[:-2]
                       + b"\xff\xff",
                       "in a zip": plain_zip("winmail.dat", made), "in a gzip": gz(made),
                       "no attachment begins": made.replace(b"\x02\x02\x90\x06\0", b"\x02\x03\x90\x06\0"),
                       "length over the end": made.replace(len(p.content).to_bytes(4, "little") + p.content,
                                                           b"\xff\xff\xff\x7f" + p.content)}.items():
        yield name, attachment("winmail.dat", data, "application/ms-tnef")
    yield "in the message as it is", entity(["Content-Type: application/ms-tnef; name=winmail.dat",
                                             "Content-Transfer-Encoding: binary"], made)


def page(script, body=""):
    return (f"<!DOCTYPE html>\n<html><head><title>Report</title></head><body><p>Please wait.</p>{body}<script>\n"
            f"{script}\n</script></body></html>\n".encode())


@readings(63, "HTML that builds a file", harmless=(TEXT,))
def smuggling(p):
    text = base64.b64encode(p.content).decode()
    numbers = ",".join(str(c) for c in p.content)
    save = f'''var b=new Blob([u],{{type:"application/octet-stream"}});var a=document.createElement("a");a.href=URL.createObjectURL(b);a.download="{p.name}";
document.body.appendChild(a);a.click();'''
    decode = f'var s=atob("{text}");var u=new Uint8Array(s.length);for(var i=0;i<s.length;i++)u[i]=s.charCodeAt(i);'
    pages = {
        "link with a data URI": page(
        "", f'<a download="{p.name}" href="data:application/octet-stream;base64,{text}">file</a>'),
        "link with a data URI, blanks in it": page(
        "", f'<a download="{p.name}" href="data:application/octet-stream;base64, '
            f'{" ".join(text[i:i + 9] for i in range(0, len(text), 9))}">x</a>'),
        "link with a data URI, percent": page("", f'<a download={p.name} href="data:application/octet-stream,'
                                              + "".join(f"%{c:02x}" for c in p.content) + '">file</a>'),
        "frame": page("", f'<iframe src="data:application/octet-stream;base64,{text}"></iframe>'),
        "object": page("", f'<object data="data:application/octet-stream;base64,{text}"></object>'),
        "embed with entities": page("", f'<embed src="&#100;ata:application/octet-stream;base64,{text}">'),
        "redirection": page(
        "", f'<meta http-equiv="refresh" content="0;url=data:application/octet-stream;base64,{text}">'),
        "script, atob and Blob": page(decode + save),
        "script, numbers": page(f"var u=new Uint8Array([{numbers}]);" + save),
        "script, text in pieces": page("var t=" + "+".join(f'"{text[i:i + 20]}"' for i in range(0, len(text), 20))
                                       + ";" + decode.replace(f'"{text}"', "t") + save),
        "script, text turned around": page(decode.replace(f'atob("{text}")',
                                                          f'atob("{text[::-1]}".split("").reverse().join(""))') + save),
        "script, msSaveBlob": page(decode + f'navigator.msSaveOrOpenBlob(new Blob([u]),"{p.name}");'),
        "script, a file": page(decode + f'location=URL.createObjectURL(new File([u],"{p.name}"));'),
        "script, data URI": page(f'location.href="data:application/octet-stream;base64,"+"{text}";'),
        "script, exclusive or": page("var x=[" + ",".join(str(c ^ 0x55) for c in p.content)
                                     + "];var u=new Uint8Array(x.map(c=>c^0x55));" + save),
        "handler": page("", f'<img src=x onerror=\'{(decode + save).replace(chr(10), "").replace(chr(39), "")}\'>'),
        "SVG": f'<svg xmlns="http://www.w3.org/2000/svg"><script><![CDATA[{decode + save}]]></script></svg>'.encode(),
        "in hexadecimal": page(
        f'var h="{p.content.hex()}";var u=new Uint8Array(h.match(/../g).map(x=>parseInt(x,16)));' + save),
    }
    for name, data in pages.items():
        kind = "image/svg+xml" if name == "SVG" else "text/html"
        yield f"{name}, attached", attachment("report.svg" if name == "SVG" else "report.html", data, kind)
        yield f"{name}, shown", entity([f"Content-Type: {kind}", "Content-Transfer-Encoding: base64"], b64(data))
        yield f"{name}, as octets", attachment("report.htm", data)
    yield "page with a picture", entity(["Content-Type: text/html", "Content-Transfer-Encoding: base64"],
                                        b64(page("", f'<img src="data:image/png;base64,{base64.b64encode(PNG).decode()}">').replace(b"<script>\n\n</script>", b""))), \
        "odd" if p.banned else VALID


OPENSSL = dict(capture_output=True, timeout=30, check=True)


@functools.cache
def certificate():
    """A key and its certificate; the folder, which is removed with its object, too."""
    folder = tempfile.TemporaryDirectory()
    key, cert = os.path.join(folder.name, "key.pem"), os.path.join(folder.name, "cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", cert, "-subj", "/CN=example.org", "-days", "30"], **OPENSSL)
    return key, cert, folder


@functools.cache
def cms(what, content, form="DER"):
    key, cert, _ = certificate()
    command = {"signed": ["-sign", "-signer", cert, "-inkey", key, "-nodetach", "-binary"],
               "detached": ["-sign", "-signer", cert, "-inkey", key, "-binary"],
               "encrypted": ["-encrypt", "-aes128", "-binary", cert], "compressed": ["-compress", "-binary"],
               "data": ["-data_create", "-binary"]}[what]
    return subprocess.run(["openssl", "cms", *command[:1], "-outform", form, *command[1:]], input=content,
                          **OPENSSL).stdout


ARMOUR = b"-----BEGIN PGP MESSAGE-----\r\n\r\n%s-----END PGP MESSAGE-----\r\n"
# A session key for nobody, and encrypted data with integrity protection.
PGP_PACKETS = bytes.fromhex("c14c03") + b"\x01" * 8 + b"\x01" + b"\x55" * 66 + b"\xd2\x60\x01" + bytes(range(95))


def pgp_literal(name, content):
    """A message that is only compressed: anybody can read it."""
    body = b"b" + bytes([len(name)]) + name.encode() + b"\0" * 4 + content
    literal = b"\xcb\xff" + len(body).to_bytes(4, "big") + body
    packed = b"\x01" + deflated(literal)
    return literal, b"\xc8\xff" + len(packed).to_bytes(4, "big") + packed


@readings(64, "signed and encrypted")
def signed(p):
    inner = leaf(p)
    smime = 'application/pkcs7-mime; smime-type={}; name="smime.p7m"'
    for prefix in "", "x-":
        for kind in "signed-data", "enveloped-data":
            data = cms("signed", inner)
            yield f"opaque, {prefix}pkcs7-mime, {kind}", entity(
                [f"Content-Type: application/{prefix}pkcs7-mime; smime-type={kind}; name=smime.p7m",
                                                                 "Content-Transfer-Encoding: base64"],
                                                                 b64(data)), VALID if kind == "signed-data" else "odd"
    data = cms("signed", inner)
    yield "opaque as octets", attachment("smime.p7m", data)
    yield "opaque, no name", entity(["Content-Transfer-Encoding: base64"], b64(data))
    yield "opaque in a zip", attachment("x.zip", plain_zip("smime.p7m", data))
    yield "opaque, a multipart", entity([f"Content-Type: {smime.format('signed-data')}",
                                         "Content-Transfer-Encoding: base64"],
                                        b64(cms("signed", multipart("A", WORDS, inner)))), VALID
    yield "opaque in opaque", entity([f"Content-Type: {smime.format('signed-data')}",
                                      "Content-Transfer-Encoding: base64"],
                                     b64(cms("signed",
                                             entity([f"Content-Type: {smime.format('signed-data')}",
                                                     "Content-Transfer-Encoding: base64"], b64(data))))), VALID
    yield "opaque, the file itself", attachment("smime.p7m", cms("signed", p.content), "application/pkcs7-mime")
    yield "opaque, PEM", attachment("smime.p7m", cms("signed", inner, "PEM"), "application/pkcs7-mime")
    yield "compressed", entity([f"Content-Type: {smime.format('compressed-data')}",
                                "Content-Transfer-Encoding: base64"], b64(compressed_data(inner)))
    yield "not signed", entity([f"Content-Type: {smime.format('signed-data')}", "Content-Transfer-Encoding: base64"],
                               b64(cms("data", inner)))
    detached = "application/pkcs7-signature; name=smime.p7s"
    yield "detached", entity(
        ["Content-Type: multipart/signed; boundary=S; micalg=sha-256; protocol=\"application/pkcs7-signature\""],
                             parts("S", inner, attachment("smime.p7s", cms("detached", inner),
                                                          "application/pkcs7-signature"))), VALID
    yield "detached that is not", entity(
        ["Content-Type: multipart/signed; boundary=S; protocol=\"application/pkcs7-signature\""],
                                         parts("S", WORDS,
                                               entity([f"Content-Type: {detached}",
                                                       "Content-Transfer-Encoding: base64"], b64(data))))
    secret = cms("encrypted", inner)
    for name, e in {"S/MIME": entity([f"Content-Type: {smime.format('enveloped-data')}",
                                      "Content-Transfer-Encoding: base64"], b64(secret)),
                    "S/MIME as signed": entity([f"Content-Type: {smime.format('signed-data')}",
                                                "Content-Transfer-Encoding: base64"], b64(secret)),
                    "S/MIME as octets": attachment("smime.p7m", secret),
                    "S/MIME under another name": attachment("picture.png", secret, "image/png"),
                    "S/MIME in a zip": attachment("x.zip", plain_zip("smime.p7m", secret)),
                    "PGP/MIME": entity(
        ["Content-Type: multipart/encrypted; boundary=E; protocol=\"application/pgp-encrypted\""], parts(
                        "E", entity(["Content-Type: application/pgp-encrypted"], "Version: 1\r\n"),
                        entity(["Content-Type: application/octet-stream; name=encrypted.asc"],
                               ARMOUR % b64(PGP_PACKETS, 64)))),
                    "PGP in a text": entity(["Content-Type: text/plain"], b"Hello,\r\n\r\n" + ARMOUR % b64(PGP_PACKETS,
        64)),
                    "PGP attached": attachment("file.asc", ARMOUR % b64(PGP_PACKETS, 64)),
                    "PGP in octets": attachment("file.gpg", PGP_PACKETS),
                    "PGP under another name": attachment("note.txt", PGP_PACKETS, "text/plain")}.items():
        yield f"encrypted, {name}", e, BLOCK
    literal, packed = pgp_literal(p.name, p.content)
    for name, octets in {"literal": literal, "compressed": packed}.items():
        yield f"PGP {name}", attachment("file.gpg", octets)
        yield f"PGP {name}, armoured", attachment("file.asc", ARMOUR % b64(octets, 64))
    yield "PGP signed text", entity(["Content-Type: text/plain"],
                                    b"-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nwords\r\n"
                                    b"-----BEGIN PGP SIGNATURE-----\r\n\r\n" +
                                    b64(b"\x88\x01" + bytes(60), 64)
                                    + b"-----END PGP SIGNATURE-----\r\n"), "odd" if p.banned else VALID


def der(tag, *inside):
    data = b"".join(inside)
    size = bytes([len(data)]) if len(data) < 128 else bytes([0x80 + (len(data).bit_length() + 7) // 8]) + len(
        data).to_bytes((len(data).bit_length() + 7) // 8, "big")
    return bytes([tag]) + size + data


def compressed_data(content):
    """CompressedData of RFC 3274, which OpenSSL may have been built without."""
    def oid(text):
        return der(6, bytes.fromhex(text))
    data = der(0x30, oid("2a864886f70d010701"), der(0xA0, der(4, zlib.compress(content))))
    inner = der(0x30, der(2, b"\0"), der(0x30, oid("2a864886f70d0109100308")), data)
    return der(0x30, oid("2a864886f70d0109100109"), der(0xA0, inner))


PDF = (b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
       b"xref\n0 3\n0000000000 65535 f \n0000000009 00000 n \n0000000052 00000 n \ntrailer<</Size 3/Root 1 0 R>>\n"
       b"startxref\n98\n%%EOF\n")
GIF = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffdb004300") + b"\x08" * 64 + bytes.fromhex(
    "ffc0000b080001000101011100ffc40014000100000000000000000000000000000003ffda0008010100003f0037ffd9")


@readings(65, "files of two kinds")
def polyglots(p):
    fronts = {"PDF": (PDF, "pdf", "application/pdf"), "GIF": (GIF, "gif", "image/gif"),
              "JPEG": (JPEG, "jpg", "image/jpeg"), "PNG": (PNG, "png", "image/png"),
              "text": (b"Nothing here.\r\n", "txt", "text/plain"), "HTML": (b"<html><body>x</body></html>\n", "html",
        "text/html")}
    for name, (front, extension, kind) in fronts.items():
        yield f"{name}", attachment(f"x.{extension}", front, kind), VALID if not p.banned else "odd"
        for method in DEFLATE, STORED:
            how = "deflated" if method else "stored"
            yield f"{name} and ZIP, offsets whole, {how}", attachment(f"x.{extension}",
                zip_of(Member(p.name, p.content, method), prefix=front), kind)
            yield f"{name} and ZIP, offsets of the zip, {how}", attachment(f"x.{extension}",
                front + zip_of(Member(p.name, p.content, method)), kind)
            yield f"{name} and ZIP, as zip, {how}", attachment("x.zip", zip_of(Member(p.name, p.content, method),
                prefix=front), "application/zip")
            yield f"{name} after ZIP, {how}", attachment(f"x.{extension}", zip_of(Member(p.name, p.content, method),
                trailing=front), kind)
            yield f"{name} in the comment, {how}", attachment("x.zip", zip_of(Member(p.name, p.content, method),
                comment=front), "application/zip")
        yield f"{name} and JAR", attachment(f"x.{extension}", zip_of(Member("META-INF/MANIFEST.MF", b"Main-Class: x\n"),
            Member(p.name, p.content), prefix=front), kind)
        yield f"{name} and gzip", attachment(f"x.{extension}", front + gz(p.content), kind)
        yield f"{name} and tar", attachment(f"x.{extension}", front + tar_of((p.name, p.content)), kind)
        yield f"ZIP in a stored ZIP behind {name}", attachment(f"x.{extension}",
                                                               zip_of(Member("x.zip", plain_zip(p.name, p.content),
            STORED), prefix=front), kind)
    yield "tar whose first name is a zip's", attachment("x.tar", tar_of(("PK\x03\x04", b"x"), (p.name, p.content)))
    yield "a zip at a tar's end", attachment("x.tar", tar_of(("x", b"x")) + plain_zip(p.name, p.content))
    yield "gzip, then a zip", attachment("x.gz", gz(b"x") + plain_zip(p.name, p.content))
    yield "two zips", attachment("x.zip", plain_zip("a.txt", b"x") + plain_zip(p.name, p.content))
    yield "two zips, payload first", attachment("x.zip", plain_zip(p.name, p.content) + plain_zip("a.txt", b"x"))


@readings(66, "types and names that lie", banned=(PROGRAM, DISGUISED))
def lies(p):
    for kind in ["image/png", "image/jpeg", "text/plain", "text/html", "application/pdf", "audio/mpeg", "video/mp4",
                 "application/zip", "font/woff", "message/delivery-status",
                 "application/x-unknown", "text/calendar", "application/pgp-signature", "application/pkcs7-signature",
                 "x/y", "text/x-vcard"]:
        for name in "picture.png", "note", "a.pdf", "noname.", "":
            lines = [f"Content-Type: {kind}", "Content-Transfer-Encoding: base64"] + (
                [f'Content-Disposition: inline; filename="{name}"'] if name else [])
            yield f"{kind}, {name!r}", entity(lines, b64(p.content))
    for packed, data in {"zip": plain_zip("picture.png", p.content), "tar": tar_of(("picture.png", p.content)),
                         "gzip": gz(p.content)}.items():
        for kind in "image/png", "text/plain", "application/pdf":
            yield f"{packed} as {kind}", entity([f"Content-Type: {kind}; name=picture.png",
                                                 "Content-Transfer-Encoding: base64"], b64(data))
