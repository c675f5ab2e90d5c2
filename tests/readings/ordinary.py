"""Ordinary mail in the shapes that programs write it: deterministic messages,
none of which hides anything, though many are not quite what the RFCs say."""

import base64
import io
import quopri
import random
import zipfile

from .archives import gz
from .build import CRLF
from .packages import cms, tnef
from .payload import PNG

MESSAGES = 2100
SUBJECTS = ["The list", "Re: the list", "Minutes of Monday", "Your order 4711", "Invoice for October", "Fwd: photos",
            "Question", "[builders] doors", "Ihre Bestellung", "AW: Termin"]
FILES = ["minutes.pdf", "photo 1.jpg", "table.xlsx", "notes.txt", "report final (2).docx", "archive.zip", "logo.png",
         "letter.odt", "data.csv", "slides v1.2.pptx"]
TYPES = {"pdf": "application/pdf", "jpg": "image/jpeg",
         "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "txt": "text/plain",
         "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "zip": "application/zip",
         "png": "image/png", "csv": "text/csv",
         "odt": "application/vnd.oasis.opendocument.text",
         "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation"}
WORDS = ("the a of and to in we you please meeting table door house garden list order thank by for at noon letter new "
         "old green from with before after who what open").split()
FOREIGN = {"iso-2022-jp": "会議の資料を送ります。よろしくお願いします。", "shift_jis": "日本語のテキストです。", "euc-jp": "添付をご覧ください。",
           "koi8-r": "Добрый день, высылаю список.",
           "windows-1251": "Спасибо за письмо, до встречи.", "gb18030": "您好,附件是会议记录。", "gb2312": "谢谢您的来信。",
           "big5": "附件請查收,謝謝。", "euc-kr": "첨부 파일을 확인해 주세요.",
           "windows-1252": "Naïve “quotes” – cost 5 € today", "iso-8859-1": "Grüße aus München, ça va très bien",
           "iso-8859-2": "Příliš žluťoučký kůň", "windows-1250": "Zażółć gęślą jaźń",
           "iso-8859-15": "Prix : 12 €, merci", "windows-1253": "Καλημέρα, σας στέλνω",
           "windows-1254": "Teşekkürler, görüşürüz", "windows-1255": "שלום רב", "windows-1256": "مرحبا بكم",
           "utf-8": "Grüße, élève, 日本語, русский, 🙂", "windows-874": "สวัสดีครับ", "utf-7": "Grüße"}


