"""Each codec is two pairs of inverses: one list of cases, and properties, for both directions.

What goes through is what the front end does not lose. The losses are AWS's own; they are listed
where the requests of each front end are made, below.
"""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter import Request, Response
from adapter.errors import BodyTruncatedError
from adapter.events import KINDS, codec_of, lambda_edge
from adapter.percent import (
    bytes_to_text,
    join_query,
    parse_query,
    quote_path,
    quote_query,
    quote_target,
    text_to_bytes,
    unquote,
    unquote_query,
)
from cases import KIND_NAMES, asking, edge, standard

HOST = "app.example.com"


def through_json(value):
    """As JSON carries it; lone surrogates are escaped there."""
    return json.loads(json.dumps(value))


def read_again(kind, request):
    event = through_json(KINDS[kind].encode_request(request))
    assert codec_of(event) is KINDS[kind]
    return codec_of(event).decode_request(event)


def answered_again(kind, response, method="GET"):
    event = asking(kind, method)
    codec = KINDS[kind]
    answer = codec.decode_response(through_json(codec.encode_response(response, event)))
    return answer.status, answer.headers, b"".join(answer.body)


# Requests. A front end tells where a request came from in headers or in fields of its own, so a
# request that goes through unchanged has the headers which that front end adds.

FORWARDED = (
    ("host", HOST),
    ("x-forwarded-for", "192.0.2.1"),
    ("x-forwarded-port", "443"),
    ("x-forwarded-proto", "https"),
)
HAS_STAGE = ("rest_api", "http_api", "http_api_v1")


def request_as(kind, method="GET", path="/", query="", headers=(), body=b"", root_path=""):
    """A request in the form in which the front end `kind` delivers it."""
    headers = [*FORWARDED, *headers]
    if body:
        headers.append(("content-length", str(len(body))))
    if kind in ("http_api", "function_url"):  # the cookies come in a list, apart
        headers.sort(key=lambda pair: pair[0] == "cookie")
    return Request(
        method,
        path,
        query,
        tuple(headers),
        body,
        root_path=root_path if kind in HAS_STAGE else "",
        client=("192.0.2.1", None),
        server=(HOST, 443),
    )


CASES = [
    pytest.param({}, id="the least"),
    pytest.param({"method": "DELETE", "path": "/a/b"}, id="a path"),
    pytest.param({"path": "/a//b/"}, id="slashes"),
    pytest.param({"path": "/a%20b/%C3%A9/100%25"}, id="an encoded path"),
    pytest.param({"path": "/a+b;c=d,e@f:g!$&'()*~-._"}, id="sub-delims"),
    pytest.param({"query": "a=1&a=2&b="}, id="a query"),
    pytest.param({"query": "q=%26%3D%2B%25%23%20%C3%A9%FF"}, id="an encoded query"),
    pytest.param({"headers": (("accept", "*/*"), ("x-empty", ""))}, id="headers"),
    pytest.param({"headers": (("x", "caf\xc3\xa9"), ("y", "\xff"))}, id="headers beyond ASCII"),
    pytest.param({"headers": (("cookie", "a=1; b=%2F+"),)}, id="cookies"),
    pytest.param({"method": "POST", "body": b"text"}, id="text"),
    pytest.param({"method": "POST", "body": "é\r\n\0".encode()}, id="text beyond ASCII"),
    pytest.param({"method": "PUT", "body": b"\xff\x00\xfe"}, id="bytes"),
    pytest.param(
        {"method": "POST", "headers": (("content-type", "image/png"),), "body": b"\x89PNG"},
        id="a picture",
    ),
    pytest.param(
        {"method": "POST", "headers": (("content-type", "a/form"),), "body": b"a=1"}, id="a form"
    ),
    pytest.param(
        {
            "method": "POST",
            "headers": (("content-type", "text/plain"), ("content-encoding", "gzip")),
            "body": b"\x1f\x8b",
        },
        id="gzip",
    ),
    pytest.param({"path": "/prod/x", "root_path": "/prod"}, id="a stage"),
]


@pytest.mark.parametrize("kind", KIND_NAMES)
@pytest.mark.parametrize("fields", CASES)
def test_a_request_goes_through_each_front_end(kind, fields):
    if kind in ("alb", "vpc_lattice") and "&a=2" in fields.get("query", ""):
        fields = {**fields, "query": "a=2&b="}
    request = request_as(kind, **fields)
    assert read_again(kind, request) == request


