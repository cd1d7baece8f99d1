"""Token buckets, API keys and their quotas.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-key-source.html
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .completion import USAGE_KEY
from .headers import api_key
from .refusals import refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..config import API, APIKey, Throttle
    from ..message import Response
    from .visit import Visit


class Bucket:
    """Holds at most `burst` tokens, and gets `rate` new ones a second; a request takes one."""

    def __init__(self, throttle: Throttle, clock: Callable[[], float] = time.monotonic) -> None:
        self._throttle = throttle
        self._clock = clock
        self._tokens = float(throttle.burst)
        self._seen = clock()

    def take(self) -> bool:
        """Whether there was one."""
        now = self._clock()
        gained = (now - self._seen) * self._throttle.rate
        self._tokens = min(float(self._throttle.burst), self._tokens + gained)
        self._seen = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Quota:
    """How often a key may be used in a period: a day, week or month by UTC."""

    def __init__(self, limit: int, period: str, clock: Callable[[], float] = time.time) -> None:
        self._limit = limit
        self._period = _PERIODS[period]
        self._clock = clock
        self._now = ""
        self._used = 0

    def take(self) -> bool:
        now = time.strftime(self._period, time.gmtime(self._clock()))
        if now != self._now:
            self._now, self._used = now, 0
        self._used += 1
        return self._used <= self._limit


_PERIODS = {"DAY": "%Y-%m-%d", "WEEK": "%G-%V", "MONTH": "%Y-%m"}


class Stage:
    """The throttle of an API's stage."""

    def __init__(self, throttle: Throttle) -> None:
        self._throttle = throttle
        self._bucket = Bucket(throttle)

    def refusal(self, visit: Visit) -> Response | None:
        if self._bucket.take():
            return None
        return refuse(visit, "throttled", f"over {_told(self._throttle)}")


class Keys:
    """The API keys of a REST API, with their usage plans."""

    def __init__(self, api: API) -> None:
        self._keys = {key.value: key for key in api.api_keys}
        self._buckets = {
            key.value: Bucket(key.throttle) for key in api.api_keys if key.throttle is not None
        }
        self._quotas = {
            key.value: Quota(key.quota, key.period) for key in api.api_keys if key.quota is not None
        }

    def refusal(self, visit: Visit) -> Response | None:
        """The answer to a request without a key that is known and has something left."""
        if visit.route is None or not visit.route.api_key:
            return None
        value = (visit.authorizer or {}).get(USAGE_KEY) or api_key(visit.request)
        key = self._keys.get(value)
        if key is None:
            what = "the API key is not known" if value else "no API key in the header x-api-key"
            return refuse(visit, "key", f"{what}; {visit.route.key} wants one")
        return self._used(visit, key)

    def _used(self, visit: Visit, key: APIKey) -> Response | None:
        bucket, quota = self._buckets.get(key.value), self._quotas.get(key.value)
        if bucket is not None and key.throttle is not None and not bucket.take():
            reason = f"the API key {key.name!r} is over {_told(key.throttle)}"
            return refuse(visit, "throttled", reason)
        if quota is not None and not quota.take():
            reason = f"the API key {key.name!r} is over its quota of {key.quota} a {key.period}"
            return refuse(visit, "quota", reason)
        return None


def _told(throttle: Throttle) -> str:
    return f"{throttle.rate:g} requests a second with a burst of {throttle.burst}"
