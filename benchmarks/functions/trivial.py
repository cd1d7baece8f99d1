"""A function that does nothing: what is left is the runtime."""

ANSWER = {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": "Hello, world!"}


def handler(event, context):
    return ANSWER
