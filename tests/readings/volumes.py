"""T73-T77: archives that are encrypted, deep, large, split, or of other kinds."""

import bz2
import functools
import gzip
import lzma
import os
import shutil
import struct
import subprocess
import tarfile
import tempfile

from .archives import STORED, Member, encrypted_member, gz, padded, plain_zip, tar_block, tar_of, zeros_gz, zip_of
from .build import b64, entity
from .packages import attachment
from .payload import NOTE, PROGRAM, TEXT, VIRUS
from .registry import BLOCK, VALID, readings


@functools.cache
def seven_zip(kind, name, content, *more):
    """An archive by 7z; empty where it is not installed."""
    program = shutil.which("7z") or shutil.which("7zz")
    if not program:
        return b""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, name), "wb") as f:
            f.write(content)
        subprocess.run([program, "a", f"-t{kind}", *more, "out", name], cwd=folder, capture_output=True, timeout=30,
                       check=True)
        made = [n for n in os.listdir(folder) if n.startswith("out")]
        with open(os.path.join(folder, sorted(made)[0]), "rb") as f:
            return f.read()


RAR4 = b"Rar!\x1a\x07\x00"
RAR5 = b"Rar!\x1a\x07\x01\x00"


def rar4(name, content, encrypted=False, headers_encrypted=False, volume=False):
    """One stored member."""
    import zlib

    def block(kind, flags, rest, data=b""):
        body = bytes([kind]) + struct.pack("<HH", flags, 7 + len(rest)) + rest
        return struct.pack("<H", zlib.crc32(body) & 0xFFFF) + body + data
    main = block(0x73, (0x80 if headers_encrypted else 0) | (0x11 if volume else 0), b"\0" * 6)
    if headers_encrypted:
        return RAR4 + main + b"\x5a" * (8 + 64)
    name = name.encode()
    rest = struct.pack("<IIBIIBBHI", len(content), len(content), 2, zlib.crc32(content), 0x5B610000, 29, 0x30,
                       len(name), 0x20) + name
    return RAR4 + main + block(0x74, 0x8000 | (4 if encrypted else 0) | (2 if volume else 0), rest,
                               content) + block(0x7B, 0x4000, b"")


@readings(73, "encrypted archives", banned=(VIRUS, PROGRAM), harmless=(TEXT,))
def encrypted(p):
    note, secret = Member("about.txt", NOTE), encrypted_member(p.name, p.content)
    neutral = encrypted_member("data.bin", p.content)
    for name, data in {"all": zip_of(secret), "innocent name": zip_of(neutral), "first only": zip_of(neutral, note),
                       "last only": zip_of(note, neutral),
                       "stored": zip_of(encrypted_member("data.bin", p.content, method=STORED)),
                       "in a zip": plain_zip("inner.zip", zip_of(neutral)),
                       "in a gzip": gz(zip_of(neutral)), "in a tar": tar_of(("inner.zip", zip_of(neutral)))}.items():
        yield f"zip, {name}", attachment("x.zip", data, "application/zip"), BLOCK
        yield f"zip, {name}, under another name", attachment("x.dat", data), BLOCK
    aes = Member("data.bin", p.content, 99, data=b"\x11" * 18 + p.content + b"\x22" * 10,
                 local={"flags": 1, "extra": b"\x01\x99\x07\0\x02\0AE\x03\x08\0"}, central={
        "flags": 1, "extra": b"\x01\x99\x07\0\x02\0AE\x03\x08\0"})
    yield "zip, AES", attachment("x.zip", zip_of(aes)), BLOCK
    strong = Member("data.bin", p.content, data=b"\x33" * 80, local={"flags": 0x41}, central={"flags": 0x41})
    yield "zip, strong encryption", attachment("x.zip", zip_of(strong)), BLOCK
    for name, more in {"contents": ["-psecret"], "names too": ["-psecret", "-mhe=on"]}.items():
        if data := seven_zip("7z", "data.bin", p.content, *more):
            yield f"7z, {name}", attachment("x.7z", data), BLOCK
            yield f"7z, {name}, in a zip", attachment("x.zip", plain_zip("x.7z", data)), BLOCK
    if data := seven_zip("zip", "data.bin", p.content, "-psecret", "-mem=AES256"):
        yield "zip, AES by 7z", attachment("x.zip", data), BLOCK
    yield "RAR, contents", attachment("x.rar", rar4("data.bin", p.content, encrypted=True)), BLOCK
    yield "RAR, headers", attachment("x.rar", rar4("data.bin", p.content, headers_encrypted=True)), BLOCK
    yield "RAR 5, headers", attachment("x.rar", RAR5 + bytes.fromhex("d5a1b9c2") + b"\x21\x04\0\0\x01\x0f"
                                       + b"\x44" * 28 + b"\x55" * 96), BLOCK
    yield "zip, nothing encrypted", attachment("x.zip", zip_of(note, Member(p.name, p.content))), VALID


