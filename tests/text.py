#!/usr/bin/python3
"""Text and links through the scanner in its cage, where no file can be opened:
charsets, folding, hosts and the list of public suffixes work there as well.

    GATEPOST=src/gatepost python3 tests/text.py [WORD…]"""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, os.path.join(HERE, "lib"))

from gatepost_test import Tests, expect, expect_equal  # noqa: E402

tests = Tests()

RULES = "rules:\n" + "".join(
    f"  - name: {name}\n    when: {when}\n    then: reject\n    reply: \"554 5.7.1 {name}\"\n" for name, when in (
        ("mismatch", "{ uri: { mismatch: true } }"),
        ("host", "{ uri: { host: 'b\u00fccher.example' } }"),
        ("domain", "{ uri: { domain: xn--grn-ioa.example } }"),
        ("address", "{ uri: '/^http:..192\\.0\\.2\\.1/' }"),
        ("visible", "{ body: { matches: '/first word/', view: visible } }"),
        ("hidden", "{ hidden_text: '> 20' }"),
        ("folded", "{ body: { matches: '/second word/', view: folded } }"),
        ("charset", "{ body: '/third word|\\x{7b2c}\\x{56db}/' }")))

PLAIN = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"
FOUND = (
    ("mismatch", HTML, "<a href='http://a.example.org/'>www.example.co.uk</a>".encode()),
    ("host", PLAIN, "http://xn--bcher-kva.example/".encode()),
    ("host", PLAIN, "http://B\u00fccher.example/".encode()),
    ("domain", HTML, "<img src='http://www.gr\u00fcn\u3002example/'>".encode()),
    ("address", PLAIN, b"http://0xc0.0.513/"),
    ("visible", HTML, b"<style>.x{font-size:0}</style>first w<b class=x>xyz</b>ord"),
    ("hidden", HTML, b"<p style='color:#fff'>the weather in the north is fair</p>"),
    ("folded", PLAIN, "\u0455\u0435\u0441o\u200bn\uff44 w o r d \U0001d430\u00f6rd".encode()),
    ("charset", "text/plain; charset=utf-7", b"+AHQ-hird w+AG8-rd"),
    ("charset", PLAIN, b"~{5ZKD~}"),
    ("charset", "text/plain; charset=utf-8", b"\x1b$BBh;M\x1b(B"),
)


def reply_to(t, gatepost, kind, text):
    client = t.client(gatepost)
    client.greet()
    reply = client.deliver(b"Subject: text\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\nContent-Type: "
                           + kind.encode() + b"\r\n\r\n" + text + b"\r\n")
    client.quit()
    return reply


def caged(t):
    return t.gatepost(t.upstream(), {"run": {"proxies": 1, "scanners": 1}}, rules=RULES, single=False)


@tests
def found(t):
    "each trick is seen through, and the scanner lives"
    gatepost = caged(t)
    before = gatepost.processes("scanner")
    for name, kind, text in FOUND:
        reply = reply_to(t, gatepost, kind, text)
        expect(reply.code == 554 and name in str(reply), f"{name}, {text}: {reply}")
    expect_equal(gatepost.processes("scanner"), before, "the scanner that was there before")


@tests
def quiet(t):
    "honest text passes"
    gatepost = caged(t)
    for kind, text in ((PLAIN, b"See www.example.com/a."), (HTML, b"<a href='http://www.example.com/'>example.com</a>")):
        expect_equal(reply_to(t, gatepost, kind, text).code, 250, text)


tests.run()
