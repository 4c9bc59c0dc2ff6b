# SPDX-License-Identifier: Apache-2.0
"""The server's HTTP/2 side: streams of one connection answered at once, piece by piece in turn."""
import random
import select
import time

import h2.config
import h2.connection
import h2.events

import framing
from coding import encode_pieces

TICK_S = 0.002


class Talk:
    """One connection, to its end."""

    def __init__(self, server, tls, connection):
        self.server, self.tls, self.connection = server, tls, connection
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False,
                                                                       header_encoding="utf-8"))
        self.asked = {}             # stream -> [headers, body so far]
        self.running = []           # [stream, call, pieces still to send]
        self.rng = random.Random(f"{server.seed}/h2/{connection.number}")

    def run(self):
        self.h2.initiate_connection()
        self._flush()
        while self._read():
            self._write()

    def _flush(self):
        data = self.h2.data_to_send()
        if data:
            self.connection.note("read", data)
            self.tls.sendall(data)

    def _read(self):
        wait_s = TICK_S if self.running else 60
        if not self.tls.pending() and not select.select([self.tls], [], [], wait_s)[0]:
            return bool(self.running)
        data = self.tls.recv(65536)
        if not data:
            return False
        self.connection.note("write", data)
        for event in self.h2.receive_data(data):
            self._on(event)
        self._flush()
        return True

    def _on(self, event):
        if isinstance(event, h2.events.RequestReceived):
            self.asked[event.stream_id] = [dict(event.headers), b""]
        elif isinstance(event, h2.events.DataReceived):
            self.asked[event.stream_id][1] += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self._begin(event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            self.running = [r for r in self.running if r[0] != event.stream_id]
        elif isinstance(event, h2.events.ConnectionTerminated) and not event.error_code:
            # The client opens no more streams but waits for those it has; the library gives up.
            self.h2.state_machine.state = h2.connection.ConnectionState.SERVER_OPEN

    def _begin(self, stream):
        headers, body = self.asked.pop(stream)
        headers["host"] = headers.get(":authority", "")
        path = headers[":path"].split("?")[0]
        call = self.server.answer_to(self.connection, (headers[":method"], path, headers, body))
        call.coding = self.rng.choice(self.server.codings_for(call))
        pieces = encode_pieces(call.coding, framing.body_pieces(call.answer, self.rng))
        head = [(":status", str(call.answer.status))]
        head += [(k.lower(), v) for k, v in call.answer.resp_headers]
        if call.coding != "identity":
            head.append(("content-encoding", call.coding))
        self.h2.send_headers(stream, head)
        self.running.append([stream, call, [p for p in pieces if p]])

    def _end(self, stream, trailers):
        if trailers:
            self.h2.send_headers(stream, trailers, end_stream=True)
        else:
            self.h2.end_stream(stream)

    def _write(self):
        """One piece of one stream, if its window is open."""
        if not self.running:
            return
        entry = self.rng.choice(self.running)
        stream, call, pieces = entry
        if not pieces:
            self._end(stream, call.answer.trailers)
            self.running.remove(entry)
            call.is_complete = True
        else:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            piece, pieces[0] = pieces[0][:room], pieces[0][room:]
            if piece:
                self.h2.send_data(stream, piece)
            if not pieces[0]:
                pieces.pop(0)
        self._flush()
        if self.server.pace_s:
            time.sleep(self.server.pace_s / 4)


def talk(server, tls, connection):
    Talk(server, tls, connection).run()
