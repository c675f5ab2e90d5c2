#!/usr/bin/python3
"""What wears a server out, by SMTP, POP3 and IMAP alike: connections that idle, octets
that drip, connections that are half closed, readers that are slow, descriptors and
disks that are full, a clamd that fails. Whatever it is, another client is served
beside it, what was taken is given back, and deadlines are those of a whole command or
message. "make bench-exhaustion" measures what it costs; here nothing is measured.

    GATEPOST=src/gatepost python3 tests/exhaustion.py [WORD…]"""

import base64
import contextlib
import errno
import gzip
import os
import select
import signal
import socket
import ssl
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

import faults  # noqa: E402
from fake_clamd import Clamd  # noqa: E402
from gatepost_test import PATIENCE, Tests, expect, expect_equal, is_sanitized  # noqa: E402
from smtp_client import Closed  # noqa: E402
from three import FAREWELLS, MESSAGE, PROTOCOLS, Three  # noqa: E402

tests = Tests()

SHORT = "400ms"
LONG = "1h"
LARGE = b"Subject: large\r\n\r\n" + b"one of very many lines\r\n" * 100_000


# Connections that idle.

IDLE = 70  # of each protocol


@tests
def idle_connections(t):
    "R01: two hundred connections that say nothing: others are served, all are left in time, all descriptors come back"
    three = Three(t, {"timeouts": {"client_command": "2s", "reader_command": "2s"},
                      "limits": {"connections_per_client": 10000}})
    three.healthy_all()
    three.wait_idle()
    before = three.descriptors()
    idle = [(protocol, three.client(protocol)) for protocol in PROTOCOLS for _ in range(IDLE)]
    three.healthy_all()
    for protocol, client in idle:
        heard = client.until_closed()
        expect(heard.startswith(FAREWELLS[protocol]), "what one that idles is told", protocol, heard)
        client.close()
    three.wait_idle()
    three.wait_descriptors(before)
    three.healthy_all()


# Octets that drip.

def drip_until_left(dripping):
    """Drops that come faster than every wait for the next octets ends, by each of
    these [(what, client, drop)…], until all have lost their session."""
    for _, client, _ in dripping:
        client.socket.setblocking(False)
    until = time.monotonic() + PATIENCE
    while dripping and time.monotonic() < until:
        dripping = [one for one in dripping if not is_left(*one[1:])]
        time.sleep(0.02)  # the drip itself
    expect(not dripping, "still there", [what for what, _, _ in dripping])


def is_left(client, drop):
    try:
        client.socket.send(drop)
        return client.socket.recv(1000) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def drips(timeouts, cases, listener=None, healthy=True):
    """cases: {what: (protocol, what is said before, a drop)}."""
    def test(t):
        long = dict.fromkeys(("client_command", "client_data", "reader_command", "reader_idle", "transaction",
                              "tls_handshake"), LONG)
        three = Three(t, {"timeouts": {**long, **timeouts}}, listener(t) if listener else None)
        dripping = []
        for what, (protocol, begin, drop) in cases.items():
            client = three.connect(protocol)
            begin(client)
            dripping.append((what, client, drop))
        drip_until_left(dripping)
        three.wait_idle()
        expect_equal(three.upstreams["smtp"].messages, [], "messages")
        if healthy:
            three.gatepost.wait_event("timeout", len(cases))
            three.healthy_all()
    return test


def says(*lines):
    """Reads the greeting and says each line, when the answer to the one before has come."""
    def begin(client):
        for line in lines:
            client.line()
            client.send(line)
    return begin


def smtp_says(*lines):
    def begin(client):
        client.greet()
        for line in lines[:-1]:
            client.send(line)
            client.reply()
        client.send(lines[-1])
    return begin


ENVELOPE = (b"MAIL FROM:<a@example.org>\r\n", b"RCPT TO:<b@example.org>\r\n")
LOGIN = b"a LOGIN user secret\r\n"
HELLO = b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03"  # the beginning of a ClientHello of 16 KiB

