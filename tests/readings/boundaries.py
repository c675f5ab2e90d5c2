"""T11-T22: the boundary parameter."""

from .build import WORDS, entity, leaf, octets, parts
from .registry import VALID, readings


def multi(parameter, boundary, p, kind="mixed"):
    """A multipart with that text after its type, and these delimiters."""
    return entity([b"Content-Type: multipart/" + octets(kind) + octets(parameter)], parts(boundary, WORDS, leaf(p)))


def both(a, b, p):
    """A body with delimiters of both: the payload stands between those of a,
    text between those of b."""
    return parts(b, WORDS, entity(["Content-Type: text/plain"], b"")) + parts(a, WORDS, leaf(p))


@readings(11, "two boundary parameters")
def two_boundaries(p):
    yield "one", multi("; boundary=A", "A", p), VALID
    for separator in ["; ", ", ", ";", " ", ";;", "\r\n ", "; x=y; "]:
        for first, second in [("A", "B"), ('"A"', '"B"'), ("A", '"B"'), ('"A"', "B")]:
            head = f"Content-Type: multipart/mixed; boundary={first}{separator}boundary={second}"
            for used in "A", "B":
                yield f"{head[30:]!r}, {used} used", entity([head], parts(used, WORDS, leaf(p)))
            yield f"{head[30:]!r}, both used, file in A", entity([head], both("A", "B", p))
            yield f"{head[30:]!r}, both used, file in B", entity([head], both("B", "A", p))
    for case in ["BOUNDARY=A; boundary=B", "boundary=A; Boundary=B", "boundary=A; boundary=", "boundary=; boundary=B",
                 "boundary=A; boundary=A; boundary=B"]:
        for used in "A", "B":
            yield f"{case!r}, {used} used", multi("; " + case, used, p)


@readings(12, "boundary in RFC 2231's forms")
def extended(p):
    yield "continued in one piece", multi("; boundary*0=A", "A", p)
    yield "two pieces", multi("; boundary*0=AB; boundary*1=CD", "ABCD", p)
    orders = ["boundary*=''A; boundary=B", "boundary=B; boundary*=''A", "boundary=A; boundary*=''B",
              "boundary*=''B; boundary=A",
              "boundary*=us-ascii''A; boundary=B", "boundary*=us-ascii'en'A; boundary=B",
              "boundary=B; boundary*=utf-8''A",
              "boundary*0=A; boundary=B", "boundary=B; boundary*0=A", "boundary*0*=''A; boundary=B",
              "boundary=B; boundary*0*=''A",
              "boundary*=\"''A\"; boundary=B", "boundary*=A; boundary=B", "boundary=B; boundary*=A", "boundary*=''A",
              "boundary*=A",
              "boundary*=%41; boundary=B", "boundary*=''%41; boundary=B", "boundary=B; boundary*=us-ascii''%41"]
    for order in orders:
        for used in "A", "B", "''A", "''B", "%41":
            if used in order:
                yield f"{order!r}, {used} used", multi("; " + order, used, p)
    pieces = ["boundary*0=AB; boundary*1=CD", "boundary*1=CD; boundary*0=AB", "boundary*1=CD",
              "boundary*0=AB; boundary*2=CD",
              "boundary*0=AB; boundary*0=CD", "boundary*0=AB; boundary*1=CD; boundary*1=EF",
              "boundary*00=AB; boundary*01=CD",
              "boundary*0=\"AB\"; boundary*1=\"CD\"", "boundary*0*=''AB; boundary*1=CD",
              "boundary*0*=''AB; boundary*1*=%43D",
              "boundary*0=AB; boundary*1*=%43D", "boundary*0=AB; boundary=CD; boundary*1=CD",
              "boundary*0=AB;\r\n boundary*1=CD",
              "boundary*01=AB; boundary*1=CD", "boundary*-1=AB; boundary*0=CD", "boundary*1=AB; boundary*2=CD",
              "boundary*2=CD; boundary*1=AB", "boundary *0=AB; boundary* 1=CD", "boundary*a=AB; boundary*b=CD",
              "boundary*0=AB; boundary*10=CD; boundary*9=EF", "boundary*0*=us-ascii'en'AB; boundary*1=CD",
              "boundary*0**=AB; boundary*1=CD"]
    for text in pieces:
        for used in "ABCD", "AB", "CD", "CDAB", "ABEF", "ABEFCD", "%43D", "AB%43D", "ABCDEF":
            yield f"{text!r}, {used} used", multi("; " + text, used, p)
    utf16 = "".join("%%%02X" % c for c in "A".encode("utf-16-be"))
    for charset in "utf-16", "utf-16be", "utf-16le", "utf-7", "x-unknown", "ebcdic-cp-us":
        for used in "A", utf16:
            yield f"{charset}, {used} used", multi(f"; boundary*={charset}''{utf16}", used, p)
            yield f"{charset} and plain B, {used} used", multi(f"; boundary*={charset}''{utf16}; boundary=B", used, p)


