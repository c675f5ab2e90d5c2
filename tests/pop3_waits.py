#!/usr/bin/python3
"""Time and room in a filtered maildrop: what is fetched ahead and what is not,
clients that wait, clients that are slow.

    GATEPOST=src/gatepost python3 tests/pop3_waits.py [WORD…]"""

import os
import re
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from gatepost_test import PATIENCE, Tests, expect, expect_equal  # noqa: E402
from pop3_mail import CLEAN, HEAD, SPAM, asked, before, refused, visit  # noqa: E402
from smtp_client import dot_stuffed  # noqa: E402

tests = Tests()

SHORT, NONE, LONG = "300ms", "0s", "10m"
TAGGED_BEGINS = b"X-Spam-Flag: YES\r\n"
# More than sockets' buffers take.
LARGE = HEAD + b"Subject: large\r\n\r\n" + b".a line of a large message\r\n" * 500_000
WAIT_LINE = re.compile(rb"X-Gatepost-Wait: \d+")


class Gate:
    """Answers RETR of one message when the test says so: `before` octets of it
    at once, the rest when it is opened."""

    def __init__(self, t, number=1, before=0, ending=None):
        self.number, self.before, self.ending = number, before, ending
        self.asked, self.opened = threading.Event(), threading.Event()
        t.callback(self.opened.set)

    def __call__(self, session, line):
        if line != b"RETR %d" % self.number:
            return session.usual
        session.send(session.usual[:self.before])
        self.asked.set()
        self.opened.wait(PATIENCE)
        if self.ending is not None:
            self.ending(session)
        return session.usual[self.before:]

    def await_asked(self):
        expect(self.asked.wait(PATIENCE), "RETR did not reach the upstream")


def sizes_of(messages):
    return {number: len(m) for number, m in enumerate(messages, 1)}


def unjudged(gatepost, count=1):
    line = gatepost.wait_event("maildrop", count)
    expect_equal("msg" in line, line["unjudged"] != "0", "it is said in the log")
    return int(line["unjudged"])


# The budget.

@tests
def no_budget(t):
    "without a budget sizes are the server's, which the log says; RETR is judged all the same"
    upstream = t.pop3_upstream([CLEAN[0], SPAM])
    gatepost = before(t, upstream, {"pop3": {"scan_budget": NONE}})
    client = visit(t, gatepost)
    expect_equal(client.sizes(), sizes_of([CLEAN[0], SPAM]), "LIST")
    expect_equal((unjudged(gatepost), asked(upstream, "RETR")), (2, []), "nothing was fetched")
    expect(client.retrieve(2).startswith(TAGGED_BEGINS), "tagged")
    expect_equal(client.sizes()[2], len(SPAM), "what was told stays")
    client.quit()
    client = visit(t, gatepost)
    expect_equal(client.sizes()[2], len(client.retrieve(2)), "the size in the next session")
    expect_equal(unjudged(gatepost, 2), 1, "unjudged in the next session")


def budget_over(t, number, messages, capa, refusal=None, timeouts=None):
    """A session whose budget was over while that message came; (client, upstream, gate).
    capa: the client asked for the capabilities, so it is known that the upstream
    takes commands ahead. refusal: comes in place of the message."""
    gate = Gate(t, number, before=0 if refusal else 100)

    def answer(session, line):
        rest = gate(session, line)
        return refusal if refusal and line == b"RETR %d" % number else rest

    upstream = t.pop3_upstream(messages, replies={"RETR": answer})
    gatepost = before(t, upstream, {"pop3": {"scan_budget": SHORT, "patience": LONG}, "timeouts": timeouts or {}})
    client = t.pop3_client(gatepost)
    client.reply()
    if capa:
        expect("PIPELINING" in client.lines("CAPA"), "CAPA")
    client.login(greet=False)
    sizes = client.sizes()
    expect(not gate.opened.is_set(), "LIST was answered meanwhile")
    expect_equal(sizes, sizes_of(messages), "LIST")
    expect_equal(unjudged(gatepost), len(messages) - number + 1, "unjudged")
    return client, upstream, gate


