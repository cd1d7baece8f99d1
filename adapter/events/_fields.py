"""What the records of each source say: CloudEvents' attributes, names, bodies, groups.

The attributes are those of CloudEvents' own adapters where there is one for a source:
https://github.com/cloudevents/spec/tree/v1.0.2/cloudevents/adapters
"""

from __future__ import annotations

from ..errors import BadRequestError, EventError
from ..percent import bytes_to_text, unquote_query
from . import _cloudevent
from ._item import Item, decoded, from_gzip, from_text, json_of, last_of, records_in, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..message import Headers
    from ._source import Attributes


def arn(item: Item) -> str:
    return item.text("eventSourceARN")


def sqs(item: Item) -> Attributes:
    sent = item.text("attributes", "SentTimestamp")
    return {
        "id": item.text("messageId"),
        "source": arn(item),
        "type": "com.amazonaws.sqs.message",
        "time": _cloudevent.time_of(int(sent)) if sent.isdecimal() and len(sent) < 16 else "",
        "partitionkey": item.text("attributes", "MessageGroupId"),
    }


def sqs_group(item: Item) -> str | None:
    """Of a FIFO queue. A standard one can have groups as well, to be fair to them, not in order.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
    """
    if not (arn(item).endswith(".fifo") or item.text("attributes", "SequenceNumber")):
        return None
    return item.text("attributes", "MessageGroupId")


def sns(item: Item) -> Attributes:
    return {
        "id": item.text("Sns", "MessageId"),
        "source": item.text("Sns", "TopicArn"),
        "type": "com.amazonaws.sns.notification",
        "subject": item.text("Sns", "Subject"),
        "time": item.text("Sns", "Timestamp"),
    }


def s3(item: Item) -> Attributes:
    """As CloudEvents has them, but for the id: one request can touch many objects.

    https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/adapters/aws-s3.md
    """
    key = item.text("s3", "object", "key")
    request = item.text("responseElements", "x-amz-request-id")
    sequence = item.text("s3", "object", "sequencer")
    return {
        "id": ".".join(filter(None, (request, sequence))) or "",
        "source": ".".join(
            filter(None, ("aws:s3", item.text("awsRegion"), item.text("s3", "bucket", "name")))
        ),
        "type": f"com.amazonaws.s3.{item.text('eventName').removeprefix('s3:')}",
        "subject": _unquoted(key),
        "time": item.text("eventTime"),
    }


def _unquoted(key: str) -> str:
    """'a+b%2Bc' → 'a b+c': S3 notifies of keys in the form of an HTML form."""
    return unquote_query(key)


def dynamodb(item: Item) -> Attributes:
    created = item.value("dynamodb", "ApproximateCreationDateTime")
    return {
        "id": item.text("eventID"),
        "source": arn(item),
        "type": f"com.amazonaws.dynamodb.{item.text('eventName').lower()}",
        "time": _seconds(created),
    }


def kinesis(item: Item) -> Attributes:
    return {
        "id": item.text("eventID"),
        "source": arn(item),
        "type": "com.amazonaws.kinesis.record",
        "time": _seconds(item.value("kinesis", "approximateArrivalTimestamp")),
        "partitionkey": item.text("kinesis", "partitionKey"),
    }


def _seconds(value: object) -> str:
    """Text such as 1480641523.477 is a number, too: DynamoDB's date may be milliseconds."""
    if not isinstance(value, int | float) or not 0 < value < 1e15:
        return ""
    return _cloudevent.time_of(int(value) if value > 1e11 else round(value * 1000))


def kafka(item: Item) -> Attributes:
    offset, key = item.value("offset"), item.value("key")
    servers = within(item.event, ("bootstrapServers",))
    return {
        "id": "" if offset is None else f"{item.where}-{offset}",
        "source": within(item.event, ("eventSourceArn",)) or servers,
        "type": "com.amazonaws.kafka.record",
        "time": _cloudevent.time_of(item.value("timestamp")),
        "partitionkey": _key(key) if isinstance(key, str) else "",
    }


def _key(encoded: str) -> str:
    try:
        return bytes_to_text(decoded(encoded))
    except BadRequestError:
        return ""


_TOKEN = frozenset("!#$%&'*+-.^`|~0123456789abcdefghijklmnopqrstuvwxyz")
_PREFIX = "message-"


