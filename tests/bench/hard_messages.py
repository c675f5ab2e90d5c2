"""Messages made to be hard to scan: (number, name, make(quick)). quick: a tenth."""

import base64
import gzip
import io
import os
import zipfile

HEAD = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: hard\r\nMIME-Version: 1.0\r\n"
MOST = 45_000_000  # below the preset of max_message_size


def less(number, quick):
    return number // 10 if quick else number


def multipart(boundary):
    return HEAD + b"Content-Type: multipart/mixed; boundary=" + boundary + b"\r\n\r\n"


def attachment(content, name=b"a.bin"):
    return (HEAD + b"Content-Type: application/octet-stream; name=" + name
            + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(content).replace(b"\n", b"\r\n"))


def many_parts(quick):
    return multipart(b"b") + b"--b\r\n\r\nx\r\n" * less(1_000_000, quick) + b"--b--\r\n"


def deep(quick):
    level = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n"
    return HEAD + b"".join(level % (n, n) for n in range(less(10_000, quick))) + b"\r\nx\r\n"


def many_headers(quick):
    return HEAD + b"X-A: b\r\n" * less(500_000, quick) + b"\r\nx\r\n"


def long_header(quick):
    return HEAD + b"X-Long: " + (b"x" * 70 + b"\r\n ") * less(MOST // 73, quick) + b"x\r\n\r\nx\r\n"


def many_parameters(quick):
    return HEAD + b"Content-Type: text/plain" + b";\r\n a=b" * less(100_000, quick) + b"\r\n\r\nx\r\n"


def backtracking(_):
    return HEAD + b"\r\n" + (b"a" * 76 + b"\r\n") * (100_000 // 78) + b"!\r\n"


def large_base64(quick):
    return attachment(os.urandom(less(MOST * 7 // 10, quick)))


def bomb(quick):
    zeros = gzip.compress(bytes(less(200_000_000, quick)), 9)
    return attachment(zeros, b"a.gz")


def zip_of_bombs(quick):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for number in range(less(200, quick)):
            z.writestr(f"{number}.txt", bytes(10_000_000))
    return attachment(out.getvalue(), b"a.zip")


def nearly_delimiters(quick):
    return multipart(b"A" * 60) + (b"--" + b"A" * 40 + b"\r\n") * less(1_000_000, quick)


MESSAGES = [
    ("R02", "a million parts", many_parts),
    ("R03", "ten thousand levels", deep),
    ("R04", "half a million headers", many_headers),
    ("R04", "one header of 45 MB", long_header),
    ("R04", "a hundred thousand parameters", many_parameters),
    ("R06", "lines of a", backtracking),
    ("R07", "base64 of 45 MB", large_base64),
    ("R07", "200 MB of zeros in gzip", bomb),
    ("R07", "2 GB of zeros in zip", zip_of_bombs),
    ("R07", "a million that are nearly delimiters", nearly_delimiters),
]
