"""What Atlassian's providers share: one authorization server, with JSON and no revocation.

Source: developer.atlassian.com/cloud/oauth/getting-started/refresh-tokens.
"""

from collections.abc import Mapping

from providers.kit.answer import Answer
from providers.kit.base import ConnectsByOAuth
from providers.kit.errors import ProviderError
from providers.kit.manifest import OAuth2


def atlassian(*, pkce: bool, extra_scopes: tuple[str, ...], authorize_params: Mapping[str, str]) -> OAuth2:
    """The authorization server, as a product uses it."""
    return OAuth2(
        authorize_url="https://auth.atlassian.com/authorize",
        token_url="https://auth.atlassian.com/oauth/token",  # noqa: S106 - an address
        pkce=pkce,
        encoding="json",
        authorize_params={"prompt": "consent", **authorize_params},
        extra_scopes=(*extra_scopes, "offline_access"),
    )


class AtlassianProvider(ConnectsByOAuth):
    """A provider behind that server."""

    def token_error(self, answer: Answer) -> ProviderError | None:
        # A refresh token that is gone is answered with 403.
        if answer.status == 403:
            body = answer.json_object()
            return self.token_refusal(str(body.get("error") or "invalid_grant"))
        return super().token_error(answer)
