"""What AWS's front ends do by themselves, in the local gateway.

The functions are real ones, in processes; tokens are signed here, and their keys are served.
"""

import asyncio
import base64
import json
import re
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import quote

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from adapter.config import (
    API,
    CORS,
    APIKey,
    ConfigError,
    Function,
    JWTAuthorizer,
    LambdaAuthorizer,
    Route,
    Throttle,
    pyproject,
)
from adapter.local import policy
from adapter.local.gateway import Gateway
from adapter.local.invocation import reported
from adapter.local.jwt import go_text
from adapter.local.routes import http_matcher, rest_matcher
from adapter.local.server import Server
from adapter.local.stages import place_of
from adapter.local.throttle import Bucket, Quota
from adapter.local.workers import Pool
from adapter.message import Request

FIXTURES = Path(__file__).parent / "fixtures" / "events"

MAIN = """
import json, os, time

def echo(event, context):
    path = event.get("rawPath") or event.get("path") or ""
    while path.endswith("/slow") and not os.path.exists("go"):
        time.sleep(0.01)
    if path.endswith("/bytes"):
        return {"statusCode": 200, "body": "aGk=", "isBase64Encoded": True,
                "headers": {"content-type": "image/png"}}
    if path.endswith("/headers"):
        names = ["connection", "content-length", "date", "server", "www-authenticate", "x-own",
                 "access-control-allow-origin", "user-agent"]
        return {"statusCode": 200, "body": "x", "headers": {name: "5" for name in names}}
    return {"statusCode": 200, "body": json.dumps(event)}

asked = 0

def guard(event, context):
    "Answers what the caller wants it to, and tells how often it was asked."
    global asked
    asked += 1
    arn = event.get("methodArn") or event.get("routeArn")
    token = event.get("authorizationToken") or event["headers"].get("authorization", "")
    if token == "raise":
        raise Exception("Unauthorized")
    if token == "fail":
        raise Exception("no")
    if token.startswith("{"):
        return json.loads(token)
    effect = {"allow": "Allow", "deny": "Deny"}.get(token, "Allow")
    resource = arn if token != "elsewhere" else arn + "/no"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {"principalId": "me", "policyDocument": {"Version": "2012-10-17",
            "Statement": [statement]}, "usageIdentifierKey": "k-own",
            "context": {"asked": asked, "yes": True, "event": json.dumps(event)}}

def simple(event, context):
    return {"isAuthorized": event["headers"].get("authorization") == "yes",
            "context": {"n": 1, "list": [1]}}
"""


# A runtime whose function answers with JSON that is nested too deep for Python.
DEEP = """
import os
from urllib.request import urlopen
invocation = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
while True:
    with urlopen(f"{invocation}/next") as event:
        name = event.headers["Lambda-Runtime-Aws-Request-Id"]
    urlopen(f"{invocation}/{name}/response", b"[" * 100_000).close()
"""


class Site:
    """The functions of one project, and gateways before them, on an event loop of its own."""

    def __init__(self, folder):
        (folder / "main.py").write_text(MAIN)
        self.folder = folder
        self.log = []
        self.runner = asyncio.Runner()
        self.functions = {
            name: self.run(self._pool(Function(name, f"main.{name}", folder=folder)))
            for name in ("echo", "guard", "simple")
        }
        command = (sys.executable, "-c", DEEP)
        deep = Function("deep", "-", command=command, folder=folder)
        self.functions["deep"] = self.run(self._pool(deep))

    async def _pool(self, function):
        return Pool(function, size=1, log=self.log.append)

    def run(self, coroutine):
        return self.runner.run(coroutine)

    def gateway(self, kind="http_api", **settings):
        only = {"echo": self.functions["echo"]}
        functions = self.functions if settings.get("routes") else only
        return Gateway(API(kind, **settings), functions, self.log.append)

    def ask(self, gateway, method="GET", target="/", headers=None, body=b""):
        """The visit of a request; its response's body and headers in plain forms."""
        path, _, query = target.partition("?")
        pairs = tuple((headers or {}).items())
        address = ("127.0.0.1", 5)
        request = Request(method, path, query, pairs, body, client=address, server=("x", 80))
        visit = self.run(gateway.replay(request, {}))
        visit.text = b"".join(visit.response.body).decode("latin-1")
        visit.told = dict(visit.response.headers)
        return visit

    def close(self):
        for pool in self.functions.values():
            self.run(pool.stop())
        self.runner.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    site.close()


def answered(visit):
    return visit.response.status, visit.text


@pytest.mark.parametrize(("kind", "status"), [("http_api", 500), ("rest_api", 502)])
def test_a_result_that_is_nested_too_deep_is_a_failure(site, kind, status):
    visit = site.ask(site.gateway(kind, routes=(Route("GET /", "deep"),)))
    assert visit.response.status == status
    assert visit.reason
    asked = guarded(site, kind, function="deep", identity=())
    assert site.ask(asked, "GET", "/1").response.status == 500
    assert str(reported(b"[" * 100_000, {})).endswith("[[[")


# Routes

HTTP_ROUTES = [
    "GET /pets/dog/1",
    "GET /pets/dog/{id}",
    "GET /pets/{proxy+}",
    "ANY /{proxy+}",
    "POST /a/{x}/b",
    "$default",
]


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        # The four of AWS's page on routes.
        ("GET", "/pets/dog/1", "GET /pets/dog/1", {}),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
        ("POST", "/test/5", "ANY /{proxy+}", {"proxy": "test/5"}),
        ("POST", "/pets/dog/1", "ANY /{proxy+}", {"proxy": "pets/dog/1"}),
        ("POST", "/a/caf%C3%A9%20x/b", "POST /a/{x}/b", {"x": "café x"}),
        ("GET", "/pets/dog/", "GET /pets/{proxy+}", {"proxy": "dog/"}),
        ("GET", "/", "$default", {}),
    ],
)
def test_an_http_api_takes_the_most_specific_route(method, path, key, parameters):
    for routes in (HTTP_ROUTES, HTTP_ROUTES[::-1]):
        route, found = http_matcher([Route(key, "f") for key in routes])(method, path)
        assert (route.key, found) == (key, parameters)


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/pets/dog", "GET /pets/dog", {}),
        ("GET", "/pets/dog/", "GET /pets/dog", {}),
        ("GET", "//pets/dog", "GET /pets/dog", {}),
        ("HEAD", "/pets/cat", "ANY /pets/{id}", {"id": "cat"}),
        ("GET", "/pets/a%2Fb", "ANY /pets/{id}", {"id": "a%2Fb"}),
        ("GET", "/x/y//z/", "ANY /x/{proxy+}", {"proxy": "y//z"}),
        ("POST", "/pets/dog", None, None),  # the resource is there, the method is not
        ("HEAD", "/pets/dog", None, None),
        ("BREW", "/pets/cat", None, None),  # ANY is seven methods
        ("GET", "/", None, None),
        ("GET", "/x", None, None),
    ],
)
def test_a_rest_api_finds_the_resource_and_then_the_method(method, path, key, parameters):
    keys = ["GET /pets/dog", "ANY /pets/{id}", "ANY /x/{proxy+}"]
    found = rest_matcher([Route(key, "f") for key in keys])(method, path)
    assert (found and (found[0].key, found[1])) == (key and (key, parameters))