def in_both_ways(name, test):
    for capa in (False, True):
        tests.add(name + (", which takes commands ahead" if capa else ""), lambda t, capa=capa: test(t, capa))


def under_way(t, capa):
    client, upstream, gate = budget_over(t, 2, [CLEAN[0], CLEAN[1], SPAM, CLEAN[3]], capa)
    expect_equal(client.uids(), {n: f"uid-{n}" for n in range(1, 5)}, "UIDL meanwhile")
    expect_equal(client.retrieve(1), CLEAN[0], "RETR meanwhile of what was fetched ahead")
    client.send("RETR 2\r\n")
    gate.opened.set()
    expect(client.reply().ok, "RETR 2")
    expect_equal(client.octets(), CLEAN[1], "message 2")
    expect(client.retrieve(3).startswith(TAGGED_BEGINS), "message 3 is judged all the same")
    expect_equal(client.retrieve(4), CLEAN[3], "message 4")
    client.quit()
    expect_equal(asked(upstream, "RETR"), ["1", "2", "3", "4"], "RETR at the upstream")


def under_way_unwanted(t, capa):
    client, upstream, gate = budget_over(t, 1, [CLEAN[0], SPAM, CLEAN[2]], capa)
    client.send("RETR 3\r\n")
    gate.opened.set()
    expect(client.reply().ok, "RETR 3")
    expect_equal(client.octets(), CLEAN[2], "message 3")
    expect(client.retrieve(2).startswith(TAGGED_BEGINS), "message 2")
    expect_equal(client.retrieve(1), CLEAN[0], "message 1")
    client.quit()
    expect_equal(sorted(asked(upstream, "RETR")), ["1", "2", "3"], "RETR at the upstream")


def under_way_and_more(t, capa):
    for line in ("DELE 2", "QUIT"):
        client, upstream, gate = budget_over(t, 1, [CLEAN[0], CLEAN[1]], capa)
        client.send(line + "\r\n")
        gate.opened.set()
        expect(client.reply().ok, line)
        expect_equal(upstream.said()[-1], line, "the upstream")
        expect_equal(asked(upstream, "RETR"), ["1", "2"] if capa else ["1"], "RETR at the upstream")


def under_way_for_long(t, capa):
    client, _, gate = budget_over(t, 1, [CLEAN[0], CLEAN[1]], capa, timeouts={"command": "1s"})
    client.send("DELE 2\r\n")
    time.sleep(1.5)
    gate.opened.set()
    expect(client.reply().ok, "DELE 2")
    client.quit()


def under_way_refused(t, capa):
    client, upstream, gate = budget_over(t, 1, [CLEAN[0], SPAM, CLEAN[2]], capa, b"-ERR [IN-USE] no\r\n")
    client.send("RETR 3\r\n")
    gate.opened.set()
    expect(client.reply().ok, "RETR 3")
    expect_equal(client.octets(), CLEAN[2], "message 3")
    expect_equal(refused(client, "RETR 1"), "[IN-USE] no", "RETR 1")
    expect(client.retrieve(2).startswith(TAGGED_BEGINS), "message 2")
    client.quit()
    expect_equal(sorted(asked(upstream, "RETR")), ["1", "1", "2", "3"], "RETR at the upstream")


in_both_ways("a message under way when the budget ends is not waited for, and not fetched twice", under_way)
in_both_ways("the client asks for another message first: each is fetched once", under_way_unwanted)
in_both_ways("the message under way is refused, and the client wants another", under_way_refused)
in_both_ways("what must be said to the upstream waits for the message under way", under_way_and_more)
in_both_ways("and it waits as long as that comes, however long timeouts.command is", under_way_for_long)


