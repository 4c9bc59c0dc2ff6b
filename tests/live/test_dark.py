# SPDX-License-Identifier: Apache-2.0
"""What cannot be read is told: which process, which far end, how many bytes, and why."""
import json
import re
import shutil
import subprocess
import sys
import time

import pytest

import drive
import truth
from drive import environment

ROW = re.compile(r"^  (\S+)\[(\d+)\] +(\S+) +(\d+) connections?, +([\d.]+ \w?B)  (\w+)(, an LLM provider)?$",
                 re.M)


def dark(outcome):
    """[(comm, pid, host, connections, bytes, class, is it a provider's)]"""
    said = truth.receipt_without_color(outcome.stderr)
    scale = {"B": 1, "kB": 1e3, "MB": 1e6}
    rows = []
    for comm, pid, host, cnt, size, kind, provider in ROW.findall(said):
        n, unit = size.split()
        rows.append((comm, int(pid), host, int(cnt), float(n) * scale[unit], kind, bool(provider)))
    return rows


def run_raw(command, env, folder, options=(), prefix=()):
    done = subprocess.run([*prefix, str(drive.TOLLTAP), "run", "--ledger", str(folder / "ledger.db"),
                           *options, "--", *command], env=env, capture_output=True, text=True,
                          timeout=drive.TIMEOUT_S, cwd=folder)
    return drive.Outcome(done.returncode, done.stdout, done.stderr, [])


# --- Java -------------------------------------------------------------------------------------

def java(truststore, url, ask):
    return [shutil.which("java"), "-XX:TieredStopAtLevel=1",
            f"-Djavax.net.ssl.trustStore={truststore}", "-Djavax.net.ssl.trustStorePassword=changeit",
            str(drive.CLIENTS / "Dark.java"), url, ask]


def test_java_is_dark(tls, bundled, home, tmp_path, truststore):
    """JSSE: no record, but a row with the provider's name, the bytes on the wire and the reason."""
    command = java(truststore, "https://api.openai.com", bundled["chat"].id)
    outcome = run_raw(command, environment(tls, home), tmp_path, prefix=tls.named)
    assert outcome.status == 0 and outcome.stdout.startswith("200 "), outcome
    [call] = tls.calls
    rows = dark(outcome)
    assert [(r[0], r[1], r[2], r[3], r[5], r[6]) for r in rows] == [
        ("java", int(outcome.stdout.split()[1]), "api.openai.com", 1, "jsse", True)], outcome.stderr
    plain = len(call.body) + len(call.answer.response)
    assert plain < rows[0][4] < plain + 20000
    assert "jsse: Java's own TLS" in outcome.stderr
    assert "no LLM call was seen" in outcome.stderr


def test_doctor_of_java(tls, bundled, home, truststore):
    """The same process while it waits for its answer: what is dark and why, without a trace."""
    tls.on_answer = lambda call, pieces: (time.sleep(3), pieces)[1]
    command = java(truststore, tls.url, bundled["chat"].id)
    with subprocess.Popen(command, env=environment(tls, home), stdout=subprocess.PIPE) as client:
        deadline = time.monotonic() + 60
        while not tls.calls and time.monotonic() < deadline:
            time.sleep(0.05)
        done = subprocess.run([str(drive.TOLLTAP), "doctor", "--json", "--pid", str(client.pid)],
                              capture_output=True, text=True, timeout=60)
        client.wait(60)
    process = json.loads(done.stdout)["processes"][0]
    assert done.returncode == 1
    assert (process["comm"], process["dark"], process["traced_files"]) == ("java", "jsse", 0)


# --- what can be read is not dark ----------------------------------------------------------------

def test_what_is_read_is_not_dark(tls, bundled, home, tmp_path):
    """Python (asyncio with a memory BIO too), curl and node: their connections are none of these."""
    recorded = [bundled["chat"], bundled["chat stream"]]
    env = environment(tls, home)
    for client in drive.ALL:
        asked = [r for r in recorded if client.takes(r)]
        if not asked:
            continue
        folder = tmp_path / re.sub(r"\W", "_", client.name)
        folder.mkdir()
        command = drive.write_jobs(client, asked, folder, tls.url)
        outcome = drive.run(command, dict(env, OPENAI_BASE_URL=tls.url + "/v1"), folder)
        assert outcome.status == 0, outcome.stderr
        assert len(outcome.records) == len(asked)
        assert dark(outcome) == [], (client.name, outcome.stderr)


BOTH = """
import asyncio, json, os, socket, ssl, sys, urllib.request
url, ask, way, first = sys.argv[1:5]
body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}).encode()

def by_urllib():
    request = urllib.request.Request(url + "/v1/chat/completions", body, {
        "content-type": "application/json", "x-exchange": ask})
    urllib.request.urlopen(request).read()

async def by_asyncio():
    host, port = url.split("//")[1].split(":")
    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
    writer.write(f"POST /v1/chat/completions HTTP/1.1\\r\\nhost: {host}:{port}\\r\\nx-exchange: {ask}\\r\\n"
                 f"connection: close\\r\\ncontent-length: {len(body)}\\r\\n\\r\\n".encode() + body)
    await writer.drain()
    await reader.read()
    writer.close()

by_urllib() if way == "urllib" else asyncio.run(by_asyncio())
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
peer, _ = server.accept()
for part in (bytes.fromhex(first), b"\\x17\\x03\\x03\\0\\x10" + bytes(16)):
    client.sendall(part)
    peer.recv(65536)
"""


