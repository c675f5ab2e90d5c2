#!/usr/bin/python3
"""R09, R10, R15: the nth call of a function of the C library fails, for all n of a short
session of each protocol: memory, descriptors, disk, network. Whatever it is: the client
has a clear temporary answer or a closed connection, no process crashes, nothing leaks
(as far as the build has sanitizers), nothing that was acknowledged is missing, nothing
passes unscanned, and the same session then succeeds.

    builddir=. python3 tests/fault_sweep.py [--all[=PART/PARTS] | --each-place[=PART/PARTS]] [WORD…]

Of calls a sample is swept, which the seed (GATEPOST_TEST_SEED) chooses; of allocations
one of the places in the program that they come from, told apart by their innermost
callers. With --each-place the first call from each place fails; with --all each call,
and a start, a reload or an upgrade have tens of thousands. Of either a part can be had:
so several can share the work, or a day go on where the one before ended."""

import contextlib
import errno
import os
import random
import shutil
import signal
import sys
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import faults  # noqa: E402

os.environ["GATEPOST"] = faults.PROGRAM

import gatepost_test  # noqa: E402
from faults import ALWAYS, KILL, SHORT, Call, Calls, Faults  # noqa: E402
from gatepost_test import PATIENCE, Context, Skip, Tests, await_event, expect, expect_equal, left_to  # noqa: E402
from short_sessions import PROTOCOLS, Estate, StrictClient  # noqa: E402

tests = Tests()

SEED = int(os.environ.get("GATEPOST_TEST_SEED", time.strftime("%Y%m%d")))
WORDS, ALL, PART = faults.command_line(sys.argv[1:])
WORDS, EACH_PLACE, PART_OF_PLACES = faults.command_line(WORDS, "--each-place")
if EACH_PLACE:
    ALL, PART = True, PART_OF_PLACES
# Of the calls of one function, of allocations, of calls of one process among several or that nearly never fail.
SAMPLE, SAMPLE_ALLOC, SAMPLE_APART = 1, 10, 1
RARE = ("stat", "close", "dup", "lock", "unlock", "seal", "fcntl", "bind", "shutdown", "sockopt", "epoll_wait", "getrandom")
BATCH = 100  # faults before one gatepost
LINES = 30  # of a log, told where something went wrong
KILLS = 3  # or what a process ends for: then a gatepost would have those that keep dying wait
if ALL:
    gatepost_test.TEST_SECONDS = 24 * 3600

# {function: how it fails}. In one process all are swept; what a build has no use for is not called.
FUNCTIONS = {
    "alloc": [errno.ENOMEM], "mmap": [errno.ENOMEM],
    "read": [errno.EIO, errno.ECONNRESET, errno.EINTR, SHORT], "recvmsg": [errno.ENOMEM, errno.EINTR, errno.EIO],
    "write": [errno.EPIPE, errno.ENOSPC, errno.EINTR, SHORT], "sendmsg": [errno.ENOBUFS, errno.EPIPE, errno.EINTR],
    "pread": [errno.EIO, SHORT], "pwrite": [errno.ENOSPC, errno.EIO, SHORT],
    "fsync": [errno.EIO, errno.ENOSPC], "ftruncate": [errno.ENOSPC], "rename": [errno.ENOSPC, errno.EIO], "unlink": [errno.EIO],
    "open": [errno.EMFILE, errno.ENOSPC], "memfd_create": [errno.EMFILE], "socketpair": [errno.EMFILE],
    "socket": [errno.EMFILE], "connect": [errno.ECONNREFUSED], "accept": [errno.EMFILE, errno.ECONNABORTED],
    "sendfile": [errno.EIO, errno.EINTR, SHORT], "mkdir": [errno.ENOSPC], "stat": [errno.EIO], "close": [errno.EIO],
    "dup": [errno.EMFILE], "lock": [errno.ENOLCK, errno.EINTR], "unlock": [errno.ENOLCK], "seal": [errno.EPERM], "fcntl": [errno.EINTR],
    "bind": [errno.EADDRINUSE], "shutdown": [errno.ENOTCONN], "sockopt": [errno.ENOBUFS],
    "epoll_wait": [errno.EINTR], "poll": [errno.EINTR], "getrandom": [errno.EAGAIN],
}
# What is sent between processes, and how they wait, there is only where several are.
APART = {
    "proxy": ["memfd_create", "ftruncate", "seal", "mmap", "sendmsg", "recvmsg"],
    "scanner": ["poll", "recvmsg", "sendmsg", "mmap", "stat"],
    "keeper": ["poll", "recvmsg", "sendmsg", "alloc", "close", "unlock"],
}
# What the first messages have made, the next ones share.
ONCE = ("memfd_create", "ftruncate", "seal")
# There each is killed at its calls too: the sharpest of all faults.
KILLED = {
    "keeper": ["recvmsg", "write", "pwrite", "fsync", "rename", "unlink", "sendmsg"],
    "scanner": ["recvmsg", "mmap", "sendmsg", "alloc"],
    "proxy": ["read", "recvmsg", "write", "sendmsg", "open", "accept", "connect"],
    "reporter": ["read", "write", "accept", "alloc"],
}