PATHS = st.lists(
    st.sampled_from([*"/ab-._~!$&'()*+,;=:@", "%20", "%2F", "%25", "%C3%A9", "%FF", "%00"]),
    max_size=8,
).map(lambda pieces: "/" + "".join(pieces))
# Already in the spelling in which a decoded query is encoded again.
WORDS = st.binary(min_size=0, max_size=6).map(lambda data: quote_query(bytes_to_text(data)))
PAIRS = st.lists(st.tuples(WORDS, WORDS), max_size=5)
RAW_QUERIES = st.lists(
    st.sampled_from([*"ab=&+;/?:@!$'()*,-._~", "%20", "%2b", "%FF", "%", "flag"]), max_size=10
).map("".join)
TOKENS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.!#$%&'*+^`|~", min_size=1, max_size=8)
RESERVED = {
    "host", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "cookie", "content-length",
    "content-type", "content-encoding", "cloudfront-forwarded-proto",
}  # fmt: skip
NAMES = TOKENS.filter(lambda name: name not in RESERVED)
# Any bytes but controls; the ends are not white space (RFC 9110, 5.5).
VALUES = st.binary(max_size=8).map(
    lambda data: "".join(chr(byte) for byte in data if byte >= 0x20 and byte != 0x7F).strip()
)
TYPES = st.sampled_from(["text/plain", "application/json", "image/png", "application/x-www-form"])
COOKIES = st.lists(st.text("abc=%+", min_size=1, max_size=4), min_size=1, max_size=3).map("; ".join)


def grouped(pairs):
    """The pairs with those of one name together: JSON objects keep no other order."""
    names = list(dict.fromkeys(name for name, _ in pairs))
    return tuple(pair for name in names for pair in pairs if pair[0] == name)


@st.composite
def requests_of(draw, kind):
    """Any request that `kind` delivers without a loss.

    All             the order of headers across names; the place of Content-Length and Cookie
    rest_api        the query's spelling and its order across names; Content-Length, which the
                    codec makes again for a body; an encoded path is kept
    http_api_v1     as rest_api, but the path's spelling too
    http_api        the path's spelling; repeated headers are joined with ','
    function_url    repeated headers are joined with ','; there is no stage
    alb             all but the last value of a header or query parameter
    alb_multi       the order of the query across names
    vpc_lattice     as http_api with ', '; of a query in `raw_path` nothing is lost
    lambda_edge     Content-Length; the scheme is in a header of CloudFront's
    none of them    the user, the client's port
    """
    repeated = kind in ("rest_api", "http_api_v1", "alb_multi", "vpc_lattice_v2", "lambda_edge")
    unique = None if repeated else (lambda pair: pair[0])
    headers = draw(st.lists(st.tuples(NAMES, VALUES), max_size=5, unique_by=unique))
    if draw(st.booleans()):
        headers.append(("content-type", draw(TYPES)))
    if draw(st.booleans()):
        headers.append(("cookie", draw(COOKIES)))
    path = draw(PATHS)
    if kind in ("http_api", "http_api_v1"):
        path = quote_path(bytes_to_text(unquote(path)))
    root_path = draw(st.sampled_from(["", "/prod"]))
    if kind == "rest_api" and path.startswith("//"):
        root_path = ""
    if root_path and kind in HAS_STAGE:
        path = root_path + path
    return request_as(
        kind,
        draw(st.sampled_from(["GET", "POST", "PURGE", "M-SEARCH"])),
        path,
        draw(query_of(kind)),
        grouped(headers),
        draw(st.binary(max_size=20) | st.text(max_size=10).map(str.encode)),
        root_path,
    )


def query_of(kind):
    if kind in ("http_api", "function_url", "vpc_lattice", "vpc_lattice_v2", "lambda_edge"):
        return RAW_QUERIES
    if kind in ("rest_api", "http_api_v1"):
        return PAIRS.map(lambda pairs: "&".join(f"{key}={value}" for key, value in grouped(pairs)))
    pairs = st.lists(
        st.tuples(RAW_WORDS, RAW_WORDS),
        max_size=4,
        unique_by=(lambda pair: pair[0]) if kind == "alb" else None,
    )
    return pairs.map(lambda pairs: "&".join(f"{key}={value}" for key, value in grouped(pairs)))


RAW_WORDS = st.lists(st.sampled_from([*"ab+;/?", "%20", "%2b", "%FF", "%"]), max_size=4).map(
    "".join
)


