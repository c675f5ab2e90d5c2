"""A POP3 server to stand behind gatepost. It records every command and octet
that it receives and serves one maildrop, as RFC 1939 wants it, until it is told
otherwise:

    replies={"RETR": b"-ERR [IN-USE] no\r\n"}       another reply to a verb
    replies={"RETR": lambda s, line: s.usual * 2}   … made of the usual one
    replies={"PASS": lambda s, line: s.hang()}      or anything else at that point
    cut=100                                         closes after 100 octets in all
    trickle=(10, 0.01)                              RETR in pieces, with pauses between
    sizes={"uid-1": 7}                              LIST lies
    capabilities=None, uidl=False, top=False        commands that it does not know
    banner=b"<1896.697@example.org>"                it knows APOP

Verbs are those of POP3, and GREETING. A callable returns the octets to answer,
or None when it has seen to that itself; `usual` are those that it replaces.
DELE takes effect at QUIT and only there; what is gone is in Maildrop.gone.
"""

import base64
import binascii
import hashlib
import re
import threading

from smtp_client import dot_stuffed
from smtp_upstream import Session, Upstream

CAPABILITIES = ("TOP", "UIDL", "USER", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "UTF8", "LANG")
MECHANISMS = ("PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER")
UNKNOWN = b"-ERR unknown command\r\n"


def multi_line(status, lines):
    """A reply of several lines: status line, lines with their dots stuffed, the end."""
    return b"+OK " + status + b"\r\n" + b"".join(b"." * (l[:1] == b".") + l + b"\r\n" for l in lines) + b".\r\n"


def head(message, count):
    """What TOP shows: the header, the empty line and `count` lines of the body."""
    header, empty, body = message.partition(b"\r\n\r\n")
    return header + empty + b"".join(body.splitlines(keepends=True)[:count])


class Maildrop:
    """Messages by UID, in order. Sessions may share it."""

    def __init__(self, messages):
        """{UID: message}, or messages that get UIDs of their own."""
        if not isinstance(messages, dict):
            messages = {f"uid-{number}": m for number, m in enumerate(messages, 1)}
        self.messages, self.gone, self.lock = dict(messages), [], threading.Lock()

    def remove(self, uids):
        with self.lock:
            for uid in uids:
                del self.messages[uid]
                self.gone.append(uid)


