#!/usr/bin/python3
"""gatepost before a real Dovecot: mail fetched by real programs, directly and
through gatepost, the whole conversation of a session both ways, and two thousand
messages of many shapes fetched by four clients at once.

    GATEPOST=src/gatepost python3 tests/e2e_dovecot.py [WORD…]

With GATEPOST=none the programs speak to Dovecot directly, which tests the tests."""

import base64
import os
import re
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "lib")]

from dovecot import SECRET, shared_dovecot  # noqa: E402
from gatepost_test import GATEPOST, PATIENCE, Skip, Tests, expect, expect_equal  # noqa: E402
from messages import Maker  # noqa: E402
from pop3_client import Pop3Client  # noqa: E402
from pop3_programs import PROGRAMS, Job  # noqa: E402
from readings import ordinary  # noqa: E402
from readings.payload import EICAR  # noqa: E402

tests = Tests()

MESSAGES = 2000
CLIENTS = 4
SEED = 20250201
TOP_LINES = 5

RULES = r"""rules:
- name: EICAR
  when: { signature: { text: 'X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*' } }
  then: reject
- { name: PROGRAM, when: { attachment: { extension: [exe] } }, then: strip }
- { name: LOTTERY, when: { header: { name: Subject, matches: '/lottery/' } }, score: 7 }
"""
JUDGED = {"thresholds": [{"score": 5.0, "then": "tag"}], "subject_prefix": "[SPAM] "}
HEAD = (b"From: sender@example.org\r\nTo: ada@example.org\r\nDate: Mon, 3 Nov 2025 10:00:00 +0100\r\n"
        b"MIME-Version: 1.0\r\n")
PROGRAM = b"MZ\x90\0\x03\0\0\0 this program is none"
VIRUS = HEAD + b"Subject: a virus\r\nX-Token: token-of-the-virus\r\n\r\n" + EICAR + b"\r\n"
BANNED = HEAD + (b'Subject: a program\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nthe text\r\n'
                 b'--b\r\nContent-Type: application/octet-stream; name="run.exe"\r\n'
                 b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(PROGRAM) + b"\r\n--b--\r\n")
SPAM = HEAD + b"Subject: you won a lottery\r\n\r\nindeed\r\n"
CLEAN = [HEAD + b"Subject: number %d\r\n\r\n.good day\r\n..\r\n" % n + b"and bye\r\n" * n for n in range(9)]
MIXED = CLEAN[:3] + [VIRUS] + CLEAN[3:5] + [BANNED, SPAM] + CLEAN[5:]


def before(t, dovecot, tls=None, rules=None, upstream_tls=None):
    """A gatepost before that Dovecot."""
    port = dovecot.pop3s if upstream_tls == "implicit" else dovecot.pop3
    secure = {"mode": upstream_tls, "verify": "full", "ca": t.certificates.ca()} if upstream_tls else {"mode": "none"}
    changes = {"log": {"level": "info"}, "upstreams": {"mta": {"address": f"localhost:{port}", "tls": secure}},
               "policies": {"inbound": JUDGED if rules else {}}}
    return t.pop3_gatepost(("localhost", port), changes, {"tls": t.certificates.yaml(mode=tls)} if tls else None,
                           rules=rules, single=False)


def port_before(t, dovecot, tls=None, rules=None):
    """The port of a gatepost, or of Dovecot itself where there is none."""
    if GATEPOST == "none":
        return dovecot.pop3s if tls == "implicit" else dovecot.pop3
    return before(t, dovecot, tls, rules).address[1]


# Programs.

def fetched_alike(program, tls, login="password"):
    """The same messages and the same deletions as without gatepost."""
    def test(t):
        dovecot = shared_dovecot(t)
        results = []
        for port in (dovecot.pop3s if tls == "implicit" else dovecot.pop3, port_before(t, dovecot, tls)):
            user = dovecot.user(CLEAN)
            results.append((program(Job(t, port, user, tls, login)), dovecot.held(user)))
        directly, through = results
        expect_equal(directly[0], sorted(CLEAN), "fetched directly")
        expect(len(directly[1]) < len(CLEAN), "nothing was deleted", len(directly[1]))
        expect(through == directly, "what was fetched, what was left", through, directly)
    return test


