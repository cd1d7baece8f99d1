"""What a setting is in an environment: where it is looked for, in which order.

A version's variables can't differ by alias, so most of these places are not variables.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import os

from ..errors import AdapterError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def of(alias: str, name: str, default: str | None) -> str:
    """Raises AdapterError if it is nowhere and has no default, or SSM can't be asked."""
    for place in _PLACES:
        found = place(alias, name)
        if found is not None:
            return found
    if default is None:
        raise AdapterError(_nowhere(alias, name))
    return default


def variable(alias: str, name: str) -> str:
    """PROD_2_DATABASE_URL of prod-2 and DATABASE_URL."""
    return f"{alias.upper().replace('-', '_')}_{name}"


def _own(alias: str, name: str) -> str | None:
    return os.environ.get(variable(alias, name))


def _parameter(alias: str, name: str) -> str | None:
    """Of SSM, where the deployment has said that settings are there."""
    if not os.environ.get("ADAPTER_PARAMETERS"):
        return None
    from . import settings_ssm

    return settings_ssm.values(alias).get(name)


def _packaged(alias: str, name: str) -> str | None:
    from . import settings_file

    return settings_file.values(alias).get(name)


def _any(alias: str, name: str) -> str | None:
    return os.environ.get(name)


_PLACES: tuple[Callable[[str, str], str | None], ...] = (_own, _parameter, _packaged, _any)


def _nowhere(alias: str, name: str) -> str:
    text = f"neither {variable(alias, name)} nor {name} is set: set one in the environment "
    text += f"variables, or {name} in [tool.adapter.stages.{alias}.settings] of pyproject.toml"
    if not os.environ.get("ADAPTER_PARAMETERS"):
        return text
    from . import settings_ssm

    return f"{text}, or as the parameter {settings_ssm.path_of(alias)}{name} of SSM"
