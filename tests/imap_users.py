#!/usr/bin/python3
"""Users of IMAP that have upstreams of their own: who is asked, by which way of
logging in and with which TLS, and what becomes of a login that fails.

    GATEPOST=src/gatepost python3 tests/imap_users.py [WORD…]"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import Tests, expect, expect_equal  # noqa: E402
from imap_upstream import CAPABILITIES  # noqa: E402

tests = Tests()

COMMON, OWN = b"Subject: common\r\n\r\nof the listener's\r\n", b"Subject: own\r\n\r\nof her own\r\n"


def routed(t, tls="none", **options):
    """(gatepost, the listener's upstream, that of ada)."""
    if tls != "none":
        options.update(tls=tls, context=t.certificates.server_context())
    common = t.imap_upstream([COMMON], users={"user": "secret"}, **options)
    own = t.imap_upstream([OWN], users={"ada": "lovelace"}, **options)
    settings = {"mode": tls} if tls == "none" else {"mode": tls, "verify": "none"}
    return t.imap_gatepost(common, {
        "upstreams": {"mta": {"tls": settings}, "own": {"address": "%s:%d" % own.address, "tls": settings}},
        "users": [{"match": "ada", "upstream": "own"}]}), common, own


def login(client, user, password):
    return client.command(f"LOGIN {user} {password}")


def login_in_literals(client, user, password):
    return client.command(f"LOGIN {{{len(user)}+}}\r\n{user} {{{len(password)}+}}\r\n{password}")


def plain(client, user, password):
    return client.auth_plain(user, password)


WAYS = [login, login_in_literals, plain]


def expect_mail(client, message):
    client.ok("SELECT INBOX")
    expect_equal(client.fetch(1), message, "the user's mail")
    client.logout()


for way in WAYS:
    def test(t, way=way):
        gatepost, common, own = routed(t)
        for user, password, message in (("ada", "lovelace", OWN), ("user", "secret", COMMON)):
            client = t.imap_client(gatepost)
            client.greet()
            expect(way(client, user, password).ok, "login", user)
            expect_mail(client, message)
        expect_equal([s.user for s in own.sessions], ["ada"], "who came to ada's upstream")
        expect_equal([s.user for s in common.sessions], ["user"], "who came to the listener's")
    tests.add(f"each at the upstream that is theirs: {way.__name__.replace('_', ' ')}", test)


for tls in ("none", "starttls", "implicit"):
    for way in WAYS:
        def test(t, tls=tls, way=way):
            gatepost, common, own = routed(t, tls)
            client = t.imap_client(gatepost)
            client.greet()
            for _ in range(2):
                answer = way(client, "ada", "wrong")
                expect(b"NO [AUTHENTICATIONFAILED]" in answer.status.raw, "a wrong password", answer)
            expect(way(client, "user", "secret").ok, "login of another user")
            expect_mail(client, COMMON)
            expect_equal(len(own.sessions), 2, "sessions at ada's upstream")
            expect(not any(b"user" in c for s in own.sessions for c in s.commands), "the other user at ada's upstream")
        tests.add(f"a wrong password, then another user: upstream's TLS {tls}, {way.__name__.replace('_', ' ')}", test)


@tests
def behind_a_login_that_fails(t):
    "what is sent in one breath with a login that fails is answered"
    gatepost, _, _ = routed(t)
    client = t.imap_client(gatepost)
    client.greet()
    client.send(b"a LOGIN ada wrong\r\nb NOOP\r\nc CAPABILITY\r\nd SELECT INBOX\r\ne LOGIN user secret\r\n")
    answers = {tag: client.answer(tag) for tag in (b"a", b"b", b"c", b"d", b"e")}
    expect_equal([a.ok for a in answers.values()], [False, True, True, False, True], "answers")
    expect_mail(client, COMMON)


@tests
def literals_of_another_upstream(t):
    "what one upstream offers is not believed of the next"
    gatepost, common, own = routed(t)
    common.capabilities = [c for c in CAPABILITIES if c != "LITERAL+"]
    common.replies = {"GREETING": b"* OK no capabilities are told\r\n"}
    client = t.imap_client(gatepost)
    client.greet()
    expect(not login_in_literals(client, "ada", "wrong").ok, "a wrong password")
    expect(login_in_literals(client, "user", "secret").ok, "another user")
    expect(b"{4}" in common.sessions[-1].commands[0], "the login", common.sessions[-1].commands)
    expect(b"{3+}" in own.sessions[-1].commands[0], "the login that failed", own.sessions[-1].commands)
    expect_mail(client, COMMON)


tests.run()
