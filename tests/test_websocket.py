"""WebSocket APIs: the events in the function, and the local API with real clients."""

import asyncio
import json
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from adapter import Handler, Request, Response
from adapter.config import API, ConfigError, Function, JWTAuthorizer, LambdaAuthorizer
from adapter.config import Route as Leads
from adapter.context import Context
from adapter.errors import (
    AppError,
    EventError,
    FailedEventError,
    LoadError,
    ResponseTooLargeError,
    ResultError,
)
from adapter.events import source_of, websocket
from adapter.local.server import Server
from adapter.local.websocket import WebSockets
from adapter.local.websocket_client import Client as SlowClient
from adapter.local.websocket_client import Limits, SlowError
from adapter.local.websocket_routes import Routes
from adapter.local.workers import Pool
from adapter.runtime.load import load
from adapter.testing import Client
from adapter.websocket import Connections, Gone, endpoint_of
from cases import KIND_NAMES, WEBSOCKET, merged, reading_of, recorded
from dev_command import Dev

GUESTS = Path(__file__).parent / "guests"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.sampled_from([200, "200"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
HANDSHAKE = Request(
    "GET",
    "/dev",
    "room=a%26b&tag=x&tag=y",
    (("host", "api.example.com"), ("cookie", "who=me"), ("sec-websocket-protocol", "a, b")),
    client=("203.0.113.1", None),
    server=("api.example.com", 443),
)
CONNECTION = websocket.connection_of(HANDSHAKE, "dev")
CONNECT = websocket.connect_event(HANDSHAKE, CONNECTION)
DISCONNECT = websocket.disconnect_event(1001, "Going away", CONNECTION)


def message(text, route="chat", **more):
    return merged(websocket.message_event(text, route, CONNECTION), more)


def request_of(event):
    return source_of(event).decode_request(json.loads(json.dumps(event)))


# The events, in the function


@pytest.mark.parametrize("name", WEBSOCKET)
def test_a_recorded_event_is_read_as_its_reading_says(name):
    event, reading = recorded(name), reading_of(name)
    request = request_of(event)
    told = event["requestContext"]
    headers = dict(request.headers)

    assert request.path == f"/websocket/{told['routeKey']}"
    assert request.query == (reading["query_string"] or "")
    for key, value in reading["headers"]:
        assert headers.get(key, "") == value
    assert headers["host"] == reading["server"][0]
    assert request.client == tuple(reading["client"])
    assert request.server[0] == reading["server"][0]
    assert headers["ce-connectionid"] == told["connectionId"]
    assert headers["ce-id"] == told["requestId"]
    assert headers["ce-specversion"] == "1.0"
    assert headers["ce-type"].startswith("com.amazonaws.apigateway.websocket.")
    if "body" in event:
        assert request.body == event["body"].encode()


def test_the_time_is_the_event_s():
    headers = dict(request_of(recorded("websocket__disconnect_going_away")).headers)
    assert headers["ce-time"] == "2024-01-20T11:55:08.326Z"


# (an event that the gateway makes, and what the app's request has)
BOTH_WAYS = [
    (CONNECT, {"path": "/websocket/$connect", "query": "room=a%26b&tag=x&tag=y", "body": b""}),
    (message('{"a": "é"}'), {"path": "/websocket/chat", "body": '{"a": "é"}'.encode()}),
    (message("hello", "$default"), {"path": "/websocket/$default", "body": b"hello"}),
    (message("x", "a b/é"), {"path": "/websocket/a%20b%2F%C3%A9", "body": b"x"}),
    (
        DISCONNECT,
        {
            "path": "/websocket/$disconnect",
            "body": b'{"disconnectStatusCode": 1001, "disconnectReason": "Going away"}',
        },
    ),
]


@pytest.mark.parametrize(("event", "expected"), BOTH_WAYS)
def test_what_the_gateway_tells_arrives(event, expected):
    request = request_of(event)
    told = {name: getattr(request, name) for name in expected}
    assert (request.method, told) == ("POST", expected)
    assert dict(request.headers)["ce-connectionid"] == CONNECTION["connectionId"]
    assert request.client == ("203.0.113.1", None)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        ('{"a": 1}', "application/json"),
        (" [1]", "application/json"),
        ("{broken", "text/plain; charset=utf-8"),
        ("[" * 100_000, "text/plain; charset=utf-8"),
        ("12", "text/plain; charset=utf-8"),
        ("hello", "text/plain; charset=utf-8"),
    ],
    ids=lambda value: value[:10],
)
def test_a_message_is_json_if_it_is_an_object_or_a_list(body, media_type):
    assert dict(request_of(message(body)).headers)["content-type"] == media_type


