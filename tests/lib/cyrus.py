"""A Cyrus of our own: its configuration, sockets and mail in one folder, IMAP on
free ports, with and without TLS. Users are those who have mail; the password of
each is SECRET. It has to be started by root, and is ended by its pid. Debian's
imapd conflicts with Dovecot's, so that tools/setup unpacks it instead of
installing it."""

import atexit
import contextlib
import imaplib
import itertools
import os
import pwd
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

from dovecot import SECRET
from gatepost_test import PATIENCE, Failure, Skip, expect, free_port
from imap_reader import ImapReader

MASTER = "/usr/lib/cyrus/bin/master"
UNPACKED = "/usr/local/lib/gatepost-check/cyrus-imapd/usr/lib/cyrus/bin"
OWNER = "nobody"

IMAPD = """\
configdirectory: {folder}/config
partition-default: {folder}/mail
proc_path: {folder}/config/proc
mboxname_lockpath: {folder}/config/lock
cyrus_user: {owner}
cyrus_group: nogroup
admins: admin
servername: localhost
allowplaintext: yes
sasl_pwcheck_method: saslauthd
sasl_saslauthd_path: {folder}/passwords
sasl_mech_list: PLAIN LOGIN
tls_server_cert: {certificate}
tls_server_key: {key}
unixhierarchysep: yes
virtdomains: off
conversations: yes
autocreate_quota: 1000000
skiplist_unsafe: yes
imapidlepoll: 1
"""

SERVICES = """\
START {{
}}
SERVICES {{
  imap cmd="{imapd}" listen="127.0.0.1:{imap}" prefork=0 maxforkrate=1000
  imaps cmd="{imapd} -s" listen="127.0.0.1:{imaps}" prefork=0 maxforkrate=1000
}}
DAEMON {{
  idled cmd="{folder}/idled"
}}
"""

# The first that is started once all listen.
IDLED = """\
#!/bin/sh
echo >{folder}/ready
exec {unpacked}/idled -C {folder}/imapd.conf -d
"""


class Passwords:
    """What Cyrus asks whether a password is right: saslauthd's protocol, each string after its length in two octets."""

    def __init__(self, path):
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(path)
        os.chmod(path, 0o666)
        self.listening.listen(64)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listening.accept()
                with client, client.makefile("rb") as asked:
                    _, password, _, _ = (asked.read(int.from_bytes(asked.read(2), "big")) for _ in range(4))
                    client.sendall(b"\0\2OK" if password == SECRET.encode() else b"\0\2NO")

    def stop(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()


class Cyrus:
    """Ports of 127.0.0.1: `imap`, `imaps`."""

    def __init__(self, folder, certificate, key):
        if os.geteuid() != 0:
            raise Skip("Cyrus has to be started by root")
        if not all(map(os.path.exists, (MASTER, f"{UNPACKED}/imapd"))):
            raise Skip("Cyrus is not installed")
        self.folder, self.users = folder, itertools.count(1)
        self.imap, self.imaps = free_port(), free_port()
        values = {"folder": folder, "owner": OWNER, "certificate": certificate, "key": key, "unpacked": UNPACKED,
                  "imapd": f"{UNPACKED}/imapd -C {folder}/imapd.conf", "imap": self.imap, "imaps": self.imaps}
        for name, text in (("imapd.conf", IMAPD), ("cyrus.conf", SERVICES), ("idled", IDLED)):
            with open(self._path(name), "w", encoding="ascii") as f:
                f.write(text.format(**values))
        os.chmod(self._path("idled"), 0o755)
        os.mkfifo(self._path("ready"))
        for name in ("config", "config/socket", "mail"):
            os.mkdir(self._path(name))
        for name in ("config", "config/socket", "mail", "ready"):
            shutil.chown(self._path(name), OWNER)
        self.passwords = Passwords(self._path("passwords"))
        self._start()

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _start(self):
        ready = os.open(self._path("ready"), os.O_RDONLY | os.O_NONBLOCK)
        self.process = subprocess.Popen([MASTER, "-D", "-C", self._path("imapd.conf"), "-M", self._path("cyrus.conf"),
                                         "-p", self._path("pid")], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL,  # it tells the system's log only
                                        start_new_session=True)  # at its end it signals its whole group
        listens = select.select([ready], [], [], PATIENCE)[0]
        os.close(ready)
        expect(listens, "Cyrus did not start", self.process.poll())

    def user(self, messages, crlf=True):
        """A new user, whose INBOX holds these messages in this order. crlf: as all that Cyrus has."""
        user = f"user{next(self.users)}"
        self.add(user, messages, crlf)
        return user

    def add(self, user, messages, crlf=True):
        """The same into one that is empty."""
        client = ImapReader(("127.0.0.1", self.imap), PATIENCE)
        client.login(user, SECRET)
        tags = [client.begin(f"APPEND INBOX {imaplib.Time2Internaldate(1700000000 + number)} {{{len(message)}+}}",
                             message + b"\r\n") for number, message in enumerate(messages)]
        for tag, message in zip(tags, messages):
            status, _ = client.finish(tag)
            expect(status.startswith("OK"), "APPEND", status, message[:500])
        client.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failure("Cyrus did not end") from None
        finally:
            self.passwords.stop()


_shared = []


def shared_cyrus(t):
    """The Cyrus of all tests of a program."""
    if not _shared:
        folder = tempfile.mkdtemp(prefix="gatepost-test-")
        os.chmod(folder, 0o755)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        cyrus = Cyrus(folder, *t.certificates.pair())
        atexit.register(cyrus.stop)
        _shared.append(cyrus)
    return _shared[0]
