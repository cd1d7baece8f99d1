"""Every recorded event is read as `fixtures/events/expected/` says, by Handler and by codec."""

from base64 import b64decode
from urllib.parse import parse_qsl
from wsgiref.validate import validator

import pytest

from adapter import EventError, Handler
from adapter.events import KINDS, codec_of
from cases import HTTP, KIND_NAMES, NOT_HTTP, reading_of, recorded, standard

# The events whose URL begins with a stage. With REST APIs the event's `path` lacks it (so does
# `expected/`), and it has to come back; with HTTP APIs `rawPath` has it.
ROOT_PATHS = {
    "rest_api__docs_get_root_cookies": "/Prod",
    "rest_api__encoded_slash_in_path": "/dev",
    "rest_api__lambda_authorizer_mtls_post": "/testStage",
    "rest_api__query_repeats_no_multi_headers": "/Prod",
    "rest_api__sam_generated_base64_post": "/prod",
    "http_api__named_stage_in_path": "/default",
}
# From these the query comes decoded, so that its spelling and its order across names are lost.
LOOSE_QUERY = ("rest_api", "http_api_v1")


def missing_from_path(name):
    """The root path, where the event's `path` lacks it."""
    return ROOT_PATHS.get(name, "") if name.startswith("rest_api") else ""


def same_query(name, told, expected):
    if name.startswith(LOOSE_QUERY):
        return parse_qsl(told, True) == parse_qsl(expected, True)
    return told == expected


def expected_headers(reading):
    """{name: [values]}, with cookies in one line and the Content-Length that the event dropped."""
    headers = {}
    for name, value in reading["headers"]:
        headers.setdefault(name, []).append(value)
    if "cookie" in headers:
        headers["cookie"] = ["; ".join(headers["cookie"])]
    body = b64decode(reading["body_base64"])
    if body:
        headers.setdefault("content-length", [str(len(body))])
    return headers


def grouped(pairs):
    headers = {}
    for name, value in pairs:
        headers.setdefault(name, []).append(value)
    return headers


@pytest.mark.parametrize("name", HTTP)
def test_a_recorded_event_becomes_the_request_that_its_reading_says(name):
    event, reading = recorded(name), reading_of(name)
    codec = codec_of(event)
    request = codec.decode_request(event)

    kind = codec.__name__.rpartition(".")[2]
    assert kind.removesuffix("_multi") == reading["kind"]
    assert request.method == reading["method"]
    assert request.root_path == ROOT_PATHS.get(name, "")
    if reading["raw_path"] is not None:
        assert request.path == missing_from_path(name) + reading["raw_path"]
    assert same_query(name, request.query, reading["query_string"])
    headers = {
        key: [value.encode("latin-1").decode() for value in values]
        for key, values in grouped(request.headers).items()
    }
    assert headers == expected_headers(reading)
    assert request.body == b64decode(reading["body_base64"])
    if reading["client"] is not None:
        assert request.client == tuple(reading["client"])
    if reading["scheme"] is not None:
        assert request.scheme == reading["scheme"]
    if reading["server"] is not None:
        host, port = request.server
        wanted_host, wanted_port = reading["server"]
        assert host == wanted_host
        if wanted_port is not None:
            assert (port or {"https": 443, "http": 80}[request.scheme]) == wanted_port
    if reading["http_version"] is not None:
        assert request.http_version == reading["http_version"]
    assert request.event is event


@pytest.mark.parametrize("name", HTTP)
def test_a_recorded_event_becomes_the_scope_that_its_reading_says(name):
    seen = {}

    async def app(scope, receive, send):
        seen.update(scope, body=(await receive())["body"])
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    reading, context = reading_of(name), object()
    Handler(app)(recorded(name), context)

    assert seen["type"] == "http"
    assert seen["method"] == reading["method"]
    assert seen["path"] == missing_from_path(name) + reading["path"]
    assert seen["root_path"] == ROOT_PATHS.get(name, "")
    assert seen["path"].startswith(seen["root_path"])
    if reading["raw_path"] is not None:
        assert seen["raw_path"] == (missing_from_path(name) + reading["raw_path"]).encode()
    assert same_query(name, seen["query_string"].decode(), reading["query_string"])
    pairs = [(key.decode(), value.decode()) for key, value in seen["headers"]]
    assert grouped(pairs) == expected_headers(reading)
    assert seen["body"] == b64decode(reading["body_base64"])
    if reading["client"] is not None:
        assert seen["client"] == (reading["client"][0], reading["client"][1] or 0)
    if reading["scheme"] is not None:
        assert seen["scheme"] == reading["scheme"]
    if reading["server"] is not None and reading["server"][1] is not None:
        assert seen["server"] == tuple(reading["server"])
    if reading["http_version"] is not None:
        assert seen["http_version"] == reading["http_version"]
    assert seen["aws.event"] == recorded(name)
    assert seen["aws.context"] is context


