"""The inspector's server: what it keeps, tells, copies and sends, and whom it refuses."""

import asyncio
import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from base64 import b64encode
from types import SimpleNamespace

import httpx
import pytest

from adapter.config import API, Function, Project, Route
from adapter.events import KINDS
from adapter.events._gateway import forwarded
from adapter.local.inspector import History, Inspector
from adapter.local.inspector.content import MOST, shown
from adapter.local.inspector.convert import event_as, side_by_side
from adapter.local.inspector.curl import curl, quoted
from adapter.local.inspector.detail import detail
from adapter.local.inspector.guard import HEADERS, is_ours
from adapter.local.inspector.live import messages
from adapter.local.inspector.resend import request_of
from adapter.local.inspector.rows import to_json
from adapter.local.inspector.timeline import timeline
from adapter.local.inspector.verdict import verdict
from adapter.local.invocation import Invocation, Outcome, Stream, error_outcome
from adapter.local.visit import Visit
from adapter.message import Request, Response
from browser_gateway import Running
from dev_command import Dev

PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HOSTILE = "<img src=x onerror=alert(1)>\x00\x1b[31m\udcff\u202e"


def answer(body, media_type, status=200):
    return {
        "statusCode": status,
        "headers": {"content-type": media_type},
        "body": b64encode(body).decode(),
        "isBase64Encoded": True,
    }


ANSWERS = {
    "/png": answer(PNG, "image/png"),
    "/svg": answer(SVG, "image/svg+xml"),
    "/html": answer(b"<script>alert(1)</script>", "text/html"),
    "/hostile": {"statusCode": 200, "headers": {"x-a": "caf\xe9" * 999}, "body": HOSTILE},
    "/refused": {"statusCode": 200, "body": {"a": 1}},
}


