"""Control planes that stand for AWS's: MiniStack and moto's server, as processes of their own.

MiniStack is the stricter one (aliased versions, RevisionIds, unchanged code), and it has data
planes; moto knows more calls. Where both are laxer than AWS, tests look at the calls.
"""

import http.client
import os
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from dev_command import free_port

ACCOUNT, REGION = "123456789012", "eu-west-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
_PATIENCE_S = 120


@contextmanager
def ministack(folder):
    """Its URL, while it runs; its files are in `folder`."""

    def command(port):
        variables = {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "S3_DATA_DIR": str(folder),
            "TMPDIR": str(folder),
        }
        return [str(Path(sys.executable).parent / "ministack")], variables

    with _served(command, folder, "/_ministack/health") as url:
        yield url


@contextmanager
def moto(folder):
    """Its URL, while it runs. Lambda's calls answer without Docker."""

    def command(port):
        # -P: not a moto.py that lies in the current folder
        return [sys.executable, "-P", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], {
            "MOTO_ACCOUNT_ID": ACCOUNT,
            # https://docs.getmoto.org/en/latest/docs/services/lambda_simple.html
            "MOTO_IAM_LOAD_MANAGED_POLICIES": "false",
        }

    with _served(command, folder, "/moto-api/data.json") as url:
        request = urllib.request.Request(
            f"{url}/moto-api/config", b'{"lambda": {"use_docker": false}}', method="POST"
        )
        urllib.request.urlopen(request).close()
        yield url


@contextmanager
def _served(command, folder, path):
    """A port that somebody else took meanwhile is no failure: there are others."""
    for _ in range(5):
        port = free_port()
        arguments, variables = command(port)
        with (folder / "server.log").open("ab") as log:
            process = subprocess.Popen(
                arguments,
                env={**os.environ, **CREDENTIALS, **variables},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            if _is_up(process, f"http://127.0.0.1:{port}{path}"):
                yield f"http://127.0.0.1:{port}"
                return
        finally:
            process.kill()
            process.wait()
    raise AssertionError((folder / "server.log").read_text())


def _is_up(process, url):
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=30).close()
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        else:
            return process.poll() is None
    return False


def point_to(monkeypatch, url):
    """From here on boto3's clients go there."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": url}.items():
        monkeypatch.setenv(name, value)
