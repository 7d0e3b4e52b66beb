"""openrpc, providers: what this installation offers."""

import click

from koko_integrations.asgi import openrpc_document
from koko_integrations.registry import find_provider_classes
from koko_integrations.rpc.wire import dump
from providers.kit.base import CallsKoko, ConnectsByKeys, ConnectsByOAuth, Provider, Revokes

WAYS = ((ConnectsByOAuth, "OAuth"), (ConnectsByKeys, "keys"), (CallsKoko, "Koko API key"))


@click.command()
def openrpc() -> None:
    """Print the OpenRPC document of every procedure."""
    click.echo(dump(openrpc_document()))


@click.command()
def providers() -> None:
    """Print every provider: how it is connected, and whether it can revoke."""
    for found in sorted(find_provider_classes(), key=lambda provider: provider.manifest.slug):
        ways = " or ".join(way for kind, way in WAYS if issubclass(found, kind)) or "-"
        click.echo(f"{found.manifest.slug:14} {found.manifest.category:20} {ways:20} {_revocation(found)}")


def _revocation(found: type[Provider]) -> str:
    return "revokes" if issubclass(found, Revokes | CallsKoko) else "does not revoke"
