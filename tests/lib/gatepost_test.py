"""What every test of the running program shares: tests that speak TAP, a
gatepost started on free ports in a folder of its own, and its log as data.

A test is a function that takes a Context and raises when something is wrong:

    tests = Tests()

    @tests
    def greeting_is_relayed(t):
        "the upstream's greeting reaches the client"
        upstream = t.upstream()
        gatepost = t.gatepost(upstream)
        expect(t.client(gatepost).reply().code == 220)

    tests.run()

Whatever the Context opened is closed after the test, the newest first, and no
log of a gatepost may hold what is confidential (confidential.py). Nothing
here sleeps: every wait is for an event, and gives up after PATIENCE seconds.
"""

import contextlib
import copy
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import confidential
from certificates import Certificates
from imap_client import ImapClient
from imap_reader import ImapReader
from imap_upstream import ImapUpstream
from pop3_client import Pop3Client
from pop3_upstream import Pop3Upstream
from smtp_client import Client
from smtp_upstream import Upstream

# How long an awaited event may take before the test has failed. Generous: a
# loaded machine or a sanitizer must not fail a test that only waits.
PATIENCE = float(os.environ.get("GATEPOST_TEST_PATIENCE", "60"))
# No test may take longer, whatever it waits for.
TEST_SECONDS = 360

GATEPOST = os.environ.get("GATEPOST", "src/gatepost")  # "none" where a test allows it
# Most tests run gatepost in one process, which starts faster. With this in the
# environment all do as in production, cage included.
SINGLE = "GATEPOST_TEST_PROCESSES" not in os.environ
# Free ports are taken below the range that the kernel gives to clients
# (ip_local_port_range), so that no outgoing connection can take one between
# our choosing it and gatepost's binding it.
PORTS = range(11000, 32000)
_claims = []  # of ports by this program, whether anybody listens there yet or not

# Signs of a crash in a program built with --enable-sanitizers.
SANITIZER = re.compile(r"(Address|Leak|Memory|UndefinedBehavior)Sanitizer|runtime error:")


class Failure(AssertionError):
    pass


class Skip(Exception):
    pass


def expect(condition, why="", *about):
    """Fails the test unless `condition`; `about` is shown."""
    if not condition:
        raise Failure(": ".join([str(why)] + [repr(a) for a in about]))


def expect_equal(got, wanted, why=""):
    expect(got == wanted, f"{why}: got {got!r}, wanted {wanted!r}")


def await_event(condition, check, what, patience=None):
    """Waits until check() is true; `condition` is notified at every change."""
    with condition:
        if not condition.wait_for(check, PATIENCE if patience is None else patience):
            raise Failure(f"waited in vain for {what}")


def is_sanitized():
    """A build with sanitizers has no cage, and terabytes of address space for its own ends."""
    with open(GATEPOST, "rb") as program:
        return b"__asan_init" in program.read()


def left_to(build):
    """Whether a test that shows something in one build only, "gcc" or "sanitizers", is left to that one:
    so it is where tools/check tests both. By hand it runs in each."""
    return "GATEPOST_TEST_BOTH_BUILDS" in os.environ and is_sanitized() != (build == "sanitizers")


def free_port(address="127.0.0.1"):
    """Free, and ours until we end: no other test that runs takes it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for _ in range(1000):
        port = random.choice(PORTS)
        claim = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(OSError), socket.socket(family) as s:
            claim.bind(f"\0gatepost-test-port-{port}")
            s.bind((address, port))
            _claims.append(claim)
            return port
        claim.close()
    raise Failure("no free port")


def merged(base, changes):
    """`base` with `changes` laid over it, mapping by mapping; None removes a key."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else copy.deepcopy(value)
    return {key: value for key, value in result.items() if value is not None}


LOG_FIELD = re.compile(r'([A-Za-z0-9_.-]+)=("(?:[^"\\]|\\.)*"|[^ ]*)')


def parse_logfmt(line):
    """A log line as a dict; {} for a line that is none."""
    fields = {}
    for key, value in LOG_FIELD.findall(line):
        fields[key] = json.loads(value) if value.startswith('"') else value
    return fields if "event" in fields else {}


