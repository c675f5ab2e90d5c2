"""A mailbox of many shapes for IMAP: ordinary mail, odd MIME, and messages with
something in them that rules remove or withhold. The same for the same seed.

A Message has the bytes as a server tells them (lines end in CRLF, no NUL), and
what must never reach the reader."""

import base64
import dataclasses
import glob
import os
import quopri
import random

from messages import Maker
from readings import ordinary
from readings.payload import EICAR

GOLDEN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden", "mime", "*.eml")

RULES = r"""rules:
- name: EICAR
  when: { signature: { text: 'X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*' } }
  then: reject
- { name: PROGRAM, when: { attachment: { extension: [exe] } }, then: strip }
- { name: LOTTERY, when: { header: { name: Subject, matches: '/lottery/' } }, score: 7 }
"""
JUDGED = {"thresholds": [{"score": 5.0, "then": "tag"}], "subject_prefix": "[SPAM] "}
STING = 24  # octets of what was removed that must not be found


@dataclasses.dataclass
class Message:
    shape: str
    data: bytes
    stings: list  # byte strings; empty where no rule touches it


def as_stored(message):
    """As Dovecot tells it: it keeps lines, and sends no NUL."""
    return message.replace(b"\r\n", b"\n").replace(b"\r", b"").replace(b"\n", b"\r\n").replace(b"\0", b"")


