# SPDX-License-Identifier: Apache-2.0
"""Starts real clients, each its own unmodified process, under `tolltap run` or without it."""
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TOLLTAP = ROOT / "build/tolltap"
TOLLTAP_DEV = ROOT / "build/tolltap-dev"
CACHE = pathlib.Path(os.environ.get("TOLLTAP_CACHE") or pathlib.Path.home() / ".cache/tolltap")
PYTHON = str(CACHE / "venv/bin/python")
AGENTS = str(CACHE / "venv-agents/bin/python")  # google-adk, xai-sdk: their pins differ
NODE = shutil.which("node") or "node"
CURL = shutil.which("curl") or "curl"
CLIENTS = HERE / "clients"
TIMEOUT_S = 180


def wide_python():
    """Of the packages of requirements-wide.txt, installed at their first use."""
    subprocess.run([str(ROOT / "tests/install-deps"), "--wide"], check=True, timeout=900)
    return str(CACHE / "venv-wide/bin/python")


def environment(server, home, base=None):
    """What the client sees: nothing of ours but a scratch home, the CA and dummy keys."""
    env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(home), "LANG": "C.UTF-8",
           "OPENAI_API_KEY": "sk-dummy-openai", "ANTHROPIC_API_KEY": "sk-ant-dummy",
           "SSL_CERT_FILE": server.pki.ca, "CURL_CA_BUNDLE": server.pki.ca,
           "NODE_EXTRA_CA_CERTS": server.pki.ca, "PYTHONDONTWRITEBYTECODE": "1"}
    if base:
        env.update(OPENAI_BASE_URL=base + "/v1", ANTHROPIC_BASE_URL=base)
    return env


@dataclasses.dataclass
class Client:
    """How one client is started on a list of jobs."""
    name: str
    endpoints: tuple
    streams: tuple              # which of (False, True) it is asked for
    command: list               # with {jobs} for the jobs file
    is_raw: bool = False        # sends the recorded request verbatim

    def takes(self, recorded):
        return recorded.endpoint in self.endpoints and recorded.is_sse in self.streams


OPENAI = ("chat", "completions", "responses", "embeddings")
ANTHROPIC = ("messages",)
BOTH = (False, True)


def python(name, *more):
    return [PYTHON, str(CLIENTS / name), "{jobs}", *more]


def node(*more):
    return [NODE, str(CLIENTS / "node_sdk.mjs"), str(CACHE / "node"), "{jobs}", *more]


ALL = [
    Client("openai python", OPENAI, (False,), python("py_openai.py")),
    Client("openai python stream", OPENAI, (True,), python("py_openai.py")),
    Client("openai python async", OPENAI, (False,), python("py_openai.py", "async")),
    Client("openai python async stream", OPENAI, (True,), python("py_openai.py", "async")),
    Client("anthropic python", ANTHROPIC, (False,), python("py_anthropic.py")),
    Client("anthropic python stream", ANTHROPIC, (True,), python("py_anthropic.py")),
    Client("anthropic python async", ANTHROPIC, (False,), python("py_anthropic.py", "async")),
    Client("anthropic python async stream", ANTHROPIC, (True,), python("py_anthropic.py", "async")),
    Client("openai node", OPENAI, BOTH, node()),
    Client("anthropic node", ANTHROPIC, BOTH, node()),
    Client("curl", OPENAI + ANTHROPIC, BOTH, [CURL, "--config", "{jobs}"], is_raw=True),
    Client("urllib", OPENAI + ANTHROPIC, BOTH, python("raw_urllib.py"), is_raw=True),
    Client("aiohttp", OPENAI + ANTHROPIC, BOTH, python("raw_aiohttp.py"), is_raw=True),
]


def sdk_jobs(recorded, suffix=""):
    """What an SDK is asked: the recorded model, and a prompt that names the exchange."""
    jobs = []
    for r in recorded:
        asked = json.loads(r.request or b"{}")
        jobs.append({"ask": r.id + suffix, "endpoint": r.endpoint, "stream": r.is_sse,
                     "model": asked.get("model") or "none"})
    return jobs


def raw_jobs(recorded, folder, base):
    jobs = []
    for n, r in enumerate(recorded):
        body = folder / f"body-{n}.json"
        body.write_bytes(r.request)
        provider = "anthropic" if r.endpoint == "messages" else "openai"
        headers = {"x-exchange": r.id, "content-type": "application/json",
                   "authorization": "Bearer sk-dummy"}
        jobs.append({"ask": r.id, "body": str(body), "headers": headers,
                     "url": (base or f"https://api.{provider}.com") + r.path})
    return jobs


def curl_config(jobs, folder):
    """One curl process, one transfer after the other on kept-alive connections."""
    lines = []
    for n, job in enumerate(jobs):
        lines += ["next"] if n else []
        lines += [f'url = "{job["url"]}"', "http1.1", "silent", "compressed", "max-time = 60",
                  f'data-binary = "@{job["body"]}"', f'output = "{folder}/answer-{n}"']
        lines += [f'header = "{k}: {v}"' for k, v in job["headers"].items()]
    return "\n".join(lines) + "\n"


def write_jobs(client, recorded, folder, base, suffix=""):
    """The client's command line for these exchanges."""
    if client.is_raw:
        jobs = raw_jobs(recorded, folder, base)
    else:
        jobs = sdk_jobs(recorded, suffix)
    path = folder / "jobs"
    path.write_text(curl_config(jobs, folder) if client.name == "curl" else json.dumps(jobs))
    return [part.replace("{jobs}", str(path)) for part in client.command]


@dataclasses.dataclass
class Outcome:
    status: int
    stdout: str
    stderr: str                 # tolltap's own receipt is part of it
    records: list
    pid: int | None = None      # of tolltap


def tolltap_command(folder, command, options=()):
    return [str(TOLLTAP), "run", "--format", "ndjson", "--output", str(folder / "calls.ndjson"),
            "--ledger", str(folder / "ledger.db"), *options, "--", *command]


def read_records(path):
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def run(command, env, folder, options=(), prefix=(), **popen):
    """`tolltap run ... -- command`, to its end."""
    done = subprocess.run([*prefix, *tolltap_command(folder, command, options)], env=env,
                          capture_output=True, text=True, timeout=TIMEOUT_S,
                          cwd=popen.pop("cwd", folder), **popen)
    return Outcome(done.returncode, done.stdout, done.stderr, read_records(folder / "calls.ndjson"))


def run_plain(command, env, folder, **popen):
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=TIMEOUT_S,
                          cwd=popen.pop("cwd", folder), **popen)
    return Outcome(done.returncode, done.stdout, done.stderr, [])
