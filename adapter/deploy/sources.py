"""`[tool.adapter.events.NAME]`: queues, streams, tables, buckets and topics that functions hear.

    [tool.adapter.events.orders]
    source = "sqs:orders-{stage}"

A source is SERVICE:NAME for one of the account and region that are deployed to, or an ARN. What the
keys are called on AWS: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ..config import schema
from ..config.schedules import json_text
from ..config.schema import Key, choice, flag, integer, text
from . import Sub

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..config import Function
    from ..config.node import Node

SQS, KINESIS, DYNAMODB, S3, SNS = "sqs", "kinesis", "dynamodb", "s3", "sns"
STREAMS = (KINESIS, DYNAMODB)
POLLED = (SQS, *STREAMS)
"""What Lambda asks for records; the others call it by themselves."""
SERVICES = (*POLLED, S3, SNS)

_HERE = "${AWS::Region}:${AWS::AccountId}"
_ARNS = {
    SQS: f"sqs:{_HERE}:",
    KINESIS: f"kinesis:{_HERE}:stream/",
    DYNAMODB: f"dynamodb:{_HERE}:table/",
    S3: "s3:::",
    SNS: f"sns:{_HERE}:",
}
_NAMES = {
    SQS: r"[\w-]{1,75}(\.fifo)?",
    KINESIS: r"[\w.-]{1,128}",
    DYNAMODB: r"[\w.-]{3,255}",
    S3: r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
    SNS: r"[\w-]{1,251}",
}
_ARN = re.compile(r"arn:aws[\w-]*:([a-z0-9]+):[^:]*:[^:]*:(.+)")
_NO_FIFO = "a FIFO topic sends to queues of SQS alone: let a queue have its messages, and name it"

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
_S3_EVENT = re.compile(r"s3:[A-Z]\w+:(\*|\w+(:\w+)?)|s3:ReducedRedundancyLostObject")


@dataclass(frozen=True)
class Source:
    """Where a function's events come from.

    name      in the settings
    source    as it is written there
    function  the function's name
    service   one of SERVICES
    resource  what the service calls it: a queue's name, a table's
    arn       a text, or a Sub for one that is in the account; of a table the table's own

    The rest are the keys of the file; what they are called on AWS is in `wanted.events`. Those of
    other services don't count. Without a `batch_size` it is AWS's default.
    """

    name: str
    source: str
    function: str
    service: str
    resource: str
    arn: str | Sub
    enabled: bool = True
    batch_size: int | None = None
    batch_window: int = 0
    partial_batch: bool = True
    filter: tuple[str, ...] = ()
    concurrency: int | None = None
    starting_position: str = "LATEST"
    parallelization: int = 1
    retries: int = -1
    max_age: int = -1
    bisect: bool = False
    on_failure: str = ""
    events: tuple[str, ...] = ("s3:ObjectCreated:*",)
    prefix: str = ""
    suffix: str = ""

    @property
    def short(self) -> str:
        """ "sqs:orders", also of one that is given as an ARN."""
        return f"{self.service}:{self.resource}"

    @property
    def partial(self) -> bool:
        """Whether records that failed come again without those that didn't."""
        return self.service in POLLED and self.partial_batch


def short_of(arn: str) -> str:
    """ "sqs:orders" of arn:aws:sqs:eu-west-1:123456789012:orders; "" for what is no source."""
    match = _ARN.fullmatch(arn)
    if match is None or match[1] not in SERVICES:
        return ""
    resource = match[2].removeprefix("stream/").removeprefix("table/")
    return f"{match[1]}:{resource.partition('/stream/')[0]}"


def _patterns(node: Node) -> tuple[str, ...]:
    """JSON texts. https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html"""
    found = tuple(json_text(each) for each in node.elements())
    if len(found) > 10:
        raise node.error(f"a source has ten patterns at the most, and here are {len(found)}")
    return found


def _destination(node: Node) -> str:
    found = text(node)
    if not re.fullmatch(r"arn:aws[\w-]*:(sqs|sns|s3):.+", found):
        raise node.error(f"{found!r:.60} is no ARN of a queue, a topic or a bucket")
    return found


def _events(node: Node) -> tuple[str, ...]:
    for each in node.elements():
        if not _S3_EVENT.fullmatch(each.text()):
            raise each.error(f'{each.text()!r:.60} is no event of S3: write "s3:ObjectCreated:*"')
    return node.texts()


def _age(node: Node) -> int:
    found = node.integer(-1, 604800)
    if -1 < found < 60:
        raise node.error("a record may be 60 to 604800 seconds old, or -1 for any age")
    return found


_STREAM = partial(Key, kinds=STREAMS)

