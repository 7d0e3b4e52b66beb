"""Figma. Source: developers.figma.com/docs/rest-api/{authentication,errors}, @figma/rest-api-spec.

Token calls are HTTP Basic with a form; renewing has an address of its own and brings no new refresh token. There is no
revocation. 403 also means that the token is not valid.
"""

from providers.kit.base import ConnectsByOAuth
from providers.kit.connection import Connection, Identity
from providers.kit.errors import CredentialsRefused
from providers.kit.manifest import Feature, Manifest, OAuth2

API = "https://api.figma.com/v1"


class Figma(ConnectsByOAuth):
    manifest = Manifest(
        slug="figma",
        name="Figma",
        category="creative",
        description="Import Figma frames next to the videos they belong to",
        features=(Feature("Design import", ("file_content:read", "file_metadata:read")),),
        removal_hint="Remove Koko in Figma's settings, under Connected apps.",
    )
    oauth = OAuth2(
        authorize_url="https://www.figma.com/oauth",
        token_url=f"{API}/oauth/token",
        refresh_url=f"{API}/oauth/refresh",
        pkce=False,
        client_auth="basic",
        scope_separator=",",
        extra_scopes=("current_user:read",),
    )

    def whoami(self, connection: Connection) -> Identity:
        answer = self.http.request("Figma", "GET", f"{API}/me", bearer=connection.credentials.access_token)
        # Reading oneself needs no more than a valid token.
        if answer.status in (401, 403):
            raise CredentialsRefused("Figma no longer accepts the token; connect Figma again")
        me = answer.require_success().json_object()
        return Identity(
            account_id=self.require_text(me, "id"), account_name=str(me.get("handle") or me.get("email") or "Figma")
        )
