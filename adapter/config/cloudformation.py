"""A CloudFormation or SAM template: its resources, with what can be worked out worked out.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .intrinsic import Scope, holds, resolved
from .node import Lined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .node import Node

FUNCTIONS = ("AWS::Serverless::Function", "AWS::Lambda::Function")
_SERVERLESS = "AWS::Serverless::"
_IN_URI = re.compile(r"/functions/(.*?)/(?:response-streaming-)?invocations")
_IN_ARN = re.compile(r"arn:.*:lambda:.*:function:(.*)")  # it may have ${AWS::Region} inside
_NAME = re.compile(r"\$\{([^.}]*)[^}]*\}|([^:]*)")


@dataclass(frozen=True)
class Resource:
    """One resource: its logical id and type, and its properties, with the Globals of its type."""

    id: str
    type: str
    node: Node
    properties: Node


@dataclass(frozen=True)
class Template:
    """The resources of a template, by their logical ids, and whose names its functions have."""

    root: Node
    resources: Mapping[str, Resource]
    scope: Scope

    def general(self, kind: str) -> Node:
        """What the Globals say of all SAM resources of a kind, as HttpApi."""
        node = self.root.get("Globals", kind)
        return node.with_value(resolved(node.value, self.scope))

    def of(self, *types: str) -> list[Resource]:
        """The resources of these types, in the order of the file."""
        return [found for found in self.resources.values() if found.type in types]

    def whose(self, kind: str, owner: str, key: str) -> list[Resource]:
        """The resources of a type that refer to another one, under this key."""
        return [one for one in self.of(kind) if named(one.properties.get(key).text()) == owner]

    def function(self, text: str) -> str:
        """The function that an ARN, an integration's URI or a name stands for; "" for none here."""
        name = function_in(text)
        for _ in self.resources:  # a function has at most so many aliases of aliases
            found = self.resources.get(name)
            if found is None or found.type not in ("AWS::Lambda::Alias", "AWS::Lambda::Version"):
                break
            name = function_in(found.properties.get("FunctionName").text())
        for one in self.of(*FUNCTIONS):
            if name and name in (one.id, one.properties.get("FunctionName").text()):
                return one.id
        return ""


def named(text: str) -> str:
    """The logical id that a text stands for: "${Users.Arn}", "integrations/${Users}", "Users"."""
    found = _NAME.fullmatch(text.rpartition("/")[2])
    return (found[1] or found[2] or "") if found else text


def function_in(text: str) -> str:
    """The function's name in an integration's URI, in an ARN (with its alias, if any) or alone."""
    uri = _IN_URI.search(text)
    text = uri[1] if uri else text
    arn = _IN_ARN.search(text)
    found = _NAME.match(arn[1] if arn else text)
    return (found[1] or found[2] or "") if found else ""


def is_local(node: Node) -> bool:
    """Whether that is the path of a file or folder beside the template, and not one of S3."""
    return isinstance(node.value, str) and "://" not in node.value and "${" not in node.value


def template(root: Node) -> Template:
    """Raises ConfigError for resources that are none."""
    wanted = [
        (name, node) for name, node in root.get("Resources").items() if _is_resource(name, node)
    ]
    types = {name: node.get("Type").text() for name, node in wanted}
    functions = frozenset(name for name, type_ in types.items() if type_ in FUNCTIONS)
    scope = Scope(
        root.file.parent,
        _parameters(root.get("Parameters")),
        _values(root.get("Mappings")),
        _values(root.get("Conditions")),
        functions,
    )
    made = [_resource(name, types[name], node, root, scope) for name, node in wanted]
    return Template(root, {one.id: one for one in made if one is not None}, scope)


def _is_resource(name: str, node: Node) -> bool:
    if name.startswith("Fn::"):
        raise node.error(
            "loops over resources aren't worked out here: write them out, or set the project "
            "in pyproject.toml"
        )
    return bool(node.get("Type").text())


def _values(node: Node) -> dict[str, Any]:
    return {key: child.value for key, child in node.items()}


def _parameters(node: Node) -> dict[str, Any]:
    """{name: default}; without those that have none, or whose default is a key of AWS's store.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
    """
    found: dict[str, Any] = {}
    for name, one in node.items():
        kind, default = one.get("Type").text(), one.get("Default")
        if not default or kind.startswith("AWS::SSM::"):
            continue
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            found[name] = [part.strip() for part in default.text().split(",")]
        else:
            found[name] = default.text()
    return found


def _resource(name: str, type_: str, node: Node, root: Node, scope: Scope) -> Resource | None:
    """The resource, unless its condition doesn't hold."""
    if node.get("Condition") and not holds(node.get("Condition").value, scope):
        return None
    properties = node.get("Properties")
    value = properties.value
    if type_.startswith(_SERVERLESS):
        value = merged(root.get("Globals", type_.removeprefix(_SERVERLESS)).value, value)
    return Resource(name, type_, node, properties.with_value(resolved(value, scope)))


def merged(general: Any, own: Any) -> Any:
    """A value of Globals and a resource's own: mappings and lists are joined, else its own counts.

    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
    """
    if general is None or own is None:
        return general if own is None else own
    if isinstance(general, list) and isinstance(own, list):
        return [*general, *own]
    if not isinstance(general, dict) or not isinstance(own, dict) or _is_call(general, own):
        return own
    keys = [*general, *(key for key in own if key not in general)]
    items = [(key, merged(general.get(key), own.get(key))) for key in keys]
    lines = {**getattr(general, "lines", {}), **getattr(own, "lines", {})}
    return Lined(items, lines) if lines else dict(items)


def _is_call(*values: dict[str, Any]) -> bool:
    """Whether one of them is a function's call, which is no mapping to join."""
    return any(len(one) == 1 and next(iter(one)).startswith(("Ref", "Fn::")) for one in values)
