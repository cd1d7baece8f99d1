"""Event sources and schedules of a deployment: read from the settings, made, kept, taken away."""

import io
import json
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from adapter import Handler
from adapter.config import ConfigError, Schedule
from adapter.deploy import APP, DeployError, Found, Resource, heard, patience
from adapter.deploy.apply import apply
from adapter.deploy.aws import AWS
from adapter.deploy.deployment import deployment
from adapter.deploy.fill import filled
from adapter.deploy.kinds import KINDS, event_source
from adapter.deploy.kinds import schedule as schedule_kind
from adapter.deploy.plan import filled_in, plan
from adapter.deploy.sources import short_of
from adapter.deploy.wanted import events, schedules
from adapter.local.schedules import call_of
from control_plane import ACCOUNT, REGION, ministack, point_to

UUID = "01234567-89ab-cdef-0123-456789abcdef"
ROOT = Path(__file__).parents[1]
KNOWN = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}
OTHERS = ("http_api", "rest_api", "websocket_api", "function_url", "log_group", "layer")
"""Kinds that have nothing here; asking for them takes half of the time."""
ARN = f"arn:aws:{{}}:{REGION}:{ACCOUNT}:{{}}"
CODE = """
import sys
sys.path.insert(0, {root!r})
from adapter import Handler


def app(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("500 No" if body == b"bad" else "204 Done", [])
    return []


handler = Handler(app)
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with ministack(tmp_path_factory.mktemp("ministack")) as url:
        yield url


@pytest.fixture
def aws(url, monkeypatch):
    point_to(monkeypatch, url)
    monkeypatch.setattr(patience, "PAUSE_S", 0)
    # A copy: a key that is put back into the table is its last, for all tests that come after.
    asked = {kind: module for kind, module in KINDS.items() if kind not in OTHERS}
    monkeypatch.setattr("adapter.deploy.plan.KINDS", asked)
    return AWS()


@pytest.fixture
def shop(tmp_path):
    """The stage of a project with these tables."""

    def made(tables="", stage="dev", app="shop", functions=("users",)):
        names = "".join(
            f'[tool.adapter.functions.{name}]\nhandler = "main:app"\n' for name in functions
        )
        path = tmp_path / "pyproject.toml"
        path.write_text(f'[project]\nname = "{app}"\n{names}{tables}\n')
        return deployment(stage, path=path)

    return made


def events_of(tables):
    return "\n".join(
        f"[tool.adapter.events.{name}]\n" + "\n".join(lines) for name, lines in tables.items()
    )


def planned(aws, stage):
    return plan(aws, [*schedules.of(stage), *events.of(stage)], stage.app, stage.stage)


def done(aws, stage):
    """What has been done, by kind."""
    changes = planned(aws, stage)
    apply(aws, changes, lambda text: None)
    return [(change.action, change.kind) for change in changes if change.action != "keep"]


def function(aws, name, app, variables=None):
    """One that is there, with the alias dev."""
    client, archive = aws.client("lambda"), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("main.py", CODE.format(root=str(ROOT)))
    client.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="main.handler",
        Role=f"arn:aws:iam::{ACCOUNT}:role/any",
        Code={"ZipFile": archive.getvalue()},
        Environment={"Variables": variables or {}},
        Timeout=5,
        Publish=True,
        Tags={APP: app},
    )
    client.create_alias(FunctionName=name, Name="dev", FunctionVersion="1")


def queue(aws, name, hidden=180):
    attributes = {"VisibilityTimeout": str(hidden)}
    return aws.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


# The settings


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["batch-size = 5"], r"\[tool.adapter.events.it\] source: this is missing"),
        (['source = "orders"'], "'orders' is no source: write sqs:NAME, kinesis:NAME"),
        (['source = "kafka:orders"'], "'kafka:orders' is no source"),
        (['source = "arn:aws:mq:eu-west-1:123456789012:broker:b"'], "is no source"),
        (['source = "sqs:a b"'], "'a b' is no name that sqs has"),
        (['source = "sns:news.fifo"'], "'news.fifo' is no name that sns has"),
        (['source = "arn:aws:sns:eu-west-1:123456789012:news.fifo"'], "queues of SQS alone"),
        (['source = "sqs:orders"', 'function = "carts"'], "there is no 'carts'"),
        (['source = "sqs:orders"', "bisect = true"], "sqs has no bisect; kinesis, dynamodb have"),
        (['source = "s3:uploads"', "batch-size = 2"], "s3 has no batch-size"),
        (['source = "sqs:orders"', "batch-size = 11"], "write batch-window = 1, or more"),
        (['source = "sqs:o.fifo"', "batch-size = 11"], "gives 10 messages at the most"),
        (['source = "sqs:o.fifo"', "batch-window = 1"], "a FIFO queue has no window"),
        (['source = "sqs:orders"', "concurrency = 1"], "a whole number from 2 to 1000"),
        (['source = "sqs:orders"', 'filter = ["{"]'], "this is no JSON"),
        (['source = "sqs:orders"', "filter = [" + "{a=[1]}," * 11 + "]"], "ten patterns"),
        (['source = "kinesis:clicks"', "max-age = 59"], "60 to 604800 seconds old"),
        (['source = "kinesis:clicks"', 'on-failure = "dead"'], "'dead' is no ARN of a queue"),
        (['source = "s3:uploads"', 'events = ["ObjectCreated"]'], 'write "s3:ObjectCreated:'),
    ],
)
def test_what_is_wrong_with_a_source_is_said(shop, lines, said):
    with pytest.raises(ConfigError, match=said):
        shop(events_of({"it": lines}))


def test_two_sources_of_a_function_that_do_not_go_together(shop):
    same = {"a": ['source = "sqs:orders"'], "b": [f'source = "{ARN.format("sqs", "orders")}"']}
    with pytest.raises(ConfigError, match=r"users hears sqs:orders already, by events\.a"):
        shop(events_of(same))
    mixed = {
        "a": ['source = "sqs:orders"'],
        "b": ['source = "kinesis:clicks"', "partial-batch = false"],
    }
    with pytest.raises(ConfigError, match=r"events\.a has it otherwise"):
        shop(events_of(mixed))


@pytest.mark.parametrize(
    ("source", "arn", "short"),
    [
        ("sqs:orders-{stage}", ARN.format("sqs", "orders-dev"), "sqs:orders-dev"),
        ("kinesis:clicks", ARN.format("kinesis", "stream/clicks"), "kinesis:clicks"),
        ("dynamodb:carts", ARN.format("dynamodb", "table/carts"), "dynamodb:carts"),
        ("s3:my.uploads", "arn:aws:s3:::my.uploads", "s3:my.uploads"),
        ("sns:news", ARN.format("sns", "news"), "sns:news"),
        ("arn:aws:sqs:us-east-1:999999999999:theirs", None, "sqs:theirs"),
        (
            ARN.format("dynamodb", "table/carts/stream/2026-01-01T00:00:00.000"),
            None,
            "dynamodb:carts",
        ),
    ],
)
def test_a_source_has_an_arn_and_a_short_name(shop, source, arn, short):
    (found,) = shop(events_of({"it": [f'source = "{source}"']})).sources
    assert filled(found.arn, KNOWN) == (arn or source)
    assert (found.short, short_of(filled(found.arn, KNOWN))) == (short, short)


BOTH = """
[tool.adapter.events.orders]
function = "users"
source = "sqs:orders-{stage}"
[tool.adapter.events.carts]
function = "users"
source = "dynamodb:carts"
on-failure = "arn:aws:s3:::dead"
[tool.adapter.stages.prod]
"""


def test_a_role_may_read_what_any_stage_hears(shop):
    found = events.statements(shop(BOTH, functions=("users", "other")), "users")
    rights = [(one["Action"][0], filled(one["Resource"], KNOWN)) for one in found]
    assert rights == [
        ("sqs:ReceiveMessage", [ARN.format("sqs", "orders-dev")]),
        ("dynamodb:DescribeStream", [ARN.format("dynamodb", "table/carts/stream/*")]),
        ("s3:ListBucket", ["arn:aws:s3:::dead"]),
        ("s3:PutObject", ["arn:aws:s3:::dead/*"]),
        ("sqs:ReceiveMessage", [ARN.format("sqs", "orders-prod")]),
    ]
    assert events.statements(shop(BOTH, functions=("users", "other")), "other") == []


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ({"a": ['source = "sqs:orders"']}, True),
        ({"a": ['source = "sqs:orders"', "partial-batch = false"]}, False),
        ({"a": ['source = "s3:uploads"']}, False),
        ({}, False),
    ],
)
def test_batches_are_partial_if_all_sources_of_the_function_are(shop, tables, expected):
    assert events.partial(shop(events_of(tables)), "users") is expected


def test_a_version_goes_from_stage_to_stage_so_that_all_of_them_decide(shop):
    tables = BOTH + "[tool.adapter.stages.prod.events.orders]\npartial-batch = false\n"
    tables += "[tool.adapter.stages.prod.events.carts]\npartial-batch = false\n"
    assert not events.partial(shop(tables, functions=("users", "other")), "users")


# Schedules


@pytest.mark.parametrize(
    ("expression", "timezone", "expected"),
    [
        ("rate(5 minutes)", "Europe/Berlin", False),
        ("cron(0 3 * * ? *)", "UTC", False),
        ("cron(0 3 * * ? *)", "Europe/Berlin", True),
        ("at(2030-01-31T09:00:00)", "UTC", True),
    ],
)
def test_what_a_rule_can_not_do_is_for_scheduler(expression, timezone, expected):
    assert schedules.is_zoned(Schedule("it", expression, "users", timezone=timezone)) is expected


SCHEDULES = """
[tool.adapter.schedules."night.ly"]
expression = "rate(5 minutes)"
[tool.adapter.schedules.berlin]
expression = "cron(0 3 * * ? *)"
timezone = "Europe/Berlin"
[tool.adapter.schedules.input]
expression = "cron(0 3 * * ? *)"
input = {source = "shop", "detail-type" = "price", detail = {}}
enabled = false
"""


def delivered(resource):
    """What the function gets, with the values that AWS puts in."""
    settings = filled(resource.settings, KNOWN)
    target = settings["Targets"][0] if resource.kind == "rule" else settings["Target"]
    template = target.get("InputTransformer", {}).get("InputTemplate") or target["Input"]
    for name, value in {
        "<id>": "1",
        "<aws.scheduler.execution-id>": "1",
        "<time>": "2026-11-21T03:00:00Z",
        "<aws.scheduler.scheduled-time>": "2026-11-21T03:00:00Z",
    }.items():
        template = template.replace(name, value)
    return json.loads(template)


def comparable(event):
    """Without what can't be the same."""
    found = {key: value for key, value in event.items() if key not in ("id", "account", "region")}
    return {**found, "resources": [arn.split(":", 5)[5] for arn in event.get("resources", ())]}


