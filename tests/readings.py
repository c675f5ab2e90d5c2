"""Every way to hide an attachment from a scanner, in every variant: none may
get a banned item past gatepost to a program that reads mail differently.

    tests/readings.py [--table] [--all] [--policy NAME] [--keep] [T12 …]

Each message is blocked, or what is let out is read by independent MIME parsers,
none of which may find what is banned. Well-formed messages of the same shapes
must pass untouched, as must ordinary mail (readings/ordinary.py)."""

import argparse
import collections
import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import left_to  # noqa: E402
from readings import gate, judges, ordinary  # noqa: E402
from readings.registry import BLOCK, VALID, cases, classes  # noqa: E402

FEWEST_FAMILIES = 3
SCAN_SECONDS = 600  # for all; a build with sanitizers takes its time
SHOWN = 8  # failures of one kind in a class that are told one by one
ORDINARY_PER_AMBIGUOUS = 1000


class Run:
    """One run: its folder, its messages, what became of them."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.folder = tempfile.mkdtemp(prefix="readings-")
        self.failed = self.point = 0
        self.keep = arguments.keep

    def make(self, numbers):
        made = []
        for number in numbers:
            folder = os.path.join(self.folder, f"T{number:02d}")
            os.mkdir(folder)
            for n, case in enumerate(cases(classes[number], self.arguments.all)):
                case.file = os.path.join(folder, f"T{number:02d}-{n:04d}.eml")
                with open(case.file, "wb") as f:
                    f.write(case.data)
                made.append(case)
        return made

    def scan(self, made):
        answers = gate.scan(self.folder, self.arguments.policy, SCAN_SECONDS)
        for case in made:
            case.answer = answers[os.path.basename(case.file)]
        gate.let_out(made, self.arguments.policy)

    def judge(self, made, names):
        """The leaks, by class."""
        suspects = [c for c in made if c.payload.banned and c.out is not None]
        for case in suspects:
            case.file = case.file.replace(".eml", ".out")
            with open(case.file, "wb") as f:
                f.write(case.out)
        found = [(case, judge, what) for case, judge, what in judges.judge(suspects, names)]
        found += [(case, "nobody", "a way into it") for case in suspects
                  if case.expectation == BLOCK and case.answer["verdict"] != "strip"]
        leaks = collections.defaultdict(dict)
        for case, judge, what in found:
            leaks[case.number].setdefault(case.variant, []).append((case, judge, what))
        return {n: [leak_line(variant, seen) for variant, seen in by_variant.items()] for n,
                by_variant in leaks.items()}

    def report(self, ok, text, comments):
        self.point += 1
        print("ok" if ok else "not ok", self.point, "-", text, flush=True)
        for comment in comments:
            print("#", comment)
        if not ok:
            self.failed += 1

    def finish(self):
        if self.keep or self.failed:
            print("# messages are kept in", self.folder)
        else:
            shutil.rmtree(self.folder)
        return 1 if self.failed else 0


def leak_line(variant, seen):
    """All leaks of one variant."""
    case, _, what = seen[0]
    names = " ".join(sorted({judge for _, judge, _ in seen}))
    places = " ".join(sorted({c.place for c, _, _ in seen}))
    kinds = " ".join(sorted({c.payload.kind for c, _, _ in seen}))
    return (f"leak: T{case.number:02d} {variant} [{places}; {kinds}]: found by {names}: {what}; "
            f"{case.answer['verdict']}: {case.file}")


def reasons(case):
    return ", ".join([hit["name"] for hit in case.answer["rules"]] +
                     [d["name"] if isinstance(d, dict) else str(d) for d in case.answer["defects"]]) or case.answer[
        "verdict"]


def shown(lines, every=False):
    more = 0 if every else len(lines) - SHOWN
    return lines[:len(lines) if every else SHOWN] + ([f"… and {more} more"] if more > 0 else [])


class Tally:
    """What became of a class's messages."""

    def __init__(self, made, leaks):
        banned = [c for c in made if c.payload.banned]
        harmless = [c for c in made if not c.payload.banned]
        valid = [c for c in harmless if c.expectation == VALID]
        self.generated = len(made)
        self.banned = len(banned)
        self.blocked = sum(c.out is None for c in banned)
        self.stripped = sum(c.answer["verdict"] == "strip" for c in banned)
        self.out = self.banned - self.blocked
        # By what it is, not only for how ambiguous the message is.
        self.seen = sum(any("then" in hit and hit["name"] != "ambiguous" for hit in c.answer["rules"]) for c in banned)
        self.harmless_blocked = sum(c.out is None for c in harmless if c.expectation != VALID)
        self.harmless = len(harmless) - len(valid)
        self.changed = [f"changed: {c}: {c.answer['verdict']}, {reasons(c)}: {c.file}" for c in valid
                        if c.out != c.data]
        self.valid, self.identical = len(valid), len(valid) - len(self.changed)
        self.leaks = leaks
        self.crashes = [f"crash: {c}: {c.answer['verdict']}: {c.file}" for c in made if gate.crashed(c.answer)]

    def line(self):
        valid = f"; valid {self.identical} of {self.valid} identical" if self.valid else ""
        return f"{self.banned} banned, {self.blocked} blocked, {self.out} let out, " \
            f"{len(self.leaks)} variants leak; of {self.harmless} harmless {self.harmless_blocked} blocked{valid}"

    def row(self):
        return f"| {self.generated} | {self.banned} | {self.blocked} | {self.stripped} | {self.seen} | {len(self.leaks)} | " \
            f"{self.harmless_blocked} of {self.harmless} | {self.identical} of {self.valid} |"


