"""What Adobe's panels share: they call Koko, and Adobe IMS, where an app is registered, proves who connects.

Source: AdobeDocs/adobe-dev-console, guides/authentication/UserAuthentication/ims.md. The identity is all that is wanted
of IMS: its tokens are not kept, so no refresh token is asked for.
"""

from providers.kit.base import CallsKoko, ConnectsByOAuth
from providers.kit.connection import Connection, Identity
from providers.kit.errors import CredentialsRefused
from providers.kit.manifest import OAuth2

IMS = "https://ims-na1.adobelogin.com/ims"


class AdobePanel(CallsKoko, ConnectsByOAuth):
    """A panel in one of Adobe's editors."""

    oauth = OAuth2(
        authorize_url=f"{IMS}/authorize/v2",
        token_url=f"{IMS}/token/v3",
        pkce=True,
        client_auth="basic",
        extra_scopes=("openid", "email", "profile"),
    )

    def whoami(self, connection: Connection) -> Identity:
        name = self.manifest.name
        answer = self.http.request(name, "GET", f"{IMS}/userinfo/v2", bearer=connection.credentials.access_token)
        if answer.status == 401:
            raise CredentialsRefused("Adobe does not confirm who this is; connect again")
        user = answer.require_success().json_object()
        return Identity(
            account_id=self.require_text(user, "sub"),
            account_name=str(user.get("name") or user.get("email") or name),
            # What IMS grants is of no use to the panel.
            scopes=(),
        )
