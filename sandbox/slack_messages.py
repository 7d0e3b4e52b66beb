"""Slack's chat.postMessage and chat.unfurl: what they refuse, and how Slack reads what it is sent.

Source: docs.slack.dev/reference/methods/{chat.postMessage,chat.unfurl}, /reference/block-kit/blocks,
/messaging/formatting-message-text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import orjson

from sandbox.kit.messages import Message, Messages

TEXT_MAX = 40_000
ALL_BLOCKS_MAX = 13_200
BLOCKS_MAX = 50
# Block types: where their texts are, how long one may be, how many there may be.
SHAPES = {"section": ("text", 3000, 1), "header": ("text", 150, 1), "context": ("elements", 3000, 10)}
_CONTROL = re.compile(r"<([^<>]*)>")
_BOLD = re.compile(r"\A\*([^*\n]+)\*\Z")


@dataclass
class Channel:
    id: str
    name: str
    purpose: str = ""
    archived: bool = False
    private: bool = False
    member: bool = False


@dataclass
class _Read:
    """Texts as Slack reads them."""

    lines: list[str] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    notified: list[str] = field(default_factory=list)

    def take(self, text: str, kind: str) -> None:
        """A text object's text: in mrkdwn, what stands in angle brackets is a command. A line that is bold, or nothing
        but a link, is shown as such."""
        is_link = _CONTROL.fullmatch(text) is not None
        if kind == "mrkdwn":
            text = _BOLD.sub(r"\1", _CONTROL.sub(self._command, text))
        if not is_link:
            self.lines.append(unescape(text))

    def _command(self, found: re.Match[str]) -> str:
        what, _, label = found[1].partition("|")
        if what.startswith(("!", "@", "#")):
            self.notified.append(what)
            return label or what
        label = unescape(label or what)
        self.links.append((label, unescape(what)))
        return label


class RefusedError(Exception):
    """An error code."""


@dataclass
class Posting:
    """One call. `form` is what was sent."""

    form: Mapping[str, str]
    channels: Mapping[str, Channel]
    messages: Messages
    scopes: tuple[str, ...]
    now_s: float

    def post(self) -> dict[str, Any]:
        return self._answered(self._post)

    def unfurl(self) -> dict[str, Any]:
        return self._answered(self._unfurl)

    def _answered(self, act: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = act()
        except RefusedError as refusal:
            return {"ok": False, "error": str(refusal)}
        return {"ok": True} | answer

    def _post(self) -> dict[str, Any]:
        channel = self._channel()
        text, blocks = self.form.get("text", ""), self._json("blocks", "invalid_blocks_format")
        if not text and not blocks:
            raise RefusedError("no_text")
        if len(text) > TEXT_MAX:
            raise RefusedError("msg_too_long")
        thread = self.form.get("thread_ts")
        if thread is not None and self.messages.find(channel.name, thread) is None:
            raise RefusedError("thread_not_found")
        read = _read_blocks(blocks or [])
        if not blocks:
            read.take(text, "mrkdwn")
        # Of what has blocks, the text is what people are notified with: its commands count, too.
        hidden = _Read()
        hidden.take(text, "mrkdwn")
        ts = f"{int(self.now_s)}.{len(self.messages.all) + 1:06d}"
        self.messages.add(
            Message(
                id=ts,
                channel=channel.name,
                thread=thread,
                lines=read.lines,
                links=read.links,
                notified=[*read.notified, *hidden.notified],
                raw={"text": text, "blocks": blocks},
            )
        )
        message = {"type": "message", "text": text, "ts": ts, "user": "U0SANDBOX", "blocks": blocks or []}
        return {"channel": channel.id, "ts": ts, "message": message | ({"thread_ts": thread} if thread else {})}

    def _channel(self) -> Channel:
        channel = self.channels.get(self.form.get("channel", "").removeprefix("#"))
        if channel is None or (channel.private and not channel.member):
            raise RefusedError("channel_not_found")
        if channel.archived:
            raise RefusedError("is_archived")
        if not channel.member and "chat:write.public" not in self.scopes:
            raise RefusedError("not_in_channel")
        return channel

    def _unfurl(self) -> dict[str, Any]:
        composing = "unfurl_id" in self.form and "source" in self.form
        if not composing and not {"channel", "ts"} <= self.form.keys():
            raise RefusedError("missing_unfurl_id" if "source" in self.form else "missing_channel")
        unfurls = self._json("unfurls", "cannot_parse_attachment")
        if not isinstance(unfurls, dict) or not unfurls:
            raise RefusedError("missing_unfurls")
        where = self.form.get("unfurl_id") if composing else self.form["channel"]
        for link, unfurl in unfurls.items():
            read = _read_blocks(unfurl["blocks"])
            self.messages.add(
                Message(
                    id=link,
                    channel=f"Previews at {where}",
                    thread=None if composing else self.form["ts"],
                    lines=read.lines,
                    links=read.links,
                    notified=read.notified,
                    raw=unfurl,
                )
            )
        return {}

    def _json(self, name: str, refusal: str) -> Any:
        text = self.form.get(name)
        try:
            return None if text is None else orjson.loads(text)
        except orjson.JSONDecodeError:
            raise RefusedError(refusal) from None


def _read_blocks(blocks: Any) -> _Read:
    """Raises RefusedError for blocks that Slack does not take."""
    read = _Read()
    if not isinstance(blocks, list) or len(blocks) > BLOCKS_MAX:
        raise RefusedError("invalid_blocks")
    if len(orjson.dumps(blocks).decode()) > ALL_BLOCKS_MAX:
        raise RefusedError("msg_blocks_too_long")
    for block in blocks:
        if block.get("type") not in SHAPES:
            raise RefusedError("invalid_blocks")
        name, most_chars, most = SHAPES[block["type"]]
        texts = block[name] if isinstance(block.get(name), list) else [block.get(name)]
        if not 1 <= len(texts) <= most:
            raise RefusedError("invalid_blocks")
        for text in texts:
            _take(read, text, most_chars)
    return read


def _take(read: _Read, text: Any, most_chars: int) -> None:
    said = text.get("text") if isinstance(text, dict) else None
    if not isinstance(said, str) or text.get("type") not in ("mrkdwn", "plain_text"):
        raise RefusedError("invalid_blocks")
    if not 1 <= len(said.encode("utf-16-le")) // 2 <= most_chars:
        raise RefusedError("invalid_blocks")
    read.take(said, text["type"])
