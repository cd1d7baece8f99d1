"""Lambda authorizers: a function of the project's says who may pass.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html

Answers are kept by the values of the identity sources alone, for all routes with this authorizer:
a policy that names one route is kept, and denies another.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import TYPE_CHECKING, Any

from ..config import ConfigError
from ..events import KINDS
from . import identity, policy
from .completion import USAGE_KEY, complete
from .headers import arriving
from .refusals import refuse
from .stages import at_place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..config import API, LambdaAuthorizer
    from ..message import Response
    from .invocation import Outcome
    from .visit import Visit
    from .workers import Pool

_PATIENCE_S = {"rest_api": 29.0}  # an HTTP API waits for 10 s
_KEPT = 1000
_ARN_LIMIT = 1600
_UNNAMED = {"token": ("method.request.header.Authorization",)}


class Gate:
    """One Lambda authorizer, with the answers it has given."""

    def __init__(
        self,
        authorizer: LambdaAuthorizer,
        functions: Mapping[str, Pool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._authorizer = authorizer
        self._functions = functions
        told = authorizer.identity or _UNNAMED.get(authorizer.kind, ())
        self._sources = [identity.source_of(source) for source in told]
        self._pattern = _compiled(authorizer.pattern)
        self._clock = clock
        self._answers: dict[tuple[str, ...], tuple[float, dict[str, Any]]] = {}

    async def refusal(self, visit: Visit, api: API) -> Response | None:
        values = identity.values(self._sources, visit, api)
        if values is None:
            wanted = ", ".join(self._authorizer.identity) or _UNNAMED["token"][0]
            return refuse(visit, "unauthorized", f"the request has not all of: {wanted}")
        if self._pattern is not None and not self._pattern.fullmatch(values[0]):
            reason = f"the token does not match {self._authorizer.pattern!r}"
            return refuse(visit, "unauthorized", reason)
        arn = policy.arn_of(visit, api)
        if len(arn) > _ARN_LIMIT:
            return refuse(visit, "url", f"the method's ARN has over {_ARN_LIMIT} bytes")
        answer = self._kept(values)
        if answer is None:
            told = await self._ask(visit, api, values, arn)
            if not isinstance(told, dict):
                return told
            answer = told
        return self._judged(visit, answer, arn, values)

    def _kept(self, values: tuple[str, ...]) -> dict[str, Any] | None:
        until, answer = self._answers.get(values, (0.0, None))
        return answer if until > self._clock() else None

    async def _ask(
        self, visit: Visit, api: API, values: tuple[str, ...], arn: str
    ) -> dict[str, Any] | Response:
        """What the function answers; or the front end, if it failed."""
        event = self._event(visit, api, values, arn)
        name = self._authorizer.function
        invocation = self._functions[name].begin(json.dumps(event).encode())
        asked = invocation.outcome
        await asyncio.wait({asked}, timeout=_PATIENCE_S.get(visit.kind, 10.0))
        if invocation.paused:  # in a debugger: there time stands still
            await asyncio.wait({asked})
        if not asked.done():
            return refuse(visit, "unauthorizable", f"the authorizer {name} took too long")
        outcome = await asked.result().whole()
        if not outcome.failed:
            return _object(visit, name, outcome)
        if _message(outcome) == "Unauthorized":
            return refuse(visit, "unauthorized", f"the authorizer {name} raised Unauthorized")
        return refuse(visit, "unauthorizable", f"the authorizer {name} failed: {outcome}")

    def _event(self, visit: Visit, api: API, values: tuple[str, ...], arn: str) -> dict[str, Any]:
        if self._authorizer.kind == "token":
            return {"type": "TOKEN", "methodArn": arn, "authorizationToken": values[0]}
        if visit.kind == "rest_api":
            return {"type": "REQUEST", "methodArn": arn, **_request(visit, api, "rest_api")}
        if self._authorizer.payload == "2.0":
            told = {"type": "REQUEST", "routeArn": arn, "identitySource": list(values) or None}
            return {"version": "2.0", **told, **_request(visit, api, "http_api")}
        joined = ",".join(values) or None
        told = {"type": "REQUEST", "methodArn": arn, "identitySource": joined}
        told["authorizationToken"] = joined
        return {"version": "1.0", **told, **_request(visit, api, "http_api_v1")}

    def _judged(
        self, visit: Visit, answer: dict[str, Any], arn: str, values: tuple[str, ...]
    ) -> Response | None:
        name = self._authorizer.function
        try:
            decision = self._decision(visit, answer, arn)
            part = event_part(visit.kind, answer)
        except ValueError as error:
            reason = f"the answer of the authorizer {name} is malformed: {error}"
            return refuse(visit, "unauthorizable", reason)
        self._keep(values, answer)
        if decision == policy.ALLOWED:
            visit.authorizer = part
            return None
        if decision == policy.DENIED:
            return refuse(visit, "denied", f"the authorizer {name} says no")
        reason = f"nothing in the policy of the authorizer {name} allows {arn}"
        return refuse(visit, "forbidden", reason)

    def _decision(self, visit: Visit, answer: dict[str, Any], arn: str) -> str:
        """Raises ValueError."""
        rest = visit.kind == "rest_api"
        if self._authorizer.simple and self._authorizer.payload == "2.0" and not rest:
            if not isinstance(answer.get("isAuthorized"), bool):
                raise ValueError("it has no isAuthorized of true or false")
            return policy.ALLOWED if answer["isAuthorized"] else policy.DENIED
        if rest and not isinstance(answer.get("principalId"), str):
            raise ValueError("it has no principalId")
        return policy.decide(answer.get("policyDocument"), arn)

    def _keep(self, values: tuple[str, ...], answer: dict[str, Any]) -> None:
        if self._authorizer.ttl <= 0 or not values or self._kept(values) is not None:
            return
        if len(self._answers) >= _KEPT:
            self._answers.clear()
        self._answers[values] = (self._clock() + self._authorizer.ttl, answer)


def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern) if pattern else None
    except re.error as error:
        raise ConfigError(f"the authorizer's pattern {pattern!r} is none: {error}") from None


def _request(visit: Visit, api: API, kind: str) -> dict[str, Any]:
    """The request's event, without its body."""
    request = arriving(at_place(api, visit.request), visit)
    request.body = b""
    event = complete(KINDS[kind].encode_request(request), visit, api, kind)
    for name in ("version", "body", "isBase64Encoded"):
        event.pop(name, None)
    return event


