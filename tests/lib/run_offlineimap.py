"""offlineimap, which waits for ever now and then, without gatepost too: its imaplib2
asks the thread that reads to end after the response to STARTTLS, and where that has
not come back yet from the response before, it ends after that one. Here the request
counts from the first octet on that is read after it.

For the system's python3, of which Debian's offlineimap and imaplib2 are."""

import os
import runpy
import sys

import imaplib2

PROGRAM = os.path.realpath("/usr/bin/offlineimap")
read = imaplib2.IMAP4.read


def read_and_note(self, size):
    data = read(self, size)
    self.reads_to_end = self.asked_to_end
    return data


def is_to_end(self):
    return self.asked_to_end and self.reads_to_end


def ask_to_end(self, asked):
    self.asked_to_end, self.reads_to_end = asked, False


imaplib2.IMAP4.read = read_and_note
imaplib2.IMAP4.TerminateReader = property(is_to_end, ask_to_end)
sys.path[0] = os.path.dirname(PROGRAM)
runpy.run_path(PROGRAM, run_name="__main__")
