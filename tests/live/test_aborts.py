# SPDX-License-Identifier: Apache-2.0
"""Answers that end too soon, by either side: what was reported counts, the rest is said to be open."""
import pytest

import drive
import truth

# exchange, marks the last byte that is sent, -> completeness, tokens, cost status and reason
CUT = [
    ("chat stream", b'"content":"two', "unmetered", {}, ("unpriced", "no_usage")),
    ("chat stream", b"[DONE]", "exact", {"input": 12, "output": 7}, ("priced", None)),
    ("chat", b'"usage":', "unmetered", {}, ("unpriced", "no_usage")),
    ("messages stream thinking", b"content_block_start", "lower_bound",
     {"input": 3, "cache_write_5m": 271, "cache_write_1h": 3000, "output": 7},
     ("estimated", "lower_bound")),
    ("messages stream thinking", b"event: message_stop", "exact",
     {"input": 3, "cache_write_5m": 271, "cache_write_1h": 3000, "output": 155, "reasoning": 83},
     ("priced", None)),
    ("responses stream", b"response.output_text.done", "unmetered", {}, ("unpriced", "no_usage")),
]


@pytest.mark.parametrize("name", ["urllib", "aiohttp", "curl"])
@pytest.mark.parametrize("about, mark, completeness, tokens, cost", CUT,
                         ids=[f"{c[0]} {c[1].decode()}" for c in CUT])
def test_server_goes(about, mark, completeness, tokens, cost, name, bundled, tls, home, tmp_path):
    recorded = bundled[about]

    def cut(call, _pieces):
        end = call.answer.response.index(mark) + len(mark)
        head = (f"HTTP/1.1 200 OK\r\ncontent-type: {recorded.content_type}\r\n"
                f"transfer-encoding: chunked\r\n\r\n").encode()
        part = call.answer.response[:end]
        return [head, b"%x\r\n" % len(part) + part + b"\r\n", None]
    tls.on_answer = cut
    client = next(c for c in drive.ALL if c.name == name)
    command = drive.write_jobs(client, [recorded], tmp_path, tls.url)
    outcome = drive.run(command, drive.environment(tls, home, tls.url), tmp_path)
    [record] = outcome.records
    assert record["usage"]["completeness"] == completeness
    assert truth.compare.nonzero(record.get("tokens")) == tokens
    assert (record["cost"]["status"], record["cost"].get("reason")) == cost
    is_whole = completeness == "exact"
    assert ("aborted" in (record.get("flags") or [])) != is_whole
    assert ("amount" in record["cost"]) == bool(tokens)


def test_client_goes(bundled, tls, home, tmp_path):
    """The SDK's user leaves the loop after the first event."""
    script = ("import openai,sys\nwith openai.OpenAI(max_retries=0) as c:\n"
              "    s = c.chat.completions.create(model='gpt-4o-mini', stream=True, messages=[{'role':"
              "'user','content':'exchange:" + bundled["chat stream"].id + "'}])\n"
              "    next(iter(s)); s.close()\n")
    tls.pace_s = 0.3

    def by_event(call, _pieces):
        body = call.answer.response.split(b"\n\n")
        head = (b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
                b"transfer-encoding: chunked\r\n\r\n")
        return [head] + [b"%x\r\n" % (len(e) + 2) + e + b"\n\n\r\n" for e in body if e]
    tls.on_answer = by_event
    outcome = drive.run([drive.PYTHON, "-c", script], drive.environment(tls, home, tls.url),
                        tmp_path)
    assert outcome.status == 0, outcome.stderr
    [record] = outcome.records
    assert record["usage"]["completeness"] == "unmetered"
    assert "aborted" in record["flags"]
    assert record["cost"]["status"] == "unpriced" and "amount" not in record["cost"]
    assert record["ttft_ms"] <= record["duration_ms"]
