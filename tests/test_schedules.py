"""When a schedule is due, and what its function gets then; at last of a real `adapter dev`."""

import asyncio
import json
import re
import sys
from calendar import monthrange
from datetime import UTC, datetime, timedelta

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.config import API, Project, Schedule
from adapter.config.schedule_times import next_after, parsed, zone_of
from adapter.local.asynchronous import DeadLetters, Queue
from adapter.local.inspector.history import Entry
from adapter.local.inspector.rows import row
from adapter.local.lines import line_of
from adapter.local.schedules import Schedules
from dev_command import Dev
from lambda_side import pool_of

SATURDAY = datetime(2026, 11, 21, 19, 40, 30, tzinfo=UTC)

TIMES = {
    "rate(1 minute)": "2026-11-21 19:41:30",
    "rate(5 minutes)": "2026-11-21 19:45:30",
    " rate( 2  hours ) ": "2026-11-21 21:40:30",
    "rate(7 days)": "2026-11-28 19:40:30",
    "at(2026-11-21T19:40:31)": "2026-11-21 19:40:31",
    "at(2026-11-21T19:40:30)": None,
    # The examples of the two pages
    "cron(0 10 * * ? *)": "2026-11-22 10:00:00",
    "cron(15 12 * * ? *)": "2026-11-22 12:15:00",
    "cron(0 18 ? * MON-FRI *)": "2026-11-23 18:00:00",
    "cron(0 8 1 * ? *)": "2026-12-01 08:00:00",
    "cron(0/15 * * * ? *)": "2026-11-21 19:45:00",
    "cron(0/10 * ? * MON-FRI *)": "2026-11-23 00:00:00",
    "cron(0/5 8-17 ? * MON-FRI *)": "2026-11-23 08:00:00",
    "cron(0/30 20-23,0-2 ? * SAT *)": "2026-11-21 20:00:00",
    "cron(15 10 ? * 6L 2022-2027)": "2026-11-27 10:15:00",
    # Lists, steps, names, years
    "cron(41 19 21 11 ? 2026)": "2026-11-21 19:41:00",
    "cron(40 19 21 11 ? 2026)": None,
    "cron(* * * * ? *)": "2026-11-21 19:41:00",
    "cron(1/10 * * * ? *)": "2026-11-21 19:41:00",
    "cron(*/25 * * * ? *)": "2026-11-21 19:50:00",
    "cron(10-30/7 * * * ? *)": "2026-11-21 20:10:00",
    "cron(5,1 0 * jan,Mar ? *)": "2027-01-01 00:01:00",
    "cron(0 0 1/10 * ? *)": "2026-12-01 00:00:00",
    "cron(0 0 1 1 ? 2028/2)": "2028-01-01 00:00:00",
    "cron(59 23 31 12 ? 2199)": "2199-12-31 23:59:00",
    # Days
    "cron(0 0 L * ? *)": "2026-11-30 00:00:00",
    "cron(0 0 L 2 ? *)": "2027-02-28 00:00:00",
    "cron(0 0 29 2 ? *)": "2028-02-29 00:00:00",
    "cron(0 0 30 2 ? *)": None,
    "cron(0 0 22W * ? *)": "2026-11-23 00:00:00",  # a Sunday
    "cron(0 0 28W * ? *)": "2026-11-27 00:00:00",  # a Saturday
    "cron(0 0 1W 8 ? *)": "2027-08-02 00:00:00",  # a Sunday
    "cron(0 0 1W 5 ? *)": "2027-05-03 00:00:00",  # a Saturday: not in another month
    "cron(0 0 31W 1 ? 2027)": "2027-01-29 00:00:00",  # a Sunday: not in another month
    "cron(0 0 LW * ? *)": "2026-11-30 00:00:00",
    "cron(0 0 LW 2 ? *)": "2027-02-26 00:00:00",
    "cron(0 0 ? * L *)": "2026-11-28 00:00:00",
    "cron(0 0 ? * SUNL *)": "2026-11-29 00:00:00",
    "cron(0 0 ? * 3#2 *)": "2026-12-08 00:00:00",
    "cron(0 0 ? * tue#5 *)": "2026-12-29 00:00:00",
    "cron(0 0 ? * 1,7 *)": "2026-11-22 00:00:00",
}


@pytest.mark.parametrize("expression", TIMES)
def test_the_next_time(expression):
    found = next_after(parsed(expression), SATURDAY)
    assert (found and f"{found:%Y-%m-%d %H:%M:%S}") == TIMES[expression]


def test_a_rate_counts_from_its_beginning():
    times = parsed("rate(5 minutes)")
    later = SATURDAY + timedelta(minutes=12)
    assert next_after(times, later, since=SATURDAY) == SATURDAY + timedelta(minutes=15)
    due = SATURDAY + timedelta(minutes=15)
    assert next_after(times, due, since=SATURDAY) == SATURDAY + timedelta(minutes=20)


