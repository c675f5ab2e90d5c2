#!/usr/bin/python3
"""Plays tests/transcripts/*.txt; lib/transcript.py says what they look like.

    GATEPOST=src/gatepost python3 tests/transcripts.py [WORD…]

plays those whose name or description holds one of the words."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))

from gatepost_test import Tests  # noqa: E402
from transcript import CUTS, Player, load  # noqa: E402

tests = Tests()


def play(transcript):
    def test(t):
        gatepost, upstream = transcript.start(t)
        for cut in CUTS:
            Player(t, transcript, gatepost, upstream, cut).play()
    return test


for found in load(os.path.join(HERE, "transcripts")):
    tests.add(found.about, play(found))
tests.run()
