"""Bunny Stream: videos by its API, their bytes by TUS 1.0.0.

Source: docs.bunny.net/reference/video_createvideo, docs.bunny.net/stream/tus-resumable-uploads,
tus.io/protocols/resumable-upload.
"""

import base64
import binascii
import hashlib
import hmac
import itertools
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.stand_in import Clock, StandIn

LIBRARY_ID = "424242"
API_KEY = "sandbox-bunny-stream-api-key"
CREATED, UPLOADED = 0, 1
FORGOTTEN_AFTER_S = 86_400


@dataclass
class Video:
    """A video, and its bytes once they are all there."""

    id: str
    title: str
    status: int = CREATED
    content: bytes | None = None


@dataclass
class Upload:
    """A TUS upload: what has arrived so far."""

    video: Video
    length: int
    metadata: dict[str, str]
    began_s: float
    content: bytes = b""


class BunnyStandIn(StandIn):
    slug = "bunny"
    origins = ("https://video.bunnycdn.com",)

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._empty()

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/library/{library_id}/videos", self._create_video, methods=["POST"]),
            Route("/library/{library_id}/videos/{video_id}", self._video, methods=["GET", "DELETE"]),
            Route("/tusupload", self._create_upload, methods=["POST"]),
            Route("/tusupload/{upload_id}", self._upload, methods=["HEAD", "PATCH"]),
        ]

    def announcement(self) -> dict[str, dict[str, Any]]:
        return {self.slug: {"libraryId": LIBRARY_ID, "apiKey": API_KEY}}

    def reset(self) -> None:
        super().reset()
        self._empty()

    def _empty(self) -> None:
        self._numbers = itertools.count(1)
        self.videos: dict[str, Video] = {}
        self.uploads: dict[str, Upload] = {}

    async def _create_video(self, request: Request) -> Response:
        if (refused := _refuse_key(request)) is not None:
            return refused
        body = await request.json()
        if not isinstance(body.get("title"), str) or not body["title"]:
            return _problem(400, "The Title field is required.")
        video = Video(f"00000000-0000-4000-8000-{next(self._numbers):012}", body["title"])
        self.videos[video.id] = video
        return JSONResponse(_shown(video))

    async def _video(self, request: Request) -> Response:
        if (refused := _refuse_key(request)) is not None:
            return refused
        video = self.videos.get(request.path_params["video_id"])
        if video is None:
            return _problem(404, "The requested video was not found")
        if request.method == "DELETE":
            del self.videos[video.id]
            self.uploads = {one: upload for one, upload in self.uploads.items() if upload.video is not video}
            return JSONResponse({"success": True, "message": "OK", "statusCode": 200})
        return JSONResponse(_shown(video))

    async def _create_upload(self, request: Request) -> Response:
        if (refused := self._refuse_signature(request)) is not None:
            return refused
        length = request.headers.get("upload-length", "")
        metadata = _metadata(request.headers.get("upload-metadata", ""))
        if not length.isdecimal() or metadata is None or not metadata.keys() >= {"filetype", "title"}:
            return _tus(400)
        number = f"{next(self._numbers):032x}"
        video = self.videos[request.headers["videoid"]]
        self.uploads[number] = Upload(video, int(length), metadata, self.clock.now_s())
        self._complete(self.uploads[number])
        return _tus(201, {"Location": f"/tusupload/{number}"})

    async def _upload(self, request: Request) -> Response:
        if (refused := self._refuse_signature(request)) is not None:
            return refused
        upload = self.uploads.get(request.path_params["upload_id"])
        if upload is None or upload.began_s + FORGOTTEN_AFTER_S < self.clock.now_s():
            return _tus(404)
        if upload.video.id != request.headers["videoid"]:
            return _tus(401)
        there = {"Upload-Offset": str(len(upload.content))}
        if request.method == "HEAD":
            return _tus(200, there | {"Upload-Length": str(upload.length), "Cache-Control": "no-store"})
        if request.headers.get("content-type") != "application/offset+octet-stream":
            return _tus(415)
        if request.headers.get("upload-offset") != there["Upload-Offset"]:
            return _tus(409)
        content = upload.content + await request.body()
        if len(content) > upload.length:
            return _tus(400)
        upload.content = content
        self._complete(upload)
        return _tus(204, {"Upload-Offset": str(len(content))})

    def _complete(self, upload: Upload) -> None:
        if len(upload.content) == upload.length:
            upload.video.content, upload.video.status = upload.content, UPLOADED

    def _refuse_signature(self, request: Request) -> Response | None:
        if request.headers.get("tus-resumable") != "1.0.0":
            return _tus(412, {"Tus-Version": "1.0.0"})
        names = ("authorizationsignature", "authorizationexpire", "libraryid", "videoid")
        signature, expire, library_id, video_id = (request.headers.get(name, "") for name in names)
        expected = hashlib.sha256(f"{LIBRARY_ID}{API_KEY}{expire}{video_id}".encode()).hexdigest()
        if library_id != LIBRARY_ID or not hmac.compare_digest(signature, expected):
            return _tus(401)
        if not expire.isdecimal() or int(expire) < self.clock.now_s():
            return _tus(401)
        return None if video_id in self.videos else _tus(404)


def _refuse_key(request: Request) -> Response | None:
    if not hmac.compare_digest(request.headers.get("accesskey", ""), API_KEY):
        return _problem(401, "Authorization has been denied for this request.")
    return None if request.path_params["library_id"] == LIBRARY_ID else _problem(404, "Not found")


def _shown(video: Video) -> dict[str, Any]:
    return {
        "videoLibraryId": int(LIBRARY_ID),
        "guid": video.id,
        "title": video.title,
        "status": video.status,
        "storageSize": len(video.content or b""),
        "encodeProgress": 0,
        "length": 0,
    }


def _metadata(text: str) -> dict[str, str] | None:
    found = {}
    for pair in text.split(","):
        name, _, encoded = pair.partition(" ")
        try:
            found[name] = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
    return found


def _problem(status: int, message: str) -> Response:
    return JSONResponse({"success": False, "message": message, "statusCode": status}, status)


def _tus(status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(status_code=status, headers={"Tus-Resumable": "1.0.0", **(headers or {})})
