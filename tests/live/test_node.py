# SPDX-License-Identifier: Apache-2.0
"""Node, whose own file exports its OpenSSL, and which may copy its code over itself."""
import os
import re
import subprocess

import pytest

import drive
import truth
import vendor
from test_doctor import doctor

PACKAGES = [pytest.param(name, marks=pytest.mark.wide) for name in ("node-22", "node-24")]
PROGRAMS = ["system", *PACKAGES]
CALLS = 18

NODE_CLIENT = """
const https = require('https');
const [url, ask, cnt, gapMs] = process.argv.slice(-4);
const body = JSON.stringify({model: 'gpt-4o', messages: [{role: 'user', content: 'hi'}]});
const options = {method: 'POST', agent: new https.Agent({keepAlive: false}), headers: {
  'content-type': 'application/json', 'content-length': body.length, 'x-exchange': ask}};
const call = () => new Promise((done, failed) => {
  const request = https.request(url + '/v1/chat/completions', options, (answer) => {
    answer.on('data', () => {});
    answer.on('end', done);
  });
  request.on('error', failed);
  request.end(body);
});
const pause = () => new Promise((done) => setTimeout(done, Number(gapMs)));
(async () => {
  for (let i = 0; i < Number(cnt); i++) {
    await call();
    await pause();
  }
  console.log('over');
})();
"""


def program(name):
    return drive.NODE if name == "system" else str(vendor.fetch(name))


def run(name, tls, bundled, home, folder, *options, **more):
    client = folder / "client.js"
    client.write_text(NODE_CLIENT)
    command = [program(name), *options, str(client), tls.url, bundled["chat"].id, "8", "200"]
    return drive.run(command, dict(drive.environment(tls, home), **more), folder)


@pytest.mark.parametrize("name", PROGRAMS)
def test_first_call(name, tls, bundled, book, home, tmp_path):
    """Every call, the first one included."""
    outcome = run(name, tls, bundled, home, tmp_path)
    assert (outcome.status, outcome.stdout) == (0, "over\n"), outcome.stderr
    assert len(tls.calls) == 8
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    assert "capture." not in outcome.stderr, outcome.stderr


@pytest.mark.parametrize("name", PACKAGES)
def test_sdks(name, tls, recorded, book, home, tmp_path, rng):
    client = drive.Client(name, drive.OPENAI + drive.ANTHROPIC, drive.BOTH,
                          [program(name), *drive.node()[1:]])
    takes = [r for r in recorded if client.takes(r)]
    chosen = [rng.choice(takes) for _ in range(CALLS)]
    command = drive.write_jobs(client, chosen, tmp_path, tls.url)
    outcome = drive.run(command, drive.environment(tls, home, tls.url), tmp_path)
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == CALLS
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    truth.none(truth.check_sdk(outcome.stdout, tls.calls))
    assert {r["tls"]["stack"] for r in outcome.records} == {"openssl"}


@pytest.mark.parametrize("options, more", [
    (["--use-largepages=on"], {}), (["--use-largepages=silent"], {}),
    ([], {"NODE_OPTIONS": "--use-largepages=on"})])
@pytest.mark.parametrize("name", PROGRAMS)
def test_large_pages(name, options, more, tls, bundled, home, tmp_path):
    """It copies its text: a breakpoint in it would be fatal. What is not seen is told."""
    outcome = run(name, tls, bundled, home, tmp_path, *options, **more)
    assert (outcome.status, outcome.stdout) == (0, "over\n"), outcome.stderr
    assert len(tls.calls) == 8 and not outcome.records
    said = truth.receipt_without_color(outcome.stderr)
    assert re.search(r"capture\.remapped_processes\s+1 ", said), said
    assert re.search(r" localhost +8 connections, .* huge_pages$", said, re.M), said


REPLACED = """
const { execPath, env } = process;
setTimeout(() => process.execve(execPath, [execPath, ...process.argv.slice(2)], env), 500);
"""


@pytest.mark.parametrize("option, seen", [("--use-largepages=on", 0), ("--use-largepages=off", 8)])
@pytest.mark.parametrize("name", PACKAGES)
def test_replaced_by_itself(name, option, seen, tls, bundled, book, home, tmp_path):
    """Probed, it gives way to another of its kind that may copy its text: no breakpoint stays in it."""
    first = tmp_path / "first.js"
    first.write_text(REPLACED)
    outcome = run(name, tls, bundled, home, tmp_path, str(first), option)
    assert (outcome.status, outcome.stdout) == (0, "over\n"), outcome.stderr
    assert len(tls.calls) == 8
    truth.none(truth.check_in_order(outcome.records, tls.calls[:seen], book), outcome)
    assert ("capture.remapped_processes" in outcome.stderr) == (not seen)


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("option, is_traced", [("--use-largepages=on", False),
                                               ("--use-largepages=off", True)])
def test_doctor_of_large_pages(name, option, is_traced):
    command = [program(name), option, "-e", "console.log('ready'); process.stdin.resume()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout.readline() == "ready\n"
        _, said = doctor("--pid", str(client.pid))
        client.stdin.close()
    process, = said["processes"]
    row = next(f for f in process["files"] if f["path"] == os.path.realpath(program(name)))
    assert (row["traced"], "huge pages" in row.get("why", "")) == (is_traced, not is_traced)
    assert process.get("dark") == (None if is_traced else "huge_pages")
