"""job: what has become of one."""

import asyncio
import sys

import click

from koko_integrations.assembly import build_app
from koko_integrations.cli.following import follow_job
from koko_integrations.clock import SystemClock
from koko_integrations.database import open_database
from koko_integrations.database.schema import require_current
from koko_integrations.errors import AppError
from koko_integrations.jobs.job import Job
from koko_integrations.outside import Outside
from koko_integrations.settings import Settings, load_settings


@click.command()
@click.argument("job_id", metavar="ID")
def job(job_id: str) -> None:
    """Follow a sync, import or export to its end. Ends with 0 when it succeeded, with 1 when it did not."""
    try:
        ended = asyncio.run(_follow(load_settings(), job_id))
    except AppError as error:
        raise click.ClickException(error.message) from None
    except KeyboardInterrupt:
        click.echo("\nThe job goes on without you; integration.cancelJob stops it.", err=True)
        sys.exit(130)
    if ended.status != "succeeded":
        sys.exit(1)


async def _follow(settings: Settings, job_id: str) -> Job:
    database, outside = open_database(settings.database_url), Outside()
    try:
        await require_current(database)
        app = build_app(settings, database, SystemClock(), outside)
        return await follow_job(app, await app.jobs.find(job_id))
    finally:
        outside.close()
        database.close()
