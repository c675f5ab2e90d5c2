#!/usr/bin/python3
"""Attacks on the wire of POP3, on STLS and behind it, by a client and by a
hostile upstream. What one line and its answer can show is in transcripts/.

Of the catalogue's numbers, L07 (a session that begins logged in) has no like in
POP3.

    GATEPOST=src/gatepost python3 tests/wire_pop3.py [WORD…]"""

import base64
import os
import ssl
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import Tests, expect, expect_equal, is_sanitized  # noqa: E402
from pop3_upstream import multi_line  # noqa: E402
from smtp_client import Closed  # noqa: E402

tests = Tests()

MESSAGE = b"Subject: hello\r\n\r\n.good day\r\n"
RULES = r"""rules:
- { name: TAG, when: { header: { name: Subject, matches: '/please tag/' } }, then: tag }
"""
# Both ways that a session can go: commands relayed as they come, and a maildrop
# that gatepost has looked through.
WAYS = [("without rules", None), ("with rules", RULES)]
PLAIN = base64.b64encode(b"\0user\0secret").decode()


def expect_works(t, gatepost, **options):
    """Another client is served as if nothing had happened."""
    client = t.pop3_client(gatepost, **options)
    client.login()
    expect_equal(client.retrieve(1), MESSAGE, "a healthy message")
    client.quit()


def send_all(client, data):
    """Sends what the peer takes: it may well hang up before the end."""
    try:
        client.send(data)
    except OSError:
        pass


# STLS: the client's side.

def stls_gatepost(t, upstream, **tls):
    return t.pop3_gatepost(upstream, listener={"tls": t.certificates.yaml(**tls)})


def injected(pieces):
    """Plaintext behind STLS is never answered inside TLS."""
    def test(t):
        upstream = t.pop3_upstream([MESSAGE])
        client = t.pop3_client(stls_gatepost(t, upstream))
        expect(client.reply().ok, "greeting")
        for piece in pieces:
            send_all(client, piece)
        try:
            expect(client.reply().ok, "STLS")
            client.wrap(t.certificates.client_context())
            client.send(b"QUIT\r\n")
            replies = client.replies_until_closed()
        except (Closed, ssl.SSLError, ConnectionError):
            replies = []  # closing is as good
        expect(len(replies) <= 1, "one answer too many", replies)
        upstream.wait_idle()
        expect(not any(b"INJECTED" in bytes(s.received) or b"CAPA" in s.received for s in upstream.sessions),
               "it reached the upstream", upstream.said())
    return test


for shown, pieces in [
    ("in one segment", [b"STLS\r\nCAPA\r\n"]),
    ("a login", [b"STLS\r\nUSER INJECTED\r\nPASS INJECTED\r\n"]),
    ("half a line", [b"STLS\r\nUSER INJECTED"]),
    ("in two segments", [b"STLS\r\nUSER INJ", b"ECTED\r\n"]),
    ("behind an empty line", [b"STLS\r\n\r\nUSER INJECTED\r\n"]),
]:
    tests.add(f"L01: commands injected behind STLS: {shown}", injected(pieces))


@tests
def name_is_forgotten(t):
    "L02: a name said in plaintext is forgotten under TLS"
    upstream = t.pop3_upstream([MESSAGE])
    client = t.pop3_client(stls_gatepost(t, upstream))
    expect(client.reply().ok, "greeting")
    client.command("USER plaintext")
    client.stls(t.certificates.client_context())
    expect(not client.command("PASS secret").ok, "PASS for a name of before TLS")
    expect(not any(c.startswith("PASS") for c in upstream.said()), "PASS reached the upstream", upstream.said())
    client.login(greet=False)
    expect_equal(client.retrieve(1), MESSAGE, "message")
    expect_equal(upstream.sessions[0].user, "user", "user")


@tests
def tls_required(t):
    "L02: where TLS is required, no login is offered or taken without it"
    upstream = t.pop3_upstream([MESSAGE], banner=b"<1.2@upstream.example.org>")
    gatepost = stls_gatepost(t, upstream, required=True)
    client = t.pop3_client(gatepost)
    expect(client.reply().ok, "greeting")
    offered = client.capabilities()
    expect("STLS" in offered and not any(o.startswith(("SASL", "USER")) for o in offered), "offered", offered)
    for command in ("USER user", "PASS secret", "APOP user 0123456789abcdef0123456789abcdef", f"AUTH PLAIN {PLAIN}",
                    "AUTH LOGIN"):
        expect(not client.command(command).ok, command)
        gatepost.wait_event("refusal", command=f"^{command.split()[0]}$", by="^gatepost$", reply="^say STLS first$")
    expect(set(upstream.said()) <= {"CAPA"}, "relayed", upstream.said())
    client.stls(t.certificates.client_context())
    offered = client.capabilities()
    expect("STLS" not in offered and "USER" in offered, "offered under TLS", offered)
    client.login(greet=False)
    expect_equal(client.retrieve(1), MESSAGE, "message")


