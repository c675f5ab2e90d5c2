#!/usr/bin/python3
"""clamd beside gatepost's own signatures: asked only where a verdict hangs on
it, and never a silent pass when it is down, hung or cut off (R12).

    GATEPOST=src/gatepost python3 tests/clamd.py [WORD…]"""

import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from fake_clamd import Clamd  # noqa: E402
from gatepost_test import GATEPOST, PATIENCE, Skip, Tests, await_event, expect, expect_equal, free_port  # noqa: E402

tests = Tests()

MESSAGE = b"Subject: hello\r\n\r\ngood day\r\n"
RULES = """
rules:
  - name: OWN
    when: { body: /known here/ }
    then: reject
  - name: CLAMD
    about: what clamd knows
    when: { clamd: "*" }
    then: reject
    reply: "554 5.7.1 message contains a virus"
"""


def start(t, clamd, *, clamd_changes=None, policy=None, upstream=None, **options):
    """gatepost with a policy that asks that clamd; its upstream."""
    host, port = clamd if isinstance(clamd, tuple) else clamd.address
    changes = {
        "run": {"proxies": 1},  # each has a breaker of its own
        "upstreams": {"av": {"address": f"{host}:{port}", "rest": "1h", **(upstream or {})}},
        "policies": {"inbound": {"clamd": {"upstream": "av", **(clamd_changes or {})}, **(policy or {})}},
    }
    server = t.upstream()
    return t.gatepost(server, changes, rules=RULES, **options), server


def fake(t, answer):
    clamd = Clamd(answer)
    t.callback(clamd.stop)
    return clamd


def deliver(t, gatepost, message=MESSAGE):
    client = t.client(gatepost)
    client.greet()
    reply = client.deliver(message)
    client.quit()
    return reply


def expect_incomplete(reply):
    expect(reply.code == 451, "reply", reply)


for single in (True, False):
    def clean_and_found(t, single=single):
        clamd = fake(t, lambda message: b"stream: Eicar-Test FOUND\0" if b"virus" in message else b"stream: OK\0")
        gatepost, server = start(t, clamd, single=single)
        expect_equal(deliver(t, gatepost).code, 250, "a clean one")
        expect_equal(clamd.messages, [MESSAGE], "what clamd saw")
        reply = deliver(t, gatepost, b"Subject: x\r\n\r\na virus\r\n")
        expect_equal(reply.lines[0], "5.7.1 message contains a virus", "reply")
        expect_equal(len(server.messages), 1, "messages upstream")
    tests.add("clean passes, found is refused" + (", one process" if single else ""), clean_and_found)


@tests
def not_asked(t):
    "clamd is not asked about what is refused anyway"
    clamd = fake(t, lambda message: b"stream: OK\0")
    gatepost, _ = start(t, clamd)
    expect_equal(deliver(t, gatepost, b"Subject: x\r\n\r\nknown here\r\n").code, 550, "reply")
    expect_equal(clamd.connections, 0, "connections to clamd")


@tests
def large(t):
    "a message of 20 MB goes there whole, from its file"
    clamd = fake(t, lambda message: b"stream: OK\0")
    gatepost, server = start(t, clamd)
    message = b"Subject: large\r\n\r\n" + b"0123456789abcdef" * 4 + b"\r\n" + (b"x" * 74 + b"\r\n") * 270000
    expect_equal(deliver(t, gatepost, message).code, 250, "reply")
    expect(clamd.messages == [message], "what clamd saw differs")
    expect_equal(len(server.messages), 1, "messages upstream")


for name, answer in (
        ("an error", lambda message: b"INSTREAM size limit exceeded. ERROR\0"),
        ("a reply that is cut off", lambda message: b"stream: O"),
        ("an end without a reply", lambda message: None),
        ("nonsense", lambda message: b"hello\0"),
        ("a reply without end", lambda message: b"x" * 4096),
        ("a name that is no line", lambda message: b"stream: A\r\nB FOUND\0"),
        ("silence", lambda message: Clamd.HANG)):
    def failing(t, answer=answer):
        clamd = fake(t, answer)
        gatepost, server = start(t, clamd, clamd_changes={"timeout": "300ms" if answer(b"") is Clamd.HANG else "20s"})
        expect_incomplete(deliver(t, gatepost))
        expect_equal(len(server.messages), 0, "messages upstream")
    tests.add(f"R12: {name} is a failed scan", failing)


