"""The entry for AWS's own Python runtime, which calls a function.

There the handler is lambda_function.handler. The adapter's own runtime needs no such file: its
handler is main:app.
"""

from adapter import Handler
from main import app

handler = Handler(app)
