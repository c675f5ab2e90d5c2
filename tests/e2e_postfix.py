#!/usr/bin/python3
"""gatepost before a real Postfix: deliveries by real clients, and a thousand
messages of many shapes that must arrive as they were sent.

    GATEPOST=src/gatepost python3 tests/e2e_postfix.py [WORD…]

With GATEPOST=none the clients speak to Postfix directly, which tests the tests."""

import os
import queue
import smtplib
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import GATEPOST, PATIENCE, Skip, Tests, expect, expect_equal  # noqa: E402
from messages import Maker  # noqa: E402
from postfix import Postfix  # noqa: E402
from quarantine_command import hold, listed, ok, refused, state  # noqa: E402

tests = Tests()

MESSAGES = 1000
CONNECTIONS = 8
TEXT = b"From: sender@example.org\nTo: x@example.org\nSubject: hello\n\n.good day\n..\nbye\n"


def start(t, tls=None, xclient=""):
    """(Postfix, the address to deliver to)."""
    if GATEPOST == "none" and tls:
        raise Skip("TLS is gatepost's")
    postfix = Postfix(t.folder(), xclient)
    t.callback(postfix.stop)
    if GATEPOST == "none":
        return postfix, postfix.address
    gatepost = t.gatepost(postfix.address, {"log": {"level": "info"}}, {"tls": tls} if tls else None, single=False)
    return postfix, gatepost.address


def wait_mails(postfix, wanted):
    """Waits until Postfix has delivered to all these recipients. The Maildir
    has no event to wait for but its change."""
    changed = threading.Event()
    for _ in range(int(PATIENCE * 10)):
        mails = postfix.mails()
        if wanted <= set(mails):
            return mails
        postfix.flush()
        changed.wait(0.1)
    missing = sorted(wanted - set(mails))
    raise AssertionError(f"{len(missing)} mails did not arrive: {missing[:5]}\n{postfix.log()[-2000:]}")


def run(command, stdin=b"", **options):
    try:
        done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE,
                              check=False, **options)
    except FileNotFoundError as missing:
        raise Skip(f"{missing.filename} is not installed") from missing
    expect_equal(done.returncode, 0, f"{command[0]}: {done.stdout.decode(errors='replace')}")


def by_swaks(t, host, port, recipient, tls):
    run(["swaks", "--server", f"{host}:{port}", "--from", "sender@example.org", "--to", recipient, "--data", "-",
         "--helo", "client.example.org", *(["--tls"] if tls == "starttls" else ["--tls-on-connect"] if tls else [])],
        TEXT)


def by_curl(t, host, port, recipient, tls):
    source = os.path.join(t.folder(), "message")
    with open(source, "wb") as f:
        f.write(TEXT.replace(b"\n", b"\r\n"))
    scheme = "smtps" if tls == "implicit" else "smtp"
    run(["curl", "-sS", "--url", f"{scheme}://localhost:{port}/client.example.org", "--mail-from", "sender@example.org",
         "--mail-rcpt", recipient, "--upload-file", source,
         *(["--ssl-reqd"] if tls == "starttls" else []), *(["--cacert", t.certificates.ca()] if tls else [])])


def by_msmtp(t, host, port, recipient, tls):
    options = ["--tls=on", f"--tls-starttls={'on' if tls == 'starttls' else 'off'}",
               f"--tls-trust-file={t.certificates.ca()}"] if tls else ["--tls=off"]
    run(["msmtp", "--file=/dev/null", "--host=localhost", f"--port={port}", "--from=sender@example.org", "--auth=off",
         *options, recipient], TEXT)


def by_smtplib(t, host, port, recipient, tls):
    context = t.certificates.client_context()
    if tls == "implicit":
        client = smtplib.SMTP_SSL("localhost", port, timeout=PATIENCE, context=context)
    else:
        client = smtplib.SMTP("localhost", port, timeout=PATIENCE)
    with client:
        if tls == "starttls":
            client.starttls(context=context)
        client.sendmail("sender@example.org", [recipient], TEXT.replace(b"\n", b"\r\n"))


def delivery(send, tls):
    def test(t):
        postfix, (host, port) = start(t, t.certificates.yaml(mode=tls) if tls else None)
        recipient = "someone@example.org"
        send(t, host, port, recipient, tls)
        arrived = wait_mails(postfix, {recipient})[recipient]
        body = TEXT.split(b"\n\n", 1)[1]
        expect(arrived.rstrip().endswith(body.rstrip()), "body", arrived)
    return test


for name, send in [("swaks", by_swaks), ("curl", by_curl), ("msmtp", by_msmtp), ("smtplib", by_smtplib)]:
    for tls in (None, "starttls", "implicit"):
        tests.add(f"{name}, {tls or 'no TLS'}", delivery(send, tls))


