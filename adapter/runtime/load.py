"""`main:app` or `main.handler` into a function(event, context), or words that say what to fix."""

from __future__ import annotations

import importlib
import os
import sys

from ..errors import LoadError, ends_process
from ..message import is_async

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    Function = Callable[[Any, Any], Any]


def load(target: str) -> Function:
    """The function that `target` names. Raises LoadError.

    main:app      a web app, as uvicorn and gunicorn write it; wrapped in a Handler with the
                  options that OPTIONS names
    main.handler  a function(event, context), as AWS writes it; called as it is
    """
    colon = ":" in target
    module_name, _, attribute = target.partition(":") if colon else target.rpartition(".")
    module_name, attribute = module_name.removeprefix("./"), attribute.removesuffix("()")
    if not module_name or not attribute:
        raise LoadError(
            f"{target!r} names nothing to run: write main:app for the web app `app` in main.py, "
            "or main.handler for the function `handler(event, context)` in it"
        )
    if module_name.endswith(".py") or (attribute == "py" and not colon):
        raise LoadError(f"{target!r} names a file: write main:app for the web app `app` in main.py")
    found = _attribute(_module(module_name.replace("/", "."), target), attribute, target)
    if not callable(found):
        raise LoadError(f"{target} is {found!r:.60}, which can't be called")
    if colon:
        if _is_factory(found):
            raise LoadError(
                f"{target} takes no request: if it makes an app, write app = {attribute}() into "
                f"{_file(module_name)}, and name {module_name}:app"
            )
        return _wrapped(found)
    if is_async(found):
        raise LoadError(
            f"{target} is async: for the web app `{attribute}` write {module_name}:{attribute}; "
            "a function(event, context) is to be a plain one"
        )
    function: Function = found
    return function


def _is_factory(found: Any) -> bool:
    """A function that wants no arguments, and can't be called with WSGI's two, is no app."""
    code = getattr(found, "__code__", None)
    if code is None or code.co_argcount > 1 or code.co_flags & _VARARGS:
        return False
    wanted: int = code.co_argcount - len(getattr(found, "__defaults__", None) or ())
    return wanted == 0


_VARARGS = 0x04  # inspect.CO_VARARGS; importing inspect takes longer than all of this


def _wrapped(app: Any) -> Function:
    from ..handler import Handler

    if isinstance(app, Handler):
        return app
    return Handler(app, **_options())


_YES = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def _yes(told: str) -> bool:
    return _YES[told.lower()]


def _seconds(told: str) -> float:
    seconds = float(told)
    if not 0 <= seconds < 1e9:
        raise ValueError(told)
    return seconds


def _path(told: str) -> str | None:
    if told.startswith("/"):
        return told
    if _YES.get(told.lower()) is False:
        return None
    raise ValueError(told)


OPTIONS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "ADAPTER_BASE_PATH": ("base_path", str),
    "ADAPTER_STREAM": ("stream", _yes),
    "ADAPTER_DEADLINE_MARGIN": ("deadline_margin", _seconds),
    "ADAPTER_ACCESS_LOG": ("access_log", _yes),
    "ADAPTER_EVENTS": ("events", _path),
    "ADAPTER_PARTIAL_BATCH": ("partial_batch", _yes),
}
"""Environment variables for the options of `Handler`, and how each is read."""


_WANTED: dict[Any, str] = {
    _yes: "1 or 0",
    _seconds: "a number of seconds",
    _path: "a path such as /_events, or 0 for none",
}


def _options() -> dict[str, Any]:
    """Raises LoadError for a value that makes no sense."""
    options = {}
    for variable, (name, read) in OPTIONS.items():
        told = os.environ.get(variable, "")
        try:
            if told:
                options[name] = read(told)
        except (KeyError, ValueError):
            raise LoadError(f"{variable} is {told!r}; it should be {_WANTED[read]}") from None
    return options


def _module(name: str, target: str) -> ModuleType:
    folder = os.environ.get("LAMBDA_TASK_ROOT") or os.getcwd()
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            raise LoadError(
                f"there is no module {error.name!r} for {target}: looked in {folder} and the "
                f"installed packages. Is the name right, and is {_file(error.name)} there?"
            ) from None
        raise LoadError(
            f"{target} can't be imported, since it imports {error.name!r}, which is not there: "
            + _remedy(name, error.name or "", folder)
        ) from error
    except SyntaxError as error:
        raise LoadError(
            f"{target} can't be imported: {error.msg} in {error.filename}, line {error.lineno}"
        ) from error
    except BaseException as error:
        if ends_process(error):
            raise
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        raise LoadError(f"{target} can't be imported: it raised {said}") from error


def _remedy(name: str, absent: str, folder: str) -> str:
    """What to do so that the module `name` can import the one that is absent."""
    own = name.rpartition(".")[0].replace(".", "/")
    beside = os.path.join(folder, own, absent.partition(".")[0])
    if own and (os.path.isfile(f"{beside}.py") or os.path.isdir(beside)):
        return f"modules are looked for in {folder}, and not in {own}; make {own} the folder"
    return "add it to the package's requirements"


def _file(name: str) -> str:
    return name.replace(".", "/") + ".py"


def _attribute(module: ModuleType, path: str, target: str) -> Any:
    found: Any = module
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            there = ", ".join(_meant(module)[:10])
            raise LoadError(
                f"{module.__name__} has no {path!r}, which {target} asks for; "
                + (f"did you mean one of {there}?" if there else "nothing in it can be called")
            ) from None
    return found


def _meant(module: ModuleType) -> list[str]:
    """What could have been meant: callable objects first, as apps are, then functions."""
    own = {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and callable(value) and not isinstance(value, type)
    }
    functions = [name for name, value in own.items() if hasattr(value, "__code__")]
    return [name for name in own if name not in functions] + functions
