"""Nothing kills it: whatever the app or the Runtime API does, the same process serves the next.

Only a 500 from /next, nobody there to ask, and a SIGTERM end it.
"""

import json
import re
import signal
import time
from dataclasses import dataclass, field

import pytest

from adapter.events import KINDS
from adapter.message import Request
from guests.unruly import RAISED, UNPRINTABLE
from raw_api import (
    Answer,
    RawAPI,
    half,
    half_a_head,
    hung_up,
    in_chunks,
    reply,
    reset,
    run_against,
    saying,
    slowly,
    status,
    then_closed,
)


def http(path, kind="http_api"):
    return KINDS[kind].encode_request(Request("GET", path))


def streamed(path):
    return http(path, "function_url")


@dataclass(frozen=True)
class Mode:
    """A way to serve, and an event whose answer is the process's id."""

    target: str
    pid: dict
    variables: dict = field(default_factory=dict)

    def against(self, *events, **answers):
        told = [self.pid if event is PID else event for event in events]
        return run_against(self.target, *told, variables=self.variables, **answers)


MANY = {"AWS_LAMBDA_MAX_CONCURRENCY": "1"}
MODES = {
    "pipelined": Mode("plain.handler", {"a": "pid"}),
    "in turn": Mode("plain.handler", {"a": "pid"}, {"ADAPTER_PIPELINE": "0"}),
    "threads": Mode("plain.handler", {"a": "pid"}, MANY),
    "tasks": Mode("unruly:app", http("/"), MANY),
    "app": Mode("unruly:app", http("/")),
}
PID, FAIL = object(), {"a": "fail"}
STREAMS = {"ADAPTER_STREAM": "1"}
ONE_AND_MANY = pytest.mark.parametrize("variables", [{}, MANY], ids=["one", "many"])


@pytest.fixture(params=MODES)
def mode(request):
    return MODES[request.param]


# What an app does


@pytest.mark.parametrize("where", ["before", "started", "begun", "after"])
@pytest.mark.parametrize("target", ["unruly:app", "unruly:wsgi_app"])
@pytest.mark.parametrize("variables", [{}, STREAMS], ids=["buffered", "streamed"])
def test_whatever_an_app_raises_the_same_process_serves_the_next(target, where, variables):
    paths = [f"/{where}/{what}" for what in RAISED]
    events = [streamed(path) for each in paths for path in (each, "/")]
    ran = run_against(target, *events, variables=variables)
    assert ran.ended_in_order, ran.text
    assert len({pid_in(ran, 2 * number) for number in range(1, len(paths) + 1)}) == 1


@pytest.mark.parametrize("target", ["unruly:app", "unruly:wsgi_app"])
def test_nor_one_that_has_no_text(target):
    ran = run_against(target, *(http(f"/after/{what}") for what in UNPRINTABLE), http("/"))
    assert len({pid_in(ran, number) for number in range(1, len(UNPRINTABLE) + 2)}) == 1


def pid_in(ran, number):
    (body,) = ran.bodies[f"response {number}"]
    return json.loads(body)["body"] if body.endswith(b"}") else body.rpartition(b"\0")[2]


@pytest.mark.parametrize("where", ["waited", "task", "thread", "callback"])
@ONE_AND_MANY
def test_nor_does_it_matter_who_raises_it(where, variables):
    paths = [f"/{where}/{what}" for what in RAISED]
    events = [http(path) for each in paths for path in (each, "/")]
    ran = run_against("unruly:app", *events, variables=variables)
    assert ran.ended_in_order, ran.text
    assert len({pid_in(ran, 2 * number) for number in range(1, len(paths) + 1)}) == 1


@pytest.mark.parametrize("action", ["fail", "leave", "interrupt", "nan", "object", "large"])
@ONE_AND_MANY
def test_a_function_s_failure_is_posted_and_the_next_is_served(action, variables):
    pid = {"a": "pid"}
    ran = run_against("plain.handler", pid, {"a": action}, pid, variables=variables)
    assert ran.ended_in_order, ran.text
    assert ran.same("response 1", "response 3")
    assert ran.count_of("error", 2) == [1]
    assert "RequestId: id-2" in ran.text or '"requestId": "id-2"' in ran.text


# What the Runtime API does


