#!/usr/bin/python3
"""Metrics and health by HTTP, and what gatepost ctl shows of them: the figures are
those of what was sent, also after a reload and after processes died; no client of
the port holds anything up.

    GATEPOST=src/gatepost python3 tests/metrics.py [WORD…]"""

import contextlib
import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import (GATEPOST, PATIENCE, Failure, Skip, Tests, expect, expect_equal, free_port,  # noqa: E402
                           is_sanitized)
from pop3_mail import BANNED  # noqa: E402
from terminal import Terminal  # noqa: E402

tests = Tests()

SRCDIR = os.environ.get("srcdir", os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
# Where Debian puts its modules, whatever python3 is first in PATH.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
MESSAGE = b"Subject: hello\r\n\r\ngood day\r\n"
TEXTS = {"accept": b"hello", "tag": b"please tag", "quarantine": b"please quarantine", "discard": b"please discard",
         "defer": b"please defer", "reject": b"please reject"}


def start(t, upstream, changes=None, listener=None, **options):
    """A gatepost that serves metrics at `port` of 127.0.0.1."""
    port = free_port()
    run = {"log": {"level": "info"}, "run": {"proxies": 2, "scanners": 2},
           "metrics": {"address": f"127.0.0.1:{port}"}}
    gatepost = t.gatepost(upstream, {**run, **(changes or {})}, listener, **{"single": False, **options})
    gatepost.port = port
    return gatepost


def get(gatepost, path, method="GET"):
    """(status, text)."""
    connection = http.client.HTTPConnection("127.0.0.1", gatepost.port, timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode()


SAMPLE = re.compile(r'([a-z_]+)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


class Figures(list):
    """Samples as (name, labels, value)."""

    def __init__(self, text):
        for line in text.splitlines():
            if not line.startswith("#"):
                name, labels, value = SAMPLE.fullmatch(line).groups()
                self.append((name, dict(LABEL.findall(labels or "")), float(value)))

    def sum(self, name, **labels):
        found = [v for n, l, v in self if n == "gatepost_" + name and labels.items() <= l.items()]
        expect(found, f"no sample of gatepost_{name}", labels)
        return sum(found)


def figures(gatepost):
    status, text = get(gatepost, "/metrics")
    expect_equal(status, 200, "/metrics")
    return Figures(text)


def await_that(what, check):
    """Asks until check() says so: what gatepost tells has no event."""
    until = time.monotonic() + PATIENCE
    while not check():
        if time.monotonic() > until:
            raise Failure(f"waited in vain for {what}")
        time.sleep(0.02)


def await_figures(gatepost, wanted):
    """`wanted`: (name, labels) to value."""
    got = {}

    def reached():
        now = figures(gatepost)
        got.update({key: now.sum(key[0], **dict(key[1])) for key in wanted})
        return got == wanted
    try:
        await_that("figures", reached)
    except Failure:
        expect_equal(got, wanted, "figures")


def figure(name, **labels):
    return name, tuple(sorted(labels.items()))


def ctl(gatepost, *arguments):
    """(exit status, output)."""
    done = subprocess.run([GATEPOST, "ctl", "-c", gatepost.file, *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
    return done.returncode, done.stdout.decode()


def deliver(t, gatepost, text=b"hello", times=1):
    client = t.client(gatepost)
    client.greet()
    for _ in range(times):
        client.deliver(MESSAGE.replace(b"hello", text))
    client.quit()


# What is counted.

SENT = {"accept": 3, "tag": 2, "quarantine": 1, "discard": 1, "defer": 1, "reject": 2}
RELAYED = SENT["accept"] + SENT["tag"]


def smtp(single):
    def test(t):
        gatepost = start(t, t.upstream(), single=single)
        for verdict, times in SENT.items():
            deliver(t, gatepost, TEXTS[verdict], times)
        octets = sum((len(MESSAGE) - len(b"hello") + len(TEXTS[v])) * n for v, n in SENT.items())
        wanted = {figure("messages_total", protocol="smtp", policy="inbound", verdict=v): n for v, n in SENT.items()}
        wanted.update({figure("rule_hits_total", rule=v.upper()): n for v, n in SENT.items() if v != "accept"})
        wanted.update({
            figure("messages_total"): sum(SENT.values()), figure("message_octets_total", protocol="smtp"): octets,
            figure("sessions_total", protocol="smtp"): len(SENT), figure("sessions"): 0,
            figure("scan_seconds_count"): sum(SENT.values()), figure("scan_seconds_bucket", le="+Inf"): sum(SENT.values()),
            figure("relay_seconds_count"): RELAYED, figure("scan_failures_total"): 0, figure("errors_total"): 0,
            figure("scan_queue"): 0, figure("scans_running"): 0, figure("keeper_queue"): 0})
        await_figures(gatepost, wanted)
        got = figures(gatepost)
        expect(got.sum("octets_total", side="upstream", direction="sent") > RELAYED * len(MESSAGE), "octets sent")
        buckets = [v for n, _, v in got if n == "gatepost_scan_seconds_bucket"]
        expect_equal(buckets, sorted(buckets), "buckets")
    return test


tests.add("SMTP: messages by verdict, rules, octets, sessions and latencies are those of what was sent", smtp(False))
tests.add("SMTP, in one process: the same", smtp(True))


@tests
def readers(t):
    "POP3 and IMAP: messages that are fetched and appended, logins, TLS"
    pop = t.pop3_upstream([MESSAGE, BANNED], replies={
        "PASS": lambda s, line: s.usual if b"secret" in bytes(line) else b"-ERR no\r\n"})
    imap = t.imap_upstream([MESSAGE, BANNED, MESSAGE])
    common = {"policy": "inbound", "tls": t.certificates.yaml()}
    listeners = [{"name": "pop", "protocol": "pop3", "address": f"127.0.0.1:{free_port()}", "upstream": "mta", **common},
                 {"name": "imap", "protocol": "imap", "address": f"127.0.0.1:{free_port()}", "upstream": "imap", **common}]
    upstreams = {"imap": {"address": "%s:%d" % imap.address, "tls": {"mode": "none"}}}
    gatepost = start(t, pop, {"listeners": listeners, "upstreams": upstreams})
    client = t.pop3_client(gatepost)
    expect(client.reply().ok, "greeting")
    client.stls(t.certificates.client_context(), "localhost")
    client.ok("USER user")
    expect(not client.command("PASS wrong").ok, "the wrong password")
    client.login(greet=False)
    for number in (1, 2):
        client.retrieve(number)
    client.quit()
    reader = t.imap_client(gatepost.address_of(1))
    reader.greet()
    reader.starttls(t.certificates.client_context(), "localhost")
    reader.login(greet=False)
    reader.ok("SELECT INBOX")
    for number in (1, 2, 3, 2):
        reader.fetch(number)
    reader.append(MESSAGE)
    version = reader.socket.version()
    await_figures(gatepost, {figure("sessions", protocol="imap"): 1})
    reader.logout()
    await_figures(gatepost, {
        figure("messages_total", protocol="pop3", verdict="accept"): 1,
        figure("messages_total", protocol="pop3", verdict="strip"): 1,
        figure("messages_total", protocol="imap", verdict="accept"): 3,
        figure("messages_total", protocol="imap", verdict="strip"): 1,
        figure("message_octets_total", protocol="pop3"): len(MESSAGE) + len(BANNED),
        figure("rule_hits_total", rule="STRIP"): 2,
        figure("logins_total", protocol="pop3", result="ok"): 1,
        figure("logins_total", protocol="pop3", result="failed"): 1,
        figure("logins_total", protocol="imap", result="ok"): 1,
        figure("tls_handshakes_total", side="client", version=version): 2,
        figure("tls_handshakes_total", side="upstream"): 0,
        figure("sessions"): 0})


@tests
def tls(t):
    "TLS to an upstream is counted, and handshakes that fail on either side"
    upstream = t.upstream(tls="starttls", context=t.certificates.server_context())
    gatepost = start(t, upstream, {"upstreams": {"mta": {"tls": {"mode": "starttls", "verify": "none"}}}},
                     {"tls": t.certificates.yaml()})
    deliver(t, gatepost)
    client = t.client(gatepost)
    client.greet()
    with contextlib.suppress(ssl.SSLError, OSError):
        client.starttls(ssl.create_default_context(), "localhost")  # it does not know the authority
    await_figures(gatepost, {
        figure("tls_handshakes_total", side="upstream"): 2, figure("tls_failures_total", side="client"): 1,
        figure("errors_total", kind="tls"): 1, figure("tls_failures_total", side="upstream"): 0})


@tests
def refused(t):
    "connections that a limit refuses, and an upstream that is not there"
    gatepost = start(t, ("127.0.0.1", free_port()), {"limits": {"connections_per_client": 2}})
    first = t.client(gatepost)
    first.replies_until_closed()
    await_figures(gatepost, {figure("errors_total", kind="upstream"): 1, figure("sessions"): 0})
    gatepost.stop()
    gatepost = start(t, t.upstream(), {"limits": {"connections_per_client": 2}})
    for _ in range(2):
        t.client(gatepost).greet()
    t.client(gatepost).replies_until_closed()
    await_figures(gatepost, {figure("connections_refused_total", limit="connections_per_client"): 1,
                             figure("connections_refused_total"): 1, figure("sessions"): 2})


def scanner_fails(reason, changes, fail):
    def test(t):
        gatepost = start(t, t.upstream(), {"run": {"proxies": 1, "scanners": 1}, **changes})
        scanner, = gatepost.processes("scanner")
        client = t.client(gatepost)
        client.greet()
        os.kill(scanner, signal.SIGSTOP)
        client.envelope()
        client.command("DATA")
        client.send(MESSAGE + b".\r\n")
        fail(gatepost, scanner)
        expect_equal(client.reply().code, 451, "the reply")
        await_figures(gatepost, {
            figure("scan_failures_total", reason=reason): 1, figure("scan_failures_total"): 1,
            figure("messages_total", verdict="defer"): 1, figure("restarts_total", process="scanner"): 1,
            figure("scans_running"): 0})
    return test


def kill_when_busy(gatepost, scanner):
    await_figures(gatepost, {figure("scans_running"): 1})
    os.kill(scanner, signal.SIGKILL)


tests.add("a scanner that dies on a message is counted, and its restart", scanner_fails("died", {}, kill_when_busy))
tests.add("a scan that takes too long is counted as such",
          scanner_fails("timeout", {"timeouts": {"scan": "300ms"}}, lambda *_: None))


# What goes on.

@tests
def reload(t):
    "counters go on over a reload, by name, and over the death of a proxy"
    gatepost = start(t, t.upstream())
    deliver(t, gatepost, b"please reject", 2)
    config = {**gatepost.config, "policies": {"other": gatepost.config["policies"]["inbound"]}}
    config["listeners"] = [{**config["listeners"][0], "policy": "other"}]
    gatepost.write_config(config)
    gatepost.write_rules("rules:\n- { name: ANEW, when: { header: { name: Subject, matches: '/reject/' } }, then: reject }\n")
    expect_equal(ctl(gatepost, "reload")[0], 0, "reload")
    deliver(t, gatepost, b"please reject", 3)
    wanted = {
        figure("messages_total", policy="inbound", verdict="reject"): 2,
        figure("messages_total", policy="other", verdict="reject"): 3,
        figure("rule_hits_total", rule="REJECT"): 2, figure("rule_hits_total", rule="ANEW"): 3,
        figure("reloads_total", result="taken"): 1, figure("sessions_total"): 2}
    await_figures(gatepost, wanted)
    gatepost.write_rules("rules: [{}]\n")
    expect_equal(ctl(gatepost, "reload")[0], 1, "a reload of what has errors")
    held = t.client(gatepost)
    held.greet()
    wanted.update({figure("reloads_total", result="refused"): 1, figure("sessions"): 1, figure("sessions_total"): 3})
    await_figures(gatepost, wanted)
    for pid in gatepost.processes("proxy"):
        os.kill(pid, signal.SIGKILL)
    held.until_closed()
    wanted[figure("sessions")] = 0
    await_that("new proxies", lambda: figures(gatepost).sum("restarts_total", process="proxy") >= 2)
    await_figures(gatepost, wanted)


@tests
def reporter_dies(t):
    "a reporter that dies is replaced, and has all figures"
    gatepost = start(t, t.upstream())
    deliver(t, gatepost)
    reporter, = gatepost.processes("reporter")
    os.kill(reporter, signal.SIGKILL)
    gatepost.wait_event("started", count=2, child="reporter")
    await_figures(gatepost, {figure("messages_total", verdict="accept"): 1, figure("restarts_total", process="reporter"): 1})


@tests
def moves(t):
    "a reload moves the port, to a UNIX socket too, and closes it; without `metrics` nothing is open"
    gatepost = start(t, t.upstream())
    with socket.create_connection(("127.0.0.1", gatepost.port), PATIENCE):
        pass
    old = gatepost.port

    def refuses(port):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) != 0

    def move(metrics):
        config = {**gatepost.config, "metrics": metrics}
        gatepost.write_config({k: v for k, v in config.items() if v is not None})
        expect_equal(ctl(gatepost, "reload"), (0, ""), "reload")

    gatepost.port = free_port()
    move({"address": [f"127.0.0.1:{gatepost.port}", "unix:metrics"]})
    gatepost.wait_event("started", count=2, child="reporter")
    await_that("the old port to close", lambda: refuses(old))
    expect_equal(get(gatepost, "/healthz"), (200, "ok\n"), "at the new port")
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(PATIENCE)
        s.connect(os.path.join(gatepost.folder, "metrics"))
        s.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        expect(s.makefile("rb").read().endswith(b"\r\n\r\nok\n"), "at the UNIX socket")
    move(None)
    await_that("the port to close", lambda: refuses(gatepost.port))
    await_that("the reporter's end", lambda: not gatepost.processes("reporter"))
    expect_equal(ctl(gatepost, "status")[0], 0, "ctl status without it")


# Health.

@tests
def drains(t):
    "readyz is 503 while gatepost drains; healthz is 200 to the end"
    gatepost = start(t, t.upstream(), {"timeouts": {"drain": "60s"}})
    await_that("readiness", lambda: get(gatepost, "/readyz") == (200, "ready\n"))
    client = t.client(gatepost)
    client.greet()
    client.envelope()
    client.command("DATA")
    expect_equal(ctl(gatepost, "drain")[0], 0, "drain")
    await_that("draining", lambda: get(gatepost, "/readyz") == (503, "draining: no new connections\n"))
    expect_equal(get(gatepost, "/healthz"), (200, "ok\n"), "/healthz")
    expect_equal(figures(gatepost).sum("draining"), 1, "gatepost_draining")
    client.send(MESSAGE + b".\r\n")
    expect_equal(client.reply().code, 250, "the message")
    expect_equal(gatepost.process.wait(PATIENCE), 0, "exit status")


@tests
def scanners_dead(t):
    "readyz is 503 while there is no scanner, and says so; then 200 again"
    gatepost = start(t, t.upstream())

    def seen():
        for pid in gatepost.processes("scanner"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        status, text = get(gatepost, "/readyz")
        return (status, text) == (503, "no scanner is ready\n")
    await_that("503", seen)
    await_that("readiness", lambda: get(gatepost, "/readyz") == (200, "ready\n"))


# Hostile clients.

@tests
def requests(t):
    "what is no request for one of the three pages is refused, HEAD has no body"
    gatepost = start(t, t.upstream())

    def says(data, ends=True):
        with socket.create_connection(("127.0.0.1", gatepost.port), PATIENCE) as s:
            with contextlib.suppress(ConnectionError):
                s.sendall(data)
                if ends:
                    s.shutdown(socket.SHUT_WR)
                return s.makefile("rb").read()
            return b""

    def status(answer):
        return answer.split(b" ")[1:2]

    for path in ("/", "/metrics/", "/metricsx", "/../healthz", "//metrics", "/%6detrics"):
        expect_equal(get(gatepost, path)[0], 404, path)
    expect_equal(get(gatepost, "/healthz?x=1")[0], 200, "a query")
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
        expect_equal(get(gatepost, "/healthz", method)[0], 501, method)
    expect_equal(get(gatepost, "/metrics", "HEAD"), (200, ""), "HEAD")
    for data in (b"\0" * 10000, b"\x16\x03\x01" + bytes(range(256)) * 40, b"GET\r\n\r\n", b"\r\n" * 5000, b"EHLO x\r\n",
                 b"GET http:// HTTP/1.1\r\n\r\n", b"GET /healthz HTTP/9.9\r\n\r\n"):
        expect(status(says(data)) != [b"200"], "an answer to", data[:40])
    for data in (b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\n\r\n", b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n",
                 b"POST /healthz HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n" + b"x" * 100000):
        expect(status(says(data)) != [b"200"], "an answer to", data[:40])
    twice = says(b"GET /healthz HTTP/1.1\r\n\r\n" b"GET /readyz HTTP/1.0\r\n\r\n", ends=False)
    expect_equal(twice.count(b"HTTP/1."), 2, f"answers to two requests at once: {twice!r}")
    expect_equal(get(gatepost, "/healthz"), (200, "ok\n"), "after all that")
    expect_equal([l for l in gatepost.lines if "event=" not in l and not l.startswith("(end")], [], "lines on standard error")


@tests
def crowd(t):
    "100 clients that say nothing, or not enough, hold up neither mail nor, when they are gone, others"
    gatepost = start(t, t.upstream())
    with contextlib.ExitStack() as crowd_:
        for number in range(100):
            s = crowd_.enter_context(socket.create_connection(("127.0.0.1", gatepost.port), PATIENCE))
            s.sendall(b"GET /metrics HTTP/1.1\r\nX: "[:number % 25])

        def taken():  # by the master, who is not crowded
            return Figures(ctl(gatepost, "metrics")[1]).sum("process_open_fds", process="reporter")
        await_that("all places to be taken", lambda: taken() > 64)
        deliver(t, gatepost)
        expect(taken() < 90, "the reporter took all of them")
        words = [line.split() for line in ctl(gatepost, "status")[1].splitlines()]
        expect(["accept", "1", "1"] in words, "ctl status", words)
    await_figures(gatepost, {figure("messages_total", verdict="accept"): 1})


# What is printed.

@tests
def parser(t):
    "another parser of the format takes it"
    check = "import sys; from prometheus_client.parser import text_string_to_metric_families as f\n" \
            "for m in f(sys.stdin.read()):\n for s in m.samples: print(m.type, s.name, s.labels.get('verdict'), s.value)"
    if subprocess.run([PYTHON, "-c", "import prometheus_client.parser"], check=False, capture_output=True).returncode:
        raise Skip("no python3-prometheus-client")
    gatepost = start(t, t.upstream())
    deliver(t, gatepost)
    text = get(gatepost, "/metrics")[1]
    done = subprocess.run([PYTHON, "-c", check], input=text, capture_output=True, check=False, text=True)
    expect_equal(done.returncode, 0, done.stderr)
    samples = done.stdout.splitlines()
    expect_equal(len(samples), len(Figures(text)), "samples")
    expect_equal([s for s in samples if s.startswith(("unknown", "untyped"))], [], "metrics without a type")
    expect("counter gatepost_messages_total accept 1.0" in samples, "a sample", samples)
    expect_equal(len(set(re.findall(r"^[^#].*(?= )", text, re.M))), len(samples), "samples that are there twice")


@tests
def documented(t):
    "gatepost(1) describes each metric that is served, with its type and labels, and no other"
    text = get(start(t, t.upstream()), "/metrics")[1]
    served = {}
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M):
        sample = re.search(rf"^{name}(?:_bucket)?(?:\{{(.*)\}})? ", text, re.M)
        served[name] = (kind, [label for label, _ in LABEL.findall(sample[1] or "")])
    with open(os.path.join(SRCDIR, "man/gatepost.1"), encoding="utf-8") as f:
        described = {name: (kind, labels.split(", ") if labels else []) for name, kind, labels in
                     re.findall(r"^\.It Ic (gatepost_\w+) Pq (\w+)(?:; (.*))?$", f.read(), re.M)}
    expect_equal(described, served, "metrics")
    expect_equal(sorted(re.findall(r"^# HELP (\S+) \S", text, re.M)), sorted(served), "help")


# What each process takes.

def of_kernel(pid):
    """Resident octets, descriptors, seconds of processor."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as f:
        memory = int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        times = f.read().rpartition(")")[2].split()
    return memory, len(os.listdir(f"/proc/{pid}/fd")), sum(map(int, times[11:13])) / os.sysconf("SC_CLK_TCK")


def usage(single):
    def test(t):
        gatepost = start(t, t.upstream(), single=single)
        pids = {("master", "0"): gatepost.process.pid}
        if not single:
            now = figures(gatepost)
            pids.update({(l["process"], l["index"]): int(v) for n, l, v in now if n == "gatepost_process_pid"})
            expect_equal(sorted(kind for kind, _ in pids),
                         ["keeper", "master", "proxy", "proxy", "reporter", "scanner", "scanner"], "processes")
        clients = [t.client(gatepost) for _ in range(40)]
        for client in clients:
            client.greet()

        def agrees():
            now = figures(gatepost)
            for (kind, index), pid in pids.items():
                memory, descriptors, seconds = of_kernel(pid)

                def told(name):
                    return now.sum("process_" + name, process=kind, index=index)
                if not (0.8 * memory < told("resident_memory_bytes") < 1.25 * memory
                        and abs(told("open_fds") - descriptors) <= 2 and abs(told("cpu_seconds_total") - seconds) < 2):
                    return False
            return True
        if os.geteuid() != 0 and not single:
            raise Skip("only root can see how many descriptors processes that cannot be dumped have")
        await_that("figures that are the kernel's", agrees)
        now = figures(gatepost)
        expect(now.sum("process_open_fds", process="master" if single else "proxy") >= 80, "descriptors of 40 sessions")
        for name, labels, value in now:
            if name == "gatepost_process_start_time_seconds":
                expect(time.time() - 3 * PATIENCE < value <= time.time() + 1, "the start of", labels, value)
            if name == "gatepost_process_max_fds":
                caged = labels["process"] in ("scanner", "reporter") and not is_sanitized()
                expect(100 < value <= (1024 if caged else 1 << 32), "a limit", labels, value)
        if single:  # which has no socket for control
            return
        code, text = ctl(gatepost, "status")
        expect_equal(code, 0, "ctl status")
        expect_equal(len(re.findall(r"^  \w+ +\d+ +pid \d+ +ready +[\d.]+ MB +\d+ of \d+ fds   cpu [\d.]+ m?s", text, re.M)),
                     len(pids), f"lines of processes: {text}")
        expect(re.search(r"^  master +0 +pid \d+ +ready .* fds   cpu [\d.]+%", ctl(gatepost, "top")[1], re.M), "ctl top")
    return test


tests.add("memory, descriptors and processor time of each process are those that the kernel tells", usage(False))
tests.add("with --single, of the one that there is", usage(True))


# gatepost ctl.

@tests
def status(t):
    "ctl metrics prints what is served; ctl status tells the same to people"
    gatepost = start(t, t.upstream())
    deliver(t, gatepost, b"please reject", 2)
    deliver(t, gatepost)
    await_figures(gatepost, {figure("sessions"): 0})
    code, told = ctl(gatepost, "metrics")
    # Other a moment later, or told of only then.
    taken = r"(?m)^gatepost_process_(?:resident_memory_bytes|open_fds|cpu_seconds_total)\S+ \S+\n"
    expect_equal((code, re.sub(taken, "", told)), (0, re.sub(taken, "", get(gatepost, "/metrics")[1])), "ctl metrics")
    code, text = ctl(gatepost, "status")
    expect_equal(code, 0, "ctl status")
    words = [line.split() for line in text.splitlines()]
    expect(text.startswith("gatepost ") and ", ready, up " in text, "the head", text)
    for wanted in (["reject", "2", "2"], ["accept", "1", "1"], ["REJECT", "2"], ["smtp", "0", "2"]):
        expect(wanted in words, f"no line {wanted}", text)
    for kind, count in {"proxy": 2, "scanner": 2, "keeper": 1, "reporter": 1}.items():
        pids = sorted(int(w[3]) for w in words if w[:1] == [kind] and w[2:3] == ["pid"])
        expect_equal(pids, sorted(gatepost.processes(kind)), f"{kind}: {count}")


@tests
def top_without_terminal(t):
    "ctl top without a terminal prints one frame, or as many as are asked for; what it takes is checked"
    gatepost = start(t, t.upstream())
    deliver(t, gatepost, b"please tag", 4)
    await_figures(gatepost, {figure("sessions"): 0})
    code, text = ctl(gatepost, "top")
    expect_equal(code, 0, "exit status")
    expect("\033" not in text, "no sequences for terminals", text)
    expect(re.search(r"^  TAG +\d+\.\d +4$", text, re.M), "the rule", text)
    code, text = ctl(gatepost, "top", "--interval", "0.1", "--count", "3")
    expect_equal((code, text.count("gatepost ")), (0, 3), "three frames")
    for wrong in (["top", "-i", "0"], ["top", "-i", "x"], ["top", "-n", "0"], ["top", "-n", "-1"], ["status", "-n", "1"]):
        expect_equal(ctl(gatepost, *wrong)[0], 2, f"exit status of {wrong}")
    gatepost.stop()
    code, text = ctl(gatepost, "top")
    expect(code == 2 and "is gatepost running?" in text, "without a gatepost", code, text)


def top_ends(how):
    def test(t):
        gatepost = start(t, t.upstream())
        terminal = Terminal([GATEPOST, "ctl", "-c", gatepost.file, "top", "--interval", "0.1"], 80, 24, PATIENCE)
        t.callback(terminal.close)
        before = terminal.modes()
        terminal.wait_for(lambda s: s and s[0].startswith("gatepost ") and "proxy" in "".join(s))
        expect(terminal.modes() != before, "keys still wait for a line's end")
        client = t.client(gatepost)
        client.greet()
        client.deliver(MESSAGE.replace(b"hello", b"please tag"))
        terminal.wait_for(lambda s: any(line.startswith("sessions    smtp 1") for line in s))
        terminal.resize(40, 10)
        terminal.wait_for(lambda s: len(s) == 10 and max(len(line) for line in s) <= 40 and s[0].startswith("gatepost "))
        how(gatepost, terminal)
        code = terminal.wait()
        expect_equal(terminal.modes(), before, "the terminal's modes afterwards")
        expect(terminal.output.endswith(b"\033[?25h\033[?1049l") or code == 2, "the screen afterwards", terminal.output[-60:])
        return code
    return test


def expect_code(wanted, how):
    test = top_ends(how)
    return lambda t: expect_equal(test(t), wanted, "exit status")


def resize_while_it_waits(gatepost, terminal):
    gatepost.signal(signal.SIGSTOP)
    time.sleep(0.5)  # of the master an answer is asked for every 0.1 s
    terminal.resize(70, 20)
    gatepost.signal(signal.SIGCONT)
    terminal.wait_for(lambda s: len(s) == 20 and s[0].startswith("gatepost "))
    terminal.type(b"q")


tests.add("ctl top: another size while gatepost is slow to answer", expect_code(0, resize_while_it_waits))
tests.add("ctl top on a terminal: live figures, another size; q ends it, and the terminal is as before",
          expect_code(0, lambda gatepost, terminal: terminal.type(b"xq")))
tests.add("ctl top: ^C ends it likewise", expect_code(0, lambda gatepost, terminal: terminal.type(b"\x03")))
tests.add("ctl top: SIGTERM ends it likewise",
          expect_code(0, lambda gatepost, terminal: os.kill(terminal.pid, signal.SIGTERM)))
tests.add("ctl top: when gatepost ends it does too, and says why",
          expect_code(2, lambda gatepost, terminal: gatepost.stop()))

tests.run()
