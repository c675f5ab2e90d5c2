"""A Dovecot of our own: its configuration, sockets and mail in one folder, POP3
and IMAP on free ports, with and without TLS. Users are those who have mail; the
password of each is SECRET. It has to be started by root, and is ended by its pid.
That takes it a second; so tests share one, and each has users of its own."""

import atexit
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading

from gatepost_test import PATIENCE, Failure, Skip, await_event, expect, free_port

SECRET = "swordfish"

CONFIG = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = /dev/stderr
protocols = pop3 imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 apop
passdb {{
  driver = static
  args = password={secret}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_plugins = quota
protocol imap {{
  mail_plugins = quota imap_quota zlib imap_zlib
}}
plugin {{
  quota = count:User quota
  quota_vsizes = yes
  quota_rule = *:storage=1G
}}
namespace inbox {{
  inbox = yes
  mailbox Junk {{
    special_use = \Junk
    auto = subscribe
  }}
  mailbox Sent {{
    special_use = \Sent
    auto = subscribe
  }}
}}
# All clients come from one address, and wrong passwords are not to cost time.
mail_max_userip_connections = 0
auth_failure_delay = 0
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service pop3-login {{
  chroot =
  service_count = 0
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service stats {{
  chroot =
}}
"""


class Dovecot:
    """Ports of 127.0.0.1: `pop3`, `pop3s`, `imap`, `imaps`."""

    def __init__(self, folder, certificate, key):
        if os.geteuid() != 0:
            raise Skip("Dovecot has to be started by root")
        if not all(map(os.path.exists, ("/usr/sbin/dovecot", "/usr/lib/dovecot/pop3", "/usr/lib/dovecot/imap"))):
            raise Skip("Dovecot is not installed")
        self.folder, self.users = folder, itertools.count(1)
        self.owner = pwd.getpwnam("nobody")
        self.pop3, self.pop3s, self.imap, self.imaps = (free_port() for _ in range(4))
        values = {name: getattr(self, name) for name in ("pop3", "pop3s", "imap", "imaps")}
        with open(os.path.join(folder, "dovecot.conf"), "w", encoding="ascii") as f:
            f.write(CONFIG.format(folder=folder, certificate=certificate, key=key, secret=SECRET,
                                  uid=self.owner.pw_uid, gid=self.owner.pw_gid, **values))
        self.process = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", os.path.join(folder, "dovecot.conf")],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.lines, self.ended, self.changed = [], False, threading.Condition()
        self.reader = threading.Thread(target=self._read_log, daemon=True)
        self.reader.start()

    def wait_ready(self):
        """Its sockets listen before it says that it starts."""
        await_event(self.changed, lambda: self.ended or "starting up" in self.log(), "Dovecot to be ready")
        expect(not self.ended, "Dovecot did not start", self.log())
        return self

    def _read_log(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line.decode("utf-8", "replace"))
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def maildir(self, user):
        return os.path.join(self.folder, "mail", user, "Maildir")

    def _make_folders(self, user):
        for name in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(self.maildir(user), name))
        for folder, _, _ in os.walk(os.path.join(self.folder, "mail", user)):
            os.chown(folder, self.owner.pw_uid, self.owner.pw_gid)

    def user(self, messages, crlf=False):
        """A new user, whose maildrop holds these messages in this order: as
        Postfix would store them, with LF; the lengths in a file's name are what
        Dovecot itself would count. crlf: as they are; then Dovecot 2.3 need not
        count line ends for IMAP's ranges, where it is an octet off at times."""
        user = f"user{next(self.users)}"
        self._make_folders(user)
        self.add(user, messages, crlf)
        return user

    def add(self, user, messages, crlf=False):
        """The same into the maildrop of one that has none."""
        for number, message in enumerate(messages):
            stored = message if crlf else message.replace(b"\r\n", b"\n")
            name = f"{1700000000 + number}.M1P1.upstream,S={len(stored)},W={len(message)}"
            path = os.path.join(self.maildir(user), "new", name)
            with open(path, "wb") as f:
                f.write(stored)
            os.chown(path, self.owner.pw_uid, self.owner.pw_gid)
            os.utime(path, (1700000000 + number,) * 2)  # INTERNALDATE

    def held(self, user):
        """The messages that are still there, in their order, with CRLF."""
        found = {}
        for place in ("cur", "new"):
            folder = os.path.join(self.maildir(user), place)
            for name in os.listdir(folder):
                with open(os.path.join(folder, name), "rb") as f:
                    found[name] = f.read().replace(b"\n", b"\r\n")
        return [found[name] for name in sorted(found)]

    def log(self):
        return "".join(self.lines)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failure(f"Dovecot did not end\n{self.log()}") from None
        self.reader.join(PATIENCE)


_shared = []


def shared_dovecot(t):
    """The Dovecot of all tests of a program."""
    t.confided.append(f"PASS {SECRET}\r\n".encode())
    if not _shared:
        folder = tempfile.mkdtemp(prefix="gatepost-test-")
        os.chmod(folder, 0o755)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        dovecot = Dovecot(folder, *t.certificates.pair())
        atexit.register(dovecot.stop)
        _shared.append(dovecot.wait_ready())
    return _shared[0]
