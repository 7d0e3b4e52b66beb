"""koko-integrations metrics: plots on a terminal, lines elsewhere."""

import io
import re
from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from rich.console import Console

from koko_integrations.cli import metrics as command
from koko_integrations.cli.main import commands
from tests.conftest import People
from tests.metrics.counted import HOUR, Counted, Entry, counted
from tests.service import Service, running_service, settings_for
from tests.sync.team import clock_of_today

COLOR = re.compile(r"\x1b\[[\d;]*m")


@pytest.fixture
def service(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    settings = settings_for(sqlite_url)
    monkeypatch.setattr(command, "load_settings", lambda: settings)
    with running_service(settings, clock_of_today()) as running:
        yield running


@pytest.fixture
def one(service: Service, people: People) -> Counted:
    return counted(service, people)


def terminal(monkeypatch: pytest.MonkeyPatch, width: int, *, no_color: bool = False) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=width, no_color=no_color)
    monkeypatch.setattr(command, "Console", lambda: console)


def printed(*arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(commands, ["metrics", *arguments], color=True)
    assert done.exit_code == status, done.output
    return done.output


def fill(one: Counted) -> None:
    for hour in range(60):
        one.write(
            Entry(hour * HOUR, "sync", "success", items=3, duration=1500),
            Entry(hour * HOUR, "import", "failed", duration=30_000, errors=["“A”: \x1b[mGone (HTTP 404)"]),
        )


def test_lines_without_a_terminal(one: Counted) -> None:
    fill(one)
    output = printed(one.target, "--period", "24h")
    assert "\x1b" not in output
    header, *lines = output.split("\n\n")[1].splitlines()
    assert header.split() == ["at", *command.COLUMNS]
    assert len(lines) == 24
    assert lines[0].split()[1:6] == ["2", "1", "0", "1", "3"]
    assert "all      48 runs, 50.0% succeeded, 0 partly, 24 failed, 72 items, p50 1.6 s, p95 " in output
    assert re.search(r"^ +24  \[mGone \(HTTP 404\), last ", output, re.M)


@pytest.mark.parametrize("width", [5, 40, 79, 300])
@pytest.mark.parametrize("period", ["24h", "7d", "30d", "90d"])
def test_plots_fit_the_terminal(
    one: Counted, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], width: int, period: str
) -> None:
    fill(one)
    terminal(monkeypatch, width)
    output = printed(one.target, "--period", period)
    assert COLOR.search(output)
    plots = [line for line in COLOR.sub("", output).splitlines() if re.search("[│┤┌└]", line)]
    assert {len(line) for line in plots} == {max(width, 40)}
    assert "█" in output
    assert "░" in output
    assert capfd.readouterr() == ("", ""), "plotext itself says nothing"


def test_no_color(one: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(one)
    terminal(monkeypatch, 80, no_color=True)
    assert "\x1b" not in printed(one.target)


def test_nothing_yet_and_next_to_nothing(one: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "No runs yet." in printed(one.target)
    terminal(monkeypatch, 80)
    assert "No runs yet." in printed(one.target)
    one.write(Entry())
    assert "1 runs" in printed(one.target, "--period", "24h")
    one.write(Entry(duration=0))
    assert "p95 0 ms" in printed(one.target, "--period", "90d")


def test_an_integration_that_does_not_exist(one: Counted) -> None:
    assert one
    assert "there is no integration int_unknown" in printed("int_unknown", status=1)
    assert "'1y' is not one of" in printed(one.target, "--period", "1y", status=2)
