"""Makes the documents that tests and fuzzers of the engine's readers begin with.

    python3 tests/lib/documents.py tests/fuzz/corpus

writes them anew. S/MIME and what is encrypted need the openssl command; all else is written here, by
the published formats, as small as they go.
"""
import base64
import hashlib
import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib

PROGRAM = b"MZ" + bytes(62) + b"this stands for a program"


# --- Compound files (MS-CFB) ---

END, FREE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


class Storage:
    def __init__(self, **entries):
        self.entries = dict(entries)

    def __setitem__(self, name, value):
        self.entries[name] = value


def compound_file(root):
    """root: a Storage of octets and further Storages."""
    entries = []  # (name, kind, content, first child, right sibling)

    def add(storage):
        first = previous = None
        for name, value in storage.entries.items():
            index = len(entries)
            entries.append([name, 1 if isinstance(value, Storage) else 2, value, FREE, FREE])
            if previous is None:
                first = index
            else:
                entries[previous][4] = index
            previous = index
            if isinstance(value, Storage):
                child = add(value)
                entries[index][3] = FREE if child is None else child
        return first

    entries.append(["Root Entry", 5, b"", FREE, FREE])
    child = add(root)
    entries[0][3] = FREE if child is None else child

    mini, mini_fat, long_streams, starts = b"", [], [], {}
    for index, (_, kind, content, _, _) in enumerate(entries):
        if kind != 2 or not content:
            continue
        if len(content) < 4096:
            count = -(-len(content) // 64)
            starts[index] = len(mini_fat)
            mini_fat += [len(mini_fat) + i + 1 for i in range(count - 1)] + [END]
            mini += content.ljust(64 * count, b"\0")
        else:
            long_streams.append((index, content))
    entries[0][2] = mini
    sectors, fat = [], []

    def put(data):
        count = -(-len(data) // 512)
        first = len(sectors)
        for i in range(count):
            sectors.append(data[512 * i : 512 * i + 512].ljust(512, b"\0"))
            fat.append(first + i + 1 if i + 1 < count else END)
        return first if count else END

    for index, content in long_streams:
        starts[index] = put(content)
    starts[0] = put(mini)
    mini_fat_start = put(b"".join(struct.pack("<I", n) for n in mini_fat))
    directory = b""
    for index, (name, kind, content, first, right) in enumerate(entries):
        text = name.encode("utf-16-le") + b"\0\0"
        size = len(content) if isinstance(content, bytes) else 0
        directory += text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, FREE, right, first)
        directory += bytes(36) + struct.pack("<IQ", starts.get(index, END if size == 0 else 0), size)
    directory_start = put(directory)
    fat_sector = len(sectors)
    fat.append(FAT)
    sectors.append(b"".join(struct.pack("<I", n) for n in fat + [FREE] * (128 - len(fat))))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIIII", 0, 1, directory_start, 0, 4096, mini_fat_start, 1, END, 0, fat_sector)
    return header + struct.pack("<I", FREE) * 108 + b"".join(sectors)


# --- Macros (MS-OVBA) ---

def vba_compress(text):
    out = b"\x01"
    for start in range(0, len(text), 4096):
        chunk, packed, at = text[start : start + 4096], b"", 0
        while at < len(chunk):
            flags, tokens = 0, b""
            for bit in range(8):
                if at >= len(chunk):
                    break
                width = max(4, (at - 1).bit_length()) if at else 4
                best = 0
                for distance in range(1, min(at, 1 << width) + 1):
                    length = 0
                    while (at + length < len(chunk) and length < (0xFFFF >> width) + 3
                           and chunk[at + length] == chunk[at - distance + length]):
                        length += 1
                    if length > best:
                        best, place = length, distance
                if best >= 3:
                    flags |= 1 << bit
                    tokens += struct.pack("<H", (place - 1) << (16 - width) | best - 3)
                    at += best
                else:
                    tokens += chunk[at : at + 1]
                    at += 1
            packed += bytes([flags]) + tokens
        out += struct.pack("<H", 0xB000 | len(packed) - 1) + packed
    return out


def record(number, data):
    return struct.pack("<HI", number, len(data)) + data


def vba_storage(modules, offset=7, listed=True):
    directory = record(1, struct.pack("<I", 1)) + record(3, struct.pack("<H", 1252))
    directory += struct.pack("<HI", 9, 4) + struct.pack("<IH", 1, 2)
    storage = Storage()
    for name, source in modules.items():
        if listed:
            directory += record(0x19, name.encode()) + record(0x1A, name.encode())
            directory += record(0x32, name.encode("utf-16-le")) + record(0x31, struct.pack("<I", offset))
            directory += record(0x21, b"") + record(0x2B, b"")
        storage[name] = b"\xcc" * offset + vba_compress(source)
    storage["dir"] = vba_compress(directory + record(0x10, b""))
    storage["_VBA_PROJECT"] = b"\xcc\x61\xff\xff\0\0\0"
    return storage


OPENING = b'Attribute VB_Name = "ThisDocument"\r\nPrivate Sub Document_Open()\r\n  Shell "harmless"\r\nEnd Sub\r\n'
QUIET = b'Attribute VB_Name = "Module1"\r\nSub Sums()\r\n  x = 1\r\n  x = 1\r\n  x = 1\r\nEnd Sub\r\n'


# --- Office 97 ---

def word_stream(flags=0, text=b"", template=None):
    table = b""
    header = bytearray(0x200)
    struct.pack_into("<H", header, 0, 0xA5EC)
    struct.pack_into("<H", header, 10, flags)
    if template is not None:
        strings = ["", template]
        table = struct.pack("<HHH", 0xFFFF, len(strings), 0)
        table += b"".join(struct.pack("<H", len(s)) + s.encode("utf-16-le") for s in strings)
        struct.pack_into("<II", header, 0x19A, 0, len(table))
    return {"WordDocument": bytes(header) + text, "0Table": table}


def biff(*records):
    return b"".join(struct.pack("<HH", number, len(data)) + data for number, data in records)


def xlm_workbook():
    return biff(
        (0x809, struct.pack("<H", 0x600) + bytes(14)),
        (0x85, struct.pack("<IBBBB", 0, 1, 1, 6, 0) + b"Macro1"),
        (0x18, struct.pack("<HBBHHHI", 0x20, 0, 1, 0, 0, 1, 0) + b"\0\x01"),
        (0x1AE, struct.pack("<HH", 1, 11) + b"\0cmd\x03/C calc"),
        (0x23, struct.pack("<HI", 0, 0) + b"\x02\0A0"),
        (0x0A, b""),
    )


def workbook_of_another_sheet():
    """The list calls a worksheet what begins as a sheet of macros."""
    return biff(
        (0x809, struct.pack("<HH", 0x600, 5) + bytes(12)),
        (0x85, struct.pack("<IBBBB", 0, 0, 0, 6, 0) + b"Sheet1"),
        (0x0A, b""),
        (0x809, struct.pack("<HH", 0x600, 0x40) + bytes(12)),
        (0x0A, b""),
    )


def old_workbook():
    return biff(
        (0x809, struct.pack("<H", 0x500) + bytes(6)),
        (0x18, struct.pack("<HBBHHHI", 0, 0, 9, 0, 0, 1, 0) + b"Auto_Open"),
        (0x0A, b""),
    )


def package(name, content):
    path = b"C:\\somewhere\\" + name
    return (struct.pack("<H", 2) + name + b"\0" + path + b"\0" + struct.pack("<II", 0x30000, len(path) + 1) + path + b"\0"
            + struct.pack("<I", len(content)) + content)


def native_stream(name, content):
    data = package(name, content)
    return struct.pack("<I", len(data)) + data


def ole1_object(class_name, data):
    return (struct.pack("<III", 0x501, 2, len(class_name) + 1) + class_name + b"\0" + struct.pack("<II", 0, 0)
            + struct.pack("<I", len(data)) + data)


def powerpoint():
    inner = compound_file(Storage(VBA=vba_storage({"Module1": QUIET})))
    packed = struct.pack("<I", len(inner)) + zlib.compress(inner)
    atom = struct.pack("<HHI", 0x10, 0x1011, len(packed)) + packed
    return compound_file(Storage(**{"PowerPoint Document": struct.pack("<HHI", 0xF, 0x3E8, len(atom)) + atom}))


# --- Outlook ---

def lzfu(text):
    """The preset says how "{\\rtf1\\ansi" is referred to; all else is literal, so that both kinds of token occur."""
    preset = 207
    tokens = [(True, struct.pack(">H", 0 << 4 | (11 - 2)))] if text.startswith(b"{\\rtf1\\ansi") else []
    at = preset + (11 if tokens else 0)
    for byte in text[11 if tokens else 0:]:
        tokens.append((False, bytes([byte])))
        at += 1
    tokens.append((True, struct.pack(">H", at % 4096 << 4)))
    packed = b""
    for start in range(0, len(tokens), 8):
        group = tokens[start : start + 8]
        packed += bytes([sum(1 << i for i, t in enumerate(group) if t[0])]) + b"".join(t[1] for t in group)
    return struct.pack("<II4sI", len(packed) + 12, len(text), b"LZFu", 0) + packed


def outlook_item():
    attachment = Storage(**{
        "__properties_version1.0": bytes(8),
        "__substg1.0_3707001F": "long näme.exe".encode("utf-16-le"),
        "__substg1.0_3704001E": b"LONGNA~1.EXE",
        "__substg1.0_37010102": PROGRAM,
    })
    inner = Storage(**{
        "__properties_version1.0": bytes(32),
        "__substg1.0_1000001F": "text of the message inside".encode("utf-16-le"),
    })
    return compound_file(Storage(**{
        "__properties_version1.0": bytes(32),
        "__substg1.0_1000001E": b"text of the message",
        "__substg1.0_10130102": b"<html><p>text</p></html>",
        "__substg1.0_10090102": lzfu(b"{\\rtf1\\ansi text}"),
        "__attach_version1.0_#00000000": attachment,
        "__attach_version1.0_#00000001": Storage(**{"__substg1.0_3701000D": inner}),
    }))


def tnef_attribute(level, number, data, wrong=0):
    return struct.pack("<BII", level, number, len(data)) + data + struct.pack("<H", sum(data) + wrong & 0xFFFF)


def mapi(*properties):
    """properties: (type, id, value octets); of a type that is not fixed, with its count."""
    out = struct.pack("<I", len(properties))
    for kind, number, value in properties:
        out += struct.pack("<HH", kind, number)
        if number >= 0x8000:
            out += bytes(16) + struct.pack("<II", 1, 6) + "abc".encode("utf-16-le") + bytes(2)
        if kind in (0x0D, 0x1E, 0x1F, 0x102):
            out += struct.pack("<II", 1, len(value)) + value + bytes(-len(value) % 4)
        else:
            out += value + bytes(-len(value) % 4)
    return out


MESSAGE_GUID = bytes.fromhex("0703020000000000c000000000000046")


def tnef(*attributes):
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(attributes)


def winmail(wrong=0):
    inner = tnef(tnef_attribute(1, 0x2800C, b"text of the message inside\0"))
    return tnef(
        tnef_attribute(1, 0x89006, struct.pack("<I", 0x10000)),
        tnef_attribute(1, 0x69003, mapi(
            (0x03, 0x3FDE, struct.pack("<I", 1252)),
            (0x0B, 0x0E1F, b"\x01\0"),
            (0x1F, 0x8001, "named".encode("utf-16-le")),
            (0x102, 0x1009, lzfu(b"{\\rtf1\\ansi text}")),
            (0x102, 0x1013, b"<html>text</html>"))),
        tnef_attribute(2, 0x69002, bytes(14)),
        tnef_attribute(2, 0x18010, b"LONGNA~1.EXE\0"),
        tnef_attribute(2, 0x6800F, PROGRAM, wrong),
        tnef_attribute(2, 0x69005, mapi(
            (0x1F, 0x3707, "long näme.exe\0".encode("utf-16-le")),
            (0x1E, 0x3001, b"shown name.txt\0"))),
        tnef_attribute(2, 0x69002, bytes(14)),
        tnef_attribute(2, 0x69005, mapi((0x0D, 0x3701, MESSAGE_GUID + inner))))


# --- Rich text ---

def rich_texts():
    native = ole1_object(b"Package", package(b"a.exe", PROGRAM)).hex().encode()
    odd = native[:20] + b"\r\n {\\blue7 } " + native[20:41] + b"{\\*\\unknown}" + native[41:61] + b"\\par " + native[61:]
    return {
        "object.rtf": b"{\\rtf1 text {\\object\\objemb{\\*\\objclass Package}{\\*\\objdata " + native + b"}}}",
        "odd.rtf": b"{\\rt {\\object{\\*\\objdata " + odd + b"}}",
        "binary.rtf": b"{\\rtf1{\\object{\\*\\objdata " + native[:40] + b"\\bin%d " % (len(native) // 2 - 20)
                      + bytes.fromhex(native[40:].decode()) + b"}}}",
        "template.rtf": b"{\\rtf1{\\*\\template http://host.invalid/a.dotm}text}",
        "local.rtf": b"{\\rtf1{\\*\\template C:\\\\x\\\\Normal.dotm}text}",
        "dde.rtf": b"{\\rtf1{\\field{\\*\\fldinst {\\b DDE}AUTO c:\\\\\\\\windows\\\\\\\\cmd.exe \"/k\"}{\\fldrslt x}}}",
        "link.rtf": b"{\\rtf1{\\field{\\*\\fldinst HYPERLINK \"http://link.invalid/\"}{\\fldrslt x}}}",
    }


# --- PDF ---

def pdf(*objects, trailer=b"<</Root 1 0 R>>"):
    out = b"%PDF-1.7\n"
    for number, body in enumerate(objects, 1):
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    return out + b"trailer\n" + trailer + b"\n%%EOF\n"


def stream(data, entries=b"", filters=b""):
    return (b"<<" + entries + (b"/Filter" + filters if filters else b"") + b"/Length %d" % len(data) + b">>\nstream\n" + data
            + b"\nendstream")


def lzw(data):
    out, width, bits, held = bytearray(), 9, 0, 0
    table = {bytes([i]): i for i in range(256)}
    after, word = 258, b""

    def put(code):
        nonlocal bits, held
        bits, held = bits << width | code, held + width
        while held >= 8:
            held -= 8
            out.append(bits >> held & 255)

    put(256)
    for byte in data:
        if word + bytes([byte]) in table:
            word += bytes([byte])
            continue
        put(table[word])
        table[word + bytes([byte])] = after
        after += 1
        width = 9 if after < 511 else 10 if after < 1023 else 11 if after < 2047 else 12
        word = bytes([byte])
    put(table[word])
    put(257)
    if held:
        out.append(bits << (8 - held) & 255)
    return bytes(out)


def png_rows(data, columns):
    rows, above = b"", bytes(columns)
    for start in range(0, len(data), columns):
        row = data[start : start + columns].ljust(columns, b"\0")
        rows += b"\x02" + bytes((a - b) & 255 for a, b in zip(row, above))
        above = row
    return rows


def object_stream(objects, data=None):
    body, pairs = b"", b""
    for number, text in objects:
        pairs += b"%d %d " % (number, len(body))
        body += text + b" "
    raw = zlib.compress(pairs + body)
    return stream(raw, b"/Type/ObjStm/N %d/First %d" % (len(objects), len(pairs)), b"/FlateDecode")


def openssl(cipher, key, iv, data, *more):
    return subprocess.run(["openssl", "enc", f"-{cipher}", "-nopad", "-K", key.hex(), "-iv", iv.hex(), *more], input=data,
                          capture_output=True, check=True).stdout


def rc4(key, data):
    s, j, out = list(range(256)), 0, bytearray()
    for i in range(256):
        j = (j + s[i] + key[i % len(key)]) & 255
        s[i], s[j] = s[j], s[i]
    i = j = 0
    for octet in data:
        i = (i + 1) & 255
        j = (j + s[i]) & 255
        s[i], s[j] = s[j], s[i]
        out.append(octet ^ s[(s[i] + s[j]) & 255])
    return bytes(out)


PAD = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")


def hardened(password, salt, rounds=True):
    """Algorithm 2.B of ISO 32000-2, for a user."""
    k = hashlib.sha256(password + salt).digest()
    i = last = 0
    while rounds and (i < 64 or last > i - 32):
        e = openssl("aes-128-cbc", k[:16], k[16:32], (password + k) * 64)
        k = (hashlib.sha256, hashlib.sha384, hashlib.sha512)[sum(e[:16]) % 3](e).digest()
        last, i = e[-1], i + 1
    return k[:32]


class Lock:
    """A method of encryption: the dictionary that says it, and what it makes of an object's octets."""

    id = bytes(range(16))

    def __init__(self, revision, password=b"", aes=False, length=128):
        self.revision, self.aes, self.owner = revision, aes, bytes(range(32, 80))
        if revision >= 5:
            self.key = bytes(range(100, 132))
            salts = b"verifier", b"otherkey"
            self.u = hardened(password, salts[0], revision > 5) + b"".join(salts)
            self.ue = openssl("aes-256-cbc", hardened(password, salts[1], revision > 5), bytes(16), self.key)
            return
        key = hashlib.md5((password + PAD)[:32] + self.owner[:32] + struct.pack("<i", -4) + self.id).digest()
        self.size = length // 8 if revision > 2 else 5
        for _ in range(50 if revision > 2 else 0):
            key = hashlib.md5(key[:self.size]).digest()
        self.key = key[:self.size]
        self.u = rc4(self.key, PAD) if revision == 2 else hashlib.md5(PAD + self.id).digest()
        for i in range(20 if revision > 2 else 0):
            self.u = rc4(bytes(c ^ i for c in self.key), self.u)
        self.u = self.u.ljust(32, b"\0")

    def dictionary(self):
        version = {2: 1, 3: 2, 4: 4, 5: 5, 6: 5}[self.revision]
        crypt = b""
        if version > 3:
            crypt = b"/CF<</StdCF<</CFM/%s/AuthEvent/DocOpen>>>>/StmF/StdCF/StrF/StdCF" % (
                b"AESV3" if version == 5 else b"AESV2" if self.aes else b"V2")
        if version == 5:
            crypt += b"/UE<%s>/OE<%s>/Perms<%s>" % (self.ue.hex().encode(), bytes(32).hex().encode(), bytes(16).hex().encode())
        owner = self.owner if version == 5 else self.owner[:32]
        return b"<</Filter/Standard/V %d/R %d/Length %d/P -4/O<%s>/U<%s>%s>>" % (
            version, self.revision, 8 * len(self.key), owner.hex().encode(), self.u.hex().encode(), crypt)

    def __call__(self, number, data):
        key, aes = self.key, self.aes or self.revision >= 5
        if self.revision < 5:
            key = hashlib.md5(key + struct.pack("<I", number)[:3] + bytes(2) + (b"sAlT" if aes else b"")).digest()
            key = key[:min(len(self.key) + 5, 16)]
        if not aes:
            return rc4(key, data)
        fill = 16 - len(data) % 16
        iv = bytes(range(16))
        return iv + openssl(f"aes-{8 * len(key)}-cbc", key, iv, data + bytes([fill]) * fill)


def locked(revision, password=b"", **how):
    """A script in a stream of objects, a link in a string, a file."""
    lock = Lock(revision, password, **how)
    inner = b"5 0 <</S/JavaScript/JS(app.alert\\(1\\))>>"
    return pdf(b"<</Type/Catalog/Pages 7 0 R/OpenAction 5 0 R>>", lock.dictionary(),
               b"<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/URI/URI<%s>>>>>" % lock(3, b"http://a.invalid/").hex().encode(),
               stream(lock(4, inner), b"/Type/ObjStm/N 1/First 4"), b"null",
               stream(lock(6, zlib.compress(PROGRAM)), b"/Type/EmbeddedFile", b"/FlateDecode"),
               b"<</Type/Pages/Count 1/Kids[8 0 R]>>", b"<</Type/Page/Parent 7 0 R/MediaBox[0 0 9 9]/Annots[3 0 R]>>",
               trailer=b"<</Root 1 0 R/Encrypt 2 0 R/ID[<%s><%s>]>>" % (lock.id.hex().encode(), lock.id.hex().encode()))


def portable_documents():
    attached = (b"<</Type/Filespec/F(a.exe)/UF<FEFF0062002E006500780065>/EF<</F 3 0 R>>>>",
                stream(zlib.compress(PROGRAM), b"/Type/EmbeddedFile", b"/FlateDecode"))
    script = b"app.alert('hello');" * 8
    return {
        "plain.pdf": pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 0/Kids[]>>"),
        "attached.pdf": pdf(b"<</Type/Catalog/Names<</EmbeddedFiles<</Names[(a) 2 0 R]>>>>>>", *attached),
        "script.pdf": pdf(b"<</Type/Catalog/OpenAction 2 0 R>>", b"<</S/J#61vaScript/JS(app.alert\\(1\\)\\073)>>"),
        "script-stream.pdf": pdf(b"<</OpenAction<</S/JavaScript/JS 2 0 R>>>>",
                                 stream(base64.a85encode(lzw(script)) + b"~>", b"", b"[/A85/LZWDecode]")),
        "launch.pdf": pdf(b"<</OpenAction<</S/Launch/Win<</F(cmd.exe)/P(/c harmless)>>>>>>"),
        "links.pdf": pdf(b"<</A<</S/URI/URI(http://one.invalid/\\(a\\))>>>>",
                         b"<</A<</S/URI/URI<687474703A2F2F74776F2E696E76616C69642F>>>>>",
                         b"<</A<</S/URI/URI 4 0 R>>>>", b"(http://three.invalid/)"),
        "objects.pdf": pdf(b"<</Type/Catalog>>", object_stream([(5, b"<</S/JavaScript/JS 6 0 R>>"), (6, b"(hidden\\))")])),
        "predicted.pdf": pdf(b"<</JS 2 0 R>>", stream(zlib.compress(png_rows(script, 19)),
                             b"/DecodeParms<</Predictor 12/Columns 19>>", b"/Fl")),
        "encrypted.pdf": pdf(b"<</Type/Catalog>>", trailer=b"<</Root 1 0 R/Encrypt 2 0 R>>"),
        "rc4-40.pdf": locked(2),
        "rc4-128.pdf": locked(3),
        "aes-128.pdf": locked(4, aes=True),
        "aes-256-old.pdf": locked(5),
        "aes-256.pdf": locked(6),
        "password.pdf": locked(4, b"secret", aes=True),
        "hex.pdf": pdf(b"<</JS 2 0 R/XFA[(x) 3 0 R]>>", stream(script.hex().encode() + b">", b"", b"[/AHx]"),
                       stream(b"\x04<xdp>\xfe<\x80", b"", b"/RunLengthDecode")),
    }


# --- OneNote ---

def notebook(*files):
    out = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3") + bytes(1008)
    for content in files:
        out += bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac") + struct.pack("<QIQ", len(content), 0, 0) + content + bytes(8)
    return out


# --- Signed and encrypted ---

ENTITY = b"Content-Type: text/plain\r\n\r\nwhat was signed\r\n"


def der(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = (len(body).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(body).to_bytes(size, "big") + body


def smime():
    """By openssl, with a key that is thrown away."""
    with tempfile.TemporaryDirectory() as name:
        here = pathlib.Path(name)
        (here / "entity").write_bytes(ENTITY)

        def openssl(*arguments):
            subprocess.run(("openssl",) + arguments, cwd=here, check=True, capture_output=True)

        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=x",
                "-keyout", "key", "-out", "certificate", "-days", "1")
        openssl("cms", "-sign", "-nodetach", "-binary", "-in", "entity", "-signer", "certificate", "-inkey", "key",
                "-outform", "DER", "-out", "signed.der")
        openssl("cms", "-sign", "-nodetach", "-binary", "-stream", "-in", "entity", "-signer", "certificate", "-inkey",
                "key", "-outform", "DER", "-out", "signed.ber")
        openssl("cms", "-sign", "-binary", "-in", "entity", "-signer", "certificate", "-inkey", "key",
                "-outform", "DER", "-out", "detached.der")
        openssl("cms", "-encrypt", "-binary", "-in", "entity", "-outform", "DER", "-out", "encrypted.der", "certificate")
        made = {n: (here / n).read_bytes() for n in ("signed.der", "signed.ber", "detached.der", "encrypted.der")}
    oid = bytes.fromhex("2a864886f70d010910010 9".replace(" ", ""))
    method = der(0x30, der(6, bytes.fromhex("2a864886f70d0109100308")))
    content = der(0x30, der(6, bytes.fromhex("2a864886f70d010701")), der(0xA0, der(4, zlib.compress(ENTITY))))
    made["compressed.der"] = der(0x30, der(6, oid), der(0xA0, der(0x30, der(2, b"\0"), method, content)))
    return made


def pgp_packet(tag, body):
    return bytes([0xC0 | tag]) + (bytes([len(body)]) if len(body) < 192 else b"\xff" + struct.pack(">I", len(body))) + body


def pgp():
    literal = pgp_packet(11, b"b\x05a.exe" + bytes(4) + PROGRAM)
    packed = pgp_packet(8, b"\x01" + zlib.compress(literal)[2:-4])
    encrypted = pgp_packet(1, b"\x03" + bytes(8) + b"\x01" + bytes(40)) + pgp_packet(18, b"\x01" + bytes(60))
    armor = (b"Some text\n-----BEGIN PGP MESSAGE-----\nVersion: x\n\n" + base64.encodebytes(packed)
             + b"=abcd\n-----END PGP MESSAGE-----\n")
    pieces = bytes([0xC0 | 11, 0xE0 | 5]) + (b"b\x05a.exe" + bytes(4) + PROGRAM)[:32]
    rest = (b"b\x05a.exe" + bytes(4) + PROGRAM)[32:]
    return {"literal.pgp": literal, "packed.pgp": packed, "encrypted.pgp": encrypted, "armored.asc": armor,
            "pieces.pgp": pieces + bytes([len(rest)]) + rest,
            "clear.asc": b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\ntext\n-----BEGIN PGP SIGNATURE-----\n\nxx\n"
                         b"-----END PGP SIGNATURE-----\n"}


# --- Calendars ---

INVITATION = (b'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nATTACH;VALUE=BINARY;X-FILENAME="a;b:c.ex\r\n e";ENCOD\r\n ING=BASE64:TVoB\r\n'
              b"\tAg==\r\nEND:VEVENT\r\n")


# --- Encrypted documents of Office (MS-OFFCRYPTO) ---

VELVET = "VelvetSweatshop"  # which Excel tries before it asks


def spun(name, salt, password, count):
    h = hashlib.new(name, salt + password.encode("utf-16-le")).digest()
    for i in range(count):
        h = hashlib.new(name, struct.pack("<I", i) + h).digest()
    return h


def filled(data, size=16, fill=b"\0"):
    return data + fill * (-len(data) % size)


def provider_header(key_bits, algorithm):
    name = "x\0".encode("utf-16-le")
    return struct.pack("<8I", 0x24, 0, algorithm, 0x8004, key_bits, 0x18, 0, 0) + name


def standard_package(content, password):
    salt, verifier = bytes(range(16)), bytes(range(16, 32))
    h = hashlib.sha1(spun("sha1", salt, password, 50000) + bytes(4)).digest()
    key = hashlib.sha1(bytes(c ^ 0x36 for c in h.ljust(64, b"\0"))).digest()[:16]

    def ecb(data):
        return subprocess.run(["openssl", "enc", "-aes-128-ecb", "-nopad", "-K", key.hex()], input=filled(data),
                              capture_output=True, check=True).stdout
    header = provider_header(128, 0x660E)
    info = struct.pack("<HHII", 4, 2, 0x24, len(header)) + header + struct.pack("<I", 16) + salt + ecb(verifier) + \
        struct.pack("<I", 20) + ecb(hashlib.sha1(verifier).digest().ljust(32, b"\0"))
    return Storage(EncryptionInfo=info, EncryptedPackage=struct.pack("<Q", len(content)) + ecb(content))


def agile_package(content, password, spins=1000):
    salt, data_salt, key = bytes(range(16)), bytes(range(16, 32)), bytes(range(32, 64))
    h, verifier = spun("sha512", salt, password, spins), bytes(range(64, 80))

    def seal(purpose, data):
        return base64.b64encode(openssl("aes-256-cbc", hashlib.sha512(h + bytes.fromhex(purpose)).digest()[:32], salt, data)).decode()
    form = 'saltSize="16" blockSize="16" keyBits="256" hashSize="64" cipherAlgorithm="AES" ' \
        'cipherChaining="ChainingModeCBC" hashAlgorithm="SHA512"'
    xml = f'<encryption xmlns:p="x"><keyData {form} saltValue="{base64.b64encode(data_salt).decode()}"/><keyEncryptors>' \
        f'<keyEncryptor><p:encryptedKey spinCount="{spins}" {form} saltValue="{base64.b64encode(salt).decode()}" ' \
        f'encryptedVerifierHashInput="{seal("fea7d2763b4b9e79", verifier)}" ' \
        f'encryptedVerifierHashValue="{seal("d7aa0f6d3061344e", hashlib.sha512(verifier).digest())}" ' \
        f'encryptedKeyValue="{seal("146e0be7abacd0d6", key)}"/></keyEncryptor></keyEncryptors></encryption>'
    sealed = b"".join(openssl("aes-256-cbc", key, hashlib.sha512(data_salt + struct.pack("<I", i)).digest()[:16],
                              filled(content[at:at + 4096])) for i, at in enumerate(range(0, len(content), 4096)))
    return Storage(EncryptionInfo=struct.pack("<HHI", 4, 4, 0x40) + xml.encode(),
                   EncryptedPackage=struct.pack("<Q", len(content)) + sealed)


def rc4_workbook(records, password, crypto_api):
    """A workbook whose records but the first are encrypted, and the record that says how."""
    salt, verifier, secret = bytes(range(16)), bytes(range(16, 32)), password.encode("utf-16-le")
    if crypto_api:
        base, digest, size = hashlib.sha1(salt + secret).digest(), hashlib.sha1, 16
    else:
        base, digest, size = hashlib.md5((hashlib.md5(secret).digest()[:5] + salt) * 16).digest()[:5], hashlib.md5, 16

    def block(number, data):
        return rc4(digest(base + struct.pack("<I", number)).digest()[:size], data)
    sealed = block(0, verifier + digest(verifier).digest())
    if crypto_api:
        header = provider_header(128, 0x6801)
        file_pass = struct.pack("<HHHII", 1, 2, 2, 4, len(header)) + header + struct.pack("<I", 16) + salt + sealed[:16] + \
            struct.pack("<I", 20) + sealed[16:]
    else:
        file_pass = struct.pack("<HHH", 1, 1, 1) + salt + sealed
    plain = biff(records[0], (0x2F, file_pass), *records[1:])
    whole = b"".join(block(i, plain[at:at + 1024]) for i, at in enumerate(range(0, len(plain), 1024)))
    out, at = bytearray(plain), len(biff(records[0], (0x2F, file_pass)))
    for _, data in records[1:]:
        out[at + 4:at + 4 + len(data)] = whole[at + 4:at + 4 + len(data)]
        at += 4 + len(data)
    return bytes(out)


XLM_RECORDS = [
    (0x809, struct.pack("<H", 0x600) + bytes(14)),
    (0x85, struct.pack("<IBBBB", 0, 1, 1, 6, 0) + b"Macro1"),
    (0x200, bytes(2000)),
    (0x18, struct.pack("<HBBHHHI", 0x20, 0, 1, 0, 0, 1, 0) + b"\0\x01"),
    (0x0A, b""),
]


# --- All ---

def corpora():
    compound = {
        "macros.doc": compound_file(Storage(**word_stream(), Macros=Storage(
            VBA=vba_storage({"ThisDocument": OPENING, "Module1": QUIET})))),
        "unlisted.doc": compound_file(Storage(**word_stream(), Macros=Storage(
            VBA=vba_storage({"ThisDocument": OPENING}, listed=False)))),
        "misplaced.doc": compound_file(Storage(Macros=Storage(VBA=vba_storage({"Module1": OPENING}, offset=9)))),
        "dde.doc": compound_file(Storage(**word_stream(text=b"\x13 DDEAUTO cmd \x15"))),
        "template.doc": compound_file(Storage(**word_stream(template="http://host.invalid/a.dotm"))),
        "locked.doc": compound_file(Storage(**word_stream(flags=0x100))),
        "xlm.xls": compound_file(Storage(Workbook=xlm_workbook())),
        "sheet.xls": compound_file(Storage(Workbook=workbook_of_another_sheet())),
        "old.xls": compound_file(Storage(Book=old_workbook())),
        "locked.xls": compound_file(Storage(Workbook=biff((0x809, bytes(16)), (0x2F, bytes(54))))),
        "locked.docx": compound_file(Storage(EncryptionInfo=bytes(20), EncryptedPackage=bytes(200))),
        "standard.xlsx": compound_file(standard_package(PROGRAM, VELVET)),
        "agile.xlsx": compound_file(agile_package(PROGRAM + bytes(5000), VELVET)),
        "agile.pptx": compound_file(agile_package(PROGRAM, "/01Hannes Ruescher/01")),
        "secret.xlsx": compound_file(agile_package(PROGRAM, "secret")),
        "rc4.xls": compound_file(Storage(Workbook=rc4_workbook(XLM_RECORDS, VELVET, False))),
        "crypto-api.xls": compound_file(Storage(Workbook=rc4_workbook(XLM_RECORDS, VELVET, True))),
        "secret.xls": compound_file(Storage(Workbook=rc4_workbook(XLM_RECORDS, "secret", True))),
        "object.doc": compound_file(Storage(ObjectPool=Storage(_1=Storage(**{
            "\1Ole10Native": native_stream(b"a.exe", PROGRAM)})))),
        "link.doc": compound_file(Storage(**{"\1Ole": bytes(20) + "http://host.invalid/a.hta".encode("utf-16-le") + bytes(4)})),
        "long.doc": compound_file(Storage(CONTENTS=b"%PDF-1.4\n" + bytes(9000))),
        "installer.msi": compound_file(Storage(**{"".join(map(chr, (0x4840, 0x3F3F, 0x4577, 0x446C))): PROGRAM})),
        "macros.ppt": powerpoint(),
        "item.msg": outlook_item(),
    }
    html = {
        "plain.html": b"<html><body><p>text</p></body></html>",
        "data.html": b'<html><a href="data:application/zip;base64,UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==" download="a.zip">x</a></html>',
        "percent.html": b"<iframe src='data:text/html,%3Cscript%3Ealert(1)%3C/script%3E'></iframe>",
        "blob.html": b"<html><script>var b=atob('" + base64.b64encode(PROGRAM * 4) + b"');var f=new Blob([b]);"
                     b"var a=document.createElement('a');a.href=URL.createObjectURL(f);a.download='a.exe';a.click();</script>",
        "handler.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="eval(atob(\''
                       + base64.b64encode(b"x = 1;" * 512) + b"'))\"/>",
        "counter.html": b"<html><script>var c=document.createElement('a');c.href='/count';</script></html>",
    }
    relations = b"<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>%s</Relationships>"
    relation = b"<Relationship Id='a' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s' " \
               b"Target='%s' TargetMode='External'/>"
    office = {  # the first octet is the member's name, by fuzz_office.c
        "types": b"\x00<Types><Override ContentType='application/vnd.ms-word.document.macroEnabled.main+xml'/></Types>",
        "template": b"\x01" + relations % (relation % (b"attachedTemplate", b"https://host.invalid/a.dotm?a=1&amp;b=2")),
        "link": b"\x01" + relations % (relation % (b"hyperlink", b"https://link.invalid/")),
        "fields": b"\x02<w:document><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText> D</w:instrText></w:r>"
                  b"<w:r><w:instrText>DEAUTO c:\\x</w:instrText></w:r></w:document>",
        "simple": b"\x02<w:document><w:fldSimple w:instr=' DDE &quot;cmd&quot;'/></w:document>",
        "workbook": b"\x03<workbook><definedNames><definedName name='_xlnm.Auto_Open' hidden='1'/></definedNames></workbook>",
        "dde": b"\x04<externalLink><ddeLink ddeService='cmd' ddeTopic='/c calc'/></externalLink>",
        "manifest": b"\x05<manifest:manifest><manifest:file-entry manifest:full-path='Basic/Standard/Module1.xml'/>"
                    b"<manifest:file-entry manifest:full-path='x'><manifest:encryption-data/></manifest:file-entry>",
        "content": b"\x06<office:document-content><script:event-listener script:event-name='dom:load'/>"
                   b"<text:dde-connection-decl/></office:document-content>",
        "flat": b"\x07<?xml version='1.0'?><?mso-application progid='Word.Document'?><pkg:package><pkg:part "
                b"pkg:name='/word/vbaProject.bin'><pkg:binaryData>TVo=</pkg:binaryData></pkg:part></pkg:package>",
        "active": b"\x08ActiveMime" + bytes(40) + zlib.compress(PROGRAM),
    }
    return {
        "tnef": {"winmail.dat": winmail(), "wrong-sum.dat": winmail(wrong=1), "cut.dat": winmail()[:-40]},
        "ole2": compound,
        "vba": {"opening": vba_compress(OPENING), "quiet": vba_compress(QUIET), "long": vba_compress(QUIET * 60)},
        "rtf": rich_texts(),
        "office": office,
        "pdf": portable_documents(),
        "cms": smime(),
        "pgp": pgp(),
        "html_files": html,
        "calendar": {"invitation.ics": INVITATION},
        "onenote": {"two.one": notebook(PROGRAM, b"text"), "cut.one": notebook(PROGRAM)[:-20]},
    }


def main(out):
    for folder, files in corpora().items():
        (out / folder).mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (out / folder / name).write_bytes(content)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
