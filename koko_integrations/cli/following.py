"""How a job goes, as a person follows it: a bar for each entity of a sync, for each file of an import or export."""

from collections.abc import AsyncIterator
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn

from koko_integrations.app import App
from koko_integrations.jobs.job import Job

POLL_S = 0.2
UNCLAIMED_S = 10
COUNTS = ("created", "updated", "deleted", "pushed", "returned", "failed")
NAME_CHARS = 40


async def follow_job(app: App, started: Job) -> Job:
    """The job when it has ended. Without a terminal only the end is printed, which is what a log is to hold."""
    job = started
    console = Console()
    files = started.kind != "sync"
    # Not as markup: what a file is called, or a provider says, may look like some.
    columns = (
        SpinnerColumn(),
        TextColumn("{task.fields[named]}", markup=False),
        BarColumn(),
        DownloadColumn() if files else MofNCompleteColumn(),
        TextColumn("{task.fields[said]}", markup=False),
    )
    lines: list[dict[str, Any]] = []
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bars: dict[int, TaskID] = {}
        async for job in _states(app, started.id):
            lines = await _lines(app, job)
            for number, line in enumerate(lines):
                if number not in bars:
                    bars[number] = progress.add_task(line["name"], named=line["name"], said="", total=None)
                total = line["done"] if line["ended"] else line["total"]
                progress.update(
                    bars[number], completed=line["done"], total=total, named=line["name"], said=line["said"]
                )
    _report(console, job, lines, files=files)
    return job


async def _lines(app: App, job: Job) -> list[dict[str, Any]]:
    wire = job.to_wire() | await app.files.of(job)
    entities = [
        {
            "name": f"{entity['entity']:10}",
            "done": entity["done"],
            "total": entity.get("total"),
            "ended": entity["status"] == "done",
            "said": _counts(entity),
        }
        for entity in wire.get("entities", ())
    ]
    return entities + [
        {
            "name": str(file.get("name") or file.get("title") or file.get("externalPath") or "?")[:NAME_CHARS],
            "done": file["done"],
            "total": file.get("size"),
            "ended": file["status"] in ("done", "skipped"),
            "said": file.get("error") or file["status"],
        }
        for file in wire.get("files", ())
    ]


async def _states(app: App, job_id: str) -> AsyncIterator[Job]:
    """The job, again and again, until it has ended."""
    waited = 0.0
    while True:
        job = await app.jobs.find(job_id)
        yield job
        if job.is_finished:
            return
        if job.status == "queued" and job.attempt == 1:
            if waited < UNCLAIMED_S <= waited + POLL_S:
                click.echo("Nobody has begun yet: is `koko-integrations serve` or a worker running?", err=True)
            waited += POLL_S
        await app.clock.sleep(POLL_S)


def _counts(entity: dict[str, Any]) -> str:
    counts = ", ".join(f"{entity[name]} {name}" for name in COUNTS if entity[name])
    if entity["status"] in ("failed", "skipped"):
        return f"{entity['status']} {counts}".rstrip()
    return counts


def _report(console: Console, job: Job, lines: list[dict[str, Any]], *, files: bool) -> None:
    unit = "bytes" if files else "seen"
    wire = job.to_wire()
    said = [f"{line['name']} {line['done']} {unit}: {line['said'] or 'nothing new'}" for line in lines]
    said += [f"- {one}" for one in (*wire.get("notes", ()), *wire.get("errors", ()))]
    for one in (*said, job.status):
        console.print(one, markup=False, highlight=False)
