"""Callers of the Invoke API: boto3, a folder with a function, and what an answer has."""

import base64
import json
import shutil
from pathlib import Path

import boto3
from botocore.config import Config

CALLEE = Path(__file__).parent / "guests" / "callee.py"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:shop"


def client_of(url):
    return boto3.client(
        "lambda",
        endpoint_url=url,
        config=Config(retries={"total_max_attempts": 1}),
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )


def folder_of(base):
    """A folder whose name is the function's: shop."""
    folder = base / "shop"
    folder.mkdir()
    shutil.copy(CALLEE, folder)
    return folder


def result(answer):
    return json.loads(answer["Payload"].read())


def log_of(answer):
    return base64.b64decode(answer["LogResult"]).decode()
