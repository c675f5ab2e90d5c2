#!/usr/bin/python3
"""TLS on either side: every combination of modes, whom gatepost believes
upstream, and what it shows to clients.

    GATEPOST=src/gatepost python3 tests/tls.py [WORD…]"""

import os
import shutil
import signal
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import PATIENCE, Skip, Tests, expect, expect_equal  # noqa: E402

tests = Tests()

MESSAGE = b"Subject: hello\r\n\r\ngood day\r\n"
PROXIES = 2
MODES = ("none", "starttls", "implicit")


def start(t, upstream, upstream_tls, listener_tls=None):
    mta = {"address": "localhost:%d" % upstream.address[1], "tls": upstream_tls}
    return t.gatepost(upstream, {"upstreams": {"mta": mta}, "run": {"proxies": PROXIES}},
                      {"tls": listener_tls} if listener_tls else None)


def connect(t, gatepost, mode, context=None, name=None):
    """A client that has said EHLO, by TLS if that is the mode."""
    context = context or t.certificates.client_context()
    client = t.client(gatepost, tls=context if mode == "implicit" else None, server_name=name)
    client.greet()
    if mode == "starttls":
        client.starttls(context, name)
        client.ehlo()
    return client


def combination(outside, inside):
    def test(t):
        upstream = t.upstream(tls=inside, context=t.certificates.server_context())
        settings = {"mode": inside, "verify": "full", "ca": t.certificates.ca()} if inside != "none" else {"mode": inside}
        gatepost = start(t, upstream, settings, t.certificates.yaml(mode=outside) if outside != "none" else None)
        client = connect(t, gatepost, outside)
        expect_equal(isinstance(client.socket, ssl.SSLSocket), outside != "none", "the client's TLS")
        expect_equal(client.deliver(MESSAGE).code, 250, "a delivery")
        message = upstream.wait_message()
        expect_equal(message.data, MESSAGE, "message")
        expect_equal(message.session.plain is not None, inside != "none", "the upstream's TLS")
        expect(message.session.plain is None or b"MAIL" not in message.session.plain, "MAIL in plaintext")
        client.send(b"QUIT\r\n")
        expect_equal(client.reply().code, 221, "QUIT")
        line = gatepost.wait_event("message")
        expect_equal("tls" in line, outside != "none", "TLS in the log")
    return test


for outside in MODES:
    for inside in MODES:
        tests.add(f"client {outside}, upstream {inside}", combination(outside, inside))


# Whom gatepost believes.

def verification(certificate, settings, accepted, mode="implicit"):
    def test(t):
        upstream = t.upstream(tls=mode, context=t.certificates.server_context(certificate))
        tls = {"mode": mode, **settings(t.certificates)}
        client = t.client(start(t, upstream, tls))
        reply = client.reply()
        if accepted:
            expect_equal(reply.code, 220, "greeting")
            client.ehlo()
            expect_equal(client.deliver(MESSAGE).code, 250, "a delivery")
            return
        expect(reply.code == 421 and reply.status[:3] in ("4.7", "4.4"), "refusal", reply)
        expect_equal(client.until_closed(), b"", "after it")
        upstream.wait_idle()
        for session in upstream.sessions:
            words = {c.split()[0] for c in session.commands}
            expect(words <= {b"EHLO", b"STARTTLS", b"QUIT"}, "said", session.commands)
            expect(mode == "starttls" or not session.received, "sent unprotected", session.received)
    return test


def full(certificates, **more):
    return {"verify": "full", "ca": certificates.ca(), **more}


VERIFICATIONS = [
    ("a certificate of the CA, by its name", "server", full, True),
    ("RSA", "rsa", full, True),
    ("server_name chooses the name", "other", lambda c: full(c, server_name="other.example.net"), True),
    ("a certificate of another name", "other", full, False),
    ("an expired certificate", "expired", full, False),
    ("a certificate of a stranger", "untrusted", full, False),
    ("a stranger's, without verification", "untrusted", lambda c: {"verify": "none"}, True),
    ("the right fingerprint", "untrusted",
     lambda c: {"verify": "fingerprint", "fingerprint": [c.fingerprint("untrusted")]}, True),
    ("one of two fingerprints", "server",
     lambda c: {"verify": "fingerprint", "fingerprint": [c.fingerprint("other"), c.fingerprint("server")]}, True),
    ("the wrong fingerprint, of a good certificate", "server",
     lambda c: {"verify": "fingerprint", "fingerprint": [c.fingerprint("other")]}, False),
]
for what, certificate, settings, accepted in VERIFICATIONS:
    for mode in ("implicit", "starttls"):
        tests.add(f"L10: upstream by {mode}: {what}: {'believed' if accepted else 'refused'}",
                  verification(certificate, settings, accepted, mode))


