# SPDX-License-Identifier: Apache-2.0
"""A real SDK's calls as OTLP spans: decoded by the opentelemetry-proto package and compared whole;
and what happens when nobody, or a slow collector, listens."""
import json
import os
import re
import socket
import threading
import time

import pytest

import drive
import otlp_decode
import truth

VERSION = re.search(r"^VERSION := (.*)$", (drive.ROOT / "Makefile").read_text(), re.M)[1]
# of the bundled answers' headers
ORG = {"openai": "example-org", "anthropic": "00000000-0000-4000-8000-000000000001"}


# What the prompt cache did, and saved: worked out by hand from the bundled answers.
CACHE = {
    "chat": ("hit", "0.0024"), "chat stream": ("none", None), "embeddings": ("none", None),
    "responses web search": ("miss", None), "responses stream": ("partial", "0.0002304"),
    "messages caches": ("partial", "0.027"), "messages web search": ("partial", "0.0192321"),
}


class Receiver:
    def __init__(self, delay_s=0.0):
        self.spans, self.heads, self.delay_s = [], [], delay_s
        self.server = otlp_decode.collector(0, self.take)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, spans, headers):
        time.sleep(self.delay_s)
        self.spans += spans
        self.heads.append(headers)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    r = Receiver()
    yield r
    r.close()


