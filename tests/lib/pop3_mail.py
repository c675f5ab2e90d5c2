"""What the tests of filtered maildrops share: rules and messages that meet them,
and how a gatepost and a client are had for them."""

import base64

from gatepost_test import merged
from readings.payload import EICAR

RULES = r"""rules:
- name: EICAR
  about: the test virus
  when: { signature: { text: 'X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*' } }
  then: reject
- { name: PROGRAM, when: { attachment: { extension: [exe] } }, then: strip }
- { name: LOTTERY, when: { header: { name: Subject, matches: '/lottery/' } }, score: 7 }
- { name: OFFER, when: { header: { name: Subject, matches: '/offer/' } }, score: 3 }
"""
POLICY = {"thresholds": [{"score": 5.0, "then": "tag"}], "subject_prefix": "[SPAM]"}

HEAD = (b"From: sender@example.org\r\nTo: user@example.org\r\nDate: Mon, 3 Nov 2025 10:00:00 +0100\r\n"
        b"MIME-Version: 1.0\r\n")
CLEAN = [HEAD + b"Subject: number %d\r\n\r\n.good day\r\n..\r\n" % n + b"and bye\r\n" * n for n in range(9)]
SPAM = HEAD + b"Subject: you won a lottery\r\n\r\n.indeed\r\n"
OFFER = HEAD + b"Subject: an offer\r\n\r\nfor you\r\n"
VIRUS = HEAD + b"Subject: a virus\r\n\r\n" + EICAR + b"\r\n"
PROGRAM = base64.b64encode(b"MZ\x90\0\x03\0\0\0 this program is none")


def with_attachment(name, content):
    return HEAD + (
        b'Subject: a file\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nthe text\r\n'
        b'--b\r\nContent-Type: application/octet-stream; name="' + name + b'"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n" + content + b"\r\n--b--\r\n")


BANNED = with_attachment(b"run.exe", PROGRAM)


def before(t, upstream, changes=None, policy=None, rules=RULES, **options):
    """A gatepost that judges. `policy` is laid over POLICY; options as for Context.pop3_gatepost()."""
    changes = merged({"policies": {"inbound": merged(POLICY, policy or {})}}, changes or {})
    return t.pop3_gatepost(upstream, changes, rules=rules, **options)


def visit(t, gatepost, user="user", password="secret"):
    """A client that has logged in."""
    client = t.pop3_client(gatepost)
    client.login(user, password)
    return client


def asked(upstream, verb, index=-1):
    """The arguments of one verb that a session of the upstream was asked with, in order."""
    words = [line.partition(" ") for line in upstream.said(index)]
    return [argument for name, _, argument in words if name.upper() == verb]


def refused(client, line, code=""):
    """Says a command that must be refused; the text."""
    status = client.command(line)
    assert status.word == b"-ERR", f"{line} was answered by {status}"
    assert status.text.startswith(code), f"{line}: {status}"
    return status.text
