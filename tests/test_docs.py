"""What the README and docs/ say is what the code does."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from koko_integrations.cli.main import commands
from koko_integrations.mapping.koko_fields import KOKO_FIELDS
from koko_integrations.registry import find_provider_classes
from providers.kit.base import ListsItems, PushesItems
from providers.kit.egress import EgressGuard
from providers.kit.http import HttpClient
from providers.kit.inbound import ReceivesWebhooks, Subscribes
from providers.kit.notices import Notifies
from providers.kit.transfers import ReadsFiles, WritesFiles
from tests.process.running import as_checkout, free_port, running
from tests.process.test_demo import start
from tests.service import PROCEDURES

ROOT = Path(__file__).parents[1]
README = "\n".join(path.read_text() for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))))


def rows_of(heading: str) -> list[list[str]]:
    """The cells of the first table after a heading."""
    after = README[README.index(f"\n{heading}\n") :]
    table = re.search(r"(?:^\|.*\n)+", after, re.M)
    assert table is not None
    return [[cell.strip() for cell in line.strip("|\n ").split("|")] for line in table[0].splitlines()[2:]]


def test_procedures() -> None:
    documented = {row[0].strip("`"): row[1:3] for row in rows_of("## The endpoint")}
    assert documented == {name: [found.kind, found.access.described] for name, found in PROCEDURES.items()}


def test_providers() -> None:
    documented = {row[0].strip("`"): row[1:3] for row in rows_of("## Providers")}
    printed = CliRunner().invoke(commands, ["providers"]).output.splitlines()
    expected = {line.split()[0]: [line[36:57].strip(), line[57:].strip()] for line in printed}
    assert documented == expected


def test_synchronising() -> None:
    """Who pulls what, and who writes."""
    documented = {row[0].strip("`"): row[1:3] for row in rows_of("## Synchronising")}
    expected = {
        found.manifest.slug: [
            ", ".join(found.entities),
            ", ".join(one for one in found.entities if one in ("tasks", "comments"))
            if issubclass(found, PushesItems)
            else "-",
        ]
        for found in find_provider_classes()
        if issubclass(found, ListsItems)
    }
    assert documented == expected


def test_field_mapping() -> None:
    """Which fields there are to map."""
    documented = {row[0].strip("`"): re.findall(r"`(\w+)`", row[1]) for row in rows_of("## Field mapping")}
    assert documented == {entity: list(fields) for entity, fields in KOKO_FIELDS.items()}


def test_files() -> None:
    """Whose files can be imported, and who takes some."""
    documented = {row[0].strip("`"): row[1:3] for row in rows_of("## Files")}
    expected = {
        found.manifest.slug: [
            "yes" if issubclass(found, ReadsFiles) else "no",
            "yes" if issubclass(found, WritesFiles) else "no",
        ]
        for found in find_provider_classes()
        if issubclass(found, ReadsFiles | WritesFiles)
    }
    assert documented == expected


def test_notifications() -> None:
    """Who is told, and where a channel has to be chosen."""
    documented = {row[0].strip("`"): "`channelId`" in row[1] for row in rows_of("## Notifications")}
    http = HttpClient(EgressGuard(()))
    expected = {
        found.manifest.slug: found(http).needs_channel({})
        for found in find_provider_classes()
        if issubclass(found, Notifies)
    }
    assert documented == expected


def test_inbound_webhooks() -> None:
    """Whose come where, and who asks for them."""
    documented = {row[0].strip("`"): (row[1], row[3]) for row in rows_of("## Inbound webhooks")}
    received = {found.manifest.slug: found for found in find_provider_classes() if issubclass(found, ReceivesWebhooks)}
    assert documented.keys() == received.keys()
    for slug, (address, asked_for_by) in documented.items():
        assert (address == f"`/webhooks/{slug}/app`") == received[slug].address_per_app, slug
        assert asked_for_by.startswith("Koko") == issubclass(received[slug], Subscribes), slug


def test_commands() -> None:
    documented = {row[0].strip("`").removeprefix("koko-integrations ") for row in rows_of("## Commands")}
    assert documented == set(commands.commands)


def test_settings() -> None:
    documented = {name for row in rows_of("## Settings") for name in re.findall(r"`(KOKO_\w+|_\w+)[`<]", row[0])}
    source = (ROOT / "koko_integrations" / "settings.py").read_text()
    read = set(re.findall(r'"(KOKO_[A-Z_]+)"', source)) | {"KOKO_PROVIDER_", "_CLIENT_SECRET", "_SIGNING_SECRET"}
    assert documented == read


def test_icons_readme_names_every_icon() -> None:
    text = (ROOT / "koko_integrations" / "icons" / "README.md").read_text()
    words = set(re.findall(r"\w+", text))
    assert {found.manifest.slug for found in find_provider_classes()} <= words


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README's lines use curl; nothing else of ours does")
def test_the_readmes_lines_work_when_pasted(tmp_path: Path) -> None:
    """The whole of "A first connection, by hand" and of the sync after it, in a shell, with only the token and the
    addresses filled in."""
    blocks = [
        re.search(r"```sh\n(.*?)```", README[README.index(heading) :], re.S)
        for heading in (
            "### A first connection",
            "### A first sync",
            "### A first import",
            "### A first event",
            "## Zapier and Make\n",
        )
    ]
    with running(as_checkout(tmp_path), "demo", KOKO_PORT=str(free_port())) as process:
        demo = start(process)
        lines = "".join(block[1] for block in blocks if block is not None)
        lines = lines.replace(".venv/bin/", f"{Path(sys.executable).parent}/")
        lines = lines.replace("TOKEN='...'", f"TOKEN={shlex.quote(demo.find(r'^user_admin +Bearer (.+)$'))}")
        lines = lines.replace(
            "http://127.0.0.1:8410/integrations/callback", demo.find(r"Redirect URI for OAuth: (\S+)")
        )
        lines = lines.replace("http://127.0.0.1:8400", demo.url)
        done = subprocess.run(
            ["sh", "-eu", "-c", lines], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 0, done.stderr
    assert '"error"' not in done.stdout
    listed, status, tested, disconnected, seen, s3, *synced = done.stdout.splitlines()
    assert '"provider":"slack"' in listed
    assert '"status":"healthy"' in status
    assert '"permissions":["chat:write","channels:read","links:read","links:write"]' in tested
    assert disconnected.endswith('"result":{"success":true,"revoked":true},"id":1}')
    assert "/api/auth.revoke" in seen
    assert '"status":"connected"' in s3
    projects, configured, full, incremental, log, *followed = synced
    assert '"name":"Trailer"' in projects
    assert '"projectMapping":{"proj_demo":"1400"}' in configured
    tasks, comments = entity_in(full, "tasks"), entity_in(full, "comments")
    assert (tasks["created"], tasks["pushed"], comments["pushed"]) == (250, 2, 1)
    tasks = entity_in(incremental, "tasks")
    assert (tasks["updated"], tasks["pushed"]) == (1, 1)
    assert log.count('"action":"sync"') == 2
    assert any("tasks" in line for line in followed[: followed.index("succeeded")])
    end = followed.index("succeeded")
    *rest, me, sample, comment, task = followed[end + 1 :]
    shown = rest.index(next(line for line in rest if '"accepted"' in line))
    *rest, channel, accepted, delivered, messages = rest[: shown + 3]
    listed, imported, sound, _, *stored, exported, ended = rest
    assert "Scene 1 take 1.mp4" in listed
    assert imported.startswith("Scene 1 take 1.mp4")
    assert sound.startswith("T001.wav")
    assert len(stored) == 2, "both are in the store"
    assert exported.endswith("done")
    assert ended == "succeeded"
    assert '"deliveries":1' in accepted
    assert '"event":"comment.created"' in delivered
    assert "Brighter, please" in messages
    assert channel.startswith("C")
    assert '"channel":"general"' in messages
    assert '"teamName":"Demo Team"' in me
    assert '"event":"comment.created"' in sample
    assert '"content":"Brighter, please"' in comment
    assert '"provider":"asana"' in task


def entity_in(answer: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        one for one in json.loads(answer)["result"]["job"]["entities"] if one["entity"] == name
    )
    return found
