"""Why the front end answered by itself, and what AWS's would say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...errors import ResultError
from ...events import KINDS
from .history import body_of

if TYPE_CHECKING:
    from ..invocation import Outcome
    from ..visit import Visit

_WHO = {
    "http_api": "API Gateway",
    "http_api_v1": "API Gateway",
    "rest_api": "API Gateway",
    "function_url": "The function URL",
    "alb": "The load balancer",
    "alb_multi": "The load balancer",
    "vpc_lattice": "VPC Lattice",
    "vpc_lattice_v2": "VPC Lattice",
    "lambda_edge": "CloudFront",
}
_LONGEST = 500


def verdict(visit: Visit) -> dict[str, Any] | None:
    """What there is to say of an answer, or None.

    title              what happened, if `own` is false
    who, status, body  the front end, and what it answers
    because            why
    own                whether this is the front end's answer, and not the function's; the Invoke
                       API hands on what the function says in any case
    refused            whether the front end does not take what the function returned
    bad                whether something is wrong
    """
    if visit.response is None:
        return None
    wrong = _wrong_result(visit)
    because = wrong or visit.reason or _failure(visit)
    if not because:
        return None
    status = visit.response.status
    bad = status >= 400 or bool(_failure(visit))
    return {
        "title": _title(visit, bad=bad),
        "who": _WHO.get(visit.kind, ""),
        "status": status,
        "body": body_of(visit.response)[:_LONGEST].decode("utf-8", "replace"),
        "because": because,
        "own": bool(wrong) or _is_own(visit),
        "refused": bool(wrong),
        "bad": bad,
    }


def _title(visit: Visit, *, bad: bool) -> str:
    if broke_off(visit):
        return "The answer broke off"
    return "The function failed" if bad else "To note"


def broke_off(visit: Visit) -> bool:
    """Whether the function failed in the middle of a streamed answer."""
    outcome = outcome_of(visit)
    return bool(outcome and outcome.stream and outcome.stream.end.failed and not visit.reason)


def _is_own(visit: Visit) -> bool:
    """Whether the function has nothing to do with the answer, or failed to give one.

    Of a streamed answer that is so if there is a reason, which it has only if it was no answer.
    """
    outcome = outcome_of(visit)
    if visit.kind not in KINDS or broke_off(visit):
        return False
    return outcome is None or outcome.failed or outcome.stream is not None


def outcome_of(visit: Visit) -> Outcome | None:
    """What came of the invocation, if it is there."""
    invocation = visit.invocation
    if invocation is None or not invocation.outcome.done() or invocation.outcome.cancelled():
        return None
    return invocation.outcome.result()


def _wrong_result(visit: Visit) -> str:
    """What the front end has against the function's result; "" if it takes it."""
    outcome = outcome_of(visit)
    codec = KINDS.get(visit.kind)
    if outcome is None or outcome.failed or outcome.stream or codec is None:
        return ""
    if visit.response is None or visit.response.status < 500:
        return ""
    try:
        codec.decode_response(json.loads(visit.result or b"null"))
    except ResultError as error:
        return str(error)
    except (ValueError, RecursionError) as error:
        return f"the function's answer is no JSON: {error}"
    return ""


def _failure(visit: Visit) -> str:
    """How the function failed; "" if it did not."""
    outcome = outcome_of(visit)
    if outcome is not None and outcome.stream is not None:
        outcome = outcome.stream.end
    if outcome is None or not outcome.failed:
        return ""
    return f"the function {'took too long' if outcome.late else 'failed'}: {outcome}"
