"""What a provider sends for its operator to the address of a whole app: kept, shown when asked, not replaced."""

import base64
import io
import json
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from click.testing import CliRunner, Result

from koko_integrations.cli.main import commands
from sandbox.stand_ins import Sandbox
from tests.database.test_rotation import NEW_KEYS, rotate
from tests.inbound.hall import PUBLIC_URL, Hall, opened
from tests.service import AUTH_SECRET, Service, running_service, sandboxed
from tests.sync.notion_talk import FIRST
from tests.sync.team import clock_of_today

PATH = "/webhooks/notion/app"
CANARY = "secret_canary-of-an-intruder"
KEYS = ",".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in NEW_KEYS.items())


def ask(database_url: str, *arguments: str, keys: str = KEYS) -> Result:
    """What the operator types."""
    env = {"KOKO_DATABASE_URL": database_url, "KOKO_AUTH_SECRET": AUTH_SECRET, "KOKO_ENCRYPTION_KEYS": keys}
    return CliRunner().invoke(commands, ["webhook-token", *arguments], env=env)


def subscribe(hall: Hall) -> None:
    """In Notion's portal."""
    hall.sandbox.notion.portal.subscribe(PUBLIC_URL + PATH)
    hall.sandbox.notion.notifier.settle()


def offer(hall: Hall, token: str) -> int:
    """Somebody sends a token."""
    status: int = hall.send(PATH, json.dumps({"verification_token": token}).encode(), {}).status_code
    return status


def change(hall: Hall) -> None:
    hall.sandbox.notion.work.add_task(FIRST, "New")
    hall.sandbox.notion.notifier.settle()


@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
def test_the_operator_is_shown_it(hall: Hall, database_url: str) -> None:
    target = hall.connect("notion")
    asked = ask(database_url, "notion")
    assert (asked.exit_code, asked.output) == (1, "Error: no token of notion has arrived\n")
    subscribe(hall)
    change(hall)
    assert hall.messages(target) == [], "Notion waits for the token"
    shown = ask(database_url, "notion")
    assert (shown.exit_code, shown.output) == (0, f"{hall.sandbox.notion.portal.token}\n")
    assert hall.sandbox.notion.portal.verify(shown.stdout.strip())
    change(hall)
    assert len(hall.messages(target)) == 1


def test_the_first_one_stays_until_it_is_forgotten(hall: Hall, sqlite_url: str) -> None:
    hall.connect("notion")
    assert offer(hall, CANARY) == 200
    subscribe(hall)
    assert offer(hall, CANARY) == 200
    assert ask(sqlite_url, "notion").output == f"{CANARY}\n"
    # Which the portal does not take.
    forgotten = ask(sqlite_url, "notion", "--forget")
    assert forgotten.exit_code == 0
    assert CANARY not in forgotten.output
    assert ask(sqlite_url, "notion", "--forget").exit_code == 1
    subscribe(hall)
    assert ask(sqlite_url, "notion").output == f"{hall.sandbox.notion.portal.token}\n"
    assert offer(hall, CANARY) == 401


@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
def test_one_of_many_at_once_is_kept(hall: Hall, database_url: str) -> None:
    answers: dict[str, int] = {}
    start = threading.Barrier(6)

    def send(token: str) -> None:
        start.wait()
        answers[token] = offer(hall, token)

    threads = [threading.Thread(target=send, args=(f"secret_{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (kept,) = (token for token, status in answers.items() if status == 200)
    assert set(answers.values()) <= {200, 401, 503}
    assert ask(database_url, "notion").output == f"{kept}\n"
    assert {offer(hall, token) for token in answers if token != kept} == {401}


@pytest.fixture
def with_a_setting(sqlite_url: str, sandbox: Sandbox) -> Iterator[Hall]:
    """The operator has put what the portal shows into the settings."""
    settings = sandboxed(sqlite_url, sandbox, public_url=PUBLIC_URL)
    app = replace(settings.provider_apps["notion"], signing_secret="secret_of-the-settings")
    settings = replace(settings, provider_apps={**settings.provider_apps, "notion": app})
    with running_service(settings, clock_of_today()) as service, opened(service, sandbox) as hall:
        yield hall


def test_the_setting_counts_instead(with_a_setting: Hall, sqlite_url: str) -> None:
    hall = with_a_setting
    target = hall.connect("notion")
    assert offer(hall, CANARY) == 401
    assert ask(sqlite_url, "notion").exit_code == 1
    subscribe(hall)
    hall.sandbox.notion.portal.token = "secret_of-the-settings"
    assert hall.sandbox.notion.portal.verify("secret_of-the-settings")
    change(hall)
    assert len(hall.messages(target)) == 1


def test_it_is_sealed(hall: Hall, sqlite_url: str) -> None:
    """With the newest key once keys are rotated; what cannot be opened is kept by the provider meanwhile."""
    assert offer(hall, CANARY) == 200
    assert rotate(sqlite_url, NEW_KEYS).resealed == 1
    newest = KEYS.split(",")[0]
    assert ask(sqlite_url, "notion", keys=newest).output == f"{CANARY}\n"
    refused = ask(sqlite_url, "notion", keys=KEYS.split(",")[1])
    assert refused.exit_code == 1
    assert "sealed with the key 'k2'" in refused.output
    assert offer(hall, CANARY) == 503, "this process does not have the key yet"


def test_it_is_nowhere_else(hall: Hall, service: Service, log_text: io.BytesIO) -> None:
    assert offer(hall, CANARY) == 200
    assert offer(hall, f"{CANARY}-2") == 401
    logged = log_text.getvalue().decode()
    assert "a secret for an app's webhooks has arrived" in logged
    sealed = service.rows.query("SELECT * FROM inbound_app")
    for text in (logged, repr(sealed), repr(service.app), service.client.get("/metrics").text):
        assert CANARY not in text


@pytest.mark.parametrize("provider", ["asana", "nobody"])
def test_who_has_no_address_for_the_whole_app(sqlite_url: str, provider: str) -> None:
    asked = ask(sqlite_url, provider)
    assert asked.exit_code == 2
    assert "discord, dropbox, notion, slack" in asked.output
