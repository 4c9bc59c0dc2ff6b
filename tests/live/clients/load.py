# SPDX-License-Identifier: Apache-2.0
"""Many calls of one process: load.py JOBS (asyncio | threads) IN_FLIGHT

Job n is sent by lane n % IN_FLIGHT, each lane on a kept-alive connection of its own.
"""
import asyncio
import http.client
import json
import ssl
import sys
import threading
import urllib.parse

import aiohttp


def lanes(jobs, in_flight):
    return [jobs[n::in_flight] for n in range(in_flight)]


async def ask(session, job):
    async with session.post(job["url"], data=job["body"], headers=job["headers"]) as answer:
        await answer.read()
        assert answer.status == 200


async def lane_async(session, jobs):
    for job in jobs:
        await ask(session, job)


async def run_asyncio(jobs, in_flight):
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(), limit=in_flight)
    timeout = aiohttp.ClientTimeout(total=150)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        await asyncio.gather(*(lane_async(session, lane) for lane in lanes(jobs, in_flight)))


def lane_thread(jobs, failed):
    url = urllib.parse.urlsplit(jobs[0]["url"])
    connection = http.client.HTTPSConnection(url.hostname, url.port, timeout=150,
                                             context=ssl.create_default_context())
    for job in jobs:
        connection.request("POST", url.path, job["body"], job["headers"])
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            failed.append(job)
    connection.close()


def run_threads(jobs, in_flight):
    failed = []
    threads = [threading.Thread(target=lane_thread, args=(lane, failed))
               for lane in lanes(jobs, in_flight)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failed


def main():
    with open(sys.argv[1]) as f:
        jobs = json.load(f)
    if sys.argv[2] == "asyncio":
        asyncio.run(run_asyncio(jobs, int(sys.argv[3])))
    else:
        run_threads(jobs, int(sys.argv[3]))


main()
