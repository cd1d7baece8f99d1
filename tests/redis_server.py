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
    command = [_program(), "--port", str(port), "--bind", "127.0.0.1"]
    options = ["--save", "", "--appendonly", "no"]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
    try:
        _wait_until_up(port, process)
        yield f"redis://127.0.0.1:{port}/0"
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


def _wait_until_up(port, process):
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise AssertionError(process.stdout.read())
