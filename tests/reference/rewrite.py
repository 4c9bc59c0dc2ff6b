# SPDX-License-Identifier: Apache-2.0
"""Changes recorded bodies without breaking what carries them: AWS frames are sealed anew."""
import base64
import binascii
import json
import struct

from reader.bodies import is_eventstream


def seal(heads, payload):
    """An AWS eventstream frame."""
    prelude = struct.pack(">II", 16 + len(heads) + len(payload), len(heads))
    frame = prelude + struct.pack(">I", binascii.crc32(prelude)) + heads + payload
    return frame + struct.pack(">I", binascii.crc32(frame))


def raw_frames(body):
    """(bytes of the headers, payload)"""
    at = 0
    while at + 16 <= len(body):
        total, n = struct.unpack_from(">II", body, at)
        yield body[at + 12:at + 12 + n], body[at + 12 + n:at + total - 4]
        at += total


def edit_payload(payload, edit):
    """InvokeModel's event stands in base64 inside a JSON object, other events as they are."""
    try:
        outer = json.loads(payload)
        inner = base64.b64decode(outer["bytes"])
    except (ValueError, KeyError, TypeError):
        return edit(payload)
    outer["bytes"] = base64.b64encode(edit(inner)).decode()
    return json.dumps(outer, separators=(",", ":")).encode()


def edit_body(body, edit):
    """The body with `edit` (bytes to bytes) done to its text, or to each frame's."""
    if not is_eventstream(body):
        return edit(body)
    return b"".join(seal(heads, edit_payload(payload, edit)) for heads, payload in raw_frames(body))
