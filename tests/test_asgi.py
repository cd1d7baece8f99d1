"""The ASGI runner: scope, receive and send, lifespan, the event loop.

https://asgi.readthedocs.io/en/latest/specs/www.html
"""

import asyncio
import contextvars
import gc
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import anyio
import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.responses import Response as StarletteResponse
from starlette.routing import Route

from adapter import ASGI, AppError, Handler, Request
from adapter.asgi import scope_of
from adapter.events import KINDS
from cases import KIND_NAMES, asking, standard

EVENT = standard("http_api", rawPath="/x")


async def answer(send, body=b"ok", status=200):
    await send({"type": "http.response.start", "status": status})
    await send({"type": "http.response.body", "body": body})


async def hello(scope, receive, send):
    if scope["type"] == "http":
        await answer(send)


def call(app, event=EVENT, context=None):
    """The result of one request, the app started and stopped around it."""
    with Handler(app) as handler:
        return handler(event, context)


def errors(caplog):
    """What was logged as an error, and that it went to the right logger."""
    records = [record for record in caplog.records if record.levelname == "ERROR"]
    assert all(record.name == "adapter" for record in records)
    return records


# The scope


def test_the_scope_has_what_the_specification_lists():
    request = Request(
        "POST",
        "/prod/a%20b%2F",
        "a=1&b",
        (("host", "h"), ("x", "1"), ("x", "caf\xc3\xa9")),
        b"body",
        root_path="/prod",
        client=("192.0.2.1", None),
        server=("h", None),
        event={"e": 1},
        context="context",
    )
    assert scope_of(request) == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": "/prod/a b/",
        "raw_path": b"/prod/a%20b%2F",
        "query_string": b"a=1&b",
        "root_path": "/prod",
        "headers": [(b"host", b"h"), (b"x", b"1"), (b"x", "café".encode())],
        "client": ("192.0.2.1", 0),
        "server": ("h", 443),
        "aws.event": {"e": 1},
        "aws.context": "context",
    }


def test_the_default_port_is_that_of_the_scheme():
    assert scope_of(Request("GET", "/", scheme="http"))["server"] == ("localhost", 80)
    assert scope_of(Request("GET", "/", server=("h", 8000)))["server"] == ("h", 8000)


def test_a_scope_is_the_app_s_own():
    versions = []

    async def app(scope, receive, send):
        versions.append(scope["asgi"].pop("version", None))
        await hello(scope, receive, send)

    handler = Handler(ASGI(app, lifespan=False))
    handler(EVENT)
    handler(EVENT)
    assert versions == ["3.0", "3.0"]


# receive()


def test_the_body_comes_in_one_message():
    seen = []

    async def app(scope, receive, send):
        if scope["type"] == "http":
            seen.append(await receive())
            await answer(send)

    call(app, standard("http_api", body="abc"))
    assert seen == [{"type": "http.request", "body": b"abc", "more_body": False}]


def test_after_the_body_receive_waits_until_the_response_is_complete():
    order = []

    async def app(scope, receive, send):
        async def listen():
            order.append((await receive())["type"])
            order.append((await receive())["type"])

        if scope["type"] != "http":
            return
        await receive()
        listener = asyncio.create_task(listen())
        await send({"type": "http.response.start", "status": 200})
        for piece in (b"a", b"b"):
            await asyncio.sleep(0.001)
            order.append(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})
        await listener
        order.append((await receive())["type"])

    assert call(app)["body"] == "ab"
    assert order == [b"a", b"b", *["http.disconnect"] * 3]


def test_a_cancelled_receive_can_be_called_again():
    seen = []

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        await receive()
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(receive(), 0.001)
        await answer(send)
        seen.append((await receive())["type"])

    assert call(app)["body"] == "ok"
    assert seen == ["http.disconnect"]


# send()


def start(**fields):
    return {"type": "http.response.start", "status": 200, **fields}


