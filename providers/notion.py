"""Notion. Source: developers.notion.com/reference/{create-a-token,refresh-a-token,revoke-token,get-self}.

No scopes and no PKCE: the user picks pages on the consent page. Token calls are HTTP Basic with JSON; the lifetime is
not published, so a token is renewed when it is refused.
"""

from typing import Any

from providers.kit.base import ConnectsByOAuth, Revokes
from providers.kit.connection import Connection, Identity, Revocation
from providers.kit.errors import CredentialsRefused, ProtocolBroken, ProviderError
from providers.kit.http import Answer
from providers.kit.manifest import Feature, Manifest, OAuth2, Rate

API = "https://api.notion.com/v1"
VERSION = {"Notion-Version": "2025-09-03"}


class Notion(ConnectsByOAuth, Revokes):
    manifest = Manifest(
        slug="notion",
        name="Notion",
        category="project_management",
        description="Keep video feedback and Notion pages in step",
        features=(Feature("Page sync"),),
        rate_per_connection=Rate(3, 1),
        removal_hint="Remove Koko in Notion's settings, under Connections.",
    )
    oauth = OAuth2(
        authorize_url=f"{API}/oauth/authorize",
        token_url=f"{API}/oauth/token",
        pkce=False,
        client_auth="basic",
        encoding="json",
        authorize_params={"owner": "user"},
    )

    def token_error(self, answer: Answer) -> ProviderError | None:
        if answer.status in (400, 401, 403):
            body = answer.json_object()
            # Notion's own errors say `code`, its RFC 6749 ones `error`.
            return self.token_refusal(str(body.get("error") or body.get("code") or "invalid_request"))
        return super().token_error(answer)

    def whoami(self, connection: Connection) -> Identity:
        token = connection.credentials.access_token
        answer = self.http.request("Notion", "GET", f"{API}/users/me", bearer=token, headers=VERSION)
        if answer.status == 401:
            raise CredentialsRefused("Notion no longer accepts the token", reason="unauthorized")
        me = answer.require_success().json_object()
        bot: Any = me.get("bot")
        if not isinstance(bot, dict):
            raise ProtocolBroken("Notion did not say which workspace this is")
        return Identity(account_id=self.require_text(me, "id"), account_name=str(bot.get("workspace_name") or "Notion"))

    def revoke(self, connection: Connection) -> Revocation:
        app = self.oauth_app
        self.http.request(
            "Notion",
            "POST",
            f"{API}/oauth/revoke",
            basic=(app.client_id, app.client_secret),
            json={"token": connection.credentials.access_token},
            headers=VERSION,
        ).require_success()
        return Revocation(revoked=True)
