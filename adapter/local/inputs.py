"""What a command reads and writes: a file or standard input, JSON in it, and JSON to read."""

from __future__ import annotations

import errno
import json
from typing import Any

import click


class InputError(click.ClickException):
    """What the user named can't be used, in one line. The command ends with status 2."""

    exit_code = 2


def name_of(file: str) -> str:
    return "standard input" if file == "-" else file


def read_bytes(file: str) -> bytes:
    """The content of a file, or of standard input for '-'. Raises InputError."""
    standard = file == "-"
    try:
        with open(0 if standard else file, "rb", closefd=not standard) as opened:
            return opened.read()
    except OSError as error:
        raise InputError(f"can't read {name_of(file)}: {error.strerror}") from None


def data_of(word: str) -> bytes:
    """A body as curl is told it: text, @FILE, or @- for standard input. Raises InputError."""
    if word.startswith("@"):
        return read_bytes(word[1:])
    return word.encode("utf-8", "surrogateescape")  # as the shell passed it


def read_json(file: str) -> Any:
    """The JSON value in a file or in standard input. Raises InputError, which says where."""
    data = read_bytes(file)
    try:
        value = json.loads(data, parse_constant=_refuse)
        json.dumps(value, allow_nan=False)  # 1e999 is read as infinity
    except json.JSONDecodeError as error:
        where = f"{name_of(file)}, line {error.lineno}, column {error.colno}"
        raise InputError(f"{where}: this is no JSON: {error.msg}") from None
    except UnicodeDecodeError as error:
        where = f"{name_of(file)}, byte {error.start}"
        raise InputError(f"{where}: this is no UTF-8 text") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name_of(file)}: this can't be read as JSON: {error}") from None
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"there is no {constant} in JSON")


def put(data: bytes, *, err: bool = False) -> None:
    """Write to standard output, or with `err` to standard error. Raises InputError."""
    try:
        click.echo(data, nl=False, err=err)
    except OSError as error:
        if error.errno == errno.EPIPE:  # nobody reads any more: click ends the command
            raise
        raise InputError(f"can't write: {error.strerror}") from None


def pretty(value: Any) -> bytes:
    """JSON to read, and to pipe: UTF-8, with a line break at its end."""
    try:
        return json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # a lone surrogate
        return json.dumps(value, indent=2).encode() + b"\n"
    except RecursionError:  # indenting goes less deep
        return json.dumps(value).encode() + b"\n"
