"""CloudFormation's functions in a template, worked out as far as the file alone tells.

What only AWS knows becomes text: `!GetAtt Table.Arn` is "${Table.Arn}". A function's name and ARN
are its logical id, which is what it is called locally.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .document import load
from .node import Lined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

NOTHING = object()  # AWS::NoValue: what holds it is as if it weren't there

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
ACCOUNT, REGION = "123456789012", "us-east-1"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::NotificationARNs": [],
    "AWS::NoValue": NOTHING,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/local/0",
    "AWS::StackName": "local",
    "AWS::URLSuffix": "amazonaws.com",
}
_IN_TEXT = re.compile(r"\$\{(!?)([^${}]+)\}")


@dataclass(frozen=True)
class Scope:
    """What the functions of a template can look at."""

    folder: Path
    parameters: Mapping[str, Any] = field(default_factory=dict)
    mappings: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    functions: frozenset[str] = frozenset()


def resolved(value: Any, scope: Scope) -> Any:
    """A value with its functions worked out; what only AWS can tell is text. Never raises."""
    if isinstance(value, list):
        found = [resolved(element, scope) for element in value]
        return [element for element in found if element is not NOTHING]
    if not isinstance(value, dict):
        return value
    name = next(iter(value)) if len(value) == 1 else ""
    if name == "Ref" or name.startswith("Fn::"):
        return _called(name, value[name], scope)
    found = [(key, resolved(child, scope)) for key, child in value.items()]
    kept = [(key, child) for key, child in found if child is not NOTHING]
    return Lined(kept, value.lines, value.twice) if isinstance(value, Lined) else dict(kept)


def _called(name: str, argument: Any, scope: Scope) -> Any:
    function = FUNCTIONS.get(name)
    try:
        if function is not None:
            return function(argument, scope)
    except (LookupError, TypeError, ValueError, AttributeError):
        pass  # it is used as AWS wouldn't let it be, or on what only AWS knows
    return f"${{{_told(argument) if isinstance(argument, str) else name}}}"


def _told(text: str) -> str:
    return text.replace("${", "").replace("}", "")


def ref(name: str, scope: Scope) -> Any:
    """A pseudo parameter's value, a parameter's default, a function's logical id, or "${Name}"."""
    if name in PSEUDO:
        return PSEUDO[name]
    if name in scope.parameters:
        return scope.parameters[name]
    # SAM's own: !Ref Users.Version and !Ref Users.Alias
    # https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html
    first = name.partition(".")[0]
    return first if first in scope.functions else f"${{{name}}}"


def _attribute(argument: Any, scope: Scope) -> Any:
    name = argument if isinstance(argument, str) else ".".join(resolved(argument, scope))
    return ref(name, scope) if name.partition(".")[0] in scope.functions else f"${{{name}}}"


def _sub(argument: Any, scope: Scope) -> str:
    text, variables = argument if isinstance(argument, list) else (argument, {})
    own = resolved(variables, scope)

    def one(found: re.Match[str]) -> str:
        name = found[2].strip()
        if found[1]:
            return f"${{{found[2]}}}"
        value = own[name] if name in own else ref(name, scope)
        return value if isinstance(value, str) else _text(value)

    return _IN_TEXT.sub(one, text)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(_text, value))
    if value is NOTHING or isinstance(value, dict):
        raise TypeError("no text")
    return str(value)


def _join(argument: Any, scope: Scope) -> str:
    between, parts = argument
    found = resolved(parts, scope)
    if not isinstance(found, list):
        raise TypeError("no list")
    return str(between).join(map(_text, found))


def _split(argument: Any, scope: Scope) -> list[str]:
    between, text = argument
    found: str = resolved(text, scope)
    return found.split(between)


def _select(argument: Any, scope: Scope) -> Any:
    index, values = argument
    found = resolved(values, scope)
    if not isinstance(found, list):
        raise TypeError("no list")
    return found[int(resolved(index, scope))]


def _find_in_map(argument: Any, scope: Scope) -> Any:
    name, first, second, *rest = (resolved(part, scope) for part in argument)
    try:
        return resolved(scope.mappings[name][first][second], scope)
    except (LookupError, TypeError):
        return rest[0]["DefaultValue"]


def _if(argument: Any, scope: Scope) -> Any:
    condition, then, otherwise = argument
    return resolved(then if holds(condition, scope) else otherwise, scope)


def holds(condition: Any, scope: Scope, *inside: str) -> bool:
    """Whether a condition, or the one of this name, is true. One that is none of AWS's is."""
    if isinstance(condition, str):
        if condition in inside or condition not in scope.conditions:
            return True
        return holds(scope.conditions[condition], scope, *inside, condition)
    if not isinstance(condition, dict) or len(condition) != 1:
        return True
    ((name, argument),) = condition.items()
    if name == "Condition" and isinstance(argument, str):
        return holds(argument, scope, *inside)
    if not isinstance(argument, list):
        return True
    if name == "Fn::Equals" and len(argument) == 2:
        return bool(_plain(argument[0], scope) == _plain(argument[1], scope))
    each = [holds(one, scope, *inside) for one in argument]
    if name == "Fn::Not":
        return each != [True]
    return any(each) if name == "Fn::Or" else all(each)


def _plain(value: Any, scope: Scope) -> Any:
    found = resolved(value, scope)
    return _text(found) if isinstance(found, bool | int | float) else found


def _base64(argument: Any, scope: Scope) -> str:
    return base64.b64encode(resolved(argument, scope).encode()).decode()


def _zones(argument: Any, scope: Scope) -> list[str]:
    region = resolved(argument, scope) or REGION
    return [f"{region}{letter}" for letter in "abc"]


def _json_text(argument: Any, scope: Scope) -> str:
    return json.dumps(resolved(argument, scope), separators=(",", ":"))


def _included(argument: Any, scope: Scope) -> Any:
    """The content of a file of its own, where that is a local one.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-include.html
    """
    location = resolved(argument["Parameters"]["Location"], scope)
    if argument["Name"] != "AWS::Include" or "://" in location or "${" in location:
        raise LookupError(location)
    return resolved(_without_lines(load(scope.folder / location).value), scope)


def _without_lines(value: Any) -> Any:
    """A value of another file: its lines are none of the template's."""
    if isinstance(value, list):
        return [_without_lines(element) for element in value]
    if isinstance(value, dict):
        return {key: _without_lines(child) for key, child in value.items()}
    return value


FUNCTIONS: dict[str, Callable[[Any, Scope], Any]] = {
    "Ref": ref,
    "Fn::Base64": _base64,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAZs": _zones,
    "Fn::GetAtt": _attribute,
    "Fn::If": _if,
    "Fn::Join": _join,
    "Fn::Length": lambda argument, scope: len(resolved(argument, scope)),
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
    "Fn::ToJsonString": _json_text,
    "Fn::Transform": _included,
}
