#!/usr/bin/python3
"""gatepost quarantine: what is found and shown, what is released, once, and
what is kept how long; while gatepost runs and while it does not.

    GATEPOST=src/gatepost python3 tests/quarantine.py [WORD…]"""

import contextlib
import fcntl
import hashlib
import json
import os
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import GATEPOST, PATIENCE, Skip, Tests, expect, expect_equal, merged  # noqa: E402
from quarantine_command import (HELD, command, expect_sound, hold, kept_as, listed, needs_strace, ok, refused,  # noqa: E402
                                state)

tests = Tests()

# Finding.

@tests
def shown(t):
    "what is known of a message, for people and for scripts; the original byte for byte"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream)
    message = hold(t, gatepost, to=("r@example.org", "q@example.org"))
    one, = listed(gatepost)
    expect_equal(json.loads(ok(gatepost, "show", "--json", message)), one, "show and list")
    expect(one.pop("time").endswith("Z"), "the time")
    expect_equal(one, {
        "id": message, "state": "held", "changed": None, "note": None, "protocol": "smtp", "listener": "mx",
        "upstream": "mta", "policy": "inbound", "verdict": "quarantine", "reason": "rule QUARANTINE",
        "rules": ["QUARANTINE"], "client": "127.0.0.1", "helo": "client.example.org", "user": None,
        "sender": "s@example.org",
        "recipients": [{"address": "r@example.org", "delivered": False}, {"address": "q@example.org", "delivered": False}],
        "from": "Anna <anna@example.net>", "subject": "please quarantine", "size": len(HELD),
        "sha256": hashlib.sha256(HELD).hexdigest()}, "the record")
    expect_equal(ok(gatepost, "show", "--raw", message[:20]), HELD, "the original")
    text = ok(gatepost, "show", message).decode()
    for line in ("state       held", "reason      rule QUARANTINE", "recipients  r@example.org", "Subject: please quarantine"):
        expect(line + "\n" in text, line, text)
    table = ok(gatepost, "list").decode().splitlines()
    expect_equal([line.split()[:2] for line in table], [["ID", "STATE"], [message, "held"]], "the table")
    expect("no message" in refused(gatepost, "show", "1999"), "another id")


@tests
def searched(t):
    "by time, user, sender, recipient, Subject and rule; newest first"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream)
    first = hold(t, gatepost)
    second = hold(t, gatepost, HELD.replace(b"please", b"=?utf-8?q?M=C3=BCsli?= please"), "other@example.com", ["x@example.org"])

    def ids(*filters):
        return [r["id"] for r in listed(gatepost, *filters)]
    expect_equal(ids(), [second, first], "all")
    expect_equal(ids("--limit", "1"), [second], "limit")
    for filters, found in (
            (("--from", "S@EXAMPLE.ORG"), [first]), (("--from", "anna@"), [second, first]), (("--to", "x@"), [second]),
            (("--subject", "Müsli"), [second]), (("--rule", "quarantine"), [second, first]), (("--rule", "TAG"), []),
            (("--user", "alice"), []), (("--since", "1h"), [second, first]), (("--until", "1h"), []),
            (("--since", "2001-02-03", "--until", "2001-02-03T04:05"), []), (("--since", first[:4] + "-01-01"), [second, first])):
        expect_equal(ids(*filters), found, filters)
    for time_of_none in ("yesterday", "2026-02-31", first[:8]):
        expect("no time" in refused(gatepost, "list", "--since", time_of_none, status=2), time_of_none)
    expect("is later than" in refused(gatepost, "list", "--since", "1h", "--until", "2h", status=2), "no time between")
    expect("did you mean" in refused(gatepost, "list", "--subjct", "x", status=2), "an option")
    expect("several" in refused(gatepost, "show", first[:8]), "an id of two")


@tests
def hostile(t):
    "nothing of a hostile message rules the terminal"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream)
    message = hold(t, gatepost, b"From: \x1b]0;owned\x07 =?utf-8?q?=1B[2J=C2=9B=E2=80=AE?= <a@b>\r\n"
                   b"Subject: please quarantine \x9b31m\x1b[31m =?utf-8?q?=0A=0Dx?=\r\n\tfolded\r\n\r\nx\r\n")
    for out in (ok(gatepost, "list"), ok(gatepost, "list", "--json"), ok(gatepost, "show", message)):
        text = out.decode()
        expect(not any(ord(c) < 32 and c != "\n" or 0x7f <= ord(c) < 0xa0 or c == "\u202e" for c in text), "controls", text)
    expect(listed(gatepost)[0]["subject"].endswith(" folded"), "folded", listed(gatepost))


