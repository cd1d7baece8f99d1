"""The command `adapter`. Each subcommand loads what it needs, when it runs."""

from __future__ import annotations

from importlib import import_module

import click

from .. import __version__

COMMANDS = {
    "dev": "local",
    "event": "local",
    "invoke": "local",
    "replay": "local",
    "package": "package",
    "watch": "functions",
}
"""The subcommands, in the order in which help has them, and the module of each."""


class Commands(click.Group):
    """Subcommands whose modules are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = getattr(import_module(f".{COMMANDS[cmd_name]}", __name__), cmd_name)
        return found


@click.command(cls=Commands)
@click.version_option(__version__, prog_name="adapter")
def cli() -> None:
    """Any Flask or Starlette app on AWS Lambda, and on your own machine."""