tests.add("R01: drop by drop: a command has a deadline as a whole, before the login its literals too", drips(
    {"client_command": SHORT, "reader_command": SHORT}, {
        "a command of SMTP": ("smtp", smtp_says(b"NOOP "), b"x"),
        "an answer of AUTH": ("smtp", smtp_says(b"AUTH LOGIN\r\n", b"d"), b"d"),
        "a command of POP3": ("pop3", says(b"USER "), b"x"),
        "an answer of AUTH by POP3": ("pop3", says(b"AUTH LOGIN\r\n", b"d"), b"d"),
        "a command of POP3 after the login": ("pop3", says(b"USER user\r\n", b"PASS secret\r\n", b"NOOP "), b"x"),
        "a command of IMAP": ("imap", says(b"a NOOP "), b"x"),
        "an answer of AUTHENTICATE": ("imap", says(b"a AUTHENTICATE LOGIN\r\n", b"d"), b"d"),
        "a literal": ("imap", says(b"a LOGIN {10000}\r\n", b"x"), b"x"),
        "a line behind a literal": ("imap", says(b"a LOGIN {1}\r\n", b"x "), b"x"),
        "a literal that nobody wants": ("imap", says(b"a LOGIN {4000000000+}\r\nx"), b"x"),
    }))
tests.add("R01: drop by drop: a message has a deadline as a whole, and any other command with literals", drips(
    {"transaction": SHORT}, {
        "a header": ("smtp", smtp_says(*ENVELOPE, b"DATA\r\n", b"Subject: "), b"x"),
        "a body": ("smtp", smtp_says(*ENVELOPE, b"DATA\r\n", b"Subject: x\r\n\r\n"), b"x\r\n"),
        "a chunk": ("smtp", smtp_says(*ENVELOPE, b"BDAT 100000 LAST\r\n"), b"x"),
        "a chunk that nobody wants": ("smtp", smtp_says(b"BDAT 100000 LAST\r\n"), b"x"),
        "a literal": ("imap", says(LOGIN, b"b LIST \"\" {10000}\r\n", b"x"), b"x"),
        "a literal that nobody wants": ("imap", says(LOGIN, b"b LIST \"\" {4000000000+}\r\nx"), b"x"),
        "a message of APPEND": ("imap", says(LOGIN, b"b APPEND INBOX {100000}\r\n", b"x"), b"x"),
        "the second message of APPEND": ("imap", says(LOGIN, b"b APPEND INBOX {1+}\r\nx {100000+}\r\nx"), b"x"),
    }))
tests.add("R01: drop by drop: a command of IMAP after the login has a deadline as a whole", drips(
    {"reader_idle": SHORT}, {"a command": ("imap", says(LOGIN, b"b NOOP "), b"x")}))
tests.add("R01: drop by drop: a ClientHello has a deadline as a whole", drips(
    {"tls_handshake": SHORT}, {p: (p, lambda c: c.send(HELLO), b"\0") for p in PROTOCOLS},
    lambda t: {"tls": t.certificates.yaml(mode="implicit")}, healthy=False))
tests.add("R01: drop by drop: a PROXY header has a deadline as a whole", drips(
    {"tls_handshake": SHORT}, {p: (p, lambda c: c.send(b"PROXY TCP4 "), b"1") for p in PROTOCOLS},
    lambda t: {"proxy_protocol": ["127.0.0.0/8"]}, healthy=False))


# Half of a connection closed.

@tests
def half_closed_clients(t):
    "R08: a client that has said all and closes its half gets every answer"
    three = Three(t)
    client = three.enter("smtp")
    client.envelope()
    expect_equal(client.command("DATA").code, 354, "DATA")
    client.send(MESSAGE + b".\r\n")
    client.socket.shutdown(socket.SHUT_WR)
    expect_equal(client.reply().code, 250, "the message")
    client.until_closed()
    client = three.enter("pop3")
    client.send("RETR 1\r\n")
    client.socket.shutdown(socket.SHUT_WR)
    expect(client.reply().ok and client.octets() == MESSAGE, "the message by POP3")
    client.until_closed()
    client = three.enter("imap")
    tag = client.begin("FETCH 1 BODY.PEEK[]")
    client.socket.shutdown(socket.SHUT_WR)
    expect_equal(client.answer(tag).data[0].literals, [MESSAGE], "the message by IMAP")
    client.until_closed()
    three.wait_idle()
    expect_equal(three.upstreams["pop3"].maildrop.gone, [], "deleted")
    three.healthy_all()


