"""A client of IMAP that holds every response against what the protocol lets a server
say: numbers and UIDs of a mailbox that others change at the same time, what may be
told when, and that a message never changes.

What is wrong is noted in `findings`, by kind, and nothing stops."""

import collections
import re

from imap_reader import FETCH, TAGGED, ImapReader

NUMBERED = re.compile(rb"\* (\d+) (EXISTS|EXPUNGE|RECENT)\Z")
VANISHED = re.compile(rb"\* VANISHED (\(EARLIER\) )?([\d:,]+)\Z")
SEARCHED = re.compile(rb"\* (?:SEARCH|SORT)((?: \d+)*)(?: \(MODSEQ \d+\))?\Z")
CONDITION = re.compile(rb"\* (OK|NO)(?: |\Z)")
OTHERS = re.compile(rb"\* (FLAGS|LIST|STATUS|ESEARCH|ENABLED|CAPABILITY|BYE)(?: |\Z)")
BEGINS = re.compile(rb"\* (\d+ EXISTS|FLAGS )")  # what is told of a mailbox that is selected, one of them first
COPIED = re.compile(r"\[COPYUID (\d+) (\S+) (\S+)\]")
# Commands while whose responses come no message may go (RFC 9051 7.5.1).
NUMBERS_STAND = ("FETCH", "STORE", "SEARCH", "SORT")
# Those that may be refused where they name what is gone.
MAY_FAIL = (*NUMBERS_STAND, "COPY", "MOVE")
# What is of a message for good.
CONSTANT = re.compile(r"(BODY(STRUCTURE)?|ENVELOPE|INTERNALDATE|RFC822(\.(SIZE|HEADER|TEXT))?|BODY\[.*\](<\d+>)?)\Z")


def numbers_of(text):
    """The set of numbers that is "1:3,7"."""
    numbers = set()
    for part in text.split(","):
        low, _, high = part.partition(":")
        low, high = sorted((int(low), int(high or low)))
        numbers |= set(range(low, high + 1))
    return numbers


def is_nothing(value):
    """What Dovecot tells of a message that has gone, but cannot be told to have."""
    if isinstance(value, list):
        return not any(value) or (value[:2] == [b"text", b"plain"] and value[6] == 0)
    return not value or value == b"01-Jan-1970 00:00:00 +0000"


class Findings:
    """(kind, what about it)…"""

    def __init__(self):
        self.counts, self.first = collections.Counter(), {}

    def add(self, kind, *about):
        self.counts[kind] += 1
        self.first.setdefault(kind, about)

    def __str__(self):
        return "".join(f"\n  {count} x {kind}, as {self.first[kind]!r:.2000}" for kind, count in self.counts.items())


class Mailbox:
    """What all clients of a mailbox have in common: {UID: {item: value}} of what must not change."""

    def __init__(self, findings):
        self.findings, self.constant = findings, collections.defaultdict(dict)
        self.appended = {}  # UID: octets

    def hold(self, uid, items):
        for name, value in items.items():
            name = name.upper().replace(".PEEK", "")
            if not CONSTANT.match(name) or is_nothing(value):
                continue
            known = self.constant[uid].setdefault(name, value)
            if known != value:
                self.findings.add(f"{name} of a message has changed", uid, known, value)
        whole = self.constant[uid].get("BODY[]")
        if uid in self.appended and whole not in (None, self.appended[uid]):
            self.findings.add("a message is not what was appended", uid, self.appended[uid], whole)

    def append(self, uid, octets):
        self.appended[uid] = octets
        self.hold(uid, {})


