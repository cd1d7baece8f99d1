"""The local gateways: `adapter dev` beside serverless-offline and `chalice local`.

Each serves a hello of its own kind. In a turn it is started anew, and timed until its first answer;
then it is warm, and one kept connection asks, and then eight. Beside them uvicorn with our app and
nothing in between: so much of the time is the app's own. Peers are installed into a folder, by pip
and npm: serverless-offline with osls, since Serverless 4 runs after a login only.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import runtimes  # noqa: E402
import timing  # noqa: E402

FUNCTIONS = ROOT / "benchmarks" / "functions"
EXAMPLE = ROOT / "examples" / "starlette_app"
BIN = Path(sys.executable).parent
CHALICE = "chalice==1.34.0"
SERVERLESS = ("osls@4.3.1", "serverless-offline@14.8.2")
BODY = b"Hello, world!"
CONNECTIONS, WORKERS = 8, 2
START_S = 60.0

COLUMNS = {
    "start": "start ms",
    "start cpu": "its CPU",
    "p50": "p50 µs",
    "p99": "p99 µs",
    "cpu": "CPU µs",
    "per second": "req/s",
}
# The start with the example, and in µs what we add to the app's own time, and what a request takes
# of the time when many ask at once: 500 in a second.
START_MS, ADDED, TURN = 1000.0, 2000.0, 2000.0


@dataclass
class Contestant:
    """A server; `{port}` and `{other}` in its command are free ports."""

    name: str
    command: list[str]
    folder: Path
    path: str = "/hello"
    environment: dict[str, str] = field(default_factory=dict)


def adapter(folder: Path, target: str, path: str = "/hello") -> Contestant:
    options = ["--port", "{port}", "--workers", str(WORKERS)]
    return Contestant("adapter dev", [str(BIN / "adapter"), "dev", target, *options], folder, path)


def uvicorn(folder: Path, target: str, path: str = "/hello") -> Contestant:
    command = [str(BIN / "uvicorn"), target, "--port", "{port}", "--no-access-log"]
    return Contestant("uvicorn, the app alone", command, folder, path)


def chalice(peers: Path) -> Contestant:
    folder, environment = peers / "chalice", peers / "chalice-venv"
    if not (environment / "bin" / "chalice").exists():
        venv.create(environment, with_pip=True)
        subprocess.run([environment / "bin" / "pip", "install", "--quiet", CHALICE], check=True)
    shutil.copytree(FUNCTIONS / "chalice", folder, dirs_exist_ok=True)
    command = [str(environment / "bin" / "chalice"), "local", "--port", "{port}"]
    return Contestant("chalice local", command, folder)


def serverless(peers: Path) -> list[Contestant]:
    if shutil.which("npm") is None:
        print("serverless-offline is left out: there is no npm")
        return []
    folder = peers / "serverless"
    shutil.copytree(FUNCTIONS / "serverless", folder, dirs_exist_ok=True)
    if not (folder / "node_modules" / "osls").exists():
        # Its peer dependency is Serverless 4.
        options = ["--no-save", "--no-audit", "--no-fund", "--loglevel=error", "--legacy-peer-deps"]
        command = ["npm", "install", *options, "--prefix", str(folder), *SERVERLESS]
        subprocess.run(command, check=True)
    osls = str(folder / "node_modules" / ".bin" / "osls")
    ports = ["--host", "127.0.0.1", "--httpPort", "{port}", "--lambdaPort", "{other}"]
    path = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}  # it runs the python3 of the PATH
    return [
        Contestant(name, [osls, "offline", "start", *ports], folder, route, path)
        for name, route in (
            ("serverless-offline, Python", "/python"),
            ("serverless-offline, Node.js", "/node"),
        )
    ]


@contextlib.contextmanager
def running(contestant: Contestant) -> Iterator[tuple[int, subprocess.Popen, float]]:
    """(port, process, when it was started as time.monotonic has it). It ends with all it started.

    Its output goes to a file, which is not in its folder: peers look there for changes.
    """
    port, other = free_port(), free_port()
    command = [part.format(port=port, other=other) for part in contestant.command]
    with tempfile.TemporaryFile() as log:
        started = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=contestant.folder,
            env=os.environ | contestant.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            process_group=0,
        )
        try:
            yield port, process, started
        except Exception:
            log.seek(0)
            sys.stderr.write(log.read()[-2000:].decode(errors="replace"))
            raise
        finally:
            stop(process)


def stop(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    """Below those that the system gives to clients: whoever asks such a one again and again is at
    last connected to itself, and holds the port that the server wants."""
    while True:
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def until_answered(port: int, path: str, started: float) -> float:
    """Milliseconds from the start to the first 200. Raises RuntimeError."""
    while (elapsed := time.monotonic() - started) < START_S:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_S)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return (time.monotonic() - started) * 1000
        except (OSError, http.client.HTTPException):
            time.sleep(0.002)
        finally:
            connection.close()
    raise RuntimeError(f"no answer within {elapsed:.0f} s")


def cpu_ms(process: subprocess.Popen) -> float:
    """What it and its children have used."""
    parent = psutil.Process(process.pid)
    return runtimes.cpu_seconds([parent, *parent.children(recursive=True)]) * 1000


def start(contestant: Contestant) -> dict[str, float]:
    """Milliseconds, as for a user who waits; and of CPU time."""
    with running(contestant) as (port, process, started):
        return started_up(contestant, port, process, started)


def started_up(
    contestant: Contestant, port: int, process: subprocess.Popen, started: float
) -> dict[str, float]:
    answered = until_answered(port, contestant.path, started)
    return {"start": answered, "start cpu": cpu_ms(process)}


def whole(contestant: Contestant, client: Path, seconds: float) -> dict[str, float]:
    """The same, and what it does warm: the times in µs."""
    with running(contestant) as (port, process, started):
        figures = started_up(contestant, port, process, started)
        one = [client, str(port), contestant.path, "1"]
        many = [client, str(port), contestant.path, str(CONNECTIONS)]
        ask(one, seconds / 2)
        before = cpu_ms(process)
        alone = ask(one, seconds)
        figures["cpu"] = (cpu_ms(process) - before) / alone["count"] * 1000
        ask(many, seconds / 2)
        figures["per second"] = ask(many, seconds)["per second"]
        return figures | {"p50": alone["p50"], "p99": alone["p99"]}


def ask(command: list, seconds: float) -> dict[str, float]:
    done = subprocess.run([*command, str(seconds), BODY], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def compile_client(program: Path) -> None:
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        sys.exit("This benchmark needs a C compiler for http_client.c: install gcc or set CC.")
    source = ROOT / "benchmarks" / "http_client.c"
    subprocess.run([*compiler.split(), "-O2", "-o", str(program), str(source)], check=True)


Rows = dict[str, runtimes.Figures]


def race(contestants: list[Contestant], rounds: int, measure) -> Rows:
    """The figures of each, by name; a first round, that fills the page cache, does not count."""
    by_name = {one.name: one for one in contestants}
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in by_name}
    for name in timing.in_turns(list(by_name), rounds + 1):
        runs[name].append(measure(by_name[name]))
    return {name: runtimes.gather(told[1:]) for name, told in runs.items()}


def print_rows(title: str, rows: Rows) -> None:
    """Medians; then ours divided by each of the others', round by round."""
    own, *others = rows
    columns = {name: label for name, label in COLUMNS.items() if name in rows[own]}
    runtimes.print_duel(title, columns, rows, ratios=False)
    for other in others:
        ratios = [timing.ratio(rows[own][name], rows[other][name]) for name in columns]
        print(f"  {'ratio to ' + other:38}" + "".join(f"{value:10.2f}" for value in ratios))


