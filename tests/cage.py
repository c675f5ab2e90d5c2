#!/usr/bin/python3
"""The cages of running processes: what somebody would try who has taken one over is
refused and told in the log, and mail goes on. What each cage refuses is tried one by
one in tests/unit/test_cage.c. Run as root to see all.

    GATEPOST=src/gatepost python3 tests/cage.py [WORD…]"""

import ctypes
import mmap
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import GATEPOST, Skip, Tests, expect, expect_equal, is_sanitized  # noqa: E402
from process import call_in, is_injectable, limit, same_account, status  # noqa: E402

tests = Tests()

MESSAGE = b"Subject: hello\r\n\r\ngood day\r\n"
KINDS = ("proxy", "scanner", "keeper")
AF_INET, AF_PACKET = 2, 17
# Numbers of x86-64, as process.INJECTABLE.
OPEN, SOCKET, CLONE, EXECVE, KILL, PTRACE, PROCESS_VM_READV = 2, 41, 56, 59, 62, 101, 310
# What ends a process that tries it, whichever it is.
ENDS = {"clone": (CLONE, 17, 0), "execve": (EXECVE, 0, 0, 0), "ptrace": (PTRACE, 16, 1),
        "process_vm_readv": (PROCESS_VM_READV, 1, 0, 0, 0, 0, 0), "kill": (KILL, 1, 10)}


def start(t, proxies=1, scanners=1, **options):
    changes = {"log": {"level": "info"}, "run": {"proxies": proxies, "scanners": scanners}}
    gatepost = t.gatepost(t.upstream(), changes, single=False, **options)
    if is_sanitized():
        raise Skip("a build with sanitizers has no cages")
    return gatepost


def deliver(t, gatepost):
    client = t.client(gatepost)
    client.greet()
    code = client.deliver(MESSAGE).code
    client.quit()
    return code


def try_in(gatepost, pid, kind, name, call):
    """Makes that process try a call, and expects the log's line of it."""
    before = len(gatepost.events("refused", pid=f"^{pid}$"))
    call_in(pid, *call)
    told = gatepost.wait_event("refused", before + 1, pid=f"^{pid}$")
    expect_equal((told["child"], told["call"]), (kind, name), "what was told")


@tests
def injected(t):
    "running processes are made to try fork, exec, ptrace, kill, and to read another's memory: it ends them, and is told"
    if not is_injectable():
        raise Skip("only root may, and on x86-64")
    gatepost = start(t, len(ENDS), len(ENDS), clean=False)
    keeper = [("keeper", gatepost.processes("keeper")[0], "process_vm_readv")]
    others = [(kind, pid, name) for kind in ("proxy", "scanner") for pid, name in zip(gatepost.processes(kind), ENDS)]
    for kind, pid, name in others + keeper:
        try_in(gatepost, pid, kind, name, ENDS[name])
        expect_equal(gatepost.wait_event("ended", pid=f"^{pid}$")["signal"], "Bad system call", f"end of the {kind}")
    for kind in KINDS:  # others have taken their places
        count = 2 * sum(k == kind for k, _, _ in others + keeper)
        gatepost.wait_event("cage", count, process=f"^{kind} ")
    expect_equal(deliver(t, gatepost), 250, "a delivery")
    expect_equal(gatepost.stop(), 0, "exit status")


@tests
def injected_softly(t):
    "a running scanner is made to open a file and a socket, a keeper and a proxy a socket: it is refused and told"
    if not is_injectable():
        raise Skip("only root may, and on x86-64")
    gatepost = start(t, scanners=2, clean=False)
    first, second = gatepost.processes("scanner")
    tries = ((first, "scanner", "open", (OPEN, 0, 0)), (second, "scanner", "socket", (SOCKET, AF_INET, 1, 0)),
             (gatepost.processes("keeper")[0], "keeper", "socket", (SOCKET, AF_INET, 1, 0)),
             (gatepost.processes("proxy")[0], "proxy", "socket", (SOCKET, AF_PACKET, 3, 0)))
    for pid, kind, name, call in tries:
        try_in(gatepost, pid, kind, name, call)
        if kind != "proxy":  # it takes the refusal for that of poll(2), and ends by itself
            expect_equal(gatepost.wait_event("ended", pid=f"^{pid}$")["status"], "0", f"end of the {kind}")
    gatepost.wait_event("cage", 4, process="^scanner ")
    gatepost.wait_event("cage", 2, process="^keeper ")
    expect_equal(deliver(t, gatepost), 250, "a delivery")
    expect_equal(gatepost.stop(), 0, "exit status")