# Berlin's clocks go from 2 to 3 on 2026-03-29, and from 3 to 2 on 2026-10-25.
@pytest.mark.parametrize(
    ("expression", "after", "due"),
    [
        ("cron(0 9 * * ? *)", "2026-01-10T08:00", "2026-01-11T08:00"),
        ("cron(0 9 * * ? *)", "2026-07-10T07:00", "2026-07-11T07:00"),
        ("cron(30 2 * * ? *)", "2026-03-28T12:00", "2026-03-30T00:30"),  # there is no 2:30
        ("cron(30 2 * * ? *)", "2026-10-24T12:00", "2026-10-25T00:30"),
        ("cron(30 2 * * ? *)", "2026-10-25T00:30", "2026-10-26T01:30"),  # not at the second 2:30
        ("cron(30 2 * * ? *)", "2026-10-25T01:10", "2026-10-26T01:30"),  # from the second 2:10 on
        ("cron(0/30 * * * ? *)", "2026-10-25T00:30", "2026-10-25T02:00"),
        ("at(2026-03-29T02:30:00)", "2026-03-28T12:00", None),
        ("at(2026-10-25T02:30:00)", "2026-03-28T12:00", "2026-10-25T00:30"),
        ("rate(1 day)", "2026-03-28T12:00", "2026-03-29T12:00"),  # 24 hours
    ],
)
def test_daylight_saving_time(expression, after, due):
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    found = next_after(parsed(expression), moment, zone_of("Europe/Berlin"))
    assert (found and f"{found:%Y-%m-%dT%H:%M}") == due


WRONG = {
    "": "'' is none of rate(5 minutes)",
    "5 minutes": "'5 minutes' is none of rate(5 minutes)",
    "rate(0 minutes)": "rate: the number must be 1 or more",
    "rate(1 minutes)": "takes this only as rate(1 minute)",
    "rate(5 minute)": "takes this only as rate(5 minutes)",
    "rate(2 weeks)": "rate(2 weeks): write a number and minutes, hours or days",
    "rate(999999999 days)": "rate(999999999 days): that is never",
    "at(2026-13-01T00:00:00)": "at(2026-13-01T00:00:00): write a time as 2030-01-31T09:00:00",
    "at(2026-01-01T00:00:00Z)": "without a zone",
    "at(9999-12-31T23:59:59)": "at(9999-12-31T23:59:59): write a time",
    "cron(0 9 * * ?)": "there are 5 fields, and it has six: minutes, hours, day-of-month, month, ",
    "cron(60 * * * ? *)": "cron: minutes: '60' is not within 0-59",
    "cron(-1 * * * ? *)": "cron: minutes: '-1' can't stand here",
    "cron(* 22-2 * * ? *)": "cron: hours: '22-2' goes backwards: write it as two ranges",
    "cron(*/0 * * * ? *)": "cron: minutes: the step: '0' is not within 1-59",
    "cron(0 ? * * ? *)": "cron: hours: '?' can't stand here",
    "cron(0 9 * * * *)": "one of day-of-month and day-of-week must be ?, and only one",
    "cron(0 9 ? * ? *)": "one of day-of-month and day-of-week must be ?, and only one",
    "cron(0 9 0 * ? *)": "cron: day-of-month: '0' is not within 1-31",
    "cron(0 9 1W,2 * ? *)": "'1W' is not within 1-31; L, W and # stand alone in their field",
    "cron(0 9 32W * ? *)": "cron: day-of-month: '32' is not within 1-31",
    "cron(0 9 * JANUARY ? *)": "cron: month: 'JANUARY' is not within 1-12 or JAN-DEC",
    "cron(0 9 ? * 8 *)": "cron: day-of-week: '8' is not within 1-7 or SUN-SAT",
    "cron(0 9 ? * MON/2 *)": "cron: day-of-week: 'MON/2' can't stand here",
    "cron(0 9 ? * 3#6 *)": "cron: day-of-week: the number behind #: '6' is not within 1-5",
    "cron(0 9 ? * 3#1,4#1 *)": "L, W and # stand alone in their field",
    "cron(0 9 * * ? 1969)": "cron: year: '1969' is not within 1970-2199",
    "cron(٣ 9 * * ? *)": "cron: minutes: '٣' can't stand here",
}


@pytest.mark.parametrize("expression", WRONG)
def test_what_is_wrong_is_told(expression):
    with pytest.raises(ValueError, match=re.escape(WRONG[expression])):
        parsed(expression)


@settings(max_examples=300, deadline=None)
@given(st.text("0123456789*,-/?LW# MONJ()²", max_size=30))
def test_no_expression_crashes(text):
    for expression in (f"cron({text})", f"cron(0 0 {text} * ? *)", f"cron(0 0 ? * {text} *)"):
        try:
            times = parsed(expression)
        except ValueError:
            continue
        found = next_after(times, SATURDAY)
        assert found is None or found > SATURDAY


