"""A process that imports a function, with the variables that it has on Lambda as far as we know."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from ..local import dotfile
from ..local.workers import lambda_variables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..config import Function

LIMIT_S = 60


def run(function: Function, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Python with these arguments, in the function's folder.

    Those of `.env` stand for what has to be set on Lambda before the function can start. Raises
    subprocess.TimeoutExpired.
    """
    variables = {
        **lambda_variables(function),
        **dotfile.variables(lambda line: None),
        **function.variables,
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=function.folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=LIMIT_S,
        check=False,
    )
