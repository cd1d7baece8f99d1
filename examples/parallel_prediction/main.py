"""The pages: a form, and a result that shows how far it is until it is there."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Flask, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from market import TARIFFS, market
from prediction import fns

app = Flask(__name__)


@app.get("/")
def index() -> str:
    return render_template("index.html", tariffs=TARIFFS)


@app.post("/runs")
def begin() -> Response:
    price = _number("price", 0, 100)
    profiles = int(_number("profiles", 1, 2_000_000))
    job = secrets.token_hex(8)
    message = {"job": job, "tariffs": market(price), "profiles": profiles}
    fns.send("coordinate", message, id=job)
    return redirect(url_for("result", job=job), 303)


@app.get("/runs/<job>")
def result(job: str) -> str:
    return render_template("result.html", job=job)


@app.get("/runs/<job>/state")
def state(job: str) -> dict[str, Any]:
    """For the page, which asks again and again."""
    try:
        found = fns.run(job, "coordinate").state()
    except ValueError:  # no id of ours
        abort(404)
    if not found.of:
        abort(404)
    told = found.told.get(0, {"done": 0, "of": 0})
    shares = found.values.get(0)
    return {
        "done": told["done"],
        "of": told["of"],
        "failed": found.failed > 0,
        "errors": [str(error) for error in found.errors.values()],
        "shares": shares and list(zip([one.name for one in TARIFFS], shares, strict=True)),
    }


def _number(name: str, least: float, most: float) -> float:
    try:
        value = float(request.form[name])
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        abort(400, f"{name}: a number from {least} to {most} is needed")
    return value
