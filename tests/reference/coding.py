# SPDX-License-Identifier: Apache-2.0
"""Content codings for tests: gzip from the standard library, br and zstd from the system's own
libraries through ctypes, so that tests without the venv can use them too."""
import ctypes
import ctypes.util
import zlib

DECODED_MAX = 64 << 20


def _load(name, soname):
    try:
        return ctypes.CDLL(soname)
    except OSError as e:
        raise SystemExit(f"tests: no {soname} ({name}): run tests/install-deps ({e})") from e


def gzip_pieces(pieces):
    """One gzip member, flushed after every piece as providers do per event."""
    z = zlib.compressobj(6, zlib.DEFLATED, 31)
    out = [z.compress(p) + z.flush(zlib.Z_SYNC_FLUSH) for p in pieces]
    return out + [z.flush()]


def deflate_pieces(pieces):
    z = zlib.compressobj(6, zlib.DEFLATED, 15)
    return [z.compress(p) + z.flush(zlib.Z_SYNC_FLUSH) for p in pieces] + [z.flush()]


class _BrotliEncoder:
    PROCESS, FLUSH, FINISH = 0, 1, 2

    def __init__(self):
        self.lib = _load("libbrotli", "libbrotlienc.so.1")
        self.lib.BrotliEncoderCreateInstance.restype = ctypes.c_void_p
        self.lib.BrotliEncoderTakeOutput.restype = ctypes.POINTER(ctypes.c_char)
        self.state = ctypes.c_void_p(self.lib.BrotliEncoderCreateInstance(None, None, None))
        self.lib.BrotliEncoderSetParameter(self.state, 1, ctypes.c_uint32(4))   # quality

    def run(self, op, data):
        left, src = ctypes.c_size_t(len(data)), ctypes.c_char_p(data)
        room, out = ctypes.c_size_t(0), b""
        while True:
            ok = self.lib.BrotliEncoderCompressStream(
                self.state, op, ctypes.byref(left), ctypes.byref(src), ctypes.byref(room), None,
                None)
            assert ok, "brotli"
            size = ctypes.c_size_t(0)
            p = self.lib.BrotliEncoderTakeOutput(self.state, ctypes.byref(size))
            out += ctypes.string_at(p, size.value) if size.value else b""
            if not left.value and not self.lib.BrotliEncoderHasMoreOutput(self.state):
                return out

    def __del__(self):
        self.lib.BrotliEncoderDestroyInstance(self.state)


def brotli_pieces(pieces):
    e = _BrotliEncoder()
    return [e.run(e.FLUSH, p) for p in pieces] + [e.run(e.FINISH, b"")]


class _ZstdBuffer(ctypes.Structure):
    _fields_ = [("p", ctypes.c_char_p), ("n", ctypes.c_size_t), ("at", ctypes.c_size_t)]


class _ZstdEncoder:
    FLUSH, END = 1, 2

    def __init__(self):
        self.lib = _load("libzstd", "libzstd.so.1")
        self.lib.ZSTD_createCCtx.restype = ctypes.c_void_p
        self.lib.ZSTD_compressStream2.restype = ctypes.c_size_t
        self.lib.ZSTD_compressBound.restype = ctypes.c_size_t
        self.state = ctypes.c_void_p(self.lib.ZSTD_createCCtx())

    def run(self, op, data):
        size = self.lib.ZSTD_compressBound(ctypes.c_size_t(len(data))) + 4096
        space = ctypes.create_string_buffer(size)
        out = _ZstdBuffer(ctypes.cast(space, ctypes.c_char_p), size, 0)
        src = _ZstdBuffer(data, len(data), 0)
        left = self.lib.ZSTD_compressStream2(self.state, ctypes.byref(out), ctypes.byref(src), op)
        assert left == 0, "zstd"
        return space.raw[:out.at]

    def __del__(self):
        self.lib.ZSTD_freeCCtx(self.state)


def zstd_pieces(pieces):
    e = _ZstdEncoder()
    return [e.run(e.FLUSH, p) for p in pieces] + [e.run(e.END, b"")]


def encode_pieces(coding, pieces):
    """The coded body, cut where the plain one was."""
    encoders = {"gzip": gzip_pieces, "deflate": deflate_pieces, "br": brotli_pieces,
                "zstd": zstd_pieces}
    return encoders[coding](pieces) if coding in encoders else list(pieces)


def _brotli_decode(data):
    lib = _load("libbrotli", "libbrotlidec.so.1")
    size = 1 << 20
    while size <= DECODED_MAX:
        out, n = ctypes.create_string_buffer(size), ctypes.c_size_t(size)
        if lib.BrotliDecoderDecompress(ctypes.c_size_t(len(data)), data, ctypes.byref(n), out) == 1:
            return out.raw[:n.value]
        size *= 8
    raise ValueError("brotli")


def _zstd_decode(data):
    lib = _load("libzstd", "libzstd.so.1")
    lib.ZSTD_decompress.restype = ctypes.c_size_t
    size = 1 << 20
    while size <= DECODED_MAX:
        out = ctypes.create_string_buffer(size)
        n = lib.ZSTD_decompress(out, ctypes.c_size_t(size), data, ctypes.c_size_t(len(data)))
        if not lib.ZSTD_isError(ctypes.c_size_t(n)):
            return out.raw[:n]
        size *= 8
    raise ValueError("zstd")


def decode(data, content_encoding=""):
    """By magic bytes where the coding has some: a recording may be decoded already."""
    if data[:2] == b"\x1f\x8b":
        z = zlib.decompressobj(31)
        return z.decompress(data, DECODED_MAX)
    if data[:4] == b"\x28\xb5\x2f\xfd":
        return _zstd_decode(data)
    if content_encoding == "br" and data.lstrip()[:1] not in (b"{", b"[", b"d", b"e", b":"):
        return _brotli_decode(data)
    return data