class Pop3Session(Session):
    """One connection; `user` once it is authenticated, by `mechanism`."""

    def __init__(self, upstream, connection):
        super().__init__(upstream, connection)
        self.named, self.user, self.mechanism = b"", None, ""
        self.listing, self.marked, self.usual = [], set(), b""
        self.sent, self.cut = 0, upstream.cut  # octets, those after which the connection is cut

    def send(self, data):
        piece = data if self.cut is None else data[:self.cut - self.sent]
        self.sent += len(piece)
        super().send(piece)
        if self.sent == self.cut:
            self.close()

    def answer(self, verb, line, usual):
        self.usual = usual
        reply = self.upstream.replies.get(verb, usual)
        if callable(reply):
            reply = reply(self, line)
        if reply is not None:
            self.send(reply)
        return reply is not None and reply[:1] == b"+"

    def serve(self, greet=True):
        if greet:
            self.answer("GREETING", b"", b"+OK upstream.example.org ready " + self.upstream.banner + b"\r\n")
        while True:
            line = self.line()
            self.commands.append(line)
            verb, _, argument = line.partition(b" ")
            name = verb.upper().decode("latin-1")
            handler = getattr(self, "do_" + name.lower(), None)
            if handler is None or not self.is_legal(name):
                self.answer(name, line, UNKNOWN)
            elif handler(line, argument) == "end":
                return

    def is_legal(self, name):
        if name in ("QUIT", "CAPA", "UTF8", "LANG"):
            return True
        return (self.user is None) == (name in ("USER", "PASS", "APOP", "AUTH", "STLS"))

    # Before the maildrop is open.

    def do_capa(self, line, _):
        if self.upstream.capabilities is None:
            self.answer("CAPA", line, UNKNOWN)
            return
        lines = list(self.upstream.capabilities)
        if self.upstream.mechanisms:
            lines.append("SASL " + " ".join(self.upstream.mechanisms))
        if self.upstream.tls == "starttls" and self.plain is None:
            lines.append("STLS")
        self.answer("CAPA", line, multi_line(b"capabilities", [l.encode() for l in lines]))

    def do_stls(self, line, _):
        if self.upstream.tls != "starttls" or self.plain is not None:
            self.answer("STLS", line, b"-ERR not now\r\n")
        elif self.answer("STLS", line, b"+OK begin TLS\r\n") and self.plain is None:
            self.start_tls()
            self.named = b""

    def do_user(self, line, name):
        if self.answer("USER", line, b"+OK who?\r\n"):
            self.named = name

    def do_pass(self, line, password):
        if not self.named:
            self.answer("PASS", line, b"-ERR USER first\r\n")
        else:
            self.enter("PASS", line, self.named, "USER", self.is_password(self.named, password))
            self.named = b""

    def do_apop(self, line, argument):
        name, _, digest = argument.partition(b" ")
        password = self.upstream.users.get(name.decode(), "").encode()
        right = hashlib.md5(self.upstream.banner + password).hexdigest().encode() == digest
        self.enter("APOP", line, name, "APOP", right and self.upstream.banner != b"")

    def do_auth(self, line, argument):
        name, _, initial = argument.partition(b" ")
        mechanism = name.upper().decode("latin-1")
        if mechanism not in self.upstream.mechanisms or not hasattr(self, "sasl_" + mechanism.lower()):
            self.answer("AUTH", line, b"-ERR unknown mechanism\r\n")
            return
        try:
            user, right = getattr(self, "sasl_" + mechanism.lower())(initial)
        except (ValueError, IndexError, binascii.Error):
            self.answer("AUTH", line, b"-ERR cancelled\r\n")
        else:
            self.enter("AUTH", line, user, mechanism, right)

    def challenge(self, data, initial=b""):
        """The client's response, decoded; ValueError when it cancels."""
        if not initial:
            self.send(b"+ " + base64.b64encode(data) + b"\r\n")
            initial = self.line()
            self.credentials.append(initial)
        return base64.b64decode(b"" if initial == b"=" else initial, validate=True)

    def sasl_plain(self, initial):
        _, user, password = self.challenge(b"", initial).split(b"\0")
        return user, self.is_password(user, password)

    def sasl_login(self, initial):
        user = self.challenge(b"Username:", initial)
        return user, self.is_password(user, self.challenge(b"Password:"))

    def sasl_xoauth2(self, initial):
        fields = dict(f.split(b"=", 1) for f in self.challenge(b"", initial).split(b"\1") if f)
        return fields[b"user"], self.is_password(fields[b"user"], fields.get(b"auth", b"").removeprefix(b"Bearer "))

    def sasl_oauthbearer(self, initial):
        header, *fields = self.challenge(b"", initial).split(b"\1")
        user, secret = re.search(rb"a=([^,]*)", header)[1], dict(f.split(b"=", 1) for f in fields if f)[b"auth"]
        return user, self.is_password(user, secret.removeprefix(b"Bearer "))

    def is_password(self, user, password):
        return self.upstream.users.get(user.decode("utf-8", "replace")) == password.decode("utf-8", "replace")

    def enter(self, verb, line, user, mechanism, right):
        if not right:
            self.answer(verb, line, b"-ERR [AUTH] not you\r\n")
        elif self.answer(verb, line, b"+OK maildrop has messages\r\n"):
            self.user, self.mechanism = user.decode(), mechanism
            self.listing = list(self.upstream.maildrop.messages.items())

    # The maildrop.

    def size(self, number):
        uid, message = self.listing[number - 1]
        return self.upstream.sizes.get(uid, len(message))

    def numbers(self):
        return [n for n in range(1, len(self.listing) + 1) if n not in self.marked]

    def number(self, argument):
        """The number of a message that is there, or None."""
        return int(argument) if argument.isdigit() and int(argument) in self.numbers() else None

    def do_stat(self, line, _):
        numbers = self.numbers()
        self.answer("STAT", line, b"+OK %d %d\r\n" % (len(numbers), sum(map(self.size, numbers))))

    def show_lines(self, verb, line, argument, show):
        """LIST and UIDL, of one message or of all."""
        number = self.number(argument)
        if not argument:
            self.answer(verb, line, multi_line(b"they are", [show(n) for n in self.numbers()]))
        else:
            self.answer(verb, line, b"-ERR no such message\r\n" if number is None else b"+OK " + show(number) + b"\r\n")

    def do_list(self, line, argument):
        self.show_lines("LIST", line, argument, lambda n: b"%d %d" % (n, self.size(n)))

    def do_uidl(self, line, argument):
        if self.upstream.uidl:
            self.show_lines("UIDL", line, argument, lambda n: b"%d %s" % (n, self.listing[n - 1][0].encode()))
        else:
            self.answer("UIDL", line, UNKNOWN)

    def do_retr(self, line, argument):
        number = self.number(argument)
        if number is None:
            self.answer("RETR", line, b"-ERR no such message\r\n")
            return
        reply = b"+OK message follows\r\n" + dot_stuffed(self.listing[number - 1][1])
        if self.upstream.trickle:
            self.send_slowly(reply, *self.upstream.trickle)
        else:
            self.answer("RETR", line, reply)

    def send_slowly(self, reply, octets, seconds):
        for at in range(0, len(reply), octets):
            self.send(reply[at:at + octets])
            self.upstream.stopped.wait(seconds)

    def do_top(self, line, argument):
        words = argument.split()
        number = self.number(words[0]) if len(words) == 2 and words[1].isdigit() else None
        if not self.upstream.top:
            self.answer("TOP", line, UNKNOWN)
        elif number is None:
            self.answer("TOP", line, b"-ERR no such message\r\n")
        else:
            self.answer("TOP", line, b"+OK top\r\n" + dot_stuffed(head(self.listing[number - 1][1], int(words[1]))))

    def do_dele(self, line, argument):
        number = self.number(argument)
        if number is None:
            self.answer("DELE", line, b"-ERR no such message\r\n")
        elif self.answer("DELE", line, b"+OK marked\r\n"):
            self.marked.add(number)

    def do_rset(self, line, _):
        if self.answer("RSET", line, b"+OK unmarked\r\n"):
            self.marked.clear()

    def do_noop(self, line, _):
        self.answer("NOOP", line, b"+OK\r\n")

    def do_utf8(self, line, _):
        self.answer("UTF8", line, b"+OK UTF-8 it is\r\n")

    def do_lang(self, line, argument):
        if argument:
            self.answer("LANG", line, b"+OK " + argument + b" it is\r\n")
        else:
            self.answer("LANG", line, multi_line(b"languages", [b"en English", b"de Deutsch"]))

    def do_quit(self, line, _):
        self.upstream.maildrop.remove(self.listing[number - 1][0] for number in sorted(self.marked))
        self.answer("QUIT", line, b"+OK bye\r\n")
        return "end"


class Pop3Upstream(Upstream):
    """Listens on a free port of 127.0.0.1. Who may enter: {user: password}."""

    session_type = Pop3Session

    def __init__(self, messages=(), *, users=None, capabilities=CAPABILITIES, mechanisms=MECHANISMS, banner=b"",
                 uidl=True, top=True, sizes=None, cut=None, trickle=None, **options):
        self.maildrop = messages if isinstance(messages, Maildrop) else Maildrop(messages)
        self.users = {"user": "secret"} if users is None else users
        self.capabilities, self.mechanisms, self.banner = capabilities, mechanisms, banner
        self.uidl, self.top, self.sizes, self.cut, self.trickle = uidl, top, sizes or {}, cut, trickle
        self.stopped = threading.Event()
        super().__init__(**options)

    def held(self):
        return list(self.maildrop.messages.values())

    def stop(self):
        self.stopped.set()
        super().stop()

    def said(self, index=-1):
        """The commands of one session so far."""
        return [line.decode("utf-8", "backslashreplace") for line in self.sessions[index].commands]
