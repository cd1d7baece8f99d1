"""Runs of `adapter.functions`: what the environments tell of them, put together."""

from __future__ import annotations

import json
import time
from collections import deque
from typing import Any

MOST = 50
"""Runs that are kept."""

_ATTEMPTS = 3  # as Lambda, and `functions.state`
_LONGEST = 64  # characters of a function's name


class Runs:
    """The runs with the newest news. Each environment tells of its own chunks, and maybe twice."""

    def __init__(self) -> None:
        self._runs: dict[str, _Run] = {}
        self._gone: deque[str] = deque(maxlen=1000)  # while they were under way
        self._number = 0

    def heard(self, told: bytes) -> None:
        """{runs: [{id, name, of, joined, done: [chunk], failed: [chunk]}]}. Raises ValueError.

        joined  how many chunks are done in all, as far as the environment knows
        begun   true, if the run was sent; `done` and `failed` are what came then
        told    {done, of}, if a function told its steps
        """
        for news in _checked(told):
            if news.get("begun") or news["id"] not in self._gone:
                run = self._runs.pop(news["id"], None) or self._new(news)
                self._runs[news["id"]] = run
                run.add(news)
        while len(self._runs) > MOST:
            self._forget(next(iter(self._runs)))

    def _new(self, news: dict[str, Any]) -> _Run:
        self._number += 1
        return _Run(news["id"], news["name"][:_LONGEST], self._number)

    def _forget(self, id: str) -> None:  # noqa: A002
        if not self._runs.pop(id).over:
            self._gone.append(id)

    def clear(self) -> None:
        """Forget them all; of one that is under way nothing more is heard."""
        for id in list(self._runs):  # noqa: A001
            self._forget(id)

    def rows(self) -> list[dict[str, Any]]:
        """What the page shows, newest first."""
        newest = sorted(self._runs.values(), key=lambda run: -run.number)
        return [run.row() for run in newest]


class _Run:
    def __init__(self, id: str, name: str, number: int) -> None:  # noqa: A002
        self.id = id
        self.name = name
        self.number = number
        self.of = 0
        self._begun = False
        self._since = time.monotonic()
        self._until: float | None = None
        self._joined = 0
        self._done: set[int] = set()
        self._attempts: dict[int, int] = {}
        self._told: dict[str, Any] = {}

    @property
    def done(self) -> int:
        return max(len(self._done), self._joined)

    @property
    def failed(self) -> int:
        return sum(count >= _ATTEMPTS for count in self._attempts.values())

    @property
    def over(self) -> bool:
        return self.done + self.failed >= self.of

    def add(self, news: dict[str, Any]) -> None:
        self.of = news["of"]
        if news.get("begun"):
            if self._begun:
                self._again()
            self._begun = True
        self._joined = max(self._joined, news["joined"])
        self._done.update(news["done"])
        for chunk in news["failed"]:
            self._attempts[chunk] = self._attempts.get(chunk, 0) + 1
        for chunk in self._done & self._attempts.keys():
            del self._attempts[chunk]
        self._told = _steps_of(news) or self._told
        self._until = (self._until or time.monotonic()) if self.over else None

    def _again(self) -> None:
        """It is sent again: all but the chunks that its channel knows to be done."""
        self._since, self._joined = time.monotonic(), 0
        self._done.clear()
        self._attempts.clear()

    def row(self) -> dict[str, Any]:
        """`ms` since it began, or until it was over."""
        done, of = self._steps()
        seconds = (self._until or time.monotonic()) - self._since
        return {
            "id": self.id,
            "name": self.name,
            "done": done,
            "of": of,
            "failed": self.failed,
            "ms": round(seconds * 1000),
            "over": self.over,
        }

    def _steps(self) -> tuple[float, float]:
        """Of a run with one chunk those that its function tells of, as `adapter watch` shows."""
        if self.of == 1 and self._told:
            return self._told["of" if self.done else "done"], self._told["of"]
        return self.done, self.of


def _checked(told: bytes) -> list[dict[str, Any]]:
    """Raises ValueError."""
    try:
        runs = json.loads(told)["runs"]
        if all(_is_news(news) for news in runs):
            return list(runs)
    except (KeyError, TypeError, RecursionError):
        pass
    raise ValueError("this tells of no run")


def _is_news(news: Any) -> bool:
    """Raises KeyError and TypeError as well."""
    texts = isinstance(news["id"], str) and isinstance(news["name"], str)
    chunks = all(isinstance(it, int) for it in (*news["done"], *news["failed"]))
    return texts and chunks and _is_number(news["of"]) and _is_number(news["joined"])


def _steps_of(news: dict[str, Any]) -> dict[str, Any]:
    """Empty for those that are no numbers: a function tells whatever it likes."""
    told = news.get("told")
    if not isinstance(told, dict):
        return {}
    return told if all(_is_number(told.get(name)) for name in ("done", "of")) else {}


def _is_number(value: Any) -> bool:
    """Not NaN, nor infinite, which are no JSON for the page."""
    return isinstance(value, int | float) and 0 <= value < 1e15
