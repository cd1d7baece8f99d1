"""The URL of a function's alias.

It has no tags: one of ours is known by the statement that lets all call it, which is made before
it and deleted after it.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunctionUrlConfig.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import APP, STAGE, DeployError, Found
from . import policies
from .http_parts import cors_found

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .. import Resource, Tell
    from ..aws import AWS


def read(aws: AWS, wanted: Resource) -> Found | None:
    """Raises DeployError for a URL that somebody else has made."""
    found = _url(aws, wanted.name, wanted.tags[APP])
    if found and not _is_ours(wanted.name, policies.statements(aws, wanted.name)):
        function, _, alias = wanted.name.partition(":")
        raise DeployError(
            f"the function {function} has a URL for {alias} already, and adapter did not make it: "
            "delete it (aws lambda delete-function-url-config "
            f"--function-name {function} --qualifier {alias}), and deploy again"
        )
    return found


def _url(aws: AWS, name: str, app: str) -> Found | None:
    client = aws.client("lambda")
    try:
        one = client.get_function_url_config(**_named(name))
    except client.exceptions.ResourceNotFoundException:
        return None
    settings = {
        "AuthType": one["AuthType"],
        "InvokeMode": one.get("InvokeMode", "BUFFERED"),
        "Cors": cors_found(one.get("Cors", {})),
    }
    tags = {APP: app, STAGE: name.rpartition(":")[2]}
    return Found("function_url", name, settings, one["FunctionUrl"], tags)


def _named(name: str) -> dict[str, str]:
    function, _, alias = name.partition(":")
    return {"FunctionName": function, "Qualifier": alias}


def _is_ours(name: str, statements: Mapping[str, Any]) -> bool:
    return f"{policies.PREFIX}{name.rpartition(':')[2]}-url" in statements


def create(aws: AWS, wanted: Resource, tell: Tell) -> str:
    client = aws.client("lambda")
    told = {key: value for key, value in wanted.settings.items() if value}
    made = client.create_function_url_config(**_named(wanted.name), **told)
    return str(made["FunctionUrl"])


def change(
    aws: AWS,
    wanted: Resource,
    found: Found,
    differences: Mapping[str, tuple[Any, Any]],
    tell: Tell,
) -> str:
    client = aws.client("lambda")
    client.update_function_url_config(**_named(wanted.name), **wanted.settings)
    return ""


def delete(aws: AWS, found: Found) -> None:
    client = aws.client("lambda")
    try:
        client.delete_function_url_config(**_named(found.name))
    except client.exceptions.ResourceNotFoundException:
        pass


def listed(aws: AWS, app: str) -> Iterator[Found]:
    for alias, statements in policies.of_app(aws, app):
        found = _url(aws, alias, app) if _is_ours(alias, statements) else None
        if found:
            yield found