def body(data=b"", **fields):
    return {"type": "http.response.body", "body": data, **fields}


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        pytest.param([body(b"x")], "body before http.response.start", id="body first"),
        pytest.param([start(), start()], "http.response.start twice", id="start twice"),
        pytest.param([], "without starting a response", id="nothing"),
        pytest.param([{"type": "other"}], "without starting a response", id="nothing known"),
        pytest.param([start()], "without completing its response", id="no body"),
        pytest.param([start(), body(b"x", more_body=True)], "without completing", id="no end"),
        pytest.param([start(status="200")], "ASGI wants a number", id="status in words"),
        pytest.param([{"type": "http.response.start"}], "ASGI wants a number", id="no status"),
        pytest.param([start(status=600), body()], "a final HTTP status", id="no such status"),
        pytest.param([start(headers=[("a", "b")]), body()], "decode", id="headers in text"),
        pytest.param([start(), body("text")], "str", id="body in text"),
        pytest.param([{}], "'type'", id="no type"),
    ],
)
def test_a_mistake_in_the_protocol_is_a_500_and_one_line_in_the_log(messages, words, caplog):
    async def app(scope, receive, send):
        if scope["type"] == "http":
            for message in messages:
                await send(message)

    result = call(app)
    assert (result["statusCode"], result["body"]) == (500, "Internal Server Error")
    (record,) = errors(caplog)
    assert record.getMessage().startswith("GET /x failed: ")
    assert words in record.getMessage()


@pytest.mark.parametrize(
    ("messages", "right"),
    [
        pytest.param([start(), body(b"x")], (200, "x"), id="plain"),
        pytest.param([start(), {"type": "http.response.body"}], (200, ""), id="no body field"),
        pytest.param([start(), body(b"a", more_body=True), body(b"b")], (200, "ab"), id="parts"),
        pytest.param([start(), body(bytearray(b"x"))], (200, "x"), id="bytearray"),
        pytest.param([start(), body(memoryview(b"x"))], (200, "x"), id="memoryview"),
        pytest.param([start(headers=None), body()], (200, ""), id="headers null"),
        pytest.param([start(headers=iter([])), body()], (200, ""), id="headers an iterator"),
        pytest.param([start(status=103), start(status=201), body()], (201, ""), id="103 first"),
        pytest.param([start(), body(b"x"), body(b"y")], (200, "x"), id="body after the last"),
        pytest.param([start(), body(b"x"), start()], (200, "x"), id="start after the last"),
        pytest.param(
            [{"type": "http.response.debug"}, start(trailers=True), body(b"x"),
             {"type": "http.response.trailers", "headers": []}],
            (200, "x"), id="messages of extensions",
        ),
    ],
)  # fmt: skip
def test_what_the_protocol_allows(messages, right, caplog):
    async def app(scope, receive, send):
        if scope["type"] == "http":
            for message in messages:
                await send(message)

    result = call(app)
    assert (result["statusCode"], result["body"]) == right
    assert errors(caplog) == []


def test_response_headers_keep_their_bytes_and_lose_their_capitals():
    async def app(scope, receive, send):
        await send(start(headers=[(b"X-Name", b"caf\xe9"), [b"x-other", "é".encode()]]))
        await send(body())

    assert call(app)["headers"] == {"x-name": "café", "x-other": "é"}


# Errors


BASE = [ValueError, SystemExit, asyncio.CancelledError, GeneratorExit]


@pytest.mark.parametrize("error", BASE)
@pytest.mark.parametrize("waits", [False, True], ids=["at once", "after a wait"])
@pytest.mark.parametrize("before", [[], [start()], [start(), body(b"x", more_body=True)]])
def test_an_exception_before_the_end_of_the_response_is_a_500(error, waits, before, caplog):
    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        for message in before:
            await send(message)
        await asyncio.sleep(0.001 if waits else 0)
        raise error("oh no")

    with Handler(app) as handler:
        assert handler(EVENT)["statusCode"] == 500
        (record,) = errors(caplog)
        assert error.__name__ in record.getMessage()
        assert "oh no" in record.getMessage()

        assert record.exc_info[2].tb_frame.f_code is app.__code__  # nothing of ours before it
        assert handler(EVENT)["statusCode"] == 500  # it lives on


