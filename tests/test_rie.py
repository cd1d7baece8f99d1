"""Our loop under AWS's own emulator: what it does differently from ours, or ours only claims."""

import json
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapter.events import KINDS
from adapter.events.stream import decode_head
from adapter.message import Request
from emulator import Emulator, ManyEmulator, needs_linux, skip_without_namespaces

pytestmark = needs_linux

STREAMS = {"ADAPTER_STREAM": "1"}
# The emulator counts the start, too: with a second it is over on a busy machine before it began.
SOON = {"AWS_LAMBDA_FUNCTION_TIMEOUT": "5", "ADAPTER_DEADLINE_MARGIN": "0"}
CALLER = {
    "X-Amz-Tenant-Id": "blue",
    "X-Amz-Client-Context": "eyJjdXN0b20iOiB7ImEiOiAxfX0=",  # {"custom": {"a": 1}}
    "X-Amzn-Trace-Id": "Root=1-abc",
}


@pytest.fixture
def started():
    emulators = []
    yield emulators
    for emulator in emulators:
        emulator.stop()


@pytest.fixture
def start(started, tmp_path):
    def begin(target, **variables):
        started.append(Emulator(target, tmp_path, **variables))
        return started[-1]

    return begin


@pytest.fixture
def start_many(started, tmp_path):
    skip_without_namespaces()

    def begin(target, at_once=4, **variables):
        variables["AWS_LAMBDA_MAX_CONCURRENCY"] = str(at_once)
        started.append(ManyEmulator(target, tmp_path, **variables))
        return started[-1]

    return begin


@pytest.fixture(params=["one", "many"])
def start_either(request):
    return request.getfixturevalue({"one": "start", "many": "start_many"}[request.param])


def asked(path, kind="http_api", **rest):
    return KINDS[kind].encode_request(Request("GET", path, **rest))


def at_once(emulator, *events):
    with ThreadPoolExecutor(len(events)) as threads:
        return list(threads.map(emulator.invoke, events))


# Either program


def test_environments_live_on_from_one_invocation_to_the_next(start_either):
    emulator = start_either("web:app")
    told = [json.loads(emulator.invoke(asked("/"))[1]["body"]) for _ in range(20)]
    assert len({each["pid"] for each in told}) == 1
    assert len({each["request_id"] for each in told}) == 20


def test_events_over_2_kb_come_in_chunks(start_either):
    headers = (("content-type", "text/plain"),)
    _, result = start_either("web:app").invoke(asked("/", headers=headers, body=b"x" * 500_000))
    assert len(json.loads(result["body"])["body"]) == 500_000


@pytest.mark.parametrize(
    ("action", "error_type"),
    [
        ("fail", "ValueError"),
        ("leave", "SystemExit"),
        ("interrupt", "KeyboardInterrupt"),
        ("nan", "MarshalError"),
        ("large", "ResponseSizeTooLarge"),
    ],
)
def test_a_failure_is_told_and_does_not_end_the_environment(start_either, action, error_type):
    emulator = start_either("plain.handler")
    _, before = emulator.invoke({"a": "pid"})
    _, failed = emulator.invoke({"a": action})
    _, after = emulator.invoke({"a": "pid"})
    assert failed["errorType"] == error_type
    assert failed["stackTrace"]
    assert before == after


def test_a_module_that_is_not_there_is_told(start_either):
    emulator = start_either("absent:app")
    _, document = emulator.invoke({})
    assert document["errorType"] in ("LoadError", "Runtime.ImportModuleError")
    assert "there is no module 'absent'" in emulator.log.read_text()


def test_a_streamed_answer_arrives_in_one_with_its_head(start_either):
    emulator = start_either("streams:app", **STREAMS)
    for _ in range(3):
        status, _, body = emulator.post(asked("/events", "function_url"))
        head, rest = decode_head(body)
        assert (status, head["statusCode"]) == (200, 200)
        assert head["headers"] == {"content-type": "text/plain"}
        assert rest == b"data: 1\n\ndata: 2\n\ndata: 3\n\n"


def test_a_streamed_answer_that_is_too_large_is_refused_and_the_next_is_served(start_either):
    emulator = start_either("streams:app", **STREAMS)
    _, refused = emulator.invoke(asked("/big", "function_url"))
    _, _, body = emulator.post(asked("/x", "function_url"))
    assert refused["errorType"] == "Function.ResponseSizeTooLarge"
    assert decode_head(body)[1] == b"onetwo"
    assert "/response with status 413" in emulator.log_with("Lambda refused")


