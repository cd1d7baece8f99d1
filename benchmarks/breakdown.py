"""Where the microseconds of one call go: decoding, running the app, encoding.

Each step is timed by itself on what the step before it made, without a profiler; so the steps
add up to the whole call only about.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import events  # noqa: E402
import timing  # noqa: E402

import apps  # noqa: E402
from adapter import ASGI, WSGI, Handler, Response  # noqa: E402
from adapter.asgi import scope_of  # noqa: E402
from adapter.events import codec_of  # noqa: E402
from adapter.wsgi import environ_of  # noqa: E402

CONTEXT = events.Context()


def steps(runner: ASGI | WSGI, event: dict) -> dict[str, Callable[[], object]]:
    """The steps of `Handler(runner)(event, CONTEXT)`."""
    handler = Handler(runner)
    handler.start()
    codec = codec_of(event)
    request = codec.decode_request(event, CONTEXT)
    first = runner(request)
    status, headers, body = first.status, first.headers, b"".join(first.body)
    first.close()

    def run() -> None:
        response = runner(request)
        for _ in response.body:
            pass
        response.close()

    def prepare() -> object:
        return scope_of(request) if isinstance(runner, ASGI) else environ_of(request)

    return {
        "the whole call": lambda: handler(event, CONTEXT),
        "codec_of": lambda: codec_of(event),
        "decode_request": lambda: codec.decode_request(event, CONTEXT),
        "the runner and the app": run,
        "  of that, scope or environ": prepare,
        "encode_response": lambda: codec.encode_response(Response(status, headers, [body]), event),
    }


def main() -> int:
    options = timing.arguments(__doc__, rounds=15).parse_args()
    timing.print_machine("starlette", "flask")
    runners = {
        "bare ASGI": ASGI(apps.bare_asgi),
        "Starlette": ASGI(apps.starlette),
        "bare WSGI": WSGI(apps.bare_wsgi),
        "Flask": WSGI(apps.flask),
    }
    for name, runner in runners.items():
        for kind in events.KINDS:
            for title, event in (("hello", events.hello(kind)), ("upload", events.upload(kind))):
                if title == "upload" and name.startswith("bare"):
                    continue
                series = timing.measure(steps(runner, event), options.rounds)
                whole = series["the whole call"]
                rows = [(step, values, whole) for step, values in series.items()]
                timing.print_table(f"{name}, {title}, {events.NAMES[kind]}", rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
