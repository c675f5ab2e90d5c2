"""What IMAP has to say of a message, computed from all of its bytes by code that
shares nothing with gatepost: a splitter of our own on bytes, and Python's email
package for the words and addresses of fields.

    expected = Expected(message)
    expected.octets                         RFC822.SIZE
    expected.section("2.1", "MIME")         bytes, or None where there is none
    partial(expected.section(""), 10, 20)   BODY[]<10.20>
    expected.fields(("From", "To"))         BODY[HEADER.FIELDS (From To)]
    expected.binary("2")                    BINARY[2]
    expected.envelope(), expected.body(), expected.bodystructure()

The last three are values as parse() makes them of a response: lists, bytes of
strings, numbers, and None for NIL."""

import base64
import binascii
import quopri
import re
from email import _header_value_parser as grammar

EMPTY_TEXT = [b"text", b"plain", [b"charset", b"us-ascii"], None, None, b"7bit", 0, 0]
NO_EXTENSION = [None] * 4
ENCODINGS = (b"base64", b"quoted-printable", b"x-uuencode", b"uuencode", b"x-uue", b"x-yenc", b"x-binhex")
LITERAL = re.compile(rb"(~?)\{(\d+)\}\r\n")  # with the tilde it may hold NUL
NUMBER = re.compile(rb"\d+(?=[ )]|$)")
ATOM = re.compile(rb"[^ ()\"{\r\n]+")
TOKEN = re.compile(rb"[^\x00-\x20\x7f()<>@,;:\\\"/\[\]?=]*")
FIELD = re.compile(rb"([^\x00-\x20\x7f-\xff:]+)[ \t]*:")
# A mailbox without a domain.
BARE = re.compile(r"\s*([^\s()<>@,;:\\\"\[\]]+)\s*(?:\(([^()\\]*)\)\s*)?")
# Stands for the "=?" of encoded words, which are not to be decoded.
WORD = "\ue000".encode()


# Responses.

def parse(text):
    """The one value that `text` is. Raises ValueError where it is none."""
    value, at = _parse_value(text, 0)
    if at != len(text):
        raise ValueError(f"more behind a value: {text[at:at + 40]!r}")
    return value


def parse_items(text):
    """{item: value} of what stands in the parentheses of a FETCH response. Names of
    items have brackets with spaces and parentheses in them."""
    values, at = {}, 1
    while text[at:at + 1] != b")":
        end = at
        while text[end:end + 1] != b" ":
            end = text.index(b"]", end) + 1 if text[end:end + 1] == b"[" else end + 1
        value, after = _parse_value(text, end + 1)
        values[text[at:end].decode("ascii")] = value
        at = after + (text[after:after + 1] == b" ")
    return values


def _parse_list(text, at):
    values = []
    while True:
        if text[at:at + 1] == b")":
            return values, at + 1
        # Parts of a multipart and addresses stand behind each other without a space.
        if values and text[at:at + 1] == b" ":
            at += 1
        value, at = _parse_value(text, at)
        values.append(value)


def _parse_quoted(text, at):
    value = bytearray()
    while text[at] != ord('"'):
        if text[at] == ord("\\"):
            at += 1
            if text[at] not in b'"\\':
                raise ValueError("a backslash before what needs none")
        elif text[at] in b"\r\n\0" or text[at] >= 0x80:
            raise ValueError(f"octet {text[at]:#x} in a quoted string")
        value.append(text[at])
        at += 1
    return bytes(value), at + 1


def _parse_value(text, at):
    if at >= len(text):
        raise ValueError("a value is missing")
    if text[at:at + 1] == b"(":
        return _parse_list(text, at + 1)
    if text[at:at + 1] == b'"':
        return _parse_quoted(text, at + 1)
    if literal := LITERAL.match(text, at):
        end = literal.end() + int(literal[2])
        if end > len(text) or (not literal[1] and b"\0" in text[literal.end():end]):
            raise ValueError("a literal that is not whole, or with NUL")
        return text[literal.end():end], end
    if number := NUMBER.match(text, at):
        return int(number[0]), number.end()
    if atom := ATOM.match(text, at):
        return (None if atom[0].upper() == b"NIL" else atom[0].decode("ascii")), atom.end()
    raise ValueError(f"no value: {text[at:at + 40]!r}")


