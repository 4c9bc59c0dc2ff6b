# SPDX-License-Identifier: Apache-2.0
"""Many streams at once in one process: every one is joined to its own usage."""
import pytest

import drive
import truth

STREAMS = 8
CLIENTS = [
    drive.Client("openai asyncio", drive.OPENAI, (True,), drive.python("py_openai.py", "gather")),
    drive.Client("anthropic asyncio", drive.ANTHROPIC, (True,),
                 drive.python("py_anthropic.py", "gather")),
    drive.Client("node", drive.OPENAI + drive.ANTHROPIC, (True,), drive.node("gather")),
]


@pytest.mark.parametrize("client", CLIENTS, ids=lambda c: c.name)
def test_streams_at_once(client, bundled, tls, book, home, tmp_path):
    """Answers leave slowly, event by event, so that they overlap; ids and counts are unique."""
    streams = [r for r in bundled.values() if client.takes(r) and b"_tokens" in r.response]
    streams = [streams[n % len(streams)] for n in range(STREAMS)]
    tls.pace_s = 0.02
    command = drive.write_jobs(client, streams, tmp_path, tls.url, suffix="+usage")
    outcome = drive.run(command, drive.environment(tls, home, tls.url), tmp_path)
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == STREAMS
    assert len({c.connection.number for c in tls.calls}) == STREAMS
    truth.none(truth.check_by_id(outcome.records, tls.calls, book))
    totals = {r["totals"]["input"] for r in outcome.records}
    assert len(totals) == STREAMS, "counts were not unique"
