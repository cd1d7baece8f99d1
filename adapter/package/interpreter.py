"""A Python that goes along, for provided.al2023: a standalone build, or this machine's own.

A standalone build is copied. An interpreter of this machine may want a newer glibc than Amazon
Linux has, and finds its libraries by paths of this machine; so its libraries, glibc and the dynamic
loader go along, and a script starts it by that loader:
https://man7.org/linux/man-pages/man8/ld.so.8.html
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from . import INTERPRETER, File, PackageError, elf
from .interpreters import find

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from . import Target

# Of the standard library what no function needs: ensurepip alone holds 2 MB of wheels.
_WITHOUT = {
    "test", "tests", "idlelib", "idle_test", "tkinter", "turtledemo", "ensurepip", "lib2to3",
    "site-packages", "dist-packages", "__pycache__", "pydoc_data", "__phello__",
}  # fmt: skip
_WITHOUT_FILES = re.compile(
    r".*\.(a|pyc|pyi|o)|turtle\.py|_(test|xxtest|ctypes_test|tkinter).*\.so"
)
_WITHOUT_START = ("config-", "EXTERNALLY")
_GLIBC = re.compile(
    r"(ld-linux.*|lib(c|m|dl|rt|pthread|util|resolv|nss_(files|dns)|anl))\.so\.\d+|linux-vdso.*"
)
_LINE = re.compile(r"\s*(?:(\S+) => )?(/\S+) \(0x")
_ASK = """
import json, sys, sysconfig
dynamic = sysconfig.get_config_var("DESTSHARED")
print(json.dumps([sys.executable, sysconfig.get_path("stdlib"), dynamic]))
"""
_SCRIPT = """#!/bin/sh
# The Python of {version} with its own glibc: this system's may be older.
here=${{0%/*}}/..
exec "$here/lib/{loader}" --argv0 "$0" --library-path "$here/lib" "$here/bin/python{version}" "$@"
"""


def files(target: Target, given: Path | None, scratch: Path) -> list[File]:
    """A folder `python` for the package, whose bin/python3 is what `bootstrap` starts.

    given    the folder of a standalone build: with bin/python3.13 and lib/python3.13 in it

    Raises PackageError if there is no interpreter that runs on the target.
    """
    if given is not None:
        return list(_standalone(given, target))
    wanted = (sys.platform, platform.machine()) == ("linux", target.machine)
    found = find(target.python) if wanted else None
    if found is None:
        raise PackageError(
            f"there is no Python {target.python} for {target.architecture} Linux on this machine "
            "to take along. Get a standalone build, which uv has of GitHub, and name its folder:\n"
            f"  uv python install --install-dir pythons cpython-{target.python}-linux-"
            f"{target.machine}-gnu\n"
            "  adapter package … --interpreter pythons/cpython-…"
        )
    return list(_of_machine(found, target, scratch))


def _standalone(root: Path, target: Target) -> Iterator[File]:
    """https://github.com/astral-sh/python-build-standalone"""
    binary, library = root / f"bin/python{target.python}", root / f"lib/python{target.python}"
    if not binary.is_file() or not library.is_dir():
        raise PackageError(
            f"{root} is no Python {target.python}: it has no {binary} or no {library}"
        )
    yield _executable("python3", binary)
    objects = [binary]
    for source in sorted((root / "lib").glob("lib*.so*")):
        if source.is_symlink() or source.name.startswith(("libtcl", "libtk")):
            continue
        objects.append(source)
        yield File(f"python/lib/{source.name}", source, INTERPRETER)
    for file in _library(library, target.python):
        objects.append(file.source)
        yield file
    _runs_on(target, objects, {path.name for path in objects})


def _runs_on(target: Target, objects: Iterable[Path], there: set[str]) -> None:
    """Raises PackageError if one of these asks for what Amazon Linux doesn't have."""
    for path in objects:
        if not elf.machine(path):
            continue
        wanted = [name for name in elf.needed(path) if not _GLIBC.fullmatch(name)]
        missing = [name for name in wanted if name not in there]
        if missing or elf.glibc(path) > target.glibc[1]:
            wants = ", ".join(missing) or f"glibc 2.{elf.glibc(path)}"
            raise PackageError(
                f"{path} wants {wants}, which {target.runtime} has not: it is of no standalone "
                "build. Without --interpreter this machine's own goes along, with its libraries"
            )


def _of_machine(found: str, target: Target, scratch: Path) -> Iterator[File]:
    asked = subprocess.run([found, "-I", "-c", _ASK], capture_output=True, text=True, check=True)
    executable, library, dynamic = json.loads(asked.stdout)
    binary = Path(os.path.realpath(executable))
    rest = list(_library(Path(library), target.python))
    if not Path(dynamic).is_relative_to(library):
        rest += _dynamic(Path(dynamic), target.python)
    objects = [binary, *(file.source for file in rest if elf.machine(file.source))]
    libraries = _libraries(objects)
    loader = next(name for name in libraries if name.startswith("ld-linux"))
    script = scratch / "python3"
    script.write_text(_SCRIPT.format(version=target.python, loader=loader), "utf-8")
    yield _executable("python3", script)
    made = [_executable(f"python{target.python}", binary), *rest]
    for name, source in libraries.items():
        made.append(File(f"python/lib/{name}", source, INTERPRETER, name == loader))
    yield from _stripped(made, scratch / "stripped")


def _stripped(found: Iterable[File], folder: Path) -> Iterator[File]:
    """Without what is for debuggers, which may be most of a Python that was built here."""
    folder.mkdir(exist_ok=True)
    strip = shutil.which("strip")
    for number, file in enumerate(found):
        if strip is None or not elf.machine(file.source):
            yield file
            continue
        smaller = folder / str(number)
        command = [strip, "--strip-unneeded", "-o", str(smaller), str(file.source)]
        done = subprocess.run(command, capture_output=True, check=False)
        yield file if done.returncode else replace(file, source=smaller)


def _executable(name: str, source: Path) -> File:
    return File(f"python/bin/{name}", source, INTERPRETER, executable=True)


def _library(library: Path, version: str) -> Iterator[File]:
    """The standard library without its tests, Tk and what installs."""
    for folder, folders, names in os.walk(library):
        folders[:] = sorted(name for name in folders if not _is_left_out(name))
        inside = Path(folder).relative_to(library)
        for name in sorted(names):
            if not _is_left_out(name):
                path = f"python/lib/python{version}/{(inside / name).as_posix()}"
                yield File(path, Path(folder, name), INTERPRETER)


def _is_left_out(name: str) -> bool:
    if name in _WITHOUT or name.startswith(_WITHOUT_START):
        return True
    return bool(_WITHOUT_FILES.fullmatch(name))


def _dynamic(folder: Path, version: str) -> Iterator[File]:
    """Compiled modules that are elsewhere."""
    for source in sorted(folder.glob("*.so")):
        if not _WITHOUT_FILES.fullmatch(source.name):
            path = f"python/lib/python{version}/lib-dynload/{source.name}"
            yield File(path, source, INTERPRETER)


def _libraries(objects: Iterable[Path]) -> dict[str, Path]:
    """{name: file} of all libraries that these objects load, as this machine finds them."""
    found: dict[str, Path] = {}
    for path in objects:
        done = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=False)
        for name, file in _LINE.findall(done.stdout):
            found.setdefault((name or file).rpartition("/")[2], Path(os.path.realpath(file)))
    return dict(sorted(found.items()))
