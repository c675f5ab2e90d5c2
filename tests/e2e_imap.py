#!/usr/bin/python3
"""gatepost before a real server, by IMAP: mail fetched by real programs and whole
conversations, directly and through gatepost; messages that come and go while they
are looked at; what clients bring.

    GATEPOST=src/gatepost python3 tests/e2e_imap.py [WORD…]

With GATEPOST=none the programs speak to the server directly, which tests the tests.
The server is Dovecot, with GATEPOST_TEST_SERVER=cyrus Cyrus."""

import base64
import os
import random
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "lib")]

from dovecot import SECRET  # noqa: E402
from gatepost_test import GATEPOST, Skip, Tests, expect, expect_equal  # noqa: E402
from imap_mail import JUDGED, RULES, stinging  # noqa: E402
from imap_programs import PROGRAMS, WITHOUT_TLS  # noqa: E402
from imap_servers import SERVER, shared_server  # noqa: E402
from messages import Maker  # noqa: E402
from pop3_programs import Job  # noqa: E402
from readings.payload import EICAR  # noqa: E402

tests = Tests()

SEED = 20251104
HEAD = (b"From: sender@example.org\r\nTo: ada@example.org\r\nDate: Mon, 3 Nov 2025 10:00:00 +0100\r\n"
        b"MIME-Version: 1.0\r\n")
CLEAN = [HEAD + b"Subject: number %d\r\nMessage-ID: <%d@example.org>\r\n\r\ngood day\r\n" % (n, n) + b"and bye\r\n" * n
         for n in range(9)]
SPAM = HEAD + b"Subject: you won a lottery\r\n\r\nindeed\r\n"
STINGING = [stinging(n) for n in range(0, 20, 3)]
MIXED = CLEAN[:3] + [m.data for m in STINGING[:4]] + CLEAN[3:5] + [SPAM] + [m.data for m in STINGING[4:]] + CLEAN[5:]


def before(t, server, tls=None, rules=None, upstream_tls=None, level="info"):
    """A gatepost before that Dovecot."""
    port = server.imaps if upstream_tls == "implicit" else server.imap
    secure = {"mode": upstream_tls, "verify": "full", "ca": t.certificates.ca()} if upstream_tls else {"mode": "none"}
    changes = {"log": {"level": level}, "upstreams": {"mta": {"address": f"localhost:{port}", "tls": secure}},
               "policies": {"inbound": JUDGED if rules else {}}}
    return t.imap_gatepost(("localhost", port), changes, {"tls": t.certificates.yaml(mode=tls)} if tls else None,
                           rules=rules)


def port_before(t, server, tls=None, rules=None):
    """The port of a gatepost, or of Dovecot itself where there is none."""
    if GATEPOST == "none":
        return server.imaps if tls == "implicit" else server.imap
    return before(t, server, tls, rules).address[1]


def client_at(t, port, user=None, mailbox="INBOX"):
    client = t.imap_reader(("127.0.0.1", port))
    if user:
        client.login(user, SECRET)
        client.ok(f"SELECT {mailbox}")
    return client


def flags(client):
    return {items["UID"]: set(items["FLAGS"]) for _, items in client.fetch("1:*", "(UID FLAGS)")}


def bodies(client, mailbox="INBOX"):
    client.ok(f"SELECT {mailbox}")
    return [items["BODY[]"] for _, items in client.fetch("1:*", "(UID BODY.PEEK[])")]


# Programs.

def left(t, server, user):
    """(message, flags) of what a program left behind."""
    client = client_at(t, server.imap, user)
    if not client.ok("SEARCH ALL")[0].split()[2:]:
        return []
    return [(items["BODY[]"], sorted(set(items["FLAGS"]) - {"\\Recent"}))
            for _, items in client.fetch("1:*", "(FLAGS BODY.PEEK[])")]


def fetched_alike(program, tls, rules=None):
    """The same messages and the same left behind as without gatepost."""
    def test(t):
        server = shared_server(t)
        results = []
        for port in (server.imaps if tls == "implicit" else server.imap, port_before(t, server, tls, rules)):
            user = server.user(CLEAN)
            job = Job(t, port, user, tls)
            results.append((program(job), left(t, server, user), job.told))
        directly, through = results
        expect_equal(directly[0], sorted(CLEAN), "fetched directly")
        expect_equal(through[0], directly[0], "what was fetched")
        expect_equal(through[1], directly[1], "what was left")
        for mine, its in zip(through[2] or [], directly[2] or []):
            expect_equal(mine, its, "what was told")
    return test


