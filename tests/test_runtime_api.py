"""The local Runtime API offers any runtime what Lambda offers: raw sockets, AWS's own, curl.

`guests/raw.py` is the runtime that does what it is told by its events.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import pytest

from adapter.local import environment
from lambda_side import pool_of, run

GUESTS = Path(__file__).parent / "guests"
RAW = [sys.executable, "raw.py"]
LIMIT = 6_291_556


@pytest.fixture(autouse=True)
def _task_folder(monkeypatch):
    monkeypatch.chdir(GUESTS)


def raw(*events, start="-", **options):
    return run(start, *events, command=RAW, **options)


def said(log, word):
    """What the guest said behind `word`, as it came."""
    lines = [json.loads(line) for line in log if line.startswith("[") and line.endswith("]")]
    return [rest for first, *rest in lines if first == word]


# What comes with an event


def test_an_event_comes_with_lambda_s_headers():
    (answer,) = raw({"do": "echo"}).results
    headers = answer["headers"]
    assert len(headers["lambda-runtime-aws-request-id"]) == 36
    assert headers["lambda-runtime-invoked-function-arn"].endswith(":function:guests")
    assert headers["lambda-runtime-trace-id"].startswith("Root=1-")
    remaining = int(headers["lambda-runtime-deadline-ms"]) / 1000 - time.time()
    assert 0 < remaining <= 30
    assert not {
        "lambda-runtime-aws-tenant-id",
        "lambda-runtime-client-context",
        "lambda-runtime-cognito-identity",
        "lambda-runtime-invocation-id",
    } & set(headers)


def test_what_a_caller_says_besides_comes_too():
    told = {
        "tenant_id": "blue",
        "client_context": '{"custom": {"a": 1}}',
        "cognito_identity": '{"cognitoIdentityId": "i"}',
    }
    (answer,) = raw({"do": "echo"}, told=told).results
    headers = answer["headers"]
    assert headers["lambda-runtime-aws-tenant-id"] == "blue"
    assert headers["lambda-runtime-client-context"] == told["client_context"]
    assert headers["lambda-runtime-cognito-identity"] == told["cognito_identity"]


def test_a_runtime_that_forgot_its_event_is_given_it_again():
    assert raw({"do": "forget"}).results == [True]


def test_a_large_answer_may_ask_first():
    ran = raw({"do": "expect"})
    assert said(ran.log, "expect") == [[100], [202]]
    assert len(ran.outcomes[0].body) == 2_000_000


def test_an_answer_and_the_next_poll_may_come_in_one_write():
    ran = raw({"do": "pipeline"}, {"do": "never taken"})
    assert said(ran.log, "pipeline") == [[202, 200]]
    assert ran.results[0] == 1


def test_what_is_no_http_is_hung_up_on():
    ran = raw({"do": "garbage"})
    assert said(ran.log, "garbage") == [[""]]
    assert not ran.outcomes[0].failed


def test_no_event_goes_to_a_poll_that_was_given_up():
    ran = raw({"do": "hang_up"}, {"do": "echo"}, timeout=5)
    assert not ran.outcomes[1].failed


# Streams


def test_a_stream_comes_in_its_chunks():
    ran = raw({"do": "stream", "parts": ["one", "two"], "pause": 0.2})
    assert ran.chunks == [[b"one", b"two"]]
    assert not ran.outcomes[0].failed
    assert said(ran.log, "stream") == [[202]]


def test_a_sender_may_hang_up_after_its_last_byte():
    """AWS's page tells runtimes to close the connection then."""
    event = {"do": "stream", "parts": ["x" * 60_000] * 20, "hang_up": True}
    ran = raw(event, event)
    assert [len(outcome.body) for outcome in ran.outcomes] == [1_200_000] * 2


def test_an_empty_stream_is_one():
    ran = raw({"do": "stream", "parts": []})
    assert ran.chunks == [[]]
    assert not ran.outcomes[0].failed


