# SPDX-License-Identifier: Apache-2.0
"""Several agents that work for one question: one session, with its calls, its tokens and its cost.

The programs know nothing of tolltap; who pays stands in their environment."""
import csv
import io
import shlex
import subprocess

import drive
import truth

CODE = "PX-17"
SCRIPT = ["ada900000001", "ada900000002", "ada900000003", "ada900000004"]


def environment(tls, home):
    return drive.environment(tls, home, tls.url) | {
        "GOOGLE_GEMINI_BASE_URL": tls.url, "GEMINI_API_KEY": "sk-dummy-gemini",
        "PROJECT_CODE": CODE}


def report(folder, by):
    """The ledger's rows by these dimensions, without the total."""
    done = subprocess.run([str(drive.TOLLTAP), "report", "--ledger", str(folder / "ledger.db"),
                           "--by", by, "--format", "csv"], capture_output=True, text=True,
                          timeout=60, check=True)
    return list(csv.DictReader(io.StringIO(done.stdout)))


def check_session(records, folder):
    """All of it is one session of one project, in the records and in the ledger."""
    session, = {r["session"]["id"] for r in records}
    assert {r["session"]["source"] for r in records} == {"process_tree"}
    assert {r["tags"]["project_code"]["value"] for r in records} == {CODE}
    assert {r["tags"]["project_code"]["source"] for r in records} == {"environment"}
    row, = report(folder, "session,tag:project_code")
    assert (row["session"], row["tag:project_code"]) == (session, CODE)
    assert int(row["calls"]) == len(records)
    return row


def test_adk(tls, book, home, tmp_path):
    """google-adk: a supervisor and two sub-agents in one process."""
    tls.script = list(SCRIPT)
    command = [drive.AGENTS, str(drive.CLIENTS / "py_adk.py"),
               "What is the sky like in Oslo?"]
    outcome = drive.run(command, environment(tls, home), tmp_path)
    assert outcome.status == 0, outcome.stderr
    assert [c.answer.id for c in tls.calls] == SCRIPT
    assert "The sky over Oslo is clear." in outcome.stdout
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    row = check_session(outcome.records, tmp_path)
    assert float(row["cost"]) > 0 and int(row["unpriced"]) == 0
    assert [row[m] for m in ("input", "cache_read", "output")] == ["2718", "1024", "189"]
    truth.none(truth.leaks(tmp_path, [outcome.stderr], ["sky", "Oslo"]))


def test_a_tree_of_processes(tls, bundled, book, home, tmp_path):
    """A supervisor that starts its sub-agents as programs, which it outlives or not."""
    client = drive.Client("urllib", drive.OPENAI + drive.ANTHROPIC, drive.BOTH,
                          drive.python("raw_urllib.py"), is_raw=True)
    lines = []
    for name in ("chat", "messages caches"):
        folder = tmp_path / name.replace(" ", "-")
        folder.mkdir()
        lines.append(shlex.join(drive.write_jobs(client, [bundled[name]], folder, tls.url)))
    outcome = drive.run(["sh", "-c", f"({lines[0]} & wait) & sh -c '{lines[1]}; true'; wait"],
                        environment(tls, home), tmp_path)
    assert outcome.status == 0, outcome.stderr
    truth.none(truth.check_by_id(outcome.records, tls.calls, book))
    assert len({r["process"]["pid"] for r in outcome.records}) == 2
    row = check_session(outcome.records, tmp_path)
    assert float(row["cost"]) > 0 and int(row["unpriced"]) == 0
