"""A streamed answer's head: status, headers and cookies as JSON, then eight NULs; the body follows.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming
https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
"""

from __future__ import annotations

import json

from ..errors import ResponseTooLargeError, ResultError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CONTENT_TYPE = "application/vnd.awslambda.http-integration-response"
"""The media type that tells Lambda that a streamed answer begins with a head."""

LIMIT = 16_384
"""API Gateway looks for the delimiter in so many bytes, and answers 500 if it is not there."""

_DELIMITER = bytes(8)


def encode_head(head: dict[str, Any]) -> bytes:
    """The first bytes of a streamed answer. Raises ResponseTooLargeError."""
    text = json.dumps(head, separators=(",", ":")).encode() + _DELIMITER
    if len(text) > LIMIT:
        raise ResponseTooLargeError(
            f"the response's status and headers have {len(text):,} bytes; a streamed answer "
            f"begins with at most {LIMIT:,}"
        )
    return text


def decode_head(data: bytes) -> tuple[dict[str, Any], bytes] | None:
    """The head and the beginning of the body; None if more bytes are needed to tell.

    Raises ResultError for what is no head.
    """
    text, delimiter, body = data.partition(_DELIMITER)
    if not delimiter:
        if len(data) < LIMIT:
            return None
        raise ResultError(
            f"the streamed answer has no end of its head in the first {LIMIT:,} bytes"
        )
    try:
        head = json.loads(text)
    except ValueError as error:
        raise ResultError(f"the streamed answer's head is no JSON: {error}") from None
    if not isinstance(head, dict):
        raise ResultError(f"the streamed answer's head is {head!r:.80}, not an object")
    return head, body
