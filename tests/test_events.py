"""Events that are no HTTP requests: what the app gets of them, and what Lambda gets of the app."""

import asyncio
import copy
import gzip
import json
import time
from base64 import b64encode
from pathlib import Path
from urllib.parse import unquote

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter import EventError, Handler
from adapter.cli import cli
from adapter.context import Context
from adapter.errors import FailedEventError, LoadError
from adapter.events import _item, samples, source_of
from adapter.events.batch import Batch, reserve
from adapter.events.sources import SOURCES
from adapter.runtime.faults import document
from adapter.runtime.load import load
from adapter.websocket import _client_of
from cases import merged, recorded, standard
from event_samples import ALL, CHANNEL, HOME, ROWS, packed
from lambda_side import ADAPTER, AWSLAMBDARIC, run

GUESTS = Path(__file__).parent / "guests"


class Calls(list):
    """A WSGI app that keeps its environs and bodies, and answers with what `answer` says."""

    def __init__(self, answer=lambda path, body: (204, b"")):
        self.answer = answer

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read()
        self.append((environ, body))
        status, text = self.answer(environ["REQUEST_URI"], body)
        start_response(f"{status} X", [("Content-Type", "application/json")])
        return [text]

    @property
    def paths(self):
        return [environ["REQUEST_URI"] for environ, _ in self]

    @property
    def bodies(self):
        return [body for _, body in self]

    def header(self, name):
        key = "HTTP_" + name.upper().replace("-", "_")
        return [environ.get(key) for environ, _ in self]


def calls_of(event, **options):
    calls = Calls(lambda path, body: (200, b"{}"))
    result = Handler(calls, **options)(event)
    return calls, result


def changed(event, **changes):
    """The event with changes in its only or first record."""
    event = copy.deepcopy(event)
    return {"Records": [merged(event["Records"][0], changes)]}


SQS, SNS, S3 = (recorded(f"{name}") for name in ("sqs__two_records", "sns__notification",
                                                 "s3__object_created_put"))  # fmt: skip
KINESIS, KAFKA = recorded("kinesis__two_records"), recorded("kafka__msk")


# Which source an event is from, and what the request is


@pytest.mark.parametrize(("name", "event", "path", "body"), ALL, ids=lambda value: str(value)[:20])
def test_an_event_becomes_a_post_for_its_source_and_name(name, event, path, body):
    calls, _ = calls_of(event)
    environ, first = calls[0]
    assert source_of(event).name == name
    assert unquote(environ["PATH_INFO"]) == f"/_events{path}"
    assert environ["REQUEST_METHOD"] == "POST"
    assert first.startswith(body)
    assert environ["aws.event"] is event
    assert environ["HTTP_CE_SPECVERSION"] == "1.0"
    assert environ["HTTP_CE_ID"]
    assert environ["HTTP_CE_SOURCE"]
    assert environ["HTTP_CE_TYPE"]
    if first:
        assert environ["CONTENT_LENGTH"] == str(len(first))


def test_each_row_of_the_table_is_reached_by_an_event_of_its_own():
    assert [name for name, *_ in ROWS] == [source.name for source in SOURCES]
    assert [source_of(event) for _, event, *_ in ROWS] == list(SOURCES)


def test_a_message_of_a_websocket_api_is_one_also_with_an_http_request_s_fields_as_nulls():
    event = recorded("websocket__message_json") | {"httpMethod": None, "path": None}
    assert calls_of(event)[0].paths == ["/_events/websocket/$default"]


