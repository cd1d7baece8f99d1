"""`adapter export`: each file is taken by its field's own checker, and by our own readers.

`sam validate` and cfn-lint look at templates, openapi-spec-validator at OpenAPI files. Of a
Terraform configuration python-hcl2 reads the syntax, and its arguments are compared with those that
the AWS provider has, in fixtures/export/terraform_aws.json: of `terraform providers schema`,
version 5.100, with the one argument that 6.29 added. Where `terraform` is at hand it judges the
format too, and validates all if it has the provider: in a folder that its own configuration names,
or TERRAFORM_PLUGIN_DIR.
"""

import json
import os
import re
import shutil
import subprocess
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import hcl2
import pytest
import yaml
from cfnlint.api import ManualArgs, lint
from click.testing import CliRunner
from openapi_spec_validator import OpenAPIV30SpecValidator

from adapter.cli import cli
from adapter.config import Function, JWTAuthorizer, LambdaAuthorizer, template
from adapter.deploy import DeployError, Resource, Sub
from adapter.deploy.deployment import deployment
from adapter.deploy.export import Plan, hcl, sam, sam_parts, text
from adapter.deploy.export import yaml as written_yaml
from adapter.deploy.wanted import resources
from adapter.package import Archive, Package
from aws_tools import tool

FIXTURES = Path(__file__).parent / "fixtures" / "export"
SECRET = "a-key-that-nobody-else-knows"

PROJECTS = {
    "one app": """
        kind = "http_api"
        app = "main:app"
        """,
    "http": """
        kind = "http_api"
        stage-variables = { colour = "blue" }
        throttle = { rate = 10, burst = 20 }
        [tool.adapter.functions.users]
        handler = "main:app"
        reserved-concurrency = 3
        variables = { GREETING = 'a ${b} %{c} "d" \\e' }
        [tool.adapter.functions.my-tasks]
        handler = "main.task"
        memory = 256
        [tool.adapter.routes]
        "$default" = "users"
        "GET /users/{id}" = { function = "users", timeout = 5 }
        "GET /users-id" = { function = "users", authorizer = "asked" }
        "POST /files/{path+}" = { function = "my-tasks", authorizer = "jwt", scopes = ["a", "b"] }
        [tool.adapter.cors]
        allow-origins = ["*"]
        allow-headers = ["x-a"]
        max-age = 5
        [tool.adapter.authorizers.jwt]
        type = "jwt"
        issuer = "https://issuer.example"
        audience = ["me"]
        [tool.adapter.authorizers.asked]
        type = "lambda"
        function = "my-tasks"
        simple = true
        identity = ["$request.header.X-Who"]
        [tool.adapter.schedules.nightly]
        expression = "cron(0 9 ? * MON-FRI *)"
        function = "my-tasks"
        [tool.adapter.schedules.zoned]
        expression = "cron(0 9 ? * MON-FRI *)"
        timezone = "Europe/Berlin"
        function = "my-tasks"
        input = { a = "${b}" }
        [tool.adapter.events.orders]
        source = "sqs:orders-{stage}"
        function = "my-tasks"
        filter = [{ body = { a = ["b"] } }]
        concurrency = 5
        [tool.adapter.events.clicks]
        source = "kinesis:clicks"
        function = "my-tasks"
        on-failure = "arn:aws:sqs:eu-west-1:123456789012:dead"
        [tool.adapter.events.things]
        source = "dynamodb:things"
        function = "users"
        [tool.adapter.events.news]
        source = "sns:news"
        function = "users"
        [tool.adapter.stages.prod]
        memory = 2048
        [tool.adapter.deploy]
        tables = { TABLE = "things-{stage}" }
        tracing = true
        subnets = ["subnet-1a2b3c4d"]
        security-groups = ["sg-1a2b3c4d"]
        """,
    "rest": f"""
        kind = "rest_api"
        stage = "v1"
        binary-media-types = ["image/png"]
        stage-variables = {{ colour = "blue" }}
        throttle = {{ rate = 10, burst = 20 }}
        [tool.adapter.functions.users]
        handler = "main:app"
        stream = true
        timeout = 100
        [tool.adapter.functions.asks]
        handler = "main.task"
        [tool.adapter.routes]
        "ANY /" = "users"
        "GET /users/{{id}}" = {{ function = "users", api-key = true, authorizer = "token" }}
        "ANY /files/{{proxy+}}" = {{ function = "asks", authorizer = "request", timeout = 5 }}
        [tool.adapter.authorizers.token]
        type = "lambda"
        kind = "token"
        function = "asks"
        pattern = "^Bearer .*$"
        [tool.adapter.authorizers.request]
        type = "lambda"
        function = "asks"
        identity = ["method.request.header.X-Who", "method.request.querystring.q"]
        ttl = 60
        [tool.adapter.api-keys.partner]
        value = "{SECRET}"
        quota = 100
        throttle = {{ rate = 1, burst = 2 }}
        """,
    "url": """
        app = "main:app"
        kind = "function_url"
        stream = true
        [tool.adapter.cors]
        allow-origins = ["https://a.example"]
        allow-methods = ["GET"]
        max-age = 5
        """,
    "websocket": """
        kind = "websocket"
        [tool.adapter.functions.chat]
        handler = "main:app"
        [tool.adapter.functions.asks]
        handler = "main.task"
        [tool.adapter.routes]
        "$connect" = { function = "chat", authorizer = "asked" }
        "$default" = "chat"
        [tool.adapter.authorizers.asked]
        type = "lambda"
        function = "asks"
        identity = ["route.request.header.X-Who"]
        """,
}
BUCKETS = """
        app = "main:app"
        [tool.adapter.events.photos]
        source = "s3:uploads"
        prefix = "photos/"
        [tool.adapter.events.videos]
        source = "s3:uploads"
        prefix = "videos/"
        """
