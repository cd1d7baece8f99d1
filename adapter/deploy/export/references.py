"""What resources are called in a file, and what the texts of a plan refer to there.

A plan has ARNs as texts, since they are predictable; a template has to say which resource it means,
so that this one is made first.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from .. import DeployError, Sub

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .. import Resource
    from . import Plan

    Names = Mapping[tuple[str, str], str]
    Words = Mapping[tuple[str, str], str]

_HERE = "${AWS::Region}:${AWS::AccountId}"
_ARNS = {
    "function": f"arn:${{AWS::Partition}}:lambda:{_HERE}:function:",
    "role": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/",
    "rule": f"arn:${{AWS::Partition}}:events:{_HERE}:rule/",
}
_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_END = r"(?![\w:*-])"  # users is not users-2, and not users:dev either


def names(
    plan: Plan, style: Callable[[Resource, str], str], *, by_kind: bool = False
) -> dict[tuple[str, str], str]:
    """What each resource is called, by kind and name: `style` of it and of its short name.

    None is called as another one; or, `by_kind`, as another one of its kind.
    """
    taken: defaultdict[str, set[str]] = defaultdict(set)
    app, stage = plan.deployment.app, plan.deployment.stage
    return {
        (one.kind, one.name): fresh(
            style(one, _short(one, app, stage)), taken[one.kind if by_kind else ""]
        )
        for one in plan.resources
    }


def _short(resource: Resource, app: str, stage: str) -> str:
    """What tells a resource from others of its kind, without what all have in their names."""
    name, kind = resource.name, resource.kind
    if kind in ("function", "function_url"):
        return function_of(resource)
    if kind == "log_group":
        return name.rpartition("/")[2]
    if kind in ("role", "layer"):
        return name.removesuffix(f"-{kind}")
    if "/" in name:  # users:dev/adapter-dev-http-api, users:dev/sqs:orders
        what = name.partition("/")[2].removeprefix("adapter-").removeprefix(f"{stage}-")
        return f"{function_of(resource)}-{what}"
    return name if name == f"{app}-{stage}" else name.removeprefix(f"{app}-{stage}-")


def function_of(resource: Resource) -> str:
    """The function's name, of what is called users:dev or users:dev/…"""
    return resource.name.partition(":")[0]


def alias_of(resource: Resource) -> Sub:
    """The ARN of the alias, of what is called users:dev or users:dev/…"""
    return Sub(_ARNS["function"] + resource.name.partition("/")[0])


def fresh(name: str, taken: set[str]) -> str:
    """The name, or with a number behind it the first that isn't taken; taken from now on."""
    found, count = name, 2
    while found in taken:
        found, count = f"{name}{count}", count + 1
    taken.add(found)
    return found


def book(plan: Plan, names: Names, words: Words) -> dict[str, str]:
    """By a text that stands for a resource, the word of the format for it.

    `words` are by kind and by what is meant: "id" is ${KIND:NAME}, "arn" the ARN, and "alias" that
    of a function's alias. {} in them is the resource's name in the file.
    """
    found = {}
    for one in plan.resources:
        for what, text in _texts(one).items():
            if word := words.get((one.kind, what)):
                found[text] = word.format(names[one.kind, one.name])
    return found


def _texts(one: Resource) -> dict[str, str]:
    texts = {"id": f"${{{one.kind}:{one.name}}}"}
    if one.kind == "function":
        arn = _ARNS["function"]
        return {**texts, "alias": arn + one.name, "arn": arn + function_of(one)}
    return {**texts, "arn": _ARNS[one.kind] + one.name} if one.kind in _ARNS else texts


def parts(text: Sub, book: Mapping[str, str]) -> list[str]:
    """The text in parts: at even places literal ones, at odd places the words of the book.

    Raises DeployError for a reference to what isn't in the plan.
    """
    known = sorted(book, key=len, reverse=True)
    each = [re.escape(one) + ("" if one.endswith("}") else _END) for one in known]
    split = re.split(f"({'|'.join(each)})", text.text)
    for literal in split[::2]:
        if unknown := _VARIABLE.search(literal):
            raise DeployError(
                f"the plan refers to {unknown[1]}, which is no part of it: {text.text!r:.200}; "
                "that is a mistake of adapter"
            )
    return [book[part] if place % 2 else part for place, part in enumerate(split)]
