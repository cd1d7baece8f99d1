"""Functions that call each other within a process: what fails on Lambda fails here."""

import asyncio
import contextvars
import io
import json
import logging
import queue
import re
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from adapter.context import CURRENT, Context
from adapter.errors import AdapterError, EventError
from adapter.events import http_api
from adapter.functions import (
    CallDepthError,
    FunctionError,
    FunctionNotFoundError,
    Functions,
    PayloadTooLarge,
    Progress,
    environment,
    setting,
)
from adapter.functions.envelope import CALL_LIMIT, EVENT_LIMIT
from adapter.functions.inside import Inside
from adapter.functions.inspector import Teller, _forget
from adapter.message import Request
from lambda_side import ADAPTER, AWSLAMBDARIC, run

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:price"


@pytest.fixture
def fns():
    fns = Functions("insight-{name}")

    @fns.function
    def price(message):
        message.setdefault("seen", []).append(1)
        return {"months": message.get("months"), "by": environment()}

    @fns.function
    def fail(message):
        raise LookupError(message.get("what", "no such luck"))

    @fns.function
    def give(message):
        return GIVEN[message["what"]]

    @fns.function
    def outer(message):
        return fns.call("fail", message)

    @fns.function
    def again(message):
        return fns.call("again", message)

    @fns.function
    def squares(message):
        run = fns.map("square", [{"n": n} for n in range(message["of"])])
        for step in run:
            fns.tell(step.done, step.of)
        return sum(run.state().values.values())

    @fns.function
    def square(message):
        return message["n"] ** 2

    return fns


GIVEN = {
    "tuple": (1, "é", {2: None}),
    "set": {1},
    "nan": float("nan"),
    "surrogate": "\ud800",
    "large": "x" * 6_291_555,
    "as large as may be": "x" * 6_291_554,
}


# A call


def test_a_call_has_the_function_s_result(fns):
    assert fns.call("price", {"months": 2}) == {"months": 2, "by": "dev"}


def test_messages_and_results_are_json_both_ways(fns):
    message = {"months": (1, 2), "seen": []}
    assert fns.call("price", message)["months"] == [1, 2]
    assert message == {"months": (1, 2), "seen": []}
    assert fns.call("give", {"what": "tuple"}) == [1, "é", {"2": None}]


@pytest.mark.parametrize("what", ["set", "nan", "surrogate"])
def test_a_result_that_is_no_json_fails_as_on_lambda(fns, what):
    with pytest.raises(FunctionError, match="the result of give is no JSON") as caught:
        fns.call("give", {"what": what})
    assert caught.value.type == "Runtime.MarshalError"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"what": {1}}, "the message for price is no JSON: Object of type set"),
        ({"what": float("inf")}, "is no JSON"),
        ([1], "a message for price is a dict, not list: put it in one"),
        ([], "a message for price is a dict, not list"),
        ({"_run": {}}, "'_run': that key is kept"),
    ],
)
def test_a_message_that_can_t_be_sent_is_refused(fns, message, said):
    for send in (fns.call, fns.send, lambda name, message: fns.map(name, [{}, message])):
        with pytest.raises(TypeError, match=said):
            send("price", message)


def test_an_error_comes_with_type_message_and_trace(fns):
    with pytest.raises(FunctionError) as caught:
        fns.call("fail")
    error = caught.value
    assert str(error) == "fail failed: LookupError: no such luck"
    assert (error.function, error.type, error.message) == ("fail", "LookupError", "no such luck")
    assert len(error.trace) == 1
    assert 'raise LookupError(message.get("what"' in error.trace[0]
    assert error.__notes__ == [f"in the function fail:\n{error.trace[0].rstrip()}"]
    with pytest.raises(FunctionError, match="outer failed: FunctionError: fail failed: LookupErr"):
        fns.call("outer")


def test_a_function_that_is_not_there_is_told_from_those_that_are(fns):
    for call in (fns.call, fns.send):
        with pytest.raises(
            FunctionNotFoundError, match=r"no function prize .* there are: price, f"
        ):
            call("prize")


