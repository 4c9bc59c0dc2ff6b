# SPDX-License-Identifier: Apache-2.0
"""Traffic never seen: recorded exchanges with other hosts, models, numbers, key orders, white space.

    sample(recorded, n, rng) -> n mutants, whose right reading is whatever the reader makes of them

Meaning is kept as a provider might change it: unknown members appear (some imitate usage), members
change places, events get comments, other line ends and other fields. Some streams break off.
"""
import json
import re

from exchanges import Recorded
from reader.bodies import documents, is_eventstream, sse_events
from rewrite import edit_body

HOSTS = [f"llm-{n}.internal" for n in range(4)] + ["10.1.2.3", "gateway.example.net"]
PREFIXES = ("", "", "/proxy", "/v3/tenants/a-b/llm")
COUNT = re.compile(r"(tokens?|_n|count|_requests|tokens_total|_units)$|Tokens?$|TokenCount$", re.I)
DECOYS = ({"usage": {"prompt_tokens": 987654, "completion_tokens": 987654, "input_tokens": 987654,
                     "output_tokens": 987654, "total_tokens": 987654}},
          {"usageMetadata": {"promptTokenCount": 987654, "candidatesTokenCount": 987654}},
          {"nested": [{"model": "not-this", "id": "not-this-either"}]}, [], None, "text", 7, True)


class Number(str):
    """A JSON number as it was written."""


def load(text):
    return json.loads(text, parse_float=Number, parse_int=Number)


def dump(value, rng, spaces):
    def gap():
        return rng.choice(spaces)
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        members = [f"{gap()}{json.dumps(k)}{gap()}:{gap()}{dump(v, rng, spaces)}{gap()}"
                   for k, v in value.items()]
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(dump(v, rng, spaces) for v in value) + "]"
    return json.dumps(value, ensure_ascii=rng.random() < 0.5)


class Plan:
    """What is done to one exchange, the same to all of its documents."""

    def __init__(self, rng):
        self.rng = rng
        self.is_shuffled, self.has_more = rng.random() < 0.6, rng.random() < 0.5
        # Never those of the original: a gateway's and its provider's view of one call are equal.
        self.factor = rng.randint(2, 4000)
        self.models = {} if rng.random() < 0.5 else None
        self.spaces = rng.choice((("",), ("", " "), ("", " ", "\t", "  ")))

    def value(self, value, key=""):
        if isinstance(value, Number) and COUNT.search(key) and value.isdigit():
            return Number(int(value) * self.factor)
        if isinstance(value, list):
            return [self.value(v) for v in value]
        return self.object(value) if isinstance(value, dict) else value

    def object(self, doc, is_top=False):
        members = [(k, self.value(v, k)) for k, v in doc.items()]
        if self.is_shuffled:
            self.rng.shuffle(members)
        if is_top and self.has_more:
            extra = (f"x_{self.rng.randint(0, 99)}", self.rng.choice(DECOYS))
            members.insert(self.rng.randint(0, len(members)), extra)
        return dict(members)

    def text(self, text):
        """One JSON text; what is none stays."""
        try:
            doc = load(text)
        except ValueError:
            return text
        if isinstance(doc, list):
            doc = [self.object(d, True) if isinstance(d, dict) else d for d in doc]
        elif isinstance(doc, dict):
            doc = self.object(doc, True)
        else:
            return text
        return dump(doc, self.rng, self.spaces).encode("utf-8", "surrogatepass")

    def events(self, body, may_start_with_comment):
        """The same events with other line ends, comments and fields."""
        end = self.rng.choice((b"\n", b"\r\n", b"\n"))
        colon, out = self.rng.choice((b": ", b":")), []
        for name, data in sse_events(body):
            if self.rng.random() < 0.2 and (out or may_start_with_comment):
                out.append(self.rng.choice((b": keep-alive", b":", b"retry: 3000", b"id: 7")) + end)
                out.append(self.rng.choice((end, b"")))
            if name:
                out.append(b"event" + colon + name.encode() + end)
            lines = [self.text(data)] if b"\n" not in data else data.split(b"\n")
            out += [b"data" + colon + line + end for line in lines] + [end]
        return b"".join(out)

    def body(self, body, has_type=True):
        if is_eventstream(body):
            return edit_body(body, self.text)
        if re.match(rb"\s*(data:|event:|:)", body):
            return self.events(body, has_type)
        whole = self.text(body)
        if whole is not body or len(body) > 4 << 20:
            return whole
        if re.match(rb"\s*\{[^\n]*\}\r?\n\s*\{", body):
            return b"\n".join(map(self.text, body.splitlines())) + b"\n"
        return body


def mutate(recorded, rng):
    plan = Plan(rng)
    twin = Recorded.__new__(Recorded)
    twin.__dict__.update(recorded.__dict__)
    twin.about = f"mutant of {recorded.id}"
    twin.request = plan.body(recorded.request) if recorded.request_type == "application/json" \
        else recorded.request
    twin.response = plan.body(recorded.response, "event-stream" in recorded.content_type)
    is_cut = rng.random() < 0.15 and documents(twin.exchange())[0]
    if not is_cut and rng.random() < 0.5 and is_told_by_shape(recorded):
        twin.host = rng.choice(HOSTS)
        twin.path = rng.choice(PREFIXES) + recorded.path
    if plan.models is not None:
        rename_model(twin, f"acme-{rng.randint(1, 9)}")
    twin.cut = where_to_cut(twin.response, rng) if is_cut else None
    return twin


def is_told_by_shape(recorded):
    """Writer's paths mean nothing on another host; some forms were lost."""
    return recorded.host != "api.writer.com" and not recorded.request.startswith(b"[multipart")


def where_to_cut(body, rng):
    """Between two documents: what half of one tells is anybody's choice."""
    ends = ends_of_documents(body) or [len(body) // 2]
    return rng.choice(ends[-4:] + [rng.choice(ends)])


def ends_of_documents(body):
    """Of events, of lines, of an array's elements."""
    if body.lstrip()[:1] in (b"[", b"{"):
        text, ends, at = body.decode("latin-1"), [], 0
        while (at := text.find("{", at)) >= 0:
            at = json.JSONDecoder().raw_decode(text, at)[1]
            ends.append(at + len(re.match(r"(\r?\n)?", text[at:at + 2])[0]))
        return ends
    return [m.end() for m in re.finditer(rb"\r?\n\r?\n", body)]


def rename_model(twin, name):
    old = re.search(rb'"model(?:Version)?"\s*:\s*"([^"\\]{4,})"', twin.request + twin.response)
    if old and not is_eventstream(twin.response):
        quoted = b'"' + old[1] + b'"'
        twin.request = twin.request.replace(quoted, b'"%s"' % name.encode())
        twin.response = twin.response.replace(quoted, b'"%s"' % name.encode())


def sample(recorded, n, rng):
    pool = [r for r in recorded if len(r.response) < 1 << 20]
    return [mutate(rng.choice(pool), rng) for _ in range(n)] if pool else []
