# SPDX-License-Identifier: Apache-2.0
"""Bodies far larger than any buffer of ours."""
import json
import os
import random
import subprocess
import threading
import time

import pytest

import drive
import exchanges
import truth
from test_bytes import by_hand, environment

SMALL, LARGE = 20_000, 20_000_000
GROWTH_MAX_KB = 1024


def words(size):
    """Text that compresses like text, with imitations strewn in."""
    rng = random.Random(size)
    some = ["{\"usage\":{\"prompt_tokens\":1}}"] + [f"{rng.getrandbits(28):x}" for _ in range(5000)]
    return " ".join(rng.choice(some) for _ in range(size // 8))[:size]


@pytest.fixture(scope="module")
def late_usage(live_server):
    """A chat answer whose usage stands behind 2 MB of JSON."""
    body = {"id": "chatcmpl-LateUsageLateUsage01", "object": "chat.completion",
            "model": "gpt-4o-2024-08-06",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {
                "role": "assistant", "content": words(2_200_000)}}],
            "usage": {"prompt_tokens": 4321, "completion_tokens": 987, "total_tokens": 5308}}
    response = json.dumps(body).encode()
    assert len(response) > 2 << 20
    r = exchanges.Recorded({"id": "1a7e05a6e000", "method": "POST", "host": "api.openai.com",
                            "path": "/v1/chat/completions", "status": 200, "response": response,
                            "resp_headers": [["content-type", "application/json"]],
                            "request": b"{}"})
    live_server.recorded[r.id] = r
    return r


def peak_kb(pid):
    try:
        with open(f"/proc/{pid}/status") as f:
            return next((int(x.split()[1]) for x in f if x.startswith("VmHWM")), 0)
    except OSError:
        return 0


def run_measured(command, env, folder, options=()):
    """The outcome, and tolltap's own peak of resident memory."""
    folder.mkdir()
    p = subprocess.Popen(drive.tolltap_command(folder, command, options), env=env, cwd=folder,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peak = [0]

    def watch():
        while p.poll() is None:
            peak[0] = max(peak[0], peak_kb(p.pid))
            time.sleep(0.01)
    watcher = threading.Thread(target=watch)
    watcher.start()
    out, err = p.communicate(timeout=drive.TIMEOUT_S)
    watcher.join()
    records = drive.read_records(folder / "calls.ndjson")
    return drive.Outcome(p.returncode, out, err, records), peak[0]


def test_one_write_of_20_mb(tls, bundled, book, home, tmp_path):
    """One SSL_write larger than the ring: tokens exact, the hole shown as policy, memory flat."""
    peaks = {}
    for size in (SMALL, LARGE):
        tls.forget()
        env = environment(tls, home, bundled, TOLLTAP_TEST_BYTES=str(size))
        outcome, peaks[size] = run_measured(by_hand(tls, "large"), env, tmp_path / str(size))
        assert outcome.status == 0, outcome.stderr
        assert len(tls.calls[0].body) > size
        want = dict(truth.reader.read(tls.calls[0].exchange()))
        [record] = outcome.records
        assert truth.compare.nonzero(record["tokens"]) == truth.compare.nonzero(want["tokens"])
        assert record["usage"]["completeness"] == "exact"
        assert ("request_policy" in (record.get("flags") or [])) == (size == LARGE)
        # the model stands before the prompt, inside what was copied
        assert record["model"]["requested"] == "gpt-4o"
    assert "by policy" in outcome.stderr
    assert peaks[LARGE] <= peaks[SMALL] + GROWTH_MAX_KB, peaks


def prompt_first(bundled, size):
    """A request whose model stands behind the prompt."""
    body = b'{"messages":[{"role":"user","content":"' + b"y" * size + b'"}],"model":"gpt-4o"}'
    return exchanges.Recorded({**vars(bundled["chat"]), "request": body})


@pytest.mark.parametrize("name", ["curl", "urllib", "aiohttp"])
def test_request_of_20_mb(name, bundled, tls, book, home, tmp_path):
    """curl writes it in pieces: nothing is left out. Python in one: the model asked for, behind the
    hole, is absent and not guessed; the rest is exact."""
    client = next(c for c in drive.ALL if c.name == name)
    command = drive.write_jobs(client, [prompt_first(bundled, LARGE)], tmp_path, tls.url)
    outcome = drive.run(command, drive.environment(tls, home, tls.url), tmp_path)
    assert outcome.status == 0, outcome.stderr
    [record] = outcome.records
    if name != "curl":
        assert "request_policy" in record["flags"]
        assert "requested" not in record["model"]
        record["model"]["requested"] = "gpt-4o"
    truth.none(truth.check_in_order([record], tls.calls, book))


@pytest.mark.parametrize("name", ["curl", "aiohttp", "urllib"])
def test_usage_behind_2_mb(name, late_usage, tls, book, home, tmp_path):
    client = next(c for c in drive.ALL if c.name == name)
    command = drive.write_jobs(client, [late_usage] * 3, tmp_path, tls.url)
    outcome = drive.run(command, drive.environment(tls, home, tls.url), tmp_path)
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == 3
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    assert os.path.getsize(tmp_path / "ledger.db") < 1 << 20
