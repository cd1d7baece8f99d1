"""The documentation: its Python runs, its curl answers are real, its links lead somewhere, and its
tables say what the code does.

In a Markdown file, a ```python block runs after the blocks before it. One that begins with
`# name.py` is that file and is imported; `# test_….py` is run by pytest; a block marked `no-run`
only has to compile. Where a page has them, `$ adapter dev …` and `$ curl …` are run as they stand.

    python tests/test_docs.py    # write the tables of options anew into docs/reference
"""

import ast
import inspect
import os
import random
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click
import pytest

import adapter
from adapter import Handler, Request, errors
from adapter.asgi import scope_of
from adapter.cli import COMMANDS, cli
from adapter.context import Context
from adapter.events import KINDS
from adapter.runtime.load import OPTIONS as VARIABLES
from adapter.testing import Client
from adapter.wsgi import environ_of

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PACKAGE = Path(adapter.__file__).parent
PAGES = [page for page in (ROOT / "README.md", *sorted(DOCS.rglob("*.md"))) if page.exists()]
OTHERS = [ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("benchmarks/*.md"))]
OTHERS += sorted(ROOT.glob("examples/*/README.md"))
END_OF_OPTIONS = "<!-- end of the options -->"

_FENCE = re.compile(r"^```(\S*) ?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# ([\w/]+\.(?:py|html))\n")


class Block:
    """A fenced block: its language, the words behind that, its text and its first line's number."""

    def __init__(self, match):
        self.language, self.marks, self.text = match[1], match[2].split(), match[3]
        self.line = match.string.count("\n", 0, match.start(3)) + 1
        named = _FILE.match(self.text)
        self.file = named[1] if named else None
        self.is_test = bool(self.file) and Path(self.file).name.startswith("test_")
        self.is_python = self.language == "python" and "no-run" not in self.marks

    def __repr__(self):
        return f"line {self.line}"


def text_of(page):
    return page.read_text("utf-8")


def blocks_of(page):
    return [Block(match) for match in _FENCE.finditer(text_of(page))] if page.exists() else []


def reference():
    return "\n".join(text_of(page) for page in sorted((DOCS / "reference").glob("*.md")))


def name_of(page):
    return str(page.relative_to(ROOT))


each_page = pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=name_of)


# Python


def python_of(page):
    return [block for block in blocks_of(page) if block.is_python]


@pytest.mark.parametrize("page", [*filter(python_of, PAGES)], ids=name_of)
def test_the_python_of_a_page_runs(page, tmp_path):
    blocks = python_of(page)
    for block in blocks:
        write(block, tmp_path)
    run(tmp_path, "blocks.py", script(blocks), sys.executable, "-W", "error", "blocks.py")
    if any(block.is_test for block in blocks):
        run(tmp_path, "pytest.ini", "[pytest]\n", sys.executable, "-m", "pytest", "-W", "error")


def write(block, folder):
    if block.file:
        path = folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, "utf-8")


def script(blocks):
    """The blocks as one file in which each keeps its line number, so that tracebacks tell it."""
    lines = []
    for block in blocks:
        if block.is_test:
            continue
        text = block.text
        if block.file:
            text = f"import {block.file.removesuffix('.py').replace('/', '.')}\n"
        lines += [""] * (block.line - 1 - len(lines)) + text.splitlines()
    return "\n".join(lines) + "\n"


def run(folder, file, text, *command):
    (folder / file).write_text(text, "utf-8")
    environ = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


@each_page
def test_python_that_is_not_run_compiles(page):
    for block in blocks_of(page):
        if block.language == "python":
            ast.parse(block.text)


# Pages to follow: the tutorial, and what a how-to asks to try


def commands(block):
    """[(command, the lines that it prints)]"""
    found = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
    return found


class Reader:
    """Someone who does what a page says, on another port."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port_of_four_digits()
        self.process = None

    def try_out(self, block):
        write(block, self.folder)
        for command, printed in commands(block) if block.language == "console" else ():
            if command.startswith("adapter dev "):
                assert self.serve(command) == steady(printed[0]), f"line {block.line}"
            elif command.startswith("curl "):
                assert self.say(command) == steady("\n".join(printed)), command

    def serve(self, command):
        """Start the command in place of the one before; its first line."""
        self.stop()
        arguments = [*command.split()[1:], "--port", str(self.port)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "adapter", *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self.as_written(self.process.stdout.readline())

    def say(self, command):
        here = command.replace(":8000", f":{self.port}")
        done = subprocess.run(
            ["sh", "-c", here], cwd=self.folder, capture_output=True, text=True, timeout=60
        )
        return self.as_written(done.stdout + done.stderr)

    def as_written(self, text):
        return steady(text.replace(f":{self.port}", ":8000"))

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.communicate(timeout=30)


def free_port_of_four_digits():
    """As long as 8000, so that Content-Length stays the same where a body has the URL.

    Nobody is given one of these for port 0, and each worker of pytest-xdist has its own.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = 2000 + random.randrange(800) * 10 + worker % 10
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port