REFUSED = [400, 403, 404, 410, 413, 429, 500, 502, 503]
BROKEN = {
    "hung up": hung_up,
    "reset": reset,
    "half a head": half_a_head,
    "half": half,
    "nonsense": saying(b"nonsense\r\n\r\n", close=True),
    "no length": saying(b"HTTP/1.1 202 X\r\nContent-Length: x\r\n\r\n", close=True),
    "bad chunks": saying(b"HTTP/1.1 202 X\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n", close=True),
}
FINE = {"slowly": slowly, "in chunks": in_chunks, "then closed": then_closed}
POSTS = pytest.mark.parametrize(("event", "post"), [(PID, "response"), (FAIL, "error")])


def own_lines(ran):
    """What the runtime itself logged, in either format, but for its last words."""
    lines = [line for line in ran.lines if "adapter: " in line]
    assert "this environment is over" in lines[-1]
    return lines[:-1]


@POSTS
def test_posts_that_are_refused_are_said(event, post, mode):
    answers = {f"{post}_{number}": [status(code)] for number, code in enumerate(REFUSED, 1)}
    ran = mode.against(*[event] * 9, PID, PID, **answers)
    assert ran.ended_in_order, ran.text
    for code, line in zip(REFUSED, own_lines(ran), strict=True):
        assert re.match(rf"adapter: Lambda refused \S+ with status {code}: ", line)
    assert ran.count_of("response", 10, 11) == [1, 1]
    assert ran.same("response 10", "response 11")


@POSTS
def test_broken_replies_to_posts_cost_nothing_else(event, post, mode):
    answers = {f"{post}_{2 * n}": [answer] for n, answer in enumerate(BROKEN.values(), 1)}
    events = [PID, event] * len(BROKEN)
    ran = mode.against(*events, PID, **answers)
    assert ran.ended_in_order, ran.text
    others = range(1, len(events) + 2, 2)
    assert ran.count_of("response", *others) == [1] * len(others)
    assert ran.same(*(f"response {number}" for number in others))
    # The first two found the connection closed before any reply, so they were sent again.
    assert ran.count_of(post, *range(2, len(events) + 1, 2)) == [2, 2, 1, 1, 1, 1, 1]
    assert len(own_lines(ran)) == len(BROKEN) - 2


def test_replies_may_come_in_any_form(mode):
    calls, events = ("next", "response", "error"), [PID, FAIL, PID]
    answers = {
        f"{call}_{3 * form + number}": [answer]
        for form, answer in enumerate(FINE.values())
        for call in calls
        for number in (1, 2, 3)
    }
    ran = mode.against(*events * len(FINE), PID, **answers)
    assert ran.ended_in_order, ran.text
    assert not own_lines(ran)
    assert ran.same(*(f"response {number}" for number in (1, 3, 4, 6, 7, 9, 10)))
    assert ran.count_of("error", 2, 5, 8) == [1, 1, 1]


def test_polls_that_bring_no_invocation_are_repeated(mode):
    nothing = [
        saying(reply(200, b"{}")),
        saying(reply(200, b"", "Lambda-Runtime-Aws-Request-Id: ")),
    ]
    refused = [status(code) for code in (302, 400, 403, 404, 429, 502, 503)]
    answers = {f"next_{number}": [answer] for number, answer in enumerate(nothing + refused, 2)}
    ran = mode.against(*[PID] * 10, **answers)
    assert ran.ended_in_order, ran.text
    assert ran.same(*(f"response {number}" for number in range(1, 11)))
    assert [line.count("asking again") for line in own_lines(ran)] == [1] * 9


def test_polls_that_break_are_repeated(mode):
    answers = {f"next_{number}": [answer] for number, answer in enumerate(BROKEN.values(), 1)}
    ran = mode.against(*[PID] * 7, **answers)
    assert ran.ended_in_order, ran.text
    assert ran.same(*(f"response {number}" for number in range(1, 8)))
    # Of the two that found the connection closed, one was the first call on its connection.
    assert [line.count("asking again") for line in own_lines(ran)] == [1] * 6


def test_what_keeps_breaking_is_not_asked_all_the_time(mode):
    ran = mode.against(PID, next_1=[hung_up] * 5)
    assert ran.ended_in_order, ran.text
    assert len(own_lines(ran)) == 5
    assert ran.took > 0.05 + 0.1 + 0.2 + 0.5 + 1.0


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_a_platform_that_does_not_register_it_is_served_all_the_same(answer):
    ran = MODES["pipelined"].against(PID, register_1=[answer])
    assert ran.ended_in_order, ran.text
    assert ran.count_of("response", 1) == [1]


