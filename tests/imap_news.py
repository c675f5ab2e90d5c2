#!/usr/bin/python3
"""New mail by IMAP before a real Dovecot: it is judged before the client is told of
it, spam is moved before anybody sees it, and what was shown of a message goes along
with it.

    GATEPOST=src/gatepost python3 tests/imap_news.py [WORD…]"""

import os
import random
import re
import signal
import sqlite3
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "lib")]

from dovecot import SECRET, shared_dovecot  # noqa: E402
from gatepost_test import PATIENCE, Tests, expect, expect_equal, merged  # noqa: E402
from imap_mail import JUDGED, RULES, stinging  # noqa: E402
from imap_reader import ImapReader  # noqa: E402
from imap_upstream import CAPABILITIES  # noqa: E402

tests = Tests()

SEED = int(os.environ.get("GATEPOST_TEST_SEED", "20251105"))

HEAD = (b"From: sender@example.org\r\nTo: ada@example.org\r\nDate: Mon, 3 Nov 2025 10:00:00 +0100\r\n"
        b"MIME-Version: 1.0\r\n")
CLEAN = [HEAD + b"Subject: number %d\r\n\r\ngood day\r\n" % n for n in range(12)]
SPAM = [HEAD + b"Subject: you won lottery %d\r\n\r\nindeed\r\n" % n for n in range(4)]
STING = stinging(3)


def before(t, dovecot, policy, rules, single):
    changes = {"log": {"level": "info"}, "run": {"proxies": 1, "scanners": 1}, "upstreams": {"mta": {"tls": {"mode": "none"}}},
               "policies": {"inbound": merged(JUDGED, policy)}}
    return t.imap_gatepost(("localhost", dovecot.imap), changes, rules=rules, single=single)


class Post:
    """A user's mailbox, as its reader sees it through gatepost and as it is."""

    def __init__(self, t, messages=(), policy=None, rules=RULES, single=True):
        self.t, self.dovecot, self.clients = t, shared_dovecot(t), []
        self.user = self.dovecot.user(messages)
        self.gatepost = before(t, self.dovecot, policy or {"spam": "move"}, rules, single)
        self.direct = self.at(("127.0.0.1", self.dovecot.imap))

    def at(self, address):
        client = ImapReader(address, PATIENCE)
        self.t.callback(client.close)
        client.login(self.user, SECRET)
        return client

    def client(self, select="SELECT INBOX", enable=None):
        client = self.at(self.gatepost.address)
        self.clients.append(client)
        if enable:
            client.ok(f"ENABLE {enable}")
        client.told = client.ok(select) if select else []
        return client

    def visit(self):
        """Somebody reads, so that gatepost knows the mailbox."""
        self.client().ok("LOGOUT")

    def deliver(self, *messages, mailbox="INBOX"):
        for message in messages:
            status, _ = self.direct.command(f"APPEND {mailbox} {{{len(message)}+}}", message + b"\r\n")
            expect(status.startswith("OK"), "APPEND", status)

    def really(self, mailbox):
        """[(message, flags)…] as Dovecot has them."""
        self.direct.ok(f"EXAMINE {mailbox}")
        found = [(items["BODY[]"], set(items["FLAGS"])) for _, items in self.direct.read(
            self.direct.command("FETCH 1:* (FLAGS BODY.PEEK[])")[1])]
        self.direct.ok("UNSELECT")
        return found


def told(responses, word):
    """The numbers of such responses, in their order."""
    found = (re.match(rb"\* (\d+) %b\Z" % word.encode(), one) for one in responses)
    return [int(one[1]) for one in found if one]


def read(client, items="(UID BODY.PEEK[])", which="1:*"):
    """In the order of their numbers, in which they need not come."""
    found = client.read(client.command(f"FETCH {which} {items}")[1])
    return [one["BODY[]"] for _, one in sorted(found, key=lambda numbered: numbered[0])]


