"""The channel over Redis: what all processes of a project share.

    run:{<id>}:done    the set of chunks that are done; a counter would count one twice
    run:{<id>}:log     a stream of records
    run:{<id>}:told    by chunk, what its function told last
    done:<name>:<id>   the topic; PSUBSCRIBE done:* hears every run

The braces let a cluster keep the three in one place, as a script wants them:
https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags

One script joins, records and publishes, in one step (https://redis.io/docs/latest/commands/eval/).
A watcher subscribes, then reads the stream, then listens: it misses nothing, whenever it comes.
What it may hear twice it knows by the ids of the stream, which grow. Where a connection broke the
next look into the stream has what was not heard. A server that goes away may be back: a watcher has
patience for a minute, and what is done is told again for some seconds.
"""

from __future__ import annotations

import json
import time
import weakref

from ..errors import AdapterError
from .channel import MOMENT_S, moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator
    from typing import Any

    from .state import Record

_TTL_S = 3600
_MOST_RECORDS = 10_000

_PUT = """
local kind, chunk, record = ARGV[1], ARGV[2], ARGV[3]
if kind ~= 'begin' and redis.call('SISMEMBER', KEYS[1], chunk) == 1 then
  return redis.call('SCARD', KEYS[1])
end
local id = ''
if kind == 'told' then
  redis.call('HSET', KEYS[3], chunk, record)
else
  if kind == 'done' then redis.call('SADD', KEYS[1], chunk) end
  id = redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[6], '*', 'record', record)
end
redis.call('PUBLISH', ARGV[4], id .. ' ' .. record)
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[5]) end
return redis.call('SCARD', KEYS[1])
"""


