"""`[tool.adapter.deploy]` of `pyproject.toml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..config import schema
from ..config.schema import Key, flag, text, texts

if TYPE_CHECKING:
    from ..config.node import Node

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
)  # fmt: skip

_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True)
class Statement:
    """Rights that the functions have besides, as IAM has them."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]


@dataclass(frozen=True)
class Settings:
    """What the project says of its deployment.

    name             of the app; "" for the project's name
    bucket           of S3, for zips over 50 MB; "" for one that is made
    check            the path that a new version is asked for, before an alias gets it; "" for none
    log_retention    days
    parameters       whether settings are also looked for in SSM, below /APP/STAGE/
    permissions      rights of the functions besides those that follow from the settings
    profile          of ~/.aws, where the command line names none
    region           where the command line names none
    redis            the URL of a Redis, for the variable REDIS_URL; "" for none
    role             the ARN of a role of yours, in place of one for each function
    security_groups  of a VPC that the functions are in
    subnets          of that VPC
    tables           DynamoDB's, by the variable that gets the name: reading and writing is allowed
    tags             of all that can have some
    tracing          whether X-Ray is on
    """

    name: str = ""
    bucket: str = ""
    check: str = "/"
    log_retention: int = 30
    parameters: bool = False
    permissions: tuple[Statement, ...] = ()
    profile: str = ""
    region: str = ""
    redis: str = ""
    role: str = ""
    security_groups: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()
    tables: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    tracing: bool = False


def _name(node: Node) -> str:
    found = node.text()
    if not _NAME.fullmatch(found):
        raise node.error(f"{found!r:.60} is no app's name: letters, digits, - and _, up to 40")
    return found


def _path(node: Node) -> str:
    found = node.text()
    if found and not found.startswith("/"):
        raise node.error(f'a path begins with /; write "/{found}", or "" for no check')
    return found


def _retention(node: Node) -> int:
    found = node.integer(1, RETENTION_DAYS[-1])
    if found not in RETENTION_DAYS:
        listed = ", ".join(map(str, RETENTION_DAYS))
        raise node.error(f"CloudWatch keeps logs for one of these numbers of days: {listed}")
    return found


def _role(node: Node) -> str:
    found = node.text()
    if not re.fullmatch(r"arn:aws[\w-]*:iam::\d{12}:role/.+", found):
        raise node.error(f"{found!r:.60} is no role's ARN: arn:aws:iam::123456789012:role/NAME")
    return found


def _tags(node: Node) -> dict[str, str]:
    """https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html"""
    for key, each in node.items():
        if key.lower().startswith(("adapter:", "aws:")):
            whose = "this command" if key.lower().startswith("adapter:") else "AWS"
            raise each.error(f"tags that begin with {key.partition(':')[0]}: are set by {whose}")
    return node.variables()


def _permissions(node: Node) -> tuple[Statement, ...]:
    return tuple(Statement(**schema.fields(one, STATEMENT)) for one in node.elements())


STATEMENT = {
    "actions": Key("list of text", texts, "`s3:GetObject` and the like", needed=True),
    "resources": Key("list of text", texts, "ARNs", needed=True),
}

_STAGE = "`{stage}` in it is the stage's name"
KEYS = {
    "name": Key("text", _name, "The app's name, in the names of what is made and in its tags"),
    "bucket": Key("text", text, "A bucket of S3 for zips over 50 MB, in place of one that is made"),
    "check": Key(
        "text",
        _path,
        'The path that a new version is asked for before it is released; `""` asks for none',
    ),
    "log-retention": Key("whole number of days", _retention, "How long logs are kept"),
    "parameters": Key(
        "`true` or `false`",
        flag,
        "Whether `setting()` also looks in SSM, for `/APP/STAGE/NAME`",
    ),
    "permissions": Key("list of tables", _permissions, "What the functions may do besides"),
    "profile": Key("text", text, "Whose credentials of `~/.aws` are used; `--profile` wins"),
    "region": Key("text", text, "As `eu-west-1`; `--region` wins"),
    "redis": Key("text", text, f"The URL of a Redis, for the variable `REDIS_URL`. {_STAGE}"),
    "role": Key("text", _role, "The ARN of a role of yours, in place of one for each function"),
    "security-groups": Key("list of text", texts, "Of a VPC that the functions are in"),
    "subnets": Key("list of text", texts, "Of that VPC"),
    "tables": Key(
        "table of text",
        schema.variables,
        f"Tables of DynamoDB, by the variable that gets the name. {_STAGE}",
    ),
    "tags": Key("table of text", _tags, "Of all that can have some"),
    "tracing": Key("`true` or `false`", flag, "Whether X-Ray is on"),
}


def read(document: Node) -> Settings:
    """Raises ConfigError."""
    node = document.get("tool", "adapter", "deploy")
    found: dict[str, Any] = schema.fields(node, KEYS)
    if bool(found.get("subnets")) != bool(found.get("security_groups")):
        raise node.error("subnets and security-groups go together: write both, or none")
    return Settings(**found)
