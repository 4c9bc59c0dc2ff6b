# SPDX-License-Identifier: Apache-2.0
"""Frames a recorded exchange as HTTP/1.1 again, in seeded-random ways."""
import re

from coding import encode_pieces

REASONS = {200: "OK", 201: "Created", 204: "No Content", 400: "Bad Request", 401: "Unauthorized",
           403: "Forbidden", 404: "Not Found", 429: "Too Many Requests",
           500: "Internal Server Error", 529: ""}
CODINGS = ("identity", "gzip", "br", "zstd")


def cut(data, rng, pieces_max=64):
    """The same bytes in random pieces."""
    if len(data) < 2:
        return [data]
    n = min(rng.randint(0, pieces_max - 1), len(data) - 1, len(data) // 8 + 1)
    marks = sorted(rng.sample(range(1, len(data)), n)) if n else []
    out, last = [], 0
    for mark in marks + [len(data)]:
        out.append(data[last:mark])
        last = mark
    return out


def body_pieces(recorded, rng):
    """Whole, at the events of a stream, or anywhere."""
    body = recorded.response
    how = rng.choice(("whole", "events", "random"))
    if how == "events" and recorded.is_sse:
        return [p for p in re.split(rb"(?<=\n\n)", body) if p]
    return cut(body, rng) if how == "random" else [body]


def random_case(name, rng):
    return rng.choice((name.lower(), name.title(), name))


def head_lines(first, headers, rng):
    lines = [first] + [f"{random_case(k, rng)}: {v}" for k, v in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunked(pieces, rng, trailers=()):
    out = []
    for p in pieces:
        if p:
            ext = rng.choice(("", "", "", ";x=1"))
            out.append(f"{len(p):x}{ext}\r\n".encode() + p + b"\r\n")
    tail = "".join(f"{k}: {v}\r\n" for k, v in trailers)
    return out + [f"0\r\n{tail}\r\n".encode()]


def frame_response(recorded, rng, coding="identity", is_chunked=True, body=None):
    """The pieces a server would write, one after the other: head, then body parts."""
    pieces = body_pieces(recorded, rng) if body is None else body
    pieces = encode_pieces(coding, pieces)
    if len(pieces) > 1 and rng.random() < 0.5:
        pieces = cut(b"".join(pieces), rng)
    headers = list(recorded.resp_headers)
    if coding != "identity":
        headers.append(("content-encoding", coding))
    if is_chunked:
        headers.append(("transfer-encoding", "chunked"))
        trailers = (("x-trailer", "1"),) if rng.random() < 0.1 else ()
        pieces = chunked(pieces, rng, trailers)
    else:
        headers.append(("content-length", str(sum(map(len, pieces)))))
    reason = REASONS.get(recorded.status, "Status")
    return [head_lines(f"HTTP/1.1 {recorded.status} {reason}", headers, rng)] + pieces


def frame_cut(recorded, rng):
    """An answer whose length promises more than comes."""
    head, *pieces = frame_response(recorded, rng, is_chunked=False, body=[recorded.response])
    return [head] + cut(b"".join(pieces)[:len(recorded.sent)], rng)


def frame_request(recorded, rng, host=None, is_chunked=False, extra=()):
    """The pieces a client would write."""
    target = recorded.path + (f"?{recorded.query}" if recorded.query else "")
    headers = [("host", host or recorded.host), ("content-type", recorded.request_type), *extra]
    body = recorded.request
    if is_chunked:
        headers.append(("transfer-encoding", "chunked"))
        pieces = chunked(cut(body, rng, pieces_max=8), rng)
    elif body or recorded.method == "POST":
        headers.append(("content-length", str(len(body))))
        pieces = [body] if body else []
    else:
        pieces = []
    return [head_lines(f"{recorded.method} {target} HTTP/1.1", headers, rng)] + pieces
