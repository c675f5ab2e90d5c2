#!/usr/bin/python3
"""Secrets: keys are read before privileges drop, passwords are wiped once they were
sent on, and what the tests' own search of logs would find. As root for most of it.

    GATEPOST=src/gatepost python3 tests/credentials.py [WORD…]"""

import base64
import os
import shutil
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

import confidential  # noqa: E402
from gatepost_test import (STANDARD_RULES, Failure, Skip, Tests, expect, expect_equal,  # noqa: E402
                           is_sanitized)
from process import holds  # noqa: E402

tests = Tests()

# Long, so that what is written over the beginning of a buffer leaves its end; the
# same length in base64 with any user of four letters before it.
PASSWORD = "x" * 180 + "swordfish-4711"
PLAIN = base64.b64encode(b"\0anna\0" + PASSWORD.encode()).decode()
SOUGHT = (PASSWORD[-12:].encode(), PLAIN[-20:-4].encode(), base64.b64encode(PASSWORD.encode())[-20:-4])
MESSAGE = b"Subject: hello\r\n\r\ngood day\r\n"
ONE_OF_EACH = {"run": {"proxies": 1, "scanners": 1}}


def only_root():
    if os.geteuid() != 0:
        raise Skip("only root may look")


def smtp_logins(t, gatepost, tls):
    for lines in ([f"AUTH PLAIN {PLAIN}"], ["AUTH PLAIN", PLAIN],
                  ["AUTH LOGIN", base64.b64encode(b"anna").decode(), base64.b64encode(PASSWORD.encode()).decode()],
                  ["AUTH PLAINER " + PLAIN], ["PASS " + PASSWORD]):
        client = t.client(gatepost, **tls)
        client.greet()
        yield [client.command(line).code for line in lines][-1] in (235, 500, 504)


def pop3_logins(t, gatepost, tls):
    for lines in (["USER anna", "PASS " + PASSWORD], [f"AUTH PLAIN {PLAIN}"], ["AUTH PLAIN", PLAIN],
                  ["PASSWORD " + PASSWORD], ["USER anna", "PASS " + PASSWORD + "wrong"]):
        client = t.pop3_client(gatepost, **tls)
        client.reply()
        yield [client.command(line).ok for line in lines][-1] == (lines[-1] in ("PASS " + PASSWORD, f"AUTH PLAIN {PLAIN}", PLAIN))


def imap_logins(t, gatepost, tls):
    size = len(PASSWORD)
    for line, right in (
            (f"LOGIN anna {PASSWORD}", True), (f'LOGIN anna "{PASSWORD}"', True), (f'LOGIN anna "\\"{PASSWORD}"', False),
            (f"LOGIN {{4+}}\r\nanna {{{size}+}}\r\n{PASSWORD}", True), (f"AUTHENTICATE PLAIN {PLAIN}", True),
            (f"LOGGIN anna {PASSWORD}", False), (f"LOGIN anna {PASSWORD}wrong", False)):
        client = t.imap_client(gatepost, **tls)
        client.greet()
        yield client.command(line).ok == right


LOGINS = {"SMTP": smtp_logins, "POP3": pop3_logins, "IMAP": imap_logins}


def set_up(t, protocol, tls, rules):
    changes, listener, upstream, client = dict(ONE_OF_EACH), {}, {}, {}
    if tls:
        changes["upstreams"] = {"mta": {"tls": {"mode": "implicit", "verify": "none"}}}
        listener = {"tls": t.certificates.yaml(mode="implicit")}
        upstream = {"tls": "implicit", "context": t.certificates.server_context()}
        client = {"tls": t.certificates.client_context()}
    users = {"anna": PASSWORD}
    if protocol == "SMTP":
        server = t.upstream(keywords=("AUTH PLAIN LOGIN", "PIPELINING"), **upstream)
        return t.gatepost(server, changes, listener, rules=rules or STANDARD_RULES, single=False), client
    if protocol == "POP3":
        server = t.pop3_upstream([MESSAGE], users=users, **upstream)
        return t.pop3_gatepost(server, changes, listener, rules=rules, single=False), client
    server = t.imap_upstream([MESSAGE], users=users, **upstream)
    return t.imap_gatepost(server, changes, listener, rules=rules, single=False), client


def wiped(protocol, tls, rules):
    def test(t):
        only_root()
        gatepost, client = set_up(t, protocol, tls, rules)
        if is_sanitized():
            raise Skip("AddressSanitizer's memory is too large to be looked through")
        for number, right in enumerate(LOGINS[protocol](t, gatepost, client), 1):
            expect(right, "login", number)
            for pid in [gatepost.process.pid, *gatepost.children()]:
                expect_equal(holds(pid, *SOUGHT), [], f"in memory of {pid} after login {number}")
    return test


