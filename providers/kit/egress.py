"""The outgoing guard: which addresses a request to a user-chosen URL may reach.

Judged on the address that is connected to, at every attempt, not on the name. The refused ranges are IANA's
special-purpose registries (RFC 6890 and successors) and the ways to write them in IPv6; `ipaddress.is_global` passes
several of them.
"""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

import urllib3

from providers.kit.errors import Rejected

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_REFUSED_V4 = tuple(
    ipaddress.IPv4Network(cidr)
    for cidr in (
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
        "192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 "
        "203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32"
    ).split()
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    ipaddress.IPv6Network(cidr) for cidr in "2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20".split()
)
# One sentence for every inside address: an error must not tell which of them exist.
_REFUSAL = "this address is not allowed: use a public https address"


class EgressGuard:
    """Refuses inside addresses, except the networks that the operator allows (KOKO_EGRESS_ALLOW)."""

    def __init__(self, allow: Iterable[Network] = ()) -> None:
        self._allow = tuple(allow)

    def check_url(self, url: str) -> None:
        """Refuses what cannot be judged by its address alone. Raises Rejected.

        Plain http passes only when networks are allowed at all; the connection then checks that it is one of them.
        """
        if any(ord(character) <= 32 or character in '\\"<>^`{|}' for character in url):
            raise Rejected("this is not a plain URL: it holds spaces, backslashes or control characters")
        try:
            ours, theirs = urlsplit(url), urllib3.util.parse_url(url)
            port = ours.port
        except (ValueError, urllib3.exceptions.LocationParseError):
            raise Rejected("this is not a URL") from None
        host = (ours.hostname or "").lower()
        if not host or host != (theirs.host or "").strip("[]").lower() or port != theirs.port:
            raise Rejected("this is not a URL that every reader understands in the same way")
        if ours.username is not None or ours.password is not None:
            raise Rejected("a URL must not carry a user name or password")
        if ours.scheme != "https" and not (ours.scheme == "http" and self._allow):
            raise Rejected(_REFUSAL)

    def names_allowed(self, url: str) -> bool:
        """Whether the host of a URL is, as it stands there, an address of the networks that the operator allows."""
        try:
            parsed = ipaddress.ip_address(urlsplit(url).hostname or "")
        except ValueError:
            return False
        return self._is_allowed(parsed)

    def check_address(self, address: str, *, encrypted: bool) -> None:
        """Judges the address about to be connected to. Raises Rejected."""
        parsed = ipaddress.ip_address(address.partition("%")[0])
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        if not self._is_allowed(parsed) and (not encrypted or not _is_public(parsed)):
            raise Rejected(_REFUSAL)

    def _is_allowed(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self._allow)


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _REFUSED_V4)
    return address in _GLOBAL_V6 and not any(address in network for network in _REFUSED_V6)
