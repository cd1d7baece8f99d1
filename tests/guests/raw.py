"""A runtime of raw sockets, for what well-behaved ones don't do. The event says what to do.

python raw.py START         START names a function in STARTS, or is anything else
"""

import base64
import json
import os
import signal
import socket
import sys
import threading
import time

HOST, _, PORT = os.environ["AWS_LAMBDA_RUNTIME_API"].partition(":")
RUNTIME = "/2018-06-01/runtime"
EXTENSION = "/2020-01-01/extension"


class Connection:
    """One HTTP/1.1 connection to the Runtime API."""

    def __init__(self):
        self.socket = socket.create_connection((HOST, int(PORT)))
        self.file = self.socket.makefile("rb")

    def send(self, method, path, body=b"", length=True, **headers):
        lines = [f"{method} {path} HTTP/1.1", "Host: lambda"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if length:
            lines.append(f"Content-Length: {len(body)}")
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def read(self):
        """(status, headers, body)"""
        status = int(self.file.readline().split()[1])
        headers = {}
        while (line := self.file.readline().strip()) != b"":
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return status, headers, self.file.read(int(headers.get("content-length", 0)))

    def ask(self, *arguments, **headers):
        self.send(*arguments, **headers)
        return self.read()

    def chunk(self, data):
        self.socket.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    def close(self):
        self.file.close()
        self.socket.close()


def ask(*arguments, **headers):
    """On a connection of its own."""
    connection = Connection()
    try:
        return connection.ask(*arguments, **headers)
    finally:
        connection.close()


def say(*values):
    """One line of the log."""
    os.write(1, (json.dumps(values) + "\n").encode())


def respond(request_id, body=b"{}", **headers):
    return ask("POST", f"{RUNTIME}/invocation/{request_id}/response", body, **headers)


def begin_stream(request_id, content_type="text/plain", **headers):
    connection = Connection()
    connection.send(
        "POST", f"{RUNTIME}/invocation/{request_id}/response", length=False,
        Lambda_Runtime_Function_Response_Mode="streaming", Transfer_Encoding="chunked",
        Content_Type=content_type, **headers,
    )  # fmt: skip
    return connection


# What an event can ask for


def echo(request_id, event, headers):
    respond(
        request_id, json.dumps({"event": event, "headers": headers, "pid": os.getpid()}).encode()
    )


def stream(request_id, event, headers):
    """The parts, as chunks, with a pause between them; the last when there is the file `seen`."""
    connection = begin_stream(request_id, event.get("type", "text/plain"))
    for number, part in enumerate(event["parts"]):
        time.sleep(event.get("pause", 0) if number else 0)
        is_last = number == len(event["parts"]) - 1
        while is_last and "seen" in event and not os.path.exists(event["seen"]):
            time.sleep(0.01)
        connection.chunk(part.encode("latin-1"))
    end_stream(connection, event)


def end_stream(connection, event):
    ending = event.get("end")
    if ending == "break":
        connection.close()
        return
    trailers = b"Lambda-Runtime-Function-Error-Type: Function.Broke\r\n" if ending else b""
    if ending:
        document = json.dumps({"errorType": "Broke", "errorMessage": ending}).encode()
        trailers += b"Lambda-Runtime-Function-Error-Body: " + base64.b64encode(document) + b"\r\n"
    connection.socket.sendall(b"0\r\n" + trailers + b"\r\n")
    if not event.get("hang_up"):
        say("stream", connection.read()[0])
    connection.close()


def pour(request_id, event, headers):
    """So many megabytes."""
    connection = begin_stream(request_id, event.get("type", "text/plain"))
    piece = b"x" * 65_536
    if "head" in event:
        connection.chunk(event["head"].encode())
    try:
        for _ in range(event["megabytes"] * 16):
            connection.chunk(piece)
        connection.socket.sendall(b"0\r\n\r\n")
        say("poured", connection.read()[0])
    except OSError as error:
        say("poured", str(error))
    connection.close()


def twice(request_id, event, headers):
    statuses = [respond(request_id, b"1")[0], respond(request_id, b"2")[0]]
    statuses.append(ask("POST", f"{RUNTIME}/invocation/{request_id}/error", b"{}")[0])
    say("twice", *statuses)


def unknown(request_id, event, headers):
    status, _, body = respond("nobody-s", b"1")
    say("unknown", status, json.loads(body)["errorType"])
    respond(request_id)


def large(request_id, event, headers):
    status, _, body = respond(request_id, b"x" * 7_000_000)
    say("large", status, json.loads(body)["errorType"])


def mode(request_id, event, headers):
    status, _, body = respond(request_id, Lambda_Runtime_Function_Response_Mode="fast")
    say("mode", status, json.loads(body)["errorType"])


def fail(request_id, event, headers):
    ask(
        "POST", f"{RUNTIME}/invocation/{request_id}/error", b'{"errorMessage": "no"}',
        Lambda_Runtime_Function_Error_Type=event["type"],
        Lambda_Runtime_Function_XRay_Error_Cause='{"paths": []}',
    )  # fmt: skip


def init_error(request_id, event, headers):
    status, _, body = ask("POST", f"{RUNTIME}/init/error", b"{}")
    say("init_error", status, json.loads(body)["errorType"])
    say("register", register("afterwards")[0])
    respond(request_id)


def sleep(request_id, event, headers):
    time.sleep(event["seconds"])
    say("late", respond(request_id)[0])


def meet(request_id, event, headers):
    """Wait for the others."""
    MEETING.wait(20)
    respond(request_id)


def work_after(request_id, event, headers):
    respond(request_id, json.dumps(os.getpid()).encode())
    time.sleep(event["seconds"])
    say("worked")


def die_after(request_id, event, headers):
    respond(request_id)
    os._exit(5)


def break_error(request_id, event, headers):
    """A report of an error that breaks off."""
    connection = Connection()
    path = f"{RUNTIME}/invocation/{request_id}/error"
    connection.send("POST", path, length=False, Content_Length=100)
    connection.close()


def foreign(request_id, event, headers):
    """The answer of another invocation, by its invocation id; then the right one."""
    name = "Lambda_Runtime_Invocation_Id"
    say("foreign", respond(request_id, **{name: "another"})[0])
    say("own", respond(request_id, **{name: headers["lambda-runtime-invocation-id"]})[0])


def expect(request_id, event, headers):
    """What curl does with a large body: ask first."""
    connection, body = Connection(), b"1" * 2_000_000
    connection.send(
        "POST", f"{RUNTIME}/invocation/{request_id}/response", length=False,
        Content_Length=len(body), Expect="100-continue",
    )  # fmt: skip
    say("expect", connection.read()[0])
    connection.socket.sendall(body)
    say("expect", connection.read()[0])


def pipeline(request_id, event, headers):
    """The answer and the next poll in one write."""
    connection = Connection()
    path = f"{RUNTIME}/invocation/{request_id}/response"
    both = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1"
    both += f"GET {RUNTIME}/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n"
    connection.socket.sendall(both.encode())
    say("pipeline", connection.read()[0], connection.read()[0])
    connection.close()
    os._exit(0)


def garbage(request_id, event, headers):
    """What is no HTTP; then the right answer."""
    connection = Connection()
    connection.socket.sendall(b"\0\r\n\r\n")
    say("garbage", connection.file.read().decode())
    respond(request_id)


def hang_up(request_id, event, headers):
    """A poll that is given up; the next event must not go there."""
    respond(request_id)
    connection = Connection()
    connection.send("GET", f"{RUNTIME}/invocation/next")
    time.sleep(0.2)
    connection.close()
    time.sleep(0.2)


def forget(request_id, event, headers):
    """Poll again without an answer."""
    if not FORGOTTEN:
        FORGOTTEN.append(request_id)
        return
    respond(request_id, json.dumps([request_id] == FORGOTTEN).encode())


FORGOTTEN = []
MEETING = threading.Barrier(int(os.environ.get("AWS_LAMBDA_MAX_CONCURRENCY", "1")))


# Before the first event


def register(name, events=(), **headers):
    body = json.dumps({"events": list(events)}).encode()
    return ask("POST", f"{EXTENSION}/register", body, Lambda_Extension_Name=name, **headers)


def registered(events=()):
    """Register, and wait for events in a thread."""
    status, headers, body = register("raw", events, Lambda_Extension_Accept_Feature="accountId")
    say("registered", status, json.loads(body))
    identifier = headers["lambda-extension-identifier"]
    threading.Thread(target=watch, args=(identifier,), daemon=True).start()


def watch(identifier):
    while True:
        _, headers, body = ask(
            "GET", f"{EXTENSION}/event/next", Lambda_Extension_Identifier=identifier
        )
        say("event", json.loads(body), "lambda-extension-event-identifier" in headers)


def silent():
    """Register, and never ask for an event."""
    say("registered", register("raw")[0])


def graceful():
    signal.signal(signal.SIGTERM, lambda *_: (say("SIGTERM"), os._exit(0)))
    registered()


def stubborn():
    signal.signal(signal.SIGTERM, lambda *_: say("SIGTERM"))
    registered()


def unregistered():
    signal.signal(signal.SIGTERM, lambda *_: (say("SIGTERM"), os._exit(0)))


def refused():
    say("nameless", register("")[0])
    say("shutdown", json.loads(register("a", ["SHUTDOWN"])[2])["errorType"])
    say("no identifier", ask("GET", f"{EXTENSION}/event/next")[0])
    say("nowhere", ask("GET", "/2018-06-01/nowhere")[0])


def restored():
    say("before")
    say("restored", ask("GET", f"{RUNTIME}/restore/next")[0])


def not_restored():
    ask("GET", f"{RUNTIME}/restore/next")
    ask(
        "POST", f"{RUNTIME}/restore/error", b'{"errorMessage": "stale", "errorType": "E"}',
        Lambda_Runtime_Function_Error_Type="Runtime.AfterRestoreError",
    )  # fmt: skip
    sys.exit(1)


def many():
    for _ in range(int(os.environ["AWS_LAMBDA_MAX_CONCURRENCY"]) - 1):
        threading.Thread(target=loop, daemon=True).start()


STARTS = {
    "graceful": graceful, "stubborn": stubborn, "unregistered": unregistered, "refused": refused,
    "invoke": lambda: registered(["INVOKE"]), "restored": restored, "not_restored": not_restored,
    "many": many, "silent": silent,
}  # fmt: skip
ACTIONS = {
    function.__name__: function
    for function in (
        break_error, die_after, echo, expect, fail, foreign, forget, garbage, hang_up, init_error,
        large, meet, mode, pipeline, pour, sleep, stream, twice, unknown, work_after,
    )
}  # fmt: skip


def loop():
    connection = Connection()
    while True:
        _, headers, body = connection.ask("GET", f"{RUNTIME}/invocation/next")
        event = json.loads(body)
        if event.get("body"):  # of a request through a gateway
            encoded = event.get("isBase64Encoded")
            event = json.loads(base64.b64decode(event["body"]) if encoded else event["body"])
        request_id = headers["lambda-runtime-aws-request-id"]
        ACTIONS[event.get("do", "echo")](request_id, event, headers)


if __name__ == "__main__":
    STARTS.get(sys.argv[1], lambda: None)()
    loop()
