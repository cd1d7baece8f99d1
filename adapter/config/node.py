"""A value in a file of settings and where it stands, so that what is wrong with it can be said."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from . import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    Steps = tuple[str | int, ...]


class Lined(dict[str, Any]):
    """A mapping of a file, the line of each of its keys, and what is to be said of keys twice."""

    def __init__(
        self, items: Iterable[tuple[str, Any]], lines: dict[str, int], twice: tuple[str, ...] = ()
    ) -> None:
        super().__init__(items)
        self.lines = lines
        self.twice = twice


def dotted(steps: Steps) -> str:
    """Resources.Users.Properties.Events, /users.get: as people write paths into YAML."""
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


@dataclass(frozen=True)
class Node:
    """A value, the file that it is of, and the keys and indices that lead to it.

    value  None for what isn't there, and for null
    line   on which it begins, or the nearest known one; 0 if the file's format doesn't tell
    loose  whether "3" is also a number and 3 also a text, as CloudFormation has it
    place  writes `steps` as people do for this kind of file

    Each method that reads raises ConfigError for a value of another type.
    """

    value: Any
    file: Path
    steps: Steps = ()
    line: int = 0
    loose: bool = False
    place: Callable[[Steps], str] = dotted

    def error(self, what: str) -> ConfigError:
        """To raise: the file, the place, and `what` is wrong there."""
        at = f"{self.file}, line {self.line}" if self.line else str(self.file)
        place = self.place(self.steps)
        return ConfigError(f"{at}: {place}: {what}" if place else f"{at}: {what}")

    def with_value(self, value: Any) -> Node:
        """Another value at the same place."""
        return Node(value, self.file, self.steps, self.line, self.loose, self.place)

    def __bool__(self) -> bool:
        return self.value is not None

    def get(self, *keys: str) -> Node:
        """What a mapping has under a key, and under another in that; a null has nothing."""
        node = self
        for key in keys:
            node = node._child(key, node._mapping().get(key))
        return node

    def items(self) -> list[tuple[str, Node]]:
        """The entries of a mapping, without those that are null; none of a null."""
        found = self._mapping().items()
        return [(key, self._child(key, value)) for key, value in found if value is not None]

    def elements(self) -> list[Node]:
        """The elements of a list; none of a null."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            raise self.is_not("a list")
        return [self._child(index, value) for index, value in enumerate(self.value)]

    def text(self, default: str = "") -> str:
        """A text; an empty one is as good as any."""
        if self.value is None:
            return default
        if isinstance(self.value, str):
            return self.value
        if not self.loose or not isinstance(self.value, bool | int | float):
            raise self.is_not("text in quotes")
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)

    def texts(self) -> tuple[str, ...]:
        """A list of texts; where the file is loose, one alone too."""
        if self.loose and isinstance(self.value, str):
            return (self.value,)
        if self.value is not None and not isinstance(self.value, list):
            raise self.is_not("a list of texts")
        return tuple(element.required("text in quotes").text() for element in self.elements())

    def variables(self) -> dict[str, str]:
        """A mapping of texts to texts."""
        return {key: node.text() for key, node in self.items()}

    def flag(self) -> bool:
        """True or false; false for null."""
        if self.loose and self.value in ("true", "True", "false", "False"):
            return bool(self.value in ("true", "True"))
        if self.value is not None and not isinstance(self.value, bool):
            raise self.is_not("true or false")
        return self.value is True

    def number(self, least: float, most: float) -> float:
        """A number within these limits. Not for null."""
        found = _number_in(self.value) if self.loose else self.value
        right = isinstance(found, int | float) and not isinstance(found, bool)
        if not right or not least <= found <= most:
            raise self.is_not(f"a number from {least:g} to {most:g}")
        return float(found)

    def integer(self, least: int, most: int) -> int:
        """A whole number within these limits. Not for null."""
        found = _number_in(self.value) if self.loose else self.value
        if not isinstance(found, int) or isinstance(found, bool) or not least <= found <= most:
            raise self.is_not(f"a whole number from {least} to {most}")
        return found

    def choice(self, choices: Iterable[str]) -> str:
        """One of these texts. Not for null."""
        text, choices = self.text(), tuple(choices)
        if text not in choices:
            raise self.error(f"there is no {text!r:.60}{nearest(text, choices)}")
        return text

    def required(self, what: str) -> Node:
        """Itself, if it is there. Raises ConfigError."""
        if self.value is None:
            raise self.error(f"this is missing: {what}")
        return self

    def is_not(self, wanted: str) -> ConfigError:
        """To raise: the value is not of the type that is wanted."""
        if self.loose and isinstance(self.value, str) and "${" in self.value:
            return self.error(
                f"{wanted} is needed, but {self.value!r:.60} can't be told from the file alone: "
                "give the parameter a Default"
            )
        return self.error(f"{wanted} is needed, not {_shown(self.value)}")

    def only(self, known: Iterable[str]) -> None:
        """Raises ConfigError for a key that is none of these."""
        known = tuple(known)
        for key in self._mapping():
            if key not in known:
                raise self.error(f"there is no key {key!r:.60}{nearest(key, known)}")

    def _mapping(self) -> dict[str, Any]:
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            raise self.is_not("a table" if not self.loose else "a mapping")
        return self.value

    def _child(self, step: str | int, value: Any) -> Node:
        line = self.line
        if isinstance(self.value, Lined) and isinstance(step, str):
            line = self.value.lines.get(step, line)
        return Node(value, self.file, (*self.steps, step), line, self.loose, self.place)


def nearest(name: str, known: Iterable[str]) -> str:
    """': did you mean 'x'? There are …', to end a sentence with."""
    known = tuple(known)
    close = get_close_matches(name, known, 1)
    guess = f": did you mean {close[0]!r}? " if close else ": "
    if not known:
        return ", nor any other"
    return f"{guess}{'There are' if close else 'there are'} {', '.join(known)}"


def _number_in(value: Any) -> Any:
    """The number that a text holds; anything else as it is."""
    if not isinstance(value, str):
        return value
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    names: dict[type, str] = {dict: "a table", list: "a list", Lined: "a mapping"}
    return names.get(type(value), f"{value!r:.60}")
