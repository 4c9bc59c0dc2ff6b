# SPDX-License-Identifier: Apache-2.0
"""A certificate authority and one leaf for loopback, made with the openssl command."""
import collections
import os
import subprocess

Pki = collections.namedtuple("Pki", "ca leaf leaf_key")
NAMES = ("localhost", "api.openai.com", "api.anthropic.com", "generativelanguage.googleapis.com",
         "bedrock-runtime.us-east-1.amazonaws.com", "api.mistral.ai", "api.cohere.com",
         "api.groq.com", "ollama.com", "api.x.ai")


def openssl(*args):
    subprocess.run(("openssl",) + args, check=True, capture_output=True, timeout=60)


def make(folder):
    os.makedirs(folder, exist_ok=True)
    ca, leaf, key = (os.path.join(folder, n) for n in ("ca.pem", "leaf.pem", "leaf.key"))
    if os.path.exists(leaf):
        return Pki(ca, leaf, key)
    ca_key, csr, ext = (os.path.join(folder, n) for n in ("ca.key", "leaf.csr", "leaf.ext"))
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *curve, "-keyout", ca_key, "-out", ca, "-days", "30", "-subj",
            "/CN=tolltap test CA", "-addext", "basicConstraints=critical,CA:TRUE", "-addext",
            "keyUsage=critical,keyCertSign,cRLSign")
    openssl("req", *curve, "-keyout", key, "-out", csr, "-subj", "/CN=localhost")
    names = ",".join(f"DNS:{n}" for n in NAMES)
    with open(ext, "w") as f:
        f.write(f"subjectAltName={names},IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\n"
                "authorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n")
    openssl("x509", "-req", "-in", csr, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days",
            "30", "-extfile", ext, "-out", leaf)
    return Pki(ca, leaf, key)