def test_bytes_are_bytes():
    request = request_of(message("/w==", isBase64Encoded=True))
    assert request.body == b"\xff"
    assert dict(request.headers)["content-type"] == "application/octet-stream"


def test_a_handshake_brings_the_client_s_headers_but_none_of_ours():
    headers = (*HANDSHAKE.headers, ("ce-connectionid", "another"), ("content-length", "7"))
    shaken = Request("GET", "/dev", "", (*headers, ("upgrade", "websocket")))
    request = request_of(websocket.connect_event(shaken, CONNECTION))
    found = dict(request.headers)
    assert found["cookie"] == "who=me"
    assert found["sec-websocket-protocol"] == "a, b"
    told = [value for name, value in request.headers if name == "ce-connectionid"]
    assert told == [CONNECTION["connectionId"]]
    assert not {"content-length", "upgrade"} & set(found)


@pytest.mark.parametrize("route", ["$connect", "$disconnect"])
def test_no_message_passes_for_a_handshake(route):
    assert request_of(message("x", route)).path == "/websocket/$default"


def test_a_header_s_value_is_encoded_as_cloudevents_has_it():
    request = request_of(message("x", 'a "b" 100%\né'))
    assert dict(request.headers)["ce-subject"] == "a%20%22b%22%20100%25%0A%C3%A9"


def test_the_authorizer_s_principal_is_the_user():
    event = message("x", requestContext={"authorizer": {"principalId": "me"}})
    assert request_of(event).user == "me"


@pytest.mark.parametrize(
    ("event", "status", "body", "result"),
    [
        (CONNECT, 200, b"let in", {"statusCode": 200}),
        (CONNECT, 401, b"\xff", {"statusCode": 401}),
        (message("x"), 200, b"hi", {"statusCode": 200, "body": "hi"}),
        (message("x"), 204, b"", {"statusCode": 204}),
        (message("x"), 200, b"", {"statusCode": 200}),
        (DISCONNECT, 200, b"None", {"statusCode": 200}),
    ],
)
def test_an_answer_becomes_a_result_and_back(event, status, body, result):
    told = websocket.encode_response(Response(status, (), [body]), event)
    assert told == result
    answer = websocket.decode_response(told)
    assert (answer.status, b"".join(answer.body).decode()) == (status, result.get("body", ""))


def test_an_answer_is_text_and_within_the_limit():
    with pytest.raises(AppError, match="carries text only"):
        websocket.encode_response(Response(200, (), [b"\xff"]), message("x"))
    with pytest.raises(ResponseTooLargeError, match="131,074 bytes"):
        websocket.encode_response(Response(200, (), ["é".encode() * 65_537]), message("x"))


@given(JSON | st.fixed_dictionaries({"statusCode": JSON}, optional={"body": JSON, "headers": JSON}))
def test_any_result_is_an_answer_or_an_error_of_ours(result):
    try:
        answer = websocket.decode_response(result)
    except ResultError:
        return
    assert 200 <= answer.status <= 599
    b"".join(answer.body).decode()


# The Handler


def flask_like(status, body=b"", headers=()):
    """A WSGI app that answers so, and the environs it saw."""
    seen = []

    def app(environ, start_response):
        seen.append(environ)
        start_response(f"{status} x", list(headers))
        return [body]

    return app, seen


def test_an_event_is_a_request_to_the_app():
    app, seen = flask_like(200, b"reply")
    event = message('{"a": 1}')
    assert Handler(app)(event) == {"statusCode": 200, "body": "reply"}
    (environ,) = seen
    assert environ["PATH_INFO"] == "/_events/websocket/chat"
    assert environ["HTTP_CE_CONNECTIONID"] == CONNECTION["connectionId"]
    assert environ["aws.event"] is event