def test_an_error_in_the_middle_comes_behind_the_chunks():
    ran = raw({"do": "stream", "parts": ["one"], "end": "no more"}, {"do": "echo"})
    failed, after = ran.outcomes
    assert ran.chunks[0] == [b"one"]
    assert failed.failed
    assert failed.error_type == "Function.Broke"
    assert json.loads(failed.body) == {"errorType": "Broke", "errorMessage": "no more"}
    assert said(ran.log, "stream") == [[202]]
    assert not after.failed


def test_an_error_before_the_first_chunk_fails_the_invocation():
    (outcome,) = raw({"do": "stream", "parts": [], "end": "nothing"}).outcomes
    assert (outcome.failed, outcome.error_type) == (True, "Function.Broke")


def test_a_stream_that_breaks_off_failed():
    ran = raw({"do": "stream", "parts": ["one"], "end": "break"}, {"do": "echo"})
    broken, after = ran.outcomes
    assert ran.chunks[0] == [b"one"]
    assert (broken.failed, broken.error_type) == (True, "Runtime.TruncatedResponse")
    assert not after.failed


def with_pool(scenario, target="-", **options):
    """Run `scenario(pool, log)` with environments of the raw guest."""

    async def whole():
        log = []
        pool = pool_of([*RAW, target], target, size=1, log=log.append, **options)
        try:
            return await scenario(pool, log)
        finally:
            await pool.stop()

    return asyncio.run(whole())


async def until(true):
    for _ in range(600):
        if true():
            return
        await asyncio.sleep(0.05)
    pytest.fail("it did not come")


def test_the_first_bytes_come_before_the_last_are_sent(tmp_path):
    seen = tmp_path / "seen"

    async def scenario(pool, log):
        event = {"do": "stream", "parts": ["one", "two"], "seen": str(seen)}
        outcome = await pool.invoke(event)
        chunks = aiter(outcome.stream)
        first = await anext(chunks)
        seen.touch()
        return first, [chunk async for chunk in chunks]

    assert with_pool(scenario) == (b"one", [b"two"])


def test_a_stream_waits_for_whoever_reads_it():
    """A hundred megabytes that nobody reads stay with the runtime."""

    async def scenario(pool, log):
        outcome = await pool.invoke({"do": "pour", "megabytes": 100})
        await asyncio.sleep(1)
        waiting = not any("poured" in line for line in log)
        sizes = [len(chunk) async for chunk in outcome.stream]
        return waiting, sum(sizes), max(sizes)

    waiting, size, largest = with_pool(scenario)
    assert waiting
    assert size == 100 << 20
    assert largest <= 65_536


def test_a_caller_without_streaming_gets_six_megabytes_at_most():
    async def scenario(pool, log):
        outcome = await pool.invoke({"do": "pour", "megabytes": 7})
        return await outcome.whole()

    outcome = with_pool(scenario)
    assert (outcome.failed, outcome.error_type) == (True, "Function.ResponseSizeTooLarge")


def test_a_stream_ends_at_200_megabytes():
    async def scenario(pool, log):
        outcome = await pool.invoke({"do": "pour", "megabytes": 201})
        size = 0
        async for chunk in outcome.stream:
            size += len(chunk)
        await pool.invoke({"do": "echo"})
        return size, outcome.stream.end, log

    size, end, log = with_pool(scenario)
    assert size == 200 << 20
    assert end.error_type == "Function.ResponseSizeTooLarge"
    assert '["poured", 413]' in log


def test_a_stream_that_takes_too_long_ends_with_its_process():
    ran = raw({"do": "stream", "parts": ["one", "two"], "pause": 20}, {"do": "echo"}, timeout=3)
    late, after = ran.outcomes
    assert ran.chunks[0] == [b"one"]
    assert (late.failed, late.late) == (True, True)
    assert not after.failed


# What is refused


def test_an_invocation_is_answered_once():
    assert said(raw({"do": "twice"}).log, "twice") == [[202, 403, 403]]


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [
        ("unknown", 400, "InvalidRequestID"),
        ("large", 413, "RequestEntityTooLarge"),
        ("mode", 400, "InvalidFunctionResponseMode"),
        ("init_error", 403, "InvalidStateTransition"),
    ],
)
def test_a_mistake_is_refused_and_the_runtime_goes_on(action, status, kind):
    ran = raw({"do": action}, {"do": "echo"})
    assert said(ran.log, action) == [[status, kind]]
    assert not ran.outcomes[1].failed