def _header(name: str, value: str) -> Headers:
    """A message's attribute as a header; one whose name can't be a header's is left to the event.

    Its prefix keeps it apart from those by which apps know a user or a proxy.
    """
    name = name.lower()
    return ((_PREFIX + name, _cloudevent.value_of(value)),) if _TOKEN.issuperset(name) else ()


def kafka_headers(item: Item) -> Headers:
    """[{'name': [118, -36]}]: a value is its bytes, as numbers that may have a sign."""
    listed = item.value("headers")
    return tuple([
        pair
        for header in (listed if isinstance(listed, list) else ())
        if isinstance(header, dict)
        for name, numbers in header.items()
        for pair in _header(name, _bytes_text(numbers))
    ])  # fmt: skip


def _bytes_text(numbers: object) -> str:
    if not isinstance(numbers, list) or not all(type(number) is int for number in numbers):
        return ""
    return bytes_to_text(bytes([number & 0xFF for number in numbers]))


def attribute_headers(item: Item, path: tuple[str, ...], field: str) -> Headers:
    found = item.value(*path)
    return tuple([
        pair
        for name, attribute in (found.items() if isinstance(found, dict) else ())
        if isinstance(value := within(attribute, (field,)), str)
        for pair in _header(name, value)
    ])  # fmt: skip


def activemq_queue(item: Item) -> str:
    """AWS's Java and .NET libraries have samples with the small n."""
    return item.text("destination", "physicalName") or item.text("destination", "physicalname")


def rabbitmq_queue(item: Item) -> str:
    """'orders::/' → 'orders': behind the colons stands the virtual host."""
    return item.where.partition("::")[0]


def docdb(item: Item) -> str:
    """'database.collection'; the cluster's name for what happened to no database."""
    namespace = ("event", "ns")
    parts = (item.text(*namespace, "db"), item.text(*namespace, "coll"))
    cluster = within(item.event, ("eventSourceArn",))
    return ".".join(filter(None, parts)) or (last_of(cluster) if isinstance(cluster, str) else "")


def bus(item: Item) -> Attributes:
    key = item.text("detail", "object", "key") if item.text("source") == "aws.s3" else ""
    return {
        "id": item.text("id"),
        "source": item.text("source"),
        "type": item.text("detail-type"),
        "subject": key,
        "time": item.text("time"),
    }


def detail(item: Item) -> tuple[bytes, str]:
    """EventBridge Scheduler has it as text: '{}'."""
    detail = item.value("detail")
    if isinstance(detail, str):
        return from_text(item, "detail")
    return (b"", "") if detail is None else json_of(detail)


def rule(item: Item) -> str:
    """The last segment of 'arn:aws:events:…:rule/nightly', or of 'arn:aws:scheduler:…'."""
    resources = item.value("resources")
    first = resources[0] if isinstance(resources, list) and resources else None
    return last_of(first).rpartition("/")[2] if isinstance(first, str) else item.function


def logs(item: Item) -> tuple[bytes, str]:
    return from_gzip(item.value("awslogs", "data")), _cloudevent.JSON


def trigger(item: Item) -> str:
    """'PreSignUp_AdminCreateUser' → 'PreSignUp': the trigger; what set it off is the ce-type."""
    return (item.text("triggerSource") or item.text("eventType")).partition("_")[0]


def cognito(item: Item) -> Attributes:
    pool = item.text("userPoolId") or item.text("identityPoolId")
    return {
        "source": pool and f"aws:cognito:{pool}",
        "type": item.text("triggerSource") or item.text("eventType"),
        "subject": item.text("userName") or item.text("identityId"),
    }


def directive(event: Any, name: str) -> str:
    """What the header of a smart home's directive says; '' if it does not."""
    found = within(event, ("directive", "header", name)) or within(event, ("header", name))
    return found if isinstance(found, str) else ""


def in_records(event: Any) -> list[tuple[str, Any]]:
    """Raises EventError."""
    if "isFinalInvokeForWindow" in event:
        # https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html
        raise EventError(
            "the event is part of a tumbling window, whose result has to hold its state: that "
            "takes a function(event, context) of your own"
        )
    return records_in(event, "Records")


def first_record(item: Item) -> Any:
    records = item.value("Records")
    return records[0] if isinstance(records, list) and records else None
