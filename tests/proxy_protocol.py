#!/usr/bin/python3
"""Who the client is, told by the PROXY protocol in both versions and by
XCLIENT, and believed only of those who may tell it.

    GATEPOST=src/gatepost python3 tests/proxy_protocol.py [WORD…]"""

import ipaddress
import os
import socket
import ssl
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import PATIENCE, Tests, expect, expect_equal  # noqa: E402

tests = Tests()

MESSAGE = b"Subject: hello\r\n\r\ngood day\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOCALHOST = ["127.0.0.0/8"]


def header_v1(source="192.0.2.7", destination="198.51.100.1", source_port=56324, destination_port=25):
    family = "TCP6" if ":" in source else "TCP4"
    return f"PROXY {family} {source} {destination} {source_port} {destination_port}\r\n".encode()


def header_v2(source="192.0.2.7", destination="198.51.100.1", source_port=56324, destination_port=25, command=1, extra=b""):
    addresses = [ipaddress.ip_address(a) for a in (source, destination)]
    body = b"".join(a.packed for a in addresses) + struct.pack("!HH", source_port, destination_port) + extra
    return SIGNATURE + struct.pack("!BBH", 0x20 | command, 0x11 if addresses[0].version == 4 else 0x21, len(body)) + body


def read_v1(session):
    """(source address, source port) of the header before the session."""
    words = session.line().split()
    assert words[:1] == [b"PROXY"] and len(words) == 6, words
    return words[2].decode(), int(words[4])


def read_v2(session):
    start = session.take(16)
    assert start[:12] == SIGNATURE and start[12] == 0x21, start
    body = session.take(struct.unpack("!H", start[14:])[0])
    size = 4 if start[13] == 0x11 else 16
    return str(ipaddress.ip_address(body[:size])), struct.unpack("!H", body[2 * size:2 * size + 2])[0]


def start(t, upstream=None, trusted=LOCALHOST, **out):
    return t.gatepost(upstream or t.upstream(), {"upstreams": {"mta": out}}, {"proxy_protocol": trusted})


def deliver(client):
    client.greet()
    expect_equal(client.deliver(MESSAGE).code, 250, "a delivery")
    client.quit()


# In.

def believed(header, address, cuts):
    def test(t):
        gatepost = start(t)
        client = t.client(gatepost)
        for at in range(0, len(header), cuts):
            client.send(header[at:at + cuts])
        deliver(client)
        expect_equal(gatepost.wait_event("message")["client"], address, "the client in the log")
    return test


HEADERS = [
    ("v1", header_v1(), "192.0.2.7"),
    ("v1, IPv6", header_v1("2001:db8::7", "2001:db8::1"), "2001:db8::7"),
    ("v1, UNKNOWN", b"PROXY UNKNOWN\r\n", "127.0.0.1"),
    ("v2", header_v2(), "192.0.2.7"),
    ("v2, IPv6", header_v2("2001:db8::7", "2001:db8::1"), "2001:db8::7"),
    ("v2, with more in it", header_v2(extra=b"\x04\0\x03abc"), "192.0.2.7"),
    ("v2, LOCAL", header_v2(command=0), "127.0.0.1"),
]
for name, header, address in HEADERS:
    tests.add(f"in: {name}", believed(header, address, len(header)))
    tests.add(f"in: {name}, byte by byte", believed(header, address, 1))


def refused(header):
    """No session begins, and the upstream hears of none."""
    def test(t):
        upstream = t.upstream()
        client = t.client(start(t, upstream))
        try:
            client.send(header)
            client.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        expect(b"220" not in client.until_closed(), "greeted")
        expect(not any(s.commands for s in upstream.sessions), "commands at the upstream")
    return test


