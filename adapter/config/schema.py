"""The keys of `[tool.adapter]`: what may stand under each, and what it does.

`docs/reference/config.md` has its tables from here. A key's name with _ for - is the field of the
value that it sets, and what isn't there has that field's default.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from . import Throttle
from .routes import HTTP, KINDS, LEAST_WAIT, REST, STAGED, WITH_CORS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .node import Node

_RUNTIME = re.compile(
    r"python3\.\d+|nodejs\d+\.x|provided(\.al\d+)?|java\d+(\.al2)?|dotnet\d+|ruby\d\.\d+|go1\.x"
)
_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]+")
_STAGE_VARIABLE = re.compile(r"[A-Za-z0-9_]{1,64}")
_STAGE_VALUE = re.compile(r"[A-Za-z0-9._~:/?#&=,-]{1,512}")
_STAGE = re.compile(r"[\w-]+", re.ASCII)
MOST = 2**31 - 1


@dataclass(frozen=True)
class Key:
    """A key: its type in words, how its value is read, what it does, and for which kinds it is."""

    type: str
    read: Callable[[Node], Any]
    help: str
    kinds: tuple[str, ...] = KINDS
    needed: bool = False


def text(node: Node) -> str:
    """Some text. Raises ConfigError."""
    found = node.text()
    if not found.strip():
        raise node.error("this is empty: leave it out, or write something")
    return found


def texts(node: Node) -> tuple[str, ...]:
    return node.texts()


def flag(node: Node) -> bool:
    return node.flag()


def command(node: Node) -> tuple[str, ...]:
    """A list of words, or one text of them as a shell has it. Raises ConfigError."""
    try:
        found = tuple(shlex.split(node.value)) if isinstance(node.value, str) else node.texts()
    except ValueError as error:
        raise node.error(f"{node.value!r:.60} is no command: {error}") from None
    if not found:
        raise node.error("the command has no words: leave it out, or write one")
    return found


def runtime(node: Node) -> str:
    """Raises ConfigError for what is no name of a runtime of Lambda's."""
    found = node.text()
    if not _RUNTIME.fullmatch(found):
        raise node.error(
            f"Lambda has no runtime {found!r:.60}; "
            "there are python3.13, nodejs22.x, provided.al2023 and others"
        )
    return found


def variables(node: Node) -> dict[str, str]:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"""
    for name, value in node.items():
        if not _VARIABLE.fullmatch(name):
            raise value.error(
                "a variable's name is two or more letters, digits and _, a letter first"
            )
    return node.variables()


def stage_variables(node: Node) -> dict[str, str]:
    """Of a REST or HTTP API. Raises ConfigError, but not for what a template leaves to AWS.

    https://docs.aws.amazon.com/apigateway/latest/api/API_CreateStage.html
    https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages.html
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
    """
    for name, value in node.items():
        if not _STAGE_VARIABLE.fullmatch(name):
            raise value.error(
                "a stage variable's name is letters, digits and _, and 64 of them at the most"
            )
        text = value.text()
        is_open = value.loose and ("${" in text or not text)  # a parameter's default may be empty
        if not is_open and not _STAGE_VALUE.fullmatch(text):
            raise value.error(
                f"{text!r:.60} is no value of a stage variable: those are letters, digits and "
                "-._~:/?#&=, from 1 to 512 of them"
            )
    return node.variables()


def stage(node: Node) -> str:
    """A stage's name; "" and "$default" are the same. Raises ConfigError."""
    found = node.text()
    if found in ("", "$default"):
        return ""
    if not _STAGE.fullmatch(found):
        raise node.error(f"{found!r:.60} is no stage's name: letters, digits, - and _, without /")
    return found


def base_paths(node: Node) -> dict[str, str]:
    """{base path: stage}, without slashes at the ends. Raises ConfigError."""
    for name, value in node.items():
        if name != name.strip("/"):
            raise value.error(f"write a base path without slashes at its ends: {name.strip('/')!r}")
        stage(value)
    return node.variables()


def _seconds(most: float, node: Node) -> float:
    return node.number(LEAST_WAIT, most)


