"""What stands in front of a deployed stage: HTTP, REST and WebSocket APIs, a function's URL."""

import io
import itertools
import json
import sys
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from adapter.config import (
    API,
    CORS,
    APIKey,
    Function,
    JWTAuthorizer,
    LambdaAuthorizer,
    Project,
    Route,
    Throttle,
)
from adapter.deploy import APP, STAGE, DeployError
from adapter.deploy.apply import apply
from adapter.deploy.aws import AWS
from adapter.deploy.deployment import Deployment
from adapter.deploy.kinds import KINDS, policies
from adapter.deploy.plan import plan
from adapter.deploy.settings import Settings
from adapter.deploy.urls import url as url_of
from adapter.deploy.wanted import api as wanted
from control_plane import ministack, point_to

SOURCE = """
import json

def handler(event, context):
    if event.get("type") in ("TOKEN", "REQUEST"):
        return {"isAuthorized": event["headers"]["authorization"] == "please"}
    return {"statusCode": 200, "body": json.dumps(event)}
"""
FRONT = ("http_api", "websocket_api", "rest_api", "permission", "function_url")
APPS = (f"shop{number}" for number in itertools.count())
KEY = "k" * 24
READING = ("Get", "List", "Describe")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with ministack(tmp_path_factory.mktemp("ministack")) as url:
        yield url


@pytest.fixture(scope="module")
def aws(place):
    """One for all tests, since clients take long to be made; and of all kinds only these."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        point_to(monkeypatch, place)
        only(monkeypatch, FRONT)
        yield AWS()


def only(monkeypatch, kinds):
    monkeypatch.setattr("adapter.deploy.plan.KINDS", {name: KINDS[name] for name in kinds})


@pytest.fixture
def app(aws):
    """The name of an app, and of its function, which is there with an alias."""
    name = next(APPS)
    make_function(aws, name)
    return name


def make_function(aws, name, role="arn:aws:iam::123456789012:role/any"):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("main.py", SOURCE)
    client = aws.client("lambda")
    client.create_function(
        FunctionName=name,
        Runtime=f"python3.{sys.version_info.minor}",
        Role=role,
        Handler="main.handler",
        Code={"ZipFile": archive.getvalue()},
        Tags={APP: name},
    )
    version = client.publish_version(FunctionName=name)["Version"]
    client.create_alias(FunctionName=name, Name="dev", FunctionVersion=version)


def deployment(app, api, stream=False, stage="dev"):
    """Of an API whose routes lead to the function "f", which is the app's."""
    function = Function(app, "main.handler", stream=stream)
    routes = tuple(replace(route, function=app) for route in api.routes)
    authorizers = {
        name: replace(one, function=app) if isinstance(one, LambdaAuthorizer) else one
        for name, one in api.authorizers.items()
    }
    api = replace(api, routes=routes, authorizers=authorizers)
    return Deployment(app, stage, Project({app: function}, api), Settings(), {})


def resources_of(one):
    """None of an API without routes."""
    return list(wanted.of(one)) if one.project.api.routes else []


def planned(aws, one):
    return plan(aws, resources_of(one), one.app, one.stage)


def deployed(aws, one):
    """The URL. The next plan leaves all as it is."""
    known = apply(aws, planned(aws, one), print)
    assert {change.action for change in planned(aws, one)} <= {"keep"}
    return url_of(aws, one, known) if one.project.api.routes else ""


def asked(place, url, **headers):
    """(status, body) of what the gateway answers; its host's name need not be known here."""
    parts = urllib.parse.urlsplit(url)
    request = urllib.request.Request(place + parts.path, headers={"Host": parts.netloc, **headers})
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


class StoppedError(Exception):
    """A call was the last one."""


@contextmanager
def heard(aws, stop=0, when="before-call"):
    """The calls that write, as [(operation, parameters)]; the last of them fails, if told so."""
    calls = []

    def remember(model, params, **_):
        if not model.name.startswith(READING):
            calls.append((model.name, params))

    def end(model, **_):
        if len(calls) == stop and not model.name.startswith(READING):
            raise StoppedError

    clients = [aws.client(name) for name in ("apigateway", "apigatewayv2", "lambda")]
    for client in clients:
        client.meta.events.register("provide-client-params", remember, unique_id="remember")
        client.meta.events.register(when, end, unique_id="end")
    try:
        yield calls
    finally:
        for client in clients:
            client.meta.events.unregister("provide-client-params", unique_id="remember")
            client.meta.events.unregister(when, unique_id="end")


