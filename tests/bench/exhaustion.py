#!/usr/bin/env python3
"""What wears gatepost out, and what a healthy session beside it feels: idle connections,
senders of an octet every ten seconds, connects without end, messages made to be hard to
scan.

Before, beside and after each load healthy sessions run one after the other, of SMTP, POP3
and IMAP in turn, each with one message. Told is how long they take, from connecting to the
last answer; what memory and descriptors the proxies have, and of hard messages the most that
scanners had resident; and how long it takes after the load until all descriptors are back.

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

from report import print_about, print_bounds, print_row, run_bench, say
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
DRIP_SECONDS = 10  # between the octets of one slow sender
RECOVERY_SECONDS = 60
HELD_UP_MS = 50  # a healthy session, at most, by what is idle or slow
MESSAGE = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: hello\r\n\r\n" + b"a line of text\r\n" * 100
USER = "mail-10000"


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


class Healthy:
    """How long healthy sessions took, in milliseconds."""

    def __init__(self, bench, count, until=None):
        """count of them; or until that is set, and at least one."""
        self.took, kinds = [], [bench.smtp_session, bench.pop3_session, bench.imap_session]
        while len(self.took) < count if until is None else not until.is_set() or not self.took:
            began = time.monotonic()
            kinds[len(self.took) % 3]()
            self.took.append((time.monotonic() - began) * 1e3)

    @property
    def middle(self):
        return statistics.median(self.took)

    @property
    def slow(self):
        return percentile(self.took, 0.99)

    def cells(self):
        return [f"{self.middle:.1f}", f"{self.slow:.1f}", f"{max(self.took):.1f}"]


class Slow(threading.Thread):
    """Sends an octet on one connection after the other."""

    def __init__(self, connections):
        super().__init__(daemon=True)
        self.connections, self.ended, self.lost = connections, threading.Event(), 0

    def run(self):
        pause = DRIP_SECONDS / max(1, len(self.connections))
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


class Load:
    """A row of the report."""

    def __init__(self, title, count, healthy):
        self.title, self.count, self.healthy = title, count, healthy
        self.octets = self.descriptors = self.recovery = None  # a connection; in all; seconds


class Bench:
    rounds, method = 1, "none"

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.count = options.connections or (QUICK_CONNECTIONS if options.quick else CONNECTIONS)
        self.sessions = QUICK_SESSIONS if options.quick else SESSIONS
        self.loads, self.hard, self.alone = [], [], None
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

    def measure_connections(self, title, kind, drips):
        say(title)
        before, began_with = self.memory(), self.descriptors()
        with contextlib.ExitStack() as stack:
            held = [kind(stack, number) for number in range(self.count)]
            slow = Slow(held if drips else [])
            slow.start()
            stack.callback(slow.join)
            stack.callback(slow.ended.set)
            load = Load(title, self.count, Healthy(self, self.sessions))
            load.octets = (self.memory() - before) / self.count
            load.descriptors = self.descriptors()
            slow.ended.set()
            slow.join()
            if slow.lost:
                raise BenchError(f"{title}: {slow.lost} octets found no connection")
        load.recovery = self.await_recovery(began_with)
        self.loads.append(load)

    def await_recovery(self, descriptors):
        """Until no more are open than before; seconds."""
        began = time.monotonic()
        while self.descriptors() > descriptors + 8:  # a healthy session's last ones
            if time.monotonic() - began > RECOVERY_SECONDS:
                raise BenchError(f"{self.descriptors()} descriptors are open, of {descriptors} before")
            time.sleep(0.01)
        return time.monotonic() - began

    def measure_connects(self):
        say("connects without end")
        ended, count = threading.Event(), [0]

        def connect():
            while not ended.is_set():
                with contextlib.suppress(OSError), socket.create_connection(
                        self.address(random.randrange(3)), 5, ("127.2.0.1", 0)):
                    count[0] += 1
        began_with = self.descriptors()
        thread = threading.Thread(target=connect, daemon=True)
        thread.start()
        healthy = Healthy(self, self.sessions)
        ended.set()
        thread.join()
        load = Load("connects without end", count[0], healthy)
        load.descriptors = self.descriptors()
        load.recovery = self.await_recovery(began_with)
        self.loads.append(load)

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
        healthy = Healthy(self, 0, until=ended)
        thread.join()
        self.hard.append((f"{number} {name}", len(message), result, healthy, self.scanner_peak(scanners)))

    def run(self):
        with contextlib.ExitStack() as stack:
            self.start(stack)
            Healthy(self, 30)
            say("healthy sessions alone")
            self.alone = Healthy(self, self.sessions)
            self.measure_connections("idle connections", self.idle, False)
            self.measure_connections("an octet every ten seconds", self.slow, True)
            self.measure_connects()
            for number, name, make in hard_messages.MESSAGES:
                self.measure_hard(number, name, make(self.options.quick))
            self.after = Healthy(self, self.sessions)

    def bounds(self):
        return [(f"healthy, beside {load.title}", HELD_UP_MS, load.healthy.slow - self.alone.slow, "ms")
                for load in self.loads[:2]]


def print_report(bench, about):
    print_about(about)
    print("healthy: milliseconds of a whole session with one message; held up: the 99th percentile's growth")
    print()
    print_row("Load", ["count", "KiB each", "descriptors", "healthy p50", "p99", "most", "recovery, s"])
    print_row("none", ["", "", "", *bench.alone.cells(), ""])
    for load in bench.loads:
        print_row(load.title, [str(load.count), "" if load.octets is None else f"{load.octets / 1024:.1f}",
                               str(load.descriptors), *load.healthy.cells(), f"{load.recovery:.2f}"])
    print_row("none, at the end", ["", "", "", *bench.after.cells(), ""])
    print()
    print_row("A message", ["MB", "seconds", "reply", "scanner, MiB", "healthy p50", "p99", "most"])
    for title, size, result, healthy, peak in bench.hard:
        print_row(title, [f"{size / 1e6:.1f}", f"{result.get('seconds', -1):.2f}",
                          f"{result['reply'].code} {result['reply'].status}" if "reply" in result else "none",
                          f"{peak / 2**20:.0f}", *healthy.cells()])
    print_bounds(bench.bounds(), "unknown")


def write_json(bench, about, path):
    result = {"about": about, "alone": bench.alone.took,
              "loads": {load.title: {"count": load.count, "octets": load.octets, "descriptors": load.descriptors,
                                     "recovery": load.recovery, "healthy": load.healthy.took} for load in bench.loads},
              "hard": {title: {"size": size, "seconds": result.get("seconds"), "scanner": peak, "healthy": healthy.took}
                       for title, size, result, healthy, peak in bench.hard}}
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
