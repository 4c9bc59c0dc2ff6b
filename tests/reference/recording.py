# SPDX-License-Identifier: Apache-2.0
"""Writes recordings as `tolltap-dev record` would (user/capture/replay.h, bpf/event.h)."""
import struct

ABI, MAGIC = 1, b"TLLTAPv1"
CHUNK, PROCESS, EXIT, CLOSE = 1, 2, 5, 6
READ, WRITE = 0, 1
BORN, HOLE_POLICY, OP_END, FIRST = 1 << 0, 1 << 1, 1 << 3, 1 << 5
OPENSSL, FORM_MULTI = 1, 2
EVENT = struct.Struct("<IHHQIIQ")
CHUNK_TAIL = struct.Struct("<QQQIBBBxQII")
PROCESS_TAIL = struct.Struct("<IIQQQII16s288s")
HEADER = struct.Struct("<8sIIq40sQ")
BOOT_ID = b"00000000-0000-4000-8000-000000000000"
RECORD_MAX = 16384      # one TLS record's worth of plaintext


class Process:
    def __init__(self, pid, start_ns, ppid=1, comm=b"client"):
        self.pid, self.start_ns, self.ppid, self.comm = pid, start_ns, ppid, comm

    def event(self, kind, ts_ns):
        tail = PROCESS_TAIL.pack(self.ppid, 1000, 1, 0, 1, 0, 0, self.comm, b"")
        head = EVENT.pack(EVENT.size + len(tail), kind, 0, ts_ns, self.pid, self.pid,
                          self.start_ns)
        return head + tail


class Connection:
    """One TLS connection: turns writes and reads into events."""

    def __init__(self, process, key, generation=1):
        self.process, self.key, self.generation = process, key, generation
        self.position, self.is_first = [0, 0], True

    def _chunk(self, kind, flags, ts_ns, direction, true_len, data):
        size = EVENT.size + CHUNK_TAIL.size + len(data)
        p = self.process
        head = EVENT.pack(size, kind, flags, ts_ns, p.pid, p.pid, p.start_ns)
        tail = CHUNK_TAIL.pack(1, 0, self.key, self.generation, direction, OPENSSL, FORM_MULTI,
                               self.position[direction], true_len, len(data))
        return head + tail + data

    def op(self, direction, data, ts_ns):
        """One SSL_read or SSL_write: its records."""
        for at in range(0, len(data), RECORD_MAX):
            part = data[at:at + RECORD_MAX]
            flags = BORN | (OP_END if at + RECORD_MAX >= len(data) else 0)
            flags |= FIRST if self.is_first else 0
            yield self._chunk(CHUNK, flags, ts_ns, direction, len(part), part)
            self.is_first = False
            self.position[direction] += len(part)

    def hole(self, direction, length, ts_ns):
        yield self._chunk(CHUNK, BORN | HOLE_POLICY, ts_ns, direction, length, b"")
        self.position[direction] += length

    def close(self, ts_ns):
        yield self._chunk(CLOSE, BORN, ts_ns, READ, 0, b"")


class Writer:
    """Events into a file, each padded to 8 bytes."""

    def __init__(self, path, wall_offset_ns):
        self.file = open(path, "wb")
        self.file.write(HEADER.pack(MAGIC, 1, ABI, wall_offset_ns, BOOT_ID, 0))

    def put(self, event):
        self.file.write(event + b"\0" * (-len(event) % 8))

    def close(self):
        self.file.close()