ALL = (Route("$default", "f"),)
REST = (Route("ANY /", "f"), Route("ANY /{proxy+}", "f"))
NONE = API(routes=())


@pytest.fixture(scope="module")
def warm():
    """The name of an app whose function has been started before, for requests."""
    return next(APPS)


@pytest.fixture
def fronted(aws, warm):
    client = aws.client("lambda")
    try:
        client.get_function(FunctionName=warm)
    except client.exceptions.ResourceNotFoundException:
        make_function(aws, warm)
    return warm


@pytest.mark.parametrize(
    ("api", "path", "version"),
    [
        (API(routes=ALL), "", "2.0"),
        (API(routes=ALL, stage="live"), "live/", "2.0"),
        (API(kind="rest_api", routes=REST), "dev/", "1.0"),
        (API(kind="function_url", routes=ALL), "", "2.0"),
    ],
    ids=["http", "staged", "rest", "url"],
)
def test_requests_get_to_the_function(aws, place, fronted, api, path, version):
    url = deployed(aws, deployment(fronted, api))
    assert urllib.parse.urlsplit(url).path == f"/{path}"
    if api.kind == "rest_api":  # whose URL is put together: AWS doesn't tell it
        url = url.replace("eu-west-1.amazonaws.com", f"localhost:{place.rpartition(':')[2]}")
    status, event = asked(place, f"{url}x")
    assert (status, event["version"]) == (200, version)
    assert event["requestContext"]["stage"] == (path.strip("/") or "$default")


def ours(aws, app):
    apis = aws.client("apigateway").get_rest_apis()["items"]
    http = aws.client("apigatewayv2").get_apis()["Items"]
    return [
        *(one["id"] for one in apis if one["tags"].get(APP) == app),
        *(one["ApiId"] for one in http if one["Tags"].get(APP) == app),
    ]


LAMBDA = LambdaAuthorizer("f", simple=True, identity=("$request.header.Authorization",), ttl=0)
JWT = JWTAuthorizer("https://issuer.example/", ("shop",))
TOKEN = LambdaAuthorizer("f", "token", identity=("method.request.header.Authorization",))
ASKED = {"who": TOKEN}
ROUTE = LambdaAuthorizer("f", identity=("route.request.header.Authorization",), ttl=0)


def test_an_authorizer_is_asked(aws, place, fronted):
    routes = (*ALL, Route("GET /mine", "f", authorizer="who"))
    url = deployed(aws, deployment(fronted, API(routes=routes, authorizers={"who": LAMBDA})))
    answers = [asked(place, f"{url}mine", Authorization=word)[0] for word in ("please", "now")]
    assert [*answers, asked(place, f"{url}mine")[0], asked(place, url)[0]] == [200, 403, 401, 200]


def test_an_api_key_is_wanted(aws, place, fronted):
    routes = (Route("GET /", "f"), Route("GET /mine", "f", api_key=True))
    key = APIKey("partner", KEY, Throttle(5, 10), 1000, "WEEK")
    deployed(aws, deployment(fronted, API(kind="rest_api", routes=routes, api_keys=(key,))))
    url = f"{place}/_aws/execute-api/{ours(aws, fronted)[0]}/dev/mine"
    assert [asked(place, url)[0], asked(place, url, **{"x-api-key": KEY})[0]] == [403, 200]