@pytest.mark.parametrize("error", [ValueError, SystemExit, asyncio.CancelledError])
@pytest.mark.parametrize("waits", [False, True], ids=["at once", "after a wait"])
def test_an_exception_after_the_response_is_only_logged(error, waits, caplog):
    async def app(scope, receive, send):
        if scope["type"] == "http":
            await answer(send)
            if waits:
                await asyncio.sleep(0.001)
            raise error("oh no")

    assert call(app)["body"] == "ok"
    (record,) = errors(caplog)
    assert "oh no" in record.getMessage()


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("waits", [False, True], ids=["at once", "after a wait"])
def test_an_interrupt_from_the_keyboard_goes_through(waits):
    async def app(scope, receive, send):
        if scope["type"] == "http":
            if waits:
                await asyncio.sleep(0.001)
            raise KeyboardInterrupt

    with Handler(app) as handler, pytest.raises(KeyboardInterrupt):
        handler(EVENT)
    gc.collect()  # asyncio complains of the unread exception, in this test's log and no other's


def test_the_log_line_has_the_request_id(caplog):
    async def app(scope, receive, send):
        raise ValueError("oh no")

    Handler(ASGI(app, lifespan=False))(EVENT, SimpleNamespace(aws_request_id="r-1"))
    (record,) = errors(caplog)
    assert record.getMessage() == "GET /x failed (RequestId: r-1): ValueError: oh no"


def test_an_app_that_sends_on_after_a_failed_response_is_told(caplog):
    seen = []

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await send(start(headers=[(b"a b", b"c")]))  # refused when the result is written
            await asyncio.sleep(0.001)
            try:
                await send(body(b"x"))
            except OSError as error:
                seen.append(error)
                raise

    assert call(app)["statusCode"] == 500
    assert len(errors(caplog)) == 1


# Work beside and after the response


def test_a_background_task_is_done_when_the_handler_returns():
    done = []

    async def task():
        await asyncio.sleep(0.001)
        done.append("task")

    def endpoint(request):
        return PlainTextResponse("ok", background=BackgroundTask(task))

    assert call(Starlette(routes=[Route("/x", endpoint)]))["body"] == "ok"
    assert done == ["task"]


@pytest.mark.parametrize("kind", KIND_NAMES)
@pytest.mark.parametrize(("method", "status"), [("GET", 204), ("GET", 304), ("HEAD", 200)])
def test_a_background_task_also_follows_a_response_without_a_body(kind, method, status, caplog):
    done = []

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await send(start(status=status))
            await asyncio.sleep(0.001)
            await send(body())
            done.append("task")

    result = call(app, asking(kind, method))
    assert KINDS[kind].decode_response(result).status == status
    assert done == ["task"]
    assert errors(caplog) == []


def test_a_created_task_gets_to_run():
    order = []

    async def task():
        order.append("first step")

    async def app(scope, receive, send):
        if scope["type"] == "http":
            order.append(asyncio.create_task(task()))
            await answer(send)

    handler = Handler(app)
    handler(EVENT)
    assert order[1:] == ["first step"]


def test_a_task_that_is_left_goes_on_during_later_requests():
    order = []

    async def task():
        for number in range(3):
            await asyncio.sleep(0.001)
            order.append(number)

    async def app(scope, receive, send):
        if scope["type"] == "http":
            order.append(asyncio.create_task(task()))
            await answer(send)

    async def slow(scope, receive, send):
        await asyncio.sleep(0.05)
        await answer(send)

    apps = [app, slow]

    async def both(scope, receive, send):
        if scope["type"] == "http":
            await apps.pop(0)(scope, receive, send)

    handler = Handler(both)
    handler(EVENT)
    assert order[1:] == []
    handler(EVENT)
    assert order[1:] == [0, 1, 2]


def test_a_task_that_is_left_is_cancelled_at_the_end():
    seen = []

    async def task():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def app(scope, receive, send):
        if scope["type"] == "http":
            seen.append(asyncio.create_task(task()))
            await answer(send)

    call(app)
    assert seen[1:] == ["cancelled"]


