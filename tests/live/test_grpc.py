# SPDX-License-Identifier: Apache-2.0
"""gRPC: xai-sdk, whose BoringSSL stands stripped in the middle of grpcio's own library."""
import json

import pytest

import drive
import grpc_wire
import truth
from test_bytes import dump, record

CHAT = "/xai_api.Chat/GetCompletion"
# xai_api.SamplingUsage: completion 1, prompt 2, total 3, reasoning 6, cached 7, tools 9, ticks 11
USAGE = [(1, 57), (2, 1310), (3, 1571), (4, 1310), (6, 204), (7, 1024), (9, 1), (11, 20567000)]
PARTIAL = [(1, 3), (2, 1310), (3, 1313), (4, 1310), (7, 1024)]
WHOLE = [(1, "HandMadeXai0001"), (2, [(1, 3), (2, 0), (3, [(1, "The sky is clear."), (2, 2)])]),
         (6, "grok-4-0709"), (9, USAGE), (15, 1)]
CHUNKS = [
    [(1, "HandMadeXai0002"), (2, [(1, [(1, "The sky "), (2, 2)])]), (4, "grok-4-0709"), (6, PARTIAL)],
    [(1, "HandMadeXai0002"), (2, [(1, [(1, "is clear."), (2, 2)])]), (4, "grok-4-0709"), (6, PARTIAL)],
    [(1, "HandMadeXai0002"), (2, [(1, [(2, 2)]), (3, 3)]), (4, "grok-4-0709"), (6, USAGE), (12, 1)],
]
ANSWERS = {
    "whole": grpc_wire.answer("xa1000000001", CHAT, [WHOLE]),
    "stream": grpc_wire.answer("xa1000000002", CHAT + "Chunk", CHUNKS),
    "refused": grpc_wire.answer("xa1000000003", CHAT, [], status=8),
}
METERS = {"input": 286, "cache_read": 1024, "output": 57, "reasoning": 204}


@pytest.fixture
def protocols():
    return ("h2",)


def play(tls, *names):
    """The answers to come, and the command that asks for them."""
    tls.recorded.update({ANSWERS[n].id: ANSWERS[n] for n in names})
    tls.script = [ANSWERS[n].id for n in names]
    return [drive.AGENTS, str(drive.CLIENTS / "py_xai.py"), "grok-4",
            *("stream" if n == "stream" else "whole" for n in names)]


def environment(tls, home):
    return drive.environment(tls, home) | {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": tls.pki.ca}


def check(record, call, name):
    assert record["tokens"] == METERS, record
    assert record["units"] == {"web_search": 1}
    assert record["usage"] == {"source": "grpc", "completeness": "exact", "residual": 0}
    assert record["model"] == {"requested": "grok-4", "served": "grok-4-0709"}
    assert record["response_id"] == {"whole": "HandMadeXai0001", "stream": "HandMadeXai0002"}[name]
    assert (record["provider"], record["host"], record["path"]) == ("xai", "api.x.ai", call.path)
    assert record["stream"] == (name == "stream")
    assert record["finish"] == ["REASON_STOP"]
    assert (record["cost"]["amount"], record["cost"]["source"]) == ("0.0020567", "provider")
    assert (record["process"]["pid"], record["tls"]["stack"]) == (call.pid, "boringssl")


def test_xai(tls, home, tmp_path):
    names = ["whole", "stream", "whole", "stream"]
    outcome = drive.run(play(tls, *names), environment(tls, home), tmp_path, prefix=tls.named)
    assert outcome.status == 0, outcome.stderr
    said = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert said == [{"text": "The sky is clear.", "prompt": 1310, "completion": 57,
                     "reasoning": 204}] * len(names)
    assert len(outcome.records) == len(tls.calls) == len(names)
    for r, call, name in zip(sorted(outcome.records, key=truth.wall_ns), tls.calls, names):
        check(r, call, name)
    truth.none(truth.leaks(tmp_path, [outcome.stderr], ["sky", "Oslo"]))


def test_refused(tls, home, tmp_path):
    outcome = drive.run(play(tls, "refused"), environment(tls, home), tmp_path, prefix=tls.named)
    assert json.loads(outcome.stdout) == {"error": "RESOURCE_EXHAUSTED"}
    r, = outcome.records
    assert r["error"]["type"] == "8" and r["usage"]["completeness"] == "unmetered"


def test_digests(tls, home, tmp_path):
    """Both directions, byte for byte."""
    path, _ = record(tls.named + play(tls, "whole", "stream"), environment(tls, home), tmp_path)
    want = {(c.pid, d, c.counts[d], c.digest(d)) for c in tls.connections for d in c.counts}
    have = {(pid, d, n, sha) for pid, _, _, d, n, missing, sha in dump(path) if not missing}
    assert want and have == want
