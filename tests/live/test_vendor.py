# SPDX-License-Identifier: Apache-2.0
"""The agents that people run, unmodified: what each carries is stripped and linked into it, and which
of its TLS libraries speaks depends on how it is configured."""
import contextlib
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import time

import pytest

import drive
import exchanges
import procs
import truth
import vendor
from conftest import H1, H2

CALLS = 18
ANSWER_S, LINGER_S = 170, 3
GEMINI = "gemini stream smaller at the end"

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="their x86-64 builds")


def prepare(client, tls, home, folder, drop=(), **more):
    command, env = client(tls, home, **more)
    env = {**drive.environment(tls, home, tls.url), **env}
    for name in drop:
        env.pop(name)
    work = folder / "work"
    work.mkdir()
    return [str(part) for part in command], env, work


def run(client, tls, home, folder, *mounts, **more):
    command, env, work = prepare(client, tls, home, folder, **more)
    return drive.run(command, env, folder, prefix=vendor.alone(folder, *mounts), cwd=work, stdin=-3)


def run_to_answer(client, tls, home, folder, **more):
    """For one that stays when it has its answer: it is asked to end then."""
    command, env, work = prepare(client, tls, home, folder, **more)
    command = [*vendor.alone(folder), *drive.tolltap_command(folder, command)]
    with subprocess.Popen(command, env=env, cwd=work, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as tolltap:
        deadline = time.monotonic() + ANSWER_S
        while True:
            is_over = tolltap.poll() is not None
            if drive.read_records(folder / "calls.ndjson"):
                break
            assert not is_over and time.monotonic() < deadline, "no call"
            time.sleep(0.1)
        time.sleep(LINGER_S)
        for pid in procs.descendants(tolltap.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        out, said = tolltap.communicate(timeout=60)
    return drive.Outcome(0, out, said, drive.read_records(folder / "calls.ndjson"))


def check(outcome, tls, book, *stacks):
    assert outcome.status == 0, outcome.stderr
    assert tls.calls, outcome.stderr
    truth.none(truth.check_by_id(outcome.records, tls.calls, book))
    assert {r["tls"]["stack"] for r in outcome.records} == set(stacks), outcome.stderr


def test_claude(tls, bundled, book, home, tmp_path):
    outcome = run(vendor.claude, tls, home, tmp_path, recorded=bundled["messages stream thinking"])
    check(outcome, tls, book, "boringssl")
    assert {r["session"]["source"] for r in outcome.records} == {"header"}


@pytest.mark.parametrize("protocols", [H1, H2], ids=["h1", "h2"])
def test_codex_own_certificates(tls, bundled, protocols, book, home, tmp_path):
    outcome = run(vendor.codex, tls, home, tmp_path, recorded=bundled["responses stream"])
    check(outcome, tls, book, "rustls")
    assert [c.connection.protocol for c in tls.calls] == [protocols[0]]


def test_codex_system_certificates(tls, bundled, book, home, tmp_path):
    outcome = run(vendor.codex, tls, home, tmp_path, (tls.pki.ca, vendor.BUNDLE),
                  drop=("SSL_CERT_FILE",), recorded=bundled["responses stream"])
    check(outcome, tls, book, "openssl")
    assert len(tls.calls) == 1


def test_codex_refused_upgrade(tls, bundled, book, home, tmp_path):
    """Its own provider's WebSocket goes through rustls; refused, it asks again through OpenSSL: two
    libraries of one file in one run."""
    outcome = run(vendor.codex, tls, home, tmp_path, (tls.pki.ca, vendor.BUNDLE),
                  drop=("SSL_CERT_FILE",), recorded=bundled["responses stream"],
                  provider=vendor.BUILT_IN)
    refused = [c for c in tls.calls if c.answer.status == 426]
    tls.calls = [c for c in tls.calls if c not in refused]
    assert refused and refused[0].headers["upgrade"] == "websocket"
    check(outcome, tls, book, "openssl")
    assert "capture.unpaired.bytes" not in outcome.stderr


@pytest.mark.parametrize("protocols", [H1, H2], ids=["h1", "h2"])
def test_deno(tls, recorded, protocols, book, home, tmp_path, rng):
    client = drive.Client("deno", drive.OPENAI + drive.ANTHROPIC, drive.BOTH,
                          [str(vendor.fetch("deno")), "run", "-A", "--quiet", "--unstable-http",
                           str(drive.CLIENTS / "fetch_rustls.js"), "{jobs}"], is_raw=True)
    takes = [r for r in recorded if client.takes(r)]
    chosen = [rng.choice(takes) for _ in range(CALLS)]
    command = drive.write_jobs(client, chosen, tmp_path, tls.url)
    outcome = drive.run(command, drive.environment(tls, home), tmp_path,
                        prefix=vendor.alone(tmp_path))
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == CALLS
    assert {c.connection.protocol for c in tls.calls} == {protocols[0]}
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    assert {r["tls"]["stack"] for r in outcome.records} == {"rustls"}


@pytest.mark.wide
def test_copilot(tls, bundled, book, home, tmp_path):
    """Its model traffic runs in an addon of 145 MB that it unpacks into its home and loads: a file
    that nobody has seen before."""
    outcome = run(vendor.copilot, tls, home, tmp_path, recorded=bundled["chat stream"])
    check(outcome, tls, book, "openssl")


@pytest.mark.wide
def test_opencode(tls, bundled, book, home, tmp_path):
    outcome = run(vendor.opencode, tls, home, tmp_path, recorded=bundled["responses stream"])
    check(outcome, tls, book, "boringssl")


@pytest.mark.wide
def test_kilo(tls, bundled, book, home, tmp_path):
    outcome = run_to_answer(vendor.kilo, tls, home, tmp_path, recorded=bundled["responses stream"])
    check(outcome, tls, book, "boringssl")


@pytest.mark.wide
def test_cline(tls, bundled, book, home, tmp_path):
    outcome = run(vendor.cline, tls, home, tmp_path, recorded=bundled["chat stream"])
    check(outcome, tls, book, "boringssl")


@pytest.mark.wide
def test_gemini(tls, book, home, tmp_path):
    stream, = (r for r in exchanges.load_bundled() if r.about == GEMINI)
    outcome = run(vendor.gemini, tls, home, tmp_path, recorded=stream)
    check(outcome, tls, book, "openssl")


@pytest.mark.wide
def test_qwen(tls, bundled, book, home, tmp_path):
    outcome = run(vendor.qwen, tls, home, tmp_path, recorded=bundled["chat stream"])
    check(outcome, tls, book, "openssl")


UPDATE = '"$0" "$@" && mv "$NEXT" "$0" && exec "$0" "$@"'


@pytest.mark.wide
def test_update(tls, recorded, book, home, tmp_path, rng):
    """A stripped agent's next release takes its name, and its launcher becomes that: neither file was
    seen before, both are found in the second that an agent takes to start."""
    agent, following = (pathlib.Path(shutil.copy(vendor.fetch(f"bun-{v}"), tmp_path / f"agent-{v}"))
                        for v in ("1.2.23", "1.3.14"))
    (tmp_path / "start.js").write_text("Bun.sleepSync(1500);")
    client = drive.Client("agent", drive.OPENAI + drive.ANTHROPIC, drive.BOTH,
                          [str(agent), "--preload", str(tmp_path / "start.js"),
                           str(drive.CLIENTS / "node_sdk.mjs"), str(drive.CACHE / "node"), "{jobs}"])
    takes = [r for r in recorded if client.takes(r)]
    command = drive.write_jobs(client, rng.choices(takes, k=CALLS), tmp_path, tls.url)
    outcome = drive.run(["sh", "-c", UPDATE, *command],
                        dict(drive.environment(tls, home, tls.url), NEXT=str(following)), tmp_path)
    assert outcome.status == 0 and not following.exists(), outcome.stderr
    assert len(tls.calls) == 2 * CALLS
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    assert {r["tls"]["stack"] for r in outcome.records} == {"boringssl"}


@pytest.mark.wide
@pytest.mark.parametrize("name", ["bun-1.3.14", "bun-1.2.23"])
def test_bun(name, tls, recorded, book, home, tmp_path, rng):
    client = drive.Client(name, drive.OPENAI + drive.ANTHROPIC, drive.BOTH,
                          [str(vendor.fetch(name)), str(drive.CLIENTS / "node_sdk.mjs"),
                           str(drive.CACHE / "node"), "{jobs}"])
    takes = [r for r in recorded if client.takes(r)]
    chosen = [rng.choice(takes) for _ in range(CALLS)]
    command = drive.write_jobs(client, chosen, tmp_path, tls.url)
    outcome = drive.run(command, drive.environment(tls, home, tls.url), tmp_path)
    assert outcome.status == 0, outcome.stderr
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    assert {r["tls"]["stack"] for r in outcome.records} == {"boringssl"}