@pytest.mark.parametrize("waits", [False, True], ids=["in the first step", "later"])
@pytest.mark.parametrize("collected", [False, True], ids=["open at the end", "collected"])
def test_an_abandoned_async_generator_is_closed(waits, collected):
    closed, kept = [], []

    async def numbers():
        try:
            yield 1
            yield 2
        finally:
            closed.append(asyncio.get_running_loop())

    async def app(scope, receive, send):
        if scope["type"] == "http":
            if waits:
                await asyncio.sleep(0.001)
            generator = numbers()
            await anext(generator)
            if not collected:
                kept.append(generator)
            del generator
            await answer(send)

    with Handler(app) as handler:
        handler(EVENT)
        if collected and not waits:
            assert len(closed) == 1
        handler(EVENT)
    assert len(closed) == 2


# The event loop


@pytest.mark.parametrize("waits", [False, True], ids=["in the first step", "later"])
def test_timeouts_and_task_groups_and_threads_work(waits):
    async def work():
        await asyncio.sleep(0)
        return "a"

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        if waits:
            await asyncio.sleep(0.001)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await asyncio.sleep(1)
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            tasks = [group.create_task(work()) for _ in range(2)]
        with anyio.move_on_after(0.001) as cancelled:
            await anyio.sleep(1)
        async with anyio.create_task_group() as group:
            group.start_soon(work)
        in_thread = await asyncio.to_thread(lambda: "b")
        in_other = await anyio.to_thread.run_sync(lambda: "c")
        found = [task.result() for task in tasks] + [in_thread, in_other]
        assert cancelled.cancelled_caught
        assert asyncio.current_task() is not None
        assert asyncio.get_running_loop().is_running()
        await answer(send, "".join(found).encode())

    assert call(app)["body"] == "aabc"


def test_starlette_s_middleware_and_streams_work(caplog):
    async def pieces():
        for piece in ("a", "b"):
            await asyncio.sleep(0)
            yield piece

    done = []

    async def endpoint(request):
        return StreamingResponse(pieces(), background=BackgroundTask(done.append, 1))

    def nothing(request):
        return StarletteResponse(status_code=204, background=BackgroundTask(done.append, 2))

    async def dispatch(request, call_next):
        response = await call_next(request)
        response.headers["x-middleware"] = "1"
        return response

    app = Starlette(routes=[Route("/x", endpoint), Route("/nothing", nothing)])
    app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)
    with Handler(app) as handler:
        result = handler(EVENT)
        assert (result["body"], result["headers"]["x-middleware"]) == ("ab", "1")
        assert handler(standard("http_api", rawPath="/nothing"))["statusCode"] == 204
        assert handler(asking("http_api", "HEAD"))["statusCode"] == 404
    assert done == [1, 2]
    assert errors(caplog) == []


def test_context_variables_are_each_request_s_own():
    variable = contextvars.ContextVar("variable", default="unset")
    seen = []

    async def app(scope, receive, send):
        if scope["type"] == "http":
            seen.append(variable.get())
            variable.set("set")
            await asyncio.sleep(0)
            seen.append(variable.get())
            await answer(send)

    with Handler(app) as handler:
        handler(EVENT)
        handler(EVENT)
    assert seen == ["unset", "set"] * 2
    assert variable.get() == "unset"


def test_a_context_variable_of_the_caller_is_seen():
    variable = contextvars.ContextVar("variable")

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await answer(send, variable.get().encode())

    def invoke():
        variable.set("r-1")
        return handler(EVENT)["body"]

    handler = Handler(app)
    assert contextvars.copy_context().run(invoke) == "r-1"


def test_asyncio_run_elsewhere_does_no_harm():  # trap 24
    async def nothing():
        await asyncio.sleep(0)

    async def around():
        return handler(EVENT)["body"]

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await asyncio.sleep(0)
            await answer(send)

    asyncio.run(nothing())
    with Handler(app) as handler:
        assert handler(EVENT)["body"] == "ok"
        asyncio.run(nothing())
        assert handler(EVENT)["body"] == "ok"
        assert asyncio.run(around()) == "ok"
        assert handler(EVENT)["body"] == "ok"