@pytest.mark.parametrize(
    ("action", "kind"),
    [("large", "Function.ResponseSizeTooLarge"), ("mode", "Runtime.InvalidResponseModeHeader")],
)
def test_a_refused_result_fails_its_invocation(action, kind):
    (outcome,) = raw({"do": action}).outcomes
    assert (outcome.failed, outcome.error_type) == (True, kind)


@pytest.mark.parametrize("options", [{}, {"start": "many", "concurrency": 2}])
def test_an_error_that_breaks_off_is_one(options):
    (outcome,) = raw({"do": "break_error"}, **options).outcomes
    assert (outcome.failed, outcome.error_type) == (True, "Runtime.TruncatedResponse")


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("Function.ValueError", "Function.ValueError"),
        ("Runtime.ImportModuleError", "Runtime.ImportModuleError"),
        ("ValueError", "Runtime.Unknown"),
        ("Function.", "Function.Unknown"),
        ("Unhandled", "Runtime.Unknown"),
    ],
)
def test_error_types_are_those_that_lambda_knows(told, kept):
    (outcome,) = raw({"do": "fail", "type": told}).outcomes
    assert (outcome.failed, outcome.error_type) == (True, kept)
    assert outcome.xray_cause == '{"paths": []}'
    assert json.loads(outcome.body) == {"errorMessage": "no"}


# Work after the response, and its end


def test_the_caller_does_not_wait_for_what_comes_after_the_response():
    async def scenario(pool, log):
        first = await pool.invoke({"do": "work_after", "seconds": 2.0})
        worked = '["worked"]' in log
        second = await pool.invoke({"do": "echo"})
        return json.loads(first.body), worked, json.loads(second.body)["pid"], log

    first, worked, second, log = with_pool(scenario)
    assert not worked
    assert first == second
    kinds = [line.split(" ")[0] for line in log]
    assert kinds == ["START", '["worked"]', "END", "REPORT", "START", "END", "REPORT"]


def test_work_after_the_response_ends_with_the_deadline():
    ran = raw({"do": "work_after", "seconds": 20}, {"do": "echo"}, timeout=3)
    assert [outcome.failed for outcome in ran.outcomes] == [False, False]
    assert ran.results[0] != ran.results[1]["pid"]
    assert "Task timed out after 3.00 seconds" in ran.text


def test_a_process_that_ends_after_its_answer_is_said():
    ran = raw({"do": "die_after"}, {"do": "echo"})
    assert [outcome.failed for outcome in ran.outcomes] == [False, False]
    assert "Runtime exited with error: exit status 5 Runtime.ExitError" in ran.text


# Signals


@pytest.mark.parametrize(
    ("start", "signals"),
    [("graceful", 1), ("stubborn", 1), ("unregistered", 0), ("-", 0)],
)
def test_a_timeout_sends_sigterm_to_those_that_registered(start, signals, monkeypatch):
    monkeypatch.setattr(environment, "_TIMEOUT_S", 3.0 if start == "stubborn" else 20.0)
    ran = raw({"do": "sleep", "seconds": 20}, start=start, timeout=0.5)
    assert ran.outcomes[0].late
    assert ran.log.count('["SIGTERM"]') == signals


@pytest.mark.parametrize(("start", "signals"), [("graceful", 1), ("unregistered", 0)])
def test_so_does_the_end(start, signals):
    ran = raw({"do": "echo"}, start=start)
    assert ran.log.count('["SIGTERM"]') == signals


# Extensions


def test_an_extension_is_told_the_function_and_its_invocations():
    async def scenario(pool, log):
        results = [await pool.invoke({"do": "echo"}) for _ in range(2)]
        await until(lambda: len(said(log, "event")) == 2)
        return [json.loads(result.body) for result in results], log

    results, log = with_pool(scenario, "invoke")
    function = {
        "accountId": "123456789012",
        "functionName": "guests",
        "functionVersion": "$LATEST",
        "handler": "invoke",
    }
    assert said(log, "registered") == [[200, function]]
    events = said(log, "event")
    ids = [result["headers"]["lambda-runtime-aws-request-id"] for result in results]
    assert [event["requestId"] for event, _ in events] == ids
    assert {event["eventType"] for event, _ in events} == {"INVOKE"}
    assert all(identified for _, identified in events)


