"""Any Flask or Starlette app, unchanged, on AWS Lambda behind API Gateway.

    from adapter import Handler

    handler = Handler(app)

The names below are loaded when they are first used (PEP 562), so that a WSGI function never
imports asyncio.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .asgi import ASGI
    from .errors import AdapterError, AppError, EventError
    from .handler import Handler
    from .message import Request, Response
    from .wsgi import WSGI

__version__ = "0.1.0"
__all__ = [
    "ASGI",
    "WSGI",
    "AdapterError",
    "AppError",
    "EventError",
    "Handler",
    "Request",
    "Response",
]

_HOME = {
    "ASGI": "asgi",
    "WSGI": "wsgi",
    "AdapterError": "errors",
    "AppError": "errors",
    "EventError": "errors",
    "Handler": "handler",
    "Request": "message",
    "Response": "message",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'adapter' has no attribute {name!r}")
    module = __import__(f"adapter.{_HOME[name]}", fromlist=[name])
    value: object = getattr(module, name)
    globals()[name] = value
    return value
