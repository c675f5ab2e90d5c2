"""Ways to hide an attachment that nobody thought of: well-formed messages with
a banned file, got wrong at random. Each is blocked, or what is let out is read
by independent MIME parsers, none of which may find what is banned.

    tests/readings_mutate.py [--count N] [--seed S] [--policy NAME] [--only] [--keep]

What was found so in former days lies in readings/found/ and is tried first. A
leak is told with the fewest of its mutations that still leak, and its message
is kept."""

import argparse
import collections
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import left_to  # noqa: E402
from readings import gate, judges, mutate, seeds  # noqa: E402
from readings.payload import PICTURE, TEXT  # noqa: E402

FOUND = os.path.join(os.path.dirname(os.path.abspath(__file__)), "readings", "found")
BATCH = 1500
SCAN_SECONDS = 300
SHOWN = 12
SEED_STEP = 7
NOTICES = b"was removed from this message", b"The attachment was removed"
COUNT, SEED = 4000, "gatepost"


class Message:
    """One that lies in a file."""
    expectation = "odd"

    def __init__(self, name, data, expectation="odd"):
        self.name, self.data, self.expectation = name, data, expectation
        self.file, self.answer, self.out = "", {}, None

    def __str__(self):
        return self.name


def banned_in(leaves):
    """What is banned among them. A notice may have the name of what it stands for, where only a judge sees that name."""
    for name, leaf in leaves:
        if what := judges.content.banned("" if any(notice in leaf for notice in NOTICES) else name, leaf):
            return what
    return ""


class Run:
    def __init__(self, arguments):
        self.policy = arguments.policy
        self.folder = tempfile.mkdtemp(prefix="mutations-")
        self.keep = arguments.keep
        self.names, self.missing = judges.present()
        self.batches = self.point = self.failed = self.out = 0

    def scan(self, messages):
        """What becomes of each, in `answer` and `out`."""
        self.batches += 1
        folder = os.path.join(self.folder, f"{self.batches:04d}")
        os.mkdir(folder)
        for n, message in enumerate(messages):
            message.file = os.path.join(folder, f"{n:05d}.eml")
            with open(message.file, "wb") as f:
                f.write(message.data)
        answers = gate.scan(folder, self.policy, SCAN_SECONDS)
        for message in messages:
            message.answer = answers[os.path.basename(message.file)]
        gate.let_out(messages, self.policy)
        return folder

    def leaks(self, messages):
        """{message: [(judge, what)…]} of those that leak."""
        folder = self.scan(messages)
        suspects = [m for m in messages if m.out is not None]
        self.out += len(suspects)
        for m in suspects:
            m.file = m.file.replace(".eml", ".out")
            with open(m.file, "wb") as f:
                f.write(m.out)
        found = collections.defaultdict(list)
        with ThreadPoolExecutor() as pool:
            seen = pool.map(lambda judge: judges.read_all(judge, [m.file for m in suspects]), self.names)
        for judge, leaves in zip(self.names, seen):
            for m in suspects:
                if what := banned_in(leaves.get(m.file, [])):
                    found[m].append((judge, what))
        crashes = [m for m in messages if gate.crashed(m.answer)]
        for m in crashes:
            found[m].append(("nobody", "the scanner gave no answer"))
        if not self.keep:
            for m in set(suspects) - set(found):
                os.unlink(m.file)
            if not found:
                shutil.rmtree(folder)
        return found

    def smallest(self, found):
        """Of each leak the fewest mutations that leak by themselves."""
        tried = [m for leak in found for m in leak.smaller()]
        again, out = self.leaks(tried) if tried else {}, self.out
        best = {(leak.run, leak.number): (leak, seen) for leak, seen in found.items()}
        for m, seen in again.items():
            key = m.run, m.number
            if len(m.kept) < len(best[key][0].kept):
                best[key] = m, seen
        self.out = out
        return best.values()

    def report(self, ok, text, comments=()):
        self.point += 1
        self.failed += not ok
        print("ok" if ok else "not ok", self.point, "-", text, flush=True)
        for comment in comments:
            print("#", comment, flush=True)


def some(messages):
    """Of all kinds a few: the step has no factor in common with their numbers."""
    return messages[::SEED_STEP]


def line_of(m, seen):
    by = " ".join(sorted({judge for judge, _ in seen}))
    return f"leak: {m}: found by {by}: {seen[0][1]}; {m.answer['verdict']}: {m.file}"


def try_found(run):
    messages = []
    for name in sorted(os.listdir(FOUND)):
        with open(os.path.join(FOUND, name), "rb") as f:
            messages.append(Message(name, f.read()))
    found = run.leaks(messages)
    run.report(messages and not found, f"{len(messages)} messages found before", [line_of(m, seen) for m, seen in found.items()])


def try_unchanged(run):
    messages = [Message(name, data, "valid") for name, data in some(seeds.seeds((TEXT, PICTURE)))]
    run.scan(messages)
    wrong = [f"changed: {m}: {m.answer['verdict']}: " + ", ".join(str(d) for d in m.answer["defects"]) + f": {m.file}"
             for m in messages if m.out != m.data]
    run.report(not wrong, f"{len(messages)} well-formed messages with harmless files pass untouched", wrong[:SHOWN])


def try_seeds(run):
    """Unchanged, what is banned is found in all."""
    messages = [Message(name, data) for name, data in some(mutate.SEEDS)]
    found = run.leaks(messages)
    wrong = [line_of(m, seen) for m, seen in found.items()] + \
        [f"passed: {m}: {m.file}" for m in messages if m.answer["verdict"] in ("accept", "tag")]
    run.report(not wrong, f"{len(messages)} well-formed messages with banned files are stopped", wrong[:SHOWN])


def try_mutants(run, seed, count):
    verdicts, leaks, run.out = collections.Counter(), 0, 0
    for begin in range(0, count, BATCH):
        batch = [mutate.Mutant(seed, n) for n in range(begin, min(begin + BATCH, count))]
        found = run.leaks(batch)
        verdicts.update(m.answer["verdict"] for m in batch)
        leaks += len(found)
        for m, seen in run.smallest(found):
            print("#", line_of(m, seen), flush=True)
    became = ", ".join(f"{n} {verdict}" for verdict, n in verdicts.most_common())
    run.report(not leaks, f"{count} messages got wrong: {became}; {run.out} judged, {leaks} leak")


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("--count", type=int, default=COUNT, help="so many mutations")
    p.add_argument("--seed", default=SEED, help="others")
    p.add_argument("--policy", default="strict", help="one of readings/gatepost.yaml")
    p.add_argument("--keep", action="store_true", help="keep all messages")
    p.add_argument("--only", action="store_true", help="nothing but the mutations")
    return p.parse_args()


def main():
    arguments = parse_arguments()
    if left_to("gcc"):
        print("1..0 # SKIP what other programs read does not depend on sanitizers")
        return 0
    run = Run(arguments)
    began = time.monotonic()
    print("1.." + ("1" if arguments.only else "4"))
    if not arguments.only:
        try_found(run)
        try_unchanged(run)
        try_seeds(run)
    try_mutants(run, arguments.seed, arguments.count)
    print(f"# judges: {', '.join(run.names)}; {time.monotonic() - began:.0f} s" + "".join(f"; missing: {p}" for p in run.missing))
    if run.failed or run.keep:
        print("# messages are kept in", run.folder)
    else:
        shutil.rmtree(run.folder)
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
