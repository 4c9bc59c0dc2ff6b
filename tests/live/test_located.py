# SPDX-License-Identifier: Apache-2.0
"""Where the functions of stripped binaries were found, against located.json: each place there is
proven, as its line says, by exact calls captured there or by a twin of the file with symbols. Those
that are installed are looked at again."""
import hashlib
import json
import subprocess

import pytest

import drive
import maven
import vendor

GOLDEN = json.loads((drive.HERE / "located.json").read_text())


# where it is not a folder of the wheel's own name in the first venv
WHEELS = {"grpcio": ("venv-agents", "grpc/_cython"), "baml_py": ("venv-wide", "baml_py")}


def wheel(name):
    venv, folder = WHEELS.get(name, ("venv", name))
    found = list((drive.CACHE / venv / "lib").glob(f"python3*/site-packages/{folder}/*.so"))
    return found[0] if found else None


def installed(name):
    if name in vendor.PACKAGES:
        program = vendor.CACHE / name / "package" / vendor.PACKAGES[name].program
    elif name == "copilot's addon":
        has_copilot = (vendor.CACHE / "copilot/spec").exists()
        program = vendor.unpack_copilot() if has_copilot else None
    elif name == "conscrypt":
        program = maven.library()
    elif name == "bun-1.4.5":
        program = drive.CACHE / "node/node_modules/@oven/bun-linux-x64/bin/bun"
    else:
        program = wheel(name)
    return program if program and program.exists() else None


def located(path):
    done = subprocess.run([str(drive.TOLLTAP), "doctor", "--json", str(path)], capture_output=True,
                          text=True, timeout=60)
    file, = json.loads(done.stdout)["files"]
    return [[s["stack"], s["function"], hex(s["offset"])] for s in file["sites"]]


def digest(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


@pytest.mark.parametrize("name", GOLDEN)
def test_located(name):
    path = installed(name)
    if not path:
        pytest.skip(f"{name} is not installed")
    row = GOLDEN[name]
    if digest(path) != row["sha256"]:
        pytest.skip(f"another build of {name} than the one that was proven")
    assert located(path) == row["sites"]


def test_every_line_has_a_proof():
    assert all(row["proof"] and row["sites"] for row in GOLDEN.values())
