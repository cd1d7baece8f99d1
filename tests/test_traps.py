"""What at least one popular adapter gets wrong today, and the rules around it.

The ids name the trap; "trap 5" and "row 1b" are the numbers of the project's research notes. Every
case is a standard event with one change. Front ends differ in what they deliver, so the cases ask
the codec; where the two runners matter, the Handler.
"""

import json
import os
from base64 import b64decode

import pytest

from adapter import EventError, Handler, Request, Response
from adapter.events import KINDS, codec_of
from cases import KIND_NAMES, asking, edge, standard


def read(event):
    return codec_of(event).decode_request(event)


def scope_of(event, **options):
    """What an ASGI app behind a Handler sees."""
    seen = {}

    async def app(scope, receive, send):
        seen.update(scope)
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    Handler(app, **options)(event)
    return seen


def environ_of(event, **options):
    """What a WSGI app behind a Handler sees."""
    seen = {}

    def app(environ, start_response):
        seen.update(environ)
        start_response("200 OK", [])
        return []

    Handler(app, **options)(event)
    return seen


def written(kind, status=200, headers=(), body=b"", event=None):
    """The result for a response, as JSON carries it."""
    event = event or standard(kind)
    result = KINDS[kind].encode_response(Response(status, tuple(headers), [body]), event)
    return json.loads(json.dumps(result))


def values(request, name):
    return [value for key, value in request.headers if key == name]


# Path

DECODED = ("http_api", "http_api_v1")
PATH_FIELD = {
    "rest_api": "path", "http_api_v1": "path", "alb": "path", "alb_multi": "path",
    "http_api": "rawPath", "function_url": "rawPath",
    "vpc_lattice": "raw_path", "vpc_lattice_v2": "path",
}  # fmt: skip


def at(kind, path):
    """The standard event with `path` where its kind has the path."""
    if kind == "lambda_edge":
        return edge(uri=path)
    event = standard(kind, **{PATH_FIELD[kind]: path})
    if kind in ("rest_api", "http_api_v1"):
        event["requestContext"]["path"] = path
    return event


@pytest.mark.parametrize("kind", KIND_NAMES)
@pytest.mark.parametrize(
    ("told", "decoded_once", "not_decoded"),
    [
        pytest.param("/a%2520b", "/a%20b", "/a%2520b", id="trap 1, encoded percent"),
        pytest.param("/x%252Fy", "/x%2Fy", "/x%252Fy", id="trap 1, encoded slash, twice"),
        pytest.param("/100%25", "/100%", "/100%25", id="trap 2, percent"),
        pytest.param("/i/a%2Fb", "/i/a/b", "/i/a%2Fb", id="trap 4, encoded slash"),
        pytest.param("/100%", "/100%", "/100%", id="a lone percent"),
        pytest.param("/a%zzb", "/a%zzb", "/a%zzb", id="no hex digits"),
        pytest.param("/a+b;c=d,e", "/a+b;c=d,e", "/a+b;c=d,e", id="row 1b, sub-delims"),
        pytest.param("/a//b/", "/a//b/", "/a//b/", id="row 1b, slashes"),
        pytest.param("//a", "//a", "//a", id="row 1b, leading slashes"),
        pytest.param("/日", "/日", "/日", id="trap 3, raw non-ASCII"),
        pytest.param("", "/", "/", id="row 1b, empty"),
    ],
)
def test_a_path_is_decoded_as_often_as_its_front_end_encodes_it(
    kind, told, decoded_once, not_decoded
):
    right = not_decoded if kind in DECODED else decoded_once
    assert scope_of(at(kind, told))["path"] == right
    environ = environ_of(at(kind, told))
    assert environ["PATH_INFO"].encode("latin-1").decode() == right


@pytest.mark.parametrize("kind", [kind for kind in KIND_NAMES if kind not in DECODED])
def test_the_raw_path_is_what_the_client_sent(kind):  # trap 4
    assert scope_of(at(kind, "/i/a%2Fb%e9"))["raw_path"] == b"/i/a%2Fb%e9"
    environ = environ_of(at(kind, "/i/a%2Fb%e9"))
    assert environ["REQUEST_URI"] == environ["RAW_URI"] == "/i/a%2Fb%e9"


@pytest.mark.parametrize("kind", DECODED)
def test_the_raw_path_of_a_decoded_path_is_encoded_again(kind):  # trap 2, row 1b
    assert scope_of(at(kind, "/a b%/日"))["raw_path"] == b"/a%20b%25/%E6%97%A5"


def test_a_path_that_is_not_utf8():  # row 1b, /%FF
    event = standard("rest_api", path="/%FF")
    assert scope_of(event)["path"] == "/\ufffd"
    assert scope_of(event)["raw_path"] == b"/%FF"
    assert environ_of(event)["PATH_INFO"] == "/\xff"


def test_of_two_paths_in_a_function_url_event_the_raw_one_counts():  # trap 1, R5
    event = standard(
        "function_url",
        rawPath="/a%2520b/",
        requestContext={"http": {"path": "/a%20b"}},
    )
    assert read(event).path == "/a%2520b/"


@pytest.mark.parametrize("kind", ["http_api", "function_url"])
def test_without_a_raw_path_the_decoded_one_is_taken(kind):
    event = standard(kind, rawPath=..., requestContext={"http": {"path": "/a%20b c"}})
    assert read(event).path == "/a%2520b%20c"


