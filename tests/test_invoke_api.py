"""The Invoke API of `adapter dev`, called by boto3 and the AWS CLI as Lambda's own is."""

import base64
import json
import re
import socket
import subprocess
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from adapter.config import function_name
from adapter.events import KINDS
from adapter.local.eventstream import message
from adapter.local.invoke_call import Refused, function_of
from adapter.message import Request
from aws_tools import tool
from callers import ARN, client_of, folder_of, log_of, result
from dev_command import Dev

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    folder = folder_of(tmp_path_factory.mktemp("callee"))
    running = Dev(folder, "callee.handler").wait_until_up()
    yield running
    running.stop()


@pytest.fixture
def shop(gateway):
    """The client, and what most calls have."""

    def invoke(event=None, **arguments):
        payload = {} if event is None else {"Payload": json.dumps(event)}
        return client_of(gateway.url).invoke(**{"FunctionName": "shop", **payload, **arguments})

    return invoke


# A call


def test_a_call_has_the_function_s_result(shop):
    answer = shop({"a": [1, "é"]})
    assert result(answer) == {"a": [1, "é"]}
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert not {"FunctionError", "LogResult"} & set(answer)


def test_the_request_id_is_the_one_that_the_function_sees(shop):
    answer = shop({"do": "about"})
    assert result(answer)["id"] == answer["ResponseMetadata"]["RequestId"]


def test_no_payload_is_an_empty_object(shop):
    assert result(shop()) == {}


@pytest.mark.parametrize("payload", ["null", "1", '"text"', " [1,\t2] ", "1" * 4000])
def test_an_event_is_any_json(shop, payload):
    assert result(shop(Payload=payload)) == {"do": "echo", "is": json.loads(payload)}


@pytest.mark.parametrize(
    ("name", "qualifier"),
    [
        ("shop", ""),
        ("shop:LIVE", "LIVE"),
        ("shop:$LATEST", "$LATEST"),
        ("123456789012:function:shop", ""),
        ("function:shop", ""),
        (ARN, ""),
        (f"{ARN}:LIVE", "LIVE"),
        ("arn:aws-us-gov:lambda:us-gov-west-1:999999999999:function:shop:a-b_1", "a-b_1"),
    ],
)
def test_a_function_has_many_names(shop, name, qualifier):
    expected = f"{ARN}:{qualifier}" if qualifier else ARN
    assert result(shop({"do": "about"}, FunctionName=name))["arn"] == expected


def test_an_alias_may_stand_beside_the_name(shop):
    assert result(shop({"do": "about"}, Qualifier="LIVE"))["arn"] == f"{ARN}:LIVE"
    both = shop({"do": "about"}, FunctionName="shop:LIVE", Qualifier="LIVE")
    assert result(both)["arn"] == f"{ARN}:LIVE"
    assert both["ExecutedVersion"] == "$LATEST"


def test_a_caller_s_context_and_tenant_arrive(shop):
    context = base64.b64encode('{"custom": {"k": "é\\n"}}'.encode()).decode()
    seen = result(shop({"do": "about"}, ClientContext=context, TenantId="blue/1"))
    assert (seen["custom"], seen["tenant"]) == ({"k": "é\n"}, "blue/1")


def test_a_dry_run_runs_nothing(shop):
    answer = shop({"do": "exit"}, InvocationType="DryRun")
    assert (answer["StatusCode"], answer["Payload"].read()) == (204, b"")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        shop(FunctionName="other", InvocationType="DryRun")


# Failures of the function


def test_an_exception_is_a_function_error(shop):
    answer = shop({"do": "fail"})
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    document = result(answer)
    assert (document["errorType"], document["errorMessage"]) == ("ValueError", "no such luck")


def test_a_process_that_ends_is_a_function_error(shop):
    answer = shop({"do": "exit"})
    assert answer["FunctionError"] == "Unhandled"
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert result(answer) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {request_id} Error: Runtime exited with error: exit status 3",
    }
    assert result(shop()) == {}


def test_a_result_over_the_limit_is_a_function_error(shop):
    answer = shop({"do": "large"})
    assert answer["FunctionError"] == "Unhandled"
    assert result(answer)["errorType"].endswith("ResponseSizeTooLarge")


# The log


