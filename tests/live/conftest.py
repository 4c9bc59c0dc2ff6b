# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the live tests: one server, the rate cards, a scratch folder per test."""
import os
import pathlib
import random
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "reference")]

import drive        # noqa: E402
import exchanges    # noqa: E402
import pki          # noqa: E402
import price        # noqa: E402
import server       # noqa: E402

SEED = int(os.environ.get("TOLLTAP_SEED", "20261122"))
H1, H2 = ("http/1.1",), ("h2", "http/1.1")
HOSTS = ("api.openai.com", "api.anthropic.com")
# The providers' names lead here inside a mount namespace of the test's own; 443 as they use it, and
# an address of this run's own, so that two runs do not meet.
NAMED = (f"127.77.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}", 443)


def pytest_report_header():
    where = "../shared/corpus" if exchanges.has_corpus() else \
        "tests/live/exchanges (../shared/corpus is absent)"
    return f"tolltap live: exchanges of {where}, seed {SEED}"


@pytest.fixture(scope="session")
def recorded():
    return [r for r in exchanges.load()[1] if r.endpoint and r.host in HOSTS]


@pytest.fixture(scope="session")
def of_providers():
    """Those of the other providers."""
    held = exchanges.load()[1] + ([] if not exchanges.has_corpus() else exchanges.load_bundled())
    return [r for r in held if r.endpoint and r.host not in HOSTS]


@pytest.fixture(scope="session")
def bundled():
    """Those of the two whose SDKs and raw clients the tests start, by what each is about."""
    return {r.about: r for r in exchanges.load_bundled()
            if r.host in HOSTS and r.endpoint in drive.OPENAI + drive.ANTHROPIC}


@pytest.fixture(scope="session")
def live_server(recorded, of_providers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    rows = recorded + of_providers + exchanges.load_bundled()
    with server.Server(rows, str(folder / "pki"), (("127.0.0.1", 0), NAMED), SEED) as s:
        hosts = folder / "hosts"
        hosts.write_text(f"127.0.0.1 localhost\n{NAMED[0]} {' '.join(pki.NAMES[1:])}\n")
        s.named = ["unshare", "--mount", "--propagation", "private", "sh", "-c",
                   'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts)]
        yield s


@pytest.fixture
def protocols():
    """What the server offers; a module or a test that asks for others has this of its own."""
    return H1


@pytest.fixture
def tls(live_server, protocols):
    """The server with a clean log."""
    live_server.forget()
    live_server.offer(*protocols)
    live_server.on_answer, live_server.pace_s = None, 0.0
    yield live_server
    live_server.on_answer, live_server.pace_s = None, 0.0


@pytest.fixture
def truststore(tls, tmp_path):
    """The server's certificate authority as Java takes it."""
    path = tmp_path / "trust.p12"
    subprocess.run(["keytool", "-importcert", "-noprompt", "-alias", "test", "-file", tls.pki.ca,
                    "-keystore", str(path), "-storepass", "changeit", "-storetype", "PKCS12"],
                   check=True, capture_output=True, timeout=60)
    return path


@pytest.fixture(scope="session")
def book():
    return price.Book.load(HERE.parents[1] / "ratecards")


@pytest.fixture
def rng(request):
    return random.Random(f"{SEED}/{request.node.nodeid}")


@pytest.fixture
def home(tmp_path):
    path = tmp_path / "home"
    path.mkdir()
    return path
