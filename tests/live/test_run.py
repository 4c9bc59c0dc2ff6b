# SPDX-License-Identifier: Apache-2.0
"""`run` leaves the command as it would have been, whatever becomes of tolltap."""
import json
import os
import pwd
import re
import signal
import subprocess
import sys
import time

import pytest

import drive
import truth
from test_bytes import by_hand, environment

NOBODY = pwd.getpwnam("nobody")
SHOW = ["sh", "-c", "id -u; id -g; id -G; pwd; umask; ulimit -n; ls /proc/self/fd | wc -l; "
        "grep -E '^(Cap|SigIgn|SigBlk|NoNewPrivs)' /proc/self/status; env | sort; "
        "cat; echo oops >&2; exit 7"]


def tolltap(folder, *command, options=()):
    return drive.tolltap_command(folder, command, ("--quiet", *options))


def show(command, env, cwd="/"):
    return subprocess.run(command, env=env, input="from stdin\n", cwd=cwd, capture_output=True,
                          text=True, timeout=60)


def test_as_its_caller(tmp_path):
    """Called by root without sudo: nothing about the command changes."""
    env = {"PATH": os.environ["PATH"], "HOME": "/root", "X": "a b\nc", "LANG": "C"}
    plain, traced = show(SHOW, env), show(tolltap(tmp_path, *SHOW), env)
    assert traced.stdout == plain.stdout
    assert (traced.returncode, traced.stderr) == (7, "oops\n")


def sudo_env():
    return {"PATH": os.environ["PATH"], "LANG": "C", "HOME": "/root", "USER": "root",
            "LOGNAME": "root", "SHELL": "/bin/bash", "MAIL": "/var/mail/root",
            "SUDO_UID": str(NOBODY.pw_uid), "SUDO_GID": str(NOBODY.pw_gid), "SUDO_USER": "nobody",
            "SUDO_COMMAND": "tolltap run"}


def test_as_the_user_behind_sudo(tmp_path):
    """User, groups, HOME and the like are those of the user who called sudo; no capabilities."""
    own = {"PATH": os.environ["PATH"], "LANG": "C", "MAIL": "/var/mail/root",
           "HOME": NOBODY.pw_dir, "USER": "nobody", "LOGNAME": "nobody",
           "SHELL": NOBODY.pw_shell}
    as_user = ["setpriv", "--reuid", str(NOBODY.pw_uid), "--regid", str(NOBODY.pw_gid),
               "--init-groups", *SHOW]
    plain, traced = show(as_user, own), show(tolltap(tmp_path, *SHOW), sudo_env())
    assert traced.stdout == plain.stdout
    assert traced.returncode == 7


def test_as_root_keeps_root(tmp_path):
    done = show(tolltap(tmp_path, "id", "-u", options=("--as-root",)), sudo_env())
    assert done.stdout == "0\n"


def test_user_behind_sudo_owns_the_output(tls, bundled, home, tmp_path):
    env = dict(environment(tls, home, bundled), **{k: v for k, v in sudo_env().items()
                                                   if k.startswith("SUDO")})
    subprocess.run(tolltap(tmp_path, "true"), env=env, timeout=60, check=True)
    for name in ("ledger.db", "calls.ndjson"):
        st = (tmp_path / name).stat()
        assert (st.st_uid, st.st_mode & 0o777) == (NOBODY.pw_uid, 0o600), name


@pytest.mark.parametrize("command, status", [
    (["sh", "-c", "exit 3"], 3), (["true"], 0), (["sh", "-c", "kill -TERM $$"], 143),
    (["/nonexistent/command"], 127), (["./not-executable"], 126)])
def test_exit_status(command, status, tmp_path, monkeypatch):
    (tmp_path / "not-executable").write_text("true\n")
    monkeypatch.chdir(tmp_path)
    done = subprocess.run(tolltap(tmp_path, *command), capture_output=True, text=True, timeout=60)
    assert done.returncode == status