def name_of(error):
    return {SHORT: "one octet", KILL: "SIGKILL"}.get(error) or errno.errorcode[error]


def errors_of(function, process):
    """How it fails: among several processes in one way, without --all."""
    errors = [error for error in FUNCTIONS.get(function, [errno.ENOMEM])
              if not process or (function, error) != ("sendmsg", errno.EPIPE)]  # the other process is there
    return [random.Random(f"{SEED} {function} {process}").choice(errors)] if process and not ALL else errors


def chosen(calls, function, process, *about):
    """Which of them fail."""
    if EACH_PLACE:
        return [Call(1, place.place, place.first) for place in calls.places][PART]
    if ALL:
        return [Call(number) for number in range(1, calls.count + 1)][PART]
    sample = SAMPLE_APART if process or function in RARE else SAMPLE_ALLOC if function == "alloc" else SAMPLE
    numbers = [place.first for place in calls.places] if function == "alloc" else range(1, calls.count + 1)
    choice = random.Random(f"{SEED} {function} {process} {about}")
    return [Call(number) for number in sorted(choice.sample(numbers, min(sample, len(numbers))))]


def chosen_first(calls, many, function, process, *about):
    """The same, and of the first so many."""
    begins = Calls(min(calls.count, many), calls.places[:many])
    return list(dict.fromkeys([*chosen(begins, function, process, *about), *chosen(calls, function, process, *about)]))


def leave_to_sanitizers():
    """Of one process, which has no cage: several have theirs in a build without sanitizers only."""
    if left_to("sanitizers"):
        raise Skip("what a failure leaves behind in one process is seen by sanitizers")


