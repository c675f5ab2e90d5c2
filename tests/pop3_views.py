#!/usr/bin/python3
"""What the reader of a filtered maildrop is shown of each message: sizes and
octets agree, in this login and in the next, whatever becomes of the rules; and
what is hidden is not there.

    GATEPOST=src/gatepost python3 tests/pop3_views.py [WORD…]"""

import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from gatepost_test import GATEPOST, PATIENCE, Tests, expect, expect_equal  # noqa: E402
from pop3_mail import CLEAN, HEAD, RULES, SPAM, asked, before, refused, visit  # noqa: E402
from smtp_client import dot_stuffed  # noqa: E402

tests = Tests()

NO_BUDGET = {"pop3": {"scan_budget": "0s"}}
MIXED = [CLEAN[0], SPAM, CLEAN[2]]
TAGGED_BEGINS = b"X-Spam-Flag: YES\r\n"
# As servers send them: nothing that programs could read in two ways, but what is no proper text.
ODD = {
    "dots": HEAD + b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n\r\n.\r\n",
    "bare line ends": HEAD + b"Subject: bare\r\n\r\none\ntwo\rthree\n.\nfour\r\r\n\n\r\nend\r\n",
    "NUL and 8-bit": HEAD + b"Subject: octets\r\n\r\n\0" + bytes(range(128, 256)) + b"\0\r\n",
    "no final newline": HEAD + b"Subject: cut\r\n\r\nno newline",
    "no body": HEAD + b"Subject: head\r\n\r\n",
    "a long line": HEAD + b"Subject: long\r\n\r\n" + b"y" * 100_000 + b"\r\n",
    "large": HEAD + b"Subject: large\r\n\r\n" + b".a line of a large message\r\n" * 20_000,
}




def octets_on_wire(client, message):
    """Reads as many octets as that message has on the wire, and says whether they are it."""
    stuffed = dot_stuffed(message)
    return client.take(len(stuffed)) == stuffed


def expect_consistent(client, numbers):
    """LIST, LIST n, STAT, RETR and TOP tell of the same octets; the messages."""
    sizes = client.sizes()
    expect_equal(list(sizes), numbers, "numbers")
    count, total = map(int, client.ok("STAT").split()[:2])
    expect_equal((count, total), (len(sizes), sum(sizes.values())), "STAT")
    messages = {}
    for number, size in sizes.items():
        expect_equal(client.ok(f"LIST {number}").split()[:2], [str(number), str(size)], "LIST n")
        messages[number] = client.retrieve(number)
        expect_equal(len(messages[number]), size, f"octets of message {number}")
        expect_equal(client.top(number, 99999999), messages[number], "TOP of all lines")
        head = messages[number].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        expect_equal(client.top(number, 0), head, "TOP of the header")
        body = messages[number][len(head):].splitlines(keepends=True)
        expect_equal(client.top(number, 1), head + b"".join(body[:1]), "TOP of a line")
    return messages


def opened(gatepost, count=1):
    """The log line of the count-th maildrop: how many (messages, hidden, unjudged)."""
    line = gatepost.wait_event("maildrop", count)
    return tuple(int(line[key]) for key in ("messages", "hidden", "unjudged"))


# The octets.

@tests
def byte_for_byte(t):
    "what no rule touches comes byte for byte: fetched ahead, passed, and fetched for RETR"
    upstream = t.pop3_upstream({name.replace(" ", "-"): message for name, message in ODD.items()})
    gatepost = before(t, upstream)
    for login in ("fetched ahead", "passed"):
        client = visit(t, gatepost)
        sizes = client.sizes()
        for number, message in enumerate(ODD.values(), 1):
            client.ok(f"RETR {number}")
            expect(octets_on_wire(client, message), login, message[:200])
            expect_equal(sizes[number], len(message) + (0 if message.endswith(b"\r\n") else 2), f"{login}: LIST")
        client.quit()
    expect_equal(opened(gatepost, 2), (len(ODD), 0, 0), "the second login")
    expect_equal(asked(upstream, "RETR"), [str(n) for n in range(1, len(ODD) + 1)], "passed")


@tests
def byte_for_byte_unjudged(t):
    "the same when nothing was fetched ahead"
    upstream = t.pop3_upstream(list(ODD.values()))
    client = visit(t, before(t, upstream, NO_BUDGET))
    client.sizes()
    for number, message in enumerate(ODD.values(), 1):
        client.ok(f"RETR {number}")
        expect(octets_on_wire(client, message), "octets", message[:200])
    expect_equal(asked(upstream, "RETR"), [str(n) for n in range(1, len(ODD) + 1)], "RETR")


