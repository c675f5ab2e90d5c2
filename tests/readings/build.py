"""Building blocks of messages, as bytes, so that anything can be got wrong.
An entity is the bytes of a header, a blank line and a body: a message without
the fields of its envelope, or a part."""

import base64

CRLF = b"\r\n"
ENVELOPE = (b"From: Ada <ada@example.org>\r\nTo: Ben <ben@example.net>\r\nSubject: the list\r\n"
            b"Date: Mon, 03 Nov 2025 10:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n")
VERSION = b"MIME-Version: 1.0\r\n"
WORDS = b"Content-Type: text/plain; charset=us-ascii\r\n\r\nHere is the file.\r\n"


def octets(text):
    return text if isinstance(text, bytes) else text.encode("latin-1")


def fields(*lines):
    """Lines of a header, each ended."""
    return b"".join(octets(line) + CRLF for line in lines)


def entity(header, body):
    """`header`: a list of fields, or bytes as they stand."""
    return (header if isinstance(header, bytes) else fields(*header)) + CRLF + octets(body)


def b64(content, width=76, end=CRLF):
    text = base64.b64encode(content)
    return b"".join(text[i:i + width] + end for i in range(0, len(text), width))


def qp(content, form="=%02X"):
    """Every octet in hexadecimal, so that nothing shows through."""
    lines = [content[i:i + 24] for i in range(0, len(content), 24)]
    return b"=\r\n".join("".join(form % c for c in line).encode() for line in lines) + CRLF


def uu(content, name=b"a.exe", begin=True, end=True, newline=CRLF):
    import binascii
    lines = [b"begin 644 " + octets(name)] if begin else []
    lines += [binascii.b2a_uu(content[i:i + 45]).rstrip(b"\n") for i in range(0, len(content), 45)]
    return newline.join(lines + ([b"`", b"end"] if end else [])) + newline


def leaf(p, encoding="base64", *more):
    """The payload as an attachment, well-formed."""
    body = {"base64": b64, "quoted-printable": qp, "8bit": lambda c: c + CRLF, "binary": lambda c: c}[encoding](
        p.content)
    return entity([f"Content-Type: {p.ct}", f"Content-Transfer-Encoding: {encoding}",
                   f"Content-Disposition: {p.cd}", *more], body)


def attached(p, body, *encodings):
    """The payload's type and name around a body as it is given; one Content-Transfer-Encoding for each that is named."""
    return entity([f"Content-Type: {p.ct}", f"Content-Disposition: {p.cd}"] +
                  [b"Content-Transfer-Encoding: " + octets(e) for e in encodings], body)


def parts(boundary, *entities, close=True, preamble=b"", epilogue=b""):
    """The body of a multipart."""
    line = b"--" + octets(boundary)
    return preamble + b"".join(line + CRLF + e + (b"" if e.endswith(CRLF) else CRLF) for e in entities) + \
        (line + b"--" + CRLF if close else b"") + epilogue


def multipart(boundary, *entities, kind="mixed", **more):
    return entity([f'Content-Type: multipart/{kind}; boundary="{boundary}"'], parts(boundary, *entities, **more))


# Where an entity can stand. Each takes an entity and gives a message.

def top(e):
    return ENVELOPE + VERSION + e


def part(e):
    return top(multipart("outer", WORDS, e))


def nested(e):
    return top(multipart("outer", WORDS, multipart("middle", WORDS, e)))


def forwarded(e):
    return top(multipart("outer", WORDS, entity(["Content-Type: message/rfc822"], ENVELOPE + VERSION + e)))


def first(e):
    """The entity's fields before those of the envelope."""
    return VERSION + e.replace(CRLF + CRLF, CRLF + ENVELOPE + CRLF, 1) if CRLF + CRLF in e else top(e)


PLACES = {"top": top, "part": part, "nested": nested, "forwarded": forwarded, "first": first}
USUAL = ("top", "part", "nested", "forwarded")