@pytest.mark.parametrize("kind", KIND_NAMES)
@given(data=st.data())
@settings(max_examples=40)
def test_any_request_that_a_front_end_can_tell_goes_through(kind, data):
    request = data.draw(requests_of(kind))
    assert read_again(kind, request) == request


@pytest.mark.parametrize("kind", KIND_NAMES)
@given(data=st.data())
@settings(max_examples=30)
def test_what_was_lost_once_is_not_lost_again(kind, data):
    """Reading any request through a front end is idempotent: the second time changes nothing."""
    request = Request(
        data.draw(st.sampled_from(["GET", "POST"])),
        data.draw(PATHS),
        data.draw(RAW_QUERIES),
        (*FORWARDED, *data.draw(st.lists(st.tuples(TOKENS, VALUES), max_size=5))),
        data.draw(st.binary(max_size=10)),
        client=("192.0.2.1", None),
        server=(HOST, 443),
    )
    once = read_again(kind, request)
    assert read_again(kind, once) == once


# The losses themselves, so that the list above stays true


@pytest.mark.parametrize(
    ("kind", "sent", "told"),
    [
        ("rest_api", {"query": "a=1&b=2&a=+&c"}, {"query": "a=1&a=%20&b=2&c="}),
        ("http_api_v1", {"query": "a=1&b=2&a=+"}, {"query": "a=1&a=%20&b=2"}),
        ("alb_multi", {"query": "a=1&b=2&a=+&c"}, {"query": "a=1&a=+&b=2&c="}),
        ("alb", {"query": "a=1&b=2&a=+"}, {"query": "a=+&b=2"}),
        ("http_api", {"path": "/a%2fb/%7e"}, {"path": "/a/b/~"}),
        ("http_api_v1", {"path": "/a%2fb"}, {"path": "/a/b"}),
        ("http_api", {"headers": (("x", "1"), ("x", "2"))}, {"headers": (("x", "1,2"),)}),
        ("function_url", {"headers": (("x", "1"), ("x", "2"))}, {"headers": (("x", "1,2"),)}),
        ("vpc_lattice", {"headers": (("x", "1"), ("x", "2"))}, {"headers": (("x", "1, 2"),)}),
        ("alb", {"headers": (("x", "1"), ("x", "2"))}, {"headers": (("x", "2"),)}),
        (
            "rest_api",
            {"headers": (("x", "1"), ("y", "2"), ("x", "3"))},
            {"headers": (("x", "1"), ("x", "3"), ("y", "2"))},
        ),
    ],
)
def test_what_a_front_end_loses(kind, sent, told):
    assert read_again(kind, request_as(kind, **sent)) == request_as(kind, **told)


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_an_empty_body_s_length_is_kept_where_the_front_end_keeps_it(kind):
    request = request_as(kind, "POST", headers=(("content-length", "0"),))
    told = dict(read_again(kind, request).headers).get("content-length")
    assert told == (None if kind in ("rest_api", "lambda_edge") else "0")


# Responses

RESPONSES = [
    pytest.param(Response(200, (("content-type", "text/plain"),), [b"hello"]), id="text"),
    pytest.param(Response(404, (("content-type", "a/b"),), ["é\r\n\0".encode()]), id="UTF-8"),
    pytest.param(Response(200, (("content-type", "image/png"),), [b"\x89P", b"NG"]), id="bytes"),
    pytest.param(Response(302, (("content-type", "a/b"), ("location", "/x"))), id="no body"),
    pytest.param(Response(599, (("content-type", "a/b"), ("x", ""))), id="empty value"),
    pytest.param(
        Response(200, (("content-type", "a/b"), ("set-cookie", "a=1"), ("set-cookie", "b=2"))),
        id="two cookies",
    ),
    pytest.param(Response(200, (("content-type", "a/b"), ("x", "caf\xe9"))), id="Latin-1"),
    pytest.param(
        Response(200, (("content-type", "a/b"), ("x", "日".encode().decode("latin-1")))),
        id="UTF-8 value",
    ),
]


@pytest.mark.parametrize("kind", KIND_NAMES)
@pytest.mark.parametrize("response", RESPONSES)
def test_a_response_goes_through_each_front_end(kind, response):
    right = response.status, response.headers, b"".join(response.body)
    assert answered_again(kind, response) == right


