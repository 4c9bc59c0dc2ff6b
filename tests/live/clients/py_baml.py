# SPDX-License-Identifier: Apache-2.0
"""The client that baml-cli makes of clients/ask.baml: py_baml.py FOLDER JOBS.

BAML's own core speaks to the model; Python only asks. One JSON line per job."""
import json
import sys

sys.path.insert(0, sys.argv[1])

from baml_client import b       # noqa: E402


def ask(job):
    if not job["stream"]:
        return b.Ask(f"exchange:{job['ask']}")
    stream = b.stream.Ask(f"exchange:{job['ask']}")
    for _ in stream:
        pass
    return stream.get_final_response()


def main():
    with open(sys.argv[2]) as f:
        jobs = json.load(f)
    for job in jobs:
        print(json.dumps({"ask": job["ask"], "text": ask(job)}), flush=True)


main()
