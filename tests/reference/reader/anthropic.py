# SPDX-License-Identifier: Apache-2.0
"""Anthropic's messages: additive counters, a stream's two reports, iterations, batch results."""
from .exchange import Usage, count, items, member, note_error, put, text

FIELDS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens",
          "cache_creation", "output_tokens_details", "server_tool_use", "service_tier",
          "inference_geo", "speed", "iterations")


def read_messages(docs, _request, _x, _provider):
    u, usage, blocks = Usage(), None, []
    for doc in docs:
        kind = doc.get("type")
        note_error(u, doc)
        blocks += items(doc, "content") if kind == "message" else [member(doc, "content_block")]
        message = doc if kind == "message" else doc.get("message")
        if kind in ("message", "message_start") and isinstance(message, dict):
            u.response_id, u.model = text(message, "id"), text(message, "model")
            if text(message, "stop_reason"):
                u.finish = [message["stop_reason"]]
            if isinstance(message.get("usage"), dict):
                usage = dict(message["usage"])
            u.has_end |= kind == "message"
        elif kind == "message_delta":
            reason = text(doc, "delta", "stop_reason")
            u.finish = [reason] if reason else u.finish
            usage = merge_delta(usage, doc.get("usage"))
            u.has_end = True
    if usage is not None:
        read_additive(u, usage)
    code = [b for b in blocks if b.get("type") == "server_tool_use"
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
    subs = items(usage, "iterations")
    if len(subs) > 1 or any(i.get("type") != "message" for i in subs):
        u.subs = [(text(i, "model"), additive_tokens(i)) for i in subs]
        u.tokens = summed(tokens for _, tokens in u.subs)


def summed(parts):
    total = {}
    for tokens in parts:
        for meter, n in tokens.items():
            total[meter] = total.get(meter, 0) + n
    return total


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
    return split_by_lifetime(total, short, long)


def split_by_lifetime(total, short, long):
    if short is None and long is None:
        return {} if total is None else {"cache_write": total}
    short, long = short or 0, long or 0
    if total is not None and short + long != total:
        known = short + long
        long = long * total // known if known else 0
        short = total - long
    return {"cache_write_5m": short, "cache_write_1h": long}
