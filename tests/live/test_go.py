# SPDX-License-Identifier: Apache-2.0
"""Go: crypto/tls of a stripped program, whose goroutines change threads and whose stacks move."""
import collections
import json

import pytest

import drive
import exchanges
import golang
import truth
from conftest import H1, H2, HOSTS
from test_bytes import dump, record
from test_large import LARGE, prompt_first

FORMS = {"session": "uprobe_multi", "multi": "uprobe_multi", "perf": "perf_uprobe"}
AT_ONCE = 64
REUSED = 30


@pytest.fixture(scope="module")
def program():
    return golang.build("plain")


def client(program, how):
    return drive.Client("go", drive.OPENAI + drive.ANTHROPIC, drive.BOTH,
                        [program, "{jobs}", how], is_raw=True)


def ask(program, how, rows, folder, url):
    return drive.write_jobs(client(program, how), rows, folder, url)


def rows_of(bundled):
    """Calls, and not what stands beside them (batches, other providers' paths)."""
    return [r for r in bundled.values() if client("", "").takes(r) and r.host in HOSTS]


def spoken(tls):
    return {c.connection.protocol for c in tls.calls}


def is_go(outcome, form="uprobe_multi"):
    return {(r["tls"]["stack"], r["tls"]["form"]) for r in outcome.records} == {("go", form)}


@pytest.mark.parametrize("form", FORMS)
def test_exact_calls(form, program, tls, bundled, book, home, tmp_path):
    command = ask(program, "serial", rows_of(bundled) * 2, tmp_path, tls.url)
    outcome = drive.run(command, drive.environment(tls, home), tmp_path, ("--form", form))
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == 2 * len(rows_of(bundled))
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    # where other libraries have uprobe.session, this has the form without a return
    assert is_go(outcome, FORMS[form])
    assert "(Go, " in outcome.stderr


def test_position_independent(tls, bundled, book, home, tmp_path):
    program = golang.build("pie", "-buildmode=pie")
    command = ask(program, "serial", rows_of(bundled), tmp_path, tls.url)
    outcome = drive.run(command, drive.environment(tls, home), tmp_path)
    assert outcome.status == 0, outcome.stderr
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    assert is_go(outcome)


@pytest.mark.parametrize("protocols", [H2], ids=["h2"])
def test_exact_calls_over_h2(program, tls, bundled, book, home, tmp_path):
    command = ask(program, "serial", rows_of(bundled) * 2, tmp_path, tls.url)
    outcome = drive.run(command, drive.environment(tls, home), tmp_path)
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == 2 * len(rows_of(bundled))
    assert spoken(tls) == {"h2"} and len(tls.connections) == 1
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    assert is_go(outcome)


@pytest.mark.parametrize("procs, protocols", [("1", H1), ("2", H1), ("2", H2)],
                         ids=["1-h1", "2-h1", "2-h2"])
def test_many_at_once(procs, program, tls, bundled, protocols, book, home, tmp_path):
    """Every call in a goroutine of its own, every answer slow: they overlap, over HTTP/2 as streams."""
    rows = [r for r in rows_of(bundled) if b"_tokens" in r.response and r.endpoint != "embeddings"]
    rows = [rows[n % len(rows)] for n in range(AT_ONCE)]
    tls.pace_s = 0.002
    command = ask(program, "gather", rows, tmp_path, tls.url)
    jobs = json.loads((tmp_path / "jobs").read_text())
    for job in jobs:
        job["headers"]["x-exchange"] += "+usage"
    (tmp_path / "jobs").write_text(json.dumps(jobs))
    env = dict(drive.environment(tls, home), GOMAXPROCS=procs)
    outcome = drive.run(command, env, tmp_path)
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == AT_ONCE
    assert spoken(tls) == {protocols[0]}
    truth.none(truth.check_by_id(outcome.records, tls.calls, book), outcome)


@pytest.mark.parametrize("how", ["serial", "gather", "raw"])
def test_digests(how, program, tls, bundled, home, tmp_path):
    rows = rows_of(bundled) * 3
    path, _ = record(ask(program, how, rows, tmp_path, tls.url), drive.environment(tls, home),
                     tmp_path)
    want = collections.Counter((c.pid, d, c.counts[d], c.digest(d))
                               for c in tls.connections for d in c.counts if c.counts[d])
    have = collections.Counter((pid, d, n, sha) for pid, _, _, d, n, missing, sha in dump(path)
                               if not missing)
    assert want and have == want


def test_address_used_again(program, tls, bundled, home, tmp_path):
    """One connection after the other, each collected before the next: as many as the server saw."""
    rows = [bundled["chat"]] * REUSED
    env = dict(drive.environment(tls, home), GOGC="1")
    path, _ = record(ask(program, "raw", rows, tmp_path, tls.url), env, tmp_path)
    names = {(pid, conn, gen) for pid, conn, gen, *_ in dump(path)}
    assert len(names) == len(tls.connections) == REUSED


def test_one_write_of_20_mb(program, tls, bundled, book, home, tmp_path):
    """Its middle is left out, which is said; what the call cost is exact."""
    rows = [prompt_first(bundled, LARGE), bundled["chat"]]
    command = ask(program, "raw", rows, tmp_path, tls.url)
    outcome = drive.run(command, drive.environment(tls, home), tmp_path)
    assert outcome.status == 0, outcome.stderr
    first = min(outcome.records, key=truth.wall_ns)
    assert "request_policy" in first["flags"]
    assert "requested" not in first["model"]
    first["model"]["requested"] = "gpt-4o"
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)


def test_server_in_scope(program, tls, home, tmp_path):
    """Server and client are one process, over HTTP/2: what one wrote is what the other has read."""
    env = dict(drive.environment(tls, home), TOLLTAP_LEAF=tls.pki.leaf)
    path, said = record([program, "8", "self"], env, tmp_path)
    assert said.split() == ["HTTP/2.0"] * 8
    ends = collections.defaultdict(dict)
    for pid, conn, gen, direction, _, missing, sha in dump(path):
        assert not missing
        ends[pid, conn, gen][direction] = sha
    pairs = {(e["write"], e["read"]) for e in ends.values()}
    assert len(pairs) == 2 and pairs == {(read, write) for write, read in pairs}
