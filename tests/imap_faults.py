#!/usr/bin/python3
"""What fails behind and before gatepost while mail is read by IMAP: a server that
goes, that is silent, or that answers with what is no answer, at each point of the
dialogue; a client that goes; a disk that is full, a scanner or a keeper that dies.
Whatever it is: no answer is invented, no message seems whole that is not, nothing
is expunged that the client did not have expunged, and the next client is served.

    GATEPOST=src/gatepost python3 tests/imap_faults.py [WORD…]"""

import os
import re
import shutil
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from faults import Faults  # noqa: E402
from gatepost_test import PATIENCE, Tests, await_event, expect, expect_equal  # noqa: E402
from imap_upstream import CAPABILITIES, Mailbox  # noqa: E402
from pop3_mail import BANNED, CLEAN, PROGRAM  # noqa: E402
from smtp_client import Closed  # noqa: E402

tests = Tests()

SHORT = "300ms"
MESSAGE = CLEAN[1]
RULES = r"""rules:
- { name: STRIP, when: { attachment: { extension: [exe] } }, then: strip }
"""
WAYS = [("without rules", None), ("with rules", RULES)]
QUICK = {"log": {"level": "info"}, "upstreams": {"mta": {"rest": "0s"}}}
REWRITE = {**QUICK, "policies": {"inbound": {"layout": "rewrite"}}}
NEW = 101             # as UIDNEXT: the messages of a mailbox came after it was first seen


def visit(t, gatepost, mailbox="INBOX"):
    """A client that has selected a mailbox, or none."""
    client = t.imap_client(gatepost)
    client.login()
    if mailbox:
        client.ok(f"SELECT {mailbox}")
    return client


def expect_works(t, gatepost, message=MESSAGE):
    """Another client is served as if nothing had happened."""
    client = visit(t, gatepost)
    expect_equal(client.fetch(1), message, "a healthy message")
    client.logout()


def expect_unavailable(answer):
    expect(answer.status.text.startswith(b"NO [UNAVAILABLE] "), "answer", answer)


# A server that goes.

DIALOGUE = ["LOGIN user secret", "SELECT INBOX", "FETCH 1:2 (UID RFC822.SIZE BODY.PEEK[])", "NOOP", "LOGOUT"]


def dialogue(client):
    """The responses, as far as whole ones come; whether all commands were answered."""
    heard, last = [], b""
    try:
        heard.append(client.response())
        for number, command in enumerate(DIALOGUE):
            last = b"d%d" % number
            client.send(last + b" " + command.encode() + b"\r\n")
            while heard[-1].tag != last:
                heard.append(client.response())
        heard += client.responses_until_closed()
    except (Closed, OSError):
        pass
    return heard


def expect_truthful(heard, truth, number):
    """What was heard is the beginning of the truth; then at most a BYE."""
    for index, response in enumerate(heard):
        if index < len(truth) and response.raw == truth[index].raw:
            continue
        expect(response.raw.startswith(b"* BYE the mail server") or response.raw.startswith(b"* BYE no mail server"),
               f"cut after {number}: response {index}", response)
        expect_equal(index, len(heard) - 1, f"cut after {number}: responses after BYE")


def expect_no_more_than_said(upstream, number):
    """Gatepost may ask on its own, but ends and changes nothing by itself."""
    commands = [c.partition(b" ") for c in upstream.sessions[-1].commands]
    got = [rest.decode() for tag, _, rest in commands if not tag.startswith(b"gatepost-")]
    own = [rest for tag, _, rest in commands if tag.startswith(b"gatepost-")]
    wanted = [c for c in DIALOGUE if c in got or not c.startswith("FETCH")]  # that of rewritten messages is our own
    expect_equal(got, wanted[:len(got)], f"cut after {number}: commands")
    expect(all(b"FETCH" in c or c == b"NOOP" for c in own), f"cut after {number}: our own commands", own)


def goes_anywhere(rules, settings):
    def test(t):
        upstream = t.imap_upstream(fresh_mailbox(0))
        gatepost = t.imap_gatepost(upstream, settings, rules=rules)
        truth = dialogue(t.imap_client(gatepost))
        expect(truth[-1].raw.startswith(b"d4 OK"), "a whole session", truth)
        expect(rules is None or PROGRAM not in b"".join(r.raw for r in truth), "the program is there")
        octets = upstream.sessions[0].sent  # with rules more than the client hears: gatepost asks on its own
        expect(octets > 500, "octets of the upstream", octets)
        for number in range(1, octets):
            upstream.mailbox, upstream.cut = fresh_mailbox(number), number
            client = t.imap_client(gatepost)
            heard = dialogue(client)
            client.close()
            upstream.wait_idle()
            expect_truthful([r for r in heard], truth_of(truth, number), number)
            expect_no_more_than_said(upstream, number)
        upstream.mailbox, upstream.cut = fresh_mailbox(octets), None
        expect_works(t, gatepost)
    return test


