"""T48-T59: file names, of which each program has its own reading. The content
is a program in half of the cases, and harmless under a banned name in the rest."""

import base64

from .build import b64, entity, octets
from .payload import NAMED, PICTURE, PROGRAM, TEXT, VIRUS
from .registry import VALID, readings

BANNED = (NAMED, PROGRAM, VIRUS)
HARMLESS = (TEXT, PICTURE)
names = dict(banned=BANNED, harmless=HARMLESS)


def other(p):
    """A name that is innocent beside a banned one, or the same kind of one."""
    return "picture.png" if p.banned else p.name


def file(p, *lines):
    """The payload with these lines about it, none of which the helper adds but the encoding."""
    return entity([*lines, "Content-Transfer-Encoding: base64"], b64(p.content))


def ct(p, parameters, kind=None):
    return octets("Content-Type: " + (kind or p.type)) + b"; " + octets(parameters)


def cd(parameters, kind="attachment"):
    return octets("Content-Disposition: " + kind) + b"; " + octets(parameters)


def both_orders(name, *lines):
    yield name, lines
    yield name + ", turned around", lines[::-1]


@readings(48, "name and filename differ", **names)
def differ(p):
    n, o = p.name, other(p)
    yield "the same", file(p, ct(p, f'name="{n}"'), cd(f'filename="{n}"')), VALID
    for kind in "attachment", "inline", "x", "form-data":
        for variant, lines in [*both_orders(f"{kind}: name banned", ct(p, f'name="{n}"'), cd(f'filename="{o}"', kind)),
                               *both_orders(f"{kind}: filename banned", ct(p, f'name="{o}"'),
                                            cd(f'filename="{n}"', kind)),
                               *both_orders(f"{kind}: name*, filename", ct(p, f"name*=us-ascii''{n}"),
                                            cd(f'filename="{o}"', kind)),
                               *both_orders(f"{kind}: name, filename*", ct(p, f'name="{o}"'),
                                            cd(f"filename*=us-ascii''{n}", kind)),
                               *both_orders(f"{kind}: filename on the type", ct(p, f'filename="{n}"'),
                                            cd(f'filename="{o}"', kind)),
                               *both_orders(f"{kind}: name on the disposition", ct(p, f'name="{o}"'),
                                            cd(f'name="{n}"', kind))]:
            yield variant, file(p, *lines)
    yield "only name", file(p, ct(p, f'name="{n}"'), "Content-Disposition: attachment"), VALID
    yield "only filename", file(p, f"Content-Type: {p.type}", cd(f'filename="{n}"')), VALID
    for kind in "image/png", "text/plain", "application/pdf", "text/html":
        yield f"as {kind}", file(p, f"Content-Type: {kind}", cd(f'filename="{n}"'))


@readings(49, "a name given twice", **names)
def twice(p):
    n, o = p.name, other(p)
    for sep in "; ", ", ", ";", " ", ";\r\n ":
        yield f"filename, banned first, {sep!r}", file(p, ct(p, "x=y"), cd(f'filename="{n}"{sep}filename="{o}"'))
        yield f"filename, banned last, {sep!r}", file(p, ct(p, "x=y"), cd(f'filename="{o}"{sep}filename="{n}"'))
        yield f"name, banned first, {sep!r}", file(p, ct(p, f'name="{n}"{sep}name="{o}"'))
        yield f"name, banned last, {sep!r}", file(p, ct(p, f'name="{o}"{sep}name="{n}"'))
        yield f"unquoted, {sep!r}", file(p, ct(p, f"name={o}{sep}name={n}"), cd(f"filename={o}{sep}filename={n}"))
    for variant, lines in [*both_orders("two dispositions", cd(f'filename="{o}"'), cd(f'filename="{n}"')),
                           *both_orders("inline and attachment", cd(f'filename="{o}"', "inline"),
                                        cd(f'filename="{n}"')),
                           *both_orders("one without a name", "Content-Disposition: inline", cd(f'filename="{n}"')),
                           *both_orders("an empty one", cd('filename=""'), cd(f'filename="{n}"'))]:
        yield variant, file(p, f"Content-Type: {p.type}", *lines)
    for variant, lines in [*both_orders("two types", ct(p, f'name="{o}"'), ct(p, f'name="{n}"')),
                           *both_orders("two types, one bare", f"Content-Type: {p.type}", ct(p, f'name="{n}"')),
                           *both_orders("another type", ct(p, f'name="{o}"', "image/png"),
                                        ct(p, f'name="{n}"', "application/octet-stream"))]:
        yield variant, file(p, *lines)
    yield "three", file(p, cd(f'filename="{o}"; filename="{n}"; filename="{o}"'))
    yield "in other cases", file(p, cd(f'FileName="{o}"; FILENAME="{n}"'))


