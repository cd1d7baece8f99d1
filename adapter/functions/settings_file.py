"""Settings by alias that the package brings; in development those of the project itself.

`adapter package` writes `[tool.adapter.stages.NAME.settings]` of pyproject.toml into the function's
zip as a file: {"prod": {"GREETING": "Welcome"}}.
"""

from __future__ import annotations

import json
import os
from functools import cache

from ..errors import AdapterError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

FILE = "adapter-settings.json"
PROJECT = "pyproject.toml"


def values(alias: str) -> Mapping[str, str]:
    """Raises AdapterError for a file that can't be read."""
    from .alias import is_on_aws

    found = _packaged(os.path.abspath(os.path.join(os.environ.get("LAMBDA_TASK_ROOT", ""), FILE)))
    if found is None and not is_on_aws():
        found = _of_project(os.path.abspath(PROJECT))
    return (found or {}).get(alias, {})


@cache
def _packaged(path: str) -> Mapping[str, Mapping[str, str]] | None:
    """None without such a file. It is read once."""
    try:
        with open(path, encoding="utf-8") as file:
            return _checked(json.load(file))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError) as error:
        raise AdapterError(f"{path} can't be read ({error}): make the package anew") from None


@cache
def _of_project(path: str) -> Mapping[str, Mapping[str, str]]:
    """What a package would bring; nothing of a file that isn't there or is no project of ours.

    The commands say what is wrong with that file. Here it may be anybody's.
    """
    import tomllib

    try:
        with open(path, "rb") as file:
            stages = tomllib.load(file)["tool"]["adapter"]["stages"]
        return _checked({name: stage.get("settings", {}) for name, stage in stages.items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _checked(found: Any) -> Mapping[str, Mapping[str, str]]:
    """{alias: {name: text}}. Raises TypeError."""
    texts = [text for one in dict(found).values() for text in dict(one).values()]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("it has values that are no text")
    return dict(found)