@pytest.mark.parametrize(
    ("kind", "headers", "status", "body", "error"),
    [
        ("http_api", {}, 404, '{"message":"Not Found"}', None),
        (
            "rest_api",
            {},
            403,
            '{"message":"Missing Authentication Token"}',
            "MissingAuthenticationTokenException",
        ),
        ("rest_api", {"authorization": "Bearer x"}, 403, None, "IncompleteSignatureException"),
        ("alb", {}, 404, None, None),
    ],
)
def test_what_no_route_takes_the_front_end_refuses(site, kind, headers, status, body, error):
    gateway = site.gateway(kind, routes=(Route("GET /here", "echo"),))
    visit = site.ask(gateway, "GET", "/there", headers)
    assert visit.response.status == status
    assert body is None or visit.text == body
    assert visit.told.get("x-amzn-errortype") == error
    assert visit.reason == "no route takes GET /there"
    assert visit.invocation is None


def test_an_event_of_an_http_api_tells_its_route(site):
    gateway = site.gateway(
        routes=(Route("GET /a/{id}/{rest+}", "echo"),), stage_variables={"colour": "blue"}
    )
    event = site.ask(gateway, target="/a/1%202/x/y/").event
    assert event["routeKey"] == event["requestContext"]["routeKey"] == "GET /a/{id}/{rest+}"
    assert event["pathParameters"] == {"id": "1 2", "rest": "x/y/"}
    assert event["stageVariables"] == {"colour": "blue"}
    assert (event["rawPath"], event["requestContext"]["http"]["path"]) == (
        "/a/1 2/x/y/",
        "/a/1 2/x/y",
    )


def test_an_event_of_a_rest_api_tells_its_resource(site):
    gateway = site.gateway("rest_api", routes=(Route("GET /a/{id}", "echo"),), stage="prod")
    event = site.ask(gateway, target="/prod//a/1%202/").event
    assert event["resource"] == event["requestContext"]["resourcePath"] == "/a/{id}"
    assert event["pathParameters"] == {"id": "1%202"}
    assert (event["path"], event["requestContext"]["path"]) == ("/a/1%202/", "/prod//a/1%202/")
    assert event["stageVariables"] is None


def test_of_several_functions_without_routes_none_is_reached(site):
    for kind in ("http_api", "rest_api", "function_url", "alb"):
        gateway = Gateway(API(kind), site.functions, site.log.append)
        visit = site.ask(gateway)
        assert visit.response.status in (403, 404)
        assert visit.invocation is None


@pytest.mark.parametrize("kind", ["function_url", "alb", "http_api"])
def test_the_default_route_s_function_is_asked(site, kind):
    gateway = site.gateway(kind, routes=(Route("$default", "simple"),))
    assert site.ask(gateway).function == "simple"


def test_without_settings_there_is_one_route_for_everything(site):
    assert site.ask(site.gateway(), target="/x").event["routeKey"] == "$default"
    rest = site.gateway("rest_api")
    root, other = site.ask(rest, target="/").event, site.ask(rest, target="/x/y").event
    assert (root["resource"], root["pathParameters"]) == ("/", None)
    assert (other["resource"], other["pathParameters"]) == ("/{proxy+}", {"proxy": "x/y"})
    assert len(rest.checks) == 2  # sizes and routes: what is not set costs nothing


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"routes": (Route("GET /", "none"),)}, "wants the function 'none'"),
        ({"routes": (Route("GET /", "echo", authorizer="a"),)}, "wants the authorizer 'a'"),
        ({"routes": (Route("GET", "echo"),)}, "has no path"),
        ({"routes": (Route("GET /{a+}/b", "echo"),)}, "goes on after {a+}"),
        ({"kind": "lambda_edge"}, "no local gateway for lambda_edge"),
    ],
)
def test_an_api_that_can_t_be_is_said(site, settings, words):
    with pytest.raises(ConfigError, match="(?s).*" + words.replace("{", r"\{").replace("+", r"\+")):
        site.gateway(**settings)


# Stages and base paths


@pytest.mark.parametrize(
    ("api", "path", "place"),
    [
        (API(stage="prod"), "/prod/x", ("prod", "/x", None)),
        (API(stage="prod"), "/prod", ("prod", "/", None)),
        (API(stage="prod"), "/production/x", None),
        (API(stage="$default"), "/x", ("", "/x", None)),
        (API(base_paths={"shop": "prod"}), "/shop/x", ("prod", "/x", "shop")),
        (API(base_paths={"/shop/": "prod"}), "/shop", ("prod", "/", "shop")),
        (API(base_paths={"shop": "prod"}), "/shopping", None),
        (
            API(base_paths={"a": "one", "a/b": "two", "(none)": "rest"}),
            "/a/b/c",
            ("two", "/c", "a/b"),
        ),
        (API(base_paths={"a": "one", "a/b": "two", "(none)": "rest"}), "/a/c", ("one", "/c", "a")),
        (API(base_paths={"a": "one", "(none)": "rest"}), "/c", ("rest", "/c", "")),
        (API("rest_api", stage="v1", base_paths={"s": ""}), "/s/v1/x", ("v1", "/x", "s")),
        (API("rest_api", stage="v1", base_paths={"s": ""}), "/s/x", None),
    ],
)
def test_a_url_leads_to_a_stage(api, path, place):
    assert place_of(api, path) == place


def test_base_paths_in_the_event(site):
    mapped = {"base_paths": {"shop": "prod"}}
    rest = site.ask(site.gateway("rest_api", **mapped), target="/shop/users").event
    captured = json.loads((FIXTURES / "rest_api__custom_domain_base_path.json").read_text())
    for name in ("resource", "path", "pathParameters"):
        assert rest[name] == captured[name]
    for name in ("path", "stage", "resourcePath"):
        assert rest["requestContext"][name] == captured["requestContext"][name]
    assert rest["requestContext"]["customDomain"] == {"basePathMatched": "shop"}
    http = site.ask(site.gateway(**mapped), target="/shop/users").event
    assert (http["rawPath"], http["requestContext"]["stage"]) == ("/prod/users", "prod")
    default = site.gateway(base_paths={"shop": "$default"})
    http = site.ask(default, target="/shop/users").event
    assert (http["rawPath"], http["requestContext"]["stage"]) == ("/users", "$default")