def test_the_prefix_can_be_moved_and_turned_off():
    app, seen = flask_like(200)
    Handler(app, events="/my events/")(message("x"))
    assert seen[0]["PATH_INFO"] == "/my events/websocket/chat"
    with pytest.raises(EventError, match="but a WebSocket API event"):
        Handler(app, events=None)(message("x"))
    for wrong in ("", "/", "events"):
        with pytest.raises(ValueError, match="should be a path"):
            Handler(app, events=wrong)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (404, "POST /_events/websocket/chat was answered with 404: the app has no such route"),
        (405, "with 405: the app's route takes no POST"),
        (302, "with 302"),
        (500, "with 500"),
    ],
)
@pytest.mark.parametrize("event", [message("x"), DISCONNECT], ids=["message", "disconnect"])
def test_any_other_status_is_a_failed_invocation(status, told, event):
    with pytest.raises(FailedEventError) as caught:
        Handler(flask_like(status)[0])(event)
    assert told.replace("chat", event["requestContext"]["routeKey"]) in str(caught.value)


def test_so_is_an_exception_and_it_is_logged_once(caplog):
    def app(environ, start_response):
        raise ValueError("no such luck")

    with pytest.raises(FailedEventError, match="with 500") as caught:
        Handler(app)(message("x"))
    (record,) = caplog.records
    assert "no such luck" in record.message
    assert caught.value.__suppress_context__


def test_a_failed_event_is_in_the_access_log_and_no_longer_watched(caplog):
    handler = Handler(flask_like(404)[0], access_log=True)
    with caplog.at_level("INFO", "adapter.access"), pytest.raises(FailedEventError):
        handler(message("x"), Context("1", int(time.time() * 1000) + 2000, "a:b:c:d:e:f:g"))
    (record,) = caplog.records
    assert record.message.startswith("POST /_events/websocket/chat 404")
    time.sleep(1.8)  # 0.5 s before its deadline
    assert len(caplog.records) == 1


def test_a_handshake_is_answered_with_the_app_s_status(caplog):
    assert Handler(flask_like(401)[0])(CONNECT) == {"statusCode": 401}
    assert not caplog.records
    assert Handler(flask_like(404)[0])(CONNECT) == {"statusCode": 404}
    assert "POST /_events/websocket/$connect" in caplog.text
    assert "the app has no such route" in caplog.text


def test_the_app_ends_its_response_before_the_invocation_fails():
    closed = []

    class Body(list):
        def close(self):
            closed.append(True)

    def app(environ, start_response):
        start_response("500 x", [])
        return Body([b"x"])

    with pytest.raises(FailedEventError):
        Handler(app)(message("x"))
    assert closed == [True]


FROM_OUTSIDE = [
    "/_events", "/_events/", "/_events/websocket/chat", "//_events/websocket/chat",
    "/%5Fevents/websocket/chat", "/%5fevents%2Fwebsocket/chat", "/x/../_events/websocket/chat",
    "/./_events/x", "/_events/../x", "/x/%2e%2e/_events/x",
]  # fmt: skip
OTHERS = ["/", "/_eventsx", "/x/_events", "/_Events/x", "/%255Fevents/x", "/%zz", "/a%20b"]


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_nobody_reaches_them_from_outside(kind):
    app, seen = flask_like(200, b"hi")
    with Client(Handler(app), kind) as client:
        for path in FROM_OUTSIDE:
            assert client.post(f"https://testserver{path}").status == 404, path
        assert not seen
        for path in OTHERS:
            assert client.post(f"https://testserver{path}").status == 200, path


@pytest.mark.parametrize(("handler", "stage"), [({}, "prod"), ({"base_path": "/v1"}, "")])
def test_a_stage_or_base_path_before_them_changes_nothing(handler, stage):
    app, seen = flask_like(200, b"hi")
    with Client(Handler(app, **handler), "rest_api", stage=stage) as client:
        assert client.post("/v1/_events/websocket/x" if handler else "/_events/x").status == 404
        assert client.post("/_events/websocket/x").status == 404
        assert not seen
        assert client.post("/other").status == 200


def test_a_handler_without_events_leaves_the_paths_to_the_app():
    app, _ = flask_like(200, b"hi")
    with Client(Handler(app, events=None)) as client:
        assert client.post("/_events/websocket/x").status == 200


