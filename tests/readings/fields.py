"""T01-T10: header fields that programs read differently."""

from .build import CRLF, attached, b64, entity, fields, leaf, multipart, parts, qp, WORDS
from .registry import VALID, readings

CTE = b"Content-Transfer-Encoding"


def coded(p, encoding):
    return {"base64": b64, "qp": qp, "8bit": lambda c: c + CRLF}[encoding](p.content)


@readings(1, "several Content-Transfer-Encoding fields")
def several_encodings(p):
    yield "one, base64", leaf(p), VALID
    yield "one, quoted-printable", leaf(p, "quoted-printable"), VALID
    lists = {"base64": ["base64|quoted-printable", "quoted-printable|base64", "xxx|base64", "base64|xxx", "|base64",
                        "base64|",
                        "7bit|base64", "base64|7bit", "8bit|base64", "base64|binary",
                        "base64|base64|quoted-printable", "quoted-printable|base64|base64",
                        "base64|quoted-printable|quoted-printable", "quoted-printable|quoted-printable|base64",
                        "7bit|base64|7bit", "x-uuencode|base64", "base64|base64"],
             "qp": ["base64|quoted-printable", "quoted-printable|base64", "xxx|quoted-printable",
                    "quoted-printable|7bit",
                    "7bit|quoted-printable", "|quoted-printable", "quoted-printable|quoted-printable|base64"],
             "8bit": ["base64|8bit", "8bit|base64", "quoted-printable|binary", "binary|quoted-printable"]}
    for real, fields_of in lists.items():
        for encodings in fields_of:
            yield f"{encodings}, body {real}", attached(p, coded(p, real), *encodings.split("|"))
    yield "far apart", entity([f"{CTE.decode()}: base64", f"Content-Type: {p.ct}", f"Content-Disposition: {p.cd}",
                               "X-Filler: " + "x" * 900, f"{CTE.decode()}: 7bit"], b64(p.content))


@readings(2, "one Content-Transfer-Encoding of two values")
def two_values(p):
    yield "bas64 with a comment", attached(p, b64(p.content), "base64 (as it should be)"), VALID
    for real in "base64", "qp":
        for value in ["base64,quoted-printable", "quoted-printable,base64", "base64, quoted-printable",
                      "base64 quoted-printable",
                      "quoted-printable base64", '"base64", quoted-printable', 'quoted-printable, "base64"', "base64;",
                      "quoted-printable;", ",base64", ",quoted-printable", ";base64", "base64;quoted-printable",
                      "base64; x=quoted-printable", "7bit, base64", "base64/7bit", "base64\tquoted-printable",
                      "base64\r\n quoted-printable"]:
            yield f"{value!r}, body {real}", attached(p, coded(p, real), value)


@readings(3, "mangled Content-Transfer-Encoding")
def mangled_encoding(p):
    for value in ["base64", "BASE64", "BaSe64", " base64", "base64 ", "\tbase64"]:
        yield f"{value!r}", attached(p, b64(p.content), value), VALID
    for value in ["x-base64", "base64xx", "xxbase64", "base645", "base-64", "base_64", "base 64", "base", "b",
                  "BASE64.", ".base64",
                  "base\\64", "\\base64", "bas(c)e64", "(base64)", "(c)base64", "base64(c)", '"base64"', '"base64',
                  "'base64'",
                  "<base64>", "=?UTF-8?B?YmFzZTY0?=", "=?us-ascii?q?base64?=", " " * 2000 + "base64",
                  "base64" + " " * 2000 + "x",
                  "base64\v", "\vbase64", "base64\f", "base64\xa0", "b\xe4se64", "base64\x01", "base64:", "base64="]:
        yield f"{value[:40]!r}, {len(value)} octets", attached(p, b64(p.content), value)
    for value in ["quoted-print", "quoted-printable2", "x-quoted-printable", "quoted_printable", "quotedprintable",
                  "quoted -printable", '"quoted-printable"', "quoted(c)-printable", "=?UTF-8?Q?quoted-printable?="]:
        yield f"{value!r}", attached(p, qp(p.content), value)


