"""The schedules of `[tool.adapter.schedules]`, and those that a SAM template has for functions."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from . import Schedule, schedule_times
from .schema import Key, fields, flag, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from . import Function
    from .cloudformation import Template
    from .node import Node

# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_NO_NAME = "a schedule's name has letters, digits, -, _ and ., and 64 at the most"


def _checked(check: Callable[[str], object], node: Node) -> str:
    """The text, if this doesn't raise ValueError for it. Raises ConfigError."""
    try:
        check(node.text())
    except ValueError as error:
        raise node.error(str(error)) from None
    return node.text()


def expression(node: Node) -> str:
    """When a schedule is due. Raises ConfigError."""
    return _checked(schedule_times.parsed, node)


def timezone(node: Node) -> str:
    """Raises ConfigError for one that this machine doesn't know."""
    return _checked(schedule_times.zone_of, node)


def json_text(node: Node) -> str:
    """JSON, of a text that is some or of a table. Raises ConfigError."""
    try:
        value = json.loads(node.value) if isinstance(node.value, str) else node.value
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise node.error(f"this is no JSON: {error}") from None


SCHEDULE = {
    "expression": Key(
        "text",
        expression,
        "When: `rate(5 minutes)`, `cron(0 9 ? * MON-FRI *)`, `at(2030-01-31T09:00:00)`",
        needed=True,
    ),
    "function": Key("text", text, "The function's name; the only one needs none"),
    "input": Key(
        "table, or JSON as text",
        json_text,
        "What the function gets in place of the event of an EventBridge rule",
    ),
    "timezone": Key("text", timezone, "Of `cron` and `at`, by its IANA name: `Europe/Berlin`"),
    "enabled": Key("`true` or `false`", flag, "Whether it is on"),
}


def of_table(node: Node, functions: Mapping[str, Function]) -> tuple[Schedule, ...]:
    """Those of `[tool.adapter.schedules]`. Raises ConfigError."""
    return tuple(_schedule(name, child, functions) for name, child in node.items())


def _schedule(name: str, node: Node, functions: Mapping[str, Function]) -> Schedule:
    if not _NAME.fullmatch(name):
        raise node.error(_NO_NAME)
    told = {"function": next(iter(functions)), **fields(node, SCHEDULE)}
    if len(functions) > 1 or node.get("function"):
        node.get("function").required("the name of a function").choice(functions)
    return Schedule(name, **told)


# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-schedule.html
# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-schedulev2.html
_EXPRESSION = {"Schedule": "Schedule", "ScheduleV2": "ScheduleExpression"}


def of_template(
    found: Template, functions: Iterable[str]
) -> tuple[tuple[Schedule, ...], list[str]]:
    """The events Schedule and ScheduleV2 of these functions; notes on those that can't be used.

    Raises ConfigError.
    """
    made: list[Schedule] = []
    notes: list[str] = []
    for one in found.of("AWS::Serverless::Function"):
        for key, event in one.properties.get("Events").items() if one.id in functions else ():
            kind, node = event.get("Type").text(), event.get("Properties")
            if kind in _EXPRESSION:
                name = _name(node.get("Name"), one.id + key)
                when = node.get(_EXPRESSION[kind]).required("rate(…) or cron(…)")
                if "${" in when.text() + node.get("ScheduleExpressionTimezone").text():
                    notes.append(f"the schedule {name} is left out: only AWS can tell when it is")
                else:
                    made.append(_of_event(name, one.id, when, node))
    return tuple(made), notes


def _name(node: Node, default: str) -> str:
    """The name, or SAM's logical id of it, which is one too if only AWS can tell the name."""
    name = node.text(default)
    if "${" in name:
        return default
    if node and not _NAME.fullmatch(name):
        raise node.error(_NO_NAME)
    return name


def _of_event(name: str, function: str, when: Node, node: Node) -> Schedule:
    on = flag(node.get("Enabled")) if node.get("Enabled") else True
    zone, given = node.get("ScheduleExpressionTimezone"), node.get("Input")
    return Schedule(
        name,
        expression(when),
        function,
        json_text(given) if given else "",
        timezone(zone) if zone else "UTC",
        on and node.get("State").text("ENABLED") == "ENABLED",
    )
