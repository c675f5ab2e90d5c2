#!/usr/bin/python3
"""Reloading the configuration of a running gatepost, and draining it: nobody's
connection is dropped, and nothing is left behind.

    GATEPOST=src/gatepost python3 tests/reload.py [WORD…]"""

import copy
import os
import ssl
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

import quarantine_command  # noqa: E402
from gatepost_test import (PATIENCE, STANDARD_RULES, Failure, Tests, await_event, expect, expect_equal,  # noqa: E402
                           free_port)
from smtp_client import Client  # noqa: E402

tests = Tests()

RELOADS = 20
CLIENTS = 4
PROCESSES = {"proxy": 2, "scanner": 2, "keeper": 1}
MESSAGE = b"Subject: hello\r\n\r\ngood day\r\n"
QUARANTINED = b"Subject: please quarantine\r\n\r\ntoken-%d-end\r\n"


def start(t, upstream, changes=None, listener=None):
    run = {"log": {"level": "info"}, "run": {"proxies": 2, "scanners": 2}}
    return t.gatepost(upstream, {**run, **(changes or {})}, listener, single=False)


def reload(gatepost, config=None):
    if config is not None:
        gatepost.config = config
        gatepost.write_config(config)
    status, output = gatepost.ctl("reload")
    expect_equal(status, 0, f"reload: {output}")


def deliver(t, address, message=MESSAGE):
    client = t.client(address)
    client.greet()
    expect_equal(client.deliver(message).code, 250, "a delivery")
    client.quit()


def await_refusal(t, address):
    """Connects until it cannot; whoever was still let in leaves and waits for
    the end of his connection."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            visitor = t.client(address)
            visitor.send(b"QUIT\r\n")
            visitor.replies_until_closed()
        except ConnectionRefusedError:
            return
        except ConnectionError:
            pass
    raise Failure("connections are still taken")


def settle(gatepost):
    """Until only the processes of one generation are left."""
    def settled():
        return {kind: len(gatepost.processes(kind)) for kind in PROCESSES} == PROCESSES
    await_event(gatepost.changed, settled, "the old generation's end")


def descriptors(gatepost):
    return len(os.listdir(f"/proc/{gatepost.process.pid}/fd")) if os.geteuid() == 0 else 0


class Sender(threading.Thread):
    """Delivers one message after another, 20 a session, until told to stop. Anything
    but 250 is a failure."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.address, self.delivered, self.failure, self.enough = address, 0, None, threading.Event()
        self.start()

    def run(self):
        try:
            while not self.enough.is_set():
                self._session()
        except (AssertionError, OSError) as error:
            self.failure = error

    def _session(self):
        client = Client(self.address, PATIENCE)
        try:
            client.greet()
            for _ in range(20):
                expect_equal(client.deliver(MESSAGE).code, 250, "a delivery")
                self.delivered += 1
                if self.enough.is_set():
                    return
        finally:
            client.close()

    def stop(self):
        self.enough.set()
        self.join(PATIENCE)
        expect(self.failure is None, "a sender", self.failure)
        expect(self.delivered > 0, "a sender delivered nothing")
        return self.delivered


@tests
def under_load(t):
    "twenty reloads under load, some of them broken: no connection is dropped, nothing is left"
    upstream = t.upstream()
    gatepost = start(t, upstream)
    settle(gatepost)
    before = descriptors(gatepost)
    senders = [Sender(gatepost.address) for _ in range(CLIENTS)]
    for number in range(RELOADS):
        upstream.wait_message(len(upstream.messages) + 5)
        if number % 4 == 3:
            gatepost.write_rules("rules:\n- { name: BROKEN, when: { nonsense: 1 }, then: reject }\n")
            status, output = gatepost.ctl("reload")
            expect(status != 0 and "rules.yaml:2:" in output, "a broken file", status, output)
            gatepost.write_rules(STANDARD_RULES)
        else:
            reload(gatepost)
    delivered = sum(sender.stop() for sender in senders)
    upstream.wait(lambda: len(upstream.messages) >= delivered, "all that was acknowledged")
    settle(gatepost)
    deliver(t, gatepost.address)
    expect_equal(descriptors(gatepost), before, "the master's descriptors")
    ended = gatepost.events("ended")
    expect_equal([e for e in ended if e.get("status") != "0"], [], "children that did not end well")


@tests
def at_once(t):
    "reloads that come before the last one's processes are ready"
    gatepost = start(t, t.upstream())
    for _ in range(5):
        reload(gatepost)
    settle(gatepost)
    deliver(t, gatepost.address)


@tests
def limits(t):
    "sessions that a reload leaves to go on count in the limits of those that come"
    limits_ = {"connections": 4, "connections_per_client": 3}
    gatepost = start(t, t.upstream(), {"run": {"proxies": 1, "scanners": 1}, "limits": limits_})

    def greeted(**options):
        client = t.client(gatepost, **options)
        return client, client.reply().code
    held = []
    for _ in range(2):  # a session of each of two earlier configurations
        held.append(greeted())
        reload(gatepost)
        for _ in range(2):  # what it answers then it heard after the master's word
            expect_equal(held[-1][0].command("NOOP").code, 250, "NOOP")
    held.append(greeted())
    expect_equal([code for _, code in held], [220] * 3, "greetings")
    expect_equal(greeted()[1], 421, "one more of the same client")
    other = {"source": ("127.0.0.2", 0)}
    held.append(greeted(**other))
    expect_equal((held[-1][1], greeted(**other)[1]), (220, 421), "the fourth and the fifth in all")
    held[0][0].quit()
    until = time.monotonic() + PATIENCE
    while greeted(**other)[1] != 220:
        expect(time.monotonic() < until, "the place of one that left is not taken")


