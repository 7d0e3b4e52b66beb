"""The console script's entry point."""

import sys

import click

from koko_integrations.cli import credentials, database, demo, describe, jobs, metrics, serving, sync, webhooks
from koko_integrations.database.schema import SchemaError
from koko_integrations.settings import SettingsError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="koko-integrations")
def commands() -> None:
    """Koko Integrations: connects a team's Koko to outside services."""


for command in (
    serving.serve,
    serving.worker,
    database.init_db,
    database.migrate_command,
    demo.demo,
    credentials.token,
    database.rotate,
    sync.sync,
    jobs.job,
    metrics.metrics,
    webhooks.webhook_token,
    describe.openrpc,
    describe.providers,
):
    commands.add_command(command)


def main() -> None:
    """Runs a command; what is wrong with settings or database is said plainly, without a traceback."""
    try:
        commands()
    except (SettingsError, SchemaError) as error:
        click.echo(str(error), err=True)
        sys.exit(2)
