"""What is said of a refusal: tables of the codes that AWS answers with, and of boto3's own errors.

https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html, and the pages of each call.
"""

from __future__ import annotations

import re
from typing import NamedTuple

AGAIN = "run the command again, which goes on where it stopped"
_SIGN_IN = "sign in anew (aws sso login, aws login, or aws configure), with the same --profile"
FAILED = "AWS itself failed at {operation} ({code}{request}): wait a minute, and " + AGAIN
ABSENT = "there is no {operation} at that endpoint: {message} ({code})"
_VARIABLES = (
    "the variables are more than the 4 KB that Lambda keeps of them: move some to "
    "[tool.adapter.stages.NAME.settings], or to SSM"
)


class Case(NamedTuple):
    """Where `pattern` is found in "Code: message" of a call of `operation`, `text` says it.

    Its fields are {operation}, {code}, {message}, {request}.
    """

    pattern: str
    text: str
    operation: str | None = None

    def fits(self, answer: str) -> bool:
        return re.match(self.pattern, answer, re.DOTALL) is not None


CASES = [
    # Who asks. The message of a wrong signature has the whole request in it, so it isn't shown.
    Case(
        r"RequestTimeTooSkewed|RequestExpired|\w*Signature\w*: Signature (expired|not yet)",
        "this machine's clock is wrong, or the signature took too long on its way: set the clock "
        "({code})",
    ),
    Case(r"ExpiredToken", f"the credentials have expired: {_SIGN_IN}"),
    Case(
        r"InvalidClientTokenId|UnrecognizedClient|InvalidAccessKeyId|InvalidToken|AuthFailure",
        "AWS does not know these credentials ({code}): `aws configure list` tells where they come "
        "from; and a region that the account hasn't enabled knows none",
    ),
    Case(
        r"SignatureDoesNotMatch|InvalidSignature|IncompleteSignature|MissingAuthenticationToken",
        "the secret access key does not belong to the access key ({code}): `aws configure list` "
        "tells where they come from",
    ),
    Case(
        r"SubscriptionRequired|OptInRequired|NotSignedUp|RegionDisabled|AllAccessDisabled",
        "the account can't use this service here ({code}): finish its registration, or enable the "
        "region, in the console",
    ),
    # Roles, and what others than the caller may do
    Case(
        r".*(cannot be assumed by|must allow .* to assume the role|is not assumable)",
        "the role can't be used yet: a new one takes some seconds until all of AWS knows it; run "
        "the command again, and if that doesn't help, its trust policy must name the service. "
        "AWS says: {message}",
    ),
    Case(
        r"InvalidParameterValue.*execution role does not have permissions",
        "the function's role lacks a right ({message}): add it to [tool.adapter.deploy] "
        "permissions; right after it was added, run the command again",
    ),
    Case(
        r"KMS\w*|.*\bKMS key is invalid",
        "a key of KMS can't be used in {operation} ({code}): is it enabled, and do its policy and "
        "the role allow it? AWS says: {message}",
    ),
    # HEAD has no body, so there is no code but the status.
    Case(
        "403",
        "the bucket is another account's, or you may not look at it: name one of yours in "
        "[tool.adapter.deploy] bucket",
        "HeadBucket",
    ),
    Case("403", "AWS does not allow {operation} ({code}): its caller needs the right to do it"),
    # How much
    Case(
        "TooManyRequests",
        "the function runs as often at a time as it may ({message}): call it again later, or give "
        "it more concurrency",
        "Invoke",
    ),
    Case(
        r"CodeStorageExceeded",
        "the account's space for code in this region is used up: `adapter prune` deletes versions "
        "that no alias names; or have the quota raised (Service Quotas, AWS Lambda)",
    ),
    Case(
        r".*UnreservedConcurrentExecution below",
        "so much concurrency can't be reserved: Lambda keeps some for all functions without (100 "
        'in most accounts): reserve less, or have the quota "Concurrent executions" raised. AWS '
        "says: {message}",
    ),
    Case(
        r".*Unzipped size must be smaller|.*Layers consume more than",
        "code and layers are more than the 250 MB that Lambda unzips: `adapter package` shows what "
        "takes most, and [tool.adapter.package] exclude leaves it out",
    ),
    # Its message has all values in it:
    # https://github.com/github-aws-runners/terraform-aws-github-runner/issues/3594
    Case(r".*exceeded the 4KB limit", _VARIABLES),
    # https://github.com/motdotla/node-lambda/issues/212
    Case(r"RequestEntityTooLarge|RequestTooLarge", _VARIABLES, "UpdateFunctionConfiguration"),
    Case(
        r"RequestTooLarge|RequestEntityTooLarge|EntityTooLarge|413",
        "the request of {operation} is larger than AWS takes ({code}): zips over 50 MB go through "
        "a bucket, [tool.adapter.deploy] bucket names one; `adapter package` shows what takes most",
    ),
    Case(
        r"\w*(Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|PriorRequestNotComplete)",
        "AWS takes no more calls of {operation} for now ({code}): wait a minute, and " + AGAIN,
    ),
    Case(
        r"\w*(LimitExceeded|QuotaExceeded|TooManyBuckets|LimitReached|LengthExceeded)",
        "a quota is used up ({code}): {message}; delete what isn't needed, or have it raised "
        "(Service Quotas in the console)",
    ),
    # Who was first
    Case(
        r"PreconditionFailed|412|ConditionalRequestConflict",
        "somebody else has changed it meanwhile ({operation}): look at what is there now (`adapter "
        "releases`), and run the command again",
    ),
    Case(
        r"\w*Conflict.*(in progress|cannot be performed at this time|Pending|concurrent)|"
        r"ConcurrentModification|OperationAborted|ResourceInUse|ResourceNotReady|"
        r"EntityTemporarilyUnmodifiable",
        "it is just being changed, by AWS or somebody else ({operation}: {message}): wait a "
        "moment, and " + AGAIN,
    ),
    Case(
        r"BucketAlreadyExists",
        "the bucket's name is taken by another account: name one of yours in "
        "[tool.adapter.deploy] bucket",
    ),
    Case(
        r"DeleteConflict|.*[Cc]annot delete",
        "it can't be deleted while something else uses it ({operation}: {message}): remove that "
        "first",
    ),
    Case(
        r"ResourceConflict|EntityAlreadyExists|ResourceAlreadyExists|Conflict|NameConflict|"
        r"\w*AlreadyExists|BucketAlreadyOwnedByYou",
        "the name is taken ({operation}: {message}): if somebody else's command made it just now, "
        "run this one again; else choose another name in pyproject.toml",
    ),
    # What and where
    Case(
        r".*(PermanentRedirect|AuthorizationHeaderMalformed|bucket is in this region)|"
        r"IllegalLocationConstraint|301",
        "the bucket is in another region than the function ({operation}): name one in the same "
        "region in [tool.adapter.deploy] bucket, or say --region",
    ),
    Case(
        r".*(at 'runtime' failed|runtime parameter of .* is no longer supported)|InvalidRuntime",
        "Lambda does not take this runtime (any more): choose another in [tool.adapter] runtime. "
        "AWS says: {message}",
    ),
    Case(
        r"NoSuchBucket|404",
        "there is no such bucket or object ({operation}: {message}): is [tool.adapter.deploy] "
        "bucket right, and the account?",
    ),
    Case(
        r"\w*NotFound|NoSuch|QueueDoesNotExist|NonExistentQueue|AWS\.SimpleQueueService\.NonExist",
        "it isn't there ({operation}: {message}): in another region or account, or deleted "
        "meanwhile; look at --profile and --region, or deploy it (`adapter deploy`)",
    ),
    Case(
        r"InvalidParameter|InvalidRequest|InvalidInput|\w*Validation|MalformedPolicy|"
        r"InvalidEventPattern|BadRequest|\w*InvalidArgument|InvalidAttribute",
        "AWS does not take a value in {operation}: {message} ({code}); it comes of pyproject.toml, "
        "or of an option",
    ),
    Case(
        r"\w*(InternalError|InternalFailure|InternalServer|InternalException|ServiceFailure|"
        r"ServiceUnavailable|ServiceException|Unavailable)|5\d\d",
        FAILED,
    ),
]

