#!/usr/bin/python3
"""Reloading again and again while mail goes by SMTP, POP3 and IMAP: no connection is
refused or dropped, no message is lost or judged by half of the rules, whoever asks for
a reload hears what is wrong with it, and of what was left nothing stays behind.

    GATEPOST=src/gatepost python3 tests/reload_load.py [WORD…]"""

import copy
import os
import re
import signal
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import (PATIENCE, Tests, await_event, expect, expect_equal, free_port,  # noqa: E402
                           is_sanitized)
from imap_client import ImapClient  # noqa: E402
from pop3_client import Pop3Client  # noqa: E402
from process import status  # noqa: E402
from smtp_client import Client  # noqa: E402

tests = Tests()

RELOADS = 35 if is_sanitized() else 100  # each broken file comes, and forking takes long there
LEFT_MOST = 4  # earlier configurations whose sessions go on: daemon/reload.c
PROCESSES = {"proxy": 2, "scanner": 2, "keeper": 1}
MESSAGE = b"Subject: hello\r\n\r\ntoken-%s-end\r\n"
RULE = "rules:\n- {{ name: {0}, when: {{ header: {{ name: Subject, matches: '/hello/' }} }}, then: tag }}\n"
WHOLE = [f"{letter}_ONE,{letter}_TWO" for letter in "AB"]  # what a message shows that a whole set has judged
SET = re.compile(rb"tests=(\S+)")


def write_more(path, letter):
    with open(path, "w", encoding="ascii") as f:
        f.write(RULE.format(letter + "_TWO"))


def write_set(gatepost, letter):
    """Both files of rules; between them they are of two sets."""
    gatepost.write_rules(RULE.format(letter + "_ONE"))
    write_more(gatepost.config["policies"]["inbound"]["rules"][1], letter)


def set_of(octets):
    found = SET.search(octets)
    expect(found and found[1].decode() in WHOLE, "the rules that a message met", octets)
    return found[1].decode()


class Anyone(dict):
    """Users to whom each that comes belongs: what was shown to one is remembered."""

    def get(self, name, default=None):
        return "secret"


def start(t):
    """Of three protocols, before three upstreams."""
    smtp = t.upstream()
    pop3, imap = (kind([MESSAGE % b"read"], users=Anyone()) for kind in (t.pop3_upstream, t.imap_upstream))
    listeners = [{"name": name, "protocol": name, "address": f"127.0.0.1:{free_port()}", "upstream": name,
                  "policy": "inbound"} for name in ("smtp", "pop3", "imap")]
    upstreams = {name: {"address": "%s:%d" % u.address, "tls": {"mode": "none"}}
                 for name, u in (("smtp", smtp), ("pop3", pop3), ("imap", imap))}
    more = os.path.join(t.folder(), "more.yaml")
    write_more(more, "A")
    gatepost = t.gatepost(smtp, {
        "listeners": listeners, "upstreams": {"mta": None, **upstreams}, "run": {"proxies": 2, "scanners": 2},
        "log": {"level": "info"}, "timeouts": {"drain": "20s"},
        "policies": {"inbound": {"rules": ["rules.yaml", more]}}},
        rules=RULE.format("A_ONE"), single=False)
    return gatepost, smtp


def settle(gatepost):
    """Until only the processes of one generation are left."""
    def settled():
        return {kind: len(gatepost.processes(kind)) for kind in PROCESSES} == PROCESSES
    await_event(gatepost.changed, settled, "the end of what was left")


# Clients, each in a thread of its own.

class Load(threading.Thread):
    """Short sessions, as many as it is told to make. Anything that is not as it should
    be is a failure."""

    def __init__(self, number, address):
        super().__init__(daemon=True)
        self.number, self.address, self.failure = number, address, None
        self.changed, self.wanted, self.done, self.enough = threading.Condition(), 0, 0, False
        self.start()

    def run(self):
        try:
            while self.next():
                self.visit()
                self.tell(done=self.done + 1)
        except (AssertionError, OSError) as error:
            self.tell(failure=error)

    def next(self):
        with self.changed:
            self.changed.wait_for(lambda: self.enough or self.wanted > self.done)
            return self.wanted > self.done

    def tell(self, **what):
        with self.changed:
            self.__dict__.update(what)
            self.changed.notify_all()

    def visit_once_more(self):
        self.tell(wanted=self.wanted + 1)

    def await_all_but(self, count):
        """Of the sessions that it was told to make."""
        await_event(self.changed, lambda: self.failure or self.done >= self.wanted - count, "a client")
        expect(self.failure is None, "a client", type(self).__name__, self.failure)

    def stop(self):
        self.await_all_but(0)
        self.tell(enough=True)
        self.join(PATIENCE)


