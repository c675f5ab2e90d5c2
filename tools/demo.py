#!/usr/bin/python3
"""The show of tools/quickstart: a Postfix of its own, gatepost in front of it,
and some messages sent through. What arrived is read from the Maildir; nothing
in the table is known beforehand.

    GATEPOST=src/gatepost python3 tools/demo.py [--once]

Has to be started by root, for Postfix has to be."""

import contextlib
import email
import email.message
import email.policy
import email.utils
import io
import os
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "tests", "lib"))

from certificates import Certificates  # noqa: E402
from gatepost_test import Failure, Skip, expect, free_port  # noqa: E402
from postfix import Postfix  # noqa: E402

GATEPOST = os.environ.get("GATEPOST", os.path.join(TOP, "build/quickstart/src/gatepost"))
PREFERRED_PORT = 2525
PATIENCE = 30  # seconds that anything here may take

CONFIG = """\
# gatepost as tools/quickstart runs it. See gatepost.yaml(5).
listeners:
  - name: mx
    protocol: smtp
    address: "127.0.0.1:{port}"
    upstream: mta
    policy: inbound
    tls: {{ mode: starttls, certificate: {certificate}, key: {key} }}

upstreams:
  mta: {{ address: "127.0.0.1:{upstream}", xclient: true }}

policies:
  inbound:
    rules:
      - {rules}/viruses.yaml
      - {rules}/attachments.yaml
      - {rules}/malformed.yaml
      - {rules}/spam.yaml
    thresholds: [ {{ score: 5.0, then: tag }}, {{ score: 15.0, then: reject }} ]
    subject_prefix: "[SPAM] "
    max_message_size: 1MiB

quarantine: {{ path: quarantine }}
control: {{ path: control }}
"""

# ---- what is sent ----


@dataclass
class Sample:
    title: str
    message: bytes
    told: int     # the reply code that is expected
    arrives: str  # and what of it arrives, as arrival() says it
    recipient: str = ""


def letter(subject, text):
    """A message as a mail program makes it."""
    m = email.message.EmailMessage(policy=email.policy.SMTP)
    m["From"] = "Ada Sender <ada@example.net>"
    m["To"] = "someone@example.org"
    m["Subject"] = subject
    m["Date"] = email.utils.localtime()
    m["Message-ID"] = email.utils.make_msgid(domain="example.net")
    m.set_content(text)
    return m


def with_zip(name, member, content):
    m = letter("the invoice", "Dear colleague,\n\nthe invoice is attached.\n\nAda\n")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, content)
    m.add_attachment(packed.getvalue(), maintype="application", subtype="zip", filename=name)
    return m


ADVANCE_FEE = """\
Dear friend,

I am a bank manager in charge of the account of a late client who left no next
of kin, and US$ 18.5 million. I ask for your utmost confidence: you will have
thirty per cent of the unclaimed funds.
"""
EICAR = r"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


def partial():
    """A third of a message, which the reader's program would put together."""
    whole = bytes(letter("a large file, 1 of 3", "the first third\n"))
    return whole.replace(b"Content-Type: text/plain", b'Content-Type: message/partial; id="17@a"; number=1; total=3')


def smuggled():
    """Two servers could see the end of this message in two places."""
    outer = bytes(letter("the weather", "It is raining.\n"))
    return outer + b"\n.\r\nMAIL FROM:<ceo@example.org>\r\nRCPT TO:<staff@example.org>\r\nDATA\r\n" + outer