@pytest.mark.parametrize(
    ("kind", "refused"),
    [
        ("rest_api", (403, '{"message":"Forbidden"}')),
        ("http_api", (404, '{"message":"Not Found"}')),
    ],
)
def test_other_stages_and_base_paths_are_refused(site, kind, refused):
    for settings in ({"stage": "prod"}, {"base_paths": {"shop": "prod"}}):
        visit = site.ask(site.gateway(kind, **settings), target="/users")
        assert answered(visit) == refused
        assert visit.reason


# Headers


def test_a_rest_api_renames_the_function_s_headers(site):
    """LocalStack's snapshot of AWS has these names."""
    told = site.ask(site.gateway("rest_api"), target="/headers").told
    for name in (
        "connection",
        "content-length",
        "date",
        "server",
        "www-authenticate",
        "user-agent",
    ):
        assert told[f"x-amzn-remapped-{name}"] == "5"
        assert name not in told
    assert told["x-own"] == "5"
    assert {"x-amzn-requestid", "x-amz-apigw-id", "x-amzn-trace-id"} <= set(told)


@pytest.mark.parametrize(
    ("kind", "kept", "renamed", "dropped", "added"),
    [
        (
            "http_api",
            {"server", "www-authenticate"},
            set(),
            {"connection", "date"},
            {"apigw-requestid"},
        ),
        (
            "function_url",
            {"content-length"},
            {"date", "www-authenticate"},
            set(),
            {"x-amzn-requestid"},
        ),
        ("alb", {"server", "date", "www-authenticate"}, set(), {"connection"}, set()),
    ],
)
def test_headers_of_the_others(site, kind, kept, renamed, dropped, added):
    told = set(site.ask(site.gateway(kind), target="/headers").told)
    assert kept | added <= told
    assert {f"x-amzn-remapped-{name}" for name in renamed} <= told
    assert not (renamed | dropped) & told


@pytest.mark.parametrize(
    ("kind", "there", "absent"),
    [
        (
            "rest_api",
            {"x-amzn-trace-id"},
            {"content-length", "te", "max-forwards", "authorization"},
        ),
        ("http_api", {"x-amzn-trace-id", "content-length", "max-forwards", "authorization"}, set()),
        ("alb", {"x-amzn-trace-id", "max-forwards", "authorization"}, {"content-length"}),
    ],
)
def test_headers_of_the_client_in_the_event(site, kind, there, absent):
    sent = {"max-forwards": "1", "authorization": "AWS4-HMAC-SHA256 Credential=x"}
    headers = {name.lower() for name in site.ask(site.gateway(kind), headers=sent).event["headers"]}
    assert there | {"x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"} <= headers
    assert not absent & headers


def test_refusals_carry_the_request_s_id(site):
    routes = (Route("GET /here", "echo"),)
    rest = site.ask(site.gateway("rest_api", routes=routes), target="/there")
    assert rest.told["x-amzn-requestid"] == rest.id
    assert "x-amzn-trace-id" not in rest.told
    assert rest.told["content-type"] == "application/json"
    assert site.ask(site.gateway(routes=routes)).told["apigw-requestid"]
    balancer = site.ask(site.gateway("alb", routes=routes))
    assert balancer.told == {"server": "awselb/2.0", "content-type": "text/html"}
    visit = site.ask(site.gateway(routes=(Route("GET /a", "echo"),)), target="/a")
    assert visit.event["requestContext"]["requestId"] == visit.id == visit.told["apigw-requestid"]


# Sizes and time

MB = 1 << 20


@pytest.mark.parametrize(
    ("kind", "size", "status", "body"),
    [
        ("rest_api", 10 * MB + 1, 413, "HTTP content length exceeded 10485760 bytes."),
        ("rest_api", 5 * MB, 413, '{"message": "Request Too Long"}'),  # as base64 over 6 MB
        ("http_api", 10 * MB + 1, 413, '{"message":"Request Entity Too Large"}'),
        ("http_api", 5 * MB, 413, '{"message":"Request Entity Too Large"}'),
        ("function_url", 6 * MB + 1, 413, None),
        ("alb", MB + 1, 413, None),
    ],
)
def test_a_body_that_is_too_large_is_refused(site, kind, size, status, body):
    headers = {"content-type": "application/octet-stream"}
    visit = site.ask(site.gateway(kind), "POST", "/", headers, b"x" * size)
    assert visit.response.status == status
    assert body is None or visit.text == body
    assert "bytes" in visit.reason


@pytest.mark.parametrize(
    ("kind", "target", "headers", "status"),
    [
        ("rest_api", "/", {"a": "x" * 10_241}, 431),
        ("rest_api", "/" + "x" * 10_241, {}, 414),
        ("http_api", "/", {"a": "x" * 10_200, "b": "y" * 41}, 431),
        ("http_api", "/?" + "x" * 10_240, {}, 431),
        ("function_url", "/", {"a": "x" * 20_000}, 200),
        ("alb", "/", {"a": "x" * 17_000}, 400),
        ("alb", "/", {f"a{n}": "x" * 16_000 for n in range(5)}, 400),
        ("alb", "/" + "x" * 17_000, {}, 414),
        ("http_api", "/", {"a": "x" * 10_200}, 200),
    ],
)
def test_headers_and_urls_that_are_too_large_are_refused(site, kind, target, headers, status):
    assert site.ask(site.gateway(kind), "GET", target, headers).response.status == status


@pytest.mark.parametrize(
    ("kind", "refused"),
    [
        ("rest_api", (504, '{"message": "Endpoint request timed out"}')),
        ("http_api", (503, '{"message":"Service Unavailable"}')),
    ],
)
def test_a_front_end_waits_so_long_and_the_function_goes_on(site, kind, refused):
    go = site.folder / "go"
    go.unlink(missing_ok=True)
    route = Route("GET /slow", "echo", timeout=0.05)
    visit = site.ask(site.gateway(kind, routes=(route,)), target="/slow")
    assert answered(visit) == refused
    assert not visit.invocation.over.done()
    go.touch()
    site.run(asyncio.wait_for(_over(visit), 30))
    assert not visit.invocation.outcome.result().failed


async def _over(visit):
    await visit.invocation.over


