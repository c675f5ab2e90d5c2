#!/usr/bin/python3
"""Containers of every kind through the scanner in its cage, where no file can
be opened and memory has a bound: what is in them is found, and none of them
ends the scanner.

    GATEPOST=src/gatepost python3 tests/containers.py [WORD…]"""

import base64
import bz2
import gzip
import io
import lzma
import os
import struct
import sys
import tarfile
import zipfile
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import Skip, Tests, expect, expect_equal, is_sanitized  # noqa: E402

tests = Tests()

RULES = """rules:
  - name: programs
    when: { attachment: { magic: [pe] } }
    then: reject
    reply: "554 5.7.1 no programs"
"""
PROGRAM = b"MZ" + bytes(126)
NAME = "pr\u00fcfung.exe"


def tar(contents, form=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, content in contents:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def zipped(contents, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in contents:
            archive.writestr(name, content)
    return out.getvalue()


def rar_block(kind, flags, rest):
    head = struct.pack("<BHH", kind, flags, 7 + len(rest)) + rest
    return struct.pack("<H", zlib.crc32(head) & 0xffff) + head


def rar(name, content):
    head = struct.pack("<IIBIIBBHI", len(content), len(content), 3, zlib.crc32(content), 0x210000, 20, 0x30,
                       len(name), 0o100644) + name
    return (b"Rar!\x1a\x07\0" + rar_block(0x73, 0, bytes(6)) + rar_block(0x74, 0x8000, head) + content
            + rar_block(0x7b, 0x4000, b""))


def cabinet(name, content):
    files = 36 + 8
    data = files + 16 + len(name) + 1
    return (struct.pack("<4s5I2B5H", b"MSCF", 0, data + 8 + len(content), 0, files, 0, 3, 1, 1, 1, 0, 0, 0)
            + struct.pack("<IHH", data, 1, 0)
            + struct.pack("<IIHHHH", len(content), 0, 0, 0x2100, 0, 0x20) + name + b"\0"
            + struct.pack("<IHH", 0, len(content), len(content)) + content)


def lha(name, content):
    head = b"-lh0-" + struct.pack("<IIIBBB", len(content), len(content), 0x210000, 0x20, 0, len(name)) + name + b"\0\0"
    return bytes([len(head), sum(head) & 255]) + head + content + b"\0"


def ar(name, content):
    return b"!<arch>\n" + (b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (name, 0, 0, 0, b"100644", len(content))) + content


def cpio(name, content):
    def entry(entry_name, body):
        head = b"070701" + b"%08x" * 13 % (1, 0o100644, 0, 0, 1, 0, len(body), 0, 0, 0, 0, len(entry_name) + 1, 0)
        out = head + entry_name + b"\0"
        out += bytes(-len(out) % 4) + body
        return out + bytes(-len(out) % 4)
    return entry(name, content) + entry(b"TRAILER!!!", b"")


CONTAINERS = {
    "zip": zipped([(NAME, PROGRAM)]),
    "zip, bzip2": zipped([(NAME, PROGRAM)], zipfile.ZIP_BZIP2),
    "zip, lzma": zipped([(NAME, PROGRAM)], zipfile.ZIP_LZMA),
    "tar, pax": tar([(NAME, PROGRAM)]),
    "tar, gnu": tar([(NAME, PROGRAM)], tarfile.GNU_FORMAT),
    "gzip": gzip.compress(PROGRAM),
    "tar.gz": gzip.compress(tar([(NAME, PROGRAM)])),
    "bzip2": bz2.compress(PROGRAM),
    "xz": lzma.compress(PROGRAM),
    "lzma": lzma.compress(PROGRAM, lzma.FORMAT_ALONE),
    "rar": rar(b"a.exe", PROGRAM),
    "cab": cabinet(b"a.exe", PROGRAM),
    "lha": lha(b"a.exe", PROGRAM),
    "ar": ar(b"a.exe/", PROGRAM),
    "cpio": cpio(b"a.exe", PROGRAM),
    "gif and zip": b"GIF89a\1\0\1\0\0\0\0;" + zipped([(NAME, PROGRAM)]),
    "zip in zip in gzip": gzip.compress(zipped([("in.zip", zipped([(NAME, PROGRAM)]))])),
}


def message(content):
    return (b"Subject: container\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=x.dat\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(content).replace(b"\n", b"\r\n"))


def caged(t, changes=None):
    return t.gatepost(t.upstream(), {"run": {"proxies": 1, "scanners": 1}, **(changes or {})}, rules=RULES, single=False)


def verdict(t, gatepost, content):
    client = t.client(gatepost)
    client.greet()
    reply = client.deliver(message(content))
    client.quit()
    return reply


def expect_one_scanner(gatepost, before):
    expect_equal(gatepost.processes("scanner"), before, "the scanner that was there before")


@tests
def kinds(t):
    "a program is found in a container of each kind"
    gatepost = caged(t)
    before = gatepost.processes("scanner")
    for name, content in CONTAINERS.items():
        reply = verdict(t, gatepost, content)
        expect(reply.code == 554 and b"no programs" in bytes(str(reply), "utf-8"), f"{name}: {reply}")
    expect_one_scanner(gatepost, before)


@tests
def bombs(t):
    "R07: what unpacks to more than the limits allow is deferred, and the next message is looked at"
    gatepost = caged(t, {"limits": {"archive_output": "8MiB"}})
    before = gatepost.processes("scanner")
    zeros = bytes(64 << 20)
    for content in (gzip.compress(zeros), bz2.compress(zeros), lzma.compress(zeros), gzip.compress(gzip.compress(zeros)),
                    zipped([("zeros", zeros)])):
        expect_equal(verdict(t, gatepost, content).code // 100, 4, "a bomb")
    expect_equal(verdict(t, gatepost, CONTAINERS["zip"]).code, 554, "the next")
    expect_one_scanner(gatepost, before)


@tests
def dictionaries(t):
    "a dictionary larger than the memory of the cage is over the limit, not the end of the scanner"
    gatepost = caged(t, {"limits": {"scan_memory": "64MiB"}})
    if is_sanitized():
        raise Skip("a build with sanitizers has no bound on its memory")
    before = gatepost.processes("scanner")
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 20}]
    packed = bytearray(lzma.compress(PROGRAM, filters=filters))
    at = packed.index(b"\x21\x01") + 2  # the filter's one property: the size of its dictionary
    packed[at] = 38  # 2 GiB
    packed[20:24] = struct.pack("<I", zlib.crc32(bytes(packed[12:20])))
    expect_equal(verdict(t, gatepost, bytes(packed)).code // 100, 4, "xz")
    alone = bytearray(lzma.compress(PROGRAM, lzma.FORMAT_ALONE))
    alone[1:5] = struct.pack("<I", 1 << 31)
    expect_equal(verdict(t, gatepost, bytes(alone)).code // 100, 4, "lzma")
    expect_equal(verdict(t, gatepost, CONTAINERS["zip"]).code, 554, "the next")
    expect_one_scanner(gatepost, before)


tests.run()
