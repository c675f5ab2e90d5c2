#!/usr/bin/env python3
"""What wears gatepost out, and what a healthy session beside it feels: idle connections,
senders of an octet every ten seconds, connects without end, messages made to be hard to
scan.

Before and beside each load healthy sessions run one after the other, of SMTP, POP3 and IMAP
in turn, each with one message. Told is how long they take, from connecting to the last answer:
of each round the median, the 99th percentile and the most, and of those the median of the
rounds. Further what memory and descriptors gatepost has, and of hard messages the most that a
scanner had resident; and how long it takes after the load until all descriptors are back.

Each process of gatepost has two descriptors a connection, client and server the others:
with a hard limit of open files of 20,000 two proxies hold 10,000 connections.
"""

import argparse
import contextlib
import json
import os
import random
import resource
import socket
import statistics
import subprocess
import sys
import threading
import time

from report import bounds_for_json, print_about, print_bounds, print_row, run_bench, say
from retrieval import joined
from retrieval_subjects import IMAP, POP3, MailServer
from subjects import BenchError, Sink, all_rules

import hard_messages
from certificates import Certificates
from gatepost_test import Gatepost, free_port
from imap_client import ImapClient
from pop3_client import Pop3Client
from smtp_client import Client

CONNECTIONS, QUICK_CONNECTIONS = 10000, 1000
SESSIONS, QUICK_SESSIONS = 600, 150  # healthy ones of each measurement
ROUNDS, QUICK_ROUNDS = 5, 2
DRIP_SECONDS = 10  # between the octets of one slow sender
RECOVERY_SECONDS = 60
HELD_UP_MS = 50  # a healthy session, at most, by what is idle or slow
MESSAGE = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: hello\r\n\r\n" + b"a line of text\r\n" * 100
USER = "mail-10000"


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


class Healthy:
    """How long healthy sessions took, in milliseconds: of each round (median, 99th percentile, most)."""

    def __init__(self):
        self.rounds = []

    def measure(self, bench, count=1, until=None):
        """So many; or until that is set, and at least one."""
        took, kinds = [], [bench.smtp_session, bench.pop3_session, bench.imap_session]
        while len(took) < count or (until is not None and not until.is_set()):
            began = time.monotonic()
            kinds[len(took) % 3]()
            took.append((time.monotonic() - began) * 1e3)
        self.rounds.append((statistics.median(took), percentile(took, 0.99), max(took)))

    def figures(self):
        """Of the three the medians of the rounds."""
        return [statistics.median(values) for values in zip(*self.rounds)]

    def cells(self):
        return [f"{value:.1f}" for value in self.figures()]


class Slow(threading.Thread):
    """Sends an octet on one connection after the other."""

    def __init__(self, connections):
        super().__init__(daemon=True)
        self.connections, self.ended, self.lost = connections, threading.Event(), 0

    def run(self):
        pause = DRIP_SECONDS / len(self.connections)
        due = time.monotonic()
        while not self.ended.is_set():
            for connection, drop in self.connections:
                due += pause
                if (left := due - time.monotonic()) > 0:
                    self.ended.wait(left)
                if self.ended.is_set():
                    return
                try:
                    connection.send(drop)
                except OSError:
                    self.lost += 1


@contextlib.contextmanager
def dripping(connections):
    slow = Slow(connections)
    slow.start()
    try:
        yield
    finally:
        slow.ended.set()
        slow.join()
    if slow.lost:
        raise BenchError(f"{slow.lost} octets found no connection")


class Load:
    """A row of the report. Of each round: octets of a connection, descriptors in all, seconds of recovery."""

    def __init__(self, title, count=0):
        self.title, self.count, self.healthy = title, count, Healthy()
        self.octets, self.descriptors, self.recovery = [], [], []


