"""Events that nobody waits for, and what the Invoke API says of time-outs and failed starts.

The API is in this process here, with pauses of a moment between the tries.
"""

import base64
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapter.local.asynchronous import DeadLetters, Queue
from adapter.local.invoke_api import InvokeAPI
from adapter.local.server import Server
from callers import ARN, client_of, folder_of, log_of, result
from lambda_side import ADAPTER, pool_of
from transports import loop_in_a_thread


class Served:
    """The API at a port, its log, and the file of its dead letters."""

    def __init__(self, port, log, file):
        self.log = log
        self.file = file
        self.client = client_of(f"http://127.0.0.1:{port}")

    def invoke(self, event, **arguments):
        arguments = {"FunctionName": "shop", **arguments}
        return self.client.invoke(Payload=json.dumps(event), **arguments)

    def send(self, event, **arguments):
        """The request id of an asynchronous call."""
        answer = self.invoke(event, InvocationType="Event", **arguments)
        assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
        return answer["ResponseMetadata"]["RequestId"]

    def wait_for(self, words):
        deadline = time.monotonic() + 30
        while not any(words in line for line in self.log):
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)

    @property
    def records(self):
        return [json.loads(line) for line in self.file.read_text().splitlines()]


@contextmanager
def served(base, target="callee.handler", *, pauses=(0.05, 0.1), file=None, **options):
    folder = folder_of(base)
    log, before = [], os.getcwd()
    file = file or base / "kept" / "dead.jsonl"

    async def start():
        pool = pool_of([*ADAPTER, target], target, **{"size": 1, "log": log.append, **options})
        queue = Queue(DeadLetters(file, log.append), log.append, pauses=pauses)
        server = Server(InvokeAPI(None, {pool.function.name: pool}, queue, log.append))
        await server.start()
        return pool, queue, server

    os.chdir(folder)
    try:
        with loop_in_a_thread() as wait_for:
            pool, queue, server = wait_for(start())
            yield Served(server.port, log, file)
            for part in (server, queue, pool):
                wait_for(part.stop())
    finally:
        os.chdir(before)


# Events


def test_an_event_that_fails_is_tried_three_times_and_kept(tmp_path):
    with served(tmp_path) as api:
        request_id = api.send({"do": "fail", "n": 1}, Qualifier="LIVE")
        api.wait_for("kept the event in")
        (record,) = api.records
    starts = [line for line in api.log if line.startswith("START")]
    assert starts == [f"START RequestId: {request_id} Version: $LATEST"] * 3
    assert time.strptime(record.pop("timestamp"), "%Y-%m-%dT%H:%M:%S.%fZ")
    response = record.pop("responsePayload")
    assert (response["errorType"], response["errorMessage"]) == ("ValueError", "no such luck")
    assert record == {
        "version": "1.0",
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"{ARN}:LIVE",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": {"do": "fail", "n": 1},
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
    }


@pytest.mark.parametrize("tries", [1, 3])
def test_an_event_that_succeeds_is_done_with(tmp_path, tries):
    seen = tmp_path / "seen"
    with served(tmp_path) as api:
        request_id = api.send({"do": "fail until", "file": str(seen), "tries": tries})
        until = time.monotonic() + 30
        while time.monotonic() < until and len(read(seen)) < tries:
            time.sleep(0.02)
        time.sleep(0.3)
        assert read(seen) == [request_id] * tries
        assert not api.file.exists()


def read(file):
    return file.read_text().splitlines() if file.exists() else []


def test_a_caller_s_context_does_not_go_with_an_event(tmp_path):
    context = base64.b64encode(b'{"custom": {"a": 1}}').decode()
    with served(tmp_path, "callee.tell") as api:
        api.send({}, ClientContext=context, TenantId="blue")
        api.wait_for("END RequestId")
        assert "context: None, tenant: blue" in api.log


def test_an_event_that_times_out_is_tried_again_where_others_run(tmp_path):
    """The environment lives on there: it must take the same request id once more."""
    seen = tmp_path / "seen"
    event = {"do": "fail until", "file": str(seen), "tries": 2, "sleep": 6}
    with served(tmp_path, timeout=3, concurrency=2, pauses=(0.05,)) as api:
        request_id = api.send(event)
        api.wait_for("; again in 0.05 s")
        for _ in range(1000):
            if sum(line.startswith("REPORT") for line in api.log) == 2:
                break
            time.sleep(0.02)
        assert read(seen) == [request_id] * 2
        assert not api.file.exists()
        assert sum(line.startswith("REPORT") for line in api.log) == 2


