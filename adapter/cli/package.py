"""The command `package`."""

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
    help="Lambda's name: python3.12, or provided.al2023, for which a Python goes along.",
)
@click.option(
    "--arch",
    type=click.Choice(["x86_64", "arm64"]),
    show_default="x86_64, or as pyproject.toml says",
    help="The function's processor.",
)
@click.option("--layer", is_flag=True, help="Put dependencies into a layer of their own.")
@click.option(
    "--container", is_flag=True, help="Write what `docker build` makes an image of instead."
)
@click.option(
    "--python",
    default="",
    metavar="VERSION",
    show_default="the running one",
    help="Of which version the Python is that goes along.",
)
@click.option(
    "--interpreter",
    type=click.Path(exists=True, file_okay=False),
    metavar="FOLDER",
    show_default="this machine's",
    help="A standalone build of Python to take along.",
)
@click.option(
    "--output",
    default=".adapter/package",
    show_default=True,
    metavar="FOLDER",
    help="Where archives go, and what makes a second run quick.",
)
@click.option("--json", "as_json", is_flag=True, help="Write an object of JSON for each function.")
def package(
    target: str,
    runtime: str,
    arch: str | None,
    layer: bool,
    container: bool,
    python: str,
    interpreter: str | None,
    output: str,
    as_json: bool,
) -> None:
    """Make the zip that Lambda runs, of an app and what it imports.

    main:app is the app `app` in main.py; main.handler is a function(event, context). Without it,
    [tool.adapter] of pyproject.toml names the functions.
    """
    from pathlib import Path

    from ..config import ConfigError

    try:
        from ..package import PackageError
        from ..package.jobs import Options, jobs
        from ..package.shown import Failure, put
    except ModuleNotFoundError as error:
        raise missing(error, "deploy") from None

    options = Options(
        target,
        runtime,
        arch or "",
        layer,
        python,
        Path(interpreter) if interpreter else None,
        Path(output),
    )
    try:
        for job in jobs(options):
            put(job, container=container, as_json=as_json)
    except BrokenPipeError:
        raise  # of `| head`, which click ends quietly
    except (ConfigError, PackageError, OSError) as error:
        raise Failure(str(error)) from None
