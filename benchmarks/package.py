"""`adapter package` beside Zappa's and Chalice's: how long it takes, what comes out, how it starts.

Adapter and Zappa package the same Flask hello, Chalice its own. In a turn each is packaged from
nothing, again with nothing changed, and again after a change of one line. The last zip is unpacked
to a folder that can't be written to, as on Lambda, and the app is imported from there. Peers are
installed by pip into a folder; all downloads come out of pip's cache.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent
RUNTIME = f"python3.{sys.version_info.minor}"
ZAPPA, CHALICE = "zappa==0.63.0", "chalice==1.34.0"
COLUMNS = ("first s", "again s", "changed s", "MB", "MB unzipped", "files", "same", "import ms")

FLASK = """
from flask import Flask

app = Flask(__name__)


@app.get("/hello")
def hello():
    return "Hello, world!"
"""


@dataclass
class Contestant:
    """A packager: a command in a folder, after which a zip is there.

    module  what is imported of it, to see how long that takes
    """

    name: str
    command: list[str]
    folder: Path
    source: Path
    zip: str
    module: str


def adapter(folder: Path) -> Contestant:
    source = flask_app(folder)
    command = [str(BIN / "adapter"), "package", "main:app", "--runtime", RUNTIME]
    return Contestant("adapter", command, folder, source, ".adapter/package/*.zip", "main")


def zappa(folder: Path, peers: Path) -> Contestant:
    source = flask_app(folder)
    python = installed(peers / "zappa", ZAPPA, "flask")
    settings = {"app_function": "main.app", "runtime": RUNTIME, "s3_bucket": "x", "slim_handler": 0}
    (folder / "zappa_settings.json").write_text(
        json.dumps({"dev": {**settings, "exclude": ["*.zip"]}})
    )
    return Contestant(
        "Zappa",
        [str(python.parent / "zappa"), "package", "dev", "-o", "out.zip"],
        folder,
        source,
        "out.zip",
        "main",
    )


def chalice(folder: Path, peers: Path) -> Contestant:
    python = installed(peers / "chalice-package", CHALICE)
    program = str(python.parent / "chalice")
    subprocess.run(
        [program, "new-project", folder.name], cwd=folder.parent, check=True, capture_output=True
    )
    command = [program, "package", "out"]
    return Contestant("Chalice", command, folder, folder / "app.py", "out/deployment.zip", "app")


def flask_app(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text("flask\n")
    source = folder / "main.py"
    source.write_text(FLASK)
    return source


def installed(folder: Path, *requirements: str) -> Path:
    """The Python of an environment that has these."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "setuptools<81", *requirements], check=True
        )
    return python


def packaged(one: Contestant) -> tuple[float, Path]:
    """(seconds, the zip)"""
    environment = {
        **os.environ,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "VIRTUAL_ENV": str(Path(one.command[0]).parents[1]),
        "PATH": f"{Path(one.command[0]).parent}:{os.environ['PATH']}",
    }
    start = time.perf_counter()
    done = subprocess.run(
        one.command, cwd=one.folder, env=environment, capture_output=True, text=True
    )
    took = time.perf_counter() - start
    found = list(one.folder.glob(one.zip))
    if done.returncode or not found:
        sys.exit(f"{one.name}: {done.stdout}{done.stderr}")
    return took, found[0]


def turn(one: Contestant) -> dict[str, float]:
    for left in (".adapter", "out", "out.zip", ".chalice/deployments"):
        path = one.folder / left
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    first, made = packaged(one)
    before = hashlib.sha256(made.read_bytes()).digest()
    if one.zip.startswith("out"):  # adapter keeps what it has made; the others make it anew
        made.unlink()
    again, made = packaged(one)
    same = hashlib.sha256(made.read_bytes()).digest() == before
    with one.source.open("a") as file:
        file.write("# changed\n")
    changed, made = packaged(one)
    with zipfile.ZipFile(made) as archive:
        infos = archive.infolist()
    return {
        "first s": first,
        "again s": again,
        "changed s": changed,
        "MB": made.stat().st_size / 2**20,
        "MB unzipped": sum(info.file_size for info in infos) / 2**20,
        "files": len(infos),
        "same": float(same),
        "import ms": imported(made, one.module) * 1000,
    }


def imported(archive: Path, module: str, times: int = 7) -> float:
    """Seconds that an import takes from the unpacked zip, which can't be written to; the median."""
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)
        code = (
            "import sys, time; sys.dont_write_bytecode = True; "
            f"sys.path.insert(0, {folder!r}); start = time.perf_counter(); import {module}; "
            "print(time.perf_counter() - start)"
        )
        runs = [
            float(
                subprocess.run(
                    [sys.executable, "-I", "-S", "-c", code],
                    check=True,
                    capture_output=True,
                    text=True,
                ).stdout
            )
            for _ in range(times)
        ]
    return statistics.median(runs)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", type=Path, help="the folder they are, or will be, installed in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        peers = (options.peers or base / "peers").absolute()
        all_of_them = [
            adapter(base / "ours"),
            zappa(base / "zappaapp", peers),
            chalice(base / "chaliceapp", peers),
        ]
        for one in all_of_them:
            packaged(one)  # so that all has been downloaded
        found: dict[str, list[dict[str, float]]] = {one.name: [] for one in all_of_them}
        for number in range(options.rounds):
            for one in all_of_them[number % 3 :] + all_of_them[: number % 3]:
                found[one.name].append(turn(one))
    put(found)


def put(found: dict[str, list[dict[str, float]]]) -> None:
    print(f"{'':14}", *(f"{name:>12}" for name in COLUMNS))
    medians = {
        name: {column: statistics.median(one[column] for one in turns) for column in COLUMNS}
        for name, turns in found.items()
    }
    for name, row in medians.items():
        print(f"{name:14}", *(f"{row[column]:12.2f}" for column in COLUMNS))
    for peer in list(found)[1:]:
        pairs = list(zip(found["adapter"], found[peer], strict=True))
        ratios = {
            column: statistics.median(
                ours[column] / theirs[column] for ours, theirs in pairs if theirs[column]
            )
            for column in COLUMNS
            if column != "same"
        }
        print(
            f"{'ratio ' + peer:14}",
            *(f"{ratios.get(column, float('nan')):12.2f}" for column in COLUMNS),
        )


if __name__ == "__main__":
    main()
