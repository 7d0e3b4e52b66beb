"""Running checksums, as the storage providers tell them of a file's content.

Source: dropbox.com/developers/reference/content-hash,
learn.microsoft.com/onedrive/developer/code-snippets/quickxorhash.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from Crypto.Util.strxor import strxor

from providers.kit.transfers import Algorithm

_DROPBOX_BLOCK_BYTES = 4 * 1024 * 1024
_STATE_BITS = 160
_SHIFT_BITS = 11
_PERIOD_BYTES = 160
"""After so many bytes QuickXorHash is back at the bit that it began with."""
_LANE_BYTES = _PERIOD_BYTES * 1024
_LENGTH_BITS = 64
_WORTH_A_THREAD_BYTES = 128 * 1024

_threads = ThreadPoolExecutor(4, thread_name_prefix="checksums")


class Checksum(Protocol):
    """Sums up what it is given, piece by piece."""

    def update(self, data: memoryview) -> None: ...

    def digest(self) -> str:
        """Of everything so far, in the spelling of `Algorithm`."""
        ...


class Hashed:
    """One of hashlib's."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self._hash = make(usedforsecurity=False)

    def update(self, data: memoryview) -> None:
        self._hash.update(data)

    def digest(self) -> str:
        found: str = self._hash.hexdigest()
        return found


class DropboxContentHash:
    """The SHA-256 of the SHA-256s of each 4 MiB."""

    def __init__(self) -> None:
        self._whole = hashlib.sha256()
        self._block = hashlib.sha256()
        self._room = _DROPBOX_BLOCK_BYTES

    def update(self, data: memoryview) -> None:
        while data:
            piece = data[: self._room]
            self._block.update(piece)
            self._room -= len(piece)
            data = data[len(piece) :]
            if not self._room:
                self._whole.update(self._block.digest())
                self._block = hashlib.sha256()
                self._room = _DROPBOX_BLOCK_BYTES

    def digest(self) -> str:
        whole = self._whole.copy()
        if self._room < _DROPBOX_BLOCK_BYTES:
            whole.update(self._block.digest())
        return whole.hexdigest()


class QuickXorHash:
    """Each byte is xored into 160 bits, eleven bits after the one before, and the length into the last 64.

    Bytes that are a multiple of the period apart meet at the same bits. So they are xored with each other first, a lane
    of many periods at a time and at the speed of memory, and turned to their places once, at the end.
    """

    def __init__(self) -> None:
        self._lane = memoryview(bytearray(_LANE_BYTES))
        self._length = 0

    def update(self, data: memoryview) -> None:
        while data:
            at = self._length % _LANE_BYTES
            piece = data[: _LANE_BYTES - at]
            under = self._lane[at : at + len(piece)]
            strxor(under, piece, under)
            self._length += len(piece)
            data = data[len(piece) :]

    def digest(self) -> str:
        period = 0
        for start in range(0, _LANE_BYTES, _PERIOD_BYTES):
            period ^= int.from_bytes(self._lane[start : start + _PERIOD_BYTES], "little")
        state = 0
        for position, byte in enumerate(period.to_bytes(_PERIOD_BYTES, "little")):
            state ^= byte << (position * _SHIFT_BITS % _STATE_BITS)
        # What was shifted out at the top comes in at the bottom.
        state = (state & ((1 << _STATE_BITS) - 1)) ^ (state >> _STATE_BITS)
        state ^= (self._length % (1 << _LENGTH_BITS)) << (_STATE_BITS - _LENGTH_BITS)
        return base64.b64encode(state.to_bytes(_STATE_BITS // 8, "little")).decode()


_MAKERS: Mapping[Algorithm, Callable[[], Checksum]] = {
    "md5": lambda: Hashed(hashlib.md5),
    "sha1": lambda: Hashed(hashlib.sha1),
    "sha256": lambda: Hashed(hashlib.sha256),
    "quickxor": QuickXorHash,
    "dropbox": DropboxContentHash,
}


def new_checksum(algorithm: Algorithm) -> Checksum:
    return _MAKERS[algorithm]()


class Sums:
    """Several checksums of the same bytes, side by side: hashing does not hold the interpreter's lock."""

    def __init__(self, algorithms: Iterable[Algorithm]) -> None:
        self._sums: dict[Algorithm, Checksum] = {name: new_checksum(name) for name in algorithms}
        # QuickXorHash is done sooner than another thread could begin.
        self._aside = [one for one in self._sums.values() if not isinstance(one, QuickXorHash)][1:]
        self._here = [one for one in self._sums.values() if one not in self._aside]

    def update(self, data: memoryview) -> None:
        """Returns when all have read it: the buffer may be used again."""
        if len(data) < _WORTH_A_THREAD_BYTES:
            for checksum in self._sums.values():
                checksum.update(data)
            return
        pending = [_threads.submit(checksum.update, data) for checksum in self._aside]
        for checksum in self._here:
            checksum.update(data)
        for one in pending:
            one.result()

    def digests(self) -> dict[Algorithm, str]:
        """Of everything so far."""
        return {name: checksum.digest() for name, checksum in self._sums.items()}
