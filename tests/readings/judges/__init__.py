"""Programs that read mail as their readers' programs would: whether a banned
item can be got out of a message. Each judge is a process that is fed paths and
answers with the leaves that it sees; here they are started, and what is in the
leaves is looked into."""

import base64
import json
import os
import shutil
import subprocess
import sys
import threading

from . import content

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
SECONDS = 120  # for all messages of a run

# name -> (family, command, a command that succeeds where the judge is installed, package)
JUDGES = {
    "python": ("python", [PYTHON, "with_python.py", "compat32"], [PYTHON, "-c", "import email"], "python3"),
    "python-default": ("python", [PYTHON, "with_python.py", "default"], [PYTHON, "-c", "import email"], "python3"),
    "mime-tools": ("mime-tools", ["perl", "with_mime_tools.pl"], ["perl", "-MMIME::Parser", "-e1"], "libmime-tools-perl"),
    "gmime": ("gmime", [PYTHON, "with_gmime.py"],
              [PYTHON, "-c", "import gi; gi.require_version('GMime', '3.0'); from gi.repository import GMime"],
              "gir1.2-gmime-3.0 python3-gi"),
    "ripmime": ("ripmime", [PYTHON, "with_program.py", "ripmime"], None, "ripmime"),
    "munpack": ("munpack", [PYTHON, "with_program.py", "munpack"], None, "mpack"),
    # Not of Debian; they judge where NODE_PATH leads to them.
    "mailparser": ("mailparser", ["node", "with_node.js", "mailparser"], ["node", "-e", "require('mailparser')"], None),
    "postal-mime": ("postal-mime", ["node", "with_node.js", "postal-mime"], ["node", "-e", "require('postal-mime')"],
                    None),
}


def installed(name):
    _, command, probe, _ = JUDGES[name]
    if probe is None:
        return shutil.which(command[-1]) is not None
    try:
        return subprocess.run(probe, capture_output=True, timeout=20, check=False).returncode == 0
    except OSError:
        return False


def present():
    """The judges that are here, and the packages of those that are not."""
    here = [name for name in JUDGES if installed(name)]
    return here, [JUDGES[name][3] for name in JUDGES if name not in here and JUDGES[name][3]]


def families(names):
    return {JUDGES[name][0] for name in names}


def read_all(name, paths):
    """What one judge sees in each message: {path: [(name, content)…]}. A path
    without an answer is one that it was too slow for, or died of."""
    result = {}
    remaining = list(paths)
    while remaining:
        process = subprocess.run(JUDGES[name][1], input="".join(p + "\n" for p in remaining), cwd=HERE, text=True,
                                 capture_output=True, timeout=SECONDS, check=False)
        lines = process.stdout.split("\n")[:-1]  # a name may hold other ends of lines
        for line in lines:
            answer = json.loads(line)
            result[answer["file"]] = [(n, base64.b64decode(c)) for n, c in answer["leaves"]]
        remaining = remaining[len(lines) + 1:]  # the one that it died of sees nothing
    return result


def judge(cases, names):
    """[(case, judge, what it found)…] of cases whose `out` lies in case.file."""
    leaks = []
    lock = threading.Lock()

    def run(name):
        seen = read_all(name, [case.file for case in cases])
        for case in cases:
            for leaf_name, leaf in seen.get(case.file, []):
                what = content.banned(leaf_name, leaf)
                if what:
                    with lock:
                        leaks.append((case, name, what))
                    break

    threads = [threading.Thread(target=run, args=(name,)) for name in names]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return leaks
