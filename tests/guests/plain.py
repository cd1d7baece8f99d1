"""Functions of the old kind, for the runtime's tests: what they do is in the event."""

import os
import sys


def handler(event, context):
    return {name: act(value, context) for name, value in event.items()}


def act(what, context):
    return ACTIONS[what](context)


def context_of(context):
    return {
        "aws_request_id": context.aws_request_id,
        "invoked_function_arn": context.invoked_function_arn,
        "function_name": context.function_name,
        "function_version": context.function_version,
        "memory_limit_in_mb": context.memory_limit_in_mb,
        "log_group_name": context.log_group_name,
        "log_stream_name": context.log_stream_name,
        "remaining": context.get_remaining_time_in_millis(),
        "client_context": getattr(context.client_context, "custom", None),
        "identity": context.identity.cognito_identity_id,
        "tenant_id": getattr(context, "tenant_id", None),
    }


def fail(context):
    raise ValueError("no such luck")


def leave(context):
    sys.exit(3)


def interrupt(context):
    raise KeyboardInterrupt


def speak(context):
    print("hello from the function")
    return "spoken"


ACTIONS = {
    "context": context_of,
    "fail": fail,
    "interrupt": interrupt,
    "leave": leave,
    "speak": speak,
    "die": lambda context: os._exit(9),
    "nan": lambda context: float("nan"),
    "object": lambda context: object(),
    "large": lambda context: "x" * 7_000_000,
    "text": lambda context: "é日\U0001f600",
    "pid": lambda context: os.getpid(),
}


def nothing(event, context):
    return None


def trace(event, context):
    return os.environ["_X_AMZN_TRACE_ID"]
