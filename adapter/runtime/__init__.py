"""The runtime: GET /next → handler(event, context) → POST /response, for the life of a process.

    python -m adapter.runtime main:app
    python -c 'from adapter.runtime import start; start()' main:app

The second does the same without Python's `runpy`, which takes 4 to 8 ms of a cold start.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
"""

from __future__ import annotations

import sys

from .main import main

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["main", "start"]


def start() -> NoReturn:
    """Be the runtime of this process, and end with it."""
    sys.exit(main(sys.argv[1:]))
