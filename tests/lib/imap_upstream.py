"""An IMAP server to stand behind gatepost. It records every command and octet that
it receives and serves one mailbox, as RFC 9051 wants it, until it is told otherwise:

    replies={"NOOP": b"* 3 EXPUNGE\r\n%s OK\r\n"}     another reply to a verb; %s is the tag
    replies={"FETCH": lambda s, line: s.usual * 2}     … made of the usual one
    replies={"SELECT": lambda s, line: s.hang()}       or anything else at that point
    cut=100                                            closes after 100 octets in all
    pieces=1                                           sends octet by octet
    order=lambda items: reversed(items)                FETCH: its items otherwise
    quoted=True                                        FETCH: content in quotes, where it can be
    envelope_literals=True                             FETCH: strings of ENVELOPE as literals

Verbs are those of IMAP, UID with its own ("UID FETCH"), and GREETING. A callable
returns the octets to answer, or None when it has seen to that itself; `usual` are
those that it replaces, `tag` is the command's. A command is recorded with its
literals as they came."""

import base64
import binascii
import re
import threading

from deflated import Deflated
from smtp_upstream import Session, Upstream

CAPABILITIES = ("IMAP4rev1", "SASL-IR", "LITERAL+", "ENABLE", "ID", "IDLE", "NAMESPACE", "UIDPLUS", "MOVE", "UNSELECT",
                "AUTH=PLAIN", "AUTH=LOGIN")
LITERAL = re.compile(rb"~?\{(\d+)(\+?)\}$")
SECTION = re.compile(rb"BODY(?:\.PEEK)?\[(TEXT|HEADER|)\](?:<(\d+)\.(\d+)>)?$")
SAVES = re.compile(rb"RETURN \(SAVE\) ([\d:,*]+)(?: UID \S+)?")  # of a set of numbers
ITEM = re.compile(rb"[A-Z0-9.]+(?:\[[^]]*\](?:<[^>]*>)?)?", re.I)


class Mailbox:
    """Messages as [UID, octets, flags], in order. Sessions may share it. uidnext is what SELECT tells."""

    def __init__(self, messages, first_uid=101, uidvalidity=7, uidnext=None):
        self.uidnext = uidnext
        self.messages = [[first_uid + n, m, set()] for n, m in enumerate(messages)]
        self.gone, self.appended, self.lock, self.uidvalidity = [], [], threading.Lock(), uidvalidity
        self.moved = []  # to another mailbox, as they were here

    def deliver(self, messages):
        with self.lock:
            for message in messages:
                self.messages.append([self.uidnext, message, set()])
                self.uidnext += 1

    def move(self, uids):
        """The numbers that went, as EXPUNGE tells them."""
        with self.lock:
            numbers = [n for n, m in enumerate(self.messages, 1) if m[0] in uids]
            self.moved += [m for m in self.messages if m[0] in uids]
            self.messages = [m for m in self.messages if m[0] not in uids]
        return [n - before for before, n in enumerate(numbers)]

    def expunge(self):
        """The numbers that went, as EXPUNGE tells them."""
        with self.lock:
            numbers = [n for n, m in enumerate(self.messages, 1) if b"\\Deleted" in m[2]]
            self.gone += [self.messages[n - 1][0] for n in numbers]
            self.messages = [m for m in self.messages if b"\\Deleted" not in m[2]]
        return [n - before for before, n in enumerate(numbers)]


def in_set(ranges, number, last):
    for part in ranges.split(b","):
        low, _, high = part.partition(b":")
        low, high = (last if end == b"*" else int(end) for end in (low, high or low))
        if min(low, high) <= number <= max(low, high):
            return True
    return False


def string(octets, quoted=False):
    if quoted and not re.search(rb"[\r\n\0]", octets):
        return b'"' + re.sub(rb'(["\\])', rb"\\\1", octets) + b'"'
    return b"{%d}\r\n" % len(octets) + octets