@tests
def tagged(t):
    "spam is tagged; sizes, TOP and RETR agree, in this login and in the next"
    upstream = t.pop3_upstream(MIXED)
    gatepost = before(t, upstream)
    client = visit(t, gatepost)
    first = expect_consistent(client, [1, 2, 3])
    expect_equal([first[1], first[3]], [CLEAN[0], CLEAN[2]], "clean messages")
    expect(first[2].startswith(TAGGED_BEGINS), "tagged", first[2])
    expect(b"\r\nSubject: [SPAM] you won a lottery\r\n" in first[2], "the subject", first[2])
    expect(first[2].endswith(b"\r\n\r\n.indeed\r\n"), "the body", first[2])
    expect_equal(asked(upstream, "RETR"), ["1", "2", "3"], "RETR")
    client.quit()
    expect_equal(expect_consistent(visit(t, gatepost), [1, 2, 3]), first, "the next login")


# Views.

@tests
def no_fetching_again(t):
    "a second login fetches nothing for STAT, LIST and UIDL"
    upstream = t.pop3_upstream(MIXED)
    gatepost = before(t, upstream)
    client = visit(t, gatepost)
    told = client.ok("STAT"), client.sizes()
    client.quit()
    again = visit(t, gatepost)
    expect_equal((again.ok("STAT"), again.sizes()), told, "the second login")
    expect_equal(again.uids(), {1: "uid-1", 2: "uid-2", 3: "uid-3"}, "UIDL")
    again.quit()
    expect_equal(upstream.said(), ["USER user", "PASS secret", "LIST", "UIDL", "QUIT"], "the upstream was asked")


