"""The entry under AWS's own Python runtime: the function's handler is `lambda_function.handler`."""

from main import app

from adapter import Handler

handler = Handler(app)
