"""Many invocations at once (AWS_LAMBDA_MAX_CONCURRENCY): our runtime and AWS's.

Lambda Managed Instances send a runtime up to so many invocations at a time. AWS's runtime forks a
process for each. The app, in Starlette, waits 50 ms in every request, as for a database.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import events  # noqa: E402
import runtimes  # noqa: E402
import timing  # noqa: E402
from runtimes import ours, theirs  # noqa: E402

COLUMNS = {
    "up": "up ms",
    "per second": "inv/s",
    "whole_p50": "p50 µs",
    "whole_p99": "p99 µs",
    "cpu": "CPU µs",
    "rss": "RSS MB",
    "pss": "PSS MB",
    "processes": "processes",
    "peak": "at once",
}
LIMITS = {"pss": 1 / 20, "rss": 1 / 20, "cpu": 1 / 4, "up": 1 / 5}


def contestants(number: int) -> list[runtimes.Contestant]:
    environment = {
        "AWS_LAMBDA_MAX_CONCURRENCY": str(number),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "lambda-managed-instances",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
    }
    return [
        ours("starlette_app:app", **environment),
        theirs("mangum_starlette.handler", "Mangum", **environment),
    ]


def race(directory: Path, number: int, rounds: int) -> dict[str, runtimes.Figures]:
    """The figures of both, by name. They have all CPUs, which starting so many processes takes."""
    trial = runtimes.Trial(
        directory,
        events.get("http_api", "/slow"),
        spread=True,
        warm=2 * number,
        count=40 * number,
        outstanding=number,
        seconds=5.0,
    )
    pair = {one.name: one for one in contestants(number)}
    results: dict[str, list] = {name: [] for name in pair}
    for name in timing.in_turns(list(pair), rounds):
        with trial.of(pair[name]) as run:
            results[name].append({"up": run.until("warm")} | run.measure())
        runtimes.check(trial, b"Hello, world!")
    return {name: runtimes.gather(values) for name, values in results.items()}


def main() -> int:
    parser = timing.arguments(__doc__, rounds=5)
    parser.add_argument("--number", type=int, default=64, help="at a time; default 64")
    options = parser.parse_args()
    timing.print_machine("awslambdaric", "mangum", "starlette")
    targets = timing.Targets()
    with runtimes.deployment() as directory:
        figures = race(directory, options.number, options.rounds)
    title = f"{options.number} at a time, 50 ms each"
    runtimes.print_duel(title, COLUMNS, figures)
    runtimes.check_targets(targets, title, LIMITS, *figures.values())
    return targets.finish(options.strict)


if __name__ == "__main__":
    sys.exit(main())
