"""Amazon S3: moto keeps the buckets, a front checks the signatures, which moto does not.

Source: docs.aws.amazon.com/AmazonS3/latest/API, sigv4-auth-using-authorization-header and ErrorResponses.
"""

import asyncio
import contextlib
import hmac
import http.client
import logging
import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.s3.models import FakeDeleteMarker, s3_backends
from moto.server import ThreadedMotoServer
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.files import Files, furnish
from sandbox.kit.stand_in import Clock, StandIn

KEYS = {
    "AKIASANDBOX00000DEMO": "sandbox/secret/access/key/of/the/demo000",
    # These may sign in, and nothing else.
    "AKIASANDBOX0000LIMIT": "sandbox/secret/access/key/without/rights",
}
WITHOUT_RIGHTS = "AKIASANDBOX0000LIMIT"
BUCKET = "koko-demo"
REGION = "us-east-1"
BUCKET_WITH_VERSIONS = "koko-demo-versions"
BUCKET_ELSEWHERE = "koko-demo-frankfurt"
REGION_ELSEWHERE = "eu-central-1"
HOMES = {BUCKET: REGION, BUCKET_WITH_VERSIONS: REGION, BUCKET_ELSEWHERE: REGION_ELSEWHERE}
ACCOUNT = "123456789012"
LONGEST_KEY_BYTES = 1024
OBJECTS = {
    "readme.txt": b"The sandbox's bucket.\n",
    "rushes/scene 1 take 1.mp4": b"\0\0\0\x18ftypmp42" + bytes(1000),
    "rushes/scene 1 take 2.mp4": b"\0\0\0\x18ftypmp42" + bytes(2000),
    "rushes/notes.md": "Übersicht\n".encode(),
}
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)"
)
_NOT_FORWARDED = frozenset({"host", "authorization", "content-length", "connection"})
_NOT_RETURNED = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection", "date", "server"})


class Bucket:
    """The objects of a bucket in moto, by key."""

    def __init__(self, name: str, objects: Mapping[str, bytes]) -> None:
        self._name = name
        self._first = objects
        self._changed: set[str] = set()
        for key in objects:
            self.add(key, objects[key])
        self._changed.clear()

    def keys(self) -> set[str]:
        return {key for key, last in self._bucket.keys.items() if not isinstance(last, FakeDeleteMarker)}

    def read(self, key: str) -> bytes:
        """What an object holds now. Raises KeyError."""
        found = self._moto.get_object(self._name, key)
        if found is None:
            raise KeyError(key)
        content: bytes = found.value
        return content

    def add(self, key: str, content: bytes) -> None:
        """A new object, or another in its place."""
        self.touch(key)
        self._moto.put_object(self._name, key, content)

    def rename(self, key: str, other: str) -> None:
        """S3 knows no renaming: an object is copied and deleted."""
        self.add(other, self.read(key))
        self.delete(key)

    def delete(self, key: str) -> None:
        self.touch(key)
        self._moto.delete_object(self._name, key)

    def touch(self, key: str) -> None:
        """It may be another one, or gone, from now on."""
        self._changed.add(key)

    def unfinished(self) -> int:
        """How many uploads have begun and not ended."""
        return len(self._bucket.multiparts)

    def has_upload(self, upload_id: str) -> bool:
        return upload_id in self._bucket.multiparts

    def expire_uploads(self) -> None:
        """As a rule of the bucket's may say: those that have not ended are given up."""
        self._bucket.multiparts.clear()

    def reset(self) -> None:
        """As at first, but for older versions."""
        self.expire_uploads()
        for key in list(self._changed):
            if key in self._first:
                self.add(key, self._first[key])
            else:
                self.delete(key)
        self._changed.clear()

    @property
    def _moto(self) -> Any:
        return s3_backends[ACCOUNT]["aws"]

    @property
    def _bucket(self) -> Any:
        return self._moto.buckets[self._name]


