"""One small app, four times: raw ASGI, Starlette, raw WSGI, Flask.

    /echo            JSON of what the app was asked, whatever the method
    /status/<code>   that status, with a body of its number
    /cookies         two cookies
    /vary            one header twice
    /binary          bytes that are no text
    /redirect        302 to /echo below the root path
    /empty           204
    /boom            raises

Also for the tests that start a runtime: `python -m adapter.runtime apps:flask_app` in this folder.
"""

import json
import sys
from base64 import b64encode

BINARY = bytes(range(256))
COOKIES = ("a=1; Path=/", "b=2; HttpOnly")


def told(method, path, root_path, query, headers, body):
    """What /echo answers; text beyond Latin-1 is UTF-8 in every part."""
    return {
        "method": method,
        "path": path,
        "root_path": root_path,
        "query": query,
        "headers": headers,
        "body": b64encode(body).decode(),
    }


def answer_to(path, root_path):
    """(status, headers, body) of the routes that are alike in the two raw apps."""
    if path == "/cookies":
        return 200, [("content-type", "text/plain"), *[("set-cookie", c) for c in COOKIES]], b"ok"
    if path == "/vary":
        headers = [("content-type", "text/plain"), ("vary", "Accept"), ("vary", "Cookie")]
        return 200, headers, b"ok"
    if path == "/binary":
        return 200, [("content-type", "application/octet-stream")], BINARY
    if path == "/redirect":
        return 302, [("location", root_path + "/echo")], b""
    if path == "/empty":
        return 204, [], b""
    if path.startswith("/status/"):
        code = path.removeprefix("/status/")
        return int(code), [("content-type", "text/plain")], code.encode()
    if path == "/boom":
        raise RuntimeError("boom")
    return 404, [("content-type", "text/plain")], b"Not Found"


# Raw ASGI


async def asgi_app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await _lifespan(receive, send)
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    root_path = scope["root_path"]
    path = scope["path"].removeprefix(root_path) or "/"
    if path == "/echo":
        headers = {name.decode("latin-1"): value.decode() for name, value in scope["headers"]}
        query = scope["query_string"].decode()
        document = told(scope["method"], path, root_path, query, headers, body)
        status, pairs = 200, [("content-type", "application/json")]
        body = json.dumps(document).encode()
    else:
        status, pairs, body = answer_to(path, root_path)
    if status not in (204, 304):
        pairs = [*pairs, ("content-length", str(len(body)))]
    raw = [(name.encode(), value.encode()) for name, value in pairs]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
    return None


async def _lifespan(receive, send):
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


# Raw WSGI


def wsgi_app(environ, start_response):
    root_path, path = _utf8(environ["SCRIPT_NAME"]), _utf8(environ["PATH_INFO"])
    if path == "/echo":
        document = told(
            environ["REQUEST_METHOD"],
            path,
            root_path,
            environ["QUERY_STRING"],
            _headers_of(environ),
            environ["wsgi.input"].read(),
        )
        status, pairs = 200, [("content-type", "application/json")]
        body = json.dumps(document).encode()
    else:
        status, pairs, body = answer_to(path, root_path)
    if status not in (204, 304):
        pairs = [*pairs, ("content-length", str(len(body)))]
    start_response(f"{status} Status", pairs)
    return [body]


def _utf8(native):
    return native.encode("latin-1").decode()


def _headers_of(environ):
    headers = {
        key[5:].lower().replace("_", "-"): _utf8(value)
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if key in environ:
            headers[key.lower().replace("_", "-")] = environ[key]
    return headers


# Starlette and Flask, and Handlers, made when asked for: a child process runs one of the four


def _starlette_app():
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, RedirectResponse, Response
    from starlette.routing import Route

    async def echo(request):
        root_path = request.scope["root_path"]
        headers = {key.decode(): value.decode() for key, value in request.headers.raw}
        path = request.scope["path"].removeprefix(root_path)
        query, body = request.url.query, await request.body()
        return JSONResponse(told(request.method, path, root_path, query, headers, body))

    def status(request):
        code = request.path_params["code"]
        return Response(str(code), code, media_type="text/plain")

    def cookies(request):
        response = Response("ok", media_type="text/plain")
        for cookie in COOKIES:
            response.headers.append("set-cookie", cookie)
        return response

    def vary(request):
        response = Response("ok", media_type="text/plain")
        response.headers.append("vary", "Accept")
        response.headers.append("vary", "Cookie")
        return response

    def binary(request):
        return Response(BINARY, media_type="application/octet-stream")

    def redirect(request):
        return RedirectResponse(request.scope["root_path"] + "/echo", 302)

    def boom(request):
        raise RuntimeError("boom")

    methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
    return Starlette(
        routes=[
            Route("/echo", echo, methods=methods),
            Route("/status/{code:int}", status),
            Route("/cookies", cookies),
            Route("/vary", vary),
            Route("/binary", binary),
            Route("/redirect", redirect),
            Route("/empty", lambda request: Response(status_code=204)),
            Route("/boom", boom),
        ]
    )


def _flask_app():
    from flask import Flask, Response, jsonify, redirect, request

    app = Flask(__name__)
    methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]

    @app.route("/echo", methods=methods)
    def echo():
        headers = {key.lower(): _utf8(value) for key, value in request.headers.items()}
        query, body = request.query_string.decode(), request.get_data()
        document = told(request.method, request.path, request.script_root, query, headers, body)
        return jsonify(document)

    @app.get("/status/<int:code>")
    def status(code):
        return Response(str(code), code, mimetype="text/plain")

    @app.get("/cookies")
    def cookies():
        response = Response("ok", mimetype="text/plain")
        for cookie in COOKIES:
            response.headers.add("set-cookie", cookie)
        return response

    @app.get("/vary")
    def vary():
        response = Response("ok", mimetype="text/plain")
        response.headers.add("vary", "Accept")
        response.headers.add("vary", "Cookie")
        return response

    @app.get("/binary")
    def binary():
        return Response(BINARY, mimetype="application/octet-stream")

    @app.get("/redirect")
    def to_echo():
        return redirect(request.script_root + "/echo")

    @app.get("/empty")
    def empty():
        return "", 204

    @app.get("/boom")
    def boom():
        raise RuntimeError("boom")

    return app


def __getattr__(name):
    if name.endswith("_handler"):  # for AWS's own loop
        from adapter import Handler

        made = Handler(getattr(sys.modules[__name__], name.removesuffix("_handler")))
    elif name in ("starlette_app", "flask_app"):
        made = _starlette_app() if name == "starlette_app" else _flask_app()
    else:
        raise AttributeError(name)
    globals()[name] = made
    return made
