# SPDX-License-Identifier: Apache-2.0
"""What of the recorded traffic tolltap is not held to yet. The lists are to become empty."""

# Recordings that are read differently, by what is to be learnt.
TO_COME = {
    "llama.cpp tells what its cache held": "249b31ebf9e8 676ef626e94d 7685f29e4d7f 7a23f7dd4ed6 "
                                           "a85dbbf75fa0 ab86857058ce bc25c6bf0996",
    "a reported cost has more than 12 digits": "c2df2b724704",
    "counts written 6.0": "79bfad332664",
    "finish and id of Bedrock's vendors": "657ab3d46757 6b9be5eecd26 f045e20b894e 09d868bda7dd "
                                          "fb91ed704d04 8ef435418401 5d70ad43452b 9534ea41531e "
                                          "ae41cec5dd89 af5343106edb",
    "the head's counts where the body has but some": "9d0210f04918",
    "arrays answered as application/json": "2a4a4f4faa2b 838e12e160e9",
    "Gemini counts without a prompt": "de0091b13cb6 70e170ab523c",
    "Cohere's error_type": "183def70178f",
    "pictures of xAI": "91cdfba21669",
    "Ollama's /api/embeddings": "cfc914ec3302",
}
WAITING = {i for ids in TO_COME.values() for i in ids.split()}
# An input nobody told of is absent, not 0.
UNKNOWN_INPUT_IS_ABSENT = False


def is_checked(recorded_id):
    return recorded_id not in WAITING
