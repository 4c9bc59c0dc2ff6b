# SPDX-License-Identifier: Apache-2.0
"""The same truth however the probes are attached, and nobody else's calls."""
import json
import subprocess
from fractions import Fraction

import pytest

import drive
import truth
from test_bytes import by_hand, environment

FORMS = [("--form", "session"), ("--form", "multi"), ("--form", "perf"), ("--exact",)]
CLIENTS = ["openai python", "anthropic python async stream", "openai node", "curl"]


def client_named(name):
    return next(c for c in drive.ALL if c.name == name)


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_form(form, name, bundled, tls, book, home, tmp_path):
    client = client_named(name)
    rows = [r for r in bundled.values() if client.takes(r)] * 2
    command = drive.write_jobs(client, rows, tmp_path, tls.url)
    outcome = drive.run(command, drive.environment(tls, home, tls.url), tmp_path, options=form)
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == len(rows)
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    if form[0] == "--form":
        used = {r["tls"]["form"] for r in outcome.records}
        assert len(used) == 1 and form[1] in used.pop(), outcome.stderr


@pytest.mark.parametrize("case", ["plain", "late_dlopen", "exec_another", "fork_after_handshake"])
def test_exact_has_no_window(case, bundled, tls, book, home, tmp_path):
    """Not a byte is missed of a process that calls at once."""
    env = environment(tls, home, bundled, TOLLTAP_TEST_WAIT="0")
    outcome = drive.run(by_hand(tls, case), env, tmp_path, options=("--exact",))
    assert outcome.status == 0, outcome.stderr
    assert len(outcome.records) == len(tls.calls) > 0
    assert [r["response_id"] for r in sorted(outcome.records, key=truth.wall_ns)] == \
        [truth.response_id_of(c) for c in tls.calls]


@pytest.mark.parametrize("options", [(), ("--exact",)], ids=["scoped", "exact"])
def test_bystander(options, bundled, tls, home, tmp_path):
    """Another process with the same library, at the same time: none of its calls is seen."""
    env = environment(tls, home, bundled)
    with subprocess.Popen(by_hand(tls, "steady"), env=env, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as bystander:
        assert bystander.stdout.readline() == "call\n"
        outcome = drive.run(by_hand(tls, "plain"), env, tmp_path, options=options)
        assert bystander.stdout.readline() == "call\n"
        bystander.stdin.close()
        bystander.stdout.read()
    [mine] = [c for c in tls.calls if c.pid != bystander.pid]
    [record] = outcome.records
    assert record["process"]["pid"] == mine.pid
    assert record["response_id"] == truth.response_id_of(mine)


def test_report_adds_up(recorded, tls, book, home, tmp_path, rng):
    """The ledger's sums are the records', exactly."""
    client = client_named("urllib")
    rows = [r for r in rng.choices(recorded, k=80) if client.takes(r)]
    command = drive.write_jobs(client, rows, tmp_path, None)
    outcome = drive.run(command, drive.environment(tls, home), tmp_path, prefix=tls.named)
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    done = subprocess.run([str(drive.TOLLTAP), "report", "--ledger", str(tmp_path / "ledger.db"),
                           "--by", "model", "--format", "json"], capture_output=True, text=True,
                          timeout=60, check=True)
    report = json.loads(done.stdout)
    want = sum(Fraction(r["cost"].get("amount", "0")) for r in outcome.records)
    assert report_sum(report, "cost") == want
    assert report_sum(report, "calls") == len(outcome.records)


def report_sum(report, name):
    return sum(Fraction(str(row.get(name) or 0)) for row in report["rows"])
