"""Messages that a stand-in was given to post, kept by channel and thread, and a page to read them on."""

from dataclasses import dataclass, field
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

PATH = "/_sandbox/messages"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="3"><title>Messages in {provider}</title><style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
body {{ margin: 2rem auto; width: min(46rem, 92vw); background: Canvas; color: CanvasText }}
h1 {{ font-size: 1.25rem }} h2 {{ font-size: 1rem; margin-top: 2rem }} small, .none {{ opacity: .75 }}
article {{ margin: .75rem 0; padding: .75rem 1rem; border: 1px solid color-mix(in srgb, CanvasText 20%, Canvas);
  border-radius: .75rem; overflow-wrap: anywhere }}
article article {{ border-width: 0 0 0 3px; border-radius: 0; margin-left: .5rem }}
p {{ margin: 0; white-space: pre-wrap; unicode-bidi: plaintext }} p:first-child {{ font-weight: 600 }}
</style></head><body><small>Sandbox: a stand-in of {provider}</small><h1>Messages in {provider}</h1>{body}</body></html>
"""
_SECURITY = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}


@dataclass(kw_only=True)
class Message:
    """One message as people would see it. `notified` are those whom it calls: everybody, a channel, a user; `links`
    are label and address. `raw` is what was sent."""

    id: str
    channel: str
    thread: str | None
    lines: list[str]
    links: list[tuple[str, str]]
    raw: Any
    notified: list[str] = field(default_factory=list)
    previews: list["Message"] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "channel": self.channel,
            "thread": self.thread,
            "lines": self.lines,
            "links": [{"label": label, "url": url} for label, url in self.links],
            "notified": self.notified,
            "previews": [preview.shown() for preview in self.previews],
        }


class Messages:
    """In the order in which they came."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self.all: list[Message] = []

    def reset(self) -> None:
        self.all.clear()

    def add(self, message: Message) -> None:
        self.all.append(message)

    def find(self, channel: str, message_id: str) -> Message | None:
        return next((one for one in self.all if (one.channel, one.id) == (channel, message_id)), None)

    def remove(self, message_id: str) -> None:
        """Somebody deletes it there, and with it what was said in its thread."""
        self.all = [one for one in self.all if message_id not in (one.id, one.thread)]

    def routes(self) -> list[BaseRoute]:
        return [Route(PATH, self._list), Route(f"{PATH}.html", self._page)]

    async def _list(self, _: Request) -> Response:
        return JSONResponse([message.shown() for message in self.all])

    async def _page(self, _: Request) -> Response:
        channels = dict.fromkeys(message.channel for message in self.all)
        body = "".join(f"<h2>{escape(name)}</h2>{self._channel(name)}" for name in channels)
        empty = '<p class="none">Nothing has been posted yet.</p>'
        page = _PAGE.format(provider=escape(self._provider), body=body or empty)
        return HTMLResponse(page, headers=_SECURITY)

    def _channel(self, name: str) -> str:
        here = [message for message in self.all if message.channel == name]
        roots = [message for message in here if message.thread in (None, message.id) or not self._has_root(message)]
        return "".join(
            _article(root, [one for one in here if one.thread == root.id and one is not root]) for root in roots
        )

    def _has_root(self, message: Message) -> bool:
        return message.thread is not None and self.find(message.channel, message.thread) is not None


def _article(message: Message, replies: list[Message]) -> str:
    lines = "".join(f"<p>{escape(line)}</p>" for line in message.lines)
    links = " · ".join(
        f'<a href="{escape(url)}" rel="noreferrer">{escape(label)}</a>'
        for label, url in message.links
        if url.startswith(("http://", "https://"))
    )
    inner = "".join(_article(one, []) for one in (*message.previews, *replies))
    return f"<article>{lines}{f'<small>{links}</small>' if links else ''}{inner}</article>"