@readings(50, "an extended name beside a plain one", **names)
def extended(p):
    n, o = p.name, other(p)
    for charset in "''", "us-ascii''", "utf-8'en'", "iso-8859-1''", "x-unknown''", "UTF-8''", "":
        for param, line in {"filename": lambda text: cd(text), "name": lambda text: ct(p, text)}.items():
            for variant, text in {"extended first": f'{param}*={charset}{n}; {param}="{o}"',
                                  "plain first": f'{param}="{o}"; {param}*={charset}{n}',
                                  "extended innocent first": f'{param}*={charset}{o}; {param}="{n}"',
                                  "plain banned first": f'{param}="{n}"; {param}*={charset}{o}',
                                  "alone": f"{param}*={charset}{n}"}.items():
                yield f"{param}*={charset}, {variant}", file(p, line(text)), \
                    VALID if variant == "alone" and charset.lower() in ("us-ascii''", "utf-8'en'", "iso-8859-1''",
                    "utf-8''") else "odd"
    n_percent = "".join(f"%{ord(c):02X}" for c in n)
    yield "percent-encoded", file(p, cd(f"filename*=utf-8''{n_percent}")), VALID
    yield "percent-encoded, plain too", file(p, cd(f'filename="{n}"; filename*=utf-8\'\'{n_percent}')), VALID
    yield "quoted", file(p, cd(f"filename*=\"utf-8''{n}\"; filename=\"{o}\""))
    yield "percent-encoded without a star", file(p, cd(f'filename="{n_percent}"'))
    yield "percent-encoded, no charset", file(p, cd(f"filename*={n_percent}; filename={o}"))
    yield "UTF-16", file(p, cd("filename*=utf-16be''" + "".join(f"%00{h}" for h in (f"%{ord(c):02X}" for c in n))
                               + f"; filename={o}"))


def split(name, *at):
    cuts = [0, *at, len(name)]
    return [name[a:b] for a, b in zip(cuts, cuts[1:])]


