"""Triggers: a thousand on one event, evaluated and explained in the transaction that stores it, on both databases."""

import asyncio
import secrets
import statistics
import tempfile
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.deliveries import SERVICE_SECRET, Publishing
from benchmarks.postgres import postgres
from benchmarks.served import KEY, make_connected, serving
from koko_integrations.clock import SystemClock
from koko_integrations.connections.store import Proven
from koko_integrations.database import Transaction, open_database
from koko_integrations.development import DEMO_TEAM
from koko_integrations.triggers import conditions, ledger, rules
from koko_integrations.triggers.firing import fire
from koko_integrations.triggers.occasion import Occasion
from koko_integrations.triggers.rules import NewRule
from koko_integrations.vault import Vault
from providers.kit.connection import Credentials
from providers.zapier import Zapier

TRIGGERS = 1000
EVENTS = 50
PUBLISHED = 100
CONNECTED = Proven(
    auth_method="api_key", credentials=Credentials(), config={}, scopes=(), account_id="1", account_name="Zapier"
)


def main() -> None:
    """Prints the figures."""
    with tempfile.TemporaryDirectory() as folder, postgres() as server:
        for kind, url in (("SQLite", f"sqlite:///{folder}/fire.db"), ("PostgreSQL", server)):
            target = make_connected(url, Zapier.manifest, [CONNECTED]).integrations[0]
            for name, firing in (("1 fires", [0]), ("all fire", range(TRIGGERS))):
                took = asyncio.run(_fire(url, target, firing))
                p50, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
                figures = f"p50 {p50:.1f} ms (wanted: under 50), p95 {p95:.1f} ms"
                print(f"{TRIGGERS} triggers on one event, {name}, {kind}: {figures}")
        _measure_publish(f"sqlite:///{folder}/publish.db")


async def _fire(url: str, target: str, firing: Sequence[int]) -> list[float]:
    """How long each event took, in milliseconds: from the rows of the triggers to the rows of what is to be done."""
    database, clock = open_database(url), SystemClock()
    try:
        await database.write(lambda tx: _set(tx, target, firing))
        took: list[float] = []
        for _ in range(EVENTS):
            occasion = _occasion()

            def work(tx: Transaction, occasion: Occasion = occasion) -> float:
                started = time.perf_counter()
                fire(tx, occasion, clock.now_ms())
                return (time.perf_counter() - started) * 1000

            took.append(await database.write(work))
        return took
    finally:
        database.close()


def _set(tx: Transaction, target: str, firing: Sequence[int]) -> None:
    """Each has three conditions; of those that do not fire it is the last that does not hold."""
    ledger.ensure_lane(tx, target)
    made = [_rule(number, fires=number in firing) for number in range(TRIGGERS)]
    rules.replace(tx, Vault({"k1": KEY}), target, DEMO_TEAM, made, 0)


def _rule(number: int, *, fires: bool) -> NewRule:
    wanted: list[dict[str, Any]] = [
        {"field": "comment.content", "operator": "contains", "value": "urgent"},
        {"field": "comment.timecode", "operator": "less_than", "value": 1000 + number},
        {"field": "comment.author.name", "operator": "equals", "value": "Ada" if fires else f"Nobody {number}"},
    ]
    return NewRule(
        id=f"trg_{secrets.token_hex(8)}",
        event="comment.created",
        conditions=conditions.dump_conditions(wanted),
        action={"type": "webhook", "config": {"body": {"text": "{{ comment.content }}"}}},
    )


def _occasion() -> Occasion:
    author = {"id": "user_1", "name": "Ada"}
    comment = {
        "id": "c",
        "videoId": secrets.token_hex(8),
        "content": "urgent! " * 40,
        "timecode": 4.2,
        "author": author,
    }
    return Occasion(
        id=secrets.token_hex(8),
        type="comment.created",
        team_id=DEMO_TEAM,
        project_id=None,
        actor_id=None,
        occurred_at=0,
        data={"comment": comment},
    )


def _measure_publish(url: str) -> None:
    """What a team without a trigger pays, and one whose thousand do not fire."""
    koko = make_connected(url, Zapier.manifest, [CONNECTED])
    with serving(koko, "http://127.0.0.1:9", KOKO_SERVICE_KEYS=f"bench:{SERVICE_SECRET}") as service:
        publishing = Publishing(service.url)
        without = [publishing.publish(f"event_{number}") for number in range(PUBLISHED)]
        database = open_database(url)
        asyncio.run(database.write(lambda tx: _set(tx, koko.integrations[0], [])))
        database.close()
        having = [publishing.publish(f"again_{number}") for number in range(PUBLISHED)]
    before, after = statistics.median(without) * 1000, statistics.median(having) * 1000
    print(f"event.publish without a trigger: p50 {before:.1f} ms; with {TRIGGERS} that do not fire: {after:.1f} ms")
