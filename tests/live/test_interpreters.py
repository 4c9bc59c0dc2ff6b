# SPDX-License-Identifier: Apache-2.0
"""Ruby and PHP: the system's libssl by the ways of other interpreters."""
import shutil

import pytest

import drive
import truth
from conftest import H1, H2, HOSTS

pytestmark = pytest.mark.wide


def ruby():
    return [shutil.which("ruby"), str(drive.CLIENTS / "net_http.rb"), "{jobs}"]


def php(how):
    return [shutil.which("php"), str(drive.CLIENTS / "fetch.php"), "{jobs}", how]


# what each speaks when HTTP/2 is offered
CLIENTS = [pytest.param(ruby, "http/1.1", id="ruby net/http"),
           pytest.param(lambda: php("curl"), "h2", id="php curl"),
           pytest.param(lambda: php("streams"), "http/1.1", id="php streams")]


@pytest.mark.parametrize("protocols", [H1, H2], ids=["h1", "h2"])
@pytest.mark.parametrize("command, best", CLIENTS)
def test_exact_calls(command, best, tls, bundled, protocols, book, home, tmp_path):
    client = drive.Client("interpreter", drive.OPENAI + drive.ANTHROPIC, drive.BOTH, command(),
                          is_raw=True)
    rows = [r for r in bundled.values() if client.takes(r) and r.host in HOSTS] * 2
    line = drive.write_jobs(client, rows, tmp_path, tls.url)
    outcome = drive.run(line, drive.environment(tls, home), tmp_path)
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == len(rows), outcome.stdout
    spoken = {c.connection.protocol or "http/1.1" for c in tls.calls}
    assert spoken == {best if protocols == H2 else "http/1.1"}
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    assert {r["tls"]["stack"] for r in outcome.records} == {"openssl"}
