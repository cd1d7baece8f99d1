"""Streamed answers through the local gateway: HTTP in, raw sockets on the runtime's side."""

import http.client
import json
import os
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from adapter.events.stream import CONTENT_TYPE
from adapter.local.server import Server
from lambda_side import gateway_of, pool_of
from transports import loop_in_a_thread

GUESTS = Path(__file__).parent / "guests"
KINDS = ["function_url", "rest_api"]


class Served:
    """A gateway of this process before environments of the raw guest."""

    def __init__(self, port, log):
        self.log = log
        self.port = port
        self.url = f"http://127.0.0.1:{port}/"

    def ask(self, method="GET", **wanted):
        return httpx.request(method, self.url, content=json.dumps(wanted), timeout=30)

    @property
    def text(self):
        return "\n".join(self.log)


@contextmanager
def served(kind, *, stream=True):
    log = []

    async def start():
        folder = os.getcwd()
        os.chdir(GUESTS)
        try:
            pool = pool_of([sys.executable, "raw.py", "-"], "-", log=log.append, stream=stream)
            await pool.warm_up()
        finally:
            os.chdir(folder)
        server = Server(gateway_of(pool, kind, log=log.append))
        await server.start()
        return pool, server

    with loop_in_a_thread() as wait_for:
        pool, server = wait_for(start())
        yield Served(server.port, log)
        wait_for(server.stop())
        wait_for(pool.stop())


def head(status=200, **rest):
    return json.dumps({"statusCode": status, **rest}) + "\0" * 8


def streamed(*parts, **rest):
    return {"do": "stream", "type": CONTENT_TYPE, "parts": list(parts), **rest}


each_kind = pytest.mark.parametrize("kind", KINDS)


@each_kind
def test_status_headers_and_cookies_come_from_the_head(kind):
    told = head(201, headers={"x-a": "1"}, cookies=["a=1", "b=2"])
    with served(kind) as gateway:
        answer = gateway.ask(**streamed(told, "one", "two"))
    assert (answer.status_code, answer.text) == (201, "onetwo")
    assert answer.headers["x-a"] == "1"
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert answer.headers["transfer-encoding"] == "chunked"
    assert "date" in answer.headers


@each_kind
def test_a_head_may_come_in_pieces_with_the_beginning_of_the_body(kind):
    told = head(headers={"x-a": "1"}) + "one"
    with served(kind) as gateway:
        answer = gateway.ask(**streamed(told[:10], told[10:40], told[40:], pause=0.05))
    assert (answer.text, answer.headers["x-a"]) == ("one", "1")


@each_kind
def test_chunks_go_out_as_they_come(kind, tmp_path):
    seen = tmp_path / "seen"
    with served(kind) as gateway:
        content = json.dumps(streamed(head(), "one", "two", seen=str(seen)))
        with httpx.stream("GET", gateway.url, content=content, timeout=30) as answer:
            chunks = answer.iter_raw()
            first = next(chunks)
            seen.touch()
            rest = b"".join(chunks)
    assert (first, rest) == (b"one", b"two")


def test_the_app_s_length_is_kept():
    with served("function_url") as gateway:
        told = head(headers={"content-length": "6"})
        answer = gateway.ask(**streamed(told, "one", "two"))
        longer = gateway.ask(**streamed(told, "one", "two", "three"))
        again = gateway.ask(**streamed(told, "one", "two"))
        with pytest.raises(httpx.RemoteProtocolError):
            gateway.ask(**streamed(told, "one"))
    assert answer.headers["content-length"] == "6"
    assert "transfer-encoding" not in answer.headers
    assert (answer.text, longer.text, again.text) == ("onetwo",) * 3
    assert "3 bytes less than its content-length says" in gateway.text


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_where_http_has_no_body_none_goes_out(method, status):
    with served("function_url") as gateway:
        answer = gateway.ask(method, **streamed(head(status), "one", "two", pause=0.1))
        again = gateway.ask("GET", **streamed(head(), "x"))
    assert (answer.status_code, answer.content) == (status, b"")
    assert again.text == "x"