RESPONSE_RESERVED = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade", "content-type", "set-cookie", "content-length", "expect",
    "x-cache", "x-forwarded-proto", "x-real-ip", "via",
}  # fmt: skip
RESPONSE_NAMES = TOKENS.filter(
    lambda name: name not in RESPONSE_RESERVED and not name.startswith(("proxy-", "x-a", "x-edge"))
)
ASCII_VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=8).map(
    str.strip
)


@st.composite
def responses_of(draw, kind):
    """Any response that `kind` delivers without a loss.

    All             hop-by-hop headers; the bodies of 204, 205 and 304; the order across names
    rest_api        no Content-Type becomes application/json; single values come first
    http_api, alb, vpc_lattice
                    repeated headers are joined with ', ', cookies come last
    lambda_edge     some headers of CloudFront's and Content-Length
    none of them    whether a value was Latin-1 or the same text in UTF-8
    """
    headers = draw(
        st.lists(
            st.tuples(RESPONSE_NAMES, ASCII_VALUES), max_size=4, unique_by=lambda pair: pair[0]
        )
    )
    cookies = draw(
        st.lists(st.tuples(st.just("set-cookie"), ASCII_VALUES), max_size=3, unique=True)
    )
    body = draw(st.binary(max_size=20) | st.text(max_size=10).map(str.encode))
    status = draw(st.integers(200, 599).filter(lambda status: status not in (204, 205, 304)))
    return Response(status, (*headers, ("content-type", "a/b"), *cookies), [body])


@pytest.mark.parametrize("kind", KIND_NAMES)
@given(data=st.data())
@settings(max_examples=40)
def test_any_response_that_a_front_end_can_tell_goes_through(kind, data):
    response = data.draw(responses_of(kind))
    status, headers, body = answered_again(kind, response)
    assert (status, body) == (response.status, b"".join(response.body))
    right = response.headers
    if kind in ("rest_api", "http_api_v1", "alb_multi", "lambda_edge"):
        assert grouped(headers) == headers
        assert sorted(headers) == sorted(right)
        assert cookies_in(headers) == cookies_in(right)
    else:
        assert headers == right


def cookies_in(headers):
    return [value for name, value in headers if name == "set-cookie"]


def test_a_rest_api_adds_a_content_type():
    assert answered_again("rest_api", Response(200))[1] == (("content-type", "application/json"),)
    assert answered_again("http_api", Response(200))[1] == ()


# Results that other functions give, as AWS takes them (LocalStack's snapshots of AWS)


@pytest.mark.parametrize(
    ("kind", "result", "right"),
    [
        ("rest_api", {"statusCode": "201", "headers": None}, (201, b"")),
        ("rest_api", {"body": "x"}, (200, b"x")),
        ("rest_api", {"headers": {"X": True}}, (200, b"")),
        ("rest_api", {"statusCode": 200, "body": "eA==", "isBase64Encoded": True}, (200, b"x")),
        ("http_api", {"message": "x"}, (200, b'{"message":"x"}')),
        ("http_api", "text", (200, b"text")),
        ("http_api", {"statusCode": 204}, (204, b"")),
        ("alb", {"statusCode": 200, "unknown": 1}, (200, b"")),
        ("lambda_edge", {"status": "200", "body": "x"}, (200, b"x")),
        ("lambda_edge", {"status": 200, "headers": None}, (200, b"")),
    ],
)
def test_results_that_the_front_end_accepts(kind, result, right):
    response = KINDS[kind].decode_response(result)
    assert (response.status, b"".join(response.body)) == right


