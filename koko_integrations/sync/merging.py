"""What both sides of a link are to be: each is compared with what they last agreed on; one that differs has changed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from koko_integrations.sync.links import Link
from koko_integrations.sync.statuses import StatusChoice
from koko_integrations.sync.wording import KokoComment, compose, frame_url, read_back, same_words, title_of
from providers.kit.items import Change


@dataclass(frozen=True, slots=True)
class Merged:
    """What both sides are to be."""

    title: str
    text: str
    done: bool
    conflict: str | None = None


@dataclass(frozen=True, slots=True)
class Edits:
    """What somebody at the provider has written into mapped fields since both sides last agreed; None for nothing.
    `base` is what the fields hold now, for the ledger."""

    text: str | None = None
    done: bool | None = None
    base: str | None = None


@dataclass(frozen=True, slots=True)
class Sides:
    """A comment in Koko and its item at the provider, as it was last seen, modified at `modified_at` (epoch ms)."""

    comment: KokoComment
    link: Link
    content: Mapping[str, Any]
    modified_at: int | None
    choice: StatusChoice
    provider_name: str
    web_url: str
    edits: Edits = Edits()

    @property
    def title(self) -> str:
        return str(self.content.get("title") or "")

    @property
    def is_done(self) -> bool:
        """Whether the item counts as resolved."""
        return self.choice.reads_as_done(self.content.get("statusId"), done=bool(self.content.get("done")))

    @property
    def words(self) -> str:
        """The comment's words in the text of the item; as agreed, where there is no text or they cannot be told."""
        text = self.content.get("text")
        words = None if text is None else read_back(text, self.link.koko_id, self.web_url)
        return self.link.base_text if words is None else words

    @property
    def their_text(self) -> str:
        """What the comment says at the provider."""
        words = self.words
        if not same_words(words, self.link.base_text):
            return words
        # A comment that fits into the title is edited there.
        if self.title and self.title != self.link.base_title and self.link.base_title == self.link.base_text:
            return self.title
        return self.link.base_text if self.edits.text is None else self.edits.text

    def merge(self) -> Merged:
        """Whoever has changed wins; where both have, the newer one."""
        comment, base = self.comment, self.link.base_text
        theirs = self.their_text
        newer = self.modified_at is not None and self.modified_at > comment.updated_at
        conflict = None
        text = comment.text
        if not same_words(theirs, base):
            if comment.text == base or newer:
                text = theirs
            if comment.text != base and not same_words(theirs, comment.text):
                winner = f"{self.provider_name}'s" if newer else "Koko's"
                conflict = f"“{title_of(comment)}”: both sides had changed the text; {winner} won, being newer"
        # Of two states that both left what was agreed, there is only one other.
        theirs_done = self.is_done
        if self.edits.done is not None and theirs_done == bool(self.link.base_done):
            theirs_done = self.edits.done
        done = comment.resolved if comment.resolved != bool(self.link.base_done) else theirs_done
        return Merged(self.title, text, done, conflict)

    def lacks(self, merged: Merged) -> Change | None:
        """What the provider's side lacks of that; None when it lacks nothing."""
        wanted = replace(self.comment, text=merged.text)
        url = frame_url(self.web_url, self.comment)
        new_text = not same_words(merged.text, self.words)
        moved = merged.done != self.is_done
        title = title_of(wanted)
        # Somebody who has given the task another name wants it to stay; unless the name was the whole comment.
        named_by_us = self.title == title_of(replace(self.comment, text=self.link.base_text))
        new_title = title != self.title and (named_by_us or self.link.base_title == self.link.base_text)
        if not new_text and not moved and not new_title:
            return None
        return Change(
            url=url,
            koko_id=self.comment.id,
            title=title if new_title else None,
            text=compose(wanted, url) if new_text else None,
            done=merged.done if moved else None,
            status_id=self.choice.target(done=merged.done) if moved else None,
        )
