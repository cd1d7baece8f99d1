"""How long the imports of a function take, by package.

https://docs.python.org/3/using/cmdline.html#cmdoption-X
"""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import child

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from subprocess import CompletedProcess

    from ..config import Function
    from ..package import Report
    from . import Finding, Subject

WHAT = "imports"
_BEGIN = "adapter check: imports begin"
# The interpreter's lines pass by the buffer of print. `__import__`, since importlib.import_module,
# which `load` calls, is not timed by itself: the app's own module would be missing.
_PROGRAM = (
    f"import os, sys; os.write(2, b'{_BEGIN}\\n'); from adapter.runtime.load import load; "
    "__import__(sys.argv[2]); load(sys.argv[1])"
)
_LINE = re.compile(r"import time:\s*(\d+) \|\s*(\d+) \|( +)(\S+)")
_SHOWN = 10
_INIT_S = 10  # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html


@dataclass(frozen=True)
class Import:
    """A line of Python's: a module, in µs without and with what it imports; how deep it stands."""

    module: str
    own: int
    cumulative: int
    depth: int


@dataclass(frozen=True)
class Package:
    """A top-level package, in ms.

    cumulative  with what it imports of others
    own         without that
    """

    name: str
    cumulative: float
    own: float
    modules: int


def check(subject: Subject, report: Report) -> Iterator[Finding]:
    """Nothing of what can't be loaded: another check says that."""
    if not subject.ours:
        return
    report(f"timing the imports of {subject.function.handler}", 0, 0)
    try:
        done = _timed(subject.function)
    except subprocess.TimeoutExpired:
        return
    if done.returncode:
        return
    found = imports(done.stderr)
    total = sum(one.cumulative for one in found if one.depth == 0) / 1000
    text = f"{total:.0f} ms for {len(found)} modules, our runtime's among them"
    if total > _INIT_S * 1000:
        remedy = "import what few requests need within the functions that need it"
        yield subject.problem(WHAT, f"{text}; Lambda gives {_INIT_S} s for the start", remedy)
    else:
        yield subject.ok(WHAT, text, _rows(packages(found)))


def _timed(function: Function) -> CompletedProcess[str]:
    colon = ":" in function.handler
    module = function.handler.partition(":")[0] if colon else function.handler.rpartition(".")[0]
    name = module.removeprefix("./").replace("/", ".")
    return child.run(function, ["-X", "importtime", "-c", _PROGRAM, function.handler, name])


def imports(said: str) -> list[Import]:
    """The lines of `-X importtime`, in their order: a module comes after those it imports."""
    _, _, ours = said.rpartition(f"{_BEGIN}\n")
    return [
        Import(match[4], int(match[1]), int(match[2]), (len(match[3]) - 1) // 2)
        for line in ours.splitlines()
        if (match := _LINE.fullmatch(line.rstrip()))
    ]


def packages(found: Iterable[Import]) -> list[Package]:
    """By their cumulative time, the slowest first."""
    own: defaultdict[str, int] = defaultdict(int)
    cumulative: defaultdict[str, int] = defaultdict(int)
    modules: defaultdict[str, int] = defaultdict(int)
    above: list[str] = []  # the packages of the modules that import this one
    for one in reversed(list(found)):
        name = one.module.partition(".")[0]
        del above[one.depth :]
        if name not in above:
            cumulative[name] += one.cumulative
        above.append(name)
        own[name] += one.own
        modules[name] += 1
    made = [Package(name, cumulative[name] / 1000, own[name] / 1000, modules[name]) for name in own]
    return sorted(made, key=lambda package: (-package.cumulative, package.name))


def _rows(found: Iterable[Package]) -> tuple[tuple[str, ...], ...]:
    head = ("package", "ms", "of its own", "modules")
    rows = [
        (one.name, f"{one.cumulative:.1f}", f"{one.own:.1f}", str(one.modules))
        for one in list(found)[:_SHOWN]
    ]
    return (head, *rows)
