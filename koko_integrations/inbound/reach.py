"""Whether a provider can reach this service at all."""

import ipaddress
from urllib.parse import urlsplit

from providers.kit.base import ConnectsByOAuth, Provider


def is_reachable(public_url: str, provider: Provider) -> bool:
    """Providers send to https addresses. One that the operator has overridden (KOKO_ORIGIN_OVERRIDES) may be a sandbox
    on this machine, which can send to a loopback address too."""
    parts = urlsplit(public_url)
    if parts.scheme == "https":
        return True
    overridden = isinstance(provider, ConnectsByOAuth) and provider.http.target(provider.oauth.token_url).trusted
    return overridden and _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