def function(event, context):
    path = event["path"].removeprefix("/prod")
    context.log(f"asked for {path} {HOSTILE}")
    if path == "/fail":
        raise ValueError("no such luck")
    plain = {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": path}
    return ANSWERS.get(path, plain)


@pytest.fixture(scope="module")
def running():
    it = Running(function)
    yield it
    it.stop()


@pytest.fixture
def page(running):
    with httpx.Client(base_url=f"{running.url}/_adapter/", timeout=30) as client:
        yield client


@pytest.fixture
def newest(running, page):
    """Send a request to the app; the row of its visit."""

    def send(method, path, **rest):
        page.request(method, running.url + path, **rest)
        return page.get("visits").json()["rows"][-1]

    return send


def visit_of(path="/", kind="rest_api", **rest):
    return Visit(Request("GET", path, **rest), kind)


def response_of(body=b"", status=200, headers=()):
    return Response(status, tuple(headers), [body])


# What is kept


def numbers(history):
    return [entry.visit.request.path for entry in history.since(0).entries]


def test_the_newest_are_kept_in_order_of_arrival():
    history = History(most=3)
    visits = [visit_of(f"/{number}") for number in range(5)]
    for visit in visits:
        history.watch(visit)
    assert numbers(history) == ["/2", "/3", "/4"]
    assert history.since(0).oldest == 3
    assert history.find(visits[4].id) is visits[4]
    assert history.find(visits[0].id) is None


def test_what_was_let_go_under_way_does_not_come_back():
    history = History(most=1)
    first, second = visit_of("/1"), visit_of("/2")
    for visit in (first, second, first):
        history.watch(visit)
    assert numbers(history) == ["/2"]


def test_the_oldest_go_when_the_bodies_get_too_large():
    history = History(budget=100_000)
    visits = [visit_of(f"/{number}") for number in range(3)]
    for visit in visits:
        history.watch(visit)
        visit.response = response_of(bytes(60_000))
        history.watch(visit)
    assert numbers(history) == ["/2"]
    visits[2].result = bytes(200_000)  # too large alone, but it is the newest
    history.watch(visits[2])
    assert numbers(history) == ["/2"]


def test_a_log_counts_once_it_is_complete():
    async def check():
        history = History(budget=100_000)
        for path in ("/1", "/2"):
            visit = visit_of(path)
            visit.invocation = Invocation(b"{}", 30)
            visit.invocation.log.extend(["x" * 1000] * 60)
            visit.invocation.over.set_result(None)
            history.watch(visit)
        return numbers(history)

    assert asyncio.run(check()) == ["/2"]


def test_since_tells_what_changed_and_no_more():
    history = History()
    first, second = visit_of("/1"), visit_of("/2")
    history.watch(first)
    history.watch(second)
    before = history.version
    history.watch(first)
    assert [entry.visit for entry in history.since(before).entries] == [first]
    assert history.since(history.version).entries == []
    history.problem("main.py, line 3")
    assert history.since(history.version - 1).problem == "main.py, line 3"
    history.clear()
    assert history.since(0).entries == []


# Live


def data_of(message):
    lines = message.decode().splitlines()
    return json.loads(next(line for line in lines if line.startswith("data: "))[6:])


def id_of(message):
    return next(line for line in message.decode().splitlines() if line.startswith("id: "))[4:]


def test_a_listener_gets_the_state_and_then_what_changed_each_visit_once():
    async def check():
        history = History(most=50)
        history.watch(visit_of("/first"))
        stream = messages(history, "", {"about": {"kind": "alb"}})
        assert await anext(stream) == b"retry: 1000\n\n"
        state = data_of(await anext(stream))
        assert (state["whole"], state["about"]) == (True, {"kind": "alb"})
        assert [row["path"] for row in state["rows"]] == ["/first"]
        for number in range(3000):  # meanwhile it does not listen
            visit = visit_of(f"/{number}")
            for _ in range(3):
                history.watch(visit)
        changed = data_of(await anext(stream))
        assert [row["path"] for row in changed["rows"]] == [f"/{n}" for n in range(2950, 3000)]
        assert changed["oldest"] == changed["rows"][0]["number"]
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        history.problem("boom")
        told = data_of(await waiting)
        assert (told["rows"], told["problem"]) == ([], "boom")
        history.close()
        rest = [message async for message in stream]
        assert len(rest) < 2

    asyncio.run(check())


# Runs


def told(run="a", of=4, **rest):
    news = {"id": run, "name": "f", "of": of, "joined": 0, "done": [], "failed": [], **rest}
    return json.dumps({"runs": [news]}).encode()


TALES = [
    ("done twice counts once", [{"done": [0, 1]}, {"done": [1]}], (2, 0, False)),
    ("what its channel knows", [{"joined": 3, "done": [0]}, {"joined": 2}], (3, 0, False)),
    ("three attempts fail", [{"failed": [0, 0]}, {"failed": [0, 1]}], (0, 1, False)),
    ("or succeed at last", [{"failed": [0, 0]}, {"done": [0]}, {"failed": [0]}], (1, 0, False)),
    ("over", [{"done": [0, 1, 2], "failed": [3, 3, 3]}], (3, 1, True)),
    (
        "sent again",
        [{"begun": True, "done": [0], "failed": [1, 1, 1]}, {"begun": True}],
        (0, 0, False),
    ),
    ("a begin that comes late", [{"done": [0]}, {"begun": True}], (1, 0, False)),
    ("steps of many say nothing", [{"told": {"done": 1, "of": 2}}], (0, 0, False)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("news", "known"), [row[1:] for row in TALES], ids=[row[0] for row in TALES]
)
def test_a_run_is_put_together_of_what_each_environment_knows(news, known):
    history = History()
    for part in news:
        history.progress(told(**part))
    (run,) = history.since(0).runs
    assert (run["done"], run["failed"], run["over"]) == known
    assert (run["id"], run["name"], run["of"]) == ("a", "f", 4)


def test_a_run_of_one_chunk_shows_the_steps_that_its_function_tells():
    history = History()
    history.progress(told(of=1, begun=True, told={"done": 3, "of": 10}))
    assert [(run["done"], run["of"]) for run in history.since(0).runs] == [(3, 10)]
    history.progress(told(of=1, told={"done": "many", "of": None}))
    history.progress(told(of=1, done=[0]))
    assert [(run["done"], run["over"]) for run in history.since(0).runs] == [(10, True)]


def test_the_newest_runs_are_kept_and_a_cleared_one_stays_away():
    history = History()
    for number in range(60):
        history.progress(told(str(number), begun=True))
    history.progress(told("3", done=[0]))  # let go before
    assert [run["id"] for run in history.since(0).runs] == [str(n) for n in range(59, 9, -1)]
    version = history.version
    history.watch(visit_of())
    assert history.since(version).runs is None  # nothing new of them
    history.clear()
    history.progress(told("59", done=[0]))
    assert history.since(version).runs == []
    history.progress(told("59", begun=True))
    assert [run["id"] for run in history.since(version).runs] == ["59"]


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"\xff", b"[" * 100_000, b'{"runs": 1}', b'{"runs": [[]]}', told(run=None),
     told(of=None), told(of=float("nan")), told(done=["x"]), told(failed=None), told(joined="1")],
)  # fmt: skip
def test_what_tells_of_no_run_is_refused(data):
    with pytest.raises(ValueError, match=r"no run|char|decode"):
        History().progress(data)


