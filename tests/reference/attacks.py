# SPDX-License-Identifier: Apache-2.0
"""Prompts and answers that imitate usage, events and HTTP: nothing of them may be counted.

FAKE stands in every imitated count, so that one search of the output finds any that slipped in."""
import hashlib
import json

from exchanges import Recorded, sse_text

FAKE = 987654
USAGE = (f'"usage":{{"prompt_tokens":{FAKE},"completion_tokens":{FAKE},"input_tokens":{FAKE},'
         f'"output_tokens":{FAKE},"total_tokens":{2 * FAKE}}}')
FAKE_USAGE = {"prompt_tokens": FAKE, "completion_tokens": FAKE, "input_tokens": FAKE,
              "output_tokens": FAKE, "total_tokens": FAKE}
DELTA = f'{{"type":"message_delta","delta":{{"stop_reason":"end_turn"}},{USAGE}}}'
COMPLETED = (f'{{"type":"response.completed","response":{{"id":"resp_evil","object":"response",'
             f'"model":"gpt-evil","status":"completed",{USAGE}}}}}')
CHUNK = f'{{"id":"chatcmpl-evil","model":"gpt-evil","choices":[],{USAGE}}}'
RESPONSE = f'{{"id":"chatcmpl-evil","object":"chat.completion","model":"gpt-evil",{USAGE}}}'

# Text that stands inside a JSON string of the prompt and of the answer.
TEXTS = [
    "{" + USAGE + "}",
    USAGE,
    '"},"finish_reason":"stop"}],' + USAGE + "}",
    '\\"},' + USAGE + "}",
    '\\\\"}],' + USAGE + ',"x":"\\\\',
    '\\u0022},\\u0022usage\\u0022:{\\u0022prompt_tokens\\u0022:' + str(FAKE) + "}",
    "\n\ndata: " + CHUNK + "\n\ndata: [DONE]\n\n",
    "\r\n\r\ndata: " + CHUNK + "\r\n\r\n",
    "\n\nevent: message_delta\ndata: " + DELTA + "\n\nevent: message_stop\ndata: {}\n\n",
    "\n\nevent: response.completed\ndata: " + COMPLETED + "\n\n",
    f"\r\n0\r\n\r\nHTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: "
    f"{len(RESPONSE)}\r\n\r\n" + RESPONSE,
    "\r\n\r\nPOST /v1/chat/completions HTTP/1.1\r\nhost: api.openai.com\r\ncontent-length: 18\r\n"
    '\r\n{"model":"gpt-evil"}',
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00" + RESPONSE,
    "[" * 3000 + "{" * 3000 + USAGE,
    "\x00\x01\x02" + RESPONSE + "\x7f",
    "\u2028data: " + CHUNK + "\u2029",
    "\ud83d\ude00\ud800" + RESPONSE,
    "".join(chr(0x80 + n % 0x700) for n in range(900)) + RESPONSE,
    json.dumps(RESPONSE),
    json.dumps(json.dumps(RESPONSE)),
]


def recorded(name, path, request, response, is_sse=False, status=200):
    kind = "text/event-stream" if is_sse else "application/json"
    host = "api.anthropic.com" if path.endswith("/messages") else "api.openai.com"

    def body(x):
        return x if isinstance(x, bytes) else json.dumps(x).encode()
    return Recorded({
        "id": hashlib.sha256(name.encode()).hexdigest()[:12], "about": name, "method": "POST",
        "host": host, "path": path, "status": status, "resp_headers": [["content-type", kind]],
        "request": body(request), "response": response if is_sse else body(response)})


def prompt(text):
    return [{"role": "user", "content": text}]


def chat_usage():
    return {"prompt_tokens": 21, "completion_tokens": 9, "total_tokens": 30}


def chat(name, text, **extra):
    message = {"role": "assistant", "content": text, "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": text}}]}
    response = {"id": "chatcmpl-HonestHonestHonest01", "object": "chat.completion",
                "model": "gpt-4o-2024-08-06",
                "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
                "usage": chat_usage(), **extra}
    request = {"messages": prompt(text), "model": "gpt-4o", "metadata": {"model": "gpt-evil"}}
    return recorded(name, "/v1/chat/completions", request, response)


def chat_stream(name, text):
    def event(**k):
        return [None, {"id": "chatcmpl-HonestHonestHonest02", "model": "gpt-4o-2024-08-06",
                       "object": "chat.completion.chunk", **k}]
    events = [event(choices=[{"index": 0, "delta": {"content": part}, "finish_reason": None}],
                    usage=None) for part in (text, text[: len(text) // 2], text)]
    events += [event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}], usage=None),
               event(choices=[], usage=chat_usage()), [None, "[DONE]"]]
    request = {"messages": prompt(text), "stream": True, "model": "gpt-4o"}
    return recorded(name, "/v1/chat/completions", request, sse_text(events), True)


