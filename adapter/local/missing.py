"""What to install when a function imports a package that isn't there."""

from __future__ import annotations

import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from shutil import which
from typing import TYPE_CHECKING

from .layers import code_of

if TYPE_CHECKING:
    from ..config import Function
    from .invocation import Outcome

# Of our runtime, and of AWS's.
_ABSENT = re.compile(r"since it imports '[\w.]+', which is not there|No module named '[\w.]+'")


def remedy(function: Function, outcome: Outcome) -> str:
    """The requirements.txt of the function and its layers, and the command that installs them.

    "" if there is none, or if it did not start for another reason.
    """
    files = [folder / "requirements.txt" for folder in code_of(function)]
    found = [os.path.relpath(file) for file in files if file.is_file()]
    if not found or not _ABSENT.search(str(outcome)):
        return ""
    words = " ".join(f"-r {quote(file)}" for file in found)
    return f"install the requirements of {function.name}: {_pip()} install {words}"


def _pip() -> str:
    """The installer for the Python that runs functions: its own pip, or uv where it has none."""
    if find_spec("pip") is None:
        return "uv pip"
    found = which("pip")
    is_ours = found is not None and Path(found).parent == Path(sys.executable).parent
    return "pip" if is_ours else f"{quote(sys.executable)} -m pip"
