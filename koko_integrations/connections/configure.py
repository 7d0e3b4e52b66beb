"""`integration.configure`: settings changed one by one, each checked against what there really is."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from koko_integrations.clock import Clock
from koko_integrations.connections import auto_sync
from koko_integrations.connections.account import forget_items, forget_watch
from koko_integrations.connections.config import OF_THE_ACCOUNT, ConfigReader
from koko_integrations.connections.live import LiveConnections
from koko_integrations.connections.mappings import MappingChecker, require_connected
from koko_integrations.connections.store import FIND
from koko_integrations.database import Database, Statement, Transaction, param
from koko_integrations.errors import BadRequest, from_provider
from koko_integrations.integration import Integration
from koko_integrations.models import Integration as Row
from koko_integrations.models import IntegrationConnection
from koko_integrations.registry import Registry
from koko_integrations.rpc.wire import dump_text
from providers.kit.base import ListsItems, Proves
from providers.kit.connection import Connection, Identity
from providers.kit.errors import ProviderError, Rejected
from providers.kit.inbound import ReceivesWebhooks

_SET_CONFIG = Statement(
    Row.update({Row.config: param("config"), Row.updated_at: param("now")}).where(Row.id == param("id"))
)
_TOUCH = Statement(Row.update({Row.updated_at: param("now")}).where(Row.id == param("id")))
_SET_ACCOUNT = Statement(
    IntegrationConnection.update({IntegrationConnection.account: param("account")}).where(
        IntegrationConnection.integration_id == param("id")
    )
)
WATCH = frozenset({"importOnUpload", "projectId", "syncFolder"})
"""Which folder is watched, and where its files go."""


class Configurer:
    """Changes settings. `changed` is told which integration's."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        registry: Registry,
        live: LiveConnections,
        changed: Callable[[Integration], None],
    ) -> None:
        self._clock = clock
        self._database = database
        self._registry = registry
        self._live = live
        self._changed = changed
        self._mappings = MappingChecker(database, registry, live)

    async def configure(self, integration: Integration, given: Mapping[str, Any]) -> Integration:
        """The integration with its new settings; what was not given stays as it is.

        Raises BadRequest that names each wrong setting, PreconditionFailed for one that only a connected provider can
        confirm.
        """
        provider = self._registry.find(integration.provider)
        name = integration.provider_name
        changes = ConfigReader(provider.manifest).read_changes(given)
        if changes.get("autoSync") and not isinstance(provider, ListsItems):
            raise BadRequest.field("config.autoSync", f"{name} has nothing to sync")
        if changes.get("allowedIps") and not isinstance(provider, ReceivesWebhooks):
            raise BadRequest.field("config.allowedIps", f"{name} sends Koko no webhooks")
        account: Identity | None = None
        chosen = {
            field.name: changes[field.name]
            for field in provider.manifest.fields
            if field.name in changes and changes[field.name] != integration.config.get(field.name)
        }
        if chosen:
            account = await self._prove(integration, chosen)
            changes |= account.config
        if "projectMapping" in changes:
            # Another site has other projects; otherwise what is mapped already need not be asked about again.
            known = {} if chosen else integration.config.get("projectMapping") or {}
            changes["projectMapping"] = await self._mappings.check_projects(
                integration, changes["projectMapping"], known, changes
            )
        if changes.get("statusMapping"):
            mapping = changes.get("projectMapping", integration.config.get("projectMapping") or {})
            await self._mappings.check_statuses(integration, changes["statusMapping"], mapping, changes)
        if WATCH & set(changes):
            await self._mappings.check_watch(integration, changes)
        stored = await self._database.write(
            functools.partial(self._store, integration_id=integration.id, changes=changes, account=account)
        )
        self._changed(stored)
        return stored

    def _store(
        self, tx: Transaction, *, integration_id: str, changes: Mapping[str, Any], account: Identity | None
    ) -> Integration:
        now = self._clock.now_ms()
        # Read again: somebody else may have changed other settings in the meantime. Nobody does from here on.
        tx.change(_TOUCH, id=integration_id, now=now)
        current = self._read(tx, integration_id)
        config = current.config | dict(changes)
        if account is not None:
            if current.account_id != account.account_id:
                # What is mapped now has been checked there; what was mapped before is not.
                config = {name: value for name, value in config.items() if name not in OF_THE_ACCOUNT} | dict(changes)
                forget_items(tx, integration_id)
            kept = dump_text({"id": account.account_id, "name": account.account_name})
            tx.change(_SET_ACCOUNT, id=integration_id, account=kept)
        tx.change(_SET_CONFIG, id=integration_id, config=dump_text(config), now=now)
        current = self._read(tx, integration_id)
        if WATCH & set(changes):
            # What is there by the next sync is not new.
            forget_watch(tx, integration_id)
        if {"autoSync", "syncInterval", "importOnUpload"} & set(changes) and current.status == "connected":
            auto_sync.set_next(tx, integration_id, auto_sync.next_slot(integration_id, config, now))
        return current

    def _read(self, tx: Transaction, integration_id: str) -> Integration:
        row = tx.row(FIND, id=integration_id)
        assert row is not None, "rows of integrations are only deleted with their team"
        return Integration._make(row)

    async def _prove(self, integration: Integration, chosen: Mapping[str, Any]) -> Identity:
        """Who the credentials are with these choices, such as another site of the same account."""
        provider = self._registry.find(integration.provider)
        require_connected(integration, *chosen)
        if not isinstance(provider, Proves):
            raise BadRequest.field(f"config.{next(iter(chosen))}", f"{integration.provider_name} has no such setting")

        def whoami(connection: Connection) -> Identity:
            return provider.whoami(replace(connection, config={**connection.config, **chosen}))

        try:
            found = await self._live.use(integration, whoami)
        except Rejected as error:
            raise BadRequest.field(f"config.{next(iter(chosen))}", error.explained) from error
        except ProviderError as error:
            raise from_provider(error) from error
        return replace(found, config={**chosen, **found.config})