def fresh_mailbox(number):
    """Two messages of a mailbox that no session before has seen."""
    return Mailbox([MESSAGE, BANNED], uidvalidity=1000 + number, uidnext=NEW)


def truth_of(truth, number):
    """The same, of that mailbox."""
    class Said:
        def __init__(self, raw):
            self.raw = raw.replace(b"UIDVALIDITY 1000", b"UIDVALIDITY %d" % (1000 + number))
    return [Said(r.raw) for r in truth]


for way, rules in WAYS:
    tests.add(f"{way}: a server that goes after the nth octet, for each n of a session", goes_anywhere(rules, QUICK))
tests.add("by layout rewrite: a server that goes after the nth octet, for each n of a session", goes_anywhere(RULES, REWRITE))


# A server that says the same in other ways.

def said_otherwise(options, settings, length):
    def test(t):
        messages = [MESSAGE, BANNED, b"Subject: small"]
        upstream = t.imap_upstream(Mailbox(messages, uidnext=NEW))
        gatepost = t.imap_gatepost(upstream, settings, rules=RULES)
        client = visit(t, gatepost)
        wanted = [client.fetch(number) for number in (1, 2)]
        expect_equal(wanted[0], MESSAGE, "message")
        expect(PROGRAM not in wanted[1] and length(len(wanted[1]), len(BANNED)), "the program is there", wanted[1])
        client.logout()
        upstream.mailbox = Mailbox(messages, uidvalidity=8, uidnext=NEW)
        for name, value in options.items():
            setattr(upstream, name, value)
        client = visit(t, gatepost)
        for verb, numbers in (("UID FETCH", (101, 102)), ("FETCH", (1, 2))):
            got = [client.fetch(n, "UID FLAGS BODY.PEEK[]", verb) for n in numbers]
            expect(got == wanted, f"by {verb}", got)
        answer = client.ok("FETCH 2:3 (ENVELOPE BODY.PEEK[]<0.30> BODYSTRUCTURE UID RFC822.SIZE)")
        raw = b"".join(r.raw for r in answer.data)
        expect(any(wanted[1][:30] in r.literals for r in answer.data), "a range", answer)
        expect(b"RFC822.SIZE %d" % len(wanted[1]) in raw, "a size", answer)
        expect(b"small" in b"".join(r.raw for r in client.ok("FETCH 3 BODY[]").data), "a small message")
        client.logout()
    return test


for shown, options in [
    ("UID last", {"order": lambda items: sorted(items, key=lambda i: i.startswith(b"UID"))}),
    ("items in reverse", {"order": lambda items: list(reversed(items))}),
    ("content in quotes where it can be", {"quoted": True}),
    ("octet by octet", {"pieces": 1}),
    ("literals in ENVELOPE", {"envelope_literals": True}),
    ("all of that", {"order": lambda items: list(reversed(items)), "quoted": True, "pieces": 1, "envelope_literals": True}),
]:
    tests.add(f"a server that tells FETCH otherwise: {shown}", said_otherwise(options, QUICK, int.__eq__))
    tests.add(f"by layout rewrite, a server that tells FETCH otherwise: {shown}", said_otherwise(options, REWRITE, int.__gt__))


@tests
def in_order(t):
    "layout rewrite: FETCH of messages some of which are rewritten is answered in the order of their numbers"
    messages = [(MESSAGE, BANNED)[n * n % 7 % 2] for n in range(60)]
    upstream = t.imap_upstream(Mailbox(messages, uidnext=NEW))
    client = visit(t, t.imap_gatepost(upstream, REWRITE, rules=RULES))
    for command, wanted in (("FETCH 1:*", range(1, 61)), ("UID FETCH 90:*", range(1, 61)), ("UID FETCH 120,105:110", [*range(5, 11), 20]),
                            ("FETCH 60:50,3:1,7,2:5", [1, 2, 3, 4, 5, 7, *range(50, 61)])):
        answer = client.ok(f"{command} (UID BODY.PEEK[TEXT])")
        expect_equal([int(r.raw.split()[1]) for r in answer.data], list(wanted), command)
        expect(PROGRAM not in b"".join(r.raw for r in answer.data), "the program is there")
    client.logout()