@pytest.mark.parametrize("way", ["urllib", "asyncio"])
def test_another_stack_in_a_process_that_is_read(way, tls, bundled, home, tmp_path):
    """Only the connection that no probed call explains is dark, with a memory BIO in between too."""
    command = [sys.executable, "-c", BOTH, tls.url, bundled["chat"].id, way, hello(b"api.x.ai").hex()]
    outcome = run_raw(command, environment(tls, home), tmp_path)
    assert outcome.status == 0, outcome
    assert "1 call in" in outcome.stderr
    [row] = dark(outcome)
    assert row[2] == "api.x.ai" and row[3] == 1 and row[5:] == ("other_stack", True)


# --- QUIC -----------------------------------------------------------------------------------------

QUIC = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("127.0.0.1", 443))
for n in (1200, 1200, 400):
    try:
        s.send(b"\\xc0" + bytes(n - 1))
    except ConnectionRefusedError:
        s.send(b"\\xc0" + bytes(n - 1))
"""


def test_quic_is_dark(tmp_path, tls, home):
    outcome = run_raw([sys.executable, "-c", QUIC], environment(tls, home), tmp_path)
    assert outcome.status == 0, outcome
    [row] = dark(outcome)
    assert row[0].startswith("python") and row[2:4] == ("127.0.0.1:443", 1)
    assert row[4] == 2800 and row[5] == "quic"


# --- first bytes say what a connection is -----------------------------------------------------------

TALK = """
import socket, sys, threading
first, family = bytes.fromhex(sys.argv[1]), int(sys.argv[2])
host = "::1" if family == 6 else "127.0.0.1"
server = socket.create_server((host, 0), family=socket.AF_INET6 if family == 6 else socket.AF_INET)
port = server.getsockname()[1]
def serve():
    c, _ = server.accept()
    while c.recv(65536):
        pass
threading.Thread(target=serve, daemon=True).start()
client = socket.create_connection((host, port))
client.sendall(first)
client.sendall(b"more of it")
client.close()
print(port)
"""


def hello(name, before=0):
    """A ClientHello with a server name behind an extension of `before` bytes."""
    def block(n, data):
        return len(data).to_bytes(n, "big") + data

    sni = (b"\0\0" + block(2, block(2, b"\0" + block(2, name)))) if name is not None else b""
    extensions = (b"\x00\x33" + block(2, bytes(before)) if before else b"") + sni
    body = (b"\x03\x03" + bytes(32) + block(1, bytes(32)) + block(2, b"\x13\x01") + block(1, b"\0") +
            block(2, extensions))
    return b"\x16\x03\x01" + block(2, b"\x01" + block(3, body))


def talk(first, tmp_path, tls, home, family=4):
    outcome = run_raw([sys.executable, "-c", TALK, first.hex(), str(family)], environment(tls, home), tmp_path)
    assert outcome.status == 0, outcome
    return int(outcome.stdout), dark(outcome), outcome


@pytest.mark.parametrize("name, before, shown", [
    (b"api.anthropic.com", 0, "api.anthropic.com"),
    (b"API.OpenAI.com", 1220, "api.openai.com"),
    (b"x" * 70 + b".services.ai.azure.com", 0, "x" * 41 + ".services.ai.azure.com"),
    (None, 100, None),
])
def test_name_of_the_client_hello(name, before, shown, tmp_path, tls, home):
    """Wherever it stands, however long; none: address and port. On any port."""
    port, rows, outcome = talk(hello(name, before), tmp_path, tls, home)
    [row] = rows
    want = shown or f"127.0.0.1:{port}"
    assert row[2] == want or row[2].endswith("~") and want.startswith(row[2][:-1]), outcome.stderr
    assert row[3] == 1 and row[5] == "unknown_stack"
    assert row[6] == (shown is not None)


def test_address_of_version_six(tmp_path, tls, home):
    port, rows, outcome = talk(hello(None), tmp_path, tls, home, family=6)
    assert [row[2] for row in rows] == [f"[::1]:{port}"], outcome.stderr


@pytest.mark.parametrize("first", [b"SSH-2.0-x\r\n", b"*1\r\n$4\r\nPING\r\n", b"\x16\x03",
                                   b"GET / HTTP/1.1\r\n\r\n", bytes(64)])
def test_other_protocols_are_no_concern(first, tmp_path, tls, home):
    assert talk(first, tmp_path, tls, home)[1] == []


def test_plain_http_that_cannot_be_followed(tmp_path, tls, home):
    """This kernel takes no fentry and no kprobes: a POST is counted. Where it takes them, or is
    asked not to look, test_plain.py has the rest."""
    first = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n"
    outcome = run_raw([sys.executable, "-c", TALK, first.hex(), "4"], environment(tls, home), tmp_path,
                      options=("--no-plain",))
    [row] = dark(outcome)
    assert row[2] == f"127.0.0.1:{outcome.stdout.strip()}" and row[5] == "plain_http"


# --- hostile hellos ---------------------------------------------------------------------------------

def test_broken_hellos_harm_nobody(tmp_path, tls, home, rng):
    """Cut or with lying lengths: counted without a name or with what fits, never more than it has."""
    whole = hello(b"api.openai.com", 40)
    for _ in range(6):
        broken = bytearray(whole[:rng.randrange(44, len(whole))])
        broken[rng.randrange(43, len(broken))] = rng.randrange(256)
        port, rows, outcome = talk(bytes(broken), tmp_path, tls, home)
        assert len(rows) <= 1 and "Traceback" not in outcome.stderr
        for row in rows:
            assert len(row[2]) <= 64, outcome.stderr
