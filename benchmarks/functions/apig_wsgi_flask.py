"""Flask under AWS's own runtime."""

from apig_wsgi import make_lambda_handler
from flask_app import app

handler = make_lambda_handler(app, binary_support=True)
