"""What AWS refuses, in a sentence with the remedy: of botocore's own errors, and of real ones."""

import re

import boto3
import botocore.exceptions
import click
import pytest
from boto3.exceptions import S3UploadFailedError
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError
from click.testing import CliRunner

from adapter.cli.cloud import account, aws_of, refusals
from adapter.deploy import DeployError
from adapter.deploy.aws import AWS
from adapter.deploy.publish import racing
from adapter.deploy.refusals import sentence
from adapter.deploy.refusals_said import CASES, CORE
from control_plane import CREDENTIALS, ministack, point_to

USER = "arn:aws:iam::123456789012:user/team/alice"
ROLE = "arn:aws:sts::123456789012:assumed-role/Deployer/session-1"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:users"
DENIED = f"User: {USER} is not authorized to perform: lambda:CreateFunction on resource: {FUNCTION}"
POLICY = "arn:aws:organizations::1:policy/o-1/service_control_policy/p-2"
KEY = "AKIAIOSFODNN7EXAMPLE"
TOKEN = "FwoGZXIvYXdzE" * 20


def refused(code, message="", operation="CreateFunction", status=400, **more):
    metadata = {"HTTPStatusCode": status, "RequestId": "0a1b"}
    told = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata, **more}
    return ClientError(told, operation)


# The right that is missing


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            f"{DENIED} because no identity-based policy allows the lambda:CreateFunction action",
            f"the user alice may not do lambda:CreateFunction on {FUNCTION}, which CreateFunction "
            "needs: add this right to the policies of the user alice (IAM), or name another "
            "--profile",
        ),
        (DENIED, "add this right to the policies of the user alice"),
        (DENIED.replace(USER, ROLE), "the role Deployer may not do lambda:CreateFunction on arn"),
        (
            f"User: {ROLE} is not authorized to perform: iam:GetUser on resource: user alice "
            "because no identity-based policy allows the iam:GetUser action",
            "the role Deployer may not do iam:GetUser on user alice, which",
        ),
        (
            f'User: {USER} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::b"'
            " because no resource-based policy allows the s3:PutObject action",
            "s3:PutObject on arn:aws:s3:::b, which CreateFunction needs: no resource-based policy "
            "allows it, so that has to be changed",
        ),
        (
            f"{DENIED} because no permissions boundary allows the lambda:CreateFunction action",
            "no permissions boundary allows it",
        ),
        (f"{DENIED} with an explicit deny", "a policy forbids it"),
        (
            f"{DENIED} with an explicit deny in a service control policy: {POLICY}",
            f"a service control policy ({POLICY}) forbids it",
        ),
        (
            f"{DENIED} with an explicit deny in an identity-based policy",
            "an identity-based policy forbids it",
        ),
        (
            "User: anonymous is not authorized to perform: sts:X",
            "anonymous may not do sts:X, which",
        ),
        ("None", "AWS does not allow CreateFunction (AccessDeniedException): its caller needs"),
        ("Access Denied.", "(AccessDeniedException: Access Denied): its caller needs the right"),
    ],
)
def test_who_lacks_which_right_for_what(message, said):
    assert said in sentence(refused("AccessDeniedException", message, status=403))


