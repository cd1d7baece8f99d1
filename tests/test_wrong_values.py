"""A value of a wrong type, at every place of every recorded event: a request or an EventError.

The codecs read most fields without a look at their types and look for the wrong one only when that
fails; so what a value does must not depend on luck, as with hypothesis.
"""

import copy

import pytest

from adapter import EventError
from adapter.events import codec_of
from cases import HTTP, KIND_NAMES, recorded, standard

EVENTS = {name: recorded(name) for name in HTTP} | {kind: standard(kind) for kind in KIND_NAMES}
WRONG = [
    0,
    5,
    True,
    "",
    "x",
    "é",
    "\ud800",
    [],
    ["a"],
    [5],
    [None],
    {},
    {"a": 1},
    {"A": ["é", None]},
]


def places_in(value, path=()):
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from places_in(inner, (*path, key))


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_a_wrong_value_anywhere(name):
    for *path, last in places_in(EVENTS[name]):
        event = copy.deepcopy(EVENTS[name])
        parent = event
        for key in path:
            parent = parent[key]
        for wrong in WRONG:
            parent[last] = wrong
            try:
                request = codec_of(event).decode_request(event, None)
            except EventError:
                continue
            told = (request.method, request.path, request.query, request.scheme)
            assert all(type(text) is str and text.isascii() for text in told), (path, last, wrong)
            for pair in request.headers:
                assert [type(text.encode("latin-1")) for text in pair] == [bytes, bytes]


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("http_api", ["rawPath"]),
        ("http_api", ["rawQueryString"]),
        ("http_api", ["headers"]),
        ("http_api", ["requestContext", "stage"]),
        ("http_api", ["requestContext", "http", "method"]),
        ("function_url", ["rawPath"]),
        ("rest_api", ["path"]),
        ("rest_api", ["httpMethod"]),
        ("rest_api", ["multiValueHeaders"]),
        ("rest_api", ["requestContext"]),
        ("http_api_v1", ["path"]),
        ("alb", ["path"]),
        ("alb", ["httpMethod"]),
        ("alb", ["queryStringParameters"]),
        ("alb_multi", ["multiValueQueryStringParameters"]),
    ],
)
@pytest.mark.parametrize("wrong", [5, ["a"]])
def test_the_error_names_the_field(kind, path, wrong):
    event = copy.deepcopy(standard(kind))
    parent = event
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = wrong
    codec = codec_of(standard(kind))
    with pytest.raises(EventError, match=f"'{path[-1]}' is a"):
        codec.decode_request(event, None)