@pytest.mark.parametrize("name", HTTP)
def test_a_recorded_event_becomes_the_environ_that_its_reading_says(name):
    seen = {}

    def app(environ, start_response):
        seen.update(environ, body=environ["wsgi.input"].read(10**7))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]

    reading, context = reading_of(name), object()
    result = Handler(validator(app))(recorded(name), context)

    assert "500" not in (str(result.get("statusCode")), result.get("status"))
    assert seen["REQUEST_METHOD"] == reading["method"]
    assert seen["SCRIPT_NAME"] == ROOT_PATHS.get(name, "")
    native_path = (seen["SCRIPT_NAME"] + seen["PATH_INFO"]).encode("latin-1").decode()
    assert native_path == missing_from_path(name) + reading["path"]
    assert same_query(name, seen["QUERY_STRING"], reading["query_string"])
    body = b64decode(reading["body_base64"])
    assert seen["body"] == body
    for key, values in expected_headers(reading).items():
        if "_" in key:
            continue  # dropped, see test_wsgi
        variable = key.upper().replace("-", "_")
        if key == "content-length":
            assert seen[variable] == str(len(body))
            continue
        variable = variable if key == "content-type" else f"HTTP_{variable}"
        assert seen[variable].encode("latin-1").decode() == ",".join(values)
    assert "HTTP_CONTENT_TYPE" not in seen
    assert "HTTP_CONTENT_LENGTH" not in seen
    if reading["client"] is not None:
        host, port = reading["client"]
        assert seen["REMOTE_ADDR"] == host
        assert seen.get("REMOTE_PORT") == (None if port is None else str(port))
    if reading["scheme"] is not None:
        assert seen["wsgi.url_scheme"] == reading["scheme"]
    if reading["server"] is not None and reading["server"][1] is not None:
        assert seen["SERVER_NAME"] == reading["server"][0]
        assert seen["SERVER_PORT"] == str(reading["server"][1])
    assert seen["SERVER_NAME"]
    assert seen["SERVER_PORT"].isdecimal()
    if reading["http_version"] is not None:
        assert seen["SERVER_PROTOCOL"] == f"HTTP/{reading['http_version']}"
    for key in ("aws", "serverless"):
        assert seen[f"{key}.event"] == recorded(name)
        assert seen[f"{key}.context"] is context


# What an EventError says has come, in the words for the one who set up the trigger.
NAMED = {
    "apigw_authorizer": "a Lambda authorizer's event",
    "bedrock_agent": "a Bedrock agent's event",
    "cognito": "a Cognito trigger",
    "dynamodb_stream": "a batch of 3 from 'aws:dynamodb'",
    "eventbridge": "an EventBridge event",
    "iot": "an IoT button event",
    "kafka": "an event of aws:kafka",
    "kinesis": "a batch of 2 from 'aws:kinesis'",
    "lambda_edge_response": "a Lambda@Edge response event",
    "s3": "a batch of 1 from 'aws:s3'",
    "schedule": "an EventBridge event",
    "sns": "a batch of 1 from 'aws:sns'",
    "sqs": "a batch of 2 from 'aws:sqs'",
    "websocket": "a WebSocket API event",
}


@pytest.mark.parametrize("name", NOT_HTTP)
def test_an_event_that_is_no_request_is_refused_by_its_name(name):
    def app(environ, start_response):
        raise AssertionError("the app must not see it")

    with pytest.raises(EventError) as caught:
        Handler(app, events=None)(recorded(name))
    assert f"but {NAMED[name.partition('__')[0]]}" in str(caught.value)


def test_the_refusal_names_the_keys_seen_and_the_front_ends_served():
    with pytest.raises(EventError) as caught:
        codec_of({"b": 1, "a": 2})
    assert "an object with the keys ['a', 'b']" in str(caught.value)
    assert all(kind in str(caught.value) for kind in KINDS)


@pytest.mark.parametrize("event", [{}, [], None, 1, "text", True, 1.5], ids=repr)
def test_json_that_is_no_event_is_refused(event):
    with pytest.raises(EventError, match="this is no HTTP request"):
        codec_of(event)


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_the_standard_event_of_a_kind_is_of_that_kind(kind):
    assert codec_of(standard(kind)) is KINDS[kind]