A, B = Route("GET /a/{id}", "f"), Route("POST /b", "f")
MINE = replace(A, authorizer="who")
KEYS = (APIKey("partner", KEY, Throttle(5, 10)),)
FILTER = CORS(("*",), ("get", "OPTIONS"), ("X-A",), max_age=5)
# What is set to something else, one after the other, and the keys for which the plan tells it.
STEPS = {
    "http_api": [
        ({"routes": (*ALL, A)}, set()),
        ({"routes": (*ALL, A, B)}, {"Routes"}),
        ({"routes": (*ALL, replace(A, key="GET /a/{name}"))}, {"Routes"}),
        ({"routes": (replace(A, timeout=5),)}, {"Routes", "Integrations"}),
        ({"kind": "http_api_v1", "routes": ALL}, {"Routes", "Integrations"}),
        ({"cors": FILTER}, {"CorsConfiguration"}),
        ({"cors": None}, {"CorsConfiguration"}),
        ({"throttle": Throttle(5, 10), "stage_variables": {"a": "1"}}, {"Stages"}),
        ({"throttle": None, "stage_variables": {}}, {"Stages"}),
        ({"stage": "live"}, {"Stages"}),
        ({"routes": (MINE,), "authorizers": {"who": JWT}}, {"Routes", "Authorizers"}),
        ({"routes": (replace(MINE, scopes=("read", "all")),)}, {"Routes"}),
        ({"routes": (A,)}, {"Routes"}),
        ({"authorizers": {"asked": LAMBDA}}, {"Authorizers"}),
        ({"authorizers": {"asked": replace(LAMBDA, ttl=60)}}, {"Authorizers"}),
    ],
    "rest_api": [
        ({"routes": REST, "stage_variables": {"a": "1"}}, set()),
        ({"routes": (*REST, A)}, {"methods", "resources", "stages"}),
        ({"routes": (Route("GET /{id}/a", "f"),)}, {"methods", "resources", "stages"}),
        ({"routes": (Route("GET /{id}/a", "f", timeout=5),)}, {"methods", "stages"}),
        (
            {"routes": (Route("GET /{id}/a", "f", authorizer="who"),), "authorizers": ASKED},
            {"methods", "authorizers", "stages"},
        ),
        (
            {"authorizers": {"who": replace(TOKEN, pattern="a.*", ttl=0)}},
            {"authorizers", "stages"},
        ),
        ({"throttle": Throttle(5, 10), "stage_variables": {"b": "1"}}, {"stages"}),
        ({"throttle": None}, {"stages"}),
        ({"stage": "live"}, {"stages"}),
        ({"api_keys": KEYS}, {"usagePlans"}),
        ({"api_keys": (replace(KEYS[0], throttle=None, quota=10),)}, {"usagePlans"}),
        ({"api_keys": (APIKey("partner", "n" * 24, quota=10),)}, {"usagePlans"}),
        ({"api_keys": ()}, {"usagePlans"}),
    ],
    "function_url": [
        ({"routes": ALL}, set()),
        ({"cors": FILTER}, {"Cors"}),
        ({"cors": None}, {"Cors"}),
    ],
    "websocket": [
        ({"routes": (Route("$connect", "f"), Route("chat", "f"))}, set()),
        ({"route_selection": "$request.body.do"}, {"RouteSelectionExpression"}),
        (
            {"routes": (Route("$connect", "f", authorizer="who"),), "authorizers": {"who": ROUTE}},
            {"Routes", "Authorizers"},
        ),
    ],
}


# A URL is known by its statement; the others need none here, and are looked at for their own sake.
OF_KIND = {
    "http_api": ["http_api"],
    "rest_api": ["rest_api"],
    "function_url": ["permission", "function_url"],
    "websocket": ["websocket_api"],
}


@pytest.mark.parametrize("kind", STEPS)
def test_what_changes_is_told_and_done(aws, app, kind, monkeypatch):
    kinds = OF_KIND[kind]
    only(monkeypatch, kinds)
    api = API(kind=kind)
    for fields, keys in STEPS[kind]:
        api = replace(api, **fields)
        one = deployment(app, api)
        resources = [each for each in resources_of(one) if each.kind in kinds]
        changes = plan(aws, resources, app, "dev")
        assert {key for change in changes for key in change.differences} == keys, fields
        apply(aws, changes, print)
        assert {change.action for change in plan(aws, resources, app, "dev")} == {"keep"}, fields


