#!/usr/bin/env python3
"""What scanning costs, from memory: gatepost's own figures by scanbench, and
beside them, where they are installed, clamscan with the same signatures and an
rspamd of its own (on loopback, in a temporary folder, with its rules as they
come) on the same messages.

All times are CPU time. Of clamscan, which loads its signatures at every start,
the difference between many messages and one is told. Nobody's network is asked.

Exits with 0 when everything was measured that is installed.
"""

import argparse
import contextlib
import glob
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from gatepost_test import free_port  # noqa: E402

CLAM_COPIES = 5        # of each message
CLAM_SECONDS = 600     # 100,000 signatures on a busy machine
RSPAMD_START = 240     # it compiles its expressions at its first start
RSPAMD_ROUNDS = 5
MB = 1e6


class Table:
    def __init__(self, as_json):
        self.as_json = as_json

    def add(self, case, value, unit):
        if self.as_json:
            print(json.dumps({"case": case, "value": float(f"{value:.6g}"), "unit": unit}), flush=True)
        else:
            print(f"{case:<52} {value:10.4g} {unit}", flush=True)


def scanbench(options, table):
    run = subprocess.run([os.path.join(options.tools, "scanbench"), "--json"], check=True, text=True,
                         stdout=subprocess.PIPE)
    for line in run.stdout.splitlines():
        row = json.loads(line)
        table.add(row["case"], row["value"], row["unit"])


def child_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=CLAM_SECONDS)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {run.returncode}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def clamscan(folder, messages, table):
    program = shutil.which("clamscan")
    if program is None:
        print("clamscan is not installed: skipped", file=sys.stderr)
        return
    many = os.path.join(folder, "many")
    os.mkdir(many)
    for number in range(CLAM_COPIES):
        for path in messages:
            shutil.copy(path, os.path.join(many, f"{number}-{os.path.basename(path)}"))
    size = CLAM_COPIES * sum(os.path.getsize(path) for path in messages)
    for key, name in (("10k", "10,000 hex"), ("100k", "100,000 hex")):
        command = [program, "--no-summary", "-d", os.path.join(folder, key + ".ndb")]
        one = child_seconds(command + [messages[0]])
        rest = child_seconds(command + ["-r", many]) - one
        share = (size - os.path.getsize(messages[0])) / size
        table.add(f"clamscan, 1 MB attachment, {name}", size * share / MB / max(rest, 1e-3), "MB/s")
        table.add(f"clamscan, loading, {name}", one, "s")


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        f.write(text)


@contextlib.contextmanager
def rspamd_running(folder):
    """Its port."""
    port, control = free_port(), free_port()
    local = os.path.join(folder, "local.d")
    for path in (local, *(os.path.join(folder, name) for name in ("db", "run", "log"))):
        os.mkdir(path)
    write(local, "worker-normal.inc", f'bind_socket = "127.0.0.1:{port}"; count = 1;\n')
    write(local, "worker-controller.inc", f'bind_socket = "127.0.0.1:{control}"; count = 1;\n')
    write(local, "worker-proxy.inc", "enabled = false;\n")
    write(local, "options.inc", 'dns { nameserver = ["127.0.0.1:1"]; timeout = 0.01s; retransmits = 1; }\n'
          f'pidfile = "{folder}/run/rspamd.pid";\n')
    write(local, "logging.inc", f'type = "file"; filename = "{folder}/log/rspamd.log"; level = "error";\n')
    places = [f"--var={name}={path}" for name, path in (
        ("LOCAL_CONFDIR", folder), ("DBDIR", folder + "/db"), ("RUNDIR", folder + "/run"), ("LOGDIR", folder + "/log"))]
    process = subprocess.Popen(["rspamd", "-f", "-i", "-c", "/etc/rspamd/rspamd.conf", *places],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def ask_rspamd(port, path):
    run = subprocess.run(["rspamc", "-h", f"127.0.0.1:{port}", "symbols", path], capture_output=True, text=True)
    return "Action:" in run.stdout


def worker_seconds():
    """CPU time of the process that scans, a grandchild of ours."""
    ticks = os.sysconf("SC_CLK_TCK")
    for stat in glob.glob("/proc/[0-9]*/stat"):
        with contextlib.suppress(OSError):
            folder = os.path.dirname(stat)
            with open(os.path.join(folder, "cmdline"), encoding="utf-8") as f:
                if not f.read().startswith("rspamd: normal process"):
                    continue
            with open(stat, encoding="utf-8") as f:
                fields = f.read().rsplit(")", 1)[1].split()
            with open(f"/proc/{fields[1]}/stat", encoding="utf-8") as f:
                grandparent = f.read().rsplit(")", 1)[1].split()[1]
            if int(grandparent) == os.getpid():
                return (int(fields[11]) + int(fields[12])) / ticks
    raise RuntimeError("no rspamd worker is there")


def rspamd(folder, messages, table):
    if shutil.which("rspamd") is None or shutil.which("rspamc") is None or os.geteuid() != 0:
        print("rspamd is not installed, or this is not root: skipped", file=sys.stderr)
        return
    with rspamd_running(folder) as port:
        deadline = time.monotonic() + RSPAMD_START
        while not ask_rspamd(port, messages[0]):
            if time.monotonic() > deadline:
                raise RuntimeError("rspamd did not start in time")
            time.sleep(1)
        before = worker_seconds()
        for _ in range(RSPAMD_ROUNDS):
            for path in messages:
                if not ask_rspamd(port, path):
                    raise RuntimeError("rspamd did not answer")
        used = worker_seconds() - before
    size = RSPAMD_ROUNDS * sum(os.path.getsize(path) for path in messages)
    table.add("rspamd, 1 MB attachment, its own rules", size / MB / max(used, 1e-3), "MB/s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tools", required=True, help="the folder with scanbench")
    parser.add_argument("--json", action="store_true", help="one object a line")
    parser.add_argument("--alone", action="store_true", help="gatepost only")
    options = parser.parse_args()
    table = Table(options.json)
    scanbench(options, table)
    if options.alone:
        return 0
    good = True
    with tempfile.TemporaryDirectory(prefix="gatepost-bench-") as folder:
        subprocess.run([os.path.join(options.tools, "scanbench"), "--corpus", folder], check=True)
        messages = sorted(glob.glob(os.path.join(folder, "*.eml")))
        for measure in (clamscan, rspamd):
            try:
                measure(folder, messages, table)
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                print(f"{measure.__name__}: {error}", file=sys.stderr)
                good = False
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
