"""The command `check`."""

from __future__ import annotations

import click

from .cloud import missing


@click.command()
@click.argument("target", metavar="[main:app]", default="")
@click.option(
    "--runtime",
    default="",
    metavar="RUNTIME",
    show_default="python3.13, or as pyproject.toml says",
    help="Lambda's name, as for `adapter package`.",
)
@click.option(
    "--arch",
    type=click.Choice(["x86_64", "arm64"]),
    show_default="x86_64, or as pyproject.toml says",
    help="The function's processor.",
)
@click.option(
    "--stage",
    default="",
    metavar="STAGE",
    show_default="dev",
    help="With the settings that pyproject.toml has for this stage.",
)
@click.option("--json", "as_json", is_flag=True, help="Write a list of JSON, one object a finding.")
def check(target: str, runtime: str, arch: str | None, stage: str, as_json: bool) -> None:
    """Say what is wrong with a function, before it is deployed.

    main:app is the app `app` in main.py; main.handler is a function(event, context). Without it,
    [tool.adapter] of pyproject.toml names the functions. The status is 1 if there is a problem.
    """
    from datetime import date

    from ..config import ConfigError

    try:
        from ..check import Finding, checks, shown
    except ModuleNotFoundError as error:
        raise missing(error, "all") from None

    options = checks.Options(target, runtime, arch or "", stage)
    try:
        with shown.progress(quiet=as_json) as report:
            found = list(checks.run(options, date.today(), report))
    except ConfigError as error:
        found = [Finding("", "problem", "settings", str(error))]
    raise SystemExit(1 if shown.put(found, as_json=as_json) else 0)
