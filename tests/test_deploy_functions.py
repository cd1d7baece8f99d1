"""Functions on AWS: role, code, version, check and alias, on MiniStack, which runs them."""

import base64
import dataclasses
import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial

import boto3
import pytest
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.exceptions import ClientError
from urllib3 import HTTPResponse

from adapter.deploy import (
    APP,
    STAGE,
    DeployError,
    Sub,
    aliases,
    commit,
    patience,
    publish,
    trial,
    upload,
)
from adapter.deploy import plan as plans
from adapter.deploy.apply import apply
from adapter.deploy.aws import AWS
from adapter.deploy.deployment import deployment
from adapter.deploy.kinds import KINDS, concurrency
from adapter.deploy.kinds import function as function_kind
from adapter.deploy.kinds import role as role_kind
from adapter.deploy.record import Record, parsed, text
from adapter.deploy.wanted import functions, role
from adapter.package import File, Package, archive
from control_plane import ACCOUNT, REGION, ministack, point_to

GOOD = """
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"it works"]
"""
BETTER = f"{GOOD}# and better"
FAILING = """
def app(environ, start_response):
    print("no database at all")
    start_response("503 Service Unavailable", [])
    return []
"""
BROKEN = "import nowhere_to_be_found"

OF_FUNCTIONS = ("role", "log_group", "layer", "function", "concurrency")
_CHANGES = ("Create", "Update", "Put", "Publish", "Delete", "Invoke", "Tag", "Untag")


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with ministack(tmp_path_factory.mktemp("ministack")) as url:
        yield url


@pytest.fixture(scope="module")
def session():
    """boto3's, which reads the description of a service once."""
    return boto3.Session()


@pytest.fixture(autouse=True)
def quick(url, session, monkeypatch):
    point_to(monkeypatch, url)
    monkeypatch.setattr(AWS, "_session", session)
    monkeypatch.setattr(plans, "KINDS", {kind: KINDS[kind] for kind in OF_FUNCTIONS})
    monkeypatch.setattr(publish, "STATE_WAITS_S", (0.05,))
    monkeypatch.setattr(patience, "PAUSE_S", 0.0)


class Watched(AWS):
    """An account whose calls that change something are noted; `hooks` are botocore's, by event."""

    def __init__(self, **hooks):
        super().__init__()
        self.hooks, self.calls = hooks, []

    def client(self, service):
        client = super().client(service)
        if not hasattr(client, "is_watched"):
            client.is_watched = True
            self._watch(client)
        return client

    def once(self, service, patience):
        client = super().once(service, patience)
        self._watch(client)
        return client

    def _watch(self, client):
        client.meta.events.register("provide-client-params", self._note)
        for event, hook in self.hooks.items():
            client.meta.events.register(event.replace("__", ".").replace("_", "-"), hook)

    def _note(self, params, model, **_):
        if model.name.startswith(_CHANGES):
            self.calls.append((model.name, params))

    @property
    def made(self):
        return [name for name, _ in self.calls]

    def told(self, call):
        (found,) = [params for name, params in self.calls if name == call]
        return found


class Shop:
    """A project in a folder, whose functions run in this Python."""

    def __init__(self, folder, name="users", source=GOOD, settings="", functions=()):
        self.folder, self.name, self.source, self.layer = folder, name, source, {}
        self.settings, self.functions = settings, (name, *functions)

    @property
    def packages(self):
        start = f"#!/bin/sh\nexec {sys.executable} -m adapter.runtime\n"
        code = self._zip(self.name, {"main.py": self.source, "bootstrap": start})
        layer = self._zip(f"{self.name}-layer", self.layer) if self.layer else None
        settings = ("main:app", "provided.al2023", "x86_64", {})
        return {name: Package(name, code, layer, *settings) for name in self.functions}

    def _zip(self, name, files):
        made = []
        for path, content in files.items():
            source = self.folder / f"{name}-{path}"
            source.write_text(content)
            made.append(File(path, source, "your files", executable=path == "bootstrap"))
        return archive.write(self.folder / f"{name}.zip", made, name)

    def deployment(self, stage="dev"):
        kinds = 'handler = "main:app"\nruntime = "provided.al2023"\n'
        tables = "".join(f"[tool.adapter.functions.{one}]\n{kinds}" for one in self.functions)
        file = self.folder / "pyproject.toml"
        file.write_text(f'[project]\nname = "shop"\n{tables}{self.settings}')
        return deployment(stage, path=file)

    def wanted(self, stage="dev"):
        return list(functions.of(self.deployment(stage), self.packages))

    def plan(self, aws, stage="dev"):
        return plans.plan(aws, self.wanted(stage), "shop", stage)

    def deploy(self, aws, stage="dev"):
        said = []
        apply(aws, self.plan(aws, stage), said.append)
        return said

    def versions(self, aws):
        return [one["Version"] for one in aliases.versions(aws, self.name)]


def changed(changes):
    return [change.kind for change in changes if change.action != "keep"]


def client_error(code, message):
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


def answering(request, body=b'{"statusCode": 200}', headers=None, **_):
    """Invoke's answer, without what takes most of the time."""
    raw = HTTPResponse(io.BytesIO(body), preload_content=False)
    return AWSResponse(request.url, 200, HeadersDict(headers or {}), raw)


