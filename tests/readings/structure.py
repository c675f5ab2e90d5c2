"""T23-T32: delimiters, and where headers end."""

from .build import CRLF, ENVELOPE, VERSION, WORDS, attached, b64, entity, leaf, multipart, octets, parts, qp, uu
from .registry import VALID, readings, whole

MULTI = "Content-Type: multipart/mixed; boundary="
SHOWN = entity(["Content-Type: text/plain"], "nothing to see\r\n")


def declared(boundary, body):
    return entity([b"Content-Type: multipart/mixed; boundary=" + octets(boundary)], body)


@readings(23, "delimiter lines that go on, or stop short")
def near_delimiters(p):
    yield "exact", declared("A", parts("A", WORDS, leaf(p))), VALID
    yield "blanks at the end", declared("A", parts("A", WORDS, leaf(p)).replace(b"--A\r\n", b"--A \t \r\n")), VALID
    for line in ["--AX", "--A X", "--A-", "--A\t", "--A\v", "--A\f", "--A;", "--A:", "--A\\", "--A\xa0", "--A\0",
                 "--A\0X", "--A.", "--A--X",
                 "--A-- ", "--A--\t", "--A --", "--A- -", "--A---", "-A", "---A", "--a", "-- A", "--A(c)", "--\"A\"",
                 "--A\r", "--A\b",
                 "--AA", "—A", "--A\x7f", "--A--A"]:
        raw = line.encode("utf-8") if "—" in line else octets(line)
        every = raw + CRLF + WORDS + raw + CRLF + leaf(p)
        yield f"all are {line!r}", declared("A", every + raw + b"--\r\n")
        yield f"{line!r} before the file", declared("A", b"--A\r\n" + WORDS + raw + CRLF + leaf(p) + b"--A--\r\n")
        yield f"{line!r} after the file", declared("A", b"--A\r\n" + WORDS + b"--A\r\n" + leaf(p) + raw + CRLF
                                                   + b"--A--\r\n")
        yield f"{line!r} first, then exact ones", declared("A", raw + CRLF + WORDS + b"--A\r\n" + leaf(p)
                                                           + b"--A--\r\n")
        yield f"{line!r} in the base64", declared("A", b"--A\r\n" + leaf(p).replace(CRLF + CRLF, CRLF + CRLF
            + b64(b"x" * 57) + raw + CRLF, 1)
                                                   + b"--A--\r\n")


@readings(24, "boundaries that begin like others")
def prefixes(p):
    for outer, inner in [("A_", "A"), ("A", "A_"), ("A", "A--"), ("A--", "A"), ("A", "A "), ("AA", "A"), ("A", "AA"),
                         ("A", "A-"), ("A-", "A"),
                         ("A", "-A"), ("A", "a"), ("A", "--A"), ("A", "A B"), ("A.", "A")]:
        deep = entity([f'{MULTI}"{inner}"'], parts(inner, WORDS, leaf(p)))
        yield f"outer {outer!r}, inner {inner!r}", entity([f'{MULTI}"{outer}"'], parts(outer, WORDS, deep))
        yield f"outer {outer!r}, inner {inner!r} first", entity([f'{MULTI}"{outer}"'], parts(outer, deep, WORDS))
        yield f"outer {outer!r}, inner {inner!r} not closed", entity(
            [f'{MULTI}"{outer}"'],
            parts(outer, entity([f'{MULTI}"{inner}"'], parts(inner, WORDS, leaf(p), close=False)), WORDS))
        yield f"outer {outer!r}, inner {inner!r}, file after", entity(
            [f'{MULTI}"{outer}"'], parts(outer, entity([f'{MULTI}"{inner}"'], parts(inner, WORDS)), leaf(p)))


