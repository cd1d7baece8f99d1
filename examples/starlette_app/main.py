"""A Starlette app with one route for each thing a gateway can get wrong.

uvicorn main:app, adapter dev main:app and a Lambda function all start this module as it is.
"""

import asyncio
import hashlib
import json
import re
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from answers import answer, http_error, json_response, path_of, server_error
from binary import pattern, png
from environment import CountRequests, Environment, Task, lifespan, now
from front_page import front_page
from html_page import form_page

LARGEST_DOWNLOAD = 5_000_000
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


# What a client sends: JSON, a form, a file


async def echo(request: Request) -> Response:
    value = {
        "method": request.method,
        "path": request.url.path,
        "query": request.query_params.multi_items(),
        "headers": request.headers.items(),
        "json": parse(await request.body()),
    }
    return json_response(value)


def parse(body: bytes) -> Any:
    if not body:
        return None
    try:
        value = json.loads(body)
        json.dumps(value, allow_nan=False, indent=2)  # Python reads NaN and 1e999, JSON has neither
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"The body isn't JSON: {error}") from None
    return value


async def form(request: Request) -> Response:
    if request.method != "POST":
        return form_page(path_of(request, "form"), path_of(request, "front_page"))
    require(request, FORM)
    async with request.form() as fields:
        return answer(request, "What the form sent", {"fields": fields.multi_items()})


async def upload(request: Request) -> Response:
    require(request, MULTIPART)
    async with request.form() as fields:
        # A browser sends an empty name for a file input nobody filled in.
        files = [
            await description(value)
            for _, value in fields.multi_items()
            if isinstance(value, UploadFile) and value.filename
        ]
    if not files:
        raise HTTPException(400, "The form has no file in it.")
    return answer(request, "What was uploaded", {"files": files})


async def description(file: UploadFile) -> dict[str, Any]:
    digest = hashlib.sha256()
    while block := await file.read(65536):
        digest.update(block)
    return {
        "filename": file.filename,
        "content_type": file.content_type,
        "size": file.size,
        "sha256": digest.hexdigest(),
    }


def require(request: Request, media_type: str) -> None:
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != media_type:
        raise HTTPException(415, f"Send {media_type}, this is {sent or 'a body without a type'}.")


# What an app answers with: a redirect, cookies, bytes, a status, an error


def redirect(request: Request) -> Response:
    return RedirectResponse(request.url_for("front_page"), 303)


def cookies(request: Request) -> Response:
    response = answer(
        request, "Cookies your client sent", {"cookies": request.cookies}, also="cookies"
    )
    visits = whole_number(request.cookies.get("visits", ""), 9_998) or 0
    response.set_cookie("visits", str(visits + 1), httponly=True)
    response.set_cookie("flavour", "oatmeal", max_age=3600)
    return response


def download(request: Request) -> Response:
    text = request.query_params.get("size")
    if text is None:
        return attachment(png(), "image/png", "grey.png")
    size = whole_number(text, LARGEST_DOWNLOAD)
    if size is None:
        raise HTTPException(400, f"size is a whole number up to {LARGEST_DOWNLOAD}.")
    return attachment(pattern(size), "application/octet-stream", "pattern.bin")


def attachment(content: bytes, media_type: str, filename: str) -> Response:
    disposition = {"content-disposition": f'attachment; filename="{filename}"'}
    return Response(content, headers=disposition, media_type=media_type)


def status(request: Request) -> Response:
    code = whole_number(request.path_params["code"], 599)
    if code is None or code < 200:
        raise HTTPException(400, "A status is a number from 200 to 599.")
    if code in {204, 205, 304}:  # HTTP allows these no body
        return Response(status_code=code)
    return json_response({"status": code}, code)


def error(request: Request) -> Response:
    raise RuntimeError("The error this route is for.")


# What outlives a request: the lifespan state, background tasks


def state(request: Request) -> Response:
    return json_response(environment_of(request).as_dict())


async def tasks(request: Request) -> Response:
    environment = environment_of(request)
    if request.method != "POST":
        finished = [task.as_dict() for task in environment.finished]
        return answer(request, "Finished tasks", {"finished": finished}, also="tasks")
    number = next(environment.numbers)
    response = answer(request, "Task accepted", {"task": number}, 202, also="tasks")
    response.background = BackgroundTask(work, environment, number, now())
    return response


async def work(environment: Environment, number: int, accepted: datetime) -> None:
    await asyncio.sleep(0.1)
    environment.finished.append(Task(number, accepted, now()))


def environment_of(request: Request) -> Environment:
    environment: Environment = request.state.environment
    return environment


def whole_number(text: str, largest: int) -> int | None:
    """None for anything but plain digits: int() also takes signs, spaces, underscores, "٣"."""
    number = int(text) if re.fullmatch("[0-9]{1,9}", text) else None
    return number if number is not None and number <= largest else None


app = Starlette(
    routes=[
        Route("/", front_page),
        Route("/json", echo, methods=["GET", "POST"], name="json"),
        Route("/form", form, methods=["GET", "POST"]),
        Route("/upload", upload, methods=["POST"]),
        Route("/redirect", redirect),
        Route("/cookies", cookies),
        Route("/tasks", tasks, methods=["GET", "POST"]),
        Route("/download", download),
        Route("/status/{code}", status),
        Route("/error", error),
        Route("/state", state),
    ],
    lifespan=lifespan,
    middleware=[Middleware(CountRequests)],
    exception_handlers={HTTPException: http_error, Exception: server_error},
)
