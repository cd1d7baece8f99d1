"""The interpreters of this machine, by version: byte code is of use to its own version alone."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ASK = "import sys; print(sys.implementation.name, '%d.%d' % sys.version_info[:2], sys.executable)"


def running() -> str:
    """The version that runs this: "3.13"."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


@functools.cache
def find(version: str) -> str | None:
    """The path of a CPython of this version; None if there is none."""
    if version == running():
        return sys.executable
    return next((found for one in _candidates(version) if (found := _checked(one, version))), None)


def _candidates(version: str) -> Iterator[str]:
    name = f"python{version}"
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if found := shutil.which(name, path=folder):
            yield found
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/{name}"), reverse=True))
    if uv := shutil.which("uv"):
        command = [uv, "python", "find", "--no-python-downloads", version]
        yield subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _checked(path: str, version: str) -> str | None:
    """Its path, if it runs and is what its name says: a shim of pyenv's may be of none."""
    if not path:
        return None
    command = [path, "-I", "-c", _ASK]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    implementation, _, rest = done.stdout.strip().partition(" ")
    found, _, executable = rest.partition(" ")
    return executable if (implementation, found) == ("cpython", version) else None
