"""YAML as people write it: keys in their order, texts of several lines as blocks, short tags."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from .. import DeployError

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
_TAGS = {"Ref": "!Ref", "Fn::Sub": "!Sub", "Fn::GetAtt": "!GetAtt"}

# Texts to PyYAML, and something else to readers of YAML 1.2 or of all of YAML 1.1: 1e3, 089, y.
# https://yaml.org/spec/1.2.2/#103-core-schema
_NUMBER = re.compile(r"[-+]?[0-9.][0-9a-fox_.+-]*|[yn]|[-+]?\.?(nan|inf|infinity)", re.IGNORECASE)


def text(value: Any) -> str:
    """Of dicts, lists, texts and numbers; {"Ref": "users"} becomes `!Ref users`.

    Raises DeployError without PyYAML.
    """
    try:
        import yaml
    except ModuleNotFoundError:
        raise DeployError(
            "YAML is written by PyYAML, which isn't there: pip install 'apigw-adapter[deploy]'"
        ) from None
    written: str = yaml.dump(
        value, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=100
    )
    return written


@cache
def _dumper() -> Any:
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True  # the same value twice is written twice

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            super().increase_indent(flow, indentless=False)

        def choose_scalar_style(self) -> str:
            """Logical ids and attributes need no quotes, which PyYAML has around what is tagged."""
            plain = getattr(self.event, "tag", "") in ("!Ref", "!GetAtt")
            return "" if plain else str(super().choose_scalar_style())

    Dumper.add_representer(dict, _mapping)
    Dumper.add_representer(str, _plain)
    return Dumper


def _plain(dumper: Any, value: str) -> Any:
    style = "'" if _NUMBER.fullmatch(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style)


def _mapping(dumper: Any, value: dict[str, Any]) -> Any:
    """The mapping, or the short form of a function's call."""
    name, argument = next(iter(value.items()), ("", ""))
    if len(value) != 1 or name not in _TAGS:
        return dumper.represent_dict(value.items())
    if isinstance(argument, str):
        return dumper.represent_scalar(_TAGS[name], argument)
    if name == "Fn::GetAtt":
        return dumper.represent_scalar(_TAGS[name], ".".join(argument))
    return dumper.represent_sequence(_TAGS[name], argument)
