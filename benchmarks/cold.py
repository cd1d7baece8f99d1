"""A cold start: from the spawn of the process to its first GET /next, our runtime and AWS's.

Beside them a process that imports the same app and nothing else: so much of it is the framework's.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import events  # noqa: E402
import runtimes  # noqa: E402
import timing  # noqa: E402
from runtimes import ours, theirs  # noqa: E402

CASES = {
    "Starlette": ("starlette_app", theirs("mangum_starlette.handler", "Mangum")),
    "Flask": ("flask_app", theirs("apig_wsgi_flask.handler", "apig-wsgi")),
}
LIMIT = 12.0
IMPORT = "import {module}, time; print(time.monotonic_ns())"


def until_next(directory: Path, contestant: runtimes.Contestant) -> float:
    """Milliseconds from the spawn to the first GET /next."""
    trial = runtimes.Trial(directory, events.hello("http_api"))
    with trial.of(contestant) as run:
        return run.until("next")


def until_imported(directory: Path, module: str) -> float:
    """Milliseconds from the spawn to the end of the import."""
    command = [*runtimes.PYTHON, "-c", IMPORT.format(module=module)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(directory)}
    started = time.monotonic_ns()
    with subprocess.Popen(
        command, env=environment, cwd=directory, stdout=subprocess.PIPE
    ) as process:
        os.sched_setaffinity(process.pid, runtimes.CPUS[-1:])
        ended = int(process.stdout.read())
    return (ended - started) / 1e6


def race(directory: Path, module: str, peer: runtimes.Contestant, rounds: int):
    """The series of the three; a first round, that fills the page cache, does not count."""
    mine = ours(f"{module}:app")
    contestants = {
        "adapter": lambda: until_next(directory, mine),
        peer.name: lambda: until_next(directory, peer),
        "the import alone": lambda: until_imported(directory, module),
    }
    series: dict[str, timing.Series] = {name: [] for name in contestants}
    for name in timing.in_turns(list(contestants), rounds + 1):
        series[name].append(contestants[name]())
    return {name: values[1:] for name, values in series.items()}


def main() -> int:
    options = timing.arguments(__doc__, rounds=31).parse_args()
    timing.print_machine("awslambdaric", "mangum", "apig-wsgi", "starlette", "flask")
    targets = timing.Targets()
    with runtimes.deployment() as directory:
        for title, (module, peer) in CASES.items():
            series = race(directory, module, peer, options.rounds)
            own, other, alone = series.values()
            rows = [
                ("adapter", own, other),
                (peer.name, other, None),
                ("the import alone", alone, other),
            ]
            timing.print_table(f"{title}, spawn to GET /next", rows, unit="ms")
            targets.check(f"{title}: against the peer", timing.ratio(own, other), 1.0)
            print("  ms over the import:", end="")
            over = statistics.median(timing.over(own, alone))
            targets.check(f"{title}: over the import", over, LIMIT)
    return targets.finish(options.strict)


if __name__ == "__main__":
    sys.exit(main())
