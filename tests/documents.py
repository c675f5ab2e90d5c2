#!/usr/bin/python3
"""Documents and packages of mail programs through the scanner in its cage, where
no file can be opened: what is in them and what they can do is found, and none
of them ends the scanner.

    GATEPOST=src/gatepost python3 tests/documents.py [WORD…]"""

import base64
import os
import pathlib
import sys
import zipfile
import io

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, os.path.join(HERE, "lib"))

from gatepost_test import Tests, expect, expect_equal  # noqa: E402

tests = Tests()

TRAITS = ("auto-run", "macros", "external-template", "dde", "launch", "javascript", "builds-file", "encrypted")
# The first rule that holds gives the reply, so a program inside comes first.
RULES = "rules:\n" + "".join(
    f"  - name: {name}\n    when: {{ attachment: {{ {test} }} }}\n    then: reject\n    reply: \"554 5.7.1 {name}\"\n"
    for name, test in [("program", "magic: [pe]")] + [(trait, f"traits: {trait}") for trait in TRAITS])

FOUND = {
    "tnef/winmail.dat": "program",
    "ole2/item.msg": "program",
    "ole2/object.doc": "program",
    "ole2/installer.msi": "program",
    "ole2/macros.doc": "auto-run",
    "ole2/macros.ppt": "macros",
    "ole2/xlm.xls": "auto-run",
    "ole2/dde.doc": "dde",
    "ole2/template.doc": "external-template",
    "ole2/locked.docx": "encrypted",
    "ole2/standard.xlsx": "program",
    "ole2/agile.xlsx": "program",
    "ole2/rc4.xls": "auto-run",
    "ole2/secret.xlsx": "encrypted",
    "onenote/two.one": "program",
    "rtf/odd.rtf": "program",
    "rtf/dde.rtf": "dde",
    "rtf/template.rtf": "external-template",
    "pdf/attached.pdf": "program",
    "pdf/objects.pdf": "javascript",
    "pdf/launch.pdf": "auto-run",
    "pdf/encrypted.pdf": "encrypted",
    "pdf/rc4-40.pdf": "program",
    "pdf/aes-128.pdf": "program",
    "pdf/aes-256.pdf": "program",
    "pdf/password.pdf": "encrypted",
    "cms/encrypted.der": "encrypted",
    "pgp/armored.asc": "program",
    "pgp/encrypted.pgp": "encrypted",
    "html_files/blob.html": "program",
    "html_files/data.html": "builds-file",
}
QUIET = ("pdf/plain.pdf", "pdf/links.pdf", "rtf/link.rtf", "html_files/plain.html", "html_files/counter.html",
         "cms/signed.der", "cms/detached.der", "pgp/clear.asc")


def corpus(name):
    return (HERE / "fuzz" / "corpus" / name).read_bytes()


def document(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def reply_to(t, gatepost, content):
    client = t.client(gatepost)
    client.greet()
    reply = client.deliver(
        b"Subject: document\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=x.dat\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(content).replace(b"\n", b"\r\n"))
    client.quit()
    return reply


def caged(t):
    return t.gatepost(t.upstream(), {"run": {"proxies": 1, "scanners": 1}}, rules=RULES, single=False)


@tests
def found(t):
    "what a document holds or can do is found, and the scanner lives"
    gatepost = caged(t)
    before = gatepost.processes("scanner")
    for name, rule in FOUND.items():
        reply = reply_to(t, gatepost, corpus(name))
        expect(reply.code == 554 and rule in str(reply), f"{name}: {reply}")
    expect_equal(gatepost.processes("scanner"), before, "the scanner that was there before")


@tests
def quiet(t):
    "documents that do nothing pass"
    gatepost = caged(t)
    for name in QUIET:
        expect_equal(reply_to(t, gatepost, corpus(name)).code, 250, name)


@tests
def parts(t):
    "a document that is an archive is judged by its parts"
    gatepost = caged(t)
    macros = document({"[Content_Types].xml": "<Types/>", "word/document.xml": "<x/>", "word/vbaProject.bin":
                       corpus("ole2/macros.doc")})
    expect("auto-run" in str(reply_to(t, gatepost, macros)), "macros")
    template = document({"word/document.xml": "<x/>", "word/_rels/settings.xml.rels": corpus("office/template")[1:]})
    expect("external-template" in str(reply_to(t, gatepost, template)), "a template")
    plain = document({"[Content_Types].xml": "<Types/>", "word/document.xml": "<w:t>text</w:t>"})
    expect_equal(reply_to(t, gatepost, plain).code, 250, "neither")


@tests
def inner_message(t):
    "a program in a message that is signed is found"
    gatepost = caged(t)
    entity = (b"Content-Type: application/octet-stream; name=a.exe\r\nContent-Transfer-Encoding: base64\r\n\r\n"
              + base64.encodebytes(b"MZ" + bytes(126)))
    size = len(entity).to_bytes(2, "big")
    signed = (bytes.fromhex("308006092a864886f70d010702a0803080020101310030 8006092a864886f70d010701a0800482".replace(" ", ""))
              + size + entity + bytes(2 * 4) + bytes.fromhex("3100") + bytes(2 * 3))
    expect("program" in str(reply_to(t, gatepost, signed)), "the program")


tests.run()