@tests
def stls_twice(t):
    "L03: STLS inside TLS, with an argument, or after the login is refused"
    upstream = t.pop3_upstream([MESSAGE])
    gatepost = stls_gatepost(t, upstream)
    client = t.pop3_client(gatepost)
    expect(client.reply().ok, "greeting")
    expect(not client.command("STLS now").ok, "with an argument")
    client.stls(t.certificates.client_context())
    expect(not client.command("STLS").ok, "the second STLS")
    client.login(greet=False)
    expect(not client.command("STLS").ok, "STLS after the login")
    expect_equal(client.retrieve(1), MESSAGE, "message")
    client.quit()
    expect("STLS" not in upstream.said(), "it reached the upstream")


@tests
def stls_in_auth(t):
    "L03: STLS in answer to a challenge is no command"
    upstream = t.pop3_upstream([MESSAGE])
    client = t.pop3_client(stls_gatepost(t, upstream))
    expect(client.reply().ok, "greeting")
    client.stls(t.certificates.client_context())
    expect_equal(client.command("AUTH LOGIN").word, b"+", "AUTH LOGIN")
    expect_equal(client.command("STLS").word, b"+", "a response")
    expect(not client.command("*").ok, "cancelled")
    expect(client.auth_plain().ok, "AUTH PLAIN")
    expect_equal(client.retrieve(1), MESSAGE, "message")
    expect_equal(upstream.sessions[0].credentials, [b"STLS", b"*"], "responses at the upstream")


HTTP = b"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: y\r\n\r\n"


@tests
def http_at_tls_port(t):
    "L04: HTTP at an implicit TLS port ends the connection"
    upstream = t.pop3_upstream([MESSAGE])
    gatepost = t.pop3_gatepost(upstream, listener={"tls": t.certificates.yaml(mode="implicit")})
    client = t.pop3_client(gatepost)
    client.send(HTTP)
    expect(b"+OK" not in client.until_closed(), "greeted in plaintext")
    expect_works(t, gatepost, tls=t.certificates.client_context())
    expect_equal(len(upstream.sessions), 1, "connections to the upstream")


@tests
def http_after_stls(t):
    "L04: what is no ClientHello after STLS ends the connection"
    upstream = t.pop3_upstream([MESSAGE])
    client = t.pop3_client(stls_gatepost(t, upstream))
    expect(client.reply().ok, "greeting")
    expect(client.command("STLS").ok, "STLS")
    client.send(HTTP)
    expect(b"+OK" not in client.until_closed(), "answered in plaintext")
    upstream.wait_idle()
    expect_equal(upstream.said(), [], "commands at the upstream")


@tests
def http_at_plain_port(t):
    "L04: HTTP at the port is refused line by line, and after a few lines left"
    upstream = t.pop3_upstream([MESSAGE])
    gatepost = t.pop3_gatepost(upstream, {"limits": {"errors": 5}})
    client = t.pop3_client(gatepost)
    expect(client.reply().ok, "greeting")
    send_all(client, HTTP + b"X-Header: x\r\n" * 1000)
    replies = client.replies_until_closed()
    expect(not any(r.ok for r in replies) and 0 < len(replies) <= 6, "replies", len(replies), replies[:9])
    upstream.wait_idle()
    expect_equal(upstream.said(), [], "commands at the upstream")
    expect_works(t, gatepost)


# STLS: a hostile upstream.

def expect_no_plaintext(t, upstream, gatepost, context=""):
    """The client is refused for now; the upstream heard at most CAPA, STLS, QUIT."""
    replies = t.pop3_client(gatepost).replies_until_closed()
    expect(len(replies) == 1 and replies[0].line.startswith(b"-ERR [SYS/TEMP] "), f"replies {context}", replies)
    expect("hostile" not in replies[0].text, f"relayed {context}", replies)
    upstream.wait_idle()
    for session in upstream.sessions:
        expect(set(session.commands) <= {b"CAPA", b"STLS", b"QUIT"}, "plaintext at the upstream", session.commands)


