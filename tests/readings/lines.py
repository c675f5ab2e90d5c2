"""T78-T80: lines, and what stands before or is told twice in the first header."""

from .build import CRLF, ENVELOPE, VERSION, WORDS, b64, entity, leaf, multipart, octets, parts
from .registry import VALID, readings, whole


@readings(78, "NUL, CR and LF alone in the body")
def alone(p):
    file = leaf(p)
    header, body = file.split(CRLF + CRLF, 1)
    for name, c in {"NUL": b"\0", "CR": b"\r", "LF": b"\n"}.items():
        for where, text in {"in the words": (b"wo" + c + b"rds", b""), "before the delimiter": (b"words" + c,
            b"")}.items():
            yield f"{name} {where}", multipart("A", entity(["Content-Type: text/plain"], text[0]), file)
        yield f"{name} in the preamble", multipart("A", WORDS, file, preamble=b"pre" + c + b"amble\r\n")
        yield f"{name} in the base64", header + CRLF + CRLF + body[:10] + c + body[10:]
        yield f"{name} in each line of the base64", header + CRLF + CRLF + body.replace(CRLF, c + CRLF)
        yield f"{name} before the base64", header + CRLF + CRLF + c + body
        yield f"{name} before a delimiter in the words", multipart("A", entity(["Content-Type: text/plain"],
            b"x" + c + b"--A"), file)
        yield f"{name} inside a delimiter", multipart("A", WORDS, file).replace(b"--A\r\n", b"--" + c + b"A\r\n")
        yield f"{name} ends the message", multipart("A", WORDS, file) + c
    for name, end in {"CR": b"\r", "LF": b"\n", "CR CR LF": b"\r\r\n", "LF CR": b"\n\r"}.items():
        yield f"all lines of the entity end in {name}", file.replace(CRLF, end)
        yield f"all lines of the body end in {name}", header + CRLF + CRLF + body.replace(CRLF, end)
        yield f"all lines of the header end in {name}", header.replace(CRLF, end) + CRLF + CRLF + body
        message = ENVELOPE + VERSION + multipart("A", WORDS, file)
        yield f"all lines of a message end in {name}", whole(message.replace(CRLF,
            end)), VALID if name == "LF" else "odd"
        yield f"all lines of a message but its header's end in {name}", whole(CRLF.join(message.split(CRLF)[:8]) + CRLF
            + end.join(message.split(CRLF)[8:]))
        yield f"every second line ends in {name}", whole(b"".join(line + (end if i % 2 else CRLF) for i,
            line in enumerate(message.split(CRLF)[:-1])))
    yield "text of binary", multipart("A", entity(["Content-Type: text/plain", "Content-Transfer-Encoding: binary"],
                                                  bytes(range(256))), file)


