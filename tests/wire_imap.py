#!/usr/bin/python3
"""Attacks on the wire of IMAP, on STARTTLS and behind it, by a client and by a
hostile upstream. What one line and its answer can show is in transcripts/.

    GATEPOST=src/gatepost python3 tests/wire_imap.py [WORD…]"""

import base64
import os
import select
import ssl
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import PATIENCE, Tests, expect, expect_equal, is_sanitized  # noqa: E402
from imap_upstream import CAPABILITIES, Mailbox  # noqa: E402
from smtp_client import Closed  # noqa: E402
from smtp_upstream import PeerClosed  # noqa: E402

tests = Tests()

MESSAGE = b"Subject: hello\r\n\r\ngood day\r\n"
RULES = r"""rules:
- { name: STRIP, when: { attachment: { extension: [exe] } }, then: strip }
"""
# Both ways that a session can go: responses relayed as they come, and FETCH looked
# into.
WAYS = [("without rules", None), ("with rules", RULES)]
QUICK = {"log": {"level": "info"}}


def expect_works(t, gatepost, **options):
    """Another client is served as if nothing had happened."""
    client = t.imap_client(gatepost, **options)
    client.login()
    client.ok("SELECT INBOX")
    expect_equal(client.fetch(1), MESSAGE, "a healthy message")
    client.logout()


def visit(t, gatepost):
    """A client that has logged in."""
    client = t.imap_client(gatepost)
    client.login()
    return client


def send_all(client, data):
    """Sends what the peer takes: it may well hang up before the end."""
    try:
        client.send(data)
    except OSError:
        pass


# STARTTLS: the client's side.

def tls_gatepost(t, upstream, changes=None, **tls):
    return t.imap_gatepost(upstream, changes, {"tls": t.certificates.yaml(**tls)})


def injected(pieces):
    """Plaintext behind STARTTLS is never answered inside TLS."""
    def test(t):
        upstream = t.imap_upstream([MESSAGE])
        client = t.imap_client(tls_gatepost(t, upstream))
        client.greet()
        for piece in pieces:
            send_all(client, piece)
        try:
            while (response := client.response()).tag != b"A":
                pass
            expect(response.ok, "STARTTLS")
            client.wrap(t.certificates.client_context())
            client.send(b"Z LOGOUT\r\n")
            responses = client.responses_until_closed()
        except (Closed, ssl.SSLError, ConnectionError):
            responses = []  # closing is as good
        expect(not any(r.tag == b"B" for r in responses), "what was injected is answered", responses)
        upstream.wait_idle()
        expect(not any(b"INJECTED" in s.received or b"B NOOP" in s.received for s in upstream.sessions),
               "it reached the upstream", upstream.said())
    return test


for shown, pieces in [
    ("in one segment", [b"A STARTTLS\r\nB NOOP\r\n"]),
    ("a login", [b"A STARTTLS\r\nB LOGIN INJECTED INJECTED\r\n"]),
    ("half a line", [b"A STARTTLS\r\nB LOGIN INJECTED"]),
    ("in two segments", [b"A STARTTLS\r\nB LOGIN INJ", b"ECTED x\r\n"]),
    ("half a literal", [b"A STARTTLS\r\nB LOGIN {8+}\r\nINJECTED"]),
    ("behind a command that is still to be answered", [b"X CAPABILITY\r\nA STARTTLS\r\nB NOOP\r\n"]),
]:
    tests.add(f"L01: commands injected behind STARTTLS: {shown}", injected(pieces))


@tests
def tls_required(t):
    "L02: where TLS is offered, no login is offered or taken without it"
    upstream = t.imap_upstream([MESSAGE])
    gatepost = tls_gatepost(t, upstream)
    client = t.imap_client(gatepost)
    greeting = client.greet().raw
    expect(b"STARTTLS" in greeting and b"LOGINDISABLED" in greeting and b"AUTH=" not in greeting, "greeting", greeting)
    offered = client.capabilities()
    expect("STARTTLS" in offered and "LOGINDISABLED" in offered, "offered", offered)
    expect(not any(o.startswith(("AUTH=", "SASL-IR")) for o in offered), "offered", offered)
    plain = base64.b64encode(b"\0user\0secret").decode()
    for command in ("LOGIN user secret", f"AUTHENTICATE PLAIN {plain}", "AUTHENTICATE LOGIN", "LOGIN {4+}\r\nuser secret",
                    "SELECT INBOX"):
        expect(not client.command(command).ok, command)
    gatepost.wait_event("refusal", command="^LOGIN$", by="^gatepost$", reply="PRIVACYREQUIRED")
    gatepost.wait_event("refusal", command="^AUTHENTICATE$", by="^gatepost$", reply="PRIVACYREQUIRED")
    expect(set(upstream.said()) <= {"CAPABILITY"}, "relayed", upstream.said())
    client.starttls(t.certificates.client_context())
    offered = client.capabilities()
    expect("STARTTLS" not in offered and "LOGINDISABLED" not in offered and "AUTH=PLAIN" in offered, "under TLS", offered)
    client.login(greet=False)
    client.ok("SELECT INBOX")
    expect_equal(client.fetch(1), MESSAGE, "message")


@tests
def errors_are_not_forgiven(t):
    "L02: half a command of before TLS is forgotten under TLS"
    upstream = t.imap_upstream([MESSAGE])
    client = t.imap_client(tls_gatepost(t, upstream))
    client.greet()
    tag = client.begin("LOGIN {4}")
    expect_equal(client.response().tag, b"+", "a literal")
    client.send(b"user {6}\r\n")
    expect_equal(client.response().tag, b"+", "another")
    client.send(b"secret\r\n")
    expect(not client.answer(tag).ok, "LOGIN")
    client.starttls(t.certificates.client_context())
    expect(not client.command("SELECT INBOX").ok, "SELECT")
    expect_equal(upstream.said(), [], "commands at the upstream")


@tests
def starttls_twice(t):
    "L03: STARTTLS inside TLS, with an argument, or after the login is refused"
    upstream = t.imap_upstream([MESSAGE])
    client = t.imap_client(tls_gatepost(t, upstream))
    client.greet()
    expect(not client.command("STARTTLS now").ok, "with an argument")
    client.starttls(t.certificates.client_context())
    expect(not client.command("STARTTLS").ok, "the second STARTTLS")
    client.login(greet=False)
    expect(not client.command("STARTTLS").ok, "STARTTLS after the login")
    client.ok("SELECT INBOX")
    expect_equal(client.fetch(1), MESSAGE, "message")
    client.logout()
    expect("STARTTLS" not in upstream.said(), "it reached the upstream")


