"""The objects of a bucket as files in folders, and their bytes.

Source: docs.aws.amazon.com/AmazonS3/latest/API (ListObjectsV2, HeadObject, GetObject) and .../userguide
(checking-object-integrity, Versioning). A folder is what keys have in common up to a slash. S3 finds keys by how they
begin, and in no other way: so does a search, within one folder.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from providers.kit.connection import Connection
from providers.kit.errors import Missing, ProtocolBroken, ProviderError, StartOver
from providers.kit.ranges import begins_at, from_byte
from providers.kit.s3.calls import CallsS3, code_of, key_of, name_of, prefix_of, translated
from providers.kit.s3.client import ClientError
from providers.kit.streams import Stream
from providers.kit.transfers import Algorithm, Entry, Listing, ReadsFiles, RemoteFile

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef, ListObjectsV2RequestTypeDef

PAGE = 500
NO_TYPE = frozenset({"binary/octet-stream", "application/octet-stream"})
"""What S3 calls that of which nobody said what it is."""
READING = "s3:GetObject"
LISTING = "s3:ListBucket"


class ReadsObjects(CallsS3, ReadsFiles):
    """The half of S3 that reads."""

    def list_files(self, connection: Connection, folder: str | None, query: str | None, cursor: str | None) -> Listing:
        prefix = prefix_of(connection, folder)
        asked: ListObjectsV2RequestTypeDef = {
            "Bucket": connection.config["bucket"],
            "Prefix": prefix + (query or ""),
            "Delimiter": "/",
            "MaxKeys": PAGE,
        }
        if cursor is not None:
            asked["ContinuationToken"] = cursor
        with self.calling(connection, LISTING) as client:
            try:
                body: Mapping[str, Any] = client.list_objects_v2(**asked)
            except ClientError as error:
                if cursor is not None and code_of(error) == "InvalidArgument":
                    raise StartOver("S3 no longer knows where we were", reason="InvalidArgument") from error
                raise
        folders = [self.require_text(one, "Prefix") for one in body.get("CommonPrefixes", [])]
        objects = body.get("Contents", [])
        if not folders and not objects and cursor is None and folder is not None and not query:
            raise Missing(f"The bucket {connection.config['bucket']} has nothing in such a folder")
        entries = [Entry(path=one, name=name_of(one), kind="folder") for one in folders]
        # A key that ends with a slash stands for a folder that may be empty: for this one.
        entries += [self._entry(one) for one in objects if not self.require_text(one, "Key").endswith("/")]
        more = bool(body.get("IsTruncated"))
        return Listing(
            entries=tuple(entries), cursor=self.require_text(body, "NextContinuationToken") if more else None
        )

    def find_file(self, connection: Connection, path: str) -> RemoteFile:
        key, bucket = key_of(connection, path), connection.config["bucket"]
        with self.calling(connection, READING) as client:
            try:
                found: Mapping[str, Any] = client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
            except ClientError as error:
                raise self._explained(error, connection, key) from error
        size, mime_type = found.get("ContentLength"), found.get("ContentType")
        if not isinstance(size, int):
            raise ProtocolBroken("S3 did not say how large an object is")
        etag, version_id = self.require_text(found, "ETag"), found.get("VersionId")
        source = {"etag": etag}
        # The version "null" is of no versioning, and may be replaced by another.
        if version_id and version_id != "null":
            source["versionId"] = version_id
        return RemoteFile(
            path=key,
            id=key,
            name=name_of(key),
            version=source.get("versionId") or etag.strip('"'),
            size=size,
            mime_type=None if mime_type in NO_TYPE else mime_type,
            checksums=checksums_of(found),
            source=source,
        )

    def open_file(self, connection: Connection, file: RemoteFile, offset: int) -> Stream:
        asked: GetObjectRequestTypeDef = {"Bucket": connection.config["bucket"], "Key": key_of(connection, file.path)}
        if "versionId" in file.source:
            asked["VersionId"] = file.source["versionId"]
        else:
            asked["IfMatch"] = file.source["etag"]
        if offset:
            asked["Range"] = from_byte(offset)["Range"]
        with self.calling(connection, READING):
            stream = self.clients.open(connection, asked)
        if not begins_at(stream, offset, "S3"):
            stream.close()
            raise ProtocolBroken(f"S3 answered unexpectedly (HTTP {stream.status})")
        return stream

    def _entry(self, found: Mapping[str, Any]) -> Entry:
        key, modified = self.require_text(found, "Key"), found.get("LastModified")
        return Entry(
            path=key,
            name=name_of(key),
            kind="file",
            size=found.get("Size"),
            modified_at=int(modified.timestamp() * 1000) if isinstance(modified, datetime) else None,
        )

    def _explained(self, error: ClientError, connection: Connection, key: str) -> ProviderError:
        """HEAD is refused without a word; asked by GET for a byte, S3 says why."""
        bucket = connection.config["bucket"]
        if code_of(error) in ("400", "403"):
            try:
                self.clients.of(connection).get_object(Bucket=bucket, Key=key, Range="bytes=0-0")
            except ClientError as told:
                error = told
        return translated(error, bucket, READING)


def checksums_of(found: Mapping[str, Any]) -> dict[Algorithm, str]:
    """Those in an answer that are of a whole object: what came in parts has checksums of checksums."""
    checksums: dict[Algorithm, str] = {}
    etag = str(found.get("ETag") or "").strip('"')
    encrypted = str(found.get("ServerSideEncryption") or "").startswith("aws:kms") or "SSECustomerAlgorithm" in found
    # In directory buckets (S3 Express) it is a number drawn by lot.
    if re.fullmatch(r"[0-9a-f]{32}", etag) and not encrypted and found.get("StorageClass") != "EXPRESS_ONEZONE":
        checksums["md5"] = etag
    if found.get("ChecksumType") != "COMPOSITE":
        if (sha256 := _hex(found.get("ChecksumSHA256"), 32)) is not None:
            checksums["sha256"] = sha256
        if (sha1 := _hex(found.get("ChecksumSHA1"), 20)) is not None:
            checksums["sha1"] = sha1
    return checksums


def _hex(encoded: Any, length: int) -> str | None:
    """Of a checksum in base64; None for one with a number of parts behind it."""
    try:
        value = base64.b64decode(encoded, validate=True) if isinstance(encoded, str) else b""
    except binascii.Error:
        return None
    return value.hex() if len(value) == length else None
