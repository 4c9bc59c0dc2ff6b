# SPDX-License-Identifier: Apache-2.0
"""An independent reading of one recorded LLM call: what tolltap is measured against.

Written from the providers' documented wire formats (docs/RECORD.md names the result's fields) and
sharing nothing with the C code: bodies are held whole and parsed by Python's json module. Standard
library only.

    reading = read(Exchange(...))      None: not a call that is billed or counted
"""
import dataclasses
import decimal
import json
import re

OPENAI_HOSTS = re.compile(r"(^|\.)api\.openai\.com$")
ANTHROPIC_HOSTS = re.compile(r"^api\.anthropic\.com$")

# Method and path -> endpoint; the first that fits.
ENDPOINTS = [
    ("POST", re.compile(r"/chat/completions$"), "chat"),
    ("POST", re.compile(r"/completions$"), "completions"),
    ("POST", re.compile(r"/responses/input_tokens$"), "count_tokens"),
    ("POST", re.compile(r"/responses/compact$"), "compact"),
    ("POST", re.compile(r"/responses$"), "responses"),
    ("GET", re.compile(r"/responses/[^/]+$"), "view"),
    ("POST", re.compile(r"/embeddings$"), "embeddings"),
    ("POST", re.compile(r"/moderations$"), "moderations"),
    ("POST", re.compile(r"/messages/count_tokens$"), "count_tokens"),
    ("POST", re.compile(r"/messages$"), "messages"),
]
OPERATION = {
    "chat": "chat", "responses": "chat", "messages": "chat", "compact": "chat",
    "completions": "text_completion", "embeddings": "embeddings", "moderations": "moderation",
    "count_tokens": "count_tokens",
}
FREE = ("count_tokens", "moderations")
# /v1/threads/X/messages is a stored message of another API, not a model call.
NOT_MESSAGES = re.compile(r"/(threads|sessions)/[^/]+/messages$")

INPUT_METERS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write",
                "input_audio", "input_image", "input_video", "cache_read_audio",
                "cache_read_image", "cache_read_video", "input_tool")
OUTPUT_METERS = ("output", "reasoning", "citation", "output_audio", "output_image", "output_video")


@dataclasses.dataclass
class Exchange:
    """One request and its answer, bodies free of content codings."""
    method: str
    host: str
    path: str
    status: int
    req_body: bytes
    resp_body: bytes
    content_type: str = ""
    is_cut: bool = False        # the answer ended before its framing said so


@dataclasses.dataclass
class Usage:
    """One dialect's findings."""
    tokens: dict = dataclasses.field(default_factory=dict)
    units: dict = dataclasses.field(default_factory=dict)
    total: int | None = None    # the provider's own
    model: str | None = None
    response_id: str | None = None
    tier: str | None = None
    geo: str | None = None
    speed: str | None = None
    finish: list = dataclasses.field(default_factory=list)
    subs: list = dataclasses.field(default_factory=list)    # [(model or None, tokens)]
    error_type: str | None = None
    error_code: str | None = None
    cost: decimal.Decimal | None = None     # as the provider reports it, USD
    is_background: bool = False
    has_usage: bool = False
    has_end: bool = False       # the stream's own last event was seen
    is_clamped: bool = False


def read(x):
    """The reading of an exchange as a dict in the record's names, or None."""
    endpoint = endpoint_of(x)
    if not endpoint:
        return None
    request = parse_json(x.req_body) or {}
    is_stream, docs = documents(x)
    usage = DIALECTS[endpoint](docs, request)
    if x.status == 0 and not usage.has_usage:
        return None
    return assemble(x, endpoint, request, is_stream, usage)


def endpoint_of(x):
    path = x.path.split("?")[0].rstrip("/")
    if NOT_MESSAGES.search(path):
        return None
    for method, pattern, endpoint in ENDPOINTS:
        if x.method.upper() == method and pattern.search(path):
            return endpoint
    return None