# Against each minute, and each day, one after another


def fields(least, most, names=()):
    """Text of a field, and the values that it stands for."""
    number = st.integers(least, most)
    spelt = st.sampled_from([str, lambda n: names[n - least]] if names else [str])
    single = st.builds(lambda n, say: (say(n), {n}), number, spelt)
    pairs = st.tuples(number, number).map(sorted)
    ranges = pairs.map(lambda ends: ("{}-{}".format(*ends), {*range(ends[0], ends[1] + 1)}))
    item = single | ranges
    joined = st.lists(item, min_size=1, max_size=3).map(
        lambda items: (",".join(text for text, _ in items), set().union(*(v for _, v in items)))
    )
    return joined | st.just(("*", {*range(least, most + 1)}))


def with_steps(least, most):
    return st.builds(
        lambda n, step: (f"{n}/{step}", {v for v in range(n, most + 1) if (v - n) % step == 0}),
        st.integers(least, most),
        st.integers(1, most),
    )


MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


@settings(max_examples=60, deadline=None)
@given(
    fields(0, 59) | with_steps(0, 59),
    fields(0, 23) | with_steps(0, 23),
    fields(1, 31),
    MOMENTS,
)
def test_it_is_the_next_minute_that_matches(minute, hour, day, moment):
    found = next_after(parsed(f"cron({minute[0]} {hour[0]} {day[0]} * ? *)"), moment)
    tried = moment.replace(second=0, microsecond=0)
    for _ in range(3 * 24 * 60):
        tried += timedelta(minutes=1)
        if tried.minute in minute[1] and tried.hour in hour[1] and tried.day in day[1]:
            assert found == tried
            return
    assert found is None or found > tried


DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]


def number_of(moment):
    """Sunday is 1."""
    return moment.isoweekday() % 7 + 1


def nearest_workday(moment, day):
    """Whether it is the day from Monday to Friday that is nearest to `day` in its month."""
    last = monthrange(moment.year, moment.month)[1]
    month = [moment.replace(day=number) for number in range(1, last + 1)]
    workdays = [each.day for each in month if 2 <= number_of(each) <= 6]
    return day <= last and moment.day == min(workdays, key=lambda each: abs(each - day))


def is_last(moment, step):
    return (moment + timedelta(days=step)).month != moment.month