@readings(25, "one boundary for two multiparts")
def reused(p):
    inner = entity([MULTI + "A"], parts("A", WORDS, leaf(p)))
    yield "two of the same", declared("A", parts("A", WORDS, inner))
    yield "the inner one first", declared("A", parts("A", inner, WORDS))
    yield "three of the same", declared("A", parts("A", WORDS, entity([MULTI + "A"], parts("A", WORDS, inner))))
    yield "the inner one not closed", declared("A", parts("A", WORDS,
                                                          entity([MULTI + "A"],
        parts("A", WORDS, leaf(p), close=False))))
    yield "the inner one has a file after", declared("A", parts("A", entity([MULTI + "A"], parts("A", WORDS)), leaf(p)))
    yield "grandchild", declared("A", parts("A", WORDS, entity([MULTI + "B"], parts("B", inner))))
    yield "in another case", declared("Ab", parts("Ab", WORDS,
                                                  entity([MULTI + "aB"], parts("aB", WORDS, leaf(p))))), VALID
    for kind in ("multipart/mixed", "multipart/alternative; x=y", "multipart/related; type=text/html", "multipart",
                 "multipart/mixed; boundary="):
        for used in "A", "B":
            yield f"inner {kind!r} without one, {used} used", declared(
                "A", parts("A", WORDS, entity([f"Content-Type: {kind}"], parts(used, WORDS, leaf(p)))))
    yield "in a forwarded message", declared("A", parts("A", WORDS, entity(["Content-Type: message/rfc822"],
        ENVELOPE + inner)))
    yield "two multiparts one after the other", declared("O", parts("O", entity([MULTI + "A"], parts("A", WORDS)),
        inner)), VALID


@readings(26, "delimiters that do not begin a line, or end in CR")
def displaced(p):
    file = leaf(p)
    for name, body in {
            "blank before": b"--A\r\n" + WORDS + b" --A\r\n" + file + b" --A--\r\n",
            "tab before": b"--A\r\n" + WORDS + b"\t--A\r\n" + file + b"\t--A--\r\n",
            "all with a blank": b" --A\r\n" + WORDS + b" --A\r\n" + file + b" --A--\r\n",
            "after a CR": b"--A\r\n" + WORDS + b"text\r--A\r\n" + file + b"--A--\r\n",
            "after an LF": b"--A\r\n" + WORDS + b"text\n--A\r\n" + file + b"--A--\r\n",
            "after a VT": b"--A\r\n" + WORDS + b"text\v--A\r\n" + file + b"--A--\r\n",
            "after a FF": b"--A\r\n" + WORDS + b"text\f--A\r\n" + file + b"--A--\r\n",
            "after NUL": b"--A\r\n" + WORDS + b"text\0--A\r\n" + file + b"--A--\r\n",
            "after NEL": b"--A\r\n" + WORDS + b"text\x85--A\r\n" + file + b"--A--\r\n",
            "after U+2028": b"--A\r\n" + WORDS + b"text\xe2\x80\xa8--A\r\n" + file + b"--A--\r\n",
            "after CR CR LF": b"--A\r\n" + WORDS + b"text\r\r\n--A\r\r\n" + file + b"\r\r\n--A--\r\r\n",
            "after LF CR": b"--A\r\n" + WORDS + b"text\n\r--A\n\r" + file + b"--A--\r\n",
            "ended by CR": b"--A\r\n" + WORDS + b"--A\r" + file + b"--A--\r\n",
            "ended by LF": b"--A\r\n" + WORDS + b"--A\n" + file + b"--A--\n",
            "all ended by CR": b"--A\r" + WORDS + b"--A\r" + file + b"--A--\r",
            "ended by CR, first header": b"--A\r\n" + WORDS + b"--A\rX-Other: 1\r\n" + file + b"--A--\r\n",
            "after text": b"--A\r\n" + WORDS + b"text --A\r\n" + file + b"--A--\r\n",
            "after a quote": b"> --A\r\n" + WORDS + b"> --A\r\n" + file + b"> --A--\r\n",
            "after BOM": b"--A\r\n" + WORDS + b"\xef\xbb\xbf--A\r\n" + file + b"--A--\r\n",
            "soft break before": b"--A\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ntext=\r\n--A\r\n" + file
            + b"--A--\r\n",
    }.items():
        yield name, declared("A", body)
    yield "CR for every line end in the multipart", declared("A", parts("A", WORDS, file).replace(CRLF, b"\r"))
    yield "LF for every line end in the multipart", declared("A", parts("A", WORDS, file).replace(CRLF, b"\n"))


