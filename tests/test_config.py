"""Files of settings become the values of adapter.config, and what is wrong in them is told.

python tests/test_config.py    # write the tables of keys anew into docs/reference/config.md
"""

import builtins
import json
import sys
import tomllib
from dataclasses import MISSING, fields, replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.config import (
    API,
    CORS,
    APIKey,
    ConfigError,
    Function,
    JWTAuthorizer,
    LambdaAuthorizer,
    Layer,
    Project,
    Route,
    Schedule,
    Throttle,
    openapi,
    pyproject,
    routes,
    sam,
    schedules,
    schema,
    template,
)
from adapter.config.cloudformation import function_in
from adapter.deploy import settings as deploy_settings
from adapter.deploy import sources
from adapter.events import KINDS, STAGED
from adapter.local.streaming import KINDS as STREAMING

FIXTURES = Path(__file__).parent / "fixtures" / "config"
PAGE = Path(__file__).parents[1] / "docs" / "reference" / "config.md"

JWT = JWTAuthorizer("https://issuer.example.com", ("shop",))


def test_the_kinds_are_those_of_the_codecs():
    assert set(routes.KINDS) == {*KINDS, "websocket"}
    assert set(routes.STAGED) == {*STAGED, "websocket"}
    assert set(routes.STREAMING) == set(STREAMING)


# pyproject.toml


def written(folder, text, name="pyproject.toml"):
    path = folder / name
    path.write_text(text, "utf-8")
    return path


ONE = '[tool.adapter]\napp = "main:app"\n'
TWO = '[tool.adapter.functions]\nusers.handler = "users:app"\nguard.handler = "guard.handler"\n'


def one(kind="http_api", *keys, **told):
    """The project of ONE, with a field of the function or of the API set."""
    own = {name: told.pop(name) for name in [*told] if hasattr(Function("", ""), name)}
    made = Function("shop", "main:app", **own)
    reached = tuple(Route(key, "shop") for key in keys or ("$default",))
    return Project({"shop": made}, API(kind, routes=reached, **told))


def two(*reached, **told):
    """The project of TWO."""
    found = {name: Function(name, handler) for name, handler in HANDLERS.items()}
    return Project(found, API(routes=reached, **told))


HANDLERS = {"users": "users:app", "guard": "guard.handler"}
REST = ("rest_api", "ANY /", "ANY /{proxy+}")

