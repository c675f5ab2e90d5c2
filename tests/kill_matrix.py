#!/usr/bin/python3
"""R11: at every step of a session of SMTP, POP3 and IMAP, master, proxy, scanner and
keeper are killed in turn while the session stands just there, and several of them at
once. The client sees a closed connection or a temporary answer and tries again; then
nothing that was acknowledged is missing, nothing passed unscanned, a new session is
served, the keeper's files are whole, and of those that the master left behind none
lives on.

    builddir=. python3 tests/kill_matrix.py [--all[=PART/PARTS]] [WORD…]

A step is entered many times in a session; killed is at one of them, which the seed
(GATEPOST_TEST_SEED) chooses, or with --all at each, or a part of them. Several at once
are killed at some of the steps, or with --all at each entering."""

import collections
import os
import queue
import random
import re
import select
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import faults  # noqa: E402

os.environ["GATEPOST"] = faults.PROGRAM

import gatepost_test  # noqa: E402
from gatepost_test import PATIENCE, Skip, Tests, await_event, expect, expect_equal, left_to  # noqa: E402
from short_sessions import Estate, message  # noqa: E402
from smtp_client import Client  # noqa: E402

tests = Tests()

VICTIMS = [["proxy"], ["scanner"], ["keeper"], ["master"]]
TOGETHER = [["proxy", "keeper"], ["scanner", "keeper"], ["proxy", "scanner", "keeper"]]
TOLD_EVERY = 100  # kills of one worker
TOGETHER_AT = 2  # so many steps of a protocol each of these dies, without --all
WORKERS = 2
RETRY_SECONDS = 0.005  # a client would wait for minutes
SEED = int(os.environ.get("GATEPOST_TEST_SEED", time.strftime("%Y%m%d")))
WORDS, ALL, PART = faults.command_line(sys.argv[1:])
if ALL:
    gatepost_test.TEST_SECONDS = 7200
VISITS = {"smtp": ["smtp", "lmtp"], "pop3": ["pop3"], "imap": ["imap", "news"]}  # between them they enter each


def steps_of(protocol):
    """All that there are, by the source."""
    path = os.path.join(os.environ.get("srcdir", "."), "src", "proxy", f"{protocol}_session.c")
    with open(path, encoding="utf-8") as f:
        return set(re.findall(r"^\t\[[A-Z0-9_]+\] = \{ \"(\w+)\", \w+ \},$", f.read(), re.M))


def entered(t, kind):
    """{step: how often a visit that nothing happens to enters it}."""
    estate = Estate(t, faults.Faults(t.folder()).environment)
    visit = estate.visit(kind)
    expect(visit.attempt(), "a healthy session", visit.failures)
    visit.check()
    estate.gatepost.stop()
    return collections.Counter(line["step"] for line in estate.gatepost.events("step"))


