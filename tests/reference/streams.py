# SPDX-License-Identifier: Apache-2.0
"""Frames recorded exchanges as streams of one HTTP/2 connection, in seeded-random ways: interleaved,
padded, with priorities, CONTINUATION and trailers; headers through an HPACK encoder of its own that
uses the static and the dynamic table. Standard library only."""
import framing
from coding import encode_pieces

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 8, 9
END_STREAM, END_HEADERS, PADDED, PRIORITY = 1, 4, 8, 32
WRITE, READ = 1, 0          # recording.WRITE, recording.READ
def _static():
    """RFC 7541, appendix A."""
    text = (":authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|"
            ":scheme=https|:status=200|:status=204|:status=206|:status=304|:status=400|:status=404|"
            ":status=500|accept-charset|accept-encoding=gzip, deflate|accept-language|accept-ranges|"
            "accept|access-control-allow-origin|age|allow|authorization|cache-control|"
            "content-disposition|content-encoding|content-language|content-length|content-location|"
            "content-range|content-type|cookie|date|etag|expect|expires|from|host|if-match|"
            "if-modified-since|if-none-match|if-range|if-unmodified-since|last-modified|link|"
            "location|max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh|"
            "retry-after|server|set-cookie|strict-transport-security|transfer-encoding|user-agent|"
            "vary|via|www-authenticate")
    rows = [row.partition("=") for row in text.split("|")]
    assert len(rows) == 61
    return [(name, value) for name, _, value in rows]


STATIC = _static()


class Hpack:
    """One direction's encoder."""

    def __init__(self, rng, size=4096):
        self.rng, self.size, self.table, self.used = rng, size, [], 0
        self.announce = None

    def resize(self, size):
        self.size = self.announce = size
        self._evict()

    def _evict(self):
        while self.used > self.size:
            name, value = self.table.pop()
            self.used -= len(name) + len(value) + 32

    def _add(self, name, value):
        self.table.insert(0, (name, value))
        self.used += len(name.encode("latin-1")) + len(value.encode("latin-1")) + 32
        self._evict()

    @staticmethod
    def number(value, bits, first):
        limit = (1 << bits) - 1
        if value < limit:
            return bytes([first | value])
        out, value = [first | limit], value - limit
        while value >= 128:
            out.append(value & 127 | 128)
            value >>= 7
        return bytes(out + [value])

    def _text(self, text):
        raw = text.encode("latin-1")
        return self.number(len(raw), 7, 0) + raw

    def _field(self, name, value):
        known = STATIC + self.table
        if (name, value) in known and self.rng.random() < 0.95:
            return self.number(known.index((name, value)) + 1, 7, 0x80)
        names = [n for n, _ in known]
        index = names.index(name) + 1 if name in names and self.rng.random() < 0.9 else 0
        bits, first = self.rng.choice(((6, 0x40), (6, 0x40), (6, 0x40), (4, 0), (4, 0x10)))
        out = self.number(index, bits, first)
        out += (b"" if index else self._text(name)) + self._text(value)
        if first == 0x40:
            self._add(name, value)
        return out

    def block(self, headers):
        out = b""
        if self.announce is not None:
            out, self.announce = self.number(self.announce, 5, 0x20), None
        return out + b"".join(self._field(n.lower(), v) for n, v in headers)


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + \
        payload


def padded(flags, payload, rng, chance=0.15):
    if rng.random() >= chance:
        return flags, payload
    n = rng.randint(0, 40)
    return flags | PADDED, bytes([n]) + payload + bytes(n)