PYPROJECTS = {
    "one line": (ONE, one()),
    "a function's keys beside app": (
        f'{ONE}timeout = 2.5\nmemory = 256\nconcurrency = 3\nvariables = {{ COLOUR = "blue" }}\n'
        "command = \"node 'a b.js'\"\n",
        one(
            timeout=2.5,
            memory=256,
            concurrency=3,
            variables={"COLOUR": "blue"},
            command=("node", "a b.js"),
        ),
    ),
    "a stage": (
        f'{ONE}stage = "prod"\nbase-paths = {{ v1 = "prod" }}\n'
        'stage-variables = { a = "b", 1_A = "https://a-b.c:1/d_e?f=~#&,." }\n',
        one(
            stage="prod",
            base_paths={"v1": "prod"},
            stage_variables={"a": "b", "1_A": "https://a-b.c:1/d_e?f=~#&,."},
        ),
    ),
    "a REST API": (
        f'{ONE}kind = "rest_api"\nbinary-media-types = ["image/*"]\nstream = true\n'
        '[tool.adapter.api-keys.mine]\nvalue = "secret"\nquota = 5\nperiod = "WEEK"\n'
        "throttle = { rate = 0.5, burst = 1 }\n",
        one(
            *REST,
            stream=True,
            binary_media_types=("image/*",),
            api_keys=(APIKey("mine", "secret", Throttle(0.5, 1), 5, "WEEK"),),
        ),
    ),
    "a WebSocket API": (
        f'{ONE}kind = "websocket"\nroute-selection = "$request.body.type"\n',
        one(
            "websocket",
            "$connect",
            "$disconnect",
            "$default",
            route_selection="$request.body.type",
        ),
    ),
    "a function URL": (
        f'{ONE}kind = "function_url"\n[tool.adapter.cors]\nallow-origins = ["*"]\nmax-age = 5\n',
        one("function_url", cors=CORS(("*",), max_age=5)),
    ),
    "several, and no routes": (TWO, two()),
    "routes": (
        f"""{TWO}
        [tool.adapter]
        throttle = {{ rate = 10, burst = 20 }}
        [tool.adapter.routes]
        "ANY /users/{{proxy+}}" = "users"
        "GET /reports" = {{ function = "users", authorizer = "tokens", scopes = ["read"] }}
        "GET /asked" = {{ function = "users", authorizer = "asked", timeout = 5 }}
        "$default" = "guard"
        [tool.adapter.authorizers.tokens]
        type = "jwt"
        issuer = "https://issuer.example.com"
        audience = ["shop"]
        [tool.adapter.authorizers.asked]
        type = "lambda"
        function = "guard"
        identity = ["$request.header.X-Key"]
        simple = true
        ttl = 60
        """,
        two(
            Route("ANY /users/{proxy+}", "users"),
            Route("GET /reports", "users", "tokens", ("read",)),
            Route("GET /asked", "users", "asked", timeout=5.0),
            Route("$default", "guard"),
            throttle=Throttle(10, 20),
            authorizers={
                "tokens": JWT,
                "asked": LambdaAuthorizer(
                    "guard", simple=True, identity=("$request.header.X-Key",), ttl=60
                ),
            },
        ),
    ),
    "without identity no answer is kept": (
        f'{TWO}[tool.adapter.authorizers.asked]\ntype = "lambda"\nfunction = "guard"\n',
        two(authorizers={"asked": LambdaAuthorizer("guard", ttl=0)}),
    ),
    "schedules": (
        f"""{ONE}
        [tool.adapter.schedules]
        nightly.expression = "cron(0 3 ? * MON-FRI *)"
        nightly.timezone = "Europe/Berlin"
        poll = {{ expression = "rate(5 minutes)", input = {{ a = [1] }}, enabled = false }}
        "a.b" = {{ expression = "at(2030-01-31T09:00:00)", input = '"text"', function = "shop" }}
        """,
        replace(
            one(),
            schedules=(
                Schedule("nightly", "cron(0 3 ? * MON-FRI *)", "shop", timezone="Europe/Berlin"),
                Schedule("poll", "rate(5 minutes)", "shop", '{"a": [1]}', enabled=False),
                Schedule("a.b", "at(2030-01-31T09:00:00)", "shop", '"text"'),
            ),
        ),
    ),
    "tables of others": (
        f"{ONE}[tool.adapter.stages.prod]\nmemory = 1\n[[tool.adapter.events]]",
        one(),
    ),
}


@pytest.mark.parametrize("name", PYPROJECTS)
def test_a_pyproject(name, tmp_path):
    text, expected = PYPROJECTS[name]
    found = pyproject.read(written(tmp_path, f'{text}\n[project]\nname = "shop"\n'))
    placed = {key: replace(one, folder=tmp_path) for key, one in expected.functions.items()}
    assert found == replace(expected, functions=placed)


def test_paths_are_from_the_file_s_folder(tmp_path):
    (tmp_path / "api").mkdir()
    text = (
        'functions.a = { handler = "main:app", folder = "api" }\n'
        'authorizers.t = { type = "jwt", issuer = "i", audience = ["a"], keys = "jwks.json" }\n'
        'authorizers.u = { type = "jwt", issuer = "i", audience = ["a"], keys = "https://x/y" }\n'
    )
    found = pyproject.read(written(tmp_path, f"[tool.adapter]\n{text}"))
    assert found.functions["a"].folder == tmp_path / "api"
    keys = [authorizer.keys for authorizer in found.api.authorizers.values()]
    assert keys == [str(tmp_path / "jwks.json"), "https://x/y"]


def test_a_function_is_named_after_the_project_or_the_folder(tmp_path):
    path = written(tmp_path, ONE)
    assert list(pyproject.read(path).functions) == [tmp_path.name]
    path.write_text(f'{ONE}[project]\nname = "my.shop"\n')
    assert list(pyproject.functions(path)) == ["my-shop"]


@pytest.mark.parametrize("text", [None, "", "[tool.black]\n"])
def test_a_project_without_settings_is_none(text, tmp_path):
    path = tmp_path / "pyproject.toml" if text is None else written(tmp_path, text)
    assert pyproject.read(path) is None
    assert pyproject.functions(path) == {}


def wrong(name):
    """(message, text) of each case in a file of `fixtures/config/wrong`."""
    cases = (FIXTURES / "wrong" / name).read_text("utf-8").split("\n== ")[1:]
    found = [case.partition("\n") for case in cases]
    return [pytest.param(message, text, id=message[:60]) for message, _, text in found]


