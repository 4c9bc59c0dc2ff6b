# SPDX-License-Identifier: Apache-2.0
"""Rust HTTP clients in stripped wheels, jobs sent verbatim: raw_rustls.py JOBS httpr|pyreqwest [gather]

httpr is reqwest on rustls and ring, pyreqwest is reqwest on rustls and AWS-LC. With gather all jobs
run at once, each on a connection of its own."""
import asyncio
import concurrent.futures
import json
import os
import sys
import time

# A library that is mapped just before its first call has no probes yet: that window is known, counted
# and not what is tested here.
ATTACH_S = 1


def tell(job, status, text):
    print(json.dumps({"ask": job["ask"], "status": status, "bytes": len(text)}), flush=True)


def body_of(job):
    with open(job["body"], "rb") as f:
        return f.read()


def run_httpr(jobs, is_gathered):
    import httpr
    time.sleep(ATTACH_S)

    def run(client, job):
        answer = client.post(job["url"], content=body_of(job), headers=job["headers"])
        tell(job, answer.status_code, answer.content)

    def alone(job):
        run(httpr.Client(ca_cert_file=os.environ["SSL_CERT_FILE"], timeout=60), job)

    if is_gathered:
        with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
            list(pool.map(alone, jobs))
        return
    client = httpr.Client(ca_cert_file=os.environ["SSL_CERT_FILE"], timeout=60)
    for job in jobs:
        run(client, job)


async def run_pyreqwest(jobs, is_gathered):
    from pyreqwest.client import ClientBuilder
    time.sleep(ATTACH_S)

    with open(os.environ["SSL_CERT_FILE"], "rb") as f:
        ca = f.read()
    async with ClientBuilder().add_root_certificate_pem(ca).build() as client:
        async def run(job):
            request = client.post(job["url"]).headers(job["headers"]).body_bytes(body_of(job))
            answer = await request.build().send()
            tell(job, answer.status, await answer.bytes())

        if is_gathered:
            await asyncio.gather(*(run(job) for job in jobs))
        else:
            for job in jobs:
                await run(job)


def main():
    with open(sys.argv[1]) as f:
        jobs = json.load(f)
    if sys.argv[2] == "httpr":
        run_httpr(jobs, "gather" in sys.argv)
    else:
        asyncio.run(run_pyreqwest(jobs, "gather" in sys.argv))
    sys.stdout.flush()
    # pyreqwest's threads may outlive the interpreter that they call back into
    os._exit(0)


main()
