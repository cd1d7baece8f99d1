"""What an installation has that goes into the package, and what of it does not."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from . import File
from .files import matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# importlib.metadata reads these at run time. Licences say of themselves that they are to go along
# with copies; they are a few kB, and nothing reads them at a start.
_METADATA = re.compile(
    r"(METADATA|PKG-INFO|entry_points\.txt|top_level\.txt|licenses/.*|(LICEN[CS]E|COPYING|NOTICE|"
    r"AUTHORS)[^/]*)",
    re.IGNORECASE,
)
_SUFFIXES = (".pyi", ".pyc", ".pyo")
_TEST_FILE = re.compile(r"(test_.*|.*_test|tests)\.py")
_OTHERS = "others"

_SDK = ("boto3", "botocore", "s3transfer")
_OF_SDK = ("jmespath", "python-dateutil", "six")  # their interfaces have been the same for years
_DELICATE = "urllib3"

IN_IMAGE = (*_SDK, *_OF_SDK, _DELICATE)
"""What a managed Python brings: boto3 and what that needs.

https://docs.aws.amazon.com/lambda/latest/dg/python-package.html#python-package-dependencies
"""


@dataclass(frozen=True)
class Installed:
    """A distribution in the folder of an installation.

    paths  of its files, from that folder
    needs  its requirements, with their conditions
    """

    name: str
    version: str
    paths: tuple[str, ...]
    needs: tuple[Requirement, ...]

    @property
    def needed(self) -> set[str]:
        """The names of what it needs, whatever the condition."""
        return {canonicalize_name(need.name) for need in self.needs}

    @property
    def owner(self) -> str:
        return f"{self.name} {self.version}"


def distributions(site: Path) -> tuple[Installed, ...]:
    """By their names."""
    found = [_installed(PathDistribution(info)) for info in sorted(site.glob("*.dist-info"))]
    return tuple(sorted(found, key=lambda one: one.name))


def _installed(found: Distribution) -> Installed:
    name = canonicalize_name(found.metadata["Name"])
    record = found.read_text("RECORD") or ""
    paths = tuple(row[0] for row in csv.reader(record.splitlines()) if row)
    return Installed(name, found.version, paths, tuple(_needs(found.requires or ())))


def _needs(lines: Iterable[str]) -> Iterator[Requirement]:
    for line in lines:
        try:
            yield Requirement(line)
        except InvalidRequirement:  # old metadata: pip has read it as it could
            continue


def in_image(found: Sequence[Installed], asked: Iterable[Requirement]) -> tuple[Installed, ...]:
    """What a managed Python has, and nobody needs in a version of their own.

    boto3 and urllib3 go together or stay out together: one of the image with another of the package
    is what AWS's page warns of.
    """
    theirs = [one for one in found if one.name in IN_IMAGE]
    others = {need for one in found if one.name not in IN_IMAGE for need in one.needed}
    pinned = {canonicalize_name(one.name) for one in asked if one.specifier or one.url}
    if not any(one.name in _SDK for one in theirs):
        return ()
    if pinned.intersection(one.name for one in theirs) or others.intersection((*_SDK, _DELICATE)):
        return ()
    return tuple(one for one in theirs if one.name not in others)


def files(
    site: Path,
    found: Iterable[Installed],
    left_out: Iterable[Installed],
    include: tuple[str, ...] = (),
) -> list[File]:
    """The files of an installation that run on Lambda or are read there, by their paths.

    include  patterns of tests that are
    """
    owners = {path: one for one in found for path in one.paths}
    without = {one.name for one in left_out}
    tests = {folder for one in found for folder in _tests(site, one)}
    kept = []
    for source in sorted(site.rglob("*")):
        path = source.relative_to(site).as_posix()
        owner = owners.get(path)
        if not source.is_file() or (owner is not None and owner.name in without):
            continue
        is_test = any(path.startswith(f"{folder}/") for folder in tests)
        if _is_kept(path, source) and (not is_test or matches(path, include)):
            name = owner.owner if owner else _OTHERS
            kept.append(File(path, source, name, bool(source.stat().st_mode & 0o100)))
    return [_plain(file) for file in kept]


def _plain(file: File) -> File:
    """uv and pip leave marks of executable Python here and there; only programs are any."""
    return replace(file, executable=file.executable and not file.path.endswith(".py"))


def _is_kept(path: str, source: Path) -> bool:
    top, _, rest = path.partition("/")
    if top.endswith(".dist-info"):
        return bool(_METADATA.fullmatch(rest))
    if "__pycache__" in path.split("/") or path.endswith(_SUFFIXES) or path == ".lock":
        return False
    return not (top == "bin" and source.read_bytes()[:2] == b"#!")  # the shebang is of this machine


# Tests that packages bring along


def _tests(site: Path, one: Installed) -> Iterator[str]:
    """Folders `tests` with test files, in which nothing outside of them is interested."""
    folders = {
        folder
        for path in one.paths
        for folder in _folders_of_tests(path)
        if _TEST_FILE.fullmatch(path.rpartition("/")[2])
    }
    outside = [path for path in one.paths if not _folders_of_tests(path) and path.endswith(".py")]
    if folders and not any(_mentions_tests(site / path) for path in outside):
        yield from folders


def _folders_of_tests(path: str) -> list[str]:
    """a/tests of a/tests/b.py; not the folder at the top, which is a package by itself."""
    parts = path.split("/")[:-1]
    at = [index for index, part in enumerate(parts) if part == "tests" and index]
    return ["/".join(parts[: at[0] + 1])] if at else []


_MENTION = re.compile(rb"(?:from|import)\s+[\w.]*\btests\b|[\"'][\w.]+\.tests\b")


def _mentions_tests(source: Path) -> bool:
    return source.is_file() and bool(_MENTION.search(source.read_bytes()))
