"""Our loop under AWS's own emulator: the `aws-lambda-rie` binary of the package aws-sam-cli."""

import fcntl
import http.client
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adapter.events import KINDS
from adapter.message import Request

TESTS = Path(__file__).parent
VENV = TESTS.parent / ".venv-rie"
ARCHITECTURE = {"x86_64": "x86_64", "aarch64": "arm64"}

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="AWS's emulator is a Linux binary"),
    pytest.mark.xdist_group("rie"),
]


@pytest.fixture(scope="session")
def emulator():
    """The path of the binary, installed at the first use into a virtual environment of its own."""
    VENV.parent.joinpath(".venv-rie.lock").touch()
    with VENV.parent.joinpath(".venv-rie.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        name = f"aws-lambda-rie-{ARCHITECTURE[platform.machine()]}"
        found = list(VENV.glob(f"lib/python*/site-packages/samcli/local/rapid/{name}"))
        if not found:
            subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
            # Without its 60 dependencies: only the binary is wanted.
            subprocess.run(
                [VENV / "bin/python", "-m", "pip", "install", "-q", "--no-deps", "aws-sam-cli"],
                check=True,
            )
            found = list(VENV.glob(f"lib/python*/site-packages/samcli/local/rapid/{name}"))
    os.chmod(found[0], 0o755)
    return found[0]


class Emulator:
    """AWS's emulator around `python -m adapter.runtime TARGET`."""

    def __init__(self, binary, target, folder, **variables):
        self.port, api_port = free_port(), free_port()
        self.log = folder / "rie.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    binary,
                    *("--runtime-interface-emulator-address", f"127.0.0.1:{self.port}"),
                    *("--runtime-api-address", f"127.0.0.1:{api_port}"),
                    *(sys.executable, "-m", "adapter.runtime", target),
                ],
                cwd=TESTS / "guests",
                env={**os.environ, **variables},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def invoke(self, event):
        """(HTTP status, answer)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        path = "/2015-03-31/functions/function/invocations"
        try:
            connection.request("POST", path, json.dumps(event))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def wait_until_up(self):
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.025)
        raise AssertionError(self.log.read_text())

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def start(emulator, tmp_path):
    started = []

    def begin(target, **variables):
        started.append(Emulator(emulator, target, tmp_path, **variables))
        return started[-1].wait_until_up()

    yield begin
    for process in started:
        process.stop()


def asked(kind, path="/a%20b", **rest):
    return KINDS[kind].encode_request(Request("POST", path, "x=1", **rest))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_web_app_answers_every_front_end(start, kind):
    body = "né".encode()
    headers = (("content-type", "text/plain"), ("content-length", str(len(body))))
    status, result = start("web:app").invoke(asked(kind, headers=headers, body=body))
    answer = json.loads(b"".join(KINDS[kind].decode_response(result).body))
    assert status == 200
    assert answer["path"] == "/a b"
    assert answer["query"] == "x=1"
    assert answer["body"].encode("latin-1") == body
    assert len(answer["request_id"]) == 36


def test_environments_live_on_from_one_invocation_to_the_next(start):
    emulator = start("web:app")
    pids = set()
    for _ in range(5):
        _, result = emulator.invoke(asked("http_api"))
        pids.add(json.loads(result["body"])["pid"])
        time.sleep(0.05)  # back-to-back calls crash the emulator now and then
    assert len(pids) == 1


def test_events_over_2_kb_come_in_chunks(start):
    headers = (("content-type", "text/plain"),)
    event = asked("http_api", headers=headers, body=b"x" * 500_000)
    _, result = start("web:app").invoke(event)
    assert len(json.loads(result["body"])["body"]) == 500_000


def test_a_function_s_error_is_told(start):
    _, document = start("plain.handler").invoke({"a": "fail"})
    assert document["errorType"] == "ValueError"
    assert document["errorMessage"] == "no such luck"
    assert document["stackTrace"]


def test_a_module_that_is_not_there_is_told(start):
    emulator = start("absent:app")
    _, document = emulator.invoke({})
    assert "there is no module 'absent'" in document["errorMessage"]


def test_a_function_that_exits_does_not_end_the_environment(start):
    emulator = start("plain.handler")
    _, before = emulator.invoke({"a": "pid"})
    _, failed = emulator.invoke({"a": "leave"})
    _, after = emulator.invoke({"a": "pid"})
    assert failed["errorType"] == "SystemExit"
    assert before == after
