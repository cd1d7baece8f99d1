"""What the app of the comparison answers, from the plainest to what adapters stumble over."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """A response, written down once for ASGI and WSGI; `header` values are bytes on the wire.

    mishap   'raises': before the response starts; 'raises late': after its first bytes;
             'twice': WSGI's start_response again, with exc_info, before any output;
             'cut': ASGI without its last message; '' for none
    kinds    the front ends that get it; all if empty
    """

    name: str
    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    method: str = "GET"
    mishap: str = ""
    kinds: tuple[str, ...] = ()


def typed(name, media_type, body, *headers, **rest):
    return Answer(name, 200, ((b"content-type", media_type), *headers), body, **rest)


TEXT = b"text/plain; charset=utf-8"
HELLO = typed("hello", TEXT, b"hello")
BINARY = b"\x89PNG\r\n\x1a\n\xff\xfe"
GZIP = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"
ZSTD = b"\x28\xb5\x2f\xfd\x04\x00\x01\x00\x00\x99\xe9\xd8\x51"
MAPPING = b'{"a": 1}'

ANSWERS = [
    typed("two cookies", TEXT, b"hello", (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")),
    typed("two Vary", TEXT, b"hello", (b"vary", b"a"), (b"vary", b"b")),
    typed("latin-1 header", TEXT, b"hello", (b"x-name", "café".encode("latin-1"))),
    typed("utf-8 header", TEXT, b"hello", (b"x-name", "café".encode())),
    typed("hop-by-hop header", TEXT, b"hello", (b"transfer-encoding", b"chunked")),
    typed("json", b"application/json", MAPPING),
    typed("utf-8 text", TEXT, "日".encode()),
    typed("latin-1 text", b"text/plain; charset=iso-8859-1", "café".encode("latin-1")),
    typed("problem json", b"application/problem+json", MAPPING),
    typed("ld json", b"application/ld+json", MAPPING),
    typed("svg", b"image/svg+xml", b"<svg/>"),
    typed("yaml", b"application/yaml", b"a: 1"),
    typed("capitals", b"TEXT/HTML", b"<p>"),
    typed("png", b"image/png", BINARY),
    typed("gzip", TEXT, GZIP, (b"content-encoding", b"gzip")),
    typed("zstd", b"application/json", ZSTD, (b"content-encoding", b"zstd")),
    typed("ascii in an unknown type", b"application/octet-stream", b"abc"),
    typed("binary as json", b"application/json", BINARY),
    Answer("no type", 200, (), b"hello"),
    Answer("no content", 204),
    Answer("not modified", 304, ((b"etag", b'"1"'),)),
    Answer("redirect", 307, ((b"location", b"/x"),)),
    Answer("204 with a body", 204, ((b"content-type", TEXT),), b"hello"),
    typed("head", TEXT, b"hello", (b"content-length", b"5"), method="HEAD"),
    Answer("status 499", 499, ((b"content-type", TEXT),), b"hello"),
    Answer("status 999", 999, ((b"content-type", TEXT),), b"hello"),
    typed("line break in a header", TEXT, b"hello", (b"x-name", b"a\r\nb: c")),
    typed("over the limit", TEXT, b"x" * (1024 * 1024), kinds=("alb",)),
    typed("raises", TEXT, b"hello", mishap="raises"),
    typed("raises late", TEXT, b"hello", mishap="raises late"),
    typed("start_response twice", TEXT, b"hello", mishap="twice", kinds=("http_api",)),
    typed("no last message", TEXT, b"hello", mishap="cut", kinds=("http_api",)),
]
