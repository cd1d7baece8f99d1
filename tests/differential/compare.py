"""Every case through each peer and through us, and what came out differently."""

import asyncio
import json
import logging
import os
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cache
from io import StringIO

import serverless_wsgi
from apig_wsgi import make_lambda_handler
from mangum import Mangum

from adapter import ASGI, WSGI, Handler
from adapter.errors import ResultError
from adapter.events import KINDS
from differential.echo import asgi_echo, wsgi_echo
from differential.events import CASES


@dataclass(frozen=True)
class Difference:
    peer: str
    case: str
    field: str
    theirs: str
    ours: str


# The adapters, each as function(answer, seen, base_path, event) → result


def through_mangum(answer, seen, base_path, event):
    with a_loop():
        return Mangum(asgi_echo(answer, seen), api_gateway_base_path=base_path)(event, None)


@contextmanager
def a_loop():
    """Mangum takes the thread's current loop, or makes one that nobody closes."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def through_apig_wsgi(answer, seen, base_path, event):
    return make_lambda_handler(wsgi_echo(answer, seen))(event, None)


def through_serverless_wsgi(answer, seen, base_path, event):
    quiet = redirect_stdout(StringIO())  # it prints that a warm-up came
    with quiet, environment(API_GATEWAY_BASE_PATH=base_path.strip("/")):
        return serverless_wsgi.handle_request(wsgi_echo(answer, seen), event, None)


def through_our_asgi(answer, seen, base_path, event):
    with Handler(ASGI(asgi_echo(answer, seen)), base_path=base_path) as handler:
        return handler(event, None)


def through_our_wsgi(answer, seen, base_path, event):
    return Handler(WSGI(wsgi_echo(answer, seen)), base_path=base_path)(event, None)


PEERS = {
    "mangum": (through_mangum, through_our_asgi),
    "apig-wsgi": (through_apig_wsgi, through_our_wsgi),
    "serverless-wsgi": (through_serverless_wsgi, through_our_wsgi),
}

LATTICE = ("vpc_lattice", "vpc_lattice_v2")
UNKNOWN = {  # the front ends that a peer does not know: what an app answers there tells nothing
    "mangum": LATTICE,
    "apig-wsgi": (*LATTICE, "lambda_edge"),
    "serverless-wsgi": (*LATTICE, "lambda_edge"),
}


@contextmanager
def environment(**values):
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


# What the app saw, and what the result means for a client


@cache
def observed(through, case):
    """(the fields of the request, those of the answer); either is None if it never came."""
    seen = {}
    try:
        result = through(case.answer, seen, case.base_path, json.loads(json.dumps(case.event)))
        answer = meaning(case.kind, json.loads(json.dumps(result)))
    except Exception as error:
        answer = {"outcome": f"raises {type(error).__name__}: {error}"}
    answer["closed"] = seen.get("closed", False)
    return seen.get("request"), answer


def meaning(kind, result):
    if not kind:
        return {"outcome": f"returns {result!r}"}
    try:
        response = KINDS[kind].decode_response(result)
    except ResultError as error:
        return {"outcome": f"502: {error}"}
    headers = {}
    for name, value in response.headers:
        headers.setdefault(f"answer header {name}", []).append(value)
    encoded = result.get("isBase64Encoded", result.get("bodyEncoding") == "base64")
    body = b"".join(response.body)
    return {"outcome": str(response.status), "answer body": body, "base64": encoded, **headers}


# The differences


@cache
def differences():
    """All of them, in the order of the cases."""
    logging.disable(logging.CRITICAL)  # the mishaps of the app, which both sides log
    try:
        return [*of_lifespan(), *of_cases()]
    finally:
        logging.disable(logging.NOTSET)


def of_cases():
    for peer, (theirs, ours) in PEERS.items():
        for case in CASES:
            if case.kind in UNKNOWN[peer] and not case.with_request:
                continue
            yield from between(peer, case, observed(theirs, case), observed(ours, case))


def of_lifespan():
    """How often the app is started when three requests come."""
    ours, theirs = {}, {}
    events = [json.loads(json.dumps(CASES[0].event)) for _ in range(3)]
    with Handler(ASGI(asgi_echo(CASES[0].answer, ours))) as handler:
        [handler(event, None) for event in events]
    with a_loop():
        handler = Mangum(asgi_echo(CASES[0].answer, theirs))
        [handler(event, None) for event in events]
    counted = [str(seen["lifespan"].count("lifespan.startup")) for seen in (theirs, ours)]
    yield Difference("mangum", "three requests", "startups", *counted)


def between(peer, case, theirs, ours):
    """The fields that differ; where one side has no request or no answer, that is all."""
    pairs = [(theirs[1], ours[1])]
    if case.with_request and theirs[0] and ours[0]:
        pairs.insert(0, (theirs[0], ours[0]))
    for their, our in pairs:
        names = list(dict.fromkeys([*our, *their]))
        if their.get("outcome") != our.get("outcome"):
            names = ["outcome"]
        for name in names:
            if their.get(name) != our.get(name):
                yield Difference(peer, case.name, name, shown(their, name), shown(our, name))


def shown(fields, name):
    value = fields.get(name)
    if value is None:
        return "absent"
    if isinstance(value, bytes):
        return shortened(repr(value)[1:])
    if name == "outcome":
        return shortened(value)
    return shortened(printable(json.dumps(value, ensure_ascii=False)))


def printable(text):
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def shortened(text):
    return text if len(text) <= 80 else f"{text[:77]}..."


if __name__ == "__main__":
    for found in differences():
        print(found.peer, found.field, found.case, found.theirs, found.ours, sep="\t")