CHANGING = ("date:", "apigw-requestid:", "x-amzn-requestid:", "x-amzn-trace-id:", "inspector ")


def steady(text):
    """Without the lines that differ each time."""
    lines = [line.rstrip() for line in text.splitlines()]
    return "\n".join(line for line in lines if not line.lower().startswith(CHANGING)).strip()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the pages use curl")
@pytest.mark.parametrize("page", ["tutorial.md", "how-to/stream.md"])
def test_a_page_s_answers_are_real(page, tmp_path):
    reader = Reader(tmp_path)
    try:
        for block in blocks_of(DOCS / page):
            reader.try_out(block)
    finally:
        reader.stop()
    assert reader.process is not None, "the page serves nothing"


# Commands on all pages: what can't be run here is at least a command that there is

_TYPED = re.compile(r"^(?:\$ )?(?:adapter event .* \| )?adapter (.*)", re.MULTILINE)


def typed(page):
    """[the words behind `adapter`], of each command that a page asks to type."""
    blocks = [block for block in blocks_of(page) if block.language in ("sh", "console")]
    lines = "\n".join(block.text.replace("\\\n", " ") for block in blocks)
    return [shlex.split(line.partition(" > ")[0], comments=True) for line in _TYPED.findall(lines)]


def refusal_of(name, *words):
    """What the command says of these words; nothing of a file that the reader is to have."""
    try:
        command_of(name).make_context(f"adapter {name}", list(words))
    except click.UsageError as error:
        return "" if "does not exist" in str(error) else f"adapter {name}: {error}"
    return ""


@each_page
def test_there_are_the_commands_that_a_page_asks_to_type(page):
    assert [said for words in typed(page) if (said := refusal_of(*words))] == []


# Links

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<(?:img|source)[^>]*\bsrc(?:set)?=\"([^\"]+)\"")


@each_page
def test_links_lead_somewhere(page):
    lost = []
    for found in _LINK.finditer(without_code(text_of(page))):
        link = urlsplit(found[1] or found[2])
        if link.scheme or link.netloc:
            continue
        target = page.parent / unquote(link.path) if link.path else page
        if not target.exists() or (link.fragment and link.fragment not in anchors(target)):
            lost.append(found[0])
    assert not lost


@each_page
def test_references_to_links_are_defined(page):
    text = without_code(text_of(page))
    defined = set(re.findall(r"^\[([^\]]+)\]: ", text, re.MULTILINE))
    used = set(re.findall(r"(?<!!)\[[^\]]+\]\[([^\]]+)\]", text))
    assert used <= defined


def without_code(text):
    return re.sub(r"`[^`\n]+`", "", _FENCE.sub("", text))


def anchors(page):
    """The ids that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


# The reference


def is_ours(value):
    return isinstance(value, type) and issubclass(value, errors.AdapterError)


ERRORS = [name for name, value in vars(errors).items() if is_ours(value)]


@pytest.mark.parametrize("name", [*adapter.__all__, *ERRORS])
def test_each_public_name_is_in_the_reference(name):
    assert re.search(rf"`{name}\b", reference())


def test_each_key_of_scope_and_environ_is_in_the_reference():
    request = Request("GET", "/", client=("192.0.2.1", 1), user="someone")
    keys = {*scope_of(request), "state", *environ_of(request)}
    page = text_of(DOCS / "reference" / "handler.md")
    assert not [key for key in sorted(keys) if f"`{key}`" not in page]


@pytest.mark.parametrize("kind", list(KINDS))
def test_each_front_end_is_in_the_reference(kind):
    assert f"`{kind}`" in text_of(DOCS / "reference" / "front-ends.md")


def command_of(name):
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


def options_table(command):
    """The options of a command, as a table."""
    rows = ["| option | value | if not given | |", "|---|---|---|---|"]
    for option in command_of(command).params:
        if isinstance(option, click.Option):
            names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
            values = "" if option.is_flag else values_of(option)
            default = "" if option.is_flag else default_of(option)
            rows.append(f"| {names} | {values} | {default} | {option.help or ''} |")
    return "\n".join(rows)


def values_of(option):
    kind = option.type
    if option.metavar:
        return f"`{option.metavar}`"
    if isinstance(kind, click.Choice):
        return ", ".join(f"`{choice}`" for choice in kind.choices)
    if isinstance(kind, click.IntRange):
        return f"{kind.min} to {kind.max}"
    if isinstance(kind, click.FloatRange):
        return f"seconds, up to {kind.max:g}"
    return "text"


def default_of(option):
    if isinstance(option.show_default, str):
        return option.show_default
    if isinstance(option.default, float):
        return f"`{option.default:g}`"
    if isinstance(option.default, str | int) and option.default != "":
        return f"`{option.default}`"
    return "none"


def variables_table():
    """The variables for the options of a `main:app`'s Handler, as a table."""
    values = {str: "text", float: "seconds", bool: "`1` or `0`"}
    parameters = inspect.signature(Handler).parameters
    rows = ["| variable | value | if not given | the argument of `Handler` |", "|---|---|---|---|"]
    for variable, (name, _) in VARIABLES.items():
        default = parameters[name].default
        shown = default if isinstance(default, str) else f"{default:g}"
        told = f"`{shown}`" if shown else "none"
        value = values[type(default)]
        rows.append(f"| `{variable}` | {value} | {told} | [`{name}`](handler.md) |")
    return "\n".join(rows)


