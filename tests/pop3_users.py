#!/usr/bin/python3
"""Whose mail it is decides: what a user has of his own, however he logs in, and
which upstream is his. No password ever comes to another one.

    GATEPOST=src/gatepost python3 tests/pop3_users.py [WORD…]"""

import base64
import hmac
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from gatepost_test import GATEPOST, PATIENCE, Tests, expect, expect_equal, free_port  # noqa: E402
from pop3_mail import BANNED, CLEAN, HEAD, OFFER, POLICY, SPAM, VIRUS, before, refused, visit  # noqa: E402
from pop3_upstream import Pop3Session, Pop3Upstream  # noqa: E402

tests = Tests()

USERS = {"user": "secret", "ada": "ada-secret", "bob": "bob-secret", "ada@example.org": "at-secret"}
ADA = {"match": "ada", "subject_prefix": "[ADA]"}


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def subjects(client):
    """{number: Subject} of all messages."""
    heads = {number: client.top(number, 0) for number in client.sizes()}
    return {number: re.search(rb"^Subject: (.*)\r$", head, re.M)[1].decode() for number, head in heads.items()}


def shown(t, gatepost, user="user", messages=1):
    """The subjects that a user is shown at a login; with one message that one."""
    client = visit(t, gatepost, user, USERS[user])
    seen = list(subjects(client).values())
    client.quit()
    return seen[0] if messages == 1 else seen


# Of his own.

@tests
def exact_and_pattern(t):
    "users: the first that matches, exactly or by a pattern, in any case"
    upstream = t.pop3_upstream([SPAM], users={**USERS, "ADA": "ada-secret"})
    gatepost = before(t, upstream, {"users": [ADA, {"match": "*@example.org", "subject_prefix": "[AT]"},
                                              {"match": "b*", "subject_prefix": ""}]})
    for user, subject in (("ada", "[ADA] you won a lottery"), ("ada@example.org", "[AT] you won a lottery"),
                          ("bob", "you won a lottery"), ("user", "[SPAM] you won a lottery")):
        expect_equal(shown(t, gatepost, user), subject, user)
    expect_equal(subjects(visit(t, gatepost, "ADA", "ada-secret")), {1: "[ADA] you won a lottery"}, "ADA")


def own(settings, expected, messages=(SPAM, OFFER, CLEAN[1])):
    def test(t):
        upstream = t.pop3_upstream(list(messages), users=USERS)
        gatepost = before(t, upstream, {"users": [{"match": "ada", **settings}]})
        expect_equal(shown(t, gatepost, "ada", 3), expected, "his own")
        expect_equal(shown(t, gatepost, "user", 3), ["[SPAM] you won a lottery", "an offer", "number 1"], "another's")
    return test


LOTTERY, OFFERED, NUMBER = "you won a lottery", "an offer", "number 1"
for name, settings, expected in (
        ("thresholds, lower", {"thresholds": [{"score": 2.0, "then": "tag"}]},
         ["[SPAM] " + LOTTERY, "[SPAM] " + OFFERED, NUMBER]),
        ("thresholds, higher", {"thresholds": [{"score": 9.0, "then": "tag"}]}, [LOTTERY, OFFERED, NUMBER]),
        ("thresholds, none", {"thresholds": []}, [LOTTERY, OFFERED, NUMBER]),
        ("subject_prefix", {"subject_prefix": "[ADA]"}, ["[ADA] " + LOTTERY, OFFERED, NUMBER]),
        ("allow", {"allow": ["*@example.org"]}, [LOTTERY, OFFERED, NUMBER]),
        ("deny", {"deny": ["sender@example.org"]}, ["[SPAM] " + s for s in (LOTTERY, OFFERED, NUMBER)]),
        ("deny before allow", {"allow": ["*"], "deny": ["sender@*"]},
         ["[SPAM] " + s for s in (LOTTERY, OFFERED, NUMBER)]),
        ("rules_off", {"rules_off": ["LOTT*"]}, [LOTTERY, OFFERED, NUMBER])):
    tests.add(f"users: {name}", own(settings, expected))


@tests
def spam_hidden(t):
    "users: spam: hide, and with thresholds of his own"
    upstream = t.pop3_upstream([SPAM, OFFER, CLEAN[1]], users=USERS)
    gatepost = before(t, upstream, {"users": [
        {"match": "ada", "spam": "hide"},
        {"match": "bob", "spam": "hide", "thresholds": [{"score": 2.0, "then": "tag"}]}]})
    expect_equal(shown(t, gatepost, "ada", 3), [OFFERED, NUMBER], "ada")
    expect_equal(shown(t, gatepost, "bob", 3), [NUMBER], "bob")


