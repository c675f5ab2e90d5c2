"""An IMAP client for tests: what is sent and what comes is shown as it is.

    client = ImapReader(("127.0.0.1", port), patience)
    client.login(user, SECRET)
    client.ok("SELECT INBOX")
    for number, items in client.fetch("1:*", "(UID BODY.PEEK[])"): …

A response is all its octets, literals too, without the last line's end. `octets`
has everything that ever came."""

import re
import socket

from confidential import KEPT
from imap_expect import parse_items

LITERAL = re.compile(rb"~?\{(\d+)\}\r\n\Z")
TAGGED = re.compile(rb"(t\d+) ")
FETCH = re.compile(rb"\* (\d+) FETCH (\(.*\))\Z", re.DOTALL | re.IGNORECASE)
CAPABILITIES = re.compile(rb"(?:^\* |\[)CAPABILITY ([^\]\r]*)", re.IGNORECASE)


class Refused(AssertionError):
    """A tagged response that is not OK."""


class ImapReader:
    def __init__(self, address, patience, tls=None):
        """tls: a context; then TLS comes first."""
        self.socket = socket.create_connection(address, patience)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.reader = self.socket.makefile("rb")
        self.tags, self.octets, self.done = 0, [], {}
        self.said = bytearray()  # the beginning of all that was sent
        self.greeting = self.response()

    def start_tls(self, context):
        self.ok("STARTTLS")
        self.reader.close()
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.reader = self.socket.makefile("rb")

    def close(self):
        self.reader.close()
        self.socket.close()

    def send(self, data):
        data = data if isinstance(data, bytes) else data.encode("utf-8")
        self.said += data[:max(0, KEPT - len(self.said))]
        self.socket.sendall(data)

    def response(self):
        """One response; ConnectionError when there is none any more."""
        pieces = []
        while True:
            line = self.reader.readline()
            if not line.endswith(b"\n"):
                raise ConnectionError(f"closed after {b''.join([*pieces, line])!r}")
            pieces.append(line)
            literal = LITERAL.search(line)
            if not literal:
                break
            pieces.append(self.reader.read(int(literal[1])))
        whole = b"".join(pieces)
        self.octets.append(whole)
        return whole.removesuffix(b"\r\n")

    def begin(self, command, *more):
        """Sends a command; `more` are literals, each with what follows it, which
        wait for "+" where the announcement before them ends in "}", not in "+}"."""
        self.tags += 1
        tag = b"t%d" % self.tags
        text = command if isinstance(command, bytes) else command.encode("utf-8")
        self.send(tag + b" " + text + b"\r\n")
        for literal in more:
            if not text.endswith(b"+}"):
                self.continuation(tag)
            self.send(literal)
            text = literal.removesuffix(b"\r\n")
        return tag

    def continuation(self, tag):
        while not (got := self.response()).startswith(b"+"):
            if got.startswith(tag + b" "):
                raise Refused(got.decode("utf-8", "replace"))
        return got

    def finish(self, tag):
        """(status line without the tag, untagged responses) of a command. Commands
        may end in another order than they began."""
        untagged = []
        while tag not in self.done:
            got = self.response()
            if ended := TAGGED.match(got):
                self.done[ended[1]] = got[ended.end():].decode("utf-8", "replace")
            else:
                untagged.append(got)
        return self.done.pop(tag), untagged

    def command(self, command, *literals):
        return self.finish(self.begin(command, *literals))

    def ok(self, command, *literals):
        """The untagged responses."""
        status, untagged = self.command(command, *literals)
        if not status.startswith("OK"):
            raise Refused(f"{command!r}: {status}")
        return untagged

    def login(self, user, password):
        return self.ok(f"LOGIN {user} {password}")

    def capabilities(self):
        for response in self.ok("CAPABILITY"):
            if found := CAPABILITIES.search(response):
                return set(found[1].decode().split())
        return set()

    def fetch(self, which, items, uid=False):
        """[(number, {item: value})…] of what FETCH responses came."""
        return self.read(self.ok(f"{'UID ' if uid else ''}FETCH {which} {items}"))

    @staticmethod
    def read(responses):
        """The same of responses."""
        found = (FETCH.match(response) for response in responses)
        return [(int(one[1]), parse_items(one[2])) for one in found if one]
