"""Functions, with what each needs: a role, a log group, a layer, environments of its own."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from ...events import KINDS
from ...message import Request
from .. import APP, DeployError, Resource, Sub
from ..kinds.concurrency import SET
from . import role
from .variables import variables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ...config import Function
    from ...package import Archive, Package
    from ..deployment import Deployment

# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_RUNTIME = re.compile(r"python3\.(1[1-9]|[2-9]\d)|provided\.al2023")
_HANDLER = 128
_TIMEOUT_S = 900
_MEMORY_MB = (128, 10240)
_HEADERS = (("host", "localhost"), ("user-agent", "adapter-deploy"))


def of(deployment: Deployment, packages: Mapping[str, Package]) -> Iterator[Resource]:
    """By kind, in the order in which they are made. Raises DeployError."""
    pairs = [(one, _package(one, packages)) for one in deployment.project.functions.values()]
    for one, _ in pairs:
        yield from role.of(deployment, one.name)
    for one, _ in pairs:
        yield _log_group(deployment, one)
    for one, package in pairs:
        yield from _layer(deployment, one, package)
    for one, package in pairs:
        yield _function(deployment, one, package)
    yield from _concurrencies(deployment)


def layer_of(function: str) -> str:
    return f"{function}-layer"


def _package(function: Function, packages: Mapping[str, Package]) -> Package:
    """Raises DeployError for a function that can't be on Lambda as it is."""
    _check(function)
    package = packages.get(function.name)
    runtime = package.runtime if package else function.runtime
    if package is None or not _RUNTIME.fullmatch(runtime):
        raise DeployError(
            f"{function.name} has the runtime {runtime}, and adapter makes packages for Python "
            "3.11 and newer (python3.13, provided.al2023): deploy it with a tool of that language"
        )
    return package


def _check(function: Function) -> None:
    name, (least, most) = function.name, _MEMORY_MB
    if not _NAME.fullmatch(name):
        raise DeployError(
            f"{name!r:.80} is no name of a function on Lambda: letters, digits, - and _, up to 64"
        )
    if len(function.handler) > _HANDLER:
        raise DeployError(f"{name}: the handler's name is longer than {_HANDLER} characters")
    if function.timeout > _TIMEOUT_S:
        raise DeployError(f"{name}: a timeout of {function.timeout:g} s is over {_TIMEOUT_S} s")
    if not least <= function.memory <= most:
        raise DeployError(f"{name}: {function.memory} MB of memory; it is {least} to {most}")


def _log_group(deployment: Deployment, function: Function) -> Resource:
    settings = {"retentionInDays": deployment.settings.log_retention}
    name = f"/aws/lambda/{function.name}"
    return Resource("log_group", name, settings, {"tags": deployment.tags})


def _layer(deployment: Deployment, function: Function, package: Package) -> Iterator[Resource]:
    if package.layer:
        settings = {
            "CodeSha256": package.layer.sha256,
            "CompatibleRuntimes": [package.runtime],
            "CompatibleArchitectures": [package.architecture],
        }
        given = _given(deployment, package.layer)
        yield Resource("layer", layer_of(function.name), settings, given)


def _given(deployment: Deployment, archive: Archive) -> dict[str, Any]:
    """What an upload needs."""
    return {
        "tags": deployment.tags,
        "archive": archive,
        "app": deployment.app,
        "bucket": deployment.settings.bucket,
    }


def _function(deployment: Deployment, function: Function, package: Package) -> Resource:
    settings = deployment.settings
    wanted = {
        "Runtime": package.runtime,
        "Handler": package.handler,
        "Role": role.arn_of(deployment, function.name),
        "MemorySize": function.memory,
        "Timeout": max(1, math.ceil(function.timeout)),
        "Architectures": [package.architecture],
        "Environment": {"Variables": variables(deployment, function, package)},
        "Layers": [Sub(f"${{layer:{layer_of(function.name)}}}")] if package.layer else [],
        "VpcConfig": {
            "SubnetIds": sorted(settings.subnets),
            "SecurityGroupIds": sorted(settings.security_groups),
        },
        "TracingConfig": {"Mode": "Active" if settings.tracing else "PassThrough"},
        "CodeSha256": package.function.sha256,
    }
    given = {
        **_given(deployment, package.function),
        "role": "" if settings.role else role.name_of(function.name),
        "folder": function.folder,
        "check": _event(deployment, function),
        "path": settings.check,
    }
    return Resource("function", f"{function.name}:{deployment.stage}", wanted, given)


def _event(deployment: Deployment, function: Function) -> dict[str, Any] | None:
    """What a new version is called with; None for one that is not to be called.

    Only a web app can be known to take a request well. A function(event, context) would do its work
    for whatever comes, and one that may have no environment can't be called at all.
    """
    path, _, query = deployment.settings.check.partition("?")
    if not path or ":" not in function.handler or function.reserved_concurrency == 0:
        return None
    codec = KINDS.get(deployment.project.api.kind, KINDS["http_api"])
    return codec.encode_request(Request("GET", path, query, _HEADERS))


def _concurrencies(deployment: Deployment) -> Iterator[Resource]:
    """A function has one number for all stages: what another one says stays, and goes with it."""
    numbers = _numbers(deployment)
    for name, number in numbers.items():
        settings = {"ReservedConcurrentExecutions": number}
        tags = {APP: deployment.app, SET: str(number)}
        yield Resource("concurrency", name, settings, {"tags": tags})
    for name in dict.fromkeys(name for stage in deployment.beside for name in _numbers(stage)):
        if name not in numbers:
            yield Resource("concurrency", name, {}, {"tags": {APP: deployment.app}})


def _numbers(stage: Deployment) -> dict[str, int]:
    """The reserved concurrency of functions that have one."""
    functions = stage.project.functions.values()
    found = {one.name: one.reserved_concurrency for one in functions}
    return {name: number for name, number in found.items() if number is not None}