CORE = {
    "NoCredentialsError": "no credentials for AWS are found: sign in (aws sso login, aws login, or "
    "aws configure), name a --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "PartialCredentialsError": "half of the credentials are missing in {provider}: set {cred_var}, "
    "or name a --profile",
    "SSOError": f"the SSO session has expired, or there is none: {_SIGN_IN}",
    "LoginError": f"the session of `aws login` has expired, or there is none: {_SIGN_IN}",
    "TokenRetrievalError": f"the SSO session has expired ({{error_msg}}): {_SIGN_IN}",
    "NoAuthTokenError": f"the SSO session has expired, or there is none: {_SIGN_IN}",
    "CredentialRetrievalError": f"{{provider}} gives no credentials ({{error_msg}}): {_SIGN_IN}",
    "MetadataRetrievalError": f"no credentials can be had here ({{error_msg}}): {_SIGN_IN}",
    "RefreshWithMFAUnsupportedError": "the profile asks for a code of MFA, which only the AWS CLI "
    "takes: get temporary credentials (aws sts get-session-token) and set them as variables",
    "InvalidConfigError": "~/.aws/config says something that can't be used: {error_msg}",
    "ConfigParseError": "{path} can't be read as a file of settings: correct it",
    "ConfigNotFound": "there is no file {path}: is AWS_CONFIG_FILE right?",
    "ProfileNotFound": "there is no profile {profile!r} in ~/.aws/config: `aws configure "
    "list-profiles` shows those that are; is --profile or AWS_PROFILE right?",
    "MissingDependencyException": "this kind of signing in needs something more: {msg}",
    "NoRegionError": "no region is set: say --region eu-west-1, set AWS_REGION, or give the "
    "profile one (aws configure set region eu-west-1)",
    "InvalidRegionError": "{region_name!r} is no region: one is written as eu-west-1",
    "UnknownRegionError": "{region_name!r} is no region: one is written as eu-west-1",
    "UnknownEndpointError": "there is no {service_name} in the region {region_name!r}: is it "
    "right?",
    "EndpointProviderError": "there is no endpoint ({msg}): is the region right?",
    "ProxyConnectionError": "the proxy {proxy_url} can't be reached: is HTTPS_PROXY right?",
    "SSLError": "{endpoint_url} has no certificate that is trusted here ({error}): behind a proxy "
    "that opens TLS, set AWS_CA_BUNDLE to its certificates",
    "EndpointConnectionError": "{endpoint_url} can't be reached: is there a network, and are "
    "--region and AWS_ENDPOINT_URL right?",
    "ConnectTimeoutError": "{endpoint_url} does not answer: is there a network, and are --region "
    "and AWS_ENDPOINT_URL right?",
    "ReadTimeoutError": "{endpoint_url} takes too long to answer: " + AGAIN,
    "ConnectionClosedError": "{endpoint_url} broke the connection off: " + AGAIN,
    "ResponseStreamingError": "the answer broke off ({error}): " + AGAIN,
    "IncompleteReadError": "the answer broke off: " + AGAIN,
    "ParamValidationError": "boto3 does not take a value, which comes of pyproject.toml or of an "
    "option: {report}",
}