def provider_of(x, endpoint):
    host = re.sub(r":\d+$", "", x.host.lower())
    if OPENAI_HOSTS.search(host):
        return "openai"
    if ANTHROPIC_HOSTS.search(host):
        return "anthropic"
    return "anthropic" if "/messages" in x.path else "openai"


# --- bodies -----------------------------------------------------------------------------------

def parse_json(body):
    """The object; numbers with a point or exponent stay exact."""
    try:
        value = json.loads(body, parse_float=decimal.Decimal)
    except (ValueError, UnicodeDecodeError):
        return None
    return value if isinstance(value, dict) else None


def sse_events(body):
    """Yields (event name, data bytes); a last event without its blank line counts."""
    name, data = "", []
    for line in re.split(rb"\r\n|\n|\r", body) + [b""]:
        if not line:
            if data:
                yield name, b"\n".join(data)
            name, data = "", []
            continue
        field, _, value = line.partition(b":")
        value = value[1:] if value.startswith(b" ") else value
        if field == b"event":
            name = value.decode("utf-8", "replace")
        elif field == b"data":
            data.append(value)


def documents(x):
    """(is it a stream, its JSON documents in order)."""
    whole = parse_json(x.resp_body)
    if whole is not None:
        return False, [whole]
    looks_sse = re.match(rb"\s*(data:|event:|:)", x.resp_body)
    if "event-stream" not in x.content_type and not looks_sse:
        return False, []
    docs = []
    for _, data in sse_events(x.resp_body):
        doc = {"_done": True} if data.strip() == b"[DONE]" else parse_json(data)
        if doc is not None:
            docs.append(doc)
    return True, docs


def count(obj, *path):
    """A token count: a non-negative integer, else None."""
    for key in path:
        obj = obj.get(key) if isinstance(obj, dict) else None
    is_number = isinstance(obj, int) and not isinstance(obj, bool) and obj >= 0
    return obj if is_number else None


def text(obj, key):
    value = obj.get(key) if isinstance(obj, dict) else None
    return value if isinstance(value, str) and value else None


def note_error(u, doc):
    err = doc.get("error")
    if isinstance(err, dict):
        u.error_type = text(err, "type") or u.error_type
        u.error_code = text(err, "code") or u.error_code


def remainder(u, total, parts):
    rest = total - sum(p for p in parts if p)
    if rest < 0:
        u.is_clamped = True
    return max(rest, 0)


def put(tokens, **meters):
    tokens.update({k: v for k, v in meters.items() if v is not None})


# --- OpenAI: subsets inside inclusive totals ------------------------------------------------

def read_inclusive(u, usage, in_key, out_key, in_details, out_details):
    """prompt holds cached, cache_write and audio; completion holds reasoning and audio."""
    u.has_usage = True
    u.total = count(usage, "total_tokens")
    if isinstance(usage.get("cost"), (int, decimal.Decimal)):
        u.cost = decimal.Decimal(usage["cost"])
    prompt, made = count(usage, in_key), count(usage, out_key)
    cached = count(usage, in_details, "cached_tokens")
    written = count(usage, in_details, "cache_write_tokens")
    audio_in = count(usage, in_details, "audio_tokens")
    reasoning = count(usage, out_details, "reasoning_tokens")
    audio_out = count(usage, out_details, "audio_tokens")
    if prompt is not None:
        put(u.tokens, input=remainder(u, prompt, (cached, written, audio_in)),
            cache_read=cached, cache_write=written, input_audio=audio_in)
    if made is not None:
        put(u.tokens, output=remainder(u, made, (reasoning, audio_out)),
            reasoning=reasoning, output_audio=audio_out)


def read_chat(docs, _request):
    u, usage, finish = Usage(), None, {}
    for doc in docs:
        u.has_end |= "_done" in doc
        u.response_id = u.response_id or text(doc, "id")
        u.model = text(doc, "model") or u.model
        u.tier = text(doc, "service_tier") or u.tier
        note_error(u, doc)
        for choice in doc.get("choices") or []:
            reason = text(choice, "finish_reason")
            if reason:
                finish[choice.get("index", 0)] = reason
        if isinstance(doc.get("usage"), dict):
            usage = doc["usage"]
    u.finish = [finish[i] for i in sorted(finish)]
    if usage is not None:
        read_inclusive(u, usage, "prompt_tokens", "completion_tokens",
                       "prompt_tokens_details", "completion_tokens_details")
    return u


