"""The commands of the laptop: `dev`, `event`, `invoke`, `replay`."""

from __future__ import annotations

from typing import Any

import click

from .. import __version__


def _finite(context: click.Context, parameter: click.Parameter, value: float) -> float:
    if value != value:  # click lets NaN through
        raise click.BadParameter("nan is no number of seconds")
    return value


@click.command()
@click.argument("target", metavar="[main:app]", default="")
@click.option(
    "--template",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Functions and routes of a SAM or CloudFormation template, or of an OpenAPI file.",
)
@click.option("--api", default="", metavar="NAME", help="Which one, of a template with several.")
@click.option(
    "--kind",
    type=click.Choice(["http_api", "rest_api", "function_url", "alb", "alb_multi", "websocket"]),
    show_default="http_api, or as the files say",
    help="The front end to stand in for.",
)
@click.option("--stage", default="", help="The stage that URLs begin with (rest_api, http_api).")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option(
    "--inspect-port",
    type=click.IntRange(0, 65535),
    show_default="the API's",
    help="A port of its own for the inspector.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 100),
    default=4,
    show_default=True,
    help="Environments of a function at the most: each serves one request at a time, as on "
    "Lambda. With one, breakpoint() opens a debugger in this terminal.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 1000),
    show_default="1",
    help="Requests that an environment serves at once, as on Lambda Managed Instances.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, 900, min_open=True),
    callback=lambda context, parameter, value: value and _finite(context, parameter, value),
    show_default="30",
    help="Seconds that a request may take in a function.",
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
@click.option(
    "--reload/--no-reload",
    default=True,
    show_default=True,
    help="Start environments anew after a save; `--no-reload` doesn't.",
)
@click.option("--quiet", is_flag=True, help="Show the app's own output and errors alone.")
@click.option("--json", "as_json", is_flag=True, help="Write an object of JSON a line.")
def dev(
    target: str,
    template: str | None,
    api: str,
    kind: str | None,
    stage: str,
    host: str,
    port: int,
    inspect_port: int | None,
    workers: int,
    concurrency: int | None,
    timeout: float | None,
    stream: bool,
    dead_letters: str,
    reload: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Serve an app through a local API Gateway.

    main:app is the app `app` in main.py; main.handler is a function(event, context). Without it,
    [tool.adapter] of pyproject.toml names functions and routes.
    """
    from pathlib import Path

    from ..config import ConfigError
    from ..local.dev import Options, run
    from ..local.inputs import InputError

    options = Options(
        target,
        Path(template) if template else None,
        api,
        kind or "",
        _stage(stage),
        host,
        port,
        inspect_port,
        workers,
        concurrency or 0,
        timeout or 0,
        stream,
        Path(dead_letters),
        reload=reload,
        quiet=quiet,
        json=as_json,
    )
    try:
        raise SystemExit(run(options))
    except ConfigError as error:
        raise InputError(str(error)) from None


def _kinds(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """For a shell: what KIND may be."""
    from ..events import KINDS
    from ..events.samples import MAKERS

    return [kind for kind in (*KINDS, *MAKERS) if kind.startswith(incomplete)]


@click.command()
@click.argument("kind", shell_complete=_kinds)
@click.argument("method", required=False)
@click.argument("path", required=False)
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
    help="The body: text, @FILE or @- for standard input. Repeated ones are joined with &; "
    "of a source each is a record.",
)
@click.option("--json", "json_data", metavar="DATA", help="A body of JSON: text, @FILE or @-.")
@click.option(
    "--queue",
    "--topic",
    "--bucket",
    "--table",
    "--stream",
    "--source",
    "--rule",
    "name",
    default="",
    metavar="NAME",
    help="Where an event of a source comes from.",
)
@click.option(
    "--key",
    default="",
    help="Of an object (s3), a partition (kinesis, kafka) or a table; the message group (sqs), "
    "the subject (sns), the detail-type (eventbridge).",
)
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
    name: str,
    key: str,
    stage: str,
    host: str,
    client_ip: str,
) -> None:
    """Print an event: of a front end, for a request; of a source such as sqs, for some records.

    KIND is a front end, http_api for example, or a source: sqs. PATH may have a query, or be a URL.
    """
    from ..events import KINDS
    from ..events._gateway import forwarded
    from ..events.samples import MAKERS
    from ..local.inputs import data_of, pretty, put
    from ..requests import request_of_words

    if kind not in KINDS and kind not in MAKERS:
        raise click.UsageError(
            f"there is no front end {kind!r}; there are {', '.join(KINDS)}, and the sources "
            f"{', '.join(MAKERS)}"
        )
    if data and json_data is not None:
        raise click.UsageError("a request has one body: -d or --json, not both")
    words = data if json_data is None else (json_data,)
    if kind in MAKERS:
        if method or headers or stage:
            raise click.UsageError(f"an event of {kind} has no method, headers or stage")
        put(pretty(_made(kind, name, [data_of(word) for word in words] or [b""], key)))
        return
    if not method or not path:
        raise click.UsageError(f"Missing argument '{'PATH' if method else 'METHOD'}'.")
    if name or key:
        raise click.UsageError(f"{kind} is a front end: it takes a method and a path")
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
            stage=_stage(stage, kind),
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    put(pretty(KINDS[kind].encode_request(forwarded(request))))


_NAMED_BY = {
    "sqs": "queue",
    "sns": "topic",
    "s3": "bucket",
    "dynamodb": "table",
    "kinesis": "stream",
    "kafka": "topic",
    "eventbridge": "source",
    "schedule": "rule",
}


def _made(kind: str, name: str, bodies: list[bytes], key: str) -> dict[str, Any]:
    """The event of a source. Raises UsageError."""
    from ..events.samples import MAKERS

    if not name:
        raise click.UsageError(f"an event of {kind} comes from somewhere: --{_NAMED_BY[kind]} NAME")
    try:
        return MAKERS[kind](name, bodies, key)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _stage(stage: str, kind: str | None = None) -> str:
    """A stage, without slashes. Raises UsageError."""
    from ..events import STAGED

    stage = stage.strip("/")
    if stage and kind is not None and kind not in STAGED:
        raise click.UsageError(f"--stage: {kind} has no stages; {', '.join(STAGED)} have")
    if stage and not stage.replace("-", "").replace("_", "").isalnum():
        raise click.UsageError(f"--stage: {stage!r} is no stage name: letters, digits, - and _")
    return stage


_timeout = click.option(
    "--timeout",
    type=click.FloatRange(0, 900, min_open=True),
    default=30.0,
    show_default=True,
    callback=_finite,
    help="Seconds for the start, and for the answer.",
)


@click.command()
@click.argument("target", metavar="main:app")
@click.argument("file", metavar="EVENT.json|-", required=False, type=click.Path(allow_dash=True))
@_timeout
@click.option("--stream", is_flag=True, help="Let the app stream (rest_api, function_url).")
@click.option("--raw", is_flag=True, help="Print the answer's bytes as they are.")
@click.option("--capture", metavar="FILE", help="Keep event and result, for `adapter replay`.")
@click.option("--remote", is_flag=True, help="Call a deployed function: [FUNCTION] EVENT.json.")
@click.option(
    "--function", default="", show_default="the only one", metavar="NAME", help="With --remote."
)
@click.option("--stage", default="", show_default="dev", metavar="NAME", help="With --remote.")
@click.option("--region", default="", show_default="the profile's", help="With --remote.")
@click.option("--profile", default="", show_default="the environment's", help="With --remote.")
def invoke(
    target: str,
    file: str | None,
    timeout: float,
    stream: bool,
    raw: bool,
    capture: str | None,
    remote: bool,
    function: str,
    stage: str,
    region: str,
    profile: str,
) -> None:
    """Send one event to a function, and print the result.

    main:app is the app `app` in main.py; main.handler is a function(event, context).
    """
    if remote:
        from .remote import Call, call

        named, event = (target, file) if file else (function, target)
        raise SystemExit(
            call(Call(named or function, event, stage, profile, region), raw=raw, capture=capture)
        )
    if function or stage or region or profile:
        raise click.UsageError("--function, --stage, --region, --profile: those go with --remote")
    if file is None:
        raise click.UsageError("Missing argument 'EVENT.json|-'.")

    from ..local import once
    from ..local.inputs import read_json

    job = once.Job(target, read_json(file), timeout, stream)
    raise SystemExit(once.invoke(job, raw=raw, file=capture))


@click.command()
@click.argument("file", metavar="CAPTURE.json|-", type=click.Path(allow_dash=True))
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
    from ..local import capture, once
    from ..local.difference import Rules

    captured = capture.read(file)
    if not (target or captured.target):
        raise click.UsageError(f"{file} names no function: write one behind it")
    rules = Rules(strict, frozenset(name.lower() for name in ignore))
    raise SystemExit(once.replay(captured, target or captured.target, timeout, rules))
