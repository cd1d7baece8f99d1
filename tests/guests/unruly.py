"""Two apps that raise what should end a process, in every place; the path says what and where."""

import asyncio
import os
import threading

RAISED = {
    "exit": lambda: SystemExit(3),
    "interrupt": KeyboardInterrupt,
    "cancelled": asyncio.CancelledError,
    "generator-exit": GeneratorExit,
    "stop": StopIteration,
    "group": lambda: BaseExceptionGroup("both", [SystemExit(3), ValueError("x")]),
    "base": lambda: BaseException("own"),
    "memory": MemoryError,
    "recursion": RecursionError,
    "nameless": lambda: type("Naïve Error", (Exception,), {})(),
}
UNPRINTABLE = {
    "unprintable": lambda: UnprintableError(AttributeError),
    "unprintable-exit": lambda: UnprintableError(SystemExit),
}


class UnprintableError(Exception):
    def __str__(self):
        raise self.args[0]

    __repr__ = __str__


def raised(path, where):
    """Raise if the path is /<where>/<what>."""
    _, place, what = (path + "//").split("/")[:3]
    if place == where:
        raise {**RAISED, **UNPRINTABLE}[what]()


async def app(scope, receive, send):
    path = scope.get("path", "")
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    raised(path, "before")
    if path.startswith("/task/"):
        task = asyncio.create_task(soon(path, "task"))
        await asyncio.wait({task})
    if path.startswith("/thread/"):
        thread = threading.Thread(target=raised, args=(path, "thread"))
        thread.start()
        thread.join()
    if path.startswith("/callback/"):
        asyncio.get_running_loop().call_soon(raised, path, "callback")
        await asyncio.sleep(0.01)
    await asyncio.sleep(0)
    raised(path, "waited")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raised(path, "started")
    body = str(os.getpid()).encode()
    await send({"type": "http.response.body", "body": body, "more_body": True})
    raised(path, "begun")
    await send({"type": "http.response.body"})
    await asyncio.sleep(0)
    raised(path, "after")


async def soon(path, where):
    await asyncio.sleep(0)
    raised(path, where)


def wsgi_app(environ, start_response):
    path = environ["PATH_INFO"]
    raised(path, "before")
    start_response("200 OK", [])
    raised(path, "started")
    return Body(path)


class Body:
    def __init__(self, path):
        self.path = path

    def __iter__(self):
        yield str(os.getpid()).encode()
        raised(self.path, "begun")

    def close(self):
        raised(self.path, "after")
