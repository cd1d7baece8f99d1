"""The example as its README starts it, with and without Redis."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

EXAMPLE = Path(__file__).parents[1]
PROFILES = 120_000


@contextmanager
def running(
    *command: str | Path, **variables: str
) -> Iterator[tuple[httpx.Client, psutil.Process]]:
    port = free_port()
    environ = {**os.environ, "PORT": str(port), "PYTHON": sys.executable, **variables}
    started = [*map(str, command), *([] if variables else ["--port", str(port)])]
    with subprocess.Popen(
        started, cwd=EXAMPLE, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        assert f":{port}/" in line, line
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                yield client, psutil.Process(process.pid)
        finally:
            for child in psutil.Process(process.pid).children():  # of the script
                child.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGINT)
            process.stdout.read()


def free_port() -> int:
    """For a server that is started next: as its connection is in TIME-WAIT, nobody is given it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()):
            listener.accept()[0].close()
        return int(listener.getsockname()[1])


def begun(client: httpx.Client, price: float = 20) -> str:
    """The URL of the result's page."""
    assert "Who would choose our tariff?" in client.get("/").text
    answer = client.post("/runs", data={"price": price, "profiles": PROFILES})
    assert answer.status_code == 303
    page = answer.headers["location"]
    assert "<progress" in client.get(page).text
    return str(page)


def state(client: httpx.Client, page: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{page}/state").raise_for_status().json()
    return found


def ended(client: httpx.Client, page: str) -> dict[str, Any]:
    while not (found := state(client, page))["shares"]:
        assert not found["failed"], found
        time.sleep(0.05)
    return found


def expected(price: float = 20) -> list[float]:
    """The same, computed here in one go."""
    command = (
        "import market, prediction\n"
        f"tariffs, size = market.market({price}), prediction.PROFILES\n"
        f"sums = [market.chosen(tariffs, n, size) for n in range(0, {PROFILES}, size)]\n"
        "print(*market.shares(sums))\n"
    )
    done = subprocess.run([sys.executable, "-c", command], cwd=EXAMPLE, stdout=subprocess.PIPE)
    return [float(word) for word in done.stdout.split()]


def check(found: dict[str, Any], price: float = 20) -> None:
    assert (found["done"], found["of"]) == (PROFILES // 2_000, PROFILES // 2_000)
    shares = [share for _, share in found["shares"]]
    assert shares == pytest.approx(expected(price))
    assert sum(shares) == pytest.approx(1)


def test_without_redis_it_runs_in_one_process() -> None:
    with running(sys.executable, "-m", "adapter", "dev") as (client, _):
        check(ended(client, begun(client)))
        for path in ("/runs/nobody-knows", "/runs/a:b"):
            assert client.get(f"{path}/state").status_code == 404
        wrong = client.post("/runs", data={"price": "nan", "profiles": 1})
        assert wrong.status_code == 400


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="apt-get install redis-server")
def test_with_redis_nothing_is_lost_when_a_worker_and_the_coordinator_are_killed() -> None:
    with running(EXAMPLE / "with-redis", REDIS_PORT=str(free_port())) as (client, process):
        page = begun(client)
        while state(client, page)["done"] < 3:
            time.sleep(0.02)
        kill(process, "prediction.predict")
        kill(process, "prediction.coordinate")
        found = ended(client, page)
        check(found)


def kill(process: psutil.Process, target: str) -> None:
    """Kill the processes that run a function."""
    victims = [child for child in process.children(recursive=True) if target in command_of(child)]
    assert victims
    for victim in victims:
        victim.kill()


def command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it has just ended
        return []
