#!/usr/bin/python3
"""What fails behind and before gatepost while mail is fetched by POP3: a server
that goes, that is silent, or that answers with what is no answer, at each point of
the dialogue; a client that goes or does not read; a disk that is full, a scanner
that dies. Whatever it is: no message seems whole that is not, nothing is deleted
that the client did not have deleted, and the next client is served.

    GATEPOST=src/gatepost python3 tests/pop3_faults.py [WORD…]"""

import os
import select
import signal
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import Tests, expect, expect_equal, is_sanitized  # noqa: E402
from pop3_upstream import Maildrop, head  # noqa: E402
from smtp_client import Closed  # noqa: E402
from smtp_upstream import PeerClosed  # noqa: E402

tests = Tests()

SHORT = "300ms"
MESSAGE = b"Subject: hello\r\n\r\n.good day\r\n"
TAGGED = b"Subject: please tag\r\n\r\nthis one\r\n"
RULES = r"""rules:
- { name: TAG, when: { header: { name: Subject, matches: '/please tag/' } }, then: tag }
- { name: STRIP, when: { attachment: { extension: [exe] } }, then: strip }
"""
WAYS = [("without rules", None), ("with rules", RULES)]
QUICK = {"log": {"level": "info"}, "upstreams": {"mta": {"rest": "0s"}}}


def expect_works(t, gatepost, message=MESSAGE):
    """Another client is served as if nothing had happened."""
    client = t.pop3_client(gatepost)
    client.login()
    expect_equal(client.retrieve(1), message, "a healthy message")
    client.quit()


# A server that goes.

DIALOGUE = [("USER user", False), ("PASS secret", False), ("STAT", False), ("LIST", True), ("UIDL", True),
            ("RETR 1", True), ("TOP 1 0", True), ("RETR 2", True), ("DELE 1", False), ("NOOP", False), ("QUIT", False)]


def dialogue(client):
    """[(status line, octets of the lines behind it or None when they did not end)…],
    as far as it goes."""
    heard = []
    try:
        heard.append((client.reply().line, b""))
        for command, many in DIALOGUE:
            status = client.command(command)
            heard.append((status.line, None))
            heard[-1] = (status.line, client.octets() if many and status.ok else b"")
        client.until_closed()
    except (Closed, OSError):
        pass
    return heard


def fresh_maildrop(number):
    """Two messages whose UIDs no session before has seen."""
    return Maildrop({f"n{number:04}-1": MESSAGE, f"n{number:04}-2": TAGGED})


def expect_truthful(heard, truth, number):
    """What was heard is the beginning of the truth; then at most a refusal for now."""
    own = f"n{number:04}".encode()
    for index, (line, lines) in enumerate(heard):
        wanted_line, wanted_lines = truth[index]
        if line == wanted_line and lines is not None:
            expect_equal(lines.replace(own, b"n0000"), wanted_lines, f"cut after {number}: lines of reply {index}")
        elif line != wanted_line:
            expect(line.startswith(b"-ERR [SYS/TEMP] "), f"cut after {number}: reply {index}", line)
            expect_equal(index, len(heard) - 1, f"cut after {number}: replies after a refusal for now")


def expect_no_more_than_said(upstream, number, heard):
    """Gatepost may ask on its own, but ends and deletes nothing by itself."""
    session = upstream.sessions[-1]
    wanted = [b"USER user", b"PASS secret", b"DELE 1", b"QUIT"]
    acts = (b"USER", b"PASS", b"APOP", b"AUTH", b"DELE", b"RSET", b"QUIT")
    got = [command for command in session.commands if command.split()[0] in acts]
    expect_equal(got, wanted[:len(got)], f"cut after {number}: commands")
    gone = upstream.maildrop.gone
    expect(len(heard) >= len(DIALOGUE) or not gone, f"cut after {number}: deleted", gone)


def goes_anywhere(rules):
    def test(t):
        upstream = t.pop3_upstream(fresh_maildrop(0))
        gatepost = t.pop3_gatepost(upstream, QUICK, rules=rules)
        truth = dialogue(t.pop3_client(gatepost))
        expect_equal(len(truth), len(DIALOGUE) + 1, "replies of a whole session")
        octets = upstream.sessions[0].sent  # with rules more than the client hears: gatepost asks on its own
        expect(octets > 200, "octets of the upstream", octets)
        for number in range(1, octets):
            upstream.maildrop, upstream.cut = fresh_maildrop(number), number
            client = t.pop3_client(gatepost)
            heard = dialogue(client)
            client.close()
            upstream.wait_idle()
            expect_truthful(heard, truth, number)
            expect_no_more_than_said(upstream, number, heard)
        upstream.maildrop, upstream.cut = fresh_maildrop(octets), None
        expect_works(t, gatepost)
    return test


