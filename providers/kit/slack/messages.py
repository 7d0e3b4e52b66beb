"""Messages in Slack's Block Kit, and what Slack says against them.

Source: docs.slack.dev/messaging/formatting-message-text, /reference/block-kit/blocks, /reference/methods/
{chat.postMessage,chat.unfurl}. Slack's own marks for bold and the like have no escape; they notify nobody.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from providers.kit.errors import Missing, Rejected
from providers.kit.notices import Notice
from providers.kit.plain_text import as_json, cut, fit, longest

SECTION_MAX = 3000
# All the blocks of a message may have some 13,000 characters, as JSON: github.com/slackapi/bolt-js/issues/2509.
WORDS_MAX = 6000
TITLE_MAX = 300
FACT_MAX = 200
# A context block holds ten elements.
FACTS_MAX = 9
FALLBACK_MAX = 500
_CONTROLS = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})

_NO_CHANNEL = (
    "Slack has no such channel, or it is private and Koko is not in it: invite Koko there, or choose another "
    "channel (channelId)"
)
_REFUSALS: dict[str, tuple[type[Rejected], str]] = {
    "not_in_channel": (
        Rejected,
        "Koko may not post in this channel of Slack: invite Koko to it, or have a Slack admin grant chat:write.public",
    ),
    "channel_not_found": (Missing, _NO_CHANNEL),
    "is_archived": (Missing, "The channel is archived in Slack: choose another channel (channelId)"),
    "thread_not_found": (Missing, "The thread is gone in Slack"),
    "message_not_found": (Missing, "The message is gone in Slack"),
    "cannot_unfurl_message": (Missing, "Slack takes no previews for this message any more"),
    "restricted_action": (Rejected, "A rule of the Slack workspace keeps Koko from posting: ask a Slack admin"),
    "msg_too_long": (Rejected, "The message is too long for Slack"),
    "msg_blocks_too_long": (Rejected, "The message is too long for Slack"),
}


def refusal(reason: str) -> Rejected | None:
    """What an error code says about a message; None for one that does not."""
    known = _REFUSALS.get(reason)
    return None if known is None else known[0](known[1], reason=reason)


def escape(text: str) -> str:
    """Nothing in it is a mention, a link or a date any more."""
    return text.translate(_CONTROLS)


def message_form(notice: Notice, channel_id: str, thread: str | None) -> dict[str, str]:
    """The form of chat.postMessage. `text` is what notifications and screen readers get."""
    form = {
        "channel": channel_id,
        "text": fit(notice.summary, FALLBACK_MAX, escape),
        "blocks": orjson.dumps(blocks(notice)).decode(),
        "unfurl_links": "false",
        "unfurl_media": "false",
    }
    return form if thread is None else form | {"thread_ts": thread}


def unfurl_form(place: Mapping[str, str], previews: Mapping[str, Notice]) -> dict[str, str]:
    """The form of chat.unfurl. A link in the composer is named by unfurl_id and source, one in a message also by
    channel and ts."""
    names = ("unfurl_id", "source") if place.get("unfurl_id") and place.get("source") else ("channel", "ts")
    shown = {link: {"blocks": blocks(notice)} for link, notice in previews.items()}
    return {name: place[name] for name in names} | {"unfurls": orjson.dumps(shown).decode()}


def blocks(notice: Notice) -> list[dict[str, Any]]:
    """Title, words, and a line of facts that ends with the link."""
    link = f"<{escape(notice.link_url)}|{escape(notice.link_label)}>"
    facts = [f"{escape(label)}: {fit(value, FACT_MAX, escape)}" for label, value in notice.facts[:FACTS_MAX]]
    return [
        _section(f"*{fit(notice.title, TITLE_MAX, escape)}*"),
        *(_section(piece) for piece in _pieces(notice.words or "")),
        {"type": "context", "elements": [_text(element) for element in (*facts, link)]},
    ]


def _pieces(words: str) -> list[str]:
    """What of the words fits, escaped, in pieces that a section holds, divided between words where possible."""
    words = cut(words, WORDS_MAX, lambda text: as_json(escape(text)))
    pieces: list[str] = []
    while words:
        end = longest(words, SECTION_MAX, escape)
        if end < len(words):
            gap = max(words.rfind("\n", end // 2, end + 1), words.rfind(" ", end // 2, end + 1))
            end = end if gap < 0 else gap
        pieces.append(escape(words[:end]))
        words = words[end:].lstrip()
    return pieces


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _text(text)}


def _text(text: str) -> dict[str, Any]:
    # Verbatim: names of people and channels in it are not looked for.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