OPENAPI = ("one app", "http", "rest")
each_project = pytest.mark.parametrize("name", PROJECTS)
each_api = pytest.mark.parametrize("name", OPENAPI)


def project(folder, settings):
    """A folder with a project."""
    lines = "\n".join(line.strip() for line in settings.splitlines())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.py").write_text("def app(environ, start_response): ...\n")
    head = '[project]\nname = "shop"\nversion = "1"\n[tool.adapter]'
    (folder / "pyproject.toml").write_text(head + lines)
    return folder


def plan_of(folder, settings, *, layer=False):
    """The plan of its stage dev, with packages that were never built."""
    found = deployment("dev", path=project(folder, settings) / "pyproject.toml")
    packages = {one.name: package(folder, one, layer) for one in found.project.functions.values()}
    return Plan(found, tuple(resources(found, packages)), folder)


def package(folder, function, layer):
    def archive(end):
        path = folder / "built" / f"{function.name}{end}.zip"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"PK\5\6" + bytes(18))
        return Archive(path, "inputs", "c2hhMjU2", 1, 1, ())

    variables = {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/adapter/runtime/exec-wrapper"}
    parts = archive(""), archive("-layer") if layer else None
    return Package(function.name, *parts, function.handler, function.runtime, "arm64", variables)


# SAM

# For each resource of the plan there is one of this type.
SAM_TYPES = {
    "role": "AWS::IAM::Role",
    "log_group": "AWS::Logs::LogGroup",
    "layer": "AWS::Serverless::LayerVersion",
    "function": "AWS::Serverless::Function",
    "http_api": "AWS::ApiGatewayV2::Api",
    "websocket_api": "AWS::ApiGatewayV2::Api",
    "rest_api": "AWS::ApiGateway::RestApi",
    "function_url": "AWS::Lambda::Url",
    "permission": "AWS::Lambda::Permission",
    "rule": "AWS::Events::Rule",
    "schedule_group": "AWS::Scheduler::ScheduleGroup",
    "schedule": "AWS::Scheduler::Schedule",
    "event_source": "AWS::Lambda::EventSourceMapping",
    "subscription": "AWS::SNS::Subscription",
}


@each_project
def test_a_template_is_what_cloudformation_takes(name, tmp_path):
    written = text("sam", plan_of(tmp_path, PROJECTS[name], layer=name == "http"))
    found = lint(written, config=ManualArgs(regions=["eu-west-1"]))
    assert [str(one) for one in found] == []


@pytest.fixture(scope="session")
def validate(tmp_path_factory):
    """What `sam validate` says of a template, with no account and without a network.

    It wants a region, but for --lint; and PyPI only to look for a newer version once a week.
    """
    home = tmp_path_factory.mktemp("sam")
    (home / "metadata.json").write_text(json.dumps({"lastVersionCheck": time.time()}))
    told = {"HOME": str(home), "__SAM_CLI_APP_DIR": str(home), "SAM_CLI_TELEMETRY": "0"}

    def run(path, *options):
        done = subprocess.run(
            [tool("sam"), "validate", "--template", path, *options],
            cwd=path.parent,
            env={"PATH": os.environ["PATH"], **told},
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.returncode, (done.stdout + done.stderr).replace("\n", " ")

    return run


@each_project
def test_a_template_is_what_sam_takes(name, validate, tmp_path):
    path = tmp_path / "template.yaml"
    path.write_text(text("sam", plan_of(tmp_path, PROJECTS[name], layer=name == "http")))
    for options in ([], ["--lint"]):
        code, said = validate(path, "--region", "eu-west-1", *options)
        assert (code, "is a valid SAM Template" in said) == (0, True), said


@each_project
def test_a_template_has_all_of_the_plan(name, tmp_path):
    plan = plan_of(tmp_path, PROJECTS[name], layer=name == "http")
    made = sam.template(plan)["Resources"].values()
    wanted = Counter(SAM_TYPES[one.kind] for one in plan.resources if one.kind != "concurrency")
    types = Counter(one["Type"] for one in made)
    assert {type_: types[type_] for type_ in wanted} == wanted


@each_project
def test_a_template_refers_to_its_own_resources(name, tmp_path):
    """By texts it would not be known which comes first. In a role they would make a circle, which
    cfn-lint doesn't see.
    """
    made = sam.template(plan_of(tmp_path, PROJECTS[name]))["Resources"].values()
    roles = json.dumps([one for one in made if one["Type"] == "AWS::IAM::Role"])
    others = json.dumps([one for one in made if one["Type"] != "AWS::IAM::Role"])
    assert re.findall(r":function:\w+|:role/\w+|:rule/shop", others) == []
    assert re.findall(r"Fn::GetAtt|\$\{(?!AWS::)|Ref\W+(?!AWS::)\w+", roles) == []


@each_project
def test_what_we_read_of_a_template_is_the_project(name, tmp_path):
    plan = plan_of(tmp_path, PROJECTS[name])
    (tmp_path / "template.yaml").write_text(text("sam", plan))
    found = template.read(tmp_path / "template.yaml")
    given = plan.deployment.project
    ids = {one: one.replace("my-tasks", "myTasks") for one in given.functions}
    assert shown(found.api, {}) == shown(given.api, ids)
    for one in given.functions.values():
        here = found.functions[ids[one.name]]
        assert of_function(here) == of_function(one)
        assert one.variables.items() <= here.variables.items()


def of_function(one):
    return one.handler, one.runtime, one.timeout, one.memory, one.stream


def shown(api, ids):
    """What of an API both ways have: with authorizers in place of their names."""
    told = {key: getattr(api, key) for key in ("kind", "stage_variables", "throttle", "cors")}
    if api.kind in ("http_api", "rest_api"):
        told["stage"] = api.stage
    if api.kind == "rest_api":
        told["binary"] = api.binary_media_types
    return {**told, "routes": {one.key: route(api, one, ids) for one in api.routes}}


def route(api, one, ids):
    longest = {"http_api": 30, "rest_api": 29, "websocket": 29}.get(api.kind)
    asked = api.authorizers.get(one.authorizer)
    if isinstance(asked, LambdaAuthorizer):
        asked = replace(asked, function=ids.get(asked.function, asked.function))
    if isinstance(asked, JWTAuthorizer):
        asked = replace(asked, keys="")
    wait = None if one.timeout in (longest, 900) else one.timeout
    return ids.get(one.function, one.function), asked, one.scopes, one.api_key, wait


def test_a_template_publishes_a_version_for_the_alias(tmp_path):
    made = sam.template(plan_of(tmp_path, PROJECTS["http"]))["Resources"]
    told = made["users"]["Properties"]
    assert (told["AutoPublishAlias"], told["CodeUri"]) == ("dev", "built/users.zip")
    assert told["AutoPublishAliasAllProperties"] is True
    assert told["ReservedConcurrentExecutions"] == 3
    assert told["Role"] == {"Fn::GetAtt": ["usersRole", "Arn"]}


@pytest.mark.parametrize("name", ["http", "websocket"])
def test_a_stage_comes_after_its_routes(name, tmp_path):
    """A WebSocket API can't be deployed without one; its messages' routes answer."""
    made = sam.template(plan_of(tmp_path, PROJECTS[name]))["Resources"]
    of = {kind: [id_ for id_, one in made.items() if one["Type"] == f"AWS::ApiGatewayV2::{kind}"]
          for kind in ("Route", "RouteResponse", "Stage")}  # fmt: skip
    assert made[of["Stage"][0]]["DependsOn"] == of["Route"]
    assert len(of["RouteResponse"]) == (name == "websocket")


def test_a_function_is_found_by_its_name_beside_a_template(tmp_path):
    (tmp_path / "template.yaml").write_text(text("sam", plan_of(tmp_path, PROJECTS["http"])))
    given = {"my-tasks": Function("my-tasks", "main.another"), "users": Function("users", "a.b")}
    found = template.read(tmp_path / "template.yaml", functions=given).functions
    assert {one.name: one.handler for one in found.values()} == {
        "myTasks": "main.another",
        "users": "a.b",
    }


@pytest.mark.parametrize("value", ["1e3", "1.0E5", "089", "0o17", "y", "N", "NaN", "-Infinity"])
def test_a_text_that_others_take_for_a_number_has_quotes(value):
    assert written_yaml.text({"a": value}) == f"a: '{value}'\n"


BOOK = {
    **sam_parts.PSEUDO,
    "arn:${AWS::Partition}:lambda:x:function:users": "users.Arn",
    "arn:${AWS::Partition}:lambda:x:function:users:dev": "users.Alias",
    "${http_api:shop-dev}": "shopHttpApi",
}
ALIAS = {"usersAlias": {"Ref": "users.Alias"}}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("plain", "plain"),
        ("${AWS::Region}", {"Ref": "AWS::Region"}),
        ("${http_api:shop-dev}/*", {"Fn::Sub": "${shopHttpApi}/*"}),
        ("{}", {"Fn::GetAtt": ["users", "Arn"]}),
        ("{}:dev", {"Ref": "users.Alias"}),
        ("{}:dev/invocations", {"Fn::Sub": ["${usersAlias}/invocations", ALIAS]}),
        *(
            (each, {"Fn::Sub": each.replace("{}", "arn:${AWS::Partition}:lambda:x:function:users")})
            for each in ("{}-2", "{}2:dev", "{}:*", "{}:devel", "{}:dev-2", "{}:prod")
        ),
    ],
)
def test_what_a_text_of_the_plan_is_in_a_template(told, expected):
    users = "arn:${AWS::Partition}:lambda:x:function:users"
    assert sam_parts.called(Sub(told.replace("{}", users)), BOOK) == expected