class RedisChannel:
    """At `url`: redis://host:6379/0, or rediss:// with TLS. The first use imports redis-py."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._known: tuple[Any, Any] | None = None

    def _client(self) -> tuple[Any, Any]:
        """(the client, the script)"""
        if self._known is None:
            _need_library()
            import redis
            from redis.backoff import ExponentialBackoff
            from redis.retry import Retry

            client = redis.Redis.from_url(self._url, retry=Retry(ExponentialBackoff(), 3), **_KEPT)
            # Else the garbage collector may find the socket before its owner, which is a warning.
            weakref.finalize(self, client.close)
            self._known = client, client.register_script(_PUT)
        return self._known

    def put(self, id: str, name: str, record: Record) -> int:  # noqa: A002
        end = time.monotonic() + _TELLING_S.get(record["kind"], 0.0)
        while True:
            try:
                return self._put(id, name, record)
            except _gone():
                if time.monotonic() >= end:
                    raise
            time.sleep(_PAUSE_S)

    def _put(self, id: str, name: str, record: Record) -> int:  # noqa: A002
        _, script = self._client()
        chunk = record.get("chunk", "")
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        done: int = script(
            keys=_keys(id),
            args=[record["kind"], chunk, text, topic(name, id), _TTL_S, _MOST_RECORDS],
        )
        return done

    def joined(self, id: str) -> set[int]:  # noqa: A002
        client, _ = self._client()
        return {int(chunk) for chunk in client.smembers(_keys(id)[0])}

    def history(self, id: str) -> list[Record]:  # noqa: A002
        client, _ = self._client()
        return _Known().read(*_all(client.pipeline(), id, "-").execute())

    def watch(self, id: str, name: str, end: float | None) -> Iterator[Record | None]:  # noqa: A002
        known = _Known()
        while True:
            try:
                yield from self._listened(id, name, end, known)
            except _gone():
                if known.gives_up():
                    raise
                time.sleep(min(_PAUSE_S, moment(end)))
                yield None

    def _listened(
        self,
        id: str,  # noqa: A002
        name: str,
        end: float | None,
        known: _Known,
    ) -> Iterator[Record | None]:
        client, _ = self._client()
        with client.pubsub() as heard:
            (heard.subscribe if name else heard.psubscribe)(topic(name or "*", id))
            while (message := heard.get_message(timeout=MOMENT_S)) is None:
                pass  # once the subscription is confirmed there is no gap before the history
            yield from known.read(*_all(client.pipeline(), id, known.unread).execute())
            while True:
                if message is None or known.due():
                    yield from known.read(client.xrange(_keys(id)[1], min=known.unread))
                message = heard.get_message(timeout=moment(end))
                yield known.hear(message)

    async def awatch(self, id: str, name: str) -> AsyncIterator[Record | None]:  # noqa: A002
        import asyncio
        from contextlib import aclosing

        known = _Known()
        while True:
            try:
                async with aclosing(self._alistened(id, name, known)) as records:
                    async for record in records:
                        yield record
            except _gone():
                if known.gives_up():
                    raise
                await asyncio.sleep(_PAUSE_S)
                yield None

    async def _alistened(
        self,
        id: str,  # noqa: A002
        name: str,
        known: _Known,
    ) -> AsyncGenerator[Record | None, None]:
        _need_library()
        from redis import asyncio as aio
        from redis.asyncio.retry import Retry
        from redis.backoff import ExponentialBackoff

        retry = Retry(ExponentialBackoff(), 3)
        client: Any = aio.Redis.from_url(self._url, retry=retry, **_KEPT)
        async with client, client.pubsub() as heard:
            await (heard.subscribe if name else heard.psubscribe)(topic(name or "*", id))
            while (message := await heard.get_message(timeout=MOMENT_S)) is None:
                pass
            for record in known.read(*await _all(client.pipeline(), id, known.unread).execute()):
                yield record
            while True:
                if message is None or known.due():
                    entries = await client.xrange(_keys(id)[1], min=known.unread)
                    for record in known.read(entries):
                        yield record
                message = await heard.get_message(timeout=MOMENT_S)
                yield known.hear(message)


# A server that is started anew, or that another takes over from, is away for a while. What is done
# is to be told then: else it would be done again. Of how far it was there is soon other news.
_TELLING_S = {"done": 8.0, "error": 8.0}
_PAUSE_S = 0.5
_PATIENCE_S = 60.0  # of a watcher
_LOOK_S = 5.0  # between two looks into the stream while there is much to hear
# A connection may have been cut while its environment was frozen.
_KEPT: dict[str, Any] = {
    "health_check_interval": 30,
    "socket_connect_timeout": 5,
    "socket_timeout": 10,
    "decode_responses": True,
}


def _need_library() -> None:
    """Raises AdapterError."""
    try:
        import redis  # noqa: F401
    except ImportError as error:
        raise AdapterError(
            f"redis= needs redis-py ({error}): pip install 'apigw-adapter[functions]'"
        ) from None


def topic(name: str, id: str) -> str:  # noqa: A002
    return f"done:{name}:{id}"


def _keys(id: str) -> list[str]:  # noqa: A002
    return [f"run:{{{id}}}:{what}" for what in ("done", "log", "told")]


def _gone() -> tuple[type[Exception], ...]:
    """What is raised where the server is away."""
    _need_library()
    from redis import exceptions

    return exceptions.ConnectionError, exceptions.TimeoutError


def _all(pipeline: Any, id: str, unread: str) -> Any:  # noqa: A002
    """What `_Known.read` takes, at one moment: of the stream what is `unread`."""
    done, log, told = _keys(id)
    pipeline.xrange(log, min=unread)
    pipeline.smembers(done)
    pipeline.hvals(told)
    return pipeline


class _Known:
    """What a watcher knows already: Redis's answers and messages → records, each once."""

    def __init__(self) -> None:
        self._read = "0-0"  # the stream up to here,
        self._heard: set[str] = set()  # and these behind it
        self._looked = self._met = 0.0
        self._done: set[int] = set()
        self._of = 0

    @property
    def unread(self) -> str:
        return f"({self._read}"

    def due(self) -> bool:
        """Whether it is time to look into the stream, though there is much to hear."""
        return time.monotonic() > self._looked + _LOOK_S

    def gives_up(self) -> bool:
        """Whether the server never was there, or has been away for too long."""
        return not self._met or time.monotonic() > self._met + _PATIENCE_S

    def read(self, entries: Any, done: Any = (), told: Any = ()) -> list[Record]:
        """Those of the stream, of the set, and of what is told."""
        fresh = [fields["record"] for entry, fields in entries if entry not in self._heard]
        if entries:
            self._read = entries[-1][0]
            self._heard = {entry for entry in self._heard if _order(entry) > _order(self._read)}
        self._looked = self._met = time.monotonic()
        records = [self._noted(json.loads(text)) for text in (*told, *fresh)]
        lost = {int(chunk) for chunk in done} - self._done  # of which the stream's beginning was
        return records + [
            {"kind": "done", "chunk": chunk, "of": self._of, "value": None}
            for chunk in sorted(lost)
        ]

    def hear(self, message: Any) -> Record | None:
        """None for silence, and for what was read before."""
        self._met = time.monotonic()
        if message is None or message["type"] not in ("message", "pmessage"):
            return None
        entry, _, text = message["data"].partition(" ")
        if entry:
            if _order(entry) <= _order(self._read):
                return None
            self._heard.add(entry)
        return self._noted(json.loads(text))

    def _noted(self, record: Record) -> Record:
        self._of = record["of"]
        if record["kind"] == "done":
            self._done.add(record["chunk"])
        return record


def _order(entry: str) -> tuple[int, ...]:
    """`1732190400000-3`, as a number before the hyphen and one behind it."""
    return tuple(map(int, entry.split("-")))
