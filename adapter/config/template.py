"""A file that describes an API for AWS: SAM, CloudFormation or OpenAPI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import Project, openapi, sam
from .document import load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from . import Function


def read(path: Path, api: str = "", functions: Mapping[str, Function] | None = None) -> Project:
    """The project of a file, whichever of the three it is.

    api        of a template with several APIs the one to serve: a logical id
    functions  those of which the file doesn't say where the code is, or that are run in another
               way than it says: of `pyproject.functions`, or the command line's only one

    Raises ConfigError.
    """
    root = load(path)
    if openapi.is_document(root):
        if api:
            raise root.error(f"an OpenAPI document is one API: leave --api {api} out")
        return openapi.read(path, functions or {})
    if not isinstance(root.value, dict) or "Resources" not in root.value:
        raise root.error(
            "this is neither a template of SAM or CloudFormation, which has Resources, nor an "
            'OpenAPI document, which has "openapi" or "swagger"'
        )
    return sam.read(path, api, functions)
