"""What the kernel tells of a process, and what can be done to it. Root may all of it."""

import contextlib
import ctypes
import os
import platform
import signal
import struct
import time

# Architectures whose registers and numbers call_in() knows.
INJECTABLE = ("x86_64",)


def status(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def limit(pid, name):
    """(soft, hard) as the kernel prints them."""
    with open(f"/proc/{pid}/limits", encoding="ascii") as f:
        for line in f:
            if line.startswith(name):
                return tuple(line[len(name):].split()[:2])
    raise KeyError(name)


def holds(pid, *secrets):
    """Those of these octets that are in the memory that is the process's alone."""
    found = set()
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            if "rw-p" not in line:
                continue
            begin, end = (int(x, 16) for x in line.split()[0].split("-"))
            memory.seek(begin)
            with contextlib.suppress(OSError):
                octets = memory.read(end - begin)
                found |= {s for s in secrets if s in octets}
    return sorted(found)


ATTACH, DETACH, CONTINUE, GET_REGISTERS, SET_REGISTERS = 16, 17, 7, 12, 13


def _ptrace(request, pid, address=0, data=0):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.restype = ctypes.c_long
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if libc.ptrace(request, pid, address, data) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request} of {pid}")


# poll, epoll_wait, ppoll, epoll_pwait of x86-64
WAITING = {"7", "232", "271", "281"}


def _await_rest(pid):
    """Until the process waits for something to do, which the kernel tells nobody."""
    patience = time.monotonic() + 20
    while time.monotonic() < patience:
        with open(f"/proc/{pid}/syscall", encoding="ascii") as f:
            if f.read().split()[0] in WAITING:
                return
        os.sched_yield()
    raise TimeoutError(f"process {pid} is busy")


def call_in(pid, number, *arguments):
    """Makes a process that waits in a system call make another one in its place, as
    somebody would who has taken it over. What comes of it, the process sees."""
    assert platform.machine() in INJECTABLE
    _await_rest(pid)
    _ptrace(ATTACH, pid)
    os.waitpid(pid, 0)
    try:
        room = ctypes.create_string_buffer(27 * 8)  # struct user_regs_struct
        _ptrace(GET_REGISTERS, pid, 0, ctypes.addressof(room))
        registers = list(struct.unpack("27Q", room.raw))
        rip, rax, orig_rax = 16, 10, 15
        for place, value in zip((14, 13, 12, 7, 9, 8), arguments):  # rdi rsi rdx r10 r8 r9
            registers[place] = value % 2**64
        registers[rax], registers[orig_rax] = number, 2**64 - 1
        registers[rip] -= 2  # the instruction "syscall" that it waits in
        room.raw = struct.pack("27Q", *registers)
        _ptrace(SET_REGISTERS, pid, 0, ctypes.addressof(room))
    finally:
        _ptrace(DETACH, pid)


def is_injectable():
    return platform.machine() in INJECTABLE and os.geteuid() == 0


def same_account(pid):
    """What makes a child have the account of that process: for subprocess's preexec_fn."""
    of = status(pid)
    uid, gid = int(of["Uid"].split()[0]), int(of["Gid"].split()[0])

    def become():
        os.setgroups([gid])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return become
