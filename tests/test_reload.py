"""`adapter dev` after a save: new environments, and no request lost on the way."""

import asyncio
import os
import shutil
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.local.reload import forget_bytecode, in_virtualenv, is_watched, named
from adapter.local.workers import Hours
from dev_command import Dev
from lambda_side import pool_of

APP = """
import os, time
def app(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        open("begun", "w").close()
        while not os.path.exists("go"):
            time.sleep(0.01)
    start_response("200 OK", [])
    return [b"version {}"]
"""


class Folder:
    """A folder with an app in it, and the command that serves it."""

    def __init__(self, path, dev):
        self.path = path
        self.dev = dev
        self.lines = []
        self.save(1)

    def save(self, version, file="main.py"):
        (self.path / file).write_text(APP.replace("{}", str(version)))

    def write(self, file, text):
        (self.path / file).write_text(text)

    def serve(self, *arguments):
        self.gateway = self.dev("main:app", *arguments, folder=self.path)
        threading.Thread(target=self.read, daemon=True).start()
        self.until(lambda: any("ready in" in line for line in self.lines))
        return self

    def read(self):
        for line in self.gateway.process.stdout:
            self.lines.append(line.rstrip())

    def text(self, path="/"):
        return self.gateway.client.get(path).text

    def starts(self, words):
        return [line for line in self.lines if line.startswith(words)]

    def until(self, reached, seconds=60):
        end = time.monotonic() + seconds
        while not reached():
            assert time.monotonic() < end, "\n".join(self.lines)
            time.sleep(0.01)

    def until_ready(self, times=1):
        self.until(lambda: len(self.starts("ready again in ")) >= times)

    def until_idle(self):
        rows = f"{self.gateway.url}/_adapter/visits"
        self.until(lambda: all(row["over"] for row in self.gateway.client.get(rows).json()["rows"]))

    def until_text(self, text):
        self.until(lambda: self.text() == text)


@pytest.fixture
def folder(tmp_path, dev):
    return Folder(tmp_path, dev)


def test_a_save_is_served_and_said(folder):
    folder.serve()
    assert folder.text() == "version 1"
    folder.save(2)
    folder.until_ready()
    assert folder.text() == "version 2"
    assert folder.starts("reloading") == ["reloading: main.py changed"]


def test_saves_that_are_one_to_pythons_bytecode_are_all_served(folder):
    folder.serve("--workers", "1")
    for version in range(2, 10):  # of the same size, and some in the same second
        folder.save(version)
        folder.until_text(f"version {version}")


def test_a_request_in_flight_finishes_where_it_began(folder):
    folder.serve("--workers", "1")
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(folder.text, "/slow")
        folder.until((folder.path / "begun").exists)
        folder.save(2)
        folder.until_text("version 2")  # meanwhile, although the one worker is busy
        folder.write("go", "")
        assert slow.result() == "version 1"
    folder.until(lambda: len(folder.gateway.children()) == 1)


def test_requests_during_ten_saves_are_all_answered(folder):
    folder.serve()
    done = threading.Event()
    answers = []

    def ask():
        with httpx.Client(base_url=folder.gateway.url, timeout=30) as client:
            while not done.is_set():
                answer = client.get("/")
                answers.append((answer.status_code, answer.text))

    with ThreadPoolExecutor(3) as threads:
        asking = [threads.submit(ask) for _ in range(3)]
        try:
            for version in range(2, 12):
                folder.save(version)
                time.sleep(version % 3 * 0.25)
            folder.until(lambda: answers[-1:] == [(200, "version 11")])
        finally:
            done.set()
        for task in asking:
            task.result()
    assert {status for status, _ in answers} == {200}, "\n".join(folder.lines)
    assert {text for _, text in answers} <= {f"version {number}" for number in range(1, 12)}


@pytest.mark.parametrize(("kind", "status"), [("http_api", 500), ("rest_api", 502)])
def test_a_broken_save_is_said_and_the_next_good_one_recovers(folder, kind, status):
    folder.serve("--kind", kind)
    folder.write("main.py", "def app(:\n")
    folder.until(lambda: any("SyntaxError" in line for line in folder.lines))
    assert folder.gateway.client.get("/").status_code == status
    folder.save(2)
    folder.until_ready()
    assert folder.text() == "version 2"
    assert len(folder.starts("reloading")) == 2


