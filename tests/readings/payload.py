"""What the attachments hold: two that are banned by their content, one of them
also under an innocent name, one banned by its name only, and two harmless ones."""

import struct
import zlib
from dataclasses import dataclass

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + rb"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def pe():
    """A program for Windows in 400 octets: DOS stub, PE header, one section."""
    stub = b"\x0e\x1f\xba\x0e\x00\xb4\x09\xcd\x21\xb8\x01\x4c\xcd\x21This program cannot be run in DOS mode.\r\r\n$"
    dos = b"MZ" + struct.pack("<13H", 0x90, 3, 0, 4, 0, 0xFFFF, 0, 0xB8, 0, 0, 0, 0x40, 0)
    dos = dos.ljust(60, b"\0") + struct.pack("<I", 0x80)
    optional = struct.pack("<HBB5I", 0x10B, 14, 0, 0x200, 0, 0, 0x1000, 0x1000).ljust(0xE0, b"\0")
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", 0x14C, 1, 0x5F000000, 0, 0, len(optional), 0x102)
    section = b".text\0\0\0" + struct.pack("<6I2HI", 0x10, 0x1000, 0x10, 0x200, 0, 0, 0, 0, 0x60000020)
    return (dos + stub).ljust(0x80, b"\0") + coff + optional + section + b"\xc3"


def png():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)) + \
        chunk(b"IDAT", zlib.compress(b"\0\x33\x66\x99")) + chunk(b"IEND", b"")


PE = pe()
PNG = png()
NOTE = b"The meeting is at ten, in the room on the second floor.\r\nPlease bring the list of open questions.\r\n"


@dataclass(frozen=True)
class Payload:
    kind: str
    name: str
    type: str
    content: bytes
    banned: bool

    @property
    def ct(self):
        return f'{self.type}; name="{self.name}"'

    @property
    def cd(self):
        return f'attachment; filename="{self.name}"'

    @property
    def extension(self):
        return self.name.rsplit(".", 1)[1]


VIRUS = Payload("eicar", "eicar.com", "application/octet-stream", EICAR, True)
PROGRAM = Payload("program", "a.exe", "application/octet-stream", PE, True)
DISGUISED = Payload("disguised", "picture.png", "image/png", PE, True)
NAMED = Payload("named", "a.exe", "application/octet-stream", NOTE, True)  # only its name is banned
TEXT = Payload("note", "note.txt", "text/plain", NOTE, False)
PICTURE = Payload("picture", "picture.png", "image/png", PNG, False)

BANNED = (VIRUS, PROGRAM, DISGUISED)
HARMLESS = (TEXT, PICTURE)
