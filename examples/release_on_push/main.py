"""A webhook: a push to a branch releases the commit, from one stage to the next."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import pushes
import signatures
from adapter.deploy import DeployError
from adapter.deploy.aws import AWS
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
        found = [push for push in pushes_of(headers, body) if is_wanted(push)]
        if not found:
            return 200, {"ignored": "no push to the branch that releases"}
        moves = release(AWS_ACCOUNT, target(), found[-1].commit)
    except pushes.DeliveryError as error:
        return 400, {"error": str(error)}
    except NotThereError as error:
        return 404, {"error": str(error)}
    except (StaleError, DeployError) as error:
        return 409, {"error": str(error)}
    return 200, {"released": [str(move) for move in moves if not move.is_done]}


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