@readings(13, "boundary on Content-Disposition")
def on_disposition(p):
    for name in "boundary", "boundary*", "boundary*0":
        value = "''A" if name == "boundary*" else "A"
        for used in "A", "B":
            yield f"{name}, before the type, {used} used", entity(
                [f"Content-Disposition: inline; {name}={value}", "Content-Type: multipart/mixed; boundary=B"],
                parts(used, WORDS, leaf(p)))
            yield f"{name}, after the type, {used} used", entity(
                ["Content-Type: multipart/mixed; boundary=B", f"Content-Disposition: inline; {name}={value}"],
                parts(used, WORDS, leaf(p)))
        for kind in "multipart/mixed", "text/plain", "application/octet-stream":
            yield f"{name}, {kind} without one", entity([f"Content-Disposition: attachment; {name}={value}",
                                                         f"Content-Type: {kind}"],
                                                        parts("A", WORDS, leaf(p)))
    yield "unused, parts by the type's own", entity(["Content-Type: multipart/mixed; boundary=B",
                                                     "Content-Disposition: inline"],
                                                    parts("B", WORDS, leaf(p))), VALID


@readings(14, "quotes around a boundary")
def quotes(p):
    for text, used in [('"A"', "A"), ('"A B"', "A B"), ("A", "A"), ("=_A?B", "=_A?B"), ('"=_A?B"', "=_A?B"),
                       ("'A'", "'A'")]:
        yield f"{text}, {used} used", multi("; boundary=" + text, used, p), VALID if text != "=_A?B" else "odd"
    for text in ['"A"B', '""A', '"A', 'A"', '"A\\"B\\""', 'A\\"B\\"', "'A'", "'A", '"A;"', "A;B", '"A\\B"', "A\\B",
                 '"\\A"', '"A"B"', '"A""B"',
                 '"A" B', 'A"B"', '"A;B"', '"A\\', '"A\\"', "`A`", "<A>", '"A,B"', "A,B", '"A\'B"', '\\"A\\"',
                 '"\'A\'"', '"A:B"', '"A\tB"',
                 "{A}", "[A]", "A@B", "A/B", "A=B", "A?B", '"A\\\\B"', '=A', '""A""', "\"A\"\"", "“A”"]:
        raw = text.encode("utf-8")
        for used in dict.fromkeys([b"A", b"AB", raw, raw.strip(b'"'), raw.replace(b"\\", b""), b"B", b'A"B"', b"A\\B",
                                   b"", b'A"B']):
            if used:
                yield f"{text}, {used!r} used", multi(b"; boundary=" + raw, used, p)