@tests
def a_virus_stays_one(t):
    "an allowed author's virus is withheld all the same"
    upstream = t.pop3_upstream([VIRUS], users=USERS)
    gatepost = before(t, upstream, {"users": [{"match": "ada", "allow": ["*"]}]})
    client = visit(t, gatepost, "ada", USERS["ada"])
    expect(b"quarantine" in client.retrieve(1), "the notice")
    expect_equal(gatepost.quarantined(VIRUS), 1, "kept")


@tests
def own_policy(t):
    "users: a policy of his own, with rules, and without any"
    upstream = t.pop3_upstream([SPAM], users=USERS)
    strict = {"rules": ["rules.yaml"], **POLICY, "spam": "hide"}
    gatepost = before(t, upstream, {
        "policies": {"nothing": {}, "strict": strict},
        "users": [{"match": "ada", "policy": "nothing"}, {"match": "bob", "policy": "strict"}]})
    expect_equal(shown(t, gatepost, "ada"), LOTTERY, "without rules")
    expect_equal(visit(t, gatepost, "bob", USERS["bob"]).ok("STAT"), "0 0", "hidden")
    expect_equal(shown(t, gatepost, "user"), "[SPAM] " + LOTTERY, "the listener's")


# The file of a user.

class Files:
    """A directory of users' files."""

    def __init__(self, t):
        self.path = t.folder()

    def write(self, user, text):
        with open(os.path.join(self.path, f"{user}.yaml"), "w", encoding="utf-8") as f:
            f.write(text if isinstance(text, str) else json.dumps(text))

    def remove(self, user):
        os.unlink(os.path.join(self.path, f"{user}.yaml"))


@tests
def file_at_next_login(t):
    "user_directory: a file, and each change of it, applies at the next login; what was shown stays"
    files = Files(t)
    upstream = t.pop3_upstream({"a": SPAM}, users=USERS)
    gatepost = before(t, upstream, {"user_directory": files.path, "users": [ADA]})
    seen = {}
    for uid, change, prefix in (
            ("a", None, "[ADA] "), ("b", {"subject_prefix": "[FILE]"}, "[FILE] "), ("c", {"rules_off": ["*"]}, ""),
            ("d", {"thresholds": [{"score": 9, "then": "tag"}]}, ""), ("e", "remove", "[ADA] ")):
        upstream.maildrop.messages[uid] = SPAM
        if change == "remove":
            files.remove("ada")
        elif change is not None:
            files.write("ada", change)
        seen[uid] = prefix + LOTTERY
        expect_equal(shown(t, gatepost, "ada", 9), list(seen.values()), f"after {change}")


@tests
def file_during_session(t):
    "a change of the file does not touch the session that runs"
    files = Files(t)
    upstream = t.pop3_upstream([SPAM, SPAM], users=USERS)
    gatepost = before(t, upstream, {"user_directory": files.path, "pop3": {"scan_budget": "0s"}})
    client = visit(t, gatepost, "ada", USERS["ada"])
    expect(b"\r\nSubject: [SPAM] " in client.retrieve(1), "before")
    files.write("ada", {"subject_prefix": "[FILE]"})
    expect(b"\r\nSubject: [SPAM] " in client.retrieve(2), "after")


@tests
def broken_file(t):
    "a file that is wrong is told in the log and passed over; what users gives him holds"
    files = Files(t)
    upstream = t.pop3_upstream([SPAM], users=USERS)
    gatepost = before(t, upstream, {"user_directory": files.path, "users": [ADA]})
    files.write("ada", "subject_prefix: [unclosed\n")
    expect_equal(shown(t, gatepost, "ada"), "[ADA] " + LOTTERY, "the message")
    gatepost.wait_event("user", msg=r"ada\.yaml:\d+:\d+: ")
    files.write("ada", "subject_prefx: x\n")
    expect_equal(shown(t, gatepost, "ada"), "[ADA] " + LOTTERY, "the message")
    gatepost.wait_event("user", msg="subject_prefx")


# However he logs in.

class CramSession(Pop3Session):
    """It knows CRAM-MD5 too (RFC 2195)."""

    def __getattr__(self, name):
        if name == "sasl_cram-md5":
            return self.cram_md5
        raise AttributeError(name)

    def cram_md5(self, _):
        challenge = b"<1896.697@example.org>"
        user, _, digest = self.challenge(challenge).partition(b" ")
        secret = self.upstream.users.get(user.decode(), "").encode()
        return user, hmac.new(secret, challenge, "md5").hexdigest().encode() == digest