class Bench:
    method = "none"

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.count = options.connections or (QUICK_CONNECTIONS if options.quick else CONNECTIONS)
        self.sessions = QUICK_SESSIONS if options.quick else SESSIONS
        self.rounds = QUICK_ROUNDS if options.quick else ROUNDS
        self.alone, self.hard = Load("none"), []
        self.idling = Load("idle connections", self.count)
        self.dripping = Load("an octet every ten seconds", self.count)
        self.connects = Load("connects without end")
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    # gatepost and its servers.

    def start(self, stack):
        subprocess.run([os.path.join(self.options.tools, "genmail"), os.path.join(self.folder, USER), "10000", "10"],
                       check=True, stdout=subprocess.DEVNULL)
        tls = os.path.join(self.folder, "tls")
        os.mkdir(tls)
        os.chmod(tls, 0o755)
        certificate, key = Certificates(tls).pair()
        servers = {"smtp": Sink(self.options.tools, self.folder)}
        stack.callback(servers["smtp"].stop)
        for protocol in (POP3, IMAP):
            folder = os.path.join(self.folder, protocol.key)
            os.mkdir(folder)
            servers[protocol.key] = MailServer(protocol, self.options.tools, folder, joined(certificate, key),
                                               [os.path.join(self.folder, USER)], False)
            stack.callback(servers[protocol.key].stop)
        folder = os.path.join(self.folder, "gatepost")
        os.mkdir(folder)
        os.chmod(folder, 0o755)
        self.gatepost = Gatepost(folder, self.config(servers, certificate, key), "rules: []\n", single=False)
        stack.callback(self.gatepost.stop)
        self.gatepost.wait_ready()

    def config(self, servers, certificate, key):
        listeners = [{"name": name, "protocol": name, "address": f"127.0.0.1:{free_port()}", "upstream": name,
                      "policy": "inbound"} for name in servers]
        listeners.append({**listeners[0], "name": "smtps", "address": f"127.0.0.1:{free_port()}",
                          "tls": {"mode": "implicit", "certificates": [{"certificate": certificate, "key": key}]}})
        return {
            "listeners": listeners,
            "upstreams": {name: {"address": f"127.0.0.1:{server.port}"} for name, server in servers.items()},
            "policies": {"inbound": {"rules": all_rules(self.options.rules), "on_failure": "defer"}},
            "quarantine": {"path": "quarantine"},
            "control": {"path": "control"},
            "limits": {"connections": 1000000},  # of one client as it comes
            "timeouts": {"drain": "2s", "tls_handshake": "10m"},  # so that slow handshakes stay
            "run": {"user": "nobody", "proxies": 2, "scanners": 2},
            "log": {"target": "stderr", "format": "logfmt", "level": "info"},
        }

    def address(self, index):
        return self.gatepost.address_of(index)

    # Healthy sessions.

    def smtp_session(self):
        with contextlib.closing(Client(self.address(0), RECOVERY_SECONDS)) as client:
            client.greet()
            reply = client.deliver(MESSAGE)
            if reply.code != 250:
                raise BenchError(f"a healthy delivery: {reply}")
            client.quit()

    def pop3_session(self):
        with contextlib.closing(Pop3Client(self.address(1), RECOVERY_SECONDS)) as client:
            client.login(USER)
            client.retrieve(1)
            client.quit()

    def imap_session(self):
        with contextlib.closing(ImapClient(self.address(2), RECOVERY_SECONDS)) as client:
            client.login(USER)
            client.ok("SELECT INBOX")
            client.fetch(1)
            client.logout()

    # Connections that idle or drip.

    def processes(self):
        return self.gatepost.children()

    def descriptors(self):
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in self.processes())

    def memory(self):
        """PSS of all processes, octets."""
        total = 0
        for pid in [self.gatepost.process.pid, *self.processes()]:
            with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
                total += sum(int(line.split()[1]) * 1024 for line in f if line.startswith("Pss:"))
        return total

    def connected(self, stack, index, number):
        """From one of so many addresses that none has too many."""
        source = f"127.1.{number // 90 // 250}.{number // 90 % 250 + 1}"
        connection = socket.create_connection(self.address(index), RECOVERY_SECONDS, (source, 0))
        stack.callback(connection.close)
        return connection

    def say_and_hear(self, connection, *lines):
        """The greeting is heard first."""
        connection.recv(4096)
        for line in lines:
            connection.sendall(line)
            connection.recv(4096)

    def idle(self, stack, number):
        self.say_and_hear(connection := self.connected(stack, number % 3, number))
        return connection, b""

    def slow(self, stack, number):
        """Where a slow sender stands: in a command of each protocol, a header, a body, a
        literal, a ClientHello."""
        place = number % 7
        connection = self.connected(stack, (0, 1, 2, 0, 0, 2, 3)[place], number)
        if place == 6:
            connection.send(b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03")
            return connection, b"\0"
        envelope = (b"EHLO x\r\n", b"MAIL FROM:<a@example.org>\r\n", b"RCPT TO:<b@example.org>\r\n", b"DATA\r\n")
        login = f"a LOGIN {USER} secret\r\n".encode()
        lines = {3: envelope, 4: envelope, 5: (login, b"b APPEND INBOX {1000000}\r\n")}
        self.say_and_hear(connection, *lines.get(place, ()))
        connection.send({0: b"NOOP ", 1: b"USER ", 2: b"a NOOP ", 3: b"Subject: ", 4: b"\r\n"}.get(place, b"x"))
        return connection, b"x"

    def measure_connections(self, load, kind, drips):
        before, began_with = self.memory(), self.descriptors()
        with contextlib.ExitStack() as stack:
            held = [kind(stack, number) for number in range(self.count)]
            with dripping(held) if drips else contextlib.nullcontext():
                load.healthy.measure(self, self.sessions)
                load.octets.append((self.memory() - before) / self.count)
                load.descriptors.append(self.descriptors())
        load.recovery.append(self.await_recovery(began_with))

    def await_recovery(self, descriptors):
        """Until no more are open than before; seconds."""
        began = time.monotonic()
        while self.descriptors() > descriptors + 8:  # a healthy session's last ones
            if time.monotonic() - began > RECOVERY_SECONDS:
                raise BenchError(f"{self.descriptors()} descriptors are open, of {descriptors} before")
            time.sleep(0.01)
        return time.monotonic() - began

    def measure_connects(self, load):
        ended = threading.Event()

        def connect():
            while not ended.is_set():
                with contextlib.suppress(OSError), socket.create_connection(
                        self.address(random.randrange(3)), 5, ("127.2.0.1", 0)):
                    load.count += 1
        began_with = self.descriptors()
        thread = threading.Thread(target=connect, daemon=True)
        thread.start()
        load.healthy.measure(self, self.sessions)
        ended.set()
        thread.join()
        load.descriptors.append(self.descriptors())
        load.recovery.append(self.await_recovery(began_with))

    # Messages that are hard to scan.

    def scanner_peak(self, scanners):
        total = []
        for pid in scanners:
            with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/status", encoding="ascii") as f:
                total += [int(line.split()[1]) * 1024 for line in f if line.startswith("VmHWM:")]
        return max(total, default=0)

    def forget_peaks(self, scanners):
        for pid in scanners:
            with contextlib.suppress(OSError), open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as f:
                f.write("5")

    def measure_hard(self, number, name, message):
        say(f"{number} {name}")
        scanners = self.gatepost.processes("scanner")
        self.forget_peaks(scanners)
        result, ended = {}, threading.Event()

        def deliver():
            try:
                with contextlib.closing(Client(self.address(0), 180)) as client:
                    client.greet()
                    client.envelope()
                    client.command("DATA")
                    client.send(message + b".\r\n")
                    began = time.monotonic()
                    result["reply"] = client.reply()
                    result["seconds"] = time.monotonic() - began
            finally:
                ended.set()
        thread = threading.Thread(target=deliver, daemon=True)
        thread.start()
        healthy = Healthy()
        healthy.measure(self, until=ended)
        thread.join()
        self.hard.append((f"{number} {name}", len(message), result, healthy, self.scanner_peak(scanners)))

    def run(self):
        with contextlib.ExitStack() as stack:
            self.start(stack)
            Healthy().measure(self, 30)
            for number in range(self.rounds):
                say(f"round {number + 1} of {self.rounds}")
                self.alone.healthy.measure(self, self.sessions)
                self.measure_connections(self.idling, self.idle, False)
                self.measure_connections(self.dripping, self.slow, True)
            say("connects without end")
            self.measure_connects(self.connects)
            for number, name, make in hard_messages.MESSAGES:
                self.measure_hard(number, name, make(self.options.quick))

    def loads(self):
        return [self.alone, self.idling, self.dripping, self.connects]

    def bounds(self):
        return [(f"healthy, beside {load.title}", HELD_UP_MS,
                 load.healthy.figures()[1] - self.alone.healthy.figures()[1], "ms")
                for load in (self.idling, self.dripping)]


def of_rounds(values, shown):
    return shown.format(statistics.median(values)) if values else ""


def print_report(bench, about):
    print_about(about)
    print("healthy: milliseconds of a whole session with one message; wanted is of the 99th percentile's growth")
    print()
    print_row("Load", ["count", "KiB each", "descriptors", "healthy p50", "p99", "most", "recovery, s"])
    for load in bench.loads():
        octets = f"{max(load.octets) / 1024:.1f}" if load.octets else ""  # later it is there from the round before
        print_row(load.title, [str(load.count), octets,
                               of_rounds(load.descriptors, "{:.0f}"), *load.healthy.cells(),
                               of_rounds(load.recovery, "{:.2f}")])
    print()
    print_row("A message", ["MB", "seconds", "reply", "scanner, MiB", "healthy p50", "p99", "most"])
    for title, size, result, healthy, peak in bench.hard:
        print_row(title, [f"{size / 1e6:.1f}", f"{result.get('seconds', -1):.2f}",
                          f"{result['reply'].code} {result['reply'].status}" if "reply" in result else "none",
                          f"{peak / 2**20:.0f}", *healthy.cells()])
    print_bounds(bench.bounds(), "unknown")


def write_json(bench, about, path):
    result = {"about": about,
              "loads": {load.title: {"count": load.count, "octets": load.octets, "descriptors": load.descriptors,
                                     "recovery": load.recovery, "healthy": load.healthy.rounds}
                        for load in bench.loads()},
              "hard": {title: {"size": size, "seconds": result.get("seconds"), "scanner": peak,
                               "healthy": healthy.rounds} for title, size, result, healthy, peak in bench.hard},
              "bounds": bounds_for_json(bench.bounds())}
    with open(path, "w", encoding="utf-8") as f:
        json.dump(result, f, indent=1)
        f.write("\n")


def main():
    parser = argparse.ArgumentParser(description="What wears gatepost out, and what a healthy session beside it feels.")
    parser.add_argument("--tools", default="tests/bench", help="where the servers are")
    parser.add_argument("--rules", default="rules", help="the folder of all rules")
    parser.add_argument("--connections", type=int, metavar="N", help=f"in place of {CONNECTIONS}")
    parser.add_argument("--quick", action="store_true", help="fewer connections, smaller messages")
    parser.add_argument("--json", metavar="FILE", help="write all samples there")
    options = parser.parse_args()
    bench, about = run_bench(lambda folder: Bench(options, folder))
    print_report(bench, about)
    if options.json:
        write_json(bench, about, options.json)


if __name__ == "__main__":
    sys.exit(main())
