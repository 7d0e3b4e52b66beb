"""Amazon S3 and what speaks its protocol: R2, MinIO and others, by `config.endpoint`.

Source: docs.aws.amazon.com/AmazonS3/latest/API (ListObjectsV2, GetObject, Error responses). boto3 signs and parses;
the requests themselves go through the providers' own HTTP client.
"""

from providers.kit.base import ConnectsByKeys
from providers.kit.connection import Connection, Identity
from providers.kit.errors import CredentialsRefused, ProviderError, Rejected, Transient
from providers.kit.manifest import Feature, Field, Manifest
from providers.kit.s3_client import ClientError, s3_client

WRONG_KEYS = frozenset(
    {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired"}
)
BUSY = frozenset({"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "503", "500", "502", "504"})
# A key that no bucket holds: asking for it tells "may read" (NoSuchKey) from "may not" (AccessDenied).
NO_SUCH_OBJECT = ".koko-permission-check"


class S3(ConnectsByKeys):
    manifest = Manifest(
        slug="s3",
        name="AWS S3",
        category="storage",
        description="Import videos and files from S3 buckets, and export to them",
        features=(Feature("File import", ("s3:ListBucket", "s3:GetObject")), Feature("File export")),
        fields=(
            Field(
                name="accessKeyId",
                hint="the access key id, such as AKIA...",
                secret=True,
                required=True,
                alias="apiKey",
            ),
            Field(name="secretAccessKey", hint="the secret access key", secret=True, required=True, alias="apiSecret"),
            Field(name="sessionToken", hint="the session token of temporary credentials", secret=True),
            Field(
                name="bucket",
                hint="the bucket's name: 3 to 63 lower-case letters, digits, dots and hyphens",
                required=True,
                pattern=r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
            ),
            Field(name="region", hint="the bucket's region, such as us-east-1", pattern=r"[a-z0-9-]{2,32}"),
            Field(name="endpoint", hint="for other services than AWS, such as https://s3.example.com", kind="url"),
            Field(name="prefix", hint="only keys that begin with this"),
            Field(name="forcePathStyle", hint="true where the service wants the bucket in the path", kind="flag"),
        ),
        removal_hint="Delete or rotate the access key in the account that it belongs to.",
    )

    def whoami(self, connection: Connection) -> Identity:
        bucket, prefix = connection.config["bucket"], connection.config.get("prefix", "")
        client = s3_client(self.http, "S3", connection)
        try:
            client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        except ClientError as error:
            raise _translated(error, bucket) from error
        scopes = ["s3:ListBucket"]
        try:
            client.get_object(Bucket=bucket, Key=prefix + NO_SUCH_OBJECT)
            scopes.append("s3:GetObject")
        except ClientError as error:
            if _code(error) == "NoSuchKey":
                scopes.append("s3:GetObject")
            elif _code(error) != "AccessDenied":
                raise _translated(error, bucket) from error
        return Identity(account_id=bucket, account_name=bucket, scopes=tuple(scopes))


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _translated(error: ClientError, bucket: str) -> ProviderError:
    code = _code(error)
    if code in WRONG_KEYS:
        return CredentialsRefused("S3 refused the keys: check accessKeyId and secretAccessKey", reason=code)
    if code in BUSY:
        return Transient("S3 is busy right now", reason=code)
    if code == "NoSuchBucket":
        return Rejected(f"S3 has no bucket named {bucket}: check bucket and endpoint", reason=code)
    if code == "AccessDenied":
        return Rejected(f"The keys may not list the bucket {bucket}: grant s3:ListBucket", reason=code)
    if code == "RequestTimeTooSkewed":
        return Transient("S3 says that our clock is wrong", reason=code)
    return Rejected("S3 refused the request", reason=code)
