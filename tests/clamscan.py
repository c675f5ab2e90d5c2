#!/usr/bin/python3
"""ClamAV's databases find what clamscan finds: some 200 signatures of every
format, each held by both programs against messages made to answer to it or to
miss it narrowly. Where clamscan is not installed, this is skipped."""

import base64
import hashlib
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import zipfile

sys.path.insert(0, os.path.join(os.environ.get("srcdir", "."), "tests/lib"))
from gatepost_test import GATEPOST, Skip, Tests, expect, expect_equal  # noqa: E402

tests = Tests()


def x(text):
    """Hexadecimal."""
    return (text if isinstance(text, bytes) else text.encode("latin-1")).hex()


# --- Content ---

NOISE = b"\0\1\2\xff\xfe" * 20
BINARY = NOISE + b"--aaxx--bbyy--aaxx--"  # aaxx at 102 and 114, bbyy at 108, 120 octets
LINES = NOISE + b"--aaxx HeLLo w\0i\0d\0e\0 xaaxxy 1aaxx bbX\0yy W\0i\0 -- aaxx\r\nqq rr\nss"
NUMBERS = NOISE + b"--aaxx--foo1--foo2--bbyy--aaxx 1234 0x1F ff00 -- zz\x01\x02\x03\x04"
# clamscan asks for a macro only when the sub-signature before it matches once
# more, and then for the last match in the group.
MACRO = NOISE + b"aaa...bbbbbb; ccc..dddddd" + NOISE + b"aaa ccc"
TEXT = "First  LINE of Text\twith\r\n\n  MANY blanks, é and CAPS. Number 12345.\n".encode()
UTF8 = "Überall Text: GRÜSSE  aus  Köln\n".encode() * 3
HTML = b"""<!DOCTYPE html><HTML><Head><TITLE>Some  &amp; Title</TITLE><STYLE>p { Color: Red }</STYLE>
<script>var Foo = 'Bar  Baz'; // c
</script></head><BODY BGCOLOR=White><!-- a Comment --><P>Text   with
  Blanks &lt;b&gt; &#65;&#x42; <A HREF="HTTP://Example.ORG/Path?x=1&amp;y=2" target=_blank>Click Here</a>
<IMG SRC='X.gif' ALT="A  B">End  OF it<br /></body></html>
"""
FRAGMENT = b"Dear All,\nsee <a href='Http://bad.Example/x'>HERE  now</a> <B>Bold   Words</B>\n"
LATE_HTML = b"just text  AND more\n" * 80 + b"<iframe SRC='q'> Late  Words"


def pe(entry=0x1000, sections=2):
    """A program of sections of 512 octets, the first at 512, code at its beginning."""
    header = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0"
    header += struct.pack("<HHIIIHH", 0x14C, sections, 0, 0, 0, 224, 0x102)
    header += struct.pack("<HBBIIIIIIIII", 0x10B, 1, 1, 512, 512, 0, entry, 0x1000, 0x2000, 0x400000, 0x1000, 512)
    header += struct.pack("<HHHHHHIIIIHH", 4, 0, 0, 0, 4, 0, 0, 0x1000 * (sections + 1), 512, 0, 2, 0)
    header = header.ljust(64 + 24 + 224, b"\0")
    for i in range(sections):
        header += b".s%d" % i + bytes(5)
        header += struct.pack("<IIII", 512, 0x1000 * (i + 1), 512, 512 * (i + 1)) + bytes(12) + struct.pack("<I", 0x60000020)
    body = b"".join((b"\x90\x91\x92code%d" % i).ljust(512, bytes([0xCC + i])) for i in range(sections))
    return header.ljust(512, b"\0") + body


def elf():
    """One segment from offset 0 at 0x400000; code at offset 0x80."""
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400080, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    header += struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 0x200, 0x200, 0x1000)
    return header.ljust(0x80, b"\0") + b"\x90\x91\x92elfcode".ljust(0x180, b"\xcc")


