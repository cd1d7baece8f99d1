"""Who may import whom, and what a cold start loads.

    3  cli, local.*                  for the laptop; third-party libraries
    3  testing                       the test client
    3  deploy.*                      what is on AWS, and what is to be there
    3  package.*                     the zip that Lambda runs
    3  report                        what Lambda's REPORT line tells
    3  bench.*, check.*              how long a start takes; what is wrong before a deployment
    3  config.*                      what a project is set to, of its files
    2  handler, exchange, runtime.*  what Lambda calls, and what calls it there
    1  events.*, asgi, wsgi          the codecs; the two runners, which know nothing of them
    1  requests                      what a client sends, for `testing` and `cli`
    1  websocket                     the management API, for apps; boto3 inside its functions
    1  functions.*                   calls of other functions; boto3 and redis inside functions
    0  message, errors, percent, context, deadline, access

Arrows point down. The floors 0 to 2 are standard library only.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import adapter

PACKAGE = Path(adapter.__file__).parent
FLOOR_0 = {"message", "errors", "percent", "context"}

# What the modules of a row may import of this package; longest match first. `inside` is what only
# a function may, so that it costs nothing until it is called. `adapter` itself is its version.
RULES = {
    "message": set(),
    "errors": set(),
    "percent": set(),
    "context": set(),
    "events": {"events", "message", "errors", "percent"},
    "deadline": set(),
    "loop": {"errors"},
    "lifespan": {"errors", "loop"},
    "cycle": {"deadline", "errors", "message"},
    "asgi": {"cycle", "deadline", "lifespan", "loop", "percent"},
    "wsgi": {"errors", "message", "percent"},
    "access": set(),
    "websocket": {"errors"},
    "functions": {"functions", "context", "errors", "message"},
    "exchange": {"errors", "events", "message"},
    "handler": {"deadline", "errors", "events", "exchange", "message", "percent"},
    "runtime": {"runtime", *FLOOR_0},
    "requests": {"message", "percent"},
    "testing": {"handler", "events", "requests", *FLOOR_0},
    "config": {"config", "errors"},
    "local": {"local", "config", "events", "requests", *FLOOR_0},
    "package": {"package", "config", "errors"},
    "report": {"errors"},
    "deploy": {"deploy", "report", "package", "config", "errors", "events", "message", "requests"},
    "bench": {"", "bench", "report", "config", "errors", "events", "local", "requests"},
    "check": {"check", "config", "errors", "local", "package", "runtime"},
    "cli": {"", "cli", *FLOOR_0},
    "__main__": {""},
    "": set(),
}
INSIDE = {
    "exchange": {"events"},
    "handler": {"access", "asgi", "context", "wsgi"},
    "runtime": {"handler", "events"},
    "functions": {"runtime"},
    "bench": {"deploy"},
    "check": {"handler"},
    "cli": {
        "bench",
        "check",
        "config",
        "deploy",
        "functions",
        "local",
        "package",
        "events",
        "requests",
        "runtime",
        "testing",
        "handler",
        *FLOOR_0,
    },
    "__main__": {"cli"},
}
STANDARD_LIBRARY_ONLY = {
    "", "message", "errors", "percent", "context", "deadline", "access", "events", "loop",
    "lifespan", "cycle", "asgi", "wsgi", "exchange", "handler", "runtime", "testing",
    "requests",
}  # fmt: skip


def name_of(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def row_of(module):
    return module.partition(".")[0]


class Imports(ast.NodeVisitor):
    """(where, module) of every import; those for the type checker alone don't count."""

    def __init__(self, module, path):
        is_package = path.name == "__init__.py"
        parts = ["adapter", *(module.split(".") if module else [])]
        self.package = parts if is_package else parts[:-1]
        self.inside = False
        self.found = []
        self.visit(ast.parse(path.read_text("utf-8")))

    def visit_If(self, node):
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for statement in node.orelse:
                self.visit(statement)
        else:
            self.generic_visit(node)

    def visit_FunctionDef(self, node):
        before, self.inside = self.inside, True
        self.generic_visit(node)
        self.inside = before

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Import(self, node):
        self.found += [(self.inside, alias.name) for alias in node.names]

    def visit_ImportFrom(self, node):
        if not node.level:
            self.found.append((self.inside, node.module))
            return
        base = self.package[: len(self.package) - node.level + 1]
        if node.module:
            self.found.append((self.inside, ".".join([*base, node.module])))
        else:
            self.found += [(self.inside, ".".join([*base, alias.name])) for alias in node.names]


