#!/usr/bin/python3
"""Attacks on the wire of SMTP, by a client and by an upstream. What one line
and its answer can show is in transcripts/; here is what needs quantity, or a
peer that keeps to no turn.

    GATEPOST=src/gatepost python3 tests/wire_smtp.py [WORD…]"""

import os
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import GATEPOST, Skip, Tests, expect, expect_equal, free_port  # noqa: E402

tests = Tests()

MESSAGE = b"Subject: hello\r\n\r\ngood day\r\n"


def expect_works(t, gatepost):
    """Another client is served as if nothing had happened."""
    client = t.client(gatepost)
    client.greet()
    expect_equal(client.deliver(MESSAGE).code, 250, "a healthy delivery")
    client.quit()


def send_all(client, data):
    """Sends what the peer takes: it may well hang up before the end."""
    try:
        client.send(data)
        client.socket.shutdown(socket.SHUT_WR)
    except OSError:
        pass


# A hostile client.

@tests
def speaks_before_greeting(t):
    "S02: commands before the greeting are not obeyed"
    spoken = threading.Event()
    upstream = t.upstream(replies={"GREETING": lambda s, _: spoken.wait() and b"220 at last\r\n"})
    client = t.client(t.gatepost(upstream))
    client.send(b"EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n\r\nx\r\n.\r\n")
    spoken.set()
    replies = client.replies_until_closed()
    expect(all(r.code in (220, 554, 421) for r in replies), "replies", replies)
    upstream.wait_idle()
    expect(not any(s.commands not in ([], [b"QUIT"]) for s in upstream.sessions), "commands at the upstream")


@tests
def pipelines_before_ehlo(t):
    "S02: a transaction before EHLO is refused, and none of it reaches the upstream"
    upstream = t.upstream()
    client = t.client(t.gatepost(upstream))
    client.reply()
    client.send(b"MAIL FROM:<a@example.org>\r\nDATA\r\nQUIT\r\n")
    replies = client.replies_until_closed()
    expect_equal([r.code for r in replies], [503, 503, 221], "replies")
    expect_equal(upstream.sessions[0].commands, [b"QUIT"], "commands at the upstream")


@tests
def data_before_354(t):
    "S02: a message sent before 354 is taken by nobody"
    upstream = t.upstream()
    client = t.client(t.gatepost(upstream))
    client.greet()
    client.envelope()
    client.send(b"DATA\r\nSubject: early\r\n\r\nx\r\n.\r\nMAIL FROM:<smuggled@example.org>\r\n")
    codes = [r.code for r in client.replies_until_closed()]
    expect_equal(codes, [554], "replies")
    upstream.wait_idle()
    expect_equal(upstream.messages, [], "messages")


@tests
def chunk_cut_short(t):
    "S01: a client that goes in the middle of a chunk leaves no message"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream)
    for last in (b" LAST", b""):
        client = t.client(gatepost)
        client.greet()
        client.envelope()
        client.send(b"BDAT 9223372036854775807%s\r\nSubject: x\r\n\r\nfirst of many octets\r\n" % last)
        client.socket.shutdown(socket.SHUT_WR)
        client.until_closed()
    upstream.wait_idle()
    expect_equal(upstream.messages, [], "messages")
    expect_works(t, gatepost)


@tests
def chunk_and_more(t):
    "S01: octets beyond a chunk are the next command"
    upstream = t.upstream()
    client = t.client(t.gatepost(upstream))
    client.greet()
    client.envelope()
    client.send(b"BDAT 15 LAST\r\nSubject: x\r\n\r\nxQUITT\r\nQUIT\r\n")
    codes = [r.code for r in client.replies_until_closed()]
    expect_equal(codes, [250, 500, 221], "replies")
    expect_equal(upstream.wait_message().data, b"Subject: x\r\n\r\nx", "message")


@tests
def chunk_across_starttls(t):
    "S01: STARTTLS while a chunked message is open forgets it"
    upstream = t.upstream()
    client = t.client(t.gatepost(upstream, listener={"tls": t.certificates.yaml()}))
    client.greet()
    client.envelope()
    client.send(b"BDAT 14\r\nSubject: x\r\n\r\n")
    expect_equal(client.reply().code, 250, "the chunk")
    reply = client.command("STARTTLS")
    if reply.code == 220:
        client.wrap(t.certificates.client_context())
        client.ehlo()
        expect(client.command("BDAT 0 LAST").code in (503, 554), "the rest of the message inside TLS")
    client.close()
    upstream.wait_idle()
    expect_equal(upstream.messages, [], "messages")


@tests
def long_commands(t):
    "S04: commands around the limit, the least and the largest, and far above"
    for limit in (512, 131072):
        gatepost = t.gatepost(t.upstream(), {"limits": {"command_line": limit}})
        for length in (limit - 2, limit, limit + 1, limit + 4096, 1000 * 1000):
            client = t.client(gatepost)
            client.greet()
            reply = client.command(b"NOOP ".ljust(length - 2, b"x"))
            expect_equal(reply.code, 250 if length <= limit else 500, f"{length} octets of {limit}")
            expect_equal(client.command("NOOP").code, 250, "and the next")
            client.quit()