def to_stls_upstream(t, upstream, **tls):
    settings = {"mode": "starttls", "verify": "none", **tls}
    return t.pop3_gatepost(upstream, {"upstreams": {"mta": {"tls": settings}}})


def stls_upstream(t, certificate="server", mode="starttls", **options):
    return t.pop3_upstream([MESSAGE], tls=mode, context=t.certificates.server_context(certificate), **options)


def injected_response(reply, secure_after):
    def test(t):
        def answer(session, _):
            session.send(reply)
            if secure_after:
                session.start_tls()
            else:
                session.wait_closed()
        upstream = stls_upstream(t, replies={"STLS": answer})
        expect_no_plaintext(t, upstream, to_stls_upstream(t, upstream))
    return test


for shown, reply in [
    ("the answer to a CAPA", b"+OK\r\n+OK\r\nSASL PLAIN hostile\r\n.\r\n"),
    ("half a line", b"+OK\r\n+O"),
    ("one octet", b"+OK\r\n\n"),
]:
    for secure_after in (True, False):
        tests.add(f"L05: an upstream injects {shown}{' and goes on with TLS' if secure_after else ''}",
                  injected_response(reply, secure_after))


@tests
def no_stls_offered(t):
    "L06: an upstream that offers no STLS gets nothing in plaintext"
    upstream = t.pop3_upstream([MESSAGE])
    expect_no_plaintext(t, upstream, to_stls_upstream(t, upstream))


@tests
def no_capa(t):
    "L06: an upstream that knows no CAPA and no STLS gets nothing in plaintext"
    upstream = t.pop3_upstream([MESSAGE], capabilities=None)
    expect_no_plaintext(t, upstream, to_stls_upstream(t, upstream))


def stripped(reply):
    def test(t):
        upstream = stls_upstream(t, replies={"STLS": reply})
        expect_no_plaintext(t, upstream, to_stls_upstream(t, upstream), repr(reply))
    return test


for reply in (b"-ERR hostile\r\n", b"-ERR [SYS/PERM] hostile\r\n", b"+ hostile\r\n", b"220 hostile\r\n", b"OK hostile\r\n",
              b"* OK hostile\r\n", b"+OKhostile\r\n", b"+ok\n", b"\r\n"):
    tests.add(f"L06: an upstream answers STLS with {reply!r}", stripped(reply))


@tests
def speaks_unasked_before_tls(t):
    "L08: what an upstream says unasked before TLS is never relayed"
    for greeting in (b"+OK ready\r\n+OK hostile\r\n", b"+OK ready\r\n+OK hostile\r\nSTLS\r\n.\r\n", b"+OK ready\r\nhostile"):
        upstream = stls_upstream(t, replies={"GREETING": greeting})
        client = t.pop3_client(to_stls_upstream(t, upstream))
        replies = [client.reply()]
        send_all(client, b"QUIT\r\n")
        replies += client.replies_until_closed()
        expect(not any("hostile" in r.text for r in replies), f"relayed of {greeting}", replies)


@tests
def refused_before_tls(t):
    "L09: the text of a refusal before TLS is not the client's to read"
    upstream = stls_upstream(t, replies={"GREETING": b"-ERR [ALERT] hostile: go to https://example.net/\r\n"})
    expect_no_plaintext(t, upstream, to_stls_upstream(t, upstream))


@tests
def greeting_before_tls(t):
    "L09: of a greeting before TLS the client gets the banner for APOP, and no text"
    banner = b"<1896.697170952@example.org>"
    upstream = stls_upstream(t, banner=banner,
                             replies={"GREETING": b"+OK [ALERT] hostile " + banner + b" hostile\r\n"})
    client = t.pop3_client(to_stls_upstream(t, upstream))
    greeting = client.reply()
    expect(greeting.ok and banner.decode() in greeting.text, "greeting", greeting)
    expect("hostile" not in greeting.text, "greeting", greeting)


@tests
def offers_before_tls(t):
    "L10: what an upstream offered before TLS does not count"
    def capa(session, _):
        if session.plain is None:
            return multi_line(b"before", [b"SASL PLAIN", b"UIDL", b"STLS"])
        return multi_line(b"after", [b"SASL LOGIN", b"TOP"])
    upstream = stls_upstream(t, replies={"CAPA": capa})
    client = t.pop3_client(to_stls_upstream(t, upstream))
    expect(client.reply().ok, "greeting")
    expect_equal(sorted(client.capabilities()), ["SASL LOGIN", "TOP"], "offered")
    client.login(greet=False)
    expect_equal(client.retrieve(1), MESSAGE, "message")
    expect(b"USER" not in upstream.sessions[0].plain, "USER before TLS")