@readings(27, "final delimiters, preamble and epilogue")
def finals(p):
    file = leaf(p)
    deep = entity([MULTI + "B"], parts("B", WORDS, file, close=False))
    yield "preamble and epilogue of text", declared("A", parts("A", WORDS, file, preamble=b"This is MIME.\r\n",
                                                               epilogue=b"\r\n")), VALID
    yield "none", declared("A", parts("A", WORDS, file, close=False)), VALID
    yield "inner one missing", declared("A", parts("A", WORDS, deep)), VALID
    yield "inner one missing, part after", declared("A", parts("A", deep, WORDS))
    yield "both missing", declared("A", parts("A", WORDS, deep, close=False))
    yield "without its dashes", declared("A", parts("A", WORDS, file, close=False) + b"--A\r\n")
    yield "one dash", declared("A", parts("A", WORDS, file, close=False) + b"--A-\r\n")
    yield "without a line end", declared("A", parts("A", WORDS, file).rstrip(CRLF)), VALID
    yield "file in the preamble", declared("A", parts("A", WORDS, preamble=file))
    yield "file in the preamble, base64 alone", declared("A", parts("A", WORDS, preamble=b64(p.content)))
    yield "file in the epilogue", declared("A", parts("A", WORDS, epilogue=file))
    yield "delimited in the epilogue", declared("A", parts("A", WORDS) + parts("A", file))
    yield "delimited in the epilogue, not closed", declared("A", parts("A", WORDS) + parts("A", file, close=False))
    yield "other delimiters in the epilogue", declared("A", parts("A", WORDS) + parts("B", file))
    yield "other delimiters in the preamble", declared("A", parts("A", WORDS, preamble=parts("B", file)))
    yield "a multipart in the epilogue", declared("A", parts("A", WORDS, epilogue=declared("B", parts("B", file))))
    yield "a multipart in the preamble", declared("A", parts("A", WORDS, preamble=declared("B", parts("B", file))))
    yield "a whole message in the epilogue", declared("A", parts("A", WORDS, epilogue=CRLF + ENVELOPE + VERSION
        + declared("B", parts("B", file))))
    yield "an uuencoded file in the preamble", declared("A", parts("A", WORDS, preamble=uu(p.content, p.name)))
    yield "an uuencoded file in the epilogue", declared("A", parts("A", WORDS, epilogue=uu(p.content, p.name)))
    yield "closed at once", declared("A", b"--A--\r\n" + parts("A", WORDS, file))
    yield "closed twice", declared("A", parts("A", WORDS) + b"--A--\r\n" + parts("A", file))
    yield "closed before the file's header ends", declared("A", b"--A\r\n" + WORDS + b"--A\r\nX: y\r\n--A--\r\n" + file)
    yield "inner closes the outer", declared("A", b"--A\r\n" + MULTI.encode() + b"B\r\n\r\n--B\r\n" + WORDS
                                             + b"--A--\r\n--B\r\n" + file + b"--B--\r\n")
    yield "outer delimiter in the inner, inner goes on", declared(
        "A", b"--A\r\n" + MULTI.encode() + b"B\r\n\r\n--B\r\n" + WORDS + b"--A\r\n" + SHOWN + b"--B\r\n" + file
        + b"--B--\r\n--A--\r\n")
    yield "inner after the outer's end", declared(
        "A", b"--A\r\n" + MULTI.encode() + b"B\r\n\r\n--B\r\n" + WORDS + b"--A--\r\n" + b"--B\r\n" + file
        + b"--B--\r\n")


@readings(28, "delimiters inside the headers of parts")
def in_headers(p):
    file = leaf(p)
    header, body = file.split(CRLF + CRLF, 1)
    yield "empty part before", declared("A", b"--A\r\n--A\r\n" + file + b"--A--\r\n")
    yield "after a field", declared("A", b"--A\r\nX-Other: 1\r\n--A\r\n" + file + b"--A--\r\n")
    yield "in a folded field", declared("A", b"--A\r\nX-Other: 1\r\n --A\r\n" + file + b"--A--\r\n")
    yield "among the file's fields", declared("A", b"--A\r\n" + WORDS + b"--A\r\n" + header.replace(CRLF,
        CRLF + b"--A\r\n", 1) + CRLF + CRLF + body
                                              + b"--A--\r\n")
    yield "before the blank line", declared("A", b"--A\r\n" + header + CRLF + b"--A\r\n\r\n" + body + b"--A--\r\n")
    yield "the final one in the header", declared("A", b"--A\r\n" + header + CRLF + b"--A--\r\n" + CRLF + body)
    yield "the final one, and it goes on", declared("A", b"--A\r\nX: y\r\n--A--\r\n--A\r\n" + file + b"--A--\r\n")
    yield "inner multipart's own, in its header", declared("A", b"--A\r\n" + MULTI.encode() + b"B\r\n--B\r\n" + file
                                                           + b"--B--\r\n--A--\r\n")
    yield "the multipart's own, no blank line", octets(MULTI + "A\r\n") + parts("A", WORDS, file)
    yield "own, before more fields", octets(MULTI + "A\r\n--A\r\n") + header + CRLF + CRLF + body + b"--A--\r\n"
    yield "outer's in the inner's header", declared("A", b"--A\r\nX-Y: 1\r\n--A\r\n" + MULTI.encode() + b"B\r\n\r\n"
                                                    + parts("B", WORDS, file) + b"--A--\r\n")
    yield "declared in a part's second header", declared("A", b"--A\r\nContent-Type: text/plain\r\n--A\r\n" + file
                                                         + b"--A--\r\n")
    yield "nothing but delimiters before", declared("A", b"--A\r\n" * 20 + file + b"--A--\r\n")


