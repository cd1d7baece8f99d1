"""`adapter check`: what is wrong with a function, before it is deployed.

A check is a function of a Subject that yields Findings; `checks.CHECKS` has them in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date

    from ..config import API, Function
    from ..package import Report
    from ..package.jobs import Options

Level = Literal["ok", "remark", "problem"]


@dataclass(frozen=True)
class Finding:
    """What one check says of one function.

    function  its name; "" for the project
    what      the check: "handler", "package", "runtime"
    text      a sentence, or several lines
    remedy    what to do; "" for nothing
    rows      of a table, the first of which is its head
    """

    function: str
    level: Level
    what: str
    text: str
    remedy: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Subject:
    """A function that is to be deployed.

    label      what people call it
    api        in front of it; None if nothing is known of one
    packaging  how `adapter package` would be told to do it
    today      the day that counts for ends of life
    """

    label: str
    function: Function
    api: API | None
    packaging: Options
    today: date

    def ok(self, what: str, text: str, rows: tuple[tuple[str, ...], ...] = ()) -> Finding:
        return Finding(self.label, "ok", what, text, rows=rows)

    def remark(self, what: str, text: str, remedy: str = "") -> Finding:
        return Finding(self.label, "remark", what, text, remedy)

    def problem(self, what: str, text: str, remedy: str = "") -> Finding:
        return Finding(self.label, "problem", what, text, remedy)

    @property
    def ours(self) -> bool:
        """Whether it is Python that our runtime loads, and not a program of its own."""
        known = self.function.runtime.startswith(("python", "provided.al2023"))
        return known and bool(self.function.handler) and not self.function.command


Check = Callable[[Subject, "Report"], Iterable[Finding]]
"""The second argument is told what takes long."""