for way, rules in WAYS:
    tests.add(f"{way}: a server that goes after the nth octet, for each n of a session", goes_anywhere(rules))


# A server that is silent. With rules, gatepost asks on its own, or has the answer itself.

ASKED = {None: [command.split()[0] for command, _ in DIALOGUE],
         RULES: ["USER", "PASS", "LIST", "UIDL", "RETR", "DELE", "NOOP", "QUIT"]}


def expect_refused_at_last(heard):
    """No answer is invented: what is heard last is a refusal for now."""
    expect(heard and heard[-1][0].startswith(b"-ERR [SYS/TEMP] "), "the last reply", heard[-2:])


def silent(verb, rules):
    """The client is told; nothing is waited for without end."""
    def test(t):
        upstream = t.pop3_upstream([MESSAGE], replies={verb: lambda s, _: s.hang()})
        changes = {"timeouts": {"greeting": SHORT, "command": SHORT}, "pop3": {"scan_budget": "20s"}}
        gatepost = t.pop3_gatepost(upstream, changes, rules=rules)
        expect_refused_at_last(dialogue(t.pop3_client(gatepost)))
        upstream.wait_idle()
        expect(verb == "QUIT" or not upstream.maildrop.gone, "deleted", upstream.maildrop.gone)
        del upstream.replies[verb]
        upstream.maildrop = Maildrop([MESSAGE])
        expect_works(t, gatepost)
    return test


for way, rules in WAYS:
    for verb in dict.fromkeys(["GREETING", *ASKED[rules]]):
        tests.add(f"R08: {way}: timeouts: a server that does not answer {verb}", silent(verb, rules))


def stops_in_message(rules):
    def test(t):
        def half(session, _):
            session.send(session.usual[:-8])
            session.hang()
        upstream = t.pop3_upstream([MESSAGE], replies={"RETR": half})
        changes = {"timeouts": {"data_block": "2s"}, "pop3": {"scan_budget": SHORT, "patience": SHORT}}
        gatepost = t.pop3_gatepost(upstream, changes, rules=rules)
        client = t.pop3_client(gatepost)
        client.login()
        expect(whole_reply(client, "RETR 1") is None, "a whole message")
        upstream.wait_idle()
        expect(b"QUIT" not in upstream.sessions[0].commands, "QUIT at the upstream")
        del upstream.replies["RETR"]
        expect_works(t, gatepost)
    return test


def whole_reply(client, command):
    """The lines of a reply, None when it did not end or was a refusal for now."""
    try:
        status = client.command(command)
        if status.ok:
            return client.octets()
        expect(status.text.startswith("[SYS/TEMP] "), "reply", status)
    except Closed:
        pass
    return None


for way, rules in WAYS:
    tests.add(f"R08: {way}: timeouts: a server that stops in the middle of a message", stops_in_message(rules))


# A server whose answers are none.

def answered_then_reset(session, _):
    session.send(b"+OK hos")
    session.reset()


def endless_line(session, _):
    session.send(b"+OK ")
    while True:
        session.send(b"hostile" * 10000)


HOSTILE = [
    ("a bare LF", b"+OK hostile\n"),
    ("a bare CR", b"+OK hos\rtile\r\n"),
    ("a NUL", b"+OK hos\0tile\r\n"),
    ("no status", b"hostile\r\n"),
    ("a status in lower case", b"+ok hostile\r\n"),
    ("a status of another protocol", b"250 hostile\r\n"),
    ("an endless line", endless_line),
    ("half a reply and a reset", answered_then_reset),
    ("nothing but a close", lambda s, _: s.close()),
]


def hostile_answers(verb, rules):
    """Nothing of them is relayed, and the client is refused for now."""
    def test(t):
        upstream = t.pop3_upstream([MESSAGE])
        gatepost = t.pop3_gatepost(upstream, QUICK, rules=rules)
        for number, (what, answer) in enumerate(HOSTILE):
            upstream.maildrop, upstream.replies[verb] = fresh_maildrop(number), answer
            heard = dialogue(t.pop3_client(gatepost))
            expect(not any(b"host" in line or b"hos\rt" in line for line, _ in heard), f"{what} is relayed", heard)
            expect_refused_at_last(heard)
        del upstream.replies[verb]
        upstream.maildrop = fresh_maildrop(len(HOSTILE))
        expect_works(t, gatepost)
    return test


