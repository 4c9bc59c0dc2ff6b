# SPDX-License-Identifier: Apache-2.0
"""What of the recorded traffic tolltap is held to, as far as it has learnt it.

Everything is classified by the reader; only calls of these providers, and not of these endpoints,
are played and compared. The lists are to become empty."""

PROVIDERS = ("openai", "anthropic")
ENDPOINTS_TO_COME = ("images", "transcriptions", "speech", "batch")


def is_checked(provider, endpoint):
    return provider in PROVIDERS and endpoint not in ENDPOINTS_TO_COME