@tests
def starttls_in_idle(t):
    "L03: STARTTLS during IDLE ends the session"
    upstream = t.imap_upstream([MESSAGE])
    client = visit(t, t.imap_gatepost(upstream, listener={"tls": t.certificates.yaml(mode="none")}))
    client.ok("SELECT INBOX")
    client.begin("IDLE")
    expect_equal(client.response().tag, b"+", "IDLE")
    client.send(b"x STARTTLS\r\n")
    responses = client.responses_until_closed()
    expect(len(responses) == 1 and responses[0].raw.startswith(b"* BYE"), "responses", responses)
    upstream.wait_idle()
    expect(b"STARTTLS" not in upstream.sessions[0].received, "it reached the upstream")


@tests
def starttls_in_literal(t):
    "L03: STARTTLS inside an APPEND literal, or in answer to a challenge, is no command"
    upstream = t.imap_upstream([MESSAGE])
    client = t.imap_client(tls_gatepost(t, upstream))
    client.greet()
    client.starttls(t.certificates.client_context())
    tag = client.begin("AUTHENTICATE LOGIN")
    expect_equal(client.response().tag, b"+", "AUTHENTICATE LOGIN")
    client.send(b"STARTTLS\r\n")
    expect_equal(client.response().tag, b"+", "a response")
    client.send(b"*\r\n")
    expect(not client.answer(tag).ok, "cancelled")
    expect_equal(upstream.sessions[0].credentials, [b"STARTTLS", b"*"], "responses at the upstream")
    client.login(greet=False)
    message = b"x STARTTLS\r\nx LOGOUT\r\n"
    expect(client.append(message).ok, "APPEND")
    expect_equal(upstream.mailbox.appended, [message], "appended")


HTTP = b"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: y\r\n\r\n"


@tests
def http_at_tls_port(t):
    "L04: HTTP at an implicit TLS port ends the connection"
    upstream = t.imap_upstream([MESSAGE])
    gatepost = t.imap_gatepost(upstream, listener={"tls": t.certificates.yaml(mode="implicit")})
    client = t.imap_client(gatepost)
    client.send(HTTP)
    expect(b"OK" not in client.until_closed(), "greeted in plaintext")
    expect_works(t, gatepost, tls=t.certificates.client_context())
    expect_equal(len(upstream.sessions), 1, "connections to the upstream")


@tests
def http_after_starttls(t):
    "L04: what is no ClientHello after STARTTLS ends the connection"
    upstream = t.imap_upstream([MESSAGE])
    client = t.imap_client(tls_gatepost(t, upstream))
    client.greet()
    client.ok("STARTTLS")
    client.send(HTTP)
    expect(b"OK" not in client.until_closed(), "answered in plaintext")
    upstream.wait_idle()
    expect_equal(upstream.said(), [], "commands at the upstream")


@tests
def http_at_plain_port(t):
    "L04: HTTP at the port is refused line by line, and after a few lines left"
    upstream = t.imap_upstream([MESSAGE])
    gatepost = t.imap_gatepost(upstream, {"limits": {"errors": 5}})
    client = t.imap_client(gatepost)
    client.greet()
    send_all(client, HTTP + b"X-Header: x\r\n" * 1000)
    responses = client.responses_until_closed()
    expect(not any(r.ok for r in responses) and 0 < len(responses) <= 7, "responses", responses)
    upstream.wait_idle()
    expect_equal(upstream.said(), [], "commands at the upstream")
    expect_works(t, gatepost)


# STARTTLS: a hostile upstream.

def expect_no_plaintext(t, upstream, gatepost, context=""):
    """The client hears BYE; the upstream heard at most CAPABILITY, STARTTLS, LOGOUT."""
    client = t.imap_client(gatepost)
    client.send(b"") if not context else None
    responses = client.responses_until_closed()
    expect(len(responses) == 1 and responses[0].raw.startswith(b"* BYE "), f"responses {context}", responses)
    expect(b"hostile" not in responses[0].raw, f"relayed {context}", responses)
    upstream.wait_idle()
    for session in upstream.sessions:
        heard = {command.split(b" ", 1)[1] for command in session.commands}
        expect(heard <= {b"CAPABILITY", b"STARTTLS", b"LOGOUT"}, "plaintext at the upstream", session.commands)


def to_tls_upstream(t, upstream, **tls):
    settings = {"mode": "starttls", "verify": "none", **tls}
    return t.imap_gatepost(upstream, {"timeouts": {"command": "2s"}, "upstreams": {"mta": {"tls": settings}}})


def tls_upstream(t, certificate="server", mode="starttls", **options):
    return t.imap_upstream([MESSAGE], tls=mode, context=t.certificates.server_context(certificate), **options)


def injected_response(reply, secure_after):
    def test(t):
        def answer(session, _):
            session.send(reply.replace(b"%s", session.tag))
            if secure_after:
                session.start_tls()
            else:
                session.wait_closed()
        upstream = tls_upstream(t, replies={"STARTTLS": answer})
        expect_no_plaintext(t, upstream, to_tls_upstream(t, upstream))
    return test


for shown, reply in [
    ("capabilities", b"%s OK\r\n* CAPABILITY IMAP4rev1 AUTH=HOSTILE\r\nB OK hostile\r\n"),
    ("half a line", b"%s OK\r\n* O"),
    ("one octet", b"%s OK\r\n\n"),
]:
    for secure_after in (True, False):
        tests.add(f"L05: an upstream injects {shown}{' and goes on with TLS' if secure_after else ''}",
                  injected_response(reply, secure_after))


@tests
def no_starttls_known(t):
    "L06: an upstream that offers no STARTTLS gets nothing in plaintext"
    upstream = t.imap_upstream([MESSAGE], replies={"STARTTLS": b"%s BAD hostile\r\n"})
    expect_no_plaintext(t, upstream, to_tls_upstream(t, upstream))


def stripped(reply):
    def test(t):
        upstream = tls_upstream(t, replies={"STARTTLS": reply})
        expect_no_plaintext(t, upstream, to_tls_upstream(t, upstream), repr(reply))
    return test


for reply in (b"%s NO hostile\r\n", b"%s BAD [ALERT] hostile\r\n", b"+ hostile\r\n", b"220 hostile\r\n", b"+OK hostile\r\n",
              b"* BYE hostile\r\n", b"x OK hostile\r\n", b"%s OKhostile\r\n", b"%s OK\n", b"\r\n",
              b"* OK hostile\r\n" * 200, b"* 1 FETCH (BODY[] {9999999999}\r\nhostile"):
    tests.add(f"L06: an upstream answers STARTTLS with {reply[:40]!r}", stripped(reply))


