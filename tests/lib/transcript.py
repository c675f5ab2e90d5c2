"""Conversations written down with both ends in one file, and played.

A transcript has a header of `name: value` lines, a blank line, and steps in the
order of their happening:

    C: text      the client sends the line, with CRLF
    C= bytes     the client sends just these, with escapes as in Python
    C* N text    the client sends the line N times
    C end        the client closes its sending direction
    S: text      the client receives the line
    S~ pattern   … a line that fits the regular expression
    S= bytes     … just these
    S* N text    … N times the line
    S% A, B 10   … a 250 reply whose keywords are these, in any order; of POP3, the
                 lines of a reply up to the dot
    S until text the client receives lines up to this one
    S end        the client sees the connection close, with nothing before that
    U< text      the upstream receives the line
    U~ pattern   … a line that fits
    U* N text    … N times the line
    U message    the upstream receives a message by DATA or BDAT; the lines
                 that follow, `U| text` with CRLF or `U|= bytes`, are its content
    U until text the upstream receives lines up to this one
    U> text      the upstream sends the line, with CRLF
    U= bytes     the upstream sends just these
    U>* N text   the upstream sends the line N times
    U close      the upstream closes; U reset: by RST
    U end        the upstream sees the connection close (of SMTP, QUIT or RSET may come
                 before)

`include NAME` takes the steps of NAME.part. A line that begins with # is a comment.

Header:
    about: what is shown
    protocol: smtp, lmtp, pop3 or imap
    config: a path in the configuration and its value in JSON; what begins with
        `listener.` is the listener's, as listener.bare_newlines = "normalise"
    rule: one line for rules.yaml in place of the standard rules, or, for POP3 and
        IMAP, of no rules at all
    upstream: absent     nobody listens there
    trace: names of steps, which must have run in this order (others between them)
    log: a regular expression that some line of the log fits
    secret: what no line of the log may hold
    quarantined: bytes that are in quarantine at the end

Each transcript is played with what an end sends in one turn in one piece, byte
by byte, and cut at random. The result must be the same.
"""

import ast
import json
import os
import random
import re
import socket

from gatepost_test import STANDARD_RULES, Failure, await_event, expect, expect_equal
from smtp_upstream import PeerClosed

STEP = re.compile(r"(C:|C=|C\*|S:|S~|S=|S%|S\*|U<|U~|U\*|U>\*|U>|U=|U\|=|U\|)(?: (.*)|)$")
EVENTS = ("C end", "S end", "U message", "U close", "U reset", "U end")
CLIENT_SAYS, UPSTREAM_SAYS = ("C:", "C=", "C*"), ("U>", "U>*", "U=")
UNTIL, CLIENT_UNTIL = "U until ", "S until "
# Above this a turn is no longer sent byte by byte but in pieces up to PIECE_MAX.
BYTEWISE_MAX = 64 * 1024
PIECE_MAX = 8192


def escaped(text):
    """b"\\0" and the like; other characters stand for themselves, in UTF-8."""
    quoted = text.replace('"', r"\"").encode("unicode_escape").replace(b"\\\\", b"\\")
    raw = ast.literal_eval('"' + quoted.decode("ascii") + '"')
    return b"".join(c.encode("latin-1" if c < "\u0100" else "utf-8") for c in raw)


