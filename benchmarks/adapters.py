"""The time from event to result: this adapter against Mangum and apig-wsgi, in one process.

- Starlette, hello: the whole call, against Mangum without lifespan. Ours runs the app's lifespan.
- Flask, hello: Flask takes most of the call, so each side counts with what it adds to Flask:
  its time minus that of the same app called with a ready environ.
- 1 MB of binary, up and down again: the whole call, in both frameworks.
- bare ASGI and WSGI apps, without a target: what is left when the app costs nothing.
"""

from __future__ import annotations

import base64
import io
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import apig_wsgi  # noqa: E402
import events  # noqa: E402
import timing  # noqa: E402
from mangum import Mangum  # noqa: E402

import apps  # noqa: E402
from adapter import Handler  # noqa: E402

CONTEXT = events.Context()
LambdaHandler = Callable[[dict, object], dict]


def ours(app: Callable) -> Handler:
    handler = Handler(app)
    handler.start()
    return handler


def mangum(app: Callable) -> LambdaHandler:
    return Mangum(app, lifespan="off")


def flask_alone(event: dict) -> Callable[[], None]:
    """Flask called with the environ that apig-wsgi makes of `event`; the answer is dropped."""
    seen: dict = {}

    def keep(environ, start_response):
        seen.update(environ)
        return apps.bare_wsgi(environ, start_response)

    apig_wsgi.make_lambda_handler(keep)(event, CONTEXT)
    body = seen.pop("wsgi.input").getvalue()

    def start_response(status, headers, exc_info=None):
        return None

    def call():
        chunks = apps.flask({**seen, "wsgi.input": io.BytesIO(body)}, start_response)
        for _ in chunks:
            pass
        chunks.close()

    return call


def check(handler: LambdaHandler, event: dict, body: bytes) -> None:
    """A fast wrong answer is no answer."""
    result = handler(event, CONTEXT)
    text = result["body"]
    told = base64.b64decode(text) if result["isBase64Encoded"] else text.encode()
    assert result["statusCode"] == 200, result
    assert told == body


class Duel:
    """Two adapters around one app, for one event. `floor` is the app without either."""

    def __init__(self, title: str, event: dict, body: bytes, rounds: int) -> None:
        self.title = title
        self.event = event
        self.body = body
        self.rounds = rounds
        self.floor: Callable[[], object] | None = None

    def run(self, mine: LambdaHandler, peer: LambdaHandler, name: str) -> float:
        """Print the table; the ratio, of the times over the floor if there is one."""
        check(mine, self.event, self.body)
        check(peer, self.event, self.body)
        contestants = {
            "adapter": lambda: mine(self.event, CONTEXT),
            name: lambda: peer(self.event, CONTEXT),
        }
        if self.floor is not None:
            contestants["the app alone"] = self.floor
        series = timing.measure(contestants, self.rounds)
        own, other = series["adapter"], series[name]
        rows = [("adapter", own, other), (name, other, None)]
        if self.floor is not None:
            floor = series["the app alone"]
            rows.append(("the app alone", floor, other))
            own, other = timing.over(own, floor), timing.over(other, floor)
            rows += [("adapter's share", own, other), (f"{name}'s share", other, None)]
        timing.print_table(self.title, rows)
        return timing.ratio(own, other)


def starlette_hello(rounds: int, targets: timing.Targets) -> None:
    mine, peer = ours(apps.starlette), mangum(apps.starlette)
    for kind in events.KINDS:
        title = f"Starlette, hello, {events.NAMES[kind]}"
        duel = Duel(title, events.hello(kind), apps.GREETING.encode(), rounds)
        targets.check(title, duel.run(mine, peer, "Mangum"), 0.5)


def flask_hello(rounds: int, targets: timing.Targets) -> None:
    mine, peer = ours(apps.flask), apig_wsgi.make_lambda_handler(apps.flask)
    for kind in events.KINDS:
        title = f"Flask, hello, {events.NAMES[kind]}"
        duel = Duel(title, events.hello(kind), apps.GREETING.encode(), rounds)
        duel.floor = flask_alone(duel.event)
        targets.check(title, duel.run(mine, peer, "apig-wsgi"), 0.7)


def uploads(rounds: int, targets: timing.Targets) -> None:
    pairs = [
        ("Starlette", ours(apps.starlette), mangum(apps.starlette), "Mangum"),
        (
            "Flask",
            ours(apps.flask),
            apig_wsgi.make_lambda_handler(apps.flask, binary_support=True),
            "apig-wsgi",
        ),
    ]
    for framework, mine, peer, name in pairs:
        for kind in events.KINDS:
            size = f"{events.UPLOAD_SIZES[kind] >> 10} KB"
            title = f"{framework}, {size} binary echo, {events.NAMES[kind]}"
            duel = Duel(title, events.upload(kind), events.upload_body(kind), rounds)
            targets.check(title, duel.run(mine, peer, name), 1.0)


def bare(rounds: int, targets: timing.Targets) -> None:
    """For information: no app is as small as these."""
    pairs = [
        ("bare ASGI", ours(apps.bare_asgi), mangum(apps.bare_asgi), "Mangum"),
        (
            "bare WSGI",
            ours(apps.bare_wsgi),
            apig_wsgi.make_lambda_handler(apps.bare_wsgi),
            "apig-wsgi",
        ),
    ]
    for app, mine, peer, name in pairs:
        for kind in events.KINDS:
            title = f"{app}, hello, {events.NAMES[kind]}"
            duel = Duel(title, events.hello(kind), apps.GREETING.encode(), rounds)
            duel.run(mine, peer, name)


CASES = {
    "starlette": starlette_hello,
    "flask": flask_hello,
    "uploads": uploads,
    "bare": bare,
}


def main() -> int:
    parser = timing.arguments(__doc__, rounds=61)
    parser.add_argument("--only", choices=CASES, help="one group of cases")
    options = parser.parse_args()
    timing.print_machine("mangum", "apig-wsgi", "starlette", "flask")
    targets = timing.Targets()
    for name, case in CASES.items():
        if options.only in (None, name):
            case(options.rounds, targets)
    return targets.finish(options.strict)


if __name__ == "__main__":
    sys.exit(main())
