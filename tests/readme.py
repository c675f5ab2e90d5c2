#!/usr/bin/python3
"""What README.md shows is so: its configurations load, its rule tests pass, and
its commands print what stands there.

A block "```yaml NAME" is a file of that name, a block "```console" a dialogue
with a shell in the folder that holds them, where mail/ has tests/data/readme."""

import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from certificates import Certificates  # noqa: E402
from gatepost_test import GATEPOST, Tests, expect, expect_equal  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
INSTALLED = "/usr/share/gatepost/"  # where the README's configurations have the rules

tests = Tests()


def blocks(kind):
    """[(name, text)] of the README's blocks of one kind."""
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as f:
        found = re.findall(r"^```(\w+) *(\S*)\n(.*?)^```$", f.read(), re.MULTILINE | re.DOTALL)
    return [(name, text) for language, name, text in found if language == kind]


def folder(t):
    """All files of the README, and what its configurations refer to."""
    path = t.folder()
    for name, text in blocks("yaml"):
        with open(os.path.join(path, name), "w", encoding="utf-8") as f:
            f.write(text.replace(INSTALLED, TOP + "/"))
    shutil.copytree(os.path.join(TOP, "tests/data/readme"), os.path.join(path, "mail"))
    os.mkdir(os.path.join(path, "tls"))
    for made, name in zip(Certificates(os.path.join(path, "tls")).pair(), ("cert.pem", "key.pem")):
        os.rename(made, os.path.join(path, "tls", name))
    return path


def run(path, command):
    """What the shell prints, both outputs; `gatepost` is the one under test."""
    bin_folder = os.path.join(path, ".bin")
    if not os.path.exists(bin_folder):
        os.mkdir(bin_folder)
        os.symlink(os.path.abspath(GATEPOST), os.path.join(bin_folder, "gatepost"))
    environment = {**os.environ, "PATH": bin_folder + ":" + os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, shell=True, cwd=path, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def is_configuration(text):
    return text.startswith("listeners:") or "\nlisteners:" in text


def loads(name):
    def test(t):
        done = run(folder(t), f"gatepost check -c {name}")
        expect_equal(done.returncode, 0, done.stdout)
    return test


def steady(text):
    """Without what differs from one run, or one set of starter rules, to the next."""
    return re.sub(r"\bin [0-9.]+ s$|\b\d+ rules: ok$", "…", text, flags=re.MULTILINE)


def prints(dialogue):
    def test(t):
        path = folder(t)
        for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", dialogue, re.MULTILINE):
            expect_equal(steady(run(path, command).stdout), steady(shown), command)
    return test


for name, text in blocks("yaml"):
    if is_configuration(text):
        tests.add(f"{name} is a configuration without errors", loads(name))
for name, text in blocks("console"):
    tests.add(f"dialogue: {text.splitlines()[0]}", prints(text))
expect(len(tests.tests) > 0, "README.md has no blocks to try")
tests.run()