def test_of_a_bucket_that_is_none_of_the_templates_no_notification_is_set(tmp_path):
    with pytest.raises(DeployError, match=r"the bucket uploads isn't the template's own"):
        text("sam", plan_of(tmp_path, BUCKETS))


# OpenAPI


@each_api
def test_an_openapi_file_is_valid(name, tmp_path):
    written = yaml.safe_load(text("openapi", plan_of(tmp_path, PROJECTS[name])))
    assert [str(error) for error in OpenAPIV30SpecValidator(written).iter_errors()] == []


@each_api
def test_what_we_read_of_an_openapi_file_is_the_project(name, tmp_path):
    plan = plan_of(tmp_path, PROJECTS[name])
    (tmp_path / "openapi.yaml").write_text(text("openapi", plan))
    given = plan.deployment.project
    functions = {one: Function(one, "main:app") for one in given.functions}
    found = template.read(tmp_path / "openapi.yaml", functions=functions)
    of_stage = {"stage": "", "stage_variables": {}, "throttle": None}
    assert shown(found.api, {}) == {**shown(given.api, {}), **of_stage}
    streams = {one.name: one.stream for one in given.functions.values()}
    assert {one.name: one.stream for one in found.functions.values()} == streams


@pytest.mark.parametrize("name", ["url", "websocket"])
def test_openapi_describes_no_other_front_end(name, tmp_path):
    with pytest.raises(DeployError, match="export it as sam or as terraform"):
        text("openapi", plan_of(tmp_path, PROJECTS[name]))