@tests
def of_readers(t):
    "a message that is fetched: who fetched it; released to a named address by a named server"
    server, mta = t.pop3_upstream([HELD]), t.upstream()
    gatepost = t.pop3_gatepost(server, {"upstreams": {"smtp": {"address": "%s:%d" % mta.address, "tls": {"mode": "none"}}}},
                               rules="rules:\n- { name: X, when: { header: { name: Subject, matches: '/quarantine/' } },"
                                     " then: quarantine }\n")
    client = t.pop3_client(gatepost)
    client.login()
    client.sizes()
    client.retrieve(1)
    one, = listed(gatepost, "--user", "user")
    expect_equal((one["protocol"], one["recipients"], one["subject"]), ("pop3", [], "please quarantine"), "the record")
    expect("--upstream" in refused(gatepost, "release", "--to", "user@example.org", one["id"]), "no upstream")
    expect("--to" in refused(gatepost, "release", "--upstream", "smtp", one["id"]), "no recipient")
    expect("no address" in refused(gatepost, "release", "--to", "a@b> BODY=x <", one["id"], status=2), "no address")
    ok(gatepost, "release", "--upstream", "smtp", "--to", "user@example.org", one["id"])
    delivered = mta.wait_message()
    expect_equal((delivered.mail, delivered.recipients, delivered.data),
                 (b"MAIL FROM:<>", [b"RCPT TO:<user@example.org>"], HELD), "delivered")


# Releasing.

@tests
def released_once(t):
    "the original goes to the upstream with its envelope, unfiltered and byte for byte, once"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream)
    client = t.client(gatepost)
    client.greet()
    for line in (b"MAIL FROM:<s\xc3\xbc@example.org> SIZE=100 SMTPUTF8 BODY=8BITMIME RET=HDRS ENVID=q1",
                 b"RCPT TO:<r@example.org> NOTIFY=NEVER", b"RCPT TO:<q@example.org> ORCPT=rfc822;x@y"):
        expect_equal(client.command(line).code, 250, line)
    octets = HELD.replace(b"body", b"b\xc3\xb6dy")
    message = kept_as(client.data(octets))
    expect(not upstream.messages, "the upstream has it")
    ok(gatepost, "release", message)
    delivered = upstream.wait_message()
    expect_equal(delivered.mail, b"MAIL FROM:<s\xc3\xbc@example.org> BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=q1", "MAIL")
    expect_equal(delivered.recipients, [b"RCPT TO:<r@example.org> NOTIFY=NEVER", b"RCPT TO:<q@example.org> ORCPT=rfc822;x@y"],
                 "RCPT")
    expect_equal(delivered.data, octets, "the message")
    one, = listed(gatepost)
    expect_equal((one["state"], one["note"]), ("released", "250 2.0.0 queued"), "the state")
    expect(all(r["delivered"] for r in one["recipients"]), "delivered to all", one)
    expect("--again" in refused(gatepost, "release", message), "once more")
    expect_equal(len(upstream.messages), 1, "delivered")
    gatepost.wait_event("released", quarantine=message)
    ok(gatepost, "release", "--again", "--to", "other@example.org", message)
    expect_equal(upstream.wait_message(1).recipients, [b"RCPT TO:<other@example.org>"], "to another")


@tests
def without_extensions(t):
    "what the upstream does not offer is left out, and what the message needs is refused"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream)
    message = hold(t, gatepost, parameters=" RET=HDRS")
    needs = hold(t, gatepost, sender="s@example.org", parameters=" SMTPUTF8")
    upstream.keywords = ()
    ok(gatepost, "release", message)
    expect_equal(upstream.wait_message().mail, b"MAIL FROM:<s@example.org>", "MAIL")
    expect("SMTPUTF8" in refused(gatepost, "release", needs), "SMTPUTF8")
    expect_equal(state(gatepost, needs), "held", "state")


@tests
def binary(t):
    "a message that only BDAT can carry goes by BDAT, or not at all"
    keywords = ("PIPELINING", "8BITMIME", "CHUNKING", "BINARYMIME")
    upstream = t.upstream(keywords=keywords)
    gatepost = t.gatepost(upstream)
    octets = b"Subject: please quarantine\r\n\r\n\0\n.\nx\r\n.\r\n"
    client = t.client(gatepost)
    client.greet()
    client.command(b"MAIL FROM:<a@b> BODY=BINARYMIME")
    client.command(b"RCPT TO:<c@d>")
    client.send(b"BDAT %d LAST\r\n%s" % (len(octets), octets))
    message = kept_as(client.reply())
    upstream.keywords = ("8BITMIME",)
    expect("BINARYMIME" in refused(gatepost, "release", message), "not offered")
    upstream.keywords = keywords
    ok(gatepost, "release", message)
    delivered = upstream.wait_message()
    expect_equal((delivered.mail, delivered.data), (b"MAIL FROM:<a@b> BODY=BINARYMIME", octets), "delivered")


