"""Lambda events in the sizes that AWS sends: a browser's GET, and a binary upload.

They follow AWS's documentation, not the adapter's codecs, so that no codec is timed on an event
of its own making.
"""

from __future__ import annotations

import base64
import random

KINDS = ("http_api", "rest_api", "alb")
NAMES = {"http_api": "HTTP API 2.0", "rest_api": "REST API", "alb": "ALB"}
QUERY = {"page": "2", "sort": "name"}
UPLOAD_TYPE = "application/octet-stream"

# A load balancer refuses more than 1 MB of JSON, of request and of result alike; in base64 that
# leaves 3/4 of it.
UPLOAD_SIZES = {"http_api": 1 << 20, "rest_api": 1 << 20, "alb": 700 << 10}

_HOST = "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"
_URL = "x7y8z9a0b1c2d3e4f5g6h7i8j9k0l1m2.lambda-url.eu-central-1.on.aws"
_PEER = "198.51.100.23"
_AGENT = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Safari/605.1.15"
)
_COOKIES = ["session=7f9c2ba4e88f827d616045507605853e", "theme=dark"]


class Context:
    """The part of Lambda's context object that apps look at."""

    aws_request_id = "2f6c1c5e-7f0b-4e0a-9d0e-0a4c1b1f7d3a"
    function_name = "benchmark"
    function_version = "$LATEST"
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:benchmark"
    memory_limit_in_mb = "1769"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


def upload_body(kind: str) -> bytes:
    """The same bytes in every run; they are no UTF-8."""
    return random.Random(2026).randbytes(UPLOAD_SIZES[kind])


def hello(kind: str) -> dict:
    """GET /hello?page=2&sort=name"""
    return get(kind, "/hello")


def get(kind: str, path: str) -> dict:
    """GET `path`, with the same headers and query"""
    return _MAKERS[kind]("GET", path, None)


def function_url(path: str) -> dict:
    """GET `path` by way of a function URL"""
    event = get("http_api", path)
    event["requestContext"]["domainName"] = event["headers"]["host"] = _URL
    event["requestContext"]["domainPrefix"] = _URL.partition(".")[0]
    return event


def upload(kind: str) -> dict:
    """POST /echo with a binary body"""
    return _MAKERS[kind]("POST", "/echo", upload_body(kind))


def _headers(body: bytes | None) -> dict[str, str]:
    headers = {
        "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "Accept-Encoding": "gzip, deflate, br",
        "Accept-Language": "en-GB,en;q=0.9",
        "Host": _HOST,
        "Referer": f"https://{_HOST}/",
        "Sec-Fetch-Dest": "document",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Site": "same-origin",
        "User-Agent": _AGENT,
        "X-Amzn-Trace-Id": "Root=1-6920b2f1-3c7f0a1d2e4b5c6d7e8f9a0b",
        "X-Forwarded-For": _PEER,
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    }
    if body is not None:
        headers["Content-Type"] = UPLOAD_TYPE
    return headers


def _text(body: bytes | None) -> str | None:
    return None if body is None else base64.b64encode(body).decode("ascii")


def _http_api(method: str, path: str, body: bytes | None) -> dict:
    headers = {name.lower(): value for name, value in _headers(body).items()}
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "&".join(f"{name}={value}" for name, value in QUERY.items()),
        "cookies": list(_COOKIES),
        "headers": headers,
        "queryStringParameters": dict(QUERY),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": _HOST.partition(".")[0],
            "domainName": _HOST,
            "domainPrefix": _HOST.partition(".")[0],
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": _PEER,
                "userAgent": _AGENT,
            },
            "requestId": "UX3kViFqliAEJ0A=",
            "routeKey": "$default",
            "stage": "$default",
            "time": "21/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1795262400000,
        },
        "isBase64Encoded": body is not None,
    }
    if body is not None:
        headers["content-length"] = str(len(body))
        event["body"] = _text(body)
    return event


def _rest_api(method: str, path: str, body: bytes | None) -> dict:
    headers = _headers(body) | {"Cookie": "; ".join(_COOKIES)}
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": dict(QUERY),
        "multiValueQueryStringParameters": {name: [value] for name, value in QUERY.items()},
        "pathParameters": {"proxy": path[1:]},
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": _HOST.partition(".")[0],
            "domainName": _HOST,
            "domainPrefix": _HOST.partition(".")[0],
            "extendedRequestId": "UX3kVHhJliAFvRw=",
            "httpMethod": method,
            "identity": {
                "accessKey": None,
                "accountId": None,
                "caller": None,
                "cognitoIdentityId": None,
                "sourceIp": _PEER,
                "user": None,
                "userAgent": _AGENT,
                "userArn": None,
            },
            "path": f"/prod{path}",
            "protocol": "HTTP/1.1",
            "requestId": "0f7a3c52-6a38-4e58-9f2b-5b6d0f0f7f10",
            "requestTime": "21/Nov/2026:12:00:00 +0000",
            "requestTimeEpoch": 1795262400000,
            "resourceId": "k3m9xq",
            "resourcePath": "/{proxy+}",
            "stage": "prod",
        },
        "body": _text(body),
        "isBase64Encoded": body is not None,
    }


def _alb(method: str, path: str, body: bytes | None) -> dict:
    headers = {name.lower(): value for name, value in _headers(body).items()}
    headers["host"] = "benchmark-1234567890.eu-central-1.elb.amazonaws.com"
    headers["cookie"] = "; ".join(_COOKIES)
    if body is not None:
        headers["content-length"] = str(len(body))
    group = "targetgroup/benchmark/6d0ecf831eec9f09"
    return {
        "requestContext": {
            "elb": {
                "targetGroupArn": f"arn:aws:elasticloadbalancing:eu-central-1:123456789012:{group}"
            }
        },
        "httpMethod": method,
        "path": path,
        "queryStringParameters": dict(QUERY),
        "headers": headers,
        "body": _text(body) or "",
        "isBase64Encoded": body is not None,
    }


_MAKERS = {"http_api": _http_api, "rest_api": _rest_api, "alb": _alb}
