"""A function for callers of the Invoke API, and an app that streams: events tell what to do."""

import os
import time


def handler(event, context):
    event = event if isinstance(event, dict) else {"do": "echo", "is": event}
    return ACTIONS[event.get("do", "echo")](event, context)


def echo(event, context):
    return event


def say(event, context):
    for line in event["lines"]:
        print(line)
        time.sleep(event.get("pause", 0))
    return len(event["lines"])


def about(event, context):
    return {
        "arn": context.invoked_function_arn,
        "id": context.aws_request_id,
        "custom": context.client_context and context.client_context.custom,
        "tenant": context.tenant_id,
    }


def fail(event, context):
    raise ValueError("no such luck")


def fail_until(event, context):
    """It works from the time on that is written so often in a file."""
    with open(event["file"], "a", encoding="utf-8") as file:
        file.write(context.aws_request_id + "\n")
        tries = file.tell() // 37
    time.sleep(event.get("sleep", 0) if tries < event["tries"] else 0)
    if tries < event["tries"]:
        raise LookupError("not yet")


ACTIONS = {
    "echo": echo,
    "say": say,
    "about": about,
    "fail": fail,
    "fail until": fail_until,
    "exit": lambda event, context: os._exit(3),
    "sleep": lambda event, context: time.sleep(event["seconds"]),
    "large": lambda event, context: "x" * 7_000_000,
}


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return words(environ["PATH_INFO"])


def words(path):
    """The second when there is a file `seen`, where /until-seen is asked for."""
    yield b"one"
    time.sleep(0.5)
    while path == "/until-seen" and not os.path.exists("seen"):
        time.sleep(0.01)
    if path == "/broken":
        raise ValueError("in the middle")
    yield b"two"
    print("all was sent")


def tell(event, context):
    custom = context.client_context and context.client_context.custom
    print(f"context: {custom}, tenant: {context.tenant_id}")