@pytest.mark.parametrize(
    ("kind", "service", "part"),
    [("http_api", "apigatewayv2", "apis"), ("rest_api", "apigateway", "restapis")],
)
def test_tags_are_changed(aws, app, kind, service, part, monkeypatch):
    """MiniStack shows them under GetTags alone, so that the plan isn't looked at again."""
    only(monkeypatch, [kind])
    keys = KEYS if kind == "rest_api" else ()
    api = API(kind=kind, routes={"http_api": ALL, "rest_api": REST}[kind], api_keys=keys)
    for team in ("one", "two"):
        one = replace(deployment(app, api), settings=Settings(tags={"team": team}))
        resources = [each for each in resources_of(one) if each.kind == kind]
        (change,) = plan(aws, resources, app, "dev")
        with heard(aws) as calls:
            apply(aws, [change], print)
    assert [name.lower() for name in change.differences] == ["tags"]
    assert {name for name, _ in calls} == {"TagResource"}, "and nothing is deployed anew"
    name = {"http_api": "ResourceArn", "rest_api": "resourceArn"}[kind]
    api = f"arn:aws:apigateway:eu-west-1::/{part}/{ours(aws, app)[0]}"
    tagged = [told[name] for _, told in calls]
    assert tagged[-1] == api, "by which the next run sees that all is done"
    kinds = {"http_api": ["apis"], "rest_api": ["apikeys", "restapis", "usageplans"]}[kind]
    assert sorted(arn.rpartition("::/")[2].partition("/")[0] for arn in tagged[1:]) == kinds
    assert tagged[0].startswith(f"{api}/stages/")
    for arn in tagged:
        found = aws.client(service).get_tags(**{name: arn})
        assert found.get("Tags", found.get("tags"))["team"] == "two"


def test_another_kind_takes_its_place(aws, app):
    """What was there before goes, statements included."""
    sids = []
    for api in (API(routes=ALL), API(kind="rest_api", routes=REST), URL, WEBSOCKET, NONE):
        deployed(aws, deployment(app, api))
        assert inventory(aws, app) == expected(deployment(app, api))
        sids.append(policy(aws, app))
    assert sids == [
        ["adapter-dev-http-api"],
        ["adapter-dev-rest-api"],
        ["adapter-dev-url", "adapter-dev-url-invoke"],
        ["adapter-dev-websocket-api"],
        [],
    ]


def policy(aws, app):
    return sorted(policies.statements(aws, f"{app}:dev"))


URL = API(kind="function_url", routes=ALL)
WEBSOCKET = API(kind="websocket", routes=tuple(Route(key, "f") for key in ("$connect", "chat")))
GUARDED_REST = (Route("ANY /", "f", authorizer="who"),)
TURNS = {
    "http_api": (
        API(routes=(*ALL, MINE), authorizers={"who": LAMBDA}),
        API(routes=(replace(B, timeout=5),), stage="live"),
    ),
    "rest_api": (
        API(kind="rest_api", routes=GUARDED_REST, authorizers=ASKED, api_keys=KEYS),
        API(kind="rest_api", routes=REST[1:], api_keys=(APIKey("partner", "n" * 24),)),
    ),
    "function_url": (URL, replace(URL, cors=CORS(("*",)))),
}


@pytest.mark.parametrize("kind", TURNS)
def test_any_call_may_be_the_last(aws, app, kind, monkeypatch):
    """From nothing to one state, to another, and back to nothing, stopped after each call."""
    kinds = OF_KIND[kind]
    only(monkeypatch, kinds)
    turns = [deployment(app, api) for api in (*TURNS[kind], NONE)]
    for stop in itertools.count(1):
        stopped = [was_stopped(aws, one, kinds, stop) for one in turns]
        if not any(stopped):
            break
    assert stop > 3


def was_stopped(aws, one, kinds, stop):
    """Whether there was a call of this number; it's all there after the next run."""
    resources = [each for each in resources_of(one) if each.kind in kinds]
    with heard(aws, stop, "after-call") as calls:
        try:
            apply(aws, plan(aws, resources, one.app, one.stage), print)
        except StoppedError:
            pass
    if len(calls) < stop:
        return False
    apply(aws, plan(aws, resources, one.app, one.stage), print)
    changes = plan(aws, resources, one.app, one.stage)
    assert [change.action for change in changes] == ["keep"] * len(resources)
    assert resources or inventory(aws, one.app) == (0, 0, 0)
    return True


