#!/usr/bin/python3
"""A short session of each protocol under valgrind: no memory is read before it was
written, none is used when it was given back, and none is lost at the end.

    GATEPOST=src/gatepost python3 tests/valgrind.py [WORD…]"""

import os
import shutil
import sys

os.environ.setdefault("GATEPOST_TEST_PATIENCE", "120")  # all is slower by twenty times and more
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from gatepost_test import Skip, Tests, expect, expect_equal, is_sanitized  # noqa: E402
from pop3_mail import BANNED, CLEAN, EICAR, HEAD, PROGRAM, RULES, SPAM, VIRUS, before  # noqa: E402

tests = Tests()

SUPPRESSIONS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "valgrind.supp")
KEPT = HEAD + b"Subject: please keep\r\n\r\nthis\r\n"
ALL_RULES = RULES + "- { name: KEEP, when: { header: { name: Subject, matches: '/please keep/' } }, then: quarantine }\n"


def watched(t, start, upstream, **options):
    """A gatepost under valgrind; at its end there is no error. Started by start()."""
    if shutil.which("valgrind") is None:
        raise Skip("valgrind is not installed")
    if is_sanitized():
        raise Skip("built with sanitizers, which do not run under valgrind")
    log = os.path.join(t.folder(), "valgrind.log")
    t.callback(expect_quiet, log)
    return start(upstream, rules=ALL_RULES, prefix=(
        "valgrind", f"--log-file={log}", "--error-exitcode=9", "--leak-check=full", "--show-leak-kinds=definite",
        "--errors-for-leak-kinds=definite", f"--suppressions={SUPPRESSIONS}"), clean=False, **options)


def expect_quiet(log):
    with open(log, encoding="utf-8", errors="replace") as f:
        text = f.read()
    expect("ERROR SUMMARY: 0 errors" in text, "valgrind says", text[-4000:])


@tests
def smtp(t):
    "SMTP: a clean message, one that is stripped, one that is kept, one that is refused, and reset"
    upstream = t.upstream()
    gatepost = watched(t, t.gatepost, upstream)
    client = t.client(gatepost)
    client.greet()
    for message, code in ((CLEAN[1], 250), (BANNED, 250), (KEPT, 250), (VIRUS, 550)):
        expect_equal(client.deliver(message).code, code, "the answer")
    expect_equal(client.command("RSET").code, 250, "RSET")
    client.quit()
    expect_equal(gatepost.quarantined(b"please keep"), 1, "kept")
    expect_equal(gatepost.stop(), 0, "gatepost's exit status")


@tests
def pop3(t):
    "POP3: listings, a clean message, spam, and what is removed or withheld"
    gatepost = watched(t, lambda u, **options: before(t, u, **options), t.pop3_upstream([CLEAN[1], BANNED, VIRUS, SPAM]))
    client = t.pop3_client(gatepost)
    client.login()
    expect_equal((len(client.sizes()), len(client.uids())), (4, 4), "listed")
    expect_equal(client.retrieve(1), CLEAN[1], "the clean message")
    expect(PROGRAM not in client.retrieve(2) and EICAR not in client.retrieve(3), "it is still there")
    expect(b"[SPAM]" in client.top(4, 0), "the mark")
    client.ok("DELE 1")
    client.quit()
    expect_equal(gatepost.stop(), 0, "gatepost's exit status")


@tests
def imap(t):
    "IMAP: fetches of clean and removed content, structures and APPEND, with and without compression"
    upstream = t.imap_upstream([CLEAN[1], BANNED])
    gatepost = watched(t, t.imap_gatepost, upstream)
    for compressed in (False, True):
        client = t.imap_client(gatepost)
        client.login()
        if compressed:
            client.compress()
        client.ok("SELECT INBOX")
        expect_equal(client.fetch(1), CLEAN[1], "the clean message")
        expect(PROGRAM not in client.fetch(2), "it is still there")
        client.ok("FETCH 1:* (UID FLAGS RFC822.SIZE ENVELOPE BODYSTRUCTURE)")
        expect(client.append(CLEAN[2]).ok, "APPEND")
        client.logout()
    expect_equal(gatepost.stop(), 0, "gatepost's exit status")


tests.run()