class SmtpLoad(Load):
    def __init__(self, *arguments):
        self.sent = []
        super().__init__(*arguments)

    def visit(self):
        client = Client(self.address, PATIENCE)
        client.greet()
        for _ in range(2):
            token = b"%d-%d" % (self.number, len(self.sent))
            expect_equal(client.deliver(MESSAGE % token).code, 250, "a delivery")
            self.sent.append(token)
        client.quit()


class Pop3Load(Load):
    def visit(self):
        client = Pop3Client(self.address, PATIENCE)
        client.login(f"user{self.number}-{self.done}")
        set_of(client.retrieve(1))
        client.quit()


class ImapLoad(Load):
    def visit(self):
        client = ImapClient(self.address, PATIENCE)
        client.login(f"user{self.number}-{self.done}")
        client.ok("SELECT INBOX")
        expect(b"token-read-end" in client.fetch(1), "a message")
        idle = client.begin("IDLE")
        expect_equal(client.response().tag, b"+", "IDLE")
        client.send("DONE\r\n")
        expect(client.answer(idle).ok, "IDLE's end")
        client.logout()


# Files that are wrong, each in another way: (what it does, what is said of it).

def broken_yaml(gatepost, config):
    with open(gatepost.file, "w", encoding="ascii") as f:
        f.write("listeners: [\n  {")
    return r"gatepost\.yaml:\d+:\d+: "


def unknown_key(gatepost, config):
    gatepost.write_config({**config, "listner": []})
    return r"gatepost\.yaml:\d+:\d+: .*listner"


def rule_that_does_not_compile(gatepost, config):
    gatepost.write_rules("rules:\n- { name: X, when: { header: { name: Subject, matches: '/(/' } }, then: tag }\n")
    return r"rules\.yaml:2:\d+: "


def missing_certificate(gatepost, config):
    config["listeners"][0]["tls"] = {"mode": "starttls", "certificate": "none.pem", "key": "none.key"}
    gatepost.write_config(config)
    return r"gatepost\.yaml:\d+:\d+: .*none\.(pem|key)"


def missing_rules(gatepost, config):
    config["policies"]["inbound"]["rules"].append("none.yaml")
    gatepost.write_config(config)
    return r"none\.yaml"


def missing_database(gatepost, config):
    gatepost.write_rules("rules:\n- { name: X, when: { signature: { database: [none.hdb] } }, then: tag }\n")
    return r"rules\.yaml:2:\d+: .*none\.hdb"


def taken_address(gatepost, config):
    config["listeners"][0]["address"] = config["upstreams"]["smtp"]["address"]
    gatepost.write_config(config)
    return r"gatepost\.yaml:\d+:\d+: .*" + re.escape(config["listeners"][0]["address"])


BROKEN = [broken_yaml, unknown_key, rule_that_does_not_compile, missing_certificate, missing_rules, missing_database,
          taken_address]


def outcomes(gatepost):
    return len(gatepost.events("reload", msg="in force$|stays$"))


def told_by_signal(gatepost):
    """What the log tells of a reload asked for by SIGHUP: "", or why not."""
    def reasons():
        return gatepost.events("reload", msg=r":\d+:\d+: ")
    before, refused, seen = outcomes(gatepost), len(gatepost.events("reload", msg="stays$")), len(reasons())
    gatepost.signal(signal.SIGHUP)
    await_event(gatepost.changed, lambda: outcomes(gatepost) > before, "the reload's end")
    if len(gatepost.events("reload", msg="stays$")) == refused:
        return ""
    await_event(gatepost.changed, lambda: len(reasons()) > seen, "why it failed")
    return "\n".join(line["msg"] for line in reasons()[seen:])


def told_by_ctl(gatepost):
    """The same of gatepost ctl, where nothing else would do."""
    before = outcomes(gatepost)
    code, output = gatepost.ctl("reload")
    if "gatepost running?" in output: # what is no YAML does not say where gatepost is
        expect_equal(code, 2, "exit status")
        return output
    expect_equal(code, 1 if output else 0, "exit status")
    await_event(gatepost.changed, lambda: outcomes(gatepost) > before, "the reload's end, in the log")
    return output


