# SPDX-License-Identifier: Apache-2.0
"""How far the probes reach: after a killed tolltap, with many processes on one file, and in connections
that were open before."""
import json
import os
import re
import signal
import subprocess
import time

import pytest

import drive
import truth
from test_bytes import by_hand, environment

BPFTOOL_ENV = {"PATH": os.environ["PATH"] + ":/usr/sbin"}


def kernel_has(kind):
    """Ids of all links or programs, of tolltap or not."""
    done = subprocess.run(["bpftool", "--json", kind, "show"], capture_output=True, text=True,
                          env=BPFTOOL_ENV, timeout=30, check=True)
    return {row["id"] for row in json.loads(done.stdout)}


def told_of_descriptors(pid):
    """What the kernel says of each of a process's descriptors."""
    said = []
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        try:
            with open(f"/proc/{pid}/fdinfo/{fd}") as f:
                said.append(f.read())
        except OSError:
            pass
    return said


def held_by(pid, key):
    """Ids of the links or programs that a process's descriptors stand for."""
    return {int(m[1]) for said in told_of_descriptors(pid)
            for m in re.finditer(rf"^{key}:\s*(\d+)", said, re.M)}


def has_probes(pid):
    """A link to functions, not only those to the kernel's own places."""
    return any(re.search(r"^link_type:\s*(uprobe_multi|perf)", said, re.M)
               for said in told_of_descriptors(pid))


def probed_by(pid):
    """Paths of the files that a process's links stand in, where the kernel tells (6.13 and later)."""
    return {m[1] for said in told_of_descriptors(pid)
            for m in re.finditer(r"^path:\s*(/.*)", said, re.M)}


def watch(pid, folder, *options):
    return subprocess.Popen(
        [str(drive.TOLLTAP), "watch", "--format", "ndjson", "--output",
         str(folder / "calls.ndjson"), "--ledger", str(folder / "ledger.db"), *options, "--pid",
         str(pid)], stderr=subprocess.PIPE, text=True)


def watch_from_here(client, folder):
    """Watches a client that waits for a line, lets it go on when the probes stand, to its end; what
    tolltap said."""
    watcher = watch(client.pid, folder)
    wait_for(lambda: held_by(watcher.pid, "link_id"))
    time.sleep(0.5)
    client.stdin.write("\n")
    client.stdin.flush()
    assert client.wait(30) == 0
    return watcher.communicate(timeout=30)[1]


def wait_for(what, seconds=10):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


# --- a killed watch ---------------------------------------------------------------------------