def test_all_connections_of_an_api_share_a_client(monkeypatch):
    """One that is made for a message has a TLS connection to make, too."""
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    found = {
        stage: [_client_of({"requestContext": {"domainName": "a.execute-api.x", "stage": stage}})
                for _ in range(2)]
        for stage in ("dev", "prod")
    }  # fmt: skip
    assert [one is two for one, two in found.values()] == [True, True]
    assert [one.meta.endpoint_url for one, _ in found.values()] == [
        "https://a.execute-api.x/dev", "https://a.execute-api.x/prod",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("event", "headers"),
    [
        (
            changed(SQS, attributes={"MessageGroupId": "g"}, messageAttributes={
                "Trace-Id": {"stringValue": "é 1", "dataType": "String"},
                "a_b c": {"stringValue": "no header's name"},
            }),
            {
                "ce-id": SQS["Records"][0]["messageId"],
                "ce-type": "com.amazonaws.sqs.message",
                "ce-source": "arn:aws:sqs:us-east-2:123456789012:my-queue",
                "ce-time": "2018-12-17T21:37:29.183Z",
                "ce-partitionkey": "g",
                "message-trace-id": "%C3%A9%201",
                "host": "localhost",
            },
        ),
        (
            changed(SNS, Sns={"Subject": "A b", "Message": '{"a": 1}'}),
            {"ce-type": "com.amazonaws.sns.notification", "ce-subject": "A%20b"},
        ),
        (
            changed(S3, s3={"object": {"key": "a+b%2Bc/%C3%A9.txt"}}),
            {"ce-type": "com.amazonaws.s3.ObjectCreated:Put", "ce-subject": "a%20b+c/%C3%A9.txt"},
        ),
        (KINESIS, {"ce-partitionkey": "1", "ce-id": KINESIS["Records"][0]["eventID"]}),
        (
            KAFKA,
            {"ce-partitionkey": "recordKey", "ce-id": "mytopic-0-15",
             "message-headerkey": "headerValue", "ce-time": "2018-12-17T22:10:50.987Z"},
        ),
        (
            {"id": "1", "detail-type": "Object Created", "source": "aws.s3",
             "detail": {"object": {"key": "a b"}}},
            {"ce-subject": "a%20b", "ce-type": "Object%20Created", "ce-source": "aws.s3"},
        ),
        (recorded("cognito__pre_sign_up"), {"ce-type": "PreSignUp_SignUp"}),
        (CHANNEL, {"ce-subject": "/shop/new"}),
        ({"directive": {"header": HOME}}, {"ce-id": "1", "ce-subject": "Discover"}),
        *(
            (
                {"alarmData": {"alarmName": "a b"}, "time": time},
                {"ce-subject": "a%20b", "ce-time": rfc3339},
            )
            for time, rfc3339 in [
                ("2023-08-04T12:36:15.490+0000", "2023-08-04T12:36:15.490+00:00"),
                ("2022-07-22T15:57:45Z", "2022-07-22T15:57:45Z"),
            ]
        ),
    ],
    ids=lambda value: str(value)[:12],
)  # fmt: skip
def test_what_cloudevents_has_a_name_for_is_in_the_headers(event, headers):
    calls, _ = calls_of(event)
    assert {name: calls.header(name)[0] for name in headers} == headers


@pytest.mark.parametrize(
    ("event", "body", "media_type"),
    [
        (changed(SQS, body='{"a": "é"}'), '{"a": "é"}'.encode(), "application/json"),
        (changed(SQS, body=json.dumps(SNS)), json.dumps(SNS).encode(), "application/json"),
        (changed(SQS, body=""), b"", ""),
        (changed(KINESIS, kinesis={"data": "/wA="}), b"\xff\0", "application/octet-stream"),
        (samples.kafka("t", [b""]), b"", ""),
        (
            {"awslogs": {"data": packed({"logEvents": []})}},
            b'{"logEvents": []}',
            "application/json",
        ),
    ],
)
def test_a_body_is_the_message_and_as_it_was_sent(event, body, media_type):
    calls, _ = calls_of(event)
    environ, told = calls[0]
    assert (told, environ.get("CONTENT_TYPE", "")) == (body, media_type)


def test_a_kafka_tombstone_is_a_record_without_a_body():
    event = copy.deepcopy(KAFKA)
    event["records"]["mytopic-0"][0]["value"] = None
    calls, _ = calls_of(event)
    assert calls.bodies == [b""]


def test_the_same_record_has_the_same_id_again_where_it_has_none_of_its_own():
    context = Context("request-1", int(time.time() * 1000) + 30_000)
    calls = Calls()
    for _ in range(2):
        Handler(calls)(recorded("iot__button_single_click"), context)
    assert calls.header("ce-id") == ["request-1.0"] * 2


