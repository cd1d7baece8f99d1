"""What AWS refuses, and why it can't be asked at all: in one sentence with the remedy.

What the tables don't have comes in AWS's own words. AWS repeats some of what it was sent, and so
may say a secret again: `_SECRETS`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .refusals_said import ABSENT, AGAIN, CASES, CORE, FAILED

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST = 600

# https://aws.amazon.com/blogs/security/enhanced-access-denied-error-messages-with-policy-arns
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
_DENIED = re.compile(r"(AccessDenied|Unauthorized|NotAuthorized|AuthorizationError|Forbidden)")
_DENIAL = re.compile(
    r"(?P<who>\S+) is not authorized to perform: (?P<action>[\w-]+:\w+)"
    r"(?: on resource: \"?(?P<resource>.+?)\"?)??"
    r"(?: because no (?P<missing>[\w -]+?) allows\b.*"
    r"| with an explicit deny"
    r"(?: in (?P<deny>an? [\w -]+\w)(?:: (?P<policy>arn:\S+\w))?.*)?)?[.\s]*$",
    re.DOTALL,
)
_WHO = re.compile(r"arn:[\w-]+:\w+::\d*:(?:assumed-)?(?P<kind>[\w-]+)/(?:.*?/)?(?P<name>[^/]+)")

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
_SECRETS = [
    (re.compile(r"\b(A[SK]IA)[A-Z0-9]{8,}\b"), r"\1…"),
    (re.compile(r"(?i)(credential|signature|authorization|x-amz-security-token)([=:]\s*)\S+"),
     r"\1\2…"),
    (re.compile(r"[A-Za-z0-9+/_=-]{160,}"), "…"),
    (re.compile(r"(://)[^/\s@]+@"), r"\1…@"),
    (re.compile(r"(String measured: ).*", re.DOTALL), r"\1…"),
    (re.compile(r"\bValue .*? (at 'environment[^']*')", re.DOTALL), r"Value … \1"),
    (re.compile(r"(parameter Environment\S*, value: ).*?(?=, type: |$)", re.DOTALL), r"\1…"),
]  # fmt: skip


def sentence(error: Exception) -> str:
    """Of an error that boto3 raises; without credentials, tokens, and values of variables."""
    from botocore.exceptions import ClientError, WaiterError

    # Of an upload boto3 raises an error of its own, which has the other one in its text.
    cause = error.__context__ if type(error).__name__ == "S3UploadFailedError" else None
    found = cause if isinstance(cause, Exception) else error
    if isinstance(found, WaiterError):
        return _clean(_of_waiter(found))
    if isinstance(found, ClientError):
        return _clean(_of_answer(found.response, found.operation_name))
    return _clean(_of_core(found))


def _clean(text: str) -> str:
    """On one line, of a bearable length, and without what is secret."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _of_answer(response: Any, operation: str) -> str:
    told = response.get("Error", {})
    code, message = str(told.get("Code") or ""), str(told.get("Message") or "").strip()
    metadata = response.get("ResponseMetadata", {})
    if _DENIED.match(code) or " is not authorized to perform: " in message:
        return _of_denial(operation, code, message)
    fields = {
        "operation": operation,
        "code": code,
        "message": message.rstrip(".") or "it says no more",
        "request": f", request {found}" if (found := metadata.get("RequestId")) else "",
    }
    text = _text(code, message, operation, metadata.get("HTTPStatusCode", 0))
    return text.format_map(fields)


def _text(code: str, message: str, operation: str, status: int) -> str:
    if status == 501:  # of an emulator: AWS's own endpoints know all that botocore asks
        return ABSENT
    for case in CASES:
        if case.operation in (None, operation) and case.fits(f"{code}: {message}"):
            return case.text
    return FAILED if status >= 500 else "AWS refused {operation}: {message} ({code})"


def _of_denial(operation: str, code: str, message: str) -> str:
    found = _DENIAL.search(message)
    if found is None:
        said = f": {message.rstrip('.')}" if message and message != "None" else ""
        return f"AWS does not allow {operation} ({code}{said}): its caller needs the right to do it"
    who = _name(found["who"])
    where = f" on {found['resource']}" if found["resource"] else ""
    remedy = _remedy(who, found, denied=" with an explicit deny" in message)
    return f"{who} may not do {found['action']}{where}, which {operation} needs: {remedy}"


def _remedy(who: str, found: re.Match[str], *, denied: bool) -> str:
    if denied:
        policy = f" ({found['policy']})" if found["policy"] else ""
        return f"{found['deny'] or 'a policy'}{policy} forbids it, so that has to be changed"
    if found["missing"] in (None, "identity-based policy"):
        return f"add this right to the policies of {who} (IAM), or name another --profile"
    return f"no {found['missing']} allows it, so that has to be changed"


def _name(arn: str) -> str:
    """The user alice, of arn:aws:iam::123456789012:user/alice; a session is of its role."""
    role = re.search(r":assumed-role/([^/]+)/", arn)
    if role:
        return f"the role {role[1]}"
    found = _WHO.fullmatch(arn)
    return f"the {found['kind']} {found['name']}" if found else arn


def _of_waiter(error: Any) -> str:
    """Of a wait that came to nothing; its last answer may have a reason, and has variables."""
    last: Mapping[str, Any] = error.last_response or {}
    if last.get("Error"):
        return _of_answer(last, error.kwargs["name"])
    told = last.get("Configuration", last)
    reason = told.get("StateReason") or told.get("LastUpdateStatusReason")
    said = reason or str(error.kwargs["reason"]).partition(":")[0]
    return f"AWS did not get there ({error.kwargs['name']}: {said.rstrip('.')}): {AGAIN}"


def _of_core(error: Exception) -> str:
    """By the class, or one above it; by name, since older releases of botocore lack some."""
    fields = {"error_msg": "", "error": "", **getattr(error, "kwargs", {})}
    for kind in type(error).__mro__:
        if text := CORE.get(kind.__name__):
            try:
                return text.format_map(fields)
            except KeyError:
                break
    return f"boto3 can't go on: {error}"
