# SPDX-License-Identifier: Apache-2.0
"""Bun: BoringSSL linked in and stripped, found by what its code says and not by names."""
import platform

import pytest

import drive
import truth

BUN = drive.CACHE / "node/node_modules/@oven/bun-linux-x64/bin/bun"
CALLS = 18
FORMS = {"session": "uprobe_session", "multi": "uprobe_multi", "perf": "perf_uprobe"}

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="located on x86-64 only")


def ask(tls, recorded, folder, rng):
    """The unmodified SDKs under bun, on recorded exchanges of every endpoint."""
    client = drive.Client("bun", drive.OPENAI + drive.ANTHROPIC, drive.BOTH,
                          [str(BUN), str(drive.CLIENTS / "node_sdk.mjs"),
                           str(drive.CACHE / "node"), "{jobs}"])
    takes = [r for r in recorded if client.takes(r)]
    chosen = [rng.choice(takes) for _ in range(CALLS)]
    return drive.write_jobs(client, chosen, folder, tls.url)


@pytest.mark.parametrize("form", FORMS)
def test_exact_calls(form, tls, recorded, book, home, tmp_path, rng):
    command = ask(tls, recorded, tmp_path, rng)
    outcome = drive.run(command, drive.environment(tls, home, tls.url), tmp_path,
                        ("--form", form))
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == CALLS
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    truth.none(truth.check_sdk(outcome.stdout, tls.calls))
    # perf events carry no cookie that could tell the library
    stack = "openssl" if form == "perf" else "boringssl"
    assert {(r["tls"]["stack"], r["tls"]["form"]) for r in outcome.records} == \
        {(stack, FORMS[form])}


def test_under_a_shell(tls, recorded, book, home, tmp_path, rng):
    """Not the command itself but a child: the file is read when a process maps it, which takes
    longer than a script of bun waits before it talks. The second start has its probes at once."""
    command = ask(tls, recorded, tmp_path, rng)
    twice = '"$0" -e "setTimeout(() => 0, 3000)" && "$0" "$@"; exit $?'
    outcome = drive.run(["sh", "-c", twice, *command], drive.environment(tls, home, tls.url),
                        tmp_path)
    assert outcome.status == 0, outcome.stderr
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
