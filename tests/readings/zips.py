"""T67-T72: zips that programs unpack in two ways."""

import struct
import zlib

from .archives import DEFLATE, STORED, Member, deflated, end_record, zip64_end, zip_of
from .packages import attachment
from .payload import NOTE
from .registry import VALID, readings

LURE = b"Nothing to see here, move along please.\n"


def zipped(data, name="files.zip"):
    return attachment(name, data, "application/zip")


@readings(67, "zip: local header and directory differ")
def headers_differ(p):
    n = p.name.encode()
    innocent = b"n" + b"o" * (len(n) - 5) + b".txt" if len(n) > 5 else b"n.txt"
    for method in DEFLATE, STORED:
        how = "deflated" if method else "stored"
        yield f"the same, {how}", zipped(zip_of(Member("about.txt", NOTE), Member(p.name, p.content, method))), VALID
        for name, local, central in [
                ("name", {}, {"name": innocent}), ("name the other way", {"name": innocent}, {}),
                ("name of another length", {"name": b"notes-on-everything.txt"}, {}),
                ("name empty in the directory", {}, {"name": b""}), ("name empty at the member", {"name": b""}, {}),
                ("method", {}, {"method": STORED if method else DEFLATE}),
                ("method the other way", {"method": STORED if method else DEFLATE}, {}),
                ("method unknown in the directory", {}, {"method": 99}), ("method unknown at the member",
            {"method": 77}, {}), ("size", {}, {"size": 5}),
                ("size at the member", {"size": 5}, {}), ("size of nothing", {}, {"size": 0}),
                ("packed size", {}, {"packed": 3}), ("packed size at the member", {"packed": 3}, {}),
                ("packed size of nothing", {"packed": 0}, {}), ("checksum", {}, {"crc": 1}),
                ("checksum at the member", {"crc": 1}, {}), ("checksum of both", {"crc": 1}, {"crc": 1}),
                ("encrypted in the directory", {}, {"flags": 1}), ("encrypted at the member", {"flags": 1}, {}),
                ("strongly encrypted in the directory", {}, {"flags": 0x41}),
                ("masked in the directory", {}, {"flags": 0x2000}), ("version", {}, {"version": 255}),
                ("version at the member", {"version": 255}, {}),
                ("name in UTF-8 at one", {"flags": 0x800}, {}), ("extra field cut", {"extra": b"\x01\x00\xff"}, {}),
                ("patched data", {"flags": 0x20}, {}),
                ("a folder in the directory", {}, {"name": b"folder/"}),
                ("a folder at the member", {"name": b"folder/"}, {}),
                ("extension", {"name": n[:-3] + b"txt"}, {}), ("extension the other way", {},
                                                               {"name": n[:-3] + b"txt"}),
                                                               ("NUL in one name", {}, {"name": n + b"\0.txt"})]:
            yield f"{name}, {how}", zipped(zip_of(Member(p.name, p.content, method, local=local, central=central)))
            yield f"{name}, {how}, after another", zipped(zip_of(Member("about.txt", NOTE),
                Member(p.name, p.content, method, local=local, central=central)))
    # One directory entry, two sizes: the data of a harmless member, and the payload after it.
    lure = deflated(LURE)
    for name, data in {"lure first": lure + deflated(p.content), "lure stored": LURE + p.content}.items():
        method = DEFLATE if name == "lure first" else STORED
        size = len(lure) if method else len(LURE)
        yield name, zipped(zip_of(Member("note.txt", LURE, method, data=data, local={"packed": size},
                                         central={"packed": len(data), "size": len(LURE + p.content)})))
    yield "deflated twice over", zipped(zip_of(Member(p.name, p.content, data=deflated(p.content) + deflated(LURE))))
    yield "stored, but deflated by its name", zipped(zip_of(Member(p.name, p.content, STORED,
        data=deflated(p.content))))


def unicode_path(name, over, kind=0x7075, crc=None, version=1):
    data = bytes([version]) + struct.pack("<I", zlib.crc32(over) if crc is None else crc) + name
    return struct.pack("<HH", kind, len(data)) + data