def inventory(aws, app):
    """How many APIs, usage plans and keys there are."""
    client = aws.client("apigateway")
    plans, keys = client.get_usage_plans()["items"], client.get_api_keys()["items"]
    mine = [[one for one in found if one["tags"][APP] == app] for found in (plans, keys)]
    return (len(ours(aws, app)), *map(len, mine))


def expected(one):
    keys, gateway = len(one.project.api.api_keys), one.project.api.kind != "function_url"
    return (int(gateway and bool(one.project.api.routes)), keys, keys)


FOREIGN = [
    ("http_api", lambda aws, app: http(aws, f"{app}-dev", {})),
    ("rest_api", lambda aws, app: rest(aws, f"{app}-dev", {APP: "another", STAGE: "dev"})),
]


def http(aws, name, tags):
    return aws.client("apigatewayv2").create_api(Name=name, ProtocolType="HTTP", Tags=tags)["ApiId"]


def rest(aws, name, tags):
    types, regional = ["*/*"], {"types": ["REGIONAL"]}
    client = aws.client("apigateway")
    return client.create_rest_api(
        name=name, tags=tags, binaryMediaTypes=types, endpointConfiguration=regional
    )["id"]


@pytest.mark.parametrize(("kind", "made"), FOREIGN, ids=["http", "rest"])
def test_an_api_of_the_name_is_left_alone(aws, app, kind, made):
    foreign = made(aws, app)
    (route,) = {"http_api": ALL, "rest_api": REST[:1]}[kind]
    deployed(aws, deployment(app, API(kind=kind, routes=(route,))))
    deployed(aws, deployment(app, NONE))
    assert ours(aws, app) == []
    assert foreign in everyone(aws)


def everyone(aws):
    return [
        *(one["id"] for one in aws.client("apigateway").get_rest_apis()["items"]),
        *(one["ApiId"] for one in aws.client("apigatewayv2").get_apis()["Items"]),
    ]


@pytest.mark.parametrize(("kind", "make"), [("http_api", http), ("rest_api", rest)])
def test_of_two_of_ours_one_goes(aws, app, kind, make):
    """As when the answer to the call that made one got lost, and it was sent again."""
    tags = {APP: app, STAGE: "dev", "another's": "tag"}
    twins = {make(aws, f"{app}-dev", tags) for _ in range(2)}
    routes = {"http_api": ALL, "rest_api": REST}[kind]
    deployed(aws, deployment(app, API(kind=kind, routes=routes)))
    assert len(ours(aws, app)) == 1
    assert ours(aws, app)[0] in twins


def test_a_url_of_somebody_else_is_refused(aws, app):
    name = {"FunctionName": app, "Qualifier": "dev"}
    aws.client("lambda").create_function_url_config(**name, AuthType="AWS_IAM")
    with pytest.raises(DeployError, match="adapter did not make it: delete it"):
        planned(aws, deployment(app, URL))
    deployed(aws, deployment(app, NONE))
    assert aws.client("lambda").get_function_url_config(**name)


@pytest.mark.parametrize("kind", ["http_api", "rest_api"])
def test_a_stage_of_somebody_else_is_refused(aws, app, kind):
    first = API(kind=kind, routes={"http_api": ALL, "rest_api": REST}[kind])
    deployed(aws, deployment(app, first))
    (api,) = ours(aws, app)
    if kind == "http_api":
        aws.client("apigatewayv2").create_stage(ApiId=api, StageName="live")
    else:
        client = aws.client("apigateway")
        made = client.create_deployment(restApiId=api)
        client.create_stage(restApiId=api, stageName="live", deploymentId=made["id"])
    assert {change.action for change in planned(aws, deployment(app, first))} == {"keep"}
    with pytest.raises(DeployError, match="a stage live that adapter did not make"):
        deployed(aws, deployment(app, replace(first, stage="live")))