def fetched_by_rules(name, program):
    """What is clean as it was, what is not without its sting."""
    def test(t):
        if GATEPOST == "none":
            raise Skip("it is gatepost that has rules")
        server = shared_server(t)
        user = server.user(MIXED)
        fetched = program(Job(t, before(t, server, rules=RULES).address[1], user))
        expect_equal([m for m in fetched if m in CLEAN], sorted(CLEAN), "what is clean")
        expect_equal(len(fetched), len(MIXED), "messages")
        for message in STINGING:
            expect(not any(sting in m for m in fetched for sting in message.stings), "a sting came", message.shape)
        marks = {message: set(kept) for message, kept in left(t, server, user)}
        if name not in ("fetchmail", "offlineimap"):  # which delete all, or read by EXAMINE
            expect("$Junk" in marks[SPAM], "spam is not marked", marks[SPAM])
        expect(not any("$Junk" in kept for message, kept in marks.items() if message != SPAM), "marked", marks)
    return test


for name, program in PROGRAMS.items():
    for tls in (None,) if name in WITHOUT_TLS else (None, "starttls", "implicit"):
        tests.add(f"{name}, {tls or 'no TLS'}", fetched_alike(program, tls))
    tests.add(f"rules: {name}", fetched_by_rules(name, program))


# A session, word by word.

CONVERSATION = """
NOOP
ID NIL
NAMESPACE
LIST "" "*"
LIST (SPECIAL-USE) "" "*"
LIST "" "%" RETURN (SUBSCRIBED CHILDREN STATUS (MESSAGES UNSEEN))
LSUB "" "*"
CREATE Archive
CREATE Archive
CREATE &Jjo-
SUBSCRIBE Archive
RENAME Archive Older
STATUS INBOX (MESSAGES UIDNEXT UNSEEN SIZE)
STATUS nowhere (MESSAGES)
GETQUOTAROOT INBOX
GETQUOTA "User quota"
SELECT nowhere
EXAMINE INBOX
STORE 1 +FLAGS (\\Seen)
CLOSE
ENABLE CONDSTORE
SELECT INBOX
FETCH 1:* FAST
FETCH 1:3 FULL
FETCH 1:* ALL
FETCH 2 (UID MODSEQ FLAGS INTERNALDATE BODYSTRUCTURE)
UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1)
FETCH 99 (UID)
UID FETCH 99 (UID)
FETCH 0 (UID)
FETCH 1:* (NONSENSE)
FETCH 1:* (BODY.PEEK[] RFC822.SIZE)
FETCH 1:4 (BODY[HEADER.FIELDS (SUBJECT)] BODY[TEXT]<2.7>)
FETCH 5,2 RFC822.HEADER
FETCH * (BODY[1] BODY.PEEK[1.MIME])
SEARCH ALL
SEARCH SUBJECT "number 3"
SEARCH CHARSET UTF-8 NOT SEEN LARGER 200
UID SEARCH 2:4 UNSEEN
UID SEARCH RETURN (MIN MAX COUNT ALL) UNDELETED
SEARCH RETURN (SAVE) SUBJECT number
FETCH $ (UID)
SORT (REVERSE SUBJECT) UTF-8 ALL
UID SORT RETURN (COUNT) (DATE) UTF-8 SEEN
THREAD REFERENCES UTF-8 ALL
UID THREAD ORDEREDSUBJECT US-ASCII ALL
STORE 1 +FLAGS (\\Flagged $Label)
STORE 2:3 FLAGS.SILENT (\\Answered)
UID STORE 4 -FLAGS (\\Seen)
STORE 1:* (UNCHANGEDSINCE 1) +FLAGS (\\Draft)
COPY 1:2 Older
UID COPY 3 Older
COPY 1 nowhere
MOVE 9 Older
UID MOVE 8 Older
STORE 1,3 +FLAGS (\\Deleted)
UID EXPUNGE 3
FETCH 1:* (UID FLAGS)
EXPUNGE
FETCH 1:* (UID)
CHECK
UNSELECT
NOOP
SELECT Older
FETCH 1:* (UID FLAGS BODY.PEEK[])
CLOSE
ENABLE QRESYNC
SELECT INBOX (QRESYNC ({uidvalidity} 1))
STORE 2 +FLAGS (\\Deleted)
EXPUNGE
UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)
FETCH 1:* (UID BODY.PEEK[TEXT])
DELETE Older
NONSENSE
LOGOUT
"""


