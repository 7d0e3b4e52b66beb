"""Bodies that are read as they come: for files, which may be larger than memory."""

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import requests

from providers.kit.answer import Answer
from providers.kit.errors import Transient

IDLE_S = 30.0
"""How long a peer may send nothing."""
SLOWEST_BYTES_PER_S = 1024
GRACE_S = 60.0
_REFUSAL_MAX_BYTES = 64 * 1024


class Stream:
    """An answer whose body is still to be read, into buffers of the caller's. Used as a context manager.

    Raises Transient when the connection drops, stands still, drips, or ends before what was announced.
    """

    def __init__(
        self,
        provider: str,
        response: requests.Response,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider = provider
        self._response = response
        # http.client's own: urllib3's copies everything once more. Nothing is decoded, as we ask for no encoding.
        self._body: Any = response.raw._fp
        self._monotonic = monotonic
        self._began = monotonic()
        self._read = 0
        announced = response.headers.get("Content-Length", "")
        self.length: int | None = int(announced) if announced.isdecimal() else None

    @property
    def status(self) -> int:
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        return self._response.headers

    def readinto(self, buffer: memoryview) -> int:
        """How many bytes came; 0 at the end."""
        try:
            count: int = self._body.readinto(buffer)
        except TimeoutError:
            raise Transient(f"{self._provider} stopped sending the file", reason="timeout") from None
        except Exception as error:
            raise Transient(f"The connection to {self._provider} broke", reason="unreachable") from error
        self._read += count
        if not count and self.length is not None and self._read < self.length:
            raise Transient(f"{self._provider} sent less of the file than it announced", reason="truncated")
        elapsed = self._monotonic() - self._began
        if count and elapsed > GRACE_S and self._read < elapsed * SLOWEST_BYTES_PER_S:
            raise Transient(f"{self._provider} sends the file too slowly", reason="timeout")
        return count

    def answer(self) -> Answer:
        """The whole of it, for answers that are no file: refusals. At most 64 KiB are read."""
        buffer = bytearray(_REFUSAL_MAX_BYTES)
        view, size = memoryview(buffer), 0
        while size < len(buffer) and (count := self.readinto(view[size:])):
            size += count
        return Answer(self._provider, self.status, self.headers, bytes(view[:size]))

    def close(self) -> None:
        self._response.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
