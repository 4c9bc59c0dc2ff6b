# SPDX-License-Identifier: Apache-2.0
"""Copies of a recorded exchange that can be told apart: own response ids, own token counts."""
import re

from exchanges import Recorded

ID_KEYS = re.compile(rb'"id"\s*:\s*"((?:chatcmpl|cmpl|resp|msg)[-_][A-Za-z0-9_-]+)"')


def copy(recorded, serial, has_own_usage=False):
    """A copy whose response ids, and on request token counts, no other answer has."""
    body = recorded.response
    for old in sorted(set(ID_KEYS.findall(body)), key=len, reverse=True):
        mark = b"%06d" % serial
        body = body.replace(old, old[:-6] + mark if len(old) > 14 else old + mark)
    if has_own_usage:
        body = re.sub(rb'"(input_tokens|prompt_tokens|output_tokens|completion_tokens)"\s*:\s*\d+',
                      lambda m: b'"%s":%d' % (m[1], serial * 10000 + len(m[1])), body)
        body = re.sub(rb'"total_tokens"\s*:\s*\d+', lambda m: b'"total_tokens":%d' % (
            20000 * serial + total_extra(body)), body)
    twin = Recorded.__new__(Recorded)
    twin.__dict__.update(recorded.__dict__, response=body)
    return twin


def total_extra(body):
    has_prompt = b'"prompt_tokens"' in body
    names = ("prompt_tokens", "completion_tokens") if has_prompt else ("input_tokens", "output_tokens")
    return sum(map(len, names))
