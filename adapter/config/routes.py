"""The front ends' names and what each has; the keys of routes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import Route
from .node import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .node import Node

HTTP = ("http_api", "http_api_v1")
REST = ("rest_api",)
STAGED = (*HTTP, *REST, "websocket")
WITH_CORS = (*HTTP, "function_url")
STREAMING = ("rest_api", "function_url")
KINDS = (
    *HTTP,
    *REST,
    "function_url",
    "alb",
    "alb_multi",
    "vpc_lattice",
    "vpc_lattice_v2",
    "lambda_edge",
    "websocket",
)
"""As in adapter.events.KINDS, which this floor can't import, and "websocket"."""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY")
# Of a route's longest wait, in seconds: HTTP APIs 30, WebSocket APIs 29; REST APIs 29, which can be
# raised, and 900 where they stream.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
# https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
LEAST_WAIT = 0.05
LONGEST_WAIT = {"http_api": 30.0, "http_api_v1": 30.0, "rest_api": 900.0, "websocket": 29.0}

# What a front end without a choice of routes sends to its one function. A REST API has no $default.
EVERYTHING = {
    "rest_api": ("ANY /", "ANY /{proxy+}"),
    "websocket": ("$connect", "$disconnect", "$default"),
}

_PARAMETER = re.compile(r"\{[\w.:-]+\+?\}")
_NAME = re.compile(r"\{[^}]*\}")


def to(function: str, kind: str) -> tuple[Route, ...]:
    """The routes by which everything goes to one function."""
    return tuple(Route(key, function) for key in EVERYTHING.get(kind, ("$default",)))


def checked(key: str, kind: str, node: Node) -> str:
    """The key of a route, which stands at `node`. Raises ConfigError for one that is none."""
    wrong = _wrong(key, kind)
    if wrong:
        raise node.error(wrong)
    return key


def _wrong(key: str, kind: str) -> str:
    if kind == "websocket":
        return _wrong_name(key)
    if kind not in STAGED:
        only = f'{kind} has one route, "$default": everything goes to one function'
        return "" if key == "$default" else only
    if key == "$default":
        return (
            "" if kind in HTTP else 'a REST API has no $default: write "ANY /" and "ANY /{proxy+}"'
        )
    method, space, path = key.partition(" ")
    if not space:
        return f'{key!r:.60} is no route: write "GET /path", "ANY /path" or "$default"'
    if method not in METHODS:
        return f"there is no method {method!r:.20}{nearest(method, METHODS)}"
    return _wrong_path(path)


def _wrong_name(key: str) -> str:
    if not key or any(letter.isspace() for letter in key):
        return f"{key!r:.60} is no route of a WebSocket API: a name without spaces is"
    if key.startswith("$") and key not in EVERYTHING["websocket"]:
        return f"there is no route {key!r:.60}{nearest(key, EVERYTHING['websocket'])}"
    return ""


def _wrong_path(path: str) -> str:
    segments = path.split("/")
    names = [segment.strip("{+}") for segment in segments if segment.startswith("{")]
    if segments[0] or len(segments) < 2 or path != path.strip() or set("?#") & set(path):
        return f"{path!r:.60} is no path: it begins with /, and has no query"
    if any(set("{}") & set(part) and not _PARAMETER.fullmatch(part) for part in segments):
        return f"{path!r:.60} is no path: a parameter is a whole segment, as {{name}} or {{name+}}"
    if any(segment.endswith("+}") for segment in segments[:-1]):
        return f"{path!r:.60} is no path: only its last segment may be a {{name+}}"
    if len(set(names)) < len(names):
        return f"{path!r:.60} is no path: two of its parameters have one name"
    return ""


def unique(routes: Iterable[tuple[Route, Node]]) -> tuple[Route, ...]:
    """The routes. Raises ConfigError for two that match the same requests."""
    found: dict[str, Route] = {}
    for route, node in routes:
        shape = _NAME.sub(lambda name: "{+}" if name[0].endswith("+}") else "{}", route.key)
        if shape in found:
            raise node.error(f"{route.key} is there twice: as {found[shape].key} before; keep one")
        found[shape] = route
    return tuple(found.values())