def info(name, kind=tarfile.REGTYPE, link="", pax=None):
    t = tarfile.TarInfo(name)
    t.type, t.linkname = kind, link
    if pax:
        t.pax_headers = pax
    return t


@readings(74, "tar: names, links, overrides")
def tars(p):
    n, c = p.name, p.content
    yield "a file", attachment("x.tar", tar_of(("note.txt", NOTE), (n, c)), "application/x-tar"), VALID
    yield "in a gzip", attachment("x.tar.gz", gz(tar_of((n, c)))), VALID
    yield "GNU", attachment("x.tar", tar_of((n, c), format=tarfile.GNU_FORMAT)), VALID
    yield "pax", attachment("x.tar", tar_of((n, c), format=tarfile.PAX_FORMAT)), VALID
    yield "long name", attachment("x.tar", tar_of(("d/" * 80 + n, c), format=tarfile.GNU_FORMAT)), VALID
    for name in [f"'{n}", f'"{n}"', f"`touch x`{n}", f"$(touch x){n}", f"a\n{n}", f"a\r\n{n}", f"../../{n}", f"/{n}",
                 f"-{n}", f"--checkpoint-action=exec=sh {n}", f"{n}|x", f"{n};x", f"a\x1b[2J{n}",
                 f"{n}\n", f"{n} ", f"a'b'{n}", f"%s{n}", f"\\{n}", f"C:\\{n}", f"*{n}", f"d/../{n}", "data"]:
        yield f"name {name!r}", attachment("x.tar", tar_of((name, c)))
        yield f"name {name!r}, pax", attachment("x.tar", tar_of((info("data", pax={"path": name}), c),
                                                                format=tarfile.PAX_FORMAT))
    for name, kind in {"symbolic": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE}.items():
        yield f"{name} link before", attachment("x.tar", tar_of((info("d", kind, "/tmp"), b""), (f"d/{n}", c)))
        yield f"{name} link to it", attachment("x.tar", tar_of(("data", c), (info(n, kind, "data"), b"")))
    for name, kind in {"no kind": b"\0", "contiguous": b"7", "unknown kind": b"Z", "folder with content": b"5",
                       "sparse": b"S", "dump folder": b"D", "volume": b"V", "continued": b"M", "device": b"3",
                       "symbolic link with content": b"2", "hard link with content": b"1"}.items():
        yield name, attachment("x.tar", tar_block(n.encode(), len(c), kind) + padded(c) + bytes(1024))
    for name, magic in {"old": b"", "GNU's": b"ustar  \0", "unknown": b"whatsit\0"}.items():
        yield f"magic {name}", attachment("x.tar", tar_block(n.encode(), len(c), b"0", magic) + padded(c) + bytes(1024))
    good = tar_of((n, c))
    for name, data in {"no end": good[:512 + len(padded(c))], "cut": good[:512 + len(c)],
                       "zero blocks first": bytes(1024) + good, "after the end": tar_of(("note.txt", NOTE)) + good,
                       "a block of junk first": b"x" * 512 + good, "checksum wrong": good[:150] + b"1" + good[151:],
                       "size in base 256": good[:124] + b"\x80" + bytes(7) + struct.pack(">I", len(c)) + good[136:],
                       "size wrong": tar_block(n.encode(), 3) + padded(c) + bytes(1024)}.items():
        yield name, attachment("x.tar", data)
    for name, headers in {"size 0": {"size": "0"}, "size too small": {"size": "3"},
                          "path given twice": {"path": "note.txt"}, "GNU.sparse": {"GNU.sparse.name": n},
                          "hdrcharset": {"hdrcharset": "BINARY", "path": n},
                          "a folder": {"path": "d/"}}.items():
        yield f"pax, {name}", attachment("x.tar", tar_of((info(n if "path" not in headers else n, pax=headers), c),
                                                         format=tarfile.PAX_FORMAT))
    record = b"%d path=%s\n" % (len(n) + 9, n.encode())
    for name, kind in {"global": b"g", "extended": b"x", "Solaris": b"X"}.items():
        yield f"pax by hand, {name}", attachment("x.tar", tar_block(b"h", len(record), kind) + padded(record)
                                                 + tar_block(b"note.txt", len(c)) + padded(c) + bytes(1024))
    yield "GNU long name by hand", attachment("x.tar", tar_block(b"././@LongLink", len(n) + 1, b"L")
                                              + padded(n.encode() + b"\0") + tar_block(b"note.txt", len(c)) + padded(c)
                                              + bytes(1024))