@pytest.mark.parametrize(
    ("told", "path"),
    [("/own", "/own/websocket/chat"), ("", "/_events/websocket/chat"), ("0", None)],
)
def test_a_variable_sets_it(told, path, monkeypatch):
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(GUESTS))
    monkeypatch.setenv("ADAPTER_EVENTS", told)
    monkeypatch.setattr(sys, "path", list(sys.path))
    expected = rf"POST {path} was answered with 404" if path else "but a WebSocket API event"
    with pytest.raises((FailedEventError, EventError), match=expected):
        load("live_flask:app")(message("x"), None)
    monkeypatch.setenv("ADAPTER_EVENTS", "yes")
    with pytest.raises(LoadError, match="should be a path such as /_events, or 0 for none"):
        load("live_flask:app")


# Which route


@pytest.mark.parametrize(
    ("expression", "text", "key"),
    [
        ("$request.body.action", '{"action": "chat"}', "chat"),
        ("${request.body.action}", '{"action": "chat"}', "chat"),
        ("$request.body.a.b", '{"a": {"b": "chat"}}', "chat"),
        ("$request.body.a[1].b", '{"a": [0, {"b": "chat"}]}', "chat"),
        ("${request.body.a}-${request.body.b}", '{"a": "x", "b": 1}', "x-1"),
        ("\\$${request.body.action}", '{"action": "chat"}', "$default"),
        ("$request.body.action", '{"action": "$connect"}', "$default"),
        ("$request.body.action", '{"action": "../x"}', "$default"),
        ("$request.body.action", '{"action": ".."}', "$default"),
        ("$request.body.action", '{"action": null}', "$default"),
        ("$request.body.action", '{"action": {}}', "$default"),
        ("$request.body.action", '["action"]', "$default"),
        ("$request.body.action", "hello", "$default"),
        ("$request.body.action", "[" * 100_000, "$default"),
        ("$request.body.action", "9" * 10_000, "$default"),
    ],
)
def test_a_message_selects_its_route(expression, text, key):
    route = Routes(API("websocket", route_selection=expression), ["f"]).of(text)
    assert (route.key, route.function) == (key, "f")


def test_where_routes_are_named_there_are_no_others():
    named = (Leads("chat", "f"), Leads("$connect", "g"))
    routes = Routes(API("websocket", routes=named), ["f", "g"])
    assert routes.of('{"action": "chat"}').function == "f"
    assert routes.of('{"action": "other"}') is None
    assert routes.get("$disconnect") is None


@pytest.mark.parametrize("expression", ["action", "$request.header.a", "$context.x", "\\$x", ""])
def test_an_expression_that_selects_nothing_is_an_error(expression):
    with pytest.raises(ConfigError, match="can't be evaluated"):
        Routes(API("websocket", route_selection=expression), ["f"])


def test_a_route_to_nowhere_is_an_error():
    with pytest.raises(ConfigError, match="the route chat leads to 'g'"):
        Routes(API("websocket", routes=(Leads("chat", "g"),)), ["f"])


# The management API's client


@pytest.mark.parametrize(
    ("domain", "url"),
    [
        (
            "a.execute-api.us-east-1.amazonaws.com",
            "https://a.execute-api.us-east-1.amazonaws.com/dev",
        ),
        ("chat.example.com", "https://chat.example.com"),
    ],
)
def test_an_event_tells_where_the_management_api_is(domain, url):
    assert endpoint_of(message("x", requestContext={"domainName": domain})) == url


def test_another_event_does_not():
    with pytest.raises(EventError, match="names no domain"):
        endpoint_of({"requestContext": None})


# The local API


