"""Bytes that aren't text, the same ones each time: a client can check that all of them arrived."""

import struct
import zlib

EVERY_BYTE = bytes(range(256))


def pattern(size: int) -> bytes:
    return (EVERY_BYTE * (size // 256 + 1))[:size]


def png() -> bytes:
    """16 by 16 grey pixels, from black to white: each value of a byte once."""
    header = struct.pack(">IIBBBBB", 16, 16, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + EVERY_BYTE[start : start + 16] for start in range(0, 256, 16))
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, data) for name, data in chunks)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