def test_a_function_gets_what_it_gets_on_the_laptop(shop):
    stage = shop(SCHEDULES)
    made = [one for one in schedules.of(stage) if one.kind in ("rule", "schedule")]
    due = datetime(2026, 11, 21, 3, tzinfo=UTC)
    for schedule in stage.project.schedules:
        (resource,) = (one for one in made if one.name == f"shop-dev-{schedule.name}")
        here = json.loads(call_of(schedule, due).payload)
        assert comparable(delivered(resource)) == comparable(here)


def test_the_path_has_the_name_in_the_settings(shop):
    paths = []

    def app(environ, start_response):
        paths.append(environ["PATH_INFO"])
        start_response("204 Done", [])
        return []

    for resource in schedules.of(shop(SCHEDULES)):
        if resource.kind in ("rule", "schedule"):
            Handler(app)(delivered(resource))
    assert paths == [
        "/_events/schedule/night.ly", "/_events/schedule/berlin", "/_events/eventbridge/shop"
    ]  # fmt: skip


def test_names_on_aws_are_as_long_as_they_may_be():
    long = schedules.named("a" * 40, "dev", "b" * 30)
    assert (len(long), long[:45]) == (64, "a" * 40 + "-dev-")
    assert long != schedules.named("a" * 40, "dev", "b" * 31)


