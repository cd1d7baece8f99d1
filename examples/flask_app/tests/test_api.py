"""The JSON API, over both stores."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from types import ModuleType
from typing import Any

import pytest
from flask.testing import FlaskClient

NAMES = [
    "Ada",
    "Zoë",
    "李 小龍",
    "👩‍🚀",
    "a/b",
    "/a//b/",
    "50% off?",
    "O'Hara; DROP TABLE",
    "<script>",
]


def test_sign_up_and_see_who_else_did(client: FlaskClient) -> None:
    answer = client.post("/api/events/pycon", json={"name": "Ada"})
    assert answer.status_code == 201
    assert answer.json == {"event": "pycon", "name": "Ada"}
    (ada,) = people(client, "pycon")
    assert ada["name"] == "Ada"
    since = datetime.fromisoformat(ada["since"])
    assert timedelta(0) <= datetime.now(UTC) - since < timedelta(minutes=1)


@pytest.mark.parametrize("name", NAMES)
def test_location_leads_to_the_person_and_deletes_them(client: FlaskClient, name: str) -> None:
    location = client.post("/api/events/café 1", json={"name": name}).headers["Location"]
    assert location.startswith("/api/events/caf%C3%A9%201/")
    assert (client.get(location).json or {})["name"] == name
    assert client.delete(location).status_code == 204
    assert client.get(location).status_code == 404
    assert client.delete(location).status_code == 404
    assert people(client, "café 1") == []


def test_second_sign_up_is_a_conflict_and_keeps_the_first(
    client: FlaskClient, main: ModuleType, signups: Any
) -> None:
    first = main.Person("Zoë", "2026-01-01T00:00:00+00:00")
    signups.add("pycon", first)
    answer = client.post("/api/events/pycon", json={"name": " Zoe\u0308 "})
    assert answer.status_code == 409
    assert answer.json == {"error": "Zoë is already signed up for pycon"}
    assert signups.people("pycon") == [first]


def test_of_two_at_once_one_signs_up(main: ModuleType, signups: Any) -> None:
    for attempt in range(10):
        barrier = Barrier(2)

        def post(event: str, barrier: Barrier = barrier) -> int:
            browser = main.app.test_client()
            barrier.wait(timeout=30)
            status: int = browser.post(f"/api/events/{event}", json={"name": "Ada"}).status_code
            return status

        with ThreadPoolExecutor(2) as threads:
            statuses = list(threads.map(post, [f"event {attempt}"] * 2))
        assert sorted(statuses) == [201, 409]


def test_same_name_at_another_event_is_another_sign_up(client: FlaskClient) -> None:
    for event in ("b", "a", "b "):
        client.post(f"/api/events/{event}", json={"name": "Ada"})
    client.post("/api/events/b", json={"name": "Bob"})
    events = [{"event": "a", "people": 1}, {"event": "b", "people": 2}]
    assert client.get("/api/events").json == {"events": events}


def test_people_come_sorted_by_name(client: FlaskClient) -> None:
    for name in ("Zoë", "a", "Ada", "𝒳", "李"):
        client.post("/api/events/e", json={"name": name})
    assert [person["name"] for person in people(client, "e")] == ["Ada", "Zoë", "a", "李", "𝒳"]


def test_nobody_yet(client: FlaskClient) -> None:
    assert client.get("/api/events").json == {"events": []}
    assert client.get("/api/events/pycon").json == {"event": "pycon", "people": []}


def test_more_people_than_a_page_of_dynamodb(main: ModuleType, signups: Any) -> None:
    # A page ends after 1 MB: these are 2.4 MB, so three pages.
    crowd = [main.Person(f"{number:02}", "x" * 100_000) for number in range(24)]
    for person in crowd:
        signups.add("e", person)
    assert signups.people("e") == crowd
    assert signups.events() == {"e": 24}


@pytest.mark.parametrize(
    "name", ["", "  ", "x" * 201, "a\0b", "a\nb", "\ud800", ".", "..", 7, None]
)
def test_bad_names(client: FlaskClient, name: object) -> None:
    answer = client.post("/api/events/pycon", json={"name": name})
    assert answer.status_code == 400
    assert (answer.json or {})["error"].startswith("name must ")
    assert people(client, "pycon") == []


@pytest.mark.parametrize("body", ["", "name=Ada", "[]", '"Ada"', "{}", '{"name": '])
def test_bad_bodies(client: FlaskClient, body: str) -> None:
    answer = client.post("/api/events/pycon", data=body)
    assert answer.status_code == 400
    assert answer.json == {"error": 'the body must be JSON like {"name": "Ada"}'}


@pytest.mark.parametrize("event", ["x" * 201, "%20", "%2E%2E", "a%00b"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_bad_events(client: FlaskClient, method: str, event: str) -> None:
    answer = client.open(f"/api/events/{event}", method=method, json={"name": "Ada"})
    assert answer.status_code == 400
    assert (answer.json or {})["error"].startswith("event must ")


def test_the_longest_names_fit(client: FlaskClient) -> None:
    event, name = "📅" * 200, "🙂" * 200
    assert client.post(f"/api/events/{event}", json={"name": name}).status_code == 201
    assert [person["name"] for person in people(client, event)] == [name]


def test_the_header_is_not_needed(client: FlaskClient) -> None:
    form = "application/x-www-form-urlencoded"  # what curl -d says
    answer = client.post("/api/events/e", data='{"name": "Ada"}', content_type=form)
    assert answer.status_code == 201


def test_a_body_too_large(client: FlaskClient) -> None:
    answer = client.post("/api/events/e", json={"name": "x" * 20_000})
    assert answer.status_code == 413
    assert "error" in (answer.json or {})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/nothing", 404), ("GET", "/api/", 404), ("PUT", "/api/events", 405)],
)
def test_errors_are_json(client: FlaskClient, method: str, path: str, status: int) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == status
    assert list(answer.json or {}) == ["error"]
    assert (status == 405) == ("Allow" in answer.headers)


def test_location_keeps_the_stage(client: FlaskClient) -> None:
    stage = {"SCRIPT_NAME": "/prod"}
    answer = client.post("/api/events/e", json={"name": "a/b"}, environ_overrides=stage)
    assert answer.headers["Location"] == "/prod/api/events/e/a%2Fb"


def people(client: FlaskClient, event: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = (client.get(f"/api/events/{event}").json or {})["people"]
    return found
