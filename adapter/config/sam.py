"""An AWS SAM or CloudFormation template, in YAML or JSON.

Of its APIs one is served: the only one, or the one of the name that is given. The names are logical
ids; SAM's implicit APIs are ServerlessHttpApi and ServerlessRestApi, and a function's URL has its
function's name and "Url".
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from . import API, Function, Project, gateway_v1, gateway_v2, routes, schedules, serverless
from .cloudformation import FUNCTIONS, Template, template
from .document import load, repeated
from .draft import streaming
from .functions import functions_of
from .node import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from .draft import Draft

BUILDERS: dict[str, Callable[..., Draft]] = {
    "AWS::Serverless::HttpApi": serverless.http_api,
    "AWS::Serverless::Api": serverless.rest_api,
    "AWS::Serverless::WebSocketApi": serverless.websocket,
    "AWS::ApiGatewayV2::Api": gateway_v2.build,
    "AWS::ApiGateway::RestApi": gateway_v1.build,
    "AWS::Lambda::Url": serverless.function_url,
}
_IMPLICIT = {"HttpApi": serverless.http_api, "Api": serverless.rest_api}


def read(path: Path, api: str = "", functions: Mapping[str, Function] | None = None) -> Project:
    """The project of a template. Functions that are given count in place of the template's own.

    Raises ConfigError, for one with several APIs too if none is named.
    """
    root = load(path)
    try:
        return _project(template(root), api, functions or {})
    except RecursionError:
        raise root.error("it is nested too deeply, or within itself") from None


def _project(found: Template, api: str, given: Mapping[str, Function]) -> Project:
    functions, absent = functions_of(found, given)
    if not functions:
        raise found.root.error(
            f"there is no function: no resource is of type {' or '.join(FUNCTIONS)}"
        )
    due, left_out = schedules.of_template(found, functions)
    left_out = [*absent, *left_out]
    builders = _builders(found)
    if not builders and not api:
        only = routes.to(next(iter(functions)), API.kind) if len(functions) == 1 else ()
        notes = [*repeated(found.root.value), *left_out]
        return Project(functions, API(routes=only), tuple(notes), due)
    draft = builders[_chosen(found, list(builders), api)]()
    functions = streaming(functions, draft.streaming)
    notes = [*repeated(found.root.value), *draft.remarks(), *left_out]
    return Project(functions, draft.api(found.root), tuple(notes), due)


def _chosen(found: Template, names: list[str], api: str) -> str:
    if api and api not in names:
        raise found.root.error(f"there is no API {api!r:.60}{nearest(api, names)}")
    if not api and len(names) > 1:
        raise found.root.error(
            f"there are {len(names)} APIs, and one is served: "
            f"choose with --api {' or '.join(names)}"
        )
    return api or names[0]


def _builders(found: Template) -> dict[str, Callable[[], Draft]]:
    """{name of an API: what reads it}"""
    builders: dict[str, Callable[[], Draft]] = {}
    for one in found.resources.values():
        if one.type in BUILDERS:
            builders[one.id] = partial(BUILDERS[one.type], found, one)
        if one.type in FUNCTIONS and one.properties.get("FunctionUrlConfig"):
            builders[f"{one.id}Url"] = partial(serverless.function_url, found, one)
    for kind, name in serverless.IMPLICIT.items():
        if name not in builders and any(serverless.events(found, kind, name)):
            builders[name] = partial(_IMPLICIT[kind], found, None)
    return builders
