"""What the commands that talk to AWS share: options, and how a refusal is said."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from . import is_ctrl_c

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..deploy.aws import AWS
    from ..deploy.deployment import Deployment

    Command = Callable[..., Any]


def stages_of(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """For a shell's completion: the stages of pyproject.toml that begin so."""
    from ..config import ConfigError, pyproject, stages
    from ..deploy.deployment import PYPROJECT

    try:
        names = dict.fromkeys((stages.DEFAULT, *stages.names(pyproject.document(PYPROJECT))))
    except ConfigError:  # which the command itself will say
        return []
    return [name for name in names if name.lower().startswith(begun.lower())]


profile = click.option(
    "--profile",
    default="",
    metavar="NAME",
    show_default="AWS_PROFILE",
    help="Whose credentials of ~/.aws are used.",
)
region = click.option(
    "--region",
    default="",
    metavar="REGION",
    show_default="that of the profile, or AWS_REGION",
    help="As eu-west-1.",
)
stage = click.option(
    "--stage",
    default="dev",
    metavar="NAME",
    show_default=True,
    shell_complete=stages_of,
    help="The stage, which is an alias of each function.",
)
yes = click.option("--yes", "-y", is_flag=True, help="Don't ask.")
as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON.")


def account(command: Command) -> Command:
    """--profile and --region."""
    return profile(region(command))


class Failure(click.ClickException):
    """Something that was not done, and why; on several lines if need be."""

    exit_code = 1


def missing(error: ModuleNotFoundError, extra: str) -> click.ClickException:
    """To raise: which extra brings what a command needs."""
    return click.ClickException(
        f"this command needs {error.name!r}, which is not installed: "
        f"pip install 'apigw-adapter[{extra}]'"
    )


@contextmanager
def refusals() -> Iterator[None]:
    """What is raised within, said in a sentence: exit code 1."""
    from ..errors import AdapterError

    try:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        from ..deploy.refusals import sentence
    except ModuleNotFoundError as error:
        raise missing(error, "deploy") from None
    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error) as error:
        raise Failure(sentence(error)) from None
    except BrokenPipeError:
        raise  # of `| head`, which click ends quietly
    except (AdapterError, OSError) as error:
        raise Failure(str(error)) from None
    except (KeyboardInterrupt, click.Abort) as error:
        if is_ctrl_c(error):
            click.echo("interrupted: run it again, and it goes on from there", err=True)
        raise


def aws_of(profile: str, region: str, found: Deployment | None = None) -> AWS:
    """An account: the command line's, or else the deployment's. Within `refusals`."""
    from ..deploy.aws import AWS

    if found:
        profile, region = profile or found.settings.profile, region or found.settings.region
    return AWS(profile, region)
