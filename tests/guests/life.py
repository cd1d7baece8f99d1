"""An ASGI app that says what happens to it, with SnapStart hooks; and functions that do not."""

import asyncio
import os
import random

import snapshot_restore_py

from adapter.runtime.snapstart import after_restore, before_snapshot


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        print("startup")
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("shutdown")
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/waits":
        await asyncio.sleep(60)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})


@before_snapshot
def first_before():
    print("before 1")


@before_snapshot
def second_before():
    print("before 2")
    if os.environ.get("BREAK") == "before":
        raise OSError("can't let go")


@after_restore
def first_after():
    print("after 1")
    if os.environ.get("BREAK") == "after":
        raise OSError("can't go on")


@after_restore
def second_after():
    print("after 2", random.getstate() != SEED)


snapshot_restore_py.register_before_snapshot(print, "before AWS's")
snapshot_restore_py.register_after_restore(print, "after AWS's")
random.seed(1)
SEED = random.getstate()