def essence(status, untagged):
    """What has to agree: of a refusal that it is one, and its code."""
    def plain(line):
        line = re.sub(rb" \([\d.]+ (\+ [\d.]+ )*secs?( \d+ calls)?\)", b"", line)
        line = re.sub(rb" in [\d.]+ secs", b"", line)  # Cyrus, of a search
        line = re.sub(rb"(MAILBOXID|SESSIONID) ?[(=<][^])>]*[)>]?", rb"\1", line)
        return re.sub(rb"(UIDVALIDITY|COPYUID|APPENDUID) \d+", rb"\1", line)
    status = plain(status.encode()).decode()
    if SERVER == "cyrus":  # NO to what is no command
        status = re.sub(r"^NO (?!\[)", "BAD ", status)
    return re.match(r"(NO|BAD)( \[[^]]*\])?", status)[0] if status[:2] in ("NO", "BA") else status, [plain(u) for u in untagged]


def conversation(t, port, user):
    """[(command, what was answered)…]"""
    client = client_at(t, port)
    client.login(user, SECRET)
    said, uidvalidity = [], "0"
    for command in CONVERSATION.split("\n")[1:-1]:
        status, untagged = client.command(command.replace("\\\\", "\\").replace("{uidvalidity}", uidvalidity))
        told = re.search(rb"UIDVALIDITY (\d+)", b"".join(untagged))
        uidvalidity = told[1].decode() if told and command.startswith("SELECT INBOX") else uidvalidity
        said.append((command, *essence(status, untagged)))
    return said


def session_alike(rules):
    def test(t):
        server = shared_server(t)
        directly = conversation(t, server.imap, server.user(CLEAN))
        through = conversation(t, port_before(t, server, rules=rules), server.user(CLEAN))
        for mine, its in zip(through, directly):
            expect(mine == its, "through gatepost, directly", mine, its)
        expect(sum(status.startswith("OK") for _, status, _ in through) > 50, "that is no conversation", through)
    return test


tests.add("every command of a session is answered as by the server itself, without rules", session_alike(None))
tests.add("every command of a session is answered so with rules that find nothing, too", session_alike(RULES))


# TLS and the login.

@tests
def capabilities(t):
    "capabilities in all three places are the server's, without what is not understood; no login before STARTTLS"
    server = shared_server(t)
    port, user = port_before(t, server, "starttls"), server.user(CLEAN)
    client = client_at(t, port)
    shown = client.capabilities()
    if GATEPOST != "none":
        expect({"STARTTLS", "LOGINDISABLED"} <= shown and not any(one.startswith(("AUTH=", "SASL")) for one in shown),
               "before TLS", shown)
        for login in (f"LOGIN {user} {SECRET}", "AUTHENTICATE PLAIN " + plain(user)):
            expect(client.command(login)[0].startswith("NO [PRIVACYREQUIRED]"), "a login without TLS")
    client.start_tls(t.certificates.client_context())
    expect({"AUTH=PLAIN", "SASL-IR"} <= client.capabilities(), "after TLS")
    expect(not {"STARTTLS", "LOGINDISABLED"} & client.capabilities(), "after TLS")
    client = client_at(t, port)  # Dovecot tells those who have not asked
    client.start_tls(t.certificates.client_context())
    status, _ = client.command(f"LOGIN {user} {SECRET}")
    shown = client.capabilities()
    expect_equal(set(re.search(r"\[CAPABILITY ([^]]*)\]", status)[1].split()), shown, "told with the login")
    directly = client_at(t, server.imap, user).capabilities()
    shown -= {"AUTH=PLAIN", "AUTH=LOGIN"}  # of which Cyrus tells where there is TLS
    expect(shown <= directly, "offered", shown - directly)
    if GATEPOST != "none":
        expect(not {"CATENATE", "NOTIFY", "PREVIEW", "URLAUTH", "URL-PARTIAL"} & shown, "offered", shown)
    expect({"IDLE", "MOVE", "QRESYNC", "UIDPLUS", "SORT", "THREAD=REFERENCES"} <= shown, "hidden", shown)


