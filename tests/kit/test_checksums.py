"""Running checksums against slow witnesses, whatever the pieces that the bytes come in."""

import base64
import hashlib
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.kit.checksums import Sums, new_checksum
from providers.kit.transfers import Algorithm
from sandbox.kit.checksums import BLOCK_BYTES, content_hash, quick_xor_hash

ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)
MIB = 1024 * 1024


def witness(algorithm: Algorithm, content: bytes) -> str:
    match algorithm:
        case "quickxor":
            return quick_xor_hash(content)
        case "dropbox":
            return content_hash(content)
        case _:
            return hashlib.new(algorithm, content).hexdigest()


def made_up(size: int) -> bytes:
    """The same bytes every time, of no pattern that a checksum could miss."""
    return hashlib.shake_128(b"made up").digest(size)


def summed(algorithm: Algorithm, content: bytes, cuts: list[int]) -> str:
    checksum = new_checksum(algorithm)
    edges = sorted({0, len(content), *(cut for cut in cuts if cut < len(content))})
    for start, end in pairwise(edges):
        checksum.update(memoryview(content)[start:end])
    return checksum.digest()


# Published by Microsoft's example and by rclone, which has them from the service itself.
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ("Sg==", "SgAAAAAAAAAAAAAAAQAAAAAAAAA="),
        ("tbQ=", "taAFAAAAAAAAAAAAAgAAAAAAAAA="),
        ("0pZP", "0rDEEwAAAAAAAAAAAwAAAAAAAAA="),
    ],
)
def test_quick_xor_as_the_service_tells_it(content: str, expected: str) -> None:
    assert summed("quickxor", base64.b64decode(content), []) == expected


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@settings(deadline=None)
@given(content=st.binary(max_size=2_000), cuts=st.lists(st.integers(0, 2_000), max_size=6))
def test_the_pieces_do_not_matter(algorithm: Algorithm, content: bytes, cuts: list[int]) -> None:
    assert summed(algorithm, content, cuts) == witness(algorithm, content)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("size", [159, 160, 161, 160 * 1024 - 1, 160 * 1024, 160 * 1024 + 1, 400_001])
def test_around_what_is_worked_on_at_a_time(algorithm: Algorithm, size: int) -> None:
    content = made_up(size)
    assert summed(algorithm, content, [7, 163_841, 200_000]) == witness(algorithm, content)


@pytest.mark.parametrize("size", [BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 2 * BLOCK_BYTES, 2 * BLOCK_BYTES + 9])
def test_around_dropboxs_blocks(size: int) -> None:
    content = made_up(size)
    assert summed("dropbox", content, list(range(0, size, MIB + 1))) == content_hash(content)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_looking_changes_nothing(algorithm: Algorithm) -> None:
    checksum = new_checksum(algorithm)
    checksum.update(memoryview(b"first"))
    assert checksum.digest() == checksum.digest() == witness(algorithm, b"first")
    checksum.update(memoryview(b" and second"))
    assert checksum.digest() == witness(algorithm, b"first and second")


@pytest.mark.parametrize(
    "algorithms", [(), ("sha256",), ("quickxor", "sha256"), ("sha256", "md5", "dropbox"), ALGORITHMS]
)
def test_several_from_one_buffer(algorithms: tuple[Algorithm, ...]) -> None:
    content = made_up(3 * MIB + 1_000)
    sums, buffer = Sums(algorithms), memoryview(bytearray(MIB))
    for start in range(0, len(content), MIB):
        piece = content[start : start + MIB]
        buffer[: len(piece)] = piece
        sums.update(buffer[: len(piece)])
    assert sums.digests() == {name: witness(name, content) for name in algorithms}