@tests
def believed_by_system_only(t):
    "L10: without a CA in the configuration the system's count, and ours is none of them"
    verification("server", lambda c: {"verify": "full"}, False)(t)


@tests
def upstream_speaks_plaintext(t):
    "an upstream that speaks plaintext where TLS is configured gets nothing"
    upstream = t.upstream()
    client = t.client(start(t, upstream, {"mode": "implicit", "verify": "none"}))
    expect_equal(client.reply().code, 421, "reply")
    upstream.wait_idle()
    expect_equal(upstream.sessions[0].commands, [], "commands at the upstream")


@tests
def upstream_silent_in_handshake(t):
    "R08: an upstream that never answers the ClientHello is left after timeouts.tls_handshake"
    upstream = t.upstream(script=lambda s: s.hang())
    changes = {"upstreams": {"mta": {"tls": {"mode": "implicit", "verify": "none"}}}, "timeouts": {"tls_handshake": "200ms"}}
    client = t.client(t.gatepost(upstream, changes))
    expect_equal(client.reply().code, 421, "reply")


# What gatepost shows.

def peer_name(client):
    return dict(pair for group in client.socket.getpeercert()["subject"] for pair in group)["commonName"]


def two_certificates(t, mode):
    pairs = [dict(zip(("certificate", "key"), t.certificates.pair(name))) for name in ("server", "other")]
    return t.gatepost(t.upstream(), listener={"tls": {"mode": mode, "certificates": pairs}})


def sni(mode):
    def test(t):
        gatepost = two_certificates(t, mode)
        for name, shown in [("localhost", "localhost"), ("mx.example.org", "localhost"),
                            ("other.example.net", "other.example.net"), ("OTHER.example.net", "other.example.net")]:
            expect_equal(peer_name(connect(t, gatepost, mode, name=name)), shown, name)
        lenient = t.certificates.client_context()
        lenient.check_hostname = False
        expect_equal(peer_name(connect(t, gatepost, mode, lenient, "unknown.example.com")), "localhost", "an unknown name")
    return test


for mode in ("starttls", "implicit"):
    tests.add(f"the certificate is chosen by SNI, {mode}", sni(mode))


def resumption(version, single):
    def test(t):
        gatepost = t.gatepost(t.upstream(), {"run": {"proxies": PROXIES}}, {"tls": t.certificates.yaml(mode="implicit")},
                              single=single)
        context = t.certificates.client_context()
        context.maximum_version = context.minimum_version = version
        first = t.client(gatepost, tls=context)
        first.greet()
        session = first.socket.session
        first.quit()
        for _ in range(4):  # with several proxies some of these are another's
            again = t.client(gatepost)
            again.wrap(context, session=session)
            again.greet()
            expect(again.socket.session_reused, "not resumed")
            session = again.socket.session
            again.quit()
    return test


for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
    for single in (True, False):
        tests.add(f"a session is resumed, {version.name}, {'one process' if single else 'by any proxy'}",
                  resumption(version, single))


@tests
def upstream_resumption(t):
    "a session with the upstream is resumed"
    resumed = []
    context = t.certificates.server_context()
    upstream = t.upstream(tls="implicit", context=context,
                          replies={"NOOP": lambda s, _: resumed.append(s.socket.session_reused) or b"250 ok\r\n"})
    gatepost = start(t, upstream, {"mode": "implicit", "verify": "full", "ca": t.certificates.ca()})
    for _ in range(PROXIES + 1):  # each proxy has sessions of its own
        client = connect(t, gatepost, "none")
        expect_equal(client.command("NOOP").code, 250, "NOOP")
        client.quit()
    expect(not resumed[0] and any(resumed), "resumed", resumed)


