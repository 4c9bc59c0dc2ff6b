# SPDX-License-Identifier: Apache-2.0
"""Pictures, sound, pages and rankings: mostly counted in units, not in tokens."""
import decimal
import math

from .exchange import Usage, count, items, member, note_error, put, remainder, text
from .openai import cost_of, read_inclusive, CHAT_NAMES


def common(docs):
    u = Usage()
    for doc in docs:
        note_error(u, doc)
        u.has_end |= "_done" in doc
        u.response_id = u.response_id or text(doc, "id")
        u.model = text(doc, "model") or u.model
    return u


def read_images(docs, _request, _x, _provider):
    """GPT image models report tokens; the others are billed by picture."""
    u, usage, made = common(docs), None, 0
    for doc in docs:
        usage = doc["usage"] if isinstance(doc.get("usage"), dict) else usage
        made = max(made, len(items(doc, "data")))
        made += str(doc.get("type", "")).endswith(".completed")
        u.has_end |= str(doc.get("type", "")).endswith(".completed")
    usage = usage or {}
    u.cost = cost_of(usage)
    prompt, out = count(usage, "input_tokens"), count(usage, "output_tokens")
    if prompt is not None or out is not None:
        u.has_usage, u.total = True, count(usage, "total_tokens")
        seen = count(usage, "input_tokens_details", "image_tokens")
        said = count(usage, "output_tokens_details", "text_tokens")
        put(u.tokens, input=None if prompt is None else remainder(u, prompt, (seen,)),
            input_image=seen, output=said,
            output_image=None if out is None else remainder(u, out, (said,)))
    elif made:
        u.units["image"] = made
        u.has_usage = True
    return u


def read_transcriptions(docs, _request, _x, provider):
    u, usage = common(docs), {}
    for doc in docs:
        usage = member(doc, "usage") or usage
        u.has_end |= doc.get("type") == "transcript.text.done"
    seconds = usage.get("seconds", usage.get("prompt_audio_seconds"))
    if provider == "mistral" and usage:
        read_inclusive(u, usage, CHAT_NAMES, provider)
    elif count(usage, "input_tokens") is not None:
        u.has_usage, u.total = True, count(usage, "total_tokens")
        heard = count(usage, "input_token_details", "audio_tokens")
        put(u.tokens, input=remainder(u, usage["input_tokens"], (heard,)), input_audio=heard,
            output=count(usage, "output_tokens"))
        return u
    if isinstance(seconds, (int, decimal.Decimal)) and not isinstance(seconds, bool):
        u.units["audio_s_in"] = seconds
        u.has_usage = True
    return u


def read_speech(docs, _request, _x, _provider):
    """Sound bytes carry no counts; the event stream's last event does."""
    u, usage = common(docs), {}
    for doc in docs:
        usage = member(doc, "usage") or usage
        u.has_end |= doc.get("type") == "speech.audio.done"
    if count(usage, "input_tokens") is not None:
        u.has_usage, u.total = True, count(usage, "total_tokens")
        put(u.tokens, input=usage["input_tokens"], output_audio=count(usage, "output_tokens"))
    return u


def read_rerank(docs, _request, _x, provider):
    """Voyage counts tokens; who bills searches says so in meta (cohere.py)."""
    u = common(docs)
    for doc in docs:
        if isinstance(doc.get("usage"), dict):
            read_inclusive(u, doc["usage"], CHAT_NAMES, provider)
        searches = count(doc, "meta", "billed_units", "search_units")
        if searches is not None:
            u.units["rerank_search"] = searches
            u.has_usage = True
    return u


def read_predictions(docs, _request, _x, _provider):
    """Replicate: billed by the second, told when the prediction is over."""
    u = common(docs)
    for doc in docs:
        seconds = member(doc, "metrics").get("predict_time")
        if isinstance(seconds, (int, decimal.Decimal)):
            u.units["gpu_s"], u.has_usage = math.ceil(seconds), True
    return u


def read_ocr(docs, _request, _x, _provider):
    u = common(docs)
    for doc in docs:
        pages = count(doc, "usage_info", "pages_processed")
        if pages is not None:
            u.units["page"] = pages
            u.has_usage = True
    return u
