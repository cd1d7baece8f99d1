"""Runs over a real Redis: nobody misses anything, whatever dies or comes twice."""

import asyncio
import http.client
import http.server
import json
import os
import pty
import re
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from tempfile import TemporaryDirectory

import pytest
from botocore.exceptions import ConnectionClosedError

from adapter.context import CURRENT, Context
from adapter.errors import AdapterError
from adapter.functions import FunctionError, FunctionNotFoundError, Functions, PayloadTooLarge
from adapter.functions.channel_redis import RedisChannel
from adapter.functions.envelope import HERE, Envelope
from dev_command import Dev
from redis_server import redis_at, redis_server

redis = pytest.importorskip("redis", reason="pip install 'apigw-adapter[functions]'")

WORKER = """
import os
from adapter.functions import Functions, environment

fns = Functions("{name}", redis=os.environ["REDIS_URL"])

@fns.function
def sample(message):
    if message.get("marker"):
        try:
            open(message["marker"], "x").close()
            os.kill(os.getpid(), 9)
        except FileExistsError:
            pass
    return message["number"] ** 2

@fns.function
def about(message):
    if message.get("fail"):
        raise ValueError("no such luck")
    if message.get("large"):
        return "x" * 7_000_000
    return environment()
"""
PYPROJECT = """
[tool.adapter.functions.sample]
handler = "worker.sample"

[tool.adapter.functions.about]
handler = "worker.about"
"""


@pytest.fixture(scope="module")
def url():
    with redis_server() as found:
        yield found


@pytest.fixture(scope="module")
def gateway(url, tmp_path_factory):
    folder = tmp_path_factory.mktemp("functions")
    (folder / "worker.py").write_text(WORKER)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    here = {"REDIS_URL": url, "AWS_ENDPOINT_URL_LAMBDA": ""}
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in here.items()))
    running = Dev(folder, "--no-reload").wait_until_up()
    running.folder = folder
    yield running
    running.stop()


@pytest.fixture
def fns(url, gateway, monkeypatch):
    """As code outside of it calls what `adapter dev` serves, through boto3."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", gateway.url)
    return Functions(redis=url)


def invoked(gateway, event):
    """An event that is delivered once more."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port)
    connection.request(
        "POST",
        "/2015-03-31/functions/sample/invocations?Qualifier=dev",
        json.dumps(event),
        {"X-Amz-Invocation-Type": "Event"},
    )
    assert connection.getresponse().status == 202
    connection.close()


MANY = 1000


def test_many_chunks_of_which_a_worker_dies_and_a_quarter_comes_twice(fns, url, gateway, tmp_path):
    """Four processes: one is killed in the middle of chunk 200."""
    chunks = [{"number": number} for number in range(MANY)]
    chunks[200]["marker"] = str(tmp_path / "killed")
    run, seen = fns.map("sample", chunks), []
    assert len([child for child in gateway.children() if "worker.sample" in child.cmdline()]) == 4

    def again():
        for number in range(0, MANY, 4):
            told = {"id": run.id, "chunk": number, "of": MANY, "depth": 1}
            invoked(gateway, {"number": number, "_run": told})

    twice = threading.Thread(target=again)
    twice.start()
    for step in run:
        seen += [] if step.chunk is None else [step.chunk]
        assert len(seen) == step.done
    twice.join()
    assert (tmp_path / "killed").exists()
    assert sorted(seen) == list(range(MANY))
    state = fns.run(run.id).wait(30)  # someone who comes late
    assert (state.done, state.failed, state.of, state.over) == (MANY, 0, MANY, True)
    assert state.values == {number: number**2 for number in range(MANY)}
    client = redis.Redis.from_url(url)
    assert client.scard(f"run:{{{run.id}}}:done") == MANY
    assert client.xlen(f"run:{{{run.id}}}:log") == MANY + 1
    assert 3500 < client.ttl(f"run:{{{run.id}}}:done") <= 3600
    client.close()
    shown = inspected(gateway, run)  # of what the killed one did, Redis has told the others
    assert (shown["done"], shown["failed"], shown["of"]) == (MANY, 0, MANY)


def inspected(gateway, run):
    """The run as the inspector shows it, once it is over."""
    for _ in range(400):
        found = gateway.client.get("/_adapter/visits").json()["runs"]
        shown = next((row for row in found if row["id"] == run.id), None)
        if shown and shown["over"]:
            return shown
        time.sleep(0.05)
    raise AssertionError(found)


# boto3 and the Invoke API