# Terraform

TERRAFORM_TYPES = {
    "role": "aws_iam_role",
    "log_group": "aws_cloudwatch_log_group",
    "layer": "aws_lambda_layer_version",
    "function": "aws_lambda_function",
    "http_api": "aws_apigatewayv2_api",
    "websocket_api": "aws_apigatewayv2_api",
    "rest_api": "aws_api_gateway_rest_api",
    "function_url": "aws_lambda_function_url",
    "permission": "aws_lambda_permission",
    "rule": "aws_cloudwatch_event_rule",
    "schedule_group": "aws_scheduler_schedule_group",
    "schedule": "aws_scheduler_schedule",
    "event_source": "aws_lambda_event_source_mapping",
    "subscription": "aws_sns_topic_subscription",
}
PROVIDER = json.loads((FIXTURES / "terraform_aws.json").read_text())


def read_terraform(written):
    """[(type, label, body)] of its resources."""
    return [
        (type_.strip('"'), label.strip('"'), body)
        for one in hcl2.loads(written)["resource"]
        for type_, labels in one.items()
        for label, body in labels.items()
    ]


@each_project
def test_a_configuration_has_all_of_the_plan(name, tmp_path):
    plan = plan_of(tmp_path, PROJECTS[name], layer=name == "http")
    found = read_terraform(text("terraform", plan))
    wanted = Counter(
        TERRAFORM_TYPES[one.kind] for one in plan.resources if one.kind != "concurrency"
    )
    types = Counter(type_ for type_, _, _ in found)
    assert {type_: types[type_] for type_ in wanted} == wanted
    assert len({(type_, label) for type_, label, _ in found}) == len(found)


