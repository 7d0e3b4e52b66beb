"""boto3 over our transport: it signs and parses, `HttpClient` decides where a request may go and for how long.

botocore's `before-send` event may answer a request itself; that is how the transport is swapped.
"""

import functools
import hashlib
import io
import re
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, cast

import orjson
import requests
from botocore.awsrequest import AWSResponse
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError
from requests.structures import CaseInsensitiveDict

from providers.kit.answer import Answer
from providers.kit.connection import Connection
from providers.kit.errors import Rejected
from providers.kit.http import HttpClient, Target
from providers.kit.streams import Stream
from providers.kit.transfers import upload_deadline_s

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef

__all__ = ["BotoCoreError", "ClientError", "ParamValidationError", "ResponseParserError", "S3Clients", "s3_client"]

DEFAULT_REGION = "us-east-1"
OTHER_REGION = ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException")
MOST_CLIENTS = 32
COMPLETING_S = 600.0
"""Putting the parts of a large object together takes S3 minutes."""

_making = threading.Lock()
"""A session makes one client at a time."""
_opening = threading.local()
"""Takes the stream of the object that the current thread is opening."""


class S3Clients:
    """Clients for connections, the last ones used: making one takes as long as many requests."""

    def __init__(self, http: HttpClient, provider: str) -> None:
        self._http = http
        self._provider = provider
        self._kept: OrderedDict[bytes, S3Client] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, connection: Connection) -> "S3Client":
        """Safe to use by several threads."""
        facts = [dict(connection.config), dict(connection.credentials.secrets)]
        # The keys themselves are not kept here.
        known_by = hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).digest()
        with self._lock:
            client = self._kept.pop(known_by, None) or s3_client(self._http, self._provider, connection)
            self._kept[known_by] = client
            while len(self._kept) > MOST_CLIENTS:
                self._kept.popitem(last=False)
        return client

    def open(self, connection: Connection, asked: "GetObjectRequestTypeDef") -> Stream:
        """An object whose bytes are still to be read. Raises what the client's calls raise."""
        opened: list[Stream] = []
        _opening.streams = opened
        try:
            self.of(connection).get_object(**asked)
        except BaseException:
            for stream in opened:
                stream.close()
            raise
        finally:
            _opening.streams = None
        return opened[0]


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

    def send(request: Any, event_name: str, **_: Any) -> Any:
        prepared = requests.PreparedRequest()
        prepared.method, prepared.url, prepared.body = request.method, request.url, request.body
        prepared.headers = CaseInsensitiveDict(
            (name, value.decode() if isinstance(value, bytes) else value) for name, value in request.headers.items()
        )
        target = Target(request.url, endpoint.trusted)
        opened: list[Stream] | None = getattr(_opening, "streams", None)
        if opened is not None and event_name.endswith(".GetObject"):
            stream = http.open_prepared(provider, prepared, target)
            if stream.status < 300:
                opened.append(stream)
                return AWSResponse(request.url, stream.status, cast("Any", stream.headers), cast("Any", io.BytesIO()))
            with stream:
                answer = stream.answer()
        else:
            size = len(request.body) if isinstance(request.body, bytes | bytearray) else 0
            completing = event_name.endswith(".CompleteMultipartUpload")
            answer = http.send(provider, prepared, target, COMPLETING_S if completing else upload_deadline_s(size))
        _refuse_other_region(provider, answer)
        response: Any = AWSResponse(request.url, answer.status, cast("Any", answer.headers), cast("Any", io.BytesIO()))
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