@readings(29, "the outer delimiter inside an inner base64")
def in_base64(p):
    text = b64(p.content, 20)
    lines = text.split(CRLF)
    for outer in "ABCD", "ABCD+", "####+", "AAAA", "Content":
        for at in 1, len(lines) // 2, len(lines) - 1:
            cut = CRLF.join(lines[:at] + [b"--" + octets(outer)] + lines[at:])
            yield f"{outer} at line {at}", declared(f'"{outer}"',
                                                    parts(outer, WORDS,
                                                          declared("B", parts("B", WORDS, attached(p, cut, "base64")))))
            yield f"{outer} at line {at}, the outer as a leaf", declared(f'"{outer}"',
                parts(outer, WORDS, attached(p, cut, "base64")))
            cut = CRLF.join(lines[:at] + [b"--" + octets(outer) + b"--"] + lines[at:])
            yield f"{outer}-- at line {at}", declared(f'"{outer}"',
                                                      parts(outer, WORDS,
                                                            declared("B",
                parts("B", WORDS, attached(p, cut, "base64")))))
            cut = CRLF.join(lines[:at] + [b"--" + octets(outer) + lines[at]] + lines[at + 1:])
            yield f"{outer} begins line {at}", declared(f'"{outer}"', parts(outer, WORDS, attached(p, cut, "base64")))


@readings(30, "where a header ends")
def header_ends(p):
    file = leaf(p)
    header, body = file.split(CRLF + CRLF, 1)
    ends = {"CR LF CR": b"\r\n\r", "LF LF": b"\n\n", "CR CR LF": b"\r\r\n", "CR LF CR CR LF": b"\r\n\r\r\n",
            "CR LF LF": b"\r\n\n", "LF CR LF": b"\n\r\n",
            "CR CR": b"\r\r", "blank": b"\r\n \r\n", "tab": b"\r\n\t\r\n", "blanks": b"\r\n   \t\r\n",
            "VT": b"\r\n\v\r\n", "FF": b"\r\n\f\r\n",
            "none": b"\r\n", "no line end": b"", "double": b"\r\n\r\n\r\n", "triple": b"\r\n\r\n\r\n\r\n",
            "NUL": b"\r\n\0\r\n", "LF CR": b"\n\r\n\r",
            "a word": b"\r\nx\r\n", "dot": b"\r\n.\r\n", "nbsp": b"\r\n\xa0\r\n", "BOM": b"\r\n\xef\xbb\xbf\r\n",
            "VT in place of CR": b"\v\n\v\n",
            "CR LF blank CR LF CR LF": b"\r\n \r\n\r\n", "colon": b"\r\n:\r\n"}
    for name, end in ends.items():
        yield f"file's: {name}", header + end + body
        yield f"file's, then a fitting blank line: {name}", header + end + CRLF + body
        yield f"multipart's: {name}", octets(MULTI + "A") + end + parts("A", WORDS, file)
        yield f"before the fields: {name}", b"X-Other: 1" + end + header + CRLF + CRLF + body
        yield f"before the type of a multipart: {name}", b"X-Other: 1" + end + octets(MULTI
            + "A") + CRLF + CRLF + parts("A", WORDS, file)
    yield "part without a header", declared("A", b"--A\r\n\r\nwords\r\n--A\r\n" + file + b"--A--\r\n"), VALID
    yield "part begins at once with text", declared("A", b"--A\r\nwords\r\n\r\n--A\r\n" + file + b"--A--\r\n")
    yield "part of two headers", declared("A", b"--A\r\n\r\n" + file + b"--A--\r\n")