@readings(68, "zip: a second name in an extra field")
def second_name(p):
    n, innocent = p.name.encode(), b"note.txt"
    yield "the same name twice", zipped(zip_of(Member(n, p.content, local={"extra": unicode_path(n, n)},
                                                      central={"extra": unicode_path(n, n)}))), VALID
    for where, places in {"both": ("local", "central"), "directory": ("central",), "member": ("local",)}.items():
        for name, extra in {"fitting": unicode_path(n, innocent), "wrong checksum": unicode_path(n, innocent, crc=1),
                            "version 2": unicode_path(n, innocent, version=2),
                            "of a comment": unicode_path(n, innocent, kind=0x6375),
                            "cut": unicode_path(n, innocent)[:-2], "twice": unicode_path(innocent, innocent)
                            + unicode_path(
                                n, innocent), "after others": b"UT\x05\0\x01\0\0\0\0" + unicode_path(n, innocent),
                            "empty": unicode_path(b"", innocent),
                            "Xceed": struct.pack("<HH", 0x554E, 10 + 2 * len(n)) + b"UNICODE\0"[:8] + b"\0\0"
                            + p.name.encode("utf-16-le")}.items():
            yield f"{name}, {where}", zipped(zip_of(Member(innocent, p.content,
                                                           **{place: {"extra": extra} for place in places})))
        yield f"innocent over banned, {where}", zipped(
            zip_of(Member(n, p.content, **{place: {"extra": unicode_path(innocent, n)} for place in places})))


@readings(69, "zip: names given twice")
def duplicates(p):
    n = p.name
    other = Member("about.txt", NOTE)
    yield "two of different names", zipped(zip_of(other, Member(n, p.content))), VALID
    yield "in a folder", zipped(zip_of(Member("a/", b"", STORED), Member(f"a/{n}", p.content))), VALID
    for name, first, second in [("the same name", n, n), ("another case", n, n.upper()),
                                ("another case first", n.upper(), n), ("a//b", f"a//{n}", f"a/{n}"),
                                ("a\\b", f"a\\{n}", f"a/{n}"), ("./", f"./{n}", n), ("a/../", f"a/../{n}", n),
                                ("trailing dot", f"{n}.", n), ("trailing blank", f"{n} ", n),
                                ("leading slash", f"/{n}", n), ("NUL", f"{n}\0x", n),
                                ("two forms of a letter", "e\u0301" + n, "\u00e9" + n), ("drive", f"C:{n}", n),
                                ("trailing slash", f"{n}/", n), ("stream", f"{n}::$DATA", n),
                                ("short name", "NOTEST~1.EXE", n)]:
        one, two = (x.encode("utf-8") for x in (first, second))
        yield f"{name}, harmless first", zipped(zip_of(Member(one, LURE), Member(two, p.content)))
        yield f"{name}, harmless last", zipped(zip_of(Member(one, p.content), Member(two, LURE)))
    a, b = Member("note.txt", LURE), Member("note.txt", p.content)
    for name, members in {"one listed, harmless": (Member("note.txt", p.content, listed=False), a),
                          "one listed, the payload": (Member("note.txt", LURE, listed=False), b),
                          "both listed, innocent names": (a, b)}.items():
        yield name, zipped(zip_of(*members))
    offset = len(a.bytes())
    yield "two entries for one member", zipped(zip_of(a, b, Member("other.txt", b"", STORED, headed=False,
        offset=offset, data=b"")))


