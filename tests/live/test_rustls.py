# SPDX-License-Identifier: Apache-2.0
"""rustls, stripped, at its ciphers: ring (httpr) and AWS-LC (pyreqwest). There the two directions of
a connection have nothing in common, so that they belong together has to be shown: by the bytes of
each, and by many connections at once."""
import json
import pathlib
import platform
import shutil
import subprocess

import pytest

import conftest
import drive
import truth
from test_bytes import dump, record

CLIENTS = ["httpr", "pyreqwest"]
CALLS = 16
AT_ONCE = 64
FORMS = {"session": "uprobe_session", "multi": "uprobe_multi", "perf": "perf_uprobe"}

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="proven on x86-64 only")


def command(name, chosen, folder, tls, *more):
    client = drive.Client(name, drive.OPENAI + drive.ANTHROPIC, drive.BOTH,
                          drive.python("raw_rustls.py", name, *more), is_raw=True)
    return drive.write_jobs(client, chosen, folder, tls.url)


def choose(recorded, rng, cnt):
    takes = [r for r in recorded if r.endpoint in drive.OPENAI + drive.ANTHROPIC]
    return [rng.choice(takes) for _ in range(cnt)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CLIENTS)
def test_exact_calls(name, form, tls, recorded, book, home, tmp_path, rng):
    asked = choose(recorded, rng, CALLS)
    outcome = drive.run(command(name, asked, tmp_path, tls), drive.environment(tls, home), tmp_path,
                        ("--form", form))
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == CALLS
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    assert {(r["tls"]["stack"], r["tls"]["form"]) for r in outcome.records} == \
        {("rustls", FORMS[form])}


@pytest.mark.parametrize("name", CLIENTS)
def test_digests(name, tls, recorded, home, tmp_path, rng):
    asked = choose(recorded, rng, CALLS)
    path, _ = record(command(name, asked, tmp_path, tls), drive.environment(tls, home), tmp_path)
    want = {(c.pid, d, c.counts[d], c.digest(d)) for c in tls.connections for d in c.counts}
    have = {(pid, d, n, sha) for pid, _, _, d, n, missing, sha in dump(path) if not missing}
    assert want and have == want
    # both directions of each under one name
    names = {(pid, conn, gen) for pid, conn, gen, *_ in dump(path)}
    assert len(names) == len(tls.connections)


@pytest.mark.parametrize("name", CLIENTS)
def test_many_at_once(name, tls, bundled, book, home, tmp_path):
    """Every answer is another one, and so is every request: a wrong pair shows."""
    streams = [bundled["chat stream"], bundled["responses stream"]]
    asked = [streams[n % len(streams)] for n in range(AT_ONCE)]
    tls.pace_s = 0.02
    line = command(name, asked, tmp_path, tls, "gather")
    for n in range(AT_ONCE):
        body = tmp_path / f"body-{n}.json"
        body.write_text(json.dumps(dict(json.loads(body.read_text()), model=f"asked-for-{n}")))
    outcome = drive.run(line, drive.environment(tls, home), tmp_path)
    assert outcome.status == 0, outcome.stderr
    # pyreqwest keeps a connection for the next one that waits
    assert len({c.connection.number for c in tls.calls}) >= AT_ONCE / 4
    truth.none(truth.check_by_id(outcome.records, tls.calls, book))
    assert len({r["model"]["requested"] for r in outcome.records}) == AT_ONCE


@pytest.mark.wide
@pytest.mark.parametrize("protocols", [conftest.H2], ids=["h2"])
def test_baml(tls, bundled, book, home, tmp_path):
    """A client of models whose core is Rust, ring in it; it takes no certificates but the system's."""
    source, rows = tmp_path / "baml_src", [bundled["chat"], bundled["chat stream"]] * 3
    source.mkdir()
    shutil.copy(drive.CLIENTS / "ask.baml", source)
    python = pathlib.Path(drive.wide_python())
    subprocess.run([python.parent / "baml-cli", "generate", "--from", source], check=True,
                   capture_output=True, timeout=60)
    (tmp_path / "jobs").write_text(json.dumps([{"ask": r.id, "stream": r.is_sse} for r in rows]))
    env = drive.environment(tls, home, tls.url) | {"DANGER_ACCEPT_INVALID_CERTS": "1"}
    outcome = drive.run([str(python), str(drive.CLIENTS / "py_baml.py"), str(tmp_path),
                         str(tmp_path / "jobs")], env, tmp_path)
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == len(rows)
    assert {c.connection.protocol for c in tls.calls} == {"h2"}
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    assert {r["tls"]["stack"] for r in outcome.records} == {"rustls"}
