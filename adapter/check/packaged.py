"""Whether there can be a package, how large it is, and for which processor what is in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..config import ConfigError
from ..package import PackageError, dependencies, elf
from ..package.build import build, requirements_of
from ..package.dependencies import Wanted
from ..package.jobs import jobs_of
from ..package.limits import UNZIPPED, UPLOAD, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..package import File, Package, Report
    from ..package.build import Job
    from . import Finding, Subject

WHAT = "package"
_SHOWN = 15


@dataclass(frozen=True)
class Owner:
    """What one distribution brings: bytes, and compiled objects by their processor."""

    name: str
    size: int
    objects: Counter[str]


def check(subject: Subject, report: Report) -> Iterator[Finding]:
    """The package is made, where `adapter package` would: that finds it then."""
    try:
        [job] = jobs_of([subject.function], subject.packaging)
        package = build(job, report)
        found = owners(job)
    except (PackageError, ConfigError, OSError) as error:
        yield subject.problem(WHAT, str(error))
        return
    yield subject.ok(WHAT, _sizes(package), _rows(found))
    for note in package.notes:
        yield subject.remark(WHAT, note)


def owners(job: Job) -> list[Owner]:
    """Of what a package has besides the app's own files, the largest first."""
    wanted = Wanted(requirements_of(job), job.target, job.settings, job.interpreter)
    files, _ = dependencies.get(wanted, job.output)
    by: defaultdict[str, list[File]] = defaultdict(list)
    for file in files:
        by[file.owner].append(file)
    found = [_owner(name, of) for name, of in by.items()]
    return sorted(found, key=lambda owner: (-owner.size, owner.name))


def _owner(name: str, files: list[File]) -> Owner:
    objects = Counter(machine for file in files if (machine := elf.machine(file.source)))
    return Owner(name, sum(file.source.stat().st_size for file in files), objects)


def _sizes(package: Package) -> str:
    zips = " and ".join(shown(archive.zipped) for archive in package.archives)
    return (
        f"{shown(package.unzipped)} unzipped, of {shown(UNZIPPED)}; {zips} zipped, of "
        f"{shown(UPLOAD)} that go without S3"
    )


def _rows(found: list[Owner]) -> tuple[tuple[str, ...], ...]:
    rows = [(one.name, shown(one.size), _platform(one)) for one in found[:_SHOWN]]
    rest = found[_SHOWN:]
    if rest:
        objects = sum((one.objects for one in rest), Counter[str]())
        more = Owner(f"{len(rest)} others", sum(one.size for one in rest), objects)
        rows.append((more.name, shown(more.size), _platform(more)))
    return (("installed", "unzipped", "for"), *rows)


def _platform(owner: Owner) -> str:
    told = [f"{machine}, {count} objects" for machine, count in sorted(owner.objects.items())]
    return "; ".join(told).replace(", 1 objects", ", 1 object") or "any processor"
