"""What `adapter check` writes: findings by function, as lines or as JSON."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..package import Report
    from . import Finding

_STYLES = {"ok": "green", "remark": "yellow", "problem": "bold red"}
_INDENT = " " * 10


@contextmanager
def progress(*, quiet: bool) -> Iterator[Report]:
    """What is being done, on a terminal; nothing elsewhere."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda what, done, total: None
        return
    with console.status("looking at the project") as status:

        def tell(what: str, done: int, total: int) -> None:
            status.update(escape(f"{what} {done}/{total}" if total else what))

        yield tell


def put(findings: Iterable[Finding], *, as_json: bool) -> bool:
    """Whether there is a problem among them."""
    told = list(findings)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in told], ensure_ascii=False))
    else:
        _put(told)
    return any(one.level == "problem" for one in told)


def _put(told: list[Finding]) -> None:
    console = Console(file=sys.stdout, highlight=False)
    function = ""
    for one in told:
        if one.function != function:
            function = one.function
            console.print(f"[bold]{escape(function)}", soft_wrap=True)
        _put_one(console, one)
    console.print(escape(_sum(told)), soft_wrap=True)


def _put_one(console: Console, one: Finding) -> None:
    level = f"[{_STYLES[one.level]}]{one.level:<7}[/]"
    text = f"{one.what}: {one.text}".replace("\n", f"\n{_INDENT}")
    console.print(f"  {level} {escape(text)}", soft_wrap=True)
    if one.remedy:
        console.print(f"{_INDENT}{escape(one.remedy)}", soft_wrap=True)
    if one.rows:
        console.print(Padding(_table(one.rows), (0, 0, 0, len(_INDENT) + 2), expand=False))


def _table(rows: tuple[tuple[str, ...], ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", style="dim")
    for name, example in zip(rows[0], rows[-1], strict=True):
        number = example[:1].isdigit()
        table.add_column(escape(name), justify="right" if number else "left")
    for row in rows[1:]:
        table.add_row(*map(escape, row))
    return table


def _sum(told: list[Finding]) -> str:
    counts = {level: sum(one.level == level for one in told) for level in ("problem", "remark")}
    said = [
        f"{count} {level}{'' if count == 1 else 's'}" for level, count in counts.items() if count
    ]
    return ", ".join(said) or "nothing is wrong"
