#!/bin/sh
# tests/imap_agreement.py before Cyrus, with fewer messages: it takes its time for each command.
GATEPOST_TEST_SERVER=cyrus GATEPOST_TEST_MESSAGES=${GATEPOST_TEST_MESSAGES:-20} exec python3 "$srcdir/tests/imap_agreement.py" "$@"