@tests
def tampered(t):
    "an index or a file that somebody changed: nothing of it is sent"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream)
    first, second = hold(t, gatepost), hold(t, gatepost)
    with sqlite3.connect(f"{gatepost.folder}/quarantine/index.db") as db:
        db.execute("UPDATE recipient SET value = 'a@b>' || char(13, 10) || 'RSET' WHERE message = ?", (first,))
    expect("control character" in refused(gatepost, "release", first), "a line end")
    day = f"{gatepost.folder}/quarantine/messages/{second[2:4]}/{second[4:6]}/{second[6:8]}"
    with open(f"{day}/{second}.eml", "ab") as f:
        f.write(b"more\r\n")
    expect("is not what was put in quarantine" in refused(gatepost, "release", second), "another message")
    expect(not any(b"RCPT" in s.received or b"RSET" in s.received for s in upstream.sessions[2:]), "sent")


def refusing(*words):
    """How an upstream answers to RCPT, where recipients with these words are unknown."""
    return lambda s, line: b"550 5.1.1 nobody\r\n" if any(word in line for word in words) else b"250 ok\r\n"


@tests
def refused_recipient(t):
    "a recipient that is refused does not keep it from the others, and gets it alone later"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream)
    message = hold(t, gatepost, to=("r@example.org", "gone@example.org", "left@example.org", "q@example.org"))
    upstream.replies["RCPT"] = refusing(b"@")
    expect("not delivered: 550 5.1.1 nobody" in refused(gatepost, "release", message), "all of them")
    expect_equal(state(gatepost, message), "held", "all of them")
    upstream.replies["RCPT"] = refusing(b"gone", b"left")
    upstream.replies["END"] = b"452 4.3.1 full\r\n"
    expect("not delivered: 452 4.3.1 full" in refused(gatepost, "release", message), "why")
    one, = listed(gatepost)
    expect_equal((one["state"], one["note"], upstream.messages), ("held", "452 4.3.1 full", []), "the record")
    upstream.replies.pop("END")
    for refuses, recipients in ((refusing(b"gone", b"left"), ["r", "q"]), (refusing(b"gone"), ["left"])):
        upstream.replies["RCPT"] = refuses
        expect("not delivered to all: 550 5.1.1 nobody" in refused(gatepost, "release", message), "why")
        expect_equal(upstream.messages[-1].recipients, [b"RCPT TO:<%s@example.org>" % r.encode() for r in recipients], "RCPT")
        one, = listed(gatepost)
        expect_equal((one["state"], one["note"]), ("held", "550 5.1.1 nobody"), "the record")
    expect_equal([r["address"] for r in one["recipients"] if not r["delivered"]], ["gone@example.org"], "missing")
    upstream.replies.pop("RCPT")
    ok(gatepost, "release", message)
    expect_equal(upstream.messages[-1].recipients, [b"RCPT TO:<gone@example.org>"], "at last")
    expect_equal((state(gatepost, message), len(upstream.messages)), ("released", 3), "state")


@tests
def lmtp(t):
    "LMTP: who has it does not get it again"
    upstream = t.upstream(lmtp=True)
    gatepost = t.gatepost(upstream, listener={"protocol": "lmtp"})

    def hold_for(*recipients):
        client = t.client(gatepost)
        client.greet(verb="LHLO")
        return kept_as(client.deliver(HELD, recipients=recipients))
    message = hold_for("a@example.org", "b@example.org")
    upstream.replies["END"] = b"250 2.0.0 a has it\r\n452 4.2.2 b is full\r\n"
    expect("not delivered to all: 452 4.2.2 b is full" in refused(gatepost, "release", message), "why")
    one, = listed(gatepost)
    expect_equal((one["state"], [r["delivered"] for r in one["recipients"]]), ("held", [True, False]), "the record")
    upstream.replies.pop("END")
    ok(gatepost, "release", message)
    expect_equal(upstream.messages[-1].recipients, [b"RCPT TO:<b@example.org>"], "the second time")
    expect_equal(state(gatepost, message), "released", "state")
    message = hold_for("a@example.org", "gone@example.org", "b@example.org")
    upstream.replies["RCPT"], upstream.replies["END"] = refusing(b"gone"), b"250 2.0.0 a has it\r\n452 4.2.2 b is full\r\n"
    expect("not delivered to all: 452 4.2.2 b is full" in refused(gatepost, "release", message), "who was refused has no reply")
    one = listed(gatepost)[0]
    expect_equal([r["delivered"] for r in one["recipients"]], [True, False, False], "the record")


def over_tls(mode):
    def test(t):
        upstream = t.upstream(tls=mode, context=t.certificates.server_context())
        gatepost = t.gatepost(upstream, {"upstreams": {"mta": {"tls": {
            "mode": mode, "verify": "full", "ca": t.certificates.ca(), "server_name": "localhost"}}}})
        message = hold(t, gatepost)
        ok(gatepost, "release", message)
        expect(upstream.wait_message().session.plain is not None, "in plaintext")
        changed = merged(gatepost.config, {"upstreams": {"mta": {"tls": {"server_name": "other.example.org"}}}})
        other = os.path.join(gatepost.folder, "other.yaml")
        with open(other, "w", encoding="utf-8") as f:
            json.dump(changed, f)
        expect("TLS" in refused(gatepost, "release", "--again", message, config=other), "another name")
        expect_equal(len(upstream.messages), 1, "delivered")
    return test


