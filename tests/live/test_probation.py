# SPDX-License-Identifier: Apache-2.0
"""A function that was found but is another one gives itself away; then its file is left alone."""
import platform
import subprocess

import pytest

import drive

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="located on x86-64 only")
LIBRARY = drive.ROOT / "tests/unit/capture/openssl3/library.c"


def build(folder):
    program = folder / "liar"
    subprocess.run(["gcc", "-O2", "-w", "-s", "-o", program, LIBRARY,
                    drive.HERE / "native/liar.c"], check=True, timeout=60)
    return program


def test_liar(home, tmp_path):
    program = build(tmp_path)
    env = {"PATH": "/usr/bin:/bin", "HOME": str(home)}
    outcome = drive.run([str(program)], env, tmp_path)
    assert outcome.status == 0, outcome.stderr
    assert outcome.stdout.strip() == "done"
    assert "is probed no longer" in outcome.stderr
    assert "capture.located.bad" in outcome.stderr
    assert not outcome.records
