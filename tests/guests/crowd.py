"""Apps for many requests at once: each waits until as many are there as its path says."""

import asyncio
import logging
import os
import sys
import threading
import time

from adapter.context import CURRENT

logging.basicConfig(level="INFO")
LOG = logging.getLogger("crowd")
PRESENT = []
IMPORTED_BY = os.getpid()
STARTED = []


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    path = scope["path"]
    LOG.info("begin %s", path)
    if path == "/kill":
        os._exit(3)
    if path == "/stray-exit":
        asyncio.get_running_loop().create_task(leaves())
        await asyncio.sleep(0.1)
    if path.startswith("/wait/"):
        PRESENT.append(path)
        while len(PRESENT) < int(path.rpartition("/")[2]):
            await asyncio.sleep(0.01)
    if path.startswith("/meet/"):
        await meeting(int(path.rpartition("/")[2]))
    while path == "/until-go" and not os.path.exists(os.environ["GO"]):
        await asyncio.sleep(0.01)
    if path == "/slow":
        await asyncio.sleep(0.3)
    if path == "/for-ever":
        await asyncio.sleep(60)
    LOG.info("end %s", path)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if path == "/stream":
        for _ in range(3):
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            await asyncio.sleep(0.05)
    await send({"type": "http.response.body", "body": told().encode()})
    await asyncio.sleep(0.02)
    LOG.info("after %s", path)
    if path == "/fails-at-last":
        raise ValueError("at last")


async def meeting(number):
    """Wait until as many requests are under way in all processes together."""
    folder = os.environ["MEETING"]
    open(os.path.join(folder, CURRENT.get().aws_request_id), "w").close()
    while len(os.listdir(folder)) < number:
        await asyncio.sleep(0.01)


async def leaves():
    sys.exit(9)


async def lifespan(receive, send):
    await receive()
    STARTED.append(os.getpid())
    await send({"type": "lifespan.startup.complete"})
    await receive()
    print("shut down", os.getpid())
    await send({"type": "lifespan.shutdown.complete"})


def told():
    context = CURRENT.get()
    return " ".join(
        [
            str(os.getpid()),
            threading.current_thread().name,
            context.aws_request_id,
            str(context.tenant_id),
            str(context.trace_id)[:7],
            str(IMPORTED_BY),
            str(len(STARTED)),
        ]
    )


def wsgi_app(environ, start_response):
    path = environ["PATH_INFO"]
    LOG.info("begin %s", path)
    if path.startswith("/wait/"):
        PRESENT.append(path)
        while len(PRESENT) < int(path.rpartition("/")[2]):
            time.sleep(0.01)
    if path == "/exit":
        sys.exit(9)
    LOG.info("end %s", path)
    start_response("200 OK", [])
    return [told().encode() + b" " + str(environ["wsgi.multithread"]).encode()]


def handler(event, context):
    return told()


async def no_start(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})
