"""A clamd of which the test says how it answers."""

import socket
import struct
import threading


class Clamd:
    """answer(message) gives the reply without its NUL, or None: the connection
    is closed; or HANG: nothing comes. Every message is kept in `messages`."""

    HANG = object()

    def __init__(self, answer):
        self.answer = answer
        self.messages = []
        self.connections = 0
        self.changed = threading.Condition()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = self.socket.getsockname()
        self.held = []
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        self.socket.close()
        for connection in self.held:
            connection.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    @staticmethod
    def _exactly(file, count):
        data = file.read(count)
        if len(data) != count:
            raise EOFError
        return data

    def _message(self, file):
        assert self._exactly(file, 10) == b"zINSTREAM\0"
        message = b""
        while True:
            size, = struct.unpack(">I", self._exactly(file, 4))
            if size == 0:
                return message
            message += self._exactly(file, size)

    def _talk(self, connection):
        with self.changed:
            self.connections += 1
            self.held.append(connection)
            self.changed.notify_all()
        try:
            message = self._message(connection.makefile("rb"))
            with self.changed:
                self.messages.append(message)
                self.changed.notify_all()
            reply = self.answer(message)
            if reply is self.HANG:
                return
            if reply is not None:
                connection.sendall(reply)
            connection.close()
        except (OSError, EOFError):
            connection.close()
