"""What only S3 has: versions, keys of any kind, ETags that are no MD5, parts. moto keeps the objects."""

import base64
import hashlib
from dataclasses import replace
from typing import Any

import pytest

from providers.kit.connection import Connection, Credentials
from providers.kit.errors import (
    AlreadyThere,
    Changed,
    CredentialsRefused,
    Missing,
    ProtocolBroken,
    Rejected,
    Transient,
)
from providers.kit.s3.client import MOST_CLIENTS, S3Clients, s3_client
from providers.kit.s3.objects import checksums_of
from providers.kit.transfers import Upload
from sandbox.s3 import BUCKET, BUCKET_ELSEWHERE, BUCKET_WITH_VERSIONS, KEYS
from sandbox.stand_ins import Sandbox
from tests.files.cases import MIB
from tests.files.conftest import Remote, http_of, remote_named

KEY, SECRET = next(iter(KEYS.items()))
NEW = f"/{BUCKET}/new.mp4"


def by(**config: Any) -> Connection:
    return Connection(
        credentials=Credentials(secrets={"accessKeyId": KEY, "secretAccessKey": SECRET}),
        config={"bucket": BUCKET, "region": "us-east-1", **config},
    )


@pytest.fixture
def s3(sandbox: Sandbox) -> Remote:
    return remote_named(sandbox, "s3")


@pytest.fixture
def versioned(s3: Remote) -> Remote:
    return s3.by(by(bucket=BUCKET_WITH_VERSIONS))


def client_of(remote: Remote) -> Any:
    """As another program has it."""
    return s3_client(http_of(remote.sandbox), "S3", remote.connection)


def upload_of(size: int, **changes: Any) -> Upload:
    return replace(Upload(name="new.mp4", size=size, mime_type="video/mp4"), **changes)


# Keys


@pytest.mark.parametrize(
    "key",
    [
        "a//b.mp4",
        "//x.mp4",
        "a/../b.mp4",
        "./x.mp4",
        "../../etc/passwd",
        "..",
        ".",
        "a/..",
        "q?versionId=1&x=%2F#y",
        "+ +",
        "tab\there",
        "\x01\x7f",
        "?uploads",
        "nul-free " * 100,
    ],
)
def test_any_key(s3: Remote, key: str) -> None:
    s3.person.add(key, key.encode())
    file = s3.find(key)
    assert (file.path, file.id, file.size) == (key, key, len(key.encode()))
    assert s3.read(file) == key.encode()
    folder, slash, name = key.rpartition("/")
    assert file.name == name
    shown = s3.entries(folder + slash or None)
    assert [entry.name for entry in shown if entry.path == key] == [name]


def test_folders_without_names(s3: Remote) -> None:
    s3.person.add("odd//deep.mp4", b"x")
    s3.person.add("odd/folder/", b"")
    assert [(entry.path, entry.name, entry.kind) for entry in s3.entries("odd")] == [
        ("odd//", "odd//", "folder"),
        ("odd/folder/", "folder", "folder"),
    ]
    assert [entry.path for entry in s3.entries("odd//")] == ["odd//deep.mp4"]
    assert s3.entries("odd/folder") == [], "it is there, and empty"
    with pytest.raises(Rejected, match="folder"):
        s3.find("odd/folder/")


def test_a_key_that_is_too_long(s3: Remote) -> None:
    with pytest.raises(Rejected):
        s3.find("x" * 2000)


# The connection's own prefix


@pytest.mark.parametrize("prefix", ["Rushes/", "Rushes/Day 1/", "Rushes/Day 1"])
def test_nothing_beside_the_prefix_can_be_seen(s3: Remote, prefix: str) -> None:
    inside = s3.by(by(prefix=prefix))
    for path in (
        "Rushes/Day 1/Scene 1 take 7.mp4",
        "/Scene 1 take 7.mp4",
        "Scene 1 take 7.mp4",
        "Day 1/Scene 1 take 7.mp4",
    ):
        try:
            assert inside.find(path).path.startswith(prefix)
        except Missing:
            continue
    for path in ("readme.txt", "../readme.txt", "日本語/素材 🎬/名前.mp4"):
        with pytest.raises(Missing):
            inside.find(path)
        with pytest.raises(Missing):
            inside.entries(path)
    assert all(entry.path.startswith(prefix) for entry in inside.entries(None))
    assert inside.send(upload_of(1), b"x").path == f"{prefix}new.mp4"