@tests
def in_many_commands(t):
    "layout rewrite: a FETCH of a set that is split before a rewritten message, wherever that is, leaves nothing out"
    upstream = t.imap_upstream(Mailbox([MESSAGE, BANNED, MESSAGE], first_uid=20001, uidnext=20001))
    client = visit(t, t.imap_gatepost(upstream, REWRITE, rules=RULES))
    for last in range(1789, 1829, 2):  # 4000 octets of a set end somewhere there
        numbers = ",".join(str(n) for n in range(1, last, 2))
        answer = client.ok(f"UID FETCH {numbers},3001:30000 (BODY.PEEK[TEXT])")
        expect_equal([int(r.raw.split()[1]) for r in answer.data], [1, 2, 3], f"up to {last}")
    client.logout()


# A server that is silent.

def silent(verb, rules, later=False):
    """The client is told; nothing is waited for without end."""
    def test(t):
        upstream = t.imap_upstream([MESSAGE, BANNED])
        waits = {"greeting": SHORT, "command": SHORT, "data_final": SHORT, "data_block": SHORT}
        gatepost = t.imap_gatepost(upstream, {"timeouts": waits}, rules=rules)
        upstream.replies[verb] = lambda s, line: s.usual if later and b"(UID)" in line else s.hang()
        heard = dialogue(t.imap_client(gatepost))
        expect(heard and heard[-1].raw.startswith(b"* BYE timeout"), "the last response", heard[-2:])
        upstream.wait_idle()
        del upstream.replies[verb]
        expect_works(t, gatepost)
    return test


for way, rules in WAYS:
    for verb in ("GREETING", "LOGIN", "SELECT", "FETCH", "NOOP", "LOGOUT"):
        tests.add(f"R08: {way}: timeouts: a server that does not answer {verb}", silent(verb, rules))
tests.add("R08: with rules: timeouts: a server that does not give a message that gatepost asks for", silent("FETCH", RULES, True))


def does_not_read(messages):
    """A server that asks for so many messages of an APPEND, and takes nothing of the last."""
    def test(t):
        def ask(session, command):
            if len(re.findall(rb"\{\d+\}", command)) == messages:
                session.send(b"+ go on\r\n")
                stop.wait(timeout=60)
                session.reset()
            return b"+ go on\r\n"
        stop = threading.Event()
        t.callback(stop.set)
        upstream = t.imap_upstream([MESSAGE], capabilities=(*CAPABILITIES, "MULTIAPPEND"), replies={"+": ask})
        gatepost = t.imap_gatepost(upstream, {**QUICK, "timeouts": {"data_block": SHORT}}, rules=RULES)
        client = visit(t, gatepost)
        large = b"{%d+}\r\n" % len(LARGE_APPEND) + LARGE_APPEND
        client.begin(b"APPEND INBOX " + b" ".join([large] * messages))
        responses = client.responses_until_closed()
        expect(len(responses) == 1 and responses[0].raw.startswith(b"* BYE timeout"), "responses", responses)
        expect_equal(upstream.mailbox.appended, [], "appended")
        stop.set()
        upstream.wait_idle()
        del upstream.replies["+"]
        expect_works(t, gatepost)
    return test


LARGE_APPEND = b"Subject: large\r\n\r\n" + b"one of very many lines\r\n" * 800_000
tests.add("R08: timeouts.data_block: a server that stops reading in the middle of an APPEND", does_not_read(1))
tests.add("R08: timeouts.data_block: a server that stops reading in the second message of an APPEND", does_not_read(2))


def stops_in_message(rules):
    def test(t):
        def half(session, line):
            if b"BODY" not in line:
                return session.usual
            session.send(session.usual[:-30])
            return session.hang()
        upstream = t.imap_upstream([MESSAGE], replies={"FETCH": half})
        gatepost = t.imap_gatepost(upstream, {"timeouts": {"data_block": "1s", "data_final": "1s", "command": "1s"}}, rules=rules)
        client = visit(t, gatepost)
        client.begin("FETCH 1 BODY[]")
        responses = client.responses_until_closed()
        expect(not any(r.ok or r.literals for r in responses), "responses", responses)
        upstream.wait_idle()
        del upstream.replies["FETCH"]
        expect_works(t, gatepost)
    return test


for way, rules in WAYS:
    tests.add(f"R08: {way}: timeouts: a server that stops in the middle of a message", stops_in_message(rules))


