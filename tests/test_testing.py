"""The test client that users get."""

import json

import pytest
from flask import Flask, make_response, request, session

from adapter import Handler
from adapter.errors import AdapterError
from adapter.events import KINDS
from adapter.testing import Client

STAGED = ["http_api", "http_api_v1", "rest_api"]


def flask_app():
    app = Flask(__name__)
    app.secret_key = "not a secret"

    @app.route("/echo", methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    def echo():
        return {
            "method": request.method,
            "args": request.args.to_dict(flat=False),
            "headers": dict(request.headers),
            "form": request.form.to_dict(flat=False),
            "json": request.get_json(silent=True),
            "url": request.url,
        }

    @app.post("/visits")
    def visit():
        session["visits"] = session.get("visits", 0) + 1
        return str(session["visits"])

    @app.post("/leave")
    def leave():
        session.clear()
        return ""

    @app.get("/two")
    def two():
        answer = make_response(b"\xff\x00")
        answer.headers.add("Vary", "a")
        answer.headers.add("Vary", "b")
        return answer

    return app


@pytest.fixture(params=sorted(KINDS))
def client(request):
    with Client(Handler(flask_app()), kind=request.param) as client:
        yield client


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
def test_each_method_has_its_function(client, method):
    assert getattr(client, method)("/echo").json()["method"] == method.upper()


def test_head_has_the_headers_and_no_body(client):
    reply = client.head("/echo")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.header("Content-Type") == "application/json"


def test_a_query_in_the_url_or_as_params(client):
    assert client.get("/echo?a=1&b=%26").json()["args"] == {"a": ["1"], "b": ["&"]}
    assert client.get("/echo", params={"a": "1", "b": "&"}).json()["args"]["b"] == ["&"]


def test_json_and_forms(client):
    assert client.post("/echo", json={"é": [1]}).json()["json"] == {"é": [1]}
    assert client.post("/echo", data={"a": ["1", "2"]}).json()["form"] == {"a": ["1", "2"]}


def test_headers_of_one_s_own_win(client):
    said = client.get("/echo", headers={"User-Agent": "mine", "X-Text": "é"}).json()["headers"]
    assert said["User-Agent"] == "mine"
    assert said["X-Text"].encode("latin-1") == "é".encode()


def test_cookies_are_kept_from_one_request_to_the_next(client):
    assert [client.post("/visits").text for _ in range(3)] == ["1", "2", "3"]
    client.post("/leave")
    assert client.post("/visits").text == "1"


def test_repeated_headers_and_bytes(client):
    reply = client.get("/two")
    assert reply.body == b"\xff\x00"
    assert ", ".join(reply.header_values("vary")) == "a, b"


def test_the_event_and_the_result_are_there_to_look_at(client):
    reply = client.get("/echo")
    assert json.loads(json.dumps(reply.event)) == reply.event
    assert "headers" in reply.result or "multiValueHeaders" in reply.result
    assert reply.status_code == 200
    assert "200" in repr(reply)


@pytest.mark.parametrize("kind", STAGED)
def test_a_stage_stands_before_the_path(kind):
    with Client(Handler(flask_app()), kind=kind, stage="prod") as client:
        assert client.get("/echo").json()["url"] == "https://testserver/prod/echo"


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="there is no front end 'rest'; there are http_api"):
        Client(Handler(flask_app()), kind="rest")
    with pytest.raises(AdapterError, match="json= or data=, not both"):
        Client(Handler(flask_app())).post("/echo", json={}, data={})


def test_any_function_can_be_called():
    client = Client(lambda event, context: {"statusCode": 200, "body": context.function_name})
    assert client.get("/").text == "local"
