# SPDX-License-Identifier: Apache-2.0
"""Builds a Go client, once per way of building and state of its sources: the standard library's, or
the SDKs' with what go.sum pins."""
import hashlib
import os
import shutil
import subprocess

import drive

GO = shutil.which("go") or "/usr/local/go/bin/go"
SOURCE = drive.CLIENTS / "go"
# as released programs are: without symbols and without debug information
STRIPPED = "-ldflags=-s -w"
BASE = ["-trimpath", STRIPPED]
NEXT = STRIPPED + " -X main.release=2"


def build(name, *flags, source=SOURCE):
    """Path of the program; `name` stands for the flags."""
    version = subprocess.run([GO, "version"], capture_output=True, check=True, timeout=60).stdout
    digest = hashlib.sha256(version)
    for path in sorted(source.iterdir()):
        digest.update(path.read_bytes())
    folder = drive.CACHE / "go"
    target = folder / f"{name}-{digest.hexdigest()[:16]}"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(f".{os.getpid()}")
        subprocess.run([GO, "build", *BASE, *flags, "-o", str(part), "."], cwd=source, check=True,
                       timeout=1800)
        part.rename(target)
    return str(target)
