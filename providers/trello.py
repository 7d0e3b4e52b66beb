"""Trello: OAuth 2.0 with PKCE by Atlassian's server, or an API key with a user token.

Source: developer.atlassian.com/cloud/trello/guides/rest-api/{oauth-2-confidential-client-usage,authorization}.
Errors are often plain text. OAuth 2.0 has no revocation endpoint; a user token has.
"""

from urllib.parse import quote

from providers.kit.atlassian import AtlassianProvider, atlassian
from providers.kit.base import ConnectsByKeys, ListsResources, Revokes
from providers.kit.connection import Connection, Identity, Resource, Revocation
from providers.kit.http import Answer
from providers.kit.manifest import Feature, Field, Manifest, Rate

API = "https://api.trello.com/1"


class Trello(AtlassianProvider, ConnectsByKeys, Revokes, ListsResources):
    resource_kinds = ("boards",)
    manifest = Manifest(
        slug="trello",
        name="Trello",
        category="project_management",
        description="Keep video feedback and Trello cards in step",
        features=(Feature("Card sync", ("read:board:trello", "write:board:trello")),),
        fields=(
            Field(
                name="apiKey",
                hint="the API key",
                secret=True,
                required=True,
                pattern=r"[A-Za-z0-9]{8,128}",
                alias="apiKey",
            ),
            Field(
                name="apiToken",
                hint="the token that Trello made for the API key",
                secret=True,
                required=True,
                pattern=r"[A-Za-z0-9]{8,256}",
                alias="apiSecret",
            ),
        ),
        rate_per_app=Rate(300, 10),
        rate_per_connection=Rate(100, 10),
        removal_hint="Remove Koko in Trello's account settings.",
    )
    oauth = atlassian(pkce=True, extra_scopes=("read:member:trello",), authorize_params={})

    def whoami(self, connection: Connection) -> Identity:
        me = self._call("GET", "/members/me?fields=id,username,fullName", connection).json_object()
        return Identity(
            account_id=self.require_text(me, "id"),
            account_name=str(me.get("fullName") or me.get("username") or "Trello"),
        )

    def list_resources(self, connection: Connection, kind: str, container: str | None = None) -> list[Resource]:
        return self.read_resources(self._call("GET", "/members/me/boards?filter=open&fields=name", connection).json())

    def revoke(self, connection: Connection) -> Revocation:
        token = connection.credentials.secrets.get("apiToken")
        if token is None:
            return Revocation(revoked=False, reason="Trello has no way to revoke access by OAuth 2.0")
        # The token is the path: that is Trello's only way.
        self._call("DELETE", f"/tokens/{quote(token)}", connection)
        return Revocation(revoked=True)

    def _call(self, method: str, path: str, connection: Connection) -> Answer:
        credentials = connection.credentials
        headers = {}
        if credentials.access_token is None:
            key, token = credentials.secrets.get("apiKey", ""), credentials.secrets.get("apiToken", "")
            headers["Authorization"] = f'OAuth oauth_consumer_key="{key}", oauth_token="{token}"'
        return self.http.request(
            "Trello", method, f"{API}{path}", bearer=credentials.access_token, headers=headers
        ).require_success()
