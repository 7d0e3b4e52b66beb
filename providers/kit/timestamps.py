"""Timestamps as providers write them, and as we hand them back."""

from datetime import UTC, datetime

from providers.kit.errors import ProtocolBroken


def parse_ms(value: object) -> int | None:
    """ISO 8601 as epoch milliseconds; None for none. Raises ProtocolBroken for anything else."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ProtocolBroken("a timestamp is not a text")
    # Jira writes +0000 where ISO 8601 has +00:00; Python reads both.
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ProtocolBroken("a timestamp is not ISO 8601") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def iso_seconds(at_ms: int) -> str:
    """Epoch milliseconds as ISO 8601 UTC, to the second."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