def until_exists(client, number):
    """What comes up to "* number EXISTS"."""
    came = []
    while not came or not came[-1].endswith(b" EXISTS"):
        came.append(client.response())
    expect_equal(came[-1], b"* %d EXISTS" % number, "told")
    return came


def expect_moved(post, inbox, spam):
    expect_equal([m for m, _ in post.really("INBOX")], inbox, "INBOX")
    junk = post.really("Junk")
    expect_equal([m for m, _ in junk], spam, "Junk")
    expect(all("$Junk" in flags for _, flags in junk), "not marked", junk)


# Spam is moved.

@tests
def moved_while_idling(t):
    "spam: move: what comes while a client idles is told when it was judged, and spam never"
    post = Post(t, CLEAN[:2])
    client = post.client()
    tag = client.begin("IDLE")
    client.continuation(tag)
    post.deliver(CLEAN[2])
    until_exists(client, 3)
    post.deliver(SPAM[0], CLEAN[3])
    until_exists(client, 4)
    post.deliver(SPAM[1], SPAM[2])
    post.deliver(CLEAN[4])
    until_exists(client, 5)
    client.send("DONE\r\n")
    status, rest = client.finish(tag)
    expect(status.startswith("OK"), "DONE", status)
    expect_equal(told(rest, "EXISTS") + told(rest, "EXPUNGE"), [], "told besides")
    expect_equal(read(client), CLEAN[:5], "read")
    expect(not any(b"lottery" in one or b"EXPUNGE" in one for one in client.octets), "spam was seen")
    expect_moved(post, CLEAN[:5], SPAM[:3])


@tests
def moved_before_select(t):
    "spam: move: what came while nobody looked is moved before SELECT is answered; what was there before is only marked"
    post = Post(t, [CLEAN[0], SPAM[0]])
    post.visit()
    post.deliver(SPAM[1], CLEAN[1], SPAM[2], CLEAN[2])
    client = post.client()
    expect_equal(told(client.told, "EXISTS"), [4], "EXISTS")
    expect_equal(told(client.told, "EXPUNGE"), [], "EXPUNGE")
    expect_equal(read(client), [CLEAN[0], SPAM[0], CLEAN[1], CLEAN[2]], "read")
    expect_moved(post, [CLEAN[0], SPAM[0], CLEAN[1], CLEAN[2]], [SPAM[1], SPAM[2]])


@tests
def moved_between_commands(t):
    "spam: move: NOOP tells what is new; a command by number waits for it, and spam for one that lets numbers change"
    post = Post(t, CLEAN[:2])
    client = post.client()
    post.deliver(SPAM[0], CLEAN[2])
    expect_equal(told(client.ok("NOOP"), "EXISTS"), [3], "by NOOP")
    post.deliver(CLEAN[3], SPAM[1], CLEAN[4])
    client.ok("FETCH 1 (UID)")
    post.direct.ok("NOOP")
    found = client.ok("SEARCH ALL")
    numbers = [int(n) for n in found[-1].split()[2:]]
    expect(numbers in ([1, 2, 3], [1, 2, 3, 4]), "found", found)
    expect(all(items["UID"] <= 105 for _, items in client.fetch("1:*", "(UID)")), "hidden ones are shown")
    client.ok("NOOP")
    expect_equal(read(client), CLEAN[:5], "read")
    expect(not any(b"lottery" in one or b"EXPUNGE" in one for one in client.octets), "spam was seen")
    expect_moved(post, CLEAN[:5], SPAM[:2])


@tests
def moved_and_others_expunge(t):
    "spam: move: what others expunge meanwhile is told of what the client knows"
    post = Post(t, CLEAN[:4])
    client = post.client()
    tag = client.begin("IDLE")
    client.continuation(tag)
    post.direct.ok("SELECT INBOX")
    post.direct.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
    post.deliver(SPAM[0])
    post.direct.ok("EXPUNGE")
    post.deliver(SPAM[1], CLEAN[4])
    came = until_exists(client, 4)
    expect_equal(told(came, "EXPUNGE"), [2], "expunged")
    client.send("DONE\r\n")
    client.finish(tag)
    expect_equal(read(client), [CLEAN[0], *CLEAN[2:5]], "read")