def messages_stream(name, text):
    start = {"id": "msg_01HonestHonestHonest3", "type": "message", "role": "assistant",
             "model": "claude-sonnet-4-5-20250929", "content": [], "stop_reason": None,
             "usage": {"input_tokens": 11, "output_tokens": 1}}
    events = [["message_start", {"type": "message_start", "message": start}]]
    for n, delta in enumerate(({"type": "text_delta", "text": text},
                               {"type": "input_json_delta", "partial_json": text},
                               {"type": "thinking_delta", "thinking": text})):
        events += [["content_block_start", {"type": "content_block_start", "index": n,
                                            "content_block": {"type": "text", "text": text}}],
                   ["content_block_delta", {"type": "content_block_delta", "index": n,
                                            "delta": delta}],
                   ["content_block_stop", {"type": "content_block_stop", "index": n}]]
    events += [["message_delta", {"type": "message_delta", "delta": {"stop_reason": "end_turn"},
                                  "usage": {"output_tokens": 17}}],
               ["message_stop", {"type": "message_stop"}]]
    request = {"system": text, "messages": prompt(text), "stream": True, "max_tokens": 99,
               "model": "claude-sonnet-4-5"}
    return recorded(name, "/v1/messages", request, sse_text(events), True)


def responses(name, text):
    response = {"id": "resp_HonestHonestHonest04", "object": "response", "status": "completed",
                "model": "gpt-5-mini-2025-08-07", "instructions": text,
                "output": [{"type": "message", "content": [{"type": "output_text", "text": text}]},
                           {"type": "function_call", "name": "f", "arguments": text}],
                "usage": {"input_tokens": 33, "output_tokens": 8, "total_tokens": 41}}
    return recorded(name, "/v1/responses", {"input": text, "model": "gpt-5-mini"}, response)


def error(name, text):
    return recorded(name, "/v1/chat/completions", {"messages": prompt(text), "model": "gpt-4o"},
                    {"error": {"message": text, "type": "invalid_request_error", "code": None}},
                    status=400)


def structural():
    """Real JSON and real SSE, in places that are not the usage's."""
    nested = {"usage": FAKE_USAGE, "response": {"usage": FAKE_USAGE, "id": "resp_evil"},
              "message": {"usage": FAKE_USAGE, "id": "msg_evil"}, "model": "gpt-evil"}
    honest = chat("s", "x").response
    yield chat("metadata that holds a usage object", "x", metadata=nested)
    yield chat("a nested answer", "x", nested=[nested, [nested]])
    yield chat("a deep answer", "x", deep=json.loads("[" * 200 + json.dumps(nested) + "]" * 200))
    yield chat("a tool's structured result", "x", results={"usage": {"usage": FAKE_USAGE}})
    yield recorded("usage in an array", "/v1/chat/completions", {"model": "gpt-4o"},
                   json.dumps([nested]).encode())
    yield recorded("escaped key is the key", "/v1/chat/completions", {"model": "gpt-4o"},
                   honest.replace(b'"usage"', b'"us\\u0061ge"'))
    yield recorded("a later usage replaces an earlier", "/v1/chat/completions", {"model": "gpt-4o"},
                   b'{"usage":{"prompt_tokens":7,"completion_tokens":1},' + honest[1:])
    yield recorded("keys that look alike", "/v1/chat/completions", {"model": "gpt-4o"},
                   b'{"Usage":%s,"usage ":%s,"usag\\u0435":%s,' % ((json.dumps(
                       FAKE_USAGE).encode(),) * 3) + honest[1:])
    yield recorded("the model comes last, false ones before", "/v1/chat/completions",
                   {"messages": [{"role": "user", "content": [{"type": "text", "text": "x",
                                                               "model": "gpt-evil"}]}],
                    "tools": [{"function": {"parameters": {"properties": {"model": {
                        "const": "gpt-evil"}}}}}], "model": "gpt-4o"}, honest)
    stream = chat_stream("s", "x").response
    for name, junk in (
            ("comments", f": data: {CHUNK}\n\n: {CHUNK}\n\n"), ("other fields", f"id: {CHUNK}\n\n"),
            ("an event name", f"event: {CHUNK}\n\n"), ("retry", f"retry: {CHUNK}\n\n"),
            ("a field that only begins like data", f"datax: {CHUNK}\n\n"),
            ("no colon", f"{CHUNK}\n\n"), ("nested in data", "data: " + json.dumps(
                {"choices": [nested], "x": nested}) + "\n\n"),
            ("a string document", "data: " + json.dumps(CHUNK) + "\n\n"),
            ("an array document", f"data: [{CHUNK}]\n\n")):
        yield recorded(f"stream: {name}", "/v1/chat/completions", {"model": "gpt-4o"},
                       junk.encode() + stream, True)
    yield recorded("an upload that quotes an exchange", "/v1/files", RESPONSE.encode(),
                   {"object": "file", "usage": FAKE_USAGE, "id": "file-1"})
    yield recorded("a proxy's log", "/v1/logs", CHUNK.encode(), {"ok": True, "body": RESPONSE})


def load():
    """Every attack as an exchange; the honest counts are small."""
    out = []
    for n, text in enumerate(TEXTS):
        for make in (chat, chat_stream, messages_stream, responses, error):
            out.append(make(f"{make.__name__} {n}", text))
    return out + list(structural())
