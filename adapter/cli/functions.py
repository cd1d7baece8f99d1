"""The command for runs of functions: `watch`."""

from __future__ import annotations

import click

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rich.console import Console

    from ..functions import Progress, Run


@click.command()
@click.argument("run", metavar="RUN")
@click.option(
    "--redis",
    "url",
    metavar="URL",
    show_default="`REDIS_URL`, of the shell or of .env",
    help="The Redis through which the functions tell of their runs.",
)
def watch(run: str, url: str | None) -> None:
    """Show how far a run of functions is, until it is over.

    RUN is its id, which `Run.id` is and each log line of its functions has.
    """
    try:
        import redis
        import rich  # noqa: F401
    except ImportError as error:
        raise click.ClickException(
            f"this needs {error.name}: pip install 'apigw-adapter[local,functions]'"
        ) from None
    from ..functions import Functions

    try:
        raise SystemExit(_watched(Functions(redis=url or _url()).run(run)))
    except ValueError as error:  # the id, or the URL
        raise click.UsageError(str(error)) from None
    except redis.RedisError as error:
        raise click.ClickException(f"there is no Redis: {error}") from None


def _url() -> str:
    """Raises UsageError."""
    import os

    from ..local import dotfile

    found = os.environ.get("REDIS_URL") or dotfile.variables(click.echo).get("REDIS_URL")
    if not found:
        raise click.UsageError("which Redis? Set REDIS_URL, or say --redis redis://127.0.0.1:6379")
    return found


def _watched(run: Run) -> int:
    """The exit status."""
    from rich.console import Console

    console = Console(highlight=False)
    if not run.state().of:
        click.echo(f"nothing is known of the run {run.id} yet; waiting", err=True)
    failed = _bar(run, console) if console.is_terminal else _lines(run)
    return 1 if failed else 0


def _bar(run: Run, console: Console) -> int:
    """How many chunks failed."""
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    failed = 0
    columns = (TextColumn(run.id), BarColumn(None), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=console) as bar:
        task = bar.add_task("", total=None)
        for step in run:
            failed = step.failed
            bar.update(task, completed=step.done, total=step.of)
            if step.error is not None:
                console.print(f"[red]{escape(_said(step))}")
    return failed


def _lines(run: Run) -> int:
    """How many chunks failed."""
    failed = 0
    for step in run:
        failed = step.failed
        said = f"{step.done} of {step.of}" if step.error is None else _said(step)
        click.echo(said)
    return failed


def _said(step: Progress) -> str:
    return f"chunk {step.chunk}: {step.error}"
