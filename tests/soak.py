"""Requests through `adapter dev` while its workers are killed, and what came of each.

    scripts/soak --requests 10000

Two functions stand behind the gateway, one of which streams. A worker is killed (SIGKILL, whatever
it does) after every 20 answers or so. As in Lambda a kill may cost the one request that the worker
has: it is answered by the front end, or its stream breaks off. All others are answered by the app,
and none is carried to the app twice.
"""

import argparse
import hashlib
import http.client
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from dev_command import Dev

GUESTS = Path(__file__).parent / "guests"
PROJECT = """
[tool.adapter]
kind = "rest_api"
[tool.adapter.functions]
whole = {{ handler = "soaked:app", folder = "{guests}", variables = {{ RECORD = "{record}" }} }}
[tool.adapter.functions.pieces]
handler = "soaked:app"
folder = "{guests}"
variables = {{ RECORD = "{record}" }}
stream = true
[tool.adapter.routes]
"ANY /whole/{{number}}" = "whole"
"ANY /pieces/{{number}}" = "pieces"
"""
KINDS = (("GET", "whole"), ("GET", "whole"), ("POST", "whole"), ("GET", "pieces"))
LARGEST = 100_000
PIECES = 4
PATIENCE_S = 35  # a REST API gives up after 29

WHOLE, REFUSED, CUT, LOST, WRONG = "whole", "refused", "cut", "lost", "wrong"


@dataclass
class Report:
    """What came of the requests.

    fates     how many were answered whole by the app, refused by the front end, cut short in their
              stream; how many were lost, or got what is no answer to them
    faults    of the latter two, in words
    kills     workers that were killed
    twice     numbers of requests that came to the app twice
    unseen    and of those that it answered whole without having got them
    memory    bytes of `adapter dev`, after the first tenth of the requests and after the last
    open      its open files, likewise
    orphans   processes that it left behind
    status    its exit status, and `output` what it said
    """

    fates: Counter = field(default_factory=Counter)
    faults: list = field(default_factory=list)
    kills: int = 0
    twice: list = field(default_factory=list)
    unseen: list = field(default_factory=list)
    memory: list = field(default_factory=list)
    open: list = field(default_factory=list)
    orphans: list = field(default_factory=list)
    status: int | None = None
    output: str = ""


def soak(folder, requests, *, connections=16, workers=4, every=20, seed=0):
    """A Report on so many requests; a worker is killed after every `every` answers."""
    record = folder / "record"
    record.touch()
    (folder / "pyproject.toml").write_text(PROJECT.format(guests=GUESTS, record=record))
    dev = Dev(folder, "--workers", str(workers)).wait_until_up()
    run = _Run(dev, requests, every, seed)
    output = []
    reading = threading.Thread(target=lambda: output.extend(dev.process.stdout))
    reading.start()
    try:
        with ThreadPoolExecutor(connections) as threads:
            list(threads.map(lambda _: run.work(), range(connections)))
        run.measure()
        dev.process.send_signal(signal.SIGINT)
        run.report.status = dev.process.wait(60)
        run.report.orphans = _started_for(record)
    finally:
        dev.process.kill()
        reading.join()
        dev.stop()
    run.report.output = "".join(output)
    run.compare(record.read_text().split())
    return run.report


def _started_for(record):
    """Every process that there is of this soak's functions, whoever's child it is by now."""
    processes = psutil.process_iter(["environ"])
    return [each for each in processes if (each.info["environ"] or {}).get("RECORD") == str(record)]


class _Run:
    """The requests of all connections, and the kills among them."""

    def __init__(self, dev, requests, every, seed):
        self.report = Report()
        self._dev = dev
        self._process = psutil.Process(dev.process.pid)
        self._requests = requests
        self._every = every
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._begun = self._done = 0
        self._next_kill = every
        self._answered = []

    def work(self):
        """One connection after the other, a request after the other on each."""
        connection = None
        while (number := self._begin()) is not None:
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", self._dev.port, PATIENCE_S)
            fate, fault = _ask(connection, number)
            if fate in (CUT, LOST):
                connection.close()
                connection = None
            self._end(number, fate, fault)
        if connection is not None:
            connection.close()

    def _begin(self):
        with self._lock:
            if self._begun == self._requests:
                return None
            self._begun += 1
            return self._begun

    def _end(self, number, fate, fault):
        with self._lock:
            self._done += 1
            self.report.fates[fate] += 1
            if fate == WHOLE:
                self._answered.append(number)
            if fault:
                self.report.faults.append(f"{number}: {fate}: {fault}")
            if self._done == self._requests // 10:
                self.measure()
            if self._done >= self._next_kill:
                self._kill_one()

    def _kill_one(self):
        self._next_kill = self._done + max(1, round(self._random.expovariate(1 / self._every)))
        children = self._process.children()
        if children:
            self.report.kills += 1
            try:
                self._random.choice(children).kill()
            except psutil.NoSuchProcess:
                pass

    def measure(self):
        self.report.memory.append(self._process.memory_info().rss)
        self.report.open.append(self._process.num_fds())

    def compare(self, seen):
        """The answers with what the app noted."""
        counts = Counter(map(int, seen))
        self.report.twice = [number for number, count in counts.items() if count > 1]
        self.report.unseen = [number for number in self._answered if number not in counts]


def _ask(connection, number):
    """(what came of it, what is wrong about that or "")."""
    chosen = random.Random(number)
    method, how = chosen.choice(KINDS)
    body = chosen.randbytes(chosen.randrange(LARGEST)) if method == "POST" else b""
    try:
        connection.request(method, f"/{how}/{number}", body or None)
        answer = connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        return LOST, repr(error)
    try:
        said = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return (CUT, "") if how == "pieces" else (LOST, repr(error))
    return _judged(answer.status, said, _expected(number, how, body))


def _expected(number, how, body):
    answer = f"{number} {hashlib.sha256(body).hexdigest()}".encode()
    return answer * PIECES if how == "pieces" else answer


def _judged(status, said, expected):
    if status >= 500:
        return REFUSED, ""
    if (status, said) == (200, expected):
        return WHOLE, ""
    return WRONG, f"{status} {said[:200]!r}"


def main():
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=10_000, help="default 10000")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10_000, help="of the kills")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = soak(Path(folder), options.requests, seed=options.seed)
    print(f"seed {options.seed}, {time.monotonic() - began:.0f} s, {report.kills} workers killed")
    print(", ".join(f"{count} {fate}" for fate, count in report.fates.items()))
    print(
        "memory, MB:", *(round(size / 1e6) for size in report.memory), "open files:", *report.open
    )
    problems = problems_of(report)
    print(*problems, sep="\n")
    return 1 if problems else 0


def problems_of(report):
    """What is not as it should be, in words."""
    found = {
        "lost or wrong": report.faults,
        "carried twice": report.twice,
        "answered without the app": report.unseen,
        "left behind": report.orphans,
        "exit status": report.status,
        "more failures than kills": _failures(report) > report.kills,
        "a traceback": "Traceback" in report.output,
        "memory": report.memory[-1] - report.memory[0] > 30e6,
        "open files": report.open[-1] - report.open[0] > 20,
    }
    return [f"{what}: {told}" for what, told in found.items() if told]


def _failures(report):
    return report.fates[REFUSED] + report.fates[CUT]


if __name__ == "__main__":
    sys.exit(main())
