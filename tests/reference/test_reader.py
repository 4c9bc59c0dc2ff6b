# SPDX-License-Identifier: Apache-2.0
"""The independent reader against hand-made bodies whose right answer was worked out by hand, and
against the exact costs published with the research (case numbers are those of its table)."""
import json
import pathlib
from decimal import Decimal

import pytest

import exchanges
from price import Book, decimal, instant
from reader import DIALECTS, Exchange, read, sse_events
from reader.route import route_of

ROOT = pathlib.Path(__file__).resolve().parents[2]


def sse(*docs):
    return b"".join(b"data: " + (d if isinstance(d, bytes) else json.dumps(d).encode()) + b"\n\n"
                    for d in docs)


def reading(path, response, request=None, status=200, host=None, **more):
    host = host or ("api.anthropic.com" if path.endswith("/messages") else "api.openai.com")
    body = response if isinstance(response, bytes) else json.dumps(response).encode()
    return read(Exchange("POST", host, path, status, json.dumps(request or {}).encode(), body,
                         **more))


def chat(usage, model="gpt-4o", **more):
    return reading("/v1/chat/completions", {"id": "chatcmpl-1", "model": model, "usage": usage,
                                            "choices": [], **more})


def message(usage, model="claude-sonnet-4-5"):
    return reading("/v1/messages", {"type": "message", "id": "msg_1", "model": model,
                                    "stop_reason": "end_turn", "usage": usage})


def test_cached_is_a_subset_for_openai():
    r = chat({"prompt_tokens": 2006, "completion_tokens": 300, "total_tokens": 2306,
              "prompt_tokens_details": {"cached_tokens": 1920}})
    assert r["tokens"] == {"input": 86, "cache_read": 1920, "output": 300}
    assert (r["total_input"], r["total_output"], r["residual"]) == (2006, 300, 0)


def test_reasoning_is_a_subset_for_openai():
    r = chat({"prompt_tokens": 1, "completion_tokens": 10, "total_tokens": 11,
              "completion_tokens_details": {"reasoning_tokens": 7}})
    assert r["tokens"] == {"input": 1, "output": 3, "reasoning": 7}


def test_a_subset_larger_than_its_total_is_clamped():
    r = chat({"prompt_tokens": 2168, "completion_tokens": 1, "total_tokens": 2169,
              "prompt_tokens_details": {"cached_tokens": 2161, "cache_write_tokens": 2161}})
    assert r["tokens"]["input"] == 0 and r["clamped"]


def test_caches_are_additive_for_anthropic():
    r = message({"input_tokens": 3, "cache_creation_input_tokens": 30, "cache_read_input_tokens": 9,
                 "cache_creation": {"ephemeral_5m_input_tokens": 10,
                                    "ephemeral_1h_input_tokens": 20}, "output_tokens": 5})
    assert r["tokens"] == {"input": 3, "cache_read": 9, "cache_write_5m": 10, "cache_write_1h": 20,
                           "output": 5}
    assert r["total_input"] == 42


def test_a_write_without_lifetime_stays_unknown():
    r = message({"input_tokens": 1, "cache_creation_input_tokens": 30, "output_tokens": 5})
    assert r["tokens"] == {"input": 1, "cache_write": 30, "output": 5}


def test_delta_replaces_start_and_keeps_the_split():
    start = {"input_tokens": 9, "cache_creation_input_tokens": 40, "output_tokens": 8,
             "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 30},
             "service_tier": "standard"}
    body = sse({"type": "message_start", "message": {"id": "msg_2", "model": "m", "usage": start}},
               {"type": "ping"},
               {"type": "message_delta", "delta": {"stop_reason": "tool_use"},
                "usage": {"input_tokens": 5, "output_tokens": 70,
                          "output_tokens_details": {"thinking_tokens": 20}}},
               {"type": "message_stop"})
    r = reading("/v1/messages", body)
    assert r["tokens"] == {"input": 5, "cache_write_5m": 10, "cache_write_1h": 30, "output": 50,
                           "reasoning": 20}
    assert (r["finish"], r["service_tier"], r["stream"]) == (["tool_use"], "standard", True)


