"""Which part of a URL is the stage's or the custom domain's, and which part routes see.

https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-mappings.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-mappings.html

    https://api.example.com/shop/v1/users    base_paths {"shop/v1": "prod"}    → /users of prod
    https://….execute-api.….com/prod/users   stage "prod"                      → /users of prod

The longest base path that fits counts; the empty one takes the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..events import STAGED
from ..message import Request, starts_with
from .refusals import refuse

if TYPE_CHECKING:
    from ..config import API
    from ..message import Response
    from .visit import Visit


class Place(NamedTuple):
    """Where in an API a URL leads.

    stage  its name; "" for $default, or for none
    path   what is left of the URL's path, percent-encoded
    base   the base path that was taken off, without slashes; None for the API's own domain
    """

    stage: str
    path: str
    base: str | None = None


def place_of(api: API, path: str) -> Place | None:
    """Where `path` leads, or None for nowhere."""
    if api.base_paths:
        return _mapped(api, path)
    return _staged(api.stage, path)


def _staged(stage: str, path: str, base: str | None = None) -> Place | None:
    """The stage `$default` is in no URL."""
    name = "" if stage == "$default" else stage
    if not name:
        return Place("", path, base)
    return Place(name, _rest(path, f"/{name}"), base) if starts_with(path, f"/{name}") else None


def _mapped(api: API, path: str) -> Place | None:
    for base, stage in sorted(mappings(api).items(), key=lambda pair: -len(pair[0])):
        root = f"/{base}" if base else ""
        if not starts_with(path, root):
            continue
        if not stage and api.kind == "rest_api":  # mapped to the API: its URLs name the stage
            return _staged(api.stage, _rest(path, root), base)
        return Place("" if stage == "$default" else stage, _rest(path, root), base)
    return None


def mappings(api: API) -> dict[str, str]:
    """The base paths without slashes; '' for the empty one, which AWS's tools call (none)."""
    return {
        "" if base == "(none)" else base.strip("/"): stage for base, stage in api.base_paths.items()
    }


def _rest(path: str, root: str) -> str:
    return path[len(root) :] or "/"


def root_path(api: API) -> str:
    """What every URL of the API begins with, if that is one thing: '/prod'."""
    named = api.stage and api.stage != "$default" and api.kind in STAGED
    return f"/{api.stage}" if named and not api.base_paths else ""


def at_place(api: API, request: Request) -> Request:
    """The request as the event tells it: `root_path` is the part that belongs to the stage.

    A REST API keeps base path and all in `path`; an HTTP API's rawPath has no base path, and
    always a named stage (localstack/localstack#12295, CodeGenieApp/serverless-express#465).
    """
    place = place_of(api, request.path)
    if place is None or api.kind not in STAGED:
        return request
    mapped = place.base is not None
    root = f"/{place.stage}" if place.stage and not (mapped and api.kind == "rest_api") else ""
    path = root + place.path if mapped and api.kind != "rest_api" else request.path
    if (root, path) == (request.root_path, request.path):
        return request
    return Request(
        request.method, path, request.query, request.headers, request.body, root_path=root,
        client=request.client, server=request.server, scheme=request.scheme,
        http_version=request.http_version,
    )  # fmt: skip


def refusal(api: API, visit: Visit) -> Response | None:
    """The answer to a URL that leads to no stage of the API's."""
    if place_of(api, visit.request.path) is not None:
        return None
    if api.base_paths:
        known = ", ".join(f"/{base}" for base in mappings(api))
        return refuse(visit, "stage", f"the domain maps {known} and no other base path")
    return refuse(visit, "stage", f"the stage's URLs begin with /{api.stage}/")