class Sweep:
    """One fault after another, BATCH of them before one gatepost: so no list of what was
    grows over thousands of sessions, and what leaks is of one of few. What goes wrong is
    told, and another gatepost takes the faults that are left."""

    def __init__(self, t, single):
        self.t, self.single = t, single
        self.swept, self.hit, self.counts, self.wrong = 0, 0, {}, 0
        self.begin()
        t.callback(lambda: self.context.close())

    def begin(self):
        self.context = Context(lambda: self.t.certificates)
        self.faults = Faults(self.context.folder())
        self.estate = Estate(self.context, self.faults.environment, single=self.single, log="info")
        self.before = 0  # of this gatepost: the faults it has seen

    def count(self, protocol, function, process):
        """The calls that a session makes."""
        if (process, function) not in self.counts:
            if function in ONCE:
                self.start_anew()
            else:
                self.finish(self.estate.visit(protocol))
            visit = self.estate.visit(protocol)
            self.faults.note(function, process)
            expect(visit.attempt(), "a healthy session", visit.failures)
            self.counts[process, function] = self.faults.noted()
        return self.counts[process, function]

    def sweep(self, protocol, function, error, process="", times=1):
        for call in chosen(self.count(protocol, function, process), function, process, protocol, error):
            where = f"{protocol}: {function} {call} of the {process or 'process'}: {name_of(error)}"
            with self.telling(where):
                if function in ONCE:
                    self.start_anew()
                self.fail(protocol, function, error, call, process, times)
            if self.before >= BATCH:
                with self.telling(f"{where}, or one of those before it"):
                    self.finish_soundly()
                    self.begin()
            if process and self.before % KILLS == 0:
                self.start_anew()

    def start_anew(self):
        """In the same folder."""
        self.estate.gatepost.stop()
        self.estate.gatepost = self.estate.start()

    def fail(self, protocol, function, error, call, process, times, attempt=None):
        """In an attempt, or in what else is to be done before one that succeeds."""
        self.swept, self.before = self.swept + 1, self.before + 1
        visit = self.estate.visit(protocol)
        self.faults.fail(function, error, call.nth, times, process, call.place)
        try:
            (attempt or visit.attempt)()
        finally:
            self.hit += self.faults.none()[1] > 0
        self.finish(visit)
        visit.check()
        gatepost = self.estate.gatepost
        expect(gatepost.process.poll() is None and not gatepost.crash_report(), "it crashed", gatepost.lines[-5:])

    @staticmethod
    def finish(visit):
        deadline = time.monotonic() + PATIENCE
        while not visit.attempt():
            expect(time.monotonic() < deadline, "the session is never done", visit.failures[-3:])

    def finish_soundly(self):
        with self.context:
            self.estate.expect_sound()
            expect_equal(self.estate.gatepost.stop(), 0, "gatepost's exit status")
            expect(not self.estate.gatepost.crash_report(), self.estate.gatepost.crash_report())

    @contextlib.contextmanager
    def telling(self, where):
        try:
            yield
        except Exception:
            self.wrong += 1
            told = [f"{where}, seed {SEED}", *traceback.format_exc().splitlines(), "log:", *self.estate.gatepost.lines[-LINES:]]
            print("\n".join("# " + line for line in told), flush=True)
            with contextlib.suppress(Exception):
                self.context.close()
            self.begin()

    def report(self, what, function, process=""):
        count, places = self.counts[process, function]
        print(f"# {what}: {function}, {count} calls from {len(places)} places: {self.swept} failed, {self.hit} of them in time",
              flush=True)
        self.swept = self.hit = 0

    def end(self):
        self.finish_soundly()
        expect(not self.wrong, self.wrong, "went wrong, told above")


def one_process(protocol, functions):
    def test(t):
        leave_to_sanitizers()
        sweep = Sweep(t, single=True)
        for function in functions:
            for error in FUNCTIONS[function]:
                sweep.sweep(protocol, function, error)
            sweep.report(protocol, function)
        sweep.end()
    return test


def apart(protocol):
    def test(t):
        sweep = Sweep(t, single=False)
        for process, functions in APART.items():
            for function in functions:
                for error in errors_of(function, process):
                    sweep.sweep(protocol, function, error, process)
                sweep.report(f"{protocol}: the {process}", function, process)
        sweep.end()
    return test


def killed(protocol, process):
    def test(t):
        sweep = Sweep(t, single=False)
        for function in KILLED[process]:
            sweep.sweep(protocol, function, KILL, process)
            sweep.report(f"{protocol}: the {process} killed", function, process)
        sweep.end()
    return test


# libevent's HTTP server does not hold out without memory, so of the reporter no "alloc".
ASKED = {"reporter": ["read", "write", "accept", "epoll_ctl", "epoll_wait", "close", "sockopt", "shutdown"],
         "master": ["alloc", "read", "write", "accept", "close", "sockopt", "epoll_wait"]}


def asking(process):
    def test(t):
        sweep = Sweep(t, single=False)
        for function in ASKED[process]:
            for error in errors_of(function, process):
                sweep.sweep("orders", function, error, process)
            sweep.report(f"orders: the {process}", function, process)
        sweep.end()
    return test


for process in ASKED:
    tests.add(f"R09: orders and metrics: the nth call of the {process} fails", asking(process))


# The disk, from one call on for good.
FOR_GOOD = [("pwrite", errno.ENOSPC), ("fsync", errno.EIO), ("rename", errno.ENOSPC), ("open", errno.EMFILE), ("open", errno.ENOSPC)]