@pytest.mark.parametrize(("message", "text"), wrong("pyproject.txt"))
def test_what_is_wrong_in_a_pyproject_is_told(message, text, tmp_path):
    path = written(tmp_path, f'project.name = "shop"\n{text}\n')
    with pytest.raises(ConfigError) as error:
        pyproject.read(path)
    assert str(error.value) == f"{path}: {message.replace('{folder}', str(tmp_path))}"


def test_what_is_no_toml_is_told(tmp_path):
    path = written(tmp_path, "[tool.adapter\n")
    with pytest.raises(ConfigError, match=r"pyproject.toml: it is no TOML: .* \(at line 1"):
        pyproject.read(path)
    path.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=r"pyproject.toml: it is no TOML: .*utf-8"):
        pyproject.read(path)
    with pytest.raises(ConfigError, match=r": it can't be read: Is a directory"):
        pyproject.read(tmp_path)


# Templates and documents

PYTHON = {"timeout": 3.0, "memory": 128}


def function(name, handler, folder="", **rest):
    return {name: Function(name, handler, folder=FIXTURES / folder, **{**PYTHON, **rest})}


def other(name):
    return {name: Function(name, "main:app")}


CLOUD = {"STAGE": "prod", "TABLE": "${Table}", "TABLE_ARN": "${Table.Arn}"}

