# SPDX-License-Identifier: Apache-2.0
"""urllib, as recorded: each job's body is sent verbatim. raw_urllib.py JOBS"""
import json
import sys
import urllib.error
import urllib.request


def main():
    with open(sys.argv[1]) as f:
        jobs = json.load(f)
    for job in jobs:
        with open(job["body"], "rb") as f:
            body = f.read()
        request = urllib.request.Request(job["url"], data=body, headers=job["headers"])
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                size = len(answer.read())
        except urllib.error.HTTPError as e:
            size = len(e.read())
        print(json.dumps({"ask": job["ask"], "bytes": size}), flush=True)


main()
