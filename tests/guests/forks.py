"""Apps that start processes of their own by forking, as `multiprocessing` does by default."""

import asyncio
import multiprocessing
import os
import signal
import sys
import time

FORK = multiprocessing.get_context("fork")


def exit_codes(path):
    """What became of the children."""
    if path == "/process":
        child = FORK.Process(target=print, args=("in the child",))
        child.start()
        child.join(10)
        return child.exitcode
    if path == "/terminated":
        reading, writing = os.pipe()
        child = FORK.Process(target=wait, args=(writing,))
        child.start()
        os.read(reading, 1)  # it is there
        os.close(reading)
        os.close(writing)
        child.terminate()
        child.join(10)
        return child.exitcode
    pid = os.fork()
    if pid == 0:
        leave(path)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def wait(writing):
    os.write(writing, b"1")
    time.sleep(60)


def leave(path):
    if path == "/exits":
        sys.exit(7)
    if path == "/killed":
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)
    raise ValueError("in the child")


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("shutdown in", os.getpid())
        await send({"type": "lifespan.shutdown.complete"})
        return
    path = scope["path"]
    if path == "/stray":
        asyncio.get_running_loop().create_task(stray())
    told = "" if path in ("/", "/stray") else f" {exit_codes(path)}"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"{os.getpid()}{told}".encode()})


async def stray():
    await asyncio.sleep(0)
    sys.exit(9)


def wsgi_app(environ, start_response):
    path = environ["PATH_INFO"]
    told = "" if path == "/" else f" {exit_codes(path)}"
    start_response("200 OK", [])
    return [f"{os.getpid()}{told}".encode()]