@readings(15, "blanks around and in a boundary")
def blanks(p):
    for text in ["; boundary=\r\n A", "; boundary\r\n =A", "; boundary= A", "; boundary =A", "; boundary = A",
                 ";boundary=A ", ";\tboundary=A\t",
                 "; boundary=A\r\n ", "; boundary=\r\n\tA", "; boundary=\tA", "; boundary= \"A\"", "; boundary =\"A\"",
                 "; boundary=\"A\" ",
                 ";\r\n boundary\r\n =\r\n A", "; bound ary=A", "; boundary=\v A", "; boundary=A\v", "; boundary=A\r",
                 "; boundary=A\x0c"]:
        yield f"{text!r}", multi(text, "A", p)
    for text in [";\r\n boundary=A", ";\r\n\tboundary=\"A\"", "; boundary=A;\r\n charset=us-ascii", ";boundary=A"]:
        yield f"{text!r}", multi(text, "A", p), VALID
    for text, used in [('"A "', "A"), ('"A "', "A "), ('"A  "', "A"), ('" A"', "A"), ('" A"', " A"), ('" A "', "A"),
                       ("A XXX", "A YYY"),
                       ('"A XXX"', "A YYY"), ('"A XXX"', "A"), ("A XXX", "A"), ("A XXX", "A XXX"), ('"A\r"', "A"),
                       ('"A\t"', "A"),
                       ('"A\r\n B"', "A B"), ('"A\r\n B"', "AB"), ('"A\r\n B"', "A"), ('"A\r\n "', "A"), ('"A B"', "A"),
                       ('"A\tB"', "A B"),
                       ("A\r\n B", "A B"), ("A\r\n B", "AB"), ("A\r\n B", "A"), ('"A\n"', "A"), ('"A  B"', "A B")]:
        yield f"{text!r}, {used!r} used", multi("; boundary=" + text, used, p)
    yield "delimiters end in blanks", entity(["Content-Type: multipart/mixed; boundary=A"],
                                             parts("A", WORDS, leaf(p)).replace(b"--A\r\n", b"--A  \t\r\n")), VALID


@readings(16, "comments around a boundary")
def comments(p):
    yield "before the semicolon", multi(" (c); boundary=A", "A", p), VALID
    yield "at the end", multi("; boundary=A (c)", "A", p), VALID
    for text in ["boundary=(x)A", "boundary=(x) A", "boundary(x)=A", "(x)boundary=A", "boundary=A(x)",
                 "boundary=\"A\"(x)", "boundary=(x)\"A\"",
                 "boundary=A(x)B", "(boundary=B)A", "boun()dary=A", "( boundary=A )", "(boundary=B) boundary=A",
                 "boundary=A (boundary=B)",
                 "boundary=(B)A", "boundary=((x)y)A", "boundary=(\\)x)A", "boundary=(\")A\"", "boundary=(x",
                 "boundary=A(", "boundary=A)",
                 "boundary=(A)", "boundary=\"(x)A\"", "boundary=\"A(x)B\"", "(;boundary=A;)",
                 "x=(;boundary=A);boundary=B",
                 "(\r\n boundary=A\r\n ); boundary=B"]:
        for used in "A", "AB", "A(x)B", "B", "(x)A", "(A)", "A(x)", "A(":
            if all(c in text for c in used.replace("(", "").replace(")", "")):
                yield f"{text!r}, {used} used", multi("; " + text, used, p)


@readings(17, "a boundary hidden in another parameter")
def hidden_key(p):
    for text in ['foo="x;boundary=A"', "foo=x\\;boundary=A", 'foo="x\\";boundary=A', "boundary=boundary=A",
                 '"boundary=A"', 'foo="x"boundary=A',
                 "foo=x boundary=A", 'foo="x; boundary=A', "foo='x;boundary=A'", 'foo="x\\"; boundary=A"',
                 "foo=(x;boundary=A)",
                 'foo="x\r\n ;boundary=A"', "xboundary=A", "x-boundary=A", "boundaryx=A", "boundary-x=A",
                 "foo*=''x%3Bboundary=A",
                 "foo=x,boundary=A", "foo=x\tboundary=A", "foo=;boundary=A", "=;boundary=A", "foo;boundary=A",
                 "x=y; ;boundary=A",
                 'foo="a"b;boundary=A', "boundary:A", "boundary:=A", "boundary==A", "boundary A",
                 "type=multipart/mixed;boundary=A",
                 "'boundary'=A", '"boundary"=A', "bound\\ary=A"]:
        yield f"{text!r}", multi("; " + text, "A", p), VALID if text == "type=multipart/mixed;boundary=A" else "odd"
        yield f"{text!r} and B, A used", multi(f"; {text}; boundary=B", "A", p)
        yield f"{text!r} and B, B used", multi(f"; {text}; boundary=B", "B", p)
        yield f"B and {text!r}, A used", multi(f"; boundary=B; {text}", "A", p)


