#!/usr/bin/env python3
"""Twice as much to scan is at most twice the work, in instructions as callgrind
counts them: the same on every machine, however busy it is."""

import os
import re
import shutil
import subprocess
import sys

# Of each the larger is twice the smaller.
KINDS = [("size", 96), ("parts", 30), ("depth", 20), ("lines", 250), ("rules", 40)]
MOST = 2 * 1.1
SECONDS = 120  # a run takes three

PROGRAM = os.path.join(os.environ.get("builddir", "."), "tests", "count_scan")


def instructions(kind, number):
    """Those of the scan alone, without its preparation."""
    run = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no",
         "--toggle-collect=counted_scan", PROGRAM, kind, str(number)],
        capture_output=True, text=True, timeout=SECONDS)
    collected = re.search(r"Collected\s*:\s*(\d+)", run.stderr)
    if run.returncode != 0 or collected is None:
        print("# " + (run.stdout + run.stderr).replace("\n", "\n# "))
        return 0
    return int(collected.group(1))


def main():
    why = None
    if shutil.which("valgrind") is None:
        why = "valgrind is not installed"
    elif "sanitizers" in subprocess.run([PROGRAM], capture_output=True, text=True).stdout:
        why = "built with sanitizers, which do not run under valgrind"
    if why is not None:
        print(f"1..0 # SKIP {why}")
        return 0
    print(f"1..{len(KINDS)}")
    good = True
    for number, (kind, n) in enumerate(KINDS, 1):
        once, twice = instructions(kind, n), instructions(kind, 2 * n)
        linear = 0 < twice <= once * MOST
        good &= linear
        print(f"{'ok' if linear else 'not ok'} {number} - twice the {kind}: {once} instructions, then {twice}, "
              f"{twice / max(once, 1):.2f} times", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