def ready(parsed, **_):
    """Without the half second until a function is."""
    parsed.update(State="Active", LastUpdateStatus="Successful")


READY = {"after_call__lambda__GetFunctionConfiguration": ready}
QUICK = {**READY, "before_send__lambda__Invoke": answering}


# A deployment


def test_the_version_is_called_before_an_alias_names_it_and_made_once(tmp_path):
    shop, aws = Shop(tmp_path, "first"), Watched()
    said = shop.deploy(aws)
    assert aws.made == [
        *("CreateRole", "PutRolePolicy", "CreateLogGroup", "PutRetentionPolicy"),
        *("CreateFunction", "PublishVersion", "Invoke", "CreateAlias"),
    ]
    assert said[-1] == "version 1 of first answers GET / with 200"
    published, invoked = aws.told("PublishVersion"), aws.told("Invoke")
    assert published["CodeSha256"] == shop.packages["first"].function.sha256
    assert published["RevisionId"]
    assert invoked["Qualifier"] == "1"
    assert json.loads(base64.b64decode(invoked["ClientContext"])) == {"custom": {STAGE: "dev"}}
    assert aws.told("CreateFunction")["Tags"] == {APP: "shop"}
    again = Watched()
    assert changed(shop.plan(again)) == []
    shop.deploy(again)
    assert again.made == []
    assert shop.versions(aws) == ["1"]


def test_what_changed_is_changed_and_nothing_else(tmp_path):
    shop = Shop(tmp_path, "changing")
    shop.deploy(Watched(**QUICK))
    shop.source = BETTER
    code = Watched(**QUICK)
    shop.deploy(code)
    assert code.made == ["UpdateFunctionCode", "PublishVersion", "Invoke", "UpdateAlias"]
    moved = code.told("UpdateAlias")
    assert moved["RevisionId"]
    assert moved["RoutingConfig"] == {"AdditionalVersionWeights": {}}
    assert parsed(moved["Description"]).before == "1"
    shop.settings = "[tool.adapter.stages.prod]\nmemory = 512\n"
    memory = Watched(**QUICK)
    shop.deploy(memory, "prod")
    assert memory.made == ["UpdateFunctionConfiguration", "PublishVersion", "Invoke", "CreateAlias"]
    told = memory.told("UpdateFunctionConfiguration")
    assert told.keys() == {"FunctionName", "RevisionId", "MemorySize"}
    assert changed(shop.plan(memory)) == changed(shop.plan(memory, "prod")) == []
    assert shop.versions(memory) == ["3", "2", "1"]


def test_a_new_layer_is_a_new_version_of_the_function(tmp_path):
    shop, aws = Shop(tmp_path, "layered"), Watched(**QUICK)
    shop.layer = {"flask.py": "first = 1"}
    shop.deploy(aws)
    assert changed(shop.plan(aws)) == []
    shop.layer = {"flask.py": "second = 2"}
    assert changed(shop.plan(aws)) == ["layer", "function"]
    shop.deploy(aws)
    assert changed(shop.plan(aws)) == []
    found = function_kind.read(aws, shop.wanted()[-1])
    assert found.settings["Layers"][0].endswith(":layer:layered-layer:2")


def test_a_version_that_can_not_start_gets_no_alias(tmp_path):
    shop, aws = Shop(tmp_path, "broken", BROKEN), Watched(**READY)
    with pytest.raises(DeployError) as failure:
        shop.deploy(aws)
    assert "version 1 of broken is not released, since it fails: " in str(failure.value)
    assert "No module named 'nowhere_to_be_found'" in str(failure.value)
    assert aws.made[-1] == "Invoke"
    assert aliases.read(aws, "broken", "dev") is None
    shop.source = GOOD
    shop.deploy(Watched(**QUICK))
    assert aliases.read(aws, "broken", "dev").version == "2"


def test_a_version_that_fails_leaves_the_alias_as_it_was(tmp_path):
    shop, aws = Shop(tmp_path, "failing"), Watched(**READY)
    shop.deploy(Watched(**QUICK))
    shop.source = FAILING
    for _ in range(2):  # it is made once, and called each time
        with pytest.raises(DeployError) as failure:
            shop.deploy(aws)
    assert "it answers 503. The end of its log:" in str(failure.value)
    assert "no database at all" in str(failure.value)
    assert aws.made == ["UpdateFunctionCode", "PublishVersion", "Invoke", "Invoke"]
    assert aliases.read(aws, "failing", "dev").version == "1"


# Interrupted


class CutOffError(Exception):
    pass


def cut_off(after):
    """An account in which the nth call that changes something is done, and nobody hears of it.

    So is each other way to be interrupted: before that call it is after the one before.
    """
    count = iter(range(1000))

    def fail(model, **_):
        if model.name.startswith(_CHANGES) and next(count) == after:
            raise CutOffError

    return Watched(**QUICK, after_call=fail)


