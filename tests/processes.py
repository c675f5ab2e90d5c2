#!/usr/bin/python3
"""What each process holds: descriptors, privileges, keys. Run as root to see all.

    GATEPOST=src/gatepost python3 tests/processes.py [WORD…]"""

import base64
import glob
import os
import re
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

from gatepost_test import PATIENCE, Skip, Tests, expect, expect_equal, is_sanitized  # noqa: E402
from process import holds, limit, status  # noqa: E402

tests = Tests()

KINDS = ("proxy", "scanner", "keeper", "reporter")
MESSAGE = b"Subject: hello\r\n\r\ngood day\r\n"


def inodes_of(address):
    """Inodes of all TCP sockets, of any process, with that local address; listening ones first."""
    wanted = "%s:%04X" % (socket.inet_aton(address[0])[::-1].hex().upper(), address[1])
    with open("/proc/net/tcp", encoding="ascii") as f:
        rows = [line.split() for line in f][1:]
    return ({r[9] for r in rows if r[1] == wanted and r[3] == "0A"},
            {r[9] for r in rows if r[1] == wanted and r[3] != "0A"})


def sockets_of(pid):
    """Inodes of the sockets that a process has open."""
    links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    return {m[1] for link in links if (m := re.fullmatch(r"socket:\[(\d+)\]", link))}


def start(t, changes=None, listener=None):
    """A gatepost of several processes, all of which have begun, and its upstream."""
    upstream = t.upstream()
    log = {"log": {"level": "info"}, "run": {"proxies": 2, "scanners": 2}, "metrics": {"address": "unix:metrics"}}
    return t.gatepost(upstream, {**log, **(changes or {})}, listener, single=False)


@tests
def sockets(t):
    "listening sockets are the master's and the proxies', a client's is one proxy's"
    gatepost = start(t)
    client = t.client(gatepost)
    client.greet()
    expect_equal(client.deliver(MESSAGE).code, 250, "a delivery")
    for pid in gatepost.processes("scanner")[:1]:  # its successor is forked beside a client
        os.kill(pid, 9)
        gatepost.wait_event("started", count=3, child="^scanner$")
    if not is_sanitized():
        gatepost.wait_event("cage", 3, process="^scanner ")  # by then it holds what it keeps
    if os.geteuid() != 0:
        raise Skip("only root may see what they hold")
    listening, connected = inodes_of(gatepost.address)
    expect_equal(len(listening), 1, "listening sockets")
    holders = {kind: sum(bool(connected & sockets_of(pid)) for pid in gatepost.processes(kind)) for kind in KINDS}
    expect_equal(holders, {"proxy": 1, "scanner": 0, "keeper": 0, "reporter": 0}, "who holds the client's connection")
    for kind in KINDS:
        for pid in gatepost.processes(kind):
            expect_equal(bool(listening & sockets_of(pid)), kind == "proxy", f"{kind} {pid} holds the listening socket")
    expect(not connected & sockets_of(gatepost.process.pid), "the master holds the client's connection")


@tests
def closed_descriptors(t):
    "started with standard input and output closed, nothing of the master's takes their place in its children"
    if os.geteuid() != 0:
        raise Skip("only root may see what they hold")
    gatepost = t.gatepost(t.upstream(), {"log": {"level": "info"}}, single=False,
                          prefix=["sh", "-c", "exec \"$@\" <&- >&-", "sh"])
    for pid in [gatepost.process.pid, *(pid for kind in KINDS[:3] for pid in gatepost.processes(kind))]:
        expect_equal([os.readlink(f"/proc/{pid}/fd/{fd}") for fd in (0, 1)], ["/dev/null"] * 2, f"what {pid} has there")


@tests
def privileges(t):
    "children have given up root, capabilities and the way to new privileges, and are caged"
    if os.geteuid() != 0:
        raise Skip("only root has something to give up")
    gatepost = start(t)
    for kind in KINDS:
        for pid in gatepost.processes(kind):
            of = status(pid)
            expect("0" not in of["Uid"].split() + of["Gid"].split(), kind, of["Uid"], of["Gid"])
            expect_equal(of["Groups"].split(), of["Gid"].split()[:1], f"groups of the {kind}")
            expect_equal(int(of["CapPrm"], 16) | int(of["CapEff"], 16) | int(of["CapAmb"], 16), 0, f"{kind}: capabilities")
            expect_equal(of["NoNewPrivs"], "1", f"{kind}: no_new_privs")
            expect_equal(os.stat(f"/proc/{pid}/environ").st_uid, 0, f"{kind}: a file that only root may read")
            if not is_sanitized():
                expect_equal(of["Seccomp"], "2", f"the {kind}'s cage")


