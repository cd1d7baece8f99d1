"""An ASGI app that says what came in, and an entry for AWS's own runtime."""

import json
import os

from adapter import Handler

LIFESPAN = []


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await lifespan(scope, receive, send)
        return
    body = (await receive())["body"]
    answer = {
        "path": scope["path"],
        "root_path": scope["root_path"],
        "query": scope["query_string"].decode(),
        "body": body.decode("latin-1"),
        "request_id": scope["aws.context"].aws_request_id,
        "started": len(LIFESPAN),
        "state": scope["state"]["name"],
        "pid": os.getpid(),
    }
    if scope["path"].endswith("/exit"):
        raise SystemExit(1)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"1")]})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


async def lifespan(scope, receive, send):
    await receive()
    LIFESPAN.append("startup")
    scope["state"]["name"] = "kept"
    await send({"type": "lifespan.startup.complete"})
    await receive()
    print("the app was shut down")
    await send({"type": "lifespan.shutdown.complete"})


handler = Handler(app)