# What AWS says


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        ("ExpiredTokenException", "The security token …", "have expired: sign in anew"),
        ("ExpiredToken", "", "have expired: sign in anew"),
        ("InvalidClientTokenId", "The security token …", "AWS does not know these credentials"),
        ("UnrecognizedClientException", "", "AWS does not know these credentials"),
        ("SignatureDoesNotMatch", "The request …", "does not belong to the access key"),
        ("SignatureDoesNotMatch", "Signature expired: 1 is now earlier", "clock is wrong"),
        ("InvalidSignatureException", "Signature not yet current: 2", "clock is wrong"),
        ("RequestTimeTooSkewed", "", "clock is wrong"),
        ("OptInRequired", "", "enable the region"),
        (
            "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda.",
            "the role can't be used yet",
        ),
        (
            "ValidationException",
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the "
            "role.",
            "the role can't be used yet",
        ),
        (
            "InvalidParameterValueException",
            "The provided execution role does not have permissions to call ReceiveMessage on SQS",
            "[tool.adapter.deploy] permissions",
        ),
        ("KMSAccessDeniedException", "Lambda was unable to decrypt", "a key of KMS can't be used"),
        ("CodeStorageExceededException", "Code storage limit exceeded.", "`adapter prune`"),
        (
            "InvalidParameterValueException",
            "Specified ReservedConcurrentExecutions for function decreases account's "
            "UnreservedConcurrentExecution below its minimum value of [100].",
            "reserve less",
        ),
        (
            "InvalidParameterValueException",
            "Unzipped size must be smaller than 262144000 bytes",
            "more than the 250 MB",
        ),
        ("RequestEntityTooLargeException", "Request must be smaller", "go through a bucket"),
        ("TooManyRequestsException", "Rate exceeded", "no more calls of CreateFunction for now"),
        ("ThrottlingException", "Rate exceeded", "wait a minute, and run the command again"),
        ("RequestLimitExceeded", "", "wait a minute"),
        ("LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000", "a quota is used up"),
        ("ServiceQuotaExceededException", "…", "Service Quotas"),
        ("PolicyLengthExceededException", "…", "a quota is used up"),
        ("PreconditionFailedException", "The RevisionId provided …", "has changed it meanwhile"),
        (
            "ResourceConflictException",
            "The operation cannot be performed at this time. An update is in progress for …",
            "it is just being changed",
        ),
        ("ConflictException", "due to concurrent modification", "it is just being changed"),
        ("ConcurrentModificationException", "", "it is just being changed"),
        ("BucketAlreadyExists", "", "taken by another account"),
        ("DeleteConflict", "Cannot delete entity", "while something else uses it"),
        ("ResourceConflictException", "Function already exist: users", "the name is taken"),
        ("EntityAlreadyExists", "Role with name users-role already exists.", "the name is taken"),
        ("ResourceAlreadyExistsException", "", "the name is taken"),
        ("PermanentRedirect", "", "in another region"),
        (
            "InvalidParameterValueException",
            "Error occurred while GetObject. S3 Error Code: PermanentRedirect.",
            "in another region",
        ),
        (
            "ValidationException",
            "1 validation error detected: Value 'python9' at 'runtime' failed to satisfy …",
            "choose another in [tool.adapter] runtime",
        ),
        ("NoSuchBucket", "The specified bucket does not exist", "there is no such bucket"),
        ("ResourceNotFoundException", "Function not found: x", "deploy it (`adapter deploy`)"),
        ("NoSuchEntity", "", "it says no more"),
        (
            "InvalidParameterValueException",
            "Some value.",
            "AWS does not take a value in CreateFunction: Some value (InvalidParameterValue",
        ),
        ("BadRequestException", "Invalid mapping.", "pyproject.toml"),
        ("ServiceException", "…", "AWS itself failed at CreateFunction (ServiceException, request"),
        ("NewCodeException", "News.", "AWS refused CreateFunction: News (NewCodeException)"),
    ],
)
def test_a_code_of_aws_s_is_said_with_a_remedy(code, message, said):
    assert said in sentence(refused(code, message))


@pytest.mark.parametrize(
    ("operation", "code", "said"),
    [
        ("Invoke", "TooManyRequestsException", "the function runs as often at a time as it may"),
        ("HeadBucket", "403", "the bucket is another account's"),
        ("HeadObject", "403", "AWS does not allow HeadObject (403)"),
        ("UpdateFunctionConfiguration", "RequestEntityTooLargeException", "the 4 KB that Lambda"),
    ],
)
def test_some_codes_mean_something_else_in_some_calls(operation, code, said):
    assert said in sentence(refused(code, "Forbidden", operation))


