"""Wheels for the target into a folder, by pip or uv; or the names of those that have none."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from . import PackageError, nothing
from .installed import distributions
from .interpreters import find, running
from .markers import overlooked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from . import Report, Target
    from .requirements import Requirements

# pip takes tags literally: 2_34 alone would not find what was built for 2_17.
# https://peps.python.org/pep-0600/#legacy-manylinux-tags
_LEGACY = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_OLDEST = {"x86_64": 5, "aarch64": 17}
_ROUNDS = 5  # of what was overlooked, and what that needs in turn
_UV_KNOWS = (34, 33, 32, 31, 28, 17)


@functools.cache
def uv() -> str | None:
    """The program uv, if there is one: on the PATH, or beside this Python."""
    beside = sysconfig.get_path("scripts")
    return shutil.which("uv") or shutil.which("uv", path=beside)


def install(
    requirements: Requirements, target: Target, folder: Path, report: Report = nothing
) -> None:
    """Raises PackageError, with all that have no wheel if that is why."""
    # options, for nothing; a file of a URL is something
    if all(re.match(r"-(?!r|-req)", line) for line in requirements.lines):
        return
    report(f"installing from {requirements.source}", 0, 0)
    _install(requirements, target, folder, report)
    for _ in range(_ROUNDS):
        more = overlooked(requirements.asked, distributions(folder), target)
        if not more or requirements.locked:
            return
        shutil.rmtree(folder)
        requirements = replace(requirements, lines=(*requirements.lines, *more))
        _install(requirements, target, folder, report)


def _install(requirements: Requirements, target: Target, folder: Path, report: Report) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        listed = Path(scratch, "requirements.txt")
        listed.write_text(requirements.text, "utf-8")
        tool = _tool(requirements, target)
        more = ("--no-deps",) if requirements.locked else ()
        done = _run([*tool, "--target", str(folder), *more, "-r", str(listed)], requirements)
        if done.returncode:
            raise _why(requirements, target, listed, done, report)


def platforms(target: Target) -> tuple[str, ...]:
    """The platform tags of wheels that run on the target, the newest first."""
    found = []
    for minor in range(target.glibc[1], _OLDEST[target.machine] - 1, -1):
        found.append(f"manylinux_2_{minor}_{target.machine}")
        if minor in _LEGACY:
            found.append(f"{_LEGACY[minor]}_{target.machine}")
    return tuple(found)


def _tool(requirements: Requirements, target: Target) -> list[str]:
    """pip, which heeds the user's pip.conf; uv for its own lock file, and where there is no pip."""
    pip = importlib.util.find_spec("pip") is not None
    if uv() and (requirements.locked or not pip):
        return _with_uv(target)
    if pip:
        return _with_pip(target)
    raise PackageError("there is neither pip nor uv: python -m ensurepip, or install uv")


def _with_uv(target: Target) -> list[str]:
    newest = next(minor for minor in _UV_KNOWS if minor <= target.glibc[1])
    return [
        *(uv() or "uv", "pip", "install", "--quiet", "--only-binary", ":all:"),
        *("--python-platform", f"{target.machine}-manylinux_2_{newest}"),
        *("--python-version", target.python, "--link-mode", "copy"),
    ]


def _with_pip(target: Target) -> list[str]:
    """Under the target's version, if it is here: pip judges markers by the Python that runs it."""
    there = find(target.python)
    python = ["--python", there] if there and target.python != running() else []
    tags = [word for tag in platforms(target) for word in ("--platform", tag)]
    return [
        *(sys.executable, "-m", "pip", *python, "install", "--quiet", "--no-input"),
        *("--disable-pip-version-check", "--no-compile", "--only-binary=:all:"),
        *("--implementation", "cp", "--python-version", target.python, *tags),
    ]