def _object(visit: Visit, name: str, outcome: Outcome) -> dict[str, Any] | Response:
    try:
        answer = json.loads(outcome.body)
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict):
        return answer
    reason = f"the authorizer {name} answered {outcome.body[:80]!r}, which is no JSON object"
    return refuse(visit, "unauthorizable", reason)


def _message(outcome: Outcome) -> str:
    """What was raised."""
    try:
        document = json.loads(outcome.body)
    except (ValueError, RecursionError):
        return ""
    return str(document.get("errorMessage")) if isinstance(document, dict) else ""


def event_part(kind: str, answer: dict[str, Any]) -> dict[str, Any]:
    """The event's requestContext.authorizer. Raises ValueError."""
    context = answer.get("context")
    if not isinstance(context, dict | None):
        raise ValueError("its context is no object")
    if kind == "http_api":
        return {"lambda": context}
    told = {name: _as_text(name, value) for name, value in (context or {}).items()}
    usage = {USAGE_KEY: answer[USAGE_KEY]} if isinstance(answer.get(USAGE_KEY), str) else {}
    return {"principalId": answer.get("principalId"), "integrationLatency": 0, **told, **usage}


def _as_text(name: str, value: Any) -> str:
    """A REST API's context has texts; it refuses lists and objects."""
    if isinstance(value, dict | list):
        raise ValueError(f"its context's {name} is no text, number or boolean")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if value is not None else "null"
