"""What a channel is told, and the providers that tell it."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from providers.kit.base import Proves
from providers.kit.connection import Connection
from providers.kit.plain_text import clean, one_line


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A message about a video, as plain text: each provider writes it in its own markup, and escapes it.

    `about` is the video's title. `words` are what somebody wrote; `facts` are labels and values, such as the project
    and the timecode. Whoever makes one may pass anything: all but `words` become single lines, and nothing keeps
    characters that cannot be seen.
    """

    title: str
    about: str
    words: str | None = None
    facts: tuple[tuple[str, str], ...] = ()
    link_url: str
    link_label: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", one_line(self.title))
        object.__setattr__(self, "about", one_line(self.about))
        object.__setattr__(self, "words", clean(self.words or "") or None)
        facts = ((one_line(label), one_line(value)) for label, value in self.facts)
        object.__setattr__(self, "facts", tuple((label, value) for label, value in facts if value))

    @property
    def summary(self) -> str:
        """One line, for where there is no room for more."""
        return f"{self.title}: {one_line(self.words)}" if self.words else self.title


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A message that is there now. `thread` is what replies to it name; None where the provider has no threads."""

    id: str | None = None
    thread: str | None = None


class Notifies(Proves):
    """Tells channels what happens in Koko."""

    def needs_channel(self, config: Mapping[str, Any]) -> bool:
        """Whether the team has to say where to post; not where the connection is a channel's own address."""
        return True

    def has_channel(self, config: Mapping[str, Any]) -> bool:
        """Whether it is known where to post."""
        return bool(config.get("channelId")) or not self.needs_channel(config)

    @abstractmethod
    def post(self, connection: Connection, notice: Notice, *, channel_id: str | None, thread: str | None) -> Posted:
        """Posts a message, as a reply in `thread` where there is one. Never repeated by itself.

        `channel_id` is None where the connection is a channel's own address. Raises ProviderError: Missing for a
        thread or a channel that is gone, CredentialsRefused for an address that is.
        """


class PreviewsLinks(Proves):
    """Tells when somebody pastes a link of Koko's, and shows what is behind it."""

    @abstractmethod
    def unfurl(self, connection: Connection, place: Mapping[str, str], previews: Mapping[str, Notice]) -> None:
        """Adds previews, by the link as it was pasted, to the message at `place`: the provider's own words, as it
        told of the links. Raises ProviderError."""
