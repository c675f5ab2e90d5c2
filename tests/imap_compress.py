#!/usr/bin/python3
"""COMPRESS=DEFLATE (RFC 4978) of IMAP: what a client or a server compresses, however
it is cut, and what is no such thing.

    GATEPOST=src/gatepost python3 tests/imap_compress.py [WORD…]"""

import os
import random
import select
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from deflated import Deflated  # noqa: E402
from gatepost_test import Tests, expect, expect_equal, is_sanitized  # noqa: E402
from imap_upstream import CAPABILITIES  # noqa: E402
from smtp_upstream import PeerClosed  # noqa: E402

tests = Tests()

MESSAGE = b"Subject: hello\r\n\r\ngood day\r\n"
LARGE = b"Subject: large\r\n\r\n" + b"".join(b"line %d of very many, each as long as lines are\r\n" % n for n in range(200_000))
RULES = r"""rules:
- { name: STRIP, when: { attachment: { extension: [exe] } }, then: strip }
"""
WAYS = [("without rules", None), ("with rules", RULES)]
QUICK = {"log": {"level": "info"}}
COMPRESSES = (*CAPABILITIES, "COMPRESS=DEFLATE")


def octet_by_octet(data):
    return [data[at:at + 1] for at in range(len(data))]


def at_random(data):
    source, pieces = random.Random(4978), []
    while data:
        size = source.choice([1, 2, 3, 10, 100, 1000, 5000])
        pieces.append(data[:size])
        data = data[size:]
    return pieces


def visit(t, gatepost, **options):
    """A client that has logged in and compresses."""
    client = t.imap_client(gatepost, **options)
    client.login()
    client.compress()
    return client


