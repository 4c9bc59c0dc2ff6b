# SPDX-License-Identifier: Apache-2.0
"""A TLS server on loopback that replays recorded LLM exchanges and keeps the truth about them.

A request names its exchange with the header "x-exchange: ID" or with "exchange:ID" anywhere in its
body, so that unmodified SDKs can ask for one in a prompt. Every answer gets a response id of its own
(and, where asked with "exchange:ID+usage", token counts of its own). HTTP/1.1, and HTTP/2 where it is
offered; one thread per connection.

    with Server(exchanges) as s: ... s.url ... s.calls ... s.connections
"""
import hashlib
import json
import os
import random
import re
import socket
import ssl
import sys
import threading
import time

import pki
import procs

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../reference"))
import framing  # noqa: E402
import unique  # noqa: E402
from exchanges import Recorded  # noqa: E402

ASKED = re.compile(rb"exchange:([0-9a-z-]+)(\+usage)?")


class Call:
    """One request as it arrived, and the answer it got."""

    def __init__(self, connection, request, answer):
        self.connection, self.pid = connection, connection.pid
        self.method, self.path, self.headers, self.body = request
        self.came_s = time.time()
        self.answer = answer            # Recorded, its ids made unique
        self.coding, self.is_chunked = "identity", False
        self.is_complete = False        # the whole answer was written
        self.digests = None             # of this call's bytes alone

    def exchange(self):
        return self.answer.exchange(
            method=self.method, path=self.path, host=self.headers.get("host", ""),
            req_body=self.body, is_cut=not self.is_complete)


class Connection:
    def __init__(self, number, peer, pid):
        self.number, self.peer, self.pid = number, peer, pid
        self.hashes, self.parts = fresh(), fresh()
        self.counts, self.protocol = {"read": 0, "write": 0}, None

    def note(self, direction, data):
        self.hashes[direction].update(data)
        self.parts[direction].update(data)
        self.counts[direction] += len(data)

    def digest(self, direction):
        return self.hashes[direction].hexdigest()

    def take_part(self):
        """Digests of what came since the last time."""
        part, self.parts = self.parts, fresh()
        return {k: v.hexdigest() for k, v in part.items()}


def fresh():
    return {"read": hashlib.sha256(), "write": hashlib.sha256()}


