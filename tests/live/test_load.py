# SPDX-License-Identifier: Apache-2.0
"""One process with many calls: every one is there, exact, and tolltap's memory stays flat."""
import json
import random

import pytest

import drive
import exchanges
import truth
from test_large import run_measured, words

SIZES = (50_000, 50_000, 50_000, 500_000, 50_000, 50_000, 500_000, 50_000, 50_000, 5_000_000)
IN_A_ROW, WARM, GROWTH_MAX_KB = 10_000, 2_000, 512
# Both cores of a small machine feed the rings here at the speed of loopback, and a virtual one may stand
# still for longer than the default ring lasts: docs/performance.md.
RING = ("--ring-bytes", str(16 << 20))
table = []


def answer_of(size, is_stream):
    """A chat answer of about that many bytes; streamed ones in events of about 200."""
    head = {"id": f"chatcmpl-Load{size:08}{is_stream:d}aaaa000001", "model": "gpt-4o-2024-08-06"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    text = words(size)
    if not is_stream:
        body = {**head, "object": "chat.completion", "usage": usage, "choices": [
            {"index": 0, "finish_reason": "stop",
             "message": {"role": "assistant", "content": text}}]}
        return json.dumps(body).encode()
    chunk = {**head, "object": "chat.completion.chunk"}
    docs = [{**chunk, "choices": [{"index": 0, "delta": {"content": text[at:at + 60]},
                                   "finish_reason": None}]} for at in range(0, size // 3, 60)]
    docs += [{**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
             {**chunk, "choices": [], "usage": usage}]
    return b"".join(b"data: %s\n\n" % json.dumps(d).encode() for d in docs) + b"data: [DONE]\n\n"


def add_answer(server, size, is_stream):
    r = exchanges.Recorded({
        "id": f"10ad{size:07}{is_stream:d}", "method": "POST", "host": "api.openai.com",
        "path": "/v1/chat/completions", "status": 200, "request": b"{}",
        "response": answer_of(size, is_stream),
        "resp_headers": [["content-type", "text/event-stream" if is_stream else
                          "application/json"]]})
    server.recorded[r.id] = r
    return r.id


@pytest.fixture(scope="module")
def large(live_server):
    return {size: [add_answer(live_server, size, s) for s in (False, True)] for size in set(SIZES)}


def job(server, asked, is_stream, coding):
    body = json.dumps({"model": "gpt-4o", "stream": is_stream, "messages": [
        {"role": "user", "content": "hi"}]})
    return {"url": server.url + "/v1/chat/completions", "body": body, "headers": {
        "x-exchange": asked + "+usage", "content-type": "application/json",
        "authorization": "Bearer sk-dummy", "accept-encoding": coding}}


def measure(about, mode, in_flight, jobs, tls, home, folder, options=()):
    """(outcome, tolltap's peak of resident memory in KB), with a line for the table."""
    folder.mkdir()
    path = folder / "jobs"
    path.write_text(json.dumps(jobs))
    command = drive.python("load.py", mode, str(in_flight))
    command = [part.replace("{jobs}", str(path)) for part in command]
    env = drive.environment(tls, home, tls.url)
    outcome, peak = run_measured(command, env, folder / "run", options)
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == len(jobs)
    mb = sum(c.connection.counts["read"] for c in {c.connection.number: c for c in
                                                   tls.calls}.values()) / 1e6
    ids = {r.get("response_id") for r in outcome.records}
    table.append((about, len(jobs), f"{mb:.0f}", len(jobs) - len(ids), peak))
    return outcome, peak


@pytest.mark.parametrize("mode,in_flight,calls", [
    ("asyncio", 1, 20), ("asyncio", 4, 40), ("asyncio", 8, 40), ("asyncio", 32, 64),
    ("threads", 8, 40)])
def test_calls_at_once(mode, in_flight, calls, large, tls, book, home, tmp_path, rng):
    """Answers of 50 KB to 5 MB, whole and streamed, plain and compressed."""
    jobs = []
    for n in range(calls):
        size, is_stream = SIZES[n % len(SIZES)], rng.random() < 0.5
        coding = "identity" if size > 1_000_000 else rng.choice(["identity", "gzip"])
        jobs.append(job(tls, large[size][is_stream], is_stream, coding))
    random.Random(calls).shuffle(jobs)
    about = f"{mode}, {in_flight} at once, 50 KB to 5 MB"
    outcome, _ = measure(about, mode, in_flight, jobs, tls, home, tmp_path / "load", RING)
    truth.none(truth.check_by_id(outcome.records, tls.calls, book), outcome)


def test_ten_thousand_in_a_row(bundled, tls, book, home, tmp_path):
    """On one connection; the peak of ten thousand is that of two thousand."""
    peaks = {}
    for calls in (WARM, IN_A_ROW):
        tls.forget()
        names = [r for r in bundled.values() if r.endpoint == "chat" and b"_tokens" in r.response]
        jobs = [job(tls, r.id, r.is_sse, "identity") for r in
                (names[n % len(names)] for n in range(calls))]
        outcome, peaks[calls] = measure("one connection, in a row", "threads", 1, jobs, tls, home,
                                        tmp_path / str(calls))
        truth.none(truth.check_by_id(outcome.records, tls.calls, book), outcome)
    assert peaks[IN_A_ROW] <= peaks[WARM] + GROWTH_MAX_KB, peaks


def test_table(capsys):
    with capsys.disabled():
        print("\n\n  calls     MB  missing  peak RSS KB  load")
        for about, calls, mb, missing, peak in table:
            print(f"  {calls:5}  {mb:>5}  {missing:7}  {peak:11}  {about}")
    assert len(table) == 7 and not any(missing for _, _, _, missing, _ in table)