def zipped(*members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members:
            z.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


ZIP = zipped(("a.txt", b"hello"), ("Invoice.exe", pe()), ("dir/c.js", b"var x;"), ("z.bin", NOISE + b"zipped-aaxx."))
PE = pe()


def message(*parts):
    """Parts are (type, name, data), or data alone for the body of a plain message."""
    head = b"From: a@example.org\nTo: b@example.net\nSubject: hello\nMIME-Version: 1.0\n"
    if len(parts) == 1 and isinstance(parts[0], bytes):
        return head + b"Content-Type: text/plain\n\n" + parts[0]
    out = head + b"Content-Type: multipart/mixed; boundary=bb\n\n"
    for kind, name, data in parts:
        out += (f"--bb\nContent-Type: {kind}\nContent-Disposition: attachment; filename=\"{name}\"\n"
                "Content-Transfer-Encoding: base64\n\n").encode() + base64.encodebytes(data)
    return out + b"--bb--\n"


def attached(data, kind="application/octet-stream", name="data.bin"):
    return message((kind, name, data))


def changed(data, old, new):
    """`data` with something else at each place, of the same length."""
    expect(old in data and len(old) == len(new), "nothing to change", old)
    return data.replace(old, new)


MESSAGES = {
    "binary": attached(BINARY),
    "binary-near": attached(changed(BINARY, b"bbyy", b"bbyz")),
    "binary-moved": attached(b"\0" + BINARY),
    "binary-once": attached(BINARY[:112]),
    "lines": attached(LINES),
    "lines-near": attached(LINES.replace(b"HeLLo", b"HeLLO1").replace(b"\r\nqq", b" qq")),
    "numbers": attached(NUMBERS),
    "numbers-near": attached(changed(NUMBERS, b"1234", b"4321")),
    "macro": attached(MACRO),
    "macro-near": attached(changed(MACRO, b"...bbb", b"bbb...")),
    "text": attached(TEXT, "text/plain", "t.txt"),
    "utf8": attached(UTF8, "text/plain; charset=utf-8", "u.txt"),
    "html": attached(HTML, "text/html", "page.html"),
    "html-near": attached(HTML.replace(b"Some", b"S0me").replace(b"HTTP:", b"HTTPS:"), "text/html", "page.html"),
    "html-body": message(FRAGMENT),
    "fragment": attached(FRAGMENT, "text/html", "f.html"),
    "late-html": attached(LATE_HTML, "text/plain", "l.txt"),
    "pe": attached(PE, name="Bad.exe"),
    "pe-moved": attached(pe(entry=0x1004), name="bad.com"),
    "pe-three": attached(pe(sections=3)),
    "pe-cut": attached(PE[:600]),
    "elf": attached(elf()),
    "zip": attached(ZIP, "application/zip", "z.zip"),
    "zip-other": attached(zipped(("x.EXE", b"MZ other"), ("zipped", BINARY)), "application/zip", "Z.ZIP"),
    "zip-in-zip": attached(zipped(("inner.zip", ZIP)), "application/zip", "deep.zip"),
    "plain": message(b"just a body with aaxx in it\n"),
    "mixed": message(("text/plain", "note.txt", TEXT), ("application/octet-stream", "b.bin", BINARY)),
    "jpeg": attached(b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1" + bytes(40) + b"aaxx."),
    "pdf": attached(b"%PDF-1.4\n%aaxx\n"),
}


# --- Signatures ---

def bodies():
    a, b = x("aaxx"), x("bbyy")
    yield from (f"0:*:{s}" for s in (
        a, a + b, f"{a}*{b}", f"{b}*{a}", f"{b}*{b}", f"{a}{{2}}{b}", f"{a}{{-3}}{b}", f"{a}{{3-}}{b}", f"{a}{{1-2}}{b}",
        f"{a}{{3-5}}{b}", f"{a}{{7-9}}{a}", f"{a}{{-8}}{a}", f"{a}(2d|2e){{1}}{b}", f"{a}!(2c|2e){{1}}{b}",
        f"{a}!(2d|2e){{1}}{b}", f"{a}(2d2d|2e)62", f"(B){a}(B)", f"(W){a}", f"{a}(W)", f"(L){a}", f"{a}(L)", "6161[1-3]62",
        f"{a}[1-3]62", f"61[1-3]{b}", f"{a.upper()}7?", f"{a}2?", f"{a}?d", f"{a}2d2d??", f"??{a}", f"{{2}}{a}", f"61??7878",
        f"6161{{200}}7878", f"{a}2d2d{b}2d2d{a}2d2d", f"{x('zipped-')}{a}", x("HeLLo"), x("hello"), x("w\0i\0d\0e"),
        "00010203", "0001(02|03)ff", f"{a}0d0a{x('qq')}", x("Subject: hello"), x("YWF4eC"), x("just a body"),
        f"6161{{-1}}7878", f"{x('foo')}3?", f"{x('foo')}(31|32|33){x('--')}", f"{x('foo')}(3132|31|32)2d"))
    yield from (f"0:{o}:{a}" for o in (
        "100", "102", "102,3", "101,1", "100,1", "113", "114", "EOF-18", "EOF-17", "EOF-6", "EOF-7,1", "EOF-5", "0,102",
        "0,101", "EOF-200,200", "103,20"))
    yield f"0:102:{a}*{b}"
    yield f"0:104:{a}*{b}"
    for target in (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12):
        yield f"{target}:*:{a}"
        yield f"{target}:*:909192"
    for target in (0, 3, 4, 7):
        for text in ("first line", "First  LINE", "MANY blanks, ", "many blanks, ", "text with many", "and caps.",
                     "some & title", "Some  &amp; Title", "color:red", "p { Color", 'varfoo="barbaz"', "a comment", "<p>text",
                     "text with blanks <b> ab", 'href="http://example.org/path?x=1&y=2"', "HTTP://Example.ORG/Path?x=1&y=2",
                     '<img src="x.gif" alt="a b">end of it<br />', "click here", "here now</a><b>bold words</b>", "HERE  now",
                     " http://bad.example/x", "Http://bad.Example/x here now bold words", "and more just text", "late words",
                     "AND more", "berall text: grsse aus kln", "just a body", "subject: hello", "Subject: hello"):
            yield f"{target}:*:{x(text)}"
    yield from (f"1:{o}:909192" for o in (
        "EP+0", "EP+1", "EP-4", "EP-4,4", "EP+0,4", "EP-3,2", "S0+0", "S1+0", "S1+1", "S2+0", "S2+0,9", "SL+0",
        "SL+0,9", "SE0", "SE1", "SE2", "EOF-512", "512", "S7+0"))
    yield from (f"6:{o}:909192" for o in ("EP+0", "EP+1", "EP-2,2", "128"))
    yield f"0:*:{a}:10"
    yield f"0:*:{a}:10:20"
    yield f"0:*:{a}:300"
    yield f"*:*:{a}"


EXPRESSIONS = (
    "0 0&1 0|1 0=1 0=2 0=3 0>1 0>2 0<3 0<2 0=0 1=0 0&2=0 (0|1)=3 (0|1)=2 (0|1)>2 (0|1)>2,2 (0|1)>2,1 (0|1|2)>1,2 "
    "(0|1|2)>1,3 (0&1&2)=0 (0&2)=2|(1&3) (0&1&2)>1 0|1&2=0 (0&1)=3 (0|1)=3,2 0=2,1 ((0|1)>2)&(2|3)=0 ((0|1)>2)|(2&3) "
    "(0&1&(2|3)) (0&1)|(2&3) 0&1|2&3 2&3|0|1 0|2&3|1 (0|1|2|3)<4 (0|1|2|3)<4,2 (0|1|2|3)<4,3 0<3,2 ((0&2)|1)>0 "
    "((0&2)|1)=1 ((0&2)|1)=3 ((0=0)|1)=1 (0=2&1=1)=3 (0=1|1=1)=1 (0=1|1=1)=3 (0&1&2=0) (0&1&2=0)=0 (0>0&1&2=0)>1 "
    "0=1|1=1|2=0 0=1|1=2 (0&1&2)<9 (2&1&0)<9,1 (2|1)&0 (2|3|1|0)=0 (2=0&3=0)&0&1 (1&(2|3))>0|0 (2|3|(1&0))>2 "
    "((2|3)=0)&0&1 (2&3)=0&(0|1)").split()


def subs_of(expression):
    """How many sub-signatures it speaks of."""
    number, numbers, compared = "", [], False
    for c in expression + " ":
        if c.isdigit():
            number += c
            continue
        if number and not compared:
            numbers.append(int(number))
        compared = c in "=<>" or (compared and c == ",")
        number = ""
    return max(numbers) + 1


def logicals():
    a, engine = x("aaxx"), "Engine:81-255,Target:0"
    subs = (a, x("bbyy"), x("cczz"), x("dddd"))
    for expression in EXPRESSIONS:
        yield f"{engine};{expression};" + ";".join(subs[:subs_of(expression)])
    for sub in (f"{x('hello')}::i", x("hello"), f"{x('wide')}::w", f"{x('WIDE')}::wi", f"{x('wide')}::wa", f"{a}::wa",
                f"{x('wide')}::wf", f"{x('hello')}::fi", f"{x('ello')}::fi", f"{x('wi')}::wf", f"{x('wi')}::wfi",
                f"{x('axx')}::f", f"{x('HELLO')}::ia", f"102:{a}", f"101:{a}", f"102:{x('AAXX')}::i", f"EOF-2,2:{x('ss')}",
                f"{a}(L){x('qq')}", f"(L){x('ss')}(L)", f"{x('rr')}(L){x('ss')}", f"{x('he')}*{x('LO')}::i",
                f"{x('aa')}(7878|79){x('y')}::i", f"{a}*{x('ss')}"):
        yield f"{engine};0;{sub}"
    for count, sub in ((2, f"{a}::f"), (3, f"{a}::f"), (4, a), (2, f"{x('wi')}::wi"), (1, f"{a}(L)"), (1, f"{a}(W)"),
                       (3, f"{a}(W)"), (1, f"{a}*{x('ss')}"), (4, f"{x('aa')}*{x('xx')}"), (4, f"{x('aa')}{{-20}}{x('xx')}")):
        yield f"{engine};0={count};{sub}"
    for sub in ("0/foo/", "0/foo./g", "108:0/foo/", "107:0/foo/", "107:0/foo/r", "100,10:0/foo1/", "100,3:0/foo1/",
                "100,10:0/foo1/e", "100,12:0/foo1/e", "100,8:0/foo1/", "100,7:0/foo1/", "0=1/foo/", "0=2/foo/", "0/FOO/i",
                r"0/foo1--\x66oo2/", "0/^foo1/m", "EOF-60:0/./r", r"0/fo\/o/", "*:0/foo/", r"0/aaxx\s+1234/", r"0/^qq\s/m",
                r"0/hello.*?ss$/si", r"0/(?<!x)aaxx(?=y)/"):
        yield f"{engine};1;{a};{sub}"
    yield f"{engine};1=2;{a};0/foo./g"
    yield f"{engine};1=1;{a};0/foo./"
    yield f"{engine};1=4;{a};0/o/g"
    yield f"{engine};2;{a};{x('bbyy')};0&1/foo/"
    yield f"{engine};2;{a};{x('zzzz')};0&1/foo/"
    yield f"{engine};2;{a};{x('zzzz')};0|1/foo/"
    for test in (">>5#d4#=1234", ">>5#de4#=1234", ">>5#de5#=1234", ">>5#d5#=1234", ">>5#d3#=123", ">>10#h4#=31",
                 ">>15#hb4#=65280", ">>15#hl4#=255", ">>15#he5#=65280", ">>15#hl4#<256,>254", ">>15#hl4#=0xff",
                 ">>5#d4#>1000,<2000", ">>5#d4#>1234", "<<4#d1#=2", ">>4#d5#=1234", ">>4#de5#=1234", ">>15#a4#=0",
                 ">>5#hl4#=0x3412", ">>5#ab4#=1234", ">>4#hb5#=0x1234", ">>10#d4#=0", ">>10#al4#=0x1f", ">>10#hl4#=0x1f",
                 ">>15#hl3#=0xf00f", ">>15#hb3#=0xff0"):
        yield f"{engine};1;{a}20;0({test})"
    for test in (">>2#il2#=0x0201", ">>2#ib2#=0x0102", ">>2#il4#=0x04030201", ">>2#ib4#=0x01020304", ">>2#ib8#=1",
                 ">>5#ib1#=4", ">>6#ib1#=4", ">>0x5#ib1#=4"):
        yield f"{engine};1;{x('zz')}01;0({test})"
    yield f"{engine};1;{x('foo')};0(>>3#d1#=1)"
    yield f"{engine};1;{x('foo')};0(>>3#d1#=2)"
    for attributes in (f"Target:0,FileSize:10-20", f"Target:0,FileSize:10-{len(BINARY)}", "FileSize:10-2000,Target:0",
                       "Target:0,Container:CL_TYPE_MAIL", "Target:0,Container:CL_TYPE_ZIP", "Target:0,Container:CL_TYPE_ANY",
                       "Target:0,Intermediates:CL_TYPE_MAIL>CL_TYPE_ZIP", "Target:0,Intermediates:CL_TYPE_ZIP",
                       "Target:0,Intermediates:CL_TYPE_ZIP>CL_TYPE_ZIP", "Target:0,Intermediates:CL_TYPE_ANY>CL_TYPE_ZIP",
                       "Target:0,Intermediates:CL_TYPE_MAIL"):
        yield f"Engine:81-255,{attributes};0;{a}"
    for attributes in ("EntryPoint:512-512", "EntryPoint:513-600", "NumberOfSections:2-2", "NumberOfSections:3-9",
                       "EntryPoint:500-520,NumberOfSections:1-2", "Container:CL_TYPE_ZIP"):
        yield f"Engine:81-255,Target:1,{attributes};0;909192"
    yield f"Engine:300-400,Target:0;0;{a}"
    yield f"Engine:81-255,Target:7;0&1;{x('first line')};{x('caps.')}"
    yield f"Engine:81-255,Target:3;0&1;{x('some & title')};{x('click here')}"
    yield f"Engine:81-255,Target:4;0;{x('Subject: hello')}"
    yield f"Engine:81-255,Target:0;0=0&1;{x('nowhere to be found')};{a}"


def digests():
    for data in (BINARY, TEXT, PE, ZIP):  # of HTML in mail, clamscan's digests are of its own copy
        for kind in ("md5", "sha1", "sha256"):
            digest = hashlib.new(kind, data).hexdigest()
            yield f"{digest}:{len(data)}:%s"
            yield f"{digest}:{len(data) + 1}:%s"
            yield f"{digest.upper()}:*:%s:73"
    digest = hashlib.md5(BINARY).hexdigest()
    yield f"{digest}:{len(BINARY)}:%s:73:90"
    yield f"{digest}:{len(BINARY)}:%s:300"


def sections():
    for at in (512, 1024):
        digest = hashlib.md5(PE[at:at + 512]).hexdigest()
        yield f"512:{digest}:%s"
        yield f"511:{digest}:%s"


def members():
    for regex in (r"(?i)\.exe$", r"\.exe$", r"\.EXE$", r"^dir/c\.js$", "js$", r"^[^\.]+\.exe$", "(exe|com)$", "^Invoice", "zip",
                  r"\.(bin|zip)$"):
        for container in ("*", "CL_TYPE_ZIP", "CL_TYPE_MAIL"):
            yield f"{container}:*:{regex}:*:*:*:*:*:*"
    yield "CL_TYPE_RAR:*:exe:*:*:*:*:*:*"
    for fields in (f"CL_TYPE_ZIP:{len(ZIP)}:Invoice:*:*", f"CL_TYPE_ZIP:{len(ZIP) + 1}:Invoice:*:*",
                   f"CL_TYPE_ZIP:*:Invoice:*:{len(PE)}", f"CL_TYPE_ZIP:*:Invoice:*:1-{len(PE)}",
                   f"CL_TYPE_ZIP:*:Invoice:*:1-{len(PE) - 1}", f"CL_TYPE_MAIL:*:Bad:*:{len(PE)}",
                   f"CL_TYPE_MAIL:*:Bad:{len(PE)}:*", f"CL_TYPE_MAIL:{len(MESSAGES['pe'])}:Bad:*:*"):
        yield f"{fields}:*:*:*:*"
    for last in ("0:*", "1:*", "*:2", "*:1", "*:1-2", "*:3", "*:0"):
        yield f"*:*:Invoice|Bad:*:*:{last}:*:*"


def signatures():
    """[(name, extension, line)]"""
    found = [("ndb", "%s:" + s) for s in bodies()] + [("ldb", "%s;" + s) for s in logicals()]
    found += [("hsb", s) for s in digests()] + [("mdb", s) for s in sections()] + [("cdb", "%s:" + s) for s in members()]
    return [(f"Test.{ext}-{i}", ext, line.replace("%s", f"Test.{ext}-{i}", 1)) for i, (ext, line) in enumerate(found)]


# --- Both programs ---

def write(folder, name, content):
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    return path


def clamscan(database, mail):
    """{message: set of names}"""
    result = subprocess.run(["clamscan", f"--database={database}", "--no-summary", "--infected", "--allmatch", "-r", mail],
                            capture_output=True, check=False, timeout=120, text=True)
    expect(result.returncode in (0, 1), "clamscan failed", result.stderr)
    found = {name: set() for name in os.listdir(mail)}
    for line in result.stdout.splitlines():
        path, name, verdict = line.rsplit(" ", 2)
        expect_equal(verdict, "FOUND", line)
        found[os.path.basename(path.rstrip(":"))].add(name.removesuffix(".UNOFFICIAL"))
    return found


def gatepost(folder, databases, mail):
    """The same; a rule for each of {rule's name: [files]}."""
    rules = [{"name": name, "when": {"signature": {"database": files}}, "score": 1} for name, files in databases.items()]
    write(folder, "rules.yaml", json.dumps({"rules": rules}))
    config = write(folder, "gatepost.yaml", json.dumps({
        "listeners": [{"name": "mx", "protocol": "smtp", "address": "127.0.0.1:2525", "upstream": "u", "policy": "default"}],
        "upstreams": {"u": {"address": "127.0.0.1:25"}},
        "policies": {"default": {"rules": ["rules.yaml"], "thresholds": [{"score": 100000, "then": "tag"}]}}}))
    result = subprocess.run([GATEPOST, "scan", "--json", "-c", config, mail], capture_output=True, check=False, timeout=120)
    expect(b"Sanitizer" not in result.stderr, "a sanitizer spoke", result.stderr)
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    expect(answers, "no answers", result.stderr)
    return {os.path.basename(a["file"]): {rule["detail"] for rule in a["rules"]} for a in answers}


def compare(got, wanted, lines):
    differ = []
    for name in sorted(wanted):
        for signature in sorted(wanted[name] ^ got[name]):
            who = "clamscan" if signature in wanted[name] else "gatepost"
            differ.append(f"{name}: only {who} finds {lines.get(signature, signature)}")
    expect(not differ, f"{len(differ)} differ", *differ[:40])


def mail_folder(t):
    folder = os.path.join(t.folder(), "mail")
    os.mkdir(folder)
    for name, content in MESSAGES.items():
        write(folder, name + ".eml", content)
    return folder


def needs_clamscan():
    if shutil.which("clamscan") is None:
        raise Skip("clamscan is not installed (package clamav)")


@tests
def all_formats(t):
    "signatures of every format find what clamscan finds"
    needs_clamscan()
    folder, mail = t.folder(), mail_folder(t)
    database = os.path.join(folder, "db")
    os.mkdir(database)
    every = signatures()
    for name, ext, line in every:
        write(database, f"{name}.{ext}", line + "\n")
    wanted = clamscan(database, mail)
    expect(len(set.union(*wanted.values())) > len(every) / 2, "too few signatures are found at all")
    got = gatepost(folder, {f"R{i}": [f"db/{name}.{ext}"] for i, (name, ext, _) in enumerate(every)}, mail)
    compare(got, wanted, {name: line for name, _, line in every})


@tests
def allowed(t):
    "files and signatures that are allowed are not found, as by clamscan"
    needs_clamscan()
    folder, mail = t.folder(), mail_folder(t)
    database = os.path.join(folder, "db")
    os.mkdir(database)
    write(database, "a.ndb", f"Body:0:*:{x('aaxx')}\nIgnored:0:*:{x('aaxx')}\nProgram:1:*:909192\n")
    write(database, "a.ign2", "Ignored\n")
    write(database, "a.fp", f"{hashlib.md5(BINARY).hexdigest()}:{len(BINARY)}:ours\n")
    write(database, "a.sfp", f"{hashlib.sha256(ZIP).hexdigest()}:{len(ZIP)}:ours\n")
    write(database, "pua.ndu", f"Unwanted:0:*:{x('aaxx')}\n")
    wanted = clamscan(database, mail)
    got = gatepost(folder, {"ALL": ["db"]}, mail)
    expect_equal({k: bool(v) for k, v in got.items()}, {k: bool(v) for k, v in wanted.items()}, "messages with a find")


@tests
def macros(t):
    "a macro's group is found where it follows, at least where clamscan finds it"
    needs_clamscan()
    folder, mail = t.folder(), mail_folder(t)
    database = os.path.join(folder, "db")
    os.mkdir(database)
    write(database, "a.ndb", f"D1:0:$12:{x('bbbbbb')}\nD2:0:$12:{x('dddddd')}\nD3:0:$13:{x('bbbbbb')}\n")
    lines = {}
    for i, (first, near) in enumerate((a, b) for a in ("aaa", "ccc", "zzz") for b in ("6-6", "1-5", "5-5", "3-9", "7-30")):
        lines[f"Macro-{i}"] = f"Macro-{i};Engine:51-255,Target:0;0&1;{x(first)};${{{near}}}12$"
    write(database, "a.ldb", "\n".join(lines.values()) + "\n")
    wanted = clamscan(database, mail)
    files = {}
    for name, line in lines.items():
        write(folder, f"{name}.ldb", line + "\n")
        files[name] = [f"{name}.ldb", "db/a.ndb"]
    got = gatepost(folder, files, mail)
    expect(any(wanted.values()), "clamscan finds none")
    compare(got, {name: wanted[name] | got[name] for name in wanted}, lines)
    expect_equal(got["macro.eml"], {f"Macro-{i}" for i in (0, 3, 4, 6, 7, 8)}, "macros in reach")


tests.run()