class Server:
    """`read` and `write` of a connection are named as the client sees them."""

    def __init__(self, recorded, folder, addresses=(("127.0.0.1", 0),), seed=1, pace_s=0.0):
        self.recorded = {r.id: r for r in recorded}
        self.pki = pki.make(folder)
        self.addresses, self.seed, self.pace_s = addresses, seed, pace_s
        self.calls, self.connections = [], []
        self.lock, self.serial, self.sockets = threading.Lock(), 0, []
        self.is_stopping = False
        self.script = []                # ids, answered in this order whatever is asked
        self.on_answer = None           # test hook: (call, pieces) -> pieces
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.pki.leaf, self.pki.leaf_key)
        self.offer("http/1.1")

    def offer(self, *protocols):
        """What connections to come may choose from, the best first."""
        self.context.set_alpn_protocols(protocols)

    def __enter__(self):
        for address in self.addresses:
            s = socket.create_server(address, backlog=128)
            self.sockets.append(s)
            threading.Thread(target=self._accept, args=(s,), daemon=True).start()
        self.port = self.sockets[0].getsockname()[1]
        self.url = f"https://localhost:{self.port}"
        return self

    def __exit__(self, *_):
        self.is_stopping = True
        for s in self.sockets:
            s.close()

    def forget(self):
        with self.lock:
            self.calls, self.connections, self.script = [], [], []

    # --- connections ----------------------------------------------------------------------

    def _accept(self, listener):
        while not self.is_stopping:
            try:
                sock, peer = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock, peer), daemon=True).start()

    def _serve(self, sock, peer):
        pid = procs.owner_of_port(peer[1], os.getpid())
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(60)
        try:
            tls = self.context.wrap_socket(sock, server_side=True)
        except (OSError, ssl.SSLError):
            sock.close()
            return
        with self.lock:
            connection = Connection(len(self.connections), peer, pid)
            self.connections.append(connection)
        connection.protocol = tls.selected_alpn_protocol()
        try:
            self._talk(tls, connection)
        except (OSError, ssl.SSLError, ValueError):
            pass
        finally:
            try:
                tls.close()
            except OSError:
                pass

    def _talk(self, tls, connection):
        if connection.protocol == "h2":
            import h2_talk              # the venv's; the demo's server does without
            h2_talk.talk(self, tls, connection)
            return
        reader = Reader(tls, connection)
        while True:
            request = reader.request(lambda data: self._send(tls, connection, [data]))
            if request is None:
                return
            call = self._call(connection, request)
            rng = random.Random(f"{self.seed}/{self.serial}/{call.answer.id}")
            pieces = self._frame(call, rng)
            if self.on_answer:
                pieces = self.on_answer(call, pieces)
            with self.lock:
                self.calls.append(call)
            self._send(tls, connection, pieces, call.answer.is_sse)
            call.is_complete, call.digests = True, connection.take_part()
            if request[2].get("connection", "").lower() == "close":
                return

    def _send(self, tls, connection, pieces, is_paced=False):
        for piece in pieces:
            if piece is None:           # the test asked for a cut connection
                raise OSError("cut")
            if not piece:
                continue
            connection.note("read", piece)
            tls.sendall(piece)
            if is_paced and self.pace_s:
                time.sleep(self.pace_s)

    # --- answers --------------------------------------------------------------------------

    def _call(self, connection, request):
        _, _, headers, body = request
        asked = self._asked(headers, body)
        if headers.get("upgrade", "").lower() == "websocket":
            return Call(connection, request, self._refusal(426, "upgrade refused"))
        if not asked or asked[1].decode() not in self.recorded:
            return Call(connection, request, self._refusal(404, "no such exchange"))
        with self.lock:
            self.serial += 1
            serial = self.serial
        answer = unique.copy(self.recorded[asked[1].decode()], serial, bool(asked[2]))
        return Call(connection, request, answer)

    def _asked(self, headers, body):
        """The match that names the exchange, or None."""
        if self.script:
            return ASKED.search(b"exchange:" + self.script.pop(0).encode())
        if "x-exchange" in headers:
            return ASKED.search(b"exchange:" + headers["x-exchange"].encode())
        return ASKED.search(body)

    def _refusal(self, status, why):
        body = b'{"error":{"message":"%s","type":"invalid_request_error"}}' % why.encode()
        return Recorded({"id": "none", "method": "POST", "host": "", "path": "", "status": status,
                         "resp_headers": [["content-type", "application/json"]],
                         "request": b"", "response": body})

    def answer_to(self, connection, request):
        """The call that a request makes, noted."""
        call = self._call(connection, request)
        with self.lock:
            self.calls.append(call)
        return call

    def codings_for(self, call):
        offered = call.headers.get("accept-encoding", "")
        return [c for c in framing.CODINGS if c == "identity" or re.search(rf"\b{c}\b", offered)]

    def _frame(self, call, rng):
        call.coding, call.is_chunked = rng.choice(self.codings_for(call)), rng.random() < 0.6
        return framing.frame_response(call.answer, rng, call.coding, call.is_chunked)


class Reader:
    """Requests of one connection: content-length or chunked, Expect answered."""

    def __init__(self, tls, connection):
        self.tls, self.connection, self.held = tls, connection, b""

    def more(self):
        data = self.tls.recv(65536)
        self.connection.note("write", data)
        self.held += data
        return bool(data)

    def until(self, mark):
        while mark not in self.held:
            if not self.more():
                return None
        line, _, self.held = self.held.partition(mark)
        return line

    def exactly(self, n):
        parts, have = [self.held[:n]], min(len(self.held), n)
        self.held = self.held[n:]
        while have < n:
            data = self.tls.recv(min(65536, n - have))
            if not data:
                raise ValueError("request cut")
            self.connection.note("write", data)
            parts.append(data)
            have += len(data)
        return b"".join(parts)

    def request(self, answer):
        head = self.until(b"\r\n\r\n")
        if head is None:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {k.strip().lower(): v.strip() for k, _, v in (x.partition(":") for x in lines)}
        if headers.get("expect", "").lower() == "100-continue":
            answer(b"HTTP/1.1 100 Continue\r\n\r\n")
        return method, path.split("?")[0], headers, self.body(headers)

    def body(self, headers):
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return self.exactly(int(headers.get("content-length", 0)))
        parts = []
        while True:
            size = int(self.until(b"\r\n").split(b";")[0], 16)
            parts.append(self.exactly(size))
            self.until(b"\r\n")
            if not size:
                return b"".join(parts)


def main():
    """Serves the bundled exchanges until its standard input ends; prints where, as JSON."""
    from exchanges import load_bundled
    folder = sys.argv[1]
    pace_s = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
    with Server(load_bundled(), folder, pace_s=pace_s) as s:
        print(json.dumps({"url": s.url, "port": s.port, "ca": s.pki.ca}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
