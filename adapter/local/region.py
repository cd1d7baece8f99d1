"""The region that functions are told to be in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT = "us-east-1"


def regions(variables: Mapping[str, str]) -> dict[str, str]:
    """Both variables that Lambda sets: boto3 reads the one, most other SDKs read the other.

    What `variables` has counts, then the profile's region, so that a function sees what the user's
    other programs see; without any a client of boto3 made at import would be an error.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
    """
    first, second = variables.get("AWS_REGION"), variables.get("AWS_DEFAULT_REGION")
    region = first or second or _of_profile(variables) or DEFAULT
    return {"AWS_REGION": region, "AWS_DEFAULT_REGION": second or region}


def _of_profile(variables: Mapping[str, str]) -> str:
    """'' if there is no such file, profile or setting.

    https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
    """
    told = variables.get("AWS_CONFIG_FILE")
    path = Path(os.path.expanduser(told)) if told else Path.home() / ".aws" / "config"
    if not path.is_file():
        return ""
    from configparser import Error, RawConfigParser  # for those alone who have the file

    profile = variables.get("AWS_PROFILE") or "default"
    parser = RawConfigParser()
    try:
        parser.read(path, "utf-8")
    except (Error, OSError, ValueError):  # the SDK that reads it says what is wrong in it
        return ""
    section = profile if profile == "default" else f"profile {profile}"
    return parser.get(section, "region", fallback="")
