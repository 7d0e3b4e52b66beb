"""Headers that a team wants sent along with its webhooks. RFC 9110, 5.1 and 5.5; RFC 9112, 9.3 and 9.6."""

import re
from collections.abc import Mapping

from koko_integrations.errors import BadRequest

MOST = 20
NAME_MAX_CHARS = 100
VALUE_MAX_CHARS = 2048
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x21-\x7e]+(?:[ \t]+[\x21-\x7e]+)*")
_HOP_BY_HOP = frozenset(
    "connection keep-alive proxy-connection te trailer transfer-encoding upgrade proxy-authorization "
    "proxy-authenticate".split()
)
_OURS = frozenset(
    "host content-length content-type content-encoding expect accept-encoding user-agent webhook-id webhook-timestamp "
    "webhook-signature x-koko-signature x-koko-signature-previous x-koko-timestamp x-koko-event".split()
)


def check_headers(given: Mapping[str, str], name: str) -> dict[str, str]:
    """The headers as they are sent. Raises BadRequest that names each wrong one."""
    if len(given) > MOST:
        raise BadRequest.field(name, f"At most {MOST} headers")
    problems: dict[str, list[str]] = {}
    seen: set[str] = set()
    for header, value in given.items():
        problem = _problem(header, value)
        if problem is None and header.lower() in seen:
            problem = "Stands twice; the case of letters makes no difference"
        seen.add(header.lower())
        if problem is not None:
            # A name may hold anything, line breaks too.
            problems[f"{name}.{header[:NAME_MAX_CHARS].encode('unicode_escape').decode()}"] = [problem]
    if problems:
        first = next(iter(problems))
        raise BadRequest(f"{first}: {problems[first][0]}", problems)
    return dict(given)


def _problem(header: str, value: str) -> str | None:
    if _NAME.fullmatch(header) is None or len(header) > NAME_MAX_CHARS:
        return "Not the name of a header: letters, digits and -"
    if header.lower() in _HOP_BY_HOP:
        return "Belongs to the connection and cannot be set"
    if header.lower() in _OURS:
        return "Is set by Koko and cannot be changed"
    if _VALUE.fullmatch(value) is None or len(value) > VALUE_MAX_CHARS:
        return f"Expected up to {VALUE_MAX_CHARS} visible ASCII characters, without line breaks"
    return None