for name, program in PROGRAMS.items():
    for tls in (None, "starttls", "implicit") if name != "getmail" else (None, "implicit"):  # it knows no STLS
        tests.add(f"{name}, {tls or 'no TLS'}", fetched_alike(program, tls))
    if name != "mpop":  # which takes no APOP of Dovecot's
        tests.add(f"{name}, APOP", fetched_alike(program, None, "apop"))


def fetched_by_rules(program):
    """What is clean as it was, what is not without its sting, and all of it deleted as usual."""
    def test(t):
        if GATEPOST == "none":
            raise Skip("it is gatepost that has rules")
        dovecot = shared_dovecot(t)
        user = dovecot.user(MIXED)
        gatepost = before(t, dovecot, rules=RULES)
        fetched = program(Job(t, gatepost.address[1], user))
        expect_equal([m for m in fetched if m in CLEAN], sorted(CLEAN), "what is clean")
        others = [m for m in fetched if m not in CLEAN]
        expect_equal(len(others), 3, "other messages")
        stings = (EICAR, base64.b64encode(PROGRAM))
        expect(not any(sting in m for m in others for sting in stings), "a virus or a program came", others)
        expect_equal(sum(b"\r\nSubject: [SPAM] you won a lottery\r\n" in m for m in others), 1, "tagged messages")
        expect(gatepost.quarantined(b"token-of-the-virus") > 0, "the virus is not in quarantine")
        expect(len(dovecot.held(user)) < len(MIXED), "nothing was deleted")
    return test


for name, program in PROGRAMS.items():
    tests.add(f"rules: {name}", fetched_by_rules(program))


# A session, word by word.

def client_at(t, port, user):
    client = t.pop3_client(("127.0.0.1", port))
    client.login(user, SECRET)
    return client


def session(user, count):
    """Every command of a session, the login too, sense and nonsense: (command, has many lines)."""
    yield from ((command, False) for command in (
        f"USER {user}", "PASS wrong", "UTF8", "LANG", f"USER {user}", f"PASS {SECRET}", "STAT", f"USER {user}"))
    yield from ((command, True) for command in ("LIST", "UIDL"))
    for number in range(1, count + 1):
        yield from ((f"{verb} {number}", False) for verb in ("LIST", "UIDL"))
        yield from ((command, True) for command in (
            f"RETR {number}", f"TOP {number} 0", f"TOP {number} {TOP_LINES}", f"TOP {number} 99999999"))
    yield from ((f"{verb} {wrong}", False) for verb in ("LIST", "UIDL", "RETR", "TOP", "DELE") for wrong in (
        count + 1, 0, "x", "99999999999999999999"))
    yield from ((command, False) for command in ("DELE 2", "DELE 2", "RETR 2", "LIST 2", "UIDL 2", "TOP 2 1", "STAT"))
    yield from ((command, True) for command in ("LIST", "UIDL"))
    yield from ((command, False) for command in ("RSET", "STAT", "NOOP", "noop", "QUIT"))


def conversation(t, port, user, count):
    """[(command, status line, lines)…] of a session."""
    client = t.pop3_client(("127.0.0.1", port))
    expect(client.reply().ok, "greeting")
    said = []
    for command, many in session(user, count):
        status = client.command(command)
        said.append((command, status.line, client.octets() if many and status.ok else b""))
    expect_equal(client.until_closed(), b"", "after QUIT")
    return said


def compare(through, directly):
    for mine, its in zip(through, directly):
        expect(mine == its, "through gatepost, directly", mine, its)
    expect_equal(len(through), len(directly), "replies")


def essence(reply, rules):
    """What has to agree: of a refusal, that it is one and its response code; and
    where gatepost answers by itself, numbers and lines rather than words."""
    command, status, lines = reply
    if status.startswith(b"-ERR"):
        return command, re.match(rb"-ERR( \[[^]]*\])?", status)[0], lines
    told = command.startswith(("STAT", "LIST ", "UIDL "))
    return command, status if told or not rules else b"+OK", lines