def state(aws, shop):
    """All that is there, but for when it was made."""
    alias = aliases.read(aws, shop.name, "dev")
    there = [[change.action, change.kind, change.found.settings] for change in shop.plan(aws)]
    told = [there, shop.versions(aws), alias.version, alias.record.before]
    return json.dumps(told).replace(shop.name, "shop")


@pytest.mark.parametrize(("is_change", "calls"), [(False, 8), (True, 6)])
def test_cut_off_after_any_call_the_next_run_ends_as_if_nothing_had_been(
    tmp_path, is_change, calls
):
    ends, aws = set(), Watched(**QUICK)
    for after in range(-1, calls):
        shop = Shop(tmp_path, f"cut-{is_change:d}-{after + 1}")
        if is_change:
            shop.deploy(aws)
            shop.source, shop.settings = (
                BETTER,
                "timeout = 7\n[tool.adapter.deploy]\ntracing = true",
            )
        if after >= 0:
            with pytest.raises(CutOffError):
                shop.deploy(cut_off(after))
        before = len(aws.calls)
        shop.deploy(aws)
        ends.add(state(aws, shop))
        if after < 0:
            assert len(aws.calls) - before == calls
    assert len(ends) == 1


# Others


def test_what_is_not_ours_is_refused_and_never_removed(tmp_path):
    shop, aws = Shop(tmp_path, "foreign"), Watched(**QUICK)
    shop.deploy(aws)
    arn = aws.client("lambda").get_function(FunctionName="foreign")["Configuration"]["FunctionArn"]
    aws.client("lambda").untag_resource(Resource=arn, TagKeys=[APP])
    with pytest.raises(DeployError, match="function foreign:dev already, and adapter did not make"):
        shop.plan(aws)
    assert not function_kind.remove(aws, "foreign", "shop")
    aws.client("lambda").tag_resource(Resource=arn, Tags={APP: "shop"})
    assert not function_kind.remove(aws, "foreign", "bakery")
    function_kind.delete(aws, function_kind.read(aws, shop.wanted()[-1]))
    assert aliases.read(aws, "foreign", "dev") is None
    assert function_kind.remove(aws, "foreign", "shop")
    assert "foreign" not in str(aws.client("lambda").list_functions())


def meanwhile(change):
    """A hook by which somebody else is first, once."""
    left = [change]

    def hook(**_):
        if left:
            left.pop()(AWS().client("lambda"))

    return hook


def other_text(client):
    client.update_function_configuration(FunctionName="racing", Description="mine")


def other_alias(client):
    client.update_alias(FunctionName="racing", Name="dev", Description="mine")


@pytest.mark.parametrize(
    ("call", "change"),
    [
        ("UpdateFunctionCode", other_text),
        ("ListVersionsByFunction", other_alias),
    ],
)
def test_who_comes_second_is_told(tmp_path, call, change):
    shop = Shop(tmp_path, "racing")
    shop.deploy(Watched(**QUICK))
    shop.source = f"{BETTER} {call}"
    aws = Watched(**QUICK, **{f"before_call__lambda__{call}": meanwhile(change)})
    with pytest.raises(DeployError, match=r"changed.* meanwhile"):
        shop.deploy(aws)
    assert aliases.read(aws, "racing", "dev").version == "1"


def test_a_change_that_no_revision_tells_of_is_seen_in_what_is_there(tmp_path):
    shop = Shop(tmp_path, "racing-too")
    aws = Watched(
        after_call__lambda__GetFunctionConfiguration=lambda parsed, **_: parsed.update(
            State="Active", LastUpdateStatus="Successful", Timeout=899
        )
    )
    with pytest.raises(DeployError, match=r"somebody else changed racing-too .*\(Timeout\)"):
        shop.deploy(aws)
    assert "PublishVersion" not in aws.made


@pytest.mark.parametrize("times", [3, 100])
def test_a_role_that_lambda_does_not_know_yet_is_waited_for(tmp_path, times):
    said = ("cannot be assumed by Lambda.", "the KMS key is invalid for CreateGrant.")
    left = [client_error("InvalidParameterValueException", each) for each in said * times][:times]

    def refuse(**_):
        if left:
            raise left.pop()

    shop = Shop(tmp_path, f"young-{times}")
    aws = Watched(**QUICK, before_call__lambda__CreateFunction=refuse)
    if times == 100:
        with pytest.raises(ClientError, match="cannot be assumed"):
            shop.deploy(aws)
    else:
        shop.deploy(aws)
        assert aws.made.count("CreateFunction") == 4


def test_an_update_in_progress_is_waited_for(tmp_path):
    left = {"UpdateFunctionCode", "UpdateFunctionConfiguration", "PublishVersion"}

    def refuse(model, **_):
        if model.name in left:
            left.remove(model.name)
            raise client_error("ResourceConflictException", "An update is in progress for resource")

    shop = Shop(tmp_path, "busy")
    shop.deploy(Watched(**QUICK))
    shop.source, shop.settings = BETTER, "timeout = 7\n"
    aws = Watched(**QUICK, before_call=refuse)
    shop.deploy(aws)
    assert not left
    assert aliases.read(aws, "busy", "dev").version == "2"


