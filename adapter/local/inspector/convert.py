"""The same request as another front end would deliver it, and where the two events differ."""

from __future__ import annotations

import difflib
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...events import KINDS, STAGED
from ...message import Request, starts_with
from .. import media
from ..completion import complete
from ..headers import arriving
from ..stages import at_place
from ..visit import Visit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...config import API

_MOST_LINES = 4000  # above, finding out what differs takes seconds


def event_as(visit: Visit, kind: str, api: API) -> Any:
    """The event that the front end `kind` would make of this visit's request, at that moment.

    It has the same routes and stage variables; what an authorizer adds is another thing at each
    front end, and is left out.
    """
    staged = kind in STAGED
    theirs = replace(api, kind=kind) if staged else replace(api, kind=kind, stage="", base_paths={})
    other = Visit(
        visit.request if staged else without_stage(visit.request),
        kind,
        visit.spelling,
        id=visit.id,
        arrived=visit.arrived,
        route=visit.route,
        parameters=visit.parameters,
    )
    request = arriving(at_place(theirs, other.request), other)
    event = complete(KINDS[kind].encode_request(request), other, theirs)
    if kind == "rest_api":
        event["body"], event["isBase64Encoded"] = media.body_of(theirs, other.request)
    _at_that_moment(event, visit)
    return json.loads(json.dumps(event))


def without_stage(request: Request) -> Request:
    """As it would be at a front end whose URLs have no stage."""
    root = request.root_path
    path = request.path[len(root) :] if starts_with(request.path, root) else request.path
    return Request(
        request.method, path or "/", request.query, request.headers, request.body,
        client=request.client, server=request.server, scheme=request.scheme,
        http_version=request.http_version, user=request.user,
    )  # fmt: skip


def _at_that_moment(event: Any, visit: Visit) -> None:
    """Time and id are those of the visit: that they differ would tell nothing."""
    context = event.get("requestContext")
    if not isinstance(context, dict):
        return
    clock = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(visit.arrived))
    milliseconds = int(visit.arrived * 1000)
    told = {
        "requestId": visit.id,
        "time": clock,
        "requestTime": clock,
        "timeEpoch": milliseconds,
        "requestTimeEpoch": milliseconds,
    }
    for name, value in told.items():
        if isinstance(context.get(name), type(value)):
            context[name] = value


def side_by_side(left: Any, right: Any) -> list[tuple[str, str, str]]:
    """[(mark, left, right)]: both as lines of JSON, keys sorted, the same beside the same.

    mark  ' ' for a line in both, '|' for two that differ, '<' and '>' for one that has no other
    """
    ours, theirs = _lines(left), _lines(right)
    if len(ours) + len(theirs) > _MOST_LINES:
        return [*(("<", line, "") for line in ours), *((">", "", line) for line in theirs)]
    rows: list[tuple[str, str, str]] = []
    matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        rows += _rows(tag, ours[a:b], theirs[c:d])
    return rows


def _rows(tag: str, ours: list[str], theirs: list[str]) -> Iterator[tuple[str, str, str]]:
    """A stretch: lines with the same key, one that changed, stand beside each other."""
    if tag == "equal":
        yield from ((" ", line, line) for line in ours)
        return
    keys = [_key(line) for line in ours], [_key(line) for line in theirs]
    for same, a, b, c, d in difflib.SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
        if same == "equal":
            yield from (("|", *pair) for pair in zip(ours[a:b], theirs[c:d], strict=True))
        else:
            yield from (("<", line, "") for line in ours[a:b])
            yield from ((">", "", line) for line in theirs[c:d])


def _key(line: str) -> str:
    """'  "path": "/"' → '  "path"'; the line itself if it has no key."""
    name, colon, _ = line.partition('": ')
    return name if colon else line


def _lines(event: Any) -> list[str]:
    return json.dumps(event, indent=2, sort_keys=True, ensure_ascii=False).split("\n")