@each_project
def test_a_configuration_has_the_arguments_of_the_provider(name, tmp_path):
    found = read_terraform(text("terraform", plan_of(tmp_path, PROJECTS[name], layer=True)))
    for type_, label, body in found:
        assert wrong(body, PROVIDER[type_], f"{type_}.{label}") == []


def wrong(body, known, place):
    """What the provider would refuse."""
    blocks = known.get("blocks", {})
    found = [f"{place} has no {name}" for name in known["needed"] if name not in body]
    for name, value in body.items():
        if is_block(value):
            if name in blocks:
                found += [error for one in value for error in wrong(one, blocks[name], name)]
            elif name != "lifecycle":
                found.append(f"{place}: no block {name}")
        elif name not in (*known["needed"], *known["taken"], "depends_on", "__is_block__"):
            found.append(f"{place}: no argument {name}")
    return found


def is_block(value):
    return isinstance(value, list) and any(
        isinstance(one, dict) and "__is_block__" in one for one in value
    )


@each_project
def test_a_configuration_refers_to_its_own_resources(name, tmp_path):
    written = text("terraform", plan_of(tmp_path, PROJECTS[name], layer=True))
    there = {f"{type_}.{label}" for type_, label, _ in read_terraform(written)}
    code = re.sub(r'(?m)^resource .*$|"(?:[^"\\$]|\\.|\$\$|\$(?!\{))*"', "", written)
    assert set(re.findall(r"(?<!data\.)\baws_\w+\.\w+", code)) - there == set()
    outside = re.sub(r'(?s)resource "aws_iam_role_policy".*?\n}\n', "", written)
    assert re.findall(r":function:\w+|:role/\w+|:rule/shop", outside) == []


