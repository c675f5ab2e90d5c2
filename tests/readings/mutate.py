"""Messages that are got wrong at random: a seed and a few mutations of it, each
a small change where the grammar is delicate. The nth message of a run is always
the same, and so is it with some of its mutations left out."""

import base64
import random
import re
from itertools import combinations

from . import seeds
from .build import CRLF, WORDS, b64, qp, uu
from .payload import DISGUISED, NAMED, PROGRAM, VIRUS

# What parsers stumble over.
OCTETS = [bytes([c]) for c in b" \t\r\n\v\f\0-=\"\\();,:*'%?./<>@[]{}&#~_aAzZ09+\x7f\x80\xa0\xe9\xff"]
TOKENS = [b"\r\n ", b"\r\n\t", b"\r\n\r\n", b"\r\r\n", b"\n\r", b"\n\n", b"\r\n \r\n", b"(x)", b"()", b'""', b"''", b"=?", b"?=", b"==", b"====",
          b"=3D", b"%00", b"%22", b"*=", b"*0=", b"*0*=", b"--", b"; ", b"\\\"", b"=\r\n", b"= \r\n", b"=20", b"\r\n=", b"  ", b"\xc2\xa0", b"\xef\xbb\xbf",
          b"\xe2\x80\xae", b"=?utf-8?q?", b"text/plain", b"base64", b"7bit", b"boundary=", b"name=", b";name=b.txt;", b"\r\nX: y", b"\r\n--outer",
          b"\r\n--outer--\r\n", b"\r\nbegin 644 b.txt\r\n", b"\r\nend\r\n", b"`", b"AAAA", b"A", b"\x1b$B", b"&", b"<!--", b":", b"::", b" :"]
FIELD = rb"(?im)^((?:content-[\w-]+|mime-version):[^\n]*\n(?:[ \t][^\n]*\n)*)"
DELIMITER = rb"(?m)^(--[^\r\n]+)(?=\r?$)"
# Where it matters: before, behind and inside of the group.
PLACES = [re.compile(p) for p in (
    rb"(?im)^content-[\w-]+(:[ \t]*)", rb"(?im)^(content-[\w-]+)", rb"(?im)^content-[\w-]+: *([\w/-]+)",
    rb"(?i);[ \t\r\n]*((?:file)?name[*\d]*|boundary)(?==)", rb"(?i)(?:name|boundary)[*\d]*(=\"?)", rb"(?i)(?:name|boundary)[*\d]*=\"?([^\"\r\n;]+)",
    rb"(?im)^content-[^\n]*(;\s*)", rb"(\.)(?:exe|com|png)", rb"(?i)content-type: *\w+(/)", rb"(?im)^content-[^\r\n]*(\r\n)", DELIMITER, rb"(?m)^--\w[^\r\n]*(\r\n)",
    rb"(?m)^(--)", rb"\n(\r\n)", rb"(?m)^([A-Za-z0-9+/]{20,}={0,2})(?=\r?$)", rb"[A-Za-z0-9+/](=+)(?=\r?$)", rb"[A-Za-z0-9+/]{20}(\r\n)", rb"(=\r\n)",
    rb"(=[0-9A-F]{2})", rb"(?m)^(begin \d+ )", rb"(?m)^(begin \d+ \S+\r\n)", rb"(?m)^(`?\r\nend\r\n)", rb"(?m)^M([ -`]{60}\r\n)", rb"(=\?[^?]+\?[BbQq]\?)", rb"(\?=)",
    rb"(?i)(base64|quoted-printable|x-uuencode|attachment|multipart|rfc822|octet-stream)", rb"\A(.)", rb"(?s)(.)\Z")]