def partial(data, at, count):
    return data[at:at + count]


# Fields.

def string(text):
    """NUL cannot be sent."""
    return text.replace(b"\0", b"\x80")


def unfolded(value):
    return re.sub(rb"[\r\n]", b"", value.strip(b" \t\r\n"))


def prose(value):
    return string(b" ".join(re.split(rb"[ \t\r\n]+", value.strip(b" \t\r\n"))))


class Scanner:
    """Words of a structured field."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def peek(self):
        return self.text[self.at:self.at + 1]

    def blanks(self):
        while self.peek() in (b" ", b"\t", b"\r", b"\n", b"("):
            if self.peek() == b"(":
                self.comment()
            elif not self.peek():
                return
            else:
                self.at += 1

    def comment(self):
        depth = 0
        while self.at < len(self.text):
            c = self.peek()
            self.at += 1
            if c == b"\\":
                self.at += 1
            depth += (c == b"(") - (c == b")")
            if depth == 0:
                return

    def token(self):
        found = TOKEN.match(self.text, self.at)
        self.at = found.end()
        self.blanks()
        return found[0]

    def value(self):
        """None where a quoted one does not end."""
        if self.peek() != b'"':
            found = re.compile(rb"[^;( \t\r\n]*").match(self.text, self.at)
            self.at = found.end()
            self.blanks()
            return found[0]
        found = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.S).match(self.text, self.at)
        if not found:
            self.at = len(self.text)
            return None
        self.at = found.end()
        self.blanks()
        return re.sub(rb"\\(.)", rb"\1", found[1], flags=re.S)


def read_words(value):
    """(type, subtype, [(name, value), …]) of a field as it is written."""
    s = Scanner(unfolded(value))
    s.blanks()
    first, second, params = s.token(), b"", []
    if s.peek() == b"/":
        s.at += 1
        s.blanks()
        second = s.token()
    while s.at < len(s.text):
        if s.peek() != b";":
            s.at += 1
            continue
        s.at += 1
        s.blanks()
        name = s.token()
        if s.peek() != b"=" or not name:
            continue
        s.at += 1
        s.blanks()
        found = s.value()
        if found is not None:
            params.append((name, found))
    return first, second, params


def join_pieces(params):
    """Continuations (RFC 2231 3) as one parameter where all are there; those
    with stars stand behind the others, by name."""
    plain, pieces = [], {}
    for name, value in params:
        stars = re.fullmatch(rb"([^*]*)\*(?:(\d{1,4})(\*?)|)", name)
        if not stars:
            plain.append((name, value))
            continue
        encoded = stars[2] is None or stars[3] == b"*"
        pieces.setdefault(stars[1].lower(), []).append((int(stars[2] or 0), encoded, stars[1], name, value))
    for _, of_name in sorted(pieces.items()):
        of_name.sort(key=lambda piece: piece[0])
        if [piece[0] for piece in of_name] != list(range(len(of_name))):
            plain += [(name, value) for _, _, _, name, value in of_name]
        elif any(piece[1] for piece in of_name):
            text = b"".join(v if e else v.replace(b"%", b"%25") for _, e, _, _, v in of_name)
            plain.append((of_name[0][2] + b"*", (b"" if of_name[0][1] else b"''") + text))
        else:
            plain.append((of_name[0][2], b"".join(v for _, _, _, _, v in of_name)))
    return plain


def flat(params):
    return [string(word) for pair in params for word in pair] or None


def _encoded(text):
    """Of what the email package was given by read_addresses()."""
    return str(text).encode("utf-8", "surrogateescape").replace(WORD, b"=?")


def _mailbox(found):
    route = found.route
    name = None
    if found.token_type == "mailbox" and found[0].token_type == "name-addr":
        name = found.display_name
    else:
        comments = [c for c in _tokens(found) if c.token_type == "comment"]
        name = comments[-1].content if comments else None
    local = found.local_part if found.local_part is not None else ""
    domain = found.domain
    return [prose(_encoded(name)) if name else None, b",".join(b"@" + _encoded(d) for d in route) if route else None,
            string(_encoded(local)), string(_encoded(domain)) if domain else b"MISSING_DOMAIN"]


def _tokens(tree):
    yield tree
    if isinstance(tree, grammar.TokenList):
        for token in tree:
            yield from _tokens(token)


def read_addresses(value):
    """The list of ENVELOPE, by the grammar of Python's email package."""
    text = unfolded(value).replace(b"=?", WORD).decode("utf-8", "surrogateescape")
    if not text:
        return None
    tree, _ = grammar.get_address_list(text)
    found = []
    for address in tree.addresses:
        first = address[0]
        if first.token_type == "group":
            found.append([None, None, string(_encoded(first.display_name)), None])
            found += [_mailbox(mailbox) for mailbox in first.mailboxes]
            found.append([None] * 4)
        elif first.token_type == "mailbox":
            found.append(_mailbox(first))
        elif bare := BARE.fullmatch(str(first)):
            found.append([prose(_encoded(bare[2])) if bare[2] else None, None, _encoded(bare[1]), b"MISSING_DOMAIN"])
    return found or None