def test_the_end_of_the_environment_shuts_the_app_down(start_either):
    emulator = start_either("life:app")
    emulator.invoke(asked("/"))
    emulator.process.terminate()
    assert "shutdown\n" in emulator.log_with("shutdown\n")


# One at a time


def test_a_time_out_shuts_the_app_down_and_the_next_gets_a_new_environment(start):
    emulator = start("life:app", **SOON)
    _, before = emulator.invoke(asked("/"))
    _, _, late = emulator.post(asked("/waits"))
    _, after = emulator.invoke(asked("/"))
    assert late == b"Task timed out after 5.00 seconds"
    assert before["body"] != after["body"]
    assert emulator.log.read_text().count("shutdown\n") == 1


def test_without_the_extension_there_is_no_signal(start):
    emulator = start("life:app", ADAPTER_EXTENSION="0")
    emulator.invoke(asked("/"))
    assert "shutdown\n" not in emulator.terminate()


def test_the_tenant_and_the_client_context_come_through(start):
    _, result = start("plain.handler").invoke({"a": "context"}, **CALLER)
    assert (result["a"]["tenant_id"], result["a"]["client_context"]) == ("blue", {"a": 1})


def test_answers_to_polls_in_one_write_and_in_two_are_the_same(start):
    for pipeline in ("0", "1"):
        emulator = start("web:app", ADAPTER_PIPELINE=pipeline)
        answers = [emulator.invoke(asked(f"/{number}"))[1] for number in range(20)]
        paths = [json.loads(answer["body"])["path"] for answer in answers]
        assert paths == [f"/{number}" for number in range(20)]


# Many at once


@pytest.mark.parametrize("target", ["crowd:app", "crowd:wsgi_app"])
def test_so_many_run_at_once_in_one_process(start_many, target):
    answers = at_once(start_many(target, 4), *[asked("/wait/4")] * 4)
    told = [answer["body"].split(" ") for _, answer in answers]
    assert len({pid for pid, *_ in told}) == 1
    assert len({request_id for _, _, request_id, *_ in told}) == 4


@pytest.fixture
def open_folder():
    """One that everybody may enter: the emulator is another user."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def test_one_more_is_turned_away_and_the_others_are_served(start_many, open_folder):
    go = open_folder / "go"
    emulator = start_many("crowd:app", 2, GO=str(go))
    with ThreadPoolExecutor(2) as threads:
        served = [threads.submit(emulator.invoke, asked("/until-go")) for _ in range(2)]
        emulator.log_with("begin /until-go", times=2)
        status, _, _ = emulator.post_once(asked("/"))
        go.touch()
        assert [one.result()[1]["statusCode"] for one in served] == [200, 200]
    assert status == 400


def test_worker_processes_share_the_polls(start_many):
    emulator = start_many("crowd:app", 4, ADAPTER_WORKERS="2")
    pids = set()
    for _ in range(40):  # the second takes part as soon as it has started
        answers = at_once(emulator, *[asked("/slow")] * 4)
        pids |= {answer["body"].split(" ")[0] for _, answer in answers}
        if len(pids) == 2:
            break
    assert len(pids) == 2


def test_an_error_after_the_first_byte_reaches_the_caller(start_many):
    emulator = start_many("streams:app", **STREAMS)
    _, headers, body = emulator.post(asked("/fails-after", "function_url"))
    assert headers["error-type"] == "Function.ValueError"
    assert json.loads(body)["errorMessage"] == "after"
    assert json.loads(body)["stackTrace"]
    _, _, after = emulator.post(asked("/x", "function_url"))
    assert decode_head(after)[1] == b"onetwo"


def test_a_late_answer_is_refused_and_said(start_many):
    emulator = start_many("late:app", **SOON)
    _, late = emulator.invoke(asked("/seven-seconds"))
    _, after = emulator.invoke(asked("/"))
    assert late["errorType"] == "Sandbox.Timedout"
    assert after["statusCode"] == 200
    assert "/response with status 4" in emulator.log_with("/response with status 4")


def test_there_is_no_tenant(start_many):
    # The program does not pass it on; AWS's own environments for many do.
    _, result = start_many("plain.handler").invoke({"a": "context"}, **CALLER)
    assert result["a"]["tenant_id"] is None


def test_the_trace_is_the_invocation_s_own(start_many):
    _, result = start_many("crowd:app").invoke(asked("/"), **CALLER)
    assert result["body"].split(" ")[4] == "Root=1-"


def test_an_invocation_under_way_does_not_hold_up_the_end(start_many):
    emulator = start_many("life:app", **SOON)
    emulator.invoke(asked("/waits"))  # the caller has its time-out, and the app goes on
    log = emulator.terminate()
    assert "shutdown\n" in log
    assert "SIGKILL" not in log
