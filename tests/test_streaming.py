"""Answers that go out as the app makes them: the runtime against our Runtime API."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from adapter import Handler
from adapter.errors import ResponseTooLargeError, ResultError
from adapter.events import KINDS
from adapter.events.stream import CONTENT_TYPE, decode_head, encode_head
from adapter.message import Request
from lambda_side import ADAPTER, AWSLAMBDARIC, own_handler, pool_of, run

GUESTS = Path(__file__).parent / "guests"
STREAMS = {"ADAPTER_STREAM": "1"}


@pytest.fixture(autouse=True)
def _task_folder(monkeypatch):
    monkeypatch.chdir(GUESTS)


@pytest.fixture(params=["streams:app", "streams:wsgi_app"], ids=["ASGI", "WSGI"])
def target(request):
    return request.param


def event(path, kind="function_url", method="GET"):
    return KINDS[kind].encode_request(Request(method, path))


def asked(target, *paths, kind="function_url", method="GET", **options):
    return run(target, *(event(path, kind, method) for path in paths), variables=STREAMS, **options)


def head_and_body(outcome):
    return decode_head(outcome.body)


# The head


@pytest.mark.parametrize("size", [0, 1, 7, 8, 20_000])
def test_a_head_comes_back_as_it_was(size):
    head = {"statusCode": 200, "headers": {"a": "b"}, "cookies": ["x=1"]}
    assert decode_head(encode_head(head) + b"\0" * size) == (head, b"\0" * size)


def test_half_a_head_asks_for_more():
    data = encode_head({"statusCode": 200})
    assert [decode_head(data[:end]) for end in range(len(data))] == [None] * len(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"{}" * 9000, "no end"), (b"{x\0\0\0\0\0\0\0\0", "no JSON"), (b"1" + bytes(8), "not an obj")],
)
def test_what_is_no_head_is_said(data, words):
    with pytest.raises(ResultError, match=words):
        decode_head(data)


def test_a_head_that_no_front_end_finds_the_end_of_is_refused():
    with pytest.raises(ResponseTooLargeError, match="at most 16,384"):
        encode_head({"statusCode": 200, "headers": {"a": "b" * 20_000}})


# What the client gets


@pytest.mark.parametrize("kind", ["function_url", "rest_api"])
def test_chunks_come_one_by_one(target, kind):
    ran = asked(target, "/events", kind=kind)
    head, body = head_and_body(ran.outcomes[0])
    assert head["statusCode"] == 200
    assert head["headers"]["content-type"] == "text/plain"
    assert body == b"data: 1\n\ndata: 2\n\ndata: 3\n\n"
    assert len(ran.chunks[0]) >= 3


@pytest.mark.parametrize("concurrency", [1, 2])
def test_the_client_has_the_first_chunk_before_the_app_makes_the_next(
    target, tmp_path, concurrency
):
    seen = tmp_path / "seen"

    async def scenario():
        pool = pool_of(
            [*ADAPTER, target], target, size=1, log=print, timeout=20, concurrency=concurrency,
            variables={**STREAMS, "SEEN": str(seen)},
        )  # fmt: skip
        try:
            stream = (await pool.invoke(event("/until-seen"))).stream
            body = b""
            async for chunk in stream:
                body += chunk
                if body.endswith(b"one"):
                    seen.touch()
            return stream.end, body
        finally:
            await pool.stop()

    end, body = asyncio.run(scenario())
    assert not end.failed
    assert body.endswith(b"onetwo")


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("function_url", "cookies", ["a=1", "b=2"]),
        ("rest_api", "multiValueHeaders", {"set-cookie": ["a=1", "b=2"]}),
    ],
)
def test_cookies_are_where_the_front_end_reads_them(target, kind, name, value):
    head, _ = head_and_body(asked(target, "/cookies", kind=kind).outcomes[0])
    assert head[name] == value


@pytest.mark.parametrize(
    ("path", "method", "status", "body"),
    [
        ("/x", "HEAD", 200, b""),
        ("/empty", "GET", 200, b""),
        ("/empty-chunks", "GET", 200, b"ab"),
        ("/none", "GET", 204, b""),
        ("/unchanged", "GET", 304, b""),
        ("/teapot", "GET", 418, b"onetwo"),
        ("/x", "POST", 200, b"onetwo"),
    ],
)
def test_statuses_and_empty_bodies_come_out_right(target, path, method, status, body):
    ran = asked(target, path, method=method)
    head, got = head_and_body(ran.outcomes[0])
    assert (head["statusCode"], got) == (status, body)
    assert f"after {path}" in ran.text


def test_a_front_end_that_can_t_stream_gets_a_buffered_answer(target):
    ran = asked(target, "/events", kind="http_api")
    assert ran.chunks == [None]
    assert ran.results[0]["body"] == "data: 1\n\ndata: 2\n\ndata: 3\n\n"


def test_a_handler_by_its_name_streams_too(tmp_path, monkeypatch):
    handler = own_handler(tmp_path, monkeypatch, ("streams", "app"), "stream=True")
    (chunks,) = run(handler, event("/events")).chunks
    assert len(chunks) >= 3


def test_100_mb_take_no_memory(target):
    ran = asked(target, "/memory", "/big", "/memory")
    before, big, after = ran.outcomes
    assert len(head_and_body(big)[1]) == 100_000_000
    assert int(head_and_body(after)[1]) - int(head_and_body(before)[1]) < 15


# What goes wrong


def test_an_error_before_the_first_byte_is_a_500_page(target):
    failed, after = asked(target, "/fails-before", "/x").outcomes
    head, body = head_and_body(failed)
    assert (head["statusCode"], body) == (500, b"Internal Server Error")
    assert head_and_body(after)[1] == b"onetwo"


def test_an_error_before_any_byte_of_the_body_is_a_500_page_too(target):
    failed, after = asked(target, "/silent-then-fails", "/x").outcomes
    head, body = head_and_body(failed)
    assert (head["statusCode"], body) == (500, b"Internal Server Error")
    assert head_and_body(after)[1] == b"onetwo"


def test_a_body_that_is_no_bytes_is_a_500_page():
    failed, after = asked("streams:wsgi_app", "/text", "/x").outcomes
    head, body = head_and_body(failed)
    assert (head["statusCode"], body) == (500, b"Internal Server Error")
    assert head_and_body(after)[1] == b"onetwo"


def test_headers_that_no_front_end_delivers_are_a_500_page(target):
    ran = asked(target, "/long-header", "/x")
    head, _ = head_and_body(ran.outcomes[0])
    assert head["statusCode"] == 500
    assert "16,384" in ran.text
    assert head_and_body(ran.outcomes[1])[1] == b"onetwo"


def test_an_error_after_the_first_byte_is_in_the_trailers(target):
    ran = asked(target, "/fails-after", "/x")
    failed, after = ran.outcomes
    assert failed.failed
    assert failed.error_type == "Function.ValueError"
    assert json.loads(failed.body)["errorMessage"] == "after"
    assert head_and_body(after)[1] == b"onetwo"
    assert re.search(r"\[ERROR\] RequestId: [-0-9a-f]{36} ValueError: after", ran.text)


def test_an_exit_after_the_first_byte_ends_the_answer_and_nothing_else(target):
    failed, after = asked(target, "/exits-after", "/x").outcomes
    assert failed.failed
    assert head_and_body(after)[1] == b"onetwo"


def test_an_error_at_last_is_logged_and_hurts_nobody(target):
    ran = asked(target, "/fails-at-last", "/x")
    assert [head_and_body(outcome)[1] for outcome in ran.outcomes] == [b"onetwo", b"onetwo"]
    assert re.search(
        r"GET /fails-at-last failed \(RequestId: [-0-9a-f]{36}\): ValueError", ran.text
    )


# Under AWS's own loop


def test_aws_s_own_runtime_says_what_to_change_and_buffers(tmp_path, monkeypatch):
    handler = own_handler(tmp_path, monkeypatch, ("streams", "wsgi_app"), "stream=True")
    ran = run(handler, event("/x"), command=AWSLAMBDARIC)
    assert ran.results[0]["body"] == "onetwo"
    wrapper = re.search(r"AWS_LAMBDA_EXEC_WRAPPER to (\S+)", ran.text)[1]
    assert Path(wrapper).stat().st_mode & 0o111


def test_a_direct_call_is_buffered():
    from guests.streams import wsgi_app

    assert Handler(wsgi_app, stream=True)(event("/x"))["body"] == "onetwo"


def test_the_media_type_is_lambda_s():
    assert CONTENT_TYPE == "application/vnd.awslambda.http-integration-response"
