"""aiohttp behind the outgoing guard: every address is judged when it is connected to, names and literals alike."""

import socket
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from providers.kit.egress import EgressGuard
from providers.kit.errors import Rejected


class RefusedAddressError(OSError):
    """The guard lets nothing connect to this address."""


class GuardedResolver(AbstractResolver):
    """Refuses a name when any of its addresses is refused: which one is used is the system's choice."""

    def __init__(self, guard: EgressGuard, *, encrypted: bool) -> None:
        self._guard = guard
        self._encrypted = encrypted
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        for one in found:
            check(self._guard, one["host"], encrypted=self._encrypted)
        return found

    async def close(self) -> None:
        await self._resolver.close()


def connector(guard: EgressGuard | None, *, encrypted: bool, limit: int) -> aiohttp.TCPConnector:
    """Connections that pass the guard; None for addresses that the operator chose. Names are looked up anew for every
    connection: an answer of yesterday says nothing."""
    if guard is None:
        return aiohttp.TCPConnector(limit=limit, use_dns_cache=False)
    checked = guard

    def open_socket(address: Any) -> socket.socket:
        family, kind, protocol, _, place = address
        check(checked, str(place[0]), encrypted=encrypted)
        return socket.socket(family, kind, protocol)

    return aiohttp.TCPConnector(
        limit=limit,
        use_dns_cache=False,
        resolver=GuardedResolver(checked, encrypted=encrypted),
        socket_factory=open_socket,
    )


def check(guard: EgressGuard, address: str, *, encrypted: bool) -> None:
    """Raises RefusedAddressError."""
    try:
        guard.check_address(address, encrypted=encrypted)
    except Rejected as refusal:
        raise RefusedAddressError(refusal.message) from None
