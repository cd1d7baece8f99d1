"""`breakpoint()` in an app, in a terminal of its own."""

import os
import pty
import subprocess
import sys
import threading
import time

import httpx
import pytest

from dev_command import free_port

APP = """
async def app(scope, receive, send):
    if scope["type"] == "http":
        said = "untouched"
        breakpoint()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": said.encode()})
"""


class Terminal:
    """`adapter dev` at a terminal: what it shows so far, and what is typed into it."""

    def __init__(self, folder, *arguments):
        self.port = free_port()
        self.screen = ""
        self._ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "adapter", "dev", *arguments, "--port", str(self.port)]
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        while True:
            try:
                self.screen += os.read(self._ours, 65536).decode()
            except OSError:  # the other end is closed
                return

    def wait_for(self, text):
        for _ in range(1200):
            if text in self.screen:
                return
            time.sleep(0.05)
        raise AssertionError(self.screen)

    def type(self, line):
        os.write(self._ours, f"{line}\n".encode())

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self._reader.join(30)
        os.close(self._ours)


@pytest.fixture
def terminal(tmp_path):
    (tmp_path / "main.py").write_text(APP)
    started = []

    def begin(*arguments):
        started.append(Terminal(tmp_path, "main:app", *arguments))
        started[-1].wait_for("ready in ")
        return started[-1]

    yield begin
    for one in started:
        one.stop()


def get(port, answers):
    answers.append(httpx.get(f"http://127.0.0.1:{port}/", timeout=30).text)


def test_it_opens_a_debugger_and_stops_the_clock(terminal):
    dev, answers = terminal("--workers", "1", "--timeout", "2"), []
    asking = threading.Thread(target=get, args=(dev.port, answers))
    asking.start()
    dev.wait_for("(Pdb) ")
    time.sleep(2.5)
    dev.type("p said + '!'")
    dev.wait_for("'untouched!'")
    dev.type("said = 'debugged'")
    dev.type("c")
    asking.join(30)
    assert answers == ["debugged"]


def test_with_several_environments_it_is_passed_over(terminal):
    dev, answers = terminal(), []
    get(dev.port, answers)
    assert answers == ["untouched"]
    dev.wait_for("adapter dev --workers 1")
