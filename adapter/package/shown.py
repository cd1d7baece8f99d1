"""What `adapter package` writes: progress while it works, then a table and what is to be set."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from . import Part, container, nothing, state
from .build import build
from .limits import UNZIPPED, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from . import Package, Report
    from .build import Job

_ROWS = 15


class Failure(click.ClickException):
    """What stands in the way of a package, on several lines if need be."""

    exit_code = 1


def put(job: Job, *, container: bool, as_json: bool) -> None:
    """Build what the job says, and tell. Raises PackageError and ConfigError."""
    if container:
        _put_container(job, as_json=as_json)
        return
    with progress(quiet=as_json) as report:
        package = build(job, report)
    if as_json:
        click.echo(json.dumps(state.shown(package), ensure_ascii=False))
    else:
        _put_package(package)


def _put_container(job: Job, *, as_json: bool) -> None:
    folder = container.write(job)
    if as_json:
        click.echo(json.dumps({"name": job.name, "folder": str(folder)}))
        return
    command = (folder / "Dockerfile").read_text("utf-8").partition("\n")[0].removeprefix("# ")
    click.echo(f"wrote {folder}; to make the image:\n  {command}")


@contextmanager
def progress(*, quiet: bool) -> Iterator[Report]:
    """A bar on a terminal; nothing elsewhere."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield nothing
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("looking at the project", total=None)

        def report(what: str, done: int, total: int) -> None:
            progress.update(task, description=what, completed=done, total=total or None)

        yield report


def _put_package(package: Package) -> None:
    console = Console(file=sys.stdout, highlight=False)
    for archive in package.archives:
        word = "wrote" if archive.built else "nothing to do for"
        console.print(f"{word} {archive.path}", soft_wrap=True, markup=False)
    console.print(_table(package))
    for note in package.notes:
        console.print(f"- {note}", soft_wrap=True, markup=False)
    console.print("The function's settings:", markup=False)
    for name, value in _settings(package):
        console.print(f"  {name:<12} {value}", soft_wrap=True, markup=False)


def _settings(package: Package) -> list[tuple[str, str]]:
    variables = [("environment", f"{name}={value}") for name, value in package.variables.items()]
    return [
        ("handler", package.handler),
        ("runtime", package.runtime),
        ("architecture", package.architecture),
        *variables,
    ]


def _table(package: Package) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for name in ("files", "unzipped", "zipped"):
        table.add_column(name, justify="right")
    parts = _parts(package)
    for part in (*parts[:_ROWS], *_rest(parts[_ROWS:])):
        table.add_row(part.owner, str(part.files), shown(part.unzipped), shown(part.zipped))
    zipped = sum(archive.zipped for archive in package.archives)
    files = sum(part.files for part in parts)
    table.add_row("all", str(files), shown(package.unzipped), shown(zipped), style="bold")
    share = f"{package.unzipped * 100 // UNZIPPED}% of {shown(UNZIPPED)}"
    table.add_row("", "", share, "", style="dim")
    return table


def _parts(package: Package) -> list[Part]:
    """Of function and layer in one, the largest first."""
    sums: defaultdict[str, list[Part]] = defaultdict(list)
    for archive in package.archives:
        for part in archive.parts:
            sums[part.owner].append(part)
    parts = [_sum(owner, of) for owner, of in sums.items()]
    return sorted(parts, key=lambda part: (-part.unzipped, part.owner))


def _rest(parts: list[Part]) -> list[Part]:
    return [_sum(f"{len(parts)} others", parts)] if len(parts) > 1 else parts


def _sum(owner: str, parts: list[Part]) -> Part:
    return Part(
        owner,
        sum(part.files for part in parts),
        sum(part.unzipped for part in parts),
        sum(part.zipped for part in parts),
    )