def standard_config(upstream, port):
    """One SMTP listener on `port` before `upstream`, ("127.0.0.1", 25)."""
    return {
        "listeners": [{
            "name": "mx", "protocol": "smtp", "address": f"127.0.0.1:{port}",
            "upstream": "mta", "policy": "inbound",
        }],
        "upstreams": {"mta": {"address": "%s:%d" % upstream, "tls": {"mode": "none"}}},
        "policies": {"inbound": {"rules": ["rules.yaml"], "on_failure": "defer"}},
        "quarantine": {"path": "quarantine"},
        "hostname": "gatepost.example.org",
        "control": {"path": "control"},
        "timeouts": {"drain": "2s"},
        "log": {"target": "stderr", "format": "logfmt", "level": "debug"},
    }


# The rules of most tests: a word in the Subject says what is to happen.
STANDARD_RULES = r"""rules:
- { name: REJECT, when: { header: { name: Subject, matches: '/please reject/' } }, then: reject, reply: "554 5.7.1 not this one" }
- { name: TAG, when: { header: { name: Subject, matches: '/please tag/' } }, then: tag }
- { name: QUARANTINE, when: { header: { name: Subject, matches: '/please quarantine/' } }, then: quarantine }
- { name: DISCARD, when: { header: { name: Subject, matches: '/please discard/' } }, then: discard }
- { name: DEFER, when: { header: { name: Subject, matches: '/please defer/' } }, then: defer }
- { name: STRIP, when: { attachment: { extension: [exe] } }, then: strip }
"""


# Becomes a program that is passed sockets as sd_listen_fds(3) says: which are theirs, then it.
PASSING = """import fcntl, os, sys
fds = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 1000) for fd in sys.argv[1].split(",")]
for number, fd in enumerate(fds, 3):
    os.dup2(fd, number)
os.closerange(3 + len(fds), 2000)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)))
os.execv(sys.argv[2], sys.argv[2:])
"""


