"""Executing a webhook at Discord: what it refuses, whom it notifies, and the message that it answers.

Source: discord.com/developers/docs/resources/webhook#execute-webhook, /resources/message, /topics/opcodes-and-status-
codes#json; discord/discord-api-spec.
"""

import re
from typing import Any

from sandbox.kit.messages import Message

# Of an embed: what may be there, and how long it may be, in characters.
TEXTS = {"title": 256, "description": 4096}
FIELD = {"name": 256, "value": 1024}
FIELDS_MAX = 25
EMBEDS_MAX = 10
ALL_TEXTS_MAX = 6000
CONTENT_MAX = 2000
THREAD_NAME_MAX = 100
_CALLS = re.compile(r"(?<!\\)(@everyone|@here|<@[!&]?\d+>)")
_MASKED_LINK = re.compile(r"(?<!\\)\[((?:\\.|[^\]\\])+)\]\((https?://[^)\s]+)\)")
_ESCAPED = re.compile(r"\\([^0-9A-Za-z\s])")


class InvalidFormError(Exception):
    """Discord's 50035: the members that are wrong."""


def check(body: Any) -> None:
    """Raises InvalidFormError."""
    content, embeds = body.get("content"), body.get("embeds") or []
    if not content and not embeds:
        raise InvalidFormError("content")
    if content is not None and _units(content) > CONTENT_MAX:
        raise InvalidFormError("content")
    if len(embeds) > EMBEDS_MAX or sum(_check_embed(embed) for embed in embeds) > ALL_TEXTS_MAX:
        raise InvalidFormError("embeds")
    name = body.get("thread_name")
    if name is not None and not 1 <= _units(name) <= THREAD_NAME_MAX:
        raise InvalidFormError("thread_name")


def _check_embed(embed: Any) -> int:
    """How long all its texts are."""
    fields = embed.get("fields") or []
    if len(fields) > FIELDS_MAX:
        raise InvalidFormError("embeds.fields")
    total = 0
    for texts, limits in [(embed, TEXTS), *((field, FIELD) for field in fields)]:
        for name, most in limits.items():
            text = texts.get(name)
            if text is None and limits is TEXTS:
                continue
            if not isinstance(text, str) or not 1 <= _units(text) <= most:
                raise InvalidFormError(f"embeds.{name}")
            total += _units(text)
    return total


def read(message_id: str, channel: str, thread: str | None, body: Any) -> Message:
    """As people would see it."""
    lines: list[str] = [body["content"]] if body.get("content") else []
    links: list[tuple[str, str]] = []
    for embed in body.get("embeds") or []:
        fields = [f"{field['name']}: {field['value']}" for field in embed.get("fields") or []]
        texts = [embed[name] for name in TEXTS if embed.get(name)] + fields
        for text in texts:
            links += [(_plain(label), url) for label, url in _MASKED_LINK.findall(text)]
        if embed.get("url"):
            links.append((_plain(embed.get("title", "")), embed["url"]))
        lines += [_plain(text) for text in texts]
    return Message(
        id=message_id,
        channel=channel,
        thread=thread,
        lines=lines,
        links=links,
        notified=_notified(body),
        raw=body,
    )


def _notified(body: Any) -> list[str]:
    """Only `content` notifies, and only whom allowed_mentions lets it; without that, all."""
    called = _CALLS.findall(body.get("content") or "")
    return called if (body.get("allowed_mentions") or {}).get("parse") != [] else []


def _plain(text: str) -> str:
    """Without the backslashes that take a mark's meaning away."""
    return _ESCAPED.sub(r"\1", text)


def answer(message: Message, channel_id: str, webhook_id: str) -> dict[str, Any]:
    """The message as Discord describes it."""
    author = {
        "id": webhook_id,
        "username": "Koko",
        "avatar": None,
        "discriminator": "0000",
        "public_flags": 0,
        "flags": 0,
        "bot": True,
        "global_name": None,
        "primary_guild": None,
    }
    return {
        "type": 0,
        "content": message.raw.get("content") or "",
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [{"type": "rich", **embed} for embed in message.raw.get("embeds") or []],
        "timestamp": "2026-11-24T00:00:00+00:00",
        "edited_timestamp": None,
        "flags": 0,
        "components": [],
        "id": message.id,
        "channel_id": channel_id,
        "author": author,
        "pinned": False,
        "mention_everyone": bool(message.notified),
        "tts": False,
        "webhook_id": webhook_id,
    }


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