GREETING = r'"a $${b} %%{c} \"d\" \\e"'


def test_a_configuration_publishes_a_version_for_the_alias(tmp_path):
    found = read_terraform(text("terraform", plan_of(tmp_path, PROJECTS["http"])))
    told = {(type_, label): body for type_, label, body in found}
    function = told["aws_lambda_function", "users"]
    assert (function["publish"], function["reserved_concurrent_executions"]) == (True, 3)
    assert function["environment"][0]["variables"]["GREETING"] == GREETING
    alias = told["aws_lambda_alias", "users"]
    assert alias["function_version"] == "${aws_lambda_function.users.version}"


def test_a_bucket_has_one_document_of_all_its_notifications(tmp_path):
    found = read_terraform(text("terraform", plan_of(tmp_path, BUCKETS)))
    ((label, body),) = [
        (label, body) for type_, label, body in found if type_ == "aws_s3_bucket_notification"
    ]
    assert (label, body["bucket"]) == ("uploads", '"uploads"')
    assert [one["filter_prefix"] for one in body["lambda_function"]] == ['"photos/"', '"videos/"']


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", ['a = "plain"']),
        ('${a} %{b} $c "d" \\ \n', ['a = "$${a} %%{b} $c \\"d\\" \\\\ \\n"']),
        ("\b\f\\b", [r'a = "\u0008\u000c\\b"']),
        ([True, False, None, 0, 1, 1.5], ["a = [true, false, null, 0, 1, 1.5]"]),
        ({"b": "1", "c:d": "2"}, ["a = {", '  b     = "1"', '  "c:d" = "2"', "}"]),
        ([{"b": 1}], ["a = [", "  {", "    b = 1", "  },", "]"]),
        (hcl.Expression("b.c"), ["a = b.c"]),
        (hcl.Encoded({}), ["a = jsonencode({})"]),
        (hcl.Encoded({"b": []}), ["a = jsonencode({", "  b = []", "})"]),
        (hcl.Block({}), ["a {}"]),
        ([hcl.Block({"b": 1}), hcl.Block({})], ["a {", "  b = 1", "}", "", "a {}"]),
    ],
)
def test_how_values_are_written(value, expected):
    written = hcl.text([("x", hcl.Block({"a": value}, ("y",)))])
    lines = [f"  {line}" if line else "" for line in expected]
    assert written.splitlines() == ['x "y" {', *lines, "}"]
    hcl2.loads(written)


needs_terraform = pytest.mark.skipif(not shutil.which("terraform"), reason="there is no terraform")
PLUGINS = os.environ.get("TERRAFORM_PLUGIN_DIR", "")


@needs_terraform
def test_a_configuration_is_written_as_terraform_would(tmp_path):
    for name, settings in PROJECTS.items():
        written = text("terraform", plan_of(tmp_path / name, settings, layer=True))
        (tmp_path / name / "main.tf").write_text(written)
    done = terraform(tmp_path, "fmt", "-check", "-diff", "-recursive")
    assert done.returncode == 0, done.stdout


