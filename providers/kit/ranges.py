"""Reading a file from one of its bytes on: RFC 9110, section 14."""

import re
from collections.abc import Mapping

from providers.kit.errors import ProtocolBroken
from providers.kit.streams import Stream


def from_byte(offset: int) -> Mapping[str, str]:
    """The header that asks for it."""
    return {"Range": f"bytes={offset}-"} if offset else {}


def begins_at(stream: Stream, offset: int, provider: str) -> bool:
    """Whether the answer is the file from that byte on; if not, it is a refusal.

    Raises ProtocolBroken when it is some other part of the file, and closes the stream.
    """
    if not 200 <= stream.status < 300:
        return False
    if stream.status == 200 and not offset:
        return True
    found = re.match(r"bytes (\d+)-", stream.headers.get("Content-Range", ""))
    if stream.status == 206 and found is not None and int(found[1]) == offset:
        return True
    stream.close()
    raise ProtocolBroken(f"{provider} did not begin the file where it was asked to")