def reload_once(gatepost, number):
    config = copy.deepcopy(gatepost.config)
    tell = told_by_ctl if number % 2 else told_by_signal
    if number % 5 != 4:
        write_set(gatepost, "AB"[number % 2])
        expect_equal(tell(gatepost), "", "a reload")
        return
    pattern = BROKEN[number // 5 % len(BROKEN)](gatepost, config)
    told = tell(gatepost)
    expect(re.search(pattern, told), "what is told of a broken file", pattern, told)
    gatepost.write_config(gatepost.config)


def footprint(gatepost):
    """(descriptors, KiB) of the master."""
    pid = gatepost.process.pid
    count = len(os.listdir(f"/proc/{pid}/fd")) if os.geteuid() == 0 else 0
    return count, int(status(pid)["VmRSS"].split()[0])


@tests
def hundred(t):
    "reloads again and again under load of three protocols, every fifth of broken files"
    gatepost, upstream = start(t)
    settle(gatepost)
    descriptors, _ = footprint(gatepost)
    loads = [kind(number, gatepost.address_of(place)) for number, (kind, place) in
             enumerate([(SmtpLoad, 0), (SmtpLoad, 0), (Pop3Load, 1), (ImapLoad, 2)])]
    for number in range(RELOADS):
        for load in loads:
            load.visit_once_more()
        reload_once(gatepost, number)
        for load in loads:
            load.await_all_but(1)
        if number == RELOADS // 5:
            _, early = footprint(gatepost)
    for load in loads:
        load.stop()
    sent = [token for load in loads[:2] for token in load.sent]
    upstream.wait(lambda: len(upstream.messages) >= len(sent), "all that was acknowledged")
    expect_equal(sorted(MESSAGE % token for token in sent), sorted(m.data[m.data.index(b"Subject:"):]
                                                                   for m in upstream.messages), "messages")
    expect_equal({set_of(m.data) for m in upstream.messages}, set(WHOLE), "the rules of messages")
    expect_equal({e.get("rules") for e in gatepost.events("message")} - set(WHOLE), set(), "those in the log")
    settle(gatepost)
    now, late = footprint(gatepost)
    expect_equal(now, descriptors, "the master's descriptors")
    expect(is_sanitized() or late < early + 4096, "the master's memory, KiB", early, late)
    ended = gatepost.events("ended")
    expect_equal([e for e in ended if e.get("status") != "0"], [], "children that did not end well")


@tests
def left(t):
    "sessions go on over reloads by the rules that they began with; too many reloads end the oldest in good order"
    gatepost, upstream = start(t)
    smtp, busy = t.client(gatepost.address_of(0)), t.client(gatepost.address_of(0))
    pop3, marked, imap, idle = t.pop3_client(gatepost.address_of(1)), t.pop3_client(gatepost.address_of(1)), \
        t.imap_client(gatepost.address_of(2)), t.imap_client(gatepost.address_of(2))
    smtp.greet()
    busy.greet()
    pop3.login("user")
    marked.login("another")
    imap.login("user")
    idle.login("another")
    idle.ok("SELECT INBOX")
    idle.begin("IDLE")
    expect_equal(idle.response().tag, b"+", "IDLE")
    others = []
    for number in range(LEFT_MOST):
        write_set(gatepost, "BA"[number % 2])
        expect_equal(told_by_ctl(gatepost), "", "a reload")
        others.append(t.client(gatepost.address_of(0)))
        others[-1].greet()
    expect_equal(smtp.deliver(MESSAGE % b"old").code, 250, "a delivery")
    expect_equal(set_of(upstream.wait_message().data), WHOLE[0], "the rules of an old session")
    expect(imap.ok("NOOP").ok and pop3.command("NOOP").ok, "NOOP")
    expect_equal([r.code for r in busy.envelope()], [250, 250], "an envelope")
    expect(marked.command("DELE 1").ok, "DELE")
    expect_equal(told_by_ctl(gatepost), "", "one more")
    expect_equal(smtp.reply().status, "4.3.2", "SMTP")
    for client in (imap, idle):
        expect(client.response().raw.startswith(b"* BYE "), "IMAP")
        expect_equal(client.until_closed(), b"", "then")
    last = pop3.reply()
    expect(not last.ok and last.text.startswith("[SYS/TEMP] "), "POP3", last)
    expect_equal(busy.data(MESSAGE % b"busy").code, 250, "a message under way")
    expect_equal(busy.reply().status, "4.3.2", "then")
    expect_equal([c.deliver(MESSAGE % b"other").code for c in others], [250] * LEFT_MOST, "sessions of others")
    marked.quit()
    for other in others:
        other.quit()
    settle(gatepost)


@tests
def at_once(t):
    "reloads asked for at once by several, and when gatepost is ending"
    gatepost, _ = start(t)
    busy = t.client(gatepost.address_of(0))
    busy.greet()
    busy.envelope()
    heard = []
    askers = [threading.Thread(target=lambda: heard.append(gatepost.ctl("reload"))) for _ in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(PATIENCE)
    expect_equal(heard, [(0, "")] * 4, "what each hears")
    gatepost.signal(signal.SIGTERM)
    gatepost.wait_event("drain")
    code, output = gatepost.ctl("reload")
    expect(code == 1 and "gatepost is ending" in output, "a reload while it ends", code, output)
    expect_equal(busy.data(MESSAGE % b"last").code, 250, "a message under way")


tests.run()
