"""Which of several media types a client wants, by its Accept header (RFC 9110, section 12.5.1)."""

import re

from starlette.requests import Request

HTML = "text/html"
JSON = "application/json"


def preferred(request: Request, *offers: str) -> str:
    """The offer the client wants most; the first one where it doesn't care."""
    accept = ",".join(request.headers.getlist("accept")) or "*/*"
    return max(offers, key=lambda offer: quality(accept, offer))


def quality(accept: str, media_type: str) -> float:
    ranges = dict(media_range(part) for part in accept.split(","))
    any_subtype = media_type.partition("/")[0] + "/*"
    wanted = (ranges[name] for name in (media_type, any_subtype, "*/*") if name in ranges)
    return next(wanted, 0.0)


def media_range(part: str) -> tuple[str, float]:
    name, _, parameters = part.partition(";")
    weight = re.search(r"\bq=([01](?:\.[0-9]{0,3})?)", parameters)
    return name.strip().lower(), float(weight[1]) if weight else 1.0