# Binary media types


@pytest.mark.parametrize(
    ("types", "media_type", "body", "told"),
    [
        (("*/*",), "application/json", b"{}", ("e30=", True)),
        (("*/*",), "", b"{}", ("e30=", True)),
        (("image/*",), "image/png", b"\x89", ("iQ==", True)),
        (("image/png",), "image/PNG; q=1", b"\x89", ("iQ==", True)),
        (("image/png",), "application/json", b"{}", ("{}", False)),
        ((), "image/png", b"\x89P", ("\ufffdP", False)),  # what AWS makes of it
        (("*/*",), "text/plain", b"", (None, False)),
    ],
)
def test_bodies_of_binary_media_types_are_base64(site, types, media_type, body, told):
    gateway = site.gateway("rest_api", binary_media_types=types)
    event = site.ask(gateway, "POST", "/", {"content-type": media_type}, body).event
    assert (event["body"], event["isBase64Encoded"]) == told


@pytest.mark.parametrize(
    ("types", "accept", "text"),
    [
        (("*/*",), "text/html", "hi"),
        (("image/png",), "image/png", "hi"),
        (("image/*",), "image/webp,*/*;q=0.8", "hi"),
        (("image/png",), "text/html,image/png", "aGk="),
        (("image/png",), "*/*", "aGk="),  # curl's
        ((), "image/png", "aGk="),
        (("image/png",), None, "aGk="),
    ],
)
def test_without_them_the_client_gets_base64_text(site, types, accept, text):
    headers = {"accept": accept} if accept else {}
    gateway = site.gateway("rest_api", binary_media_types=types)
    visit = site.ask(gateway, "GET", "/bytes", headers)
    assert visit.text == text
    assert ("set them to */*" in visit.reason) is (text != "hi")


# CORS

ALLOWED = CORS(("https://a.example", "https://b.example"), ("GET", "POST"), ("X-A",), ("X-B",), 60)
PREFLIGHT = {"origin": "https://a.example", "access-control-request-method": "GET"}


@pytest.mark.parametrize(("kind", "status"), [("http_api", 204), ("function_url", 200)])
def test_preflights_are_answered_without_the_function(site, kind, status):
    visit = site.ask(site.gateway(kind, cors=ALLOWED), "OPTIONS", "/x", PREFLIGHT)
    assert (visit.response.status, visit.text, visit.invocation) == (status, "", None)
    assert visit.told["access-control-allow-origin"] == "https://a.example"
    assert visit.told["access-control-allow-methods"] == "GET,POST"
    assert visit.told["access-control-allow-headers"] == "x-a"
    assert visit.told["access-control-max-age"] == "60"


def test_preflights_need_no_route(site):
    gateway = site.gateway(cors=ALLOWED, routes=(Route("GET /a", "echo"),))
    assert site.ask(gateway, "OPTIONS", "/a", PREFLIGHT).response.status == 204
    assert site.ask(gateway, "OPTIONS", "/a", {"origin": "x"}).response.status == 404


