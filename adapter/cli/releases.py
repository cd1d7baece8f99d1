"""The commands of what stages run: `promote`, `rollback`, `releases`, `prune`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from . import cloud

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from ..deploy.promotion import Promotion
    from ..deploy.prune import Old
    from ..deploy.releases import Move, Release

_PIPE = 200  # columns, where there is no terminal that has some

_function = click.option(
    "--function", default="", metavar="NAME", show_default="all", help="This function alone."
)


@click.command()
@click.argument("source", shell_complete=cloud.stages_of)
@click.argument("target", shell_complete=cloud.stages_of)
@click.option(
    "--canary",
    default="",
    metavar="10%",
    show_default="all",
    help="Send it so much of the requests; the rest stays with what is there.",
)
@_function
@cloud.account
@click.option("--dry-run", is_flag=True, help="Show what would be done, and change nothing.")
@cloud.yes
@cloud.as_json
def promote(
    source: str,
    target: str,
    canary: str,
    function: str,
    profile: str,
    region: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Let the stage TARGET run what the stage SOURCE runs.

    The same versions, so that what was tried is what is released. Where TARGET is set to another
    memory, or other variables, it is the same code in a version of its own.
    """
    with cloud.refusals():
        from pathlib import Path
        from tempfile import TemporaryDirectory

        from ..deploy import promotion
        from ..deploy.remote import function_of
        from ..deploy.stages import pair

        share = promotion.share_of(canary) if canary else 1.0
        found = pair(lambda one: cloud.aws_of(profile, region, one), source, target)
        function = function and function_of(found.target.project.functions, function)
        with TemporaryDirectory() as folder:
            done = promotion.promotion(
                found.aws, found.target, found.source, Path(folder), function, share
            )
            moves = tuple(one.move for one in done.releases)
            if not as_json:
                _put_promotion(done)
            if not dry_run and not done.is_done:
                _ask(done, yes=yes)
                moves = promotion.promote(found.aws, done, _tell(quiet=as_json))
        if as_json:
            changes = [
                {"action": one.action, "kind": one.kind, "name": one.name} for one in done.changes
            ]
            told = [_move(one) for one in moves]
            _put({"from": found.source, "to": found.target.stage, "moves": told, "plan": changes})


def _put_promotion(done: Promotion) -> None:
    """The moves; what else changes, as a plan."""
    from ..deploy.shown import summary, table

    _put_moves(one.move for one in done.releases)
    if not done.keeps:
        console = _console()
        changed = [one for one in done.changes if one.action != "keep"]
        console.print(table(changed), end="")
        console.print(summary(done.changes), markup=False)
    if done.is_done:
        click.echo("nothing to do")
    elif done.keeps and not any(one.is_made for one in done.releases):
        click.echo("aliases move, and nothing else changes")


def _ask(done: Promotion, *, yes: bool) -> None:
    """Before something is deleted."""
    gone = [one.name for one in done.changes if one.action == "delete"]
    if gone and not yes:
        _confirm(f"{', '.join(gone)} will be deleted. Go on?")


@click.command()
@click.argument("stage", shell_complete=cloud.stages_of)
@click.option(
    "--to",
    default="",
    metavar="VERSION",
    show_default="the one before",
    help="The version's number.",
)
@_function
@cloud.account
@cloud.as_json
def rollback(stage: str, to: str, function: str, profile: str, region: str, as_json: bool) -> None:
    """Let the stage STAGE run what it ran before.

    Where a canary is under way, it ends: all requests go to the version that most of them went to.
    """
    with cloud.refusals():
        from ..deploy import releases
        from ..deploy.promotion import move_all
        from ..deploy.remote import functions_of
        from ..deploy.stages import one

        found = one(lambda deployed: cloud.aws_of(profile, region, deployed), stage)
        known = found.target.project.functions
        names = functions_of(known, function)
        if to and len(names) > 1:
            raise click.UsageError(
                "versions of functions have numbers of their own: --to goes with --function"
            )
        moves = releases.back(found.aws, names, found.target.stage, to)
        if not as_json:
            _put_moves(moves)
        move_all(found.aws, moves, _tell(quiet=True))
        if as_json:
            _put([_move(move) for move in moves])