@tests
def preauth(t):
    "L07: a session that begins logged in, where STARTTLS is required, is left"
    upstream = tls_upstream(t, replies={"GREETING": b"* PREAUTH hostile\r\n"})
    expect_no_plaintext(t, upstream, to_tls_upstream(t, upstream))


BEFORE_TLS = [b'* LIST () "/" hostile\r\n', b'* LSUB () "/" hostile\r\n', b"* STATUS hostile (MESSAGES 1)\r\n", b"* SEARCH 1\r\n",
              b"* FLAGS (hostile)\r\n", b"* 1 EXISTS\r\n", b"* 1 EXPUNGE\r\n", b'* 1 FETCH (BODY[] "hostile")\r\n',
              b"* OK [ALERT] hostile\r\n", b"* NO [REFERRAL imaps://hostile.example.net/] go there\r\n",
              b"* CAPABILITY IMAP4rev1 AUTH=HOSTILE\r\n"]


@tests
def data_before_tls(t):
    "L08: what an upstream tells before TLS is never relayed"
    for told in BEFORE_TLS:
        upstream = tls_upstream(t, replies={"STARTTLS": lambda s, _: told + s.usual})
        client = t.imap_client(to_tls_upstream(t, upstream))
        greeting = client.greet().raw
        data = client.login(greet=False).data
        expect_equal(data, [], f"data after {told}")
        expect(b"ostile" not in greeting, "greeting", greeting)
        expect("AUTH=HOSTILE" not in client.capabilities(), "capabilities")
        expect(b"LOGIN" not in upstream.sessions[0].plain, "LOGIN before TLS")


@tests
def data_before_login(t):
    "L08: nor what one without TLS tells of mail before the login"
    for told in BEFORE_TLS[:8]:
        upstream = t.imap_upstream([MESSAGE], replies={"NOOP": lambda s, _: told + s.usual})
        client = t.imap_client(t.imap_gatepost(upstream))
        client.greet()
        client.send(b"x NOOP\r\n")
        responses = client.responses_until_closed()
        expect(len(responses) == 1 and responses[0].raw.startswith(b"* BYE "), f"{told}", responses)


@tests
def greeting_before_tls(t):
    "L09: of a greeting before TLS, an alert, a referral and the capabilities are not the client's to read"
    for greeting in (b"* OK [ALERT] hostile\r\n", b"* OK [REFERRAL imap://hostile/] hostile\r\n",
                     b"* OK [CAPABILITY IMAP4rev1 AUTH=HOSTILE] hostile\r\n"):
        upstream = tls_upstream(t, replies={"GREETING": greeting})
        client = t.imap_client(to_tls_upstream(t, upstream))
        heard = client.greet().raw.lower()
        expect(b"hostile" not in heard and b"[" not in heard, "greeting", heard)
        client.login(greet=False)


@tests
def refused_before_tls(t):
    "L09: the text of a refusal before TLS is not the client's to read"
    for greeting in (b"* BYE [ALERT] hostile\r\n", b"* BYE [REFERRAL imap://hostile/] hostile\r\n"):
        upstream = tls_upstream(t, replies={"GREETING": greeting})
        expect_no_plaintext(t, upstream, to_tls_upstream(t, upstream), greeting)


@tests
def wrong_greetings(t):
    "L10: a tagged greeting, or one of another kind, is none"
    for greeting in (b"x OK [CAPABILITY IMAP4rev1] hostile\r\n", b"* NO hostile\r\n", b"* BAD hostile\r\n", b"* 1 EXISTS hostile\r\n",
                     b"+ hostile\r\n", b"* hostile\r\n", b"* OK hos\0tile\r\n", b"* OK hostile\n", b"\r\n", b"* OK " + b"x" * 100000):
        upstream = t.imap_upstream([MESSAGE], replies={"GREETING": greeting})
        expect_no_plaintext(t, upstream, t.imap_gatepost(upstream), greeting[:50])


@tests
def offers_before_tls(t):
    "L10: what an upstream offered before TLS does not count"
    def capability(session, _):
        usual = b"" if session.plain is None else b"* CAPABILITY IMAP4rev1 AUTH=LOGIN\r\n"
        return usual + session.done()
    upstream = tls_upstream(t, replies={"CAPABILITY": capability, "LOGIN": b"%s OK in\r\n",
                                        "GREETING": b"* OK [CAPABILITY IMAP4rev1 LITERAL+] ready\r\n"})
    client = t.imap_client(to_tls_upstream(t, upstream))
    client.greet()
    client.ok("LOGIN {4+}\r\nuser {6+}\r\nsecret")
    expect(b"{4}" in upstream.sessions[0].received, "LITERAL+ was believed", upstream.said())
    expect_equal(client.capabilities(), ["IMAP4rev1", "AUTH=LOGIN", "COMPRESS=DEFLATE"], "offered")


@tests
def tls_ends(t):
    "L10: TLS that ends in the middle is the end, not a way back to plaintext"
    def unwrap(session, _):
        session.socket = session.socket.unwrap()
        session.send(session.tag + b" OK hostile\r\n")
        session.wait_closed()
    upstream = tls_upstream(t, replies={"NOOP": unwrap})
    client = t.imap_client(to_tls_upstream(t, upstream))
    client.login()
    client.send(b"x NOOP\r\n")
    responses = client.responses_until_closed()
    expect(not any(r.ok or b"hostile" in r.raw for r in responses), "responses", responses)


