"""What the makers of a SAM template share: logical ids, references, tags, parameters."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import Sub
from .references import book, fresh, names, parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .. import Resource
    from . import Plan

# What a logical id ends with, so that two kinds can have one name.
_ENDS = {
    "function": "",
    "event_source": "Source",
    "function_url": "Url",
    "websocket_api": "WebSocketApi",
}
# SAM knows a function's alias by the function's own id:
# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html
_ALIAS = ".Alias"
_WORDS = {
    ("function", "alias"): f"{{}}{_ALIAS}",
    ("function", "arn"): "{}.Arn",
    ("function_url", "id"): "{}.FunctionUrl",
    ("http_api", "id"): "{}",
    ("layer", "id"): "{}",
    ("rest_api", "id"): "{}",
    ("role", "arn"): "{}.Arn",
    ("role", "id"): "{}.Arn",
    ("rule", "arn"): "{}.Arn",
    ("websocket_api", "id"): "{}",
}
_PSEUDO = ("AWS::Partition", "AWS::Region", "AWS::AccountId")
PSEUDO = {f"${{{name}}}": name for name in _PSEUDO}


@dataclass
class Made:
    """A template while it is made.

    ids         by kind and name
    book        what texts stand for, as `references.book` has it
    parameters  of the template, by name
    """

    plan: Plan
    ids: Mapping[tuple[str, str], str] = field(init=False)
    book: Mapping[str, str] = field(init=False)
    parameters: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ids = names(self.plan, _logical)
        self.book = {**PSEUDO, **book(self.plan, self.ids, _WORDS)}
        self._taken = set(self.ids.values())

    def id(self, resource: Resource) -> str:
        return self.ids[resource.kind, resource.name]

    def within(self, resource: Resource, *parts: str) -> str:
        """The id of a part of a resource, that nothing else has."""
        return fresh(camel("-".join([self.id(resource), *parts])), self._taken)

    def parameter(self, name: str, **properties: Any) -> dict[str, str]:
        """A reference to a parameter of the template, which is a text."""
        self.parameters[name] = {"Type": "String", **properties}
        return {"Ref": name}

    def path(self, file: Path) -> str:
        """Of a file, from the template's folder."""
        return Path(os.path.relpath(file, self.plan.folder)).as_posix()


def camel(text: str) -> str:
    """A logical id has letters and digits alone: "parallel-prediction" is parallelPrediction.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html
    """
    words: list[str] = re.findall(r"[A-Za-z0-9]+", text)
    first, *rest = words or ["resource"]
    return first + "".join(part[0].upper() + part[1:] for part in rest)


def _logical(resource: Resource, short: str) -> str:
    """A function's id is its name as far as it can be, by which it is known locally."""
    end = _ENDS.get(resource.kind, resource.kind.replace("_", " ").title().replace(" ", ""))
    return camel(short) + end


def called(text: Sub, book: Mapping[str, str]) -> Any:
    """Ref, Fn::GetAtt or Fn::Sub; plain text where it refers to nothing."""
    split = parts(text, book)
    if len(split) == 1:
        return split[0]
    if len(split) == 3 and not split[0] and not split[2]:
        return _reference(split[1])
    words = [f"${{{_variable(part)}}}" if at % 2 else part for at, part in enumerate(split)]
    own = {_variable(part): _reference(part) for part in split[1::2] if part.endswith(_ALIAS)}
    return {"Fn::Sub": ["".join(words), own] if own else "".join(words)}


def _variable(word: str) -> str:
    """cfn-lint takes a function's alias for an attribute that there isn't, in a text alone."""
    return word.replace(".", "") if word.endswith(_ALIAS) else word


def _reference(word: str) -> dict[str, Any]:
    name, _, attribute = word.partition(".")
    if attribute and not word.endswith(_ALIAS):
        return {"Fn::GetAtt": [name, attribute]}
    return {"Ref": word}


def filled(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is empty: AWS has its own defaults for it."""
    return {name: value for name, value in settings.items() if value not in ({}, [], "", None)}


def resource(type_: str, properties: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"Type": type_, **more, "Properties": filled(properties)}
