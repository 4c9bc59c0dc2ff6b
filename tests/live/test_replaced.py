# SPDX-License-Identifier: Apache-2.0
"""Files that are not what their names say: programs that update themselves while they run, deleted and
replaced ones of a running process, and those of another root."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import time

import pytest

import drive
import golang
import truth
from test_bytes import by_hand, environment
from test_go import ask, rows_of
from test_reach import has_probes, probed_by, wait_for, watch

CALLS = 3


@pytest.fixture(scope="module")
def releases():
    """Two of one program, not the same code at the same places."""
    builds = golang.build("plain"), golang.build("next", golang.NEXT)
    assert pathlib.Path(builds[0]).read_bytes() != pathlib.Path(builds[1]).read_bytes()
    return builds


def libraries(folder):
    """Copies of the TLS library that Python loads."""
    folder.mkdir()
    maps = subprocess.run([drive.PYTHON, "-c", "import ssl; print(open('/proc/self/maps').read())"],
                          capture_output=True, text=True, check=True, timeout=60).stdout
    files = {line.split()[-1] for line in maps.splitlines() if "libssl" in line or "libcrypto" in line}
    assert len(files) == 2, files
    return [shutil.copy(f, folder) for f in sorted(files)]


# --- a program that updates itself ------------------------------------------------------------

def test_update(releases, tls, bundled, book, home, tmp_path):
    """The next release is renamed over the running one, which then becomes it: every call before and
    after is seen, and nobody had to do anything."""
    agent, following = (shutil.copy(r, tmp_path / n) for r, n in zip(releases, ("agent", "next")))
    rows = rows_of(bundled)
    command = ask(str(agent), "update", rows, tmp_path, tls.url) + [str(following)]
    outcome = drive.run(command, drive.environment(tls, home), tmp_path)
    assert outcome.status == 0, outcome.stderr
    assert outcome.stdout.endswith("release 2\n") and not following.exists()
    assert len(tls.calls) == 2 * len(rows)
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    assert len({r["process"]["pid"] for r in outcome.records}) == 1


# --- a running process whose files are gone ---------------------------------------------------

def go_client(agent, tls, bundled, home, folder):
    return subprocess.Popen(ask(str(agent), "asked", rows_of(bundled)[:1] * (CALLS + 1), folder,
                                tls.url), env=drive.environment(tls, home), stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, bufsize=0)


def python_client(folder, tls, bundled, home):
    """It calls for each line as well, on one connection."""
    env = environment(tls, home, bundled, LD_LIBRARY_PATH=str(folder))
    return subprocess.Popen(by_hand(tls, "asked"), env=env, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, bufsize=0)


def take_away(path, decoy):
    """Another file takes its name, or none."""
    if decoy:
        os.rename(shutil.copy(decoy, path.with_suffix(".new")), path)
    else:
        path.unlink()


def next_call(client):
    client.stdin.write(b"\n")
    assert client.stdout.readline()


@contextlib.contextmanager
def watched(client, folder):
    """From the moment its files have probes until it ends."""
    watcher = watch(client.pid, folder)
    try:
        wait_for(lambda: has_probes(watcher.pid), 30)
        time.sleep(0.5)
        yield watcher
        client.stdin.close()
        assert client.wait(30) == 0
        said = watcher.communicate(timeout=30)[1]
        assert watcher.returncode == 0, said
    finally:
        for process in (client, watcher):
            process.kill()
            process.wait()


def check(client, path, tls, book, folder):
    """CALLS under a watch that came when the file was gone: exact, by probes in the file itself."""
    with watched(client, folder) as watcher:
        for _ in range(CALLS):
            next_call(client)
        probed = probed_by(watcher.pid)
        assert not probed or f"{path} (deleted)" in probed
        assert str(path) not in probed
    records = drive.read_records(folder / "calls.ndjson")
    assert len(tls.calls) == CALLS + 1
    truth.none(truth.check_in_order(records, tls.calls[1:], book))


@pytest.mark.parametrize("is_replaced", [False, True], ids=["deleted", "replaced"])
def test_program(is_replaced, releases, tls, bundled, book, home, tmp_path):
    agent = pathlib.Path(shutil.copy(releases[0], tmp_path / "agent"))
    client = go_client(agent, tls, bundled, home, tmp_path)
    next_call(client)
    take_away(agent, releases[1] if is_replaced else None)
    check(client, agent, tls, book, tmp_path)


@pytest.mark.parametrize("is_replaced", [False, True], ids=["deleted", "replaced"])
def test_library(is_replaced, tls, bundled, book, home, tmp_path):
    files = [pathlib.Path(f) for f in libraries(tmp_path / "lib")]
    libssl, = (f for f in files if "libssl" in f.name)
    client = python_client(libssl.parent, tls, bundled, home)
    next_call(client)
    # the same build, which is another file all the same
    take_away(libssl, libssl if is_replaced else None)
    check(client, libssl, tls, book, tmp_path)


# --- another root -----------------------------------------------------------------------------

ROOT = """
mount --rbind / "$0" && mount -t tmpfs own "$0/mnt" && cp "$1"/* "$0/mnt" && shift &&
exec chroot "$0" env LD_LIBRARY_PATH=/mnt "$@"
"""


def test_root_of_its_own(tls, bundled, book, home, tmp_path):
    """As in a container: libssl is a file of a file system that nobody else sees."""
    root = tmp_path / "root"
    root.mkdir()
    libraries(tmp_path / "lib")
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", ROOT, str(root),
               str(tmp_path / "lib"), *by_hand(tls, "late_dlopen")]
    outcome = drive.run(command, environment(tls, home, bundled), tmp_path)
    assert outcome.status == 0, outcome.stderr
    assert not list(pathlib.Path("/mnt").glob("libssl*"))
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    assert "/mnt/libssl" in outcome.stderr
