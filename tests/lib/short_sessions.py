"""Short sessions of SMTP, LMTP, POP3 and IMAP, of new mail by IMAP, and of who looks
after gatepost, that between them enter every step, before
one gatepost that stands before five servers, TLS on either side. A session that
breaks off is begun again, as clients do, until all in it is done; then check() says
whether anything that was acknowledged is missing, or passed that must not.

    estate = Estate(t, prefix)
    visit = estate.visit("smtp")
    while not visit.attempt(): …
    visit.check()"""

import base64
import collections
import contextlib
import hashlib
import http.client
import os
import re
import sqlite3
import subprocess

from gatepost_test import GATEPOST, PATIENCE, Gatepost, expect, expect_equal, free_port, standard_config
from imap_client import ImapClient
from imap_upstream import CAPABILITIES, Mailbox
from pop3_client import Pop3Client, Refused
from pop3_upstream import Maildrop
from readings.payload import EICAR
from smtp_client import Client, dot_stuffed
from smtp_upstream import KEYWORDS

RULES = r"""rules:
- { name: EICAR, when: { signature: { text: 'X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*' } }, then: reject, reply: "554 5.7.1 no" }
- { name: TAG, when: { header: { name: Subject, matches: '/please tag/' } }, then: tag }
- { name: QUARANTINE, when: { header: { name: Subject, matches: '/please quarantine/' } }, then: quarantine }
- { name: DEFER, when: { header: { name: Subject, matches: '/please defer/' } }, then: defer }
- { name: STRIP, when: { attachment: { extension: [exe] } }, then: strip }
"""
PROTOCOLS = {"smtp": "SMTP", "pop3": "POP3", "imap": "IMAP", "news": "IMAP, new mail",
             "orders": "orders and metrics"}
WITHHELD = ("virus", "program", "quarantine")  # from readers
TEXT = b"good day"
PROGRAM = base64.b64encode(b"MZ\x90\0\x03\0\0\0 this program is none")
WORDS = {"clean": b"hello", "chunks": b"hello", "tag": b"please tag", "quarantine": b"please quarantine",
         "defer": b"please defer", "virus": b"a virus", "program": b"a program", "large": b"large", "huge": b"please tag"}
# Octets of text in these; a large one goes between processes as a memfd, a huge one as a file.
SIZES = {"large": 70_000, "huge": 100_000}
FILLER = b"x" * 78 + b"\r\n"
SPOOL_MEMORY = 80_000
TOKEN = re.compile(rb"(?:token|probe)-\d+-(?:([a-z]+)-)?end")
HEAD = 1000  # octets of a message in which its token stands
TEMPORARY = (AssertionError, OSError)  # what a client meets that tries again


class Wrong(Exception):
    """What no client should meet: no answer, or one that is final and not deserved."""


