"""metrics: how an integration's runs went."""

import asyncio
from typing import Any

import click
from rich.console import Console

from koko_integrations.cli.charts import draw
from koko_integrations.clock import SystemClock
from koko_integrations.connections.store import FIND
from koko_integrations.database import open_database
from koko_integrations.database.schema import require_current
from koko_integrations.integration import Integration
from koko_integrations.metrics.reading import MetricsReader
from koko_integrations.metrics.spans import PERIOD_DEFAULT, PERIODS
from koko_integrations.settings import Settings, load_settings

COLUMNS = ("runs", "succeeded", "partial", "failed", "items", "apiCalls", "latencyP50", "latencyP95")


@click.command()
@click.argument("integration_id", metavar="ID")
@click.option("--period", type=click.Choice(tuple(PERIODS)), default=PERIOD_DEFAULT, show_default=True)
def metrics(integration_id: str, period: str) -> None:
    """Plot an integration's runs and how long they took.

    Where the output is no terminal: a line for each hour or day that had any.
    """
    integration, found = asyncio.run(_read(load_settings(), integration_id, period))
    console = Console()
    lines = [f"{integration.provider_name}, {integration.id}, the last {period} (UTC)", ""]
    if not found["totals"]["runs"]:
        lines.append("No runs yet.")
    elif console.is_terminal:
        lines.append(draw(found["series"], PERIODS[period].span_ms, console.width, colorless=console.no_color))
    else:
        lines += _table(found["series"])
    click.echo("\n".join([*lines, *_summary(found)]), color=console.is_terminal)


async def _read(settings: Settings, integration_id: str, period: str) -> tuple[Integration, dict[str, Any]]:
    database = open_database(settings.database_url)
    try:
        await require_current(database)
        row = await database.read_one(FIND, id=integration_id)
        if row is None:
            raise click.ClickException(f"there is no integration {integration_id}")
        return Integration._make(row), await MetricsReader(SystemClock(), database).read(integration_id, period)
    finally:
        database.close()


def _table(series: list[dict[str, Any]]) -> list[str]:
    lines = [f"{'at':20} " + " ".join(f"{name:>10}" for name in COLUMNS)]
    for point in series:
        if point["runs"] or point["apiCalls"]:
            lines.append(f"{point['at']:20} " + " ".join(f"{point.get(name, '-'):>10}" for name in COLUMNS))
    return lines


def _summary(found: dict[str, Any]) -> list[str]:
    totals = found["totals"]
    lines = ["", f"{'all':8} {_described(totals)}, {totals['apiCalls']} requests to the provider"]
    lines += [f"{action:8} {_described(sums)}" for action, sums in found["byAction"].items()]
    if found["byError"]:
        lines += ["", "Runs that had an error:"]
        lines += [f"{error['count']:6}  {error['error']}, last {error['lastAt']}" for error in found["byError"]]
    return lines


def _described(sums: dict[str, Any]) -> str:
    said = f"{sums['runs']} runs"
    if sums["runs"]:
        said += f", {sums['successRate']:.1%} succeeded, {sums['partial']} partly, {sums['failed']} failed"
    said += f", {sums['items']} items"
    if "latencyP50" in sums:
        said += f", p50 {_time(sums['latencyP50'])}, p95 {_time(sums['latencyP95'])}"
    return said


def _time(ms: int) -> str:
    return f"{ms} ms" if ms < 1000 else f"{ms / 1000:.1f} s" if ms < 120_000 else f"{ms / 60_000:.1f} min"