ON = st.one_of(
    fields(1, 31).map(lambda f: (f"{f[0]} * ?", lambda m: m.day in f[1])),
    fields(1, 7, DAYS).map(lambda f: (f"? * {f[0]}", lambda m: number_of(m) in f[1])),
    st.integers(1, 31).map(lambda n: (f"{n}W * ?", lambda m: nearest_workday(m, n))),
    st.just(("L * ?", lambda m: is_last(m, 1))),
    st.integers(1, 7).map(
        lambda n: (f"? * {n}L", lambda m: number_of(m) == n and is_last(m, 7))
    ),
    st.builds(
        lambda n, nth: (
            f"? * {n}#{nth}",
            lambda m: number_of(m) == n and (m.day - 1) // 7 + 1 == nth,
        ),
        st.integers(1, 7),
        st.integers(1, 5),
    ),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(ON, MOMENTS)
def test_it_is_the_next_day_that_matches(on, moment):
    text, matches = on
    found = next_after(parsed(f"cron(0 0 {text} *)"), moment)
    tried = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    for _ in range(400):
        tried += timedelta(days=1)
        if matches(tried):
            assert found == tried
            return
    raise AssertionError(text)


# What is sent

MAIN = """
def tell(event, context):
    if event == "fail":
        raise ValueError("no such luck")
    return event
"""


class Night:
    """A clock that goes on by each sleep, until its hours are over; one of them may be longer."""

    def __init__(self, minutes, *, suspended=None):
        self.now = SATURDAY
        self.until = SATURDAY + timedelta(minutes=minutes)
        self.suspended = suspended
        self.over = asyncio.Event()

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        if self.now >= self.until:
            self.over.set()
            await asyncio.Event().wait()
        self.now += timedelta(seconds=seconds)
        if self.suspended and self.now - SATURDAY > timedelta(minutes=2):
            self.now += self.suspended
            self.suspended = None
        await asyncio.sleep(0)


def sent(folder, monkeypatch, *schedules, minutes=5, suspended=None):
    """(the visits that are over, the log) of a function for some minutes."""
    (folder / "main.py").write_text(MAIN)
    monkeypatch.chdir(folder)
    visits, log = {}, []

    async def scenario():
        night = Night(minutes, suspended=suspended)
        pool = pool_of([sys.executable, "-m", "adapter.runtime", "main.tell"], "main.tell")
        queue = Queue(
            DeadLetters(folder / "dead.jsonl", log.append),
            log.append,
            [lambda visit: visits.update({visit.id: visit})],
            pauses=(),
        )
        project = Project({"shop": pool.function}, API(), schedules=schedules)
        ours = Schedules(project, {"shop": pool}, queue, log.append, clock=night, sleep=night.sleep)
        ours.start()
        await asyncio.wait_for(night.over.wait(), 30)
        await ours.stop()
        await asyncio.wait_for(asyncio.gather(*queue._tasks), 30)
        await queue.stop()
        await pool.stop()

    asyncio.run(scenario())
    return list(visits.values()), log


def test_a_function_gets_the_rule_s_event_at_each_time(tmp_path, monkeypatch):
    visits, _ = sent(tmp_path, monkeypatch, Schedule("tick", "rate(2 minutes)", "shop"))
    events = [json.loads(visit.result) for visit in visits]
    assert [event["time"] for event in events] == ["2026-11-21T19:42:30Z", "2026-11-21T19:44:30Z"]
    assert events[0]["source"] == "aws.events"
    assert events[0]["resources"] == ["arn:aws:events:us-east-1:123456789012:rule/tick"]


def test_terminal_and_inspector_show_it(tmp_path, monkeypatch):
    plan = Schedule("nightly", "cron(42 19 * * ? *)", "shop", input='{"a": 1}')
    ((visit,), _) = sent(tmp_path, monkeypatch, plan)
    assert json.loads(visit.result) == visit.event == {"a": 1}
    assert " 200 schedule nightly " in click.unstyle(line_of(visit))
    shown = row(Entry(visit, 1))
    wanted = ("schedule", "POST", "/_events/schedule/nightly", 200, "shop", False)
    names = ("kind", "method", "path", "status", "function", "refused")
    assert tuple(shown[name] for name in names) == wanted


def test_what_fails_is_kept(tmp_path, monkeypatch):
    plan = Schedule("nightly", "cron(42 20 * * ? *)", "shop", '"fail"', "Europe/Berlin")
    ((visit,), log) = sent(tmp_path, monkeypatch, plan)
    assert " ms Function.ValueError: no such luck" in click.unstyle(line_of(visit))
    assert row(Entry(visit, 1))["refused"]
    (record,) = (tmp_path / "dead.jsonl").read_text().splitlines()
    assert json.loads(record)["requestPayload"] == "fail"
    assert f"adapter: kept the event in {tmp_path / 'dead.jsonl'}" in log


def test_a_machine_that_slept_does_not_send_what_it_missed(tmp_path, monkeypatch):
    plan = Schedule("tick", "rate(1 minute)", "shop")
    visits, log = sent(
        tmp_path, monkeypatch, plan, minutes=485, suspended=timedelta(hours=8, seconds=5)
    )
    times = [json.loads(visit.result)["time"][11:19] for visit in visits]
    assert times[:3] == ["19:41:30", "19:42:30", "03:43:30"]
    (told,) = [line for line in log if "is left out" in line]
    assert told.startswith("adapter: the schedule tick was due at 2026-11-")


def test_one_that_is_not_enabled_sends_nothing(tmp_path, monkeypatch):
    off = Schedule("off", "rate(1 minute)", "shop", enabled=False)
    on = Schedule("on", "rate(3 minutes)", "shop")
    visits, _ = sent(tmp_path, monkeypatch, off, on)
    assert [visit.request.path for visit in visits] == ["/_events/schedule/on"]


APP = """
from flask import Flask
app = Flask(__name__)


@app.post("/_events/schedule/<name>")
def due(name):
    print("due:", name, flush=True)
    return "", 204
"""


def test_a_real_one(tmp_path):
    """However long it takes to start: one of these times is a second later."""
    now = datetime.now(UTC)
    soon = [f"{now + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}" for seconds in range(2, 30)]
    lines = [f'in-{number}.expression = "at({at})"' for number, at in enumerate(soon)]
    (tmp_path / "main.py").write_text(APP)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.adapter]\napp = "main:app"\n[tool.adapter.schedules]\n' + "\n".join(lines)
    )
    dev = Dev(tmp_path)
    try:
        dev.wait_until_up()
        said = []
        while not said or " 200 schedule in-" not in said[-1]:
            said.append(dev.process.stdout.readline())
            assert said[-1], said
        name = said[-1].split()[3]
        rows = dev.client.get("/_adapter/visits").json()["rows"]
    finally:
        output = dev.stop()
    assert ("schedule", f"/_events/schedule/{name}") in [(row["kind"], row["path"]) for row in rows]
    assert f"due: {name}\n" in "".join(said) + output
    assert any(line.startswith(f"  {name} ") and ", next 20" in line for line in said)
