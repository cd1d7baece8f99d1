"""One app, raw ASGI and raw WSGI: it writes down what it saw and gives the answer of the case.

What it saw has the same field names on both sides; a header is the field `header <name>`. Absent
is None, and the empty CONTENT_TYPE and QUERY_STRING count as absent, as PEP 3333 has them.
"""

import sys


def asgi_echo(answer, seen):
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            return await live(receive, send, seen)
        seen["request"] = of_scope(scope) | {"body": await all_of(receive)}
        return await asgi_answer(answer, send)

    return app


async def live(receive, send, seen):
    while True:
        message = await receive()
        seen.setdefault("lifespan", []).append(message["type"])
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def all_of(receive):
    body, more = b"", True
    while more:
        message = await receive()
        body += message["body"]
        more = message["more_body"]
    return body


def of_scope(scope):
    names = ("method", "scheme", "path", "raw_path", "root_path", "http_version")
    headers = {}
    for name, value in scope["headers"]:
        headers.setdefault(f"header {name.decode('latin-1')}", []).append(value.decode("latin-1"))
    return {name: scope[name] for name in names} | {
        "query": scope["query_string"].decode("latin-1"),
        "client": scope["client"] and list(scope["client"]),
        "server": list(scope["server"]),
        **headers,
    }


async def asgi_answer(answer, send):
    if answer.mishap == "raises":
        raise ZeroDivisionError("before the response")
    headers = list(answer.headers)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if answer.mishap in ("raises late", "cut"):
        await send({"type": "http.response.body", "body": b"hel", "more_body": True})
    if answer.mishap == "raises late":
        raise ZeroDivisionError("in the body")
    if answer.mishap != "cut":
        await send({"type": "http.response.body", "body": answer.body})


def wsgi_echo(answer, seen):
    def app(environ, start_response):
        seen["request"] = of_environ(environ) | {"body": environ["wsgi.input"].read()}
        if answer.mishap == "raises":
            raise ZeroDivisionError("before the response")
        start_response(f"{answer.status} Some Words", native(answer.headers))
        if answer.mishap == "twice":
            start_again(start_response)
        return Body(answer, seen)

    return app


def native(headers):
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def start_again(start_response):
    try:
        raise ZeroDivisionError("before any output")
    except ZeroDivisionError:
        start_response("503 Some Words", [("content-type", "text/plain")], sys.exc_info())


class Body:
    """A WSGI iterable that notes whether it was closed."""

    def __init__(self, answer, seen):
        self.chunks = iter([b"hel"] if answer.mishap == "raises late" else [answer.body])
        self.answer = answer
        self.seen = seen

    def __iter__(self):
        yield from self.chunks
        if self.answer.mishap == "raises late":
            raise ZeroDivisionError("in the body")

    def close(self):
        self.seen["closed"] = True


FIELDS = {
    "method": "REQUEST_METHOD",
    "scheme": "wsgi.url_scheme",
    "path": "PATH_INFO",
    "raw_path": "RAW_URI",
    "root_path": "SCRIPT_NAME",
    "http_version": "SERVER_PROTOCOL",
    "client": "REMOTE_ADDR",
    "user": "REMOTE_USER",
    "HTTP_CONTENT_TYPE": "HTTP_CONTENT_TYPE",
    "HTTP_CONTENT_LENGTH": "HTTP_CONTENT_LENGTH",
}


def of_environ(environ):
    headers = {
        f"header {key[5:].lower().replace('_', '-')}": value
        for key, value in environ.items()
        if key.startswith("HTTP_") and key not in FIELDS
    }
    return {name: environ.get(key) for name, key in FIELDS.items()} | {
        "query": environ.get("QUERY_STRING", ""),
        "server": [environ["SERVER_NAME"], environ["SERVER_PORT"]],
        "header content-type": environ.get("CONTENT_TYPE") or None,
        "header content-length": environ.get("CONTENT_LENGTH") or None,
        **headers,
    }
