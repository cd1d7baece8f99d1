"""A runtime as Lambda starts one, against fake_api.c: what loop.py, cold.py and many.py share.

Ours and AWS's are deployed the same way: packages and functions side by side, with their byte
code, under a bare interpreter (-S, no virtual environment's .pth files). AWS's is told that it is
a managed Python of 3.12 or later, which polls in a thread: so every such function runs it.
"""

from __future__ import annotations

import base64
import compileall
import contextlib
import importlib.util
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import timing

HERE = Path(__file__).resolve().parent
PACKAGES = (
    "adapter", "awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py", "mangum",
    "apig_wsgi", "starlette", "anyio", "idna", "typing_extensions", "flask", "werkzeug", "jinja2",
    "markupsafe", "itsdangerous", "click", "blinker",
)  # fmt: skip
PYTHON = [sys.executable, "-S", "-B"]
# Neither by -m, whose `runpy` takes 4 to 8 ms: AWS's images and our scripts do without it.
START = {
    "adapter.runtime": "from adapter.runtime import start; start()",
    "awslambdaric": "import sys; from awslambdaric.__main__ import main; main(sys.argv)",
}
CPUS = sorted(os.sched_getaffinity(0))


class Contestant:
    """A runtime with a function."""

    def __init__(self, name: str, module: str, target: str, environment: dict[str, str]) -> None:
        self.name = name
        self.command = [*PYTHON, "-c", START[module], target]
        self.environment = {"_HANDLER": target, **environment}


def ours(target: str, **environment: str) -> Contestant:
    return Contestant("adapter", "adapter.runtime", target, environment)


def theirs(target: str, library: str = "", **environment: str) -> Contestant:
    name = f"awslambdaric + {library}" if library else "awslambdaric"
    environment["AWS_EXECUTION_ENV"] = "AWS_Lambda_python3.12"
    return Contestant(name, "awslambdaric", target, environment)


@contextlib.contextmanager
def deployment() -> Iterator[Path]:
    """A directory with all packages, the functions and the compiled fake_api."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        shutil.copytree(HERE / "functions", directory, dirs_exist_ok=True)
        deploy(directory, PACKAGES)
        compile_fake_api(directory / "fake_api")
        yield directory


def deploy(directory: Path, packages: tuple[str, ...]) -> None:
    """The packages as a deployment has them: side by side, with their byte code."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in packages:
        spec = importlib.util.find_spec(name)
        assert spec is not None, f"{name} is not installed"
        assert spec.origin is not None
        source = Path(spec.origin)
        if source.name == "__init__.py":
            shutil.copytree(source.parent, directory / name, ignore=ignored)
        else:
            shutil.copy(source, directory)
    compileall.compile_dir(directory, quiet=2, workers=0)


def compile_fake_api(program: Path) -> None:
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        sys.exit("These benchmarks need a C compiler for fake_api.c: install gcc or set CC.")
    command = [*compiler.split(), "-O2", "-o", str(program), str(HERE / "fake_api.c")]
    subprocess.run(command, check=True)


class Trial:
    """One contestant with a fake Runtime API of its own, from its start to its end.

    Both are pinned, unless `spread`: the API to the first CPU, the runtime to the last. The
    runtime is the leader of a process group, so that what it forks ends with it.
    """

    spread = False
    warm = 1
    count = 0
    outstanding = 1
    seconds = 30.0

    def __init__(self, directory: Path, event: dict, **settings: object) -> None:
        self.directory = directory
        self.event = directory / "event.json"
        self.event.write_text(json.dumps(event, separators=(",", ":")))
        self.answer = directory / "answer"
        vars(self).update(settings)

    @contextlib.contextmanager
    def of(self, contestant: Contestant) -> Iterator[Run]:
        with self._api() as api, tempfile.TemporaryFile() as log:
            port = api.stdout.readline().split()[1]
            started = time.monotonic_ns()
            process = subprocess.Popen(
                contestant.command,
                env=self._environment(port) | contestant.environment,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                process_group=0,
            )
            if not self.spread:
                os.sched_setaffinity(process.pid, CPUS[-1:])
            try:
                yield Run(self, api, process, log, started)
            finally:
                api.stdin.close()
                api.wait()  # before it sees the runtime go
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    @contextlib.contextmanager
    def _api(self) -> Iterator[subprocess.Popen]:
        numbers = [str(n) for n in (self.warm, self.count, self.outstanding, self.seconds)]
        command = [self.directory / "fake_api", self.event, self.answer, *numbers]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as api:
            os.sched_setaffinity(api.pid, CPUS[:1])
            yield api

    def _environment(self, port: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(self.directory),
            "LAMBDA_TASK_ROOT": str(self.directory),
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "AWS_LAMBDA_FUNCTION_NAME": "benchmark",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/benchmark",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/21/[$LATEST]0a1b2c",
            "AWS_REGION": "eu-central-1",
        }