def test_where_the_fakes_are_laxer_than_aws(aws, app):
    """PutMethod refuses a method that is there; one variable has a place; what streams says so."""
    before = API(kind="rest_api", routes=(Route("GET /{id}", "f"),))
    deployed(aws, deployment(app, before))
    after = API(kind="rest_api", routes=(Route("GET /{name}", "f"), Route("ANY /", "f")))
    with heard(aws) as calls:
        deployed(aws, deployment(app, after))
    names = [name for name, _ in calls]
    assert names.index("DeleteResource") < names.index("CreateResource")
    keyed = replace(after, routes=(Route("ANY /", "f", api_key=True),))
    with heard(aws) as calls:
        deployed(aws, deployment(app, keyed, stream=True))
    names = [name for name, _ in calls]
    assert names.index("DeleteMethod") < names.index("PutMethod") < names.index("PutIntegration")
    told = dict(calls)["PutIntegration"]
    assert (told["responseTransferMode"], told["timeoutInMillis"]) == ("STREAM", 900_000)
    alias = f"arn:aws:lambda:eu-west-1:123456789012:function:{app}:dev"
    path = f"2021-11-15/functions/{alias}/response-streaming-invocations"
    assert told["uri"] == f"arn:aws:apigateway:eu-west-1:lambda:path/{path}"


def test_a_stage_without_limits_is_another_one(aws, app, monkeypatch):
    """AWS takes none away, where MiniStack does."""
    only(monkeypatch, ["http_api"])
    api = API(routes=ALL, throttle=Throttle(5, 10))
    for one in (api, replace(api, throttle=None)):
        resources = [each for each in resources_of(deployment(app, one)) if each.kind == "http_api"]
        with heard(aws) as calls:
            apply(aws, plan(aws, resources, app, "dev"), print)
    assert [name for name, _ in calls] == ["DeleteStage", "CreateStage"]
    assert "DefaultRouteSettings" not in calls[1][1]


@pytest.mark.parametrize(
    ("code", "message", "calls"),
    [
        ("TooManyRequestsException", "Too Many Requests", 18),
        ("ConflictException", "Unable to complete operation due to concurrent modification.", 18),
        ("ConflictException", "API Key already exists", 1),
    ],
)
def test_what_api_gateway_refuses_for_a_while(aws, monkeypatch, code, message, calls):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    client = aws.client("apigateway")
    with refusing(client, code, message) as sent, pytest.raises(ClientError, match=message):
        client.delete_rest_api(restApiId="a1")
    assert len(sent) == calls


@contextmanager
def refusing(client, code, message, event="before-send"):
    """The requests that AWS refuses so."""
    sent = []

    def refuse(request, **_):
        sent.append(request)
        raw = io.BytesIO(json.dumps({"message": message}).encode())
        raw.stream = lambda **_: iter([raw.read()])
        return AWSResponse(request.url, 409, {"x-amzn-errortype": code}, raw)

    client.meta.events.register(event, refuse, unique_id="refuse")
    try:
        yield sent
    finally:
        client.meta.events.unregister(event, unique_id="refuse")


def test_the_value_of_a_key_is_one_keys_alone(aws, app, monkeypatch):
    """MiniStack takes it twice."""
    only(monkeypatch, ["rest_api"])
    found = deployment(app, API(kind="rest_api", routes=REST, api_keys=KEYS))
    event = "before-send.api-gateway.CreateApiKey"
    client = aws.client("apigateway")
    with (
        refusing(client, "ConflictException", "API Key already exists", event),
        pytest.raises(DeployError, match=r"\[tool.adapter.stages.dev.api-keys.partner\]"),
    ):
        apply(aws, plan(aws, resources_of(found)[:1], app, "dev"), print)


def test_what_is_off_is_none_of_an_authorizer(aws, app, monkeypatch):
    """Simple responses are not for payload format 1.0; to switch them off they are told."""
    only(monkeypatch, ["http_api"])
    calls = []
    for simple, payload in ((False, "1.0"), (True, "2.0"), (False, "2.0")):
        one = replace(LAMBDA, simple=simple, payload=payload)
        found = deployment(app, API(routes=(MINE,), authorizers={"who": one}))
        with heard(aws) as heard_of:
            apply(aws, plan(aws, resources_of(found)[:1], app, "dev"), print)
        calls += [told for name, told in heard_of if name.endswith("Authorizer")]
    assert [told.get("EnableSimpleResponses") for told in calls] == [None, True, False]


