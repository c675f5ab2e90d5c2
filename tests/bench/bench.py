#!/usr/bin/env python3
"""What filtering costs: gatepost compared with HAProxy that passes TCP on.

Subjects: HAProxy, gatepost with a policy without rules, gatepost with all
starter rules, each before the same server that drops what it gets. Every subject
has CPU 0 for itself; the server and the client share CPU 1.

A machine is never quiet, so no time stands alone. In each round every subject
gets every workload, one after the other, and the next round turns their order
round. What is told is the median over the rounds; a ratio is the median of the
ratios within the rounds. Every message differs from all others by a field.

Other work on the machine slows down all subjects alike, and a proxy that is
woken for every single packet costs several times what a busy one does: ratios
then look better than they are. Where the machine cannot be had alone, root may
keep others away with "chrt --rr 1 make bench".

Exits with 0 when everything was measured, with 1 when a message failed.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess

from report import bounds_for_json, print_about, print_bounds, print_row, run_bench, running, say, with_ratio
from subjects import BenchError, Gatepost, Haproxy, Sink, all_rules

ROUNDS, QUICK_ROUNDS = 5, 3
LOAD_SECONDS = 300  # no single load takes a tenth of it


class Workload:
    """`count` messages (`quick` in the short version) over `connections`, made
    from `files` different ones of `size` octets."""

    def __init__(self, key, title, size, files, connections, count, quick):
        self.key, self.title, self.size, self.files = key, title, size, files
        self.connections, self.count, self.quick = connections, count, quick


# A whole hundred of messages has the mix's proportions.
WORKLOADS = [
    Workload("10k", "10 KB", "10000", 100, 16, 6000, 2000),
    Workload("100k", "100 KB", "100000", 50, 16, 2000, 700),
    Workload("1m", "1 MB", "1000000", 12, 16, 240, 96),
    Workload("25m", "25 MB", "25000000", 4, 4, 16, 8),
    Workload("mix", "mix", "mix", 100, 16, 1000, 300),
    Workload("single", "one 10 KB", "10000", 100, 1, 1500, 500),
]
THROUGHPUT = [w for w in WORKLOADS if w.key != "single"]
WARM_UP = WORKLOADS[4]


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.rounds = QUICK_ROUNDS if options.quick else ROUNDS
        cpus = sorted(os.sched_getaffinity(0))
        self.subject_cpu, self.load_cpu = cpus[0], cpus[-1]
        place = (self.subject_cpu, folder)
        self.gateposts = [
            Gatepost("plain", "gatepost, no rules", options.gatepost, [], *place),
            Gatepost("rules", "gatepost, all rules", options.gatepost, all_rules(options.rules), *place),
        ]
        self.reference = Haproxy(*place) if Haproxy.is_there() else None
        self.subjects = ([self.reference] if self.reference else []) + self.gateposts
        self.sink = None
        self.samples = {}  # (subject, workload) -> one dict a round
        self.memory = {}   # subject -> octets after the start and after a load
        self.method = None

    def tool(self, name):
        return os.path.join(self.options.tools, name)

    def corpus(self, workload):
        return os.path.join(self.folder, "mail-" + workload.size)

    def make_mail(self):
        for size, files in {w.size: w.files for w in WORKLOADS}.items():
            path = os.path.join(self.folder, "mail-" + size)
            subprocess.run([self.tool("genmail"), path, size, str(files)], check=True, stdout=subprocess.DEVNULL)

    def load(self, subject, workload):
        """One load; what smtpload says and the CPU time of the subject."""
        count = workload.quick if self.options.quick else workload.count
        before = subject.meter.seconds()
        run = subprocess.run(
            [self.tool("smtpload"), "-p", str(subject.port), "-c", str(workload.connections), "-n", str(count),
             self.corpus(workload)], capture_output=True, text=True, timeout=LOAD_SECONDS)
        cpu = subject.meter.seconds() - before
        if run.returncode != 0:
            raise BenchError(f"{subject.title}, {workload.title}: smtpload ended with {run.returncode}\n"
                             f"{run.stdout}{run.stderr}{subject.program.log_end()}")
        subject.program.check()
        result = {key: float(value) for key, value in (field.split("=") for field in run.stdout.split())}
        result["cpu_ms"] = cpu * 1e3 / result["ok"]
        return result

    def measure_memory(self):
        """Each subject alone, for PSS shares out what several programs map."""
        for subject in self.subjects:
            with running(subject, self.sink):
                after_start = subject.memory()
                self.load(subject, WARM_UP)
                self.memory[subject.key] = [after_start, subject.memory()]

    def measure_loads(self):
        with contextlib.ExitStack() as stack:
            for subject in self.subjects:
                stack.enter_context(running(subject, self.sink))
            self.method = self.subjects[0].meter.method
            for subject in self.subjects:
                self.load(subject, WARM_UP)
            for number in range(self.rounds):
                say(f"round {number + 1} of {self.rounds}")
                order = self.subjects if number % 2 == 0 else self.subjects[::-1]
                for workload in WORKLOADS:
                    for subject in order:
                        self.samples.setdefault((subject.key, workload.key), []).append(self.load(subject, workload))

    def run(self):
        os.sched_setaffinity(0, {self.load_cpu})
        say("making messages")
        self.make_mail()
        self.sink = Sink(self.options.tools, self.folder)
        try:
            say("memory")
            self.measure_memory()
            self.measure_loads()
        finally:
            self.sink.stop()

    def median(self, subject, workload, value):
        return statistics.median(sample[value] for sample in self.samples[subject, workload])

    def ratio(self, subject, workload, value):
        """To HAProxy in the same round; None without it."""
        if not self.reference:
            return None
        own, other = self.samples[subject, workload], self.samples[self.reference.key, workload]
        return statistics.median(a[value] / b[value] for a, b in zip(own, other))

    def bounds(self):
        """(what, wanted, measured or None, unit): measured must not be more."""
        plain, rules = self.gateposts
        found = []
        for subject, most in ((plain, 1.5), (rules, 4.0)):
            for key in ("10k", "mix"):
                title = next(w.title for w in WORKLOADS if w.key == key)
                found.append((f"{subject.title}: CPU, {title}", most, self.ratio(subject.key, key, "cpu_ms"), "x"))
        for subject in self.gateposts:
            found.append((f"{subject.title}: latency, p50", 3.0, self.ratio(subject.key, "single", "p50_ms"), "x"))
        for subject in self.gateposts:
            found.append((f"{subject.title}: latency, p99", 40.0, self.median(subject.key, "single", "p99_ms"), "ms"))
        found.append((f"{plain.title}: PSS after start", 15.0, self.memory[plain.key][0] / 1e6, "MB"))
        return found


def print_loads(bench, title, value, digits):
    print()
    print_row(title, [w.title for w in THROUGHPUT])
    for subject in bench.subjects:
        print_row(subject.title, [
            with_ratio(bench.median(subject.key, w.key, value), bench.ratio(subject.key, w.key, value), digits)
            for w in THROUGHPUT])


def print_single(bench):
    print()
    print_row("One 10 KB message at a time, ms", ["p50", "p99", "CPU"])
    for subject in bench.subjects:
        print_row(subject.title, [
            with_ratio(bench.median(subject.key, "single", v), bench.ratio(subject.key, "single", v), 3)
            for v in ("p50_ms", "p99_ms", "cpu_ms")])


def print_memory(bench):
    print()
    print_row("Memory, PSS of all processes, MB", ["after start", "after the mix"])
    for subject in bench.subjects:
        print_row(subject.title, [f"{octets / 1e6:.1f}" for octets in bench.memory[subject.key]])


def print_report(bench, about):
    print_about(about)
    if bench.reference:
        print("(x): ratio to HAProxy in the same round")
    else:
        print("there is no haproxy on this machine: gatepost was measured alone")
    print_loads(bench, "CPU of a message, ms", "cpu_ms", 3)
    print_loads(bench, "Messages per second", "messages_per_second", 0)
    print_single(bench)
    print_memory(bench)
    print_bounds(bench.bounds(), "no HAProxy")


def write_json(bench, about, path):
    result = {
        "about": about,
        "memory": bench.memory,
        "samples": {f"{subject}/{workload}": rounds for (subject, workload), rounds in bench.samples.items()},
        "bounds": bounds_for_json(bench.bounds()),
    }
    with open(path, "w", encoding="utf-8") as f:
        json.dump(result, f, indent=1)
        f.write("\n")


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--gatepost", default="src/gatepost", help="the program (default: %(default)s)")
    parser.add_argument("--tools", default="tests/bench", help="where genmail, smtpload, smtpsink are")
    parser.add_argument("--rules", default="rules", help="the folder of all rules")
    parser.add_argument("--quick", action="store_true", help="one minute; less exact")
    parser.add_argument("--json", metavar="FILE", help="write all samples there")
    return parser.parse_args()


def main():
    options = read_options()
    bench, about = run_bench(lambda folder: Bench(options, folder))
    print_report(bench, about)
    if options.json:
        write_json(bench, about, options.json)


if __name__ == "__main__":
    main()
