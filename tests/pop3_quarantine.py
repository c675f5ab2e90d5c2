#!/usr/bin/python3
"""What a reader does not get to see is kept, before he is told of the message;
and what cannot be scanned, kept or fetched is said clearly and stays.

    GATEPOST=src/gatepost python3 tests/pop3_quarantine.py [WORD…]"""

import base64
import email
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from gatepost_test import PATIENCE, STANDARD_RULES, Skip, Tests, expect, expect_equal  # noqa: E402
from pop3_mail import (BANNED, CLEAN, EICAR, HEAD, PROGRAM, SPAM, VIRUS, asked, before, refused, visit,  # noqa: E402
                       with_attachment)

tests = Tests()

NO_BUDGET = {"pop3": {"scan_budget": "0s"}}
KEPT_BY_POSTMASTER = b"kept in quarantine by the postmaster"
INFECTED = with_attachment(b"letter.doc", base64.b64encode(EICAR))


def kept(gatepost):
    """What quarantine's index tells of each message, oldest first."""
    with sqlite3.connect(f"file:{gatepost.folder}/quarantine/index.db?mode=ro", uri=True) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute("SELECT * FROM message ORDER BY id")]


def expect_notice(octets, *stings):
    """A notice stands where these octets were."""
    shown = email.message_from_bytes(octets)
    texts = [part.get_payload(decode=True) or b"" for part in shown.walk()]
    expect(any(b"quarantine" in text for text in texts), "no notice", octets)
    for sting in stings:
        expect(not any(sting in text for text in [octets, *texts]), "it is still there", octets)


def expect_undeleted(client, number):
    """DELE is refused, and the message is still listed."""
    refused(client, f"DELE {number}", "[SYS/TEMP]")
    expect(number in client.sizes(), "it is listed no more")


# Quarantine.

def withheld(message, stings, changes):
    def test(t):
        upstream = t.pop3_upstream([message, CLEAN[1]])
        gatepost = before(t, upstream, changes)
        client = visit(t, gatepost)
        client.sizes()
        client.ok("RETR 1")
        expect_equal(gatepost.quarantined(message), 1, "originals in quarantine before +OK")
        expect_notice(shown := client.octets(), *stings)
        expect_equal(client.top(1, 99999999), shown, "TOP")
        row, = kept(gatepost)
        expect_equal((row["protocol"], row["user"], row["size"]), ("pop3", "user", len(message)), "the row")
        client.ok("DELE 1")
        client.quit()
        expect_equal((asked(upstream, "DELE"), upstream.maildrop.gone), (["1"], ["uid-1"]), "deleted")
        client = visit(t, gatepost)
        expect_equal(client.retrieve(1), CLEAN[1], "the other message")
        expect_equal(gatepost.quarantined(message), 1, "originals in quarantine")
    return test


for how, changes in (("fetched ahead", {}), ("for RETR", NO_BUDGET)):
    tests.add(f"a virus: a notice, the original in quarantine before +OK; {how}", withheld(VIRUS, [EICAR], changes))
    tests.add(f"a virus in an attachment, {how}", withheld(INFECTED, [EICAR, base64.b64encode(EICAR)], changes))
    tests.add(f"a banned attachment, {how}", withheld(BANNED, [PROGRAM, base64.b64decode(PROGRAM)], changes))


@tests
def each_verdict(t):
    "whatever keeps a message from its reader: a notice, the original in quarantine, and no -ERR"
    verdicts = ("reject", "quarantine", "discard", "defer")
    messages = [HEAD + b"Subject: please %s\r\n\r\nsecret word\r\n" % v.encode() for v in verdicts]
    upstream = t.pop3_upstream(messages)
    gatepost = before(t, upstream, rules=STANDARD_RULES)
    client = visit(t, gatepost)
    for number, size in client.sizes().items():
        expect_equal(len(octets := client.retrieve(number)), size, "LIST")
        expect_notice(octets, b"secret word")
        client.ok(f"DELE {number}")
    client.quit()
    expect_equal([gatepost.quarantined(m) for m in messages], [1] * 4, "originals in quarantine")
    expect_equal([line["verdict"] for line in gatepost.events("message")], list(verdicts), "verdicts in the log")
    expect_equal(len(upstream.maildrop.gone), 4, "gone")


