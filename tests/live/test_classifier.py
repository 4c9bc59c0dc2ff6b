# SPDX-License-Identifier: Apache-2.0
"""What is looked at on a whole host: nothing but TLS libraries is taken for one, and fast."""
import json
import mmap
import os
import pathlib
import resource
import stat
import subprocess

import drive

FOLDERS = ["/usr/bin", "/usr/sbin", "/usr/lib"]
AT_ONCE = 100
SECONDS_PER_100_MB = 0.3
# what a file must hold, whatever was found in it: by names, by tables or by constants in its code
MARKS = {"OpenSSL": [b"SSL_read", b"ssl_read_internal"], "BoringSSL": [b"ssl/ssl_lib.c"],
         "GnuTLS": [b"gnutls_record_recv"], "Go": [b"crypto/tls.(*Conn).Read\0"],
         "rustls": [b"rustls", b"AES_256_GCM"]}


def files():
    out = []
    for folder in FOLDERS:
        for path in sorted(pathlib.Path(folder).rglob("*")):
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode) or status.st_size < 4096:
                continue
            if path.open("rb").read(4) == b"\x7fELF":
                out.append(path)
    return out


def examine(paths):
    """What doctor says of each file, and the CPU time that took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = []
    for n in range(0, len(paths), AT_ONCE):
        done = subprocess.run([drive.TOLLTAP, "doctor", "--json", *map(str, paths[n:n + AT_ONCE])],
                              capture_output=True, text=True, timeout=drive.TIMEOUT_S)
        said += json.loads(done.stdout)["files"]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return said, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def holds(path, marks):
    with open(path, "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as text:
        return any(text.find(mark) >= 0 for mark in marks)


def test_every_file_of_this_host(record_property):
    paths = files()
    size = sum(os.path.getsize(p) for p in paths)
    said, seconds = examine(paths)
    assert len(said) == len(paths) > 500
    found = [(f["path"], {s["stack"] for s in f["sites"]}) for f in said if f["traced"]]
    assert any(stacks == {"OpenSSL"} and "libssl" in path for path, stacks in found)
    wrong = [(path, stack) for path, stacks in found for stack in stacks
             if not holds(path, MARKS[stack])]
    assert not wrong
    per_100_mb = seconds / size * 100e6
    record_property("seconds per 100 MB", round(per_100_mb, 3))
    assert per_100_mb < SECONDS_PER_100_MB, f"{seconds:.1f} s of CPU for {size / 1e6:.0f} MB"
