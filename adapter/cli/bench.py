"""The command `bench`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from . import cloud

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..bench import Report, Series
    from ..bench.jobs import Options
    from ..deploy.deployment import Deployment

_INTERRUPTED = 130  # of SIGTERM too, as of Ctrl-C
_FILE = click.Path(dir_okay=False, writable=True)


@click.command()
@click.argument("targets", nargs=-1, metavar="[main:app]...")
@click.option(
    "-n",
    "--times",
    type=click.IntRange(1, 1000),
    default=20,
    show_default=True,
    help="Cold starts, and as many warm ones.",
)
@click.option("--path", default="/", show_default=True, help="What is asked for, by GET.")
@click.option(
    "--kind",
    type=click.Choice(["http_api", "rest_api", "function_url", "alb", "alb_multi"]),
    show_default="http_api, or as pyproject.toml says",
    help="The front end whose event it is.",
)
@click.option(
    "--event", "file", metavar="FILE", help="Send the event in this file instead; - is the input."
)
@click.option(
    "--memory",
    type=click.IntRange(128, 10240),
    multiple=True,
    metavar="MB",
    show_default="the function's",
    help="Repeatable with --remote, where $LATEST has so much for the time; here it only sets the "
    "price.",
)
@click.option(
    "--arch",
    type=click.Choice(["x86_64", "arm64"]),
    show_default="x86_64, or as pyproject.toml says",
    help="Whose price counts, where Lambda doesn't tell.",
)
@click.option("--remote", is_flag=True, help="Call deployed functions: arguments are their names.")
@click.option(
    "--stage",
    default="",
    show_default="dev",
    metavar="ALIAS",
    help="With --remote: which alias is called; or '$LATEST'.",
)
@cloud.account
@click.option("--yes", is_flag=True, help="Don't ask before $LATEST is changed for --memory.")
@click.option(
    "--prices",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    show_default="those of us-east-1",
    help="A price table of your own.",
)
@click.option("--csv", "to_csv", type=_FILE, metavar="FILE", help="Write each run as a line.")
@click.option("--svg", "to_svg", type=_FILE, metavar="FILE", help="Draw all runs.")
@click.option("--json", "as_json", is_flag=True, help="Write a list of JSON instead of the table.")
def bench(
    targets: tuple[str, ...],
    times: int,
    path: str,
    kind: str | None,
    file: str | None,
    memory: tuple[int, ...],
    arch: str | None,
    remote: bool,
    stage: str,
    region: str,
    profile: str,
    yes: bool,
    prices: str | None,
    to_csv: str | None,
    to_svg: str | None,
    as_json: bool,
) -> None:
    """Measure cold and warm starts of functions, here or on Lambda.

    main:app is the app `app` in main.py; main.handler is a function(event, context). Without any,
    [tool.adapter] of pyproject.toml names the functions.
    """
    from asyncio import CancelledError
    from pathlib import Path

    from ..errors import AdapterError

    try:
        from ..bench import figures, shown
        from ..bench import prices as table
        from ..bench.jobs import Options
        from ..local.inputs import read_json
    except ModuleNotFoundError as error:
        raise cloud.missing(error, "all") from None
    if not remote and (stage or region or profile):
        raise click.UsageError("--stage, --region and --profile are for deployed ones: --remote")

    for written in filter(None, (to_csv, to_svg)):
        if not Path(written).parent.is_dir():
            raise click.UsageError(f"{written}: there is no such folder")
    event = read_json(file) if file else None
    options = Options(targets, times, path, kind or "", event, memory, arch or "", stage or "dev")
    try:
        told = table.read(Path(prices)) if prices else table.read()
        measure = _remote(options, profile, region, yes=yes) if remote else _local(options)
        with shown.progress(quiet=as_json) as tell:
            series = measure(tell)
        rows = figures.rows(series, told)
        if to_csv:
            shown.write_csv(Path(to_csv), series)
        if to_svg:
            shown.write_svg(Path(to_svg), rows)
        shown.put(rows, told.currency, as_json=as_json)
    except BrokenPipeError:
        raise  # of `| head`, which click ends quietly
    except (AdapterError, OSError) as error:
        raise click.ClickException(str(error)) from None
    except CancelledError:
        raise SystemExit(_INTERRUPTED) from None


def _local(options: Options) -> Callable[[Report], list[Series]]:
    from ..bench import jobs, local

    found = jobs.local_jobs(options)
    return lambda tell: [local.measure(job, tell) for job in found]


def _remote(
    options: Options, profile: str, region: str, *, yes: bool
) -> Callable[[Report], list[Series]]:
    from ..bench import jobs, remote

    found = jobs.remote_jobs(options)
    if options.memory and not yes:
        names = ", ".join(job.function for job in found)
        click.confirm(
            f"The memory and the description of $LATEST of {names} will be changed for a while; no "
            "version and no alias is. Go on?",
            abort=True,
        )

    def measure(tell: Report) -> list[Series]:
        with remote.one_sentence():
            aws = cloud.aws_of(profile, region, _deployment(options.stage))
            client = aws.client("lambda")
            return [
                remote.measure_with(client, job, memory, tell)
                if memory
                else remote.measure(client, job, tell)
                for job in found
                for memory in options.memory or (0,)
            ]

    return measure


def _deployment(stage: str) -> Deployment | None:
    """For its account and region; None without settings."""
    from ..config.pyproject import document
    from ..deploy.deployment import deployment
    from ..package.jobs import PYPROJECT

    if not document(PYPROJECT).get("tool", "adapter"):
        return None
    return deployment("" if stage.startswith("$") or stage.isdecimal() else stage)