def for_good(protocol):
    def test(t):
        leave_to_sanitizers()
        sweep = Sweep(t, single=True)
        for function, error in FOR_GOOD:
            sweep.sweep(protocol, function, error, times=ALWAYS)
            sweep.report(f"{protocol}, for good", function)
        sweep.end()
    return test


# What the master does in a reload. Of its signals libevent reads itself, and ends the
# process when it cannot: so there is no "read".
RELOADING = {"large": [errno.ENOMEM], "alloc": [errno.ENOMEM], "fork": [errno.EAGAIN], "socketpair": [errno.EMFILE], "sendmsg": [errno.ENOBUFS],
             "open": [errno.EMFILE], "mmap": [errno.ENOMEM], "stat": [errno.EIO], "close": [errno.EIO], "dup": [errno.EMFILE],
             "sockopt": [errno.ENOBUFS], "epoll_ctl": [errno.ENOMEM], "bind": [errno.EADDRINUSE]}


RELOADED = "(in force|configuration stays)$"


def reload(gatepost):
    """Until the next session is one of a new proxy, if there is one."""
    before, proxies = len(gatepost.events("reload", msg=RELOADED)), len(gatepost.events("ended", child="proxy"))
    gatepost.signal(signal.SIGHUP)
    await_event(gatepost.changed, lambda: len(gatepost.events("reload", msg=RELOADED)) > before or gatepost.ended, "a reload")
    if gatepost.events("reload", msg=RELOADED)[-1]["msg"].endswith("in force"):
        await_event(gatepost.changed, lambda: len(gatepost.events("ended", child="proxy")) > proxies or gatepost.ended, "the old proxy's end")
    expect(not gatepost.ended, "the master ended", gatepost.lines[-5:])


def reloading(functions):
    def test(t):
        sweep = Sweep(t, single=False)
        for function in functions:
            sweep.faults.note(function, "master")
            reload(sweep.estate.gatepost)
            sweep.counts["master", function] = calls = sweep.faults.noted()
            for error in RELOADING[function]:
                # The memory that is lacked first comes from the reserve, and new processes know nothing of that.
                for call in chosen_first(calls, 1 if function == "alloc" else 0, function, "master", error):
                    with sweep.telling(f"reload: {function} {call} of the master: {name_of(error)}"):
                        sweep.fail("smtp", function, error, call, "master", 1, lambda: reload(sweep.estate.gatepost))
                        paid = sweep.estate.gatepost.events("memory")
                        expect(not paid, "a session paid for it", paid)
            sweep.report("reload", function, "master")
        sweep.end()
    return test


for group in [[f] for f in RELOADING] if ALL else [list(RELOADING)]:
    tests.add(f"R15: a reload: the nth {group[0] if ALL else 'call'} of the master fails; the service goes on, with the old "
              "configuration or the new one", reloading(group))


FIRST = 100


def overlook_leaks(estate, function):
    """Of OpenSSL, which leaves something behind where its beginning fails."""
    if function == "alloc":
        estate.environment["ASAN_OPTIONS"] = "detect_leaks=0"


def failed_start(sweep, function, call):
    estate = sweep.estate
    estate.gatepost.stop()
    overlook_leaks(estate, function)
    sweep.faults.fail(function, FUNCTIONS[function][0], call.nth, process="master", place=call.place)
    gatepost = estate.start(wait=False)
    await_event(gatepost.changed, lambda: gatepost.ended or gatepost.events("ready"), "gatepost to begin")
    sweep.swept, sweep.hit = sweep.swept + 1, sweep.hit + sweep.faults.none()[1]
    began = bool(gatepost.events("ready"))
    expect(gatepost.stop() in ([0] if began else [1, 2]), gatepost.process.returncode, "exit status")
    expect(began or len(gatepost.lines) > 1, "nothing is said")
    expect(not gatepost.crash_report(), gatepost.crash_report())