def test_init_is_not_over_before_every_extension_asked_for_an_event():
    async def scenario(pool, log):
        starting = asyncio.create_task(pool.warm_up())
        await until(lambda: '["registered", 200]' in log)
        await asyncio.wait({starting}, timeout=0.5)
        return starting.done()

    assert not with_pool(scenario, "silent")


def test_what_extensions_may_not_do_is_refused():
    ran = raw({"do": "echo"}, start="refused")
    assert said(ran.log, "nameless") == [[403]]
    assert said(ran.log, "shutdown") == [["Extension.InvalidEventType"]]
    assert said(ran.log, "no identifier") == [[403]]
    assert said(ran.log, "nowhere") == [[404]]


def test_nothing_registers_after_the_first_poll():
    assert said(raw({"do": "init_error"}).log, "register") == [[403]]


# Snapshots


def test_a_runtime_waits_to_be_restored():
    async def scenario(pool, log):
        assert not (await pool.warm_up()).failed
        await asyncio.sleep(0.3)
        before = list(log)
        outcome = await pool.invoke({"do": "echo"})
        return before, outcome, log

    before, outcome, log = with_pool(scenario, "restored", snapstart=True)
    assert before == ['["before"]']
    assert not outcome.failed
    assert '["restored", 200]' in log


def test_a_failed_restore_fails_the_invocation():
    ran = raw({"do": "echo"}, start="not_restored", snapstart=True)
    (outcome,) = ran.outcomes
    assert (outcome.failed, outcome.error_type) == (True, "Runtime.AfterRestoreError")
    assert "stale" in outcome.body.decode()


def test_without_snapshots_there_is_nothing_to_restore():
    assert said(raw({"do": "echo"}, start="restored").log, "restored") == [[404]]


# Many at once


def test_as_many_run_at_once_as_poll():
    ran = raw(*[{"do": "meet"}] * 8, start="many", concurrency=8, at_once=True)
    assert not any(outcome.failed for outcome in ran.outcomes)
    assert sum("Init Duration" in line for line in ran.log) == 1


def test_over_that_another_environment_starts_if_it_may():
    ran = raw(
        *[{"do": "sleep", "seconds": 1}] * 4,
        start="many", concurrency=2, size=2, at_once=True,
    )  # fmt: skip
    assert sum("Init Duration" in line for line in ran.log) == 2


def test_a_timeout_among_many_leaves_the_process_alone():
    events = [{"do": "sleep", "seconds": 2.5}, {"do": "work_after", "seconds": 3}]
    ran = raw(*events, start="many", concurrency=2, at_once=True, timeout=2)
    late, other = ran.outcomes
    assert (late.late, other.failed) == (True, False)


def test_a_late_answer_among_many_is_refused():
    async def scenario(pool, log):
        late = await pool.invoke({"do": "sleep", "seconds": 5})
        await until(lambda: '["late", 410]' in log)
        return late, await pool.invoke({"do": "echo"})

    late, again = with_pool(scenario, "many", concurrency=2, timeout=3)
    assert (late.late, again.failed) == (True, False)


def test_an_answer_of_another_invocation_is_refused():
    async def scenario(pool, log):
        await pool.invoke({"do": "foreign"})
        await until(lambda: '["own", 202]' in log)
        return log

    assert '["foreign", 400]' in with_pool(scenario, "many", concurrency=2)


# What can't be started


def test_a_command_that_is_not_there_fails_the_invocation():
    ran = run("-", {}, command=["/nowhere/bootstrap"])
    (outcome,) = ran.outcomes
    assert (outcome.failed, outcome.error_type) == (True, "Runtime.InvalidEntrypoint")
    assert "[ERROR] /nowhere/bootstrap: No such file or directory" in ran.log