def test_a_handler_can_be_entered_inside_a_running_loop():
    async def around():
        with Handler(hello) as handler:
            return handler(EVENT)["body"]

    assert asyncio.run(around()) == "ok"


def test_the_context_of_a_caller_inside_a_running_loop_is_seen():
    variable = contextvars.ContextVar("variable")

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await answer(send, variable.get().encode())

    async def around():
        variable.set("r-1")
        return handler(EVENT)["body"]

    with Handler(app) as handler:
        assert asyncio.run(around()) == "r-1"


def test_no_loop_is_left_running_or_set():
    call(hello)
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


def test_it_is_one_loop_for_all_requests():
    loops = []

    async def app(scope, receive, send):
        loops.append(asyncio.get_running_loop())
        await hello(scope, receive, send)

    with Handler(app) as handler:
        handler(EVENT)
        handler(EVENT)
    assert len(loops) == 3  # one of them was the lifespan
    assert len(set(loops)) == 1
    assert loops[0].is_closed()


def test_many_threads_may_call_at_once():
    async def app(scope, receive, send):
        if scope["type"] == "http":
            pause = float(scope["query_string"])
            if pause:
                await asyncio.sleep(pause)
            await send(start())
            if pause:
                await asyncio.sleep(pause)
            await send(body(scope["query_string"], more_body=True))
            await asyncio.sleep(0)
            await send(body())
            await asyncio.sleep(0)

    def one(number):
        pause = ("0", "0.0001", "0.001")[number % 3]
        return pause, handler(standard("http_api", rawQueryString=pause))["body"]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # threads take turns at more places
    try:
        with Handler(app) as handler, ThreadPoolExecutor(8) as pool:
            futures = [pool.submit(one, number) for number in range(400)]
            answers = [future.result(timeout=30) for future in futures]
    finally:
        sys.setswitchinterval(interval)
    assert [(asked, told) for asked, told in answers if asked != told] == []


def test_an_app_that_calls_its_own_handler_gets_a_clear_error(caplog):
    async def app(scope, receive, send):
        if scope["type"] == "http":
            inner = handler(standard("http_api", rawPath="/inner"))
            await answer(send, inner["body"].encode(), inner["statusCode"])

    with Handler(app) as handler:
        assert handler(EVENT)["statusCode"] == 500
    assert "the app called its own handler" in errors(caplog)[0].getMessage()


# Lifespan


class Counting:
    """An app that counts its startups, requests and shutdowns."""

    def __init__(self):
        self.seen = []

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            self.seen.append(dict(scope["state"]))
            scope["state"]["request"] = True
            return await answer(send)
        assert await receive() == {"type": "lifespan.startup"}
        scope["state"]["pool"] = "open"
        self.seen.append("startup")
        await send({"type": "lifespan.startup.complete"})
        assert await receive() == {"type": "lifespan.shutdown"}
        self.seen.append("shutdown")
        return await send({"type": "lifespan.shutdown.complete"})


def test_the_lifespan_is_that_of_the_environment():  # trap 23
    app = Counting()
    with Handler(app) as handler:
        assert app.seen == ["startup"]
        handler(EVENT)
        handler(EVENT)
    state = {"pool": "open"}
    assert app.seen == ["startup", state, state, "shutdown"]


def test_without_a_with_block_the_first_call_starts():
    app = Counting()
    handler = Handler(app)
    assert app.seen == []
    handler(EVENT)
    handler(EVENT)
    assert app.seen.count("startup") == 1
    handler.stop()
    handler.stop()
    assert app.seen.count("shutdown") == 1


def test_a_stopped_handler_starts_anew():
    app = Counting()
    handler = Handler(app)
    for _ in range(2):
        with handler:
            handler(EVENT)
    assert app.seen.count("startup") == app.seen.count("shutdown") == 2


