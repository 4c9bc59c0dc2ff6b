# SPDX-License-Identifier: Apache-2.0
"""An independent reading of one recorded LLM call: what tolltap is measured against.

Written from the providers' documented wire formats (docs/RECORD.md names the result's fields) and
sharing nothing with the C code: bodies are held whole and parsed by Python's json module. Standard
library only.

    reading = read(Exchange(...))      None: not a call that is billed or counted

One module per family of dialects; each has functions (documents, request, exchange, provider) ->
Usage. route.py decides which, this file turns what they find into the record's fields.
"""
import re

from . import anthropic, bedrock, google, media, openai, others
from .bodies import documents, is_eventstream, is_line_type, request_of, sse_events  # noqa: F401
from .exchange import INPUT_METERS, OUTPUT_METERS, Exchange, code_of, member, money, text  # noqa: F401
from .route import asked_model, path_of, provider_of, route_of

DIALECTS = {
    "chat": openai.read_chat, "responses": openai.read_responses, "free": openai.read_free,
    "embeddings": openai.read_embeddings, "unmetered": openai.read_unmetered,
    "messages": anthropic.read_messages,
    "gemini": google.read_gemini, "predict": google.read_predict,
    "interactions": google.read_interactions,
    "converse": bedrock.read_converse, "invoke": bedrock.read_invoke,
    "cohere": others.read_cohere, "ollama": others.read_ollama, "tgi": others.read_tgi,
    "llamacpp": others.read_llamacpp,
    "images": media.read_images, "transcriptions": media.read_transcriptions,
    "speech": media.read_speech, "rerank": media.read_rerank, "ocr": media.read_ocr,
    "predictions": media.read_predictions, "runs": openai.read_runs,
}
OPERATION = {
    "chat": "chat", "responses": "chat", "messages": "chat", "compact": "chat", "converse": "chat",
    "interactions": "chat", "generate_content": "generate_content",
    "completions": "text_completion", "embeddings": "embeddings", "predict": "embeddings",
    "moderations": "moderation", "count_tokens": "count_tokens", "images": "image_generation",
    "transcriptions": "transcription", "speech": "speech", "rerank": "rerank", "ocr": "ocr",
    "guardrail": "guardrail", "batch": "chat", "predictions": "text_completion",
    "runs": "invoke_agent",
}
FREE = ("count_tokens", "moderations")


def endpoint_of(x):
    route = route_of(x)
    return route[0] if route else None


def read(x):
    """The reading of an exchange as a dict in the record's names, or None."""
    return next(iter(read_all(x)), None)


def read_all(x):
    """Every call of an exchange: a batch's results tell of many."""
    route = route_of(x)
    if not route:
        return []
    is_stream, docs = documents(x)
    if route[0] != "batch":
        one = read_one(x, *route, is_stream, docs)
        return [one] if one else []
    lines = [member(doc, "result", "message") for doc in docs]
    return [read_one(x, *route, is_stream, [line]) for line in lines if line.get("usage")]


def read_one(x, endpoint, dialect, is_stream, docs):
    request, provider = request_of(x), provider_of(x, dialect)
    usage = DIALECTS[dialect](docs, request, x, provider)
    if x.status == 0 and not usage.has_usage:
        return None
    note_headers(x, usage)
    note_failure(x, docs, usage)
    return assemble(x, endpoint, request, is_stream, usage, provider)


def note_failure(x, docs, u):
    """A failed call has a type: its own, else its code, else its status (OpenTelemetry)."""
    if x.status >= 400:
        for doc in docs:
            u.error_code = u.error_code or code_of(doc)
        u.error_type = u.error_type or u.error_code or str(x.status)
    elif u.error_code:
        u.error_type = u.error_type or u.error_code


def source_of(x, is_stream, completeness, u):
    if not u.has_usage or completeness in ("free_call", "duplicate_view"):
        return "none"
    if u.is_estimate:
        return "body_estimate"
    if u.source or is_line_type(x.content_type):
        return u.source or "ndjson"
    if not is_stream:
        return "body_json"
    if is_eventstream(x.resp_body):
        return "eventstream"
    if completeness == "lower_bound":
        return "sse_partial"
    return "sse_cumulative" if u.reports > 1 else "sse_final"


def note_headers(x, u):
    """What gateways and clouds put into the answer's head."""
    u.model = u.model or x.headers.get("x-ms-served-model")
    if u.cost is None and u.has_usage:
        u.cost = money(x.headers.get("x-litellm-response-cost"))


def completeness_of(x, endpoint, is_stream, u):
    if endpoint in FREE:
        return "free_call"
    if endpoint == "view" and not (u.is_background and u.has_usage) and x.status < 400:
        return "duplicate_view"
    if endpoint == "predictions" and x.method.upper() == "GET" and not u.has_usage:
        return "duplicate_view"
    if endpoint == "runs" and re.search(r"/runs/", path_of(x)) and not u.has_usage and x.status < 400:
        return "duplicate_view"
    if not u.has_usage:
        return "unmetered"
    if u.is_estimate:
        return "lower_bound" if u.is_low else "estimated"
    is_open = is_stream and not u.has_end
    if u.is_low or is_open and (x.is_cut or not u.total):
        return "lower_bound"
    return "exact"


def tier_of(u, request):
    """As answered, else as asked; "auto" says nothing in either."""
    for tier in (u.tier, text(request, "service_tier")):
        if tier and tier != "auto":
            return tier
    return None


def geo_of(x, provider, asked):
    """Where it runs, as far as that changes the price: of the path, the model or the head."""
    place = re.search(r"/locations/([^/]+)/", path_of(x))
    if provider == "vertex":
        return place[1] if place else None
    if provider == "bedrock":
        prefix = re.match(r"(us-gov|us|eu|apac|jp|au|global)\.", (asked or "").rsplit("/", 1)[-1])
        return prefix[1] if prefix else None
    return x.headers.get("x-ms-region")


def operation_of(endpoint, asked):
    if endpoint == "invoke":
        return "embeddings" if "embed" in (asked or "") else "chat"
    return OPERATION[endpoint]


def assemble(x, endpoint, request, is_stream, u, provider):
    if u.has_usage and not any(u.tokens.values()) and not any(u.units.values()) and not u.cost:
        # No prompt has no tokens: a report of zeros tells nothing (OpenAI, responses cut short).
        u.tokens, u.has_usage, u.total = {}, False, None
    total_in = [u.tokens[m] for m in INPUT_METERS if m in u.tokens]
    total_out = [u.tokens[m] for m in OUTPUT_METERS if m in u.tokens]
    made = sum(total_in) + sum(total_out)
    completeness = completeness_of(x, endpoint, is_stream, u)
    named, asked = "responses" if endpoint == "view" else endpoint, asked_model(x, request)
    return {
        "provider": provider,
        "endpoint": named,
        "operation": operation_of(named, asked),
        "http_status": x.status,
        "stream": is_stream,
        "requested": asked,
        "served": u.model,
        "response_id": u.response_id,
        "finish": u.finish,
        "service_tier": tier_of(u, request),
        "geo": u.geo or geo_of(x, provider, asked),
        "speed": u.speed or text(request, "speed"),
        "tokens": u.tokens,
        "units": u.units,
        "total_input": sum(total_in) if total_in else None,
        "total_output": sum(total_out) if total_out else None,
        "completeness": completeness,
        "source": source_of(x, is_stream, completeness, u),
        "residual": None if u.total is None else u.total - made,
        "subs": u.subs,
        "cost": u.cost,
        "error_type": u.error_type,
        "error_code": u.error_code,
        "has_usage": u.has_usage,
        "clamped": u.is_clamped,
    }