@pytest.mark.parametrize("kind", ["rest_api", "http_api_v1"])
def test_the_path_counts_and_not_the_proxy_parameter(kind):  # trap 8, row 1c
    event = standard(
        kind,
        resource="/api/{proxy+}",
        path="/api/hello",
        pathParameters={"proxy": "hello"},
        requestContext={"path": "/api/hello"},
    )
    assert read(event).path == "/api/hello"


# Stage and base path

EXECUTE_API = "abc.execute-api.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("event", "root_path", "path"),
    [
        pytest.param(
            standard("rest_api", path="/x", requestContext={"path": "/prod/x"}),
            "/prod", "/prod/x", id="trap 6, REST, default domain",
        ),
        pytest.param(
            standard("rest_api", path="/", requestContext={"path": "/prod"}),
            "/prod", "/prod/", id="REST, the stage alone",
        ),
        pytest.param(
            standard("rest_api", path="/prod/x", requestContext={"path": "/prod/prod/x"}),
            "/prod", "/prod/prod/x", id="REST, a path that begins like the stage",
        ),
        pytest.param(
            standard("rest_api", path="/x", requestContext={"path": "//x"}),
            "", "/x", id="REST, a doubled slash that only the path has lost",
        ),
        pytest.param(
            standard("rest_api", path="/x", requestContext={"path": "/production/x"}),
            "", "/x", id="REST, a stage is a whole segment",
        ),
        pytest.param(
            standard("rest_api", path="/x", requestContext={"path": "/x"}),
            "", "/x", id="REST, custom domain",
        ),
        pytest.param(
            standard("rest_api", path="/prod/x", requestContext={"path": "/prod/x"}),
            "", "/prod/x", id="REST, custom domain, a path that begins like the stage",
        ),
        pytest.param(
            standard(
                "rest_api", path="/x",
                requestContext={"path": ..., "domainName": EXECUTE_API},
            ),
            "/prod", "/prod/x", id="REST, no requestContext.path, default domain by host",
        ),
        pytest.param(
            standard("rest_api", path="/x", requestContext={"path": ...}),
            "", "/x", id="REST, no requestContext.path, own host",
        ),
        pytest.param(
            standard(
                "rest_api", path="/shop/x",
                requestContext={"path": "/shop/x", "customDomain": {"basePathMatched": "shop"}},
            ),
            "/shop", "/shop/x", id="row 1c, REST, base path that the event tells",
        ),
        pytest.param(
            standard(
                "rest_api", path="/shopping/x",
                requestContext={"path": "/shopping/x", "customDomain": {"basePathMatched": "shop"}},
            ),
            "", "/shopping/x", id="trap 7, REST, base path is a whole segment",
        ),
        pytest.param(
            standard(
                "rest_api", path="/x",
                requestContext={"path": "/x", "customDomain": {"basePathMatched": "(none)"}},
            ),
            "", "/x", id="REST, a custom domain without a base path",
        ),
        pytest.param(
            standard("http_api", rawPath="/prod/x", requestContext={"stage": "prod"}),
            "/prod", "/prod/x", id="row 1c, HTTP API, named stage",
        ),
        pytest.param(
            standard("http_api", rawPath="/prod", requestContext={"stage": "prod"}),
            "/prod", "/prod", id="HTTP API, the stage alone",
        ),
        pytest.param(
            standard("http_api", rawPath="/production/x", requestContext={"stage": "prod"}),
            "", "/production/x", id="HTTP API, a stage is a whole segment",
        ),
        pytest.param(
            standard("http_api", rawPath="/x"),
            "", "/x", id="trap 6, HTTP API, $default",
        ),
        pytest.param(
            standard("http_api", rawPath="/$default/x"),
            "", "/$default/x", id="HTTP API, a path that says $default",
        ),
        pytest.param(
            standard("http_api_v1", path="/$default/x", requestContext={"path": "/$default/x"}),
            "", "/$default/x", id="payload 1.0, a path that says $default",
        ),
        pytest.param(
            standard(
                "http_api_v1", path="/prod/x",
                requestContext={"path": "/prod/x", "stage": "prod"},
            ),
            "/prod", "/prod/x", id="payload 1.0, named stage",
        ),
        pytest.param(
            standard("function_url", rawPath="/$default/x"),
            "", "/$default/x", id="function URL has no stage",
        ),
        pytest.param(
            standard("alb", path="/x", headers={"host": "a.us-east-1.elb.amazonaws.com"}),
            "", "/x", id="trap 6, ALB",
        ),
    ],
)  # fmt: skip
def test_the_stage_is_the_root_path_and_part_of_the_path(event, root_path, path):
    request = read(event)
    assert (request.root_path, request.path) == (root_path, path)


def test_asgi_and_wsgi_each_get_the_stage_their_own_way():  # trap 6
    event = standard("rest_api", path="/a%20b", requestContext={"path": "/prod/a%20b"})
    scope, environ = scope_of(event), environ_of(event)
    assert (scope["root_path"], scope["path"]) == ("/prod", "/prod/a b")
    assert scope["raw_path"] == b"/prod/a%20b"
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/prod", "/a b")
    assert environ["REQUEST_URI"] == "/prod/a%20b"