for mode in ("starttls", "implicit"):
    tests.add(f"TLS to the upstream is what its settings say: {mode}", over_tls(mode))


@tests
def no_starttls(t):
    "an upstream that takes STARTTLS back gets nothing"
    upstream = t.upstream(tls="starttls", context=t.certificates.server_context())
    gatepost = t.gatepost(upstream, {"upstreams": {"mta": {"tls": {"mode": "starttls", "verify": "none"}}}})
    message = hold(t, gatepost)
    upstream.tls = "none"
    expect("STARTTLS" in refused(gatepost, "release", message), "why")
    expect(not upstream.messages, "delivered")


@tests
def no_answer(t):
    "no answer to the end of the message: unknown, and delivered again only when that is asked for"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream)
    message = hold(t, gatepost)
    upstream.replies["END"] = lambda s, message: s.close()
    expect("may have been delivered" in refused(gatepost, "release", message), "why")
    expect_equal(state(gatepost, message), "unknown", "state")
    expect("--again" in refused(gatepost, "release", message), "by itself")
    upstream.replies["END"] = b"554 5.7.1 no\r\n"
    refused(gatepost, "release", "--again", message)
    expect_equal(state(gatepost, message), "unknown", "the first may have come through all the same")
    upstream.replies.pop("END")
    ok(gatepost, "release", "--again", message)
    expect_equal((state(gatepost, message), len(upstream.messages)), ("released", 1), "at last")


@tests
def lost_before_the_end(t):
    "a connection that is lost before the end: held, and released again as if nothing had been"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream)
    message = hold(t, gatepost)
    for verb in ("GREETING", "EHLO", "MAIL", "RCPT", "DATA"):
        upstream.replies[verb] = lambda s, line: s.close()
        said = refused(gatepost, "release", message)
        expect("not delivered: the mail server closed the connection" in said, verb, said)
        expect_equal(state(gatepost, message), "held", verb)
        upstream.replies.pop(verb)
    ok(gatepost, "release", message)
    expect_equal(len(upstream.messages), 1, "delivered")


class Paused:
    """An upstream that waits at a verb until it is let go on."""

    def __init__(self, upstream, verb):
        self.reached, self.go = threading.Event(), threading.Event()
        upstream.replies[verb] = self.wait

    def wait(self, session, what):
        self.reached.set()
        self.go.wait(PATIENCE)
        return b"250 2.0.0 at last\r\n"


def begin(gatepost, verb, *arguments):
    return subprocess.Popen([GATEPOST, "quarantine", verb, "-c", gatepost.file, *arguments],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@tests
def two_at_once(t):
    "while a message is released nobody else releases or deletes it, nor does it expire"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream)
    message = hold(t, gatepost)
    paused = Paused(upstream, "RCPT")
    release = begin(gatepost, "release", message)
    expect(paused.reached.wait(PATIENCE), "RCPT")
    for verb in ("release", "delete"):
        expect("being released just now" in refused(gatepost, verb, message), verb)
    paused.go.set()
    out, err = release.communicate(timeout=PATIENCE)
    expect_equal((release.returncode, err), (0, b""), out)
    expect_equal(len(upstream.messages), 1, "delivered")
    ok(gatepost, "delete", message)
    expect_equal((listed(gatepost), gatepost.quarantined(b"body")), ([], 0), "deleted")


@tests
def killed_while_releasing(t):
    "killed before the end: held; killed behind it: unknown; never delivered twice by itself"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream)
    message = hold(t, gatepost)
    for verb, becomes in (("MAIL", "held"), ("DATA", "held"), ("END", "unknown")):
        paused = Paused(upstream, verb)
        release = begin(gatepost, "release", message)
        expect(paused.reached.wait(PATIENCE), verb)
        expect_equal(state(gatepost, message), becomes, f"while waiting for {verb}")
        release.kill()
        release.communicate()
        paused.go.set()
        expect_equal(state(gatepost, message), becomes, f"killed while waiting for {verb}")
        upstream.wait_idle()
        upstream.replies.pop(verb)
    expect("may have been delivered" in refused(gatepost, "release", message), "by itself")
    expect_equal(len(upstream.messages), 1, "delivered")


# While gatepost does not run, and while its keeper comes and goes.

def stopped(t, gatepost):
    expect_equal(gatepost.stop(), 0, "gatepost's exit status")
    expect(not os.path.exists(f"{gatepost.folder}/quarantine/keeper"), "the socket is left")


@tests
def without_gatepost(t):
    "all of it works on the folder while gatepost does not run"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream, {"quarantine": {"keep_size": 0}})
    first, second, third = (hold(t, gatepost) for _ in range(3))
    stopped(t, gatepost)
    ok(gatepost, "release", first)
    expect_equal((upstream.wait_message().data, state(gatepost, first)), (HELD, "released"), "released")
    ok(gatepost, "delete", first, second)
    expect_equal([r["id"] for r in listed(gatepost)], [third], "left")
    expect_equal(ok(gatepost, "expire"), b"0 messages removed\n", "expired")
    gatepost.write_config(merged(gatepost.config, {"quarantine": {"keep_size": 1}}))
    expect_equal(ok(gatepost, "expire"), b"1 message removed\n", "expired")
    expect_equal((listed(gatepost), gatepost.quarantined(b"body")), ([], 0), "left")