# Versions


def test_an_older_version_can_be_read(versioned: Remote) -> None:
    bucket = versioned.sandbox.s3.with_versions
    bucket.add("a.mp4", b"the first")
    first = versioned.find("a.mp4")
    bucket.add("a.mp4", b"the second")
    second = versioned.find("a.mp4")
    assert first.version != second.version
    assert (versioned.read(first, 4), versioned.read(second, 4)) == (b"first", b"second")
    bucket.delete("a.mp4")
    with pytest.raises(Missing):
        versioned.find("a.mp4")
    assert versioned.read(first) == b"the first"
    client_of(versioned).delete_object(Bucket=BUCKET_WITH_VERSIONS, Key="a.mp4", VersionId=first.version)
    with pytest.raises(Changed):
        versioned.read(first)


def test_conflicts_where_there_are_versions(versioned: Remote) -> None:
    versioned.send(upload_of(3), b"one")
    with pytest.raises(AlreadyThere):
        versioned.send(upload_of(3), b"two")
    versioned.send(upload_of(3, conflict="replace"), b"two")
    assert versioned.read(versioned.find("new.mp4")) == b"two"
    versioned.sandbox.s3.with_versions.delete("new.mp4")
    versioned.send(upload_of(5), b"three")
    assert versioned.sandbox.s3.with_versions.read("new.mp4") == b"three"


def test_a_version_of_no_versioning(s3: Remote) -> None:
    file = s3.find("readme.txt")
    assert file.version == hashlib.md5(s3.case.content(s3.sandbox, "readme.txt")).hexdigest()
    s3.sandbox.s3.fail(
        f"/{BUCKET}/readme.txt", headers={"ETag": '"x"', "x-amz-version-id": "null", "Content-Length": "1"}
    )
    assert s3.find("readme.txt").version == "x"


# Checksums

MD5 = "900150983cd24fb0d6963f7d28e17f72"
SHA256 = base64.b64encode(hashlib.sha256(b"abc").digest()).decode()


@pytest.mark.parametrize(
    ("told", "algorithms"),
    [
        ({"ETag": f'"{MD5}"'}, {"md5"}),
        ({"ETag": f'"{MD5}"', "ServerSideEncryption": "AES256"}, {"md5"}),
        ({"ETag": f'"{MD5}"', "ServerSideEncryption": "aws:kms"}, set()),
        ({"ETag": f'"{MD5}"', "ServerSideEncryption": "aws:kms:dsse"}, set()),
        ({"ETag": f'"{MD5}"', "SSECustomerAlgorithm": "AES256"}, set()),
        ({"ETag": f'"{MD5}"', "StorageClass": "EXPRESS_ONEZONE"}, set()),
        ({"ETag": f'"{MD5}-2"'}, set()),
        ({"ETag": f'"{MD5}"', "ChecksumSHA256": SHA256, "ChecksumType": "FULL_OBJECT"}, {"md5", "sha256"}),
        ({"ETag": f'"{MD5}-2"', "ChecksumSHA256": f"{SHA256}-2", "ChecksumType": "COMPOSITE"}, set()),
        ({"ETag": f'"{MD5}-2"', "ChecksumSHA256": f"{SHA256}-2"}, set()),
        ({"ETag": '"x"', "ChecksumSHA256": "no base64!", "ChecksumSHA1": 5}, set()),
        ({}, set()),
    ],
)
def test_which_checksums_are_of_the_whole(told: dict[str, Any], algorithms: set[str]) -> None:
    found = checksums_of(told)
    assert set(found) == algorithms
    expected = {"md5": MD5, "sha256": hashlib.sha256(b"abc").hexdigest()}
    assert found == {name: expected[name] for name in algorithms}