@pytest.mark.parametrize(
    ("base_path", "path", "script_name", "path_info"),
    [
        pytest.param("/base", "/base/x", "/base", "/x", id="plain"),
        pytest.param("base", "/base/x", "/base", "/x", id="row 1c, no slash"),
        pytest.param("/base/", "/base/x", "/base", "/x", id="row 1c, slashes"),
        pytest.param("/base", "/basement/x", "", "/basement/x", id="trap 7, whole segments"),
        pytest.param("/base", "/base/base/x", "/base", "/base/x", id="trap 7, once"),
        pytest.param("/base", "/base", "/base", "/", id="row 1c, nothing else"),
        pytest.param("/a/b", "/a/b/c", "/a/b", "/c", id="two segments"),
        pytest.param("/base", "/x/base", "", "/x/base", id="elsewhere"),
        pytest.param("/a b", "/a%20b/c", "/a b", "/c", id="one that needs encoding"),
        pytest.param("/", "/x", "", "/x", id="none"),
    ],
)
@pytest.mark.parametrize("kind", ["rest_api", "http_api", "function_url", "alb"])
def test_a_base_path_is_made_of_whole_segments(kind, base_path, path, script_name, path_info):
    event = at(kind, path.replace("%20", " ") if kind in DECODED else path)
    environ = environ_of(event, base_path=base_path)
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == (script_name, path_info)
    scope = scope_of(event, base_path=base_path)
    assert (scope["root_path"], scope["path"]) == (script_name, script_name + path_info) or (
        path_info == "/" and scope["path"] == script_name
    )


def test_a_base_path_stands_behind_a_stage():
    event = standard("rest_api", path="/base/x", requestContext={"path": "/prod/base/x"})
    environ = environ_of(event, base_path="/base")
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/prod/base", "/x")


def test_a_base_path_that_the_event_tells_counts_once():
    event = standard(
        "rest_api",
        path="/base/base/x",
        requestContext={"path": "/base/base/x", "customDomain": {"basePathMatched": "base"}},
    )
    environ = environ_of(event, base_path="/base")
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/base", "/base/x")


# Query


@pytest.mark.parametrize("kind", ["alb", "alb_multi"])
@pytest.mark.parametrize(
    "query",
    ["p=100%", "p=%FF", "p=a%20b", "p=a+b", "p=a%2Bb", "date%5Bfrom%5D=1", "p="],
)
def test_a_load_balancer_s_query_goes_through_as_it_is(kind, query):  # trap 5, rows 1b
    key, _, value = query.partition("=")
    event = (
        standard(kind, queryStringParameters={key: value})
        if kind == "alb"
        else standard(kind, multiValueQueryStringParameters={key: [value]})
    )
    assert read(event).query == query


def test_what_http_does_not_allow_in_a_query_is_encoded():
    event = standard("alb", queryStringParameters={"q": "é b"})
    assert read(event).query == "q=%C3%A9%20b"


@pytest.mark.parametrize("kind", ["rest_api", "http_api_v1"])
def test_a_decoded_query_is_encoded_again(kind):  # R2
    many = {"a[]": ["1", "2"], "q": ["x&y=z+%#?"], "n": ["Zoë b"], "e": [""]}
    event = standard(kind, multiValueQueryStringParameters=many)
    assert read(event).query == ("a%5B%5D=1&a%5B%5D=2&q=x%26y%3Dz%2B%25%23%3F&n=Zo%C3%AB%20b&e=")


@pytest.mark.parametrize("many", [None, ..., {}], ids=["null", "missing", "empty"])
def test_the_single_value_query_is_the_fallback(many):  # row 1b
    event = standard(
        "rest_api",
        multiValueQueryStringParameters=many,
        queryStringParameters={"a": "1"},
    )
    assert read(event).query == "a=1"


@pytest.mark.parametrize("kind", ["http_api", "function_url"])
@pytest.mark.parametrize("query", ["a=%2B+b&a=&flag", "p=100%", "x=%ff", "&&", "a=b=c"])
def test_a_raw_query_goes_through_as_it_is(kind, query):  # rows 1b
    assert read(standard(kind, rawQueryString=query)).query == query
    assert scope_of(standard(kind, rawQueryString=query))["query_string"] == query.encode()
    environ = environ_of(standard(kind, rawQueryString=query))
    assert environ["QUERY_STRING"] == query
    assert environ["REQUEST_URI"] == f"/?{query}"


@pytest.mark.parametrize("kind", ["http_api", "function_url"])
@pytest.mark.parametrize("query", [..., None, ""], ids=["missing", "null", "empty"])
def test_no_raw_query_is_an_empty_one(kind, query):  # row 1b
    assert scope_of(standard(kind, rawQueryString=query))["query_string"] == b""
    assert environ_of(standard(kind, rawQueryString=query))["REQUEST_URI"] == "/"


def test_an_edge_query_goes_through_as_it_is():  # trap 21
    assert read(edge(querystring="a=%2B+b&a", uri="/a%20b")).query == "a=%2B+b&a"
    assert scope_of(edge(uri="/a%20b"))["path"] == "/a b"


@pytest.mark.parametrize(
    ("kind", "field"), [("vpc_lattice", "raw_path"), ("vpc_lattice_v2", "path")]
)
@pytest.mark.parametrize(
    ("told", "query"),
    [
        pytest.param("/a%20b?x=1&y=%FF", "x=1&y=%FF", id="live events have it"),
        pytest.param("/a%20b", "q=1", id="the sample does not"),
    ],
)
def test_the_path_of_lattice_may_hold_the_query(kind, field, told, query):
    map_field = "query_string_parameters" if kind == "vpc_lattice" else "queryStringParameters"
    request = read(standard(kind, **{field: told, map_field: {"q": "1"}}))
    assert (request.path, request.query) == ("/a%20b", query)


# Headers and cookies


