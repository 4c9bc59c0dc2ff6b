# SPDX-License-Identifier: Apache-2.0
"""TLS libraries that programs bring along, and GnuTLS: the same truth from each."""
import collections
import itertools
import shlex
import shutil

import pytest

import drive
import truth
from conftest import HOSTS
from test_bytes import dump, record

FORMS = ["session", "multi", "perf"]
# where the library has names of its own, and which it is
WHEELS = {"pycurl": "openssl", "pyopenssl": "openssl", "curl_cffi": "boringssl"}


def client(*command):
    return drive.Client("stacks", drive.OPENAI + drive.ANTHROPIC, drive.BOTH, list(command),
                        is_raw=True)


def wheel(name, *more):
    return client(*drive.python("raw_stacks.py", name, *more))


def gnutls():
    return client(*drive.python("raw_gnutls.py"))


def rows_of(bundled):
    return [r for r in bundled.values() if gnutls().takes(r) and r.host in HOSTS]


def check(outcome, tls, book, stack, cnt):
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == cnt
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    assert {r["tls"]["stack"] for r in outcome.records} == {stack}


@pytest.mark.parametrize("more", [(), ("thread",)], ids=["one thread", "a thread per call"])
@pytest.mark.parametrize("name", WHEELS)
def test_wheel(name, more, tls, bundled, book, home, tmp_path):
    rows = rows_of(bundled)
    command = drive.write_jobs(wheel(name, *more), rows, tmp_path, tls.url)
    outcome = drive.run(command, drive.environment(tls, home), tmp_path)
    check(outcome, tls, book, WHEELS[name], len(rows))


@pytest.mark.parametrize("more", [(), ("thread",)], ids=["one thread", "a thread per call"])
def test_all_in_one_process(more, tls, bundled, book, home, tmp_path):
    """Five libraries by turns, three of them OpenSSL: the system's, a wheel's own, one linked in."""
    stacks = dict(urllib="openssl", httpr="rustls", **WHEELS)
    rows = rows_of(bundled)
    command = drive.write_jobs(wheel(",".join(stacks), *more), rows, tmp_path, tls.url)
    outcome = drive.run(command, drive.environment(tls, home), tmp_path)
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == len(rows) >= 2 * len(stacks)
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    used = [r["tls"]["stack"] for r in sorted(outcome.records, key=truth.wall_ns)]
    assert used == [s for s, _ in zip(itertools.cycle(stacks.values()), rows)]


@pytest.mark.parametrize("form", FORMS)
def test_gnutls(form, tls, bundled, book, home, tmp_path):
    rows = rows_of(bundled)
    command = drive.write_jobs(gnutls(), rows, tmp_path, tls.url)
    outcome = drive.run(command, drive.environment(tls, home), tmp_path, ("--form", form))
    check(outcome, tls, book, "gnutls", len(rows))
    assert "late_connections" not in outcome.stderr


def wget(job_folder, rows, tls):
    """One process per call."""
    jobs = drive.raw_jobs(rows, job_folder, tls.url)
    lines = []
    for n, job in enumerate(jobs):
        headers = [f"--header={k}: {v}" for k, v in job["headers"].items()]
        lines.append(shlex.join([
            shutil.which("wget"), "-q", "--content-on-error", "--ca-certificate", tls.pki.ca,
            *headers, "--post-file", job["body"], "-O", f"{job_folder}/out-{n}", job["url"]]))
    return ["sh", "-c", "; ".join(lines) + "; true"]


def test_wget(tls, bundled, book, home, tmp_path):
    rows = [r for r in rows_of(bundled) if b"_tokens" in r.response]
    outcome = drive.run(wget(tmp_path, rows, tls), drive.environment(tls, home), tmp_path)
    check(outcome, tls, book, "gnutls", len(rows))


def test_digests_of_gnutls(tls, bundled, home, tmp_path):
    command = drive.write_jobs(gnutls(), rows_of(bundled) * 2, tmp_path, tls.url)
    path, _ = record(command, drive.environment(tls, home), tmp_path)
    want = collections.Counter((c.pid, d, c.counts[d], c.digest(d))
                               for c in tls.connections for d in c.counts if c.counts[d])
    have = collections.Counter((pid, d, n, sha) for pid, _, _, d, n, missing, sha in dump(path)
                               if not missing)
    assert want and have == want
