"""application/vnd.amazon.eventstream: messages of headers and a payload, each with checksums.

https://smithy.io/2.0/aws/amazon-eventstream.html

    total length | headers' length | CRC32 of these two | headers | payload | CRC32 of all before

Lengths and checksums are four bytes, big-endian. A header is its name's length (one byte), the
name, the type of its value, which is 7 here for text, the value's length (two bytes), the value.
"""

from __future__ import annotations

import json
from struct import pack
from zlib import crc32

MEDIA_TYPE = "application/vnd.amazon.eventstream"

_TEXT = 7


def payload_chunk(data: bytes) -> bytes:
    """https://docs.aws.amazon.com/lambda/latest/api/API_InvokeResponseStreamUpdate.html"""
    return _event("PayloadChunk", "application/octet-stream", data)


def invoke_complete(**members: str | None) -> bytes:
    """https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStreamCompleteEvent.html

    Its members, of which each may be None: ErrorCode, ErrorDetails, LogResult.
    """
    told = {name: value for name, value in members.items() if value is not None}
    return _event("InvokeComplete", "application/json", json.dumps(told).encode())


def _event(kind: str, media_type: str, payload: bytes) -> bytes:
    headers = {":event-type": kind, ":content-type": media_type, ":message-type": "event"}
    return message(headers, payload)


def message(headers: dict[str, str], payload: bytes) -> bytes:
    """One message, with headers of text."""
    head = b"".join(_header(name.encode(), value.encode()) for name, value in headers.items())
    lengths = pack(">II", 16 + len(head) + len(payload), len(head))
    whole = b"".join([lengths, pack(">I", crc32(lengths)), head, payload])
    return whole + pack(">I", crc32(whole))


def _header(name: bytes, value: bytes) -> bytes:
    return pack(">B", len(name)) + name + pack(">BH", _TEXT, len(value)) + value