def legacy_client(gatepost):
    """What s_client of TLS 1.0, at OpenSSL's lowest security level, hears when it
    speaks too early: a 554, if it comes that far."""
    command = ["openssl", "s_client", "-connect", "%s:%d" % gatepost.address, "-tls1", "-cipher", "ALL:@SECLEVEL=0",
               "-quiet"]
    done = subprocess.run(command, input=b"NOOP\r\nQUIT\r\n", capture_output=True, timeout=PATIENCE, check=False)
    return done.stdout + done.stderr


@tests
def legacy_refused(t):
    "TLS 1.0 is refused unless the configuration says otherwise"
    gatepost = t.gatepost(t.upstream(), listener={"tls": t.certificates.yaml("rsa", mode="implicit")})
    output = legacy_client(gatepost)
    expect(b"220 " not in output and b"554 " not in output, "served", output)


@tests
def legacy_allowed(t):
    "TLS 1.0 for the one listener that allows it"
    tls = t.certificates.yaml("rsa", mode="implicit", min_version="TLSv1")
    gatepost = t.gatepost(t.upstream(), listener={"tls": tls})
    output = legacy_client(gatepost)
    if b"no protocols available" in output or b"unsupported protocol" in output:
        raise Skip("this OpenSSL has no TLS 1.0")
    expect(b"220 " in output or b"554 " in output, "not served", output)
    expect_equal(connect(t, gatepost, "implicit").socket.version(), "TLSv1.3", "and a new client")


@tests
def version_and_ciphers(t):
    "max_version and ciphers are obeyed"
    tls = t.certificates.yaml("rsa", mode="implicit", max_version="TLSv1.2", ciphers="ECDHE-RSA-AES256-GCM-SHA384")
    client = connect(t, t.gatepost(t.upstream(), listener={"tls": tls}), "implicit")
    expect_equal((client.socket.version(), client.socket.cipher()[0]), ("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384"), "TLS")


@tests
def handshake_deadline(t):
    "R01: a client that never finishes its handshake is left after timeouts.tls_handshake"
    gatepost = t.gatepost(t.upstream(), {"timeouts": {"tls_handshake": "200ms"}},
                          {"tls": t.certificates.yaml(mode="implicit")})
    client = t.client(gatepost)
    client.send(b"\x16\x03\x01\x02\x00\x01")
    client.until_closed()


# Reload.

def with_certificate(t, single):
    """A gatepost whose certificate lies in its own folder."""
    folder = t.folder()
    files = [os.path.join(folder, name) for name in ("cert.pem", "key.pem")]
    install(t, "server", files)
    tls = {"mode": "implicit", "certificate": files[0], "key": files[1]}
    return t.gatepost(t.upstream(), listener={"tls": tls}, single=single), files


def install(t, name, files):
    for source, target in zip(t.certificates.pair(name), files):
        shutil.copy(source, target)


def serial(client):
    return client.socket.getpeercert()["serialNumber"]


@tests
def reload_certificate(t):
    "SIGHUP: new connections get the new certificate; a message under way is finished by the old"
    gatepost, files = with_certificate(t, single=False)
    before = connect(t, gatepost, "implicit")
    before.envelope()
    expect_equal(before.command("DATA").code, 354, "DATA")
    install(t, "renewed", files)
    gatepost.signal(signal.SIGHUP)
    gatepost.wait_event("reload", level="info")
    after = connect(t, gatepost, "implicit")
    expect(serial(after) != serial(before), "the old certificate")
    expect_equal(after.deliver(MESSAGE).code, 250, "a new delivery")
    before.send(MESSAGE + b".\r\n")
    expect_equal(before.reply().code, 250, "the message under way")


@tests
def reload_broken_certificate(t):
    "SIGHUP with a certificate that cannot be read changes nothing"
    gatepost, files = with_certificate(t, single=False)
    before = connect(t, gatepost, "implicit")
    with open(files[0], "w", encoding="ascii") as f:
        f.write("no certificate")
    gatepost.signal(signal.SIGHUP)
    gatepost.wait_event("reload", level="error")
    after = connect(t, gatepost, "implicit")
    expect_equal(serial(after), serial(before), "certificate")
    expect_equal(after.deliver(MESSAGE).code, 250, "a delivery")


tests.run()
