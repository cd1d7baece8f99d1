"""A Runtime API on bare sockets that answers every call as a test wants it, or as Lambda does."""

import json
import os
import socket
import struct
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from lambda_side import ADAPTER

GUESTS = Path(__file__).parent / "guests"


class Answer:
    """`send(connection, right)` gets the bytes that Lambda would answer, and sends its own.

    whole  it is an answer: for /next, the event is handed out
    close  the connection ends with it
    early  it comes before the call's body is read
    """

    def __init__(self, send, *, whole=False, close=False, early=False):
        self.send, self.whole, self.close, self.early = send, whole, close, early


def reply(status, body=b'{"status":"OK"}\n', *headers):
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def _slowly(connection, right):
    for number in range(len(right)):
        connection.sendall(right[number : number + 1])
        time.sleep(0.0002)


def _in_chunks(connection, right):
    head, _, body = right.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
    _slowly(connection, b"\r\n".join([*lines, b"Transfer-Encoding: chunked", b"", b""]))
    for number in range(len(body)):
        connection.sendall(b"1;x=y\r\n%b\r\n" % body[number : number + 1])
    _slowly(connection, b"0\r\nX-Trailer: 1\r\n\r\n")


def _reset(connection, right):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def saying(data, **how):
    return Answer(lambda connection, right: connection.sendall(data), **how)


def status(code, **how):
    return saying(reply(code, b'{"errorMessage":"no","errorType":"Never"}\n'), **how)


right = Answer(lambda connection, right: connection.sendall(right), whole=True)
slowly = Answer(_slowly, whole=True)
in_chunks = Answer(_in_chunks, whole=True)
then_closed = Answer(right.send, whole=True, close=True)
hung_up = Answer(lambda connection, right: None, close=True)
reset = Answer(_reset, close=True)
half = Answer(lambda connection, right: connection.sendall(right[:-5]), close=True)
half_a_head = Answer(lambda connection, right: connection.sendall(right[:10]), close=True)


class RawAPI:
    """Serves at `address` until it is left.

    events   what /next hands out one after the other, as invocations id-1, id-2, ...; then a 500
    answers  {"next 1": [...], "response 1": [...], "error 1": [...], "register 1": [...]}: the
             Answers to the first, second, ... of those calls; further ones are answered right.
             "next 1" is a poll while event 1 is the next.
    got      the calls in their order, and the bodies of each by its name
    """

    def __init__(self, events, answers):
        self.events, self.answers = events, {name: [*each] for name, each in answers.items()}
        self.calls, self.bodies = [], {}
        self._given = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open = [self._listener]
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self):
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        return self

    def __exit__(self, *_):
        for each in self._open:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads:
            thread.join()
        for each in self._open:
            each.close()

    def run(self, target, variables=(), timeout=60):
        """Our runtime, until it ends by itself."""
        began = time.monotonic()
        self.process = subprocess.Popen(
            [*ADAPTER, target],
            cwd=GUESTS,
            env={**os.environ, **dict(variables), "AWS_LAMBDA_RUNTIME_API": self.address},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            output, _ = self.process.communicate(timeout=timeout)
        finally:
            self.process.kill()
            self.process.communicate()
        lines, took = output.splitlines(), time.monotonic() - began
        return Ran(self.process.returncode, lines, took, self.calls, self.bodies)

    def stop_listening(self):
        self._listener.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.append(connection)
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection):
        try:
            with connection.makefile("rb") as file:
                while (head := _head(file)) is not None and self._answer(connection, file, *head):
                    pass
        except (OSError, ValueError):
            pass
        connection.close()

    def _answer(self, connection, file, path, headers):
        """Whether the connection stays open."""
        with self._lock:
            name = self._name(path)
            self.calls.append(name)
            answers = self.answers.get(name)
            answer = answers.pop(0) if answers else right
            if name.startswith("next") and answer.whole:
                self._given += 1
        if answer.early:
            answer.send(connection, self._right(name))
            if answer.close:
                return False
        self.bodies.setdefault(name, []).append(_body(file, headers))
        if not answer.early:
            answer.send(connection, self._right(name))
        return not answer.close

    def _name(self, path):
        *_, before, last = path.split("/")
        if last == "next":
            return f"next {self._given + 1}" if before == "invocation" else "event"
        number = before.removeprefix("id-") if before.startswith("id-") else "1"
        return f"{last} {number}"

    def _right(self, name):
        what, _, number = name.partition(" ")
        if what == "event":
            return b""  # an extension that asks for no events waits for ever
        if what == "register":
            return reply(200, b"{}", "Lambda-Extension-Identifier: 1")
        if what != "next":
            return reply(202)
        if int(number) > len(self.events):
            return reply(500)
        event = json.dumps(self.events[int(number) - 1]).encode()
        deadline = int(time.time() * 1000) + 30_000
        return reply(
            200, event,
            f"Lambda-Runtime-Aws-Request-Id: id-{number}",
            f"Lambda-Runtime-Deadline-Ms: {deadline}",
        )  # fmt: skip


def _head(file):
    """(path, headers); None at the end."""
    first = file.readline()
    if not first:
        return None
    headers = {}
    while line := file.readline().strip():
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    return first.decode().split(" ")[1], headers


def _body(file, headers):
    """The body; of a stream, with the trailers at its end."""
    if headers.get("transfer-encoding") != "chunked":
        return file.read(int(headers.get("content-length", 0)))
    parts = []
    while size := int(file.readline() or b"0", 16):
        parts.append(file.read(size))
        file.readline()
    while (line := file.readline()).strip():
        parts.append(line)
    return b"".join(parts)


@dataclass
class Ran:
    code: int
    lines: list[str]
    took: float
    calls: list[str]
    bodies: dict[str, list[bytes]] = field(default_factory=dict)

    @property
    def text(self):
        return "\n".join(self.lines)

    def same(self, *calls):
        """Whether these were posted with the same body."""
        return len({self.bodies[call][-1] for call in calls}) == 1

    def count_of(self, call, *numbers):
        """How often each of these was called."""
        return [self.calls.count(f"{call} {number}") for number in numbers]

    @property
    def ended_in_order(self):
        """By the 500 that stands after the last event, and not before."""
        return self.code == 1 and "with status 500: this environment is over" in self.text


def run_against(target, *events, variables=(), **answers):
    """Our runtime against a RawAPI; `next_1=[...]` are the Answers to "next 1"."""
    named = {name.replace("_", " "): each for name, each in answers.items()}
    with RawAPI(events, named) as api:
        return api.run(target, variables)
