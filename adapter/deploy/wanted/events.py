"""Event sources of functions: mappings of queues and streams, notifications, subscriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import Resource, Sub
from ..sources import DYNAMODB, KINESIS, POLLED, S3, SQS
from . import api_parts, schedules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..deployment import Deployment
    from ..sources import Source

# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
# https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html
# https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
_READING = {
    SQS: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
    KINESIS: [
        "kinesis:DescribeStream",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
        "kinesis:ListStreams",
    ],
    DYNAMODB: [
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
    ],
}
# https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-errors.html
_TELLING = {"sqs": ["sqs:SendMessage"], "sns": ["sns:Publish"], "s3": ["s3:PutObject"]}


_DEFAULT_SIZE = {SQS: 10, KINESIS: 100, DYNAMODB: 100}


def of(deployment: Deployment) -> Iterator[Resource]:
    for source in deployment.sources:
        if source.service in POLLED:
            yield _mapping(deployment, source)
        else:
            yield _permission(deployment, source)
            kind = _notification if source.service == S3 else _subscription
            yield kind(deployment, source)


def statements(deployment: Deployment, function: str) -> list[dict[str, Any]]:
    """The rights that a function's role needs, for its sources of all stages, as IAM has them."""
    found: list[dict[str, Any]] = []
    for source in _sources(deployment, function):
        for made in _statements(source):
            if made not in found:
                found.append(made)
    return found


def partial(deployment: Deployment, function: str) -> bool:
    """Whether the function is to have ADAPTER_PARTIAL_BATCH=1.

    A version goes from stage to stage with its variables, so that all of them must want it: where
    a mapping doesn't ask for failures, a list of them counts as success, and they are lost.
    """
    found = [source for source in _sources(deployment, function) if source.service in POLLED]
    return bool(found) and all(source.partial for source in found)


def _sources(deployment: Deployment, function: str) -> Iterator[Source]:
    for stage in deployment.all:
        yield from (source for source in stage.sources if source.function == function)


def _statements(source: Source) -> Iterator[dict[str, Any]]:
    if source.service in _READING:
        yield _allowed(_READING[source.service], _read_from(source))
    if destination := source.on_failure:
        service = destination.split(":")[2]
        if service == "s3":
            yield _allowed(["s3:ListBucket"], destination)
            destination += "/*"
        yield _allowed(_TELLING[service], destination)


def _read_from(source: Source) -> str | Sub:
    """Of a table each of its streams: there is a new one when it is turned off and on."""
    if source.service != DYNAMODB:
        return source.arn
    text = source.arn.text if isinstance(source.arn, Sub) else source.arn
    whole = f"{text.partition('/stream/')[0]}/stream/*"
    return Sub(whole) if isinstance(source.arn, Sub) else whole


def _allowed(actions: list[str], resource: str | Sub) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": [resource]}


def _mapping(deployment: Deployment, source: Source) -> Resource:
    alias = f"{source.function}:{deployment.stage}"
    settings: dict[str, Any] = {
        "FunctionName": alias,
        "EventSourceArn": source.arn,
        "Enabled": source.enabled,
        "BatchSize": source.batch_size or _DEFAULT_SIZE[source.service],
        "FilterCriteria": _filters(source.filter),
        # Also of one whose function doesn't tell failures: it does no harm then, and so there is no
        # moment at which the function tells them and the mapping doesn't hear it.
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        **(_of_queue(source) if source.service == SQS else _of_stream(source)),
    }
    timeout = deployment.project.functions[source.function].timeout
    given = {"tags": deployment.stage_tags, "timeout": timeout}
    return Resource("event_source", f"{alias}/{source.short}", settings, given)


def _filters(patterns: tuple[str, ...]) -> dict[str, Any]:
    return {"Filters": [{"Pattern": each} for each in patterns]} if patterns else {}


def _of_queue(source: Source) -> dict[str, Any]:
    """A FIFO queue has no window, not even one of 0 s."""
    most, has_window = source.concurrency, not source.resource.endswith(".fifo")
    return {
        **({"MaximumBatchingWindowInSeconds": source.batch_window} if has_window else {}),
        "ScalingConfig": {"MaximumConcurrency": most} if most else {},
    }


def _of_stream(source: Source) -> dict[str, Any]:
    """What isn't said is what Lambda does by itself."""
    told = source.on_failure
    return {
        "MaximumBatchingWindowInSeconds": source.batch_window,
        "StartingPosition": source.starting_position,
        "ParallelizationFactor": source.parallelization,
        "MaximumRetryAttempts": source.retries,
        "MaximumRecordAgeInSeconds": source.max_age,
        "BisectBatchOnFunctionError": source.bisect,
        "DestinationConfig": {"OnFailure": {"Destination": told}} if told else {},
    }


def _permission(deployment: Deployment, source: Source) -> Resource:
    """The ARN of a bucket has no account, and somebody else may get its name.

    https://docs.aws.amazon.com/lambda/latest/dg/with-s3.html
    """
    settings = {
        "Action": "lambda:InvokeFunction",
        "Principal": f"{source.service}.amazonaws.com",
        "SourceArn": source.arn,
        **({"SourceAccount": Sub("${AWS::AccountId}")} if source.service == S3 else {}),
    }
    what = f"{source.service}-{source.name}"
    return schedules.permission(deployment, source.function, what, settings)


def _notification(deployment: Deployment, source: Source) -> Resource:
    ends = {"prefix": source.prefix, "suffix": source.suffix}
    rules = [{"Name": name, "Value": value} for name, value in ends.items() if value]
    settings = {
        "Bucket": source.resource,
        "Id": f"adapter-{deployment.app}-{deployment.stage}-{source.name}",
        "LambdaFunctionArn": api_parts.alias_arn(source.function, deployment.stage),
        "Events": sorted(source.events),
        "Filter": {"Key": {"FilterRules": rules}} if rules else {},
    }
    name = f"{source.function}:{deployment.stage}/{source.short}/{source.name}"
    return Resource("notification", name, settings, {"tags": deployment.stage_tags})


def _subscription(deployment: Deployment, source: Source) -> Resource:
    alias = f"{source.function}:{deployment.stage}"
    settings = {
        "TopicArn": source.arn,
        "Protocol": "lambda",
        "Endpoint": api_parts.alias_arn(source.function, deployment.stage),
    }
    return Resource(
        "subscription", f"{alias}/{source.short}", settings, {"tags": deployment.stage_tags}
    )
