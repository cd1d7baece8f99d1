"""Variables of a file `.env`, for functions on the laptop."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import dotenv_values

if TYPE_CHECKING:
    from .process import Log


def variables(log: Log) -> dict[str, str]:
    """What `.env` in the working folder says of variables that we don't have ourselves."""
    path = Path.cwd() / ".env"
    try:
        found = dotenv_values(path) if path.is_file() else {}
    except (OSError, ValueError) as error:
        log(f"adapter: can't read {path.name}: {error}")
        return {}
    return {
        name: value for name, value in found.items() if value is not None and name not in os.environ
    }