def test_a_listener_that_comes_back_hears_what_it_missed():
    async def first_of(history, last):
        stream = messages(history, last, {})
        await anext(stream)
        message = await anext(stream)
        await stream.aclose()
        return message

    async def check():
        history = History()
        history.watch(visit_of("/1"))
        last = id_of(await first_of(history, ""))
        assert last.startswith(history.run)
        history.watch(visit_of("/2"))
        again = data_of(await first_of(history, last))
        assert (again["whole"], [row["path"] for row in again["rows"]]) == (False, ["/2"])
        # of another run, or of nobody
        for other in ("before-1", f"{history.run}-x", "x", f"{history.run}-²"):
            assert data_of(await first_of(history, other))["whole"] is True

    asyncio.run(check())


def test_a_listener_that_does_not_read_holds_nobody_up(running, page):
    with socket.create_connection(("127.0.0.1", running.server.port)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(b"GET /_adapter/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        deaf.recv(1)

        async def many():
            for _ in range(30):
                for _ in range(200):
                    running.history.watch(visit_of("/" + "x" * 300))
                await asyncio.sleep(0.02)

        running.run(many())
        assert len(page.get("visits").json()["rows"]) == 500
    page.post("clear", json={})


# What is shown


@pytest.mark.parametrize(
    ("body", "headers", "form", "text"),
    [
        (b"", {}, "empty", None),
        ("é\r\n".encode(), {}, "text", "é\r\n"),
        (b"\xff\xfe", {}, "binary", None),
        (b"a\0b", {"content-type": "text/plain"}, "binary", None),
        (PNG, {"content-type": "image/png"}, "image", None),
        (SVG, {"content-type": "image/svg+xml; charset=utf-8"}, "image", SVG.decode()),
        (gzip.compress(b"hello", mtime=0), {"content-encoding": "gzip"}, "text", "hello"),
        (b"no gzip", {"content-encoding": "gzip"}, "text", "no gzip"),
    ],
)
def test_a_body_is_text_an_image_or_bytes(body, headers, form, text):
    told = shown(body, tuple(headers.items()))
    assert (told["form"], told.get("text"), told["size"]) == (form, text, len(body))
    assert not told["cut"]


def test_a_large_body_is_cut_between_characters():
    told = shown(b"x" + "é".encode() * MOST)
    assert (told["form"], told["cut"], told["size"]) == ("text", True, 2 * MOST + 1)
    assert told["text"] == "x" + "é" * (MOST // 2 - 1)
    bomb = gzip.compress(bytes(20 * MOST))
    assert shown(bomb, (("content-encoding", "gzip"),))["cut"]


def test_bytes_are_shown_in_hexadecimal():
    first, second = shown(b"\xffABCDEFGHIJKLMNO" + b"!")["hex"].split("\n")
    assert first == (
        "00000000  ff 41 42 43 44 45 46 47  48 49 4a 4b 4c 4d 4e 4f  |.ABCDEFGHIJKLMNO|"
    )
    assert second == f"00000010  21{' ' * 46}  |!|"


MARKS = {"authorized": 0.001, "invoked": 0.002, "begun": 0.102, "answered": 0.152}


@pytest.mark.parametrize(
    ("marks", "init_ms", "stretches"),
    [
        ({}, None, [("front end", 0, None)]),
        ({"answered": 0.003, "sent": 0.004}, None, [("front end", 0, 3), ("sending", 3, 4)]),
        ({"invoked": 0.002}, None, [("front end", 0, 2), ("waiting", 2, None)]),
        (
            {"invoked": 0.002, "answered": 0.009, "sent": 0.01, "over": 0.009},
            None,  # no environment took it
            [("front end", 0, 2), ("waiting", 2, 9), ("sending", 9, 10)],
        ),
        (
            {**MARKS, "sent": 0.153, "over": 0.202},
            None,
            [("front end", 0, 2), ("waiting", 2, 102), ("function", 102, 152),
             ("sending", 152, 153), ("after", 152, 202)],
        ),
        (
            {**MARKS, "sent": 0.153, "over": 0.152},
            90.0,
            [("front end", 0, 2), ("cold", 2, 102), ("function", 102, 152), ("sending", 152, 153)],
        ),
        (
            {**MARKS, "sent": 0.153},
            900.0,  # it had started before
            [("front end", 0, 2), ("waiting", 2, 102), ("function", 102, 152),
             ("sending", 152, 153), ("after", 152, None)],
        ),
    ],
)  # fmt: skip
def test_marks_become_stretches_of_time(marks, init_ms, stretches):
    visit = visit_of()
    visit.marks = marks
    visit.invocation = SimpleNamespace(init_ms=init_ms, begun=0)
    assert [(it["name"], it["from"], it["to"]) for it in timeline(visit)] == stretches


def test_the_invocation_tells_when_its_environment_took_it():
    visit = visit_of()
    visit.marks = {"invoked": 0.002, "answered": 0.152, "sent": 0.152, "over": 0.152}
    visit.invocation = SimpleNamespace(init_ms=None, begun=visit.arrived + 0.1)
    found = {it["name"]: round(it["to"] - it["from"]) for it in timeline(visit)}
    assert (found["waiting"], found["function"]) == (98, 52)


def test_a_refused_result_is_explained(newest, page):
    row = newest("GET", "/refused")
    told = page.get(f"visits/{row['id']}").json()
    assert (row["status"], row["refused"]) == (502, True)
    assert told["verdict"] == {
        "title": "The function failed",
        "who": "API Gateway",
        "status": 502,
        "body": '{"message": "Internal server error"}',
        "because": "the result's body is dict, not text",
        "own": True,
        "refused": True,
        "bad": True,
    }


def test_a_failure_is_explained_and_an_answer_is_not(newest, page):
    failed = page.get(f"visits/{newest('GET', '/fail')['id']}").json()
    assert failed["verdict"]["because"] == "the function failed: ValueError: no such luck"
    assert page.get(f"visits/{newest('GET', '/')['id']}").json()["verdict"] is None


def test_a_result_that_is_no_json_and_one_that_is_late_are_explained():
    async def check(result, outcome):
        visit = visit_of()
        visit.invocation = Invocation(b"{}", 30)
        visit.invocation.end(outcome)
        visit.result, visit.response = result, response_of(status=502)
        return verdict(visit)["because"]

    assert "is no JSON" in asyncio.run(check(b"{", Outcome(b"{")))
    late = error_outcome("Sandbox.Timedout", "Task timed out", late=True)
    assert asyncio.run(check(b"", late)).startswith("the function took too long: Sandbox.Timedout")


async def streamed_visit(data, end):
    visit = visit_of()
    visit.invocation = Invocation(b"{}", 30)
    stream = Stream("text/plain")
    stream.finish(end)
    visit.invocation.end(Outcome(b"", stream=stream))
    visit.result, visit.response = data, response_of(data.partition(bytes(8))[2])
    history = History()
    history.watch(visit)
    return detail(history.entry(visit.id))


def test_a_streamed_result_has_a_head_and_a_body():
    data = b'{"statusCode":201}' + bytes(8) + b"caf\xc3"
    told = asyncio.run(streamed_visit(data, Outcome(b"")))
    assert told["result"]["text"] == '{\n  "statusCode": 201\n}\n'
    assert (told["streamed"]["form"], told["streamed"]["lost"]) == ("binary", False)
    assert (told["verdict"], told["refused"]) == (None, False)
    cut = data + "é".encode() * (MOST // 2)
    streamed = asyncio.run(streamed_visit(cut[:18] + bytes(8) + cut[30:MOST], Outcome(b"")))
    assert (streamed["streamed"]["form"], streamed["response"]["body"]["form"]) == ("text", "text")
    plain = asyncio.run(streamed_visit(b"no head", Outcome(b"")))
    assert (plain["result"], plain["streamed"]["text"]) == (None, "no head")


def test_a_streamed_answer_that_broke_off_says_why():
    end = error_outcome("Function.ValueError", "mid")
    told = asyncio.run(streamed_visit(b"{}" + bytes(8) + b"part", end))
    assert told["refused"]
    assert (told["verdict"]["title"], told["verdict"]["own"]) == ("The answer broke off", False)
    assert told["verdict"]["because"] == "the function failed: Function.ValueError: mid"


def test_what_the_front_end_notes_is_no_refusal(running, newest, page):
    row = newest("GET", "/")
    visit = running.history.find(row["id"])
    visit.reason = "the client gets base64 text"
    told = page.get(f"visits/{row['id']}").json()
    assert (told["refused"], told["noted"]) == (False, True)
    assert (told["verdict"]["own"], told["verdict"]["bad"]) == (False, False)


def test_a_visit_has_all_of_it(newest, page):
    row = newest("POST", "/orders?x=1", content=b'{"a": 1}', headers={"x-a": "b"})
    told = page.get(f"visits/{row['id']}").json()
    assert (row["method"], row["path"], row["status"]) == ("POST", "/orders?x=1", 200)
    assert told["request"]["body"]["text"] == '{"a": 1}'
    assert ["x-a", "b"] in told["request"]["headers"]
    assert json.loads(told["event"]["text"])["queryStringParameters"] == {"x": "1"}
    assert json.loads(told["result"]["text"])["body"] == "/orders"
    assert told["response"]["body"]["text"] == "/orders"
    assert [line.split(" ")[0] for line in told["log"]] == ["START", "asked", "END"]
    assert (told["over"], told["is_http"]) == (True, True)


def test_an_invocation_of_the_invoke_api_is_shown_without_what_it_lacks():
    async def check():
        visit = Visit(Request("POST", "/2015-03-31/functions/f/invocations"), "invoke")
        visit.event, visit.route = [1], Route("GET /{id}", "f")
        visit.invocation = Invocation(b"[1]", 30)
        history = History()
        history.watch(visit)
        app = Inspector(history, None, None, Project({}, API()))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            path = f"/_adapter/visits/{visit.id}"
            told = (await client.get(path)).json()
            assert (told["title"], told["is_http"], told["over"]) == ("Invoke API", False, False)
            assert (told["route"], told["event"]["text"]) == ("GET /{id}", "[\n  1\n]\n")
            for other in ("as/alb", "copy/pytest"):
                assert (await client.get(f"{path}/{other}")).status_code in (404, 409)
            assert (await client.post(f"{path}/replay", json={})).status_code == 409

    asyncio.run(check())


# Nothing that is sent to the app or by it can harm the page


def test_hostile_text_comes_as_ascii_json_and_whole(newest, page):
    row = newest("GET", "/hostile?" + "%00" * 3000, headers=[(b"x-b", b"\xff\xfe<b>\xc3\xa9")])
    assert len(row["path"]) < 500
    got = page.get(f"visits/{row['id']}")
    told = got.json()
    assert got.content.isascii()
    assert ["x-b", "\udcff\udcfe<b>é"] in told["request"]["headers"]
    assert told["log"][1] == f"asked for /hostile {HOSTILE}"
    assert to_json(HOSTILE).isascii()


@pytest.mark.parametrize(
    ("path", "part", "media_type"),
    [
        ("/png", "image", "image/png"),
        ("/svg", "image", "image/svg+xml"),
        ("/html", "image", None),
        ("/html", "file", "application/octet-stream"),
        ("/svg", "file", "application/octet-stream"),
    ],
)
def test_what_the_app_sent_is_never_a_page_of_ours(newest, page, path, part, media_type):
    got = page.get(f"visits/{newest('GET', path)['id']}/response/{part}")
    if media_type is None:
        assert got.status_code == 404
        return
    assert got.headers["content-type"] == media_type
    assert got.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.content == {"/png": PNG, "/svg": SVG}.get(path, b"<script>alert(1)</script>")
    disposition = got.headers.get("content-disposition", "")
    assert disposition.startswith("attachment") == (part == "file")


@pytest.mark.parametrize("path", ["", "visits", "static/inspector.js", "nothing", "live"])
def test_each_answer_has_the_policy(page, path):
    with page.stream("GET", path) as got:
        assert {name: got.headers[name] for name in HEADERS if name != "cache-control"} == {
            name: value for name, value in HEADERS.items() if name != "cache-control"
        }
        assert "access-control-allow-origin" not in got.headers
    assert "unsafe" not in HEADERS["content-security-policy"]


# Who is answered

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("localhost:8000", True), ("127.0.0.1", True), ("[::1]:8000", True), ("10.0.0.7:80", True),
        ("app.localhost", True), ("LOCALHOST", True), ("box.lan:8000", True),
        ("rebound.example", False), ("localhost.example", False), ("", False), ("[", False),
        ("127.0.0.1.example:80", False), ("127.0.0.1@example", False), ("notlocalhost", False),
    ],
)  # fmt: skip
def test_which_names_are_this_machine(host, ours):
    assert is_ours(host, {"box.lan"}) is ours


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "", {}, 200),
        ("GET", "", {"host": "rebound.example"}, 403),
        ("GET", "", {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"}, 200),
        ("GET", "", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 200),
        ("GET", "visits", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}, 403),
        ("GET", "visits", {"sec-fetch-site": "same-site"}, 403),  # another port of this machine
        ("GET", "visits", {"sec-fetch-site": "same-origin"}, 200),
        ("GET", "visits", {"origin": "http://127.0.0.1:1"}, 403),
        ("POST", "clear", JSON, 200),
        ("POST", "clear", {"content-type": "application/json; charset=utf-8"}, 200),
        ("POST", "clear", {"content-type": "text/plain"}, 403),
        ("POST", "clear", {}, 403),
        ("POST", "clear", {**JSON, "origin": "null"}, 403),
        ("POST", "clear", {**JSON, "sec-fetch-site": "none"}, 403),
        ("POST", "clear", {**JSON, "sec-fetch-site": "cross-site"}, 403),
        ("GET", "clear", {}, 405),
        ("GET", "nothing", {}, 404),
        ("GET", "visits/nothing", {}, 404),
        ("GET", "static/%2e%2e/app.py", {}, 404),
    ],
)  # fmt: skip
def test_other_sites_pages_are_refused(page, method, path, headers, status):
    got = page.request(method, path, headers=headers)
    assert got.status_code == status, got.text