def test_a_version_that_an_earlier_run_made_is_waited_for(tmp_path):
    shop, states = Shop(tmp_path, "pending"), ["Active", "Pending"]
    with pytest.raises(CutOffError):
        shop.deploy(cut_off(5))
    assert shop.versions(Watched()) == ["1"]

    def slow(parsed, **_):
        is_version = parsed["Version"] == "1" and states
        parsed.update(State=states.pop() if is_version else "Active", LastUpdateStatus="Successful")

    hooks = {**QUICK, "after_call__lambda__GetFunctionConfiguration": slow}
    said = []
    aws = Watched(**{**hooks, "before_call__lambda__Invoke": lambda **_: said.append(len(states))})
    shop.deploy(aws)
    assert said == [0]


@pytest.mark.parametrize(
    ("code", "message", "calls"),
    [
        ("ResourceConflictException", "The function is in the following state: Pending", 2),
        ("ResourceNotReadyException", "its VPC connection is no longer available", 2),
        ("TooManyRequestsException", "Rate Exceeded.", 1),
        ("ServiceException", "anything else", 1),
    ],
)
def test_a_version_that_can_not_be_called_yet_is_called_again(code, message, calls):
    left = [client_error(code, message)]

    def refuse(**_):
        if left:
            raise left.pop()

    hooks = {"before_send__lambda__Invoke": answering, "before_call__lambda__Invoke": refuse}
    aws = Watched(**hooks)
    if calls == 2:
        assert trial.tried(aws, "users", "1", {}, 30).status == 200
    else:
        is_full = code.startswith("Too")
        kind, said = (DeployError, "no environment for it") if is_full else (ClientError, message)
        with pytest.raises(kind, match=said):
            trial.tried(aws, "users", "1", {}, 30)
    assert aws.made == ["Invoke"] * calls


DENIED = json.dumps(
    {
        "errorType": "ClientError",
        "errorMessage": "An error occurred (AccessDeniedException) when calling the "
        "GetParametersByPath operation: User: users-role is not authorized to perform: ssm:Get",
    }
).encode()
FAILED_CALL = {"x-amz-function-error": "Unhandled"}


@pytest.mark.parametrize(
    ("body", "headers", "times", "calls"),
    [
        (DENIED, FAILED_CALL, 2, 3),
        (DENIED, FAILED_CALL, 99, patience.TRIES),
        (b'{"errorType": "ImportError", "errorMessage": "no"}', FAILED_CALL, 99, 1),
        (b'{"statusCode": 500, "body": "AccessDenied"}', {}, 99, 1),
    ],
)
def test_a_right_that_has_not_arrived_yet_is_waited_for(tmp_path, body, headers, times, calls):
    left = [None] * times

    def answer(request, **_):
        late = left and (left.pop() or True)
        return answering(request, body, headers) if late else answering(request)

    shop = Shop(tmp_path, f"right-{calls}-{'500' if not headers else len(body)}")
    aws = Watched(**READY, before_send__lambda__Invoke=answer)
    if calls == 3:
        shop.deploy(aws)
    else:
        with pytest.raises(DeployError) as failure:
            shop.deploy(aws)
        assert ("a second run may pass" in str(failure.value)) == (not headers)
    assert aws.made.count("Invoke") == calls


def test_only_rights_of_this_run_are_waited_for(tmp_path):
    shop = Shop(tmp_path, "rights")
    shop.deploy(Watched(**QUICK))
    shop.source = BETTER
    for settings, calls in (("", 1), ("[tool.adapter.deploy]\nparameters = true", patience.TRIES)):
        shop.settings = settings
        fail = partial(answering, body=DENIED, headers=FAILED_CALL)
        aws = Watched(**READY, before_send__lambda__Invoke=fail)
        with pytest.raises(DeployError, match="it fails: ClientError"):
            shop.deploy(aws)
        assert aws.made.count("Invoke") == calls
    aws = Watched(
        **READY,
        before_send__lambda__Invoke=partial(answering, body=b'{"statusCode": 500}'),
    )
    with pytest.raises(DeployError, match=r"since it answers 500\. It has logged nothing"):
        shop.deploy(aws)


def rights_of(aws, name):
    policy = {"RoleName": f"{name}-role", "PolicyName": f"adapter-{REGION}"}
    found = aws.client("iam").get_role_policy(**policy)
    return [one["Action"][0] for one in found["PolicyDocument"]["Statement"]]


def test_a_version_that_stays_keeps_its_rights_until_another_has_its_place(tmp_path):
    shop = Shop(tmp_path, "narrow", settings="[tool.adapter.deploy]\nparameters = true")
    shop.deploy(Watched(**QUICK))
    shop.source, shop.settings = BETTER, "[tool.adapter.deploy]\ntracing = true"
    aws = Watched(**READY, before_send__lambda__Invoke=partial(answering, body=b"{}"))
    with pytest.raises(DeployError, match="is not released"):
        shop.deploy(aws)
    common = "logs:CreateLogStream"
    both = [common, "xray:PutTelemetryRecords", "ssm:GetParametersByPath"]
    assert rights_of(aws, "narrow") == both
    again = Watched(**QUICK)
    shop.deploy(again)
    assert again.made == ["PutRolePolicy", "Invoke", "UpdateAlias", "PutRolePolicy"]
    assert rights_of(again, "narrow") == both[:2]
    assert changed(shop.plan(again)) == []