def test_replies_may_come_together():
    # POST /response and the next GET come in one write, and are answered in one.
    held = []
    keep = Answer(lambda connection, right: held.append(right))
    both = Answer(lambda connection, right: connection.sendall(held.pop() + right), whole=True)
    ran = MODES["pipelined"].against(PID, PID, PID, response_1=[keep], next_2=[both])
    assert ran.ended_in_order, ran.text
    assert ran.same("response 1", "response 2", "response 3")


@pytest.mark.parametrize("answer", [status(413), half], ids=["refused", "broken"])
@pytest.mark.parametrize("path", ["/x", "/stream"])
def test_the_log_says_whose_answer_was_lost(path, answer):
    kind = streamed if path == "/stream" else http
    ran = run_against("streams:app", kind(path), variables=STREAMS, response_1=[answer])
    (line,) = own_lines(ran)
    assert "id-1" in line


# Streams


CUT = {
    "413 at once": status(413, early=True),
    "413 at once, and closed": status(413, early=True, close=True),
    "closed at once": saying(b"", early=True, close=True),
    "413 at the end": status(413),
    "closed at the end": hung_up,
    "half a reply": half,
    "nonsense": saying(b"nonsense\r\n\r\n"),
}


@pytest.mark.parametrize("target", ["streams:app", "streams:wsgi_app"])
@ONE_AND_MANY
def test_streams_that_are_not_taken_cost_no_more_than_themselves(target, variables):
    paths = ["/x", "/events", "/20-mb", "/fails-after", "/exits-after"]
    cut = [(path, answer) for answer in CUT.values() for path in paths]
    events = [streamed(path) for path, _ in cut for path in (path, "/x")]
    answers = {f"response_{2 * number + 1}": [answer] for number, (_, answer) in enumerate(cut)}
    ran = run_against(target, *events, variables={**STREAMS, **variables}, **answers)
    assert ran.ended_in_order, ran.text
    whole = [ran.bodies[f"response {2 * number}"] for number in range(1, len(cut) + 1)]
    assert [body[-6:] for (body,) in whole] == [b"onetwo"] * len(cut)
    assert len({line.split()[-1] for line in ran.lines if line.startswith("after /x")}) == 1
    assert len(own_lines(ran)) == len(cut)


@pytest.mark.parametrize("target", ["streams:app", "streams:wsgi_app"])
def test_a_stream_does_not_go_out_on_a_connection_that_was_closed(target):
    ran = run_against(target, *[streamed("/slow-start")] * 2, variables=STREAMS,
                      next_1=[then_closed], next_2=[then_closed])  # fmt: skip
    assert ran.ended_in_order, ran.text
    assert [ran.bodies[f"response {number}"][-1][-6:] for number in (1, 2)] == [b"onetwo"] * 2


# The end


def test_a_500_from_next_ends_it_in_one_line(mode):
    ran = mode.against()
    assert ran.ended_in_order
    assert len(ran.lines) == 1


def test_when_nobody_listens_any_more_it_ends(mode):
    gone = Answer(lambda connection, right: api.stop_listening(), close=True)
    with RawAPI([], {"next 1": [gone]}) as api:
        ran = api.run(mode.target, mode.variables)
    assert ran.code == 1
    assert "is away" in ran.lines[-1]


SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


@SIGNALS
@ONE_AND_MANY
@pytest.mark.parametrize("target", ["plain.handler", "life:app"])
def test_a_signal_ends_it_while_it_waits(target, number, variables):
    told = Answer(lambda connection, right: api.process.send_signal(number))
    with RawAPI([], {"next 1": [told]}) as api:
        ran = api.run(target, variables)
    assert ran.code == 0
    assert ran.lines == (["startup", "shutdown"] if target == "life:app" else [])


@SIGNALS
@ONE_AND_MANY
def test_a_signal_ends_it_while_the_app_works(number, variables):
    told = Answer(lambda connection, right: tell(connection, right), whole=True)
    nothing = [saying(b"")] * 2

    def tell(connection, right):
        connection.sendall(right)
        time.sleep(0.5)
        api.process.send_signal(number)

    with RawAPI([http("/waits")], {"next 1": [told], "next 2": nothing}) as api:
        ran = api.run("life:app", variables)
    assert ran.code == 0
    assert "shutdown" in ran.lines
