"""What a browser shows while an app does not start: its last save broke it.

Programs get what AWS would answer. A person who looks at a page gets a page, which loads itself
again until the next save mends it.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from .invocation import Outcome

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="1">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{name} does not start</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 4rem auto; padding: 1rem }}
pre {{ font-size: 14px; white-space: pre-wrap; overflow-wrap: anywhere; padding: 1rem;
  border-left: 4px solid #d33; background: #8881 }}
</style>
</head>
<body>
<h1>{name} does not start</h1>
<pre>{reason}</pre>
<p>The traceback is in the terminal and in the <a href="{inspector}">inspector</a>.
This page comes back to yours after the next good save.</p>
</body>
</html>
"""


class Broken:
    """An ASGI app before another one: it answers navigations while a function can't start."""

    def __init__(self, otherwise: ASGIApp, inspector: str) -> None:
        self._otherwise = otherwise
        self._inspector = inspector
        self._reasons: dict[str, str] = {}

    def tell(self, function: str, outcome: Outcome | None) -> None:
        """It does not start, for this reason; or, with None, it does again."""
        if outcome is None:
            self._reasons.pop(function, None)
        else:
            self._reasons[function] = str(outcome)

    @property
    def reasons(self) -> str:
        """Of each function that does not start: its name and why; "" if all do."""
        return "\n\n".join(f"{name}: {reason}" for name, reason in self._reasons.items())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._reasons and _is_navigation(scope):
            name, reason = next(iter(self._reasons.items()))
            page = _PAGE.format(
                name=escape(name), reason=escape(reason), inspector=escape(self._inspector)
            )
            await HTMLResponse(page, 502, {"cache-control": "no-store"})(scope, receive, send)
            return
        await self._otherwise(scope, receive, send)


def _is_navigation(scope: Scope) -> bool:
    """https://www.w3.org/TR/fetch-metadata/#sec-fetch-mode-header; older ones ask for HTML."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    headers = Headers(scope=scope)
    mode = headers.get("sec-fetch-mode")
    return mode == "navigate" if mode else "text/html" in headers.get("accept", "")
