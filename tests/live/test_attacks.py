# SPDX-License-Identifier: Apache-2.0
"""Prompts and answers that imitate usage, events and HTTP, end to end: nothing is invented."""
import pytest

import attacks
import drive
import truth

RAW = [c for c in drive.ALL if c.is_raw]


@pytest.fixture(scope="module")
def imitations(live_server):
    rows = attacks.load()
    assert len(rows) >= 30
    live_server.recorded.update({r.id: r for r in rows})
    return rows


@pytest.mark.parametrize("client", RAW, ids=lambda c: c.name)
def test_nothing_is_invented(client, imitations, tls, book, home, tmp_path, rng):
    rows = rng.sample(imitations, len(imitations))
    command = drive.write_jobs(client, rows, tmp_path, None)
    outcome = drive.run(command, drive.environment(tls, home), tmp_path, prefix=tls.named)
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == len(rows)
    calls = [c for c in tls.calls if truth.reader.read(c.exchange())]
    assert 0 < len(calls) < len(rows)
    truth.none(truth.check_in_order(outcome.records, calls, book), outcome)
    said = (tmp_path / "calls.ndjson").read_text() + outcome.stderr
    assert str(attacks.FAKE) not in said and "evil" not in said