def elsewhere(gatepost):
    path = os.path.join(gatepost.folder, "elsewhere.yaml")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(merged(gatepost.config, {"quarantine": {"path": "nowhere"}}), f)
    return path


@tests
def no_quarantine(t):
    "a quarantine that is not there is said to be so"
    gatepost = t.gatepost(t.upstream())
    for verb in ("list", "expire"):
        expect("nowhere: No such file or directory" in refused(gatepost, verb, status=2, config=elsewhere(gatepost)), verb)
    os.mkdir(nowhere := f"{gatepost.folder}/nowhere")
    expect_equal(refused(gatepost, "list", status=2, config=elsewhere(gatepost)),
                 f"gatepost: quarantine {nowhere}: nothing was ever kept in this folder\n", "a new one")
    os.rmdir(nowhere)
    with open(nowhere, "wb"):
        pass
    expect("nowhere: Not a directory" in refused(gatepost, "list", status=2, config=elsewhere(gatepost)), "a file")


@tests
def no_rights(t):
    "who may not look into the folder is told so"
    if os.geteuid() != 0:
        raise Skip("needs root")
    gatepost = t.gatepost(t.upstream(), single=False)
    os.chmod(gatepost.folder, 0o755)
    stranger = ("setpriv", "--reuid=54321", "--regid=54321", "--clear-groups")
    for verb in ("list", "expire"):
        expect("it is for root and" in (said := refused(gatepost, verb, status=2, prefix=stranger)) and "time=" not in said, verb, said)


@tests
def no_file(t):
    "a message whose deletion was interrupted: what is known of it is shown, and deleting it removes the rest"
    gatepost = t.gatepost(t.upstream())
    message, = hold_many(t, gatepost, 1)
    os.unlink(f"{gatepost.folder}/quarantine/messages/{message[2:4]}/{message[4:6]}/{message[6:8]}/{message}.eml")
    for verb, status in (("show", 2), ("release", 1)):
        got, _, err = command(gatepost, verb, message)
        expect(got == status and "deleting it removes the rest" in err and "time=" not in err, verb, got, err)
    ok(gatepost, "delete", message)
    expect_equal(listed(gatepost), [], "left")


@tests
def no_index(t):
    "an index that is not there, or is none, is said to be so, and left as it is"
    gatepost = t.gatepost(t.upstream())
    message, = hold_many(t, gatepost, 1)
    index = f"{gatepost.folder}/quarantine/index.db"
    os.rename(index, index + ".away")
    expect("the index of the quarantine cannot be opened" in refused(gatepost, "list", status=2), "none")
    expect(not os.path.exists(index), "it was made")
    with open(index, "wb") as f:
        f.write(b"this is no index\n" * 100)
    for verb in ("list", "expire"):
        expect("cannot be" in (said := refused(gatepost, verb, status=2)) and "version" not in said, verb, said)
    os.rename(index + ".away", index)
    ok(gatepost, "show", message)


@tests
def of_processes(t):
    "with processes of its own account: the keeper carries out what root orders, and is owner of all"
    if os.geteuid() != 0:
        raise Skip("needs root")
    upstream = t.upstream()
    gatepost = t.gatepost(upstream, single=False)
    first, second = hold(t, gatepost), hold(t, gatepost)
    ok(gatepost, "release", first)
    gatepost.wait_event("released", quarantine=first)
    stopped(t, gatepost)
    ok(gatepost, "release", second)
    owner = os.stat(f"{gatepost.folder}/quarantine").st_uid
    for folder, names, files in os.walk(f"{gatepost.folder}/quarantine"):
        for name in names + files:
            expect_equal(os.stat(os.path.join(folder, name)).st_uid, owner, name)
    expect_equal(len(upstream.messages), 2, "delivered")


def ordered(door, message, account):
    """What the keeper answers to an order to remove a message, given by that account."""
    name = message.encode()
    order = b"i" + struct.pack("<IQ", 2, len(name)) + name + struct.pack("<IQQI", 0, 0, 0, 0)
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setuid(account)
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
                s.connect(door)
                s.send(order)
                os.write(sender, s.recv(65536))
        except OSError as error:
            os.write(sender, repr(error).encode())
        finally:
            os._exit(0)
    os.close(sender)
    os.waitpid(child, 0)
    with open(receiver, "rb") as f:
        return f.read()