def test_the_page_itself_may_post(running, page):
    headers = {"origin": running.url, "sec-fetch-site": "same-origin"}
    assert page.post("clear", json={}, headers=headers).status_code == 200


def test_its_own_requests_are_not_in_the_history_and_all_others_are(running, page):
    page.post("clear", json={})
    page.get("visits")
    for path in ("/_adapterx", "/_Adapter", "/x/_adapter", "//_adapter"):
        httpx.get(running.url + path, timeout=30)
    rows = page.get("visits").json()["rows"]
    assert [row["path"] for row in rows] == ["/_adapterx", "/_Adapter", "/x/_adapter", "//_adapter"]


def test_on_a_port_of_its_own_it_speaks_of_the_gateways(page):
    async def check():
        app = Inspector(
            History(), None, None, Project({}, API("rest_api", "prod")), gateway=("127.0.0.1", 8000)
        )
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:9") as client:
            about = (await client.get("/_adapter/visits")).json()["about"]
            assert (about["host"], about["url"]) == (
                "127.0.0.1:8000", "http://127.0.0.1:8000/prod/"
            )  # fmt: skip

    asyncio.run(check())
    assert page.get("visits").json()["about"]["host"] == page.base_url.netloc.decode()


# Sending


def test_a_replay_is_the_same_request_again(running, newest, page):
    row = newest("PUT", "/orders?x=%20", content=b"\xff\0", headers={"x-a": "b"})
    again = page.post(f"visits/{row['id']}/replay", json={}).json()["id"]
    assert again != row["id"]
    assert running.history.find(again).request == running.history.find(row["id"]).request


