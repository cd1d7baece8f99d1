"""The runtime: GET /next → handler(event, context) → POST /response, for the life of a process.

    python -m adapter.runtime main:app

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
"""

from .main import main

__all__ = ["main"]
