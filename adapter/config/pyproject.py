"""`[tool.adapter]` of `pyproject.toml`.

    [tool.adapter]
    app = "main:app"

is a whole project; `docs/reference/config.md` has the other keys. Standard library only.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import (
    API,
    CORS,
    APIKey,
    Function,
    JWTAuthorizer,
    LambdaAuthorizer,
    Project,
    Route,
    function_name,
    routes,
    schedules,
    schema,
)
from .node import Node, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from . import Authorizer
    from .node import Steps

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_TARGET = re.compile(r"[^\s:]+:[^\s:]+|[^\s:.]+(?:[./][^\s:.]+)+")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NO_FUNCTION = (
    'there is no function: write app = "main:app", '
    "or a table [tool.adapter.functions.NAME] for each"
)


def read(path: Path) -> Project | None:
    """The project that a file sets; None if it isn't there, or has no [tool.adapter].

    Raises ConfigError.
    """
    return of_document(document(path))


def of_document(found: Node) -> Project | None:
    """The same, of a file that is read already. Raises ConfigError."""
    node = found.get("tool", "adapter")
    return _project(node, found.get("project", "name").value) if node else None


def functions(path: Path) -> dict[str, Function]:
    """The functions alone, for a template that says the rest. Raises ConfigError."""
    found = document(path)
    node = found.get("tool", "adapter")
    if not node.get("functions") and not node.get("app"):
        return {}
    return _functions(node, found.get("project", "name").value)


def document(path: Path) -> Node:
    """The file's content; a null if there is no such file."""
    node = Node(None, path, place=_place)
    try:
        with path.open("rb") as file:
            return node.with_value(tomllib.load(file))
    except (FileNotFoundError, NotADirectoryError):
        return node
    except OSError as error:
        raise node.error(f"it can't be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, and what is no UTF-8
        raise node.error(f"it is no TOML: {error}") from None


def _place(steps: Steps) -> str:
    """[tool.adapter.functions.users] timeout"""
    keys = [str(step) for step in steps if isinstance(step, str)]
    shown = [key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False) for key in keys]
    indices = "".join(f"[{step}]" for step in steps if isinstance(step, int))
    if len(shown) < 3:
        return f"[{'.'.join(shown)}]" if shown else ""
    return f"[{'.'.join(shown[:-1])}] {shown[-1]}{indices}"


def _project(node: Node, name: Any) -> Project:
    if node.get("handler"):
        raise node.get("handler").error("here it is called app")
    known = (*schema.APP, *schema.TABLES, *schema.LATER)
    kind = node.get("kind").choice(routes.KINDS) if node.get("kind") else API.kind
    told = schema.fields(node, schema.API, kind, known)
    found = _functions(node, name)
    told["authorizers"] = {
        key: _authorizer(child, kind, found) for key, child in node.get("authorizers").items()
    }
    told["routes"] = _routes(node, kind, found, told["authorizers"])
    due = schedules.of_table(node.get("schedules"), found)
    return Project(found, API(**told, **_tables(node, kind)), schedules=due)


def _tables(node: Node, kind: str) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if node.get("cors"):
        schema.allowed(node.get("cors"), "CORS settings", routes.WITH_CORS, kind)
        told["cors"] = CORS(**schema.fields(node.get("cors"), schema.CORS))
    if node.get("api-keys"):
        schema.allowed(node.get("api-keys"), "API keys", routes.REST, kind)
        keys = node.get("api-keys").items()
        told["api_keys"] = tuple(
            APIKey(name, **schema.fields(child, schema.API_KEY)) for name, child in keys
        )
    return told


def _functions(node: Node, name: Any) -> dict[str, Function]:
    table = node.get("functions")
    if node.get("app"):
        if table:
            raise table.error("app is the only function: write either app or functions")
        only = _only(node, name)
        return {only.name: only}
    for key in schema.FUNCTION:
        if node.get(key):
            raise node.get(key).error(f'this is of a function: write app = "main:app", or {_MOVE}')
    found = {key: _function(key, child) for key, child in table.items()}
    if not found:
        raise node.error(_NO_FUNCTION)
    return found


_MOVE = "move it to a table [tool.adapter.functions.NAME]"


def _only(node: Node, name: Any) -> Function:
    """The function of `app`, whose other keys stand beside it."""
    found = {key: node.value[key] for key in schema.FUNCTION if key in node.value}
    told = schema.fields(node.with_value(found), schema.FUNCTION)
    handler = schema.text(node.get("app"))
    named = function_name(Path(name) if isinstance(name, str) else node.file.parent)
    return _made(node, named, {"handler": handler, **told}, node.get("app"))


def _function(name: str, node: Node) -> Function:
    if not _NAME.fullmatch(name):
        raise node.error("a function's name has letters, digits, - and _, and 64 at the most")
    if node.get("app"):
        raise node.get("app").error("here it is called handler")
    return _made(node, name, schema.fields(node, schema.FUNCTION), node.get("handler"))