def read_free(docs, request):
    """Counting and moderating cost nothing and use nothing."""
    u = read_chat(docs, request)
    u.tokens, u.has_usage, u.total = {}, False, None
    return u


TERMINAL = ("response.completed", "response.incomplete", "response.failed")


def read_responses(docs, _request):
    u, final = Usage(), {}
    for doc in docs:
        note_error(u, doc)
        if doc.get("object") in ("response", "response.compaction"):
            final, u.has_end = doc, True
        elif isinstance(doc.get("response"), dict):
            if doc.get("type") in TERMINAL or not u.has_end:
                final = doc["response"]
            u.has_end |= doc.get("type") in TERMINAL
    note_error(u, final)
    u.response_id, u.model = text(final, "id"), text(final, "model")
    u.tier = text(final, "service_tier")
    reason = text(final.get("incomplete_details"), "reason")
    status = text(final, "status")
    u.is_background = final.get("background") is True
    u.finish = [reason or status] if status not in (None, "queued", "in_progress") else []
    if isinstance(final.get("usage"), dict):
        read_inclusive(u, final["usage"], "input_tokens", "output_tokens",
                       "input_tokens_details", "output_tokens_details")
    count_items(u, final.get("output") or [])
    return u


def count_items(u, items):
    """Server tools are billed per item of the output; opening a found page is not a search."""
    sessions = set()
    for item in items:
        kind = item.get("type") if isinstance(item, dict) else None
        action = text(item.get("action"), "type") if kind else None
        if kind == "web_search_call" and action in (None, "search"):
            u.units["web_search"] = u.units.get("web_search", 0) + 1
        elif kind == "file_search_call":
            u.units["file_search"] = u.units.get("file_search", 0) + 1
        elif kind == "code_interpreter_call":
            sessions.add(item.get("container_id"))
    if sessions:
        u.units["code_session"] = len(sessions)


# --- Anthropic: additive counters --------------------------------------------------------------

FIELDS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens",
          "cache_creation", "output_tokens_details", "server_tool_use", "service_tier",
          "inference_geo", "speed", "iterations")


def read_messages(docs, _request):
    u, usage, blocks = Usage(), None, []
    for doc in docs:
        kind = doc.get("type")
        note_error(u, doc)
        blocks += doc.get("content") or [] if kind == "message" else [doc.get("content_block")]
        message = doc if kind == "message" else doc.get("message")
        if kind in ("message", "message_start") and isinstance(message, dict):
            u.response_id, u.model = text(message, "id"), text(message, "model")
            if text(message, "stop_reason"):
                u.finish = [message["stop_reason"]]
            if isinstance(message.get("usage"), dict):
                usage = dict(message["usage"])
            u.has_end |= kind == "message"
        elif kind == "message_delta":
            reason = text(doc.get("delta"), "stop_reason")
            u.finish = [reason] if reason else u.finish
            usage = merge_delta(usage, doc.get("usage"))
            u.has_end = True
    if usage is not None:
        read_additive(u, usage)
    code = [b for b in blocks if isinstance(b, dict) and b.get("type") == "server_tool_use"
            and (text(b, "name") or "").endswith("code_execution")]
    if code:
        u.units["code_session"] = len(code)
    return u


def merge_delta(start, delta):
    """Every field of message_delta replaces message_start's; the rest stays."""
    if not isinstance(delta, dict):
        return start
    merged = dict(start or {})
    merged.update({k: v for k, v in delta.items() if k in FIELDS and v is not None})
    return merged


