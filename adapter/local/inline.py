"""Code that a template has inline, as the file that Lambda would find.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ..config import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..config import Function, Project

_MODULE = re.compile(r"^\s*(import|export)\b", re.MULTILINE)


@contextmanager
def placed(project: Project) -> Iterator[Project]:
    """The project, whose functions with inline code have folders of their own for as long.

    Raises ConfigError for a runtime that takes none.
    """
    if not any(one.code for one in project.functions.values()):
        yield project
        return
    with TemporaryDirectory(prefix="adapter-") as folder:
        functions = {
            name: _placed(one, Path(folder)) if one.code else one
            for name, one in project.functions.items()
        }
        yield replace(project, functions=functions)


def _placed(function: Function, folder: Path) -> Function:
    own = folder / function.name
    own.mkdir()
    (own / f"index{_suffix(function)}").write_text(function.code, "utf-8")
    return replace(function, folder=own)


def _suffix(function: Function) -> str:
    if function.runtime.startswith("python"):
        return ".py"
    if function.runtime.startswith("nodejs"):
        return ".mjs" if _MODULE.search(function.code) else ".js"
    raise ConfigError(
        f"the function {function.name} has inline code, which Lambda takes for Python and Node.js "
        f"only, and not for {function.runtime}"
    )
