"""Byte code for the target's Python, which is taken as it is: Lambda can't write any.

Files with unchecked hashes stay valid whatever times a zip gives to sources (PEP 552). Without them
each cold start compiles: 64 ms more for Starlette, 196 ms more for Flask (benchmarks/cold.py).
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

from . import PackageError, nothing
from .interpreters import find, running

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from . import File, Report

# Run by the target's interpreter. One process and one order: what marshal writes depends on what is
# shared, and on the order of sets, which PYTHONHASHSEED fixes.
# https://docs.python.org/3/library/py_compile.html
_PROGRAM = """
import json, py_compile, sys, warnings
warnings.simplefilter("ignore")
job = json.load(sys.stdin)
for source, made, shown in job:
    try:
        py_compile.compile(
            source, made, shown, doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
    except (py_compile.PyCompileError, RecursionError, MemoryError):
        pass  # templates of Python files, and code for other versions: as compileall does
    print(flush=True)
"""


def compiled(
    files: Iterable[File], version: str, root: str, folder: Path, report: Report = nothing
) -> list[File]:
    """The byte code of these files, made in `folder`.

    root  where the files are on Lambda: what tracebacks say

    Raises PackageError if there is no interpreter of that version.
    """
    sources = [file for file in files if file.path.endswith(".py")]
    if not sources:
        return []
    made = {file.path: folder / _cached(file.path, version) for file in sources}
    job = [(str(file.source), str(made[file.path]), f"{root}/{file.path}") for file in sources]
    _compile(job, _interpreter(version), folder, report)
    return [
        replace(file, path=_cached(file.path, version), source=made[file.path], executable=False)
        for file in sources
        if made[file.path].is_file()
    ]


def _interpreter(version: str) -> str:
    found = find(version)
    if found is None:
        raise PackageError(
            f"byte code for Python {version} takes a Python {version}, and this machine has none "
            "(looked on the PATH, and in pyenv's and uv's): install one, or choose a "
            f"runtime of a version that is here: --runtime python{running()}. Without byte code "
            "each cold start would compile everything"
        )
    return found


def _cached(path: str, version: str) -> str:
    """a/__pycache__/b.cpython-313.pyc of a/b.py (PEP 3147)."""
    folder, _, name = path.rpartition("/")
    tag = f"cpython-{version.replace('.', '')}"
    return f"{folder}{'/' if folder else ''}__pycache__/{name.removesuffix('.py')}.{tag}.pyc"


def _environment() -> dict[str, str]:
    return {name: of for name, of in os.environ.items() if not name.startswith("PYTHON")}


def _compile(
    job: list[tuple[str, str, str]], interpreter: str, folder: Path, report: Report
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    # -I would have Python pass over PYTHONHASHSEED
    process = subprocess.Popen(
        [interpreter, "-S", "-P", "-c", _PROGRAM],
        env={**_environment(), "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        process.stdin.write(json.dumps(job).encode())
        process.stdin.close()
        for count, _ in enumerate(process.stdout, 1):
            report("compiling to byte code", count, len(job))
        said = process.stderr.read().decode(errors="replace")
    if process.returncode:
        raise PackageError(f"{interpreter} failed to compile:\n{said[-2000:]}")