def test_a_browser_is_shown_what_is_broken(folder):
    folder.serve()
    folder.write("main.py", "raise ValueError('<b>what is wrong')\n")
    accept = {"accept": "text/html,*/*;q=0.8"}
    folder.until(lambda: "does not start" in folder.gateway.client.get("/", headers=accept).text)
    page = folder.gateway.client.get("/x", headers=accept)
    assert page.status_code == 502
    assert "ValueError: &lt;b&gt;what is wrong" in page.text
    assert "Traceback" not in page.text
    assert folder.gateway.client.get("/x").json() == {"message": "Internal Server Error"}
    folder.save(2)
    folder.until(lambda: folder.gateway.client.get("/", headers=accept).text == "version 2")


def test_a_save_recovers_from_an_app_that_hangs_while_it_starts(folder):
    folder.serve("--workers", "1")
    folder.write("main.py", "import time\nprint('hanging')\ntime.sleep(60)\n")
    folder.until(lambda: "hanging" in folder.lines)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(folder.text)
        time.sleep(0.3)
        folder.save(2)
        assert waiting.result(timeout=60) == "version 2"


def test_a_burst_of_saves_is_one_reload(folder):
    folder.serve()
    for number in range(30):
        folder.write(f"module_{number:02}.py", "")
    folder.save(2)
    folder.until_ready()
    assert folder.text() == "version 2"
    assert folder.starts("reloading") == ["reloading: main.py and 30 other files changed"]


def test_new_deleted_and_moved_files_count(folder):
    folder.write("other.py", "")
    folder.serve()
    os.replace(folder.path / "other.py", folder.path / "another.py")
    folder.until_ready()
    (folder.path / "another.py").unlink()
    folder.until_ready(2)
    (folder.path / "package").mkdir()
    folder.write("package/deep.py", "")
    folder.until_ready(3)
    assert folder.starts("reloading")[2:] in (
        ["reloading: package changed"],
        ["reloading: package, package/deep.py changed"],
    )
    assert folder.starts("reloading")[:2] == [
        "reloading: another.py, other.py changed",
        "reloading: another.py changed",
    ]


def test_data_of_the_app_s_own_is_left_alone_and_that_of_others_is_not(folder):
    folder.write(
        "main.py",
        "import json, pathlib\n"
        "def app(environ, start_response):\n"
        "    pathlib.Path('visits.json').write_text('1')\n"
        "    pathlib.Path('visits.sqlite3').write_text('1')\n"
        "    start_response('200 OK', [])\n"
        "    return [b'fine']\n",
    )
    folder.serve()
    assert folder.text() == "fine"
    folder.until(lambda: folder.starts("visits.json was written while the app was at work"))
    folder.until_idle()
    time.sleep(0.5)
    folder.write("settings.json", "{}")
    folder.until_ready()
    assert folder.starts("reloading") == ["reloading: settings.json changed"]


def test_no_reload_is_obeyed(folder):
    folder.serve("--no-reload")
    folder.save(2)
    time.sleep(0.7)
    assert folder.text() == "version 1"
    assert not folder.starts("reloading")


def test_it_stops_in_the_middle_of_a_reload_and_leaves_no_process(folder):
    folder.serve()
    folder.write("main.py", "import time\nprint('hanging')\ntime.sleep(60)\n")
    folder.until(lambda: "hanging" in folder.lines)
    children = folder.gateway.children()
    folder.gateway.process.terminate()
    assert folder.gateway.process.wait(30) == 0
    assert children
    assert not [child for child in children if child.is_running()]
    assert not [line for line in folder.lines if "Traceback" in line]


def test_a_folder_that_goes_away_is_said(folder):
    folder.serve()
    shutil.rmtree(folder.path)
    folder.until(lambda: folder.starts("adapter: can't reload: "))


# .env

SAYS = """
import os
NAMES = ("ONE", "TWO", "AWS_REGION", "AWS_DEFAULT_REGION")
def app(environ, start_response):
    start_response("200 OK", [])
    return [" ".join(os.environ.get(name, "-") for name in NAMES).encode()]
"""


def test_variables_come_from_dotenv_under_those_of_the_shell(folder, monkeypatch):
    monkeypatch.setenv("TWO", "shell")
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/none")
    folder.write("main.py", SAYS)
    folder.write(".env", "# mine\nexport ONE='a b'\nTWO=file\nAWS_REGION=eu-west-1\nLONELY\n")
    folder.serve()
    assert folder.text() == "a b shell eu-west-1 eu-west-1"
    folder.write(".env", "ONE=\n")
    folder.until_ready()
    assert folder.text() == " shell us-east-1 us-east-1"
    assert folder.starts("reloading") == ["reloading: .env changed"]
    (folder.path / ".env").write_bytes(b"ONE=\xff\n")
    folder.until_ready(2)
    assert folder.text() == "- shell us-east-1 us-east-1"
    assert folder.starts("adapter: can't read .env")