@tests
def of_its_own_account(t):
    "who has only the keeper's account, as proxies do, orders nothing while gatepost runs"
    if os.geteuid() != 0:
        raise Skip("needs root")
    gatepost = t.gatepost(t.upstream(), single=False)
    message = hold(t, gatepost)
    door = f"{gatepost.folder}/quarantine/keeper"
    owner = os.stat(door).st_uid
    expect(owner != 0, "the keeper is root")
    expect(b"only root may do that" in (said := ordered(door, message, owner)), "the answer", said)
    expect_equal([r["id"] for r in listed(gatepost)], [message], "left")
    expect(b"only root" not in (said := ordered(door, message, 0)), "as root", said)
    expect_equal(listed(gatepost), [], "removed")


@tests
def keeper_dies(t):
    "the keeper dies while a message is released: its follower records what became of it"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream, single=False)
    message = hold(t, gatepost)
    paused = Paused(upstream, "END")
    release = begin(gatepost, "release", message)
    expect(paused.reached.wait(PATIENCE), "the end")
    os.kill(gatepost.processes("keeper")[0], signal.SIGKILL)
    paused.go.set()
    out, err = release.communicate(timeout=PATIENCE)
    expect_equal((release.returncode, err), (0, b""), out)
    expect_equal((state(gatepost, message), len(upstream.messages)), ("released", 1), "state")


class DyingKeeper(threading.Thread):
    """Has the quarantine of a gatepost that was stopped, and does with one order after the
    other what the test says; where that has no answer, none is given. Then it goes away."""

    def __init__(self, gatepost, *acts):
        super().__init__(daemon=True)
        folder = f"{gatepost.folder}/quarantine"
        self.acts, self.name_of_door = acts, f"{folder}/keeper"
        self.folder = os.open(folder, os.O_RDONLY)
        fcntl.flock(self.folder, fcntl.LOCK_EX)
        self.door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.door.bind(self.name_of_door)
        self.door.listen()
        self.start()

    def run(self):
        with self.door:
            for act in self.acts:
                peer, _ = self.door.accept()
                with peer:
                    answer = act(peer.recv(65536))
                    if answer:
                        peer.send(answer)
            os.unlink(self.name_of_door)
        os.close(self.folder)


def nothing(_):
    """Is done, and nothing said."""


def fails(_):
    """As io/packet.h and daemon/keeper_wire.h have it."""
    why = b"the disk is full"
    return b"i" + struct.pack("<IQ", 0, len(why)) + why + struct.pack("<QQI", 0, 0, 0)


def remove(gatepost, message):
    with contextlib.closing(sqlite3.connect(f"{gatepost.folder}/quarantine/index.db")) as db, db:
        db.execute("DELETE FROM message WHERE id = ?", (message,))


def mark(gatepost, message):
    """Does what an order says that marks it."""
    def act(order):
        state, changed = struct.unpack_from("<IQ", order, order.index(message.encode()) + len(message))
        with contextlib.closing(sqlite3.connect(f"{gatepost.folder}/quarantine/index.db")) as db, db:
            db.execute("UPDATE message SET state = ?, changed = ? WHERE id = ?", (state, changed, message))
    return act


@tests
def done_and_not_told(t):
    "a keeper that dies before it answers: what it has done counts, what it has not is done, and nobody is told otherwise"
    gatepost = t.gatepost(t.upstream())
    first, second = hold_many(t, gatepost, 2)
    for message, do in ((first, lambda _: remove(gatepost, first)), (second, nothing)):
        keeper = DyingKeeper(gatepost, do)
        expect_equal(ok(gatepost, "delete", message), f"{message}: deleted\n".encode(), "what is said")
        keeper.join(PATIENCE)
        expect_equal(message in expect_sound(gatepost), False, "still there")
        expect("no message" in refused(gatepost, "delete", message), "a second time")
    DyingKeeper(gatepost, nothing)
    expect_equal(ok(gatepost, "expire"), b"0 messages removed, and those of a keeper that went away before it had told how many\n",
                 "what is said")


@tests
def marked_and_not_told(t):
    "a keeper that records that a message is about to be delivered, and does not say so: it is delivered"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream)
    message, = hold_many(t, gatepost, 1)
    DyingKeeper(gatepost, mark(gatepost, message), fails)
    ok(gatepost, "release", message)
    expect_equal((state(gatepost, message), len(upstream.messages)), ("released", 1), "state")


@tests
def perhaps_marked(t):
    "a keeper that may yet record it: the message is not delivered, and it is said how it may come to be listed"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream)
    message, other = hold_many(t, gatepost, 2)
    orders = []
    keeper = DyingKeeper(gatepost, orders.append, fails)
    said = refused(gatepost, "release", message)
    expect("not delivered" in said and "unknown" in said and "--again" in said, "what is said", said)
    keeper.join(PATIENCE)
    expect_equal((state(gatepost, message), upstream.messages), ("held", []), "state")
    mark(gatepost, message)(orders[0])
    expect("may have been delivered" in refused(gatepost, "release", message), "what it looks like")
    ok(gatepost, "release", "--again", message)
    expect_equal((state(gatepost, message), len(upstream.messages)), ("released", 1), "state")
    DyingKeeper(gatepost, fails)
    said = refused(gatepost, "release", other)
    expect("not delivered" in said and "unknown" not in said, "what is said where it is not recorded, surely", said)
    ok(gatepost, "release", other)


