# SPDX-License-Identifier: Apache-2.0
"""Bedrock: Converse, the vendors' own bodies under InvokeModel, the counts of the answer's head."""
import re

from .anthropic import read_messages, split_by_lifetime
from .exchange import Usage, count, items, member, note_error, put, text

HEADERS = {"input": "x-amzn-bedrock-input-token-count",
           "output": "x-amzn-bedrock-output-token-count",
           "cache_read": "x-amzn-bedrock-cache-read-input-token-count",
           "cache_write": "x-amzn-bedrock-cache-write-input-token-count"}
METRICS = {"input": "inputTokenCount", "output": "outputTokenCount",
           "cache_read": "cacheReadInputTokenCount", "cache_write": "cacheWriteInputTokenCount"}
# The members of a Converse event that is the whole payload of its frame.
STOPS = ("stopReason", "stop_reason", "completionReason", "finish_reason")


def note_exception(u, docs, x):
    """An exception frame, or a refused call's header (AWS appends a URL to the name)."""
    kind = x.headers.get("x-amzn-errortype") if x.status >= 400 else None
    for doc in docs:
        kind = doc.get("_exception") or kind
        for key in doc:
            if key.endswith("Exception") and isinstance(doc[key], dict):
                kind = key
    if kind:
        u.error_type = kind.split(":")[0]


def camel_tokens(usage):
    """Converse and Nova. A cache field is sent under two names: one of them counts."""
    def either(name):
        short = count(usage, name)
        return count(usage, name[:-1] + "Count") if short is None else short
    tokens = {}
    put(tokens, input=count(usage, "inputTokens"), output=count(usage, "outputTokens"),
        cache_read=either("cacheReadInputTokens"))
    written, by_ttl = either("cacheWriteInputTokens"), {}
    for detail in items(usage, "cacheDetails"):
        ttl = text(detail, "ttl")
        by_ttl[ttl] = by_ttl.get(ttl, 0) + (count(detail, "inputTokens") or 0)
    tokens.update(split_by_lifetime(written, by_ttl.get("5m"), by_ttl.get("1h")))
    return tokens


def read_converse(docs, _request, x, _provider):
    u = Usage()
    for doc in docs:
        note_error(u, doc)
        if text(doc, "stopReason"):
            u.finish = [doc["stopReason"]]
        u.tier = text(doc, "serviceTier", "type") or u.tier
        u.model = text(doc, "trace", "promptRouter", "invokedModelId") or u.model
        usage = doc.get("usage")
        if isinstance(usage, dict):
            u.has_usage = u.has_end = True
            u.total, u.tokens = count(usage, "totalTokens"), camel_tokens(usage)
            u.is_low = "input" not in u.tokens
        u.speed = text(doc, "performanceConfig", "latency") or u.speed
    note_exception(u, docs, x)
    return u


def read_invoke(docs, request, x, _provider):
    """The vendor's body first; the metrics of a stream or the head where it has no counts."""
    anthropic = [d for d in docs if str(d.get("type", "")).startswith(("message", "content", "error"))]
    u = read_messages(anthropic, request, x, None) if anthropic else read_vendor(docs)
    metrics = {}
    for doc in docs:
        metrics = member(doc, "amazon-bedrock-invocationMetrics") or metrics
    fill(u, {meter: count(metrics, name) for meter, name in METRICS.items()}, None)
    heads = {meter: number(x.headers.get(name)) for meter, name in HEADERS.items()}
    fill(u, heads, "header")
    u.tier = u.tier or x.headers.get("x-amzn-bedrock-service-tier")
    u.has_end |= bool(metrics)
    note_exception(u, docs, x)
    return u


def number(value):
    return int(value) if value and re.fullmatch(r"\d{1,15}", value) else None


def fill(u, found, source):
    """Meters that are still unknown; a split by lifetime stands for the whole."""
    has_write = any(m.startswith("cache_write") for m in u.tokens)
    for meter, n in found.items():
        if n is None or meter in u.tokens or meter == "cache_write" and has_write:
            continue
        if meter == "output" and "reasoning" in u.tokens:
            continue
        if not u.has_usage:
            u.source = source
        u.tokens[meter], u.has_usage = n, True


def read_vendor(docs):
    """Nova, Titan, Llama, Cohere, Mistral, AI21 and embedding models."""
    u, out = Usage(), None
    for doc in docs:
        note_error(u, doc)
        usage = member(doc, "usage") or member(doc, "metadata", "usage")
        if count(usage, "inputTokens") is not None or count(usage, "outputTokens") is not None:
            u.total = count(usage, "totalTokens")
            u.tokens, u.has_usage, u.has_end = camel_tokens(usage), True, True
        elif count(usage, "prompt_tokens") is not None:
            put(u.tokens, input=usage["prompt_tokens"], output=count(usage, "completion_tokens"))
            u.total, u.has_usage, u.has_end = count(usage, "total_tokens"), True, True
        put(u.tokens, input=count(doc, "prompt_token_count"))
        put(u.tokens, input=count(doc, "inputTextTokenCount"))
        if count(doc, "generation_token_count") is not None:
            u.tokens["output"] = doc["generation_token_count"]
        results = [count(r, "tokenCount") for r in items(doc, "results")]
        if results and None not in results:
            out = sum(results)
        put(u.tokens, output=count(doc, "totalOutputTextTokenCount"))
        u.response_id = u.response_id or text(doc, "id") or text(doc, "response_id")
        u.model = u.model or text(doc, "model")
        u.finish = finish_of(doc) or u.finish
    put(u.tokens, output=out)
    u.has_usage |= bool(u.tokens)
    return u


def finish_of(doc):
    stop = member(doc, "messageStop") or doc
    reasons = [text(stop, key) for key in STOPS]
    for key in ("results", "generations", "outputs", "completions", "choices"):
        for one in items(doc, key):
            reasons += [text(one, k) for k in STOPS] + [text(one, "finishReason", "reason")]
    return [r for r in reasons if r]
