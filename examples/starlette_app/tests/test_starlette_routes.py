"""Every route, and every bad input a route can get."""

import hashlib
import json
import struct
import zlib

import pytest
from starlette.testclient import TestClient

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def test_json_echoes_what_came(client: TestClient) -> None:
    headers = {"x-colour": "green"}
    answer = client.post("/json?a=1&a=2&b=", json={"é": [1, None]}, headers=headers)
    value = answer.json()
    assert (value["method"], value["path"]) == ("POST", "/json")
    assert value["query"] == [["a", "1"], ["a", "2"], ["b", ""]]
    assert ["x-colour", "green"] in value["headers"]
    assert value["json"] == {"é": [1, None]}


def test_json_without_a_body(client: TestClient) -> None:
    assert client.get("/json").json()["json"] is None


def test_json_keeps_half_a_surrogate_pair(client: TestClient) -> None:
    assert client.post("/json", content=rb'"\ud800"').json()["json"] == "\ud800"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff",
        b"NaN",
        b"[1e999]",
        b"9" * 5000,
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b"[" * 500 + b"]" * 500, id="deep, for the encoder"),
    ],
)
def test_json_that_is_none(client: TestClient, body: bytes) -> None:
    answer = client.post("/json", content=body, headers={"accept": "application/json"})
    if body.startswith(b"[[") and answer.status_code == 200:
        # How deep is too deep depends on the Python version; either answer is in order.
        assert answer.json()["json"] == json.loads(body)
        return
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("The body isn't JSON")


def test_form_page(client: TestClient) -> None:
    answer = client.get("/form")
    assert answer.headers["content-type"].startswith("text/html")
    assert '<form method="post" action="/form">' in answer.text


def test_form_fields_in_order(client: TestClient) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = client.post("/form", content=b"name=J%C3%BCrgen+B&x=1&x=2&empty=", headers=headers)
    fields = [["name", "Jürgen B"], ["x", "1"], ["x", "2"], ["empty", ""]]
    assert answer.json() == {"fields": fields}


def test_form_in_a_browser(client: TestClient) -> None:
    answer = client.post("/form", data={"name": "<b>"}, headers=BROWSER)
    assert answer.headers["content-type"].startswith("text/html")
    assert "&lt;b&gt;" in answer.text
    assert "<b>" not in answer.text


