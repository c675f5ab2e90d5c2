#!/usr/bin/python3
"""Every way of looking at a message through gatepost agrees with every other: a
mailbox of many shapes before a real Dovecot, a third of it with something to
remove, is asked for sizes, structures, envelopes, sections and ranges in random
order over two sessions, by either layout; and for decoded parts (BINARY), where
gatepost decodes. What they tell is computed anew from the whole message as
it was shown, by code that shares nothing with gatepost (lib/imap_expect.py) and
by Dovecot itself, given that message.

    GATEPOST=src/gatepost python3 tests/imap_agreement.py [WORD…]

GATEPOST_TEST_MESSAGES says how many messages (150 by each layout), GATEPOST_TEST_SEED in which
order, GATEPOST_TEST_SERVER before which server (dovecot, or cyrus)."""

import os
import random
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "lib")]

from dovecot import SECRET  # noqa: E402
from gatepost_test import GATEPOST, PATIENCE, Tests, expect, expect_equal  # noqa: E402
from imap_expect import Expected, partial  # noqa: E402
from imap_mail import JUDGED, RULES, mailbox  # noqa: E402
from imap_servers import SERVER, shared_server  # noqa: E402

tests = Tests()

MESSAGES = int(os.environ.get("GATEPOST_TEST_MESSAGES", "150"))
SEED = int(os.environ.get("GATEPOST_TEST_SEED", "20251103"))
REFUSED = {"dovecot": (), "cyrus": ("empty.eml", "header-blank-end.eml", "header-blank-fold.eml", "header-junk.eml")}
RANGES = 20
AT_ONCE = 12          # items of one FETCH, at most
PARALLEL = 8          # FETCHes in the pipeline, at most
TOLD = "(UID RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE)"
FIELDS = ("From", "subject", "Content-Type", "X-Not-There")
SERVERS_OWN = {"dovecot": 0.02, "cyrus": 0.04}[SERVER]  # of all answers
# Encoded messages, the inside of which is in their encoding for us and not for Dovecot.
DOUBTFUL = ("multipart-base64.eml", "rfc822-base64.eml", "rfc822-quoted-printable.eml")
# Their headers end elsewhere for some program, from where on they are withheld, or for Dovecot.
DOUBTFUL_HEADER = ("header-blank-end.eml", "header-blank-fold.eml", "header-junk.eml")
ENCODINGS = (b"7bit", b"8bit", b"binary", b"base64", b"quoted-printable")  # others are UNKNOWN-CTE
SHOWN_AT_FIRST = 20   # disagreements


# What is asked.

class Question:
    """An item of FETCH, the name that it has in the response, and the answer."""

    def __init__(self, item, answer):
        self.item, self.answer = item, answer
        name, _, place = item.replace(".PEEK", "").partition("<")
        self.name = f"{name}<{place.split('.')[0]}>".upper() if place else name.upper()

    def is_binary(self):
        return self.item.startswith("BINARY")


def sections(expected):
    """[(section, octets)…] of all that there is."""
    names = " ".join(FIELDS)
    found = [("", expected.section("")), ("TEXT", expected.section("", "TEXT")), ("HEADER", expected.section("", "HEADER")),
             (f"HEADER.FIELDS ({names})", expected.fields(FIELDS)),
             (f"HEADER.FIELDS.NOT ({names})", expected.fields(FIELDS, others=True))]
    for path, part in expected.parts.items():
        found.append((path, expected.section(path)))
        found.append((f"{path}.MIME", expected.section(path, "MIME")))
        if part.is_message() and not part.is_encoded():
            found += [(f"{path}.{kind}", expected.section(path, kind)) for kind in ("HEADER", "TEXT")]
            found.append((f"{path}.HEADER.FIELDS ({names})", expected.fields(FIELDS, path=path)))
            found.append((f"{path}.HEADER.FIELDS.NOT ({names})", expected.fields(FIELDS, others=True, path=path)))
    return found


