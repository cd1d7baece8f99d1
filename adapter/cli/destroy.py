"""The command `destroy`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from . import cloud

if TYPE_CHECKING:
    from ..deploy.destroy import Doomed


@click.command()
@cloud.stage
@click.option("--all", "all_stages", is_flag=True, help="All stages, in place of one.")
@click.option("--logs", is_flag=True, help="The functions' logs too, when no stage is left.")
@cloud.account
@click.option("--dry-run", is_flag=True, help="Show what would go, and delete nothing.")
@cloud.yes
@cloud.as_json
def destroy(
    stage: str,
    all_stages: bool,
    logs: bool,
    profile: str,
    region: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete a stage, and with the last one the app.

    What stages share, which is functions with their versions, layers and roles, goes when none is
    left. First comes a list, and you are asked for the app's name.
    """
    with cloud.refusals():
        from ..deploy.destroy import check_known, doomed, stages_of
        from ..deploy.destroy import destroy as delete

        deployed = stages_of(
            lambda one: cloud.aws_of(profile, region, one), stage, all_stages=all_stages
        )
        gone = doomed(deployed.aws, deployed.stages, logs=logs, everything=all_stages)
        if not gone:
            check_known(deployed)
        _put(gone, as_json=as_json)
        if dry_run or not gone:
            return
        app = deployed.stages[0].app
        if not yes:
            _ask(app)
        delete(deployed.aws, gone, app, lambda text: click.secho(text, dim=True, err=True))


def _put(gone: Doomed, *, as_json: bool) -> None:
    listed = [(one.kind, one.name) for one in gone.found]
    functions = [("function", f"{name}, all versions") for name in gone.functions]
    if as_json:
        delete = [{"kind": kind, "name": name} for kind, name in (*listed, *functions)]
        left = {"keep": list(gone.kept), "stages": list(gone.remaining)}
        click.echo(json.dumps({"delete": delete, **left}, ensure_ascii=False))
        return
    for kind, name in (*functions, *listed):
        click.secho(f"- {kind.replace('_', ' ')} {name}", fg="red")
    for name in gone.kept:
        click.echo(f"= log group {name} (--logs deletes it)")
    if gone.remaining:
        click.echo(f"functions, layers, roles and logs stay, for {', '.join(gone.remaining)}")
    if not gone:
        click.echo("nothing to delete" + (" (--all is for all stages)" if gone.remaining else ""))


def _ask(app: str) -> None:
    """Raises Abort and Failure."""
    if not sys.stdin.isatty():
        raise cloud.Failure("nobody can be asked here: say --yes to delete all of this")
    question = f"The app's name ({app}), to delete all of this"
    if click.prompt(question, default="", show_default=False, err=True) != app:
        raise cloud.Failure("that is not the app's name: nothing was deleted")
