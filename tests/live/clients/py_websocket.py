# SPDX-License-Identifier: Apache-2.0
"""A WebSocket client of OpenAI's APIs: the `websockets` package by hand, or the SDK's connections.

    py_websocket.py {raw|uncompressed|responses|realtime} PORT CALLS [later]

later: after its first two calls it says so, and goes on when it is told to.
"""
import json
import os
import ssl
import sys

import openai
from websockets.sync.client import connect

KIND, PORT, CALLS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def ask(n):
    return {"model": f"gpt-test-{n}", "input": f"call {n} " * 400}


def raw(compression):
    """Two lanes at a time on one connection, and pings between."""
    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    with connect(f"wss://localhost:{PORT}/v1/responses", ssl=context, compression=compression,
                 additional_headers={"Authorization": "Bearer sk-dummy"}) as ws:
        for n in range(0, CALLS, 2):
            for lane in range(2):
                ws.send(json.dumps({"type": "response.create", "stream_id": f"s{lane}",
                                    **ask(n + lane)}))
            ws.ping()
            done = 0
            while done < 2:
                done += json.loads(ws.recv())["type"] == "response.completed"
            if n == 0 and sys.argv[4:] == ["later"]:
                print("used", flush=True)
                sys.stdin.readline()


def sdk_responses(client):
    with client.responses.connect() as connection:
        for n in range(CALLS):
            connection.response.create(**ask(n))
            for event in connection:
                if event.type == "response.completed":
                    break


def sdk_realtime(client):
    with client.realtime.connect(model="gpt-realtime-test") as connection:
        for _ in range(CALLS):
            connection.response.create()
            for event in connection:
                if event.type == "response.done":
                    break


if KIND in ("raw", "uncompressed"):
    raw("deflate" if KIND == "raw" else None)
else:
    sdk = openai.OpenAI(base_url=f"https://localhost:{PORT}/v1", api_key="sk-dummy")
    sdk_responses(sdk) if KIND == "responses" else sdk_realtime(sdk)
