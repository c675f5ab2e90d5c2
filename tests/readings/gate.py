"""Messages on their way through gatepost."""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

GATEPOST = os.environ.get("GATEPOST", "src/gatepost")
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


def rewritten(path, policy):
    result = subprocess.run(command(policy, "--rewritten", path), capture_output=True, timeout=20, check=False)
    if result.returncode > 1:
        raise RuntimeError(f"{path}: " + result.stderr.decode(errors="replace"))
    return result.stdout


def let_out(cases, policy):
    """Gives each case what is let out of it; None when it is blocked. What is
    delivered untouched is read from gatepost too where the form is valid."""
    def fill(case):
        if case.answer["verdict"] in BLOCKED:
            case.out = None
        elif case.answer["verdict"] == "accept" and case.expectation != "valid":
            case.out = case.data
        else:
            case.out = rewritten(case.file, policy)

    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(fill, cases))
