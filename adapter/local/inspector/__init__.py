"""The inspector: what went through the local gateway, at `/_adapter`.

gateway ─watch→ History ─rows→ live (server-sent events) → the page
                   └──────details, copies, conversions──────┘
the page ─replay, edit and send→ gateway
"""

from .app import Inspector
from .history import History

__all__ = ["History", "Inspector"]