for name, header in [
    ("none at all", b"EHLO x\r\n"),
    ("v1, cut off", b"PROXY TCP4 192.0.2.7"),
    ("v1, no address", b"PROXY TCP4 192.0.2.777 198.51.100.1 1 25\r\n"),
    ("v1, a port too high", b"PROXY TCP4 192.0.2.7 198.51.100.1 65536 25\r\n"),
    ("v1, endless", b"PROXY TCP4 " + b"1" * 10000),
    ("v1, ending in LF", header_v1().replace(b"\r\n", b"\n") + b"EHLO x\r\n"),
    ("v1, IPv6 called TCP4", header_v1("2001:db8::7").replace(b"TCP6", b"TCP4")),
    ("v2, too short for its addresses", SIGNATURE + b"\x21\x11\0\x04\x7f\0\0\1"),
    ("v2, of a version 3", header_v2().replace(b"\x21\x11", b"\x31\x11")),
    ("v2, longer than is read", SIGNATURE + b"\x21\x11\xff\xff" + b"\0" * 65535),
    ("v2, cut off", header_v2()[:-3]),
]:
    tests.add(f"in: refused: {name}", refused(header))


@tests
def spoofed(t):
    "in: a PROXY header of a peer that is not trusted is a bad command, and not believed"
    gatepost = start(t, trusted=["192.0.2.0/24"])
    client = t.client(gatepost)
    expect_equal(client.reply().code, 220, "greeting")
    expect_equal(client.command(header_v1().strip()).code, 500, "the header")
    client.ehlo()
    expect_equal(client.deliver(MESSAGE).code, 250, "a delivery")
    expect_equal(gatepost.wait_event("message")["client"], "127.0.0.1", "the client in the log")


@tests
def spoofed_v2(t):
    "in: the same in version 2"
    upstream = t.upstream()
    gatepost = start(t, upstream, trusted=["192.0.2.0/24"])
    client = t.client(gatepost)
    expect_equal(client.reply().code, 220, "greeting")
    client.send(header_v2() + b"\r\nQUIT\r\n")
    replies = client.replies_until_closed()
    expect(replies and all(r.code in (500, 501, 221, 421) for r in replies), "replies", replies)
    upstream.wait_idle()
    expect(all(c == b"QUIT" for c in upstream.sessions[0].commands), "commands at the upstream")


@tests
def second_header(t):
    "in: a second header is a bad command"
    gatepost = start(t)
    client = t.client(gatepost)
    client.send(header_v1("192.0.2.7"))
    expect_equal(client.reply().code, 220, "greeting")
    expect_equal(client.command(header_v1("203.0.113.9").strip()).code, 500, "the second header")
    client.ehlo()
    expect_equal(client.deliver(MESSAGE).code, 250, "a delivery")
    expect_equal(gatepost.wait_event("message")["client"], "192.0.2.7", "the client in the log")


@tests
def before_tls(t):
    "in: the header comes before an implicit TLS handshake"
    gatepost = t.gatepost(t.upstream(), listener={"proxy_protocol": LOCALHOST, "tls": t.certificates.yaml(mode="implicit")})
    client = t.client(gatepost)
    client.send(header_v2())
    client.wrap(t.certificates.client_context())
    deliver(client)
    expect_equal(gatepost.wait_event("message")["client"], "192.0.2.7", "the client in the log")


@tests
def with_client_hello(t):
    "in: the header and the ClientHello in one segment"
    gatepost = t.gatepost(t.upstream(), listener={"proxy_protocol": LOCALHOST, "tls": t.certificates.yaml(mode="implicit")})
    client = t.client(gatepost)
    inside, outside = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = t.certificates.client_context().wrap_bio(inside, outside, server_hostname="localhost")
    pending, greeting, secure = header_v1(), b"", False
    while not greeting:
        try:
            if not secure:
                tls.do_handshake()
                secure = True
            greeting = tls.read()
        except ssl.SSLWantReadError:
            client.send(pending + outside.read())
            pending = b""
            inside.write(client.socket.recv(65536) or b"closed")
    expect(greeting.startswith(b"220 "), "greeting", greeting)


# Out.

def told(version, read, header, expected):
    def test(t):
        seen = []
        upstream = t.upstream(script=lambda s: (seen.append(read(s)), s.serve()))
        gatepost = start(t, upstream, trusted=LOCALHOST if header else [], proxy_protocol=version)
        client = t.client(gatepost)
        client.send(header)
        own = (expected, 56324) if header else client.socket.getsockname()
        deliver(client)
        expect_equal(seen, [own], "the header that the upstream got")
    return test


