"""Bunny Stream, where videos are played from: a video object by its API, the bytes by TUS 1.0.0 in chunks.

Source: docs.bunny.net/reference/video_createvideo, docs.bunny.net/stream/tus-resumable-uploads,
tus.io/protocols/resumable-upload.
"""

import base64
import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin

from koko_integrations.assets.local import translated
from providers.kit.answer import Answer
from providers.kit.errors import Missing, ProtocolBroken, Rejected, StartOver, Transient
from providers.kit.http import LONGEST_WAIT_S, HttpClient
from providers.kit.transfers import upload_deadline_s

NAME = "Bunny Stream"
API_URL = "https://video.bunnycdn.com/library"
TUS_URL = "https://video.bunnycdn.com/tusupload"
CHUNK_BYTES = 8 * 1024 * 1024
SIGNED_FOR_S = 86_400
ATTEMPTS = 4
"""At one place in the file; whatever moves it on begins to count anew."""
_NO_BYTES_YET = (0, 5, 6)
"""Of a video's status: created, failed, its upload failed. With any other one the bytes are there."""
_MISCONFIGURED = f"{NAME} refused Koko: KOKO_BUNNY_LIBRARY_ID, KOKO_BUNNY_API_KEY or this machine's clock is wrong"
_PROTOCOL = {"Tus-Resumable": "1.0.0"}


class VideoUpload(NamedTuple):
    """The upload of a video's bytes, under way at `url`."""

    video_id: str
    url: str
    size: int


class Bunny:
    """One video library. Its methods block, and raise ProviderError; never CredentialsRefused, which is for the
    credentials of those who connect."""

    def __init__(
        self,
        http: HttpClient,
        library_id: str,
        api_key: str,
        now_s: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = http
        self._library_id = library_id
        self._api_key = api_key
        self._now_s = now_s
        self._sleep = sleep

    def create(self, title: str) -> str:
        """A new video without bytes: its id."""
        try:
            answer = self._call("POST", "", {"title": title})
        except Missing:
            raise Rejected(_MISCONFIGURED) from None
        video_id = answer.json_object().get("guid")
        if not isinstance(video_id, str) or not video_id:
            raise ProtocolBroken(f"{NAME} made a video without an id")
        return video_id

    def delete(self, video_id: str) -> None:
        """Removes a video, whatever there is of it; one that is not there is fine."""
        try:
            self._call("DELETE", f"/{video_id}")
        except Missing:
            return

    def begin(self, video_id: str, title: str, mime_type: str, size: int) -> VideoUpload:
        """Opens the upload of a video's bytes."""
        told = {"filetype": mime_type, "title": title}
        metadata = ",".join(f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in told.items())
        headers = {"Upload-Length": str(size), "Upload-Metadata": metadata}
        answer = self._tus("POST", video_id, TUS_URL, headers)
        url = urljoin(TUS_URL, answer.headers.get("Location", ""))
        # The signature goes to where this leads.
        if answer.status != 201 or not url.startswith(f"{TUS_URL}/"):
            raise ProtocolBroken(f"{NAME} did not say where to send the video")
        return VideoUpload(video_id, url, size)

    def upload(self, staged: Path, video: VideoUpload, progress: Callable[[int], None]) -> None:
        """Sends the bytes that are not there yet, from wherever an earlier call has stopped.

        `progress` is told how many are there, after each chunk; what it raises ends the call. Raises StartOver when the
        upload is gone: the same video may `begin` again.
        """
        offset = self._offset(video)
        progress(offset)
        while offset < video.size:
            chunk = _read(staged, offset)
            if not chunk:
                raise Rejected("The staged file is shorter than it was")
            offset = self._send_chunk(video, offset, chunk)
            progress(offset)

    def _send_chunk(self, video: VideoUpload, offset: int, chunk: bytes) -> int:
        """How many bytes are there afterwards: more or less than was hoped for, where the connection broke."""
        headers = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        attempt = 1
        while True:
            try:
                answer = self._tus("PATCH", video.video_id, video.url, headers, chunk)
                if answer.status == 204:
                    return _offset_in(answer, offset + 1, offset + len(chunk))
                # Something else is there than we thought, or an earlier chunk is still being written.
                problem = Transient(f"{NAME} has another part of the video", reason="conflict")
            except Transient as error:
                problem = error
            except Missing:
                problem = Transient(f"{NAME} has lost the upload")
            wait_s = max(attempt, problem.retry_after_s or 0.0)
            if wait_s > LONGEST_WAIT_S:
                raise problem
            there = self._offset(video)
            if there != offset:
                return there
            if attempt == ATTEMPTS:
                raise problem
            self._sleep(wait_s)
            attempt += 1

    def _offset(self, video: VideoUpload) -> int:
        """How many bytes are there. Raises StartOver."""
        try:
            answer = self._tus("HEAD", video.video_id, video.url, {})
        except Missing:
            # An upload is forgotten some time after it is complete, too.
            if self._has_bytes(video.video_id):
                return video.size
            raise StartOver(f"{NAME} has forgotten the upload") from None
        return _offset_in(answer, 0, video.size)

    def _has_bytes(self, video_id: str) -> bool:
        try:
            return self._call("GET", f"/{video_id}").json_object().get("status") not in _NO_BYTES_YET
        except Missing:
            return False

    def _tus(self, method: str, video_id: str, url: str, headers: dict[str, str], content: bytes = b"") -> Answer:
        """One TUS request. 409 is an answer, everything else but success is raised."""
        expire = str(int(self._now_s()) + SIGNED_FOR_S)
        signed = hashlib.sha256(f"{self._library_id}{self._api_key}{expire}{video_id}".encode()).hexdigest()
        who = {"AuthorizationSignature": signed, "AuthorizationExpire": expire}
        which = {"VideoId": video_id, "LibraryId": self._library_id}
        answer = self._http.request(
            NAME,
            method,
            url,
            headers={**_PROTOCOL, **who, **which, **headers},
            content=content if method == "PATCH" else None,
            deadline_s=upload_deadline_s(len(content)),
        )
        return answer if answer.status == 409 else _require_success(answer)

    def _call(self, method: str, path: str, body: dict[str, str] | None = None) -> Answer:
        """One request of the API. A video may be deleted twice, but not created twice."""
        answer = self._http.request(
            NAME,
            method,
            f"{API_URL}/{self._library_id}/videos{path}",
            headers={"AccessKey": self._api_key},
            json=body,
            repeatable=method != "POST",
        )
        return _require_success(answer)


def _require_success(answer: Answer) -> Answer:
    if answer.status in (401, 403):
        raise Rejected(_MISCONFIGURED)
    return answer.require_success()


def _offset_in(answer: Answer, least: int, most: int) -> int:
    text = answer.headers.get("Upload-Offset", "")
    if not (text.isascii() and text.isdecimal()) or not least <= int(text) <= most:
        raise ProtocolBroken(f"{NAME} does not say how much of the video it has")
    return int(text)


def _read(staged: Path, offset: int) -> bytes:
    with translated(), staged.open("rb", buffering=0) as file:
        file.seek(offset)
        return file.read(CHUNK_BYTES)