def starting(function, single):
    def test(t):
        sweep = Sweep(t, single)
        sweep.estate.gatepost.stop()
        sweep.faults.note(function, "master")
        sweep.estate.start().stop()
        sweep.counts["master", function] = calls = sweep.faults.noted()
        # Libraries begin first, and of all that is where most can go wrong.
        for call in chosen_first(calls, FIRST, function, ""):
            with sweep.telling(f"a start: {function} {call} of the master"):
                failed_start(sweep, function, call)
        sweep.report("a start", function, "master")
        expect(not sweep.wrong, sweep.wrong, "went wrong, told above")
    return test


tests.add("R15: a start: the nth allocation fails; gatepost begins all the same, or says why not", starting("alloc", True))
tests.add("R15: a start of several processes: the nth mapping of the master fails; the same", starting("mmap", False))


# Where a process is killed while it begins; without --all at one of them. "forked" is
# what has no name yet.
BEGINNING = {
    "master": ["socketpair", "fork", "sendmsg"],
    "forked": ["alloc"],
    "keeper": ["fsync", "unlink", "sendmsg"],
    "scanner": ["mmap", "sendmsg"],
    "proxy": ["epoll_ctl", "sendmsg"],
}


def functions_of(process, functions):
    return functions if ALL else [random.Random(f"{SEED} {process}").choice(functions)]


def leave_unfinished(estate):
    """In quarantine: one message that is kept, and one that nobody was told of."""
    folder = os.path.join(estate.folder, "quarantine")
    kept = next(os.path.join(f, name) for f, _, names in os.walk(os.path.join(folder, "messages")) for name in names)
    os.link(kept, os.path.join(folder, "incoming", os.path.basename(kept)[:-len(".eml")]))
    other = os.path.basename(kept)[:-len("0.eml")] + ("1" if kept.endswith("0.eml") else "0")
    shutil.copy(kept, os.path.join(folder, "incoming", other))
    os.link(os.path.join(folder, "incoming", other), os.path.join(os.path.dirname(kept), other + ".eml"))


def begin(estate):
    """As a service manager does: again when it was the master that died."""
    gatepost = estate.gatepost = estate.start(wait=False)
    await_event(gatepost.changed, lambda: gatepost.ended or gatepost.events("ready"), "gatepost to begin")
    return bool(gatepost.events("ready"))


def killed_beginning(sweep, process, function, call):
    """1 when it was; 0 when all was ready before that."""
    estate = sweep.estate
    leave_unfinished(estate)
    sweep.faults.fail(function, KILL, call.nth, process=process, place=call.place)
    began = begin(estate)
    killed = sweep.faults.none()[1]
    expect(began or process == "master", "it did not begin", estate.gatepost.lines[-5:])
    expect(began or begin(estate), "it did not begin again", estate.gatepost.lines[-5:])
    sweep.finish(visit := estate.visit("smtp"))
    visit.check()
    expect_equal(estate.gatepost.stop(), 0, "exit status")
    estate.expect_agreed()
    return killed


@tests
def killed_at_start(t):
    "R11: a start: each process is killed at its nth call; what was interrupted before is whole"
    sweep = Sweep(t, single=False)
    sweep.finish(sweep.estate.visit("smtp"))
    sweep.estate.gatepost.stop()
    for process, function in [(p, f) for p, functions in BEGINNING.items() for f in functions_of(p, functions)]:
        leave_unfinished(sweep.estate)
        sweep.faults.note(function, process)
        expect(begin(sweep.estate), "a healthy start", sweep.estate.gatepost.lines[-5:])
        calls = sweep.faults.noted()
        sweep.estate.gatepost.stop()
        killed = 0
        for call in chosen(calls, function, process, KILL):
            try:
                killed += killed_beginning(sweep, process, function, call)
            except Exception:
                print(f"# the {process}: {function} {call}, seed {SEED}")
                raise
        print(f"# a start: the {process}: {function}: {killed} kills of {calls.count}", flush=True)
        expect(killed or not ALL, "nobody was killed")


UPGRADING = ["sendmsg", "recvmsg", "socketpair", "fork"]


