"""How the app says things: JSON for programs, HTML for browsers; for errors the other way round."""

import http
import json
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from html_page import error_page, value_page
from negotiation import HTML, JSON, preferred


def answer(
    request: Request, title: str, value: Any, status: int = 200, also: str | None = None
) -> Response:
    """also names a route the HTML page links to, beside the front page."""
    if preferred(request, JSON, HTML) == JSON:
        return json_response(value, status)
    links = {"Front page": path_of(request, "front_page")}
    if also is not None:
        links[f"GET /{also}"] = path_of(request, also)
    return value_page(title, value, links, status)


def json_response(value: Any, status: int = 200) -> Response:
    # ASCII, because "\ud800" is good JSON and not UTF-8.
    return Response(json.dumps(value, indent=2) + "\n", status, media_type=JSON)


def http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    response = failure(request, error.status_code, error.detail)
    response.headers.update(error.headers or {})
    return response


def server_error(request: Request, error: Exception) -> Response:
    # The server logs the exception: Starlette raises it again after this response.
    return failure(request, 500, "The app raised an exception; its log has the traceback.")


def failure(request: Request, status: int, message: str) -> Response:
    if preferred(request, HTML, JSON) == JSON:
        return json_response({"error": message}, status)
    title = http.HTTPStatus(status).phrase
    return error_page(status, title, message, path_of(request, "front_page"))


def path_of(request: Request, name: str) -> str:
    return request.url_for(name).path