@readings(4, "NUL in Content-Transfer-Encoding and Content-Type")
def nul(p):
    for name, field in {"before the name": b"\0" + CTE + b": base64",
                        "in the name": b"Content-Transfer\0-Encoding: base64",
                        "before the colon": CTE + b"\0: base64", "after the colon": CTE + b":\0 base64",
                        "before the value": CTE + b": \0base64", "in the value": CTE + b": bas\0e64",
                        "after the value": CTE + b": base64\0", "then another": CTE + b": base64\0quoted-printable",
                        "another first": CTE + b": quoted-printable\0base64", "7bit first": CTE + b": 7bit\0 base64",
                        "in the line before": b"X-Y: a\0b\r\n" + CTE + b": base64"}.items():
        yield name, entity(fields(f"Content-Type: {p.ct}", f"Content-Disposition: {p.cd}", field), b64(p.content))
    for name, field in {"in multipart": b"Content-Type: multi\0part/mixed; boundary=A",
                        "after multipart": b"Content-Type: multipart/mixed\0; boundary=A",
                        "before multipart": b"Content-Type: \0multipart/mixed; boundary=A",
                        "in boundary": b"Content-Type: multipart/mixed; bound\0ary=A"}.items():
        yield name, entity([field], parts("A", WORDS, leaf(p)))


@readings(5, "mangled field names", places=("top", "part", "forwarded", "first"))
def mangled_names(p):
    about = [f"Content-Type: {p.ct}", f"Content-Disposition: {p.cd}"]
    yield "well-formed", leaf(p), VALID
    yield "upper case", entity([a.upper() if a.startswith("Content-T") else a for a in about] +
                               ["CONTENT-TRANSFER-ENCODING: base64"], b64(p.content))
    for field in [" Content-Transfer-Encoding: base64", "\tContent-Transfer-Encoding: base64",
                  "Content-Transfer-Encoding : base64",
                  "Content-Transfer-Encoding\t: base64", "Content-Transfer-Encoding:: base64",
                  "Content-Transfer-Encoding(x): base64",
                  "Content-Transfer-Encoding (x): base64", "Content-Transfer-Encoding base64",
                  "Content-Transfer-Encoding= base64",
                  "Content-Transfer-Encoding:Content-Transfer-Encoding:base64", "Content-Transfer-Encoding\v: base64",
                  "Content-Transfer-Encoding:\vbase64", "\vContent-Transfer-Encoding: base64",
                  "\x0cContent-Transfer-Encoding: base64",
                  "Content-Transfer- Encoding: base64", "Content Transfer Encoding: base64",
                  "Content_Transfer_Encoding: base64",
                  '"Content-Transfer-Encoding": base64', "X: y Content-Transfer-Encoding: base64",
                  "Content-Transfer-Encoding\xa0: base64",
                  "Content-Transfer-Encoding;: base64", "Content-Encoding: base64", "Content-Transfer-Encodin: base64"]:
        yield f"{field!r} last", entity([*about, field], b64(p.content))
        yield f"{field!r} first", entity([field, *about], b64(p.content))
    inner = parts("A", WORDS, leaf(p))
    for field in [" Content-Type: multipart/mixed; boundary=A", "Content-Type : multipart/mixed; boundary=A",
                  "Content-Type:: multipart/mixed; boundary=A", "Content-Type(x): multipart/mixed; boundary=A",
                  "Content-Type multipart/mixed; boundary=A", "Content-Type\v: multipart/mixed; boundary=A",
                  "Content-Type\t : multipart/mixed; boundary=A", "Content-type:multipart/mixed;boundary=A"]:
        yield f"{field!r}", entity([field], inner), VALID if field.startswith("Content-type") else "odd"
        yield f"{field!r} after another", entity(["X-Other: 1", field], inner)