class Watcher:
    def __init__(self, address, patience, mailbox):
        self.client, self.mailbox, self.findings = ImapReader(address, patience), mailbox, mailbox.findings
        self.running, self.answers = {}, {}  # {tag: command}, {tag: status}
        self.uids, self.qresync = None, False  # uids: of each number, None where it is not known
        self.flags, self.modseqs = {}, {}  # of UIDs, as told last
        self.idling, self.selecting = None, False

    # Commands.

    def begin(self, command, literal=None):
        """A literal waits for "+" where the command does not end in "+}"."""
        if command.startswith(("SELECT", "EXAMINE")):
            self.selecting = True
        elif command in ("UNSELECT", "CLOSE"):
            self.uids = None
        tag = self.client.begin(command)
        self.running[tag] = command
        if literal is not None:
            if not command.endswith("+}"):
                self.await_continuation()
            self.client.send(literal + b"\r\n")
        return tag

    def finish(self, tag):
        """The status of that command; others may end before."""
        while tag not in self.answers:
            self.hear(self.client.response())
        return self.answers.pop(tag)

    def do(self, command):
        return self.finish(self.begin(command))

    def idle(self):
        self.idling = self.begin("IDLE")
        self.await_continuation()

    def await_continuation(self):
        while not (got := self.client.response()).startswith(b"+"):
            self.hear(got)

    def end_idle(self):
        self.client.send("DONE\r\n")
        tag, self.idling = self.idling, None
        return self.finish(tag)

    # Responses.

    def hear(self, raw):
        if self.selecting and BEGINS.match(raw):
            self.selecting, self.uids, self.flags, self.modseqs = False, [], {}, {}
        if ended := TAGGED.match(raw):
            self.hear_tagged(ended[1], raw[ended.end():].decode("utf-8", "replace"))
        elif found := NUMBERED.match(raw):
            self.hear_number(int(found[1]), found[2].decode())
        elif FETCH.match(raw):
            self.hear_fetch(*ImapReader.read([raw])[0])
        elif found := VANISHED.match(raw):
            self.hear_vanished(found[1], numbers_of(found[2].decode()))
        elif found := SEARCHED.match(raw):
            self.hear_search([int(n) for n in found[1].split()])
        elif not CONDITION.match(raw) and not OTHERS.match(raw):
            self.findings.add("a response of no known kind", raw)

    def hear_tagged(self, tag, status):
        command = self.running.pop(tag, None)
        if command is None:
            return self.findings.add("a tag that is none of ours", status)
        self.answers[tag] = status
        if not status.startswith("OK") and (status.startswith("BAD") or not set(command.split()[:2]) & set(MAY_FAIL)):
            self.findings.add(f"{status.split()[0]} to {command.split()[0]}", command, status)
        if found := COPIED.search(status):
            if len(numbers_of(found[2])) != len(numbers_of(found[3])):
                self.findings.add("COPYUID of sets that differ in length", command, status)
        return None

    def count(self):
        return len(self.uids or ())

    def hear_number(self, number, what):
        if self.uids is None:
            return self.findings.add(f"{what} where no mailbox is selected", number)
        if what == "EXISTS":
            if number < self.count():
                self.findings.add("EXISTS is less than before", number, self.count())
            self.uids += [None] * (number - self.count())
        elif what == "EXPUNGE":
            self.hear_expunge(number)
        return None

    def may_go(self):
        """Messages may be told to have gone: something runs during which numbers may change."""
        verbs = {command.split()[0] for command in self.running.values()}
        if not verbs - set(NUMBERS_STAND):
            self.findings.add("a message goes while numbers have to stand", dict(self.running))

    def hear_expunge(self, number):
        self.may_go()
        if self.qresync:
            self.findings.add("EXPUNGE with QRESYNC", number)
        if not 1 <= number <= self.count():
            return self.findings.add("EXPUNGE of a number that there is not", number, self.count())
        del self.uids[number - 1]
        return None

    def hear_vanished(self, earlier, gone):
        if not self.qresync:
            self.findings.add("VANISHED without QRESYNC", gone)
        if earlier:
            return
        self.may_go()
        known = [uid for uid in self.uids if uid in gone]
        unknown = len(gone) - len(known)
        self.uids = [uid for uid in self.uids if uid not in gone]
        for _ in range(unknown):  # of those without a UID
            if None not in self.uids:
                return self.findings.add("VANISHED of what was not there", sorted(gone), self.uids)
            self.uids.remove(None)
        if unknown:  # which of them they were nobody knows
            self.uids = [None] * self.count()

    def hear_search(self, found):
        command = " ".join(self.running.values())
        if "UID" not in command and any(not 1 <= number <= self.count() for number in found):
            self.findings.add("SEARCH found numbers that there are not", found, self.count(), command)

    def hear_fetch(self, number, items):
        if not 1 <= number <= self.count():
            return self.findings.add("FETCH of a number that there is not", number, self.count(), items)
        uid = items.get("UID")
        if uid is not None:
            self.learn(number, uid)
        uid = self.uids[number - 1]
        if uid is not None:
            self.mailbox.hold(uid, items)
            self.flags[uid] = set(items.get("FLAGS", self.flags.get(uid, ()))) - {"\\Recent"}
            self.hear_modseq(uid, items)
        return None

    def learn(self, number, uid):
        if self.uids[number - 1] not in (None, uid):
            self.findings.add("another UID of a number", number, self.uids[number - 1], uid)
        self.uids[number - 1] = uid
        before = [known for known in self.uids[:number - 1] if known is not None]
        behind = [known for known in self.uids[number:] if known is not None]
        if (before and before[-1] >= uid) or (behind and behind[0] <= uid):
            self.findings.add("UIDs do not ascend", number, uid, self.uids)

    def hear_modseq(self, uid, items):
        if "MODSEQ" not in items:
            return
        modseq = items["MODSEQ"][0]
        if modseq < self.modseqs.get(uid, 0):
            self.findings.add("MODSEQ is less than before", uid, self.modseqs[uid], modseq)
        self.modseqs[uid] = modseq