@pytest.mark.parametrize("kind", ["rest_api", "http_api_v1", "alb_multi"])
def test_repeated_headers_keep_their_order(kind):  # trap 11
    event = standard(kind, multiValueHeaders={"X": ["first", "second"]}, headers={"X": "second"})
    assert values(read(event), "x") == ["first", "second"]
    assert environ_of(event)["HTTP_X"] == "first,second"


@pytest.mark.parametrize("kind", ["rest_api", "http_api_v1", "alb_multi"])
def test_repeated_cookie_headers_become_one(kind):  # trap 10
    event = standard(kind, multiValueHeaders={"Cookie": ["a=1", "b=2"]})
    assert values(read(event), "cookie") == ["a=1; b=2"]
    assert environ_of(event)["HTTP_COOKIE"] == "a=1; b=2"


def test_repeated_edge_headers():  # trap 21
    event = edge(headers={"x": [{"key": "X", "value": "a"}, {"value": "b"}]})
    assert values(read(event), "x") == ["a", "b"]
    event = edge(headers={"cookie": [{"key": "Cookie", "value": "a=1"}, {"value": "b=2"}]})
    assert values(read(event), "cookie") == ["a=1; b=2"]


@pytest.mark.parametrize("kind", ["http_api", "function_url"])
@pytest.mark.parametrize(
    ("header", "cookies", "right"),
    [
        pytest.param("a=1;b=2", ["a=1", "b=2"], ["a=1; b=2"], id="trap 9a, both: once"),
        pytest.param(..., ["a=1", "b=2"], ["a=1; b=2"], id="only the list"),
        pytest.param("a=1", ..., ["a=1"], id="trap 9b, only the header"),
        pytest.param("a=1", None, ["a=1"], id="trap 9c, null"),
        pytest.param("a=1", [], ["a=1"], id="empty"),
        pytest.param(..., None, [], id="none at all"),
    ],
)
def test_cookies_of_payload_2_reach_the_app_once(kind, header, cookies, right):
    event = standard(kind, cookies=cookies, headers={"cookie": header})
    assert values(read(event), "cookie") == right


@pytest.mark.parametrize("kind", ["rest_api", "http_api", "alb"])
def test_non_ascii_headers_are_utf8_on_the_wire(kind):  # row 1d
    headers = {"x-name": "café日"}
    event = standard(kind, headers=headers, multiValueHeaders=...)
    assert (b"x-name", "café日".encode()) in scope_of(event)["headers"]
    assert environ_of(event)["HTTP_X_NAME"].encode("latin-1").decode() == "café日"


@pytest.mark.parametrize(
    ("value", "right"),
    [(1, ["1"]), (1.5, ["1.5"]), (True, ["true"]), (None, []), ("", [""])],
    ids=repr,
)
def test_a_header_value_that_is_no_text_becomes_one(value, right):  # row 1d
    assert values(read(standard("http_api", headers={"x": value})), "x") == right


def test_a_lone_value_counts_as_a_list_of_one():
    event = standard("rest_api", multiValueHeaders={"x": "a"})
    assert values(read(event), "x") == ["a"]


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_a_body_has_a_content_length(kind):  # trap 22
    event = with_body(kind, "é", encoded=False)
    assert values(read(event), "content-length") == ["2"]
    assert environ_of(event)["CONTENT_LENGTH"] == "2"


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_no_body_gets_no_content_length(kind):
    assert values(read(standard(kind)), "content-length") == []


def test_a_content_length_that_the_client_sent_is_kept_once():
    event = standard("http_api", headers={"content-length": "3"}, body="abc")
    assert values(read(event), "content-length") == ["3"]


def test_a_content_type_with_a_comma_is_kept():  # row 1d
    content_type = 'multipart/form-data; boundary="a,b"'
    event = standard("http_api", headers={"content-type": content_type})
    environ = environ_of(event)
    assert environ["CONTENT_TYPE"] == content_type
    assert "HTTP_CONTENT_TYPE" not in environ


def test_headers_with_an_underscore_are_no_spoofs_in_wsgi():  # trap 20
    event = standard("http_api", headers={"x-user-id": "1", "x_user_id": "2", "x_other": "3"})
    environ = environ_of(event)
    assert environ["HTTP_X_USER_ID"] == "1"
    assert "HTTP_X_OTHER" not in environ


# Body in


def with_body(kind, text, encoded):
    if kind == "lambda_edge":
        return edge(body={"data": text, "encoding": "base64" if encoded else "text"})
    flag = "is_base64_encoded" if kind == "vpc_lattice" else "isBase64Encoded"
    return standard(kind, body=text, **{flag: encoded})


@pytest.mark.parametrize("kind", KIND_NAMES)
@pytest.mark.parametrize(
    ("text", "encoded", "right"),
    [
        pytest.param("é\r\n\0", False, "é\r\n\0".encode(), id="text"),
        pytest.param("/wA=", True, b"\xff\x00", id="base64"),
        pytest.param("", True, b"", id="empty, said to be base64"),
        pytest.param(None, True, b"", id="row 1d, null, said to be base64"),
        pytest.param("eA==", None, b"eA==", id="flag null"),
    ],
)
def test_a_body_is_decoded(kind, text, encoded, right):
    assert read(with_body(kind, text, encoded)).body == right


@pytest.mark.parametrize("kind", KIND_NAMES)
@pytest.mark.parametrize("text", ["!", "eA", "eA==x", "e A=", "é"])
def test_base64_that_is_none_is_answered_with_a_400(kind, text):  # row 1d
    def app(environ, start_response):
        raise AssertionError("the app must not see it")

    result = Handler(app)(with_body(kind, text, encoded=True))
    assert KINDS[kind].decode_response(result).status == 400
    assert result["body"].startswith("Bad Request: the body is not the base64")