class Site:
    """A local WebSocket API in a thread, before real environments."""

    def __init__(self, *targets, api=None, concurrency=1, limits=None):
        self.api = api or API("websocket")
        self.targets, self.concurrency, self.limits = targets, concurrency, limits
        self.visits, self.log = [], []
        self.news = asyncio.Event()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(40)

    async def _start(self):
        holder = []

        async def app(scope, receive, send):
            await holder[0](scope, receive, send)

        self.server = Server(app, websockets=True)
        port = self.server.port
        self.url, self.http = f"ws://127.0.0.1:{port}", f"http://127.0.0.1:{port}"
        variables = {"AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": self.http}
        self.pools = {}
        for target in self.targets:
            name = target.replace(":", ".").partition(".")[0]
            function = Function(name, target, folder=GUESTS, concurrency=self.concurrency)
            self.pools[name] = Pool(function, size=1, log=self.log.append, variables=variables)
        self.sockets = WebSockets(
            self.api, self.pools, self.log.append, [self.watch], limits=self.limits
        )
        holder.append(self.sockets)
        await self.server.start()

    def watch(self, visit):
        if visit not in self.visits:
            self.visits.append(visit)
        self.news.set()

    def __enter__(self):
        self.thread.start()
        self.run(self._start())
        return self

    def __exit__(self, *_):
        self.run(self._stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    async def _stop(self):
        await self.sockets.stop()
        await self.server.stop()
        await asyncio.gather(*(pool.stop() for pool in self.pools.values()))

    def over(self, kind, identity):
        """A connection's last visit of a kind, once its invocation is over."""

        async def wait():
            async with asyncio.timeout(30):
                while not (found := self.found(kind, identity)) or "over" not in found.marks:
                    self.news.clear()
                    await self.news.wait()
                return found

        return self.run(wait())

    def found(self, kind, identity=None):
        for visit in reversed(self.visits):
            told = (visit.event or {}).get("requestContext", {})
            if visit.request.method == kind and identity in (None, told.get("connectionId")):
                return visit
        return None

    def ended(self, websocket):
        """The code and reason in its DISCONNECT event."""
        told = self.over("DISCONNECT", websocket.id).event["requestContext"]
        return told["disconnectStatusCode"], told["disconnectReason"]

    def management(self):
        return boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=self.http,
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=Config(retries={"total_max_attempts": 1}),
        )


UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@pytest.fixture(scope="module")
def site():
    with Site("live:app") as site:
        yield site


def connected(url, **rest):
    return connect(url, open_timeout=30, **rest)


@contextmanager
def client(site, path="/", **rest):
    with connected(site.url + path, **rest) as websocket:
        websocket.id = site.found("GET").event["requestContext"]["connectionId"]
        yield websocket


def ask(websocket, **fields):
    websocket.send(json.dumps(fields))
    return websocket.recv(timeout=30)


def test_a_message_is_answered(site):
    with client(site) as websocket:
        assert ask(websocket, what="nothing") == '{"what": "nothing"}'
        websocket.send("hello é")
        assert websocket.recv(timeout=30) == "hello é"
        about = json.loads(ask(websocket, action="about", n=1))
    assert (about["id"], about["same"], about["client"]) == (websocket.id, True, "127.0.0.1")
    assert about["message"] == {"action": "about", "n": 1}
    told = about["event"]["requestContext"]
    assert (told["routeKey"], told["eventType"], told["stage"]) == ("about", "MESSAGE", "local")
    assert site.ended(websocket) == (1000, "")


def test_the_inspector_hears_of_each_event(site):
    with client(site) as websocket:
        ask(websocket, action="about")
        shaken, message = site.over("GET", websocket.id), site.over("MESSAGE", websocket.id)
    left = site.over("DISCONNECT", websocket.id)
    assert [visit.kind for visit in (shaken, message, left)] == ["websocket"] * 3
    assert [visit.route.key for visit in (shaken, message, left)] == [
        "$connect", "about", "$disconnect",
    ]  # fmt: skip
    for visit in (shaken, message, left):
        assert set(visit.marks) == {"invoked", "answered", "sent", "over"}
        assert visit.event["requestContext"]["requestId"] == visit.id
        assert 200 <= visit.response.status <= 204
        assert json.loads(visit.result)["statusCode"] == visit.response.status
    assert b"".join(message.response.body).startswith(b'{"id"')


@pytest.mark.parametrize(("query", "status"), [("status=403", 403), ("raise=1", 500)])
def test_connect_may_refuse(site, query, status):
    with pytest.raises(InvalidStatus) as caught, client(site, f"/?{query}"):
        pass
    assert caught.value.response.status_code == status
    assert site.found("GET").response.status == status


def test_the_app_chooses_the_subprotocol(site):
    with client(site, subprotocols=["a", "b"]) as websocket:
        assert websocket.subprotocol == "b"
        assert "set-cookie" not in websocket.response.headers


