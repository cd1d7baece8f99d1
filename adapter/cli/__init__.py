"""The command `adapter`. Each subcommand loads what it needs, when it runs."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

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


ELSEWHERE = {
    **dict.fromkeys(("run", "serve", "start", "local", "runserver"), "dev"),
    **dict.fromkeys(("delete", "remove", "undeploy"), "destroy"),
    "build": "package",
    "call": "invoke",
    "tail": "logs",
    "update": "deploy",
    "validate": "check",
}
"""What other tools call them."""


class Commands(click.Group):
    """Subcommands whose modules are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = getattr(import_module(f".{COMMANDS[cmd_name]}", __name__), cmd_name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Raises UsageError, with the command that was meant."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            meant = ELSEWHERE.get(args[0]) or "".join(get_close_matches(args[0], COMMANDS, 1))
            hint = f" Did you mean {meant!r}?" if meant else ""
            raise click.UsageError(f"No such command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Ctrl-C ends each of them with 130, as shells have it."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort) as error:
            if not is_ctrl_c(error):
                raise
            raise click.exceptions.Exit(130) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, self._short(ctx, name)) for name in names])

    def _short(self, ctx: click.Context, name: str) -> str:
        command = self.get_command(ctx, name)
        return command.get_short_help_str(limit=200) if command else ""


def is_ctrl_c(error: BaseException) -> bool:
    """click makes one exception of Ctrl-C at a question, of the input's end, and of "no"."""
    return isinstance(error, KeyboardInterrupt) or isinstance(error.__context__, KeyboardInterrupt)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
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