def test_ids_of_statements_are_as_long_as_they_may_be(shop):
    tables = f'[tool.adapter.schedules.{"s" * 64}]\nexpression = "rate(1 day)"\n'
    tables += events_of({"n" * 64: ['source = "sns:news"']})
    stage = shop(tables, stage="p" * 32)
    made = [one for one in (*schedules.of(stage), *events.of(stage)) if one.kind == "permission"]
    assert [len(one.name.partition("/")[2]) for one in made] == [100, 100]


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        (
            '[tool.adapter.schedules.warm-users]\nexpression = "rate(1 day)"',
            "adapter warm has a rule",
        ),
        (
            '[tool.adapter.schedules.it]\nexpression = "rate(1 day)"\n'
            f'input = {{a = "{"x" * 8192}"}}',
            "larger than the 8192 bytes",
        ),
    ],
)
def test_schedules_that_can_not_be(shop, tables, said):
    with pytest.raises(DeployError, match=said):
        list(schedules.of(shop(tables)))


# Made, kept, changed, taken away

ALL = SCHEDULES + events_of(
    {
        "orders": ['source = "sqs:orders-{stage}"', "filter = [{body = {a = [1]}}]"],
        "clicks": [
            'source = "kinesis:clicks"',
            f'on-failure = "{ARN.format("sqs", "orders-dev")}"',
        ],
        "carts": ['source = "dynamodb:carts"'],
        "photos": ['source = "s3:uploads"', 'prefix = "photos/"', 'suffix = ".jpg"'],
        "news": ['source = "sns:news"'],
    }
)
MADE = [
    "role", "schedule_group", "permission", "rule", "schedule", "permission", "rule",
    "event_source", "event_source", "event_source", "permission", "notification", "permission",
    "subscription",
]  # fmt: skip


STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
TABLE = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@pytest.fixture(scope="module")
def things(url):
    """What others have made, with things of theirs that must stay."""
    with pytest.MonkeyPatch.context() as patch:
        point_to(patch, url)
        made = AWS()
        for name in ("users", "others"):
            function(made, name, "shop" if name == "users" else "bakery")
        client = made.client
        queue(made, "orders-dev")
        client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
        client("dynamodb").create_table(**TABLE, TableName="carts", StreamSpecification=STREAM)
        client("s3").create_bucket(
            Bucket="uploads", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        client("sns").create_topic(Name="news")
        queue(made, "short", 29)
        queue(made, "scant", 100)
        for name in ("dry", "fading"):
            client("dynamodb").create_table(**{**TABLE, "TableName": name})
        theirs(made)
        yield made


def theirs(aws):
    """A rule, a group, a mapping to an alias, notifications and a subscription of somebody else."""
    other = ARN.format("lambda", "function:others:dev")
    events = aws.client("events")
    events.put_rule(
        Name="shop-dev-theirs", ScheduleExpression="rate(1 day)", Tags=[{"Key": APP, "Value": "b"}]
    )
    events.put_targets(Rule="shop-dev-theirs", Targets=[{"Id": "x", "Arn": other}])
    aws.client("scheduler").create_schedule_group(Name="shop-dev-theirs")
    aws.client("lambda").create_event_source_mapping(
        FunctionName="others:dev", EventSourceArn=ARN.format("sqs", "orders-dev")
    )
    aws.client("lambda").add_permission(
        FunctionName="others:dev",
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
    )
    aws.client("s3").put_bucket_notification_configuration(
        Bucket="uploads",
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [
                {"Id": "theirs", "LambdaFunctionArn": other, "Events": ["s3:ObjectRemoved:*"]}
            ],
            "QueueConfigurations": [
                {
                    "Id": "queued",
                    "QueueArn": ARN.format("sqs", "orders-dev"),
                    "Events": ["s3:ObjectRestore:Post"],
                }
            ],
            "EventBridgeConfiguration": {},
        },
    )
    aws.client("sns").subscribe(
        TopicArn=ARN.format("sns", "news"), Protocol="lambda", Endpoint=other
    )


def there(aws):
    """All that is there, to be compared: of schedules, sources and policies."""
    client = aws.client
    mappings = client("lambda").list_event_source_mappings()["EventSourceMappings"]
    varies = ("UUID", "EventSourceMappingArn", "LastModified", "LastProcessingResult")
    rules = [rule["Name"] for rule in client("events").list_rules()["Rules"]]
    uploads = client("s3").get_bucket_notification_configuration(Bucket="uploads")
    uploads.pop("ResponseMetadata")
    topic = client("sns").list_subscriptions_by_topic(TopicArn=ARN.format("sns", "news"))
    roles = client("iam").list_roles()["Roles"]
    groups = client("scheduler").list_schedule_groups()["ScheduleGroups"]
    return {
        "mappings": sorted(
            json.dumps(
                {k: v for k, v in one.items() if k not in varies}, sort_keys=True, default=str
            )
            for one in mappings
        ),
        "rules": {
            name: client("events").list_targets_by_rule(Rule=name)["Targets"] for name in rules
        },
        "roles": sorted(one["RoleName"] for one in roles),
        "groups": sorted(one["Name"] for one in groups),
        "schedules": sorted(
            one["Name"] for one in client("scheduler").list_schedules()["Schedules"]
        ),
        "bucket": uploads,
        "topic": sorted(one["Endpoint"] for one in topic["Subscriptions"]),
    }


