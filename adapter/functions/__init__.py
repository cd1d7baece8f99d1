"""Functions that call functions: at once, later, many at a time, and how far they are.

    fns = Functions("insight-{name}", redis=os.environ.get("REDIS_URL"))

    @fns.function
    def price(message): ...

    fns.call("price", {"tariff": 1})

Through boto3 on Lambda, or wherever AWS_ENDPOINT_URL_LAMBDA points; elsewhere within the process.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .alias import environment, setting
    from .errors import CallDepthError, FunctionError, FunctionNotFoundError, PayloadTooLarge
    from .functions import Functions
    from .run import Run
    from .state import Progress, RunState

__all__ = [
    "CallDepthError",
    "FunctionError",
    "FunctionNotFoundError",
    "Functions",
    "PayloadTooLarge",
    "Progress",
    "Run",
    "RunState",
    "environment",
    "setting",
]

_HOME = {
    "CallDepthError": "errors",
    "FunctionError": "errors",
    "FunctionNotFoundError": "errors",
    "Functions": "functions",
    "PayloadTooLarge": "errors",
    "Progress": "state",
    "Run": "run",
    "RunState": "state",
    "environment": "alias",
    "setting": "alias",
}


def __getattr__(name: str) -> object:
    """Loaded when they are first used (PEP 562): a function that sends nothing needs no Run."""
    if name not in _HOME:
        raise AttributeError(f"module 'adapter.functions' has no attribute {name!r}")
    module = __import__(f"{__name__}.{_HOME[name]}", fromlist=[name])
    value: object = getattr(module, name)
    globals()[name] = value
    return value