def binaries(expected, rng):
    """Parts without their encoding, which RFC 3516 has for those that have no parts of their own."""
    asked = []
    for path, part in expected.parts.items():
        decoded = None if part.children or part.kind() == b"multipart" else expected.binary(path)
        if decoded is None or part.encoding().lower() not in ENCODINGS:
            continue
        at, count = rng.randint(0, len(decoded) + 2), rng.choice([1, 10, 1000])
        asked += [Question(f"BINARY.PEEK[{path}]", decoded), Question(f"BINARY.SIZE[{path}]", len(decoded)),
                  Question(f"BINARY.PEEK[{path}]<{at}.{count}>", partial(decoded, at, count))]
    return asked


def questions(shown, rng, edited):
    """All that can be asked of a message, in random order. Dovecot 2.3 crashes over BINARY of some, which is
    therefore asked of those only that gatepost decodes."""
    expected = Expected(shown)
    asked = [Question("RFC822.SIZE", expected.octets), Question("ENVELOPE", expected.envelope()),
             Question("BODY", expected.body()), Question("BODYSTRUCTURE", expected.bodystructure()),
             Question("RFC822", shown), Question("RFC822.HEADER", expected.section("", "HEADER")),
             Question("RFC822.TEXT", expected.section("", "TEXT"))]
    asked += binaries(expected, rng) if edited else []
    there = sections(expected)
    asked += [Question(f"BODY.PEEK[{name}]", octets) for name, octets in there]
    for _ in range(RANGES):
        name, octets = rng.choice(there)
        at = rng.randint(0, len(octets) + 2)
        if "FIELDS" in name and octets[at - 1:at + 1] == b"\r\n":
            continue  # where Dovecot does not always begin at the LF
        count = rng.choice([1, 2, 10, 100, 4096, len(octets) + 1])
        asked.append(Question(f"BODY.PEEK[{name}]<{at}.{count}>", partial(octets, at, count)))
    rng.shuffle(asked)
    return list({question.name: question for question in asked}.values())  # a range is told by where it begins


def batches(asked, rng):
    """What is asked by one FETCH each."""
    while asked:
        size = rng.randint(1, AT_ONCE)
        yield asked[:size]
        asked = asked[size:]


# Asking.

def answers(client, number, asked, rng):
    """{name: value} of one message, whose UID is its number, too. Some commands are in
    the pipeline at once, and answered in any order."""
    waiting, pending, told = list(asked), [], {}
    while waiting or pending:
        while waiting and len(pending) < PARALLEL and (not pending or rng.random() < 0.7):
            items = " ".join(question.item for question in waiting.pop())
            pending.append((client.begin(f"{rng.choice(['', 'UID '])}FETCH {number} ({items})"), items))
        tag, items = pending.pop(0)
        status, responses = client.finish(tag)
        expect(status.startswith("OK"), "FETCH", status, items)
        for which, values in client.read(responses):
            if which == number:
                told.update({name.upper(): value for name, value in values.items()})
    return told


def cut(value):
    text = repr(value)
    return text if len(text) < 300 else f"{text[:150]} … {text[-150:]} ({len(value)})"


def is_withheld(answer, question, shown):
    """Of a message that programs divide in several ways, the structure is what the
    server takes it for; what its sections hold is as shown where we see them, or nothing at all."""
    if question.item in ("BODY", "BODYSTRUCTURE"):
        return True
    if question.is_binary():
        return answer in (b"", 0, None)
    section = question.item.startswith("BODY.PEEK[") and question.item[10:]
    is_range = question.item.startswith("BODY.PEEK[TEXT]<")
    return section and (section[0].isdigit() or is_range) and (answer is None or all(word in shown for word in answer.split()))


def lowered(value):
    """A structure, whose names are alike in any case: Dovecot writes them small, Cyrus large."""
    if isinstance(value, list):
        return [lowered(one) for one in value]
    return value.lower() if isinstance(value, bytes) else value


