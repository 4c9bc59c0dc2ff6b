# SPDX-License-Identifier: Apache-2.0
"""What tolltap said against what the server knows."""
import datetime
import json
import re

import compare
import reader


def wall_ns(record):
    """The record's own start time, to price it at."""
    whole, _, fraction = record["ts"].rstrip("Z").partition(".")
    seconds = datetime.datetime.fromisoformat(whole + "+00:00").timestamp()
    return int(seconds) * 10**9 + int(fraction.ljust(9, "0")[:9])


def check_call(record, call, book):
    """Lines about one record that is not what its call was."""
    want = reader.read(call.exchange())
    assert want, f"the server answered something that is no LLM call: {call.path}"
    host = call.headers.get("host", "")
    wrong = compare.differences(record, want, book.charge(want, host, wall_ns(record)))
    if record["process"]["pid"] != call.pid:
        wrong.append(f"pid: have {record['process']['pid']}, want {call.pid}")
    if record.get("host") != host.removesuffix(":443"):
        wrong.append(f"host: have {record.get('host')}, want {host}")
    if record.get("path") != call.path:
        wrong.append(f"path: have {record.get('path')}, want {call.path}")
    return wrong


def check_in_order(records, calls, book):
    """One process, one call after the other. A record is written when its call is over, which a
    client that leaves a stream early puts off: the start decides."""
    records, wrong = sorted(records, key=wall_ns), []
    if len(records) != len(calls):
        wrong.append(f"{len(records)} records of {len(calls)} calls")
    for record, call in zip(records, calls):
        about = f"{call.answer.id} {call.path} {call.coding}" + (" chunked" * call.is_chunked)
        about += " " + " ".join(record.get("flags") or [])
        wrong += [f"{about}: {line}" for line in check_call(record, call, book)]
    return wrong


def response_id_of(call):
    return reader.read(call.exchange())["response_id"]


def check_by_id(records, calls, book):
    """Concurrent calls: joined by response id, which no two answers share."""
    have = {r.get("response_id"): r for r in records}
    want = {response_id_of(c): c for c in calls}
    wrong = [f"record of no call: {i}" for i in have.keys() - want.keys()]
    wrong += [f"call without a record: {i}" for i in want.keys() - have.keys()]
    if len(records) != len(have):
        wrong.append(f"{len(records)} records, {len(have)} ids")
    for i in have.keys() & want.keys():
        wrong += [f"{i}: {line}" for line in check_call(have[i], want[i], book)]
    return wrong


def check_sdk(stdout, calls):
    """The SDK's own figures, a third witness: its totals are the reader's."""
    wrong = []
    seen = [json.loads(line) for line in stdout.splitlines()]
    for said, call in zip(seen, calls):
        usage, want = said.get("usage"), reader.read(call.exchange())
        if not usage or want["subs"]:
            continue
        total = usage.get("total_tokens")
        if total is None:
            total = sum(usage.get(k) or 0 for k in (
                "input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens",
                "output_tokens"))
        ours = (want["total_input"] or 0) + (want["total_output"] or 0)
        if total != ours:
            wrong.append(f"{said['ask']}: the SDK saw {total} tokens, the reader {ours}")
    return wrong


SECRETS = (b"sk-dummy", b"sk-ant-dummy")


def leaks(folder, texts, prompts):
    """Files tolltap wrote (and what it printed) that hold a key or a prompt."""
    found = []
    files = [p for pattern in ("*.ndjson", "ledger.db*") for p in folder.glob(pattern)]
    held = [(p.name, p.read_bytes()) for p in files] + [("stderr", t.encode()) for t in texts]
    for name, data in held:
        for secret in SECRETS + tuple(p.encode() for p in prompts):
            if secret in data:
                found.append(f"{name} holds {secret!r}")
    return found


def receipt_without_color(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def none(lines, outcome=None):
    """Nothing is wrong; else what is, readably, with what tolltap said of losses."""
    said = outcome.stderr[-2000:] if outcome else ""
    assert not lines, f"{len(lines)} wrong\n" + "\n".join(map(str, lines[:25])) + said
