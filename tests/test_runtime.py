"""The runtime as a process of its own, against a Runtime API with real sockets."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from adapter.events import KINDS
from adapter.local import environment
from adapter.message import Request
from lambda_side import ADAPTER, AWSLAMBDARIC, run

GUESTS = Path(__file__).parent / "guests"


@pytest.fixture(autouse=True)
def _task_folder(monkeypatch):
    monkeypatch.chdir(GUESTS)


def http_event(path="/", kind="http_api", **rest):
    return KINDS[kind].encode_request(Request("GET", path, **rest))


# What a function gets and gives


@pytest.mark.parametrize("command", [ADAPTER, AWSLAMBDARIC], ids=["ours", "AWS's"])
def test_a_function_gets_the_context_that_aws_gives(command):
    (result,) = run("plain.handler", {"a": "context"}, command=command).results
    context = result["a"]
    assert context["invoked_function_arn"].endswith(":function:guests")
    assert context["function_name"] == "guests"
    assert context["function_version"] == "$LATEST"
    assert context["memory_limit_in_mb"] == "1024"
    assert context["log_group_name"] == "/aws/lambda/guests"
    assert 20_000 < context["remaining"] <= 30_000
    assert context["client_context"] is None
    assert len(context["aws_request_id"]) == 36


def test_a_web_app_is_started_once_and_answers_with_its_state():
    ran = run("web:app", http_event("/a%20b", query="x=%2F"), http_event("/b"))
    first, second = (json.loads(result["body"]) for result in ran.results)
    assert first["path"] == "/a b"
    assert first["query"] == "x=%2F"
    assert [first["started"], second["started"]] == [1, 1]
    assert [first["state"], second["state"]] == ["kept", "kept"]
    assert first["pid"] == second["pid"]
    assert "the app was shut down" in ran.log


@pytest.mark.parametrize("command", [ADAPTER, AWSLAMBDARIC], ids=["ours", "AWS's"])
def test_a_handler_object_is_started_once_under_either_runtime(command):
    ran = run("web.handler", http_event("/a"), http_event("/b"), command=command)
    assert [json.loads(result["body"])["started"] for result in ran.results] == [1, 1]


def test_an_event_that_is_no_request_fails_its_invocation_and_no_other():
    ran = run("web:app", {"Records": [{"eventSource": "unheard:of"}]}, http_event())
    refused, answered = ran.outcomes
    assert refused.failed
    assert not answered.failed
    document = json.loads(refused.body)
    assert document["errorType"] == "EventError"
    assert "unheard:of" in document["errorMessage"]
    assert document["stackTrace"]


def test_a_handler_may_be_named_as_an_app_too():
    (result,) = run("web:handler", http_event("/x")).results
    assert json.loads(result["body"])["path"] == "/x"


def test_base_path_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("ADAPTER_BASE_PATH", "v1")
    (result,) = run("web:app", http_event("/v1/x")).results
    assert json.loads(result["body"])["root_path"] == "/v1"


def test_what_a_function_prints_is_in_the_log_before_its_report():
    ran = run("plain.handler", {"a": "speak"})
    kinds = [line.split(" ")[0] for line in ran.log]
    assert kinds == ["START", "hello", "END", "REPORT"]
    assert "Init Duration: " in ran.log[-1]


def test_text_beyond_ascii_comes_through():
    assert run("plain.handler", {"é": "text"}).results == [{"é": "é日\U0001f600"}]


def test_a_function_that_returns_nothing_returns_null():
    assert run("plain.nothing", {}).results == [None]


# What goes wrong in a function


@pytest.mark.parametrize(
    ("action", "error_type", "message"),
    [
        ("fail", "ValueError", "no such luck"),
        ("leave", "SystemExit", "3"),
        ("nan", "MarshalError", "no JSON"),
        ("object", "MarshalError", "not JSON serializable"),
        ("interrupt", "KeyboardInterrupt", ""),
        ("large", "ResponseSizeTooLarge", "at most 6,291,556"),
    ],
)
def test_a_failure_is_reported_and_the_environment_goes_on(action, error_type, message):
    ran = run("plain.handler", {"a": "pid"}, {"a": action}, {"a": "pid"})
    before, failed, after = ran.outcomes
    document = json.loads(failed.body)
    assert failed.failed
    assert document["errorType"] == error_type
    assert message in document["errorMessage"]
    assert before.body == after.body
    assert "[ERROR] RequestId: " in ran.text


def test_a_stack_trace_names_the_line():
    document = json.loads(run("plain.handler", {"a": "fail"}).outcomes[0].body)
    assert 'plain.py", line' in "".join(document["stackTrace"])
    assert document["requestId"]


def test_an_app_that_exits_answers_with_a_500():
    ran = run("web:app", http_event("/exit"), http_event("/"))
    assert [result["statusCode"] for result in ran.results] == [500, 200]


def test_a_process_that_dies_is_replaced():
    ran = run("plain.handler", {"a": "pid"}, {"a": "die"}, {"a": "pid"})
    before, died, after = ran.outcomes
    assert "Runtime exited with error: exit status 9" in died.body.decode()
    assert "Runtime exited with error: exit status 9 Runtime.ExitError" in ran.text
    assert before.body != after.body
    assert not after.failed


def test_a_function_that_takes_too_long_is_ended(tmp_path, monkeypatch):
    (tmp_path / "slow.py").write_text("import time\ndef handler(e, c): time.sleep(20)\n")
    monkeypatch.chdir(tmp_path)
    ran = run("slow.handler", {}, timeout=0.3)
    assert "Task timed out after 0.30 seconds" in ran.outcomes[0].body.decode()


def test_the_next_request_gets_a_new_environment_after_a_late_one(tmp_path, monkeypatch):
    (tmp_path / "slow.py").write_text(
        "import os, time\ndef handler(e, c):\n    time.sleep(e)\n    return os.getpid()\n"
    )
    monkeypatch.chdir(tmp_path)
    ran = run("slow.handler", 9, 0, 0, timeout=3, at_once=True)
    assert [outcome.failed for outcome in ran.outcomes] == [True, False, False]


def test_a_child_that_holds_the_output_does_not_hold_up_the_end(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "import os, subprocess\n"
        "def handler(e, c):\n"
        "    if e: subprocess.Popen(['sleep', '60']); os._exit(4)\n"
    )
    monkeypatch.chdir(tmp_path)
    began = time.monotonic()
    ran = run("mine.handler", 1, 0)
    assert [outcome.failed for outcome in ran.outcomes] == [True, False]
    assert time.monotonic() - began < 50


def test_environments_serve_one_request_at_a_time(tmp_path, monkeypatch):
    (tmp_path / "slow.py").write_text(
        "import os, time\ndef handler(e, c):\n    time.sleep(0.3)\n    return os.getpid()\n"
    )
    monkeypatch.chdir(tmp_path)
    ran = run("slow.handler", *[{}] * 4, size=2, at_once=True)
    assert len(set(ran.results)) == 2
    assert sum("Init Duration" in line for line in ran.log) == 2


# What goes wrong before


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        (None, "absent:app", "there is no module 'absent' for absent:app"),
        ("x = 1", "mine:app", "mine has no 'app', which mine:app asks for"),
        ("def application(e, s): ...", "mine:app", "did you mean one of application?"),
        ("app = 5", "mine:app", "mine:app is 5, which can't be called"),
        ("def app(:", "mine:app", "line 1"),
        ("import flaskk", "mine:app", "it imports 'flaskk', which is not there"),
        (None, "src.mine:app", "and not in src; make src the folder"),
        ("1 / 0", "mine:app", "it raised ZeroDivisionError: division by zero"),
        ("import sys; sys.exit(2)", "mine:app", "it raised SystemExit: 2"),
        ("", "mine", "'mine' names nothing to run: write main:app"),
        ("", "mine:", "'mine:' names nothing to run"),
        ("", "mine.py", "'mine.py' names a file: write main:app"),
        ("", "./mine.py:app", "names a file: write main:app"),
        ("def make(): ...", "mine:make", "write app = make() into mine.py, and name mine:app"),
        ("def make(*, a=1): ...", "mine:make()", "write app = make() into mine.py"),
        ("async def app(s, r, e): ...", "mine.app", "for the web app `app` write mine:app"),
    ],
)
def test_what_can_t_be_loaded_is_said_in_words_and_told_lambda(
    tmp_path, monkeypatch, source, target, words
):
    if source is not None:
        (tmp_path / "mine.py").write_text(source)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "mine.py").write_text("import beside_me")
    (tmp_path / "src" / "beside_me.py").write_text("")
    monkeypatch.chdir(tmp_path)
    ran = run(target, {})
    document = json.loads(ran.outcomes[0].body)
    assert document["errorType"] == "LoadError"
    assert words in document["errorMessage"]
    assert words in ran.text


def test_a_failed_startup_fails_the_init_with_the_app_s_words(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "async def app(scope, receive, send):\n"
        "    await receive()\n"
        "    await send({'type': 'lifespan.startup.failed', 'message': 'no database'})\n"
    )
    monkeypatch.chdir(tmp_path)
    document = json.loads(run("mine:app", {}).outcomes[0].body)
    assert document["errorMessage"] == "the app failed to start: no database"


SLOW = """
import pathlib, time
until = time.monotonic() + 30
while not pathlib.Path("told").exists() and time.monotonic() < until:
    time.sleep(0.01)