def test_an_authorizer_of_any_or_default_is_asked_for_preflights_too(site):
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html"""
    guarded = {"authorizers": {"g": LambdaAuthorizer("guard", identity=("$request.header.a",))}}
    for key in ("$default", "ANY /{proxy+}"):
        routes = (Route(key, "echo", authorizer="g"),)
        gateway = site.gateway(cors=ALLOWED, routes=routes, **guarded)
        assert site.ask(gateway, "OPTIONS", "/x", PREFLIGHT).response.status == 401


@pytest.mark.parametrize(
    ("origins", "credentials", "origin", "told"),
    [
        (("*",), False, "https://x", "*"),
        (("https://a.example",), False, "https://a.example", "https://a.example"),
        (("https://a.example",), False, "https://a.example.evil", None),
        (("https://*",), True, "https://any", "https://any"),
        (("https://*",), True, "http://any", None),
        (("https://*.b.example",), False, "https://x.b.example", None),  # no such wildcard
        (("https://a.example",), False, None, None),
    ],
)
def test_the_configuration_s_headers_replace_the_function_s(
    site, origins, credentials, origin, told
):
    gateway = site.gateway(cors=CORS(origins, allow_credentials=credentials))
    headers = {"origin": origin} if origin else {}
    got = site.ask(gateway, "GET", "/headers", headers).told
    assert got.get("access-control-allow-origin") == told  # the function's is "5"
    assert got.get("access-control-allow-credentials") == ("true" if told and credentials else None)


# Throttles and API keys


def test_a_bucket_holds_a_burst_and_fills_at_a_rate():
    now = 0.0
    bucket = Bucket(Throttle(2, 3), lambda: now)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    now = 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]
    now = 100.0
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize(
    ("period", "same", "next_one"),
    [
        ("DAY", 86_399, 86_400),
        ("WEEK", 3 * 86_400, 4 * 86_400),
        ("MONTH", 30 * 86_400, 31 * 86_400),
    ],
)
def test_a_quota_begins_anew_with_its_period(period, same, next_one):
    now = 0.0  # Thursday, 1970-01-01
    quota = Quota(2, period, lambda: now)
    assert quota.take()
    now = same
    assert [quota.take(), quota.take()] == [True, False]
    now = next_one
    assert quota.take()


@pytest.mark.parametrize("kind", ["http_api", "rest_api"])
def test_too_many_requests_are_refused(site, kind):
    gateway = site.gateway(kind, throttle=Throttle(0.001, 2))
    assert [site.ask(gateway).response.status for _ in range(2)] == [200, 200]
    assert answered(site.ask(gateway)) == (429, '{"message":"Too Many Requests"}')


def test_api_keys_and_their_plans(site):
    keys = (
        APIKey("own", "k-own"),
        APIKey("slow", "k-slow", throttle=Throttle(0.001, 1)),
        APIKey("few", "k-few", quota=1),
    )
    routes = (Route("GET /open", "echo"), Route("GET /", "echo", api_key=True))
    gateway = site.gateway("rest_api", routes=routes, api_keys=keys)

    def ask(key=None, target="/"):
        return site.ask(gateway, "GET", target, {"x-api-key": key} if key else {})

    assert ask(target="/open").response.status == 200
    assert answered(ask()) == answered(ask("none")) == (403, '{"message":"Forbidden"}')
    assert ask("k-own").event["requestContext"]["identity"]["apiKey"] == "k-own"
    assert [ask("k-slow").response.status for _ in range(2)] == [200, 429]
    assert ask("k-few").response.status == 200
    assert answered(ask("k-few")) == (429, '{"message":"Limit Exceeded"}')


# Lambda authorizers


def guarded(site, front_end, /, *, keys="GET /{id}", **settings):
    told = {"identity": ("$request.header.Authorization",), "ttl": 0, **settings}
    name = told.pop("function", "guard")
    routes = tuple(Route(key, "echo", authorizer="g") for key in keys.split(", "))
    authorizers = {"g": LambdaAuthorizer(name, **told)}
    return site.gateway(
        front_end, routes=routes, authorizers=authorizers, stage_variables={"v": "1"}
    )


def passed(site, gateway, token, target="/1"):
    return site.ask(gateway, "GET", target, {"authorization": token} if token else {})


EXPLICIT = (
    '{"Message":"User is not authorized to access this resource with an explicit deny in an '
    'identity-based policy"}'
)
REFUSED = '{"Message":"User is not authorized to access this resource"}'
NULL = '{"message":null}'
UNAUTHORIZED = '{"message":"Unauthorized"}'
FORBIDDEN = '{"message":"Forbidden"}'
BROKEN = '{"message":"Internal Server Error"}'


@pytest.mark.parametrize(
    ("token", "rest", "http"),
    [
        ("allow", (200, None), (200, None)),
        ("deny", (403, EXPLICIT), (403, FORBIDDEN)),
        ("elsewhere", (403, REFUSED), (403, FORBIDDEN)),
        (None, (401, UNAUTHORIZED), (401, UNAUTHORIZED)),
        ("raise", (401, UNAUTHORIZED), (401, UNAUTHORIZED)),
        ("fail", (500, NULL), (500, BROKEN)),
        ("{}", (500, NULL), (500, BROKEN)),
        ('{"principalId": "x"}', (500, NULL), (500, BROKEN)),
        ('{"principalId": "x", "policyDocument": {"Statement": [1]}}', (500, NULL), (500, BROKEN)),
    ],
)
def test_what_an_authorizer_says_counts(site, token, rest, http):
    for kind, settings, (status, body) in [
        ("rest_api", {"kind": "token", "identity": ()}, rest),
        ("rest_api", {"identity": ("method.request.header.Authorization",)}, rest),
        ("http_api", {}, http),
        ("http_api", {"payload": "1.0"}, http),
    ]:
        visit = passed(site, guarded(site, kind, **settings), token)
        assert visit.response.status == status, visit.reason
        assert body is None or visit.text == body
        assert bool(visit.reason) is (status != 200)


def test_a_missing_identity_does_not_invoke_and_a_pattern_is_matched_first(site):
    gateway = guarded(site, "rest_api", kind="token", identity=(), pattern="[a-z]+")
    for token in (None, "ALLOW"):
        visit = passed(site, gateway, token)
        assert answered(visit) == (401, UNAUTHORIZED)
        assert visit.told["x-amzn-errortype"] == "UnauthorizedException"


def event_seen(site, front_end, /, **settings):
    """The event that the authorizer got."""
    visit = passed(site, guarded(site, front_end, **settings), "allow", "/1?q=2")
    told = visit.event["requestContext"]["authorizer"]
    return json.loads(told.get("lambda", told)["event"])


ARN = "arn:aws:execute-api:us-east-1:123456789012:local/"


def test_the_events_of_authorizers(site, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    token = event_seen(site, "rest_api", kind="token", identity=())
    assert token == {
        "type": "TOKEN",
        "methodArn": f"{ARN}local/GET/1",
        "authorizationToken": "allow",
    }
    rest = event_seen(site, "rest_api", identity=("method.request.header.Authorization",))
    captured = json.loads((FIXTURES / "apigw_authorizer__rest_request_type.json").read_text())
    assert set(captured) <= set(rest)
    missing = set(captured["requestContext"]) - set(rest["requestContext"])
    assert not missing
    assert (rest["type"], rest["methodArn"]) == ("REQUEST", f"{ARN}local/GET/1")
    second = event_seen(site, "http_api")
    assert second["version"] == "2.0"
    assert (second["type"], second["routeArn"]) == ("REQUEST", f"{ARN}$default/GET/1")
    assert second["identitySource"] == ["allow"]
    assert second["pathParameters"] == {"id": "1"}
    assert not {"body", "isBase64Encoded"} & {*second, *rest}
    first = event_seen(site, "http_api", payload="1.0")
    assert first["version"] == "1.0"
    assert first["identitySource"] == first["authorizationToken"] == "allow"
    assert first["methodArn"] == f"{ARN}$default/GET/1"
    assert first["queryStringParameters"] == {"q": "2"}


def test_the_context_of_an_authorizer_in_the_event(site):
    rest = passed(site, guarded(site, "rest_api", kind="token", identity=()), "allow")
    told = rest.event["requestContext"]["authorizer"]
    assert (told["principalId"], told["yes"], told["asked"].isdecimal()) == ("me", "true", True)
    assert "usageIdentifierKey" not in told
    captured = json.loads((FIXTURES / "rest_api__lambda_authorizer_mtls_post.json").read_text())
    assert "principalId" in captured["requestContext"]["authorizer"]
    http = passed(site, guarded(site, "http_api"), "allow")
    told = http.event["requestContext"]["authorizer"]["lambda"]
    assert (told["yes"], type(told["asked"])) == (True, int)


def test_simple_answers(site):
    gateway = guarded(site, "http_api", function="simple", simple=True)
    visit = passed(site, gateway, "yes")
    assert visit.event["requestContext"]["authorizer"] == {"lambda": {"n": 1, "list": [1]}}
    assert answered(passed(site, gateway, "no")) == (403, FORBIDDEN)


def test_lists_in_a_rest_api_s_context_are_refused(site):
    token = json.dumps(
        {
            "principalId": "x",
            "policyDocument": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}},
            "context": {"list": [1]},
        }
    )
    gateway = guarded(site, "rest_api", kind="token", identity=())
    assert answered(passed(site, gateway, token)) == (500, NULL)
    assert passed(site, guarded(site, "http_api"), token).response.status == 200


def asked_number(visit):
    told = visit.event["requestContext"]["authorizer"]
    return int(told.get("lambda", told)["asked"])


def test_answers_are_kept_by_identity_across_routes(site):
    """The trap: a policy for one route is kept, and denies the next route."""
    gateway = guarded(site, "http_api", ttl=60, keys="GET /{id}, GET /other/{id}")
    first = passed(site, gateway, "allow")
    assert asked_number(passed(site, gateway, "allow")) == asked_number(first)
    other = passed(site, gateway, "allow", "/other/1")
    assert answered(other) == (403, FORBIDDEN)
    assert "nothing in the policy" in other.reason
    by_route = ("$request.header.Authorization", "$context.routeKey")
    gateway = guarded(
        site, "http_api", ttl=60, keys="GET /{id}, GET /other/{id}", identity=by_route
    )
    assert passed(site, gateway, "allow").response.status == 200
    assert passed(site, gateway, "allow", "/other/1").response.status == 200


def test_an_answer_is_kept_for_its_ttl_only(site):
    from adapter.local.authorizers import Gate

    now = 0.0
    api = API(routes=(Route("GET /{id}", "echo", authorizer="g"),))
    told = LambdaAuthorizer("guard", identity=("$request.header.Authorization",), ttl=10)
    gateway = site.gateway()
    gate = Gate(told, site.functions, lambda: now)
    numbers = []
    for moment in (0.0, 9.0, 11.0):
        now = moment
        visit = passed(site, gateway, "allow")
        assert site.run(gate.refusal(visit, api)) is None
        numbers.append(visit.authorizer["lambda"]["asked"])
    assert numbers[0] == numbers[1] < numbers[2]


def test_the_authorizer_s_api_key_counts(site):
    routes = (Route("GET /", "echo", authorizer="g", api_key=True),)
    authorizers = {"g": LambdaAuthorizer("guard", "token", ttl=0)}
    settings = {"routes": routes, "authorizers": authorizers}
    gateway = site.gateway("rest_api", api_keys=(APIKey("own", "k-own"),), **settings)
    event = passed(site, gateway, "allow", "/").event
    assert event["requestContext"]["identity"]["apiKey"] == "k-own"
    gateway = site.gateway("rest_api", api_keys=(APIKey("own", "other"),), **settings)
    assert passed(site, gateway, "allow", "/").response.status == 403


ALLOW = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
DENY = {**ALLOW, "Effect": "Deny"}


@pytest.mark.parametrize(
    ("statements", "decision"),
    [
        ([ALLOW], "allowed"),
        (ALLOW, "allowed"),
        ([], "untold"),
        ([ALLOW, DENY], "denied"),
        ([{**ALLOW, "Resource": "arn:aws:execute-api:*:*:api/prod/GET/*"}], "allowed"),
        ([{**ALLOW, "Resource": "arn:aws:execute-api:*:*:*/prod/*/a/?"}], "allowed"),
        ([{**ALLOW, "Resource": "arn:aws:execute-api:*:*:api/prod/POST/*"}], "untold"),
        ([{**ALLOW, "Resource": ["x", "arn:*"]}], "allowed"),
        ([{**ALLOW, "Action": "EXECUTE-API:*"}], "allowed"),
        ([{**ALLOW, "Action": "s3:*"}], "untold"),
        ([ALLOW, {"Effect": "Deny", "Action": "*", "NotResource": "*/prod/GET/a/*"}], "allowed"),
        ([ALLOW, {"Effect": "Deny", "Action": "*", "NotResource": "*/prod/GET/b"}], "denied"),
        ([{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}], "allowed"),
        ([{**ALLOW, "Resource": "arn:aws:execute-api:us-east-1:1:api/prod/GET/a.b"}], "untold"),
    ],
)
def test_policies(statements, decision):
    arn = "arn:aws:execute-api:us-east-1:1:api/prod/GET/a/b"
    assert policy.decide({"Statement": statements}, arn) == decision


@pytest.mark.parametrize(
    "document",
    [None, 1, {}, {"Statement": 1}, {"Statement": [1]}, {"Statement": [{}]},
     {"Statement": [{**ALLOW, "Effect": "Maybe"}]}, {"Statement": [{**ALLOW, "Resource": 1}]},
     {"Statement": [{"Effect": "Allow", "Action": "*"}]}],
)  # fmt: skip
def test_what_is_no_policy_is_said(document):
    with pytest.raises(ValueError, match="polic"):
        policy.decide(document, "arn")


# JWT authorizers

PAST, FUTURE = 1_000_000_000, 9_000_000_000
ISSUER = "https://issuer.example"
KEY = rsa.generate_private_key(65537, 2048)
OTHER = rsa.generate_private_key(65537, 2048)
CURVE = ec.generate_private_key(ec.SECP256R1())


def jwk_set(**keys):
    """A JWK set of public keys by their ids."""
    found = []
    for kid, key in keys.items():
        told = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        found.append({**told, "kid": kid, "use": "sig", "alg": "RS256"})
    return json.dumps({"keys": found})


def signed(key=KEY, algorithm="RS256", kid="one", **claims):
    told = {"iss": ISSUER, "aud": "app", "sub": "me", "exp": FUTURE, **claims}
    told = {name: value for name, value in told.items() if value is not None}
    return jwt.encode(told, key, algorithm, {"kid": kid} if kid else None)


@pytest.fixture(scope="module")
def keys_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "jwks.json"
    path.write_text(jwk_set(one=KEY))
    return path


def with_jwt(site, keys, scopes=(), kind="http_api", issuer=ISSUER, **settings):
    authorizer = JWTAuthorizer(issuer, ("app", "app2"), str(keys), **settings)
    routes = (Route("GET /", "echo", authorizer="j", scopes=scopes),)
    return site.gateway(kind, routes=routes, authorizers={"j": authorizer})


def bearer(site, gateway, token):
    return site.ask(gateway, headers={"authorization": token} if token else {})


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (signed(exp=PAST), "the token has expired"),
        (signed(exp=None), "the token has expired"),
        (signed(nbf=FUTURE), "token is not valid yet"),
        (signed(iat=FUTURE), "token used before issued"),
        (signed(iss="https://other.example"), "the token does not have a valid issuer"),
        (signed(aud="no"), "the token does not have a valid audience"),
        (signed(aud=None), "the token does not have a valid audience"),
        (signed(aud="no", client_id="app"), "the token does not have a valid audience"),
        (signed(OTHER), "crypto/rsa: verification error"),
        (signed(CURVE, "ES256"), "signing method ES256 is invalid"),
        (signed("secret" * 9, "HS256"), "signing method HS256 is invalid"),
        (signed(kid=None), "the token does not name its key: kid"),
        (signed(kid="two"), "the issuer has no key 'two'; it has one"),
        ("x.y", "token contains an invalid number of segments"),
    ],
)
def test_a_token_that_is_not_valid_is_a_401_that_says_why(site, keys_file, token, words):
    visit = bearer(site, with_jwt(site, keys_file, ("read",)), f"Bearer {token}")
    assert answered(visit) == (401, UNAUTHORIZED)
    assert visit.told["www-authenticate"] == (
        f'Bearer scope="read" error="invalid_token" error_description="{words}"'
    )
    assert "content-type" not in visit.told
    assert visit.reason == words


@pytest.mark.parametrize(
    "token",
    [
        signed(),
        signed(aud=["x", "app2"]),
        signed(aud=None, client_id="app"),
        signed(algorithm="RS512"),
    ],
)
@pytest.mark.parametrize("prefix", ["", "Bearer ", "bearer  "])
def test_a_valid_token_passes(site, keys_file, token, prefix):
    visit = bearer(site, with_jwt(site, keys_file), prefix + token)
    assert visit.response.status == 200, visit.reason
    assert visit.event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] == "me"


def test_no_token_is_a_401_with_a_bare_challenge(site, keys_file):
    visit = bearer(site, with_jwt(site, keys_file), None)
    assert answered(visit) == (401, UNAUTHORIZED)
    assert visit.told["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("claims", "status", "scopes"),
    [
        ({"scope": "write read x"}, 200, ["read"]),
        ({"scp": ["read"]}, 200, ["read"]),
        ({"scp": "read"}, 200, ["read"]),
        ({"scope": "write"}, 403, None),
        ({}, 403, None),
        ({"scope": 5}, 403, None),
    ],
)
def test_a_route_s_scopes(site, keys_file, claims, status, scopes):
    visit = bearer(site, with_jwt(site, keys_file, ("read", "admin")), signed(**claims))
    assert visit.response.status == status
    if status == 200:
        assert visit.event["requestContext"]["authorizer"]["jwt"]["scopes"] == scopes
    else:
        assert visit.text == FORBIDDEN
        assert 'scope="read admin" error="insufficient_scope"' in visit.told["www-authenticate"]


def test_claims_are_texts_in_the_event(site, keys_file):
    groups = {"cognito:groups": ["a", "b"], "email_verified": True, "exp": FUTURE}
    visit = bearer(site, with_jwt(site, keys_file), signed(**groups))
    told = visit.event["requestContext"]["authorizer"]["jwt"]
    assert told["scopes"] is None
    assert told["claims"]["cognito:groups"] == "[a b]"
    assert told["claims"]["email_verified"] == "true"
    assert told["claims"]["exp"] == str(FUTURE)
    assert go_text({"b": [None], "a": 1.5}) == "map[a:1.5 b:[<nil>]]"
    captured = json.loads((FIXTURES / "http_api__jwt_authorizer_cookies_post.json").read_text())
    assert set(captured["requestContext"]["authorizer"]["jwt"]) == set(told)
    first = bearer(site, with_jwt(site, keys_file, kind="http_api_v1"), signed())
    assert first.event["requestContext"]["authorizer"]["claims"]["sub"] == "me"


def test_a_token_may_be_in_the_query(site, keys_file):
    gateway = with_jwt(site, keys_file, identity="$request.querystring.token")
    assert site.ask(gateway, target=f"/?token={signed()}").response.status == 200


def test_a_file_of_keys_that_changes_is_read_anew(site, tmp_path):
    path = tmp_path / "keys.json"
    path.write_text(jwk_set(one=KEY))
    gateway = with_jwt(site, path)
    assert bearer(site, gateway, signed()).response.status == 200
    path.write_text(jwk_set(two=OTHER))
    assert bearer(site, gateway, signed()).response.status == 401
    assert bearer(site, gateway, signed(OTHER, kid="two")).response.status == 200


@contextmanager
def issuer(pages):
    """A server of `pages`, JSON texts by their paths; yields its URL and the paths asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = pages.get(self.path, "").encode()
            self.send_response(200 if body else 404)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def test_keys_come_from_a_url_or_by_the_issuer_s_metadata(site):
    pages = {"/keys": jwk_set(one=KEY)}
    with issuer(pages) as (url, asked):
        pages["/.well-known/openid-configuration"] = json.dumps({"jwks_uri": f"{url}/keys"})
        token = signed(iss=url)
        for keys, wanted in ((f"{url}/keys", ["/keys"]), ("", [*sorted(pages)])):
            asked.clear()
            gateway = with_jwt(site, keys, issuer=url)
            for _ in range(3):  # fetched once
                assert bearer(site, gateway, token).response.status == 200
            assert sorted(asked) == wanted


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("/none/such.json", "can't read the JWK set in /none/such.json"),
        ("deep.json", "can't read the JWK set in deep.json"),
        ("http://127.0.0.1:1/keys", "can't fetch http://127.0.0.1:1/keys"),
        ("", "is no http or https URL"),
    ],
)
def test_keys_that_can_t_be_had_are_a_401_and_said(site, tmp_path, monkeypatch, keys, words):
    monkeypatch.chdir(tmp_path)
    Path("deep.json").write_text("[" * 100_000)
    visit = bearer(site, with_jwt(site, keys, issuer="file:///x"), signed(iss="file:///x"))
    assert answered(visit) == (401, UNAUTHORIZED)
    assert words in visit.reason


