"""The role that a function has on AWS, with one inline policy for each region it is in.

    {"AssumeRolePolicyDocument": {…}, "PolicyName": "adapter-eu-west-1", "PolicyDocument": {…}}

https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html

Roles are of no region: where an app is in two, they share the role, and neither touches the other's
policy. Its id is its ARN.

Rights that leave the settings go last. Until an alias has moved, the version before answers, and if
the new one fails its check that is how it stays; and a queue is read until its mapping is deleted.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import Found
from ..tags import tag_list, tags_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .. import Resource, Tell
    from ..aws import AWS

_TRUST, _NAME, _RIGHTS = "AssumeRolePolicyDocument", "PolicyName", "PolicyDocument"


def read(aws: AWS, wanted: Resource) -> Found | None:
    iam, policy = aws.client("iam"), wanted.settings[_NAME]
    try:
        role = iam.get_role(RoleName=wanted.name)["Role"]
    except iam.exceptions.NoSuchEntityException:
        return None
    rights = _rights(iam, wanted.name, policy)
    tags = tags_of(role.get("Tags", ()))
    settings = {
        _TRUST: role[_TRUST],
        _NAME: policy if rights is not None else None,
        _RIGHTS: rights,
    }
    return Found(wanted.kind, wanted.name, settings, role["Arn"], tags, {_NAME: policy})


def _rights(iam: Any, name: str, policy: str) -> Any:
    try:
        return iam.get_role_policy(RoleName=name, PolicyName=policy)[_RIGHTS]
    except iam.exceptions.NoSuchEntityException:
        return None


def create(aws: AWS, wanted: Resource, tell: Tell) -> str:
    role = aws.client("iam").create_role(
        RoleName=wanted.name,
        AssumeRolePolicyDocument=json.dumps(wanted.settings[_TRUST]),
        Tags=tag_list(wanted.tags),
    )["Role"]
    _allow(aws, wanted)
    arn: str = role["Arn"]
    return arn


def change(
    aws: AWS,
    wanted: Resource,
    found: Found,
    differences: Mapping[str, tuple[Any, Any]],
    tell: Tell,
) -> str:
    if _TRUST in differences:
        aws.client("iam").update_assume_role_policy(
            RoleName=wanted.name, PolicyDocument=json.dumps(wanted.settings[_TRUST])
        )
    if _RIGHTS in differences:
        _extend(aws, wanted, _left_over(wanted, found))
    return ""


def _extend(aws: AWS, wanted: Resource, more: list[Any]) -> None:
    """With rights of before, or without if a role can't have as many.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    rights = wanted.settings[_RIGHTS]
    both = {**rights, "Statement": [*rights["Statement"], *more]}
    try:
        _allow(aws, replace(wanted, settings={**wanted.settings, _RIGHTS: both}))
    except aws.client("iam").exceptions.LimitExceededException:
        _allow(aws, wanted)


def _left_over(wanted: Resource, found: Found) -> list[Any]:
    """Statements that are there, and are not wanted. One alone may be no list."""
    there = (found.settings[_RIGHTS] or {}).get("Statement", [])
    listed = there if isinstance(there, list) else [there]
    return [one for one in listed if one not in wanted.settings[_RIGHTS]["Statement"]]


def settle(aws: AWS, wanted: Resource, found: Found) -> None:
    """Without what is not wanted any more."""
    if _left_over(wanted, found):
        _allow(aws, wanted)


def tag(aws: AWS, found: Found, tags: Mapping[str, str]) -> None:
    aws.client("iam").tag_role(RoleName=found.name, Tags=tag_list(tags))


def _allow(aws: AWS, wanted: Resource) -> None:
    aws.client("iam").put_role_policy(
        RoleName=wanted.name,
        PolicyName=wanted.settings[_NAME],
        PolicyDocument=json.dumps(wanted.settings[_RIGHTS]),
    )


def delete(aws: AWS, found: Found) -> None:
    """This region's policy, and the role if no policy of another region is left.

    What somebody else attached to it is AWS's reason to refuse.
    """
    iam = aws.client("iam")
    try:
        iam.delete_role_policy(
            RoleName=found.name, PolicyName=found.more.get(_NAME) or _policy_of(aws)
        )
    except iam.exceptions.NoSuchEntityException:
        pass
    try:
        if not iam.list_role_policies(RoleName=found.name)["PolicyNames"]:
            iam.delete_role(RoleName=found.name)
    except iam.exceptions.NoSuchEntityException:
        pass


def _policy_of(aws: AWS) -> str:
    return f"adapter-{aws.known['AWS::Region']}"


def listed(aws: AWS, app: str) -> Iterator[Found]:
    """None: it stays with its function."""
    yield from ()
