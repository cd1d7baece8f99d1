"""The Lambda authorizer of a WebSocket API's $connect: a function that says who is let in.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html

It is asked once, with the whole handshake; what it tells of the client is in every event of the
connection. Answers are not kept.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

from ..config import ConfigError, LambdaAuthorizer
from ..events import _gateway
from ..message import Response
from . import identity, policy
from .authorizers import event_part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..config import API
    from .visit import Visit
    from .workers import Pool

    # An answer of the front end's own: to this visit, for this reason, with this status.
    Refuse = Callable[[Visit, str, int], Response]

_PATIENCE_S = 29.0


class Gate:
    """What is asked before $connect is. Raises ConfigError for what can't be asked."""

    def __init__(self, api: API, name: str, functions: Mapping[str, Pool], refuse: Refuse) -> None:
        told = api.authorizers.get(name)
        if not isinstance(told, LambdaAuthorizer) or told.function not in functions:
            raise ConfigError(
                f"$connect is to ask the authorizer {name!r}, which is no function of the project; "
                "a WebSocket API has Lambda authorizers only"
            )
        self._api = api
        self._function = functions[told.function]
        self._name = told.function
        self._identity = told.identity
        # route.request.header.X, where a REST API says method.request.header.X
        sources = [expression.removeprefix("route.") for expression in told.identity]
        self._sources = [identity.source_of(source) for source in sources]
        self._refuse = refuse

    async def refusal(self, visit: Visit) -> Response | None:
        """None lets the client in. `visit.event` is the CONNECT event."""
        if identity.values(self._sources, visit, self._api) is None:
            wanted = ", ".join(self._identity)
            return self._refuse(visit, f"the handshake has not all of: {wanted}", 401)
        arn = arn_of(visit.event)
        answer = await self._asked(visit, {"type": "REQUEST", "methodArn": arn, **visit.event})
        if isinstance(answer, Response):
            return answer
        try:
            allowed = policy.decide(answer.get("policyDocument"), arn) == policy.ALLOWED
            part = event_part("websocket", answer)
        except ValueError as error:
            return self._refuse(visit, f"the answer of {self._name} is malformed: {error}", 500)
        if not allowed:
            return self._refuse(visit, f"the authorizer {self._name} does not allow {arn}", 403)
        visit.authorizer = part
        return None

    async def _asked(self, visit: Visit, event: dict[str, Any]) -> dict[str, Any] | Response:
        asked = self._function.begin(json.dumps(event, separators=(",", ":")).encode())
        try:
            async with asyncio.timeout(_PATIENCE_S):
                outcome = await asked.result()
        except TimeoutError:
            return self._refuse(visit, f"the authorizer {self._name} took too long", 500)
        answer = _object(outcome.body)
        if outcome.failed and answer.get("errorMessage") == "Unauthorized":
            return self._refuse(visit, f"the authorizer {self._name} raised Unauthorized", 401)
        if outcome.failed or not answer:
            return self._refuse(visit, f"the authorizer {self._name} gave no policy", 500)
        return answer


def arn_of(event: dict[str, Any]) -> str:
    """A handshake as policies name it: …:api/stage/$connect."""
    region = os.environ.get("AWS_REGION", "us-east-1")
    stage = event["requestContext"]["stage"]
    prefix = f"arn:aws:execute-api:{region}:{_gateway.ACCOUNT}:{_gateway.API}"
    return f"{prefix}/{stage}/$connect"


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
