"""The bars that follow a job in a terminal."""

import io

import pytest
from rich.console import Console

from koko_integrations.app import App
from koko_integrations.cli import following
from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.service import Service
from tests.transfers.exchange import exchange


def test_a_name_is_no_markup(
    service: Service, people: People, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropbox = exchange(service, people, sandbox, "dropbox")
    job_id = dropbox.take("/Empty/cut [/final] [red]a.mov")["id"]
    terminal = Console(file=io.StringIO(), force_terminal=True, width=200)
    monkeypatch.setattr(following, "Console", lambda: terminal)

    async def follow(app: App) -> str:
        return (await following.follow_job(app, await app.jobs.find(job_id))).status

    assert service.run(follow) == "failed"
    assert isinstance(terminal.file, io.StringIO)
    assert terminal.file.getvalue().count("/Empty/cut [/final] [red]a.mov") > 1