def session_alike(rules):
    def test(t):
        dovecot = shared_dovecot(t)
        messages = [Maker(n).make() for n in range(12)]
        user = dovecot.user(messages)
        through = conversation(t, port_before(t, dovecot, rules=rules), user, len(messages))
        directly = conversation(t, dovecot.pop3, user, len(messages))
        for mine, its in zip(through, directly):
            expect(essence(mine, rules) == essence(its, rules), "through gatepost, directly", mine, its)
        expect_equal(len(through), len(directly), "replies")
    return test


tests.add("every command of a session is answered as by Dovecot itself, without rules", session_alike(None))
tests.add("every command of a session is answered so with rules that find nothing, too", session_alike(RULES))


@tests
def capabilities(t):
    "CAPA is Dovecot's, before and after the login, without what is Dovecot's own affair"
    dovecot = shared_dovecot(t)
    gatepost_port, user = port_before(t, dovecot, "starttls"), dovecot.user(CLEAN)
    for enter in (lambda c: c.reply(), lambda c: c.apop(user, SECRET)):
        shown = []
        for port in (gatepost_port, dovecot.pop3):
            client = t.pop3_client(("127.0.0.1", port))
            enter(client)
            shown.append(set(client.capabilities()))
        expect(shown[0] - {"STLS"} <= shown[1], "offered", shown)
        expect({"TOP", "UIDL", "RESP-CODES", "PIPELINING", "AUTH-RESP-CODE"} <= shown[0], "hidden", shown)


def upstream_by_tls(mode):
    def test(t):
        if GATEPOST == "none":
            raise Skip("it is gatepost's TLS")
        dovecot = shared_dovecot(t)
        said = len(dovecot.lines)
        client = client_at(t, before(t, dovecot, upstream_tls=mode).address[1], dovecot.user(CLEAN))
        expect_equal([client.retrieve(n) for n in range(1, len(CLEAN) + 1)], CLEAN, "messages")
        client.quit()
        log = dovecot.lines[said:]
        expect(any("Login: " in line and ", TLS" in line for line in log), "Dovecot saw no TLS", log)
    return test


for mode in ("starttls", "implicit"):
    tests.add(f"Dovecot reached by TLS, {mode}", upstream_by_tls(mode))


# What rules change, and what they must not.

def head(message, count):
    """What TOP shows of it (RFC 1939)."""
    header, empty, body = message.partition(b"\r\n\r\n")
    return header + empty + b"".join(line + b"\r\n" for line in body.split(b"\r\n")[:-1][:count])


def expect_consistent(client):
    """What the session tells of its messages fits what it sends; returns (UIDs, sizes, messages)."""
    count, octets = client.stat()
    sizes, uids = client.sizes(), client.uids()
    expect_equal((len(sizes), sum(sizes.values())), (count, octets), "LIST and STAT")
    expect_equal(sorted(uids), sorted(sizes), "UIDL and LIST")
    messages = {}
    for number, size in sizes.items():
        messages[number] = message = client.retrieve(number)
        expect_equal(len(message), size, f"size of {number}")
        expect_equal(client.retrieve(number), message, f"{number} once more")
        for lines in (0, 1, TOP_LINES, 99999999):
            expect_equal(client.top(number, lines), head(message, lines), f"TOP {number} {lines}")
    expect_equal(client.sizes(), sizes, "LIST once more")
    return uids, sizes, messages


@tests
def never_contradicts_itself(t):
    "rules: STAT, LIST, UIDL, TOP and RETR agree, UIDs are Dovecot's, and the next login is told the same"
    dovecot = shared_dovecot(t)
    port, user = port_before(t, dovecot, rules=RULES), dovecot.user(MIXED)
    directly = client_at(t, dovecot.pop3, user)
    uids = directly.uids()
    directly.quit()
    first, second = (expect_consistent(client_at(t, port, user)) for _ in range(2))
    expect_equal(first[0], uids, "UIDs")
    expect_equal(second, first, "the next login")
    expect_equal([m for m in first[2].values() if m in CLEAN], CLEAN, "what is clean")


