"""What becomes of an event with records: which are begun, and what Lambda hears of them.

Nothing is lost: only a record that the app answered with a 2xx is ever reported as done.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
"""

from __future__ import annotations

import time

from ..errors import FailedEventError
from ._source import PARTIAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ._item import Item
    from ._source import Source

_LEAST_S = 1.0
_PART = 0.1


class Batch:
    """The records of an event, and how far they have come.

    reports   Lambda takes a list of those that failed: its mapping is set to that
    deadline  when Lambda ends the invocation, as `time.time()` tells it; None if that is unknown
    """

    def __init__(
        self, source: Source, event: Any, context: Any, *, reports: bool, deadline: float | None
    ) -> None:
        self.source = source
        self.items = source.items(event, context)
        self._reports = reports and source.result == PARTIAL
        self._ends = None if deadline is None else deadline - reserve(deadline - time.time())

    def to_do(self) -> Iterator[Item]:
        """The records to begin, one after the other; each is `done` or not before the next.

        What has to stay in order ends with its first failure; all does when time runs out.
        """
        stopped: set[str] = set()
        for begun, item in enumerate(self.items):
            if item.group in stopped:
                item.reason = "not begun, since one before it failed"
                continue
            if begun and self._ends is not None and time.time() >= self._ends:
                self._stop()
                return
            yield item
            if not item.done and item.group is not None:
                stopped.add(item.group)

    def _stop(self) -> None:
        for item in self.items:
            if not (item.tried or item.reason):
                item.reason = "not begun, since the deadline is near"

    def result(self) -> dict[str, Any] | None:
        """What the function returns. Raises FailedEventError where that has to be all or nothing.

        A list of failures that names none would make AWS delete what failed, and one with an
        unknown name is a failure of them all, so that nothing is named if not everything can be.
        """
        failed = [item for item in self.items if not item.done]
        if not failed:
            return {"batchItemFailures": []} if self._reports else None
        names = [item.name for item in failed]
        if not self._reports or not all(names) or len(failed) == len(self.items):
            raise FailedEventError(self._told(failed))
        return {"batchItemFailures": [{"itemIdentifier": name} for name in dict.fromkeys(names)]}

    def _told(self, failed: list[Item]) -> str:
        text = (
            f"{len(failed)} of {len(self.items)} records from {self.source.name} were not done; "
            f"the first of them: {failed[0].reason}"
        )
        if self.source.result == PARTIAL and not self._reports and len(failed) < len(self.items):
            text += (
                ". All of them come again; only these would if the event source mapping had "
                "ReportBatchItemFailures and the function ADAPTER_PARTIAL_BATCH=1"
            )
        return text


def reserve(left: float) -> float:
    """How many seconds before the deadline no record is begun, of an event with `left` seconds.

    A tenth, but at least a second: to end what runs and to report the rest. At most half of what
    there is, as a function may have no more than a second in all.
    """
    return min(max(left * _PART, _LEAST_S), left / 2)
