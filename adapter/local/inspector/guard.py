"""Who may use the inspector: the page itself, and programs on this machine; no other web page.

It shows what was sent to the app and sends requests itself. A page of some other site in the
developer's browser can reach a port of this machine as well, so it is told apart by what browsers
say of a request and no script can change: Host, Origin and Sec-Fetch-Site.

https://www.w3.org/TR/fetch-metadata/
https://owasp.org/www-community/attacks/DNS_Rebinding
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import Message, Scope, Send

# No script but ours, none inline, no markup from text; no other site in it nor around it.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "cache-control": "no-cache",
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Of every answer; one with a policy of its own keeps that."""

FOREIGN_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
"""For bytes that are the app's: opened on their own they have no origin and run nothing."""

_NAME_AND_PORT = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::[0-9]*)?")


def refusal(scope: Scope, hosts: Collection[str]) -> str:
    """Why this request is not answered; "" if it is."""
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    if not is_ours(host, hosts):
        return (
            f"The inspector doesn't answer at the name {host[:100]!r}, which another site may have "
            "given to this machine. Open it at localhost, at an IP address, or at the name that "
            "adapter dev --host was given."
        )
    return _cross_site(scope["method"], host, headers)


def is_ours(host: str, hosts: Collection[str]) -> bool:
    """Whether a Host header names this machine in a way that nobody else's DNS can.

    `hosts` are names that the user has chosen.
    """
    found = _NAME_AND_PORT.fullmatch(host)
    name = found[1].strip("[]").lower().rstrip(".") if found else ""
    if name == "localhost" or name.endswith(".localhost") or name in hosts:
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _cross_site(method: str, host: str, headers: Headers) -> str:
    site = headers.get("sec-fetch-site", "")
    mine = ("same-origin", "none", "") if method in ("GET", "HEAD") else ("same-origin", "")
    opened = method == "GET" and headers.get("sec-fetch-mode") == "navigate"
    if site not in mine and not opened:
        return "This request comes from another site's page."
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != host:
        return "This request comes from another site's page."
    if method == "POST" and _media_type(headers) != "application/json":
        return "The inspector takes application/json alone."
    return ""


def _media_type(headers: Headers) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def guarded(send: Send) -> Send:
    """The same with HEADERS on what goes out."""

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            sent = list(message["headers"])
            names = {name for name, _ in sent}
            told = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            message = {**message, "headers": sent + [it for it in told if it[0] not in names]}
        await send(message)

    return with_headers
