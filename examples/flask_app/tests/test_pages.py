"""The pages, over both stores."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

STAGE = {"SCRIPT_NAME": "/prod"}


def test_sign_up_by_form(client: FlaskClient) -> None:
    answer = client.post("/events/py con", data={"name": "Zoë"})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/events/py%20con"
    page = client.get(answer.headers["Location"])
    assert page.mimetype == "text/html"
    assert "<li>Zoë" in page.text
    assert "1 signed up" in client.get("/").text


def test_sign_up_for_a_new_event(client: FlaskClient) -> None:
    answer = client.post("/", data={"event": "jazz & tea", "name": "Ada"})
    assert answer.status_code == 303
    assert "<li>Ada" in client.get(answer.headers["Location"]).text


def test_second_sign_up_is_a_conflict(client: FlaskClient) -> None:
    client.post("/events/pycon", data={"name": "Ada"})
    answer = client.post("/events/pycon", data={"name": "Ada"})
    assert answer.status_code == 409
    assert "Ada is already signed up." in answer.text
    assert answer.text.count("<li>") == 1


def test_names_are_escaped(client: FlaskClient) -> None:
    script, image = "<script>alert(1)<", '"><img src=x>'
    client.post("/", data={"event": image, "name": script})
    event_page = client.get("/events/%22%3E%3Cimg%20src=x%3E").text
    conflict = client.post("/", data={"event": image, "name": script}).text
    for page in (client.get("/").text, event_page, conflict):
        assert "<script" not in page
        assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;" in event_page


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"event": "a/b", "name": "Ada"}, "event must not hold a slash"),
        ({"event": "", "name": "Ada"}, "event must not be empty"),
        ({"event": "e", "name": "x" * 201}, "name must not be longer than 200 characters"),
        ({"event": "e"}, "name must not be empty"),
    ],
)
def test_bad_forms(client: FlaskClient, form: dict[str, str], message: str) -> None:
    answer = client.post("/", data=form)
    assert answer.status_code == 400
    assert message in answer.text
    assert client.get("/api/events").json == {"events": []}


def test_errors_are_pages(client: FlaskClient) -> None:
    answer = client.get("/<script>")
    assert answer.status_code == 404
    assert answer.mimetype == "text/html"
    assert "<h1>Not Found</h1>" in answer.text


def test_every_link_keeps_the_stage(client: FlaskClient) -> None:
    client.post("/events/py con", data={"name": "Ada"})
    for path in ("/", "/events/py con", "/nothing"):
        page = client.get(path, environ_overrides=STAGE).text
        links = re.findall(r'(?:href|action)="([^"]*)"', page)
        assert len(links) >= 2
        assert all(link.startswith("/prod/") for link in links), links
    redirect = client.post("/events/py con", data={"name": "Bob"}, environ_overrides=STAGE)
    assert redirect.headers["Location"] == "/prod/events/py%20con"


def test_the_links_lead_somewhere(client: FlaskClient) -> None:
    client.post("/", data={"event": "50% ?#", "name": "Ada"})
    index = client.get("/").text
    (link,) = re.findall(r'<li><a href="([^"]*)"', index)
    assert "<h1>50% ?#</h1>" in client.get(link).text
    (style,) = re.findall(r'<link rel="stylesheet" href="([^"]*)"', index)
    with client.get(style) as answer:
        assert answer.mimetype == "text/css"