@needs_terraform
def test_terraform_validates_a_configuration(tmp_path):
    """All projects as modules of one; without what the provider there may be too old for."""
    for name, settings in {**PROJECTS, "buckets": BUCKETS}.items():
        folder = tmp_path / name.replace(" ", "_")
        written = text("terraform", plan_of(folder, settings, layer=True))
        written = written.replace(">= 6.29", ">= 5.100")
        (folder / "main.tf").write_text(written.replace("invoked_via_function_url = true", ""))
    modules = [
        f'module "{path.name}" {{\n  source = "./{path.name}"\n{_KEYS.get(path.name, "")}}}\n'
        for path in tmp_path.iterdir()
    ]
    (tmp_path / "main.tf").write_text("\n".join(modules))
    begun = terraform(tmp_path, "init", *([f"-plugin-dir={PLUGINS}"] if PLUGINS else []))
    if begun.returncode and not PLUGINS:
        pytest.skip("terraform finds no AWS provider: TERRAFORM_PLUGIN_DIR may name its folder")
    assert begun.returncode == 0, begun.stderr
    done = terraform(tmp_path, "validate")
    assert done.returncode == 0, done.stderr


_KEYS = {"rest": f'  shop_dev_partner_api_key = "{SECRET}"\n'}


def terraform(folder, *arguments):
    """No registry is asked: it would send 150 MB each time. Folders that the user's own settings
    name are looked into: https://developer.hashicorp.com/terraform/cli/config/config-file
    """
    return subprocess.run(
        ["terraform", *arguments, "-no-color"],
        cwd=folder,
        env={**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )


# All formats


@pytest.mark.parametrize("form", ["sam", "terraform", "openapi"])
def test_the_value_of_an_api_key_is_in_no_file(form, tmp_path):
    assert SECRET not in text(form, plan_of(tmp_path, PROJECTS["rest"]))


@pytest.mark.parametrize("form", ["sam", "terraform"])
@pytest.mark.parametrize(
    ("added", "said"),
    [
        (Resource("teapot", "brown", {}), "teapot brown can't be written as a"),
        (
            Resource("rule", "r", {"State": Sub("${queue:q}"), "Targets": []}),
            "the plan refers to queue:q, which is no part of it",
        ),
    ],
)
def test_nothing_is_left_out_unsaid(added, said, form, tmp_path):
    plan = plan_of(tmp_path, PROJECTS["one app"])
    with pytest.raises(DeployError, match=said):
        text(form, replace(plan, resources=(*plan.resources, added)))


# What is taken apart by name: a key more in the settings has to be written, too.
TAKEN_APART = {
    "log_group": {"retentionInDays"},
    "role": {"AssumeRolePolicyDocument", "PolicyName", "PolicyDocument"},
    "rest_api": {
        "name", "tags", "endpointConfiguration", "binaryMediaTypes", "authorizers", "methods",
        "resources", "stages", "usagePlans",
    },
    "notification": {"Bucket", "Id", "LambdaFunctionArn", "Events", "Filter"},
}  # fmt: skip


@pytest.mark.parametrize("settings", [*PROJECTS.values(), BUCKETS], ids=[*PROJECTS, "buckets"])
def test_the_settings_are_those_that_are_written(settings, tmp_path):
    for one in plan_of(tmp_path, settings).resources:
        assert TAKEN_APART.get(one.kind, one.settings.keys()) == one.settings.keys()


@pytest.mark.parametrize("name", ["one app", "http", "rest"])
def test_the_command_writes_the_api_without_a_package(name, tmp_path, monkeypatch):
    plan = plan_of(tmp_path / "there", PROJECTS[name])
    monkeypatch.chdir(tmp_path / "there")
    said = CliRunner().invoke(cli, ["export", "openapi"])
    assert (said.exit_code, said.output) == (0, text("openapi", plan))
    assert not Path(".adapter").exists()


def test_the_command_says_what_stands_in_the_way(tmp_path, monkeypatch):
    monkeypatch.chdir(project(tmp_path, PROJECTS["url"]))
    said = CliRunner().invoke(cli, ["export", "openapi"])
    assert said.exit_code == 1
    assert said.output.startswith("Error: OpenAPI describes")


def test_paths_in_a_file_are_from_its_folder(tmp_path):
    plan = replace(plan_of(tmp_path, PROJECTS["one app"]), folder=tmp_path / "infrastructure")
    assert "CodeUri: ../built/shop.zip\n" in text("sam", plan)
    assert '"${path.module}/../built/shop.zip"' in text("terraform", plan)