@readings(18, "encoded words as a boundary")
def encoded_words(p):
    for text in ["=?us-ascii?q?A?=", "=?us-ascii?Q?=41?=", "=?UTF-8?B?QQ==?=", "=?utf-16?B?AEE=?=", "=?x?q?A?="]:
        for quote in "", '"':
            for used in "A", text:
                yield f"{quote}{text}{quote}, {used} used", multi(f"; boundary={quote}{text}{quote}", used, p)
    yield "encoded name", multi("; =?us-ascii?q?boundary?==A", "A", p)
    yield "the whole parameter", multi("; =?us-ascii?q?boundary=3DA?=", "A", p)
    yield "two words", multi("; boundary==?us-ascii?q?A?= =?us-ascii?q?B?=", "AB", p)


@readings(19, "an empty boundary")
def empty(p):
    for text in ["boundary=", 'boundary=""', "boundary=;", 'boundary=" "', "boundary= ;", "boundary=(x)",
                 'boundary="";', "boundary=\r\n ",
                 "boundary", "boundary*=''", "boundary*0=", "boundary=; x=y", 'boundary="" x']:
        yield f"{text!r}", multi("; " + text, "", p)
        yield f"{text!r}, other lines", multi("; " + text, "A", p)
        yield f"{text!r}, delimiters of a blank", multi("; " + text, " ", p)


@readings(20, "no boundary, or misspelt")
def absent(p):
    for text in ["", ";", "; bound=A", "; boundry=A", "; boundary-A", "; boundaryA", "; bundary=A", "; boundary_=A",
                 "; x=y", "; border=A",
                 "; b=A", "; Bo\xfcndary=A", "; \xa0boundary=A", "; charset=us-ascii"]:
        for used in "A", "----=_NextPart_000_0001", "=_x", "0123456789":
            yield f"{text!r}, {used} used", multi(text, used, p)


@readings(21, "NUL in a boundary")
def nul(p):
    for text in ["A\0B", '"A\0B"', "A\0", '"A\0"', "\0A", '"\0A"', "\0", "A\0\r\n ", "A; \0boundary=B",
                 "A\0; boundary=B"]:
        for used in "A", "A\0B", "AB", "B", text.strip('"'):
            yield f"{text!r}, {used!r} used", multi(b"; boundary=" + octets(text), used, p)


@readings(22, "long boundaries")
def long(p):
    yield "70", multi("; boundary=" + "x" * 70, "x" * 70, p), VALID
    for size in 71, 75, 100, 255, 256, 257, 998, 1000, 1024, 2048, 4096, 5000, 20000:
        boundary = "x" * (size - 1) + "y"
        yield f"{size}", multi("; boundary=" + boundary, boundary, p)
        yield f"{size} quoted", multi(f'; boundary="{boundary}"', boundary, p)
        yield f"{size}, the first 70 used", multi("; boundary=" + boundary, boundary[:70], p)
        yield f"{size}, another after 70", multi("; boundary=" + boundary, boundary[:70] + "z" * (size - 70), p)
        yield f"{size}, folded", entity([b"Content-Type: multipart/mixed; boundary=\r\n " + octets(boundary)],
                                        parts(boundary, WORDS, leaf(p)))
        folded = "\r\n ".join(boundary[i:i + 70] for i in range(0, size, 70))
        yield f"{size}, in folds", multi(f'; boundary="{folded}"', boundary, p)
