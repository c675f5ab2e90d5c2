"""A client of POP3 that speaks raw lines, so that it can also speak wrong ones."""

import base64
import hashlib

from smtp_client import Client, Closed


class Status:
    """A status line: `ok`, and its `text` without +OK or -ERR."""

    def __init__(self, line):
        self.line = line
        word, _, text = line.partition(b" ")
        assert word in (b"+OK", b"-ERR", b"+"), f"no reply: {line!r}"
        self.ok, self.word, self.text = word == b"+OK", word, text.decode("utf-8", "backslashreplace")

    def __repr__(self):
        return repr(self.line)


class Refused(AssertionError):
    """-ERR where +OK was needed."""


class Pop3Client(Client):
    def reply(self):
        return Status(self.line())

    def replies_until_closed(self):
        found = []
        try:
            while True:
                found.append(self.reply())
        except Closed:
            return found

    def ok(self, line):
        """Says a command that must succeed; the text of its status line."""
        status = self.command(line)
        if not status.ok:
            raise Refused(f"{line!r}: {status}")
        return status.text

    def octets(self):
        """The lines of a multi-line reply as octets, without stuffing and end."""
        seen = 0
        while not self.buffer.startswith(b".\r\n") and (at := self.buffer.find(b"\r\n.\r\n", seen)) < 0:
            seen = max(0, len(self.buffer) - 4)
            if not self._receive():
                raise Closed(f"closed after {self.buffer[-200:]!r}")
        if self.buffer.startswith(b".\r\n"):
            self.buffer = self.buffer[3:]
            return b""
        data, self.buffer = self.buffer[:at], self.buffer[at + 5:]
        return b"".join(line[line[:1] == b".":] + b"\r\n" for line in data.split(b"\r\n"))

    def lines(self, line):
        """A command with a multi-line reply: its lines."""
        self.ok(line)
        return self.octets().decode("utf-8", "backslashreplace").split("\r\n")[:-1]

    def login(self, user="user", password="secret", greet=True):
        if greet:
            assert self.reply().ok, "greeting"
        self.ok(f"USER {user}")
        return self.ok(f"PASS {password}")

    def apop(self, user="user", password="secret"):
        greeting = self.line()
        banner = greeting[greeting.index(b"<"):greeting.index(b">") + 1]
        return self.command(f"APOP {user} {hashlib.md5(banner + password.encode()).hexdigest()}")

    def auth_plain(self, user="user", password="secret"):
        return self.command("AUTH PLAIN " + base64.b64encode(f"\0{user}\0{password}".encode()).decode())

    def capabilities(self):
        return self.lines("CAPA")

    def stls(self, context, server_name=None):
        self.ok("STLS")
        assert not self.buffer, f"plaintext after STLS: {self.buffer!r}"
        self.wrap(context, server_name)

    def stat(self):
        """(messages, octets)."""
        count, octets = self.ok("STAT").split()[:2]
        return int(count), int(octets)

    def sizes(self):
        """{number: octets} as LIST tells."""
        return {int(n): int(size) for n, size in (line.split()[:2] for line in self.lines("LIST"))}

    def uids(self):
        """{number: UID} as UIDL tells."""
        return {int(n): uid for n, uid in (line.split() for line in self.lines("UIDL"))}

    def retrieve(self, number):
        self.ok(f"RETR {number}")
        return self.octets()

    def top(self, number, count):
        self.ok(f"TOP {number} {count}")
        return self.octets()

    def quit(self):
        self.ok("QUIT")
        assert self.until_closed() == b""
        self.close()
