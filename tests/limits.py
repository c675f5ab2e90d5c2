#!/usr/bin/python3
"""Limits and timeouts. Timeouts are made short by configuration and what they
lead to is awaited; nothing is measured.

    GATEPOST=src/gatepost python3 tests/limits.py [WORD…]"""

import base64
import email
import os
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import PATIENCE, Tests, expect, expect_equal, is_sanitized  # noqa: E402

tests = Tests()

MESSAGE = b"Subject: hello\r\n\r\ngood day\r\n"
SHORT = "300ms"


def expect_welcome(t, gatepost, **options):
    client = t.client(gatepost, **options)
    expect_equal(client.reply().code, 220, "greeting")
    return client


def expect_turned_away(t, gatepost, **options):
    client = t.client(gatepost, **options)
    reply = client.reply()
    expect_equal(reply.code, 421, "reply")
    expect_equal(client.until_closed(), b"", "after it")
    return reply


# Quantities.

@tests
def connections(t):
    "limits.connections: one more is told 421; a place that is given up is taken again"
    gatepost = t.gatepost(t.upstream(), {"limits": {"connections": 2}})
    first, _ = expect_welcome(t, gatepost), expect_welcome(t, gatepost)
    expect_turned_away(t, gatepost)
    first.quit()
    gatepost.wait_event("step", step="^close$")
    expect_welcome(t, gatepost)


@tests
def connections_per_client(t):
    "limits.connections_per_client: another client is still welcome"
    gatepost = t.gatepost(t.upstream(), {"limits": {"connections_per_client": 2}})
    held = [expect_welcome(t, gatepost) for _ in range(2)]
    expect_turned_away(t, gatepost)
    expect_welcome(t, gatepost, source=("127.0.0.2", 0))
    held[0].quit()
    gatepost.wait_event("step", step="^close$")
    expect_welcome(t, gatepost)


@tests
def connections_of_all_proxies(t):
    "limits.connections_per_client holds for all proxies together"
    gatepost = t.gatepost(t.upstream(), {"limits": {"connections_per_client": 3}, "run": {"proxies": 3}}, single=False)
    held = [expect_welcome(t, gatepost) for _ in range(3)]
    expect_turned_away(t, gatepost)
    expect_equal(len(held), 3, "held")


@tests
def recipients(t):
    "R05: limits.recipients: one more is told 452 4.5.3, the others get the message"
    upstream = t.upstream()
    client = t.client(t.gatepost(upstream, {"limits": {"recipients": 100}}))
    client.greet()
    replies = client.envelope(recipients=[f"r{i}@example.org" for i in range(101)])
    expect_equal([r.code for r in replies], [250] * 101 + [452], "replies")
    expect_equal(replies[-1].status, "4.5.3", "status")
    expect_equal(client.data(MESSAGE).code, 250, "the message")
    expect_equal(len(upstream.wait_message().recipients), 100, "recipients at the upstream")
    expect_equal(client.deliver(MESSAGE).code, 250, "the next transaction")


@tests
def recipients_pipelined(t):
    "limits.recipients counts those that are not answered yet"
    upstream = t.upstream()
    client = t.client(t.gatepost(upstream, {"limits": {"recipients": 100}}))
    client.greet()
    client.send("MAIL FROM:<a@example.org>\r\n" + "".join(f"RCPT TO:<r{i}@example.org>\r\n" for i in range(250)))
    codes = [r.code for r in client.replies(251)]
    expect_equal((codes.count(250), codes.count(452)), (101, 150), "replies")
    client.quit()
    relayed = sum(line.startswith(b"RCPT") for line in upstream.sessions[0].commands)
    expect_equal(relayed, 100, "recipients at the upstream")