for way, rules in WAYS:
    for verb in dict.fromkeys(["GREETING", *ASKED[rules]]):
        tests.add(f"{way}: a server that answers {verb} with what is no answer", hostile_answers(verb, rules))


@tests
def challenge_out_of_turn(t):
    "a server that answers anything but AUTH with a challenge"
    upstream = t.pop3_upstream([MESSAGE])
    gatepost = t.pop3_gatepost(upstream, QUICK)
    for verb in ASKED[None]:
        upstream.maildrop, upstream.replies = Maildrop([MESSAGE]), {verb: b"+ hostile\r\n"}
        heard = dialogue(t.pop3_client(gatepost))
        expect(not any(b"hostile" in line for line, _ in heard), f"{verb}: it is relayed", heard)
        expect_refused_at_last(heard)


def answers_more(rules):
    """An answer to nothing is never taken for the answer to the next command."""
    def test(t):
        upstream = t.pop3_upstream([MESSAGE], replies={"NOOP": lambda s, _: s.usual + b"+OK hostile\r\n"})
        gatepost = t.pop3_gatepost(upstream, QUICK, rules=rules)
        client = t.pop3_client(gatepost)
        client.login()
        client.stat()
        client.send("NOOP\r\n")
        expect_equal(client.reply().line, b"+OK", "NOOP")
        send_what_it_takes(client, b"DELE 1\r\n")
        replies = client.replies_until_closed()
        expect(not any(r.ok for r in replies), "replies", replies)
        upstream.wait_idle()
        expect_equal(upstream.maildrop.gone, [], "deleted")
    return test


def send_what_it_takes(client, data):
    try:
        client.send(data)
    except OSError:
        pass


for way, rules in WAYS:
    tests.add(f"{way}: a server that speaks unasked is left", answers_more(rules))


@tests
def lists_that_lie(t):
    "a server whose LIST tells wrong sizes, twice the same number, or nonsense: what is retrieved has the size told"
    sizes = {"uid-1": 7, "uid-2": 4_000_000_000}
    upstream = t.pop3_upstream([MESSAGE, MESSAGE + b"x\r\n"], sizes=sizes)
    gatepost = t.pop3_gatepost(upstream, QUICK, rules=RULES)
    client = t.pop3_client(gatepost)
    client.login()
    told = client.sizes()
    expect_equal({n: len(client.retrieve(n)) for n in told}, told, "sizes")
    client.quit()


@tests
def no_uids(t):
    "with rules, before a server that knows no UIDL and no TOP, messages are judged and brought as always"
    upstream = t.pop3_upstream([MESSAGE, TAGGED], uidl=False, top=False, capabilities=None)
    gatepost = t.pop3_gatepost(upstream, QUICK, rules=RULES)
    client = t.pop3_client(gatepost)
    client.login()
    told = client.sizes()
    expect_equal(client.retrieve(1), MESSAGE, "message")
    tagged = client.retrieve(2)
    expect(tagged != TAGGED, "the other is not tagged", tagged)
    expect_equal(told, {1: len(MESSAGE), 2: len(tagged)}, "sizes")
    expect(not client.command("UIDL").ok, "UIDL")
    client.quit()


@tests
def same_uid_twice(t):
    "two messages that share a UID are each what they are"
    upstream = t.pop3_upstream([MESSAGE, TAGGED], replies={"UIDL": b"+OK\r\n1 same\r\n2 same\r\n.\r\n"})
    gatepost = t.pop3_gatepost(upstream, QUICK, rules=RULES)
    client = t.pop3_client(gatepost)
    client.login()
    told = client.sizes()
    expect_equal(client.retrieve(1), MESSAGE, "message")
    tagged = client.retrieve(2)
    expect(tagged != TAGGED, "the other is not tagged", tagged)
    expect_equal(told, {1: len(MESSAGE), 2: len(tagged)}, "sizes")


# A client that goes, or does not read.

LINE = b"one of very many lines, all alike\r\n"
LARGE = b"Subject: large\r\n\r\n" + LINE * 200_000


