"""Where events come from that are no HTTP requests: the table of them, a row for each.

A source's events are requests to the app, `POST /<source>/<name>` behind the Handler's prefix: one
for each record, with its message as the body and what CloudEvents has a name for in `ce-…` headers.

Nothing here is loaded before the first such event.
"""

from __future__ import annotations

from . import _cloudevent
from ._fields import (
    activemq_queue,
    arn,
    attribute_headers,
    bus,
    cognito,
    detail,
    directive,
    docdb,
    dynamodb,
    first_record,
    in_records,
    kafka,
    kafka_headers,
    kinesis,
    logs,
    rabbitmq_queue,
    rule,
    s3,
    sns,
    sqs,
    sqs_group,
    trigger,
)
from ._item import from_base64, from_text, json_of, last_of, records_by_key, records_in, within
from ._source import ANSWER, EACH, PARTIAL, REPLY, RETURN, Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


# How events are told apart


def _has(*names: str) -> Callable[[Any], bool]:
    return lambda event: isinstance(event, dict) and all(name in event for name in names)


def _has_any(*names: str) -> Callable[[Any], bool]:
    return lambda event: isinstance(event, dict) and any(name in event for name in names)


def _records_of(*sources: str) -> Callable[[Any], bool]:
    def matches(event: Any) -> bool:
        records = event.get("Records") if isinstance(event, dict) else None
        first = records[0] if isinstance(records, list) and records else None
        if not isinstance(first, dict):
            return False
        return first.get("eventSource") in sources or first.get("EventSource") in sources

    return matches


def _from(*sources: str) -> Callable[[Any], bool]:
    return lambda event: isinstance(event, dict) and event.get("eventSource") in sources


def _is_authorizer(event: Any) -> bool:
    if not isinstance(event, dict):
        return False
    if "methodArn" in event or "routeArn" in event:
        return event.get("type") in ("TOKEN", "REQUEST")
    told = event.get("requestContext")  # of AppSync
    return "authorizationToken" in event and isinstance(told, dict) and "apiId" in told


def _is_appsync(event: Any) -> bool:
    """One of many is what a resolver with batches sends; an Event API names a channel."""
    first = event[0] if isinstance(event, list) and event else event
    if not isinstance(first, dict):
        return False
    told = within(first, ("info", "fieldName")) or within(first, ("info", "channel"))
    return bool(told) or {"typeName", "fieldName"} <= first.keys()


def _is_schedule(event: Any) -> bool:
    return (
        _is_bus(event)
        and event["detail-type"] == "Scheduled Event"
        and event["source"] in ("aws.events", "aws.scheduler")
    )


_is_bus = _has("detail-type", "source")


def _is_alexa(event: Any) -> bool:
    """A smart home is told directives; before version 3 they were not within one.

    https://developer.amazon.com/en-US/docs/alexa/smarthome/smart-home-skill-api-message-reference.html
    """
    if isinstance(within(event, ("request", "type")), str):
        return bool(
            within(event, ("session", "application")) or within(event, ("context", "System"))
        )
    return directive(event, "namespace").startswith("Alexa")


# The table

