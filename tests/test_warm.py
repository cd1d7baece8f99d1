"""`adapter warm`: now, by calls; again and again, by a rule that later deployments leave alone."""

import io
import re
import threading
import zipfile

import pytest
from click.testing import CliRunner

from adapter.bench import Run
from adapter.cli import cli
from adapter.deploy import APP, DeployError, Resource
from adapter.deploy.aws import AWS
from adapter.deploy.deployment import deployment
from adapter.deploy.kinds import rule
from adapter.deploy.plan import plan
from adapter.deploy.warm import WARM, Answer, expression, now, summary
from control_plane import ACCOUNT, CREDENTIALS, REGION, ministack, point_to
from dev_command import Dev

PROJECT = """
[project]
name = "shop"
[tool.adapter.functions.shop]
handler = "main:app"
[tool.adapter.functions.plain]
handler = "main.plain"
"""
CODE = """
import time
from types import SimpleNamespace

from adapter import handler

# What is held until the others come is held for longer: a busy machine sends them one by one.
handler.time = SimpleNamespace(sleep=lambda seconds: time.sleep(10 * seconds))


def app(environ, start_response):
    start_response("204 Done", [])
    return []


def plain(event, context):
    if event == {"warm": 2}:
        raise ValueError("no such luck")
    return event
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    (folder / "main.py").write_text(CODE)
    (folder / "pyproject.toml").write_text(PROJECT)
    return folder


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with ministack(tmp_path_factory.mktemp("ministack")) as url:
        with pytest.MonkeyPatch.context() as patch:
            point_to(patch, url)
            function(AWS().client("lambda"))
        yield url


def function(client):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("main.py", CODE)
    client.create_function(
        FunctionName="shop",
        Runtime="python3.13",
        Handler="main.plain",
        Role=f"arn:aws:iam::{ACCOUNT}:role/any",
        Code={"ZipFile": archive.getvalue()},
        Publish=True,
        Tags={APP: "shop"},
    )
    client.create_alias(FunctionName="shop", Name="dev", FunctionVersion="1")


@pytest.fixture
def aws(url, monkeypatch):
    point_to(monkeypatch, url)
    return AWS()


@pytest.fixture
def adapter(folder, monkeypatch):
    """The command, in the project's folder."""
    monkeypatch.chdir(folder)
    return lambda *arguments: CliRunner().invoke(cli, arguments)


# Now


@pytest.fixture(scope="module")
def gateway(folder):
    running = Dev(folder).wait_until_up()
    yield running
    running.stop()


