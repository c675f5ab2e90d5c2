#!/usr/bin/python3
"""Nothing acknowledged is lost, whatever dies: scanners, proxies and the
keeper are killed while thousands of messages are delivered. A client whose
delivery fails sends again, as a mail server would; in the end each message that
was answered by 250 is at the upstream or in quarantine.

    GATEPOST=src/gatepost python3 tests/kill.py [WORD…]"""

import os
import queue
import random
import select
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import GATEPOST, PATIENCE, Tests, await_event, expect, expect_equal  # noqa: E402
from smtp_client import Client  # noqa: E402

tests = Tests()

MESSAGES = int(os.environ.get("GATEPOST_TEST_MESSAGES", "2000"))
CLIENTS = 8
KILLS = 25  # of all kinds; MESSAGES and KILLS are a third where one kind dies alone
RETRY_SECONDS = 0.05  # a mail server would wait for minutes
SEED = int(os.environ.get("GATEPOST_TEST_SEED", "20250201"))


def token(number):
    return b"token-%06d-end" % number


def message(number, chance):
    """Of every ten one is quarantined, one is rejected, one is large."""
    subject = {0: b"please quarantine", 1: b"please reject"}.get(number % 10, b"hello")
    body = b"line of text\r\n" * (20000 if number % 10 == 2 else chance.randint(1, 200))
    return b"Subject: " + subject + b"\r\nX-Token: " + token(number) + b"\r\n\r\n" + body


class Senders:
    """Clients that deliver all messages, again after each failure that is not final."""

    def __init__(self, address, messages):
        self.address, self.todo = address, queue.Queue()
        self.answers, self.failures, self.lock = {}, [], threading.Lock()
        for number in range(messages):
            self.todo.put(number)
        self.threads = [threading.Thread(target=self._send_all, args=(n,), daemon=True) for n in range(CLIENTS)]
        self.pause = threading.Event()  # never set
        self.progress = threading.Semaphore(0)  # one more for each final answer

    def _send_all(self, which):
        chance, client = random.Random(SEED + which), None
        while True:
            try:
                number = self.todo.get_nowait()
            except queue.Empty:
                return
            deadline = time.monotonic() + PATIENCE
            client, code = self._try(client, number, chance)
            while code is None and time.monotonic() < deadline:
                self.pause.wait(RETRY_SECONDS)
                client, code = self._try(client, number, chance)
            if code is None:
                self.failures.append(number)
            with self.lock:
                self.answers[number] = code
            self.progress.release()

    def _try(self, client, number, chance):
        """(the client to go on with, the final reply's code or None)."""
        try:
            if client is None:
                client = Client(self.address, PATIENCE)
                client.greet()
            reply = client.deliver(message(number, chance))
            if reply.code == 421 or 400 <= reply.code < 500:
                client.close()
                return None, None
            return client, reply.code
        except (AssertionError, OSError):
            if client is not None:
                client.close()
            return None, None


class Killer:
    """Kills processes of a gatepost, each once."""

    def __init__(self, gatepost, chance):
        self.gatepost, self.chance, self.killed = gatepost, chance, set()

    def living(self, kind):
        return [pid for pid in self.gatepost.processes(kind) if pid not in self.killed]

    def wait(self, kind, count=1):
        """Until so many run: the master replaces whoever died."""
        await_event(self.gatepost.changed, lambda: len(self.living(kind)) >= count, f"{count} of {kind}")
        return self.living(kind)

    def kill(self, kind):
        pid = self.chance.choice(self.wait(kind))
        self.killed.add(pid)
        os.kill(pid, signal.SIGKILL)


