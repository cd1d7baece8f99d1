"""The command `deploy`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from . import cloud

if TYPE_CHECKING:
    from rich.console import Console

    from ..deploy import Change
    from ..deploy.aws import AWS
    from ..deploy.deployment import Deployment


@click.command()
@click.argument("target", metavar="[main:app]", default="")
@cloud.stage
@cloud.account
@click.option("--dry-run", is_flag=True, help="Show the plan, and change nothing.")
@cloud.yes
@cloud.as_json
def deploy(
    target: str,
    stage: str,
    profile: str,
    region: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Put an app on AWS, with an API in front of it.

    [tool.adapter] of pyproject.toml says what it is to be. First comes the plan, then what it says
    is done, and at last the URL. What is there already and right is left alone, so a second run
    does nothing.
    """
    with cloud.refusals():
        from rich.console import Console

        from ..deploy.deployment import deployment

        console = Console(stderr=True, highlight=False)
        found = deployment(stage, target)
        _deploy(
            cloud.aws_of(profile, region, found),
            found,
            console,
            dry_run=dry_run,
            yes=yes,
            as_json=as_json,
        )


def _deploy(
    aws: AWS, found: Deployment, console: Console, *, dry_run: bool, yes: bool, as_json: bool
) -> None:
    from ..deploy.apply import apply
    from ..deploy.deploy import notes_of, packages_of
    from ..deploy.plan import plan
    from ..deploy.shown import document
    from ..deploy.urls import url
    from ..deploy.wanted import resources
    from ..package.shown import progress

    with progress(quiet=as_json) as report:
        packages = packages_of(found, report)
    for note in notes_of(packages):
        console.print(f"- {note}", soft_wrap=True, markup=False)
    changes = plan(aws, resources(found, packages), found.app, found.stage)
    told: dict[str, Any] = document(found, changes)
    if not as_json:
        _put_plan(found, changes)
    if not dry_run:
        _ask(changes, yes=yes)
        known = apply(aws, changes, lambda text: console.print(text, style="dim", markup=False))
        told["url"] = url(aws, found, known)
        if not as_json and told["url"]:
            click.echo(told["url"])
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))


def _put_plan(found: Deployment, changes: list[Change]) -> None:
    import sys

    from rich.console import Console

    from ..deploy.shown import summary, table

    console = Console(file=sys.stdout, highlight=False)
    console.print(table(changes), end="", soft_wrap=True)
    console.print(f"{found.app}, stage {found.stage}: {summary(changes)}", markup=False)


def _ask(changes: list[Change], *, yes: bool) -> None:
    """Before something is deleted."""
    import sys

    gone = [change for change in changes if change.action == "delete"]
    if not gone or yes:
        return
    if not sys.stdin.isatty():
        raise cloud.Failure(
            f"{len(gone)} of the resources would be deleted: say --yes if that is right"
        )
    click.confirm(f"Delete {len(gone)} of the resources, and go on?", abort=True, err=True)
