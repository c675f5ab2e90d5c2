"""Judge: a program that writes the parts of a message as files into a folder,
ripmime or munpack, which the first argument names. Reads paths, a line each;
writes for each {"file", "leaves": [[name, base64]…]}."""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile

COMMANDS = {
    "ripmime": lambda path, out: ["ripmime", "-q", "--no-ole", "-i", path, "-d", out],
    "munpack": lambda path, out: ["munpack", "-t", "-f", "-q", "-C", out, path],
}
command = COMMANDS[sys.argv[1]]

for line in sys.stdin:
    path = line.rstrip("\n")
    out = tempfile.mkdtemp()
    found = []
    try:
        subprocess.run(command(path, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       stdin=subprocess.DEVNULL, timeout=10, check=False)
        for at, _, names in os.walk(out):
            for name in names:
                file = os.path.join(at, name)
                if os.path.isfile(file) and not os.path.islink(file):
                    with open(file, "rb") as f:
                        found.append([os.fsencode(name).decode("utf-8", "replace"), base64.b64encode(f.read()).decode()])
    except (subprocess.TimeoutExpired, OSError) as e:
        print(f"{path}: {e}", file=sys.stderr)
    finally:
        shutil.rmtree(out, ignore_errors=True)
    print(json.dumps({"file": path, "leaves": found}), flush=True)
