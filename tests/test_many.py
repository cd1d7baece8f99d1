"""Many invocations at once in one environment: AWS_LAMBDA_MAX_CONCURRENCY."""

import json
import re
from pathlib import Path

import pytest

from adapter.events import KINDS
from adapter.message import Request
from lambda_side import run

GUESTS = Path(__file__).parent / "guests"
APPS = ["crowd:app", "crowd:wsgi_app"]


@pytest.fixture(autouse=True)
def _task_folder(monkeypatch):
    monkeypatch.chdir(GUESTS)


def event(path, kind="http_api"):
    return KINDS[kind].encode_request(Request("GET", path))


def crowd(target, *paths, concurrency=8, at_once=True, kind="http_api", **options):
    events = [event(path, kind) for path in paths]
    return run(target, *events, concurrency=concurrency, at_once=at_once, **options)


def bodies(ran):
    return [result["body"].split(" ") for result in ran.results]


@pytest.mark.parametrize("target", APPS)
def test_they_run_side_by_side_in_one_process(target):
    ran = crowd(target, *["/wait/8"] * 8)
    told = bodies(ran)
    assert len({pid for pid, *_ in told}) == 1
    assert sum("Init Duration" in line for line in ran.log) == 1


def test_an_asgi_app_s_run_on_one_loop_in_one_lifespan():
    told = bodies(crowd("crowd:app", *["/wait/8"] * 8))
    assert {thread for _, thread, *_ in told} == {"MainThread"}
    assert {started for *_, started in told} == {"1"}


def test_a_wsgi_app_s_run_in_threads_and_it_is_told():
    told = bodies(crowd("crowd:wsgi_app", *["/wait/8"] * 8))
    assert len({thread for _, thread, *_ in told}) == 8
    assert {multithread for *_, multithread in told} == {"True"}


def test_plain_functions_run_in_threads():
    assert len(run("crowd.handler", *[{}] * 4, concurrency=4, at_once=True).results) == 4


@pytest.mark.parametrize("target", APPS)
def test_each_knows_its_own_invocation(target):
    ran = crowd(target, *["/wait/8"] * 8, told={"tenant_id": "blue"})
    told = bodies(ran)
    assert len({request_id for _, _, request_id, *_ in told}) == 8
    assert {(tenant, trace) for _, _, _, tenant, trace, *_ in told} == {("blue", "Root=1-")}


@pytest.mark.parametrize("target", APPS)
def test_log_lines_of_interleaved_requests_stay_apart(target):
    ran = crowd(target, *["/wait/4"] * 4, variables={"AWS_LAMBDA_LOG_FORMAT": "JSON"})
    lines = [json.loads(line) for line in ran.log if line.startswith("{")]
    said = [line for line in lines if line.get("logger") == "crowd"]
    ids = {request_id for _, _, request_id, *_ in bodies(ran)}
    for what in ("begin", "end"):
        assert {line["requestId"] for line in said if line["message"].startswith(what)} == ids


@pytest.mark.parametrize("target", APPS)
def test_more_come_one_after_the_other(target):
    assert len(bodies(crowd(target, *["/"] * 30, concurrency=4))) == 30


def test_work_after_the_response_belongs_to_its_request():
    ran = crowd("crowd:app", "/fails-at-last", "/slow", at_once=False)
    assert re.search(
        r"GET /fails-at-last failed \(RequestId: [-0-9a-f]{36}\): ValueError", ran.text
    )
    assert "after /fails-at-last" in ran.text


def test_streams_run_side_by_side():
    ran = crowd(
        "crowd:app", *["/stream"] * 4, kind="function_url", variables={"ADAPTER_STREAM": "1"}
    )
    assert all(len(chunks) >= 3 for chunks in ran.chunks)


def test_each_request_has_a_deadline_of_its_own():
    variables = {"ADAPTER_DEADLINE_MARGIN": "2.4"}
    ran = crowd("crowd:app", "/for-ever", "/", timeout=5, variables=variables)
    late, other = ran.results
    assert (late["statusCode"], other["statusCode"]) == (504, 200)


def test_a_task_that_exits_ends_nothing():
    ran = crowd("crowd:app", "/", "/stray-exit", "/", at_once=False)
    assert len({pid for pid, *_ in bodies(ran)}) == 1
    assert "a task of the app raised SystemExit(9)" in ran.text


def test_a_wsgi_app_that_exits_ends_nothing():
    ran = crowd("crowd:wsgi_app", "/exit", "/", at_once=False)
    assert [result["statusCode"] for result in ran.results] == [500, 200]


def test_the_app_is_shut_down_at_the_end():
    assert "shut down" in crowd("crowd:app", "/").text


# Worker processes


def test_workers_share_the_import_and_have_lifespans_of_their_own(tmp_path):
    variables = {"ADAPTER_WORKERS": "4", "MEETING": str(tmp_path)}
    ran = crowd("crowd:app", *["/meet/8"] * 8, variables=variables)
    told = bodies(ran)
    assert len({pid for pid, *_ in told}) == 4
    assert len({imported_by for *_, imported_by, _ in told}) == 1
    assert {started for *_, started in told} == {"1"}
    assert ran.text.count("shut down") == 4


def test_a_worker_that_dies_is_replaced():
    paths = ["/", "/kill", "/", "/", "/", "/"]
    ran = crowd("crowd:app", *paths, concurrency=2, at_once=False,
                variables={"ADAPTER_WORKERS": "2"}, timeout=3)  # fmt: skip
    fine = [outcome for outcome in ran.outcomes if not outcome.failed]
    assert len(fine) == 5
    assert re.search(r"worker \d+ ended \(exit status 3\); starting another", ran.text)


@pytest.mark.parametrize("workers", ["1", "3"])
def test_an_app_that_can_t_start_is_told_once_and_ends(workers):
    ran = crowd("crowd:no_start", "/", variables={"ADAPTER_WORKERS": workers})
    assert json.loads(ran.outcomes[0].body)["errorMessage"].endswith("no database")
    assert "Traceback" not in ran.text
    assert "starting another" not in ran.text


def test_polls_are_shared_out_among_the_workers(tmp_path):
    variables = {"ADAPTER_WORKERS": "2", "MEETING": str(tmp_path)}
    ran = crowd("crowd:app", *["/meet/5"] * 5, concurrency=5, variables=variables)
    assert len(bodies(ran)) == 5


@pytest.mark.parametrize("variable", ["AWS_LAMBDA_MAX_CONCURRENCY"])
@pytest.mark.parametrize("value", ["many", "0", "-1"])
def test_a_number_that_is_none_is_said(variable, value):
    ran = run("crowd:app", event("/"), variables={variable: value})
    assert f"{variable} is '{value}'; it should be a number" in ran.text
