#!/usr/bin/python3
"""Interception: a client connects to a mail server, and gatepost on the way
takes the connection, by nftables' REDIRECT or TPROXY. Needs root.

    GATEPOST=src/gatepost python3 tests/intercept.py [WORD…]"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import Tests, expect, expect_equal, free_port  # noqa: E402
from namespaces import ANOTHER, CLIENT, SERVER, Network  # noqa: E402
from pop3_mail import BANNED, PROGRAM  # noqa: E402

tests = Tests()

MESSAGE = b"Subject: hello\r\n\r\ngood day\r\n"


def start(t, how):
    """(network, upstream at the server's port 25, gatepost between)."""
    network, port = Network(t), free_port()
    upstream = t.upstream(listener=network.listen(), keywords=["PIPELINING", "XCLIENT ADDR", "XFORWARD NAME"])
    getattr(network, how)(port)
    gatepost = t.gatepost(upstream, {"log": {"level": "info"}},
                          {"intercept": how, "address": f"*:{port}", "upstream": None},
                          single=False, prefix=["ip", "netns", "exec", network.middle])
    return network, upstream, gatepost


def connect(t, network):
    """The client speaks to the server, or so it believes."""
    with network.inside(network.client):
        return t.client((SERVER, 25))


def delivered(how):
    def test(t):
        network, upstream, gatepost = start(t, how)
        client = connect(t, network)
        offered = client.greet()
        expect("XCLIENT" not in offered and "XFORWARD" not in offered, "gatepost is not between", offered)
        expect_equal(client.deliver(MESSAGE).code, 250, "a delivery")
        expect_equal(client.deliver(b"Subject: please reject\r\n\r\nx\r\n").code, 554, "a rejection")
        expect_equal([m.data for m in upstream.messages], [MESSAGE], "messages")
        expect_equal(gatepost.wait_event("message")["client"], CLIENT, "the client in the log")
        peer = upstream.sessions[0].socket.getpeername()[0]
        if how == "tproxy":
            expect_equal(peer, CLIENT, "the address that the server sees")
        else:
            expect_equal(peer, "10.99.2.1", "the address that the server sees")
        client.quit()
    return test


for how in ("redirect", "tproxy"):
    tests.add(f"{how}: the original destination is the upstream", delivered(how))


def directly(how):
    """Whoever connects to gatepost itself must not make it call itself."""
    def test(t):
        network, upstream, gatepost = start(t, how)
        with network.inside(network.middle):
            client = t.client(("127.0.0.1", gatepost.address_of(0)[1]))
        replies = client.replies_until_closed()
        expect([r.code for r in replies] in ([], [421]), "replies", replies)
        expect_equal(upstream.sessions, [], "connections to the server")
        healthy = connect(t, network)
        healthy.greet()
        expect_equal(healthy.deliver(MESSAGE).code, 250, "a healthy delivery")
    return test


for how in ("redirect", "tproxy"):
    tests.add(f"{how}: a connection to gatepost itself is no loop", directly(how))


@tests
def users_of_two_servers(t):
    "IMAP: what a user was shown at one server is not what one of the same name is shown at another"
    network, port = Network(t), free_port()
    network.redirect(port)
    upstream = t.imap_upstream([MESSAGE], listener=network.listen())
    t.imap_upstream([BANNED], listener=network.listen_at_another())
    gatepost = t.imap_gatepost(upstream, {"log": {"level": "info"}},
                               {"intercept": "redirect", "address": f"*:{port}", "upstream": None},
                               rules="rules:\n- { name: STRIP, when: { attachment: { extension: [exe] } }, then: strip }\n",
                               single=False, prefix=["ip", "netns", "exec", network.middle])
    shown = []
    for address in (SERVER, ANOTHER):
        with network.inside(network.client):
            client = t.imap_client((address, 25))
        client.login()
        client.ok("SELECT INBOX")
        shown.append(client.fetch(1))
        client.logout()
    expect_equal(shown[0], MESSAGE, "at the first")
    expect(PROGRAM not in shown[1], "the program at the second", shown[1])
    gatepost.wait_event("message", 2)


@tests
def server_absent(t):
    "redirect: a destination where nobody listens is a 421"
    network, upstream, _ = start(t, "redirect")
    upstream.stop()
    client = connect(t, network)
    expect_equal(client.reply().code, 421, "reply")


tests.run()
