"""A synthetic market: what people who each weigh things differently would choose.

Each profile is a person with weights of their own for price, data and speed. They choose among the
tariffs as the multinomial logit says: the better a tariff is to them, the likelier.
https://en.wikipedia.org/wiki/Discrete_choice
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Tariff:
    """Euro and gigabytes a month, megabits a second."""

    name: str
    price: float
    data: float
    speed: float


TARIFFS = (
    Tariff("Ours", 20, 30, 100),
    Tariff("Basic", 10, 5, 25),
    Tariff("Family", 30, 60, 100),
    Tariff("Fast", 35, 40, 500),
    Tariff("None at all", 0, 0, 0),
)


def market(price: float) -> list[list[float]]:
    """The tariffs' [price, data, speed], ours at another price, as a message carries them."""
    return [
        [price if tariff is TARIFFS[0] else tariff.price, tariff.data, tariff.speed]
        for tariff in TARIFFS
    ]


def chosen(tariffs: list[list[float]], first: int, count: int) -> list[float]:
    """How many of the profiles from number `first` on choose each tariff.

    They are made up by numbers alone, so that a chunk that is computed twice has the same result.
    """
    rng = random.Random(f"profiles from {first}")
    sums = [0.0] * len(tariffs)
    for _ in range(count):
        cost, data, speed = rng.gauss(0.12, 0.05), rng.gauss(0.9, 0.4), rng.gauss(0.3, 0.2)
        worth = [
            math.exp(data * math.log1p(gigabytes) + speed * math.log1p(megabits) - cost * price)
            for price, gigabytes, megabits in tariffs
        ]
        total = sum(worth)
        for number, each in enumerate(worth):
            sums[number] += each / total
    return sums


def shares(sums: Iterable[list[float]]) -> list[float]:
    """Of the sums of all chunks, each tariff's share; they are 1 together."""
    columns = [math.fsum(column) for column in zip(*sums, strict=True)]
    return [column / math.fsum(columns) for column in columns]
