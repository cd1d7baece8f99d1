"""What an environment runs: the command for each of Lambda's runtimes.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import ConfigError
from .layers import inside

if TYPE_CHECKING:
    from ..config import Function

_OURS = [sys.executable, "-c", "from adapter.runtime import start; start()"]
_NODE_CLIENTS = ("index.mjs", "bin/index.mjs")  # of AWS's versions from 4 on, and up to 3
_NODE = str(Path(__file__).with_name("node_runtime.mjs"))
_NODE_LAYERS = Path(__file__).with_name("node_layers.mjs").as_uri()


def command_of(function: Function) -> list[str]:
    """The command whose process serves the function. Raises ConfigError."""
    _check_folder(function)
    if function.command:
        return list(function.command)
    runtime = function.runtime
    if runtime.startswith("python"):
        return [*_OURS, function.handler]
    if runtime.startswith("nodejs"):
        node = [_program("node", function), *_node_options(function)]
        return [*node, *_node_client(function.folder), function.handler]
    if runtime.startswith("provided"):
        return [str(_bootstrap(function))]
    raise ConfigError(
        f"the function {function.name} has the runtime {runtime}, which can't be run here: give it "
        "a `command` that starts its runtime client"
    )


def _check_folder(function: Function) -> None:
    """Raises ConfigError: a process in a folder that isn't there can't start, nor say why."""
    if function.folder.is_dir():
        return
    state = "a file" if function.folder.exists() else "not there"
    raise ConfigError(
        f"the code of the function {function.name} should be in the folder "
        f"{function.folder.absolute()}, which is {state}: build it, or write a table "
        f"[tool.adapter.functions.{function.name}] with its handler and folder into pyproject.toml"
    )


def shown(function: Function) -> str:
    """What runs, for people: the handler of ours, the command of another one's."""
    if function.command:
        return shlex.join(function.command)
    return "bootstrap" if function.runtime.startswith("provided") else function.handler


def _node_client(folder: Path) -> list[str]:
    """AWS's runtime client where the project has it, otherwise a small one of our own."""
    for above in (folder.absolute(), *folder.absolute().parents):
        for name in _NODE_CLIENTS:
            if (client := above / "node_modules" / "aws-lambda-ric" / name).exists():
                return [str(client)]
    return [_NODE]


def _node_options(function: Function) -> list[str]:
    return ["--import", _NODE_LAYERS] if function.layers else []


def _program(name: str, function: Function) -> str:
    found = shutil.which(name)
    if found is None:
        raise ConfigError(
            f"the function {function.name} has the runtime {function.runtime}, and there is no "
            f"`{name}` on the PATH: install it, or give the function a `command`"
        )
    return found


def _bootstrap(function: Function) -> Path:
    """The function's own, or else a layer's.

    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
    """
    bootstrap = function.folder.absolute() / "bootstrap"
    theirs = [inside(layer, "bootstrap") for layer in reversed(function.layers)]
    for file in (bootstrap, *theirs):
        if file is not None and file.is_file():
            return file
    raise ConfigError(
        f"the function {function.name} has the runtime {function.runtime}, which runs a file "
        f"`bootstrap`, and there is none in {bootstrap.parent}: build it, or give the function a "
        "`command`"
    )
