# SPDX-License-Identifier: Apache-2.0
"""Recorded exchanges of other providers through their own SDKs, each to its provider's own name."""
import json
import random

import pytest

import conftest
import drive
import reader
import truth

PER_CLIENT = 8
# SDK, provider, endpoints, and whether streams are asked for.
CLIENTS = [
    ("genai", "gemini", ("generate_content",), False), ("genai", "gemini", ("generate_content",), True),
    ("boto3", "bedrock", ("converse", "invoke"), False), ("boto3", "bedrock", ("converse", "invoke"), True),
    ("mistral", "mistral", ("chat",), False), ("mistral", "mistral", ("chat",), True),
    ("cohere", "cohere", ("chat",), False), ("cohere", "cohere", ("chat",), True),
    ("groq", "groq", ("chat",), False), ("groq", "groq", ("chat",), True),
    ("ollama", "ollama", ("chat", "completions"), False), ("ollama", "ollama", ("chat", "completions"), True),
    ("node genai", "gemini", ("generate_content",), False), ("node genai", "gemini", ("generate_content",), True),
    ("node ai", "openai", ("chat",), False), ("node ai", "openai", ("chat",), True),
]
# One library in front of many, as a dependency of half the agents there are.
LITELLM = [(f"litellm {provider}", provider, (endpoint,), is_stream)
           for provider, endpoint in (("openai", "chat"), ("anthropic", "messages"),
                                      ("gemini", "generate_content"), ("bedrock", "converse"))
           for is_stream in (False, True)]
ENDINGS = {"cohere": "/v2/chat", "ollama": "/api/"}     # of several APIs the one this SDK speaks


def command_of(sdk, jobs):
    if sdk.startswith("node "):
        return [drive.NODE, str(drive.CLIENTS / "node_dialects.mjs"), str(drive.CACHE / "node"), str(jobs), sdk[5:]]
    if sdk.startswith("litellm "):
        return [drive.wide_python(), str(drive.CLIENTS / "py_litellm.py"), str(jobs), sdk[8:]]
    return [drive.PYTHON, str(drive.CLIENTS / "py_dialects.py"), str(jobs), sdk]


def share(of_providers, sdk, provider, endpoints, is_stream):
    """Exchanges that this SDK can be answered with."""
    rows = []
    for r in of_providers:
        want = reader.read(r.exchange())
        fits = want and (want["provider"], want["stream"]) == (provider, is_stream) and \
            want["endpoint"] in endpoints and r.status == 200 and want["requested"]
        if fits and ENDINGS.get(sdk, "/") in r.path and not r.response.lstrip().startswith(b"[") and \
                "arn:" not in want["requested"]:
            rows.append((r, want))
    random.Random(f"{conftest.SEED}/{sdk}/{is_stream}").shuffle(rows)
    return rows[:PER_CLIENT]


@pytest.mark.parametrize("sdk, provider, endpoints, is_stream", CLIENTS,
                         ids=[f"{c[0]}{' stream' * c[3]}" for c in CLIENTS])
def test_sdk(sdk, provider, endpoints, is_stream, recorded, of_providers, tls, book, home, tmp_path):
    rows = share(recorded + of_providers, sdk, provider, endpoints, is_stream)
    play(sdk, rows, is_stream, tls, book, home, tmp_path, tls.named)


@pytest.mark.wide
@pytest.mark.parametrize("sdk, provider, endpoints, is_stream", LITELLM,
                         ids=[f"{c[0]}{' stream' * c[3]}" for c in LITELLM])
def test_litellm(sdk, provider, endpoints, is_stream, recorded, of_providers, tls, book, home,
                 tmp_path):
    rows = share(recorded + of_providers, sdk, provider, endpoints, is_stream)
    play(sdk, rows, is_stream, tls, book, home, tmp_path, tls.named)


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("protocols", [conftest.H2], ids=["h2"])
def test_sdk_over_h2(is_stream, of_providers, tls, book, home, tmp_path):
    """The AWS SDK for node, on a host that only its paths give away."""
    rows = share(of_providers, "node aws", "bedrock", ("converse", "invoke"), is_stream)
    play("node aws", rows, is_stream, tls, book, home, tmp_path)
    assert {c.connection.protocol for c in tls.calls} == {"h2"}


def play(sdk, rows, is_stream, tls, book, home, tmp_path, prefix=()):
    assert rows, f"no exchange for {sdk}"
    jobs = [{"ask": r.id, "endpoint": want["endpoint"], "stream": is_stream, "model": want["requested"]}
            for r, want in rows]
    (tmp_path / "jobs").write_text(json.dumps(jobs))
    env = drive.environment(tls, home) | {
        "AWS_ACCESS_KEY_ID": "AKIADUMMY", "AWS_SECRET_ACCESS_KEY": "sk-dummy-aws",
        "AWS_EC2_METADATA_DISABLED": "true", "AWS_CA_BUNDLE": tls.pki.ca,
        "OLLAMA_API_KEY": "sk-dummy-ollama", "GEMINI_API_KEY": "sk-dummy-gemini",
        "AWS_REGION": "us-east-1", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    if not prefix:
        env["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] = tls.url
    outcome = drive.run(command_of(sdk, tmp_path / "jobs"), env, tmp_path, prefix=prefix)
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == len(jobs), outcome.stdout
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    truth.none(truth.leaks(tmp_path, [outcome.stderr], [f"exchange:{j['ask']}" for j in jobs]))