def test_the_prefix_moves_and_can_be_left_out():
    calls, _ = calls_of(SQS, events="/from/aws")
    assert calls.paths == ["/from/aws/sqs/my-queue"] * 2
    with pytest.raises(EventError, match="a batch of 2 from 'aws:sqs'"):
        Handler(Calls(), events=None)(SQS)


def test_a_request_from_outside_does_not_reach_the_path_of_an_event():
    calls = Calls()
    event = standard("http_api", rawPath="/_events/sqs/my-queue")
    assert Handler(calls)(event)["statusCode"] == 404
    assert calls == []


@pytest.mark.parametrize("name", ["..", "../admin", "a/../b", "."])
def test_no_name_leads_to_another_path(name):
    calls = Calls()
    event = {"detail-type": "x", "source": name, "detail": {}}
    with pytest.raises(EventError, match="is no name"):
        Handler(calls)(event)
    assert calls == []


def test_a_slash_in_a_name_stays_within_its_segment():
    calls, _ = calls_of({"detail-type": "x", "source": "a/b c", "detail": {}})
    assert calls.paths == ["/_events/eventbridge/a%2Fb%20c"]


@pytest.mark.parametrize(
    "event",
    [
        {"Records": [{"eventSource": "aws:unheard-of"}]},
        {"Records": []},
        {"hello": "world"},
        merged(recorded("kinesis__two_records"), {"isFinalInvokeForWindow": False, "state": {}}),
    ],
    ids=["source", "empty", "direct", "window"],
)
def test_what_is_not_answered_is_an_error_that_names_the_way_out(event):
    with pytest.raises(EventError, match=r"function\(event, context\) of your own"):
        Handler(Calls())(event)


# What Lambda hears


class Aws:
    """What the event source does with a result: the records that it takes for done."""

    def __init__(self, kind, event, ids, mapping):
        self.kind, self.event, self.ids, self.mapping = kind, event, ids, mapping

    def done(self, outcome):
        """`outcome` is the function's result, or its exception.

        https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
        https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
        """
        everything = set(range(len(self.ids)))
        if isinstance(outcome, Exception):
            return set()
        if not self.mapping or not outcome or not outcome["batchItemFailures"]:
            return everything
        named = [failure["itemIdentifier"] for failure in outcome["batchItemFailures"]]
        if not all(name and name in self.ids for name in named):
            return set()
        if self.kind in ("sqs", "fifo"):
            return {number for number in everything if self.ids[number] not in named}
        checkpoint = min(map(int, named))
        return {number for number in everything if int(self.ids[number]) < checkpoint}


OUTCOMES = [
    200, 201, 204, 299, 302, 400, 404, 500, 503, 600, "raises", "exits", "cancels", "broken",
    "undecodable",
]  # fmt: skip
GOOD = [200, 204]


def batch_of(kind, outcomes, groups):
    """An event whose records' bodies are what the app is to answer; and their identifiers."""
    bodies = [json.dumps([number, outcome]).encode() for number, outcome in enumerate(outcomes)]
    if kind == "kafka":
        event = samples.kafka("q", bodies)
        listed = event["records"].pop("q-0")
        for record, group in zip(listed, groups, strict=True):
            event["records"].setdefault(f"q-{group}", []).append(record)
        in_order = [record for group in event["records"].values() for record in group]
        for record in in_order:
            if "undecodable" in str(_item.decoded(record["value"])):
                record["value"] = "%"
        return event, [str(listed.index(record)) for record in in_order]
    make = {"sqs": samples.sqs, "fifo": samples.sqs}.get(kind) or samples.MAKERS[kind]
    event = make("q.fifo" if kind == "fifo" else "q", bodies, "n" if kind == "dynamodb" else "")
    ids = []
    for record, group, outcome in zip(event["Records"], groups, outcomes, strict=True):
        if kind == "fifo":
            record["attributes"]["MessageGroupId"] = f"g{group}"
        if kind == "sqs":  # a fair queue: groups, and no order
            record["attributes"]["MessageGroupId"] = f"g{group}"
        if outcome == "undecodable":
            spoil(kind, record)
        ids.append(
            record["kinesis"]["sequenceNumber"]
            if kind == "kinesis"
            else record.get("messageId", "")
        )
    return event, ids


