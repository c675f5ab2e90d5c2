#!/usr/bin/python3
"""Conversations of tests/transcripts with changes that nobody thought of, at either
end: octets, lines and turns changed, left out, said again, or taken from another
conversation. Whatever comes, gatepost goes on, every session ends once both its ends
are gone, and the conversation as it is written down goes as before.

    GATEPOST_TEST_SESSIONS=N, how many of each transcript: 1 without it, of some
    GATEPOST_TEST_SEED=N, another choice; a failure says its own
"""

import contextlib
import itertools
import os
import random
import selectors
import socket
import struct
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))

from gatepost_test import PATIENCE, Tests, expect  # noqa: E402
from transcript import CLIENT_SAYS, CUTS, UPSTREAM_SAYS, Player, load  # noqa: E402

tests = Tests()
SESSIONS = int(os.environ.get("GATEPOST_TEST_SESSIONS", "0"))
SEED = int(os.environ.get("GATEPOST_TEST_SEED", "1"))
SAMPLE = 12  # transcripts of each protocol, where the number of sessions is not said
LONGEST = 64 * 1024  # octets of a turn
QUIET = 0.004  # seconds without an answer: the next turn is said
PEACES = ("C end", "U close", "U reset")
# What means something in some place of some protocol.
WORDS = (b"\r\n", b"\n", b"\r", b"\0", b" ", b"\r\n.\r\n", b".\r\n", b"{5}\r\n", b"{0+}\r\n", b"~{3}\r\n", b"{4294967296}\r\n", b'"',
         b"\\", b"(", b")", b"[", b"]", b"<", b">", b"*", b"+ ", b"* ", b"NIL", b"-1", b"0", b"4294967295", b"1:*", b"$", b"\xff",
         b"\xc3\x28", b"AUTH PLAIN ", b"STARTTLS\r\n", b"STLS\r\n", b"RSET\r\n", b"BDAT 5 LAST\r\n", b"BDAT 0\r\n", b"DATA\r\n",
         b"QUIT\r\n", b"354 go\r\n", b"421 4.3.2 no\r\n", b"250-", b"-ERR no\r\n", b"+OK\r\n", b"* BYE no\r\n", b"IDLE\r\n",
         b"DONE\r\n", b"UID FETCH 1:* (BODY[])\r\n", b"* 3 EXISTS\r\n", b"* 1 EXPUNGE\r\n", b"* 1 FETCH (BODY[] {3}\r\nabc)\r\n",
         b"COMPRESS DEFLATE\r\n", b"* VANISHED 1:5\r\n")


def turns(transcript):
    """[(who, octets)] in their order, who being "C" or "U"; and ends of connections."""
    found = []
    for step in transcript.steps:
        for who, kinds in (("C", CLIENT_SAYS), ("U", UPSTREAM_SAYS)):
            if step.kind in kinds:
                found.append((who, Player.octets_of(step)[:LONGEST]))
        if step.kind in PEACES:
            found.append((step.kind, b""))
    return found


def changed_octets(chance, data):
    at, length = chance.randint(0, len(data)), chance.choice((0, 0, 1, 2, 8, 64))
    if chance.random() < 0.2:  # from here to the same place of another line
        length = max(0, data.find(b"\r\n", at) + 2 - at)
    new = chance.choice((b"", chance.choice(WORDS), chance.choice(WORDS), bytes([chance.randrange(256)]),
                         data[at:at + length] * chance.choice((2, 3, 300))))
    return data[:at] + new + data[at + length:]


def mutate(chance, script, others):
    script = list(script)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(script))
        who, data = script[at]
        way = chance.randrange(8)
        if way < 4:
            script[at] = (who, changed_octets(chance, data))
        elif way == 4:
            del script[at]
        elif way == 5:
            script.insert(chance.randint(0, len(script)), script[at])
        elif way == 6:
            script.insert(at, chance.choice(chance.choice(others)))
        else:
            script.insert(at, (chance.choice(PEACES), b""))
        if not script:
            return [("C end", b"")]
    return script