PROJECTS = {
    "sam_hello.yaml": Project(
        function("HelloWorldFunction", "app.lambda_handler", "hello_world"),
        API(
            "rest_api",
            "Prod",
            routes=(Route("GET /hello", "HelloWorldFunction"),),
            binary_media_types=(),
        ),
    ),
    "sam_http.yaml": Project(
        function(
            "Users",
            "main:app",
            "users-prod",
            timeout=20.0,
            memory=512,
            variables={
                **CLOUD,
                "GUARD": "Guard",
                "QUEUE": "https://sqs.us-east-1.amazonaws.com/123456789012/local-${literal}",
                "DEBUG": "false",
                "RETRIES": "3",
                "REGION": "eu-west-1",
            },
        )
        | function(
            "Guard", "guard.handler", timeout=2.0, memory=512, variables=CLOUD, concurrency=8
        ),
        API(
            "http_api",
            "prod",
            {"colour": "blue"},
            routes=(
                Route("ANY /users/{proxy+}", "Users", "Tokens", ("read",), timeout=5.0),
                Route("POST /users", "Users", "Tokens", ("write", "admin")),
                Route("GET /asked", "Users", "Asked"),
                Route("GET /health", "Users"),
            ),
            cors=CORS(
                ("https://a.example.com", "https://b.example.com"), ("GET", "POST"), max_age=600
            ),
            authorizers={
                "Tokens": JWT,
                "Asked": LambdaAuthorizer(
                    "Guard",
                    simple=True,
                    identity=("$request.header.X-Key", "$request.querystring.key"),
                    ttl=60,
                ),
            },
            throttle=Throttle(10.5, 20),
        ),
        schedules=(Schedule("UsersNightly", "rate(1 day)", "Users"),),
    ),
    "sam_rest.yaml": Project(
        function("App", "index.handler", runtime="nodejs22.x", stream=True)
        | function("Guard", "bootstrap", runtime="provided.al2023"),
        API(
            "rest_api",
            "v1",
            {"table": "users"},
            routes=(
                Route("GET /named", "App", "Token", api_key=True),
                Route("ANY /inside", "App", "Token", api_key=True),
                Route("GET /one/{id}", "App", "Request", timeout=1.5),
                Route("ANY /two", "App"),
                Route("GET /free", "App", api_key=True),
            ),
            authorizers={
                "Token": LambdaAuthorizer(
                    "Guard",
                    "token",
                    identity=("method.request.header.X-Token",),
                    ttl=0,
                    pattern="^[a-z]+$",
                ),
                "Request": LambdaAuthorizer(
                    "Guard",
                    identity=("method.request.header.X-A", "method.request.querystring.b"),
                ),
            },
            binary_media_types=("image/png",),
            api_keys=(APIKey("ApiApiKey", "ApiApiKey", Throttle(2, 3), 1000, "MONTH"),),
            throttle=Throttle(5, 5000),
        ),
        (
            "the authorizer Pool isn't asked, so its routes are open: "
            "a REST API's Cognito authorizers aren't checked here",
            "these routes lead to no function of the file, and aren't served: OPTIONS /inside",
            "SAM's OPTIONS methods for Cors aren't served here",
        ),
    ),
    "sam_two.yaml Inner": Project(
        function("App", "main.handler"),
        API("http_api_v1", routes=(Route("GET /x", "App"),), cors=CORS(("*",))),
    ),
    "sam_two.yaml ServerlessHttpApi": Project(
        function("App", "main.handler"),
        API(routes=(Route("$default", "App"),), cors=CORS(("*",))),
    ),
    "sam_two.yaml AppUrl": Project(
        function("App", "main.handler", stream=True),
        API(
            "function_url",
            routes=(Route("$default", "App"),),
            cors=CORS(("*",), allow_credentials=True),
        ),
        ("the function URL is open: AWS's signatures aren't checked here",),
    ),
    "sam_no_api.yaml": Project(
        function("Worker", "main:app"),
        API(routes=(Route("$default", "Worker"),)),
        ("the schedule WorkerOften is left out: only AWS can tell when it is",),
        (
            Schedule("WorkerNightly", "cron(0 3 * * ? *)", "Worker", enabled=False),
            Schedule("poll", "rate(1 hour)", "Worker", '{"a": 1}', "Europe/Berlin"),
        ),
    ),
    "sam_image.yaml": Project(
        function("HelloWorldFunction", "app.lambda_handler", "image")
        | function(
            "Other",
            "main:app",
            runtime="provided.al2023",
            command=("/usr/bin/python3", "-m", "adapter.runtime", "main:app"),
        ),
        API(
            "rest_api",
            "Prod",
            routes=(Route("GET /hello", "HelloWorldFunction"),),
            binary_media_types=(),
        ),
    ),
    "sam_websocket.yaml": Project(
        function("App", "app.handler"),
        API(
            "websocket",
            "live",
            routes=(
                Route("$connect", "App", "ChatConnectAuthorizer"),
                Route("chat", "App", timeout=2.0),
            ),
            authorizers={
                "ChatConnectAuthorizer": LambdaAuthorizer(
                    "App", identity=("route.request.querystring.token",), ttl=0
                )
            },
            throttle=Throttle(1, 2),
            route_selection="$request.body.type",
        ),
    ),
    "cfn_http.yaml": Project(
        function("Function", "main.handler", "asset.1234", runtime="python3.12", timeout=10.0),
        API(
            stage_variables={"a": "1"},
            routes=(
                Route("GET /one", "Function", "Tokens", ("read",), timeout=2.5),
                Route("$default", "Function", "Asked", timeout=2.5),
                Route("GET /signed", "Function", timeout=2.5),
            ),
            cors=CORS(("*",), allow_headers=("x-b",), expose_headers=("x-a",)),
            authorizers={
                "Tokens": replace(JWT, audience=("a", "b")),
                "Asked": LambdaAuthorizer("Function", payload="1.0", ttl=0),
            },
            throttle=Throttle(7, 5000),
        ),
        (
            "the authorizer AWS_IAM isn't asked, so its routes are open: "
            "AWS's signatures aren't checked here",
        ),
    ),
    "cfn_rest.json": Project(
        function("Function", "main:app", "src", memory=256, stream=True),
        API(
            "rest_api",
            "prod",
            routes=(Route("GET /users/{id}", "Function", "Guard", api_key=True, timeout=29.0),),
            authorizers={
                "Guard": LambdaAuthorizer(
                    "Function",
                    identity=("method.request.header.A", "context.identity.sourceIp"),
                )
            },
            binary_media_types=("*/*",),
            api_keys=(APIKey("Key", "a-key-of-twenty-letters", quota=5, period="WEEK"),),
            throttle=Throttle(10_000, 4),
        ),
        ("these routes lead to no function of the file, and aren't served: ANY /",),
    ),
    "openapi_http.yaml": Project(
        other("users") | other("reports"),
        API(
            routes=(
                Route("GET /users/{id}", "users", "tokens", ("read",)),
                Route("ANY /users/{id}", "users", "asked"),
                Route("POST /free", "reports", timeout=3.0),
                Route("$default", "users"),
            ),
            cors=CORS(("*",), max_age=3600),
            authorizers={
                "tokens": JWT,
                "asked": LambdaAuthorizer(
                    "users",
                    simple=True,
                    identity=("$request.header.X-Key", "$request.querystring.key"),
                    ttl=30,
                ),
            },
        ),
        ("these routes lead to no function of the file, and aren't served: GET /proxied",),
    ),
    "swagger_rest.json": Project(
        {"shop": Function("shop", "main:app", stream=True)},
        API(
            "rest_api",
            routes=(Route("GET /", "shop", "guard", api_key=True), Route("GET /pool", "shop")),
            authorizers={
                "guard": LambdaAuthorizer(
                    "shop", "token", identity=("method.request.header.X-Token",), pattern="^t"
                )
            },
            binary_media_types=("image/*",),
        ),
        (
            "the authorizer pool isn't asked, so its routes are open: "
            "a REST API's Cognito authorizers aren't checked here",
            "these routes lead to no function of the file, and aren't served: OPTIONS /",
        ),
    ),
}
GIVEN = {"openapi_http.yaml": other("users") | other("reports"), "swagger_rest.json": other("shop")}


