# SPDX-License-Identifier: Apache-2.0
"""Recorded exchanges to replay: ../shared/corpus where it lies beside the project, else the
hand-made ones of tests/live/exchanges."""
import base64
import json
import lzma
import pathlib
import re

from coding import decode
from reader import Exchange, endpoint_of
from reader.bodies import is_eventstream
from rewrite import seal

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = ROOT / "../shared/corpus/recorded.jsonl.xz"
BUNDLED = ROOT / "tests/live/exchanges"

# Of the answer's head: its framing is made anew, the rest is replayed.
FRAMING = {"content-length", "transfer-encoding", "content-encoding", "connection", "keep-alive",
           "date", "set-cookie", "alt-svc", "trailer", "upgrade", "http_version"}


class Recorded:
    """One exchange as the wire carried it, without codings and framing."""

    def __init__(self, row):
        self.id, self.about = row["id"], row.get("about", "")
        self.method = row["method"].upper()
        self.host, self.path, self.query = row["host"], row["path"], row.get("query") or ""
        self.status = row["status"]
        self.req_headers = row.get("req_headers") or []
        self.resp_headers = [(k, v) for k, v in row.get("resp_headers") or []
                             if k.lower() not in FRAMING and is_header(k, v)]
        self.request, self.response = row["request"], row["response"]
        if is_eventstream(self.response) and "eventstream" not in self.content_type:
            self.resp_headers = [h for h in self.resp_headers if h[0].lower() != "content-type"] + [
                ("content-type", "application/vnd.amazon.eventstream")]     # dropped or masked
        self.expect = row.get("expect")     # hand-made ones: what a reading must be
        self.trailers = []                  # behind the body, where HTTP has a place for them
        self.cut = None                     # the connection breaks after as many bytes of the answer

    def header(self, name):
        return next((v for k, v in self.resp_headers if k.lower() == name), "")

    @property
    def content_type(self):
        return self.header("content-type")

    @property
    def request_type(self):
        """As sent where that tells how to read the body (a form's boundary)."""
        sent = next((v for k, v in self.req_headers if k.lower() == "content-type"), "")
        return sent if sent.startswith("multipart/") else "application/json"

    @property
    def is_sse(self):
        return bool(re.match(rb"\s*(data:|event:|:)", self.response))

    @property
    def sent(self):
        """What of the answer's body reaches the client."""
        return self.response if self.cut is None else self.response[:self.cut]

    def exchange(self, **changes):
        x = Exchange(self.method, self.host, self.path, self.status, self.request, self.sent,
                     self.content_type, query=self.query,
                     headers={k.lower(): v for k, v in self.resp_headers},
                     is_cut=self.cut is not None)
        for k, v in changes.items():
            setattr(x, k, v)
        return x

    @property
    def endpoint(self):
        return endpoint_of(self.exchange())


def is_header(name, value):
    """Recorders edit headers; only what HTTP/1.1 can carry is sent again."""
    return bool(re.fullmatch(r"[!-9;-~]+", name)) and isinstance(value, str) and \
        bool(re.fullmatch(r"[\t -~]*", value))


def corpus_rows():
    with lzma.open(CORPUS, "rt") as f:
        for line in f:
            row = json.loads(line)
            headers = {k.lower(): v for k, v in row["resp_headers"]}
            row["request"] = base64.b64decode(row["req_b64"])
            row["response"] = decode(base64.b64decode(row["resp_b64"]),
                                     headers.get("content-encoding", ""))
            yield row


def sse_text(events):
    """[[event name or null, document or "[DONE]"], ...] as a stream's body."""
    out = []
    for name, doc in events:
        data = doc if isinstance(doc, str) else json.dumps(doc, separators=(",", ":"))
        out.append((f"event: {name}\n" if name else "") + f"data: {data}\n\n")
    return "".join(out).encode()


def aws_frames(events, is_wrapped, exception):
    """An AWS eventstream of [event type, document] pairs."""
    body = b"".join(seal(string_headers(event, "event"),
                         wrap(doc) if is_wrapped else json.dumps(doc).encode())
                    for event, doc in events)
    if exception:
        body += seal(string_headers(exception[0], "exception"), json.dumps(exception[1]).encode())
    return body


def wrap(doc):
    inner = base64.b64encode(json.dumps(doc).encode()).decode()
    return json.dumps({"bytes": inner, "p": "abcdef"}).encode()


def string_headers(name, kind):
    pairs = ((f":{kind}-type", name), (":content-type", "application/json"), (":message-type", kind))
    return b"".join(bytes([len(k)]) + k.encode() + b"\x07" + len(v).to_bytes(2, "big") + v.encode()
                    for k, v in pairs)


def bundled_body(row):
    """(body, its content type) by the member that holds it."""
    if "events" in row:
        return sse_text(row["events"]), "text/event-stream; charset=utf-8"
    if "lines" in row:
        return b"".join(json.dumps(d).encode() + b"\n" for d in row["lines"]), "application/x-ndjson"
    if "array" in row:
        return b"[" + b"\n,\r\n".join(json.dumps(d).encode() for d in row["array"]) + b"\n]", \
            "application/json"
    if "frames" in row or "wrapped" in row:
        events = row.get("frames") or [["chunk", d] for d in row["wrapped"]]
        return aws_frames(events, "wrapped" in row, row.get("exception")), \
            "application/vnd.amazon.eventstream"
    return json.dumps(row["response"]).encode(), "application/json"


def bundled_rows():
    for path in sorted(BUNDLED.glob("*.json")):
        row = json.loads(path.read_text())
        row.setdefault("method", "POST")
        row.setdefault("status", 200)
        heads = row.setdefault("resp_headers", [])
        body, kind = bundled_body(row)
        if not any(k == "content-type" for k, _ in heads):
            heads.append(["content-type", kind])
        row["request"] = json.dumps(row["request"]).encode() if row["request"] else b""
        row["response"] = body
        yield row


def has_corpus():
    return CORPUS.exists()


def load():
    """(where they come from, the exchanges)."""
    rows = corpus_rows() if has_corpus() else bundled_rows()
    where = "../shared/corpus" if has_corpus() else "tests/live/exchanges"
    return where, [Recorded(row) for row in rows]


def load_bundled():
    return [Recorded(row) for row in bundled_rows()]
