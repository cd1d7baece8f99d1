"""Events of the common sources, made of a name and some bodies, as their sources would send them.

For `adapter event`, and for tests: ids and times are made up, accounts are nobody's.
"""

from __future__ import annotations

import json
import os
import time
from base64 import b64encode
from hashlib import md5

from ..percent import quote_query
from . import _cloudevent
from ._gateway import ACCOUNT, request_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Event = dict[str, Any]
    Make = Callable[[str, list[bytes], str], Event]

REGION = "us-east-1"


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def _ms() -> int:
    return int(time.time() * 1000)


def _text(body: bytes, what: str) -> str:
    """Raises ValueError."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise ValueError(f"{what} is text; the body is no UTF-8") from None


def _object(body: bytes, what: str) -> dict[str, Any]:
    """Raises ValueError."""
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ValueError(f"{what} is a JSON object; the body is none: {body[:60]!r}")
    return value


def _one(bodies: list[bytes], what: str) -> bytes:
    """Raises ValueError."""
    if len(bodies) != 1:
        raise ValueError(f"{what} has one body, not {len(bodies)}")
    return bodies[0]


def sqs(name: str, bodies: list[bytes], key: str = "") -> Event:
    """A message for each body; of a queue `….fifo` in the message group `key`."""
    return {"Records": [_message(name, body, key, number) for number, body in enumerate(bodies)]}


def _message(name: str, body: bytes, key: str, number: int) -> Event:
    identifier, sent = request_id(), str(_ms())
    group = {
        "SequenceNumber": str(18_849_496_460_467_696_128 + 256 * number),
        "MessageGroupId": key or "default",
        "MessageDeduplicationId": identifier.replace("-", ""),
    }
    return {
        "messageId": identifier,
        "receiptHandle": b64encode(os.urandom(24)).decode(),
        "body": _text(body, "an SQS message"),
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": sent,
            "SenderId": ACCOUNT,
            "ApproximateFirstReceiveTimestamp": sent,
            **(group if name.endswith(".fifo") or key else {}),
        },
        "messageAttributes": {},
        "md5OfBody": md5(body, usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": _arn("sqs", name),
        "awsRegion": REGION,
    }


def sns(name: str, bodies: list[bytes], key: str = "") -> Event:
    """A notification for each body, with the subject `key`."""
    topic = _arn("sns", name)
    return {
        "Records": [
            {
                "EventVersion": "1.0",
                "EventSubscriptionArn": f"{topic}:{request_id()}",
                "EventSource": "aws:sns",
                "Sns": {
                    "SignatureVersion": "1",
                    "Timestamp": _cloudevent.time_of(_ms()),
                    "MessageId": request_id(),
                    "Message": _text(body, "an SNS message"),
                    "MessageAttributes": {},
                    "Type": "Notification",
                    "TopicArn": topic,
                    "Subject": key or None,
                },
            }
            for body in bodies
        ]
    }


def s3(name: str, bodies: list[bytes], key: str = "") -> Event:
    """An object `key` was put into the bucket, as large as the body, which is not in the event."""
    body = b"".join(bodies)
    spelt = quote_query(key or "key").replace("%20", "+").replace("%2F", "/")
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": REGION,
                "eventTime": _cloudevent.time_of(_ms()),
                "eventName": "ObjectCreated:Put",
                "userIdentity": {"principalId": "AWS:EXAMPLE"},
                "requestParameters": {"sourceIPAddress": "203.0.113.7"},
                "responseElements": {
                    "x-amz-request-id": os.urandom(8).hex().upper(),
                    "x-amz-id-2": b64encode(os.urandom(24)).decode(),
                },
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": "adapter",
                    "bucket": {
                        "name": name,
                        "ownerIdentity": {"principalId": "EXAMPLE"},
                        "arn": f"arn:aws:s3:::{name}",
                    },
                    "object": {
                        "key": spelt,
                        "size": len(body),
                        "eTag": md5(body, usedforsecurity=False).hexdigest(),
                        "sequencer": f"{_ms():018X}",
                    },
                },
            }
        ]
    }


def dynamodb(name: str, bodies: list[bytes], key: str = "") -> Event:
    """Each body, a JSON object, is put into the table; `key` names its key, or the first one is."""
    stream = _arn("dynamodb", f"table/{name}/stream/2026-01-01T00:00:00.000")
    return {
        "Records": [
            _change(_object(body, "a DynamoDB item"), key, stream, number)
            for number, body in enumerate(bodies)
        ]
    }


def _change(item: dict[str, Any], key: str, stream: str, number: int) -> Event:
    if key and key not in item:
        raise ValueError(f"the item has no {key!r}")
    names = [key] if key else list(item)[:1]
    return {
        "eventID": os.urandom(16).hex(),
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": {
            "ApproximateCreationDateTime": int(time.time()),
            "Keys": {each: _attribute(item[each]) for each in names},
            "NewImage": {each: _attribute(value) for each, value in item.items()},
            "SequenceNumber": str(100_000_000_000_000_000_000 + number),
            "SizeBytes": len(json.dumps(item)),
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": stream,
    }


def _attribute(value: Any) -> dict[str, Any]:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html"""
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": str(value)}
    if isinstance(value, list):
        return {"L": [_attribute(each) for each in value]}
    if isinstance(value, dict):
        return {"M": {name: _attribute(each) for name, each in value.items()}}
    return {"S": value}