@pytest.mark.parametrize("name", PROJECTS)
def test_a_template(name):
    file, _, api = name.partition(" ")
    assert template.read(FIXTURES / file, api, GIVEN.get(file, {})) == PROJECTS[name]


def test_each_fixture_is_read():
    files = {path.name for path in FIXTURES.iterdir() if path.is_file()}
    assert files == {name.partition(" ")[0] for name in PROJECTS}


def test_functions_that_are_given_count_in_place_of_the_template_s():
    mine = Function("Other", "mine:app", command=("./mine",))
    found = template.read(FIXTURES / "sam_image.yaml", functions={"Other": mine, "No": mine})
    assert found.functions["Other"] == mine
    assert list(found.functions) == ["HelloWorldFunction", "Other"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("users", "users"),
        ("users:live", "users"),
        ("arn:aws:lambda:eu-west-1:123456789012:function:users", "users"),
        ("arn:aws-cn:lambda:cn-north-1:123456789012:function:users:7", "users"),
        ("arn:${AWS::Partition}:lambda:${AWS::Region}:1:function:users", "users"),
        ("${Users.Arn}", "Users"),
        ("${Users}:${stageVariables.alias}", "Users"),
        ("arn:aws:apigateway:r:lambda:path/2015-03-31/functions/${A.Arn}/invocations", "A"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_function_s_name_in_an_arn(text, name):
    assert function_in(text) == name


HANDLER = "Properties: { Handler: a.b, Runtime: python3.13 }"
FUNCTION = f"Resources:\n  F:\n    Type: AWS::Serverless::Function\n    {HANDLER}\n"
OPENAPI = """\
openapi: 3.0.1
paths:
  /a:
    get:
      x-amazon-apigateway-integration: { type: aws_proxy, uri: "arn:aws:lambda:r:1:function:one" }
  /b:
    get:
      x-amazon-apigateway-integration: { type: aws_proxy, uri: "arn:aws:lambda:r:1:function:two" }
"""


@pytest.mark.parametrize(("message", "text"), wrong("template.txt"))
def test_what_is_wrong_in_a_template_is_told(message, text, tmp_path):
    path = written(tmp_path, text, "template.yaml")
    with pytest.raises(ConfigError) as error:
        template.read(path, functions=other("one") | other("three"))
    assert str(error.value) == f"{path}{message}"


def test_what_is_no_text_is_told(tmp_path):
    path = written(tmp_path, "a: \0", "template.yaml")
    with pytest.raises(ConfigError, match=r"yaml: it can't be read: unacceptable character #x0000"):
        template.read(path)
    path.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=r"yaml: it is no text in UTF-8: "):
        template.read(path)
    with pytest.raises(ConfigError, match=r": it can't be read: Is a directory"):
        template.read(tmp_path)


def test_one_function_stands_for_each_that_a_document_names(tmp_path):
    found = openapi.read(written(tmp_path, OPENAPI, "openapi.yaml"), other("shop"))
    assert found.api.kind == "rest_api"
    assert found.api.routes == (Route("GET /a", "shop"), Route("GET /b", "shop"))


def test_an_api_of_several_is_chosen():
    path = FIXTURES / "sam_two.yaml"
    with pytest.raises(ConfigError) as error:
        sam.read(path)
    names = "Inner or AppUrl or ServerlessHttpApi"
    expected = f"{path}: there are 3 APIs, and one is served: choose with --api {names}"
    assert str(error.value) == expected
    with pytest.raises(ConfigError, match="there is no API 'AppURL': did you mean 'AppUrl'"):
        sam.read(path, "AppURL")
    with pytest.raises(ConfigError, match="an OpenAPI document is one API: leave --api X out"):
        template.read(FIXTURES / "openapi_http.yaml", "X")


ELSEWHERE = """\
Parameters: { Stage: { Type: String } }
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      StageName: !Ref Stage
      DefinitionUri: s3://bucket/openapi.yaml
      Auth:
        DefaultAuthorizer: Pool
        Authorizers:
          Pool:
            JwtConfiguration:
              issuer: !Sub https://cognito-idp.${AWS::Region}.amazonaws.com/${UserPool}
              audience: [!Ref Client]
          Another:
            FunctionArn: !ImportValue guard
  F:
    Type: AWS::Serverless::Function
    Properties:
      Handler: a.b
      Events:
        A: { Type: HttpApi, Properties: { ApiId: !Ref Api, Method: get, Path: /a } }
        B:
          Type: HttpApi
          Properties: { ApiId: !Ref Api, Method: get, Path: /b, Auth: { Authorizer: Another } }
"""


def test_what_only_aws_can_tell_is_left_open_and_said(tmp_path):
    found = template.read(written(tmp_path, ELSEWHERE, "template.yaml"))
    assert found.api == API(routes=(Route("GET /a", "F"), Route("GET /b", "F")))
    assert found.notes == (
        "the authorizer Pool isn't asked, so its routes are open: the file alone doesn't tell what "
        "'https://cognito-idp.us-east-1.amazonaws.com/${UserPool}' is",
        "the authorizer Another isn't asked, so its routes are open: "
        "its function, '${guard}', isn't in the file",
        "the API's DefinitionUri isn't a local file, so it isn't read",
        "the stage's name is '${Stage}': its URLs have none here",
    )


LAYERS = """\
Parameters: { Far: { Type: String, Default: "arn:aws:lambda:r:1:layer:far:3" } }
Globals: { Function: { Layers: [!Ref Common] } }
Resources:
  Common: { Type: AWS::Serverless::LayerVersion, Properties: { ContentUri: ./common } }
  Source:
    Type: AWS::Serverless::LayerVersion
    Properties: { ContentUri: source }
    Metadata: { BuildMethod: python3.13 }
  Built:
    Type: AWS::Lambda::LayerVersion
    Properties: { Content: source }
    Metadata: { BuildMethod: python3.13, SamResourceId: Built }
  Js:
    Type: AWS::Serverless::LayerVersion
    Properties: { ContentUri: source }
    Metadata: { BuildMethod: nodejs22.x }
  Cdk:
    Type: AWS::Lambda::LayerVersion
    Properties: { Content: { S3Bucket: !Sub "assets-${AWS::AccountId}", S3Key: a.zip } }
    Metadata: { "aws:asset:path": common }
  Stored: { Type: AWS::Serverless::LayerVersion, Properties: { ContentUri: s3://bucket/a.zip } }
  Zipped: { Type: AWS::Serverless::LayerVersion, Properties: { ContentUri: a.zip } }
  F:
    Type: AWS::Serverless::Function
    Properties:
      Handler: a.b
      Layers: [!Ref Source, !Ref Built, !Ref Js, !Ref Cdk, !Ref Stored, !Ref Zipped, !Ref Far]
  G:
    Type: AWS::Serverless::Function
    Properties: { Handler: a.b, Layers: [!Ref Far, !If [Never, !Ref Js, !Ref AWS::NoValue]] }
  H: { Type: AWS::Lambda::Function, Properties: { Handler: a.b } }
Conditions: { Never: !Equals [a, b] }
"""


def test_layers_of_a_template_are_folders(tmp_path):
    common, source = tmp_path / "common", tmp_path / "source"
    common.mkdir()
    source.mkdir()
    (tmp_path / "a.zip").write_bytes(b"")
    found = template.read(written(tmp_path, LAYERS, "template.yaml"))
    assert found.functions["F"].layers == (
        Layer(common),
        Layer(source, "python"),
        Layer(source),
        Layer(source, "nodejs"),
        Layer(common),
    )
    assert found.functions["G"].layers == (Layer(common),)
    assert found.functions["H"].layers == ()  # Globals are SAM's
    without = "so functions are without it"
    assert found.notes == (
        f"the layer Stored isn't in a local folder, {without}",
        f"the layer Zipped should be in the folder {tmp_path / 'a.zip'}, {without}",
        f"the layer 'arn:aws:lambda:r:1:layer:far:3' isn't in the file, {without}",
    )
    given = {name: Function(name, "x.y") for name in "FG"}
    assert template.read(tmp_path / "template.yaml", functions=given).notes == ()


def test_routes_with_mapping_templates_are_named(tmp_path):
    uri = "arn:aws:apigateway:r:lambda:path/2015-03-31/functions/arn:aws:lambda:r:1:function:one"
    text = OPENAPI.replace("aws_proxy", "aws", 1)
    text = text.replace("arn:aws:lambda:r:1:function:one", f"{uri}/invocations")
    found = openapi.read(written(tmp_path, text, "openapi.yaml"), other("shop"))
    assert found.api.routes == (Route("GET /b", "shop"),)
    assert [note.rpartition(": ")[2] for note in found.notes] == ["GET /a"]
    assert "non-proxy integrations" in found.notes[0]


INCLUDING = """\
Resources:
  F: { Type: AWS::Serverless::Function, Properties: { Handler: a.b, Runtime: python3.13 } }
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      DefinitionBody:
        Fn::Transform: { Name: AWS::Include, Parameters: { Location: ./openapi.yaml } }
"""


@pytest.mark.parametrize(
    "text", [INCLUDING, INCLUDING.partition("DefinitionBody")[0] + "DefinitionUri: openapi.yaml\n"]
)
def test_the_definition_of_an_api_may_be_a_file_of_its_own(text, tmp_path):
    document = OPENAPI.replace('"arn:aws:lambda:r:1:function:one"', '!Sub "${F.Arn}"')
    written(tmp_path, document, "openapi.yaml")
    found = template.read(written(tmp_path, text, "template.yaml"))
    assert found.api.routes == (Route("GET /a", "F"),)
    assert found.notes == (
        "these routes lead to no function of the file, and aren't served: GET /b",
    )


@pytest.mark.parametrize(("name", "where"), [("a.yaml", "line 3: "), ("a.json", "")])
def test_of_a_key_that_is_twice_the_last_one_counts(name, where, tmp_path):
    resource = '{ "Type": "AWS::Serverless::Function", "Properties": { "Handler": "%s" } }'
    text = f'"Resources": {{\n"F": {resource % "a.a"},\n"F": {resource % "a.b"} }}'
    text = text if name.endswith("yaml") else f"{{{text}}}"
    found = template.read(written(tmp_path, text, name))
    assert found.functions["F"].handler == "a.b"
    assert found.notes == (f"{where}the key 'F' is there twice, and the last one counts",)


def test_a_file_that_includes_itself_is_told(tmp_path):
    path = written(tmp_path, INCLUDING.replace("openapi.yaml", "template.yaml"), "template.yaml")
    with pytest.raises(ConfigError, match="it is nested too deeply, or within itself"):
        template.read(path)


@pytest.mark.parametrize(("ending", "line"), [("json", 2), ("yaml", 2)])
def test_what_is_no_json_is_told(ending, line, tmp_path):
    path = written(tmp_path, '{"Resources":\n {,\n', f"template.{ending}")
    with pytest.raises(ConfigError, match=rf"template.{ending}, line {line}: it is no "):
        template.read(path)


def test_without_pyyaml_a_pyproject_and_json_are_read(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **named):
        if name == "yaml":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.delitem(sys.modules, "yaml")
    assert pyproject.read(written(tmp_path, ONE)) is not None
    assert template.read(FIXTURES / "cfn_rest.json").functions
    path = written(tmp_path, FUNCTION, "template.yaml")
    with pytest.raises(ConfigError) as error:
        template.read(path)
    told = "YAML is read by PyYAML, which isn't there: pip install 'apigw-adapter[local]'"
    assert str(error.value) == f"{path}: {told}"


# Whatever a file says, it is read or told to be wrong

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
names = st.sampled_from(
    ["Ref", "Fn::Sub", "Fn::If", "Fn::Join", "Fn::GetAtt", "Fn::FindInMap", "Type", "${F.Arn}", "a"]
) | st.text(max_size=8)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)