def test_a_loop_of_functions_is_stopped(fns):
    with pytest.raises(FunctionError, match="32 functions have called each other in a row"):
        fns.call("again")


def test_a_loop_of_events_is_stopped(fns, caplog):
    came = []

    @fns.function
    def ping(message):
        came.append(1)
        try:
            fns.send("ping")
        except CallDepthError:
            over.set()

    over = threading.Event()
    fns.send("ping")
    assert over.wait(30)
    assert len(came) == 32


# Sizes


def text(size):
    return {"x": "x" * size}


def test_too_large_says_how_large_and_what_to_do(fns):
    assert fns.call("price", text(CALL_LIMIT - 200))
    fns.send("price", text(EVENT_LIMIT - 200))
    for send, limit, kind in (
        (fns.call, "6,291,456", "a synchronous"),
        (fns.send, "1,048,576", "an asynchronous"),
    ):
        size = int(limit.replace(",", ""))
        with pytest.raises(PayloadTooLarge) as caught:
            send("price", text(size))
        said = str(caught.value)
        assert re.match(rf"the message for price has {size // 1000:,},\d+ bytes; ", said)
        assert f"{kind} call takes {limit}: put the data where both can read it" in said


def test_a_result_may_have_as_many_bytes_as_lambda_returns(fns):
    assert len(fns.call("give", {"what": "as large as may be"})) == 6_291_554
    with pytest.raises(PayloadTooLarge, match="6,291,557 bytes; Lambda returns 6,291,556"):
        fns.call("give", {"what": "large"})


# Runs


def test_a_run_tells_its_progress_and_its_values(fns):
    run = fns.map("square", [{"n": n} for n in range(20)])
    steps = list(run)
    assert [step.done for step in steps] == list(range(21))
    assert steps[0] == Progress(0, 20)
    assert {step.chunk: step.value for step in steps[1:]} == {n: n * n for n in range(20)}
    assert list(run) == steps  # one who comes late
    state = run.wait()
    assert (state.done, state.failed, state.of, state.over) == (20, 0, 20, True)
    assert list(state.values.values()) == [n * n for n in range(20)]


def test_one_function_s_steps_are_those_that_it_tells(fns):
    run = fns.send("squares", {"of": 4})
    steps = list(run)
    assert [(step.done, step.of) for step in steps if step.told] == [(n, 4) for n in range(5)]
    assert (steps[-1].done, steps[-1].of, steps[-1].value) == (4, 4, 14)
    assert run.wait().values == {0: 14}


def test_a_run_of_nothing_is_over(fns):
    run = fns.map("square", [])
    assert list(run) == []
    assert run.wait(30).over


def test_an_event_that_fails_is_tried_twice_more(fns, caplog):
    times = []
    fns._inside = Inside(fns._functions, pauses=(0.05, 0.1))  # instead of 1 s and 2 s

    @fns.function
    def late(message):
        times.append(message["n"])
        if times.count(message["n"]) <= message["fails"]:
            raise OSError(message["n"])
        return "done"

    state = fns.map("late", [{"n": n, "fails": n} for n in range(4)]).wait(30)
    assert (state.done, state.failed, state.of) == (3, 1, 4)
    assert sorted(times) == [0, 1, 1, 2, 2, 2, 3, 3, 3]
    assert str(state.errors[3]) == "late failed: OSError: 3"
    assert caplog.text.count("(OSError: 3), again in 0.1 s") == 1


def test_coordinators_that_wait_do_not_keep_their_workers_from_work(fns):
    state = fns.map("squares", [{"of": 5}] * 40).wait(30)
    assert list(state.values.values()) == [30] * 40


