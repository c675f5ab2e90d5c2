#!/bin/sh
# tests/e2e_imap.py before Cyrus, which takes its time for each login: some of the programs, and all of the sessions.
[ $# -gt 0 ] || set -- curl, mbsync, imapflow "every command" APPEND IDLE "rules: messages" "is marked" capabilities "rules: imaplib"
GATEPOST_TEST_SERVER=cyrus exec python3 "$srcdir/tests/e2e_imap.py" "$@"
