"""Amazon S3 and what speaks its protocol: R2, MinIO and others, by `config.endpoint`.

Source: docs.aws.amazon.com/AmazonS3/latest/API (ListObjectsV2, GetObject, Error responses). boto3 signs and parses;
the requests themselves go through the providers' own HTTP client. S3 does not tell of changes: each pass lists all that
there is, without a watermark, and what is missing from the list is gone. A folder is what keys have in common up to a
slash.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from providers.kit.base import ConnectsByKeys
from providers.kit.connection import Connection, Identity
from providers.kit.errors import Missing, StartOver
from providers.kit.files import Stores
from providers.kit.items import Item, Page, Pull
from providers.kit.manifest import Feature, Field, Manifest
from providers.kit.s3.calls import code_of, prefix_of
from providers.kit.s3.client import ClientError
from providers.kit.s3.objects import LISTING, READING, ReadsObjects
from providers.kit.s3.uploads import WritesObjects

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ListObjectsV2RequestTypeDef

PAGE = 1000
# A key that no bucket holds: asking for it tells "may read" (NoSuchKey) from "may not" (AccessDenied).
NO_SUCH_OBJECT = ".koko-permission-check"


class S3(ConnectsByKeys, Stores, ReadsObjects, WritesObjects):
    manifest = Manifest(
        slug="s3",
        name="AWS S3",
        category="storage",
        description="Import videos and files from S3 buckets, and export to them",
        features=(
            Feature("File sync", ("s3:ListBucket",)),
            Feature("File import", ("s3:ListBucket", "s3:GetObject")),
            Feature("File export"),
        ),
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
        with self.calling(connection, LISTING) as client:
            client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
            scopes = [LISTING]
            try:
                client.get_object(Bucket=bucket, Key=prefix + NO_SUCH_OBJECT)
                scopes.append(READING)
            except ClientError as error:
                if code_of(error) == "NoSuchKey":
                    scopes.append(READING)
                elif code_of(error) != "AccessDenied":
                    raise
        return Identity(account_id=bucket, account_name=bucket, scopes=tuple(scopes))

    def pull(self, connection: Connection, pull: Pull) -> Page:
        bucket = connection.config["bucket"]
        prefix = prefix_of(connection, pull.container)
        asked: ListObjectsV2RequestTypeDef = {"Bucket": bucket, "Prefix": prefix, "MaxKeys": PAGE}
        if pull.cursor is not None:
            asked["ContinuationToken"] = pull.cursor
        with self.calling(connection, LISTING) as client:
            try:
                body: Mapping[str, Any] = client.list_objects_v2(**asked)
            except ClientError as error:
                if pull.cursor is not None and code_of(error) == "InvalidArgument":
                    raise StartOver("S3 no longer knows where we were", reason="InvalidArgument") from error
                raise
        found = body.get("Contents", [])
        if not found and pull.cursor is None and pull.container is not None:
            raise Missing(f"The bucket {bucket} has nothing in {prefix}: check syncFolder")
        # A key that ends with a slash stands for a folder that may be empty.
        objects = [one for one in found if not str(one.get("Key")).endswith("/")]
        items, skipped = self.read_files(objects, self._read_object, "Key")
        return Page(
            items=items,
            skipped=skipped,
            cursor=self.require_text(body, "NextContinuationToken") if body.get("IsTruncated") else None,
        )

    def _read_object(self, entry: Mapping[str, Any]) -> Item:
        key, modified = self.require_text(entry, "Key"), entry.get("LastModified")
        folder, slash, name = key.rpartition("/")
        return self.file_item(
            "file",
            id=key,
            name=name,
            parent_id=folder + slash or None,
            modified_at=int(modified.timestamp() * 1000) if isinstance(modified, datetime) else None,
            fields={"size": entry.get("Size"), "etag": str(entry.get("ETag") or "").strip('"') or None},
        )