@readings(51, "a name in pieces", **names)
def pieces(p):
    n, o = p.name, other(p)
    a, b = n[:-3], n[-3:]
    one, two, three = split(n, 2, len(n) - 2)
    for param, line in {"filename": lambda text: cd(text), "name": lambda text: ct(p, text)}.items():
        yield f"{param}: two", file(p, line(f'{param}*0="{a}"; {param}*1="{b}"')), VALID
        yield f"{param}: three", file(p, line(f'{param}*0="{one}"; {param}*1="{two}";\r\n {param}*2="{three}"')), VALID
        yield f"{param}: two, extended", file(p, line(f"{param}*0*=us-ascii''{a}; {param}*1*={b}")), VALID
        for variant, text in {
                "gap": f'{param}*0="{a}"; {param}*2="{b}"',
                "gap before an innocent end": f'{param}*0="{n}"; {param}*2=".png"',
                "from 1": f'{param}*1="{a}"; {param}*2="{b}"', "only 1": f'{param}*1="{n}"',
                "only 0": f'{param}*0="{n}"', "only 5": f'{param}*5="{n}"',
                "reversed": f'{param}*1="{b}"; {param}*0="{a}"',
                "reversed, joined as written": f'{param}*1="{a}"; {param}*0="{b}"',
                "leading zeros": f'{param}*00="{a}"; {param}*01="{b}"', "0 twice": f'{param}*0="{a}"; {param}*0="{b}"',
                "1 twice, banned first": f'{param}*0="{a}"; {param}*1="{b}"; {param}*1="png"',
                "1 twice, banned last": f'{param}*0="{a}"; {param}*1="png"; {param}*1="{b}"',
                "percent-encoded end": f"{param}*0*=us-ascii''{a}; {param}*1*=" + "".join(f"%{ord(c):02x}" for c in b),
                "percent-encoded end, star missing": f"{param}*0={a}; {param}*1="
                + "".join(f"%{ord(c):02x}" for c in b),
                "percent-encoded end, charset missing": f"{param}*0={a}; {param}*1*="
                + "".join(f"%{ord(c):02x}" for c in b),
                "plain end after extended": f"{param}*0*=iso-8859-1''{a};\r\n {param}*1={b}",
                "innocent end split off": f"{param}*0*=iso-8859-1''{n};\r\n {param}*1=x.png",
                "pieces and whole, whole first": f'{param}="{o}"; {param}*0="{a}"; {param}*1="{b}"',
                "pieces and whole, pieces first": f'{param}*0="{a}"; {param}*1="{b}"; {param}="{o}"',
                "pieces innocent, whole banned": f'{param}*0="pic"; {param}*1=".png"; {param}="{n}"',
                "pieces and extended whole": f"{param}*0=\"pic\"; {param}*1=\".png\"; {param}*=us-ascii''{n}",
                "ten pieces": "; ".join(f'{param}*{i}="{c}"' for i, c in enumerate(split(n, *range(1, len(n))))),
                "ten pieces, by text order": "; ".join(f'{param}*{i + 8}="{c}"' for i,
                                                       c in enumerate(split(n, *range(1, len(n))))),
                "blanks": f'{param} *0="{a}"; {param}* 1="{b}"', "comma": f'{param}*0="{a}", {param}*1="{b}"',
                "no separator": f'{param}*0="{a}" {param}*1="{b}"'}.items():
            yield f"{param}: {variant}", file(p, line(text))
    yield "over two dispositions", file(p, cd(f'filename*0="{a}"'), cd(f'filename*1="{b}"'))
    yield "over both headers", file(p, ct(p, f'name*0="{a}"'), cd(f'filename*1="{b}"'))
    yield "over both headers, one name", file(p, ct(p, f'filename*0="{a}"'), cd(f'filename*1="{b}"'))


def q(text, charset="utf-8"):
    return f"=?{charset}?Q?" + "".join(f"={c:02X}" for c in text.encode(charset)) + "?="


def b(text, charset="utf-8"):
    return f"=?{charset}?B?{base64.b64encode(text.encode(charset)).decode()}?="


@readings(52, "encoded words as a name", **names)
def encoded_words(p):
    n, o = p.name, other(p)
    a, e = n[:-3], n[-3:]
    texts = {"Q": q(n), "B": b(n), "q": q(n).replace("?Q?", "?q?"), "UTF-16": b(n, "utf-16"),
             "UTF-16BE": b(n, "utf-16-be").replace("utf-16-be", "utf-16be"),
             "UTF-16LE": b(n, "utf-16-le").replace("utf-16-le", "utf-16le"), "UTF-7": q(n, "utf-7"),
             "two words": f"{q(a)} {q(e)}", "two words, fold": f"{q(a)}\r\n {q(e)}",
             "two words, no blank": q(a) + q(e), "word and text": q(a) + e, "text and word": a + q(e),
             "text, blank, word": f"{a} {q(e)}",
             "word, blank, text": f"{q(a)} {e}", "split octets": f"=?utf-8?Q?{a}?= =?utf-8?Q?{e}?=",
             "language": f"=?utf-8*en?Q?{n}?=",
             "unknown charset": f"=?x-unknown?Q?{n}?=", "no charset": f"=??Q?{n}?=", "unfinished": f"=?utf-8?Q?{n}",
             "unknown encoding": f"=?utf-8?X?{n}?=",
             "many words": " ".join(q(c) for c in n), "many in B": "\r\n ".join(b(c) for c in n), "long words": q(n)
             + "=?utf-8?Q??=",
             "blank in it": f"=?utf-8?Q?{a} {e}?=", "underscore": f"=?utf-8?Q?x_{n}?=",
             "B without padding": b(n).replace("=?=", "?=").replace("=?=", "?="),
             "twice": b(q(n))}
    for name, text in texts.items():
        valid = VALID if name in ("Q", "B", "q", "two words, fold") else "odd"
        yield f"{name}, quoted", file(p, ct(p, f'name="{text}"'), cd(f'filename="{text}"')), valid
        yield f"{name}, filename only", file(p, f"Content-Type: {p.type}", cd(f'filename="{text}"'))
        yield f"{name}, unquoted", file(p, ct(p, f"name={text}"), cd(f"filename={text}"))
        yield f"{name}, beside an innocent name", file(p, ct(p, f'name="{text}"'), cd(f'filename="{o}"'))
    yield "in an extended one", file(p, cd(f"filename*=utf-8''{q(n)}"))
    yield "the whole parameter", file(p, cd(q(f"filename={n}")))
    yield "the parameter's name", file(p, cd(f"{q('filename')}={n}"))