class Upgraded:
    """A gatepost in whose place another one is put, whichever of the two is killed in the middle of it."""

    def __init__(self, sweep):
        self.sweep, self.estate = sweep, sweep.estate
        self.gatepost = sweep.estate.gatepost
        self.masters = [self.gatepost.process.pid]

    def upgrade(self):
        """Until it is over: the exit status of who asked for it."""
        code, _ = self.gatepost.ctl("upgrade")
        self.masters += [int(line["msg"].rsplit(" ", 1)[1]) for line in self.gatepost.events("upgrade", msg="is started as process")]
        return code

    def visit(self):
        """As clients do, until who looks after the services begins another one."""
        visit, deadline = self.estate.visit("smtp"), time.monotonic() + PATIENCE
        while not visit.attempt():
            expect(time.monotonic() < deadline, "the service does not come back", visit.failures[-3:], self.gatepost.lines[-9:])
            if self.gatepost.ended:
                expect(begin(self.estate), "it does not begin again", self.estate.gatepost.lines[-5:])
                self.gatepost = self.estate.gatepost
                self.masters = [self.gatepost.process.pid]
        visit.check()

    def end(self):
        for pid in self.masters:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        await_event(self.gatepost.changed, lambda: self.gatepost.ended, "the end of all")
        self.estate.expect_agreed()


@tests
def upgrading(t):
    "R11: an upgrade: the old master or the new one is killed at its nth call; one of them serves, or the next one does"
    sweep = Sweep(t, single=False)
    sweep.estate.gatepost.stop()
    for function in functions_of("upgrade", UPGRADING):
        expect(begin(sweep.estate), "a start", sweep.estate.gatepost.lines[-5:])
        sweep.faults.note(function, "master")
        upgraded = Upgraded(sweep)
        expect_equal(upgraded.upgrade(), 0, "a healthy upgrade")
        calls = sweep.faults.noted()
        upgraded.end()
        for call in chosen(calls, function, "upgrade", KILL):
            expect(begin(sweep.estate), "a start", sweep.estate.gatepost.lines[-5:])
            upgraded = Upgraded(sweep)
            sweep.faults.fail(function, KILL, call.nth, process="master", place=call.place)
            upgraded.upgrade()
            sweep.swept += sweep.faults.none()[1]
            upgraded.visit()
            upgraded.end()
    print(f"# an upgrade: {sweep.swept} kills", flush=True)
    expect(sweep.swept, "nobody was killed")


# What the old master does in an upgrade, and the new one; and the process between them,
# until it is the new one. Signals as in a reload. Where there is no memory to send a word,
# there is none until the word is lost.
UPGRADE_FAILS = {
    "master": {"fork": [errno.EAGAIN], "pipe": [errno.EMFILE], "socketpair": [errno.EMFILE], "sendmsg": [errno.ENOMEM, errno.ENOBUFS],
               "recvmsg": [errno.ENOMEM], "socket": [errno.EMFILE], "bind": [errno.EADDRINUSE], "open": [errno.EMFILE],
               "fcntl": [errno.ENOMEM], "mmap": [errno.ENOMEM], "stat": [errno.EIO], "sockopt": [errno.ENOBUFS],
               "getrandom": [errno.EAGAIN], "unlink": [errno.EIO], "alloc": [errno.ENOMEM], "large": [errno.ENOMEM]},
    "forked": {"fork": [errno.EAGAIN], "exec": [errno.ENOMEM], "fcntl": [errno.ENOMEM], "write": [errno.EPIPE], "alloc": [errno.ENOMEM]},
}