for version, read in (("v1", read_v1), ("v2", read_v2)):
    tests.add(f"out: {version}: the client's own address", told(version, read, b"", "127.0.0.1"))
    tests.add(f"out: {version}: the address that a trusted peer told",
              told(version, read, header_v1(), "192.0.2.7"))
    tests.add(f"out: {version}: IPv6", told(version, read, header_v2("2001:db8::7", "2001:db8::1"), "2001:db8::7"))


@tests
def out_before_tls(t):
    "out: the header comes before TLS"
    context, seen = t.certificates.server_context(), []

    def script(session):
        seen.append(read_v2(session)[0])
        session.start_tls()
        session.serve()
    upstream = t.upstream(script=script, context=context)
    tls = {"mode": "implicit", "verify": "none"}
    gatepost = start(t, upstream, trusted=[], proxy_protocol="v2", tls=tls)
    deliver(t.client(gatepost))
    expect_equal(seen, ["127.0.0.1"], "addresses")


FAREWELLS = {"smtp": b"421 4.3.2 too many connections", "pop3": b"-ERR [SYS/TEMP] too many connections",
             "imap": b"* BYE too many connections"}


@tests
def limit_of_named_clients(t):
    "limits.connections_per_client counts clients as a balancer names them, and tells each in his protocol's words"
    for protocol, farewell in FAREWELLS.items():
        make, upstream = {"smtp": (t.gatepost, t.upstream), "pop3": (t.pop3_gatepost, t.pop3_upstream),
                          "imap": (t.imap_gatepost, t.imap_upstream)}[protocol]
        gatepost = make(upstream(), {"limits": {"connections_per_client": 2}}, {"proxy_protocol": LOCALHOST})

        def hello(source):
            connection = socket.create_connection(gatepost.address, PATIENCE)
            t.callback(connection.close)
            connection.sendall(header_v1(source))
            return connection, connection.makefile("rb").readline()
        held = [hello(source) for source in ("192.0.2.1", "192.0.2.2", "2001:db8::1", "192.0.2.1", "192.0.2.2")]
        expect(not any(farewell in said for _, said in held), protocol, "turned away", held)
        connection, said = hello("192.0.2.1")
        expect(said.startswith(farewell), protocol, "over the limit", said)
        expect_equal(connection.recv(100), b"", "after it")
        gatepost.wait_event("connections", msg="connections_per_client is reached: 192.0.2.1 is turned away")
        ended = len(gatepost.events("step", step="^close$"))
        held[0][0].close()
        gatepost.wait_event("step", ended + 1, step="^close$")
        expect(farewell not in hello("192.0.2.1")[1], protocol, "after another has left")


# XCLIENT.

@tests
def xclient(t):
    "XCLIENT tells the client's address where it is offered and configured"
    upstream = t.upstream(keywords=["XCLIENT NAME ADDR PORT PROTO HELO LOGIN", "8BITMIME"])
    gatepost = start(t, upstream, xclient=True)
    client = t.client(gatepost)
    client.send(header_v1())
    offered = client.greet()
    expect("XCLIENT" not in offered and "8BITMIME" in offered, "offered", offered)
    expect_equal(client.deliver(MESSAGE).code, 250, "a delivery")
    said = upstream.sessions[0].xclient
    expect_equal(len(said), 1, "times")
    expect(b" ADDR=192.0.2.7" in said[0], "said", said)
    order = [c.split()[0] for c in upstream.sessions[0].commands]
    expect_equal(order[:3], [b"EHLO", b"XCLIENT", b"EHLO"], "commands at the upstream")


@tests
def xclient_ipv6(t):
    "XCLIENT: IPv6 addresses have their prefix"
    upstream = t.upstream(keywords=["XCLIENT ADDR"])
    client = t.client(start(t, upstream, xclient=True))
    client.send(header_v1("2001:db8::7", "2001:db8::1"))
    deliver(client)
    expect(b" ADDR=IPV6:2001:db8::7" in upstream.sessions[0].xclient[0], "said", upstream.sessions[0].xclient)


