"""GET /hello, GET /large: 1 MB that is no text."""

from flask import Flask

LARGE = bytes(range(256)) * 4096

app = Flask(__name__)


@app.get("/hello")
def hello():
    return "Hello, world!", {"Content-Type": "text/plain"}


@app.get("/large")
def large():
    return LARGE, {"Content-Type": "application/octet-stream"}