def test_only_jwt_authorizers_import_pyjwt():
    code = (
        "import sys; from adapter.local.checks import checks_of; from adapter.config import API; "
        "checks_of(API(), {'f': None}); sys.exit('jwt' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_rest_apis_have_no_jwt_authorizers(site, keys_file):
    with pytest.raises(ConfigError, match="REST APIs have none"):
        with_jwt(site, keys_file, kind="rest_api")


# What clients make up


def segment(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


NESTED = "[" * 5000
ODD_TOKENS = [
    segment(b'{"alg": "RS256", "kid": "one"}') + ".." + segment(b"x"),
    segment(b"\xff") + ".x.y",
    segment(b'{"alg": ["x"]}') + ".x.y",
    segment(b'{"alg": "RS256", "kid": {}}') + ".x.y",
    segment(NESTED.encode()) + ".x.y",
    jwt.PyJWS().encode(NESTED.encode(), KEY, "RS256", {"kid": "one"}),
    jwt.PyJWS().encode(b"[]", KEY, "RS256", {"kid": "one"}),
    jwt.PyJWS().encode(b"\xff", KEY, "RS256", {"kid": "one"}),
    signed(exp=True),
    signed(exp=FUTURE, nbf="x"),
]


@pytest.mark.parametrize("token", ODD_TOKENS, ids=range(len(ODD_TOKENS)))
def test_an_odd_token_is_a_401(site, keys_file, token):
    visit = bearer(site, with_jwt(site, keys_file), token)
    assert visit.response.status == 401
    assert visit.told["www-authenticate"].isascii()


WIRE = st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f")


@given(
    path=st.text(WIRE, max_size=20).map(quote),
    query=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20),
    headers=st.dictionaries(
        st.sampled_from(
            ["authorization", "accept", "content-type", "origin", "x-api-key", "cookie"]
        ),
        st.text(WIRE, max_size=40),
    ),
    body=st.binary(max_size=20),
    method=st.sampled_from(["GET", "OPTIONS", "HEAD", "BREW"]),
)
def test_whatever_a_client_sends_there_is_an_answer(
    site, keys_file, path, query, headers, body, method
):
    for gateway in every_gateway(site, keys_file):
        visit = site.ask(gateway, method, f"/{path}?{query}", headers, body)
        assert 200 <= visit.response.status < 600
        assert all(value.encode("latin-1") for _, value in visit.response.headers if value)


def every_gateway(site, keys_file, made={}):  # noqa: B006  # made once
    if not made:
        full = {
            "stage_variables": {"v": "1"},
            "throttle": Throttle(1e9, 10**9),
            "api_keys": (APIKey("a", "a"),),
        }
        jwt_gate = JWTAuthorizer(ISSUER, ("app",), str(keys_file))
        wide = (Route("ANY /{proxy+}", "echo", authorizer="a"), Route("ANY /", "echo"))
        made["http"] = site.gateway(
            routes=wide,
            authorizers={"a": jwt_gate},
            cors=replace(ALLOWED, allow_origins=("*",)),
            **full,
        )
        keyed = (Route("ANY /{proxy+}", "echo", api_key=True), Route("GET /", "echo"))
        made["rest"] = site.gateway(
            "rest_api", routes=keyed, binary_media_types=("image/*",), **full
        )
        made["alb"] = site.gateway("alb")
    return made.values()


# Over HTTP


@pytest.fixture
def served(site):
    """Starts servers of gateways on the site's loop, which runs in a thread meanwhile."""
    loop = site.runner.get_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    servers = []

    def wait_for(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(30)

    def serve(gateway):
        async def start():
            server = Server(gateway)
            await server.start()
            return server

        servers.append(wait_for(start()))
        return f"http://127.0.0.1:{servers[-1].port}"

    yield serve
    for server in servers:
        wait_for(server.stop())
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def test_head_expect_and_chunks_over_http(site, served):
    rest = served(
        site.gateway("rest_api", routes=(Route("GET /", "echo"), Route("ANY /any", "echo")))
    )
    http = served(site.gateway())
    with httpx.Client(timeout=30) as client:
        assert client.head(f"{rest}/").status_code == 403  # GET alone
        head = client.head(f"{rest}/any")
        assert (head.status_code, head.content) == (200, b"")
        expecting = client.post(http, content=b"hi", headers={"expect": "100-continue"}).json()
        assert "expect" not in expecting["headers"]
        chunks = client.post(http, content=iter([b"a", b"b"]), headers={"content-type": "text/x"})
        told = chunks.json()
        assert (told["body"], told["headers"]["content-length"]) == ("ab", "2")
        assert "transfer-encoding" not in told["headers"]
        renamed = client.get(f"{rest}/any/headers")
        assert renamed.status_code == 403
        answer = client.get(f"{http}/headers")
        assert (answer.text, answer.headers["content-length"]) == ("x", "1")
        assert len(answer.headers.get_list("date")) == 1


def event_of(url, request):
    """What the function gets of a request that is sent as it stands."""
    url = httpx.URL(url)
    with socket.create_connection((url.host, url.port), timeout=30) as client:
        client.sendall(request)
        with client.makefile("rb") as answer:
            return json.loads(answer.read().partition(b"\r\n\r\n")[2])


SPELLED = ("Host", "User-Agent", "X-Amzn-Trace-Id", "X-Forwarded-For", "X-CLIENT", "accept")


@pytest.mark.parametrize("kind", ["rest_api", "http_api_v1", "http_api", "function_url", "alb"])
def test_events_of_version_1_have_the_client_s_spelling_of_headers(site, served, kind):
    sent = b"host: x\r\nUSER-agent: y\r\nX-CLIENT: 1\r\nx-client: 2\r\naccept: *\r\n"
    end = b"connection: close\r\n\r\n"
    event = event_of(served(site.gateway(kind)), b"GET / HTTP/1.1\r\n" + sent + end)
    names = SPELLED if kind in ("rest_api", "http_api_v1") else [name.lower() for name in SPELLED]
    for key in {"headers", "multiValueHeaders"} & event.keys():
        assert set(names) <= event[key].keys()
        assert len({name.lower() for name in event[key]}) == len(event[key])


def test_trailers_are_no_headers(site, served):
    event = event_of(
        served(site.gateway()),
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        b"2\r\nab\r\n0\r\nX-Late: 1\r\n\r\n",
    )
    assert (event["body"], event["headers"]["content-length"]) == ("ab", "2")
    assert "x-late" not in event["headers"]


# As a whole


def toml_blocks():
    page = Path(__file__).parents[1] / "docs" / "how-to" / "gateway.md"
    return re.findall(r"^```toml\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", toml_blocks())
def test_the_settings_of_the_page_are_settings(tmp_path, text):
    path = tmp_path / "pyproject.toml"
    path.write_text(text)
    project = pyproject.read(path)
    functions = dict.fromkeys(project.functions)  # nobody is asked
    assert Gateway(project.api, functions, print).checks


def test_adapter_dev_checks_what_is_set(dev, tmp_path):
    (tmp_path / "main.py").write_text(MAIN)
    (tmp_path / "jwks.json").write_text(jwk_set(one=KEY))
    (tmp_path / "pyproject.toml").write_text(f"""
[tool.adapter.functions.echo]
handler = "main.echo"

[tool.adapter.authorizers.people]
type = "jwt"
issuer = "{ISSUER}"
audience = ["app"]
keys = "jwks.json"

[tool.adapter.routes]
"GET /me" = {{ function = "echo", authorizer = "people", scopes = ["read"] }}

[tool.adapter.cors]
allow-origins = ["https://a.example"]
allow-methods = ["GET"]
""")
    gateway = dev(folder=tmp_path)
    client = gateway.client
    headers = {"authorization": f"Bearer {signed(scope='read')}", "origin": "https://a.example"}
    passing = client.get("/me", headers=headers)
    assert passing.json()["requestContext"]["authorizer"]["jwt"]["scopes"] == ["read"]
    assert passing.headers["access-control-allow-origin"] == "https://a.example"
    assert client.get("/me").status_code == 401
    assert client.options("/me", headers=PREFLIGHT).status_code == 204
    assert client.get("/you").json() == {"message": "Not Found"}
    assert "answered 404 as AWS does: no route takes GET /you" in gateway.stop()
