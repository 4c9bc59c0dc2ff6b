# SPDX-License-Identifier: Apache-2.0
"""Java whose TLS is Conscrypt's: BoringSSL in a library that it unpacks anew each time it starts."""
import platform
import shutil

import pytest

import drive
import maven
import truth
from conftest import H1, H2

CALLS = 18

pytestmark = [pytest.mark.wide,
              pytest.mark.skipif(platform.machine() != "x86_64", reason="located on x86-64 only")]


def ask(truststore):
    return drive.Client("openai java", ("chat", "responses"), drive.BOTH, [
        shutil.which("java"), "-XX:TieredStopAtLevel=1", f"-Djavax.net.ssl.trustStore={truststore}",
        "-Djavax.net.ssl.trustStorePassword=changeit", "-cp", maven.build(), "Ask", "{jobs}"])


@pytest.mark.parametrize("protocols", [H1, H2], ids=["h1", "h2"])
def test_conscrypt(tls, recorded, truststore, protocols, book, home, tmp_path, rng):
    """Every call, the first one included: the first connection is younger than the probes."""
    client = ask(truststore)
    takes = [r for r in recorded if client.takes(r)]
    chosen = [rng.choice(takes) for _ in range(CALLS)]
    command = drive.write_jobs(client, chosen, tmp_path, tls.url)
    outcome = drive.run(command, drive.environment(tls, home, tls.url), tmp_path)
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == CALLS, outcome.stdout
    assert {c.connection.protocol for c in tls.calls} == {protocols[0]}
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    truth.none(truth.check_sdk(outcome.stdout, tls.calls))
    assert outcome.stdout.count('"total_tokens"') > CALLS / 2, outcome.stdout
    assert {r["tls"]["stack"] for r in outcome.records} == {"boringssl"}