class Cut:
    """How a turn is cut into pieces."""

    def __init__(self, name, seed=0):
        self.name, self.random = name, random.Random(seed)

    def pieces(self, data):
        if self.name == "whole":
            return [data]
        longest = 1 if self.name == "bytes" else max(2, min(len(data), PIECE_MAX) // 2)
        if len(data) > BYTEWISE_MAX:
            longest = PIECE_MAX
        pieces, at = [], 0
        while at < len(data):
            size = self.random.randint(1, longest)
            pieces.append(data[at:at + size])
            at += size
        return pieces


CUTS = [Cut("whole"), Cut("bytes"), Cut("random", 20231218)]


class Step:
    def __init__(self, kind, text, place):
        self.kind, self.text, self.place = kind, text, place

    def __repr__(self):
        return f"{self.place}: {self.kind} {self.text}"


class Transcript:
    def __init__(self, path):
        self.path, self.name = path, os.path.splitext(os.path.basename(path))[0]
        self.header = {"about": [], "protocol": ["smtp"], "config": [], "rule": [], "upstream": [], "trace": [],
                       "log": [], "secret": [], "quarantined": []}
        with open(path, encoding="utf-8") as f:
            lines = f.read().split("\n")
        blank = lines.index("")
        for line in lines[:blank]:
            self._read_header(line)
        self.steps = self._read_steps(path, lines[blank + 1:], blank + 2)

    def _read_header(self, line):
        if line.startswith("#"):
            return
        name, colon, value = line.partition(":")
        assert colon and name in self.header, f"{self.path}: no header line: {line}"
        if name == "protocol":
            self.header[name] = []
        self.header[name].append(value.strip())

    def _read_steps(self, path, lines, first):
        steps = []
        for number, line in enumerate(lines, first):
            place = f"{os.path.basename(path)}:{number}"
            found = STEP.match(line)
            if line in EVENTS:
                steps.append(Step(line, "", place))
            elif line.startswith((UNTIL, CLIENT_UNTIL)):
                steps.append(Step(line[:len(UNTIL)], line[len(UNTIL):], place))
            elif line.startswith("include "):
                part = os.path.join(os.path.dirname(path), line.split()[1] + ".part")
                with open(part, encoding="utf-8") as f:
                    steps += self._read_steps(part, f.read().split("\n"), 1)
            elif found:
                steps.append(Step(found.group(1), found.group(2) or "", place))
            else:
                assert not line or line.startswith("#"), f"{place}: no step: {line}"
        return steps

    @property
    def about(self):
        return f"{self.name}: {self.header['about'][0]}"

    @property
    def protocol(self):
        return self.header["protocol"][0]

    def changes(self):
        """What the header changes in the standard configuration."""
        changes = {"listener": {"protocol": self.protocol}}
        for line in self.header["config"]:
            path, _, value = line.partition(" = ")
            *folders, key = path.split(".")
            node = changes
            for folder in folders:
                node = node.setdefault(folder, {})
            node[key] = json.loads(value)
        return changes

    def rules(self):
        """Those of the header, if there are any."""
        return "rules:\n" + "\n".join("- " + r for r in self.header["rule"]) if self.header["rule"] else None

    def start(self, t):
        """(the gatepost, the upstream) for this transcript."""
        upstream = t.upstream(served=False)
        if "absent" in self.header["upstream"]:
            upstream.stop()
        changes = self.changes()
        listener = changes.pop("listener")
        if self.protocol == "pop3":
            return t.pop3_gatepost(upstream, changes, listener, rules=self.rules()), upstream
        if self.protocol == "imap":
            return t.imap_gatepost(upstream, changes, listener, rules=self.rules()), upstream
        return t.gatepost(upstream, changes, listener, rules=self.rules() or STANDARD_RULES), upstream


class Player:
    """One playing of a transcript."""

    def __init__(self, t, transcript, gatepost, upstream, cut):
        self.transcript, self.gatepost, self.upstream, self.cut = transcript, gatepost, upstream, cut
        self.client = t.client(gatepost)
        self.session = None
        self.log_began = len(gatepost.log)

    def server(self):
        if self.session is None:
            self.session = self.upstream.accept()
        return self.session

    def play(self):
        steps = list(self.transcript.steps)
        while steps:
            step = steps.pop(0)
            try:
                self._play_one(step, steps)
            except (AssertionError, OSError, PeerClosed) as error:
                raise Failure(f"{step} ({self.cut.name}): {type(error).__name__} {error}") from None
        self._check_log()

    def _play_one(self, step, rest):
        if step.kind in CLIENT_SAYS:
            self._say(step, rest, CLIENT_SAYS, self.client.send)
        elif step.kind in UPSTREAM_SAYS:
            self._say(step, rest, UPSTREAM_SAYS, self.server().send)
        elif step.kind[0] == "S":
            self._hear_client(step)
        elif step.kind == "C end":
            self.client.socket.shutdown(socket.SHUT_WR)
        else:
            self._hear_upstream(step, rest)

    @staticmethod
    def octets_of(step):
        if step.kind[1] == "=":
            return escaped(step.text)
        if step.kind[-1] == "*":
            count, _, text = step.text.partition(" ")
            return (text.encode() + b"\r\n") * int(count)
        return step.text.encode() + b"\r\n"

    def _say(self, step, rest, kinds, send):
        """A turn: all lines that the same end says in a row."""
        turn = self.octets_of(step)
        while rest and rest[0].kind in kinds:
            turn += self.octets_of(rest.pop(0))
        for piece in self.cut.pieces(turn):
            send(piece)

    def _hear_client(self, step):
        if step.kind == "S end":
            expect_equal(self.client.until_closed(), b"", "before the close")
        elif step.kind == CLIENT_UNTIL:
            while self.client.line() != step.text.encode():
                pass
        elif step.kind in ("S=", "S*"):
            wanted = self.octets_of(step)
            got = self.client.take(len(wanted))
            expect(got == wanted, "other octets than were sent", got)
        elif step.kind == "S%":
            expect_equal(sorted(self._keywords()), sorted(k for k in step.text.split(", ") if k), "keywords")
        else:
            self._compare(step, self.client.line())

    def _keywords(self):
        if self.transcript.protocol != "pop3":
            reply = self.client.reply()
            expect_equal(reply.code, 250, "code")
            return reply.lines[1:]
        lines = []
        while lines[-1:] != ["."]:
            lines.append(self.client.line().decode())
        return lines[:-1]

    @staticmethod
    def _compare(step, line):
        if step.kind[1] == "~":
            expect(re.search(step.text.encode(), line), f"{line!r} does not fit")
        else:
            expect_equal(line, step.text.encode(), "line")

    def _hear_upstream(self, step, rest):
        session = self.server()
        if step.kind == "U message":
            self._hear_message(session, rest)
        elif step.kind == UNTIL:
            while session.line() != step.text.encode():
                pass
        elif step.kind == "U*":
            wanted = self.octets_of(step)
            expect(session.take(len(wanted)) == wanted, "other bytes than were sent")
        elif step.kind == "U end":
            session.wait_closed()
            farewells = (b"QUIT\r\n", b"RSET\r\n", b"RSET\r\nQUIT\r\n") if self.transcript.protocol in ("smtp", "lmtp") else ()
            expect(bytes(session.buffer) in (b"", *farewells), f"{bytes(session.buffer)!r} before the close")
        elif step.kind in ("U close", "U reset"):
            try:
                session.close() if step.kind == "U close" else session.reset()
            except PeerClosed:
                pass
        else:
            self._compare(step, session.line())

    def _hear_message(self, session, rest):
        wanted = b""
        while rest and rest[0].kind in ("U|", "U|="):
            step = rest.pop(0)
            wanted += escaped(step.text) if step.kind == "U|=" else step.text.encode() + b"\r\n"
        line = session.line()
        if line == b"DATA":
            session.send(b"354 go ahead\r\n")
            got = session.take_data()
        else:
            got = self._hear_chunks(session, line)
        expect_equal(got, wanted, "message")

    @staticmethod
    def _hear_chunks(session, line):
        got = b""
        while True:
            words = line.split()
            expect(words[0] == b"BDAT", f"neither DATA nor BDAT: {line!r}")
            got += session.take(int(words[1]))
            if len(words) > 2:
                return got
            session.send(b"250 2.0.0 chunk taken\r\n")
            line = session.line()

    def _trace_fits(self):
        names = iter(self.gatepost.steps(self.log_began))
        return all(name in names for name in " ".join(self.transcript.header["trace"]).split())

    def _check_log(self):
        header, lines = self.transcript.header, self.gatepost.lines
        if header["trace"]:
            await_event(self.gatepost.changed, self._trace_fits, f"these steps in this order: {header['trace']}")
        for pattern in header["log"]:
            await_event(self.gatepost.changed, lambda: any(re.search(pattern, line) for line in lines),
                        f"a line of the log that fits {pattern}")
        for secret in header["secret"]:
            expect(not any(secret in line for line in lines), f"{secret} is in the log")
        for token in header["quarantined"]:
            expect(self.gatepost.quarantined(token.encode()) > 0, f"{token} is not in quarantine")


def load(folder):
    names = sorted(n for n in os.listdir(folder) if n.endswith(".txt"))
    return [Transcript(os.path.join(folder, n)) for n in names]