@tests
def logged_in_before_tls(t):
    "L10: TLS that ends in the middle is the end, not a way back to plaintext"
    def unwrap(session, _):
        session.socket = session.socket.unwrap()
        session.send(b"+OK hostile\r\n")
        session.wait_closed()
    upstream = stls_upstream(t, replies={"STAT": unwrap})
    client = t.pop3_client(to_stls_upstream(t, upstream))
    client.login()
    client.send(b"STAT\r\n")
    replies = client.replies_until_closed()
    expect(not any(r.ok for r in replies), "replies", replies)


def believed(certificate, verify, mode):
    def test(t):
        upstream = stls_upstream(t, certificate, mode)
        tls = {"mode": mode, "verify": "full", "ca": t.certificates.ca()}
        gatepost = t.pop3_gatepost(upstream, {"upstreams": {"mta": {"address": "localhost:%d" % upstream.address[1],
                                                                   "tls": tls}}})
        if verify:
            expect_works(t, gatepost)
        else:
            expect_no_plaintext(t, upstream, gatepost, certificate)
    return test


for certificate, verify in [("server", True), ("other", False), ("expired", False), ("untrusted", False)]:
    for mode in ("starttls", "implicit"):
        tests.add(f"L10: upstream by {mode}: {certificate}: {'believed' if verify else 'refused'}",
                  believed(certificate, verify, mode))


# Both sides, each by itself.

def combination(outside, inside, rules):
    def test(t):
        upstream = stls_upstream(t, mode=inside)
        tls = {"mode": inside, "verify": "full", "ca": t.certificates.ca()} if inside != "none" else {"mode": inside}
        mta = {"address": "localhost:%d" % upstream.address[1], "tls": tls}
        gatepost = t.pop3_gatepost(upstream, {"upstreams": {"mta": mta}},
                                   {"tls": t.certificates.yaml(mode=outside)} if outside != "none" else None, rules=rules)
        client = t.pop3_client(gatepost, tls=t.certificates.client_context() if outside == "implicit" else None)
        expect(client.reply().ok, "greeting")
        if outside == "starttls":
            client.stls(t.certificates.client_context())
        client.login(greet=False)
        expect_equal(client.retrieve(1), MESSAGE, "message")
        client.quit()
        session = upstream.wait_session()
        expect_equal(session.plain is not None, inside != "none", "the upstream's TLS")
        expect(not session.plain or b"USER" not in session.plain, "a name in plaintext")
    return test


for outside in ("none", "starttls", "implicit"):
    for inside in ("none", "starttls", "implicit"):
        for way, rules in WAYS:
            tests.add(f"client {outside}, upstream {inside}, {way}", combination(outside, inside, rules))


@tests
def old_client_new_server(t):
    "a client of TLS 1.0 reaches a server that insists on TLS 1.3"
    new = t.certificates.server_context()
    new.minimum_version = ssl.TLSVersion.TLSv1_3
    upstream = t.pop3_upstream([MESSAGE], tls="implicit", context=new)
    gatepost = t.pop3_gatepost(upstream, {"upstreams": {"mta": {"tls": {"mode": "implicit", "verify": "none"}}}},
                               {"tls": t.certificates.yaml("rsa", mode="implicit", min_version="TLSv1")})
    old = t.certificates.client_context()
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1
    client = t.pop3_client(gatepost, tls=old)
    expect_equal(client.socket.version(), "TLSv1", "version")
    client.login()
    expect_equal(client.retrieve(1), MESSAGE, "message")
    expect_equal(upstream.sessions[0].socket.version(), "TLSv1.3", "the upstream's")


# Secrets.