def test_the_tail_is_the_invocation_s_log(shop):
    answer = shop({"do": "say", "lines": ["one é", "two"]}, LogType="Tail")
    request_id = answer["ResponseMetadata"]["RequestId"]
    lines = log_of(answer).splitlines()
    assert lines[:-1] == [
        f"START RequestId: {request_id} Version: $LATEST",
        "one é",
        "two",
        f"END RequestId: {request_id}",
    ]
    assert lines[-1].startswith(f"REPORT RequestId: {request_id}\tDuration: ")


def test_the_tail_is_the_last_4_kb(shop):
    log = log_of(shop({"do": "say", "lines": ["x" * 99] * 100}, LogType="Tail"))
    assert len(log) == 4096
    assert log.count("x" * 99) > 35
    assert "\nREPORT RequestId: " in log


def test_a_traceback_is_in_the_tail(shop):
    assert "ValueError: no such luck" in log_of(shop({"do": "fail"}, LogType="Tail"))


# What AWS refuses


def refused(shop, *event, **arguments):
    """(status, code, message, type) of an error."""
    with pytest.raises(ClientError) as caught:
        shop(*event, **arguments)
    answer = caught.value.response
    assert re.fullmatch("[0-9a-f-]{36}", answer["ResponseMetadata"]["RequestId"])
    error = answer["Error"]
    return answer["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]


@pytest.mark.parametrize(
    ("arguments", "arn"),
    [
        ({"FunctionName": "other"}, ARN.replace("shop", "other")),
        ({"FunctionName": "other:LIVE"}, ARN.replace("shop", "other:LIVE")),
        ({"FunctionName": "shop:7"}, f"{ARN}:7"),
        ({"Qualifier": "7"}, f"{ARN}:7"),
        ({"Qualifier": "$OLDEST"}, f"{ARN}:$OLDEST"),
    ],
)
def test_a_function_that_is_not_there_is_not_found(shop, arguments, arn):
    assert refused(shop, **arguments) == (
        404,
        "ResourceNotFoundException",
        f"Function not found: {arn}",
    )


def test_two_qualifiers_have_to_be_one(shop):
    status, code, words = refused(shop, FunctionName="shop:LIVE", Qualifier="TEST")
    assert (status, code) == (400, "InvalidParameterValueException")
    assert words.startswith("The derived qualifier from the function name does not match")


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"FunctionName": "a:b:c"}, "functionName"),
        ({"FunctionName": "a/b?c"}, "functionName"),
        ({"FunctionName": "é" * 9}, "functionName"),
        ({"FunctionName": "a" * 300}, "functionName"),
        ({"Qualifier": "a b"}, "qualifier"),
        ({"Qualifier": "a" * 129}, "qualifier"),
        ({"InvocationType": "Later"}, "invocationType"),
        ({"LogType": "Head"}, "logType"),
        ({"TenantId": "a,b"}, "tenantId"),
    ],
)
def test_values_that_can_t_be_are_refused(shop, arguments, field):
    status, code, words = refused(shop, **arguments)
    assert (status, code) == (400, "ValidationException")
    assert words.startswith("1 validation error detected: Value '")
    assert f"' at '{field}' failed to satisfy constraint: Member must satisfy" in words


@pytest.mark.parametrize(
    "payload", [b"{", b"{} {}", b"\xff", b"NaN", b"[" * 100_000, b"\xef\xbb\xbf{}", b" "]
)
@pytest.mark.parametrize("kind", ["RequestResponse", "Event", "DryRun"])
def test_what_is_no_json_is_refused(shop, payload, kind):
    status, code, words = refused(shop, Payload=payload, InvocationType=kind)
    assert (status, code) == (400, "InvalidRequestContentException")
    assert words.startswith("Could not parse request body into json: Could not parse payload into")


@pytest.mark.parametrize("context", ["string", "e30=x", "W10=", "e30" + "=" * 4000])
def test_a_client_context_is_an_object_as_base64(shop, context):
    expected = "Client context must be a valid Base64-encoded JSON object."
    assert refused(shop, ClientContext=context) == (
        400,
        "InvalidRequestContentException",
        expected,
    )


def text(size):
    return b'"' + b"x" * (size - 2) + b'"'


