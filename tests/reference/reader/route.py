# SPDX-License-Identifier: Apache-2.0
"""Whose API an exchange speaks to and which one: by host and path, by shape where the host is
unknown."""
import re
import urllib.parse

from .bodies import documents, parse_json, request_of

HOSTS = [(re.compile(pattern), provider) for pattern, provider in (
    (r"(^|\.)api\.openai\.com$|^chatgpt\.com$", "openai"),
    (r"\.(openai|cognitiveservices|services\.ai)\.azure\.com$|\.azure-api\.net$", "azure"),
    (r"^api\.anthropic\.com$", "anthropic"),
    (r"^aws-external-anthropic\.[^.]+\.api\.aws$", "anthropic-aws"),
    (r"^([^.]+-)?aiplatform\.googleapis\.com$|^aiplatform\.[^.]+\.rep\.googleapis\.com$", "vertex"),
    (r"^claude\.googleapis\.com$", "vertex"),
    (r"^generativelanguage\.googleapis\.com$", "gemini"),
    (r"^bedrock-mantle\.[^.]+\.api\.aws$", "bedrock-mantle"),
    (r"^bedrock-runtime(-fips)?\.[^.]+\.(amazonaws\.(com|com\.cn|eu)|api\.aws)$", "bedrock"),
    (r"^openrouter\.ai$", "openrouter"),
    (r"^ai-gateway\.vercel\.sh$", "vercel-gw"),
    (r"^router\.huggingface\.co$", "hf"),
    (r"^(api|codestral)\.mistral\.ai$", "mistral"),
    (r"^api\.groq\.com$", "groq"),
    (r"^api\.deepseek\.com$", "deepseek"),
    (r"^api\.x\.ai$", "xai"),
    (r"^api\.cerebras\.ai$", "cerebras"),
    (r"^api\.together\.(xyz|ai)$", "together"),
    (r"^api\.fireworks\.ai$", "fireworks"),
    (r"^api\.perplexity\.ai$", "perplexity"),
    (r"^api\.z\.ai$|^open\.bigmodel\.cn$", "zai"),
    (r"^api\.moonshot\.(ai|cn)$", "moonshot"),
    (r"^api\.minimaxi?\.(com|io)$", "minimax"),
    (r"^api\.novita\.ai$", "novita"),
    (r"^dashscope[^.]*\.aliyuncs\.com$", "dashscope"),
    (r"^api\.cohere\.(com|ai)$", "cohere"),
    (r"^api\.voyageai\.com$", "voyage"),
    (r"^api\.writer\.com$", "writer"),
    (r"^api\.replicate\.com$", "replicate"),
    (r"^(www\.)?ollama\.com$", "ollama"),
    (r"^api\.portkey\.ai$", "portkey"),
    (r"^gateway\.pydantic\.dev$", "pydantic"),
    (r"^gateway\.ai\.cloudflare\.com$", "cloudflare"),
)]

# Method, path -> endpoint, dialect; the first that fits.
PATHS = [(method, re.compile(pattern), endpoint, dialect) for method, pattern, endpoint, dialect in (
    ("POST", r"/chat/completions$", "chat", "chat"),
    ("POST", r"/completions$", "completions", "chat"),
    ("POST", r"/responses/input_tokens$", "count_tokens", "free"),
    ("POST", r"/responses/compact$", "compact", "responses"),
    ("POST", r"/responses$", "responses", "responses"),
    ("GET", r"/responses/[^/]+$", "view", "responses"),
    ("POST", r"/responses/[^/]+/cancel$", "view", "responses"),
    ("POST", r"/threads(/[^/]+)?/runs$", "runs", "runs"),
    ("GET", r"/threads/[^/]+/runs/[^/]+$", "runs", "runs"),
    ("POST", r"/threads/[^/]+/runs/[^/]+/(submit_tool_outputs|cancel)$", "runs", "runs"),
    ("POST", r"/messages/count_tokens$", "count_tokens", "free"),
    ("GET", r"/messages/batches/[^/]+/results$", "batch", "messages"),
    ("POST", r"/messages$", "messages", "messages"),
    ("POST", r"/publishers/anthropic/models/count-tokens:rawPredict$", "count_tokens", "free"),
    ("POST", r"/publishers/anthropic/models/[^/]+:(r|streamR)awPredict$", "messages", "messages"),
    ("POST", r"/publishers/[^/]+/models/[^/]+:(r|streamR)awPredict$", "chat", "chat"),
    ("POST", r":(generateContent|streamGenerateContent)$", "generate_content", "gemini"),
    ("POST", r":(countTokens|computeTokens)$", "count_tokens", "free"),
    ("POST", r":(embedContent|batchEmbedContents)$", "embeddings", "gemini"),
    ("POST", r"/models/[^/]+:predict$", "predict", "predict"),
    ("POST", r"/interactions$", "interactions", "interactions"),
    ("POST", r"/model/[^/]+/converse(-stream)?$", "converse", "converse"),
    ("POST", r"/model/[^/]+/invoke(-with-response-stream)?$", "invoke", "invoke"),
    ("POST", r"/model/[^/]+/count-tokens$", "count_tokens", "free"),
    ("POST", r"/guardrail/[^/]+/version/[^/]+/apply$", "guardrail", "unmetered"),
    ("POST", r"/api/chat$", "chat", "ollama"),
    ("POST", r"/api/generate$", "completions", "ollama"),
    ("POST", r"/api/(embed|embeddings)$", "embeddings", "ollama"),
    ("POST", r"/embeddings$", "embeddings", "embeddings"),
    ("POST", r"/embed$", "embeddings", "cohere"),
    ("POST", r"/moderations$", "moderations", "free"),
    ("POST", r"/images/(generations|edits|variations)$", "images", "images"),
    ("POST", r"/audio/(transcriptions|translations)$", "transcriptions", "transcriptions"),
    ("POST", r"/audio/speech$", "speech", "speech"),
    ("POST", r"/predictions$", "predictions", "predictions"),
    ("GET", r"/v1/predictions/[^/]+$", "predictions", "predictions"),
    ("POST", r"/rerank$", "rerank", "rerank"),
    ("POST", r"/ocr$", "ocr", "ocr"),
    ("POST", r"/v1/tokenize$", "count_tokens", "free"),
    ("POST", r"/v\d/chat$", "chat", "cohere"),
    ("POST", r"/v1/generate$", "completions", "cohere"),
    ("POST", r"/v1/complete$", "completions", "unmetered"),
    ("POST", r"/generate(_stream)?$", "completions", "tgi"),
    ("POST", r"/completion$", "completions", "llamacpp"),
)]
# Stored messages of other APIs, and set-up of sessions whose traffic goes elsewhere.
NOT_A_CALL = re.compile(r"/(threads|sessions)/[^/]+/messages$|/realtime/(calls|sessions|client_secrets)$")
# Whose format an unknown host speaks, by what stands in the path, else by dialect.
PARTS = (("/openai/deployments/", "azure"), ("/publishers/anthropic/", "vertex"),
         ("/messages/count_tokens", "anthropic"), (":countTokens", "gemini"),
         (":computeTokens", "gemini"), ("/count-tokens", "bedrock"))
