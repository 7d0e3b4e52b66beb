"""Addresses, headers and secrets of triggers appear in no answer, log, row or error."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from koko_integrations.observability import configure_logging
from koko_integrations.rotation import rotate_keys
from koko_integrations.vault import Vault
from tests.delivery.receiver import Receiver
from tests.service import ENCRYPTION_KEY
from tests.triggers.studio import Studio, trigger

CANARIES = ("canary-url-token", "canary-header-value", "canary-secret-0123456789")
NEW_KEYS = {"k2": bytes(range(7, 39)), "k1": ENCRYPTION_KEY}


@pytest.fixture(autouse=True)
def log_text(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.BytesIO]:
    """Everything the service logs, at the lowest level, as the operator would get it."""
    raw = io.BytesIO()
    stderr = io.TextIOWrapper(raw, write_through=True)
    monkeypatch.setattr("sys.stderr", stderr)
    before = logging.root.handlers[:], logging.root.level
    configure_logging("debug")
    try:
        yield raw
    finally:
        structlog.reset_defaults()
        logging.root.handlers[:] = before[0]
        logging.root.setLevel(before[1])
        stderr.detach()


def test_canaries(studio: Studio, receiver: Receiver, log_text: io.BytesIO) -> None:
    texts: list[str] = []
    post = studio.service.post

    def recording(body: object, **headers: str) -> object:
        response = post(body, **headers)
        texts.append(response.text)
        return response

    studio.service.post = recording  # type: ignore[method-assign]
    config = {"url": receiver.url, "headers": {"X-Key": CANARIES[1]}, "secret": CANARIES[2]}
    unreachable = {"url": f"http://127.0.0.1:9/{CANARIES[0]}", "headers": {"X-Key": CANARIES[1]}}
    studio.set(studio.zapier, trigger("webhook", config), trigger("webhook", unreachable))
    studio.refuse(studio.zapier, trigger("webhook", config | {"url": f"http://localhost:8400/{CANARIES[0]}"}))
    studio.refuse(studio.zapier, trigger("webhook", config | {"headers": {"Host": CANARIES[1]}}))
    data = studio.comment("x")
    studio.rehearse(studio.zapier, {"type": "comment.created", "data": data})
    event_id = studio.react(data)
    assert studio.runs(event_id) == ["succeeded", "failed"]
    receiver.says(500)
    studio.react(data)
    studio.log(studio.zapier)
    assert receiver.received[0].headers["x-key"] == CANARIES[1]

    tables = studio.service.rows.query("SELECT name FROM sqlite_master WHERE type = 'table'")
    texts += [str(studio.service.rows.query(f'SELECT * FROM "{name}"')) for (name,) in tables]
    texts.append(log_text.getvalue().decode())
    for canary in CANARIES:
        assert not any(canary in text for text in texts), canary


def test_keys_rotate(studio: Studio, receiver: Receiver) -> None:
    studio.set(studio.zapier, trigger("webhook", {"url": receiver.url}))
    done = studio.service.run(lambda app: rotate_keys(app.database, Vault(NEW_KEYS)))
    assert (done.resealed, done.unreadable) == (1, 0)
    event_id = studio.react(studio.comment("x"))
    assert studio.reason(event_id) == "The action's secrets cannot be opened; set the triggers again"
