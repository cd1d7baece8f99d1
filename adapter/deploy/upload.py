"""How a zip gets to Lambda: in the call itself, or through a bucket of S3 if it is large.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html

Lambda copies it, and then nobody needs it in the bucket any more. In one that is made here a rule
has zips expire after some days. They aren't deleted after the call: another function, or another
run at the same time, may be about to use the same zip, and a run may be cut off before it deletes.
In a bucket that the settings name they stay, as such a rule is its owner's.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..package.limits import UPLOAD, shown
from . import APP, DeployError
from .tags import tags_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..package import Archive
    from . import Tell
    from .aws import AWS

LIMIT = UPLOAD

# The bucket is for all apps of the account and region, and of none of them.
_TAGS = {"TagSet": [{"Key": APP, "Value": ""}]}
_CLOSED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


_PREFIX = "adapter/"
_DAYS = 7
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-expire-general-considerations.html
# What was uploaded in part alone is not to be seen, and costs as much.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpu-abort-incomplete-mpu-lifecycle-config.html
_EXPIRING = {
    "Rules": [
        {
            "ID": "adapter",
            "Status": "Enabled",
            "Filter": {"Prefix": _PREFIX},
            "Expiration": {"Days": _DAYS},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        }
    ]
}


def place(aws: AWS, given: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Where Lambda finds the zip, as its calls have it: {"ZipFile": …} or {"S3Bucket": …, "S3Key"}.

    given  of the resource: its archive, the app, and the bucket that the settings name

    Raises DeployError.
    """
    archive: Archive = given["archive"]
    if archive.zipped <= LIMIT:
        return {"ZipFile": archive.path.read_bytes()}
    bucket = given["bucket"] or _own(aws, tell)
    key = f"{_PREFIX}{given['app']}/{base64.b64decode(archive.sha256).hex()}.zip"
    if not _is_there(aws, bucket, key):
        tell(f"uploading {shown(archive.zipped)} to s3://{bucket}/{key}")
        aws.client("s3").upload_file(str(archive.path), bucket, key)
    return {"S3Bucket": bucket, "S3Key": key}


def _own(aws: AWS, tell: Tell) -> str:
    """The bucket of the account and region, which is made if it isn't there."""
    bucket = f"adapter-{aws.known['AWS::AccountId']}-{aws.known['AWS::Region']}"
    code = _refusal(aws.client("s3").head_bucket, Bucket=bucket, **_owner(aws))
    if code in ("403", "AccessDenied"):
        raise DeployError(
            f"the bucket {bucket} is somebody else's, or you have no right to see it (s3:ListBucket"
            "): name one of yours under [tool.adapter.deploy] bucket"
        )
    if code:
        tell(f"making the bucket {bucket}")
        _make(aws, bucket)
    elif _is_half_made(aws, bucket):
        _complete(aws, bucket)
    return bucket


def _is_half_made(aws: AWS, bucket: str) -> bool:
    """Whether it is ours, or was made and that was all, and lacks its rule."""
    s3 = aws.client("s3")
    rules = _refusal(s3.get_bucket_lifecycle_configuration, Bucket=bucket)
    return rules == "NoSuchLifecycleConfiguration" and _may_be_ours(s3, bucket)


def _may_be_ours(s3: Any, bucket: str) -> bool:
    """Without any tags it may have been made and that was all."""
    code, found = _asked(s3.get_bucket_tagging, Bucket=bucket)
    return code == "NoSuchTagSet" if code else APP in tags_of(found["TagSet"])


def _make(aws: AWS, bucket: str) -> None:
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html: us-east-1 is the
    # region of no constraint, and refused as one
    region = aws.known["AWS::Region"]
    where = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3 = aws.client("s3")
    try:
        s3.create_bucket(Bucket=bucket, **({} if region == "us-east-1" else where))
    except s3.exceptions.BucketAlreadyOwnedByYou:
        pass  # another deployment made it meanwhile
    except s3.exceptions.BucketAlreadyExists:
        raise DeployError(
            f"the bucket {bucket} is somebody else's: name one of yours under "
            "[tool.adapter.deploy] bucket"
        ) from None
    _complete(aws, bucket)


def _complete(aws: AWS, bucket: str) -> None:
    """The rule comes last: with it all is there."""
    s3 = aws.client("s3")
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=_CLOSED)
    s3.put_bucket_tagging(Bucket=bucket, Tagging=_TAGS)
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=_EXPIRING)


def _is_there(aws: AWS, bucket: str, key: str) -> bool:
    """Not what may expire before Lambda has read it: S3 counts whole days."""
    code, found = _asked(aws.client("s3").head_object, Bucket=bucket, Key=key)
    oldest = datetime.now(UTC) - timedelta(days=_DAYS - 1)
    return not code and bool(found["LastModified"] > oldest)


def _owner(aws: AWS) -> dict[str, str]:
    return {"ExpectedBucketOwner": aws.known["AWS::AccountId"]}


def _refusal(call: Any, **arguments: Any) -> str:
    """The code of what S3 says of something that isn't there or isn't ours; "" if all is well."""
    return _asked(call, **arguments)[0]


def _asked(call: Any, **arguments: Any) -> tuple[str, Any]:
    """The same, and the answer if all is well.

    An answer to HEAD has no body, and so no code but the status.
    """
    from botocore.exceptions import ClientError

    try:
        return "", call(**arguments)
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        if code in _AWAY:
            return code, None
        raise


_AWAY = (
    "403",
    "404",
    "AccessDenied",
    "NoSuchBucket",
    "NoSuchKey",
    "NoSuchLifecycleConfiguration",
    "NoSuchTagSet",
)