def test_quiet_leaves_the_app_s_own_output(folder):
    folder.write("main.py", SAYS.replace("    start", "    print('mine')\n    start"))
    command = Dev(folder.path, "main:app", "--quiet")
    try:
        folder.until(lambda: answers(command.client))
        folder.write("main.py", "print('saved')\nhere\n")
        assert command.process.stdout.readline() == "mine\n"
        assert command.process.stdout.readline() == "saved\n"
        assert command.process.stdout.readline().startswith("[ERROR] ")
    finally:
        output = command.stop()
    assert "REPORT" not in output


def answers(client):
    try:
        return client.get("/").status_code == 200
    except httpx.ConnectError:
        return False


# The rule


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("main.py", True),
        ("a/b/main.py", True),
        ("templates/page.html", True),
        ("page.jinja2", True),
        ("pyproject.toml", True),
        ("settings.yaml", True),
        (".env", True),
        (".env.local", True),
        (".venv/lib/x.py", False),
        (".git/x.py", False),
        (".adapter/dead-letters.json", False),
        ("node_modules/a/x.json", False),
        ("a/__pycache__/x.py", False),
        (".env/lib/x.py", False),
        (".#main.py", False),
        ("main.py~", False),
        (".main.py.swp", False),
        ("db.sqlite3", False),
        ("app.log", False),
        ("README", False),
    ],
)
def test_what_is_watched(name, counts):
    assert is_watched(name) is counts


def test_a_virtual_environment_is_one_whatever_its_name(tmp_path):
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "pyvenv.cfg").touch()
    assert in_virtualenv(tmp_path, "env/lib/python3/x.py")
    assert not in_virtualenv(tmp_path, "lib/x.py")


@given(st.lists(st.text(min_size=1), min_size=1))
def test_names_are_said_in_short(names):
    said = named(names)
    assert names[0] in said
    assert len(names) <= 3 or said.endswith(f" and {len(names) - 1} other files")


def test_hours_are_as_long_as_anything_is_at_work():
    hours = Hours()
    assert not hours.include(time.time())
    with hours:
        with hours:
            pass
        assert hours.include(time.time())
    during = time.time() - 0.001
    time.sleep(0.01)
    assert hours.include(during)
    assert not hours.include(time.time() + 1)


def test_a_request_that_met_a_half_written_file_goes_to_the_next_version(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "main.py").write_text("")

    async def scenario():
        failed = asyncio.Event()

        def log(line):
            if "LoadError" in line:
                failed.set()

        command = [sys.executable, "-m", "adapter.runtime", "main.handler"]
        pool = pool_of(command, "main.handler", size=1, log=log, patience=20)
        asked = asyncio.create_task(pool.invoke({}))
        await failed.wait()
        (tmp_path / "main.py").write_text("def handler(event, context): return 1\n")
        forget_bytecode([str(tmp_path / "main.py")])
        await pool.renew({})
        outcome = await asked
        await pool.stop()
        return outcome

    assert asyncio.run(scenario()).body == b"1"


def test_invocations_never_exceed_the_size_after_many_renewals(tmp_path):
    """Each renewal gives back what the retired ones held, once."""

    async def scenario():
        pool = pool_of(["sleep", "60"], "x.y", size=2, log=lambda line: None)
        waiting = [asyncio.create_task(pool.invoke({})) for _ in range(5)]
        renewing = []
        for _ in range(4):
            await asyncio.sleep(0.05)
            renewing.append(asyncio.create_task(pool.renew({})))
        await asyncio.sleep(0.3)
        for _ in range(600):
            if sum(place.taken for place in pool._current()) == 2:
                break
            await asyncio.sleep(0.05)
        assert sum(place.taken for place in pool._current()) == 2
        assert pool._free.locked()
        assert len(pool._places) == len(pool._current())
        await pool.stop()
        assert [outcome.failed for outcome in await asyncio.gather(*waiting)] == [True] * 5
        await asyncio.gather(*renewing)
        assert pool._free._value == 2

    asyncio.run(scenario())
