#!/usr/bin/env python3
"""What filtering costs with POP3: gatepost compared with other proxies.

Subjects: HAProxy that passes TCP on, nginx as a mail proxy, Perdition, gatepost
with a policy without rules, and gatepost with all starter rules, once before
maildrops that are new at each login and once before such as it has seen.
Whoever is not on this machine is left out. Every subject has CPU 0 for itself;
servers and clients share CPU 1.

Rounds, medians and ratios are those of "make bench": each subject gets every
workload in each round, the order turns round, and a ratio is the median of the
ratios within the rounds.

The memory of an idle connection is what PSS grows by, a connection, when not a
few but many clients have logged in and say nothing; a subject is alone
then.

Exits with 0 when everything was measured, with 1 when a session failed.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess

from report import bounds_for_json, print_about, print_bounds, print_row, run_bench, running, say, with_ratio
from pop3_subjects import Nginx, Perdition, PopGatepost, PopHaproxy, PopServer
from subjects import BenchError, all_rules

from certificates import Certificates

ROUNDS, QUICK_ROUNDS = 5, 2
LOAD_SECONDS = 300  # no single load takes a tenth of it
IDLE, QUICK_IDLE = 2000, 500
OPENERS = 64  # of idle connections at once


class Workload:
    """`sessions` (`quick` in the short version) over `connections` at once, at
    maildrops of so many messages of `size`."""

    def __init__(self, key, title, mode, messages, size, connections, sessions, quick):
        self.key, self.title, self.mode, self.messages, self.size = key, title, mode, messages, size
        self.connections, self.sessions, self.quick = connections, sessions, quick


# Some peers take 44 ms for each reply (Nagle's delay meets a delayed
# acknowledgement), hence many connections. A hundred has the mix's proportions.
WORKLOADS = [
    Workload("10k", "10 KB", "retr", 50, "10000", 64, 192, 64),
    Workload("mix", "mix", "retr", 100, "mix", 16, 32, 16),
    Workload("login", "login", "login", 50, "10000", 64, 2000, 640),
]
RETRIEVALS = [w for w in WORKLOADS if w.mode == "retr"]
WARM_UP = Workload("warm-up", "warm-up", "login", 50, "10000", 64, 64, 64)


class Idle:
    """A subject that idle connections are counted at, with the popload option for it."""

    def __init__(self, subject, option=None):
        self.subject, self.option = subject, option


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.rounds = QUICK_ROUNDS if options.quick else ROUNDS
        self.idle_count = QUICK_IDLE if options.quick else IDLE
        cpus = sorted(os.sched_getaffinity(0))
        self.subject_cpu, self.load_cpu = cpus[0], cpus[-1]
        os.mkdir(os.path.join(folder, "tls"))
        certificate, key = Certificates(os.path.join(folder, "tls")).pair()
        self.certificate = joined(certificate, key)
        self.make_subjects()
        self.servers = {}  # by whether their maildrops are new each time
        self.samples = {}  # (subject, workload) -> one dict a round
        self.idle = {}     # subject -> octets of a connection
        self.method = None

    def make_subjects(self):
        place = (self.subject_cpu, self.folder)
        rules = all_rules(self.options.rules)
        self.peers = [
            PopHaproxy(*place, key="haproxy", title="HAProxy, TCP"),
            Nginx("nginx", "nginx, mail", *place),
            Perdition("perdition", "Perdition", *place),
        ]
        self.missing = [peer for peer in self.peers if not peer.is_there()]
        self.peers = [peer for peer in self.peers if peer.is_there()]
        self.plain = self.gatepost("plain", "gatepost, no rules", [])
        self.first = self.gatepost("first", "gatepost, all rules, new mail", rules)
        self.known = self.gatepost("known", "gatepost, all rules, seen mail", rules)
        self.subjects = self.peers + [self.plain, self.first, self.known]
        secure = [PopHaproxy(*place, key="haproxy-tls", title="HAProxy, TLS to clients"),
                  Nginx("nginx-tls", "nginx, TLS to clients", *place)]
        self.secure = self.gatepost("plain-tls", "gatepost, no rules, TLS on both sides", [])
        secure = [subject for subject in secure if subject.is_there()] + [self.secure]
        for subject in secure:
            subject.tls = self.certificate
        self.idlers = [Idle(s) for s in self.peers + [self.plain, self.known]] + [Idle(s, "-S") for s in secure]

    def gatepost(self, key, title, rules):
        return PopGatepost(key, title, self.options.gatepost, rules, self.subject_cpu, self.folder)

    def tool(self, name):
        return os.path.join(self.options.tools, name)

    def maildrop(self, size):
        return os.path.join(self.folder, "mail-" + size)

    def server_of(self, subject):
        return self.servers[subject is self.first]

    def make_mail(self):
        for workload in RETRIEVALS:
            subprocess.run([self.tool("genmail"), self.maildrop(workload.size), workload.size, str(workload.messages)],
                           check=True, stdout=subprocess.DEVNULL)

    def start_servers(self, stack):
        for unique in (False, True):
            server = PopServer(self.options.tools, self.folder, self.certificate,
                               [self.maildrop(w.size) for w in RETRIEVALS], unique)
            stack.callback(server.stop)
            self.servers[unique] = server

    def load(self, subject, workload):
        """One load; what popload says and the CPU time of the subject."""
        sessions = workload.quick if self.options.quick else workload.sessions
        before = subject.meter.seconds()
        run = subprocess.run(
            [self.tool("popload"), "-p", str(subject.port), "-c", str(workload.connections), "-n", str(sessions),
             "-u", "mail-" + workload.size, workload.mode], capture_output=True, text=True, timeout=LOAD_SECONDS)
        cpu = subject.meter.seconds() - before
        if run.returncode != 0:
            raise BenchError(f"{subject.title}, {workload.title}: popload ended with {run.returncode}\n"
                             f"{run.stdout}{run.stderr}{subject.program.log_end()}")
        subject.program.check()
        result = {key: float(value) for key, value in (field.split("=") for field in run.stdout.split())}
        result["login_cpu_ms"] = cpu * 1e3 / result["ok"]
        if workload.mode == "retr":
            result["message_cpu_ms"] = cpu * 1e3 / result["messages"]
            result["megabyte_cpu_ms"] = cpu * 1e3 / result["megabytes"]
        return result

    def measure_idle(self):
        """Each subject alone, for PSS shares out what several programs map."""
        for idler in self.idlers:
            subject = idler.subject
            with running(subject, self.server_of(subject)):
                few, many = self.hold_idle(idler, OPENERS), self.hold_idle(idler, self.idle_count)
                self.idle[subject.key] = (many - few) / (self.idle_count - OPENERS)

    def hold_idle(self, idler, count):
        """Opens idle connections; what memory the subject has while they are open."""
        option = [idler.option] if idler.option else []
        run = subprocess.Popen(
            [self.tool("popload"), "-p", str(idler.subject.port), "-c", str(OPENERS), "-n", str(count), *option,
             "idle"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            ready = run.stdout.readline()
            if f"ready={count} " not in ready:
                raise BenchError(f"{idler.subject.title}: {count} connections cannot idle: {ready}"
                                 f"{idler.subject.program.log_end()}")
            return idler.subject.memory()
        finally:
            run.communicate(timeout=LOAD_SECONDS)

    def is_measured(self, subject, workload):
        """STAT of a maildrop that is new would not measure logins, but scanning."""
        return workload.mode != "login" or subject is not self.first

    def measure_loads(self):
        with contextlib.ExitStack() as stack:
            for subject in self.subjects:
                stack.enter_context(running(subject, self.server_of(subject)))
            self.method = self.subjects[0].meter.method
            for subject in self.subjects:
                self.load(subject, WARM_UP)
            for workload in RETRIEVALS:
                self.load(self.known, workload)  # so that it has seen the mail of every user
            for number in range(self.rounds):
                say(f"round {number + 1} of {self.rounds}")
                order = self.subjects if number % 2 == 0 else self.subjects[::-1]
                for workload in WORKLOADS:
                    for subject in order:
                        if self.is_measured(subject, workload):
                            sample = self.load(subject, workload)
                            self.samples.setdefault((subject.key, workload.key), []).append(sample)

    def run(self):
        os.sched_setaffinity(0, {self.load_cpu})
        say("making messages")
        self.make_mail()
        with contextlib.ExitStack() as stack:
            self.start_servers(stack)
            say("idle connections")
            self.measure_idle()
            self.measure_loads()

    def median(self, subject, workload, value):
        return statistics.median(sample[value] for sample in self.samples[subject.key, workload])

    def ratio(self, subject, workload, value, to):
        """To the peer of that key in the same round; None without it."""
        other = self.samples.get((to, workload))
        if not other:
            return None
        return statistics.median(a[value] / b[value] for a, b in zip(self.samples[subject.key, workload], other))

    def bounds(self):
        """(what, wanted, measured or None, unit): measured must not be more."""
        found = []
        for subject, most in ((self.plain, 1.3), (self.first, 5.0)):
            for w in RETRIEVALS:
                found.append((f"{subject.title}: RETR, {w.title}", most,
                              self.ratio(subject, w.key, "megabyte_cpu_ms", "haproxy"), "x"))
        found.append((f"{self.plain.title}: login", 1.3,
                      self.ratio(self.plain, "login", "login_cpu_ms", "nginx"), "x"))
        for subject, most in ((self.plain, 6), (self.secure, 32)):
            found.append((f"{subject.title}: idle", most, self.idle[subject.key] / 1024, "KiB"))
        return found


def joined(certificate, key):
    """The file of both, as HAProxy wants them."""
    path = certificate + ".both"
    with open(path, "w", encoding="ascii") as out:
        for name in (certificate, key):
            with open(name, encoding="ascii") as f:
                out.write(f.read())
    os.chmod(path, 0o644)  # gatepost gives up root
    return path


def print_retrievals(bench):
    print()
    print_row("RETR of whole maildrops",
              [f"{w.title}: {what}" for w in RETRIEVALS for what in ("ms/message", "ms/MB", "MB/s")])
    for subject in bench.subjects:
        cells = []
        for w in RETRIEVALS:
            cells.append(f"{bench.median(subject, w.key, 'message_cpu_ms'):.3f}")
            cells.append(with_ratio(bench.median(subject, w.key, "megabyte_cpu_ms"),
                                    bench.ratio(subject, w.key, "megabyte_cpu_ms", "haproxy"), 3))
            cells.append(f"{bench.median(subject, w.key, 'megabytes_per_second'):.0f}")
        print_row(subject.title, cells)


def print_logins(bench):
    print()
    print_row("Login, STAT, QUIT", ["CPU, ms", "per second"])
    for subject in [s for s in bench.subjects if s is not bench.first]:
        print_row(subject.title, [
            with_ratio(bench.median(subject, "login", "login_cpu_ms"),
                       bench.ratio(subject, "login", "login_cpu_ms", "nginx"), 3),
            f"{bench.median(subject, 'login', 'sessions_per_second'):.0f}"])


def print_idle(bench):
    print()
    print_row(f"{bench.idle_count} idle connections, KiB each", ["PSS"])
    for idler in bench.idlers:
        print_row(idler.subject.title, [f"{bench.idle[idler.subject.key] / 1024:.1f}"])


def print_report(bench, about):
    print_about(about)
    print("(x): ratio in the same round, of RETR to HAProxy, of logins to nginx; ms are CPU time")
    for peer in bench.missing:
        print(f"{peer.title}: not on this machine")
    print_retrievals(bench)
    print_logins(bench)
    print_idle(bench)
    print_bounds(bench.bounds(), "no peer")


def write_json(bench, about, path):
    result = {
        "about": about,
        "idle": bench.idle,
        "samples": {f"{subject}/{workload}": rounds for (subject, workload), rounds in bench.samples.items()},
        "bounds": bounds_for_json(bench.bounds()),
    }
    with open(path, "w", encoding="utf-8") as f:
        json.dump(result, f, indent=1)
        f.write("\n")


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--gatepost", default="src/gatepost", help="the program (default: %(default)s)")
    parser.add_argument("--tools", default="tests/bench", help="where genmail, popload, popserver are")
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
