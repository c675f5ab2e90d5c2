"""Messages as they are delivered: tests/golden/rewrite/POLICY/NAME.in becomes
NAME.ref, byte for byte. With --write the refs are written anew, for review."""

import os
import subprocess
import sys

folder = os.path.join(os.environ.get("srcdir", "."), "tests/golden/rewrite")
gatepost = os.environ.get("GATEPOST", "src/gatepost")


def rewritten(policy, path):
    command = [gatepost, "scan", "-c", os.path.join(folder, "config.yaml"), "--policy", policy, "--rewritten", path]
    result = subprocess.run(command, capture_output=True, check=False)
    if result.returncode > 1:
        raise RuntimeError(result.stderr.decode())
    return result.stdout


def differences(got, expected):
    for number, (a, b) in enumerate(zip(got.splitlines(True), expected.splitlines(True)), 1):
        if a != b:
            return f"line {number}: got {a!r}, expected {b!r}"
    return f"got {len(got)} octets, expected {len(expected)}"


cases = sorted(os.path.join(at, name) for at, _, names in os.walk(folder) for name in names if name.endswith(".in"))
print(f"1..{len(cases)}")
for number, case in enumerate(cases, 1):
    reference = case[:-3] + ".ref"
    got = rewritten(os.path.basename(os.path.dirname(case)), case)
    if "--write" in sys.argv:
        with open(reference, "wb") as f:
            f.write(got)
    with open(reference, "rb") as f:
        expected = f.read()
    print("ok" if got == expected else "not ok", number, "-", os.path.relpath(case, folder))
    if got != expected:
        print("#", differences(got, expected))