class StingMaker:
    """Messages with programs or a virus in them."""

    def __init__(self, seed):
        self.random, self.stings = random.Random(f"sting {seed}"), []  # no other maker's numbers
        self.seed = seed

    def header(self, kind, *more):
        return "".join(line + "\r\n" for line in (
            f"From: \"Sender, {self.seed}\" <sender{self.seed}@example.org>", "To: ada@example.org, Ben <ben@example.net>",
            f"Message-ID: <{self.random.getrandbits(64):x}@example.org>", "Date: Mon, 3 Nov 2025 10:00:00 +0100",
            f"Subject: number {self.seed}", "MIME-Version: 1.0", kind, *more)).encode()

    def boundary(self):
        return b"=_%x" % self.random.getrandbits(64)

    def text(self):
        lines = [" ".join(self.random.choices(ordinary.WORDS, k=9)) for _ in range(self.random.randint(0, 30))]
        return b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + "\r\n".join(lines).encode()

    def multi(self, kind, *parts, close=True, around=False):
        """(type field, body)."""
        boundary = self.boundary()
        body = b"a preamble\r\n" if around else b""
        body += b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
        body += b"--" + boundary + b"--\r\n" if close else b""
        body += b"an epilogue\r\n" if around else b""
        return f'Content-Type: multipart/{kind}; boundary="{boundary.decode()}"', body

    def entity(self, multi):
        return multi[0].encode() + b"\r\n\r\n" + multi[1].removesuffix(b"\r\n")

    def message(self, multi, *more):
        return self.header(multi[0], *more) + b"\r\n" + multi[1]

    def content(self, size=None):
        size = self.random.choice([0, 1, 50, 500, 5000, 60000]) if size is None else size
        return b"MZ\x90" + self.random.randbytes(60 + size)

    def sting(self, encoded):
        """Some octets from its middle."""
        middle = len(encoded) // 2
        piece = max(encoded[middle:middle + 200].split(b"\r\n"), key=len)
        self.stings.append(piece[:STING])
        return encoded

    def encoded(self, encoding, size=None):
        content = self.content(size)
        if encoding == "base64":
            return self.sting(base64.encodebytes(content).replace(b"\n", b"\r\n").removesuffix(b"\r\n"))
        text = b"".join(b"%02X " % octet + (b"=\r\n" if encoding == "quoted-printable" and n % 20 == 19 else
                                            b"\r\n" if n % 20 == 19 else b"") for n, octet in enumerate(content))
        return self.sting(b"MZ " + text)

    def program(self, encoding="base64", size=None):
        return (f"Content-Type: application/octet-stream; name=\"run{self.seed}.exe\"\r\n"
                f"Content-Disposition: attachment; filename=\"run{self.seed}.exe\"\r\n"
                f"Content-Transfer-Encoding: {encoding}\r\n\r\n").encode() + self.encoded(encoding, size)

    def rfc822(self, message):
        return b"Content-Type: message/rfc822\r\nContent-Description: forwarded\r\n\r\n" + message.removesuffix(b"\r\n")

    # Shapes.

    def program_base64(self):
        return self.message(self.multi("mixed", self.text(), self.program()))

    def program_quoted_printable(self):
        return self.message(self.multi("mixed", self.text(), self.program("quoted-printable")))

    def program_identity(self):
        return self.message(self.multi("mixed", self.text(), self.program(self.random.choice(["7bit", "8bit", "binary"]))))

    def program_first(self):
        return self.message(self.multi("mixed", self.program(), self.text(), around=True))

    def program_alone(self):
        encoding = self.random.choice(["base64", "quoted-printable", "7bit"])
        return self.header(f"Content-Type: application/x-msdownload; name=run{self.seed}.exe",
                           f"Content-Transfer-Encoding: {encoding}") + b"\r\n" + self.encoded(encoding) + b"\r\n"

    def programs_many(self):
        return self.message(self.multi("mixed", self.text(), self.program(), self.text(), self.program("7bit"),
                                       self.program("quoted-printable"), around=True))

    def program_large(self):
        return self.message(self.multi("mixed", self.text(), self.program(size=200_000), self.text()))

    def program_nested_multiparts(self):
        inner = self.entity(self.multi("mixed", self.text(), self.program(), around=True))
        return self.message(self.multi("mixed", self.entity(self.multi("alternative", self.text(), self.text())), inner))

    def program_not_closed(self):
        return self.message(self.multi("mixed", self.text(), self.program(), close=False)).removesuffix(b"\r\n")

    def program_forwarded(self):
        inner = self.message(self.multi("mixed", self.text(), self.program()))
        return self.message(self.multi("mixed", self.text(), self.rfc822(inner)))

    def program_forwarded_alone(self):
        """The whole body is another message."""
        inner = self.message(self.multi("mixed", self.text(), self.program("quoted-printable")))
        return self.header("Content-Type: message/rfc822") + b"\r\n" + inner

    def program_forwarded_twice(self):
        inner = self.message(self.multi("mixed", self.program("7bit"), self.text()))
        middle = self.message(self.multi("mixed", self.rfc822(inner), self.text()))
        return self.message(self.multi("mixed", self.text(), self.rfc822(middle), self.program()))

    def program_is_forwarded(self):
        """The other message is the program itself."""
        return self.message(self.multi("mixed", self.text(), self.rfc822(self.program_alone())))

    def program_signed(self):
        inner = self.entity(self.multi("mixed", self.text(), self.program()))
        signature = b"Content-Type: application/pgp-signature\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\niQ==\r\n-----END PGP SIGNATURE-----"
        return self.message(self.multi("signed", inner, signature))

    def program_digest(self):
        inner = self.message(self.multi("mixed", self.text(), self.program()))
        return self.message(self.multi("digest", b"\r\n" + inner, b"\r\n" + self.message(self.multi("mixed", self.text()))))

    def virus(self):
        self.stings.append(EICAR[20:20 + STING])
        return self.header("Content-Type: text/plain") + b"\r\nhello\r\n" + EICAR + b"\r\nbye\r\n" * self.random.randint(0, 9)

    def _virus_part(self):
        encoded = base64.encodebytes(EICAR).replace(b"\n", b"\r\n").removesuffix(b"\r\n")
        self.stings.append(encoded[20:20 + STING])
        return b"Content-Type: application/pdf; name=x.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encoded

    def virus_attached(self):
        return self.message(self.multi("mixed", self.text(), self._virus_part(), self.text(), around=True))

    def virus_forwarded(self):
        inner = self.message(self.multi("mixed", self.text(), self._virus_part()))
        return self.message(self.multi("mixed", self.text(), self.rfc822(inner)))

    def virus_in_html(self):
        self.stings.append(EICAR[20:20 + STING])
        html = b"Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + EICAR
        return self.message(self.multi("alternative", self.text(), html))


STINGING = [name for name in vars(StingMaker) if name.startswith(("program_", "programs_", "virus"))]


def stinging(number):
    shape = STINGING[number % len(STINGING)]
    maker = StingMaker(number)
    return Message(shape, as_stored(getattr(maker, shape)()), maker.stings)


def golden():
    for path in sorted(glob.glob(GOLDEN)):
        with open(path, "rb") as f:
            yield os.path.basename(path), as_stored(f.read())


def mailbox(count, seed):
    """`count` messages, a third of them with a sting, in a random order."""
    ordinaries = ordinary.messages()
    odd = list(golden())
    clean = [Message(shape, data, []) for shape, data in odd[:count // 5]]
    for number in range(count - count // 3 - len(clean)):
        if number % 3 == 0:
            clean.append(Message("made", as_stored(Maker(number).make()), []))
        else:
            shape, data = ordinaries[number % len(ordinaries)]
            clean.append(Message(shape, as_stored(data), []))
    all_of_them = clean + [stinging(number) for number in range(count // 3)]
    random.Random(seed).shuffle(all_of_them)
    return all_of_them
