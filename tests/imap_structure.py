#!/usr/bin/python3
"""What gatepost tells of a message in the place of an IMAP server, beside what they
are by another computation (lib/imap_expect.py) and what a real Dovecot tells of the
same bytes: size, envelope, structures, all sections and filtered headers.

    python3 tests/imap_structure.py [WORD… | FILE…]

Of files all that differs is shown, and no test is made. What differs from Dovecot
on the project's own messages must be one of its known choices (CHOICES, excuse())."""

import collections
import glob
import imaplib
import json
import os
import random
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "lib")]

from dovecot import SECRET, Dovecot  # noqa: E402
from gatepost_test import Tests, expect  # noqa: E402
from imap_expect import Expected, parse, parse_items, partial  # noqa: E402
from readings import ordinary  # noqa: E402

tests = Tests()
PROGRAM = os.path.join(os.environ.get("builddir", "."), "tests/print_structure")
FILES = [word for word in sys.argv[1:] if os.path.isfile(word)]
SEED = 20260101
SHOWN = 300 if FILES else 5  # of one kind
# Where a message is malformed, servers read it as they like. Dovecot's way:
CHOICES = {
    "boundary-empty": "a boundary may be empty",
    "encoding-odd": "an encoding with more than a word is 7bit",
    "piece-of-name-in-encoding": "an encoding with more than a word is 7bit",
    "shadow-encoded": "an encoding with more than a word is 7bit; a message that is encoded is read as it stands",
    "rfc822-base64": "a message that is encoded is read as it stands",
    "rfc822-quoted-printable": "a message that is encoded is read as it stands",
    "header-blank-end": "a line of blanks never ends a header",
    "header-junk-body": "a line that is no field never ends a header",
    "name-of-message-inside-message": "a line that is no field never ends a header",
    "type-malformed": "a subtype may be empty, and multipart without one has no parts",
    "delimiter-behind-header-of-file": "a type that is not understood is empty",
    "comma-behind-piece-of-name": "an unquoted value ends at a sign that no token has",
    "parameter-in-value": "an unquoted value ends at a sign that no token has",
    "quote-behind-extended-name": "an unquoted value ends at a sign that no token has",
    "sign-that-becomes-x": "an unquoted value ends at a sign that no token has",
    "equals-before-extended-name": "a parameter may have no name",
}
KINDS = ("", "MIME", "HEADER", "TEXT")
NAMES = ("from", "Subject", "CONTENT-TYPE", "x-none", "Received")
imaplib._MAXLINE = 10_000_000  # pylint: disable=protected-access


