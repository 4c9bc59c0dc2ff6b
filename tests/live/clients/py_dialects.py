# SPDX-License-Identifier: Apache-2.0
"""Providers' own SDKs, unmodified: py_dialects.py JOBS genai|boto3|mistral|cohere|groq|ollama.

Each speaks to its provider's own name. One JSON line per job: what became of it."""
import json
import sys


def genai():
    from google import genai as sdk
    client = sdk.Client(api_key="dummy")

    def ask(job, say):
        call = client.models.generate_content_stream if job["stream"] else client.models.generate_content
        return call(model=job["model"], contents=say)
    return ask


def boto3():
    import boto3 as sdk
    from botocore.config import Config
    client = sdk.client("bedrock-runtime", region_name="us-east-1",
                        config=Config(retries={"max_attempts": 0}))

    def converse(job, say):
        call = client.converse_stream if job["stream"] else client.converse
        answer = call(modelId=job["model"], messages=[{"role": "user", "content": [{"text": say}]}])
        return answer["stream"] if job["stream"] else answer

    def invoke(job, say):
        call = client.invoke_model_with_response_stream if job["stream"] else client.invoke_model
        return call(modelId=job["model"], body=json.dumps({"prompt": say}))["body"]
    return lambda job, say: (converse if job["endpoint"] == "converse" else invoke)(job, say)


def mistral():
    try:
        from mistralai import Mistral
    except ImportError:
        from mistralai.client import Mistral
    client = Mistral(api_key="dummy")

    def ask(job, say):
        call = client.chat.stream if job["stream"] else client.chat.complete
        return call(model=job["model"], messages=[{"role": "user", "content": say}])
    return ask


def cohere():
    import cohere as sdk
    client = sdk.ClientV2("dummy")

    def ask(job, say):
        call = client.chat_stream if job["stream"] else client.chat
        return call(model=job["model"], messages=[{"role": "user", "content": say}])
    return ask


def groq():
    import groq as sdk
    client = sdk.Groq(api_key="dummy", max_retries=0)
    return lambda job, say: client.chat.completions.create(
        model=job["model"], messages=[{"role": "user", "content": say}], stream=job["stream"])


def ollama():
    from ollama import Client
    client = Client(host="https://ollama.com")

    def ask(job, say):
        if job["endpoint"] == "completions":
            return client.generate(model=job["model"], prompt=say, stream=job["stream"])
        return client.chat(model=job["model"], messages=[{"role": "user", "content": say}],
                           stream=job["stream"])
    return ask


def main():
    with open(sys.argv[1]) as f:
        jobs = json.load(f)
    ask = {f.__name__: f for f in (genai, boto3, mistral, cohere, groq, ollama)}[sys.argv[2]]()
    for job in jobs:
        error = None
        try:
            answer = ask(job, f"exchange:{job['ask']}")
            if hasattr(answer, "read"):
                answer.read()
            elif job["stream"]:
                for _ in answer:
                    pass
        except Exception as e:  # an answer the SDK refuses is still a call
            error = type(e).__name__
        print(json.dumps({"ask": job["ask"], "error": error}), flush=True)


main()
