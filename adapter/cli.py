"""The command `adapter`. Each subcommand loads what it needs, when it runs."""

from __future__ import annotations

import click

from . import __version__


@click.group()
@click.version_option(__version__, prog_name="adapter")
def cli() -> None:
    """Any Flask or Starlette app on AWS Lambda, and on your own machine."""


@cli.command()
@click.argument("target", metavar="main:app")
@click.option(
    "--kind",
    type=click.Choice(["http_api", "rest_api", "function_url", "alb", "alb_multi"]),
    default="http_api",
    show_default=True,
    help="The front end to stand in for.",
)
@click.option("--stage", default="", help="The stage that URLs begin with (rest_api, http_api).")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option(
    "--workers",
    type=click.IntRange(1, 100),
    default=4,
    show_default=True,
    help="Environments at the most: each serves one request at a time, as on Lambda.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="Requests that an environment serves at once, as on Lambda Managed Instances.",
)
@click.option(
    "--stream",
    is_flag=True,
    help="Send answers on as the app sends them (rest_api, function_url).",
)
def dev(
    target: str,
    kind: str,
    stage: str,
    host: str,
    port: int,
    workers: int,
    concurrency: int,
    stream: bool,
) -> None:
    """Serve an app through a local API Gateway.

    main:app is the app `app` in main.py; main.handler is a function(event, context).
    """
    from .events import STAGED
    from .local.dev import Options, run
    from .local.streaming import KINDS

    stage = stage.strip("/")
    if stage and kind not in STAGED:
        raise click.UsageError(f"--stage: {kind} has no stages; {', '.join(STAGED)} have")
    if stage and not stage.replace("-", "").replace("_", "").isalnum():
        raise click.UsageError(f"--stage: {stage!r} is no stage name: letters, digits, - and _")
    if stream and kind not in KINDS:
        raise click.UsageError(f"--stream: {kind} can't stream; {' and '.join(KINDS)} can")
    raise SystemExit(run(Options(target, kind, stage, host, port, workers, concurrency, stream)))
