"""The command `export`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from . import cloud

if TYPE_CHECKING:
    from pathlib import Path

    from ..deploy.export import Plan


@click.command()
@click.argument("form", metavar="FORMAT", type=click.Choice(["sam", "terraform", "openapi"]))
@click.argument("target", metavar="[main:app]", default="")
@cloud.stage
@click.option(
    "--output",
    "-o",
    default="-",
    metavar="FILE",
    show_default="the standard output",
    help="Where it is written to; - is the standard output. Paths in it are from its folder.",
)
def export(form: str, target: str, stage: str, output: str) -> None:
    """Write what `adapter deploy` would make, for another tool.

    FORMAT is sam for a template of AWS SAM, terraform for a configuration of Terraform's, or
    openapi for the API alone, as API Gateway imports it. Nothing is asked of AWS.
    """
    from pathlib import Path

    file = None if output == "-" else Path(output)
    with cloud.refusals():
        from ..deploy import export as exported

        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
        written = exported.text(form, _plan(form, target, stage, file))
        if file:
            file.write_text(written, "utf-8")
            click.echo(f"wrote {file}", err=True)
        else:
            click.echo(written, nl=False)


def _plan(form: str, target: str, stage: str, file: Path | None) -> Plan:
    """Packages are built, unless the API alone is asked for."""
    from pathlib import Path

    from ..deploy.deploy import wanted_of
    from ..deploy.deployment import deployment
    from ..deploy.export import Plan
    from ..deploy.wanted import api
    from ..package.shown import progress

    found = deployment(stage, target)
    folder = file.parent if file else Path()
    if form == "openapi":
        return Plan(found, tuple(api.of(found)), folder)
    with progress(quiet=False) as report:
        return Plan(found, tuple(wanted_of(found, report)), folder)