GENERATED = {
    "cli.md": {
        f"<!-- options of `adapter {command}`, from the code -->": partial(options_table, command)
        for command in COMMANDS
    },
    "runtime.md": {"<!-- options of a main:app, from the code -->": variables_table},
}


def with_tables(page):
    """The page of the reference, with the options between its markers as they are now."""
    text = text_of(DOCS / "reference" / page)
    for begin, table in GENERATED[page].items():
        before, rest = text.split(begin)
        _, _, after = rest.partition(END_OF_OPTIONS)
        text = f"{before}{begin}\n{table()}\n{END_OF_OPTIONS}{after}"
    return text


@pytest.mark.parametrize("page", GENERATED)
def test_the_tables_of_options_are_current(page):
    assert with_tables(page) == text_of(DOCS / "reference" / page), "run: python tests/test_docs.py"


_VARIABLE = re.compile(r"_?(ADAPTER|AWS|HANDLER|LAMBDA|X)(_[A-Z]+)*")
LAPTOP = {"bench", "check", "cli", "config", "deploy", "local", "package"}
ON_LAMBDA = [
    path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in LAPTOP
]


def test_each_variable_that_is_read_on_lambda_is_in_the_reference():
    trees = [ast.parse(path.read_text("utf-8")) for path in ON_LAMBDA]
    texts = {getattr(node, "value", None) for tree in trees for node in ast.walk(tree)}
    read = {text for text in texts if isinstance(text, str) and _VARIABLE.fullmatch(text)}
    page = text_of(DOCS / "reference" / "runtime.md")
    assert "ADAPTER_PIPELINE" in read
    assert [name for name in sorted(read) if f"`{name}`" not in page] == []


def test_each_attribute_of_the_context_is_in_the_reference():
    page = text_of(DOCS / "reference" / "runtime.md")
    names = [name for name in dir(Context("", 0)) if not name.startswith("_") and name != "of"]
    assert [name for name in names if not re.search(rf"`{name}\b", page)] == []


def test_each_argument_of_a_handler_is_in_the_reference():
    page = text_of(DOCS / "reference" / "handler.md")
    names = inspect.signature(Handler).parameters
    assert [name for name in names if f"| `{name}` |" not in page] == []


@pytest.mark.parametrize("package", ["runtime", "local", "deploy"])
def test_each_file_of_a_package_is_in_the_design(package):
    rows = re.findall(r"^\| (`.*?) \|", text_of(DOCS / "explanation" / "design.md"), re.MULTILINE)
    named = re.findall(r"`([\w*-]+)`", " ".join(rows))
    modules = [path.stem for path in (PACKAGE / package).glob("[!_]*.py")]
    assert [name for name in modules if not any(fnmatch(name, one) for one in named)] == []


def test_each_command_is_in_the_reference():
    page = text_of(DOCS / "reference" / "cli.md")
    assert [name for name in COMMANDS if f"adapter {name}" not in page] == []


# What each front end loses: the tables of docs/reference/front-ends.md against the codecs

SENT = (("x-a", "1"), ("x-b", "0"), ("x-a", "2"), ("cookie", "a=1"), ("cookie", "b=2"))
ANSWERED = (("vary", "a"), ("vary", "b"), ("set-cookie", "x=1"), ("set-cookie", "y=2"))
TARGET = "/a%2Fb%7E?b=%7e+1&a=2&b=%2f&c"


