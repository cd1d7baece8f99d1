"""The functions: a coordinator that deals out chunks, and workers that compute one each."""

from __future__ import annotations

import os
from typing import Any

import market
from adapter.functions import Functions

PROFILES = 2_000  # of one chunk

fns = Functions("prediction-{name}", redis=os.environ.get("REDIS_URL"))


@fns.function
def coordinate(message: dict[str, Any]) -> list[float]:
    """The shares of the tariffs.

    The run of the chunks has an id that is the same when this is tried again: what is done by then
    is not done anew.
    """
    tariffs, profiles = message["tariffs"], message["profiles"]
    chunks = [
        {"tariffs": tariffs, "first": first, "count": min(PROFILES, profiles - first)}
        for first in range(0, profiles, PROFILES)
    ]
    run = fns.map("predict", chunks, id=f"{message['job']}.chunks")
    for step in run:
        fns.tell(step.done, step.of)
    state = run.state()
    if state.failed:
        raise RuntimeError(f"{state.failed} of {state.of} chunks failed: {state.errors}")
    return market.shares(state.values.values())


@fns.function
def predict(message: dict[str, Any]) -> list[float]:
    """How many of the profiles of a chunk choose each tariff."""
    return market.chosen(message["tariffs"], message["first"], message["count"])
