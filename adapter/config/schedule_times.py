"""When a schedule is due: the expressions of EventBridge's rules and of EventBridge Scheduler.

    rate(5 minutes)    cron(0 9 ? * MON-FRI *)    at(2030-01-31T09:00:00)

AWS's cron is not Unix's: it has six fields, Sunday is 1, and of the two fields of days exactly one
is `?`. Standard library only.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import re
from calendar import monthrange, weekday
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo


class Field(NamedTuple):
    """A field of cron: its name, its limits, its values' names, and the wildcards besides , - *"""

    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()
    wildcards: str = "/"


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

FIELDS = (
    Field("minutes", 0, 59),
    Field("hours", 0, 23),
    Field("day-of-month", 1, 31, wildcards="/?LW"),
    Field("month", 1, 12, _MONTHS),
    Field("day-of-week", 1, 7, _DAYS, wildcards="?L#"),
    Field("year", 1970, 2199),
)
UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}


@dataclass(frozen=True)
class Rate:
    """Again and again, a period after the last time."""

    period: timedelta


@dataclass(frozen=True)
class Once:
    """At a time of the schedule's zone."""

    at: datetime


@dataclass(frozen=True)
class Cron:
    """The values of each field, in order; of the days what is written, for they need a month."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    day_of_month: str
    months: tuple[int, ...]
    day_of_week: str
    years: tuple[int, ...]


Times = Rate | Once | Cron

_EXPRESSION = re.compile(r"(rate|cron|at)\((.*)\)")
_RATE = re.compile(r"([0-9]{1,9}) +([a-z]+?)(s?)")
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII)
_NEAR = re.compile(r"(\d{1,2})W", re.ASCII)
_NTH = re.compile(r"(\w+)#(\w+)", re.ASCII)
_ITEM = re.compile(r"(\*|(\w+)(?:-(\w+))?)(?:/(\w+))?", re.ASCII)


def parsed(expression: str) -> Times:
    """Raises ValueError, whose text says what is wrong and in which field."""
    match = _EXPRESSION.fullmatch(expression.strip())
    if match is None:
        raise ValueError(
            f"{expression!r:.60} is none of rate(5 minutes), cron(0 9 ? * MON-FRI *) "
            "and at(2030-01-31T09:00:00)"
        )
    if match[1] == "rate":
        return _rate(match[2].strip())
    return _cron(match[2]) if match[1] == "cron" else _once(match[2].strip())


def zone_of(name: str) -> tzinfo:
    """A time zone by its IANA name. Raises ValueError."""
    if name == "UTC":  # which needs no database of time zones
        return UTC
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise ValueError(
            f"there is no time zone {name!r:.60}: write one as Europe/Berlin "
            "(a machine without such a database gets it by pip install tzdata)"
        ) from None


def next_after(
    times: Times, moment: datetime, zone: tzinfo = UTC, since: datetime | None = None
) -> datetime | None:
    """The first time after a moment, in UTC; None if there is none any more.

    A rate counts from `since`, or else from the moment. Daylight saving time is as Scheduler has
    it: what falls into the hour that is left out is left out, and the hour that comes twice counts
    once.
    """
    if isinstance(times, Rate):
        began = since or moment
        periods = max((moment - began) // times.period, 0) + 1
        return (began + periods * times.period).astimezone(UTC)
    for local in _locals(times, moment.astimezone(zone).replace(tzinfo=None)):
        found = local.replace(tzinfo=zone).astimezone(UTC)
        exists = found.astimezone(zone).replace(tzinfo=None) == local
        if exists and found > moment:
            return found
    return None


def _locals(times: Once | Cron, after: datetime) -> Iterator[datetime]:
    """Times on the clock on the wall, in order."""
    if isinstance(times, Once):
        yield from [times.at] if times.at > after else []
        return
    for year in times.years:
        for month in times.months if year >= after.year else ():
            for day in _days(times, year, month):
                if (year, month, day) >= (after.year, after.month, after.day):
                    for hour in times.hours:
                        for minute in times.minutes:
                            found = datetime(year, month, day, hour, minute)
                            if found > after:
                                yield found


def _rate(text: str) -> Rate:
    match = _RATE.fullmatch(text)
    if match is None or match[2] not in UNITS:
        raise ValueError(f"rate({text:.40}): write a number and minutes, hours or days")
    number, unit, several = int(match[1]), match[2], bool(match[3])
    if not number:
        raise ValueError("rate: the number must be 1 or more")
    if several != (number > 1):
        right = f"{number} {unit}{'s' if number > 1 else ''}"
        raise ValueError(f"rate({text}): a rule of AWS takes this only as rate({right})")
    try:
        period = number * UNITS[unit]
        datetime(2200, 1, 1) + period
    except OverflowError:
        raise ValueError(f"rate({text}): that is never") from None
    return Rate(period)


def _once(text: str) -> Once:
    try:
        if _AT.fullmatch(text) and 1970 <= int(text[:4]) <= 2199:
            return Once(datetime.fromisoformat(text))
    except ValueError:  # a month 13
        pass
    raise ValueError(f"at({text:.40}): write a time as 2030-01-31T09:00:00, without a zone")


def _cron(text: str) -> Cron:
    parts = text.split()
    if len(parts) != len(FIELDS):
        names = ", ".join(field.name for field in FIELDS)
        raise ValueError(f"cron: there are {len(parts)} fields, and it has six: {names}")
    if (parts[2] == "?") == (parts[4] == "?"):
        raise ValueError("cron: one of day-of-month and day-of-week must be ?, and only one")
    parts = [part.upper() for part in parts]
    found = [
        part if "?" in field.wildcards else _values(field, part)
        for field, part in zip(FIELDS, parts, strict=True)
    ]
    made = Cron(*found)  # type: ignore[arg-type]  # the fields have the order of FIELDS
    for year in (2000, 2001):  # so that what is wrong in the days is told now
        _days(made, year, 1)
    return made


def _days(cron: Cron, year: int, month: int) -> list[int]:
    """The days of a month. Raises ValueError."""
    if cron.day_of_week == "?":
        return _of_month(cron.day_of_month, year, month)
    return _of_week(cron.day_of_week, year, month)


def _of_month(text: str, year: int, month: int) -> list[int]:
    """The days of a month by their numbers; a month without such a day has none."""
    field, last = FIELDS[2], monthrange(year, month)[1]
    if text == "L":
        return [last]
    if text == "LW":
        return [_workday(year, month, last)]
    if near := _NEAR.fullmatch(text):
        day = _value(field, near[1])
        return [_workday(year, month, day)] if day <= last else []
    return [day for day in _values(field, text) if day <= last]


def _workday(year: int, month: int, day: int) -> int:
    """The nearest day from Monday to Friday in the same month."""
    last = monthrange(year, month)[1]
    shift = {5: -1 if day > 1 else 2, 6: 1 if day < last else -2}
    return day + shift.get(weekday(year, month, day), 0)


def _of_week(text: str, year: int, month: int) -> list[int]:
    """The days of a month by the day of the week; L alone is Saturday, the last day of the week."""
    field = FIELDS[4]
    if text == "L":
        return _each(7, year, month)
    if text.endswith("L"):
        return _each(_value(field, text[:-1]), year, month)[-1:]
    if nth := _NTH.fullmatch(text):
        number = _number("day-of-week: the number behind #", nth[2], 1, 5)
        return _each(_value(field, nth[1]), year, month)[number - 1 : number]
    return sorted(day for one in _values(field, text) for day in _each(one, year, month))


def _each(one: int, year: int, month: int) -> list[int]:
    """Each Sunday (1), each Monday (2) … of a month."""
    first, last = monthrange(year, month)  # 0 is Monday
    return list(range((one - 2 - first) % 7 + 1, last + 1, 7))


def _values(field: Field, text: str) -> tuple[int, ...]:
    """The values of a list, in order. Raises ValueError."""
    found = {value for item in text.split(",") for value in _item(field, item)}
    return tuple(sorted(found))


def _item(field: Field, text: str) -> range:
    """*, 5, 1-5, 0/15, */15, 10-30/5"""
    match = _ITEM.fullmatch(text)
    if match is None or (match[4] and "/" not in field.wildcards):
        raise ValueError(f"cron: {field.name}: {text!r:.40} can't stand here{_alone(field, text)}")
    step = _number(f"{field.name}: the step", match[4], 1, field.most) if match[4] else 1
    if match[1] == "*":
        return range(field.least, field.most + 1, step)
    first = _value(field, match[2])
    last = _value(field, match[3]) if match[3] else field.most if match[4] else first
    if first > last:
        raise ValueError(f"cron: {field.name}: {text!r} goes backwards: write it as two ranges")
    return range(first, last + 1, step)


def _alone(field: Field, text: str) -> str:
    special = set(text) & set("LW#") & set(field.wildcards)
    return "; L, W and # stand alone in their field" if special else ""


def _value(field: Field, text: str) -> int:
    if text in field.names:
        return field.names.index(text) + field.least
    names = f" or {field.names[0]}-{field.names[-1]}" if field.names else ""
    return _number(field.name, text, field.least, field.most, names + _alone(field, text))


def _number(what: str, text: str, least: int, most: int, also: str = "") -> int:
    if len(text) < 5 and text.isascii() and text.isdigit() and least <= int(text) <= most:
        return int(text)
    raise ValueError(f"cron: {what}: {text!r:.40} is not within {least}-{most}{also}")
