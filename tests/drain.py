#!/usr/bin/python3
"""SIGTERM: what is under way is finished, who idles hears that it ends in the words of
his protocol, within a limit, and all that was acknowledged is on the disk.

    GATEPOST=src/gatepost python3 tests/drain.py [WORD…]"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import PATIENCE, Tests, expect, expect_equal  # noqa: E402

tests = Tests()

MESSAGE = b"Subject: hello\r\n\r\ngood day\r\n"
HELD = b"Subject: please quarantine\r\n\r\ntoken-%d-end\r\n"
LONG, SHORT = {"timeouts": {"drain": "2m"}}, {"timeouts": {"drain": "1s"}}
INFO = {"log": {"level": "info"}}
STRIP = "rules:\n- { name: STRIP, when: { attachment: { extension: [exe] } }, then: strip }\n"
WAYS = [("in one process", True), ("in many", False)]


def terminate(gatepost):
    gatepost.process.terminate()


def expect_end(gatepost):
    expect_equal(gatepost.process.wait(PATIENCE), 0, "exit status")
    gatepost.reader.join(PATIENCE)  # its log is whole


def pop3(single):
    def test(t):
        gatepost = t.pop3_gatepost(t.pop3_upstream([MESSAGE, MESSAGE]), {**LONG, **INFO}, single=single)
        new, idle, marked, busy = (t.pop3_client(gatepost) for _ in range(4))
        expect(new.reply().ok, "greeting")
        for client in (idle, marked, busy):
            client.login()
        expect(marked.command("DELE 1").ok, "DELE")
        busy.send("RETR 1\r\n")
        terminate(gatepost)
        expect(busy.reply().ok, "RETR")
        expect_equal(busy.octets(), MESSAGE, "the message under way")
        for client in (new, idle, busy):
            last = client.reply()
            expect(not last.ok and last.text.startswith("[SYS/TEMP] "), "what is told who idles", last)
            expect_equal(client.until_closed(), b"", "then")
        expect(marked.command("NOOP").ok, "NOOP of who marked a message")
        marked.quit()
        expect_end(gatepost)
        expect_equal(len(t.upstreams[-1].maildrop.messages), 1, "messages left")
    return test


def imap(rules):
    def test(t):
        gatepost = t.imap_gatepost(t.imap_upstream([MESSAGE]), {**LONG, **INFO}, rules=rules, single=False)
        new, idle, selected, busy = (t.imap_client(gatepost) for _ in range(4))
        new.greet()
        for client in (idle, selected, busy):
            client.login()
            client.ok("SELECT INBOX")
        idle.begin("IDLE")
        expect_equal(idle.response().tag, b"+", "IDLE")
        tag = busy.begin("APPEND INBOX {%d}" % len(MESSAGE))
        expect_equal(busy.response().tag, b"+", "APPEND")
        terminate(gatepost)
        for client in (new, idle, selected):
            expect(client.response().raw.startswith(b"* BYE "), "what is told who idles")
            expect_equal(client.until_closed(), b"", "then")
        busy.send(MESSAGE + b"\r\n")
        expect(busy.answer(tag).ok, "the message under way")
        expect(busy.response().raw.startswith(b"* BYE "), "then")
        expect_end(gatepost)
    return test


def quarantine(single):
    def test(t):
        gatepost = t.gatepost(t.upstream(), {**LONG, **INFO}, single=single)
        clients = [t.client(gatepost) for _ in range(20)]
        for client in clients:
            client.greet()
            client.envelope()
            expect_equal(client.command("DATA").code, 354, "DATA")
        terminate(gatepost)
        for number, client in enumerate(clients):
            client.send(HELD % number + b".\r\n")
        expect_equal([c.reply().code for c in clients], [250] * len(clients), "replies")
        expect_end(gatepost)
        expect_equal([gatepost.quarantined(b"token-%d-end" % n) for n in range(len(clients))], [1] * len(clients),
                     "what lies in quarantine")
    return test


for name, single in WAYS:
    tests.add(f"POP3, {name}: who marked messages goes on to QUIT, who idles is told", pop3(single))
    tests.add(f"what is acknowledged is in quarantine when it has ended, {name}", quarantine(single))
tests.add("IMAP: a command is finished, who idles or IDLEs is told BYE", imap(None))
tests.add("IMAP with rules: the same", imap(STRIP))


def stalled(t, changes):
    """A gatepost with a client in the middle of a message."""
    gatepost = t.gatepost(t.upstream(), {**changes, **INFO}, single=False)
    client = t.client(gatepost)
    client.greet()
    client.envelope()
    expect_equal(client.command("DATA").code, 354, "DATA")
    return gatepost, client


@tests
def limit(t):
    "timeouts.drain ends what does not end"
    gatepost, client = stalled(t, SHORT)
    terminate(gatepost)
    expect_equal(client.replies_until_closed(), [], "replies")
    expect_end(gatepost)
    expect(gatepost.events("drain", msg="after timeouts.drain"), "the log")


@tests
def impatient(t):
    "a second SIGTERM ends it at once"
    gatepost, client = stalled(t, LONG)
    terminate(gatepost)
    gatepost.wait_event("drain")
    terminate(gatepost)
    expect_equal(client.replies_until_closed(), [], "replies")
    expect_end(gatepost)
    expect(gatepost.events("ended", child="keeper", status="^0$"), "the keeper's end")


@tests
def asked(t):
    "gatepost ctl drain does the same, once or twice"
    gatepost, client = stalled(t, LONG)
    expect_equal(gatepost.ctl("drain"), (0, ""), "ctl drain")
    expect_equal(gatepost.ctl("drain"), (0, ""), "ctl drain again")
    client.send(MESSAGE + b".\r\n")
    expect_equal(client.reply().code, 250, "the message under way")
    expect_equal(client.reply().status, "4.3.2", "then")
    expect_end(gatepost)


tests.run()
