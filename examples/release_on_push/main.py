"""A webhook: a push to a branch releases the commit, from one stage to the next."""

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import pushes
import signatures
from adapter.deploy import DeployError
from adapter.deploy.aws import AWS
from adapter.deploy.refusals import sentence
from adapter.errors import AdapterError
from adapter.functions import setting
from release import NotThereError, StaleError, Target, release

logger = logging.getLogger("release")
AWS_ACCOUNT = AWS()  # with the function's own role

Answer = tuple[int, dict[str, Any]]
Pushes = Callable[[Mapping[str, str], bytes], list[pushes.Push]]


async def webhook(
    request: Request, *, secret: str, signature: str, pushes_of: Pushes
) -> JSONResponse:
    body = await request.body()
    # boto3 waits for AWS, so it has a thread
    status, answer = await run_in_threadpool(
        answered, request.headers, body, secret, signature, pushes_of
    )
    logger.warning("%s %s", status, answer)
    return JSONResponse(answer, status)


def answered(
    headers: Mapping[str, str], body: bytes, secret: str, signature: str, pushes_of: Pushes
) -> Answer:
    """The status and what is said. Nothing of a delivery is read before its signature is."""
    if not signatures.is_signed(setting(secret, ""), body, headers.get(signature, "")):
        return 401, {"error": f"{signature} is missing, or not made with the secret {secret}"}
    try:
        return 200, released(pushes_of(headers, body))
    except (BotoCoreError, ClientError) as error:
        return 502, {"error": sentence(error)}
    except tuple(STATUSES) as error:
        status = next(STATUSES[kind] for kind in STATUSES if isinstance(error, kind))
        return status, {"error": str(error)}


# The first that an error is one of; what isn't here is a bug.
STATUSES: Mapping[type[Exception], int] = {
    pushes.DeliveryError: 400,
    NotThereError: 404,
    StaleError: 409,
    DeployError: 409,
    AdapterError: 500,  # a setting that is missing
}


def released(found: Iterable[pushes.Push]) -> dict[str, Any]:
    """The last one of these that is to be released. Raises what `release` raises."""
    wanted = [push for push in found if is_wanted(push)]
    if not wanted:
        return {"ignored": "no push to the branch that releases"}
    moves = release(AWS_ACCOUNT, target(), wanted[-1].commit)
    return {"released": [str(move) for move in moves if not move.is_done]}


def is_wanted(push: pushes.Push) -> bool:
    return (push.repository, push.branch) == (setting("REPOSITORY"), setting("BRANCH"))


def target() -> Target:
    functions = tuple(setting("FUNCTIONS").split())
    return Target(functions, setting("FROM_STAGE"), setting("TO_STAGE"))


github = partial(
    webhook,
    secret="GITHUB_SECRET",
    signature=signatures.GITHUB,
    pushes_of=pushes.of_github,
)
bitbucket = partial(
    webhook,
    secret="BITBUCKET_SECRET",
    signature=signatures.BITBUCKET,
    pushes_of=pushes.of_bitbucket,
)

app = Starlette(
    routes=[
        Route("/github", github, methods=["POST"], name="github"),
        Route("/bitbucket", bitbucket, methods=["POST"], name="bitbucket"),
    ]
)
