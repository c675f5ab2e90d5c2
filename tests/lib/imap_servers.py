"""The server that a test of IMAP has: GATEPOST_TEST_SERVER is "dovecot", or "cyrus"."""

import os

from cyrus import shared_cyrus
from dovecot import shared_dovecot

SERVER = os.environ.get("GATEPOST_TEST_SERVER", "dovecot")


def shared_server(t):
    """The one of all tests of a program."""
    return {"dovecot": shared_dovecot, "cyrus": shared_cyrus}[SERVER](t)
