"""What may go wrong with a call, at the caller's."""

from __future__ import annotations

from ..errors import AdapterError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class FunctionError(AdapterError):
    """The function that was called failed.

    function  its name
    type      of its error: ValueError, or Lambda's own as Sandbox.Timedout
    message   what the error says
    trace     where it was raised, as Python prints it, an entry for each frame; may be empty

    https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
    """

    def __init__(self, function: str, type: str, message: str, trace: list[str]) -> None:  # noqa: A002
        super().__init__(function, type, message, trace)
        self.function = function
        self.type = type
        self.message = message
        self.trace = trace
        if trace:
            self.add_note(f"in the function {function}:\n{''.join(trace).rstrip()}")

    @classmethod
    def of(cls, function: str, document: Any) -> FunctionError:
        """Of the error document that Lambda hands to the caller, whatever is in it."""
        found = document if isinstance(document, dict) else {"errorMessage": document}
        trace = found.get("stackTrace")
        return cls(
            function,
            str(found.get("errorType") or "Unknown"),
            str(found.get("errorMessage") or ""),
            [str(entry) for entry in trace] if isinstance(trace, list) else [],
        )

    def __str__(self) -> str:
        return f"{self.function} failed: {self.type}: {self.message}".removesuffix(": ")


class PayloadTooLarge(AdapterError):  # noqa: N818  # the name of AWS's own error for it
    """A message is larger than Lambda takes, or a result than it returns."""


class CallDepthError(AdapterError):
    """Functions call each other without an end; the call was not made."""


class FunctionNotFoundError(AdapterError):
    """There is no such function here, or none with the alias of the caller."""