class Run:
    """A runtime that is running. Raises RuntimeError, with the runtime's log, if it fails."""

    def __init__(self, trial: Trial, api: subprocess.Popen, process, log, started: int) -> None:
        self.trial = trial
        self.process = process
        self._api = api
        self._log = log
        self._started = started
        self._told: dict[str, float] = {}

    def until(self, word: str) -> float:
        """Milliseconds from the spawn to what the API says with that word: next or warm."""
        while word not in self._told:
            said, nanoseconds = self._line().split()
            self._told[said] = (int(nanoseconds) - self._started) / 1e6
        return self._told[word]

    def measure(self) -> dict[str, float]:
        """The API's summary, and CPU time per invocation and memory of the whole tree."""
        tree = self.settle()
        before = cpu_seconds(tree)
        self._api.stdin.write("go\n")
        self._api.stdin.flush()
        summary = json.loads(self._line())
        if summary["errors"]:
            raise self._failure()
        count = summary["count"]
        summary["cpu"] = (cpu_seconds(tree) - before) / count * 1e6
        summary["time"] = summary["seconds"] / count * 1e6
        summary["per second"] = count / summary["seconds"]
        return summary | memory(tree)

    def settle(self) -> list[psutil.Process]:
        """The runtime's processes, once they have started up: some may do so still."""
        self.until("warm")
        process = psutil.Process(self.process.pid)
        tree = [process, *process.children(recursive=True)]
        while len(tree) > 1 and cpu_used_in(tree, 0.2) > 0.01:
            pass
        return tree

    def _line(self) -> str:
        line = self._api.stdout.readline()
        if not line:
            raise self._failure()
        return line

    def _failure(self) -> RuntimeError:
        self._log.seek(0)
        return RuntimeError(self._log.read()[-4000:].decode(errors="replace"))


def cpu_used_in(tree: list[psutil.Process], seconds: float) -> float:
    before = cpu_seconds(tree)
    time.sleep(seconds)
    return cpu_seconds(tree) - before


def cpu_seconds(tree: list[psutil.Process]) -> float:
    """What the processes have used, to the nanosecond: /proc and getrusage count in ticks, and
    the latter with the start-up. The clock's number is clock_getcpuclockid(3)'s."""
    return sum(time.clock_gettime(~process.pid << 3 | 2) for process in tree)


def memory(tree: list[psutil.Process]) -> dict[str, float]:
    """MB; PSS counts what processes share once."""
    figures = [process.memory_full_info() for process in tree]
    return {
        "rss": sum(figure.rss for figure in figures) / 1e6,
        "pss": sum(figure.pss for figure in figures) / 1e6,
        "processes": len(tree),
    }


def check(trial: Trial, body: bytes) -> None:
    """A fast wrong answer is no answer. Looks at the first of a run."""
    result = json.loads(trial.answer.read_bytes())
    text = result["body"]
    told = base64.b64decode(text) if result.get("isBase64Encoded") else text.encode()
    assert result["statusCode"] == 200, result
    assert told == body


Figures = dict[str, timing.Series]
"""Some series of one contestant, by name."""


def gather(runs: list[dict[str, float]]) -> Figures:
    """One dict for each round into one series for each name."""
    return {name: [run[name] for run in runs] for name in runs[0]}


def print_duel(
    title: str, columns: dict[str, str], rows: dict[str, Figures], ratios: bool = True
) -> None:
    """Medians, a line for each contestant; then the first one's ratios to the second."""
    print(f"\n{title:40}" + "".join(f"{label:>10}" for label in columns.values()))
    for name, figures in rows.items():
        medians = [statistics.median(figures[column]) for column in columns]
        print(f"  {name:38}" + "".join(f"{value:10.{_digits(value)}f}" for value in medians))
    if ratios:
        own, other, *_ = rows.values()
        values = [timing.ratio(own[column], other[column]) for column in columns]
        print(f"  {'ratio':38}" + "".join(f"{value:10.3f}" for value in values))


def _digits(value: float) -> int:
    return 1 if value < 1000 else 0


def check_targets(
    targets: timing.Targets, title: str, limits: dict[str, float], own: Figures, other: Figures
) -> None:
    """The ratio of each figure in `limits` against its limit."""
    for name, limit in limits.items():
        print(f"  {name}:", end="")
        targets.check(f"{title}: {name}", timing.ratio(own[name], other[name]), limit)
