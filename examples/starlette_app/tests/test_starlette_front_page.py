"""The front page: the front end it names, what it shows, and links that work behind a stage."""

import re
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

Event = dict[str, Any]


def behind(app: ASGIApp, event: Event, context: object = None) -> ASGIApp:
    """What a gateway's adapter adds to the scope."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        aws = {"aws.event": event, "aws.context": context} if scope["type"] == "http" else {}
        await app({**scope, **aws} if aws else scope, receive, send)

    return wrapped


class Context:
    aws_request_id = "1-<2>"
    function_name = "example"
    function_version = "$LATEST"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:example"
    log_group_name = "/aws/lambda/example"

    def get_remaining_time_in_millis(self) -> int:
        return 2999


FRONT_ENDS: list[tuple[str, Event]] = [
    ("HTTP API 2.0", {"version": "2.0", "requestContext": {"http": {}, "domainName": "x.aws"}}),
    ("HTTP API 2.0", {"version": "2.0", "requestContext": {"http": {}, "domainName": None}}),
    (
        "function URL",
        {"version": "2.0", "requestContext": {"http": {}, "domainName": "x.lambda-url.y.on.aws"}},
    ),
    ("ALB", {"httpMethod": "GET", "headers": {}, "requestContext": {"elb": {}}}),
    (
        "ALB, multi-value headers",
        {"httpMethod": "GET", "multiValueHeaders": {}, "requestContext": {"elb": {}}},
    ),
    ("REST API", {"httpMethod": "GET", "requestContext": {"stage": "prod"}}),
    ("REST API", {"httpMethod": "GET", "requestContext": None}),
    ("HTTP API 1.0", {"version": "1.0", "httpMethod": "GET", "requestContext": {}}),
    ("VPC Lattice, event 1.0", {"raw_path": "/", "method": "GET"}),
    (
        "VPC Lattice, event 2.0",
        {"version": "2.0", "path": "/", "requestContext": {"serviceNetworkArn": "arn"}},
    ),
    ("Lambda@Edge", {"Records": [{"cf": {"request": {}}}]}),
    ("unknown front end", {"Records": [{"s3": {}}]}),
    ("unknown front end", {"Records": []}),
    ("unknown front end", {}),
]


@pytest.mark.parametrize(("name", "event"), FRONT_ENDS)
def test_front_end_by_its_event(app: Starlette, name: str, event: Event) -> None:
    with TestClient(behind(app, event)) as client:
        assert f"<h1>{name}</h1>" in client.get("/").text


def test_no_gateway(client: TestClient) -> None:
    text = client.get("/").text
    assert "<h1>uvicorn, no gateway</h1>" in text
    assert titles(text) == ["ASGI scope, as the app sees it"]


def test_event_and_context_are_shown_and_escaped(app: Starlette) -> None:
    event = {"httpMethod": "GET", "body": "</pre><script>\ud800"}
    with TestClient(behind(app, event, Context())) as client:
        text = client.get("/").text
    assert "<script>" not in text
    assert "&lt;/pre&gt;&lt;script&gt;?" in text
    assert "&quot;aws_request_id&quot;: &quot;1-&lt;2&gt;&quot;" in text
    assert "&quot;remaining_time_in_millis&quot;: 2999" in text
    assert [title.partition(",")[0] for title in titles(text)] == [
        "Event",
        "Lambda context",
        "ASGI scope",
    ]


def test_what_the_client_chose_is_escaped(client: TestClient) -> None:
    headers = {"x-evil": "<script>", "host": "evil.example"}
    text = client.get("/?<script>", headers=headers).text
    assert "<script>" not in text
    assert "evil.example/" not in text


def test_the_environment_counts(client: TestClient) -> None:
    pattern = r"Served by this environment</dt><dd>(.*?)</dd>"
    counts = [re.findall(pattern, client.get("/").text) for _ in range(2)]
    assert counts == [["1 request"], ["2 requests"]]


@pytest.mark.parametrize("root_path", ["", "/prod", "/a/b"])
def test_links_lead_to_routes(app: Starlette, root_path: str) -> None:
    """As behind a gateway, the path has the stage in front."""
    with TestClient(app, root_path=root_path, raise_server_exceptions=False) as client:
        urls = links(client.get(f"{root_path}/").text)
        assert all(url.startswith(f"{root_path}/") for url in urls)
        codes = {url.removeprefix(root_path): client.get(url).status_code for url in urls}
    expected = {"/error": 500, "/nothing-here": 404, "/status/418": 418, "/upload": 405}
    assert codes == {url: expected.get(url, 200) for url in codes}
    assert len(codes) == 12


@pytest.mark.parametrize("path", ["/form", "/nothing-here", "/error", "/cookies", "/tasks"])
def test_ways_back_behind_a_stage(app: Starlette, path: str) -> None:
    options: dict[str, Any] = {"root_path": "/prod", "raise_server_exceptions": False}
    with TestClient(app, **options) as client:
        text = client.get(f"/prod{path}", headers={"accept": "text/html"}).text
    assert 'href="/prod/"' in text
    assert all(url.startswith("/prod/") for url in links(text))


def test_redirect_behind_a_stage(app: Starlette) -> None:
    with TestClient(app, root_path="/prod", follow_redirects=False) as client:
        location = client.get("/prod/redirect").headers["location"]
    assert location == "http://testserver/prod/"


def links(text: str) -> list[str]:
    found = re.findall(r'(?:href|action)="([^"]*)"', text)
    return sorted({url.replace("&amp;", "&") for url in found} - {"data:,"})


def titles(text: str) -> list[str]:
    return re.findall(r"<summary>(.*?)</summary>", text)
