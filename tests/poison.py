#!/usr/bin/python3
"""A message that kills each scanner that is given it. Each time that it comes it costs a
scanner, and the policy's on_failure answers for it; a reader is shown a notice in the end. No
other message pays for it, the next scanner is there soon, and log and metrics tell of it.

    builddir=. python3 tests/poison.py [WORD…]"""

import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

import faults  # noqa: E402

os.environ["GATEPOST"] = faults.PROGRAM

from faults import ALWAYS, KILL, Faults  # noqa: E402
from gatepost_test import Tests, expect, expect_equal  # noqa: E402
from pop3_upstream import Maildrop  # noqa: E402

tests = Tests()

TIMES = 6  # more often than a child may die young without a rest
PROXIES, GUILTY = 3, [{0}, {1}, {2}, {0, 1, 2}]  # by which of them the poison comes, one time after the other
READERS_TRIES = 3  # then a reader is shown a notice, for he cannot have it delivered elsewhere
CLEAN, POISON = b"Subject: hello\r\n\r\ngood day\r\n", b"Subject: please die\r\n\r\ngood day\r\n"
RULES = "rules:\n- { name: TAG, when: { header: { name: Subject, matches: '/please tag/' } }, then: tag }\n"
DIED = "the scanner died on this message"


def started(t, begin, upstream, on_failure="defer", proxies=1):
    """A gatepost with one scanner that the poison kills."""
    f = Faults(t.folder())
    gatepost = begin(upstream, {"run": {"proxies": proxies, "scanners": 1},
                                "policies": {"inbound": {"rules": ["rules.yaml"], "on_failure": on_failure}}},
                     rules=RULES, single=False, prefix=["env", *(f"{n}={v}" for n, v in f.environment.items())])
    f.fail("poison", KILL, times=ALWAYS, process="scanner")
    return gatepost


def expect_told(gatepost, times, verdict="defer"):
    """By log and metrics: how many scanners died, and on what."""
    on_it = {"reason": DIED, "complete": "no", "verdict": f"^{verdict}$"}
    gatepost.wait_event("message", times, **on_it)
    gatepost.wait_event("started", times + 1, child="scanner")
    expect_equal(len(gatepost.events("message", **on_it)), times, "messages on which a scanner died, in the log")
    status, text = gatepost.ctl("metrics")  # by the master, which counts the start of a child after it has told of it
    expect_equal(status, 0, "ctl metrics")
    expect(f'gatepost_scan_failures_total{{reason="died"}} {times}\n' in text, "metrics: failures", text)
    expect(f'gatepost_restarts_total{{process="scanner"}} {times}\n' in text, "metrics: restarts", text)


@tests
def smtp(t):
    "SMTP: each time 451, on a connection that goes on; the message behind it is delivered"
    upstream = t.upstream()
    gatepost = started(t, t.gatepost, upstream)
    client = t.client(gatepost)
    client.greet()
    began = time.monotonic()
    for number in range(TIMES):
        refused = client.deliver(POISON)
        expect_equal((refused.code, refused.status), (451, "4.3.0"), f"the poison, time {number}")
        expect_equal(client.deliver(CLEAN).code, 250, "a message")
    print(f"# {TIMES} scanners and as many messages took {time.monotonic() - began:.2f} s")
    client.quit()
    expect_equal([m.data for m in upstream.messages], [CLEAN] * TIMES, "what came to the upstream")
    expect_told(gatepost, TIMES)


@tests
def neighbours(t):
    "SMTP: of the messages that wait at the scanner together, only those that kill it are refused"
    upstream = t.upstream()
    gatepost = started(t, t.gatepost, upstream)
    clients = [t.client(gatepost) for _ in range(2 * TIMES)]
    for client in clients:
        client.greet()
        client.envelope()
        expect_equal(client.command("DATA").code, 354, "DATA")
    began = time.monotonic()
    for number, client in enumerate(clients):
        client.send((CLEAN, POISON)[number % 2] + b".\r\n")
    expect_equal([client.reply().code for client in clients], [250, 451] * TIMES, "answers")
    print(f"# {TIMES} scanners and as many messages took {time.monotonic() - began:.2f} s")
    expect_told(gatepost, TIMES)