def read_additive(u, usage):
    u.has_usage = True
    u.tier, u.geo, u.speed = (text(usage, k) for k in ("service_tier", "inference_geo", "speed"))
    u.tokens = additive_tokens(usage)
    for meter, key in (("web_search", "web_search_requests"), ("web_fetch", "web_fetch_requests")):
        n = count(usage, "server_tool_use", key)
        if n is not None:
            u.units[meter] = n
    subs = [i for i in usage.get("iterations") or [] if isinstance(i, dict)]
    if len(subs) > 1 or any(i.get("type") != "message" for i in subs):
        u.subs = [(text(i, "model"), additive_tokens(i)) for i in subs]
        u.tokens = {}
        for _, tokens in u.subs:
            for meter, n in tokens.items():
                u.tokens[meter] = u.tokens.get(meter, 0) + n


def additive_tokens(usage):
    tokens = {}
    put(tokens, input=count(usage, "input_tokens"),
        cache_read=count(usage, "cache_read_input_tokens"))
    tokens.update(written_tokens(usage))
    out = count(usage, "output_tokens")
    thinking = count(usage, "output_tokens_details", "thinking_tokens")
    if out is not None:
        put(tokens, output=max(out - (thinking or 0), 0), reasoning=thinking)
    return tokens


def written_tokens(usage):
    """By lifetime. The split may be older than the total: scale it, the rest is 5 minutes."""
    total = count(usage, "cache_creation_input_tokens")
    short = count(usage, "cache_creation", "ephemeral_5m_input_tokens")
    long = count(usage, "cache_creation", "ephemeral_1h_input_tokens")
    if short is None and long is None:
        return {} if total is None else {"cache_write": total}
    short, long = short or 0, long or 0
    if total is not None and short + long != total:
        known = short + long
        long = long * total // known if known else 0
        short = total - long
    return {"cache_write_5m": short, "cache_write_1h": long}


DIALECTS = {
    "chat": read_chat, "completions": read_chat, "embeddings": read_chat,
    "responses": read_responses, "compact": read_responses, "view": read_responses,
    "messages": read_messages, "moderations": read_free, "count_tokens": read_free,
}


# --- the result -----------------------------------------------------------------------------

def completeness_of(x, endpoint, is_stream, u):
    if endpoint in FREE:
        return "free_call"
    if endpoint == "view" and not (u.is_background and u.has_usage) and x.status < 400:
        return "duplicate_view"
    if not u.has_usage:
        return "unmetered"
    if x.is_cut or is_stream and not u.has_end and not u.total:
        return "lower_bound"
    return "exact"


def tier_of(u, request):
    """As answered, else as asked; "auto" says nothing in either."""
    for tier in (u.tier, text(request, "service_tier")):
        if tier and tier != "auto":
            return tier
    return None


def assemble(x, endpoint, request, is_stream, u):
    if u.has_usage and not any(u.tokens.values()):
        # No prompt has no tokens: a report of zeros tells nothing (OpenAI, responses cut short).
        u.tokens, u.has_usage, u.total = {}, False, None
    total_in = [u.tokens[m] for m in INPUT_METERS if m in u.tokens]
    total_out = [u.tokens[m] for m in OUTPUT_METERS if m in u.tokens]
    made = sum(total_in) + sum(total_out)
    return {
        "provider": provider_of(x, endpoint),
        "endpoint": "responses" if endpoint == "view" else endpoint,
        "operation": OPERATION["responses" if endpoint == "view" else endpoint],
        "http_status": x.status,
        "stream": is_stream,
        "requested": text(request, "model"),
        "served": u.model,
        "response_id": u.response_id,
        "finish": u.finish,
        "service_tier": tier_of(u, request),
        "geo": u.geo,
        "speed": u.speed or text(request, "speed"),
        "tokens": u.tokens,
        "units": u.units,
        "total_input": sum(total_in) if total_in else None,
        "total_output": sum(total_out) if total_out else None,
        "completeness": completeness_of(x, endpoint, is_stream, u),
        "residual": None if u.total is None else u.total - made,
        "subs": u.subs,
        "cost": u.cost,
        "error_type": u.error_type,
        "error_code": u.error_code,
        "has_usage": u.has_usage,
        "clamped": u.is_clamped,
    }
