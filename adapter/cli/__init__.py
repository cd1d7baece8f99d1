"""The command `adapter`. Each subcommand loads what it needs, when it runs."""

from __future__ import annotations

import os
from importlib import import_module

import click

from .. import __version__

COMMANDS = {
    "dev": "local",
    "event": "local",
    "invoke": "local",
    "replay": "local",
    "watch": "functions",
    "bench": "bench",
    "check": "check",
    "package": "package",
    "deploy": "deploy",
    "export": "export",
    "releases": "releases",
    "promote": "releases",
    "rollback": "releases",
    "prune": "releases",
    "warm": "warm",
    "logs": "logs",
    "destroy": "destroy",
}
"""The subcommands, and the module of each."""

SECTIONS = {
    "On your laptop": ("dev", "event", "invoke", "replay", "watch", "bench"),
    "To AWS": ("check", "package", "deploy", "export"),
    "What is there": ("releases", "promote", "rollback", "prune", "warm", "logs", "destroy"),
}
"""The order in which help has them."""


class Commands(click.Group):
    """Subcommands whose modules are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = getattr(import_module(f".{COMMANDS[cmd_name]}", __name__), cmd_name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, self._short(ctx, name)) for name in names])

    def _short(self, ctx: click.Context, name: str) -> str:
        command = self.get_command(ctx, name)
        return command.get_short_help_str(limit=200) if command else ""


@click.command(cls=Commands)
@click.version_option(__version__, prog_name="adapter")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Any Flask or Starlette app on AWS Lambda, and on your own machine.

    \b
    Shell completion: eval "$(_ADAPTER_COMPLETE=bash_source adapter)"
    (zsh_source, fish_source)
    """
    if os.environ.get("NO_COLOR"):  # https://no-color.org; rich heeds it by itself
        ctx.color = False
