"""The cases: recorded events, standard ones with a small change (the traps that at least one peer
falls into), and every kind of answer to the standard event of every front end."""

from dataclasses import dataclass
from typing import Any

from cases import HTTP, KIND_NAMES, asking, edge, merged, recorded, standard
from differential.answers import ANSWERS, HELLO, Answer


@dataclass(frozen=True, eq=False)
class Case:
    """One event, and what the app answers to it; `kind` is '' for an event that is not HTTP."""

    name: str
    kind: str
    event: Any
    answer: Answer = HELLO
    base_path: str = ""
    with_request: bool = True


EXECUTE_API = "abc123.execute-api.us-east-1.amazonaws.com"
FORWARDED = {
    "x-forwarded-for": "192.0.2.1",
    "x-forwarded-port": "443",
    "x-forwarded-proto": "https",
}
POSTED = {"httpMethod": "POST", "body": "a=1"}


def usual(kind, **changes):
    """The standard event with the headers that API Gateway, function URLs and ALB always add."""
    event = standard(kind)
    if kind in ("vpc_lattice", "vpc_lattice_v2", "lambda_edge"):
        return merged(event, changes)
    if "headers" in event:
        event["headers"].update(FORWARDED)
    if "multiValueHeaders" in event:
        event["multiValueHeaders"].update({name: [value] for name, value in FORWARDED.items()})
    return merged(event, changes)


def changed(kind, name, **changes):
    return Case(f"{kind}/{name}", kind, usual(kind, **changes))


def rest(name, **changes):
    return changed("rest_api", name, **changes)


def rest_path(name, path, base_path=""):
    event = usual("rest_api", path=path, requestContext={"path": path})
    return Case(f"rest_api/{name}", "rest_api", event, base_path=base_path)


def rest_headers(name, headers, **changes):
    """More headers: every value in one map, the last of each in the other, as AWS has them."""
    last = {key: values[-1] for key, values in headers.items()}
    return rest(name, headers=last, multiValueHeaders=headers, **changes)


def rest_query(name, **query):
    many = {key: [value] for key, value in query.items()}
    return rest(name, queryStringParameters=query, multiValueQueryStringParameters=many)


def http(name, **changes):
    return changed("http_api", name, **changes)


def http_path(name, path):
    return http(name, rawPath=path, requestContext={"http": {"path": path}})


def alb(name, **changes):
    return changed("alb", name, **changes)


def function_url(name, **changes):
    return changed("function_url", name, **changes)


def lambda_edge(name, **changes):
    return Case(f"lambda_edge/{name}", "lambda_edge", edge(**changes))


def other(name, event):
    return Case(f"not_http/{name}", "", event)


