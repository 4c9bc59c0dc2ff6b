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

# The block a price is for, by the member of a rate that holds it.
BLOCKS = {"per_mtok": 1_000_000, "per_unit": 1, "per_hour": 3600, "per_mchar": 1_000_000}
TOKENS = BLOCKS["per_mtok"]
FEMTO = 10**15
PLAIN_TIERS = {None, "", "auto", "default", "standard", "on_demand"}
DATE_TAIL = re.compile(r"(-\d{8}|-\d{4}-\d{2}-\d{2}|-\d{4}|@.+)$")
# What may stand in for a missing price, and nothing else may.
FALLBACK = {"reasoning": "output", "cache_write_5m": "cache_write", "cache_write": "cache_write_5m"}
AS_INPUT = {"input_image": "input", "input_video": "input"}
HOST_GEO = re.compile(r"^([a-z]{2})\.api\.openai\.com$")


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
        have = facts.get(key.removesuffix("_gt").removesuffix("_ge"))
        if key.endswith("_gt"):
            ok = have > value
        elif key.endswith("_ge"):
            ok = have >= value
        else:
            ok = have in (value if isinstance(value, list) else [value])
        if not ok:
            return False
    return True


def prices_of(rate):
    """{meter: price of one}"""
    out = {}
    for member, block in BLOCKS.items():
        for meter, text in rate.get(member, {}).items():
            out[meter] = Fraction(text) / block
    return out


def token_meters(model):
    return {m for rate in model["rates"] for m in rate.get("per_mtok", {})}


def decimal(amount):
    """Exact to 1e-15, shortest."""
    femto = amount * FEMTO
    assert femto.denominator == 1
    sign, whole = ("-", -femto.numerator) if femto < 0 else ("", femto.numerator)
    text = f"{whole // FEMTO}.{whole % FEMTO:015d}".rstrip("0").rstrip(".")
    return sign + text


def rounded(amount):
    """Half-even to one femto-dollar."""
    return Fraction(round(amount * FEMTO), FEMTO)


class Book:
    def __init__(self, cards):
        self.cards = cards

    @classmethod
    def load(cls, folder):
        paths = sorted(pathlib.Path(folder).glob("*.json"))
        assert paths, f"no cards in {folder}"
        return cls([json.loads(p.read_text()) for p in paths])

    # --- which model ---------------------------------------------------------------------------

    def find(self, provider, name):
        """(model of a card, how it was found), or (None, None)."""
        name = name.lower()
        if name.startswith("ft:"):
            name = ":".join(name.split(":")[:2])
        for card in self.cards:
            if card["provider"] == provider:
                found = find_in(card, name)
                if found[0]:
                    return found
        for card in self.cards:
            if provider in card.get("fallback_for", []):
                model, _ = find_in(card, name)
                if model:
                    return model, "fallback"
        return None, None

    # --- what it costs --------------------------------------------------------------------------

    def charge(self, want, host, wall_ns):
        if not want["has_usage"]:
            if want["http_status"] >= 400:
                return {"status": "not_billed", "meters": {}}
            return {"status": "unpriced", "reason": "no_usage", "meters": {}}
        subs = [(model or want["served"], tokens) for model, tokens in want["subs"]] or \
            [(want["served"], want["tokens"])]
        meters, missing, match = {}, set(), None
        for n, (served, tokens) in enumerate(subs):
            name = served or want["requested"]
            model, match = self.find(want["provider"], name) if name else (None, None)
            if not model:
                return {"status": "unpriced", "reason": "no_model", "meters": {}}
            counts = {**tokens, **(want["units"] if n == 0 else {})}
            paid, unpaid = charge_one(model, counts, facts_of(want, host, tokens), wall_ns)
            missing |= unpaid
            for meter, amount in paid.items():
                meters[meter] = meters.get(meter, 0) + amount
        return summed(meters, missing, want, match)


def find_in(card, name):
    for how in ("exact", "dated", "alias"):
        for model in card["models"]:
            match = model.get("match", {"exact": [model["id"]]})
            names = [n if isinstance(n, str) else n["name"] for n in match.get(how, [])]
            candidate = DATE_TAIL.sub("", name) if how == "dated" else name
            if candidate in names and (how != "dated" or candidate != name):
                return model, how
    return None, None


def facts_of(want, host, tokens):
    from reader import INPUT_METERS
    geo = HOST_GEO.match(host or "")
    tier = want["service_tier"]
    return {"tier": "standard" if tier in PLAIN_TIERS else tier, "speed": want["speed"],
            "geo": want["geo"], "host_geo": geo[1] if geo else None, "endpoint": want["endpoint"],
            "ctx": sum(tokens.get(m, 0) for m in INPUT_METERS)}


def select(model, facts, t):
    """{meter: price of one}: the plain rate, overlaid by what holds, the most special last."""
    valid = [r for r in model["rates"] if is_valid_at(r, t) and holds(r.get("when"), facts)]
    valid.sort(key=lambda r: len(r.get("when") or {}))
    tiered = [r for r in valid if "tier" in (r.get("when") or {})]
    prices = {}
    for rate in valid:
        if rate not in tiered:
            prices.update(prices_of(rate))
    if tiered:      # a tier's rate is the whole offer of that tier
        kept = {m for r in tiered for m in r.get("inherit", [])}
        prices = {m: p for m, p in prices.items() if m in kept}
        for rate in tiered:
            prices.update(prices_of(rate))
    elif facts["tier"] != "standard":
        return {}
    return prices


def charge_one(model, counts, facts, t):
    """({meter: amount}, the meters without a price)."""
    prices, paid, unpaid = select(model, facts, t), {}, set()
    factor = Fraction(1)
    for multiplier in model.get("multipliers", []):
        if holds(multiplier.get("when"), facts):
            factor *= Fraction(multiplier["x"])
    stand_in = {**FALLBACK, **(AS_INPUT if model.get("image_as_input") else {})}
    for meter, n in counts.items():
        price = prices.get(meter, prices.get(stand_in.get(meter)))
        if price is None:
            unpaid |= {meter} if n else set()
            continue
        scale = factor if meter in token_meters(model) or meter in stand_in else 1
        paid[meter] = rounded(n * price * scale)
    return paid, unpaid


def summed(meters, missing, want, match):
    counted = {m for m, n in {**want["tokens"], **want["units"]}.items() if n}
    if missing and not counted - missing:
        return {"status": "unpriced", "reason": "no_rate", "meters": {}}
    status = "partial" if missing else "priced"
    if want["completeness"] in ("lower_bound", "estimated") or match == "fallback":
        status = "estimated"
    return {"status": status, "amount": decimal(sum(meters.values(), Fraction(0))),
            "meters": {m: decimal(a) for m, a in meters.items()}, "unpriced_meters": sorted(missing),
            "match": match}