def samples():
    found = [
        Sample("a letter", bytes(letter("lunch on Friday", "Hello,\n\nat noon as ever?\n.. Ada\n")), 250,
               "identical, byte for byte"),
        Sample("advance-fee fraud", bytes(letter("urgent!!!", ADVANCE_FEE)), 250, "tagged [SPAM], otherwise identical"),
        Sample("GTUBE, the test spam", bytes(letter("buy", f"{GTUBE}\n")), 550, "nothing"),
        Sample("EICAR, the test virus", bytes(letter("a file", f"{EICAR}\n")), 554, "nothing"),
        Sample("EICAR in a zip", bytes(with_zip("report.zip", "report.txt", EICAR)), 554, "nothing"),
        Sample("invoice.exe in a zip", bytes(with_zip("invoice.zip", "invoice.exe", "harmless")), 250,
               "invoice.zip replaced by a notice"),
        Sample("1.5 MiB, where 1 is allowed", bytes(letter("holiday", "sun and sand, \n" * (3 << 15))), 552, "nothing"),
        Sample("a third of a message", partial(), 554, "nothing"),
        Sample("a second message smuggled", smuggled(), 550, "nothing"),
    ]
    for number, sample in enumerate(found):
        sample.recipient = f"reader{number}@example.org"
    return found


# ---- gatepost and the mail server behind it ----


def listening_port():
    with socket.socket() as s:
        with contextlib.suppress(OSError):
            s.bind(("127.0.0.1", PREFERRED_PORT))
            return PREFERRED_PORT
    return free_port()


class Gatepost:
    def __init__(self, folder, upstream_port):
        self.folder, self.port = folder, listening_port()
        self.config = os.path.join(folder, "gatepost.yaml")
        self.log = os.path.join(folder, "gatepost.log")
        os.mkdir(os.path.join(folder, "tls"))
        self.certificates = Certificates(os.path.join(folder, "tls"))
        certificate, key = self.certificates.pair()
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(CONFIG.format(port=self.port, upstream=upstream_port, rules=os.path.join(TOP, "rules"),
                                  certificate=certificate, key=key))
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([GATEPOST, "run", "-c", self.config], stdin=subprocess.DEVNULL,
                                            stderr=log, start_new_session=True)

    def wait_ready(self):
        """Until it greets: then the whole way to Postfix is there."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                smtplib.SMTP("127.0.0.1", self.port, timeout=PATIENCE).close()
                return
            time.sleep(0.05)
        with open(self.log, encoding="utf-8", errors="replace") as f:
            raise Failure("gatepost did not start:\n" + f.read()[-3000:])

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def quarantined(self):
        """All originals that are kept."""
        found = []
        for folder, _, names in os.walk(os.path.join(self.folder, "quarantine", "messages")):
            for name in names:
                with open(os.path.join(folder, name), "rb") as f:
                    found.append(f.read())
        return found


def send(gatepost, sample):
    """What the client is told at last: (code, text)."""
    with smtplib.SMTP("127.0.0.1", gatepost.port, "client.example.net", PATIENCE) as client:
        client.starttls(context=gatepost.certificates.client_context())
        client.ehlo()
        reply = client.mail("ada@example.net", [f"SIZE={len(sample.message)}"])
        if reply[0] == 250:
            reply = client.rcpt(sample.recipient)
        if reply[0] == 250:
            reply = client.docmd("DATA")
        if reply[0] == 354:
            client.send(sample.message.replace(b"\r\n.", b"\r\n..") + b".\r\n")
            reply = client.getreply()
    return reply[0], reply[1].decode(errors="replace")


def wait_deliveries(postfix, wanted):
    """Until these recipients have mail and nothing is on its way any more."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        queue = subprocess.run(["postqueue", "-c", postfix.config, "-j"], capture_output=True, check=False).stdout
        mails = postfix.mails()
        if wanted <= set(mails) and not queue:
            break
        time.sleep(0.1)
    return postfix.mails()


# ---- what arrived ----


def without_tag(mail):
    """The message as it was before it was tagged."""
    unmarked = re.sub(rb"^(?:X-Spam-[^\n]*\n(?:[ \t][^\n]*\n)*)+", b"", mail)
    return unmarked.replace(b"\nSubject: [SPAM] ", b"\nSubject: ", 1)


