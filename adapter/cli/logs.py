"""The command `logs`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from . import cloud

if TYPE_CHECKING:
    from ..deploy.log_lines import Line
    from ..deploy.logs import Logs, Query

_COLOURS = {
    "ERROR": "red", "FATAL": "red", "CRITICAL": "red", "WARN": "yellow", "WARNING": "yellow",
}  # fmt: skip


@click.command()
@cloud.stage
@click.option(
    "--function", default="", metavar="NAME", show_default="all", help="This function alone."
)
@click.option("--follow", "-f", is_flag=True, help="Go on with what is written from now on.")
@click.option(
    "--since",
    default="",
    metavar="TIME",
    show_default="10m; with --request 1d",
    help="So long ago (30s, 10m, 2h, 3d), or a time in UTC (2026-11-21T09:00).",
)
@click.option("--until", default="", metavar="TIME", help="The same, as the end.")
@click.option(
    "--request", default="", metavar="ID", help="All that was written during this request."
)
@click.option(
    "--status",
    default="",
    metavar="5xx",
    help="All that was written during requests that were answered so; or 404.",
)
@click.option("--grep", default="", metavar="TEXT", help="Lines with this text in them.")
@cloud.account
@cloud.as_json
def logs(
    stage: str,
    function: str,
    follow: bool,
    since: str,
    until: str,
    request: str,
    status: str,
    grep: str,
    profile: str,
    region: str,
    as_json: bool,
) -> None:
    """Show what functions have logged.

    Of a stage: what the versions wrote that it runs.
    """
    if follow and until:
        raise click.UsageError("--follow has no end: leave --until out")
    if request and status:
        raise click.UsageError("one request has one status: --request or --status, not both")
    with cloud.refusals():
        from ..deploy.logs import Logs, Query, moment
        from ..deploy.remote import functions_of
        from ..deploy.stages import one

        found = one(lambda deployed: cloud.aws_of(profile, region, deployed), stage)
        known = tuple(found.target.project.functions)
        since = since or ("1d" if request else "10m")
        query = Query(
            tuple(functions_of(known, function)),
            found.target.stage,
            moment(since),
            moment(until) if until else 0,
            request,
            status,
            grep,
        )
        seen, line = Logs(found.aws, query), None
        try:
            for line in seen.follow() if follow else seen.lines():
                _put(line, as_json=as_json)
        except KeyboardInterrupt:
            raise click.exceptions.Exit(130) from None
        if line is None:
            click.echo(f"no such lines; --since looks further back than {since}", err=True)
        _note(query, seen)


def _put(line: Line, *, as_json: bool) -> None:
    from ..deploy.log_lines import harmless, told

    says = told(line.message)
    at = datetime.fromtimestamp(line.at / 1000, UTC)
    time = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{line.at % 1000:03}Z"
    if as_json:
        fields = {
            "time": time,
            "function": line.function,
            "version": line.version,
            "request": says.request,
            "level": says.level,
            "message": line.message,
            "stream": line.stream,
        }
        click.echo(json.dumps(fields, ensure_ascii=False))
        return
    where = f"{line.function}[{line.version}]" if line.version else line.function
    colour = _COLOURS.get(says.level)
    message = click.style(harmless(line.message), fg=colour, dim=bool(says.around) or None)
    click.echo(f"{click.style(time, dim=True)} {click.style(where, fg='cyan')} {message}")


def _note(query: Query, seen: Logs) -> None:
    """Why there may be nothing of a status."""
    if query.status and seen.requests and seen.requests.ended and not seen.requests.answered:
        click.echo(
            "these logs don't say what requests were answered: set ADAPTER_ACCESS_LOG to 1 among "
            "the function's variables, and deploy",
            err=True,
        )
