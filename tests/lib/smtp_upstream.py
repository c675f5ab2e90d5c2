"""A server to stand behind gatepost. It records every byte that it receives,
connection by connection, and behaves as a plain SMTP or LMTP sink until it is
told otherwise:

    replies={"RCPT": b"550 5.1.1 nobody\r\n"}    another reply to a verb
    replies={"DATA": lambda s, line: s.reset()}  or anything else at that point
    script=lambda s: s.send(b"220 x\r\n")        the whole conversation by hand

Verbs are those of SMTP, GREETING, and END for the end of a message's data. A
callable returns the bytes to answer, or None when it has seen to that itself.
"""

import contextlib
import socket
import ssl
import struct
import threading

KEYWORDS = ("PIPELINING", "SIZE 104857600", "8BITMIME", "ENHANCEDSTATUSCODES", "DSN", "SMTPUTF8", "CHUNKING")


class PeerClosed(Exception):
    pass


class Message:
    def __init__(self, session, mail, recipients, data):
        self.session, self.mail, self.recipients, self.data = session, mail, recipients, data

    def __repr__(self):
        return f"<{self.mail!r} to {self.recipients!r}: {self.data[:200]!r}>"


class Session:
    """One connection to the upstream."""

    def __init__(self, upstream, connection):
        self.upstream, self.socket = upstream, connection
        self.received = bytearray()   # all, decrypted
        self.plain = None             # of it, what came before TLS began; None without TLS
        self.buffer = bytearray()     # received but not read yet
        self.commands, self.credentials, self.xclient = [], [], []
        self.mail, self.recipients, self.chunks = None, [], b""
        self.closed = False
        connection.settimeout(upstream.patience)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    # Bytes.

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (OSError, ValueError) as error:
            raise PeerClosed from error

    def receive(self, most=262144):
        """More bytes into the buffer; PeerClosed at the end."""
        try:
            data = self.socket.recv(most)
        except (OSError, ValueError) as error:
            raise PeerClosed from error
        if not data:
            raise PeerClosed
        self.buffer += data
        with self.upstream.changed:
            self.received += data
            self.upstream.changed.notify_all()

    def take(self, count):
        """That many, and nothing behind them is read: it may be TLS."""
        while len(self.buffer) < count:
            self.receive(count - len(self.buffer))
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def until(self, mark):
        """Up to and with `mark`."""
        seen = 0
        while (at := self.buffer.find(mark, seen)) < 0:
            seen = max(0, len(self.buffer) - len(mark) + 1)
            self.receive()
        return self.take(at + len(mark))

    def line(self):
        return self.until(b"\r\n")[:-2]

    def take_data(self):
        """What follows 354, up to CRLF.CRLF and nothing else, without its stuffing."""
        data = self.take(3)
        if data == b".\r\n":
            return b""
        data += self.until(b"\r\n.\r\n")
        return b"\r\n".join(line[line[:1] == b".":] for line in data[:-3].split(b"\r\n"))

    def wait_closed(self):
        """Reads until the peer closes."""
        with contextlib.suppress(PeerClosed):
            while True:
                self.receive()

    def start_tls(self):
        self.plain = bytes(self.received)
        try:
            self.socket = self.upstream.context.wrap_socket(self.socket, server_side=True)
        except (OSError, ssl.SSLError) as error:
            self.upstream.tls_errors.append(error)
            raise PeerClosed from error

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        raise PeerClosed

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
        raise PeerClosed

    def hang(self):
        """Says nothing more, and waits for the peer to give up."""
        self.wait_closed()
        raise PeerClosed

    # The sink.

    def run(self):
        if self.upstream.tls == "implicit":
            self.start_tls()
        if self.upstream.script:
            self.upstream.script(self)
        else:
            self.serve()

    def answer(self, verb, line, usual):
        """The reply to a verb: the one ordered, or the usual one. False when it refuses."""
        reply = self.upstream.replies.get(verb, usual)
        if callable(reply):
            reply = reply(self, line)
        if reply is not None:
            self.send(reply)
        return reply is not None and reply[:1] in b"23"

    def serve(self, greet=True):
        if greet:
            self.answer("GREETING", b"", b"220 upstream.example.org ESMTP\r\n")
        while True:
            line = self.line()
            self.commands.append(line)
            verb = line.split(b" ")[0].upper().decode("latin-1")
            handler = getattr(self, "do_" + verb.lower(), None)
            if handler is None:
                self.answer(verb, line, b"502 5.5.1 unknown\r\n")
            elif handler(line) == "end":
                return

    def reset_transaction(self):
        self.mail, self.recipients, self.chunks = None, [], b""

    def do_ehlo(self, line):
        self.reset_transaction()
        keywords = list(self.upstream.keywords)
        if self.upstream.tls == "starttls" and self.plain is None:
            keywords.append("STARTTLS")
        lines = ["upstream.example.org"] + keywords
        text = "".join(f"250{'-' if l is not lines[-1] else ' '}{l}\r\n" for l in lines)
        self.answer("EHLO", line, text.encode())

    do_lhlo = do_ehlo

    def do_helo(self, line):
        self.reset_transaction()
        self.answer("HELO", line, b"250 upstream.example.org\r\n")

    def do_starttls(self, line):
        if self.answer("STARTTLS", line, b"220 2.0.0 go ahead\r\n") and self.plain is None:
            self.start_tls()
            self.reset_transaction()

    def do_auth(self, line):
        words = line.split(b" ")
        if words[1].upper() == b"PLAIN" and len(words) < 3:
            self.send(b"334 \r\n")
            words.append(self.line())
        elif words[1].upper() == b"LOGIN":
            self.send(b"334 VXNlcm5hbWU6\r\n")
            words.append(self.line())
            self.send(b"334 UGFzc3dvcmQ6\r\n")
            words.append(self.line())
        self.credentials.append(words)
        self.answer("AUTH", line, b"235 2.7.0 authenticated\r\n")

    def do_xclient(self, line):
        self.xclient.append(line)
        self.answer("XCLIENT", line, b"220 upstream.example.org ESMTP\r\n")

    def do_mail(self, line):
        if self.mail is not None:
            self.send(b"503 5.5.1 nested MAIL\r\n")
        elif self.answer("MAIL", line, b"250 2.1.0 ok\r\n"):
            self.mail = line

    def do_rcpt(self, line):
        if self.mail is None:
            self.send(b"503 5.5.1 MAIL first\r\n")
        elif self.answer("RCPT", line, b"250 2.1.5 ok\r\n"):
            self.recipients.append(line)

    def do_data(self, line):
        if not self.recipients:
            self.send(b"503 5.5.1 no recipients\r\n")
        elif self.answer("DATA", line, b"354 go ahead\r\n"):
            self.finish(self.take_data())

    def do_bdat(self, line):
        words = line.split()
        self.chunks += self.take(int(words[1]))
        if len(words) > 2:
            self.finish(self.chunks)
        else:
            self.answer("BDAT", line, b"250 2.0.0 chunk taken\r\n")

    def finish(self, data):
        """The message is there: recorded before it is acknowledged."""
        message = Message(self, self.mail, self.recipients, data)
        self.reset_transaction()
        usual = b"250 2.0.0 queued\r\n" * (len(message.recipients) if self.upstream.lmtp else 1)
        reply = self.upstream.replies.get("END", usual)
        if callable(reply):
            reply = reply(self, message)
        if reply is None or reply[:1] == b"2":
            self.upstream.record(message)
        if reply is not None:
            self.send(reply)

    def do_rset(self, line):
        self.reset_transaction()
        self.answer("RSET", line, b"250 2.0.0 reset\r\n")

    def do_noop(self, line):
        self.answer("NOOP", line, b"250 2.0.0 noop\r\n")

    def do_quit(self, line):
        self.answer("QUIT", line, b"221 2.0.0 bye\r\n")
        return "end"