@tests
def only_the_part(t):
    "of a banned attachment only the part is replaced; it is so in the next login, and kept once"
    upstream = t.pop3_upstream([BANNED])
    gatepost = before(t, upstream)
    seen = []
    for _ in range(2):
        client = visit(t, gatepost)
        seen.append((client.sizes(), client.retrieve(1)))
        client.quit()
    expect_equal(seen[0], seen[1], "the next login")
    sizes, octets = seen[0]
    expect_equal(sizes, {1: len(octets)}, "LIST")
    text, notice = email.message_from_bytes(octets).get_payload()
    expect_equal(text.get_payload(), "the text", "the other part")
    expect(b"was removed from this message" in notice.get_payload(decode=True), "the notice", octets)
    expect_equal(len(kept(gatepost)), 1, "kept")


@tests
def unread_may_be_deleted(t):
    "a message that nobody asked for may be deleted unseen: clean, unjudged, or a virus that was kept"
    upstream = t.pop3_upstream([CLEAN[0], VIRUS])
    gatepost = before(t, upstream)
    client = visit(t, gatepost)
    client.ok("DELE 1")
    client.ok("DELE 2")
    client.quit()
    expect_equal((upstream.maildrop.gone, gatepost.quarantined(VIRUS)), (["uid-1", "uid-2"], 1), "gone and kept")


class BrokenQuarantine:
    """Nothing can be put there until it is mended: something is in the way."""

    def __init__(self, gatepost):
        year = time.gmtime().tm_year
        folder = os.path.join(gatepost.folder, "quarantine", "messages")
        self.paths = [os.path.join(folder, f"{y % 100:02}") for y in (year, year + 1)]
        for path in self.paths:
            with open(path, "x", encoding="ascii"):
                pass

    def mend(self):
        for path in self.paths:
            os.unlink(path)


@tests
def quarantine_broken(t):
    "a quarantine that takes nothing: -ERR [SYS/TEMP], DELE refused; the next try works"
    upstream = t.pop3_upstream([VIRUS, CLEAN[1]])
    gatepost = before(t, upstream)
    broken = BrokenQuarantine(gatepost)
    client = visit(t, gatepost)
    expect_equal(client.sizes(), {1: len(VIRUS), 2: len(CLEAN[1])}, "LIST")
    for line in ("RETR 1", "TOP 1 0", "RETR 1"):
        refused(client, line, "[SYS/TEMP]")
        expect_undeleted(client, 1)
    expect_equal(client.retrieve(2), CLEAN[1], "another message")
    broken.mend()
    expect_notice(client.retrieve(1), EICAR)
    expect_equal(gatepost.quarantined(VIRUS), 1, "originals in quarantine")
    client.ok("DELE 1")
    client.quit()
    expect_equal(upstream.maildrop.gone, ["uid-1"], "gone")


@tests
def quarantine_broken_next_login(t):
    "the same, when the next try is in the next login"
    upstream = t.pop3_upstream([VIRUS])
    gatepost = before(t, upstream)
    broken = BrokenQuarantine(gatepost)
    client = visit(t, gatepost)
    refused(client, "RETR 1", "[SYS/TEMP]")
    client.quit()
    broken.mend()
    client = visit(t, gatepost)
    expect_equal(client.sizes(), {1: len(shown := client.retrieve(1))}, "LIST")
    expect_notice(shown, EICAR)
    client.ok("DELE 1")
    client.quit()