def endless_message(size):
    yield b"Subject: endless\r\n\r\n"
    for _ in range(size // 1000):
        yield b"x" * 998 + b"\r\n"


@tests
def message_size(t):
    "max_message_size: enforced while the message comes, told at its end"
    upstream = t.upstream()
    changes = {"policies": {"inbound": {"max_message_size": "1MiB"}}, "limits": {"spool_memory": "64MiB"}}
    gatepost = t.gatepost(upstream, changes)
    client = t.client(gatepost)
    client.greet()
    client.envelope()
    expect_equal(client.command("DATA").code, 354, "DATA")
    for piece in endless_message(40_000_000):
        client.send(piece)
    held = memory_of_children_and_self(gatepost)
    client.send(b".\r\n")
    reply = client.reply()
    expect_equal((reply.code, reply.status), (552, "5.3.4"), "reply")
    if not is_sanitized():
        expect(held < 200_000_000, "memory", held)
    expect_equal(client.deliver(MESSAGE).code, 250, "the next message")
    expect_equal(len(upstream.messages), 1, "messages")


def memory_of_children_and_self(gatepost):
    """Resident and shared memory, memfds included, in octets."""
    total = 0
    for pid in [gatepost.process.pid, *gatepost.children()]:
        with open(f"/proc/{pid}/statm", encoding="ascii") as f:
            total += int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        for fd in os.listdir(f"/proc/{pid}/fd"):
            path = f"/proc/{pid}/fd/{fd}"
            if os.path.islink(path) and "memfd:" in os.readlink(path):
                total += os.stat(path).st_size
    return total


@tests
def message_size_in_chunks(t):
    "max_message_size: chunks beyond it are refused, their octets consumed"
    upstream = t.upstream()
    client = t.client(t.gatepost(upstream, {"policies": {"inbound": {"max_message_size": "100kB"}}}))
    client.greet()
    client.envelope()
    chunk = b"x" * 998 + b"\r\n"
    codes = []
    for number in range(200):
        client.send(b"BDAT 1000%s\r\n" % (b" LAST" if number == 199 else b"") + chunk)
        codes.append(client.reply().code)
    expect_equal(codes[:100], [250] * 100, "chunks below the limit")
    expect(set(codes[100:]) <= {552, 503, 554}, "chunks beyond it", set(codes[100:]))
    expect(552 in codes, "552 was never said")
    client.command("RSET")
    expect_equal(client.deliver(MESSAGE).code, 250, "the next message")
    expect_equal(len(upstream.messages), 1, "messages")


def ambiguous_message(content, encoding):
    """A body under that encoding, which is not the only one."""
    return (b"Subject: large\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=large.bin\r\n"
            b"Content-Transfer-Encoding: " + encoding + b"\r\nContent-Transfer-Encoding: x-other\r\n\r\n" + content)


@tests
def scan_memory_rewrite(t):
    "limits.scan_memory: of its preset 50 MB are written anew, whatever they are encoded as"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream, {"policies": {"inbound": {"ambiguous": "rewrite"}}}, single=False)
    before = gatepost.processes("scanner")
    client = t.client(gatepost)
    client.greet()
    plain = b"x = %075d\r\n" % 7 * 625_000
    for number, (encoding, content) in enumerate([(b"7bit", plain), (b"base64", base64.encodebytes(plain).replace(
            b"\n", b"\r\n")[:50_000_400])]):
        expect_equal(client.deliver(ambiguous_message(content, encoding)).code, 250, encoding)
        got = email.message_from_bytes(upstream.wait_message(number).data)
        wanted = content if encoding == b"7bit" else base64.b64decode(content)
        expect(got.get_payload(decode=True) == wanted and got.get_all("Content-Transfer-Encoding") == ["base64"], "content")
    expect_equal(gatepost.processes("scanner"), before, "scanners")