SOURCES: tuple[Source, ...] = (
    Source(
        "sqs", '`Records[].eventSource` is `aws:sqs`', _records_of("aws:sqs"), PARTIAL,
        records=in_records,
        called=lambda item: last_of(arn(item)), called_by="queue",
        body=lambda item: from_text(item, "body"), attributes=sqs,
        more=lambda item: attribute_headers(item, ("messageAttributes",), "stringValue"),
        group=sqs_group, identifier=lambda item: item.text("messageId"),
    ),
    Source(
        "sns", '`Records[].EventSource` is `aws:sns`', _records_of("aws:sns"), EACH,
        records=in_records,
        called=lambda item: last_of(item.text("Sns", "TopicArn")), called_by="topic",
        body=lambda item: from_text(item, "Sns", "Message"), attributes=sns,
        more=lambda item: attribute_headers(item, ("Sns", "MessageAttributes"), "Value"),
    ),
    Source(
        "s3", '`Records[].eventSource` is `aws:s3`', _records_of("aws:s3"), EACH,
        records=in_records,
        called=lambda item: item.text("s3", "bucket", "name"), called_by="bucket", attributes=s3,
    ),
    Source(
        "dynamodb", '`Records[].eventSource` is `aws:dynamodb`', _records_of("aws:dynamodb"),
        PARTIAL, records=in_records,
        called=lambda item: last_of(arn(item), "/"), called_by="table", attributes=dynamodb,
        group=lambda item: "", identifier=lambda item: item.text("dynamodb", "SequenceNumber"),
    ),
    Source(
        "kinesis", '`Records[].eventSource` is `aws:kinesis`', _records_of("aws:kinesis"), PARTIAL,
        records=in_records,
        called=lambda item: last_of(arn(item), "/"), called_by="stream",
        body=lambda item: from_base64(item, "kinesis", "data"), attributes=kinesis,
        group=lambda item: "", identifier=lambda item: item.text("kinesis", "sequenceNumber"),
    ),
    Source(
        "ses", '`Records[].eventSource` is `aws:ses`', _records_of("aws:ses"), ANSWER,
        body=lambda item: json_of(first_record(item)),
        attributes=lambda item: {
            "id": within(first_record(item), ("ses", "mail", "messageId")),
            "subject": within(first_record(item), ("ses", "mail", "commonHeaders", "subject")),
            "time": within(first_record(item), ("ses", "mail", "timestamp")),
        },
    ),
    Source(
        "codecommit", '`Records[].eventSource` is `aws:codecommit`', _records_of("aws:codecommit"),
        EACH, records=in_records,
        attributes=lambda item: {"id": item.text("eventId"), "source": arn(item),
                                 "time": _cloudevent.moment_of(item.text("eventTime"))},
    ),
    Source(
        "kafka", '`eventSource` is `aws:kafka` or `SelfManagedKafka`',
        _from("aws:kafka", "SelfManagedKafka", "aws:SelfManagedKafka"), EACH,
        records=lambda event: records_by_key(event, "records"),
        called=lambda item: item.text("topic") or item.where.rpartition("-")[0], called_by="topic",
        body=lambda item: from_base64(item, "value"), attributes=kafka, more=kafka_headers,
        group=lambda item: item.where,
    ),
    Source(
        "activemq", '`eventSource` is `aws:mq` or `aws:amq`', _from("aws:mq", "aws:amq"), EACH,
        records=lambda event: records_in(event, "messages"),
        called=activemq_queue, called_by="queue",
        body=lambda item: from_base64(item, "data"),
        attributes=lambda item: {
            "id": item.text("messageID"), "source": within(item.event, ("eventSourceArn",)),
            "time": _cloudevent.time_of(item.value("timestamp")),
        },
    ),
    Source(
        "rabbitmq", '`eventSource` is `aws:rmq`', _from("aws:rmq"), EACH,
        records=lambda event: records_by_key(event, "rmqMessagesByQueue"),
        called=rabbitmq_queue, called_by="queue", body=lambda item: from_base64(item, "data"),
        attributes=lambda item: {
            "id": item.text("basicProperties", "messageId"),
            "source": within(item.event, ("eventSourceArn",)),
        },
    ),
    Source(
        "docdb", '`eventSource` is `aws:docdb`', _from("aws:docdb"), EACH,
        records=lambda event: records_in(event, "events"),
        called=docdb, called_by="database and collection", group=lambda item: "",
        attributes=lambda item: {
            "id": item.text("event", "_id", "_data"),
            "source": within(item.event, ("eventSourceArn",)),
            "type": f"com.amazonaws.docdb.{item.text('event', 'operationType')}",
        },
    ),
    Source(
        "alarm", "`alarmData`", _has("alarmData"), EACH,
        attributes=lambda item: {"source": item.text("source"),
                                 "subject": item.text("alarmData", "alarmName"),
                                 "time": _cloudevent.moment_of(item.text("time"))},
        words="a CloudWatch alarm",
    ),
    Source(
        "schedule", '`detail-type` is `Scheduled Event`, `source` `aws.events` or `aws.scheduler`',
        _is_schedule, ANSWER, called=rule, called_by="rule or schedule", body=detail,
        attributes=bus, words="an EventBridge event",
    ),
    Source(
        "eventbridge", "`detail-type` and `source`", _is_bus, ANSWER,
        called=lambda item: item.text("source"), called_by="source", body=detail, attributes=bus,
        words="an EventBridge event",
    ),
    Source(
        "logs", "`awslogs`", _has("awslogs"), EACH, body=logs, words="a CloudWatch Logs event",
    ),
    Source(
        "cognito", "`triggerSource` and `userPoolId`", _has("triggerSource", "userPoolId"), RETURN,
        called=trigger, called_by="trigger", attributes=cognito, words="a Cognito trigger",
    ),
    Source(
        "cognito", "`datasetRecords` and `identityPoolId`",
        _has("datasetRecords", "identityPoolId"), RETURN,
        called=trigger, called_by="trigger", attributes=cognito,
        words="a Cognito trigger",
    ),
    Source(
        "authorizer", "`type` is `TOKEN` or `REQUEST`, with `methodArn` or `routeArn`; or "
        "`authorizationToken` with AppSync's `requestContext`", _is_authorizer, REPLY,
        attributes=lambda item: {"subject": item.text("methodArn") or item.text("routeArn")},
        words="a Lambda authorizer's event",
    ),
    Source("appsync", "`info.fieldName`, or `typeName` and `fieldName`, or a list of such; or "
           "`info.channel`, of an Event API",
           _is_appsync, REPLY, words="an AppSync event",
           attributes=lambda item: {
               "subject": item.text("info", "fieldName") or item.text("fieldName")
               or item.text("info", "channel", "path")
           }),
    Source("bedrock", "`messageVersion` and `agent`", _has("messageVersion", "agent"), REPLY,
           words="a Bedrock agent's event",
           attributes=lambda item: {"subject": item.text("actionGroup")}),
    Source("lex", "`bot`, with `sessionState` or `currentIntent`",
           lambda event: _has("bot")(event) and _has_any("sessionState", "currentIntent")(event),
           REPLY, words="a Lex bot's event"),
    Source("alexa", "`request.type`, with `session.application` or `context.System`; or "
           "`directive.header.namespace`, of a smart home",
           _is_alexa, REPLY, words="an Alexa skill's event",
           attributes=lambda item: {"id": directive(item.record, "messageId"),
                                    "subject": item.text("request", "type")
                                    or directive(item.record, "name")}),
    Source("connect", "`Details.ContactData`",
           lambda event: bool(within(event, ("Details", "ContactData"))), REPLY,
           words="an event of an Amazon Connect flow"),
    Source("kinesisanalytics", "`applicationArn` and `records`",
           _has("applicationArn", "records"), REPLY, words="an event of Kinesis Data Analytics",
           attributes=lambda item: {"id": item.text("invocationId"),
                                    "source": item.text("applicationArn")}),
    # `sam local generate-event` leaves the ARN out, or misspells it.
    Source("firehose", "`deliveryStreamArn`, or `invocationId`; and `records`",
           lambda event: _has("records")(event)
           and _has_any("deliveryStreamArn", "invocationId")(event),
           REPLY, words="a Firehose transform",
           attributes=lambda item: {"id": item.text("invocationId"),
                                    "source": item.text("deliveryStreamArn")}),
    Source("s3batch", "`invocationSchemaVersion` and `tasks`",
           _has("invocationSchemaVersion", "tasks"), REPLY, words="an S3 batch operation",
           attributes=lambda item: {"id": item.text("invocationId"),
                                    "subject": item.text("job", "id")}),
    Source("s3object", "`getObjectContext`, `headObjectContext`, `listObjectsContext` or "
           "`listObjectsV2Context`",
           _has_any("getObjectContext", "headObjectContext", "listObjectsContext",
                    "listObjectsV2Context"),
           REPLY, words="an S3 Object Lambda event",
           attributes=lambda item: {"id": item.text("xAmzRequestId")}),
    Source("iot", "`clickType`; or `deviceEvent` and `deviceInfo`",
           lambda event: _has("clickType")(event) or _has("deviceEvent", "deviceInfo")(event),
           EACH, words="an IoT button event"),
    Source("iot", "`protocolData` and `signatureVerified`; or `claimCertificateId` and "
           "`templateArn`",
           lambda event: _has("protocolData", "signatureVerified")(event)
           or _has("claimCertificateId", "templateArn")(event),
           REPLY, words="an event of AWS IoT"),
    Source("config", "`invokingEvent` and `configRuleName`",
           _has("invokingEvent", "configRuleName"), EACH, words="an event of AWS Config",
           attributes=lambda item: {"subject": item.text("configRuleName")}),
    Source("cloudformation", "`ResourceProperties` and `StackId`",
           _has("ResourceProperties", "StackId"), ANSWER, words="a CloudFormation resource's event",
           attributes=lambda item: {
               "id": item.text("RequestId"), "source": item.text("StackId"),
               "subject": item.text("LogicalResourceId"),
               "type": f"com.amazonaws.cloudformation.{item.text('RequestType').lower()}",
           }),
    Source("codepipeline", "`CodePipeline.job`", _has("CodePipeline.job"), EACH,
           attributes=lambda item: {"id": item.text("CodePipeline.job", "id")},
           words="a CodePipeline job"),
    Source("codedeploy", "`LifecycleEventHookExecutionId`", _has("LifecycleEventHookExecutionId"),
           EACH, attributes=lambda item: {"id": item.text("LifecycleEventHookExecutionId")},
           words="a CodeDeploy hook"),
    Source("secretsmanager", "`SecretId` and `Step`", _has("SecretId", "Step"), EACH,
           attributes=lambda item: {"subject": item.text("SecretId"),
                                    "type": f"com.amazonaws.secretsmanager.{item.text('Step')}"},
           words="a rotation of a secret"),
    Source("clientvpn", "`connection-id` and `endpoint-id`", _has("connection-id", "endpoint-id"),
           REPLY, attributes=lambda item: {"id": item.text("connection-id")},
           words="a Client VPN connection"),
    Source("dashboard", "`widgetContext`", _has("widgetContext"), REPLY,
           words="a CloudWatch dashboard's widget"),
)  # fmt: skip
"""Asked in this order: an alarm's event may look like one of a bus, which a schedule's is."""


def find(event: Any) -> Source | None:
    """The row whose event this is, if it is one's."""
    for source in SOURCES:
        if source.matches(event):
            return source
    return None