def test_iterations_are_summed_and_priced_by_their_own_model():
    r = message({"input_tokens": 162, "output_tokens": 11, "iterations": [
        {"type": "compaction", "input_tokens": 99195, "output_tokens": 81},
        {"type": "message", "input_tokens": 162, "output_tokens": 11, "model": "other"}]})
    assert r["tokens"] == {"input": 99357, "output": 92}
    assert [m for m, _ in r["subs"]] == [None, "other"]


def test_one_message_iteration_is_the_top_level():
    r = message({"input_tokens": 1, "output_tokens": 2, "iterations": [
        {"type": "message", "input_tokens": 1, "output_tokens": 2}]})
    assert r["tokens"] == {"input": 1, "output": 2} and r["subs"] == []


def test_the_last_usage_of_a_stream_wins():
    body = sse({"id": "chatcmpl-1", "model": "m", "choices": [{"index": 0, "finish_reason": None}],
                "usage": {"prompt_tokens": 5, "completion_tokens": 1}},
               {"id": "", "model": "", "choices": [{"index": 0, "finish_reason": "stop"}]},
               {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 3,
                                         "total_tokens": 8}}, b"[DONE]")
    r = reading("/v1/chat/completions", body)
    assert r["tokens"] == {"input": 5, "output": 3}
    assert (r["served"], r["response_id"], r["finish"]) == ("m", "chatcmpl-1", ["stop"])


def test_a_stream_without_usage_is_unmetered():
    r = reading("/v1/chat/completions", sse({"choices": [], "usage": None}, b"[DONE]"))
    assert (r["completeness"], r["tokens"], r["total_input"]) == ("unmetered", {}, None)


def test_only_the_terminal_event_of_responses_counts():
    early = {"id": "resp_1", "object": "response", "service_tier": "auto", "usage": None}
    final = dict(early, service_tier="flex", status="incomplete", model="gpt-5",
                 incomplete_details={"reason": "max_output_tokens"}, output=[
                     {"type": "web_search_call", "action": {"type": "search"}},
                     {"type": "web_search_call", "action": {"type": "open_page"}},
                     {"type": "file_search_call"},
                     {"type": "code_interpreter_call", "container_id": "c1"},
                     {"type": "code_interpreter_call", "container_id": "c1"}],
                 usage={"input_tokens": 4, "output_tokens": 6, "total_tokens": 10})
    r = reading("/v1/responses", sse({"type": "response.created", "response": early},
                                     {"type": "response.incomplete", "response": final}))
    assert r["tokens"] == {"input": 4, "output": 6}
    assert r["units"] == {"web_search": 1, "file_search": 1, "code_session": 1}
    assert (r["finish"], r["service_tier"]) == (["max_output_tokens"], "flex")


def test_embeddings_have_input_only():
    r = reading("/v1/embeddings", {"data": [], "model": "text-embedding-3-small",
                                   "usage": {"prompt_tokens": 8, "total_tokens": 8}})
    assert (r["tokens"], r["total_output"], r["residual"]) == ({"input": 8}, None, 0)


@pytest.mark.parametrize("path, method", [("/v1/threads/t/messages", "POST"), ("/v1/files", "POST"),
                                          ("/v1/chat/completions", "GET"), ("/", "POST")])
def test_what_is_no_call(path, method):
    assert read(Exchange(method, "api.openai.com", path, 200, b"", b'{"usage":{}}')) is None


@pytest.mark.parametrize("value", ["5", -5, 5.5, True, None, [5], {"n": 5}])
def test_what_is_no_count(value):
    assert "output" not in chat({"prompt_tokens": 1, "completion_tokens": value})["tokens"]


HAND_MADE = [r for r in exchanges.load_bundled() if r.expect]


@pytest.mark.parametrize("recorded", HAND_MADE, ids=lambda r: r.about)
def test_hand_made(recorded):
    """tests/live/exchanges: the right answer stands in the file."""
    have, want = read(recorded.exchange()), dict(recorded.expect)
    assert {k: v for k, v in have["tokens"].items() if v} == \
        {k: v for k, v in want.pop("tokens").items() if v}
    if "cost" in want:
        assert have["cost"] == Decimal(want.pop("cost"))
    assert {k: have[k] for k in want} == want