@readings(70, "zip: members that are not listed, records that are not")
def unlisted(p):
    n = p.name
    note, file = Member("about.txt", NOTE), Member(n, p.content)
    hidden = Member(n, p.content, listed=False)
    yield "unlisted first", zipped(zip_of(hidden, note))
    yield "unlisted last", zipped(zip_of(note, hidden))
    yield "only unlisted", zipped(zip_of(hidden))
    yield "no directory", zipped(zip_of(note, file, end=False)[:len(note.bytes()) + len(file.bytes())])
    yield "before all", zipped(zip_of(note, prefix=file.bytes()))
    yield "between members and directory", zipped(zip_of(note, gap=file.bytes()))
    yield "after the end", zipped(zip_of(note, trailing=file.bytes()))
    yield "listed, but nowhere", zipped(zip_of(note, Member(n, p.content, headed=False)))
    yield "in the file's comment", zipped(zip_of(note, comment=zip_of(file)))
    yield "a member in the comment", zipped(zip_of(note, comment=file.bytes()))
    yield "in a member's comment", zipped(zip_of(Member("about.txt", NOTE, central={"comment": file.bytes()})))
    yield "in an extra field", zipped(
        zip_of(Member("about.txt", NOTE, local={"extra": struct.pack("<HH", 0x9999, len(file.bytes()))
                                                + file.bytes()})))
    yield "an end record in the comment", zipped(zip_of(file, comment=end_record(0, 0, 0)))
    yield "an end record in a member", zipped(zip_of(Member("x", end_record(0, 0, 0), STORED), file))
    yield "stored inside of another", zipped(zip_of(Member("note.txt", file.bytes(), STORED)))
    yield "stored inside, listed too", zipped(zip_of(Member("note.txt", file.bytes(), STORED),
                                                     Member(n, p.content, headed=False, data=b"",
                                                            offset=30 + len("note.txt"))))
    data = deflated(p.content)
    for name, after in {"descriptor": b"PK\x07\x08" + struct.pack("<3I", zlib.crc32(p.content), len(data),
        len(p.content)), "descriptor without a mark": struct.pack(
            "<3I", zlib.crc32(p.content), len(data), len(p.content)), "descriptor that lies": b"PK\x07\x08"
                        + struct.pack("<3I", 1, 2, 3), "no descriptor": b"",
            "descriptor of ZIP64": b"PK\x07\x08" + struct.pack("<IQQ", zlib.crc32(p.content), len(data),
                                                               len(p.content))}.items():
        local = {"flags": 8, "crc": 0, "packed": 0, "size": 0}
        valid = VALID if name == "descriptor" else "odd"
        yield f"{name}", zipped(zip_of(Member(n, p.content, local=local, central={"flags": 8}, after=after),
                                       note)), valid
        yield f"{name}, sizes too", zipped(zip_of(Member(n, p.content, local={"flags": 8}, central={"flags": 8},
                                                         after=after), note))
        yield f"{name}, stored", zipped(zip_of(Member(n, p.content, STORED, local=local, central={"flags": 8},
                                                      after=after.replace(
            struct.pack("<I", len(data)), struct.pack("<I", len(p.content)))), note))
        yield f"{name}, flag at the member only", zipped(zip_of(Member(n, p.content, local=local, after=after), note))
        yield f"{name}, flag in the directory only", zipped(zip_of(Member(n, p.content, central={"flags": 8},
            after=after), note))
    mark = b"PK\x07\x08" + struct.pack("<3I", zlib.crc32(LURE), len(LURE), len(LURE))
    yield "stored data that looks like a descriptor", zipped(zip_of(Member("note.txt", LURE, STORED, data=LURE + mark
        + file.bytes(), local={"flags": 8, "packed": 0, "size": 0}, central={"flags": 8})))


@readings(71, "zip: end records, counts and offsets")
def ends(p):
    note, file = Member("about.txt", NOTE), Member(p.name, p.content)
    whole, lure = zip_of(note, file), zip_of(note)
    yield "one", zipped(whole), VALID
    yield "with a comment", zipped(zip_of(note, file, comment=b"made by hand")), VALID
    yield "empty, and a text", zipped(zip_of(note)), VALID
    for name, data in {
            "two zips, payload first": whole + lure, "two zips, payload last": lure + whole,
            "second end record of nothing": whole + end_record(0, 0, 0),
            "second end record before the directory": zip_of(note, file, gap=end_record(0, 0, 0)),
            "no end record": zip_of(note, file, end=False),
            "comment longer than said": whole + b"x" * 30, "comment shorter than said": zip_of(note, file,
        comment=b"x" * 30)[:-10],
            "end record 70,000 octets before the end": whole + b"\0" * 70000, "prefix, offsets not moved": zip_of(note,
        file, prefix=b"x" * 100, relative=True),
            "prefix of a program's size": zip_of(note, file, prefix=b"#!/bin/sh\n" + b"x" * 500),
            "end record with a disk": whole[:-18] + b"\1\0" + whole[-16:],
            "directory for another zip": zip_of(note, file, shift=-len(whole)), "members after the end": lure
            + file.bytes()}.items():
        yield name, zipped(data)
    for count in 0, 1, 3, 100, 0x10002, 0xFFFF:
        yield f"count {count} of 2", zipped(zip_of(note, file, count=count))
        yield f"count {count} of 2, payload first", zipped(zip_of(file, note, count=count))
    for shift in -30, -1, 1, 4, 46, 100, 10 ** 6:
        yield f"offset off by {shift}", zipped(zip_of(note, file, shift=shift))
        yield f"size off by {shift}", zipped(zip_of(note, file, size_error=shift))
        yield f"offset and size off by {shift}", zipped(zip_of(note, file, shift=shift, size_error=-shift))
    for gap in b"x", b"x" * 50, zip_of(note), b"PK\x01\x02" + b"\0" * 42:
        yield f"gap of {len(gap)} octets before the directory", zipped(zip_of(note, file, gap=gap))
        yield f"gap of {len(gap)} octets before the end record", zipped(zip_of(note, file, before_end=gap))
    yield "gap that the end record's own place does not know", zipped(zip_of(note, file, before_end=zip_of(file)))
    directory = file.central.central(0)
    hidden = file.bytes() + directory
    # Two directories: one by the end record's offset, one that ends where the record stands.
    lure_directory = note.central.central(len(hidden))
    yield "two directories", zipped(hidden + note.bytes() + lure_directory + end_record(1, len(lure_directory),
        len(file.bytes())))
    yield "two directories, the other way", zipped(file.bytes() + note.bytes()
                                                   + note.central.central(len(file.bytes())) + directory
                                                   + end_record(1, len(directory), len(file.bytes())
                                                                + len(note.bytes())))
    yield "more members than the count can tell", zipped(many(p))


