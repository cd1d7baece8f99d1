"""An OpenAPI 3.0 or Swagger 2 document with API Gateway's extensions.

    read("openapi.yaml", {"users": Function("users", "main:app")})

The document names functions by their ARNs and says nothing of their code, which comes from
`[tool.adapter.functions.NAME]` or from the command line.

It is a REST API if it is Swagger 2, and an HTTP API if it says what only those have: a
payloadFormatVersion, which their Lambda integrations need, a jwt authorizer, `$default`,
x-amazon-apigateway-cors or x-amazon-apigateway-importexport-version. Any other is a REST API.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import Function, Project, authorizers
from .cloudformation import function_in
from .document import load, repeated
from .draft import NOT_PROXY, Draft, cors, media_types, streaming, timeout
from .intrinsic import Scope, resolved
from .routes import METHODS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from .node import Node

_X = "x-amazon-apigateway-"
_ANY = f"{_X}any-method"
_INTEGRATION = f"{_X}integration"
_METHODS = {**{method.lower(): method for method in METHODS if method != "ANY"}, _ANY: "ANY"}
_TO_LAMBDA = re.compile(r":lambda:path/|/functions/.*/invocations")
_HTTP_ONLY = (f"{_X}cors", f"{_X}importexport-version")


def read(path: Path, functions: Mapping[str, Function]) -> Project:
    """The project of a document, its functions by the names that their ARNs have.

    A single function that the document doesn't name stands for each that it names. Raises
    ConfigError.
    """
    root = load(path)
    try:
        return _project(
            _document(root.with_value(resolved(root.value, Scope(path.parent)))), functions
        )
    except RecursionError:
        raise root.error("it is nested too deeply, or within itself") from None


def is_document(root: Node) -> bool:
    """Whether that is OpenAPI's content, and not a template's."""
    return isinstance(root.value, dict) and bool({"openapi", "swagger"} & root.value.keys())


def _document(root: Node) -> Node:
    if not is_document(root):
        raise root.error('this is no OpenAPI document: it has neither "openapi" nor "swagger"')
    return root


def _project(root: Node, functions: Mapping[str, Function]) -> Project:
    used = _named(root)
    if not used:
        raise root.error(_no_function(root))
    names = _names(root, used, functions)
    draft = Draft(kind_of(root), lambda text: names.get(function_in(text), ""))
    fill(draft, root)
    api, notes = draft.api(root), [*repeated(root.value), *draft.remarks()]
    return Project(streaming(functions, draft.streaming), api, tuple(notes))


def _no_function(root: Node) -> str:
    mapped = [
        key for key, _, node in _operations(root) if is_mapped(node.get("type"), node.get("uri"))
    ]
    if mapped:
        return f"{NOT_PROXY}: {', '.join(mapped)}"
    return f"no path has an {_INTEGRATION} with a Lambda function"


def is_mapped(kind: Node, uri: Node) -> bool:
    """Whether an integration of this type and URI is with a function, but not as a proxy.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-integration-types.html
    """
    return kind.text().lower() == "aws" and bool(_TO_LAMBDA.search(uri.text()))


def _names(root: Node, used: list[str], functions: Mapping[str, Function]) -> dict[str, str]:
    """{name in the document: name of ours}"""
    missing = [name for name in used if name not in functions]
    if len(functions) == 1 and len(missing) == len(used):
        return dict.fromkeys(used, next(iter(functions)))
    if missing:
        raise root.error(
            f"it doesn't say where the code of {', '.join(missing)} is: write a table "
            f"[tool.adapter.functions.{missing[0]}] into pyproject.toml, "
            "or name one main:app for all"
        )
    return {name: name for name in (*used, *functions)}


def _named(root: Node) -> list[str]:
    """The functions to which paths lead, each once."""
    found = [_target(node) for _, _, node in _operations(root)]
    return list(dict.fromkeys(function_in(target) for target in found if target))


def kind_of(root: Node) -> str:
    """ "rest_api", or "http_api" for an HTTP API of any payload format."""
    if root.get("swagger"):
        return "rest_api"
    if any(root.get(key) for key in _HTTP_ONLY):
        return "http_api"
    operations = list(_operations(root))
    formats = any(node.get("payloadFormatVersion") for _, _, node in operations)
    schemes = _schemes(root).items()
    jwt = any(one.get(f"{_X}authorizer", "type").value == "jwt" for _, one in schemes)
    default = any(key == "$default" for key, _, _ in operations)
    return "http_api" if formats or jwt or default else "rest_api"


def fill(draft: Draft, root: Node, **defaults: Any) -> None:
    """Add what a document says to an API: its routes, its authorizers and its settings.

    `defaults` are those fields of a Route that one has whose operation says nothing of them.
    """
    keys = _keys_and_authorizers(draft, root)
    for key, operation, node in _operations(root):
        target = _target(node)
        if is_mapped(node.get("type"), node.get("uri")):
            draft.mapped.append(key)
            continue
        rest = _secured(operation.get("security") or root.get("security"), operation, keys)
        wait = timeout(node.get("timeoutInMillis"))
        draft.add(operation, key, target, timeout=wait, **{**defaults, **rest})
        if target and node.get("payloadFormatVersion"):
            draft.formats.add(node.get("payloadFormatVersion").text())
        if _streams(node):
            draft.streaming.add(draft.function(target))
    _settings(draft, root)


def _settings(draft: Draft, root: Node) -> None:
    if draft.kind == "rest_api":
        draft.told["binary_media_types"] = media_types(root.get(f"{_X}binary-media-types"))
    elif root.get(f"{_X}cors"):
        draft.told["cors"] = cors(root.get(f"{_X}cors"), upper=False)


def _schemes(root: Node) -> Node:
    return root.get("components", "securitySchemes") or root.get("securityDefinitions")


def _keys_and_authorizers(draft: Draft, root: Node) -> set[str]:
    """Read the authorizers. The names of the schemes that are API keys."""
    keys = set()
    for name, scheme in _schemes(root).items():
        if scheme.get(f"{_X}authorizer"):
            draft.authorizer(scheme, name, authorizers.openapi(scheme, draft.kind))
        elif scheme.get(f"{_X}authtype").text() == "awsSigv4":
            draft.unchecked[name] = authorizers.NO_IAM
        elif scheme.get("type").text() == "apiKey":
            keys.add(name)
        else:  # AWS does nothing with it
            draft.unchecked[name] = f"the scheme has no {_X}authorizer"
    return keys


def _secured(security: Node, operation: Node, keys: set[str]) -> dict[str, Any]:
    """What the security of an operation says about its route."""
    if operation.get(f"{_X}auth", "type").text() == "NONE":
        return {}
    told: dict[str, Any] = {}
    for requirement in security.elements():
        for name, scopes in requirement.items():
            if name in keys:
                told["api_key"] = True
            else:
                told |= {"authorizer": name, "scopes": scopes.texts()}
    return told


def _operations(root: Node) -> Iterator[tuple[str, Node, Node]]:
    """(route key, operation, its integration), which may be null."""
    for path, item in root.get("paths").items():
        if path.startswith("x-"):
            continue
        for name, operation in item.items():
            if name in _METHODS:
                default = path.lstrip("/") == "$default"
                key = "$default" if default else f"{_METHODS[name]} {path}"
                yield key, operation, _referred(root, operation.get(_INTEGRATION))


def _referred(root: Node, node: Node) -> Node:
    """What a "$ref" within the document leads to, or the node itself."""
    reference = node.get("$ref").text()
    if not reference.startswith("#/"):
        return node
    steps = [step.replace("~1", "/").replace("~0", "~") for step in reference[2:].split("/")]
    return root.get(*steps)


def _target(node: Node) -> str:
    """The URI of the function that an integration leads to; "" if it leads to none."""
    return node.get("uri").text() if node.get("type").text().lower() == "aws_proxy" else ""


def _streams(node: Node) -> bool:
    mode = node.get("responseTransferMode").text()
    return mode == "STREAM" or "/response-streaming-invocations" in node.get("uri").text()