class Printer:
    """The program that prints what gatepost would tell."""

    def __init__(self, t):
        self.process = subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        t.callback(self.stop)
        self.path = os.path.join(t.folder(), "message")

    def ask(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def view(self, message):
        with open(self.path, "wb") as f:
            f.write(message)
        return View(message, self.ask(self.path), self)

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class View:
    def __init__(self, message, told, printer):
        self.message, self.octets, self.printer = message, told["octets"], printer
        self.texts = {name: bytes.fromhex(told[name]) for name in ("envelope", "body", "bodystructure")}
        self.sections = {s["path"]: s for s in told["sections"]}

    def value(self, name):
        return parse(self.texts[name])

    def section(self, path, kind):
        found = self.sections.get(path, {}).get(kind)
        return None if found is None else self.message[found[0]:found[0] + found[1]]

    def fields(self, others):
        told = self.printer.ask("HEADER.FIELDS" + (".NOT " if others else " ") + " ".join(NAMES))
        return bytes.fromhex(told["fields"])


class Refused(Exception):
    pass


class Server:
    """A mailbox of Dovecot's."""

    def __init__(self, dovecot, messages):
        self.client = imaplib.IMAP4("127.0.0.1", dovecot.imap)
        self.client.login(dovecot.user(messages), SECRET)
        self.client.select("INBOX", readonly=True)

    def fetch(self, number, items):
        """{item: value} of one message."""
        kind, found = self.client.fetch(str(number), f"({items})")
        if kind != "OK":
            self.client.response("FETCH")  # forgets what it told before it refused
            raise Refused(f"FETCH {items}: {found}")
        text = b""
        for piece in found:
            text += piece[0] + b"\r\n" + piece[1] if isinstance(piece, tuple) else piece
        return parse_items(text[text.index(b" ") + 1:])

    def stop(self):
        self.client.logout()


def as_sent(message):
    """With CRLF for every line end, as a server sends what is stored with LF."""
    while (lf := message.replace(b"\r\n", b"\n")) != message:
        message = lf
    return message.replace(b"\n", b"\r\n")


def messages_of(files):
    for path in files:
        with open(path, "rb") as f:
            yield path if FILES else os.path.basename(path)[:-len(".eml")], as_sent(f.read())


def corpus():
    if FILES:
        return list(messages_of(FILES))
    found = list(messages_of(sorted(glob.glob(os.path.join(HERE, "golden/mime/*.eml")))))
    found += messages_of(sorted(glob.glob(os.path.join(HERE, "readings/found/*.eml"))))
    return found + [(f"ordinary {shape}", as_sent(message)) for shape, message in ordinary.messages()]


def flattened(path, value):
    if isinstance(value, list):
        for n, item in enumerate(value):
            yield from flattened(f"{path}.{n}", item)
    else:
        yield path, value


def show(title, ours, theirs):
    """Where they differ first."""
    a, b = list(flattened("", ours)), list(flattened("", theirs))
    n = next((n for n, pair in enumerate(zip(a, b)) if pair[0] != pair[1]), min(len(a), len(b)))
    print(f"# {title}\n#   ours   {str(a[n:n + 6])[:500]}\n#   theirs {str(b[n:n + 6])[:500]}")


def mapped(change, value):
    """With all strings in it changed."""
    if isinstance(value, list):
        return [mapped(change, item) for item in value]
    return change(value) if isinstance(value, bytes) else value


def lower(value):
    return mapped(bytes.lower, value)


def trimmed(value):
    return mapped(bytes.strip, value)


def without_last_lines(ours, theirs):
    """The structure `theirs`, with messages as `ours` where they differ by the line
    end behind the final delimiter of a multipart."""
    if not (isinstance(ours, list) and isinstance(theirs, list)) or len(ours) != len(theirs):
        return theirs
    told = [without_last_lines(a, b) for a, b in zip(ours, theirs)]
    if lower(told[:2]) == [b"message", b"rfc822"] and told[6] == ours[6] + 2 and told[9] == ours[9] + 1:
        told[6], told[9] = ours[6], ours[9]
    return told


def excuse(item, name, ours, theirs):
    """Which known choice of Dovecot's explains the difference, or None."""
    if name.split()[0] in CHOICES:
        return CHOICES[name.split()[0]]
    if isinstance(ours, list):
        if lower(ours) == lower(theirs) and item != "ENVELOPE" and isinstance(ours[0], bytes):
            return "plain text in ASCII is told in lower case"
        if trimmed(ours) == trimmed(theirs):
            return "blanks around a text are told"
        if ours == without_last_lines(ours, theirs):
            return "the line end behind a final delimiter is of the multipart"
        return None
    if item == "HEADER.FIELDS.NOT" and ours == theirs + b"\r\n":
        return "a header without an empty line gets one for HEADER.FIELDS, not for HEADER.FIELDS.NOT"
    if item in ("section HEADER", "section MIME") and ours == theirs + b"\r\n":
        return "the last line end of a header is of the delimiter that ends it"
    if item in ("section ", "section TEXT") and theirs == ours + b"\r\n" and ours.endswith(b"--"):
        return "the line end behind a final delimiter is of the multipart"
    return None


class Comparison:
    """Of many messages with one other source."""

    def __init__(self, excuse_of=lambda *about: None):
        self.count, self.excuse_of = 0, excuse_of
        self.wrong, self.excused = collections.Counter(), collections.Counter()

    def equal(self, item, name, ours, theirs):
        self.count += 1
        if ours == theirs:
            return
        why = self.excuse_of(item, name, ours, theirs)
        if why:
            self.excused[why] += 1
            return
        self.wrong[item] += 1
        if self.wrong[item] <= SHOWN:
            show(f"{item}: {name}", ours, theirs)

    def result(self):
        print(f"# {self.count} comparisons, {sum(self.wrong.values())} differ {dict(self.wrong) or ''}")
        for why, count in self.excused.most_common():
            print(f"# {count:5} Dovecot: {why}")
        expect(not self.wrong, "what is told differs", dict(self.wrong))


def told(view, name):
    try:
        return view.value(name)
    except ValueError as error:
        return f"{error} in {view.texts[name]!r}"


def compare_with_server(c, name, view, server, number):
    items = server.fetch(number, "RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE")
    c.equal("size", name, view.octets, items["RFC822.SIZE"])
    for item in ("ENVELOPE", "BODY", "BODYSTRUCTURE"):
        c.equal(item, name, told(view, item.lower()), items[item])
    asked = [(path, kind) for path in view.sections for kind in KINDS if view.section(path, kind) is not None]
    sections = ["BODY.PEEK[" + ".".join(word for word in pair if word) + "]" for pair in asked]
    fields = [f"BODY.PEEK[HEADER.FIELDS{n} ({' '.join(NAMES)})]" for n in ("", ".NOT")]
    answers = list(server.fetch(number, " ".join(sections + fields)).values())
    for (path, kind), answer in zip(asked, answers):
        c.equal(f"section {kind}", f"{name} {path}", view.section(path, kind), answer)
    c.equal("HEADER.FIELDS", name, view.fields(False), answers[-2])
    c.equal("HEADER.FIELDS.NOT", name, view.fields(True), answers[-1])


def compare_with_expected(c, name, view):
    e = Expected(view.message)
    c.equal("size", name, view.octets, e.octets)
    for item in ("envelope", "body", "bodystructure"):
        c.equal(item, name, told(view, item), getattr(e, item)())
    for path in sorted(set(view.sections) | {"", *e.parts}):
        for kind in KINDS:
            c.equal(f"section {kind}", f"{name} {path}", view.section(path, kind), e.section(path, kind))
    c.equal("HEADER.FIELDS", name, view.fields(False), e.fields(NAMES))
    c.equal("HEADER.FIELDS.NOT", name, view.fields(True), e.fields(NAMES, True))


@tests
def as_expected(t):
    "what is told of a message is what its bytes are by another computation"
    printer, c = Printer(t), Comparison()
    for name, message in corpus():
        compare_with_expected(c, name, printer.view(message))
    c.result()


def serve(t, messages):
    dovecot = Dovecot(t.folder(), *t.certificates.pair())
    t.callback(dovecot.stop)
    server = Server(dovecot.wait_ready(), messages)
    t.callback(server.stop)
    return server


@tests
def as_dovecot(t):
    "what is told of a message is what Dovecot tells, but for its known choices"
    named = corpus()
    server = serve(t, [message for _, message in named])
    printer, c = Printer(t), Comparison(excuse)
    for number, (name, _) in enumerate(named, 1):
        message = server.fetch(number, "BODY.PEEK[]")["BODY[]"]
        compare_with_server(c, name, printer.view(message), server, number)
    c.result()


@tests
def binary_and_partial(t):
    "the other computation has BINARY and parts of sections as Dovecot has them"
    named = [(f"ordinary {shape}", as_sent(message)) for shape, message in ordinary.messages()[::7]]
    server, c = serve(t, [message for _, message in named]), Comparison()
    chosen, refused = random.Random(SEED), set()
    for number, (name, message) in enumerate(named, 1):
        e = Expected(message)
        leaves = [path for path, part in e.parts.items() if part.kind() not in (b"multipart", b"message")]
        for path in leaves:
            try:
                # BINARY.SIZE is not asked: here Dovecot tells for some parts of a message
                # with many what is not the length of its own BINARY.
                told = server.fetch(number, f"BINARY.PEEK[{path}]")
            except Refused:
                refused.add(name)
                continue
            c.equal("BINARY", f"{name} {path}", e.binary(path), told[f"BINARY[{path}]"])
        for path in ["", *leaves]:
            at, count = chosen.randrange(len(e.section(path)) + 9), chosen.randrange(1, 99)
            told = server.fetch(number, f"BODY.PEEK[{path}]<{at}.{count}>")[f"BODY[{path}]<{at}>"]
            c.equal("partial", f"{name} {path} {at} {count}", partial(e.section(path), at, count), told)
    print(f"# refused, as not decodable: {refused}")
    c.result()


tests.run([] if FILES else None)
