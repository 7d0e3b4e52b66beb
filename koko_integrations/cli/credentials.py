"""token: working credentials for development."""

import asyncio

import click

from koko_integrations.access.service_tokens import ServiceTokens
from koko_integrations.access.session_cookie import SessionSigner
from koko_integrations.clock import SystemClock
from koko_integrations.database import open_database
from koko_integrations.development import UnknownUserError, start_session
from koko_integrations.settings import Settings, load_settings


@click.command()
@click.option("--user", "user_id", metavar="ID", help="Start a session of this user, and print its bearer token.")
@click.option(
    "--service", metavar="NAME", help="Print a token of this service (KOKO_SERVICE_KEYS), good for 5 minutes."
)
def token(user_id: str | None, service: str | None) -> None:
    """Make credentials for development: a user's session, a service's token, or a service acting for a user."""
    settings = load_settings()
    if service is not None:
        if service not in settings.service_keys:
            raise click.ClickException(f"KOKO_SERVICE_KEYS has no service named {service}")
        click.echo(ServiceTokens(SystemClock(), settings.service_keys, None).issue(service, user_id))
    elif user_id is not None:
        click.echo(asyncio.run(_session(settings, user_id)))
    else:
        raise click.UsageError("say for whom: --user ID, --service NAME, or both")


async def _session(settings: Settings, user_id: str) -> str:
    database = open_database(settings.database_url)
    try:
        return SessionSigner(settings.auth_secret).sign(await start_session(database, SystemClock(), user_id))
    except UnknownUserError:
        raise click.ClickException(f"there is no user {user_id}") from None
    finally:
        database.close()