@readings(53, "quotes in a name", **names)
def quotes(p):
    n, o = p.name, other(p)
    a, e = n.rsplit(".", 1)
    forms = [f'"{a}".{e}', f'{a}\\".{e}', f"'{n}'", f"{a};.{e}", f"{a} b.{e}", f'"{n}', f'{n}"', f'"{n}"x', f'""{n}',
             f'"{a}" .{e}', f'"{o}"{n}', f'"{n}"{o}', f'"{a}\\.{e}"',
             f'"{n}\\"', f'"\\"{n}\\""', f'"{o}\\"; filename={n}', f'"{o}"; filename={n}', f"{o} {n}", f"{n} {o}",
             f'"{a};.{e}"', f'"{a};{e}.png;.{e}"', f"`{n}`", f"<{n}>",
             f'"{n};"', f"{n};", f"{n},", f'"{n}, "', f"{a}\\.{e}", f"{a}.\\{e}", f'\\"{n}\\"',
             f'"{a}.{e[0]}\\{e[1:]}"', f"“{n}”", f'"{a}.{e[:2]}"{e[2:]}',
             f'{a}.{e[:2]}"{e[2:]}"', f"='{n}'", f"={n}", f'"="{n}', f'"{a}"."{e}"', f"{a} . {e}", f'"{a} . {e}"',
             f"[{n}]", f"{{{n}}}", f"{n}:", f'"{n}":']
    for form in forms:
        raw = form.encode()
        yield f"filename={form}", file(p, f"Content-Type: {p.type}", cd(b"filename=" + raw))
        yield f"name={form}", file(p, ct(p, b"name=" + raw))
        yield f"both {form}", file(p, ct(p, b"name=" + raw), cd(b"filename=" + raw))
    yield "quoted, with a blank", file(p, cd(f'filename="the {n}"')), VALID
    yield "quoted, with a bracket", file(p, cd(f'filename="the (1) {n}"')), VALID
    yield "unquoted with blanks", file(p, ct(p, f"name=the new {n}"), cd(f"filename=the new {n}"))


@readings(54, "comments in a name", **names)
def comments(p):
    n = p.name
    a, e = n.rsplit(".", 1)
    for form in [f"{n}(.gif)", f"{n} (.gif)", f"{a}.{e[0]}(){e[1:]}", f"{a}(x).{e}", f"(x){n}", f"{n}(", f"{n})",
                 f"({n})", f"({n}) picture.png", f"picture.png ({n})",
                 f'(x)"{n}"', f'"{n}"(x)', f'"{n}(.gif)"', f"{a}.(x){e}", f"{a}.({e})", f"{n}(\r\n x)", f"(\"){n}",
                 f"((a)b){n}", f"(\\)){n}"]:
        yield f"filename={form!r}", file(p, f"Content-Type: {p.type}", cd(f"filename={form}"))
        yield f"name={form!r}", file(p, ct(p, f"name={form}"))
    for param in ["filena()me=", "filename()=", "filename=()", "()filename=", "filename (x) = (y) ", "file(x)name="]:
        yield f"{param}", file(p, f"Content-Type: {p.type}", cd(param + n))
        yield f"{param} and an innocent one", file(p, f"Content-Type: {p.type}", cd(f"{param}{n}; filename={other(p)}"))
    yield "in a comment", file(p, f"Content-Type: {p.type}", cd(f"(filename={n}) filename={other(p)}"))
    yield "on the disposition", file(p, f"Content-Type: {p.type}",
                                     f"Content-Disposition: (x)attachment(y); filename={n}")
    yield "after the disposition", file(p, f"Content-Type: {p.type}",
                                        f"Content-Disposition: attachment (x); filename={n}"), VALID


