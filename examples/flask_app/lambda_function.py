"""The entry under AWS's own Python runtime: the function's handler is `lambda_function.handler`."""

from adapter import Handler
from main import app

handler = Handler(app)