# Client, server, scheme, user


@pytest.mark.parametrize("kind", ["alb", "vpc_lattice"])
@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        pytest.param("192.0.2.1", ("192.0.2.1", None), id="alone"),
        pytest.param("1.1.1.1, 203.0.113.7", ("203.0.113.7", None), id="trap 19, right-most"),
        pytest.param("1.1.1.1,203.0.113.7:41", ("203.0.113.7", 41), id="with its port"),
        pytest.param("[2001:db8::1]:41", ("2001:db8::1", 41), id="IPv6 and port"),
        pytest.param("2001:db8::1", ("2001:db8::1", None), id="IPv6"),
        pytest.param("192.0.2.1:abc", ("192.0.2.1", None), id="no port"),
        pytest.param("", None, id="empty"),
        pytest.param(..., None, id="absent"),
    ],
)
def test_the_client_of_a_load_balancer_is_the_peer_that_it_saw(kind, forwarded, client):
    assert read(standard(kind, headers={"x-forwarded-for": forwarded})).client == client


@pytest.mark.parametrize("kind", ["rest_api", "http_api_v1", "http_api", "function_url"])
def test_the_client_of_api_gateway_is_its_peer_and_no_header(kind):  # trap 19, row 1e
    event = standard(
        kind,
        headers={"x-forwarded-for": "6.6.6.6, 192.0.2.1"},
        multiValueHeaders={"x-forwarded-for": ["6.6.6.6, 192.0.2.1"]},
    )
    assert read(event).client == ("192.0.2.1", None)
    assert scope_of(event)["client"] == ("192.0.2.1", 0)
    assert environ_of(event)["REMOTE_ADDR"] == "192.0.2.1"
    assert "REMOTE_PORT" not in environ_of(event)


@pytest.mark.parametrize(
    ("headers", "server"),
    [
        pytest.param({"host": "[::1]:8080"}, ("::1", 8080), id="trap 20, IPv6"),
        pytest.param({"host": "a:b"}, ("api.example.com", 443), id="trap 20, a:b"),
        pytest.param({"host": "a:99999"}, ("api.example.com", 443), id="no port number"),
        pytest.param({"host": "x/admin?"}, ("api.example.com", 443), id="a path in Host"),
        pytest.param({"host": "a@b"}, ("api.example.com", 443), id="a user in Host"),
        pytest.param({"host": "[x]"}, ("api.example.com", 443), id="no IPv6 address"),
        pytest.param({"host": "a b"}, ("api.example.com", 443), id="a space in Host"),
        pytest.param({"host": "a", "x-forwarded-port": "8443, 80"}, ("a", 8443), id="row 1e"),
        pytest.param({"host": "a:81", "x-forwarded-port": "abc"}, ("a", 81), id="row 1e, junk"),
        pytest.param({"host": "a:81", "x-forwarded-port": "٣"}, ("a", 81), id="other digits"),
        pytest.param({"host": ...}, ("api.example.com", 443), id="row 1e, domainName"),
        pytest.param({"host": ""}, ("api.example.com", 443), id="empty Host"),
    ],
)
def test_the_server_is_what_the_client_addressed(headers, server):
    event = standard("http_api", headers=headers)
    assert scope_of(event)["server"] == server
    host = f"[{server[0]}]" if ":" in server[0] else server[0]
    environ = environ_of(event)
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == (host, str(server[1]))


@pytest.mark.parametrize(
    ("kind", "forwarded", "scheme"),
    [
        pytest.param("rest_api", ..., "https", id="API Gateway has nothing else"),
        pytest.param("http_api", "http", "http", id="an emulator says http"),
        pytest.param("alb", ..., "http", id="a health check"),
        pytest.param("alb", "https", "https", id="an HTTPS listener"),
        pytest.param("alb", "https, http", "https", id="row 1e, first of several"),
        pytest.param("alb", "HTTPS", "https", id="capitals"),
        pytest.param("http_api", "gopher", "https", id="junk"),
        pytest.param("http_api", "", "https", id="empty"),
    ],
)
def test_the_scheme_is_http_or_https(kind, forwarded, scheme):
    event = standard(kind, headers={"x-forwarded-proto": forwarded}, multiValueHeaders=...)
    assert scope_of(event)["scheme"] == scheme
    assert environ_of(event)["wsgi.url_scheme"] == scheme


def test_the_scheme_of_edge_is_in_a_header_of_its_own():  # R16
    lines = [{"key": "CloudFront-Forwarded-Proto", "value": "http"}]
    assert read(edge(headers={"cloudfront-forwarded-proto": lines})).scheme == "http"
    assert read(edge()).scheme == "https"
    assert scope_of(edge())["server"] == ("d123.cloudfront.net", 443)  # trap 21: not 80


def test_a_health_check_is_answered():  # trap 25, row 1a
    event = standard("alb", headers={"host": ..., "x-forwarded-for": ...})
    environ = environ_of(event)
    assert environ["SERVER_NAME"]
    assert environ["SERVER_PORT"] == "80"
    assert environ["wsgi.url_scheme"] == "http"
    assert environ["REMOTE_ADDR"] == ""  # RFC 3875, 4.1.8: it is always set
    assert scope_of(event)["client"] is None