LIKE = Request("GET", "/prod/", root_path="/prod", client=("127.0.0.1", 5), scheme="http")


@pytest.mark.parametrize(
    ("told", "method", "target", "headers", "body"),
    [
        ({}, "GET", ("/", ""), (), b""),
        ({"url": "/é?q=a b#x"}, "GET", ("/%C3%A9", "q=a%20b"), (), b""),
        ({"url": "http://h:1/p?q"}, "GET", ("/p", "q"), (), b""),
        ({"url": "http://h?q"}, "GET", ("/", "q"), (), b""),
        ({"text": "é"}, "GET", ("/", ""), (("content-length", "2"),), "é".encode()),
        ({"base64": "/w=="}, "GET", ("/", ""), (("content-length", "1"),), b"\xff"),
        (
            {
                "method": "post",
                "headers": [["X-A", " é\udcff "], ["Content-Length", "9"], ["TE", ""]],
            },
            "post", ("/", ""), (("x-a", "\xc3\xa9\xff"), ("content-length", "0")), b"",
        ),
    ],
)  # fmt: skip
def test_an_edited_request(told, method, target, headers, body):
    made = request_of({"method": "GET", "url": "/", "headers": [], **told}, LIKE)
    assert (made.method, (made.path, made.query), made.headers) == (method, target, headers)
    assert (made.body, made.root_path, made.client) == (body, "/prod", ("127.0.0.1", 5))


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"method": "GE T"}, "'GE T' is no HTTP method"),
        ({"method": None}, "method is no text"),
        ({"url": "ftp://h/"}, "is no path"),
        ({"url": "x"}, "is no path"),
        ({"headers": {"a": "b"}}, "no pairs of texts"),
        ({"headers": [["a b", ""]]}, "'a b' is no header's name"),
        ({"headers": [["a", "b\r\nc: d"]]}, "the header a holds a line break"),
        ({"base64": "?"}, "the body is no base64"),
        ({"text": 1}, "body is no text"),
    ],
)
def test_an_edited_request_that_is_none(page, told, reason):
    value = {"method": "GET", "url": "/", "headers": [], **told}
    got = page.post("send", json=value)
    assert got.status_code == 400
    assert reason in got.json()["error"]


