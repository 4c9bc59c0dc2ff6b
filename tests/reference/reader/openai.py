# SPDX-License-Identifier: Apache-2.0
"""OpenAI's chat, completions, responses and embeddings, and those who speak like it."""
import re

from .bodies import documents
from .exchange import Usage, count, items, member, money, note_error, put, remainder, text

from .route import known_host

TICK = money("1e-10")       # xAI's unit of cost, in USD
THINKERS = re.compile(r"o\d|gpt-5")      # models whose hidden reasoning no delta shows
TERMINAL = ("response.completed", "response.incomplete", "response.failed")
# What a chat answer of these hosts hides is thinking (Gemini's compatible endpoint).
HIDES_THINKING = ("gemini", "vertex")


def read_inclusive(u, usage, names, provider):
    """prompt holds cached, cache_write and other modalities; completion holds reasoning."""
    in_key, out_key, in_details, out_details = names
    u.has_usage = True
    u.total = count(usage, "total_tokens")
    u.cost = cost_of(usage)
    u.tier = u.tier or text(usage, "service_tier")
    prompt, made = count(usage, in_key), count(usage, out_key)
    if prompt is None and made is None:
        prompt = u.total        # Voyage: a total alone is input
    cached = first(count(usage, in_details, "cached_tokens"), count(usage, "cached_tokens"),
                   count(usage, "prompt_cache_hit_tokens"), count(usage, "num_cached_tokens"))
    written = count(usage, in_details, "cache_write_tokens")
    if written is None:
        written = count(usage, "cache_creation_input_tokens")
    kinds = [count(usage, in_details, f"{k}_tokens") for k in ("audio", "image", "video")]
    made_kinds = [count(usage, out_details, f"{k}_tokens") for k in ("audio", "image")]
    reasoning = count(usage, out_details, "reasoning_tokens")
    if reasoning is None:
        reasoning = count(usage, "reasoning_tokens")
    extra = outside(u, prompt, made, reasoning, kinds[0], provider, usage)
    if prompt is not None:
        fresh = remainder(u, prompt, (cached, written))
        kinds = within(fresh + (kinds[0] if extra == "audio" else 0), kinds)
        inside = [None] + kinds[1:] if extra == "audio" else kinds
        put(u.tokens, input=remainder(u, fresh, inside), cache_read=cached, cache_write=written,
            input_audio=kinds[0], input_image=kinds[1], input_video=kinds[2])
    if made is not None:
        if extra == "hidden":
            reasoning = u.total - prompt - made
        inside = made_kinds + ([] if extra in ("reasoning", "hidden") else [reasoning])
        put(u.tokens, output=remainder(u, made, inside), reasoning=reasoning,
            output_audio=made_kinds[0], output_image=made_kinds[1])
    put(u.tokens, citation=count(usage, "citation_tokens"))
    count_tools(u, usage)


def within(rest, kinds):
    """Modalities may count what the cache holds too: no more than is fresh is billed as fresh."""
    out = []
    for n in kinds:
        out.append(None if n is None else min(n, rest))
        rest -= out[-1] or 0
    return out


def first(*values):
    return next((v for v in values if v is not None), None)


def outside(u, prompt, made, reasoning, audio, provider, usage):
    """Which part the provider does not hold in its own prompt or completion, as its total shows."""
    if provider == "perplexity" and count(usage, "reasoning_tokens"):
        return "reasoning"
    if provider == "vercel-gw" and (u.model or "").startswith("google/"):
        u.total = None if u.total is None else u.total + (reasoning or 0)   # left out there too
        return "reasoning"
    if None in (u.total, prompt, made):
        return None
    rest = u.total - prompt - made
    if rest <= 0:
        return None
    if rest == reasoning:
        return "reasoning"
    if rest == audio:
        return "audio"
    return "hidden" if provider in HIDES_THINKING and not reasoning else None


def cost_of(usage):
    """What the provider says it charges, in USD."""
    cost = usage.get("cost")
    if isinstance(cost, dict):
        return money(cost.get("total_cost"))
    if usage.get("is_byok") is True:
        own, upstream = money(cost), money(member(usage, "cost_details").get("upstream_inference_cost"))
        return None if upstream is None else (own or 0) + upstream
    ticks = money(usage.get("cost_in_usd_ticks"))
    if ticks:
        return ticks * TICK
    return money(cost)


def count_tools(u, usage):
    searches = first(count(usage, "server_tool_use_details", "web_search_requests"),
                     count(usage, "server_side_tool_usage_details", "web_search_calls"),
                     count(usage, "num_search_queries"))
    for meter, n in (("web_search", searches),
                     ("code_session", count(usage, "server_side_tool_usage_details",
                                            "code_interpreter_calls")),
                     ("file_search", count(usage, "server_side_tool_usage_details",
                                           "file_search_calls"))):
        if n is not None:
            u.units[meter] = n


