"""serve, worker."""

import asyncio
import signal

import click

from koko_integrations.asgi import create_asgi
from koko_integrations.assembly import build_app
from koko_integrations.clock import SystemClock
from koko_integrations.database import open_database
from koko_integrations.database.schema import require_current
from koko_integrations.housekeeping import background
from koko_integrations.observability import configure_logging
from koko_integrations.outside import Outside
from koko_integrations.server import serve_app
from koko_integrations.settings import Settings, load_settings


@click.command()
def serve() -> None:
    """Serve /rpc, with the background work in the same process."""
    settings = load_settings()
    configure_logging(settings.log_level)
    asyncio.run(
        serve_app(create_asgi(settings), settings, on_ready=lambda url: click.echo(f"Serving on {url}", err=True))
    )


@click.command()
def worker() -> None:
    """Do the background work in a process of its own (PostgreSQL)."""
    settings = load_settings()
    if settings.database_url.startswith("sqlite:"):
        raise click.ClickException("with SQLite the background work runs inside `serve`; start that instead")
    configure_logging(settings.log_level)
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    database, outside = open_database(settings.database_url), Outside()
    try:
        await require_current(database)
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        app = build_app(settings, database, SystemClock(), outside)
        try:
            async with background(app):
                await ended.wait()
        finally:
            await app.scripts.close()
    finally:
        outside.close()
        database.close()
