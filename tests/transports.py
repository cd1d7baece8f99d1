"""Ways for a request to reach an app and for its response to come back.

Each is a context manager. Those in LOCAL are made from the name of an app in `apps` and of a front
end, and yield `send(request) → Response`. Those in LAMBDAS are made from the name of an app and
a scratch folder, and yield `invoke(event) → result`: they serve every front end.
"""

import asyncio
import http.client
import json
import os
import threading
from contextlib import contextmanager
from pathlib import Path

import apps
from adapter import Handler
from adapter.events import KINDS, codec_of
from adapter.local.server import Server
from adapter.message import Response
from emulator import Emulator, ManyEmulator, skip_without_namespaces
from lambda_side import ADAPTER, AWSLAMBDARIC, gateway_of, pool_of

FOLDER = Path(__file__).parent


@contextmanager
def in_memory(app_name, kind):
    """Through the event and the result, as JSON text, with the app in this process."""
    codec = KINDS[kind]
    with Handler(getattr(apps, app_name)) as handler:

        def send(request):
            event = json.loads(json.dumps(codec.encode_request(request)))
            assert codec_of(event) is codec
            return codec.decode_response(json.loads(json.dumps(handler(event, None))))

        yield send


@contextmanager
def local_gateway(app_name, kind):
    """Through HTTP, as with `adapter dev`; one gateway without a stage and one with /prod."""
    with loop_in_a_thread() as wait_for, running(f"apps:{app_name}", wait_for) as pool:
        servers = {
            f"/{stage}" if stage else "": wait_for(serving(gateway_of(pool, kind, stage)))
            for stage in ("", "prod")
        }

        def send(request):
            return over_http(servers[request.root_path].port, request)

        yield send
        for server in servers.values():
            wait_for(server.stop())


LOCAL = {"in memory": in_memory, "local gateway": local_gateway}


@contextmanager
def our_runtime(app_name, scratch):
    """Our loop in a process of its own, and a Runtime API of ours with real sockets."""
    with invoked(f"apps:{app_name}") as invoke:
        yield invoke


@contextmanager
def awslambdaric(app_name, scratch):
    """AWS's own loop for Python, on our Runtime API; the app is in a Handler there."""
    with invoked(f"apps.{app_name}_handler", AWSLAMBDARIC) as invoke:
        yield invoke


@contextmanager
def invoked(target, command=ADAPTER):
    with loop_in_a_thread() as wait_for, running(target, wait_for, command) as pool:

        def invoke(event):
            outcome = wait_for(pool.invoke(event))
            assert not outcome.failed, outcome.body
            return json.loads(outcome.body)

        yield invoke


@contextmanager
def emulator(app_name, scratch):
    """Our loop under AWS's emulator, one at a time."""
    with emulated(Emulator(f"apps:{app_name}", scratch, FOLDER)) as invoke:
        yield invoke


@contextmanager
def emulator_of_many(app_name, scratch):
    """Our loop under AWS's emulator for many at once."""
    skip_without_namespaces()
    variables = {"AWS_LAMBDA_MAX_CONCURRENCY": "2"}
    with emulated(ManyEmulator(f"apps:{app_name}", scratch, FOLDER, **variables)) as invoke:
        yield invoke


@contextmanager
def emulated(emulator):
    def invoke(event):
        status, result = emulator.invoke(event)
        assert (status, "errorType" in result) == (200, False), result
        return result

    try:
        yield invoke
    finally:
        emulator.stop()


LAMBDAS = {
    "our runtime": our_runtime,
    "awslambdaric": awslambdaric,
    "AWS's emulator": emulator,
    "AWS's emulator, many at once": emulator_of_many,
}


async def serving(gateway):
    server = Server(gateway)
    await server.start()
    return server


def over_http(port, request):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    target = f"{request.path}?{request.query}" if request.query else request.path
    connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in request.headers:
        connection.putheader(name, value.encode("latin-1"))
    try:
        connection.endheaders(request.body or None)
        answer = connection.getresponse()
        headers = tuple((name.lower(), value) for name, value in answer.getheaders())
        return Response(answer.status, headers, [answer.read()])
    finally:
        connection.close()


@contextmanager
def loop_in_a_thread():
    """A function that waits for a coroutine, run by an event loop in another thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield lambda work: asyncio.run_coroutine_threadsafe(work, loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def running(target, wait_for, command=ADAPTER):
    async def made():
        folder = os.getcwd()
        os.chdir(FOLDER)
        try:
            pool = pool_of([*command, target], target, size=1, log=lambda line: None)
            await pool.warm_up()
        finally:
            os.chdir(folder)
        return pool

    pool = wait_for(made())
    try:
        yield pool
    finally:
        wait_for(pool.stop())