@tests
def keeper_killed(t):
    "a keeper that dies on a message: its successor takes it; until then -ERR [SYS/TEMP], and DELE is refused"
    upstream = t.pop3_upstream([VIRUS])
    gatepost = before(t, upstream, {**NO_BUDGET, "run": {"proxies": 1, "scanners": 1}}, single=False)
    client = visit(t, gatepost)
    client.sizes()
    keeper, = gatepost.processes("keeper")
    os.kill(keeper, signal.SIGSTOP)
    client.send("RETR 1\r\n")
    upstream.wait(lambda: asked(upstream, "RETR"), "RETR")
    os.kill(keeper, signal.SIGKILL)
    status, until = client.reply(), time.monotonic() + PATIENCE
    if not status.ok:
        expect_undeleted(client, 1)
    gatepost.wait_event("started", child="^keeper$", count=2)
    while not status.ok and time.monotonic() < until:  # it is started before the proxy knows of it
        expect(status.text.startswith("[SYS/TEMP]"), "RETR", status)
        status = client.command("RETR 1")
    expect_notice(client.octets(), EICAR)
    expect_equal(gatepost.quarantined(VIRUS), 1, "originals in quarantine")
    client.ok("DELE 1")
    client.quit()
    expect_equal(upstream.maildrop.gone, ["uid-1"], "gone")


class SmallDisk:
    """A file system of some room, mounted on a folder."""

    def __init__(self, t, octets):
        self.path = t.folder()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={octets},mode=0777", "tmpfs", self.path]
        if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
            raise Skip("nothing can be mounted")
        t.callback(subprocess.run, ["umount", "-l", self.path], check=False)

    def fill(self, leave=0):
        with open(os.path.join(self.path, "filler"), "wb", buffering=0) as f:
            room = os.statvfs(self.path)
            f.write(bytes(room.f_bavail * room.f_bsize - leave))

    def free(self):
        os.unlink(os.path.join(self.path, "filler"))


@tests
def quarantine_full(t):
    "a full disk under quarantine: -ERR [SYS/TEMP], DELE refused; with room again the next try works"
    disk = SmallDisk(t, 8_000_000)
    upstream = t.pop3_upstream([VIRUS + b"x" * 100_000 + b"\r\n"])
    gatepost = before(t, upstream, {"quarantine": {"path": disk.path}})
    disk.fill()
    client = visit(t, gatepost)
    refused(client, "RETR 1", "[SYS/TEMP]")
    expect_undeleted(client, 1)
    disk.free()
    expect_notice(client.retrieve(1), EICAR)
    client.ok("DELE 1")
    client.quit()
    expect_equal(upstream.maildrop.gone, ["uid-1"], "gone")


# The spool.

