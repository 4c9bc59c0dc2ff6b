# SPDX-License-Identifier: Apache-2.0
"""aiohttp, as recorded: each job's body is sent verbatim. raw_aiohttp.py JOBS [gather]"""
import asyncio
import json
import ssl
import sys

import aiohttp


async def run(session, job):
    with open(job["body"], "rb") as f:
        body = f.read()
    async with session.post(job["url"], data=body, headers=job["headers"]) as answer:
        print(json.dumps({"ask": job["ask"], "bytes": len(await answer.read())}), flush=True)


async def main():
    with open(sys.argv[1]) as f:
        jobs = json.load(f)
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context())
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        if "gather" in sys.argv:
            await asyncio.gather(*(run(session, job) for job in jobs))
        else:
            for job in jobs:
                await run(session, job)


asyncio.run(main())