for wanted in (("SMTP", False, None), ("SMTP", True, None), ("POP3", False, STANDARD_RULES), ("POP3", True, None),
               ("IMAP", False, None), ("IMAP", True, STANDARD_RULES)):
    tests.add("a password is in no process's memory once it was sent on, right or wrong: "
              f"{wanted[0]}, {'TLS' if wanted[1] else 'plain'}", wiped(*wanted))


@tests
def found_while_it_waits(t):
    "a password that has not been sent on yet is found: the search of memory works"
    only_root()
    gatepost, _ = set_up(t, "SMTP", False, None)
    if is_sanitized():
        raise Skip("AddressSanitizer's memory is too large to be looked through")
    client = t.client(gatepost)
    client.greet()
    client.send("NOOP\r\nAUTH PLAIN " + PLAIN)  # its end does not come
    expect_equal(client.reply().code, 250, "NOOP")
    found = [holds(pid, *SOUGHT) for pid in gatepost.processes("proxy")]
    expect_equal(found, [[SOUGHT[1]]], "found")


def private_pair(t, folder, name):
    """A certificate and a key that only root can come at."""
    pair = [os.path.join(folder, kind) for kind in ("certificate", "key")]
    for source, target in zip(t.certificates.pair(name), pair):
        shutil.copy(source, target)
        os.chmod(target, 0o600)
    return pair


@tests
def keys_of_root(t):
    "keys that only root can read are read before privileges drop, also by a reload"
    only_root()
    folder = os.path.join(t.folder(), "private")
    os.mkdir(folder, 0o700)
    certificate, key = private_pair(t, folder, "server")
    gatepost = t.gatepost(t.upstream(), ONE_OF_EACH, {"tls": {
        "mode": "starttls", "certificate": certificate, "key": key}}, single=False)
    shown = []
    for name in ("server", "rsa"):
        if shown:
            private_pair(t, folder, name)
            gatepost.signal(signal.SIGHUP)
            gatepost.wait_event("ended", child="^proxy$")  # the old one takes no client any more
        client = t.client(gatepost)
        client.greet()
        client.starttls(t.certificates.client_context())
        shown.append(client.socket.getpeercert(binary_form=True))
        client.quit()
    expect(shown[0] != shown[1], "the certificate is the old one")


# The search of logs that every test ends with.

SAID = {
    "PASS": b"USER anna\r\nPASS swordfish-4711\r\n", "APOP": b"APOP anna 0123456789abcdef0123456789abcdef\r\n",
    "LOGIN": b"c1 LOGIN anna swordfish-4711\r\n", "a literal": b"c1 LOGIN {4+}\r\nanna {14+}\r\nswordfish-4711\r\n",
    "AUTH PLAIN": b"EHLO x\r\nAUTH PLAIN AGFubmEAc3dvcmRmaXNoLTQ3MTE=\r\n",
    "a response": b"EHLO x\r\nAUTH PLAIN\r\nAGFubmEAc3dvcmRmaXNoLTQ3MTE=\r\n",
    "AUTH LOGIN": b"AUTH LOGIN\r\nYW5uYQ==\r\nc3dvcmRmaXNoLTQ3MTE=\r\n",
}


@tests
def planted(t):
    "what is planted in a log is found: passwords, sent in whatever way, and lines of messages"
    for how, said in SAID.items():
        secret = "0123456789abcdef0123456789abcdef" if how == "APOP" else "swordfish-4711"
        expect(confidential.leaks(f'event=x msg="{secret}"', [said], []), how)
        expect_equal(confidential.leaks("event=auth user=anna mechanism=PLAIN", [said], []), [], how)
        if how != "APOP":
            expect(confidential.leaks("event=x msg=c3dvcmRmaXNoLTQ3MTE", [said], []), how, "base64")
    letter = b'Subject: a word in confidence\r\n\r\nall that I "wanted" to say\r\n'
    for log in ('msg="all that I \\"wanted\\" to say"', "subject=a word in confidence"):
        expect(confidential.leaks(log, [], [letter]), log)
        expect(confidential.leaks(log, [b"DATA\r\n" + letter + b".\r\n"], []), log, "from a client")


@tests
def planted_fails(t):
    "a test whose gatepost tells a password in its log fails"
    upstream = t.upstream(keywords=("AUTH PLAIN",))
    gatepost = t.gatepost(upstream)
    client = t.client(gatepost)
    client.greet()
    expect_equal(client.command("AUTH PLAIN " + base64.b64encode(b"\0anna\0swordfish-4711").decode()).code, 235, "login")
    with gatepost.changed:
        gatepost.lines.append("event=x msg=swordfish-4711")
    try:
        t.expect_nothing_told(gatepost)
    except Failure:
        gatepost.lines.remove("event=x msg=swordfish-4711")
    else:
        raise Failure("it did not fail")


tests.run()