# The structure.

class Boundary:
    """Of a multipart that is being read."""

    def __init__(self, value):
        self.value, self.closed = value, False

    def match(self, line):
        """(how well, length of the value, final) of a line behind its dashes."""
        if not line.startswith(self.value):
            return 0, 0, False
        rest = line[len(self.value):]
        final = rest.startswith(b"--")
        if rest[2 * final:].strip(b" \t\r\n"):
            return int(not self.closed), len(self.value), final
        return 2 if self.closed else 3, 0, final


class Reader:
    """Goes over the lines of a message. A line that only begins with a boundary
    ends a part as well, where no other is all of it; the innermost goes first."""

    def __init__(self, data):
        self.data, self.at, self.open = data, 0, []
        self.ended_by, self.final, self.line = None, False, len(data)

    def peek(self, at=None):
        """The line there, with its end."""
        at = self.at if at is None else at
        newline = self.data.find(b"\n", at)
        return self.data[at:newline + 1 if newline >= 0 else len(self.data)]

    def delimiter(self):
        """At one: past it."""
        line = self.peek()
        if not line.startswith(b"--"):
            return False
        best, self.ended_by = (0, 0), None
        for boundary in reversed(self.open):
            *how, final = boundary.match(line[2:])
            if how[0] and tuple(how) > best:
                best, self.ended_by, self.final, self.line = tuple(how), boundary, final, self.at
        if self.ended_by:
            self.at += len(line)
        return bool(self.ended_by)

    def text(self, begin, least=0):
        """Past the next delimiter: where what began at `begin` ends."""
        self.ended_by = None
        while self.at < len(self.data) and not self.delimiter():
            self.at += len(self.peek())
        if not self.ended_by:
            self.line = len(self.data)
        return self.end(begin, least)

    def end(self, begin, least=0):
        """The line end before a delimiter belongs to that."""
        end = self.line
        if self.ended_by:
            end -= end > begin and self.data[end - 1:end] == b"\n"
            end -= end > begin and self.data[end - 1:end] == b"\r"
        return max(end, least)


def is_blank(line):
    return not line.strip(b" \t\r\n")


