"""Sign up for an event and see who else did: pages for people, a JSON API for curl."""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import quote

from flask import Flask, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.routing import BaseConverter
from werkzeug.wrappers import Response

from signups import BadNameError, Person, Signups, clean, open_signups


class NameConverter(BaseConverter):
    """A name at the end of a path. It may hold slashes: %2F has become / when it gets here."""

    regex = ".+"
    part_isolating = False

    def to_url(self, value: str) -> str:
        return quote(value, safe="")


app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 16 * 1024
app.url_map.converters["name"] = NameConverter


@cache
def signups() -> Signups:
    """The store, opened at the first request so that importing the app touches nothing."""
    return open_signups(os.environ)


@app.url_value_preprocessor
def clean_names(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    for field in ("event", "name"):
        if values and field in values:
            values[field] = clean(field, values[field])


def sign_up(event: str, name: str) -> bool:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return signups().add(event, Person(name, now))


# The API.


@app.get("/api/events")
def api_events() -> dict[str, Any]:
    counts = signups().events()
    return {"events": [{"event": event, "people": count} for event, count in counts.items()]}


@app.get("/api/events/<event>")
def api_people(event: str) -> dict[str, Any]:
    return {"event": event, "people": [asdict(person) for person in signups().people(event)]}


@app.post("/api/events/<event>")
def api_sign_up(event: str) -> tuple[dict[str, str], int, dict[str, str]]:
    name = _name_in_json()
    if not sign_up(event, name):
        abort(409, f"{name} is already signed up for {event}")
    location = url_for("api_person", event=event, name=name)
    return {"event": event, "name": name}, 201, {"Location": location}


@app.get("/api/events/<event>/<name:name>")
def api_person(event: str, name: str) -> dict[str, str]:
    person = signups().find(event, name)
    if person is None:
        abort(404, f"{name} is not signed up for {event}")
    return asdict(person)


@app.delete("/api/events/<event>/<name:name>")
def api_sign_off(event: str, name: str) -> tuple[str, int]:
    if not signups().remove(event, name):
        abort(404, f"{name} is not signed up for {event}")
    return "", 204


def _name_in_json() -> str:
    # `force`: curl -d says the body is a form, and people forget the header.
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict) or "name" not in body:
        abort(400, 'the body must be JSON like {"name": "Ada"}')
    return clean("name", body["name"])


# The pages.


@app.get("/")
def index() -> str:
    return render_template("index.html", events=signups().events())


@app.post("/")
def sign_up_for_new() -> Response | tuple[str, int]:
    return sign_up_on_page(clean("event", request.form.get("event", "")))


@app.get("/events/<event>")
def event_page(event: str, message: str = "") -> str:
    people = signups().people(event)
    return render_template("event.html", event=event, people=people, message=message)


@app.post("/events/<event>")
def sign_up_on_page(event: str) -> Response | tuple[str, int]:
    name = clean("name", request.form.get("name", ""))
    if not sign_up(event, name):
        return event_page(event, f"{name} is already signed up."), 409
    return redirect(url_for("event_page", event=event), 303)


# What went wrong: JSON under /api, a page elsewhere.


@app.errorhandler(BadNameError)
def bad_name(error: BadNameError) -> Response:
    return failed(BadRequest(str(error)))


@app.errorhandler(HTTPException)
def failed(error: HTTPException) -> Response:
    response = Response(status=error.code, headers=error.get_headers())
    if request.path.startswith("/api/"):
        response.content_type = "application/json"
        response.data = jsonify(error=error.description).data
    else:
        response.data = render_template("error.html", error=error)
    return response
