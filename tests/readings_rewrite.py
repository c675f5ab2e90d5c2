#!/usr/bin/env python3
"""Ambiguous messages that a policy has written anew (`ambiguous: rewrite`).

    tests/readings_rewrite.py [--every] [--verbose] [--keep] [T12 …]

The messages are those of tests/readings.py. Of each that is written anew
- no judge finds in it what is banned;
- a second scan finds nothing more to do: it has one reading;
- an attachment that gatepost and Python's email both read in the original is
  there still, octet for octet, with its type and name;
- it is well-formed: Python's email finds no defect, no line is too long, bodies
  are ASCII, the fields of the envelope are as they were.
The suite takes a share of the messages, --every all of them, T12 those of a class."""

import argparse
import collections
import email
import email.policy
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import left_to  # noqa: E402
from readings import gate, judges  # noqa: E402
from readings.registry import VALID, cases, classes  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
CONFIG = os.path.join(HERE, "readings", "rewrite.yaml")
DELIVER = os.path.join(os.environ.get("builddir", "."), "tests", "deliver")
SHARE = 3  # one message in so many
SECONDS = 600
SHOWN = 8
LINE_MAX = 998  # RFC 5322 2.1.1
ENVELOPE = ("From", "To", "Subject", "Date", "Message-ID")
RESULT = re.compile(rb"^MIME-Ambiguity-Results: [^;\r\n]+;\r?\n\tambiguity=(none|present|rewritten) readings=\d+"
                    rb"((\r?\n\t| )defect=[a-z0-9-]+)*\r?\n", re.M)


class Folder:
    """Messages before and after."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="readings-rewrite-")
        for name in "before", "after", "again":
            os.mkdir(self.at(name))

    def at(self, *names):
        return os.path.join(self.path, *names)

    def deliver(self, policy, before, after):
        """Scans the files of one folder into another; the answers by name."""
        paths = [self.at(before, name) for name in sorted(os.listdir(self.at(before)))]
        result = subprocess.run([DELIVER, CONFIG, policy, self.at(after)], input="".join(p + "\n" for p in paths),
                                text=True, encoding="utf-8", errors="replace", stdout=subprocess.PIPE,
                                timeout=SECONDS, check=True)
        answers = [json.loads(line) for line in result.stdout.split("\n") if line]
        return {os.path.basename(a["file"]): a for a in answers}


def make(folder, numbers, every):
    made = []
    for number in numbers:
        for n, case in enumerate(cases(classes[number])):
            if not every and n % SHARE != number % SHARE:
                continue
            case.name = f"T{number:02d}-{n:04d}.eml"
            with open(folder.at("before", case.name), "wb") as f:
                f.write(case.data)
            made.append(case)
    return made


def scan(folder, made):
    answers = folder.deliver("rewrite", "before", "after")
    again = folder.deliver("strict", "after", "again")
    for case in made:
        case.answer, case.again = answers[case.name], again.get(case.name)
        if case.answer["verdict"] in gate.BLOCKED:
            continue
        case.file = folder.at("after", case.name)
        with open(case.file, "rb") as f:
            case.out = f.read()


def result_of(data):
    found = RESULT.match(data)
    return found.group(1).decode() if found else "nothing"


# What is wrong with one message; each check yields words.

def unsettled(case):
    if case.again["verdict"] != "accept":
        names = [hit["name"] for hit in case.again["rules"]] + case.again["defects"]
        yield f"scanned again: {case.again['verdict']} {' '.join(names)}"


def same_content(p, content):
    if p.type.startswith("text/"):
        return content.replace(b"\r\n", b"\n").rstrip(b"\n") == p.content.replace(b"\r\n", b"\n").rstrip(b"\n")
    return content == p.content


def holds(p, data):
    """Whether Python's email sees that attachment with its name and type."""
    for part in email.message_from_bytes(data).walk():
        try:
            if not part.is_multipart() and part.get_filename() == p.name and part.get_content_type() == p.type \
                    and same_content(p, part.get_payload(decode=True) or b""):
                return True
        except Exception:  # Python's own
            return False
    return False


def is_read(p, answer):
    """Whether it is in the strict reading; other sections are not of digits."""
    digests = {hashlib.sha256(c).hexdigest() for c in (p.content, p.content + b"\r\n")}
    return any(part["name"] == p.name and part["type"] == p.type and part["sha256"] in digests
               for part in answer["parts"] if re.fullmatch(r"[\d.]*", part["section"]))


