"""How far runs are, for the inspector of `adapter dev`.

Each process tells the Runtime API what it records itself, and how many chunks its channel knows to
be done. There it is put together: without Redis no process knows the whole, and one that is killed
has not told its last. At once, and then four times a second, from a thread that ends when there is
nothing more to tell: a run of 1,000 chunks waits for none of it.
"""

from __future__ import annotations

import json
import os
import threading
import time
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from http.client import HTTPConnection
    from typing import Any

    from .state import Record

PATH = "/adapter/progress"
_PAUSE_S = 0.25
_TIMEOUT_S = 5.0


def note(id: str, name: str, record: Record, joined: int) -> None:  # noqa: A002
    """Tell of a record, soon, and that so many chunks are done."""
    _teller().put(id, name, record, joined)


class Teller:
    """Gathers what is to be told while `post` is at work, and for a pause after it."""

    def __init__(self, post: Callable[[bytes], None], pause: float = _PAUSE_S) -> None:
        self._post = post
        self._pause = pause
        self._lock = threading.Lock()
        self._waiting: dict[str, dict[str, Any]] = {}
        self._at_work = False

    def put(self, id: str, name: str, record: Record, joined: int) -> None:  # noqa: A002
        with self._lock:
            news = self._waiting.setdefault(id, _nothing(id, name))
            _add(news, record)
            news["joined"] = max(news["joined"], joined)
            if self._at_work:
                return
            self._at_work = True
        try:
            threading.Thread(target=self._work, name="adapter-progress", daemon=True).start()
        except RuntimeError:  # the process ends, or has no room: the page may do without
            self._at_work = False

    def _work(self) -> None:
        while news := self._taken():
            self._post(json.dumps({"runs": news}).encode())
            time.sleep(self._pause)

    def _taken(self) -> list[dict[str, Any]]:
        with self._lock:
            news, self._waiting = list(self._waiting.values()), {}
            self._at_work = bool(news)
            return news


def _nothing(id: str, name: str) -> dict[str, Any]:  # noqa: A002
    return {"id": id, "name": name, "joined": 0, "done": [], "failed": []}


def _add(news: dict[str, Any], record: Record) -> None:
    kind = record["kind"]
    news["of"] = record["of"]
    if kind == "begin":
        news.update(begun=True, joined=0, done=[], failed=[])
    elif kind == "done":
        news["done"].append(record["chunk"])
    elif kind == "error":
        news["failed"].append(record["chunk"])
    elif record["of"] == 1:  # the steps of a run with one chunk are its function's
        news["told"] = {"done": record["told"]["done"], "of": record["told"]["of"]}


@cache
def _teller() -> Teller:
    return Teller(_post)


def _post(body: bytes) -> None:
    """Once more if the connection was an old one. What does not get there is left out."""
    import http.client  # it takes tens of milliseconds; here nobody waits for it

    connection = _connection()
    for _ in range(2):
        try:
            connection.request("POST", PATH, body, {"Content-Type": "application/json"})
            connection.getresponse().read()
            return
        except (OSError, http.client.HTTPException):
            connection.close()


@cache
def _connection() -> HTTPConnection:
    import http.client

    address = os.environ["AWS_LAMBDA_RUNTIME_API"]
    return http.client.HTTPConnection(address, timeout=_TIMEOUT_S)


def _forget() -> None:
    _teller.cache_clear()
    _connection.cache_clear()


os.register_at_fork(after_in_child=_forget)  # thread, lock and connection are the parent's