def spoil(kind, record):
    if kind == "kinesis":
        record["kinesis"]["data"] = "%"
    elif kind == "sns":
        record["Sns"]["Message"] = None
    else:
        record["body"] = {"no": "text"}


def answers(seen):
    """A WSGI app that does to a record what its body says."""

    def app(environ, start_response):
        number, outcome = json.loads(environ["wsgi.input"].read())
        seen.append(number)
        if outcome == "raises":
            raise ValueError(f"no luck with {number}")
        if outcome == "exits":
            raise SystemExit(1)
        if outcome == "cancels":
            raise asyncio.CancelledError
        if outcome == "broken":
            start_response("200 OK", [])
            return iter([b"x", 5])
        start_response(f"{outcome} X", [])
        return [b"ignored"]

    return app


def asgi_answers(seen):
    async def app(scope, receive, send):
        assert scope["type"] == "http"
        number, outcome = json.loads((await receive())["body"])
        seen.append(number)
        if outcome == "raises":
            raise ValueError(f"no luck with {number}")
        if outcome == "exits":
            raise SystemExit(1)
        if outcome == "cancels":
            raise asyncio.CancelledError
        status = 200 if outcome == "broken" else outcome
        await send({"type": "http.response.start", "status": status, "headers": []})
        if outcome == "broken":
            return
        await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b"ignored"})

    return app


def wsgi_outcome(seen, event, context, **options):
    return Handler(answers(seen), deadline_margin=0, **options)(event, context)


ASGI_SEEN = []
ASGI = {
    reports: Handler(asgi_answers(ASGI_SEEN), deadline_margin=0, partial_batch=reports)
    for reports in (True, False)
}


def asgi_outcome(seen, event, context, *, partial_batch):
    ASGI_SEEN.clear()
    try:
        return ASGI[partial_batch](event, context)
    finally:
        seen += ASGI_SEEN


