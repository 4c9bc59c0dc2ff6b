# SPDX-License-Identifier: Apache-2.0
"""What of the recorded traffic tolltap is held to, as far as it has learnt it.

Everything is classified by the reader; only calls of these providers, and not of these endpoints,
are played and compared. The lists are to become empty."""

PROVIDERS = ("openai", "anthropic", "azure", "bedrock-mantle", "cerebras", "deepseek", "groq", "hf",
             "mistral", "ollama", "perplexity", "together", "voyage", "xai", "zai")
ENDPOINTS_TO_COME = ("images", "transcriptions", "speech", "batch", "rerank", "ocr")
OLLAMA_TO_COME = ("/api/chat", "/api/generate", "/api/embed", "/api/embeddings")


def is_checked(provider, endpoint, host, path):
    return provider in PROVIDERS and host is not None and endpoint not in ENDPOINTS_TO_COME and \
        path not in OLLAMA_TO_COME
