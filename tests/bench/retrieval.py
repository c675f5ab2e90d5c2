"""What filtering costs those who fetch mail: gatepost compared with other proxies,
by POP3 (pop3.py) and by IMAP (imap.py).

Subjects: HAProxy that passes TCP on, nginx as a mail proxy, Perdition, with IMAP
Dovecot as a proxy, gatepost with a policy without rules, and gatepost with all
starter rules, once before mail that is new at each login and once before such as
it has seen. Whoever is not on this machine is left out. Every subject has CPU 0
for itself; servers and clients share CPU 1.

Rounds, medians and ratios are those of "make bench": each subject gets every
workload in each round, the order turns round, and a ratio is the median of the
ratios within the rounds.

The memory of an idle connection is what PSS grows by, a connection, when not a
few but many clients have logged in and wait (with IMAP by IDLE); a subject is
alone then.

Exits with 0 when everything was measured, with 1 when a session failed.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import time

from report import bounds_for_json, print_about, print_bounds, print_row, run_bench, running, say, with_ratio
from retrieval_subjects import IMAP, Dovecot, MailServer, Nginx, Perdition, ReadingGatepost, ReadingHaproxy
from subjects import BenchError, all_rules

from certificates import Certificates

ROUNDS, QUICK_ROUNDS = 5, 2
LOAD_SECONDS = 300  # no single load takes a tenth of it
IDLE, QUICK_IDLE = 10000, 1000
IDLE_SECONDS = 5  # in which CPU time is counted
OPENERS = 64  # of idle connections at once


class Workload:
    """`sessions` (`quick` in the short version) over `connections` at once, at
    folders of so many messages of `size`; every message is retrieved, or none."""

    def __init__(self, key, title, retrieves, messages, size, connections, sessions, quick):
        self.key, self.title, self.retrieves, self.messages, self.size = key, title, retrieves, messages, size
        self.connections, self.sessions, self.quick = connections, sessions, quick


# Some peers take 44 ms for each reply (Nagle's delay meets a delayed
# acknowledgement), hence many connections. A hundred has the mix's proportions.
WORKLOADS = [
    Workload("10k", "10 KB", True, 50, "10000", 64, 192, 64),
    Workload("mix", "mix", True, 100, "mix", 16, 32, 16),
    Workload("login", "login", False, 50, "10000", 64, 2000, 640),
]
RETRIEVALS = [w for w in WORKLOADS if w.retrieves]
WARM_UP = Workload("warm-up", "warm-up", False, 50, "10000", 64, 64, 64)


class Idle:
    """A subject that so many idle connections are counted at, with the load tool's option for it."""

    def __init__(self, subject, most, option=None):
        self.subject, self.option = subject, option
        self.count = min(most, subject.idle_most)
        self.octets = self.cpu_ms = None  # of a connection; of all, a second