def in_loop_outcome(seen, event, context, *, partial_batch):
    handler = ASGI[partial_batch]
    handler.start()
    ASGI_SEEN.clear()
    try:
        exchange = handler.loop.run(handler.answer_soon(event, context))
        handler.loop.run(exchange.finish())
        return exchange.result
    finally:
        seen += ASGI_SEEN


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(["sqs", "fifo", "kinesis", "kafka", "sns"]),
    run_it=st.sampled_from([wsgi_outcome, asgi_outcome, in_loop_outcome]),
    records=st.lists(
        st.tuples(st.sampled_from(GOOD) | st.sampled_from(OUTCOMES), st.integers(0, 2)),
        min_size=1,
        max_size=7,
    ),
    twice=st.booleans(),
    reports=st.booleans(),
    mapping=st.booleans(),
    late=st.sampled_from([False, False, True]),
)
def test_what_aws_would_delete_is_what_the_app_answered_with_2xx(
    kind, run_it, records, twice, reports, mapping, late
):
    outcomes, groups = [outcome for outcome, _ in records], [group for _, group in records]
    event, ids = batch_of(kind, outcomes, groups)
    if twice and kind in ("sqs", "fifo") and len(ids) > 1:
        ids[-1] = event["Records"][-1]["messageId"] = ids[0]
    context = Context("r", int(time.time() * 1000) + (0 if late else 60_000))
    seen = []
    try:
        outcome = run_it(seen, event, context, partial_batch=reports)
    except FailedEventError as error:
        outcome = error
    if kind == "kafka":
        outcomes = [outcomes[int(place)] for place in ids]
        groups = [groups[int(place)] for place in ids]
        seen = [ids.index(str(number)) for number in seen]
    done = {number for number in seen if outcomes[number] in (200, 201, 204, 299)}
    deleted = Aws(kind, event, ids, mapping or reports).done(outcome)

    assert deleted <= done
    named = reports and kind in ("sqs", "fifo", "kinesis") and len(set(ids)) == len(ids)
    if named or len(done) == len(ids):
        assert deleted == done
    # Each record is begun once at the most, in order, and not behind a failed one of its group.
    assert seen == sorted(set(seen))
    for number in seen:
        before = [
            other
            for other in range(number)
            if kind == "kinesis" or (kind in ("fifo", "kafka") and groups[other] == groups[number])
        ]
        assert set(before) <= done
    if late:  # one is begun all the same, or a short function would do nothing
        assert seen == [0] * (outcomes[0] != "undecodable")
    elif kind in ("sqs", "sns"):  # a failure stops none of the others
        readable = [number for number, each in enumerate(outcomes) if each != "undecodable"]
        assert seen == readable


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("kind", ["sqs", "fifo", "kinesis", "dynamodb"])
@pytest.mark.parametrize("fault", ["status", "raises"])
def test_a_fault_at_each_place_is_named_at_this_place(kind, place, fault):
    bodies = [json.dumps({"n": number}).encode() for number in range(4)]
    make = samples.sqs if kind == "fifo" else samples.MAKERS[kind]
    event = make("q.fifo" if kind == "fifo" else "q", bodies)

    def answer(path, body):
        number = json.loads(body)
        number = number["n"] if kind != "dynamodb" else int(number["dynamodb"]["Keys"]["n"]["N"])
        if number != place:
            return 204, b""
        if fault == "raises":
            raise RuntimeError
        return 500, b""

    calls = Calls(answer)
    name = {"kinesis": ("kinesis", "sequenceNumber"), "dynamodb": ("dynamodb", "SequenceNumber")}
    ids = [_item.within(record, name.get(kind, ("messageId",))) for record in event["Records"]]
    failed = ids[place : place + 1] if kind == "sqs" else ids[place:]
    if len(failed) == 4:
        with pytest.raises(FailedEventError, match="4 of 4 records"):
            Handler(calls, partial_batch=True)(event)
    else:
        result = Handler(calls, partial_batch=True)(event)
        assert result == {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}
    assert len(calls) == (4 if kind == "sqs" else place + 1)


def test_an_app_that_changes_the_event_changes_no_name():
    class Spoils(Calls):
        def __call__(self, environ, start_response):
            environ["aws.event"]["Records"][0]["messageId"] = "changed"
            return super().__call__(environ, start_response)

    event = samples.sqs("q", [b"1", b"2"])
    name = event["Records"][0]["messageId"]
    handler = Handler(Spoils(lambda path, body: (500 if body == b"1" else 204, b"")),
                      partial_batch=True)  # fmt: skip
    assert handler(event) == {"batchItemFailures": [{"itemIdentifier": name}]}


def test_one_whose_failure_can_t_be_named_fails_them_all():
    event = samples.sqs("q", [b"1", b"2"])
    event["Records"][1]["messageId"] = ""
    with pytest.raises(FailedEventError, match="1 of 2"):
        Handler(Calls(lambda path, body: (204 if body == b"1" else 500, b"")), partial_batch=True)(
            event
        )


@pytest.mark.parametrize(
    ("told", "given", "partial"),
    [("1", False, True), ("true", False, True), ("0", False, False), ("what", False, False),
     ("", False, False), ("", True, True)],
)  # fmt: skip
def test_the_deployer_says_that_failures_are_named(monkeypatch, told, given, partial):
    monkeypatch.setenv("ADAPTER_PARTIAL_BATCH", told)
    handler = Handler(
        Calls(lambda path, body: (204 if body == b"1" else 500, b"")), partial_batch=given
    )
    event = samples.sqs("q", [b"1", b"2"])
    if partial:
        failure = {"itemIdentifier": event["Records"][1]["messageId"]}
        assert handler(event) == {"batchItemFailures": [failure]}
    else:
        with pytest.raises(FailedEventError, match="ADAPTER_PARTIAL_BATCH=1"):
            handler(event)