@pytest.mark.parametrize(
    ("kind", "result", "words"),
    [
        ("rest_api", {}, "returned {}"),
        ("rest_api", "text", "returned 'text'"),
        ("rest_api", None, "returned None"),
        ("rest_api", {"statusCode": 200, "cookies": []}, "refuses: cookies"),
        ("rest_api", {"statusCode": 200, "multiValueHeaders": {"x": "a"}}, "not a list"),
        ("rest_api", {"statusCode": 99}, "status is 99"),
        ("rest_api", {"statusCode": True}, "status is True"),
        ("rest_api", {"statusCode": 200, "body": {}}, "body is dict"),
        ("rest_api", {"statusCode": 200, "headers": []}, "headers is list"),
        ("rest_api", {"statusCode": 200, "headers": {"x": "a\r\nb"}}, "line break"),
        ("rest_api", {"statusCode": 200, "headers": {"x ": "a"}}, "no HTTP token"),
        ("http_api", {"statusCode": 200, "headers": {"": "a"}}, "no HTTP token"),
        ("http_api", {"statusCode": 200, "body": "eA", "isBase64Encoded": True}, "not base64"),
        ("http_api", {"statusCode": 200, "cookies": "a=1"}, "not a list"),
        ("alb", {}, "status is None"),
        ("lambda_edge", {"status": "200", "headers": {"via": [{"value": "x"}]}}, "via"),
        ("lambda_edge", {"status": "204", "body": ""}, "204"),
        ("lambda_edge", {"status": "200", "headers": []}, "headers is list"),
    ],
)
def test_results_that_the_front_end_answers_with_a_502(kind, result, words):
    from adapter.errors import ResultError

    with pytest.raises(ResultError) as caught:
        KINDS[kind].decode_response(result)
    assert words in str(caught.value)


def test_a_value_in_both_maps_counts_once_and_two_values_both():
    result = {
        "statusCode": 200,
        "headers": {"A": "1", "b": "2"},
        "multiValueHeaders": {"a": ["1", "3"]},
    }
    response = KINDS["rest_api"].decode_response(result)
    assert response.headers[:3] == (("b", "2"), ("a", "1"), ("a", "3"))


# Percent-encoding


@pytest.mark.parametrize(
    ("text", "data"),
    [("/a%20b", b"/a b"), ("%", b"%"), ("%4", b"%4"), ("%zz%41", b"%zzA"), ("é", "é".encode())],
)
def test_unquote(text, data):
    assert unquote(text) == data


@given(st.text(st.characters(exclude_categories=()), max_size=20))
def test_percent_encoding_agrees_with_the_standard_library(text):
    from urllib import parse

    data = text_to_bytes(text)
    assert quote_path(text) == parse.quote(data, safe="!$&'()*+,;=:@/")
    assert quote_query(text) == parse.quote(data, safe="")
    assert unquote(quote_path(text)) == data
    assert unquote(text) == parse.unquote_to_bytes(data)
    quoted = quote_target(text)
    assert quoted.isascii()
    assert unquote(quoted) == unquote(text)
    assert quote_target(quoted) == quoted


@given(st.binary(max_size=20))
def test_bytes_go_through_text(data):
    assert text_to_bytes(bytes_to_text(data)) == data


@given(PAIRS)
def test_a_query_goes_through_pairs(pairs):
    query = "&".join(f"{key}={value}" for key, value in pairs)
    assert join_query(parse_query(query)) == query


@given(RAW_QUERIES)
def test_a_query_is_read_as_the_standard_library_reads_it(query):
    from urllib import parse

    theirs = parse.parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
    assert parse_query(query) == theirs
    assert unquote_query("a+b%2B") == "a b+"


def test_the_standard_events_are_read_as_the_codecs_write_them():
    """`standard` of this suite, by hand, and `encode_request` agree on what AWS sends."""
    for kind in KIND_NAMES:
        ours = KINDS[kind].encode_request(request_as(kind))
        assert set(standard(kind)) <= {*ours, "body"}


@pytest.mark.parametrize("kind", [name for name in KIND_NAMES if name != "lambda_edge"])
@pytest.mark.parametrize(
    ("status", "told", "body", "length"),
    [(200, "2", b"four", "4"), (200, "9", b"four", "4"), (205, "2", b"xx", None)],
)
def test_a_wrong_content_length_is_put_right(kind, status, told, body, length):
    response = Response(status, (("content-length", told),), [body])
    codec = KINDS[kind]
    answer = codec.decode_response(codec.encode_response(response, standard(kind)))
    assert dict(answer.headers).get("content-length") == length


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_white_space_around_a_header_value_is_none_of_it(kind):
    """Django's WSGI handler writes cookies with a space before them."""
    response = Response(200, (("set-cookie", " a=1"), ("x-a", "b\t")), [b""])
    codec = KINDS[kind]
    answer = codec.decode_response(codec.encode_response(response, standard(kind)))
    assert ("set-cookie", "a=1") in answer.headers
    assert ("x-a", "b") in answer.headers


def test_a_body_that_cloudfront_cut_off_is_refused():
    event = edge(body={"data": "YQ==", "encoding": "base64", "inputTruncated": True})
    with pytest.raises(BodyTruncatedError):
        lambda_edge.decode_request(event)
