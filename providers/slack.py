"""Slack. Source: docs.slack.dev/authentication, /reference/methods, /messaging/unfurling-links-in-messages;
slackapi/slack-api-specs.

Every answer is HTTP 200; `ok` tells. Tokens do not expire unless the app has token rotation, which adds `expires_in`
and a single-use refresh token. What there is to pull are channels: projects, in Koko's words. An archived one is gone.
"""

from collections.abc import Mapping
from typing import Any

from providers.kit.answer import Answer
from providers.kit.base import ConnectsByOAuth, ListsItems, Revokes
from providers.kit.connection import Connection, Grant, Identity, Resource, Revocation
from providers.kit.errors import CredentialsRefused, ProtocolBroken, ProviderError, Rejected, StartOver, Transient
from providers.kit.inbound import Heard, Incoming, ReceivesWebhooks
from providers.kit.items import Item, Page, Pull
from providers.kit.manifest import Feature, Manifest, OAuth2
from providers.kit.notices import Notice, Notifies, Posted, PreviewsLinks
from providers.kit.paging import all_pages
from providers.kit.slack.events import hear_event
from providers.kit.slack.messages import message_form, refusal, unfurl_form

API = "https://slack.com/api"
GONE = frozenset({"token_revoked", "token_expired", "invalid_auth", "not_authed", "account_inactive"})
SLOW_DOWN = frozenset({"ratelimited", "rate_limited"})
BUSY = frozenset({"service_unavailable", "internal_error", "fatal_error", "request_timeout"})
REFUSED_GRANT = frozenset({"invalid_code", "code_already_used", "invalid_refresh_token", "invalid_grant"})
REFUSED_APP = frozenset({"invalid_client_id", "bad_client_secret", "bad_redirect_uri"})
POSTING = ("chat:write", "channels:read")


