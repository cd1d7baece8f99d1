"""A statement of the policy of a function's alias: who may call it.

    {"Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com",
     "SourceArn": "arn:aws:execute-api:…:a1b2c3/*/*"}

Settings are those of AddPermission. A statement has no tags: ours have an id with our prefix, and
aliases have the names of stages.

https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import APP, STAGE, Found
from . import policies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .. import Resource, Tell
    from ..aws import AWS

_CONDITIONS = {
    "aws:sourcearn": "SourceArn",
    "aws:sourceaccount": "SourceAccount",
    "lambda:functionurlauthtype": "FunctionUrlAuthType",
    "lambda:invokedviafunctionurl": "InvokedViaFunctionUrl",
}


def read(aws: AWS, wanted: Resource) -> Found | None:
    alias, sid = _parts(wanted.name)
    one = policies.statements(aws, alias).get(sid)
    return _found(wanted.name, one, wanted.tags[APP]) if one else None


def _parts(name: str) -> tuple[str, str]:
    """("users:dev", "adapter-dev-http-api")"""
    alias, _, sid = name.partition("/")
    return alias, sid


def _found(name: str, statement: Mapping[str, Any], app: str) -> Found:
    alias, sid = _parts(name)
    tags = {APP: app, STAGE: alias.rpartition(":")[2]} if sid.startswith(policies.PREFIX) else {}
    settings = {
        "Action": statement["Action"],
        "Principal": _principal(statement["Principal"]),
        **_conditions(statement.get("Condition", {})),
    }
    return Found("permission", name, settings, sid, tags)


def _principal(found: Any) -> str:
    """As AddPermission takes it: of {"Service": "apigateway.amazonaws.com"} the service."""
    return str(next(iter(found.values()))) if isinstance(found, dict) else str(found)


def _conditions(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """{"Bool": {"lambda:InvokedViaFunctionUrl": "true"}} → {"InvokedViaFunctionUrl": True}"""
    flat = {key.lower(): value for each in found.values() for key, value in each.items()}
    told = {_CONDITIONS.get(key, key): value for key, value in flat.items()}
    if "InvokedViaFunctionUrl" in told:
        told["InvokedViaFunctionUrl"] = str(told["InvokedViaFunctionUrl"]).lower() == "true"
    return told


def create(aws: AWS, wanted: Resource, tell: Tell) -> str:
    alias, sid = _parts(wanted.name)
    aws.client("lambda").add_permission(FunctionName=alias, StatementId=sid, **wanted.settings)
    return sid


def change(
    aws: AWS,
    wanted: Resource,
    found: Found,
    differences: Mapping[str, tuple[Any, Any]],
    tell: Tell,
) -> str:
    """A statement can't be changed: it goes, and comes again."""
    delete(aws, found)
    return create(aws, wanted, tell)


def delete(aws: AWS, found: Found) -> None:
    client = aws.client("lambda")
    alias, sid = _parts(found.name)
    try:
        client.remove_permission(FunctionName=alias, StatementId=sid)
    except client.exceptions.ResourceNotFoundException:
        pass


def listed(aws: AWS, app: str) -> Iterator[Found]:
    for alias, found in policies.of_app(aws, app):
        for sid, one in found.items():
            if sid.startswith(policies.PREFIX):
                yield _found(f"{alias}/{sid}", one, app)