@readings(79, "long lines")
def long_lines(p):
    file = leaf(p)
    header, body = file.split(CRLF + CRLF, 1)
    for size in 998, 999, 1000, 2048, 2049, 8192, 65536, 1 << 20:
        valid = VALID if size <= 998 else "odd"
        yield f"words of {size}", multipart("A", entity(["Content-Type: text/plain"], b"x" * size), file), valid
        yield f"field of {size} before", octets("X-Long: " + "x" * (size - 8)) + CRLF + file, valid
        yield f"field of {size} between", header.split(CRLF, 1)[0] + CRLF + octets("X-Long: "
            + "x" * (size - 8)) + CRLF + header.split(CRLF, 1)[1] + CRLF + CRLF + body, valid
        yield f"folded field of {size}", octets("X-Long: "
                                                + "\r\n ".join(["x" * 70] * (size // 72 + 1))) + CRLF + file, valid
        yield f"type of {size}", octets("Content-Type: multipart/mixed; x=" + "y" * size
                                        + "; boundary=A") + CRLF + CRLF + parts("A", WORDS, file)
        yield f"type folded, of {size}", octets("Content-Type: multipart/mixed;\r\n x=" + "y;\r\n x=" * (size // 8)
                                                + "y;\r\n boundary=A") + CRLF + CRLF + parts("A", WORDS, file)
        yield f"type of {size} blanks", octets("Content-Type: multipart/mixed;" + " " * size
                                               + "boundary=A") + CRLF + CRLF + parts("A", WORDS, file)
        yield f"base64 after {size} blanks", header + CRLF + CRLF + b" " * size + body
        yield f"delimiter at the end of {size}", multipart("A", entity(["Content-Type: text/plain"], b"x" * size
            + b"--A"), file)
        yield f"delimiter and {size} blanks", multipart("A", WORDS, file).replace(b"--A\r\n", b"--A" + b" " * size
            + CRLF)
        yield f"delimiter and {size} characters", multipart("A", WORDS, file).replace(b"--A\r\n", b"--A" + b"x" * size
            + CRLF)
        yield f"name of {size}", entity([f"Content-Type: {p.type}",
                                         f'Content-Disposition: attachment; filename="{"x" * size}.{p.extension}"',
                                         "Content-Transfer-Encoding: base64"], b64(p.content))
    yield "base64 in one line", header + CRLF + CRLF + body.replace(CRLF, b"") + CRLF, VALID
    yield "a thousand fields", b"".join(b"X-%d: y\r\n" % i for i in range(1000)) + file, VALID
    yield "twenty thousand fields", b"".join(b"X-%d: y\r\n" % i for i in range(20000)) + file


@readings(80, "the beginning of a message", places=("top",))
def beginnings(p):
    about = multipart("A", WORDS, leaf(p))
    message = ENVELOPE + VERSION + about
    yield "as usual", whole(message), VALID
    for name, start in {"UTF-8 mark": b"\xef\xbb\xbf", "UTF-16 mark": b"\xff\xfe",
                        "From line": b"From ada@example.org\r\n",
                        "From line with a date": b"From ada@example.org Mon Nov  3 10:00:00 2025\r\n",
                        ">From line": b">From ada@example.org Mon Nov  3 10:00:00 2025\r\n", "blank line": CRLF,
                        "blank lines": CRLF * 3, "a blank": b" \r\n", "a dot": b".\r\n", "NUL": b"\0",
                        "a sentence": b"hello\r\n",
                        "an HTTP request": b"POST / HTTP/1.1\r\n", "a status": b"220 example.org\r\n",
                        "a folded line": b" folded\r\n", "a colon": b":\r\n", "two From lines": b"From a\r\nFrom b\r\n",
                        "LF": b"\n", "CR": b"\r",
                        "a mark and a From line": b"\xef\xbb\xbfFrom ada@example.org\r\n",
                        "Return-Path": b"Return-Path: <a@example.org>\r\n", "no-break space": b"\xc2\xa0",
                        "zero width space": b"\xe2\x80\x8b",
                        "DATA": b"DATA\r\n", "delimiter": b"--A\r\n"}.items():
        yield f"{name} first", whole(start + message), VALID if name == "Return-Path" else "odd"
        yield f"{name} before MIME's fields", whole(start + about)
        yield f"{name} after the envelope", whole(ENVELOPE + start + VERSION + about)
        yield f"{name} before the file's part", whole(ENVELOPE + VERSION + multipart("A", WORDS, start + leaf(p)))
    yield "no MIME-Version", whole(ENVELOPE + about), VALID
    for line in ["MIME-Version: 2.0", "MIME-Version: 1.1", "MIME-Version:", "MIME-Version: 1.0 (c)",
                 "Mime-Version: 1.0", "MIME-Version: (c) 1.0", "MIME-Version: 1 . 0", "MIME-Version: x",
                 "MIME-Version: 1.0, 1.0",
                 "MIME-Version: 1.0\r\nMIME-Version: 2.0", "MIME-Version : 1.0", " MIME-Version: 1.0",
                 "X-MIME-Version: 1.0"]:
        yield f"{line!r}", whole(ENVELOPE + octets(line) + CRLF + about), VALID if line in ("Mime-Version: 1.0",
            "MIME-Version: 1.0 (c)") else "odd"
    for field in (b"From: Eve <eve@example.org>", b"Subject: another", b"Date: Tue, 04 Nov 2025 10:00:00 +0000",
                  b"To: x@example.org", b"Message-ID: <2@example.org>", b"Sender: x@example.org",
                  b"Reply-To: y@example.org"):
        name = field.split(b":")[0].decode()
        yield f"{name} again, first", whole(field + CRLF + message)
        yield f"{name} again, last", whole(ENVELOPE + VERSION + field + CRLF + about)
        yield f"{name} ten times", whole((field + CRLF) * 10 + message)
    yield "nothing but MIME's fields", whole(about)
    yield "no From", whole(message.split(CRLF, 1)[1])
    yield "fields of MIME after the envelope's end", whole(ENVELOPE + CRLF + about)
