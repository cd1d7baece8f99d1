"""A warm environment: our runtime against AWS's, from one invocation to the next.

A closed loop against fake_api.c, whose next event is always waiting. All is measured from
outside: a round trip is from the event that is written to the answer that is read, CPU time is
that of the whole runtime process.

- trivial: a function that does nothing, so the two runtimes alone.
- hello, 1 MB: an app in a framework, ours against awslambdaric and Mangum or apig-wsgi.
- streamed, ours alone: how long the app's first piece takes to arrive while the app goes on.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import events  # noqa: E402
import runtimes  # noqa: E402
import timing  # noqa: E402
from runtimes import ours, theirs  # noqa: E402

HELLO = events.get("http_api", "/hello")
LARGE = events.get("http_api", "/large")
GREETING = b"Hello, world!"
MEGABYTE = bytes(range(256)) * 4096
COLUMNS = {
    "per second": "inv/s",
    "whole_p50": "p50 µs",
    "whole_p99": "p99 µs",
    "cpu": "CPU µs",
    "rss": "RSS MB",
}


class Case:
    def __init__(self, mine, peer, event: dict, body: bytes, count: int, **limits: float) -> None:
        self.mine = mine
        self.peer = peer
        self.event = event
        self.body = body
        self.count = count
        self.limits = limits


MANGUM = theirs("mangum_starlette.handler", "Mangum")
APIG_WSGI = theirs("apig_wsgi_flask.handler", "apig-wsgi")
CASES = {
    "trivial": Case(ours("trivial.handler"), theirs("trivial.handler"), HELLO, GREETING, 1500),
    "Starlette, hello": Case(
        ours("starlette_app:app"), MANGUM, HELLO, GREETING, 1500, time=1 / 3, cpu=0.3
    ),
    "Flask, hello": Case(
        ours("flask_app:app"), APIG_WSGI, HELLO, GREETING, 1500, time=0.5, cpu=0.5
    ),
    "Starlette, 1 MB binary": Case(
        ours("starlette_app:app"), MANGUM, LARGE, MEGABYTE, 100, time=0.5
    ),
    "Flask, 1 MB binary": Case(ours("flask_app:app"), APIG_WSGI, LARGE, MEGABYTE, 100, time=0.5),
}


def race(directory: Path, case: Case, rounds: int) -> dict[str, runtimes.Figures]:
    """The figures of both, by name."""
    warm = max(20, case.count // 10)
    trial = runtimes.Trial(directory, case.event, warm=warm, count=case.count)
    contestants = {one.name: one for one in (case.mine, case.peer)}
    results: dict[str, list] = {name: [] for name in contestants}
    for name in timing.in_turns(list(contestants), rounds):
        with trial.of(contestants[name]) as run:
            results[name].append(run.measure())
        runtimes.check(trial, case.body)
    return {name: runtimes.gather(values) for name, values in results.items()}


def stream(directory: Path, rounds: int, targets: timing.Targets) -> None:
    """The first piece of a streamed answer, from the app's hands to the API's."""
    trial = runtimes.Trial(directory, events.function_url("/"), warm=5, count=20)
    runs = []
    for _ in range(rounds):
        with trial.of(ours("streaming:app", ADAPTER_STREAM="1")) as run:
            runs.append(run.measure())
    figures = runtimes.gather(runs)
    columns = {"lag_p50": "p50 µs", "lag_p99": "p99 µs", "cpu": "CPU µs", "rss": "RSS MB"}
    title = "streamed, first piece"
    runtimes.print_duel(title, columns, {"adapter": figures}, ratios=False)
    print("  milliseconds:", end="")
    targets.check(title, statistics.median(figures["lag_p50"]) / 1000, 1.0)


def main() -> int:
    parser = timing.arguments(__doc__, rounds=7)
    parser.add_argument("--only", choices=[*CASES, "streamed"], help="one case")
    options = parser.parse_args()
    timing.print_machine("awslambdaric", "mangum", "apig-wsgi", "starlette", "flask")
    targets = timing.Targets()
    with runtimes.deployment() as directory:
        for title, case in CASES.items():
            if options.only in (None, title):
                figures = race(directory, case, options.rounds)
                runtimes.print_duel(title, COLUMNS, figures)
                runtimes.check_targets(targets, title, case.limits, *figures.values())
        if options.only in (None, "streamed"):
            stream(directory, options.rounds, targets)
    return targets.finish(options.strict)


if __name__ == "__main__":
    sys.exit(main())