class ImapSession(Session):
    """One connection; `user` once it is authenticated, by `mechanism`."""

    def __init__(self, upstream, connection):
        super().__init__(upstream, connection)
        self.user, self.mechanism, self.selected, self.read_only = None, "", False, False
        self.tag, self.usual = b"*", b""
        self.deflated = None
        self.saved = []  # the UIDs that "$" stands for
        self.sent, self.cut = 0, upstream.cut  # octets, those after which the connection is cut

    def send(self, data):
        piece = data if self.cut is None else data[:self.cut - self.sent]
        self.sent += len(piece)
        for at in range(0, len(piece), self.upstream.pieces or len(piece) or 1):
            super().send(piece[at:at + (self.upstream.pieces or len(piece))])
        if self.sent == self.cut:
            self.close()

    def answer(self, verb, line, usual):
        self.usual = usual
        reply = self.upstream.replies.get(verb, usual)
        if callable(reply):
            reply = reply(self, line)
        if reply is not None:
            reply = reply.replace(b"%s", self.tag) if reply is not usual else reply
            self.send(reply)
        return reply is not None and b"\r\n" + self.tag + b" OK" in b"\r\n" + reply

    def done(self, text=b"done"):
        return self.tag + b" OK " + text + b"\r\n"

    def whole_command(self):
        """A command with its literals, each asked for where it has to be."""
        command = line = self.line()
        while found := LITERAL.search(line):
            if not found[2] and not self.answer_continue(command):
                return command
            octets = self.take(int(found[1]))
            line = self.line()
            command += b"\r\n" + octets + line
        return command

    def answer_continue(self, command):
        """False: the literal was refused."""
        self.tag = command.split(b" ")[0]
        reply = self.upstream.replies.get("+", b"+ go on\r\n")
        if callable(reply):
            reply = reply(self, command)
        self.send((reply or b"").replace(b"%s", self.tag))
        return reply is None or reply.startswith(b"+")

    def serve(self, greet=True):
        if greet:
            self.answer("GREETING", b"", b"* OK [CAPABILITY " + self.offered() + b"] upstream.example.org ready\r\n")
        while True:
            command = self.whole_command()
            self.commands.append(command)
            self.tag, verb, *rest = command.split(b" ", 2)
            argument = rest[0] if rest else b""
            if verb.upper() == b"UID":
                verb, argument = b"UID " + argument.partition(b" ")[0], argument.partition(b" ")[2]
            name = verb.upper().decode("latin-1")
            handler = getattr(self, "do_" + name.lower().replace(" ", "_"), None)
            if handler is None:
                self.answer(name, command, self.tag + b" BAD unknown\r\n")
            elif handler(command, argument) == "end":
                return

    def offered(self):
        capabilities = list(self.upstream.capabilities)
        if self.upstream.tls == "starttls" and self.plain is None:
            capabilities.append("STARTTLS")
        return " ".join(capabilities).encode()

    # Before the login.

    def do_capability(self, line, _):
        self.answer("CAPABILITY", line, b"* CAPABILITY " + self.offered() + b"\r\n" + self.done())

    def do_starttls(self, line, _):
        if self.answer("STARTTLS", line, self.done(b"begin TLS")) and self.plain is None:
            self.start_tls()

    def do_login(self, line, argument):
        words = [m[1] or m[2] or m[0] for m in
                 re.finditer(rb'"((?:[^"\\]|\\.)*)"|\{\d+\+?\}\r\n(\S+)|[^ ]+', argument, re.S)]
        right = len(words) == 2 and self.is_password(*words)
        self.enter("LOGIN", line, words[0] if words else b"", "LOGIN", right)

    def do_authenticate(self, line, argument):
        name, _, initial = argument.partition(b" ")
        try:
            if name.upper() == b"PLAIN":
                _, user, password = self.challenge(b"", initial).split(b"\0")
            else:
                user = self.challenge(b"Username:", initial)
                password = self.challenge(b"Password:")
        except (ValueError, binascii.Error):
            self.answer("AUTHENTICATE", line, self.tag + b" BAD cancelled\r\n")
        else:
            self.enter("AUTHENTICATE", line, user, name.decode(), self.is_password(user, password))

    def challenge(self, data, initial=b""):
        """The client's response, decoded; ValueError when it cancels."""
        if not initial:
            self.send(b"+ " + base64.b64encode(data) + b"\r\n")
            initial = self.line()
            self.credentials.append(initial)
        return base64.b64decode(b"" if initial == b"=" else initial, validate=True)

    def is_password(self, user, password):
        return self.upstream.users.get(user.decode("utf-8", "replace")) == password.decode("utf-8", "replace")

    def enter(self, verb, line, user, mechanism, right):
        if not right:
            self.answer(verb, line, self.tag + b" NO [AUTHENTICATIONFAILED] not you\r\n")
        elif self.answer(verb, line, self.done(b"[CAPABILITY " + self.offered() + b"] logged in")):
            self.user, self.mechanism = user.decode(), mechanism

    # Mailboxes.

    @property
    def box(self):
        return self.upstream.mailbox

    def do_select(self, line, _, verb="SELECT", access=b"READ-WRITE"):
        data = (b"* FLAGS (\\Seen \\Deleted)\r\n* OK [PERMANENTFLAGS (\\Seen \\Deleted \\*)] flags\r\n* %d EXISTS\r\n"
                b"* 0 RECENT\r\n* OK [UIDVALIDITY %d] valid\r\n" % (len(self.box.messages), self.box.uidvalidity))
        if self.box.uidnext is not None:
            data += b"* OK [UIDNEXT %d] next\r\n" % self.box.uidnext
        self.selected = self.answer(verb, line, data + self.done(b"[" + access + b"] selected"))
        self.read_only = access == b"READ-ONLY"

    def do_examine(self, line, argument):
        self.do_select(line, argument, "EXAMINE", b"READ-ONLY")

    def do_close(self, line, _):
        if not self.read_only:
            self.box.expunge()
        self.selected = not self.answer("CLOSE", line, self.done())

    def do_unselect(self, line, _):
        self.selected = not self.answer("UNSELECT", line, self.done())

    def do_list(self, line, _):
        self.answer("LIST", line, b'* LIST () "/" INBOX\r\n' + self.done())

    def do_noop(self, line, _):
        self.answer("NOOP", line, self.done())

    def do_id(self, line, _):
        self.answer("ID", line, b'* ID ("name" "upstream")\r\n' + self.done())

    def do_enable(self, line, argument):
        self.answer("ENABLE", line, b"* ENABLED " + argument + b"\r\n" + self.done())

    def do_idle(self, line, _):
        usual = b"+ idling\r\n"
        reply = self.upstream.replies.get("IDLE", usual)
        reply = reply(self, line) if callable(reply) else reply
        if reply is not None:
            self.send(reply.replace(b"%s", self.tag))
        if reply is None or b"+" in reply:
            word = self.line()
            self.answer("DONE", word, self.done() if word.upper() == b"DONE" else self.tag + b" BAD no DONE\r\n")

    def do_append(self, line, argument):
        at, messages = 0, []
        while found := re.compile(rb"[^\r]*\{(\d+)\+?\}\r\n").match(argument, at):
            at = found.end() + int(found[1])
            messages.append(argument[found.end():at])
        self.box.appended += messages
        self.answer("APPEND", line, self.done(b"[APPENDUID 7 900] appended"))

    def do_compress(self, line, _):
        if self.answer("COMPRESS", line, self.done()):
            self.deflate()

    def deflate(self, cut=None):
        """All that follows is compressed either way; `deflated` is the socket that does it."""
        self.socket = self.deflated = Deflated(self.socket, bytes(self.buffer), cut)
        self.buffer.clear()

    def do_expunge(self, line, _):
        gone = b"".join(b"* %d EXPUNGE\r\n" % n for n in self.box.expunge())
        self.answer("EXPUNGE", line, gone + self.done())

    def do_logout(self, line, _):
        self.answer("LOGOUT", line, b"* BYE bye\r\n" + self.done())
        return "end"

    # Messages.

    def do_search(self, line, argument):
        """Any other search than SAVES is as if it were unknown."""
        found = SAVES.fullmatch(argument)
        if found:
            self.saved = [message[0] for _, message in self.chosen(found[1], False)]
        self.answer("SEARCH", line, self.done() if found else self.tag + b" BAD unknown\r\n")

    def chosen(self, ranges, by_uid):
        """(number, [UID, octets, flags]) of each in the set."""
        messages = list(enumerate(self.box.messages, 1))
        if ranges == b"$":
            return [(n, m) for n, m in messages if m[0] in self.saved]
        last = (messages[-1][1][0] if by_uid else len(messages)) if messages else 0
        return [(n, m) for n, m in messages if in_set(ranges, m[0] if by_uid else n, last)]

    def do_fetch(self, line, argument, by_uid=False):
        ranges, _, what = argument.partition(b" ")
        names = ITEM.findall(what.strip(b"()"))
        if by_uid and b"UID" not in [n.upper() for n in names]:
            names = [b"UID", *names]
        try:
            data = b"".join(self.fetched(number, message, names) for number, message in self.chosen(ranges, by_uid))
            usual = data + self.done()
        except KeyError:
            usual = self.tag + b" BAD what is that?\r\n"
        self.answer("UID FETCH" if by_uid else "FETCH", line, usual)

    def do_uid_fetch(self, line, argument):
        self.do_fetch(line, argument, by_uid=True)

    def fetched(self, number, message, names):
        items = [self.item(message, name) for name in names]
        return b"* %d FETCH (" % number + b" ".join(self.upstream.order(items)) + b")\r\n"

    def item(self, message, name):
        uid, octets, flags = message
        found = SECTION.match(name.upper())
        if found:
            return self.content(message, found)
        known = {b"UID": b"%d" % uid, b"EMAILID": b"(M%d)" % uid, b"FLAGS": b"(" + b" ".join(sorted(flags)) + b")", b"RFC822.SIZE": b"%d" % len(octets),
                 b"INTERNALDATE": b'" 3-Nov-2025 10:00:00 +0100"', b"ENVELOPE": self.envelope(octets),
                 b"BODYSTRUCTURE": b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" %d 1)' % len(octets.partition(b"\r\n\r\n")[2])}
        return name.upper() + b" " + known[name.upper()]

    def envelope(self, octets):
        subject = re.search(rb"^Subject: (.*?)\r\n", octets, re.M)
        text = string(subject[1], quoted=not self.upstream.envelope_literals) if subject else b"NIL"
        return b"(NIL " + text + b" NIL NIL NIL NIL NIL NIL NIL NIL)"

    def content(self, message, found):
        header, empty, text = message[1].partition(b"\r\n\r\n")
        octets = {b"": message[1], b"TEXT": text, b"HEADER": header + empty}[found[1]]
        name = b"BODY[" + found[1] + b"]"
        if found[2]:
            octets = octets[int(found[2]):int(found[2]) + int(found[3])]
            name += b"<" + found[2] + b">"
        if b"PEEK" not in found[0] and not self.read_only:
            message[2].add(b"\\Seen")
        return name + b" " + string(octets, self.upstream.quoted)

    def do_store(self, line, argument, verb="STORE"):
        ranges, operation, flags = argument.split(b" ", 2)
        for _, message in self.chosen(ranges, verb != "STORE"):
            change = message[2].update if operation[:1] == b"+" else message[2].difference_update
            change(flags.strip(b"()").split())
        self.answer(verb, line, self.done())

    def do_uid_store(self, line, argument):
        self.do_store(line, argument, "UID STORE")

    def do_uid_move(self, line, argument):
        ranges, _, _ = argument.partition(b" ")
        uids = [message[0] for _, message in self.chosen(ranges, True)]
        first = len(self.box.moved) + 1
        gone = b"".join(b"* %d EXPUNGE\r\n" % n for n in self.box.move(uids))
        copied = b"* OK [COPYUID 9 %s %d:%d] moved\r\n" % (ranges, first, first + len(uids) - 1) if uids else b""
        self.answer("UID MOVE", line, copied + gone + self.done())


class ImapUpstream(Upstream):
    """Listens on a free port of 127.0.0.1. Who may enter: {user: password}."""

    session_type = ImapSession

    def __init__(self, messages=(), *, users=None, capabilities=CAPABILITIES, cut=None, pieces=None, order=None,
                 quoted=False, envelope_literals=False, **options):
        self.mailbox = messages if isinstance(messages, Mailbox) else Mailbox(messages)
        self.users = {"user": "secret"} if users is None else users
        self.capabilities, self.cut, self.pieces = capabilities, cut, pieces
        self.order, self.quoted, self.envelope_literals = order or (lambda items: items), quoted, envelope_literals
        super().__init__(**options)

    def held(self):
        return [octets for _, octets, _ in self.mailbox.messages]

    def said(self, index=-1):
        """The commands of one session so far, without their tags."""
        return [line.partition(b" ")[2].decode("utf-8", "backslashreplace") for line in self.sessions[index].commands]