def stops_before_news(t):
    """What it has begun to tell ends nowhere, and new mail can be told only behind that."""
    def half(session, line):
        begun = b"* 1 FETCH (FLAGS () BODY[HEADER.FIELDS (X)] {20}\r\n"
        return session.usual + (begun if b"BODY.PEEK[])" in line else b"")
    upstream = t.imap_upstream(Mailbox([MESSAGE], uidnext=NEW + 1))
    waits = {"timeouts": {"data_block": "1s", "data_final": "1s", "command": "1s"}}
    gatepost = t.imap_gatepost(upstream, {**REWRITE, **waits}, rules=RULES)
    client = visit(t, gatepost)
    upstream.mailbox.messages.append([NEW + 1, MESSAGE, set()])
    upstream.replies.update({"FETCH": half, "NOOP": b"* 2 EXISTS\r\n%s OK\r\n"})
    client.begin("NOOP")
    responses = client.responses_until_closed()
    expect(not any(b"EXISTS" in r.raw or r.ok for r in responses), "responses", responses)
    upstream.wait_idle()
    upstream.replies.clear()
    expect_works(t, gatepost)


tests.add("by layout rewrite: timeouts: a server that stops before new mail is told", stops_before_news)


# A server whose answers are none.

def half_and_reset(session, _):
    session.send(b"* OK hos")
    session.reset()


def endless_line(session, _):
    session.send(b"* OK ")
    while True:
        session.send(b"hostile" * 10000)


HOSTILE = [
    ("a bare LF", b"* OK hostile\n"),
    ("a bare CR", b"* OK hos\rtile\r\n"),
    ("a NUL", b"* OK hos\0tile\r\n"),
    ("no response", b"hostile\r\n"),
    ("another tag", b"x OK hostile\r\n"),
    ("a tag of gatepost's own", b"gatepost-99 OK hostile\r\n"),
    ("another status", b"%s FINE hostile\r\n"),
    ("a status of another protocol", b"250 hostile\r\n"),
    ("a continuation", b"+ hostile\r\n"),
    ("a literal of 2^63 octets", b"* LIST () NIL {9223372036854775808}\r\nhostile\r\n"),
    ("a literal as clients announce it", b"* LIST () NIL {7+}\r\nhostile\r\n"),
    ("an endless line", endless_line),
    ("half a response and a reset", half_and_reset),
    ("nothing but a close", lambda s, _: s.close()),
]


def hostile_answers(verb, rules):
    """Nothing of them is relayed, and the session ends."""
    def test(t):
        upstream = t.imap_upstream(fresh_mailbox(0))
        gatepost = t.imap_gatepost(upstream, QUICK, rules=rules)
        for number, (what, answer) in enumerate(HOSTILE):
            upstream.mailbox, upstream.replies[verb] = fresh_mailbox(number), answer
            heard = dialogue(t.imap_client(gatepost))
            expect(not any(b"hos" in r.raw for r in heard), f"{what} is relayed", heard)
            expect(heard[-1].raw.startswith(b"* BYE "), f"{what}: the last response", heard)
        del upstream.replies[verb]
        upstream.mailbox = fresh_mailbox(len(HOSTILE))
        expect_works(t, gatepost)
    return test


for way, rules in WAYS:
    for verb in ("GREETING", "LOGIN", "SELECT", "FETCH", "NOOP"):
        tests.add(f"{way}: a server that answers {verb} with what is no answer", hostile_answers(verb, rules))


def nests(data):
    def test(t):
        upstream = t.imap_upstream([MESSAGE], replies={"NOOP": lambda s, _: data + s.usual})
        gatepost = t.imap_gatepost(upstream, QUICK, rules=RULES)
        client = visit(t, gatepost)
        client.send(b"x NOOP\r\nx LOGOUT\r\n")
        expect(b"BYE" in client.until_closed(), "nothing is heard")
        del upstream.replies["NOOP"]
        expect_works(t, gatepost)
    return test


for shown, data in [
    ("a structure", b"* 1 FETCH (BODYSTRUCTURE " + b"(" * 100_000 + b")" * 100_000 + b" UID 101)\r\n"),
    ("a structure without an end", b"* 1 FETCH (BODYSTRUCTURE " + b"(x" * 2_000_000),
    ("a list", b"* LIST " + b"(" * 100_000 + b")" * 100_000 + b"\r\n"),
    ("a thread", b"* THREAD " + b"(1" * 300_000 + b")" * 300_000 + b"\r\n"),
]:
    tests.add(f"lists within lists, a hundred thousand deep, from a server: {shown}", nests(data))