class Upstream:
    """Listens on a free port of 127.0.0.1, or on the socket given."""

    session_type = Session  # what speaks on a connection; pop3_upstream has another

    def __init__(self, *, keywords=KEYWORDS, tls="none", context=None, lmtp=False, replies=None, script=None,
                 listener=None, patience=20, served=True):
        self.keywords, self.tls, self.context, self.lmtp = keywords, tls, context, lmtp
        self.replies, self.script, self.patience = dict(replies or {}), script, patience
        self.sessions, self.messages, self.errors, self.tls_errors = [], [], [], []
        self.changed = threading.Condition()
        self.listener = listener or socket.create_server(("127.0.0.1", 0), backlog=512)
        self.address = self.listener.getsockname()[:2]
        self.stopping = False
        self.threads = []
        if served:
            self._spawn(self._accept_all)

    def _spawn(self, target, *arguments):
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def accept(self):
        """The next connection, for a test that speaks for the upstream itself (served=False)."""
        self.listener.settimeout(self.patience)
        session = self.session_type(self, self.listener.accept()[0])
        self.sessions.append(session)
        return session

    def _accept_all(self):
        while not self.stopping:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            session = self.session_type(self, connection)
            with self.changed:
                self.sessions.append(session)
                self.changed.notify_all()
            self._spawn(self._run, session)

    def _run(self, session):
        try:
            session.run()
        except PeerClosed:
            pass
        except Exception as error:  # shown by the test that waits in vain
            self.errors.append(error)
        finally:
            with contextlib.suppress(OSError):
                session.socket.close()
            with self.changed:
                session.closed = True
                self.changed.notify_all()

    def record(self, message):
        with self.changed:
            self.messages.append(message)
            self.changed.notify_all()

    def wait(self, check, what="the upstream"):
        with self.changed:
            if not self.changed.wait_for(check, self.patience):
                raise AssertionError(f"waited in vain for {what}; errors {self.errors!r}, sessions "
                                     f"{[bytes(s.received[-300:]) for s in self.sessions]!r}")

    def wait_session(self, index=0):
        self.wait(lambda: len(self.sessions) > index, f"connection {index}")
        return self.sessions[index]

    def wait_message(self, index=0):
        self.wait(lambda: len(self.messages) > index, f"message {index}")
        return self.messages[index]

    def wait_idle(self):
        """Until every connection so far has ended."""
        self.wait(lambda: all(s.closed for s in self.sessions), "all connections' end")

    def held(self):
        """The messages that it had or has, as octets."""
        return [m.data for m in self.messages]

    def stop(self):
        self.stopping = True
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for session in list(self.sessions):
            with contextlib.suppress(OSError):
                session.socket.shutdown(socket.SHUT_RDWR)