@tests
def under_way_lost(t):
    "the upstream is lost while a message comes that nobody waits for"
    gate = Gate(t, 1, before=100, ending=lambda session: session.reset())
    upstream = t.pop3_upstream([SPAM], replies={"RETR": gate})
    client = visit(t, before(t, upstream, {"pop3": {"scan_budget": SHORT}}))
    expect_equal(client.sizes(), sizes_of([SPAM]), "LIST")
    gate.opened.set()
    expect_equal(client.until_closed(), b"", "then")


@tests
def fetched_ahead(t):
    "what was fetched ahead is served without a second RETR, in any order and twice"
    upstream = t.pop3_upstream([SPAM, *CLEAN[:3]])
    client = visit(t, before(t, upstream))
    sizes = client.sizes()
    for number in (4, 1, 2, 1, 3):
        expect_equal(len(client.retrieve(number)), sizes[number], f"RETR {number}")
    expect_equal(client.retrieve(4), CLEAN[2], "a clean message")
    expect_equal(asked(upstream, "RETR"), ["1", "2", "3", "4"], "RETR at the upstream")


@tests
def all_at_once(t):
    "commands that come in one packet are answered in turn"
    upstream = t.pop3_upstream([CLEAN[0], SPAM, CLEAN[2]])
    client = visit(t, before(t, upstream))
    client.send("STAT\r\nRETR 3\r\nDELE 3\r\nNOOP\r\nRETR 1\r\nLIST\r\nRETR 3\r\nUIDL 2\r\nQUIT\r\n")
    expect(client.reply().text.startswith("3 "), "STAT")
    expect(client.reply().ok and client.octets() == CLEAN[2], "RETR 3")
    expect(client.reply().ok and client.reply().ok, "DELE 3 and NOOP")
    expect(client.reply().ok and client.octets() == CLEAN[0], "RETR 1")
    expect(client.reply().ok and client.octets().startswith(b"1 "), "LIST")
    expect(not client.reply().ok, "RETR 3")
    expect_equal(client.reply().text, "2 uid-2", "UIDL 2")
    expect(client.reply().ok and client.until_closed() == b"", "QUIT")
    expect_equal(upstream.said()[-3:], ["DELE 3", "NOOP", "QUIT"], "the upstream")
    expect_equal(upstream.maildrop.gone, ["uid-3"], "gone")


@tests
def spool_reached(t):
    "limits.maildrop_spool: what has no room is fetched when it is asked for"
    messages = [CLEAN[0], SPAM, *CLEAN[2:8]]
    upstream = t.pop3_upstream(messages)
    gatepost = before(t, upstream, {"limits": {"maildrop_spool": len(CLEAN[0]) + len(SPAM) + 10}})
    client = visit(t, gatepost)
    client.sizes()
    left = unjudged(gatepost)
    expect(left >= 4, "it was fetched ahead for nothing", left, asked(upstream, "RETR"))
    for number in (1, 3, 4, 5, 6, 7, 8):
        expect_equal(client.retrieve(number), messages[number - 1], f"RETR {number}")
    expect(client.retrieve(2).startswith(TAGGED_BEGINS), "spam")
    expect_equal([asked(upstream, "RETR").count(str(n)) for n in (1, 2, 8)], [1, 1, 1], "RETR at the upstream")


@tests
def too_many_messages(t):
    "limits.maildrop_messages: a maildrop that has more cannot be opened, and that is said"
    message = HEAD + b"Subject: x\r\n\r\n"
    upstream = t.pop3_upstream([message] * 100)
    gatepost = before(t, upstream, {"limits": {"maildrop_messages": 100}, "pop3": {"scan_budget": NONE}})
    client = visit(t, gatepost)
    expect_equal(len(client.sizes()), 100, "as many as may be")
    client.quit()
    upstream.maildrop.messages["uid-101"] = message
    client = visit(t, gatepost)
    refused(client, "STAT", "[SYS/TEMP]")
    expect_equal(client.until_closed(), b"", "then")
    expect("QUIT" not in upstream.said(), "QUIT at the upstream")


# Patience.

IMPATIENT = {"pop3": {"scan_budget": NONE, "patience": "50ms"}}