def test_threads_that_call_first_wait_for_the_one_startup():
    app = Counting()

    async def slow(scope, receive, send):
        if scope["type"] == "lifespan":
            await asyncio.sleep(0.02)
        await app(scope, receive, send)

    handler = Handler(slow)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: handler(EVENT)["statusCode"], range(4)))
    handler.stop()
    assert answers == [200] * 4
    assert app.seen == ["startup", *[{"pool": "open"}] * 4, "shutdown"]


def test_the_scope_of_the_lifespan():
    seen = {}

    async def app(scope, receive, send):
        seen.update(scope)

    with Handler(app):
        pass
    assert seen == {
        "type": "lifespan",
        "asgi": {"version": "3.0", "spec_version": "2.0"},
        "state": {},
    }


async def failing(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})


async def failing_and_waiting(scope, receive, send):
    """As uvicorn's documentation has it: one loop over all messages."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.shutdown":
            return await send({"type": "lifespan.shutdown.complete"})
        await send({"type": "lifespan.startup.failed", "message": "no database"})


async def failing_and_raising(scope, receive, send):
    await failing(scope, receive, send)
    raise ValueError("no database")


@pytest.mark.parametrize("app", [failing, failing_and_waiting, failing_and_raising])
def test_a_failed_startup_is_raised_with_the_app_s_words(app, caplog):
    with pytest.raises(AppError, match="the app failed to start: no database"):
        Handler(app).__enter__()
    handler = Handler(app)
    for _ in range(2):
        with pytest.raises(AppError, match="no database"):
            handler(EVENT)
    assert errors(caplog) == []


def test_a_failed_startup_of_starlette_is_raised_with_its_traceback():
    async def lifespan(app):
        raise ValueError("no database")
        yield

    with pytest.raises(AppError, match="ValueError: no database"):
        Handler(Starlette(lifespan=asynccontextmanager(lifespan))).start()


async def without_1(scope, receive, send):
    if scope["type"] == "http":
        await answer(send)


async def without_2(scope, receive, send):
    assert scope["type"] == "http"
    await answer(send)


async def without_3(scope, receive, send):
    await receive()
    scope["path"]
    await answer(send)


async def without_4(scope, receive, send):
    await answer(send)


@pytest.mark.parametrize("app", [without_1, without_2, without_3, without_4])
def test_an_app_without_a_lifespan_is_served(app, caplog):
    assert call(app)["body"] == "ok"
    assert errors(caplog) == []


def test_a_lifespan_can_be_left_out():
    types = []

    async def app(scope, receive, send):
        types.append((scope["type"], "state" in scope))
        await hello(scope, receive, send)

    call(ASGI(app, lifespan=False))
    assert types == [("http", False)]


@pytest.mark.parametrize("raises", [False, True], ids=["says so", "raises"])
def test_a_failed_shutdown_is_logged(raises, caplog):
    async def app(scope, receive, send):
        if scope["type"] == "http":
            return await answer(send)
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if raises:
            raise ValueError("disk full")
        return await send({"type": "lifespan.shutdown.failed", "message": "disk full"})

    assert call(app)["body"] == "ok"
    (record,) = errors(caplog)
    assert "disk full" in record.getMessage()


def test_a_lifespan_task_may_work_during_requests():
    ticked = asyncio.Event()

    async def app(scope, receive, send):
        if scope["type"] == "http":
            async with asyncio.timeout(30):
                await ticked.wait()
            return await answer(send)
        await receive()
        async with asyncio.TaskGroup() as group:

            async def tick():
                for _ in range(3):
                    await asyncio.sleep(0.001)
                ticked.set()
                await asyncio.sleep(60)

            ticking = group.create_task(tick())
            await send({"type": "lifespan.startup.complete"})
            await receive()
            ticking.cancel()
        return await send({"type": "lifespan.shutdown.complete"})

    assert call(app)["body"] == "ok"


# Beside others: a process of its own for each

LIFESPAN_APP = """
import os
from adapter import Handler

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        {startup}
        await receive()
        print("shutdown", flush=True)
        await send({{"type": "lifespan.shutdown.complete"}})
    else:
        await send({{"type": "http.response.start", "status": 200}})
        await send({{"type": "http.response.body"}})
