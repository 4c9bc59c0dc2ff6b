# SPDX-License-Identifier: Apache-2.0
"""xai-sdk, unmodified: py_xai.py MODEL whole|stream... One JSON line per call, or its error."""
import json
import sys

import grpc
from xai_sdk import Client
from xai_sdk.chat import user


def ask(client, how):
    chat = client.chat.create(model=sys.argv[1], messages=[user("What is the sky like in Oslo?")])
    if how == "whole":
        return chat.sample()
    for response, _ in chat.stream():
        pass
    return response


def main():
    client = Client(api_key="sk-dummy-xai")
    for how in sys.argv[2:]:
        try:
            response = ask(client, how)
        except grpc.RpcError as e:
            print(json.dumps({"error": e.code().name}), flush=True)
            continue
        print(json.dumps({"text": response.content, "prompt": response.usage.prompt_tokens,
                          "completion": response.usage.completion_tokens,
                          "reasoning": response.usage.reasoning_tokens}), flush=True)


main()
