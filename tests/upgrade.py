#!/usr/bin/python3
"""A gatepost that was installed takes the place of the one that runs: no connection is
refused or dropped, no message is lost; and a new one that cannot begin changes nothing.

    GATEPOST=src/gatepost builddir=. python3 tests/upgrade.py [WORD…]"""

import contextlib
import errno
import os
import select
import shutil
import signal
import sys
import threading
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

import faults  # noqa: E402
import gatepost_test  # noqa: E402
from gatepost_test import PATIENCE, Tests, await_event, expect, expect_equal, free_port  # noqa: E402
from process import status  # noqa: E402
from smtp_client import Client  # noqa: E402

tests = Tests()

MESSAGE = b"Subject: %s\r\n\r\ntoken-%d-end\r\n"
PLAIN, HELD = b"hello", b"please quarantine"


class Installed:
    """A gatepost in a folder of its own, where another can be put in its place. Which
    process is the master changes."""

    def __init__(self, t, changes=None, prefix=()):
        self.t, self.folder, self.upstream = t, t.folder(), t.upstream()
        self.program = os.path.join(self.folder, "gatepost")
        self.install(program=faults.PROGRAM if prefix else None)
        given, gatepost_test.GATEPOST = gatepost_test.GATEPOST, self.program
        try:
            self.gatepost = t.gatepost(
                self.upstream, {"log": {"level": "info"}, "run": {"proxies": 2, "scanners": 2},
                                "timeouts": {"drain": "20s"}, **(changes or {})}, single=False, wait=False, prefix=prefix)
        finally:
            gatepost_test.GATEPOST = given
        t.callback(self.end)
        self.gatepost.wait_ready()
        self.masters = [self.gatepost.process.pid]

    def install(self, source=None, program=None):
        """As package managers do: the new file takes the old one's name."""
        new = self.program + ".new"
        if source is None:
            shutil.copy(program or gatepost_test.GATEPOST, new)
        else:
            with open(new, "wb") as f:
                f.write(source)
        os.chmod(new, 0o755)
        os.replace(new, self.program)

    def upgrade(self, ask=None):
        """Until the next one has taken over."""
        code, told = (ask or self.gatepost.ctl)("upgrade")
        expect_equal((code, told), (0, ""), "ctl upgrade")
        self.gatepost.wait_event("ready", len(self.masters) + 1)
        started = self.gatepost.events("upgrade", msg="is started as process")[-1]
        self.masters.append(int(started["msg"].rsplit(" ", 1)[1]))

    def await_end_of(self, pid):
        """Of a master that handed over."""
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(pid)
            ended, _, _ = select.select([descriptor], [], [], PATIENCE)
            os.close(descriptor)
            expect(ended, "a master did not end", pid)

    def end(self):
        """The last one, whose parent is nobody of ours."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.masters[-1] if hasattr(self, "masters") else self.gatepost.process.pid, signal.SIGTERM)
        self.gatepost.reader.join(PATIENCE)
        expect(not self.gatepost.reader.is_alive(), "the end of all")

    def expect_clean(self):
        ended = self.gatepost.events("ended", child=".")
        expect_equal([e for e in ended if e.get("status") != "0"], [], "children that did not end well")
        expect_equal(self.gatepost.events("keeper"), [], "what keepers complain of")


class Callers(threading.Thread):
    """Connections one after another, each with a message; every other one is held."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.address, self.failure, self.sent = address, None, 0
        self.enough, self.changed = threading.Event(), threading.Condition()
        self.start()

    def run(self):
        try:
            while not self.enough.is_set():
                self.call()
        except (AssertionError, OSError) as error:
            self.failure = error
        with self.changed:
            self.changed.notify_all()

    def call(self):
        client = Client(self.address, PATIENCE)
        client.greet()
        expect_equal(client.deliver(MESSAGE % ((PLAIN, HELD)[self.sent % 2], self.sent)).code, 250, "a delivery")
        client.quit()
        with self.changed:
            self.sent += 1
            self.changed.notify_all()

    def await_calls(self, count):
        until = self.sent + count
        await_event(self.changed, lambda: self.failure or self.sent >= until, "calls")
        expect(self.failure is None, "a caller", self.failure)

    def stop(self):
        self.enough.set()
        self.join(PATIENCE)
        expect(self.failure is None, "a caller", self.failure)
        return self.sent


