"""The programs that are measured, and the server behind them."""

import contextlib
import glob
import json
import os
import shutil
import socket
import subprocess
import sys
import time

from cpu_meter import cpu_meter, process_tree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from gatepost_test import free_port  # noqa: E402

START_SECONDS = 30  # compiling all rules takes a second or two
STOP_SECONDS = 20


class BenchError(Exception):
    """What makes a measurement worthless."""


class Program:
    """A child process that is ended with this object."""

    def __init__(self, arguments, log, prepare=None, **options):
        self.name = os.path.basename(arguments[0])
        self.log = log
        with open(log, "wb") as f:
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stderr=f,
                                            preexec_fn=prepare, **options)

    def check(self):
        if self.process.poll() is not None:
            raise BenchError(f"{self.name} ended with status {self.process.returncode}:\n{self.log_end()}")

    def log_end(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return "".join(f.readlines()[-20:])

    def stop(self):
        pids = process_tree(self.process.pid) if self.process.poll() is None else []
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, 9)
            self.process.wait()


class Server(Program):
    """A mail server behind the subjects, which prints its port."""

    def __init__(self, arguments, log):
        super().__init__(arguments, log, stdout=subprocess.PIPE)
        line = self.process.stdout.readline().decode()
        if not line.startswith("port="):
            raise BenchError(f"{self.name} did not start:\n{self.log_end()}")
        self.port = int(line[len("port="):])

    def stop(self):
        super().stop()
        self.process.stdout.close()


class Sink(Server):
    """Takes every message and keeps none."""

    def __init__(self, tools, folder):
        super().__init__([os.path.join(tools, "smtpsink")], os.path.join(folder, "sink.log"))


class Subject:
    """A proxy in front of a server, alone on its CPU. key: for results."""

    greeting = b"220 "  # what a connection that is served begins with

    def __init__(self, key, title, cpu, folder):
        self.key, self.title, self.cpu = key, title, cpu
        self.folder = os.path.join(folder, key)
        self.program = self.meter = self.port = None

    def command(self, server_port):
        """Writes the configuration for self.port and returns what to execute."""
        raise NotImplementedError

    def start(self, server_port):
        os.makedirs(self.folder, exist_ok=True)
        self.port = free_port()
        self.meter = cpu_meter(self.key)
        self.program = Program(self.command(server_port), os.path.join(self.folder, "log"), self._prepare,
                               stdout=subprocess.DEVNULL)
        self.meter.watch(self.program.process.pid)
        self._await_greeting()

    def _prepare(self):
        os.sched_setaffinity(0, {self.cpu})
        self.meter.join()

    def _connect(self):
        return socket.create_connection(("127.0.0.1", self.port), 5)

    def _await_greeting(self):
        """Until the server's greeting comes through."""
        limit = time.monotonic() + START_SECONDS
        while time.monotonic() < limit:
            self.program.check()
            with contextlib.suppress(OSError), self._connect() as s:
                if s.recv(4).startswith(self.greeting):
                    return
            time.sleep(0.02)
        raise BenchError(f"{self.title} did not get ready:\n{self.program.log_end()}")

    def memory(self):
        """PSS of all processes, octets: what they share is counted once."""
        total = 0
        for pid in process_tree(self.program.process.pid):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError), \
                    open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
                total += sum(int(line.split()[1]) * 1024 for line in f if line.startswith("Pss:"))
        return total

    def stop(self):
        if self.program:
            self.program.stop()
        if self.meter:
            self.meter.close()
        self.program = self.meter = None


class Haproxy(Subject):
    """The measure: TCP is passed on, and nobody looks at it."""

    def __init__(self, *place, key="haproxy", title="HAProxy, TCP"):
        super().__init__(key, title, *place)

    @staticmethod
    def is_there():
        return shutil.which("haproxy") is not None

    def bind_options(self):
        return ""

    def command(self, server_port):
        path = os.path.join(self.folder, "haproxy.cfg")
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"""global
    nbthread 1
    maxconn 5000
defaults
    mode tcp
    timeout connect 5s
    timeout client 10m
    timeout server 10m
listen mail
    bind 127.0.0.1:{self.port} {self.bind_options()}
    server mail 127.0.0.1:{server_port}
""")
        return ["haproxy", "-db", "-f", path]


class Gatepost(Subject):
    """One proxy, one scanner, everything else as it comes: each message is
    logged, a large one is spooled to the disk."""

    def __init__(self, key, title, program, rules, *place):
        super().__init__(key, title, *place)
        self.executable, self.rules = program, rules

    def config(self, server_port):
        policy = {"rules": self.rules,
                  "thresholds": [{"score": 5.0, "then": "tag"}, {"score": 15.0, "then": "reject"}]}
        return {
            "listeners": [{"name": "mx", "protocol": "smtp", "address": f"127.0.0.1:{self.port}",
                           "upstream": "sink", "policy": "inbound"}],
            "upstreams": {"sink": {"address": f"127.0.0.1:{server_port}"}},
            "policies": {"inbound": policy if self.rules else {}},
            "quarantine": {"path": "quarantine"},
            "control": {"path": "control"},
            "run": {"user": "nobody", "proxies": 1, "scanners": 1},
            "timeouts": {"drain": "2s"},
        }

    def command(self, server_port):
        path = os.path.join(self.folder, "gatepost.yaml")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(self.config(server_port), f, indent=1)
        return [self.executable, "run", "-c", path]


def all_rules(folder):
    found = sorted(glob.glob(os.path.join(os.path.abspath(folder), "*.yaml")))
    if not found:
        raise BenchError(f"no rules in {folder}")
    return found
