"""Calling S3: clients for connections, what it refuses in our words, and where a connection's keys are.

Source: docs.aws.amazon.com/AmazonS3/latest/API (Error responses).
"""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from providers.kit.app import AppCredentials
from providers.kit.base import Proves
from providers.kit.connection import Connection
from providers.kit.errors import (
    Changed,
    CredentialsRefused,
    Missing,
    ProtocolBroken,
    ProviderError,
    Rejected,
    StartOver,
    Transient,
)
from providers.kit.http import HttpClient
from providers.kit.s3.client import BotoCoreError, ClientError, ParamValidationError, ResponseParserError, S3Clients

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WRONG_KEYS = frozenset(
    {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired"}
)
BUSY = frozenset(
    "SlowDown ServiceUnavailable InternalError RequestTimeout OperationAborted ConditionalRequestConflict"
    " 500 502 503 504".split()
)
# An answer to HEAD has no body: the status is all that there is.
GONE = frozenset({"NoSuchKey", "404", "MethodNotAllowed", "405"})
OTHER = frozenset({"NoSuchVersion", "PreconditionFailed", "412", "InvalidRange", "416"})
DENIED = frozenset({"AccessDenied", "403"})
NAMELESS = frozenset({"KeyTooLongError", "InvalidURI"})


class CallsS3(Proves):
    """Speaks S3's protocol."""

    def __init__(self, http: HttpClient, app: AppCredentials | None = None) -> None:
        super().__init__(http, app)
        self.clients = S3Clients(http, "S3")

    @contextlib.contextmanager
    def calling(self, connection: Connection, permission: str) -> Iterator["S3Client"]:
        """A client for calls that need a permission. What S3 refuses inside the block is raised as a ProviderError."""
        try:
            yield self.clients.of(connection)
        except ClientError as error:
            raise translated(error, connection.config["bucket"], permission) from error
        except ParamValidationError as error:
            raise Rejected("S3 does not take such a name") from error
        except (BotoCoreError, ResponseParserError) as error:
            raise ProtocolBroken("S3 answered with something that is not what S3 answers") from error


def prefix_of(connection: Connection, folder: str | None) -> str:
    """What the keys of a folder begin with. It is given from the connection's own prefix on, or whole."""
    own: str = connection.config.get("prefix") or ""
    if folder is None:
        return own
    below = folder if folder.endswith("/") else f"{folder}/"
    return below if below.startswith(own) else own + below


def key_of(connection: Connection, path: str) -> str:
    """An object's key, which is given as a folder is. Raises Rejected for what is none."""
    own: str = connection.config.get("prefix") or ""
    key = path if path.startswith(own) else own + path
    if not key or key.endswith("/"):
        raise Rejected("This is a folder of the bucket, not a file")
    return key


def name_of(key: str) -> str:
    """What is after the last slash, but for one at the end."""
    return key.removesuffix("/").rpartition("/")[2] or key


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def translated(error: ClientError, bucket: str, permission: str) -> ProviderError:
    code = code_of(error)
    if code in WRONG_KEYS:
        return CredentialsRefused("S3 refused the keys: check accessKeyId and secretAccessKey", reason=code)
    if code in BUSY:
        return Transient("S3 is busy, or not answering properly right now", reason=code)
    if code == "RequestTimeTooSkewed":
        return Transient("S3 says that our clock is wrong", reason=code)
    if code == "NoSuchBucket":
        return Rejected(f"S3 has no bucket named {bucket}: check bucket and endpoint", reason=code)
    if code in DENIED:
        return Rejected(f"The keys may not do this in the bucket {bucket}: grant {permission}", reason=code)
    if code in GONE:
        return Missing(f"The bucket {bucket} has no such object", reason=code)
    if code in OTHER:
        return Changed("The object in S3 is another one by now", reason=code)
    if code == "NoSuchUpload":
        return StartOver("S3 does not know this upload any more", reason=code)
    if code == "InvalidObjectState":
        return Rejected("The object is archived: restore it in S3 first", reason=code)
    if code in NAMELESS:
        return Rejected("S3 does not take such a name", reason=code)
    return Rejected("S3 refused the request", reason=code)