@tests
def long_ehlo(t):
    "S04: an EHLO of 100 KB"
    upstream = t.upstream()
    client = t.client(t.gatepost(upstream))
    client.reply()
    expect_equal(client.command(b"EHLO " + b"x" * 100000).code, 500, "EHLO")
    client.quit()
    expect(all(len(line) < 20000 for line in upstream.sessions[0].commands), "it reached the upstream")


@tests
def endless_command(t):
    "S04: a command without an end is not kept"
    gatepost = t.gatepost(t.upstream())
    client = t.client(gatepost)
    client.greet()
    before = memory(gatepost)
    send_all(client, b"x" * 20_000_000)
    client.until_closed()
    expect(memory(gatepost) - before < 8_000_000, "memory grew", before, memory(gatepost))
    expect_works(t, gatepost)


def memory(gatepost):
    """Resident octets."""
    with open(GATEPOST, "rb") as f:
        if b"__asan_init" in f.read():
            raise Skip("AddressSanitizer keeps what was freed")
    with open(f"/proc/{gatepost.process.pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@tests
def eight_bit_undeclared(t):
    "S05: 8-bit text in a message that declared 7BIT passes unchanged"
    upstream = t.upstream()
    client = t.client(t.gatepost(upstream))
    client.greet()
    message = "Subject: Grüße\r\n\r\n\xff\xfe Grüße\r\n".encode("latin-1")
    expect_equal(client.deliver(message, parameters=" BODY=7BIT").code, 250, "the message")
    expect_equal(upstream.wait_message().data, message, "message")


@tests
def unannounced_extensions(t):
    "S05: parameters of extensions that nobody offered are refused here"
    upstream = t.upstream(keywords=["PIPELINING"])
    client = t.client(t.gatepost(upstream))
    client.greet()
    for parameter in ("SMTPUTF8", "BODY=BINARYMIME", "RET=FULL", "X-UNKNOWN=1", "REQUIRETLS", "BODY"):
        code = client.command(f"MAIL FROM:<a@example.org> {parameter}").code
        expect(500 <= code < 600, parameter, code)
    client.quit()
    expect_equal(upstream.sessions[0].commands[1:], [b"QUIT"], "commands at the upstream")


@tests
def many_commands(t):
    "S06: a hundred thousand NOOP, RSET and VRFY end at the limit with 421"
    gatepost = t.gatepost(t.upstream(), {"limits": {"commands": 500}, "log": {"level": "info"}})
    for verb in ("NOOP", "RSET", "VRFY x"):
        client = t.client(gatepost)
        client.greet()
        send_all(client, verb.encode() + b"\r\n" + (verb.encode() + b"\r\n") * 100000)
        replies = client.replies_until_closed()
        expect(len(replies) <= 500, "replies", len(replies))
        expect_equal(replies[-1].code if replies else 421, 421, "the last one")
    expect_works(t, gatepost)


@tests
def many_errors(t):
    "S06: a hundred thousand bad commands end at the limit with 421"
    gatepost = t.gatepost(t.upstream(), {"log": {"level": "info"}})
    client = t.client(gatepost)
    client.greet()
    for number in range(20):
        expect_equal(client.command("BAD").code, 500, f"error {number}")
    expect_equal((client.command("BAD").code, client.until_closed()), (421, b""), "the end")
    client = t.client(gatepost)
    client.greet()
    send_all(client, b"BAD\r\n" * 100000)
    client.until_closed()
    expect_works(t, gatepost)


# A hostile upstream: what it says instead of its reply to MAIL.

def hostile_reply(what, answer):
    """The client hears 421, or the connection closes; nothing of it is relayed."""
    def test(t):
        upstream = t.upstream(replies={"MAIL": answer})
        gatepost = t.gatepost(upstream)
        client = t.client(gatepost)
        client.greet()
        client.send("MAIL FROM:<a@example.org>\r\n")
        replies = client.replies_until_closed()
        expect_equal([r.code for r in replies], [421], f"replies to {what}")
        expect("hostile" not in replies[0].text, "relayed", replies)
        del upstream.replies["MAIL"]
        expect_works(t, gatepost)
    return test


def endless(session, _):
    """A reply that does not end until the peer does."""
    while True:
        session.send(b"250-hostile\r\n" * 1000)


def endless_line(session, _):
    session.send(b"250 ")
    while True:
        session.send(b"hostile" * 10000)


def answered_then_reset(session, _):
    session.send(b"250 hostile")
    session.reset()


HOSTILE = [
    ("an endless reply", endless),
    ("an endless reply line", endless_line),
    ("a reply line of 10 MB", b"250 " + b"hostile" * 1_500_000 + b"\r\n"),
    ("codes that differ from line to line", b"250-hostile\r\n550 hostile\r\n"),
    ("a line that ends in LF", b"250 hostile\n"),
    ("a bare CR", b"250 hos\rtile\r\n"),
    ("a NUL", b"250 hos\0tile\r\n"),
    ("no code", b"hostile\r\n"),
    ("a code of two digits", b"25 hostile\r\n"),
    ("a code out of range", b"999 hostile\r\n"),
    ("half a reply and a reset", answered_then_reset),
    ("nothing but a close", lambda s, _: s.close()),
]
for what, answer in HOSTILE:
    tests.add(f"S07: an upstream answers with {what}", hostile_reply(what, answer))


def hostile_everywhere(verb):
    """Garbage at another point of a conversation that the client goes through
    as far as it is let."""
    def test(t):
        upstream = t.upstream(replies={verb: b"hostile\n"})
        gatepost = t.gatepost(upstream)
        client = t.client(gatepost)
        for turn in (b"", b"EHLO x\r\n", b"MAIL FROM:<a@example.org>\r\n", b"RCPT TO:<b@example.org>\r\n",
                     b"DATA\r\n", MESSAGE + b".\r\n"):
            client.send(turn)
            reply = client.reply()
            if reply.code >= 400:
                break
        expect_equal(reply.code, 421, "reply")
        expect("hostile" not in reply.text, "relayed", reply)
        expect_equal(client.until_closed(), b"", "after it")
        del upstream.replies[verb]
        expect_works(t, gatepost)
    return test


for verb in ("GREETING", "EHLO", "RCPT", "DATA", "END"):
    tests.add(f"S07: an upstream answers {verb} with what is no reply", hostile_everywhere(verb))


@tests
def reply_before_command(t):
    "S07: an upstream that speaks unasked is left"
    upstream = t.upstream(replies={"EHLO": b"250 upstream.example.org\r\n250 hostile\r\n250 hostile\r\n"})
    gatepost = t.gatepost(upstream)
    client = t.client(gatepost)
    client.reply()
    client.send("EHLO x\r\n")
    replies = client.replies_until_closed()
    expect_equal([r.code for r in replies], [250, 421], "replies")
    expect("hostile" not in replies[0].text + replies[1].text, "relayed", replies)


@tests
def shut_down_while_idle(t):
    "S07: an upstream's 421 out of turn is passed on"
    upstream = t.upstream(replies={"NOOP": lambda s, _: (s.send(b"250 ok\r\n421 4.3.2 going down\r\n"), s.close())})
    client = t.client(t.gatepost(upstream))
    client.greet()
    expect_equal(client.command("NOOP").code, 250, "NOOP")
    last = client.reply()
    expect_equal((last.code, last.text), (421, "4.3.2 going down"), "then")
    expect_equal(client.until_closed(), b"", "after it")


@tests
def reset_after_final_dot(t):
    "S07: no acceptance is invented when the upstream resets after the final dot"
    upstream = t.upstream(replies={"END": lambda s, _: s.reset()})
    client = t.client(t.gatepost(upstream))
    client.greet()
    reply = client.deliver(MESSAGE)
    expect(400 <= reply.code < 500, "reply", reply)


@tests
def next_address(t):
    "an address of the upstream that does not answer is told in the log once, also where mail goes by the next one"
    if GATEPOST == "none":
        raise Skip("it is gatepost that has two addresses")
    upstream, dead = t.upstream(), f"127.0.0.1:{free_port()}"
    gatepost = t.gatepost(upstream, {"upstreams": {"mta": {"address": [dead, "%s:%d" % upstream.address]}}})
    for _ in range(2):
        client = t.client(gatepost)
        client.greet()
        expect_equal(client.deliver(MESSAGE).code, 250, "a delivery")
        client.quit()
    gatepost.wait_event("upstream", upstream="^mta$", msg=f"^{dead} .*: Connection refused")
    expect_equal(len(gatepost.events("upstream")), 1, "lines")


@tests
def hostile_keywords(t):
    "S08: keywords with controls, of great length or without a name do no harm"
    lines = [b"250-upstream.example.org\x1b[2J", b"250-", b"250- SIZE", b"250-SIZE 99999999999999999999999",
             b"250-SIZE -1", b"250-AUTH " + b"X" * 5000, b"250-AUTH PLAIN\x07", b"250-\xff\xfe", b"250 DSN"]
    upstream = t.upstream(replies={"EHLO": b"\r\n".join(lines) + b"\r\n"})
    client = t.client(t.gatepost(upstream))
    offered = client.greet()
    expect("DSN" in offered and set(offered) <= {"DSN", "SIZE"}, "offered", offered)
    expect_equal(client.deliver(MESSAGE).code, 250, "a delivery")


tests.run()