def is_answer(got, question):
    if question.item in ("BODY", "BODYSTRUCTURE"):
        return lowered(got) == lowered(question.answer)
    return got == question.answer


class Findings:
    """Disagreements: what they are about, and the first of them in full."""

    def __init__(self):
        self.count, self.questions, self.otherwise, self.shown = 0, 0, 0, []

    def compare(self, about, question, got, its, withheld):
        """got: what gatepost answered; its: Dovecot, of the message as shown; withheld: that, if it is doubtful."""
        self.questions += 1
        if is_answer(got, question) or (withheld and is_withheld(got, question, withheld)):
            return
        self.otherwise += 1  # Dovecot has ways of its own with where nested parts end
        if got != its:
            self.count += 1
            if len(self.shown) < SHOWN_AT_FIRST:
                self.shown.append(f"{question.item} of {about}\n  got     {cut(got)}\n  wanted  {cut(question.answer)}\n"
                                  f"  Dovecot {cut(its)}")

    def expect_none(self):
        expect(self.count == 0, f"{self.count} of {self.questions} disagree\n" + "\n".join(self.shown))
        expect(self.otherwise < self.questions * SERVERS_OWN, "answers that only the server gives", self.otherwise, self.questions)


class Mailbox:
    """The mailbox, Dovecot's users that have it, and sessions before it."""

    def __init__(self, t, layout="preserve"):
        self.t, self.rng, self.layout = t, random.Random(SEED), layout
        self.dovecot = shared_server(t)
        self.messages = [m for m in mailbox(MESSAGES, SEED) if m.shape not in REFUSED[SERVER]]
        self.user = self.dovecot.user([])
        self.gatepost = t.imap_gatepost(("localhost", self.dovecot.imap), {
            "log": {"level": "info"}, "run": {"proxies": 1, "scanners": 1}, "policies": {"inbound": {**JUDGED, "layout": layout}}},
            rules=RULES, single=False)

        if layout == "rewrite":
            self.session().ok("LOGOUT")  # what comes then is new
        self.dovecot.add(self.user, [m.data for m in self.messages], crlf=True)

    def session(self, port=None, user=None):
        client = self.t.imap_reader(("127.0.0.1", port or self.gatepost.address[1]))
        client.login(user or self.user, SECRET)
        client.ok("SELECT INBOX")
        return client

    def directly(self, user=None):
        return self.session(self.dovecot.imap, user)

    def judged(self):
        return len(self.gatepost.events("message"))


def all_told(client):
    return {number: items for number, items in client.fetch("1:*", TOLD)}


def all_shown(client):
    return {number: items["BODY[]"] for number, items in sorted(client.fetch("1:*", "(BODY.PEEK[])"), key=lambda told: told[0])}


def flags_of(client):
    return {number: set(items["FLAGS"]) - {"\\Recent"} for number, items in client.fetch("1:*", "(FLAGS)")}


