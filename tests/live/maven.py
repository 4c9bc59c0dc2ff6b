# SPDX-License-Identifier: Apache-2.0
"""OpenAI's SDK for Java and Conscrypt out of Maven's registry, each file as jars.sha256 says; and the
client built on them."""
import hashlib
import os
import subprocess
import tempfile
import zipfile

import drive

SOURCE = drive.CLIENTS / "conscrypt"
CACHE = drive.CACHE / "conscrypt"
CONSCRYPT = "conscrypt-openjdk-uber-2.9.0.jar"
LIBRARY = "META-INF/native/libconscrypt_openjdk_jni-linux-x86_64.so"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


def sources():
    return b"".join(path.read_bytes() for path in sorted(SOURCE.iterdir()))


def place():
    return CACHE / hashlib.sha256(sources()).hexdigest()[:16]


def library():
    """What Conscrypt unpacks when it starts."""
    return place() / LIBRARY


def build():
    """The class path of Ask, installed at its first use."""
    folder = place()
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        part = tempfile.mkdtemp(dir=CACHE)
        jars = os.path.join(part, "jars")
        run("mvn", "--quiet", "--batch-mode", COPY, "-DincludeScope=runtime",
            f"-DoutputDirectory={jars}", cwd=SOURCE)
        run("sha256sum", "--quiet", "--strict", "--check", SOURCE / "jars.sha256", cwd=jars)
        run("javac", "-cp", f"{jars}/*", "-d", part, SOURCE / "Ask.java")
        with zipfile.ZipFile(os.path.join(jars, CONSCRYPT)) as jar:
            jar.extract(LIBRARY, part)
        os.rename(part, folder)
    return f"{folder}:{folder}/jars/*"


def run(*command, **popen):
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, **popen)
    assert not done.returncode, done.stdout + done.stderr