def allowed(soft, hard):
    return ["sh", "-c", f"ulimit -Sn {soft}; ulimit -Hn {hard}; exec \"$@\"", "sh"]


@tests
def descriptors(t):
    "the limit of descriptors is raised to what limits.connections takes, as far as the hard one lets it; the log tells when not"
    for single in (False, True):
        for soft, hard, reached in ((256, 4000, 2513), (3000, 4000, 3000), (256, 1024, 1024)):
            changes = {"log": {"level": "info"}, "run": {"proxies": 1, "scanners": 1}, "limits": {"connections": 1000}}
            gatepost = t.gatepost(t.upstream(), changes, single=single, prefix=allowed(soft, hard))
            pids = [gatepost.process.pid] if single else gatepost.processes("proxy") + gatepost.processes("keeper")
            for pid in pids:
                expect_equal(limit(pid, "Max open files"), (str(reached), str(hard)), f"from {soft} and {hard}")
            told = gatepost.events("descriptors")
            expect_equal(len(told), reached < 2513, f"from {soft} and {hard}: lines in the log")
            for words in ("takes 2513 descriptors", "allows 1024", "some 745 connections") if told else ():
                expect(words in told[0]["msg"], "what is told", told[0]["msg"])
            expect_equal(gatepost.stop(), 0, "exit status")


def with_umask(mask):
    return ["sh", "-c", f"umask {mask}; exec \"$@\"", "sh"]


@tests
def unix_sockets(t):
    "whoever reaches a listener's UNIX socket may connect, whatever the umask is; the one for control is its owner's alone"
    gatepost = t.gatepost(t.upstream(), {"metrics": {"address": "unix:metrics"}}, {"address": "unix:smtp"}, single=False,
                          prefix=with_umask("077"))

    def mode(name):
        return oct(os.stat(os.path.join(gatepost.folder, name)).st_mode & 0o7777)
    expect_equal((mode("smtp"), mode("metrics")), ("0o666", "0o666"), "modes of what serves")
    expect_equal(mode(gatepost.config["control"]["path"]), "0o600", "the mode of the control socket")
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        client.connect(os.path.join(gatepost.folder, "smtp"))
        expect_equal(client.makefile("rb").readline()[:4], b"220 ", "the greeting")


@tests
def folders(t):
    "the quarantine is made for its account alone, with what is in it, whatever the umask is and however it is named"
    for mask in ("022", "077"):
        gatepost = t.gatepost(t.upstream(), {"quarantine": {"path": "made/quarantine//"}}, single=False, prefix=with_umask(mask))
        client = t.client(gatepost)
        client.greet()
        expect_equal(client.deliver(b"Subject: please quarantine\r\n\r\n").code, 250, "a delivery")
        made = os.path.join(gatepost.folder, "made", "quarantine")
        modes = {path: oct(os.stat(path).st_mode & 0o7777) for path in [made, *glob.glob(made + "/**", recursive=True)]}
        expect_equal({path: mode for path, mode in modes.items() if not mode.endswith("00")}, {}, "what others may read")
        expect(any("index.db" in path for path in modes) and len(modes) > 5, "what is there", modes)
        client.quit()


@tests
def linked_folder(t):
    "a link in the place of a folder has nothing that is root's given to the account"
    if os.geteuid() != 0:
        raise Skip("only root could give it")
    gatepost = t.gatepost(t.upstream(), single=False)
    secret, link = os.path.join(gatepost.folder, "secret"), os.path.join(gatepost.folder, "link")
    os.mkdir(secret, 0o700)
    os.symlink(secret, link)
    gatepost.write_config({**gatepost.config, "spool": {"path": link}})
    gatepost.ctl("reload")
    expect_equal(os.stat(secret).st_uid, 0, "who owns it")


