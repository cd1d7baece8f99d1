"""A YAML or JSON file, as nested values: mappings know the lines of what is in them.

CloudFormation's short tags become their long forms: `!Sub x` is `{"Fn::Sub": "x"}`.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from . import ConfigError
from .node import Lined, Node

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NO_YAML = "YAML is read by PyYAML, which isn't there: pip install 'apigw-adapter[local]'"
_SHORT = ("Ref", "Condition")  # whose long forms have no Fn:: before them


def load(path: Path) -> Node:
    """The content of a file. Raises ConfigError."""
    node = Node(None, path, loose=True)
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise node.error(f"it can't be read: {error.strerror}") from None
    except ValueError as error:
        raise node.error(f"it is no text in UTF-8: {error}") from None
    try:
        return node.with_value(_json(text, path) if text.lstrip()[:1] == "{" else _yaml(text, path))
    except RecursionError:
        raise node.error("it is nested too deeply, or within itself") from None


def _json(text: str, path: Path) -> Any:
    """What begins with a brace is mostly JSON, and else YAML's flow style."""
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        if path.suffix == ".json":
            raise ConfigError(f"{path}, line {error.lineno}: it is no JSON: {error.msg}") from None
        return _yaml(text, path)
    except ValueError as error:  # a number of more digits than Python reads
        raise ConfigError(f"{path}: it can't be read: {error}") from None


def _object(pairs: list[tuple[str, Any]]) -> Lined:
    return Lined(pairs, {}, _twice([(key, "") for key, _ in pairs]))


def _twice(keys: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """For each of (key, where) that was there before, a sentence.

    That isn't allowed in YAML, but templates have it, and for SAM the last one counts.
    """
    seen: set[str] = set()
    found = []
    for key, where in keys:
        if key in seen:
            found.append(f"{where}the key {key!r:.60} is there twice, and the last one counts")
        seen.add(key)
    return tuple(found)


def repeated(value: Any) -> list[str]:
    """What is to be said of keys that are twice in one mapping."""
    if isinstance(value, list):
        return [words for element in value for words in repeated(element)]
    if not isinstance(value, Lined):
        return []
    return [*value.twice, *(words for child in value.values() for words in repeated(child))]


def _yaml(text: str, path: Path) -> Any:
    try:
        import yaml
    except ImportError:
        raise ConfigError(f"{path}: {NO_YAML}") from None
    loader = None
    try:
        loader = _loader()(text)
        return loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}{line}: it is no YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # a control character; a number that Python doesn't read
        raise ConfigError(f"{path}: it can't be read: {' '.join(str(error).split())}") from None
    finally:
        if loader is not None:
            loader.dispose()


@cache
def _loader() -> Any:
    """PyYAML's SafeLoader, with lines, CloudFormation's tags, and dates as they are written."""
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    # "2010-09-09" is a text in a template
    Loader.yaml_implicit_resolvers = {
        first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
    Loader.add_constructor("tag:yaml.org,2002:seq", _sequence)
    Loader.add_multi_constructor("!", _tagged)
    return Loader


def _mapping(loader: Any, node: Any) -> Lined:
    """Its keys as they are written: 200 and true are texts, as in JSON."""
    if node.id != "mapping":
        raise _wrong("this is no mapping", node)
    for key, _ in node.value:
        if key.id != "scalar":
            raise _wrong("a key is a mapping or a list", key)
    own = [(key.value, f"line {_line(key)}: ") for key, _ in node.value]
    loader.flatten_mapping(node)
    items = [(key.value, loader.construct_object(value, deep=True)) for key, value in node.value]
    return Lined(items, {key.value: _line(key) for key, _ in node.value}, _twice(own))


def _sequence(loader: Any, node: Any) -> list[Any]:
    if node.id != "sequence":
        raise _wrong("this is no list", node)
    return [loader.construct_object(child, deep=True) for child in node.value]


def _tagged(loader: Any, suffix: str, node: Any) -> Lined:
    read = {"mapping": _mapping, "sequence": _sequence}.get(node.id)
    name = suffix if suffix in _SHORT else f"Fn::{suffix}"
    return Lined([(name, read(loader, node) if read else node.value)], {name: _line(node)})


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _wrong(problem: str, node: Any) -> Exception:
    import yaml

    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
