"""GET /hello, GET /large: 1 MB that is no text, GET /slow: an answer after 50 ms of waiting."""

import asyncio

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

LARGE = bytes(range(256)) * 4096


async def hello(request):
    return PlainTextResponse("Hello, world!")


async def large(request):
    return Response(LARGE, media_type="application/octet-stream")


async def slow(request):
    await asyncio.sleep(0.05)
    return PlainTextResponse("Hello, world!")


app = Starlette(routes=[Route("/hello", hello), Route("/large", large), Route("/slow", slow)])
