"""Messages of many shapes, the same for the same seed. They are clean on the
wire: lines end in CRLF, and there is no bare CR, bare LF or NUL."""

import base64
import quopri
import random

CHARSETS = [("us-ascii", "plain words of every day"), ("iso-8859-1", "Grüße, élève, ñandú, Æ"), ("utf-8", "日本語 и русский € 🙂"),
            ("koi8-r", "русский текст"), ("shift_jis", "日本語テキスト"), ("windows-1252", "“quoted” – €"), ("iso-2022-jp", "日本語")]
SIZES = [0, 1, 70, 500, 3000, 12000, 60000, 200000]


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def words(self, size, text="lorem ipsum dolor sit amet"):
        """Text of about `size` characters in lines."""
        words, lines = text.split(), []
        while size > 0:
            line = " ".join(self.random.choices(words, k=self.random.randint(0, 12)))
            lines.append(line)
            size -= len(line) + 2
        return "\r\n".join(lines)

    def header(self, *more):
        fields = ["From: Sender <sender@example.org>", "To: recipient@example.org",
                  f"Message-ID: <{self.random.getrandbits(64):x}@example.org>", "Date: Sat, 01 Feb 2025 12:00:00 +0000",
                  f"Subject: number {self.random.randint(0, 9999)}", *more]
        self.random.shuffle(fields)
        return "\r\n".join(fields).encode() + b"\r\n"

    def size(self):
        return int(self.random.choice(SIZES) * self.random.uniform(0.5, 1))

    # Shapes.

    def plain(self):
        return self.header() + b"\r\n" + self.words(self.size()).encode() + b"\r\n"

    def eight_bit(self):
        charset, text = self.random.choice(CHARSETS)
        body = self.words(self.size(), text).encode(charset, "replace")
        return self.header("MIME-Version: 1.0", f"Content-Type: text/plain; charset={charset}",
                           "Content-Transfer-Encoding: 8bit") + b"\r\n" + body.replace(b"\0", b"") + b"\r\n"

    def base64(self):
        body = base64.encodebytes(self.random.randbytes(self.size())).replace(b"\n", b"\r\n")
        return self.header("MIME-Version: 1.0", "Content-Type: application/octet-stream",
                           "Content-Transfer-Encoding: base64") + b"\r\n" + body

    def quoted_printable(self):
        body = quopri.encodestring(self.words(self.size(), "größer = = . .. é").encode()).replace(b"\r\n", b"\n")
        return self.header("MIME-Version: 1.0", "Content-Type: text/html; charset=utf-8",
                           "Content-Transfer-Encoding: quoted-printable") + b"\r\n" + body.replace(b"\n", b"\r\n") + b"\r\n"

    def dots(self):
        lines = [b"." * self.random.randint(0, 5) + self.random.choice([b"", b" ", b"x", b"From me"]) for _ in range(50)]
        return self.header() + b"\r\n" + b"\r\n".join(lines) + b"\r\n"

    def long_lines(self):
        return self.header("X-Long: " + "x" * self.random.randint(500, 9000)) + b"\r\n" + \
            b"\r\n".join(b"y" * self.random.randint(990, 30000) for _ in range(4)) + b"\r\n"

    def odd_whitespace(self):
        return self.header("X-Tabs:\t \ta\t", "X-Folded: a\r\n\tb\r\n  c", "X-Empty:", "x-case: Z  ", "X-Case: z") + \
            b"\r\n  leading\r\ntrailing  \t\r\n\r\n\r\n\t\r\n>From x\r\nFrom y\r\n\r\n\r\n"

    def empty_body(self):
        return self.header() + b"\r\n"

    def header_only(self):
        return self.header()

    def many_headers(self):
        return self.header(*[f"X-Number-{i}: {self.random.random()}" for i in range(300)]) + b"\r\nbody\r\n"

    def nested(self):
        message = b"Content-Type: text/plain\r\n\r\n" + self.words(self.size() // 4).encode() + b"\r\n"
        for depth in range(self.random.randint(1, 8)):
            boundary = b"=_%d_%x" % (depth, self.random.getrandbits(32))
            parts = [message, b"Content-Type: text/html\r\n\r\n<p>hello</p>"]
            self.random.shuffle(parts)
            inside = b"".join(b"--" + boundary + b"\r\n" + p + b"\r\n" for p in parts) + b"--" + boundary + b"--\r\n"
            message = b'Content-Type: multipart/mixed; boundary="' + boundary + b'"\r\n\r\npreamble\r\n' + inside + b"epilogue\r\n"
        return self.header("MIME-Version: 1.0") + message

    def forwarded(self):
        inner = self.random.choice([self.plain, self.dots, self.eight_bit])()
        return self.header("MIME-Version: 1.0", "Content-Type: message/rfc822") + b"\r\n" + inner

    def controls(self):
        """Every octet but NUL, CR and LF."""
        octets = bytes(b for b in range(1, 256) if b not in b"\r\n")
        return self.header() + b"\r\n" + octets + b"\r\n\x1a\r\n\x0c\r\n\x7f\x80\r\n"

    def broken_mime(self):
        return self.header("MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="never') + \
            b"\r\n--never\r\nContent-Type: text\r\nContent-Transfer-Encoding: 8-bit\r\n\r\n--other--\r\n--never"  + b"\r\n"

    def make(self):
        shapes = [self.plain, self.eight_bit, self.base64, self.quoted_printable, self.dots, self.long_lines,
                  self.odd_whitespace, self.empty_body, self.header_only, self.many_headers, self.nested, self.forwarded,
                  self.controls, self.broken_mime]
        return self.random.choice(shapes)()
