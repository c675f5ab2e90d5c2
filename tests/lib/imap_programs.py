"""Programs that fetch mail by IMAP, each told to do the same job: bring what is in
the INBOX, and leave there what they leave. A program is a function of a Job
(pop3_programs.py); it returns the messages that it brought, sorted."""

import base64
import imaplib
import json
import os
import re

from dovecot import SECRET
from gatepost_test import PATIENCE, Skip, expect, expect_equal
from pop3_programs import in_terminal, with_crlf

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = "/usr/local/lib/gatepost-check/node_modules"  # where tools/setup puts what is npm's


def by_imaplib(job):
    context = job.certificates.client_context()
    if job.tls == "implicit":
        server = imaplib.IMAP4_SSL("localhost", job.port, ssl_context=context, timeout=PATIENCE)
    else:
        server = imaplib.IMAP4("localhost", job.port, timeout=PATIENCE)
    if job.tls == "starttls":
        server.starttls(context)
    server.login(job.user, SECRET)
    count = int(server.select()[1][0])
    numbers = server.search(None, "ALL")[1][0].split()
    expect_equal(len(numbers), count, "SEARCH and SELECT")
    fetched = [server.fetch(number, "(FLAGS RFC822.SIZE RFC822)")[1][0][1] for number in numbers]
    server.store(numbers[0], "+FLAGS", "\\Deleted")
    server.expunge()
    server.close()
    server.logout()
    return sorted(fetched)


def by_curl(job):
    job.make_folders("fetched")
    url = f"{'imaps' if job.tls == 'implicit' else 'imap'}://localhost:{job.port}/INBOX"
    curl = ["curl", "-sS", "--user", f"{job.user}:{SECRET}", *(["--cacert", job.ca] if job.tls else []),
            *(["--ssl-reqd"] if job.tls == "starttls" else [])]
    count = int(re.search(rb"(\d+) EXISTS", job.run([*curl, url, "-X", "EXAMINE INBOX"]))[1])
    job.run([*curl, f"{url};MAILINDEX=[1-{count}]", "-o", job.path("fetched/#1")])
    job.run([*curl, url, "-X", "STORE 1:3 +FLAGS.SILENT (\\Flagged)"])
    return sorted(job.files("fetched"))


def by_fetchmail(job):
    tls = {None: "sslproto ''", "starttls": f"sslproto 'TLS1.2+' sslcertck sslcertfile {job.ca}",
           "implicit": f"ssl sslcertck sslcertfile {job.ca}"}[job.tls]
    rc = job.write("fetchmailrc", f"set invisible\npoll localhost proto IMAP port {job.port}\n"
                   f"user {job.user} password {SECRET} is nobody here {tls}\n"
                   f"fetchall no rewrite bsmtp {job.path('batch')}\n")
    job.run(["fetchmail", "--nosyslog", "--nodetach", "-f", rc])
    with open(job.path("batch"), "rb") as f:
        bodies = re.split(rb"(?:^|\r\n\.\r\n)MAIL FROM:.*\r\nRCPT TO:.*\r\nDATA\r\n", f.read())[1:]
    bodies[-1] = bodies[-1].removesuffix(b"\r\n.\r\n")
    return sorted(re.sub(rb"^\.", b"", body + b"\r\n", flags=re.MULTILINE) for body in bodies)


MBSYNC = """\
IMAPAccount gate
Host localhost
Port {port}
User {user}
Pass {secret}
AuthMechs LOGIN
SSLType {ssl}
{ca}
IMAPStore far
Account gate

MaildirStore near
Path {folder}/
Inbox {folder}/mail
SubFolders Verbatim

Channel mail
Far :far:
Near :near:
Sync All
Create Near
Expunge None
SyncState *
"""