class Worker(threading.Thread):
    """Cells one after the other, on an estate of its own."""

    def __init__(self, t, cells):
        super().__init__(daemon=True)
        self.cells, self.failure = cells, None
        self.faults = faults.Faults(t.folder())
        self.estate = Estate(t, self.faults.environment)
        self.killed, self.recovery, self.probes, self.done = set(), {}, 0, 0
        self.pause = threading.Event()  # never set
        self.cell, self.over = None, False  # whether its first attempt is over

    def run(self):
        try:
            while True:
                *where, victims = self.cells.get_nowait()
                for those in victims:
                    self.cell = (*where, those)
                    self.kill(*self.cell)
        except queue.Empty:
            self.cell = "the end"
            self.end()
        except Exception as error:  # shown by the test, which waits for this thread
            self.failure = error

    def pid(self, kind):
        gatepost = self.estate.gatepost
        if kind == "master":
            return gatepost.process.pid

        def living():
            return [pid for pid in gatepost.processes(kind) if pid not in self.killed]
        await_event(gatepost.changed, living, kind)
        return living()[0]

    def attempt(self, visit):
        gatepost = self.estate.gatepost
        visit.attempt()
        with gatepost.changed:
            self.over = True
            gatepost.changed.notify_all()

    def is_over(self, visit, seen):
        """Its sessions have ended, whose lines are in the log behind so many others. What is told
        of them comes after the client has its last answer."""
        if not self.over:
            return False
        lines = [line for line in self.estate.gatepost.log[seen:] if line["event"] == "step"]
        begun = {line["session"] for line in lines if line["step"] == "accept_client"}
        ended = {line["session"] for line in lines if line["step"] == "close"}
        return len(begun) == visit.connections and begun <= ended

    def kill(self, kind, step, nth, victims):
        pids = [self.pid(victim) for victim in victims]
        visit = self.estate.visit(kind)
        first = threading.Thread(target=self.attempt, args=(visit,), daemon=True)
        self.faults.stop_at(step, nth)
        self.over = False
        seen = len(self.estate.gatepost.log)
        first.start()
        await_event(self.estate.gatepost.changed, lambda: self.is_over(visit, seen) or self.faults.stopped, "the session to stop")
        if not self.faults.stopped:  # what came in two pieces when enterings were counted came in one
            visit.check()
            self.kill(kind, step, nth - 1, victims)
            return
        self.killed.update(pids)
        children = [os.pidfd_open(child) for child in self.estate.gatepost.children()]
        began = time.monotonic()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self.faults.none()
        self.recover(victims, began)
        first.join(PATIENCE)
        expect(not first.is_alive(), "the session hangs")
        self.finish(visit)
        self.expect_ended(children if "master" in victims else [], children)
        visit.check()
        self.estate.expect_sound()
        self.done += 1
        if self.done % TOLD_EVERY == 0:
            print(f"# {threading.current_thread().name}: {self.done} kills, {self.cells.qsize()} places left", flush=True)

    def recover(self, victims, began):
        """Until a new session has a message acknowledged that is scanned, and kept."""
        if "master" in victims:
            self.restart()
        while not self.probe():
            expect(time.monotonic() < began + PATIENCE, "the service does not come back")
            self.pause.wait(RETRY_SECONDS)
        names = " and ".join(victims)
        self.recovery[names] = max(self.recovery.get(names, (0,)), (time.monotonic() - began, *self.cell[:3]))

    def restart(self):
        """What a service manager does. The old proxy may hold the sockets a moment longer."""
        self.estate.gatepost.process.wait(PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while True:
            self.estate.gatepost = gatepost = self.estate.start(wait=False)
            await_event(gatepost.changed, lambda: gatepost.ended or gatepost.events("ready"), "gatepost to be ready")
            if gatepost.events("ready"):
                return
            expect(time.monotonic() < deadline, "it cannot be started again", gatepost.lines[-5:])

    def probe(self):
        self.probes += 1
        octets = message("quarantine", f"probe-{self.probes:06}-end".encode())
        try:
            client = Client(self.estate.gatepost.address, PATIENCE)
            try:
                client.greet()
                code = client.deliver(octets).code
            finally:
                client.close()
        except (AssertionError, OSError):
            return False
        expect(code != 250 or self.estate.has_kept(octets), "acknowledged, and not in quarantine", octets)
        return code == 250

    def end(self):
        gatepost = self.estate.gatepost
        expect_equal(gatepost.stop(), 0, "gatepost's exit status")
        expect_equal(gatepost.events("refused"), [], "what cages refused")
        self.estate.expect_agreed()

    def finish(self, visit):
        deadline = time.monotonic() + PATIENCE
        while not visit.attempt():
            expect(time.monotonic() < deadline, "the session is never done", visit.failures[-3:])
            self.pause.wait(RETRY_SECONDS)

    @staticmethod
    def expect_ended(orphans, opened):
        for child in orphans:
            expect(select.select([child], [], [], PATIENCE)[0], "a child of the killed master lives on")
        for child in opened:
            os.close(child)


def cells_of(protocol, counts):
    """(visit, step, which entering of it, [who is killed then, …]) in a random order.
    counts: of each visit."""
    chance = random.Random(f"{SEED} {protocol}")
    cells = []
    for step in sorted(set().union(*counts.values())):
        every = [(kind, step, nth) for kind, count in counts.items() for nth in range(1, count[step] + 1)[PART]]
        cells += [(*cell, VICTIMS) for cell in (every if ALL else [chance.choice(every)])]
        cells += [(*cell, TOGETHER) for cell in every if ALL]
    if not ALL:
        cells += [(*cell[:3], TOGETHER) for cell in chance.sample(cells, TOGETHER_AT)]
    chance.shuffle(cells)
    return cells


def show(protocol, steps, workers):
    slowest = {}
    for worker in workers:
        for names, told in worker.recovery.items():
            slowest[names] = max(told, slowest.get(names, told))
    print(f"# {protocol}: {len(steps)} steps, {sum(w.done for w in workers)} kills; {os.cpu_count()} processors, " +
          f"load {os.getloadavg()[0]:.1f}; a message was kept again after at most")
    for names, (seconds, kind, step, nth) in sorted(slowest.items()):
        print(f"#   {seconds * 1000:4.0f} ms: {names}, {kind} at {step} {nth}", flush=True)


def matrix(protocol):
    def test(t):
        if left_to("gcc"):
            raise Skip("with sanitizers processes are killed by fault_sweep.py, and it shows nothing more")
        counts = {kind: entered(t, kind) for kind in VISITS[protocol]}
        steps = set().union(*counts.values())
        expect_equal(steps, steps_of(protocol), "the steps that a session enters, and those that there are")
        cells = queue.Queue()
        for cell in cells_of(protocol, counts):
            cells.put(cell)
        workers = [Worker(t, cells) for _ in range(WORKERS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        for worker in workers:
            if worker.failure is not None:
                print(f"# at {worker.cell}, seed {SEED}")
                raise worker.failure
        show(protocol, steps, workers)
    return test


for protocol in VISITS:
    tests.add(f"R11: {protocol.upper()}: each process is killed at each step", matrix(protocol))


tests.run(WORDS)