# Retention.

@tests
def expires(t):
    "the keeper removes what is too old and what is too much, also after a reload"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream, single=False)
    first, second = hold(t, gatepost), hold(t, gatepost)
    expect_equal(ok(gatepost, "expire"), b"0 messages removed\n", "nothing to remove")
    gatepost.write_config(merged(gatepost.config, {"quarantine": {"keep_size": len(HELD) + 1}}))
    gatepost.signal(signal.SIGHUP)
    line = gatepost.wait_event("expired")
    expect_equal((line["messages"], line["octets"]), ("1", str(len(HELD))), "in the log")
    expect_equal([r["id"] for r in listed(gatepost)], [second], "left")
    gatepost.write_config(merged(gatepost.config, {"quarantine": {"keep_for": "1ms"}}))
    gatepost.signal(signal.SIGHUP)
    gatepost.wait_event("expired", 2)
    expect_equal((listed(gatepost), gatepost.quarantined(b"body")), ([], 0), "left")
    expect("no message" in refused(gatepost, "show", first), "gone")


# A disk without room.

def mounted(t, size):
    """A folder of so many octets at most."""
    folder = t.folder()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", folder],
                                           capture_output=True, check=False).returncode != 0:
        raise Skip("a file system cannot be mounted here")
    t.callback(subprocess.run, ["umount", "-l", folder], check=False)
    return folder


@tests
def full_disk(t):
    "a full disk: mail is deferred and the log says why; deleting works, and then so does the next message"
    folder = mounted(t, "1m")
    upstream = t.upstream()
    gatepost = t.gatepost(upstream, {"quarantine": {"path": f"{folder}/quarantine"}})
    large = HELD + b"x" * 70 + b"\r\n"
    large += (b"y" * 70 + b"\r\n") * 3000
    message, client = hold(t, gatepost, large), t.client(gatepost)
    client.greet()
    kept = [message]
    while True:
        reply = client.deliver(large)
        if reply.code != 250:
            break
        kept.append(reply.text.split()[-1])
        expect(len(kept) < 10, "the disk is never full")
    expect_equal(reply.text, "4.3.1 the message cannot be kept now, try again later", reply.code)
    expect_equal(reply.code, 451, "the code")
    gatepost.wait_event("quarantine", msg="No space left on device|disk is full")
    expect_equal([r["id"] for r in listed(gatepost)], kept[::-1], "kept")
    # Every block is taken, so that nothing can grow.
    with open(f"{folder}/filler", "wb", buffering=0) as f:
        try:
            while f.write(b"z" * 4096):
                pass
        except OSError:
            pass
    ok(gatepost, "delete", message)
    expect_equal(client.deliver(HELD).code, 250, "with room again")
    expect(not upstream.messages, "delivered")


# Interrupted anywhere.

def interrupt(gatepost, call, count, verb, *ids):
    """Kills the command at its `count`th call of that kind; True: it was over before."""
    inject = f"inject={call}:signal=KILL:when={count}"
    done = subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject,
                           GATEPOST, "quarantine", verb, "-c", gatepost.file, *ids], capture_output=True, check=False,
                          timeout=PATIENCE * 3)
    expect(done.returncode in (0, 1, -signal.SIGKILL, 128 + signal.SIGKILL), "strace", done)
    return done.returncode in (0, 1)


CALLS = ("fdatasync", "fsync", "pwrite64", "unlinkat")


def at_each(calls, body):
    """body(call, count) for each call of those kinds, until it returns True: the command was over before."""
    for call in calls:
        count = 1
        while not body(call, count):
            count += 1
        expect(count > 1, f"{call} is never called")


def hold_many(t, gatepost, count=50):
    """Their ids, oldest first; gatepost has ended."""
    client = t.client(gatepost)
    client.greet()
    ids = [kept_as(client.deliver(HELD)) for _ in range(count)]
    client.close()
    stopped(t, gatepost)
    return ids


@tests
def interrupted_delete(t):
    "killed anywhere while it deletes: the others are whole, and deleting it again finishes that"
    needs_strace()
    gatepost = t.gatepost(t.upstream())
    todo = hold_many(t, gatepost)

    def delete(call, count):
        message = todo.pop()
        over = interrupt(gatepost, call, count, "delete", message)
        left = expect_sound(gatepost)
        expect_equal([m for m in todo if m not in left], [], f"gone with it at {call} {count}")
        if message in left:
            ok(gatepost, "delete", message)
        return over
    at_each(CALLS, delete)
    expect_equal(list(expect_sound(gatepost)), todo, "left")
    expect_equal(gatepost.quarantined(HELD), len(todo), "files")


