"""Terraform's language, written as `terraform fmt` would have it.

    attribute  text, a number, true or false, a list, a mapping, or an Expression
    block      a Block, or a list of them

https://developer.hashicorp.com/terraform/language/syntax/configuration
https://developer.hashicorp.com/terraform/language/expressions/strings
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_ESCAPED = re.compile(r"\\.")
_OTHERS = {r"\b": r"\u0008", r"\f": r"\u000c"}
_TEMPLATE = re.compile(r"([$%])\{")


@dataclass(frozen=True)
class Expression:
    """What is written as it stands: `aws_iam_role.users.arn`."""

    text: str


@dataclass(frozen=True)
class Encoded:
    """A value that becomes JSON text: `jsonencode({…})`."""

    value: Any


@dataclass(frozen=True)
class Block:
    """What stands between the braces of a block, and what before them besides its type."""

    body: Mapping[str, Any]
    labels: tuple[str, ...] = ()


def text(blocks: Iterable[tuple[str, Block]]) -> str:
    """A file of blocks, each with its type."""
    return "\n".join("\n".join(_block(name, block)) + "\n" for name, block in blocks)


def quoted(text: str) -> str:
    """A text in quotes, in which nothing is a template.

    JSON's escapes are HCL's, but for two letters, and for the two signs that begin a template.
    """
    written = json.dumps(text, ensure_ascii=False)
    written = _ESCAPED.sub(lambda found: _OTHERS.get(found[0], found[0]), written)
    return _TEMPLATE.sub(r"\1\1{", written)


def _block(name: str, block: Block) -> list[str]:
    head = " ".join([name, *map(quoted, block.labels), "{"])
    inner = list(_body(block.body))
    return [head, *_indented(inner), "}"] if inner else [f"{head}}}"]


def _body(body: Mapping[str, Any]) -> Iterator[str]:
    """Attributes, and after them blocks, each with an empty line before it."""
    plain = {name: value for name, value in body.items() if not _blocks(value)}
    yield from _assigned((name, _value(value)) for name, value in plain.items())
    for count, (name, block) in enumerate(_nested(body)):
        if plain or count:
            yield ""
        yield from _block(name, block)


def _nested(body: Mapping[str, Any]) -> list[tuple[str, Block]]:
    return [(name, block) for name, value in body.items() for block in _blocks(value)]


def _blocks(value: Any) -> list[Block]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, Block)]


def _assigned(pairs: Iterable[tuple[str, list[str]]]) -> Iterator[str]:
    """`name = value`; in a row of those that take one line, the signs stand below each other."""
    row: list[tuple[str, str]] = []
    for name, lines in pairs:
        if len(lines) == 1:
            row.append((name, lines[0]))
            continue
        yield from _aligned(row)
        row = []
        yield f"{name} = {lines[0]}"
        yield from lines[1:]
    yield from _aligned(row)


def _aligned(row: list[tuple[str, str]]) -> Iterator[str]:
    width = max((len(name) for name, _ in row), default=0)
    return (f"{name:<{width}} = {value}" for name, value in row)


def _value(value: Any) -> list[str]:
    """The lines of a value."""
    if isinstance(value, Expression):
        return [value.text]
    if isinstance(value, Encoded):
        lines = "\n".join(_value(value.value))
        return f"jsonencode({lines})".split("\n")
    if isinstance(value, Mapping):
        pairs = ((_key(name), _value(each)) for name, each in value.items())
        return ["{", *_indented(_assigned(pairs)), "}"] if value else ["{}"]
    if isinstance(value, list | tuple):
        return _list([_value(each) for each in value])
    if isinstance(value, str):
        return [quoted(value)]
    return [json.dumps(value)]  # true, null and numbers are written alike


def _list(values: list[list[str]]) -> list[str]:
    """On one line, if each of the values takes one."""
    if all(len(lines) == 1 for lines in values):
        return [f"[{', '.join(lines[0] for lines in values)}]"]
    inner = (line for lines in values for line in (*lines[:-1], f"{lines[-1]},"))
    return ["[", *_indented(inner), "]"]


def _key(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) else quoted(name)


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" if line else "" for line in lines]
