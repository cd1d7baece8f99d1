"""The runs as a picture: an SVG with a row for each function and kind of start.

A dot is a run; the box goes from the first quartile to the third, with a line at the median; the
whiskers reach the least and the greatest. The axis is logarithmic, since a cold start takes a
hundred times as long as a warm one.
"""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .figures import Row

_WIDTH, _LEFT, _RIGHT, _TOP, _ROW, _BOTTOM = 860, 250, 90, 64, 46, 56
_BOX, _SPREAD = 18, 13  # px: how high a box is, and how far dots are from the middle
_STEPS = (1, 2, 5)
_PADDING = 1.15  # of the axis, beyond the least and the greatest value
_LABEL = 28  # characters that fit
_LEGEND = "a dot is a call, a box the middle half, the figure the median"

_STYLE = """
  svg { color: #1f2328; background: #ffffff; font: 13px system-ui, sans-serif }
  .cold { color: #0969da } .init { color: #8250df } .warm { color: #bc4c00 }
  text { fill: currentColor } .title { font-size: 16px; font-weight: 600 } .quiet { opacity: .7 }
  .grid { stroke: #8c959f; stroke-opacity: .35 } .whisker { stroke: currentColor }
  .box { fill: currentColor; fill-opacity: .18; stroke: currentColor }
  .median { stroke: currentColor; stroke-width: 2.5 }
  .dot { fill: currentColor; fill-opacity: .55 }
  @media (prefers-color-scheme: dark) {
    svg { color: #e6edf3; background: #0d1117 }
    .cold { color: #58a6ff } .init { color: #bc8cff } .warm { color: #ffa657 }
  }
"""


def svg(rows: Sequence[Row]) -> str:
    """A whole document, of at least one row."""
    values = [value for row in rows for value in row.values]
    axis = _Axis(min(values), max(values))
    height = _TOP + _ROW * len(rows) + _BOTTOM
    several = len({row.memory for row in rows}) > 1
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img" aria-labelledby="title desc">',
        '<title id="title">Cold and warm starts, in milliseconds</title>',
        f'<desc id="desc">{escape(_described(rows))}</desc>',
        f"<style>{_STYLE}</style>",
        '<text class="title" x="20" y="30">Cold and warm starts</text>',
        f'<text class="quiet" x="{_WIDTH - 20}" y="30" text-anchor="end">{_LEGEND}</text>',
        *_grid(axis, len(rows)),
    ]
    for number, row in enumerate(rows):
        parts += _row(row, axis, _TOP + _ROW * number + _ROW // 2, several=several)
    return "\n".join([*parts, "</svg>", ""])


class _Axis:
    """From ms to px."""

    def __init__(self, least: float, greatest: float) -> None:
        self.least = math.log10(max(least, 0.01) / _PADDING)
        self.greatest = math.log10(max(greatest, 0.01) * _PADDING)

    def x(self, value: float) -> float:
        share = (math.log10(max(value, 0.01)) - self.least) / (self.greatest - self.least)
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)

    def ticks(self) -> list[float]:
        """1, 2, 5, 10, 20 and so on, as far as they are on it; less of them on a long one."""
        powers = range(math.floor(self.least), math.ceil(self.greatest) + 1)
        steps = _STEPS if self.greatest - self.least < 3 else _STEPS[:1]
        found = [step * 10.0**power for power in powers for step in steps]
        return [tick for tick in found if self.least <= math.log10(tick) <= self.greatest]


def _grid(axis: _Axis, rows: int) -> Iterator[str]:
    bottom = _TOP + _ROW * rows
    for tick in axis.ticks():
        x = axis.x(tick)
        yield f'<line class="grid" x1="{x}" y1="{_TOP - 8}" x2="{x}" y2="{bottom}"/>'
        yield f'<text x="{x}" y="{bottom + 18}" text-anchor="middle">{tick:g}</text>'
    middle = (_LEFT + _WIDTH - _RIGHT) // 2
    yield f'<text class="quiet" x="{middle}" y="{bottom + 40}" text-anchor="middle">'
    yield "milliseconds, logarithmic</text>"


def _row(row: Row, axis: _Axis, y: int, *, several: bool) -> Iterator[str]:
    """several: whether there are several amounts of memory, which tell rows apart then"""
    name = row.function if len(row.function) <= _LABEL else f"{row.function[: _LABEL - 1]}…"
    memory = f", {row.memory} MB" if several else ""
    yield f'<text x="{_LEFT - 16}" y="{y - 2}" text-anchor="end">{escape(name)}</text>'
    yield f'<text class="{row.kind}" x="{_LEFT - 16}" y="{y + 14}" text-anchor="end">'
    yield f"{row.kind}{memory}</text>"
    yield f'<g class="{row.kind}">'
    yield from _box(row, axis, y)
    for number, value in enumerate(row.values):
        yield f'<circle class="dot" cx="{axis.x(value)}" cy="{y + _offset(number)}" r="2.5"/>'
    x = axis.x(max(row.values)) + 8
    yield f'<text x="{x}" y="{y + 5}">{_ms(row.percentile(50))}</text></g>'


def _box(row: Row, axis: _Axis, y: int) -> Iterator[str]:
    first, median, third = map(axis.x, row.quartiles)
    least, greatest = axis.x(min(row.values)), axis.x(max(row.values))
    top, bottom = y - _BOX // 2, y + _BOX // 2
    yield f'<line class="whisker" x1="{least}" y1="{y}" x2="{greatest}" y2="{y}"/>'
    yield (
        f'<rect class="box" x="{first}" y="{top}" width="{round(third - first, 1)}" '
        f'height="{_BOX}" rx="2"/>'
    )
    yield f'<line class="median" x1="{median}" y1="{top}" x2="{median}" y2="{bottom}"/>'


def _offset(number: int) -> float:
    """So that dots don't hide one another: the same for the same runs."""
    return round(((number * 0.618034) % 1 - 0.5) * 2 * _SPREAD, 1)


def _described(rows: Sequence[Row]) -> str:
    return "; ".join(
        f"{row.function}, {row.kind}: median {_ms(row.percentile(50))} of {len(row.values)}"
        for row in rows
    )


def _ms(value: float) -> str:
    return f"{value:.0f} ms" if value >= 100 else f"{value:.3g} ms"
