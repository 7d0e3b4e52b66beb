"""What Microsoft's providers share: the Entra authorization server and the errors of Microsoft Graph.

Source: learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow, learn.microsoft.com/graph/errors.
Refresh tokens are replaced at each use; there is no revocation endpoint.
"""

from typing import Any

from providers.kit.base import ConnectsByOAuth
from providers.kit.connection import Connection
from providers.kit.errors import CredentialsRefused, ProtocolBroken, Rejected
from providers.kit.manifest import OAuth2

GRAPH = "https://graph.microsoft.com/v1.0"


def entra(tenant: str) -> OAuth2:
    """The authorization server for a tenant, or for `organizations` or `common`."""
    base = f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0"
    return OAuth2(
        authorize_url=f"{base}/authorize",
        token_url=f"{base}/token",
        pkce=True,
        authorize_params={"response_mode": "query"},
        extra_scopes=("offline_access", "User.Read"),
    )


class MicrosoftProvider(ConnectsByOAuth):
    """A provider behind Microsoft Graph."""

    def graph(self, connection: Connection, path: str) -> dict[str, Any]:
        """GET of a Graph path; its JSON object. Raises ProviderError."""
        answer = self.http.request(
            self.manifest.name, "GET", f"{GRAPH}{path}", bearer=connection.credentials.access_token
        )
        if answer.status in (401, 403, 404):
            error = answer.json_object().get("error")
            code = error.get("code") if isinstance(error, dict) else None
            reason = code if isinstance(code, str) else None
            if answer.status == 401:
                raise CredentialsRefused(f"{self.manifest.name} no longer accepts the token", reason=reason)
            raise Rejected(f"{self.manifest.name} does not let this account use {path}", reason=reason)
        return answer.require_success().json_object()

    def graph_pages(self, connection: Connection, path: str) -> list[Any]:
        """Every item of a Graph list; `@odata.nextLink` is followed as it is. Raises ProviderError."""
        items: list[Any] = []
        while True:
            body = self.graph(connection, path)
            page, following = body.get("value"), body.get("@odata.nextLink")
            if not isinstance(page, list):
                raise ProtocolBroken(f"{self.manifest.name} sent a list of the wrong shape")
            items += page
            if following is None:
                return items
            if not isinstance(following, str) or not following.startswith(f"{GRAPH}/"):
                raise ProtocolBroken(f"{self.manifest.name} sent a next page that leads elsewhere")
            path = following.removeprefix(GRAPH)