def test_what_is_sent_must_be_json_and_not_endless(page):
    assert page.post("send", content=b"{", headers=JSON).status_code == 400
    assert page.post("send", content=b"[]", headers=JSON).status_code == 400
    assert page.post("send", content=bytes(17 << 20), headers=JSON).status_code == 413


def test_an_edited_request_is_sent(running, page, newest):
    like = newest("GET", "/before")["id"]
    value = {
        "like": like,
        "method": "POST",
        "url": "/after?x",
        "headers": [["a", "b"]],
        "text": "!",
    }
    visit = running.history.find(page.post("send", json=value).json()["id"])
    assert (visit.request.method, visit.request.path, visit.request.body) == (
        "POST",
        "/after",
        b"!",
    )
    assert visit.request.client == running.history.find(like).request.client


# Another front end's event


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_same_request_as_another_front_end_delivers_it(kind):
    request = Request(
        "POST", "/prod/a%20b", "x=1", (("host", "h"), ("cookie", "a=1; b=2")), b"{}",
        root_path="/prod", client=("127.0.0.1", 5), server=("h", 8000), scheme="http",
    )  # fmt: skip
    visit = Visit(request, "rest_api")
    visit.event = KINDS["rest_api"].encode_request(forwarded(request))
    event = event_as(visit, kind, API(kind="rest_api", stage="prod"))
    decoded = KINDS[kind].decode_request(event)
    staged = kind in ("http_api", "http_api_v1", "rest_api")
    assert decoded.path == ("/prod/a%20b" if staged else "/a%20b")
    assert (decoded.method, decoded.query, decoded.body) == ("POST", "x=1", b"{}")
    assert event.get("requestContext", {}).get("requestId", visit.id) == visit.id


