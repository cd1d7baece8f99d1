"""The same module under a real server: uvicorn in its own process, a client over a socket."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest


@pytest.fixture(scope="module")
def server(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a running server, and its log."""
    log = tmp_path_factory.mktemp("uvicorn") / "log"
    command = [sys.executable, "-m", "uvicorn", "main:app", "--port", "0"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
    try:
        yield started(process, log), log
    finally:
        process.terminate()
        process.wait(30)


def started(process: subprocess.Popen[bytes], log: Path) -> str:
    """Its address, which it says when it takes requests."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if found := re.search(r"running on (http://\S+)", log.read_text()):
            return found[1]
        time.sleep(0.02)
    raise AssertionError(log.read_text())


def get(url: str) -> httpx.Response:
    return httpx.get(url, timeout=30)


def test_front_page(server: tuple[str, Path]) -> None:
    assert "<h1>uvicorn, no gateway</h1>" in get(server[0]).text


def test_bytes_arrive(server: tuple[str, Path]) -> None:
    content = get(f"{server[0]}/download?size=1000").content
    assert content == (bytes(range(256)) * 4)[:1000]


def test_a_task_is_done_after_the_response(server: tuple[str, Path]) -> None:
    with httpx.Client(base_url=server[0], timeout=30) as client:
        posted: list[int] = []

        def finished() -> list[int]:
            return [task["task"] for task in client.get("/tasks").json()["finished"]]

        def is_done_later() -> bool:
            posted.append(client.post("/tasks").json()["task"])
            return posted[-1] not in finished()

        assert any(is_done_later() for _ in range(50))  # a busy machine may miss the 0.1 s
        deadline = time.monotonic() + 30
        while sorted(finished()) != posted:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_the_log_has_the_traceback(server: tuple[str, Path]) -> None:
    url, log = server
    assert get(f"{url}/error").status_code == 500
    assert get(f"{url}/state").status_code == 200
    assert "RuntimeError: The error this route is for." in log.read_text()
