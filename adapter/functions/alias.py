"""The alias is the environment: dev, staging, prod.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
"""

from __future__ import annotations

import os
from contextvars import ContextVar

from ..context import CURRENT
from ..errors import AdapterError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEVELOPMENT = "dev"

INVOKED: ContextVar[Any] = ContextVar("adapter.functions.invoked", default=None)
"""The context that a function of ours was called with, which may be AWS's own object."""


def context() -> Any:
    """That of the invocation which this code runs for, or None."""
    return CURRENT.get() or INVOKED.get()


def is_on_aws() -> bool:
    """Whether this is Lambda, and not `adapter dev`."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ and not os.environ.get("ADAPTER_LOCAL")


def environment() -> str:
    """The alias by which the function was called that this code runs for; `dev` without one.

    Raises AdapterError on AWS where no invocation is known, so that nothing of one environment is
    taken for another's: at import, and in threads that did not get a copy of the context.
    """
    invoked = context()
    if invoked is None and is_on_aws():
        raise AdapterError(
            "the environment is not known here: Lambda names the alias with each invocation, so "
            "ask inside a function or view, not at import; start threads of your own with "
            "contextvars.copy_context().run"
        )
    arn = getattr(invoked, "invoked_function_arn", "") or ""
    return alias_of(arn) or _tried_for(invoked) or DEVELOPMENT


def alias_of(arn: str) -> str:
    """`prod` of arn:aws:lambda:eu-west-1:123456789012:function:price:prod; "" without an alias.

    An alias is no number, so that it differs from a version.
    https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html
    """
    parts = arn.split(":")
    qualifier = parts[7] if len(parts) > 7 else ""
    return "" if qualifier.startswith("$LATEST") or qualifier.isdecimal() else qualifier


def _tried_for(invoked: Any) -> str:
    """The stage that a version is to be released in: `adapter deploy` tries it by its number."""
    custom = getattr(getattr(invoked, "client_context", None), "custom", None)
    return str(custom.get("adapter:stage", "")) if isinstance(custom, dict) else ""


def setting(name: str, default: str | None = None) -> str:
    """A text that differs by environment. In `prod`, DATABASE_URL is the first that there is of:

    - the variable PROD_DATABASE_URL
    - SSM's parameter /shop/prod/DATABASE_URL, if the variable ADAPTER_PARAMETERS is /shop/
    - DATABASE_URL in [tool.adapter.stages.prod.settings] of pyproject.toml, out of the package
    - the variable DATABASE_URL
    - the default

    SSM is asked once in five minutes, and that call waits for the answer.

    Raises AdapterError if there is none of them, if SSM can't be asked, and what `environment`
    raises.
    """
    from . import settings

    return settings.of(environment(), name, default)