def _run(command: Sequence[str], requirements: Requirements) -> subprocess.CompletedProcess[str]:
    """In the folder of the requirements, whose settings uv heeds.

    A pip that is set to install for the user would refuse a folder.
    """
    environment = {**os.environ, "PIP_USER": "0"}
    return subprocess.run(
        command,
        cwd=requirements.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


# Which have no wheel

_NO_ANSWER = "Retrying (Retry("  # pip's word before it takes an index that is away for an empty one
_SHOWN = 20


def _why(
    requirements: Requirements,
    target: Target,
    listed: Path,
    done: subprocess.CompletedProcess[str],
    report: Report,
) -> PackageError:
    """The packages without a wheel, or else what the tool said."""
    missing = []
    if _NO_ANSWER not in done.stderr:
        tool, names = _tool(requirements, target), _all_of(requirements, listed)
        missing = _without_wheel(requirements, names, tool, report)
    if not missing:
        said = "\n".join(f"  {line}" for line in done.stderr.strip().splitlines()[-_SHOWN:])
        return PackageError(f"{requirements.source} can't be installed:\n{said}")
    where = f"Python {target.python} on {target.architecture}, glibc 2.{target.glibc[1]}"
    listing = "".join(f"  {name}\n" for name in missing)
    return PackageError(f"these have no wheel for {where}:\n{listing}{_WITHOUT_WHEEL}")


_WITHOUT_WHEEL = (
    "Are name and version right? If it is pure Python, make a wheel of it (pip wheel --no-deps "
    "--wheel-dir wheels NAME) and write --find-links wheels in requirements.txt; else take another "
    "version, --arch or runtime, or a container image"
)


def _all_of(requirements: Requirements, listed: Path) -> list[str]:
    """Everything that would be installed here, where a wheel can be built; at least what is asked.

    What is asked for is as asked, and what that needs in turn in any version.
    """
    if requirements.locked:
        return [line for line in requirements.lines if not line.startswith("-")]
    asked = {str(canonicalize_name(one.name)): str(one) for one in requirements.asked}
    return sorted({asked.get(name, name) for name in (*_resolved(requirements, listed), *asked)})


def _resolved(requirements: Requirements, listed: Path) -> list[str]:
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--dry-run"),
        *("--ignore-installed", "--report", "-", "-r", str(listed)),
    ]
    done = _run(command, requirements)
    if done.returncode:
        return []
    found = json.loads(done.stdout)["install"]
    return [canonicalize_name(one["metadata"]["name"]) for one in found]


def _without_wheel(
    requirements: Requirements, names: Sequence[str], tool: Sequence[str], report: Report
) -> list[str]:
    """The tools stop at the first that has none: once more without it, until there is no other."""
    options = [line for line in requirements.lines if line.startswith("-")]
    left, missing = list(names), list[str]()
    with tempfile.TemporaryDirectory() as scratch:
        listed = Path(scratch, "requirements.txt")
        base = [*tool, "--no-deps", "--dry-run", "--target", scratch, "-r", str(listed)]
        while left:
            report("looking for wheels", len(missing), 0)
            listed.write_text("\n".join([*options, *left, ""]), "utf-8")
            named = _named_in(_run(base, requirements).stderr)
            lost = [line for line in left if _name_of(line) in named]
            if not lost:
                break
            missing += [line.partition(" --hash")[0] for line in lost]
            left = [line for line in left if line not in lost]
    return missing


_LOST = re.compile(  # pip's words, and uv's
    r"No matching distribution found for ([\w.-]+)"
    r"|(?:Because|and) (?:all versions of )?([\w.-]+)(?:[<>=!~]=?\S+)? has no (?:usable )?wheels"
    r"|all versions of ([\w.-]+) have no (?:usable )?wheels"
    r"|Because ([\w.-]+) was not found in the package registry"
)


def _named_in(said: str) -> set[str]:
    """Whom the tool has no wheel for, of what it said."""
    text = " ".join(said.split())
    return {canonicalize_name(name) for found in _LOST.findall(text) for name in found if name}


def _name_of(line: str) -> str:
    found = _NAME.match(line)
    return canonicalize_name(found[0]) if found else ""


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