def wrapped(data, depth, pack):
    for level in range(depth):
        data = pack(data, level)
    return data


def quine_like(size):
    """A gzip that unpacks to gzips of itself, further than anybody follows."""
    return wrapped(b"\0" * size, 24, lambda data, _: gz(data) * 2 if len(data) < 4000 else gz(data))


@readings(75, "archives in archives", banned=(VIRUS, PROGRAM), harmless=(TEXT,))
def nested(p):
    packs = {"zip": lambda d, i: plain_zip(f"{i}.zip", d), "stored zip": lambda d, i: plain_zip(f"{i}.zip", d, STORED),
             "gzip": lambda d, i: gz(d),
             "tar": lambda d, i: tar_of((f"{i}.tar", d)), "bzip2": lambda d, i: bz2.compress(d),
             "xz": lambda d, i: lzma.compress(d)}
    for name, pack in packs.items():
        inner = plain_zip(p.name, p.content)
        for depth in 1, 2, 7, 8, 20, 25, 40:
            if depth <= 2 or name != "tar" or depth <= 25:
                yield f"{name}, {depth} deep", attachment("x.zip", wrapped(inner, depth,
                    pack)), VALID if depth <= 2 else "odd" if depth < 9 else BLOCK
    mixed = list(packs.values())
    for depth in 3, 6, 20:
        yield f"mixed, {depth} deep", attachment("x.zip", wrapped(plain_zip(p.name, p.content), depth,
            lambda d, i: mixed[i % 4](d, i))), "odd" if depth < 9 else BLOCK
    yield "a message in a zip", attachment("x.zip", plain_zip("mail.eml", b"From: a@example.org\r\n"
                                                              + attachment(p.name, p.content, p.type)))
    yield "a message in a zip in a message in a zip", attachment("x.zip",
        plain_zip("mail.eml", b"Subject: x\r\n" + attachment("y.zip", plain_zip(
        "mail.eml", b"Subject: y\r\n" + attachment(p.name, p.content, p.type)))))
    yield "gzips of themselves", attachment("x.gz", quine_like(64)), BLOCK
    yield "beside what is too deep", attachment("x.zip", zip_of(Member("deep.zip", wrapped(NOTE, 25, packs["zip"])),
                                                                Member(p.name, p.content))), BLOCK


@functools.cache
def squeezed(compress, size):
    return compress(b"\0" * size)


@readings(76, "archives that unpack to too much", banned=(PROGRAM,), harmless=(TEXT,))
def bombs(p):
    size = 10 << 20
    zeros = b"\0" * size
    big = Member("zeros", zeros)
    file = Member(p.name, p.content)
    yield "10 MB of zeros", attachment("x.zip", zip_of(big)), BLOCK
    yield "10 MB of zeros, then the file", attachment("x.zip", zip_of(big, file)), BLOCK
    yield "the file, then 10 MB of zeros", attachment("x.zip", zip_of(file, big)), BLOCK
    yield "declared as 10 octets", attachment("x.zip", zip_of(Member("zeros", zeros, local={"size": 10},
        central={"size": 10}), file)), BLOCK
    yield "gzip", attachment("x.gz", zeros_gz(size)), BLOCK
    yield "gzip in gzip", attachment("x.gz.gz", gz(zeros_gz(size))), BLOCK
    yield "gzip in gzip in gzip", attachment("x.gz", gz(gz(zeros_gz(size)))), BLOCK
    yield "bzip2", attachment("x.bz2", squeezed(bz2.compress, size)), BLOCK
    yield "xz", attachment("x.xz", squeezed(lzma.compress, size)), BLOCK
    yield "tar in gzip, the file last", attachment("x.tgz", gzip.compress(tar_of(("zeros", zeros), (p.name, p.content)),
        1)), BLOCK
    yield "members of a gzip", attachment("x.gz", zeros_gz(1 << 20) * 10), BLOCK
    yield "many members", attachment("x.zip", zip_of(*[Member(f"{i}", zeros[:1 << 20]) for i in range(10)],
                                                     file)), BLOCK
    shared = Member("a", zeros[:1 << 20])
    overlap = [shared] + [Member(f"{i}", zeros[:1 << 20], headed=False, data=b"", offset=0,
                                 central={"packed": len(shared.data)}) for i in range(12)]
    yield "members that overlap", attachment("x.zip", zip_of(*overlap, file)), BLOCK
    yield "12,000 empty members", attachment("x.zip", zip_of(*[Member(f"{i}", b"", STORED) for i in range(12000)],
                                                             file)), BLOCK
    yield "10 GB declared", attachment("x.zip", zip_of(Member("x", b"x" * 99, local={"size": 0xFFFFFFF0},
                                                              central={"size": 0xFFFFFFF0}), file))
    yield "zip in zip", attachment("x.zip", plain_zip("y.zip", plain_zip("zeros", zeros))), BLOCK
    yield "three small members", attachment("x.zip", zip_of(Member("a", NOTE), Member("b", NOTE), file)), VALID
    if data := seven_zip("7z", "zeros", zeros):
        yield "7z", attachment("x.7z", data), BLOCK


