"""init-db, migrate, rotate-keys."""

import asyncio

import click

from koko_integrations.database import Database, open_database
from koko_integrations.database.schema import VERSION, get_version, migrate
from koko_integrations.rotation import Rotation, rotate_keys
from koko_integrations.settings import Settings, load_settings
from koko_integrations.vault import Vault


@click.command(name="init-db")
def init_db() -> None:
    """Create the tables that are missing. Doing it again changes nothing."""
    click.echo(asyncio.run(_migrate(load_settings())))


@click.command(name="migrate")
def migrate_command() -> None:
    """Bring an older database to this version's schema."""
    click.echo(asyncio.run(_migrate(load_settings(), only_existing=True)))


@click.command(name="rotate-keys")
def rotate() -> None:
    """Re-seal every secret with the first of KOKO_ENCRYPTION_KEYS. Safe while serving, and to interrupt."""
    settings = load_settings()
    done = asyncio.run(_rotate(settings))
    click.echo(f"{done.resealed} re-sealed with {next(iter(settings.encryption_keys))}, {done.current} already were.")
    if done.unreadable:
        raise click.ClickException(f"{done.unreadable} could not be opened with any of the keys; they were left alone")


async def _migrate(settings: Settings, *, only_existing: bool = False) -> str:
    database = open_database(settings.database_url)
    try:
        if only_existing and await get_version(database) is None:
            raise click.ClickException("the database has no tables yet: run `koko-integrations init-db`")
        before, after = await migrate(database)
    finally:
        database.close()
    if before == after:
        return f"The database has schema {VERSION} already."
    return f"The database has schema {after} now" + ("." if before is None else f" (it had {before}).")


async def _rotate(settings: Settings) -> Rotation:
    database: Database = open_database(settings.database_url)
    try:
        done = await rotate_keys(database, Vault(settings.encryption_keys))
        await database.forget_freed_pages()
        return done
    finally:
        database.close()
