"""The front page: what came in, and every other route to try."""

import html
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from environment import Environment
from front_end import front_end
from html_page import form, page, preformatted, template

FRONT_PAGE = template("front_page.html")
ROUTES = (
    "front_page",
    "json",
    "form",
    "upload",
    "redirect",
    "cookies",
    "tasks",
    "download",
    "error",
    "state",
)
CONTEXT_FIELDS = (
    "aws_request_id",
    "function_name",
    "function_version",
    "memory_limit_in_mb",
    "invoked_function_arn",
    "log_group_name",
)
NO_GATEWAY = (
    "Start the same module with <code>adapter dev main:app</code> to put a gateway in front."
)
GATEWAY = "The event it sent is at the end of this page, with the ASGI scope your app got from it."


def front_page(request: Request) -> HTMLResponse:
    event = request.scope.get("aws.event")
    name = front_end(event)
    content = FRONT_PAGE.substitute(
        links(request),
        front_end=html.escape(name),
        hint=NO_GATEWAY if event is None else GATEWAY,
        facts="\n".join(fact(*pair) for pair in facts(request)),
        form_fields=form(request.url_for("form").path),
        arrivals="\n".join(arrival(*pair, n == 0) for n, pair in enumerate(arrivals(request))),
    )
    return page(f"{name} · Starlette app", content)


def links(request: Request) -> dict[str, str]:
    """Paths, not addresses: they hold whatever name the client knows the gateway by."""
    paths = {name: request.url_for(name).path for name in ROUTES}
    paths["status"] = request.url_for("status", code="418").path
    return {name: html.escape(path) for name, path in paths.items()}


def facts(request: Request) -> list[tuple[str, str]]:
    environment: Environment = request.state.environment
    return [
        ("Served by this environment", requests(environment.requests)),
        ("Environment started", f"{environment.started:%Y-%m-%d %H:%M:%S} UTC"),
        ("Process id", str(environment.pid)),
        ("Stage or base path", request.scope.get("root_path") or "none"),
    ]


def requests(count: int) -> str:
    return "1 request" if count == 1 else f"{count} requests"


def fact(term: str, description: str) -> str:
    dt, dd = html.escape(term), html.escape(description)
    return f'<div class="card"><dt>{dt}</dt><dd>{dd}</dd></div>'


def arrivals(request: Request) -> list[tuple[str, Any]]:
    """The event, the scope and the Lambda context; under uvicorn there is only the scope."""
    # A dot marks what a library keeps for itself, and the event and the context have their places.
    scope = {key: value for key, value in request.scope.items() if "." not in key}
    event, context = request.scope.get("aws.event"), request.scope.get("aws.context")
    shown = [
        ("Event, as the gateway sent it", event),
        ("Lambda context", context and context_fields(context)),
        ("ASGI scope, as the app sees it", scope),
    ]
    return [(title, value) for title, value in shown if value is not None]


def context_fields(context: Any) -> dict[str, Any]:
    fields = {name: getattr(context, name, None) for name in CONTEXT_FIELDS}
    return {**fields, "remaining_time_in_millis": context.get_remaining_time_in_millis()}


def arrival(title: str, value: Any, is_open: bool) -> str:
    tag = "details open" if is_open else "details"
    return f"<{tag}><summary>{html.escape(title)}</summary>{preformatted(value)}</details>"
