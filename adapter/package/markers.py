"""What pip overlooks: it judges `; platform_machine == "aarch64"` by the machine that it runs on.

https://packaging.python.org/en/latest/specifications/dependency-specifiers/#environment-markers
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.requirements import Requirement

    from . import Target
    from .installed import Installed


def overlooked(
    asked: Iterable[Requirement], found: Iterable[Installed], target: Target
) -> tuple[str, ...]:
    """Requirements that hold on the target, and of which nothing is there; without conditions.

    What is needed for an extra is passed over: nobody tells which ones were asked for.
    """
    found = tuple(found)
    there = {one.name for one in found}
    every = (*asked, *(need for one in found for need in one.needs))
    return tuple(sorted({_plain(need) for need in every if _is_missing(need, there, target)}))


def _is_missing(need: Requirement, there: set[str], target: Target) -> bool:
    if need.marker is None or canonicalize_name(need.name) in there:
        return False
    return need.marker.evaluate(_environment(target))


def _plain(need: Requirement) -> str:
    return str(need).partition(";")[0].strip()


def _environment(target: Target) -> dict[str, str]:
    return {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": target.machine,
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_version": target.python,
        "sys_platform": "linux",
        "extra": "",
    }
