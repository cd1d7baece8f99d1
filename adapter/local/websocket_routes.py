"""Which route of a WebSocket API a message takes.

https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ..config import ConfigError, Route

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..config import API

CONNECT, DISCONNECT, DEFAULT = "$connect", "$disconnect", "$default"

_PLAIN = re.compile(r"(?!\.+$)[A-Za-z0-9_.-]{1,128}")


class Routes:
    """The routes of an API, each of which leads to one of `functions`. Raises ConfigError.

    An API whose routes nobody has named has $connect, $disconnect, $default and every name that a
    message may select: whatever the app has a route for is found then, and what it has none for is
    a 404 in its log. There is no second try with $default after that: a 404 may also be the app's
    own answer, and one message would be two invocations, which it never is on AWS.
    """

    def __init__(self, api: API, functions: Collection[str]) -> None:
        self._all = not api.routes
        named = api.routes or [
            Route(key, next(iter(functions))) for key in (CONNECT, DISCONNECT, DEFAULT)
        ]
        self._routes = {route.key: route for route in named}
        self._parts = _parts(api.route_selection)
        for route in named:
            if route.function not in functions:
                raise ConfigError(
                    f"the route {route.key} leads to {route.function!r}, which is no function of "
                    f"the project; there is: {', '.join(functions)}"
                )

    def get(self, key: str) -> Route | None:
        return self._routes.get(key)

    def of(self, message: str) -> Route | None:
        """The route of a message: the one it selects, else $default, else none.

        No message takes $connect or $disconnect: a client could play a part that is not its own.
        """
        key = self._key_of(message)
        if key is not None and key not in (CONNECT, DISCONNECT):
            found = self._routes.get(key)
            if found is not None:
                return found
            if self._all and _PLAIN.fullmatch(key):
                return Route(key, self._routes[DEFAULT].function)
        return self._routes.get(DEFAULT)

    def _key_of(self, message: str) -> str | None:
        """What the selection expression makes of it; None where it can't be evaluated."""
        try:
            body = json.loads(message)
        except (ValueError, RecursionError):
            return None
        found = [part if isinstance(part, str) else _found(body, part) for part in self._parts]
        return None if None in found else "".join(map(str, found))


def _found(value: Any, path: tuple[str | int, ...]) -> str | None:
    """The text, number or boolean at the path; None for anything else."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | int | float) else None


_PIECE = re.compile(
    r"""([^$\\]+|\\(?!\$))                             # text
    |(\\\$)                                          # an escaped dollar
    |\$\{request\.body\.([^{}]+)\}                   # ${request.body.a.b}
    |\$request\.body\.([\w-]+(?:\.[\w-]+|\[\d+\])*)  # $request.body.a.b""",
    re.VERBOSE | re.ASCII,
)
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def _parts(expression: str) -> list[str | tuple[str | int, ...]]:
    """'$request.body.a-x' → [('a-x',)]; '${request.body.a.b}-x' → [('a', 'b'), '-x']"""
    parts: list[str | tuple[str | int, ...]] = []
    for literal, dollar, braced, plain in _PIECE.findall(expression):
        parts.append(_steps(braced or plain) if braced or plain else dollar[1:] or literal)
    if "$" in _PIECE.sub("", expression) or all(isinstance(part, str) for part in parts):
        raise ConfigError(
            f"the route selection expression {expression!r} can't be evaluated for a message: it "
            "is of the form $request.body.action, or ${request.body.action}"
        )
    return parts


def _steps(path: str) -> tuple[str | int, ...]:
    return tuple(int(index) if index else name for index, name in _STEP.findall(path))
