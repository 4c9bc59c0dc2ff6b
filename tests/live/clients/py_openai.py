# SPDX-License-Identifier: Apache-2.0
"""The official OpenAI SDK, unmodified: py_openai.py JOBS [async|gather].

Prints one JSON line per job: what the SDK itself made of the answer."""
import asyncio
import json
import sys

import openai


def arguments(job):
    say = f"exchange:{job['ask']}"
    args = {"model": job["model"]}
    if job["endpoint"] == "chat":
        args["messages"] = [{"role": "user", "content": say}]
    elif job["endpoint"] == "completions":
        args["prompt"] = say
    else:
        args["input"] = say
    if job["endpoint"] == "embeddings":
        args["encoding_format"] = "float"
    elif job["stream"]:
        args["stream"] = True
        if job["endpoint"] == "chat":
            args["stream_options"] = {"include_usage": True}
    return args


def method(client, endpoint):
    return {"chat": client.chat.completions, "completions": client.completions,
            "responses": client.responses, "embeddings": client.embeddings}[endpoint].create


def usage_in(item):
    inner = getattr(item, "response", None) or item
    usage = getattr(inner, "usage", None)
    return usage.model_dump() if hasattr(usage, "model_dump") else None


def report(job, seen=None, error=None):
    print(json.dumps({"ask": job["ask"], "usage": seen, "error": error}), flush=True)


def run(client, job):
    try:
        answer, seen = method(client, job["endpoint"])(**arguments(job)), None
        for item in answer if job["stream"] else [answer]:
            seen = usage_in(item) or seen
        report(job, seen)
    except Exception as e:  # an answer the SDK refuses is still a call
        report(job, error=type(e).__name__)


async def run_async(client, job):
    try:
        answer, seen = await method(client, job["endpoint"])(**arguments(job)), None
        if job["stream"]:
            async for item in answer:
                seen = usage_in(item) or seen
        else:
            seen = usage_in(answer)
        report(job, seen)
    except Exception as e:
        report(job, error=type(e).__name__)


async def main_async(jobs, is_together):
    async with openai.AsyncOpenAI(max_retries=0, timeout=60) as client:
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
        with openai.OpenAI(max_retries=0, timeout=60) as client:
            for job in jobs:
                run(client, job)
    else:
        asyncio.run(main_async(jobs, how == "gather"))


main()