@readings(55, "blanks and folds in a name", **names)
def blanks(p):
    n = p.name
    a, e = n.rsplit(".", 1)
    for form in [f"= {n}", f"\r\n ={n}", f"=\r\n {n}", f" = {n}", f"\t=\t{n}", f'=\r\n "{n}"', f'= "{n}"',
                 f'="{a}.\r\n {e}"', f'="{a}\r\n .{e}"', f'="{a}.{e[0]}\r\n {e[1:]}"',
                 f"={a}.\r\n {e}", f"={a}\r\n .{e}", f'="\r\n {n}"', f'="{n}\r\n "', f'="{a}.\r\n\t{e}"',
                 f'="{a}.\n {e}"', f'="{a}.\r{e}"', f'="{a}.\n{e}"', f'="{a}.\r\n{e}"',
                 f'="{n}\r\n\t"', f'="picture.png\r\n\t\t\t{n}"', f'="{a}.\\\r\n {e}"', f'="{a}.{e}\v"',
                 f'="{a}.\t{e}"', f'="{a}. {e}"', f'="{a} .{e}"', f"=\v{n}",
                 f'="{n}"\r\n ', f"\r\n \r\n ={n}", f'="{a}\r\n \r\n .{e}"', f"=\r\n \r\n {n}"]:
        yield f"filename{form!r}", file(p, f"Content-Type: {p.type}", cd(f"filename{form}"))
        yield f"name{form!r}", file(p, ct(p, f"name{form}"))
        yield f"filename{form!r}, name innocent", file(p, ct(p, f'name="{other(p)}"'), cd(f"filename{form}"))
    yield "fold before the parameter", file(p, ct(p, f'x=y;\r\n\tname="{n}"'),
                                            f'Content-Disposition: attachment;\r\n filename="{n}"'), VALID
    yield "fold after the colon", file(p, f"Content-Type: {p.type}",
                                       f'Content-Disposition:\r\n attachment; filename="{n}"'), VALID


@readings(56, "ends of names that Windows drops", **names)
def dropped(p):
    n = p.name
    clsid = "{3050F4D8-98B5-11CF-BB82-00AA00BDCE0B}"
    for form in [f"{n}.", f"{n} ", f"{n}...", f"{n}. .", f"{n}::$DATA", f"{n}:x", f"{n}:$DATA", f"{n}\0.png", f"{n}\0",
                 f"{n}%00.png", f"{n}\x01", f"{n}\x1f.png", f"{n}\t", f"{n}\xa0",
                 f"picture.png.{clsid}", f"{n}.{clsid}", f"{n}/", f"{n}\\", f"{n}/.", f"{n}\\..", f"{n}/x/..", f"{n}?",
                 f"{n}*", f"{n}|", f"{n}<", f'{n}>', f"{n}#", f"{n};.png",
                 f"{n}%20", f"{n}%2E", f"{n}_", f"{n}~", f"{n}\v", f"{n}\x7f", f"{n}\xad", f"{n},", f"{n}&", f"{n}+",
                 f"{n}%", f"{n}^", f".{p.extension}", f"..{p.extension}"]:
        yield f"{form!r}", file(p, f"Content-Type: {p.type}", cd(f'filename="{form}"'))
        yield f"{form!r}, name", file(p, ct(p, f'name="{form}"'))
        if all(0x20 < ord(c) < 0x7F for c in form):
            yield f"{form!r}, unquoted", file(p, ct(p, f"name={form}"), cd(f"filename={form}"))
        yield f"{form!r}, extended", file(p, cd("filename*=utf-8''" + "".join(f"%{c:02X}" for c in form.encode())))