def test_a_payload_has_6_mb_at_the_most(shop):
    assert result(shop({"do": "say", "lines": []}, Qualifier="$LATEST")) == 0
    answer = shop(Payload=b'{"do": "say", "lines": [], "x": ' + text(6 * MEGABYTE - 33) + b"}")
    assert result(answer) == 0
    for size in (6 * MEGABYTE + 1, 30 * MEGABYTE):
        assert refused(shop, Payload=text(size)) == (
            413,
            "RequestEntityTooLargeException",
            "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
        )


def test_an_event_has_1_mb_at_the_most(shop):
    assert shop(Payload=text(MEGABYTE), InvocationType="Event")["StatusCode"] == 202
    assert refused(shop, Payload=text(MEGABYTE + 1), InvocationType="Event") == (
        413,
        "RequestEntityTooLargeException",
        "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)",
    )


def test_the_older_operation_takes_256_kb(gateway):
    client = client_of(gateway.url)
    assert client.invoke_async(FunctionName="shop", InvokeArgs=b"{}")["Status"] == 202
    with pytest.raises(ClientError, match="limit 262144 bytes"):
        client.invoke_async(FunctionName="shop", InvokeArgs=text(MEGABYTE // 4 + 1))


# Streams


def stream(client, seen=None, **arguments):
    """([chunk, …], what the end says); the file `seen` is made when the app's "one" has come."""
    answer = client.invoke_with_response_stream(**{"FunctionName": "shop", **arguments})
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    chunks, end = [], None
    for event in answer["EventStream"]:
        if "InvokeComplete" in event:
            end = event["InvokeComplete"]
            continue
        chunks.append(event["PayloadChunk"]["Payload"])
        if seen is not None and b"".join(chunks).endswith(b"one"):
            seen.touch()
    return chunks, end


def asked(path):
    event = KINDS["function_url"].encode_request(Request("GET", path))
    return json.dumps(event)


@pytest.fixture(scope="module")
def streaming(tmp_path_factory):
    folder = folder_of(tmp_path_factory.mktemp("streaming"))
    running = Dev(folder, "callee:app", "--kind", "function_url", "--stream").wait_until_up()
    running.folder = folder
    yield running
    running.stop()


def test_chunks_come_as_they_are_made(streaming):
    chunks, end = stream(
        client_of(streaming.url),
        streaming.folder / "seen",
        Payload=asked("/until-seen"),
        LogType="Tail",
    )
    head, body = b"".join(chunks).split(b"\0" * 8)
    assert json.loads(head)["statusCode"] == 200
    assert body == b"onetwo"
    assert set(end) == {"LogResult"}
    assert "all was sent\nEND RequestId: " in log_of(end)


def test_a_stream_that_fails_in_the_middle_says_so_at_its_end(streaming):
    chunks, end = stream(client_of(streaming.url), Payload=asked("/broken"))
    assert b"".join(chunks).endswith(b"one")
    assert end["ErrorCode"] == "Function.ValueError"
    assert json.loads(end["ErrorDetails"])["errorMessage"] == "in the middle"


def test_without_a_stream_the_caller_gets_it_whole(streaming):
    answer = client_of(streaming.url).invoke(FunctionName="shop", Payload=asked("/"))
    assert answer["Payload"].read().endswith(b"\0" * 8 + b"onetwo")
    broken = client_of(streaming.url).invoke(FunctionName="shop", Payload=asked("/broken"))
    assert broken["FunctionError"] == "Unhandled"
    assert result(broken)["errorType"] == "ValueError"


def test_a_client_that_hangs_up_does_not_stop_the_function(dev, tmp_path):
    gateway = dev("callee:app", "--kind", "function_url", "--stream", folder=folder_of(tmp_path))
    answer = client_of(gateway.url).invoke_with_response_stream(
        FunctionName="shop", Payload=asked("/")
    )
    next(iter(answer["EventStream"]))
    answer["EventStream"].close()
    while not all(row["over"] for row in gateway.client.get("/_adapter/visits").json()["rows"]):
        time.sleep(0.05)
    output = gateway.stop()
    assert "all was sent" in output
    assert "Traceback" not in output


def test_a_result_that_is_no_stream_is_one_chunk(gateway):
    client = client_of(gateway.url)
    assert stream(client, Payload=b'{"a": 1}') == ([b'{"a":1}'], {})
    chunks, end = stream(client, Payload=b'{"do": "fail"}')
    assert (chunks, end["ErrorCode"]) == ([], "Function.ValueError")


def test_a_stream_is_refused_as_other_calls_are(gateway):
    client = client_of(gateway.url)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        stream(client, FunctionName="other")
    with pytest.raises(ClientError, match="Member must satisfy enum value set"):
        stream(client, InvocationType="Event")


def test_messages_are_as_aws_s_sdks_write_them():
    """Two of the vectors that their tests share: empty_message, payload_no_headers."""
    assert message({}, b"").hex() == "000000100000000005c248eb7d98c8ff"
    assert message({}, b"{'foo':'bar'}").hex() == (
        "0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936"
    )


# Hostile callers


def raw(gateway, *lines, body=b""):
    with socket.create_connection(("127.0.0.1", gateway.port), 30) as connection:
        connection.sendall(b"\r\n".join([*lines, b"Host: x", b"Connection: close", b"", body]))
        return b"".join(iter(lambda: connection.recv(65536), b""))


CALL = b"POST /2015-03-31/functions/shop/invocations HTTP/1.1"


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([b"POST /2015-03-31/functions/%FF%00/invocations HTTP/1.1"], 400),
        ([b"POST /2015-03-31/functions/%/invocations?Qualifier=%&&=%zz HTTP/1.1"], 400),
        ([b"POST /2015-03-31/functions/..%2F..%2F/invocations HTTP/1.1"], 400),
        ([CALL, b"X-Amz-Invocation-Type: \xe9\xff"], 400),
        ([CALL, b"X-Amz-Tenant-Id: \xe9"], 400),
        ([CALL, b"X-Amz-Client-Context: \xe9"], 400),
        ([CALL, b"Content-Length: -1"], 400),
        ([CALL, b"X-Amz-Log-Type: Tail", b"X-Amz-Log-Type: Head"], 200),
        (
            [b"POST /2021-11-15/functions/shop/response-streaming-invocations?Qualifier HTTP/1.1"],
            200,
        ),
    ],
)
def test_whatever_a_caller_sends_is_answered(gateway, lines, status):
    assert raw(gateway, *lines).split(b" ")[1] == str(status).encode()
    assert result(client_of(gateway.url).invoke(FunctionName="shop")) == {}