def believed(certificate, verify, mode):
    def test(t):
        upstream = tls_upstream(t, certificate, mode)
        tls = {"mode": mode, "verify": "full", "ca": t.certificates.ca()}
        gatepost = t.imap_gatepost(upstream, {"upstreams": {"mta": {"address": "localhost:%d" % upstream.address[1],
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
        upstream = tls_upstream(t, mode=inside)
        tls = {"mode": inside, "verify": "full", "ca": t.certificates.ca()} if inside != "none" else {"mode": inside}
        mta = {"address": "localhost:%d" % upstream.address[1], "tls": tls}
        gatepost = t.imap_gatepost(upstream, {"upstreams": {"mta": mta}},
                                   {"tls": t.certificates.yaml(mode=outside)} if outside != "none" else None, rules=rules)
        client = t.imap_client(gatepost, tls=t.certificates.client_context() if outside == "implicit" else None)
        client.greet()
        if outside == "starttls":
            client.starttls(t.certificates.client_context())
        client.login(greet=False)
        client.ok("SELECT INBOX")
        expect_equal(client.fetch(1), MESSAGE, "message")
        expect(client.append(MESSAGE * 10000).ok, "APPEND")
        client.logout()
        expect(upstream.mailbox.appended == [MESSAGE * 10000], "appended")
        session = upstream.wait_session()
        expect_equal(session.plain is not None, inside != "none", "the upstream's TLS")
        expect(not session.plain or b"LOGIN" not in session.plain, "a login in plaintext")
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
    upstream = t.imap_upstream([MESSAGE], tls="implicit", context=new)
    old = t.certificates.client_context()
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1
    for mode in ("implicit", "starttls"):
        gatepost = t.imap_gatepost(upstream, {"upstreams": {"mta": {"tls": {"mode": "implicit", "verify": "none"}}}},
                                   {"tls": t.certificates.yaml("rsa", mode=mode, min_version="TLSv1")})
        client = t.imap_client(gatepost, tls=old if mode == "implicit" else None)
        client.greet()
        if mode == "starttls":
            client.starttls(old)
        expect_equal(client.socket.version(), "TLSv1", f"version, {mode}")
        client.login(greet=False)
        client.compress()
        client.ok("SELECT INBOX")
        expect_equal(client.fetch(1), MESSAGE, "message")
        expect_equal(upstream.sessions[-1].socket.version(), "TLSv1.3", "the upstream's")
        client.logout()


# Secrets.

@tests
def secrets_stay_secret(t):
    "no secret of a client is in the log, whichever way it comes, right or wrong"
    upstream = t.imap_upstream([MESSAGE], users={"user": "hunter2"})
    gatepost = t.imap_gatepost(upstream, {"limits": {"errors": 100}})
    secret = base64.b64encode(b"\0user\0hunter2").decode()
    wrong = ["LOGIN user hunter2wrong", 'login user "hunter2wrong"', "LOGIN user  hunter2", "LOGIN user hunter2 hunter2",
             "PASS hunter2", "LOGIN\thunter2", "LOGIN user {12+}\r\nhunter2wrong", "LOGIN {99999+}\r\n" + "hunter2" * 14285 + "1234",
             "AUTHENTICATE PLAIN " + base64.b64encode(b"\0user\0hunter2wrong").decode(), f"AUTHENTICATE {secret}"]
    right = ["LOGIN user hunter2", "LOGIN {4+}\r\nuser {7+}\r\nhunter2", f"AUTHENTICATE PLAIN {secret}", f"authenticate plain {secret}"]
    for line in right:
        client = t.imap_client(gatepost)
        client.greet()
        for tried in wrong:
            answer = client.command(tried)
            expect(not answer.ok, "wrong", tried[:50], answer)
        client.ok(line)
        client.logout()
    for response in (secret + "!!!!", secret * 1000, "hunter2\0"):
        client = t.imap_client(gatepost)
        client.greet()
        client.begin("AUTHENTICATE PLAIN")
        expect_equal(client.response().tag, b"+", "AUTHENTICATE")
        client.send(response + "\r\n")
        expect(not client.response().ok, "no base64")
    told = (b"hunter2", secret.encode(), base64.b64encode(b"hunter2")[:-2], secret[:12].encode())
    for line in gatepost.lines:
        expect(not any(word.decode() in line for word in told), "in the log", line)


# A hostile client.

def memory(gatepost):
    """Resident octets."""
    with open(f"/proc/{gatepost.process.pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def expect_bounded(gatepost, before, most=8_000_000):
    """What it holds has not grown much. AddressSanitizer keeps what was freed."""
    grown = memory(gatepost) - before
    expect(grown < most or is_sanitized(), "memory grew", grown)


@tests
def endless_command(t):
    "a command without an end is not kept"
    upstream = t.imap_upstream([MESSAGE])
    gatepost = t.imap_gatepost(upstream)
    client = visit(t, gatepost)
    before = memory(gatepost)
    send_all(client, b"x" * 20_000_000)
    expect_bounded(gatepost, before)
    client.close()
    expect_works(t, gatepost)


@tests
def longest_command(t):
    "a command of the most octets that limits.command_line may be passes, one of more ends the session"
    upstream = t.imap_upstream([MESSAGE], replies={"SEARCH": b"%s OK found\r\n"})
    gatepost = t.imap_gatepost(upstream, {"limits": {"command_line": 131072}})
    client = visit(t, gatepost)
    client.ok("SELECT INBOX")
    client.ok("SEARCH TEXT ".ljust(131072 - len("c3 \r\n"), "x"))
    client.begin("SEARCH TEXT ".ljust(131073 - len("c4 \r\n"), "x"))
    expect(client.response().raw.startswith(b"* BYE "), "one octet more")
    expect_works(t, gatepost)


@tests
def pipelined_flood(t):
    "R08: a hundred thousand commands at once, none of whose answers is read, are not kept"
    upstream = t.imap_upstream([MESSAGE * 100])
    gatepost = t.imap_gatepost(upstream, QUICK)
    client = visit(t, gatepost)
    client.ok("SELECT INBOX")
    before = memory(gatepost)
    client.socket.settimeout(1)
    send_all(client, b"x FETCH 1 BODY[]\r\n" * 500_000)
    expect_bounded(gatepost, before)
    client.close()
    expect_works_after_flood(t, gatepost)


def expect_works_after_flood(t, gatepost):
    client = visit(t, gatepost)
    expect(client.ok("NOOP").ok, "NOOP")
    client.logout()


@tests
def literal_flood(t):
    "R08: ten thousand literals that do not wait, each over the limit, are consumed in one refused command"
    upstream = t.imap_upstream([MESSAGE])
    gatepost = t.imap_gatepost(upstream, QUICK)
    client = visit(t, gatepost)
    before = memory(gatepost)
    client.send(b"x LIST")
    for _ in range(100):
        client.send((b" {65537+}\r\n" + b"x" * 65537) * 10 + b" {3+}\r\nabc" * 100)
    client.send(b"\r\n")
    expect(client.response().raw.startswith(b"x BAD"), "LIST")
    expect_bounded(gatepost, before)
    client.ok("NOOP")
    for _ in range(1000):
        client.send(b"x LIST" + b" {9+}\r\ny LOGOUT " * 10 + b" {65537+}\r\n" + b"x" * 65537 + b"\r\n")
        if client.response().raw.startswith(b"* BYE"):
            break
    expect_bounded(gatepost, before)
    upstream.wait_idle()
    expect("LOGOUT" not in " ".join(upstream.said()), "it reached the upstream")
    expect_works(t, gatepost)


FIFTY = b"Subject: large\r\n\r\n" + b"one of very many lines\r\n" * 2_083_333


@tests
def large_append(t):
    "R08: a message of 50 MB in a literal that does not wait goes through; of three in one command all are consumed and refused"
    upstream = t.imap_upstream([MESSAGE], capabilities=(*CAPABILITIES, "MULTIAPPEND"))
    gatepost = t.imap_gatepost(upstream, {**QUICK, "limits": {"spool_memory": "1MiB"}}, rules=RULES)
    client = visit(t, gatepost)
    before = memory(gatepost)
    tag = client.begin(b"APPEND INBOX {%d+}\r\n" % len(FIFTY) + FIFTY)
    expect(client.answer(tag).ok, "APPEND")
    expect_bounded(gatepost, before, 80_000_000)  # the scanner, here in the same process, has the file mapped
    three = b" ".join([b"{%d+}\r\n" % len(FIFTY) + FIFTY] * 3)
    answer = client.answer(client.begin(b"APPEND INBOX " + three + b" {12+}\r\nx LOGOUT\r\nx "))
    expect(answer.status.text.startswith(b"NO [LIMIT] "), "three of them", answer)
    client.ok("NOOP")
    expect(upstream.mailbox.appended == [FIFTY], "appended")
    client.logout()


@tests
def many_appends(t):
    "R08: a thousand messages in one APPEND go through, one more is too many"
    upstream = t.imap_upstream([MESSAGE], capabilities=(*CAPABILITIES, "MULTIAPPEND"))
    client = visit(t, t.imap_gatepost(upstream, QUICK, rules=RULES))
    thousand = b" ".join([b"{%d+}\r\n" % len(MESSAGE) + MESSAGE] * 1000)
    expect(client.answer(client.begin(b"APPEND INBOX " + thousand)).ok, "a thousand")
    answer = client.answer(client.begin(b"APPEND INBOX " + thousand + b" {3+}\r\nabc"))
    expect(answer.status.text.startswith(b"NO [LIMIT] "), "one more", answer)
    expect(upstream.mailbox.appended == [MESSAGE] * 1000, "appended")
    client.logout()


@tests
def small_literals(t):
    "R08: very many literals of no octets are one command of bounded length, or none"
    upstream = t.imap_upstream([MESSAGE])
    gatepost = t.imap_gatepost(upstream, QUICK)
    client = visit(t, gatepost)
    before = memory(gatepost)
    client.socket.settimeout(10)
    send_all(client, b"x LIST" + b" {0+}\r\n" * 2_000_000)
    expect_bounded(gatepost, before)
    client.close()
    expect_works(t, gatepost)


def large_announcements(number, before_login):
    def test(t):
        upstream = t.imap_upstream([MESSAGE])
        gatepost = t.imap_gatepost(upstream, {**QUICK, "limits": {"errors": 50}})
        client = t.imap_client(gatepost)
        client.greet()
        if not before_login:
            client.login(greet=False)
        before = memory(gatepost)
        for command in ("LOGIN", "LIST", "XYZZY", "APPEND", "APPEND INBOX", "ID"):
            tag = client.begin(f"{command} {{{number}}}")
            response = client.response()
            if command == "APPEND INBOX" and response.tag == b"+":  # max_message_size has no limit by itself
                client.close()
                expect_works(t, gatepost)
                return
            expect(response.tag == tag and not response.ok, command, response)
        tag = client.begin(f"LIST {{{number}+}}")
        send_all(client, b"x LOGOUT\r\n" * 10000)
        client.socket.shutdown(1)
        expect_equal(client.until_closed(), b"", "answers")
        expect_bounded(gatepost, before)
        upstream.wait_idle()
        expect("LOGOUT" not in upstream.said(), "it reached the upstream")
        expect_works(t, gatepost)
    return test


for number in (4294967295, 4294967296, 9223372036854775807):
    for before_login in (True, False):
        tests.add(f"R08: a literal of {number} octets {'before' if before_login else 'after'} the login",
                  large_announcements(number, before_login))


@tests
def deep_lists(t):
    "lists within lists, as deep as a line is long, from the client"
    upstream = t.imap_upstream([MESSAGE])
    for way, rules in WAYS:
        gatepost = t.imap_gatepost(upstream, {**QUICK, "limits": {"command_line": 65536}}, rules=rules)
        client = visit(t, gatepost)
        client.ok("SELECT INBOX")
        for command in (b"FETCH 1 " + b"(" * 60_000, b"SEARCH " + b"(" * 30_000 + b"ALL" + b")" * 30_000,
                        b"FETCH 1 BODY[" + b"1." * 30_000 + b"1]", b"FETCH " + b"1," * 30_000 + b"1 BODY[]"):
            expect(client.command(command).status.tag != b"*", f"{way}: {command[:20]}")
        client.close()
        expect_works(t, gatepost)


@tests
def too_many_errors(t):
    "limits.errors: then the session ends"
    gatepost = t.imap_gatepost(t.imap_upstream([MESSAGE]), {"limits": {"errors": 3}})
    client = t.imap_client(gatepost)
    client.greet()
    client.send(b"x WHAT\r\n" * 100)
    responses = client.responses_until_closed()
    expect_equal([r.raw.split()[1] for r in responses], [b"BAD"] * 4 + [b"BYE"], "responses")


@tests
def speaks_before_greeting(t):
    "commands before the greeting are not obeyed"
    spoken = threading.Event()
    t.callback(spoken.set)
    upstream = t.imap_upstream([MESSAGE], replies={"GREETING": lambda s, _: spoken.wait() and s.usual})
    client = t.imap_client(t.imap_gatepost(upstream))
    client.send(b"a LOGIN user secret\r\nb EXPUNGE\r\nc LOGOUT\r\n")
    spoken.set()
    responses = client.responses_until_closed()
    expect(not any(r.ok for r in responses), "responses", responses)
    upstream.wait_idle()
    expect_equal((upstream.said(), upstream.mailbox.gone), ([], []), "commands at the upstream, expunged")


# FETCH that is looked into: its lines, whatever their length.

PROGRAM_AT = b"Content-Type: application/x-msdownload; name=x.exe\r\nContent-Transfer-Encoding: base64\r\n\r\n"
WITH_PROGRAM = (b"Subject: hello\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ngood day\r\n"
                b"--b\r\n" + PROGRAM_AT + b"TVqQAAMAAAAEAAAA\r\n" * 20 + b"--b--\r\n")


def told(reply, pieces=None):
    """What a client is told where the server answers FETCH so."""
    def test(t):
        def answer(session, line):
            session.upstream.pieces = None if b"gatepost-" in line else pieces
            return session.usual if b"gatepost-" in line else reply + session.done()
        upstream = t.imap_upstream([WITH_PROGRAM])
        client = visit(t, t.imap_gatepost(upstream, rules=RULES))
        client.ok("SELECT INBOX")
        shown = client.fetch(1)
        expect(len(shown) == len(WITH_PROGRAM) and b"TVqQ" not in shown and shown.startswith(b"Subject: hello"), "shown", shown)
        upstream.replies["FETCH"] = answer
        upstream.pieces = pieces
        heard = client.ok("FETCH 1 (UID BODY.PEEK[])").data
        upstream.pieces = None
        expect_equal([r.raw for r in heard], [reply.replace(WITH_PROGRAM, shown)[:-2]], "responses")
        del upstream.replies["FETCH"]
        expect_equal(client.fetch(1), shown, "the next one")
        client.logout()
    return test


WHOLE = b"BODY[] {%d}\r\n" % len(WITH_PROGRAM) + WITH_PROGRAM
LONG_ENVELOPE = b'ENVELOPE (NIL "%s" NIL NIL NIL NIL NIL NIL NIL NIL)' % (b"x" * 300_000)
FIELDS = b"BODY[HEADER.FIELDS (From {7}\r\nSubject)] {18}\r\nSubject: hello\r\n\r\n"
MANY_FIELDS = b"BODY[HEADER.FIELDS ({2}\r\nTo" + b" {2}\r\nCc" * 99 + b")] NIL"
for shown, reply in [
    ("a long line behind a literal", b"* 1 FETCH (UID 101 " + WHOLE + b" " + LONG_ENVELOPE + b")\r\n"),
    ("long lines before and behind it", b"* 1 FETCH (UID 101 " + LONG_ENVELOPE + b" " + WHOLE + b" " + LONG_ENVELOPE + b")\r\n"),
    ("a literal in an item's name", b"* 1 FETCH (" + FIELDS + b" UID 101 " + WHOLE + b")\r\n"),
    ("one behind content", b"* 1 FETCH (UID 101 " + WHOLE + b" " + FIELDS + b" " + FIELDS + b")\r\n"),
    ("a hundred of them", b"* 1 FETCH (UID 101 " + MANY_FIELDS + b" " + WHOLE + b")\r\n"),
    ("a long line behind one", b"* 1 FETCH (UID 101 " + FIELDS[:-24] + b"NIL " + LONG_ENVELOPE + b" " + WHOLE + b")\r\n"),
]:
    tests.add(f"with rules, a FETCH response of {shown}", told(reply))
    tests.add(f"with rules, a FETCH response of {shown}, in pieces", told(reply, 1 if len(reply) < 10_000 else 1000))


# Some programs see the end of its header at a line of blanks.
HIDING = (WITH_PROGRAM.replace(b"boundary=b\r\n\r\n--b\r\n\r\n", b"boundary=b\r\n \r\n--b\r\n \r\n")
          .replace(b"base64\r\n\r\n", b"base64\r\n \r\n") + b"\r\ntext\r\n")


@tests
def header_that_hides(t):
    "with rules, what the server takes for a header, and some program for more, is not shown before it was judged"
    header = HIDING[:HIDING.index(b"\r\n\r\n") + 4]
    fields = header.partition(b"\r\n")[2]
    expect(header.count(b"TVqQ") == 20, "the header", header)
    for item, octets in (("BODY.PEEK[HEADER]", header), ("RFC822.HEADER", header), ("BODY.PEEK[HEADER.FIELDS.NOT (Subject)]", fields),
                         ("BODY.PEEK[HEADER]<50.10000>", header[50:])):
        name = item.replace(".PEEK", "").replace(".10000", "").encode()
        upstream = t.imap_upstream([HIDING], replies={"FETCH": lambda s, line: s.usual if b"gatepost-" in line else (
            b"* 1 FETCH (%s {%d}\r\n%s)\r\n" % (name, len(octets), octets) + s.done())})
        client = visit(t, t.imap_gatepost(upstream, rules=RULES))
        client.ok("SELECT INBOX")
        shown = [client.fetch(1, item), client.fetch(1, item)]
        expect(b"TVqQ" not in shown[0] and len(shown[0]) == len(octets), item, shown)
        expect_equal(shown[0], shown[1], item)
        client.logout()


def too_long(reply):
    """The session ends with a word, and what is removed is not shown."""
    def test(t):
        upstream = t.imap_upstream([WITH_PROGRAM])
        gatepost = t.imap_gatepost(upstream, QUICK, rules=RULES)
        client = visit(t, gatepost)
        client.ok("SELECT INBOX")
        client.fetch(1)
        before = memory(gatepost)
        upstream.replies["FETCH"] = reply
        client.begin("FETCH 1 (UID BODY.PEEK[])")
        heard = client.until_closed()
        expect(b"TVqQ" not in heard and b" OK " not in heard, "heard", heard[-200:])
        expect_bounded(gatepost, before)
        gatepost.wait_event("upstream", msg="limit|literals")
    return test


for shown, reply in [
    ("a line over the limit behind a literal", b"* 1 FETCH (UID 101 BODY[HEADER] {2}\r\n\r\n ENVELOPE (NIL " + b"x" * 2_000_000),
    ("a name over the limit", b"* 1 FETCH (UID 101 BODY[HEADER.FIELDS ({2000000}\r\n" + b"x" * 2_000_000),
    ("a name of too many literals", b"* 1 FETCH (UID 101 BODY[HEADER.FIELDS ({2}\r\nTo" + b" {2}\r\nCc" * 1000 + b")] NIL"),
]:
    tests.add(f"with rules, {shown} ends the session", too_long(reply))


@tests
def vanished_of_very_many(t):
    "with rules, VANISHED of thousands that are no neighbours is heard: numbers are what they were"
    upstream = t.imap_upstream([MESSAGE, MESSAGE, WITH_PROGRAM])
    client = visit(t, t.imap_gatepost(upstream, rules=RULES))
    client.ok("SELECT INBOX")
    client.ok("FETCH 1:3 BODY.PEEK[]")
    shown = client.ok("FETCH 3 BODY.PEEK[]").data[0].literals
    del upstream.mailbox.messages[0]
    line = b"* VANISHED 101," + b",".join(b"%d" % n for n in range(200_001, 250_001, 2))
    upstream.replies["NOOP"] = line + b"\r\n%s OK done\r\n"
    expect_equal([r.raw for r in client.ok("NOOP").data], [line], "responses")
    expect_equal(client.ok("FETCH 2 BODY.PEEK[]").data[0].literals, shown, "the last message")
    client.logout()


@tests
def large_part_many_times(t):
    "with rules, one that asks many times for a large part of a message that is shown otherwise keeps nobody waiting"
    part = base64.encodebytes(bytes(8_000_000)).replace(b"\n", b"\r\n")
    message = WITH_PROGRAM.replace(b"--b--", b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + part + b"--b--")
    upstream = t.imap_upstream([message], capabilities=(*CAPABILITIES, "BINARY"))
    gatepost = t.imap_gatepost(upstream, QUICK, rules=RULES)
    first, second = visit(t, gatepost), visit(t, gatepost)
    first.ok("SELECT INBOX")
    first.ok("FETCH 1 (BINARY.PEEK[1])")
    tag = first.begin("FETCH 1 (" + " ".join(["BINARY.PEEK[3]<0.1>"] * 300) + ")")
    expect(b"BINARY[3]<0>" in first.line(), "the first item")
    second.ok("NOOP")
    while select.select([first.socket], [], [], 0)[0]:
        first.buffer += first.socket.recv(65536)
    expect(tag + b" OK" not in first.buffer, "all was told before another session had its turn")
    first.close()
    second.logout()


@tests
def copies_of_very_many(t):
    "with rules, a COPY of thousands that are no neighbours is answered, and the session goes on"
    upstream = t.imap_upstream([MESSAGE])
    client = visit(t, t.imap_gatepost(upstream, rules=RULES))
    client.ok("SELECT INBOX")
    uids = b",".join(b"%d" % n for n in range(1, 50_001, 2))
    code = b"OK [COPYUID 9 " + uids + b" " + uids + b"] done"
    upstream.replies["UID COPY"] = b"* " + code + b"\r\n%s " + code + b"\r\n"
    answer = client.ok("UID COPY 1:* Archive")
    expect_equal([r.raw.partition(b" ")[2] for r in (*answer.data, answer.status)], [code, code], "answer")
    expect_equal(client.fetch(1), MESSAGE, "the next command")
    client.logout()


@tests
def acting_as_others(t):
    "with rules, what was shown to one who acts as a user is not what he is shown as another"
    upstream = t.imap_upstream(Mailbox([MESSAGE], uidvalidity=9))
    gatepost = t.imap_gatepost(upstream, QUICK, rules=RULES)
    shown = []
    for number, other in enumerate(("ada", "bob", "ada")):
        upstream.mailbox = Mailbox([WITH_PROGRAM if other == "bob" else MESSAGE], uidvalidity=9)
        client = t.imap_client(gatepost)
        client.greet()
        client.ok("AUTHENTICATE PLAIN " + base64.b64encode(f"{other}\0user\0secret".encode()).decode())
        client.ok("SELECT INBOX")
        shown.append(client.fetch(1))
        client.logout()
        judged = [c for c in upstream.sessions[number].commands if b"gatepost-" in c and b"BODY.PEEK[]" in c]
        expect_equal(len(judged), int(number < 2), f"messages that were judged for {other}")
    expect_equal((shown[0], shown[2]), (MESSAGE, MESSAGE), "what is ada's")
    expect(b"TVqQAAMAAAAEAAAA" not in shown[1], "the program at bob's", shown[1])


@tests
def copied_to_inbox(t):
    "with rules, what was shown of a message is shown of its copy in INBOX, however the client writes that"
    upstream = t.imap_upstream(Mailbox([WITH_PROGRAM], first_uid=500, uidvalidity=9))
    upstream.replies["COPY"] = b"%s OK [COPYUID 9 500 501] done\r\n"
    client = visit(t, t.imap_gatepost(upstream, QUICK, rules=RULES))
    client.ok("SELECT Archive")
    shown = client.fetch(1)
    client.ok("COPY 1 inBox")
    upstream.mailbox.messages[0][0] = 501
    client.ok("SELECT INBOX")
    expect_equal(client.fetch(1), shown, "the copy")
    asked = [c for c in upstream.sessions[0].commands if c.startswith(b"gatepost-") and b"BODY.PEEK[]" in c]
    expect_equal(len(asked), 1, "messages that were judged")
    client.logout()


def answered_between(rules_and_layout, own):
    """The server refuses what gatepost asks for, and begins to tell of something else with it."""
    def test(t):
        half, begun = b'* LIST () "/" {7}\r\nAr', threading.Event()

        def refuse(session, line):
            if not line.startswith(b"gatepost-") or own not in line:
                return session.usual
            session.send(session.tag + b" NO not now\r\n" + half)
            begun.wait(PATIENCE)
            session.send(b"chive\r\n")
            return None

        upstream = t.imap_upstream(Mailbox([WITH_PROGRAM], uidvalidity=9, uidnext=101), replies={"FETCH": refuse})
        client = visit(t, t.imap_gatepost(upstream, {**QUICK, **rules_and_layout}, rules=RULES))
        client.ok("SELECT INBOX")
        tag = client.begin("FETCH 1 BODY[TEXT]")
        expect_equal(client.take(len(half)), half, "what is told unasked")
        begun.set()
        expect_equal(client.line(), b"chive", "the rest of it")
        answer = client.answer(tag)
        expect(answer.status.text.startswith(b"NO ") and not answer.data, "the answer", answer)
        client.logout()
    return test


tests.add("with rules, FETCH is not refused in the middle of what the server tells unasked", answered_between({}, b"BODY.PEEK[]"))
tests.add("by layout rewrite, FETCH is not answered in the middle of what the server tells unasked",
          answered_between({"policies": {"inbound": {"layout": "rewrite"}}}, b"(BODY[])"))


@tests
def told_elsewhere_first(t):
    "with rules, what was shown of a message is remembered when a session does not know of it yet"
    upstream = t.imap_upstream([MESSAGE, WITH_PROGRAM])
    gatepost = t.imap_gatepost(upstream, QUICK, rules=RULES)
    first, second = visit(t, gatepost), visit(t, gatepost)
    first.ok("SELECT INBOX")
    shown = first.fetch(2)
    upstream.replies["SELECT"] = b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\n* OK [UIDNEXT 102] next\r\n%s OK done\r\n"
    second.ok("SELECT INBOX")
    second.fetch(1)
    upstream.replies["NOOP"] = b"* 2 EXISTS\r\n%s OK done\r\n"
    second.ok("NOOP")
    expect_equal(second.fetch(2), shown, "shown to the second session")
    expect_equal(len(gatepost.events("message", uid="102")), 1, "verdicts")


@tests
def long_line_behind_hidden(t):
    "with new mail, a line of any length behind one that is not the client's passes"
    upstream = t.imap_upstream([MESSAGE])
    client = visit(t, t.imap_gatepost(upstream, {"policies": {"inbound": {"layout": "rewrite"}}}, rules=RULES))
    client.ok("SELECT INBOX")
    line = b"* SEARCH" + b" 1" * 100_000
    upstream.replies["SEARCH"] = b"* 2 EXISTS\r\n" + line + b"\r\n%s OK done\r\n"
    upstream.mailbox.messages.append([102, MESSAGE, set()])
    expect_equal([r.raw for r in client.ok("SEARCH ALL").data], [line], "responses")
    client.logout()


# A client that does not read; a server without an end.

ENOUGH = 100_000_000


class Flood:
    """An endless response; `full` is set when the peer takes no more for a while."""

    def __init__(self, begin, piece):
        self.begin, self.piece, self.sent, self.full = begin, piece, 0, False

    def __call__(self, session, _):
        session.send(self.begin)
        while self.sent < ENOUGH:
            if not select.select([], [session.socket], [], 0.5)[1]:
                self._tell(session)
            try:
                self.sent += session.socket.send(self.piece)
            except OSError as error:
                raise PeerClosed from error
        self._tell(session)

    def _tell(self, session):
        with session.upstream.changed:
            self.full = True
            session.upstream.changed.notify_all()


FLOODS = [
    ("a literal", b"* 1 FETCH (UID 101 BODY[] {%d}\r\n" % (2 * ENOUGH), b"text\r\n" * 10000),
    ("EXISTS", b"", b"* 4294967295 EXISTS\r\n" * 3000),
    ("EXPUNGE", b"", b"* 1 EXPUNGE\r\n" * 5000),
    ("FETCH", b"", b"* 1 FETCH (FLAGS (\\Seen) UID 101)\r\n" * 2000),
    ("a line", b"* LIST () NIL ", b"x" * 65536),
    ("literals", b"* LIST ()", b" {1}\r\nx" * 10000),
    ("a status", b"* OK ", b"x" * 65536),
]


def unread(begin, piece, rules):
    """The client does not read: the server is not read either."""
    def test(t):
        flood = Flood(begin, piece)
        upstream = t.imap_upstream([MESSAGE])
        gatepost = t.imap_gatepost(upstream, QUICK, rules=rules)
        client = visit(t, gatepost)
        client.ok("SELECT INBOX")
        client.fetch(1)
        before = memory(gatepost)
        upstream.replies["NOOP"] = flood
        client.begin("NOOP")
        upstream.wait(lambda: flood.full or upstream.sessions[0].closed, "the flood to be stemmed")
        expect(flood.sent < ENOUGH, "all of it was taken")
        expect_bounded(gatepost, before, 80_000_000 if b"EXISTS" in piece else 8_000_000)
        client.close()
        upstream.wait_idle()
        del upstream.replies["NOOP"]
        expect_works(t, gatepost)
    return test


for shown, begin, piece in FLOODS:
    for way, rules in WAYS:
        tests.add(f"R08: {shown} without an end that the client does not read, {way}", unread(begin, piece, rules))


@tests
def endless_message(t):
    "R08: with rules, a message without an end that gatepost asked for does not fill its memory"
    upstream = t.imap_upstream([MESSAGE])
    gatepost = t.imap_gatepost(upstream, {**QUICK, "limits": {"spool_memory": "1MiB"}}, rules=RULES,
                               prefix=["sh", "-c", "trap '' XFSZ; ulimit -f 8000; exec \"$@\"", "sh"])
    client = visit(t, gatepost)
    client.ok("SELECT INBOX")
    before = memory(gatepost)

    def answer(session, line):
        if b"gatepost-2" not in line:
            return session.usual
        session.send(b"* 1 FETCH (UID 101 BODY[] {60000000}\r\n")
        for _ in range(1000):
            session.send(b"text\r\n" * 10000)
        return b")\r\n" + session.done()
    upstream.replies["FETCH"] = answer
    answer = client.command("FETCH 1 BODY.PEEK[]")
    expect(answer.status.text.startswith(b"NO [UNAVAILABLE]"), "FETCH", answer)
    expect_bounded(gatepost, before)
    del upstream.replies["FETCH"]
    expect_equal(client.fetch(1), MESSAGE, "the next time")


@tests
def slow_reader(t):
    "R08: a client that reads slowly gets all of a large message"
    large = b"Subject: large\r\n\r\n" + b"one of very many lines\r\n" * 100_000
    upstream = t.imap_upstream([large])
    for way, rules in WAYS:
        client = visit(t, t.imap_gatepost(upstream, QUICK, rules=rules))
        client.ok("SELECT INBOX")
        tag = client.begin("FETCH 1 BODY.PEEK[]")
        while len(client.buffer) < len(large):
            client.buffer += client.socket.recv(5000)  # much less than lies ready
        answer = client.answer(tag)
        expect(answer.ok and answer.data[0].literals == [large], f"message {way}")


@tests
def slow_reader_of_rewritten(t):
    "R08: and of one that is rewritten, part by part"
    rule = "rules:\n- { name: LARGE, when: { header: { name: Subject, matches: '/large/' } }, score: 7 }\n"
    lines = b"one of very many lines\r\n" * 100_000
    upstream = t.imap_upstream(Mailbox([b"Subject: large\r\n\r\n" + lines, MESSAGE], uidnext=101))
    gatepost = t.imap_gatepost(upstream, {**QUICK, "limits": {"spool_memory": "1MiB"}, "policies": {"inbound": {
        "layout": "rewrite", "thresholds": [{"score": 5.0, "then": "tag"}], "subject_prefix": "[SPAM] "}}}, rules=rule)
    client = visit(t, gatepost)
    client.ok("SELECT INBOX")
    tag = client.begin("FETCH 1:2 (BODY.PEEK[TEXT] BODY.PEEK[TEXT]<5.1000000>)")
    while len(client.buffer) < len(lines):
        client.buffer += client.socket.recv(5000)
    answer = client.answer(tag)
    wanted = [lines, lines[5:1_000_005]]
    expect(answer.ok and wanted in [response.literals for response in answer.data], "the large message", answer.status)


tests.run()
