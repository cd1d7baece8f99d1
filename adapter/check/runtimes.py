"""Whether Lambda still takes a runtime, on a given day.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html#runtime-support-policy
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..package import Report
    from . import Finding, Subject

WHAT = "runtime"


class End(NamedTuple):
    """From when on there are no more updates of it, no new functions, and no changed ones."""

    deprecated: date
    no_create: date
    no_update: date


# The tables of https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html and, for the last
# two, of https://docs.aws.amazon.com/lambda/latest/dg/go-image.html, as of November 2026; AWS has
# moved such days before. python3.15 is a preview without days.
ENDS: dict[str, End | None] = {
    "python3.15": None,
    "python3.14": End(date(2029, 6, 30), date(2029, 7, 31), date(2029, 8, 31)),
    "python3.13": End(date(2029, 6, 30), date(2029, 7, 31), date(2029, 8, 31)),
    "python3.12": End(date(2028, 10, 31), date(2028, 11, 30), date(2029, 1, 10)),
    "python3.11": End(date(2027, 6, 30), date(2027, 7, 31), date(2027, 8, 31)),
    "python3.10": End(date(2026, 10, 31), date(2026, 11, 30), date(2027, 1, 15)),
    "python3.9": End(date(2025, 12, 15), date(2026, 8, 31), date(2026, 9, 30)),
    "python3.8": End(date(2024, 10, 14), date(2026, 8, 31), date(2026, 9, 30)),
    "provided.al2023": End(date(2029, 6, 30), date(2029, 7, 31), date(2029, 8, 31)),
    "provided.al2": End(date(2026, 7, 31), date(2027, 2, 1), date(2027, 3, 3)),
}
_SOON_DAYS = 180  # as long before it AWS writes to those who have such functions
_NEWER = "take a newer one: python3.13, for example"


def check(subject: Subject, report: Report) -> Iterator[Finding]:
    name, today = subject.function.runtime, subject.today
    if not name.startswith(("python", "provided")):
        yield subject.remark(WHAT, f"nothing is known here of {name}'s end of life")
        return
    if name not in ENDS:
        text = f"{name} is not known here, where {next(iter(ENDS))} is the newest"
        yield subject.remark(WHAT, text, "is the name right?")
        return
    end = ENDS[name]
    if end is None:
        yield subject.remark(WHAT, f"{name} is a preview, which may change")
    elif today >= end.no_update:
        text = f"Lambda has not taken new or changed functions with {name} since {end.no_update}"
        yield subject.problem(WHAT, text, _NEWER)
    elif today >= end.no_create:
        text = f"Lambda takes no new functions with {name} since {end.no_create}"
        yield subject.problem(WHAT, f"{text}, and no changed ones from {end.no_update} on", _NEWER)
    elif today >= end.deprecated:
        text = f"{name} gets no security updates since {end.deprecated}"
        yield subject.remark(WHAT, f"{text}; no new functions from {end.no_create} on", _NEWER)
    elif (end.deprecated - today).days <= _SOON_DAYS:
        yield subject.remark(WHAT, f"{name} is supported until {end.deprecated}", _NEWER)
    else:
        yield subject.ok(WHAT, f"{name} is supported until {end.deprecated}")
