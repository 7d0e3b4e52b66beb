"""What Microsoft's providers share: the Entra authorization server and the errors of Microsoft Graph.

Source: learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow, learn.microsoft.com/graph/errors.
Refresh tokens are replaced at each use; there is no revocation endpoint.
"""

from collections.abc import Mapping
from typing import Any

from providers.kit.answer import Answer
from providers.kit.base import ConnectsByOAuth
from providers.kit.connection import Connection
from providers.kit.errors import CredentialsRefused, Missing, ProtocolBroken, Rejected, StartOver
from providers.kit.manifest import OAuth2
from providers.kit.paging import all_pages

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

    def graph(self, connection: Connection, path: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """GET of a Graph path; its JSON object. Raises ProviderError."""
        return self.graph_call(connection, "GET", path, headers=headers).json_object()

    def graph_call(
        self,
        connection: Connection,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
    ) -> Answer:
        """A request to a Graph path; its success. Raises ProviderError."""
        token = connection.credentials.access_token
        answer = self.http.request(
            self.manifest.name, method, f"{GRAPH}{path}", headers=headers, json=json, bearer=token
        )
        if answer.status == 410:
            raise StartOver(f"{self.manifest.name} no longer knows where we were")
        if answer.status in (401, 403, 404):
            error = answer.json_object().get("error")
            code = error.get("code") if isinstance(error, dict) else None
            reason = code if isinstance(code, str) else None
            if answer.status == 401:
                raise CredentialsRefused(f"{self.manifest.name} no longer accepts the token", reason=reason)
            refusal = Missing if answer.status == 404 else Rejected
            # The position in a feed is in the path, too.
            what = path.partition("?")[0].partition("(")[0]
            raise refusal(f"{self.manifest.name} does not let this account use {what}", reason=reason)
        return answer.require_success()

    def graph_post(self, connection: Connection, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """POST to a Graph path; its JSON object. Never repeated by itself. Raises ProviderError."""
        return self.graph_call(connection, "POST", path, json=body).json_object()

    def graph_page(self, connection: Connection, path: str) -> tuple[list[Any], str | None]:
        """One page of a Graph list, and the path of the next: `@odata.nextLink` as it is. Raises ProviderError."""
        body = self.graph(connection, path)
        page = body.get("value")
        if not isinstance(page, list):
            raise ProtocolBroken(f"{self.manifest.name} sent a list of the wrong shape")
        return page, self.graph_link(body, "@odata.nextLink")

    def graph_link(self, body: Mapping[str, Any], name: str) -> str | None:
        """The path that a link of Graph's leads to; None for none. Raises ProtocolBroken for one that leaves Graph:
        the token would go with it."""
        link = body.get(name)
        if link is None:
            return None
        if not isinstance(link, str) or not link.startswith(f"{GRAPH}/"):
            raise ProtocolBroken(f"{self.manifest.name} sent a next page that leads elsewhere")
        return link.removeprefix(GRAPH)

    def graph_pages(self, connection: Connection, path: str) -> list[Any]:
        """Every item of a Graph list. Raises ProviderError."""
        return all_pages(self.manifest.name, lambda following: self.graph_page(connection, following or path))