def test_side_by_side_marks_what_differs():
    left = {"b": {"x": 1, "y": 2}, "only": True, "same": [1]}
    right = {"same": [1], "b": {"x": 1, "y": 3}, "other": False}
    assert side_by_side(left, right) == [
        (" ", "{", "{"),
        (" ", '  "b": {', '  "b": {'),
        (" ", '    "x": 1,', '    "x": 1,'),
        ("|", '    "y": 2', '    "y": 3'),
        (" ", "  },", "  },"),
        ("<", '  "only": true,', ""),
        (">", "", '  "other": false,'),
        (" ", '  "same": [', '  "same": ['),
        (" ", "    1", "    1"),
        (" ", "  ]", "  ]"),
        (" ", "}", "}"),
    ]


def test_two_front_ends_compared(newest, page):
    row = newest("GET", "/x?a=1")
    told = page.get(f"visits/{row['id']}/as/http_api").json()
    assert told["title"] == "HTTP API"
    assert [">", "", '  "rawPath": "/x",'] in told["rows"]
    assert page.get(f"visits/{row['id']}/as/smtp").status_code == 404


# Copies

TRICKY = [
    Request("GET", "/"),
    Request("GET", "/a/../[b]{c}'$(x)`y`!", "q=%20'&x=$HOME&*"),
    Request("DELETE", "/x", headers=(("user-agent", "me"), ("accept", "it's"), ("x-a", ""))),
    Request("GET", "/x", headers=(("x-a", "1"), ("x-a", "2"))),
    Request("GET", "/x", headers=(("x-a", "\xc3\xa9"), ("x-b", "\xff%s\\"))),
    Request("POST", "/x", body=b"@/etc/passwd", headers=(("content-type", "text/plain"),)),
    Request("POST", "/x", body=b"it's \\n ${HOME}\n"),
    Request("POST", "/x", body=b"\r\n\0\xff"),
    Request("PUT", "/x", body=b"'" * 150_000),
    Request("POST", "/x", headers=(("content-length", "0"),)),
    Request("POST", "/x"),
    Request("GET", "/x", body=b"{}"),
    Request("HEAD", "/x"),
    Request("HEAD", "/x", body=b"?"),
    Request("PURGE", "/x"),
]  # fmt: skip


@pytest.mark.skipif(shutil.which("curl") is None, reason="install curl")
@pytest.mark.parametrize("request_", TRICKY, ids=lambda it: f"{it.method} {it.body[:9]!r}")
def test_the_curl_command_sends_the_same(running, request_):
    server = ("127.0.0.1", running.server.port)
    host = ("host", f"127.0.0.1:{server[1]}")
    length = [("content-length", str(len(request_.body)))] if request_.body else []
    sent = Request(
        request_.method, request_.path, request_.query, (host, *request_.headers, *length),
        request_.body, server=server, scheme="http",
    )  # fmt: skip
    before = running.gateway.calls
    done = subprocess.run(["sh"], input=curl(sent).encode(), capture_output=True, timeout=30)
    assert done.returncode == 0, (curl(sent), done.stderr)
    assert running.gateway.calls == before + 1
    got = running.call(lambda: running.history.since(0).entries[-1].visit.request)
    assert (got.method, got.path, got.query) == (sent.method, sent.path, sent.query)
    assert got.body == sent.body
    kept = [pair for pair in got.headers if pair[0] != "connection"]
    assert sorted(kept) == sorted(sent.headers)


def test_a_word_for_the_shell_is_one_word():
    data = bytes(range(1, 256)) + "\n é'\"$`!%\\".encode() + b"."
    command = f"printf %s {quoted(data)}"
    assert subprocess.run(["sh", "-c", command], capture_output=True).stdout == data


def test_the_event_is_copied_as_json(running, newest, page):
    row = newest("GET", "/x?a=1")
    text = page.get(f"visits/{row['id']}/copy/event").json()["text"]
    assert json.loads(text) == running.history.find(row["id"]).event
    assert text.startswith('{\n  "resource"')
    assert page.get(f"visits/{row['id']}/copy/poem").status_code == 404