def test_a_value_that_says_nothing_is_refused_at_the_start(monkeypatch):
    monkeypatch.chdir(GUESTS)
    monkeypatch.setenv("ADAPTER_PARTIAL_BATCH", "maybe")
    with pytest.raises(LoadError, match="ADAPTER_PARTIAL_BATCH is 'maybe'"):
        load("web:app")


def test_a_missing_route_is_named_in_the_log_and_in_the_error(caplog):
    context = Context("request-7", int(time.time() * 1000) + 30_000)
    with pytest.raises(FailedEventError, match=r"/_events/sqs/my-queue was .* no such route") as it:
        Handler(Calls(lambda path, body: (404, b"")))(SQS, context)
    assert "POST /_events/sqs/my-queue was answered with 404" in caplog.text
    assert "request-7" in caplog.text
    assert document(it.value)["stackTrace"] == []


def test_an_exception_is_logged_once_with_its_traceback(caplog):
    def answer(path, body):
        raise ValueError("no such order")

    with pytest.raises(FailedEventError, match="ValueError: no such order"):
        Handler(Calls(answer))(changed(SQS))
    assert [bool(record.exc_info) for record in caplog.records] == [True]


def test_the_access_log_has_a_line_for_each_record(caplog):
    calls = Calls(lambda path, body: (204 if body == b"1" else 404, b""))
    handler = Handler(calls, access_log=True, partial_batch=True)
    handler(samples.sqs("q", [b"1", b"2"]))
    lines = [record.message for record in caplog.records if record.name == "adapter.access"]
    assert [line.rpartition(" ms ")[0].rpartition(" ")[0] for line in lines] == [
        "POST /_events/sqs/q 204",
        "POST /_events/sqs/q 404",
    ]
    assert [line.rpartition(" ")[2] for line in lines] == ["cold", "warm"]


# Time


@pytest.mark.parametrize(
    ("left", "kept"),
    [(900, 90), (30, 3), (10, 1), (3, 1), (2, 1), (1, 0.5), (0.1, 0.05), (-1, -0.5)],
)
def test_a_tenth_of_the_time_is_kept_and_a_second_but_no_more_than_half(left, kept):
    assert reserve(left) == pytest.approx(kept)


def test_no_record_is_begun_when_the_deadline_is_near(caplog):
    calls = Calls(lambda path, body: time.sleep(0.3) or (204, b""))
    event = samples.sqs("q", [b"1", b"2", b"3", b"4", b"5", b"6"])
    context = Context("r", int(time.time() * 1000) + 2000)  # 1 s is kept of it
    result = Handler(calls, partial_batch=True, deadline_margin=0)(event, context)
    begun = len(calls)
    assert 1 <= begun < 6
    assert [each["itemIdentifier"] for each in result["batchItemFailures"]] == [
        record["messageId"] for record in event["Records"][begun:]
    ]
    assert f"{6 - begun} of 6 records: not begun, since the deadline is near" in caplog.text


def test_a_function_with_three_seconds_begins_its_records():
    batch = Batch(source_of(SQS), SQS, None, reports=False, deadline=time.time() + 3)
    for item in batch.to_do():
        item.done = True
    assert batch.result() is None


def test_without_a_deadline_all_are_begun():
    calls, result = calls_of(samples.sqs("q", [b"1"] * 20), partial_batch=True)
    assert len(calls) == 20
    assert result == {"batchItemFailures": []}


@pytest.mark.parametrize("in_loop", [False, True])
def test_a_record_s_background_work_ends_before_the_next_begins(in_loop):
    order = []

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        body = (await receive())["body"]
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})
        order.append(body + b" answered")
        await asyncio.sleep(0.01)
        order.append(body + b" ended")

    with Handler(app) as handler:
        event = samples.sqs("q", [b"1", b"2"])
        if in_loop:
            handler.loop.run(handler.answer_soon(event))
        else:
            handler.answer(event)
        assert order == [b"1 answered", b"1 ended", b"2 answered", b"2 ended"]


# Who waits for a result


PRE_SIGN_UP = recorded("cognito__pre_sign_up")


