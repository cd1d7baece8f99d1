"""An answer in two pieces; the first tells when the app sent it."""

import asyncio
import time


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    text = b"sent at %d ns\n" % time.monotonic_ns()
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text, "more_body": True})
    await asyncio.sleep(0.02)
    await send({"type": "http.response.body", "body": b"the rest", "more_body": False})
