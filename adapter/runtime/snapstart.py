"""SnapStart: what an app has to do before its process is frozen, and when a copy of it goes on.

    from adapter.runtime.snapstart import after_restore, before_snapshot

    @before_snapshot
    def close_connections(): ...

    @after_restore
    def connect(): ...

Functions that AWS's `snapshot_restore_py` has registered are called as well.
https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
"""

from __future__ import annotations

import sys
from functools import partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Hook = TypeVar("Hook", bound=Callable[[], object])

_BEFORE: list[Callable[[], object]] = []
_AFTER: list[Callable[[], object]] = []


def before_snapshot(hook: Hook) -> Hook:
    """Call `hook()` when the app has started, before its memory is kept; the last one first."""
    _BEFORE.append(hook)
    return hook


def after_restore(hook: Hook) -> Hook:
    """Call `hook()` in each environment that begins with that memory; the first one first."""
    _AFTER.append(hook)
    return hook


def run_before_snapshot() -> None:
    """Raises what a hook raises."""
    for hook in [*_others("get_before_snapshot"), *_BEFORE][::-1]:
        hook()


def run_after_restore() -> None:
    """Raises what a hook raises."""
    _seed()
    for hook in [*_others("get_after_restore"), *_AFTER]:
        hook()


def _seed() -> None:
    """Environments that began with the same memory would draw the same random numbers."""
    random = sys.modules.get("random")
    if random is not None:
        random.seed()


def _others(name: str) -> list[Callable[[], object]]:
    """The hooks of AWS's own package, if the app has imported it: triples of a call."""
    module = sys.modules.get("snapshot_restore_py")
    if module is None:
        return []
    return [partial(hook, *args, **options) for hook, args, options in getattr(module, name)()]
