"""What a team's integration does about what it was told: it syncs, it is disconnected, or it says so in its log."""

from collections.abc import Iterable, Sequence
from typing import Any

import peewee

from koko_integrations.clock import Clock
from koko_integrations.connections import store as connections
from koko_integrations.connections.config import ConfigReader
from koko_integrations.database import Statement, Transaction, param
from koko_integrations.ids import new_id
from koko_integrations.inbound import addresses, messages
from koko_integrations.inbound.messages import Message
from koko_integrations.integration import Integration
from koko_integrations.jobs import store
from koko_integrations.jobs.job import Job
from koko_integrations.journal import write_entry
from koko_integrations.models import Integration as Row
from koko_integrations.registry import Registry
from koko_integrations.rpc.wire import dump, present
from koko_integrations.sync.estimate import estimate_ms
from providers.kit.base import ListsItems
from providers.kit.inbound import Signal

COALESCE_MS = 2000
"""Changes come in swarms: one sync is for all that are told of within this time."""
SHOWN_BYTES = 4096
"""What a message says is shown in the log up to this size."""

_DISCONNECT = Statement(
    Row.update({Row.status: "disconnected"}).where(
        (Row.id == param("id"))
        & Row.status.in_(("connected", "error"))
        & (peewee.fn.COALESCE(Row.connected_at, 0) <= param("at"))
    )
)


class LaterError(Exception):
    """It is not the time yet; the messages wait."""


class Followers:
    """Each method runs in a transaction that its caller has opened."""

    def __init__(self, clock: Clock, registry: Registry) -> None:
        self._clock = clock
        self._registry = registry

    def follow(self, tx: Transaction, integration: Integration, changes: Sequence[Message]) -> Job | None:
        """The job that looks at what has changed, where a new one was made. Raises LaterError."""
        now = self._clock.now_ms()
        taken = messages.take(tx, integration.id, changes, now)
        integration = connections.find(tx, integration.id)
        provider = self._registry.find(integration.provider)
        if not taken:
            return None
        if not isinstance(provider, ListsItems):
            for message in taken:
                write_entry(tx, integration.id, "webhook", "success", _shown(message), now)
            return None
        if integration.status != "connected":
            # The first sync after connecting again finds what has changed.
            return None
        if integration.next_allowed_at is not None and integration.next_allowed_at > now:
            raise LaterError
        job = self._sync(tx, integration, _entities(provider, taken), now)
        if job is not None:
            details = {"event": "received", "messages": len(taken), "jobId": job.id}
            write_entry(tx, integration.id, "webhook", "success", details, now)
        return job

    def _sync(self, tx: Transaction, integration: Integration, entities: list[str] | None, now: int) -> Job | None:
        """A new job; None where one that has not begun yet sees to it. Raises LaterError while another runs: what
        it has passed already it does not look at again."""
        request: dict[str, Any] = present(syncType="incremental", entities=entities)
        job, is_new = store.create(
            tx,
            integration.id,
            "sync",
            request,
            cause="webhook",
            requested_by="webhook",
            request_id=new_id("hook"),
            estimated_ms=estimate_ms(tx.rows(store.RECENT_RUNS, integration_id=integration.id, kind="sync"), request),
            now=now,
            due_at=now + COALESCE_MS,
        )
        if is_new:
            return job
        asked = job.request
        if asked.get("dryRun") or job.status != "queued":
            raise LaterError
        both = _union(asked.get("entities"), entities)
        wider = {name: value for name, value in asked.items() if name != "entities"} | present(entities=both)
        # One that was put off on its way has begun, too: this says so.
        if not store.set_request(tx, job.id, wider):
            raise LaterError
        return None

    def look_again(self, tx: Transaction, integration: Integration, lapsed: Sequence[Message]) -> None:
        """A subscription ends, or has missed something: it is renewed, and everything is looked at."""
        now = self._clock.now_ms()
        for message in messages.take(tx, integration.id, lapsed, now):
            if message.address_id is not None:
                addresses.lapse(tx, message.address_id, now)
            messages.add(tx, integration.id, Signal(key=f"{message.key}:missed"), message.address_id, now)

    def revoke(self, tx: Transaction, integration: Integration, gone: Sequence[Message]) -> None:
        """Koko was removed at the provider: nothing is left to be used, and the team is told once."""
        now = self._clock.now_ms()
        taken = messages.take(tx, integration.id, gone, now)
        # What is said of an earlier connection, and comes late, does not concern the one that there is now.
        latest = max((now if one.at is None else one.at for one in taken), default=None)
        if latest is None or not tx.change(_DISCONNECT, id=integration.id, at=latest):
            return
        manifest = self._registry.find(integration.provider).manifest
        integration = connections.find(tx, integration.id)
        connections.wipe(tx, integration, ConfigReader(manifest).without_secrets(integration.config), now)
        said = f"Koko was removed at {manifest.name}"
        details = {"event": "disconnected", "reason": said, "advice": "Connect it again if this was not meant."}
        write_entry(tx, integration.id, "notify", "failed", details, now)


def _entities(provider: ListsItems, taken: Iterable[Message]) -> list[str] | None:
    """What is to be looked at; None for everything."""
    named: set[str] = set()
    for message in taken:
        if not message.entities:
            return None
        named.update(message.entities)
    return [entity for entity in provider.entities if entity in named] or None


def _union(one: list[str] | None, other: list[str] | None) -> list[str] | None:
    return None if one is None or other is None else list(dict.fromkeys([*one, *other]))


def _shown(message: Message) -> dict[str, Any]:
    """What the log says of a message that nothing else follows from."""
    small = len(dump(message.details)) <= SHOWN_BYTES
    return {"event": "received", "messageId": message.key, **(message.details if small else {"truncated": True})}
