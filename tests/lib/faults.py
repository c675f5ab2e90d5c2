"""The other side of tests/faults.c: what is to fail in a gatepost_faulty, and where
a session is to stop.

    faults = Faults(folder)                     before gatepost starts, with faults.environment
    faults.fail("write", errno.ENOSPC, nth=3)   the third write from now on fails
    faults.fail("fsync", KILL, process="keeper")
    with faults.stopped_at("await_verdict"):    in the middle of a session
        …                                       it goes on at the end of the block"""

import contextlib
import mmap
import os
import socket
import struct

PROGRAM = os.path.join(os.environ.get("builddir", "."), "tests", "gatepost_faulty")
SHORT, KILL = -1, -2  # in place of an errno: one octet is read or written; the process is killed
ALWAYS = 1 << 30
LAYOUT = struct.Struct("=32s32siIIIIII64s64s")
CALLS, FAILED, SEEN = 76, 80, 88  # where in it
NAMED = 5  # of a process's name, so many letters are told


class Faults:
    def __init__(self, folder):
        path = os.path.join(folder, "faults")
        with open(path, "wb+") as f:
            f.truncate(LAYOUT.size)
            self.page = mmap.mmap(f.fileno(), LAYOUT.size)
        self.environment = {"GATEPOST_FAULTS": path}

    def _write(self, function="", process="", error=0, nth=0, times=0, step="", step_nth=0, name=""):
        texts = [text.encode() for text in (function, process[:NAMED] if process != "master" else process, step, name)]
        self.page[:32] = bytes(32)  # none fails while the rest is written
        packed = LAYOUT.pack(texts[0], texts[1], error, nth, times, 0, 0, step_nth, 0, texts[2], texts[3])
        self.page[32:] = packed[32:]
        self.page[:32] = packed[:32]

    def fail(self, function, error, nth=1, times=1, process=""):
        self._write(function, process, error, nth, times)

    def none(self):
        """Nothing fails any more; (calls counted, calls that failed) since the last fail()."""
        counted = self._number(CALLS), self._number(FAILED)
        self._write()
        return counted

    def _number(self, at):
        return struct.unpack_from("=I", self.page, at)[0]

    def stop_at(self, step, nth, listener):
        self._write(step=step, step_nth=nth, name=listener.getsockname()[1:].decode())

    def steps_seen(self):
        return self._number(SEEN)


@contextlib.contextmanager
def listening():
    """A socket that a process which stops connects to."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("")  # a free name in the abstract namespace
        listener.listen()
        yield listener
