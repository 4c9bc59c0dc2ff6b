#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads OTLP trace requests with the opentelemetry-proto package, which shares nothing with tolltap's C code.

    otlp_decode.py FILE...      each FILE one ExportTraceServiceRequest (gzip or not); - is standard input
    otlp_decode.py --serve PORT a collector: prints what it receives until it is ended (PORT 0: any, printed first)

Prints one JSON object per span: {"resource": {...}, "scope": {...}, "span": {...}}. Ids are hex, times and integers
are integers, attributes an object; a key that occurs twice is an error.
"""
import gzip
import http.server
import json
import sys

from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.trace.v1 import trace_pb2


def value_of(any_value):
    kind = any_value.WhichOneof("value")
    if kind == "array_value":
        return [value_of(v) for v in any_value.array_value.values]
    if kind == "kvlist_value":
        return attributes_of(any_value.kvlist_value.values)
    if kind == "bytes_value":
        return any_value.bytes_value.hex()
    return getattr(any_value, kind) if kind else None


def attributes_of(key_values):
    out = {}
    for kv in key_values:
        if kv.key in out:
            raise ValueError(f"attribute {kv.key} occurs twice")
        out[kv.key] = value_of(kv.value)
    return out


def span_of(span):
    out = {
        "trace_id": span.trace_id.hex(),
        "span_id": span.span_id.hex(),
        "parent_span_id": span.parent_span_id.hex(),
        "trace_state": span.trace_state,
        "flags": span.flags,
        "name": span.name,
        "kind": trace_pb2.Span.SpanKind.Name(span.kind),
        "start": span.start_time_unix_nano,
        "end": span.end_time_unix_nano,
        "attributes": attributes_of(span.attributes),
        "status": {"code": trace_pb2.Status.StatusCode.Name(span.status.code), "message": span.status.message},
    }
    for field in ("events", "links"):
        if getattr(span, field):
            out[field] = len(getattr(span, field))
    for field in ("dropped_attributes_count", "dropped_events_count", "dropped_links_count"):
        if getattr(span, field):
            out[field] = getattr(span, field)
    return out


def decode(body):
    """Bytes of one request, gzip or not -> list of {"resource", "scope", "span"}."""
    if body[:2] == b"\x1f\x8b":
        body = gzip.decompress(body)
    request = trace_service_pb2.ExportTraceServiceRequest.FromString(body)
    out = []
    for rs in request.resource_spans:
        resource = attributes_of(rs.resource.attributes)
        for ss in rs.scope_spans:
            scope = {"name": ss.scope.name, "version": ss.scope.version, "schema_url": ss.schema_url}
            out += [{"resource": resource, "scope": scope, "span": span_of(s)} for s in ss.spans]
    return out


class Collector(http.server.BaseHTTPRequestHandler):
    """Takes everything; hands decoded spans to self.server.on_spans and the request's head to on_head."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            spans, status = decode(body), 200
        except Exception as e:
            print(f"otlp_decode: {e}", file=sys.stderr)
            spans, status = [], 400
        if self.path != "/v1/traces":
            status = 404
        answer = trace_service_pb2.ExportTraceServiceResponse().SerializeToString()
        self.server.on_spans(spans, dict(self.headers))
        self.send_response(status)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


def collector(port, on_spans):
    """A ThreadingHTTPServer on loopback; the caller runs serve_forever in a thread and shuts it down."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Collector)
    server.daemon_threads = True
    server.on_spans = on_spans
    return server


def show(spans, _headers=None):
    for span in spans:
        print(json.dumps(span, sort_keys=True), flush=True)


def main(args):
    if args[:1] == ["--serve"] and len(args) == 2:
        server = collector(int(args[1]), show)
        print(server.server_port, flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    if not args or args[0].startswith("--"):
        print(__doc__, file=sys.stderr)
        return 2
    for name in args:
        with (sys.stdin.buffer if name == "-" else open(name, "rb")) as f:
            show(decode(f.read()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
