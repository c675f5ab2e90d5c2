"""What must not be in a log: credentials, and the text of messages.

Nothing has to be planted for it. Whatever a test's clients say, and whatever
messages its upstreams hold, is looked through for credentials, in each way that
the protocols tell them, and for lines of messages; then none of that may be in
the log of its gatepost."""

import base64
import binascii
import json
import re

# Of one client's octets not more is kept: enough for all logins and the first messages.
KEPT = 64 * 1024
# Lines of messages that are looked for, of one test, evenly chosen.
LINES = 400
# A shorter line may be anything.
LINE_LENGTH = 16
# What is no secret, though it stands where one should: words that the log has anyway.
WORDS = {b"wrong", b"password", b"secret", b"user", b"login", b"plain", b"client", b"cancelled", b"starttls"}

B64 = rb"[A-Za-z0-9+/]{8,}={0,2}"
TAKEN = [re.compile(pattern, re.I | re.M) for pattern in (
    rb"^(?:\S+ )?PASS[ \t]([^\r\n]+)",                                        # RFC 1939 7
    rb"^(?:\S+ )?APOP \S+ ([0-9a-f]{32})",
    rb"^\S+ LOGIN (?:\{\d+\+?\}\r\n)?\S+ (?:\{\d+\+?\}\r\n)?\"?([^\s\"]+)",   # RFC 9051 6.2.3
    # RFC 4954, 5034, 4959; LOGIN tells the user first.
    rb"^(?:\S+ )?AUTH(?:ENTICATE)? (?!LOGIN)[A-Z0-9-]+(?: |\r\n)(" + B64 + rb")\r?$",
    rb"^(?:\S+ )?AUTH(?:ENTICATE)? [A-Z0-9-]+(?: |\r\n)[A-Za-z0-9+/]+={0,2}\r\n(" + B64 + rb")\r?$",
)]


def decoded(response):
    """What may be a password in a response of SASL: its last part."""
    try:
        text = base64.b64decode(response, validate=True)
    except binascii.Error:
        return []
    return [re.split(rb"[\0\1 ]", text.rstrip(b"\1"))[-1]]


def credentials(said):
    """All credentials in what a client said, as sent, and decoded, and encoded."""
    found = set()
    for pattern in TAKEN:
        for secret in pattern.findall(said):
            found.add(secret)
            found.update(decoded(secret) if len(secret) > 8 else [])
    found |= {base64.b64encode(secret).rstrip(b"=") for secret in found}
    return {secret for secret in found if len(secret) > 4 and secret.lower() not in WORDS}


def text_lines(octets):
    """Lines that only a message has: all that are long enough."""
    lines = {line.strip() for line in octets.split(b"\n")}
    subjects = {line[8:].strip() for line in lines if line[:8].lower() == b"subject:"}
    return {line for line in lines if len(line) >= LINE_LENGTH} | {s for s in subjects if len(s) >= LINE_LENGTH}


def evenly(lines):
    """At most LINES of them."""
    ordered = sorted(lines)
    return ordered[::max(1, (len(ordered) + LINES - 1) // LINES)]


def as_logged(octets):
    """As base/log.c writes it inside of a value."""
    return json.dumps(octets.decode("utf-8", "replace"), ensure_ascii=False)[1:-1]


def leaks(log, said, messages):
    """What of it is in the log (a text). said: octets of clients; messages: octets."""
    secrets = set().union(*map(credentials, said))
    lines = set().union(*map(text_lines, [*said, *messages]))
    return [octets for octets in [*secrets, *evenly(lines)] if as_logged(octets) in log]
