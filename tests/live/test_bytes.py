# SPDX-License-Identifier: Apache-2.0
"""The bytes themselves: SHA-256 per connection and direction equals the server's, and the calls that
come out of them are right."""
import re
import subprocess

import pytest

import drive
import truth

CASES = ["plain", "two_threads", "partial_writes", "peek", "late_dlopen", "exec_another"]
LINE = re.compile(r"conn pid=(\d+) conn=(\S+) gen=(\d+) born=(\d) dir=(\w+) bytes=(\d+) "
                  r"missing=(\d+) sha256=(\w+)")


def by_hand(tls, case):
    return [drive.PYTHON, str(drive.CLIENTS / "by_hand.py"), str(tls.port), case]


def environment(tls, home, bundled, **more):
    return dict(drive.environment(tls, home), TOLLTAP_TEST_ASK=bundled["chat"].id, **more)


def dump(path):
    """[(pid, conn, generation, direction, bytes, missing, digest)] of a recording."""
    done = subprocess.run([str(drive.TOLLTAP_DEV), "dump", str(path)], capture_output=True,
                          text=True, timeout=60, check=True)
    out = []
    for line in done.stdout.splitlines():
        m = LINE.match(line)
        if m and int(m[6]):
            out.append((int(m[1]), m[2], int(m[3]), m[5], int(m[6]), int(m[7]), m[8]))
    return out


def record(command, env, folder, *options):
    path = folder / "recording"
    done = subprocess.run([str(drive.TOLLTAP_DEV), "record", "--output", str(path), *options, "--",
                           *command], env=env, capture_output=True, text=True,
                          timeout=drive.TIMEOUT_S)
    assert done.returncode == 0, done.stderr
    return path, done.stdout


@pytest.mark.parametrize("case", CASES)
def test_digests(case, tls, bundled, home, tmp_path):
    path, _ = record(by_hand(tls, case), environment(tls, home, bundled), tmp_path)
    want = {(c.pid, d, c.counts[d], c.digest(d)) for c in tls.connections for d in c.counts}
    have = {(pid, d, n, sha) for pid, _, _, d, n, missing, sha in dump(path) if not missing}
    assert want and have == want


def test_ssl_reused_after_free(tls, bundled, home, tmp_path):
    """Three connections after another at (likely) one address: three generations, not one."""
    path, _ = record(by_hand(tls, "peek"), environment(tls, home, bundled), tmp_path)
    names = {(pid, conn, gen) for pid, conn, gen, *_ in dump(path)}
    assert len(names) == len(tls.connections) == 3


@pytest.mark.parametrize("wait_s, options", [("0.5", ()), ("0", ("--exact",))])
def test_fork_after_handshake(wait_s, options, tls, bundled, home, tmp_path):
    """Parent and child each use the one connection; each one's bytes are its own. With --exact not
    even the first of a new process are missed."""
    env = environment(tls, home, bundled, TOLLTAP_TEST_WAIT=wait_s)
    path, said = record(by_hand(tls, "fork_after_handshake"), env, tmp_path, *options)
    child, (first, second) = int(said), tls.calls
    rows = {(pid, d): sha for pid, _, _, d, _, _, sha in dump(path)}
    for d in ("read", "write"):
        assert rows[(first.pid, d)] == first.digests[d]
        assert rows[(child, d)] == second.digests[d]


@pytest.mark.parametrize("case", CASES)
def test_calls(case, tls, bundled, book, home, tmp_path):
    outcome = drive.run(by_hand(tls, case), environment(tls, home, bundled), tmp_path)
    assert outcome.status == 0, outcome.stderr
    assert tls.calls
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)


def test_forked_child_owns_its_call(tls, bundled, home, tmp_path):
    outcome = drive.run(by_hand(tls, "fork_after_handshake"), environment(tls, home, bundled),
                        tmp_path)
    child = int(outcome.stdout)
    assert [r["process"]["pid"] for r in outcome.records] == [tls.calls[0].pid, child]
    assert [r["response_id"] for r in outcome.records] == \
        [truth.response_id_of(c) for c in tls.calls]


def test_watch_a_running_process(tls, bundled, book, home, tmp_path):
    """`watch --pid` follows an open connection from its next request on."""
    env = environment(tls, home, bundled)
    with subprocess.Popen(by_hand(tls, "steady"), env=env, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout.readline() == "call\n"
        watch = subprocess.Popen(
            [str(drive.TOLLTAP), "watch", "--format", "ndjson", "--output",
             str(tmp_path / "calls.ndjson"), "--ledger", str(tmp_path / "ledger.db"), "--pid",
             str(client.pid)], stderr=subprocess.PIPE, text=True)
        for _ in range(20):
            assert client.stdout.readline() == "call\n"
        client.stdin.close()
        client.wait(30)
    _, said = watch.communicate(timeout=30)
    assert watch.returncode == 0, said
    records = drive.read_records(tmp_path / "calls.ndjson")
    assert len(records) >= 5, said
    truth.none(truth.check_in_order(records, tls.calls[-len(records):], book))
