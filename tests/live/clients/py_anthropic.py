# SPDX-License-Identifier: Apache-2.0
"""The official Anthropic SDK, unmodified: py_anthropic.py JOBS [async|gather]."""
import asyncio
import json
import sys
import warnings

import anthropic

warnings.simplefilter("ignore")     # deprecated models are named in recordings


def arguments(job):
    args = {"model": job["model"], "max_tokens": 1024,
            "messages": [{"role": "user", "content": f"exchange:{job['ask']}"}]}
    return dict(args, stream=True) if job["stream"] else args


def merge(seen, item):
    """Field by field: message_delta replaces what message_start said."""
    usage = getattr(getattr(item, "message", None) or item, "usage", None)
    if not hasattr(usage, "model_dump"):
        return seen
    return {**(seen or {}), **{k: v for k, v in usage.model_dump().items() if v is not None}}


def report(job, seen=None, error=None):
    print(json.dumps({"ask": job["ask"], "usage": seen, "error": error}), flush=True)


def run(client, job):
    try:
        answer, seen = client.messages.create(**arguments(job)), None
        for item in answer if job["stream"] else [answer]:
            seen = merge(seen, item)
        report(job, seen)
    except Exception as e:  # an answer the SDK refuses is still a call
        report(job, error=type(e).__name__)


async def run_async(client, job):
    try:
        answer, seen = await client.messages.create(**arguments(job)), None
        if job["stream"]:
            async for item in answer:
                seen = merge(seen, item)
        else:
            seen = merge(seen, answer)
        report(job, seen)
    except Exception as e:
        report(job, error=type(e).__name__)


async def main_async(jobs, is_together):
    async with anthropic.AsyncAnthropic(max_retries=0, timeout=60) as client:
        if is_together:
            await asyncio.gather(*(run_async(client, job) for job in jobs))
        else:
            for job in jobs:
                await run_async(client, job)


def main():
    with open(sys.argv[1]) as f:
        jobs = json.load(f)
    how = sys.argv[2] if len(sys.argv) > 2 else "sync"
    if how == "sync":
        with anthropic.Anthropic(max_retries=0, timeout=60) as client:
            for job in jobs:
                run(client, job)
    else:
        asyncio.run(main_async(jobs, how == "gather"))


main()
