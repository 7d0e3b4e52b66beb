"""Videos to Bunny Stream: in chunks, from wherever it stopped, with a signature that has not expired."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from koko_integrations.assets import bunny as module
from koko_integrations.assets.bunny import Bunny, VideoUpload
from providers.kit.egress import EgressGuard
from providers.kit.errors import ProtocolBroken, ProviderError, Rejected, StartOver, Transient
from providers.kit.http import HttpClient
from sandbox.bunny import API_KEY, FORGOTTEN_AFTER_S, LIBRARY_ID, UPLOADED, BunnyStandIn
from sandbox.stand_ins import Sandbox

CHUNK = 1_000
CONTENT = bytes(range(256)) * 20
TITLE = "Übersicht 🎬"
Waits = list[float]


@pytest.fixture
def stand_in(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> BunnyStandIn:
    monkeypatch.setattr(module, "CHUNK_BYTES", CHUNK)
    return sandbox.bunny


@pytest.fixture
def waits() -> Waits:
    return []


@pytest.fixture
def make(sandbox: Sandbox, stand_in: BunnyStandIn, waits: Waits) -> Callable[..., Bunny]:
    def make(api_key: str = API_KEY, library_id: str = LIBRARY_ID, behind_s: float = 0.0) -> Bunny:
        http = HttpClient(EgressGuard(), sandbox.hosting.origins, sleep=waits.append)
        return Bunny(http, library_id, api_key, lambda: sandbox.clock.now_s() - behind_s, waits.append)

    return make


@pytest.fixture
def bunny(make: Callable[..., Bunny]) -> Bunny:
    return make()


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    path = tmp_path / "job_1.0.part"
    path.write_bytes(CONTENT)
    return path


def begin(bunny: Bunny, size: int = len(CONTENT)) -> VideoUpload:
    return bunny.begin(bunny.create(TITLE), TITLE, "video/mp4", size)


def path_of(video: VideoUpload) -> str:
    return video.url.removeprefix("https://video.bunnycdn.com")


def ignore(_: int) -> None:
    """Nobody wants to know."""


def test_a_video_in_chunks(bunny: Bunny, stand_in: BunnyStandIn, staged: Path) -> None:
    video = begin(bunny)
    told: list[int] = []
    bunny.upload(staged, video, told.append)
    assert told == [0, 1_000, 2_000, 3_000, 4_000, 5_000, 5_120]
    kept = stand_in.videos[video.video_id]
    assert (kept.title, kept.status, kept.content) == (TITLE, UPLOADED, CONTENT)
    [upload] = stand_in.uploads.values()
    assert upload.metadata == {"filetype": "video/mp4", "title": TITLE}
    bunny.upload(staged, video, told.append)
    assert told[-1] == 5_120
    assert len([seen for seen in stand_in.seen if seen.method == "PATCH"]) == 6


@pytest.mark.parametrize("size", [0, 1, CHUNK, 2 * CHUNK])
def test_sizes(bunny: Bunny, stand_in: BunnyStandIn, staged: Path, size: int) -> None:
    staged.write_bytes(CONTENT[:size])
    video = begin(bunny, size)
    bunny.upload(staged, video, ignore)
    assert stand_in.videos[video.video_id].content == CONTENT[:size]


def test_whoever_comes_after_a_crash_goes_on_where_it_stopped(
    make: Callable[..., Bunny], stand_in: BunnyStandIn, staged: Path
) -> None:
    def stop(there: int) -> None:
        if there == 3_000:
            raise InterruptedError

    video = begin(make())
    with pytest.raises(InterruptedError):
        make().upload(staged, video, stop)
    told: list[int] = []
    make().upload(staged, video, told.append)
    assert told == [3_000, 4_000, 5_000, 5_120]
    assert stand_in.videos[video.video_id].content == CONTENT


def test_a_lost_answer_sends_nothing_twice(bunny: Bunny, stand_in: BunnyStandIn, staged: Path) -> None:
    video = begin(bunny)
    stand_in.fail(path_of(video), method="PATCH", truthful=True, status=502)
    told: list[int] = []
    bunny.upload(staged, video, told.append)
    assert told[:2] == [0, 1_000]
    assert stand_in.videos[video.video_id].content == CONTENT
    assert len([seen for seen in stand_in.seen if seen.method == "PATCH"]) == 6


def test_a_chunk_of_which_only_a_part_arrived(bunny: Bunny, stand_in: BunnyStandIn, staged: Path) -> None:
    video = begin(bunny)
    told: list[int] = []

    def tell(there: int) -> None:
        told.append(there)
        if there == 2_000:
            [upload] = stand_in.uploads.values()
            upload.content = CONTENT[:2_345]

    bunny.upload(staged, video, tell)
    assert told == [0, 1_000, 2_000, 2_345, 3_345, 4_345, 5_120]
    assert stand_in.videos[video.video_id].content == CONTENT


def test_bytes_that_are_gone_again_are_sent_again(bunny: Bunny, stand_in: BunnyStandIn, staged: Path) -> None:
    video = begin(bunny)
    told: list[int] = []

    def tell(there: int) -> None:
        told.append(there)
        if len(told) == 3:
            [upload] = stand_in.uploads.values()
            upload.content = CONTENT[:500]

    bunny.upload(staged, video, tell)
    assert told[:4] == [0, 1_000, 2_000, 500]
    assert stand_in.videos[video.video_id].content == CONTENT


@pytest.mark.parametrize("status", [409, 429, 500, 503])
def test_a_few_failures_are_waited_out(
    bunny: Bunny, stand_in: BunnyStandIn, staged: Path, waits: Waits, status: int
) -> None:
    video = begin(bunny)
    stand_in.fail(path_of(video), method="PATCH", status=status, times=3)
    bunny.upload(staged, video, ignore)
    assert waits == [1, 2, 3]
    assert stand_in.videos[video.video_id].content == CONTENT


def test_more_failures_are_for_later(bunny: Bunny, stand_in: BunnyStandIn, staged: Path, waits: Waits) -> None:
    video = begin(bunny)
    stand_in.fail(path_of(video), method="PATCH", status=503, times=4)
    with pytest.raises(Transient):
        bunny.upload(staged, video, ignore)
    waits.clear()
    stand_in.fail(path_of(video), method="PATCH", status=429, headers={"Retry-After": "600"})
    with pytest.raises(Transient) as asked:
        bunny.upload(staged, video, ignore)
    assert asked.value.retry_after_s == 600
    assert waits == []


def test_signatures_are_made_anew(
    bunny: Bunny, stand_in: BunnyStandIn, staged: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SIGNED_FOR_S", 60)

    def wait(_: int) -> None:
        sandbox.clock.ahead_s += 3_600

    video = begin(bunny)
    bunny.upload(staged, video, wait)
    assert stand_in.videos[video.video_id].content == CONTENT


def test_an_upload_that_is_forgotten(bunny: Bunny, stand_in: BunnyStandIn, staged: Path, sandbox: Sandbox) -> None:
    video = begin(bunny)
    sandbox.clock.ahead_s += FORGOTTEN_AFTER_S + 60
    with pytest.raises(StartOver):
        bunny.upload(staged, video, ignore)
    again = bunny.begin(video.video_id, TITLE, "video/mp4", len(CONTENT))
    bunny.upload(staged, again, ignore)
    # What is complete stays complete, even when nothing is known of how it came.
    sandbox.clock.ahead_s += FORGOTTEN_AFTER_S + 60
    told: list[int] = []
    bunny.upload(staged, again, told.append)
    assert told == [len(CONTENT)]
    bunny.delete(video.video_id)
    with pytest.raises(StartOver):
        bunny.upload(staged, again, ignore)


def test_delete_leaves_nothing(bunny: Bunny, stand_in: BunnyStandIn) -> None:
    video = begin(bunny)
    bunny.delete(video.video_id)
    bunny.delete(video.video_id)
    assert (stand_in.videos, stand_in.uploads) == ({}, {})


@pytest.mark.parametrize("wrong", [{"api_key": "another"}, {"library_id": "7"}, {"behind_s": 90_000.0}])
def test_what_the_operator_got_wrong(
    make: Callable[..., Bunny], bunny: Bunny, staged: Path, wrong: dict[str, object]
) -> None:
    """Never as credentials that were refused: those are of whoever connected."""
    video = begin(bunny)
    other = make(**wrong)
    with pytest.raises(Rejected, match="KOKO_BUNNY"):
        other.upload(staged, video, ignore)
    with pytest.raises(Rejected, match="KOKO_BUNNY"):
        other.begin(video.video_id, TITLE, "video/mp4", 1)
    if "behind_s" not in wrong:
        with pytest.raises(Rejected, match="KOKO_BUNNY"):
            other.create(TITLE)


@pytest.mark.parametrize(
    "location", ["https://evil.example/tusupload/1", "//evil.example/tusupload/1", "/tusupload", "/library/1", ""]
)
def test_the_signature_goes_nowhere_else(bunny: Bunny, stand_in: BunnyStandIn, location: str) -> None:
    video_id = bunny.create(TITLE)
    stand_in.fail("/tusupload", status=201, headers={"Location": location})
    with pytest.raises(ProtocolBroken):
        bunny.begin(video_id, TITLE, "video/mp4", 1)


@pytest.mark.parametrize("offset", ["", "x", "-1", "5121", "٣"])
def test_nonsense_about_the_offset(bunny: Bunny, stand_in: BunnyStandIn, staged: Path, offset: str) -> None:
    video = begin(bunny)
    headers = {"Upload-Offset": offset} if offset.isascii() else {}
    stand_in.fail(path_of(video), method="HEAD", headers=headers)
    with pytest.raises(ProtocolBroken):
        bunny.upload(staged, video, ignore)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"guid": 7}'])
def test_nonsense_about_the_video(bunny: Bunny, stand_in: BunnyStandIn, body: bytes) -> None:
    stand_in.fail(f"/library/{LIBRARY_ID}/videos", body=body)
    with pytest.raises(ProtocolBroken):
        bunny.create(TITLE)


def test_a_video_is_not_created_twice(bunny: Bunny, stand_in: BunnyStandIn) -> None:
    stand_in.fail(f"/library/{LIBRARY_ID}/videos", status=502)
    with pytest.raises(Transient):
        bunny.create(TITLE)
    assert len(stand_in.seen) == 1


def test_no_secret_is_told(
    bunny: Bunny, stand_in: BunnyStandIn, staged: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    for status in (400, 401, 403, 404, 413, 422, 500):
        video = begin(bunny)
        stand_in.fail(path_of(video), status=status, times=99, body=API_KEY.encode())
        with pytest.raises(ProviderError) as refused:
            bunny.upload(staged, video, ignore)
        said.append(f"{refused.value.explained} {refused.value!r}")
        stand_in.reset_faults()
    signatures = {seen.headers.get("authorizationsignature", API_KEY) for seen in stand_in.seen}
    for text in (*said, caplog.text, repr(bunny)):
        assert not any(secret in text for secret in {API_KEY, *signatures})