@tests
def moves_about(t):
    "EXISTS, EXPUNGE and VANISHED at any time: each message is shown as it was judged, or not at all"
    for told in (b"* 2 EXPUNGE\r\n", b"* VANISHED 102\r\n", b"* 9 EXISTS\r\n", b"* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n",
                 b"* 0 EXPUNGE\r\n", b"* 4294967295 EXPUNGE\r\n", b"* 0 EXISTS\r\n", b"* VANISHED 1:4294967295\r\n",
                 b"* VANISHED (EARLIER) 1:4294967295\r\n", b"* 4 FETCH (UID 104)\r\n", b"* 1 FETCH (UID 102)\r\n"):
        upstream = t.imap_upstream([MESSAGE, BANNED, BANNED])
        gatepost = t.imap_gatepost(upstream, QUICK, rules=RULES)
        for verb in ("NOOP", "FETCH", "UID FETCH"):
            client = visit(t, gatepost)
            upstream.replies = {verb: lambda s, _: told + s.usual}
            client.send(b"a UID FETCH 102 BODY.PEEK[]\r\nb NOOP\r\nc FETCH 3 BODY.PEEK[]\r\nd UID FETCH 103 BODY[TEXT]\r\n"
                        b"e FETCH 1:* BODY.PEEK[TEXT]\r\nf LOGOUT\r\n")
            heard = client.until_closed()
            expect(b"* BYE" in heard, f"no end after {told}", heard)
            expect(PROGRAM not in heard, f"the program is there after {told} in answer to {verb}")
            upstream.replies = {}
        expect_works(t, gatepost)


@tests
def farewells(t):
    "BYE at any time passes, once, and the end with it"
    for verb in ("LOGIN", "SELECT", "FETCH", "NOOP"):
        for rules in (None, RULES):
            def leave(session, _):
                session.send(b"* BYE [UNAVAILABLE] hostile times\r\n")
                session.close()
            upstream = t.imap_upstream([MESSAGE], replies={verb: leave})
            heard = dialogue(t.imap_client(t.imap_gatepost(upstream, QUICK, rules=rules)))
            expect_equal([r.raw for r in heard if r.raw.startswith(b"* BYE")], [b"* BYE [UNAVAILABLE] hostile times"], verb)
            expect(heard[-1].raw.startswith(b"* BYE"), "the last response", heard)


# A client that goes.

LINE = b"one of very many lines, all alike\r\n"
LARGE = b"Subject: large\r\n\r\n" + LINE * 200_000


def client_goes(rules, leave):
    def test(t):
        upstream = t.imap_upstream([MESSAGE, LARGE])
        gatepost = t.imap_gatepost(upstream, QUICK, rules=rules)
        client = visit(t, gatepost)
        client.ok(r"STORE 1 +FLAGS.SILENT (\Deleted)")
        client.begin("FETCH 2 BODY.PEEK[]")
        client.take(1000)
        leave(client)
        upstream.wait_idle()
        said = upstream.said(0)
        expect(not any(word in command for word in ("LOGOUT", "CLOSE", "EXPUNGE", "UNSELECT") for command in said), "said", said)
        expect_equal(upstream.mailbox.gone, [], "expunged")
        expect_works(t, gatepost)
    return test


for way, rules in WAYS:
    tests.add(f"{way}: a client that closes in the middle of a message", client_goes(rules, lambda c: c.close()))
    tests.add(f"{way}: a client that resets in the middle of a message", client_goes(rules, lambda c: c.reset()))


@tests
def client_goes_in_append(t):
    "a client that goes after the nth octet of APPEND: nothing is appended before its last line has come"
    command = b"x APPEND INBOX {%d+}\r\n" % len(MESSAGE) + MESSAGE + b"\r\n"
    upstream = t.imap_upstream([MESSAGE])
    for _, rules in WAYS:
        gatepost = t.imap_gatepost(upstream, QUICK, rules=rules)
        for number in range(1, len(command), 7):
            client = t.imap_client(gatepost)
            client.login()
            client.send(command[:number])
            client.close()
        upstream.wait_idle()
        expect_equal(upstream.mailbox.appended, [], "appended")
        client = visit(t, gatepost)
        expect(client.append(MESSAGE).ok, "APPEND")
        expect_equal(upstream.mailbox.appended.pop(), MESSAGE, "appended")
        client.logout()


# Our own side.

def short_of_room(size):
    """No file may grow beyond it, and who tries is told so, as on a full disk."""
    return ["sh", "-c", f"trap '' XFSZ; ulimit -f {size // 512}; exec \"$@\"", "sh"]


@tests
def disk_full(t):
    "R10: a disk that is full costs a refusal for now, by FETCH and by APPEND, never half a message"
    upstream = t.imap_upstream([MESSAGE, LARGE])
    gatepost = t.imap_gatepost(upstream, {**QUICK, "limits": {"spool_memory": "1MiB"}}, rules=RULES,
                               prefix=short_of_room(2_000_000))
    client = visit(t, gatepost)
    expect_unavailable(client.command("FETCH 2 BODY.PEEK[]"))
    expect(client.append(LARGE).text.startswith(b"NO [UNAVAILABLE] "), "APPEND")
    expect_equal(upstream.mailbox.appended, [], "appended")
    expect_equal(client.fetch(1), MESSAGE, "another message in the same session")
    client.logout()
    expect_works(t, gatepost)


