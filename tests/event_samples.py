"""One small event for each row of the table of sources, in the shape that AWS documents for it.

(row's name, event, the path it is sent to, the body's beginning)
"""

import gzip
import json
from base64 import b64encode

from adapter.events import samples
from cases import recorded

FUNCTION = "function"


def packed(value):
    return b64encode(gzip.compress(json.dumps(value).encode(), mtime=0)).decode()


def records(source, **record):
    return {"Records": [{"eventSource": source, **record}]}


LOGS = {"messageType": "DATA_MESSAGE", "logGroup": "g", "logEvents": [{"id": "1", "message": "m"}]}
SES = {"mail": {"messageId": "m1", "timestamp": "2026-01-01T00:00:00Z", "commonHeaders": {}}}
COMMIT = {"eventId": "c1", "eventSourceARN": "arn:aws:codecommit:us-east-1:123456789012:repo"}
MQ = "arn:aws:mq:us-east-1:123456789012:broker:b:b-1"
ACTIVE = {
    "messageID": "ID:1",
    "destination": {"physicalName": "work"},
    "timestamp": 1598827811958,
    "data": "aGVsbG8=",
}
ALARM = {"source": "aws.cloudwatch", "alarmArn": "a", "alarmData": {"alarmName": "n"}}
DOCUMENT = {"event": {"_id": {"_data": "01"}, "ns": {"db": "d", "coll": "c"}}}
TOKEN = {"type": "TOKEN", "authorizationToken": "t", "methodArn": "arn:aws:execute-api:x"}
ROUTE = {"version": "2.0", "type": "REQUEST", "routeArn": "arn:aws:execute-api:x", "rawPath": "/x"}
SYNC = {"eventType": "SyncTrigger", "identityPoolId": "p", "datasetRecords": {}, "version": 2}
SCHEDULER = {
    "version": "0",
    "id": "i",
    "detail-type": "Scheduled Event",
    "source": "aws.scheduler",
    "time": "2026-01-01T00:00:00Z",
    "resources": ["arn:aws:scheduler:us-east-1:123456789012:schedule/default/nightly"],
    "detail": "{}",
}
VPN = {"connection-id": "cvpn-connection-1", "endpoint-id": "cvpn-endpoint-1"}
CHANNEL = {"info": {"channel": {"path": "/shop/new"}, "operation": "PUBLISH"}, "events": []}
HOME = {"namespace": "Alexa.Discovery", "name": "Discover", "messageId": "1"}
IOT = {"token": "t", "signatureVerified": True, "protocols": ["tls"], "protocolData": {}}