@readings(57, "names of misleading characters", **names)
def misleading(p):
    n = p.name
    a, e = n.rsplit(".", 1)
    wide = "".join(chr(0xFEE0 + ord(c)) for c in e)
    forms = {"right to left": f"{a}\u202egnp.{e}", "right to left, reversed": f"{a}.\u202e{e[::-1]}",
             "isolate": f"{a}\u2067.{e}\u2069.png"[:-4], "left to right mark": f"{a}.\u200e{e}",
             "zero width space": f"{a}.{e[0]}\u200b{e[1:]}", "zero width joiner": f"{a}.\u200d{e}",
             "zero width at the end": f"{n}\u200b", "no-break, zero width": f"{a}.\ufeff{e}",
             "soft hyphen": f"{a}.{e[0]}\xad{e[1:]}", "fullwidth dot": f"{a}\uff0e{e}",
             "one dot leader": f"{a}\u2024{e}", "ideographic full stop": f"{a}\u3002{e}",
             "halfwidth full stop": f"{a}\uff61{e}", "small full stop": f"{a}\ufe52{e}",
             "fullwidth extension": f"{a}.{wide}", "all wide": f"{a}\uff0e{wide}",
             "mathematical": f"{a}." + "".join(chr(0x1D41A + ord(c) - 97) for c in e), "circled": f"{a}."
             + "".join(chr(0x24D0 + ord(c) - 97) for c in e),
             "cyrillic e": f"{a}." + e.replace("e", "\u0435").replace("c", "\u0441").replace("t", "\u0442").replace("p",
        "\u0440"), "combining": f"{a}.{e}\u0301",
             "variation selector": f"{a}.{e}\ufe0f", "no-break space": f"{n}\xa0", "ideographic space": f"{n}\u3000",
             "hangul filler": f"{n}\u3164", "many spaces": f"picture.png{' ' * 200}.{e}",
             "long s": f"{a}.{e}".replace("s", "\u017f"), "Kelvin": n.upper(), "tag character": f"{a}.\U000e0065{e}",
             "line separator": f"{a}.{e}\u2028.png", "upper case": f"{a}.{e.upper()}",
             "mongolian vowel separator": f"{a}.\u180e{e}", "word joiner": f"{a}.\u2060{e}",
             "invisible times": f"{a}.\u2062{e}"}
    for name, form in forms.items():
        valid = VALID if name in ("upper case", "Kelvin") else "odd"
        yield f"{name}, raw", file(p, f"Content-Type: {p.type}", cd(b'filename="' + form.encode() + b'"')), valid
        yield f"{name}, extended", file(p, f"Content-Type: {p.type}",
                                        cd("filename*=utf-8''" + "".join(f"%{c:02X}" for c in form.encode()))), valid
        yield f"{name}, encoded word", file(p, ct(p, f'name="{b(form)}"')), valid
    yield "Latin letters in an honest name", file(p, cd(b'filename="r\xc3\xa9sum\xc3\xa9 ' + n.encode() + b'"')), VALID


