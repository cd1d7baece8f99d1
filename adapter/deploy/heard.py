"""Whether what a function is to hear is there, and its ARN: asked before anything is made.

Who may not ask is not stopped: AWS says the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import DeployError
from .sources import DYNAMODB, KINESIS, SQS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .aws import AWS

_NOT_ALLOWED = ("AccessDenied", "AccessDeniedException", "AccessDeniedException.AccessDenied")
_MISSING = (
    "ResourceNotFoundException",
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
)


def arn_of(aws: AWS, arn: str) -> str:
    """What Lambda reads from: of a table its stream, which is another one when it is made anew.

    Raises DeployError.
    """
    if arn.split(":")[2] != DYNAMODB or "/stream/" in arn:
        return arn
    table = arn.partition(":table/")[2]
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html
    named = table if _is_here(aws, arn) else arn
    told = _asked(lambda: aws.client("dynamodb").describe_table(TableName=named), f"table {table}")
    if told is None:
        raise DeployError(
            f"which stream the table {table} has can't be asked: you lack dynamodb:DescribeTable. "
            "Get that right, or give the stream's ARN as the source"
        )
    found = told["Table"]
    if not found.get("StreamSpecification", {}).get("StreamEnabled"):
        raise DeployError(
            f"the table {table} has no stream: turn one on (aws dynamodb update-table --table-name "
            f"{table} --stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES)"
        )
    latest: str = found["LatestStreamArn"]
    return latest


def check(aws: AWS, arn: str, function: str, timeout: float) -> None:
    """Raises DeployError for a source that isn't there, or that Lambda would refuse."""
    service = arn.split(":")[2]
    if service == SQS:
        _check_visibility(aws, arn, function, timeout)
    elif service == KINESIS and not _is_here(aws, arn):
        return
    elif service == KINESIS:
        stream = arn.partition(":stream/")[2].partition("/")[0]
        summary = aws.client("kinesis").describe_stream_summary
        _asked(lambda: summary(StreamName=stream), f"stream {stream}")
    else:
        arn_of(aws, arn)


def visibility(aws: AWS, arn: str) -> int | None:
    """For how many seconds a queue hides a message that was taken; None if one can't ask.

    Raises DeployError if there is no such queue.
    """
    if not _is_here(aws, arn):
        return None
    *_, account, queue = arn.split(":")
    sqs = aws.client("sqs")

    def asked() -> Any:
        url = sqs.get_queue_url(QueueName=queue, QueueOwnerAWSAccountId=account)["QueueUrl"]
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])

    told = _asked(asked, f"queue {queue}")
    return None if told is None else int(told["Attributes"]["VisibilityTimeout"])


def _is_here(aws: AWS, arn: str) -> bool:
    """Whether it is this account's; of another's AWS says that it isn't there, or nothing."""
    return arn.split(":")[4] == aws.known["AWS::AccountId"]


def _check_visibility(aws: AWS, arn: str, function: str, timeout: float) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""
    hidden, queue = visibility(aws, arn), arn.rpartition(":")[2]
    if hidden is not None and hidden < timeout:
        raise DeployError(
            f"the queue {queue} hides a message that was taken for {hidden} s, and {function} may "
            f"take {timeout:g} s, so Lambda refuses it: set the queue's visibility timeout to "
            f"{6 * timeout:g} s, six times as long"
        )


def _asked(call: Callable[[], Any], what: str) -> Any:
    """None if one may not ask. Raises DeployError if there is no such thing."""
    from botocore.exceptions import ClientError

    try:
        return call()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _NOT_ALLOWED:
            return None
        if code in _MISSING:
            raise DeployError(
                f"there is no {what} in this account and region: make it first, "
                "or correct its name in [tool.adapter.events]"
            ) from None
        raise
