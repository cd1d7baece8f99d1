"""What a cold start pays for the adapter: its import, in fresh processes, against the peers'.

Everything is copied into one directory and compiled, as a deployment has it: whether byte code
is there makes more difference than anything else (and PYTHONDONTWRITEBYTECODE would leave only
ours without). The clock runs inside the process, around the lines of the table.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(Path(__file__).resolve().parent))

import runtimes  # noqa: E402
import timing  # noqa: E402

PACKAGES = ("adapter", "mangum", "apig_wsgi", "typing_extensions")

WSGI_APP = "def app(environ, start_response): start_response('200 OK', []); return [b'']"
ASGI_APP = """async def app(scope, receive, send):
    if scope['type'] != 'http': raise NotImplementedError
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    await send({'type': 'http.response.body', 'body': b''})"""

OURS = "from adapter import Handler; handler = Handler(app)"
APIG_WSGI = "import apig_wsgi; handler = apig_wsgi.make_lambda_handler(app)"
MANGUM = "from mangum import Mangum; handler = Mangum(app, lifespan='off')"
CALL = "; handler(event, None)"

CASES = {
    "WSGI: adapter": (WSGI_APP, OURS),
    "WSGI: apig-wsgi": (WSGI_APP, APIG_WSGI),
    "ASGI: adapter": (ASGI_APP, OURS),
    "ASGI: Mangum": (ASGI_APP, MANGUM),
    "WSGI and a first request: adapter": (WSGI_APP, OURS + CALL),
    "WSGI and a first request: apig-wsgi": (WSGI_APP, APIG_WSGI + CALL),
    "ASGI and a first request: adapter": (ASGI_APP, OURS + CALL),
    "ASGI and a first request: Mangum": (ASGI_APP, MANGUM + CALL),
    "import json": ("", "import json"),
    "import asyncio": ("", "import asyncio"),
}
PAIRS = {
    "WSGI: adapter": "WSGI: apig-wsgi",
    "ASGI: adapter": "ASGI: Mangum",
    "WSGI and a first request: adapter": "WSGI and a first request: apig-wsgi",
    "ASGI and a first request: adapter": "ASGI and a first request: Mangum",
}

# `os` is there in every process that has run `site`; -S leaves out its .pth files alone.
MARK = "from here on, the case"
PROLOGUE = """
import os, sys, time
sys.path.insert(0, {directory!r})
{app}
event = {event!r}
loaded = len(sys.modules)
print({mark!r}, file=sys.stderr)
start = time.perf_counter()
{statement}
print(time.perf_counter() - start, len(sys.modules) - loaded)
"""


def run(directory: Path, app: str, statement: str, *flags: str) -> subprocess.CompletedProcess[str]:
    import events

    program = PROLOGUE.format(
        directory=str(directory),
        app=app,
        statement=statement,
        event=events.hello("http_api"),
        mark=MARK,
    )
    command = [sys.executable, "-I", "-S", "-B", "-W", "ignore", *flags, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True, env={})


def measure(directory: Path, rounds: int) -> tuple[dict[str, timing.Series], dict[str, int]]:
    """Milliseconds and the number of new modules; a first round fills the page cache."""
    series: dict[str, timing.Series] = {name: [] for name in CASES}
    modules: dict[str, int] = {}
    for name in timing.in_turns(list(CASES), rounds + 1):
        seconds, count = run(directory, *CASES[name]).stdout.split()
        modules[name] = int(count)
        series[name].append(float(seconds) * 1000)
    return {name: values[1:] for name, values in series.items()}, modules


def print_tree(directory: Path, name: str) -> None:
    """What -X importtime tells of one case; its lines are in µs: self, cumulative."""
    lines = run(directory, *CASES[name], "-X", "importtime").stderr.splitlines()
    print("\n".join([name, lines[0], *lines[lines.index(MARK) + 1 :]]))


def main() -> int:
    parser = timing.arguments(__doc__, rounds=21)
    parser.add_argument("--tree", choices=CASES, help="print -X importtime of a case instead")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        runtimes.deploy(directory, PACKAGES)
        if options.tree:
            print_tree(directory, options.tree)
            return 0
        timing.print_machine("mangum", "apig-wsgi")
        series, modules = measure(directory, options.rounds)
    rows = []
    for name, values in series.items():
        peer = PAIRS.get(name)
        rows.append((f"{name} ({modules[name]} modules)", values, series[peer] if peer else None))
    timing.print_table("fresh process", rows, unit="ms")
    targets = timing.Targets()
    for name, peer in PAIRS.items():
        print(name)
        targets.check(name, timing.ratio(series[name], series[peer]), 1.0)
    return targets.finish(options.strict)


if __name__ == "__main__":
    sys.exit(main())