def _integer(least: int, most: int, node: Node) -> int:
    return node.integer(least, most)


def _choice(choices: tuple[str, ...], node: Node) -> str:
    return node.choice(choices)


def throttle(node: Node) -> Throttle:
    """Raises ConfigError."""
    return Throttle(**fields(node, THROTTLE))


def integer(least: int, most: int, words: str, kinds: tuple[str, ...] = KINDS) -> Key:
    """A key for a whole number."""
    limits = f"{least} to {most}" if most < MOST else f"from {least}"
    return Key(f"whole number, {limits}", partial(_integer, least, most), words, kinds)


def choice(choices: tuple[str, ...], words: str, kinds: tuple[str, ...] = KINDS) -> Key:
    """A key for one of these texts."""
    listed = ", ".join(f'`"{name}"`' for name in choices)
    return Key(listed, partial(_choice, choices), words, kinds)


def seconds(most: float, words: str, kinds: tuple[str, ...] = KINDS) -> Key:
    """A key for a number of seconds."""
    limits = f"seconds, {LEAST_WAIT:g} to {most:g}"
    return Key(limits, partial(_seconds, most), words, kinds)


# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
FUNCTION = {
    "handler": Key(
        "text",
        text,
        "`main:app` for a web app, `main.handler` for a `function(event, context)`; for another "
        "runtime what that one reads from the variable `_HANDLER`. Needed, unless there is a "
        "`command` or the runtime is a `provided` one",
    ),
    "folder": Key("path", text, "Where the code is, from the folder of the file. It must be there"),
    "runtime": Key("text", runtime, "[Lambda's name][runtimes] of the runtime"),
    "command": Key(
        "list of text, or text as for a shell",
        command,
        "What is run in place of the runtime; it asks the Runtime API for events by itself",
    ),
    "variables": Key(
        "table of text", variables, "Environment variables; those of your shell and of `.env` win"
    ),
    "timeout": seconds(900, "How long an invocation may take"),
    "memory": integer(128, 10240, "MB"),
    "concurrency": integer(1, 1000, "Requests that an environment serves at once"),
    "reserved-concurrency": integer(
        0, MOST, "Environments that it has at the most, and that no other takes; on AWS alone"
    ),
    "stream": Key(
        "`true` or `false`",
        flag,
        "Whether answers go out as the app sends them. Only routes of `rest_api` and "
        "`function_url` can lead to such a function",
    ),
}

ROUTE = {
    "function": Key("text", text, "The function's name", needed=True),
    "authorizer": Key("text", text, "Who says whether a request may pass", STAGED),
    "scopes": Key("list of text", texts, "Of these a JWT must have one", HTTP),
    "api-key": Key("`true` or `false`", flag, "Whether a request needs an API key", REST),
    "timeout": seconds(
        900, "How long the front end waits: 30 s at the most, of a `websocket` 29", STAGED
    ),
}

CORS = {
    "allow-origins": Key("list of text", texts, 'Whose pages may ask; `"*"` is all', WITH_CORS),
    "allow-methods": Key("list of text", texts, 'With which methods; `"*"` is all', WITH_CORS),
    "allow-headers": Key("list of text", texts, 'With which headers; `"*"` is all', WITH_CORS),
    "expose-headers": Key("list of text", texts, "Which headers of the answer they see", WITH_CORS),
    "max-age": integer(-1, 86400, "Seconds for which a browser keeps this", WITH_CORS),
    "allow-credentials": Key(
        "`true` or `false`", flag, "Whether cookies may come along", WITH_CORS
    ),
}

JWT_AUTHORIZER = {
    "issuer": Key("text", text, "The token's `iss`, a URL", HTTP, needed=True),
    "audience": Key("list of text", texts, "Of these the token's `aud` has one", HTTP, needed=True),
    "keys": Key(
        "path or URL", text, "A JWK set, in place of the one that the issuer's metadata names", HTTP
    ),
    "identity": Key("text", text, "Where the token is", HTTP),
}

