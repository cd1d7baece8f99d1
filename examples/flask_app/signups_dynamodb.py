"""Sign-ups in a DynamoDB table: partition key `event`, sort key `name`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from signups import Person

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# API Gateway gives a request 29 seconds; boto3's own limits would outlast it.
CONFIG = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
)
# `name` is a reserved word in DynamoDB's expressions, hence the placeholders.
EVENT = {"#event": "event"}
NAME = {"#name": "name"}


@dataclass(frozen=True)
class DynamoDBSignups:
    # A client, not a Table: clients may be shared between threads.
    client: DynamoDBClient
    table: str

    def add(self, event: str, person: Person) -> bool:
        item = {**_key(event, person.name), "since": {"S": person.since}}
        try:
            self.client.put_item(
                TableName=self.table,
                Item=item,
                ConditionExpression="attribute_not_exists(#name)",
                ExpressionAttributeNames=NAME,
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def remove(self, event: str, name: str) -> bool:
        key = _key(event, name)
        answer = self.client.delete_item(TableName=self.table, Key=key, ReturnValues="ALL_OLD")
        return bool(answer.get("Attributes"))

    def find(self, event: str, name: str) -> Person | None:
        key = _key(event, name)
        answer = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        item = answer.get("Item")
        return _person(item) if item else None

    def people(self, event: str) -> list[Person]:
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="#event = :event",
            ExpressionAttributeNames=EVENT,
            ExpressionAttributeValues={":event": {"S": event}},
            ConsistentRead=True,  # whoever just signed up sees themselves
        )
        return [_person(item) for page in pages for item in page["Items"]]

    def events(self) -> dict[str, int]:
        # Reads the whole table: fine for some thousand people, not for a million.
        pages = self.client.get_paginator("scan").paginate(
            TableName=self.table,
            ProjectionExpression="#event",
            ExpressionAttributeNames=EVENT,
            ConsistentRead=True,
        )
        counts = Counter(item["event"]["S"] for page in pages for item in page["Items"])
        return dict(sorted(counts.items()))


def open_dynamodb(table: str, endpoint_url: str | None = None) -> DynamoDBSignups:
    # A session of its own: two threads must not make clients from boto3's default session.
    client = boto3.Session().client("dynamodb", endpoint_url=endpoint_url, config=CONFIG)
    if _status(client, table) != "ACTIVE":
        make_table(client, table)
        waiter = client.get_waiter("table_exists")
        waiter.wait(TableName=table, WaiterConfig={"Delay": 1, "MaxAttempts": 25})
    return DynamoDBSignups(client, table)


def make_table(client: DynamoDBClient, table: str) -> None:
    try:
        client.create_table(
            TableName=table,
            KeySchema=[
                {"AttributeName": "event", "KeyType": "HASH"},
                {"AttributeName": "name", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "event", "AttributeType": "S"},
                {"AttributeName": "name", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
    except client.exceptions.ResourceInUseException:
        pass  # another process was first; the table is as good as ours


def _status(client: DynamoDBClient, table: str) -> str | None:
    try:
        return client.describe_table(TableName=table)["Table"]["TableStatus"]
    except client.exceptions.ResourceNotFoundException:
        return None


def _key(event: str, name: str) -> dict[str, Any]:
    return {"event": {"S": event}, "name": {"S": name}}


def _person(item: dict[str, Any]) -> Person:
    return Person(item["name"]["S"], item["since"]["S"])