@tests
def disk_full_of_rewritten(t):
    "by layout rewrite, too; what cannot be had now is not told"
    upstream = t.imap_upstream(Mailbox([BANNED, MESSAGE], uidnext=NEW))
    gatepost = t.imap_gatepost(upstream, {**REWRITE, "limits": {"spool_memory": "1MiB"}}, rules=RULES,
                               prefix=short_of_room(2_000_000))
    client = visit(t, gatepost)
    banned = client.fetch(1)
    upstream.mailbox.messages[0][1] = LARGE  # as no server does: another message by that UID
    answer = client.command("FETCH 1 (FLAGS BODY.PEEK[])")
    expect_unavailable(answer)
    expect_equal([r.literals for r in answer.data], [[]], "told")
    upstream.mailbox.messages[0][1] = BANNED
    expect_equal(client.fetch(1), banned, "when it can be had")
    client.logout()


def unable_to_keep(t, messages):
    """A gatepost whose quarantine cannot be written to, and its upstream."""
    upstream = t.imap_upstream(messages)
    gatepost = t.imap_gatepost(upstream, QUICK, rules=RULES)
    quarantine = os.path.join(gatepost.folder, "quarantine")
    shutil.rmtree(quarantine)
    with open(quarantine, "w", encoding="ascii"):
        pass
    return gatepost, upstream


@tests
def quarantine_not_writable(t):
    "a message whose original cannot be kept is refused for now, and shown when it can"
    gatepost, upstream = unable_to_keep(t, [MESSAGE, BANNED])
    client = visit(t, gatepost)
    for _ in range(4):
        expect_unavailable(client.command("FETCH 2 BODY.PEEK[]"))
    expect_equal(client.fetch(1), MESSAGE, "a clean message")
    expect(r"\Seen" not in str(upstream.mailbox.messages[1][2]), "it is marked as seen")


@tests
def one_of_several_not_kept(t):
    "the same of one among others that are fetched at once: those behind it are heard out, and can be had"
    gatepost, _ = unable_to_keep(t, [MESSAGE, MESSAGE, BANNED, MESSAGE, MESSAGE])
    client = visit(t, gatepost)
    for fetch in ("FETCH 1:5", "UID FETCH 1:*"):
        answer = client.command(f"{fetch} (FLAGS BODY.PEEK[])")
        expect_unavailable(answer)
        expect_equal(answer.data, [], "told before")
    client.ok("NOOP")
    for number in (5, 4, 2, 1):
        expect_equal(client.fetch(number), MESSAGE, f"message {number}")
    client.logout()


def scanner_dies(before_end):
    """Its scanner is killed when a message is about to be judged, or while it is."""
    def test(t):
        def kill(session, line):
            if b"BODY.PEEK" not in line or killed:
                return session.usual
            end = len(session.usual) - len(session.done()) - 20
            session.send(session.usual[:end] if before_end else session.usual)
            killed.extend(gatepost.processes("scanner"))
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
            return session.usual[end:] if before_end else None
        killed = []
        upstream = t.imap_upstream([LARGE, MESSAGE], replies={"FETCH": kill})
        gatepost = t.imap_gatepost(upstream, {**QUICK, "run": {"proxies": 1, "scanners": 1}}, rules=RULES, single=False)
        client = visit(t, gatepost)
        answer = client.command("FETCH 1 BODY.PEEK[]")
        expect_equal(len(killed), 1, "killed scanners")
        if not answer.ok:
            expect_unavailable(answer)
        else:
            expect([r.literals for r in answer.data] == [[LARGE]], "neither the message nor a refusal")
        expect(client.fetch(1) == LARGE, "the next time")
        expect_equal(client.fetch(2), MESSAGE, "another one")
    return test


tests.add("a scanner that is killed before a message is there", scanner_dies(True))
tests.add("a scanner that is killed while a message is judged", scanner_dies(False))


def stop_scanner(gatepost, count):
    """The `count`th scanner that was started scans nothing; gatepost kills it for that."""
    os.kill(int(gatepost.wait_event("started", count, child="^scanner$")["pid"]), signal.SIGSTOP)