def test_all_is_made_once_and_goes_with_its_settings(aws, things, shop):
    before = there(aws)
    assert done(aws, shop(ALL)) == [("create", kind) for kind in MADE]
    assert done(aws, shop(ALL)) == []
    made = there(aws)
    assert len(made["mappings"]) == len(before["mappings"]) + 3
    assert made["bucket"]["QueueConfigurations"] == before["bucket"]["QueueConfigurations"]
    assert "EventBridgeConfiguration" in made["bucket"]
    gone = done(aws, shop())
    assert sorted(gone) == sorted(("delete", kind) for kind in MADE if kind != "role")
    assert there(aws) == before


BISECT = "BisectBatchOnFunctionError"
EDITS = {
    # what is edited: what it becomes, of which resource, which keys differ then
    "rate(5 minutes)": ("rate(6 minutes)", "shop-dev-night.ly", {"ScheduleExpression"}),
    "enabled = false": ("enabled = true", "shop-dev-input", {"State"}),
    "Europe/Berlin": ("Europe/Rome", "shop-dev-berlin", {"ScheduleExpressionTimezone"}),
    "filter = [{body = {a = [1]}}]": (
        "concurrency = 2\nenabled = false",
        "users:dev/sqs:orders-dev",
        {"FilterCriteria", "ScalingConfig", "Enabled"},
    ),
    "on-failure": ("bisect = true #", "users:dev/kinesis:clicks", {"DestinationConfig", BISECT}),
    'source = "dynamodb:carts"': (
        'source = "dynamodb:carts"\nstarting-position = "TRIM_HORIZON"',
        "users:dev/dynamodb:carts",
        {"StartingPosition"},
    ),
    'suffix = ".jpg"': ("", "users:dev/s3:uploads/photos", {"Filter"}),
}


def test_a_change_of_the_settings_is_told_and_made(aws, things, shop):
    done(aws, shop(ALL))
    tables = ALL
    for old, (new, _, _) in EDITS.items():
        assert old in tables
        tables = tables.replace(old, new)
    for stage in (shop(tables), shop(ALL)):
        changes = planned(aws, stage)
        changed = {one.name: set(one.differences) for one in changes if one.action != "keep"}
        assert changed == {name: keys for _, name, keys in EDITS.values()}
        apply(aws, changes, lambda text: None)
        assert done(aws, stage) == []
    done(aws, shop())


def test_tags_get_to_what_is_there(aws, things, shop):
    """Statements, schedules, notifications and subscriptions can't have some."""
    done(aws, shop(ALL))
    tagged = ALL + "\n[tool.adapter.deploy.tags]\nteam = 'one'\n"
    changes = [one for one in planned(aws, shop(tagged)) if one.action != "keep"]
    kinds = [one.kind for one in changes]
    expected = [kind for kind in MADE if kind in ("role", "rule", "schedule_group", "event_source")]
    assert kinds == expected
    assert {tuple(one.differences) for one in changes} == {("tags",)}
    before = there(aws)
    apply(aws, changes, lambda text: None)
    assert done(aws, shop(tagged)) == []
    assert there(aws) == before
    done(aws, shop())


def test_a_plan_asks_for_each_policy_once(aws, things, shop):
    done(aws, shop(ALL))
    asked = []

    def note(params, **_):
        asked.append(params["FunctionName"])

    events = aws.client("lambda").meta.events
    for call in ("GetPolicy", "ListAliases"):
        events.register(f"provide-client-params.lambda.{call}", note)
    assert {change.action for change in planned(aws, shop(ALL))} == {"keep"}
    assert sorted(asked) == ["users", "users:dev"]
    done(aws, shop())


EACH = SCHEDULES.partition("[tool.adapter.schedules.input]")[0] + events_of(
    {
        "orders": ['source = "sqs:orders-{stage}"'],
        "photos": ['source = "s3:uploads"'],
    }
)


def test_after_each_call_that_fails_the_next_run_goes_on(aws, things, shop):
    before = there(aws)
    done(aws, shop(EACH))
    expected = there(aws)
    done(aws, shop())
    for tables, end in ((EACH, expected), ("", before)):
        stage, failed = shop(tables), set()
        while interrupted(aws, stage, failed):
            pass
        assert len(failed) >= 7
        assert (done(aws, stage), there(aws)) == ([], end)