@tests
def down(t):
    "R12: one that is down: deferred; after three it is left alone"
    gatepost, server = start(t, ("127.0.0.1", free_port()))
    for _ in range(4):
        expect_incomplete(deliver(t, gatepost))
    gatepost.wait_event("clamd", msg="av failed 3 times: it is left alone for a while")
    gatepost.wait_event("clamd", msg="av: it failed too often and is left alone for a while")
    expect_equal(len(server.messages), 0, "messages upstream")


@tests
def comes_back(t):
    "after its rest it is asked again"
    answers = iter([None, None, None])
    clamd = fake(t, lambda message: next(answers, b"stream: OK\0"))
    gatepost, _ = start(t, clamd, upstream={"rest": "0s"})
    for _ in range(3):
        expect_incomplete(deliver(t, gatepost))
    expect_equal(deliver(t, gatepost).code, 250, "reply")
    gatepost.wait_event("clamd", msg="av answers again")


@tests
def breaker(t):
    "an open breaker asks nobody"
    clamd = fake(t, lambda message: None)
    gatepost, _ = start(t, clamd, clamd_changes={"failures": 2})
    for _ in range(5):
        expect_incomplete(deliver(t, gatepost))
    expect_equal(clamd.connections, 2, "connections to clamd")


@tests
def on_failure_accept(t):
    "on_failure: accept lets it pass, marked"
    clamd = fake(t, lambda message: None)
    gatepost, server = start(t, clamd, policy={"on_failure": "accept"})
    expect_equal(deliver(t, gatepost).code, 250, "reply")
    expect(b"X-Gatepost-Incomplete: rule CLAMD is undecided: clamd:" in server.messages[0].data, "the mark",
           server.messages[0].data)


@tests
def client_gone(t):
    "a client that leaves while clamd thinks: nothing is left behind"
    clamd = fake(t, lambda message: Clamd.HANG)
    gatepost, server = start(t, clamd, clamd_changes={"timeout": "300ms"})
    client = t.client(gatepost)
    client.greet()
    client.envelope()
    client.command("DATA")
    client.send(MESSAGE + b".\r\n")
    await_event(clamd.changed, lambda: clamd.messages, "the question")
    client.close()
    gatepost.wait_event("step", step="^close$")
    expect_equal(len(server.messages), 0, "messages upstream")


@tests
def from_the_command_line(t):
    "gatepost scan asks too, and one verdict holds for both ways"
    clamd = fake(t, lambda message: b"stream: Eicar-Test FOUND\0" if b"virus" in message else b"stream: OK\0")
    gatepost, _ = start(t, clamd)
    folder = t.folder()
    for name, data in (("clean", MESSAGE), ("bad", b"Subject: x\r\n\r\na virus\r\n")):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)
    result = subprocess.run([GATEPOST, "scan", "-c", gatepost.file, "--json", folder], capture_output=True,
                            check=False)
    verdicts = {os.path.basename(r["file"]): r["verdict"] for r in map(json.loads, result.stdout.splitlines())}
    expect_equal(verdicts, {"clean": "accept", "bad": "reject"}, "verdicts")
    expect_equal(len(clamd.messages), 2, "questions")


@tests
def a_real_clamd(t):
    "a real clamd with a database of one signature"
    if shutil.which("clamd") is None:
        raise Skip("there is no clamd")
    folder = t.folder()
    port = free_port()
    with open(os.path.join(folder, "test.ndb"), "w", encoding="ascii") as f:
        f.write("Test.Word:0:*:" + b"a virus of ours".hex() + "\n")
    config = os.path.join(folder, "clamd.conf")
    with open(config, "w", encoding="ascii") as f:
        f.write(f"DatabaseDirectory {folder}\nTCPSocket {port}\nTCPAddr 127.0.0.1\nForeground yes\n"
                f"User root\nLogFile {folder}/log\nTemporaryDirectory {folder}\n")
    daemon = subprocess.Popen(["clamd", "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    t.callback(daemon.wait)
    t.callback(daemon.kill)
    gatepost, server = start(t, ("127.0.0.1", port), upstream={"rest": "0s"}, clamd_changes={"failures": 1000000})
    reply = deliver(t, gatepost)
    tries = 0
    while reply.code == 451 and tries < PATIENCE * 1000 and daemon.poll() is None:
        reply = deliver(t, gatepost)
        tries += 1
    expect_equal(reply.code, 250, "a clean one")
    expect_equal(deliver(t, gatepost, b"Subject: x\r\n\r\nthis is a virus of ours\r\n").code, 554, "the other")
    expect_equal(len(server.messages), 1, "messages upstream")


if __name__ == "__main__":
    tests.run()