ROWS = [
    ("sqs", recorded("sqs__two_records"), "/sqs/my-queue", b"Test message."),
    ("sns", recorded("sns__notification"), "/sns/sns-lambda", b"Hello from SNS!"),
    ("s3", recorded("s3__object_created_put"), "/s3/sourcebucket", b'{"eventVersion":'),
    (
        "dynamodb",
        recorded("dynamodb_stream__insert_modify_remove"),
        "/dynamodb/ExampleTableWithStream",
        b'{"eventID":',
    ),
    ("kinesis", recorded("kinesis__two_records"), "/kinesis/lambda-stream", b"Hello, this is"),
    ("ses", records("aws:ses", ses=SES), "/ses/function", b'{"eventSource":"aws:ses"'),
    ("codecommit", records("aws:codecommit", **COMMIT), "/codecommit/function", b'{"eventSource"'),
    ("kafka", recorded("kafka__msk"), "/kafka/mytopic", b'{"key":"value"}'),
    (
        "activemq",
        {"eventSource": "aws:mq", "eventSourceArn": MQ, "messages": [ACTIVE]},
        "/activemq/work",
        b"hello",
    ),
    (
        "rabbitmq",
        {"eventSource": "aws:rmq", "rmqMessagesByQueue": {"work::/": [{"data": "aGVsbG8="}]}},
        "/rabbitmq/work",
        b"hello",
    ),
    ("docdb", {"eventSource": "aws:docdb", "events": [DOCUMENT]}, "/docdb/d.c", b'{"event":'),
    ("alarm", ALARM, "/alarm/function", b'{"source":'),
    ("schedule", recorded("schedule__cloudwatch_rule"), "/schedule/ExampleRule", b"{}"),
    ("eventbridge", recorded("eventbridge__ec2_state_change"), "/eventbridge/aws.ec2", b"{"),
    ("logs", {"awslogs": {"data": packed(LOGS)}}, "/logs/function", b'{"messageType": '),
    ("cognito", recorded("cognito__pre_sign_up"), "/cognito/PreSignUp", b'{"version":'),
    ("cognito", SYNC, "/cognito/SyncTrigger", b'{"eventType":'),
    ("authorizer", TOKEN, "/authorizer/function", b'{"type":"TOKEN"'),
    ("appsync", {"info": {"fieldName": "f"}, "arguments": {}}, "/appsync/function", b'{"info":'),
    ("bedrock", recorded("bedrock_agent__post_request_body"), "/bedrock/function", b"{"),
    ("lex", {"bot": {"name": "b"}, "sessionState": {}}, "/lex/function", b'{"bot":'),
    (
        "alexa",
        {"session": {"application": {"applicationId": "a"}}, "request": {"type": "LaunchRequest"}},
        "/alexa/function",
        b'{"session":',
    ),
    (
        "connect",
        {"Name": "ContactFlowEvent", "Details": {"ContactData": {"ContactId": "1"}}},
        "/connect/function",
        b'{"Name":',
    ),
    (
        "kinesisanalytics",
        {"invocationId": "i", "applicationArn": "a", "records": []},
        "/kinesisanalytics/function",
        b"{",
    ),
    (
        "firehose",
        {"invocationId": "i", "deliveryStreamArn": "d", "records": [{"recordId": "1"}]},
        "/firehose/function",
        b'{"invocationId":',
    ),
    (
        "s3batch",
        {"invocationSchemaVersion": "1.0", "invocationId": "i", "job": {"id": "j"}, "tasks": []},
        "/s3batch/function",
        b"{",
    ),
    ("s3object", {"xAmzRequestId": "x", "getObjectContext": {}}, "/s3object/function", b"{"),
    ("iot", recorded("iot__button_single_click"), "/iot/function", b'{"serialNumber":'),
    ("iot", IOT, "/iot/function", b'{"token":'),
    ("config", {"invokingEvent": "{}", "configRuleName": "r"}, "/config/function", b"{"),
    (
        "cloudformation",
        {"RequestType": "Create", "StackId": "s", "ResourceProperties": {}},
        "/cloudformation/function",
        b"{",
    ),
    ("codepipeline", {"CodePipeline.job": {"id": "j"}}, "/codepipeline/function", b"{"),
    (
        "codedeploy",
        {"DeploymentId": "d", "LifecycleEventHookExecutionId": "l"},
        "/codedeploy/function",
        b"{",
    ),
    (
        "secretsmanager",
        {"SecretId": "s", "Step": "createSecret"},
        "/secretsmanager/function",
        b"{",
    ),
    ("clientvpn", VPN, "/clientvpn/function", b"{"),
    ("dashboard", {"widgetContext": {}, "original": 1}, "/dashboard/function", b"{"),
]
OTHERS = [
    ("authorizer", ROUTE, "/authorizer/function", b"{"),
    ("authorizer", recorded("apigw_authorizer__rest_request_type"), "/authorizer/function", b"{"),
    (
        "authorizer",
        {"authorizationToken": "t", "requestContext": {"apiId": "a"}},
        "/authorizer/function",
        b"{",
    ),
    ("appsync", [{"info": {"fieldName": "f"}}], "/appsync/function", b"["),
    ("appsync", CHANNEL, "/appsync/function", b'{"info":'),
    ("alexa", {"directive": {"header": HOME}}, "/alexa/function", b'{"directive":'),
    ("alexa", {"header": HOME, "payload": {}}, "/alexa/function", b'{"header":'),
    ("firehose", {"invocationId": "i", "records": []}, "/firehose/function", b"{"),
    (
        "activemq",
        {"eventSource": "aws:amq", "messages": [{"destination": {"physicalname": "work"}}]},
        "/activemq/work",
        b"",
    ),
    ("schedule", SCHEDULER, "/schedule/nightly", b"{}"),
    ("kafka", {**recorded("kafka__msk"), "eventSource": "SelfManagedKafka"}, "/kafka/mytopic", b""),
    ("sqs", samples.sqs("a.fifo", [b"1"], "g"), "/sqs/a.fifo", b"1"),
]
ALL = ROWS + OTHERS
