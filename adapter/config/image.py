"""A function that is packaged as an image: what its Dockerfile and its ImageConfig say.

Nothing is built: of AWS's base images the runtime is told by their name, and the code is taken from
the folder that the image is made of.

https://docs.aws.amazon.com/lambda/latest/dg/python-image.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from .cloudformation import Resource

_BASE = re.compile(r"lambda/(\w+):([\w.]+)")
_FORMS = {"python": "python{}", "nodejs": "nodejs{}.x", "java": "java{}", "dotnet": "dotnet{}"}
_FORMS |= {"ruby": "ruby{}", "provided": "provided.{}"}
_WORD = re.compile(r"^\s*(FROM|CMD|ENTRYPOINT)\s+(.+?)\s*$", re.MULTILINE | re.IGNORECASE)


def of_image(one: Resource) -> dict[str, Any]:
    """A Function's handler, runtime, command and folder. Raises ConfigError."""
    metadata, config = one.node.get("Metadata"), one.properties.get("ImageConfig")
    folder = one.node.file.parent / metadata.get("DockerContext").text()
    told = _dockerfile(folder / metadata.get("Dockerfile").text("Dockerfile"))
    entry = config.get("EntryPoint").texts() or _words(told.get("ENTRYPOINT", ""))
    words = config.get("Command").texts() or _words(told.get("CMD", ""))
    base = _BASE.search(told.get("FROM", ""))
    runtime = _FORMS[base[1]].format(base[2]) if base and base[1] in _FORMS else ""
    if not words or not (entry or runtime):
        raise one.node.error(
            "an image can't be run here, and neither its Dockerfile (Metadata) nor its ImageConfig "
            "says which handler or command is in it: write a table "
            f"[tool.adapter.functions.{one.id}] with a handler or a command into pyproject.toml"
        )
    return {
        "handler": words[0],
        "runtime": runtime or "provided.al2023",
        "command": (*entry, *words) if entry else (),
        "folder": folder,
    }


def _dockerfile(path: Path) -> dict[str, str]:
    """{instruction: the rest of its last line}; nothing if there is no such file."""
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError):
        return {}
    return {word.upper(): rest for word, rest in _WORD.findall(text)}


def _words(text: str) -> tuple[str, ...]:
    """The words of an instruction in its exec form, ["a", "b"]; none of any other."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    is_list = isinstance(found, list) and all(isinstance(word, str) for word in found)
    return tuple(found) if is_list else ()
