"""What the benches have in common: their frame, and how they tell results."""

import contextlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from subjects import BenchError


@contextlib.contextmanager
def running(subject, sink):
    try:
        subject.start(sink.port)
        yield subject
    finally:
        subject.stop()


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        for line in f:
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    return platform.machine()


def with_ratio(value, ratio, digits):
    return f"{value:.{digits}f}" + (f" ({ratio:.2f}x)" if ratio is not None else "")


def print_row(title, cells):
    print(f"{title:<38}" + "".join(f"{cell:>18}" for cell in cells))


def print_bounds(bounds, missing):
    """bounds: (what, wanted, measured or None, unit); `missing` stands for None."""
    print()
    print_row("Wanted", ["at most", "measured", "reached"])
    for what, most, measured, unit in bounds:
        if measured is None:
            print_row(what, [f"{most:g} {unit}", missing, "unknown"])
        else:
            print_row(what, [f"{most:g} {unit}", f"{measured:.2f} {unit}", "yes" if measured <= most else "no"])


def print_about(about):
    print(f"{about['processor']}, {about['cpus']} CPUs, Linux {about['kernel']}")
    print(f"load average {about['load_before']} before, {about['load_after']} after; {about['seconds']:.0f} s")
    print(f"medians of {about['rounds']} rounds; CPU time by {about['cpu_method']}; {about['scheduling']} scheduling")
    if about["cpus"] < 2:
        print("there is but one CPU: the subjects share it with the load, so only CPU times mean something")


def bounds_for_json(bounds):
    return [{"what": what, "at_most": most, "measured": measured, "unit": unit}
            for what, most, measured, unit in bounds]


def load_average():
    return " ".join(f"{n:.2f}" for n in os.getloadavg())


def run_bench(make_bench):
    """Runs what make_bench(folder) returns, in a folder that is removed; says how and where it ran."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all is cleaned up
    began = time.monotonic()
    about = {"processor": processor(), "cpus": len(os.sched_getaffinity(0)), "kernel": platform.release(),
             "scheduling": "ordinary" if os.sched_getscheduler(0) == os.SCHED_OTHER else "real-time",
             "load_before": load_average()}
    folder = tempfile.mkdtemp(prefix="gatepost-bench-")
    os.chmod(folder, 0o755)  # gatepost gives up root
    try:
        bench = make_bench(folder)
        bench.run()
    except (BenchError, subprocess.SubprocessError, OSError) as error:
        sys.exit(f"bench: {error}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    about.update(load_after=load_average(), seconds=time.monotonic() - began, rounds=bench.rounds,
                 cpu_method=bench.method)
    return bench, about