@tests
def held_back(t):
    "what a rule rejects never reaches Postfix, and the client hears the rule's reply"
    if GATEPOST == "none":
        raise Skip("it is gatepost that rejects")
    postfix, (host, port) = start(t)
    with smtplib.SMTP(host, port, timeout=PATIENCE) as client:
        try:
            client.sendmail("sender@example.org", ["bad@example.org"], "Subject: please reject\r\n\r\nx\r\n")
            raise AssertionError("it was accepted")
        except smtplib.SMTPDataError as error:
            expect_equal((error.smtp_code, error.smtp_error), (554, b"5.7.1 not this one"), "reply")
        client.sendmail("sender@example.org", ["good@example.org"], "Subject: fine\r\n\r\nx\r\n")
    mails = wait_mails(postfix, {"good@example.org"})
    expect_equal(set(mails), {"good@example.org"}, "mails")


PLEASE = b"Subject: please quarantine\r\n"
HELD = {  # recipient: sender, parameters of MAIL, message
    "dots@example.org": ("s@example.org", "", PLEASE + b"\r\n.\r\n..\r\n.x\r\n\r\n...\r\n"),
    "eight@example.org": ("s@example.org", " BODY=8BITMIME", PLEASE + b"\r\nM\xc3\xbcsli \xe4\xff\r\n"),
    "m\u00fcsli@example.org": ("gr\u00fc\u00dfe@example.org", " SMTPUTF8", PLEASE + "X-Name: Gr\u00fc\u00dfe\r\n\r\nx\r\n".encode()),
    "bounce@example.org": ("", "", PLEASE + b"From: MAILER-DAEMON\r\n\r\nit could not be delivered\r\n"),
}


@tests
def released(t):
    "what was held goes through Postfix by STARTTLS, once, as it was sent; whom it refuses gets it later, alone"
    if GATEPOST == "none":
        raise Skip("it is gatepost that holds")
    postfix = Postfix(t.folder(), pair=t.certificates.pair())
    t.callback(postfix.stop)
    gatepost = t.gatepost(postfix.address, {"upstreams": {"mta": {"tls": {
        "mode": "starttls", "verify": "full", "ca": t.certificates.ca(), "server_name": "localhost"}}}}, single=False)
    ids = {to: hold(t, gatepost, message, sender, [to], parameters) for to, (sender, parameters, message) in HELD.items()}
    shared = hold(t, gatepost, PLEASE + b"\r\nfor three\r\n", to=["a@example.org", "gone@example.org", "b@example.org"])
    expect_equal(postfix.count(), 0, "delivered too early")
    ok(gatepost, "release", *ids.values())
    mails = wait_mails(postfix, set(ids))
    for to, (_, _, message) in HELD.items():
        expect_equal(mails[to], message.replace(b"\r\n", b"\n"), to)
        expect("--again" in refused(gatepost, "release", ids[to]), "once more")
    postfix.refuse("gone@example.org")
    expect("not delivered to all: 550 5.1.1 <gone@example.org>" in (said := refused(gatepost, "release", shared)), "why", said)
    one = next(r for r in listed(gatepost) if r["id"] == shared)
    expect_equal((one["state"], [r["delivered"] for r in one["recipients"]]), ("held", [True, False, True]), "the record")
    expect("not delivered: 550 5.1.1 <gone@example.org>" in (said := refused(gatepost, "release", shared)), "why", said)
    postfix.refuse()
    ok(gatepost, "release", shared)
    expect_equal(state(gatepost, shared), "released", "state")
    mails = wait_mails(postfix, {*ids, "a@example.org", "b@example.org", "gone@example.org"})
    expect_equal(postfix.count(), len(mails), "deliveries")


class Deliveries:
    """Threads that deliver what is in a queue, each by one connection."""

    def __init__(self, address, messages):
        self.address, self.todo, self.errors = address, queue.Queue(), []
        for item in messages.items():
            self.todo.put(item)
        self.threads = [threading.Thread(target=self._deliver) for _ in range(CONNECTIONS)]

    def run(self):
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()

    def _deliver(self):
        with smtplib.SMTP(*self.address, timeout=PATIENCE) as client:
            while True:
                try:
                    recipient, message = self.todo.get_nowait()
                except queue.Empty:
                    return
                try:
                    client.sendmail("sender@example.org", [recipient], message, mail_options=["BODY=8BITMIME"])
                except smtplib.SMTPException as error:
                    self.errors.append((recipient, error, message[:200]))
                    return


@tests
def many_shapes(t):
    "a thousand messages of many shapes arrive octet by octet"
    postfix, address = start(t)
    maker = Maker(20250201)
    sent = {f"m{number:04}@example.org": maker.make() for number in range(MESSAGES)}
    deliveries = Deliveries(address, sent)
    deliveries.run()
    expect(not deliveries.errors, "refused", deliveries.errors[:3])
    arrived = wait_mails(postfix, set(sent))
    for recipient, message in sent.items():
        wanted = message.replace(b"\r\n", b"\n")
        expect(arrived[recipient] == wanted, f"{recipient} has changed", wanted[:1000], arrived[recipient][:1000])


tests.run()