def private_number(key):
    """The private number of a P-256 key as OpenSSL has it in memory."""
    text = subprocess.run(["openssl", "pkey", "-in", key, "-noout", "-text"], check=True, capture_output=True).stdout
    digits = re.search(rb"priv:\s*([0-9a-f:\s]+)pub:", text)[1].decode()
    return bytes.fromhex(re.sub(r"[:\s]", "", digits))[-32:][::-1]


@tests
def keys(t):
    "private keys are in the master's and the proxies' memory, not in that of the others"
    if os.geteuid() != 0:
        raise Skip("only root may look")
    gatepost = start(t, listener={"tls": t.certificates.yaml()})
    if is_sanitized():
        raise Skip("AddressSanitizer's memory is too large to be looked through")
    secret = private_number(t.certificates.pair()[1])
    expect(holds(gatepost.process.pid, secret) == [secret], "the master has no key: what is looked for is not what is there")
    for kind in KINDS:
        for pid in gatepost.processes(kind):
            expect_equal(bool(holds(pid, secret)), kind == "proxy", f"{kind} {pid} holds the key")


def log_in(client, user):
    response = base64.b64encode(f"\0{user}\0secret".encode()).decode()
    expect_equal(client.command(f"AUTH PLAIN {response}").code, 235, "the login")


@tests
def users_files(t):
    "a user's file is read at his login, by proxies alone, also where only root finds the way to it"
    upstream = t.upstream(keywords=("AUTH PLAIN",))
    folder = t.folder()
    users = os.path.join(folder, "private", "users")
    os.makedirs(users)
    os.chmod(os.path.dirname(users), 0o700)
    gatepost = t.gatepost(upstream, {
        "log": {"level": "info"}, "run": {"proxies": 2, "scanners": 2}, "user_directory": users,
        "users": [{"match": "anna@example.org", "subject_prefix": "[JUNK] "}]}, single=False)

    def deliver(user):
        client = t.client(gatepost)
        client.greet()
        log_in(client, user)
        expect_equal(client.deliver(b"From: a@casino.example\r\n" + MESSAGE).code, 250, "a delivery")
        client.quit()
        return upstream.messages[-1].data

    expect(b"[JUNK]" not in deliver("Anna@example.org"), "a mark without a file")
    with open(os.path.join(users, "anna@example.org.yaml"), "w", encoding="ascii") as f:
        f.write("deny: '*@casino.example'\n")
    expect(b"Subject: [JUNK] hello" in deliver("Anna@example.org"), "no mark in", upstream.messages[-1].data)
    expect(b"[JUNK]" not in deliver("bob@example.org"), "a mark for another")
    with open(os.path.join(users, "anna@example.org.yaml"), "w", encoding="ascii") as f:
        f.write("deny: [\n")
    expect(b"[JUNK]" not in deliver("anna@example.org"), "a mark by a file that is wrong")
    gatepost.wait_event("user")
    if os.geteuid() != 0:
        raise Skip("only root may see who holds the folder")
    for kind in KINDS:
        for pid in gatepost.processes(kind):
            links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
            expect_equal(users in links, kind == "proxy", f"{kind} {pid} holds the folder")


@tests
def rotating_logs(t):
    "SIGUSR1, by which programs that rotate logs have others open theirs anew, ends nothing"
    gatepost = t.gatepost(t.upstream(), single=False)
    before = [gatepost.process.pid, *gatepost.children()]
    for pid in before:
        os.kill(pid, signal.SIGUSR1)
    client = t.client(gatepost)
    client.greet()
    expect_equal(client.deliver(b"Subject: hello\r\n\r\nx\r\n").code, 250, "a delivery")
    expect_equal([gatepost.process.pid, *gatepost.children()], before, "processes")


@tests
def no_folder_of_users(t):
    "without its folder of users' files gatepost does not start, and says why"
    gatepost = t.gatepost(t.upstream(), {"user_directory": "nowhere"}, wait=False, clean=False)
    gatepost.process.wait(30)
    gatepost.reader.join()
    expect(any(re.search(r"/nowhere:0:0: cannot be opened: No such file", line) for line in gatepost.lines),
           "the log", gatepost.lines)


tests.run()