def test_a_file_that_can_t_be_written_is_said(tmp_path):
    tmp_path.joinpath("file").write_text("")
    with served(tmp_path, file=tmp_path / "file" / "dead.jsonl", pauses=()) as api:
        api.send({"do": "fail"})
        api.wait_for("can't write")
    (line,) = (line for line in api.log if "can't write" in line)
    assert json.loads(line[line.index("{") :])["requestPayload"] == {"do": "fail"}


def test_adapter_dev_keeps_dead_letters_in_a_folder_that_git_leaves_out(dev, tmp_path):
    folder = folder_of(tmp_path)
    gateway = dev("callee.handler", folder=folder)
    client_of(gateway.url).invoke(
        FunctionName="shop", InvocationType="Event", Payload='{"do": "exit"}'
    )
    file = folder / ".adapter" / "dead-letters.jsonl"
    deadline = time.monotonic() + 60  # three starts, and three seconds between them
    while not (file.exists() and file.read_text().endswith("\n")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (line,) = file.read_text().splitlines()
    assert json.loads(line)["responsePayload"]["errorType"] == "Runtime.ExitError"
    assert (folder / ".adapter" / ".gitignore").read_text() == "*\n"
    output = gateway.stop()
    assert "; again in 1 s\n" in output
    assert "; again in 2 s\n" in output
    assert "adapter: kept the event in .adapter/dead-letters.jsonl\n" in output


def test_what_is_not_done_with_at_the_end_is_said(dev, tmp_path):
    gateway = dev("callee.handler", "--dead-letters", "x.jsonl", folder=folder_of(tmp_path))
    client = client_of(gateway.url)
    for event in ({"do": "sleep", "seconds": 20}, {"do": "fail"}):
        client.invoke(FunctionName="shop", InvocationType="Event", Payload=json.dumps(event))
    time.sleep(0.5)
    output = gateway.stop()
    assert "adapter: gave up asynchronous events that were not done with: 2\n" in output
    assert 'Traceback (most recent call last):\n  File "/work' not in output
    assert gateway.process.returncode == 0


# Time, starts, and many at once


def test_a_time_out_is_a_function_error(tmp_path):
    with served(tmp_path, timeout=3) as api:
        answer = api.invoke({"do": "sleep", "seconds": 20}, LogType="Tail")
        after = api.invoke({"a": 1})
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert result(answer) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {request_id} Error: Task timed out after 3.00 seconds",
    }
    assert f"{request_id} Task timed out after 3.00 seconds\nEND " in log_of(answer)
    assert result(after) == {"a": 1}


def test_a_time_out_in_a_stream_is_told_at_its_end(tmp_path):
    with served(tmp_path, timeout=0.4) as api:
        answer = api.client.invoke_with_response_stream(
            FunctionName="shop", Payload='{"do": "sleep", "seconds": 20}'
        )
        (end,) = answer["EventStream"]
    assert end["InvokeComplete"]["ErrorCode"] == "Sandbox.Timedout"
    assert "Task timed out" in end["InvokeComplete"]["ErrorDetails"]


def test_a_start_that_fails_is_a_function_error_with_its_log(tmp_path):
    with served(tmp_path, "absent.handler") as api:
        answer = api.invoke({}, LogType="Tail")
    assert answer["FunctionError"] == "Unhandled"
    assert "absent" in result(answer)["errorMessage"]
    assert "absent" in log_of(answer)


def test_what_an_environment_says_at_its_start_is_the_first_invocation_s(tmp_path):
    with served(tmp_path, "wordy.handler") as api:
        words = "print('wordy was imported')\n"
        Path("wordy.py").write_text(Path("callee.py").read_text() + words)
        logs = [log_of(api.invoke({}, LogType="Tail")) for _ in range(2)]
    assert [log.startswith("wordy was imported\nSTART ") for log in logs] == [True, False]


def test_of_many_at_once_each_has_its_own_lines(tmp_path):
    event = {"do": "say", "lines": ["said"] * 3, "pause": 0.1}
    with served(tmp_path, concurrency=4) as api, ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: api.invoke(event, LogType="Tail"), range(4)))
    ids = [answer["ResponseMetadata"]["RequestId"] for answer in answers]
    for request_id, answer in zip(ids, answers, strict=True):
        log = log_of(answer)
        assert [other for other in ids if other in log] == [request_id]
        assert log.count("said") >= 3
        assert [line.split()[0] for line in log.splitlines() if request_id in line] == [
            "START",
            "END",
            "REPORT",
        ]
