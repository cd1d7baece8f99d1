"""The role of a function: what it may do, and nothing besides.

A function has one role for all of its stages, since a version goes from stage to stage.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from .. import Resource, Sub
from . import events

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..deployment import Deployment

    Statement = dict[str, Any]

_LONGEST = 64  # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
_SUFFIX = "-role"
_HERE = "${AWS::Region}:${AWS::AccountId}"

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
_ITEMS = [
    f"dynamodb:{action}"
    for action in (
        "BatchGetItem", "BatchWriteItem", "ConditionCheckItem", "DeleteItem", "DescribeTable",
        "GetItem", "PutItem", "Query", "Scan", "UpdateItem",
    )
]  # fmt: skip
# Network interfaces can't be told beforehand, and the description of them is for all or none.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
_INTERFACES = [
    f"ec2:{action}"
    for action in (
        "AssignPrivateIpAddresses", "CreateNetworkInterface", "DeleteNetworkInterface",
        "DescribeNetworkInterfaces", "DescribeSubnets", "UnassignPrivateIpAddresses",
    )
]  # fmt: skip
_TRACES = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]


def name_of(function: str) -> str:
    """As long as roles' names may be."""
    if len(function) + len(_SUFFIX) <= _LONGEST:
        return f"{function}{_SUFFIX}"
    short = hashlib.sha256(function.encode()).hexdigest()[:8]
    return f"{function[: _LONGEST - len(_SUFFIX) - len(short) - 1]}-{short}{_SUFFIX}"


def arn_of(deployment: Deployment, function: str) -> str | Sub:
    return deployment.settings.role or Sub(
        f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/{name_of(function)}"
    )


def of(deployment: Deployment, function: str) -> Iterator[Resource]:
    """None where the settings name one."""
    if not deployment.settings.role:
        settings = {
            "AssumeRolePolicyDocument": _TRUST,
            "PolicyName": Sub("adapter-${AWS::Region}"),
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": _unique(_statements(deployment, function)),
            },
        }
        yield Resource("role", name_of(function), settings, {"tags": deployment.tags})


def _unique(statements: Iterable[Statement]) -> list[Statement]:
    found: list[Statement] = []
    for statement in statements:
        if statement not in found:
            found.append(statement)
    return found


def _statements(deployment: Deployment, function: str) -> Iterator[Statement]:
    """The same for each of the stages: deploying one after another changes nothing."""
    by_name = sorted(deployment.all, key=lambda stage: stage.stage)
    stages = [stage for stage in by_name if not stage.settings.role]
    group = f"log-group:/aws/lambda/{function}:*"
    yield _allowed(["logs:CreateLogStream", "logs:PutLogEvents"], [_arn("logs", group)])
    yield from _parameters(stages)
    yield from _tables(stages)
    yield from sorted(events.statements(deployment, function), key=repr)
    yield from _others(by_name, function)
    if any(stage.project.api.kind == "websocket" for stage in stages):
        # The API's id is not known yet when roles are made.
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html
        management = _arn("execute-api", "*/*/*/@connections/*")
        yield _allowed(["execute-api:ManageConnections"], [management])
    if any(stage.settings.tracing for stage in stages):
        yield _allowed(_TRACES, ["*"])
    if any(stage.settings.subnets for stage in stages):
        yield from _network(function)
    for stage in stages:
        for own in stage.settings.permissions:
            yield _allowed(list(own.actions), list(own.resources))


def _parameters(stages: list[Deployment]) -> Iterator[Statement]:
    """Nothing of KMS: AWS's own key for SSM lets all of the account decrypt with it.

    A key of yours needs kms:Decrypt, under `permissions`.
    https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-restrict-decryption.html
    """
    if any(stage.settings.parameters for stage in stages):
        below = _arn("ssm", f"parameter/{stages[0].app}/*")
        yield _allowed(["ssm:GetParametersByPath"], [below])


def _tables(stages: list[Deployment]) -> Iterator[Statement]:
    names = {name for stage in stages for name in tables_of(stage).values()}
    if names:
        parts = [part for name in sorted(names) for part in (name, f"{name}/index/*")]
        yield _allowed(_ITEMS, [_arn("dynamodb", f"table/{part}") for part in parts])


def tables_of(deployment: Deployment) -> dict[str, str]:
    """The names of tables in a stage, by variable."""
    tables = deployment.settings.tables.items()
    return {name: table.replace("{stage}", deployment.stage) for name, table in tables}


def _others(stages: list[Deployment], function: str) -> Iterator[Statement]:
    """The project's other functions, under any alias, which is the caller's own."""
    others = {name for stage in stages for name in stage.project.functions if name != function}
    if others:
        arns = [_arn("lambda", f"function:{name}:*") for name in sorted(others)]
        yield _allowed(["lambda:InvokeFunction"], arns)


def _network(function: str) -> Iterator[Statement]:
    """For Lambda itself; the function's own code is denied the same.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-best-practice
    """
    yield _allowed(_INTERFACES, ["*"])
    this = {"lambda:SourceFunctionArn": [_arn("lambda", f"function:{function}")]}
    denied = {"Effect": "Deny", "Action": _INTERFACES, "Resource": ["*"]}
    yield {**denied, "Condition": {"ArnEquals": this}}


def _arn(service: str, resource: str) -> Sub:
    return Sub(f"arn:${{AWS::Partition}}:{service}:{_HERE}:{resource}")


def _allowed(actions: list[str], resources: Iterable[str | Sub]) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": list(resources)}
