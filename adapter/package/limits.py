"""What Lambda takes.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from . import PackageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from . import Archive, File

UPLOAD = 50 * 1024 * 1024
"""Bytes of a zip that is sent to Lambda itself; larger ones go through S3."""

UNZIPPED = 250 * 1024 * 1024
"""Bytes of a function and its layers together, unzipped."""

_SHOWN = 10


def check(files: Iterable[File]) -> None:
    """Raises PackageError for more than Lambda unzips, with who takes the most."""
    taken: Counter[str] = Counter()
    for file in files:
        taken[file.owner] += file.source.stat().st_size
    if taken.total() <= UNZIPPED:
        return
    listed = "\n".join(f"  {shown(size):>9}  {owner}" for owner, size in taken.most_common(_SHOWN))
    raise PackageError(
        f"unzipped this is {shown(taken.total())}, and Lambda takes {shown(UNZIPPED)}, layers "
        f"included. The largest:\n{listed}\n"
        "Leave something out, or make a container image of it (--container): that may have 10 GB"
    )


def notes(archives: Iterable[Archive]) -> list[str]:
    """Of archives that can't be sent to Lambda itself."""
    return [
        f"{archive.path.name} is {shown(archive.zipped)}: over {shown(UPLOAD)} an upload goes "
        "through S3"
        for archive in archives
        if archive.zipped > UPLOAD
    ]


def shown(size: int) -> str:
    """1.5 MB, 12 kB; 1 MB is 1024 * 1024 bytes, as in Lambda's limits."""
    if size >= 1024 * 1024:
        return f"{size / 1024 / 1024:.1f} MB"
    return f"{-(-size // 1024)} kB"