def expect_all(installed, callers):
    """Each message is where it belongs, once."""
    sent = callers.stop()
    tokens = [b"token-%d-end" % n for n in range(sent)]
    installed.upstream.wait(lambda: len(installed.upstream.messages) >= (sent + 1) // 2, "what was relayed")
    relayed = [m.data for m in installed.upstream.messages]
    expect_equal(sorted(relayed), sorted(MESSAGE % (PLAIN, n) for n in range(0, sent, 2)), "what was relayed")
    held = {token: installed.gatepost.quarantined(token + b"\r\n") for token in tokens[1::2]}
    expect_equal([token for token, count in held.items() if count != 1], [], "what is not held once")


@tests
def under_load(t):
    "two upgrades while clients come and go: by ctl, and by SIGUSR2"
    metrics = f"127.0.0.1:{free_port()}"
    installed = Installed(t, {"metrics": {"address": metrics}})
    callers = Callers(installed.gatepost.address)
    callers.await_calls(10)
    installed.install()
    installed.upgrade()
    callers.await_calls(10)
    installed.install()
    os.kill(installed.masters[-1], signal.SIGUSR2)
    installed.upgrade(ask=lambda _: (0, ""))
    callers.await_calls(10)
    installed.await_end_of(installed.masters[1])
    expect_all(installed, callers)
    installed.expect_clean()
    code, told = installed.gatepost.ctl("status")
    expect(code == 0 and "ready" in told, "ctl status of the last one", code, told)
    with urllib.request.urlopen(f"http://{metrics}/readyz", timeout=PATIENCE) as answer:
        expect_equal(answer.status, 200, "the last one's reporter")


@tests
def sessions(t):
    "sessions of the old one go on, keep messages in quarantine by the new one's keeper, and end when they are told to"
    installed = Installed(t)
    gatepost = installed.gatepost
    first, second = t.client(gatepost), t.client(gatepost)
    first.greet()
    second.greet()
    expect_equal([r.code for r in second.envelope()], [250, 250], "an envelope")
    installed.upgrade()
    expect_equal(first.deliver(MESSAGE % (HELD, 1)).code, 250, "a message for the quarantine")
    expect_equal(gatepost.quarantined(b"token-1-end"), 1, "it, in quarantine")
    installed.upgrade()  # there is no end of it: now the first one's sessions are to end
    expect_equal(first.reply().status, "4.3.2", "a session that idles")
    expect_equal(second.data(MESSAGE % (HELD, 2)).code, 250, "a message under way")
    expect_equal(gatepost.quarantined(b"token-2-end"), 1, "it, in quarantine")
    expect_equal(second.reply().status, "4.3.2", "then")
    installed.await_end_of(installed.masters[0])
    client = t.client(gatepost)
    client.greet()
    expect_equal(client.deliver(MESSAGE % (HELD, 3)).code, 250, "a message at the last one")
    client.quit()
    installed.expect_clean()


@tests
def quarantine(t):
    "an old session's message goes to where the new one's quarantine has moved, also when its keeper is killed"
    installed = Installed(t)
    gatepost = installed.gatepost
    old = t.client(gatepost)
    old.greet()
    installed.upgrade()
    moved = {**gatepost.config, "quarantine": {"path": os.path.join(gatepost.folder, "moved")}}
    gatepost.write_config(moved)
    expect_equal(gatepost.ctl("reload"), (0, ""), "ctl reload")
    expect_equal(old.deliver(MESSAGE % (HELD, 1)).code, 250, "a message for the quarantine")
    found = [name for _, _, names in os.walk(os.path.join(gatepost.folder, "moved", "messages")) for name in names]
    expect_equal((len(found), gatepost.quarantined(b"token-1-end")), (1, 0), "in the new quarantine, in the old one")
    keepers = gatepost.events("started", child="keeper")
    os.kill(int(keepers[-1]["pid"]), signal.SIGKILL)
    gatepost.wait_event("started", len(keepers) + 1, child="keeper")
    await_event(gatepost.changed, lambda: old.deliver(MESSAGE % (HELD, 2)).code == 250, "the next keeper, linked")
    old.quit()


class Linked(Installed):
    """One whose name is a link to the version that is installed."""

    def install(self, source=None, program=None):
        self.version = getattr(self, "version", 0) + 1
        shutil.copy(program or gatepost_test.GATEPOST, f"{self.program}-{self.version}")
        os.symlink(f"{self.program}-{self.version}", self.program + ".new")
        os.replace(self.program + ".new", self.program)


@tests
def linked(t):
    "the new one is what the name leads to by then that the old one was started by"
    installed = Linked(t)
    os.remove(f"{installed.program}-1")
    installed.install()
    installed.upgrade()
    installed.upgrade()


def refused(what, install, expected):
    def test(t):
        installed = Installed(t)
        gatepost = installed.gatepost
        idle = t.client(gatepost)
        idle.greet()
        install(installed)
        code, told = gatepost.ctl("upgrade")
        expect(code == 1 and expected in told, "ctl upgrade", code, told)
        gatepost.signal(signal.SIGUSR2)
        gatepost.wait_event("upgrade", 2, level="error", msg="this one goes on$")
        expect_equal(idle.deliver(MESSAGE % (PLAIN, 1)).code, 250, "a session")
        client = t.client(gatepost)
        client.greet()
        expect_equal(client.deliver(MESSAGE % (HELD, 2)).code, 250, "a new one")
        installed.install()
        gatepost.write_config(gatepost.config)
        installed.upgrade()
        expect_equal(idle.deliver(MESSAGE % (PLAIN, 3)).code, 250, "a session, after one that can begin")
        idle.quit()
        client.quit()
    tests.add(f"what cannot begin is told, and the old one goes on: {what}", test)


# What one says of daemon/handover.h that somebody ends meanwhile.
TOLD_TO_END = b"""#!/usr/bin/python3
import os, socket
ALL, END = 4, 13
old = socket.socket(fileno=int(os.environ["GATEPOST_HANDOVER"]))
while said := old.recv(4096):  # the first octet is that of io/packet.c
    if said[1] == ALL:
        old.send(said[:1] + b"%c" % END)
        break
"""


def break_configuration(installed):
    installed.gatepost.write_config({**installed.gatepost.config, "listner": []})


refused("a file that is no program", lambda i: i.install(b"\x7fELF nothing"), "Exec format error\n")
refused("a program that ends", lambda i: i.install(b"#!/bin/sh\nexit 3\n"), "could not begin: this one goes on")
refused("there is none", lambda i: os.remove(i.program), "No such file or directory\n")
refused("one that is told to end before it serves", lambda i: i.install(TOLD_TO_END), "could not begin: this one goes on")
refused("a configuration with errors", break_configuration, "listner")


@tests
def no_control(t):
    "one that serves and cannot open the control socket is told, and the old one goes on with its own"
    installed = Installed(t)
    gatepost = installed.gatepost
    idle = t.client(gatepost)
    idle.greet()
    asking = os.path.join(gatepost.folder, "asking.yaml")
    shutil.copy(gatepost.file, asking)
    gatepost.write_config({**gatepost.config, "control": {"path": "not/there"}})
    gatepost.file, read = asking, gatepost.file
    code, told = gatepost.ctl("upgrade")
    expect(code == 1 and "the control socket cannot be opened" in told and "this one goes on" in told, "ctl upgrade", code, told)
    expect_equal(gatepost.ctl("status")[0], 0, "ctl status")
    expect_equal(idle.deliver(MESSAGE % (HELD, 1)).code, 250, "a session")
    client = t.client(gatepost)
    client.greet()
    expect_equal(client.deliver(MESSAGE % (HELD, 2)).code, 250, "a new one")
    shutil.copy(asking, read)
    installed.upgrade()
    expect_equal(idle.deliver(MESSAGE % (PLAIN, 3)).code, 250, "a session, after one that can begin")
    idle.quit()
    client.quit()


@tests
def lost_words(t):
    "a word that the new one waits for is lost: that is told, and the old one goes on with its own control socket"
    faulty = faults.Faults(t.folder())
    installed = Installed(t, prefix=["env", *(f"{name}={value}" for name, value in faulty.environment.items())])
    gatepost = installed.gatepost
    installed.install()  # in which nothing fails
    for nth in (1, 2, 3):  # a listener's socket, that this is all, and that the place is the new one's
        faulty.fail("sendmsg", errno.ENOMEM, nth, faults.LOST, "master")
        code, told = gatepost.ctl("upgrade")
        expect(code == 1 and faulty.none()[1] == faults.LOST, "ctl upgrade", nth, code, told)
        expect_equal(gatepost.ctl("status")[0], 0, "ctl status")
        client = t.client(gatepost)
        client.greet()
        expect_equal(client.deliver(MESSAGE % (HELD, nth)).code, 250, "a session")
        client.quit()
    expect("cannot be given the place: this one goes on" in told, "what is told of the place", told)
    installed.upgrade()


@tests
def ending_meanwhile(t):
    "SIGTERM while the new one begins ends both"
    installed = Installed(t)
    installed.gatepost.signal(signal.SIGUSR2)
    started = installed.gatepost.wait_event("upgrade", msg="is started as process")
    installed.gatepost.signal(signal.SIGTERM)
    installed.masters.append(int(started["msg"].rsplit(" ", 1)[1]))
    for pid in installed.masters:
        installed.await_end_of(pid)


@tests
def ending(t):
    "SIGTERM ends the new one, and the old one's sessions too; an upgrade is refused then"
    installed = Installed(t)
    idle, busy = t.client(installed.gatepost), t.client(installed.gatepost)
    idle.greet()
    busy.greet()
    busy.envelope()
    installed.upgrade()
    new = t.client(installed.gatepost)
    new.greet()
    new.envelope()
    os.kill(installed.masters[-1], signal.SIGTERM)
    expect_equal(idle.reply().status, "4.3.2", "an old session")
    code, told = installed.gatepost.ctl("upgrade")
    expect(code == 1 and "is ending" in told, "ctl upgrade", code, told)
    expect_equal(busy.data(MESSAGE % (HELD, 1)).code, 250, "an old message under way")
    expect_equal(new.data(MESSAGE % (HELD, 2)).code, 250, "a new one")
    installed.await_end_of(installed.masters[1])


@tests
def ending_before(t):
    "SIGTERM: the new one stays, with its keeper, until the old one's sessions have ended; nor is it the old one's child"
    installed = Installed(t)
    busy = t.client(installed.gatepost)
    busy.greet()
    busy.envelope()
    installed.upgrade()
    old, new = installed.masters
    expect(int(status(new)["PPid"]) != old, "the new one's parent is the old one")
    proxies = [e["pid"] for e in installed.gatepost.events("started", child="^proxy$")[-2:]]
    os.kill(new, signal.SIGTERM)
    for pid in proxies:
        installed.gatepost.wait_event("ended", child="^proxy$", pid=f"^{pid}$")
    expect_equal(busy.data(MESSAGE % (HELD, 1)).code, 250, "an old message under way")
    expect_equal(installed.gatepost.quarantined(b"token-1-end"), 1, "it, in quarantine")
    installed.await_end_of(old)
    installed.await_end_of(new)
    installed.expect_clean()


# One whose keeper wants other frames, as daemon/handover.h has it: it serves nobody.
OTHER = b"""#!/usr/bin/python3
import os, socket, sys
ALL, YOURS, KEEPER_ENDED, LINK, READY, TAKEN, KEEPER_THERE = 4, 5, 6, 7, 9, 10, 11
old = socket.socket(fileno=int(os.environ["GATEPOST_HANDOVER"]))
answers = {ALL: b"%c0" % READY, YOURS: b"%c" % TAKEN, KEEPER_ENDED: b"%c" % KEEPER_THERE}
while said := old.recv(4096):  # the first octet is that of io/packet.c
    if said[1] == LINK:
        print("event=linked", file=sys.stderr, flush=True)
    if said[1] in answers:
        old.send(said[:1] + answers[said[1]])
"""


@tests
def other_frames(t):
    "where the new one's keeper wants other frames the old one's sessions end at once, and none is linked to it"
    installed = Installed(t, {"timeouts": {"drain": "60s"}})
    idle = t.client(installed.gatepost)
    idle.greet()
    installed.install(OTHER)
    expect_equal(installed.gatepost.ctl("upgrade"), (0, ""), "ctl upgrade")
    expect_equal(idle.reply().status, "4.3.2", "a session that idles")
    installed.await_end_of(installed.masters[0])
    expect_equal(installed.gatepost.events("linked"), [], "links to the other's keeper")


tests.run()
