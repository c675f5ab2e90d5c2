"""The offline commands: check, rules, scan, test; their output and exit status."""

import base64
import io
import json
import os
import re
import signal
import subprocess
import sys
import zipfile

sys.path.insert(0, os.path.join(os.environ.get("srcdir", "."), "tests/lib"))
from gatepost_test import GATEPOST, Skip, Tests, expect, expect_equal  # noqa: E402

DATA = os.path.join(os.environ.get("srcdir", "."), "tests/data")
CONTRACT = os.path.join(DATA, "contract")
tests = Tests()

HAM = b"From: a@example.org\r\nTo: b@example.net\r\nSubject: lunch\r\n\r\nAt noon?\r\n"
URGENT = HAM.replace(b"lunch", b"urgent lunch")
SPAM = HAM.replace(b"lunch", b"urgent").replace(b"At noon?", b"You have won the great lottery!")
VIRUS = HAM.replace(b"At noon?", rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*")
GTUBE = HAM.replace(b"At noon?", b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X")


def gatepost(*arguments, **options):
    """(exit status, standard output, standard error)."""
    result = subprocess.run([GATEPOST, *arguments], capture_output=True, check=False, timeout=60, **options)
    expect(b"Sanitizer" not in result.stderr, "a sanitizer spoke", result.stderr)
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def write(folder, name, content):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())
    return path


def config(t, rules=None, policy=""):
    """A configuration with the rules of the contract, or these."""
    folder = t.folder()
    if rules is None:
        with open(os.path.join(CONTRACT, "rules.yaml"), encoding="utf-8") as f:
            rules = f.read()
    write(folder, "rules.yaml", rules)
    return write(folder, "gatepost.yaml", """
listeners: [ { name: mx, protocol: smtp, address: "127.0.0.1:2525", upstream: mta, policy: inbound } ]
upstreams: { mta: { address: "127.0.0.1:25" } }
policies:
  inbound: { rules: [rules.yaml], thresholds: [ { score: 5.0, then: tag }, { score: 15.0, then: reject } ]%s }
  open: {}
""" % policy)


def zipped(name, content):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(name, content)
    return base64.encodebytes(out.getvalue()).replace(b"\n", b"\r\n")


def invoice():
    """The message of the contract's example."""
    return (b"Subject: urgent invoice\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
            b"--b\r\nContent-Type: text/plain\r\n\r\nPlease pay.\r\n"
            b"--b\r\nContent-Type: application/zip; name=invoice.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + zipped("invoice.exe", b"MZ" + b"\0" * 100 + b"program") + b"--b--\r\n")


def scan_json(*arguments, **options):
    status, out, err = gatepost("scan", "--json", *arguments, **options)
    expect(status in (0, 1), err)
    return [json.loads(line) for line in out.splitlines()]


@tests
def help_and_version(t):
    "--help and --version, of the program and of each command"
    status, out, _ = gatepost("--version")
    expect(status == 0 and out.startswith("gatepost "), out)
    status, out, _ = gatepost("--help")
    expect_equal(status, 0)
    for command in ("check", "scan", "test", "rules"):
        expect(f"  {command} " in out, command)
        status, text, err = gatepost(command, "--help")
        expect(status == 0 and err == "" and "Examples:" in text and f"gatepost {command}" in text, text)


@tests
def usage_errors(t):
    "what cannot be understood is told with the nearest word, and exits with 2"
    for arguments, told in [
            ([], "Usage:"), (["chek"], 'did you mean "check"?'), (["xyzzy"], "unknown command"),
            (["scan", "--jsn", "x"], 'did you mean "--json"?'), (["scan", "-z", "x"], 'unknown option "-z"'),
            (["scan", "-jz", "x"], 'unknown option "-z"'), (["scan", "--policy"], "needs a value"),
            (["scan", "--json=yes", "x"], '"--json=yes": the option takes no value'), (["scan", "--from=a", "-zj"], 'option "-z"'),
            (["scan"], "no PATH"), (["scan", "--json", "--rewritten", "x"], "exclude each other"),
            (["scan", "--client", "10.0.0.0/8", "x"], "IP address"), (["scan", "--client", "me", "x"], "IP address"),
            (["check", "x"], "too many"), (["rules", "x"], "too many"), (["test"], "no FILE")]:
        status, out, err = gatepost(*arguments)
        expect(status == 2 and told in err and out == "", arguments, status, err)


@tests
def unwritable_output(t):
    "output that cannot be written is an error"
    with open("/dev/full", "wb") as full:
        result = subprocess.run([GATEPOST, "--help"], stdout=full, stderr=subprocess.PIPE, check=False)
    expect(result.returncode == 2 and b"cannot write" in result.stderr, result)


@tests
def check_contract(t):
    "check accepts the configuration and rules of the contract"
    folder = t.folder()
    for name in ("gatepost.yaml", "rules.yaml"):
        with open(os.path.join(CONTRACT, name), encoding="utf-8") as f:
            write(folder, name, f.read())
    certificate, key = t.certificates.pair()
    os.mkdir(os.path.join(folder, "tls"))
    for source, name in ((certificate, "cert.pem"), (key, "key.pem"), (t.certificates.ca(), "ca.pem")):
        os.symlink(source, os.path.join(folder, "tls", name))
    status, out, err = gatepost("check", "-c", os.path.join(folder, "gatepost.yaml"))
    expect_equal((status, out, err), (0, "3 listeners, 2 policies, 18 rules: ok\n", ""))
    os.unlink(os.path.join(folder, "tls/key.pem"))
    status, out, err = gatepost("check", "-c", os.path.join(folder, "gatepost.yaml"))
    expect(status == 2 and "listener mx:" in err and "key.pem" in err and out == "", err)
    expect(re.search(r"gatepost\.yaml:8:10: listener mx: ", err), "the place of tls:", err)
    os.symlink(t.certificates.pair("other")[1], os.path.join(folder, "tls/key.pem"))
    status, _, err = gatepost("check", "-c", os.path.join(folder, "gatepost.yaml"))
    expect(status == 2 and "listener mx:" in err and "key.pem: not the key of " in err, err)
    os.unlink(os.path.join(folder, "tls/ca.pem"))
    status, _, err = gatepost("check", "-c", os.path.join(folder, "gatepost.yaml"))
    expect("listener mx:" in err and "upstream imap-store:" in err, err)


@tests
def check_notes(t):
    "check says that by IMAP nothing is hidden, where a policy has it so"
    path = config(t, "rules: []\n")
    note = 'note: listener reading: by IMAP "spam: hide" of policy hiding is as "tag"; "move" takes spam out of INBOX\n'
    with open(path, encoding="utf-8") as f:
        settings = f.read()
    for protocol, spam, notes in (("imap", "hide", note), ("imap", "move", ""), ("pop3", "hide", "")):
        listener = f'{{ name: reading, protocol: {protocol}, address: "127.0.0.1:2143", upstream: mta, policy: hiding }}'
        text = settings.replace("inbound } ]", "inbound }, " + listener + " ]") + f"  hiding: {{ spam: {spam} }}\n"
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        status, out, err = gatepost("check", "-c", path)
        expect_equal((status, out, err), (0, notes + "2 listeners, 3 policies, 0 rules: ok\n", ""), (protocol, spam))


@tests
def check_errors(t):
    "check tells every error with its place, once, also of a file that two policies use"
    rules = "rules:\n  - { name: A, when: { bdy: '/x/' }, score: 1 }\n  - { name: B, when: { body: '/(/' }, score: 1 }\n"
    path = config(t, rules)
    with open(path, "a", encoding="utf-8") as f:
        f.write("  twice: { rules: rules.yaml }\n")
    status, out, err = gatepost("check", "-c", path)
    lines = err.splitlines()
    expect(status == 2 and out == "" and len(lines) == 2, err)
    expect("rules.yaml:2:" in lines[0] and "body" in lines[0] and "rules.yaml:3:" in lines[1], err)
    os.unlink(os.path.join(os.path.dirname(path), "rules.yaml"))
    status, _, err = gatepost("check", "-c", path)
    expect(status == 2 and re.match(r".*gatepost\.yaml:\d+:\d+: .*rules\.yaml cannot be read: ", err), err)
    status, _, err = gatepost("check", "-c", "/nonexistent/gatepost.yaml")
    expect(status == 2 and err.startswith("/nonexistent/gatepost.yaml:"), err)


@tests
def check_account(t):
    "check knows the account that gatepost would run as, when root asks"
    if os.geteuid() != 0:
        raise Skip("only root changes to an account")
    path = config(t, "rules: []\n")
    with open(path, encoding="utf-8") as f:
        settings = f.read()
    for key, told in (("user", "run.user names no account"), ("group", "run.group names no group")):
        named = write(os.path.dirname(path), f"{key}.yaml", f"run: {{ {key}: no-such }}\n" + settings)
        expect_equal(gatepost("check", "-c", named), (2, "", f"{named}:0:0: {told}\n"))


@tests
def rules_in_force(t):
    "rules lists policy, rule, effect, place and description"
    status, out, _ = gatepost("rules", "-c", config(t))
    expect_equal(status, 0)
    rows = [line.split(None, 4) for line in out.splitlines()]
    expect_equal(rows[0], ["POLICY", "RULE", "EFFECT", "SOURCE", "ABOUT"])
    expect_equal(len(rows), 10)
    expect_equal(rows[1][:3], ["inbound", "EICAR", "reject"])
    expect(rows[1][3].endswith("rules.yaml:2") and rows[1][4] == "the EICAR antivirus test file", rows[1])
    expect_equal(rows[7][1:3], ["SUBJECT_URGENT", "1.5"])


@tests
def exit_status(t):
    "scan exits with 0 for accepted and tagged, 1 for held back, 2 for errors"
    folder, c = t.folder(), config(t)
    paths = {name: write(folder, name, content) for name, content in
             dict(ham=HAM, spam=SPAM, virus=VIRUS, gtube=GTUBE).items()}
    for names, expected in [(["ham"], 0), (["spam"], 0), (["ham", "spam"], 0), (["virus"], 1), (["gtube"], 1),
                            (["ham", "virus"], 1), (["ham", "missing"], 2), (["virus", "missing"], 2)]:
        status, out, _ = gatepost("scan", "-c", c, *[paths.get(n, "/nonexistent") for n in names])
        expect_equal(status, expected, names)
        expect(paths[names[0]] + ": " in out, out)
    expect_equal(gatepost("scan", "-c", c, "--policy", "open", paths["virus"])[0], 0)
    status, _, err = gatepost("scan", "-c", c, "--policy", "inbond", paths["ham"])
    expect(status == 2 and 'did you mean "inbound"?' in err, err)
    expect_equal(gatepost("scan", "-c", "/nonexistent", paths["ham"])[0], 2)


@tests
def text_output(t):
    "scan tells people the verdict, the score and the rules"
    folder = t.folder()
    status, out, _ = gatepost("scan", "-c", config(t), write(folder, "1", invoice()), write(folder, "2", HAM))
    lines = out.splitlines()
    expect_equal(lines[0], f"{folder}/1: strip, score 1.5, BANNED_EXTENSION (part 2), SUBJECT_URGENT")
    expect_equal(lines[1], f"{folder}/2: accept, score 0")
    expect(lines[2].startswith("2 messages: 1 accept, 1 strip in "), lines)
    _, out, _ = gatepost("scan", "-c", config(t), write(folder, "a\nb: reject", HAM))
    expect_equal(out.splitlines()[0], f"{folder}/a?b: reject: accept, score 0")


def same_shape(got, example, where=""):
    """Keys, their order and the kinds of values, as in the contract's example."""
    if isinstance(example, dict):
        expect_equal(list(got), list(example), where)
        for key in example:
            same_shape(got[key], example[key], f"{where}.{key}")
    elif isinstance(example, list):
        expect(isinstance(got, list), where)
    elif isinstance(example, bool) or example is None:
        expect(got is None or isinstance(got, (bool, str)), where, got)
    elif isinstance(example, (int, float)):
        expect(isinstance(got, (int, float)) and not isinstance(got, bool), where, got)
    else:
        expect(got is None or isinstance(got, str), where, got)


@tests
def json_shape(t):
    "scan --json has the keys of the contract, in their order"
    with open(os.path.join(CONTRACT, "scan.jsonl"), encoding="utf-8") as f:
        example = json.loads(f.readline())
    path = write(t.folder(), "invoice.eml", invoice())
    answer, = scan_json("-c", config(t), path)
    same_shape(answer, example)
    by_name = lambda rules: {rule["name"]: rule for rule in rules}
    got, expected = by_name(answer["rules"]), by_name(example["rules"])
    expect_equal(got, expected)
    for name, rule in expected.items():
        expect_equal(list(got[name]), list(rule))
    expect_equal([p["section"] for p in answer["parts"]], [p["section"] for p in example["parts"]])
    for part, sample in zip(answer["parts"], example["parts"]):
        same_shape(part, sample, part["section"])
        for key in ("type", "name", "magic"):
            expect_equal(part[key], sample[key], part["section"] + "." + key)
        expect(len(part["sha256"]) == 64, part)
    expect_equal((answer["file"], answer["message"], answer["verdict"], answer["score"], answer["complete"],
                  answer["readings"], answer["reply"]), (path, 1, "strip", 1.5, True, 1, None))
    expect(answer["edits"] > 0)


@tests
def json_values(t):
    "a reply, an incomplete scan, a size over the limit"
    folder = t.folder()
    answer, = scan_json("-c", config(t), write(folder, "virus", VIRUS))
    expect_equal((answer["verdict"], answer["reply"], answer["edits"]),
                 ("reject", "554 5.7.1 message contains a virus", 0))
    answer, = scan_json("-c", config(t, policy=", max_message_size: 50"), write(folder, "ham", HAM))
    expect_equal((answer["verdict"], answer["reply"][:9], answer["readings"]), ("reject", "552 5.3.4", 0))
    rules = "rules: [ { name: R, when: { body: '/^(?:a|aa)+!x(?!y)/m' }, score: 1 } ]\n"
    slow = write(folder, "slow", HAM + b"a" * 200 + b"!xy\r\n")
    for action, verdict in (("defer", "defer"), ("reject", "reject"), ("accept", "accept")):
        c = config(t, rules, f", on_failure: {action}")
        answer, = scan_json("-c", c, slow)
        expect_equal((answer["verdict"], answer["complete"]), (verdict, False))
    _, out, _ = gatepost("scan", "-c", c, "--rewritten", slow)
    expect(out.startswith("X-Gatepost-Incomplete: rule R "), out)


@tests
def envelope(t):
    "--from, --to and --client reach the rules"
    rules = """rules:
  - { name: FROM, when: { envelope: { from: a@example.org } }, score: 1 }
  - { name: TO, when: { envelope: { to: c@example.net } }, score: 1 }
  - { name: CLIENT, when: { client: { address: 192.0.2.0/24 } }, score: 1 }
"""
    path, c = write(t.folder(), "ham", HAM), config(t, rules)
    names = lambda *options: [r["name"] for r in scan_json("-c", c, *options, path)[0]["rules"]]
    expect_equal(names(), [])
    expect_equal(names("--from", "a@example.org", "--to", "b@example.net", "--to", "c@example.net",
                       "--client", "192.0.2.1"), ["FROM", "TO", "CLIENT"])
    expect_equal(names("--client", "::ffff:192.0.2.1"), ["CLIENT"])
    expect_equal(names("--client", "2001:db8::1"), [])


def users(t, more=""):
    """A configuration with users, and the folder of their files."""
    file = config(t)
    with open(file, "a", encoding="utf-8") as f:
        f.write("""user_directory: users
users:
- { match: open@example.org, policy: open }
- match: "*@example.org"
  policy: inbound
  deny: [ "*@casino.example" ]
  subject_prefix: "[JUNK] "
""" + more)
    folder = os.path.join(os.path.dirname(file), "users")
    os.mkdir(folder)
    return file, folder


@tests
def as_for_a_user(t):
    "--user scans as for a user: his policy, his settings, his file"
    file, folder = users(t)
    mail = write(t.folder(), "spam.eml", SPAM.replace(b"a@example.org", b"win@casino.example"))
    ham = write(t.folder(), "ham.eml", HAM.replace(b"a@example.org", b"win@casino.example"))

    def verdict(path, *options):
        return scan_json("-c", file, *options, path)[0]["verdict"]

    expect_equal(verdict(ham), "accept", "for nobody")
    expect_equal(verdict(mail), "tag", "for nobody")
    expect_equal(verdict(mail, "--user", "open@example.org"), "accept", "under his policy")
    expect_equal(verdict(mail, "-u", "open@example.org", "--policy", "inbound"), "tag", "under another")
    expect_equal(verdict(ham, "--user", "Anna@example.org"), "tag", "what he denies")
    expect(b"Subject: [JUNK] lunch" in gatepost(
        "scan", "-c", file, "--user", "anna@example.org", "--rewritten", ham)[1].encode(), "the prefix")
    write(folder, "anna@example.org.yaml", "allow: [ win@casino.example ]\ndeny: []\n")
    expect_equal(verdict(mail, "--user", "Anna@example.org"), "accept", "what his file allows")
    write(folder, "anna@example.org.yaml", "allow: [\n")
    status, out, err = gatepost("scan", "-c", file, "--user", "anna@example.org", mail)
    expect_equal((status, out), (2, ""), "by a file that is wrong")
    expect(re.match(r"\S+/users/anna@example\.org\.yaml:\d+:\d+: ", err), "the error", err)


@tests
def check_users(t):
    "check reads the files of all users"
    file, folder = users(t)
    expect_equal(gatepost("check", "-c", file)[0], 0, "with no file")
    write(folder, "anna.yaml", "spam: hide\n")
    write(folder, "README", "no file of a user")
    write(folder, ".hidden.yaml", "nor this: [")
    expect_equal(gatepost("check", "-c", file)[0], 0, "with a good one")
    write(folder, "bob.yaml", "spam: hide\npolicy: open\nalow: x\n")
    write(folder, "Carl.yaml", "spam: hide\n")
    os.symlink("bob.yaml", os.path.join(folder, "dora.yaml"))
    status, out, err = gatepost("check", "-c", file)
    expect_equal((status, out), (2, ""), "with others")
    expect_equal(sorted(err.replace(folder + "/", "").splitlines()), [
        'Carl.yaml:0:0: nobody\'s: a user\'s name is of lower-case letters, digits and "._@+=-" here',
        'bob.yaml:2:1: unknown key "policy"',
        'bob.yaml:3:1: unknown key "alow", did you mean "allow"?',
        "dora.yaml:0:0: cannot be read: a symbolic link",
    ], "the errors")
    os.rename(folder, folder + ".old")
    expect(gatepost("check", "-c", file)[2].endswith("/users:0:0: cannot be opened: No such file or directory\n"),
           "without the folder")


@tests
def rewritten(t):
    "--rewritten writes what is delivered, and nothing of what is not"
    folder, c = t.folder(), config(t)
    ham, spam, virus = (write(folder, n, m) for n, m in (("ham", HAM), ("spam", SPAM), ("virus", VIRUS)))
    run = lambda path: subprocess.run([GATEPOST, "scan", "-c", c, "--rewritten", path], capture_output=True, check=False)
    expect_equal(run(ham).stdout, HAM)
    expect(run(spam).stdout.startswith(b"X-Spam-Flag: YES\r\n") and run(spam).stdout.endswith(b"lottery!\r\n"))
    result = run(virus)
    expect(result.returncode == 1 and result.stdout == b"" and b"reject" in result.stderr, result)
    status, out, err = gatepost("scan", "-c", c, "--rewritten", ham, spam)
    expect(status == 2 and out == "" and "one message" in err, err)


@tests
def standard_input(t):
    "- is the standard input, a message or an mbox"
    answer, = scan_json("-c", config(t), "-", input=URGENT)
    expect_equal((answer["file"], answer["score"]), ("-", 1.5))
    box = b"From a@example.org Mon Jan  1 00:00:00 2024\n" + HAM + b"\nFrom b Tue Feb 29 9:01 2024\n" + URGENT
    expect_equal([a["score"] for a in scan_json("-c", config(t), "-", input=box)], [0, 1.5])
    answer, = scan_json("-c", config(t), "-", input=b"")
    expect_equal(answer["verdict"], "accept")


@tests
def folders(t):
    "a Maildir is its cur and new and its folders; other folders are read wholly"
    folder, c = t.folder(), config(t)
    for name in ("M/cur/1:2,S", "M/new/2", "M/tmp/3", "M/dovecot.index", "M/.Sent/cur/4:2,", "M/.Sent/new/5",
                 "M/.Sent/tmp/6", "plain/a.eml", "plain/sub/b.eml", "plain/.git/c", "plain/.hidden"):
        write(folder, name, HAM)
    os.symlink("..", os.path.join(folder, "plain/loop"))
    files = [a["file"][len(folder) + 1:] for a in scan_json("-c", c, os.path.join(folder, "M"))]
    expect_equal(files, ["M/.Sent/cur/4:2,", "M/.Sent/new/5", "M/cur/1:2,S", "M/new/2"])
    files = [a["file"][len(folder) + 1:] for a in scan_json("-c", c, folder)]
    expect_equal(files, ["M/.Sent/cur/4:2,", "M/.Sent/new/5", "M/cur/1:2,S", "M/new/2", "plain/a.eml",
                         "plain/sub/b.eml"])
    os.mkdir(os.path.join(folder, "empty"))
    status, out, _ = gatepost("scan", "-c", c, os.path.join(folder, "empty"))
    expect(status == 0 and out.startswith("0 messages in "), out)


@tests
def order(t):
    "many messages are told in their order, whoever scanned them"
    folder = t.folder()
    for n in range(100):
        write(folder, f"{n:03}", HAM if n % 7 else URGENT + b"x" * 100000)
    answers = scan_json("-c", config(t), folder)
    expect_equal([os.path.basename(a["file"]) for a in answers], [f"{n:03}" for n in range(100)])
    expect_equal([a["score"] for a in answers], [0 if n % 7 else 1.5 for n in range(100)])


@tests
def death_of_a_worker(t):
    "a worker that dies takes one message with it, which is told as incomplete"
    folder = t.folder()
    box = write(folder, "box", (b"From a@example.org Mon Jan  1 00:00:00 2024\n" + URGENT + b"\n") * 4000)
    with subprocess.Popen([GATEPOST, "scan", "--json", "-c", config(t), box], stdout=subprocess.PIPE) as scan:
        # Nobody reads on: all come to a stop, each behind its full pipe.
        lines = [scan.stdout.readline()]
        with open(f"/proc/{scan.pid}/task/{scan.pid}/children", encoding="ascii") as f:
            os.kill(int(f.read().split()[0]), signal.SIGKILL)
        lines += scan.stdout.readlines()
    answers = [json.loads(line) for line in lines]
    expect_equal([a["message"] for a in answers], list(range(1, 4001)))
    dead = [a for a in answers if not a["complete"]]
    expect_equal([(a["verdict"], a["reply"][:4]) for a in dead], [("defer", "451 ")])
    expect_equal(scan.returncode, 1)


@tests
def mailbox(t):
    "an mbox is split at From_ lines, and its quoted lines are unquoted"
    box = b"".join(b"From a@example.org Mon Jan  1 00:00:00 2024\n" + m.replace(b"\r\n", b"\n") + b"\n"
                   for m in (HAM, URGENT + b"\n\nFrom here on it is urgent.\n>From Mon to Fri\n", HAM))
    path = write(t.folder(), "box", box)
    answers = scan_json("-c", config(t, "rules:\n  - { name: Q, when: { body: '/^From Mon/m' }, score: 1 }\n"), path)
    expect_equal([(a["message"], a["score"]) for a in answers], [(1, 0), (2, 1), (3, 0)])
    _, out, _ = gatepost("scan", "-c", config(t), path)
    expect_equal(out.splitlines()[1], f"{path}, message 2: accept, score 1.5, SUBJECT_URGENT")


@tests
def rule_tests(t):
    "test runs tests of rules and tells what differs"
    folder = t.folder()
    write(folder, "rules.yaml", "rules:\n  - { name: LUNCH, when: { header: { name: Subject, matches: '/lunch/' } }, score: 5 }\n"
                                "  - { name: LINES, when: { raw_body: '/noon\\?\\r\\n/' }, score: 1 }\n")
    write(folder, "mail/ham", HAM)
    good = write(folder, "good.test.yaml", """rules: rules.yaml
tests:
  - { name: from a file, file: mail/ham, verdict: tag, rules: [LUNCH, LINES], score: 6 }
  - name: in place
    message: |
      Subject: dinner

      At noon?
    verdict: accept
    rules: LINES
    not_rules: [LUNCH]
""")
    status, out, err = gatepost("test", good)
    expect_equal((status, out, err), (0, "ok 1 - from a file\nok 2 - in place\n1..2\n2 passed, 0 failed\n", ""))
    bad = write(folder, "bad.test.yaml", """rules: [rules.yaml]
tests:
  - { name: wrong, file: mail/ham, verdict: accept, rules: [NONE], not_rules: [LUNCH, LNCH], score: 5 }
""")
    status, out, _ = gatepost("test", good, bad)
    expect(status == 1 and out.endswith("1..3\n2 passed, 1 failed\n") and "not ok 3 - wrong\n" in out, out)
    for told in ("verdict tag, expected accept", "score 6, expected 5", "NONE is no rule in force", "LUNCH holds",
                 "LNCH is no rule in force"):
        expect(f"bad.test.yaml:3: {told}" in out, told, out)


@tests
def rule_tests_errors(t):
    "a file of tests that is wrong is a failed test, with every error"
    folder = t.folder()
    path = write(folder, "x.test.yaml", """config: gatepost.yaml
tests:
  - { name: nothing expected, message: hi }
  - { name: no message, verdict: tag }
  - { message: hi, verdict: tga }
  - { name: unknown key, message: hi, verdcit: tag }
""")
    status, out, err = gatepost("test", path)
    expect(status == 1 and out.endswith("0 passed, 1 failed\n"), out)
    expect_equal([line.split(":")[1] for line in err.splitlines()], ["3", "4", "5", "6"], err)
    expect('"verdict"' in err, err)
    status, _, err = gatepost("test", write(folder, "y.test.yaml", "config: none.yaml\ntests: [{name: a, message: b, verdict: tag}]\n"))
    expect(status == 1 and "none.yaml" in err, err)
    status, out, err = gatepost("test", write(folder, "z.test.yaml", "rules: none.yaml\ntests: [{name: a, message: b, verdict: tag}]\n"))
    expect_equal((status, err), (1, f"{folder}/none.yaml:0:0: cannot be read: No such file or directory\n"))
    write(folder, "empty.yaml", "rules: []\n")
    block = write(folder, "block.test.yaml", "rules: empty.yaml\ntests:\n  - name: |\n      of a block\n    message: hi\n    verdict: accept\n")
    expect_equal(gatepost("test", block), (0, "ok 1 - of a block\n1..1\n1 passed, 0 failed\n", ""))


tests.run()
