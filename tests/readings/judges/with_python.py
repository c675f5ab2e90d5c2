"""Judge: Python's email, with the policy that the first argument names.
Reads paths, a line each; writes for each {"file", "leaves": [[name, base64]…]}."""

import base64
import email
import email.policy
import json
import sys

sys.setrecursionlimit(5000)
policy = {"compat32": email.policy.compat32, "default": email.policy.default}[sys.argv[1]]


def leaves(message):
    for part in message.walk():
        try:
            name = part.get_filename()
        except Exception:  # its own defects must not end the judge
            name = None
        try:
            content = None if part.is_multipart() else part.get_payload(decode=True)
        except Exception:
            content = str(part.get_payload()).encode("utf-8", "replace")
        if content is None and not part.is_multipart():
            content = str(part.get_payload()).encode("utf-8", "replace")
        if name or content is not None:
            yield [str(name or ""), base64.b64encode(content or b"").decode()]
        try:
            text = part.get_content() if policy is email.policy.default else None  # by its charset
        except Exception:
            text = None
        if isinstance(text, str):
            yield [str(name or ""), base64.b64encode(text.encode("utf-8", "replace")).decode()]
        if content is None and isinstance(part.preamble, str):
            yield ["", base64.b64encode(part.preamble.encode("utf-8", "replace")).decode()]


for line in sys.stdin:
    path = line.rstrip("\n")
    try:
        with open(path, "rb") as f:
            found = list(leaves(email.message_from_binary_file(f, policy=policy)))
    except Exception as e:
        found = []
        print(f"{path}: {e!r}", file=sys.stderr)
    print(json.dumps({"file": path, "leaves": found}), flush=True)
