# SPDX-License-Identifier: Apache-2.0
"""An independent pricing of a reading: exact fractions over the cards of ratecards/, written from
ratecards/SCHEMA.md and sharing nothing with the C code. Standard library only.

    Book.load("ratecards").charge(reading, host, wall_ns) -> {"status", "amount", "meters", ...}
"""
import datetime
import json
import pathlib
import re
from fractions import Fraction

from reader import INPUT_METERS, OUTPUT_METERS

# The block a price is for, by the member of a rate that holds it.
BLOCKS = {"per_mtok": 1_000_000, "per_mchar": 1_000_000, "per_hour": 3600, "per_second": 1,
          "per_unit": 1}
FEMTO = 10**15
PLAIN_TIERS = {"", "auto", "default", "standard", "on_demand", "standard_only"}
KNOWN_TIERS = {"flex", "priority", "batch"}
DATE_TAIL = re.compile(r"(-20\d{6}|-20\d\d-\d\d-\d\d|@20\d{6}|@20\d\d-\d\d-\d\d|-\d{4})$")
STAND_IN = {"reasoning": "output", "cache_write": "cache_write_5m",
            "cache_write_5m": "cache_write"}
AS_INPUT = {"input_image": "input", "input_video": "input"}
HOST_GEO = re.compile(r"^([^.]+)\.api\.openai\.com$")
# Names of Bedrock that do not tell which model stands behind them.
OPAQUE = re.compile(r"^arn:.*:(application-inference-profile|provisioned-model)/")
DENIED = object()
UNITS = ("request", "web_search", "web_fetch", "grounded_prompt", "file_search", "code_session",
         "rerank_search", "image", "page")
EVERY_METER = INPUT_METERS + OUTPUT_METERS + UNITS
ESTIMATES = ("derived_rate", "fallback", "announced_change_due", "no_tier_rate", "no_speed_rate",
             "excluded_combination", "lower_bound", "estimated_usage")


def instant(text):
    """UTC nanoseconds of a date or an instant; None is open."""
    if text is None:
        return None
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return int(moment.timestamp()) * 10**9


def is_valid_at(rate, t):
    start, end = instant(rate.get("from")), instant(rate.get("to"))
    return (start is None or t >= start) and (end is None or t < end)


def holds(when, facts):
    for key, value in (when or {}).items():
        if key in ("ctx_gt", "ctx_ge"):
            ok = facts["ctx"] > value if key == "ctx_gt" else facts["ctx"] >= value
        else:
            ok = facts.get(key) in (value if isinstance(value, list) else [value])
        if not ok:
            return False
    return True


def prices_of(rate):
    """{meter: price of one, or DENIED}"""
    out = dict.fromkeys(EVERY_METER, Fraction(0)) if rate.get("free") else {}
    for member, block in BLOCKS.items():
        for meter, text in rate.get(member, {}).items():
            out[meter] = DENIED if text is None else Fraction(text) / block
    return out


def decimal(amount):
    """Exact to 1e-15, shortest."""
    femto = amount * FEMTO
    assert femto.denominator == 1
    sign, whole = ("-", -femto.numerator) if femto < 0 else ("", femto.numerator)
    return sign + (f"{whole // FEMTO}.{whole % FEMTO:015d}".rstrip("0").rstrip("."))


def rounded(amount):
    """Half-even to one femto-dollar."""
    return Fraction(round(amount * FEMTO), FEMTO)


def canonical(name):
    """Without what gateways and clouds put around a model's name."""
    name = re.sub(r"^(models/|publishers/[^/]+/models/|accounts/[^/]+/models/)", "", name)
    if name.startswith("arn:"):
        name = name.rsplit("/", 1)[-1]
    name = re.sub(r"^(us-gov|us|eu|apac|jp|au|global)\.", "", name)
    name = re.sub(r"^(anthropic|openai)\.", "", name)
    return re.sub(r"(-v\d+:\d+|:\d+k)$", "", name)


