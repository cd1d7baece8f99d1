"""A Lambda authorizer for a WebSocket API: it lets in whoever says that it is me."""


def handler(event, context):
    assert event["type"] == "REQUEST"
    assert event["requestContext"]["connectionId"]
    who = event["queryStringParameters"]["who"]
    if who == "stranger":
        raise Exception("Unauthorized")
    if who == "mute":
        return None
    if who == "broken":
        return {"principalId": who}
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow" if who == "me" else "Deny",
        "Resource": event["methodArn"],
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": who, "policyDocument": policy, "context": {"n": 1}}