def lost(case):
    p = case.payload
    if not p.banned and is_read(p, case.answer) and holds(p, case.data) and not holds(p, case.out):
        yield "the attachment is lost"


def malformed(case):
    data = case.out
    message = email.message_from_bytes(data)
    defects = [type(d).__name__ for part in message.walk() for d in part.defects]
    if defects:
        yield "malformed for Python: " + " ".join(defects)
    ends = set(re.findall(rb"\r*\n|\r", data))
    if len(ends) > 1:
        yield f"line ends: {ends}"
    if max(len(line) for line in re.split(rb"\r?\n", data)) > LINE_MAX:
        yield "a line is too long"
    if any(isinstance(part.get_payload(), str) and not part.get_payload().isascii() for part in message.walk()):
        yield "a body is not ASCII"
    if b"\0" in data:
        yield "it holds NUL"


def other_envelope(case):
    before, after = (email.message_from_bytes(d, policy=email.policy.compat32) for d in (case.data, case.out))
    for name in ENVELOPE:
        old, new = ([str(v) for v in m.get_all(name, [])] for m in (before, after))
        if old and old != new and case.place != "whole":
            yield f"{name}: {old} became {new}"


def faults(case):
    if result_of(case.out) != "rewritten":
        return
    for check in unsettled, lost, malformed, other_envelope:
        yield from check(case)
    if case.expectation == VALID:
        yield "well-formed, but written anew"


class Report:
    def __init__(self, verbose):
        self.verbose = verbose
        self.point = self.failed = 0

    def __call__(self, ok, text, comments=()):
        self.point += 1
        self.failed += not ok
        print("ok" if ok else "not ok", self.point, "-", text, flush=True)
        for comment in comments if self.verbose else comments[:SHOWN]:
            print("#", comment)
        if not self.verbose and len(comments) > SHOWN:
            print(f"# … and {len(comments) - SHOWN} more")


def reasons(case):
    return case.answer["rules"] + case.answer["defects"] + ([] if case.answer["complete"] else ["not all could be read"])


def leaks_of(made, names):
    """Of what is written anew; the rest is as tests/readings.py sees it."""
    leaks = collections.defaultdict(list)
    suspects = [c for c in made if c.out is not None and c.payload.banned and result_of(c.out) == "rewritten"]
    for case, judge, what in judges.judge(suspects, names):
        leaks[case.name].append(f"{judge} finds {what}")
    return leaks


def tell(report, made, leaks, number):
    mine = [c for c in made if c.number == number]
    out = [c for c in mine if c.out is not None]
    rewritten = sum(result_of(c.out) == "rewritten" for c in out)
    told = [f"{c}: {', '.join(wrong)}: {c.answer['verdict']}: {c.file}" for c in out
            if (wrong := leaks[c.name] + list(faults(c)))]
    told += [f"{c}: no reason: {c.name}" for c in mine if c.out is None and not reasons(c)]
    told += [f"{c}: crash" for c in mine if gate.crashed(c.answer)]
    report(not told, f"T{number:02d} {classes[number].title}: {len(mine)} messages, {len(out)} delivered, "
           f"{rewritten} of them written anew", told)


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("--every", action="store_true", help="all messages")
    p.add_argument("--verbose", action="store_true", help="tell every failure")
    p.add_argument("--keep", action="store_true", help="keep the messages")
    p.add_argument("classes", nargs="*", metavar="T12")
    return p.parse_args()


def main():
    arguments = parse_arguments()
    if left_to("gcc"):
        print("1..0 # SKIP what other programs read does not depend on sanitizers")
        return 0
    wanted = [int(c.lstrip("T")) for c in arguments.classes] or sorted(classes)
    folder = Folder()
    report = Report(arguments.verbose)
    names, missing = judges.present()
    began = time.monotonic()
    made = make(folder, wanted, arguments.every or bool(arguments.classes))
    scan(folder, made)
    scanned = time.monotonic()
    leaks = leaks_of(made, names)
    print(f"1..{len(wanted) + 1}")
    for number in wanted:
        tell(report, made, leaks, number)
    report(len(judges.families(names)) > 0, f"judges: {', '.join(names)}", [f"missing: {p}" for p in missing])
    print(f"# {len(made)} messages, gatepost {scanned - began:.0f} s, judges {time.monotonic() - scanned:.0f} s")
    if arguments.keep:
        print("# messages are kept in", folder.path)
    else:
        shutil.rmtree(folder.path)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
