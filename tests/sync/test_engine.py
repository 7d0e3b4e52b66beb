"""The job engine itself."""

import asyncio
from pathlib import Path

import pytest

from koko_integrations.jobs import engine as module
from koko_integrations.jobs.engine import DbosEngine, Enqueueing


def test_an_engine_that_could_not_start_starts_at_the_next_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "jobs.db"
    file.write_bytes(b"Not a database, for now. " * 100)
    ran: list[tuple[str, int]] = []

    async def run(job_id: str, attempt: int, executor: str) -> None:
        ran.append((job_id, attempt))
        done.set()

    async def start_twice() -> None:
        engine = DbosEngine(f"sqlite:///{file}")
        with monkeypatch.context() as patched:
            patched.setattr(module, "_prepare_file", lambda path: None)
            with pytest.raises(Exception, match="not a database"):
                await engine.start(run)
        file.unlink()
        await engine.start(run)
        try:
            await engine.enqueue([Enqueueing("job_1", 1, "int_1")])
            async with asyncio.timeout(10):
                await done.wait()
        finally:
            await engine.stop()

    done = asyncio.Event()
    asyncio.run(start_twice())
    assert ran == [("job_1", 1)]
