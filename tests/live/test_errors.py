# SPDX-License-Identifier: Apache-2.0
"""What goes wrong on real machines: one clear line with the remedy, never a half-written ledger."""
import contextlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile

import pytest

import drive
from test_bytes import by_hand, environment


def run(*args, env=None, prefix=()):
    return subprocess.run([*prefix, *args], capture_output=True, text=True, timeout=60,
                          env=env or {"PATH": os.environ["PATH"], "HOME": "/nonexistent"})


def one_line(done, status, *words):
    """Exactly one line, that names what failed and what mends it."""
    lines = done.stderr.splitlines()
    assert done.returncode == status, done
    assert len(lines) == 1, done.stderr
    for word in words:
        assert re.search(word, lines[0], re.I), (word, lines[0])
    assert done.stdout == ""


def ledger(folder):
    return ["--ledger", str(folder / "ledger.db")]


def test_not_root(tmp_path):
    """The binary is copied to where nobody may read it."""
    with tempfile.TemporaryDirectory(prefix="tolltap-nobody-") as folder:
        os.chmod(folder, 0o755)
        binary = shutil.copy(drive.TOLLTAP, folder)
        done = run(binary, "run", "--no-ledger", "--", "true",
                   prefix=("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"))
        one_line(done, 1, r"sudo|root|CAP_BPF")


def test_no_capability_but_root(tmp_path):
    done = run(str(drive.TOLLTAP), "run", *ledger(tmp_path), "--", "true",
               prefix=("setpriv", "--bounding-set", "-all", "--inh-caps", "-all"))
    one_line(done, 1, r"CAP_|sudo|root")


def test_unreadable_target(tmp_path):
    """A process that is not there, or not ours to look at."""
    done = run(str(drive.TOLLTAP), "watch", *ledger(tmp_path), "--pid", "4194303")
    one_line(done, 1, r"4194303", r"running|root|process")


CARD = ('{"schema":"tolltap.ratecard/1","card":"site/x","version":"2026-11-22","currency":"USD",'
        '"provider":"openai","models":[{"id":"m","rates":[{"source":"s","checked":"2026-11-22",'
        '%s: "x"}]}]}')


@pytest.mark.parametrize("name, text, words", [
    ("not json", "{", ["json|end of|syntax|}"]),
    ("unknown key", CARD % '"prise"', ["prise", "unknown"]),
    ("unknown meter", CARD % '"per_mtok": {"imput": "1"}, "note"', ["imput"]),
    ("a number for a price", CARD % '"per_mtok": {"input": 1}, "note"', ["input", "string|decimal"]),
    ("empty", "", []),
])
def test_bad_card(name, text, words, tmp_path):
    card = tmp_path / "card.json"
    card.write_text(text)
    marker = tmp_path / "ran"
    done = run(str(drive.TOLLTAP), "run", *ledger(tmp_path), "--ratecard", str(card), "--", "touch",
               str(marker))
    one_line(done, 1, r"card\.json", *words)
    assert not marker.exists(), "the command ran although its calls could not be priced"


def test_missing_card(tmp_path):
    done = run(str(drive.TOLLTAP), "run", *ledger(tmp_path), "--ratecard", "/nonexistent/c.json",
               "--", "true")
    one_line(done, 1, r"/nonexistent/c\.json", r"no such file")


@pytest.mark.parametrize("content", [b"this is no database, " * 400, b"SQLite format 3\0" + b"x" * 5000])
def test_corrupt_ledger(content, tmp_path):
    path = tmp_path / "ledger.db"
    path.write_bytes(content)
    done = run(str(drive.TOLLTAP), "run", *ledger(tmp_path), "--", "true")
    one_line(done, 1, r"ledger\.db", r"--ledger|move|another|aside")
    assert path.read_bytes() == content, "somebody's file was changed"
    done = run(str(drive.TOLLTAP), "report", *ledger(tmp_path))
    one_line(done, 1, r"ledger\.db")


def test_ledger_of_another_program(tmp_path):
    path = tmp_path / "ledger.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("create table calls (x)")
        db.commit()
    before = path.read_bytes()
    done = run(str(drive.TOLLTAP), "run", *ledger(tmp_path), "--", "true")
    one_line(done, 1, r"ledger\.db")
    assert path.read_bytes() == before