# https://docs.aws.amazon.com/apigateway/latest/api/API_CreateAuthorizer.html: TTLs up to an hour
LAMBDA_AUTHORIZER = {
    "function": Key("text", text, "The name of the function that is asked", STAGED, needed=True),
    "kind": choice(("request", "token"), "What it gets; `token` is for `rest_api` alone", STAGED),
    "payload": choice(("1.0", "2.0"), "The format of its event", HTTP),
    "simple": Key(
        "`true` or `false`",
        flag,
        'Whether it answers `{"isAuthorized": …}` in place of a policy; with `payload` 2.0',
        HTTP,
    ),
    "identity": Key(
        "list of text",
        texts,
        "What a request must bring, and by which answers are kept: `$request.header.X`, of a "
        "`rest_api` `method.request.header.X`, of a `websocket` `route.request.header.X`. "
        "A `token` has one header, and that is `Authorization` if you name none",
        STAGED,
    ),
    "ttl": integer(
        0, 3600, "Seconds for which an answer is kept; without an `identity` it is 0", STAGED
    ),
    "pattern": Key("text", text, "The regular expression that a `token` must match", REST),
}
AUTHORIZERS = {"jwt": JWT_AUTHORIZER, "lambda": LAMBDA_AUTHORIZER}

THROTTLE = {
    "rate": Key(
        "number from 0", lambda node: node.number(0, MOST), "Requests a second", needed=True
    ),
    "burst": Key(
        "whole number, from 0", lambda node: node.integer(0, MOST), "Requests at once", needed=True
    ),
}

API_KEY = {
    "value": Key("text", text, "What a client sends as `x-api-key`", REST, needed=True),
    "throttle": Key("table", throttle, "As `[tool.adapter.throttle]`, for this key", REST),
    "quota": integer(1, MOST, "Requests in a period", REST),
    "period": choice(("DAY", "WEEK", "MONTH"), "The quota's", REST),
}

API = {
    "kind": choice(KINDS, "The [front end](front-ends.md)"),
    "stage": Key("text", stage, "The stage that URLs begin with", STAGED),
    "stage-variables": Key(
        "table of text",
        stage_variables,
        "In the event. Names are letters, digits and `_`; values these and `-.~:/?#&=,`",
        STAGED,
    ),
    "base-paths": Key(
        "table of text",
        base_paths,
        "Of a custom domain: from a base path to a stage. Other URLs are refused then",
        STAGED,
    ),
    "binary-media-types": Key(
        "list of text", texts, "For which the body of a request comes as bytes", REST
    ),
    "route-selection": Key(
        "text", text, "What in a message names the route, as `$request.body.action`", ("websocket",)
    ),
    "throttle": Key("table", throttle, "How many requests the front end lets in", STAGED),
}

# app's own keys: those of the only function may stand here too
APP = {
    "app": Key("text", text, "The only function's `handler`"),
    **{name: key for name, key in FUNCTION.items() if name != "handler"},
}
TABLES = ("functions", "routes", "cors", "authorizers", "api-keys", "schedules")
LATER = ("stages", "events", "package", "deploy")
"""Tables of `[tool.adapter]` that others read."""


def fields(node: Node, keys: Mapping[str, Key], kind: str = "", known: tuple[str, ...] = ()) -> Any:
    """{field: value} of what a table has of these keys. `known` keys are left out.

    Raises ConfigError for any other key, for a value of a wrong type, for one that is missing, and
    for one that a front end of this kind doesn't have.
    """
    node.only((*keys, *known))
    for name, key in keys.items():
        if key.needed:
            node.get(name).required(key.type)
    found = [(name, child) for name, child in node.items() if name in keys]
    for name, child in found:
        allowed(child, name, keys[name].kinds, kind)
    return {name.replace("-", "_"): keys[name].read(child) for name, child in found}


def allowed(node: Node, name: str, kinds: tuple[str, ...], kind: str) -> None:
    """Raises ConfigError if a front end of this kind has no such setting."""
    if kind and kind not in kinds:
        has = "has" if len(kinds) == 1 else "have"
        raise node.error(f"{kind} has no {name}; {', '.join(kinds)} {has}: leave it out")
