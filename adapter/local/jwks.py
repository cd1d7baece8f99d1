"""The public keys of an issuer: a JWK set of a file, of a URL, or the one its metadata names.

https://datatracker.ietf.org/doc/html/rfc7517#section-5
https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig

The limits are API Gateway's,
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
"""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt

if TYPE_CHECKING:
    from ..config import JWTAuthorizer

TIMEOUT_S = 1.5
LIMIT = 150_000
KEPT_S = 7200.0  # API Gateway keeps keys for up to two hours
_AGAIN_S = 10.0  # between two attempts at a key that is not there


class KeysError(Exception):
    """The keys can't be had; the text says from where, and why."""


class Keys:
    """The keys of one authorizer, read when they are first needed.

    Anew when the file changes, after two hours, and for a key that is not among them.
    """

    def __init__(self, authorizer: JWTAuthorizer) -> None:
        self._issuer = authorizer.issuer
        self._source = authorizer.keys
        self._keys: dict[str, jwt.PyJWK] = {}
        self._version: object = None
        self._read = 0.0
        self._lock = asyncio.Lock()

    async def key(self, kid: str) -> jwt.PyJWK:
        """Raises KeysError, also for a key that the issuer does not have."""
        async with self._lock:
            if self._is_old(kid):
                self._version = self._version_of_file()
                self._keys = _keys_in(await asyncio.to_thread(self._document))
                self._read = time.monotonic()
        if kid in self._keys:
            return self._keys[kid]
        raise KeysError(
            f"the issuer has no key {kid!r:.80}; it has {', '.join(self._keys) or 'none'}"
        )

    def _is_old(self, kid: str) -> bool:
        age = time.monotonic() - self._read if self._read else KEPT_S
        unknown = kid not in self._keys and age >= _AGAIN_S
        return age >= KEPT_S or unknown or self._version != self._version_of_file()

    def _version_of_file(self) -> object:
        if not self._source or _is_url(self._source):
            return None
        try:
            return Path(self._source).stat().st_mtime_ns
        except OSError:
            return None

    def _document(self) -> Any:
        if self._source and not _is_url(self._source):
            return _file(Path(self._source))
        return _fetched(self._source or self._discovered())

    def _discovered(self) -> str:
        url = self._issuer.rstrip("/") + "/.well-known/openid-configuration"
        found = _fetched(url)
        uri = found.get("jwks_uri") if isinstance(found, dict) else None
        if not isinstance(uri, str) or not _is_url(uri):
            raise KeysError(f"{url} names no jwks_uri")
        return uri


def _is_url(source: str) -> bool:
    return source.startswith(("http://", "https://"))


def _file(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise KeysError(f"can't read the JWK set in {path}: {error}") from None


def _fetched(url: str) -> Any:
    if not _is_url(url):
        raise KeysError(f"{url} is no http or https URL, so there are no keys of it")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response:
            data = response.read(LIMIT + 1)
    except (OSError, ValueError) as error:
        raise KeysError(f"can't fetch {url}: {error}") from None
    if len(data) > LIMIT:
        raise KeysError(f"{url} has over {LIMIT:,} bytes")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise KeysError(f"{url} is no JSON: {error}") from None


def _keys_in(document: Any) -> dict[str, jwt.PyJWK]:
    """The set's RSA keys by their ids; those of other kinds API Gateway has no use for."""
    told = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(told, list):
        raise KeysError("the JWK set has no list of keys")
    found = {}
    for key in told:
        if isinstance(key, dict) and isinstance(key.get("kid"), str) and key.get("kty") == "RSA":
            try:
                found[key["kid"]] = jwt.PyJWK(key, algorithm=key.get("alg") or "RS256")
            except (jwt.PyJWTError, ValueError, TypeError):
                continue
    return found