def message(kind, token):
    head = (b"From: sender@example.org\r\nTo: user@example.org\r\nDate: Mon, 3 Nov 2025 10:00:00 +0100\r\n"
            b"MIME-Version: 1.0\r\nSubject: " + WORDS[kind] + b"\r\nX-Token: " + token + b"\r\n")
    if kind == "program":
        return head + (b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nthe text\r\n--b\r\n'
                       b'Content-Type: application/octet-stream; name="run.exe"\r\n'
                       b"Content-Transfer-Encoding: base64\r\n\r\n" + PROGRAM + b"\r\n--b--\r\n")
    return head + b"\r\n" + (EICAR if kind == "virus" else TEXT) + b"\r\n" + FILLER * (SIZES.get(kind, 0) // len(FILLER))


def expect_scanned(kind, octets):
    """What the scan does to a message of this kind was done to these octets."""
    expect(EICAR not in octets and PROGRAM not in octets, "passed unscanned", kind, octets)
    if kind in ("tag", "huge"):
        expect(b"X-Spam-Flag: YES" in octets, "passed without its tag", octets)


def expect_whole(kind, octets, sent):
    """Nothing else was done to them, and nothing is missing."""
    if kind in ("clean", "chunks", "large"):
        expect(octets == sent, "changed", kind, octets)
    elif kind in ("tag", "huge"):
        expect(octets.endswith(sent[sent.index(b"X-Token: "):]), "not whole", kind, octets)
    elif kind == "program":
        expect(b"\r\nthe text\r\n" in octets and octets.endswith(b"\r\n--b--\r\n"), "not whole", kind, octets)


class Visit:
    """What one client has to do. attempt() does what is left of it, by one connection;
    False when it broke off."""

    def __init__(self, estate, number):
        self.estate, self.number = estate, number
        self.failures, self.connections = [], 0

    def token(self, kind):
        return f"token-{self.number:06}-{kind}-end".encode()

    def message(self, kind):
        return message(kind, self.token(kind))

    def attempt(self):
        with contextlib.ExitStack() as stack:
            try:
                self.attend(stack)
            except TimeoutError as error:
                raise Wrong("neither an answer nor a closed connection") from error
            except TEMPORARY as error:
                self.failures.append(error)
                return False
        return True

    def expect_kept(self, kind, shown):
        """What a reader is shown a notice for."""
        if kind in WITHHELD:
            expect(TEXT not in shown or kind == "program", "shown, though it is in quarantine", kind, shown)
            expect(self.estate.has_kept(self.message(kind)), "shown a notice, and not in quarantine", kind)

    def connected(self, stack, kind, index, **options):
        client = kind(self.estate.gatepost.address_of(index), PATIENCE, **options)
        self.connections += 1
        stack.callback(client.close)
        return client


class StrictClient(Client):
    def reply(self):
        reply = super().reply()
        if reply.code >= 500 and not (reply.code == 554 and reply.text == "5.7.1 no"):
            raise Wrong(f"a final refusal: {reply}")
        return reply


class SmtpVisit(Visit):
    ANSWERS = {"clean": 250, "tag": 250, "quarantine": 250, "virus": 554, "defer": 451, "chunks": 250, "program": 250,
               "large": 250, "huge": 250}

    def __init__(self, estate, number):
        super().__init__(estate, number)
        self.left, self.kept = list(self.ANSWERS), []

    def attend(self, stack):
        client = self.connected(stack, StrictClient, 0)
        client.greet()
        client.starttls(self.estate.client_context)
        client.ehlo()
        assert client.command("AUTH PLAIN").code == 334
        assert client.command(base64.b64encode(b"\0user\0secret").decode()).code == 235
        while self.left:
            self.deliver_next(client)
        client.quit()

    def deliver_next(self, client):
        kind = self.left[0]
        reply = self.deliver(client, kind)
        if reply.code // 100 == 2 and self.ANSWERS[kind] != 250:
            raise Wrong(f"{kind} was accepted: {reply}")
        assert reply.code == self.ANSWERS[kind], reply
        self.left.remove(kind)
        self.kept.append(kind)

    def deliver(self, client, kind):
        octets = self.message(kind)
        if kind != "chunks":
            return client.deliver(octets)
        for reply in client.envelope():
            if reply.code != 250:
                return reply
        client.send(b"BDAT 10\r\n" + octets[:10])
        reply = client.reply()
        if reply.code != 250:
            return reply
        client.send(b"BDAT %d LAST\r\n" % (len(octets) - 10) + octets[10:])
        return client.reply()

    def check(self):
        for kind in self.kept:
            if kind == "quarantine":
                expect(self.estate.has_kept(self.message(kind)), "acknowledged, and not in quarantine", kind)
            elif self.ANSWERS[kind] == 250:
                expect(self.arrived(kind), "acknowledged, and not at the upstream", kind)
        for kind in self.ANSWERS:
            for found in self.arrived(kind):
                expect_whole(kind, found.data, self.message(kind))

    def arrived(self, kind):
        return self.estate.arrived(self.token(kind))


class LmtpVisit(SmtpVisit):
    """As mail servers among themselves: TLS from the first octet, two recipients, of
    whom each has his answer, and nothing is waited for that can be said before."""

    ANSWERS = {"clean": 250, "chunks": 250, "quarantine": 250, "virus": 554, "tag": 250}
    ENVELOPE = b"MAIL FROM:<sender@example.org>\r\nRCPT TO:<one@example.org>\r\nRCPT TO:<two@example.org>\r\n"

    def attend(self, stack):
        client = self.connected(stack, StrictClient, 4, tls=self.estate.client_context)
        client.greet("LHLO")
        while self.left:
            self.deliver_next(client)
        client.quit()

    def deliver(self, client, kind):
        octets = self.message(kind)
        client.send(self.ENVELOPE + (b"BDAT %d LAST\r\n" % len(octets) + octets + b"NOOP\r\n" if kind == "chunks" else b"DATA\r\n"))
        for reply in client.replies(3):
            if reply.code != 250:
                return reply
        if kind != "chunks" and (reply := client.reply()).code != 354:
            return reply
        if kind != "chunks":
            client.send(dot_stuffed(octets) + b"NOOP\r\n")
        first, second, noop = client.replies(3)
        assert (first.code, noop.code) == (second.code, 250), (first, second, noop)
        return first

    def check(self):
        super().check()
        for kind in self.ANSWERS:
            for found in self.arrived(kind):
                expect(len(found.recipients) == 2, "a recipient is missing", kind, found)


class StrictPop3Client(Pop3Client):
    def reply(self):
        status = super().reply()
        if status.word == b"-ERR" and not status.text.startswith(("[SYS/TEMP] ", "[IN-USE] ")):
            raise Wrong(f"a refusal that is not temporary: {status}")
        return status


class Pop3Visit(Visit):
    KINDS = ("clean", "tag", "virus", "program", "quarantine", "large", "huge")

    def __init__(self, estate, number):
        super().__init__(estate, number)
        self.sent = {kind: self.message(kind) for kind in self.KINDS}
        estate.pop.maildrop = self.drop = Maildrop({f"u{number:06}-{kind}": octets for kind, octets in self.sent.items()})
        self.got, self.quits = {}, 0

    def attend(self, stack):
        client = self.connected(stack, StrictPop3Client, 1)
        assert client.reply().ok
        client.capabilities()
        client.stls(self.estate.client_context)
        client.send(b"AUTH PLAIN\r\n")
        assert client.reply().word == b"+"
        status = client.command(base64.b64encode(b"\0user\0secret").decode())
        assert status.ok, status
        client.lines("LANG")
        if len(client.uids()) < len(self.KINDS) and self.quits:
            return  # what was deleted is gone: the session before was answered too late
        sizes = client.sizes()
        for number, kind in enumerate(self.KINDS, 1):
            octets = client.retrieve(number)
            expect(len(octets) == sizes[number], "LIST told another size", kind, sizes[number], octets)
            self.got[kind] = octets
        client.ok("DELE 1")
        self.quits += 1
        client.quit()

    def check(self):
        for kind, octets in self.got.items():
            expect_scanned(kind, octets)
            expect_whole(kind, octets, self.sent[kind])
            self.expect_kept(kind, octets)
        gone = [uid for uid in self.drop.gone if not uid.endswith("-clean")]
        expect(not gone and (self.quits or not self.drop.gone), "deleted, and nobody wanted it", self.drop.gone)


class ImapVisit(Visit):
    KINDS = ("clean", "tag", "virus", "program", "quarantine", "large", "huge")

    def __init__(self, estate, number):
        super().__init__(estate, number)
        self.sent = [self.message(kind) for kind in self.KINDS]
        estate.imap.mailbox = self.box = Mailbox(self.sent, first_uid=number * 10 + 1, uidvalidity=number + 1)
        self.got, self.appended = {}, []

    def attend(self, stack):
        client = self.connected(stack, ImapClient, 2)
        client.greet()
        client.starttls(self.estate.client_context)
        tag = client.begin("AUTHENTICATE PLAIN")
        assert client.response().tag == b"+"
        client.send(base64.b64encode(b"\0user\0secret") + b"\r\n")
        assert client.answer(tag).ok
        client.ok("LIST \"\" {1+}\r\n*")
        client.send(b"x LIST \"\" {65540+}\r\n" + b"y" * 65540 + b"\r\n")
        assert not client.answer(b"x").ok
        client.ok("SELECT INBOX")
        client.ok("FETCH 1:* (UID ENVELOPE)")
        client.ok("FETCH 1 (BODY.PEEK[HEADER.FIELDS (DATE)])")
        for number, kind in enumerate(self.KINDS, 1):
            self.got[kind] = client.fetch(number)
        self.fetch_saved(client)
        self.idle(client)
        self.append(client)
        client.logout()
        self.be_left(self.connected(stack, ImapClient, 2))

    @staticmethod
    def be_left(client):
        """By the server, which closes at NOOP."""
        client.greet()
        client.begin("NOOP")
        client.responses_until_closed()

    def fetch_saved(self, client):
        client.ok(f"SEARCH RETURN (SAVE) {self.KINDS.index('virus') + 1}")
        expect_equal(client.fetch("$"), self.got["virus"], "what $ brings")

    @staticmethod
    def idle(client):
        tag = client.begin("IDLE")
        assert client.response().tag == b"+"
        client.send(b"DONE\r\n")
        assert client.answer(tag).ok

    def append(self, client):
        octets = message("clean", self.token("appended"))
        status = client.append(octets)
        assert status.ok, status
        self.appended.append(octets)
        refused = client.append(message("virus", self.token("virus")))
        assert not refused.ok, refused
        tag = client.begin(b"APPEND INBOX {1+}\r\nx {1+}\r\ny")
        assert not client.answer(tag).ok
        assert b"UNAVAILABLE" not in refused.text, refused

    def check(self):
        for kind, octets in self.got.items():
            expect(EICAR not in octets and PROGRAM not in octets, "passed unscanned", kind, octets)
            sent = self.sent[self.KINDS.index(kind)]
            expect(len(octets) == len(sent) and (kind in WITHHELD or octets == sent), "changed", kind, octets)
            self.expect_kept(kind, octets)
        for octets in self.appended:
            expect(octets in self.box.appended, "acknowledged, and not in the mailbox", octets)
        expect(not any(EICAR in octets for octets in self.box.appended), "passed unscanned")


class NewsVisit(Visit):
    """Mail comes while the client idles: it is judged before it is told, and shown
    rewritten; spam is moved. What could not be judged is there for the next attempt."""

    KINDS = ("clean", "program", "virus", "quarantine", "tag")
    SHOWN = ("old", "clean", "program", "virus", "quarantine")

    def __init__(self, estate, number):
        super().__init__(estate, number)
        self.sent = {"old": message("clean", self.token("old")), **{kind: self.message(kind) for kind in self.KINDS}}
        uid = number * 10 + 1
        estate.news.mailbox = self.box = Mailbox([self.sent["old"]], uid, number + 1, uid + 1)
        self.box.coming = [self.sent[kind] for kind in self.KINDS]
        self.got, self.appended = {}, []

    def attend(self, stack):
        client = self.connected(stack, ImapClient, 3)
        client.greet()
        client.starttls(self.estate.client_context)
        client.ok("LOGIN user secret")
        client.compress()
        client.ok("SELECT INBOX")
        tag = client.begin("IDLE")
        assert client.response().tag == b"+"
        while (response := client.response()).raw != STILL_HERE:
            assert response.tag == b"*", response
        client.send(b"DONE\r\n")
        assert client.answer(tag).ok
        for response in client.ok("FETCH 1:* (UID BODY.PEEK[])").data:
            for octets in response.literals:
                self.take(octets)
        assert set(self.SHOWN) <= set(self.got), sorted(self.got)
        self.append(client)
        client.logout()

    def append(self, client):
        """Two messages at once: both, or neither."""
        first, second, virus = (message(kind, self.token(name)) for kind, name in
                                (("clean", "first"), ("clean", "second"), ("virus", "third")))
        assert self.append_both(client, first, second).ok
        self.appended += [first, second]
        refused = self.append_both(client, message("clean", self.token("fourth")), virus)
        assert b"UNAVAILABLE" not in refused.text, refused
        if refused.ok:
            raise Wrong(f"a virus was appended: {refused}")

    @staticmethod
    def append_both(client, first, second):
        tag = client.begin(b"APPEND INBOX {%d+}\r\n" % len(first) + first + b" {%d+}\r\n" % len(second) + second)
        return client.answer(tag).status

    def take(self, octets):
        kinds = [kind for kind in self.sent if self.token(kind) in octets]
        expect(len(kinds) == 1, "which message is that?", octets)
        self.got[kinds[0]] = octets

    def check(self):
        for kind, octets in self.got.items():
            expect(EICAR not in octets and PROGRAM not in octets, "passed unscanned", kind, octets)
            if kind in ("old", "clean"):
                expect(octets == self.sent[kind], "changed", kind, octets)
            self.expect_kept(kind, octets)
        for octets in self.appended:
            expect(octets in self.box.appended, "acknowledged, and not in the mailbox", octets)
        named = b"".join(self.box.appended)
        expect(EICAR not in named and self.token("fourth") not in named, "passed, and its neighbour was refused")
        there = sorted(m[1] for m in self.box.messages + self.box.moved)
        expect(there == sorted(self.sent.values()), "lost, or twice", len(there))
        expect(all(m[1] == self.sent["tag"] for m in self.box.moved), "moved, and no spam", self.box.moved)


NAMED_BY_LITERAL = b"* 1 FETCH (BODY[HEADER.FIELDS ({4}\r\nDATE)] {2}\r\n\r\n)\r\n%s OK done\r\n"
STILL_HERE = b"* OK Still here"


def idle_with_news(session, _):
    """What comes is told; once gatepost idles again, it has done what it can."""
    box = session.box
    coming, box.coming = box.coming, []
    box.deliver(coming)
    return b"+ idling\r\n" + (b"* %d EXISTS\r\n" % len(box.messages) if coming else STILL_HERE + b"\r\n")


class OrdersVisit(Visit):
    """Who looks after gatepost has a message removed from quarantine, and reads the
    metrics; these of a process of their own, for libevent's HTTP server does not hold
    out without memory."""

    def __init__(self, estate, number):
        super().__init__(estate, number)
        self.id, self.removed = None, False

    def attend(self, stack):
        if self.id is None:
            client = self.connected(stack, StrictClient, 0)
            client.greet()
            reply = client.deliver(self.message("quarantine"))
            assert reply.code == 250, reply
            self.id = reply.text.split()[-1]
            expect(self.files(), "acknowledged, and not in quarantine", self.id)
        if not self.removed:
            order = subprocess.run([GATEPOST, "quarantine", "delete", "-c", self.estate.gatepost.file, self.id],
                                   capture_output=True, check=False, timeout=PATIENCE)
            # The one before may have been carried out, and its answer lost.
            self.removed = order.returncode == 0 or b"no message" in order.stderr
            assert self.removed, order
        if not self.estate.single:
            for path in ("/metrics", "/healthz"):
                self.ask(stack, path)
            code, text = self.estate.gatepost.ctl("metrics")
            assert code == 0, text
            expect("\ngatepost_process_ready" in text, "a part of the metrics", text)

    def ask(self, stack, path):
        connection = http.client.HTTPConnection(*self.estate.metrics, timeout=PATIENCE)
        stack.callback(connection.close)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            assert response.status == 200 and response.read(), response.status
        except http.client.HTTPException as error:
            raise OSError("no answer") from error

    def files(self):
        folder = os.path.join(self.estate.folder, "quarantine", "messages")
        return [name for _, _, names in os.walk(folder) for name in names if self.id in name]

    def check(self):
        expect(self.removed and not self.files(), "removed, and still there", self.id)


VISITS = {"smtp": SmtpVisit, "lmtp": LmtpVisit, "pop3": Pop3Visit, "imap": ImapVisit, "news": NewsVisit, "orders": OrdersVisit}


class Estate:
    """Five servers and the gatepost before them."""

    def __init__(self, t, environment, single=False, log="debug"):
        tls = {"tls": "starttls", "context": t.certificates.server_context()}
        self.t, self.environment, self.single, self.visits = t, environment, single, 0
        self.mta = t.upstream(keywords=[*KEYWORDS, "XCLIENT ADDR", "AUTH PLAIN"], **tls)
        self.pop = t.pop3_upstream(**tls)
        self.imap = t.imap_upstream(envelope_literals=True, replies={
            "LIST": b'* LIST () "/" {5}\r\nINBOX\r\n%s OK done\r\n', "NOOP": lambda s, line: s.close(), "FETCH": lambda s, line: NAMED_BY_LITERAL if b"FIELDS" in line else s.usual}, **tls)
        self.lmtp = t.upstream(lmtp=True, tls="implicit", context=tls["context"])
        self.news = t.imap_upstream(capabilities=[*CAPABILITIES, "COMPRESS=DEFLATE", "MULTIAPPEND"], replies={
            "LIST": b'* LIST () "/" Junk\r\n%s OK done\r\n', "IDLE": idle_with_news}, **tls)
        self.client_context = t.certificates.client_context()
        self.metrics = ("127.0.0.1", free_port())
        self.kept = {}  # the quarantine's files by their names
        self.at_upstream, self.taken = collections.defaultdict(list), {self.mta: 0, self.lmtp: 0}  # by tokens; how many so far
        self.folder, self.config = t.folder(), self.configuration(log)
        self.gatepost = self.start()

    def configuration(self, log):
        config = standard_config(self.mta.address, free_port())
        secure = {"mode": "starttls", "verify": "none"}
        listener = config["listeners"][0]
        listener["tls"] = self.t.certificates.yaml(mode="starttls")
        for name, protocol, policy in (("pop3", "pop3", "inbound"), ("imap", "imap", "inbound"), ("news", "imap", "news")):
            config["listeners"].append({**listener, "name": name, "protocol": protocol, "upstream": name, "policy": policy,
                                        "address": f"127.0.0.1:{free_port()}"})
        config["policies"]["news"] = {**config["policies"]["inbound"], "layout": "rewrite", "spam": "move"}
        config["listeners"].append({**listener, "name": "lmtp", "protocol": "lmtp", "upstream": "lmtp",
                                    "tls": self.t.certificates.yaml(mode="implicit"), "address": f"127.0.0.1:{free_port()}"})
        for name, server in (("mta", self.mta), ("pop3", self.pop), ("imap", self.imap), ("news", self.news)):
            config["upstreams"][name] = {"address": "localhost:%d" % server.address[1], "tls": secure, "rest": "0s"}
        config["upstreams"]["lmtp"] = {**config["upstreams"]["mta"], "address": "localhost:%d" % self.lmtp.address[1],
                                       "tls": {"mode": "implicit", "verify": "none"}}
        config["upstreams"]["mta"]["xclient"] = True
        config["limits"] = {"spool_memory": SPOOL_MEMORY}
        config["run"] = {"proxies": 1, "scanners": 1}
        config["metrics"] = {"address": "%s:%d" % self.metrics}
        config["log"]["level"] = log
        return config

    def start(self, wait=True):
        """A gatepost in the same folder as those before."""
        assignments = [f"{name}={value}" for name, value in self.environment.items()]
        gatepost = Gatepost(self.folder, self.config, RULES, self.single, ["env", *assignments])
        self.t.gateposts.append(gatepost)
        self.t.callback(self.t.stop_gatepost, gatepost, False)
        return gatepost.wait_ready() if wait else gatepost

    def quarantine(self):
        """{name: octets} of the files in it, each read once."""
        there = {}
        for folder, _, names in os.walk(os.path.join(self.folder, "quarantine", "messages")):
            for name in names:
                if name in self.kept:
                    there[name] = self.kept[name]
                    continue
                with contextlib.suppress(FileNotFoundError), open(os.path.join(folder, name), "rb") as f:
                    there[name] = f.read()
        self.kept = there
        return there

    def has_kept(self, octets):
        """Whether a message is in quarantine, octet by octet."""
        return octets in self.quarantine().values()

    def arrived(self, token):
        """Of all that came to the servers of SMTP and LMTP, the messages with this token.
        Whoever sent it, and whatever became of that: nothing comes there unscanned."""
        for server, count in self.taken.items():
            for found in server.messages[count:]:
                about = TOKEN.search(found.data[:HEAD])
                expect(about, "the beginning is missing", found)
                expect(about[1] and about[1] not in (b"virus", b"quarantine", b"defer"), "passed unscanned", found)
                expect_scanned(about[1].decode(), found.data)
                self.at_upstream[about[0]].append(found)
                self.taken[server] += 1
        return self.at_upstream[token]

    def visit(self, protocol):
        self.visits += 1
        return VISITS[protocol](self, self.visits)

    def expect_sound(self):
        """The files of the keeper are whole."""
        for name in ("index.db", "views.db"):
            path = os.path.join(self.folder, "quarantine", name)
            if os.path.exists(path):
                with contextlib.closing(sqlite3.connect(path)) as db:
                    expect(db.execute("PRAGMA integrity_check").fetchall() == [("ok",)], "not whole", name)
                    expect(not db.execute("PRAGMA foreign_key_check").fetchall(), "rows that belong to none", name)

    def expect_agreed(self):
        """Once gatepost has ended: quarantine has a row for each file, of that very file,
        and nothing that was begun is left; and nothing has passed meanwhile."""
        self.expect_sound()
        self.arrived(b"")
        folder = os.path.join(self.folder, "quarantine")
        files = {name: hashlib.sha256(octets).hexdigest() for name, octets in self.quarantine().items()}
        with contextlib.closing(sqlite3.connect(os.path.join(folder, "index.db"))) as db:
            rows = {name + ".eml": digest for name, digest in db.execute("SELECT id, sha256 FROM message")}
        expect(rows == files, "rows and files that differ", sorted(set(rows.items()) ^ set(files.items())))
        expect(not os.listdir(os.path.join(folder, "incoming")), "left", os.listdir(os.path.join(folder, "incoming")))
