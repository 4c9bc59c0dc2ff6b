# SPDX-License-Identifier: Apache-2.0
"""Bodies as documents: JSON, SSE, NDJSON, a JSON array, AWS eventstream, multipart forms.

    documents(exchange) -> (is it a stream, [objects in order])

[DONE] of SSE stands in the list as {"_done": True}, an AWS frame's own headers as "_event" and
"_exception" of its object.
"""
import base64
import binascii
import decimal
import json
import re
import struct


def parse_any(body):
    """Any JSON value; numbers with a point or exponent stay exact. None when it is not JSON."""
    try:
        return json.loads(body, parse_float=decimal.Decimal)
    except (ValueError, UnicodeDecodeError, RecursionError):
        return None


def parse_json(body):
    value = parse_any(body)
    return value if isinstance(value, dict) else None


def sse_events(body):
    """Yields (event name, data bytes); a last event without its blank line counts."""
    name, data = "", []
    for line in re.split(rb"\r\n|\n|\r", body) + [b""]:
        if not line:
            if data:
                yield name, b"\n".join(data)
            name, data = "", []
            continue
        field, _, value = line.partition(b":")
        value = value[1:] if value.startswith(b" ") else value
        if field == b"event":
            name = value.decode("utf-8", "replace")
        elif field == b"data":
            data.append(value)


def sse_documents(body):
    docs = []
    for _, data in sse_events(body):
        doc = {"_done": True} if data.strip() == b"[DONE]" else parse_json(data)
        if doc is not None:
            docs.append(doc)
    return docs


def line_documents(body):
    return [d for d in map(parse_json, body.splitlines()) if d is not None]


def array_documents(body):
    """A JSON array; one that was cut still gives its whole elements."""
    whole = parse_any(body)
    if isinstance(whole, list):
        return [d for d in whole if isinstance(d, dict)]
    docs, at = [], body.index(b"[") + 1
    decoder, rest = json.JSONDecoder(parse_float=decimal.Decimal), body[at:].decode("utf-8", "replace")
    while True:
        rest = rest.lstrip(" \t\r\n,")
        try:
            doc, end = decoder.raw_decode(rest)
        except ValueError:
            return docs
        docs += [doc] if isinstance(doc, dict) else []
        rest = rest[end:]


def frame_headers(data):
    out, at = {}, 0
    while at < len(data):
        n = data[at]
        name, kind = data[at + 1:at + 1 + n].decode(), data[at + 1 + n]
        at += n + 2
        if kind == 7:
            size = struct.unpack_from(">H", data, at)[0]
            out[name] = data[at + 2:at + 2 + size].decode("utf-8", "replace")
            at += 2 + size
        else:
            at += {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}.get(kind, len(data))
    return out


def frames(body):
    """(headers, payload) of each frame whose two checksums hold."""
    at = 0
    while at + 16 <= len(body):
        total, heads, crc = struct.unpack_from(">III", body, at)
        if binascii.crc32(body[at:at + 8]) != crc or at + total > len(body) or total < 16 + heads:
            return
        if binascii.crc32(body[at:at + total - 4]) == struct.unpack_from(">I", body, at + total - 4)[0]:
            yield (frame_headers(body[at + 12:at + 12 + heads]),
                   body[at + 12 + heads:at + total - 4])
        at += total


def frame_documents(body):
    """InvokeModel wraps the vendor's event in base64; Converse does not."""
    docs = []
    for headers, payload in frames(body):
        doc = parse_json(payload) or {}
        if isinstance(doc.get("bytes"), str):
            doc = parse_json(base64.b64decode(doc["bytes"])) or {}
        doc["_event"] = headers.get(":event-type")
        if headers.get(":message-type") in ("exception", "error"):
            doc["_exception"] = headers.get(":exception-type") or headers.get(":error-code")
        docs.append(doc)
    return docs


def is_eventstream(body):
    return len(body) >= 16 and binascii.crc32(body[:8]) == struct.unpack_from(">I", body, 8)[0]


def is_line_type(content_type):
    return any(kind in content_type for kind in ("ndjson", "stream+json", "jsonl"))


def documents(x):
    """(is it a stream, its JSON documents in order)."""
    body = x.resp_body
    if is_eventstream(body):
        return True, frame_documents(body)
    if re.match(rb"\s*\[", body) and x.path.split("?")[0].endswith(":streamGenerateContent"):
        return True, array_documents(body)
    is_lines = is_line_type(x.content_type) and "jsonl" not in x.content_type
    whole = parse_json(body)
    if whole is not None:
        return is_lines, [whole]
    if "event-stream" in x.content_type or re.match(rb"\s*(data:|event:|:)", body):
        return True, sse_documents(body)
    if is_lines or re.match(rb"\s*\{[^\n]*\}\r?\n\s*\{", body):
        return "jsonl" not in x.content_type, line_documents(body)
    return False, []


def form(body):
    """Text parts of a multipart form, the boundary taken from its first line."""
    edge = re.match(rb"(--[^\r\n]{1,200})\r?\n", body)
    parts = {}
    for part in body.split(edge[1]) if edge else ():
        head, _, value = part.partition(b"\r\n\r\n")
        name = re.search(rb'\bname="([^"]*)"', head)
        if name and b"filename=" not in head:
            value = value[:-2] if value.endswith(b"\r\n") else value
            parts[name[1].decode("utf-8", "replace")] = value.decode("utf-8", "replace")
    return parts


def request_of(x):
    """The request's members: of its JSON object, or of its form."""
    return parse_json(x.req_body) or form(x.req_body)
