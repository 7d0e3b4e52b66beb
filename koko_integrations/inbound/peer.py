"""Who sent a request, by network address, and whether a team lets that address in."""

import ipaddress
from collections.abc import Iterable, Sequence

from providers.kit.egress import Network

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def find_peer(connected: str | None, forwarded: Sequence[str], trusted: Sequence[Network]) -> IpAddress | None:
    """The sender's address; None where it cannot be told.

    `forwarded` are the request's X-Forwarded-For headers. Each proxy adds whom it heard from at the right end, so they
    are read from there, for as long as the one who wrote them is `trusted`; what is further left anybody may have made
    up.
    """
    peer = _read(connected or "")
    hops = [hop for header in forwarded for hop in header.split(",")]
    while peer is not None and hops and is_in(peer, trusted):
        peer = _read(hops.pop().strip())
    return peer


def is_in(address: IpAddress | None, networks: Iterable[Network]) -> bool:
    return address is not None and any(
        address.version == network.version and address in network for network in networks
    )


def may_send(address: IpAddress | None, allowed: Sequence[str] | None) -> bool:
    """Whether a team's `allowedIps` have the address in them. Without such a list everybody may send."""
    return not allowed or is_in(address, [ipaddress.ip_network(one) for one in allowed])


def _read(text: str) -> IpAddress | None:
    # Some proxies add the port: 192.0.2.1:4711, [2001:db8::1]:4711.
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
