"""A Redis server for the tests, on a port of its own; `scripts/redis` finds or installs it."""

import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from dev_command import free_port

SCRIPT = Path(__file__).parents[1] / "scripts" / "redis"


@contextmanager
def redis_server():
    """Its URL, while it runs. It keeps nothing."""
    port = free_port()
    with _server(["--port", str(port), "--bind", "127.0.0.1"]) as process:
        _wait_until_up(process, socket.AF_INET, ("127.0.0.1", port))
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def redis_at(path):
    """The same at a path of its own, where there can be one after the other."""
    with _server(["--port", "0", "--unixsocket", str(path)]) as process:
        _wait_until_up(process, socket.AF_UNIX, str(path))
        yield f"unix://{path}"


@contextmanager
def _server(options):
    command = [_program(), *options, "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _program():
    there = shutil.which("redis-server") or shutil.which("valkey-server")
    if there:
        return there
    found = subprocess.run([SCRIPT], capture_output=True, text=True)
    if found.returncode:
        pytest.skip(found.stderr.strip())
    return found.stdout.strip()


def _wait_until_up(process, family, address):
    while process.poll() is None:
        with socket.socket(family) as probe:
            if probe.connect_ex(address) == 0:
                return
        time.sleep(0.01)
    raise AssertionError(process.stdout.read())