@pytest.mark.parametrize(
    ("kind", "context", "user"),
    [
        pytest.param("rest_api", {"authorizer": {"principalId": "ann"}}, "ann", id="own, REST"),
        pytest.param("rest_api", {"authorizer": {"claims": {"sub": "ann"}}}, "ann", id="Cognito"),
        pytest.param("rest_api", {"identity": {"userArn": "arn:ann"}}, "arn:ann", id="IAM, REST"),
        pytest.param(
            "http_api", {"authorizer": {"jwt": {"claims": {"sub": "ann"}}}}, "ann", id="JWT"
        ),
        pytest.param(
            "http_api", {"authorizer": {"iam": {"userArn": "arn:ann"}}}, "arn:ann", id="IAM"
        ),
        pytest.param(
            "function_url", {"authorizer": {"iam": {"userArn": "arn:a"}}}, "arn:a", id="IAM, URL"
        ),
        pytest.param(
            "http_api", {"authorizer": {"lambda": {"principalId": "ann"}}}, "ann", id="own"
        ),
        pytest.param("vpc_lattice_v2", {"identity": {"principal": "ann"}}, "ann", id="Lattice"),
        pytest.param("http_api", {"authorizer": None}, None, id="trap 25, null"),
        pytest.param("rest_api", {"authorizer": None}, None, id="null, REST"),
        pytest.param("http_api", {"authorizer": {"jwt": None}}, None, id="null inside"),
        pytest.param("http_api", {}, None, id="none"),
    ],
)
def test_the_user_is_who_the_authorizer_says(kind, context, user):  # row 1e
    event = standard(kind, requestContext=context)
    assert read(event).user == user
    assert environ_of(event).get("REMOTE_USER") == user


def test_the_name_of_a_user_is_a_native_string_in_wsgi():
    event = standard("rest_api", requestContext={"authorizer": {"principalId": "日"}})
    assert environ_of(event)["REMOTE_USER"].encode("latin-1").decode() == "日"


@pytest.mark.parametrize(
    ("told", "right"),
    [("HTTP/1.1", "1.1"), ("HTTP/2.0", "2"), ("junk", "1.1"), (None, "1.1"), (..., "1.1")],
    ids=repr,
)
def test_the_http_version(told, right):
    event = standard("http_api", requestContext={"http": {"protocol": told}})
    assert read(event).http_version == right


def test_stage_variables_stay_in_the_event():  # row 1e
    before = dict(os.environ)
    environ_of(standard("rest_api", stageVariables={"A_STAGE_VARIABLE": "1"}))
    assert dict(os.environ) == before


# Kinds and nulls

OPTIONAL = {
    "rest_api": [
        "headers", "multiValueHeaders", "queryStringParameters", "body", "isBase64Encoded",
        "multiValueQueryStringParameters", "requestContext", "pathParameters",
        "stageVariables", "resource", "version",
    ],
    "http_api_v1": ["headers", "multiValueHeaders", "requestContext", "body"],
    "http_api": ["headers", "cookies", "rawQueryString", "body", "rawPath", "routeKey"],
    "function_url": ["headers", "cookies", "rawQueryString", "body", "rawPath"],
    "alb": ["headers", "queryStringParameters", "body", "isBase64Encoded", "version"],
    "alb_multi": ["multiValueQueryStringParameters", "body"],
    "vpc_lattice": ["headers", "query_string_parameters", "body", "is_base64_encoded"],
    "vpc_lattice_v2": ["headers", "queryStringParameters", "body", "requestContext"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field) for kind, fields in OPTIONAL.items() for field in fields]
)
def test_a_missing_field_a_null_one_and_an_empty_one_are_alike(kind, field):  # trap 25, rows 1a
    empty = {} if field.endswith(("eaders", "arameters", "Context", "Variables")) else ""
    readings = [read(standard(kind, **{field: value})) for value in (..., None)]
    event = standard(kind)
    event[field] = empty
    assert readings[0] == readings[1] == read(event)
    assert Handler(hello)(standard(kind, **{field: None}))["statusCode"] == 200


def hello(environ, start_response):
    start_response("200 OK", [("content-type", "text/plain")])
    return [b"hello"]