def plain(user):
    return base64.b64encode(f"\0{user}\0{SECRET}".encode()).decode()


@tests
def logins(t):
    "AUTHENTICATE PLAIN with and without an initial response, AUTH LOGIN, LOGIN with literals and in quotes"
    server = shared_server(t)
    port, user = port_before(t, server), server.user(CLEAN)
    literals = [user.encode() + b" {%d}\r\n" % len(SECRET), SECRET.encode() + b"\r\n"]
    lines = [base64.b64encode(word.encode()) + b"\r\n" for word in (user, SECRET)]
    for command, *more in ((f"AUTHENTICATE PLAIN {plain(user)}",), ("AUTHENTICATE PLAIN", plain(user).encode() + b"\r\n"),
                           ("AUTHENTICATE LOGIN", *lines), (f"LOGIN {{{len(user)}}}", *literals),
                           (f"LOGIN {{{len(user)}+}}", literals[0].replace(b"}", b"+}"), literals[1]),
                           (f'LOGIN "{user}" "{SECRET}"',)):
        client = client_at(t, port)
        client.ok(command, *more)
        expect_equal(bodies(client), CLEAN, command)
    client = client_at(t, port)
    expect(client.command("AUTHENTICATE PLAIN", b"*\r\n")[0].startswith("BAD"), "a login given up")
    expect(client.command(f"LOGIN {user} wrong")[0].startswith("NO"), "a wrong password")
    client.login(user, SECRET)


def upstream_by_tls(mode):
    def test(t):
        if GATEPOST == "none":
            raise Skip("it is gatepost's TLS")
        if SERVER != "dovecot":
            raise Skip("it is Dovecot that tells of TLS")
        server = shared_server(t)
        said = len(server.lines)
        client = client_at(t, before(t, server, upstream_tls=mode).address[1])
        client.login(server.user(CLEAN), SECRET)
        expect_equal(bodies(client), CLEAN, "messages")
        expect(any("Login: " in line and ", TLS" in line for line in server.lines[said:]), "the server saw no TLS")
    return test


for mode in ("starttls", "implicit"):
    tests.add(f"the server reached by TLS, {mode}", upstream_by_tls(mode))


@tests
def legacy(t):
    "a program of TLS 1.0 reads mail of a server that wants TLS 1.2, and cannot directly"
    if GATEPOST == "none":
        raise Skip("it is gatepost's TLS")
    server = shared_server(t)
    user = server.user(CLEAN)
    old = {"min_version": "TLSv1", "ciphers": "DEFAULT@SECLEVEL=0"}
    upstream = {"mta": {"address": f"localhost:{server.imaps}", "tls": {"mode": "implicit", "ca": t.certificates.ca()}}}
    gatepost = t.imap_gatepost(("localhost", server.imaps), {"upstreams": upstream, "policies": {"inbound": {}}},
                               {"tls": {**t.certificates.yaml(mode="implicit"), **old}})
    for port, statuses in ((server.imaps, (35,)), (gatepost.address[1], (0,))):  # 35: no handshake
        job = Job(t, port, user, "implicit")
        got = job.run(["curl", "-sS", "--tlsv1.0", "--tls-max", "1.0", "--ciphers", "DEFAULT@SECLEVEL=0", "--cacert", job.ca,
                       "--user", f"{user}:{SECRET}", f"imaps://localhost:{port}/INBOX;MAILINDEX=4"], statuses)
    expect_equal(got, CLEAN[3], "what was read")


# APPEND.

def append(client, message, kind="", mailbox="INBOX", options=""):
    return client.command(f"APPEND {mailbox} {options}{{{len(message)}{kind}}}", message + b"\r\n")


def appended(rules):
    def test(t):
        server = shared_server(t)
        user = server.user(CLEAN[:1])
        client = client_at(t, port_before(t, server, rules=rules), user)
        large = HEAD + b"Subject: large\r\n\r\n" + b"a line of a large message\r\n" * 200_000
        for message, kind in ((CLEAN[1], ""), (CLEAN[2], "+"), (large, ""), (large, "+"), (CLEAN[3], "+")):
            status, _ = append(client, message, kind, options='(\\Flagged) "03-Nov-2025 10:00:00 +0100" ')
            expect(re.match(r"OK \[APPENDUID \d+ \d+\]", status), "APPEND", status)
        expect(append(client, CLEAN[4], "+", mailbox="nowhere")[0].startswith("NO [TRYCREATE]"), "APPEND to nowhere")
        expect_equal(bodies(client), [CLEAN[0], CLEAN[1], CLEAN[2], large, large, CLEAN[3]], "what is there")
        found = client.fetch("2", "(FLAGS INTERNALDATE)")[0][1]
        expect_equal((found["INTERNALDATE"].replace(b" 3", b"03"), "\\Flagged" in found["FLAGS"]),
                     (b"03-Nov-2025 09:00:00 +0000", True), "options")
        expect_equal(bodies(client_at(t, server.imap, user)), bodies(client), "as the server has it")
    return test


