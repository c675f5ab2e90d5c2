"""The other side of tests/faults.c: what is to fail in a gatepost_faulty, and where
a session is to stop.

    faults = Faults(folder)                     before gatepost starts, with faults.environment or prefix=faults.prefix
    faults.fail("write", errno.ENOSPC, nth=3)   the third write from now on fails
    faults.fail("fsync", KILL, process="keeper")
    faults.fail("poison", KILL, times=ALWAYS, process="scanner")   … while at a message with "please die"
    faults.stop_at("await_verdict", 1)          in the middle of a session
    await_event(gatepost.changed, lambda: faults.stopped, "…")
    faults.none()                               it goes on
    faults.note("alloc")                        where calls come from, until
    calls = faults.noted()                      … then the first one from the last of those places fails:
    faults.fail("alloc", errno.ENOMEM, place=calls.places[-1].place)
    faults.go_ahead(60)                         a minute is over, for what waits"""

import mmap
import os
import struct
import typing

PROGRAM = os.path.join(os.environ.get("builddir", "."), "tests", "gatepost_faulty")
SHORT, KILL = -1, -2  # in place of an errno: one octet is read or written; the process is killed
ALWAYS = 1 << 30
LOST = 50  # in a row: what packet_send_surely() sends is not sent
LAYOUT = struct.Struct("=32s32siIIIIIII64s")
PLACE = struct.Struct("=II")
CALLS, FAILED, STOPPED, AHEAD = 76, 80, 92, LAYOUT.size  # where in it
FROM, NOTED = AHEAD + 8, AHEAD + 8 + PLACE.size
SIZE = NOTED + 16384 * PLACE.size
NAMED = 5  # of a process's name, so many letters are told


def command_line(arguments, option="--all"):
    """(words, whether all, a part of all as a slice) of `[--all[=PART/PARTS]] [WORD…]`."""
    words = [word for word in arguments if word.split("=")[0] != option]
    part, parts = next((map(int, word.split("=")[1].split("/")) for word in arguments if word.startswith(option + "=")), (1, 1))
    return words, len(words) < len(arguments), slice(part - 1, None, parts)


class Place(typing.NamedTuple):
    """One that calls come from, by its innermost callers."""

    first: int  # its number among all calls
    place: int


class Calls(typing.NamedTuple):
    count: int
    places: list  # in the order of their first


class Call(typing.NamedTuple):
    """One of all, or with a place one of those that come from there."""

    nth: int
    place: int = 0
    first: int = 0

    def __str__(self):
        return f"{self.nth} from the place of {self.first}" if self.place else str(self.nth)


class Faults:
    def __init__(self, folder):
        path = os.path.join(folder, "faults")
        with open(path, "wb+") as f:
            f.truncate(SIZE)
            self.page = mmap.mmap(f.fileno(), SIZE)
        self.environment = {"GATEPOST_FAULTS": path}
        self.prefix = ["env", f"GATEPOST_FAULTS={path}", "sh", "-c", 'shift; exec "$0" "$@"', PROGRAM]  # it, for gatepost

    def _write(self, function="", process="", error=0, nth=0, times=0, step="", step_nth=0, place=0, noting=0):
        texts = [text.encode() for text in (function, process[:NAMED] if process != "master" else process, step)]
        self.page[:32] = bytes(32)  # none fails while the rest is written
        packed = LAYOUT.pack(texts[0], texts[1], error, nth, times, 0, 0, step_nth, 0, 0, texts[2])
        self.page[32:LAYOUT.size] = packed[32:]
        PLACE.pack_into(self.page, FROM, place, noting)
        self.page[:32] = packed[:32]

    def fail(self, function, error, nth=1, times=1, process="", place=0):
        """place: the nth of those from there, and then so many from anywhere."""
        self._write(function, process, error, nth, times, place=place)

    def note(self, function, process=""):
        """None fails, and where they come from is noted."""
        self._write()
        self.page[NOTED:] = bytes(SIZE - NOTED)
        self._write(function, process, nth=ALWAYS, noting=1)

    def noted(self):
        """Calls since note()."""
        count = self.none()[0]
        return Calls(count, sorted(Place(first, place) for place, first in PLACE.iter_unpack(self.page[NOTED:]) if place))

    def none(self):
        """Nothing fails any more; (calls counted, calls that failed) since the last fail()."""
        counted = self._number(CALLS), self._number(FAILED)
        self._write()
        return counted

    def _number(self, at):
        return struct.unpack_from("=I", self.page, at)[0]

    def go_ahead(self, seconds):
        struct.pack_into("=q", self.page, AHEAD, struct.unpack_from("=q", self.page, AHEAD)[0] + seconds)

    def stop_at(self, step, nth):
        """The process whose session enters it for the nth time stops, until none()."""
        self._write(step=step, step_nth=nth)

    @property
    def stopped(self):
        """Whether one does; seen by who has seen its line in the log."""
        return self._number(STOPPED) != 0