@tests
def moved_for_qresync(t):
    "spam: move: a client with QRESYNC hears neither of spam nor that it vanished"
    post = Post(t, CLEAN[:3])
    client = post.client(enable="QRESYNC")
    uidvalidity, modseq = (re.search(rb"\[%b (\d+)\]" % word, b"".join(client.told))[1].decode()
                           for word in (b"UIDVALIDITY", b"HIGHESTMODSEQ"))
    client.ok("LOGOUT")
    post.deliver(SPAM[0], CLEAN[3])
    post.direct.ok("SELECT INBOX")
    post.direct.ok("STORE 1 +FLAGS (\\Flagged)")
    post.direct.ok("STORE 2 +FLAGS (\\Deleted)")
    post.direct.ok("EXPUNGE")
    client = post.client(f"SELECT INBOX (QRESYNC ({uidvalidity} {modseq}))", enable="QRESYNC")
    expect_equal(told(client.told, "EXISTS"), [3], "EXISTS")
    flagged = client.read(client.told)
    expect_equal([(number, "\\Flagged" in items["FLAGS"]) for number, items in flagged], [(1, True)], "changed")
    vanished = [one for one in client.told if b"VANISHED" in one]
    expect(len(vanished) == 1 and vanished[0].startswith(b"* VANISHED (EARLIER) "), "vanished", vanished)
    tag = client.begin("IDLE")
    client.continuation(tag)
    post.deliver(SPAM[1], CLEAN[4])
    came = until_exists(client, 4)
    expect(not any(b"VANISHED" in one for one in came), "vanished", came)
    post.direct.ok("UID STORE 3 +FLAGS.SILENT (\\Deleted)")
    post.direct.ok("EXPUNGE")
    while not (one := client.response()).startswith(b"* VANISHED"):
        pass
    expect_equal(one, b"* VANISHED 3", "expunged by others")
    client.send("DONE\r\n")
    client.finish(tag)
    expect_equal(read(client), [CLEAN[0], CLEAN[3], CLEAN[4]], "read")


@tests
def not_moved_elsewhere(t):
    "spam: move: in other mailboxes, and under EXAMINE, spam is not moved; under SELECT it gets its mark later"
    post = Post(t, CLEAN[:1])
    post.visit()
    post.deliver(SPAM[0], mailbox="Sent")
    post.deliver(SPAM[1])
    client = post.client("SELECT Sent")
    expect_equal(read(client), SPAM[:1], "in Sent")
    client.ok("EXAMINE INBOX")
    expect_equal(read(client), [CLEAN[0], SPAM[1]], "under EXAMINE")
    expect("$Junk" not in post.really("INBOX")[1][1], "marked under EXAMINE")
    client.ok("SELECT INBOX")
    read(client)
    expect("$Junk" in post.really("INBOX")[1][1], "not marked under SELECT")
    expect_equal(post.really("Junk"), [], "Junk")


@tests
def moved_back(t):
    "spam: move: what a user moves back from Junk stays, also when another of his programs idles in INBOX"
    post = Post(t, CLEAN[:1])
    idling = post.client()
    tag = idling.begin("IDLE")
    idling.continuation(tag)
    post.deliver(SPAM[0], CLEAN[1])
    until_exists(idling, 2)
    expect_moved(post, CLEAN[:2], SPAM[:1])
    other = post.client("SELECT Junk")
    other.ok("UID MOVE 1 INBOX")
    until_exists(idling, 3)
    idling.send("DONE\r\n")
    idling.finish(tag)
    expect_equal(read(idling), [*CLEAN[:2], SPAM[0]], "read")
    expect_equal(post.really("Junk"), [], "Junk")


