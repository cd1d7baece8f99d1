"""What Lambda writes at the end of an invocation's log, as a line of text or as JSON.

https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html#platform-report
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import AdapterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class ReportError(AdapterError):
    """There is no report, or it lacks a figure; the text says what to do."""


@dataclass(frozen=True)
class Run:
    """One invocation. Times are in ms.

    duration  from the event to the moment at which the runtime has no more to do with it
    billed    what Lambda charges
    used      the most memory that the environment has had so far, in MB
    init      of a cold start: from the start of the environment until it takes an event
    """

    duration: float
    billed: float
    used: int = 0
    init: float | None = None

    @property
    def total(self) -> float:
        return self.duration + (self.init or 0)


_TEXT = "REPORT RequestId:"
# Of a function with SnapStart a cold start restores, and has no init.
# https://docs.aws.amazon.com/lambda/latest/dg/snapstart-monitoring.html
_NAMES = {
    "Duration": "durationMs",
    "Billed Duration": "billedDurationMs",
    "Memory Size": "memorySizeMB",
    "Max Memory Used": "maxMemoryUsedMB",
    "Init Duration": "initDurationMs",
    "Restore Duration": "restoreDurationMs",
}


def run_of(log: Iterable[str]) -> tuple[Run, int]:
    """(the run, the function's memory in MB), of the last report in a log.

    Raises ReportError if there is none, or if it lacks a figure.
    """
    found = [metrics for line in log if (metrics := _metrics(line))]
    try:
        return _run(found[-1]), int(found[-1]["memorySizeMB"])
    except (IndexError, KeyError, TypeError, ValueError):
        raise ReportError(
            "the log of a call has no REPORT line with its duration, which Lambda writes at its "
            "end: is the log level for system logs WARN? Set it to INFO"
        ) from None


def _run(metrics: Mapping[str, Any]) -> Run:
    init = metrics.get("initDurationMs", metrics.get("restoreDurationMs"))
    return Run(
        float(metrics["durationMs"]),
        float(metrics["billedDurationMs"]),
        int(metrics.get("maxMemoryUsedMB", 0)),
        None if init is None else float(init),
    )


def _metrics(line: str) -> dict[str, Any]:
    """{durationMs: …} of a line that is a report; nothing of any other."""
    if line.startswith(_TEXT):
        return dict(_figures(line))
    return _json(line) if '"platform.report"' in line else {}


def _figures(line: str) -> Iterable[tuple[str, float]]:
    for part in line.split("\t"):
        name, _, value = part.strip().partition(": ")
        if name in _NAMES:
            yield _NAMES[name], float(value.split()[0])


def _json(line: str) -> dict[str, Any]:
    """Nothing of what only looks so: an app may write what it likes."""
    try:
        told = json.loads(line)
        metrics = told["record"]["metrics"] if told["type"] == "platform.report" else {}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return metrics if isinstance(metrics, dict) else {}