@readings(6, "folded fields")
def folds(p):
    about = [f"Content-Type: {p.ct}", f"Content-Disposition: {p.cd}"]
    inner = parts("A", WORDS, leaf(p))
    for fold in ["Content-Transfer-Encoding:\r\n base64", "Content-Transfer-Encoding:\r\n\tbase64"]:
        yield f"{fold!r}", entity([*about, fold], b64(p.content)), VALID
    for fold in ["Content-Transfer-Encoding:\r\n \r\n base64", "Content-Transfer-Encoding:\r\n\t\r\n\tbase64",
                 "Content-Transfer-Encoding\r\n : base64", "Content-Transfer-Encoding: bas\r\n e64",
                 "Content-\r\n Transfer-Encoding: base64",
                 "Content-Transfer-Encoding: base64\r\n ", "Content-Transfer-Encoding: base64\r\n quoted-printable",
                 "Content-Transfer-Encoding: \r\n \r\n \r\n base64", "Content-Transfer-Encoding:\r\n\r\n base64"]:
        yield f"{fold!r} last", entity([*about, fold], b64(p.content))
        yield f"{fold!r} first", entity([fold, *about], b64(p.content))
    yield "folded type", entity(["Content-Type:\r\n multipart/mixed;\r\n\tboundary=A"], inner), VALID
    for fold in ["Content-Type\r\n : multipart/mixed; boundary=A", "Content-Type: multi\r\n part/mixed; boundary=A",
                 "Content-Type:\r\n \r\n multipart/mixed; boundary=A",
                 "Content-Type: multipart/mixed;\r\n \r\n boundary=A",
                 "Content-Type: multipart/mixed; bound\r\n ary=A", "Content-Type: multipart\r\n /mixed; boundary=A",
                 "Content-Type: multipart/mixed\r\n ; boundary=A", "Content-Type: multipart/mixed; boundary\r\n =A",
                 "Content-Type: multipart/mixed; boundary=\r\n A", "Content-Type: multipart/mixed;\r\nboundary=A"]:
        yield f"{fold!r}", entity([fold], inner)


@readings(7, "fields hidden in others", places=("top", "part", "forwarded", "first"))
def hidden_fields(p):
    about = [f"Content-Type: {p.ct}", f"Content-Disposition: {p.cd}"]
    inner = parts("A", WORDS, leaf(p))
    ends = {"CR": "\r", "LF": "\n", "LF CR": "\n\r", "CR CR LF": "\r\r\n", "VT": "\v", "FF": "\f", "NEL": "\x85",
            "U+2028": "\xe2\x80\xa8"}
    for name, end in ends.items():
        yield f"encoding after {name}", entity([*about, f"X-Note: y{end}{CTE.decode()}: base64"], b64(p.content))
        yield f"type after {name}", entity([f"X-Note: y{end}Content-Type: multipart/mixed; boundary=A"], inner)
        yield f"type after {name}, another after", entity([f"X-Note: y{end}Content-Type: multipart/mixed; boundary=A",
                                                           "Content-Type: text/plain"], inner)
        yield f"type before {name}", entity([f"Content-Type: multipart/mixed; boundary=A{end}X-Note: y"], inner)
        yield f"fold at {name}", entity([f"Content-Type: multipart/mixed;{end} boundary=A"], inner)
    yield "after a name with a blank", entity(["X-Note :y\r\n Content-Type: multipart/mixed; boundary=A"], inner)
    yield "in a fold", entity(["X-Note: y\r\n Content-Type: multipart/mixed; boundary=A"], inner)
    yield "in a fold of the first line", entity(["X-Note:\r\n Content-Type: multipart/mixed; boundary=A"], inner)
    yield "encoding in a fold", entity([*about, "X-Note: y\r\n Content-Transfer-Encoding: base64"], b64(p.content))
    yield "after a line without colon", entity(["X-Note", "Content-Type: multipart/mixed; boundary=A"], inner)