TABLE_HEAD = "| | class | messages | banned | blocked | stripped | found by content or name | leaks | harmless blocked | " \
    "valid identical |\n|---|---|---|---|---|---|---|---|---|---|"


def run_ordinary(run):
    messages = ordinary.messages()
    folder = os.path.join(run.folder, "ordinary")
    os.mkdir(folder)
    for n, (shape, data) in enumerate(messages):
        with open(os.path.join(folder, f"{n:05d}-{shape}.eml"), "wb") as f:
            f.write(data)
    answers = gate.scan(folder, run.arguments.policy, SCAN_SECONDS)
    wrong = [f"{name}: {a['verdict']}: " + ", ".join(str(x) for x in a["rules"] + a["defects"])
             for name, a in sorted(answers.items()) if a["verdict"] != "accept"]
    shapes = len({shape for shape, _ in messages})
    # Deterministic messages: the number allowed is one in a thousand.
    ok = len(answers) == len(messages) and len(wrong) * ORDINARY_PER_AMBIGUOUS <= len(messages)
    run.report(ok, f"ordinary mail: {len(messages)} messages of {shapes} shapes, {len(wrong)} not accepted",
               shown(wrong, run.arguments.verbose))


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("--table", action="store_true", help="print a table in Markdown instead of TAP")
    p.add_argument("--all", action="store_true", help="every variant with every payload")
    p.add_argument("--verbose", action="store_true", help="tell every failure")
    p.add_argument("--policy", default="strict", help="one of readings/gatepost.yaml")
    p.add_argument("--keep", action="store_true", help="keep the messages")
    p.add_argument("classes", nargs="*", metavar="T12", help="classes; also \"ordinary\"")
    return p.parse_args()


def main():
    arguments = parse_arguments()
    if left_to("gcc"):
        print("1..0 # SKIP what other programs read does not depend on sanitizers")
        return 0
    wanted = [int(c.lstrip("T")) for c in arguments.classes if c != "ordinary"] or \
        (sorted(classes) if not arguments.classes else [])
    with_ordinary = not arguments.table and (not arguments.classes or "ordinary" in arguments.classes)
    run = Run(arguments)
    names, missing = judges.present()
    began = time.monotonic()
    made = run.make(wanted)
    run.scan(made)
    scanned = time.monotonic()
    leaks = run.judge(made, names)
    tallies = {n: Tally([c for c in made if c.number == n], leaks.get(n, [])) for n in wanted}
    if arguments.table:
        print(TABLE_HEAD)
        for n, t in tallies.items():
            print(f"| T{n:02d} | {classes[n].title}", t.row())
    else:
        print(f"1..{len(wanted) + 1 + with_ordinary}")
        for n, t in tallies.items():
            run.report(not t.leaks and not t.changed and not t.crashes, f"T{n:02d} {classes[n].title}: {t.line()}",
                       shown(t.crashes, arguments.verbose) + shown(t.leaks, arguments.verbose) +
                       shown(t.changed, arguments.verbose))
        enough = len(judges.families(names)) >= FEWEST_FAMILIES
        run.report(enough, f"judges: {', '.join(names)}", [f"missing: {p}" for p in missing])
        if with_ordinary:
            run_ordinary(run)
    print(f"# {len(made)} messages, gatepost {scanned - began:.0f} s, judges {time.monotonic() - scanned:.0f} s")
    return run.finish()


if __name__ == "__main__":
    sys.exit(main())