KEYS = {
    "function": Key("text", text, "The function's name; the only one needs none", SERVICES),
    "source": Key(
        "text",
        text,
        "`sqs:QUEUE`, `kinesis:STREAM`, `dynamodb:TABLE`, `s3:BUCKET`, `sns:TOPIC`, or an ARN. "
        "`{stage}` in it is the stage's name",
        SERVICES,
        needed=True,
    ),
    "enabled": Key("`true` or `false`", flag, "Whether it is on", POLLED),
    "batch-size": integer(
        1,
        10000,
        "Records of an event at the most; without it 10 of a queue, and 100 of the others",
        POLLED,
    ),
    "batch-window": integer(0, 300, "Seconds for which a batch is waited for", POLLED),
    "partial-batch": Key(
        "`true` or `false`", flag, "Whether only those records that failed come again", POLLED
    ),
    "filter": Key(
        "list of tables, or of JSON as text",
        _patterns,
        "[Patterns][filters], of which one must match a record",
        POLLED,
    ),
    "concurrency": integer(2, 1000, "Environments that a queue's messages take", (SQS,)),
    "starting-position": choice(
        ("LATEST", "TRIM_HORIZON"), "With which record it begins, when it is made", STREAMS
    ),
    "parallelization": integer(1, 10, "Batches of a shard at once", STREAMS),
    "retries": integer(-1, 10000, "How often a batch comes again; -1 until it is too old", STREAMS),
    "max-age": _STREAM("seconds, 60 to 604800", _age, "Older records are left out; -1 for none"),
    "bisect": _STREAM("`true` or `false`", flag, "Whether a batch that failed comes in halves"),
    "on-failure": _STREAM("text", _destination, "The ARN of what hears of batches given up"),
    "events": Key("list of text", _events, "[Those of S3][s3-events] that it hears", (S3,)),
    "prefix": Key("text", text, "How the objects' keys begin", (S3,)),
    "suffix": Key("text", text, "How the objects' keys end", (S3,)),
}


def read(document: Node, functions: Mapping[str, Function], stage: str) -> tuple[Source, ...]:
    """Raises ConfigError."""
    tables = document.get("tool", "adapter", "events").items()
    found = [(_source(name, node, functions, stage), node) for name, node in tables]
    _check_once(found)
    _check_partial(found)
    return tuple(source for source, _ in found)


def _source(name: str, node: Node, functions: Mapping[str, Function], stage: str) -> Source:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise node.error("its name has letters, digits, - and _, and 64 at the most")
    if len(functions) > 1 or node.get("function"):
        node.get("function").required("the name of a function").choice(functions)
    service, resource, arn = _placed(node.get("source").required("as sqs:orders"), stage)
    told = {"function": next(iter(functions)), **schema.fields(node, KEYS, service)}
    found = Source(name, **{**told, "service": service, "resource": resource, "arn": arn})
    _check_batch(node, found)
    return found


def _placed(node: Node, stage: str) -> tuple[str, str, str | Sub]:
    """(service, resource, ARN). Raises ConfigError."""
    found = text(node).replace("{stage}", stage)
    service, _, resource = found.partition(":")
    if service == "arn":
        service, _, resource = short_of(found).partition(":")
        arn: str | Sub = found
    else:
        arn = Sub("arn:${AWS::Partition}:" + _ARNS.get(service, "") + resource)
    if service not in SERVICES:
        known = ", ".join(f"{each}:NAME" for each in SERVICES)
        raise node.error(f"{found!r:.60} is no source: write {known}, or an ARN of one")
    if isinstance(arn, Sub) and not re.fullmatch(_NAMES[service], resource, re.ASCII):
        raise node.error(f"{resource!r:.60} is no name that {service} has")
    if service == SNS and resource.endswith(".fifo"):
        raise node.error(_NO_FIFO)
    return service, resource, arn


def _check_batch(node: Node, found: Source) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html"""
    if found.service != SQS:
        return
    is_fifo, many = found.resource.endswith(".fifo"), (found.batch_size or 1) > 10
    if is_fifo and many:
        raise node.get("batch-size").error("a FIFO queue gives 10 messages at the most")
    if is_fifo and found.batch_window:
        raise node.get("batch-window").error("a FIFO queue has no window: leave it out")
    if many and not found.batch_window:
        raise node.get("batch-size").error(
            "more than 10 messages have to be waited for: write batch-window = 1, or more"
        )


def _check_once(found: list[tuple[Source, Node]]) -> None:
    """A function hears a source once; a bucket it may hear for several kinds of objects."""
    seen: dict[tuple[str, str], Source] = {}
    for source, node in found:
        key = source.function, source.short
        if key in seen and source.service != S3:
            raise node.get("source").error(
                f"{source.function} hears {source.short} already, by events.{seen[key].name}"
            )
        seen[key] = source


def _check_partial(found: list[tuple[Source, Node]]) -> None:
    """Whether batches are partial is a variable of the function: all of its sources agree."""
    partial_of: dict[str, Source] = {}
    for source, node in found:
        if source.service not in POLLED:
            continue
        other = partial_of.setdefault(source.function, source)
        if other.partial != source.partial:
            raise node.error(
                f"partial-batch is for a function as a whole, and events.{other.name} has it "
                "otherwise: write the same for both"
            )
