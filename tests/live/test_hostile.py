# SPDX-License-Identifier: Apache-2.0
"""Files that mean harm, as a container may map them: refused with a reason, within bounds of time and
memory, and never a crash."""
import json
import os
import socket
import struct
import subprocess
import threading

import pytest

import drive

# an unspoilt one takes half a second; 1.5 s were the most
LIMITS = ["prlimit", "--cpu=6", "--data=64000000"]
GIB = 1 << 30
EXEC, WRITE, READ = 1, 2, 4
SYMTAB, STRTAB, DYNSYM = 2, 3, 11


def elf(segments=(), sections=()):
    """An x86-64 shared library: segments are (flags, offset, size), sections (type, offset, size,
    link)."""
    at = 64 + 56 * len(segments) if sections else 0
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 3, 62, 1, 0, 64, at, 0, 64, 56,
                       len(segments), 64, len(sections), 0)
    loads = [struct.pack("<IIQQQQQQ", 1, flags, at, at, at, size, size, 4096)
             for flags, at, size in segments]
    rows = [struct.pack("<IIQQQQIIQQ", 0, kind, READ, at, at, size, link, 0, 8, 24)
            for kind, at, size, link in sections]
    return head + b"".join(loads + rows)


def sparse(path, data, size):
    path.write_bytes(data)
    os.truncate(path, size)


def fifo(path):
    os.mkfifo(path)


def sock(path):
    socket.socket(socket.AF_UNIX).bind(str(path))


def device(path):
    os.mknod(path, 0o20600, os.makedev(1, 5))       # endless zeros


def too_large(path):
    sparse(path, elf([(READ | EXEC, 0, GIB)]), 5 * GIB)


def symbol_bomb(path):
    """A hundred million symbols on 8 KiB of disk."""
    sections = [(0, 0, 0, 0), (DYNSYM, 1 << 20, 24 * 10**8, 2), (STRTAB, 4096, 64, 0)]
    sparse(path, elf([(READ | EXEC, 0, 4096)], sections), 3 * GIB)


def cyclic_sections(path):
    """Symbols whose strings are the symbols, and a table whose strings are another's symbols."""
    sections = [(0, 0, 0, 0), (DYNSYM, 512, 240, 1), (SYMTAB, 512, 240, 1)]
    sparse(path, elf([(READ | EXEC, 0, 4096)], sections), 65536)


def all_code(path):
    """The same code over and over, no more of it than is looked through."""
    sparse(path, elf([(READ | EXEC, 0, 16 << 20)] * 64), GIB)


def all_code_again(path):
    """Every segment is the whole file."""
    sparse(path, elf([(READ | EXEC, 0, 4 * GIB)] * 64), 4 * GIB)


def all_constants(path):
    """Every segment is the same constants."""
    sparse(path, elf([(READ | EXEC, 0, 4096)] + [(READ, 0, 64 << 20)] * 63), GIB)


def all_data(path):
    sparse(path, elf([(READ | EXEC, 0, 4096)] + [(READ | WRITE, 0, 64 << 20)] * 63), GIB)


def texts_at_once(path):
    """More copies of the names that are looked for than any library has."""
    data = elf([(READ, 0, 8 << 20), (READ | EXEC, 8 << 20, 1 << 20)])
    sparse(path, data + b"ssl/ssl_lib.c\0SSL_read\0" * 100000, 9 << 20)


LIMIT, NOTHING = "it is past a limit", "it defines no TLS function"
ALL = [
    (fifo, "not a regular file"), (sock, "No such device"), (device, "not a regular file"),
    (too_large, "the file is too large"), (symbol_bomb, LIMIT),
    (cyclic_sections, "symbols without a string table"),
    (all_code, NOTHING), (all_code_again, LIMIT), (all_constants, LIMIT), (all_data, LIMIT),
    (texts_at_once, LIMIT),
]


def examine(path):
    """What doctor says of the file; with more time or memory than that it would be killed."""
    done = subprocess.run([*LIMITS, str(drive.TOLLTAP), "doctor", "--json", str(path)],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1), done
    said, = json.loads(done.stdout)["files"]
    return said


@pytest.mark.parametrize("make, why", ALL, ids=lambda p: getattr(p, "__name__", ""))
def test_file(make, why, tmp_path):
    make(tmp_path / "file")
    said = examine(tmp_path / "file")
    assert not said["traced"] and said["why"].startswith(why)


def test_file_that_shrinks(tmp_path):
    """While it is read it is cut and grows again."""
    path = tmp_path / "file"
    libssl = next(line.split()[-1] for line in open("/proc/self/maps") if "libssl" in line)
    whole, over = open(libssl, "rb").read(), threading.Event()

    def spoil():
        while not over.is_set():
            with open(path, "r+b") as f:
                f.truncate(len(whole) // 3)
                f.truncate(64)
                f.write(whole)

    path.write_bytes(whole)
    spoiler = threading.Thread(target=spoil)
    spoiler.start()
    try:
        said = [examine(path) for _ in range(20)]
    finally:
        over.set()
        spoiler.join()
    assert all(f["traced"] or f["why"] for f in said)
