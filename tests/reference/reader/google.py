# SPDX-License-Identifier: Apache-2.0
"""Gemini and Vertex: the prompt holds the cache; thoughts and tool prompts stand beside."""
import re

from .exchange import Usage, count, items, member, note_error, put, remainder, text

# With $alt=json;enum-encoding=int an enum is sent as its number.
MODALITY = {1: "TEXT", 2: "IMAGE", 3: "VIDEO", 4: "AUDIO", 5: "DOCUMENT"}
KINDS = {"IMAGE": "image", "DOCUMENT": "image", "VIDEO": "video", "AUDIO": "audio"}
TRAFFIC = {1: "ON_DEMAND", 2: "PROVISIONED_THROUGHPUT"}
REASONS = {1: "STOP", 2: "MAX_TOKENS", 3: "SAFETY", 4: "RECITATION", 5: "OTHER"}


def named(obj, key, names):
    """An enum, written as its name or as its number."""
    value = obj.get(key)
    return text(obj, key) or names.get(value if isinstance(value, int) else None)


def by_kind(usage, *keys):
    """{"audio": n, ...} of a list of modality counts; text is what remains."""
    kinds = {}
    for key in keys:
        for detail in items(usage, key):
            name = detail.get("modality")
            name = MODALITY.get(name, name) if isinstance(name, int) else name
            kind = KINDS.get(name)
            if kind:
                kinds[kind] = kinds.get(kind, 0) + (count(detail, "tokenCount") or 0)
    return kinds


def read_metadata(u, usage):
    u.has_usage = True
    u.total = count(usage, "totalTokenCount")
    prompt = count(usage, "promptTokenCount")
    cached = count(usage, "cachedContentTokenCount")
    made = count(usage, "candidatesTokenCount")
    made = count(usage, "responseTokenCount") if made is None else made
    seen = by_kind(usage, "promptTokensDetails", "promptTokenDetails")
    kept = by_kind(usage, "cacheTokensDetails")
    shown = by_kind(usage, "candidatesTokensDetails", "responseTokensDetails")
    fresh = {k: max(n - kept.get(k, 0), 0) for k, n in seen.items()}
    if prompt is not None:
        put(u.tokens, input=remainder(u, prompt, (cached, *fresh.values())))
        u.tokens.update({f"input_{k}": n for k, n in fresh.items()})
    if cached is not None:
        put(u.tokens, cache_read=remainder(u, cached, kept.values()))
        u.tokens.update({f"cache_read_{k}": n for k, n in kept.items()})
    put(u.tokens, input_tool=count(usage, "toolUsePromptTokenCount"),
        reasoning=count(usage, "thoughtsTokenCount"))
    if made is not None:
        put(u.tokens, output=remainder(u, made, shown.values()))
        u.tokens.update({f"output_{k}": n for k, n in shown.items()})


def read_gemini(docs, _request, x, _provider):
    u, usage, lone, finish, queries = Usage(), None, None, {}, {}
    for doc in docs:
        u.response_id = text(doc, "responseId") or u.response_id
        u.model = text(doc, "modelVersion") or u.model
        note_error(u, doc)
        seen = doc.get("usageMetadata")
        if isinstance(seen, dict):
            u.tier = tier_of(seen) or u.tier
            usage = seen if "promptTokenCount" in seen else usage
            lone = seen if has_counts(seen) else lone
        for n, candidate in enumerate(items(doc, "candidates")):
            n = candidate.get("index", n)
            finish[n] = named(candidate, "finishReason", REASONS) or finish.get(n)
            found = member(candidate, "groundingMetadata").get("webSearchQueries")
            queries[n] = found if isinstance(found, list) and found else queries.get(n, [])
    u.tier = u.tier or x.headers.get("x-gemini-service-tier")
    u.finish = [finish[i] for i in sorted(finish) if finish[i]]
    u.has_end = bool(u.finish)
    if usage is None and lone is not None:
        usage, u.is_low = lone, True        # what was made is known, the prompt is not
    if usage is not None:
        read_metadata(u, usage)
    count_searches(u, sum(map(len, queries.values())), x)
    return u


def has_counts(usage):
    return any(key.endswith("TokenCount") for key in usage)


def count_searches(u, n, x):
    """Billed by query since the third generation, by grounded prompt before."""
    if n:
        old = re.search(r"gemini-[12](\.|-)", u.model or x.path)
        u.units["grounded_prompt" if old else "web_search"] = 1 if old else n


def tier_of(usage):
    return text(usage, "serviceTier") or named(usage, "trafficType", TRAFFIC)


def read_predict(docs, _request, _x, _provider):
    """Vertex embeddings: a count per text, and the characters that are billed."""
    u, tokens = Usage(), None
    for doc in docs:
        note_error(u, doc)
        for p in items(doc, "predictions"):
            n = count(p, "embeddings", "statistics", "token_count")
            tokens = (tokens or 0) + n if n is not None else tokens
        chars = count(doc, "metadata", "billableCharacterCount")
        if chars is not None:
            u.units["char_in"] = chars
    put(u.tokens, input=tokens)
    u.has_usage = bool(u.tokens or u.units)
    return u


def modalities(usage, key):
    kinds = {}
    for detail in items(usage, key):
        kind = KINDS.get(str(detail.get("modality", "")).upper())
        if kind:
            kinds[kind] = kinds.get(kind, 0) + (count(detail, "tokens") or 0)
    return kinds


def read_interactions(docs, _request, _x, _provider):
    u, final = Usage(), {}
    for doc in docs:
        note_error(u, doc)
        one = doc if doc.get("object") == "interaction" else doc.get("interaction")
        if isinstance(one, dict):
            final = one
            u.response_id = text(one, "id") or u.response_id
            u.model = text(one, "model") or u.model
            u.tier = text(one, "service_tier") or u.tier
        u.has_end |= "_done" in doc or isinstance(member(doc, "interaction").get("usage"), dict)
    status = text(final, "status")
    u.finish = [status] if status not in (None, "queued", "in_progress") else []
    usage = final.get("usage")
    if isinstance(usage, dict):
        u.has_usage, u.total = True, count(usage, "total_tokens")
        prompt, cached = count(usage, "total_input_tokens"), count(usage, "total_cached_tokens")
        seen, shown = (modalities(usage, f"{w}_tokens_by_modality") for w in ("input", "output"))
        kept = modalities(usage, "cached_tokens_by_modality")
        fresh = {k: max(n - kept.get(k, 0), 0) for k, n in seen.items()}
        made = count(usage, "total_output_tokens")
        put(u.tokens, cache_read=None if cached is None else remainder(u, cached, kept.values()),
            input=None if prompt is None else remainder(u, prompt, (cached, *fresh.values())),
            output=None if made is None else remainder(u, made, shown.values()),
            input_tool=count(usage, "total_tool_use_tokens"),
            reasoning=count(usage, "total_thought_tokens"))
        u.tokens.update({f"input_{k}": n for k, n in fresh.items()})
        u.tokens.update({f"cache_read_{k}": n for k, n in kept.items()})
        u.tokens.update({f"output_{k}": n for k, n in shown.items()})
    return u