async def echo(scope, receive, send):
    """An app that keeps what came in."""
    SEEN.append(scope)
    headers = [(name.encode(), value.encode()) for name, value in ANSWERED]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": SEEN_SIZE.pop() if SEEN_SIZE else b"\xff"})


SEEN = []
SEEN_SIZE = []


def asked(kind, method="GET", target=TARGET, **rest):
    """(what the app saw, what the client got)"""
    SEEN.clear()
    reply = Client(Handler(adapter.ASGI(echo, lifespan=False)), kind).request(
        method, target, **rest
    )
    return SEEN[0], reply


def header_in(scope, name):
    return [value.decode() for key, value in scope["headers"] if key == name]


def repeated_header_in(kind):
    scope, _ = asked(kind, headers=SENT)
    words = {("1", "2"): "each value", ("2",): "the last value"}
    joined = {("1,2",): "joined with `,`", ("1, 2",): "joined with `, `"}
    return {**words, **joined}[tuple(header_in(scope, b"x-a"))]


def cookie_lines_in(kind):
    scope, _ = asked(kind, headers=SENT)
    words = {"a=1; b=2": "one header", "b=2": "the last line", "a=1, b=2": "joined with `, `"}
    return words[", ".join(header_in(scope, b"cookie"))]


def path_in(kind):
    scope, _ = asked(kind)
    return {b"/a%2Fb%7E": "as sent", b"/a/b~": "decoded"}[scope["raw_path"]]


def query_in(kind):
    scope, _ = asked(kind)
    words = {
        b"b=%7e+1&a=2&b=%2f&c": "as sent",
        b"b=%7e+1&b=%2f&a=2&c=": "grouped by name",
        b"b=%2f&a=2&c=": "the last value of a name",
        b"b=~%201&b=%2F&a=2&c=": "grouped by name, encoded again",
    }
    return words[scope["query_string"]]


def content_length_in(kind):
    scope, reply = asked(kind, "POST", data=b"\xff\x00")
    assert header_in(scope, b"content-length") == ["2"]
    told = "content-length" in str(reply.event).lower()
    return "as sent" if told else "counted by the adapter"


def repeated_header_out(kind):
    _, reply = asked(kind)
    return {("a", "b"): "each value", ("a, b",): "joined with `, `"}[
        tuple(reply.header_values("vary"))
    ]


def two_cookies_out(kind):
    _, reply = asked(kind)
    assert reply.header_values("set-cookie") == ["x=1", "y=2"]
    result = reply.result
    if "cookies" in result:
        return "in `cookies`"
    if "multiValueHeaders" in result:
        return "in `multiValueHeaders`"
    return "in a list" if isinstance(result["headers"]["set-cookie"], list) else "by spelling"


def stage_in(kind):
    event = KINDS[kind].encode_request(Request("GET", "/prod/x", root_path="/prod"))
    return "`/prod`" if KINDS[kind].decode_request(event).root_path == "/prod" else "none"


def limit_out(kind):
    """The largest of the known limits that a text of that size is over."""
    for size, words in ((40 << 10, "40 KB"), (1 << 20, "1 MB"), (6_291_556, "6 291 556")):
        SEEN_SIZE[:] = [b"x" * size]
        _, reply = asked(kind)
        if reply.status == 500:
            return words
    return "none"


CHECKED = {
    "repeated header": repeated_header_in,
    "two Cookie lines": cookie_lines_in,
    "path": path_in,
    "query": query_in,
    "Content-Length": content_length_in,
    "stage in `root_path`": stage_in,
    "repeated response header": repeated_header_out,
    "two Set-Cookie": two_cookies_out,
    "bytes of a result": limit_out,
}


def cells():
    """{column: {kind: cell}} of every table in the page that has a row for each kind."""
    found = {}
    titles = None
    for line in text_of(DOCS / "reference" / "front-ends.md").splitlines():
        row = [cell.strip() for cell in line.strip("|").split("|")] if line[:1] == "|" else None
        if row is None:
            titles = None
        elif titles is None:
            titles = row
        elif row[0].strip("`") in KINDS:
            for title, cell in zip(titles[1:], row[1:], strict=True):
                found.setdefault(title, {})[row[0].strip("`")] = cell
    return found


@pytest.mark.parametrize("column", list(CHECKED))
def test_the_tables_of_front_ends_are_true(column):
    written = cells()[column]
    assert written == {kind: CHECKED[column](kind) for kind in KINDS}


if __name__ == "__main__":
    for page in GENERATED:
        (DOCS / "reference" / page).write_text(with_tables(page), "utf-8")
