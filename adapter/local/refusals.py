"""What each front end answers by itself, in AWS's words.

https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway-errors.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
docs/reference/front-ends.md says which of it was seen, and which was taken for plausible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..message import Response

if TYPE_CHECKING:
    from .visit import Visit

JSON, TEXT, HTML = "application/json", "text/plain", "text/html"


@dataclass(frozen=True)
class Refusal:
    """An answer of the front end's own; `error` is its x-amzn-ErrorType."""

    status: int
    body: bytes
    error: str = ""
    media_type: str = JSON


def _alb(status: int, phrase: str) -> Refusal:
    title = f"{status} {phrase}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
    return Refusal(status, page.encode(), media_type=HTML)


# By what happened:
#   failed         the function failed, or its result is malformed
#   late           it took longer than the front end waits
#   head           a streamed answer has no head
#   large          the body is larger than the front end takes
#   payload        the event is larger than Lambda takes
#   headers, url   they are too large
#   stage, route   the URL has no such stage or mapping; no route takes the request
#   signature      the same, with an Authorization header that is no AWS signature
#   unauthorized   who asks was not told, or not believed
#   denied         an authorizer said no; `forbidden` if nothing that it said allows it
#   unauthorizable the authorizer failed, or its answer is malformed
#   key            no API key, or one that is not known
#   throttled      too many requests; `quota`: in this period
_REST = {
    "failed": Refusal(502, b'{"message": "Internal server error"}', "InternalServerErrorException"),
    "late": Refusal(
        504, b'{"message": "Endpoint request timed out"}', "InternalServerErrorException"
    ),
    "head": Refusal(500, b'{"message": "Internal server error"}', "InternalServerErrorException"),
    "large": Refusal(413, b"HTTP content length exceeded 10485760 bytes.", media_type=TEXT),
    "payload": Refusal(413, b'{"message": "Request Too Long"}', "RequestTooLargeException"),
    "headers": Refusal(431, b"HTTP header is larger than 10240 bytes.", media_type=TEXT),
    "url": Refusal(414, b'{"message":"Request URI too long"}', "RequestUriTooLongException"),
    "stage": Refusal(403, b'{"message":"Forbidden"}', "ForbiddenException"),
    "route": Refusal(
        403, b'{"message":"Missing Authentication Token"}', "MissingAuthenticationTokenException"
    ),
    "signature": Refusal(403, b"", "IncompleteSignatureException"),
    "unauthorized": Refusal(401, b'{"message":"Unauthorized"}', "UnauthorizedException"),
    "denied": Refusal(
        403,
        b'{"Message":"User is not authorized to access this resource with an explicit deny in an '
        b'identity-based policy"}',
        "AccessDeniedException",
    ),
    "forbidden": Refusal(
        403,
        b'{"Message":"User is not authorized to access this resource"}',
        "AccessDeniedException",
    ),
    "unauthorizable": Refusal(500, b'{"message":null}', "AuthorizerConfigurationException"),
    "key": Refusal(403, b'{"message":"Forbidden"}', "ForbiddenException"),
    "throttled": Refusal(429, b'{"message":"Too Many Requests"}', "TooManyRequestsException"),
    "quota": Refusal(429, b'{"message":"Limit Exceeded"}', "LimitExceededException"),
}
_FORBIDDEN = Refusal(403, b'{"message":"Forbidden"}')
_NOT_FOUND = Refusal(404, b'{"message":"Not Found"}')
_ERROR = Refusal(500, b'{"message":"Internal Server Error"}')
_HTTP = {
    "failed": _ERROR,  # not the 502 of that page: a recorded answer has it (aws-sam-cli#2590)
    "late": Refusal(503, b'{"message":"Service Unavailable"}'),
    "large": Refusal(413, b'{"message":"Request Entity Too Large"}'),
    "payload": Refusal(413, b'{"message":"Request Entity Too Large"}'),
    "headers": Refusal(431, b'{"message":"Request Header Fields Too Large"}'),
    "stage": _NOT_FOUND,
    "route": _NOT_FOUND,
    # Without a Content-Type, as the recorded ones have it.
    "unauthorized": Refusal(401, b'{"message":"Unauthorized"}', media_type=""),
    "url": Refusal(414, b'{"message":"Request URI Too Long"}'),
    "denied": _FORBIDDEN,
    "forbidden": _FORBIDDEN,
    "unauthorizable": _ERROR,
    "throttled": Refusal(429, b'{"message":"Too Many Requests"}'),
}
_URL = {
    "failed": Refusal(502, b"Internal Server Error"),
    "late": Refusal(504, b"Gateway Timeout"),
    "head": Refusal(502, b"Internal Server Error"),
    "large": Refusal(413, b"Request Entity Too Large"),
    "payload": Refusal(413, b"Request Entity Too Large"),
    "route": Refusal(404, b"Not Found"),  # no function has this URL
    "throttled": Refusal(429, b'{"message":"Rate Exceeded."}', "TooManyRequestsException"),
}
_ALB = {
    "failed": _alb(502, "Bad Gateway"),
    "late": _alb(504, "Gateway Time-out"),
    "large": _alb(413, "Request Entity Too Large"),
    "payload": _alb(413, "Request Entity Too Large"),
    "headers": _alb(400, "Bad Request"),
    "url": _alb(414, "Request-URI Too Large"),
    "route": _alb(404, "Not Found"),
    "throttled": _alb(503, "Service Temporarily Unavailable"),
}
REFUSALS = {
    "rest_api": _REST,
    "http_api": _HTTP,
    "http_api_v1": _HTTP,
    "function_url": _URL,
    "alb": _ALB,
    "alb_multi": _ALB,
}


class Refused(Response):
    """A response of the front end's, and not the function's."""

    __slots__ = ()


def refuse(
    visit: Visit, case: str, reason: str, *headers: tuple[str, str], body: bytes = b""
) -> Refused:
    """The front end's own answer, with `headers` besides; `reason` tells the developer why."""
    refusal = REFUSALS[visit.kind][case]
    visit.reason = reason
    told = [("content-type", refusal.media_type), ("x-amzn-errortype", refusal.error)]
    named = tuple(pair for pair in told if pair[1])
    return Refused(refusal.status, (*named, *headers), [body or refusal.body])
