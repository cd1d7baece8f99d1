"""The price table: a TOML file that the user may replace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import schema
from ..config.pyproject import document
from ..config.schema import MOST, Key

if TYPE_CHECKING:
    from ..config.node import Node

SHIPPED = Path(__file__).with_name("prices.toml")
ARCHITECTURES = ("x86_64", "arm64")


@dataclass(frozen=True)
class Price:
    """Of a GB-second, and of a million requests."""

    gb_second: float
    million_requests: float


@dataclass(frozen=True)
class Prices:
    """By architecture."""

    currency: str
    by: Mapping[str, Price]

    def of(self, architecture: str, gb_seconds: float, requests: int) -> float:
        price = self.by[architecture]
        return gb_seconds * price.gb_second + requests / 1_000_000 * price.million_requests


def _number(node: Node) -> float:
    return node.number(0, MOST)


_KEYS = {
    "gb-second": Key("number from 0", _number, "Of a GB-second", needed=True),
    "million-requests": Key("number from 0", _number, "Of a million requests", needed=True),
}


def read(path: Path = SHIPPED) -> Prices:
    """Raises ConfigError, for a missing file too."""
    node = document(path)
    if node.value is None:
        raise node.error("there is no such file")
    node.only(("currency", *ARCHITECTURES))
    by = {
        name: Price(**schema.fields(node.get(name).required("a table"), _KEYS))
        for name in ARCHITECTURES
    }
    return Prices(node.get("currency").text("USD"), by)
