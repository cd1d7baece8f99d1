"""A gateway of a few lines for the inspector's tests: functions in this process, and the visits
that `adapter.local.gateway` makes of requests."""

import asyncio
import json
import threading
from types import SimpleNamespace

from adapter.config import API, Function, Project
from adapter.errors import ResultError
from adapter.events import KINDS
from adapter.events._gateway import forwarded
from adapter.local.inspector import History, Inspector
from adapter.local.invocation import Invocation, Outcome, error_outcome
from adapter.local.server import Server
from adapter.local.visit import Visit
from adapter.message import Request, Response

REFUSED = Response(
    502, (("content-type", "application/json"),), [b'{"message": "Internal server error"}']
)


class Gateway:
    """`function(event, context)` behind a front end; `context.log(line)` writes its log."""

    def __init__(self, function, target="main:app", kind="rest_api", stage="", hosts=()):
        self.function = function
        self.kind = kind
        self.root_path = f"/{stage}" if stage else ""
        self.history = History()
        self.calls = 0
        project = Project({"main": Function("main", target)}, API(kind=kind, stage=stage))
        self.app = Inspector(self.history, self, self.send, project, hosts)

    async def __call__(self, scope, receive, send):
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        visit = await self.send(request_of(scope, body, self.root_path))
        headers = [(a.encode("latin-1"), b.encode("latin-1")) for a, b in visit.response.headers]
        status, body = visit.response.status, b"".join(visit.response.body)
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self.over(visit)

    async def send(self, request, spelling=()):
        """The request's visit, once it is answered."""
        visit = Visit(request, self.kind, dict(spelling), function="")
        self.history.watch(visit)
        visit.event = KINDS[self.kind].encode_request(forwarded(request))
        visit.mark("authorized")
        visit.invocation = Invocation(json.dumps(visit.event).encode(), 30)
        visit.mark("invoked")
        self.calls += 1
        if self.calls == 1:
            visit.invocation.init_ms = 212.5
        self.history.watch(visit)
        await self.invoke(visit)
        visit.mark("answered")
        self.over(visit)
        return visit

    async def invoke(self, visit):
        invocation = visit.invocation
        invocation.begin()
        visit.mark("begun")
        invocation.log.append(f"START RequestId: {invocation.id} Version: $LATEST")
        context = SimpleNamespace(log=invocation.log.append, aws_request_id=invocation.id)
        try:
            result = await asyncio.to_thread(self.function, visit.event, context)
        except Exception as error:
            invocation.end(error_outcome(type(error).__name__, str(error)))
            visit.response = REFUSED
        else:
            visit.result = json.dumps(result).encode()
            invocation.end(Outcome(visit.result))
            self.decode(visit, result)
        invocation.log.append(f"END RequestId: {invocation.id}")

    def decode(self, visit, result):
        try:
            visit.response = KINDS[self.kind].decode_response(result)
        except ResultError as error:
            visit.response, visit.reason = REFUSED, str(error)

    def over(self, visit):
        visit.mark("sent")
        visit.mark("over")
        if not visit.invocation.over.done():
            visit.invocation.over.set_result(None)
        self.history.watch(visit)


def request_of(scope, body, root_path):
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    ]
    return Request(
        scope["method"],
        scope["raw_path"].decode("ascii"),
        scope["query_string"].decode("ascii"),
        tuple(headers),
        body,
        root_path=root_path,
        client=scope["client"],
        server=tuple(scope["server"]),
        scheme=scope["scheme"],
        http_version=scope["http_version"],
    )


class Running:
    """A gateway served at `url`, by a thread with a loop of its own."""

    def __init__(self, *arguments, port=0, **options):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.run(self.start(port, arguments, options))
        self.url = f"http://127.0.0.1:{self.server.port}"

    async def start(self, port, arguments, options):
        self.gateway = Gateway(*arguments, **options)
        self.history = self.gateway.history
        self.server = Server(self.gateway.app, port=port)
        await self.server.start()

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def call(self, function, *arguments):
        """Call it on the loop's thread."""

        async def calling():
            return function(*arguments)

        return self.run(calling())

    def stop(self):
        self.call(self.history.close)
        self.run(self.server.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