"""
COMPLETE = 'print("startup"); await send({"type": "lifespan.startup.complete"})'
FAILED = 'return await send({"type": "lifespan.startup.failed", "message": "no database"})'


def python(code, **environment):
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith("AWS_LAMBDA")
    }
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**environ, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("variable", ["AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_FUNCTION_NAME"])
def test_under_aws_s_own_runtime_the_import_starts_the_app(variable):
    code = LIFESPAN_APP.format(startup=COMPLETE) + "Handler(app)\nprint('imported')"
    on_lambda = python(code, **{variable: "127.0.0.1:9001"})
    assert on_lambda.stdout.split() == ["startup", "imported", "shutdown"]
    assert python(code).stdout.split() == ["imported"]


def test_under_aws_s_own_runtime_a_failed_startup_is_an_error_of_the_import():
    code = LIFESPAN_APP.format(startup=FAILED) + "Handler(app)\nprint('imported')"
    process = python(code, AWS_LAMBDA_RUNTIME_API="127.0.0.1:9001")
    assert process.returncode == 1
    assert "AppError: the app failed to start: no database" in process.stderr
    assert process.stdout == ""


def test_the_end_of_the_process_runs_the_shutdown():
    code = LIFESPAN_APP.format(startup=COMPLETE) + "Handler(app).start()\nprint('end')"
    process = python(code)
    assert process.stdout.split() == ["startup", "end", "shutdown"]
    assert process.stderr == ""


def test_a_forgotten_handler_leaves_no_warning():
    code = LIFESPAN_APP.format(startup="return") + (
        "import gc\nhandler = Handler(app)\nhandler.start()\ndel handler\ngc.collect()\n"
    )
    process = python(code, PYTHONWARNINGS="error", PYTHONDEVMODE="1")
    assert (process.returncode, process.stderr) == (0, "")


# Which apps are ASGI


class AsyncCallable:
    async def __call__(self, scope, receive, send):
        await hello(scope, receive, send)


class SyncCallable:
    def __call__(self, environ, start_response):
        start_response("200 OK", [])
        return [b"ok"]


def test_the_documented_rule_tells_asgi_from_wsgi():
    async def with_option(option, scope, receive, send):
        await hello(scope, receive, send)

    def plain_factory(scope, receive, send):
        return hello(scope, receive, send)

    apps = [
        hello, AsyncCallable(), partial(with_option, 1), partial(AsyncCallable()),
        SyncCallable(), ASGI(plain_factory), Starlette(),
    ]  # fmt: skip
    for app in apps[:-1]:
        assert call(app)["body"] == "ok"
    assert call(apps[-1])["statusCode"] == 404


@pytest.mark.parametrize("app", [None, 1, "main:app"], ids=repr)
def test_what_can_t_be_called_is_refused(app):
    with pytest.raises(TypeError, match="which can be called"):
        Handler(app)


def test_a_buffer_that_the_app_uses_again_is_sent_as_it_was():
    async def app(scope, receive, send):
        buffer = bytearray(b"one")
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": buffer, "more_body": True})
        buffer[:] = b"two"
        await send({"type": "http.response.body", "body": buffer})

    assert Handler(app)(standard("http_api"))["body"] == "onetwo"


def test_sync_endpoints_share_a_worker_thread():
    """As under uvicorn: a thread-local connection outlives a request."""
    seen = set()

    def endpoint(request):
        seen.add(threading.get_ident())
        return PlainTextResponse("")

    with Handler(Starlette(routes=[Route("/", endpoint)])) as handler:
        for _ in range(20):
            assert handler(standard("http_api"))["statusCode"] == 200
    assert len(seen) == 1


@pytest.mark.parametrize("leave", ["", "handler.stop()"])
def test_a_process_ends_though_a_worker_thread_waits(leave):
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from adapter import Handler
from cases import standard
handler = Handler(Starlette(routes=[Route("/", lambda request: PlainTextResponse("fine"))]))
print(handler(standard("http_api"))["body"])
{leave}
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == "fine\n"
