"""How everything here is timed, on a machine that is never quiet.

The contestants take turns: in each round every one of them runs for some milliseconds, in an
order that rotates from round to round, with the garbage collector off. A ratio is taken within
a round, where both sides saw the same machine, and the median of all rounds is what counts. The
clock is the process's CPU time: nothing here waits, so what it leaves out is other processes.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version

Series = list[float]
"""Microseconds per call, one figure for each round."""


def measure(
    contestants: dict[str, Callable[[], object]], rounds: int, seconds: float = 0.004
) -> dict[str, Series]:
    """The series of each contestant; `seconds` is how long its turn takes."""
    calls = {name: _calls_in(seconds, call) for name, call in contestants.items()}
    series: dict[str, Series] = {name: [] for name in contestants}
    for name in in_turns(list(contestants), rounds):
        gc.collect()
        gc.disable()
        try:
            elapsed = _time(contestants[name], calls[name])
        finally:
            gc.enable()
        series[name].append(elapsed / calls[name] * 1e6)
    return series


def in_turns(names: Sequence[str], rounds: int) -> list[str]:
    """Every name once in each round, in an order that rotates."""
    turns = []
    for number in range(rounds):
        first = number % len(names)
        turns += [*names[first:], *names[:first]]
    return turns


def _calls_in(seconds: float, call: Callable[[], object]) -> int:
    """How many calls take that long; finding out warms the contestant up."""
    calls = 1
    while (elapsed := _time(call, calls)) < seconds / 4:
        calls *= 2
    return max(1, round(calls * seconds / elapsed))


def _time(call: Callable[[], object], calls: int) -> float:
    turns = range(calls)
    start = time.process_time()
    for _ in turns:
        call()
    return time.process_time() - start


def over(series: Series, floor: Series) -> Series:
    """What `series` takes over `floor`, round by round."""
    return [value - less for value, less in zip(series, floor, strict=True)]


def ratio(ours: Series, theirs: Series) -> float:
    """The median of the rounds' ratios."""
    return statistics.median([one / other for one, other in zip(ours, theirs, strict=True)])


def print_table(
    title: str, rows: Sequence[tuple[str, Series, Series | None]], unit: str = "µs"
) -> None:
    """A line for each (name, series, series to divide by)."""
    width = max(44, *(len(name) for name, *_ in rows), len(title)) + 2
    print(f"\n{title:{width}}{f'min {unit}':>12}{f'median {unit}':>12}{'ratio':>9}")
    for name, series, base in rows:
        figures = f"{min(series):12.1f}{statistics.median(series):12.1f}"
        print(f"  {name:{width - 2}}{figures}{ratio(series, base) if base else 1:9.2f}")


class Targets:
    """The targets so far, and whether each was met."""

    def __init__(self) -> None:
        self.missed: list[str] = []
        self.met: list[str] = []

    def check(self, title: str, value: float, limit: float) -> None:
        fine = value <= limit
        (self.met if fine else self.missed).append(title)
        print(f"  target {value:.2f} <= {limit:.2f} {'met' if fine else 'MISSED'}")

    def finish(self, strict: bool) -> int:
        """Say how it went. The exit code: 1 if a target was missed and `strict` asks for it."""
        print(f"\n{len(self.met)} targets met, {len(self.missed)} missed", end="")
        print("".join(f"\n  missed: {title}" for title in self.missed))
        return 1 if strict and self.missed else 0


def arguments(description: str | None, rounds: int) -> argparse.ArgumentParser:
    """The options that every script has."""
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=rounds, help=f"default {rounds}")
    parser.add_argument("--strict", action="store_true", help="exit 1 if a target is missed")
    return parser


def print_machine(*packages: str) -> None:
    """Where and with what the figures were measured."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    load = os.getloadavg()[0]
    print(
        f"CPython {platform.python_version()}, {os.cpu_count()} CPUs, load {load:.1f}; {versions}"
    )