@pytest.mark.parametrize(
    ("event", "answer", "result"),
    [
        (PRE_SIGN_UP, (200, b'{"a": [1, "\xc3\xa9"]}'), {"a": [1, "é"]}),
        (PRE_SIGN_UP, (204, b""), PRE_SIGN_UP),
        ({"messageVersion": "1.0", "agent": {}}, (200, b"[1]"), [1]),
        ({"info": {"fieldName": "f"}}, (200, b'"text"'), "text"),
        ({"info": {"fieldName": "f"}}, (204, b""), None),
        (recorded("eventbridge__ec2_state_change"), (200, b'{"a": 1}'), {"a": 1}),
        (recorded("eventbridge__ec2_state_change"), (200, b"<p>done</p>"), None),
        (recorded("iot__button_single_click"), (200, b'{"a": 1}'), None),
        (SNS, (200, b'{"a": 1}'), None),
    ],
)
def test_the_answer_is_the_result_where_somebody_waits_for_it(event, answer, result):
    assert Handler(Calls(lambda path, body: answer))(event) == result


@pytest.mark.parametrize("text", [b"<p>", b"\xff", b"NaN", b'{"a": Infinity}', b"[" * 100_000])
def test_an_answer_that_is_no_json_is_an_error_that_says_so(text, caplog):
    with pytest.raises(FailedEventError, match=r"PreSignUp failed: .* it is none"):
        Handler(Calls(lambda path, body: (200, text)))(PRE_SIGN_UP)
    assert "has to be JSON; it is none" in caplog.text


def test_an_answer_that_is_a_failure_need_not_be_json():
    with pytest.raises(FailedEventError, match="cognito/PreSignUp was answered with 403"):
        Handler(Calls(lambda path, body: (403, b"<p>no</p>")))(PRE_SIGN_UP)


def test_an_authorizer_s_401_is_the_error_that_api_gateway_knows(caplog):
    event = {"type": "TOKEN", "methodArn": "arn", "authorizationToken": "x"}
    with pytest.raises(FailedEventError, match=r"^Unauthorized$"):
        Handler(Calls(lambda path, body: (401, b"")))(event)
    assert "/_events/authorizer/function was answered with 401" in caplog.text
    with pytest.raises(FailedEventError, match="answered with 403"):
        Handler(Calls(lambda path, body: (403, b"")))(event)


# What comes from outside can't break it


WRONG = [0, True, "", "x", "\ud800", [], [5], [None], {}, {"a": 1}, 10**400]


def places_in(value, path=()):
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from places_in(inner, (*path, key))


@pytest.mark.parametrize("number", range(len(ALL)))
def test_a_wrong_value_anywhere_is_a_request_or_an_error_of_ours(number, caplog):
    caplog.set_level("CRITICAL", "adapter")
    handler = Handler(Calls(lambda path, body: (200, b"{}")), partial_batch=True)
    original = ALL[number][1]
    for *path, last in list(places_in(original)):
        event = copy.deepcopy(original)
        parent = event
        for key in path:
            parent = parent[key]
        for wrong in (*WRONG, None):
            parent[last] = wrong
            try:
                result = handler(event)
            except (EventError, FailedEventError):
                continue
            json.dumps(result)


def test_one_record_that_can_t_be_read_is_no_fault_of_the_others(caplog):
    event = samples.kinesis("s", [b"1"])
    poison = samples.sqs("q", [b"1", b"2", b"3"])
    poison["Records"][1] = {"messageId": "poison", "eventSource": "aws:sqs"}
    calls = Calls()
    result = Handler(calls, partial_batch=True)(poison)
    assert calls.bodies == [b"1", b"3"]
    assert result == {"batchItemFailures": [{"itemIdentifier": "poison"}]}
    assert "sqs: record 1 can't be read" in caplog.text
    event["Records"][0]["kinesis"]["data"] = "no base64!"
    with pytest.raises(FailedEventError, match="no base64"):
        Handler(Calls())(event)


