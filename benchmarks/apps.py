"""The apps that both sides serve: hello and echo, bare and in a framework."""

from __future__ import annotations

from flask import Flask, request
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

GREETING = "Hello, world!"
_BODY = GREETING.encode()
_LENGTH = str(len(_BODY))


async def bare_asgi(scope, receive, send):
    """Hello for every request; knows nothing of the lifespan protocol."""
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    headers = [(b"content-type", b"text/plain"), (b"content-length", _LENGTH.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _BODY, "more_body": False})


def bare_wsgi(environ, start_response):
    """Hello for every request."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", _LENGTH)])
    return [_BODY]


async def _hello(request: Request) -> Response:
    return PlainTextResponse(GREETING)


async def _echo(request: Request) -> Response:
    return Response(await request.body(), media_type=request.headers["content-type"])


starlette = Starlette(routes=[Route("/hello", _hello), Route("/echo", _echo, methods=["POST"])])

flask = Flask(__name__)


@flask.get("/hello")
def hello():
    return GREETING, {"Content-Type": "text/plain"}


@flask.post("/echo")
def echo():
    return request.get_data(), {"Content-Type": request.content_type}