@tests
def never_scanned(t):
    "a message on which scanners die is refused for now, and the third time a notice is in its place, for good"
    upstream = t.imap_upstream([MESSAGE])
    changes = {"run": {"proxies": 1, "scanners": 1}, "timeouts": {"scan": "150ms", "drain": "2s"}}
    gatepost = t.imap_gatepost(upstream, changes, rules=RULES, single=False)
    client = visit(t, gatepost)
    for count in (1, 2):
        stop_scanner(gatepost, count)
        expect_unavailable(client.command("FETCH 1 BODY.PEEK[]"))
    stop_scanner(gatepost, 3)
    notice = client.fetch(1)
    expect(b"good day" not in notice and len(notice) == len(MESSAGE), "no notice", notice)
    expect_equal(gatepost.quarantined(MESSAGE), 1, "originals in quarantine")
    gatepost.wait_event("message", 3, complete="no")
    expect_equal([line["verdict"] for line in gatepost.events("message", complete="no", reason="not scanned|scanner")],
                 ["defer", "defer", "quarantine"], "failures in the log")
    expect_equal(client.fetch(1), notice, "once more")
    client.logout()
    client = visit(t, gatepost)
    expect_equal(client.fetch(1), notice, "in another session")


@tests
def second_message_in_time(t):
    "where there is no scanner for the first message of an APPEND, the second is waited for as long"
    upstream = t.imap_upstream([MESSAGE], capabilities=(*CAPABILITIES, "MULTIAPPEND"))
    gatepost = t.imap_gatepost(upstream, {
        **QUICK, "run": {"proxies": 1, "scanners": 1}, "timeouts": {"scan": "1s"},
        "policies": {"inbound": {"on_failure": "accept"}}}, rules=RULES, single=False)
    client = visit(t, gatepost)
    gatepost.signal(signal.SIGSTOP)  # the master: there will be no other scanner
    os.kill(int(gatepost.wait_event("started", child="^scanner$")["pid"]), signal.SIGKILL)
    expect(client.append(MESSAGE).ok, "a message that the scanner may seem to have died on")
    tag = client.begin(b"APPEND INBOX " + b" ".join(b"{%d+}\r\n%s" % (len(m), m) for m in (MESSAGE, BANNED)))
    gatepost.wait_event("append", reason="not scanned in time")
    gatepost.signal(signal.SIGCONT)
    expect(b"NO [CANNOT]" in client.answer(tag).status.raw, "the second message is not let in unseen")
    expect_equal(upstream.mailbox.appended, [MESSAGE], "appended")


def exists(answer):
    return [response.raw for response in answer.data if response.raw.endswith(b" EXISTS")]


@tests
def news_never_scanned(t):
    "layout rewrite: a new message on which scanners die is not told, and when it is the third time it is, with a notice"
    upstream = t.imap_upstream(Mailbox([MESSAGE], uidnext=NEW))
    changes = {**REWRITE, "run": {"proxies": 1, "scanners": 1}, "timeouts": {"scan": "150ms", "drain": "2s"}}
    gatepost = t.imap_gatepost(upstream, changes, rules=RULES, single=False)
    client = visit(t, gatepost, None)
    for count, told in ((1, 0), (2, 0), (3, 1)):
        stop_scanner(gatepost, count)
        expect_equal(exists(client.command("SELECT INBOX")), [b"* %d EXISTS" % told], f"told at SELECT {count}")
        expect_equal(exists(client.command("NOOP")), [], "tried again too early")
    notice = client.fetch(1)
    expect(b"good day" not in notice and len(notice) == len(MESSAGE), "no notice", notice)


def gives_none(session, line):
    return session.tag + b" NO not now\r\n" if b"BODY.PEEK[]" in line else session.usual


@tests
def news_that_cannot_be_had(t):
    "layout rewrite: a new message that the server does not give is asked for once a minute, and told at the fifth time"
    def tell(session, _):
        del upstream.replies["NOOP"]
        return b"* 2 EXISTS\r\n" + session.usual
    faults = Faults(t.folder())
    upstream = t.imap_upstream(Mailbox([MESSAGE], uidnext=NEW + 1))
    client = visit(t, t.imap_gatepost(upstream, REWRITE, rules=RULES, prefix=faults.prefix))
    upstream.mailbox.deliver([BANNED])
    upstream.replies.update({"FETCH": gives_none, "NOOP": tell})
    for tried in range(1, 6):
        expect_equal(exists(client.ok("NOOP")), [b"* 2 EXISTS"] if tried == 5 else [], f"told at NOOP {tried}")
        expect_equal(exists(client.ok("NOOP")), [], "told too early")
        expect_equal(sum(b"BODY.PEEK[]" in c for c in upstream.sessions[0].commands), tried, "tries")
        faults.go_ahead(61)
    expect_unavailable(client.command("FETCH 2 BODY.PEEK[]"))
    del upstream.replies["FETCH"]
    shown = client.fetch(2)
    expect(PROGRAM not in shown and shown.startswith(BANNED[:20]), "shown", shown)


