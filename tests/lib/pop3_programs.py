"""Programs that fetch mail by POP3, each told to do the same job: bring what is
in a maildrop, and delete there some or all of it, as it can.

A program is a function of a Job; it returns the messages that it brought, sorted,
for programs do not tell in which order they fetched. What a program adds where it
keeps a message is taken off, and lines end in CRLF again."""

import os
import poplib
import pty
import pwd
import re
import subprocess
import threading

from dovecot import SECRET
from gatepost_test import PATIENCE, Skip, expect, expect_equal

NOBODY = {"user": "nobody", "group": "nogroup", "extra_groups": []}  # for subprocess
SOME = 3  # how many those delete that need not delete all


class Job:
    """One fetching: `port` of localhost, `user`, `tls` as for listeners, `login`
    is "password" or "apop"; `folder` is empty, and nobody's."""

    def __init__(self, t, port, user, tls=None, login="password"):
        self.port, self.user, self.tls, self.login = port, user, tls, login
        self.certificates, self.folder, self.told = t.certificates, t.folder(), None
        os.chown(self.folder, *pwd.getpwnam("nobody")[2:4])

    @property
    def ca(self):
        return self.certificates.ca()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        """A file that its reader alone may read: programs insist on that."""
        with open(self.path(name), "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(self.path(name), 0o600)
        os.chown(self.path(name), *pwd.getpwnam("nobody")[2:4])
        return self.path(name)

    def run(self, command, statuses=(0,)):
        """What it said; none of these programs needs root."""
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=PATIENCE, check=False, cwd=self.folder,
                                  env={**os.environ, "HOME": self.folder, "FETCHMAILHOME": self.folder}, **NOBODY)
        except FileNotFoundError as missing:
            raise Skip(f"{missing.filename} is not installed") from missing
        expect(done.returncode in statuses, command[0], done.returncode, done.stdout.decode(errors="replace"))
        return done.stdout

    def make_folders(self, *names):
        """Empty ones, and nobody's."""
        for name in names:
            os.mkdir(self.path(name))
            os.chown(self.path(name), *pwd.getpwnam("nobody")[2:4])

    def make_maildir(self):
        """Programs take a Maildir only when it is there."""
        self.make_folders("mail", "mail/cur", "mail/new", "mail/tmp")

    def files(self, name):
        """The contents of all files in a folder."""
        found = []
        for entry in os.scandir(self.path(name)):
            with open(entry.path, "rb") as f:
                found.append(f.read())
        return found


def with_crlf(text):
    return text.replace(b"\n", b"\r\n")


def by_poplib(job):
    context = job.certificates.client_context()
    if job.tls == "implicit":
        server = poplib.POP3_SSL("localhost", job.port, timeout=PATIENCE, context=context)
    else:
        server = poplib.POP3("localhost", job.port, timeout=PATIENCE)
    if job.tls == "starttls":
        server.stls(context)
    if job.login == "apop":
        server.apop(job.user, SECRET)
    else:
        server.user(job.user)
        server.pass_(SECRET)
    count = server.stat()[0]
    fetched = [b"\r\n".join(server.retr(number)[1]) + b"\r\n" for number in range(1, count + 1)]
    for number in range(1, SOME + 1):
        server.dele(number)
    server.quit()
    return sorted(fetched)


def by_fetchmail(job):
    protocol = "APOP" if job.login == "apop" else "POP3"
    tls = {None: "sslproto ''", "starttls": f"sslproto 'TLS1.2+' sslcertck sslcertfile {job.ca}",
           "implicit": f"ssl sslcertck sslcertfile {job.ca}"}[job.tls]
    rc = job.write("fetchmailrc", f"set invisible\npoll localhost proto {protocol} port {job.port}\n"
                   f"user {job.user} password {SECRET} is nobody here {tls}\n"
                   f"fetchall no rewrite bsmtp {job.path('batch')}\n")
    job.run(["fetchmail", "--nosyslog", "--nodetach", "-f", rc])
    with open(job.path("batch"), "rb") as f:
        bodies = re.split(rb"(?:^|\r\n\.\r\n)MAIL FROM:.*\r\nRCPT TO:.*\r\nDATA\r\n", f.read())[1:]
    bodies[-1] = bodies[-1].removesuffix(b"\r\n.\r\n")
    return sorted(re.sub(rb"^\.", b"", body + b"\r\n", flags=re.MULTILINE) for body in bodies)