def test_what_came_in_parts_has_no_md5(s3: Remote) -> None:
    client = client_of(s3)
    upload_id = client.create_multipart_upload(Bucket=BUCKET, Key="parts.mp4")["UploadId"]
    parts = [bytes(5 * MIB), b"the rest"]
    told = [
        client.upload_part(Bucket=BUCKET, Key="parts.mp4", UploadId=upload_id, PartNumber=number, Body=part)["ETag"]
        for number, part in enumerate(parts, 1)
    ]
    listed = {"Parts": [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(told, 1)]}
    client.complete_multipart_upload(Bucket=BUCKET, Key="parts.mp4", UploadId=upload_id, MultipartUpload=listed)
    file = s3.find("parts.mp4")
    assert file.version.endswith("-2")
    assert (file.checksums, file.size) == ({}, 5 * MIB + 8)
    assert s3.read(file, 5 * MIB - 1) == b"\0the rest"


def test_a_sha256_that_somebody_gave(s3: Remote) -> None:
    client_of(s3).put_object(
        Bucket=BUCKET, Key="sum.mp4", Body=b"abc", ChecksumAlgorithm="SHA256", ContentType="video/mp4"
    )
    file = s3.find("sum.mp4")
    assert file.checksums == {"md5": MD5, "sha256": hashlib.sha256(b"abc").hexdigest()}
    assert file.mime_type == "video/mp4"
    assert s3.find("readme.txt").mime_type is None, "nobody said"


# Reading


def test_why_head_was_refused(s3: Remote) -> None:
    wrong = replace(by(), credentials=Credentials(secrets={"accessKeyId": KEY, "secretAccessKey": "wrong"}))
    with pytest.raises(CredentialsRefused):
        s3.by(wrong).find("readme.txt")
    with pytest.raises(Rejected, match="another region, eu-central-1"):
        s3.by(by(bucket=BUCKET_ELSEWHERE)).find("readme.txt")
    with pytest.raises(Rejected, match="s3:GetObject"):
        s3.by(s3.case.powerless(s3.sandbox)).find("readme.txt")
    assert all(name not in seen.query for seen in s3.sandbox.s3.seen for name in ("X-Amz-Signature", "Signature"))


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (404, "NoSuchKey", Missing),
        (412, "PreconditionFailed", Changed),
        (416, "InvalidRange", Changed),
        (403, "InvalidObjectState", Rejected),
        (403, "AccessDenied", Rejected),
        (403, "RequestTimeTooSkewed", Transient),
        (500, "InternalError", Transient),
        (503, "SlowDown", Transient),
        (400, "SomethingElse", Rejected),
    ],
)
def test_what_s3_may_say(s3: Remote, status: int, code: str, error: type[Exception]) -> None:
    file = s3.find("readme.txt")
    body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
    s3.sandbox.s3.fail(f"/{BUCKET}/readme.txt", status=status, body=body, headers={"Content-Type": "application/xml"})
    with pytest.raises(Rejected if error is Rejected else error) as refused:
        s3.read(file)
    assert type(refused.value) is error
    assert s3.read(file), "the next one works"


def test_more_than_is_there(s3: Remote) -> None:
    with pytest.raises(Changed):
        s3.read(s3.find("readme.txt"), 10_000)


def test_an_answer_without_what_is_needed(s3: Remote) -> None:
    s3.sandbox.s3.fail(f"/{BUCKET}/readme.txt", headers={"Content-Length": "5"})
    with pytest.raises(ProtocolBroken):
        s3.find("readme.txt")


# Clients


def test_clients_are_kept(sandbox: Sandbox) -> None:
    clients = S3Clients(http_of(sandbox), "S3")
    first = clients.of(by())
    assert clients.of(by()) is first
    other = Connection(
        credentials=Credentials(secrets={"accessKeyId": KEY, "secretAccessKey": "other"}), config=by().config
    )
    assert clients.of(other) is not first
    assert clients.of(by(region="eu-west-1")) is not first
    for number in range(MOST_CLIENTS):
        clients.of(by(prefix=str(number)))
    assert clients.of(by()) is not first