def by_mbsync(job):
    """Without TLS twice: the second time there is nothing to do. It waits a second where a Maildir is new."""
    ssl = {None: "None", "starttls": "STARTTLS", "implicit": "IMAPS"}[job.tls]
    rc = job.write("mbsyncrc", MBSYNC.format(port=job.port, user=job.user, secret=SECRET, ssl=ssl, folder=job.folder,
                                             ca=f"CertificateFile {job.ca}\n" if job.tls else ""))
    job.make_maildir()
    for _ in range(1 if job.tls else 2):
        job.run(["mbsync", "-c", rc, "mail"])
    return sorted(with_crlf(re.sub(rb"^X-TUID: .*\n", b"", message, count=1, flags=re.MULTILINE))
                  for message in job.files("mail/new") + job.files("mail/cur"))


OFFLINEIMAP = """\
[general]
accounts = gate
metadata = {folder}/state
ui = quiet

[Account gate]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = {folder}/box

[Repository far]
type = IMAP
remotehost = localhost
remoteport = {port}
remoteuser = {user}
remotepass = {secret}
auth_mechanisms = PLAIN, LOGIN
ssl = no
folderfilter = lambda name: name == 'INBOX'
"""


def by_offlineimap(job):
    """Without TLS: over that its imaplib2 waits for ever now and then, whatever server it is at, for it reads and
    writes one connection in two threads at once, and after STARTTLS may end reading too early."""
    rc = job.write("offlineimaprc", OFFLINEIMAP.format(port=job.port, user=job.user, secret=SECRET, folder=job.folder))
    job.run(["offlineimap", "-c", rc, "-o"])
    return sorted(map(with_crlf, job.files("box/INBOX/new") + job.files("box/INBOX/cur")))


MUTT = """\
set folder={folder} spoolfile={folder}/mbox mbox_type=mbox header_cache= message_cachedir= record=
set imap_user={user} imap_pass={secret} imap_authenticators="login" ssl_starttls={starttls} ssl_force_tls={force}
set ssl_ca_certificates_file={ca} confirmappend=no confirmcreate=no quit=yes wait_key=no sleep_time=0 beep=no delete=no
set move=no imap_keepalive=900 mail_check=900 copy=no mark_old=no
"""


def by_mutt(job):
    """It insists on a terminal."""
    rc = job.write("muttrc", MUTT.format(folder=job.folder, user=job.user, secret=SECRET, ca=job.ca,
                                         starttls="yes" if job.tls == "starttls" else "no", force="yes" if job.tls else "no"))
    url = f"{'imaps' if job.tls == 'implicit' else 'imap'}://localhost:{job.port}/INBOX"
    keys = f"push <tag-pattern>~A<enter><tag-prefix><copy-message><kill-line>{job.path('copies')}<enter><exit>"
    shown = in_terminal(job, ["mutt", "-n", "-F", rc, "-f", url, "-e", keys])
    expect(os.path.exists(job.path("copies")), "mutt brought nothing", shown[-2000:])
    with open(job.path("copies"), "rb") as f:
        fetched = re.split(rb"^From \S+ .*\n", f.read(), flags=re.MULTILINE)[1:]
    return sorted(with_crlf(re.sub(rb"^(Status|Content-Length|Lines): .*\n", b"", message[:-1], flags=re.MULTILINE))
                  for message in fetched)


def by_imapflow(job):
    """It does much else; what it was told is in job.told."""
    if not os.path.isdir(f"{MODULES}/imapflow"):
        raise Skip("imapflow is not installed")
    task = {"port": job.port, "tls": job.tls, "ca": job.ca, "user": job.user, "password": SECRET}
    said = json.loads(job.run(["env", f"NODE_PATH={MODULES}", "node", os.path.join(HERE, "imapflow.cjs"), json.dumps(task)]))
    job.told = said["told"]
    return sorted(map(base64.b64decode, said["messages"]))


PROGRAMS = {"imaplib": by_imaplib, "curl": by_curl, "fetchmail": by_fetchmail, "mbsync": by_mbsync,
            "offlineimap": by_offlineimap, "mutt": by_mutt, "imapflow": by_imapflow}
WITHOUT_TLS = ("offlineimap",)