def test_what_fails_with_5xx_is_aws_s_fault_whatever_its_code():
    assert "AWS itself failed at CreateFunction (Oops, request 0a1b)" in sentence(
        refused("Oops", "…", status=500)
    )


def test_what_an_emulator_does_not_have_is_no_fault_of_aws_s():
    said = sentence(refused("InternalFailure", "not in this licence", "GetApis", status=501))
    assert said == "there is no GetApis at that endpoint: not in this licence (InternalFailure)"


@pytest.mark.parametrize(("tries", "also"), [(0, False), (2, True)])
def test_a_race_may_be_with_ourselves_where_a_call_was_tried_again(tries, also):
    error = refused("PreconditionFailedException", "stale", "UpdateFunctionCode", status=412)
    error.response["ResponseMetadata"]["RetryAttempts"] = tries
    with pytest.raises(DeployError) as caught, racing("shop"):
        raise error
    assert ("or an earlier try of this call had arrived" in str(caught.value)) is also


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.pattern[:30])
def test_each_row_of_the_table_can_be_said(case):
    re.compile(case.pattern)
    assert case.text.format_map({"operation": "A", "code": "B", "message": "C", "request": ""})


# What isn't to be said


@pytest.mark.parametrize(
    "message",
    [
        f"… exceeded the 4KB limit. String measured: {{'PASSWORD':'{TOKEN[:20]}'}}",
        f"Value '{{PASS-WORD={TOKEN[:20]}, B=c}}' at 'environment.variables' failed to satisfy",
        f"Encoded authorization failure message: {TOKEN}",
        f"Authorization=AWS4-HMAC-SHA256 Credential={TOKEN[:20]}/x, Signature={TOKEN[:30]}",
        f"the headers were 'x-amz-security-token:{TOKEN[:30]}'",
        f"{KEY} is no key",
        f"proxy http://user:{TOKEN[:13]}@proxy:3128 is away",
    ],
)
@pytest.mark.parametrize("code", ["InvalidParameterValueException", "New", "AccessDenied"])
def test_no_secret_is_repeated(code, message):
    found = sentence(refused(code, message))
    assert "FwoGZX" not in found
    assert KEY not in found


def test_of_a_wrong_signature_the_canonical_request_is_not_shown():
    found = sentence(refused("SignatureDoesNotMatch", f"The Canonical String …\nhost:x\n{TOKEN}"))
    assert "Canonical" not in found


def test_a_sentence_is_one_line_of_bearable_length():
    found = sentence(refused("New", "much\n\tto say " * 200))
    assert "\n" not in found
    assert len(found) == 600


# boto3's own


@pytest.mark.parametrize(
    ("kind", "told", "said"),
    [
        ("NoCredentialsError", {}, "no credentials for AWS are found: sign in"),
        ("PartialCredentialsError", {"provider": "env", "cred_var": "AWS_X"}, "set AWS_X"),
        ("SSOTokenLoadError", {"error_msg": "gone"}, "the SSO session has expired"),
        ("UnauthorizedSSOTokenError", {}, "aws sso login"),
        ("TokenRetrievalError", {"provider": "sso", "error_msg": "Token has expired"}, "sso login"),
        ("ProfileNotFound", {"profile": "nobody"}, "there is no profile 'nobody'"),
        ("NoRegionError", {}, "--region eu-west-1"),
        ("InvalidRegionError", {"region_name": "e u"}, "'e u' is no region"),
        ("ConnectTimeoutError", {"endpoint_url": "https://x"}, "https://x does not answer"),
        ("ReadTimeoutError", {"endpoint_url": "https://x"}, "https://x takes too long"),
        ("ConnectionClosedError", {"endpoint_url": "https://x"}, "run the command again"),
        ("SSLError", {"endpoint_url": "https://x", "error": "e"}, "AWS_CA_BUNDLE"),
        ("ProxyConnectionError", {"proxy_url": "http://a:b@c"}, "http://…@c can't be reached"),
        ("OperationNotPageableError", {"operation_name": "X"}, "boto3 can't go on: Operation"),
        (
            "ParamValidationError",
            {"report": "Invalid type for parameter Environment.Variables.A, value: 5, type: int"},
            "Environment.Variables.A, value: …, type: int",
        ),
    ],
)
def test_an_error_of_boto3_s_is_said_with_a_remedy(kind, told, said):
    assert said in sentence(getattr(botocore.exceptions, kind)(**told))