def replaced_parts(sent, mail):
    """The names of parts that are a notice now; None when more has changed."""
    before, after = (list(email.message_from_bytes(m, policy=email.policy.default).walk()) for m in (sent, mail))
    if len(before) != len(after) or before[0].items() != after[0].items():
        return None
    changed = [(old, new) for old, new in zip(before, after)
               if not old.is_multipart() and old.as_bytes() != new.as_bytes()]
    if any(new.get_content_type() != "text/plain" for _, new in changed):
        return None
    return [old.get_filename() or "the text" for old, _ in changed]


def arrival(sample, mail, quarantined):
    sent = sample.message.replace(b"\r\n", b"\n")
    if mail is None:
        return "nothing; held in quarantine" if sample.message in quarantined else "nothing"
    if mail == sent:
        return "identical, byte for byte"
    if mail.startswith(b"X-Spam-Flag: YES\n") and without_tag(mail) == sent:
        return "tagged [SPAM], otherwise identical"
    names = replaced_parts(sent, mail)
    return f"{', '.join(names)} replaced by a notice" if names else "something else"


def shortened(text, most):
    return text if len(text) <= most else text[:most - 1] + "…"


def show(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    for number, row in enumerate(rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
        bold = number == 0 and sys.stdout.isatty()
        print(f"  \033[1m{line}\033[0m" if bold else f"  {line}")


def demonstrate(gatepost, postfix):
    """Sends all samples, prints the table; how many did not go as expected."""
    tried = samples()
    told = [send(gatepost, sample) for sample in tried]
    arrived = wait_deliveries(postfix, {s.recipient for s in tried if not s.arrives.startswith("nothing")})
    quarantined = gatepost.quarantined()
    rows, unexpected = [("sent", "the client was told", "what arrived")], []
    for sample, (code, text) in zip(tried, told):
        outcome = arrival(sample, arrived.get(sample.recipient), quarantined)
        rows.append((sample.title, shortened(f"{code} {text}", 52), outcome))
        if (code, outcome) != (sample.told, sample.arrives):
            unexpected.append(f"{sample.title}: expected {sample.told} and {sample.arrives}")
    strangers = set(arrived) - {sample.recipient for sample in tried}
    expect(not strangers, "mail came for", *strangers)
    show(rows)
    print(f"\n  {len(tried) - len(unexpected)} of {len(tried)} as expected")
    for line in unexpected:
        print(f"  {line}")
    return len(unexpected)


def invite(gatepost, postfix):
    address = f"127.0.0.1:{gatepost.port}"
    print(f"""
  Your turn. gatepost listens on {address}, with or without STARTTLS, and takes
  mail for anybody@example.org:

      swaks --server {address} --to you@example.org --attach-name invoice.exe --attach @/etc/hostname

  mail delivered   {postfix.new_mail}
  quarantine       {gatepost.folder}/quarantine/messages
  log              {gatepost.log}
  configuration    {gatepost.config}

  Ctrl-C ends it and removes all of that.""", flush=True)


def run(once):
    with contextlib.ExitStack() as stack:
        folder = tempfile.mkdtemp(prefix="gatepost-quickstart-")
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        os.chmod(folder, 0o755)  # gatepost and Postfix give up root
        postfix = Postfix(folder, xclient="127.0.0.1")
        stack.callback(postfix.stop)
        gatepost = Gatepost(folder, postfix.port)
        stack.callback(gatepost.stop)
        gatepost.wait_ready()
        print()
        unexpected = demonstrate(gatepost, postfix)
        if not once:
            invite(gatepost, postfix)
            gatepost.process.wait()
            print("gatepost ended by itself")
            return 1
        return 1 if unexpected else 0


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGHUP, interrupted)
    try:
        return run("--once" in sys.argv[1:])
    except KeyboardInterrupt:
        return 0
    except (Failure, Skip, OSError, smtplib.SMTPException) as error:
        print(f"quickstart: {error}", file=sys.stderr)
        return 1


sys.exit(main())
