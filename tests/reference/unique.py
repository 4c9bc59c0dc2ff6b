# SPDX-License-Identifier: Apache-2.0
"""Copies of a recorded exchange that can be told apart: own response ids, own token counts."""
import re

import reader
from exchanges import Recorded
from rewrite import edit_body

ID_KEYS = re.compile(rb'"id"\s*:\s*"((?:chatcmpl|cmpl|resp|msg|gen)[-_][A-Za-z0-9_-]+)"')
ID_HEADERS = re.compile(r"(request-?id|correlation-id|generation-id|inference-id|call-id)$", re.I)


def copy(recorded, serial, has_own_usage=False):
    """A copy whose response ids, and on request token counts, no other answer has."""
    body = recorded.response
    ids = set(ID_KEYS.findall(body))
    reading = reader.read(recorded.exchange())
    if reading and reading["response_id"]:
        ids.add(reading["response_id"].encode())

    def rename(text):
        for old in sorted(ids, key=len, reverse=True):
            new = (old[:-6] if len(old) > 14 else old) + b"%06d" % serial
            text = text.replace(b'"' + old + b'"', b'"' + new + b'"')
        return text

    body = edit_body(body, rename) if ids else body
    if has_own_usage:
        body = re.sub(rb'"(input_tokens|prompt_tokens|output_tokens|completion_tokens)"\s*:\s*\d+',
                      lambda m: b'"%s":%d' % (m[1], serial * 10000 + len(m[1])), body)
        body = re.sub(rb'"total_tokens"\s*:\s*\d+', lambda m: b'"total_tokens":%d' % (
            20000 * serial + total_extra(body)), body)
    heads = [(k, v + f"{serial:06d}" if ID_HEADERS.search(k) else v)
             for k, v in recorded.resp_headers]
    twin = Recorded.__new__(Recorded)
    twin.__dict__.update(recorded.__dict__, response=body, resp_headers=heads)
    return twin


def total_extra(body):
    has_prompt = b'"prompt_tokens"' in body
    names = ("prompt_tokens", "completion_tokens") if has_prompt else ("input_tokens", "output_tokens")
    return sum(map(len, names))
