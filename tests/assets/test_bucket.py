"""The asset store in a bucket. The peer is moto, behind a front that checks every signature."""

import hashlib
from pathlib import Path
from urllib.parse import quote

import pytest

from koko_integrations.addresses import asset_store
from koko_integrations.assets import bucket
from koko_integrations.assets.bucket import BucketStore
from koko_integrations.assets.opening import open_store
from koko_integrations.assets.store import AssetMissing, StoreError, StoreUnavailable
from sandbox.s3 import BUCKET, KEYS, REGION, WITHOUT_RIGHTS
from sandbox.stand_ins import Sandbox
from tests.assets.reading import read_all

MIB = 1024 * 1024
CONTENT = bytes(range(256)) * 50
LARGE = bytes(range(251)) * (12 * MIB // 251)
KEY, SECRET = next(iter(KEYS.items()))


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def url(sandbox: Sandbox) -> str:
    endpoint = quote(sandbox.hosting.urls["s3"], safe="")
    return asset_store(f"s3://{BUCKET}/koko/assets?endpoint={endpoint}&region={REGION}")


@pytest.fixture
def store(url: str, tmp_path: Path) -> BucketStore:
    found, _ = open_store(url, tmp_path)
    assert isinstance(found, BucketStore)
    return found


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    path = tmp_path / "job_1.0.part"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least that S3 takes."""
    monkeypatch.setattr(bucket, "PART_BYTES", 5 * MIB)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)


def keys(sandbox: Sandbox) -> set[str]:
    return sandbox.s3.files.keys()


def put(store: BucketStore, staged: Path, key: str) -> str:
    return store.put(staged, key, "video/mp4", lambda _: None)


def test_there_and_back(store: BucketStore, staged: Path, sandbox: Sandbox) -> None:
    key = store.key_for("proj_1", "asset_1", "Übersicht #1.mp4")
    assert key == "koko/assets/integrations/proj_1/asset_1/Ubersicht-1.mp4", "as Koko finds it in the bucket"
    moved: list[int] = []
    url = store.put(staged, key, "video/mp4", moved.append)
    assert url == f"{sandbox.hosting.urls['s3']}/{BUCKET}/{key}"
    assert (sum(moved), staged.exists()) == (len(CONTENT), False)
    assert sandbox.s3.files.read(key) == CONTENT
    sent = next(seen for seen in sandbox.s3.seen if seen.method == "PUT")
    assert sent.headers["content-type"] == "video/mp4"
    assert sent.headers["x-amz-content-sha256"] == hashlib.sha256(CONTENT).hexdigest()
    with store.open(key) as stored:
        assert stored.size == len(CONTENT)
    assert read_all(store.open(key), 1_000) == CONTENT
    with store.open(key, 9_999) as stored:
        assert stored.size == len(CONTENT)
        assert read_all(stored, 1_000) == CONTENT[9_999:]


def test_no_bytes_are_a_file_too(store: BucketStore, staged: Path) -> None:
    staged.write_bytes(b"")
    put(store, staged, "koko/empty")
    with store.open("koko/empty") as stored:
        assert stored.size == 0
        assert read_all(stored) == b""


def test_a_large_file_goes_in_parts(small_parts: None, store: BucketStore, staged: Path, sandbox: Sandbox) -> None:
    staged.write_bytes(LARGE)
    moved: list[int] = []
    store.put(staged, "koko/large", "video/mp4", moved.append)
    assert sum(moved) == len(LARGE)
    assert sandbox.s3.files.read("koko/large") == LARGE
    parts = [seen for seen in sandbox.s3.seen if "partNumber" in seen.query]
    assert len(parts) == 3
    assert sandbox.s3.files.unfinished() == 0


def test_a_transfer_that_is_stopped(small_parts: None, store: BucketStore, staged: Path, sandbox: Sandbox) -> None:
    def stop(_: int) -> None:
        raise InterruptedError

    staged.write_bytes(LARGE)
    with pytest.raises(InterruptedError):
        store.put(staged, "koko/large", "video/mp4", stop)
    assert "koko/large" not in keys(sandbox)
    assert sandbox.s3.files.unfinished() == 0
    assert staged.exists()


def test_a_put_that_was_interrupted_is_put_again(store: BucketStore, staged: Path, sandbox: Sandbox) -> None:
    """Killed with parts on their way, and killed before whatever was to tell of it."""
    begun = store._client.create_multipart_upload(Bucket=BUCKET, Key="koko/a")
    store._client.upload_part(Bucket=BUCKET, Key="koko/a", UploadId=begun["UploadId"], PartNumber=1, Body=b"part")
    other = store._client.create_multipart_upload(Bucket=BUCKET, Key="koko/ab")
    assert sandbox.s3.files.unfinished() == 2
    first = put(store, staged, "koko/a")
    assert sandbox.s3.files.unfinished() == 1, "another key's are left alone"
    store._client.abort_multipart_upload(Bucket=BUCKET, Key="koko/ab", UploadId=other["UploadId"])
    assert put(store, staged, "koko/a") == first
    assert sandbox.s3.files.read("koko/a") == CONTENT
    with pytest.raises(AssetMissing):
        put(store, staged, "koko/b")


def test_delete(store: BucketStore, staged: Path, sandbox: Sandbox) -> None:
    put(store, staged, "koko/a")
    store._client.create_multipart_upload(Bucket=BUCKET, Key="koko/a")
    store.delete("koko/a")
    store.delete("koko/a")
    assert "koko/a" not in keys(sandbox)
    assert sandbox.s3.files.unfinished() == 0
    with pytest.raises(AssetMissing):
        store.open("koko/a")


def test_less_than_was_sent_is_no_success(store: BucketStore, staged: Path, sandbox: Sandbox) -> None:
    sandbox.s3.fail(f"/{BUCKET}/koko/a", method="HEAD", headers={"Content-Length": "7"})
    with pytest.raises(StoreUnavailable, match="7 of 12800"):
        put(store, staged, "koko/a")
    assert "koko/a" not in keys(sandbox)
    assert staged.exists()


def test_a_download_that_breaks_off(store: BucketStore, staged: Path, sandbox: Sandbox) -> None:
    put(store, staged, "koko/a")
    sandbox.s3.fail(f"/{BUCKET}/koko/a", method="GET", headers={"Content-Length": "12800"}, body=CONTENT[:700])
    with store.open("koko/a") as stored, pytest.raises(StoreUnavailable):
        stored.readinto(memoryview(bytearray(len(CONTENT))))
    sandbox.s3.fail(f"/{BUCKET}/koko/a", method="GET", body=CONTENT)
    with pytest.raises(StoreError, match="another part"):
        store.open("koko/a", 5)


def test_a_store_that_is_down(impatient: None, store: BucketStore, staged: Path, sandbox: Sandbox) -> None:
    sandbox.s3.fail(f"/{BUCKET}/koko/a", method="PUT", status=503, times=1)
    put(store, staged, "koko/a")
    sandbox.s3.fail(f"/{BUCKET}/koko/a", method="GET", status=503, times=99)
    with pytest.raises(StoreUnavailable):
        store.open("koko/a")
    nobody, _ = open_store("s3://bucket?endpoint=http%3A%2F%2F127.0.0.1%3A1&region=us-east-1", staged.parent)
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        nobody.open("koko/a")


@pytest.mark.parametrize("key_id", ["AKIAUNKNOWN", WITHOUT_RIGHTS])
def test_refusals_say_what_to_look_at(
    url: str, staged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key_id: str
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS.get(key_id, SECRET))
    store, _ = open_store(url, tmp_path)
    for use in (lambda: store.put(staged, "koko/a", "video/mp4", lambda _: None), lambda: store.open("koko/a")):
        with pytest.raises(StoreError, match="credentials") as refused:
            use()
        assert SECRET not in str(refused.value)
        assert str(staged) not in str(refused.value)
    assert staged.exists()


def test_no_credentials(url: str, staged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(staged.parent / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(staged.parent / "none"))
    store, _ = open_store(url, staged.parent)
    with pytest.raises(StoreError, match="NoCredentialsError"):
        store.open("koko/a")


def test_where_an_amazon_bucket_is(tmp_path: Path) -> None:
    store = BucketStore("koko-assets", "", None, "eu-central-1")
    assert store._url == "https://koko-assets.s3.eu-central-1.amazonaws.com"
    assert store.key_for("proj_1", "asset_1", "a.mp4") == "integrations/proj_1/asset_1/a.mp4"
    assert BucketStore("koko.assets", region="eu-central-1")._url == "https://s3.eu-central-1.amazonaws.com/koko.assets"
    _, staging = open_store("s3://koko-assets", tmp_path)
    assert staging.folder == tmp_path / "staging"
