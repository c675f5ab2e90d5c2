#!/usr/bin/python3
"""Databases of ClamAV and YARA in the running program: loaded by the master,
asked by the scanner in its cage, which opens no file, and told by name.

    GATEPOST=src/gatepost python3 tests/databases.py [WORD…]"""

import base64
import io
import os
import sys
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import Tests, expect, expect_equal  # noqa: E402

tests = Tests()

RULES = """rules:
  - name: CLAMAV
    when: {{ signature: {{ database: [{folder}] }} }}
    then: reject
"""
YARA = """  - name: YARA
    when: {{ signature: {{ yara: [{folder}/a.yar] }} }}
    then: reject
"""
FILES = {
    "a.ndb": f"Test.Program:1:EP+0:909192\nTest.Any:0:*:{b'known bytes'.hex()}\nTest.Page:3:*:{b'<b>bad page'.hex()}\nbroken\n",
    "a.ldb": f"Test.Regex;Engine:81-255,Target:0;1;{b'look'.hex()};0/look(ed)? at (?:me|that)/i\n",
    "a.cdb": r"Test.Name:CL_TYPE_ZIP:*:(?i)\.scr$:*:*:*:*:*:*" + "\n",
    "a.yar": 'import "pe"\nimport "hash"\nrule Found { strings: $a = "yarasome" nocase condition: $a }\n'
             'rule Hashed { condition: filesize < 20 and hash.md5(0, filesize) == "f6e2edbd6bf9109378dbaf75c8dcdc09" }\n',
}


def attached(data, kind="application/octet-stream"):
    return (f"From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + base64.encodebytes(data).decode().replace("\n", "\r\n")).encode()


def zipped(name, data):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(name, data)
    return out.getvalue()


def has_yara():
    with open(os.path.join(os.environ.get("builddir", "."), "config.h"), encoding="ascii") as f:
        return "define HAVE_YARA 1" in f.read()


def start(t, yara):
    folder = t.folder()
    for name, content in FILES.items():
        with open(os.path.join(folder, name), "w", encoding="ascii") as f:
            f.write(content)
    rules = RULES + (YARA if yara else "")
    return t.gatepost(t.upstream(), {"run": {"proxies": 1, "scanners": 1}}, rules=rules.format(folder=folder), single=False)


def verdict(t, gatepost, message):
    """(reply's code, the reason that is logged)"""
    seen = len(gatepost.events("message"))
    client = t.client(gatepost)
    client.greet()
    code = client.deliver(message).code
    client.quit()
    return code, gatepost.wait_event("message", seen + 1).get("reason", "")


@tests
def clamav(t):
    "ClamAV's databases in the cage"
    gatepost = start(t, False)
    before = gatepost.processes("scanner")
    for content, reason in ((b"some known bytes", "Test.Any"), (zipped("x.scr", b"clean"), "Test.Name"),
                            (zipped("x.txt", b"they LOOKED at Me; look"), "Test.Regex"),
                            (b"<html><B>bad\n  page</b>", "Test.Page")):
        expect_equal(verdict(t, gatepost, attached(content)), (550, f"rule CLAMAV {reason} in part "
                     + {"Test.Name": "1!x.scr", "Test.Regex": "1!x.txt"}.get(reason, "1")), reason)
    expect_equal(verdict(t, gatepost, attached(b"nothing to see"))[0], 250, "a clean message")
    expect_equal(gatepost.processes("scanner"), before, "the scanner that was there before")


@tests
def notes(t):
    "the master tells what it loaded and what it could not use"
    gatepost = start(t, False)
    expect(gatepost.events("rules", msg="a.ndb:4: malformed: broken"), "the malformed line", gatepost.events("rules"))
    expect(gatepost.events("rules", msg="5 ClamAV signatures"), "what was loaded", gatepost.events("rules"))


@tests
def yara(t):
    "YARA's rules in the cage"
    if not has_yara():
        return
    gatepost = start(t, True)
    before = gatepost.processes("scanner")
    for content, reason in ((b"find YaraSome here", "Found"), (b"exactly this", "Hashed")):
        expect_equal(verdict(t, gatepost, attached(content)), (550, f"rule YARA {reason} in part 1"), reason)
    expect_equal(verdict(t, gatepost, attached(b"nothing to see"))[0], 250, "a clean message")
    expect_equal(gatepost.processes("scanner"), before, "the scanner that was there before")


tests.run()
