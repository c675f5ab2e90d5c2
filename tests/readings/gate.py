"""Messages on their way through gatepost."""

import json
import os
import subprocess
import tempfile

GATEPOST = os.environ.get("GATEPOST", "src/gatepost")
DELIVER = os.path.join(os.environ.get("builddir", "."), "tests", "deliver")
CONFIG = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gatepost.yaml")
BLOCKED = {"reject", "quarantine", "discard", "defer"}


def command(policy, *more):
    return [GATEPOST, "scan", "-c", CONFIG, "--policy", policy, *more]


def scan(folder, policy, seconds):
    """The answers by file name, all messages of the folder in one process."""
    result = subprocess.run(command(policy, "--json", folder), capture_output=True, timeout=seconds, check=False)
    if result.returncode > 1:
        raise RuntimeError(result.stderr.decode(errors="replace"))
    answers = {}
    for line in result.stdout.splitlines():
        answer = json.loads(line)
        answers.setdefault(os.path.basename(answer["file"]), answer)
    return answers


def crashed(answer):
    """Whether the scanner did not come to an answer of its own."""
    return not answer["complete"] and answer["readings"] == 0


def deliver(files, policy):
    """What is delivered of each file: its octets, or None of what is held back.
    All in one process, which `gatepost scan --rewritten` is not."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([DELIVER, CONFIG, policy, folder], input="".join(f"{file}\n" for file in files).encode(), check=True,
                       stdout=subprocess.DEVNULL)
        return {file: read(os.path.join(folder, os.path.basename(file))) for file in files}


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except FileNotFoundError:
        return None


def let_out(cases, policy):
    """Gives each case what is let out of it; None when it is blocked. What is
    delivered untouched is read from gatepost too where the form is valid."""
    asked = []
    for case in cases:
        if case.answer["verdict"] in BLOCKED:
            case.out = None
        elif case.answer["verdict"] == "accept" and case.expectation != "valid":
            case.out = case.data
        else:
            asked.append(case)
    delivered = deliver([case.file for case in asked], policy)
    for case in asked:
        case.out = delivered[case.file]
