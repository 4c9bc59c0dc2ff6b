# SPDX-License-Identifier: Apache-2.0
"""gRPC as bytes, for the server's side: messages written by field numbers, frames, trailers."""
import struct

from exchanges import Recorded


def varint(n):
    out = b""
    while n > 0x7f:
        out, n = out + bytes([0x80 | n & 0x7f]), n >> 7
    return out + bytes([n])


def message(*fields):
    """(number, value) pairs: a whole number, a text, or the pairs of a message within."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
            continue
        data = value.encode() if isinstance(value, str) else message(*value)
        out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def answer(name, path, messages, status=0):
    """What a server answers, ready to be replayed: `messages` as message() takes them."""
    body = b"".join(struct.pack(">BI", 0, len(m)) + m for m in (message(*m) for m in messages))
    recorded = Recorded({"id": name, "method": "POST", "host": "api.x.ai", "path": path,
                         "status": 200, "resp_headers": [["content-type", "application/grpc"]],
                         "request": b"", "response": body})
    recorded.trailers = [("grpc-status", str(status))]
    return recorded
