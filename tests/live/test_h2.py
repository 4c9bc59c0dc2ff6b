# SPDX-License-Identifier: Apache-2.0
"""HTTP/2: many calls at once on one connection, each with its own usage; joined when it is used."""
import json
import subprocess

import pytest

import conftest
import drive
import truth
from test_reach import watch_from_here

STREAMS = 9


@pytest.fixture
def protocols():
    return conftest.H2


@pytest.fixture
def tls(tls):
    tls.pace_s = 0.01
    return tls


def chats(bundled, cnt=STREAMS):
    rows = [r for r in bundled.values() if r.endpoint == "chat" and r.is_sse and
            r.host == "api.openai.com" and b"_tokens" in r.response]
    return [rows[n % len(rows)] for n in range(cnt)]


def check(outcome, tls, book, cnt):
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == cnt
    assert {c.connection.protocol for c in tls.calls} == {"h2"}
    assert len({c.connection.number for c in tls.calls}) == 1
    truth.none(truth.check_by_id(outcome.records, tls.calls, book), outcome)


def test_openai_sdk(tls, bundled, book, home, tmp_path):
    jobs = tmp_path / "jobs"
    jobs.write_text(json.dumps(drive.sdk_jobs(chats(bundled), "+usage")))
    outcome = drive.run(drive.python("py_http2.py")[:2] + [str(jobs)],
                        drive.environment(tls, home, tls.url), tmp_path)
    check(outcome, tls, book, STREAMS)
    assert len({r["totals"]["input"] for r in outcome.records}) == STREAMS


def raw(bundled, tls, tmp_path):
    rows = [r for r in bundled.values() if r.endpoint in ("chat", "messages", "responses") and
            r.host in conftest.HOSTS and r.status == 200]
    return drive.raw_jobs([rows[n % len(rows)] for n in range(STREAMS)], tmp_path, tls.url)


def test_node(tls, bundled, book, home, tmp_path):
    jobs = tmp_path / "jobs"
    jobs.write_text(json.dumps(raw(bundled, tls, tmp_path)))
    command = [drive.NODE, str(drive.CLIENTS / "node_http2.mjs"), str(jobs)]
    outcome = drive.run(command, drive.environment(tls, home), tmp_path)
    check(outcome, tls, book, STREAMS)


def test_curl(tls, bundled, book, home, tmp_path):
    """As it is by default: ALPN chooses HTTP/2; gzip, br and zstd are offered."""
    config = tmp_path / "config"
    text = drive.curl_config(raw(bundled, tls, tmp_path), tmp_path).replace("http1.1\n", "http2\n")
    config.write_text("parallel\n" + text)
    command = [drive.CURL, "--config", str(config)]
    outcome = drive.run(command, drive.environment(tls, home), tmp_path)
    check(outcome, tls, book, STREAMS)


def test_joined_late(tls, bundled, book, home, tmp_path):
    """The header tables are full when tolltap comes: what it says then is right, and what it cannot
    know it counts; a path not sent before is read again."""
    jobs = drive.sdk_jobs(chats(bundled, 8), "+usage")
    for n, job in enumerate(jobs[5:]):
        job["query"] = {"new": str(n)}
    path = tmp_path / "jobs"
    path.write_text(json.dumps(jobs))
    with subprocess.Popen(drive.python("py_http2.py")[:2] + [str(path), "later"],
                          env=drive.environment(tls, home, tls.url), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout.readline() == "used\n"
        with tls.lock:
            tls.calls.clear()
        said = watch_from_here(client, tmp_path)
    records = drive.read_records(tmp_path / "calls.ndjson")
    calls = {truth.response_id_of(c): c for c in tls.calls}
    assert len(calls) == 6
    for record in records:
        if "response_id" not in record:         # a body that could not be read: marked as such
            assert record["usage"]["completeness"] == "unmetered" and record["flags"], record
            continue
        assert "head_unknown" in record["flags"]
        call = calls[record["response_id"]]
        wrong = truth.check_call(record, call, book)
        # the host was sent before we came and stays unknown, as a path that is not sent anew
        left = ("host:", "provider:", "path: have None,")
        assert not [w for w in wrong if not w.startswith(left)], wrong
    assert len(records) >= 3, said
    assert "http.h2.head_unknown" in said and "\n  h2 " in said.split("seen but not decoded")[1]
