"""What the project asks for, of `uv.lock`, `requirements.txt` or `pyproject.toml`: text for pip."""

from __future__ import annotations

import codecs
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from ..config.pyproject import document
from . import OURS, PackageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NESTED = re.compile(r"(?:-r|--requirement)(?:[ =]\s*|\s+)(.+)|-r(\S+)")
_CONSTRAINT = re.compile(r"(?:-c|--constraint)(?:[ =]\s*|\s+)(.+)|-c(\S+)")
_FOLDER = re.compile(r"(--find-links|-f)[ =]\s*(.+)")
_EDITABLE = re.compile(r"(?:-e|--editable)[ =]\s*(.+)")
_COMMENT = re.compile(r"(^|\s)#.*$")
_OPTIONS = re.compile(r"\s+--[a-z]")
_WITHOUT = re.compile(r"\s+(;|--hash).*$")  # a line without its conditions and hashes

# As PowerShell writes files; pip reads them.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

_NO_WHEEL = (
    "a package that is not installed as a wheel can't go along. Your own code is copied, so leave "
    "it out; of another project make a wheel (pip wheel --no-deps --wheel-dir wheels {}) and name "
    "that file"
)


@dataclass(frozen=True)
class Requirements:
    """What is to be installed.

    lines   of a requirements file, without this package, and with paths that hold anywhere
    asked   what the project itself asks for; with a lock file `lines` has more
    folder  where that is
    source  the name of the file, for people; "" if there is none
    locked  whether `lines` has everything that is to be installed
    """

    lines: tuple[str, ...]
    asked: tuple[Requirement, ...]
    folder: Path
    source: str = ""
    locked: bool = False

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)


def of_folder(folder: Path, uv: str | None) -> Requirements:
    """The requirements of the project in a folder. Raises PackageError and ConfigError.

    uv  the program, for a lock file of its
    """
    lock, listed = folder / "uv.lock", folder / "requirements.txt"
    declared = _declared(folder / "pyproject.toml")
    if lock.is_file():
        return _locked(folder, declared, uv)
    if listed.is_file():
        lines = tuple(line for line in _lines(listed, set()) if not _is_ours(line))
        return Requirements(lines, tuple(_named(lines)), folder, listed.name)
    lines = tuple(str(one) for one in declared if not _is_ours(str(one)))
    return Requirements(lines, tuple(_named(lines)), folder, "pyproject.toml" if declared else "")


def _declared(path: Path) -> tuple[Requirement, ...]:
    """`[project] dependencies`. Raises ConfigError."""
    found = []
    for node in document(path).get("project", "dependencies").elements():
        try:
            found.append(Requirement(node.text()))
        except InvalidRequirement as error:
            raise node.error(f"{node.text()!r:.60} is no requirement: {error}") from None
    return tuple(found)


def _locked(folder: Path, declared: Iterable[Requirement], uv: str | None) -> Requirements:
    """https://docs.astral.sh/uv/concepts/projects/export/"""
    lock = folder / "uv.lock"
    if uv is None:
        raise PackageError(
            f"{lock} says which versions, and there is no `uv` on the PATH to read it: install uv "
            "(pip install uv)"
        )
    # ours comes from where this command runs, and the project's own code from its folder
    command = [
        *(uv, "export", "--frozen", "--no-dev", "--no-header", "--no-annotate"),
        *("--no-emit-project", "--no-emit-package", OURS, "--quiet"),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackageError(f"uv can't read {lock}:\n{done.stderr.strip()}")
    lines = tuple(_absolute(line, folder) for line in _joined(done.stdout))
    for path in (_WITHOUT.sub("", line).removeprefix("-e ") for line in lines):
        if (folder / path).is_dir():
            raise PackageError(f"{lock}: {path}: {_NO_WHEEL.format(path)} in [tool.uv.sources]")
    asked = tuple(one for one in declared if canonicalize_name(one.name) != OURS)
    return Requirements(lines, asked, folder, "uv.lock", locked=True)


def _lines(path: Path, seen: set[Path]) -> Iterator[str]:
    """The lines of a requirements file and of those that it names. Raises PackageError."""
    seen.add(path.resolve())
    try:
        text = _decoded(path.read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        raise PackageError(f"{path} can't be read: {error}") from None
    for line in _joined(text):
        nested = None if "://" in line else _NESTED.fullmatch(line)
        if nested:
            other = path.parent / _unquoted(nested[1] or nested[2])
            yield from () if other.resolve() in seen else _lines(other, seen)
        elif editable := _EDITABLE.fullmatch(line):
            raise PackageError(f"{path}: {line}: {_NO_WHEEL.format(editable[1])}")
        else:
            yield _absolute(line, path.parent)


def _decoded(data: bytes) -> str:
    """Raises UnicodeDecodeError."""
    encoding = next((each for mark, each in _MARKS.items() if data.startswith(mark)), "utf-8")
    return data.decode(encoding)


def _joined(text: str) -> Iterator[str]:
    """Without comments and empty lines, and with the lines joined that end in a backslash."""
    kept = re.sub(r"\\\r?\n\s*", " ", text)
    for line in kept.splitlines():
        if line := _COMMENT.sub("", line).strip():
            yield line


def _absolute(line: str, folder: Path) -> str:
    """With the paths in it as they are from anywhere, and quoted, as pip and uv want it."""
    if "://" in line:
        return line
    if constraint := _CONSTRAINT.fullmatch(line):
        path = folder.absolute() / _unquoted(constraint[1] or constraint[2])
        return f"-c {shlex.quote(str(path))}"
    if links := _FOLDER.fullmatch(line):
        return f"--find-links {shlex.quote(str(folder.absolute() / _unquoted(links[2])))}"
    name = _WITHOUT.sub("", line)
    wheel = (folder / name).absolute()
    return f"{wheel}{line[len(name) :]}" if name.endswith(".whl") and wheel.is_file() else line


def _unquoted(text: str) -> str:
    return text.strip("\"'")


def path_in(line: str) -> Path:
    """What on this machine a line of Requirements names, which is absolute; else anything."""
    option, _, value = line.partition(" ")
    if option in ("-c", "--find-links") and value.startswith(("/", "'")):
        return Path(shlex.split(value)[0])
    return Path(_WITHOUT.sub("", line))


def _named(lines: Iterable[str]) -> Iterator[Requirement]:
    """Those lines that name a requirement; others are options, files and URLs for pip."""
    for line in lines:
        if (found := _requirement(line)) is not None:
            yield found


def _requirement(line: str) -> Requirement | None:
    try:
        return Requirement(_OPTIONS.split(line, maxsplit=1)[0])
    except InvalidRequirement:
        return None


def _is_ours(line: str) -> bool:
    found = _requirement(line)
    return found is not None and canonicalize_name(found.name) == OURS