class CramUpstream(Pop3Upstream):
    session_type = CramSession


def by_password(client):
    client.login("ada", USERS["ada"])


def by_apop(client):
    expect(client.apop("ada", USERS["ada"]).ok, "APOP")


def in_turns(mechanism, *responses, initial=False):
    """AUTH, each response in its turn, or the first with the command."""
    def login(client):
        client.reply()
        todo = list(responses)
        status = client.command(f"AUTH {mechanism}" + (" " + todo.pop(0) if initial else ""))
        while status.word == b"+" and todo:
            response = todo.pop(0)
            status = client.command(response(status) if callable(response) else response)
        expect(status.ok and not todo, f"AUTH {mechanism}", status, todo)
    return login


def cram_response(status):
    return encoded("ada " + hmac.new(USERS["ada"].encode(), base64.b64decode(status.text), "md5").hexdigest())


PLAIN = encoded("\0ada\0ada-secret")
LOGIN = (encoded("ada"), encoded("ada-secret"))
XOAUTH2 = encoded("user=ada\1auth=Bearer ada-secret\1\1")
OAUTHBEARER = encoded("n,a=ada,\1host=x\1auth=Bearer ada-secret\1\1")
WAYS = {
    "USER and PASS": by_password, "APOP": by_apop,
    "AUTH PLAIN": in_turns("PLAIN", PLAIN), "AUTH PLAIN at once": in_turns("plain", PLAIN, initial=True),
    "AUTH LOGIN": in_turns("LOGIN", *LOGIN),
    "AUTH LOGIN with the name at once": in_turns("LOGIN", *LOGIN, initial=True),
    "XOAUTH2": in_turns("XOAUTH2", XOAUTH2), "XOAUTH2 at once": in_turns("XOAUTH2", XOAUTH2, initial=True),
    "OAUTHBEARER": in_turns("OAUTHBEARER", OAUTHBEARER), "CRAM-MD5": in_turns("CRAM-MD5", cram_response),
}


def known_by(login):
    def test(t):
        mechanisms = ("PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER", "CRAM-MD5")
        upstream = CramUpstream([SPAM], users=USERS, mechanisms=mechanisms, banner=b"<1896.697@example.org>",
                                patience=PATIENCE)
        t.callback(upstream.stop)
        t.upstreams.append(upstream)
        files = Files(t)
        files.write("ada", {"subject_prefix": "[FILE]"})
        gatepost = before(t, upstream, {"user_directory": files.path})
        client = t.pop3_client(gatepost)
        login(client)
        expect_equal(subjects(client), {1: "[FILE] " + LOTTERY}, "what he is shown")
        expect_equal(upstream.sessions[-1].user, "ada", "at the upstream")
        client.quit()
        expect_equal(gatepost.wait_event("auth")["user"], "ada", "in the log")
        log = "\n".join(gatepost.lines)
        expect(not any(s in log for s in ("ada-secret", PLAIN, LOGIN[1], XOAUTH2)), "a password in the log")
    return test


for name, login in WAYS.items():
    tests.add(f"the user is known by {name}", known_by(login))


@tests
def second_try(t):
    "after a wrong password another user's settings are those of whoever came in"
    upstream = t.pop3_upstream([SPAM], users=USERS)
    gatepost = before(t, upstream, {"users": [ADA]})
    client = t.pop3_client(gatepost)
    client.reply()
    client.ok("USER ada")
    refused(client, "PASS wrong", "[AUTH]")
    refused(client, f"PASS {USERS['ada']}")
    client.ok("USER user")
    client.ok("PASS secret")
    expect_equal(subjects(client), {1: "[SPAM] " + LOTTERY}, "what he is shown")


# Upstreams of users.

def routed(t, replies=None, **options):
    """(gatepost, the listener's upstream, that of ada and *@example.org)."""
    common = t.pop3_upstream([CLEAN[0]], users={n: p for n, p in USERS.items() if n in ("user", "bob")}, **options)
    own = t.pop3_upstream([SPAM], users=USERS, replies=replies, **options)
    gatepost = before(t, common, {
        "upstreams": {"own": {"address": "%s:%d" % own.address, "tls": {"mode": "none"}}},
        "users": [{"match": "ada", "upstream": "own"}, {"match": "*@example.org", "upstream": "own"}]})
    return gatepost, common, own


