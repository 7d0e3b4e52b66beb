"""Dropbox. Source: developers.dropbox.com/oauth-guide, dropbox/dropbox-api-spec (auth.stone, users.stone).

The refresh token never expires and is not replaced. A revocation ends it with every access token made from it.
"""

from typing import Any

from providers.kit.base import ConnectsByOAuth, Revokes
from providers.kit.connection import Connection, Identity, Revocation
from providers.kit.errors import CredentialsRefused, Rejected
from providers.kit.http import Answer
from providers.kit.manifest import Feature, Manifest, OAuth2

API = "https://api.dropboxapi.com"


class Dropbox(ConnectsByOAuth, Revokes):
    manifest = Manifest(
        slug="dropbox",
        name="Dropbox",
        category="storage",
        description="Import videos and files from Dropbox, and export to it",
        features=(
            Feature("File import", ("files.metadata.read", "files.content.read")),
            Feature("File export", ("files.content.write",)),
        ),
        removal_hint="Remove Koko at https://www.dropbox.com/account/connected_apps.",
    )
    oauth = OAuth2(
        authorize_url="https://www.dropbox.com/oauth2/authorize",
        token_url=f"{API}/oauth2/token",
        pkce=True,
        authorize_params={"token_access_type": "offline"},
        extra_scopes=("account_info.read",),
    )

    def whoami(self, connection: Connection) -> Identity:
        body = self._call("/2/users/get_current_account", connection, repeatable=True).json_object()
        name: Any = body.get("name")
        shown = name.get("display_name") if isinstance(name, dict) else None
        return Identity(account_id=self.require_text(body, "account_id"), account_name=str(shown or "Dropbox"))

    def revoke(self, connection: Connection) -> Revocation:
        try:
            self._call("/2/auth/token/revoke", connection)
        except CredentialsRefused:
            return Revocation(revoked=True, reason="Dropbox had revoked the token already")
        return Revocation(revoked=True)

    def _call(self, path: str, connection: Connection, *, repeatable: bool = False) -> Answer:
        # Calls without arguments have no body at all.
        answer = self.http.request(
            "Dropbox", "POST", f"{API}{path}", bearer=connection.credentials.access_token, repeatable=repeatable
        )
        if answer.status in (401, 403, 409):
            summary = answer.json_object().get("error_summary")
            reason = summary.partition("/")[0] if isinstance(summary, str) else None
            if answer.status == 401 and reason != "missing_scope":
                raise CredentialsRefused("Dropbox no longer accepts the token; connect Dropbox again", reason=reason)
            raise Rejected("Dropbox did not grant a permission that this needs; connect again", reason=reason)
        return answer.require_success()
