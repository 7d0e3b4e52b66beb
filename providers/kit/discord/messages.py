"""Messages to Discord as embeds, and what Discord says against them.

Source: discord.com/developers/docs/resources/webhook#execute-webhook, /resources/message#embed-object-embed-limits,
/topics/opcodes-and-status-codes#json, support.discord.com "Markdown Text 101".
"""

import re
from typing import Any

from providers.kit.answer import Answer
from providers.kit.errors import CredentialsRefused, Missing, ProtocolBroken, ProviderError, Rejected, Transient
from providers.kit.notices import Notice
from providers.kit.plain_text import fit

TITLE_MAX = 256
DESCRIPTION_MAX = 4096
# All the texts of a message's embeds together may have 6000.
FIELD_NAME_MAX = 64
FIELD_VALUE_MAX = 200
FIELDS_MAX = 6
THREAD_NAME_MAX = 100
KOKO_BLUE = 0x3B5BDB

UNKNOWN_CHANNEL = 10003
FORUM_NEEDS_THREAD = 220001
# The thread is archived; it is locked.
CLOSED_THREAD = frozenset({50083, 160005})
# What has a meaning anywhere, and what has one at the beginning of a line.
_MARKS = re.compile(r"[\\*_~`|<>\[\]@:#]|^([ \t]*)-", re.M)


class ForumNeedsThreadError(Rejected):
    """The webhook's channel is a forum: a message there is in a thread, or begins one and names it."""


def escape(text: str) -> str:
    """Nothing in it is formatting, a link, a mention or an emoji any more: a backslash takes a mark's meaning away."""
    return _MARKS.sub(lambda found: f"{found[1] or ''}\\{found[0][-1]}", text)


def message(notice: Notice, *, thread_name: str | None = None) -> dict[str, Any]:
    """The body of a webhook's execution. Nobody is notified by name, whatever the text says."""
    embed: dict[str, Any] = {
        "title": fit(notice.title, TITLE_MAX, escape),
        "url": notice.link_url,
        "color": KOKO_BLUE,
        "fields": [
            {
                "name": fit(label, FIELD_NAME_MAX, escape),
                "value": fit(value, FIELD_VALUE_MAX, escape),
                "inline": True,
            }
            for label, value in notice.facts[:FIELDS_MAX]
        ],
    }
    if notice.words:
        embed["description"] = fit(notice.words, DESCRIPTION_MAX, escape)
    body = {"embeds": [embed], "allowed_mentions": {"parse": []}}
    return body if thread_name is None else body | {"thread_name": fit(thread_name, THREAD_NAME_MAX)}


def problem(answer: Answer, *, in_thread: bool = False) -> ProviderError | None:
    """What is wrong, by HTTP status and Discord's own code; None for a success."""
    if 200 <= answer.status < 300:
        return None
    body = _body(answer)
    code = body.get("code")
    reason = f"code_{code}" if isinstance(code, int) else None
    if in_thread and (code in CLOSED_THREAD or (answer.status == 404 and code == UNKNOWN_CHANNEL)):
        return Missing("The thread is gone in Discord", reason=reason)
    if answer.status in (401, 404):
        return CredentialsRefused("Discord does not know this webhook any more", reason="unknown_webhook")
    if code == FORUM_NEEDS_THREAD:
        return ForumNeedsThreadError("The channel is a forum", reason=reason)
    wait_s = body.get("retry_after")
    if answer.status == 429 and isinstance(wait_s, int | float):
        return Transient("Discord asks us to slow down", reason="rate_limited", retry_after_s=max(0.0, float(wait_s)))
    return answer.error(reason)


def _body(answer: Answer) -> dict[str, Any]:
    try:
        return answer.json_object()
    except ProtocolBroken:
        return {}