@readings(31, "junk among the header's lines")
def junk(p):
    file = leaf(p)
    header, body = file.split(CRLF + CRLF, 1)
    first, rest = header.split(CRLF, 1)
    for line in ["this is a sentence", ":", " :", ": x", "x", "a sentence: with a colon", "(comment)", "-", "--",
                 "From nobody", ">From x", "=", "\0",
                 "\x7f", "é".encode().decode("latin-1"), "x" * 1200, "a b: c", "[1]: c", "http://example.org/", "<x>",
                 "{", "/* x */"]:
        raw = octets(line)
        yield f"{line[:30]!r} in the middle", CRLF.join([first, raw, rest]) + CRLF + CRLF + body
        yield f"{line[:30]!r} first", CRLF.join([raw, first, rest]) + CRLF + CRLF + body
        yield f"{line[:30]!r} last", CRLF.join([first, rest, raw]) + CRLF + CRLF + body
        yield f"{line[:30]!r} in place of the blank line", CRLF.join([first, rest, raw]) + CRLF + body
        yield f"{line[:30]!r} before a multipart's type", raw + CRLF + declared("A", parts("A", WORDS, file))
    coded = b64(p.content)
    for name, text in {"first line of base64": coded, "a colon in it": coded[:8] + b":" + coded[8:],
                       "base64 then blank line": coded[:20] + CRLF + CRLF
                       + coded[20:]}.items():
        yield f"{name} as header or body", header + CRLF + text
        yield f"{name} after a colon", header + CRLF + b"X: y\r\n" + text


@readings(32, "encoded messages and multiparts, types by default")
def encoded_containers(p):
    file = leaf(p)
    inner = ENVELOPE + VERSION + file
    both = ENVELOPE + VERSION + declared("B", parts("B", WORDS, file))
    for kind in "message/rfc822", "message/global", "message/news", "message/delivery-status", "message/x", "message/disposition-notification", \
            "text/rfc822-headers", "message", "message/RFC822; x=y":
        for name, text in {"file": inner, "multipart": both}.items():
            for encoding, how in {"base64": b64, "quoted-printable": qp}.items():
                yield f"{kind} in {encoding}, {name}", entity([f"Content-Type: {kind}",
                                                               f"Content-Transfer-Encoding: {encoding}"], how(text))
            yield f"{kind} as it is, {name}", entity([f"Content-Type: {kind}"],
                                                     text), VALID if kind == "message/rfc822" else "odd"
            yield f"{kind} as it is, called base64, {name}", entity([f"Content-Type: {kind}",
                "Content-Transfer-Encoding: base64"], text)
    for kind in "multipart/mixed", "multipart/digest", "multipart/x":
        for encoding, how in {"base64": b64, "quoted-printable": qp}.items():
            yield f"{kind} in {encoding}", entity([f"Content-Type: {kind}; boundary=A",
                                                   f"Content-Transfer-Encoding: {encoding}"],
                                                  how(parts("A", WORDS, file)))
            yield f"{kind} called {encoding}", entity([f"Content-Type: {kind}; boundary=A",
                                                       f"Content-Transfer-Encoding: {encoding}"],
                                                      parts("A", WORDS, file))
        yield f"{kind} in a message in base64", entity(["Content-Type: message/rfc822",
                                                        "Content-Transfer-Encoding: base64"],
                                                       b64(ENVELOPE
                                                           + entity([f"Content-Type: {kind}; boundary=A",
            "Content-Transfer-Encoding: base64"],
                                                                             b64(parts("A", WORDS, file)))))
    digest = "Content-Type: multipart/digest; boundary=D"
    yield "digest of a message", entity([digest], parts("D", CRLF + inner)), VALID
    yield "digest of a multipart message", entity([digest], parts("D", CRLF + both)), VALID
    yield "digest in base64 by default", entity([digest],
                                                parts("D", entity(["Content-Transfer-Encoding: base64"], b64(both))))
    yield "digest of leaves", entity([digest], parts("D", file))
    yield "digest within a digest", entity([digest], parts("D", entity(["Content-Type: multipart/digest; boundary=E"],
        parts("E", CRLF + inner))))
    yield "alternative by default text", entity(["Content-Type: multipart/alternative; boundary=D"],
                                                parts("D", CRLF + b"x\r\n", file))
    yield "message as text in base64", entity(["Content-Type: text/plain", "Content-Transfer-Encoding: base64"],
                                              b64(both))
    yield "message in octets", entity(["Content-Type: application/octet-stream; name=mail.eml",
                                       "Content-Transfer-Encoding: base64"], b64(both))
    yield "twenty messages deep", whole(deep_messages(20, inner))
    yield "twenty multiparts deep", whole(deep_multiparts(20, file))


def deep_messages(depth, inner):
    for _ in range(depth):
        inner = ENVELOPE + VERSION + entity(["Content-Type: message/rfc822"], inner)
    return inner


def deep_multiparts(depth, inner):
    for n in range(depth):
        inner = multipart(f"level{n}x", WORDS, inner)
    return ENVELOPE + VERSION + inner