@tests
def many_at_once(t):
    "spam: move: hundreds of new messages come in batches, and all of them come"
    post = Post(t, CLEAN[:1])
    post.visit()
    wanted = [CLEAN[n % 12] for n in range(230)]
    for number, message in enumerate(wanted):
        post.deliver(message)
        if number % 40 == 5:
            post.deliver(SPAM[0])
    client = post.client()
    first = told(client.told, "EXISTS")
    expect(len(first) == 1 and 1 < first[0] <= 101, "told first", first)
    expect_equal(told(client.ok("NOOP"), "EXISTS")[-1], 231, "told in the end")
    expect_equal(read(client), CLEAN[:1] + wanted, "read")
    expect_equal(len(post.really("Junk")), 6, "Junk")


# Anything at any time.

class Model:
    """What a client believes, and whether it may."""

    def __init__(self, client, sees_spam):
        self.client, self.sees_spam, self.uids, self.numbers_hold = client, sees_spam, [], False

    def hear(self, response):
        expect(self.sees_spam or b"lottery" not in response, "spam was seen", response)
        found = re.match(rb"\* (\d+) (EXISTS|EXPUNGE|FETCH)\b", response)
        number, word = (int(found[1]), found[2]) if found else (0, b"")
        if word == b"EXISTS":
            expect(number >= len(self.uids), "EXISTS lowers", number, self.uids)
            self.uids += [None] * (number - len(self.uids))
        elif word == b"EXPUNGE":
            expect(not self.numbers_hold and number <= len(self.uids), "EXPUNGE", number, self.uids)
            del self.uids[number - 1]
        elif word == b"FETCH":
            self.hear_fetch(number, response)
        elif response.startswith(b"* VANISHED ") and b"EARLIER" not in response:
            self.hear_vanished(response)
        elif response.startswith(b"* SEARCH"):
            expect(all(int(n) <= len(self.uids) for n in response.split()[2:]) or self.by_uid, "SEARCH", response, self.uids)

    def hear_fetch(self, number, response):
        expect(number <= len(self.uids), "FETCH of what is not known", response, self.uids, self.client.octets[-30:])
        items = self.client.read([response])[0][1]
        if "UID" in items:
            expect(self.uids[number - 1] in (None, items["UID"]), "another message", response, self.uids)
            self.uids[number - 1] = items["UID"]

    def hear_vanished(self, response):
        expect(not self.numbers_hold, "VANISHED", response)
        for one in response.split()[2].split(b","):
            low, _, high = one.partition(b":")
            for uid in range(int(low), int(high or low) + 1):
                known = uid if uid in self.uids else None  # it may not have asked for its UID
                expect(known in self.uids, "vanished, but not known", response, self.uids)
                self.uids.remove(known)

    def say(self, command):
        self.by_uid = command.startswith("UID")
        self.numbers_hold = command.split()[0] in ("FETCH", "STORE", "SEARCH")
        status, responses = self.client.command(command)
        for response in responses:
            self.hear(response)
        # Of a message that went without the client's knowing there may be nothing to show.
        expect(status.startswith(("OK", "NO [UNAVAILABLE]")) or not self.uids, command, status)
        if command.startswith("FETCH 1:*") and status.startswith("OK"):
            expect(None not in self.uids, "not all were told", command, responses, self.uids)

    def idle(self, change):
        self.numbers_hold = False
        tag = self.client.begin("IDLE")
        while not (response := self.client.response()).startswith(b"+"):
            self.hear(response)
        change()
        self.client.send("DONE\r\n")
        for response in self.client.finish(tag)[1]:
            self.hear(response)


