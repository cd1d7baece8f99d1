"""AWS's own emulator around our runtime: the `aws-lambda-rie` binary of the package aws-sam-cli.

It is two programs in one. The second, for many invocations at once, runs /var/runtime/bootstrap,
and that as user 993: both take a mount namespace of its own.
"""

import functools
import http.client
import json
import os
import platform
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aws_tools import tool
from dev_command import free_port

TESTS = Path(__file__).parent
GUESTS = TESTS / "guests"
ARCHITECTURE = {"x86_64": "x86_64", "aarch64": "arm64"}
INVOCATIONS = "/2015-03-31/functions/function/invocations"

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="AWS's emulator is a Linux binary")


@functools.cache
def binary():
    """Its path."""
    name = f"aws-lambda-rie-{ARCHITECTURE[platform.machine()]}"
    packages = tool("sam").parents[1].glob("lib/python*/site-packages")
    found = next(packages) / "samcli" / "local" / "rapid" / name
    found.chmod(0o755)
    return str(found)


class Emulator:
    """The program for one invocation at a time. Its log, which has ours, is in `scratch`."""

    def __init__(self, target, scratch, folder=GUESTS, **variables):
        self.runtime = [sys.executable, "-m", "adapter.runtime", target]
        self.scratch, self.folder, self.variables = scratch, folder, variables
        self.log = scratch / "rie.log"
        self.log.write_bytes(b"")
        self.start()

    def start(self):
        self.port, api_port = free_port(), free_port()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(
                    binary(),
                    *("--runtime-interface-emulator-address", f"127.0.0.1:{self.port}"),
                    *("--runtime-api-address", f"127.0.0.1:{api_port}"),
                ),
                cwd=self.folder,
                env={**os.environ, **self.variables},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if self.is_up():
            return
        self.stop()
        log = self.log.read_text()
        if "address already in use" not in log:
            raise AssertionError(log)
        self.log.write_bytes(b"")
        self.start()  # somebody took the port in between

    def command(self, *emulator):
        return [*emulator, *self.runtime]

    def is_up(self):
        for _ in range(1200):
            if self.process.poll() is not None:
                return False
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return True
            except OSError:
                time.sleep(0.025)
        return False

    def invoke(self, event, **headers):
        """(HTTP status, answer as JSON)"""
        status, _, body = self.post(event, **headers)
        return status, json.loads(body)

    def post(self, event, **headers):
        """(HTTP status, headers, body). It is started anew if it dies of its own bug."""
        try:
            return self.post_once(event, **headers)
        except (ConnectionError, http.client.HTTPException):
            if "panic: " not in self.log.read_text():
                raise
        self.stop()
        self.start()
        return self.post_once(event, **headers)

    def post_once(self, event, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", INVOCATIONS, json.dumps(event), headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def log_with(self, words, times=1):
        """The log, as soon as `words` are in it so often, or without them after a while."""
        for _ in range(1200):
            if (text := self.log.read_text()).count(words) >= times:
                break
            time.sleep(0.025)
        return text

    def terminate(self):
        """SIGTERM, and wait; what was logged."""
        self.process.terminate()
        self.process.wait(30)
        return self.log.read_text()

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class ManyEmulator(Emulator):
    """The program for `AWS_LAMBDA_MAX_CONCURRENCY` invocations at once."""

    def command(self, *emulator):
        bootstrap = f"#!/bin/sh\ncd {self.folder}\nexec {shlex.join(self.runtime)}\n"
        script = _namespace(bootstrap, self.scratch / "stage")
        return ["unshare", "-m", "sh", "-c", script, "sh", *emulator]

    def post(self, event, **headers):
        """Again, while no poll waits: it has none for a moment when it starts."""
        for _ in range(200):
            status, answer_headers, body = self.post_once(event, **headers)
            if b"Runtime.Unavailable" not in body:
                break
            time.sleep(0.05)
        return status, answer_headers, body


@functools.cache
def why_not_many():
    """Why there can be no namespace here; '' if there can be."""
    tried = ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/var"]
    try:
        done = subprocess.run(tried, capture_output=True, text=True, check=False)
    except OSError as error:
        return f"`unshare`: {error}"
    return f"`{shlex.join(tried)}`: {done.stderr.strip()}" if done.returncode else ""


def skip_without_namespaces():
    if why := why_not_many():
        pytest.skip(f"AWS's emulator for many at once takes a mount namespace, and {why}")


def _namespace(bootstrap, stage):
    """A shell script that runs its arguments where the bootstrap is in its place, and readable.

    A folder that keeps user 993 out (/root, say) is covered by one with only what is wanted of it.
    """
    paths = [sys.base_prefix, sys.prefix, str(TESTS.parent)]
    wanted = {*paths, *map(os.path.realpath, paths)}
    covered = {"/var"} | {above for path in wanted if (above := _closed_above(path))}
    kept = [path for path in sorted(wanted) if any(path.startswith(f"{c}/") for c in covered)]
    staged = {path: f"{stage}/{number}" for number, path in enumerate(kept)}
    return "\n".join(
        [
            "set -e",
            f"mkdir -p {stage}",
            f"mount -t tmpfs none {stage}",
            *(f"mkdir {there}; mount --rbind {path} {there}" for path, there in staged.items()),
            *(f"mount -t tmpfs -o mode=755 none {path}" for path in sorted(covered)),
            *(f"mkdir -p {path}; mount --rbind {there} {path}" for path, there in staged.items()),
            "mkdir /var/runtime /var/task",
            f"printf %s {shlex.quote(bootstrap)} > /var/runtime/bootstrap",
            "chmod 755 /var/runtime/bootstrap",
            'exec "$@"',
        ]
    )


def _closed_above(path):
    """The topmost folder above `path` that not everybody may enter."""
    above = [str(folder) for folder in reversed(Path(path).parents)]
    return next((folder for folder in above if not os.stat(folder).st_mode & 0o001), None)