READS = ("Get", "List", "Describe")


def interrupted(aws, stage, failed):
    """Whether a run failed: at the first call that changes something, and has not failed yet."""

    def before(model, **_):
        if not model.name.startswith(READS) and model.name not in failed:
            failed.add(model.name)
            raise ConnectionError(model.name)

    clients = [aws.client(name) for name in ("iam", "lambda", "events", "scheduler", "s3", "sns")]
    for client in clients:
        client.meta.events.register("before-call", before, unique_id="interrupted")
    try:
        done(aws, stage)
    except ConnectionError:
        return True
    finally:
        for client in clients:
            client.meta.events.unregister("before-call", unique_id="interrupted")
    return False


def test_a_batch_and_its_window_are_told_together(aws):
    told = {"BatchSize": 100, "MaximumBatchingWindowInSeconds": 5}
    name = "users:dev/sqs:orders"
    wanted = Resource("event_source", name, {"Enabled": True, **told})
    with Stubber(aws.client("lambda")) as lambda_:
        lambda_.add_response("update_event_source_mapping", {}, {"UUID": UUID, **told})
        found = Found("event_source", name, {}, UUID)
        event_source.change(aws, wanted, found, {"BatchSize": (10, 100)}, print)
        lambda_.assert_no_pending_responses()


# What AWS would refuse


@pytest.mark.parametrize("source", ["sqs:{}:nowhere", "kinesis:{}:stream/nowhere"])
def test_what_another_account_has_is_left_to_aws(aws, source):
    arn = f"arn:aws:{source.format(f'{REGION}:999999999999')}"
    heard.check(aws, arn, "users:dev", 30)
    assert arn.split(":")[2] != "sqs" or heard.visibility(aws, arn) is None


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("sqs:nowhere", "there is no queue nowhere in this account and region: make it first"),
        ("sqs:short", r"hides a message .* for 29 s, and users:dev may take 30 s.* to 180 s, six"),
        ("kinesis:nowhere", "there is no stream nowhere"),
        ("dynamodb:nowhere", "there is no table nowhere"),
        ("dynamodb:dry", "the table dry has no stream: turn one on"),
        ("s3:nowhere", "there is no bucket nowhere"),
        ("sns:nowhere", "there is no topic nowhere"),
    ],
)
def test_a_source_that_is_not_there_or_not_fit(aws, things, shop, source, said):
    *_, resource = events.of(shop(events_of({"it": [f'source = "{source}"']})))
    with pytest.raises(DeployError, match=said):
        KINDS[resource.kind].create(aws, filled_in(resource, KNOWN), print)


def mapping(shop, source):
    """The only source's, with its texts filled in."""
    (resource,) = events.of(shop(events_of({"it": [f'source = "{source}"']})))
    return filled_in(resource, KNOWN)


def gone(aws, resource):
    event_source.delete(aws, event_source.read(aws, resource))
    return event_source.read(aws, resource) is None


def test_a_queue_that_hides_messages_for_a_short_time_is_told(aws, things, shop):
    told, resource = [], mapping(shop, "sqs:scant")
    event_source.create(aws, resource, told.append)
    (said,) = told
    assert "for 100 s; 180 s, 6 times the function's timeout" in said
    assert gone(aws, resource)


def test_the_mapping_of_a_table_that_is_gone_is_seen_and_not_replaced(aws, things, shop):
    aws.client("dynamodb").update_table(TableName="fading", StreamSpecification=STREAM)
    resource = mapping(shop, "dynamodb:fading")
    event_source.create(aws, resource, print)
    aws.client("dynamodb").delete_table(TableName="fading")
    found = event_source.read(aws, resource)
    assert "/stream/" in found.settings["EventSourceArn"]
    with pytest.raises(DeployError, match="there is no table fading"):
        event_source.change(aws, resource, found, {"EventSourceArn": ("", "")}, print)
    assert gone(aws, resource)


def test_what_is_left_out_again_is_taken_back_in_the_words_of_aws(aws, shop):
    """MiniStack keeps whatever it is told."""
    client, resource = aws.client("lambda"), mapping(shop, "kinesis:clicks")
    found = Found("event_source", resource.name, {}, UUID)
    nothing = {"OnFailure": {"Destination": ""}}
    with Stubber(client) as stub:
        expected = {"UUID": UUID, "DestinationConfig": nothing, "FilterCriteria": {}}
        stub.add_response("update_event_source_mapping", {}, expected)
        differences = dict.fromkeys(("DestinationConfig", "FilterCriteria"), ("", ""))
        event_source.change(aws, resource, found, differences, print)
        stub.assert_no_pending_responses()