@tests
def xclient_attributes(t):
    "XCLIENT: only attributes that are offered are sent"
    upstream = t.upstream(keywords=["XCLIENT ADDR"])
    client = t.client(t.gatepost(upstream, {"upstreams": {"mta": {"xclient": True}}}))
    deliver(client)
    attributes = [a.split(b"=")[0] for a in upstream.sessions[0].xclient[0].split()[1:]]
    expect_equal(attributes, [b"ADDR"], "attributes")


@tests
def xclient_names(t):
    "XCLIENT: the server is not left to hold gatepost's own name for the client's"
    upstream = t.upstream(keywords=["XCLIENT NAME ADDR REVERSE_NAME"])
    client = t.client(start(t, upstream, xclient=True))
    client.send(header_v1())
    deliver(client)
    expect_equal(sorted(upstream.sessions[0].xclient[0].split()[1:]),
                 [b"ADDR=192.0.2.7", b"NAME=[UNAVAILABLE]", b"REVERSE_NAME=[UNAVAILABLE]"], "attributes")


@tests
def xclient_unix(t):
    "XCLIENT: who came by a UNIX socket has no address"
    upstream = t.upstream(keywords=["XCLIENT ADDR PORT"])
    gatepost = t.gatepost(upstream, {"upstreams": {"mta": {"xclient": True}}}, {"address": "unix:smtp"})
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        client.connect(os.path.join(gatepost.folder, "smtp"))
        expect_equal(client.makefile("rb").readline()[:4], b"220 ", "the greeting")
    expect_equal(upstream.sessions[0].xclient, [b"XCLIENT ADDR=[UNAVAILABLE] PORT=[UNAVAILABLE]"], "said")


@tests
def xclient_not_configured(t):
    "XCLIENT is not used unless it is configured"
    upstream = t.upstream(keywords=["XCLIENT ADDR"])
    deliver(t.client(t.gatepost(upstream)))
    expect_equal(upstream.sessions[0].xclient, [], "said")


@tests
def xclient_not_offered(t):
    "XCLIENT configured and not offered: nothing passes in gatepost's name, and the log says why"
    upstream = t.upstream(keywords=["8BITMIME"])
    gatepost = t.gatepost(upstream, {"upstreams": {"mta": {"xclient": True}}})
    expect_equal([r.code for r in t.client(gatepost).replies_until_closed()], [421], "replies")
    gatepost.wait_event("upstream", msg="XCLIENT is not offered")


@tests
def xclient_not_understood(t):
    "XCLIENT whose address the server does not understand: the client comes again, and the log has the server's words"
    upstream = t.upstream(keywords=["XCLIENT ADDR"], replies={"XCLIENT": b"501 5.5.4 Bad ADDR syntax\r\n"})
    gatepost = t.gatepost(upstream, {"upstreams": {"mta": {"xclient": True}}})
    expect_equal([r.code for r in t.client(gatepost).replies_until_closed()], [421], "replies")
    gatepost.wait_event("upstream", msg="501 5.5.4 Bad ADDR syntax")


@tests
def xclient_refused(t):
    "XCLIENT refused by the upstream: the client is told, and nothing passes under a wrong address"
    upstream = t.upstream(keywords=["XCLIENT ADDR"], replies={"XCLIENT": b"550 5.7.0 not for you\r\n"})
    client = t.client(t.gatepost(upstream, {"upstreams": {"mta": {"xclient": True}}}))
    replies = client.replies_until_closed()
    expect(replies and replies[0].code >= 400, "replies", replies)
    expect_equal(upstream.messages, [], "messages")


@tests
def xclient_greeting_refused(t):
    "XCLIENT: a refusing greeting after it is the client's"
    upstream = t.upstream(keywords=["XCLIENT ADDR"], replies={"XCLIENT": b"554 5.7.1 not from there\r\n"})
    client = t.client(t.gatepost(upstream, {"upstreams": {"mta": {"xclient": True}}}))
    expect_equal(client.reply().text, "5.7.1 not from there", "reply")


tests.run()
