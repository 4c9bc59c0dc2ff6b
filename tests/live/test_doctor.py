# SPDX-License-Identifier: Apache-2.0
"""`tolltap doctor`: what it says of this host, of files and of processes that this test started."""
import json
import os
import pwd
import subprocess
import sys
import tempfile

import drive

NOBODY = pwd.getpwnam("nobody")


def doctor(*args, **popen):
    done = subprocess.run([str(drive.TOLLTAP), "doctor", "--json", *args], capture_output=True,
                          text=True, timeout=60, **popen)
    return done, json.loads(done.stdout)


def facts(said):
    return {f["check"]: f for f in said["host"]}


def test_this_host_can_be_traced():
    """As root: nothing fails, and the form is the one that a run takes."""
    done, said = doctor()
    assert (done.returncode, said["can_trace"]) == (0, True), done.stdout
    assert not [f for f in said["host"] if f["state"] in ("fail", "unknown")], done.stdout
    assert all(f.get("remedy") for f in said["host"] if f["state"] != "ok")
    ran = subprocess.run([str(drive.TOLLTAP), "run", "--no-ledger", "--", "curl", "--version"],
                         capture_output=True, text=True, timeout=60, check=True)
    form = facts(said)["form"]["value"].split(":")[0]
    assert f"{form}:" in ran.stderr, (form, ran.stderr)
    libraries = [f for f in said["host"] if f["check"] == "library"]
    assert any("libssl.so.3" in f["value"] and f["state"] == "ok" for f in libraries)


def test_without_root():
    """As far as it goes: bpf(2) and perf events fail, each with what to do, and the rest is told."""
    with tempfile.TemporaryDirectory() as home:
        os.chown(home, NOBODY.pw_uid, NOBODY.pw_gid)
        done, said = doctor(user=NOBODY.pw_uid, group=NOBODY.pw_gid, extra_groups=[],
                            env={"PATH": os.environ["PATH"], "HOME": home})
        assert not os.listdir(home), "it only looks"
    got = facts(said)
    assert (done.returncode, said["can_trace"]) == (1, False)
    assert got["bpf"]["state"] == "fail" and "sudo" in got["bpf"]["remedy"]
    assert "CAP_BPF" in got["capabilities"]["value"]
    assert got["form"]["state"] == "unknown"
    assert got["btf"]["state"] == got["kernel"]["state"] == got["ledger"]["state"] == "ok"
    assert not done.stderr


def test_ledger_that_cannot_be_written(tmp_path):
    os.chmod(tmp_path, 0o755)
    done, said = doctor("--ledger", str(tmp_path / "a/b/ledger.db"), user=NOBODY.pw_uid,
                        group=NOBODY.pw_gid, extra_groups=[])
    assert done.returncode == 1
    assert facts(said)["ledger"]["state"] == "warn"


def test_people_read_lines():
    done = subprocess.run([str(drive.TOLLTAP), "doctor"], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0
    assert all(line[2:9].strip() in ("ok", "warn") for line in done.stdout.splitlines()
               if line.startswith("  ") and "->" not in line)
    assert done.stdout.endswith("processes on this host can be traced\n")


def readelf_build_id(path):
    notes = subprocess.run(["readelf", "-n", path], capture_output=True, text=True, check=True)
    return notes.stdout.split("Build ID: ")[1].split()[0]


def test_files():
    """libssl as readelf sees it, node with its late probes, and what is not for us with the reason."""
    libssl = "/usr/lib/x86_64-linux-gnu/libssl.so.3"
    node = os.path.realpath(drive.NODE)
    done, said = doctor(libssl, node)
    assert (done.returncode, said["can_trace"]) == (0, True)
    by_path = {f["path"]: f for f in said["files"]}
    assert by_path[libssl]["build_id"] == readelf_build_id(libssl)
    assert {"ssl_read_internal", "ssl_write_internal"} <= {
        s["function"] for s in by_path[libssl]["sites"]}
    assert {s["class"] for s in by_path[libssl]["sites"]} <= {"nop5", "emulated", "stepped"}
    sections = subprocess.run(["readelf", "-SW", node], capture_output=True, text=True, check=True)
    assert by_path[node].get("after_start_up", False) == ("lpstub" in sections.stdout)

    done, said = doctor("/etc/passwd", "/nonexistent", "/dev/null")
    assert (done.returncode, said["can_trace"]) == (1, False)
    assert [f["traced"] for f in said["files"]] == [False] * 3
    assert all(f["why"] for f in said["files"])


def test_hostile_names_stay_on_their_line(tmp_path):
    path = tmp_path / "a\n\x1b[31mfake"
    path.write_text("x")
    done = subprocess.run([str(drive.TOLLTAP), "doctor", str(path)], capture_output=True, timeout=60)
    assert b"\x1b" not in done.stdout and b"\na" not in done.stdout
    done, said = doctor(str(path))
    assert said["files"][0]["path"] == str(path)


def test_process_with_a_library():
    """A Python that has loaded its ssl module and holds a connection to port 8443."""
    code = ("import socket, ssl, sys\n"
            "s = socket.create_server(('127.0.0.1', 8443)); c = socket.create_connection(s.getsockname())\n"
            "print('ready', flush=True); sys.stdin.read()")
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout.readline() == "ready\n"
        done, said = doctor("--pid", str(client.pid))
        client.stdin.close()
    process = said["processes"][0]
    assert done.returncode == 0
    assert process["pid"] == client.pid and process["traced_files"] == len(process["files"]) >= 1
    assert any("libssl" in f["path"] for f in process["files"])
    assert process["tls_connections"] == 1
    assert "dark" not in process


def test_process_without():
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        done, said = doctor("--pid", str(sleeper.pid))
        sleeper.kill()
    assert done.returncode == 1
    assert said["processes"][0]["dark"] == "unknown_stack"
    done, said = doctor("--pid", str(sleeper.pid))
    assert done.returncode == 1 and said["processes"][0]["error"]
    assert str(sleeper.pid) in done.stderr