def test_a_call_is_made_through_boto3(fns, gateway):
    assert fns.call("sample", {"number": 12}) == 144


def test_a_function_is_called_with_its_caller_s_alias(fns):
    assert fns.call("about") == "dev"
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:web:prod"
    token = CURRENT.set(Context("8a2e", 0, arn, environ={}))
    assert fns.call("about") == "prod"
    assert fns.send("about").wait(30).values == {0: "prod"}
    CURRENT.reset(token)


def test_a_function_s_error_comes_with_type_message_and_trace(fns):
    with pytest.raises(FunctionError, match="about failed: ValueError: no such luck") as caught:
        fns.call("about", {"fail": True})
    assert (caught.value.type, caught.value.message) == ("ValueError", "no such luck")
    assert "in about" in caught.value.trace[-1]
    assert "worker.py" in caught.value.__notes__[0]


def test_a_result_that_is_too_large_says_what_to_do(fns):
    with pytest.raises(PayloadTooLarge, match=r"7,000,002 bytes.*return a reference"):
        fns.call("about", {"large": True})


def test_a_function_that_is_not_there_is_named_with_the_alias(fns):
    with pytest.raises(FunctionNotFoundError, match="no function other with the alias dev"):
        fns.call("other")


def test_sizes_are_those_of_what_is_sent(fns):
    """The gateway takes as much as Lambda does, to the byte."""
    for send, limit in ((fns.send, 1 << 20), (fns.call, 6 << 20)):
        message = {"number": 1, "é": "é" * (limit // 2)}
        with pytest.raises(PayloadTooLarge) as caught:
            send("sample", message)
        size = int(re.search("has ([0-9,]+) bytes", str(caught.value))[1].replace(",", ""))
        message["é"] = "é" * (limit // 2 - (size - limit) // 2 - 1) + "x" * (2 - size % 2)
        send("sample", message)
        message["é"] += "x"
        with pytest.raises(PayloadTooLarge, match=f" has {limit + 1:,} bytes"):
            send("sample", message)


class Answers(http.server.BaseHTTPRequestHandler):
    """Lambda, of which some calls find nothing."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        sent = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append((self.path, self.headers["x-amz-invocation-type"], sent))
        self.server.connections.add(self.client_address)
        missing = sent["n"] % 5 == 3
        body = b'{"Message": "none"}' if missing else b""
        self.send_response(404 if missing else 202)
        self.send_header("x-amzn-errortype", "ResourceNotFoundException")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_): ...


def test_a_map_of_which_some_chunks_can_t_be_sent_says_how_many(monkeypatch):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.asked, server.connections, server.daemon_threads = [], set(), True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{server.server_port}")
        arn = "arn:aws:lambda:eu-west-1:123456789012:function:web:prod"
        token = CURRENT.set(Context("8a2e", 0, arn, environ={}))
        with pytest.raises(
            FunctionNotFoundError, match="shop-sample-prod with the alias prod"
        ) as e:
            Functions("shop-{name}-{env}").map("sample", [{"n": n} for n in range(60)], id="some")
        CURRENT.reset(token)
        server.shutdown()
    assert e.value.__notes__[0].startswith("12 of 60 chunks were not sent; a map with the id")
    path = "/2015-03-31/functions/shop-sample-prod/invocations?Qualifier=prod"
    assert {asked[:2] for asked in server.asked} == {(path, "Event")}
    told = sorted((asked[2]["n"], asked[2]["_run"]["chunk"]) for asked in server.asked)
    assert told == [(n, n) for n in range(60)]
    assert len(server.connections) <= 16
    assert server.asked[0][2]["_run"].keys() == {"id", "chunk", "of", "depth"}


def test_a_call_is_not_repeated_by_the_sdk(monkeypatch):
    """A server that hangs up without an answer gets it once."""
    times = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                times.append(connection.recv(65536))
                connection.close()

        threading.Thread(target=refuse, daemon=True).start()
        port = listener.getsockname()[1]
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{port}")
        with pytest.raises(ConnectionClosedError):
            Functions().call("sample", {"number": 1})
        assert len(times) == 1
        listener.shutdown(socket.SHUT_RDWR)


def test_functions_in_processes_want_redis_to_be_watched(monkeypatch, gateway):
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", gateway.url)
    run = Functions().send("sample", {"number": 1})
    for look in (run.wait, run.state, lambda: list(run), lambda: asyncio.run(steps_of(run))):
        with pytest.raises(AdapterError, match="can't be watched: several processes"):
            look()


# Watchers


async def steps_of(run):
    return [step async for step in run]


@pytest.fixture
def channel(url):
    return RedisChannel(url)


@pytest.fixture
def here(url):
    """Functions of this process, whose runs are in Redis."""
    fns = Functions(redis=url)

    @fns.function
    def double(message):
        fns.tell(1, 2, half=message["n"])
        if message.get("fail"):
            raise ValueError(message["n"])
        return message["n"] * 2

    return fns


def test_watchers_early_and_late_in_threads_and_loops_see_the_same(here):
    run = here.map("double", [{"n": n} for n in range(50)])
    early, found = list(run), []
    threads = [
        threading.Thread(target=lambda: found.append(list(here.run(run.id)))),
        threading.Thread(target=lambda: found.append(asyncio.run(steps_of(here.run(run.id))))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for steps in (early, *found):
        done = [step for step in steps if step.value is not None]
        assert sorted((step.chunk, step.value) for step in done) == [(n, 2 * n) for n in range(50)]
        assert [step.done for step in done] == list(range(1, 51))
    assert run.state().over
    assert asyncio.run(awaited(run)) == run.wait()


async def awaited(run):
    async with asyncio.timeout(30):
        return await run


def test_what_one_function_tells_is_there_for_all(here):
    run = here.send("double", {"n": 3})
    steps = [(step.done, step.of, dict(step.told)) for step in run]
    assert (1, 2, {"done": 1, "of": 2, "half": 3}) in steps
    assert steps[-1] == (2, 2, {})
    state = here.run(run.id).state()
    assert (state.told, state.values) == ({0: {"done": 1, "of": 2, "half": 3}}, {0: 6})
    assert [step.done for step in here.run(run.id)][-1] == 2


def test_what_is_sent_again_leaves_out_what_is_done(here, channel):
    for number in (0, 2):
        record = {"kind": "done", "chunk": number, "of": 3, "value": "before"}
        channel.put("resumed", "double", record)
    state = here.map("double", [{"n": n} for n in range(3)], id="resumed").wait(30)
    assert state.values == {0: "before", 1: 2, 2: "before"}


def test_a_watcher_whose_connection_is_cut_misses_nothing(channel, url):
    """What is published while it has none is in the stream."""
    client, seen = redis.Redis.from_url(url), []
    channel.put("cut", "double", {"kind": "begin", "of": 100})
    for step in Functions(redis=url).run("cut", "double"):
        if step.chunk is not None:
            seen.append(step.chunk)
            continue
        assert client.client_kill_filter(_type="pubsub") == 1
        for number in range(100):
            record = {"kind": "done", "chunk": number, "of": 100, "value": number}
            channel.put("cut", "double", record)
    client.close()
    assert seen == list(range(100))


@pytest.mark.parametrize("is_async", [False, True])
def test_a_redis_that_is_started_anew_is_waited_for(is_async):
    """By those who watch, and by those who have something done to tell; it has forgotten all."""

    def put(number):
        told = {"kind": "done", "chunk": number, "of": 3, "value": number}
        here.submit(channel.put, "anew", "double", told)

    def saw(step):
        seen.append(step.chunk)
        if len(seen) == 1:
            put(0)
        elif step.chunk == 0:
            first.set()

    async def watched():
        async for step in run:
            saw(step)

    seen, first = [], threading.Event()
    with (
        ThreadPoolExecutor(1) as here,
        ThreadPoolExecutor(1) as there,
        TemporaryDirectory() as folder,  # as the path of a socket has to be short
    ):
        with redis_at(f"{folder}/redis") as url:
            run = Functions(redis=url).run("anew", "double")
            channel = run._channel
            channel.put("anew", "double", {"kind": "begin", "of": 3})
            watcher = there.submit(
                lambda: asyncio.run(watched()) if is_async else [saw(step) for step in run]
            )
            assert first.wait(30)
        put(1)
        with redis_at(f"{folder}/redis"):
            put(2)
            watcher.result(30)
            channel._client()[0].close()
    assert seen[:2] == [None, 0]
    assert sorted(seen[2:]) == [1, 2]  # what comes while it has no connection may come behind


def test_a_long_run_whose_first_records_are_cut_off_still_ends(channel, url):
    client = redis.Redis.from_url(url)
    for number in range(10):
        record = {"kind": "done", "chunk": number, "of": 10, "value": number}
        channel.put("long", "double", record)
    client.xtrim("run:{long}:log", maxlen=4, approximate=False)
    client.close()
    state = Functions(redis=url).run("long").wait(30)
    assert (state.done, state.values[0], state.values[9]) == (10, None, 9)


def test_every_run_can_be_listened_to(here, url):
    client = redis.Redis.from_url(url)
    with client.pubsub(ignore_subscribe_messages=True) as heard:
        heard.psubscribe("done:*:heard")  # what other tests have begun may still be under way
        heard.get_message(timeout=30)
        run = here.send("double", {"n": 1}, id="heard")
        assert run.wait(30).done == 1
        messages = [heard.get_message(timeout=30) for _ in range(2)]
    client.close()
    assert {message["channel"] for message in messages} == {f"done:double:{run.id}".encode()}


def test_a_chunk_that_fails_three_times_has_failed(here, channel):
    for number in range(3):
        assert not here.run("failing").state().over
        record = {"kind": "error", "chunk": 0, "of": 1, "message": str(number)}
        record |= {"name": "double", "type": "OSError"}
        channel.put("failing", "double", record)
    state = here.run("failing").wait(30)
    assert (state.done, state.failed, state.of) == (0, 1, 1)
    assert str(state.errors[0]) == "double failed: OSError: 2"


def test_what_is_missing_when_the_time_is_over_has_failed(here, channel):
    channel.put("late", "double", {"kind": "begin", "of": 3})
    channel.put("late", "double", {"kind": "done", "chunk": 1, "of": 3, "value": 1})
    state = here.run("late").wait(0)
    assert (state.done, state.failed, state.of, state.over) == (1, 2, 3, False)


def test_a_redis_that_is_away_does_not_fail_what_tells(here):
    away = Functions(redis="redis://127.0.0.1:1/0")
    with away.for_client("x"):
        token = HERE.set(Envelope("x", 0, 1))
        away.tell(1, 2)
        HERE.reset(token)


def test_without_redis_py_it_says_what_to_install(here, monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)
    fns = Functions(redis="redis://127.0.0.1:1/0")
    with pytest.raises(AdapterError, match=r"pip install 'apigw-adapter\[functions\]'"):
        fns.run("x").state()
    with pytest.raises(AdapterError, match="needs redis-py"):
        asyncio.run(steps_of(fns.run("x")))


# adapter watch


def watch(*arguments, **variables):
    command = [sys.executable, "-m", "adapter", "watch", *arguments]
    environ = {**os.environ, **variables}
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30)


def test_watch_shows_a_run(here, url):
    run = here.map("double", [{"n": n} for n in range(3)])
    assert run.wait(30).done == 3
    done = watch(run.id, REDIS_URL=url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "3 of 3"


def test_watch_shows_a_bar_in_a_terminal(channel, url):
    channel.put("seen", "double", {"kind": "done", "chunk": 0, "of": 2, "value": 1})
    failure = {"name": "double", "type": "OSError", "message": "[red]1"}
    for _ in range(3):
        channel.put("seen", "double", {"kind": "error", "chunk": 1, "of": 2, **failure})
    terminal, inside = pty.openpty()
    command = [sys.executable, "-m", "adapter", "watch", "seen", "--redis", url]
    watching = subprocess.Popen(command, stdout=inside, env={**os.environ, "TERM": "xterm"})
    os.close(inside)
    shown = b""
    try:
        while some := os.read(terminal, 65536):
            shown += some
    except OSError:  # its other end is closed
        pass
    os.close(terminal)
    assert watching.wait(30) == 1
    assert "1/2" in shown.decode()
    assert "chunk 1: double failed: OSError: [red]1" in shown.decode()


def test_watch_says_what_failed(channel, url):
    record = {
        "kind": "error",
        "chunk": 0,
        "of": 1,
        "name": "bad",
        "type": "OSError",
        "message": "[red]no",
    }
    for _ in range(3):
        channel.put("bad", "double", record)
    done = watch("bad", "--redis", url)
    assert done.returncode == 1
    assert "chunk 0: " in done.stdout
    assert "OSError: [red]no" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["a:b"], 2, "is no id of a run"),
        (["x", "--redis", "redis://127.0.0.1:1/0"], 1, "there is no Redis: "),
        (["x", "--redis", ""], 2, "which Redis?"),
        (["x", "--redis", "host:6379"], 2, "Redis URL must specify one of"),
    ],
)
def test_watch_says_what_is_wrong(arguments, status, said, url):
    arguments = [*arguments, "--redis", url] if len(arguments) == 1 else arguments
    done = watch(*arguments, REDIS_URL="")
    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr
