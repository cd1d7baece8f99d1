"""The rows of differences.toml, and which of them covers a difference."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).parent / "differences.toml"


@dataclass(frozen=True)
class Row:
    peers: tuple[str, ...]
    events: tuple[str, ...]
    fields: tuple[str, ...]
    what: str
    why: str
    source: str
    theirs: str | None = None
    ours: str | None = None
    example: str | None = None

    def covers(self, difference):
        return (
            difference.peer in self.peers
            and difference.field in self.fields
            and self.theirs in (None, difference.theirs)
            and self.ours in (None, difference.ours)
            and any(like(pattern, difference.case) for pattern in self.events)
        )

    def __str__(self):
        return f"{'/'.join(self.peers)}: {self.what}"


@cache
def like(pattern, text):
    """Whether `text` is the pattern, in which `*` stands for anything."""
    parts = [re.escape(part) for part in pattern.split("*")]
    return re.fullmatch(".*".join(parts), text) is not None


@cache
def table():
    return tomllib.loads(TABLE.read_text("utf-8"))


def sources():
    return table()["sources"]


@cache
def rows():
    return [row_of(**row) for row in table()["difference"]]


def row_of(peer, events, field, **rest):
    fields = (field,) if isinstance(field, str) else tuple(field)
    return Row(tuple(peer), tuple(events), fields, **rest)
