"""webhook-token: what a provider has sent for its operator."""

import asyncio

import click

from koko_integrations.database import Database, open_database
from koko_integrations.database.schema import require_current
from koko_integrations.inbound import apps
from koko_integrations.registry import find_provider_classes
from koko_integrations.settings import Settings, load_settings
from koko_integrations.vault import Vault, VaultError
from providers.kit.inbound import ReceivesWebhooks


def _require_app_address(_: click.Context, __: click.Parameter, slug: str) -> str:
    found = {
        one.manifest.slug
        for one in find_provider_classes()
        if issubclass(one, ReceivesWebhooks) and one.address_per_app
    }
    if slug not in found:
        raise click.BadParameter(f"one address for the whole app have {', '.join(sorted(found))}")
    return slug


@click.command(name="webhook-token")
@click.argument("provider", callback=_require_app_address)
@click.option("--forget", is_flag=True, help="Forget it: the next one that arrives is kept.")
def webhook_token(provider: str, *, forget: bool) -> None:
    """Print the verification token that PROVIDER has sent to the app's address, for its portal."""
    click.echo(asyncio.run(_answer(load_settings(), provider, forget=forget)))


async def _answer(settings: Settings, provider: str, *, forget: bool) -> str:
    database = open_database(settings.database_url)
    try:
        await require_current(database)
        if forget:
            return await _forget(database, provider)
        return await _read(database, Vault(settings.encryption_keys), provider)
    finally:
        database.close()


async def _read(database: Database, vault: Vault, provider: str) -> str:
    row = await database.read_one(apps.FIND, provider=provider)
    if row is None:
        raise click.ClickException(f"no token of {provider} has arrived")
    try:
        return "\n".join(apps.Kept._make(row).secrets(vault).values())
    except VaultError as error:
        raise click.ClickException(str(error)) from None


async def _forget(database: Database, provider: str) -> str:
    if not await database.write(lambda tx: apps.forget(tx, provider)):
        raise click.ClickException(f"no token of {provider} has arrived")
    await database.forget_freed_pages()
    return f"The next token of {provider} that arrives is kept."
