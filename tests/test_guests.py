"""Runtimes of others, unchanged, as guests of the local Runtime API: AWS's own and a shell script.

AWS's Node runtime is built at the first use, which takes a minute: npm, cmake and a C++ compiler.
"""

import json
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from adapter.local.server import Server
from lambda_side import AWSLAMBDARIC, gateway_of, pool_of, run
from transports import loop_in_a_thread

GUESTS = Path(__file__).parent / "guests"
NODE = GUESTS / "node_modules" / "aws-lambda-ric" / "index.mjs"
SCRIPT = GUESTS.parents[1] / "scripts" / "node-runtime"
BUILDS = ("node", "npm", "cmake", "make", "c++")


@pytest.fixture(autouse=True)
def _task_folder(monkeypatch):
    monkeypatch.chdir(GUESTS)


# AWS's Python runtime


def test_aws_s_python_runtime():
    told = {"tenant_id": "blue", "client_context": '{"custom": {"a": 1}}'}
    ran = run("plain.handler", {"a": "context"}, {"a": "fail"}, command=AWSLAMBDARIC, told=told)
    answered, failed = ran.outcomes
    context = json.loads(answered.body)["a"]
    assert context["tenant_id"] == "blue"
    assert context["client_context"] == {"a": 1}
    assert failed.failed
    assert json.loads(failed.body)["errorMessage"] == "no such luck"
    assert json.loads(failed.xray_cause)["exceptions"]


def test_aws_s_python_runtime_with_many_at_once():
    """It forks: as many processes as invocations at once."""
    events = [{"a": "pid"}] * 3
    ran = run("plain.handler", *events, command=AWSLAMBDARIC, concurrency=3, at_once=True)
    assert not any(outcome.failed for outcome in ran.outcomes), ran.text
    assert sum("Init Duration" in line for line in ran.log) == 1


# AWS's Node runtime


@pytest.fixture(scope="session")
def node():
    """The command of AWS's Node runtime, installed at the first use."""
    if missing := [name for name in BUILDS if shutil.which(name) is None]:
        pytest.skip(f"AWS's Node runtime is built with {', '.join(missing)}")
    subprocess.run([SCRIPT], check=True, capture_output=True)
    return ["node", str(NODE)]


def test_aws_s_node_runtime(node):
    ran = run(
        "node.handler", {"a": 1}, {"fail": "no"}, command=node, told={"tenant_id": "blue"}
    )  # fmt: skip
    answered, failed = ran.outcomes
    answer = json.loads(answered.body)
    assert answer["event"] == {"a": 1}
    assert answer["tenant"] == "blue"
    assert 0 < answer["remaining"] <= 30_000
    assert (failed.failed, json.loads(failed.body)["errorMessage"]) == (True, "no")
    assert json.loads(failed.xray_cause)["exceptions"]


def test_aws_s_node_runtime_streams(node):
    ran = run("node.streaming", {"pause": 300}, {"fail": "no more"}, command=node)
    whole, broken = ran.outcomes
    head, _, body = whole.body.partition(b"\0" * 8)
    assert json.loads(head)["statusCode"] == 201
    assert body == b"onetwo"
    assert ran.chunks[0][-2:] == [b"one", b"two"]
    assert ran.chunks[1][-1] == b"one"
    assert (broken.failed, json.loads(broken.body)["errorMessage"]) == (True, "no more")


def test_aws_s_node_runtime_with_many_at_once(node):
    """It starts worker threads."""
    events = [{"number": number} for number in range(6)]
    ran = run("node.handler", *events, command=node, concurrency=3, size=1, at_once=True)
    assert [result["event"] for result in ran.results] == events
    assert len({result["pid"] for result in ran.results}) == 1


@pytest.mark.parametrize("kind", ["function_url", "rest_api"])
def test_aws_s_node_runtime_behind_the_gateway(node, kind):
    async def start():
        pool = pool_of([*node, "node.streaming"], "node.streaming", stream=True)
        server = Server(gateway_of(pool, kind))
        await server.start()
        return pool, server

    with loop_in_a_thread() as wait_for:
        pool, server = wait_for(start())
        answer = httpx.get(f"http://{server.address}/", timeout=30)
        wait_for(server.stop())
        wait_for(pool.stop())
    assert (answer.status_code, answer.text) == (201, "onetwo")
    assert answer.headers["x-a"] == "1"
    assert answer.cookies["a"] == "1"


# A shell script


@pytest.mark.skipif(shutil.which("curl") is None, reason="the script needs curl")
def test_a_shell_script_with_curl():
    command = ["bash", "bootstrap.sh"]
    assert run("-", {"a": "é"}, [1], command=command).results == [{"a": "é"}, [1]]