class Book:
    """The built-in cards, one per provider."""

    def __init__(self, cards):
        self.cards = cards

    @classmethod
    def load(cls, folder):
        paths = sorted(pathlib.Path(folder).glob("*.json"))
        assert paths, f"no cards in {folder}"
        return cls([json.loads(p.read_text()) for p in paths])

    def find(self, provider, name):
        """(model of a card, how it was found), or (None, None)."""
        name = name.lower()
        own = [c for c in self.cards if c["provider"] == provider]
        for candidate in (name, canonical(name)):
            for card in own:
                model, how = find_in(card, candidate)
                if model:
                    return model, how
        for card in self.cards:
            follows = card.get("fallback_for", [])
            if provider in ([follows] if isinstance(follows, str) else follows):
                model = find_in(card, name)[0] or find_in(card, canonical(name))[0]
                if model:
                    return model, "fallback"
        return None, None

    def charge(self, want, host, wall_ns):
        """What the call costs: status, reason, amount, meters (as exact decimals)."""
        if want["completeness"] in ("free_call", "duplicate_view"):
            return {"status": "not_billed", "reason": want["completeness"], "meters": {}}
        if not want["has_usage"]:
            if want["http_status"] >= 400:
                return {"status": "not_billed", "reason": "http_error", "meters": {}}
            return {"status": "unpriced", "reason": "no_usage", "meters": {}}
        computed = self.compute(want, host, wall_ns)
        if want["cost"] is None:
            return computed
        return {"status": "priced", "amount": decimal(rounded(Fraction(want["cost"]))),
                "meters": computed["meters"], "match": computed.get("match")}

    def compute(self, want, host, wall_ns):
        bill = Bill()
        for n, (served, tokens) in enumerate(usages_of(want)):
            counts = {**tokens, **(want["units"] if n == 0 else {})}
            name = served or want["requested"]
            model, how = self.find(want["provider"], name) if name else (None, None)
            if not model:
                bill.reasons.add("opaque_profile" if name and OPAQUE.search(name) else "no_model")
                bill.missing |= {m for m, c in counts.items() if c}
                continue
            bill.match, bill.rate = bill.match or how, bill.rate or model["id"]
            bill.add(model, how, counts, facts_of(want, host, tokens), wall_ns)
        return bill.result(want)


def usages_of(want):
    """[(model, tokens)], priced one by one."""
    parts = [(model or want["served"], tokens) for model, tokens in want["subs"]]
    return parts or [(want["served"], want["tokens"])]


def find_in(card, name):
    base = ":".join(name.split(":")[:2]) if name.startswith("ft:") else None
    for candidate in (name, base):
        for how in ("exact", "dated", "alias"):
            for model in card["models"] if candidate else ():
                if is_named(model, how, candidate):
                    return model, how
    return None, None


def is_named(model, how, name):
    match = model.get("match", {"exact": [model["id"]]})
    names = [n if isinstance(n, str) else n["name"] for n in match.get(how, [])]
    if how != "dated":
        return name in names
    bare = DATE_TAIL.sub("", name)
    return bare != name and bare in names


def tier_of(told):
    """The cards' name of a tier; Gemini shouts, Vertex puts what it is paid by in front."""
    low = told.lower()
    if low in PLAIN_TIERS:
        return "standard"
    if low == "provisioned_throughput":
        return "provisioned"
    return low.removeprefix("on_demand_") if low.removeprefix("on_demand_") in KNOWN_TIERS else told


def facts_of(want, host, tokens):
    geo = HOST_GEO.match(host or "")
    return {"tier": tier_of(want["service_tier"] or ""),
            "speed": want["speed"] or "standard", "geo": want["geo"],
            "host_geo": geo[1] if geo else None, "endpoint": want["endpoint"],
            "ctx": sum(tokens.get(m, 0) for m in INPUT_METERS)}


def rank(rate):
    """More conditions decide; between the same keys, the larger context threshold."""
    when = rate.get("when") or {}
    return len(when), when.get("ctx_gt", when.get("ctx_ge", 0))


def select(model, facts, t):
    """{meter: (price or DENIED, its rate)}"""
    held = [r for r in model.get("rates", []) if r.get("status") != "announced" and
            is_valid_at(r, t) and holds(r.get("when"), facts)]
    prices = {}
    for rate in sorted(held, key=rank):
        prices.update({m: (p, rate) for m, p in prices_of(rate).items()})
    tiered = [r for r in held if "tier" in (r.get("when") or {})]
    if tiered:      # a tier is a whole offer
        offered = {m for r in tiered for m in [*prices_of(r), *r.get("inherit", [])]}
        prices = {m: p for m, p in prices.items() if m in offered}
    return prices


def asks_for(model, key, value, t):
    """Whether any rate or multiplier names this tier or speed."""
    for row in model.get("rates", []) + model.get("multipliers", []):
        asked = (row.get("when") or {}).get(key)
        if is_valid_at(row, t) and value in (asked if isinstance(asked, list) else [asked]):
            return True
    return False


def factor_of(model, meter, facts, t):
    token_meters = {m for r in model.get("rates", []) for m in r.get("per_mtok", {})}
    factor, is_excluded = Fraction(1), False
    for row in model.get("multipliers", []):
        asked = row["meters"]
        covers = asked == "all" or asked == "tokens" and meter in token_meters | {"reasoning"} or \
            meter in ([asked] if isinstance(asked, str) else asked)
        if covers and is_valid_at(row, t) and holds(row["when"], facts):
            if any(holds(x, facts) for x in row.get("excludes", [])):
                is_excluded = True
            else:
                factor *= Fraction(row["x"])
    return factor, is_excluded


class Bill:
    def __init__(self):
        self.meters, self.missing, self.reasons, self.match = {}, set(), set(), None
        self.is_counted = False
        self.is_free, self.rate = True, None

    def add(self, model, how, counts, facts, t):
        facts = dict(facts)
        if how == "fallback":
            self.reasons.add("fallback")
        for key in ("tier", "speed"):
            if facts[key] != "standard" and not asks_for(model, key, facts[key], t):
                self.reasons.add(f"no_{key}_rate")
                facts[key] = "standard"
        prices = select(model, facts, t)
        stand_in = {**STAND_IN, **(AS_INPUT if model.get("image_as_input") else {})}
        for meter, n in counts.items():
            name = meter if meter in prices else stand_in.get(meter)
            price, rate = prices.get(name, (DENIED, {}))
            if price is DENIED:
                self.missing |= {meter} if n else set()
                continue
            factor, is_excluded = factor_of(model, name, facts, t)
            if n:
                self.is_counted = True
                self.is_free &= bool(rate.get("free"))
                self.reasons |= {"excluded_combination"} if is_excluded else set()
                self.reasons |= {"derived_rate"} if rate.get("status") == "derived" else set()
            self.meters[meter] = self.meters.get(meter, 0) + rounded(n * price * factor)

    def result(self, want):
        gaps = [r for r in ("no_model", "opaque_profile") if r in self.reasons]
        gap = gaps[0] if gaps else "no_rate"
        if not self.meters:
            return {"status": "unpriced", "reason": gap, "meters": {},
                    "unpriced_meters": sorted(self.missing)}
        out = {"rate": self.rate, "amount": decimal(sum(self.meters.values(), Fraction(0))), "match": self.match,
               "meters": {m: decimal(a) for m, a in self.meters.items()}}
        if self.missing:
            return {**out, "status": "partial", "reason": gap,
                    "unpriced_meters": sorted(self.missing)}
        self.reasons |= {{"lower_bound": "lower_bound", "estimated": "estimated_usage"}.get(
            want["completeness"])} - {None}
        for reason in ESTIMATES:
            if reason in self.reasons:
                return {**out, "status": "estimated", "reason": reason}
        return {**out, "status": "free" if self.is_counted and self.is_free else "priced"}
