"""gatepost quarantine as tests use it: commands, and what lies there."""

import json
import sqlite3
import subprocess

from gatepost_test import GATEPOST, PATIENCE, Skip, expect, expect_equal, is_sanitized

HELD = b"From: Anna <anna@example.net>\r\nSubject: please quarantine\r\n\r\n.line\r\nbody\r\n"


def command(gatepost, verb, *arguments, config=None, prefix=()):
    """(exit status, standard output as bytes, standard error)."""
    result = subprocess.run([*prefix, GATEPOST, "quarantine", verb, "-c", config or gatepost.file, *arguments],
                            capture_output=True, check=False, timeout=PATIENCE * 3)
    expect(b"Sanitizer" not in result.stderr, "a sanitizer spoke", result.stderr)
    return result.returncode, result.stdout, result.stderr.decode()


def ok(gatepost, verb, *arguments, **options):
    status, out, err = command(gatepost, verb, *arguments, **options)
    expect_equal((status, err), (0, ""), f"{verb} {arguments}")
    return out


def refused(gatepost, verb, *arguments, status=1, **options):
    """What is said of it on standard error."""
    got, out, err = command(gatepost, verb, *arguments, **options)
    expect_equal((got, out), (status, b""), f"{verb} {arguments}: {err}")
    return err


def listed(gatepost, *filters):
    return [json.loads(line) for line in ok(gatepost, "list", "--json", *filters).splitlines()]


def kept_as(reply):
    """The id that a message is kept under."""
    expect_equal(reply.code, 250, reply)
    return reply.text.split()[-1]


def hold(t, gatepost, message=HELD, sender="s@example.org", to=("r@example.org",), parameters=""):
    client = t.client(gatepost)
    client.greet()
    reply = client.deliver(message, sender=sender, recipients=to, parameters=parameters)
    client.close()
    return kept_as(reply)


def state(gatepost, message):
    return json.loads(ok(gatepost, "show", "--json", message))["state"]


def needs_strace():
    try:
        works = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        works = False
    if not works:
        raise Skip("needs strace(1)")
    if is_sanitized():
        raise Skip("with sanitizers it takes minutes to be killed so often, and shows nothing more")


def expect_sound(gatepost):
    """The index is whole: its ids, and the state of each message."""
    with sqlite3.connect(f"{gatepost.folder}/quarantine/index.db") as db:
        expect_equal(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)], "the index")
        return {row[0]: ("held", "unknown", "released")[row[1]] for row in db.execute("SELECT id, state FROM message")}
