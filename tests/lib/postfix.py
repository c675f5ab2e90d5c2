"""A Postfix of our own: its configuration, queue and mail in one folder, its
smtpd on a free port, delivery to one Maildir. It has to be started by root."""

import contextlib
import os
import pwd
import subprocess

from gatepost_test import Failure, Skip, free_port

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = {libexec}
shlib_directory = no
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = upstream.example.org
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
local_transport = error:nothing is local
default_transport = error:nothing goes out
virtual_mailbox_domains = example.org
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
virtual_mailbox_limit = 0
mailbox_size_limit = 0
message_size_limit = 104857600
recipient_delimiter = +
# Nothing in a message is to be changed.
local_header_rewrite_clients =
header_size_limit = 10485760
line_length_limit = 65536
always_add_missing_headers = no
# Many connections from one address, quickly.
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_peername_lookup = no
smtp_host_lookup = native
disable_dns_lookups = yes
in_flow_delay = 0
virtual_destination_concurrency_limit = 8
initial_destination_concurrency = 8
default_process_limit = 20
smtpd_authorized_xclient_hosts = {xclient}
smtpd_recipient_restrictions = check_recipient_access texthash:{folder}/etc/access, permit_mynetworks, reject
"""

MASTER_CF = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""


STARTTLS = """\
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
"""


class Postfix:
    """xclient: who may say XCLIENT. pair: certificate and key, with which it takes mail
    by STARTTLS alone."""

    def __init__(self, folder, xclient="", pair=None):
        if os.geteuid() != 0:
            raise Skip("Postfix has to be started by root")
        if not os.path.exists("/usr/sbin/postfix"):
            raise Skip("Postfix is not installed")
        self.folder, self.port = folder, free_port()
        self.config = os.path.join(folder, "etc")
        user = pwd.getpwnam("nobody")
        for name in ("etc", "queue", "data", "mail"):
            os.mkdir(os.path.join(folder, name))
        os.chown(os.path.join(folder, "data"), pwd.getpwnam("postfix").pw_uid, 0)
        os.chown(os.path.join(folder, "mail"), user.pw_uid, user.pw_gid)
        values = {"folder": folder, "port": self.port, "uid": user.pw_uid, "gid": user.pw_gid, "xclient": xclient,
                  "libexec": self._libexec()}
        main = MAIN_CF
        if pair is not None:
            main += STARTTLS
            values.update(certificate=pair[0], key=pair[1])
        for name, text in (("main.cf", main), ("master.cf", MASTER_CF), ("access", "")):
            self._write(name, text.format(**values))
        self._postfix("start")

    def _write(self, name, text):
        with open(os.path.join(self.config, name), "w", encoding="utf-8") as f:
            f.write(text)

    @staticmethod
    def _libexec():
        done = subprocess.run(["postconf", "-d", "-h", "daemon_directory"], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def _postfix(self, command):
        done = subprocess.run(["postfix", "-c", self.config, command], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            raise Failure(f"postfix {command}: {done.stdout}\n{self.log()}")

    @property
    def address(self):
        return "127.0.0.1", self.port

    def log(self):
        with contextlib.suppress(FileNotFoundError):
            with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as f:
                return f.read()
        return ""

    def stop(self):
        self._postfix("abort")

    def refuse(self, *recipients):
        """From now on these, and no others."""
        self._write("access", "".join(f"{recipient} 550 5.1.1 gone\n" for recipient in recipients))
        self._postfix("reload")

    def flush(self):
        subprocess.run(["postqueue", "-c", self.config, "-f"], check=False, capture_output=True)

    @property
    def new_mail(self):
        return os.path.join(self.folder, "mail", "inbox", "new")

    def count(self):
        """How many were delivered, to whomever."""
        return len(os.listdir(self.new_mail)) if os.path.isdir(self.new_mail) else 0

    def mails(self):
        """{recipient: the message as it was received}, Postfix's own headers taken off."""
        found = {}
        for name in os.listdir(self.new_mail) if os.path.isdir(self.new_mail) else []:
            with open(os.path.join(self.new_mail, name), "rb") as f:
                recipient, message = without_trace(f.read())
                found[recipient] = message
        return found


def without_trace(stored):
    """(X-Original-To, the rest) of a mail as virtual(8) stored it: Return-Path,
    X-Original-To, Delivered-To and one Received come first."""
    recipient, lines = "", stored.split(b"\n")
    at = 0
    for name in (b"Return-Path", b"X-Original-To", b"Delivered-To", b"Received"):
        if not lines[at].startswith(name + b":"):
            continue
        if name == b"X-Original-To":
            recipient = lines[at].split(b":", 1)[1].strip().decode()
        at += 1
        while lines[at][:1] in (b" ", b"\t"):
            at += 1
    return recipient, b"\n".join(lines[at:])