def client_goes(rules, leave):
    def test(t):
        upstream = t.pop3_upstream([MESSAGE, LARGE])
        gatepost = t.pop3_gatepost(upstream, QUICK, rules=rules)
        client = t.pop3_client(gatepost)
        client.login()
        client.retrieve(1)
        client.ok("DELE 1")
        client.ok("RETR 2")
        client.take(1000)
        leave(client)
        upstream.wait_idle()
        session = upstream.sessions[0]
        expect(b"QUIT" not in session.commands and b"DELE 2" not in session.commands, "said", session.commands)
        expect_equal(upstream.maildrop.gone, [], "deleted")
        expect_works(t, gatepost)
    return test


for way, rules in WAYS:
    tests.add(f"{way}: a client that closes in the middle of a message", client_goes(rules, lambda c: c.close()))
    tests.add(f"{way}: a client that resets in the middle of a message", client_goes(rules, lambda c: c.reset()))


def memory_peak(gatepost):
    """The most that was ever resident, in octets, of all processes."""
    peak = 0
    for pid in [gatepost.process.pid, *gatepost.children()]:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            peak += sum(int(line.split()[1]) * 1024 for line in f if line.startswith("VmHWM:"))
    return peak


def expect_bounded(gatepost, before, most):
    """Memory grew by less than that. AddressSanitizer keeps what was freed."""
    grown = memory_peak(gatepost) - before
    expect(grown < most or is_sanitized(), "memory grew", grown)


ENOUGH = 100_000_000


class Flood:
    """An endless reply; `full` is set when the peer takes no more for a while."""

    def __init__(self, begin, piece):
        self.begin, self.piece, self.sent, self.full = begin, piece, 0, False

    def __call__(self, session, _):
        session.send(self.begin)
        while self.sent < ENOUGH:
            if not select.select([], [session.socket], [], 0.5)[1]:
                self._tell(session)
            try:
                self.sent += session.socket.send(self.piece)
            except OSError as error:
                raise PeerClosed from error
        self._tell(session)

    def _tell(self, session):
        with session.upstream.changed:
            self.full = True
            session.upstream.changed.notify_all()


FLOODS = [("LIST", b"+OK\r\n", b"1 100\r\n" * 10000), ("UIDL", b"+OK\r\n", b"1 x\r\n" * 10000),
          ("RETR", b"+OK\r\nSubject: x\r\n\r\n", b"text\r\n" * 10000), ("RETR", b"+OK\r\nX: ", b"x" * 65536)]


def unread_flood(verb, begin, piece):
    """The client does not read: the server is not read either."""
    def test(t):
        flood = Flood(begin, piece)
        upstream = t.pop3_upstream([MESSAGE], replies={verb: flood})
        gatepost = t.pop3_gatepost(upstream, QUICK)
        client = t.pop3_client(gatepost)
        client.login()
        before = memory_peak(gatepost)
        client.send(f"{verb} 1\r\n" if verb == "RETR" else f"{verb}\r\n")
        upstream.wait(lambda: flood.full, "the flood to be stemmed")
        expect(flood.sent < ENOUGH, "all of it was taken")
        expect_bounded(gatepost, before, 8_000_000)
        client.close()
        upstream.wait_idle()
        del upstream.replies[verb]
        expect_works(t, gatepost)
    return test


for verb, begin, piece in FLOODS:
    tests.add(f"R08: an endless reply to {verb} ({piece[:5].decode().strip()}…) that the client does not read",
              unread_flood(verb, begin, piece))


def endless_for_gatepost(verb, begin, piece):
    """Gatepost asks on its own, and what it keeps is bounded."""
    def test(t):
        flood = Flood(begin, piece)
        upstream = t.pop3_upstream([MESSAGE], replies={verb: flood})
        gatepost = t.pop3_gatepost(upstream, QUICK, rules=RULES)
        client = t.pop3_client(gatepost)
        client.login()
        before = memory_peak(gatepost)
        expect(client.command("STAT").line.startswith(b"-ERR [SYS/TEMP] "), "STAT")
        expect_equal(client.until_closed(), b"", "after it")
        expect_bounded(gatepost, before, 40_000_000)
        upstream.wait_idle()
        expect(flood.sent < ENOUGH, "all of it was taken")
        del upstream.replies[verb]
        expect_works(t, gatepost)
    return test


for verb, begin, piece in FLOODS[:2]:
    tests.add(f"R08: with rules: an endless reply to {verb}", endless_for_gatepost(verb, begin, piece))