def sdk(name, recorded, tls, home, folder, endpoint, **env):
    client = next(c for c in drive.ALL if c.name == name)
    command = drive.write_jobs(client, recorded, folder, None)
    env = {**drive.environment(tls, home), "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, **env}
    return drive.run(command, env, folder, options=("--tag", "team=payments"), prefix=tls.named)


def expected_attributes(record, call, want, charge):
    """From what the server saw, the reader read and the cards say. Of the record come only the
    hash of the key and what no reading can know; both are checked by other tests."""
    attributes = {
        "gen_ai.operation.name": want["operation"], "gen_ai.provider.name": want["provider"],
        "gen_ai.request.model": want["requested"], "gen_ai.response.model": want["served"],
        "gen_ai.usage.input_tokens": want["total_input"],
        "gen_ai.usage.output_tokens": want["total_output"] or 0,
        "gen_ai.usage.cost": float(charge["amount"]),
        "server.address": call.headers["host"], "server.port": 443,
        "http.response.status_code": 200, "user_agent.original": call.headers["user-agent"],
        "tolltap.cost.status": "priced", "tolltap.cost.billing": "metered",
        "tolltap.cost.amount": charge["amount"], "tolltap.cost.list": charge["amount"],
        "tolltap.cost.card": f"builtin/{want['provider']}",
        "tolltap.cost.card_version": card_version(want["provider"]),
        "tolltap.cost.rate": charge["rate"],
        "tolltap.cost.match": charge["match"], "tolltap.cost.source": "local",
        "tolltap.usage.source": "sse_final" if want["stream"] else "body_json",
        "tolltap.usage.completeness": "exact", "tolltap.tag.team": "payments",
        "tolltap.cache.status": CACHE[call.answer.about][0],
        "tolltap.credential.hash": record["credential"]["hash"],
        "tolltap.credential.org": ORG[want["provider"]], "tolltap.tls.stack": "openssl",
        "tolltap.session.id": record["session"]["id"], "tolltap.session.source": "process_tree",
    }
    attributes.update({f"tolltap.tokens.{m}": n for m, n in want["tokens"].items()})
    attributes.update({f"tolltap.units.{m}": n for m, n in want["units"].items()})
    attributes.update({f"tolltap.cost.meters.{m}": a for m, a in charge["meters"].items()})
    optional = {
        "gen_ai.response.id": want["response_id"],
        "gen_ai.response.finish_reasons": want["finish"] or None,
        "gen_ai.request.stream": want["stream"] or None,
        "gen_ai.usage.cache_read.input_tokens": want["tokens"].get("cache_read"),
        "gen_ai.usage.reasoning.output_tokens": want["tokens"].get("reasoning"),
        "openai.response.service_tier":
            want["service_tier"] if want["provider"] == "openai" else None,
        "gen_ai.usage.cache_write.input_tokens": sum_of(want["tokens"], "cache_write"),
        "tolltap.cost.cache_saving": CACHE[call.answer.about][1],
    }
    return {**attributes, **{k: v for k, v in optional.items() if v is not None}}


def card_version(provider):
    return json.loads((drive.ROOT / f"ratecards/{provider}.json").read_text())["version"]


def sum_of(tokens, prefix):
    found = [n for m, n in tokens.items() if m.startswith(prefix)]
    return sum(found) if found else None


def expected_resource(call, record):
    return {
        "service.name": "python", "process.executable.name": "python",
        "process.executable.path": os.path.realpath(drive.PYTHON),
        "host.name": socket.gethostname(), "process.pid": call.pid,
        "process.parent_pid": record["process"]["ppid"], "process.user.id": os.getuid(),
        "process.creation.time": record["process"]["start"],
        "telemetry.sdk.name": "tolltap", "telemetry.sdk.version": VERSION,
        "telemetry.distro.name": "tolltap", "telemetry.distro.version": VERSION,
    }


def check_times(span, record, call):
    """Its own clock against the server's, and against the record."""
    assert span["start"] == truth.wall_ns(record)
    duration_ns = span["end"] - span["start"]
    assert duration_ns == round(record["duration_ms"] * 1e6)
    assert abs(span["start"] / 1e9 - call.came_s) < 0.5
    assert 0 < duration_ns < 5e9
    first = span["attributes"].pop("gen_ai.response.time_to_first_chunk", None)
    assert (first is not None) == record["stream"]
    if first is not None:
        assert first == pytest.approx(record["ttft_ms"] / 1e3) and 0 < round(first * 1e9) <= duration_ns


def check_ids(span, record):
    trace = record["trace"]
    assert re.fullmatch("[0-9a-f]{32}", span["trace_id"]) and int(span["trace_id"], 16)
    assert re.fullmatch("[0-9a-f]{16}", span["span_id"]) and int(span["span_id"], 16)
    assert (span["trace_id"], span["span_id"]) == (trace["trace_id"], trace["span_id"])
    assert re.fullmatch("[0-9a-f]{16}", record["credential"]["hash"])


@pytest.mark.parametrize("client, names", [
    ("openai python", ["chat", "embeddings", "responses web search"]),
    ("openai python stream", ["chat stream", "responses stream"]),
    ("anthropic python", ["messages caches", "messages web search"])])
def test_spans_of_real_calls(client, names, receiver, tls, bundled, book, home, tmp_path):
    outcome = sdk(client, [bundled[n] for n in names], tls, home, tmp_path, receiver.endpoint)
    assert outcome.status == 0, outcome.stderr
    assert len(receiver.spans) == len(outcome.records) == len(tls.calls) == len(names)
    assert len({s["span"]["span_id"] for s in receiver.spans}) == len(names)
    for got, record, call in zip(sorted(receiver.spans, key=lambda s: s["span"]["start"]),
                                 sorted(outcome.records, key=truth.wall_ns), tls.calls):
        want = truth.reader.read(call.exchange())
        charge = book.charge(want, call.headers["host"], truth.wall_ns(record))
        check_ids(got["span"], record)
        check_times(got["span"], record, call)
        assert got["span"].pop("attributes") == expected_attributes(record, call, want, charge)
        assert got == {
            "resource": expected_resource(call, record),
            "scope": {"name": "tolltap", "version": VERSION, "schema_url": ""},
            "span": {**{k: got["span"][k] for k in ("trace_id", "span_id", "start", "end")},
                     "parent_span_id": "", "trace_state": "", "flags": 1,
                     "name": f"{want['operation']} {want['requested']}",
                     "kind": "SPAN_KIND_CLIENT",
                     "status": {"code": "STATUS_CODE_UNSET", "message": ""}},
        }
        said = json.dumps(got)
        assert "exchange:" not in said and "sk-" not in said


def test_a_failed_call_is_an_error_span(receiver, tls, bundled, home, tmp_path):
    sdk("openai python", [bundled["chat error"]], tls, home, tmp_path, receiver.endpoint)
    [span] = [s["span"] for s in receiver.spans]
    assert span["status"]["code"] == "STATUS_CODE_ERROR"
    assert span["attributes"]["error.type"] == "invalid_request_error"
    assert span["attributes"]["http.response.status_code"] == 404
    assert "gen_ai.usage.cost" not in span["attributes"]
    assert span["attributes"]["tolltap.cost.status"] == "not_billed"


def test_headers_and_compression(receiver, tls, bundled, home, tmp_path):
    sdk("openai python", [bundled["chat"]], tls, home, tmp_path, receiver.endpoint,
        OTEL_EXPORTER_OTLP_HEADERS="x-tenant=acme%20inc,x-b=2",
        OTEL_EXPORTER_OTLP_COMPRESSION="gzip")
    [head] = [{k.lower(): v for k, v in h.items()} for h in receiver.heads]
    assert (head["x-tenant"], head["x-b"]) == ("acme inc", "2")
    assert head["content-type"] == "application/x-protobuf"
    assert head["content-encoding"] == "gzip"
    assert head["user-agent"].lower().startswith("tolltap/")
    assert len(receiver.spans) == 1


def many(bundled, n):
    return [bundled["chat"]] * n


def test_collector_down(tls, bundled, book, home, tmp_path):
    """Nobody listens: the run is not held up, every record is written, and the drops are counted."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{s.getsockname()[1]}"
    outcome, seconds = timed(tls, bundled, home, tmp_path / "down", dead)
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    assert re.search(r"otlp\.dropped +20 ", outcome.stderr), outcome.stderr
    assert outcome.took_s < 3, "calls were held up"
    assert seconds < 15, "the end was held up"


def test_collector_that_never_answers(tls, bundled, book, home, tmp_path):
    """It takes the connection and then nothing: still no call waits."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        outcome, seconds = timed(tls, bundled, home, tmp_path / "mute",
                                 f"http://127.0.0.1:{s.getsockname()[1]}")
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    assert re.search(r"otlp\.dropped +20 ", outcome.stderr), outcome.stderr
    assert outcome.took_s < 3
    assert seconds < 15


def timed(tls, bundled, home, folder, endpoint):
    """Twenty calls of one client; how long they took for it, and the whole run."""
    folder.mkdir()
    started = time.monotonic()
    outcome = sdk("urllib", many(bundled, 20), tls, home, folder, endpoint)
    seconds = time.monotonic() - started
    assert outcome.status == 0, outcome.stderr
    outcome.took_s = tls.calls[-1].came_s - tls.calls[0].came_s
    return outcome, seconds


def test_console(tls, bundled, home, tmp_path):
    """OTEL_TRACES_EXPORTER=console: the same span as a line of OTLP JSON on standard output."""
    client = next(c for c in drive.ALL if c.name == "curl")
    command = drive.write_jobs(client, [bundled["chat"]], tmp_path, None)
    env = {**drive.environment(tls, home), "OTEL_TRACES_EXPORTER": "console"}
    outcome = drive.run(command, env, tmp_path, prefix=tls.named)
    [line] = outcome.stdout.splitlines()
    [resource] = json.loads(line)["resourceSpans"]
    [span] = resource["scopeSpans"][0]["spans"]
    assert span["name"] == "chat gpt-4o"
    assert span["traceId"] == outcome.records[0]["trace"]["trace_id"]