def imports_of(module):
    return Imports(module, MODULES[module]).found


def own(target):
    """The row of a module of ours, '' for the package itself; None for anyone else's."""
    first, _, rest = target.partition(".")
    if first != "adapter":
        return None
    return "" if rest.startswith("__") else row_of(rest)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module or "adapter")
def test_a_module_imports_only_what_is_below_it(module):
    row = row_of(module)
    allowed = {False: RULES[row], True: RULES[row] | INSIDE.get(row, set())}
    wrong = [
        target
        for inside, target in imports_of(module)
        if own(target) is not None and own(target) not in allowed[inside]
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "module", [module for module in MODULES if row_of(module) in STANDARD_LIBRARY_ONLY]
)
def test_what_runs_on_lambda_needs_the_standard_library_alone(module):
    others = {target.partition(".")[0] for _, target in imports_of(module)}
    assert others <= sys.stdlib_module_names | {"adapter"}


@pytest.mark.parametrize("module", [module for module in MODULES if row_of(module) == "local"])
def test_the_local_side_never_imports_what_runs_the_app(module):
    assert {own(target) for _, target in imports_of(module)}.isdisjoint({"asgi", "wsgi", "handler"})


def test_this_test_sees_the_imports():
    assert (True, "adapter.wsgi") in imports_of("handler")
    assert (False, "adapter.events") in imports_of("handler")
    assert (False, "adapter.events.rest_api") in imports_of("events")
    assert (False, "adapter.errors") in imports_of("events._decode")
    assert not any(target == "typing" for _, target in imports_of("handler"))
    assert set(map(row_of, MODULES)) <= set(RULES)


# What `import adapter.handler` and a WSGI request load beyond a bare interpreter. A module more is
# a millisecond more of every cold start: benchmarks/imports.py tells how many.

OURS = {
    "adapter", "adapter.deadline", "adapter.errors", "adapter.events", "adapter.events._decode",
    "adapter.events._encode", "adapter.events._gateway", "adapter.events.alb",
    "adapter.events.alb_multi", "adapter.events.function_url", "adapter.events.http_api",
    "adapter.events.http_api_v1", "adapter.events.lambda_edge", "adapter.events.rest_api",
    "adapter.events.vpc_lattice", "adapter.events.vpc_lattice_v2", "adapter.exchange",
    "adapter.handler", "adapter.message", "adapter.percent", "adapter.wsgi",
}  # fmt: skip
# `os` and what it imports are there already where `site` runs, as it does on Lambda.
THEIRS = {
    "__future__", "_collections_abc", "_stat", "binascii", "genericpath", "itertools", "os",
    "os.path", "posixpath", "stat", "time",
}  # fmt: skip

WSGI_REQUEST = """
import sys
sys.path.insert(0, {root!r})
from adapter.handler import Handler

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]

event = {{
    "version": "2.0", "rawPath": "/x", "headers": {{"host": "h"}},
    "requestContext": {{"http": {{"method": "GET"}}, "stage": "$default"}},
}}
assert Handler(app)(event)["body"] == "hello"
print(*sys.modules)
"""


def loaded_by(code):
    """The modules that an interpreter has after `code`, which prints them; without `site`."""
    command = [sys.executable, "-I", "-S", "-c", code]
    process = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    return set(process.stdout.split())


def test_a_wsgi_function_loads_these_modules_and_no_others():
    bare = loaded_by("import sys; print(*sys.modules)")
    loaded = loaded_by(WSGI_REQUEST.format(root=str(PACKAGE.parent)))
    assert {module for module in loaded if module.startswith("adapter")} == OURS
    assert loaded - bare - OURS <= THEIRS