def await_patience(client, command="RETR 1", lines=2):
    """+OK and harmless lines come before the message does."""
    expect(client.command(command).ok, "+OK")
    for _ in range(lines):
        line = client.line()
        expect(WAIT_LINE.fullmatch(line), "a line of patience", line)


def without_patience(octets):
    lines = octets.split(b"\r\n")
    while WAIT_LINE.fullmatch(lines[0]):
        del lines[0]
    return b"\r\n".join(lines)


@tests
def patience(t):
    "a slow upstream: +OK and harmless lines first, then the message, whole and right"
    for message in (CLEAN[3], SPAM):
        gate = Gate(t, before=60)
        upstream = t.pop3_upstream([message, CLEAN[1]], replies={"RETR": gate})
        client = visit(t, before(t, upstream, IMPATIENT))
        await_patience(client)
        gate.opened.set()
        got = without_patience(client.octets())
        if message is SPAM:
            expect(got.startswith(TAGGED_BEGINS), "tagged", got)
        else:
            expect_equal(got, message, "the message")
        expect_equal(client.retrieve(2), CLEAN[1], "the next one")
        client.quit()
        expect_equal(upstream.said()[2:], ["LIST", "UIDL", "RETR 1", "RETR 2", "QUIT"], "the upstream")


@tests
def patience_with_top(t):
    "TOP waits as RETR does"
    gate = Gate(t, before=60)
    client = visit(t, before(t, t.pop3_upstream([CLEAN[3]], replies={"RETR": gate}), IMPATIENT))
    await_patience(client, "TOP 1 1")
    gate.opened.set()
    expect_equal(without_patience(client.octets()), CLEAN[3].partition(b".good day\r\n")[0] + b".good day\r\n", "TOP")


@tests
def patience_for_another(t):
    "a client that waits for the message before its own is kept patient too"
    gate = Gate(t, 1, before=100)
    upstream = t.pop3_upstream([CLEAN[0], CLEAN[1]], replies={"RETR": gate})
    client = visit(t, before(t, upstream, {"pop3": {"scan_budget": SHORT, "patience": "50ms"}}))
    client.sizes()
    await_patience(client, "RETR 2")
    gate.opened.set()
    expect_equal(without_patience(client.octets()), CLEAN[1], "the message")


def failing(ending, messages=(SPAM,)):
    """After the +OK of patience no half message may look like a whole one."""
    def test(t):
        gate = Gate(t, before=100, ending=ending)
        upstream = t.pop3_upstream(list(messages), replies={"RETR": gate})
        client = visit(t, before(t, upstream, IMPATIENT))
        await_patience(client)
        gate.opened.set()
        rest = client.until_closed()
        lines = rest.split(b"\r\n")
        expect(all(WAIT_LINE.fullmatch(line) or not line for line in lines), "what came then", rest)
        expect("QUIT" not in upstream.said(), "QUIT at the upstream")
    return test


tests.add("patience, and then the upstream closes: no end of a message", failing(lambda s: s.close()))
tests.add("patience, and then the upstream resets: no end of a message", failing(lambda s: s.reset()))


@tests
def patience_then_refused(t):
    "patience, and then the upstream refuses: the connection is closed, without the end of a message"
    gate = Gate(t)
    upstream = t.pop3_upstream([SPAM], replies={"RETR": lambda s, l: gate(s, l) and b"-ERR [IN-USE] not now\r\n"})
    client = visit(t, before(t, upstream, IMPATIENT))
    await_patience(client)
    gate.opened.set()
    expect(b"-ERR" not in (rest := client.until_closed()) and b"\r\n.\r\n" not in rest, "then", rest)


# A client that is slow.

def expect_large(client):
    """Reads all of LARGE."""
    expect(client.reply().ok, "RETR")
    wanted = dot_stuffed(LARGE)
    got = bytearray(client.buffer)
    while len(got) < len(wanted) and (piece := client.socket.recv(1 << 20)):
        got += piece
    client.buffer = bytes(got[len(wanted):])
    expect(got[:len(wanted)] == wanted, "the large message", len(got))