def handler(event, context): return pathlib.Path("told").exists()
"""


class Told(str):
    """A text that leaves a file behind when it is used."""

    def format(self, *arguments):
        Path("told").touch()
        return super().format(*arguments)


def test_a_start_that_takes_long_is_told(tmp_path, monkeypatch):
    """Such as that of a module which runs a server when it is imported."""
    (tmp_path / "mine.py").write_text(SLOW)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(environment, "_INIT_S", 0.1)
    monkeypatch.setattr(environment, "_SLOW_START", Told(environment._SLOW_START))
    ran = run("mine.handler", 1)
    assert ran.results == [True]
    assert "adapter: mine.handler has not started after 0.1 s" in ran.text


# What goes wrong at the other end


def talk(*answers, target="plain.handler"):
    """The runtime against a server that says `answers`, one for each request, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_speak, args=(listener, answers))
        thread.start()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        done = subprocess.run(
            [*ADAPTER, target],
            env={**os.environ, "AWS_LAMBDA_RUNTIME_API": address, "ADAPTER_EXTENSION": "0"},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        thread.join()
    return done


def _speak(listener, answers):
    try:
        connection, _ = listener.accept()
        listener.close()  # nobody is there for a second connection
        with connection:
            for answer in answers:
                connection.recv(65536)
                connection.sendall(answer)
    except OSError:
        pass


EVENT = (
    b'HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\nContent-Length: 12\r\n\r\n{"a": "pid"}'
)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([], "with nothing usable"),
        ([b"nonsense\r\n\r\n"], "which is no HTTP answer"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"], "it gives 'x' as a length"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"], "it gives '-5' as a length"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"], "in the middle of an answer"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"], "without a request id"),
        ([b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"], "with status 500"),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"], "'zz' as a length"),
    ],
)
def test_a_broken_answer_of_the_runtime_api_is_said_in_one_line(answers, words):
    done = talk(*answers)
    assert done.returncode == 1  # since nobody listens any more
    lines = done.stdout.splitlines()
    assert words in lines[0]
    assert lines[0].startswith("adapter: the Lambda Runtime API at 127.0.0.1:")
    assert not done.stderr