tests.add("APPEND: literals of each kind, small and of 5 MB, with flags and date", appended(None))
tests.add("rules: APPEND of what is clean", appended(RULES))


@tests
def append_refused(t):
    "rules: APPEND of a virus or a program is refused with [CANNOT], its octets are consumed, and the session goes on"
    if GATEPOST == "none":
        raise Skip("it is gatepost that has rules")
    server = shared_server(t)
    client = client_at(t, before(t, server, rules=RULES).address[1], server.user(CLEAN[:1]))
    virus = HEAD + b"Subject: a virus\r\n\r\n" + EICAR + b"\r\nx1 LOGOUT\r\n"
    for message in [virus, *(m.data for m in STINGING)]:
        for kind in ("", "+"):
            status, _ = append(client, message, kind)
            expect(status.startswith("NO [CANNOT]"), "APPEND", status)
            client.ok("NOOP")
    tags = [client.begin(f"APPEND INBOX {{{len(m)}+}}", m + b"\r\n") for m in (CLEAN[1], virus, CLEAN[2], virus)]
    tags.append(client.begin("NOOP"))
    expect_equal([client.finish(tag)[0].split()[0] for tag in tags], ["OK", "NO", "OK", "NO", "OK"], "in the pipeline")
    expect_equal(bodies(client), CLEAN[:3], "what is there")


def several(rules):
    """MULTIAPPEND: all of them, or none."""
    def test(t):
        server = shared_server(t)
        user = server.user(CLEAN[:1])
        client = client_at(t, port_before(t, server, rules=rules), user)
        expect("MULTIAPPEND" in client.capabilities(), "it is not offered")
        large = HEAD + b"Subject: large\r\n\r\n" + b"a line of a large message\r\n" * 20_000
        for kinds in (("", "", ""), ("+", "+", "+"), ("+", "", "+")):
            messages = [CLEAN[1], large, CLEAN[2]]
            heads = ["APPEND INBOX (\\Flagged) ", ' "03-Nov-2025 10:00:00 +0100" ', " "]
            texts = [f"{head}{{{len(m)}{kind}}}".encode() for head, m, kind in zip(heads, messages, kinds)]
            after = [text + b"\r\n" for text in texts[1:]] + [b"\r\n"]
            status, _ = client.command(texts[0], *[m + text for m, text in zip(messages, after)])
            expect(re.match(r"OK \[APPENDUID \d+ \d+:\d+\]", status), "APPEND", status)
        if rules:
            virus = HEAD + b"Subject: a virus\r\n\r\n" + EICAR + b"\r\n"
            status, _ = client.command(f"APPEND INBOX {{{len(CLEAN[3])}+}}", CLEAN[3] + b" {%d+}\r\n" % len(virus),
                                       virus + b" {%d+}\r\n" % len(CLEAN[4]), CLEAN[4] + b"\r\n")
            expect(status.startswith("NO [CANNOT]"), "APPEND", status)
        expect_equal(bodies(client), [CLEAN[0], *[CLEAN[1], large, CLEAN[2]] * 3], "what is there")
        expect_equal(bodies(client_at(t, server.imap, user)), bodies(client), "as the server has it")
    return test


tests.add("MULTIAPPEND: literals of each kind, flags and dates", several(None))
tests.add("rules: MULTIAPPEND: of what is clean, and of what is not", several(RULES))


# Compression.