def test_a_browser_s_handshake(site):
    headers = {"cookie": "who=me", "origin": "https://example.com"}
    with client(site, additional_headers=headers, user_agent_header="Mozilla/5.0"):
        event = site.found("GET").event
    told = event["requestContext"]
    assert event["headers"]["Cookie"] == "who=me"
    assert event["multiValueHeaders"]["Sec-WebSocket-Version"] == ["13"]
    assert not {"Connection", "Upgrade"} & set(event["headers"])
    assert told["identity"] == {"userAgent": "Mozilla/5.0", "sourceIp": "127.0.0.1"}


@pytest.mark.parametrize(
    ("action", "logged"),
    [
        ("fail", "no such luck"),
        ("binary", "carries text only"),
        ("missing", "POST /_events/websocket/missing was answered with 404"),
    ],
)
def test_a_failure_is_told_in_aws_s_words(site, action, logged):
    with client(site) as websocket:
        answer = ask(websocket, action=action)
        visit = site.over("MESSAGE", websocket.id)
        assert answer == (
            f'{{"message": "Internal server error", "connectionId":"{websocket.id}", '
            f'"requestId":"{visit.id}"}}'
        )
        assert websocket.ping().wait(30)
    assert logged in "\n".join(site.log)
    assert visit.response.status == 500


def test_clients_write_to_each_other(site):
    with client(site) as one, client(site) as other:
        assert other.id != one.id
        one.send(json.dumps({"action": "tell", "to": other.id, "data": "hi é"}))
        assert other.recv(timeout=30) == "hi é"
        one.send(json.dumps({"action": "tell", "to": other.id, "data": {"n": [1]}}))
        assert other.recv(timeout=30) == '{"n": [1]}'
        assert ask(one, action="tell", to="nobody=", data="x").startswith("gone: there is no")


def test_boto3_manages_connections(site):
    management = site.management()
    with client(site, user_agent_header="me") as websocket:
        found = management.get_connection(ConnectionId=websocket.id)
        assert found["Identity"] == {"SourceIp": "127.0.0.1", "UserAgent": "me"}
        assert found["ConnectedAt"] <= found["LastActiveAt"]
        management.post_to_connection(ConnectionId=websocket.id, Data="one é".encode())
        assert websocket.recv(timeout=30) == "one é"
        for data, error in ((b"x" * 131_073, "PayloadTooLarge"), (b"\xff", "BadRequest")):
            with pytest.raises(ClientError, match=error):
                management.post_to_connection(ConnectionId=websocket.id, Data=data)
        management.post_to_connection(ConnectionId=websocket.id, Data=b"x" * 131_072)
        assert len(websocket.recv(timeout=30)) == 131_072
        management.delete_connection(ConnectionId=websocket.id)
        with pytest.raises(ConnectionClosed) as caught:
            websocket.recv(timeout=30)
        assert caught.value.rcvd.code == 1000
    assert site.ended(websocket) == (1000, "Connection Closed Normally")
    for call in (management.get_connection, management.delete_connection):
        with pytest.raises(management.exceptions.GoneException):
            call(ConnectionId=websocket.id)
    with pytest.raises(Gone, match="there is no connection"):
        Connections({}, client=management).get(websocket.id)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 426),
        ("POST", "/x/y", 426),
        ("PUT", "/@connections/a", 403),
        ("POST", "/@connections/a", 410),
        ("POST", "/other/@connections/a", 403),
        ("GET", "/@connections/%ff%00", 410),
    ],
)
def test_other_http_requests(site, method, path, status):
    assert httpx.request(method, site.http + path, timeout=30).status_code == status


def test_a_url_that_is_no_client_s_is_refused(site):
    with pytest.raises(InvalidStatus, match="403"), client(site, "/other"):
        pass
    assert site.log[-1].endswith("clients connect to /, not to /other")