def crowd_of(t, gatepost, proxies):
    """[its clients that are about to send a message] of each proxy. Who comes while the others
    are stopped comes to that one."""
    crowd = []
    for proxy in proxies:
        others = [pid for pid in proxies if pid != proxy]
        for other in others:
            os.kill(other, signal.SIGSTOP)
        crowd.append([t.client(gatepost) for _ in range(2)])
        for client in crowd[-1]:
            client.greet()
            client.envelope()
            expect_equal(client.command("DATA").code, 354, "DATA")
        for other in others:
            os.kill(other, signal.SIGCONT)
    return crowd


@tests
def beside_other_proxies(t):
    "SMTP: a scanner that dies on one proxy's message costs none that came by the others"
    upstream = t.upstream()
    gatepost = started(t, t.gatepost, upstream, proxies=PROXIES)
    proxies = [int(gatepost.wait_event("started", n, child="^proxy$")["pid"]) for n in range(1, PROXIES + 1)]
    deaths = 0
    for guilty in GUILTY:
        crowd = crowd_of(t, gatepost, proxies)
        scanner = int(gatepost.wait_event("started", deaths + 1, child="^scanner$")["pid"])
        os.kill(scanner, signal.SIGSTOP)
        waiting = len(gatepost.events("step", step="^await_verdict$"))
        for proxy, clients in enumerate(crowd):
            for place, client in enumerate(clients):
                client.send((POISON if proxy in guilty and place == 0 else CLEAN) + b".\r\n")
        gatepost.wait_event("step", waiting + 2 * PROXIES, step="^await_verdict$")
        os.kill(scanner, signal.SIGCONT)
        answers = [[client.reply().code for client in clients] for clients in crowd]
        expect_equal(answers, [[451 if proxy in guilty else 250, 250] for proxy in range(PROXIES)], "answers by each proxy")
        deaths += len(guilty)
        for client in (client for clients in crowd for client in clients):
            client.quit()
    expect_equal([m.data for m in upstream.messages], [CLEAN] * (2 * PROXIES * len(GUILTY) - deaths), "what came to the upstream")
    expect_told(gatepost, deaths)


def expect_given_up(gatepost, answers):
    """Refused for now, then a notice for good; it was in the hands of so many scanners and no more."""
    refused = answers.count("for now")  # by POP3 it may be in a scanner's hands before it is asked for
    expect(0 < refused < READERS_TRIES, "refused for now", answers)
    expect_equal(answers, ["for now"] * refused + ["a notice"] * (TIMES - refused), "what readers are told")
    expect_told(gatepost, READERS_TRIES, verdict=".+")
    expect_equal(gatepost.quarantined(b"please die"), 1, "in quarantine")


@tests
def pop3(t):
    "POP3: from the third time on there is a notice in its place; its neighbours are shown each time"
    upstream = t.pop3_upstream(Maildrop({"a": CLEAN, "b": POISON, "c": CLEAN}))
    gatepost = started(t, t.pop3_gatepost, upstream)
    answers = []
    for _ in range(TIMES):
        client = t.pop3_client(gatepost)
        client.login()
        expect_equal([client.retrieve(n) for n in (1, 3)], [CLEAN] * 2, "its neighbours")
        status = client.command("RETR 2")
        expect(status.ok or status.text.startswith("[SYS/TEMP] "), "the poison", status)
        expect(not status.ok or b"good day" not in client.octets(), "the poison is shown")
        answers.append("a notice" if status.ok else "for now")
        client.quit()
    expect_given_up(gatepost, answers)


@tests
def imap(t):
    "IMAP: from the third time on there is a notice in its place; its neighbours are shown each time"
    upstream = t.imap_upstream([CLEAN, POISON, CLEAN])
    gatepost = started(t, t.imap_gatepost, upstream)
    answers = []
    for _ in range(TIMES):
        client = t.imap_client(gatepost)
        client.login()
        client.ok("SELECT INBOX")
        expect_equal([client.fetch(n) for n in (1, 3)], [CLEAN] * 2, "its neighbours")
        answer = client.command("FETCH 2 (BODY.PEEK[])")
        expect(answer.ok or b"[UNAVAILABLE]" in answer.status.raw, "the poison", answer)
        expect(not any(b"good day" in octets for r in answer.data for octets in r.literals), "the poison is shown", answer)
        answers.append("a notice" if answer.ok else "for now")
        client.logout()
    expect_given_up(gatepost, answers)


tests.run()
