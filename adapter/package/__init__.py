"""`adapter package`: an app and what it imports, as Lambda wants it.

The line: requirements → wheels for the target → files, of which some are left out → byte code →
zip. Until the zip all of it is values: which file goes where.

https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import AdapterError

Report = Callable[[str, int, int], None]
"""Called with what is being done, and how much of how much is; of 0 if nobody knows."""

TASK = "/var/task"
LAYER = "/opt/python"
ARCHITECTURES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""Lambda's names, and those of wheels and of `uname -m`."""

YOURS = "your files"
OURS = "apigw-adapter"
INTERPRETER = "Python"


class PackageError(AdapterError):
    """The package can't be made; the text says whose fault it is, and what to do."""


@dataclass(frozen=True)
class Target:
    """Where the package is to run.

    runtime       Lambda's name: python3.13, provided.al2023
    python        the version of the interpreter: "3.13"
    architecture  "x86_64" or "arm64"
    """

    runtime: str
    python: str
    architecture: str = "x86_64"

    @property
    def managed(self) -> bool:
        """Whether AWS's image brings the interpreter, and boto3."""
        return self.runtime.startswith("python")

    @property
    def machine(self) -> str:
        """x86_64 or aarch64: as wheels have it."""
        return ARCHITECTURES[self.architecture]

    @property
    def glibc(self) -> tuple[int, int]:
        """python3.11 is on Amazon Linux 2, all later ones and provided.al2023 on Amazon Linux 2023.

        https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
        https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html
        """
        return (2, 26) if self.runtime in ("python3.11", "provided.al2") else (2, 34)


@dataclass(frozen=True)
class File:
    """A file to be.

    path        in the archive: "flask/app.py"
    source      the file with its bytes
    owner       whose it is, for the table of sizes: "flask 3.1.3", "your files"
    executable  whether it is to be one on Lambda
    """

    path: str
    source: Path
    owner: str
    executable: bool = False


@dataclass(frozen=True)
class Part:
    """What one owner's files take, in bytes; `files` of them."""

    owner: str
    files: int
    unzipped: int
    zipped: int


@dataclass(frozen=True)
class Archive:
    """A zip that is there.

    inputs    a hash of all that it is made of
    sha256    of its bytes, in base64: what Lambda calls CodeSha256
    zipped    its size in bytes
    unzipped  that of its files
    parts     by owner, the largest first
    built     False if it was there, with the same inputs
    """

    path: Path
    inputs: str
    sha256: str
    zipped: int
    unzipped: int
    parts: tuple[Part, ...]
    built: bool = True


@dataclass(frozen=True)
class Package:
    """What there is to upload, and what the function has to be set to.

    layer      None if the dependencies are in the function's zip
    variables  environment variables that the package needs
    notes      what was left out, or is to be known, in sentences
    """

    name: str
    function: Archive
    layer: Archive | None
    handler: str
    runtime: str
    architecture: str
    variables: Mapping[str, str]
    notes: tuple[str, ...] = ()

    @property
    def archives(self) -> tuple[Archive, ...]:
        return (self.function, self.layer) if self.layer else (self.function,)

    @property
    def unzipped(self) -> int:
        return sum(archive.unzipped for archive in self.archives)


def nothing(what: str, done: int, total: int) -> None:
    """A Report that nobody reads."""