class Ends:
    """Both ends of one session."""

    def __init__(self, gatepost, listening):
        self.ready, self.listening = selectors.DefaultSelector(), listening
        self.client, self.server = socket.create_connection(gatepost.address), None
        self.opened = [self.client]
        self.ready.register(self.client, selectors.EVENT_READ)
        self.ready.register(listening, selectors.EVENT_READ)

    def hear(self):
        """All that comes, until nothing does."""
        while events := self.ready.select(QUIET):
            for key, _ in events:
                if key.fileobj is self.listening:
                    self.accept()
                else:
                    self.take(key.fileobj)

    def accept(self):
        with contextlib.suppress(BlockingIOError):
            connection = self.listening.accept()[0]
            self.server = connection  # an earlier one goes on to be read
            self.opened.append(connection)
            self.ready.register(connection, selectors.EVENT_READ)

    def take(self, end):
        with contextlib.suppress(BlockingIOError, ConnectionError):
            if end.recv(262144, socket.MSG_DONTWAIT):
                return
        self.forget(end)

    def say(self, end, data, chance):
        """As far as it is taken: an end that does not read is none that we wait for."""
        with contextlib.suppress(OSError):
            cut = chance.randint(0, len(data))
            for piece in (data[:cut], data[cut:]):
                end.send(piece, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)

    def play(self, script, chance):
        for who, data in script:
            end = self.client if who[0] == "C" else self.server
            if end is None:
                continue
            if data:
                self.say(end, data, chance)
            else:
                self.part(end, who)
            self.hear()

    def part(self, end, how):
        with contextlib.suppress(OSError):
            if how == "U reset":
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.forget(end)
                end.close()
            else:
                end.shutdown(socket.SHUT_WR)

    def forget(self, end):
        with contextlib.suppress(KeyError):
            self.ready.unregister(end)

    def close(self, chance):
        """Whoever is left goes, in one way or another."""
        self.accept()
        for end in self.opened:
            if end.fileno() >= 0:
                self.part(end, chance.choice(PEACES))
                end.close()
        self.ready.close()


def sessions(gatepost, step):
    return {line["session"] for line in gatepost.events("step", step=f"^{step}$")}


def await_ends(gatepost, listening, count):
    """All sessions end: of those that the upstream was connected to too late, that end goes here."""
    until = time.monotonic() + PATIENCE
    listening.settimeout(0.05)
    while len(sessions(gatepost, "close")) < count:
        expect(time.monotonic() < until, "sessions that do not end",
               sessions(gatepost, "accept_client") - sessions(gatepost, "close"), f"seed {SEED}")
        drop_connection(listening)
    listening.setblocking(False)
    while drop_connection(listening):
        pass


def drop_connection(listening):
    with contextlib.suppress(BlockingIOError, TimeoutError):
        listening.accept()[0].close()
        return True
    return False


def play(transcript, others):
    def test(t):
        gatepost, upstream = transcript.start(t)
        upstream.listener.setblocking(False)
        script = turns(transcript)
        count = SESSIONS or 1
        for number in range(count):
            chance = random.Random(f"{SEED} {transcript.name} {number}")
            ends = Ends(gatepost, upstream.listener)
            try:
                ends.play(mutate(chance, script, others), chance)
            finally:
                ends.close(chance)
            expect(not gatepost.ended, "gatepost ended", f"seed {SEED}, session {number}")
        await_ends(gatepost, upstream.listener, count)
        Player(t, transcript, gatepost, upstream, CUTS[0]).play()
    return test


def chosen(transcripts):
    if SESSIONS > 0:
        return transcripts
    return sorted(random.Random(SEED).sample(transcripts, min(SAMPLE, len(transcripts))), key=lambda one: one.name)


def add_tests():
    transcripts = [one for one in load(os.path.join(HERE, "transcripts")) if turns(one)]
    for protocol, some in itertools.groupby(sorted(transcripts, key=lambda one: one.protocol), lambda one: one.protocol):
        some = list(some)
        others = [turns(one) for one in some]
        for one in chosen(some):
            tests.add(f"{protocol}: {one.name}, with changes", play(one, others))


add_tests()
tests.run()
