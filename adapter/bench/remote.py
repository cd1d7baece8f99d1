"""Starts of a deployed function, by Lambda's Invoke API; the figures are of its REPORT lines.

No call asks for a cold start. There are two ways to have some, and neither touches a version:

- calls at once: an environment serves one call at a time, so more of them start. Nothing is
  changed; it takes as much of the account's concurrency as there are calls.
- a change of $LATEST's settings, after which its environments are new ones. Versions are immutable
  and keep theirs. This is how several amounts of memory are tried; at the end all is as before.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
"""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import report
from ..report import Run
from . import BenchError, Series, event

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from . import Report

LATEST = "$LATEST"
_ROUNDS = 3  # as many times the calls that are asked for are made, at the most
_MOST = 100  # calls at once: an account has 1,000 for all its functions, unless it asks for more
_FAULTS = "PreconditionFailedException", "ResourceConflictException"


@contextmanager
def one_sentence() -> Iterator[None]:
    """Raises what boto3 raises as BenchError, with what to do."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    from ..deploy.refusals import sentence

    try:
        yield
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise BenchError(sentence(error)) from None


@dataclass(frozen=True)
class Job:
    """A deployed function, and what it is measured with.

    function   its name or ARN
    qualifier  an alias, a version, "$LATEST"
    """

    function: str
    qualifier: str
    architecture: str
    event: Any
    path: str
    times: int

    @property
    def label(self) -> str:
        return f"{self.function}:{self.qualifier}"


def measure(client: Any, job: Job, tell: Report) -> Series:
    """As it is. Raises BenchError, and what boto3 raises.

    client  boto3's of Lambda
    """
    settings = _settings(client, job)
    cold, memory = _at_once(client, job, tell)
    return _series(job, settings, memory, cold, _warm(client, job, tell))


def measure_with(client: Any, job: Job, memory: int, tell: Report) -> Series:
    """$LATEST with so many MB, which it has again what it had at the end.

    Raises BenchError, and what boto3 raises.
    """
    before = client.get_function_configuration(FunctionName=job.function)
    setting = _Setting(client, job.function, before["RevisionId"])
    try:
        cold = _one_by_one(client, job, setting, memory, tell)
        return _series(job, before, memory, cold, _warm(client, job, tell))
    finally:
        setting.set(before["MemorySize"], before.get("Description", ""))


@dataclass
class _Setting:
    """The settings of $LATEST, as long as nobody else changes them.

    https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
    """

    client: Any
    function: str
    revision: str

    def set(self, memory: int, description: str) -> None:
        """Raises BenchError if somebody else has."""
        try:
            self.client.update_function_configuration(
                FunctionName=self.function,
                MemorySize=memory,
                Description=description,
                RevisionId=self.revision,
            )
        except self.client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in _FAULTS:
                raise
            raise BenchError(
                f"somebody else is changing {self.function} (a deployment?), so this stops: look "
                "at the memory and the description of its $LATEST, which may be those of the test"
            ) from None
        self.client.get_waiter("function_updated_v2").wait(FunctionName=self.function)
        found = self.client.get_function_configuration(FunctionName=self.function)
        self.revision = found["RevisionId"]


def _settings(client: Any, job: Job) -> Mapping[str, Any]:
    """The function's. Nothing for who may call it and no more, nor of `adapter dev`.

    That one answers calls alone, and its app says 404 to this, without a code of Lambda's.
    """
    from botocore.exceptions import ClientError

    try:
        found: Mapping[str, Any] = client.get_function_configuration(
            FunctionName=job.function, Qualifier=job.qualifier
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in ("AccessDeniedException", "404"):
            return {}
        raise
    return found


def _series(
    job: Job,
    settings: Mapping[str, Any],
    memory: int,
    cold: list[Run],
    warm: list[Run],
) -> Series:
    architecture = settings.get("Architectures", [job.architecture])[0]
    image = settings.get("PackageType") == "Image"
    runtime = "container image" if image else settings.get("Runtime", "-")
    return Series(job.label, runtime, architecture, memory, tuple(cold), tuple(warm))


# Cold starts


def _at_once(client: Any, job: Job, tell: Report) -> tuple[list[Run], int]:
    """(cold starts, memory): as many as calls at once bring. Raises BenchError for none.

    Those that have started stay for a while, so that the next round has to be larger by them.
    """
    cold: list[Run] = []
    memory = 0
    for number in range(1, _ROUNDS + 1):
        calls = min(job.times * number, _MOST)
        tell(f"{job.label}: {calls} calls at once", len(cold), job.times)
        with ThreadPoolExecutor(calls) as threads:
            called = [threads.submit(_call, client, job) for _ in range(calls)]
        for run, memory in (call.result() for call in called):  # noqa: B007
            cold += [run] if run.init is not None else []
        if len(cold) >= job.times or calls == _MOST:
            break
    if not cold:
        raise BenchError(
            f"{job.label} had no cold start: its environments are kept (provisioned concurrency), "
            "or were all there. Try again after a quarter of an hour, or with a larger -n"
        )
    return cold[: job.times], memory


def _one_by_one(client: Any, job: Job, setting: _Setting, memory: int, tell: Report) -> list[Run]:
    """Cold starts, each after a change of settings. Raises BenchError if there are too few."""
    cold: list[Run] = []
    for number in range(job.times * _ROUNDS):
        if len(cold) == job.times:
            break
        tell(f"{job.label}, {memory} MB: cold starts", len(cold), job.times)
        setting.set(memory, f"adapter bench, {memory} MB, {number + 1}")
        run, _ = _call(client, job)
        cold += [run] if run.init is not None else []
    if len(cold) < job.times:
        raise BenchError(f"{job.label} had {len(cold)} cold starts of {job.times}, and no more")
    return cold


def _warm(client: Any, job: Job, tell: Report) -> list[Run]:
    """One call after the other; a cold start among them doesn't count."""
    warm: list[Run] = []
    for _ in range(job.times * _ROUNDS):
        if len(warm) == job.times:
            break
        tell(f"{job.label}: warm starts", len(warm), job.times)
        run, _ = _call(client, job)
        warm += [run] if run.init is None else []
    return warm


def _call(client: Any, job: Job) -> tuple[Run, int]:
    """(the run, the function's memory in MB). Raises BenchError for a failure.

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    """
    answer = client.invoke(
        FunctionName=job.function,
        Qualifier=job.qualifier,
        LogType="Tail",
        Payload=json.dumps(job.event),
    )
    result = answer["Payload"].read()
    if "FunctionError" in answer:
        raise BenchError(f"{job.label} failed: {_said(result)}")
    if refusal := event.refusal(result, job.path):
        raise BenchError(f"{job.label}: {refusal}")
    log = base64.b64decode(answer.get("LogResult", "")).decode("utf-8", "replace")
    return report.run_of(log.splitlines())


def _said(result: bytes) -> str:
    """Of an error document: its type and message, in one line."""
    try:
        told = json.loads(result)
        return f"{told.get('errorType', 'an error')}: {told.get('errorMessage', '')}".strip(": ")
    except (ValueError, AttributeError):
        return result.decode("utf-8", "replace")[:200]