@tests
def draining_meanwhile(t):
    "SIGTERM right behind a reload ends both generations"
    gatepost = start(t, t.upstream())
    idle = t.client(gatepost)
    idle.greet()
    reload(gatepost)
    gatepost.process.terminate()
    expect_equal(idle.reply().code, 421, "the idle client")
    expect_equal(gatepost.process.wait(PATIENCE), 0, "status")


@tests
def listeners(t):
    "a listener that is added is open, one that is removed is not, also while a session of it goes on"
    gatepost = start(t, t.upstream())
    first, second = gatepost.config, copy.deepcopy(gatepost.config)
    second["listeners"][0]["address"] = f"127.0.0.1:{free_port()}"
    old = gatepost.address
    busy = t.client(gatepost)
    busy.greet()
    busy.envelope()
    both = copy.deepcopy(first)
    both["listeners"].append({**second["listeners"][0], "name": "more"})
    reload(gatepost, both)
    deliver(t, gatepost.address_of(0))
    deliver(t, gatepost.address_of(1))
    reload(gatepost, second)
    await_refusal(t, old)
    deliver(t, gatepost.address)
    expect_equal(busy.data(MESSAGE).code, 250, "the message under way")
    expect_equal(busy.deliver(MESSAGE).code, 250, "and one more")
    busy.quit()
    settle(gatepost)


@tests
def taken_address(t):
    "an address that cannot be had changes nothing"
    upstream = t.upstream()
    gatepost = start(t, upstream)
    running = gatepost.config
    for address in ("%s:%d" % upstream.address, running["listeners"][0]["address"]):
        wrong = copy.deepcopy(running)
        wrong["listeners"].append({**wrong["listeners"][0], "name": "more", "address": address})
        gatepost.write_config(wrong)
        status, output = gatepost.ctl("reload")
        expect(status != 0 and address in output, "an address in use", status, output)
        deliver(t, gatepost.address)
    reload(gatepost, running)
    settle(gatepost)


@tests
def certificates(t):
    "a certificate that was renewed is shown to the next client"
    def shown():
        client = t.client(gatepost)
        client.reply()
        client.starttls(t.certificates.client_context(), server_name="localhost")
        client.ehlo()
        return ssl.DER_cert_to_PEM_cert(client.socket.getpeercert(binary_form=True)).strip()

    def pem(name):
        with open(t.certificates.pair(name)[0], encoding="ascii") as f:
            return f.read().strip()
    gatepost = start(t, t.upstream(), listener={"tls": t.certificates.yaml("server")})
    expect_equal(shown(), pem("server"), "before")
    changed = copy.deepcopy(gatepost.config)
    changed["listeners"][0]["tls"] = t.certificates.yaml("renewed")
    reload(gatepost, changed)
    expect_equal(shown(), pem("renewed"), "after")


@tests
def quarantine(t):
    "a quarantine that moves is written to where it is now, without a moment in which it is not"
    gatepost = start(t, t.upstream())
    deliver(t, gatepost.address, QUARANTINED % 1)
    moved = merged_quarantine(gatepost, os.path.join(t.folder(), "moved"))
    before = t.client(gatepost)
    before.greet()
    reload(gatepost, moved)
    deliver(t, gatepost.address, QUARANTINED % 2)
    expect_equal(before.deliver(QUARANTINED % 3).code, 250, "a session of before")
    before.quit()
    settle(gatepost)
    found = [name for _, _, names in os.walk(os.path.join(moved["quarantine"]["path"], "messages")) for name in names]
    expect_equal(len(found), 2, "messages in the new quarantine")
    expect_equal((gatepost.quarantined(b"token-1-end"), gatepost.quarantined(b"token-2-end")), (1, 0), "in the old one")


@tests
def log(t):
    "the keeper logs as the new configuration has it"
    gatepost = start(t, t.upstream())
    deliver(t, gatepost.address, QUARANTINED % 1)
    reload(gatepost, {**gatepost.config, "log": {"level": "error"}})
    quarantine_command.ok(gatepost, "delete", "2")
    expect_equal(gatepost.stop(), 0, "exit status")
    expect_equal(gatepost.events("removed"), [], "what the keeper tells below the level of errors")


def merged_quarantine(gatepost, path):
    return {**copy.deepcopy(gatepost.config), "quarantine": {"path": path}}


def refused_while_draining(single):
    def test(t):
        gatepost = t.gatepost(t.upstream(), {"timeouts": {"drain": "20s"}}, single=single)
        busy = t.client(gatepost)
        busy.greet()
        expect_equal([reply.code for reply in busy.envelope()], [250, 250], "before")
        gatepost.process.terminate()
        await_refusal(t, gatepost.address)
        reply = busy.data(MESSAGE)
        expect(reply.code == 250, "the message under way", reply)
        expect_equal(busy.reply().code, 421, "then")
        expect_equal(gatepost.process.wait(PATIENCE), 0, "status")
    return test


tests.add("draining: nobody can connect any more", refused_while_draining(False))
tests.add("draining one process: nobody can connect any more", refused_while_draining(True))
tests.run()
