"""The CPU time that a program and all its children have used, ended ones too.

A control group of its own counts every process in it to the nanosecond, so
that is what is used where one may be made (cgroup v1 cpuacct or v2). Elsewhere
the times of the tree of processes are added up, in ticks of the kernel.
"""

import contextlib
import os
import re


def _cgroup_folders():
    """(kind, folder of this process's group), the finer clock first."""
    mounts = {}
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        for line in f:
            left, right = line.split(" - ")
            kind, _, options = right.split()[:3]
            if kind == "cgroup2":
                mounts["v2"] = left.split()[4]
            elif kind == "cgroup" and "cpuacct" in options.split(","):
                mounts["v1"] = left.split()[4]
    with open("/proc/self/cgroup", encoding="utf-8") as f:
        groups = [line.rstrip("\n").split(":", 2) for line in f]
    for _, controllers, path in groups:
        if "cpuacct" in controllers.split(",") and "v1" in mounts:
            yield "v1", mounts["v1"] + path
    for _, controllers, path in groups:
        if not controllers and "v2" in mounts:
            yield "v2", mounts["v2"] + path


class CgroupMeter:
    """One group; the program joins it before it is executed."""

    def __init__(self, kind, parent, name):
        self.kind = kind
        self.folder = os.path.join(parent, f"gatepost-bench-{os.getpid()}-{name}")
        os.mkdir(self.folder)
        try:
            self.seconds()
            with open(self._file("cgroup.procs"), "a", encoding="ascii"):
                pass  # it could be joined
        except (OSError, AttributeError):
            os.rmdir(self.folder)
            raise OSError(f"{self.folder} does not count") from None
        self.method = {"v1": "control group (cpuacct)", "v2": "control group (cpu.stat)"}[kind]

    def _file(self, name):
        return os.path.join(self.folder, name)

    def join(self):
        with open(self._file("cgroup.procs"), "w", encoding="ascii") as f:
            f.write("0")

    def watch(self, pid):
        pass

    def seconds(self):
        if self.kind == "v1":
            with open(self._file("cpuacct.usage"), encoding="ascii") as f:
                return int(f.read()) / 1e9
        with open(self._file("cpu.stat"), encoding="ascii") as f:
            return int(re.search(r"^usage_usec (\d+)", f.read(), re.M).group(1)) / 1e6

    def close(self):
        with contextlib.suppress(OSError):
            os.rmdir(self.folder)


class TreeMeter:
    """utime and stime of the tree of processes and of those it has waited for."""

    method = "user and system time of the processes (ticks of the kernel)"

    def __init__(self):
        self.pid = None

    def join(self):
        pass

    def watch(self, pid):
        self.pid = pid

    def seconds(self):
        ticks = 0
        for pid in process_tree(self.pid):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8") as f:
                ticks += sum(int(n) for n in f.read().rpartition(")")[2].split()[11:15])
        return ticks / os.sysconf("SC_CLK_TCK")

    def close(self):
        pass


def process_tree(pid):
    """pid and all its living descendants."""
    found, parents = [pid], [pid]
    while parents:
        parent = parents.pop()
        with contextlib.suppress(OSError), \
                open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as f:
            children = [int(child) for child in f.read().split()]
            found += children
            parents += children
    return found


def cpu_meter(name):
    """The best meter that this machine allows."""
    for kind, folder in _cgroup_folders():
        with contextlib.suppress(OSError):
            return CgroupMeter(kind, folder, name)
    return TreeMeter()