@readings(8, "several Content-Type fields")
def several_types(p):
    inner = parts("A", WORDS, leaf(p))
    multi = "Content-Type: multipart/mixed; boundary=A"
    yield "one", entity([multi], inner), VALID
    for other in ["application/octet-stream", "text/plain", "text/html", "image/png", "message/rfc822",
                  "multipart/mixed",
                  "multipart/mixed; boundary=B", "multipart/alternative; boundary=A", "x", "",
                  "text/plain; boundary=A"]:
        yield f"multipart, {other}", entity([multi, f"Content-Type: {other}"], inner)
        yield f"{other}, multipart", entity([f"Content-Type: {other}", multi], inner)
        yield f"{other}, multipart, {other}", entity([f"Content-Type: {other}", multi, f"Content-Type: {other}"], inner)
    for value in ["multipart/mixed, application/octet-stream; boundary=A",
                  "application/octet-stream, multipart/mixed; boundary=A",
                  "text/plain; multipart/mixed; boundary=A", "multipart/mixed; text/plain; boundary=A",
                  "text/plain multipart/mixed; boundary=A", "multipart/mixed text/plain; boundary=A",
                  "text/plain\r\n multipart/mixed; boundary=A"]:
        yield f"{value!r}", entity([f"Content-Type: {value}"], inner)
    # The same file under a message's type and another.
    yield "two names", entity([f"Content-Type: {p.ct}", 'Content-Type: text/plain; name="note.txt"',
                               f"{CTE.decode()}: base64"],
                              b64(p.content))


@readings(9, "mangled multipart types")
def mangled_types(p):
    inner = parts("A", WORDS, leaf(p))
    for value in ["multipart/mixed", "mUltIpart/mIxed", "MULTIPART/MIXED", "multipart/x-unknown",
                  "multipart/mixed (c)"]:
        yield f"{value!r}", entity([f"Content-Type: {value}; boundary=A"], inner), VALID
    for value in ["multipart", "multipart/", "/mixed", "x-multipart/mixed", "ultipart/mixed", "multipart/mixed/mixed",
                  "multipart//mixed",
                  "multiparts/mixed", "multi-part/mixed", "multipart.mixed", '"multipart/mixed"', '"multipart"/"mixed"',
                  "multipart/\"mixed\"", "mul\\tipart/mixed", "multipart\\/mixed", "multi(c)part/mixed",
                  "(c)multipart/mixed",
                  "multipart(c)/mixed", "multipart/(c)mixed", "multipart /mixed", "multipart/ mixed",
                  "multipart / mixed",
                  "=?us-ascii?q?multipart/mixed?=", "=?UTF-8?B?bXVsdGlwYXJ0L21peGVk?=", "multipart/mixed.",
                  ".multipart/mixed",
                  "<multipart/mixed>", "'multipart/mixed'", "multipart/mixed:", "multipart/mixed\x01",
                  "\xa0multipart/mixed", "",
                  ";", "x", "text/plain", "application/octet-stream", "image/png", "multipart=mixed",
                  "type=multipart/mixed",
                  "multipart/mixed\v", "m" * 300 + "ultipart/mixed"]:
        yield f"{value[:40]!r}", entity([f"Content-Type: {value}; boundary=A"], inner)


@readings(10, "a multipart without its type")
def no_type(p):
    inner = parts("A", WORDS, leaf(p))
    # "--" and a word in ordinary text is no delimiter, and text with it passes.
    yield "no Content-Type", entity(["X-Other: 1"], inner)
    yield "only a MIME-Version", entity(["Content-Description: x"], inner)
    for value in ["boundary=A", "; boundary=A", "multipart/mixed boundary=A", "multipart/mixed, boundary=A",
                  "multipart/mixed: boundary=A",
                  "multipart/mixed;;boundary=A", "multipart/mixed;;; boundary=A", "multipart/mixed; ; boundary=A",
                  "multipart/mixed;boundary=A;", "boundary=A; multipart/mixed", "charset=x; boundary=A",
                  "text; boundary=A",
                  "multipart/mixed\tboundary=A", "multipart/mixed\r\n\tboundary=A", "mixed; boundary=A"]:
        yield f"{value!r}", entity([f"Content-Type: {value}"], inner)
    for value in ["text/plain", "text/html", "application/octet-stream", "message/rfc822", "multipart/mixed",
                  "image/png"]:
        yield f"{value} with delimiters", entity([f"Content-Type: {value}"], inner)
    yield "type in the body", entity(["X-Other: 1"], b"Content-Type: multipart/mixed; boundary=A\r\n\r\n" + inner)
    yield "nested without its type", multipart("B", WORDS, entity(["X-Other: 1"], inner))
