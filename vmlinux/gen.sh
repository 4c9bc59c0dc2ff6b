#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Compares vmlinux/kernel.h with the BTF of a kernel: every struct and field that the probes read must exist there.
#   vmlinux/gen.sh [BTF-FILE]        default: the running kernel
# Checked with 6.18 (this script). 'parent' and '__parent' of kernfs_node exclude each other (before and since 6.15).
set -eu
btf=${1:-/sys/kernel/btf/vmlinux}
dump=$(mktemp)
trap 'rm -f "$dump"' EXIT
"${BPFTOOL:-$(command -v bpftool || echo /usr/sbin/bpftool)}" btf dump file "$btf" format c >"$dump"
python3 - "$(dirname "$0")/kernel.h" "$dump" <<'PY'
import re
import sys

ours, theirs = (open(p).read() for p in sys.argv[1:3])
part = ours[ours.index("attribute push"):]


def body(text, name):
    m = re.search(r"^struct %s \{\n(.*?)^\}" % re.escape(name), text, re.S | re.M)
    return m.group(1) if m else None


bad = 0
for name in re.findall(r"^struct (\w+) \{", part, re.M):
    there = body(theirs, name)
    for field in re.findall(r"(\w+)(?:\[\d+\])?;", body(part, name)):
        names = [field, "__" + field] if (name, field) == ("kernfs_node", "parent") else [field]
        if there is None or not any(re.search(r"\b%s(\[\d+\])?;" % n, there) for n in names):
            print(f"missing: struct {name}.{field}")
            bad = 1
print("all fields found" if not bad else "kernel.h and this kernel disagree")
sys.exit(bad)
PY
