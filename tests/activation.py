#!/usr/bin/python3
"""Sockets that a service manager passes, sd_listen_fds(3), and holds: each is its listener's,
and while gatepost is started anew no connection is refused.

    GATEPOST=src/gatepost python3 tests/activation.py [WORD…]"""

import contextlib
import os
import signal
import socket
import sys
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import (  # noqa: E402
    PATIENCE, Gatepost, Tests, expect, expect_equal, free_port, merged, standard_config)

tests = Tests()

MESSAGE = b"Subject: hello\r\n\r\ngood day\r\n"
UNUSED = "no listener has the address "


class Service:
    """A gatepost that is started, and started anew, with the same sockets."""

    def __init__(self, t, passed, listeners, changes=None):
        self.t, self.passed, self.folder = t, passed, t.folder()
        config = merged(standard_config(t.upstream().address, 1), changes or {})
        self.config = {**config, "listeners": [{**config["listeners"][0], **at} for at in listeners]}
        for s in passed:
            t.callback(s.close)

    def start(self, single=False, clean=True):
        self.gatepost = Gatepost(self.folder, self.config, single=single, passed=self.passed)
        self.t.callback(self.t.stop_gatepost, self.gatepost, clean)
        return self.gatepost.wait_ready()

    def reload(self, listeners):
        first = self.config["listeners"][0]
        self.gatepost.write_config({**self.config, "listeners": [{**first, **at} for at in listeners]})
        expect_equal(self.gatepost.ctl("reload"), (0, ""), "ctl reload")

    def unused(self):
        """Of the passed ones, as told since it was last asked."""
        told = [e["msg"] for e in self.gatepost.events("listener", level="warning", msg="^" + UNUSED)]
        del self.gatepost.log[:]
        return [m[len(UNUSED):].split(",")[0] for m in told]


def listening(address="127.0.0.1"):
    """A socket as a service manager opens it; a dual one for ::."""
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if address == "::":
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind((address, free_port(address)))
    s.listen(128)
    return s


def at(s, host=None):
    """The listener's keys for where that socket is."""
    host = host or s.getsockname()[0]
    return {"name": f"l{s.getsockname()[1]}", "address": f"{host}:{s.getsockname()[1]}"}


def expect_served(client):
    client.greet()
    expect_equal(client.deliver(MESSAGE).code, 250, "a delivery")
    client.quit()


def kill_all(gatepost):
    """As a service manager does when the main process has died."""
    for pid in [gatepost.process.pid, *gatepost.children()]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    gatepost.process.wait()
    gatepost.reader.join(PATIENCE)  # until the last of them has ended


@tests
def restart(t):
    "who connects while gatepost is killed, or ended, and started anew is served"
    held = listening()
    service = Service(t, [held], [at(held)])
    where = held.getsockname()
    service.start(clean=False)
    expect_served(t.client(where))
    kill_all(service.gatepost)
    waiting = t.client(where)
    service.start()
    expect_served(waiting)
    proxies = len(service.gatepost.processes("proxy"))
    service.gatepost.signal(signal.SIGTERM)
    service.gatepost.wait_event("ended", proxies, child="^proxy$")  # until then one may take the client, and end it
    waiting = t.client(where)
    expect_equal(service.gatepost.stop(), 0, "the exit status")
    service.start()
    expect_served(waiting)


@tests
def addresses(t):
    "a socket is the listener's whose address it is bound to, however that is written; metrics' too"
    any_, four, name, metrics = listening("::"), listening("0.0.0.0"), listening(), listening()
    path = os.path.join(t.folder(), "socket")
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(path)
    os.chmod(path, 0o777)
    unix.listen(128)
    service = Service(t, [metrics, unix, name, four, any_],
                      [at(any_, "*"), at(four), at(name, "localhost"), {"name": "unix", "address": f"unix:{path}"}],
                      {"metrics": {"address": at(metrics)["address"]}})
    service.start()
    for s in (any_, four, name):
        expect_served(t.client(("127.0.0.1", s.getsockname()[1])))
    client = socket.socket(socket.AF_UNIX)
    t.callback(client.close)
    client.settimeout(PATIENCE)
    client.connect(path)
    expect(client.recv(4096).startswith(b"220 "), "a greeting at the UNIX socket")
    with urllib.request.urlopen(f"http://{at(metrics)['address']}/readyz", timeout=PATIENCE) as answer:
        expect_equal(answer.status, 200, "the reporter")
    expect_equal(service.unused(), [], "sockets that nobody has")


@tests
def unused(t):
    "a socket that no listener has is told of, and what is no listening socket; what is not passed is opened"
    held, other, own = listening(), listening(), free_port()
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("127.0.0.1", 0))
    service = Service(t, [other, datagrams, held], [at(held), {"name": "own", "address": f"127.0.0.1:{own}"}])
    gatepost = service.start()
    expect_served(t.client(held.getsockname()))
    expect_served(t.client(("127.0.0.1", own)))
    gatepost.wait_event("listener", level="warning", msg="is no listening stream socket")
    expect_equal(service.unused(), [at(other)["address"]], "sockets that nobody has")


@tests
def reloads(t):
    "a listener that goes with one reload and comes with another has the passed socket again; after an upgrade too"
    first, second = listening(), listening()
    service = Service(t, [first, second], [at(first)])
    gatepost = service.start()
    expect_equal(service.unused(), [at(second)["address"]], "sockets that nobody has")
    waiting = t.client(second.getsockname())
    service.reload([at(first), at(second)])
    expect_served(waiting)
    expect_equal(service.unused(), [], "then")
    service.reload([at(first)])
    waiting = t.client(second.getsockname())
    expect_equal(gatepost.ctl("upgrade"), (0, ""), "ctl upgrade")
    started = gatepost.events("upgrade", msg="is started as process")[-1]
    t.callback(os.kill, int(started["msg"].rsplit(" ", 1)[1]), signal.SIGTERM)
    service.reload([at(second), at(first)])
    expect_served(waiting)
    expect_served(t.client(first.getsockname()))
    service.reload([at(second)])
    expect_equal(service.unused()[-1:], [at(first)["address"]], "sockets that nobody has at the end")


@tests
def single(t):
    "one process takes them too"
    held = listening()
    service = Service(t, [held], [at(held)])
    service.start(single=True)
    expect_served(t.client(held.getsockname()))


@tests
def statuses(t):
    "a start fails with 2 when the configuration is wrong, with 1 when an address is taken"
    taken = listening()
    service = Service(t, [], [at(taken)])
    t.callback(taken.close)
    for change, status in ({}, 1), ({"listner": []}, 2):
        for alone in (False, True):
            gatepost = Gatepost(service.folder, {**service.config, **change}, single=alone)
            t.callback(gatepost.stop)
            expect_equal(gatepost.process.wait(PATIENCE), status, f"the exit status with {change or 'a taken address'}")


tests.run()
