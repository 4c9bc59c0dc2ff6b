# SPDX-License-Identifier: Apache-2.0
"""The providers' own SDKs for Go, unmodified, in one stripped program."""
import collections
import json

import pytest

import drive
import golang
import reader
import truth
from conftest import H1, H2, HOSTS

CALLS = 24
STREAMED = ("chat", "responses", "messages", "converse")
OF_HOSTS = ("chat", "responses", "messages", "embeddings")

pytestmark = pytest.mark.wide


@pytest.fixture(scope="module")
def program():
    return golang.build("sdks", source=drive.CLIENTS / "go_sdks")


def fits(r, want):
    """One of the program's SDKs can be answered with it."""
    return want["endpoint"] == "converse" or r.host in HOSTS and want["endpoint"] in OF_HOSTS


@pytest.fixture(scope="module")
def kinds(recorded, of_providers):
    """Exchanges with their readings, by endpoint and whether they stream."""
    found = collections.defaultdict(list)
    for r in recorded + of_providers:
        want = reader.read(r.exchange()) if r.status == 200 else None
        if want and want["requested"] and "arn:" not in want["requested"] and fits(r, want):
            found[want["endpoint"], want["stream"]].append((r, want))
    assert set(found) >= {(e, s) for e in STREAMED for s in (False, True)}
    return [found[kind] for kind in sorted(found)]


def run(program, rows, tls, home, folder, *how, suffix=""):
    jobs = [{"ask": r.id + suffix, "endpoint": want["endpoint"], "stream": want["stream"],
             "model": want["requested"]} for r, want in rows]
    path = folder / "jobs"
    path.write_text(json.dumps(jobs))
    env = drive.environment(tls, home, tls.url) | {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": tls.url}
    outcome = drive.run([program, str(path), *how], env, folder)
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == len(rows), outcome.stdout
    assert outcome.stdout.count('"total_tokens"') > len(rows) / 2, outcome.stdout
    assert {r["tls"]["stack"] for r in outcome.records} == {"go"}
    return outcome


@pytest.mark.parametrize("protocols", [H1, H2], ids=["h1", "h2"])
def test_exact_calls(program, kinds, tls, protocols, book, home, tmp_path, rng):
    """Some of every kind."""
    rows = [rng.choice(kinds[n % len(kinds)]) for n in range(CALLS)]
    outcome = run(program, rows, tls, home, tmp_path)
    assert {c.connection.protocol for c in tls.calls} == {protocols[0]}
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    truth.none(truth.check_sdk(outcome.stdout, tls.calls))


@pytest.mark.parametrize("protocols", [H2], ids=["h2"])
def test_many_at_once(program, kinds, tls, book, home, tmp_path, rng):
    """A goroutine per call; joined by the ids of their answers, which Converse's do not have."""
    rows = [(r, want) for kind in kinds for r, want in kind
            if want["response_id"] and want["total_output"]]
    rows = [rng.choice(rows) for _ in range(CALLS)]
    tls.pace_s = 0.002
    outcome = run(program, rows, tls, home, tmp_path, "gather", suffix="+usage")
    truth.none(truth.check_by_id(outcome.records, tls.calls, book), outcome)