def heard(upstream):
    """All that the upstream received."""
    return b"".join(bytes(s.received) for s in upstream.sessions)


SECRETS = [s.encode() for s in (*USERS.values(), PLAIN, *LOGIN)]


def expect_silent(upstream):
    """None of its sessions heard a secret."""
    expect(not any(s in heard(upstream) for s in SECRETS), "it heard a password", heard(upstream))


for name in ("USER and PASS", "AUTH PLAIN", "AUTH PLAIN at once", "AUTH LOGIN", "AUTH LOGIN with the name at once"):
    def test(t, login=WAYS[name]):
        gatepost, common, own = routed(t)
        client = t.pop3_client(gatepost)
        login(client)
        expect_equal(subjects(client), {1: "[SPAM] " + LOTTERY}, "his mail")
        client.quit()
        expect_equal((len(common.sessions), own.sessions[-1].user), (0, "ada"), "who was asked")
        expect_equal(own.said().index("LIST"), own.said().count("USER ada") + 1, "commands of the login")
    tests.add(f"his upstream, by {name}", test)


@tests
def routed_elsewhere(t):
    "who has no upstream of his own goes to the listener's"
    gatepost, common, own = routed(t)
    client = visit(t, gatepost)
    expect_equal(client.retrieve(1), CLEAN[0], "his mail")
    client.quit()
    expect_equal((len(own.sessions), common.sessions[-1].user), (0, "user"), "who was asked")


@tests
def before_routing(t):
    "before the login nobody is asked: the greeting, CAPA, AUTH and what is not offered are ours"
    gatepost, common, own = routed(t, banner=b"<1896.697@example.org>")
    client = t.pop3_client(gatepost)
    greeting = client.reply()
    expect(greeting.ok and "<" not in greeting.text, "greeting", greeting)
    capabilities = client.lines("CAPA")
    expect({"USER", "SASL PLAIN LOGIN", "UIDL", "TOP"} <= set(capabilities), "CAPA", capabilities)
    expect_equal(client.lines("AUTH"), ["PLAIN", "LOGIN"], "AUTH")
    for line in ("APOP ada 0123456789abcdef0123456789abcdef", "UTF8", "STAT", "LANG", "AUTH CRAM-MD5 x", "PASS x"):
        refused(client, line)
    client.ok("QUIT")
    expect_equal(len(common.sessions) + len(own.sessions), 0, "connections")


def two_users(first, second):
    """Logs in as ada with a wrong password, then as another."""
    def test(t):
        gatepost, common, own = routed(t)
        client = t.pop3_client(gatepost)
        client.reply()
        first(client)
        second(client)
        expect_equal(client.retrieve(1), CLEAN[0], "mail of the second")
        client.quit()
        expect_equal(common.sessions[-1].user, "user", "who came in")
        for upstream, line in ((own, "\0user\0secret"), (common, "\0ada\0wrong")):
            strangers = (line.split("\0")[1 if upstream is common else 2], encoded(line))
            expect(not any(s.encode() in heard(upstream) for s in strangers), "the wrong one heard", heard(upstream))
    return test


def wrong_password(client):
    client.ok("USER ada")
    refused(client, "PASS wrong", "[AUTH]")


def wrong_plain(client):
    refused(client, "AUTH PLAIN " + encoded("\0ada\0wrong"), "[AUTH]")


def user_password(client):
    client.ok("USER user")
    client.ok("PASS secret")


def user_plain(client):
    expect(client.command("AUTH PLAIN").word == b"+", "AUTH PLAIN")
    client.ok(encoded("\0user\0secret"))


def cancelled(client):
    expect(client.command("AUTH PLAIN").word == b"+", "AUTH PLAIN")
    refused(client, "*")


def no_base64(client):
    expect(client.command("AUTH PLAIN").word == b"+", "AUTH PLAIN")
    refused(client, "no base64")


def another_user(client):
    client.ok("USER ada")


for a in (wrong_password, wrong_plain, cancelled, no_base64, another_user):
    for b in (user_password, user_plain):
        name = f"{a.__name__}, then {b.__name__} at another upstream".replace("_", " ")
        tests.add(name, two_users(a, b))


@tests
def refused_at_user(t):
    "an upstream that wants no such user: the password is not sent; another user may come"
    gatepost, common, own = routed(t, {"USER": b"-ERR no such mailbox\r\n", "AUTH": b"-ERR no\r\n"})
    client = t.pop3_client(gatepost)
    client.reply()
    client.ok("USER ada")
    refused(client, f"PASS {USERS['ada']}", "[AUTH]")
    expect_silent(own)
    user_password(client)
    expect_equal(client.retrieve(1), CLEAN[0], "the other user's mail")
    expect(b"ada" not in heard(common), "the listener's upstream", heard(common))


