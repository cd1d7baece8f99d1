"""[tool.adapter.deploy] and [tool.adapter.stages.NAME]: what a deployment is to be."""

from pathlib import Path

import pytest

from adapter.config import ConfigError
from adapter.deploy import APP, STAGE, DeployError
from adapter.deploy.deployment import deployment
from adapter.deploy.settings import Statement

ONE = """
[project]
name = "shop"

[tool.adapter]
app = "main:app"
memory = 512
variables = { LOG_LEVEL = "debug", CURRENCY = "EUR" }

[tool.adapter.stages.prod]
memory = 1024
variables.LOG_LEVEL = "warning"
settings.GREETING = "Welcome"
deploy.log-retention = 365

[tool.adapter.stages.test.settings]
GREETING = "Hi"
"""
TWO = """
[tool.adapter]
kind = "rest_api"

[tool.adapter.functions]
users = { handler = "main:app" }
reports = { handler = "main:app", memory = 256 }

[tool.adapter.routes]
"GET /users" = "users"
"GET /reports" = "reports"

[tool.adapter.stages.prod]
timeout = 5
functions.reports.memory = 2048

[tool.adapter.stages.prod.throttle]
rate = 10
burst = 20
"""


@pytest.fixture
def of(tmp_path):
    def written(text, stage="dev", target=""):
        path = tmp_path / "pyproject.toml"
        path.write_text(text)
        return deployment(stage, target, path)

    return written


def only(found):
    return next(iter(found.project.functions.values()))


def test_a_stage_without_a_table_is_what_the_project_says(of):
    found = of(ONE)
    assert (found.app, found.stage) == ("shop", "dev")
    assert (only(found).memory, only(found).variables["LOG_LEVEL"]) == (512, "debug")
    assert found.settings.log_retention == 30


def test_a_stage_replaces_what_it_has_and_tables_are_merged(of):
    found = of(ONE, "prod")
    assert only(found).memory == 1024
    assert only(found).variables == {"LOG_LEVEL": "warning", "CURRENCY": "EUR"}
    assert found.settings.log_retention == 365
    assert found.stage_tags == {APP: "shop", STAGE: "prod"}


def test_settings_are_of_all_stages_since_there_is_one_package(of):
    expected = {"prod": {"GREETING": "Welcome"}, "test": {"GREETING": "Hi"}}
    assert of(ONE).values == of(ONE, "prod").values == expected


def test_the_other_stages_are_known(of):
    assert [one.stage for one in of(ONE).all] == ["dev", "prod", "test"]
    assert [one.stage for one in of(ONE, "prod").all] == ["prod", "test", "dev"]


@pytest.mark.parametrize("written", ["PROD", "Prod", "prod"])
def test_a_stage_is_known_in_other_letters(of, written):
    assert of(ONE, written).stage == "prod"


def test_keys_of_functions_are_for_each_and_a_table_for_one(of):
    found = of(TWO, "prod").project
    told = [(one.timeout, one.memory) for one in found.functions.values()]
    assert told == [(5.0, 1024), (5.0, 2048)]
    assert (found.api.throttle.rate, found.api.kind) == (10, "rest_api")
    assert of(TWO).project.api.throttle is None


def test_without_a_file_the_command_line_names_the_app(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = deployment("dev", "main:app")
    assert [one.handler for one in found.project.functions.values()] == ["main:app"]
    assert found.app == Path.cwd().name[:40].strip("-")


def test_rights_are_read(of):
    statement = '{ actions = ["s3:GetObject"], resources = ["*"] }'
    found = of(f'[tool.adapter]\napp = "main:app"\ndeploy.permissions = [{statement}]')
    assert found.settings.permissions == (Statement(("s3:GetObject",), ("*",)),)


APP_LINE = '[tool.adapter]\napp = "main:app"\n'


@pytest.mark.parametrize(
    ("text", "stage", "said"),
    [
        ("", "dev", "which app"),
        (APP_LINE + "[tool.adapter.stages.123]", "dev", "'123' is no name of a stage"),
        (APP_LINE, "a b", "'a b' is no name of a stage"),
        (APP_LINE + "stages = { eu = {}, EU = {} }", "dev", "'eu' and 'EU' are the same to IAM"),
        (APP_LINE + "stages.prod.memroy = 5", "prod", "memroy"),
        (APP_LINE + "stages.prod.memory = 5", "prod", "memory"),
        (APP_LINE + "stages.prod.memory = 5", "dev", "in stage prod: "),
        (APP_LINE + "stages = 5", "dev", "stages"),
        (APP_LINE + "stages.prod = 5", "dev", "stages"),
        (APP_LINE + "stages.prod.settings.A1 = 5", "dev", "text in quotes"),
        (APP_LINE + "deploy.nmae = 'shop'", "dev", "nmae"),
        (APP_LINE + "deploy.name = 'a shop'", "dev", "no app's name"),
        (APP_LINE + "deploy.log-retention = 31", "dev", "one of these numbers of days: 1, 3"),
        (APP_LINE + "deploy.role = 'admin'", "dev", "no role's ARN"),
        (APP_LINE + "deploy.check = 'health'", "dev", '"/health"'),
        (APP_LINE + "deploy.subnets = ['subnet-1']", "dev", "go together"),
        (APP_LINE + "deploy.permissions = [{ actions = ['s3:*'] }]", "dev", "resources"),
        (APP_LINE + "deploy.tags = { 'adapter:stage' = 'x' }", "dev", "adapter: are set by this"),
        (APP_LINE + "deploy.tags = { 'AWS:x' = 'x' }", "dev", "are set by AWS"),
        (APP_LINE + "deploy = 5", "dev", "deploy"),
    ],
)
def test_what_is_wrong_is_said(of, text, stage, said):
    with pytest.raises(ConfigError, match=r"(?s).") as error:
        of(text, stage)
    assert said in str(error.value)


def test_an_app_beside_several_functions_is_refused(of):
    with pytest.raises(DeployError, match="names several functions"):
        of(TWO, "dev", "main:app")


def test_a_stage_whose_resources_others_would_not_know_is_to_be_named(of):
    table = 'deploy.tables = { ORDERS = "orders-{stage}" }\n'
    with pytest.raises(ConfigError, match=r"\[tool\.adapter\.stages\.test\]"):
        of(APP_LINE + table, "test")
    with pytest.raises(ConfigError, match=r"no stage tset: did you mean 'test'\?"):
        of(f"{APP_LINE}{table}stages.test = {{}}", "tset")
    assert of(f"{APP_LINE}{table}stages.test = {{}}", "test").stage == "test"


def test_parameters_want_a_name_that_ssm_takes(of):
    with pytest.raises(DeployError, match="begin with /aws-shop"):
        of(APP_LINE + 'deploy = { name = "aws-shop", parameters = true }')