def test_killed_watch_leaves_nothing(tls, bundled, home, tmp_path):
    """SIGKILL: within a second the kernel has no link or program of ours, and the target goes on."""
    with subprocess.Popen(by_hand(tls, "steady"), env=environment(tls, home, bundled),
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout.readline() == "call\n"
        watcher = watch(client.pid, tmp_path)
        wait_for(lambda: drive.read_records(tmp_path / "calls.ndjson"))
        links, programs = held_by(watcher.pid, "link_id"), held_by(watcher.pid, "prog_id")
        assert links and programs and links <= kernel_has("link")
        watcher.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        watcher.wait(10)
        wait_for(lambda: not links & kernel_has("link") and not programs & kernel_has("prog"), 1)
        assert time.monotonic() - killed < 1
        done = len(tls.calls)
        wait_for(lambda: len(tls.calls) >= done + 5)
        assert client.poll() is None
        client.stdin.close()
        assert client.wait(30) == 0


# --- many processes on one file ---------------------------------------------------------------

FORKS = """
import json, os, sys, time, urllib.request
url, ask, cnt, wait_s = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}).encode()
pids = []
for _ in range(cnt):
    pid = os.fork()
    if not pid:
        time.sleep(wait_s)
        request = urllib.request.Request(url + "/v1/chat/completions", body, {
            "content-type": "application/json", "x-exchange": ask})
        assert json.loads(urllib.request.urlopen(request).read())["usage"]
        os._exit(0)
    pids.append(pid)
for pid in pids:
    assert os.waitpid(pid, 0)[1] == 0
print(json.dumps(pids))
"""


def test_thirty_processes(tls, bundled, book, home, tmp_path):
    """Past TRACE_WIDE_USERS links the file gets one for all; the first ones keep theirs as well,
    see each call twice, and neither record nor report it twice."""
    command = [drive.PYTHON, "-c", FORKS, tls.url, bundled["chat"].id, "30", "0.5"]
    outcome = drive.run(command, environment(tls, home, bundled), tmp_path)
    assert outcome.status == 0, outcome.stderr
    pids = json.loads(outcome.stdout)
    assert len(tls.calls) == len(set(pids)) == 30
    assert sorted(r["process"]["pid"] for r in outcome.records) == sorted(pids)
    truth.none(truth.check_by_id(outcome.records, tls.calls, book))
    assert "capture." not in outcome.stderr, outcome.stderr


# --- connections that were open before --------------------------------------------------------

LATE = re.compile(r"capture\.window\.late_connections\s+(\d+)")


def late_of(said):
    m = LATE.search(truth.receipt_without_color(said))
    return int(m[1]) if m else 0


def test_connection_older_than_watch(tls, bundled, home, tmp_path):
    """Calls went by on the connection before `watch --pid` came: that is said, once."""
    with subprocess.Popen(by_hand(tls, "steady"), env=environment(tls, home, bundled),
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout.readline() == "call\n"
        watcher = watch(client.pid, tmp_path)
        wait_for(lambda: len(drive.read_records(tmp_path / "calls.ndjson")) >= 3)
        client.stdin.close()
        client.wait(30)
    _, said = watcher.communicate(timeout=30)
    assert watcher.returncode == 0 and late_of(said) == 1, said


def test_connection_younger_than_watch(tls, bundled, book, home, tmp_path):
    """libssl comes by dlopen under `watch --pid`, the connection after its probes: not late."""
    env = environment(tls, home, bundled, TOLLTAP_TEST_WAIT="2")
    with subprocess.Popen(by_hand(tls, "late_dlopen"), env=env, text=True) as client:
        watcher = watch(client.pid, tmp_path)
        client.wait(30)
    _, said = watcher.communicate(timeout=30)
    truth.none(truth.check_in_order(drive.read_records(tmp_path / "calls.ndjson"), tls.calls, book))
    assert late_of(said) == 0, said


def test_connection_that_came_with_a_fork(tls, bundled, home, tmp_path):
    """What went before in it was the parent's, and was seen there: not late."""
    outcome = drive.run(by_hand(tls, "fork_after_handshake"), environment(tls, home, bundled),
                        tmp_path)
    assert len(outcome.records) == 2 and late_of(outcome.stderr) == 0, outcome.stderr


FORKER = """
import http.client, json, os, ssl, sys
port, ask = sys.argv[1:]
context = ssl.create_default_context()
body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]})

def call(conn, who):
    conn.request("POST", "/v1/chat/completions", body, {
        "host": "api.openai.com", "content-type": "application/json", "x-exchange": ask})
    assert conn.getresponse().read()
    print(who, flush=True)

while word := os.read(0, 1):
    conn = http.client.HTTPSConnection("localhost", int(port), context=context)
    if word == b"f" and os.fork():
        os.wait()
        continue
    call(conn, "call")
    if word == b"f":
        os.read(0, 1)
        call(conn, "child")
        os._exit(0)
    conn.close()
"""


def test_connection_of_a_child_older_than_its_probes(tls, bundled, home, tmp_path):
    """A fork's child calls before tolltap, held up here, has come to it: that is said."""
    command = [drive.PYTHON, "-c", FORKER, str(tls.port), bundled["chat"].id]
    with subprocess.Popen(command, env=environment(tls, home, bundled), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, bufsize=0) as client:
        def tell(word, answer):
            client.stdin.write(word)
            assert client.stdout.readline() == answer

        tell(b"p", b"call\n")
        watcher = watch(client.pid, tmp_path)
        wait_for(lambda: held_by(watcher.pid, "link_id"))
        time.sleep(0.5)
        tell(b"p", b"call\n")
        wait_for(lambda: len(drive.read_records(tmp_path / "calls.ndjson")) == 1)
        watcher.send_signal(signal.SIGSTOP)
        tell(b"f", b"call\n")
        watcher.send_signal(signal.SIGCONT)
        time.sleep(1)
        tell(b"g", b"child\n")
        client.stdin.close()
        client.wait(30)
    _, said = watcher.communicate(timeout=30)
    assert len(drive.read_records(tmp_path / "calls.ndjson")) == 2 and late_of(said) == 1, said
