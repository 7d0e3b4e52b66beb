"""The asset store in a bucket of S3, R2 or whatever else speaks S3: boto3 has the mechanics.

The operator chose the address, so nothing of it is guarded. Credentials are found where boto3 looks for them.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from koko_integrations.assets.local import translated as of_disk
from koko_integrations.assets.store import (
    AssetMissing,
    AssetStore,
    Progress,
    StoredFile,
    StoreError,
    StoreUnavailable,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_BYTES = 16 * 1024 * 1024
PARTS_AT_ONCE = 4
ATTEMPTS = 5
_POOL_SIZE = 32
_NOT_THERE = ("NoSuchKey", "NoSuchUpload", "404", "NotFound")
_PASSING = ("RequestTimeout", "SlowDown", "Throttling", "ThrottlingException", "TooManyRequests", "InternalError")


class BucketStore(AssetStore):
    """Objects of one bucket. Large files go in parts, a few at once; each part is signed with its SHA-256, so what
    arrives is what was sent."""

    def __init__(self, bucket: str, prefix: str = "", endpoint: str | None = None, region: str | None = None) -> None:
        # Heavy, and of no use to a service that keeps its files in a folder.
        import boto3
        from boto3.s3.transfer import TransferConfig
        from botocore.client import Config

        self._bucket = bucket
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        path_style = endpoint is not None or "." in bucket
        self._client: S3Client = boto3.session.Session().client(
            "s3",
            region_name=region,
            endpoint_url=endpoint,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path" if path_style else "virtual", "payload_signing_enabled": True},
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                max_pool_connections=_POOL_SIZE,
                # Not every store that speaks S3 knows the newer checksums.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
        host = (endpoint or self._client.meta.endpoint_url).rstrip("/")
        scheme, _, rest = host.partition("://")
        self._url = f"{host}/{bucket}" if path_style else f"{scheme}://{bucket}.{rest}"
        self._parts = TransferConfig(
            multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=PARTS_AT_ONCE
        )

    def put(self, staged: Path, key: str, mime_type: str, progress: Progress) -> str:
        with of_disk():
            size = staged.stat().st_size if staged.exists() else None
        with _translated():
            if size is not None:
                self._abort_unfinished(key)
                self._upload(staged, key, mime_type, progress)
            stored = self._client.head_object(Bucket=self._bucket, Key=key)["ContentLength"]
            if size is not None and stored != size:
                self._client.delete_object(Bucket=self._bucket, Key=key)
                raise StoreUnavailable(f"The asset store kept {stored} of {size} bytes")
        with of_disk():
            staged.unlink(missing_ok=True)
        return f"{self._url}/{quote(key)}"

    def open(self, key: str, offset: int = 0) -> StoredFile:
        with _translated():
            wanted: Any = {"Range": f"bytes={offset}-"} if offset else {}
            found = self._client.get_object(Bucket=self._bucket, Key=key, **wanted)
            first, _, whole = found.get("ContentRange", "bytes 0-").partition("/")
            if first.partition("-")[0] != f"bytes {offset}":
                raise StoreError("The asset store sent another part of the file than was asked for")
        return StoredFile(found["Body"], int(whole or found["ContentLength"]), _translated)

    def delete(self, key: str) -> None:
        with _translated():
            self._abort_unfinished(key)
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def _upload(self, staged: Path, key: str, mime_type: str, progress: Progress) -> None:
        from boto3.s3.transfer import ProgressCallbackInvoker, create_transfer_manager

        begun: list[Any] = []
        stopped: list[BaseException] = []

        def tell(count: int) -> None:
            # An error raised here would keep s3transfer from closing its files.
            try:
                if not stopped:
                    progress(count)
            except BaseException as error:  # noqa: BLE001 - raised below
                stopped.append(error)
                for one in begun:
                    one.cancel()

        with create_transfer_manager(self._client, self._parts) as manager:
            more: Any = {"ContentType": mime_type}
            begun.append(manager.upload(str(staged), self._bucket, key, more, [ProgressCallbackInvoker(tell)]))
            if stopped:
                begun[0].cancel()
            try:
                begun[0].result()
            finally:
                if stopped:
                    raise stopped[0]

    def _abort_unfinished(self, key: str) -> None:
        """Gives back the parts that a killed process had sent. Without the permission to look, the bucket's own rules
        have to."""
        from botocore.exceptions import ClientError

        with contextlib.suppress(ClientError):
            begun = self._client.list_multipart_uploads(Bucket=self._bucket, Prefix=key)
            for one in begun.get("Uploads", []):
                if one["Key"] == key:
                    self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=one["UploadId"])


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """What boto3 says inside the block becomes a StoreError."""
    from botocore import exceptions as said

    try:
        yield
    except said.ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code in _NOT_THERE:
            raise AssetMissing("The asset store does not have this file") from None
        if status >= 500 or status == 429 or code in _PASSING:
            raise StoreUnavailable(f"The asset store is not answering properly right now ({code})") from None
        raise StoreError(f"The asset store refused; check its bucket, region and credentials ({code})") from None
    except (said.ConnectionError, said.HTTPClientError, said.IncompleteReadError) as error:
        raise StoreUnavailable("The asset store cannot be reached right now") from error
    except said.BotoCoreError as error:
        raise StoreError(f"The asset store is not set up properly ({type(error).__name__})") from error
