"""IAM policies that authorizers answer with: whether they allow one request.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

A Deny that applies wins over any Allow. A `Condition` is taken for true.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..events import _gateway
from .stages import place_of

if TYPE_CHECKING:
    from ..config import API
    from .visit import Visit

ALLOWED, DENIED, UNTOLD = "allowed", "denied", "untold"
ACTION = "execute-api:Invoke"


def arn_of(visit: Visit, api: API) -> str:
    """A request as policies name it: …:api/stage/METHOD/path."""
    region = os.environ.get("AWS_REGION", "us-east-1")
    place = place_of(api, visit.request.path)
    unnamed = "local" if api.kind == "rest_api" else "$default"  # as its events have it
    stage = (place.stage if place else "") or api.stage or unnamed
    path = place.path.lstrip("/") if place else ""
    prefix = f"arn:aws:execute-api:{region}:{_gateway.ACCOUNT}:{_gateway.API}"
    return f"{prefix}/{stage}/{visit.request.method}/{path}"


def decide(document: Any, arn: str) -> str:
    """ALLOWED, DENIED, or UNTOLD if no statement applies. Raises ValueError for no policy."""
    effects = {effect for effect, applies in _statements(document, arn) if applies}
    return DENIED if "Deny" in effects else ALLOWED if "Allow" in effects else UNTOLD


def _statements(document: Any, arn: str) -> list[tuple[str, bool]]:
    statements = document.get("Statement") if isinstance(document, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list):
        raise ValueError("its policyDocument has no list of Statement")
    return [_applied(statement, arn) for statement in statements]


def _applied(statement: Any, arn: str) -> tuple[str, bool]:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise ValueError("a Statement of its policy has no Effect of Allow or Deny")
    return statement["Effect"], _names(statement, "Action", ACTION, re.IGNORECASE) and _names(
        statement, "Resource", arn
    )


def _names(statement: dict[str, Any], key: str, value: str, flags: int = 0) -> bool:
    """Whether a statement's Action or Resource, or its NotAction or NotResource, fits."""
    for name, wanted in ((key, True), (f"Not{key}", False)):
        if name in statement:
            told = statement[name]
            patterns = told if isinstance(told, list) else [told]
            if not all(isinstance(pattern, str) for pattern in patterns):
                raise ValueError(f"the {name} of its policy is no text")
            return any(_pattern(pattern, flags).fullmatch(value) for pattern in patterns) is wanted
    raise ValueError(f"a Statement of its policy has no {key}")


@lru_cache(maxsize=1000)
def _pattern(text: str, flags: int) -> re.Pattern[str]:
    """`*` is any text, `?` any character."""
    plain = re.escape(text).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(plain, flags | re.DOTALL)