@tests
def endless_sizes(t):
    "R08: with rules: an endless LIST of ever other numbers"
    def answer(session, _):
        session.send(b"+OK\r\n")
        for first in range(1, 10_000_000, 10000):
            session.send(b"".join(b"%d 100\r\n" % number for number in range(first, first + 10000)))
    upstream = t.pop3_upstream([MESSAGE], replies={"LIST": answer})
    gatepost = t.pop3_gatepost(upstream, QUICK, rules=RULES)
    client = t.pop3_client(gatepost)
    client.login()
    before = memory_peak(gatepost)
    expect(client.command("STAT").line.startswith(b"-ERR [SYS/TEMP] "), "STAT")
    expect_equal(client.until_closed(), b"", "after it")
    expect_bounded(gatepost, before, 100_000_000)


# Patience.

@tests
def kept_in_patience(t):
    "pop3.patience: a client hears of a slow message before it is there, and gets it whole"
    heard = threading.Event()
    t.callback(heard.set)

    def slowly(session, _):
        session.send(session.usual[:20])
        heard.wait(session.upstream.patience)
        session.send(session.usual[20:])
    upstream = t.pop3_upstream([MESSAGE], replies={"RETR": slowly})
    gatepost = t.pop3_gatepost(upstream, {"pop3": {"scan_budget": "1s", "patience": SHORT}}, rules=RULES)
    client = t.pop3_client(gatepost)
    client.login()
    client.ok("RETR 1")
    first = client.line()
    heard.set()
    message = first + b"\r\n" + client.octets()
    padding, found, rest = message.partition(MESSAGE)
    expect(found and not rest, "message", message)
    expect(all(b":" in line for line in padding.split(b"\r\n")[:-1]), "what came first", padding)
    expect_equal(client.top(1, 0), head(MESSAGE, 0), "TOP")
    expect_equal(client.retrieve(1), MESSAGE, "once more")


# Our own side.

def short_of_room(size):
    """No file may grow beyond it, and who tries is told so, as on a full disk."""
    return ["sh", "-c", f"trap '' XFSZ; ulimit -f {size // 512}; exec \"$@\"", "sh"]


@tests
def disk_full(t):
    "R10: a disk that is full costs a refusal for now or a replacement, never half a message"
    upstream = t.pop3_upstream([MESSAGE, LARGE])
    gatepost = t.pop3_gatepost(upstream, {**QUICK, "limits": {"spool_memory": "1MiB"}}, rules=RULES,
                               prefix=short_of_room(2_000_000))
    client = t.pop3_client(gatepost)
    client.login()
    got = whole_reply(client, "RETR 2")
    expect(got is None or got.endswith(LARGE) or LINE not in got, "half a message", (got or b"")[:300])
    client.close()
    upstream.wait_idle()
    expect_equal(upstream.maildrop.gone, [], "deleted")
    expect_works(t, gatepost)


def scanner_dies(before_end):
    """Its scanner is killed when a message is about to be judged, or while it is."""
    def test(t):
        def kill(session, line):
            if line == b"RETR 2" and not killed:
                session.send(session.usual[:-3] if before_end else session.usual)
                killed.extend(gatepost.processes("scanner"))
                for pid in killed:
                    os.kill(pid, signal.SIGKILL)
                return session.usual[-3:] if before_end else None
            return session.usual
        killed = []
        upstream = t.pop3_upstream([MESSAGE, LARGE, MESSAGE], replies={"RETR": kill})
        gatepost = t.pop3_gatepost(upstream, {**QUICK, "run": {"proxies": 1, "scanners": 1}}, rules=RULES, single=False)
        client = t.pop3_client(gatepost)
        client.login()
        client.stat()
        expect_equal(len(killed), 1, "killed scanners")
        for number, message in ((1, MESSAGE), (2, LARGE), (3, MESSAGE)):
            got = refused_or_whole(client, number)
            expect(got in (None, message), "neither the message nor a refusal for now", number, (got or b"")[:300])
        client.quit()
        client = t.pop3_client(gatepost)
        client.login()
        expect([client.retrieve(number) for number in (1, 2, 3)] == [MESSAGE, LARGE, MESSAGE], "next time")
    return test


def refused_or_whole(client, number):
    """The message, or None when it was refused for now; the session goes on."""
    status = client.command(f"RETR {number}")
    expect(status.ok or status.text.startswith("[SYS/TEMP] "), "reply", status)
    return client.octets() if status.ok else None


tests.add("a scanner that is killed before a message is there", scanner_dies(True))
tests.add("a scanner that is killed while a message is judged", scanner_dies(False))

tests.run()