@click.command("releases")
@_function
@cloud.account
@cloud.as_json
def releases(function: str, profile: str, region: str, as_json: bool) -> None:
    """Show what each stage runs, since when, and by whom."""
    with cloud.refusals():
        from ..deploy import releases as deployed
        from ..deploy.deployment import deployment
        from ..deploy.releases import document
        from ..deploy.remote import functions_of

        found = deployment("")
        known = found.project.functions
        names = functions_of(known, function)
        rows = deployed.releases(cloud.aws_of(profile, region, found), names)
        if as_json:
            _put([document(row) for row in rows])
        elif rows:
            _put_releases(rows)
        else:
            click.echo(f"nothing of {', '.join(names)} is deployed: adapter deploy", err=True)


def _put_releases(rows: Iterable[Release]) -> None:
    from rich.table import Table

    from ..deploy.releases import COLUMNS, row

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in COLUMNS:
        table.add_column(name, no_wrap=True)
    for one in rows:
        table.add_row(*row(one))
    _console().print(table, markup=False)


@click.command()
@click.option(
    "--keep",
    type=click.IntRange(0, 10000),
    default=5,
    show_default=True,
    help="How many of those that no alias names stay, the newest ones.",
)
@_function
@cloud.account
@click.option("--dry-run", is_flag=True, help="Show what would go, and delete nothing.")
@cloud.yes
@cloud.as_json
def prune(
    keep: int,
    function: str,
    profile: str,
    region: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete old versions.

    Never one that an alias runs, sends a share to, or would go back to.
    """
    with cloud.refusals():
        from ..deploy import prune as pruning
        from ..deploy.deployment import deployment
        from ..deploy.remote import functions_of

        found = deployment("")
        known = found.project.functions
        names = functions_of(known, function)
        aws = cloud.aws_of(profile, region, found)
        old = pruning.old(aws, names, found.app, keep)
        if as_json:
            _put(_old(old))
        else:
            _put_old(old)
        if dry_run or not (old.versions or old.layers):
            return
        if not yes:
            _confirm("Delete these?")
        pruning.delete(aws, old, _tell(quiet=as_json))


def _old(old: Old) -> dict[str, Any]:
    return {
        "versions": [
            {"function": one.function, "version": one.number, "commit": one.commit, "at": one.at}
            for one in old.versions
        ],
        "layers": [{"layer": one.name, "version": one.number} for one in old.layers],
        "bytes": old.bytes,
    }


def _put_old(old: Old) -> None:
    for version in old.versions:
        commit = f", {version.commit}" if version.commit else ""
        click.echo(f"{version}, of {version.at[:10]}{commit}")
    for layer in old.layers:
        click.echo(str(layer))
    count = len(old.versions) + len(old.layers)
    freed = f"{count} to delete, {old.bytes / 1e6:.1f} MB of code"
    click.echo(freed if count else "nothing to delete")


# What they share


def _tell(*, quiet: bool) -> Any:
    return (lambda text: None) if quiet else (lambda text: click.secho(text, dim=True, err=True))


def _put(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


def _console() -> Console:
    from rich.console import Console

    width = None if sys.stdout.isatty() else _PIPE
    return Console(file=sys.stdout, highlight=False, width=width)


def _put_moves(moves: Iterable[Move]) -> None:
    for move in moves:
        click.echo(f"{move.after}: as it is" if move.is_done else str(move))


def _move(move: Move) -> dict[str, Any]:
    return {
        "function": move.after.function,
        "alias": move.after.name,
        "before": move.before.version if move.before else None,
        "version": move.after.version,
        "weights": dict(move.after.weights),
    }


def _confirm(question: str) -> None:
    """Raises Abort; and Failure where nobody can be asked."""
    if not sys.stdin.isatty():
        raise cloud.Failure(f"{question} There is nobody to ask: say --yes if that is right")
    click.confirm(question, abort=True, err=True)
