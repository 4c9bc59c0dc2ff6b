# SPDX-License-Identifier: Apache-2.0
"""The official OpenAI SDK over HTTP/2, all its streams on one connection: py_http2.py JOBS [later].

later: the first two jobs, a line, then the others once a line was read."""
import asyncio
import json
import sys

import openai


async def ask(client, job):
    stream = await client.chat.completions.create(
        model=job["model"], stream=True, stream_options={"include_usage": True},
        messages=[{"role": "user", "content": f"exchange:{job['ask']}"}],
        extra_query=job.get("query"))
    async for _ in stream:
        pass


async def main():
    with open(sys.argv[1]) as f:
        jobs = json.load(f)
    http = openai.DefaultAsyncHttpxClient(http2=True)
    async with openai.AsyncOpenAI(max_retries=0, timeout=60, http_client=http) as client:
        await ask(client, jobs.pop(0))          # one connection, before many ask for it
        if sys.argv[2:] == ["later"]:
            await ask(client, jobs.pop(0))
            print("used", flush=True)
            sys.stdin.readline()
        await asyncio.gather(*(ask(client, job) for job in jobs))


asyncio.run(main())
