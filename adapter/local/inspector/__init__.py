"""The inspector: what went through the local gateway, at `/_adapter`.

gateway ─watch→ History ─rows→ live (server-sent events) → the page
                   └──────details, copies, conversions──────┘
the page ─replay, edit and send→ gateway
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .app import Inspector
    from .history import History

__all__ = ["History", "Inspector"]


PATH = "/_adapter"


def is_below(path: str) -> bool:
    """Whether a request's path is the inspector's."""
    return path == PATH or path.startswith(PATH + "/")


_MODULES = {"History": ".history", "Inspector": ".app"}


def __getattr__(name: str) -> Any:
    """`History` is wanted at once, `Inspector` with the first look at its page (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name], __name__), name)