@tests
def news_behind_uidnext(t):
    "layout rewrite: SELECT tells an UIDNEXT that no message has which is not told yet, for clients look for new mail from there on"
    upstream = t.imap_upstream(Mailbox([MESSAGE], uidnext=NEW + 1))
    gatepost = t.imap_gatepost(upstream, REWRITE, rules=RULES)
    visit(t, gatepost).logout()
    upstream.mailbox.deliver([MESSAGE, MESSAGE])
    upstream.replies["FETCH"] = gives_none
    told = [response.raw for response in visit(t, gatepost, None).ok("SELECT INBOX").data]
    expect(b"* 1 EXISTS" in told and b"* OK [UIDNEXT %d] next" % (NEW + 1) in told, "told", told)


@tests
def news_after_a_minute(t):
    "layout rewrite: a client that idles hears of a new message when it could be judged"
    faults = Faults(t.folder())
    upstream = t.imap_upstream(Mailbox([MESSAGE], uidnext=NEW + 1))
    client = visit(t, t.imap_gatepost(upstream, REWRITE, rules=RULES, prefix=faults.prefix))
    upstream.replies["FETCH"] = gives_none
    tag = client.begin("IDLE")
    expect(client.response().raw.startswith(b"+"), "IDLE")
    upstream.mailbox.deliver([MESSAGE])
    upstream.sessions[0].send(b"* 2 EXISTS\r\n")
    upstream.wait(lambda: sum(c.endswith(b" IDLE") for c in upstream.sessions[0].commands) == 2, "the second IDLE")
    del upstream.replies["FETCH"]
    faults.go_ahead(61)
    upstream.sessions[0].send(b"* OK still here\r\n")
    expect_equal([client.response().raw for _ in range(2)], [b"* OK still here", b"* 2 EXISTS"], "heard")
    client.send(b"DONE\r\n")
    expect(client.answer(tag).ok, "IDLE")
    expect_equal(client.fetch(2), MESSAGE, "the message")


@tests
def select_tells_too_much(t):
    "layout rewrite: the answer to SELECT is held up to a bound"
    flags = b"* 1 FETCH (UID 101 FLAGS ())\r\n" * 600_000
    upstream = t.imap_upstream([MESSAGE], replies={"SELECT": lambda s, _: flags + s.usual})
    gatepost = t.imap_gatepost(upstream, REWRITE, rules=RULES)
    client = visit(t, gatepost, None)
    client.begin("SELECT INBOX")
    expect_equal(client.until_closed(), b"* BYE the mail server's answer is too long\r\n", "heard")
    gatepost.wait_event("upstream", msg="too much")


@tests
def keeper_dies(t):
    "a keeper that is killed: a clean message is shown, another is refused for now or shown without the program"
    upstream = t.imap_upstream([MESSAGE, BANNED])
    gatepost = t.imap_gatepost(upstream, {**QUICK, "run": {"proxies": 1, "scanners": 1}}, rules=RULES, single=False)
    client = visit(t, gatepost)
    for pid in gatepost.processes("keeper"):
        os.kill(pid, signal.SIGKILL)
    expect_equal(client.fetch(1), MESSAGE, "a clean message")
    answer = client.command("FETCH 2 BODY.PEEK[]")
    expect(answer.ok or answer.status.text.startswith(b"NO [UNAVAILABLE] "), "answer", answer)
    expect(PROGRAM not in b"".join(r.raw for r in answer.data), "the program is there")
    await_event(gatepost.changed, lambda: len(gatepost.events("started", child="keeper")) > 1, "another keeper")
    # It has started; the proxy hears of it a little later.
    until = time.monotonic() + PATIENCE
    while not (answer := client.command("FETCH 2 BODY.PEEK[]")).ok:
        expect(answer.status.text.startswith(b"NO [UNAVAILABLE] ") and time.monotonic() < until, "answer", answer)
    shown = client.fetch(2)
    expect(PROGRAM not in shown and gatepost.quarantined(PROGRAM) > 0, "shown", shown)


@tests
def keeper_gone(t):
    "a keeper that does not answer is not waited for: it works without what it remembers, and says so"
    upstream = t.imap_upstream([MESSAGE])
    gatepost = t.imap_gatepost(upstream, {**QUICK, "log": {"level": "debug"}, "run": {"proxies": 1, "scanners": 1}},
                               rules=RULES, single=False)
    client = visit(t, gatepost)
    keeper, = gatepost.processes("keeper")
    os.kill(keeper, signal.SIGSTOP)
    fetch = client.begin("FETCH 1 BODY.PEEK[]")
    gatepost.wait_event("step", step="^recall_views$")
    os.kill(keeper, signal.SIGKILL)
    gatepost.wait_event("views", msg="cannot be recalled")
    expect(MESSAGE in client.answer(fetch).data[0].literals, "the message")


tests.run()