class Bench:
    def __init__(self, protocol, options, folder):
        self.protocol, self.options, self.folder = protocol, options, folder
        self.rounds = QUICK_ROUNDS if options.quick else ROUNDS
        self.idle_count = QUICK_IDLE if options.quick else IDLE
        cpus = sorted(os.sched_getaffinity(0))
        self.subject_cpu, self.load_cpu = cpus[0], cpus[-1]
        os.mkdir(os.path.join(folder, "tls"))
        certificate, key = Certificates(os.path.join(folder, "tls")).pair()
        self.certificate = joined(certificate, key)
        self.make_subjects()
        self.servers = {}  # by whether their mail is new each time
        self.samples = {}  # (subject, workload) -> one dict a round
        self.method = None

    def make_subjects(self):
        place = (self.subject_cpu, self.folder)
        rules = all_rules(self.options.rules)
        peers = [
            ReadingHaproxy(*place, key="haproxy", title="HAProxy, TCP"),
            Nginx("nginx", "nginx, mail", *place),
            Perdition("perdition", "Perdition", *place),
        ]
        if self.protocol is IMAP:
            peers.append(Dovecot("dovecot", "Dovecot, proxy", *place))
        self.missing = [peer for peer in peers if not peer.is_there()]
        self.peers = [peer.speaking(self.protocol) for peer in peers if peer.is_there()]
        self.plain = self.gatepost("plain", "gatepost, no rules", [])
        self.first = self.gatepost("first", "gatepost, all rules, new mail", rules)
        self.known = self.gatepost("known", "gatepost, all rules, seen mail", rules)
        self.subjects = self.peers + [self.plain, self.first, self.known]
        secure = [ReadingHaproxy(*place, key="haproxy-tls", title="HAProxy, TLS to clients"),
                  Nginx("nginx-tls", "nginx, TLS to clients", *place)]
        self.secure = self.gatepost("plain-tls", "gatepost, no rules, TLS on both sides", [])
        secure = [subject.speaking(self.protocol) for subject in secure if subject.is_there()] + [self.secure]
        for subject in secure:
            subject.tls = self.certificate
        self.idlers = [Idle(s, self.idle_count) for s in self.peers + [self.plain, self.known]]
        self.idlers += [Idle(s, self.idle_count, "-S") for s in secure]

    def gatepost(self, key, title, rules):
        subject = ReadingGatepost(key, title, self.options.gatepost, rules, self.subject_cpu, self.folder)
        return subject.speaking(self.protocol)

    def tool(self, name):
        return os.path.join(self.options.tools, name)

    def mail(self, size):
        return os.path.join(self.folder, "mail-" + size)

    def server_of(self, subject):
        return self.servers[subject is self.first]

    def make_mail(self):
        for workload in RETRIEVALS:
            subprocess.run([self.tool("genmail"), self.mail(workload.size), workload.size, str(workload.messages)],
                           check=True, stdout=subprocess.DEVNULL)

    def start_servers(self, stack):
        for unique in (False, True):
            server = MailServer(self.protocol, self.options.tools, self.folder, self.certificate,
                                [self.mail(w.size) for w in RETRIEVALS], unique)
            stack.callback(server.stop)
            self.servers[unique] = server

    def load(self, subject, workload):
        """One load; what the load tool says and the CPU time of the subject."""
        tool, mode = self.protocol.tool, self.protocol.retrieve if workload.retrieves else "login"
        sessions = workload.quick if self.options.quick else workload.sessions
        before = subject.meter.seconds()
        run = subprocess.run(
            [self.tool(tool), "-p", str(subject.port), "-c", str(workload.connections), "-n", str(sessions),
             "-u", "mail-" + workload.size, mode], capture_output=True, text=True, timeout=LOAD_SECONDS)
        cpu = subject.meter.seconds() - before
        if run.returncode != 0:
            raise BenchError(f"{subject.title}, {workload.title}: {tool} ended with {run.returncode}\n"
                             f"{run.stdout}{run.stderr}{subject.program.log_end()}")
        subject.program.check()
        result = {key: float(value) for key, value in (field.split("=") for field in run.stdout.split())}
        result["login_cpu_ms"] = cpu * 1e3 / result["ok"]
        if workload.retrieves:
            result["message_cpu_ms"] = cpu * 1e3 / result["messages"]
            result["megabyte_cpu_ms"] = cpu * 1e3 / result["megabytes"]
        return result

    def measure_idle(self):
        """Each subject alone, for PSS shares out what several programs map."""
        for idler in self.idlers:
            subject = idler.subject
            with running(subject, self.server_of(subject)):
                few, _ = self.hold_idle(idler, OPENERS)
                many, idler.cpu_ms = self.hold_idle(idler, idler.count)
                idler.octets = (many - few) / (idler.count - OPENERS)

    def hold_idle(self, idler, count):
        """Opens idle connections; what memory the subject has while they are open, and how
        many milliseconds of CPU time they take in a second."""
        option = [idler.option] if idler.option else []
        run = subprocess.Popen(
            [self.tool(self.protocol.tool), "-p", str(idler.subject.port), "-c", str(OPENERS), "-n", str(count),
             "-u", "mail-10000", *option, "idle"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            ready = run.stdout.readline()
            if f"ready={count} " not in ready:
                raise BenchError(f"{idler.subject.title}: {count} connections cannot idle: {ready}"
                                 f"{idler.subject.program.log_end()}")
            before = idler.subject.meter.seconds()
            time.sleep(IDLE_SECONDS)
            cpu = idler.subject.meter.seconds() - before
            return idler.subject.memory(), cpu * 1e3 / IDLE_SECONDS
        finally:
            run.communicate(timeout=LOAD_SECONDS)

    def is_measured(self, subject, workload):
        """STAT of a maildrop that is new would not measure logins, but scanning."""
        return workload.retrieves or subject is not self.first

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
        wanted = [(self.plain, 1.3), (self.first, 5.0)] + ([(self.known, 1.3)] if self.protocol is IMAP else [])
        for subject, most in wanted:
            for w in RETRIEVALS:
                found.append((f"{subject.title}: {self.protocol.command}, {w.title}", most,
                              self.ratio(subject, w.key, "megabyte_cpu_ms", "haproxy"), "x"))
        if self.protocol is not IMAP:
            found.append((f"{self.plain.title}: login", 1.3,
                          self.ratio(self.plain, "login", "login_cpu_ms", "nginx"), "x"))
        for subject, most in ((self.plain, 6), (self.secure, 32)):
            idler = next(i for i in self.idlers if i.subject is subject)
            found.append((f"{subject.title}: idle", most, idler.octets / 1024, "KiB"))
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
    print_row(f"{bench.protocol.command} of all messages",
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
    print_row(bench.protocol.login, ["CPU, ms", "per second"])
    for subject in [s for s in bench.subjects if s is not bench.first]:
        print_row(subject.title, [
            with_ratio(bench.median(subject, "login", "login_cpu_ms"),
                       bench.ratio(subject, "login", "login_cpu_ms", "nginx"), 3),
            f"{bench.median(subject, 'login', 'sessions_per_second'):.0f}"])


def print_idle(bench):
    print()
    print_row("Idle connections", ["how many", "PSS, KiB each", "CPU, ms/s of all"])
    for idler in bench.idlers:
        print_row(idler.subject.title, [str(idler.count), f"{idler.octets / 1024:.1f}", f"{idler.cpu_ms:.2f}"])


def print_report(bench, about):
    print_about(about)
    print(f"(x): ratio in the same round, of {bench.protocol.command} to HAProxy, of logins to nginx; ms are CPU time")
    for peer in bench.missing:
        print(f"{peer.title}: not on this machine")
    print_retrievals(bench)
    print_logins(bench)
    print_idle(bench)
    print_bounds(bench.bounds(), "no peer")


def write_json(bench, about, path):
    result = {
        "about": about,
        "idle": {i.subject.key: {"connections": i.count, "octets": i.octets, "cpu_ms": i.cpu_ms} for i in bench.idlers},
        "samples": {f"{subject}/{workload}": rounds for (subject, workload), rounds in bench.samples.items()},
        "bounds": bounds_for_json(bench.bounds()),
    }
    with open(path, "w", encoding="utf-8") as f:
        json.dump(result, f, indent=1)
        f.write("\n")


def read_options(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--gatepost", default="src/gatepost", help="the program (default: %(default)s)")
    parser.add_argument("--tools", default="tests/bench", help="where the load tools and servers are")
    parser.add_argument("--rules", default="rules", help="the folder of all rules")
    parser.add_argument("--quick", action="store_true", help="a minute or two; less exact")
    parser.add_argument("--json", metavar="FILE", help="write all samples there")
    return parser.parse_args()


def main(protocol):
    options = read_options(f"What filtering costs with {protocol.name}: gatepost compared with other proxies.")
    bench, about = run_bench(lambda folder: Bench(protocol, options, folder))
    print_report(bench, about)
    if options.json:
        write_json(bench, about, options.json)
