# SPDX-License-Identifier: Apache-2.0
"""Calls on WebSocket connections: real clients and a real server through OpenSSL, compressed."""
import contextlib
import json
import ssl
import subprocess
import threading

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.server import serve

import drive
import pki
import truth
import unique
import vendor
from test_reach import watch_from_here


def usage(n):
    """Different for each call, so that a mixed-up lane shows."""
    return {"input_tokens": 1000 + n, "input_tokens_details": {"cached_tokens": 100},
            "output_tokens": 10 + n, "output_tokens_details": {"reasoning_tokens": 1},
            "total_tokens": 1010 + 2 * n}


def events(n, ask):
    """The events of one response, as OpenAI sends them."""
    response = {"id": f"resp_{n}", "object": "response", "created_at": 1, "output": [],
                "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
                "model": ask.get("model", "gpt-realtime-test") + "-2026-01-01"}
    lane = {"stream_id": ask["stream_id"]} if "stream_id" in ask else {}
    yield {"type": "response.created", "sequence_number": 0, **lane,
           "response": {**response, "status": "in_progress", "usage": None}}
    for k in range(20):
        yield {"type": "response.output_text.delta", "sequence_number": k + 1, "item_id": "i",
               "output_index": 0, "content_index": 0, "logprobs": [], **lane,
               "delta": f'"usage":{{"input_tokens":{k}}} '}
    done = "response.completed" if "model" in ask else "response.done"
    yield {"type": done, "sequence_number": 99, **lane,
           "response": {**response, "status": "completed", "usage": usage(n)}}


class Socket:
    """One WebSocket server on loopback; the calls it answered, in the order it was asked."""

    def __init__(self, folder):
        self.pki = pki.make(str(folder))
        self.asked, self.answered, self.extensions = [], 0, []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pki.leaf, self.pki.leaf_key)
        self.server = serve(self.talk, "127.0.0.1", 0, ssl=context, compression="deflate")
        self.port = self.server.socket.getsockname()[1]

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    def talk(self, ws):
        self.extensions.append(ws.response.headers.get("Sec-WebSocket-Extensions", ""))
        waiting = []
        for message in ws:
            ask = json.loads(message)
            if ask["type"] != "response.create":
                continue
            waiting.append(list(events(len(self.asked), ask)))
            self.asked.append(ask)
            if "stream_id" in ask and len(waiting) < 2:
                continue
            for row in zip(*waiting):           # lanes interleave, event by event
                for event in row:
                    ws.send(json.dumps(event))
            self.answered += len(waiting)
            waiting = []


@contextlib.contextmanager
def socket(folder, recorded=None):
    s = Replay(folder, recorded) if recorded else Socket(folder)
    thread = threading.Thread(target=s.server.serve_forever)
    thread.start()
    try:
        yield s
    finally:
        s.server.shutdown()
        thread.join(10)


def expect(record, n, ask, endpoint):
    model = ask.get("model", "gpt-realtime-test")
    assert record["endpoint"] == endpoint
    assert record["model"] == {"requested": model, "served": model + "-2026-01-01"}
    assert record["response_id"] == f"resp_{n}"
    assert record["tokens"] == {"input": 900 + n, "cache_read": 100, "output": 9 + n,
                                "reasoning": 1}
    assert record["usage"]["source"] == "ws" and record["usage"]["completeness"] == "exact"
    assert record["usage"]["residual"] == 0
    assert record["stream"] and "aborted" not in record["flags"]
    assert 0 < record["ttft_ms"] <= record["duration_ms"]


@pytest.mark.parametrize("kind, endpoint, calls", [
    ("raw", "responses", 6), ("responses", "responses", 3), ("realtime", "realtime", 3)])
def test_every_call_of_a_connection(kind, endpoint, calls, home, tmp_path):
    with socket(tmp_path / "pki") as s:
        env = drive.environment(s, home)
        command = [drive.PYTHON, str(drive.CLIENTS / "py_websocket.py"), kind, str(s.port),
                   str(calls)]
        outcome = drive.run(command, env, tmp_path)
        assert outcome.status == 0, outcome.stderr
        assert s.answered == calls
        # the SDK asks for no compression
        assert ["permessage-deflate" in e for e in s.extensions] == [kind == "raw"]
        records = sorted(outcome.records, key=lambda r: r["response_id"])
        assert len(records) == calls
        for n, record in enumerate(records):
            expect(record, n, s.asked[n], endpoint)
        assert "undecoded" not in outcome.stderr


@pytest.mark.parametrize("kind", ["uncompressed", "raw"])
def test_joined_late(kind, home, tmp_path):
    """Its upgrade and first calls are over when tolltap comes. What is not compressed is read from the
    next message on; what refers to text that was not seen is counted, and no call of it is invented."""
    with socket(tmp_path / "pki") as s:
        command = [drive.PYTHON, str(drive.CLIENTS / "py_websocket.py"), kind, str(s.port), "8",
                   "later"]
        with subprocess.Popen(command, env=drive.environment(s, home), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as client:
            assert client.stdout.readline() == "used\n"
            said = watch_from_here(client, tmp_path)
        assert s.answered == 8
    records = {r["response_id"]: r for r in drive.read_records(tmp_path / "calls.ndjson")}
    if kind == "raw":
        assert not records and "http.websocket.undecoded" in said, said
        return
    assert sorted(records) == [f"resp_{n}" for n in range(2, 8)], said
    for n in range(2, 8):
        record = records[f"resp_{n}"]
        assert record["model"]["served"] == f"gpt-test-{n}-2026-01-01"
        assert record["tokens"] == {"input": 900 + n, "cache_read": 100, "output": 9 + n,
                                    "reasoning": 1}
        assert "path" not in record and "shape" in record["flags"], record


class Replay(Socket):
    """Answers every message with the events of one recorded stream, its ids and counts made new."""

    def __init__(self, folder, recorded):
        super().__init__(folder)
        self.recorded, self.answers = recorded, []

    def talk(self, ws):
        self.extensions.append(ws.response.headers.get("Sec-WebSocket-Extensions", ""))
        with contextlib.suppress(ConnectionClosedError):        # it leaves without a close frame
            for message in ws:
                self.answer(ws, json.loads(message))

    def answer(self, ws, ask):
        self.asked.append(ask)
        self.answers.append(unique.copy(self.recorded, len(self.answers) + 1, True))
        for line in self.answers[-1].response.splitlines():
            if line.startswith(b"data: {"):
                ws.send(line.removeprefix(b"data: ").decode())


def test_codex(bundled, home, tmp_path):
    """Its own provider's connection: rustls, compressed, a message that warms up and one a turn."""
    recorded = bundled["responses stream"]
    with socket(tmp_path / "pki", recorded) as s:
        command, more = vendor.codex(s, home, recorded, vendor.BUILT_IN)
        env = {**drive.environment(s, home, s.url), **more}
        outcome = drive.run([str(part) for part in command], env, tmp_path, stdin=-3,
                            prefix=vendor.alone(tmp_path))
        assert outcome.status == 0, outcome.stderr
        assert len(s.answers) >= 1 and "permessage-deflate" in s.extensions[0]
        want = [truth.reader.read(a.exchange()) for a in s.answers]
    have = sorted(outcome.records, key=truth.wall_ns)
    assert [r["response_id"] for r in have] == [w["response_id"] for w in want]
    for record, wanted in zip(have, want):
        assert record["tokens"] == wanted["tokens"]
        assert record["model"]["served"] == wanted["served"]
        assert record["usage"]["completeness"] == "exact" and record["usage"]["source"] == "ws"
        assert record["tls"]["stack"] == "rustls"
