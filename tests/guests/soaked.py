"""A raw ASGI app for a soak: it notes each request that it gets, and answers whole or in pieces."""

import asyncio
import hashlib
import os

RECORD = os.open(os.environ["RECORD"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
PIECES = 4


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("no lifespan")
    _, how, number = scope["path"].split("/")
    os.write(RECORD, f"{number}\n".encode())
    digest = hashlib.sha256(await body_of(receive)).hexdigest()
    answer = f"{number} {digest}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if how == "pieces":
        for _ in range(PIECES):
            await send({"type": "http.response.body", "body": answer, "more_body": True})
            await asyncio.sleep(0.002)
    await send({"type": "http.response.body", "body": b"" if how == "pieces" else answer})


async def body_of(receive):
    body, more = b"", True
    while more:
        message = await receive()
        body += message["body"]
        more = message["more_body"]
    return body
