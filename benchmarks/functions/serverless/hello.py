"""A function behind serverless-offline."""

ANSWER = {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": "Hello, world!"}


def handler(event, context):
    return ANSWER