def half_closes(session, _):
    session.send(session.usual[:len(session.usual) // 2] if getattr(session, "usual", b"") else b"250")
    session.socket.shutdown(socket.SHUT_WR)
    session.hang()


@tests
def half_closed_upstreams(t):
    "R08: a server that closes its half in the middle of an answer is left; no answer is invented"
    three = Three(t)
    for protocol, verb in (("smtp", "RCPT"), ("pop3", "RETR"), ("imap", "FETCH")):
        client = three.enter(protocol)
        three.upstreams[protocol].replies[verb] = half_closes
        if protocol == "smtp":
            expect_equal([r.code for r in client.envelope()], [250, 421], "replies")
        elif protocol == "pop3":
            with contextlib.suppress(Closed):
                expect(not client.command("RETR 1").ok or client.octets() is None, "a whole message was seen")
        else:
            client.begin("FETCH 1 BODY.PEEK[]")
            answers = client.responses_until_closed()
            expect(all(r.tag == b"*" and not r.literals for r in answers), "answers", answers)
        client.until_closed()
        del three.upstreams[protocol].replies[verb]
    three.wait_idle()
    three.healthy_all()


# A message of a gigabyte, read slowly.

GIGABYTE = 1 << 30
BLOCK = b"0123456789abcdef" * 4096 * 4 + b"\r\n" * 8  # many to the gigabyte


def send_gigabyte(session, begin, end):
    session.send(begin)
    for _ in range(GIGABYTE // len(BLOCK)):
        session.send(BLOCK)
    session.send(end)


def pop3_gigabyte(session, _):
    send_gigabyte(session, b"+OK\r\n", b".\r\n")


def imap_gigabyte(session, line):
    size = GIGABYTE // len(BLOCK) * len(BLOCK)
    send_gigabyte(session, b"* 1 FETCH (UID 101 BODY[] {%d}\r\n" % size, b")\r\n" + session.tag + b" OK done\r\n")


def read_slowly(three, protocol, command):
    """Little at first, while others are served; then all. How many octets came, and their end."""
    client = three.enter(protocol)
    before = three.resident()
    client.send(command)
    for _ in range(100):
        client.take(1000)
    three.healthy("smtp")
    grown = three.resident() - before
    room, count, last = memoryview(bytearray(1 << 20)), 0, b""
    with contextlib.suppress(OSError):
        while not last.endswith((b"\r\n.\r\n", b" OK done\r\n")) and (got := client.socket.recv_into(room)) > 0:
            count, last = count + got, (last + bytes(room[max(0, got - 20):got]))[-20:]
    client.close()
    return count, last, grown


for protocol, verb, command, answer in (("pop3", "RETR", b"RETR 1\r\n", pop3_gigabyte),
                                        ("imap", "FETCH", b"x FETCH 1 BODY.PEEK[]\r\n", imap_gigabyte)):
    def gigabyte(t, protocol=protocol, verb=verb, command=command, answer=answer):
        three = Three(t, {"policies": {"inbound": {"rules": None}}})
        three.upstreams[protocol].replies[verb] = answer
        count, last, grown = read_slowly(three, protocol, command)
        expect(count > GIGABYTE * 0.99, "octets", count, last)
        if not is_sanitized():
            expect(grown < 8_000_000, "memory grew", grown)
    tests.add(f"R08: {protocol}: a message of a gigabyte, read slowly, is not kept", gigabyte)


# No descriptors.

def short_of_descriptors(most):
    return ["sh", "-c", f"ulimit -n {most}; exec \"$@\"", "sh"]


@tests
def no_descriptors(t):
    "R09: without descriptors accepting rests, sessions go on, the log is not flooded; then all are served"
    three = Three(t, {"run": {"proxies": 1, "scanners": 1}, "limits": {"connections_per_client": 1000}},
                  prefix=short_of_descriptors(64), single=False)
    entered = {protocol: three.enter(protocol) for protocol in PROTOCOLS}
    began = time.monotonic()
    crowd = [socket.create_connection(three.address(PROTOCOLS[n % 3])) for n in range(200)]
    for connection in crowd:
        t.callback(connection.close)
    three.gatepost.wait_event("accept")
    for protocol, client in entered.items():
        three.exchange(protocol, client)
    entered["smtp"].envelope()
    expect(entered["smtp"].data(LARGE).code in (250, 451, 452), "a large message")
    seconds = time.monotonic() - began
    expect(len(three.gatepost.events("accept")) <= 1 + seconds / 10, "lines in the log")
    for connection in crowd:
        connection.close()
    for protocol, client in entered.items():
        await_served(three, protocol)
        three.exchange(protocol, client)
    expect_equal(entered["smtp"].deliver(LARGE).code, 250, "the large message again")


def await_served(three, protocol):
    """A client tries again while those before it are still in the queue of connections."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            three.healthy(protocol)
        except (AssertionError, OSError):
            if time.monotonic() > until:
                raise
        else:
            return


# TLS. Floods of handshake messages are in tests/unit/test_io_tls.c.

class Records:
    """TLS over a connection, of which the test has the records in hand."""

    def __init__(self, connection, context, server_side):
        self.socket, self.came, self.goes = connection, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.came, self.goes, server_side, None if server_side else "localhost")
        self._until(self.tls.do_handshake)

    def _until(self, call, *arguments):
        while True:
            try:
                result = call(*arguments)
            except ssl.SSLWantReadError:
                self.socket.sendall(self.goes.read())
                octets = self.socket.recv(65536)
                if octets == b"":
                    raise Closed("closed within TLS") from None
                self.came.write(octets)
            else:
                self.socket.sendall(self.goes.read())
                return result

    def receive(self):
        return self._until(self.tls.read, 65536)

    def send(self, octets):
        self._until(self.tls.write, octets)

    def send_half(self, octets):
        """The beginning of a record; its end never comes."""
        self.tls.write(octets)
        record = self.goes.read()
        self.socket.sendall(record[:len(record) - 5])
        self.socket.close()


@tests
def record_cut_by_client(t):
    "R13: of a record that a client cuts in the middle nothing counts"
    three = Three(t, listener={"tls": t.certificates.yaml(mode="implicit")})
    for protocol in PROTOCOLS:
        with socket.create_connection(three.address(protocol), PATIENCE) as connection:
            records = Records(connection, t.certificates.client_context(), False)
            expect(records.receive().startswith((b"220 ", b"+OK", b"* OK")), "greeting")
            records.send_half(b"NOOP\r\n" * 100)
    three.wait_idle()
    for protocol in PROTOCOLS:
        said = [line for line in three.upstreams[protocol].sessions[0].commands if b"NOOP" in line]
        expect_equal(said, [], "what the server heard")
        three.healthy(protocol, tls=t.certificates.client_context())


ANSWERS = {"smtp": (b"220 a ESMTP\r\n", b"250 a\r\n", "EHLO x"),
           "pop3": (b"+OK a\r\n", b"+OK b\r\n", "USER x"),
           "imap": (b"* OK [CAPABILITY IMAP4rev1] a\r\n", b"c1 OK b\r\n", "c1 NOOP")}


def cut_by_upstream(protocol):
    """The upstream's TLS is the test's own."""
    greeting, answer, command = ANSWERS[protocol]

    def script(session):
        records = Records(session.socket, context[0], True)
        records.send(greeting)
        with contextlib.suppress(Closed, ssl.SSLError):
            while (heard := records.receive()) and command[-4:].encode() not in heard:
                records.send(b"-ERR\r\n" if protocol == "pop3" else b"250 a\r\n")
            cut.append(protocol)
            records.send_half(answer * 100)
    context, cut = [], []

    def test(t):
        context.append(t.certificates.server_context())
        server = {"smtp": t.upstream, "pop3": t.pop3_upstream, "imap": t.imap_upstream}[protocol](script=script)
        three = Three(t, {"upstreams": {protocol: {"tls": {"mode": "implicit", "verify": "none"}}}}, upstreams={
            "smtp": t.upstream(), "pop3": t.pop3_upstream(), "imap": t.imap_upstream(), protocol: server})
        client = three.client(protocol)
        client.send(command + "\r\n")
        heard = client.until_closed()
        expect(cut and answer not in heard, "heard", heard)
        server.wait_idle()
    return test


for protocol in PROTOCOLS:
    tests.add(f"R13: {protocol}: of a record that a server cuts in the middle nothing counts",
              cut_by_upstream(protocol))


# Disks that are full, or broken.

def room_for(protocol, client):
    """Sends or asks for a message that is spooled to a disk; the refusal, or None."""
    if protocol == "smtp":
        client.envelope()
        reply = client.data(LARGE)
        return None if reply.code == 250 else reply.raw[-1]
    if protocol == "append":
        status = client.append(LARGE)
        return None if status.ok else status.text
    if protocol == "pop3":
        status = client.command("RETR 2")
        expect(not status.ok or client.octets() == LARGE, "no whole message")
        return None if status.ok else status.line
    answer = client.command("FETCH 2 BODY.PEEK[]")
    expect(not answer.ok or answer.data[0].literals == [LARGE], "no whole message")
    return None if answer.ok else answer.status.text


REFUSALS = {"smtp": b"452 4.3.1 ", "pop3": b"-ERR [SYS/TEMP] ", "imap": b"NO [UNAVAILABLE] ",
            "append": b"NO [UNAVAILABLE] "}

for error in (errno.ENOSPC, errno.EIO):
    for protocol, refusal in REFUSALS.items():
        def failing_disk(t, error=error, protocol=protocol, refusal=refusal):
            faulty = faults.Faults(t.folder())
            three = Three(t, {"limits": {"spool_memory": "1MiB"}, "pop3": {"scan_budget": "0s"}},
                          messages=(MESSAGE, LARGE), prefix=faulty.prefix)
            spoken = protocol.replace("append", "imap")
            client = three.enter(spoken)
            faulty.fail("write", error, times=faults.ALWAYS)
            refused = room_for(protocol, client)
            calls, failed = faulty.none()
            expect(failed > 0, "no write failed", calls)
            expect((refused or b"").startswith(refusal), "refusal", refused)
            three.exchange(spoken, client)
            expect_equal(room_for(protocol, client), None, "with room again, in the same session")
            three.healthy_all()
        tests.add(f"R10: {errno.errorcode[error]} on the spool: {protocol}: refused for now, the session goes on",
                  failing_disk)


# clamd by all protocols; tests/clamd.py has more of it by SMTP.

CLAMD_RULES = """rules:
- { name: CLAMD, when: { clamd: "*" }, then: reject }
"""

for name, answer, timeout in (("down", None, "20s"), ("hung", lambda _: Clamd.HANG, "300ms"),
                              ("cut off in the middle of its reply", lambda _: b"stream: O", "20s")):
    def failing_clamd(t, answer=answer, timeout=timeout):
        clamd = Clamd(answer or (lambda _: None))
        t.callback(clamd.stop)
        if answer is None:
            clamd.stop()
        three = Three(t, {"upstreams": {"av": {"address": "%s:%d" % clamd.address, "rest": "1h"}},
                          "policies": {"inbound": {"clamd": {"upstream": "av", "timeout": timeout}}}},
                      rules=CLAMD_RULES)
        client = three.enter("smtp")
        client.envelope()
        expect_equal(client.data(MESSAGE).code, 451, "the message by SMTP")
        client = three.enter("pop3")
        status = client.command("RETR 1")
        expect(not status.ok or b"good day" not in client.octets(), "passed by POP3")
        client = three.enter("imap")
        answer = client.command("FETCH 1 BODY.PEEK[]")
        expect(not any(b"good day" in literal for r in answer.data for literal in r.literals), "passed by IMAP", answer)
        status = client.append(MESSAGE)
        expect(status.text.startswith(b"NO [UNAVAILABLE] "), "APPEND", status)
        expect_equal((three.upstreams["smtp"].messages, three.upstreams["imap"].mailbox.appended), ([], []), "passed")
    tests.add(f"R12: clamd is {name}: nothing passes by SMTP, POP3, FETCH or APPEND", failing_clamd)


# A scanner that is occupied.

def begin_delivery(three, message=MESSAGE):
    client = three.enter("smtp")
    client.envelope()
    expect_equal(client.command("DATA").code, 354, "DATA")
    client.send(message)
    return client


def deliver_crowds(three):
    for _ in range(3):
        crowd = [begin_delivery(three) for _ in range(20)]
        for client in crowd:
            client.send(b".\r\n")
        for client in crowd:
            expect_equal(client.reply().code, 250, "one of many at once")
            client.close()


@tests
def stopped_scanner(t):
    "R07: no message waits for a scanner that does not begin while another does, whichever proxy it came by"
    three = Three(t, {"run": {"proxies": 2, "scanners": 2}}, single=False)
    for scanner in three.pids("scanner"):
        os.kill(scanner, signal.SIGSTOP)
        t.callback(os.kill, scanner, signal.SIGCONT)
        deliver_crowds(three)
        os.kill(scanner, signal.SIGCONT)
    three.wait_idle()
    three.healthy_all()


HARD_RULES = """rules:
- { name: PROGRAM, when: { attachment: { magic: [elf] } }, then: reject }
"""


def hard_message():
    packed = base64.encodebytes(gzip.compress(bytes(100_000_000), 1)).replace(b"\n", b"\r\n")
    return (b"MIME-Version: 1.0\r\nContent-Type: application/gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + packed)


def ticks(pid):
    """Of the clock, that the process has run."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        return sum(int(field) for field in f.read().rpartition(")")[2].split()[11:13])


def await_work(before):
    """The scanner that works since then, from {scanner: ticks}."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for scanner, count in before.items():
            if ticks(scanner) > count + 1:
                return scanner
        time.sleep(0.002)
    return expect(False, "no scanner works")


@tests
def occupied_scanner(t):
    "R07: no message waits behind one that a scanner is long at while another is free, whichever proxy it came by"
    three = Three(t, {"run": {"proxies": 2, "scanners": 2}}, rules=HARD_RULES, single=False)
    occupying, before = begin_delivery(three, hard_message()), {pid: ticks(pid) for pid in three.pids("scanner")}
    occupying.send(b".\r\n")
    scanner = await_work(before)
    os.kill(scanner, signal.SIGSTOP)
    t.callback(os.kill, scanner, signal.SIGCONT)
    deliver_crowds(three)
    expect_equal(select.select([occupying.socket], [], [], 0)[0], [], "the scanner was not occupied")
    os.kill(scanner, signal.SIGCONT)
    expect_equal(occupying.reply().code, 250, "the message that occupied it")


# Too many connections.

@tests
def connections_of_all_protocols(t):
    "limits.connections and connections_per_client count all protocols together; each is told in its own words"
    three = Three(t, {"limits": {"connections": 6, "connections_per_client": 3}})
    held = [three.client(protocol) for protocol in PROTOCOLS]
    for protocol in PROTOCOLS:
        heard = three.connect(protocol).until_closed()
        expect(heard.startswith(FAREWELLS[protocol]), "over connections_per_client", protocol, heard)
    held += [three.client(protocol, source=("127.0.0.2", 0)) for protocol in PROTOCOLS]
    for protocol in PROTOCOLS:
        heard = three.connect(protocol, source=("127.0.0.3", 0)).until_closed()
        expect(heard.startswith(FAREWELLS[protocol]), "over connections", protocol, heard)
    for client in held:
        client.close()
    three.wait_idle()
    three.healthy_all()


@tests
def turns_of_connections(t):
    "of connections that came at once each client's first is served before any client's tenth"
    three = Three(t, {"run": {"proxies": 1, "scanners": 1}}, single=False)
    proxy, = three.pids("proxy")
    os.kill(proxy, signal.SIGSTOP)
    t.callback(os.kill, proxy, signal.SIGCONT)
    for _ in range(50):
        t.callback(socket.create_connection(three.address("smtp"), PATIENCE).close)
    last = three.connect("smtp", source=("127.0.0.2", 0))
    os.kill(proxy, signal.SIGCONT)
    last.greet()
    expect_equal(last.deliver(MESSAGE).code, 250, "its message")
    number = int(three.gatepost.wait_event("message")["session"].partition("-")[2], 16)
    expect(number < 10, "sessions that began before", number)


@tests
def flood_of_connects(t):
    "a client that connects a thousand times starves nobody, and fills no log"
    three = Three(t, {"limits": {"connections_per_client": 10}}, single=False)
    began = time.monotonic()
    for number in range(1000):
        with contextlib.closing(socket.create_connection(three.address(PROTOCOLS[number % 3]), PATIENCE)):
            if number % 100 == 0:
                three.healthy(PROTOCOLS[number // 100 % 3], source=("127.0.0.2", 0))
    proxies, seconds = len(three.pids("proxy")), time.monotonic() - began
    expect(len(three.gatepost.events("connections")) <= proxies * (1 + seconds / 10), "lines in the log")
    three.healthy_all(source=("127.0.0.2", 0))  # the flood's own address may wait in the queue yet


tests.run()
