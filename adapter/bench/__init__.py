"""`adapter bench`: how long cold and warm starts take, and what they cost.

The line: calls → runs, as Lambda's REPORT line tells of each → rows of figures → a table, a CSV
file, a plot. Locally and deployed it is the same line, so that the figures have the same meaning.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import AdapterError
from ..report import Run

Report = Callable[[str, int, int], None]
"""Called with what is being done, and how much of how much is."""


class BenchError(AdapterError):
    """There are no figures; the text says whose fault it is, and what to do."""


@dataclass(frozen=True)
class Series:
    """The runs of one function with so much memory.

    function      as people know it: main:app, users, shop:prod
    runtime       python3.13; of a local one with the Python that has really run
    architecture  "x86_64" or "arm64": by which the price goes
    memory        MB
    cold, warm    in the order of the calls
    """

    function: str
    runtime: str
    architecture: str
    memory: int
    cold: tuple[Run, ...]
    warm: tuple[Run, ...]


def billed(total: float) -> float:
    """What Lambda charges for so many ms: begun ones are whole ones, and init is part of it.

    https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
    """
    return float(max(1, math.ceil(total)))