def test_a_process_that_ends_does_first_what_was_sent(tmp_path):
    (tmp_path / "main.py").write_text(
        "import sys, time\n"
        "from adapter.functions import Functions\n"
        "fns = Functions()\n"
        "@fns.function\n"
        "def write(message):\n"
        "    time.sleep(0.1)\n"
        "    sys.stdout.write(message['n'] + '\\n')\n"
        "fns.map('write', [{'n': str(n)} for n in range(9)])\n"
    )
    command = [sys.executable, tmp_path / "main.py"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert sorted(done.stdout.split()) == sorted("012345678")


def test_a_value_that_is_too_large_for_a_run_is_not_kept(fns, caplog):
    state = fns.send("give", {"what": "as large as may be"}).wait(30)
    assert (state.done, state.values) == (1, {0: None})
    assert "the result of chunk 0 has 6,291,556 bytes; a run keeps 16,384" in caplog.text


@pytest.mark.parametrize("told", ["", "a:b", "a" * 65, "*", "é", "a\n", 5])
def test_an_id_that_is_none_is_refused(fns, told):
    for use in (fns.run, lambda told: fns.send("price", id=told)):
        with pytest.raises(ValueError, match="is no id of a run"):
            use(told)


def test_runs_begin_as_the_run_or_request_does_from_which_they_come(fns):
    @fns.function
    def inner(message):
        return fns.send("square", {"n": 2}).id

    run = fns.send("inner")
    child = run.wait(30).values[0]
    assert child.startswith(f"{run.id}.")
    with as_invoked(ARN, "8a2e"):
        assert fns.send("price").id.startswith("8a2e.")


def test_async_code_has_the_same(fns):
    async def scenario():
        assert await fns.acall("price") == {"months": None, "by": "dev"}
        run = await fns.amap("square", [{"n": n} for n in range(9)])
        early = [step async for step in run]
        assert [step.done for step in early] == list(range(10))
        assert early == [step async for step in run]
        state = await (await fns.asend("squares", {"of": 3}))
        assert state.values == {0: 5}
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await fns.run("nobody-knows-it")

    asyncio.run(scenario())


def test_loops_and_threads_that_watch_one_run_see_the_same(fns):
    go = threading.Event()

    @fns.function
    def slow(message):
        go.wait(30)
        return message["n"]

    run = fns.map("slow", [{"n": n} for n in range(30)])

    async def steps():
        return [step async for step in run]

    with ThreadPoolExecutor() as pool:
        watching = [pool.submit(list, run), pool.submit(lambda: asyncio.run(steps()))]
        go.set()
        first, second = (one.result() for one in watching)
    assert first == second
    assert len(first) == 31


# Being a function


def test_a_function_alone_is_what_it_was(fns):
    @fns.function
    def add(message):
        """Sum."""
        return message["a"] + message["b"]

    assert add({"a": 1, "b": 2}) == 3
    assert (add.__name__, add.__doc__) == ("add", "Sum.")


def test_a_function_that_another_calls_as_it_is_works_for_the_same_run(fns, log):
    @fns.function
    def inner(message):
        logging.info("inner")

    @fns.function
    def outside(message):
        inner({})

    fns.send("outside", client="acme", id="run-2").wait(30)
    assert log.getvalue() == "INFO [dev] [run-2] [acme] inner\n"


def test_an_async_function_is_refused_at_once(fns):
    with pytest.raises(TypeError, match="later is async"):

        @fns.function
        async def later(message): ...


def test_what_has_no_name_is_no_function(fns):
    with pytest.raises(TypeError, match="has no name"):
        fns.function(partial(max, 1))


@pytest.mark.parametrize("pattern", ["shop", "shop-{env}", "{nam}", "{}", "{name", "{name.x}"])
def test_a_pattern_that_names_no_function_is_refused(pattern):
    with pytest.raises(ValueError, match=r"should have {name} in it"):
        Functions(pattern)


def test_a_client_is_text(fns):
    with pytest.raises(TypeError, match="the client is 5; it should be text"):
        fns.call("price", client=5)


@pytest.mark.parametrize(
    "told",
    [None, 1, [], {}, {"id": 1}, {"id": "a", "chunk": "0"}, {"id": "a", "more": 1},
     {"id": "a", "chunk": True}],
)  # fmt: skip
def test_an_event_with_a_key_of_ours_that_is_none_is_refused(fns, told):
    @fns.function
    def add(message):
        raise AssertionError

    with pytest.raises(EventError, match="'_run'"):
        add({"_run": told}, None)


@pytest.mark.parametrize("event", [[1], "text", None, {"Records": []}])
def test_any_event_is_a_message(fns, event):
    @fns.function
    def same(message):
        return message

    assert same(event, None) == event


# Environments


class as_invoked:  # noqa: N801
    def __init__(self, arn, request_id="8a2e"):
        self.context = Context(request_id, 0, arn, environ={})

    def __enter__(self):
        self.token = CURRENT.set(self.context)

    def __exit__(self, *_):
        CURRENT.reset(self.token)


@pytest.mark.parametrize(
    ("arn", "alias"),
    [
        (f"{ARN}:prod", "prod"),
        (f"{ARN}:PROD-2", "PROD-2"),
        (f"{ARN}:7", "dev"),
        (f"{ARN}:$LATEST", "dev"),
        (ARN, "dev"),
        ("", "dev"),
    ],
)
def test_the_alias_is_the_environment(arn, alias, fns):
    with as_invoked(arn):
        assert environment() == alias
        assert fns.call("price")["by"] == alias
        assert fns.map("price", [{}]).wait(30).values[0]["by"] == alias
        assert asyncio.run(fns.acall("price"))["by"] == alias


def test_under_aws_s_runtime_a_function_s_own_context_tells_it(fns):
    class Theirs:
        invoked_function_arn = f"{ARN}:staging"
        aws_request_id = "1"

    @fns.function
    def about(message):
        return environment()

    assert about({}, Theirs()) == "staging"
    assert environment() == "dev"


def test_on_aws_an_environment_that_is_not_known_is_no_other(monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "price")
    for ask in (environment, lambda: setting("PATH"), lambda: Functions().call("x")):
        with pytest.raises(AdapterError, match="the environment is not known here"):
            ask()
    with as_invoked(f"{ARN}:prod"):
        assert environment() == "prod"
        inside = contextvars.copy_context()
        with ThreadPoolExecutor() as pool:
            assert pool.submit(inside.run, environment).result() == "prod"
            with pytest.raises(AdapterError, match=r"contextvars\.copy_context"):
                pool.submit(environment).result()
    monkeypatch.setenv("ADAPTER_LOCAL", "1")
    assert environment() == "dev"


def test_a_setting_is_the_environment_s(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "any")
    monkeypatch.setenv("PROD_2_DATABASE_URL", "prod's")
    assert setting("DATABASE_URL") == "any"
    with as_invoked(f"{ARN}:prod-2"):
        assert setting("DATABASE_URL") == "prod's"
    assert setting("NOT_THERE", "default") == "default"
    with pytest.raises(AdapterError, match="neither DEV_NOT_THERE nor NOT_THERE is set"):
        setting("NOT_THERE")


# Logs


@pytest.fixture
def log():
    root, stream = logging.getLogger(), io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    before = root.level
    root.addHandler(handler)
    root.setLevel("INFO")
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


def test_each_line_has_environment_run_and_client(fns, log):
    @fns.function
    def speak(message):
        logging.info("100%% of %s", message["n"])

    logging.info("outside")
    fns.map("speak", [{"n": 1}], client="acme", id="run-1").wait(30)
    with as_invoked(f"{ARN}:prod", "8a2e"), fns.for_client("umbrella"):
        logging.info("inside")
        fns.call("speak", {"n": 2})
    fns.call("speak", {"n": 3}, client="a\nINFO [prod] [1] [b] made up")
    assert re.sub("[0-9a-f]{16}", "1", log.getvalue()).splitlines() == [
        "INFO outside",
        "INFO [dev] [run-1] [acme] 100% of 1",
        "INFO [prod] [8a2e] [umbrella] inside",
        "INFO [prod] [8a2e] [umbrella] 100% of 2",
        "INFO [dev] [1] [a\\nINFO [prod] [1] [b] made up] 100% of 3",
    ]


SPEAKING = """
import logging
from adapter.functions import Functions

fns = Functions()
logging.getLogger().setLevel("INFO")

@fns.function
def speak(message):
    logging.info("hello %s", "there", extra={"client": "own"} if message.get("own") else None)
"""


@pytest.mark.parametrize("command", [ADAPTER, AWSLAMBDARIC], ids=["ours", "AWS's runtime"])
def test_on_lambda_the_lines_have_them_too(command, tmp_path, monkeypatch):
    (tmp_path / "speaking.py").write_text(SPEAKING)
    monkeypatch.chdir(tmp_path)
    told = {"_run": {"id": "run-1", "chunk": 0, "of": 1, "client": "acme", "depth": 1}}
    ran = run("speaking.speak", {"n": 1, **told}, command=command)
    (line,) = [line for line in ran.log if "hello" in line]
    assert line.startswith("[INFO]\t")
    assert line.endswith("\t[dev] [run-1] [acme] hello there")

    variables = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"}
    ran = run("speaking.speak", told, {"own": 1}, command=command, variables=variables)
    first, second = [json.loads(line) for line in ran.log if "hello" in line]
    fields = ("environment", "run", "client", "message")
    assert [first[name] for name in fields] == ["dev", "run-1", "acme", "hello there"]
    assert [second[name] for name in fields[2:]] == ["own", "hello there"]
    assert second["run"] == second["requestId"]


# Under AWS's own runtime


def test_a_view_knows_its_alias_under_aws_s_runtime(tmp_path, monkeypatch):
    (tmp_path / "main.py").write_text(
        "from adapter import Handler\n"
        "from adapter.functions import environment\n"
        "def app(environ, start_response):\n"
        "    start_response('200 OK', [])\n"
        "    return [environment().encode()]\n"
        "handler = Handler(app)\n"
    )
    monkeypatch.chdir(tmp_path)
    event = http_api.encode_request(Request("GET", "/"))
    [result] = run("main.handler", event, command=AWSLAMBDARIC, told={"qualifier": "prod"}).results
    assert result["body"] == "prod"


# What the inspector of `adapter dev` is told


def test_what_happens_while_the_inspector_is_told_is_told_at_once_and_to_the_last():
    """1,000 chunks, of which it hears in two messages; none of them waits for it."""
    posted, held = queue.SimpleQueue(), threading.Event()

    def post(body):
        posted.put(json.loads(body)["runs"])
        assert held.wait(30)

    teller = Teller(post, pause=0)
    teller.put("a", "square", {"kind": "begin", "of": 1000}, 0)
    (first,) = posted.get(timeout=30)
    for chunk in range(999):
        teller.put("a", "square", {"kind": "done", "chunk": chunk, "of": 1000}, chunk + 1)
    for _ in range(3):
        teller.put("a", "square", {"kind": "error", "chunk": 999, "of": 1000}, 999)
    for step in range(5):
        told = {"done": step, "of": 4}
        teller.put("b", "outer", {"kind": "told", "chunk": 0, "of": 1, "told": told}, 0)
    assert posted.empty()
    held.set()
    a, b = posted.get(timeout=30)
    nothing = {"id": "a", "name": "square", "of": 1000, "joined": 0, "done": [], "failed": []}
    assert first == nothing | {"begun": True}
    assert a == nothing | {"joined": 999, "done": [*range(999)], "failed": [999] * 3}
    assert b["told"] == {"done": 4, "of": 4}
    teller.put("c", "square", {"kind": "begin", "of": 0}, 0)  # its thread has ended, or not yet
    assert posted.get(timeout=30)[0]["id"] == "c"
    assert posted.empty()


def test_a_run_does_not_notice_that_nobody_listens(fns, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    monkeypatch.setenv("ADAPTER_LOCAL", "1")
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", address)
    _forget()
    state = fns.send("squares", {"of": 100}).wait(30)
    assert state.values == {0: sum(n**2 for n in range(100))}
    for thread in threading.enumerate():
        if thread.name == "adapter-progress":
            thread.join(30)
            assert not thread.is_alive()
    _forget()