class Part:
    """A part, from where the reader is: `head` and `body` are (begin, end)."""

    def __init__(self, reader, default=b"text/plain", root=False):
        self.data, begin = reader.data, reader.at
        self.headers, self.children = [], []
        has_body = self._read_head(reader, root)
        self.head = begin, reader.line if not has_body else reader.at
        self.body = self.head[1], self.head[1]
        self._read_type(default)
        if not has_body:
            return
        begin = reader.at
        if self.kind() == b"multipart" and self._boundary():
            end = self._read_parts(reader)
        elif self.is_message() and not self.is_encoded():
            self.children = [Part(reader, root=True)]
            end = reader.end(begin, self.children[0].body[1])
        else:
            end = reader.text(begin)
        self.body = begin, end
        if self.is_message() and self.is_encoded():
            self.children = [Encoded(self)]

    def is_message(self):
        return (self.type.lower(), self.subtype.lower()) == (b"message", b"rfc822")

    def is_encoded(self):
        """As a message must not be."""
        return self.encoding().lower() in ENCODINGS

    def encoding(self):
        written = unfolded(self.field("Content-Transfer-Encoding") or b"")
        scanner = Scanner(written)
        scanner.blanks()
        word = scanner.token()
        if scanner.at == len(written):
            return word or b"7bit"
        return word.lower() if word.lower() in (b"base64", b"quoted-printable") else b"7bit"

    def _read_head(self, reader, root):
        """False where a delimiter ends it. A line that is no field is skipped when
        the header goes on behind it, else the body begins there."""
        begin, reader.ended_by = reader.at, None
        while reader.at < len(reader.data):
            if reader.delimiter():
                return False
            line = reader.peek()
            after = reader.at + len(line)
            if is_blank(line):
                reader.at = after
                return True
            if field := FIELD.match(line):
                reader.at = after
                value = line[field.end():]
                while (more := reader.peek())[:1] in (b" ", b"\t") and (
                        not is_blank(more) or self._goes_on(reader.peek(reader.at + len(more)))):
                    value += more
                    reader.at += len(more)
                self.headers.append((field[1], value))
                continue
            following = reader.peek(after)
            if not (root and reader.at == begin and line.startswith((b"From ", b">From "))) and not (
                    FIELD.match(following) or (self.headers and following in (b"\n", b"\r\n"))):
                return True
            reader.at = after
        reader.line = len(reader.data)
        return True

    @staticmethod
    def _goes_on(line):
        return bool(line) and (line in (b"\n", b"\r\n") or line[:1] in b" \t" or bool(FIELD.match(line)))

    def field(self, name):
        for found, value in self.headers:
            if found.lower() == name.lower().encode():
                return value
        return None

    def _read_type(self, default):
        value = self.field("Content-Type")
        self.params = []
        self.type, self.subtype = default.split(b"/")
        if value is None:
            return
        first, second, params = read_words(value)
        if first and second:
            self.type, self.subtype, self.params = first, second, params
        elif first.lower().startswith(b"multipart"):
            self.type, self.subtype, self.params = b"multipart", b"mixed", params
        else:
            self.type, self.subtype, self.params = b"text", b"plain", params

    def kind(self):
        return self.type.lower()

    def _boundary(self):
        joined = join_pieces(self.params)
        return next((v for n, v in joined if n.lower() == b"boundary"), b"").rstrip(b" \t")

    def _read_parts(self, reader):
        default = b"message/rfc822" if self.subtype.lower() == b"digest" else b"text/plain"
        own, begin, over, last = Boundary(self._boundary()), reader.at, False, 0
        reader.open.append(own)
        reader.text(begin)
        while reader.ended_by is own:
            if reader.final:
                own.closed = over = True
                reader.text(reader.at)
                continue
            own.closed = False
            child = Part(reader, default)
            last = child.body[1]
            if not over:
                self.children.append(child)
        reader.open.pop()
        return reader.end(begin, last)

    def bytes(self, span):
        return self.data[span[0]:span[1]]

    # What is told of it.

    def _string(self, name):
        value = self.field(name)
        return None if value is None else string(unfolded(value))

    def _all(self, name):
        return [value for found, value in self.headers if found.lower() == name.lower().encode()]

    def _last(self, name, told=lambda value: string(unfolded(value))):
        return told(self._all(name)[-1]) if self._all(name) else None

    def envelope(self):
        """Of texts the last field counts, of addresses all do."""
        sender = self._addresses("From")
        told = [self._last("Date"), self._last("Subject", prose), sender]
        told += [self._addresses("Sender") or sender, self._addresses("Reply-To") or sender]
        told += [self._addresses(name) for name in ("To", "Cc", "Bcc")]
        return [*told, self._last("In-Reply-To"), self._last("Message-ID")]

    def _addresses(self, name):
        return sum((read_addresses(value) or [] for value in self._all(name)), []) or None

    def _extension(self):
        disposition = self.field("Content-Disposition")
        if disposition is not None:
            word, _, params = read_words(disposition)
            disposition = [string(word), flat(join_pieces(params))] if word else None
        tags = [tag.strip() for tag in unfolded(self.field("Content-Language") or b"").split(b",")]
        return [disposition, [string(tag) for tag in tags if tag] or None, self._string("Content-Location")]

    def structure(self, extensible):
        if self.kind() == b"multipart":
            empty = EMPTY_TEXT + NO_EXTENSION if extensible else EMPTY_TEXT
            told = [part.structure(extensible) for part in self.children] or [empty]
            told.append(string(self.subtype))
            return told + [flat(join_pieces(self.params)), *self._extension()] if extensible else told
        params = flat(join_pieces(self.params))
        if self.kind() == b"text" and b"charset" not in [name.lower() for name in (params or [])[::2]]:
            params = [*(params or []), b"charset", b"us-ascii"]
        told = [string(self.type), string(self.subtype), params, self._string("Content-ID"),
                self._string("Content-Description"), string(self.encoding()), self.body[1] - self.body[0]]
        if self.is_message():
            told += [self.children[0].envelope(), self.children[0].structure(extensible)]
        if self.is_message() or self.kind() == b"text":
            told.append(self.bytes(self.body).count(b"\n"))
        return told + [self._string("Content-MD5"), *self._extension()] if extensible else told


