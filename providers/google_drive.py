"""Google Drive. Source: developers.google.com/identity/protocols/oauth2/web-server, Drive v3 discovery document.

Users may untick scopes on the consent page, so what was granted is read from the answer. Refresh tokens are not
replaced.
"""

from typing import Any

from providers.kit.base import ConnectsByOAuth, Revokes
from providers.kit.connection import Connection, Identity, Revocation
from providers.kit.errors import ProtocolBroken, ProviderError, Transient
from providers.kit.http import Answer
from providers.kit.manifest import Feature, Manifest, OAuth2

SCOPE = "https://www.googleapis.com/auth"
BUSY = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded"})


class GoogleDrive(ConnectsByOAuth, Revokes):
    manifest = Manifest(
        slug="google_drive",
        name="Google Drive",
        category="storage",
        description="Import videos and files from Google Drive, and export to it",
        # Browsing folders needs drive.readonly, which Google restricts to assessed apps; drive.file sees picked files.
        features=(
            Feature("File import", (f"{SCOPE}/drive.readonly",)),
            Feature("File export", (f"{SCOPE}/drive.file",)),
        ),
        removal_hint="Remove Koko at https://myaccount.google.com/connections.",
    )
    oauth = OAuth2(
        authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
        token_url="https://oauth2.googleapis.com/token",  # noqa: S106 - an address
        pkce=True,
        authorize_params={"access_type": "offline", "prompt": "consent", "include_granted_scopes": "false"},
    )

    def whoami(self, connection: Connection) -> Identity:
        answer = self.http.request(
            "Google Drive",
            "GET",
            "https://www.googleapis.com/drive/v3/about",
            params={"fields": "user,storageQuota"},
            bearer=connection.credentials.access_token,
        )
        if answer.status == 403:
            raise _forbidden(answer)
        user: Any = answer.require_success().json_object().get("user")
        if not isinstance(user, dict):
            raise ProtocolBroken("Google Drive did not say who this is")
        return Identity(
            account_id=self.require_text(user, "permissionId"),
            account_name=str(user.get("emailAddress") or user.get("displayName") or "Google Drive"),
        )

    def revoke(self, connection: Connection) -> Revocation:
        token = connection.credentials.refresh_token or connection.credentials.access_token or ""
        answer = self.http.request(
            "Google Drive", "POST", "https://oauth2.googleapis.com/revoke", form={"token": token}
        )
        if answer.status == 400 and answer.json_object().get("error") == "invalid_token":
            return Revocation(revoked=True, reason="Google had revoked the token already")
        answer.require_success()
        return Revocation(revoked=True)


def _forbidden(answer: Answer) -> ProviderError:
    error: Any = answer.json_object().get("error")
    details = error.get("errors") if isinstance(error, dict) else None
    first = details[0] if isinstance(details, list) and details and isinstance(details[0], dict) else {}
    reason = first.get("reason")
    if reason in BUSY:
        return Transient("Google Drive asks us to slow down", reason=reason)
    return answer.error(reason if isinstance(reason, str) else None)
