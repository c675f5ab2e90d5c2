#!/usr/bin/python3
"""SMTP smuggling (CVE-2023-51764, -51765, -51766): the end of a message as one
server sees it and another does not.

A probe is put into the middle of a message, followed by what would be a second
transaction to a server that takes the probe for the end. Whatever gatepost does
with such a message, this must hold:

- the upstream gets as many messages as the client was told were accepted;
- no message that it gets holds a bare CR, a bare LF or a NUL, by which another
  server could see an end where this one sees none;
- it hears no MAIL that gatepost did not acknowledge to the client.

With bare_newlines: reject the message is refused, with normalise it is
delivered. Two probes hold a genuine end: what follows is then the client's own
next command, and no smuggling.

    GATEPOST=src/gatepost python3 tests/smuggling.py [WORD…]"""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import Tests, expect, expect_equal  # noqa: E402
from smtp_client import dot_stuffed  # noqa: E402

tests = Tests()

PROBES = [
    b"\n.\n", b"\n.\r", b"\r.\n", b"\r.\r", b"\n.\r\n", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r",
    b"\r\n.\r\r\n", b"\r\r\n.\r\r\n", b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\r\0\n.\r\n", b"\r\n.\r\0\n",
    b"\0\r\n.\r\n", b"\r\n.\r\n\0",
]
GENUINE = {b"\0\r\n.\r\n", b"\r\n.\r\n\0"}
SMUGGLED = (b"MAIL FROM:<smuggler@example.org>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\n"
            b"Subject: smuggled\r\n\r\nsmuggled\r\n.\r\n")


def count_accepted(replies):
    """How many messages were accepted, by the replies that the client got: each
    354 is followed by the final reply to its message."""
    return sum(before.code == 354 and after.code == 250 for before, after in zip(replies, replies[1:]))


def probe_in_data(probe, mode):
    def test(t):
        upstream = t.upstream()
        client = t.client(t.gatepost(upstream, listener={"bare_newlines": mode}))
        client.greet()
        client.envelope()
        asked = client.command("DATA")
        expect_equal(asked.code, 354, "DATA")
        client.send(b"Subject: probe\r\n\r\nX" + probe + SMUGGLED)
        final = client.reply()
        client.send(b"QUIT\r\n")
        replies = [asked, final] + client.replies_until_closed()
        upstream.wait_idle()
        check_first(probe, mode, final)
        check_upstream(upstream, replies)
        if probe not in GENUINE:
            expect_equal(len(upstream.messages), int(mode == "normalise"), "messages")
    return test


def check_first(probe, mode, final):
    """The reply to the message that holds the probe."""
    clean = probe == b"\r\n.\r\n\0"  # it ended before the NUL
    if mode == "normalise" or clean:
        expect_equal(final.code, 250, "the message")
    else:
        expect(500 <= final.code < 600, "not refused", final)
        expect(re.search(r"bare|NUL", final.text), "the reply does not say why", final)


def check_upstream(upstream, replies):
    expect_equal(len(upstream.messages), count_accepted(replies), "messages at the upstream, accepted ones")
    mails = sum(line.upper().startswith(b"MAIL") for s in upstream.sessions for line in s.commands)
    expect_equal(mails, 1 + sum(r.status == "2.1.0" for r in replies), "MAIL")
    for message in upstream.messages:
        rest = message.data.replace(b"\r\n", b"")
        expect(not re.search(rb"[\r\n\0]", rest), "a bare CR, LF or NUL reached the upstream", message.data)


def probe_in_chunk(probe):
    def test(t):
        upstream = t.upstream()
        client = t.client(t.gatepost(upstream))
        client.greet()
        client.envelope()
        body = b"Subject: probe\r\n\r\nX" + probe + SMUGGLED
        client.send(b"BDAT %d LAST\r\n" % len(body) + body)
        final = client.reply()
        client.quit()
        upstream.wait_idle()
        expect(500 <= final.code < 600, "not refused", final)
        expect_equal(upstream.messages, [], "messages")
    return test


for probe in PROBES:
    shown = repr(probe)[2:-1]
    for mode in ("reject", "normalise"):
        tests.add(f"{mode}: {shown} in DATA", probe_in_data(probe, mode))
    tests.add(f"{shown} in a BDAT chunk ends nothing", probe_in_chunk(probe))


@tests
def dots_in_a_chunk(t):
    "a lone dot in a chunk ends nothing (RFC 3030 2)"
    upstream = t.upstream()
    client = t.client(t.gatepost(upstream))
    client.greet()
    client.envelope()
    body = b"Subject: chunk\r\n\r\nX\r\n.\r\n" + SMUGGLED
    client.send(b"BDAT %d LAST\r\n" % len(body) + body)
    expect_equal(client.reply().code, 250, "the message")
    client.quit()
    expect_equal([m.data for m in upstream.messages], [body], "messages")


@tests
def normalised(t):
    "normalise: bare CR and LF become CRLF, NUL goes, dots are doubled anew"
    upstream = t.upstream()
    client = t.client(t.gatepost(upstream, listener={"bare_newlines": "normalise"}))
    client.greet()
    expect_equal(client.deliver(b"Subject: x\n\na\rb\n.\nc\0d\r\n").code, 250, "the message")
    expect_equal(upstream.wait_message().data, b"Subject: x\r\n\r\na\r\nb\r\n.\r\ncd\r\n", "message")


@tests
def two_clean_messages(t):
    "a message of dots alone passes, and the session goes on"
    upstream = t.upstream()
    client = t.client(t.gatepost(upstream))
    client.greet()
    for number in range(2):
        message = b"Subject: %d\r\n\r\n.\r\n..\r\n...\r\n" % number
        expect(dot_stuffed(message).count(b"\r\n.\r\n") == 1, "the test's own stuffing")
        expect_equal(client.deliver(message).code, 250, "the message")
        expect_equal(upstream.wait_message(number).data, message, "message")


tests.run()