@tests
def retrieved_without_list(t):
    "rules: TOP before anything else shows the head of what RETR brings"
    dovecot = shared_dovecot(t)
    port, user = port_before(t, dovecot, rules=RULES), dovecot.user(MIXED)
    for number in range(1, len(MIXED) + 1):
        client = client_at(t, port, user)
        top = client.top(number, TOP_LINES)
        message = client.retrieve(number)
        expect_equal(top, head(message, TOP_LINES), f"TOP {number}")
        expect_equal(int(client.ok(f"LIST {number}").split()[1]), len(message), f"LIST {number}")
        client.quit()
    expect_equal(len(dovecot.held(user)), len(MIXED), "messages left")


@tests
def deleted_as_asked(t):
    "rules: just what the client deletes is deleted, at its QUIT and not before"
    dovecot = shared_dovecot(t)
    port, user = port_before(t, dovecot, rules=RULES), dovecot.user(MIXED)
    for end in ("RSET", "close", "QUIT"):
        client = client_at(t, port, user)
        numbers = [n for n, message in enumerate(MIXED, 1) if message in (VIRUS, SPAM, CLEAN[0])]
        for number in numbers:
            client.retrieve(number)
            client.ok(f"DELE {number}")
        expect(not client.command(f"RETR {numbers[0]}").ok, "a deleted message is brought")
        if end == "close":
            client.close()
        else:
            client.ok(end)
            client.quit() if end == "RSET" else client.until_closed()
        wanted = [m for m in MIXED if m not in (VIRUS, SPAM, CLEAN[0])] if end == "QUIT" else MIXED
        expect_equal(dovecot.held(user), wanted, f"left after {end}")


# Many.

def many_messages():
    """The messages of both makers, as Dovecot can tell them: it ends the last line."""
    others = ordinary.messages()
    messages = [Maker(n).make() if n % 2 else others[n % len(others)][1] for n in range(MESSAGES)]
    return [as_stored(message) for message in messages]


def as_stored(message):
    """Lines end in CRLF, all of them, and NUL is none of POP3's."""
    text = message.replace(b"\r\n", b"\n").replace(b"\r", b"").replace(b"\n", b"\r\n").replace(b"\0", b"")
    return text if text.endswith(b"\r\n") else text + b"\r\n"


def fetch_all(port, user):
    """{UID: message} of a maildrop."""
    client = Pop3Client(("127.0.0.1", port), PATIENCE)
    try:
        client.login(user, SECRET)
        return {uid: client.retrieve(number) for number, uid in client.uids().items()}
    finally:
        client.close()


def fetched_at_once(port, user):
    """What each of four clients fetched."""
    results = [None] * CLIENTS

    def fetch(which):
        try:
            results[which] = fetch_all(port, user)
        except Exception as error:  # shown by who compares
            results[which] = error
    threads = [threading.Thread(target=fetch, args=(which,)) for which in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def fetched_by_four(rules):
    def test(t):
        messages = many_messages()
        dovecot = shared_dovecot(t)
        user = dovecot.user(messages)
        directly = fetch_all(dovecot.pop3, user)
        expect_equal(len(directly), MESSAGES, "messages")
        expect(list(directly.values()) == messages, "Dovecot itself changes messages")
        for which, fetched in enumerate(fetched_at_once(port_before(t, dovecot, rules=rules), user)):
            expect(isinstance(fetched, dict), f"client {which}", fetched)
            for uid, message in directly.items():
                got = fetched.get(uid, b"")
                expect(got == message, f"client {which}: {uid} has changed", message[:500], got[:500])
            expect_equal(len(fetched), MESSAGES, f"client {which}: messages")
    return test


tests.add("two thousand messages of many shapes, fetched by four clients at once", fetched_by_four(None))
tests.add("two thousand messages, with rules that find nothing", fetched_by_four(RULES))

tests.run()
