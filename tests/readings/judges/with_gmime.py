"""Judge: GMime. Reads paths, a line each; writes for each {"file", "leaves": [[name, base64]…]}."""

import base64
import json
import sys

import gi
gi.require_version("GMime", "3.0")
from gi.repository import GMime  # noqa: E402

GMime.init()
DEPTH = 40


def content_of(part):
    wrapper = part.get_content()
    if wrapper is None:
        return b""
    memory = GMime.StreamMem.new()
    wrapper.write_to_stream(memory)
    return bytes(memory.get_byte_array())


def leaves(part, depth=0):
    if part is None or depth > DEPTH:
        return
    if isinstance(part, GMime.MessagePart):
        message = part.get_message()
        if message is not None:
            yield from leaves(message.get_mime_part(), depth + 1)
    elif isinstance(part, GMime.Multipart):
        for i in range(part.get_count()):
            yield from leaves(part.get_part(i), depth + 1)
    elif isinstance(part, GMime.Part):
        content = content_of(part)
        yield [part.get_filename() or "", base64.b64encode(content).decode()]


for line in sys.stdin:
    path = line.rstrip("\n")
    with open(path, "rb") as f:
        parser = GMime.Parser.new_with_stream(GMime.StreamMem.new_with_buffer(f.read()))
    message = parser.construct_message(None)
    found = list(leaves(message.get_mime_part())) if message is not None else []
    print(json.dumps({"file": path, "leaves": found}), flush=True)
