#!/usr/bin/env python3
"""What filtering costs with IMAP, see retrieval.py."""

from retrieval import main
from retrieval_subjects import IMAP

if __name__ == "__main__":
    main(IMAP)
