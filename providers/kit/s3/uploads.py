"""Objects that are written in parts, or at once where one chunk is all.

Source: docs.aws.amazon.com/AmazonS3/latest/API (PutObject, CreateMultipartUpload, UploadPart, ListParts,
CompleteMultipartUpload, AbortMultipartUpload) and .../userguide/conditional-writes.
An object carries a mark of the upload that it comes from: when the last answer was lost, it tells our object from
another of that name.
"""

import base64
import hashlib
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import orjson

from providers.kit.connection import Connection
from providers.kit.errors import AlreadyThere, Rejected, StartOver
from providers.kit.naming import other_names, shown
from providers.kit.s3.calls import DENIED, GONE, CallsS3, code_of, name_of, prefix_of
from providers.kit.s3.client import ClientError
from providers.kit.s3.objects import READING, checksums_of
from providers.kit.transfers import Session, Upload, Uploaded, WritesFiles

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MOST_PARTS = 10_000
MIB = 1024 * 1024
MARK = "koko-upload"
WRITING = "s3:PutObject"
THERE = frozenset({"PreconditionFailed", "412"})
NO_CONDITIONS = frozenset({"NotImplemented", "501"})


@dataclass(frozen=True)
class Token:
    """What an upload goes by. Without an `upload_id` nothing has been sent yet: one chunk will be all."""

    key: str
    mark: str
    upload_id: str | None = None

    @classmethod
    def read(cls, session: Session) -> "Token":
        """Raises StartOver for what is not of our making."""
        try:
            return cls(**orjson.loads(session.token))
        except (orjson.JSONDecodeError, TypeError):
            raise StartOver("It is not known any more how far the upload was") from None

    def __str__(self) -> str:
        return orjson.dumps(asdict(self)).decode()


