"""JWT authorizers of HTTP APIs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-jwt.html

The words of `error_description` are API Gateway's where a recorded answer has them: an expired
token, a wrong audience, a signing method. Those are golang-jwt's, and so are the others here.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import jwt

from . import identity
from .jwks import KeysError
from .refusals import refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..config import API, JWTAuthorizer
    from ..message import Response
    from .jwks import Keys
    from .visit import Visit

ALGORITHMS = ("RS256", "RS384", "RS512")
"""Only RSA: API Gateway says of another one that it is invalid."""

# What a client can send that PyJWT and json don't take: no JWT, no UTF-8, nested too deep.
_UNREADABLE = (jwt.PyJWTError, ValueError, RecursionError)


class TokenError(Exception):
    """A token that is not accepted; the text is the answer's error_description."""


class Gate:
    """One JWT authorizer: who asks must have a token of its issuer's."""

    def __init__(
        self, authorizer: JWTAuthorizer, keys: Keys, clock: Callable[[], float] = time.time
    ) -> None:
        self._authorizer = authorizer
        self._keys = keys
        self._source = identity.source_of(authorizer.identity)
        self._clock = clock

    async def refusal(self, visit: Visit, api: API) -> Response | None:
        scopes = visit.route.scopes if visit.route else ()
        token = _bare(self._source(visit, api))
        if not token:
            reason = f"there is no token in {self._authorizer.identity}"
            return refuse(visit, "unauthorized", reason, ("www-authenticate", "Bearer"))
        try:
            claims = await self._claims(token)
        except TokenError as error:
            told = _challenge("invalid_token", str(error), scopes)
            return refuse(visit, "unauthorized", str(error), told)
        held = scopes_of(claims)
        matched = [scope for scope in held if scope in scopes]
        if scopes and not matched:
            words = "the token does not have a required scope"
            reason = f"{words}: the route wants one of {', '.join(scopes)}, it has {held}"
            told = _challenge("insufficient_scope", words, scopes)
            return refuse(visit, "forbidden", reason, told)
        visit.authorizer = event_part(visit.kind, claims, matched if scopes else None)
        return None

    async def _claims(self, token: str) -> dict[str, Any]:
        """What a token says. Raises TokenError."""
        algorithm, kid = _head_of(token)
        try:
            key = await self._keys.key(kid)
        except KeysError as error:
            raise TokenError(str(error)) from None
        try:
            payload = jwt.PyJWS().decode(token, key.key, algorithms=[algorithm])
        except jwt.InvalidSignatureError:
            raise TokenError("crypto/rsa: verification error") from None
        except (*_UNREADABLE, TypeError) as error:
            raise TokenError(f"the token can't be read: {_one_line(error)}") from None
        claims = _object(payload)
        self._check(claims)
        return claims

    def _check(self, claims: dict[str, Any]) -> None:
        """Raises TokenError."""
        if claims.get("iss") != self._authorizer.issuer:
            raise TokenError("the token does not have a valid issuer")
        told = claims["aud"] if "aud" in claims else claims.get("client_id")
        audiences = told if isinstance(told, list) else [told]
        if not any(audience in self._authorizer.audience for audience in audiences):
            raise TokenError("the token does not have a valid audience")
        now = self._clock()
        if not _is_number(claims.get("exp")) or claims["exp"] <= now:
            raise TokenError("the token has expired")
        for name, words in (("nbf", "token is not valid yet"), ("iat", "token used before issued")):
            if name in claims and not (_is_number(claims[name]) and claims[name] <= now):
                raise TokenError(words)


def _bare(value: str) -> str:
    scheme, space, rest = value.strip().partition(" ")
    return rest.strip() if space and scheme.lower() == "bearer" else value.strip()


def _head_of(token: str) -> tuple[str, str]:
    """(algorithm, key id). Raises TokenError."""
    if token.count(".") != 2:
        raise TokenError("token contains an invalid number of segments")
    try:
        head = jwt.get_unverified_header(token)
    except _UNREADABLE as error:
        raise TokenError(f"the token can't be read: {_one_line(error)}") from None
    algorithm, kid = head.get("alg"), head.get("kid")
    if algorithm not in ALGORITHMS:
        raise TokenError(f"signing method {_one_line(algorithm)} is invalid")
    if not isinstance(kid, str):
        raise TokenError("the token does not name its key: kid")
    return algorithm, kid


def _object(payload: bytes) -> dict[str, Any]:
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise TokenError(f"the token can't be read: {_one_line(error)}") from None
    if not isinstance(claims, dict):
        raise TokenError("the token's claims are no object")
    return claims


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _one_line(value: object) -> str:
    """Text of a client's that a header can carry: printable ASCII, no quotes, not long."""
    text = str(value).encode("ascii", "replace").decode()
    return "".join([c if c.isprintable() and c not in '"\\' else "?" for c in text])[:100]


def _challenge(error: str, words: str, scopes: tuple[str, ...]) -> tuple[str, str]:
    """RFC 6750, 3, without the commas: API Gateway has none."""
    scope, description = " ".join(scopes), _one_line(words)
    told = f'Bearer scope="{scope}" error="{error}" error_description="{description}"'
    return "www-authenticate", told


def scopes_of(claims: dict[str, Any]) -> list[str]:
    """Those of `scope`, or else of `scp`: text with spaces between, or a list."""
    told = claims.get("scope") or claims.get("scp") or []
    return told.split() if isinstance(told, str) else [str(scope) for scope in _list(told)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def event_part(kind: str, claims: dict[str, Any], scopes: list[str] | None) -> dict[str, Any]:
    """The event's requestContext.authorizer."""
    jwt_part = {
        "claims": {name: go_text(value) for name, value in claims.items()},
        "scopes": scopes,
    }
    return jwt_part if kind == "http_api_v1" else {"jwt": jwt_part}


def go_text(value: Any) -> str:
    """A claim as text, as Go prints it: a list of groups arrives as '[admin users]'."""
    if isinstance(value, list):
        return f"[{' '.join(map(go_text, value))}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{name}:{go_text(value[name])}' for name in sorted(value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "<nil>" if value is None else str(value)
