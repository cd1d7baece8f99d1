"""A Handler whose app answers a message with the status that is in it."""

import json

from adapter import Handler


def app(environ, start_response):
    message = json.loads(environ["wsgi.input"].read())
    start_response(f"{message['status']} X", [])
    return []


handler = Handler(app)
