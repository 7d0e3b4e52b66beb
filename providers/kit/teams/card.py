"""Messages to Teams as adaptive cards, for Graph and for workflows.

Source: adaptivecards.io/explorer; learn.microsoft.com/adaptive-cards/schema-explorer/text-run: Markdown is not read in
a TextRun, which it is in a TextBlock and in a Fact. Mentions need entities of their own, which are never sent.
"""

from typing import Any

import orjson

from providers.kit.notices import Notice
from providers.kit.plain_text import as_json, cut

# A message may have about 28 kB: 14,000 code units, as they are sent.
WORDS_MAX = 4500
LINES_MAX = 40
TITLE_MAX = 400
FACT_MAX = 300
FACTS_MAX = 10
CARD = "application/vnd.microsoft.card.adaptive"
_ATTACHMENT = "card"


def card(notice: Notice) -> dict[str, Any]:
    """Title, words, facts, and a button that leads to the frame."""
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            _line(_run(cut(notice.title, TITLE_MAX, _as_sent), weight="Bolder", size="Medium")),
            *(_line(_run(line)) for line in _lines(notice.words)),
            *(
                _line(_run(f"{label}: ", isSubtle=True), _run(cut(value, FACT_MAX, _as_sent)), spacing="Small")
                for label, value in notice.facts[:FACTS_MAX]
            ),
        ],
        "actions": [{"type": "Action.OpenUrl", "title": notice.link_label, "url": notice.link_url}],
    }


def graph_message(notice: Notice) -> dict[str, Any]:
    """A chatMessage of Graph. `summary` is what people are notified with."""
    content = orjson.dumps(card(notice)).decode()
    return {
        "summary": cut(notice.summary, TITLE_MAX, _as_sent),
        "body": {"contentType": "html", "content": f'<attachment id="{_ATTACHMENT}"></attachment>'},
        "attachments": [{"id": _ATTACHMENT, "contentType": CARD, "contentUrl": None, "content": content}],
    }


def workflow_message(notice: Notice) -> dict[str, Any]:
    """What the workflow 'Post to a channel when a webhook request is received' takes."""
    return {
        "type": "message",
        "attachments": [{"contentType": CARD, "contentUrl": None, "content": card(notice)}],
    }


def _lines(words: str | None) -> list[str]:
    """A run has no lines: each becomes a block of its own. The last one gets what is over."""
    if words is None:
        return []
    lines = [line for line in cut(words, WORDS_MAX, _as_sent).split("\n") if line.strip()]
    return lines if len(lines) <= LINES_MAX else [*lines[: LINES_MAX - 1], " ".join(lines[LINES_MAX - 1 :])]


def _line(*runs: dict[str, Any], **style: Any) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": list(runs), **style}


def _run(text: str, **style: Any) -> dict[str, Any]:
    return {"type": "TextRun", "text": text, **style}


def _as_sent(text: str) -> str:
    """Graph takes the card as a string: JSON in JSON."""
    return as_json(as_json(text))