def test_each_kind_in_the_table_is_one_of_botocore_s():
    kinds = [getattr(botocore.exceptions, name) for name in CORE]
    for kind in kinds:
        fields = set(re.findall(r"{(\w+)", CORE[kind.__name__]))
        assert fields <= {*re.findall(r"{(\w+)}", kind.fmt), "error_msg", "error"}


def test_a_wait_that_came_to_nothing_says_why():
    state = {"State": "Failed", "StateReason": "No such subnet.", "Environment": {"A": TOKEN}}
    assert sentence(WaiterError("FunctionActiveV2", "…", state)) == (
        "AWS did not get there (FunctionActiveV2: No such subnet): run the command again, which "
        "goes on where it stopped"
    )
    late = WaiterError("FunctionUpdated", "Max attempts exceeded. Previously accepted: …", {})
    assert "FunctionUpdated: Max attempts exceeded" in sentence(late)
    denied = refused("AccessDeniedException", DENIED).response
    assert "the user alice may not do" in sentence(WaiterError("FunctionExists", "…", denied))


# Real ones


@click.command()
@account
def who(profile, region):
    with refusals():
        click.echo(aws_of(profile, region).client("lambda").get_function(FunctionName="none"))


@pytest.fixture
def run(monkeypatch):
    """A command, in a shell without anything of AWS's."""
    for name in (*CREDENTIALS, "AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_EC2_METADATA_DISABLED", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, CREDENTIALS[name])

    def invoke(*arguments):
        done = CliRunner().invoke(who, arguments)
        assert done.exit_code == 1
        assert len(done.output.splitlines()) == 1
        return done.output

    return invoke


def test_a_shell_without_credentials_or_region(run, monkeypatch):
    assert "there is no profile 'nobody'" in run("--profile", "nobody")
    assert "no region is set" in run()
    assert "no credentials for AWS are found" in run("--region", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    assert "half of the credentials are missing" in run("--region", "eu-west-1")


def test_an_sso_session_that_is_over(run, monkeypatch, tmp_path):
    text = "sso_start_url=https://x\nsso_region=eu-west-1\nsso_account_id=1\nsso_role_name=r\n"
    (tmp_path / "config").write_text(f"[default]\nregion=eu-west-1\n{text}")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "the SSO session has expired, or there is none" in run()


def test_an_endpoint_that_is_away(run, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setattr("adapter.deploy.aws._RETRIES", {"total_max_attempts": 1})
    assert "http://127.0.0.1:1/" in run("--region", "eu-west-1")
    assert "can't be reached" in run("--region", "eu-west-1")


def test_what_a_control_plane_refuses(tmp_path, monkeypatch):
    with ministack(tmp_path) as url:
        point_to(monkeypatch, url)
        done = CliRunner().invoke(who)
        assert "it isn't there (GetFunction: " in done.output
        s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
        (tmp_path / "zip").write_bytes(b"")
        with pytest.raises(S3UploadFailedError) as caught:
            s3.upload_file(str(tmp_path / "zip"), "no-such-bucket", "key")
        assert "there is no such bucket or object (PutObject" in sentence(caught.value)


def test_an_endpoint_that_is_no_url_is_said(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nowhere")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with pytest.raises(DeployError, match="Is AWS_ENDPOINT_URL a URL"):
        _ = AWS().known