@pytest.mark.parametrize("field", ["identity", "authorizer", "path", "domainName", "stage"])
def test_a_null_in_the_request_context_is_tolerated(field):  # row 1a
    assert Handler(hello)(standard("rest_api", requestContext={field: None}))["statusCode"] == 200


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (standard("http_api", headers=1), "headers"),
        (standard("rest_api", multiValueHeaders="x"), "multiValueHeaders"),
        (standard("rest_api", path=["/"]), "path"),
        (standard("alb", body={"a": 1}), "body"),
        (standard("http_api", rawQueryString=1), "rawQueryString"),
        (standard("rest_api", httpMethod=None), "httpMethod"),
        (standard("rest_api", httpMethod="GET /"), "httpMethod"),
        (standard("rest_api", httpMethod="poſt"), "httpMethod"),
        (edge(headers={"x": ["a"]}), "x"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_field_of_the_wrong_type_is_named(event, field):
    with pytest.raises(EventError, match=repr(field)):
        Handler(hello)(event)


# Results


def headers_in(kind, result):
    """(single, multi, cookies) of a result."""
    if kind == "lambda_edge":
        lines = result["headers"]
        return {}, {name: [line["value"] for line in lines[name]] for name in lines}, []
    many = result.get("multiValueHeaders", {})
    return result.get("headers", {}), many, result.get("cookies", [])


COOKIES = [("set-cookie", "a=1; Path=/"), ("set-cookie", "b=2")]


@pytest.mark.parametrize(
    ("kind", "right"),
    [
        ("rest_api", ({}, {"set-cookie": ["a=1; Path=/", "b=2"]}, [])),
        ("http_api_v1", ({}, {"set-cookie": ["a=1; Path=/", "b=2"]}, [])),
        ("http_api", ({}, {}, ["a=1; Path=/", "b=2"])),
        ("function_url", ({}, {}, ["a=1; Path=/", "b=2"])),
        ("alb", ({"set-cookie": "a=1; Path=/", "Set-cookie": "b=2"}, {}, [])),
        ("alb_multi", ({}, {"set-cookie": ["a=1; Path=/", "b=2"]}, [])),
        ("lambda_edge", ({}, {"set-cookie": ["a=1; Path=/", "b=2"]}, [])),
    ],
)
def test_two_cookies_reach_the_client(kind, right):  # trap 12
    assert headers_in(kind, written(kind, headers=COOKIES)) == right


def test_a_hundred_cookies_on_a_load_balancer_each_have_a_key():  # trap 12
    cookies = [("set-cookie", f"c{number}=1") for number in range(100)]
    result = written("alb", headers=cookies)
    assert len(result["headers"]) == 100
    assert {name.lower() for name in result["headers"]} == {"set-cookie"}


@pytest.mark.parametrize(
    ("kind", "right"),
    [
        ("http_api", ({"vary": "A, B"}, {}, [])),
        ("function_url", ({"vary": "A, B"}, {}, [])),
        ("alb", ({"vary": "A, B"}, {}, [])),
        ("vpc_lattice", ({"vary": "A, B"}, {}, [])),
        ("rest_api", ({}, {"vary": ["A", "B"]}, [])),
        ("alb_multi", ({}, {"vary": ["A", "B"]}, [])),
        ("lambda_edge", ({}, {"vary": ["A", "B"]}, [])),
    ],
)
def test_repeated_response_headers_are_not_lost(kind, right):  # traps 13, 21
    result = written(kind, headers=[("vary", "A"), ("vary", "B")])
    assert headers_in(kind, result) == right


ENVELOPES = {
    "rest_api": {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"},
    "http_api_v1": {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"},
    "http_api": {"statusCode", "headers", "cookies", "body", "isBase64Encoded"},
    "function_url": {"statusCode", "headers", "cookies", "body", "isBase64Encoded"},
    "alb": {"statusCode", "statusDescription", "headers", "body", "isBase64Encoded"},
    "alb_multi": {
        "statusCode", "statusDescription", "multiValueHeaders", "body", "isBase64Encoded",
    },
    "vpc_lattice": {"statusCode", "statusDescription", "headers", "body", "isBase64Encoded"},
    "vpc_lattice_v2": {"statusCode", "statusDescription", "headers", "body", "isBase64Encoded"},
    "lambda_edge": {"status", "statusDescription", "headers", "body", "bodyEncoding"},
}  # fmt: skip


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_a_result_has_the_keys_that_its_front_end_knows(kind):  # row 1f: REST 502s on others
    result = written(kind, headers=[("x", "1"), *COOKIES], body=b"hello")
    assert set(result) == ENVELOPES[kind]


@pytest.mark.parametrize("kind", KIND_NAMES)
@pytest.mark.parametrize(
    "value",
    [
        pytest.param("caf\xe9", id="trap 14, Latin-1 bytes"),
        pytest.param("café".encode().decode("latin-1"), id="trap 14, UTF-8 bytes"),
    ],
)
def test_a_response_header_beyond_ascii_is_text(kind, value):
    single, multi, _ = headers_in(kind, written(kind, headers=[("x-name", value)]))
    assert (single.get("x-name") or multi["x-name"][0]) == "café"


@pytest.mark.parametrize("kind", KIND_NAMES)
@pytest.mark.parametrize(
    "name", ["transfer-encoding", "connection", "keep-alive", "upgrade", "trailer", "te"]
)
def test_headers_of_the_connection_are_left_out(kind, name):  # row 1f
    single, multi, _ = headers_in(kind, written(kind, headers=[(name, "x"), ("a", "b")]))
    assert {*single, *multi} == {"a"}


@pytest.mark.parametrize(
    "name",
    ["x-amz-cf-id", "x-cache", "x-edge-a", "x-accel-b", "via", "content-length", "expect"],
)
def test_headers_that_cloudfront_refuses_are_left_out(name):  # trap 21
    assert written("lambda_edge", headers=[(name, "1"), ("a", "b")])["headers"] == {
        "a": [{"key": "a", "value": "b"}]
    }


@pytest.mark.parametrize("kind", KIND_NAMES)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x", "a\r\nb: c"),
        ("x", "a\nb"),
        ("x", "a\rb"),
        ("x", "a\0"),
        ("a b", "c"),
        ("", "c"),
        ("a:", "c"),
    ],
    ids=repr,
)
def test_a_response_header_that_http_can_t_carry_is_a_500(kind, name, value, caplog):  # row 1f
    def app(environ, start_response):
        start_response("200 OK", [(name, value)])
        return [b"hello"]

    result = Handler(app)(standard(kind))
    assert KINDS[kind].decode_response(result).status == 500
    assert "the app" in caplog.text


@pytest.mark.parametrize("kind", ["alb", "alb_multi", "vpc_lattice"])
@pytest.mark.parametrize(
    ("status", "words"),
    [(200, "200 OK"), (404, "404 Not Found"), (499, "499 Unknown"), (599, "599 Unknown")],
)
def test_the_status_in_words(kind, status, words):  # trap 25, row 1f
    assert written(kind, status)["statusDescription"] == words


def test_the_status_of_edge_is_text():  # trap 21
    result = written("lambda_edge", 499)
    assert (result["status"], result["statusDescription"]) == ("499", "Unknown")


@pytest.mark.parametrize("kind", KIND_NAMES)
@pytest.mark.parametrize("status", ["999 X", "199 X", "000 X", "600 X", "100 Continue"])
def test_a_status_that_is_none_is_a_500(kind, status, caplog):  # row 1f
    def app(environ, start_response):
        start_response(status, [])
        return [b"hello"]

    result = Handler(app)(standard(kind))
    assert KINDS[kind].decode_response(result).status == 500
    assert "AppError" in caplog.text


@pytest.mark.parametrize("kind", KIND_NAMES)
@pytest.mark.parametrize("status", [200, 204, 304, 307])
def test_no_content_type_is_invented(kind, status):  # trap 18
    single, multi, _ = headers_in(kind, written(kind, status))
    assert {*single, *multi} == set()


@pytest.mark.parametrize("kind", KIND_NAMES)
@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_a_body_has_none(kind, status):  # row 1f
    result = written(kind, status, body=b"hello")
    assert result.get("body", "") == ""
    assert ("body" in result) == (kind != "lambda_edge")  # there, the field alone is a 502


@pytest.mark.parametrize("kind", KIND_NAMES)
@pytest.mark.parametrize("method", ["HEAD", "head"])
def test_the_answer_to_head_has_no_body_and_keeps_its_length(kind, method):  # row 1f
    headers = [("x-length", "5")] if kind == "lambda_edge" else [("content-length", "5")]
    result = written(kind, headers=headers, body=b"hello", event=asking(kind, method))
    single, multi, _ = headers_in(kind, result)
    assert result.get("body", "") == ""
    assert {**single, **multi} in ({headers[0][0]: "5"}, {headers[0][0]: ["5"]})


@pytest.mark.parametrize("kind", [kind for kind in KIND_NAMES if kind != "lambda_edge"])
def test_an_empty_body_is_empty_text(kind):  # row 1f
    result = written(kind)
    assert (result["body"], result["isBase64Encoded"]) == ("", False)


# Text and binary: what decodes as UTF-8 is text, all else base64, whatever its type says


@pytest.mark.parametrize("kind", KIND_NAMES)
@pytest.mark.parametrize(
    ("content_type", "body", "is_text"),
    [
        ("application/problem+json", b"{}", True),  # trap 15
        ("application/ld+json", b"{}", True),
        ("image/svg+xml", b"<svg/>", True),
        ("application/yaml", b"a: 1", True),
        ("TEXT/HTML", "é".encode(), True),
        ("application/javascript", b"1", True),
        ("text/plain; charset=iso-8859-1", b"caf\xe9", False),  # trap 16
        ("application/pdf", b"%PDF\xff", False),  # trap 17
        ("image/png", b"\x89PNG\r\n", False),
        ("application/octet-stream", b"\xff\xfe\x00", False),
        ("application/json", b"\x1f\x8b\x08", False),  # gzip
        ("application/json", b"\x28\xb5\x2f\xfd", False),  # zstd
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_text_is_text_and_the_rest_is_base64(kind, content_type, body, is_text):
    result = written(kind, headers=[("content-type", content_type)], body=body)
    flag = result.get("bodyEncoding") == "base64" or result.get("isBase64Encoded") is True
    assert flag == (not is_text)
    told = result["body"].encode() if is_text else b64decode(result["body"])
    assert told == body
    assert KINDS[kind].decode_response(result).status == 200
    assert b"".join(KINDS[kind].decode_response(result).body) == body


# Size

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("kind", "event", "limit"),
    [
        ("rest_api", standard("rest_api"), 6_291_556),
        ("http_api", standard("http_api"), 6_291_556),
        ("function_url", standard("function_url"), 6_291_556),
        ("vpc_lattice", standard("vpc_lattice"), 6_291_556),
        ("alb", standard("alb"), MIB),
        ("alb_multi", standard("alb_multi"), MIB),
        ("lambda_edge", edge("origin-request"), MIB),
        ("lambda_edge", edge("viewer-request"), 40 * 1024),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("piece", [b"x", b"\xff", b"\0", "é".encode()], ids=repr)
@pytest.mark.parametrize("name", ["x", "n" * 30_000], ids=["short header", "long header name"])
def test_a_result_beyond_the_limit_becomes_a_clear_500(kind, event, limit, piece, name, caplog):
    def answer(count):
        def app(environ, start_response):
            start_response("200 OK", [(name, "1")])
            return [piece * count]

        result = Handler(app)(event)
        status = KINDS[kind].decode_response(result).status
        return status, len(json.dumps(result, ensure_ascii=False).encode()), result["body"]

    cost = {b"x": 1, b"\xff": 4 / 3, b"\0": 6, "é".encode(): 2}[piece]
    envelope = 400 + len(name) * (3 if kind == "lambda_edge" else 1)
    fits = int((limit - envelope) / cost) - 4
    if fits > 0:
        status, size, _ = answer(fits)
        assert (status, limit - 40_000 < size <= limit) == (200, True)
    status, size, body = answer(max(1, int((limit - len(name)) / cost) + 4))
    assert status == 500
    assert size < 1000
    assert f"delivers at most {limit:,}" in body
    assert "ResponseTooLarge" in caplog.text


def test_a_request_compares_by_what_it_says():
    assert Request("GET", "/", event=1) == Request("GET", "/", event=2)
    assert Request("GET", "/") != Request("GET", "/x")