def test_a_role_that_can_not_have_both_rights_has_the_new_ones(tmp_path):
    def limited(params, **_):
        if "ssm:" in params["PolicyDocument"]:
            answer = {"Error": {"Code": "LimitExceeded", "Message": "Maximum policy size"}}
            raise aws.client("iam").exceptions.LimitExceededException(answer, "PutRolePolicy")

    shop = Shop(tmp_path, "many", settings="[tool.adapter.deploy]\nparameters = true")
    shop.deploy(Watched(**QUICK))
    shop.settings = ""
    aws = Watched(**QUICK, before_parameter_build__iam__PutRolePolicy=limited)
    shop.deploy(aws)
    assert rights_of(aws, "many") == ["logs:CreateLogStream"]


def test_a_function_that_lambda_can_not_start_is_told_with_the_reason(tmp_path):
    def fail(parsed, **_):
        parsed.update(State="Failed", StateReason="the subnet is full")

    shop = Shop(tmp_path, "failed")
    aws = Watched(after_call__lambda__GetFunctionConfiguration=fail)
    with pytest.raises(DeployError, match="can't start failed: the subnet is full"):
        shop.deploy(aws)


REPORT = {"durationMs": 7.6, "billedDurationMs": 8, "memorySizeMB": 128, "initDurationMs": 99.4}
LINE = "REPORT RequestId: 1\tDuration: 12.31 ms\tBilled Duration: 423 ms\tMemory Size: 128 MB\t"


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("", "200"),
        (f"START\n{LINE}Init Duration: 410.20 ms\t", "200 in 12 ms, after 410 ms of init"),
        (LINE, "200 in 12 ms"),
        (
            json.dumps({"type": "platform.report", "record": {"metrics": REPORT}}),
            "200 in 8 ms, after 99 ms of init",
        ),
    ],
)
def test_how_the_check_went_is_told_of_the_report(log, said):
    headers = {"x-amz-log-result": base64.b64encode(log.encode()).decode()}
    head = b'{"statusCode": 200}' + bytes(8) + b"the body of an answer that is streamed"
    aws = Watched(before_send__lambda__Invoke=partial(answering, body=head, headers=headers))
    assert trial.tried(aws, "users", "1", {}, 30).text == said


# Uploads


MADE = [
    "PutPublicAccessBlock",
    "PutBucketTagging",
    "PutBucketLifecycleConfiguration",
]
BUCKET = f"adapter-{ACCOUNT}-{REGION}"


def test_a_large_zip_goes_through_a_bucket_that_is_closed_and_has_our_tag(tmp_path, monkeypatch):
    monkeypatch.setattr(upload, "LIMIT", 10)
    shop, aws = Shop(tmp_path, "large"), Watched(**QUICK)
    shop.deploy(aws)
    assert aws.made[4:9] == ["CreateBucket", *MADE, "PutObject"]
    code, s3 = aws.told("CreateFunction")["Code"], aws.client("s3")
    sha256 = base64.b64decode(shop.packages["large"].function.sha256).hex()
    assert code == {"S3Bucket": BUCKET, "S3Key": f"adapter/shop/{sha256}.zip"}
    closed = s3.get_public_access_block(Bucket=BUCKET)
    assert all(closed["PublicAccessBlockConfiguration"].values())
    assert s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"][0]["Key"] == APP
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert code["S3Key"].startswith(rule["Filter"]["Prefix"])
    assert (rule["Status"], rule["Expiration"]["Days"]) == ("Enabled", 7)
    assert placed(shop) == []


def placed(shop, **hooks):
    """The calls that it takes to have the zip where Lambda finds it."""
    aws = Watched(**hooks)
    upload.place(aws, shop.wanted()[-1].given, print)
    return aws.made


def test_a_bucket_that_was_half_made_is_completed_and_no_other_one(tmp_path, monkeypatch):
    monkeypatch.setattr(upload, "LIMIT", 10)
    shop, s3 = Shop(tmp_path, "half"), Watched().client("s3")
    placed(shop)
    for _ in MADE:
        s3.delete_bucket_lifecycle(Bucket=BUCKET)
        assert placed(shop) == MADE
        s3.delete_bucket_tagging(Bucket=BUCKET)
        assert placed(shop) == [], "which somebody took away"
    theirs = {"TagSet": [{"Key": "team", "Value": "one"}]}
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging=theirs)
    s3.delete_bucket_lifecycle(Bucket=BUCKET)
    assert placed(shop) == []
    s3.delete_bucket_tagging(Bucket=BUCKET)
    assert placed(shop) == MADE


def test_a_zip_that_may_be_about_to_expire_is_uploaded_again(tmp_path, monkeypatch):
    monkeypatch.setattr(upload, "LIMIT", 10)
    shop = Shop(tmp_path, "aged", f"{GOOD}# aged")
    aged = datetime.now(UTC) - timedelta(days=6, minutes=1)
    assert placed(shop)[-1] == "PutObject"
    assert placed(shop) == []

    def age(parsed, **_):
        parsed["LastModified"] = aged

    assert placed(shop, after_call__s3__HeadObject=age) == ["PutObject"]


