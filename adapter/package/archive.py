"""A zip of files: the same bytes for the same files, whenever and wherever it is written."""

from __future__ import annotations

import base64
import hashlib
import os
import time
import zipfile
from collections import defaultdict
from typing import TYPE_CHECKING

from . import Archive, PackageError, Part, nothing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from . import File, Report

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # a zip knows no time before it
_UNIX = 3
_LEVEL = 6  # 9 takes three times as long for 1% less
_FORMAT = "1"  # of what is written here: part of the inputs


def write(path: Path, files: Iterable[File], inputs: str, report: Report = nothing) -> Archive:
    """Write the zip. A file that is there is replaced when the new one is complete.

    Raises PackageError where two of the files are to be at one place.
    """
    by_path = _by_path(files)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        parts = _write(draft, by_path, report)
        sha256, zipped = _hashed(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    unzipped = sum(part.unzipped for part in parts)
    return Archive(path, inputs, sha256, zipped, unzipped, parts)


def inputs_of(files: Iterable[File], *also: str) -> str:
    """A hash of what a zip of these files would be made of."""
    total = hashlib.sha256(repr((_FORMAT, _moment(), also)).encode())
    for file in sorted(files, key=lambda file: file.path):
        digest = hashlib.sha256(file.source.read_bytes()).hexdigest()
        total.update(repr((file.path, file.owner, file.executable, digest)).encode())
    return total.hexdigest()


def is_there(archive: Archive) -> bool:
    """Whether the file is still the one that was written."""
    return archive.path.is_file() and _hashed(archive.path)[0] == archive.sha256


def _by_path(files: Iterable[File]) -> dict[str, File]:
    found: dict[str, File] = {}
    for file in files:
        other = found.setdefault(file.path, file)
        if other is not file and other.source.read_bytes() != file.source.read_bytes():
            raise PackageError(
                f"{file.path} is in {_said(other)} and in {_said(file)}, and differs: "
                "rename one, or exclude yours ([tool.adapter.package] exclude)"
            )
    return found


def _said(file: File) -> str:
    return f"{file.owner} ({file.source})"


def _write(draft: Path, files: Mapping[str, File], report: Report) -> tuple[Part, ...]:
    sizes: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    with zipfile.ZipFile(draft, "w") as zipped:
        for count, path in enumerate(sorted(files), 1):
            file = files[path]
            info = _entry(path, executable=file.executable)
            zipped.writestr(info, file.source.read_bytes(), zipfile.ZIP_DEFLATED, _LEVEL)
            sizes[file.owner].append((info.file_size, info.compress_size))
            report(f"writing {draft.stem}", count, len(files))
    return _parts(sizes)


def _parts(sizes: Mapping[str, list[tuple[int, int]]]) -> tuple[Part, ...]:
    parts = [
        Part(owner, len(of), sum(size for size, _ in of), sum(size for _, size in of))
        for owner, of in sizes.items()
    ]
    return tuple(sorted(parts, key=lambda part: (-part.unzipped, part.owner)))


def _entry(path: str, *, executable: bool) -> zipfile.ZipInfo:
    """Nothing of the machine: not its system, the file's time, nor its mode."""
    info = zipfile.ZipInfo(path, _moment())
    info.create_system = _UNIX
    info.external_attr = (0o100755 if executable else 0o100644) << 16
    return info


def _moment() -> tuple[int, int, int, int, int, int]:
    """https://reproducible-builds.org/specs/source-date-epoch/"""
    told = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not told.isdecimal():
        return _EARLIEST
    return max(_EARLIEST, time.gmtime(int(told))[:6])


def _hashed(path: Path) -> tuple[str, int]:
    """(SHA-256 in base64, size)"""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    return base64.b64encode(digest).decode(), path.stat().st_size