APP = """
import json


def app(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    path = environ["PATH_INFO"]
    media_type = "application/octet-stream" if path == "/raw" else "application/json"
    start_response("201 Created", [("Content-Type", media_type)])
    if path == "/raw":
        return [body]
    if path == "/who":
        return [environ["REMOTE_ADDR"].encode()]
    told = {"root": environ["SCRIPT_NAME"], "query": environ["QUERY_STRING"], "é": None,
            "url": environ["wsgi.url_scheme"] + "://" + environ["HTTP_HOST"],
            "a": environ.get("HTTP_X_A"), "body": body.decode()}
    return [json.dumps(told).encode()]


def handler(event, context):
    return {"statusCode": "teapot"}
"""
ASKED = [
    ("main:app", "POST", "/orders?x=%20", {"x-a": "caf\xe9 '\""}, '{"a": "é"}'.encode()),
    ("main:app", "PUT", "/raw", {}, bytes(range(256))),
    ("main:app", "GET", "/who", {}, b""),
    ("main.handler", "GET", "/refused", {}, b""),
]


def test_the_pytest_case_passes_and_notices_a_change(tmp_path):
    (tmp_path / "main.py").write_text(APP, "utf-8")
    namespace = {}
    exec(APP, namespace)
    for number, (target, method, path, headers, body) in enumerate(ASKED):
        text = case_of(namespace, target, method, "/prod" + path, headers, body)
        assert "\n    # Its body" in text or path != "/who"
        (tmp_path / f"test_{number}.py").write_text(text, "utf-8")
    assert results(tmp_path) == "4 passed"
    changed = APP.replace("201 Created", "200 OK").replace("teapot", "200")
    (tmp_path / "main.py").write_text(changed, "utf-8")
    assert results(tmp_path) == "4 failed"


def case_of(namespace, target, method, path, headers, body):
    """The copy of a visit, which `target` in `namespace` answered."""
    from adapter import Handler
    from adapter.context import Context

    found = namespace[target[5:]]
    called = Handler(found) if ":" in target else found

    def answer_with(event, context):
        return called(event, Context("id", 10**13, "arn:aws:lambda:us-east-1:1:function:f"))

    it = Running(answer_with, target, stage="prod")
    try:
        sent = {name: value.encode() for name, value in headers.items()}
        httpx.request(method, it.url + path, headers=sent, content=body, timeout=30)
        with httpx.Client(base_url=f"{it.url}/_adapter/", timeout=30) as client:
            rows = client.get("visits").json()["rows"]
            return client.get(f"visits/{rows[-1]['id']}/copy/pytest").json()["text"]
    finally:
        it.stop()


def results(folder):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60
    )
    return done.stdout.strip().splitlines()[-1].rpartition(" in ")[0]


def test_a_failure_makes_no_pytest_case(newest, page):
    got = page.get(f"visits/{newest('GET', '/fail')['id']}/copy/pytest")
    assert (got.status_code, got.json()["error"]) == (
        409, "No copy: the function failed: there is no answer to expect."
    )  # fmt: skip


def test_another_runtimes_function_makes_no_pytest_case():
    visit = visit_of()
    history = History()
    history.watch(visit)
    functions = {"f": Function("f", "index.handler", "nodejs22.x")}
    assert Inspector(history, None, None, Project(functions, API()))._target(visit) == ""


PAGE = """
import json
from adapter.functions import Functions

fns = Functions()

@fns.function
def total(message):
    run = fns.map("square", [{"n": n} for n in range(20)], id="job.chunks")
    for step in run:
        fns.tell(step.done, step.of)
    return sum(run.state().values.values())

@fns.function
def square(message):
    return message["n"] ** 2

def app(environ, start_response):
    state = fns.send("total", id="job").wait(25)
    start_response("200 OK", [])
    return [json.dumps(state.values).encode()]
"""


def test_runs_of_functions_show_without_redis(tmp_path, monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL_LAMBDA", raising=False)
    (tmp_path / "page.py").write_text(PAGE)
    dev = Dev(tmp_path, "page:app", "--workers", "1", "--no-reload").wait_until_up()
    try:
        assert dev.client.get("/").json() == {"0": 2470}
        runs = runs_of(dev, 2)
        assert [(run["name"], run["id"], run["done"], run["of"]) for run in runs] == [
            ("square", "job.chunks", 20, 20), ("total", "job", 20, 20)
        ]  # fmt: skip
        assert not any(run["failed"] for run in runs)
        dev.client.post("/_adapter/clear", json={})
        assert dev.client.get("/_adapter/visits").json()["runs"] == []
    finally:
        dev.stop()


def runs_of(dev, count):
    """What the inspector has heard of so many, once they are over."""
    for _ in range(400):
        runs = dev.client.get("/_adapter/visits").json()["runs"]
        if len(runs) == count and all(run["over"] for run in runs):
            return runs
        time.sleep(0.05)
    raise AssertionError(runs)
