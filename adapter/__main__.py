"""The entry point of the command `adapter`, and of `python -m adapter`."""

from __future__ import annotations

import sys


def main() -> None:
    try:
        from .cli import cli
    except ModuleNotFoundError as error:
        sys.exit(
            f"adapter: the command needs {error.name!r}, which is not installed: "
            "pip install 'apigw-adapter[all]'"
        )
    cli()


if __name__ == "__main__":
    main()