def test_form_broken_escapes_are_text(client: TestClient) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = client.post("/form", content=b"%zz=%&&=\xff", headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/form", "/upload"])
def test_body_of_another_type(client: TestClient, path: str) -> None:
    assert client.post(path, json={}).status_code == 415
    assert client.post(path).status_code == 415


def test_upload(client: TestClient) -> None:
    content = bytes(range(256)) * 1000
    files = {"file": ("ü.bin", content, "image/x-any")}
    (file,) = client.post("/upload", files=files, data={"a": "1"}).json()["files"]
    assert file == {
        "filename": "ü.bin",
        "content_type": "image/x-any",
        "size": 256_000,
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def test_upload_of_several_files(client: TestClient) -> None:
    files = [("file", ("one", b"1")), ("file", ("none", b""))]
    answer = client.post("/upload", files=files).json()["files"]
    assert [(file["filename"], file["size"]) for file in answer] == [("one", 1), ("none", 0)]


EMPTY_INPUT = (
    b'--x\r\ncontent-disposition: form-data; name="file"; filename=""\r\n'
    b"content-type: application/octet-stream\r\n\r\n\r\n--x--\r\n"
)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data; boundary=x", EMPTY_INPUT),
        ("multipart/form-data; boundary=x", b"--x\r\ncolon missing\r\n\r\n"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data", EMPTY_INPUT),
    ],
)
def test_upload_without_a_file(client: TestClient, content_type: str, body: bytes) -> None:
    answer = client.post("/upload", content=body, headers={"content-type": content_type})
    assert answer.status_code == 400


def test_redirect_to_the_front_page(client: TestClient) -> None:
    answer = client.get("/redirect")
    assert (answer.status_code, answer.headers["location"]) == (303, "http://testserver/")


def test_cookies_two_at_once(client: TestClient) -> None:
    first = client.get("/cookies")
    assert first.json() == {"cookies": {}}
    names = [line.partition("=")[0] for line in first.headers.get_list("set-cookie")]
    assert names == ["visits", "flavour"]
    assert client.get("/cookies").json() == {"cookies": {"visits": "1", "flavour": "oatmeal"}}


@pytest.mark.parametrize("visits", ["", "x", "-1", "9" * 5000])
def test_cookies_of_somebody_else(client: TestClient, visits: str) -> None:
    answer = client.get("/cookies", headers={"cookie": f"visits={visits}"})
    assert answer.headers["set-cookie"].startswith("visits=1;")


def test_tasks_are_listed_when_they_are_done(client: TestClient) -> None:
    assert client.get("/tasks").json() == {"finished": []}
    answers = [client.post("/tasks") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert [answer.json() for answer in answers] == [{"task": 1}, {"task": 2}]
    finished = client.get("/tasks").json()["finished"]
    assert [task["task"] for task in finished] == [1, 2]
    assert all(task["accepted"] < task["finished"] for task in finished)


def test_download_of_a_picture(client: TestClient) -> None:
    answer = client.get("/download")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == 'attachment; filename="grey.png"'
    assert grey_pixels(answer.content) == bytes(range(256))


def grey_pixels(png: bytes) -> bytes:
    (length,) = struct.unpack(">I", png[33:37])
    assert png[37:41] == b"IDAT"
    rows = zlib.decompress(png[41 : 41 + length])
    return b"".join(rows[start + 1 : start + 17] for start in range(0, len(rows), 17))


@pytest.mark.parametrize("size", [0, 1, 256, 1000, 5_000_000])
def test_download_of_a_size(client: TestClient, size: int) -> None:
    answer = client.get(f"/download?size={size}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.content == (bytes(range(256)) * 20_000)[:size]


@pytest.mark.parametrize("size", ["", "x", "-1", "1.5", "1_0", "%D9%A3", "5000001", "9" * 5000])
def test_download_of_no_size(client: TestClient, size: str) -> None:
    assert client.get(f"/download?size={size}").status_code == 400


@pytest.mark.parametrize("code", [200, 201, 302, 400, 418, 499, 503, 599])
def test_status(client: TestClient, code: int) -> None:
    answer = client.get(f"/status/{code}")
    assert (answer.status_code, answer.json()) == (code, {"status": code})


@pytest.mark.parametrize("code", [204, 205, 304])
def test_status_without_a_body(client: TestClient, code: int) -> None:
    answer = client.get(f"/status/{code}")
    assert (answer.status_code, answer.content) == (code, b"")


@pytest.mark.parametrize("code", ["100", "199", "600", "x", "-200", "2e2", "%D9%A3", "9" * 5000])
def test_status_there_is_none(client: TestClient, code: str) -> None:
    assert client.get(f"/status/{code}").status_code == 400


def test_error_page_keeps_the_traceback_to_itself(client: TestClient) -> None:
    answer = client.get("/error", headers=BROWSER)
    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/html")
    assert "RuntimeError" not in answer.text
    assert "The error this route is for" not in answer.text


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "text/html"),
        ("", "text/html"),
        ("application/json", "application/json"),
        ("Application/JSON", "application/json"),
        ("application/json, text/html;q=0.9", "application/json"),
        ("application/json;q=0.5, text/html", "text/html"),
        ("text/html, application/json;q=1.000", "text/html"),
        ("application/*", "application/json"),
        ("text/html;q=0, */*", "application/json"),
        ("application/json;q=lots, ,;", "application/json"),
        ("image/png", "text/html"),
    ],
)
@pytest.mark.parametrize(("path", "code"), [("/error", 500), ("/nothing-here", 404)])
def test_errors_as_the_client_wants_them(
    client: TestClient, path: str, code: int, accept: str, media_type: str
) -> None:
    answer = client.get(path, headers={"accept": accept})
    assert answer.status_code == code
    assert answer.headers["content-type"].partition(";")[0] == media_type
    if media_type == "application/json":
        assert list(answer.json()) == ["error"]


def test_method_not_allowed_names_the_others(client: TestClient) -> None:
    answer = client.post("/download")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_state_counts_every_request(client: TestClient) -> None:
    assert client.get("/state").json()["requests"] == 1
    for path in ("/", "/nothing-here", "/error"):
        client.get(path)
    state = client.get("/state").json()
    assert state["requests"] == 5
    assert set(state) == {"requests", "started_at", "pid"}