def test_report_without_a_ledger(tmp_path):
    done = run(str(drive.TOLLTAP), "report", *ledger(tmp_path))
    one_line(done, 1, r"ledger\.db", r"run|no such file|yet")


def test_missing_library(tmp_path):
    """The loader speaks before we can; its one line names the library, the manual the remedy."""
    binary = tmp_path / "tolltap"
    binary.write_bytes(drive.TOLLTAP.read_bytes().replace(b"libbpf.so.1\0", b"libbpx.so.1\0"))
    binary.chmod(0o755)
    done = run(str(binary), "run", *ledger(tmp_path), "--", "true")
    one_line(done, 127, r"libbpx\.so\.1", r"loading shared libraries")
    manual = (drive.ROOT / "docs/tolltap.1").read_text()
    assert "error while loading shared libraries" in manual and "make deps" in manual
    assert not (tmp_path / "ledger.db").exists()


def test_command_with_a_missing_library(tmp_path):
    """Its own error and status, and no word of ours against it."""
    curl = tmp_path / "curl"
    curl.write_bytes(open(drive.CURL, "rb").read().replace(b"libcurl.so.4\0", b"libcurx.so.4\0"))
    curl.chmod(0o755)
    done = run(str(drive.TOLLTAP), "run", *ledger(tmp_path), "--", str(curl), "--version")
    assert done.returncode == 127 and "libcurx.so.4" in done.stderr.splitlines()[0], done
    assert "no LLM call" in done.stderr


@pytest.mark.parametrize("args", [
    ["run", "--nope", "--", "true"], ["run"], ["nope"], ["watch"], ["run", "--format", "yaml", "--",
                                                                   "true"],
    ["run", "--tag", "noequals", "--", "true"], ["watch", "--pid", "abc"]])
def test_usage(args):
    done = run(str(drive.TOLLTAP), *args)
    one_line(done, 2, r"--help")


@pytest.mark.parametrize("where", ["/nonexistent/calls.ndjson", "/proc/calls.ndjson", "/"])
def test_unwritable_output(where, tmp_path):
    done = run(str(drive.TOLLTAP), "run", *ledger(tmp_path), "--output", where, "--", "true")
    one_line(done, 1, re.escape(where), r"--output|no such|permission|directory|denied")


def test_unwritable_ledger(tmp_path):
    done = run(str(drive.TOLLTAP), "run", "--ledger", "/nonexistent/l.db", "--", "true")
    one_line(done, 1, r"/nonexistent/l\.db")


@contextlib.contextmanager
def small_disk(folder, size):
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(folder, leave):
    """All but `leave` bytes of the disk."""
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    (folder / "filler").write_bytes(b"\0" * max(free - leave, 0))


@pytest.mark.parametrize("leave", [0, 16384, 65536, 180224])
def test_full_disk(leave, tls, bundled, home, tmp_path):
    """Wherever the disk runs full: the command is unharmed, the ledger whole, the loss said."""
    with small_disk(tmp_path / "disk", "1m") as disk:
        fill(disk, leave)
        env = environment(tls, home, bundled)
        done = subprocess.run(
            [str(drive.TOLLTAP), "run", "--format", "ndjson", "--output", str(disk / "calls"),
             "--ledger", str(disk / "ledger.db"), "--", *by_hand(tls, "peek")],
            env=env, capture_output=True, text=True, timeout=60)
        lines = (disk / "calls").read_text().splitlines() if (disk / "calls").exists() else []
        for line in lines:
            json.loads(line)
        rows = stored_rows(disk / "ledger.db", tmp_path)
        if tls.calls:                           # it was let go: then it ended well
            assert done.returncode == 0, done
        else:                                   # refused before: in one line
            one_line(done, 1, r"space|full", str(disk))
            return
        if rows < len(tls.calls) or len(lines) < len(tls.calls):
            assert re.search(r"no space|disk.*full|full.*disk", done.stderr, re.I), done.stderr


def stored_rows(path, folder):
    """A ledger that is there is whole, its journal included. Looked at where there is room."""
    if not path.exists() or not path.stat().st_size:
        return 0
    for part in path.parent.glob(path.name + "*"):
        shutil.copy(part, folder)
    with contextlib.closing(sqlite3.connect(folder / path.name)) as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
        tables = {r[0] for r in db.execute("select name from sqlite_master where type='table'")}
        return db.execute("select count(*) from calls").fetchone()[0] if "calls" in tables else 0
