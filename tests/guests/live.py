"""A Starlette app behind a WebSocket API: each event is a request."""

import asyncio

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from adapter.websocket import Connections, Gone


async def connect(request):
    if request.query_params.get("nap"):
        await asyncio.sleep(0.3)
    if request.query_params.get("raise"):
        raise ValueError("no such luck")
    offered = request.headers.get("sec-websocket-protocol", "").split(", ")
    headers = {"sec-websocket-protocol": offered[-1], "set-cookie": "a=1"} if offered[0] else {}
    return PlainTextResponse("who?", int(request.query_params.get("status", 200)), headers)


async def disconnect(request):
    assert "disconnectStatusCode" in await request.json()
    return Response(status_code=204)


async def echo(request):
    return Response(await request.body())


async def about(request):
    """What the app finds in a message's request."""
    event = request.scope["aws.event"]
    return JSONResponse({
        "id": request.headers["ce-connectionid"],
        "same": request.headers["ce-connectionid"] == event["requestContext"]["connectionId"],
        "message": await request.json(),
        "client": request.client.host,
        "event": event,
    })  # fmt: skip


async def tell(request):
    """Send to another client by the management API, from a thread as boto3 blocks."""
    message = await request.json()
    connections = Connections(request.scope["aws.event"])
    try:
        await asyncio.to_thread(connections.post, message["to"], message["data"])
    except Gone as gone:
        return PlainTextResponse(f"gone: {gone}")
    return Response(status_code=204)


async def fail(request):
    raise ValueError("no such luck")


async def binary(request):
    return Response(b"\xff")


async def nap(request):
    await asyncio.sleep(0.3)
    return PlainTextResponse("awake")


async def slow(request):
    await asyncio.sleep(30)


PATHS = {
    "$connect": connect, "$disconnect": disconnect, "$default": echo, "about": about,
    "tell": tell, "fail": fail, "binary": binary, "nap": nap, "slow": slow,
}  # fmt: skip
app = Starlette(
    routes=[
        Route(f"/_events/websocket/{name}", function, methods=["POST"])
        for name, function in PATHS.items()
    ]
)