@tests
def mechanism_refused(t):
    "an upstream that does not know the mechanism gets no response"
    gatepost, _, own = routed(t, mechanisms=())
    for mechanism, response in (("PLAIN", PLAIN), ("LOGIN", LOGIN[0])):
        client = t.pop3_client(gatepost)
        client.reply()
        expect(client.command(f"AUTH {mechanism}").word == b"+", mechanism)
        refused(client, response)
        client.ok("QUIT")
    expect_silent(own)


@tests
def upstream_down(t):
    "a user's upstream that does not answer: -ERR [SYS/TEMP], and nobody else hears of him"
    gatepost, common, own = routed(t)
    own.stop()
    for line in (f"PASS {USERS['ada']}", f"AUTH PLAIN {PLAIN}"):
        client = t.pop3_client(gatepost)
        client.reply()
        if line.startswith("PASS"):
            client.ok("USER ada")
        refused(client, line, "[SYS/TEMP]")
        expect_equal(client.until_closed(), b"", "then")
    expect_equal(len(common.sessions), 0, "connections to the other")


@tests
def upstream_greets_badly(t):
    "a user's upstream that greets with -ERR: -ERR [SYS/TEMP], and the password is not sent"
    gatepost, _, own = routed(t, {"GREETING": b"-ERR [SYS/TEMP] too many\r\n"})
    client = t.pop3_client(gatepost)
    client.reply()
    client.ok("USER ada")
    refused(client, f"PASS {USERS['ada']}", "[SYS/TEMP]")
    expect_silent(own)


@tests
def pipelined_login(t):
    "USER, PASS and what follows in one packet"
    gatepost, _, own = routed(t)
    client = t.pop3_client(gatepost)
    client.reply()
    client.send(f"USER ada\r\nPASS {USERS['ada']}\r\nSTAT\r\nQUIT\r\n")
    said = [client.reply() for _ in range(4)]
    expect(all(s.ok for s in said) and said[2].text.startswith("1 "), "replies", said)
    expect_equal(client.until_closed(), b"", "then")
    expect_equal(own.said()[:2], ["USER ada", f"PASS {USERS['ada']}"], "the upstream")


# One verdict.

def scanned(gatepost, message):
    """Verdict, score and rules as `gatepost scan` tells them."""
    done = subprocess.run([GATEPOST, "scan", "-c", gatepost.file, "--policy", "inbound", "--json", "-"], input=message,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE)
    told = json.loads(done.stdout)
    return [told["verdict"], "%.2f" % told["score"], ",".join(rule["name"] for rule in told["rules"])]


@tests
def one_verdict(t):
    "the same octets have one verdict, score and rules by SMTP, by POP3 and by scan"
    messages = [CLEAN[1], SPAM, OFFER, BANNED, VIRUS, HEAD + b"Subject: lottery offer\r\n\r\nx\r\n"]
    mta, pop = t.upstream(), t.pop3_upstream(messages)
    port = free_port()
    gatepost = before(t, pop, {
        "listeners": [{"address": f"127.0.0.1:{free_port()}", "upstream": "mta", "policy": "inbound"},
                      {"name": "in", "protocol": "smtp", "address": f"127.0.0.1:{port}", "upstream": "smtp",
                       "policy": "inbound"}],
        "upstreams": {"smtp": {"address": "%s:%d" % mta.address, "tls": {"mode": "none"}}}, "log": {"level": "info"}})
    reader, sender = visit(t, gatepost), t.client(("127.0.0.1", port))
    reader.sizes()
    sender.greet()
    for message in messages:
        sender.deliver(message)
    keys = ("verdict", "score", "rules")
    by_pop3 = [[line[k] for k in keys] for line in gatepost.events("message", listener="^pop$")]
    gatepost.wait_event("message", len(messages), listener="^in$")
    by_smtp = [[line[k] for k in keys] for line in gatepost.events("message", listener="^in$")]
    expect_equal(len(by_pop3), len(messages), "messages by POP3")
    expect_equal(by_pop3, by_smtp, "by POP3 and by SMTP")
    by_scan = [scanned(gatepost, m) for m in messages]
    expect_equal(by_scan, by_pop3, "by scan")
    expect_equal({v[0] for v in by_pop3}, {"accept", "tag", "strip", "reject"}, "verdicts")


tests.run()