@tests
def told_at_the_start(t):
    "the log tells which cages are closed, and which Landlock the kernel has"
    gatepost = start(t)
    has = ctypes.CDLL(None, use_errno=True).syscall(444, None, 0, 1)  # landlock_create_ruleset, of all architectures
    for kind in KINDS:
        line = gatepost.wait_event("cage", process=f"^{kind} ")
        expect_equal(line["calls"], "listed" if kind == "scanner" else "all but listed", kind)
        expect_equal(int(line["landlock"]), max(has, 0), f"{kind}: Landlock")
        for pid in gatepost.processes(kind):
            of = status(pid)
            expect_equal((of["Seccomp"], of["NoNewPrivs"]), ("2", "1"), kind)


@tests
def at_work(t):
    "what proxy and keeper work with is open to them: a spool file, a scratch file, the quarantine"
    gatepost = t.gatepost(t.upstream(), {"spool": {"path": "spool"}, "limits": {"spool_memory": "64KiB"}}, single=False)
    client = t.client(gatepost)
    client.greet()
    lines = b"".join(b"%020d in a line\r\n" % n for n in range(20000))
    for subject in (b"please quarantine", b"please tag", b"please quarantine"):
        expect_equal(client.deliver(b"Subject: " + subject + b"\r\n\r\n" + lines).code, 250, "a delivery")
    expect_equal(gatepost.quarantined(lines), 2, "in quarantine")
    expect_equal(os.listdir(os.path.join(gatepost.folder, "spool")), [], "left in the spool")


@tests
def authorities(t):
    "a folder of certificate authorities is read when one is needed, which is after the cage was closed"
    folder = os.path.join(t.folder(), "authorities")
    os.mkdir(folder)
    shutil.copy(t.certificates.ca(), os.path.join(folder, "ours.pem"))
    os.chmod(os.path.join(folder, "ours.pem"), 0o644)
    subprocess.run(["openssl", "rehash", folder], check=True, stdout=subprocess.DEVNULL)
    upstream = t.upstream(tls="implicit", context=t.certificates.server_context())
    gatepost = t.gatepost(upstream, {"upstreams": {"mta": {
        "address": f"localhost:{upstream.address[1]}", "tls": {"mode": "implicit", "verify": "full", "ca": folder}}}},
        single=False)
    expect_equal(deliver(t, gatepost), 250, "a delivery")


@tests
def shared_memory(t):
    "the memory in which proxies count connections and messages is the master's and theirs; a scanner has a page of its own"
    gatepost = start(t)
    if os.geteuid() != 0:
        raise Skip("only root may look")
    for kind in KINDS:
        for pid in gatepost.processes(kind):
            with open(f"/proc/{pid}/maps", encoding="ascii") as f:
                shared = [line.split()[0].split("-") for line in f if "rw-s" in line and "/dev/zero" in line]
            octets = sum(int(end, 16) - int(begin, 16) for begin, end in shared)
            if kind == "scanner":
                expect_equal(octets, mmap.PAGESIZE, "what the scanner shares")
            else:
                expect_equal(bool(octets), kind == "proxy", f"the {kind} shares memory")


@tests
def overwritten(t):
    "whatever a proxy writes into the memory that it shares, the master lives on and ends in order"
    if os.geteuid() != 0:
        raise Skip("only root may write there")
    gatepost = start(t, clean=False)
    pid, = gatepost.processes("proxy")
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
        shared = [line.split()[0].split("-") for line in maps if "rw-s" in line and "/dev/zero" in line]
        expect(shared, "no shared memory")
        for begin, end in ((int(a, 16), int(b, 16)) for a, b in shared):
            memory.seek(begin)
            memory.write(b"\xff" * (end - begin))
    os.kill(pid, 9)
    gatepost.wait_event("ended", pid=f"^{pid}$")
    gatepost.signal(1)
    gatepost.wait_event("reload")
    for command in ("status", "reload"):
        subprocess.run([GATEPOST, "ctl", "-c", gatepost.file, command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=60, check=False)
    expect_equal(gatepost.process.poll(), None, "the master's end")
    expect_equal(gatepost.stop(), 0, "exit status")


@tests
def no_core(t):
    "no process dumps core, and none of the same account can look into one, though root started none of them"
    gatepost = start(t)
    pids = [gatepost.process.pid, *(pid for kind in KINDS for pid in gatepost.processes(kind))]
    expect_equal(len(pids), 4, "processes")
    for pid in pids:
        expect_equal(limit(pid, "Max core file size"), ("0", "0"), f"core of {pid}")
        expect_equal(os.stat(f"/proc/{pid}/environ").st_uid, 0, f"who may look into {pid}")
    if os.geteuid() != 0:
        return
    for pid in pids[1:]:  # they have an account that can be taken
        look = subprocess.run(["cat", f"/proc/{pid}/environ"], preexec_fn=same_account(pid), capture_output=True, check=False)
        expect(look.returncode != 0 and look.stdout == b"", "its account looks into", pid, look)


tests.run()
