"""Who is to be told of an event. Runs in the transaction that stores it."""

from collections.abc import Iterator

import orjson

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.delivery import endpoints, ledger
from koko_integrations.delivery.endpoints import Subscriber
from koko_integrations.delivery.ledger import Addition
from koko_integrations.event_types import is_subscribed
from koko_integrations.events.event import Event
from koko_integrations.models import Integration as Row
from koko_integrations.models import IntegrationConnection
from koko_integrations.notifications.wanted import subject_of, wants
from koko_integrations.registry import Registry
from providers.kit.base import ForwardsEvents
from providers.kit.notices import Notifies


class Recipients:
    """Finds and queues."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        told = [p.manifest.slug for p in registry if isinstance(p, Notifies | ForwardsEvents)]
        self._channels_of_team = Statement(
            Row.select(Row.id, Row.provider, Row.config, IntegrationConnection.auth_method)
            .join(IntegrationConnection, on=(IntegrationConnection.integration_id == Row.id))
            .where((Row.team_id == param("team_id")) & (Row.status == "connected") & Row.provider.in_(told))
            # In one order everywhere, as their rows are locked.
            .order_by(Row.id)
        )

    def queue(self, tx: Transaction, event: Event, now: int) -> int:
        """Makes a delivery for each. Returns how many."""
        additions = [*self._subscribed(tx, event), *self._told(tx, event, now)]
        if not additions:
            return 0
        ledger.add(tx, event.team_id, additions, now)
        return ledger.hurry_for(tx, event.id, event.team_id, now)

    def _subscribed(self, tx: Transaction, event: Event) -> Iterator[Addition]:
        """Webhooks and hooks."""
        for row in tx.rows(endpoints.OF_TEAM, team_id=event.team_id):
            subscriber = Subscriber._make(row)
            if self._is_for(subscriber, event):
                yield Addition(subscriber.id, subscriber.integration_id, event.id, event.type)

    def _told(self, tx: Transaction, event: Event, now: int) -> Iterator[Addition]:
        """Channels, and addresses of providers'."""
        for integration_id, slug, config_json, auth_method in tx.rows(self._channels_of_team, team_id=event.team_id):
            provider, config = self._registry.find(slug), orjson.loads(config_json)
            subject = None
            if isinstance(provider, ForwardsEvents):
                if auth_method != "keys":
                    continue
            elif wants(provider, config, event.type):
                subject = subject_of(event.type, event.data)
            else:
                continue
            endpoints.ensure_channel(tx, integration_id, event.team_id, now)
            yield Addition(integration_id, integration_id, event.id, event.type, subject)

    def _is_for(self, subscriber: Subscriber, event: Event) -> bool:
        if not is_subscribed(orjson.loads(subscriber.events_json), event.type):
            return False
        project_id = orjson.loads(subscriber.filters_json).get("projectId")
        return project_id is None or project_id == event.project_id