HOME = {"messages": "anthropic", "gemini": "gemini",
        "interactions": "gemini", "predict": "vertex", "converse": "bedrock", "invoke": "bedrock",
        "ollama": "ollama", "cohere": "cohere", "rerank": "cohere", "ocr": "mistral", "tgi": "tgi", "llamacpp": "llamacpp"}
# Paths that mean a model call only on their own provider's host, or with a body of that shape.
ASKS = ("model", "messages", "contents", "prompt", "input", "inputs", "requests", "texts", "query",
        "instances")
ANSWERS = ("usage", "usageMetadata", "choices", "candidates", "data", "generations")
# Members of an answer's head that only one provider sends.
HEADS = (("x-ms-served-model", "azure"), ("x-ms-deployment-name", "azure"),
         ("mistral-correlation-id", "mistral"), ("x-generation-id", "openrouter"),
         ("x-groq-region", "groq"), ("inference-id", "cerebras"), ("x-gemini-service-tier", "gemini"),
         ("anthropic-organization-id", "anthropic"), ("openai-processing-ms", "openai"))
OWN_HOST = {"unmetered": ("anthropic", "bedrock"), "predictions": ("replicate",)}


def path_of(x):
    return x.path.split("?")[0].rstrip("/")


def known_host(x):
    host = re.sub(r":\d+$", "", x.host.lower())
    return next((provider for pattern, provider in HOSTS if pattern.search(host)), None)


def route_of(x):
    """(endpoint, dialect), or None where it is no model call."""
    path = path_of(x)
    if NOT_A_CALL.search(path):
        return None
    for method, pattern, endpoint, dialect in PATHS:
        if x.method.upper() != method or not pattern.search(path):
            continue
        host = known_host(x)
        if host == "writer" and endpoint == "chat":
            dialect = "chat"
        if dialect == "rerank" and host == "cohere":
            dialect = "cohere"
        if host is None and not has_shape(x, dialect):
            return None
        return endpoint, dialect
    return None


def has_shape(x, dialect):
    """An unknown host's exchange is a call when its bodies look like one."""
    if dialect in OWN_HOST or dialect == "cohere" and not path_of(x).endswith("/v2/chat"):
        return False
    if dialect in ("invoke", "converse") and parse_json(x.req_body):
        return True
    return any(k in request_of(x) for k in ASKS) or x.method.upper() == "GET" or \
        any(k in d for d in documents(x)[1] for k in ANSWERS)


def provider_of(x, dialect):
    """Of an unknown host who its answer shows, else the one whose format it speaks."""
    named = next((provider for part, provider in PARTS if part in path_of(x)), None)
    return known_host(x) or evidence(x) or named or HOME.get(dialect, "openai")


def evidence(x):
    server, docs = x.headers.get("server", "").lower(), documents(x)[1]
    if server == "llama.cpp" or any(isinstance(d.get("timings"), dict) for d in docs):
        return "llamacpp"
    told = next((provider for name, provider in HEADS if name in x.headers), None)
    if told:
        return told
    is_gateway = any(name.startswith("x-litellm-") for name in x.headers)
    ids = [d.get("id") for d in docs if isinstance(d.get("id"), str)]
    if server == "uvicorn" and not is_gateway and ids and re.match(r"(chatcmpl|chat|cmpl)-", ids[0]):
        return "vllm"
    return None


def asked_model(x, request):
    """Of the path where the path names it, else of the request."""
    path = urllib.parse.unquote(path_of(x))
    for pattern in (r"/model/(.+)/(?:converse|invoke|count-tokens)[a-z-]*$",
                    r"/deployments/([^/]+)/", r"/models/([^/:]+):\w+$"):
        found = re.search(pattern, path)
        if found and found[1] != "count-tokens":
            return found[1]
    asked = request.get("model")
    if not asked and isinstance(request.get("models"), list) and request["models"]:
        asked = request["models"][0]
    return asked if isinstance(asked, str) and asked else None
