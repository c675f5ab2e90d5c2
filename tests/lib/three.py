"""One gatepost for SMTP, POP3 and IMAP before a server of each, and the short healthy
session by which a test sees that others are served.

    three = Three(t, {"limits": {"connections": 9}})
    client = three.client("pop3")      has been greeted
    three.healthy("imap")              a whole session, each answer checked"""

import contextlib
import os
import time

from gatepost_test import expect, expect_equal, free_port, merged

PROTOCOLS = ("smtp", "pop3", "imap")
MESSAGE = b"From: a@example.org\r\nSubject: hello\r\n\r\ngood day\r\n"
FAREWELLS = {"smtp": b"421 ", "pop3": b"-ERR ", "imap": b"* BYE "}  # to who is turned away


def free_ports(count):
    """So many, none of them twice."""
    ports = set()
    while len(ports) < count:
        ports.add(free_port())
    return ports


class Three:
    def __init__(self, t, changes=None, listener=None, messages=(MESSAGE,), upstreams=None, **options):
        """listener: laid over each of the three; messages: what the maildrop and the
        mailbox hold; upstreams: servers in place of ours, by protocol; options as for
        Context.gatepost()."""
        self.t, self.messages = t, messages
        self.upstreams = upstreams or {"smtp": t.upstream(), "pop3": t.pop3_upstream(messages),
                                       "imap": t.imap_upstream(messages)}
        listeners = [merged({"name": p, "protocol": p, "address": f"127.0.0.1:{port}", "upstream": p,
                             "policy": "inbound"}, listener or {}) for p, port in zip(PROTOCOLS, free_ports(3))]
        servers = {p: {"address": "%s:%d" % u.address, "tls": {"mode": "none"}, "rest": "0s"}
                   for p, u in self.upstreams.items()}
        self.gatepost = t.gatepost(self.upstreams["smtp"], merged(
            {"listeners": listeners, "upstreams": servers, "log": {"level": "info"}}, changes or {}), **options)

    def address(self, protocol):
        return self.gatepost.address_of(PROTOCOLS.index(protocol))

    def connect(self, protocol, **options):
        """A client that has heard nothing yet."""
        kind = {"smtp": self.t.client, "pop3": self.t.pop3_client, "imap": self.t.imap_client}[protocol]
        return kind(self.address(protocol), **options)

    def client(self, protocol, **options):
        client = self.connect(protocol, **options)
        greeting = client.line()
        expect(greeting.startswith((b"220 ", b"+OK", b"* OK")), "greeting", protocol, greeting)
        return client

    def enter(self, protocol, **options):
        """A client that may have or leave mail."""
        client = self.client(protocol, **options)
        if protocol == "smtp":
            client.ehlo()
        else:
            client.login(greet=False)
        if protocol == "imap":
            client.ok("SELECT INBOX")
        return client

    def exchange(self, protocol, client):
        """One message by that client, who has entered."""
        if protocol == "smtp":
            expect_equal(client.deliver(MESSAGE).code, 250, "a healthy delivery")
        else:
            got = client.retrieve(1) if protocol == "pop3" else client.fetch(1)
            expect(got == self.messages[0], f"a healthy message by {protocol}", got[:300])

    def healthy(self, protocol, **options):
        client = self.enter(protocol, **options)
        self.exchange(protocol, client)
        client.logout() if protocol == "imap" else client.quit()

    def healthy_all(self, **options):
        for protocol in PROTOCOLS:
            self.healthy(protocol, **options)

    def wait_idle(self):
        """No server has a connection any more."""
        for upstream in self.upstreams.values():
            upstream.wait_idle()

    def pids(self, kind=None):
        """Of one kind of process, or of all."""
        return self.gatepost.processes(kind) if kind else [self.gatepost.process.pid, *self.gatepost.children()]

    def descriptors(self, kind=None):
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in self.pids(kind))

    def wait_descriptors(self, most, patience=20):
        """Until no more are open: they go a moment after the peer has seen the end."""
        until = time.monotonic() + patience
        while (count := self.descriptors()) > most:
            expect(time.monotonic() < until, "descriptors", count, most)
            time.sleep(0.01)

    def resident(self, kind=None):
        """Octets."""
        total = 0
        for pid in self.pids(kind):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/statm", encoding="ascii") as f:
                total += int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return total
