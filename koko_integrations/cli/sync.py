"""sync: asks for one, and shows how it goes."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

import click

from koko_integrations.assembly import build_app
from koko_integrations.cli.following import follow_job
from koko_integrations.clock import SystemClock
from koko_integrations.connections.store import FIND
from koko_integrations.database import open_database
from koko_integrations.database.schema import require_current
from koko_integrations.errors import AppError
from koko_integrations.ids import new_id
from koko_integrations.integration import Integration
from koko_integrations.jobs.job import Job
from koko_integrations.outside import Outside
from koko_integrations.settings import Settings, load_settings
from providers.kit.items import ENTITIES


@click.command()
@click.argument("integration_id", metavar="ID")
@click.option("--full", is_flag=True, help="Look at everything, not only at what changed since the last sync.")
@click.option("--entity", "entities", multiple=True, type=click.Choice(ENTITIES), help="Only this; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option("--force", is_flag=True, help="With --full: remove even more than half of what is known.")
@click.option("--follow", is_flag=True, help="Show the progress, and end when the sync does.")
def sync(integration_id: str, full: bool, entities: tuple[str, ...], dry_run: bool, force: bool, follow: bool) -> None:
    """Sync an integration. The service or a worker does it; this asks for it, and may watch.

    Ends with 0 when the sync succeeded (or, without --follow, was taken on), with 1 when it did not.
    """
    settings = load_settings()
    request = {"sync_type": "full" if full else "incremental", "dry_run": dry_run, "force": force}
    try:
        job = asyncio.run(_sync(settings, integration_id, entities or None, request, follow=follow))
    except AppError as error:
        raise click.ClickException(error.message) from None
    except KeyboardInterrupt:
        click.echo("\nThe sync goes on without you; integration.cancelJob stops it.", err=True)
        sys.exit(130)
    if follow and job.status != "succeeded":
        sys.exit(1)


async def _sync(
    settings: Settings, integration_id: str, entities: Sequence[str] | None, request: dict[str, Any], *, follow: bool
) -> Job:
    database, outside = open_database(settings.database_url), Outside()
    try:
        await require_current(database)
        app = build_app(settings, database, SystemClock(), outside)
        row = await database.read_one(FIND, id=integration_id)
        if row is None:
            raise click.ClickException(f"there is no integration {integration_id}")
        job = await app.syncs.start(
            Integration._make(row),
            entities=entities,
            requested_by="operator",
            request_id=new_id("cli"),
            **request,
        )
        click.echo(f"{job.id} {job.status}", err=follow)
        return await follow_job(app, job) if follow else job
    finally:
        outside.close()
        database.close()
