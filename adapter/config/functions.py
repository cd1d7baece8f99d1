"""The Lambda functions of a template.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import Function, layers
from .cloudformation import FUNCTIONS, is_local
from .image import of_image

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .cloudformation import Resource, Template
    from .node import Node

# What Lambda takes where a template says nothing: the resource's page, above.
_TIMEOUT, _MEMORY = 3.0, 128
_CONCURRENCY = "PerExecutionEnvironmentMaxConcurrency"
_PLAIN_CONCURRENCY = ("LambdaManagedInstancesCapacityProviderConfig", _CONCURRENCY)


def functions_of(
    found: Template, given: Mapping[str, Function]
) -> tuple[dict[str, Function], list[str]]:
    """The functions by their logical ids, and what of their layers isn't here, in sentences.

    Those that are `given` count in place of the template's. Such a one has the logical id for its
    name, or the FunctionName: a logical id can't be my-tasks. Raises ConfigError.
    """
    functions: dict[str, Function] = {}
    absent: list[str] = []
    for one in found.of(*FUNCTIONS):
        own = _given(one, given)
        if own is None:
            here, missing = layers.of_function(found, one)
            own = replace(_function(one), layers=here)
            absent += missing
        functions[one.id] = own
    return functions, list(dict.fromkeys(absent))


def _given(one: Resource, given: Mapping[str, Function]) -> Function | None:
    named = given.get(one.id) or given.get(one.properties.get("FunctionName").text())
    return replace(named, name=one.id) if named else None


def _function(one: Resource) -> Function:
    node = one.properties
    timeout, memory = node.get("Timeout"), node.get("MemorySize")
    return Function(
        one.id,
        variables=node.get("Environment", "Variables").variables(),
        timeout=timeout.number(1, 900) if timeout else _TIMEOUT,
        memory=memory.integer(128, 32768) if memory else _MEMORY,
        concurrency=_concurrency(node.get("CapacityProviderConfig")),
        **(of_image(one) if _is_image(node) else _of_code(one)),
    )


def _is_image(node: Node) -> bool:
    return node.get("PackageType").text() == "Image"


def _concurrency(node: Node) -> int:
    found = node.get(_CONCURRENCY) or node.get(*_PLAIN_CONCURRENCY)
    return found.integer(1, 1600) if found else 1


def _of_code(one: Resource) -> dict[str, Any]:
    runtime = one.properties.get("Runtime").text(Function.runtime)
    handler = one.properties.get("Handler")
    if not handler.text() and not runtime.startswith("provided"):
        raise handler.error("this is missing: main:app, or main.handler")
    told = {"handler": handler.text(), "runtime": runtime, "folder": _folder(one)}
    return {**told, "code": _inline(one.properties)}


def _inline(node: Node) -> str:
    """The code that stands in the template; "" if it is elsewhere."""
    code = node.get("Code")
    if isinstance(code.value, dict):
        return code.get("ZipFile").text()
    return node.get("InlineCode").text()


def _folder(one: Resource) -> Path:
    """Where the code is: the template's own folder, unless a folder is named.

    The AWS CDK names it in the metadata:
    https://docs.aws.amazon.com/cdk/v2/guide/cli.html
    """
    base = one.node.file.parent
    code = one.properties.get("CodeUri") or one.properties.get("Code")
    if isinstance(code.value, str):
        return base / code.text() if is_local(code) else base
    return base / one.node.get("Metadata", "aws:asset:path").text()
