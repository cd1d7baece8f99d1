"""New environments when a file changes: `adapter dev` without `--no-reload`.

What counts is the code, the templates and the settings below the working folder, by their names. A
file of data (JSON, YAML) that is written while the app is at work is taken for the app's own.
"""

from __future__ import annotations

import asyncio
import os
import time
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING

import click
from watchfiles import Change, awatch

from .layers import bases, code_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .invocation import Outcome
    from .process import Log
    from .terminal import Terminal
    from .workers import Pool

CODE = frozenset(
    {".py", ".html", ".htm", ".jinja", ".jinja2", ".j2", ".mako", ".toml", ".ini", ".cfg"}
)
FOREIGN = {"nodejs": frozenset({".js", ".mjs", ".cjs"}), "provided.al": frozenset({"", ".sh"})}
"""The code of functions that other runtimes run, by the beginning of their names."""
DATA = frozenset({".json", ".yaml", ".yml"})
IGNORED = frozenset({"__pycache__", "node_modules", "site-packages"})  # and those with a dot

_QUIET_MS = 100  # without a change, and a burst of them is over
_AT_MOST_MS = 1500  # for a folder in which something is always written
PATIENCE_S = 1.0  # in which a save is noticed, unless many follow each other
_NAMED = 3


class Reloader:
    """Watches a folder, and functions and layers elsewhere; renews the pools whose files change.

    A file that is in no function's folder, nor in a layer, counts for each. `problem` is told of a
    function that does not start any more, with the reason; without one when it does again.
    """

    def __init__(
        self,
        pools: Sequence[Pool],
        folder: Path,
        variables: Callable[[Log], dict[str, str]],
        terminal: Terminal,
        problem: Callable[[str, Outcome | None], None] = lambda name, outcome: None,
    ) -> None:
        self._pools = pools
        folders = dict.fromkeys(one for pool in pools for one in code_of(pool.function))
        self._roots = [folder, *(one for one in folders if not one.is_relative_to(folder))]
        self._variables = variables
        self._log, self._note = terminal.show, terminal.note
        self._problem = problem
        self._told: set[str] = set()  # files of the app's own, said once
        self._watching: asyncio.Task[None] | None = None
        self._renewing: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Watch from now on."""
        self._watching = asyncio.create_task(self._watch())
        await asyncio.sleep(0)  # its first step sets the watches

    async def stop(self) -> None:
        """Watch no more."""
        tasks = [*self._renewing.values(), *([self._watching] if self._watching else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self) -> None:
        changes = awatch(
            *self._roots, watch_filter=self._counts, step=_QUIET_MS, debounce=_AT_MOST_MS
        )
        try:
            async for changed in changes:
                self._reload(sorted({path for _, path in changed}))
        except (OSError, RuntimeError) as error:  # more folders than the system watches, mostly
            self._log(f"adapter: can't watch {self._roots[0]}, changes won't reload: {error}")

    def _reload(self, paths: list[str]) -> None:
        self._note(f"reloading: {named([self._name(path) for path in paths])} changed")
        forget_bytecode(paths)
        for pool in self._touched(paths):
            name = pool.function.name
            if name in self._renewing:
                self._renewing[name].cancel()
            self._renewing[name] = asyncio.create_task(self._renew(pool, paths))

    def _touched(self, paths: list[str]) -> list[Pool]:
        """The pools whose function or layers have one of these files; each, if none has it."""
        own = {pool: code_of(pool.function) for pool in self._pools}
        every = [folder for folders in own.values() for folder in folders]
        shared = [path for path in paths if not _in_any(path, every)]
        return [
            pool
            for pool, folders in own.items()
            if shared or any(_in_any(path, folders) for path in paths)
        ]

    async def _renew(self, pool: Pool, paths: list[str]) -> None:
        began = time.perf_counter()
        try:
            outcome = await pool.renew(self._variables(self._log))
        except OSError as error:  # the folder itself is gone
            self._log(f"adapter: can't reload: {error}")
            return
        self._problem(pool.function.name, outcome if outcome.failed else None)
        if outcome.failed:  # and the environment has said why
            forget_bytecode(paths)  # which one that is gone may have written since
        else:
            seconds = time.perf_counter() - began
            ready = f"{pool.function.name} ready" if len(self._pools) > 1 else "ready"
            self._note(click.style(f"{ready} again in {seconds:.2f} s", fg="bright_black"))

    def _counts(self, change: Change, path: str) -> bool:
        base = self._base(path)
        name = str(Path(path).relative_to(base))
        if change == Change.added and Path(path).is_dir():
            return not is_ignored(Path(name).parts) and self._holds_some(path)
        if not (is_watched(name) or self._is_foreign(path)) or in_virtualenv(base, name):
            return False
        return Path(path).suffix not in DATA or not self._is_the_app_s(change, path)

    def _holds_some(self, folder: str) -> bool:
        """Whether files that count came with a new folder: they may be there before its watch."""
        return any(
            self._counts(Change.added, os.path.join(where, file))
            for where, _, files in os.walk(folder)
            for file in files
        )

    def _is_the_app_s(self, change: Change, path: str) -> bool:
        """Whether a file of data was written while the app was at work."""
        if change == Change.deleted:
            return True
        try:
            written = Path(path).stat().st_mtime
        except OSError:  # it is gone again
            return True
        if not any(pool.hours.include(written) for pool in self._pools):
            return False
        if path not in self._told:
            self._told.add(path)
            said = f"{self._name(path)} was written while the app was at work: no reload for that"
            self._note(click.style(said, fg="bright_black"))
        return True

    def _is_foreign(self, path: str) -> bool:
        """Whether it is code of a function that another runtime runs."""
        file = Path(path)
        return not is_ignored(file.relative_to(self._base(path)).parts[:-1]) and any(
            file.suffix in FOREIGN.get(pool.function.runtime.rstrip("0123456789.x"), ())
            and _in_any(path, code_of(pool.function))
            for pool in self._pools
        )

    def _base(self, path: str) -> Path:
        """The folder from which its name counts: python/lib/…/site-packages of a layer is one."""
        every = [*self._roots, *(one for pool in self._pools for one in bases(pool.function))]
        around = [folder for folder in every if Path(path).is_relative_to(folder)]
        return max(around, key=lambda folder: len(folder.parts))

    def _root(self, path: str) -> Path:
        return next(root for root in self._roots if Path(path).is_relative_to(root))

    def _name(self, path: str) -> str:
        return str(Path(path).relative_to(self._root(path)))


def _in_any(path: str, folders: Iterable[Path]) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in folders)


def is_watched(name: str) -> bool:
    """Whether the name of a file, from the folder on, is one that counts."""
    *folders, file = Path(name).parts
    if is_ignored(folders):
        return False
    if file == ".env" or file.startswith(".env."):
        return True
    return not file.startswith(".") and Path(file).suffix in CODE | DATA


def is_ignored(folders: Iterable[str]) -> bool:
    return any(folder in IGNORED or folder.startswith(".") for folder in folders)


def in_virtualenv(folder: Path, name: str) -> bool:
    """Whether a folder on the way to a file is a virtual environment, whatever its name."""
    return any((folder / parent / "pyvenv.cfg").exists() for parent in Path(name).parents[:-1])


def named(names: list[str]) -> str:
    """The names, or how many there are."""
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{names[0]} and {len(names) - 1} other files"


def forget_bytecode(paths: Iterable[str]) -> None:
    """Python tells old bytecode by the second and by the size: two quick saves are one to it."""
    for path in paths:
        if path.endswith(".py"):
            try:
                Path(cache_from_source(path)).unlink(missing_ok=True)
            except (OSError, NotImplementedError):
                pass