def test_a_message_is_answered(aws, app, monkeypatch):
    """By one route response of its route, also if a run before this stopped at it."""
    only(monkeypatch, ["websocket_api"])
    resources = resources_of(deployment(app, WEBSOCKET))[:1]
    for _ in range(9):  # each time one call more
        with heard(aws, 1, "after-call"), suppress(StoppedError):
            apply(aws, plan(aws, resources, app, "dev"), print)
    assert {change.action for change in plan(aws, resources, app, "dev")} == {"keep"}
    client = aws.client("apigatewayv2")
    (api,) = ours(aws, app)
    routes = client.get_routes(ApiId=api)["Items"]
    answers = {
        one["RouteKey"]: client.get_route_responses(ApiId=api, RouteId=one["RouteId"])["Items"]
        for one in routes
    }
    assert {key: len(found) for key, found in answers.items()} == {"$connect": 0, "chat": 1}


def test_media_types_are_patched_one_by_one(aws, app):
    """MiniStack makes no list of them any more: the call is the last one."""
    first = API(kind="rest_api", routes=REST)
    with heard(aws) as calls:
        deployed(aws, deployment(app, first))
    assert dict(calls)["CreateRestApi"]["binaryMediaTypes"] == ["*/*"]
    other = replace(first, binary_media_types=("image/png",))
    with heard(aws, 1) as calls, pytest.raises(StoppedError):
        deployed(aws, deployment(app, other))
    assert calls[0][1]["patchOperations"] == [
        {"op": "add", "path": "/binaryMediaTypes/image~1png"},
        {"op": "remove", "path": "/binaryMediaTypes/*~1*"},
    ]


def test_a_url_streams_and_all_may_call_it(aws, app):
    with heard(aws) as calls:
        deployed(aws, deployment(app, URL, stream=True))
    statements = [params for name, params in calls if name == "AddPermission"]
    assert [one["Action"] for one in statements] == [
        "lambda:InvokeFunctionUrl",
        "lambda:InvokeFunction",
    ]
    assert statements[0]["FunctionUrlAuthType"] == "NONE"
    assert statements[1]["InvokedViaFunctionUrl"] is True
    assert dict(calls)["CreateFunctionUrlConfig"]["InvokeMode"] == "RESPONSE_STREAM"


REFUSED = [
    (API(kind="alb", routes=ALL), "makes no alb: a load balancer"),
    (API(kind="alb_multi", routes=ALL), "makes no alb_multi"),
    (API(kind="vpc_lattice_v2", routes=ALL), "target group"),
    (API(kind="lambda_edge", routes=ALL), "us-east-1"),
    (API(routes=ALL, cors=CORS(("*",), allow_credentials=True)), "no allow-credentials if"),
    (API(kind="function_url", routes=ALL, cors=CORS(max_age=-1)), "a function URL is 0 to 86400"),
    (API(kind="rest_api", routes=REST, api_keys=(APIKey("a", "short"),)), "has 5 characters"),
    (
        API(kind="rest_api", routes=(Route("GET /{a}", "f"), Route("GET /{b}/c", "f"))),
        "below / there are {a} and {b}",
    ),
    (API(kind="rest_api", routes=(Route("GET /a/", "f"),)), "an empty segment"),
    (
        API(kind="websocket", routes=(Route("a", "f", "who"),), authorizers={"who": ROUTE}),
        "only \\$connect can have one",
    ),
]


@pytest.mark.parametrize(("api", "said"), REFUSED)
def test_what_is_refused_before_a_call(api, said):
    with pytest.raises(DeployError, match=said):
        list(wanted.of(deployment("shop", api)))


@pytest.mark.parametrize(
    ("partition", "region", "expected"),
    [
        ("aws", "eu-west-1", "https://a1.execute-api.eu-west-1.amazonaws.com/dev/"),
        ("aws-cn", "cn-north-1", "https://a1.execute-api.cn-north-1.amazonaws.com.cn/dev/"),
    ],
)
def test_a_rest_api_is_where_its_partition_is(aws, partition, region, expected):
    known = {"AWS::Partition": partition, "AWS::Region": region, "rest_api:shop-dev": "a1"}
    assert url_of(aws, deployment("shop", API(kind="rest_api", routes=REST)), known) == expected