def test_logs_that_unpack_to_more_than_there_is_room_for_are_refused(monkeypatch):
    monkeypatch.setattr(_item, "UNPACKED_LIMIT", 1_000_000)
    for size, fine in ((999_000, True), (2_000_000, False)):
        data = b64encode(gzip.compress(b"x" * size, mtime=0)).decode()
        if fine:
            Handler(Calls())({"awslogs": {"data": data}})
        else:
            with pytest.raises(EventError, match="over 1,000,000 bytes"):
                Handler(Calls())({"awslogs": {"data": data}})


@pytest.mark.parametrize("data", ["no base64!", "aGVsbG8=", packed({})[:20], 5, None])
def test_logs_that_can_t_be_unpacked_are_refused(data):
    with pytest.raises(EventError):
        Handler(Calls())({"awslogs": {"data": data}})


# Events made here


@pytest.mark.parametrize("source", samples.MAKERS)
def test_an_event_made_of_a_name_and_a_body_arrives_as_that(source):
    event = json.loads(json.dumps(samples.MAKERS[source]("a-name", [b'{"a": "\xc3\xa9"}'], "")))
    calls, _ = calls_of(event)
    assert source_of(event).name == source
    assert calls.paths == [f"/_events/{source}/a-name"]
    if source not in ("s3", "dynamodb"):
        assert json.loads(calls.bodies[0]) == {"a": "é"}


@given(st.text(min_size=1))
def test_a_key_is_that_of_the_object(key):
    calls, _ = calls_of(samples.s3("b", [], key))
    assert unquote(calls.header("ce-subject")[0]) == key


def event_command(*words):
    return CliRunner().invoke(cli, ["event", *words])


def test_the_command_makes_events_of_sources(tmp_path):
    (tmp_path / "body").write_text('{"n": 1}')
    done = event_command("sqs", "--queue", "orders", "-d", f"@{tmp_path / 'body'}", "-d", "2")
    calls, _ = calls_of(json.loads(done.output))
    assert calls.paths == ["/_events/sqs/orders"] * 2
    assert calls.bodies == [b'{"n": 1}', b"2"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sqs"], "--queue NAME"),
        (["sqs", "GET", "/"], "an event of sqs has no method"),
        (["sqs", "--queue", "q", "--stage", "dev"], "an event of sqs has no method"),
        (["dynamodb", "--table", "t", "-d", "x"], "a DynamoDB item is a JSON object"),
        (["eventbridge", "--source", "s", "-d", "{}", "-d", "{}"], "has one body, not 2"),
        (["http_api", "GET", "/", "--queue", "q"], "http_api is a front end"),
        (["http_api", "GET"], "Missing argument 'PATH'"),
        (["kafkaesque", "--topic", "t"], "the sources sqs, sns"),
    ],
)
def test_the_command_says_what_is_wrong(words, message):
    done = event_command(*words)
    assert done.exit_code == 2
    assert message in done.output


# Through the runtimes


@pytest.mark.parametrize("command", [ADAPTER, AWSLAMBDARIC], ids=["ours", "AWS's"])
def test_a_batch_through_either_runtime(command, monkeypatch):
    monkeypatch.chdir(GUESTS)
    monkeypatch.setenv("ADAPTER_PARTIAL_BATCH", "1")
    good, bad = b'{"status": 204}', b'{"status": 500}'
    events = [samples.sqs("q", bodies) for bodies in ([good, bad, good], [bad], [good])]
    ran = run("queue_app.handler", *events, command=command)
    named = [{"itemIdentifier": events[0]["Records"][1]["messageId"]}]
    assert json.loads(ran.outcomes[0].body) == {"batchItemFailures": named}
    assert ran.outcomes[1].failed
    assert json.loads(ran.outcomes[1].body)["errorType"] == "FailedEventError"
    assert json.loads(ran.outcomes[2].body) == {"batchItemFailures": []}


# The reference


PAGE = Path(__file__).parents[1] / "docs" / "reference" / "events.md"


def test_the_table_of_the_reference_is_the_table_of_the_code():
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `/")]
    assert rows == [reference_row(source) for source in SOURCES]


def reference_row(source):
    kind, each = f"[{source.result}](#{source.result})", "each record" if source.records else "one"
    return f"| `/{source.name}/<{source.called_by}>` | {source.told} | {each} | {kind} |"
