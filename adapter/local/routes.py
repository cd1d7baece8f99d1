"""Which route takes a request, and with which path parameters.

HTTP APIs, https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html:
each route by itself, the most specific first; `$default` takes what is left.

REST APIs look for the resource first, which is a path; if that has no such method, and no ANY,
nothing else is tried. A trailing slash and doubled leading ones don't count, and parameters stay
as they were sent (LocalStack's snapshots of AWS, tests/aws/services/apigateway).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..config import ConfigError, Route
from ..percent import bytes_to_text, unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ..config import API

    Parameters = dict[str, str]
    Match = Callable[[str, str], tuple[Route, Parameters] | None]

_REST_ANY = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_STATIC, _PARAMETER, _GREEDY = range(3)


@dataclass(frozen=True)
class Pattern:
    """A route's path in its segments: what each is, and its text or its parameter's name."""

    route: Route
    kinds: tuple[int, ...]
    names: tuple[str, ...]

    @property
    def order(self) -> tuple[bool, tuple[int, ...], bool]:
        """The more specific one is less: without a greedy variable, static earlier, no ANY."""
        return _GREEDY in self.kinds, self.kinds, self.route.method == "ANY"

    @property
    def beginning(self) -> str | None:
        """The first segment, if that is static."""
        return self.names[0] if self.kinds and self.kinds[0] == _STATIC else None

    def match(self, segments: list[str], told: list[str]) -> Parameters | None:
        """The parameters out of `told`, or None if `segments` are another path's."""
        greedy = _GREEDY in self.kinds
        fixed = len(self.kinds) - greedy
        if len(segments) < len(self.kinds) or (len(segments) > fixed and not greedy):
            return None
        found: Parameters = {}
        for index, (kind, name) in enumerate(zip(self.kinds[:fixed], self.names, strict=False)):
            if kind == _PARAMETER and segments[index]:
                found[name] = told[index]
            elif kind == _PARAMETER or name != segments[index]:
                return None
        if greedy:
            found[self.names[-1]] = "/".join(told[fixed:])
        return found if not greedy or found[self.names[-1]] else None


def pattern_of(route: Route) -> Pattern:
    """Raises ConfigError for a path that API Gateway refuses."""
    if not route.path.startswith("/"):
        raise ConfigError(f"the route {route.key!r} has no path: write 'GET /users/{{id}}'")
    pieces = route.path.split("/")[1:] if route.path != "/" else []
    kinds, names = [], []
    for index, piece in enumerate(pieces):
        name = piece[1:-1] if piece.startswith("{") and piece.endswith("}") else ""
        if name.endswith("+") and index < len(pieces) - 1:
            raise ConfigError(
                f"the route {route.key!r} goes on after {piece}, which takes the rest"
            )
        kinds.append(_STATIC if not name else _GREEDY if name.endswith("+") else _PARAMETER)
        names.append(name.rstrip("+") or piece)
    return Pattern(route, tuple(kinds), tuple(names))


def matcher(api: API, functions: Iterable[str]) -> Match:
    """What finds a route for a method and a percent-encoded path. Raises ConfigError.

    Without routes the only function has everything, if the API isn't closed, and of several none
    has anything.
    """
    rest = api.kind == "rest_api"
    routes = api.routes
    if not routes and not api.closed:
        routes = _everything(tuple(functions), rest=rest)
    return rest_matcher(routes) if rest else http_matcher(routes)


def _everything(functions: tuple[str, ...], *, rest: bool) -> tuple[Route, ...]:
    if len(functions) != 1:
        return ()
    keys = ("ANY /", "ANY /{proxy+}") if rest else ("$default",)
    return tuple(Route(key, functions[0]) for key in keys)


def http_matcher(routes: Iterable[Route]) -> Match:
    default = next((route for route in routes if route.key == "$default"), None)
    patterns = _by_beginning(route for route in routes if route.key != "$default")

    def match(method: str, path: str) -> tuple[Route, Parameters] | None:
        segments = _segments(bytes_to_text(unquote(path)))
        for pattern in patterns(segments):
            if pattern.route.method in (method, "ANY"):
                found = pattern.match(segments, segments)
                if found is not None:
                    return pattern.route, found
        return (default, {}) if default else None

    return match


def rest_matcher(routes: Iterable[Route]) -> Match:
    routes = tuple(routes)
    patterns = _by_beginning(routes)
    methods: dict[str, dict[str, Route]] = {}
    for route in routes:
        methods.setdefault(route.path, {})[route.method] = route

    def match(method: str, path: str) -> tuple[Route, Parameters] | None:
        told = _segments("/" + path.strip("/"))
        segments = [bytes_to_text(unquote(segment)) for segment in told]
        for pattern in patterns(segments):
            found = pattern.match(segments, told)
            if found is not None:
                taken = _by_method(methods[pattern.route.path], method)
                return (taken, found) if taken else None
        return None

    return match


def _by_method(routes: Mapping[str, Route], method: str) -> Route | None:
    return routes.get(method) or (routes.get("ANY") if method in _REST_ANY else None)


def _by_beginning(routes: Iterable[Route]) -> Callable[[list[str]], list[Pattern]]:
    """What tells which patterns to try, in order: an API may have hundreds of routes."""
    patterns = sorted(map(pattern_of, routes), key=lambda pattern: pattern.order)
    open_ones = [pattern for pattern in patterns if pattern.beginning is None]
    by_name = {
        pattern.beginning: [p for p in patterns if p.beginning in (None, pattern.beginning)]
        for pattern in patterns
    }
    return lambda segments: by_name.get(segments[0] if segments else None, open_ones)


def _segments(path: str) -> list[str]:
    return path.split("/")[1:] if path != "/" else []