def check_shown(box, shown, directly):
    """What passed comes as it is, what is not clean without its sting. Odd MIME may be
    withheld, and of ordinary mail hardly any."""
    passed = {int(line["uid"]) for line in box.gatepost.events("message", verdict="^accept$")}  # UIDs are as numbers here
    withheld = []
    for number, message in enumerate(box.messages, 1):
        if number in passed:
            expect(shown[number] == directly[number], "passed, but changed", message.shape, directly[number][:2000])
        if box.layout == "preserve":
            expect_equal(len(shown[number]), len(directly[number]), f"octets of {message.shape}")
            expect_equal(shown[number].count(b"\n"), directly[number].count(b"\n"), f"lines of {message.shape}")
        expect(all(sting not in shown[number] for sting in message.stings), "it has its sting", message.shape, shown[number])
        if number not in passed and not message.stings and not message.shape.endswith(".eml"):
            withheld.append(message.shape)
    expect(len(withheld) <= len(box.messages) // 100, "ordinary mail is withheld", withheld)


def check_listed(client, shown, stored):
    """All headers at once, as programs list a mailbox; of those that gatepost tells nobody thinks otherwise."""
    for number, items in client.fetch("1:*", "(FLAGS BODY.PEEK[HEADER] BODY.PEEK[HEADER.FIELDS (From)])"):
        if len(shown[number]) != len(stored[number]):
            expected = Expected(shown[number])
            expect_equal(items["BODY[HEADER]"], expected.section("", "HEADER"), f"header of {number}")
            expect_equal(items["BODY[HEADER.FIELDS (From)]"], expected.fields(["From"]), f"From of {number}")


def compare_all(box, sessions, oracle, shown, directly):
    """Each session tells what can be computed of the messages, or what Dovecot says that has them as shown."""
    findings = Findings()
    doubtful = set()
    if box.layout == "preserve":
        doubtful = {int(line["uid"]) for line in box.gatepost.events("message", reason="^ambiguous")}
    doubtful |= {number for number, message in enumerate(box.messages, 1) if message.shape in DOUBTFUL}
    order = list(shown)
    box.rng.shuffle(order)
    for number in order:
        asked = list(batches(questions(shown[number], box.rng, shown[number] != directly[number]), box.rng))
        box.rng.shuffle(sessions)
        its = answers(oracle, number, [plain for batch in asked if (plain := [q for q in batch if not q.is_binary()])], box.rng)
        answers_of_one = [answers(client, number, asked, box.rng) for client in sessions]
        about = f"{number}, {box.messages[number - 1].shape}"
        for told in answers_of_one:
            for question in (q for batch in asked for q in batch):
                if "HEADER.FIELDS" in question.item and box.messages[number - 1].shape in DOUBTFUL_HEADER:
                    continue
                findings.compare(about, question, told.get(question.name, b"nothing"), its.get(question.name),
                                 number in doubtful and shown[number])
    print(f"# {findings.questions} answers compared, {findings.otherwise} of them only with the server's", flush=True)
    findings.expect_none()


def expect_no_stings(box, clients):
    """In none of the octets that ever came."""
    came = b"\0".join(b"".join(client.octets) for client in clients)
    for number, message in enumerate(box.messages, 1):
        for sting in message.stings:
            expect(sting not in came, "what was removed came", number, message.shape, sting)


def check_agreement(box):
    """In two sessions, before and after it was judged, and when the rules have changed."""
    first, second = box.session(), box.session()
    before = all_told(first)
    expect_equal(len(before), len(box.messages), "messages")
    expect_equal(box.judged(), len(box.messages) if box.layout == "rewrite" else 0, "messages judged for sizes and structures")
    shown = all_shown(first)
    directly = box.directly()
    stored = all_shown(directly)
    check_shown(box, shown, stored)
    expect(all_shown(second) == shown, "the two sessions are shown different octets")
    expect(all_told(second) == before and all_told(first) == before, "told otherwise after it was judged")
    expect(box.layout == "rewrite" or before == all_told(directly), "not told as the server does")
    check_listed(second, shown, stored)
    copy = box.dovecot.user(list(shown.values()), crlf=True)
    compare_all(box, [first, second], box.directly(copy), shown, stored)
    expect_no_stings(box, [first, second])
    verdicts_last(box, shown, before)


@tests
def agreement(t):
    "sizes, structures, envelopes, sections and ranges agree with the message as shown, in two sessions, before and after it was judged"
    check_agreement(Mailbox(t))


@tests
def agreement_rewritten(t):
    "and so they do by layout rewrite"
    check_agreement(Mailbox(t, "rewrite"))


def verdicts_last(box, shown, before):
    """Rules and the layout change; what was shown does not, and nothing is fetched to be judged again."""
    judged = box.judged()
    box.gatepost.config["policies"]["inbound"]["layout"] = {"preserve": "rewrite", "rewrite": "preserve"}[box.layout]
    box.gatepost.write_config(box.gatepost.config)
    box.gatepost.write_rules(RULES.replace("[exe]", "[txt, pdf]").replace("EICAR-STANDARD", "EICAR-OTHER"))
    done = subprocess.run([GATEPOST, "ctl", "-c", box.gatepost.file, "reload"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
    expect_equal(done.returncode, 0, done.stdout)
    box.gatepost.wait_event("started", child="^proxy$", count=2)
    client = box.session()
    expect(all_told(client) == before, "told otherwise after the rules have changed")
    expect(all_shown(client) == shown, "other octets after the rules have changed")
    expect_equal(box.judged(), judged, "messages judged again")
    expect_no_stings(box, [client])


def check_seen(box):
    client, directly = box.session(), box.directly()
    items = ["BODY[]", "BODY[1]", "BODY[TEXT]", "RFC822", "RFC822.TEXT", "BODY[]<0.10>", "BODY[HEADER]", "BODY[1.MIME]",
             "BODY.PEEK[]", "BODY.PEEK[1]", "BODY.PEEK[TEXT]<5.5>", "RFC822.HEADER", "BODY.PEEK[HEADER]", "RFC822.SIZE",
             "BODYSTRUCTURE", "ENVELOPE", "BODY[2]", "BODY.PEEK[HEADER.FIELDS (From)]"]
    asked = {number: box.rng.choice(items) for number in range(1, min(len(box.messages), 100) + 1)}
    for number, item in asked.items():
        client.fetch(number, f"({item})")
    directly.ok("NOOP")
    for number, flags in flags_of(directly).items():
        item = asked.get(number, "nothing")
        sees = not item.startswith(("BODY.PEEK", "RFC822.HEADER", "RFC822.SIZE", "BODYSTRUCTURE", "ENVELOPE", "nothing"))
        expect_equal("\\Seen" in flags, sees, f"\\Seen of {number} after {item}")
    client.ok("EXAMINE INBOX")
    client.ok("FETCH 1:* (BODY[] RFC822)")
    after = flags_of(box.directly())
    expect_equal(sum("\\Seen" in flags for flags in after.values()), sum("\\Seen" in f for f in flags_of(directly).values()),
                 "\\Seen after EXAMINE")


@tests
def seen(t):
    r"\Seen changes exactly when the client's own command changes it"
    check_seen(Mailbox(t))


def check_unseen(box):
    r"""Another comes when the last one is known. A server may take it in as FETCH begins."""
    client, directly, last = box.session(), box.directly(), len(box.messages)
    client.ok(f"FETCH {last} (BODY.PEEK[])")
    message = box.messages[0].data
    number = last + 1
    for which in ("FETCH *", f"UID FETCH {last}:{last + 100}", f"FETCH 1,{last}:{last + 2}"):
        directly.ok(f"APPEND INBOX {{{len(message)}+}}", message + b"\r\n")
        told = client.read(client.ok(f"{which} (BODY[TEXT])"))
        shown = any(one == number and "BODY[TEXT]" in items for one, items in told)
        directly.ok("NOOP")
        expect_equal("\\Seen" in flags_of(directly)[number], shown, f"\\Seen after {which}")
        directly.ok(f"STORE {number} +FLAGS (\\Deleted)")
        directly.ok("EXPUNGE")
        client.ok("NOOP")


@tests
def unseen(t):
    r"\Seen is set of a message that comes as FETCH begins only if that shows it"
    check_unseen(Mailbox(t))


@tests
def unseen_rewritten(t):
    r"and so it is by layout rewrite, of a message that comes as FETCH begins"
    check_unseen(Mailbox(t, "rewrite"))


@tests
def seen_rewritten(t):
    r"and so it does by layout rewrite"
    check_seen(Mailbox(t, "rewrite"))


tests.run()