@readings(77, "volumes, and archives of other kinds or names")
def volumes(p):
    whole = zip_of(Member("about.txt", NOTE), Member(p.name, p.content, STORED))
    half = len(whole) // 2
    for name, data in {"f.zip.001": whole[:half], "f.zip.002": whole[half:], "f.z01": b"PK\x07\x08" + whole[:half],
                       "f.zip": whole[half:]}.items():
        yield f"piece of a zip, {name}", attachment(name, data), BLOCK
    split = zip_of(Member("a", NOTE))
    yield "end record of a second disk", attachment("f.zip", split[:-18] + b"\2\0\2\0" + split[-14:]), BLOCK
    for name, data in {"f.7z.001": seven_zip("7z", p.name, p.content, "-mx=0", "-v200b"), "f.7z.002": NOTE,
                       "f.part1.rar": rar4(p.name, p.content[:40], volume=True),
                       "f.part2.rar": rar4(p.name, p.content[40:], volume=True), "f.r00": rar4(p.name, p.content[40:],
        volume=True), "f.tar.001": tar_of((p.name, p.content))[:700]}.items():
        if data:
            yield f"piece, {name}", attachment(name, data), BLOCK
    forms = {"zip": whole, "tar": tar_of((p.name, p.content)), "tar.gz": gz(tar_of((p.name, p.content))),
             "gz": gz(p.content, p.name.encode()), "bz2": bz2.compress(p.content),
             "xz": lzma.compress(p.content), "lzma": lzma.compress(p.content, lzma.FORMAT_ALONE), "zip.gz": gz(whole),
             "zip.bz2": bz2.compress(whole), "rar": rar4(p.name, p.content),
             "7z": seven_zip("7z", p.name, p.content), "wim": seven_zip("wim", p.name, p.content),
             "tgz": gzip.compress(tar_of((p.name, p.content)), mtime=0)}
    commands = {"cab": ["gcab", "-c", "out"], "iso": ["genisoimage", "-quiet", "-J", "-o", "out"],
                "zst": ["zstd", "-q", "-o", "out"], "cpio": ["bsdtar", "--format", "cpio", "-cf", "out"],
                "ar": ["bsdtar", "--format", "ar", "-cf", "out"], "mtree": ["bsdtar", "--format", "shar", "-cf", "out"],
                "xar": ["bsdtar", "--format", "xar", "-cf", "out"],
                "lzip": ["bsdtar", "--lzip", "-cf", "out"], "lz4": ["bsdtar", "--lz4", "-cf", "out"],
                "compress": ["bsdtar", "-Z", "-cf", "out"]}
    forms.update({kind: packed(tuple(command), p.name, p.content) for kind, command in commands.items()})
    for kind, data in forms.items():
        if not data:
            continue
        yield f"{kind} as it is called", attachment(f"f.{kind}", data)
        for name in "f.dat", "f.png", "f.txt", "f.zip", "f.rar", "f.docx":
            yield f"{kind} called {name}", attachment(name, data)
        yield f"{kind} as image/png without a name", entity(["Content-Type: image/png",
                                                             "Content-Transfer-Encoding: base64"], b64(data))
        yield f"{kind} in a zip", attachment("f.zip", plain_zip(f"g.{kind}", data))
        yield f"{kind}, junk before", attachment(f"f.{kind}", b"junk" * 5 + data)
        yield f"{kind}, junk after", attachment(f"f.{kind}", data + b"junk" * 5)


@functools.cache
def packed(command, name, content):
    """An archive by that program; empty where it is not installed or does not know the format."""
    if not shutil.which(command[0]):
        return b""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, name), "wb") as f:
            f.write(content)
        result = subprocess.run([*command, name], cwd=folder, capture_output=True, timeout=30, check=False)
        out = os.path.join(folder, "out")
        if result.returncode != 0 or not os.path.exists(out):
            return b""
        with open(out, "rb") as f:
            return f.read()
