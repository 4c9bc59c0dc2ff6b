# SPDX-License-Identifier: Apache-2.0
"""What a reading starts from and what a dialect finds: the shelf of this package."""
import dataclasses
import decimal

INPUT_METERS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write",
                "input_audio", "input_image", "input_video", "cache_read_audio",
                "cache_read_image", "cache_read_video", "input_tool")
OUTPUT_METERS = ("output", "reasoning", "citation", "output_audio", "output_image", "output_video")


@dataclasses.dataclass
class Exchange:
    """One request and its answer, bodies free of content codings."""
    method: str
    host: str
    path: str
    status: int
    req_body: bytes
    resp_body: bytes
    content_type: str = ""
    is_cut: bool = False        # the answer ended before its framing said so
    query: str = ""
    headers: dict = dataclasses.field(default_factory=dict)     # the answer's, names in lower case


@dataclasses.dataclass
class Usage:
    """One dialect's findings."""
    tokens: dict = dataclasses.field(default_factory=dict)
    units: dict = dataclasses.field(default_factory=dict)
    total: int | None = None    # the provider's own
    model: str | None = None
    response_id: str | None = None
    tier: str | None = None
    geo: str | None = None
    speed: str | None = None
    finish: list = dataclasses.field(default_factory=list)
    subs: list = dataclasses.field(default_factory=list)    # [(model or None, tokens)]
    error_type: str | None = None
    error_code: str | None = None
    cost: decimal.Decimal | None = None     # as the provider reports it, USD
    is_background: bool = False
    has_usage: bool = False
    has_end: bool = False       # the stream's own last event was seen
    is_clamped: bool = False
    is_low: bool = False        # a part of the counts is known to be missing
    source: str | None = None   # where the counts stood, when not in the body
    reports: int = 0            # how many objects told counts
    is_estimate: bool = False   # counted here, not told


def count(obj, *path):
    """A token count: a non-negative whole number (Titan writes 6.0), else None."""
    for key in path:
        obj = obj.get(key) if isinstance(obj, dict) else None
    if isinstance(obj, decimal.Decimal) and obj == obj.to_integral_value():
        obj = int(obj)
    is_number = isinstance(obj, int) and not isinstance(obj, bool) and obj >= 0
    return obj if is_number else None


def text(obj, *path):
    for key in path:
        obj = obj.get(key) if isinstance(obj, dict) else None
    return obj if isinstance(obj, str) and obj else None


def items(obj, key):
    """The objects of a list member."""
    value = obj.get(key) if isinstance(obj, dict) else None
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def member(obj, *path):
    """An object inside an object, {} when it is not there."""
    for key in path:
        obj = obj.get(key) if isinstance(obj, dict) else None
    return obj if isinstance(obj, dict) else {}


def money(value):
    """A number, or a number written as a string."""
    if isinstance(value, bool) or not isinstance(value, (int, str, decimal.Decimal)):
        return None
    try:
        return decimal.Decimal(value)
    except decimal.InvalidOperation:
        return None


def put(tokens, **meters):
    tokens.update({k: v for k, v in meters.items() if v is not None})


def remainder(u, total, parts):
    rest = total - sum(p for p in parts if p)
    if rest < 0:
        u.is_clamped = True
    return max(rest, 0)


def code_of(obj):
    """A code, written as a word or as a number."""
    code = obj.get("code")
    code = str(code) if isinstance(code, int) and not isinstance(code, bool) else code
    return code if isinstance(code, str) and code else None


def note_error(u, doc):
    """{"error":{type|status,code}}; the last one seen stands."""
    err = doc.get("error")
    if isinstance(err, dict):
        u.error_type = text(err, "type") or text(err, "status") or u.error_type
        u.error_code = code_of(err) or u.error_code