def test_an_event_may_come_in_chunks():
    head = (
        b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    event = b'3;x=1\r\n{"a\r\nA\r\n": "fail"}\r\n0\r\nTrailer: 1\r\n\r\n'
    done = talk(head + event)
    assert "[ERROR] RequestId: 1 ValueError: no such luck" in done.stdout


def test_an_event_that_is_no_json_is_an_error_of_its_invocation():
    head = b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\nContent-Length: 3\r\n\r\n{x}"
    assert "[ERROR] RequestId: 1 JSONDecodeError" in talk(head).stdout


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:http", ":", "127.0.0.1:1"])
def test_an_address_that_leads_nowhere_is_said_in_one_line(address):
    done = subprocess.run(
        [*ADAPTER, "plain.handler"],
        env={**os.environ, "AWS_LAMBDA_RUNTIME_API": address},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout.startswith("adapter: ")
    assert done.stdout.count("\n") == 1


def test_outside_lambda_it_says_what_to_run_instead():
    done = subprocess.run(
        [sys.executable, "-m", "adapter.runtime", "plain:handler"],
        env={k: v for k, v in os.environ.items() if k != "AWS_LAMBDA_RUNTIME_API"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "adapter dev main:app" in done.stderr


# The price of a cold start


def test_the_runtime_loads_no_more_than_it_needs():
    code = (
        "import sys; before = set(sys.modules); import adapter.runtime; "
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(Path(sys.modules["adapter"].__file__).parents[1])},
        check=True,
    )
    loaded = set(done.stdout.split())
    assert {name for name in loaded if name.startswith("adapter")} == {
        "adapter",
        "adapter.context",
        "adapter.errors",
        "adapter.message",
        "adapter.runtime",
        "adapter.runtime.api",
        "adapter.runtime.calls",
        "adapter.runtime.connection",
        "adapter.runtime.load",
        "adapter.runtime.logs",
        "adapter.runtime.logs_json",
        "adapter.runtime.logs_output",
        "adapter.runtime.loop",
        "adapter.runtime.main",
        "adapter.runtime.sockets",
    }
    heavy = {
        "asyncio",
        "http",
        "http.client",
        "logging",
        "traceback",
        "inspect",
        "dataclasses",
        "concurrent",
        "ssl",
        "typing",
        "urllib",
        "urllib.parse",
        "email",
    }
    assert not loaded & heavy
