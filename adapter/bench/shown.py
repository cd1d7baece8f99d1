"""What `adapter bench` writes: progress while it works, then a table, and files."""

from __future__ import annotations

import csv
import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from . import figures, plot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from . import Report, Series
    from .figures import Row

_WIDE = 200  # columns: a narrow terminal breaks lines, which leaves the figures whole
_HEAD = ("function", "kind", "MB", "runtime", "N", "average", "std dev")
_TEXTS = {"function", "kind", "runtime"}
_RAW = (
    *("function", "kind", "memory_mb", "runtime", "architecture", "number"),
    *("init_ms", "duration_ms", "billed_ms", "max_memory_used_mb"),
)


@contextmanager
def progress(*, quiet: bool) -> Iterator[Report]:
    """A bar on a terminal; nothing elsewhere."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda what, done, total: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def tell(what: str, done: int, total: int) -> None:
            bar.update(task, description=escape(what), completed=done, total=total)

        yield tell


def put(rows: Sequence[Row], currency: str, *, as_json: bool) -> None:
    if as_json:
        told = [figures.shown(row, currency) for row in rows]
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    console = Console(file=sys.stdout, highlight=False, width=_WIDE)
    console.print(_table(rows, currency))


def _table(rows: Iterable[Row], currency: str) -> Table:
    table = Table(box=None, pad_edge=False)
    percentiles = tuple(f"p{number}" for number in figures.PERCENTILES)
    for name in (*_HEAD, *percentiles, "GB-s/M", f"{currency}/M"):
        table.add_column(name, justify="left" if name in _TEXTS else "right")
    for row in rows:
        table.add_row(*map(escape, _cells(row)), style="dim" if row.kind == "init" else None)
    return table


def _cells(row: Row) -> tuple[str, ...]:
    """Times in ms; GB-seconds of a million requests."""
    return (
        *(row.function, row.kind, str(row.memory), row.runtime, str(len(row.values))),
        *(_ms(row.average), _ms(row.deviation)),
        *(_ms(row.percentile(number)) for number in figures.PERCENTILES),
        "-" if row.gb_seconds is None else f"{row.gb_seconds:,.0f}",
        "-" if row.price is None else f"{row.price:,.2f}",
    )


def _ms(value: float | None) -> str:
    """With four figures, or more where they are left of the point."""
    if value is None:
        return "-"
    return f"{value:.2f}" if value < 100 else f"{value:.1f}"


def write_csv(path: Path, series: Iterable[Series]) -> None:
    """A line for each invocation. Raises OSError."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_RAW)
        for one in series:
            writer.writerows(_lines(one))


def _lines(one: Series) -> Iterator[tuple[object, ...]]:
    for kind, runs in (("cold", one.cold), ("warm", one.warm)):
        for number, run in enumerate(runs, 1):
            init = "" if run.init is None else round(run.init, 3)
            yield (
                *(one.function, kind, one.memory, one.runtime, one.architecture, number),
                *(init, round(run.duration, 3), round(run.billed, 3), run.used),
            )


def write_svg(path: Path, rows: Sequence[Row]) -> None:
    """Raises OSError."""
    path.write_text(plot.svg(rows), "utf-8")
