"""boto3 over our transport: it signs and parses, `HttpClient` decides where a request may go and for how long.

botocore's `before-send` event may answer a request itself; that is how the transport is swapped.
"""

import functools
import re
import threading
from typing import TYPE_CHECKING, Any, cast

import requests
from botocore.awsrequest import AWSResponse
from botocore.client import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from requests.structures import CaseInsensitiveDict

from providers.kit.answer import Answer
from providers.kit.connection import Connection
from providers.kit.errors import Rejected
from providers.kit.http import DEADLINE_S, HttpClient, Target

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_s3 import S3Client

__all__ = ["ClientError", "ResponseParserError", "s3_client"]

DEFAULT_REGION = "us-east-1"
OTHER_REGION = ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException")

_making = threading.Lock()
"""A session makes one client at a time."""


def s3_client(http: HttpClient, provider: str, connection: Connection) -> "S3Client":
    """A boto3 S3 client for the connection's keys, bucket, region and endpoint.

    Its calls raise ClientError for what S3 refuses and ProviderError for what the network does.
    """
    config, secrets = connection.config, connection.credentials.secrets
    region = config.get("region") or DEFAULT_REGION
    chosen = config.get("endpoint")
    endpoint = http.target(chosen or f"https://s3.{region}.amazonaws.com")
    overridden = endpoint.trusted or chosen is not None
    path_style = config.get("forcePathStyle", overridden) or "." in config["bucket"]
    with _making:
        client: S3Client = _session().client(
            "s3",
            aws_access_key_id=secrets["accessKeyId"],
            aws_secret_access_key=secrets["secretAccessKey"],
            aws_session_token=secrets.get("sessionToken"),
            region_name=region,
            endpoint_url=endpoint.url if overridden else None,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path" if path_style else "virtual"},
                retries={"total_max_attempts": 1},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def send(request: Any, **_: Any) -> Any:
        prepared = requests.PreparedRequest()
        prepared.method, prepared.url, prepared.body = request.method, request.url, request.body
        prepared.headers = CaseInsensitiveDict(
            (name, value.decode() if isinstance(value, bytes) else value) for name, value in request.headers.items()
        )
        answer = http.send(provider, prepared, Target(request.url, endpoint.trusted), DEADLINE_S)
        _refuse_other_region(provider, answer)
        response: Any = AWSResponse(request.url, answer.status, cast("Any", answer.headers), None)
        response._content = answer.body
        return response

    # Typed for listeners only; a before-send handler's return value is the answer.
    client.meta.events.register("before-send.s3", cast("Any", send))
    return client


@functools.cache
def _session() -> "boto3.session.Session":
    """One for all: reading what S3 is like takes twenty times as long as making a client. It holds no keys."""
    # Heavy, and of no use to a service that has no S3 connection.
    import boto3

    return boto3.session.Session()


def _refuse_other_region(provider: str, answer: Answer) -> None:
    """Raises Rejected that names the bucket's region; botocore would follow it there on every single call."""
    if answer.status < 300:
        return
    code = next((code for code in OTHER_REGION if f"<Code>{code}</Code>".encode() in answer.body), None)
    if code is None:
        return
    named = re.search(rb"<Region>([a-z0-9-]+)</Region>", answer.body)
    region = answer.headers.get("x-amz-bucket-region") or (named[1].decode() if named else "")
    where = f", {region}" if re.fullmatch(r"[a-z0-9-]+", region) else ""
    raise Rejected(f"{provider}: the bucket is in another region{where}: check region", reason=code)