COMMANDS = ("NOOP", "FETCH 1:* (UID)", "UID FETCH 1:* (UID FLAGS)", "FETCH 1:* (UID BODY.PEEK[TEXT])",
            "UID FETCH 1:* (RFC822.SIZE BODY.PEEK[])", "FETCH * (UID ENVELOPE)", "SEARCH ALL",
            "UID SEARCH UNDELETED", "STORE 1:* +FLAGS (\\Seen)", "UID STORE 1:* -FLAGS (\\Seen)")


def anything(policy, qresync=False):
    def test(t):
        rng = random.Random(SEED)
        post = Post(t, CLEAN[:3], policy)
        client = post.client(None)
        if qresync:
            client.ok("ENABLE QRESYNC")
        model = Model(client, "spam" not in policy)
        model.say("SELECT INBOX")
        model.say("FETCH 1:* (UID)")
        post.direct.ok("SELECT INBOX")
        spam = 0

        def change():
            nonlocal spam
            for _ in range(rng.randint(0, 3)):
                chosen = rng.choice(["clean", "clean", "spam", "sting", "gone"])
                if chosen == "gone":
                    post.direct.command(f"STORE {rng.randint(1, 9)} +FLAGS.SILENT (\\Deleted)")
                    post.direct.ok("EXPUNGE")
                else:
                    spam += chosen == "spam"
                    post.deliver(rng.choice({"clean": CLEAN, "spam": SPAM, "sting": [STING.data]}[chosen]))

        for _ in range(40):
            change()
            command = rng.choice([*COMMANDS, "IDLE", "SELECT"])
            if command == "IDLE":
                model.idle(change)
            elif command == "SELECT":
                model.uids = []
                model.say("SELECT INBOX")
            else:
                model.say(command)
            model.say("UID FETCH 1:* (UID)")
        model.say("NOOP")
        model.say("FETCH 1:* (UID)")
        post.direct.ok("NOOP")
        left = [items["UID"] for _, items in post.direct.fetch("1:*", "(UID)")]
        expect_equal(model.uids, left, "what the client believes in the end")
        if "spam" in policy:
            expect(spam - len(post.really("Junk")) <= spam // 2, "in Junk", spam)
    return test


tests.add("spam: move: whatever comes and goes at any time, a client knows what it may", anything({"spam": "move"}))
tests.add("spam: move: the same with QRESYNC", anything({"spam": "move"}, True))
tests.add("layout: rewrite: the same", anything({"layout": "rewrite"}))
tests.add("layout: rewrite and spam: move: the same with QRESYNC", anything({"layout": "rewrite", "spam": "move"}, True))


# layout: rewrite.

@tests
def rewritten(t):
    "layout: rewrite: new messages are judged before they are told, and what is told of them holds from the first time on"
    post = Post(t, [STING.data], {"layout": "rewrite"})
    post.visit()
    post.deliver(STING.data, CLEAN[1], SPAM[0])
    client = post.client()
    expect_equal(told(client.told, "EXISTS"), [4], "EXISTS")
    post.gatepost.wait_event("message", 3)
    tag = client.begin("IDLE")
    client.continuation(tag)
    post.deliver(STING.data)
    until_exists(client, 5)
    post.gatepost.wait_event("message", 4)
    client.send("DONE\r\n")
    client.finish(tag)
    sizes = [items["RFC822.SIZE"] for _, items in sorted(client.fetch("1:*", "(RFC822.SIZE)"), key=lambda numbered: numbered[0])]
    bodies = read(client)
    expect_equal(sizes, [len(body) for body in bodies], "sizes")
    expect_equal((sizes[0], bodies[2]), (len(STING.data), CLEAN[1]), "what was there before, and what is clean")
    expect(bodies[1] != bodies[0] and bodies[1] == bodies[4] and b"[SPAM]" in bodies[3], "layouts", bodies)
    expect(not any(sting in body for body in bodies for sting in STING.stings), "a sting came")
    client.ok("LOGOUT")
    expect_equal(read(post.client()), bodies, "in another session")


# What was shown goes along.

NO_RULES = "rules:\n- { name: NONE, when: { attachment: { extension: [nothing] } }, then: strip }\n"


def reload_without_rules(gatepost):
    gatepost.write_rules(NO_RULES)
    gatepost.signal(signal.SIGHUP)
    gatepost.wait_event("ended", child="^proxy$")


def forget_rules(post):
    """From now on no client meets the old rules."""
    for client in post.clients:
        client.close()
    reload_without_rules(post.gatepost)


def shown(client, mailbox):
    client.ok(f"SELECT {mailbox}")
    return read(client)


def keeps_view(command):
    def test(t):
        post = Post(t, [CLEAN[0], STING.data, CLEAN[1]], single=False)
        seen = read(post.client())[1]
        expect(not any(sting in seen for sting in STING.stings), "a sting came")
        post.client().ok(command)  # by a session that has read nothing yet
        forget_rules(post)
        expect(seen in shown(post.client(None), "Sent"), "another view in the other mailbox")
        post.deliver(STING.data)
        expect_equal(shown(post.client(None), "INBOX")[-1], STING.data, "by the new rules")
    return test


for command in ("MOVE 2 Sent", "UID MOVE 2 \"Sent\"", "COPY 1:2 {4+}\r\nSent", "UID COPY 1:2 Sent"):
    tests.add(f"what was shown of a message is shown in the other mailbox, whatever the rules are now: {command[:11]}",
              keeps_view(command))


@tests
def moved_keeps_view(t):
    "spam: move: what was removed of spam stays so in its mailbox"
    spam = STING.data.replace(b"Subject: ", b"Subject: a lottery ", 1)
    post = Post(t, single=False)
    post.visit()
    post.deliver(spam)
    expect_equal(told(post.client().told, "EXISTS"), [0], "EXISTS")
    forget_rules(post)
    found = shown(post.client(None), "Junk")
    expect(len(found) == 1 and not any(sting in found[0] for sting in STING.stings), "a sting came", found)


def grow_older(gatepost, quarters):
    """What is remembered by the server's names of messages."""
    with sqlite3.connect(f"{gatepost.folder}/quarantine/views.db") as db:
        owners = db.execute("SELECT id, CAST(mailbox AS TEXT) FROM owner WHERE CAST(mailbox AS TEXT) LIKE 'imap objects %'").fetchall()
        for owner, name in sorted(owners, key=lambda one: int(one[1].split()[2])):
            older = b"imap objects %d" % (int(name.split()[2]) - quarters)
            db.execute("UPDATE owner SET mailbox = ? WHERE id = ?", (older, owner))
    expect(owners, "nothing is remembered")


@tests
def named_alike(t):
    "what was shown of a message that the server names alike everywhere is remembered for two quarters from when it was last found"
    upstream = t.imap_upstream([STING.data], capabilities=(*CAPABILITIES, "OBJECTID"))
    changes = {"run": {"proxies": 1, "scanners": 1}, "policies": {"inbound": JUDGED}}
    gatepost = t.imap_gatepost(upstream, changes, rules=RULES, single=False)

    def look(uidvalidity):
        upstream.mailbox.uidvalidity = uidvalidity  # another mailbox
        client = t.imap_client(gatepost)
        client.login()
        client.ok("SELECT INBOX")
        message = client.fetch(1)
        client.ok("SELECT INBOX")
        expect_equal(client.fetch(1), message, "what the keeper was told")
        client.logout()
        return message

    seen = look(7)
    expect(not any(sting in seen for sting in STING.stings), "a sting came")
    reload_without_rules(gatepost)
    for uidvalidity in (8, 9):
        grow_older(gatepost, 1)
        expect_equal(look(uidvalidity), seen, "a quarter later")
    grow_older(gatepost, 2)
    expect_equal(look(10), STING.data, "half a year later")


tests.run()
