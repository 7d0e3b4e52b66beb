"""Whether an address leads to this service itself: a trigger that posts there would call itself."""

import ipaddress
from urllib.parse import urlsplit

from koko_integrations.settings import Settings

_PORTS = {"http": 80, "https": 443}


class OwnAddress:
    """By KOKO_PUBLIC_URL, and by where this process listens."""

    def __init__(self, settings: Settings) -> None:
        public = urlsplit(settings.public_url)
        self._public = (_bare(public.hostname), _port(settings.public_url))
        self._host = _bare(settings.host)
        self._port = settings.port

    def is_ours(self, url: str) -> bool:
        """For a URL that is one."""
        host, port = _bare(urlsplit(url).hostname), _port(url)
        if host == self._public[0] and (port == self._public[1] or {port, self._public[1]} <= set(_PORTS.values())):
            return True
        return port == self._port and (host == self._host or _is_here(host))


def _bare(host: str | None) -> str:
    return (host or "").casefold().rstrip(".")


def _port(url: str) -> int | None:
    parts = urlsplit(url)
    return parts.port or _PORTS.get(parts.scheme)


def _is_here(host: str) -> bool:
    """Whether the name or address is this machine's, as every machine's."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified
