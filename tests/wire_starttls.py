#!/usr/bin/python3
"""Attacks on STARTTLS ("Why TLS Is Better Without STARTTLS", USENIX Security
2021), from the client's side and by a hostile upstream.

    GATEPOST=src/gatepost python3 tests/wire_starttls.py [WORD…]"""

import base64
import os
import ssl
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import Tests, expect, expect_equal  # noqa: E402
from smtp_client import Closed  # noqa: E402

tests = Tests()

MESSAGE = b"Subject: hello\r\n\r\ngood day\r\n"
PLAIN = "AUTH PLAIN " + base64.b64encode(b"\0user\0secret").decode()


# The client's side.

def starttls_gatepost(t, upstream, **tls):
    return t.gatepost(upstream, listener={"tls": t.certificates.yaml(**tls)})


def injected(pieces):
    """Plaintext behind STARTTLS is never answered inside TLS."""
    def test(t):
        upstream = t.upstream()
        client = t.client(starttls_gatepost(t, upstream))
        client.greet()
        for piece in pieces:
            client.send(piece)
        expect_equal(client.reply().code, 220, "STARTTLS")
        try:
            client.wrap(t.certificates.client_context())
            client.send("EHLO inside\r\n")
            expect_equal(client.reply().code, 250, "EHLO")
            client.send("NOOP inside\r\n")
            reply = client.reply()
        except (Closed, ssl.SSLError, ConnectionError):
            reply = None  # closing is as good
        expect(reply is None or "noop" in reply.text, "one answer too many", reply)
        expect(not any(b"INJECTED" in bytes(s.received) for s in upstream.sessions), "it reached the upstream")
    return test


for shown, pieces in [
    ("in one segment", [b"STARTTLS\r\nEHLO INJECTED\r\n"]),
    ("a transaction", [b"STARTTLS\r\nMAIL FROM:<INJECTED@example.org>\r\nRCPT TO:<INJECTED@example.org>\r\n"]),
    ("half a line", [b"STARTTLS\r\nNOOP INJECTED"]),
    ("behind an empty line", [b"STARTTLS\r\n\r\nVRFY INJECTED\r\n"]),
]:
    tests.add(f"L01: commands injected behind STARTTLS: {shown}", injected(pieces))


@tests
def state_is_forgotten(t):
    "L02: MAIL and RCPT said in plaintext are forgotten under TLS, at the upstream too"
    upstream = t.upstream()
    client = t.client(starttls_gatepost(t, upstream))
    client.greet()
    client.envelope("plaintext@example.org")
    client.starttls(t.certificates.client_context())
    expect_equal(client.command("MAIL FROM:<a@example.org>").code, 503, "MAIL before EHLO under TLS")
    expect(client.command("DATA").code in (503, 554), "DATA")
    client.ehlo()
    expect_equal(client.command("RCPT TO:<b@example.org>").code, 503, "RCPT")
    expect_equal(client.deliver(MESSAGE, sender="secure@example.org").code, 250, "a delivery")
    message = upstream.wait_message()
    expect(b"secure@" in message.mail and len(message.recipients) == 1, "envelope", message)


@tests
def auth_only_under_tls(t):
    "L02: AUTH is neither offered nor taken before TLS"
    upstream = t.upstream(keywords=["AUTH PLAIN LOGIN"])
    gatepost = starttls_gatepost(t, upstream)
    client = t.client(gatepost)
    offered = client.greet()
    expect("AUTH" not in offered and "STARTTLS" in offered, "offered", offered)
    expect(client.command(PLAIN).code in (530, 538), "AUTH in plaintext")
    expect_equal(upstream.sessions[0].credentials, [], "credentials at the upstream")
    client.starttls(t.certificates.client_context())
    offered = client.ehlo()
    expect("AUTH" in offered and "STARTTLS" not in offered, "offered under TLS", offered)
    expect_equal(client.command(PLAIN).code, 235, "AUTH under TLS")
    gatepost.wait_event("auth", user="^user$", tls="^TLSv1")
    gatepost.wait_event("refusal", command="^AUTH$", by="^gatepost$")


@tests
def tls_required(t):
    "L02: where TLS is required, nothing but EHLO, NOOP, STARTTLS and QUIT works without"
    upstream = t.upstream(keywords=["AUTH PLAIN"])
    client = t.client(starttls_gatepost(t, upstream, required=True))
    client.greet()
    for command in ("MAIL FROM:<a@example.org>", "RCPT TO:<b@example.org>", "VRFY x", PLAIN):
        code = client.command(command).code
        expect(code in (530, 538), command, code)
    expect_equal(client.command("NOOP").code, 250, "NOOP")
    expect(not any(c.split()[0] in (b"MAIL", b"RCPT", b"VRFY", b"AUTH") for c in upstream.sessions[0].commands),
           "relayed", upstream.sessions[0].commands)
    client.starttls(t.certificates.client_context())
    client.ehlo()
    expect_equal(client.deliver(MESSAGE).code, 250, "a delivery under TLS")