@readings(58, "a name given elsewhere, or two extensions", **names)
def elsewhere(p):
    n = p.name
    a, e = n.rsplit(".", 1)
    for kind in "text/plain", "image/png", "application/pdf", p.type:
        yield f"{kind}, name on the type alone", file(p, ct(p, f'name="{n}"', kind)), VALID if kind == p.type else "odd"
        yield f"{kind}, Content-Description", file(p, f"Content-Type: {kind}", f"Content-Description: {n}")
        yield f"{kind}, Content-Location", file(p, f"Content-Type: {kind}", f"Content-Location: {n}")
        yield f"{kind}, Content-Location is a link", file(p, f"Content-Type: {kind}",
                                                          f"Content-Location: http://example.org/x/{n}")
        yield f"{kind}, Content-ID", file(p, f"Content-Type: {kind}", f"Content-ID: <{n}>")
        yield f"{kind}, Content-Name", file(p, f"Content-Type: {kind}", f"Content-Name: {n}")
        yield f"{kind}, in the Subject", file(p, "Subject: " + n, f"Content-Type: {kind}")
    for form in [f"picture.png.{e}", f"{n}.png", f"{a}.pdf.{e}", f"{a}.{e}.{e}", f"{a}.{e} .png",
                 f"{a}.pdf{' ' * 60}.{e}", f"{a}.doc.......{e}", f"{a}.txt.{e}.", f"{e}", f"{a}.{e}.gz",
                 f"{a}.{e}.zip", f"{a}.tar.{e}"]:
        for where, lines in {"type": [ct(p, f'name="{form}"')], "disposition": [f"Content-Type: {p.type}",
            cd(f'filename="{form}"')]}.items():
            yield f"{form[:40]!r} on the {where}", file(p, *lines)
    for lines in [[f"Content-Disposition: filename={n}"], [f"Content-Disposition: ; filename={n}"],
                  [f"Content-Disposition: attachment filename={n}"],
                  [f"Content-Disposition: attachment, filename={n}"],
                  [f"Content-Disposition: filename={n}; attachment"], [f"Content-Disposition: {n}"],
                  [f'Content-Disposition: "attachment"; filename={n}'],
                  [f"Content-Disposition : attachment; filename={n}"],
                  [f"X-Content-Disposition: attachment; filename={n}"],
                  [f"Content-Disposition: attachment; file={n}"], [f"Content-Disposition: attachment; filename:{n}"],
                  [f"Content-Disposition: attachment; file-name={n}"],
                  [f"Content-Disposition: attachment; filename {n}"],
                  [f"Content-Disposition: attachment; FILENAME={n}"],
                  [f"Content-Disposition: attachment;; filename={n}"],
                  [f"Content-Type: name={n}"], [f"Content-Type: ; name={n}"], [f"Content-Type: application; name={n}"]]:
        yield f"{lines[0].replace(n, 'NAME')!r}", file(p, *lines)


@readings(59, "names that are paths, devices, commands", **names)
def paths(p):
    n = p.name
    for form in [f"../{n}", f"../../../../../../tmp/{n}", f"/etc/cron.d/{n}", f"/{n}", f"C:\\{n}", f"C:\\Windows\\{n}",
                 f"..\\..\\{n}", f"C:{n}", f"\\\\host\\share\\{n}", f"//host/{n}", f"~/{n}",
                 f"~root/{n}", f"file:///{n}", f"./{n}", f"x/../{n}", f"x\\{n}", f"x/{n}", f"-rf {n}", f"--help {n}",
                 f"$(touch x){n}", f"`touch x`{n}", f";touch x;{n}", f"|touch x|{n}",
                 f"&& touch x && {n}", f"> {n}", f"'{n}'; touch x '", f"%n%s%x{n}", f"%SystemRoot%\\{n}", f"$HOME/{n}",
                 f"{n}\\x", "x" * 10000 + n, "x" * 300 + n, "é" * 250 + n,
                 f"{n}" + " " * 500 + ".png", f"{n}\x1b[2J", f"\x08\x08{n}", f"{{a,b}}{n}", f"!{n}", f"*{n}", f"?{n}",
                 f"\r{n}"]:
        raw = form.encode()
        escaped = raw.replace(b"\\", b"\\\\")
        for how, text in {"raw": raw, "escaped": escaped}.items():
            if how == "raw" or raw != escaped:
                yield f"{form[:40]!r} of {len(form)}, {how}", file(p, f"Content-Type: {p.type}",
                    cd(b'filename="' + text + b'"'))
                yield f"{form[:40]!r} of {len(form)}, {how}, name", file(p, ct(p, b'name="' + text + b'"'))
    for device in "CON", "NUL", "COM1", "LPT1", "AUX", "PRN", "con.txt", "nul.tar.gz":
        yield f"device {device}", file(p, f"Content-Type: {p.type}", cd(f'filename="{device}.{p.extension}"'))
    yield "ten thousand octets in pieces", file(p, cd(";\r\n ".join(f'filename*{i}="{"x" * 60}"' for i in range(150))
                                                      + f';\r\n filename*150="{n}"'))
    yield "a harmless path", file(p, cd(f'filename="docs/{n}"'))