def filler(octets):
    return b"a line that fills a large message\r\n" * (octets // 35)


@tests
def spool_full(t):
    "a full disk under the spool: -ERR [SYS/TEMP], DELE refused, the session goes on; with room it works"
    disk = SmallDisk(t, 8_000_000)
    large = SPAM + filler(3_000_000)
    upstream = t.pop3_upstream([large, CLEAN[1]])
    gatepost = before(t, upstream, {"spool": {"path": disk.path}, "limits": {"spool_memory": "64KiB"}})
    disk.fill(leave=1_000_000)
    client = visit(t, gatepost)
    expect_equal(client.sizes()[1], len(large), "LIST")
    refused(client, "RETR 1", "[SYS/TEMP]")
    expect_undeleted(client, 1)
    expect_equal(client.retrieve(2), CLEAN[1], "another message")
    disk.free()
    expect(client.retrieve(1).endswith(filler(1000)), "the message")
    client.ok("DELE 1")
    client.quit()
    expect_equal(upstream.maildrop.gone, ["uid-1"], "gone")


@tests
def shelf_full(t):
    "a full disk under the shelf: what has no room is fetched again"
    disk = SmallDisk(t, 8_000_000)
    messages = [SPAM, CLEAN[1] + filler(900_000), CLEAN[2] + filler(900_000)]
    upstream = t.pop3_upstream(messages)
    gatepost = before(t, upstream, {"spool": {"path": disk.path}})
    disk.fill(leave=1_200_000)
    client = visit(t, gatepost)
    sizes = client.sizes()
    for number in (3, 2, 1):
        expect_equal(len(client.retrieve(number)), sizes[number], f"RETR {number}")
    expect_equal(asked(upstream, "RETR"), ["1", "2", "3", "3"], "RETR")


def spooled(gatepost, folder):
    """Octets of the nameless files there that gatepost has open."""
    sizes = []
    for pid in [gatepost.process.pid, *gatepost.children()]:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            path = f"/proc/{pid}/fd/{fd}"
            if os.path.islink(path) and os.readlink(path).startswith(folder):
                sizes.append(os.stat(path).st_size)
    return sizes


@tests
def large(t):
    "20 MB lie on the disk while they come; tagged, or stripped and kept, they are whole"
    message = BANNED.replace(b"the text\r\n", b"the text\r\n" + filler(20_000_000))
    coming, go_on = threading.Event(), threading.Event()
    t.callback(go_on.set)

    def most_of_it(session, _):
        session.send(session.usual[:-100])
        coming.set()
        go_on.wait(PATIENCE)
        return session.usual[-100:]

    upstream = t.pop3_upstream([message], replies={"RETR": most_of_it})
    folder = t.folder()
    os.chmod(folder, 0o777)
    gatepost = before(t, upstream, {"spool": {"path": folder}, **NO_BUDGET, "log": {"level": "info"}})
    client = visit(t, gatepost)
    client.send("RETR 1\r\n")
    expect(coming.wait(PATIENCE), "RETR did not reach the upstream")
    until = time.monotonic() + PATIENCE
    while max(spooled(gatepost, folder), default=0) < 19_000_000 and time.monotonic() < until:
        go_on.wait(0.01)
    expect(time.monotonic() < until, "on the disk", spooled(gatepost, folder))
    go_on.set()
    expect(client.reply().ok, "RETR")
    octets = bytearray()
    while not (client.buffer[-5:] == b"\r\n.\r\n"):
        octets += client.buffer
        client.buffer = client.socket.recv(1 << 20)
        expect(client.buffer, "closed")
    client.buffer, octets = b"", bytes(octets + client.buffer)[:-3]
    expect(filler(20_000_000) in octets and PROGRAM not in octets, "the message")
    expect_equal(gatepost.quarantined(message), 1, "originals in quarantine")


@tests
def refused_upstream(t):
    "a message that the server itself refuses: DELE is the server's affair, as without gatepost"
    upstream = t.pop3_upstream([SPAM, CLEAN[1]], replies={"RETR": b"-ERR [IN-USE] not now\r\n"})
    client = visit(t, before(t, upstream, changes=NO_BUDGET))
    refused(client, "RETR 1", "[IN-USE]")
    client.ok("DELE 1")
    refused(client, "RETR 2", "[IN-USE]")
    del upstream.replies["RETR"]
    expect_equal(client.retrieve(2), CLEAN[1], "the next try")
    client.quit()
    expect_equal(upstream.maildrop.gone, ["uid-1"], "gone")


# What cannot be scanned.

class Scanners:
    """The one scanner of a gatepost, stopped so that whatever it is given to
    scan is not; gatepost kills it for that."""

    def __init__(self, gatepost):
        self.gatepost, self.count = gatepost, 0
        self.stop()

    def stop(self):
        self.count += 1
        os.kill(int(self.gatepost.wait_event("started", self.count, child="^scanner$")["pid"]), signal.SIGSTOP)


def with_one_scanner(t, messages, policy=None, changes=None):
    upstream = t.pop3_upstream(messages)
    run = {"run": {"proxies": 1, "scanners": 1}, "timeouts": {"scan": "150ms", "drain": "2s"}}
    return before(t, upstream, {**run, **(changes or {})}, policy=policy, single=False), upstream


@tests
def scanner_killed(t):
    "a scanner that dies on a message: -ERR [SYS/TEMP], DELE refused; at the third try a notice, and it is kept"
    gatepost, upstream = with_one_scanner(t, [SPAM], changes=NO_BUDGET)
    scanners = Scanners(gatepost)
    client = visit(t, gatepost)
    for _ in range(2):
        refused(client, "RETR 1", "[SYS/TEMP]")
        expect_undeleted(client, 1)
        scanners.stop()
    expect_notice(client.retrieve(1), b"indeed")
    expect_equal(gatepost.quarantined(SPAM), 1, "originals in quarantine")
    gatepost.wait_event("message", 3, complete="no")
    expect_equal([line["verdict"] for line in gatepost.events("message", complete="no", reason="not scanned|scanner")],
                 ["defer", "defer", "quarantine"], "failures in the log")
    client.ok("DELE 1")
    client.quit()
    expect_equal(upstream.maildrop.gone, ["uid-1"], "gone")


@tests
def scanner_killed_in_each_login(t):
    "the tries are counted from login to login"
    gatepost, upstream = with_one_scanner(t, [SPAM])
    scanners = Scanners(gatepost)
    for _ in range(2):
        client = visit(t, gatepost)
        expect_equal(client.sizes(), {1: len(SPAM)}, "LIST")
        expect_undeleted(client, 1)
        scanners.stop()
        client.quit()
    client = visit(t, gatepost)
    expect_equal(client.sizes(), {1: len(notice := client.retrieve(1))}, "LIST of the notice")
    expect_notice(notice, b"indeed")
    expect_equal(gatepost.quarantined(SPAM), 1, "originals in quarantine")
    client.quit()
    expect_equal(visit(t, gatepost).retrieve(1), notice, "and so it stays")


@tests
def scanner_killed_once(t):
    "a failure that has passed is forgotten"
    gatepost, _ = with_one_scanner(t, [SPAM], changes={**NO_BUDGET, "timeouts": {"scan": "2s"}})
    Scanners(gatepost)
    client = visit(t, gatepost)
    refused(client, "RETR 1", "[SYS/TEMP]")
    gatepost.wait_event("started", child="^scanner$", count=2)
    expect(client.retrieve(1).startswith(b"X-Spam-Flag: YES\r\n"), "the second try")
    client.ok("DELE 1")
    client.quit()


@tests
def on_failure_accept(t):
    "on_failure: accept: it is shown, and says that it was not scanned"
    gatepost, _ = with_one_scanner(t, [SPAM], {"on_failure": "accept"})
    Scanners(gatepost)
    client = visit(t, gatepost)
    expect_equal(client.sizes(), {1: len(shown := client.retrieve(1))}, "LIST")
    expect_equal(shown, b"X-Gatepost-Incomplete: not scanned\r\n" + SPAM, "the message")
    client.ok("DELE 1")
    client.quit()


@tests
def on_failure_reject(t):
    "on_failure: reject: a notice at once, and it is kept"
    gatepost, _ = with_one_scanner(t, [SPAM], {"on_failure": "reject"})
    Scanners(gatepost)
    client = visit(t, gatepost)
    expect_equal(client.sizes(), {1: len(shown := client.retrieve(1))}, "LIST")
    expect_notice(shown, b"indeed")
    expect_equal(gatepost.quarantined(SPAM), 1, "originals in quarantine")
    client.ok("DELE 1")
    client.quit()


@tests
def too_large(t):
    "max_message_size: a notice says so, and the message is kept"
    message = SPAM + filler(20_000)
    upstream = t.pop3_upstream([message])
    gatepost = before(t, upstream, policy={"max_message_size": 10_000})
    client = visit(t, gatepost)
    expect_equal(client.sizes(), {1: len(shown := client.retrieve(1))}, "LIST")
    expect_notice(shown, filler(40))
    expect(len(shown) < 5000, "octets of the notice", len(shown))
    expect_equal(gatepost.quarantined(message), 1, "originals in quarantine")
    client.ok("DELE 1")
    client.quit()
    expect_equal(upstream.maildrop.gone, ["uid-1"], "gone")


# What the upstream does not give.

@tests
def refused_by_upstream(t):
    "the upstream's -ERR to RETR is the client's; the others are served"
    def refuse_one(session, line):
        return b"-ERR [SYS/PERM] broken\r\n" if line == b"RETR 1" else session.usual
    for changes in ({}, NO_BUDGET):
        upstream = t.pop3_upstream([CLEAN[0], SPAM], replies={"RETR": refuse_one})
        client = visit(t, before(t, upstream, changes))
        expect_equal(client.sizes()[1], len(CLEAN[0]), "LIST")
        expect_equal(refused(client, "RETR 1"), "[SYS/PERM] broken", "RETR 1")
        expect(client.retrieve(2).startswith(b"X-Spam-Flag: YES\r\n"), "RETR 2")
        client.quit()


tests.run()
