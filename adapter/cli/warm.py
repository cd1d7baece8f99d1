"""The command `warm`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from . import cloud

if TYPE_CHECKING:
    from ..deploy.aws import AWS
    from ..deploy.deployment import Deployment


@click.command()
@cloud.stage
@click.option("--function", metavar="NAME", default="", help="Only this one.")
@click.option(
    "-n",
    "--times",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="Environments that are to be warm.",
)
@click.option(
    "--every",
    metavar="1m, 5m, … or off",
    default="",
    help="Not now, but again and again: a rule of EventBridge. off takes it away.",
)
@cloud.account
def warm(stage: str, function: str, times: int, every: str, profile: str, region: str) -> None:
    """Start environments of deployed functions before somebody waits for them.

    A function that a Handler serves is called without its app. Lambda ends what is idle for some
    minutes, so that this is good for the start of something; --every keeps them, for the price of
    the calls.
    """
    with cloud.refusals():
        from ..deploy.deployment import deployment
        from ..deploy.remote import functions_of

        found = deployment(stage)
        aws = cloud.aws_of(profile, region, found)
        failed = False
        for name in functions_of(found.project.functions, function):
            if every:
                click.echo(f"{name}:{found.stage}  {_kept(aws, found, name, every, times)}")
            else:
                failed = _warmed(aws, found, name, times) or failed
        if failed:
            raise click.exceptions.Exit(1)


def _kept(aws: AWS, found: Deployment, name: str, every: str, times: int) -> str:
    from ..deploy import warm

    if every == "off":
        return "no longer kept warm" if warm.off(aws, found, name) else "was not kept warm"
    return f"{warm.every(aws, found, name, every, times)}, {times} at once"


def _warmed(aws: AWS, found: Deployment, name: str, times: int) -> bool:
    """Whether a call came to nothing."""
    from ..deploy import warm

    answers = warm.now(aws, name, found.stage, times)
    click.echo(f"{name}:{found.stage}  {warm.summary(answers)}")
    return any(one.wrong for one in answers)
