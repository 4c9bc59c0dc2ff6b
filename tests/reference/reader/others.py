# SPDX-License-Identifier: Apache-2.0
"""Cohere's own dialect, and the servers people run themselves: Ollama, llama.cpp, TGI."""
from .bedrock import number
from .exchange import Usage, count, items, member, note_error, put, text


def read_cohere(docs, _request, x, _provider):
    """billed_units are billed, tokens are what the model saw."""
    u, billed = Usage(), None
    for doc in docs:
        note_error(u, doc)
        u.has_end |= "_done" in doc or doc.get("event_type") == "stream-end"
        final = member(doc, "response") or member(doc, "delta") or doc
        usage = member(final, "usage") or member(final, "meta")
        if isinstance(usage.get("billed_units"), dict):
            billed, u.has_end = usage["billed_units"], True
        u.response_id = u.response_id or text(doc, "id") or text(final, "response_id")
        reason = text(final, "finish_reason") or text(doc, "finish_reason")
        u.finish = [reason] if reason else u.finish
        made = [text(g, "finish_reason") for g in items(doc, "generations")]
        u.finish = [r for r in made if r] or u.finish
        if x.status >= 400:
            u.error_type = text(doc, "error_type") or u.error_type
    if billed is not None:
        u.has_usage = True
        put(u.tokens, input=count(billed, "input_tokens"), output=count(billed, "output_tokens"),
            input_image=count(billed, "image_tokens"))
        for meter, key in (("rerank_search", "search_units"), ("image", "images")):
            if count(billed, key) is not None:
                u.units[meter] = billed[key]
    return u


def read_ollama(docs, _request, _x, _provider):
    """The prompt's count is left out when all of it was served from the cache: then unknown."""
    u = Usage()
    for doc in docs:
        note_error(u, doc)
        u.model = text(doc, "model") or u.model
        if doc.get("done") is True or "embeddings" in doc or "embedding" in doc:
            u.has_end = True
            u.finish = [doc["done_reason"]] if text(doc, "done_reason") else u.finish
            put(u.tokens, input=count(doc, "prompt_eval_count"), output=count(doc, "eval_count"))
    u.has_usage = bool(u.tokens)
    u.is_low = u.has_usage and "input" not in u.tokens
    return u


def read_llamacpp(docs, _request, _x, _provider):
    u = Usage()
    for doc in docs:
        note_error(u, doc)
        u.model = text(doc, "model") or u.model
        prompt, cached = count(doc, "tokens_evaluated"), count(doc, "tokens_cached")
        put(u.tokens, input=prompt, output=count(doc, "tokens_predicted"))
        u.has_end |= doc.get("stop") is True
        u.has_usage |= prompt is not None and cached is not None or bool(u.tokens)
    return u


def read_tgi(docs, _request, x, _provider):
    """/generate tells the prompt in the head; a stream only what was generated."""
    u = Usage()
    for doc in docs:
        note_error(u, doc)
        details = member(doc, "details")
        put(u.tokens, output=count(details, "generated_tokens"))
        reason = text(details, "finish_reason")
        u.finish, u.has_end = [reason] if reason else u.finish, u.has_end or bool(details)
    for meter, name in (("input", "x-prompt-tokens"), ("output", "x-generated-tokens")):
        n = number(x.headers.get(name))
        if n is not None and meter not in u.tokens:
            u.tokens[meter], u.source = n, "header"
    u.has_usage = bool(u.tokens)
    u.is_low = u.has_usage and "input" not in u.tokens
    return u