def places(value, before=()):
    """The steps to each value in a structure."""
    yield before
    if isinstance(value, dict | list):
        for step, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(child, (*before, step))


def put(value, steps, new):
    """A copy, with another value at a place."""
    if not steps:
        return new
    copy = value.copy()
    copy[steps[0]] = put(value[steps[0]], steps[1:], new)
    return copy


class Plain(yaml.SafeLoader):
    """The long forms of the tags, to have structures to change."""


Plain.add_multi_constructor(
    "!",
    lambda loader, suffix, node: {
        suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": loader.construct_scalar(node)
        if isinstance(node, yaml.ScalarNode)
        else loader.construct_sequence(node, deep=True)
    },
)
STRUCTURES = [
    yaml.load((FIXTURES / name).read_text("utf-8"), Plain)
    for name in dict.fromkeys(name.partition(" ")[0] for name in PROJECTS)
]
CHANGES = [(whole, steps) for whole in STRUCTURES for steps in places(whole)]


def read_or_told(read):
    """What the ConfigError says; "" if there is none."""
    try:
        assert isinstance(read(), Project)
    except ConfigError as error:
        return str(error)
    return ""


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(CHANGES), values)
def test_no_template_crashes(tmp_path_factory, change, value):
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(put(*change, value)), "utf-8")
    for api in ("", "Api"):
        told = read_or_told(lambda api=api: template.read(path, api, other("users")))
        assert told.startswith(str(path)) or not told


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="a:-{}[]&*!?|>'\"#%@,\n <0.~\0\ud800", max_size=24))
def test_no_yaml_crashes(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert read_or_told(lambda: template.read(path)).startswith(str(path))


TABLES = [tomllib.loads(text)["tool"]["adapter"] for text, _ in PYPROJECTS.values()]
KEYS = [(whole, steps) for whole in TABLES for steps in places(whole)]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(KEYS), values)
def test_no_pyproject_crashes(change, value):
    whole = put(*change, value)
    node = pyproject.Node(
        whole, Path("pyproject.toml"), ("tool", "adapter"), place=pyproject._place
    )
    told = read_or_told(lambda: pyproject._project(node, "shop"))
    assert told.startswith("pyproject.toml: [tool.adapter") or not told


