#!/usr/bin/python3
"""Some clients at one mailbox, each doing what comes to its mind: they fetch, search,
mark, append, copy, move, expunge and idle, and hold what they are told against what
the protocol lets a server say (lib/imap_watch.py). Through gatepost they find no
more that is wrong than directly, and in the end all see the same.

    GATEPOST=src/gatepost python3 tests/imap_stress.py [WORD…]

GATEPOST_TEST_ROUNDS says how long (200), GATEPOST_TEST_CLIENTS how many (6),
GATEPOST_TEST_SEED in which order, GATEPOST_TEST_SERVER before which server."""

import os
import random
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "lib")]

from dovecot import SECRET  # noqa: E402
from gatepost_test import GATEPOST, PATIENCE, Tests, expect  # noqa: E402
from imap_mail import JUDGED, RULES, as_stored, stinging  # noqa: E402
from imap_servers import shared_server  # noqa: E402
from imap_watch import Findings, Mailbox, Watcher  # noqa: E402
from messages import Maker  # noqa: E402

tests = Tests()

ROUNDS = int(os.environ.get("GATEPOST_TEST_ROUNDS", "200"))
CLIENTS = int(os.environ.get("GATEPOST_TEST_CLIENTS", "6"))
SEED = int(os.environ.get("GATEPOST_TEST_SEED", "20251201"))
DANGEROUS = [stinging(n) for n in range(3)]
DELIVERED_EVERY = 20  # rounds: one of those, past gatepost
DIRECTLY_AT_MOST = 4  # seeds
MANY = 40  # messages; then more go than come
FLAGS = ("\\Seen", "\\Flagged", "\\Answered", "\\Draft", "\\Deleted", "Label", "$Forwarded")
ITEMS = ("UID", "FLAGS", "RFC822.SIZE", "INTERNALDATE", "ENVELOPE", "BODY", "BODYSTRUCTURE", "BODY.PEEK[]", "BODY[TEXT]",
         "BODY.PEEK[HEADER]", "BODY.PEEK[1]", "BODY.PEEK[]<10.200>", "BODY.PEEK[TEXT]<0.50>", "RFC822.HEADER", "RFC822",
         "BODY.PEEK[HEADER.FIELDS (SUBJECT DATE)]")
KEYS = ("ALL", "UNSEEN", "DELETED", "KEYWORD Label", "NOT FLAGGED", "LARGER 300", "SUBJECT number", "OR SEEN FLAGGED", "1:*",
        "UID 1:*")


class Visitor(Watcher):
    """One client, with a mind of its own."""

    def __init__(self, address, user, mailbox, rng):
        super().__init__(address, PATIENCE, mailbox)
        self.rng, self.read_only = rng, False
        self.do(f"LOGIN {user} {SECRET}")
        if rng.random() < 0.3:
            self.do("ENABLE QRESYNC")
            self.qresync = True
        self.do("SELECT INBOX")

    # What a command is made of.

    def some(self, uid):
        """A set of messages that are there, for all that the client knows."""
        known = [one for one in self.uids if one is not None] if uid else range(1, self.count() + 1)
        if not known:
            return "1:*"
        one, other = self.rng.choice(known), self.rng.choice(known)
        return self.rng.choice([str(one), f"{one}:{other}", f"{one}:*", "1:*", "*", f"{one},{other}"])

    def some_flags(self):
        return " ".join(self.rng.sample(FLAGS, self.rng.randint(1, 3)))

    # What can be done, each the commands that go out at once.

    def look(self):
        uid = self.rng.choice(["", "UID "])
        return [f"{uid}FETCH {self.some(uid)} ({' '.join(self.rng.sample(ITEMS, self.rng.randint(1, 4)))})"
                for _ in range(self.rng.randint(1, 3))]

    def look_for_changes(self):
        vanished = " VANISHED" if self.qresync else ""
        return [f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {self.rng.randint(1, 100)}{vanished})"]

    def store(self):
        uid = self.rng.choice(["", "UID "])
        unchanged = f"(UNCHANGEDSINCE {self.rng.randint(1, 1000)}) " if self.rng.random() < 0.2 else ""
        how = self.rng.choice("+-") + "FLAGS" + self.rng.choice(["", ".SILENT"])
        return [f"{uid}STORE {self.some(uid)} {unchanged}{how} ({self.some_flags()})"]

    def search(self):
        uid, returned = self.rng.choice(["", "UID "]), self.rng.choice(["", "", "RETURN (MIN MAX COUNT) "])
        return [f"{uid}SEARCH {returned}{self.rng.choice(KEYS)}"]

    def copy(self):
        uid = self.rng.choice(["", "UID "])
        return [f"{uid}{self.rng.choice(['COPY', 'COPY', 'MOVE'])} {self.rng.choice(self.some(uid).split(','))} Other"]

    def expunge(self):
        if self.rng.random() < 0.5:
            return ["EXPUNGE"]
        return [f"UID EXPUNGE {self.some('UID ')}"]

    def delete(self):
        """So that not more comes than goes."""
        return [f"UID STORE {self.some('UID ').split(':')[0]} +FLAGS (\\Deleted)"]

    def ask(self):
        return [self.rng.choice(["NOOP", "NOOP", "CHECK", "STATUS Other (MESSAGES UIDNEXT)", 'LIST "" *'])]

    def choose(self):
        """The commands of one turn."""
        ways = [self.look] * 8 + [self.look_for_changes, self.search, self.search, self.ask, self.ask]
        if not self.read_only:
            ways += [self.store] * 4 + [self.copy, self.expunge]
            ways += [self.delete] * (4 if self.count() > MANY else 1)
        return self.rng.choice(ways)() if self.count() else self.ask()

    def append(self, message):
        tag = self.begin(f"APPEND INBOX ({self.rng.choice(FLAGS)}) {{{len(message)}{self.rng.choice(['', '+'])}}}", message)
        status = self.finish(tag)
        if told := re.match(r"OK \[APPENDUID \d+ (\d+)\]", status):
            self.mailbox.append(int(told[1]), message)

    def select(self):
        if self.uids is not None and self.rng.random() < 0.3:
            self.do(self.rng.choice(["UNSELECT", "CLOSE"]))
        self.read_only = self.rng.random() < 0.2
        self.do("EXAMINE INBOX" if self.read_only else "SELECT INBOX")

    def act(self):
        """Begins something; the tags that are not answered yet."""
        chance = self.rng.random()
        if self.idling:
            self.end_idle()
        elif chance < 0.05:
            self.idle()
        elif chance < 0.10:
            self.select()
        elif chance < 0.20 and self.count() < MANY:
            self.append(as_stored(Maker(self.rng.randint(0, 10000)).make()))
        else:
            return [self.begin(command) for command in self.choose()]
        return []


