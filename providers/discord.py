"""Discord: the URL of a channel's webhook, pasted or made by OAuth (scope webhook.incoming).

Source: discord.com/developers/docs/resources/webhook, /topics/oauth2#webhooks. Repeated 4xx lead to a ban, so a webhook
that is gone is believed at once.
"""

import re
from collections.abc import Mapping
from typing import Any

from providers.kit.answer import Answer
from providers.kit.base import ConnectsByKeys, ConnectsByOAuth, Revokes
from providers.kit.connection import Connection, Credentials, Grant, Identity, Revocation
from providers.kit.discord.events import hear_request
from providers.kit.discord.messages import ForumNeedsThreadError, message, problem
from providers.kit.errors import CredentialsRefused, ProtocolBroken, Rejected
from providers.kit.inbound import Heard, Incoming, ReceivesWebhooks
from providers.kit.manifest import Feature, Field, Manifest, OAuth2
from providers.kit.notices import Notice, Notifies, Posted

WEBHOOK_URL = re.compile(
    r"https://(?:(?:ptb|canary)\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks/(\d{5,25})/([A-Za-z0-9_-]{20,120})"
)
MADE_BY_OAUTH = "madeByOAuth"


class Discord(ConnectsByOAuth, ConnectsByKeys, Revokes, Notifies, ReceivesWebhooks):
    address_per_app = True
    manifest = Manifest(
        slug="discord",
        name="Discord",
        category="communication",
        description="Post comments, approvals and uploads to Discord channels",
        features=(Feature("Comment notifications"), Feature("Upload alerts"), Feature("Approval requests")),
        fields=(
            Field(
                name="webhookUrl",
                hint="the URL of the channel's webhook, such as https://discord.com/api/webhooks/...",
                kind="url",
                secret=True,
                required=True,
            ),
        ),
        several=True,
        removal_hint="Delete the webhook in the channel's settings, under Integrations.",
    )
    oauth = OAuth2(
        authorize_url="https://discord.com/oauth2/authorize",
        token_url="https://discord.com/api/oauth2/token",  # noqa: S106 - an address
        pkce=False,
        client_auth="basic",
        extra_scopes=("webhook.incoming",),
    )

    def read_grant(self, body: Mapping[str, Any]) -> Grant:
        webhook = body.get("webhook")
        if not isinstance(webhook, dict):
            raise ProtocolBroken("Discord made no webhook")
        url = f"https://discord.com/api/webhooks/{webhook.get('id')}/{webhook.get('token')}"
        if WEBHOOK_URL.fullmatch(url) is None:
            raise ProtocolBroken("Discord sent a webhook that cannot be used")
        # The webhook is all that posting needs; the token would only be one more secret to keep.
        return Grant(credentials=Credentials(secrets={"webhookUrl": url, MADE_BY_OAUTH: "yes"}))

    def whoami(self, connection: Connection) -> Identity:
        body = self._call("GET", connection).json_object()
        channel = body.get("channel_id")
        return Identity(
            account_id=self.require_text(body, "id"),
            account_name=str(body.get("name") or "Discord webhook"),
            config={"channelId": channel} if isinstance(channel, str) else {},
        )

    def needs_channel(self, config: Mapping[str, Any]) -> bool:
        return False

    def post(self, connection: Connection, notice: Notice, *, channel_id: str | None, thread: str | None) -> Posted:
        """Only in a forum are there threads: a webhook cannot begin one anywhere else."""
        wait = {"wait": "true"}
        if thread is not None:
            posted = self._call("POST", connection, wait | {"thread_id": thread}, message(notice), in_thread=True)
            return _posted(posted, in_thread=True)
        try:
            return _posted(self._call("POST", connection, wait, message(notice)), in_thread=False)
        except ForumNeedsThreadError:
            named = message(notice, thread_name=notice.about)
            return _posted(self._call("POST", connection, wait, named), in_thread=True)

    def hear(self, incoming: Incoming, secrets: Mapping[str, str]) -> Heard:
        # Discord's signing secret is no secret: it is the app's public key.
        return hear_request(incoming, None if self.app is None else self.app.signing_secret)

    def revoke(self, connection: Connection) -> Revocation:
        if MADE_BY_OAUTH not in connection.credentials.secrets:
            return Revocation(revoked=False, reason="the webhook was pasted, so it is not Koko's to delete")
        try:
            self._call("DELETE", connection)
        except CredentialsRefused:
            return Revocation(revoked=True, reason="the webhook was gone already")
        return Revocation(revoked=True)

    def _call(
        self,
        method: str,
        connection: Connection,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
        *,
        in_thread: bool = False,
    ) -> Answer:
        found = WEBHOOK_URL.fullmatch(connection.credentials.secrets.get("webhookUrl", ""))
        if found is None:
            raise Rejected("This is not the URL of a Discord webhook")
        # The token is the path: that is Discord's only way.
        url = f"https://discord.com/api/v10/webhooks/{found[1]}/{found[2]}"
        answer = self.http.request("Discord", method, url, params=params, json=json)
        if (refusal := problem(answer, in_thread=in_thread)) is not None:
            raise refusal
        return answer


def _posted(answer: Answer, *, in_thread: bool) -> Posted:
    """A thread is a channel of its own. The message is there, whatever the answer lacks."""
    body = answer.json_object()
    message_id, channel_id = body.get("id"), body.get("channel_id")
    return Posted(
        id=message_id if isinstance(message_id, str) else None,
        thread=channel_id if in_thread and isinstance(channel_id, str) else None,
    )