@each_kind
def test_an_answer_that_fails_in_the_middle_is_broken_off(kind, capfd):
    with served(kind) as gateway:
        with pytest.raises(httpx.RemoteProtocolError):
            gateway.ask(**streamed(head(), "one", end="no more"))
        with pytest.raises(httpx.RemoteProtocolError):
            gateway.ask(**streamed(head(), "one", end="break"))
        assert gateway.ask(**streamed(head(), "fine")).text == "fine"
    assert "broke the answer off as AWS does: Function.Broke: no more" in gateway.text
    assert "broke the answer off as AWS does: Runtime.TruncatedResponse" in gateway.text
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(("kind", "status"), [("function_url", 502), ("rest_api", 502)])
def test_a_failure_before_the_head_is_answered(kind, status):
    with served(kind) as gateway:
        assert gateway.ask(**streamed(end="nothing")).status_code == status
        assert gateway.ask(**streamed('{"sta', end="nothing")).status_code == status
        assert gateway.ask(do="fail", type="Function.X").status_code == status


@pytest.mark.parametrize(("kind", "status"), [("function_url", 502), ("rest_api", 500)])
@pytest.mark.parametrize(
    "parts", [["x" * 20_000, "more"], ["short"], ["[1]" + "\0" * 8], ["[" * 10_000 + "\0" * 8]]
)
def test_a_stream_without_a_head_is_refused(kind, status, parts):
    with served(kind) as gateway:
        assert gateway.ask(**streamed(*parts)).status_code == status
        assert gateway.ask(**streamed(head(), "fine")).text == "fine"


def test_a_function_url_passes_other_streams_on():
    with served("function_url") as gateway:
        answer = gateway.ask(do="stream", type="application/octet-stream", parts=["a", "b"])
    assert (answer.status_code, answer.text) == (200, "ab")
    assert answer.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(("kind", "status"), [("function_url", 200), ("rest_api", 500)])
def test_a_result_that_is_not_streamed_is_no_answer(kind, status):
    """As on AWS: a function URL that streams shows the result's JSON."""
    with served(kind) as gateway:
        answer = gateway.ask(do="echo")
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["event"] == {"do": "echo"}
        assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("kind", ["function_url", "rest_api", "http_api", "alb"])
def test_without_the_option_a_streamed_answer_is_refused(kind):
    with served(kind, stream=False) as gateway:
        answer = gateway.ask(**streamed(head(), "one"))
    assert answer.status_code == (500 if kind == "http_api" else 502)
    assert "--stream" in gateway.text


def test_a_client_that_hangs_up_does_not_stop_the_function():
    with served("function_url") as gateway:
        wanted = streamed(head(), "one", "two", "three", pause=0.3)
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
        connection.request("GET", "/", json.dumps(wanted))
        assert connection.getresponse().read1(3) == b"one"
        connection.sock.close()
        connection.close()
        assert gateway.ask(**streamed(head(), "fine")).text == "fine"
    assert '["stream", 202]' in gateway.text


def test_a_slow_client_holds_the_function_up_and_no_memory():
    with served("function_url") as gateway:
        before = psutil.Process().memory_info().rss
        wanted = {"do": "pour", "type": CONTENT_TYPE, "head": head(), "megabytes": 100}
        with httpx.stream("GET", gateway.url, content=json.dumps(wanted), timeout=30) as answer:
            time.sleep(1)
            assert "poured" not in gateway.text
            size = sum(len(chunk) for chunk in answer.iter_raw())
        assert psutil.Process().memory_info().rss - before < 40e6
    assert size == 100 << 20


def test_the_option_is_for_front_ends_that_can_stream(dev, monkeypatch):
    from test_dev import start_badly

    done = start_badly("web:app", "--kind", "alb", "--stream")
    assert done.returncode == 2
    assert "--stream: alb can't stream; function_url and rest_api can" in done.stderr


def test_environments_are_told_of_it(dev, tmp_path):
    (tmp_path / "mine.py").write_text(
        "import os\ndef handler(e, c): return {'stream': os.environ.get('ADAPTER_STREAM')}\n"
    )
    options = ("mine.handler", "--kind", "function_url")
    streaming = dev(*options, "--stream", folder=tmp_path)
    assert streaming.client.get("/").json() == {"stream": "1"}
    assert dev(*options, folder=tmp_path).client.get("/").json() == {"stream": None}


def test_requests_at_once_share_a_process(dev, tmp_path):
    """With a runtime that polls as often as it is told."""
    (tmp_path / "slow.py").write_text(
        "import os, time\n"
        "def handler(event, context):\n"
        "    time.sleep(0.5)\n"
        "    return os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']\n"
    )
    gateway = dev("slow.handler", "--concurrency", "4", "--workers", "1", folder=tmp_path)
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(gateway.client.get("/").text))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.strip('"') for answer in answers} == {"lambda-managed-instances"}