# The reference

SECTIONS = {
    "[tool.adapter]": (schema.APP | schema.API, (Function, API)),
    "[tool.adapter.functions.NAME]": (schema.FUNCTION, (Function,)),
    "[tool.adapter.routes]": (schema.ROUTE, (Route,)),
    "[tool.adapter.cors]": (schema.CORS, (CORS,)),
    "[tool.adapter.authorizers.NAME] of a JWT": (schema.JWT_AUTHORIZER, (JWTAuthorizer,)),
    "[tool.adapter.authorizers.NAME] of a function": (
        schema.LAMBDA_AUTHORIZER,
        (LambdaAuthorizer,),
    ),
    "[tool.adapter.throttle]": (schema.THROTTLE, (Throttle,)),
    "[tool.adapter.api-keys.NAME]": (schema.API_KEY, (APIKey,)),
    "[tool.adapter.schedules.NAME]": (schedules.SCHEDULE, (Schedule,)),
    "[tool.adapter.events.NAME]": (sources.KEYS, (sources.Source,)),
    "[tool.adapter.deploy]": (deploy_settings.KEYS, (deploy_settings.Settings,)),
}
END = "<!-- end of the keys -->"


def table(keys, values):
    """The keys of a table, as Markdown."""
    rows = ["| key | value | if not given | kinds | |", "|---|---|---|---|---|"]
    for name, key in keys.items():
        cells = (f"`{name}`", key.type, default_of(name, key, values), kinds_of(key), key.help)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def default_of(name, key, values):
    found = {field.name: field for value in values for field in fields(value)}
    field = found.get(name.replace("-", "_"))
    if key.needed or field is None or field.default is MISSING:
        return "needed" if key.needed else "none"
    default = list(field.default) if isinstance(field.default, tuple) else field.default
    if default in (None, "", [], Path()):
        return "the file's folder" if default == Path() else "none"
    shown = f"{default:g}" if isinstance(default, float) else repr(default)
    return f"`{shown.lower() if isinstance(default, bool) else shown}`".replace("'", '"')