def memory(gatepost):
    """Resident octets."""
    with open(f"/proc/{gatepost.process.pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def expect_bounded(gatepost, before, most=8_000_000):
    grown = memory(gatepost) - before
    expect(grown < most or is_sanitized(), "memory grew", grown)


def expect_works(t, gatepost):
    client = visit(t, gatepost)
    client.ok("SELECT INBOX")
    expect_equal(client.fetch(1), MESSAGE, "a healthy message")
    client.logout()


# What is offered, and when.

@tests
def offered(t):
    "offered behind the login, whatever the server offers, in its answer too; not before it"
    for capabilities in (CAPABILITIES, COMPRESSES):
        client = t.imap_client(t.imap_gatepost(t.imap_upstream([MESSAGE], capabilities=capabilities)))
        expect(b"COMPRESS" not in client.greet().raw, "greeting")
        expect("COMPRESS=DEFLATE" not in client.capabilities(), "before the login")
        answer = client.command("COMPRESS DEFLATE")
        expect(answer.status.text.startswith(b"NO "), "before the login", answer)
        answer = client.login(greet=False)
        expect(b" COMPRESS=DEFLATE" in answer.status.raw, "login", answer)
        expect("COMPRESS=DEFLATE" in client.capabilities(), "behind the login")
        client.compress()
        expect_equal(client.ok("NOOP").data, [], "NOOP")


@tests
def refused(t):
    "what is not DEFLATE is refused, a second one too, and the session goes on as it was"
    client = t.imap_client(t.imap_gatepost(t.imap_upstream([MESSAGE])))
    client.login()
    for line in ("COMPRESS LZ4", "COMPRESS", "COMPRESS DEFLATE DEFLATE", "COMPRESS {7+}\r\nDEFLATE"):
        answer = client.command(line)
        expect(answer.status.text.startswith(b"BAD "), line, answer)
    client.compress()
    answer = client.command("COMPRESS DEFLATE")
    expect(answer.status.text.startswith(b"NO [COMPRESSIONACTIVE] "), "the second", answer)
    client.logout()


# Sessions.

def conversation(t, gatepost, upstream, client):
    client.ok("SELECT INBOX")
    expect_equal([client.fetch(n) for n in (1, 2)], [MESSAGE, LARGE], "messages")
    expect(client.append(MESSAGE * 10_000).ok, "APPEND")
    tag = client.begin("IDLE")
    expect_equal(client.response().tag, b"+", "IDLE")
    client.send(b"DONE\r\n")
    expect(client.answer(tag).ok, "DONE")
    expect_equal(client.fetch(1), MESSAGE, "the first again")
    client.logout()
    expect(upstream.mailbox.appended == [MESSAGE * 10_000], "appended")


def session(inside, rules, tls):
    """A whole session, as compressed as `inside` says towards the server."""
    def test(t):
        capabilities = COMPRESSES if inside else CAPABILITIES
        options = {"tls": "implicit", "context": t.certificates.server_context()} if tls else {}
        upstream = t.imap_upstream([MESSAGE, LARGE], capabilities=capabilities, **options)
        changes = {"upstreams": {"mta": {"tls": {"mode": "implicit", "verify": "none"}}}} if tls else {}
        gatepost = t.imap_gatepost(upstream, {**QUICK, **changes}, {"tls": t.certificates.yaml()} if tls else None, rules=rules)
        client = t.imap_client(gatepost)
        client.greet()
        if tls:
            client.starttls(t.certificates.client_context())
        client.login(greet=False)
        client.compress()
        conversation(t, gatepost, upstream, client)
        expect(client.socket.came < len(LARGE) / 2, "octets to the client", client.socket.came)
        heard = upstream.wait_session()
        expect_equal(heard.deflated is not None, inside, "compressed towards the server")
        expect_equal(sum(b"COMPRESS" in c for c in heard.commands), int(inside), "COMPRESS at the server")
    return test


for inside in (False, True):
    for way, rules in WAYS:
        for tls in (False, True):
            tests.add(f"a session{', compressed towards the server too' if inside else ''}, {way}{', TLS' if tls else ''}",
                      session(inside, rules, tls))


def cut(how, rules):
    def test(t):
        def compress(session, _):
            session.send(session.done())
            session.deflate(how)
        upstream = t.imap_upstream([MESSAGE, LARGE[:5000]], capabilities=COMPRESSES, replies={"COMPRESS": compress})
        client = t.imap_client(t.imap_gatepost(upstream, QUICK, rules=rules))
        client.login()
        client.compress(how)
        client.ok("SELECT INBOX")
        for _ in range(5):
            expect_equal([client.fetch(n) for n in (1, 2)], [MESSAGE, LARGE[:5000]], "messages")
        expect(client.append(MESSAGE * 1000).ok, "APPEND")
        client.logout()
        expect(upstream.mailbox.appended == [MESSAGE * 1000], "appended")
    return test


for shown, how in (("octet by octet", octet_by_octet), ("in random pieces", at_random)):
    for way, rules in WAYS:
        tests.add(f"compressed octets come {shown}, {way}", cut(how, rules))


@tests
def at_once(t):
    "commands behind COMPRESS in one segment are compressed, and answered compressed"
    client = t.imap_client(t.imap_gatepost(t.imap_upstream([MESSAGE], capabilities=COMPRESSES)))
    client.login()
    below = client.socket
    client.socket = Deflated(below)
    below.sendall(b"x COMPRESS DEFLATE\r\n" + client.socket.packed(b"y NOOP\r\nz SELECT INBOX\r\n"))
    plain = b""
    while not plain.endswith(b"\r\n"):
        plain += below.recv(1)
    expect(plain.startswith(b"x OK "), "COMPRESS", plain)
    expect_equal([client.response().tag for _ in range(6)], [b"y"] + [b"*"] * 5, "responses")
    expect_equal(client.response().tag, b"z", "SELECT")
    expect_equal(client.fetch(1), MESSAGE, "message")


@tests
def server_at_once(t):
    "what the server says behind its OK in one segment is compressed"
    def compress(session, _):
        below = session.socket
        session.deflate()
        below.sendall(session.done() + session.deflated.packed(b"* 7 EXISTS\r\n"))
    upstream = t.imap_upstream([MESSAGE], capabilities=COMPRESSES, replies={"COMPRESS": compress})
    client = visit(t, t.imap_gatepost(upstream))
    expect_equal(client.response().raw, b"* 7 EXISTS", "untagged")
    client.ok("SELECT INBOX")
    expect_equal(client.fetch(1), MESSAGE, "message")


@tests
def server_refuses(t):
    "a server that refuses is spoken to as before"
    upstream = t.imap_upstream([MESSAGE], capabilities=COMPRESSES, replies={"COMPRESS": b"%s NO not now\r\n"})
    expect_works(t, t.imap_gatepost(upstream))
    expect(upstream.sessions[0].deflated is None, "compressed towards the server")


@tests
def server_is_silent(t):
    "a server that does not answer COMPRESS ends the session in time"
    upstream = t.imap_upstream([MESSAGE], capabilities=COMPRESSES, replies={"COMPRESS": lambda s, _: s.hang()})
    client = visit(t, t.imap_gatepost(upstream, {"timeouts": {"command": "300ms"}}))
    client.begin("NOOP")
    expect(client.response().raw.startswith(b"* BYE timeout"), "BYE")


@tests
def rests(t):
    "after a rest either side may refer to what it said before it"
    words = b"".join(b"%d " % (n * n) for n in range(4000))  # nearly a window of 32 KiB
    upstream = t.imap_upstream([words, words], capabilities=COMPRESSES)
    client = visit(t, t.imap_gatepost(upstream, QUICK))
    client.ok("SELECT INBOX")
    for _ in range(3):
        expect(client.append(words).ok, "APPEND")
        before = client.socket.came
        expect_equal(client.fetch(1), words, "message")
        expect(client.socket.came - before < len(words), "octets", client.socket.came - before)
    expect_equal(upstream.mailbox.appended, [words] * 3, "appended")
    client.logout()


@tests
def slow_reader(t):
    "a client that reads slowly gets all of a large message"
    upstream = t.imap_upstream([LARGE], capabilities=COMPRESSES)
    for way, rules in WAYS:
        client = visit(t, t.imap_gatepost(upstream, QUICK, rules=rules))
        client.ok("SELECT INBOX")
        tag = client.begin("FETCH 1 BODY.PEEK[]")
        while len(client.buffer) < len(LARGE):
            client.buffer += client.socket.recv(5000)
        answer = client.answer(tag)
        expect(answer.ok and answer.data[0].literals == [LARGE], f"message {way}")


# What is hostile.

@tests
def bomb_of_commands(t):
    "a few octets that stand for a command without an end are not expanded"
    gatepost = t.imap_gatepost(t.imap_upstream([MESSAGE]), QUICK)
    client = visit(t, gatepost)
    before = memory(gatepost)
    bomb = client.socket.packed(b"x" * 50_000_000)
    client.socket.below.sendall(bomb)
    heard = client.responses_until_closed()
    expect(len(heard) == 1 and heard[0].raw.startswith(b"* BYE "), "heard", heard)
    expect_bounded(gatepost, before)
    expect_works(t, gatepost)


@tests
def bomb_of_a_message(t):
    "a message that was compressed a thousandfold goes through at its size, or is refused by it"
    size = 30_000_000
    for limit, accepted in (("200MB", True), ("1MB", False)):
        upstream = t.imap_upstream([MESSAGE], replies={"APPEND": b"%s OK taken\r\n"})
        gatepost = t.imap_gatepost(upstream, {**QUICK, "limits": {"spool_memory": "1MiB"},
                                              "policies": {"inbound": {"max_message_size": limit}}})
        client = visit(t, gatepost)
        before = memory(gatepost)
        client.socket.below.sendall(client.socket.packed(b"x APPEND INBOX {%d+}\r\n" % size + b"\0" * size + b"\r\n"))
        expect_equal(client.response().text.split()[0], b"OK" if accepted else b"NO", f"APPEND, {limit}")
        expect_bounded(gatepost, before, 16_000_000)
        client.logout()


@tests
def bomb_of_the_server(t):
    "a server's bomb that the client does not read is not expanded"
    def flood(session, _):
        bomb = session.deflated.packed(b"* 1 FETCH (UID 101 BODY[] {1000000000}\r\n" + b"\0" * 50_000_000)
        session.deflated.below.sendall(bomb)
        with session.upstream.changed:
            session.full = True
            session.upstream.changed.notify_all()
    upstream = t.imap_upstream([MESSAGE], capabilities=COMPRESSES)
    for way, rules in WAYS:
        gatepost = t.imap_gatepost(upstream, QUICK, rules=rules)
        client = t.imap_client(gatepost)
        client.login()
        client.compress()
        client.ok("SELECT INBOX")
        client.fetch(1)
        before = memory(gatepost)
        upstream.replies["NOOP"] = flood
        client.begin("NOOP")
        upstream.wait(lambda: getattr(upstream.sessions[-1], "full", False), "all to be sent")
        select.select([client.socket.below], [], [], 5)
        expect_bounded(gatepost, before, 16_000_000)
        client.close()
        upstream.wait_idle()
        del upstream.replies["NOOP"]
        expect_works(t, gatepost)


CORRUPT = [("no block", b"\xff\xff\xff\xff"), ("plain commands", b"x NOOP\r\nx NOOP\r\n" * 10),
           ("too far back", zlib.compressobj(9, zlib.DEFLATED, -15, zdict=b"x" * 1000)),
           ("octets behind the end", zlib.compressobj(9, zlib.DEFLATED, -15))]


def corrupt_octets(what, line):
    if isinstance(what, bytes):
        return what
    data = what.copy()
    return data.compress(line + b"x" * 500) + data.flush(zlib.Z_FINISH) + line


def corrupt_client(what):
    def test(t):
        gatepost = t.imap_gatepost(t.imap_upstream([MESSAGE]), QUICK)
        client = visit(t, gatepost)
        client.socket.below.sendall(corrupt_octets(what, b"x NOOP\r\n"))
        client.until_closed()
        gatepost.wait_event("compress", msg="compressed data")
        expect_works(t, gatepost)
    return test


def corrupt_server(what):
    def test(t):
        upstream = t.imap_upstream([MESSAGE], capabilities=COMPRESSES)
        gatepost = t.imap_gatepost(upstream, QUICK)
        client = visit(t, gatepost)
        upstream.replies["NOOP"] = lambda s, _: s.deflated.below.sendall(corrupt_octets(what, b"* 5 EXISTS\r\n"))
        client.begin("NOOP")
        heard = client.responses_until_closed()
        expect(heard[-1].raw.startswith(b"* BYE "), "heard", heard)
        gatepost.wait_event("upstream", msg="compressed data")
        del upstream.replies["NOOP"]
        expect_works(t, gatepost)
    return test


for shown, what in CORRUPT:
    tests.add(f"a client's octets that are no compressed data: {shown}", corrupt_client(what))
    tests.add(f"a server's octets that are no compressed data: {shown}", corrupt_server(what))


@tests
def ends(t):
    "a stream that the client ends, or does not, when it leaves"
    upstream = t.imap_upstream([MESSAGE], capabilities=COMPRESSES)
    gatepost = t.imap_gatepost(upstream, QUICK)
    client = visit(t, gatepost)
    compressor = client.socket.compressor
    client.socket.below.sendall(compressor.compress(b"x LOGOUT\r\n") + compressor.flush(zlib.Z_FINISH))
    expect_equal([r.tag for r in client.responses_until_closed()], [b"*", b"x"], "LOGOUT")
    client = visit(t, gatepost)
    client.socket.below.sendall(client.socket.packed(b"x NOOP\r\n")[:-6])
    client.socket.below.shutdown(1)
    client.until_closed()
    upstream.wait_idle()
    expect(not gatepost.events("compress"), "an error in the log")


def lost(t):
    "a server that goes in the middle of what it compresses"
    def half(session, _):
        session.deflated.below.sendall(session.deflated.packed(b"* 5 EXISTS\r\n")[:-8])
        raise PeerClosed
    upstream = t.imap_upstream([MESSAGE], capabilities=COMPRESSES, replies={"NOOP": half})
    client = visit(t, t.imap_gatepost(upstream, QUICK))
    client.begin("NOOP")
    heard = client.responses_until_closed()
    expect(heard[-1].raw.startswith(b"* BYE the mail server"), "heard", heard)


tests.add(lost.__doc__, lost)

tests.run()