class S3StandIn(StandIn):
    slug = "s3"
    origins = tuple(f"https://s3.{region}.amazonaws.com" for region in (REGION, REGION_ELSEWHERE, "eu-west-1"))

    def __init__(self, clock: Clock) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._moto.start()
        host, port = self._moto.get_host_and_port()
        self._url = f"http://{host}:{port}"
        self._fill()
        super().__init__(clock)

    def routes(self) -> list[BaseRoute]:
        return [Route("/{path:path}", self._serve, methods=["GET", "HEAD", "PUT", "POST", "DELETE"])]

    def announcement(self) -> dict[str, dict[str, Any]]:
        key, secret = next(iter(KEYS.items()))
        example = {"accessKeyId": key, "secretAccessKey": secret, "bucket": BUCKET, "region": REGION}
        return {self.slug: {"example": example}}

    def _fill(self) -> None:
        for bucket, region in HOMES.items():
            client = boto3.session.Session().client(
                "s3",
                endpoint_url=self._url,
                region_name=region,
                aws_access_key_id="filling",
                aws_secret_access_key="filling",
            )
            where: Any = {} if region == REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            client.create_bucket(Bucket=bucket, **where)
            if bucket == BUCKET_WITH_VERSIONS:
                client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
            client.close()
        tree = Files(Clock(), str, furnish)
        many = {node.path[1:]: node.content for node in tree.by_id.values() if node.content is not None}
        self.files = Bucket(BUCKET, many | OBJECTS)
        self.with_versions = Bucket(BUCKET_WITH_VERSIONS, {})
        self._buckets = {BUCKET: self.files, BUCKET_WITH_VERSIONS: self.with_versions}
        Bucket(BUCKET_ELSEWHERE, OBJECTS)

    def reset(self) -> None:
        super().reset()
        for bucket in self._buckets.values():
            bucket.reset()

    async def _serve(self, request: Request) -> Response:
        body = await request.body()
        refusal = _check_signature(request, body)
        if refusal is not None:
            return refusal
        return await asyncio.to_thread(self._forward, request, body)

    def _forward(self, request: Request, body: bytes) -> Response:
        path = request.scope["raw_path"].decode() + (f"?{request.url.query}" if request.url.query else "")
        headers = {name: value for name, value in request.headers.items() if name not in _NOT_FORWARDED}
        # moto reads the region from the credential, and believes any signature.
        headers["authorization"] = request.headers["authorization"]
        _, name, key = f"{request.scope['path']}/".split("/", 2)
        if len(key.encode()) > LONGEST_KEY_BYTES + 1:
            return _error(400, "KeyTooLongError", "Your key is too long")
        if request.method in ("PUT", "POST", "DELETE") and name in self._buckets:
            self._buckets[name].touch(key.removesuffix("/"))
        upload_id = request.query_params.get("uploadId")
        if request.method == "PUT" and upload_id is not None and not self._buckets[name].has_upload(upload_id):
            return _error(404, "NoSuchUpload", "The specified upload does not exist.")
        # Others would make paths such as a/../b shorter.
        host, port = self._moto.get_host_and_port()
        with contextlib.closing(http.client.HTTPConnection(host, port, timeout=30)) as moto:
            moto.request(request.method, path, body or None, headers)
            answer = moto.getresponse()
            content, told = answer.read(), dict(answer.getheaders())
        if answer.status == 500 and "continuation-token" in request.query_params:
            return _error(400, "InvalidArgument", "The continuation token provided is incorrect")
        kept = {name: value for name, value in told.items() if name.lower() not in _NOT_RETURNED}
        if request.method == "HEAD":
            kept["Content-Length"] = told.get("Content-Length", "0")
        return Response(content, answer.status, kept)


def _check_signature(request: Request, body: bytes) -> Response | None:
    found = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if found is None:
        return _error(403, "AccessDenied", "Access Denied")
    key, _, region, signed_headers, signature = found.groups()
    if key not in KEYS:
        return _error(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
    if not hmac.compare_digest(signature, _sign(request, body, key, region, signed_headers.split(";"))):
        return _error(403, "SignatureDoesNotMatch", "The request signature we calculated does not match yours.")
    if key == WITHOUT_RIGHTS:
        return _error(403, "AccessDenied", "Access Denied")
    bucket = request.url.path.split("/")[1]
    home = HOMES.get(bucket, region)
    if home != region:
        message = f"The authorization header is malformed; the region '{region}' is wrong; expecting '{home}'"
        return _error(400, "AuthorizationHeaderMalformed", message, region=home)
    return None


def _sign(request: Request, body: bytes, key: str, region: str, signed_headers: list[str]) -> str:
    url = f"http://{request.headers['host']}{request.scope['raw_path'].decode()}"
    url += f"?{request.url.query}" if request.url.query else ""
    headers = {name: request.headers.get(name, "") for name in signed_headers}
    copy: Any = AWSRequest(method=request.method, url=url, headers=headers, data=body)
    copy.context["timestamp"] = request.headers.get("x-amz-date", "")
    signer: Any = S3SigV4Auth(Credentials(key, KEYS[key]), "s3", region)
    signature: str = signer.signature(signer.string_to_sign(copy, signer.canonical_request(copy)), copy)
    return signature


def _error(status: int, code: str, message: str, region: str | None = None) -> Response:
    more = f"<Region>{region}</Region>" if region else ""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{escape(message)}</Message>{more}<RequestId>SANDBOX</RequestId></Error>"
    )
    return Response(body, status, media_type="application/xml")
