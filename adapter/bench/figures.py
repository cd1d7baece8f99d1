"""Rows of figures, of series of runs. Times are in ms.

The deviation is that of a sample (n - 1). A percentile lies between the two nearest values, in
proportion (`inclusive` of https://docs.python.org/3/library/statistics.html#statistics.quantiles,
and what numpy and Excel's PERCENTILE.INC take).
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..report import Run
    from . import Series
    from .prices import Prices

MILLION = 1_000_000
PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class Row:
    """What came of one kind of start.

    kind        "cold", "init", "warm": init is the part of a cold start before the event
    values      ms, in the order of the calls
    gb_seconds  of a million such calls; None of an init alone
    price       of these, with the price of the calls; None of an init alone
    """

    function: str
    kind: str
    memory: int
    runtime: str
    architecture: str
    values: tuple[float, ...]
    gb_seconds: float | None = None
    price: float | None = None

    @property
    def average(self) -> float:
        return statistics.fmean(self.values)

    @property
    def deviation(self) -> float | None:
        """None of fewer than two values."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None

    def percentile(self, number: int) -> float:
        """Of a number from 1 to 99."""
        if len(self.values) == 1:
            return self.values[0]
        return statistics.quantiles(self.values, n=100, method="inclusive")[number - 1]

    @property
    def quartiles(self) -> tuple[float, float, float]:
        return self.percentile(25), self.percentile(50), self.percentile(75)


def rows(series: Iterable[Series], prices: Prices) -> list[Row]:
    """For each series its cold starts, what of them is init, and its warm ones."""
    return [row for one in series for row in _rows(one, prices)]


def _rows(one: Series, prices: Prices) -> Iterable[Row]:
    if one.cold:
        yield _row(one, "cold", one.cold, prices)
        yield Row(*_begin(one, "init"), tuple(run.init or 0 for run in one.cold))
    if one.warm:
        yield _row(one, "warm", one.warm, prices)


def _row(one: Series, kind: str, runs: Sequence[Run], prices: Prices) -> Row:
    seconds = statistics.fmean(run.billed for run in runs) / 1000
    gb_seconds = seconds * one.memory / 1024 * MILLION
    price = prices.of(one.architecture, gb_seconds, MILLION)
    return Row(*_begin(one, kind), tuple(run.total for run in runs), gb_seconds, price)


def _begin(one: Series, kind: str) -> tuple[str, str, int, str, str]:
    return one.function, kind, one.memory, one.runtime, one.architecture


def shown(row: Row, currency: str) -> dict[str, Any]:
    """As JSON has it."""
    return {
        "function": row.function,
        "kind": row.kind,
        "memory": row.memory,
        "runtime": row.runtime,
        "architecture": row.architecture,
        "n": len(row.values),
        "average": round(row.average, 3),
        "deviation": None if row.deviation is None else round(row.deviation, 3),
        **{f"p{number}": round(row.percentile(number), 3) for number in PERCENTILES},
        "gb_seconds_of_a_million": row.gb_seconds,
        "price_of_a_million": row.price,
        "currency": currency,
        "values": [round(value, 3) for value in row.values],
    }