def killed(kinds, messages, kills, reloads=False):
    """reloads: one is begun before each kill, so that some die in the middle of it."""
    def test(t):
        upstream = t.upstream()
        changes = {"run": {"proxies": 2, "scanners": 2}, "log": {"level": "info"}, "upstreams": {"mta": {"rest": "0s"}}}
        gatepost = t.gatepost(upstream, changes, single=False)
        senders, chance = Senders(gatepost.address, messages), random.Random(SEED)
        killer = Killer(gatepost, chance)
        for thread in senders.threads:
            thread.start()
        for _ in range(kills):
            for _ in range(chance.randint(1, messages // kills)):
                expect(senders.progress.acquire(timeout=PATIENCE), "no message is delivered any more")
            if reloads:
                gatepost.signal(signal.SIGHUP)
            killer.kill(chance.choice(kinds))
        for thread in senders.threads:
            thread.join(60)
            expect(not thread.is_alive(), "a sender does not end")
        check(senders, upstream, gatepost)
        for kind, count in (("proxy", 2), ("scanner", 2), ("keeper", 1)):
            killer.wait(kind, count)
        expect(len(gatepost.events("reload")) >= reloads, "no reload")
    return test


def check(senders, upstream, gatepost):
    expect(not senders.failures, "never answered for good", senders.failures[:5])
    delivered = b"\n".join(m.data[:200] for m in upstream.messages)
    kept = all_of_quarantine(gatepost)
    for number, code in senders.answers.items():
        if number % 10 == 1:
            expect_equal(code, 554, f"message {number}")
            expect(token(number) not in delivered, "a rejected message was delivered", number)
        elif number % 10 == 0:
            expect_equal(code, 250, f"message {number}")
            expect(token(number) in kept, "acknowledged, but not in quarantine", number)
            expect(token(number) not in delivered, "a quarantined message was delivered", number)
        else:
            expect_equal(code, 250, f"message {number}")
            expect(token(number) in delivered, "acknowledged, but not at the upstream", number)
    broken = [m for m in upstream.messages if not m.data.endswith(b"line of text\r\n")]
    expect(not broken, "a message was cut off", broken[:1])


def all_of_quarantine(gatepost):
    """The beginnings of all files in it."""
    found = []
    for folder, _, names in os.walk(os.path.join(gatepost.folder, "quarantine", "messages")):
        for name in names:
            with open(os.path.join(folder, name), "rb") as f:
                found.append(f.read(200))
    return b"\n".join(found)


for kind in ("scanner", "proxy", "keeper"):
    tests.add(f"killed at random: the {kind}", killed([kind], MESSAGES // 3, KILLS // 3))
tests.add("killed at random: any of them", killed(["scanner", "proxy", "keeper"], MESSAGES, KILLS))
tests.add("killed at random: any of them, while reloads go on",
          killed(["scanner", "proxy", "keeper"], MESSAGES // 8, KILLS // 3, reloads=True))


@tests
def master_killed(t):
    "when the master is killed all its children end, and the next start finds the quarantine whole"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream, {"log": {"level": "info"}}, single=False, clean=False)
    client = t.client(gatepost)
    client.greet()
    expect_equal(client.deliver(message(0, random.Random(SEED))).code, 250, "the quarantined message")
    children = [os.pidfd_open(pid) for pid in gatepost.children()]
    gatepost.process.kill()
    for child in children:
        expect(select.select([child], [], [], PATIENCE)[0], "a child lives on")
        os.close(child)
    expect_equal(gatepost.process.wait(PATIENCE), -signal.SIGKILL, "status")
    again = t.gatepost(upstream, {"quarantine": {"path": os.path.join(gatepost.folder, "quarantine")}}, single=False)
    client = t.client(again)
    client.greet()
    expect_equal(client.deliver(message(10, random.Random(SEED))).code, 250, "the next one")
    kept = all_of_quarantine(gatepost)
    expect(token(0) in kept and token(10) in kept, "not in quarantine")


@tests
def master_killed_under_a_session(t):
    "a session outlives its master, and another gatepost has the quarantine meanwhile"
    upstream, chance = t.upstream(), random.Random(SEED)
    gatepost = t.gatepost(upstream, {"log": {"level": "info"}, "run": {"proxies": 1}}, single=False, clean=False)
    old = t.client(gatepost)
    old.greet()
    old.envelope()
    expect_equal(old.command("DATA").code, 354, "DATA")
    gatepost.process.kill()
    again = t.gatepost(upstream, {"quarantine": {"path": os.path.join(gatepost.folder, "quarantine")}}, single=False)
    client = t.client(again)
    client.greet()
    expect_equal(client.deliver(message(0, chance)).code, 250, "a message to be kept")
    old.send(message(2, chance) + b".\r\n")
    expect_equal(old.reply().code, 250, "the message under way")
    expect(token(0) in all_of_quarantine(gatepost), "not in quarantine")
    expect(token(2) in upstream.wait_message().data, "not at the upstream")


@tests
def scanner_dies_on_a_message(t):
    "a scanner that is killed again and again costs one message a 451, not its connection"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream, {"run": {"proxies": 1, "scanners": 1}, "log": {"level": "info"}}, single=False)
    client = t.client(gatepost)
    client.greet()
    chance = random.Random(SEED)
    killer = Killer(gatepost, chance)
    for number in range(8):
        killer.wait("scanner")
        client.envelope()
        expect_equal(client.command("DATA").code, 354, "DATA")
        client.send(message(12, chance) + b".\r\n")
        killer.kill("scanner")
        expect(client.reply().code in (250, 451), "reply", number)
    client.quit()


def await_step(gatepost, step, count):
    gatepost.wait_event("step", count, step=f"^{step}$")


def begun(t, gatepost, numbers, step):
    """Clients that have sent these messages, one after the other; the sessions of the one proxy
    stand at that step."""
    clients, chance = [], random.Random(SEED)
    for number in numbers:
        clients.append(client := t.client(gatepost))
        client.greet()
        client.envelope()
        expect_equal(client.command("DATA").code, 354, "DATA")
        client.send(message(number, chance) + b".\r\n")
        await_step(gatepost, step, len(clients))
    t.client(gatepost).greet()  # when the proxy has come to that it is through with the step
    return clients


@tests
def scanner_killed_with_several(t):
    "a scanner that is killed while several messages wait at it costs the first a 451; the others are delivered"
    upstream = t.upstream()
    gatepost = t.gatepost(upstream, {"run": {"proxies": 1, "scanners": 1}}, single=False)
    scanner = Killer(gatepost, None).wait("scanner")[0]
    os.kill(scanner, signal.SIGSTOP)
    numbers = [3, 4, 2, 13, 14, 12]  # large ones too; more than a scanner is given at a time
    clients = begun(t, gatepost, numbers, "await_verdict")
    os.kill(scanner, signal.SIGKILL)
    expect_equal([client.reply().code for client in clients], [451] + [250] * 5, "answers")
    delivered = b"\n".join(m.data[:200] for m in upstream.messages)
    expect_equal([n for n in numbers if token(n) in delivered], numbers[1:], "delivered")


@tests
def keeper_killed_with_several(t):
    "a keeper that is killed while messages and an order wait: 451 for those that it did not keep; the order is carried out"
    gatepost = t.gatepost(t.upstream(), {"run": {"proxies": 1, "scanners": 1}}, single=False)
    client = t.client(gatepost)
    client.greet()
    first = client.deliver(message(0, random.Random(SEED))).text.split()[-1]
    keeper = Killer(gatepost, None).wait("keeper")[0]
    os.kill(keeper, signal.SIGSTOP)
    order = subprocess.Popen([GATEPOST, "quarantine", "delete", "-c", gatepost.file, first],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    t.callback(order.kill)
    clients = begun(t, gatepost, [10, 20, 30], "await_quarantine")
    os.kill(keeper, signal.SIGKILL)
    expect_equal([client.reply().code for client in clients], [451] * 3, "answers")
    expect_equal((order.communicate(timeout=PATIENCE)[1], order.returncode), (b"", 0), "the order")
    expect_equal([gatepost.quarantined(token(n)) for n in (0, 10, 20, 30)], [0] * 4, "in quarantine")
    for number, client in zip((10, 20, 30), clients):
        expect_equal(client.deliver(message(number, random.Random(SEED))).code, 250, "the same connection, the same message")
        expect_equal(gatepost.quarantined(token(number)), 1, "in quarantine")


@tests
def young_child_killed(t):
    "a child that dies young is replaced at once, and only one whose kind keeps dying young waits"
    gatepost = t.gatepost(t.upstream(), {"run": {"proxies": 1, "scanners": 1}, "log": {"level": "info"}}, single=False)
    killer = Killer(gatepost, random.Random(SEED))
    for _ in range(3):
        killer.wait("scanner")
        killer.kill("scanner")
    killer.wait("scanner")
    expect(not gatepost.events("start", msg="waits"), "it waited", gatepost.events("start"))
    while not gatepost.events("start", msg="^scanner 0 died young.*waits"):
        killer.kill("scanner")
        killer.wait("scanner")


tests.run()
