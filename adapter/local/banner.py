"""What `adapter dev` says when it is up, and when it can't be."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import click

from .inspector import PATH
from .runtimes import shown
from .server import origin

if TYPE_CHECKING:
    from ..config import API, Project, Route, Schedule
    from .dev import Options

NAMES = {
    "http_api": "HTTP API (payload 2.0)",
    "rest_api": "REST API",
    "function_url": "Lambda function URL",
    "alb": "Application Load Balancer",
    "alb_multi": "Application Load Balancer (multi-value headers)",
    "websocket": "WebSocket API",
}

_MOST_ROUTES = 20


def banner(options: Options, project: Project, ports: list[int], seconds: float) -> list[str]:
    """The lines, the first of them with the URL; the last of the ports is the inspector's."""
    api = project.api
    scheme = "ws" if api.kind == "websocket" else "http"
    url = click.style(
        f"{scheme}://{origin(options.host, ports[0])}{path_of(api)}", fg="green", bold=True
    )
    inspector = f"http://{origin(options.host, ports[-1])}{PATH}"
    return [
        f"{url}  {NAMES[api.kind]}{_streaming(project)} → {_functions(project, options)}",
        *_routes(project),
        *_schedules(project),
        *[click.style(f"note: {note}", fg="yellow") for note in project.notes],
        _grey(f"inspector {inspector}"),
        _grey(f"ready in {seconds:.2f} s; Ctrl-C stops it"),
    ]


def path_of(api: API) -> str:
    """What the API's URLs begin with: of base paths the first, since no other URLs are taken."""
    if api.base_paths:
        base = next(iter(api.base_paths)).strip("/")
        return "/" if base in ("", "(none)") else f"/{base}/"
    return f"/{api.stage}/" if api.stage else "/"


def _grey(text: str) -> str:
    return click.style(text, fg="bright_black")


def _streaming(project: Project) -> str:
    return ", streaming" if any(one.stream for one in project.functions.values()) else ""


def _functions(project: Project, options: Options) -> str:
    functions = list(project.functions.values())
    many = f"up to {options.workers} environment{'s' if options.workers > 1 else ''}"
    if len(functions) > 1:
        return f"{len(functions)} functions, {many} each"
    function = functions[0]
    if function.concurrency > 1:
        many += f" of {function.concurrency} requests at once"
    return f"{shown(function)}, {many}"


def _routes(project: Project) -> list[str]:
    routes = project.api.routes
    if not routes or (len(project.functions) == 1 and len(routes) == 1):
        return []
    width = max(len(route.key) for route in routes[:_MOST_ROUTES])
    lines = [f"  {route.key:{width}}  {_target(project, route)}" for route in routes[:_MOST_ROUTES]]
    more = len(routes) - _MOST_ROUTES
    return [*lines, *([_grey(f"  and {more} more routes")] if more > 0 else [])]


def _target(project: Project, route: Route) -> str:
    function = project.functions[route.function]
    guard = f", asks {route.authorizer}" if route.authorizer else ""
    return _grey(f"{function.name} ({shown(function)}){guard}")


def _schedules(project: Project) -> list[str]:
    width = max((len(one.name) for one in project.schedules), default=0)
    return [f"  {one.name:{width}}  {_due(project, one)}" for one in project.schedules]


def _due(project: Project, schedule: Schedule) -> str:
    """cron(0 9 * * ? *) → shop, next 2026-01-31 09:00:00"""
    target = f" → {schedule.function}" if len(project.functions) > 1 else ""
    from . import schedules

    due = schedules.next_of(schedule, schedules.now())
    when = f"next {schedules.shown(due)}" if due else "never due any more"
    return _grey(f"{schedule.expression}{target}, {when if schedule.enabled else 'not enabled'}")


def cannot_listen(host: str, port: int, error: OSError, option: str = "--port") -> str:
    """What to do when a port can't be had."""
    advice = ""
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65535 else 8000
        advice = f": stop what uses it, or choose another: {option} {other}"
    return f"adapter: can't listen on {origin(host, port)} ({error.strerror}){advice}"