NAMES = [b"Content-Type", b"Content-Transfer-Encoding", b"Content-Disposition"]
VALUES = {
    b"content-type": [b"text/plain", b"text/html", b"application/octet-stream", b"multipart/mixed; boundary=outer", b"multipart/mixed; boundary=inner",
                      b"multipart/mixed", b"message/rfc822", b"message/partial; id=x; number=1; total=1", b"image/png; name=b.png", b"text", b"",
                      b"multipart/alternative; boundary=\"b\"", b"application/octet-stream; name=a.exe", b"multipart/digest; boundary=outer", b"message/delivery-status"],
    b"content-transfer-encoding": [b"base64", b"quoted-printable", b"7bit", b"8bit", b"binary", b"x-uuencode", b"uuencode", b"x-uue", b"", b"x-unknown", b"base64 7bit",
                                   b"mac-binhex40", b"x-yencode", b"BASE64", b"\"base64\""],
    b"content-disposition": [b"inline", b"attachment", b"attachment; filename=b.txt", b"inline; filename=a.exe", b"", b"form-data; name=a.exe", b"attachment; filename="],
}
LINE_ENDS = [b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n\r\n", b" \r\n", b"\t\r\n", b"\r\n ", b"\0\r\n", b"\v\r\n", b"\f\r\n"]


def find(rng, pattern, data):
    """One match, or nothing."""
    matches = list(re.finditer(pattern, data))
    return rng.choice(matches) if matches else None


def place(rng, data):
    """An offset where the grammar is delicate."""
    for pattern in rng.sample(PLACES, len(PLACES)):
        if m := find(rng, pattern, data):
            return rng.choice([m.start(1), m.end(1), rng.randint(m.start(1), m.end(1)), max(0, m.start(1) - 1), min(len(data), m.end(1) + 1)])
    return 0


def splice(data, begin, end, new):
    return data[:begin] + new + data[end:]


def insert(rng, data):
    at = place(rng, data)
    return splice(data, at, at, b"".join(rng.choices(OCTETS, k=rng.choice([1, 1, 1, 2, 3]))))


def insert_token(rng, data):
    at = place(rng, data)
    return splice(data, at, at, rng.choice(TOKENS))


def delete(rng, data):
    at = place(rng, data)
    return splice(data, at, at + rng.choice([1, 1, 2, 3, 4]), b"")


def replace(rng, data):
    at = place(rng, data)
    return splice(data, at, at + 1, rng.choice(OCTETS + TOKENS))


def double(rng, data):
    at, length = place(rng, data), rng.choice([1, 1, 2, 4, 20, 70])
    return splice(data, at, at, data[at:at + length])


def swap(rng, data):
    at, length = place(rng, data), rng.choice([1, 1, 2, 10])
    return splice(data, at, at + 2 * length, data[at + length:at + 2 * length] + data[at:at + length])


def move(rng, data):
    """A stretch to another place."""
    at, length = place(rng, data), rng.choice([1, 2, 5, 30, 100])
    taken, rest = data[at:at + length], splice(data, at, at + length, b"")
    to = place(rng, rest)
    return splice(rest, to, to, taken)


def repeat(rng, data):
    """One octet at all places of a kind."""
    pattern, new = rng.choice(PLACES), rng.choice(OCTETS + TOKENS)
    behind = rng.random() < 0.5
    return re.sub(pattern, lambda m: m.group(0) + new if behind else splice(m.group(0), m.start(1) - m.start(0), m.start(1) - m.start(0), new), data)


def field_of(rng, data):
    return find(rng, FIELD, data)


def drop_field(rng, data):
    m = field_of(rng, data)
    return splice(data, m.start(), m.end(), b"") if m else data


def move_field(rng, data):
    m = field_of(rng, data)
    if not m:
        return data
    rest = splice(data, m.start(), m.end(), b"")
    to = find(rng, rng.choice([FIELD, DELIMITER + rb"\r\n()", rb"()\Z", rb"\r\n\r\n()", rb"(?m)^()Subject"]), rest)
    return splice(rest, to.start(1), to.start(1), m.group(1)) if to else data


def another_value(rng, data):
    """A second field with another value, in front or behind; or only that."""
    m = field_of(rng, data)
    if not m:
        return data
    name = m.group(1).split(b":")[0]
    new = name + b": " + rng.choice(VALUES.get(name.lower(), [b"1.0"])) + CRLF
    return splice(data, m.start(), m.end(), rng.choice([new + m.group(1), m.group(1) + new, new]))


def foreign_field(rng, data):
    """A field where none of its kind was."""
    name = rng.choice(NAMES)
    m = find(rng, rng.choice([FIELD, DELIMITER + rb"\r\n()", rb"()(?<=\r\n)\r\n", rb"\r\n\r\n()"]), data)
    new = name + b": " + rng.choice(VALUES[name.lower()]) + CRLF
    return splice(data, m.end(), m.end(), new) if m else data


def hide_field(rng, data):
    m = field_of(rng, data)
    cover = rng.choice([b"X: y\r", b"X: y\n", b" ", b"\t", b"X: y\r\n ", b"X-", b"\0", b"\v", b": ", b"x\r\n", b"\r", b"\n", b"X: (\r\n", b"X: \"\r\n", b">", b"-", b"=?utf-8?q?"])
    return splice(data, m.start(), m.start(), cover) if m else data


def rename_field(rng, data):
    m = find(rng, rb"(?im)^(content-[\w-]+):", data)
    if not m:
        return data
    name = m.group(1)
    return splice(data, m.start(1), m.end(1), rng.choice([name.upper(), name.lower(), name.replace(b"-", b"_"), name.replace(b"-", b""), name + b" ", name[:-1], name + b"s",
                                                         b"X-" + name, name.replace(b"e", b"\xd0\xb5"), rng.choice(NAMES), name.replace(b"-", b"--"), b"Content-Description",
                                                         b"Content-Location", b"Content-ID"]))


def fold(rng, data):
    """A fold where a blank or nothing was."""
    m = field_of(rng, data)
    if not m:
        return data
    at = rng.randint(m.start(), m.end() - 2)
    return splice(data, at, at + (data[at:at + 1] == b" "), rng.choice([b"\r\n ", b"\r\n\t", b"\n ", b"\r ", b"\r\n \r\n ", b"\r\n"]))


def token(rng, data):
    """One word in place of another."""
    m = find(rng, rb"(?i)\b(base64|quoted-printable|x-uuencode|attachment|inline|multipart|mixed|alternative|digest|rfc822|message|application|octet-stream|text|plain|outer|"
             rb"middle|inner|exe|com|png|utf-8|boundary|filename|name)\b", data)
    new = rng.choice([b"base64", b"quoted-printable", b"x-uuencode", b"8bit", b"multipart", b"message", b"text", b"rfc822", b"outer", b"inner", b"middle", b"txt", b"name",
                      b"filename", b"boundary", b"digest", b"application", b"x", b"", b"utf-16", b"utf-7", b"us-ascii", b"partial", b"external-body"])
    return splice(data, m.start(1), m.end(1), new) if m else data


def change_case(rng, data):
    at = place(rng, data)
    return splice(data, at, at + 12, data[at:at + 12].swapcase())


def line_end(rng, data):
    m = find(rng, rb"(\r\n)", data)
    return splice(data, m.start(), m.end(), rng.choice(LINE_ENDS)) if m else data


def line_ends(rng, data):
    """Of a stretch, or of all."""
    at = rng.choice([0, place(rng, data)])
    to = rng.choice([len(data), at + rng.choice([40, 150, 400])])
    return splice(data, at, to, data[at:to].replace(CRLF, rng.choice(LINE_ENDS)))


def quotes(rng, data):
    m = find(rng, rb"(?i)=(\"[^\"\r\n]*\"|[^\s;\"]+)", data)
    if not m:
        return data
    bare = m.group(1).strip(b'"')
    return splice(data, m.start(1), m.end(1), rng.choice([bare, b'"' + bare, bare + b'"', b"'" + bare + b"'", b'"' + bare + b'"x', b'""' + bare, b'"' + bare[:2] + b'"' + bare[2:],
                                                         b'"\\' + bare + b'"', b'" ' + bare + b'"', b'"' + bare + b' "', b"(" + bare + b")" + bare, bare[:2] + b"\\" + bare[2:],
                                                         b'"' + bare + b'\\"', bare + b"(", b"=" + bare, b'"' + bare + b';x=y"', bare + b"," + bare]))


def parameter(rng, data):
    """A second parameter of the kind, in front or behind."""
    m = find(rng, rb"(?i)(;\s*(?:(?:file)?name|boundary)[*\d]*=(?:\"[^\"\r\n]*\"|[^\s;]+))", data)
    if not m:
        return data
    name = re.match(rb";\s*([a-z]+)", m.group(1), re.I).group(1)
    new = b"; " + name + rng.choice([b"=", b"*=", b"*0=", b"*0*=", b"*1=", b"*=''", b"*=utf-8''", b"(x)=", b" =", b'="', b"*00=", b"*1*="]) + rng.choice(
        [b"outer", b"inner", b"b.txt", b"a.exe", b"", b'"x"', b"%61", b"%", b".txt", b"'", b"=?utf-8?q?a?="])
    return splice(data, m.start(1), m.end(1), rng.choice([new + m.group(1), m.group(1) + new, new]))


def delimiter(rng, data):
    m = find(rng, DELIMITER, data)
    if not m:
        return data
    line = m.group(1)
    return splice(data, m.start(1), m.end(1), rng.choice([line + b"--", line + b"x", line + b" x", line + b" ", line + b"\t", b" " + line, line[1:], b"-" + line, line[:-1], line + b"\0",
                                                         line + b"-", line.upper(), line + b"\v", b"\t" + line, line + CRLF + line, line + b" --", b"\r" + line, b">" + line,
                                                         b"- " + line, line + b":", line + b": x", line.rstrip(b"-"), b"x" + line, line + b"\r", line + b"--x", line + b"----"]))


def drop_line(rng, data):
    m = find(rng, rng.choice([DELIMITER + rb"\r?\n", rb"(?m)^(\r\n)", rb"(?m)^(begin [^\n]*\n)", rb"(?m)^(end\r\n)", rb"(?m)^([^\n]*\n)"]), data)
    return splice(data, m.start(), m.end(), b"") if m else data


def copy_line(rng, data):
    """A line again, elsewhere."""
    m = find(rng, rng.choice([DELIMITER + rb"\r?\n", rb"(?m)^(\r\n)", FIELD, rb"(?m)^([^\n]*\n)"]), data)
    to = find(rng, rb"(?m)^()", data)
    return splice(data, to.start(), to.start(), m.group(0)) if m else data


def swap_lines(rng, data):
    lines = data.split(CRLF)
    a = rng.randrange(len(lines))
    b = min(len(lines) - 1, max(0, a + rng.choice([-3, -2, -1, 1, 2, 3])))
    lines[a], lines[b] = lines[b], lines[a]
    return CRLF.join(lines)


def stray_part(rng, data):
    """A harmless part, or delimiters, anywhere between lines."""
    m = find(rng, DELIMITER, data)
    if not m:
        return data
    line = m.group(1).rstrip(b"-") if rng.random() < 0.8 else b"--zz"
    to = find(rng, rb"(?m)^()", data)
    return splice(data, to.start(), to.start(), line + CRLF + rng.choice([WORDS, b"", CRLF, WORDS + line + b"--" + CRLF, b"x\r\n", b"Content-Type: text/plain\r\n"]))


def move_part(rng, data):
    """What stands between two delimiters to the front or the back."""
    marks = list(re.finditer(DELIMITER, data))
    if len(marks) < 2:
        return data
    i = rng.randrange(len(marks) - 1)
    begin, end = rng.choice([marks[i].start(), marks[i].end() + 2]), marks[i + 1].start()
    taken, rest = data[begin:end], splice(data, begin, end, b"")
    others = list(re.finditer(DELIMITER, rest))
    at = rng.choice([o.start() for o in others] + [o.end() + 2 for o in others] + [len(rest)])
    return splice(rest, at, at, taken)


def cut(rng, data):
    """The end is lost, or the beginning of a body."""
    if rng.random() < 0.5:
        return data[:rng.randint(len(data) * 3 // 4, len(data))]
    m = find(rng, rb"\r\n\r\n()", data)
    return splice(data, m.end(), m.end() + rng.choice([1, 2, 3, 4, 20]), b"") if m else data


def rewrap(rng, data):
    """Lines of another length, in one body of base64."""
    m = find(rng, rb"(?:[A-Za-z0-9+/]{20,}={0,2}\r\n)+", data)
    if not m:
        return data
    text, width = m.group(0).replace(CRLF, b""), rng.choice([1, 2, 3, 4, 5, 7, 19, 61, 77, 120, 1000, 4000])
    joint = rng.choice([CRLF, CRLF, b"\n", b"\r", b" ", CRLF + CRLF, b"\r\n ", b"=\r\n", b"\r\n\t", b"==\r\n", b"\0\r\n"])
    return splice(data, m.start(), m.end(), b"".join(text[i:i + width] + joint for i in range(0, len(text), width)) + CRLF)


def recode(rng, data):
    """A body of base64 in another encoding, or in itself once more; the header stays."""
    m = find(rng, rb"(?:[A-Za-z0-9+/]{20,}={0,2}\r\n)+", data)
    if not m:
        return data
    text = m.group(0)
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", text)
    content = base64.b64decode(letters[:len(letters) // 4 * 4])
    half = len(content) // 6 * 3
    new = rng.choice([lambda: b64(text), lambda: qp(text), lambda: qp(content), lambda: uu(content, "b.txt"), lambda: uu(content, begin=False, end=False), lambda: content,
                      lambda: text.replace(b"+", b"-").replace(b"/", b"_"), lambda: text.replace(b"=", b""), lambda: b64(content[:half]) + b64(content[half:]),
                      lambda: b64(content[:half + 1]) + b64(content[half + 1:]), lambda: b64(b"\0" * rng.randint(1, 4) + content), lambda: text.swapcase(),
                      lambda: b64(content[:half]) + content[half:], lambda: uu(text, "b.txt"), lambda: b"begin-base64 644 b.txt\r\n" + text + b"====\r\n"])()
    return splice(data, m.start(), m.end(), new)


def cross(rng, data):
    """Some lines of another message."""
    lines = rng.choice(SEEDS)[1].split(CRLF)
    a = rng.randrange(len(lines))
    taken = CRLF.join(lines[a:a + rng.choice([1, 1, 2, 3, 6, 20])]) + CRLF
    to = find(rng, rng.choice([rb"(?m)^()", rb"(?m)^()Content", rb"(?m)^()\r\n", rb"(?m)^()--"]), data)
    return splice(data, to.start(), to.start(), taken) if to else data


def wrap(rng, data):
    """One more header in front of one."""
    m = find(rng, rb"(?im)^()content-", data)
    new = rng.choice([b"Content-Type: message/rfc822\r\n\r\n", b"Content-Type: multipart/mixed; boundary=w\r\n\r\n--w\r\n", b"Content-Type: text/plain\r\n\r\n",
                      b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n", b"Content-Type: message/delivery-status\r\n\r\n",
                      b"Content-Type: multipart/mixed\r\n\r\n", b"\r\n", b"Content-Type: text/rfc822-headers\r\n\r\n", b"Content-Type: message/global\r\n\r\n",
                      b"Content-Type: multipart/digest; boundary=w\r\n\r\n--w\r\n\r\n", b"Content-Type: application/octet-stream; name=b.eml\r\n\r\n", b"From x@example.org\r\n"])
    return splice(data, m.start(), m.start(), new) if m else data


MUTATIONS = [insert] * 6 + [insert_token] * 4 + [delete] * 4 + [replace] * 4 + [double] * 2 + [swap] * 2 + [move] * 2 + [repeat] * 2 + [
    drop_field, move_field, another_value, another_value, foreign_field, foreign_field, hide_field, hide_field, rename_field, fold, fold, token, token, change_case,
    line_end, line_end, line_ends, quotes, quotes, parameter, parameter, delimiter, delimiter, drop_line, copy_line, swap_lines, stray_part, stray_part, move_part, cut, rewrap,
    recode, recode, cross, cross, wrap]
SEEDS = seeds.seeds((VIRUS, PROGRAM, DISGUISED, NAMED))


class Mutant:
    """One message. `kept`: the numbers of the mutations that it has."""
    expectation = "odd"

    def __init__(self, run, number, kept=None):
        rng = random.Random(f"{run}:{number}")
        self.run, self.number = run, number
        self.seed, data = rng.choice(SEEDS)
        self.mutations = [rng.choice(MUTATIONS) for _ in range(rng.choice([1, 1, 2, 2, 2, 3, 3, 4]))]
        self.kept = tuple(range(len(self.mutations))) if kept is None else kept
        for i in self.kept:
            data = self.mutations[i](random.Random(f"{run}:{number}:{i}"), data)
        self.data = data
        self.file, self.answer, self.out = "", {}, None

    def __str__(self):
        return f"{self.run}:{self.number} {self.seed}: " + ", ".join(self.mutations[i].__name__ for i in self.kept)

    def smaller(self):
        """The same with fewer mutations, the fewest first."""
        for count in range(1, len(self.kept)):
            for kept in combinations(self.kept, count):
                yield Mutant(self.run, self.number, kept)
