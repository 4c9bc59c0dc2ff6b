#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/DIALECTS.md: what each endpoint reports and where, and what was counted in recordings.

    tests/reference/dialects.py            prints the page
    tests/reference/dialects.py --write    puts it into docs/
    tests/reference/dialects.py --check    fails when docs/ has another one (needs the recordings)
"""
import collections
import sys

import exchanges
import reader
from reader.route import provider_of, route_of

PAGE = exchanges.ROOT / "docs/DIALECTS.md"
KINDS = ("exact", "lower_bound", "estimated", "unmetered", "free_call", "duplicate_view", "http_error")

# dialect: (endpoints, where counts stand -> meters, what the numbers mean, without them)
WHERE = [
    ("OpenAI chat, completions and their clones",
     "`usage` of the body or of the last SSE event that has one",
     "`prompt_tokens` holds `cached_tokens`, `cache_write_tokens` and audio, image, video; "
     "`completion_tokens` holds reasoning, audio, image. Where `total_tokens` is larger than both by exactly the "
     "reasoning (xAI) or the audio (Mistral), that part is additive; Gemini's compatible endpoint hides thinking in the "
     "difference; Vercel in front of Gemini adds reasoning to the completion",
     "streams without `include_usage`: OpenAI's and Azure's text is counted by its deltas and *estimated*, others are *unmetered*. Groq's `x_groq.usage` and llama.cpp's `timings` stand in"),
    ("OpenAI responses, compaction",
     "`usage` of the body, of `response.completed`, `.incomplete` or `.failed`",
     "as chat, under `input_tokens` and `output_tokens`; server tools are counted by the items of `output`",
     "queued in the background: *unmetered*, a later GET carries it; any other GET is a *duplicate_view*"),
    ("OpenAI assistants (threads and runs)", "`usage` of the run: of the body, or of `thread.run.completed` and the like",
     "as chat, of all steps of the run", "queued: *unmetered*, a later GET carries it; counted once; the tools' own fees are not told"),
    ("OpenAI and other embeddings", "`usage.prompt_tokens`, else `usage.total_tokens`", "input only", "*unmetered*"),
    ("Images", "`usage` (GPT image models)", "`output_tokens` are picture tokens",
     "pictures are counted (`image`); xAI reports only a cost"),
    ("Transcription, speech", "`usage`: tokens or `seconds`; the last event of a speech stream",
     "audio tokens, or seconds as `audio_s_in`", "*unmetered*"),
    ("Anthropic messages (also on Vertex, Bedrock)",
     "`message_start` and `message_delta`, or the body's `usage`",
     "all parts are additive; every field of the delta replaces the start's; `iterations` are priced one by one",
     "only the start seen: *lower_bound*"),
    ("Anthropic batch results", "each line's `result.message.usage`", "as messages, tier `batch`, one call a line", "lines that failed have none"),
    ("Gemini and Vertex generateContent",
     "`usageMetadata` of the body, or of the last element that has a `promptTokenCount`",
     "the prompt holds the cache; thoughts and tool prompts are additive; pictures and documents are `input_image`",
     "an object with `trafficType` alone is no report: *unmetered*; counts without a prompt: *lower_bound*"),
    ("Gemini embeddings, Vertex predict",
     "`usageMetadata`; `predictions[].embeddings.statistics.token_count`", "input only", "most of `batchEmbedContents`: *unmetered*"),
    ("Gemini interactions", "`usage` of the body or of the last `interaction`", "as generateContent, other names", "*unmetered*"),
    ("Bedrock Converse", "`usage` of the body or of the `metadata` event",
     "additive; each cache count is sent twice and counted once; `cacheDetails` split writes by lifetime", "*unmetered*"),
    ("Bedrock InvokeModel",
     "the vendor's body, `amazon-bedrock-invocationMetrics`, or the head `x-amzn-bedrock-*-token-count`",
     "taken in this order, meter by meter", "none of the three (rerank, old recordings): *unmetered*"),
    ("Cohere", "`billed_units` of `usage` or `meta`", "what is billed; `tokens` is what the model saw", "transcription: *unmetered*"),
    ("Ollama", "the object with `done: true`", "`prompt_eval_count`, `eval_count`",
     "a prompt served from its cache is not told: *lower_bound*; `/api/embeddings`: *unmetered*"),
    ("Rerank, OCR", "`usage.total_tokens` or `billed_units.search_units`; `usage_info.pages_processed`",
     "tokens, `rerank_search`, `page`", "*unmetered*"),
    ("Replicate predictions", "`metrics.predict_time` of a prediction that is over", "`gpu_s`, begun seconds", "asked after while it runs: *duplicate_view*"),
    ("Token counting, moderation", "-", "nothing is billed", "*free_call*"),
]


def counted(recorded):
    """({(provider, endpoint): counts}, {what is no call: count})"""
    calls, others = collections.defaultdict(collections.Counter), collections.Counter()
    for r in recorded:
        x = r.exchange()
        readings, (_, dialect) = reader.read_all(x), route_of(x) or (None, None)
        if not readings:
            others[provider_of(x, dialect)] += 1
        for want in readings:
            row = calls[want["provider"], want["endpoint"] + (" stream" if want["stream"] else "")]
            row["calls"] += 1
            row["http_error" if want["http_status"] >= 400 else want["completeness"]] += 1
    return calls, others


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def page():
    _, recorded = exchanges.load()
    calls, others = counted(recorded)
    rows = [(p, e, c["calls"], *(c[k] or "" for k in KINDS))
            for (p, e), c in sorted(calls.items())]
    total = sum(c["calls"] for c in calls.values())
    unknown = ", ".join(f"{n} {p}" for p, n in sorted(others.items()))
    return f"""# Dialects

Generated by `tests/reference/dialects.py`; do not edit. It says what the independent reader
(tests/reference/reader) finds, which is what the C code is compared with by `make corpus`.

## What stands where

Meters and completeness are those of RECORD.md.

{table(("endpoint", "counts stand in", "they mean", "when they are missing"), WHERE)}

## What was recorded

{len(recorded)} recorded interactions: {total} model calls, all of them compared field by field,
{sum(others.values())} that are none (batch creation and polling, session set-up, threads, predictions:
{unknown}). Calls to hosts nobody knows count for who their answer shows, else for the provider whose format they speak.

{table(("provider", "endpoint", "calls", *(k.replace("_", " ") for k in KINDS)), rows)}
"""


def main():
    if not exchanges.has_corpus():
        print(f"dialects: {exchanges.CORPUS} is absent, docs/DIALECTS.md stays unchecked")
        return 0
    text = page()
    if "--write" in sys.argv:
        PAGE.write_text(text)
    elif "--check" in sys.argv:
        if not PAGE.exists() or PAGE.read_text() != text:
            print("dialects: docs/DIALECTS.md is stale: run tests/reference/dialects.py --write")
            return 1
    else:
        print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