def slow_client(t, changes):
    """A client that has asked for a large message and does not read it; (client, gatepost, upstream)."""
    upstream = t.pop3_upstream([LARGE, CLEAN[1]])
    gatepost = before(t, upstream, {**changes, "log": {"level": "info"}})
    client = t.pop3_client(gatepost)
    client.login()
    client.send("RETR 1\r\n")
    return client, gatepost, upstream


@tests
def keepalive(t):
    "NOOPs keep the upstream while a client is slow; their answers are not the client's"
    client, _, upstream = slow_client(t, {"pop3": {"scan_budget": NONE, "keepalive": "20ms"}})
    upstream.wait(lambda: asked(upstream, "NOOP") == [""] * 3, "NOOPs")
    expect_large(client)
    expect_equal(client.retrieve(2), CLEAN[1], "the next message")
    expect_equal(client.ok("STAT").split()[:2], ["2", str(len(LARGE + CLEAN[1]))], "STAT")
    client.quit()
    expect_equal(asked(upstream, "RETR"), ["1", "2"], "RETR at the upstream")


@tests
def keepalive_from_the_shelf(t):
    "the same when the message was fetched ahead"
    client, _, upstream = slow_client(t, {"pop3": {"keepalive": "20ms"}})
    upstream.wait(lambda: asked(upstream, "NOOP") == [""] * 3, "NOOPs")
    expect_large(client)
    client.quit()
    expect_equal(asked(upstream, "RETR"), ["1", "2"], "RETR at the upstream")


@tests
def upstream_gone_while_slow(t):
    "an upstream that goes meanwhile: the client has all of the message"
    client, _, upstream = slow_client(t, {"pop3": {"keepalive": "20ms"}})
    upstream.replies["NOOP"] = lambda session, _: session.reset()
    upstream.wait(lambda: upstream.sessions[0].closed, "the upstream's end")
    expect_large(client)


@tests
def client_stalls(t):
    "R08: timeouts.client_data: a client that takes nothing loses its connection, and nothing is deleted"
    client, gatepost, upstream = slow_client(t, {"timeouts": {"client_data": SHORT}})
    gatepost.wait_event("timeout", msg="does not take its message")
    expect(not client.until_closed().endswith(b"\r\n.\r\n"), "it looks like a whole message")
    upstream.wait_idle()
    expect("QUIT" not in upstream.said(), "QUIT at the upstream")


# Nobody but the client says QUIT.

def vanishing(leave, changes=None):
    def test(t):
        upstream = t.pop3_upstream([CLEAN[0], SPAM])
        client = visit(t, before(t, upstream, changes))
        client.retrieve(1)
        client.ok("DELE 1")
        client.ok("DELE 2")
        leave(client)
        upstream.wait_idle()
        expect_equal(upstream.said()[-2:], ["DELE 1", "DELE 2"], "the upstream's last commands")
        expect_equal(upstream.maildrop.gone, [], "deleted")
    return test


def expect_timeout(client):
    said, = client.replies_until_closed()
    expect(not said.ok and said.text.startswith("timeout"), "the last word", said)


tests.add("a client that closes after DELE: no QUIT", vanishing(lambda client: client.close()))
tests.add("a client that resets after DELE: no QUIT", vanishing(lambda client: client.reset()))
tests.add("a client that falls silent after DELE is told so: no QUIT", vanishing(
    expect_timeout, {"timeouts": {"reader_command": SHORT}}))
tests.add("a client that says half a QUIT: no QUIT", vanishing(lambda client: (client.send("QUIT"), client.close())))


@tests
def vanishing_in_retr(t):
    "a client that is gone in the middle of RETR: no QUIT, nothing is deleted"
    client, _, upstream = slow_client(t, {})
    client.take(1000)
    client.reset()
    upstream.wait_idle()
    expect("QUIT" not in upstream.said() and not upstream.maildrop.gone, "the upstream", upstream.said())


tests.run()