@tests
def text_line(t):
    "limits.text_line: a longer line is refused, one that fits passes"
    upstream = t.upstream()
    client = t.client(t.gatepost(upstream, {"limits": {"text_line": 1000}}))
    client.greet()
    fits = b"Subject: x\r\n\r\n" + b"y" * 998 + b"\r\n"
    expect_equal(client.deliver(fits).code, 250, "1000 octets")
    expect_equal(client.deliver(fits.replace(b"\r\n\r\n", b"\r\n\r\ny")).code // 100, 5, "1001 octets")
    expect_equal([m.data for m in upstream.messages], [fits], "messages")


@tests
def commands(t):
    "limits.commands: then 421"
    client = t.client(t.gatepost(t.upstream(), {"limits": {"commands": 10}}))
    client.greet()
    expect_equal([client.command("NOOP").code for _ in range(10)], [250] * 9 + [421], "replies")
    expect_equal(client.until_closed(), b"", "after it")


# Clients that are slow.

def slow_client(timeouts, speak):
    def test(t):
        upstream = t.upstream()
        gatepost = t.gatepost(upstream, {"timeouts": timeouts})
        client = t.client(gatepost)
        client.greet()
        speak(client)
        reply = client.reply()
        expect_equal(reply.code, 421, "reply")
        expect_equal(reply.status[:3], "4.4", "status")
        expect_equal(client.until_closed(), b"", "after it")
        upstream.wait_idle()
        expect_equal(upstream.messages, [], "messages")
        healthy = t.client(gatepost)
        healthy.greet()
        expect_equal(healthy.deliver(MESSAGE).code, 250, "a healthy delivery")
    return test


def begin_message(client):
    client.envelope()
    expect_equal(client.command("DATA").code, 354, "DATA")
    client.send(b"Subject: slow\r\n\r\nfirst line\r\n")


def drip(client, drop):
    """Drops that come too fast for every timeout but that of the whole, until
    the client is answered."""
    client.socket.settimeout(0.02)
    while not client.buffer:
        try:
            client.send(drop)
            client.buffer += client.socket.recv(1000)
        except TimeoutError:
            continue
        except OSError:
            break
    client.socket.settimeout(PATIENCE)


def drip_message(client):
    begin_message(client)
    drip(client, b"x\r\n")


tests.add("R01: timeouts.client_command: a client that says nothing", slow_client({"client_command": SHORT}, lambda c: None))
tests.add("R01: timeouts.client_command: half a command", slow_client({"client_command": SHORT}, lambda c: c.send(b"NOO")))
tests.add("R01: timeouts.client_data: half a message", slow_client({"client_data": SHORT}, begin_message))
tests.add("R01: timeouts.transaction: a drip of octets", slow_client({"transaction": "1s"}, drip_message))
tests.add("R01: timeouts.client_command: a command that comes drop by drop", slow_client({"client_command": SHORT},
                                                                                       lambda c: drip(c, b"x")))


# Upstreams that are silent.

def silent_upstream(verb, timeout, codes=(421,)):
    def test(t):
        upstream = t.upstream(replies={verb: lambda s, _: s.hang()})
        gatepost = t.gatepost(upstream, {"timeouts": {timeout: SHORT}})
        client = t.client(gatepost)
        for turn in (b"", b"EHLO x\r\n", b"MAIL FROM:<a@example.org>\r\n", b"RCPT TO:<b@example.org>\r\n",
                     b"DATA\r\n", MESSAGE + b".\r\n"):
            client.send(turn)
            reply = client.reply()
            if reply.code >= 400:
                break
        expect(reply.code in codes, "reply", reply)
        expect_equal(reply.status[:3], "4.4", "status")
        expect_equal(client.until_closed(), b"", "after it")
        del upstream.replies[verb]
        healthy = t.client(gatepost)
        healthy.greet()
        expect_equal(healthy.deliver(MESSAGE).code, 250, "a healthy delivery")
    return test


for verb, timeout in [("GREETING", "greeting"), ("EHLO", "command"), ("MAIL", "mail"), ("RCPT", "rcpt"),
                      ("DATA", "data_initiation"), ("END", "data_final")]:
    tests.add(f"R08: timeouts.{timeout}: an upstream that does not answer {verb}", silent_upstream(verb, timeout, (421, 451)))


@tests
def upstream_does_not_read(t):
    "R08: timeouts.data_block: an upstream that stops reading in the middle of a message"
    def stop_reading(session, _):
        session.send(b"354 go ahead\r\n")
        stop.wait(timeout=60)
        session.reset()
    stop = threading.Event()
    t.callback(stop.set)
    upstream = t.upstream(replies={"DATA": stop_reading})
    client = t.client(t.gatepost(upstream, {"timeouts": {"data_block": SHORT}}))
    client.greet()
    client.envelope()
    reply = client.data(b"".join(endless_message(20_000_000)))
    expect(reply.code in (421, 451), "reply", reply)
    expect_equal(upstream.messages, [], "messages")


@tests
def upstream_answers_early(t):
    "an upstream that refuses a message before it has read it never gets its end"
    def refuse_early(session, _):
        session.send(b"354 go ahead\r\n552 5.3.4 that is enough\r\n")
        told.wait(timeout=60)
        session.wait_closed()
        session.close()
    told = threading.Event()
    t.callback(told.set)
    upstream = t.upstream(replies={"DATA": refuse_early})
    client = t.client(t.gatepost(upstream))
    client.greet()
    client.envelope()
    expect_equal(client.data(b"".join(endless_message(20_000_000))).code, 552, "reply")
    expect_equal(client.until_closed(), b"", "after it")
    told.set()
    upstream.wait_idle()
    got = bytes(upstream.sessions[0].received)
    expect(len(got) < 20_000_000 and b"\r\n.\r\n" not in got and b"QUIT" not in got, "the upstream got", got[-100:])


@tests
def connect_timeout(t):
    "upstreams.connect_timeout: the next address is tried"
    upstream = t.upstream()
    full = Full(t)
    addresses = ["%s:%d" % full.address, "%s:%d" % upstream.address]
    gatepost = t.gatepost(upstream, {"upstreams": {"mta": {"address": addresses, "connect_timeout": SHORT}}})
    client = t.client(gatepost)
    client.greet()
    expect_equal(client.deliver(MESSAGE).code, 250, "a delivery")


class Full:
    """A listening socket whose queue is full: connecting to it hangs."""

    def __init__(self, t):
        self.socket = t.enter_context(socket.socket())
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(0)
        self.address = self.socket.getsockname()
        for _ in range(4):
            waiting = t.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(self.address)


@tests
def dead_address(t):
    "an address that refuses is passed over"
    upstream, dead = t.upstream(), t.upstream()
    dead.stop()
    addresses = ["%s:%d" % dead.address, "%s:%d" % upstream.address]
    gatepost = t.gatepost(upstream, {"upstreams": {"mta": {"address": addresses}}})
    for _ in range(3):
        client = t.client(gatepost)
        client.greet()
        expect_equal(client.deliver(MESSAGE).code, 250, "a delivery")


@tests
def drained(t):
    "SIGTERM: a message under way is finished, whoever idles is told 421"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream, {"timeouts": {"drain": "20s"}})
    idle, busy = t.client(gatepost), t.client(gatepost)
    idle.greet()
    busy.greet()
    busy.envelope()
    expect_equal(busy.command("DATA").code, 354, "DATA")
    gatepost.process.terminate()
    expect_equal(idle.reply().code, 421, "the idle client")
    busy.send(MESSAGE + b".\r\n")
    expect_equal(busy.reply().code, 250, "the message under way")
    expect_equal(upstream.wait_message().data, MESSAGE, "message")
    expect_equal(busy.reply().code, 421, "then")
    expect_equal(gatepost.process.wait(20), 0, "exit status")


tests.run()
