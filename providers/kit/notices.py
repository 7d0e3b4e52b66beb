"""What a channel is told, and the providers that tell it."""

from abc import abstractmethod
from dataclasses import dataclass

from providers.kit.base import Proves
from providers.kit.connection import Connection


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A message about a video, as plain text: each provider writes it in its own markup, and escapes it.

    `words` are what somebody wrote; `facts` are labels and values, such as the project and the timecode.
    """

    title: str
    words: str | None = None
    facts: tuple[tuple[str, str], ...] = ()
    link_url: str
    link_label: str


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A message that is there now. `thread` is what replies to it name; None where the provider has no threads."""

    id: str | None = None
    thread: str | None = None


class Notifies(Proves):
    """Tells channels what happens in Koko."""

    @abstractmethod
    def post(self, connection: Connection, notice: Notice, *, channel_id: str | None, thread: str | None) -> Posted:
        """Posts a message, as a reply in `thread` where there is one. Never repeated by itself.

        `channel_id` is None where the connection is a channel's own address. Raises ProviderError: Missing for a
        thread or a channel that is gone.
        """