class WritesObjects(CallsS3, WritesFiles):
    """The half of S3 that writes."""

    def chunk_size(self, upload: Upload) -> int:
        needed = -(-upload.size // MOST_PARTS)
        return max(self.chunk_bytes, -(-needed // MIB) * MIB)

    def begin_upload(self, connection: Connection, upload: Upload) -> Session:
        if not upload.name or "/" in upload.name or upload.name in (".", ".."):
            raise Rejected("This cannot be the name of a file: rename it first")
        bucket = connection.config["bucket"]
        with self.calling(connection, WRITING) as client:
            token = Token(self._free_key(client, connection, upload), secrets.token_hex(16))
            if upload.size > self.chunk_size(upload):
                begun = client.create_multipart_upload(
                    Bucket=bucket, Key=token.key, ContentType=upload.mime_type, Metadata={MARK: token.mark}
                )
                token = Token(token.key, token.mark, self.require_text(begun, "UploadId"))
        return Session(token=str(token))

    def resume_upload(self, connection: Connection, upload: Upload, session: Session) -> Session:
        token, size = Token.read(session), self.chunk_size(upload)
        if token.upload_id is None:
            return Session(token=session.token)
        # The last part is sent again, whatever has become of it: the file is only there after that.
        last = (upload.size - 1) // size
        with self.calling(connection, "s3:ListMultipartUploadParts") as client:
            try:
                there = {number for number, part in self._parts(client, connection, token) if part["Size"] == size}
            except ClientError as error:
                if code_of(error) != "NoSuchUpload" or self._ours(client, connection, token) is None:
                    raise
                there = set(range(1, last + 1))
        parts = next(number for number in range(last + 1) if number == last or number + 1 not in there)
        return Session(token=session.token, offset=parts * size)

    def upload_chunk(
        self, connection: Connection, upload: Upload, session: Session, chunk: bytes | memoryview
    ) -> Session | Uploaded:
        token, after = Token.read(session), session.offset + len(chunk)
        with self.calling(connection, WRITING) as client:
            if token.upload_id is None:
                return self._put(client, connection, upload, token, chunk)
            try:
                client.upload_part(
                    Bucket=connection.config["bucket"],
                    Key=token.key,
                    UploadId=token.upload_id,
                    PartNumber=session.offset // self.chunk_size(upload) + 1,
                    **_body(chunk),
                )
                if after < upload.size:
                    return Session(token=session.token, offset=after)
                return self._complete(client, connection, upload, token)
            except ClientError as error:
                ours = self._ours(client, connection, token) if code_of(error) == "NoSuchUpload" else None
                if ours is None:
                    raise
                return _uploaded(token.key, upload, ours)

    def abandon_upload(self, connection: Connection, session: Session) -> None:
        token = Token.read(session)
        if token.upload_id is None:
            return
        with self.calling(connection, "s3:AbortMultipartUpload") as client:
            try:
                client.abort_multipart_upload(
                    Bucket=connection.config["bucket"], Key=token.key, UploadId=token.upload_id
                )
            except ClientError as error:
                if code_of(error) not in ("NoSuchUpload", "404"):
                    raise

    def _put(
        self, client: "S3Client", connection: Connection, upload: Upload, token: Token, chunk: bytes | memoryview
    ) -> Uploaded:
        """The whole of a small object."""
        for key in _names(token.key) if upload.conflict == "rename" else (token.key,):
            asked = {"Key": key, "ContentType": upload.mime_type, "Metadata": {MARK: token.mark}, **_body(chunk)}
            written = self._write(client, connection, upload, client.put_object, asked)
            if written is None:
                written = self._ours(client, connection, Token(key, token.mark))
            if written is not None:
                return _uploaded(key, upload, written)
        raise _taken(token.key)

    def _complete(self, client: "S3Client", connection: Connection, upload: Upload, token: Token) -> Uploaded:
        parts = self._parts(client, connection, token)
        if sum(part["Size"] for _, part in parts) != upload.size:
            raise StartOver("S3 does not have every part of the file")
        completed = [{"PartNumber": number, "ETag": part["ETag"]} for number, part in parts]
        asked = {"Key": token.key, "UploadId": token.upload_id, "MultipartUpload": {"Parts": completed}}
        try:
            written = self._write(client, connection, upload, client.complete_multipart_upload, asked)
        except ClientError as error:
            if code_of(error) != "ConditionalRequestConflict":
                raise
            raise StartOver("S3 wants the file once more: something else happened to it meanwhile") from error
        if written is not None:
            return _uploaded(token.key, upload, written)
        self.abandon_upload(connection, Session(token=str(token)))
        if upload.conflict == "rename":
            raise StartOver("Somebody has taken the file's name meanwhile")
        raise _taken(token.key)

    def _write(
        self, client: "S3Client", connection: Connection, upload: Upload, write: Any, asked: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        """None where something is that is not to be replaced. Services that know no conditions are asked before."""
        bucket, written = connection.config["bucket"], None
        try:
            condition = {} if upload.conflict == "replace" else {"IfNoneMatch": "*"}
            written = write(Bucket=bucket, **asked, **condition)
        except ClientError as error:
            if code_of(error) not in NO_CONDITIONS | THERE:
                raise
            if code_of(error) in NO_CONDITIONS and self._head(client, connection, asked["Key"]) is None:
                written = write(Bucket=bucket, **asked)
        return written

    def _free_key(self, client: "S3Client", connection: Connection, upload: Upload) -> str:
        """Where the object is to be. Raises AlreadyThere."""
        key = prefix_of(connection, upload.folder) + upload.name
        if upload.conflict == "replace" or upload.size <= self.chunk_size(upload):
            return key
        for name in _names(key) if upload.conflict == "rename" else (key,):
            try:
                if self._head(client, connection, name) is None:
                    return name
            except ClientError as error:
                if code_of(error) not in DENIED:
                    raise
                if upload.conflict == "rename":
                    raise Rejected(f"The keys may not see which names are taken: grant {READING}") from error
                # Not to be seen, but to be told of in the end.
                return name
        raise _taken(key)

    def _parts(self, client: "S3Client", connection: Connection, token: Token) -> list[tuple[int, Any]]:
        pages = client.get_paginator("list_parts").paginate(
            Bucket=connection.config["bucket"], Key=token.key, UploadId=str(token.upload_id)
        )
        return [(part["PartNumber"], part) for page in pages for part in page.get("Parts", [])]

    def _ours(self, client: "S3Client", connection: Connection, token: Token) -> Mapping[str, Any] | None:
        """The object, if it comes from this very upload."""
        found = self._head(client, connection, token.key)
        return found if found is not None and found.get("Metadata", {}).get(MARK) == token.mark else None

    def _head(self, client: "S3Client", connection: Connection, key: str) -> Mapping[str, Any] | None:
        """What is there, if anything is."""
        try:
            return client.head_object(Bucket=connection.config["bucket"], Key=key)
        except ClientError as error:
            if code_of(error) in GONE:
                return None
            raise


def _body(chunk: bytes | memoryview) -> Any:
    """With its checksum, so that S3 takes nothing that was damaged on the way."""
    digest = hashlib.md5(chunk, usedforsecurity=False).digest()
    return {"Body": bytes(chunk), "ContentMD5": base64.b64encode(digest).decode()}


def _names(key: str) -> Iterator[str]:
    """The key, and others for the same thing."""
    yield key
    folder, slash, name = key.rpartition("/")
    for other in other_names(name):
        yield f"{folder}{slash}{other}"


def _taken(key: str) -> AlreadyThere:
    return AlreadyThere(f"S3 has a file named {shown(name_of(key))} there already")


def _uploaded(key: str, upload: Upload, written: Mapping[str, Any]) -> Uploaded:
    return Uploaded(path=key, name=name_of(key), size=upload.size, checksums=checksums_of(written))
