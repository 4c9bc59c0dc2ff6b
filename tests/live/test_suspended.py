# SPDX-License-Identifier: Apache-2.0
"""A connection that has carried no LLM call is suspended until its next POST, and no call loses a
byte to that, however late tolltap decides."""
import json
import re

import drive
import truth

LANES, PER_LANE, READS = 120, 2, 3


def job(url, how, **more):
    return {"method": how, "url": url, "body": None, "headers": {"accept-encoding": "gzip"}, **more}


def jobs_of(server, rows):
    """Connections, a lane each: reads of something else, then calls, of which the first is at
    stake. Some lanes rest before their call, so that tolltap has decided by then."""
    jobs = []
    for n in range(LANES):
        asked = rows[n % len(rows)]
        headers = {"content-type": "application/json", "x-exchange": asked.id,
                   "authorization": "Bearer sk-dummy", "accept-encoding": "gzip"}
        lane = [job(server.url + "/v1/models", "GET") for _ in range(READS)]
        lane[-1]["rest_s"] = 0.2 if n % 10 == 0 else 0
        lane.append(job(server.url + "/v1/files", "POST", body="{}"))
        lane += [job(server.url + asked.path, "POST", body=asked.request.decode(),
                     headers=headers)] * PER_LANE
        jobs.append(lane)
    return jobs


def test_no_call_loses_a_byte(bundled, tls, book, home, tmp_path):
    rows = [r for r in bundled.values() if r.endpoint == "chat" and b"_tokens" in r.response]
    (tmp_path / "jobs").write_text(json.dumps(jobs_of(tls, rows)))
    command = [part.replace("{jobs}", str(tmp_path / "jobs"))
               for part in drive.python("mixed.py")]
    env = drive.environment(tls, home, tls.url)
    outcome = drive.run(command, env, tmp_path, ("--verbose",))
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == LANES * (READS + 1 + PER_LANE)
    calls = [c for c in tls.calls if c.answer.status == 200]
    truth.none(truth.check_in_order(outcome.records, calls, book), outcome)
    # and they were suspended: what lanes that rest read behind it was left out
    ignored = re.search(r"capture\.bytes\.ignored (\d+)", outcome.stderr)
    assert ignored and int(ignored[1]) > 0, outcome.stderr
