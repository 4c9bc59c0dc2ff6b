# SPDX-License-Identifier: Apache-2.0
"""LiteLLM, unmodified, in front of one provider: py_litellm.py JOBS openai|anthropic|gemini|bedrock.

Each speaks to its provider's own name. One JSON line per job: what became of it."""
import json
import sys

import litellm

ROUTES = {"bedrock": "bedrock/converse"}        # else some models are asked by InvokeModel


def ask(job, provider):
    answer = litellm.completion(
        model=f"{ROUTES.get(provider, provider)}/{job['model']}", stream=job["stream"], max_retries=0,
        messages=[{"role": "user", "content": f"exchange:{job['ask']}"}])
    if job["stream"]:
        for _ in answer:
            pass


def main():
    with open(sys.argv[1]) as f:
        jobs = json.load(f)
    for job in jobs:
        error = None
        try:
            ask(job, sys.argv[2])
        except Exception as e:  # an answer that it refuses is still a call
            error = type(e).__name__
        print(json.dumps({"ask": job["ask"], "error": error}), flush=True)


main()
