"""A request that would run past its deadline is stopped or, if that can't be, reported."""

import re
import time
from pathlib import Path

import pytest

from adapter import ASGI, Handler
from adapter.context import Context
from adapter.deadline import Watch, awaiting, where
from adapter.events import KINDS
from adapter.message import Request
from lambda_side import AWSLAMBDARIC, own_handler, run

GUESTS = Path(__file__).parent / "guests"
TIMEOUT, MARGIN = 5, {"ADAPTER_DEADLINE_MARGIN": "2.4"}


@pytest.fixture(autouse=True)
def _task_folder(monkeypatch):
    monkeypatch.chdir(GUESTS)


def event(path, kind="http_api"):
    return KINDS[kind].encode_request(Request("GET", path))


def asked(target, *paths, **options):
    options = {"timeout": TIMEOUT, "variables": MARGIN, **options}
    return run(target, *map(event, paths), **options)


@pytest.mark.parametrize("path", ["/waits", "/does-not-stop", "/tidies-up"])
def test_a_request_that_waits_gets_a_504_and_the_environment_goes_on(path):
    ran = asked("late:app", "/", path, "/")
    before, late, after = ran.results
    assert (late["statusCode"], late["body"]) == (504, "Gateway Timeout")
    assert after["statusCode"] == 200
    assert before["body"] == after["body"]  # the same process
    assert re.search(rf"GET {path} failed \(RequestId: [-0-9a-f]{{36}}\): DeadlineError", ran.text)
    place = r"stopped 2.4 s before its deadline, in .*the_database \(.*late.py:\d+"
    assert bool(re.search(place, ran.text)) == (path == "/waits")
    assert ("tidied up" in ran.text) == (path == "/tidies-up")


def test_a_body_that_stops_coming_is_a_504_where_it_is_buffered():
    assert asked("late:app", "/in-the-body").results[0]["statusCode"] == 504


def test_a_stream_that_stops_coming_ends_with_the_error():
    ran = run(
        "late:app",
        event("/in-the-body", "function_url"),
        event("/", "function_url"),
        timeout=TIMEOUT,
        variables={**MARGIN, "ADAPTER_STREAM": "1"},
    )
    assert ran.outcomes[0].error_type == "Function.DeadlineError"
    assert not ran.outcomes[1].failed


def test_work_after_the_response_is_stopped_too():
    ran = asked("late:app", "/in-the-background", "/")
    first, second = ran.results
    assert first["body"] == second["body"]
    assert "GET /in-the-background failed" in ran.text


@pytest.mark.parametrize("target", ["late:app", "late:wsgi_app"])
def test_code_that_blocks_is_reported_and_left_to_lambda(target):
    margin = {"ADAPTER_DEADLINE_MARGIN": "1.5"}
    ran = asked(target, "/", "/blocks", "/", timeout=3, variables=margin)
    before, late, after = ran.outcomes
    assert late.late
    assert before.body != after.body
    assert re.search(
        r"GET /blocks still runs \(RequestId: [-0-9a-f]{36}\).*late.py:\d+\)", ran.text
    )


def test_a_margin_of_0_leaves_it_to_lambda():
    ran = asked("late:app", "/waits", variables={"ADAPTER_DEADLINE_MARGIN": "0"}, timeout=0.5)
    assert ran.outcomes[0].late
    assert "DeadlineError" not in ran.text


def test_under_aws_s_own_runtime_it_is_the_same(tmp_path, monkeypatch):
    handler = own_handler(tmp_path, monkeypatch, ("late", "app"), "deadline_margin=2.4")
    ran = run(handler, event("/waits"), event("/"), command=AWSLAMBDARIC, timeout=TIMEOUT)
    assert [result["statusCode"] for result in ran.results] == [504, 200]


@pytest.mark.parametrize("value", ["soon", "-", "1,5"])
def test_a_margin_that_is_no_number_is_said(value):
    ran = asked("late:app", "/", variables={"ADAPTER_DEADLINE_MARGIN": value})
    assert f"ADAPTER_DEADLINE_MARGIN is '{value}'; it should be a number of seconds" in ran.text


def test_a_negative_margin_is_refused():
    with pytest.raises(ValueError, match="should be some seconds"):
        Handler(lambda environ, start_response: [], deadline_margin=-1)


def test_a_deadline_that_is_over_already_stops_what_waits():
    async def app(scope, receive, send):
        await receive()
        await receive()

    handler = Handler(ASGI(app, lifespan=False))
    context = Context("1", int(time.time() * 1000) - 5000)
    assert handler(event("/"), context)["statusCode"] == 504


# The watch


def test_the_watch_reports_a_late_call_once_and_with_its_place():
    reports = []
    watch = Watch(lambda call, place: reports.append((call, place)))
    watch.begin("slow", 0.05)
    watch.begin("quick", time.time() + 60)
    watch.end("quick")
    until(lambda: reports)
    watch.begin("next", 0.05)
    until(lambda: len(reports) > 1)
    ((call, place), _) = reports
    assert call == "slow"
    assert "test_the_watch_reports" in place


def test_the_watch_serves_a_later_call_after_it_was_idle():
    reports = []
    watch = Watch(lambda call, place: reports.append(call))
    for number, call in enumerate(("first", "second"), 1):
        watch.begin(call, 0.05)
        until(lambda: len(reports) == number)  # noqa: B023
        time.sleep(0.1)  # it is idle
    assert reports == ["first", "second"]


def until(true):
    for _ in range(2000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it never came")


def test_a_place_is_told_from_outside_to_inside():
    async def outer():
        await inner()

    async def inner():
        await Pause()

    class Pause:
        def __await__(self):
            yield

    coroutine = outer()
    coroutine.send(None)
    names = [name for _, _, name in awaiting(coroutine)]
    coroutine.close()
    assert names[:2] == ["outer", "inner"]
    assert where([]) == "nowhere that Python knows of"