def test_every_dialect_has_a_hand_made_exchange():
    used = {route_of(r.exchange())[1] for r in exchanges.load_bundled()}
    assert set(DIALECTS) - used == {"unmetered"}


def test_a_whole_number_may_be_written_with_a_point():
    assert chat({"prompt_tokens": 6.0, "completion_tokens": 1})["tokens"] == {"input": 6, "output": 1}


def test_events_with_cr_lf_comments_and_no_end():
    body = b": hello\r\ndata:{}\r\n\r\nevent: x\rdata: a\rdata: b\r\rid: 7\n\ndata: last"
    assert list(sse_events(body)) == [("", b"{}"), ("x", b"a\nb"), ("", b"last")]


def test_an_imitation_in_the_text_is_text():
    r = chat({"prompt_tokens": 1, "completion_tokens": 2}, choices=[{"index": 0, "message": {
        "content": '"usage":{"prompt_tokens":999}', "usage": {"prompt_tokens": 999}}}])
    assert r["tokens"] == {"input": 1, "output": 2}


# --- golden costs -----------------------------------------------------------------------------

NOW = "2026-11-22T12:00:00Z"
GOLDEN = [
    ("01", chat({"prompt_tokens": 2006, "completion_tokens": 300,
                 "prompt_tokens_details": {"cached_tokens": 1920}}), NOW, "0.005615"),
    ("04", message({"input_tokens": 100, "cache_creation_input_tokens": 3000, "cache_creation": {
        "ephemeral_5m_input_tokens": 1000, "ephemeral_1h_input_tokens": 2000},
        "cache_read_input_tokens": 10000, "output_tokens": 500}), NOW, "0.02655"),
    ("05", message({"cache_creation_input_tokens": 37175, "input_tokens": 0, "output_tokens": 0,
                    "cache_creation": {"ephemeral_5m_input_tokens": 0,
                                       "ephemeral_1h_input_tokens": 37175}}, "claude-fable-5"),
     NOW, "0.7435"),
    ("06", message({"cache_creation_input_tokens": 344139, "input_tokens": 0, "output_tokens": 0,
                    "cache_creation": {"ephemeral_5m_input_tokens": 0,
                                       "ephemeral_1h_input_tokens": 344139}}, "claude-opus-5"),
     NOW, "3.44139"),
    ("07a", message({"input_tokens": 150000, "cache_read_input_tokens": 50000,
                     "output_tokens": 1000}), NOW, "0.48"),
    ("07b", message({"input_tokens": 150001, "cache_read_input_tokens": 50000,
                     "output_tokens": 1000}), NOW, "0.952506"),
    ("08a", message({"input_tokens": 300000, "output_tokens": 1000}, "claude-opus-4-6"),
     "2026-03-12T23:59:59Z", "3.0375"),
    ("08b", message({"input_tokens": 300000, "output_tokens": 1000}, "claude-opus-4-6"),
     "2026-03-13T00:00:00Z", "1.525"),
    ("09a", chat({"prompt_tokens": 10000, "completion_tokens": 1000}, "o3"), "2025-06-09", "0.14"),
    ("09b", chat({"prompt_tokens": 10000, "completion_tokens": 1000}, "o3"), "2025-06-10", "0.028"),
    ("10a", chat({"prompt_tokens": 100000, "completion_tokens": 10000}, "gpt-5.6-luna"),
     "2026-07-29", "0.16"),
    ("10b", chat({"prompt_tokens": 100000, "completion_tokens": 10000}, "gpt-5.6-luna"),
     "2026-07-30", "0.032"),
    ("11", reading("/v1/responses", {"id": "resp_1", "object": "response", "model": "gpt-5.6-sol",
                                     "usage": {"input_tokens": 2600, "output_tokens": 100,
                                               "input_tokens_details": {
                                                   "cached_tokens": 2000,
                                                   "cache_write_tokens": 400}}}), "2026-08-01",
     "0.0075"),
    ("12", chat({"prompt_tokens": 300000, "completion_tokens": 1000,
                 "prompt_tokens_details": {"cached_tokens": 200000}}, "gpt-5.5"), NOW, "1.245"),
    ("13a", chat({"prompt_tokens": 2000, "completion_tokens": 500, "prompt_tokens_details": {
        "cached_tokens": 1000}}, "gpt-5-mini", service_tier="flex"), NOW, "0.0006375"),
    ("13b", chat({"prompt_tokens": 2000, "completion_tokens": 500, "prompt_tokens_details": {
        "cached_tokens": 1000}}, "gpt-5-mini", service_tier="default"), NOW, "0.001275"),
    ("14", chat({"prompt_tokens": 10000, "completion_tokens": 1000, "prompt_tokens_details": {
        "cached_tokens": 4000}}, service_tier="priority"), NOW, "0.051"),
    ("17", message({"input_tokens": 10000, "output_tokens": 1000, "inference_geo": "us"},
                   "claude-sonnet-5"), NOW, "0.033"),
    ("18b", message({"input_tokens": 10000, "output_tokens": 1000, "speed": "fast"},
                    "claude-opus-4-8"), NOW, "0.15"),
    ("19", message({"input_tokens": 105, "cache_creation_input_tokens": 7345,
                    "cache_read_input_tokens": 7123, "output_tokens": 6039,
                    "server_tool_use": {"web_search_requests": 1}}), NOW, "0.13058065"),
    ("20", reading("/v1/responses", {"id": "resp_1", "object": "response", "model": "gpt-5",
                                     "output": [{"type": "web_search_call"}] * 2,
                                     "usage": {"input_tokens": 6000, "output_tokens": 800}}),
     NOW, "0.0355"),
    ("27", chat({"prompt_tokens": 1000, "completion_tokens": 2500, "completion_tokens_details": {
        "reasoning_tokens": 2300}}, "gpt-5"), NOW, "0.02625"),
    ("33a", reading("/v1/embeddings", {"model": "text-embedding-3-small",
                                       "usage": {"prompt_tokens": 8191}}), NOW, "0.00016382"),
    ("41", message({"input_tokens": 1000, "cache_read_input_tokens": 100000, "output_tokens": 500},
                   "claude-fable-5-1"), NOW, "0.06"),
    ("42", message({"input_tokens": 10000, "output_tokens": 1000}, "claude-sonnet-5"),
     "2026-09-15", "0.03"),
]