PATHS = [
    function_url(
        "percent_in_path", rawPath="/a%2520b", requestContext={"http": {"path": "/a%20b"}}
    ),
    http_path("percent_in_path", "/100%25"),
    http_path("space_in_path", "/a b"),
    http_path("path_not_ascii", "/日"),
    http_path("path_is_empty", ""),
    changed("http_api_v1", "percent_in_path", path="/100%25", requestContext={"path": "/100%25"}),
    rest_path("path_not_utf8", "/%FF"),
    rest_path("path_with_slashes", "/a//b/"),
    rest_path("proxy_parameter", "/api/hello"),
    alb("path_is_encoded", path="/a%20b"),
    alb("path_is_empty", path=""),
    lambda_edge("path_is_encoded", uri="/a%20b"),
]
STAGES = [
    rest_headers(
        "stage",
        {"Host": [EXECUTE_API]},
        path="/x",
        requestContext={"path": "/prod/x", "domainName": EXECUTE_API},
    ),
    http("default_stage", headers={"host": EXECUTE_API}),
    http(
        "named_stage",
        rawPath="/prod/x",
        headers={"host": EXECUTE_API},
        requestContext={"stage": "prod", "http": {"path": "/prod/x"}},
    ),
    alb("host_of_aws", headers={"host": "a-1.us-east-1.elb.amazonaws.com"}),
    rest_path("base_path", "/base/hello", "/base"),
    rest_path("base_path_alone", "/base", "/base"),
    rest_path("base_path_is_no_prefix", "/basement/x", "/base"),
]
QUERIES = [
    alb("query_lone_percent", queryStringParameters={"p": "100%"}),
    alb("query_not_utf8", queryStringParameters={"p": "%FF"}),
    alb("query_space", queryStringParameters={"p": "a%20b"}),
    rest_query("query_space", p="a b"),
    rest_query("query_no_value", p=""),
    http("query_as_sent", rawQueryString="p=a%20b&q=%ff&p"),
]
HEADERS = [
    rest_headers("two_cookie_lines", {"Cookie": ["a=1", "b=2"]}),
    rest_headers("repeated_header", {"x": ["first", "second"]}),
    rest_headers(
        "underscore_in_name",
        {"X-User-Id": ["true"], "X_User_Id": ["made up"]},
    ),
    rest_headers("value_not_ascii", {"x-name": ["日"]}),
    rest("no_content_length", **POSTED),
    http("cookie_in_header_only", headers={"cookie": "a=1; b=2"}),
    http("cookies_null", cookies=None),
    http("two_cookies", cookies=["a=1", "b=2"]),
    http("comma_in_content_type", headers={"content-type": 'multipart/form-data; boundary="a,b"'}),
    http("host_ipv6", headers={"host": "[::1]:8080", "x-forwarded-port": ...}),
    http("host_with_port", headers={"host": "api.example.com:8443", "x-forwarded-port": ...}),
    http("forwarded_port_twice", headers={"x-forwarded-port": "443, 80"}),
    http("forwarded_proto_twice", headers={"x-forwarded-proto": "https, http"}),
    lambda_edge(
        "repeated_header", headers={"x": [{"key": "x", "value": "1"}, {"key": "x", "value": "2"}]}
    ),
    function_url("cookies_twice", cookies=["a=1", "b=2"], headers={"cookie": "a=1; b=2"}),
]
PEERS_OF_THE_CONNECTION = [
    alb("forwarded_for_two", headers={"x-forwarded-for": "198.51.100.1, 203.0.113.7"}),
    alb("forwarded_for_ipv6_port", headers={"x-forwarded-for": "[2001:db8::7]:51000"}),
    rest_headers(
        "forwarded_for_of_client",
        {"x-forwarded-for": ["198.51.100.1, 192.0.2.1"]},
    ),
    rest("user", requestContext={"authorizer": {"principalId": "someone"}}),
    http("user", requestContext={"authorizer": {"jwt": {"claims": {"sub": "someone"}}}}),
]
NULLS = [
    rest("context_null", requestContext=None),
    rest("identity_null", requestContext={"identity": None}),
    http("headers_null", headers=None),
    http("authorizer_null", requestContext={"authorizer": None}),
    http("no_query", rawQueryString=...),
    http("body_null", body=None, isBase64Encoded=True),
    http("body_not_base64", body="%%%", isBase64Encoded=True),
]
NOT_HTTP = [
    other("empty", {}),
    other("sqs", recorded("sqs__two_records")),
    other("schedule", recorded("schedule__cloudwatch_rule")),
    other("websocket", recorded("websocket__connect_with_query")),
    other("edge_response", recorded("lambda_edge_response__viewer_response")),
]
TRAPS = [*PATHS, *STAGES, *QUERIES, *HEADERS, *PEERS_OF_THE_CONNECTION, *NULLS, *NOT_HTTP]
STANDARD = [changed(kind, "standard") for kind in KIND_NAMES]


def recorded_case(name):
    event = recorded(name)
    kind = name.partition("__")[0]
    multi = kind == "alb" and "multiValueHeaders" in event
    return Case(name, "alb_multi" if multi else kind, event)


def answer_case(kind, answer):
    """The request is the standard one, which is compared once, in STANDARD."""
    name = f"{kind} -> {answer.name}"
    return Case(name, kind, asking(kind, answer.method), answer, with_request=False)


RECORDED = [recorded_case(name) for name in HTTP]
ANSWERED = [
    answer_case(kind, answer)
    for kind in KIND_NAMES
    for answer in ANSWERS
    if kind in (answer.kinds or KIND_NAMES)
]
CASES = [*STANDARD, *RECORDED, *TRAPS, *ANSWERED]