def compressed(rules):
    def test(t):
        if GATEPOST == "none":
            raise Skip("it is gatepost that compresses")
        server = shared_server(t)
        user = server.user(CLEAN)
        gatepost = before(t, server, rules=rules, level="debug")
        client = t.imap_client(gatepost)
        client.login(user, SECRET)
        expect("COMPRESS=DEFLATE" in client.capabilities(), "it is not offered")
        client.compress()
        client.ok("SELECT INBOX")
        expect("compress_upstream" in gatepost.steps(), "the server was not asked")
        expect_equal([client.fetch(n) for n in range(1, len(CLEAN) + 1)], CLEAN, "messages")
        large = HEAD + b"Subject: large\r\n\r\n" + b"".join(b"%d lines of text\r\n" % n for n in range(300_000))
        expect(client.append(large).ok, "APPEND")
        tag = client.begin("IDLE")
        while client.response().tag != b"+":
            pass
        append(client_at(t, server.imap, user), CLEAN[0])
        while not client.response().raw.endswith(b"EXISTS"):
            pass
        client.send("DONE\r\n")
        expect(client.answer(tag).ok, "DONE")
        expect_equal([client.fetch(n) for n in (len(CLEAN) + 1, len(CLEAN) + 2)], [large, CLEAN[0]], "what came")
        expect(client.socket.came < len(large) / 2, "octets to the client", client.socket.came)
        client.logout()
    return test


tests.add("COMPRESS: a session, compressed towards the server too", compressed(None))
tests.add("rules: COMPRESS", compressed(RULES))


# Others at the same mailbox.

def idle(rules):
    def test(t):
        server = shared_server(t)
        user = server.user(CLEAN[:2])
        port = port_before(t, server, rules=rules)
        idling, busy = client_at(t, port, user), client_at(t, port, user)
        for number, message in enumerate([CLEAN[2], SPAM], 3):
            tag = idling.begin("IDLE")
            idling.continuation(tag)
            append(busy, message)
            while not (told := idling.response()).endswith(b"EXISTS"):
                expect(told.startswith(b"* "), "while idling", told)
            expect_equal(told, b"* %d EXISTS" % number, "told while idling")
            idling.send("DONE\r\n")
            expect(idling.finish(tag)[0].startswith("OK"), "DONE")
            expect_equal(idling.fetch(number, "(BODY.PEEK[])")[0][1]["BODY[]"], message, "what came")
        tag = idling.begin("IDLE")
        idling.continuation(tag)
        busy.ok("STORE 1 +FLAGS (\\Deleted)")
        busy.ok("EXPUNGE")
        while not idling.response().endswith(b"1 EXPUNGE"):
            pass
        idling.send("DONE\r\n")
        expect(idling.finish(tag)[0].startswith("OK"), "DONE")
        expect_equal([items["BODY[]"] for _, items in idling.fetch("1:*", "(BODY.PEEK[])")], [CLEAN[1], CLEAN[2], SPAM], "left")
    return test


tests.add("IDLE: what comes and goes is told while idling", idle(None))
tests.add("rules: IDLE", idle(RULES))


@tests
def junk(t):
    "rules: spam gets $Junk and no \\Seen, in its mailbox and not where keywords cannot be set"
    if GATEPOST == "none":
        raise Skip("it is gatepost that has rules")
    server = shared_server(t)
    user = server.user([CLEAN[0], SPAM, CLEAN[1]])
    client = client_at(t, before(t, server, rules=RULES).address[1], user)
    client.ok("EXAMINE INBOX")
    expect_equal(client.fetch("2", "(BODY.PEEK[])")[0][1]["BODY[]"], SPAM, "spam")
    expect(not any("$Junk" in of for of in flags(client_at(t, server.imap, user)).values()), "marked in a mailbox examined")
    other = client_at(t, before(t, server, rules=RULES).address[1], user)
    other.fetch("1:*", "(BODY.PEEK[TEXT])")
    marks = flags(client_at(t, server.imap, user))
    expect_equal({uid: of - {"\\Recent"} for uid, of in marks.items()}, {1: set(), 2: {"$Junk"}, 3: set()}, "flags")


@tests
def marked_once(t):
    "rules: spam that is marked comes in one response, though a server tells of the mark (CONDSTORE), and has it then"
    if GATEPOST == "none":
        raise Skip("it is gatepost that has rules")
    server = shared_server(t)
    for uid in ("", "UID "):
        client = client_at(t, before(t, server, rules=RULES).address[1], server.user([CLEAN[0], SPAM, CLEAN[1]]))
        client.ok("ENABLE CONDSTORE")
        fetched = client.read(client.ok(f"{uid}FETCH 1:* (BODY.PEEK[])"))
        expect_equal([items.get("BODY[]") for _, items in fetched], [CLEAN[0], SPAM, CLEAN[1]], "FETCH responses")
        changed = client.read(client.ok("FETCH 1:* (FLAGS) (CHANGEDSINCE 1)"))
        expect({number for number, items in changed if "$Junk" in items["FLAGS"]} == {2}, "what has changed", changed)