def test_a_message_in_pieces_is_one(site):
    with client(site) as websocket:
        websocket.send(["a" * 30_000] * 4)
        assert websocket.recv(timeout=30) == "a" * 120_000


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"\x00", 1003), ("a" * 32_769, 1009), (["a" * 30_000] * 5, 1009), (b"\xff", 1007)],
    ids=["binary", "frame", "message", "text that is no UTF-8"],
)
def test_what_aws_does_not_take(site, data, code, caplog):
    with client(site) as websocket:
        websocket.send(data, text=code == 1007 or None)
        with pytest.raises(ConnectionClosed) as caught:
            websocket.recv(timeout=30)
    assert caught.value.rcvd.code == code
    assert site.ended(websocket)[0] == code
    assert not caplog.records


def test_a_client_that_says_no_code(site):
    with client(site) as websocket, websocket.send_context():
        websocket.protocol.send_close()
    assert site.ended(websocket) == (1005, "Client-side close frame status not set")


def test_a_client_that_vanishes(site):
    with client(site) as websocket:
        websocket.socket.shutdown(socket.SHUT_RDWR)
        assert site.ended(websocket) == (1006, "")


@pytest.mark.parametrize("how", ["by management", "by a frame that is too large", "by vanishing"])
def test_a_connection_that_ends_before_its_answer(site, how):
    with client(site) as websocket:
        websocket.send('{"action": "nap"}')
        while not site.found("MESSAGE", websocket.id):
            site.run(asyncio.sleep(0.01))
        if how == "by management":
            site.management().delete_connection(ConnectionId=websocket.id)
        elif how == "by vanishing":
            websocket.socket.shutdown(socket.SHUT_RDWR)
        else:
            websocket.send("x" * 32_769)
        assert "answered" in site.over("MESSAGE", websocket.id).marks
        assert "answered" in site.over("DISCONNECT", websocket.id).marks


def test_a_client_that_leaves_while_connect_is_asked(site):
    with socket.create_connection(("127.0.0.1", site.server.port), timeout=30) as raw:
        raw.sendall(UPGRADE.replace(b"GET / ", b"GET /?nap=1 "))
        while not (shaken := site.found("GET")) or shaken.request.query != "nap=1":
            site.run(asyncio.sleep(0.01))
    identity = shaken.event["requestContext"]["connectionId"]
    told = site.over("DISCONNECT", identity).event["requestContext"]
    assert told["disconnectStatusCode"] == 1006


def test_a_client_that_does_not_read_holds_nobody_up():
    async def scenario():
        stuck = asyncio.Event()
        client = SlowClient({}, HANDSHAKE, Limits(reading=0.01), None, lambda _: stuck.wait())
        with pytest.raises(SlowError):
            await client.post("x")

    asyncio.run(scenario())


def test_many_messages_keep_their_order_in_one_environment(site):
    with client(site) as websocket:
        for number in range(300):  # the last is to be answered within 29 s
            websocket.send(f"{number}")
        assert [websocket.recv(timeout=30) for _ in range(300)] == [str(n) for n in range(300)]


FRAMES = st.lists(
    st.text(max_size=50) | st.binary(max_size=50) | st.lists(st.text(max_size=9), max_size=3),
    min_size=1,
    max_size=4,
)


@given(FRAMES)
@settings(max_examples=25)
def test_no_frame_breaks_it(site, frames):
    with client(site) as websocket:
        for frame in frames:
            if isinstance(frame, bytes):
                break
            websocket.send(frame)
            if text := "".join(frame):
                assert websocket.recv(timeout=30) == text
        else:
            return
        websocket.send(frame)
        with pytest.raises(ConnectionClosed, match="1003"):
            websocket.recv(timeout=30)


@given(st.binary(min_size=1, max_size=60))
@settings(max_examples=25)
def test_no_bytes_break_it(site, data):
    with socket.create_connection(("127.0.0.1", site.server.port), timeout=30) as raw:
        raw.sendall(UPGRADE)
        assert raw.recv(1000).startswith(b"HTTP/1.1 101 ")
        raw.sendall(data)
    with client(site) as websocket:
        assert ask(websocket, a=1)


def test_a_flask_app():
    with Site("live_flask:app") as site:
        with pytest.raises(InvalidStatus, match="401"), client(site):
            pass
        cookie = {"cookie": "who=me"}
        with (
            client(site, additional_headers=cookie) as one,
            client(site, additional_headers=cookie) as two,
        ):
            one.send("hello")
            assert one.recv(timeout=30) == "hello"
            assert json.loads(ask(one, action="tell", to=two.id, data="é")) == {"from": one.id}
            assert json.loads(two.recv(timeout=30)) == {"said": "é"}