class Slack(ConnectsByOAuth, Revokes, ListsItems, Notifies, PreviewsLinks, ReceivesWebhooks):
    address_per_app = True
    resource_kinds = ("channels",)
    entities = ("projects",)
    mapped = False
    manifest = Manifest(
        slug="slack",
        name="Slack",
        category="communication",
        description="Get notifications in Slack when videos are uploaded or commented on",
        features=(
            Feature("Comment notifications", POSTING),
            Feature("Upload alerts", POSTING),
            Feature("Approval requests", POSTING),
            Feature("Link previews", ("links:read", "links:write"), optional=True),
        ),
    )
    # PKCE would make the app a public client for good: docs.slack.dev/authentication/using-pkce.
    oauth = OAuth2(
        authorize_url="https://slack.com/oauth/v2/authorize",
        token_url=f"{API}/oauth.v2.access",
        pkce=False,
        client_auth="basic",
        scope_separator=",",
    )

    def whoami(self, connection: Connection) -> Identity:
        answer = self._call("auth.test", connection, repeatable=True)
        body = answer.json_object()
        scopes = answer.headers.get("X-OAuth-Scopes")
        team_id, team = body.get("team_id"), body.get("team")
        if not isinstance(team_id, str) or not isinstance(team, str):
            raise ProtocolBroken("Slack did not say which workspace this is")
        return Identity(
            account_id=team_id,
            account_name=team,
            scopes=None if scopes is None else tuple(scopes.replace(",", " ").split()),
        )

    def list_resources(self, connection: Connection, kind: str, container: str | None = None) -> list[Resource]:
        def ask(cursor: str | None) -> tuple[list[Resource], str | None]:
            body = self._channels(connection, cursor)
            return self.read_resources(body.get("channels")), _next_cursor(body)

        return all_pages("Slack", ask)

    def pull(self, connection: Connection, pull: Pull) -> Page:
        body = self._channels(connection, pull.cursor)
        items, skipped = self.read_items(body.get("channels"), self._read_channel)
        return Page(items=tuple(items), skipped=tuple(skipped), cursor=_next_cursor(body))

    def post(self, connection: Connection, notice: Notice, *, channel_id: str | None, thread: str | None) -> Posted:
        if channel_id is None:
            raise Rejected("Choose a channel of Slack (channelId)")
        body = self._call("chat.postMessage", connection, message_form(notice, channel_id, thread)).json_object()
        ts = body.get("ts")
        # It is there, whatever else the answer lacks.
        return Posted(id=ts, thread=thread or ts) if isinstance(ts, str) else Posted(thread=thread)

    def unfurl(self, connection: Connection, place: Mapping[str, str], previews: Mapping[str, Notice]) -> None:
        # The same links at the same place are replaced, not added to.
        self._call("chat.unfurl", connection, unfurl_form(place, previews), repeatable=True)

    def hear(self, incoming: Incoming, secrets: Mapping[str, str]) -> Heard:
        return hear_event(incoming, None if self.app is None else self.app.signing_secret)

    def revoke(self, connection: Connection) -> Revocation:
        try:
            self._call("auth.revoke", connection)
        except CredentialsRefused:
            return Revocation(revoked=True, reason="Slack had revoked the token already")
        return Revocation(revoked=True)

    def read_grant(self, body: Mapping[str, Any]) -> Grant:
        # An app that asks for user scopes alone gets its token one level down.
        user = body.get("authed_user")
        if body.get("access_token") is None and isinstance(user, dict):
            body = {**body, **user}
        return super().read_grant(body)

    def token_error(self, answer: Answer) -> ProviderError | None:
        return super().token_error(answer) or _problem(answer)

    def _channels(self, connection: Connection, cursor: str | None) -> dict[str, Any]:
        """One page of conversations.list."""
        asked = {"types": "public_channel", "exclude_archived": "true", "limit": "200"}
        if cursor is not None:
            asked["cursor"] = cursor
        return self._call("conversations.list", connection, asked, repeatable=True).json_object()

    def _read_channel(self, entry: Mapping[str, Any]) -> Item:
        return Item(
            id=self.require_text(entry, "id"),
            title=self.require_text(entry, "name"),
            text=(entry.get("purpose") or {}).get("value"),
            # Where Koko is not a member it may not be allowed to post.
            fields={"isPrivate": bool(entry.get("is_private")), "isMember": bool(entry.get("is_member"))},
        )

    def _call(
        self, method: str, connection: Connection, form: Mapping[str, str] | None = None, *, repeatable: bool = False
    ) -> Answer:
        answer = self.http.request(
            "Slack",
            "POST",
            f"{API}/{method}",
            bearer=connection.credentials.access_token,
            form=form or {},
            repeatable=repeatable,
        ).require_success()
        if (problem := _problem(answer)) is not None:
            raise problem
        return answer


def _next_cursor(body: Mapping[str, Any]) -> str | None:
    metadata = body.get("response_metadata")
    # An empty cursor is the end.
    cursor = metadata.get("next_cursor") if isinstance(metadata, dict) else None
    return str(cursor) if cursor else None


def _problem(answer: Answer) -> ProviderError | None:
    body = answer.json_object()
    if body.get("ok") is True:
        return None
    reason = body.get("error")
    if not isinstance(reason, str):
        return ProtocolBroken("Slack said neither that it worked nor what went wrong")
    if reason in GONE:
        return CredentialsRefused("Slack no longer accepts the token; connect Slack again", reason=reason)
    if reason in REFUSED_GRANT:
        return CredentialsRefused("Slack refused the authorization code; connect Slack again", reason=reason)
    if reason in REFUSED_APP:
        return Rejected("Slack does not accept Koko's app: ask your Koko operator to check it", reason=reason)
    if reason in SLOW_DOWN:
        return Transient("Slack asks us to slow down", reason="rate_limited", retry_after_s=answer.retry_after_s)
    if reason in BUSY:
        return Transient("Slack is busy right now", reason=reason, retry_after_s=answer.retry_after_s)
    if reason == "missing_scope":
        return Rejected("Slack did not grant a permission that this needs; connect Slack again", reason=reason)
    if reason == "invalid_cursor":
        return StartOver("Slack no longer knows where we were", reason=reason)
    return refusal(reason) or Rejected("Slack refused the request", reason=reason)
