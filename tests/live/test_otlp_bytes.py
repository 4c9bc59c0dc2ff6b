# SPDX-License-Identifier: Apache-2.0
"""The bytes tolltap exports for two known records, read by somebody else's decoder, are these spans and no others.

The records are those of tests/unit/sink/otlp_fixture.c; the expectation is written by hand.
"""
import json
import os
import pathlib
import subprocess

import otlp_decode

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PROGRAM = "build/unit/sink/test_otlp_span"


def test_exported_bytes_are_the_expected_spans(tmp_path):
    out = tmp_path / "request.bin"
    subprocess.run(["make", "-s", PROGRAM], cwd=ROOT, check=True, timeout=600)
    subprocess.run([ROOT / PROGRAM], check=True, timeout=60, capture_output=True,
                   env={**os.environ, "OTLP_TEST_OUT": str(out)})
    got = otlp_decode.decode(out.read_bytes())
    want = json.loads((HERE / "otlp_expected.json").read_text())
    assert len(got) == len(want)
    for one, other in zip(got, want):
        assert one["resource"] == other["resource"]
        assert one["scope"] == other["scope"]
        assert one["span"] == other["span"]
