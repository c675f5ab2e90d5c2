"""Looks into what a judge got out: whether it is banned, or holds in whatever
package something that is."""

import base64
import functools
import gzip
import io
import re
import struct
import tarfile
import zipfile
import zlib

from ..payload import EICAR, PE

BANNED_EXTENSIONS = {"exe", "com", "scr", "pif", "bat", "cmd", "js", "vbs", "jar", "lnk", "hta", "msi", "dll", "cpl"}
DEPTH = 30
LARGEST = 16 << 20


def banned_name(name):
    """As Windows opens it: dots and blanks at the end do not count, nor does a stream's name."""
    name = name.split("\0")[0].split("::$")[0].strip().rstrip(". ")
    return "." in name and name.rsplit(".", 1)[1].lower() in BANNED_EXTENSIONS


def inflated(data):
    out = zlib.decompressobj(-15)
    try:
        return out.decompress(data, LARGEST)
    except zlib.error:
        return b""


def zip_streamed(data):
    """Members by their local headers, as a streaming program unpacks."""
    for at in [m.start() for m in re.finditer(b"PK\x03\x04", data)][:200]:
        if len(data) < at + 30:
            continue
        method, size, name_len, extra_len = struct.unpack_from("<8xH8xI4xHH", data, at)
        begin = at + 30 + name_len + extra_len
        name = data[at + 30:at + 30 + name_len].decode("latin-1")
        body = data[begin:begin + size] if size and size != 0xFFFFFFFF else data[begin:]
        yield name, inflated(body) if method == 8 else body


def zip_listed(data):
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        for info in z.infolist()[:200]:
            try:
                with z.open(info) as f:
                    yield info.filename, f.read(LARGEST)
            except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error, EOFError, OSError):
                yield info.filename, b"?"


def tarred(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as t:
        for info in t:
            f = t.extractfile(info)  # also what a link leads to
            if f is not None:
                yield info.name, f.read(LARGEST)


def ungzipped(data):
    yield "", gzip.GzipFile(fileobj=io.BytesIO(data)).read(LARGEST)


def hidden_in_html(data):
    for m in re.finditer(rb"base64,\s*([A-Za-z0-9+/=\s]+)", data):
        yield "", lenient_base64(m.group(1))
    for m in re.finditer(rb"""["']([A-Za-z0-9+/=]{60,})["']""", data):
        yield "", lenient_base64(m.group(1))


def lenient_base64(text):
    text = re.sub(rb"[^A-Za-z0-9+/]", b"", text)
    return base64.b64decode(text[:len(text) // 4 * 4] + {0: b"", 2: text[-2:] + b"==", 3: text[-3:] + b"=",
                                                         1: b""}[len(text) % 4])


def inside(data):
    readers = []
    if b"PK\x03\x04" in data:
        readers += [zip_streamed, zip_listed]
    if data[:2] == b"\x1f\x8b":
        readers.append(ungzipped)
    if data[257:262] == b"ustar":
        readers.append(tarred)
    if re.search(rb"<(script|html|a)\b", data[:4096], re.I):
        readers.append(hidden_in_html)
    for reader in readers:
        try:
            yield from reader(data)
        except (zipfile.BadZipFile, tarfile.TarError, OSError, EOFError, ValueError, struct.error, zlib.error, KeyError,
                NotImplementedError, RuntimeError):
            continue


@functools.lru_cache(maxsize=4096)
def banned_content(data, depth=0):
    if EICAR in data:
        return "EICAR"
    if data.startswith(PE):
        return "a program"
    if depth < DEPTH:
        for name, member in inside(data):
            if len(member) < LARGEST and (what := banned(name, member, depth + 1)):
                return f"{what} inside"
    return ""


def banned(name, data, depth=0):
    """What is banned about it, or nothing."""
    if data and banned_name(name):
        return f"{name!r} of {len(data)} octets"
    return banned_content(bytes(data), depth)