def kinds_of(key):
    every = len(key.kinds) == len(routes.KINDS)
    return "all" if every else ", ".join(f"`{kind}`" for kind in key.kinds)


def page_with_tables():
    text = PAGE.read_text("utf-8")
    for title, (keys, values) in SECTIONS.items():
        begin = f"<!-- keys of {title}, from the code -->"
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{table(keys, values)}\n{END}{rest.partition(END)[2]}"
    return text


def test_the_tables_of_keys_are_current():
    assert page_with_tables() == PAGE.read_text("utf-8"), "run: python tests/test_config.py"


def test_each_key_sets_a_field():
    other_names = {"app", "type"}
    for keys, values in SECTIONS.values():
        known = {field.name for value in values for field in fields(value)}
        assert {name.replace("-", "_") for name in keys} - other_names <= known


def test_the_page_s_examples_are_read(tmp_path):
    pages = [PAGE, PAGE.parents[1] / "how-to" / "several-functions.md"]
    blocks = [block for page in pages for block in page.read_text("utf-8").split("```toml\n")[1:]]
    assert len(blocks) > 3
    for folder in ("users", "reports", "resize"):
        (tmp_path / folder).mkdir()
    for block in blocks:
        assert pyproject.read(written(tmp_path, block.partition("```")[0])) is not None


if __name__ == "__main__":
    PAGE.write_text(page_with_tables(), "utf-8")