STAGED = API(
    "websocket",
    stage="dev",
    stage_variables={"a": "b"},
    routes=(Leads("about", "live"), Leads("fail", "live"), Leads("slow", "live", timeout=0.2)),
)


def test_an_api_with_settings_and_its_end():
    with Site("live:app", api=STAGED, concurrency=4, limits=Limits(idle=4.0)) as site:
        site.run(site.pools["live"].warm_up())  # else its start would be silence, too
        with pytest.raises(InvalidStatus, match="403"), connected(site.url):
            pass
        with connected(site.url + "/dev") as websocket:  # there is no $connect to ask
            event = json.loads(ask(websocket, action="about"))["event"]
            assert event["stageVariables"] == {"a": "b"}
            assert event["requestContext"]["stage"] == "dev"
            assert '"Forbidden"' in ask(websocket, action="other")
            assert '"Internal server error"' in ask(websocket, action="fail")
            assert '"Endpoint request timed out"' in ask(websocket, action="slow")
            identity = event["requestContext"]["connectionId"]
            answer = httpx.get(f"{site.http}/dev/@connections/{identity}", timeout=30)
            assert answer.json()["identity"]["sourceIp"] == "127.0.0.1"
            with pytest.raises(ConnectionClosed) as caught:
                websocket.recv(timeout=30)
        assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1001, "Going away")


GUARDED = API(
    "websocket",
    routes=(Leads("$connect", "live", "guard"), Leads("$default", "live"), Leads("about", "live")),
    authorizers={
        "guard": LambdaAuthorizer("live_guard", identity=("route.request.querystring.who",))
    },
)


def test_an_authorizer_says_who_is_let_in():
    with Site("live:app", "live_guard.handler", api=GUARDED) as site:
        for query, status in (
            ("", 401),
            ("?who=nobody", 403),
            ("?who=stranger", 401),
            ("?who=broken", 500),
            ("?who=mute", 500),
        ):
            with pytest.raises(InvalidStatus) as caught, connected(f"{site.url}/{query}"):
                pass
            assert caught.value.response.status_code == status, query
        assert not any("live_guard" in visit.function for visit in site.visits)
        with connected(site.url + "/?who=me") as websocket:
            event = json.loads(ask(websocket, action="about"))["event"]
        told = event["requestContext"]["authorizer"]
        assert (told["principalId"], told["n"]) == ("me", "1")
        assert site.found("GET").event["requestContext"]["authorizer"] == told


@pytest.mark.parametrize(
    "authorizers", [{}, {"guard": LambdaAuthorizer("g")}, {"guard": JWTAuthorizer("i", ("a",))}]
)
def test_an_authorizer_that_can_t_be_asked_is_an_error(authorizers):
    api = API("websocket", routes=(Leads("$connect", "f", "guard"),), authorizers=authorizers)
    with pytest.raises(ConfigError, match="Lambda authorizers only"):
        WebSockets(api, {"f": None}, print)


def test_when_the_server_stops_everybody_hears_of_it():
    with Site("live:app") as site:
        with client(site) as websocket:
            assert ask(websocket, a=1)
            site.run(site.sockets.stop())
            with pytest.raises(ConnectionClosed) as caught:
                websocket.recv(timeout=30)
        assert caught.value.rcvd.code == 1001
        assert site.ended(websocket) == (1001, "Going away")
        with pytest.raises(InvalidStatus, match="503"), connected(site.url):
            pass


def test_adapter_dev_serves_it():
    running = Dev(GUESTS, "live:app", "--kind", "websocket")
    try:
        lines = iter(running.process.stdout.readline, "")
        assert any("ready in" in line for line in lines)
        with connected(f"ws://127.0.0.1:{running.port}") as websocket:
            identity = json.loads(ask(websocket, action="about"))["id"]
            assert ask(websocket, action="tell", to=identity, data="hi") == "hi"
            running.process.send_signal(signal.SIGINT)
            with pytest.raises(ConnectionClosed) as caught:
                websocket.recv(timeout=30)
        assert caught.value.rcvd.code == 1001
    finally:
        output = running.stop()
    assert running.process.returncode == 0, output
    assert "Traceback" not in output