@tests
def starttls_twice(t):
    "L03: STARTTLS inside TLS is refused, and in the middle of a message it is text"
    upstream = t.upstream()
    client = t.client(starttls_gatepost(t, upstream))
    client.greet()
    expect_equal(client.deliver(b"Subject: x\r\n\r\nSTARTTLS\r\n").code, 250, "the message")
    client.starttls(t.certificates.client_context())
    client.ehlo()
    expect_equal(client.command("STARTTLS").code, 503, "the second STARTTLS")
    expect_equal(client.command("STARTTLS now").code // 100, 5, "with an argument")
    expect_equal(client.deliver(MESSAGE).code, 250, "a delivery")
    expect_equal(upstream.wait_message(0).data, b"Subject: x\r\n\r\nSTARTTLS\r\n", "message")


@tests
def argument_of_starttls(t):
    "L03: STARTTLS with an argument is a syntax error (RFC 3207 4)"
    client = t.client(starttls_gatepost(t, t.upstream()))
    client.greet()
    expect_equal(client.command("STARTTLS please").code, 501, "reply")
    client.starttls(t.certificates.client_context())


HTTP = b"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: y\r\n\r\n"


@tests
def http_at_tls_port(t):
    "L04: HTTP at an implicit TLS port, and after STARTTLS, ends the connection"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream, listener={"tls": t.certificates.yaml(mode="implicit")})
    client = t.client(gatepost)
    client.send(HTTP)
    expect(b"220" not in client.until_closed(), "greeted in plaintext")
    client = t.client(gatepost, tls=t.certificates.client_context())
    client.greet()
    expect_equal(client.deliver(MESSAGE).code, 250, "a delivery")
    expect_equal(len(upstream.sessions), 1, "connections to the upstream")


@tests
def http_after_starttls(t):
    "L04: what is no ClientHello after STARTTLS ends the connection"
    upstream = t.upstream()
    client = t.client(starttls_gatepost(t, upstream))
    client.greet()
    expect_equal(client.command("STARTTLS").code, 220, "STARTTLS")
    client.send(HTTP)
    expect(b"250" not in client.until_closed(), "answered in plaintext")
    upstream.wait_idle()


# A hostile upstream.

def expect_no_plaintext(t, upstream, gatepost, context=""):
    """The client is refused for now; the upstream heard at most EHLO, STARTTLS, QUIT."""
    client = t.client(gatepost)
    replies = client.replies_until_closed()
    expect([r.code for r in replies] == [421], f"replies {context}", replies)
    upstream.wait_idle()
    for session in upstream.sessions:
        words = {c.split()[0].upper() for c in session.commands}
        expect(words <= {b"EHLO", b"STARTTLS", b"QUIT"}, "plaintext at the upstream", session.commands)


def to_starttls_upstream(t, upstream, **tls):
    settings = {"mode": "starttls", "verify": "none", **tls}
    return t.gatepost(upstream, {"upstreams": {"mta": {"tls": settings}}})


def injected_response(reply, secure_after):
    def test(t):
        def answer(session, _):
            session.send(reply)
            if secure_after:
                session.start_tls()
            else:
                session.wait_closed()
        upstream = t.upstream(tls="starttls", context=t.certificates.server_context(), replies={"STARTTLS": answer})
        expect_no_plaintext(t, upstream, to_starttls_upstream(t, upstream))
    return test


INJECTIONS = [
    ("the answer to an EHLO", b"220 ok\r\n250-x\r\n250 AUTH LOGIN\r\n"),
    ("half a line", b"220 ok\r\n250"),
    ("one byte", b"220 ok\r\n\n"),
]
for shown, reply in INJECTIONS:
    for secure_after in (True, False):
        tests.add(f"L05: an upstream injects {shown}{' and goes on with TLS' if secure_after else ''}",
                  injected_response(reply, secure_after))


@tests
def no_starttls_offered(t):
    "L06: an upstream that offers no STARTTLS gets nothing in plaintext"
    upstream = t.upstream(keywords=["SIZE 1000"])
    expect_no_plaintext(t, upstream, to_starttls_upstream(t, upstream))


def stripped(reply):
    def test(t):
        upstream = t.upstream(tls="starttls", context=t.certificates.server_context(), replies={"STARTTLS": reply})
        expect_no_plaintext(t, upstream, to_starttls_upstream(t, upstream), repr(reply))
    return test


for reply in (b"454 4.7.0 not now\r\n", b"502 5.5.1 no\r\n", b"354 go ahead\r\n", b"250 ok\r\n", b"221 bye\r\n",
              b"500 BAD\r\n", b"+OK\r\n"):
    tests.add(f"L06: an upstream answers STARTTLS with {reply.decode().strip()}", stripped(reply))


@tests
def offers_before_tls(t):
    "L10: what an upstream offered before TLS does not count"
    def ehlo(session, _):
        if session.plain is None:
            return b"250-upstream.example.org\r\n250-AUTH PLAIN\r\n250-SIZE 17\r\n250 STARTTLS\r\n"
        return b"250-upstream.example.org\r\n250-SIZE 4242\r\n250 DSN\r\n"
    upstream = t.upstream(tls="starttls", context=t.certificates.server_context(), replies={"EHLO": ehlo})
    client = t.client(to_starttls_upstream(t, upstream))
    expect_equal(client.greet(), {"SIZE": "4242", "DSN": ""}, "offered")
    expect_equal(client.deliver(MESSAGE).code, 250, "a delivery")
    expect(b"MAIL" not in upstream.sessions[0].plain, "MAIL before TLS")


@tests
def ehlo_refused_before_tls(t):
    "L10: an upstream that refuses EHLO cannot be secured"
    upstream = t.upstream(replies={"EHLO": b"502 5.5.1 no\r\n"})
    expect_no_plaintext(t, upstream, to_starttls_upstream(t, upstream))


tests.run()