class Changing:
    """A mailbox that somebody else changes while it is looked at."""

    def __init__(self, t, qresync):
        self.server, self.rng = shared_server(t), random.Random(SEED)
        self.pool = [(m.data, m.stings) for m in STINGING] + [(Maker(n).make(), []) for n in range(30)]
        self.pool = [(data.replace(b"\0", b""), stings) for data, stings in self.pool]
        self.held = self.rng.sample(self.pool, 12)
        self.user = self.server.user([data for data, _ in self.held])
        self.by_uid = dict(enumerate(self.held, 1))
        port = port_before(t, self.server, rules=RULES)
        self.client, self.other = client_at(t, port), client_at(t, self.server.imap, self.user)
        self.client.login(self.user, SECRET)
        if qresync:
            self.client.ok("ENABLE QRESYNC")
        self.client.ok("SELECT INBOX")
        self.responses = []

    def change(self):
        if self.rng.random() < 0.5:
            message = self.rng.choice(self.pool)
            status, _ = append(self.other, message[0], "+")
            self.by_uid[int(re.search(r"APPENDUID \d+ (\d+)", status)[1])] = message
        else:
            self.other.ok("NOOP")
            uid = self.rng.choice(list(flags(self.other)) or [0])
            self.other.ok(f"UID STORE {uid} +FLAGS (\\Deleted)")
            self.other.ok("EXPUNGE")

    def look(self):
        """Some FETCHes in the pipeline; what comes belongs to its UID."""
        sets = ["1:*", "1", "*", "2:4"]
        tags = [self.client.begin(f"{self.rng.choice(['UID ', ''])}FETCH {self.rng.choice(sets)} (UID {item})")
                for item in self.rng.choices(["BODY.PEEK[]", "FLAGS", "RFC822.SIZE BODY.PEEK[]"], k=3)]
        for tag in [*tags, self.client.begin("NOOP")]:
            for _, items in self.client.read(self.client.finish(tag)[1]):
                if items.get("BODY[]") is not None:  # NIL of what is gone, but not told to be
                    self.check(items)

    def check(self, items):
        data, stings = self.by_uid[items["UID"]]
        got = items["BODY[]"]
        expect_equal(len(got), len(data), f"octets of UID {items['UID']}")
        expect(not any(sting in got for sting in stings), "a sting came", got)
        expect(stings or got == data, "clean, but changed", data, got)


def changing(qresync):
    def test(t):
        if GATEPOST == "none":
            raise Skip("it is gatepost that has rules")
        box = Changing(t, qresync)
        for _ in range(40):
            for _ in range(box.rng.randint(0, 3)):
                box.change()
            box.look()
        box.client.ok("NOOP")
        box.other.ok("NOOP")
        expect_equal(sorted(flags(box.client)), sorted(flags(box.other)), "UIDs at the end")
    return test


tests.add("rules: messages come and go between FETCHes", changing(False))
tests.add("rules: messages come and vanish (QRESYNC) between FETCHes", changing(True))


@tests
def pipelined(t):
    "rules: a hundred FETCHes at once, of messages that nobody has judged, are answered as asked"
    if GATEPOST == "none":
        raise Skip("it is gatepost that has rules")
    server = shared_server(t)
    client = client_at(t, before(t, server, rules=RULES).address[1], server.user(MIXED))
    tags = [(client.begin(f"FETCH {n % len(MIXED) + 1} (BODY.PEEK[]<{n}.100> BODY.PEEK[])"), n) for n in range(100)]
    for tag, n in tags:
        status, responses = client.finish(tag)
        expect(status.startswith("OK"), "FETCH", status)
        for number, items in client.read(responses):
            whole = items["BODY[]"]
            expect(whole == MIXED[number - 1] or MIXED[number - 1] not in CLEAN, "clean, but changed")
            for name, value in items.items():
                at = int(re.sub(r"BODY\[\](<(\d+)>)?", r"\2", name) or 0) if name.startswith("BODY[]<") else 0
                expect(whole[at:].startswith(value), "a range", number, name)


tests.run()
