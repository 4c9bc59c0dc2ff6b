# SPDX-License-Identifier: Apache-2.0
"""Builds a Go client, once per way of building and state of its sources: the standard library's, or
the SDKs' with what go.sum pins."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess

import drive

GO = shutil.which("go") or "/usr/local/go/bin/go"
SOURCE = drive.CLIENTS / "go"
# as released programs are: without symbols and without debug information
STRIPPED = "-ldflags=-s -w"
BASE = ["-trimpath", STRIPPED]
NEXT = STRIPPED + " -X main.release=2"


# what `go` fetches where it is older than a go.mod asks for; its sum is in the checksum database
TOOLCHAIN = "golang.org/toolchain@v0.0.1-go1.26.8.linux-"


def numbers(text):
    return [int(n) for n in re.findall(r"\d+", text)]


def said_by(go, *args):
    return subprocess.run([go, *args], capture_output=True, text=True, check=True, timeout=600).stdout


def toolchain(source):
    """The installed one, or one out of the module proxy: Debian 12 has Go 1.19, which does not do that
    by itself."""
    wanted = re.search(r"^go (\S+)", (source / "go.mod").read_text(), re.M)[1]
    version, arch = said_by(GO, "env", "GOVERSION", "GOARCH").split()
    if numbers(version) >= numbers(wanted):
        return GO
    folder = pathlib.Path(json.loads(said_by(GO, "mod", "download", "-json", TOOLCHAIN + arch))["Dir"])
    for program in (*folder.glob("bin/*"), *folder.glob("pkg/tool/*/*")):
        program.chmod(0o755)            # modules hold no executables
    return str(folder / "bin/go")


def build(name, *flags, source=SOURCE):
    """Path of the program; `name` stands for the flags."""
    go = toolchain(source)
    digest = hashlib.sha256(said_by(go, "version").encode())
    for path in sorted(source.iterdir()):
        digest.update(path.read_bytes())
    folder = drive.CACHE / "go"
    target = folder / f"{name}-{digest.hexdigest()[:16]}"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(f".{os.getpid()}")
        subprocess.run([go, "build", *BASE, *flags, "-o", str(part), "."], cwd=source, check=True,
                       timeout=1800)
        part.rename(target)
    return str(target)
