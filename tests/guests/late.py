"""An ASGI app and a WSGI app that take their time."""

import asyncio
import os
import threading
import time


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("no lifespan")
    path = scope["path"]
    await ROUTES.get(path, quick)()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if path == "/in-the-body":
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        await asyncio.sleep(60)
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
    if path == "/in-the-background":
        await asyncio.sleep(60)


async def quick(): ...


async def waits():
    await the_database()


async def seven_seconds():
    await asyncio.sleep(7)


async def the_database():
    await asyncio.sleep(60)


async def does_not_stop():
    for _ in range(100):
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            print("not now")


async def blocks():
    time.sleep(60)


async def tidies_up():
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0.05)
        print("tidied up")


ROUTES = {
    "/waits": waits,
    "/seven-seconds": seven_seconds,
    "/does-not-stop": does_not_stop,
    "/blocks": blocks,
    "/tidies-up": tidies_up,
}


def wsgi_app(environ, start_response):
    if environ["PATH_INFO"] == "/blocks":
        in_a_library()
    start_response("200 OK", [])
    return [str(os.getpid()).encode(), str(threading.active_count()).encode()]


def in_a_library():
    time.sleep(60)


def handler(event, context):
    in_a_library()
