"""A client that speaks raw lines, so that it can also speak wrong ones."""

import re
import socket
import ssl
import struct

from confidential import KEPT


class Closed(AssertionError):
    """The peer closed where it should have answered."""


class Reply:
    """One reply: `code`, and `lines` without code and line end."""

    def __init__(self, raw):
        self.raw = raw
        self.code = int(raw[-1][:3])
        self.lines = [line[4:].decode("utf-8", "backslashreplace") for line in raw]

    @property
    def text(self):
        return "\n".join(self.lines)

    @property
    def status(self):
        """The enhanced status code (RFC 3463), or ""."""
        found = re.match(r"[245]\.\d{1,3}\.\d{1,3}(?= )", self.lines[-1])
        return found.group() if found else ""

    def __repr__(self):
        return repr(b"\n".join(self.raw).decode("utf-8", "backslashreplace"))


def dot_stuffed(message):
    """A message as DATA carries it, with the final dot (RFC 5321 4.5.2)."""
    body = (b"\r\n" + message).replace(b"\r\n.", b"\r\n..")[2:]
    return body + (b"" if body.endswith(b"\r\n") or not body else b"\r\n") + b".\r\n"


class Client:
    def __init__(self, address, patience=20, source=None, tls=None, server_name=None):
        """tls: a context makes it implicit TLS, as server_name."""
        self.socket = socket.create_connection(address, patience, source_address=source)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.said = bytearray()  # the beginning of all that was sent
        if tls:
            self.wrap(tls, server_name)

    def wrap(self, context, server_name=None, session=None):
        self.socket = context.wrap_socket(
            self.socket, server_hostname=server_name or "localhost", session=session)

    def send(self, data):
        data = data.encode() if isinstance(data, str) else data
        self.said += data[:max(0, KEPT - len(self.said))]
        self.socket.sendall(data)

    def _receive(self):
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            data = b""
        self.buffer += data
        return data != b""

    def line(self):
        """The next line without CRLF; Closed at the end of the stream."""
        while b"\n" not in self.buffer:
            if not self._receive():
                raise Closed(f"closed after {self.buffer!r}")
        line, self.buffer = self.buffer.split(b"\n", 1)
        assert line.endswith(b"\r") and b"\r" not in line[:-1], f"bare CR or LF in {line!r}"
        return line[:-1]

    def take(self, count):
        """That many octets; Closed when there are fewer."""
        while len(self.buffer) < count:
            if not self._receive():
                raise Closed(f"closed after {self.buffer!r}")
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def reply(self):
        lines = [self.line()]
        while lines[-1][3:4] == b"-":
            lines.append(self.line())
        for line in lines:
            assert re.match(rb"[2-5]\d\d([ -]|$)", line) and line[:3] == lines[0][:3], f"no reply: {lines!r}"
        return Reply(lines)

    def replies(self, count):
        return [self.reply() for _ in range(count)]

    def replies_until_closed(self):
        """All that still comes, and that it ends."""
        found = []
        try:
            while True:
                found.append(self.reply())
        except Closed:
            return found

    def command(self, line):
        self.send((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        return self.reply()

    def ehlo(self, name="client.example.org", verb="EHLO"):
        """{keyword: parameters} as announced."""
        reply = self.command(f"{verb} {name}")
        assert reply.code == 250, reply
        pairs = [line.partition(" ") for line in reply.lines[1:]]
        return {keyword.upper(): parameters for keyword, _, parameters in pairs}

    def greet(self, verb="EHLO"):
        """Reads the greeting and says EHLO."""
        reply = self.reply()
        assert reply.code == 220, reply
        return self.ehlo(verb=verb)

    def starttls(self, context, server_name=None, session=None):
        reply = self.command("STARTTLS")
        assert reply.code == 220, reply
        assert not self.buffer, f"plaintext after STARTTLS: {self.buffer!r}"
        self.wrap(context, server_name, session)

    def envelope(self, sender="sender@example.org", recipients=("recipient@example.org",), parameters=""):
        """MAIL and RCPT; the replies."""
        lines = [f"MAIL FROM:<{sender}>{parameters}"] + [f"RCPT TO:<{r}>" for r in recipients]
        return [self.command(line) for line in lines]

    def data(self, message):
        """DATA and a message; the final reply, or DATA's when it was refused."""
        reply = self.command("DATA")
        if reply.code != 354:
            return reply
        self.send(dot_stuffed(message))
        return self.reply()

    def deliver(self, message, **envelope):
        """A whole transaction; the final reply, or the first refusal."""
        for reply in self.envelope(**envelope):
            if reply.code >= 400:
                return reply
        return self.data(message)

    def until_closed(self):
        """What else the peer sends, up to its close."""
        while self._receive():
            pass
        rest, self.buffer = self.buffer, b""
        return rest

    def quit(self):
        reply = self.command("QUIT")
        assert reply.code == 221, reply
        assert self.until_closed() == b""
        self.close()

    def reset(self):
        """Closes by RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        self.socket.close()
