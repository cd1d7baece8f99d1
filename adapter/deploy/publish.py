"""A function's code and configuration, and the version that is made of them.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from . import DeployError, aliases, commit, upload
from .compare import differences
from .patience import patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from . import Resource, Tell
    from .aws import AWS

    Configuration = Mapping[str, Any]

LATEST = aliases.LATEST
_CODE = ("CodeSha256", "Architectures")
"""What update_function_code changes; update_function_configuration changes the others."""

# The second is said of a function in a VPC, the third of one that has variables.
# https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/lambda/function.go
_YOUNG_ROLE = {
    "InvalidParameterValueException": (
        "cannot be assumed by Lambda",
        "execution role does not have permissions",
        "KMS key is invalid for CreateGrant",
    )
}

# Also of a function that was said to be done: https://github.com/aws/aws-cli/issues/6718. Nobody's
# change is lost by trying again, since each call names the RevisionId that was looked at.
_BUSY = {"ResourceConflictException": ("in progress", "concurrent update")}

# https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html; in a VPC it takes minutes
STATE_WAITS_S = (0.1, 0.2, 0.4, 1.0)
_PATIENCE_S = 600.0


def settings_of(configuration: Configuration) -> dict[str, Any]:
    """What a function's configuration is, with the keys and in the form that a Resource has."""
    vpc = configuration.get("VpcConfig") or {}
    return {
        "Runtime": configuration.get("Runtime"),
        "Handler": configuration.get("Handler"),
        "Role": configuration.get("Role"),
        "MemorySize": configuration.get("MemorySize"),
        "Timeout": configuration.get("Timeout"),
        "Architectures": list(configuration.get("Architectures") or ("x86_64",)),
        "Environment": {
            "Variables": (configuration.get("Environment") or {}).get("Variables") or {}
        },
        "Layers": [layer["Arn"] for layer in configuration.get("Layers") or ()],
        "VpcConfig": {
            "SubnetIds": sorted(vpc.get("SubnetIds") or ()),
            "SecurityGroupIds": sorted(vpc.get("SecurityGroupIds") or ()),
        },
        "TracingConfig": {
            "Mode": (configuration.get("TracingConfig") or {}).get("Mode", "PassThrough")
        },
        "CodeSha256": configuration.get("CodeSha256"),
    }


def latest(aws: AWS, wanted: Resource, name: str, tell: Tell) -> Configuration:
    """$LATEST as it is wanted. Raises DeployError."""
    current = settled(aws, name)
    if current is None:
        current = _created(aws, wanted, name, tell)
    else:
        different = differences(wanted.settings, settings_of(current))
        if different.keys() & set(_CODE):
            current = _with_code(aws, wanted, name, current, tell)
        if different.keys() - set(_CODE):
            current = _configured(aws, wanted, name, current, list(different))
    _check_works(name, current)
    if meanwhile := differences(wanted.settings, settings_of(current)):
        raise DeployError(f"{_raced(name)} ({', '.join(meanwhile)})")
    return current


def _created(aws: AWS, wanted: Resource, name: str, tell: Tell) -> Configuration:
    settings = {key: value for key, value in wanted.settings.items() if key != "CodeSha256"}
    if not any(settings["VpcConfig"].values()):
        del settings["VpcConfig"]
    code = upload.place(aws, wanted.given, tell)

    def call() -> Any:
        return aws.client("lambda").create_function(
            FunctionName=name, Code=code, Tags=dict(wanted.tags), **settings
        )

    with racing(name):
        _with_role(call, wanted)
    return _working(aws, name)


def _with_code(
    aws: AWS, wanted: Resource, name: str, current: Configuration, tell: Tell
) -> Configuration:
    code = upload.place(aws, wanted.given, tell)

    def call() -> Any:
        return aws.client("lambda").update_function_code(
            FunctionName=name,
            Architectures=wanted.settings["Architectures"],
            RevisionId=current["RevisionId"],
            **code,
        )

    with racing(name):
        patiently(call, _BUSY)
    return _working(aws, name)


