"""A program on a terminal of its own, and what is to be seen there.

    terminal = Terminal(["gatepost", "ctl", "top"], columns=80, lines=24, patience=20)
    terminal.wait_for(lambda screen: screen[0].startswith("gatepost"))
    terminal.type(b"q")
    status = terminal.wait()

`output` has every octet that the program wrote. Of sequences only those are known
that a program needs which draws its screen from the top line down: moving home,
clearing to the end of a line or of the screen; others have no effect."""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time

SEQUENCE = re.compile(rb"\033\[([?0-9;]*)([A-Za-z])|(\r\n)|([^\033\r]+)|(.)", re.DOTALL)


def screen_of(octets, lines):
    """The lines of the last frame, without blanks at their ends."""
    screen, row, column = [""] * lines, 0, 0
    for numbers, final, newline, text, _ in SEQUENCE.findall(octets):
        if final == b"H":
            row = column = 0
        elif final == b"K" and row < lines:
            screen[row] = screen[row][:column]
        elif final == b"J" and row < lines:
            screen[row:] = [screen[row][:column]] + [""] * (lines - row - 1)
        elif numbers == b"?1049" and final in b"hl":
            screen, row, column = [""] * lines, 0, 0
        elif newline:
            row, column = row + 1, 0
        elif text and row < lines:
            shown = text.decode("ascii", "replace")
            screen[row] = screen[row][:column].ljust(column) + shown + screen[row][column + len(shown):]
            column += len(shown)
    return [line.rstrip() for line in screen]


class Terminal:
    def __init__(self, command, columns, lines, patience):
        self.patience, self.output, self.status = patience, b"", None
        self.master, self.slave = pty.openpty()  # ours too, so that it outlives the program
        self.resize(columns, lines, tell=False)
        self.started, ready = self.modes(), os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.read(ready[0], 1)  # the modes of before have been looked at
            os.login_tty(self.slave) if hasattr(os, "login_tty") else self._take(self.slave)
            os.closerange(3, 256)
            os.execvp(command[0], command)
        os.write(ready[1], b"x")
        for fd in ready:
            os.close(fd)

    @staticmethod
    def _take(slave):
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(slave, fd)

    def modes(self):
        return termios.tcgetattr(self.slave)[:4]

    def resize(self, columns, lines, tell=True):
        """The kernel tells the program by SIGWINCH. What was drawn before counts no more."""
        self.columns, self.lines = columns, lines
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        if tell:
            self._read(0)
            self.frame_from = len(self.output)
        else:
            self.frame_from = 0

    def type(self, keys):
        os.write(self.master, keys)

    def _read(self, seconds):
        """Takes what there is, waiting so long for something. False: there was nothing."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        self.output += os.read(self.master, 65536)
        return True

    def screen(self):
        return screen_of(self.output[self.frame_from:], self.lines)

    def wait_for(self, check):
        until = time.monotonic() + self.patience
        while not check(self.screen()):
            left = until - time.monotonic()
            if left < 0:
                raise AssertionError("waited in vain for the screen; it shows:\n" + "\n".join(self.screen()))
            self._read(min(left, 1))

    def wait(self):
        """The exit status, once it has ended; all that it wrote is in `output`."""
        until = time.monotonic() + self.patience
        while self.status is None:
            self._read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > until:
                raise AssertionError("the program does not end")
        while self._read(0):
            pass
        return self.status

    def close(self):
        if self.status is None:
            os.kill(self.pid, 9)
            os.waitpid(self.pid, 0)
        os.close(self.master)
        os.close(self.slave)
