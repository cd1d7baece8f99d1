"""What a front end asks before it asks a function, as functions in a row.

What an API is not set to is not in the row: a request pays for what is.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from ..config import ConfigError, JWTAuthorizer, LambdaAuthorizer
from ..events import STAGED
from ..message import Response
from . import authorizers, cors, limits, stages, throttle
from .headers import value_of
from .refusals import refuse
from .routes import matcher
from .visit import Visit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..config import API, Authorizer
    from .workers import Pool

    Gate = Callable[[Visit, API], Awaitable[Response | None]]

Check = Callable[[Visit], Awaitable[Response | None]]
"""Gives the front end's own answer, or None to let the request pass."""


def checks_of(api: API, functions: Mapping[str, Pool]) -> tuple[Check, ...]:
    """In the order in which they are asked. Raises ConfigError."""
    _check_names(api, functions)
    checks = [_at_once(limits.refusal)]
    if api.kind in STAGED and (api.stage or api.base_paths):
        checks.append(_at_once(lambda visit: stages.refusal(api, visit)))
    checks.append(_at_once(_router(api, functions)))
    if api.throttle is not None:
        checks.append(_at_once(throttle.Stage(api.throttle).refusal))
    if api.kind in STAGED and any(route.authorizer for route in api.routes):
        checks.append(_authorizer(api, functions))
    if api.kind == "rest_api" and any(route.api_key for route in api.routes):
        checks.append(_at_once(throttle.Keys(api).refusal))
    told = cors.of(api)
    if told is not None:
        checks.append(_at_once(lambda visit: cors.preflight(told, visit)))
    return tuple(checks)


def _check_names(api: API, functions: Mapping[str, Pool]) -> None:
    """Raises ConfigError for a route to a function, or with an authorizer, that is not there."""
    wanted = {route.function: f"the route {route.key!r}" for route in api.routes}
    for name, authorizer in api.authorizers.items():
        if isinstance(authorizer, LambdaAuthorizer):
            wanted[authorizer.function] = f"the authorizer {name!r}"
        elif api.kind == "rest_api":
            raise ConfigError(f"the authorizer {name!r} is a JWT authorizer: REST APIs have none")
    for function, who in wanted.items():
        if function not in functions:
            known = ", ".join(functions)
            raise ConfigError(f"{who} wants the function {function!r}; there are: {known}")
    for route in api.routes:
        if route.authorizer and route.authorizer not in api.authorizers:
            known = ", ".join(api.authorizers) or "none"
            raise ConfigError(
                f"the route {route.key!r} wants the authorizer {route.authorizer!r}; there are: "
                f"{known}"
            )


def _at_once(refusal: Callable[[Visit], Response | None]) -> Check:
    """What need not wait."""

    async def check(visit: Visit) -> Response | None:
        return refusal(visit)

    return check


def _router(api: API, functions: Mapping[str, Pool]) -> Callable[[Visit], Response | None]:
    match = matcher(api, functions)
    preflights = cors.of(api) is not None

    def route(visit: Visit) -> Response | None:
        request = visit.request
        place = stages.place_of(api, request.path)
        found = match(request.method, place.path if place else request.path)
        if found is not None:
            visit.route, visit.parameters = found
            visit.function = visit.route.function
            return None
        return None if preflights and cors.is_preflight(request) else _unrouted(visit)

    return route


def _unrouted(visit: Visit) -> Response:
    method, path = visit.request.method, visit.request.path
    reason = f"no route takes {method} {path}"
    told = value_of(visit.request.headers, "authorization")
    if visit.kind != "rest_api" or not told:
        return refuse(visit, "route", reason)
    # API Gateway then takes the header for an AWS signature:
    # https://github.com/amazon-archives/aws-cognito-angular-quickstart/issues/50
    digest = b64encode(hashlib.sha256(told.encode("latin-1", "replace")).digest()).decode()
    message = (
        "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 "
        f"and encoded with Base64): '{digest}'."
    )
    return refuse(visit, "signature", reason, body=b'{"message":"%s"}' % message.encode())


def _authorizer(api: API, functions: Mapping[str, Pool]) -> Check:
    gates = {name: _gate(told, functions) for name, told in api.authorizers.items()}

    async def check(visit: Visit) -> Response | None:
        if visit.route is None or not visit.route.authorizer:
            return None
        return await gates[visit.route.authorizer](visit, api)

    return check


def _gate(authorizer: Authorizer, functions: Mapping[str, Pool]) -> Gate:
    if isinstance(authorizer, JWTAuthorizer):
        from .jwks import Keys  # PyJWT and cryptography, for those alone who need them
        from .jwt import Gate

        return Gate(authorizer, Keys(authorizer)).refusal
    return authorizers.Gate(authorizer, functions).refusal
