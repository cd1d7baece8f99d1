"""The access log: one line for each request, when it is over."""

from __future__ import annotations

import logging
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .exchange import Exchange

_LOGGER = logging.getLogger("adapter.access")
if _LOGGER.level == logging.NOTSET:  # whoever asks for it wants to see it
    _LOGGER.setLevel(logging.INFO)


class AccessLine:
    """The line of a request that begins now."""

    def __init__(self, *, cold: bool) -> None:
        self._cold = cold
        self._began = time.perf_counter()

    def write(self, exchange: Exchange) -> None:
        """`GET /path 200 12.3 ms cold`, and the same as fields of the record."""
        request, response = exchange.request, exchange.response
        fields = {
            "method": request.method if request else "",
            "path": request.path if request else "",
            "status": response.status if response else 500,
            "duration_ms": round((time.perf_counter() - self._began) * 1000, 1),
            "cold": self._cold,
        }
        start = "cold" if self._cold else "warm"
        _LOGGER.info("%s %s %d %.1f ms %s", *list(fields.values())[:4], start, extra=fields)
