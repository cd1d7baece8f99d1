"""Events: the recorded ones by name, and a small standard one of every kind to change."""

import json
from pathlib import Path

from adapter.events import KINDS

EVENTS = Path(__file__).parent / "fixtures" / "events"
EXPECTED = EVENTS / "expected"
KIND_NAMES = list(KINDS)

NAMES = sorted(path.stem for path in EVENTS.glob("*.json"))
WEBSOCKET = [name for name in NAMES if name.startswith("websocket__")]
HTTP = [name for name in NAMES if (EXPECTED / f"{name}.json").exists() and name not in WEBSOCKET]
NOT_HTTP = [name for name in NAMES if name not in HTTP]


def recorded(name):
    """A recorded event, fresh, so that a test may change it."""
    return json.loads((EVENTS / f"{name}.json").read_text("utf-8"))


def reading_of(name):
    """What `expected/` says of it."""
    return json.loads((EXPECTED / f"{name}.json").read_text("utf-8"))


def standard(kind, **changes):
    """The smallest event that AWS could send for GET /, with `changes` in its fields.

    An object among the changes is merged into the one that is there, a `...` removes the field.
    """
    return merged(json.loads(json.dumps(_STANDARD[kind])), changes)


def merged(event, changes):
    for name, value in changes.items():
        if value is ...:
            event.pop(name, None)
        elif isinstance(value, dict) and isinstance(event.get(name), dict):
            event[name] = merged(event[name], value)
        else:
            event[name] = value
    return event


def asking(kind, method):
    """The standard event with another method, which each kind keeps elsewhere."""
    if kind in ("http_api", "function_url"):
        return standard(kind, requestContext={"http": {"method": method}})
    if kind in ("vpc_lattice", "vpc_lattice_v2"):
        return standard(kind, method=method)
    if kind == "lambda_edge":
        return edge(method=method)
    return standard(kind, httpMethod=method)


def edge(event_type="origin-request", **changes):
    """The Lambda@Edge event with changes in its `request`."""
    event = standard("lambda_edge")
    cf = event["Records"][0]["cf"]
    cf["config"]["eventType"] = event_type
    merged(cf["request"], changes)
    return event


_PROXY = {
    "resource": "/{proxy+}",
    "path": "/",
    "httpMethod": "GET",
    "headers": {"Host": "api.example.com"},
    "multiValueHeaders": {"Host": ["api.example.com"]},
    "queryStringParameters": None,
    "multiValueQueryStringParameters": None,
    "pathParameters": None,
    "stageVariables": None,
    "requestContext": {
        "domainName": "api.example.com",
        "path": "/",
        "protocol": "HTTP/1.1",
        "stage": "prod",
        "identity": {"sourceIp": "192.0.2.1"},
    },
    "body": None,
    "isBase64Encoded": False,
}
_VERSION_2 = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/",
    "rawQueryString": "",
    "headers": {"host": "api.example.com"},
    "requestContext": {
        "domainName": "api.example.com",
        "http": {
            "method": "GET",
            "path": "/",
            "protocol": "HTTP/1.1",
            "sourceIp": "192.0.2.1",
        },
        "stage": "$default",
    },
    "isBase64Encoded": False,
}
_TARGET = {
    "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x:1:targetgroup/a"}},
    "httpMethod": "GET",
    "path": "/",
    "body": "",
    "isBase64Encoded": False,
}
_FUNCTION_URL_HOST = "abc.lambda-url.us-west-2.on.aws"
_STANDARD = {
    "rest_api": _PROXY,
    "http_api_v1": {
        **_PROXY,
        "version": "1.0",
        "requestContext": {**_PROXY["requestContext"], "stage": "$default"},
    },
    "http_api": _VERSION_2,
    "function_url": {
        **_VERSION_2,
        "headers": {"host": _FUNCTION_URL_HOST},
        "requestContext": {**_VERSION_2["requestContext"], "domainName": _FUNCTION_URL_HOST},
    },
    "alb": {
        **_TARGET,
        "headers": {"host": "alb.example.com", "x-forwarded-for": "192.0.2.1"},
        "queryStringParameters": {},
    },
    "alb_multi": {
        **_TARGET,
        "multiValueHeaders": {"host": ["alb.example.com"], "x-forwarded-for": ["192.0.2.1"]},
        "multiValueQueryStringParameters": {},
    },
    "vpc_lattice": {
        "raw_path": "/",
        "method": "GET",
        "headers": {"host": "svc.example.com", "x-forwarded-for": "192.0.2.1"},
        "query_string_parameters": {},
        "body": "",
        "is_base64_encoded": False,
    },
    "vpc_lattice_v2": {
        "version": "2.0",
        "path": "/",
        "method": "GET",
        "headers": {"host": ["svc.example.com"], "x-forwarded-for": ["192.0.2.1"]},
        "queryStringParameters": {},
        "body": "",
        "isBase64Encoded": False,
        "requestContext": {"identity": {}},
    },
    "lambda_edge": {
        "Records": [
            {
                "cf": {
                    "config": {
                        "distributionDomainName": "d123.cloudfront.net",
                        "eventType": "origin-request",
                    },
                    "request": {
                        "clientIp": "192.0.2.1",
                        "headers": {"host": [{"key": "Host", "value": "d123.cloudfront.net"}]},
                        "method": "GET",
                        "querystring": "",
                        "uri": "/",
                    },
                }
            }
        ]
    },
}
