# SPDX-License-Identifier: Apache-2.0
"""A call record of tolltap (docs/RECORD.md) against the independent reading of the same call."""

def nonzero(counts):
    return {k: v for k, v in (counts or {}).items() if v}


def differences(record, want, cost=None):
    """What is wrong with the record, as lines; [] when nothing is."""
    wrong = []

    def check(name, have, expected):
        if have != expected:
            wrong.append(f"{name}: have {have!r}, want {expected!r}")

    for name in ("provider", "endpoint", "operation", "http_status", "stream", "response_id"):
        check(name, record.get(name), want[name])
    model, usage = record.get("model") or {}, record.get("usage") or {}
    check("model.requested", model.get("requested"), want["requested"])
    check("model.served", model.get("served"), want["served"])
    check("finish", record.get("finish") or [], want["finish"])
    check("service_tier", record.get("service_tier"), want["service_tier"])
    check("tokens", nonzero(record.get("tokens")), nonzero(want["tokens"]))
    check("units", nonzero(record.get("units")), nonzero(want["units"]))
    totals = record.get("totals") or {}
    check("totals.input", totals.get("input"), want["total_input"])
    # embeddings make nothing: 0 and absent are both true
    made = want["total_output"] if want["total_output"] or not want["total_input"] else 0
    check("totals.output", totals.get("output") or made, made)
    check("completeness", usage.get("completeness"), want["completeness"])
    check("usage.source", usage.get("source"), want["source"])
    error = record.get("error") or {}
    check("error.type", error.get("type"), want["error_type"])
    check("error.code", error.get("code"), want["error_code"])
    for name in ("geo", "speed"):
        check(name, record.get(name), want[name])
    check("residual", usage.get("residual") or 0, want["residual"] or 0)
    if cost is not None:
        wrong += cost_differences(record.get("cost") or {}, cost)
    return wrong


def cost_differences(have, want):
    wrong = []
    for name in ("status", "amount", "reason", "match"):
        if have.get(name) != want.get(name):
            wrong.append(f"cost.{name}: have {have.get(name)!r}, want {want.get(name)!r}")
    meters = {k: v for k, v in (have.get("meters") or {}).items() if v != "0"}
    if meters != {k: v for k, v in want["meters"].items() if v != "0"}:
        wrong.append(f"cost.meters: have {meters}, want {want['meters']}")
    missing = sorted(have.get("unpriced_meters") or [])
    if missing != want.get("unpriced_meters", []):
        wrong.append(f"cost.unpriced_meters: have {missing}, want {want.get('unpriced_meters')}")
    return wrong
