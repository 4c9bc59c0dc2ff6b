# SPDX-License-Identifier: Apache-2.0
"""What README.md shows is what the program does: the recorded terminal and the commands under "Use it"."""
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def stable(text):
    """The parts of a run that do not change from one to the next: models, counts and money."""
    lines = [line for line in text.splitlines() if "$0." in line or "tokens in" in line]
    lines = [re.sub(r"^\s*\d\d:\d\d:\d\d", "", line) for line in lines]
    lines = [re.sub(r"python\[\d+\]", "python", line) for line in lines]
    lines = [re.sub(r" +(<1ms|[\d.]+m?s)$", "", line) for line in lines]
    lines = [re.sub(r"calls in \S+;", "calls;", line) for line in lines]
    return sorted(re.sub(r"\s+", " ", line).strip() for line in lines)


def test_demo_is_the_recording():
    done = subprocess.run([str(ROOT / "tests/live/demo")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    recorded = re.search(r"```\n(\$ sudo tolltap run.*?)```", README, re.S).group(1)
    shown = stable(done.stdout)
    assert len(shown) > 10, done.stdout
    assert shown == stable(recorded)


def test_commands_of_the_readme(tmp_path):
    """report, ratecard and doctor as README gives them, on a ledger of this test."""
    env = {"PATH": f"{ROOT / 'build'}:{os.environ['PATH']}", "HOME": str(tmp_path),
           "XDG_STATE_HOME": str(tmp_path / "state")}
    ran = subprocess.run(["tolltap", "run", "--", "true"], env=env, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran
    assert "no LLM call" in ran.stderr
    commands = re.findall(r"^    (?:sudo )?(tolltap (?:report|ratecard|doctor)[^#\n]*?)\s*(?:#|$)", README, re.M)
    commands = [c for c in commands if "--pid" not in c]
    assert len(commands) >= 3, commands
    for command in commands:
        if "my-card.json" in command:
            command = command.replace("my-card.json", str(ROOT / "ratecards/openai.json"))
        done = subprocess.run(command.split(), env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (command, done)