def kinesis(name: str, bodies: list[bytes], key: str = "") -> Event:
    """A record for each body, of the partition `key`."""
    first = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898
    shard = "shardId-000000000000"
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": key or "1",
                    "sequenceNumber": str(first + number),
                    "data": b64encode(body).decode(),
                    "approximateArrivalTimestamp": _ms() / 1000,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{shard}:{first + number}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": f"arn:aws:iam::{ACCOUNT}:role/adapter",
                "awsRegion": REGION,
                "eventSourceARN": _arn("kinesis", f"stream/{name}"),
            }
            for number, body in enumerate(bodies)
        ]
    }


def kafka(name: str, bodies: list[bytes], key: str = "") -> Event:
    """A record for each body in the topic's partition 0, with the key `key`."""
    return {
        "eventSource": "aws:kafka",
        "eventSourceArn": _arn("kafka", f"cluster/adapter/{request_id()}-1"),
        "bootstrapServers": "b-1.adapter.kafka.us-east-1.amazonaws.com:9092",
        "records": {
            f"{name}-0": [
                {
                    "topic": name,
                    "partition": 0,
                    "offset": number,
                    "timestamp": _ms(),
                    "timestampType": "CREATE_TIME",
                    "key": b64encode(key.encode()).decode() if key else None,
                    "value": b64encode(body).decode(),
                    "headers": [],
                }
                for number, body in enumerate(bodies)
            ]
        },
    }


def eventbridge(name: str, bodies: list[bytes], key: str = "") -> Event:
    """An event from the source `name`, whose type is `key` and whose detail the body."""
    detail = _object(_one(bodies, "an event"), "an event's detail")
    return _envelope(name, key or "Example", [], detail)


def schedule(name: str, bodies: list[bytes], key: str = "") -> Event:
    """The rule `name` is due; what it says is of no use to it."""
    detail = _object(_one(bodies, "an event"), "an event's detail")
    return _envelope("aws.events", "Scheduled Event", [_arn("events", f"rule/{name}")], detail)


def _envelope(source: str, kind: str, resources: list[str], detail: dict[str, Any]) -> Event:
    return {
        "version": "0",
        "id": request_id(),
        "detail-type": kind,
        "source": source,
        "account": ACCOUNT,
        "time": _cloudevent.time_of(_ms() // 1000 * 1000).replace(".000", ""),
        "region": REGION,
        "resources": resources,
        "detail": detail,
    }


MAKERS: dict[str, Make] = {
    "sqs": sqs,
    "sns": sns,
    "s3": s3,
    "dynamodb": dynamodb,
    "kinesis": kinesis,
    "kafka": kafka,
    "eventbridge": eventbridge,
    "schedule": schedule,
}
"""By the source's name: (queue, topic, bucket, …; bodies; key) → event. Each raises ValueError."""
