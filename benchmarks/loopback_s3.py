"""A storage that is never what one waits for: as much of S3 as an import and rclone ask for, by a process of its own.

    python -m benchmarks.loopback_s3 PORT KEY=BYTES...

Objects of one bucket, by HEAD, GET (Range, If-Match) and ListObjects of either version. All are made of the same
random block in memory, over and over, which the kernel sends: no disk is read and no byte passes through Python. Keys
and signatures are not looked at. `GET /counted` tells how many bytes were sent, and begins anew.
"""

import hashlib
import os
import re
import sys
import threading
from collections.abc import Iterator
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

BUCKET = "bench"
BLOCK_BYTES = 16 * 1024 * 1024
MODIFIED_S = 1_768_473_000
MODIFIED = "2026-01-15T10:30:00.000Z"


class Object(NamedTuple):
    """Its size, and its MD5 as S3 has it for what was uploaded at once."""

    size: int
    etag: str


class Bucket:
    """What there is, and how much of it was sent."""

    def __init__(self, sizes: dict[str, int]) -> None:
        block = os.urandom(BLOCK_BYTES)
        self._block = os.memfd_create("block")
        os.write(self._block, block)
        etags = {size: _md5(block, size) for size in set(sizes.values())}
        self.objects = {key: Object(size, f'"{etags[size]}"') for key, size in sizes.items()}
        self._sent = 0
        self._lock = threading.Lock()

    def send(self, socket: int, start: int, end: int) -> None:
        """The bytes of an object from `start` to before `end`."""
        while start < end:
            within = start % BLOCK_BYTES
            count = os.sendfile(socket, self._block, within, min(end - start, BLOCK_BYTES - within))
            start += count
            with self._lock:
                self._sent += count

    def counted(self) -> int:
        with self._lock:
            sent, self._sent = self._sent, 0
        return sent

    def listed(self, prefix: str) -> Iterator[str]:
        yield f'<?xml version="1.0"?><ListBucketResult><Name>{BUCKET}</Name><IsTruncated>false</IsTruncated>'
        for key in sorted(key for key in self.objects if key.startswith(prefix)):
            size, etag = self.objects[key]
            yield f"<Contents><Key>{key}</Key><LastModified>{MODIFIED}</LastModified><ETag>{etag}</ETag>"
            yield f"<Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        yield "</ListBucketResult>"


def _md5(block: bytes, size: int) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for start in range(0, size, BLOCK_BYTES):
        digest.update(memoryview(block)[: size - start])
    return digest.hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    bucket: Bucket

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        key = unquote(url.path).removeprefix(f"/{BUCKET}").removeprefix("/")
        if url.path == "/counted":
            self._answer(HTTPStatus.OK, str(self.bucket.counted()).encode())
        elif not key:
            prefix = parse_qs(url.query).get("prefix", [""])[0]
            self._answer(HTTPStatus.OK, "".join(self.bucket.listed(prefix)).encode())
        elif (found := self.bucket.objects.get(key)) is None:
            self._answer(HTTPStatus.NOT_FOUND, b"<Error><Code>NoSuchKey</Code></Error>")
        elif self.headers.get("If-Match", found.etag) != found.etag:
            self._answer(HTTPStatus.PRECONDITION_FAILED, b"<Error><Code>PreconditionFailed</Code></Error>")
        else:
            self._send_object(found)

    do_HEAD = do_GET

    def _send_object(self, found: Object) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start, end = 0, found.size
        if asked is not None:
            start, end = int(asked[1]), min(int(asked[2] or found.size) + 1, found.size)
        self.send_response(HTTPStatus.OK if asked is None else HTTPStatus.PARTIAL_CONTENT)
        if asked is not None:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{found.size}")
        self.send_header("Content-Length", str(end - start))
        self.send_header("ETag", found.etag)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Last-Modified", formatdate(MODIFIED_S, usegmt=True))
        self.end_headers()
        if self.command == "GET":
            try:
                self.bucket.send(self.connection.fileno(), start, end)
            except (BrokenPipeError, ConnectionResetError):
                # Whoever read it was killed.
                self.close_connection = True

    def _answer(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing to anybody."""


def main() -> None:
    port, *given = sys.argv[1:]
    sizes = {key: int(size) for key, _, size in (one.partition("=") for one in given)}
    _Handler.bucket = Bucket(sizes)
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), _Handler)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main()
