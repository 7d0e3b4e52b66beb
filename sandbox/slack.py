"""Slack, as docs.slack.dev describes it: everything is HTTP 200, `ok` tells."""

import itertools
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.messages import Messages
from sandbox.kit.oauth import AuthorizationServer, Token, read_bearer, read_form
from sandbox.kit.slack_events import SlackEvents
from sandbox.kit.stand_in import Clock, StandIn
from sandbox.slack_messages import Channel, Posting

CREATED_S = 1_700_000_000
SCOPES = {"public_channel": "channels:read", "private_channel": "groups:read", "mpim": "mpim:read", "im": "im:read"}
ERRORS = {
    "invalid_grant": "invalid_code",
    "code_used": "code_already_used",
    "redirect_uri_mismatch": "bad_redirect_uri",
    "invalid_client": "bad_client_secret",
    "invalid_request": "invalid_arguments",
}


class SlackStandIn(StandIn):
    slug = "slack"
    origins = ("https://slack.com",)
    team = "Sandbox Workspace"

    def __init__(self, clock: Clock) -> None:
        self.oauth = AuthorizationServer(
            clock=clock,
            provider="Slack",
            account=self.team,
            client_id="1234567890.sandbox",
            client_secret="sandbox-slack-client-secret",
            client_auth="basic",
            scope_separator=",",
            lifetime_s=None,
            refreshes=False,
            access_prefix="xoxb-sandbox-",
            refresh_prefix="xoxe-1-sandbox-",
            refuse=lambda code: _failed(ERRORS.get(code, code)),
            succeed=self._token_members,
        )
        self.messages = Messages("Slack")
        self.events = SlackEvents(clock, "sandbox-slack-signing-secret")
        super().__init__(clock)
        self._furnish()

    def _furnish(self) -> None:
        self._numbers = itertools.count()
        self.channels: dict[str, Channel] = {}
        self.page_size = 1
        self.era = 0
        self.add_channel("general", purpose="Everybody", member=True)
        self.add_channel("reviews", member=True)
        self.add_channel("dailies")
        self.add_channel("wrap-party", archived=True)
        self.add_channel("producers", private=True)

    def add_channel(self, name: str, **members: Any) -> Channel:
        channel = Channel(f"C0000{next(self._numbers):05d}", name, **members)
        self.channels[channel.id] = channel
        self.events.happen({"type": "channel_created", "channel": {"id": channel.id, "name": name}})
        return channel

    def uninstall(self) -> None:
        """Somebody removes the app from the workspace."""
        for token in self.oauth.tokens:
            token.revoked = True
        self.events.happen({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["U0SANDBOX"]}})
        self.events.happen({"type": "app_uninstalled"})

    def share_link(self, channel: str, url: str) -> None:
        """Somebody posts a link to one of the app's domains."""
        link = {"url": url, "domain": url.split("/")[2]}
        shared = {"channel": channel, "message_ts": "1700000000.000100", "unfurl_id": "C.1", "source": "conversations"}
        self.events.happen({"type": "link_shared", **shared, "links": [link]})

    def expire_cursors(self) -> None:
        """The cursors that were handed out are no longer good."""
        self.era += 1

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/oauth/v2/authorize", self.oauth.authorize, methods=["GET", "POST"]),
            Route("/api/oauth.v2.access", self.oauth.token, methods=["POST"]),
            Route("/api/auth.test", self._auth_test, methods=["GET", "POST"]),
            Route("/api/conversations.list", self._conversations_list, methods=["GET", "POST"]),
            Route("/api/auth.revoke", self._auth_revoke, methods=["GET", "POST"]),
            Route("/api/chat.postMessage", self._chat_post_message, methods=["POST"]),
            Route("/api/chat.unfurl", self._chat_unfurl, methods=["POST"]),
            *self.messages.routes(),
            Route("/_sandbox/request-url", self.events.enter, methods=["POST"]),
        ]

    def announcement(self) -> dict[str, dict[str, Any]]:
        return {self.slug: {**self.oauth.announcement(), "signingSecret": self.events.signing_secret}}

    def reset(self) -> None:
        super().reset()
        self.oauth.reset()
        self.messages.reset()
        self.events.reset()
        self.rotate_tokens(on=False)
        self._furnish()

    def rotate_tokens(self, *, on: bool) -> None:
        """Slack's token rotation: 12 hours, and refresh tokens that work once."""
        self.oauth.refreshes = on
        self.oauth.lifetime_s = 43_200 if on else None

    def _token_members(self, token: Token) -> dict[str, Any]:
        return {
            "ok": True,
            "token_type": "bot",
            "bot_user_id": "U0SANDBOX",
            "app_id": "A0SANDBOX",
            "team": {"id": "T0SANDBOX", "name": self.team},
            "enterprise": None,
            "is_enterprise_install": False,
            "authed_user": {"id": "U0PERSON"},
        }

    async def _auth_test(self, request: Request) -> Response:
        token = self.oauth.find_live(read_bearer(request))
        if token is None:
            return self._refused(request)
        body = {
            "ok": True,
            "url": "https://sandbox.slack.com/",
            "team": self.team,
            "user": "koko",
            "team_id": "T0SANDBOX",
            "user_id": "U0SANDBOX",
            "bot_id": "B0SANDBOX",
        }
        return JSONResponse(body, headers={"X-OAuth-Scopes": ",".join(token.scopes)})

    async def _auth_revoke(self, request: Request) -> Response:
        if self.oauth.find_live(read_bearer(request)) is None:
            return self._refused(request)
        self.oauth.revoke(read_bearer(request))
        self.events.happen({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["U0SANDBOX"]}})
        return JSONResponse({"ok": True, "revoked": True})

    async def _conversations_list(self, request: Request) -> Response:
        token = self.oauth.find_live(read_bearer(request))
        if token is None:
            return self._refused(request)
        asked = dict(request.query_params) if request.method == "GET" else await read_form(request)
        types = asked.get("types", "public_channel").split(",")
        if not set(types) <= set(SCOPES):
            return _failed("invalid_types")
        missing = [SCOPES[kind] for kind in types if SCOPES[kind] not in token.scopes]
        if missing:
            return _failed("missing_scope", needed=",".join(missing), provided=",".join(token.scopes))
        limit = asked.get("limit", "100")
        if not limit.isdecimal() or not 1 <= int(limit) <= 999:
            return _failed("invalid_limit")
        era, _, start = (asked.get("cursor") or f"{self.era}:0").partition(":")
        if era != str(self.era) or not start.isdecimal():
            return _failed("invalid_cursor")
        # A page may hold fewer than were asked for: archived ones are left out of it when it is cut already.
        end = int(start) + min(int(limit), self.page_size)
        of_types = [one for one in self.channels.values() if _kind(one) in types]
        hides = asked.get("exclude_archived") == "true"
        page = [one for one in of_types[int(start) : end] if not (hides and one.archived)]
        following = f"{era}:{end}" if end < len(of_types) else ""
        body = {"ok": True, "channels": [_channel(one) for one in page]}
        return JSONResponse(body | {"response_metadata": {"next_cursor": following}})

    async def _chat_post_message(self, request: Request) -> Response:
        return await self._posting(request, "chat:write", Posting.post)

    async def _chat_unfurl(self, request: Request) -> Response:
        return await self._posting(request, "links:write", Posting.unfurl)

    async def _posting(self, request: Request, scope: str, act: Callable[[Posting], dict[str, Any]]) -> Response:
        token = self.oauth.find_live(read_bearer(request))
        if token is None:
            return self._refused(request)
        if scope not in token.scopes:
            return _failed("missing_scope", needed=scope, provided=",".join(token.scopes))
        channels = {one.id: one for one in self.channels.values()} | {one.name: one for one in self.channels.values()}
        posting = Posting(await read_form(request), channels, self.messages, token.scopes, self.clock.now_s())
        return JSONResponse(act(posting))

    def _refused(self, request: Request) -> Response:
        value = read_bearer(request)
        if value is None:
            return _failed("not_authed")
        known = next((token for token in self.oauth.tokens if token.access == value), None)
        if known is None:
            return _failed("invalid_auth")
        return _failed("token_revoked" if known.revoked else "token_expired")


def _failed(error: str, **more: str) -> Response:
    return JSONResponse({"ok": False, "error": error, **more})


def _kind(channel: Channel) -> str:
    return "private_channel" if channel.private else "public_channel"


def _channel(channel: Channel) -> dict[str, Any]:
    said = {"creator": "", "last_set": 0}
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "created": CREATED_S,
        "creator": "U0PERSON",
        "is_archived": channel.archived,
        "is_channel": not channel.private,
        "is_general": channel.name == "general",
        "is_group": channel.private,
        "is_im": False,
        "is_member": channel.member,
        "is_mpim": False,
        "is_org_shared": False,
        "is_private": channel.private,
        "is_shared": False,
        "topic": {"value": "", **said},
        "purpose": {"value": channel.purpose, **said},
    }
