#!/usr/bin/python3
"""The keeper is killed at each system call of a put and of each order while gatepost
runs: the next keeper takes over, who asked hears that it was done, and then index and
files are the same messages, whole: all that was acknowledged, nothing that was
removed, and nothing half.

    GATEPOST=src/gatepost python3 tests/keeper_kill.py [--all] [WORD…]

The calls are those that a keeper makes when nothing happens to it, in their order.
Killed is at some of them, which the seed (GATEPOST_TEST_SEED) chooses, or with --all
at each, which takes minutes."""

import collections
import contextlib
import hashlib
import os
import random
import re
import select
import signal
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import PATIENCE, Skip, Tests, await_event, expect, expect_equal  # noqa: E402
from quarantine_command import HELD, expect_sound, hold, kept_as, needs_strace, ok  # noqa: E402

tests = Tests()

ALL = "--all" in sys.argv
SEED = int(os.environ.get("GATEPOST_TEST_SEED", time.strftime("%Y%m%d")))
STOCK = 10  # messages at once
CALL = re.compile(r"(\w+)\(")
# Behind each of these something else lies on the disk.
CHANGES = ("linkat", "unlinkat", "fdatasync")
DIGEST = hashlib.sha256(HELD).hexdigest()


class Watched:
    """A keeper under strace(1)."""

    def __init__(self, pid, *options):
        self.pid, self.pidfd = pid, os.pidfd_open(pid)
        self.strace = subprocess.Popen(["strace", "-p", str(pid), *options], stderr=subprocess.PIPE, text=True)
        said = self.strace.stderr.readline()
        if "attached" not in said:
            self.end()
            raise Skip(f"the keeper cannot be traced here: {said.strip()}")

    def end(self):
        """Whether it was killed."""
        self.strace.send_signal(signal.SIGINT)
        self.strace.communicate()
        killed = bool(select.select([self.pidfd], [], [], 0)[0])
        os.close(self.pidfd)
        return killed


class House:
    """A gatepost that keeps messages, and what is to be in its quarantine."""

    def __init__(self, t):
        needs_strace()
        if os.geteuid() != 0:
            raise Skip("needs root")
        self.t, self.upstream = t, t.upstream()
        self.gatepost = t.gatepost(self.upstream, single=False)
        self.path = f"{self.gatepost.folder}/quarantine"
        self.kept, self.killed = set(), set()

    def keeper(self):
        def living():
            return [pid for pid in self.gatepost.processes("keeper") if pid not in self.killed]
        await_event(self.gatepost.changed, living, "the keeper")
        return living()[-1]

    def ready_keeper(self):
        """It is up, and there are messages. With --all it has done nothing else yet, so that
        its calls are those of any other like it."""
        if len(self.kept) < 2:
            self.kept |= {hold(self.t, self.gatepost) for _ in range(STOCK)}
        if ALL:
            pid = self.keeper()
            self.killed.add(pid)
            os.kill(pid, signal.SIGKILL)
        ok(self.gatepost, "expire")
        return self.keeper()

    def index(self):
        return contextlib.closing(sqlite3.connect(f"{self.path}/index.db", timeout=PATIENCE))

    def files(self):
        return {name.removesuffix(".eml"): os.path.join(folder, name)
                for folder, _, names in os.walk(f"{self.path}/messages") for name in names}

    def expect_sound(self):
        rows, files = set(expect_sound(self.gatepost)), self.files()
        expect_equal(rows, self.kept, "the index")
        expect_equal(set(files), self.kept, "the files")
        expect_equal(os.listdir(f"{self.path}/incoming"), [], "interrupted puts")
        for path in files.values():
            with open(path, "rb") as f:
                expect_equal(hashlib.sha256(f.read()).hexdigest(), DIGEST, path)

    # What a keeper does. Each returns the work itself, ready to be done.

    def put(self):
        client = self.t.client(self.gatepost)
        client.greet()

        def work():
            reply = client.deliver(HELD)
            ok(self.gatepost, "expire")  # by the next keeper, which has begun then
            if reply.code != 250:
                expect_equal(reply.code, 451, reply)
                reply = client.deliver(HELD)
            self.kept.add(kept_as(reply))
            client.close()
            with self.index() as db:
                twice = {row[0] for row in db.execute("SELECT id FROM message")} - self.kept
            expect(len(twice) <= 1, "more than twice", twice)
            self.kept |= twice
        return work

    def delete(self):
        message = min(self.kept)

        def work():
            expect_equal(ok(self.gatepost, "delete", message), f"{message}: deleted\n".encode(), "what is said")
            self.kept.remove(message)
        return work

    def mark(self):
        message, before = min(self.kept), len(self.upstream.messages)

        def work():
            ok(self.gatepost, "release", message)
            expect_equal((expect_sound(self.gatepost)[message], len(self.upstream.messages) - before), ("released", 1), message)
            ok(self.gatepost, "delete", message)
            self.kept.remove(message)
        return work

    def expire(self):
        old = sorted(self.kept)[:2]
        with self.index() as db, db:
            db.executemany("UPDATE message SET time = 1 WHERE id = ?", [(message,) for message in old])

        def work():
            said = ok(self.gatepost, "expire").decode()
            # None: they were removed at the start of the next keeper, before it heard the order.
            expect(re.fullmatch("[02] messages removed(, and those of a keeper that went away .*)?\n", said), "what is said", said)
            self.kept -= set(old)
        return work


def calls_of(house, prepare):
    """[(call, the nth of it)] that the keeper makes for it, in their order."""
    trace = os.path.join(house.t.folder(), "trace")
    watched = Watched(house.ready_keeper(), "-o", trace)
    prepare()()
    watched.end()
    counts, calls = collections.Counter(), []
    with open(trace, encoding="utf-8", errors="replace") as f:
        for line in f:
            if call := CALL.match(line):
                counts[call[1]] += 1
                calls.append((call[1], counts[call[1]]))
    return calls


def chosen(what, calls):
    if ALL:
        return calls
    chance = random.Random(f"{SEED} {what}")
    telling = {name: [c for c in calls if c[0] == name] for name in CHANGES}
    some = [chance.choice(found) for found in telling.values() if found]
    return [*some, chance.choice(calls)]


def killed_at_each(what):
    def test(t):
        house = House(t)
        if ALL:
            signal.alarm(0)
        prepare = getattr(house, what)
        calls = calls_of(house, prepare)
        house.expect_sound()
        todo, killed = chosen(what, calls), 0
        for call, nth in todo:
            pid, work = house.ready_keeper(), prepare()
            watched = Watched(pid, "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={nth}")
            try:
                work()
            except Exception:
                print(f"# killed at {call} {nth} of {what}, seed {SEED}")
                raise
            finally:
                if watched.end():
                    house.killed.add(pid)
                    killed += 1
            house.expect_sound()
        print(f"# {what}: {len(calls)} calls, killed at {killed} of {len(todo)}")
        expect(killed >= len(todo) * 3 // 4, "too few were killed", killed, todo)
    return test


for what in ("put", "delete", "mark", "expire"):
    tests.add(f"the keeper is killed at each call of its work: {what}", killed_at_each(what))


tests.run([word for word in sys.argv[1:] if word != "--all"])
