#!/usr/bin/env python3
"""What filtering costs with POP3, see retrieval.py."""

from retrieval import main
from retrieval_subjects import POP3

if __name__ == "__main__":
    main(POP3)