@pytest.fixture(scope="module")
def book():
    return Book.load(ROOT / "ratecards")


@pytest.mark.parametrize("case, want, when, amount", GOLDEN, ids=[g[0] for g in GOLDEN])
def test_golden(case, want, when, amount, book):
    charge = book.charge(want, "", instant(when))
    assert (charge["status"], charge["amount"]) == ("priced", amount)


def test_golden_21_regional_host(book):
    want = chat({"prompt_tokens": 10000, "completion_tokens": 1000}, "gpt-5.4")
    assert book.charge(want, "eu.api.openai.com", instant(NOW))["amount"] == "0.044"


def test_a_speed_that_no_rate_asks_for_is_an_estimate(book):
    want = message({"input_tokens": 10000, "output_tokens": 1000, "speed": "warp"})
    charge = book.charge(want, "", instant(NOW))
    assert (charge["status"], charge["reason"]) == ("estimated", "no_speed_rate")
    assert charge["amount"] == "0.045"


def test_unpriced_is_never_zero(book):
    want = chat({"prompt_tokens": 1, "completion_tokens": 1}, "acme-internal-7b")
    charge = book.charge(want, "", instant(NOW))
    assert (charge["status"], charge["reason"]) == ("unpriced", "no_model")
    assert "amount" not in charge


def test_a_name_that_only_begins_alike_is_another_model(book):
    assert book.find("anthropic", "claude-fable-5-1")[0]["id"] == "claude-fable-5-1"
    assert book.find("openai", "gpt-4o-minimal") == (None, None)


def test_failed_calls_cost_nothing(book):
    want = reading("/v1/messages", {"type": "error", "error": {"type": "rate_limit_error"}},
                   status=429)
    assert want["error_type"] == "rate_limit_error"
    assert book.charge(want, "", instant(NOW)) == {"status": "not_billed", "reason": "http_error",
                                                   "meters": {}}


def test_decimal_is_exact():
    from fractions import Fraction
    assert decimal(Fraction(5615, 1000000)) == "0.005615"
    assert decimal(Fraction(3)) == "3"
    assert decimal(Fraction(1, 10**15)) == "0.000000000000001"