def test_a_target_that_eventbridge_refuses_is_an_error(aws, shop):
    """The call succeeds, and says so in its answer alone."""
    (_, resource) = schedules.of(
        shop('[tool.adapter.schedules.it]\nexpression = "rate(1 day)"', app="else")
    )
    refused = {"TargetId": "1", "ErrorCode": "Any", "ErrorMessage": "no such function"}
    with Stubber(aws.client("events")) as stub:
        stub.add_response("put_rule", {})
        stub.add_response("put_targets", {"FailedEntryCount": 1, "FailedEntries": [refused]})
        with pytest.raises(DeployError, match="a target of the rule else-dev-it: no such function"):
            KINDS["rule"].create(aws, filled_in(resource, KNOWN), print)


def test_who_may_not_ask_for_a_queue_is_not_stopped_and_for_a_table_is(aws, shop):
    for service, call, source in (
        ("sqs", "get_queue_url", "sqs:orders"),
        ("dynamodb", "describe_table", "dynamodb:carts"),
    ):
        with Stubber(aws.client(service)) as stub:
            stub.add_client_error(call, "AccessDeniedException")
            if service == "sqs":
                event_source.check(aws, mapping(shop, source))
                continue
            with pytest.raises(DeployError, match="give the stream's ARN as the source"):
                event_source.check(aws, mapping(shop, source))


class RefusedError(ClientError):
    def __init__(self, code, message):
        super().__init__({"Error": {"Code": code, "Message": message}}, "Any")


@pytest.mark.parametrize(
    ("code", "message", "refusals", "calls"),
    [
        ("ValidationException", "The execution role you provide must allow …", 2, 3),
        ("ValidationException", "Invalid Schedule Expression", 1, 1),
        ("AccessDeniedException", "execution role", 1, 1),
        ("ValidationException", "the execution role …", 99, 12),
    ],
)
def test_what_passes_is_waited_for(monkeypatch, code, message, refusals, calls):
    monkeypatch.setattr(patience, "PAUSE_S", 0)
    made = []

    def call():
        made.append(code)
        if len(made) <= refusals:
            raise RefusedError(code, message)
        return "done"

    try:
        assert patience.patiently(call, schedule_kind._PASSING) == "done"
    except RefusedError:
        assert refusals >= calls
    assert len(made) == calls


def test_a_mapping_is_left_alone_until_it_is_settled(aws, things, shop):
    """Lambda takes no change of one that is being made: MiniStack makes them at once."""
    resource = mapping(shop, "sqs:orders-dev")
    event_source.create(aws, resource, print)
    states = ["Creating", "Enabling", "Enabled"]

    def told(parsed, **_):
        for one in parsed.get("EventSourceMappings", [parsed] if "UUID" in parsed else []):
            one["State"] = states.pop(0) if len(states) > 1 else states[0]

    hooked = aws.client("lambda").meta.events
    hooked.register("after-call", told, unique_id="told")
    try:
        found = event_source.read(aws, resource)
    finally:
        hooked.unregister("after-call", unique_id="told")
    assert (states, found.settings["Enabled"]) == (["Enabled"], True)
    assert gone(aws, resource)


# The whole way


def test_what_fails_of_a_batch_comes_again_and_what_did_not_does_not(aws, things, shop):
    variables = {"ADAPTER_PARTIAL_BATCH": "1"}
    function(aws, "partly", "shop", variables)
    address = queue(aws, "parts")
    sqs = aws.client("sqs")
    for body in ("good", "bad", "good"):
        sqs.send_message(QueueUrl=address, MessageBody=body)
    stage = shop(events_of({"it": ['source = "sqs:parts"']}), functions=("partly",))
    assert events.partial(stage, "partly")
    (resource,) = events.of(stage)
    event_source.create(aws, filled_in(resource, KNOWN), print)
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    until, left = time.monotonic() + 60, 3
    while left != 1 and time.monotonic() < until:
        time.sleep(0.05)
        found = sqs.get_queue_attributes(QueueUrl=address, AttributeNames=names)["Attributes"]
        left = sum(int(found[name]) for name in names)
    assert left == 1