@tests
def secrets_stay_secret(t):
    "no secret of a client is in the log, whichever way it comes, right or wrong"
    upstream = t.pop3_upstream([MESSAGE], banner=b"<1.2@upstream.example.org>", users={"user": "hunter2"})
    gatepost = t.pop3_gatepost(upstream, {"limits": {"errors": 100}})
    secret = base64.b64encode(b"\0user\0hunter2").decode()
    bearer = base64.b64encode(b"user=user\1auth=Bearer hunter2\1\1").decode()
    wrong = [["PASS hunter2"], ["USER user", "pass hunter2wrong"], ["PASS\thunter2"], ["PASS hunter2" + "x" * 20000],
             ["PASSWORD hunter2"], ["LOGIN user hunter2"], [b"PASS hun\0ter2hunter2"], ["APOP user hunter2"],
             ["AUTH PLAIN " + base64.b64encode(b"\0user\0hunter2wrong").decode()],
             ["AUTH LOGIN", base64.b64encode(b"user").decode(), base64.b64encode(b"hunter2wrong").decode()]]
    right = [["USER user", "PASS hunter2"], [f"AUTH PLAIN {secret}"], ["AUTH PLAIN", secret], [f"AUTH XOAUTH2 {bearer}"],
             ["AUTH LOGIN", base64.b64encode(b"user").decode(), base64.b64encode(b"hunter2").decode()]]
    for lines in right:
        client = t.pop3_client(gatepost)
        client.reply()
        for tried in wrong:
            said = [client.command(line) for line in tried]
            expect(not said[-1].ok, "wrong", tried, said)
        said = [client.command(line) for line in lines]
        expect(said[-1].ok, "right", lines, said)
        client.quit()
    for response in (secret + "!!!!", secret * 1000, "hunter2\0"):
        client = t.pop3_client(gatepost)
        client.reply()
        client.command("AUTH PLAIN")
        client.send(response + "\r\n")
        expect(not client.reply().ok, "no base64")
    told = (b"hunter2", secret.encode(), bearer.encode(), base64.b64encode(b"hunter2")[:-2], secret[:12].encode())
    for line in gatepost.lines:
        expect(not any(word.decode() in line for word in told), "in the log", line)


@tests
def old_digest_stays_secret(t):
    "no digest of APOP is in the log"
    upstream = t.pop3_upstream([MESSAGE], banner=b"<1.2@upstream.example.org>")
    gatepost = t.pop3_gatepost(upstream)
    client = t.pop3_client(gatepost)
    expect(client.apop().ok, "APOP")
    client.quit()
    digest = upstream.said()[0].split()[2]
    expect_equal(len(digest), 32, "digest")
    expect(not any(digest in line for line in gatepost.lines), "in the log")


# A hostile client.

def memory(gatepost):
    """Resident octets."""
    with open(f"/proc/{gatepost.process.pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def expect_bounded(gatepost, before):
    """What it holds has not grown much. AddressSanitizer keeps what was freed."""
    grown = memory(gatepost) - before
    expect(grown < 8_000_000 or is_sanitized(), "memory grew", grown)


@tests
def endless_command(t):
    "a command without an end is not kept"
    upstream = t.pop3_upstream([MESSAGE])
    gatepost = t.pop3_gatepost(upstream)
    client = t.pop3_client(gatepost)
    client.login()
    before = memory(gatepost)
    send_all(client, b"x" * 20_000_000)
    expect_bounded(gatepost, before)
    client.close()
    expect_works(t, gatepost)


@tests
def pipelined_flood(t):
    "R08: a hundred thousand commands at once, none of whose answers is read, are not kept"
    upstream = t.pop3_upstream([MESSAGE])
    gatepost = t.pop3_gatepost(upstream, {"log": {"level": "info"}})
    client = t.pop3_client(gatepost)
    client.login()
    before = memory(gatepost)
    client.socket.settimeout(1)
    send_all(client, b"RETR 1\r\n" * 1_000_000)
    expect_bounded(gatepost, before)
    client.close()
    expect_works(t, gatepost)


@tests
def too_many_errors(t):
    "limits.errors: then the session ends"
    gatepost = t.pop3_gatepost(t.pop3_upstream([MESSAGE]), {"limits": {"errors": 3}})
    client = t.pop3_client(gatepost)
    expect(client.reply().ok, "greeting")
    client.send(b"WHAT\r\n" * 100)
    replies = client.replies_until_closed()
    expect_equal([r.ok for r in replies], [False] * 4, "replies")


@tests
def speaks_before_greeting(t):
    "commands before the greeting are not obeyed"
    spoken = threading.Event()
    t.callback(spoken.set)
    upstream = t.pop3_upstream([MESSAGE], replies={"GREETING": lambda s, _: spoken.wait() and s.usual})
    client = t.pop3_client(t.pop3_gatepost(upstream))
    client.send(b"USER user\r\nPASS secret\r\nDELE 1\r\nQUIT\r\n")
    spoken.set()
    replies = client.replies_until_closed()
    expect(not any(r.ok for r in replies), "replies", replies)
    upstream.wait_idle()
    expect_equal((upstream.said(), upstream.maildrop.gone), ([], []), "commands at the upstream, deleted")


tests.run()