class Gatepost:
    """A running `gatepost run`. Its log is in `log` (dicts) and `lines`. passed: sockets that it
    is passed as by a service manager."""

    def __init__(self, folder, config, rules=STANDARD_RULES, single=True, prefix=(), passed=()):
        self.folder, self.config = folder, config
        self.file = os.path.join(folder, "gatepost.yaml")
        self.log, self.lines = [], []
        self.changed = threading.Condition()
        self.write_rules(rules)
        self.write_config(config)
        options = ["--single"] if single and SINGLE else []
        fds = [s.fileno() for s in passed]
        if fds:
            prefix = [*prefix, sys.executable, "-c", PASSING, ",".join(map(str, fds))]
        self.process = subprocess.Popen(
            [*prefix, GATEPOST, "run", "-c", self.file, *options], pass_fds=fds,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.reader = threading.Thread(target=self._read_log, daemon=True)
        self.reader.start()

    def write_config(self, config):
        """YAML is a superset of JSON, so JSON it is."""
        with open(self.file, "w", encoding="utf-8") as f:
            json.dump(config, f, indent=1, ensure_ascii=False)

    def write_rules(self, rules):
        with open(os.path.join(self.folder, "rules.yaml"), "w", encoding="utf-8") as f:
            f.write(rules)

    def _read_log(self):
        for raw in self.process.stderr:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            with self.changed:
                self.lines.append(line)
                fields = parse_logfmt(line)
                if fields:
                    self.log.append(fields)
                self.changed.notify_all()
        with self.changed:
            self.lines.append("(end of the log)")
            self.changed.notify_all()

    @property
    def ended(self):
        return self.lines[-1:] == ["(end of the log)"]

    def wait_ready(self):
        await_event(self.changed, lambda: self.ended or self.events("ready"), "gatepost to be ready")
        expect(self.events("ready"), "gatepost did not start")
        return self

    @property
    def address(self):
        """Where the first listener listens, as (host, port)."""
        return self.address_of(0)

    def address_of(self, index):
        host, port = self.config["listeners"][index]["address"].rsplit(":", 1)
        return host.strip("[]"), int(port)

    def events(self, event, **fields):
        """The log lines of one event whose fields are these (regular expressions)."""
        def fits(line):
            return line["event"] == event and all(
                re.search(pattern, line.get(key, "")) for key, pattern in fields.items())
        return [line for line in list(self.log) if fits(line)]

    def wait_event(self, event, count=1, **fields):
        """Waits for the `count`th such line and returns it."""
        await_event(self.changed, lambda: len(self.events(event, **fields)) >= count or self.ended,
                    f"log event {event} {fields}")
        found = self.events(event, **fields)
        expect(len(found) >= count, f"no log event {event}", fields)
        return found[count - 1]

    def steps(self, since=0):
        """The names of the steps run, repetitions folded, of the log lines from `since` on."""
        names = []
        for line in list(self.log)[since:]:
            if line["event"] == "step" and names[-1:] != [line.get("step")]:
                names.append(line.get("step"))
        return names

    def signal(self, number):
        self.process.send_signal(number)

    def ctl(self, command):
        """(exit status, output) of gatepost ctl."""
        done = subprocess.run([GATEPOST, "ctl", "-c", self.file, command], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
        return done.returncode, done.stdout.decode()

    def children(self):
        """Pids of all living descendants."""
        found, parents = [], [self.process.pid]
        while parents:
            with contextlib.suppress(OSError):
                pid = parents.pop()
                with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
                    parents += (new := [int(p) for p in f.read().split()])
                    found += new
        return found

    def processes(self, kind):
        """Pids of the living proxies, scanners or the keeper."""
        alive = set(self.children())
        pids = [int(line["pid"]) for line in self.events("started", child=f"^{kind}$")]
        return [pid for pid in pids if pid in alive]

    def quarantined(self, token):
        """How many of quarantine's messages hold these bytes; some may go meanwhile."""
        count = 0
        for folder, _, names in os.walk(os.path.join(self.folder, "quarantine", "messages")):
            for name in names:
                with contextlib.suppress(FileNotFoundError), open(os.path.join(folder, name), "rb") as f:
                    count += token in f.read()
        return count

    def stop(self):
        """SIGTERM; the exit status. Kills what does not end."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            for pid in [self.process.pid, *self.children()]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait()
            status = "no end after SIGTERM"
        self.reader.join(PATIENCE)
        return status

    def crash_report(self):
        """What a sanitizer said, its first lines; "" if nothing."""
        for number, line in enumerate(self.lines):
            if SANITIZER.search(line):
                return "\n".join(self.lines[number:number + 30])
        return ""


class Context(contextlib.ExitStack):
    """What one test opens, and closes at its end."""

    def __init__(self, certificates):
        super().__init__()
        self._certificates = certificates
        self.gateposts, self.upstreams, self.clients = [], [], []
        self.confided = []  # what programs say that are no clients of ours, as octets

    @property
    def certificates(self):
        return self._certificates()

    def folder(self):
        """An empty folder that every user may enter: gatepost gives up root."""
        path = tempfile.mkdtemp(prefix="gatepost-test-")
        os.chmod(path, 0o755)
        self.callback(shutil.rmtree, path, ignore_errors=True)
        return path

    def upstream(self, **options):
        server = Upstream(patience=PATIENCE, **options)
        self.callback(server.stop)
        self.upstreams.append(server)
        return server

    def pop3_upstream(self, messages=(), **options):
        server = Pop3Upstream(messages, patience=PATIENCE, **options)
        self.callback(server.stop)
        self.upstreams.append(server)
        return server

    def imap_upstream(self, messages=(), **options):
        server = ImapUpstream(messages, patience=PATIENCE, **options)
        self.callback(server.stop)
        self.upstreams.append(server)
        return server

    def gatepost(self, upstream, changes=None, listener=None, *, rules=STANDARD_RULES, single=True,
                 prefix=(), wait=True, clean=True):
        """Starts gatepost before `upstream` (an Upstream or an address).
        `changes` is laid over the standard configuration, `listener` over its
        listener. clean: it must end by itself with status 0."""
        address = upstream if isinstance(upstream, tuple) else upstream.address
        config = merged(standard_config(address, free_port()), changes or {})
        config["listeners"][0] = merged(config["listeners"][0], listener or {})
        folder = self.folder()
        server = Gatepost(folder, config, rules, single, prefix)
        self.gateposts.append(server)
        self.callback(self.stop_gatepost, server, clean)
        return server.wait_ready() if wait else server

    def pop3_gatepost(self, upstream, changes=None, listener=None, *, rules=None, **options):
        """The same for POP3. Without `rules` the policy has none."""
        return self._reader_gatepost(upstream, changes, {"name": "pop", "protocol": "pop3", **(listener or {})}, rules, options)

    def imap_gatepost(self, upstream, changes=None, listener=None, *, rules=None, **options):
        """The same for IMAP. Without `rules` the policy has none."""
        return self._reader_gatepost(upstream, changes, {"name": "imap", "protocol": "imap", **(listener or {})}, rules, options)

    def _reader_gatepost(self, upstream, changes, listener, rules, options):
        changes = copy.deepcopy(changes or {})
        changes.setdefault("policies", {}).setdefault("inbound", {}).setdefault("rules", ["rules.yaml"] if rules else None)
        return self.gatepost(upstream, changes, listener, rules=rules or STANDARD_RULES, **options)

    def stop_gatepost(self, server, clean):
        status = server.stop()
        if server.crash_report():
            raise Failure(server.crash_report())
        if sys.exc_info()[0] is not None:
            return
        if clean:
            expect_equal(status, 0, "gatepost's exit status")
            expect_equal(server.events("refused"), [], "what cages refused")
        self.expect_nothing_told(server)

    def expect_nothing_told(self, server):
        """No credential, and no text of a message, is in its log."""
        leaks = confidential.leaks("\n".join(server.lines), [*self.confided, *(bytes(c.said) for c in self.clients)],
                                   [octets for u in self.upstreams for octets in u.held()])
        expect(not leaks, "credentials or text of messages in the log", *leaks)

    def client(self, server, **options):
        """A Client connected to a Gatepost, an Upstream or an address."""
        return self._connected(Client, server, options)

    def pop3_client(self, server, **options):
        return self._connected(Pop3Client, server, options)

    def imap_reader(self, server, **options):
        """One that shows responses whole, for what they say of messages."""
        return self._connected(ImapReader, server, options)

    def imap_client(self, server, **options):
        return self._connected(ImapClient, server, options)

    def _connected(self, kind, server, options):
        address = server if isinstance(server, tuple) else server.address
        client = kind(address, patience=PATIENCE, **options)
        self.callback(client.close)
        self.clients.append(client)
        return client


class Tests:
    """The tests of one program, printed as TAP."""

    def __init__(self):
        self.tests = []

    def __call__(self, test):
        self.add((test.__doc__ or test.__name__).strip(), test)
        return test

    def add(self, name, test):
        self.tests.append((name, test))

    def run(self, filters=None):
        """Runs those whose name holds one of the words on the command line
        (all if there are none) and exits."""
        filters = sys.argv[1:] if filters is None else filters
        if GATEPOST != "none" and not os.access(GATEPOST, os.X_OK):
            print(f"Bail out! There is no program {GATEPOST}: set GATEPOST.")
            sys.exit(1)
        chosen = [t for t in self.tests if not filters or any(f in t[0] for f in filters)]
        signal.signal(signal.SIGALRM, self._too_long)
        print(f"1..{len(chosen)}", flush=True)
        failed = 0
        with contextlib.ExitStack() as stack:
            certificates = self._shared_certificates(stack)
            for number, (name, test) in enumerate(chosen, 1):
                failed += not self._run_one(number, name, test, certificates)
        sys.exit(1 if failed else 0)

    @staticmethod
    def _shared_certificates(stack):
        """Made when first asked for, once a program."""
        made = []

        def get():
            if not made:
                path = tempfile.mkdtemp(prefix="gatepost-certs-")
                os.chmod(path, 0o755)
                stack.callback(shutil.rmtree, path, ignore_errors=True)
                made.append(Certificates(path))
            return made[0]
        return get

    @staticmethod
    def _too_long(*_):
        raise Failure(f"the test took more than {TEST_SECONDS} s")

    def _run_one(self, number, name, test, certificates):
        context = Context(certificates)
        began = time.monotonic()
        signal.alarm(TEST_SECONDS)
        try:
            with context:
                test(context)
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}", flush=True)
        except Exception as error:  # whatever it is, the next test runs
            print(f"not ok {number} - {name}", flush=True)
            self._explain(error, context)
            return False
        else:
            print(f"ok {number} - {name}", flush=True)
        finally:
            signal.alarm(0)
            if "TIMES" in os.environ:
                print(f"# {time.monotonic() - began:.2f} s", flush=True)
        return True

    @staticmethod
    def _explain(error, context):
        def show(text):
            print("\n".join("# " + line for line in str(text).splitlines()), flush=True)
        if isinstance(error, (Failure, OSError)):
            show(f"{type(error).__name__}: {error}")
            for frame in traceback.extract_tb(error.__traceback__)[-4:]:
                show(f"  at {os.path.basename(frame.filename)}:{frame.lineno} {frame.line}")
        else:
            show("".join(traceback.format_exception(error)))
        for server in context.gateposts:
            show("\n".join(["log:"] + server.lines[-30:]))
        for server in context.upstreams:
            for session in server.sessions[-2:]:
                show(f"upstream received: {bytes(session.received[-600:])!r}")
