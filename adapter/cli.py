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
@click.option(
    "--dead-letters",
    metavar="FILE",
    default=".adapter/dead-letters.jsonl",
    show_default=True,
    help="Where asynchronous events are kept that failed three times.",
)
@click.option("--no-reload", is_flag=True, help="Don't start environments anew after a save.")
@click.option("--quiet", is_flag=True, help="Show the app's own output and errors alone.")
def dev(
    target: str,
    kind: str,
    stage: str,
    host: str,
    port: int,
    workers: int,
    concurrency: int,
    stream: bool,
    dead_letters: str,
    no_reload: bool,
    quiet: bool,
) -> None:
    """Serve an app through a local API Gateway.

    main:app is the app `app` in main.py; main.handler is a function(event, context).
    """
    from pathlib import Path

    from .local.dev import Options, run
    from .local.streaming import KINDS

    stage = _stage(kind, stage)
    if stream and kind not in KINDS:
        raise click.UsageError(f"--stream: {kind} can't stream; {' and '.join(KINDS)} can")
    options = Options(
        target,
        kind,
        stage,
        host,
        port,
        workers,
        concurrency,
        stream,
        Path(dead_letters),
        reload=not no_reload,
        quiet=quiet,
    )
    raise SystemExit(run(options))


@cli.command()
@click.argument("kind")
@click.argument("method")
@click.argument("path")
@click.option(
    "-H",
    "--header",
    "headers",
    multiple=True,
    metavar="'Name: value'",
    help="A header, in place of a default one of that name; `Name:` leaves that out. Repeatable.",
)
@click.option(
    "-d",
    "--data",
    "data",
    multiple=True,
    metavar="DATA",
    help="The body: text, @FILE or @- for standard input. Repeated ones are joined with &.",
)
@click.option("--json", "json_data", metavar="DATA", help="A body of JSON: text, @FILE or @-.")
@click.option("--stage", default="", help="The stage that the URL begins with, if it has stages.")
@click.option("--host", default="api.example.com", show_default=True, help="The URL's host.")
@click.option("--client-ip", default="203.0.113.7", show_default=True, help="Who asks.")
def event(
    kind: str,
    method: str,
    path: str,
    headers: tuple[str, ...],
    data: tuple[str, ...],
    json_data: str | None,
    stage: str,
    host: str,
    client_ip: str,
) -> None:
    """Print the event that a front end makes of a request.

    KIND is a front end, http_api for example. PATH may have a query, or be a URL.
    """
    from .events import KINDS
    from .events._gateway import forwarded
    from .local.inputs import data_of, pretty, put
    from .requests import request_of_words

    if kind not in KINDS:
        raise click.UsageError(f"there is no front end {kind!r}; there are {', '.join(KINDS)}")
    if data and json_data is not None:
        raise click.UsageError("a request has one body: -d or --json, not both")
    words = data if json_data is None else (json_data,)
    try:
        request = request_of_words(
            method,
            path,
            headers,
            b"&".join([data_of(word) for word in words]) if words else None,
            is_json=json_data is not None,
            agent=f"adapter/{__version__}",
            host=host,
            client=client_ip,
            stage=_stage(kind, stage),
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    put(pretty(KINDS[kind].encode_request(forwarded(request))))


def _stage(kind: str, stage: str) -> str:
    """A stage, without slashes. Raises UsageError."""
    from .events import STAGED

    stage = stage.strip("/")
    if stage and kind not in STAGED:
        raise click.UsageError(f"--stage: {kind} has no stages; {', '.join(STAGED)} have")
    if stage and not stage.replace("-", "").replace("_", "").isalnum():
        raise click.UsageError(f"--stage: {stage!r} is no stage name: letters, digits, - and _")
    return stage


def _finite(context: click.Context, parameter: click.Parameter, value: float) -> float:
    if value != value:  # click lets NaN through
        raise click.BadParameter("nan is no number of seconds")
    return value


_timeout = click.option(
    "--timeout",
    type=click.FloatRange(0, 900, min_open=True),
    default=30.0,
    show_default=True,
    callback=_finite,
    help="Seconds for the start, and for the answer.",
)


@cli.command()
@click.argument("target", metavar="main:app")
@click.argument("file", metavar="EVENT.json|-")
@_timeout
@click.option("--stream", is_flag=True, help="Let the app stream (rest_api, function_url).")
@click.option("--raw", is_flag=True, help="Print the answer's bytes as they are.")
@click.option("--capture", metavar="FILE", help="Keep event and result, for `adapter replay`.")
def invoke(
    target: str, file: str, timeout: float, stream: bool, raw: bool, capture: str | None
) -> None:
    """Send one event to a function, and print the result.

    main:app is the app `app` in main.py; main.handler is a function(event, context).
    """
    from .local import once
    from .local.inputs import read_json

    job = once.Job(target, read_json(file), timeout, stream)
    raise SystemExit(once.invoke(job, raw=raw, file=capture))


@cli.command()
@click.argument("file", metavar="CAPTURE.json|-")
@click.argument("target", metavar="[main:app]", default="")
@_timeout
@click.option("--strict", is_flag=True, help="Compare everything: dates, ids, the order of keys.")
@click.option(
    "--ignore", multiple=True, metavar="HEADER", help="A header not to compare. Repeatable."
)
def replay(file: str, target: str, timeout: float, strict: bool, ignore: tuple[str, ...]) -> None:
    """Send a captured event again, and show what is different in the answer.

    The function is the one that the file names, unless you name another.
    """
    from .local import capture, once
    from .local.difference import Rules

    captured = capture.read(file)
    if not (target or captured.target):
        raise click.UsageError(f"{file} names no function: write one behind it")
    rules = Rules(strict, frozenset(name.lower() for name in ignore))
    raise SystemExit(once.replay(captured, target or captured.target, timeout, rules))