def test_a_bucket_of_somebody_else_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(upload, "LIMIT", 10)

    def refuse(**_):
        raise client_error("403", "Forbidden")

    aws = Watched(before_call__s3__HeadBucket=refuse)
    with pytest.raises(DeployError, match=r"the bucket adapter-.* is somebody else's"):
        upload.place(aws, Shop(tmp_path).wanted()[-1].given, print)
    named = {**Shop(tmp_path).wanted()[-1].given, "bucket": "mine"}
    aws.client("s3").create_bucket(
        Bucket="mine", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    assert upload.place(aws, named, print)["S3Bucket"] == "mine"


# What is wanted

ALL = """
[tool.adapter.deploy]
parameters = true
tracing = true
tables = { ITEMS = "items-{stage}" }
subnets = ["subnet-2", "subnet-1"]
security-groups = ["sg-1"]
redis = "redis://{stage}:6379"
permissions = [{ actions = ["s3:GetObject"], resources = ["arn:aws:s3:::mine/*"] }]
[tool.adapter.stages.dev]
[tool.adapter.stages.prod]
memory = 512
deploy.permissions = [{ actions = ["s3:PutObject"], resources = ["arn:aws:s3:::mine/*"] }]
"""
STREAMS = """
[tool.adapter]
kind = "function_url"
"""
HERE = "arn:${AWS::Partition}:%s:${AWS::Region}:${AWS::AccountId}:%s"


def statements(shop, stage="dev"):
    found = shop.wanted(stage)[0].settings["PolicyDocument"]["Statement"]
    return [
        (
            one["Effect"],
            one["Action"],
            [each.text if isinstance(each, Sub) else each for each in one["Resource"]],
        )
        for one in found
    ]


def test_a_role_has_no_more_rights_than_it_needs(tmp_path):
    logs = HERE % ("logs", "log-group:/aws/lambda/users:*")
    assert statements(Shop(tmp_path)) == [
        ("Allow", ["logs:CreateLogStream", "logs:PutLogEvents"], [logs])
    ]
    shop = Shop(tmp_path, settings=ALL, functions=["jobs"])
    found = statements(shop)
    assert statements(shop, "prod") == found
    tables = [f"table/items-{stage}{end}" for stage in ("dev", "prod") for end in ("", "/index/*")]
    assert found[1:] == [
        ("Allow", ["ssm:GetParametersByPath"], [HERE % ("ssm", "parameter/shop/*")]),
        ("Allow", role._ITEMS, [HERE % ("dynamodb", table) for table in tables]),
        ("Allow", ["lambda:InvokeFunction"], [HERE % ("lambda", "function:jobs:*")]),
        ("Allow", ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"]),
        ("Allow", role._INTERFACES, ["*"]),
        ("Deny", role._INTERFACES, ["*"]),
        ("Allow", ["s3:GetObject"], ["arn:aws:s3:::mine/*"]),
        ("Allow", ["s3:PutObject"], ["arn:aws:s3:::mine/*"]),
    ]


def test_a_websocket_api_s_functions_may_post_to_its_clients(tmp_path):
    shop = Shop(tmp_path, settings='[tool.adapter]\nkind = "websocket"\n')
    clients = HERE % ("execute-api", "*/*/*/@connections/*")
    assert statements(shop)[1:] == [("Allow", ["execute-api:ManageConnections"], [clients])]


def test_what_a_function_is_to_be(tmp_path):
    shop = Shop(
        tmp_path, settings=f"timeout = 2.5\nreserved-concurrency = 3\nstream = true\n{ALL}{STREAMS}"
    )
    found = {resource.kind: resource for resource in shop.wanted("prod")}
    wanted = found["function"].settings
    assert found["function"].name == "users:prod"
    assert (wanted["Timeout"], wanted["MemorySize"]) == (3, 512)
    assert wanted["VpcConfig"]["SubnetIds"] == ["subnet-1", "subnet-2"]
    assert wanted["Environment"]["Variables"] == {
        "ITEMS": "items-prod",
        "REDIS_URL": "redis://prod:6379",
        "ADAPTER_PARAMETERS": "/shop/",
        "ADAPTER_STREAM": "1",
    }
    assert found["concurrency"].settings == {"ReservedConcurrentExecutions": 3}


def test_a_role_of_yours_takes_the_place_of_ours(tmp_path):
    own = "arn:aws:iam::123456789012:role/mine"
    wanted = Shop(tmp_path, settings=f'[tool.adapter.deploy]\nrole = "{own}"').wanted()
    assert [resource.kind for resource in wanted] == ["log_group", "function"]
    assert wanted[-1].settings["Role"] == own
    assert not wanted[-1].given["role"]


@pytest.mark.parametrize(
    ("settings", "changes", "said"),
    [
        ("variables = { AWS_REGION = 'x' }", {}, "Lambda sets AWS_REGION itself"),
        (f"variables = {{ LONG = '{'x' * 4090}' }}", {}, "4101 bytes, and Lambda takes 4096"),
        (
            f"variables = {{ ADAPTER_STREAM = '0' }}\nstream = true\n{STREAMS}",
            {},
            "ADAPTER_STREAM is set by str",
        ),
        ("", {"timeout": 901.0}, "a timeout of 901 s is over 900 s"),
        ("", {"memory": 64}, "64 MB of memory"),
        ("", {"name": "users.v2"}, "no name of a function on Lambda"),
        ("", {"handler": "m" * 129}, "longer than 128"),
    ],
)
def test_what_lambda_would_refuse_is_told_before_any_call(tmp_path, settings, changes, said):
    shop = Shop(tmp_path, settings=settings)
    known = shop.deployment()
    function = dataclasses.replace(known.project.functions["users"], **changes)
    project = dataclasses.replace(known.project, functions={"users": function})
    with pytest.raises(DeployError, match=said):
        list(functions.of(dataclasses.replace(known, project=project), shop.packages))


@pytest.mark.parametrize("runtime", ["nodejs22.x", "python3.9", "provided.al2"])
def test_a_runtime_without_packages_is_refused(tmp_path, runtime):
    shop = Shop(tmp_path)
    package = dataclasses.replace(shop.packages["users"], runtime=runtime)
    with pytest.raises(DeployError, match=f"users has the runtime {runtime}, and adapter"):
        list(functions.of(shop.deployment(), {"users": package}))


@pytest.mark.parametrize(
    ("settings", "handler", "path"),
    [
        ("", "main:app", "/"),
        ("[tool.adapter.deploy]\ncheck = '/health?deep=1'", "main:app", "/health"),
        ("[tool.adapter.deploy]\ncheck = ''", "main:app", None),
        ("reserved-concurrency = 0", "main:app", None),
        ("", "main.handler", None),
    ],
)
def test_only_what_is_known_to_be_a_web_app_is_called(tmp_path, settings, handler, path):
    shop = Shop(tmp_path, settings=settings)
    known = shop.deployment()
    function = dataclasses.replace(known.project.functions["users"], handler=handler)
    event = functions._event(known, function)
    assert (event and event["rawPath"]) == path


def test_a_role_s_name_is_as_long_as_it_may_be():
    assert role.name_of("users") == "users-role"
    names = {role.name_of(f"{'x' * 62}{end}") for end in "ab"}
    assert len(names) == 2
    assert {len(name) for name in names} == {64}


def test_another_region_s_policy_stays_and_keeps_the_role(tmp_path):
    shop, aws = Shop(tmp_path, "regions"), Watched()
    apply(aws, plans.plan(aws, shop.wanted()[:1], "shop", "dev"), print)
    iam, name = aws.client("iam"), "regions-role"
    rights = {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}
    other = json.dumps({"Version": "2012-10-17", "Statement": [rights]})
    iam.put_role_policy(RoleName=name, PolicyName="adapter-us-east-1", PolicyDocument=other)
    found = plans.plan(aws, shop.wanted()[:1], "shop", "dev")[0].found
    role_kind.delete(aws, found)
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["adapter-us-east-1"]
    iam.delete_role_policy(RoleName=name, PolicyName="adapter-us-east-1")
    for _ in range(2):
        role_kind.delete(aws, found)
    assert name not in str(iam.list_roles())


RESERVED = "reserved-concurrency = 2\n"
ALONE = "[tool.adapter.stages.dev]\nreserved-concurrency = 2\n"
REGION_OF_ITS_OWN = "[tool.adapter.stages.dev.deploy]\nregion = 'us-east-1'\n"


def reserved(aws, name):
    """(number, the number that its tag says) of a function."""
    found = AWS().client("lambda").get_function(FunctionName=name)
    number = found.get("Concurrency", {}).get("ReservedConcurrentExecutions")
    return number, found["Tags"].get(concurrency.SET)


def test_concurrency_is_set_and_kept_and_goes_with_its_settings(tmp_path):
    shop, aws = Shop(tmp_path, "reserved", settings=RESERVED), Watched(**QUICK)
    shop.deploy(aws)
    assert aws.made[-2:] == ["TagResource", "PutFunctionConcurrency"]
    assert changed(shop.plan(aws)) == []
    shop.settings = "reserved-concurrency = 3\n"
    (change,) = [one for one in shop.plan(aws) if one.action != "keep"]
    assert change.differences.keys() == {"ReservedConcurrentExecutions", "tags"}
    shop.deploy(aws)
    assert changed(shop.plan(aws)) == []
    assert reserved(aws, "reserved") == (3, "3")
    shop.settings, again = "", Watched(**QUICK)
    (change,) = [one for one in shop.plan(again) if one.action != "keep"]
    assert (change.action, change.kind, change.name) == ("delete", "concurrency", "reserved")
    shop.deploy(again)
    assert again.made == ["DeleteFunctionConcurrency", "UntagResource"]
    assert reserved(aws, "reserved") == (None, None)
    assert changed(shop.plan(again)) == []


@pytest.mark.parametrize(
    ("before", "by_hand", "after", "stage", "left"),
    [
        ("", 4, "", "dev", (4, None)),
        (RESERVED, 4, "", "dev", (4, "2")),
        (RESERVED, 4, RESERVED, "dev", (2, "2")),
        ("", 2, RESERVED, "dev", (2, "2")),
        (ALONE, None, ALONE, "prod", (2, "2")),
        (ALONE, None, ALONE + REGION_OF_ITS_OWN, "prod", (None, None)),
    ],
)
def test_whose_concurrency_goes_and_whose_stays(tmp_path, before, by_hand, after, stage, left):
    name = f"whose-{abs(hash((before, by_hand, after, stage))) % 10**8}"
    shop, aws = Shop(tmp_path, name, settings=before), Watched(**QUICK)
    shop.deploy(aws)
    if by_hand is not None:
        aws.client("lambda").put_function_concurrency(
            FunctionName=name, ReservedConcurrentExecutions=by_hand
        )
    shop.settings = after
    shop.deploy(aws, stage)
    assert reserved(aws, name) == left
    assert changed(shop.plan(aws, stage)) == []


@pytest.mark.parametrize("settings", [RESERVED, ""])
def test_concurrency_that_was_cut_off_is_gone_on_with(tmp_path, settings):
    before = "" if settings else RESERVED
    for after in range(2):
        name = f"cut-reserved-{settings != ''}-{after}"
        shop = Shop(tmp_path, name, settings=before)
        shop.deploy(Watched(**QUICK))
        shop.settings = settings
        with pytest.raises(CutOffError):
            shop.deploy(cut_off(after))
        aws = Watched(**QUICK)
        shop.deploy(aws)
        assert reserved(aws, name) == ((2, "2") if settings else (None, None))
        assert changed(shop.plan(aws)) == []


TEAM = "[tool.adapter.deploy.tags]\nteam = '%s'\n[tool.adapter.stages.dev]\n"
ENV = "[tool.adapter.stages.%s.deploy.tags]\nenv = '%s'\n"


def test_tags_get_to_what_is_there_and_those_of_others_stay(tmp_path):
    shop, aws = Shop(tmp_path, "tagged"), Watched(**QUICK)
    shop.deploy(aws)
    arn = function_kind.arn(aws, "tagged")
    aws.client("lambda").tag_resource(Resource=arn, Tags={"theirs": "1"})
    shop.settings = TEAM % "one"
    changes = [one for one in shop.plan(aws) if one.action != "keep"]
    assert [one.kind for one in changes] == ["role", "log_group", "function"]
    ours = {APP: "shop", "team": "one"}
    assert [one.differences for one in changes] == [{"tags": ({APP: "shop"}, ours)}] * 3
    again = Watched(**QUICK)
    shop.deploy(again)
    assert again.made == ["TagRole", "TagResource", "TagResource"], "and no new version"
    assert [one.found.tags for one in shop.plan(aws)] == [ours, ours, {**ours, "theirs": "1"}]
    assert changed(shop.plan(aws)) == []
    shop.settings = TEAM % "two"
    with pytest.raises(CutOffError):
        shop.deploy(cut_off(1))
    assert changed(shop.plan(aws)) == ["function"]
    shop.deploy(aws)
    assert [one.found.tags["team"] for one in shop.plan(aws)] == ["two"] * 3


def test_what_stages_share_has_the_tags_that_all_of_them_say(tmp_path):
    """Otherwise each deployment would take another one's away."""
    shop = Shop(tmp_path, settings=TEAM % "one" + ENV % ("prod", "prod"))
    one, other = shop.deployment("dev"), shop.deployment("prod")
    assert one.tags == other.tags == {APP: "shop", "team": "one"}
    assert other.stage_tags == {APP: "shop", "team": "one", "env": "prod", STAGE: "prod"}
    shop.settings += "[tool.adapter.stages.prod.deploy]\nregion = 'us-east-1'\n"
    assert shop.deployment("prod").tags == {APP: "shop", "team": "one", "env": "prod"}


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (Record("2026-11-21T21:19:37Z", "alice", "1a2b3c4", "4"), None),
        (Record("2026-11-21T21:19:37Z", "", "", ""), None),
        (Record("2026-11-21T21:19:37Z", "a b", "c" * 99, "4"), ("a_b", "c" * 80)),
    ],
)
def test_a_record_is_read_as_it_was_written(record, told):
    found = parsed(text(record))
    assert len(text(record)) <= 256
    assert (found.by, found.commit) == (told or (record.by, record.commit))
    assert (found.at, found.before) == (record.at, record.before)
    assert parsed("the current release") == Record()


def git(folder, *arguments):
    author = ("-c", "user.name=someone", "-c", "user.email=someone@example.com")
    subprocess.run(["git", *author, *arguments], cwd=folder, check=True, capture_output=True)


def test_the_commit_that_code_comes_from(tmp_path):
    assert commit.of(tmp_path) == ""
    git(tmp_path, "init")
    (tmp_path / "main.py").write_text("first")
    git(tmp_path, "add", "main.py")
    git(tmp_path, "commit", "-m", "a commit")
    clean = commit.of(tmp_path)
    assert clean
    (tmp_path / "main.py").write_text("second")
    assert commit.of(tmp_path) == f"{clean}-dirty"
