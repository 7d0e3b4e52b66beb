"""The app that Koko's operator registered at a provider."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class AppCredentials:
    """OAuth client id and secret, and the secret that signs inbound webhooks where it is another one."""

    client_id: str
    client_secret: str = field(repr=False)
    signing_secret: str | None = field(default=None, repr=False)