def test_says_so_when_there_was_no_call(tmp_path):
    done = subprocess.run(drive.tolltap_command(tmp_path, ["true"]), capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0
    said = truth.receipt_without_color(done.stderr)
    assert re.search(r"no LLM call", said, re.I), said
    assert len(said.splitlines()) >= 2, "and why that may be: " + said


def test_table_and_receipt(tls, bundled, home, tmp_path):
    """The default output: a line per call with what it cost, then the receipt, on standard error."""
    env = environment(tls, home, bundled)
    done = subprocess.run([str(drive.TOLLTAP), "run", "--ledger", str(tmp_path / "l.db"), "--color",
                           "never", "--", *by_hand(tls, "plain")], env=env, capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0 and done.stdout == ""
    for word in ("gpt-4o", "2.0k", "1.9k", "300", "$0.005615", "python"):
        assert word in done.stderr, (word, done.stderr)
    report = subprocess.run([str(drive.TOLLTAP), "report", "--ledger", str(tmp_path / "l.db"),
                             "--by", "model,process", "--since", "24h", "--format", "json"],
                            capture_output=True, text=True, timeout=60, check=True).stdout
    assert "0.005615" in report and "gpt-4o" in report
    json.loads(report)


# --- tolltap's end ----------------------------------------------------------------------------

class Running:
    """A steady client under tolltap, in a process group of its own."""

    def __init__(self, tls, bundled, home, folder):
        command = drive.tolltap_command(folder, by_hand(tls, "steady"))
        self.folder = folder
        self.tolltap = subprocess.Popen(
            command, env=environment(tls, home, bundled), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.expect_calls(3)
        self.client = self.children()[0]
        self.links = self.held_links()
        assert self.links, "tolltap holds no probe"

    def expect_calls(self, n):
        for _ in range(n):
            assert self.tolltap.stdout.readline() == "call\n"

    def children(self):
        return truth_children(self.tolltap.pid)

    def held_links(self):
        found = set()
        base = f"/proc/{self.tolltap.pid}/fdinfo"
        for fd in os.listdir(base):
            try:
                with open(f"{base}/{fd}") as f:
                    found |= {int(m[1]) for m in re.finditer(r"link_id:\s*(\d+)", f.read())}
            except OSError:
                pass
        return found

    def left_links(self):
        """Those of them that the kernel still has."""
        done = subprocess.run(["bpftool", "--json", "link", "show"], capture_output=True, text=True,
                              env={"PATH": os.environ["PATH"] + ":/usr/sbin"}, timeout=30)
        return self.links & {link["id"] for link in json.loads(done.stdout)}

    def changed_text(self):
        """Bytes of the client's libssl that are not the file's: probes that stay."""
        changed = 0
        with open(f"/proc/{self.client}/maps") as maps, open(f"/proc/{self.client}/mem", "rb") as m:
            for line in maps:
                fields = line.split()
                if len(fields) < 6 or "libssl" not in fields[5] or "x" not in fields[1]:
                    continue
                start, end = (int(x, 16) for x in fields[0].split("-"))
                m.seek(start)
                memory = m.read(end - start)
                with open(f"/proc/{self.client}/root{fields[5]}", "rb") as f:
                    f.seek(int(fields[2], 16))
                    on_disk = f.read(end - start).ljust(end - start, b"\0")
                changed += sum(a != b for a, b in zip(memory, on_disk))
        return changed

    def finish(self):
        """The client goes on and ends well, and no probe is left in it."""
        deadline = time.monotonic() + 5     # the kernel lets go of a link's id before its probes
        while (self.left_links() or self.changed_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert self.left_links() == set()
        assert self.changed_text() == 0
        self.expect_calls(3)
        self.tolltap.stdin.close()
        rest = self.tolltap.stdout.read()
        assert rest.endswith("over\n"), rest
        self.tolltap.wait(30)


def truth_children(pid):
    import procs
    return procs.children(pid)


@pytest.fixture
def running(tls, bundled, home, tmp_path):
    r = Running(tls, bundled, home, tmp_path)
    assert r.changed_text() > 0, "probes stand in the client's libssl"
    yield r
    for pid in (r.tolltap.pid, r.client):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    r.tolltap.wait()


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_command_outlives_tolltap(running, sig):
    running.tolltap.send_signal(sig)
    status = running.tolltap.wait(10)
    assert status == (-sig if sig == signal.SIGKILL else 128 + sig)
    running.finish()


def test_sigterm_leaves_a_whole_ledger(running):
    running.tolltap.send_signal(signal.SIGTERM)
    running.tolltap.wait(10)
    assert len(drive.read_records(running.folder / "calls.ndjson")) >= 2
    done = subprocess.run(["sqlite3", str(running.folder / "ledger.db"),
                           "pragma integrity_check"], capture_output=True, text=True)
    assert done.stdout == "ok\n"
    running.finish()


def test_kill_leaves_a_whole_ledger(running):
    running.tolltap.kill()
    running.tolltap.wait(10)
    for line in (running.folder / "calls.ndjson").read_text().splitlines():
        json.loads(line)
    done = subprocess.run(["sqlite3", str(running.folder / "ledger.db"),
                           "pragma integrity_check"], capture_output=True, text=True)
    assert done.stdout == "ok\n"
    running.finish()


TRAPS = ("import signal,sys,time\nsignal.signal(signal.SIGINT, lambda *a: (print('int'), "
         "sys.exit(42)))\nprint('up', flush=True)\ntime.sleep(30)")


def test_ctrl_c_is_the_commands_to_decide(tmp_path):
    """Ctrl-C reaches the whole group; the command's own exit status is kept, with a receipt."""
    p = subprocess.Popen(drive.tolltap_command(tmp_path, [sys.executable, "-c", TRAPS]),
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         start_new_session=True)
    assert p.stdout.readline() == "up\n"
    os.killpg(p.pid, signal.SIGINT)
    out, err = p.communicate(timeout=20)
    assert (p.returncode, out) == (42, "int\n")
    assert "no LLM call" in err


def test_ctrl_c_that_the_command_ignores(tls, bundled, home, tmp_path):
    """The first one stops nothing; the second stops tolltap, and the command lives on."""
    script = ("import signal,time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
              "print('up', flush=True)\ninput()\nprint('over', flush=True)")
    p = subprocess.Popen(drive.tolltap_command(tmp_path, [sys.executable, "-c", script]),
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         text=True, start_new_session=True)
    assert p.stdout.readline() == "up\n"
    os.killpg(p.pid, signal.SIGINT)
    time.sleep(0.5)
    assert p.poll() is None
    os.killpg(p.pid, signal.SIGINT)
    assert p.wait(10) == 128 + signal.SIGINT
    p.stdin.write("\n")
    p.stdin.close()
    assert p.stdout.read() == "over\n"