def view(visitor):
    """[(UID, flags)] of all that is there, once everything is told."""
    if visitor.idling:
        visitor.end_idle()
    if visitor.uids is None:
        visitor.do("SELECT INBOX")
    visitor.do("NOOP")
    visitor.do("UID FETCH 1:* (UID FLAGS)")
    return [(uid, visitor.flags.get(uid)) for uid in visitor.uids]


def crowd(t, server, port, directly, seed):
    """What was found wrong by clients of that port."""
    rng = random.Random(seed)
    first = [m.data for m in DANGEROUS] + [as_stored(Maker(n).make()) for n in range(12)]
    user, findings = server.user(first), Findings()
    mailbox = Mailbox(findings)
    for uid, message in enumerate(first, 1):
        if directly or uid > len(DANGEROUS):
            mailbox.append(uid, message)
    visitors = [Visitor(("127.0.0.1", port), user, mailbox, rng) for _ in range(CLIENTS)]
    for visitor in visitors:
        t.callback(visitor.client.close)
    visitors[0].do("CREATE Other")
    sender = t.imap_reader(("127.0.0.1", server.imap))
    sender.login(user, SECRET)
    for number in range(ROUNDS):
        if number % DELIVERED_EVERY == 0:
            message = rng.choice(DANGEROUS).data
            sender.ok(f"APPEND INBOX {{{len(message)}+}}", message + b"\r\n")
        begun = [(visitor, tag) for visitor in rng.sample(visitors, rng.randint(1, 3)) for tag in visitor.act()]
        rng.shuffle(begun)
        for visitor, tag in begun:
            visitor.finish(tag)
    views = [view(visitor) for visitor in visitors]
    truth = view(Visitor(("127.0.0.1", server.imap), user, Mailbox(findings), rng))
    for seen in views:
        if seen != truth:
            findings.add("another mailbox is seen in the end", seen, truth)
    if not directly:
        came = b"\0".join(octets for visitor in visitors for octets in visitor.client.octets)
        for message in DANGEROUS:
            expect(not any(sting in came for sting in message.stings), "what was removed came", message.shape)
    return findings


_directly = set()


def worse(t, server, through):
    """What is found through gatepost, and not directly: a server's own faults are rare, so some seeds are tried."""
    for again in range(DIRECTLY_AT_MOST):
        if _directly and not set(through.counts) - _directly:
            break
        _directly.update(crowd(t, server, server.imap, True, SEED + again).counts, ["nothing"])
    return set(through.counts) - _directly


def no_worse(rules, **policy):
    def test(t):
        server = shared_server(t)
        port = server.imap
        if GATEPOST != "none":
            port = t.imap_gatepost(("localhost", server.imap), {"policies": {"inbound": policy}}, rules=rules).address[1]
        through = crowd(t, server, port, not rules or GATEPOST == "none", SEED)
        expect(not worse(t, server, through), f"more is wrong than directly: {through}")
    return test


tests.add("clients at one mailbox find no more wrong through gatepost than directly", no_worse(None))
tests.add("rules: clients at one mailbox find no more wrong than directly, and nothing dangerous", no_worse(RULES, **JUDGED))
tests.add("rules, layout rewrite: the same", no_worse(RULES, **JUDGED, layout="rewrite"))
tests.run()