CHAT_NAMES = ("prompt_tokens", "completion_tokens", "prompt_tokens_details",
              "completion_tokens_details")
RESPONSE_NAMES = ("input_tokens", "output_tokens", "input_tokens_details", "output_tokens_details")


def read_chat(docs, _request, x, provider):
    u, usage, timings, finish, deltas = Usage(), None, {}, {}, []
    for doc in docs:
        u.has_end |= "_done" in doc
        u.response_id = u.response_id or text(doc, "id")
        u.model = text(doc, "model") or u.model
        u.tier = text(doc, "service_tier") or u.tier
        note_error(u, doc)
        for choice in items(doc, "choices"):
            deltas.append(choice)
            reason = text(choice, "finish_reason")
            if reason:
                finish[choice.get("index", 0)] = reason
        timings = member(doc, "timings") or timings
        own, groq = doc.get("usage"), member(doc, "x_groq").get("usage")
        u.reports += isinstance(own, dict)
        is_last = not items(doc, "choices") or any(text(c, "finish_reason") for c in items(doc, "choices"))
        u.has_end |= is_last and isinstance(own if own else groq, dict)
        if isinstance(own, dict):
            usage = own
        elif isinstance(groq, dict) and usage is None:
            usage = groq
    u.finish = [finish[i] for i in sorted(finish)]
    if usage is not None:
        read_inclusive(u, usage, CHAT_NAMES, provider)
    if timings:
        read_timings(u, timings)
    if usage is None and is_stream_of_text(x, provider, deltas):
        estimate(u, deltas)
    return u


def is_stream_of_text(x, provider, deltas):
    """Where a delta is known to be a token: text that OpenAI itself or Azure streams."""
    has_tools = any(member(c, "delta").get(k) for c in deltas for k in ("tool_calls", "function_call"))
    return provider in ("openai", "azure") and known_host(x) and not has_tools and \
        documents(x)[0] and x.status < 400


def estimate(u, deltas):
    n = sum(bool(text(c, "delta", "content") or text(c, "text")) for c in deltas)
    if n:
        u.tokens, u.has_usage, u.is_estimate = {"output": n}, True, True
        u.is_low = bool(THINKERS.match(u.model or ""))


def read_timings(u, timings):
    """llama.cpp: its prompt is cache_n + prompt_n, told even where usage was not asked for."""
    cached, fresh, made = (count(timings, k) for k in ("cache_n", "prompt_n", "predicted_n"))
    if u.has_usage:
        if cached is not None and "cache_read" not in u.tokens and \
                u.tokens.get("input") == cached + (fresh or 0):
            u.tokens.update(input=fresh or 0, cache_read=cached)
        return
    put(u.tokens, input=fresh, cache_read=cached, output=made)
    u.has_usage = bool(u.tokens)


def read_free(docs, request, x, provider):
    """Counting and moderating cost nothing and use nothing."""
    u = read_chat(docs, request, x, provider)
    u.tokens, u.units, u.has_usage, u.total, u.cost = {}, {}, False, None, None
    return u


def read_unmetered(docs, request, x, provider):
    return read_free(docs, request, x, provider)


def read_responses(docs, _request, _x, provider):
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
    status = text(final, "status")
    u.is_background = final.get("background") is True
    u.finish = [text(final, "incomplete_details", "reason") or status] \
        if status not in (None, "queued", "in_progress") else []
    count_items(u, items(final, "output"))
    if isinstance(final.get("usage"), dict):
        read_inclusive(u, final["usage"], RESPONSE_NAMES, provider)
    return u


def count_items(u, output):
    """Server tools are billed per item of the output; opening a found page is not a search."""
    sessions = set()
    for item in output:
        kind, action = item.get("type"), text(item, "action", "type")
        if kind == "web_search_call" and action in (None, "search"):
            u.units["web_search"] = u.units.get("web_search", 0) + 1
        elif kind == "file_search_call":
            u.units["file_search"] = u.units.get("file_search", 0) + 1
        elif kind == "code_interpreter_call":
            sessions.add(item.get("container_id"))
    if sessions:
        u.units["code_session"] = len(sessions)


RUN_NAMES = ("prompt_tokens", "completion_tokens", "prompt_token_details",
             "completion_tokens_details")


def read_runs(docs, _request, _x, provider):
    """Assistants: the run's own object tells of all its steps."""
    u, usage = Usage(), None
    for doc in docs:
        u.has_end |= "_done" in doc
        note_error(u, doc)
        if doc.get("object") != "thread.run":
            continue
        u.response_id, u.model = text(doc, "id"), text(doc, "model")
        if isinstance(doc.get("usage"), dict):
            usage, u.has_end = doc["usage"], True
            u.reports += 1
    if usage is not None:
        read_inclusive(u, usage, RUN_NAMES, provider)
    return u


def read_embeddings(docs, request, x, provider):
    return read_chat(docs, request, x, provider)
