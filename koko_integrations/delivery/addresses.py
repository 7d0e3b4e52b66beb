"""Addresses that a team wants events sent to, checked as far as that can be done before anything is sent."""

import asyncio
import socket
from urllib.parse import urlsplit

from koko_integrations.errors import BadRequest
from providers.kit.errors import Rejected
from providers.kit.http import HttpClient

LOOKUP_S = 3.0


async def check_target(http: HttpClient, url: str, name: str) -> None:
    """Raises BadRequest for what the outgoing guard refuses. A name that cannot be found yet may be found later: each
    attempt looks it up, and checks, anew."""
    target = http.target(url)
    if target.trusted:
        return
    parts = urlsplit(target.url)
    try:
        http.guard.check_url(target.url)
        for address in await _addresses(parts.hostname or "", parts.port or 443):
            http.guard.check_address(address, encrypted=parts.scheme == "https")
    except Rejected as refusal:
        raise BadRequest.field(name, refusal.message) from None


async def _addresses(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(LOOKUP_S):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError):
        return []
    return [str(place[0]) for *_, place in found]
