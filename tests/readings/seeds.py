"""Well-formed messages that carry a file, which readings/mutate.py gets wrong:
each payload in each encoding, named in each way, in each structure."""

import base64
import itertools

from .build import CRLF, ENVELOPE, PLACES, VERSION, WORDS, b64, entity, multipart, qp, uu

HTML = entity(["Content-Type: text/html; charset=us-ascii"], b"<html><body><p>Here is the file.</p></body></html>\r\n")


def quoted(content):
    """Quoted-printable as programs write it: what is printable stays."""
    lines, line = [], ""
    for c in content:
        piece = chr(c) if 32 < c < 127 and c != 0x3D else f"={c:02X}"
        if len(line) + len(piece) > 75:
            lines.append(line + "=")
            line = ""
        line += piece
    return "\r\n".join([*lines, line, ""]).encode()


ENCODINGS = {
    "base64": lambda p: (["Content-Transfer-Encoding: base64"], b64(p.content)),
    "base64 in short lines": lambda p: (["Content-Transfer-Encoding: base64"], b64(p.content, 32)),
    "quoted-printable": lambda p: (["Content-Transfer-Encoding: quoted-printable"], quoted(p.content)),
    "quoted-printable, all escaped": lambda p: (["Content-Transfer-Encoding: quoted-printable"], qp(p.content)),
    "uuencode": lambda p: (["Content-Transfer-Encoding: x-uuencode"], uu(p.content, p.name)),
}
# The type, and the fields that name the file.
NAMINGS = {
    "both": lambda p: [f'Content-Type: {p.ct}', f'Content-Disposition: {p.cd}'],
    "disposition first": lambda p: [f'Content-Disposition: {p.cd}', f'Content-Type: {p.ct}'],
    "name": lambda p: [f'Content-Type: {p.type};\r\n\tname="{p.name}"', 'Content-Disposition: attachment'],
    "filename": lambda p: [f'Content-Type: {p.type}', f'Content-Disposition: attachment;\r\n filename="{p.name}"; size={len(p.content)}'],
    "token": lambda p: [f'Content-Type: {p.type}', f'Content-Disposition: inline; filename={p.name}'],
    "extended": lambda p: [f'Content-Type: {p.type}', f"Content-Disposition: attachment; filename*=utf-8''{p.name.replace('.', '%2E')}"],
    "pieces": lambda p: [f'Content-Type: {p.type}', f'Content-Disposition: attachment; filename*0="{p.name[:3]}";\r\n filename*1="{p.name[3:]}"'],
    "word": lambda p: [f'Content-Type: {p.type}; name="{word(p.name)}"', f'Content-Disposition: attachment; filename="{word(p.name)}"'],
}


def word(text):
    return "=?utf-8?B?" + base64.b64encode(text.encode()).decode() + "?="


def related(e):
    """The file beside what a text looks like in HTML."""
    shown = multipart("inner", HTML, e, kind='related; type="text/html"')
    return PLACES["top"](multipart("----=_Part_1", WORDS, shown, kind="alternative"))


def digest(e):
    return PLACES["top"](multipart("d.1", CRLF + ENVELOPE + VERSION + multipart("d.1.1", WORDS, e), kind="digest"))


def before_text(e):
    """The file first, and a preamble and an epilogue around."""
    return PLACES["top"](multipart("=_b", e, WORDS, preamble=b"This is a message in parts.\r\n", epilogue=b"\r\n"))


def in_text(body):
    """A text with the file at its end, as it was before MIME."""
    return ENVELOPE + CRLF + b"Here is the file.\r\n\r\n" + body


STRUCTURES = {**PLACES, "related": related, "digest": digest, "before text": before_text}


def seeds(payloads):
    """[(name, message)…]"""
    made = []
    for p, encoding, naming, structure in itertools.product(payloads, ENCODINGS, NAMINGS, STRUCTURES):
        lines, body = ENCODINGS[encoding](p)
        made.append((f"{p.kind}, {encoding}, {naming}, {structure}",
                     STRUCTURES[structure](entity(NAMINGS[naming](p) + lines, body))))
    made += [(f"{p.kind}, uuencode in text", in_text(uu(p.content, p.name))) for p in payloads]
    return made
