"""Archives made by hand, so that any field can be wrong."""

import functools
import gzip
import io
import struct
import tarfile
import zlib
from dataclasses import dataclass, replace

DATE = 0x5B61  # 2025-11-01
DEFLATE, STORED = 8, 0
LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


@functools.lru_cache(maxsize=64)
def deflated(data):
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    return c.compress(data) + c.flush()


@dataclass
class Record:
    """One header of a member, local or central."""
    name: bytes
    method: int
    crc: int
    packed: int
    size: int
    flags: int = 0
    extra: bytes = b""
    comment: bytes = b""
    version: int = 20

    def local(self):
        return LOCAL + struct.pack("<5H3I2H", self.version, self.flags, self.method, 0, DATE, self.crc, self.packed,
                                   self.size,
                                   len(self.name), len(self.extra)) + self.name + self.extra

    def central(self, offset):
        return CENTRAL + struct.pack("<6H3I5H2I", 20, self.version, self.flags, self.method, 0, DATE, self.crc,
                                     self.packed, self.size, len(self.name),
                                     len(self.extra), len(self.comment), 0, 0, 0,
                                     offset) + self.name + self.extra + self.comment


class Member:
    """A member whose local header and directory entry may differ, or lack."""

    def __init__(self, name, content, method=DEFLATE, local=None, central=None, data=None, after=b"", listed=True,
                 headed=True, offset=None):
        name = name.encode("latin-1") if isinstance(name, str) else name
        self.data = data if data is not None else deflated(content) if method == DEFLATE else content
        record = Record(name, method, zlib.crc32(content), len(self.data), len(content))
        self.local, self.central = replace(record, **(local or {})), replace(record, **(central or {}))
        self.after, self.listed, self.headed, self.offset = after, listed, headed, offset

    def bytes(self):
        return (self.local.local() if self.headed else b"") + self.data + self.after


def end_record(entries, size, offset, comment=b"", total=None, disk=0):
    return END + struct.pack("<4H2IH", disk, disk, entries & 0xFFFF, (entries if total is None else total) & 0xFFFF,
                             size & 0xFFFFFFFF, offset & 0xFFFFFFFF, len(comment)) + comment


def zip_of(*members, prefix=b"", gap=b"", comment=b"", count=None, shift=0, size_error=0, end=True, trailing=b"",
           before_end=b"", relative=False):
    """prefix: octets before the first member; gap: between members and
    directory; count: what the end record says; shift: what its offset is off by."""
    out, offsets = prefix, []
    for m in members:
        offsets.append(len(out) - (len(prefix) if relative else 0) if m.offset is None else m.offset)
        out += m.bytes()
    out += gap
    directory = b"".join(m.central.central(at) for m, at in zip(members, offsets) if m.listed)
    listed = sum(m.listed for m in members) if count is None else count
    start = len(out) + shift - (len(prefix) if relative else 0)
    out += directory + before_end
    return out + (end_record(listed, len(directory) + size_error, start, comment) if end else b"") + trailing


def zip64_end(entries, size, offset, at):
    """The record and the locator of ZIP64, which stand before the end record."""
    record = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, entries, entries, size, offset)
    return record + b"PK\x06\x07" + struct.pack("<IQI", 0, at, 1)


def plain_zip(name, content, method=DEFLATE):
    return zip_of(Member(name, content, method))


def tar_of(*members, format=tarfile.USTAR_FORMAT):
    """members: (name, content) or a TarInfo with content."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as t:
        for name, content in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            if not info.issym() and not info.islnk():
                info.size = len(content)
            t.addfile(info, io.BytesIO(content))
    return out.getvalue()


def tar_block(name, size, kind=b"0", magic=b"ustar\x0000", link=b""):
    """A header as it stands; name may hold anything."""
    head = name[:100].ljust(
        100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % size + b"14712345670\0" + b" " * 8 + kind + link.ljust(100, b"\0") + magic
    head = head.ljust(512, b"\0")
    return head[:148] + b"%06o\0 " % sum(head) + head[156:]


def padded(data, size=512):
    return data + b"\0" * (-len(data) % size)


def gz(data, name=b""):
    packed = gzip.compress(data, mtime=0)
    if not name:
        return packed
    return packed[:3] + b"\x08" + packed[4:10] + name + b"\0" + packed[10:]


def traditional_key(password):
    table = [0] * 256
    for n in range(256):
        c = n
        for _ in range(8):
            c = c >> 1 ^ (0xEDB88320 if c & 1 else 0)
        table[n] = c
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(c):
        keys[0] = table[(keys[0] ^ c) & 255] ^ keys[0] >> 8
        keys[1] = ((keys[1] + (keys[0] & 255)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = table[(keys[2] ^ keys[1] >> 24) & 255] ^ keys[2] >> 8

    for c in password:
        update(c)
    return keys, update


def encrypted_member(name, content, password=b"secret", method=DEFLATE):
    """PKWARE's old cipher."""
    keys, update = traditional_key(password)
    plain = b"\x11" * 11 + bytes([zlib.crc32(content) >> 24 & 255]) + (deflated(content) if method == DEFLATE
        else content)
    out = bytearray()
    for c in plain:
        t = (keys[2] | 2) & 0xFFFF
        out.append(c ^ (t * (t ^ 1) >> 8 & 255))
        update(c)
    m = Member(name, content, method, data=bytes(out))
    for record in m.local, m.central:
        record.flags, record.packed = 1, len(out)
    return m


@functools.cache
def zeros_gz(size):
    """A gzip of zeros."""
    return gzip.compress(b"\0" * size, 9, mtime=0)