def by_getmail(job):
    job.make_maildir()
    ssl = f"ca_certs = {job.ca}\n" if job.tls else ""
    kind = "SimplePOP3SSLRetriever" if job.tls else "SimplePOP3Retriever"
    rc = job.write("getmailrc", f"[retriever]\ntype = {kind}\nserver = localhost\n"
                   f"port = {job.port}\nusername = {job.user}\npassword = {SECRET}\n{ssl}"
                   f"use_apop = {job.login == 'apop'}\n"
                   f"[destination]\ntype = Maildir\npath = {job.path('mail')}/\n"
                   "[options]\ndelete = true\nread_all = true\nreceived = false\ndelivered_to = false\n"
                   "message_log_syslog = false\n")
    job.run(["getmail", "--getmaildir", job.folder, "--rcfile", rc])
    return sorted(with_crlf(message.split(b"\n", 1)[1]) for message in job.files("mail/new"))  # without Return-Path


def by_mpop(job):
    job.make_maildir()
    rc = job.write("mpoprc", f"account default\nhost localhost\nport {job.port}\nuser {job.user}\npassword {SECRET}\n"
                   f"auth {'apop' if job.login == 'apop' else 'user'}\n"
                   f"tls {'on' if job.tls else 'off'}\ntls_starttls {'on' if job.tls == 'starttls' else 'off'}\n"
                   f"{f'tls_trust_file {job.ca}' if job.tls else ''}\n"
                   f"delivery maildir {job.path('mail')}\nuidls_file {job.path('uidls')}\n"
                   "keep off\nonly_new off\nreceived_header off\n")
    job.run(["mpop", "-C", rc])
    return sorted(map(with_crlf, job.files("mail/new")))


def by_curl(job):
    job.make_folders("fetched")
    url = f"{'pop3s' if job.tls == 'implicit' else 'pop3'}://localhost:{job.port}/"
    curl = ["curl", "-sS", "--user", f"{job.user}:{SECRET}", *(["--cacert", job.ca] if job.tls else []),
            *(["--ssl-reqd"] if job.tls == "starttls" else []),
            "--login-options", "AUTH=+APOP" if job.login == "apop" else "AUTH=PLAIN"]
    count = len(job.run([*curl, url]).splitlines())
    job.run([*curl, f"{url}[1-{count}]", "-o", job.path("fetched/#1")])
    job.run([*curl, "--head", "--request", "DELE", f"{url}[1-{SOME}]"])
    return sorted(job.files("fetched"))


MUTT = """\
set folder={folder} spoolfile={folder}/mbox mbox_type=mbox header_cache= message_cachedir=
set pop_host="{scheme}://{user}@localhost:{port}" pop_pass={secret} pop_authenticators="{login}"
set pop_delete=yes pop_last=no ssl_starttls={starttls} ssl_force_tls={force} ssl_ca_certificates_file={ca}
set confirmappend=no quit=yes wait_key=no sleep_time=0 beep=no delete=yes move=no
"""


def by_mutt(job):
    """It insists on a terminal."""
    rc = job.write("muttrc", MUTT.format(
        folder=job.folder, scheme="pops" if job.tls == "implicit" else "pop", user=job.user, port=job.port,
        secret=SECRET, login="apop" if job.login == "apop" else "user", starttls="yes" if job.tls == "starttls" else "no",
        force="yes" if job.tls else "no", ca=job.ca))
    job.write("mbox", "")
    shown = in_terminal(job, ["mutt", "-n", "-F", rc, "-f", job.path("mbox"), "-e", "push <fetch-mail><exit>"])
    with open(job.path("mbox"), "rb") as f:
        fetched = re.split(rb"^From \S+ .*\n", f.read(), flags=re.MULTILINE)[1:]
    expect(fetched, "mutt brought nothing", shown[-2000:])
    return sorted(with_crlf(message[:-1]) for message in fetched)


def in_terminal(job, command):
    """Runs it to its end; what it showed."""
    mine, its = pty.openpty()
    shown = bytearray()

    def read():
        try:
            while data := os.read(mine, 65536):
                shown.extend(data)
        except OSError:  # the terminal's other end is closed
            pass
    try:
        program = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, start_new_session=True,
                                   env={**os.environ, "HOME": job.folder, "TERM": "vt100"}, **NOBODY)
    except FileNotFoundError as missing:
        raise Skip(f"{missing.filename} is not installed") from missing
    finally:
        os.close(its)
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        expect_equal(program.wait(PATIENCE), 0, f"{command[0]}'s exit status")
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()
        expect(False, f"{command[0]} does not end", bytes(shown[-2000:]))
    finally:
        os.close(mine)
    return bytes(shown)


PROGRAMS = {"poplib": by_poplib, "fetchmail": by_fetchmail, "getmail": by_getmail, "mpop": by_mpop, "curl": by_curl,
            "mutt": by_mutt}