def _configured(
    aws: AWS, wanted: Resource, name: str, current: Configuration, keys: list[str]
) -> Configuration:
    settings = {key: wanted.settings[key] for key in keys if key not in _CODE}

    def call() -> Any:
        return aws.client("lambda").update_function_configuration(
            FunctionName=name, RevisionId=current["RevisionId"], **settings
        )

    with racing(name):
        _with_role(call, wanted)
    return _working(aws, name)


def _with_role(call: Callable[[], Any], wanted: Resource) -> None:
    """The call, again and again while Lambda does not yet know the role that was just made."""
    patiently(call, {**_BUSY, **_YOUNG_ROLE} if wanted.given["role"] else _BUSY)


def version(
    aws: AWS, wanted: Resource, name: str, current: Configuration, tell: Tell
) -> tuple[str, str]:
    """(number, commit) of a version that is as wanted: the newest if it is, else a new one.

    AWS itself makes none of unchanged code and configuration, and gives the newest; what stands
    for AWS elsewhere does.
    https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html

    Raises DeployError.
    """
    made = commit.of(wanted.given["folder"])
    newest = next(iter(aliases.versions(aws, name)), None)
    if newest and not differences(wanted.settings, settings_of(newest)):
        tell(f"version {newest['Version']} of {name} is there already")
        number: str = newest["Version"]
    else:
        number = _published(aws, wanted, name, current, made)
        tell(f"version {number} of {name}")
    _working(aws, name, number)
    return number, made


def _published(aws: AWS, wanted: Resource, name: str, current: Configuration, commit: str) -> str:
    def call() -> Any:
        return aws.client("lambda").publish_version(
            FunctionName=name,
            CodeSha256=wanted.settings["CodeSha256"],
            RevisionId=current["RevisionId"],
            Description=f"{commit or 'no commit'}, by {aws.who}"[:256],
        )

    with racing(name):
        number: str = patiently(call, _BUSY)["Version"]
    return number


def settled(aws: AWS, name: str, qualifier: str = LATEST) -> Configuration | None:
    """The configuration when Lambda is done with it; None if there is no such function.

    Raises DeployError if it never is.
    """
    client, until = aws.client("lambda"), time.monotonic() + _PATIENCE_S
    for wait in _waits(until):
        try:
            found: Configuration = client.get_function_configuration(
                FunctionName=name, Qualifier=qualifier
            )
        except client.exceptions.ResourceNotFoundException:
            return None
        if found.get("State") != "Pending" and found.get("LastUpdateStatus") != "InProgress":
            return found
        time.sleep(wait)
    raise DeployError(
        f"Lambda is not done with {name} after {_PATIENCE_S / 60:.0f} minutes: look at it in the "
        "console, and deploy again"
    )


def _waits(until: float) -> Iterator[float]:
    yield from STATE_WAITS_S
    while time.monotonic() < until:
        yield STATE_WAITS_S[-1]


def _working(aws: AWS, name: str, qualifier: str = LATEST) -> Configuration:
    """The same, of a function that has to be there. Raises DeployError if it does not work."""
    found = settled(aws, name, qualifier)
    if found is None:
        raise DeployError(f"{name} is gone: somebody deleted it. Deploy again")
    _check_works(name, found)
    return found


def _check_works(name: str, found: Configuration) -> None:
    """Raises DeployError if Lambda could not do what it was told."""
    if found.get("State") == "Failed":
        raise DeployError(f"Lambda can't start {name}: {found.get('StateReason')}")
    if found.get("LastUpdateStatus") == "Failed":
        raise DeployError(f"Lambda can't change {name}: {found.get('LastUpdateStatusReason')}")


@contextmanager
def racing(name: str) -> Iterator[None]:
    """Raises DeployError for a call that Lambda refuses since somebody else was first.

    https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html: RevisionId
    """
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in _RACES:
            said = error.response["Error"]["Message"]
            raise DeployError(f"{_raced(name)}{_tried(error.response)} ({said})") from None
        raise


_RACES = ("PreconditionFailedException", "ResourceConflictException")


def _tried(response: Any) -> str:
    """The SDK sends a call again whose answer was lost, and the first one may have arrived."""
    again = response.get("ResponseMetadata", {}).get("RetryAttempts")
    return "; or an earlier try of this call had arrived" if again else ""


def _raced(name: str) -> str:
    return f"somebody else changed {name} meanwhile, so this was not done: look, and deploy again"