def test_a_caller_that_hangs_up_in_its_upload_does_no_harm(gateway):
    with socket.create_connection(("127.0.0.1", gateway.port), 10) as connection:
        connection.sendall(CALL + b"\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert result(client_of(gateway.url).invoke(FunctionName="shop")) == {}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/2015-03-31/functions/shop/invocations"),
        ("POST", "/2015-03-31/functions/shop"),
        ("POST", "/2015-03-31/functions//invocations"),
        ("POST", "/x/2015-03-31/functions/shop/invocations"),
    ],
)
def test_any_other_request_is_the_app_s(gateway, method, path):
    assert gateway.client.request(method, path).json()["rawPath"] == path


@given(st.text(max_size=300), st.text(max_size=20))
def test_any_name_is_taken_or_refused(name, qualifier):
    try:
        found, told = function_of(name, qualifier)
    except Refused:
        return
    assert re.fullmatch("[a-zA-Z0-9_.-]+", found)
    assert re.fullmatch(r"[a-zA-Z0-9_.$-]*", told)


@pytest.mark.parametrize(
    ("folder", "name"),
    [("shop", "shop"), ("my shop é.2", "my-shop-2"), ("x" * 70, "x" * 64), ("é", "function")],
)
def test_a_function_is_called_as_its_folder(folder, name):
    assert function_name(Path(folder)) == name


def test_the_aws_cli_calls_it(gateway, tmp_path):
    environ = {
        "AWS_ENDPOINT_URL_LAMBDA": gateway.url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
    }
    command = [tool("aws"), "lambda", "invoke", "--function-name", "shop", "--payload", '{"a": 1}']
    done = subprocess.run(
        [*command, "out.json"], cwd=tmp_path, env=environ, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
    assert json.loads((tmp_path / "out.json").read_bytes()) == {"a": 1}