def lines(*texts):
    return "\r\n".join(texts) + "\r\n"


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    # Pieces.

    def pick(self, choices):
        return self.random.choice(list(choices))

    def words(self, count=60, width=72):
        text, line = [], ""
        for word in self.random.choices(WORDS, k=self.random.randint(count // 2, count)):
            if len(line) + len(word) >= width:
                text.append(line)
                line = ""
            line += (" " if line else "") + word
        return "\r\n".join([*text, line]) + "\r\n"

    def html(self, count=60):
        paragraphs = "".join(f"<p style=\"margin:0\">{self.words(count // 3).strip()}</p>\r\n" for _ in range(3))
        return f"<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"></head>\r\n<body>\r\n{paragraphs}" \
            f"<a href=\"https://www.example.org/{self.random.getrandbits(40):x}?a=1&amp;b=2\">more</a></body></html>\r\n"

    def boundary(self):
        r = self.random.getrandbits
        return self.pick([f"----=_NextPart_000_{r(16):04X}_01D{r(20):05X}.{r(32):08X}", f"000000000000{r(48):012x}",
                          f"------------{r(96):024X}", f"=_{r(64):016x}", f"Apple-Mail={r(64):016X}",
                          f"_000_{r(64):X}EXCHANGEexampleorg_", f"----_=_NextPart_{r(32)}.{r(24)}", f"b1_{r(64):x}",
                          f"--boundary_{r(20)}_{r(48):x}", f"{r(64):x}-{r(20)}-{r(30)}=:{r(12)}"])

    def header(self, *more, subject=None, to="Ben <ben@example.net>"):
        r = self.random
        received = "".join(
            f"Received: from host{r.randint(1, 99)}.example.org (host.example.org [192.0.2.{r.randint(1, 254)}])\r\n"
            f"\tby mx.example.net (Postfix) with ESMTPS id {r.getrandbits(40):X}\r\n"
                           f"\tfor <ben@example.net>; Mon,  3 Nov 2025 10:{r.randint(10, 59)}:00 +0100 (CET)\r\n"
                           for _ in range(r.randint(0, 4)))
        who = self.pick(["Ada <ada@example.org>", "ada@example.org", "\"Lovelace, Ada\" <ada@example.org>",
                         "=?utf-8?q?J=C3=BCrgen?= <j@example.org>", "ada@example.org (Ada L.)"])
        return received + f"From: {who}\r\nTo: {to}\r\nSubject: {subject or self.pick(SUBJECTS)}\r\nDate: Mon, 3 Nov 2025 10:{r.randint(10, 59)}:00 +0100\r\n" \
            f"Message-ID: <{r.getrandbits(64):x}@example.org>\r\n" + "".join(m + "\r\n" for m in more)

    def file(self):
        name = self.pick(FILES)
        extension = name.rsplit(".", 1)[1]
        size = self.random.randint(10, 4000)
        content = {"pdf": b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n", "jpg": b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01",
                   "png": PNG}.get(extension, b"")
        if extension in ("xlsx", "docx", "pptx", "zip", "odt"):
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
                for member in ["[Content_Types].xml", "word/document.xml"] if extension != "zip" else ["a.txt",
                    "b/c.txt"]:
                    z.writestr(zipfile.ZipInfo(member, (2025, 1, 1, 0, 0, 0)), "<?xml version=\"1.0\"?><x>"
                               + self.words(200) + "</x>")
            return name, TYPES[extension], out.getvalue()
        if extension in ("txt", "csv"):
            return name, TYPES[extension], self.words(size // 10 + 4).encode()
        return name, TYPES[extension], content if extension == "png" else content + self.random.randbytes(size)

    def b64(self, content, width=76, end="\r\n"):
        text = base64.b64encode(content).decode()
        return "".join(text[i:i + width] + end for i in range(0, len(text), width))

    def qp(self, text, charset="utf-8"):
        return quopri.encodestring(text.encode(charset).replace(b"\r\n", b"\n")).decode().replace("\n", "\r\n")

    def attachment(self, name=None):
        own, kind, content = self.file()
        name = name or f'"{own}"'
        return (f"Content-Type: {kind};\r\n\tname={name}\r\nContent-Transfer-Encoding: base64\r\n"
                f"Content-Disposition: attachment;\r\n\tfilename={name}\r\n\r\n" + self.b64(content))

    def text(self, body=None):
        return "Content-Type: text/plain; charset=us-ascii\r\n\r\n" + (body or self.words())

    def multi(self, kind, *entities, boundary=None, close=True, preamble="", epilogue="", **parameters):
        b = boundary or self.boundary()
        more = "".join(f";\r\n\t{k}=\"{v}\"" for k, v in parameters.items())
        return f"Content-Type: multipart/{kind}{more};\r\n\tboundary=\"{b}\"\r\n\r\n{preamble}" + "".join(
            f"--{b}\r\n{e}\r\n" for e in entities) + (f"--{b}--\r\n" if close else "") + epilogue

    def mime(self, entity, *more, **about):
        return self.header(*more, "MIME-Version: 1.0", **about) + entity

    def alternative(self):
        return self.multi("alternative", "Content-Type: text/plain; charset=\"UTF-8\"\r\n\r\n" + self.words(),
                          "Content-Type: text/html; charset=\"UTF-8\"\r\n"
                          "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + self.qp(self.html()))

    # Shapes.

    def plain(self):
        return self.header() + "\r\n" + self.words(200)

    def plain_signature(self):
        return self.mime(self.text(self.words()
                                   + "\r\n-- \r\nAda\r\n--\r\nMy own words\r\n--------------\r\n> --quoted line\r\n"
                                     "--- a/file\r\n+++ b/file\r\n"))

    def empty_body(self):
        return self.pick([self.header() + "\r\n", self.mime("Content-Type: text/plain\r\n\r\n"), self.header(),
                          self.mime(self.multi("mixed", "Content-Type: text/plain\r\n\r\n", self.attachment()))])

    def format_flowed(self):
        return self.mime(
            "Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + self.qp(self.words().replace("\r\n", " \r\n")))

    def list_footer_in_base64(self):
        """A mailing list appended its footer as plain text to a body in base64."""
        footer = "\r\n" + lines("_" * 47, "builders mailing list", "builders@lists.example.org",
                                "https://lists.example.org/mailman/listinfo/builders")
        return self.mime("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                         + self.b64(self.words().encode()) + footer,
                         "List-Id: <builders.lists.example.org>", "Precedence: list")

    def list_footer(self):
        footer = self.text(lines("_" * 47, "builders mailing list",
                                 "https://lists.example.org/mailman/listinfo/builders"))
        inner = self.pick([self.text(), self.alternative(), self.multi("mixed", self.text(), self.attachment())])
        return self.mime(self.multi("mixed", inner,
                                    footer.replace("us-ascii",
                                                   "us-ascii\r\nMIME-Version: 1.0\r\nContent-Disposition: inline")),
                         "List-Id: <builders.lists.example.org>")

    def newsletter(self):
        related = self.multi("related", self.alternative(),
                             *[f"Content-Type: image/png; name=\"image{i:03}.png\"\r\n"
                               f"Content-ID: <image{i}@example.org>\r\nContent-Transfer-Encoding: base64\r\n"
                                                              f"Content-Disposition: inline; filename=\"image{i:03}.png\"\r\n\r\n" + self.b64(PNG) for i in range(3)], type="multipart/alternative")
        return self.mime(related, "List-Unsubscribe: <https://www.example.org/u>, <mailto:u@example.org>",
                         "X-Mailer: bulk 1.0", "Precedence: bulk")

    def newsletter_long_lines(self):
        return self.mime("Content-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                         + self.html(400).replace("\r\n", " ") + "\r\n")

    def outlook(self):
        inner = self.multi("alternative",
                           "Content-Type: text/plain;\r\n\tcharset=\"us-ascii\"\r\nContent-Transfer-Encoding: 7bit\r\n"
                           "\r\n" + self.words(),
                           "Content-Type: text/html;\r\n\tcharset=\"us-ascii\"\r\n"
                           "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + self.qp(self.html()))
        return self.mime(self.multi("mixed", inner, self.attachment(),
                                    preamble="This is a multi-part message in MIME format.\r\n\r\n"),
                         "X-Mailer: Microsoft Outlook 16.0", "Thread-Index: AdE" + "A" * 20)

    def outlook_winmail(self):
        name, _, content = self.file()
        data = tnef((name.replace(" ", "_"), content), body=self.words().encode() + b"\0")
        return self.mime(self.multi("mixed", self.text(),
                                    "Content-Type: application/ms-tnef;\r\n\tname=\"winmail.dat\"\r\n"
                                    "Content-Transfer-Encoding: base64\r\n"
                                    "Content-Disposition: attachment;\r\n\tfilename=\"winmail.dat\"\r\n\r\n"
                                    + self.b64(data)), "X-MS-TNEF-Correlator: <1@example.org>")

    def outlook_express(self):
        """Names with blanks without quotes."""
        return self.mime(self.multi("mixed", self.text(),
                                    self.attachment(self.pick(["my photo.jpg", "letter to Ben.doc",
                                                               "the new table.xls"]))),
                         "X-Mailer: Microsoft Outlook Express 6.00.2900")

    def outlook_appointment(self):
        return self.mime(self.multi("alternative", self.text(),
                                    "Content-Type: text/calendar; charset=\"utf-8\"; method=REQUEST\r\n"
                                    "Content-Transfer-Encoding: base64\r\n\r\n" + self.b64(self.calendar())))

    def calendar(self):
        return lines("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example//EN", "METHOD:REQUEST", "BEGIN:VEVENT",
                     f"UID:{self.random.getrandbits(64):x}@example.org", "DTSTART:20251110T100000Z",
                     "DTEND:20251110T110000Z", "SUMMARY:The list", "ORGANIZER:mailto:ada@example.org", "END:VEVENT",
                     "END:VCALENDAR").encode()

    def gmail_appointment(self):
        inner = self.multi("alternative", self.text(), "Content-Type: text/html; charset=\"UTF-8\"\r\n\r\n"
                           + self.html(),
                           "Content-Type: text/calendar; charset=\"UTF-8\"; method=REQUEST\r\n"
                           "Content-Transfer-Encoding: 7bit\r\n\r\n" + self.calendar().decode())
        return self.mime(self.multi("mixed", inner,
                                    "Content-Type: application/ics; name=\"invite.ics\"\r\n"
                                    "Content-Disposition: attachment; filename=\"invite.ics\"\r\n"
                                    "Content-Transfer-Encoding: base64\r\n\r\n" + self.b64(self.calendar())))

    def apple_mail(self):
        return self.mime(
            self.multi("mixed", "Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain;\r\n"
                                "\tcharset=utf-8;\r\n\tdelsp=yes;\r\n\tformat=flowed\r\n\r\n" + self.qp(self.words()),
                                    "Content-Disposition: inline;\r\n"
                                    "\tfilename*=utf-8''Bildschirmfoto%202025%2D11%2D03.png\r\n"
                                    "Content-Type: image/png;\r\n\tx-unix-mode=0644;\r\n"
                                    "\tname=\"Bildschirmfoto 2025-11-03.png\"\r\n"
                                    "Content-Transfer-Encoding: base64\r\n\r\n" + self.b64(PNG),
                       "Content-Transfer-Encoding: 7bit\r\nContent-Type: text/plain;\r\n\tcharset=us-ascii\r\n\r\n\r\n"
                       "\r\n"),
                         "X-Mailer: Apple Mail (2.3731)", "Mime-Version: 1.0 (Mac OS X Mail 16.0 \\(3731\\))").replace(
            "\r\nMIME-Version: 1.0\r\n", "\r\n", 1)

    def apple_double(self):
        name, kind, content = self.file()
        resource = bytes.fromhex(
            "00051607000200004d6163204f5320582020202020202020") + b"\0\1" + b"\0\0\0\x09\0\0\0\x32\0\0\0\x20" + bytes(
            44)
        inner = self.multi("appledouble",
                           f"Content-Transfer-Encoding: base64\r\nContent-Type: application/applefile;\r\n"
                           f"\tname=\"{name}\"\r\nContent-Disposition: attachment;\r\n\tfilename=\"._{name}\"\r\n\r\n"
                           + self.b64(resource),
                           f"Content-Transfer-Encoding: base64\r\nContent-Type: {kind};\r\n"
                           f"\tx-mac-hide-extension=yes;\r\n\tname=\"{name}\"\r\nContent-Disposition: attachment;\r\n"
                           f"\tfilename=\"{name}\"\r\n\r\n" + self.b64(content))
        return self.mime(self.multi("mixed", self.text(), inner), "X-Mailer: Apple Mail (2.752.3)")

    def gmail(self):
        return self.mime(self.alternative(), "X-Gm-Message-State: AOJu0Y" + "x" * 50)

    def gmail_attachment(self):
        percent = "%E2%82%AC%20rates"
        name, kind, content = self.file()
        e = name.rsplit(".", 1)[1]
        return self.mime(self.multi("mixed", self.alternative(),
                                    f"Content-Type: {kind}; name=\"=?UTF-8?B?4oKsIHJhdGVz?=.{e}\"\r\n"
                                    f"Content-Disposition: attachment; filename*=UTF-8''{percent}.{e}\r\n"
                                    f"Content-Transfer-Encoding: base64\r\n"
                                    f"Content-ID: <f_m{self.random.getrandbits(40):x}>\r\nX-Attachment-Id: f_m1\r\n\r\n" + self.b64(content)))

    def long_name(self):
        """A long name in RFC 2231's continuations, as Thunderbird and mutt write."""
        _, _, content = self.file()
        text = "%C3%9Cbersicht%20der%20offenen%20Fragen%20und%20der%20Antworten%20vom%20letzten%20Montag.dat"
        pieces = [text[:48], text[48:]]
        return self.mime(self.multi("mixed", self.text(),
                                    "Content-Type: application/octet-stream;\r\n"
                                    " name=\"=?UTF-8?Q?=C3=9Cbersicht_der_offenen_Fragen_und_der_Antworten_?=\r\n"
                                    " =?UTF-8?Q?vom_letzten_Montag=2Edat?=\"\r\n"
                                    f"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment;\r\n"
                                    f" filename*0*=UTF-8''{pieces[0]};\r\n filename*1*={pieces[1]}\r\n\r\n"
                                    + self.b64(content)))

    def encoded_word_name(self):
        name = self.pick(["=?utf-8?B?w5xiZXJzaWNodC5wZGY=?=", "=?iso-8859-1?Q?=DCbersicht.pdf?=",
                          "=?windows-1251?B?4fPr6uguZG9j?=", "=?ISO-2022-JP?B?GyRCO3FOQRsoQi5wZGY=?="])
        return self.mime(self.multi("mixed", self.text(), self.attachment(f'"{name}"')))

    def thunderbird(self):
        return self.mime(
            self.multi("mixed", "Content-Type: text/plain; charset=UTF-8; format=flowed\r\n"
                                "Content-Transfer-Encoding: 7bit\r\n\r\n" + self.words(), self.attachment(),
                                    preamble="This is a multi-part message in MIME format.\r\n"),
                                    "User-Agent: Mozilla Thunderbird", "Content-Language: en-US")

    def mutt(self):
        return self.mime(
            self.multi("mixed", "Content-Type: text/plain; charset=us-ascii\r\nContent-Disposition: inline\r\n\r\n"
                       + self.words(), "Content-Type: text/x-diff; charset=us-ascii\r\n"
                                    "Content-Disposition: attachment; filename=\"fix.patch\"\r\n\r\n--- a/x.c\r\n+++ b/x.c\r\n@@ -1 +1 @@\r\n-old\r\n+new\r\n-- \r\n2.39.2\r\n"), "User-Agent: Mutt/2.2.12", "Content-Disposition: inline")

    def git_patch(self):
        return self.header() + "\r\n" + lines("From: Ada <ada@example.org>", "", "Open the door.", "---",
                                              " door.c | 2 +-", " 1 file changed", "", "diff --git a/door.c b/door.c",
                                              "--- a/door.c", "+++ b/door.c", "@@ -1,3 +1,3 @@", "-	shut();",
                                              "+	open();", "-- ", "2.43.0", "")

    def forwarded(self):
        return self.mime(self.multi("mixed", self.text(),
                                    "Content-Type: message/rfc822\r\n"
                                    "Content-Disposition: attachment; filename=\"the list.eml\"\r\n\r\n"
                                    + self.pick([self.plain, self.gmail, self.outlook])()))

    def forwarded_inline(self):
        return self.mime(self.text(self.words()
                                   + "\r\n-------- Forwarded Message --------\r\nSubject: the list\r\n"
                                     "Date: Mon, 3 Nov 2025\r\nFrom: Ada <ada@example.org>\r\nTo: Ben\r\n\r\n"
                                   + self.words()))

    def digest(self):
        messages = ["\r\n" + self.header() + "\r\n" + self.words() for _ in range(self.random.randint(1, 6))]
        return self.mime(self.multi("mixed", self.text(), self.multi("digest", *messages), self.text()),
                         "List-Id: <builders.lists.example.org>", subject="builders Digest, Vol 4, Issue 7")

    def bounce(self):
        """As Postfix, Exchange and others report."""
        report = lines("Reporting-MTA: dns; mx.example.net", "Arrival-Date: Mon,  3 Nov 2025 10:00:00 +0100", "",
                       "Final-Recipient: rfc822; ben@example.net", "Action: failed", "Status: 5.1.1",
                       "Diagnostic-Code: smtp; 550 5.1.1 <ben@example.net>: no such user")
        original = self.pick(
            [lambda: "Content-Description: Undelivered Message\r\nContent-Type: message/rfc822\r\n\r\n"
             + self.pick([self.plain, self.gmail, self.outlook])(),
                              lambda: "Content-Description: Undelivered Message Headers\r\nContent-Type: text/rfc822-headers\r\n\r\n" + self.header("MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=\"x\""),
                              lambda: "Content-Type: message/rfc822\r\n\r\n" + self.gmail()[:900],
             lambda: "Content-Type: message/global\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + self.plain()])()
        return self.mime(self.multi("report", "Content-Description: Notification\r\n" + self.text(),
                                    "Content-Description: Delivery report\r\nContent-Type: message/delivery-status\r\n"
                                    "\r\n" + report, original,
                                    **{"report-type": "delivery-status"},
                                    preamble="This is a MIME-encapsulated message.\r\n\r\n"),
                         "Auto-Submitted: auto-replied", subject="Undelivered Mail Returned to Sender")

    def bounce_text(self):
        """As qmail reports: the message in the text."""
        return self.header(
            subject="failure notice") + "\r\n" + "Hi. This is the qmail-send program at example.net.\r\n\r\n<ben@example.net>:\r\nno such user.\r\n\r\n" \
            "--- Below this line is a copy of the message.\r\n\r\nReturn-Path: <ada@example.org>\r\n" + self.plain()

    def receipt(self):
        report = lines("Reporting-UA: example.net; mail 1.0", "Final-Recipient: rfc822;ben@example.net",
                       "Original-Message-ID: <1@example.org>",
                       "Disposition: manual-action/MDN-sent-manually; displayed")
        return self.mime(self.multi("report", self.text(),
                                    "Content-Type: message/disposition-notification; name=\"MDNPart2.txt\"\r\n"
                                    "Content-Disposition: inline\r\nContent-Transfer-Encoding: 7bit\r\n\r\n" + report,
                                    **{"report-type": "disposition-notification"}), subject="Read: the list")

    def abuse_report(self):
        return self.mime(self.multi("report", self.text(),
                                    "Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1\r\n", "Content-Type: message/rfc822\r\n\r\n" + self.plain(),
                                    **{"report-type": "feedback-report"}))

    def dmarc_report(self):
        data = gz(b"<?xml version=\"1.0\"?><feedback>" + self.words(100).encode() + b"</feedback>")
        return self.mime(
            "Content-Type: application/gzip; name=\"example.org!example.net!1762128000!1762214399.xml.gz\"\r\n"
            "Content-Transfer-Encoding: base64\r\n"
                         "Content-Disposition: attachment; "
                         "filename=\"example.org!example.net!1762128000!1762214399.xml.gz\"\r\n\r\n" + self.b64(data))

    def smime_signed(self):
        inner = self.text("Signed words.\r\n")
        return self.mime(self.multi("signed", inner,
                                    "Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n"
                                    "Content-Transfer-Encoding: base64\r\n"
                                    "Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n" +
                                    self.b64(cms("detached", inner.encode())), protocol="application/pkcs7-signature",
                                    micalg="sha-256", preamble="This is an S/MIME signed message\r\n\r\n"))

    def pgp_signed(self):
        signature = "-----BEGIN PGP SIGNATURE-----\r\n\r\n" + self.b64(b"\x88\x75\x04\x00" + self.random.randbytes(115),
            64) + "=abcd\r\n-----END PGP SIGNATURE-----\r\n"
        return self.mime(self.multi("signed",
                                    self.pick([self.text(), self.multi("mixed", self.text(), self.attachment())]),
                                    "Content-Type: application/pgp-signature; name=\"OpenPGP_signature.asc\"\r\n"
                                    "Content-Description: OpenPGP digital signature\r\nContent-Disposition: attachment; filename=\"OpenPGP_signature\"\r\n\r\n" + signature, protocol="application/pgp-signature", micalg="pgp-sha512"))

    def pgp_key(self):
        key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n\r\n" + self.b64(b"\x98\x33\x04\x65"
            + self.random.randbytes(200), 64) + "=abcd\r\n-----END PGP PUBLIC KEY BLOCK-----\r\n"
        return self.mime(self.multi("mixed", self.text(),
                                    f"Content-Type: application/pgp-keys; "
                                    f"name=\"OpenPGP_0x{self.random.getrandbits(64):016X}.asc\"\r\n"
                                    f"Content-Disposition: attachment; filename=\"key.asc\"\r\n\r\n" + key))

    def foreign(self):
        charset = self.pick(FOREIGN)
        coded = ((FOREIGN[charset] + "\r\n") * 5).encode("cp874" if charset == "windows-874" else charset, "replace")
        how = self.pick(["base64", "quoted-printable", "8bit"])
        if how == "base64":
            body = self.b64(coded).encode()
        elif how == "8bit" or charset in ("iso-2022-jp", "utf-7"):
            how, body = "7bit" if charset in ("iso-2022-jp", "utf-7") else "8bit", coded
        else:
            body = quopri.encodestring(coded.replace(b"\r\n", b"\n")).replace(b"\n", CRLF)
        word = (f"=?{charset}?B?{base64.b64encode(coded[:24] if charset not in ('iso-2022-jp', 'utf-7') else 'OK'.encode()).decode()}?=")
        return self.header("MIME-Version: 1.0", f"Content-Type: text/plain; charset={charset}",
                           f"Content-Transfer-Encoding: {how}", subject=word).encode() + CRLF + body

    def foreign_html(self):
        charset = self.pick(["koi8-r", "gb2312", "big5", "euc-kr", "iso-2022-jp", "windows-1252", "windows-1256"])
        text = (f"<html><head><meta http-equiv=Content-Type content=\"text/html; "
                f"charset={charset}\"></head><body><p>{FOREIGN[charset]}</p></body></html>\r\n")
        return self.mime(f"Content-Type: text/html; charset=\"{charset}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                         + self.b64(text.encode(charset, "replace")))

    def header_8bit(self):
        return self.header(subject="SUBJECT").encode().replace(b"SUBJECT",
                                                               self.pick([b"Gr\xfc\xdfe", "Grüße".encode(), b"\xc4\xe0",
            "日本".encode("shift_jis")])) + b"MIME-Version: 1.0\r\n" + self.text().encode()

    def name_8bit(self):
        raw = self.pick([b"\xdcbersicht.pdf", "Übersicht.pdf".encode(), b"\xd1\xef\xe8\xf1\xee\xea.doc"])
        return self.mime(self.multi("mixed", self.text(), self.attachment('"NAME"'))).encode().replace(b"NAME", raw)

    def no_final_boundary(self):
        return self.mime(self.multi("mixed", self.text(), self.attachment(), close=False))

    def no_final_inner_boundary(self):
        b = self.boundary()
        inner = (f"Content-Type: multipart/alternative; boundary=\"{b}\"\r\n\r\n--{b}\r\n{self.text()}\r\n--{b}\r\n"
                 f"Content-Type: text/html\r\n\r\n{self.html()}\r\n")
        return self.mime(self.multi("mixed", inner, self.attachment()))

    def related_boundaries(self):
        """Boundaries of which one begins like the other, as many programs number them."""
        b = f"----=_Part_{self.random.getrandbits(20)}"
        inner = self.multi("alternative", self.text(), "Content-Type: text/html\r\n\r\n" + self.html(),
                           boundary=b + "_1")
        return self.mime(self.multi("mixed", inner, self.attachment(), boundary=b))

    def lf_only(self):
        message = self.pick([self.plain, self.gmail, self.outlook, self.thunderbird, self.bounce, self.mutt,
                             self.digest, self.list_footer, self.outlook_winmail])()
        return message.replace("\r\n", "\n")

    def uuencoded(self):
        import binascii
        _, _, content = self.file()
        text = [binascii.b2a_uu(content[i:i + 45]).decode().rstrip("\n") for i in range(0, len(content), 45)]
        return self.header() + "\r\n" + self.words() + "\r\n" + lines("begin 644 data.dat", *text, "`", "end") + "\r\n"

    def script(self):
        """Cron, a shop, a form: programs that write little."""
        return self.pick(
            [lambda: f"From: root\r\nTo: root\r\nSubject: Cron <root@host> run-parts\r\nX-Cron-Env: <SHELL=/bin/sh>\r\n"
                     f"\r\n{self.words()}",
                          lambda: self.header("Content-Type: text/html; charset=UTF-8") + "\r\n" + self.html(),
             lambda: self.header("MIME-Version: 1.0", "Content-type: text/html") + "\r\n" + self.html(),
                          lambda: self.header("Content-Type: text/plain;charset=UTF-8",
                                              "Content-Transfer-Encoding: 8bit", "MIME-Version: 1.0",
                                              "X-PHP-Originating-Script: 0:mail.php") + "\r\n" + self.words(),
                          lambda: "Subject: test\n\nhello\n"])()

    def php_mailer(self):
        b = f"b1_{self.random.getrandbits(128):032x}"
        return self.header("X-Mailer: PHPMailer 6.8", "MIME-Version: 1.0",
                           f"Content-Type: multipart/mixed;\r\n boundary=\"{b}\"") + "Content-Transfer-Encoding: 8bit\r\n\r\nThis is a multi-part message in MIME format.\r\n\r\n" + \
            f"--{b}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{self.b64(self.html().encode())}\r\n\r\n--{b}\r\n{self.attachment()}\r\n\r\n--{b}--\r\n"

    def sms_and_fax(self):
        return self.mime(self.multi("mixed", self.text(),
                                    "Content-Type: image/tiff; name=\"fax.tif\"\r\n"
                                    "Content-Transfer-Encoding: base64\r\n"
                                    "Content-Disposition: attachment; filename=fax.tif\r\n\r\n" +
                                    self.b64(b"II*\0\x08\0\0\0" + self.random.randbytes(300)), epilogue="\r\n\r\n"))

    def voice(self):
        return self.mime(self.multi("voice-message",
                                    "Content-Type: audio/wav; name=\"message.wav\"\r\n"
                                    "Content-Transfer-Encoding: base64\r\n"
                                    "Content-Disposition: inline; voice=Voice-Message; filename=message.wav\r\n\r\n" +
                                    self.b64(b"RIFF\x24\x08\0\0WAVEfmt " + self.random.randbytes(200))))

    def exchange(self):
        return self.mime(self.multi("related",
                                    self.multi("alternative",
                                               "Content-Type: text/plain; charset=\"iso-8859-1\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + self.qp("Grüße\r\n" + self.words(), "iso-8859-1"),
                                                          "Content-Type: text/html; charset=\"iso-8859-1\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + self.qp(self.html(), "iso-8859-1")),
                                    "Content-Type: image/png; name=\"image001.png\"\r\n"
                                    "Content-Description: image001.png\r\n"
                                    "Content-Disposition: inline; filename=\"image001.png\"; size=69;\r\n"
                                    "\tcreation-date=\"Mon, 03 Nov 2025 09:00:00 GMT\";\r\n"
                                    "\tmodification-date=\"Mon, 03 Nov 2025 09:00:00 GMT\"\r\n"
                                    "Content-ID: <image001.png@01DC4CBE.12345678>\r\n"
                                    "Content-Transfer-Encoding: base64\r\n\r\n" + self.b64(PNG),
                                    type="multipart/alternative"), "Content-Language: en-US", "X-MS-Has-Attach: yes",
                         "X-MS-TNEF-Correlator:", "x-ms-exchange-antispam: x" * 40)

    def inline_data(self):
        picture = base64.b64encode(PNG).decode()
        return self.mime(
            "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
            + self.qp(f"<html><body><img src=\"data:image/png;base64,{picture}\">{self.words()}</body></html>\r\n"))

    def contact_card(self):
        return self.mime(self.multi("mixed", self.text(),
                                    "Content-Type: text/x-vcard; charset=utf-8;\r\n name=\"ada.vcf\"\r\n"
                                    "Content-Transfer-Encoding: 7bit\r\nContent-Disposition: attachment;\r\n"
                                    " filename=\"ada.vcf\"\r\n\r\n" +
                                    lines("begin:vcard", "fn:Ada Lovelace", "n:Lovelace;Ada",
                                          "email;internet:ada@example.org", "version:2.1", "end:vcard", "")))

    def quoted_mail(self):
        return self.mime(self.text("".join(f"{'>' * self.random.randint(1, 4)} {line}\r\n"
                                           for line in self.words(80).split("\r\n"))
                                   + "\r\nbegin with the end\r\nFrom here on\r\n>From there\r\n=3D\r\n"))

    def text_as_base64(self):
        width = self.pick([60, 64, 72, 76, 998])
        return self.mime("Content-Type: text/plain; charset=\"utf-8\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                         + self.b64(self.words(300).encode(), width) + self.pick(["", "\r\n", "\r\n\r\n"]))

    def lone_attachment(self):
        return self.mime(self.attachment())

    def many_attachments(self):
        return self.mime(self.multi("mixed", self.text(),
                                    *[self.attachment() for _ in range(self.random.randint(3, 8))]))

    def encrypted_note(self):
        """What an ordinary reader keeps of encrypted mail: the words around it."""
        return self.mime(self.text(self.words()
                                   + "\r\nMy key is below, my last letter began with\r\n"
                                     "> -----BEGIN PGP SIGNED MESSAGE-----\r\n"))


SHAPES = [name for name, value in vars(Maker).items() if callable(value) and not name.startswith("_") and name not in
          ("pick", "words", "html", "boundary", "header", "file", "b64", "qp", "attachment", "text", "multi", "mime",
           "alternative", "calendar")]


def messages():
    """[(shape, bytes)…], each shape as often as the others."""
    made = []
    for n in range(MESSAGES):
        shape = SHAPES[n % len(SHAPES)]
        message = getattr(Maker(n), shape)()
        made.append((shape, message if isinstance(message, bytes) else message.encode("utf-8")))
    return made