def _made(node: Node, name: str, told: dict[str, Any], handler: Node) -> Function:
    free = "command" in told or told.get("runtime", "").startswith("provided")
    if not handler and not free:
        raise handler.error('this is missing: write handler = "main:app", or a command')
    python = told.get("runtime", Function.runtime).startswith("python") and "command" not in told
    if python and not _TARGET.fullmatch(told["handler"]):
        raise handler.error(f"{told['handler']!r:.60} is neither main:app nor main.handler")
    folder = node.file.parent / told.get("folder", "")
    if not folder.is_dir():
        raise node.get("folder").error(f"there is no folder {folder}")
    return Function(**{"handler": "", **told, "name": name, "folder": folder})


def _authorizer(node: Node, kind: str, found: Mapping[str, Function]) -> Authorizer:
    which = node.get("type").required('write "jwt" or "lambda"').choice(schema.AUTHORIZERS)
    told = schema.fields(node, schema.AUTHORIZERS[which], known=("type",))
    if which == "jwt":
        schema.allowed(node, "JWT authorizers", routes.HTTP, kind)
        return _jwt(node, told)
    schema.allowed(node, "authorizers", routes.STAGED, kind)
    _known(node.get("function"), "function", found)
    for key in ("payload", "simple"):
        if node.get(key):
            schema.allowed(node.get(key), key, routes.HTTP, kind)
    return _lambda(node, kind, told)


def _jwt(node: Node, told: dict[str, Any]) -> JWTAuthorizer:
    if not told["audience"]:
        raise node.get("audience").error("this is empty: name the client that tokens are for")
    keys = told.get("keys", "")
    if keys and "://" not in keys:
        told["keys"] = str(node.file.parent / keys)
    return JWTAuthorizer(**told)


def _lambda(node: Node, kind: str, told: dict[str, Any]) -> LambdaAuthorizer:
    if told.get("kind") == "token":
        schema.allowed(node.get("kind"), "token authorizers", routes.REST, kind)
        told.setdefault("identity", ("method.request.header.Authorization",))
        if len(told["identity"]) != 1:
            raise node.get("identity").error("a token is in one header: name it alone")
    elif "pattern" in told:
        raise node.get("pattern").error('this is for kind = "token": leave it out')
    if told.get("simple") and told.get("payload") == "1.0":
        raise node.get("simple").error('this is of payload "2.0": leave one of them out')
    if kind == "websocket" or not told.get("identity"):
        if told.get("ttl"):
            raise node.get("ttl").error(f"{_NO_TTL[kind == 'websocket']}: leave it out")
        told["ttl"] = 0
    return LambdaAuthorizer(**told)


_NO_TTL = {
    True: "a WebSocket API keeps no answers",
    False: "answers are kept by identity, and there is none",
}


def _routes(
    node: Node, kind: str, found: Mapping[str, Function], authorizers: Mapping[str, Authorizer]
) -> tuple[Route, ...]:
    table, only = node.get("routes"), next(iter(found))
    if not table and len(found) == 1:
        beside = node if node.get("app") else node.get("functions", only)
        _streams(beside.get("stream"), found[only], kind)
        return routes.to(only, kind)
    if not table and kind not in routes.STAGED:
        raise table.error(
            f"{kind} has one function, and here are {len(found)}: "
            'write "$default" = "NAME" for the one that gets the requests'
        )
    made = [(_route(key, child, kind, found, authorizers), child) for key, child in table.items()]
    return routes.unique(made)


def _route(
    key: str,
    node: Node,
    kind: str,
    found: Mapping[str, Function],
    authorizers: Mapping[str, Authorizer],
) -> Route:
    routes.checked(key, kind, node)
    if not isinstance(node.value, dict):
        _known(node, "function", found)
        _streams(node, found[node.text()], kind)
        return Route(key, node.text())
    told = schema.fields(node, schema.ROUTE, kind)
    _known(node.get("function"), "function", found)
    _streams(node, found[told["function"]], kind)
    _guarded(node, told, authorizers)
    if "timeout" in told:
        node.get("timeout").number(routes.LEAST_WAIT, routes.LONGEST_WAIT[kind])
    return Route(key, **told)


def _guarded(node: Node, told: dict[str, Any], authorizers: Mapping[str, Authorizer]) -> None:
    """Raises ConfigError for an authorizer that isn't there, and for scopes without a JWT."""
    if "authorizer" in told:
        _known(node.get("authorizer"), "authorizer", authorizers)
    if told.get("scopes") and not isinstance(
        authorizers.get(told.get("authorizer", "")), JWTAuthorizer
    ):
        raise node.get("scopes").error("only a JWT has scopes: name an authorizer of that type")


def _streams(node: Node, function: Function, kind: str) -> None:
    if function.stream and kind not in routes.STREAMING:
        raise node.error(
            f"{function.name} streams, and {kind} can't; {' and '.join(routes.STREAMING)} can"
        )


def _known(node: Node, what: str, names: Mapping[str, Any]) -> None:
    """Raises ConfigError for a name that nothing has."""
    if node.text() not in names:
        raise node.error(f"there is no {what} {node.text()!r:.60}{nearest(node.text(), names)}")
