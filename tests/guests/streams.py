"""Two apps that stream, alike: raw ASGI and raw WSGI. What they did afterwards is printed."""

import asyncio
import os
import resource
import time

MEGABYTE = b"x" * 1_000_000


def memory_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def seen():
    """Whether the client has the beginning: it makes this file then."""
    return os.path.exists(os.environ["SEEN"])


HEADERS = {
    "/cookies": [("content-type", "text/plain"), ("set-cookie", "a=1"), ("set-cookie", "b=2")],
    "/long-header": [("x-long", "x" * 20_000)],
}
STATUSES = {"/none": 204, "/unchanged": 304, "/teapot": 418}
CHUNKS = {
    "/events": [b"data: 1\n\n", b"data: 2\n\n", b"data: 3\n\n"],
    "/empty": [],
    "/empty-chunks": [b"", b"a", b"", b"b", b""],
    "/big": [MEGABYTE] * 100,
    "/20-mb": [MEGABYTE] * 20,  # more than the buffers on the way take
}


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("no lifespan")
    path = scope["path"]
    if path == "/fails-before":
        raise ValueError("before")
    if path == "/slow-start":
        await asyncio.sleep(0.2)
    headers = HEADERS.get(path, [("content-type", "text/plain")])
    raw = [(name.encode(), value.encode()) for name, value in headers]
    status = STATUSES.get(path, 200)
    await send({"type": "http.response.start", "status": status, "headers": raw})
    if path == "/memory":
        await send({"type": "http.response.body", "body": str(memory_mb()).encode()})
        return
    if path == "/waits":
        await asyncio.sleep(60)
    if path == "/silent-then-fails":
        raise ValueError("after the start")
    for chunk in CHUNKS.get(path, [b"one", b"two"]):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
        if path == "/events":
            await asyncio.sleep(0.1)
        while path == "/until-seen" and not seen():
            await asyncio.sleep(0.01)
    if path == "/fails-after":
        raise ValueError("after")
    if path == "/exits-after":
        raise SystemExit(4)
    await send({"type": "http.response.body"})
    print("after", path, os.getpid())
    if path == "/fails-at-last":
        raise ValueError("at last")


def wsgi_app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/text":
        start_response("200 OK", [])
        return ["no bytes"]
    if path == "/fails-before":
        raise ValueError("before")
    if path == "/slow-start":
        time.sleep(0.2)
    headers = HEADERS.get(path, [("content-type", "text/plain")])
    start_response(f"{STATUSES.get(path, 200)} X", headers)
    return Body(path)


class Body:
    def __init__(self, path):
        self.path = path
        self.chunks = self.made()

    def __iter__(self):
        return self.chunks

    def made(self):
        if self.path == "/memory":
            yield str(memory_mb()).encode()
            return
        if self.path == "/silent-then-fails":
            raise ValueError("after the start")
        for chunk in CHUNKS.get(self.path, [b"one", b"two"]):
            yield chunk
            if self.path == "/events":
                time.sleep(0.1)
            while self.path == "/until-seen" and not seen():
                time.sleep(0.01)
        if self.path == "/fails-after":
            raise ValueError("after")
        if self.path == "/exits-after":
            raise SystemExit(4)

    def close(self):
        print("after", self.path, os.getpid())
        if self.path == "/fails-at-last":
            raise ValueError("at last")
