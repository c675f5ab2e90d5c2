"""A client of IMAP that speaks raw lines, so that it can also speak wrong ones."""

import base64
import re

from deflated import Deflated
from smtp_client import Client

LITERAL = re.compile(rb"\{(\d+)\}$")


class Response:
    """One response: `raw` without its last CRLF, and the `literals` in it."""

    def __init__(self, raw, literals):
        self.raw, self.literals = raw, literals
        self.tag, _, self.text = raw.partition(b" ")

    @property
    def ok(self):
        return self.text.upper().startswith(b"OK")

    def __repr__(self):
        return repr(self.raw[:500])


class Answer:
    """The tagged response `status` to a command, and the `data` before it."""

    def __init__(self, status, data):
        self.status, self.data, self.ok = status, data, status.ok

    def __repr__(self):
        return repr([*self.data, self.status])


class ImapClient(Client):
    last = 0

    def response(self):
        raw, literals = self.line(), []
        # The text of a status is for people, whatever it ends in.
        while raw.startswith(b"*") and not raw.startswith((b"* OK", b"* NO", b"* BAD", b"* BYE")) and \
                (found := LITERAL.search(raw)):
            literals.append(self.take(int(found[1])))
            raw += b"\r\n" + literals[-1] + self.line()
        return Response(raw, literals)

    def reply(self):
        return self.response()

    def tag(self):
        self.last += 1
        return f"c{self.last}".encode()

    def begin(self, text):
        """Says a command under a tag of its own, and does not wait."""
        tag = self.tag()
        self.send(tag + b" " + (text if isinstance(text, bytes) else text.encode()) + b"\r\n")
        return tag

    def answer(self, tag):
        """All up to the response with that tag; AssertionError at one with another, or a "+"."""
        data = []
        while True:
            response = self.response()
            if response.tag == tag:
                return Answer(response, data)
            assert response.tag == b"*", f"{response} in place of {tag!r}"
            data.append(response)

    def command(self, text):
        return self.answer(self.begin(text))

    def ok(self, text):
        answer = self.command(text)
        assert answer.ok, f"{text!r}: {answer}"
        return answer

    def greet(self):
        greeting = self.response()
        assert greeting.raw.startswith(b"* OK"), greeting
        return greeting

    def login(self, user="user", password="secret", greet=True):
        if greet:
            self.greet()
        return self.ok(f"LOGIN {user} {password}")

    def auth_plain(self, user="user", password="secret"):
        return self.command("AUTHENTICATE PLAIN " + base64.b64encode(f"\0{user}\0{password}".encode()).decode())

    def capabilities(self):
        answer = self.ok("CAPABILITY")
        return [r for r in answer.data if r.raw.startswith(b"* CAPABILITY ")][0].raw.decode().split()[2:]

    def fetch(self, number, what="BODY.PEEK[]", verb="FETCH"):
        """The one literal that comes of one message."""
        answer = self.ok(f"{verb} {number} ({what})")
        found = [literal for r in answer.data for literal in r.literals]
        assert len(found) == 1, answer
        return found[0]

    def append(self, message, mailbox="INBOX"):
        tag = self.begin(f"APPEND {mailbox} {{{len(message)}}}")
        response = self.response()
        if response.tag != b"+":
            return response
        self.send(message + b"\r\n")
        return self.answer(tag).status

    def starttls(self, context, server_name=None):
        self.ok("STARTTLS")
        assert not self.buffer, f"plaintext after STARTTLS: {self.buffer!r}"
        self.wrap(context, server_name)

    def compress(self, cut=None):
        """All that follows is compressed either way."""
        self.ok("COMPRESS DEFLATE")
        self.socket = Deflated(self.socket, self.buffer, cut)
        self.buffer = b""

    def responses_until_closed(self):
        """All whole responses that still come, and that it ends."""
        found = []
        try:
            while True:
                found.append(self.response())
        except AssertionError:
            return found

    def logout(self):
        answer = self.ok("LOGOUT")
        assert any(r.raw.startswith(b"* BYE") for r in answer.data), answer
        assert self.until_closed() == b""
        self.close()