class Stream:
    """One exchange: what each side still has to send, frame by frame."""

    def __init__(self, stream, recorded, coding, rng):
        self.id, self.recorded, self.coding, self.rng = stream, recorded, coding, rng
        self.sent = [False, False]      # by direction: its END_STREAM

    def _headers(self, hpack, headers, is_end, direction):
        self.sent[direction] = is_end
        block, rng = hpack.block(headers), self.rng
        parts = framing.cut(block, rng, pieces_max=4) if rng.random() < 0.2 else [block]
        flags = (END_STREAM if is_end else 0) | (0 if len(parts) > 1 else END_HEADERS)
        first = parts[0]
        if rng.random() < 0.2:
            flags, first = flags | PRIORITY, b"\0\0\0\0\x10" + first
        flags, first = padded(flags, first, rng)
        out = frame(HEADERS, flags, self.id, first)
        for n, part in enumerate(parts[1:], 2):
            out += frame(CONTINUATION, END_HEADERS if n == len(parts) else 0, self.id, part)
        return out

    def _body(self, pieces, has_end, direction):
        """DATA frames; END_STREAM stands on the last one or on an empty one."""
        pieces = [p[at:at + 16000] for p in pieces for at in range(0, len(p), 16000)]
        is_apart = self.rng.random() < 0.3 or not pieces
        for n, piece in enumerate(pieces, 1):
            is_end = has_end and not is_apart and n == len(pieces)
            self.sent[direction] = is_end
            flags, payload = padded(END_STREAM if is_end else 0, piece, self.rng)
            yield frame(DATA, flags, self.id, payload)
        if has_end and is_apart:
            self.sent[direction] = True
            yield frame(DATA, END_STREAM, self.id)

    def request(self, hpack):
        r, rng = self.recorded, self.rng
        target = r.path + (f"?{r.query}" if r.query else "")
        pseudo = [(":method", r.method), (":scheme", "https"), (":authority", r.host),
                  (":path", target)]
        rng.shuffle(pseudo)
        headers = pseudo + [("content-type", r.request_type), ("user-agent", "corpus/2")]
        if rng.random() < 0.3:
            headers.append(("x-note", f"{rng.random()}"))
        yield self._headers(hpack, headers, not r.request, WRITE)
        if r.request:
            yield from self._body(framing.cut(r.request, rng, pieces_max=8), True, WRITE)

    def response(self, hpack):
        r, rng = self.recorded, self.rng
        is_cut = r.cut is not None
        body = r.sent if is_cut else r.response
        pieces = [body] if is_cut else framing.body_pieces(r, rng)
        pieces = encode_pieces("identity" if is_cut else self.coding, pieces)
        headers = [(":status", str(r.status))] + [(k, v) for k, v in r.resp_headers]
        if self.coding != "identity" and not is_cut:
            headers.append(("content-encoding", self.coding))
        if rng.random() < 0.1:
            yield self._headers(hpack, [(":status", "103"), ("link", "</x>")], False, READ)
        has_trailers = not is_cut and rng.random() < 0.1
        yield self._headers(hpack, headers, False, READ)
        yield from self._body([p for p in pieces if p], not is_cut and not has_trailers,
                              READ)
        if has_trailers:
            yield self._headers(hpack, [("x-trailer", "1")], True, READ)


def noise(rng, stream):
    return rng.choice((frame(WINDOW_UPDATE, 0, 0, b"\0\0\x10\0"), frame(PING, 0, 0, b"12345678"),
                       frame(WINDOW_UPDATE, 0, stream, b"\0\0\x10\0"), frame(0x2b, 0x7f, 0, b"?")))


def play(recorded, codings, rng, on_start, on_end):
    """Yields (direction, bytes) of one connection that carries all of them at once. on_start and
    on_end are told the position in `recorded` of the stream whose request begins, whose response
    is over."""
    tables = {WRITE: Hpack(rng), READ: Hpack(rng)}
    yield WRITE, PREFACE + frame(SETTINGS, 0, 0, b"\0\x03\0\0\0\x64")
    yield READ, frame(SETTINGS, 0, 0)
    waiting, running = list(enumerate(recorded)), []
    while waiting or running:
        if waiting and (not running or rng.random() < 0.3):
            n, r = waiting.pop(0)
            stream = Stream(2 * n + 1, r, codings[n], rng)
            on_start(n)
            frames = stream.request(tables[WRITE])
            yield WRITE, next(frames)           # streams begin in the order of their ids
            running.append([n, stream, WRITE, frames])
        entry = rng.choice(running)
        n, stream, direction, frames = entry
        out = next(frames, None)
        if out is not None:
            yield direction, out
        if direction == WRITE and (out is None or stream.sent[WRITE]):
            entry[2], entry[3] = READ, stream.response(tables[READ])
        elif direction == READ and (out is None or stream.sent[READ]):
            running.remove(entry)
            on_end(n)
        if rng.random() < 0.05:
            yield rng.choice((WRITE, READ)), noise(rng, stream.id)
        if rng.random() < 0.01:
            tables[READ].resize(rng.choice((0, 256, 4096)))
