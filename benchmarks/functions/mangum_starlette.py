"""Starlette under AWS's own runtime; without lifespan Mangum is at its fastest."""

from mangum import Mangum
from starlette_app import app

handler = Mangum(app, lifespan="off")