class Upgrade(Upgraded):
    """One in which a call fails: it is refused with a word that says why and the old one
    goes on, or the new one serves; what is under way is not lost, and the next upgrade is
    as if nothing had been."""

    def __init__(self, sweep):
        super().__init__(sweep)
        self.done = 0  # upgrades
        self.under_way = [self.connected(kind) for kind in ("clean", "quarantine")]

    def connected(self, kind):
        client = StrictClient(self.gatepost.address_of(0), PATIENCE)
        self.sweep.t.callback(client.close)
        client.greet()
        for reply in client.envelope():
            expect_equal(reply.code, 250, "an envelope")
        return client, kind

    def ask(self):
        """True: another one has taken over."""
        code, told = self.gatepost.ctl("upgrade")
        self.note_masters()
        expect(code == 0 or (code == 1 and len(told) > 1), "what is told", code, told)
        self.done += code == 0
        return code == 0

    def note_masters(self):
        started = self.gatepost.events("upgrade", msg="is started as process")
        self.masters[1:] = [int(line["msg"].rsplit(" ", 1)[1]) for line in started]

    def kill(self):
        """Where something went wrong: nobody else knows of them all."""
        self.note_masters()
        for pid in self.masters:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def finish(self):
        """What is under way, and the upgrade."""
        visit = self.estate.visit("smtp")
        for client, kind in self.under_way:
            reply = client.data(visit.message(kind))
            expect(reply.code == 250 or (reply.code, kind) == (451, "quarantine"), "a message under way", kind, reply)
            client.close()
            if reply.code == 250:
                visit.kept.append(kind)
        visit.check()
        self.gatepost.wait_event("ready", self.done + 1)

    def check(self):
        self.visit()
        expect(self.ask(), "the next upgrade")
        self.visit()
        expect(not self.gatepost.crash_report(), self.gatepost.crash_report())


@contextlib.contextmanager
def upgraded(sweep, function):
    """Around calls of it in an upgrade that fail or are noted."""
    sweep.estate.gatepost.stop()
    overlook_leaks(sweep.estate, function)
    sweep.estate.config["timeouts"]["drain"] = "60s"
    expect(begin(sweep.estate), "a start", sweep.estate.gatepost.lines[-5:])
    upgrade = Upgrade(sweep)
    try:
        yield upgrade
        upgrade.check()
        upgrade.end()
    except Exception:
        upgrade.kill()
        raise


def failed_upgrade(sweep, process, function, error, call):
    """How many calls did fail."""
    with upgraded(sweep, function) as upgrade:
        times = faults.LOST if (function, error) == ("sendmsg", errno.ENOMEM) else 1
        sweep.faults.fail(function, error, call.nth, times, process, call.place)
        upgrade.ask()
        upgrade.finish()
        return sweep.faults.none()[1]


def upgrade_fails(process, functions):
    def test(t):
        sweep = Sweep(t, single=False)
        for function in functions:
            with upgraded(sweep, function) as upgrade:
                sweep.faults.note(function, process)
                upgrade.ask()
                upgrade.finish()
                sweep.counts[process, function] = calls = sweep.faults.noted()
            for error in UPGRADE_FAILS[process][function]:
                for call in chosen(calls, function, process, error):
                    with sweep.telling(f"upgrade: {function} {call} of the {process}: {name_of(error)}"):
                        sweep.swept += 1
                        sweep.hit += failed_upgrade(sweep, process, function, error, call)
            sweep.report("an upgrade", function, process)
        expect(not sweep.wrong, sweep.wrong, "went wrong, told above")
    return test


for process, functions in UPGRADE_FAILS.items():
    for group in [[f] for f in functions] if ALL else [functions_of(process, list(functions))]:
        what = group[0] if ALL else "call"
        tests.add(f"R15: an upgrade: the nth {what} of the {process} fails", upgrade_fails(process, group))

# All calls take hours: there each function is a test of its own.
GROUPS = [[f] for f in FUNCTIONS] if ALL else [["alloc", "mmap"], [f for f in FUNCTIONS if f not in ("alloc", "mmap")]]

for protocol, name in PROTOCOLS.items():
    tests.add(f"R10: {name}: the disk fails for good", for_good(protocol))
    for group in GROUPS:
        what = group[0] if ALL else "allocation" if "alloc" in group else "call"
        tests.add(f"R09, R10, R15: {name}: the nth {what} fails", one_process(protocol, group))
    tests.add(f"R09, R10, R15: {name}: the nth call of one process among several fails", apart(protocol))
for protocol, name in PROTOCOLS.items():
    for process in KILLED:
        if process != "reporter" or protocol == "orders":
            tests.add(f"R11: {name}: the {process} is killed at its nth call", killed(protocol, process))


tests.run(WORDS)