def reload(gatepost):
    done = subprocess.run([GATEPOST, "ctl", "-c", gatepost.file, "reload"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
    expect_equal(done.returncode, 0, done.stdout)


@tests
def after_rules_changed(t):
    "the same octets are shown after the rules were changed; new messages are judged by the new ones"
    upstream = t.pop3_upstream(MIXED)
    gatepost = before(t, upstream, {"run": {"proxies": 1, "scanners": 1}}, single=False)
    client = visit(t, gatepost)
    first = expect_consistent(client, [1, 2, 3])
    client.quit()
    gatepost.write_rules(RULES.replace("lottery", "number"))
    reload(gatepost)
    gatepost.wait_event("started", child="^proxy$", count=2)
    upstream.maildrop.messages.update({"uid-4": CLEAN[4], "uid-5": SPAM})
    again = expect_consistent(visit(t, gatepost), [1, 2, 3, 4, 5])
    expect_equal({n: again[n] for n in first}, first, "what was shown before")
    expect(again[4].startswith(TAGGED_BEGINS), "by the new rules", again[4])
    expect_equal(again[5], SPAM, "by the old ones no more")


@tests
def wrong_sizes(t):
    "a server that lists wrong sizes: the client is told the right ones"
    upstream = t.pop3_upstream(MIXED, sizes={"uid-1": 7, "uid-2": 1_000_000, "uid-3": 0})
    gatepost = before(t, upstream)
    for _ in range(2):
        client = visit(t, gatepost)
        expect_consistent(client, [1, 2, 3])
        client.quit()
    expect_equal(opened(gatepost, 2), (3, 0, 0), "the second login")


@tests
def without_uids(t):
    "a server without UIDL: messages are judged anew in each login, to the same octets"
    upstream = t.pop3_upstream(MIXED, uidl=False)
    gatepost = before(t, upstream)
    seen = []
    for _ in range(2):
        client = visit(t, gatepost)
        seen.append(expect_consistent(client, [1, 2, 3]))
        refused(client, "UIDL")
        client.quit()
        expect_equal(asked(upstream, "RETR"), ["1", "2", "3"], "RETR")
    expect_equal(seen[0], seen[1], "messages")


class Renaming:
    """UIDL with names of the test's choosing."""

    def __init__(self, names):
        self.names = names

    def __call__(self, session, line):
        if line != b"UIDL":
            return session.usual
        return b"+OK\r\n" + b"".join(b"%d %s\r\n" % (n, self.names[n - 1]) for n in session.numbers()) + b".\r\n"


@tests
def duplicate_uids(t):
    "messages that have one UID: a copy has the same view, another message has not"
    upstream = t.pop3_upstream([SPAM, SPAM, CLEAN[3]], replies={"UIDL": Renaming([b"same"] * 3)})
    gatepost = before(t, upstream)
    for _ in range(3):
        client = visit(t, gatepost)
        seen = expect_consistent(client, [1, 2, 3])
        expect(seen[1] == seen[2] and seen[1].startswith(TAGGED_BEGINS), "the copies", seen[1])
        expect_equal(seen[3], CLEAN[3], "the other message")
        expect_equal(client.uids(), {1: "same", 2: "same", 3: "same"}, "UIDL")
        client.quit()


@tests
def dropped_views(t):
    "a view is dropped when its message is gone: another message may get its UID"
    upstream = t.pop3_upstream(MIXED)
    gatepost = before(t, upstream)
    client = visit(t, gatepost)
    expect_consistent(client, [1, 2, 3])
    client.ok("DELE 2")
    client.quit()
    expect_equal(upstream.maildrop.gone, ["uid-2"], "gone")
    client = visit(t, gatepost)
    expect_equal(list(client.sizes()), [1, 2], "LIST")
    client.quit()
    upstream.maildrop.messages["uid-2"] = CLEAN[8]
    upstream.sizes["uid-2"] = len(SPAM)
    expect_equal(expect_consistent(visit(t, gatepost), [1, 2, 3])[3], CLEAN[8], "the new message of that UID")


@tests
def same_uid_another_size(t):
    "a UID whose message has another size is another message"
    upstream = t.pop3_upstream([CLEAN[0], CLEAN[1]])
    gatepost = before(t, upstream)
    client = visit(t, gatepost)
    client.sizes()
    client.quit()
    upstream.maildrop.messages["uid-2"] = SPAM
    expect(expect_consistent(visit(t, gatepost), [1, 2])[2].startswith(TAGGED_BEGINS), "it was not judged")


@tests
def many_views(t):
    "views of a large maildrop are remembered, all of them"
    upstream = t.pop3_upstream([SPAM if n % 3 else CLEAN[n % 9] for n in range(2500)])
    gatepost = before(t, upstream, {"log": {"level": "info"}, "pop3": {"scan_budget": "10m"}})
    client = visit(t, gatepost)
    sizes = client.sizes()
    client.quit()
    client = visit(t, gatepost)
    expect_equal(client.sizes(), sizes, "LIST in the next login")
    expect_equal((opened(gatepost, 2), asked(upstream, "RETR")), ((2500, 0, 0), []), "what was fetched then")
    expect_equal([len(client.retrieve(n)) for n in (1, 2, 2499, 2500)], [sizes[n] for n in (1, 2, 2499, 2500)], "RETR")


@tests
def utf8_mode(t):
    "in UTF-8 mode (RFC 6856) a message may have other octets: its views are others"
    def downgraded(session, line):
        return session.usual if b"UTF8" in session.commands else session.usual.replace("ö".encode(), b"?")
    message = HEAD + "Subject: lottery in Köln\r\n\r\nx\r\n".encode()
    upstream = t.pop3_upstream([message], replies={"RETR": downgraded})
    gatepost = before(t, upstream)
    for _ in range(2):
        for utf8, town in ((False, b"K?ln"), (True, "Köln".encode())):
            client = t.pop3_client(gatepost)
            expect(client.reply().ok, "greeting")
            if utf8:
                client.ok("UTF8")
            client.login(greet=False)
            expect(town in expect_consistent(client, [1])[1], "octets", utf8)
            client.quit()


@tests
def views_of_each_user(t):
    "views are a user's own"
    upstream = t.pop3_upstream(MIXED, users={"user": "secret", "other": "secret"})
    changes = {"users": [{"match": "other", "subject_prefix": "[JUNK]"}]}
    gatepost = before(t, upstream, changes)
    for _ in range(2):
        for user, prefix in (("user", b"[SPAM] "), ("other", b"[JUNK] ")):
            client = visit(t, gatepost, user)
            expect(b"\r\nSubject: " + prefix + b"you" in expect_consistent(client, [1, 2, 3])[2], "prefix", user)
            client.quit()


@tests
def no_views_to_be_had(t):
    "views that cannot be had: messages are judged anew, and nobody notices"
    upstream = t.pop3_upstream(MIXED)
    folder = t.folder()
    os.makedirs(os.path.join(folder, "views.db", "in the way"))
    os.chmod(folder, 0o777)
    gatepost = before(t, upstream, {"quarantine": {"path": folder}})
    seen = []
    for _ in range(2):
        client = visit(t, gatepost)
        seen.append(expect_consistent(client, [1, 2, 3]))
        client.quit()
        expect_equal(asked(upstream, "RETR"), ["1", "2", "3"], "RETR")
    expect_equal(seen[0], seen[1], "messages")
    gatepost.wait_event("views", msg="cannot be recalled", count=2)


@tests
def keeper_gone(t):
    "a keeper that does not answer is not waited for: it works without"
    upstream = t.pop3_upstream(MIXED)
    gatepost = before(t, upstream, {"run": {"proxies": 1, "scanners": 1}}, single=False)
    client = visit(t, gatepost)
    first = expect_consistent(client, [1, 2, 3])
    client.quit()
    keeper, = gatepost.processes("keeper")
    os.kill(keeper, signal.SIGSTOP)
    client = visit(t, gatepost)
    client.send("LIST\r\n")
    gatepost.wait_event("step", count=2, step="^recall_views$")
    os.kill(keeper, signal.SIGKILL)
    gatepost.wait_event("views", msg="cannot be (recalled|remembered)")
    expect(client.reply().ok, "LIST")
    client.octets()
    expect_equal(expect_consistent(client, [1, 2, 3]), first, "messages")
    client.quit()


# Hidden spam.

def expect_hidden(client, upstream):
    """Of MIXED the second message is not there; the third is number 2."""
    expect_equal(client.sizes(), {1: len(CLEAN[0]), 2: len(CLEAN[2])}, "LIST")
    expect_equal(client.ok("STAT").split()[:2], ["2", str(len(CLEAN[0] + CLEAN[2]))], "STAT")
    expect_equal(client.uids(), {1: "uid-1", 2: "uid-3"}, "UIDL")
    expect_equal(client.ok("LIST 2").split()[:2], ["2", str(len(CLEAN[2]))], "LIST 2")
    expect_equal(client.ok("UIDL 2").split()[:2], ["2", "uid-3"], "UIDL 2")
    expect_equal(client.top(2, 0), CLEAN[2].partition(b"\r\n\r\n")[0] + b"\r\n\r\n", "TOP 2")
    expect_equal(client.retrieve(2), CLEAN[2], "RETR 2")
    for line in ("LIST 3", "UIDL 3", "TOP 3 0", "RETR 3", "DELE 3"):
        refused(client, line)
    expect_equal(client.ok("LAST"), "2", "LAST")


@tests
def hidden(t):
    "spam: hide: it is not listed, numbers go on without it, and it stays on the server"
    upstream = t.pop3_upstream(MIXED)
    gatepost = before(t, upstream, policy={"spam": "hide"})
    client = visit(t, gatepost)
    expect_hidden(client, upstream)
    expect_equal(opened(gatepost), (3, 1, 0), "maildrop")
    client.quit()
    client = visit(t, gatepost)
    expect_hidden(client, upstream)
    expect_equal(asked(upstream, "RETR") + asked(upstream, "TOP"), ["3", "3 0"], "the upstream's numbers")
    expect_equal(client.ok("DELE 2"), "message 2 deleted", "DELE")
    expect_equal(client.ok("STAT").split()[:2], ["1", str(len(CLEAN[0]))], "STAT without it")
    for line in ("DELE 2", "RETR 2", "LIST 2"):
        refused(client, line)
    client.ok("RSET")
    expect_equal((list(client.sizes()), client.ok("LAST")), ([1, 2], "0"), "after RSET")
    client.ok("DELE 2")
    client.quit()
    expect_equal(asked(upstream, "DELE"), ["3", "3"], "DELE at the upstream")
    expect_equal(upstream.maildrop.gone, ["uid-3"], "gone")


@tests
def hidden_by_user(t):
    "spam: hide for one user, and in place of the policy's"
    upstream = t.pop3_upstream(MIXED, users={"user": "secret", "other": "secret"})
    gatepost = before(t, upstream, {"users": [{"match": "other", "spam": "hide"}]})
    expect_equal(list(visit(t, gatepost, "other").sizes()), [1, 2], "hidden from one")
    expect_equal(list(visit(t, gatepost, "user").sizes()), [1, 2, 3], "shown to the other")
    gatepost = before(t, upstream, {"users": [{"match": "other", "spam": "tag"}]}, policy={"spam": "hide"})
    expect_equal(list(visit(t, gatepost, "other").sizes()), [1, 2, 3], "shown to one")
    expect_equal(list(visit(t, gatepost, "user").sizes()), [1, 2], "hidden from the other")


@tests
def hidden_too_late(t):
    "spam that is judged after it was listed is shown, tagged; in the next session it is hidden"
    upstream = t.pop3_upstream(MIXED)
    gatepost = before(t, upstream, NO_BUDGET, policy={"spam": "hide"})
    client = visit(t, gatepost)
    expect_equal(client.sizes(), {n: len(m) for n, m in enumerate(MIXED, 1)}, "LIST: the server's sizes")
    expect_equal(opened(gatepost), (3, 0, 3), "maildrop")
    expect(client.retrieve(2).startswith(TAGGED_BEGINS), "it is not tagged")
    expect_equal(list(client.sizes()), [1, 2, 3], "LIST after it")
    client.quit()
    client = visit(t, gatepost)
    expect_equal(client.uids(), {1: "uid-1", 2: "uid-3"}, "UIDL in the next session")
    expect_equal(opened(gatepost, 2), (3, 1, 2), "maildrop in the next session")
    expect_equal(client.retrieve(2), CLEAN[2], "RETR 2")
    expect_equal(asked(upstream, "RETR"), ["3"], "the upstream's number")


tests.run()