@pytest.fixture
def here(gateway, monkeypatch):
    """Functions are those of adapter dev."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL_LAMBDA": gateway.url}.items():
        monkeypatch.setenv(name, value)


def test_as_many_environments_answer_as_are_asked_for(here, adapter):
    first, second = (adapter("warm", "--function", "shop", "-n", "3") for _ in range(2))
    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert re.fullmatch(
        r"shop:dev  3 environments: 3 cold \(init \d+( to \d+)? ms\)\n", first.output
    )
    assert second.output.endswith(": 3 warm\n")


def test_clients_are_made_by_one_thread(here, monkeypatch):
    """A session's clients can't be made by several, and calls are to come at once."""
    once, threads = AWS.once, []
    monkeypatch.setattr(
        AWS, "once", lambda *told: threads.append(threading.current_thread()) or once(*told)
    )
    assert len(now(AWS(), "shop", "dev", 1)) == 1
    assert threads == [threading.current_thread()]


def test_a_function_that_is_no_handler_is_told(here, adapter):
    told = adapter("warm")
    assert told.exit_code == 1
    assert "shop:dev  1 environment: 1 warm\n" in told.output
    assert "plain:dev  it is called, but does not know such events: it is no Handler" in told.output
    told = adapter("warm", "--function", "plain", "-n", "2")
    assert (told.exit_code, told.output) == (1, "plain:dev  it failed: no such luck\n")


RUNS = {init: Run(10.0, 11.0, 40, init) for init in (None, 210.4, 263.9)}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([Answer("a", RUNS[210.4])], "1 environment: 1 cold (init 210 ms)"),
        (
            [Answer("a", RUNS[263.9]), Answer("b", RUNS[210.4]), Answer("c", RUNS[None])],
            "3 environments: 2 cold (init 210 to 264 ms), 1 warm",
        ),
        ([Answer("a", None), Answer("a", None)], "1 environment: 2 warm"),
        (
            [Answer("a", None), Answer("", None, "it failed: x")],
            "1 environment: 1 warm; it failed: x",
        ),
    ],
)
def test_what_answered_is_told_in_a_line(answers, expected):
    assert summary(answers) == expected


# Again and again


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        ("1m", "rate(1 minute)"),
        ("5m", "rate(5 minutes)"),
        ("1h", "rate(1 hour)"),
        ("2d", "rate(2 days)"),
    ],
)
def test_how_often_is_written_short(every, expected):
    assert expression(every) == expected


@pytest.mark.parametrize("every", ["0m", "30s", "m", "1.5h", "always", "1m1"])
def test_what_is_no_such_time(every):
    with pytest.raises(DeployError, match="write 1m, 5m, 1h, 1d"):
        expression(every)


def test_a_rule_does_it_until_it_is_taken_away(aws, adapter, folder):
    told = adapter("warm", "--function", "shop", "-n", "3", "--every", "5m")
    assert (told.exit_code, told.output) == (0, "shop:dev  rate(5 minutes), 3 at once\n")
    found = rule.of_name(aws, "shop-dev-warm-shop")
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:shop:dev"
    assert [(one["Arn"], one["Input"]) for one in found.settings["Targets"]] == [
        (arn, '{"warm": 3}')
    ] * 3
    assert found.tags == {APP: "shop", WARM: "dev"}

    stage = deployment("dev", path=folder / "pyproject.toml")
    assert plan(aws, [], stage.app, stage.stage) == []  # a deployment leaves it alone

    file = folder / "pyproject.toml"
    before = file.read_text()
    file.write_text(f'{before}\n[tool.adapter.deploy.tags]\nteam = "one"\n')
    adapter("warm", "--function", "shop", "--every", "1m")
    file.write_text(before)
    found = rule.of_name(aws, "shop-dev-warm-shop")
    assert found.tags == {APP: "shop", WARM: "dev", "team": "one"}
    changed = found.settings
    assert (changed["ScheduleExpression"], len(changed["Targets"])) == ("rate(1 minute)", 1)
    policy = aws.client("lambda").get_policy(FunctionName="shop:dev")["Policy"]
    assert (policy.count("warm-dev"), policy.count("rule/shop-dev-warm-shop")) == (1, 1)

    for said in ("no longer kept warm", "was not kept warm"):
        told = adapter("warm", "--function", "shop", "--every", "off")
        assert (told.exit_code, told.output) == (0, f"shop:dev  {said}\n")
    assert rule.of_name(aws, "shop-dev-warm-shop") is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("shop --every 1m -n 6", "a rule calls 5 times at once at the most"),
        ("shop --every often", "'often' is no such time"),
        ("shop --every 1m --stage prod", "there is no shop:prod in eu-west-1"),
        ("plain --every 1m", "there is no plain:dev in eu-west-1: deploy it"),
        ("plain", "there is no plain:dev in eu-west-1"),
        ("carts", "there is no function 'carts' in pyproject.toml; there are: shop, plain"),
    ],
)
def test_what_can_not_be_is_said(aws, adapter, arguments, said):
    told = adapter("warm", "--function", *arguments.split())
    assert told.exit_code in (1, 2)
    assert said in " ".join(told.output.replace("│", " ").split())


def test_a_rule_of_somebody_else_stays(aws, adapter):
    target = {"Id": "1", "Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:shop"}
    settings = {"ScheduleExpression": "rate(1 day)", "State": "ENABLED", "Targets": [target]}
    theirs = Resource("rule", "shop-dev-warm-shop", settings, {"tags": {APP: "shop"}})
    rule.create(aws, theirs, print)
    for every in ("1m", "off"):
        told = adapter("warm", "--function", "shop", "--every", every)
        assert "adapter warm did not make it" in told.output
    assert rule.of_name(aws, "shop-dev-warm-shop").settings == theirs.settings
    rule.delete(aws, rule.of_name(aws, "shop-dev-warm-shop"))
