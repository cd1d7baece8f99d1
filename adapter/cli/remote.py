"""`adapter invoke --remote`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from . import cloud

if TYPE_CHECKING:
    from typing import Any

    from ..deploy.remote import Answer


@dataclass(frozen=True)
class Call:
    """What the command line says; "" for what it doesn't. `file` has the event."""

    function: str
    file: str
    stage: str
    profile: str
    region: str


def call(options: Call, *, raw: bool, capture: str | None) -> int:
    """Show what comes of it: the result, and on standard error the log. Returns the exit status."""
    from ..local.inputs import read_json

    event = read_json(options.file)
    with cloud.refusals():
        from ..deploy.log_lines import harmless
        from ..deploy.remote import client_of, function_of, invoke
        from ..deploy.stages import one

        found = one(
            lambda deployed: cloud.aws_of(options.profile, options.region, deployed),
            options.stage,
        )
        name = function_of(found.target.project.functions, options.function)
        answer = invoke(client_of(found.aws), name, found.target.stage, event)
    if answer.log:
        click.echo(harmless(answer.log.rstrip("\n")), err=True)
    _put(answer, raw=raw)
    if capture is not None:
        _keep(capture, event, answer)
    return 1 if answer.failed else 0


def _put(answer: Answer, *, raw: bool) -> None:
    """Of a streamed answer the head, an empty line and the body, as it is shown locally."""
    from ..local.inputs import pretty, put

    if raw:
        put(answer.body)
    elif answer.streamed:
        head, body = answer.streamed
        put(pretty(head) + b"\n" + body + (b"" if body.endswith(b"\n") else b"\n"))
    else:
        put(pretty(answer.result))


def _keep(file: str, event: Any, answer: Answer) -> None:
    from ..local.capture import Capture, kind_of, write

    kind, stream = kind_of(event), bool(answer.streamed)
    write(file, Capture(event, answer.result, "", kind, stream=stream, failed=answer.failed))