def many(p):
    """65,537 entries for two members, the payload's the last: the count is 1."""
    note, file = Member("n", b"", STORED), Member(p.name, p.content)
    directory = note.central.central(0) * 65536 + file.central.central(len(note.bytes()))
    return note.bytes() + file.bytes() + directory + end_record(65537, len(directory), len(note.bytes() + file.bytes()))


@readings(72, "zip: ZIP64 records that disagree")
def zip64(p):
    note, file = Member("about.txt", NOTE), Member(p.name, p.content)
    members = note.bytes() + file.bytes()
    directory = note.central.central(0) + file.central.central(len(note.bytes()))
    at, lure = len(members), note.central.central(0)

    def made(entries, size, offset, old=None, gap=b"", where=None):
        record_at = len(members) + len(directory) + len(gap)
        end = end_record(*(old or (0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)))
        return zipped(members + directory + gap + zip64_end(entries, size, offset, record_at if where is None
                                                            else where) + end)

    yield "agreeing, all by ZIP64", made(2, len(directory), at), VALID
    yield "agreeing, told twice", made(2, len(directory), at, (2, len(directory), at)), VALID
    for name, args in {"fewer by ZIP64": (1, len(lure), at, (2, len(directory), at)), "fewer by the old record": (2,
        len(directory), at, (1, len(lure), at)),
                       "none by ZIP64": (0, 0, at, (2, len(directory), at)), "another offset by ZIP64": (1,
        len(directory) - len(lure), at + len(lure), (2, len(directory), at)),
                       "another offset by the old record": (2, len(directory), at, (1, len(directory) - len(lure),
        at + len(lure))), "too many": (2 ** 40, len(directory), at),
                       "offset over the end": (2, len(directory), 2 ** 50), "size over the end": (2, 2 ** 50, at),
                       "offset of 0": (2, len(directory), 0)}.items():
        yield name, made(*args)
    yield "locator that points elsewhere", made(2, len(directory), at, where=0)
    yield "locator that points over the end", made(2, len(directory), at, where=2 ** 50)
    yield "locator without record", zipped(members + directory + zip64_end(2, len(directory), at, 0)[56:]
                                           + end_record(2, len(directory), at))
    yield "record without locator", zipped(members + directory + zip64_end(1, len(lure), at, 0)[:56]
                                           + end_record(2, len(directory), at))
    yield "gap before the record", made(2, len(directory), at, gap=b"x" * 20)
    for name, sizes in {"fitting": (len(p.content), None), "size 0": (0, 0), "size of 4 GiB": (2 ** 32, 2 ** 32),
                        "short": (5, 5)}.items():
        size, packed = sizes[0], len(file.data) if sizes[1] is None else sizes[1]
        extra = struct.pack("<HHQQ", 1, 16, size, packed)
        for where, places in {"member": ("local",), "directory": ("central",), "both": ("local", "central")}.items():
            change = {"extra": extra, "size": 0xFFFFFFFF, "packed": 0xFFFFFFFF, "version": 45}
            yield f"sizes in an extra field, {name}, {where}", zipped(zip_of(note,
                Member(p.name, p.content, **{place: change for place in places})))
            yield f"extra field beside sizes, {name}, {where}", zipped(zip_of(note,
                Member(p.name, p.content, **{place: {"extra": extra} for place in places})))
    offset = struct.pack("<HHQ", 1, 8, 0)
    yield "offset in an extra field", zipped(zip_of(note, Member(p.name, p.content, central={"extra": offset},
        offset=0xFFFFFFFF)))
