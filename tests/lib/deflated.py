"""A socket on which DEFLATE is active either way (RFC 4978), in the place of the one
below it. Octets that are sent together are compressed together."""

import zlib


class Deflated:
    def __init__(self, below, early=b"", cut=None):
        """early: what was read behind the last octet that was not compressed.
        cut(octets): the pieces in which compressed octets are sent."""
        self.below, self.cut = below, cut or (lambda octets: [octets])
        self.compressor, self.expander = zlib.compressobj(6, zlib.DEFLATED, -15), zlib.decompressobj(-15)
        self.ready, self.came = self.expander.decompress(early), len(early)  # octets to read; that came compressed

    def packed(self, data):
        return self.compressor.compress(data) + self.compressor.flush(zlib.Z_SYNC_FLUSH)

    def sendall(self, data):
        for piece in self.cut(self.packed(bytes(data))):
            self.below.sendall(piece)

    def recv(self, most):
        while not self.ready:
            data = self.below.recv(65536)
            if not data:
                return b""
            self.came += len(data)
            self.ready = self.expander.decompress(data)
        data, self.ready = self.ready[:most], self.ready[most:]
        return data

    def __getattr__(self, name):
        return getattr(self.below, name)