def race_all(options, client: Path, peers: Path) -> tuple[Rows, Rows]:
    """The starts of the example, and all figures of the hellos."""
    example = (EXAMPLE, "main:app", "/json")
    starts = race([adapter(*example), uvicorn(*example)], options.rounds, start)
    hello = (FUNCTIONS, "starlette_app:app")
    contestants = [adapter(*hello), uvicorn(*hello), chalice(peers), *serverless(peers)]
    return starts, race(
        contestants, options.rounds, lambda one: whole(one, client, options.seconds)
    )


def check(targets: timing.Targets, starts: Rows, rows: Rows) -> None:
    example, *_ = starts.values()
    own, alone, *_ = rows.values()
    limits = (
        ("start of the example, ms", statistics.median(example["start"]), START_MS),
        (
            "added to the app's p50, µs",
            statistics.median(timing.over(own["p50"], alone["p50"])),
            ADDED,
        ),
        ("a turn when eight ask, µs", 1e6 / statistics.median(own["per second"]), TURN),
    )
    for title, value, limit in limits:
        print(f"  {title}:", end="")
        targets.check(title, value, limit)


def main() -> int:
    parser = timing.arguments(__doc__, rounds=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each load; default 2")
    parser.add_argument("--peers", type=Path, help="the folder they are, or will be, installed in")
    options = parser.parse_args()
    timing.print_machine("uvicorn", "starlette")
    targets = timing.Targets()
    with tempfile.TemporaryDirectory() as name:
        compile_client(Path(name) / "http_client")
        peers = (options.peers or Path(name)).absolute()
        starts, rows = race_all(options, Path(name) / "http_client", peers)
    print_rows("examples/starlette_app", starts)
    print_rows(f"a hello, {WORKERS} workers", rows)
    check(targets, starts, rows)
    return targets.finish(options.strict)


if __name__ == "__main__":
    sys.exit(main())