class Encoded(Part):
    """What an encoded message is to IMAP: its bytes have no header that can be read."""

    def __init__(self, outer):  # pylint: disable=super-init-not-called
        self.data, self.headers, self.children, self.params = outer.data, [], [], []
        self.head, self.body = (outer.body[0],) * 2, outer.body
        self.type, self.subtype = b"text", b"plain"


class Nothing(Encoded):
    """What stands for the parts of a multipart that has none."""

    def __init__(self, outer):
        super().__init__(outer)
        self.head = self.body = (outer.body[1],) * 2


class Expected:
    """All that IMAP tells of `message`."""

    def __init__(self, message):
        self.message, self.octets = message, len(message)
        self.root = Part(Reader(message), root=True)
        self.parts = {}  # by number
        self._number_inside("", self.root)

    def _number_inside(self, path, root):
        """Of a message: its parts, or its body as number 1."""
        if root.kind() == b"multipart":
            self._number_children(path, root)
        else:
            self._number(f"{path}.1".lstrip("."), root)

    def _number_children(self, path, multipart):
        for n, child in enumerate(multipart.children or [Nothing(multipart)], 1):
            self._number(f"{path}.{n}".lstrip("."), child)

    def _number(self, path, part):
        self.parts[path] = part
        if part.kind() == b"multipart":
            self._number_children(path, part)
        elif part.is_message():
            self._number_inside(path, part.children[0])

    def envelope(self):
        return self.root.envelope()

    def body(self):
        return self.root.structure(False)

    def bodystructure(self):
        return self.root.structure(True)

    def section(self, path, kind=""):
        """kind: "", "MIME", "HEADER" or "TEXT"."""
        if path == "":
            if kind == "MIME":
                return None
            return self.message if kind == "" else self.root.bytes(self.root.head if kind == "HEADER" else
                                                                   self.root.body)
        part = self.parts.get(path)
        if part is None:
            return None
        if kind in ("", "MIME"):
            return part.bytes(part.body if kind == "" else part.head)
        if not part.is_message():
            return None
        root = part.children[0]
        return root.bytes(root.head if kind == "HEADER" else root.body)

    def fields(self, names, others=False, path=""):
        """HEADER.FIELDS, or .NOT with `others`."""
        names = [name.lower().encode() for name in names]
        taken, told = others, b""
        for line in re.findall(rb"[^\n]*\n|[^\n]+", self.section(path, "HEADER")):
            if not line.strip(b"\r\n"):
                taken = True
            elif line[:1] not in b" \t":
                taken = (line.split(b":", 1)[0].rstrip().lower() in names) != others
            told += line if taken else b""
        if re.search(rb"(?:^|\n)\r?\n\Z", told):
            return told
        return told + (b"\r\n" if told and not told.endswith(b"\n") else b"") + b"\r\n"

    def binary(self, path):
        """The body without its transfer encoding."""
        part = self.parts.get(path)
        if part is None:
            return self.message
        body = part.bytes(part.body)
        encoding = part.encoding().lower()
        if encoding == b"quoted-printable":
            return quopri.decodestring(re.sub(rb"[ \t]+(?=\r?\n|\Z)", b"", body))  # RFC 2045 6.7 (3)
        if encoding != b"base64":
            return body
        try:
            return base64.b64decode(body)
        except binascii.Error:
            return None