@tests
def interrupted_release(t):
    "killed anywhere while it releases: held and not delivered, or unknown, or released and delivered; never twice"
    needs_strace()
    upstream = t.upstream()
    gatepost = t.gatepost(upstream)
    todo = hold_many(t, gatepost)

    def release(call, count):
        message, before = todo.pop(), len(upstream.messages)
        over = interrupt(gatepost, call, count, "release", message)
        upstream.wait_idle()
        became, delivered = expect_sound(gatepost)[message], len(upstream.messages) - before
        expect(delivered in {"held": [0], "unknown": [0, 1], "released": [1]}[became], f"{call} {count}", became, delivered)
        status, _, err = command(gatepost, "release", message)
        expect_equal((status, len(upstream.messages) - before), (0, 1) if became == "held" else (1, delivered), err)
        return over
    at_each(("fdatasync", "fsync", "pwrite64", "sendmsg", "epoll_wait"), release)


@tests
def interrupted_expiry(t):
    "killed anywhere while it expires: the next time removes the rest"
    needs_strace()
    gatepost = t.gatepost(t.upstream())
    todo = hold_many(t, gatepost)

    def expire(call, count):
        todo.pop(0)
        gatepost.write_config(merged(gatepost.config, {"quarantine": {"keep_size": len(todo) * len(HELD)}}))
        over = interrupt(gatepost, call, count, "expire")
        ok(gatepost, "expire")
        expect_equal(list(expect_sound(gatepost)), todo, "left")
        expect_equal(gatepost.quarantined(HELD), len(todo), "files")
        return over
    at_each(CALLS, expire)


@tests
def interrupted_start(t):
    "killed anywhere while it clears up after puts that were interrupted: the next start does the rest"
    needs_strace()
    gatepost = t.gatepost(t.upstream())
    kept, = hold_many(t, gatepost, 1)
    folder = f"{gatepost.folder}/quarantine"
    day = f"{folder}/messages/{kept[2:4]}/{kept[4:6]}/{kept[6:8]}"

    def leave_behind():
        """A put that was interrupted before it had a place, one before it had a row, one behind that."""
        for salt, placed in (("00000000", False), ("00000001", True)):
            name = kept[:-8] + salt
            with open(f"{folder}/incoming/{name}", "wb") as f:
                f.write(HELD)
            if placed:
                os.link(f"{folder}/incoming/{name}", f"{day}/{name}.eml")
        os.link(f"{day}/{kept}.eml", f"{folder}/incoming/{kept}")

    def start(call, count):
        leave_behind()
        over = interrupt(gatepost, call, count, "expire")
        ok(gatepost, "show", kept)
        ok(gatepost, "expire")
        expect_equal((os.listdir(f"{folder}/incoming"), os.listdir(day)), ([], [kept + ".eml"]), f"left at {call} {count}")
        return over
    at_each(("unlinkat",), start)


# An index of before.

FIRST_SCHEMA = """
CREATE TABLE message (id TEXT PRIMARY KEY, size INTEGER NOT NULL, time INTEGER NOT NULL, protocol TEXT NOT NULL,
 policy TEXT NOT NULL, client TEXT NOT NULL, helo TEXT NOT NULL, sender TEXT NOT NULL, user TEXT NOT NULL,
 subject TEXT NOT NULL, verdict TEXT NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE recipient (message TEXT NOT NULL REFERENCES message(id) ON DELETE CASCADE, position INTEGER NOT NULL,
 value TEXT NOT NULL, PRIMARY KEY (message, position)) WITHOUT ROWID;
CREATE TABLE rule (message TEXT NOT NULL REFERENCES message(id) ON DELETE CASCADE, position INTEGER NOT NULL,
 value TEXT NOT NULL, PRIMARY KEY (message, position)) WITHOUT ROWID;
INSERT INTO message VALUES ('{0}', {1}, {2}, 'smtp', 'in', '192.0.2.1', 'h', 's@example.org', '', '', 'quarantine', 'R');
INSERT INTO recipient VALUES ('{0}', 0, 'r@example.org');
PRAGMA user_version = 1;
"""


@tests
def an_older_index(t):
    "a quarantine from before there was this command: found, and released to a named upstream"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream)
    message = hold(t, gatepost)
    stopped(t, gatepost)
    index = f"{gatepost.folder}/quarantine/index.db"
    os.unlink(index)
    with sqlite3.connect(index) as db:
        db.executescript(FIRST_SCHEMA.format(message, len(HELD), time.time_ns() // 1000000))
    owner = os.stat(os.path.dirname(index))
    os.chown(index, owner.st_uid, owner.st_gid)
    expect("older gatepost" in refused(gatepost, "list", status=2), "before")
    ok(gatepost, "expire")
    one, = listed(gatepost)
    expect_equal((one["id"], one["subject"], one["upstream"], one["sha256"]), (message, None, None, None), "the record")
    expect("--upstream" in refused(gatepost, "release", message), "no upstream")
    gatepost.write_config(merged(gatepost.config, {"quarantine": {"release_upstream": "mta"}}))
    ok(gatepost, "release", message)
    delivered = upstream.wait_message()
    expect_equal((delivered.mail, delivered.data), (b"MAIL FROM:<s@example.org>", HELD), "delivered")


tests.run()
